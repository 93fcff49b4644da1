package hackney_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// TestC42_PoolOfFive is about CVE-2025-3864 of hackney: connections whose redirects were
// followed go back.
func TestC42_PoolOfFive(t *testing.T) {
	var got atomic.Int64
	address := pServe(t, func(c net.Conn, r *bufio.Reader) {
		for target, body, err := pRead(r); err == nil; target, body, err = pRead(r) {
			got.Add(1)
			answer := rTo(307, "/there")
			if target == "/there" {
				answer = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			}
			io.WriteString(c, answer)
		}
	})
	p := pPool(t, pool.Opts{MaxIdle: 5, MaxPerHost: 5})
	one := func(method, body string) {
		o := &hackney.Opts{Pool: p, ForceRedirect: true}
		cs, err := hackney.Request(t.Context(), method, "http://"+address+"/", nil, hackney.Text(body), o)
		if err != nil {
			t.Error(err)
			return
		}
		b, cs, err := hackney.Body(t.Context(), cs)
		if string(b) != body || err != nil || cs.Kept() != hackney.KeptInPool || len(cs.Redirects()) != 1 {
			t.Errorf("%q, %v, %v, %v", b, err, cs.Kept(), cs.Redirects())
		}
	}
	for i := range 50 {
		one("GET", wItoa(i))
	}
	if s := p.Stats(); s.Idle != 1 || s.Opened != 1 || s.InUse != 0 || s.Reused != 99 {
		t.Errorf("one by one: %+v", s.Counts)
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { one("POST", wItoa(i)) })
	}
	wg.Wait()
	if s := p.Stats(); s.Idle == 0 || s.Idle > 5 || s.Idle != int(s.Opened) || s.InUse != 0 {
		t.Errorf("all at once: %+v", s.Counts)
	}
	if got.Load() != 200 {
		t.Errorf("%d requests", got.Load())
	}
	pEven(t, p)
}

// TestC42_PoolOfOne has nothing to give for the second request but the connection of
// the first.
func TestC42_PoolOfOne(t *testing.T) {
	answers := make([]string, 0, 51)
	for range 50 {
		answers = append(answers, rTo(307, "/"))
	}
	srv := wiretest.New(t, wiretest.Replies(append(answers, wOK)...))
	p := pPool(t, pool.Opts{MaxIdle: 1, MaxPerHost: 1})
	o := &hackney.Opts{FollowRedirect: true, MaxRedirect: 50, Pool: p, CheckoutTimeout: wiretest.Patience}
	wNew(t).request("GET", srv.URL("/"), nil, nil, o).wantBody("ok")
	if p.Size() != 1 {
		t.Errorf("%d are idle", p.Size())
	}
	pEven(t, p)
}

// TestRedirectPoolOfTwoOrigins leaves a connection of each in the pool.
func TestRedirectPoolOfTwoOrigins(t *testing.T) {
	b := wiretest.New(t, wiretest.Replies(wOK, wOK))
	a := wiretest.New(t, wiretest.Replies(rTo(302, b.URL("/")), rTo(302, b.URL("/"))))
	p := pPool(t, pool.Opts{})
	c := wNew(t)
	for i := range 2 {
		c.request("GET", a.URL("/"), nil, nil, &hackney.Opts{FollowRedirect: true, Pool: p})
		if c.Reused() != (i > 0) || c.Port() != b.Port() {
			t.Errorf("request %d: reused %v, %v", i, c.Reused(), c.ClientState)
		}
		c.wantBody("ok")
	}
	if s := p.Stats(); s.Idle != 2 || len(s.Hosts) != 2 || s.Opened != 2 {
		t.Errorf("%+v", s.Counts)
	}
	pEven(t, p)
}

// TestP79_OldConnection closes that of another origin at once, where there is no pool.
func TestP79_OldConnection(t *testing.T) {
	b := wiretest.New(t, wiretest.Replies(wOK))
	a := wiretest.New(t, wiretest.Replies(rTo(302, b.URL("/"))))
	c := wNew(t).request("GET", a.URL("/"), nil, nil, rFollow())
	if end := a.WaitClosed(0); end != wiretest.ClientClosed {
		t.Errorf("the first connection is %v", end)
	}
	if c.Reused() || c.RemoteAddr().String() != b.Addr() {
		t.Errorf("reused %v, peer %v", c.Reused(), c.RemoteAddr())
	}
	c.wantBody("ok").connection(hackney.Connected)
}

