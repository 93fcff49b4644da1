package conformance

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/tools/txtar"

	"github.com/hackney-go/hackney/hackney/url"
)

// scriptWriter makes a script of what was heard.
type scriptWriter struct {
	tapes    []*tapedConn
	list     []*tapedServer
	commands strings.Builder
	sections []txtar.File
}

// tapedServer stands for all connections to one address.
type tapedServer struct {
	name         string
	at           string
	secure, unix bool
	conns        []*tapedConn
}

// tapedConn is a connection with what the script says of it.
type tapedConn struct {
	*taped
	server   *tapedServer
	number   int // among the connections of its server, from 1
	name     string
	messages []sentMessage
}

// longTape is the size from which on a script gets more time than usual.
const longTape = 1 << 20

func newScriptWriter(conns []*taped) *scriptWriter {
	w := &scriptWriter{}
	total := 0
	for i, c := range conns {
		t := &tapedConn{taped: c, name: fmt.Sprintf("client%d", i+1), messages: c.messages()}
		w.tapes = append(w.tapes, t)
		t.server = w.server(c)
		t.server.conns = append(t.server.conns, t)
		t.number = len(t.server.conns)
		total += len(c.sent) + len(c.received)
	}
	w.line("# A recorded exchange. Each byte of a secret is an x.")
	if total > longTape {
		w.line("# time: 60s")
	}
	return w
}

func (w *scriptWriter) line(text string) { w.commands.WriteString(text + "\n") }

// server finds the server of a connection, or adds it. An address that stands
// for another server already, on another transport, gets the next port.
func (w *scriptWriter) server(c *taped) *tapedServer {
	for _, s := range w.list {
		if s.conns[0].address == c.address && s.secure == c.secure && s.unix == c.unix {
			return s
		}
	}
	s := &tapedServer{name: mainServer, at: c.address, secure: c.secure, unix: c.unix}
	if len(w.list) > 0 {
		s.name = mainServer + strconv.Itoa(len(w.list)+1)
	}
	for strings.HasSuffix(s.at, ":0") || slices.ContainsFunc(w.list, func(o *tapedServer) bool { return o.at == s.at }) {
		s.at = nextPort(s.at)
	}
	w.list = append(w.list, s)
	return s
}

// nextPort is the address with another port; 80 in place of 0, which no URL has.
func nextPort(address string) string {
	host, port, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(port)
	if n == 0 {
		n = 79
	}
	return net.JoinHostPort(host, strconv.Itoa(n%65535+1))
}

// servers writes the commands that start the servers.
func (w *scriptWriter) servers() {
	for _, s := range w.list {
		words := []string{"server"}
		if s.name != mainServer {
			words = append(words, s.name)
		}
		if s.secure {
			words = append(words, "tls")
		}
		if s.unix {
			words = append(words, "unix")
		}
		w.line(strings.Join(append(words, "at", s.at), " "))
	}
}

// base is the URL of the server without a path, and what its Host field says.
func (s *tapedServer) base() (base, authority string) {
	host, port, _ := net.SplitHostPort(s.at)
	n, _ := strconv.Atoi(port)
	u := url.URL{Scheme: schemeOf(s.secure), Host: host, Port: n}
	return u.Scheme + "://" + u.Authority(), u.Authority()
}

// turnOf is a request, or a connection without one, at its place in time.
type turnOf struct {
	conn    *tapedConn
	message int // -1 for none
	order   int
}

// turns are in the order in which things happened. The first request on a
// connection stands where the connection was opened, so that servers see them in
// this order too.
func (w *scriptWriter) turns() (list []turnOf) {
	for _, c := range w.tapes {
		if len(c.messages) == 0 {
			list = append(list, turnOf{c, -1, c.opened})
		}
		for i := range c.messages {
			order := c.opened
			if i > 0 {
				order = c.orderOf(c.messages[i].start)
			}
			list = append(list, turnOf{c, i, order})
		}
	}
	slices.SortStableFunc(list, func(a, b turnOf) int { return a.order - b.order })
	return list
}

