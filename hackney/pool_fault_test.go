package hackney_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// pAllSlots holds that n requests can be under way at the same time.
func pAllSlots(t *testing.T, url string, n int, o *hackney.Opts) {
	t.Helper()
	var held []*wClient
	for range n {
		held = append(held, wNew(t).request("GET", url, nil, nil, o))
	}
	if s := o.Pool.Stats(); s.InUse != n {
		t.Errorf("%d are in use, want %d", s.InUse, n)
	}
	for _, c := range held {
		c.wantBody("ok")
	}
	pEven(t, o.Pool)
}

func TestFailuresFreeTheirSlots(t *testing.T) {
	const n = 4
	t.Run("refused dials", func(t *testing.T) {
		srv := wiretest.New(t, wiretest.Replies(wOK), wiretest.Replies(wOK), wiretest.Replies(wOK), wiretest.Replies(wOK))
		p := pPool(t, pool.Opts{MaxPerHost: n})
		refused, left := errors.New("refused"), 2*n
		o := &hackney.Opts{Pool: p, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if left--; left >= 0 {
				return nil, refused
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}}
		for range 2 * n {
			if _, _, err := pWhole(t, "GET", srv.URL("/"), o); !errors.Is(err, refused) || hackney.BlameOf(err) != hackney.BlameNetwork {
				t.Errorf("error %v", err)
			}
		}
		if s := p.Stats(); s.Failed != 2*n {
			t.Errorf("%d dials failed", s.Failed)
		}
		pAllSlots(t, srv.URL("/"), n, o)
	})
	t.Run("no answer in time", func(t *testing.T) {
		var script []wiretest.Conn
		for i := range 3 * n {
			script = append(script, wiretest.Conn{wiretest.On(wiretest.Request)})
			if i >= 2*n {
				script[i] = wiretest.Replies(wOK)
			}
		}
		srv := wiretest.New(t, script...)
		p := pPool(t, pool.Opts{MaxPerHost: n})
		for range 2 * n {
			_, _, err := pWhole(t, "GET", srv.URL("/"), &hackney.Opts{Pool: p, RecvTimeout: time.Millisecond})
			if !errors.Is(err, hackney.ErrTimeout) {
				t.Errorf("error %v", err)
			}
		}
		pAllSlots(t, srv.URL("/"), n, &hackney.Opts{Pool: p})
	})
}

// TestGivingUpInTheQueueStrandsNothing cancels a caller that waits, before and in the
// very moment in which a connection comes back for it.
func TestGivingUpInTheQueueStrandsNothing(t *testing.T) {
	url := "http://" + pEcho(t) + "/x"
	p := pPool(t, pool.Opts{MaxPerHost: 1})
	o := &hackney.Opts{Pool: p, CheckoutTimeout: hackney.Infinite}
	for round := range 300 {
		c := wNew(t).request("GET", url, nil, nil, o)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			cs, err := hackney.Get(ctx, url, nil, nil, o)
			if err == nil {
				_, cs, err = hackney.Body(wCtx(t), cs)
			}
			hackney.Close(cs)
			gone <- err
		}()
		pUntil(t, "the queue", func() bool { return p.Stats().Waiting == 1 })
		if round%2 == 0 { // the cancellation comes first
			cancel()
			err := wBounded(t, gone)
			if pe := wIs[*hackney.PoolError](t, err); !errors.Is(err, context.Canceled) || pe.InUse != 1 || pe.MaxPerHost != 1 {
				t.Errorf("error %v", err)
			}
			c.wantBody("/x")
		} else { // or at the same time
			go cancel()
			c.wantBody("/x")
			if err := wBounded(t, gone); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		}
		cancel()
		if pEven(t, p); t.Failed() {
			return
		}
	}
	pGet(t, url, "/x", p.Size() == 1, o)
}