// TestP79_BodyOfTheRedirect is read away where that takes little, else its connection
// is closed; what comes then is the same.
func TestP79_BodyOfTheRedirect(t *testing.T) {
	const head = "HTTP/1.1 302 Found\r\nLocation: /next\r\n"
	length := func(n int) string { return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, n, wText(n)) }
	chunked := func(n int) string {
		return fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nT: t\r\n\r\n", head, n, wText(n))
	}
	for name, test := range map[string]struct {
		answer string
		opts   hackney.Opts
		kept   bool
	}{
		"length":                {length(60_000), hackney.Opts{}, true},
		"no bytes":              {length(0), hackney.Opts{DrainBytes: hackney.NoDrain}, true},
		"too long":              {length(70_000), hackney.Opts{}, false},
		"too long for us":       {length(11), hackney.Opts{DrainBytes: 10}, false},
		"as long as may be":     {length(10), hackney.Opts{DrainBytes: 10}, true},
		"endless budget":        {length(1 << 20), hackney.Opts{DrainBytes: hackney.Unlimited, DrainTime: hackney.Infinite}, true},
		"not drained":           {length(1), hackney.Opts{DrainBytes: hackney.NoDrain}, false},
		"chunked":               {chunked(60_000), hackney.Opts{}, true},
		"chunked too long":      {chunked(70_000), hackney.Opts{}, false},
		"chunked not drained":   {chunked(1), hackney.Opts{DrainBytes: hackney.NoDrain}, false},
		"announced, not coming": {head + "Content-Length: 5\r\n\r\nmo", hackney.Opts{}, false},
		"broken chunk":          {head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", hackney.Opts{}, false},
		"longer than MaxBody":   {length(100), hackney.Opts{MaxBody: 10}, false},
		"says close":            {head + "Connection: close\r\nContent-Length: 2\r\n\r\nok", hackney.Opts{}, false},
		"up to the end":         {head + "\r\nmoved", hackney.Opts{}, false},
		"HTTP/1.0":              {strings.Replace(length(5), "1.1", "1.0", 1), hackney.Opts{}, false},
		"bytes behind it":       {length(5) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", hackney.Opts{}, false},
	} {
		for _, pooled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, pooled %v", name, pooled), func(t *testing.T) {
				answers := []string{test.answer, wOK}
				if !test.kept {
					answers = answers[:1]
				}
				srv := wiretest.New(t, wiretest.Replies(answers...), wiretest.Replies(wOK))
				o := test.opts
				o.FollowRedirect = true
				if pooled {
					o.Pool = pPool(t, pool.Opts{})
				}
				c := wNew(t).request("GET", srv.URL("/"), nil, nil, &o).wantBody("ok")
				if c.Reused() != test.kept {
					t.Errorf("reused: %v", c.Reused())
				}
				if !test.kept {
					srv.WaitClosed(0)
				}
				if pooled {
					pEven(t, o.Pool)
				}
			})
		}
	}
}

