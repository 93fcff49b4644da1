package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/golden"
)

// Steps is a client that is driven by typed lines: a line is a command of a golden
// script that calls an operation, or a short word for one. It is not for use by
// several goroutines at once.
//
//	request [METHOD] [PATH or URL] [FIELD]... [PAYLOAD]
//	send DATA        stream-request-body, with the rest of the line
//	part PART        stream-multipart-request
//	end              end-stream-request-body
//	response         start-response
//	status           stream-status
//	header           stream-header
//	headers          stream-headers
//	chunk            stream-body
//	body
//	skip             skip-body
//	close
//
// A request is GET for the URL of NewSteps if it does not say otherwise. While the
// client is connected it is the client's next one (SendRequest), unless it has a whole
// URL; else it is that of a new client (Request).
type Steps struct {
	session  *session
	base     url.URL
	recorder *Recorder
	commands []stepLine
	closed   bool
	last     Transition
	unheard  string // the step whose bytes nobody has recorded, "" for none

	mu         sync.Mutex
	reached    map[string]bool // addresses that a connection was opened to
	notReached []string        // addresses that a dial to has failed
}

// NewSteps makes a client for a URL that has not connected yet. o are its options,
// nil for the defaults.
func NewSteps(rawURL string, o *hackney.Opts) (*Steps, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, &hackney.ArgumentError{What: "URL", Err: err}
	}
	st := &Steps{
		session: newSession(context.Background(), nil), base: u,
		recorder: NewRecorder(), reached: map[string]bool{},
	}
	var also hackney.TapFunc
	if o != nil {
		st.session.options, also = *o, o.Tap
	}
	st.session.tap = func(e hackney.TapEvent) {
		st.hear(e)
		if also != nil {
			also(e)
		}
	}
	st.session.watch = func(t Transition) { st.last = t }
	st.session.vars["TRANSPORT"] = "tcp"
	if u.Scheme == url.HTTPS {
		st.session.vars["TRANSPORT"] = "tls"
	}
	st.session.setAddress("", u.Scheme, u.HostPort())
	return st, nil
}

func (st *Steps) hear(e hackney.TapEvent) {
	st.recorder.Tap(e)
	st.mu.Lock()
	defer st.mu.Unlock()
	st.reached[e.Address] = true
}

// Do takes the step that a line asks for. A line that cannot be understood is a
// *hackney.ArgumentError, and nothing was done. An error of the operation is in the
// Transition: the client goes on with the state that came with it.
func (st *Steps) Do(ctx context.Context, line string) (Transition, error) {
	name, args, err := st.read(line)
	if st.closed {
		err = errors.New("the client was closed")
	}
	if err != nil {
		return Transition{}, &hackney.ArgumentError{What: "step", Err: err}
	}
	s := st.session
	if s.ctx = ctx; ctx == nil {
		s.ctx = context.Background()
	}
	if err := s.do(name, operations[name], args); err != nil {
		return Transition{}, &hackney.ArgumentError{What: "step", Err: err}
	}
	s.closeBehind()
	st.commands = append(st.commands, stepLine{s.err != nil, name, args})
	if s.err == nil && s.last.outcome == gaveHead {
		st.commands = append(st.commands, stepLine{false, "want", []string{"status", strconv.Itoa(s.cs.Status())}})
	}
	if proxy, ok := errors.AsType[*hackney.ProxyError](s.err); ok { // the script goes to the target itself
		st.notReached = append(st.notReached, proxy.Target)
	} else if network, ok := errors.AsType[*hackney.TransportError](s.err); ok && network.Op == "dial" {
		st.notReached = append(st.notReached, network.Addr)
	}
	if name == "conn" && st.unheard == "" {
		st.unheard = line
	}
	return st.last, nil
}

// shortWords are the words for operations that have a longer name.
var shortWords = map[string]string{
	"send": "stream-request-body", "part": "stream-multipart-request", "end": "end-stream-request-body",
	"response": "start-response", "status": "stream-status", "header": "stream-header", "headers": "stream-headers",
	"chunk": "stream-body", "skip": "skip-body",
}

// read makes a command of a line.
func (st *Steps) read(line string) (name string, args []string, err error) {
	line = strings.TrimRight(strings.TrimLeft(line, " \t"), "\r\n")
	if strings.Contains(line, "\n") {
		return "", nil, errors.New("a step is one line")
	}
	if data, ok := strings.CutPrefix(line, "send "); ok && data != "" { // quotes and blanks are data too
		return shortWords["send"], []string{"text", literal(data)}, nil
	}
	list, err := words(line)
	switch {
	case err != nil:
		return "", nil, err
	case len(list) == 0:
		return "", nil, errors.New("the line is empty")
	case list[0] == "send":
		return "", nil, errors.New("send what? Want send DATA")
	case list[0] == "request":
		return st.request(list[1:])
	}
	name = list[0]
	if long, ok := shortWords[name]; ok {
		name = long
	}
	if _, ok := operations[name]; !ok {
		return "", nil, fmt.Errorf("there is no step %q", list[0])
	}
	if name == "connect" && len(list) == 1 { // as the script writes it
		v := st.session.vars
		return name, []string{v["TRANSPORT"], v["HOST"], v["PORT"]}, nil
	}
	return name, list[1:], nil
}

