package hackney_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// pDefault gives the default pool, which is stopped when the test ends.
func pDefault(t *testing.T) *pool.Pool {
	t.Helper()
	p, ok := hackney.FindPool(hackney.DefaultPool)
	if !ok || p == nil {
		t.Fatal("there is no default pool")
	}
	t.Cleanup(func() { hackney.StopPool(hackney.DefaultPool) })
	return p
}

// pStart starts a pool, which is stopped when the test ends.
func pStart(t *testing.T, name string, o pool.Opts) *pool.Pool {
	t.Helper()
	p, err := hackney.StartPool(name, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hackney.StopPool(name) })
	return p
}

func TestP01_DefaultPool(t *testing.T) {
	p := pDefault(t)
	if again, _ := hackney.FindPool("default"); again != p {
		t.Error("a second look found another pool")
	}
	if p.Name() != "default" || p.Max() != 50 || p.Timeout() != 150*time.Second {
		t.Errorf("%q keeps %d for %v", p.Name(), p.Max(), p.Timeout())
	}
	if taken, err := hackney.StartPool("default", pool.Opts{MaxIdle: 1}); taken != p || err != hackney.ErrPoolExists {
		t.Errorf("it could be started once more: %v", err)
	}
	srv := wiretest.New(t, wiretest.Replies(wOK, wOK))
	for i := range 2 {
		pGet(t, srv.URL("/"), "ok", i > 0, &hackney.Opts{Pool: p})
	}
	if err := hackney.StopPool("default"); err != nil {
		t.Error(err)
	}
	srv.WaitClosed(0)
	if again, ok := hackney.FindPool("default"); !ok || again == p || again.Size() != 0 {
		t.Error("behind StopPool there is no new default pool")
	}
}

func TestP68_NamedPool(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK, wOK), wiretest.Replies(wOK))
	one, two := pStart(t, "one", pool.Opts{}), pStart(t, "two", pool.Opts{})
	found, ok := hackney.FindPool("one")
	if !ok || found != one {
		t.Fatal("the pool cannot be found by its name")
	}
	pGet(t, srv.URL("/"), "ok", false, &hackney.Opts{Pool: found})
	pGet(t, srv.URL("/"), "ok", false, &hackney.Opts{Pool: two})
	pGet(t, srv.URL("/"), "ok", true, &hackney.Opts{Pool: found})
	if one.Size() != 1 || two.Size() != 1 {
		t.Errorf("%d and %d are idle", one.Size(), two.Size())
	}
}

func TestP69_StartAndStop(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK), wiretest.Replies(wOK))
	if err := hackney.StopPool("mine"); err != hackney.ErrNoPool {
		t.Errorf("stopping what was never started: %v", err)
	}
	p := pStart(t, "mine", pool.Opts{IdleTimeout: time.Minute, MaxIdle: 7})
	if p.Timeout() != time.Minute || p.Max() != 7 {
		t.Errorf("it keeps %d for %v", p.Max(), p.Timeout())
	}
	if same, err := hackney.StartPool("mine", pool.Opts{}); same != p || err != hackney.ErrPoolExists {
		t.Errorf("a second start: %v", err)
	}
	o := &hackney.Opts{Pool: p}
	busy := wNew(t).request("GET", srv.URL("/"), nil, nil, o)
	pGet(t, srv.URL("/"), "ok", false, o)
	if err := hackney.StopPool("mine"); err != nil {
		t.Error(err)
	}
	srv.WaitClosed(1)
	if busy.wantBody("ok"); busy.Kept() != hackney.NotTakenClosed { // in use when the pool stopped
		t.Errorf("kept: %v", busy.Kept())
	}
	srv.WaitClosed(0)
	if _, ok := hackney.FindPool("mine"); ok {
		t.Error("it can still be found")
	}
	if err := hackney.StopPool("mine"); err != hackney.ErrNoPool {
		t.Errorf("stopped twice: %v", err)
	}
	if _, _, err := pWhole(t, "GET", srv.URL("/"), o); !errors.Is(err, pool.ErrClosed) {
		t.Errorf("a request through a stopped pool: %v", err)
	}
	pEven(t, p)
	if fresh := pStart(t, "mine", pool.Opts{}); fresh == p {
		t.Error("the name gives the stopped pool again")
	}
}