// TestRedirectAnswers has what else an answer can be that is followed.
func TestRedirectAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"1xx before":        "HTTP/1.1 103 Early Hints\r\nLink: x\r\nLocation: /evil\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + rTo(302, "/next"),
		"no reason":         "HTTP/1.1 302 \r\nlocation:/next\r\nContent-Length: 0\r\n\r\n",
		"LF only":           "HTTP/1.1 302 Found\nLOCATION: \t/next  \nContent-Length: 0\n\n",
		"folded":            "HTTP/1.1 302 Found\r\nLocation:\r\n  /next\r\nContent-Length: 0\r\n\r\n",
		"trailers":          "HTTP/1.1 302 Found\r\nLocation: /next\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nmoved\r\n0\r\nLocation: /evil\r\n\r\n",
		"other 3xx headers": rTo(303, "/next", "Refresh: 0;url=/evil", "Content-Location: /evil", "URI: /evil"),
	} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies(answer, "HTTP/1.1 102 Processing\r\n\r\n"+wOK))
			c := wNew(t).request("GET", srv.URL("/"), nil, nil, rFollow()).wantBody("ok")
			if c.Path() != "/next" || len(c.Interim()) != 1 || c.Interim()[0].Status != 102 || !c.Reused() {
				t.Errorf("path %s, interim %+v, reused %v", c.Path(), c.Interim(), c.Reused())
			}
			c.sent(srv, 0)
		})
	}
	srv := wiretest.New(t, wiretest.Replies(rTo(302, "/b"), "HTTP/1.1 204 No Content\r\n\r\n", wEmpty))
	c := wNew(t).request("GET", srv.URL("/a"), nil, nil, rFollow()).status(204).in(hackney.StateDone)
	if c.send(hackney.Req{}); c.MaybeRedirect() {
		t.Error("MaybeRedirect behind a request that is none")
	}
	// A 1xx before one that is not followed is told.
	srv = wiretest.New(t, wiretest.Replies("HTTP/1.1 103 Early Hints\r\n\r\n"+rTo(307, "/b")))
	c = wNew(t).request("POST", srv.URL("/a"), nil, nil, rFollow()).status(307)
	if !c.MaybeRedirect() || len(c.Interim()) != 1 {
		t.Errorf("MaybeRedirect %v, interim %+v", c.MaybeRedirect(), c.Interim())
	}
}

// TestRedirectEarly has a server that answers with a redirect before it has the body. Where
// it closes it reads on, as one should (RFC 9112, 9.6): a reset may overtake the answer.
func TestRedirectEarly(t *testing.T) {
	large := []byte(wText(8 << 20))
	for name, step := range map[string]wiretest.Step{
		"and closes":      wiretest.On(wiretest.Head, rTo(307, "/next", "Connection: close")).ThenCloseWrite(),
		"and just closes": wiretest.On(wiretest.Head, rTo(307, "/next")).ThenCloseWrite(),
		"and reads on":    wiretest.On(wiretest.Head, rTo(307, "/next", "Connection: close")),
	} {
		for _, o := range []hackney.Opts{{ForceRedirect: true}, {FollowRedirect: true}} {
			t.Run(fmt.Sprintf("%s, forced %v", name, o.ForceRedirect), func(t *testing.T) {
				srv := wiretest.New(t, wiretest.Conn{step}, wiretest.Replies(wOK))
				c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Bytes(large), &o)
				if c.MaybeRedirect() == o.ForceRedirect {
					t.Errorf("MaybeRedirect %v", c.MaybeRedirect())
				}
				if o.FollowRedirect {
					c.status(307).wantBody("moved")
					return
				}
				c.wantBody("ok")
				if got := srv.WaitRequests(1, 1); !bytes.Equal(got[0].Body, large) || got[0].RequestLine() != "POST /next HTTP/1.1" {
					t.Errorf("%d bytes of %s came", len(got[0].Body), got[0].RequestLine())
				}
			})
		}
	}
}

// TestRedirectEarlyWhileStreaming has ErrResponseReady first, then StartResponse follow.
func TestRedirectEarlyWhileStreaming(t *testing.T) {
	for status, followed := range map[int]bool{303: true, 307: false} {
		srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, rTo(status, "/next"))}, wiretest.Replies(wOK))
		c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, &hackney.Opts{ForceRedirect: true})
		srv.WaitStep(0, 1)
		var err error
		for err == nil {
			c.ClientState, err = hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text("piece"))
		}
		if err != hackney.ErrResponseReady {
			t.Fatal(err)
		}
		if c.in(hackney.StateWaiting).response(); !followed {
			if c.status(307); !c.MaybeRedirect() {
				t.Error("it was not left to the caller")
			}
			c.wantBody("moved")
			continue
		}
		c.status(200).wantBody("ok")
		if got := c.Redirects(); len(got) != 1 || got[0].Method != "POST" || c.Method() != "GET" {
			t.Errorf("redirects %+v, %s", got, c.Method())
		}
		srv.WaitClosed(0)
		c.sent(srv, 1)
		if m := srv.Requests(1)[0]; m.RequestLine() != "GET /next HTTP/1.1" || m.Chunked || len(m.Body) > 0 {
			t.Errorf("%q", m.Raw)
		}
	}
}

