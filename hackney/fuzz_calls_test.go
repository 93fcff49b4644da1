package hackney_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// FuzzCalls makes a random sequence of calls, on the present state, on stale ones and on copies,
// against a random peer. What is legal leads where the table says, or to an error of a known type.
// What is not changes nothing: a second run without those calls sees and sends the same. Bodies are
// what the peer sent, of the response to this very request, and nothing is left behind.
func FuzzCalls(f *testing.F) {
	for _, s := range zSeeds {
		f.Add(s.opts, []byte(s.calls), []byte(s.peer))
	}
	f.Fuzz(func(t *testing.T, opts byte, calls, peer []byte) {
		if len(calls) > 400 || len(peer) > 2000 {
			return
		}
		all := zDrive(t, opts, calls, peer, true)
		if t.Failed() {
			return
		}
		legal := zDrive(t, opts, calls, peer, false)
		mSameLog(t, legal.log, all.log)
		if len(legal.peer.conns) != len(all.peer.conns) {
			t.Fatalf("%d connections, %d without the calls that are not legal", len(all.peer.conns), len(legal.peer.conns))
		}
		for i, c := range all.peer.conns {
			if want := legal.peer.conns[i].sent; !bytes.Equal(c.sent, want) {
				t.Fatalf("connection %d got %q, without the calls that are not legal %q", i, c.sent, want)
			}
		}
	})
}

// zRun is one run of an input.
type zRun struct {
	*testing.T
	calls zTape
	wrong bool // calls that are not legal are made
	peer  *zPeer
	opts  *hackney.Opts

	cs          hackney.ClientState // the present state
	early, more bool                // see mModel
	old         []zOld
	epoch       int // goes on when the connection of the present state is surely another one
	log         []string

	// The operation under way.
	cancel      context.CancelFunc   // of its context, nil where it cannot end
	under       *hackney.ClientState // that it was given
	closedBelow bool                 // it was closed meanwhile

	// The exchange under way.
	sends   int
	answer  *zAnswer
	read    string // of its body
	skipped bool   // some of it was read away
}

// zOld is a state that was used.
type zOld struct {
	cs          hackney.ClientState
	early, more bool
	epoch       int
}

func zDrive(t *testing.T, opts byte, calls, peer []byte, wrong bool) *zRun {
	r := &zRun{T: t, calls: calls, wrong: wrong}
	r.peer = &zPeer{run: r, tape: peer, answers: map[string]*zAnswer{}}
	r.opts = zOpts(opts, r.peer)
	hung := time.AfterFunc(8*wiretest.Patience, func() { panic("a call hangs") })
	defer hung.Stop()
	var err error
	r.cs, err = hackney.Connect(context.Background(), transport.TCP, "a.test", 80, r.opts)
	r.typed(hackney.OpConnect, err)
	for len(r.calls) > 0 && !t.Failed() {
		r.step()
		r.sameTable()
	}
	r.close()
	r.nothingLeft()
	return r
}

// zOpts are the options of a run; a bit for each.
func zOpts(bits byte, p *zPeer) *hackney.Opts {
	o := &hackney.Opts{DialContext: p.dial, Async: bits&0x02 != 0, FollowRedirect: bits&0x04 != 0, ForceRedirect: bits&0x08 != 0, CheckoutTimeout: 1}
	if bits&0x01 != 0 {
		o.Pool = pool.New(pool.Opts{MaxPerHost: 1, MaxIdle: 2})
	}
	if bits&0x10 != 0 {
		o.MaxBody = 100
	}
	if bits&0x20 != 0 {
		o.DrainBytes = hackney.NoDrain
	}
	if bits&0x40 != 0 {
		o.RecvTimeout, o.ExpectTimeout = hackney.Infinite, hackney.Infinite
	}
	return o
}

// step makes the next call of the input.
func (r *zRun) step() {
	b, arg := r.calls.next(), r.calls.next()
	row := &mTable[1+b%(len(mTable)-1)] // all but Connect
	switch {
	case b >= 0xf4:
		r.turnBack(arg)
	case b >= 0xe0:
		r.refused(row, arg)
	case b >= 0xc0:
		r.stale(row, arg)
	case r.cs.Async() != nil && b >= 0x10:
		r.take(arg)
	default:
		legal := r.cs.Legal()
		r.legal(zRow(legal[b%len(legal)]), arg)
	}
}

