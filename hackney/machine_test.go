package hackney_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// mRow is a row of the state machine, written here a second time: an edit of the
// table that was not meant shows.
type mRow struct {
	op       hackney.Op
	from, to string
	early    string // legal there too, after an early final answer or behind a Func
	need     mNeed
}

type mNeed int

const (
	mNothing    mNeed = iota // works without a connection
	mConnection              // needs one
	mUnread                  // needs one, except in done
)

const (
	mAny     = "start stream waiting on_status on_header on_body done failed switched async"
	mHealthy = "start stream waiting on_status on_header on_body done switched"
)

var mTable = []mRow{
	{op: hackney.OpConnect, to: "start"},
	{op: hackney.OpReconnect, from: mHealthy, to: mHealthy},
	{op: hackney.OpSendRequest, from: "start done", to: "stream waiting on_body done switched async"},
	{op: hackney.OpStreamRequestBody, from: "stream", early: "waiting", to: "stream waiting", need: mConnection},
	{op: hackney.OpStreamMultipartRequest, from: "stream", early: "waiting", to: "stream waiting", need: mConnection},
	{op: hackney.OpEndStreamRequestBody, from: "stream", early: "waiting", to: "waiting", need: mConnection},
	{op: hackney.OpStartResponse, from: "stream waiting", to: "waiting on_body done switched async", need: mConnection},
	{op: hackney.OpStreamStatus, from: "stream waiting", to: "waiting on_status", need: mConnection},
	{op: hackney.OpStreamHeader, from: "on_status on_header", to: "on_header on_body done switched", need: mConnection},
	{op: hackney.OpStreamHeaders, from: "on_status on_header", to: "on_header on_body done switched", need: mConnection},
	{op: hackney.OpStreamBody, from: "on_body done", to: "on_body done", need: mUnread},
	{op: hackney.OpBody, from: "on_body done", to: "done", need: mUnread},
	{op: hackney.OpBodyMax, from: "on_body done", to: "on_body done", need: mUnread},
	{op: hackney.OpSkipBody, from: "on_body done", to: "done", need: mUnread},
	{op: hackney.OpCopyBody, from: "on_body done", to: "on_body done", need: mUnread},
	{op: hackney.OpBodyReader, from: "on_body done", to: "on_body done", need: mUnread},
	{op: hackney.OpHandoff, from: mHealthy, to: mHealthy},
	{op: hackney.OpSetSockopts, from: mHealthy, to: mHealthy, need: mConnection},
	{op: hackney.OpHijack, from: "start done switched", to: "switched", need: mConnection},
	{op: hackney.OpClose, from: mAny, to: "start"},
}

// mSet prints a set of states as error texts and docs do.
func mSet(states string) string {
	words := strings.Fields(states)
	switch n := len(words); {
	case states == mAny:
		return "any"
	case n > 1:
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}

func (r *mRow) fromText() string {
	switch {
	case r.from == "":
		return "–"
	case r.early != "":
		return mSet(r.from) + ", and " + mSet(r.early) + " after an early final answer or behind a Func"
	}
	return mSet(r.from)
}

func TestTableIsTheDesign(t *testing.T) {
	if got := slices.Collect(hackney.Ops()); len(got) != len(mTable) {
		t.Fatalf("operations %v: the test knows %d", got, len(mTable))
	}
	lines := strings.Split(hackney.Table(), "\n")[2:]
	for i := range mTable {
		r := &mTable[i]
		want := []string{r.op.String(), r.fromText(), mSet(r.to)}
		cells := strings.Split(lines[i], " | ")
		cells[0] = strings.TrimPrefix(cells[0], "| ")
		if got := cells[:3]; !slices.Equal(got, want) {
			t.Errorf("the table says %q, the design %q", got, want)
		}
	}
}

// mStep is an operation on the way to a state or behind it.
type mStep func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error)

// mScene is a way to a state by a real exchange.
type mScene struct {
	state hackney.ResponseState
	early bool
	more  bool // a Func has ended
	serve func(*mRun) wiretest.Conn
	steps []mStep // from start on
	onRw  string  // the last step ends with a "read" or "write"
	rest  []mStep // from the state to the end of the exchange
}

func (s *mScene) String() string {
	if s.early {
		return "waiting-early"
	}
	if s.more {
		return "waiting-more"
	}
	return s.state.String()
}

