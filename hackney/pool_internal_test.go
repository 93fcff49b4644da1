package hackney

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"weak"

	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

const (
	lOK   = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	lPart = "HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\nok"
)

// lEven holds that all slots of a pool are back, and each connection was accounted for once.
func lEven(t testing.TB, p *pool.Pool) {
	t.Helper()
	s := p.Stats()
	if s.InUse|s.Dialing|s.Waiting != 0 || s.Opened != uint64(s.Idle)+s.Discarded+s.Evicted.Total() {
		t.Errorf("a slot was lost or given back twice: %+v", s.Counts)
	}
}

func lPool(t *testing.T, o pool.Opts) *Opts {
	t.Helper()
	p := pool.New(o)
	t.Cleanup(func() {
		lEven(t, p)
		p.Close()
	})
	return &Opts{Pool: p, CheckoutTimeout: Infinite}
}

// TestForgottenBodyFreesItsSlot forgets states whose body nobody has read: the collector
// closes their connections, and those who wait get the slots.
func TestForgottenBodyFreesItsSlot(t *testing.T) {
	const n = 3
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // the collector is not to come before somebody waits
	srv := wiretest.New(t, wiretest.Replies(lPart), wiretest.Replies(lPart), wiretest.Replies(lPart), wiretest.Replies(lOK))
	o := lPool(t, pool.Opts{MaxPerHost: n})
	for range n {
		lForget(t, srv, o)
	}
	got := make(chan error, 1)
	go func() {
		cs, err := Get(context.Background(), srv.URL("/"), nil, nil, o)
		if err == nil {
			_, _, err = Body(context.Background(), cs)
		}
		got <- err
	}()
	mUntil(t, "a wait", func() bool { return o.Pool.Stats().Waits == 1 })
	mUntil(t, "the collector", func() bool { runtime.GC(); return len(got) == 1 && o.Pool.Stats().InUse == 0 })
	if err := <-got; err != nil {
		t.Error(err)
	}
	for i := range n {
		srv.WaitClosed(i)
	}
	if s := o.Pool.Stats(); s.Discarded != n || s.Waits != 1 {
		t.Errorf("%d were discarded, %d waited", s.Discarded, s.Waits)
	}
}

// lForget leaves an exchange in its body.
//
//go:noinline
func lForget(t *testing.T, srv *wiretest.Server, o *Opts) {
	cs, err := Get(context.Background(), srv.URL("/"), nil, nil, o)
	if err == nil {
		_, _, err = StreamBody(context.Background(), cs)
	}
	if err != nil {
		t.Error(err)
	}
}

// TestPanicWithoutAState holds that a Request that never returned costs no slot for good:
// nobody has a state to close.
func TestPanicWithoutAState(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head)})
	o := lPool(t, pool.Opts{MaxPerHost: 1})
	func() {
		defer func() {
			if recover() != "payload" {
				t.Error("the panic did not come through")
			}
		}()
		Post(context.Background(), srv.URL("/"), nil, Func(func() ([]byte, error) { panic("payload") }), o)
	}()
	mUntil(t, "the collector", func() bool { runtime.GC(); return o.Pool.Stats().InUse == 0 })
	srv.WaitClosed(0)
}

// TestPooledCopyPinsItsConnection is the named limit: an old copy of the same lease holds
// the connection, and Close by it lets go.
func TestPooledCopyPinsItsConnection(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(lPart))
	o := lPool(t, pool.Opts{})
	old := mMust(t)(Get(context.Background(), srv.URL("/"), nil, nil, o))
	if _, _, err := StreamBody(context.Background(), old); err != nil {
		t.Fatal(err)
	}
	c := weak.Make(old.handle.core)
	mCleanups()
	if o.Pool.Stats().InUse != 1 || srv.Ended(0) != wiretest.Open {
		t.Error("the connection is gone although a copy of its lease is kept")
	}
	Close(old)
	srv.WaitClosed(0)
	lEven(t, o.Pool)
	old = ClientState{}
	mUntil(t, "the collector", func() bool { runtime.GC(); return c.Value() == nil })
	runtime.KeepAlive(old)
}

// TestFormerLeasePinsNothing keeps all states of an exchange that is over: its connection,
// which the pool lets go, is collected.
func TestFormerLeasePinsNothing(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(lOK))
	o := lPool(t, pool.Opts{})
	old := mMust(t)(Get(context.Background(), srv.URL("/"), nil, nil, o))
	c := weak.Make(old.handle.core)
	done := mMust(t)(SkipBody(context.Background(), old))
	o.Pool.SetMax(0) // the default
	o.Pool.SetTimeout(1)
	srv.WaitClosed(0)
	mUntil(t, "the collector", func() bool { runtime.GC(); return c.Value() == nil })
	runtime.KeepAlive(old)
	runtime.KeepAlive(done)
}

