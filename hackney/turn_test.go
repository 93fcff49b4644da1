package hackney

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// mUntil polls until cond holds, and fails the test when that takes too long.
func mUntil(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(4 * wiretest.Patience); !cond(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// mConnect gives a state on a connection to srv that is closed when the test ends.
func mConnect(t testing.TB, srv *wiretest.Server, over transport.Transport) ClientState {
	t.Helper()
	o := &Opts{}
	if over == transport.TLS {
		o.TLS = &tls.Config{RootCAs: srv.CertPool()}
	}
	cs, err := Connect(context.Background(), over, srv.Host(), srv.Port(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Close(cs) })
	return cs
}

func mMust(t testing.TB) func(ClientState, error) ClientState {
	return func(cs ClientState, err error) ClientState {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return cs
	}
}

// mStale fails the test unless err says that usedBy has used the state.
func mStale(t *testing.T, err error, op, usedBy Op) {
	t.Helper()
	var e *StateError
	if !errors.Is(err, ErrStale) || !errors.As(err, &e) || e.Op != op || e.UsedBy != usedBy {
		t.Errorf("%v: error %v, want that it was used by %v", op, err, usedBy)
	}
}

// mCalls are the calls of the operations that claim, by response state.
var mCalls = map[ResponseState]map[Op]func(ClientState) (ClientState, error){
	StateStream: {
		OpStreamRequestBody: func(cs ClientState) (ClientState, error) {
			return StreamRequestBody(context.Background(), cs, Text("stale"))
		},
		OpEndStreamRequestBody: func(cs ClientState) (ClientState, error) { return EndStreamRequestBody(context.Background(), cs) },
		OpStartResponse:        func(cs ClientState) (ClientState, error) { return StartResponse(context.Background(), cs) },
		OpStreamStatus:         func(cs ClientState) (ClientState, error) { return StreamStatus(context.Background(), cs) },
		OpHandoff:              Handoff,
		OpSetSockopts: func(cs ClientState) (ClientState, error) {
			return cs, SetSockopts(cs, func(net.Conn) error { return errors.New("called") })
		},
	},
	StateOnBody: {
		OpStreamBody: func(cs ClientState) (ClientState, error) {
			b, cs, err := StreamBody(context.Background(), cs)
			return cs, mNoBytes(b, err)
		},
		OpBody: func(cs ClientState) (ClientState, error) {
			b, cs, err := Body(context.Background(), cs)
			return cs, mNoBytes(b, err)
		},
		OpBodyMax: func(cs ClientState) (ClientState, error) {
			b, cs, err := BodyMax(context.Background(), cs, 1)
			return cs, mNoBytes(b, err)
		},
		OpSkipBody: func(cs ClientState) (ClientState, error) { return SkipBody(context.Background(), cs) },
		OpCopyBody: func(cs ClientState) (ClientState, error) {
			n, cs, err := CopyBody(context.Background(), cs, io.Discard)
			return cs, mNoBytes(make([]byte, n), err)
		},
		OpBodyReader: func(cs ClientState) (ClientState, error) {
			var p [4]byte
			r := NewBodyReader(context.Background(), cs)
			n, err := r.Read(p[:])
			return r.State(), mNoBytes(p[:n], err)
		},
		OpHandoff: Handoff,
	},
	StateDone: {
		OpSendRequest: func(cs ClientState) (ClientState, error) {
			return SendRequest(context.Background(), cs, Req{Path: "/stale"})
		},
		OpHijack: func(cs ClientState) (ClientState, error) {
			conn, _, err := Hijack(cs)
			if conn != nil {
				err = errors.New("it gave the connection away")
			}
			return cs, err
		},
		OpHandoff: Handoff,
	},
}

func init() {
	for _, op := range []Op{OpStreamBody, OpBody, OpBodyMax, OpSkipBody, OpCopyBody, OpBodyReader} {
		mCalls[StateDone][op] = mCalls[StateOnBody][op]
	}
}

func mNoBytes(b []byte, err error) error {
	if len(b) > 0 {
		return errors.New("it read bytes")
	}
	return err
}

// TestCopyUsedTwice uses old copies all the way through two exchanges: each is
// refused by the name of the operation that used it, and nothing is read or written.
func TestCopyUsedTwice(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	must, ctx := mMust(t), context.Background()
	refused := func(old ClientState, usedBy Op) {
		t.Helper()
		for op, call := range mCalls[old.ResponseState()] {
			next, err := call(old)
			mStale(t, err, op, usedBy)
			if next != old {
				t.Errorf("%v: stale, but the state has changed to %v", op, next)
			}
		}
	}

	old := must(SendRequest(ctx, mConnect(t, srv, transport.TCP), Req{Method: "POST", Payload: Stream}))
	cs := must(StreamRequestBody(ctx, old, Text("one")))
	refused(old, OpStreamRequestBody)
	old, cs = cs, must(Handoff(cs))
	refused(old, OpHandoff)
	old, cs = cs, must(StartResponse(ctx, cs))
	refused(old, OpStartResponse)

	old = cs
	chunk, cs, err := StreamBody(ctx, cs)
	if string(chunk) != "abc" || err != nil {
		t.Fatalf("%q, %v", chunk, err)
	}
	refused(old, OpStreamBody)
	old = cs
	body, cs, err := Body(ctx, cs)
	if string(body) != "de" || err != nil {
		t.Fatalf("%q, %v", body, err)
	}
	refused(old, OpBody)

	old, cs = cs, must(SendRequest(ctx, cs, Req{Path: "/two"}))
	refused(old, OpSendRequest)
	if body, cs, err = Body(ctx, cs); string(body) != "ok" || err != nil {
		t.Fatalf("%q, %v", body, err)
	}
	Close(cs)
	srv.WaitClosed(0)
	msgs := srv.Requests(0)
	if len(msgs) != 2 || string(msgs[0].Body) != "one" || msgs[1].RequestLine() != "GET /two HTTP/1.1" {
		t.Errorf("the server received %q", srv.Received(0))
	}
}

// TestStaleWhileClaimed uses a copy while another operation is under way with it.
func TestStaleWhileClaimed(t *testing.T) {
	cs := mConnect(t, wiretest.New(t, wiretest.Conn{}), transport.TCP)
	err := SetSockopts(cs, func(net.Conn) error {
		_, err := Handoff(cs)
		mStale(t, err, OpHandoff, OpSetSockopts)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := Handoff(cs); err != nil {
		t.Errorf("the turn was not given back: %v", err)
	}
}

func TestStaleText(t *testing.T) {
	e := &StateError{Op: OpStreamBody, State: StateOnBody, UsedBy: OpBody, Err: ErrStale}
	const want = "StreamBody: the state (on_body) was already used by Body; go on with the state that returned (is it shadowed by a := in an inner block?)"
	if e.Error() != want {
		t.Errorf("%q", e)
	}
}

// mRace has eight goroutines call with the same copy at once. Exactly one wins.
func mRace(t *testing.T, cs ClientState, op Op, call func(ClientState) (ClientState, error)) (won ClientState) {
	t.Helper()
	var (
		wins  atomic.Int32
		start = make(chan struct{})
		all   sync.WaitGroup
	)
	for range 8 {
		all.Go(func() {
			<-start
			next, err := call(cs)
			if err == nil {
				wins.Add(1)
				won = next
				return
			}
			mStale(t, err, op, op)
		})
	}
	close(start)
	all.Wait()
	if n := wins.Load(); n != 1 {
		t.Fatalf("%d of 8 have won", n)
	}
	return won
}

func TestOneOfEightWins(t *testing.T) {
	cs := mConnect(t, wiretest.New(t, wiretest.Conn{}), transport.TCP)
	for range 1000 {
		cs = mRace(t, cs, OpHandoff, Handoff)
	}
}

// TestOneOfEightReads races for the chunks of a body: they come in order, none
// twice and none torn.
func TestOneOfEightReads(t *testing.T) {
	const rounds = 200
	wire := strings.Repeat("4\r\nabcd\r\n", rounds) + "0\r\n\r\n"
	srv := wiretest.New(t, wiretest.Conn{{Wait: wiretest.Request, Send: wiretest.Text(
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire[:999], wire[999:])}})
	cs := mMust(t)(SendRequest(context.Background(), mConnect(t, srv, transport.TCP), Req{}))
	body := ""
	for cs.ResponseState() == StateOnBody {
		cs = mRace(t, cs, OpStreamBody, func(cs ClientState) (ClientState, error) {
			b, next, err := StreamBody(context.Background(), cs)
			if err == io.EOF { // the end is read once, too
				err = nil
			}
			if err == nil {
				body += string(b) // by the winner alone
			}
			return next, err
		})
	}
	if body != strings.Repeat("abcd", rounds) {
		t.Errorf("%d bytes, %q…", len(body), body[:min(len(body), 20)])
	}
}

// mCloses counts the calls of Close.
type mCloses struct {
	net.Conn
	n atomic.Int32
}

func (c *mCloses) Close() error {
	c.n.Add(1)
	return c.Conn.Close()
}

// mHandle gives a handle whose connection leads nowhere.
func mHandle(t testing.TB) (*handle, *mCloses) {
	near, far := net.Pipe()
	conn := &mCloses{Conn: near}
	t.Cleanup(func() { near.Close(); far.Close() })
	return newHandle(newCore(conn, &link{origin: place{transport.TCP, "h", 80}.origin()}, nil)), conn
}

// mLease gives the state of who borrows the connection of h next.
func mLease(h *handle, lease uint64) ClientState {
	t := packTurn(OpConnect, 0, lease)
	h.word.Store(uint64(t))
	return ClientState{handle: h, link: h.link, turn: t, connection: Connected}
}

// TestStaleCloseMissesTheNextBorrower closes states of older leases in a tight
// loop, while the connection goes from one borrower to the next and each works.
func TestStaleCloseMissesTheNextBorrower(t *testing.T) {
	const leases = 20_000
	h, conn := mHandle(t)
	var (
		newest atomic.Pointer[ClientState] // of the lease before
		over   = make(chan struct{})
		all    sync.WaitGroup
	)
	first := mLease(h, 1)
	cs := mLease(h, 2)
	newest.Store(&first)
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					Close(*newest.Load())
				}
			}
		})
	}
	for lease := uint64(3); lease < leases; lease++ {
		next, err := Handoff(cs)
		if err != nil || next.connection != Connected {
			t.Errorf("lease %d: %v, %v", lease, next, err)
			break
		}
		cs = mLease(h, lease)
		newest.Store(&next)
	}
	close(over)
	all.Wait()
	if n := conn.n.Load(); n != 0 {
		t.Errorf("closed %d times by old leases", n)
	}
	if next, err := Close(cs); err != nil || next.connection != Closed || conn.n.Load() != 1 {
		t.Errorf("its own Close: %v, %v, closed %d times", next, err, conn.n.Load())
	}
}