// mRun is one run of a scene.
type mRun struct {
	t    *testing.T
	ctx  context.Context
	srv  *wiretest.Server
	gate chan struct{} // holds back the second segment of an answer
	once sync.Once
	hook func(rw string)
	log  []string // what a control run is compared with
}

const (
	mOK       = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: a\r\nX-B: b\r\n\r\nhello"
	mNoBody   = "HTTP/1.1 204 No Content\r\n\r\n"
	mRefused  = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"
	mSwitched = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw"
)

func mAnswers(answers ...string) func(*mRun) wiretest.Conn {
	return func(*mRun) wiretest.Conn { return wiretest.Replies(answers...) }
}

func mSend(r hackney.Req) mStep {
	return func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		return hackney.SendRequest(ctx, cs, r)
	}
}

func mPiece(s string) mStep {
	return func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		return hackney.StreamRequestBody(ctx, cs, hackney.Text(s))
	}
}

// mFunc streams a piece by a function, whose end is taken for the body's.
func mFunc(s string) mStep {
	return func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		return hackney.StreamRequestBody(ctx, cs, wPieces(io.EOF, s))
	}
}

// mRest reads what is left of a response, an asynchronous one too.
func mRest(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
	r := cs.Async()
	if r == nil {
		return mBody(ctx, cs)
	}
	for _, err := range r.Events() {
		if err != nil {
			return cs, err
		}
	}
	return r.State(), nil
}

func mBody(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
	_, next, err := hackney.Body(ctx, cs)
	return next, err
}

func mHeader(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
	_, _, next, err := hackney.StreamHeader(ctx, cs)
	return next, err
}

func mHijack(_ context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
	conn, _, err := hackney.Hijack(cs)
	if err == nil {
		conn.Close()
	}
	return cs, err
}

// mExpecting hides the one error that is none.
func mExpecting(want error, s mStep) mStep {
	return func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		next, err := s(ctx, cs)
		if !errors.Is(err, want) {
			return next, fmt.Errorf("error %w, want %w", err, want)
		}
		return next, nil
	}
}

var (
	mStreamed = mSend(hackney.Req{Method: "POST", Path: "/s", Payload: hackney.StreamMultipart(-1, "B")})
	mExpect   = mSend(hackney.Req{Method: "POST", Path: "/e", Payload: hackney.StreamMultipart(-1, "B"), Headers: headers.New("Expect", "100-continue")})
	mGet      = mSend(hackney.Req{Path: "/g"})
)

// mScenes has each response state, reached by a real exchange.
var mScenes = []mScene{
	{
		state: hackney.StateStart, serve: mAnswers(mOK),
		rest: []mStep{mGet, mBody},
	},
	{
		state: hackney.StateStream, serve: mAnswers(mOK), onRw: "write",
		steps: []mStep{mStreamed},
		rest:  []mStep{mPiece("ab"), mPiece(""), hackney.EndStreamRequestBody, hackney.StartResponse, mBody},
	},
	{
		state: hackney.StateWaiting, serve: mAnswers(mOK), onRw: "write",
		steps: []mStep{mStreamed, mPiece("abc"), hackney.EndStreamRequestBody},
		rest:  []mStep{hackney.StartResponse, mBody},
	},
	{
		state: hackney.StateWaiting, more: true, serve: mAnswers(mOK), onRw: "write",
		steps: []mStep{mStreamed, mFunc("abc")},
		rest:  []mStep{mPiece("ab"), mFunc("c"), hackney.EndStreamRequestBody, hackney.StartResponse, mBody},
	},
	{
		state: hackney.StateWaiting, early: true, onRw: "read",
		serve: func(*mRun) wiretest.Conn { return wiretest.Conn{wiretest.On(wiretest.Head, mRefused)} },
		steps: []mStep{mExpect, mExpecting(hackney.ErrResponseReady, mPiece("abc"))},
		rest:  []mStep{hackney.StartResponse, mBody},
	},
	{
		state: hackney.StateOnStatus, serve: mAnswers(mOK), onRw: "read",
		steps: []mStep{mStreamed, hackney.StreamStatus},
		rest:  []mStep{hackney.StreamHeaders, mBody},
	},
	{
		state: hackney.StateOnHeader, onRw: "read",
		serve: func(r *mRun) wiretest.Conn {
			status := strings.Index(mOK, "\r\n") + 2
			return wiretest.Conn{wiretest.Reply(mOK[:status]), wiretest.Say(mOK[status:]).Gated(r.gate)}
		},
		steps: []mStep{mStreamed, hackney.StreamStatus, mHeader},
		rest:  []mStep{mHeader, hackney.StreamHeaders, mBody},
	},
	{
		state: hackney.StateOnBody, serve: mAnswers(mOK), onRw: "read",
		steps: []mStep{mGet},
		rest:  []mStep{mBody},
	},
	{
		state: hackney.StateDone, serve: mAnswers(mNoBody, mOK), onRw: "read",
		steps: []mStep{mGet},
		rest:  []mStep{mGet, mBody},
	},
	{
		state: hackney.StateFailed,
		serve: func(*mRun) wiretest.Conn {
			return wiretest.Conn{wiretest.Reply(mOK[:len(mOK)-1]).ThenClose()}
		},
		steps: []mStep{mGet, mExpecting(io.ErrUnexpectedEOF, mBody)},
	},
	{
		state: hackney.StateSwitched, serve: mAnswers(mSwitched), onRw: "read",
		steps: []mStep{mSend(hackney.Req{Path: "/u", Headers: headers.New("Connection", "upgrade", "Upgrade", "x")})},
		rest:  []mStep{mHijack},
	},
	{
		state: hackney.StateAsync, serve: mAnswers(mOK),
		steps: []mStep{mGet},
		rest:  []mStep{mRest},
	},
}