func zRow(op hackney.Op) *mRow {
	return &mTable[slices.IndexFunc(mTable, func(r mRow) bool { return r.op == op })]
}

// refusal is the error of a call that is not legal, by the second table.
func (o *zOld) refusal(r *mRow) error {
	state, open := o.cs.ResponseState().String(), o.cs.ConnectionState() == hackney.Connected
	listed := slices.Contains(strings.Fields(r.from), state) || (o.early || o.more) && slices.Contains(strings.Fields(r.early), state)
	switch {
	case !listed:
		return hackney.ErrInvalidState
	case !open && (r.need == mConnection || r.need == mUnread && state != "done"):
		return hackney.ErrClosed
	}
	return nil
}

func (r *zRun) present() *zOld { return &zOld{r.cs, r.early, r.more, r.epoch} }

// sameTable holds that the two tables agree on the present state, and that it prints.
func (r *zRun) sameTable() {
	legal, now := r.cs.Legal(), r.present()
	for i := range mTable {
		row := &mTable[i]
		if want := row.op != hackney.OpConnect && now.refusal(row) == nil; slices.Contains(legal, row.op) != want {
			r.Fatalf("%v is legal in %v: want %v", row.op, r.cs, want)
		}
	}
	if s := r.cs.String(); !strings.HasPrefix(s, "#client{") {
		r.Fatalf("the state prints as %q", s)
	}
}

// spareEnd spares a form a second end, which does nothing and is no fault.
func spareEnd(row *mRow, arg int) int {
	if row.op == hackney.OpStreamMultipartRequest && zParts[arg%len(zParts)].Kind() == multipart.Finish {
		return arg + 1
	}
	return arg
}

// refused makes a call that is not legal, if it is not.
func (r *zRun) refused(row *mRow, arg int) {
	want := r.present().refusal(row)
	if want == nil || !r.wrong {
		return
	}
	calls := r.peer.calls
	next, data, err := r.call(context.Background(), row.op, r.cs, spareEnd(row, arg))
	r.nothingHappened(row, calls, r.cs, next, data)
	if e := new(hackney.StateError); !errors.As(err, &e) || !errors.Is(err, want) {
		r.Fatalf("%v in %v: %v, want %v", row.op, r.cs, err, want)
	}
}

// stale makes a call with a state that was used.
func (r *zRun) stale(row *mRow, arg int) {
	if len(r.old) == 0 || !r.wrong {
		return
	}
	o := &r.old[arg%len(r.old)]
	if row.op == hackney.OpClose {
		r.lateClose(o)
		return
	}
	calls := r.peer.calls
	next, data, err := r.call(context.Background(), row.op, o.cs, spareEnd(row, arg))
	r.nothingHappened(row, calls, o.cs, next, data)
	want := o.refusal(row)
	free := row.op == hackney.OpReconnect || row.need == mUnread && o.cs.ResponseState() == hackney.StateDone
	switch {
	case want != nil && errors.Is(err, want):
	case want == nil && errors.Is(err, hackney.ErrStale):
	case want == nil && errors.Is(err, hackney.ErrClosed) && o.epoch != r.epoch: // nothing but Close came behind it
	case want == nil && free && (err == nil || err == io.EOF): // it claims nothing
	default:
		r.Fatalf("stale %v in %v: %v, want %v", row.op, o.cs, err, want)
	}
}

// lateClose closes what an old state was on, which is no more.
func (r *zRun) lateClose(o *zOld) {
	if o.epoch == r.epoch {
		return // Close is good for any copy
	}
	calls, idle := r.peer.calls, r.idle()
	if next, err := hackney.Close(o.cs); err != nil || next.ResponseState() != hackney.StateStart || r.peer.calls != calls || r.idle() != idle {
		r.Fatalf("a late Close of %v: %v, %v", o.cs, next, err)
	}
}

func (r *zRun) idle() int {
	if r.opts.Pool == nil {
		return 0
	}
	return r.opts.Pool.Size()
}