// TestCloseAgainstCheckIn closes at the moment of a check-in. One of the two comes
// first: never is the connection closed that was handed on.
func TestCloseAgainstCheckIn(t *testing.T) {
	h, _ := mHandle(t)
	const rounds = 10_000
	var (
		given  atomic.Pointer[ClientState]
		closed = make(chan struct{})
	)
	var closer sync.WaitGroup
	defer closer.Wait()
	closer.Go(func() {
		for range rounds {
			for given.Load() == nil {
				runtime.Gosched()
			}
			Close(*given.Swap(nil))
			closed <- struct{}{}
		}
	})
	wait := 0
	for lease := range uint64(rounds) {
		cs := mLease(h, lease)
		given.Store(&cs)
		for range wait {
			h.word.Load()
		}
		next := packTurn(OpConnect, 0, lease+1)
		won := h.word.CompareAndSwap(uint64(cs.turn), uint64(next))
		<-closed
		if won { // seek the moment at which either may win
			wait++
		} else {
			wait = max(wait-1, 0)
		}
		if now := turn(h.word.Load()); won && now != next || !won && now != cs.turn|closedBit {
			t.Errorf("lease %d: checked in %v, and the word is %x", lease, won, now)
		}
	}
}

// TestStaleCloseInTheMiddle closes an older lease while an operation of the
// present one is under way.
func TestStaleCloseInTheMiddle(t *testing.T) {
	h, conn := mHandle(t)
	old := mLease(h, 7)
	cs := mLease(h, 8)
	err := SetSockopts(cs, func(net.Conn) error { _, err := Close(old); return err })
	if err != nil || conn.n.Load() != 0 {
		t.Errorf("%v, closed %d times", err, conn.n.Load())
	}
	if _, err := Handoff(cs); err != nil {
		t.Error(err)
	}
	Close(cs)
}