// literal keeps an @ from being the name of a section.
func literal(data string) string {
	if rest, ok := strings.CutPrefix(data, "@"); ok {
		return `\x40` + rest
	}
	return data
}

// request makes a command of [METHOD] [PATH or URL] and what is behind them.
func (st *Steps) request(args []string) (name string, command []string, err error) {
	method, ref := "GET", ""
	if len(args) > 0 && isMethod(args[0]) {
		method, args = args[0], args[1:]
	}
	if len(args) > 0 && isTarget(args[0]) {
		ref, args = args[0], args[1:]
	}
	if connected := st.State().ConnectionState() == hackney.Connected; ref == "*" || connected && (ref == "" || ref[0] == '/') {
		return "send-request", append([]string{method, cmp.Or(ref, golden.Quote([]byte(st.base.Target())))}, args...), nil
	}
	u := st.base
	if ref != "" {
		text, err := golden.Unquote(ref, st.session.variable)
		if err != nil {
			return "", nil, err
		}
		if u, err = url.Resolve(st.base, string(text)); err != nil {
			return "", nil, err
		}
	}
	return "request", append([]string{method, golden.Quote([]byte(url.Unparse(u)))}, args...), nil
}

// isMethod tells a method from a target, a field, a field left away and a payload.
func isMethod(word string) bool {
	return payloads[word] == nil && word != "*" && !strings.HasPrefix(word, "-") && !strings.ContainsAny(word, ":/?")
}

func isTarget(word string) bool {
	lower := strings.ToLower(word)
	return word == "*" || strings.HasPrefix(word, "/") || strings.HasPrefix(word, "?") ||
		strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
}

// State is the present state of the client.
func (st *Steps) State() hackney.ClientState { return st.session.cs }

// wordOf has the word for each operation of the machine.
var wordOf = map[hackney.Op]string{
	hackney.OpConnect: "connect", hackney.OpReconnect: "reconnect", hackney.OpSendRequest: "request",
	hackney.OpStreamRequestBody: "send", hackney.OpStreamMultipartRequest: "part", hackney.OpEndStreamRequestBody: "end",
	hackney.OpStartResponse: "response", hackney.OpStreamStatus: "status",
	hackney.OpStreamHeader: "header", hackney.OpStreamHeaders: "headers",
	hackney.OpStreamBody: "chunk", hackney.OpBody: "body", hackney.OpBodyMax: "body-max", hackney.OpSkipBody: "skip",
	hackney.OpCopyBody: "copy-body", hackney.OpBodyReader: "body-reader",
	hackney.OpHandoff: "handoff", hackney.OpSetSockopts: "set-sockopts", hackney.OpHijack: "hijack", hackney.OpClose: "close",
}

// Legal are the words that are legal now. Where there is no connection, a new client
// can always begin with request or connect.
func (st *Steps) Legal() (list []string) {
	cs := st.State()
	if cs.ConnectionState() == hackney.Closed {
		list = []string{"request", "connect"}
	}
	var rare []string
	for _, op := range cs.Legal() {
		switch word := wordOf[op]; {
		case slices.Contains(list, word):
		case op == hackney.OpStreamMultipartRequest && cs.Snapshot().MpBoundary == "": // the body is no form
		case slices.Contains(rareSteps, op):
			rare = append(rare, word)
		default:
			list = append(list, word)
		}
	}
	return append(list, rare...)
}

// rareSteps are listed behind those that lead through an exchange.
var rareSteps = []hackney.Op{
	hackney.OpReconnect, hackney.OpBodyMax, hackney.OpCopyBody, hackney.OpBodyReader,
	hackney.OpHandoff, hackney.OpSetSockopts, hackney.OpHijack,
}

// Script is a golden script of the steps so far: with the servers as they answered,
// so that it replays without them. Steps that failed must fail again. A payload from
// a file is named, not held.
func (st *Steps) Script() ([]byte, error) {
	if st.unheard != "" {
		return nil, fmt.Errorf("%s: what goes over a connection that was taken out is not recorded", st.unheard)
	}
	lines := st.lines()
	st.mu.Lock()
	reached := len(st.reached) > 0
	st.mu.Unlock()
	if reached {
		return st.recorder.scriptOf(lines, st.session.options.Proxy != nil)
	}
	redact(nil, lines, st.recorder.redactionRules()) // nothing was recorded: they are all that there is
	var script strings.Builder
	for _, l := range lines {
		script.WriteString(l.String() + "\n")
	}
	return []byte(script.String()), nil
}

// lines are the commands so far, to be changed, with the addresses where nobody was.
func (st *Steps) lines() (lines []stepLine) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, address := range slices.Compact(slices.Sorted(slices.Values(st.notReached))) {
		if !st.reached[address] {
			lines = append(lines, stepLine{name: "nobody", args: []string{address}})
		}
	}
	words := append(redirectWords(&st.session.options), asyncWords(&st.session.options)...)
	if len(words) > 0 {
		lines = append(lines, stepLine{name: "opts", args: words})
	}
	for _, l := range st.commands {
		lines = append(lines, stepLine{l.negated, l.name, slices.Clone(l.args)})
	}
	return lines
}

// Close closes all connections of the client, which takes no more steps. The script
// is still there.
func (st *Steps) Close() {
	st.closed = true
	st.session.close()
}