// mClosing is how the connection of a scene's state is closed.
type mClosing int

const (
	mOpen   mClosing = iota
	mUnder           // by another copy: the state itself does not know
	mClosed          // while its last operation was under way, or before it: the state knows
)

var mClosings = map[mClosing]string{mOpen: "connected", mUnder: "closed by a copy", mClosed: "closed"}

// mHookConn tells of each read and write that gave something.
type mHookConn struct {
	net.Conn
	run *mRun
}

func (c mHookConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.run.hook != nil {
		c.run.hook("read")
	}
	return n, err
}

func (c mHookConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if c.run.hook != nil {
		c.run.hook("write")
	}
	return n, err
}

func mNewRun(t *testing.T, s *mScene) *mRun {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*wiretest.Patience)
	t.Cleanup(cancel)
	r := &mRun{t: t, ctx: ctx, gate: make(chan struct{})}
	r.srv = wiretest.New(t, s.serve(r), wiretest.Replies(mOK, mOK))
	return r
}

// enter leads to the state of the scene.
func (r *mRun) enter(s *mScene, how mClosing) hackney.ClientState {
	r.t.Helper()
	o := &hackney.Opts{Async: s.state == hackney.StateAsync}
	if how == mClosed {
		o.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, network, addr)
			return mHookConn{conn, r}, err
		}
	}
	cs, err := hackney.Connect(r.ctx, transport.TCP, r.srv.Host(), r.srv.Port(), o)
	for i, step := range s.steps {
		if err != nil {
			break
		}
		if i == len(s.steps)-1 {
			r.once.Do(func() { close(r.gate) })
			if how == mClosed && s.onRw != "" {
				r.closeOn(s.onRw, cs)
			}
		}
		cs, err = step(r.ctx, cs)
	}
	r.hook = nil
	if err != nil {
		r.t.Fatalf("on the way to %v: %v", s, err)
	}
	if how == mUnder {
		hackney.Close(cs)
	}
	if how == mClosed && s.state == hackney.StateStart {
		cs, _ = hackney.Close(cs)
	}
	r.entered(s, how, cs)
	return cs
}

// closeOn makes the next read or write be followed by a Close of cs.
func (r *mRun) closeOn(rw string, cs hackney.ClientState) {
	r.hook = func(did string) {
		if did == rw {
			hackney.Close(cs)
		}
	}
}

func (r *mRun) entered(s *mScene, how mClosing, cs hackney.ClientState) {
	r.t.Helper()
	want := hackney.Connected
	if how == mClosed || s.state == hackney.StateFailed {
		want = hackney.Closed
	}
	if cs.ResponseState() != s.state || cs.ConnectionState() != want {
		r.t.Fatalf("the scene led to %v, want %v, %v", cs, s, want)
	}
}