// TestTurnPacking holds that the parts of the word do not touch each other.
func TestTurnPacking(t *testing.T) {
	for _, n := range []uint64{0, 1, leaseMask - 1, leaseMask} {
		w := packTurn(OpClose, n, leaseMask-n)
		if w.op() != OpClose || w.count() != n || w.lease() != leaseMask-n || w&(closedBit|claimedBit) != 0 {
			t.Errorf("%d: %x", n, w)
		}
		next := w.next(OpBody)
		if next.op() != OpBody || next.count() != (n+1)&countMask || next.lease() != w.lease() {
			t.Errorf("behind %x: %x", w, next)
		}
		if by := w.claimedBy(OpBody); by&claimedBit == 0 || by.count() != n || by.lease() != w.lease() || by == next {
			t.Errorf("claimed: %x", by)
		}
	}
}

func TestCloseTwice(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	first := mConnect(t, srv, transport.TCP)
	cs := mMust(t)(SendRequest(context.Background(), first, Req{}))
	closed := mMust(t)(Close(first)) // a copy of an old turn of the same lease
	if end := srv.WaitClosed(0); end != wiretest.ClientClosed {
		t.Errorf("the connection ended: %v", end)
	}
	for _, old := range []ClientState{closed, cs, first, cs} {
		next, err := Close(old)
		if err != nil || next.ConnectionState() != Closed || next.ResponseState() != StateStart {
			t.Errorf("again: %v, %v", next, err)
		}
	}
	if _, _, err := Body(context.Background(), cs); !errors.Is(err, ErrClosed) {
		t.Errorf("Body behind Close: %v", err)
	}
}