// TestRedirectInsteadOfContinue has a redirect as the answer to Expect: 100-continue.
func TestRedirectInsteadOfContinue(t *testing.T) {
	for _, p := range []hackney.Payload{hackney.Text("body"), hackney.FromReader(strings.NewReader("body"), 4)} {
		srv := wiretest.New(t,
			wiretest.Conn{wiretest.On(wiretest.Head, rTo(308, "/next"))},
			wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\n"), wiretest.On(wiretest.Body, wOK)},
		)
		c := wNew(t).request("PUT", srv.URL("/"), wExpect, p, &hackney.Opts{ForceRedirect: true})
		if c.MaybeRedirect() { // a reader, of which nothing was read: it could be sent, but we do not know
			c.status(308).wantBody("moved").connection(hackney.Closed)
			continue
		}
		c.wantBody("ok")
		if got := string(srv.Received(0)); strings.Contains(got, "body") || !strings.Contains(got, "Expect") {
			t.Errorf("first %q", got)
		}
		c.sent(srv, 1)
		if m := srv.Requests(1)[0]; string(m.Body) != "body" || m.Field("Expect") == "" {
			t.Errorf("then %q", m.Raw)
		}
	}
}

// TestRedirectOfRawRequests leaves to the caller what it has framed itself.
func TestRedirectOfRawRequests(t *testing.T) {
	for _, status := range []int{302, 303, 307} {
		srv := wiretest.New(t, wiretest.Replies(rTo(status, "/next")))
		c := wNew(t)
		c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), &hackney.Opts{ForceRedirect: true}))
		c.send(hackney.Req{Raw: []byte("GET /raw HTTP/1.1\r\nHost: x\r\n\r\n")}).status(status).wantBody("moved")
		if !c.MaybeRedirect() || c.Redirects() != nil {
			t.Errorf("MaybeRedirect %v, redirects %v", c.MaybeRedirect(), c.Redirects())
		}
	}
}

// TestRedirectOverUnix stays on the socket, as long as the Location does not name
// another host.
func TestRedirectOverUnix(t *testing.T) {
	for _, location := range []string{"/next", "//127.0.0.1/next", "http://127.0.0.1:80/next"} {
		srv := wiretest.Start(t, wiretest.Options{Unix: true}, wiretest.Replies(rTo(302, location), wOK))
		c := wNew(t)
		o := rFollow()
		o.AddressPolicy = hackney.PublicAddresses() // no address is to be dialed
		c.to(hackney.Connect(c.ctx, transport.Unix(srv.Addr()), "127.0.0.1", 80, o))
		cs, err := hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{Headers: headers.New("Cookie", "1")})
		if c.ClientState = cs; err != nil {
			t.Errorf("%q: %v", location, err)
			continue
		}
		c.wantBody("ok")
		c.sent(srv, 0)
		if got := srv.Requests(0); len(got) != 2 || got[1].Field("Cookie") != "1" {
			t.Errorf("%q: sent %q", location, srv.Received(0))
		}
	}
}

// TestRedirectIsTraced tells of the operation once, with its error, and of each connection.
func TestRedirectIsTraced(t *testing.T) {
	b := wiretest.New(t, wiretest.Replies(rTo(302, "file:///x")))
	a := wiretest.New(t, wiretest.Replies(rTo(302, b.URL("/"))))
	var events []hackney.TraceEvent
	c, o := wNew(t), rFollow()
	o.Trace = func(e hackney.TraceEvent) { events = append(events, e) }
	err := c.fails(hackney.Get(c.ctx, a.URL("/"), nil, nil, o))
	if len(events) != 3 || events[0].Op != hackney.OpConnect || events[1].Op != hackney.OpConnect {
		t.Fatalf("%+v", events)
	}
	if last := events[2]; last.Op != hackney.OpSendRequest || last.From != hackney.StateStart || last.To != hackney.StateOnBody || last.Err != err {
		t.Errorf("%+v, want the error %v", last, err)
	}
}

