package hackney_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// pPool makes a pool that is closed, empty and unused at the end.
func pPool(t *testing.T, o pool.Opts) *pool.Pool {
	t.Helper()
	p := pool.New(o)
	t.Cleanup(func() {
		if s := p.Stats(); s.InUse != 0 || s.Dialing != 0 || s.Waiting != 0 {
			t.Errorf("at the end %d are in use, %d being dialed, %d wait", s.InUse, s.Dialing, s.Waiting)
		}
		p.Close()
	})
	return p
}

func TestPoolGivesTheConnectionOn(t *testing.T) {
	for _, secure := range []bool{false, true} {
		srv := wiretest.Start(t, wiretest.Options{TLS: secure}, wiretest.Replies(wOK, wOK, wOK))
		p := pPool(t, pool.Opts{})
		o := &hackney.Opts{Pool: p, Insecure: true}
		for i := range 3 {
			cs, err := hackney.Get(t.Context(), srv.URL("/"), nil, nil, o)
			if err != nil {
				t.Fatal(err)
			}
			if cs.Reused() != (i > 0) {
				t.Errorf("request %d: reused %v", i, cs.Reused())
			}
			b, cs, err := hackney.Body(t.Context(), cs)
			if string(b) != "ok" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
			if cs.Kept() != hackney.KeptInPool || cs.ConnectionState() != hackney.Closed || cs.ResponseState() != hackney.StateDone {
				t.Errorf("%v, %v", cs.Kept(), cs)
			}
			if p.Size() != 1 {
				t.Errorf("%d are idle", p.Size())
			}
		}
		if srv.Conns() != 1 {
			t.Errorf("%d connections", srv.Conns())
		}
		p.Close()
		srv.WaitClosed(0)
	}
}

func TestPoolTimeout(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	p := pPool(t, pool.Opts{MaxPerHost: 1})
	o := &hackney.Opts{Pool: p, CheckoutTimeout: 1}
	cs, err := hackney.Get(t.Context(), srv.URL("/"), nil, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = hackney.Get(t.Context(), srv.URL("/"), nil, nil, o)
	var pe *hackney.PoolError
	if !errors.As(err, &pe) || !errors.Is(err, hackney.ErrTimeout) || pe.InUse != 1 {
		t.Errorf("%v", err)
	}
	cs, _ = hackney.Close(cs)
	if cs.Kept() != hackney.KeptInPool {
		t.Errorf("%v", cs.Kept())
	}
}

// pEven holds that every slot is back, and that each connection was accounted for once.
func pEven(t testing.TB, p *pool.Pool) {
	t.Helper()
	s := p.Stats()
	if s.InUse != 0 || s.Dialing != 0 || s.Waiting != 0 {
		t.Errorf("%d in use, %d being dialed, %d wait", s.InUse, s.Dialing, s.Waiting)
	}
	if ended := uint64(s.Idle) + s.Discarded + s.Evicted.Total(); s.Opened+s.CheckedIn != ended {
		t.Errorf("%d were opened, %d accounted for: %+v", s.Opened+s.CheckedIn, ended, s.Counts)
	}
}

// pReached polls until cond holds, and says whether that came about.
func pReached(cond func() bool) bool {
	for end := time.Now().Add(4 * wiretest.Patience); !cond(); runtime.Gosched() {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// pUntil waits until cond holds, or fails the test.
func pUntil(t testing.TB, what string, cond func() bool) {
	t.Helper()
	if !pReached(cond) {
		t.Fatalf("waited in vain for %s", what)
	}
}

// pCancelWhen gives a context that is cancelled as soon as cond holds.
func pCancelWhen(t testing.TB, cond func() bool) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		pReached(cond)
		cancel()
	})
	t.Cleanup(wg.Wait)
	return ctx
}