// TestHandleOfAnotherConnection brings a handle to a connection of another pool: states of
// its former lease are stale, and touch nothing.
func TestHandleOfAnotherConnection(t *testing.T) {
	first := wiretest.New(t, wiretest.Replies(lOK))
	second := wiretest.New(t, wiretest.Replies(lOK))
	o1, o2 := lPool(t, pool.Opts{}), lPool(t, pool.Opts{})
	must, ctx := mMust(t), context.Background()
	start := must(Connect(ctx, transport.TCP, first.Host(), first.Port(), o1))
	body := must(SendRequest(ctx, start, Req{}))
	must(SkipBody(ctx, body))

	h := lTake(t, start.handle)
	conn, err := net.Dial("tcp4", second.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c, err := o2.Pool.Checkout(ctx, pool.Key{Transport: transport.TCP, Host: second.Host(), Port: second.Port()}, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.Opened(conn)
	made := newCore(conn, &link{origin: start.link.origin}, nil)
	made.pooled = c
	h.core = made
	h.anchor.core.Store(made)
	h.tcp, _ = conn.(*net.TCPConn)
	h.idleSince = clock()
	a := operation{op: OpConnect, cs: ClientState{opts: o2}}
	a.adopt(h, &start.link.place)
	if err := a.commit(nil); err != nil {
		t.Fatal(err)
	}
	next := a.cs

	for op, call := range mCalls[StateDone] {
		for _, old := range []ClientState{start, body} {
			if _, err := call(old); err == nil && op != OpStreamBody {
				t.Errorf("%v of a former lease: no error", op)
			}
		}
	}
	for op, call := range mCalls[StateOnBody] {
		if _, err := call(body); !errors.Is(err, ErrStale) {
			t.Errorf("%v of a former lease: %v", op, err)
		}
	}
	if _, err := SendRequest(ctx, start, Req{}); !errors.Is(err, ErrStale) {
		t.Errorf("SendRequest of a former lease: %v", err)
	}
	Close(start)
	Close(body)
	next = must(SendRequest(ctx, next, Req{}))
	if b, next, err := Body(ctx, next); string(b) != "ok" || err != nil || next.Kept() != KeptInPool {
		t.Errorf("%q, %v, kept: %v", b, err, next.Kept())
	}
	if n := len(second.Requests(0)); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// lTake takes h out of those that are free, as newHandle might; under the race detector
// they do not all stay there.
func lTake(t *testing.T, h *handle) *handle {
	t.Helper()
	if h.core != nil || turn(h.word.Load())&(closedBit|claimedBit) != 0 {
		t.Fatal("the handle was not left")
	}
	for range 1000 {
		if handles.Get().(*handle) == h {
			break
		}
	}
	return h
}

// TestStaleAfterCheckIn holds by which operation a state was used up whose connection has
// gone back to its pool.
func TestStaleAfterCheckIn(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(lOK))
	o := lPool(t, pool.Opts{})
	ctx := context.Background()
	cs := mMust(t)(Get(ctx, srv.URL("/"), nil, nil, o))
	done := mMust(t)(SkipBody(ctx, cs))
	for op, call := range mCalls[StateOnBody] {
		_, err := call(cs)
		var stale *StateError
		if !errors.As(err, &stale) || stale.Err != ErrStale || stale.UsedBy != OpSkipBody {
			t.Errorf("%v: %v, want that SkipBody has used it", op, err)
		}
	}
	if b, _, err := Body(ctx, done); len(b) != 0 || err != nil {
		t.Errorf("Body in done: %q, %v", b, err)
	}
	if again, _ := Close(cs); again.Kept() == KeptInPool || o.Pool.Size() != 1 {
		t.Errorf("Close of a former lease: %v, %d are idle", again.Kept(), o.Pool.Size())
	}
}

// lServe answers each request on loopback with its target, until the test ends.
func lServe(t *testing.T) (url string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			wg.Go(func() {
				defer c.Close()
				lAnswer(c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() }) // the pool closes what is open
	return "http://" + l.Addr().String()
}

// lAnswer relies on each request coming in one piece, as those without a body do.
func lAnswer(c net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		target := string(buf[4:n])
		for i := range target {
			if target[i] == ' ' {
				target = target[:i]
				break
			}
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: "+strconv.Itoa(len(target))+"\r\n\r\n"+target)
	}
}

// TestCloseAtCheckIn has a copy close its client while Body reads the last byte: the pool
// gets the connection or it is closed, never both, and the slot comes back once.
func TestCloseAtCheckIn(t *testing.T) {
	url := lServe(t)
	o := lPool(t, pool.Opts{MaxPerHost: 1})
	ctx := context.Background()
	var taken, closed int
	for range 3000 {
		cs := mMust(t)(Get(ctx, url+"/x", nil, nil, o))
		before := o.Pool.Stats().Discarded
		var read, shut ClientState
		var err error
		var b []byte
		var wg sync.WaitGroup
		wg.Go(func() { b, read, err = Body(ctx, cs) })
		wg.Go(func() { shut, _ = Close(cs) })
		wg.Wait()
		kept, inPool := read.Kept() == KeptInPool || shut.Kept() == KeptInPool, o.Pool.Size() == 1
		if gone := o.Pool.Stats().Discarded == before+1; kept != inPool || gone == inPool {
			t.Fatalf("kept %v, in the pool %v, closed %v", kept, inPool, gone)
		}
		switch {
		case err == nil && string(b) != "/x":
			t.Fatalf("body %q", b)
		case err != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrStale):
			t.Fatalf("error %v", err)
		}
		if inPool {
			taken++
		} else {
			closed++
		}
		Close(read)
		if lEven(t, o.Pool); t.Failed() {
			return
		}
	}
	t.Logf("%d went back to the pool, %d were closed", taken, closed)
}

// TestFormerLeasesTouchNothing has many goroutines use the states of their former leases,
// over and over, while others have the connections. Each request gets its own answer.
func TestFormerLeasesTouchNothing(t *testing.T) {
	const goroutines, rounds, slots = 24, 150, 4
	url := lServe(t)
	o := lPool(t, pool.Opts{MaxPerHost: slots})
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range rounds {
				path := "/" + strconv.Itoa(g) + "/" + strconv.Itoa(i)
				if err := lExchange(url+path, path, o); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if s := o.Pool.Stats(); s.Opened > slots || s.Discarded != 0 {
		t.Errorf("%d connections were opened, %d closed", s.Opened, s.Discarded)
	}
}

// lExchange makes a request, and uses all states of it once it is over.
func lExchange(url, want string, o *Opts) error {
	ctx := context.Background()
	start, err := Get(ctx, url, nil, nil, o)
	if err != nil {
		return err
	}
	body, err := Handoff(start)
	if err != nil {
		return err
	}
	b, _, err := Body(ctx, body)
	if err != nil || string(b) != want {
		return errors.Join(err, errors.New("got "+string(b)+", want "+want))
	}
	for _, old := range []ClientState{start, body} {
		forged := old // a copy in a state in which more is legal
		forged.response = StateStart
		for _, call := range mCalls[StateDone] {
			if _, err := call(forged); !errors.Is(err, ErrStale) && !errors.Is(err, ErrInvalidState) {
				return errors.Join(errors.New("a former lease was used"), err)
			}
		}
		for op, call := range mCalls[StateOnBody] {
			if _, err := call(old); !errors.Is(err, ErrStale) {
				return errors.Join(errors.New(op.String()+" of a former lease"), err)
			}
		}
		if next, err := Close(old); err != nil || next.Kept() == KeptInPool {
			return errors.New("Close of a former lease did something")
		}
	}
	return nil
}

// TestCloseUnderTheLastByte closes a client while its last byte is being handed out: the
// connection cannot go back, and the slot does once.
func TestCloseUnderTheLastByte(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(lOK))
	o := lPool(t, pool.Opts{MaxPerHost: 1})
	cs := mMust(t)(Get(context.Background(), srv.URL("/"), nil, nil, o))
	w := mWriter(func(b []byte) (int, error) {
		if shut, err := Close(cs); shut.Kept() != NotKeptOnClose || err != nil {
			t.Errorf("Close: %v, %v", shut.Kept(), err)
		}
		return len(b), nil
	})
	n, next, err := CopyBody(context.Background(), cs, w)
	if n != 2 || err != nil && !errors.Is(err, ErrClosed) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if next.Kept() == KeptInPool || err == nil && next.Kept() != NotKeptOnClose || o.Pool.Size() != 0 {
		t.Errorf("kept: %v; %d are idle", next.Kept(), o.Pool.Size())
	}
	srv.WaitClosed(0)
	lEven(t, o.Pool)
}

// TestIdleConnectionHoldsNoContext holds that a pool keeps nothing of the contexts of those
// who had its connections.
func TestIdleConnectionHoldsNoContext(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(lOK, lOK))
	o := lPool(t, pool.Opts{})
	if err := Prewarm(context.Background(), srv.URL("/"), 1, o); err != nil { // a dial has callbacks of its own
		t.Fatal(err)
	}
	for range 2 {
		ctx := mCount()
		cs := mMust(t)(Get(ctx, srv.URL("/"), nil, nil, o))
		ctx.want(t, "on_body", 1, 1)
		if cs = mMust(t)(SkipBody(ctx, cs)); cs.Kept() != KeptInPool {
			t.Errorf("kept: %v", cs.Kept())
		}
		ctx.want(t, "in the pool", 1, 0)
	}
}
