package conformance

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/hackney-go/hackney/internal/golden"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// attempt makes the commands of an exchange; long data goes into sections.
type attempt func(t *taking) []command

// attempts are the ways in which a request may be sent, the best one first.
func (e *exchange) attempts() (list []attempt) {
	if e.message.whole && e.inTurn() {
		for _, lean := range []bool{true, false} {
			if e.first && strings.HasPrefix(e.target(), "/") {
				list = append(list, func(t *taking) []command { return e.request(t, lean, e.requestURL()) })
			}
			list = append(list, func(t *taking) []command {
				return append(e.connected(), e.request(t, lean, e.sendRequest())...)
			})
		}
	}
	if e.message.whole || len(e.moves) > 0 || e.conn.ended {
		list = append(list, e.raw)
	}
	return append(list, e.rawSilent)
}

// inTurn says whether nothing came while the request was sent, but for what
// Expect: 100-continue waits for. An answer that came early is found by the library
// or is not, as it happens; a raw request does not look.
func (e *exchange) inTurn() bool {
	return !slices.ContainsFunc(e.moves, func(m move) bool {
		return m.after < e.message.end && (m.after != e.message.headEnd || e.message.Field("Expect") == "")
	})
}

func (e *exchange) target() string {
	words := strings.Split(e.message.RequestLine(), " ")
	if len(words) != 3 {
		return ""
	}
	return words[1]
}

// connect opens a connection without a request.
func (c *tapedConn) connect() command {
	host, port, _ := net.SplitHostPort(c.server.at)
	kind := "tcp"
	if c.server.secure {
		kind = "tls"
	}
	return command{"connect", []word{{kind, "tcp"}, same(host), same(port)}}
}

// connected is what stands before an operation on a connection.
func (e *exchange) connected() []command {
	if e.first {
		return []command{e.conn.connect()}
	}
	return nil
}

// requestURL is the begin of a request with a connection of its own.
func (e *exchange) requestURL() command {
	base, _ := e.conn.server.base()
	plain := "http://" + e.conn.server.at
	target := e.target()
	return command{"request", []word{
		same(e.message.method()),
		{quotedWord(base + target), quotedWord(plain + target)},
	}}
}

// sendRequest is that of a request on a connection that is there.
func (e *exchange) sendRequest() command {
	return command{"send-request", []word{same(e.message.method()), same(quotedWord(e.target()))}}
}

// request adds fields and payload. A lean one leaves to the library what it does
// by itself: Host, and the fields that frame the body.
func (e *exchange) request(t *taking, lean bool, c command) []command {
	c.words = append(c.words, e.fields(lean)...)
	switch {
	case e.message.Chunked:
		c.words = append(c.words, same("stream"))
		return append([]command{c}, e.chunks(t)...)
	case len(e.message.Body) > 0:
		c.words = append(c.words, same("text"), t.data(fmt.Sprintf("payload.%d", e.number), e.message.Body))
	case e.message.Field("Content-Length") != "" && !e.saysEmpty():
		c.words = append(c.words, same("text"), word{"''", ""})
	}
	return []command{c}
}

// saysEmpty says whether the library says of this method that its content is empty.
func (e *exchange) saysEmpty() bool {
	method := e.message.method()
	return method == "POST" || method == "PUT"
}

// fields are the fields that were sent, and the defaults that were not.
func (e *exchange) fields(lean bool) (words []word) {
	_, authority := e.conn.server.base()
	has := map[string]bool{}
	for _, line := range e.message.Lines() {
		name, value, _ := strings.Cut(line, ":")
		has[strings.ToLower(name)] = true
		w := same(quotedWord(line))
		switch {
		case line == "":
			continue
		case name == "Host" && e.first && strings.TrimSpace(value) == authority:
			w.shown = ""
		case lean && (strings.EqualFold(name, "Content-Length") || line == "Transfer-Encoding: chunked"):
			continue
		}
		words = append(words, w)
	}
	body := len(e.message.Body) > 0 || has["content-length"]
	for _, d := range []struct {
		name string
		sent bool // by default
	}{
		{"User-Agent", true},
		{"Content-Type", !e.message.Chunked && (body || e.saysEmpty())},
		{"Content-Length", !e.message.Chunked && !body && e.saysEmpty()},
	} {
		if d.sent && !has[strings.ToLower(d.name)] {
			words = append(words, same("-"+d.name))
		}
	}
	return words
}

// chunks are the commands for a chunked body, one for each chunk.
func (e *exchange) chunks(t *taking) (list []command) {
	pieces := chunksOf(e.message.Message)
	for i, p := range pieces {
		list = append(list, command{"stream-request-body", []word{
			same("text"),
			t.data(fmt.Sprintf("chunk.%d.%d", e.number, i+1), p),
		}})
	}
	return append(list, command{name: "end-stream-request-body"}, command{name: "start-response"})
}

// chunksOf cuts the data of a chunked body as it was.
func chunksOf(m wiretest.Message) (pieces [][]byte) {
	v := &view{raw: m.Raw}
	v.chunked(len(m.Head), len(m.Raw))
	data := 0
	for _, p := range v.pieces {
		if data += p.n; data <= len(m.Body) { // what follows are trailers
			pieces = append(pieces, m.Raw[p.raw:p.raw+p.n])
		}
	}
	return pieces
}

// raw sends the bytes of a head as they were, and reads the answer.
func (e *exchange) raw(t *taking) []command {
	c := e.sendRaw(t)
	if rest := e.rest(); len(rest) > 0 {
		c.words = append(c.words, same("text"), t.data(fmt.Sprintf("rest.%d", e.number), rest))
	}
	return append(e.connected(), c)
}

// rawSilent sends the bytes as they were, and does not wait for an answer.
func (e *exchange) rawSilent(t *taking) []command {
	c := e.sendRaw(t)
	c.words = append(c.words, same("stream"))
	list := append(e.connected(), c)
	if rest := e.rest(); len(rest) > 0 {
		list = append(list, command{"stream-request-body", []word{
			same("text"), t.data(fmt.Sprintf("rest.%d", e.number), rest),
		}})
	}
	return list
}

func (e *exchange) sendRaw(t *taking) command {
	method := e.message.method()
	if method == "" || strings.ContainsAny(method, "\r\n") {
		method = "GET"
	}
	return command{"send-raw", []word{same(method), t.data(fmt.Sprintf("head.%d", e.number), e.message.Head)}}
}

// rest is what was sent behind the head.
func (e *exchange) rest() []byte { return e.message.Raw[len(e.message.Head):] }

// quotedWord writes text in the notation, for an argument.
func quotedWord(text string) string { return golden.Quote([]byte(text)) }