// pServe accepts connections until the test ends, and has serve play each of them.
func pServe(t testing.TB, serve func(net.Conn, *bufio.Reader)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	wg.Go(func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			mu.Lock()
			open[c] = true
			mu.Unlock()
			wg.Go(func() {
				serve(c, bufio.NewReader(c))
				c.Close()
				mu.Lock()
				delete(open, c)
				mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}

// pRead reads a request with a Content-Length or none, and gives its target and body.
func pRead(r *bufio.Reader) (target, body string, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", "", err
	}
	_, rest, _ := strings.Cut(line, " ")
	target, _, _ = strings.Cut(rest, " ")
	n := 0
	for {
		if line, err = r.ReadString('\n'); err != nil {
			return "", "", err
		}
		if line = strings.TrimSpace(line); line == "" {
			break
		}
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Content-Length") {
			n = pAtoi(strings.TrimSpace(value))
		}
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return target, string(b), err
}

func pAtoi(s string) (n int) {
	for i := range len(s) {
		n = 10*n + int(s[i]-'0')
	}
	return n
}

func pAnswer(body string) string {
	return "HTTP/1.1 200 OK\r\nContent-Length: " + wItoa(len(body)) + "\r\n\r\n" + body
}

// pEcho answers each request with its target.
func pEcho(t testing.TB) (address string) {
	return pServe(t, func(c net.Conn, r *bufio.Reader) {
		for {
			target, _, err := pRead(r)
			if err != nil {
				return
			}
			io.WriteString(c, pAnswer(target))
		}
	})
}

// pWhole makes a request and reads its answer.
func pWhole(t testing.TB, method, url string, o *hackney.Opts) (string, hackney.ClientState, error) {
	t.Helper()
	cs, err := hackney.Request(wCtx(t), method, url, nil, nil, o)
	if err != nil {
		hackney.Close(cs)
		return "", cs, err
	}
	b, cs, err := hackney.Body(wCtx(t), cs)
	return string(b), cs, err
}

// pGet holds that a GET gives the body want, and whether it went out on a connection
// that was there.
func pGet(t testing.TB, url, want string, reused bool, o *hackney.Opts) hackney.ClientState {
	t.Helper()
	got, cs, err := pWhole(t, "GET", url, o)
	if got != want || err != nil || cs.Reused() != reused {
		t.Errorf("%q, %v, reused %v; want %q, reused %v", got, err, cs.Reused(), want, reused)
	}
	return cs
}

// pEnd is a way in which an exchange can end.
type pEnd struct {
	name   string
	script wiretest.Conn
	kept   bool // the connection is in the pool afterwards
	run    func(t *testing.T, srv *wiretest.Server, o *hackney.Opts)
}

const (
	pChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
	pLong    = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun"
)

// pReads reads the body of a GET by f, which must give no error but that of want.
func pReads(want error, f func(context.Context, hackney.ClientState) (hackney.ClientState, error)) func(*testing.T, *wiretest.Server, *hackney.Opts) {
	return func(t *testing.T, srv *wiretest.Server, o *hackney.Opts) {
		c := wNew(t).request("GET", srv.URL("/"), nil, nil, o)
		next, err := f(c.ctx, c.ClientState)
		if !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
		c.ClientState = next
	}
}

func pBody(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
	_, cs, err := hackney.Body(ctx, cs)
	return cs, err
}

func pPieces(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
	var err error
	for err == nil {
		_, cs, err = hackney.StreamBody(ctx, cs)
	}
	return cs, err
}

func pCopy(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
	_, cs, err := hackney.CopyBody(ctx, cs, new(bytes.Buffer))
	return cs, err
}

func pReader(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
	r := hackney.NewBodyReader(ctx, cs)
	_, err := io.ReadAll(r)
	return r.State(), err
}

func pChunks(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
	r := hackney.NewBodyReader(ctx, cs)
	for _, err := range r.Chunks() {
		if err != nil {
			return r.State(), err
		}
	}
	return r.State(), nil
}

// pMeets makes a request of any kind that must give an error, and closes.
func pMeets(want hackney.Blame, method string, h *headers.Headers, p hackney.Payload) func(*testing.T, *wiretest.Server, *hackney.Opts) {
	return func(t *testing.T, srv *wiretest.Server, o *hackney.Opts) {
		c := wNew(t)
		err := c.fails(hackney.Request(c.ctx, method, srv.URL("/"), h, p, o))
		wBlame(t, err, want)
		c.to(hackney.Close(c.ClientState))
	}
}

// pWholeEnds are exchanges that end with the answer's last byte.
var pWholeEnds = []pEnd{
	{"Body", wiretest.Replies(wOK), true, pReads(nil, pBody)},
	{"Body, chunked", wiretest.Replies(pChunked), true, pReads(nil, pBody)},
	{"SkipBody", wiretest.Replies(wOK), true, pReads(nil, hackney.SkipBody)},
	{"StreamBody", wiretest.Replies(wOK), true, pReads(io.EOF, pPieces)},
	{"StreamBody, chunked", wiretest.Replies(pChunked), true, pReads(io.EOF, pPieces)},
	{"CopyBody", wiretest.Replies(wOK), true, pReads(nil, pCopy)},
	{"BodyReader", wiretest.Replies(pChunked), true, pReads(nil, pReader)},
	{"Chunks", wiretest.Replies(pChunked), true, pReads(nil, pChunks)},
	{"no body", wiretest.Replies(wEmpty), true, pReads(nil, pBody)},
	{"204", wiretest.Replies("HTTP/1.1 204 No Content\r\n\r\n"), true, pReads(nil, pBody)},
	{"Connection: close", wiretest.Replies("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"), false, pReads(nil, pBody)},
	{"HTTP/1.0", wiretest.Replies("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), false, pReads(nil, pBody)},
	{"until close", wiretest.Conn{wiretest.Reply("HTTP/1.1 200 OK\r\n\r\nok").ThenClose()}, false, pReads(nil, pBody)},
	{"incomplete", wiretest.Conn{wiretest.Reply(pLong).ThenClose()}, false, pReads(io.ErrUnexpectedEOF, pBody)},
}

// pBrokenEnds are exchanges that break off; all of them close the connection.
var pBrokenEnds = []pEnd{
	{"bad head", wiretest.Replies("HTTP/1.1 2x0 OK\r\n\r\n"), false, pMeets(hackney.BlamePeer, "GET", nil, nil)},
	{"half a head", wiretest.Conn{wiretest.Reply("HTTP/1.1 200 OK\r\nContent-").ThenClose()}, false, pMeets(hackney.BlamePeer, "GET", nil, nil)},
	{"no head", wiretest.Conn{wiretest.Reply().ThenReset()}, false, pMeets(hackney.BlameNetwork, "GET", nil, nil)},
	{"bad body", wiretest.Replies("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), false, func(t *testing.T, srv *wiretest.Server, o *hackney.Opts) {
		c := wNew(t).request("GET", srv.URL("/"), nil, nil, o)
		wIs[*hackney.ProtocolError](t, c.fails(pBody(c.ctx, c.ClientState)))
	}},
	{"no time for the head", wiretest.Conn{wiretest.On(wiretest.Request)}, false, func(t *testing.T, srv *wiretest.Server, o *hackney.Opts) {
		o.RecvTimeout = time.Millisecond
		pMeets(hackney.BlameNetwork, "GET", nil, nil)(t, srv, o)
	}},
	{"cancelled in the body", wiretest.Replies(pLong), false, func(t *testing.T, srv *wiretest.Server, o *hackney.Opts) {
		c := wNew(t).request("GET", srv.URL("/"), nil, nil, o)
		ctx := pCancelWhen(t, func() bool { return true })
		if err := c.fails(pBody(ctx, c.ClientState)); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if c.to(hackney.Close(c.ClientState)); c.Kept() != hackney.NotKeptOnClose {
			t.Errorf("kept: %v", c.Kept())
		}
	}},
	{"cancelled before the head", wiretest.Conn{wiretest.On(wiretest.Request)}, false, func(t *testing.T, srv *wiretest.Server, o *hackney.Opts) {
		c := wNew(t)
		err := c.fails(hackney.Get(pCancelWhen(t, func() bool { return len(srv.Received(0)) > 0 }), srv.URL("/"), nil, nil, o))
		if !errors.Is(err, context.Canceled) || c.ResponseState() != hackney.StateWaiting {
			t.Errorf("%v in %v", err, c.ResponseState())
		}
		c.to(hackney.Close(c.ClientState))
	}},
	{"cancelled in a write", wiretest.Conn{wiretest.On(wiretest.Head).ThenStall(), wiretest.On(wiretest.Bytes(1))}, false, func(t *testing.T, srv *wiretest.Server, o *hackney.Opts) {
		c := wNew(t)
		ctx := pCancelWhen(t, func() bool { return len(srv.Received(0)) > 0 })
		endless := hackney.Func(func() ([]byte, error) { return make([]byte, 1<<16), nil })
		if err := c.fails(hackney.Post(ctx, srv.URL("/"), nil, endless, o)); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		c.in(hackney.StateFailed).to(hackney.Close(c.ClientState))
	}},
	{"panic in a payload", wiretest.Conn{wiretest.On(wiretest.Head)}, false, func(t *testing.T, srv *wiretest.Server, o *hackney.Opts) {
		c := wNew(t)
		c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), o))
		func() {
			defer func() {
				if recover() != "payload" {
					t.Error("the panic did not come through")
				}
			}()
			hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{Method: "POST", Payload: hackney.Func(func() ([]byte, error) { panic("payload") })})
		}()
		c.to(hackney.Close(c.ClientState))
	}},
	{"early answer", wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno")}, false, func(t *testing.T, srv *wiretest.Server, o *hackney.Opts) {
		c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, o)
		srv.WaitStep(0, 1)
		for c.ResponseState() == hackney.StateStream {
			cs, err := hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text("x"))
			if c.ClientState = cs; err != nil && err != hackney.ErrResponseReady {
				t.Fatal(err)
			}
		}
		if c.response().status(413).wantBody("no"); c.Kept() != hackney.NotClean {
			t.Errorf("kept: %v", c.Kept())
		}
	}},
	{"failed write", wiretest.Conn{{}}, false, func(t *testing.T, srv *wiretest.Server, o *hackney.Opts) {
		o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			return pNoWrite{c}, err
		}
		pMeets(hackney.BlameNetwork, "GET", nil, nil)(t, srv, o)
	}},
	{"Close in the middle of a request", wiretest.Conn{wiretest.On(wiretest.Head)}, false, func(t *testing.T, srv *wiretest.Server, o *hackney.Opts) {
		c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, o)
		c.to(hackney.Close(c.ClientState))
	}},
}