func (r *zRun) nothingHappened(row *mRow, calls int, cs, next hackney.ClientState, data string) {
	if next != cs || data != "" || r.peer.calls != calls {
		r.Fatalf("%v was refused, but gave %v and %q with %d calls of the connection; the state was %v", row.op, next, data, r.peer.calls-calls, cs)
	}
}

// turnBack leaves the present client, and goes on with an old state of a closed connection
// or a new client.
func (r *zRun) turnBack(arg int) {
	r.close()
	r.early, r.more, r.epoch = false, false, r.epoch+1
	if arg&0x80 == 0 {
		return
	}
	r.begin()
	ctx := r.context(arg)
	var err error
	r.cs, err = hackney.Request(ctx, "", "http://A.test/?q#f", nil, zPayloads(arg>>2), r.opts)
	r.ended(zRow(hackney.OpSendRequest), hackney.ClientState{}, err, "")
}

// context is that of an operation: one that cannot end, one that can, or one that is over. A
// goroutine that reads in the background would be in a race with its end.
func (r *zRun) context(arg int) context.Context {
	r.cancel = nil
	if arg&0x03 < 2 || r.opts.Async {
		return context.Background()
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.Cleanup(cancel)
	r.cancel = cancel
	if arg&0x23 == 0x23 {
		cancel()
	}
	return ctx
}

// begin notes that a request is about to be made.
func (r *zRun) begin() {
	r.sends++
	r.answer, r.read, r.skipped = nil, "", false
}

// legal makes a call that is legal.
func (r *zRun) legal(row *mRow, arg int) {
	if row.op == hackney.OpSendRequest {
		r.begin()
	}
	before := r.cs
	ctx := r.context(arg)
	if r.under = &before; row.op == hackney.OpClose {
		r.cancel, r.under = nil, nil
	}
	next, data, err := r.call(ctx, row.op, before, arg>>2)
	r.cs = next
	r.ended(row, before, err, data)
}

// ended looks at what a legal call has led to, and notes it.
func (r *zRun) ended(row *mRow, before hackney.ClientState, err error, data string) {
	closed := r.closedBelow
	r.cancel, r.under, r.closedBelow = nil, nil, false
	if row.op == hackney.OpClose {
		r.closedAsync(before)
	}
	r.log = append(r.log, fmt.Sprintf("%v: %s %v %v %q %v", row.op, r.cs.ResponseState(), r.cs.ConnectionState(), r.cs.Kept(), data, err))
	if r.cs.Async() == nil {
		r.log = append(r.log, r.cs.String())
	}
	r.typed(row.op, err)
	if e := new(hackney.StateError); errors.As(err, &e) && !(closed && errors.Is(err, hackney.ErrClosed)) {
		r.Fatalf("%v, legal in %v: %v", row.op, before, err)
	}
	r.led(row, before, err)
	r.follow(row.op, before, err)
	r.body(row.op, data, err)
}

// typed holds that an error is one of those that are documented.
func (r *zRun) typed(op hackney.Op, err error) {
	var (
		state      *hackney.StateError
		argument   *hackney.ArgumentError
		protocol   *hackney.ProtocolError
		incomplete *hackney.IncompleteError
		limit      *hackney.LimitError
		network    *hackney.TransportError
		redirect   *hackney.RedirectError
		pooled     *hackney.PoolError
	)
	switch {
	case err == nil, err == hackney.ErrResponseReady:
	case err == io.EOF && (op == hackney.OpStreamBody || op == hackney.OpBodyReader || op == hackney.OpStreamHeader):
	case errors.As(err, &state), errors.As(err, &argument), errors.As(err, &protocol), errors.As(err, &incomplete),
		errors.As(err, &limit), errors.As(err, &network), errors.As(err, &redirect):
	case errors.As(err, &pooled) && errors.Is(err, context.Canceled): // else there is always a place: this client is the only one
	default:
		r.Fatalf("%v: an error of no known type: %T %v", op, err, err)
	}
}

// led holds that a legal call has led where the table says; with an error also to failed,
// or back to where it was, and a client without a connection to start.
func (r *zRun) led(row *mRow, before hackney.ClientState, err error) {
	if row.op == hackney.OpHijack || row.op == hackney.OpSetSockopts {
		return // they give no state
	}
	to := r.cs.ResponseState().String()
	fine := slices.Contains(strings.Fields(row.to), to) && (row.to != mHealthy || err != nil || to == before.ResponseState().String())
	if row.op == hackney.OpReconnect && before.ConnectionState() == hackney.Closed {
		fine = err != nil && r.cs.ResponseState() == before.ResponseState() || to == "start"
	}
	if err != nil && (to == "failed" || r.cs.ResponseState() == before.ResponseState() || row.op == hackney.OpSendRequest && to == "start") {
		fine = true
	}
	if !fine {
		r.Fatalf("%v led from %v to %v, %v; want one of %s", row.op, before, r.cs, err, row.to)
	}
}

// follow takes note of what the new state allows, and of the old one.
func (r *zRun) follow(op hackney.Op, before hackney.ClientState, err error) {
	if r.cs == before && op != hackney.OpHijack {
		return
	}
	if before.ConnectionState() == hackney.Connected && before.Async() == nil {
		r.old = append(r.old, zOld{before, r.early, r.more, r.epoch})
	}
	if r.cs.ConnectionState() == hackney.Closed || before.ConnectionState() == hackney.Closed {
		r.epoch++
	}
	if op == hackney.OpHandoff {
		return
	}
	r.early = err == hackney.ErrResponseReady
	r.more = op == hackney.OpStreamRequestBody && err == nil && r.cs.ResponseState() == hackney.StateWaiting
}

// body compares what was read with what the peer has sent.
func (r *zRun) body(op hackney.Op, data string, err error) {
	heads := op == hackney.OpSendRequest || op == hackney.OpStartResponse || op == hackney.OpStreamHeader || op == hackney.OpStreamHeaders
	if heads && hackney.BlameOf(err) == "" && r.cs.Headers().Has("X-Id") && r.cs.ResponseState() != hackney.StateOnHeader {
		r.answered(r.cs.Headers().Get("X-Id"), r.cs.Status())
	}
	r.read += data
	r.skipped = r.skipped || op == hackney.OpSkipBody
	a := r.answer
	if a == nil {
		return
	}
	given := r.read
	if e := new(hackney.IncompleteError); errors.As(err, &e) {
		given += string(e.Partial)
	}
	if !strings.HasPrefix(a.body, given) && !r.skipped {
		r.Fatalf("%q was read of %q", given, a.body)
	}
	reads := slices.Contains([]hackney.Op{hackney.OpBody, hackney.OpBodyMax, hackney.OpStreamBody, hackney.OpCopyBody, hackney.OpBodyReader}, op)
	if reads && r.cs.ResponseState() == hackney.StateDone && r.read != a.body && !r.skipped {
		r.Fatalf("%v took %q for all of %q, %v", op, r.read, a.body, err)
	}
}

// answered notes which response was read. It must be one that began behind its request.
func (r *zRun) answered(id string, status int) {
	a := r.peer.answers[id]
	if a == nil || a.status != status || a.sends != r.sends {
		r.Fatalf("request %d: response %s, status %d, was taken for its own: %+v", r.sends, id, status, a)
	}
	r.answer = a
}

// take goes on with an asynchronous response.
func (r *zRun) take(arg int) {
	a := r.cs.Async()
	over := false
	switch arg % 8 {
	case 0:
		for !over {
			over = r.event(a)
		}
	case 1:
		a.Pause()
		a.Resume()
	case 2:
		a.Stop()
		over = true
	default:
		over = r.event(a)
	}
	if !over {
		return
	}
	<-a.Done()
	before := r.cs
	r.cs = a.State()
	if s := r.cs.ResponseState(); s == hackney.StateAsync {
		r.Fatalf("the response is done, its state %v", r.cs)
	}
	r.follow(hackney.OpStreamBody, before, nil)
}

// event takes an event, and says whether it was the last.
func (r *zRun) event(a *hackney.AsyncResponse) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 4*wiretest.Patience)
	defer cancel()
	e, err := a.Next(ctx)
	if ctx.Err() != nil {
		r.Fatal("the event did not come")
	}
	r.log = append(r.log, fmt.Sprint(e.Kind, e.Status, e.Reason, e.Headers, string(e.Chunk), err))
	if e.Ref != a.Ref() {
		r.Fatalf("an event of %d, want %d", e.Ref, a.Ref())
	}
	r.typed(hackney.OpStreamBody, err)
	if e.Kind == hackney.EventHeaders && e.Headers.Has("X-Id") {
		r.answered(e.Headers.Get("X-Id"), r.peer.answers[e.Headers.Get("X-Id")].status)
	}
	r.read += string(e.Chunk)
	switch {
	case r.answer == nil:
	case !strings.HasPrefix(r.answer.body, r.read), e.Kind == hackney.EventDone && r.read != r.answer.body:
		r.Fatalf("%q was read of %q, %v", r.read, r.answer.body, e.Kind)
	}
	return e.Kind == hackney.EventDone || err != nil
}

