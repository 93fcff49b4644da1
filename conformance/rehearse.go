package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/golden"
)

// word is a word of a command: as the script shows it, and as the rehearsal takes it.
type word struct{ shown, meant string }

func same(text string) word { return word{text, text} }

// command is a command of an operation.
type command struct {
	name  string
	words []word
}

var plainWord = regexp.MustCompile(`^[-\w.:/@*?=,]+$`)

// shown is the line of the script.
func (c command) shown() string {
	line := c.name
	for _, w := range c.words {
		switch {
		case w.shown == "":
		case w.shown == "''":
			line += " ''"
		case plainWord.MatchString(w.shown):
			line += " " + w.shown
		default:
			line += " '" + strings.ReplaceAll(w.shown, "'", "''") + "'"
		}
	}
	return line
}

// taking is the part of the script for one exchange.
type taking struct {
	lines    []string
	sections []txtar.File
}

func (t *taking) line(format string, args ...any) {
	t.lines = append(t.lines, fmt.Sprintf(format, args...))
}

// data gives a name to bytes.
func (t *taking) data(name string, b []byte) word {
	t.sections = append(t.sections, txtar.File{Name: name, Data: []byte(quoted("", b))})
	meant := golden.Quote(b)
	if strings.HasPrefix(meant, "@") { // that of a section, otherwise
		meant = `\x40` + meant[1:]
	}
	return word{"@" + name, meant}
}

// exchange is a request with what was received upon it.
type exchange struct {
	conn    *tapedConn
	message sentMessage
	number  int
	first   bool // on its connection
	last    bool

	from  int    // offset of received
	moves []move // those upon the request
}

// exchange gives the exchange of a request: what was received while it was sent,
// and until the next one was.
func (c *tapedConn) exchange(i, number int) *exchange {
	e := &exchange{conn: c, message: c.messages[i], number: number, first: i == 0, last: i+1 == len(c.messages)}
	for _, m := range c.moves {
		switch {
		case m.after <= e.message.start && !e.first:
			e.from = m.end
		case e.last || m.after <= e.message.end:
			e.moves = append(e.moves, m)
		}
	}
	return e
}

var errNoReplay = errors.New("conformance: what was recorded cannot be replayed")