// pNoWrite is a connection that cannot be written to.
type pNoWrite struct{ net.Conn }

func (pNoWrite) Write([]byte) (int, error) { return 0, errors.New("no write") }

// TestEveryEndGivesTheSlotBack lets exchanges end in all ways, each with a pool of one slot.
func TestEveryEndGivesTheSlotBack(t *testing.T) {
	for _, end := range append(pWholeEnds, pBrokenEnds...) {
		t.Run(end.name, func(t *testing.T) {
			srv := wiretest.New(t, end.script)
			p := pPool(t, pool.Opts{MaxPerHost: 1})
			o := &hackney.Opts{Pool: p}
			end.run(t, srv, o)
			pEven(t, p)
			s := p.Stats()
			if kept := s.Idle == 1; kept != end.kept || s.Opened != 1 {
				t.Errorf("kept %v, want %v: %+v", kept, end.kept, s.Counts)
			}
			if end.kept && srv.Ended(0) != wiretest.Open {
				t.Error("the connection in the pool is closed")
			} else if !end.kept {
				srv.WaitClosed(0)
			}
		})
	}
}

// TestRefusedRequestTakesNoSlot holds that what is wrong with a request shows before a
// connection is asked for.
func TestRefusedRequestTakesNoSlot(t *testing.T) {
	p := pPool(t, pool.Opts{MaxPerHost: 1})
	o := wNoDial(t)
	o.Pool = p
	bad := *o
	bad.RecvTimeout = -1
	for name, call := range map[string]func() (hackney.ClientState, error){
		"method": func() (hackney.ClientState, error) {
			return hackney.Request(t.Context(), "A B", "http://host.test", nil, nil, o)
		},
		"URL": func() (hackney.ClientState, error) { return hackney.Get(t.Context(), "http://", nil, nil, o) },
		"file": func() (hackney.ClientState, error) {
			return hackney.Put(t.Context(), "http://host.test", nil, hackney.File("/no/such", 0, 0), o)
		},
		"options": func() (hackney.ClientState, error) {
			return hackney.Get(t.Context(), "http://host.test", nil, nil, &bad)
		},
	} {
		cs, err := call()
		if hackney.BlameOf(err) != hackney.BlameCaller {
			t.Errorf("%s: %v", name, err)
		}
		hackney.Close(cs)
	}
	pEven(t, p)
	if s := p.Stats(); s.Opened+s.Failed != 0 {
		t.Errorf("slots were taken: %+v", s.Counts)
	}
}