// orderOf says when the byte at an offset was sent.
func (c *taped) orderOf(offset int) (order int) {
	for _, s := range c.firsts {
		if s.offset <= offset {
			order = s.order
		}
	}
	return order
}

// clients writes the commands that send what was sent. Each is rehearsed in
// memory, so that what the script wants of it is what it gives.
func (w *scriptWriter) clients() error {
	var last *tapedConn
	turns := w.turns()
	for i, t := range turns {
		if t.message > 0 && t.conn != last {
			w.line("use " + t.conn.name)
		}
		w.line("")
		if err := w.turn(t, i+1); err != nil {
			return err
		}
		last = t.conn
		if goesOn := t.message+1 < len(t.conn.messages); goesOn && i+1 < len(turns) && turns[i+1].conn != t.conn {
			w.line("keep " + t.conn.name)
		}
	}
	return nil
}

// turn writes the commands of one request.
func (w *scriptWriter) turn(t turnOf, number int) error {
	if t.message < 0 {
		w.line(t.conn.connect().shown())
		return nil
	}
	e := t.conn.exchange(t.message, number)
	take, err := e.rehearse()
	if err != nil {
		return err
	}
	for _, line := range take.lines {
		w.line(line)
	}
	w.sections = append(w.sections, take.sections...)
	check := fmt.Sprintf("want sent sent.%d", number)
	if t.conn.server.name != mainServer {
		check += " " + t.conn.server.name
	}
	if t.conn.number > 1 {
		check += " " + strconv.Itoa(t.conn.number)
	}
	w.line(check)
	w.section(fmt.Sprintf("sent.%d", number), quoted("> ", e.message.Raw))
	return nil
}

func (w *scriptWriter) section(name, text string) {
	w.sections = append(w.sections, txtar.File{Name: name, Data: []byte(text)})
}

// serverSections writes what the servers play.
func (w *scriptWriter) serverSections() {
	for _, s := range w.list {
		var text strings.Builder
		for _, c := range s.conns {
			if len(s.conns) > 1 {
				text.WriteString("connection\n")
			}
			c.play(&text)
		}
		w.section(s.name, text.String())
	}
}

// play writes what the server of a connection does.
func (c *tapedConn) play(text *strings.Builder) {
	taken, from := 0, 0
	for i, m := range c.moves {
		switch {
		case m.after > taken:
			text.WriteString(c.wait(taken, m.after))
			taken = m.after
		case i > 0:
			text.WriteString("next\n")
		}
		text.WriteString(quoted("< ", c.received[from:m.end]))
		from = m.end
	}
	if taken < len(c.sent) {
		text.WriteString(c.wait(taken, len(c.sent)))
	}
	if c.ended {
		text.WriteString(c.ending() + "\n")
	}
}

// wait is the line for what was sent between two offsets.
func (c *tapedConn) wait(from, to int) string {
	for _, m := range c.messages {
		switch {
		case !m.whole && from < m.headEnd: // may not look like a head at all
		case from == m.start && to == m.end:
			return "wait request\n"
		case from == m.start && to == m.headEnd:
			return "wait head\n"
		case m.whole && from == m.headEnd && to == m.end && c.stopped(from):
			return "wait body\n"
		}
	}
	return fmt.Sprintf("wait bytes %d\n", to-from)
}

// stopped says whether something was received when just so much was sent.
func (c *taped) stopped(sent int) bool {
	return slices.ContainsFunc(c.moves, func(m move) bool { return m.after == sent })
}

// ending is the word for how the peer ended the connection.
func (c *tapedConn) ending() string {
	switch {
	case c.endErr == nil, c.unix: // a Unix socket cannot be reset
		return "close"
	case c.secure && errors.Is(c.endErr, io.ErrUnexpectedEOF):
		return "drop"
	}
	return "reset"
}

// endOf is what reading gives at that end.
func (c *tapedConn) endOf() error {
	if c.ending() == "reset" {
		return syscall.ECONNRESET
	}
	return io.EOF
}

func (w *scriptWriter) format() []byte {
	if !strings.HasSuffix(w.commands.String(), "\n\n") {
		w.line("")
	}
	return txtar.Format(&txtar.Archive{Comment: []byte(w.commands.String()), Files: w.sections})
}