// leave goes on from cs to the end of the exchange, and then from closed to the
// end of another. It notes all states.
func (r *mRun) leave(s *mScene, how mClosing, cs hackney.ClientState) {
	r.t.Helper()
	rest := s.rest
	if how != mOpen {
		rest = nil
	}
	rest = append(slices.Clip(rest), mCloseStep, mGet, mRest, mCloseStep)
	for i, step := range rest {
		var err error
		if cs, err = step(r.ctx, cs); err != nil {
			r.t.Fatalf("step %d behind %v: %v", i, s, err)
		}
		r.log = append(r.log, strings.ReplaceAll(cs.String(), strconv.Itoa(r.srv.Port()), "PORT"))
	}
	for i := range 2 {
		r.srv.WaitClosed(i)
		r.log = append(r.log, strings.ReplaceAll(string(r.srv.Received(i)), r.srv.Addr(), "ADDR"))
	}
}

func mCloseStep(_ context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
	return hackney.Close(cs)
}

// mOps calls each operation that takes a state.
var mOps = map[hackney.Op]mStep{
	hackney.OpReconnect:         hackney.Reconnect,
	hackney.OpSendRequest:       mGet,
	hackney.OpStreamRequestBody: mPiece("xyz"),
	hackney.OpStreamMultipartRequest: func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		return hackney.StreamMultipartRequest(ctx, cs, multipart.Value("a", "1"))
	},
	hackney.OpEndStreamRequestBody: hackney.EndStreamRequestBody,
	hackney.OpStartResponse:        hackney.StartResponse,
	hackney.OpStreamStatus:         hackney.StreamStatus,
	hackney.OpStreamHeader:         mHeader,
	hackney.OpStreamHeaders:        hackney.StreamHeaders,
	hackney.OpStreamBody: func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		_, next, err := hackney.StreamBody(ctx, cs)
		return next, err
	},
	hackney.OpBody: mBody,
	hackney.OpBodyMax: func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		_, next, err := hackney.BodyMax(ctx, cs, 1)
		return next, err
	},
	hackney.OpSkipBody: hackney.SkipBody,
	hackney.OpCopyBody: func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		_, next, err := hackney.CopyBody(ctx, cs, &bytes.Buffer{})
		return next, err
	},
	hackney.OpBodyReader: func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		r := hackney.NewBodyReader(ctx, cs)
		_, err := r.Read(make([]byte, 2))
		return r.State(), err
	},
	hackney.OpHandoff: func(_ context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		return hackney.Handoff(cs)
	},
	hackney.OpSetSockopts: func(_ context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		return cs, hackney.SetSockopts(cs, func(net.Conn) error { return nil })
	},
	hackney.OpHijack: mHijack,
	hackney.OpClose:  mCloseStep,
}

// want is the error of an operation in a state, by the table above.
func (r *mRow) want(s *mScene, how mClosing) error {
	state := s.state.String()
	legal := slices.Contains(strings.Fields(r.from), state) ||
		(s.early || s.more) && slices.Contains(strings.Fields(r.early), state)
	// In done, reading gives the end at once; on a connection that the state
	// takes for connected Reconnect has nothing to do. Close is always good.
	claims := how == mUnder && r.op != hackney.OpClose && r.op != hackney.OpReconnect &&
		(r.need != mUnread || state != "done")
	needs := r.need == mConnection || r.need == mUnread && state != "done"
	switch {
	case !legal:
		return hackney.ErrInvalidState
	case claims, how == mClosed && needs:
		return hackney.ErrClosed
	case (r.op == hackney.OpStreamBody || r.op == hackney.OpBodyReader) && state == "done":
		return io.EOF
	case s.early && r.early != "":
		return hackney.ErrResponseReady
	}
	return nil
}

func (r *mRow) wantText(s *mScene, err error) string {
	if err == hackney.ErrClosed {
		return fmt.Sprintf("%v: the connection of the state (%v) is closed", r.op, s.state)
	}
	return fmt.Sprintf("%v: response state is %v, want %v", r.op, s.state, mSet(r.from))
}