// close leaves the present client.
func (r *zRun) close() {
	before := r.cs
	var err error
	r.cs, err = hackney.Close(before)
	if err != nil || r.cs.ConnectionState() != hackney.Closed || r.cs.ResponseState() != hackney.StateStart {
		r.Fatalf("Close: %v, %v", r.cs, err)
	}
	r.closedAsync(before)
}

// closedAsync waits until the goroutine behind a state in async, which was closed, has ended. What the
// first Close gave depends on whether it had already; what another one gives does not.
func (r *zRun) closedAsync(before hackney.ClientState) {
	if a := before.Async(); a != nil {
		<-a.Done()
		r.cs, _ = hackney.Close(before)
	}
}

// nothingLeft looks for what the run has left behind.
func (r *zRun) nothingLeft() {
	if p := r.opts.Pool; p != nil {
		s := p.Stats()
		if s.InUse != 0 || s.Dialing != 0 || s.Waiting != 0 || s.Opened+s.CheckedIn != uint64(s.Idle)+s.Discarded+s.Evicted.Total() {
			r.Errorf("the pool at the end: %+v", s)
		}
		open := 0
		for _, c := range r.peer.conns {
			if !c.isClosed() {
				open++
			}
		}
		if open != s.Idle {
			r.Errorf("%d connections are open, %d in the pool", open, s.Idle)
		}
		p.Close()
	}
	for i, c := range r.peer.conns {
		if !c.isClosed() {
			r.Errorf("connection %d is left open", i)
		}
	}
}

