package golden

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hackney-go/hackney/internal/wiretest"
)

// ServerScript is the script of a server, and where each of its steps stands.
type ServerScript struct {
	Conns []wiretest.Conn
	Lines [][]int // of the first line of each step
}

// HasTLS says whether some step makes a TLS handshake.
func (s *ServerScript) HasTLS() bool {
	return slices.ContainsFunc(s.Conns, func(c wiretest.Conn) bool {
		return slices.ContainsFunc(c, func(step wiretest.Step) bool { return step.Then == wiretest.StartTLS })
	})
}

// maxDelay bounds a delay in a script.
const maxDelay = time.Minute

// ParseServer reads the script of a server. Its lines are
//
//	connection              the next connection begins (the first is there by itself)
//	wait request            for a whole request; or: head, body, last-chunk,
//	                        bytes N, quiet 50ms, nothing
//	delay 200ms             before the bytes below
//	< bytes                 to send, in the notation; all of them one segment
//	next                    the next segment begins
//	close                   or: reset, half-close, drop (close without TLS's goodbye),
//	                        stall (read no more), tls (make a handshake), keep
//
// and comments behind #. A step is a wait, what is sent upon it, and its end.
func ParseServer(s *Section, vars func(string) (string, bool)) (*ServerScript, error) {
	p := serverParser{vars: vars, out: &ServerScript{}}
	line := s.Line
	for text := range strings.Lines(s.Text) {
		if err := p.line(strings.TrimSuffix(text, "\n"), line); err != nil {
			return nil, &LineError{s.File, line, fmt.Errorf("section %s: %w", s.Name, err)}
		}
		line++
	}
	p.endConn()
	return p.out, nil
}

// serverParser collects steps.
type serverParser struct {
	vars func(string) (string, bool)
	out  *ServerScript

	conn  wiretest.Conn
	lines []int
	begun bool // conn was begun by a line of its own

	step    *wiretest.Step // nil between two steps
	over    bool           // the connection has ended
	sending bool           // the last segment of step takes more bytes
}

func (p *serverParser) line(text string, line int) error {
	words := strings.Fields(text)
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return nil
	}
	if p.over && words[0] != "connection" {
		return fmt.Errorf("the connection has ended above: want connection, which begins the next")
	}
	if data, ok := sendLine(text); ok {
		return p.send(data, line)
	}
	if p.plain(words, line) {
		return nil
	}
	switch words[0] {
	case "wait":
		return p.wait(words[1:], line)
	case "delay":
		return p.delay(words[1:], line)
	}
	return fmt.Errorf("unknown line %q, want connection, wait, delay, < bytes, next, or one of %s", text, endNames)
}

// sendLine gives what is behind "< ".
func sendLine(text string) (data string, ok bool) {
	if text == "<" {
		return "", true
	}
	return strings.CutPrefix(text, "< ")
}

// plain takes the lines that are one word.
func (p *serverParser) plain(words []string, line int) bool {
	if len(words) != 1 {
		return false
	}
	then, ok := stepEnds[words[0]]
	switch {
	case words[0] == "connection":
		p.beginConn()
	case words[0] == "next":
		p.sending = false
	case ok:
		p.at(line).Then = then
		p.endStep()
		p.over = then == wiretest.Close || then == wiretest.Drop || then == wiretest.Reset
	default:
		return false
	}
	return true
}

const endNames = "keep close half-close drop reset stall tls"

var stepEnds = map[string]wiretest.Then{
	"keep": wiretest.Keep, "close": wiretest.Close, "half-close": wiretest.CloseWrite, "drop": wiretest.Drop,
	"reset": wiretest.Reset, "stall": wiretest.Stall, "tls": wiretest.StartTLS,
}

// at is the step under way, or a new one.
func (p *serverParser) at(line int) *wiretest.Step {
	if p.step == nil {
		p.conn = append(p.conn, wiretest.Step{})
		p.lines = append(p.lines, line)
		p.step = &p.conn[len(p.conn)-1]
	}
	return p.step
}

func (p *serverParser) endStep() { p.step, p.sending = nil, false }

func (p *serverParser) beginConn() {
	if p.begun || len(p.conn) > 0 {
		p.endConn()
	}
	p.begun = true
}

func (p *serverParser) endConn() {
	p.out.Conns = append(p.out.Conns, p.conn)
	p.out.Lines = append(p.out.Lines, p.lines)
	p.conn, p.lines, p.over = nil, nil, false
	p.endStep()
}

func (p *serverParser) send(data string, line int) error {
	b, err := Unquote(data, p.vars)
	if err != nil {
		return err
	}
	s := p.at(line)
	if !p.sending {
		s.Send = append(s.Send, nil)
		p.sending = true
	}
	last := len(s.Send) - 1
	s.Send[last] = append(s.Send[last], b...)
	return nil
}

func (p *serverParser) delay(args []string, line int) error {
	d, err := parseDelay(args)
	if err != nil {
		return err
	}
	if p.step != nil && len(p.step.Send) > 0 {
		p.endStep()
	}
	p.at(line).Delay += d
	return nil
}

func parseDelay(args []string) (time.Duration, error) {
	if len(args) != 1 {
		return 0, fmt.Errorf("want one time, such as 200ms")
	}
	d, err := time.ParseDuration(args[0])
	if err != nil || d < 0 || d > maxDelay {
		return 0, fmt.Errorf("bad time %q, want one such as 200ms, up to %v", args[0], maxDelay)
	}
	return d, nil
}

var plainWaits = map[string]wiretest.Wait{
	"request": wiretest.Request, "head": wiretest.Head, "body": wiretest.Body,
	"last-chunk": wiretest.ChunkedEnd, "nothing": wiretest.Nothing,
}

func (p *serverParser) wait(args []string, line int) error {
	w, err := parseWait(args)
	if err != nil {
		return err
	}
	p.endStep()
	p.at(line).Wait = w
	return nil
}

func parseWait(args []string) (wiretest.Wait, error) {
	if len(args) == 1 {
		if w, ok := plainWaits[args[0]]; ok {
			return w, nil
		}
	}
	if len(args) == 2 && args[0] == "bytes" {
		if n, err := strconv.Atoi(args[1]); err == nil && n > 0 {
			return wiretest.Bytes(n), nil
		}
	}
	if len(args) == 2 && args[0] == "quiet" {
		d, err := parseDelay(args[1:])
		return wiretest.Quiet(d), err
	}
	return wiretest.Wait{}, fmt.Errorf("cannot wait for %q, want request, head, body, last-chunk, bytes N, quiet TIME or nothing", strings.Join(args, " "))
}