// TestEveryOperationInEveryState calls each operation in each state. A legal one
// leads where the table says. One that is refused changes nothing, sends nothing,
// and its state is as good as before: what follows is what a control run does.
func TestEveryOperationInEveryState(t *testing.T) {
	seen := map[hackney.ResponseState]bool{}
	for i := range mScenes {
		s := &mScenes[i]
		seen[s.state] = true
		for how, name := range mClosings {
			if s.state == hackney.StateFailed && how != mClosed {
				continue // its connection is closed
			}
			if s.state == hackney.StateAsync && how == mClosed {
				continue // it does not know of its connection
			}
			t.Run(s.String()+"/"+name, func(t *testing.T) {
				control := mNewRun(t, s)
				control.leave(s, how, control.enter(s, how))
				for i := range mTable {
					t.Run(mTable[i].op.String(), func(t *testing.T) { mCall(t, s, how, &mTable[i], control.log) })
				}
			})
		}
	}
	for state := range hackney.StateAsync + 1 {
		if !seen[state] {
			t.Errorf("no scene leads to %v", state)
		}
	}
}

// mCall calls one operation in the state of a scene.
func mCall(t *testing.T, s *mScene, how mClosing, row *mRow, control []string) {
	r := mNewRun(t, s)
	cs := r.enter(s, how)
	listed := slices.Contains(cs.Legal(), row.op)
	call := mOps[row.op]
	if call == nil {
		if row.op != hackney.OpConnect || listed {
			t.Fatalf("%v takes no state, but is listed as legal: %v", row.op, listed)
		}
		r.leave(s, how, cs)
		return
	}
	want := row.want(s, how)
	next, err := call(r.ctx, cs)
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Fatalf("error %v, want %v", err, want)
	}
	refused := want == hackney.ErrInvalidState || want == hackney.ErrClosed
	if legal := !refused || how == mUnder && want == hackney.ErrClosed; listed != legal {
		t.Errorf("Legal says %v, but the error is %v", listed, err)
	}
	if refused {
		mRefusedCall(t, row, s, cs, next, err)
		r.leave(s, how, cs)
		mSameLog(t, r.log, control)
		return
	}
	mLed(t, row, s, how, cs, next)
	hackney.Close(next)
	r.srv.WaitClosed(0)
}

// mRefusedCall looks at what a refused call gave back.
func mRefusedCall(t *testing.T, row *mRow, s *mScene, cs, next hackney.ClientState, err error) {
	t.Helper()
	if next != cs || next.String() != cs.String() {
		t.Errorf("refused, but the state has changed:\n%v\n%v", cs, next)
	}
	var e *hackney.StateError
	if !errors.As(err, &e) || e.Op != row.op || e.State != s.state {
		t.Fatalf("error %#v, want a StateError of %v in %v", err, row.op, s.state)
	}
	if want := row.wantText(s, e.Err); err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if hackney.BlameOf(err) != hackney.BlameCaller {
		t.Errorf("the blame is on %v", hackney.BlameOf(err))
	}
}

// mLed looks at where a legal call has led.
func mLed(t *testing.T, row *mRow, s *mScene, how mClosing, cs, next hackney.ClientState) {
	t.Helper()
	if row.op == hackney.OpHijack {
		return // it gives no state
	}
	if !slices.Contains(strings.Fields(row.to), next.ResponseState().String()) {
		t.Errorf("led to %v, want one of %s", next, row.to)
	}
	want := ""
	switch {
	case row.op == hackney.OpReconnect && cs.ConnectionState() == hackney.Closed:
		want = "start"
	case row.to == mHealthy:
		want = s.state.String()
	}
	if want != "" && next.ResponseState().String() != want {
		t.Errorf("led to %v, want %v", next, want)
	}
	connected := next.ConnectionState() == hackney.Connected
	if row.op == hackney.OpReconnect && !connected || row.op == hackney.OpClose && connected {
		t.Errorf("led to %v", next)
	}
}

func mSameLog(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("what followed differs from the control run:\n%q\nwant\n%q", got, want)
		}
	}
}

// TestNeverConnected has the zero state: it leads nowhere, and says so.
func TestNeverConnected(t *testing.T) {
	var zero hackney.ClientState
	if got, want := fmt.Sprint(zero.Legal()), "[Handoff Close]"; got != want {
		t.Errorf("legal: %v, want %v", got, want)
	}
	for op, call := range mOps {
		next, err := call(context.Background(), zero)
		want := slices.Contains(zero.Legal(), op)
		if (err == nil) != want || next != zero {
			t.Errorf("%v: %v, %v", op, next, err)
		}
		if e := new(hackney.StateError); err != nil && !errors.As(err, &e) {
			t.Errorf("%v: error %v, want a StateError", op, err)
		}
	}
}