// TestSlowDialHoldsUpNobody has one host that never answers a dial.
func TestSlowDialHoldsUpNobody(t *testing.T) {
	address := pEcho(t)
	p := pPool(t, pool.Opts{MaxPerHost: 10})
	o := &hackney.Opts{Pool: p, CheckoutTimeout: hackney.Infinite, DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
		if strings.HasPrefix(to, "hole.test:") {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	ctx, cancel := context.WithCancel(t.Context())
	hole := make(chan error, 1)
	go func() {
		_, err := hackney.Get(ctx, "http://hole.test/", nil, nil, o)
		hole <- err
	}()
	pUntil(t, "the dial", func() bool { return p.Stats().Dialing == 1 })
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 5 {
				if got, _, err := pWhole(t, "GET", "http://host.test/x", o); got != "/x" || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
	if s := p.Stats(); s.Dialing != 1 || len(hole) != 0 {
		t.Errorf("the dial has ended: %+v", s.Counts)
	}
	cancel()
	if err := wBounded(t, hole); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	pEven(t, p)
}

// pStale fills a pool with n connections that their peer will leave with the next request
// on them, and gives a server that answers on the one after these.
func pStale(t *testing.T, n int, leave func(wiretest.Step) wiretest.Step) (*wiretest.Server, *hackney.Opts) {
	t.Helper()
	var script []wiretest.Conn
	for range n {
		script = append(script, wiretest.Conn{wiretest.Reply(wOK), leave(wiretest.Reply())})
	}
	srv := wiretest.New(t, append(script, wiretest.Replies(wOK, wOK))...)
	o := &hackney.Opts{Pool: pPool(t, pool.Opts{})}
	pAllSlots(t, srv.URL("/"), n, o)
	return srv, o
}

func TestStaleConnections(t *testing.T) {
	leaves := map[string]func(wiretest.Step) wiretest.Step{"closed": wiretest.Step.ThenClose, "reset": wiretest.Step.ThenReset}
	for name, leave := range leaves {
		for _, n := range []int{1, 5} {
			t.Run(name, func(t *testing.T) {
				srv, o := pStale(t, n, leave)
				pGet(t, srv.URL("/"), "ok", false, o)
				if srv.Conns() != n+1 || o.Pool.Size() != 1 {
					t.Errorf("%d connections, %d are idle", srv.Conns(), o.Pool.Size())
				}
				pEven(t, o.Pool)
			})
		}
		t.Run("POST, "+name, func(t *testing.T) {
			srv, o := pStale(t, 2, leave)
			c := wNew(t)
			err := c.fails(hackney.Post(c.ctx, srv.URL("/"), nil, hackney.Text("once"), o))
			if blame := hackney.BlameOf(err); blame != hackney.BlamePeer && blame != hackney.BlameNetwork {
				t.Errorf("%v is the fault of the %s", err, blame)
			}
			if c.in(hackney.StateFailed); srv.Conns() != 2 {
				t.Errorf("%d connections", srv.Conns())
			}
			pEven(t, o.Pool)
		})
		t.Run("POST with a key, "+name, func(t *testing.T) {
			srv, o := pStale(t, 2, leave)
			wNew(t).request("POST", srv.URL("/"), headers.New("Idempotency-Key", "1"), hackney.Text("twice"), o).wantBody("ok")
			pEven(t, o.Pool)
		})
	}
}

// TestPeerClosesBehindTheAnswer closes each connection right behind its answer: whether
// the look at it comes before or behind that, a GET succeeds.
func TestPeerClosesBehindTheAnswer(t *testing.T) {
	const n = 50
	var script []wiretest.Conn
	for range n {
		script = append(script, wiretest.Conn{wiretest.Reply(wOK).ThenClose()})
	}
	srv := wiretest.New(t, script...)
	o := &hackney.Opts{Pool: pPool(t, pool.Opts{})}
	for range n {
		pGet(t, srv.URL("/"), "ok", false, o)
	}
	pUntil(t, "the pool to be empty", func() bool { return o.Pool.Size() == 0 })
	pEven(t, o.Pool)
}

// pLength is the head of a body of n bytes and its first few.
func pLength(n, come int) string {
	return "HTTP/1.1 200 OK\r\nContent-Length: " + wItoa(n) + "\r\n\r\n" + strings.Repeat("x", come)
}

// pDrains are answers whose body nobody reads, and what Close makes of them.
var pDrains = []struct {
	name string
	o    hackney.Opts
	step wiretest.Step
	want hackney.Kept
}{
	{"all there", hackney.Opts{}, wiretest.Reply(wOK), hackney.KeptInPool},
	{"chunked", hackney.Opts{}, wiretest.Reply(pChunked), hackney.KeptInPool},
	{"chunked and bad", hackney.Opts{}, wiretest.Reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokx"), hackney.NotKeptOnClose},
	{"chunked and endless", hackney.Opts{DrainBytes: 9, DrainTime: hackney.Infinite}, wiretest.Reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n"), hackney.NotKeptOnClose},
	{"until close", hackney.Opts{}, wiretest.Reply("HTTP/1.1 200 OK\r\n\r\nok"), hackney.NotKeptOnClose},
	{"until close, any bytes", hackney.Opts{DrainBytes: hackney.Unlimited}, wiretest.Reply("HTTP/1.1 200 OK\r\n\r\nok").ThenClose(), hackney.NotKeptOnClose},
	{"extra bytes", hackney.Opts{}, wiretest.Reply(wOK + "x"), hackney.NotClean},
	{"Connection: close", hackney.Opts{}, wiretest.Reply("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"), hackney.NotPersistent},
	{"breaks off", hackney.Opts{DrainTime: hackney.Infinite}, wiretest.Reply(pLength(9, 3)).ThenClose(), hackney.NotKeptOnClose},
	{"silence, default time", hackney.Opts{}, wiretest.Reply(pLength(9, 3)), hackney.NotKeptOnClose},
	{"silence, 1 ms", hackney.Opts{DrainTime: time.Millisecond}, wiretest.Reply(pLength(9, 3)), hackney.NotKeptOnClose},
	{"default bytes", hackney.Opts{DrainTime: hackney.Infinite}, wiretest.Reply(pLength(64<<10, 64<<10)), hackney.KeptInPool},
	{"above the default bytes", hackney.Opts{DrainTime: hackney.Infinite}, wiretest.Reply(pLength(64<<10+1, 64<<10)), hackney.NotKeptOnClose},
	{"10 bytes", hackney.Opts{DrainBytes: 10, DrainTime: hackney.Infinite}, wiretest.Reply(pLength(10, 10)), hackney.KeptInPool},
	{"above 10 bytes", hackney.Opts{DrainBytes: 10, DrainTime: hackney.Infinite}, wiretest.Reply(pLength(11, 10)), hackney.NotKeptOnClose},
	{"any bytes", hackney.Opts{DrainBytes: hackney.Unlimited, DrainTime: hackney.Infinite}, wiretest.Reply(pLength(1<<20, 1<<20)), hackney.KeptInPool},
	{"none", hackney.Opts{DrainBytes: hackney.NoDrain}, wiretest.Reply(wOK), hackney.NotKeptOnClose},
}

func TestCloseDrains(t *testing.T) {
	for _, test := range pDrains {
		t.Run(test.name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Conn{test.step}, wiretest.Replies(wOK))
			o := test.o
			o.Pool = pPool(t, pool.Opts{MaxPerHost: 1})
			c := wNew(t).request("GET", srv.URL("/"), nil, nil, &o).in(hackney.StateOnBody)
			c.to(hackney.Close(c.ClientState)).connection(hackney.Closed).in(hackney.StateStart)
			if c.Kept() != test.want {
				t.Errorf("kept: %v, want %v", c.Kept(), test.want)
			}
			pEven(t, o.Pool)
			if n := o.Pool.Size(); n == 1 != test.want.Yes() {
				t.Errorf("%d are idle", n)
			}
			if !test.want.Yes() {
				srv.WaitClosed(0)
				c.send(hackney.Req{}).wantBody("ok") // and the client goes on
			}
		})
	}
}

// TestCloseDrainsWhatComesLater holds the rest of a body back until Close waits for it.
func TestCloseDrainsWhatComesLater(t *testing.T) {
	gate := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(pLength(5, 2)), wiretest.Say("xxx").Gated(gate), wiretest.Reply(wOK)})
	o := &hackney.Opts{Pool: pPool(t, pool.Opts{}), DrainTime: hackney.Infinite}
	c := wNew(t).request("GET", srv.URL("/"), nil, nil, o)
	closed := make(chan hackney.ClientState, 1)
	go func() {
		cs, _ := hackney.Close(c.ClientState)
		closed <- cs
	}()
	close(gate)
	if cs := wBounded(t, closed); cs.Kept() != hackney.KeptInPool {
		t.Errorf("kept: %v", cs.Kept())
	}
	pGet(t, srv.URL("/"), "ok", true, o)
}

// TestExtraBytesReachNobody sends an answer that nobody asked for behind the one that
// somebody did.
func TestExtraBytesReachNobody(t *testing.T) {
	const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
	long := strings.Repeat("l", 20_000) // longer than what is read ahead
	for name, body := range map[string]string{"short": "good", "long": long, "none": ""} {
		for _, secure := range []bool{false, true} {
			t.Run(name+" same write", func(t *testing.T) {
				srv := wiretest.Start(t, wiretest.Options{TLS: secure}, wiretest.Replies(pAnswer(body)+evil), wiretest.Replies(wOK))
				o := &hackney.Opts{Pool: pPool(t, pool.Opts{}), Insecure: true}
				c := wNew(t).request("GET", srv.URL("/"), nil, nil, o)
				srv.WaitStep(0, 1)
				if c.wantBody(body); c.Kept() != hackney.NotClean {
					t.Errorf("kept: %v", c.Kept())
				}
				pGet(t, srv.URL("/"), "ok", false, o)
				pEven(t, o.Pool)
			})
			t.Run(name+" later", func(t *testing.T) {
				gate := make(chan struct{})
				srv := wiretest.Start(t, wiretest.Options{TLS: secure},
					wiretest.Conn{wiretest.Reply(pAnswer(body)), wiretest.Say(evil).Gated(gate)}, wiretest.Replies(wOK))
				o := &hackney.Opts{Pool: pPool(t, pool.Opts{}), Insecure: true}
				pGet(t, srv.URL("/"), body, false, o)
				close(gate)
				pUntil(t, "the connection to leave the pool", func() bool { return o.Pool.Size() == 0 })
				pGet(t, srv.URL("/"), "ok", false, o)
				if o.Pool.Stats().Evicted.Disturbed != 1 {
					t.Errorf("%+v", o.Pool.Stats().Evicted)
				}
				pEven(t, o.Pool)
			})
		}
	}
}

// TestWhoSharesAConnection makes two requests that differ in one thing. All dials lead to
// the same server.
func TestWhoSharesAConnection(t *testing.T) {
	srv := wiretest.Start(t, wiretest.Options{TLS: true}, make([]wiretest.Conn, 40)...)
	plain := wiretest.New(t, make([]wiretest.Conn, 40)...)
	lead := func(to *wiretest.Server) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, to.Addr())
		}
	}
	tap := func() hackney.TapFunc { n := 0; return func(hackney.TapEvent) { n++ } }
	dial, dialPlain, heard := lead(srv), lead(plain), tap()
	conf := &tls.Config{InsecureSkipVerify: true}
	own := conf.Clone()
	base := hackney.Opts{DialContext: dial, TLS: conf}
	with := func(f func(*hackney.Opts)) hackney.Opts { o := base; f(&o); return o }
	const url = "https://host.test/"
	clear := hackney.Opts{DialContext: dialPlain, TLS: conf}
	for _, test := range []struct {
		name       string
		url1, url2 string
		o1, o2     hackney.Opts
		share      bool
	}{
		{"nothing", url, url, base, base, true},
		{"case of the host", url, "https://HOST.test/", base, base, true},
		{"path", url, url + "other?q", base, base, true},
		{"the default port", url, "https://host.test:443/", base, base, true},
		{"user", url, "https://user:secret@host.test/", base, base, true},
		{"limits", url, url, base, with(func(o *hackney.Opts) { o.RecvTimeout, o.MaxBody = time.Hour, 9 }), true},
		{"port", url, "https://host.test:444/", base, base, false},
		{"host", url, "https://host.test.test/", base, base, false},
		{"scheme", "http://host.test:443/", url, clear, base, false},
		{"TLS, equal", url, url, base, with(func(o *hackney.Opts) { o.TLS = own }), false},
		{"Insecure", url, url, base, with(func(o *hackney.Opts) { o.Insecure = true }), false},
		{"DialContext", url, url, base, with(func(o *hackney.Opts) { o.DialContext = lead(srv) }), false},
		{"Tap or none", url, url, base, with(func(o *hackney.Opts) { o.Tap = heard }), false},
		{"Tap, the same", url, url, with(func(o *hackney.Opts) { o.Tap = heard }), with(func(o *hackney.Opts) { o.Tap = heard }), true},
		{"Tap, another", url, url, with(func(o *hackney.Opts) { o.Tap = heard }), with(func(o *hackney.Opts) { o.Tap = tap() }), false},
		{"TLS without TLS", "http://host.test/", "http://host.test/", clear, hackney.Opts{DialContext: dialPlain, Insecure: true}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := pPool(t, pool.Opts{})
			test.o1.Pool, test.o2.Pool = p, p
			if err := errors.Join(hackney.Prewarm(t.Context(), test.url1, 1, &test.o1), hackney.Prewarm(t.Context(), test.url2, 1, &test.o2)); err != nil {
				t.Fatal(err)
			}
			if share := p.Stats().Opened == 1; share != test.share {
				t.Errorf("they share a connection: %v, want %v", share, test.share)
			}
			pEven(t, p)
		})
	}
}