// call makes one call. data are the body bytes that it gave.
func (r *zRun) call(ctx context.Context, op hackney.Op, cs hackney.ClientState, arg int) (next hackney.ClientState, data string, err error) {
	switch op {
	case hackney.OpSendRequest:
		next, err = hackney.SendRequest(ctx, cs, zRequest(arg))
	case hackney.OpStreamRequestBody:
		next, err = hackney.StreamRequestBody(ctx, cs, zPayloads(arg))
	case hackney.OpStreamMultipartRequest:
		next, err = hackney.StreamMultipartRequest(ctx, cs, zParts[arg%len(zParts)])
	case hackney.OpStreamHeader:
		_, _, next, err = hackney.StreamHeader(ctx, cs)
	case hackney.OpSetSockopts:
		next, err = cs, hackney.SetSockopts(cs, func(net.Conn) error { return nil })
	case hackney.OpHijack:
		next, err = r.hijack(cs)
	case hackney.OpCopyBody:
		w := &zWriter{room: 1 << (arg & 0x0f)}
		_, next, err = hackney.CopyBody(ctx, cs, w)
		data = w.b.String()
	case hackney.OpStreamBody, hackney.OpBody, hackney.OpBodyMax, hackney.OpSkipBody, hackney.OpBodyReader:
		data, next, err = zRead(ctx, op, cs, arg)
	default:
		next, err = mOps[op](ctx, cs)
	}
	return next, data, err
}

// zRead reads with one of the operations that take any size.
func zRead(ctx context.Context, op hackney.Op, cs hackney.ClientState, arg int) (string, hackney.ClientState, error) {
	switch op {
	case hackney.OpBodyMax:
		b, next, err := hackney.BodyMax(ctx, cs, int64(arg))
		return string(b), next, err
	case hackney.OpBodyReader:
		p := make([]byte, 1+arg*arg)
		r := hackney.NewBodyReader(ctx, cs)
		n, err := r.Read(p)
		return string(p[:n]), r.State(), err
	}
	return mReadBody(ctx, op, cs)
}

