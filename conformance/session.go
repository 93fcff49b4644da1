package conformance

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/golden"
)

// session runs the commands of one script: it holds the present state of the
// client, and what the last operation gave.
type session struct {
	ctx    context.Context // ends when the script's time is over
	opCtx  context.Context // of the next operations; nil is ctx
	cancel []context.CancelFunc

	script *golden.Script
	dir    string // where the sections of the script are, as files
	beside string // where the script itself is

	programs atomic.Pointer[string] // dir, for who ends the programs of the script
	vars     map[string]string

	cs      hackney.ClientState
	behind  []hackney.ClientState // states that use has put aside
	kept    map[string]hackney.ClientState
	options hackney.Opts // those of the script; never given out itself
	answers []string     // to the challenges of a proxy
	guarded dialFunc     // dials what the address policy allows, nil for no policy
	last    result       // of the last operation
	err     error        // of the last operation
	log     *golden.Log  // not nil once the script wants one
	taken   taken        // by Hijack
	stream  *streamed    // the asynchronous response of the present state, or the last one
	streams []*streamed  // all of them

	operations int         // how many there were
	swallowed  []swallowed // of them

	servers []*server
	routes  routes
	pools   pools
	shared  shared
	target  *target // in place of the script's main server
	events  chan struct{}

	watch   func(Transition)
	tap     hackney.TapFunc
	updates map[string]string // what sections must be; nil where none may be rewritten
	wired   []int             // bytes of each dial that want wire has compared, nil without one
}

// result is what an operation gave beside its state.
type result struct {
	outcome outcome
	data    []byte
	fields  [][2]string
	lines   []string
	silent  bool // no state is printed behind it in the log
}

// outcome is the form in which a result is logged.
type outcome int

const (
	gaveState outcome = iota
	gaveHead
	gaveData
	gaveEnd
	gaveValue
	gaveStream
	gaveEvents
)

// usageError is a fault of the script, never one that "!" asks for.
type usageError struct{ error }

func newSession(ctx context.Context, script *golden.Script) *session {
	s := &session{
		ctx: ctx, script: script,
		vars:   map[string]string{},
		kept:   map[string]hackney.ClientState{},
		routes: routes{to: map[string]route{}},
		events: make(chan struct{}, 1),
	}
	s.shared.dial, s.shared.tap = s.dial, s.listen
	return s
}

// do runs an operation and takes in what it gave. An error of it is in s.err; the
// error returned is a fault of the script.
func (s *session) do(name string, op operation, args []string) error {
	return s.doAs(false, name, op, args)
}

// doAs is do for a command that may be negated, which only its Transition tells.
func (s *session) doAs(negated bool, name string, op operation, args []string) error {
	before := s.cs.ResponseState()
	res, err := op.run(s, args)
	var usage usageError
	if errors.As(err, &usage) {
		return err
	}
	if errors.Is(err, io.EOF) && op.ends {
		res.outcome, err = gaveEnd, nil
	}
	s.last, s.err = res, err
	s.operations++
	s.note(name, res)
	if s.watch != nil {
		s.watch(Transition{
			Command: commandLine(negated, name, args),
			From:    before, To: s.cs.ResponseState(), State: s.cs,
			Data: res.data, Fields: res.fields, Err: err, Gave: s.gave(name), told: name == lineGiven,
		})
	}
	return nil
}

// note writes an operation into the log.
func (s *session) note(name string, res result) {
	if s.log == nil {
		return
	}
	s.log.Call(name)
	if res.outcome == gaveEvents {
		s.log.Events(res.lines...)
	}
	if s.err != nil {
		s.log.Error(errorKind(s.err), partial(s.err))
		s.noteWhy()
		s.swallowed = append(s.swallowed, swallowed{s.operations, name, s.err})
		return
	}
	switch res.outcome {
	case gaveHead:
		if s.cs.MaybeRedirect() {
			s.log.MaybeRedirect()
		}
		s.log.Response(s.cs.Status(), res.fields)
	case gaveData:
		s.log.Data(res.data)
	case gaveEnd:
		s.log.Done()
	case gaveValue:
		s.log.Value(res.lines...)
		return
	case gaveStream:
		s.log.Stream()
	case gaveEvents:
	default:
		s.log.OK()
	}
	if !res.silent {
		s.log.Client(printed(s.cs))
	}
}