// TestP70_IdleTimeout runs in a bubble, whose minutes pass at once.
func TestP70_IdleTimeout(t *testing.T) {
	for _, set := range []time.Duration{0, 20 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			p := pPool(t, pool.Opts{IdleTimeout: set})
			ended := make(chan time.Time, 1)
			o := wPipe(t, func(c net.Conn) {
				wReadHead(c)
				io.WriteString(c, wOK)
				io.ReadAll(c)
				ended <- time.Now()
			})
			o.Pool = p
			pGet(t, "http://host.test/", "ok", false, o)
			idle := time.Now()
			want := 150 * time.Second
			if set > 0 {
				want = set
			}
			lasted := (<-ended).Sub(idle)
			if lasted < want || lasted > want+time.Second || p.Stats().Evicted.Expired != 1 {
				t.Errorf("it was kept for %v, want %v: %+v", lasted, want, p.Stats().Evicted)
			}
		})
	}
}

func TestP71_PoolSize(t *testing.T) {
	for _, test := range []struct{ set, want int }{{0, 50}, {2, 2}} {
		srv := wiretest.New(t, make([]wiretest.Conn, test.want+3)...)
		p := pPool(t, pool.Opts{MaxIdle: test.set})
		if err := hackney.Prewarm(t.Context(), srv.URL("/"), test.want+3, &hackney.Opts{Pool: p}); err != nil {
			t.Fatal(err)
		}
		if s := p.Stats(); s.Idle != test.want || s.Evicted.Full != 3 {
			t.Errorf("size %d: %d are idle, %d found no room", test.set, s.Idle, s.Evicted.Full)
		}
		pEven(t, p)
	}
}

func TestP72_LeavesByItself(t *testing.T) {
	for name, step := range map[string]wiretest.Step{
		"closed": wiretest.Say().ThenClose(), "reset": wiretest.Say().ThenReset(), "disturbed": wiretest.Say("HTTP/1.1 200"),
	} {
		for _, secure := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				gate := make(chan struct{})
				srv := wiretest.Start(t, wiretest.Options{TLS: secure}, wiretest.Conn{wiretest.Reply(wOK), step.Gated(gate)})
				p := pPool(t, pool.Opts{})
				pGet(t, srv.URL("/"), "ok", false, &hackney.Opts{Pool: p, Insecure: true})
				if p.Size() != 1 {
					t.Fatalf("%d are idle", p.Size())
				}
				close(gate)
				pUntil(t, "the connection to leave the pool", func() bool { return p.Size() == 0 })
				s := p.Stats().Evicted
				if disturbed := s.Disturbed == 1; s.Total() != 1 || name == "disturbed" && !disturbed {
					t.Errorf("it left as %+v", s)
				}
				srv.WaitClosed(0)
				pEven(t, p)
			})
		}
	}
}

func TestP73_DefaultPoolForAll(t *testing.T) {
	p := pDefault(t)
	srv := wiretest.New(t, wiretest.Replies(wOK), wiretest.Replies(wOK, wOK), wiretest.Replies(wOK), wiretest.Replies(wOK), wiretest.Replies(wOK))
	once := func(o *hackney.Opts, want hackney.Kept, reused bool) {
		t.Helper()
		cs := pGet(t, srv.URL("/"), "ok", reused, o)
		if cs.Kept() != want {
			t.Errorf("kept: %v, want %v", cs.Kept(), want)
		}
		hackney.Close(cs)
	}
	once(nil, hackney.KeptByClient, false) // it is off
	hackney.UseDefaultPool(true)
	t.Cleanup(func() { hackney.UseDefaultPool(false) })
	once(nil, hackney.KeptInPool, false)
	once(&hackney.Opts{}, hackney.KeptInPool, true)
	once(&hackney.Opts{Pool: pool.None}, hackney.KeptByClient, false)
	own := pPool(t, pool.Opts{})
	once(&hackney.Opts{Pool: own}, hackney.KeptInPool, false)
	if p.Size() != 1 || own.Size() != 1 {
		t.Errorf("%d are idle in the default pool, %d in another", p.Size(), own.Size())
	}
	hackney.UseDefaultPool(false)
	once(nil, hackney.KeptByClient, false)
}