// TestRedirectStatesStay holds that no state changes, and that old ones are stale.
func TestRedirectStatesStay(t *testing.T) {
	n := rNewNet(t)
	n.chain(302, rFinal, "http://a.test/", "http://b.test/1", "http://a.test/2")
	n.chain(302, rTo(302, "x:", "Connection: close"), "http://a.test/3", "https://b.test/4")
	c := wNew(t)
	var states []hackney.ClientState
	var texts []string
	keep := func(c *wClient) {
		states = append(states, c.ClientState)
		texts = append(texts, fmt.Sprint(c.ClientState, c.Redirects(), c.Location(), c.URL(), c.Headers(), c.MaybeRedirect()))
	}
	c.to(hackney.Connect(c.ctx, transport.TCP, "a.test", 80, n.opts(*rFollow())))
	keep(c)
	keep(c.send(hackney.Req{Path: "/"}))
	keep(c.wantBody("ok"))
	given := c.Redirects()
	wIs[*hackney.RedirectError](t, c.fails(hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{Path: "/3"})))
	keep(c)
	keep(c.wantBody("moved"))
	c.Redirects()[0].URL = "changed"
	given[0].URL = "changed"
	keep(c.to(hackney.Close(c.ClientState)))
	for i, cs := range states {
		now := fmt.Sprint(cs, cs.Redirects(), cs.Location(), cs.URL(), cs.Headers(), cs.MaybeRedirect())
		if now != texts[i] {
			t.Errorf("state %d is now\n%s, was\n%s", i, now, texts[i])
		}
	}
	for i, cs := range states[:4] {
		if _, err := hackney.Handoff(cs); cs.ConnectionState() == hackney.Connected && !errors.Is(err, hackney.ErrStale) && !errors.Is(err, hackney.ErrClosed) {
			t.Errorf("state %d can be used again: %v", i, err)
		}
	}
}

// TestMaybeRedirectIsOver where there is no answer any more.
func TestMaybeRedirectIsOver(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(rTo(307, "/next")), wiretest.Replies(wOK))
	c := wNew(t).request("POST", srv.URL("/"), nil, nil, rFollow())
	if c.wantBody("moved"); !c.MaybeRedirect() {
		t.Error("it is not there behind the body")
	}
	c.to(hackney.Close(c.ClientState)).to(hackney.Reconnect(c.ctx, c.ClientState))
	if c.MaybeRedirect() || c.Status() != 0 {
		t.Errorf("MaybeRedirect %v of status %d", c.MaybeRedirect(), c.Status())
	}
}

// rUsable holds that a state behind an error can be closed, and the client be used for
// its first origin then.
func rUsable(t *testing.T, c *wClient, home *wiretest.Server) {
	t.Helper()
	home.Expect(wiretest.Replies(wOK))
	c.to(hackney.Close(c.ClientState)).connection(hackney.Closed).in(hackney.StateStart)
	c.send(hackney.Req{Path: "/again"}).wantBody("ok")
	if c.URL() != home.URL("/again") || c.Redirects() != nil {
		t.Errorf("it went to %s, redirects %v", c.URL(), c.Redirects())
	}
}

