package conformance

import (
	"slices"

	"github.com/hackney-go/hackney/internal/http1"
)

// throughTunnels takes from connections what opened a tunnel through a proxy, so that
// they begin with what went through it. The ones that no tunnel came of stay as they
// are, but where the client itself asked for tunnels: there they are given apart, since
// no command of the client has sent what is in them.
func throughTunnels(conns []*taped, asked bool) (through []*taped, refused []string) {
	for _, c := range conns {
		switch sent, received, opened := c.tunnel(); {
		case opened && sent < len(c.sent):
			through = append(through, c.behind(sent, received))
		case asked && sent > 0:
			refused = append(refused, c.address)
		default:
			through = append(through, c)
		}
	}
	return through, slices.DeleteFunc(refused, func(address string) bool {
		return slices.ContainsFunc(through, func(c *taped) bool { return c.address == address })
	})
}

// tunnel says how much was sent and received to open a tunnel, if the connection
// begins so, and whether it was opened in the end.
func (c *taped) tunnel() (sent, received int, opened bool) {
	answers := &view{raw: c.received}
	for _, m := range c.messages() {
		if !m.whole || m.method() != "CONNECT" {
			break
		}
		sent = m.end
		framing, length, end := answers.answerHeads("CONNECT", received)
		switch {
		case end < 0:
			return sent, len(c.received), false
		case framing == http1.Switched:
			return sent, end, true
		case framing == http1.Chunked:
			received = answers.chunked(end, len(c.received))
		default:
			received = min(len(c.received), end+length)
		}
	}
	return sent, received, false
}

// behind is the connection without what was sent and received first.
func (c *taped) behind(sent, received int) *taped {
	own := *c
	own.sent, own.received = c.sent[sent:], c.received[received:]
	own.moves, own.firsts = nil, nil
	for _, m := range c.moves {
		if m.end > received {
			own.moves = append(own.moves, move{max(m.after-sent, 0), m.end - received})
		}
	}
	for _, f := range c.firsts {
		if f.offset >= sent {
			own.firsts = append(own.firsts, sentAt{f.offset - sent, f.order})
		}
	}
	return &own
}
