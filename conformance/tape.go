package conformance

import (
	"bytes"
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// isOwnEnd says whether it was this side that ended the connection.
func isOwnEnd(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded)
}

// sentMessage is a request as it was sent, maybe not whole.
type sentMessage struct {
	wiretest.Message
	start, headEnd, end int // offsets in what was sent; headEnd is end where the head is not whole
	whole               bool
}

// messages cuts what was sent into requests.
func (c *taped) messages() (list []sentMessage) {
	msgs, rest, _ := wiretest.Split(c.sent)
	at := 0
	for _, m := range msgs {
		list = append(list, sentMessage{m, at, at + len(m.Head), at + len(m.Raw), true})
		at += len(m.Raw)
	}
	if len(rest) > 0 {
		head := len(rest)
		if i := bytes.Index(rest, []byte("\r\n\r\n")); i >= 0 {
			head = i + 4
		}
		m := wiretest.Message{Raw: rest, Head: rest[:head], Body: rest[head:]}
		m.Chunked = strings.EqualFold(m.Field("Transfer-Encoding"), "chunked")
		list = append(list, sentMessage{m, at, at + head, at + len(rest), false})
	}
	return list
}

// method is the first word of a request.
func (m *sentMessage) method() string {
	method, _, _ := strings.Cut(m.RequestLine(), " ")
	return method
}

// view is one direction of a connection as rules see it: without the framing of
// chunks. It says which bytes are hidden.
type view struct {
	raw    []byte
	hidden []bool
	text   []byte
	pieces []piece
	kept   []span // parts of raw that are never hidden
	wide   []span // parts of the text that are heads, or a form
}

// piece is a part of raw that is in the text.
type piece struct{ raw, text, n int }

// views gives both directions of a connection.
func (c *taped) views() (sent, received *view) {
	sent, received = &view{raw: c.sent}, &view{raw: c.received}
	var methods []string
	for _, m := range c.messages() {
		methods = append(methods, m.method())
		sent.head(m.start, m.headEnd, true)
		body := len(sent.text)
		if m.Chunked {
			sent.chunked(m.headEnd, m.end)
		} else {
			sent.add(m.headEnd, m.end)
		}
		if strings.Contains(strings.ToLower(m.Field("Content-Type")), "form-urlencoded") {
			sent.wide = append(sent.wide, span{body, len(sent.text)})
		}
	}
	received.answers(methods)
	return sent, received
}

// add puts a part of raw into the text.
func (v *view) add(from, to int) {
	if from < to {
		v.pieces = append(v.pieces, piece{from, len(v.text), to - from})
		v.text = append(v.text, v.raw[from:to]...)
	}
}

// answers reads the responses to requests with these methods. What cannot be
// read as one is taken as data.
func (v *view) answers(methods []string) {
	at := 0
	for _, method := range methods {
		framing, length, end := v.answerHeads(method, at)
		switch {
		case end < 0:
			v.add(at, len(v.raw))
			return
		case framing == http1.Chunked:
			at = v.chunked(end, len(v.raw))
		case framing == http1.UntilClose, framing == http1.Switched:
			at = len(v.raw)
			v.add(end, at)
		default:
			at = min(len(v.raw), end+length)
			v.add(end, at)
		}
	}
	v.add(at, len(v.raw))
}

// answerHeads takes the heads of a response, up to and with the final one. The end
// is -1 where there is none.
func (v *view) answerHeads(method string, at int) (framing http1.Framing, length, end int) {
	d := http1.NewDecoder(method, &http1.DefaultLimits)
	var ev http1.Event
	for {
		n, err := d.Next(&ev, v.raw[at:], false)
		if err != nil || ev.Kind != http1.Interim && ev.Kind != http1.Final {
			return 0, 0, -1
		}
		v.head(at, at+n, false)
		at += n
		if ev.Kind == http1.Final {
			if ev.Head.Framing == http1.Length {
				length = int(min(ev.Head.Length, int64(len(v.raw))))
			}
			return ev.Head.Framing, length, at
		}
	}
}