// TestRedirectHopBreaks has a second hop that cannot be reached, breaks off, or makes no sense.
func TestRedirectHopBreaks(t *testing.T) {
	const refusing = "http://127.0.0.1:1/" // no port that is given out again meanwhile
	for name, test := range map[string]struct {
		hop   wiretest.Conn // nil: refused
		is    func(error) bool
		blame hackney.Blame
	}{
		"refused":   {nil, func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }, hackney.BlameNetwork},
		"reset":     {wiretest.Conn{wiretest.On(wiretest.Request).ThenReset()}, func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }, hackney.BlameNetwork},
		"closed":    {wiretest.Conn{wiretest.On(wiretest.Request).ThenClose()}, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }, hackney.BlamePeer},
		"malformed": {wiretest.Conn{wiretest.Reply("HTTP/1.1 2x0 OK\r\n\r\n")}, rIs[*hackney.ProtocolError], hackney.BlamePeer},
		"framing":   {wiretest.Conn{wiretest.Reply("HTTP/1.1 302 OK\r\nLocation: /\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")}, rIs[*hackney.ProtocolError], hackney.BlamePeer},
		"huge":      {wiretest.Conn{wiretest.Reply(wHeadOK + strings.Repeat("A: b\r\n", 1001) + "\r\n")}, rIs[*hackney.LimitError], hackney.BlameLimit},
	} {
		for _, drained := range []bool{true, false} {
			for _, pooled := range []bool{true, false} {
				for _, stream := range []bool{true, false} {
					t.Run(fmt.Sprintf("%s, drained %v, pooled %v, stream %v", name, drained, pooled, stream), func(t *testing.T) {
						to := refusing
						if test.hop != nil {
							b := wiretest.New(t, test.hop)
							to = b.URL("/b")
							defer b.WaitClosed(0)
						}
						home := wiretest.New(t, wiretest.Replies(rTo(303, to), wOK))
						o := &hackney.Opts{FollowRedirect: true}
						if pooled {
							o.Pool = pPool(t, pool.Opts{})
							defer func() { pEven(t, o.Pool) }()
						}
						if !drained {
							o.DrainBytes = hackney.NoDrain
						}
						c := wNew(t)
						c.to(hackney.Connect(c.ctx, transport.TCP, home.Host(), home.Port(), o))
						var err error
						if stream {
							c.send(hackney.Req{Method: "POST", Path: "/a", Payload: hackney.Stream})
							err = c.fails(hackney.StartResponse(c.ctx, c.ClientState))
						} else {
							err = c.fails(hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{Path: "/a"}))
						}
						if !test.is(err) {
							t.Errorf("error %v", err)
						}
						wBlame(t, err, test.blame)
						wHas(t, err, strings.Split(to, "/")[2])
						c.connection(hackney.Closed)
						if rs := c.ResponseState(); rs == hackney.StateStream || rs == hackney.StateWaiting || rs == hackney.StateOnBody {
							t.Errorf("the state is %v", c.ClientState)
						}
						if c.MaybeRedirect() || c.Status() != 0 || len(c.Redirects()) != 1 || c.Redirects()[0].URL != home.URL("/a") {
							t.Errorf("status %d, redirects %+v", c.Status(), c.Redirects())
						}
						rUsable(t, c, home)
					})
				}
			}
		}
	}
}

func rIs[T error](err error) bool {
	var e T
	return errors.As(err, &e)
}

// TestRedirectForgetsTheAnswerBefore has a hop that fails on a client that was used before:
// what the answer of then said is not said of this one.
func TestRedirectForgetsTheAnswerBefore(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 103 X\r\n\r\n"+wOK, rTo(302, "http://b.test/")))
	c, o := wNew(t), rFollow()
	o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != srv.Addr() {
			return nil, errors.New("nobody is there")
		}
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
	c.request("GET", srv.URL("/a"), nil, nil, o).wantBody("ok")
	c.fails(hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{Path: "/b"}))
	if c.Status() != 0 || c.Headers().Len() != 0 || c.Interim() != nil || c.ContentLength() != -1 {
		t.Errorf("status %d, fields %v, interim %v", c.Status(), c.Headers(), c.Interim())
	}
}

// TestRedirectPolicyOnTheHop refuses the address of a second hop.
func TestRedirectPolicyOnTheHop(t *testing.T) {
	home := wiretest.New(t, wiretest.Replies(rTo(302, "http://169.254.169.254/latest")))
	o := rFollow()
	o.AddressPolicy = hackney.PublicAddresses(rPrefix(home.Host()))
	c := wNew(t)
	err := c.fails(hackney.Get(c.ctx, home.URL("/"), nil, nil, o))
	wIs[*hackney.AddressError](t, err)
	wBlame(t, err, hackney.BlameLimit)
	home.WaitClosed(0)
}