// mBlocked are operations that block for as long as the peer is silent.
var mBlocked = map[string]struct {
	script wiretest.Conn
	enter  func(context.Context, ClientState) (ClientState, error)
	block  func(context.Context, ClientState) (ClientState, error)
}{
	"SendRequest": {
		script: wiretest.Conn{wiretest.On(wiretest.Request)},
		block: func(ctx context.Context, cs ClientState) (ClientState, error) {
			return SendRequest(ctx, cs, Req{})
		},
	},
	"Body": {
		script: wiretest.Conn{wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")},
		enter: func(ctx context.Context, cs ClientState) (ClientState, error) {
			return SendRequest(ctx, cs, Req{})
		},
		block: func(ctx context.Context, cs ClientState) (ClientState, error) {
			_, next, err := Body(ctx, cs)
			return next, err
		},
	},
	"StartResponse": {
		script: wiretest.Conn{wiretest.On(wiretest.Request, "HTTP/1.1 200")},
		enter:  mUpload,
		block:  StartResponse,
	},
	"StreamRequestBody": {
		script: wiretest.Conn{wiretest.On(wiretest.Head), wiretest.Say().ThenStall(), wiretest.On(wiretest.Body)},
		enter:  mUpload,
		block: func(ctx context.Context, cs ClientState) (ClientState, error) {
			return StreamRequestBody(ctx, cs, Bytes(make([]byte, 32<<20)))
		},
	},
}

func mUpload(ctx context.Context, cs ClientState) (ClientState, error) {
	return SendRequest(ctx, cs, Req{Method: "POST", Payload: Stream})
}

// mBlock runs a blocking operation beside the test. The script of a Stall ends
// with a step that a closed connection makes impossible.
func mBlock(t *testing.T, name string, over transport.Transport, ctx context.Context) (cs ClientState, result <-chan error) {
	t.Helper()
	c := mBlocked[name]
	script := c.script
	if name == "StreamRequestBody" { // reading never goes on
		script = append(script[:2:2], wiretest.Say().Gated(make(chan struct{})).ThenStall())
	}
	srv := wiretest.Start(t, wiretest.Options{TLS: over == transport.TLS}, script)
	cs = mConnect(t, srv, over)
	if c.enter != nil {
		cs = mMust(t)(c.enter(ctx, cs))
	}
	done := make(chan error, 1)
	go func() {
		next, err := c.block(ctx, cs)
		if err != nil && next.ResponseState() == StateFailed && next.ConnectionState() != Closed {
			err = nil // told as an error by who waits
		}
		Close(next)
		done <- err
	}()
	mUntil(t, "the claim", func() bool { return turn(cs.handle.word.Load())&claimedBit != 0 })
	return cs, done
}

// TestCloseUnderAnOperation ends blocked operations from another goroutine.
func TestCloseUnderAnOperation(t *testing.T) {
	for _, over := range []transport.Transport{transport.TCP, transport.TLS} {
		for name := range mBlocked {
			t.Run(over.Scheme()+"/"+name, func(t *testing.T) {
				cs, result := mBlock(t, name, over, context.Background())
				h := cs.handle
				if closed, err := Close(cs); err != nil || closed.ConnectionState() != Closed {
					t.Errorf("Close: %v, %v", closed, err)
				}
				err := <-result
				if !errors.Is(err, ErrClosed) || BlameOf(err) != BlameCaller {
					t.Errorf("the operation ended with %v", err)
				}
				if h.work != nil {
					t.Error("the handle still holds its buffer")
				}
			})
		}
	}
}

// TestCloseAgainstCommit closes at any moment of short operations. Whatever comes
// first, there is no race for the handle's memory and the socket is closed.
func TestCloseAgainstCommit(t *testing.T) {
	for range 300 {
		srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
		cs := mConnect(t, srv, transport.TCP)
		var all sync.WaitGroup
		all.Go(func() {
			next, err := SendRequest(context.Background(), cs, Req{})
			if err == nil {
				_, next, err = Body(context.Background(), next)
			}
			if err == nil && next.connection == Connected {
				_, err = Handoff(next)
			}
			if err == nil && next.connection == Connected && turn(next.handle.word.Load())&closedBit == 0 {
				t.Log("all done before the Close")
			}
		})
		all.Go(func() { Close(cs) })
		all.Wait()
		srv.WaitClosed(0)
		srv.Close()
	}
}