func TestP74_ReadAndChange(t *testing.T) {
	srv := wiretest.New(t, make([]wiretest.Conn, 5)...)
	p := pPool(t, pool.Opts{MaxIdle: 4})
	if err := hackney.Prewarm(t.Context(), srv.URL("/"), 4, &hackney.Opts{Pool: p}); err != nil {
		t.Fatal(err)
	}
	key := pool.Key{Transport: transport.TCP, Host: srv.Host(), Port: srv.Port()}
	other := key
	other.Port++
	if p.Size() != 4 || p.SizeOf(key) != 4 || p.SizeOf(other) != 0 || p.Max() != 4 {
		t.Errorf("size %d, of the host %d, of another %d, at most %d", p.Size(), p.SizeOf(key), p.SizeOf(other), p.Max())
	}
	p.SetMax(2)
	if p.Size() != 2 || p.Max() != 2 {
		t.Errorf("after SetMax(2): size %d, at most %d", p.Size(), p.Max())
	}
	srv.WaitClosed(0) // those that came back first
	srv.WaitClosed(1)
	p.SetMax(10)
	if err := hackney.Prewarm(t.Context(), srv.URL("/"), 3, &hackney.Opts{Pool: p}); err != nil || p.Size() != 3 {
		t.Errorf("after SetMax(10): %d, %v", p.Size(), err)
	}
	p.SetTimeout(time.Nanosecond)
	if p.Size() != 0 || p.Timeout() != time.Nanosecond || p.Stats().Evicted.Expired != 3 {
		t.Errorf("after SetTimeout: size %d, %v, %+v", p.Size(), p.Timeout(), p.Stats().Evicted)
	}
	pEven(t, p)
}

func TestP75_KeyAndStop(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK, wOK, wOK), wiretest.Conn{}, wiretest.Conn{})
	p := pStart(t, "stops", pool.Opts{})
	o := &hackney.Opts{Pool: p, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, srv.Addr())
	}}
	for i, host := range []string{"name.test", "NAME.test", "Name.Test"} {
		cs := pGet(t, "http://"+host+"/", "ok", i > 0, o)
		if !strings.Contains(cs.URL(), host) {
			t.Errorf("the state names %s", cs.URL())
		}
	}
	if got := srv.Requests(0); got[0].Field("Host") != "name.test" || got[1].Field("Host") != "NAME.test" {
		t.Errorf("Host: %q, %q", got[0].Field("Host"), got[1].Field("Host"))
	}
	if hosts := p.Stats().Hosts; len(hosts) != 1 || hosts[0].Key.Host != "name.test" || hosts[0].Key.Transport != transport.TCP || hosts[0].Key.Port != 80 {
		t.Errorf("%+v", hosts)
	}
	if err := hackney.Prewarm(t.Context(), "http://name.test:81", 1, o); err != nil || p.Size() != 2 {
		t.Errorf("another port shares: %v", err)
	}
	if err := hackney.Prewarm(t.Context(), "http://other.test", 1, o); err != nil || p.Size() != 3 {
		t.Errorf("another host shares: %v", err)
	}
	if err := hackney.StopPool("stops"); err != nil || p.Size() != 0 {
		t.Errorf("%d are idle; %v", p.Size(), err)
	}
	for i := range 3 {
		srv.WaitClosed(i)
	}
}

func TestPrewarm(t *testing.T) {
	for _, secure := range []bool{false, true} {
		srv := wiretest.Start(t, wiretest.Options{TLS: secure}, wiretest.Replies(wOK), wiretest.Replies(wOK), wiretest.Replies(wOK))
		p := pPool(t, pool.Opts{MaxPerHost: 3})
		o := &hackney.Opts{Pool: p, Insecure: true}
		for _, n := range []int{0, 2, 1, 3, 3, 5} { // the pool has room for three
			if err := hackney.Prewarm(t.Context(), srv.URL("/"), n, o); err != nil {
				t.Fatal(err)
			}
		}
		if s := p.Stats(); s.Idle != 3 || s.Opened != 3 {
			t.Errorf("%d are idle, %d were opened, want 3", s.Idle, s.Opened)
		}
		var held []*wClient
		for range 3 {
			held = append(held, wNew(t).request("GET", srv.URL("/"), nil, nil, o))
		}
		for _, c := range held {
			c.wantBody("ok")
		}
		if srv.Conns() != 3 {
			t.Errorf("%d connections, want 3", srv.Conns())
		}
		pEven(t, p)
	}
	p := pPool(t, pool.Opts{})
	refused := errors.New("refused")
	o := &hackney.Opts{Pool: p, DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, refused }}
	if err := hackney.Prewarm(t.Context(), "http://host.test", 2, o); !errors.Is(err, refused) {
		t.Errorf("error %v", err)
	}
	for _, err := range []error{
		hackney.Prewarm(t.Context(), "ftp://host.test", 1, o), hackney.Prewarm(t.Context(), "http://host.test", 1, &hackney.Opts{Pool: pool.None}),
	} {
		wBlame(t, err, hackney.BlameCaller)
	}
	pEven(t, p)
}