// hijack takes the connection and closes it. What is left is good for Close, and closed.
func (r *zRun) hijack(cs hackney.ClientState) (hackney.ClientState, error) {
	conn, _, err := hackney.Hijack(cs)
	if err != nil {
		return cs, err
	}
	conn.Close()
	return hackney.Close(cs)
}

// zWriter takes so many bytes, then fails.
type zWriter struct {
	b    strings.Builder
	room int
}

func (w *zWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.room-w.b.Len())
	w.b.Write(p[:n])
	if n < len(p) {
		return n, errors.New("the writer is full")
	}
	return n, nil
}

// zRequest is a request that is made of a few bits.
func zRequest(arg int) hackney.Req {
	req := hackney.Req{Method: []string{"GET", "HEAD", "POST", "PUT"}[arg&3], Path: "/p", Payload: zPayloads(arg >> 1)}
	if arg&0x20 != 0 {
		req.Headers = headers.New("Expect", "100-continue", "X-Id", "none")
	}
	switch arg & 0x1c {
	case 0x00:
		req.Method, req.Payload = "GET", nil
	case 0x04:
		req.Payload = nil
	case 0x08, 0x0c:
		req.Payload = hackney.Stream
	case 0x10:
		req.Payload, req.Method = hackney.StreamMultipart(-1, "B"), "POST"
	}
	return req
}

func zPayloads(arg int) hackney.Payload {
	switch arg & 0x07 {
	case 0:
		return nil
	case 1:
		return hackney.Text("")
	case 2:
		return wPieces(io.EOF, "fun", "ction")
	case 3:
		return hackney.FromReader(strings.NewReader("reader"), 6)
	case 4:
		return wPieces(io.ErrNoProgress, "fault")
	case 5:
		return hackney.Text(strings.Repeat("large ", 4000))
	case 6:
		return hackney.FromReader(strings.NewReader("short"), 7)
	}
	return hackney.Bytes([]byte("bytes"))
}

var zParts = []multipart.Part{multipart.Value("n", "v"), multipart.EOF, multipart.Content("f", "f.txt", []byte("content")), {}}

// zSeeds lead into some of the rooms that the fuzzer then explores; more are kept in testdata/fuzz. Two
// bytes are a call, 01 00 a GET in start; the peer's first byte is for the dial, then three are a response.
var zSeeds = []struct {
	name  string
	opts  byte
	calls string
	peer  string
}{
	{"a body", 0x00, "\x01\x00\x02\x00", "\x00\x00\x20\x00"},
	{"a body that is interrupted, read again", 0x00, "\x01\x00\x02\x00\x02\x00\x02\x00", "\x00\x00\x20\x60"},
	{"the same by the end of a context, in chunks", 0x01, "\x01\x00\x02\x02\x02\x02\x02\x00", "\x00\x10\x30\x60"},
	{"a body until a reset (C17)", 0x00, "\x01\x00\x02\x00", "\x00\x30\x20\x81"},
	{"a body until the connection ends", 0x00, "\x01\x00\x02\x00", "\x00\x30\x20\x00"},
	{"bytes behind a response, then another request", 0x01, "\x01\x00\x02\x00\x01\x00\x02\x00", "\x00\xf0\x20\x00\x00\x00\x20\x00"},
	{"Expect, and a final answer at once (C18)", 0x01, "\x01\xf4\x02\x00\x01\x00", "\x00\xd0\x10\x00\x00\x00\x10\x00"},
	{"redirects with a pool of one (C42)", 0x05, "\x01\x00\x02\x00", "\x00\x80\x10\x00\x90\x10\x00\x00\x00\x10\x00"},
	{"asynchronous, all events", 0x03, "\x01\x00\x10\x00\x01\x00", "\x00\x20\x30\x00"},
	{"closed while it reads", 0x01, "\x01\x00\x02\x00", "\x00\x0d"},
	{"calls that are not legal between those that are", 0x01, "\xe5\x00\x01\x00\xe1\x00\xc2\x00\xe9\x00\x02\x00\xc9\x00\xc3\x00\xf3\x00", "\x00\x00\x20\x00"},
}