// chunked takes a chunked body and says where it ends: its data and its trailers
// are text.
func (v *view) chunked(from, to int) (end int) {
	for from < to {
		i := bytes.IndexByte(v.raw[from:to], '\n')
		if i < 0 {
			return to
		}
		digits, _, _ := strings.Cut(strings.TrimSpace(string(v.raw[from:from+i])), ";")
		size, err := strconv.ParseInt(strings.TrimSpace(digits), 16, 63)
		if err != nil || size < 0 {
			v.add(from, to)
			return to
		}
		if from += i + 1; size == 0 {
			return v.trailers(from, to)
		}
		end := from + int(min(size, int64(to-from)))
		v.add(from, end)
		from = min(to, end+len("\r\n"))
	}
	return to
}

func (v *view) trailers(from, to int) (end int) {
	if bytes.HasPrefix(v.raw[from:to], []byte("\r\n")) {
		return from + 2
	}
	if i := bytes.Index(v.raw[from:to], []byte("\r\n\r\n")); i >= 0 {
		to = from + i + 4
	}
	v.lines(from, to)
	return to
}

// head takes a head. Its first line keeps what the message stands on.
func (v *view) head(from, to int, request bool) {
	line := v.raw[from:to]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i+1]
	}
	last := len(bytes.TrimRight(line, "\r\n"))
	first := min(last, len("HTTP/1.1 200 "))
	if request {
		first, last = bytes.IndexByte(line, ' ')+1, bytes.LastIndexByte(line, ' ')
	}
	if first <= last {
		v.kept = append(v.kept, span{from, from + first}, span{from + last, from + len(line)})
	}
	begin := len(v.text)
	v.add(from, from+len(line))
	v.lines(from+len(line), to)
	v.wide = append(v.wide, span{begin, len(v.text)})
}

// framingFields are not hidden: messages would not end where they did.
var framingFields = []string{"content-length", "transfer-encoding", "connection", "expect"}

// lines takes field lines. They keep their names and their ends.
func (v *view) lines(from, to int) {
	v.add(from, to)
	for from < to {
		line := v.raw[from:to]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		end := len(bytes.TrimRight(line, "\r\n"))
		name, _, ok := bytes.Cut(line[:end], []byte(":"))
		v.kept = append(v.kept, span{from + end, from + len(line)})
		switch {
		case len(line) > 0 && (line[0] == ' ' || line[0] == '\t'): // a folded line
			v.kept = append(v.kept, span{from, from + 1})
		case slices.Contains(framingFields, strings.ToLower(string(name))):
			v.kept = append(v.kept, span{from, from + end})
		case ok:
			value := bytes.TrimPrefix(line[len(name)+1:], []byte(" "))
			v.kept = append(v.kept, span{from, from + len(line) - len(value)})
		}
		from += len(line)
	}
}

// marks says which bytes are hidden; raw is whole by then.
func (v *view) marks() []bool {
	if len(v.hidden) < len(v.raw) {
		v.hidden = append(v.hidden, make([]bool, len(v.raw)-len(v.hidden))...)
	}
	return v.hidden
}

// hide marks a part of the text.
func (v *view) hide(from, to int) {
	hidden := v.marks()
	i, _ := slices.BinarySearchFunc(v.pieces, from+1, func(p piece, at int) int { return p.text + p.n - at })
	for ; i < len(v.pieces) && v.pieces[i].text < to; i++ {
		p := v.pieces[i]
		for at := max(from, p.text); at < min(to, p.text+p.n); at++ {
			hidden[p.raw+at-p.text] = true
		}
	}
}

// replace puts an x in place of each byte that is hidden.
func (v *view) replace() {
	hidden := v.marks()
	for _, k := range v.kept {
		clear(hidden[k.from:k.to])
	}
	for i, hidden := range hidden {
		if hidden {
			v.raw[i] = 'x'
		}
	}
}
