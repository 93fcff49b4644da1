package golden

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hackney-go/hackney/internal/wiretest"
)

// Log is what happened in a script: what each operation gave, and what went over
// the wire, in the normal form in which ours and that of 0.6.0 can be compared.
// Of the wire it leaves out the order of fields, the version in User-Agent, and
// how a body was cut into chunks and writes.
type Log struct {
	w     strings.Builder
	calls int
}

// Call begins the entry of an operation.
func (l *Log) Call(name string) {
	l.calls++
	fmt.Fprintf(&l.w, "%d %s\n", l.calls, name)
}

// OK is the outcome of an operation that gave nothing but a state.
func (l *Log) OK() { l.line("ok") }

// Response is the outcome of an operation that read a head.
func (l *Log) Response(status int, fields [][2]string) {
	l.line(fmt.Sprintf("ok %d", status))
	for _, f := range fields {
		l.line("| " + Quote([]byte(f[0]+": "+f[1])))
	}
}

// Data is the outcome of an operation that gave bytes.
func (l *Log) Data(b []byte) { l.line("ok " + Brief(b)) }

// Done is the outcome of an operation that found the end.
func (l *Log) Done() { l.line("done") }

// Value is the outcome of a pure function.
func (l *Log) Value(lines ...string) {
	for _, line := range lines {
		l.line(strings.TrimSuffix("= "+Quote([]byte(line)), " ")) // no blank at the end
	}
}

// Error is an error of a kind; partial are the bytes it holds, nil for none.
func (l *Log) Error(kind string, partial []byte) { l.line(failure(kind, partial)) }

func failure(kind string, partial []byte) string {
	if partial != nil {
		kind += " after " + Brief(partial)
	}
	return "error " + kind
}

// Stream is the outcome of an operation whose response is read in the background.
func (l *Log) Stream() { l.line("ok response stream") }

// Events are the events that an operation took, if it took any.
func (l *Log) Events(lines ...string) {
	for _, line := range lines {
		l.line(line)
	}
}

// Cause is why an error came about: the kind of the one inside it.
func (l *Log) Cause(kind string) { l.line("because " + kind) }

// MaybeRedirect says that the answer behind it is a redirect that is left to the caller.
func (l *Log) MaybeRedirect() { l.line("maybe redirect") }

// Crash and Hang are what 0.6.0 did at times.
func (l *Log) Crash(reason string) { l.line("crash " + Quote([]byte(reason))) }

// Hang says that the operation did not return.
func (l *Log) Hang() { l.line("hang") }

// Note is something else that happened.
func (l *Log) Note(text string) { l.line(text) }

// Client is the state that an operation gave, printed.
func (l *Log) Client(record string) { l.line(record) }

func (l *Log) line(s string) { l.w.WriteString("  " + s + "\n") }

// String is the log so far.
func (l *Log) String() string { return l.w.String() }

var ownVersion = regexp.MustCompile(`^hackney/[0-9.]+$`)

// tlsHandshake is the first byte of a ClientHello, whose bytes are random: it came
// to a server that does not speak TLS, maybe through a tunnel.
const tlsHandshake = 0x16

// Wire is the normal form of what one connection carried.
func Wire(address string, received []byte, ended string) string {
	var w strings.Builder
	fmt.Fprintf(&w, "connection to %s\n", address)
	msgs, rest, err := wiretest.Split(received)
	for i, m := range msgs {
		if !isRequest(m) { // bytes that only look like one, such as a stray last chunk
			rest = received[offset(msgs[:i]):]
			break
		}
		writeHead(&w, m)
		w.WriteString("  " + bodyForm(m) + "\n")
	}
	switch {
	case len(rest) > 0 && rest[0] == tlsHandshake:
		w.WriteString("  bytes of TLS\n")
		err = nil
	case len(rest) > 0:
		writeRest(&w, rest)
	}
	if err != nil {
		fmt.Fprintf(&w, "  %v\n", err)
	}
	fmt.Fprintf(&w, "  %s\n", ended)
	return w.String()
}

func isRequest(m wiretest.Message) bool { return strings.Contains(m.RequestLine(), " HTTP/") }

func offset(msgs []wiretest.Message) (n int) {
	for _, m := range msgs {
		n += len(m.Raw)
	}
	return n
}

func writeHead(w *strings.Builder, m wiretest.Message) {
	w.WriteString("  " + Quote([]byte(m.RequestLine())) + "\n")
	for _, line := range sortedFields(m) {
		w.WriteString("  | " + Quote([]byte(line)) + "\n")
	}
}

// writeRest writes what is not a whole request: its head and the beginning of its
// body, where that much is there.
func writeRest(w *strings.Builder, rest []byte) {
	n := bytes.Index(rest, []byte("\r\n\r\n")) + 4
	if m := (wiretest.Message{Head: rest[:max(n, 0)]}); n >= 4 && isRequest(m) {
		writeHead(w, m)
		fmt.Fprintf(w, "  unfinished %s\n", unfinished(rest, rest[n:]))
		return
	}
	fmt.Fprintf(w, "  no whole request: %s\n", Brief(rest))
}

// unfinished is the form of a body that is not whole. One that stops between two
// chunks is whole with the last chunk behind it.
func unfinished(request, body []byte) string {
	msgs, rest, err := wiretest.Split(append(bytes.Clone(request), "0\r\n\r\n"...))
	if err == nil && len(rest) == 0 && len(msgs) == 1 && msgs[0].Chunked {
		return bodyForm(msgs[0])
	}
	return "body " + Brief(body)
}

func sortedFields(m wiretest.Message) []string {
	lines := slices.Clone(m.Lines())
	if len(lines) == 1 && lines[0] == "" {
		lines = nil
	}
	for i, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if strings.EqualFold(name, "User-Agent") && ownVersion.MatchString(value) {
			lines[i] = name + ": hackney/*"
		}
	}
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(fieldName(a), fieldName(b)) })
	return lines
}

func fieldName(line string) string {
	name, _, _ := strings.Cut(line, ":")
	return strings.ToLower(name)
}

func bodyForm(m wiretest.Message) string {
	switch {
	case m.Chunked:
		return "chunked body " + Brief(m.Body)
	case len(m.Body) == 0:
		return "no body"
	}
	return "body " + Brief(m.Body)
}

// Words for how a connection ended.
const (
	EndedOpen     = "still open at the end"
	EndedByClient = "closed by the client"
	EndedByServer = "closed by the server"
	EndedByReset  = "reset by the server"
	EndedInTLS    = "its TLS handshake failed"
)

// Ended is the word for an end.
func Ended(e wiretest.End) string {
	switch e {
	case wiretest.ClientClosed, wiretest.ClientClosedEarly:
		return EndedByClient
	case wiretest.ServerClosed:
		return EndedByServer
	case wiretest.ServerReset:
		return EndedByReset
	case wiretest.HandshakeFailed:
		return EndedInTLS
	}
	return EndedOpen
}