// rehearse finds the commands that send exactly the request, and writes what came
// of them. A head that no call of the library makes goes out raw.
func (e *exchange) rehearse() (*taking, error) {
	for _, attempt := range e.attempts() {
		t := &taking{}
		if e.perform(t, attempt(t)) {
			return t, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", errNoReplay, golden.Brief(e.message.Head))
}

// perform runs commands in memory and writes them and what is wanted of them. It
// says whether they did what was recorded.
func (e *exchange) perform(t *taking, commands []command) bool {
	stage := &stage{e: e}
	s := newSession(context.Background(), nil)
	s.options = hackney.Opts{DialContext: stage.dial}
	defer s.close()
	if !e.first {
		s.do("connect", operations["connect"], []string{"tcp", "localhost", "80"})
	}
	limited := false
	for i, c := range commands {
		stage.run(s, c)
		switch last := i+1 == len(commands); {
		case s.err == nil:
			t.line("%s", c.shown())
		case !last, stage.starved && !e.first, !e.first && c.name == "send-request":
			return false // the library would wait for ever, or try again on a new connection
		default:
			limited = e.failed(t, s, stage, c)
		}
	}
	if !stage.sentAll() {
		return false
	}
	if s.err == nil {
		e.answered(t, s, stage)
	}
	if limited {
		t.line("opts")
	}
	return true
}

// patientRead is the limit for an answer that was not waited for to its end. It
// never comes, so that no limit is too long.
const patientRead = 500 * time.Millisecond

// failed writes a command that gave an error.
func (e *exchange) failed(t *taking, s *session, stage *stage, c command) (limited bool) {
	if stage.starved {
		at := len(t.lines) - 1
		for at >= 0 && !strings.HasPrefix(t.lines[at], "connect") && !strings.HasPrefix(t.lines[at], "request") {
			at--
		}
		at = max(at, 0)
		t.lines = append(t.lines[:at:at], append([]string{"opts recv-timeout=" + patientRead.String()}, t.lines[at:]...)...)
	}
	t.line("! %s", c.shown())
	t.line("want error %s", errorKind(s.err))
	return stage.starved
}

// answered writes what came as the answer.
func (e *exchange) answered(t *taking, s *session, stage *stage) {
	if s.cs.Status() == 0 || s.cs.ResponseState() == hackney.StateStream {
		return
	}
	if interim := s.cs.Interim(); len(interim) > 0 {
		var list []string
		for _, i := range interim {
			list = append(list, strconv.Itoa(i.Status))
		}
		t.line("want interim %s", strings.Join(list, " "))
	}
	t.line("want status %d", s.cs.Status())
	switch s.cs.ResponseState() {
	case hackney.StateSwitched:
		t.line("want state switched")
	case hackney.StateOnBody:
		e.body(t, s, stage)
	}
}

// body writes how the body is read.
func (e *exchange) body(t *taking, s *session, stage *stage) {
	have := stage.dataLeft(s)
	body := command{name: "body"}
	switch {
	case stage.starved && have == nil:
		t.line("# Nothing of the body was read.")
		return
	case stage.starved:
		t.line("# The body was not read to its end.")
		body = command{"body-max", []word{same(strconv.Itoa(len(have)))}}
	case s.err != nil:
		t.line("! body")
		t.line("want error %s", errorKind(s.err))
		return
	}
	t.line("%s", body.shown())
	name := fmt.Sprintf("body.%d", e.number)
	if len(have) == 0 {
		t.line("want data ''")
	} else {
		t.line("want data %s", t.data(name, have).shown)
	}
	if trailers := fieldLines(list(s.cs.Trailers())); trailers != "" {
		name := fmt.Sprintf("trailers.%d", e.number)
		t.line("want trailers %s", name)
		t.sections = append(t.sections, txtar.File{Name: name, Data: []byte(trailers)})
	}
}

// stage plays the peer of one exchange, in memory.
type stage struct {
	e       *exchange
	dials   int
	wrote   []byte
	at      int  // moves that were given
	given   int  // bytes of the next one that were given
	starved bool // there was nothing to read, and the peer had not ended
}

// run runs a command.
func (g *stage) run(s *session, c command) {
	var args []string
	for _, w := range c.words {
		args = append(args, w.meant)
	}
	if err := s.do(c.name, operations[c.name], args); err != nil {
		s.err = err
	}
}

// dataLeft reads what there is of the body.
func (g *stage) dataLeft(s *session) (data []byte) {
	for {
		g.run(s, command{name: "stream-body"})
		if s.err != nil || s.last.outcome == gaveEnd {
			return data
		}
		data = append(data, s.last.data...)
	}
}

// sentAll says whether the request went out as it was recorded, on one connection.
func (g *stage) sentAll() bool { return g.dials == 1 && string(g.wrote) == string(g.e.message.Raw) }

func (g *stage) dial(context.Context, string, string) (net.Conn, error) {
	if g.dials++; g.dials > 1 {
		return nil, errNoReplay
	}
	return g, nil
}

func (g *stage) Write(b []byte) (int, error) {
	g.wrote = append(g.wrote, b...)
	return len(b), nil
}

// Read gives what was received when so much was sent. Otherwise time is over.
func (g *stage) Read(b []byte) (int, error) {
	if g.at < len(g.e.moves) {
		m := g.e.moves[g.at]
		if m.after > g.e.message.start+len(g.wrote) {
			return 0, os.ErrDeadlineExceeded
		}
		from := g.e.from
		if g.at > 0 {
			from = g.e.moves[g.at-1].end
		}
		n := copy(b, g.e.conn.received[from+g.given:m.end])
		if g.given += n; from+g.given == m.end {
			g.at, g.given = g.at+1, 0
		}
		return n, nil
	}
	if g.e.last && g.e.conn.ended {
		return 0, g.e.conn.endOf()
	}
	g.starved = len(g.wrote) == len(g.e.message.Raw)
	return 0, os.ErrDeadlineExceeded
}

func (g *stage) Close() error                     { return nil }
func (g *stage) LocalAddr() net.Addr              { return stageAddr{} }
func (g *stage) RemoteAddr() net.Addr             { return stageAddr{} }
func (g *stage) SetDeadline(time.Time) error      { return nil }
func (g *stage) SetReadDeadline(time.Time) error  { return nil }
func (g *stage) SetWriteDeadline(time.Time) error { return nil }

type stageAddr struct{}

func (stageAddr) Network() string { return "memory" }
func (stageAddr) String() string  { return "stage" }

var _ io.ReadWriteCloser = (*stage)(nil)