// TestRedirectProxyOnTheHop asks for the proxy on each hop; an error there ends it, on a
// kept connection too.
func TestRedirectProxyOnTheHop(t *testing.T) {
	for _, other := range []string{"", "http://b.test/"} {
		home := wiretest.New(t, wiretest.Replies(rTo(302, other+"/next")))
		asked := 0
		o := rFollow()
		o.Proxy = hackney.ProxyFunc(func(url.URL) (string, error) {
			if asked++; asked > 1 {
				return "", errors.New("no way")
			}
			return "", nil
		})
		c := wNew(t)
		err := c.fails(hackney.Get(c.ctx, home.URL("/"), nil, nil, o))
		wIs[*hackney.ArgumentError](t, err)
		wHas(t, err, "no way")
		if asked != 2 {
			t.Errorf("asked %d times", asked)
		}
		c.to(hackney.Close(c.ClientState))
		home.WaitClosed(0)
	}
}

// TestC40_ProxyCredentials has hops that change the proxy or leave it: its credentials,
// and those of the caller's own field, go nowhere else.
func TestC40_ProxyCredentials(t *testing.T) {
	const opened = "HTTP/1.1 200 Connection established\r\n\r\n"
	origin := wiretest.New(t, wiretest.Replies(rTo(302, "http://b.test/3", "Connection: close")))
	two := wiretest.Start(t, wiretest.Options{Names: []string{"a.test"}}, // CONNECT, then TLS inside
		wiretest.Conn{wiretest.Reply(opened).ThenTLS(), wiretest.Reply(rTo(302, "http://"+origin.Addr()+"/2", "Connection: close")).ThenClose()},
	)
	one := wiretest.New(t,
		wiretest.Conn{wiretest.Reply(rTo(302, "https://a.test/1", "Connection: close")).ThenClose()}, // handed to it
		wiretest.Conn{wiretest.Reply(rFinal).ThenClose()},
	)
	o := &hackney.Opts{FollowRedirect: true, Insecure: true, ProxyMode: hackney.Forward}
	o.Proxy = hackney.ProxyFunc(func(to url.URL) (string, error) {
		switch {
		case to.Scheme == "https":
			return "http://two:secret2@" + two.Addr(), nil
		case to.Host == "127.0.0.1":
			return "", nil
		}
		return "http://one:secret1@" + one.Addr(), nil
	})
	h := headers.New("Proxy-Authorization", "own", "X-Other", "stays")
	wNew(t).request("GET", "http://a.test/0", h, nil, o).wantBody("ok")
	first, last := one.Requests(0)[0], one.Requests(1)[0]
	tunnel := two.Requests(0)
	for _, test := range []struct {
		m    wiretest.Message
		line string
		auth string
	}{
		{first, "GET http://a.test/0 HTTP/1.1", "own"},
		{tunnel[0], "CONNECT a.test:443 HTTP/1.1", rBasic("two:secret2")},
		{tunnel[1], "GET /1 HTTP/1.1", ""},
		{origin.Requests(0)[0], "GET /2 HTTP/1.1", ""},
		{last, "GET http://b.test/3 HTTP/1.1", rBasic("one:secret1")},
	} {
		if test.m.RequestLine() != test.line || test.m.Field("Proxy-Authorization") != test.auth || test.m.Field("Authorization") != "" {
			t.Errorf("%q, want %s with %q", test.m.Raw, test.line, test.auth)
		}
	}
}

// TestRedirectLooksBeforeItSendsAgain has the server end the connection behind a redirect
// without a word: a POST, which is not sent twice by itself, goes out on another one.
func TestRedirectLooksBeforeItSendsAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended := make(chan struct{})
	var served sync.WaitGroup
	served.Go(func() {
		for _, answer := range []string{"HTTP/1.1 307 X\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", wOK} {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := wReadHead(c); err == nil {
				io.WriteString(c, answer)
			}
			c.(*net.TCPConn).CloseWrite()
			if answer != wOK {
				close(ended)
			}
			defer c.Close()
		}
	})
	asked := 0
	o := &hackney.Opts{ForceRedirect: true, Proxy: hackney.ProxyFunc(func(url.URL) (string, error) {
		if asked++; asked == 2 { // between the redirect and the request behind it
			<-ended
		}
		return "", nil
	})}
	wNew(t).request("POST", "http://"+l.Addr().String()+"/a", nil, hackney.Bytes([]byte("x")), o).wantBody("ok")
	served.Wait()
}