// noteWhy writes what an error of a redirect or of a proxy holds.
func (s *session) noteWhy() {
	if _, ok := errors.AsType[*hackney.RedirectError](s.err); ok {
		s.log.Response(s.cs.Status(), list(s.cs.Headers()))
		s.log.Client(printed(s.cs))
		return
	}
	refused, ok := errors.AsType[*hackney.ProxyError](s.err)
	switch {
	case !ok:
	case refused.Status == 0:
		s.log.Cause(errorKind(refused.Err))
	default:
		s.log.Response(refused.Status, list(refused.Headers))
		s.log.Data(refused.Body)
	}
}

// printed is a state as logs show it: without what 0.6.0 kept elsewhere.
func printed(cs hackney.ClientState) string {
	snap := cs.Snapshot()
	snap.Netloc = ""
	return snap.String()
}

// context is that of the next operation.
func (s *session) context() context.Context {
	if s.opCtx != nil {
		return s.opCtx
	}
	return s.ctx
}

// opts are the options for a new client. Each gets its own: they must not change
// once they were used.
func (s *session) opts() *hackney.Opts {
	o := s.options
	if len(s.servers) > 0 || s.routes.used() {
		o.DialContext = s.shared.dial
	}
	if o.DialContext != nil && s.guarded != nil {
		o.DialContext = s.guarded
	}
	if o.Pool == nil && s.pools.byDefault {
		o.Pool, _ = s.pools.find(hackney.DefaultPool)
	}
	if o.TLS == nil {
		o.TLS = s.trusted()
	}
	if s.target != nil {
		o.Insecure = o.Insecure || s.target.insecure
	}
	if s.tap != nil || s.target != nil {
		o.Tap = s.shared.tap
	}
	return &o
}

// variable gives the value of a ${NAME} of the notation.
func (s *session) variable(name string) (string, bool) {
	v, ok := s.vars[name]
	return v, ok
}

// data reads an argument in the notation, or the section behind @.
func (s *session) data(arg string) ([]byte, error) {
	name, ok := strings.CutPrefix(arg, "@")
	if !ok {
		b, err := golden.Unquote(arg, s.variable)
		return b, asUsage(err)
	}
	section, err := s.section(name)
	if err != nil {
		return nil, err
	}
	return s.unquoteLines(section, "")
}

// section finds a section of the script.
func (s *session) section(name string) (*golden.Section, error) {
	if s.script == nil {
		return nil, usagef("there are no sections here")
	}
	section := s.script.Section(name)
	if section == nil {
		return nil, usagef("the script has no section %s", name)
	}
	return section, nil
}

// unquoteLines reads a section whose lines are in the notation, each behind prefix.
func (s *session) unquoteLines(section *golden.Section, prefix string) ([]byte, error) {
	var all []byte
	line := section.Line
	for text := range strings.Lines(section.Text) {
		text = strings.TrimSuffix(text, "\n")
		rest, ok := strings.CutPrefix(text, prefix)
		if !ok {
			return nil, usageError{&golden.LineError{File: section.File, Line: line, Err: errors.New("want a line that begins with " + prefix)}}
		}
		b, err := golden.Unquote(rest, s.variable)
		if err != nil {
			return nil, usageError{&golden.LineError{File: section.File, Line: line, Err: err}}
		}
		all = append(all, b...)
		line++
	}
	return all, nil
}

// file is the path of a file: a section of the script, or a file beside it.
func (s *session) file(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	name = filepath.FromSlash(name)
	if path := filepath.Join(s.dir, name); s.beside == "" || exists(path) {
		return path
	}
	return filepath.Join(s.beside, name)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// closeBehind closes the states that were put aside, where nothing comes back to them.
func (s *session) closeBehind() {
	for _, cs := range s.behind {
		hackney.Close(cs)
	}
	s.behind = nil
}

// close closes every state that is left, and the servers.
func (s *session) close() {
	for _, st := range s.streams {
		st.close()
	}
	hackney.Close(s.cs)
	for cs := range maps.Values(s.kept) {
		hackney.Close(cs)
	}
	s.closeBehind()
	s.taken.close()
	s.pools.close()
	for _, srv := range s.servers {
		srv.close()
	}
	for _, cancel := range s.cancel {
		cancel()
	}
}