// TestSchemeIsPartOfTheKey asks for the same host and port by both schemes with the same
// dialer: what was sent for https never goes over a plain connection.
func TestSchemeIsPartOfTheKey(t *testing.T) {
	secure := wiretest.Start(t, wiretest.Options{TLS: true}, wiretest.Replies(pAnswer("secure")))
	plain := wiretest.New(t, wiretest.Replies(pAnswer("plain")))
	next := []*wiretest.Server{plain, secure}
	o := &hackney.Opts{Pool: pPool(t, pool.Opts{}), Insecure: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		to := next[0]
		next = next[1:]
		return new(net.Dialer).DialContext(ctx, network, to.Addr())
	}}
	pGet(t, "http://host.test:4430/", "plain", false, o)
	pGet(t, "https://host.test:4430/", "secure", false, o)
	if o.Pool.Size() != 2 {
		t.Errorf("%d are idle", o.Pool.Size())
	}
}

// TestDistinctBodies has many goroutines share few connections, each with a body of its
// own: nobody gets another's.
func TestDistinctBodies(t *testing.T) {
	url := "http://" + pEcho(t) + "/"
	o := &hackney.Opts{Pool: pPool(t, pool.Opts{MaxPerHost: 8, MaxIdle: 4}), CheckoutTimeout: hackney.Infinite}
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			want := "/" + strings.Repeat(string(rune('a'+g%26))+wItoa(g), 1+7*g)
			for range 20 {
				cs, err := hackney.Get(wCtx(t), url+want[1:], nil, nil, o)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(hackney.NewBodyReader(t.Context(), cs))
				if string(got) != want || err != nil {
					t.Errorf("%.40q, want %.40q; %v", got, want, err)
				}
			}
		})
	}
	wg.Wait()
	pEven(t, o.Pool)
}