func TestDrainWaitsForABody(t *testing.T) {
	gate := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(strings.TrimSuffix(wOK, "k")), wiretest.Say("k").Gated(gate)}, wiretest.Conn{})
	p := pPool(t, pool.Opts{})
	o := &hackney.Opts{Pool: p}
	c := wNew(t).request("GET", srv.URL("/"), nil, nil, o)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	var pe *hackney.PoolError
	if err := p.Drain(over); !errors.As(err, &pe) || !errors.Is(err, context.Canceled) || pe.InUse != 1 {
		t.Errorf("with a context that is over: %v", err)
	}
	if _, _, err := pWhole(t, "GET", srv.URL("/"), o); !errors.Is(err, pool.ErrDraining) {
		t.Errorf("while it drains: %v", err)
	}
	drained := make(chan error, 1)
	go func() { drained <- p.Drain(c.ctx) }()
	close(gate)
	if c.wantBody("ok"); c.Kept() != hackney.NotTakenClosed {
		t.Errorf("kept: %v", c.Kept())
	}
	if err := wBounded(t, drained); err != nil {
		t.Error(err)
	}
	if srv.Conns() != 1 {
		t.Errorf("%d connections", srv.Conns())
	}
	pEven(t, p)
}

func TestHijackGivesTheSlotBack(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.Reply("HTTP/1.1 101 Switching Protocols\r\n\r\nhello"), wiretest.On(wiretest.Bytes(4), "pong"),
	}, wiretest.Replies(wOK))
	p := pPool(t, pool.Opts{MaxPerHost: 1})
	o := &hackney.Opts{Pool: p}
	c := wNew(t).request("GET", srv.URL("/"), headers.New("Upgrade", "x"), nil, o).in(hackney.StateSwitched)
	if n := p.Stats().InUse; n != 1 {
		t.Errorf("before Hijack %d are in use", n)
	}
	conn, rest, err := hackney.Hijack(c.ClientState)
	if err != nil || string(rest) != "hello" {
		t.Fatalf("%q, %v", rest, err)
	}
	defer conn.Close()
	pEven(t, p)
	hackney.Close(c.ClientState)
	pGet(t, srv.URL("/"), "ok", false, o)
	p.Close()
	io.WriteString(conn, "ping") // the connection is out of the pool's reach
	if b, err := io.ReadAll(io.LimitReader(conn, 4)); string(b) != "pong" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

func TestUnusedConnectionGoesBack(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK, wOK))
	p := pPool(t, pool.Opts{MaxPerHost: 1})
	o := &hackney.Opts{Pool: p}
	c := wNew(t)
	for range 3 {
		c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), o)).connection(hackney.Connected)
		c.to(hackney.Close(c.ClientState)).connection(hackney.Closed)
		if c.Kept() != hackney.KeptInPool || p.Size() != 1 {
			t.Errorf("kept: %v; %d are idle", c.Kept(), p.Size())
		}
	}
	c.to(hackney.Reconnect(c.ctx, c.ClientState)).connection(hackney.Connected)
	c.send(hackney.Req{}).wantBody("ok").connection(hackney.Closed)
	c.to(hackney.Reconnect(c.ctx, c.ClientState)).in(hackney.StateStart) // behind check-in
	if s := p.Stats(); s.InUse != 1 || s.Reused != 4 {
		t.Errorf("%d are in use, %d were reused", s.InUse, s.Reused)
	}
	c.send(hackney.Req{}).wantBody("ok")
	if srv.Conns() != 1 {
		t.Errorf("%d connections", srv.Conns())
	}
	pEven(t, p)
}
