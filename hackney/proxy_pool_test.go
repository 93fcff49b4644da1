package hackney_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/leaktest"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// TestProxyPoolKeys holds which clients may share a connection of a pool (C47): those
// whose way and whose credentials are the same.
func TestProxyPoolKeys(t *testing.T) {
	policy := func(netip.AddrPort) error { return nil }
	answer := func(hackney.ProxyChallenge) (string, error) { return "", nil }
	base := func() *hackney.Opts {
		return &hackney.Opts{
			Proxy: hackney.ProxyURL("http://proxy.test:3128"), ProxyAuth: &hackney.BasicAuth{User: "user", Password: vSecret},
			ProxyHeaders: headers.New("X-A", "b"), AnswerProxy: answer, AddressPolicy: policy,
		}
	}
	tunnelled := map[string]func(o *hackney.Opts){
		"other ProxyHeaders":      func(o *hackney.Opts) { o.ProxyHeaders = headers.New("X-A", "c") },
		"no ProxyHeaders":         func(o *hackney.Opts) { o.ProxyHeaders = nil },
		"more ProxyHeaders":       func(o *hackney.Opts) { o.ProxyHeaders = headers.New("X-A", "b", "X-A", "b") },
		"omitting ProxyHeaders":   func(o *hackney.Opts) { o.ProxyHeaders = o.ProxyHeaders.Omit("User-Agent") },
		"the other mode, tunnels": func(o *hackney.Opts) { o.ProxyMode = hackney.Forward },
	}
	for _, way := range []struct {
		name   string
		target string
		mode   hackney.ProxyMode
	}{{"tunnel", "http://origin.test/", hackney.Tunnel}, {"TLS", "https://origin.test/", hackney.Tunnel}, {"forward", "http://origin.test/", hackney.Forward}} {
		secure := strings.HasPrefix(way.target, "https")
		changes := map[string]func(o *hackney.Opts){
			"same": func(*hackney.Opts) {},
			"same by user info": func(o *hackney.Opts) {
				o.Proxy, o.ProxyAuth = hackney.ProxyURL("user:"+vSecret+"@proxy.test:3128/"), nil
			},
			"same by function": func(o *hackney.Opts) {
				o.Proxy = hackney.ProxyFunc(func(url.URL) (string, error) { return "proxy.test:3128", nil })
			},
			"same fields":        func(o *hackney.Opts) { o.ProxyHeaders = headers.New("X-A", "b") },
			"other host":         func(o *hackney.Opts) { o.Proxy = hackney.ProxyURL("http://other.test:3128") },
			"other port":         func(o *hackney.Opts) { o.Proxy = hackney.ProxyURL("http://proxy.test:3129") },
			"other user":         func(o *hackney.Opts) { o.ProxyAuth = &hackney.BasicAuth{User: "other", Password: vSecret} },
			"other password":     func(o *hackney.Opts) { o.ProxyAuth = &hackney.BasicAuth{User: "user", Password: "other"} },
			"no credentials":     func(o *hackney.Opts) { o.ProxyAuth = nil },
			"by user info":       func(o *hackney.Opts) { o.Proxy = hackney.ProxyURL("http://u:p@proxy.test:3128") },
			"other AnswerProxy":  func(o *hackney.Opts) { o.AnswerProxy = func(hackney.ProxyChallenge) (string, error) { return "", nil } },
			"no AnswerProxy":     func(o *hackney.Opts) { o.AnswerProxy = nil },
			"no AddressPolicy":   func(o *hackney.Opts) { o.AddressPolicy = nil },
			"direct":             func(o *hackney.Opts) { o.Proxy = nil },
			"direct by function": func(o *hackney.Opts) { o.Proxy = hackney.ProxyFunc(func(url.URL) (string, error) { return "", nil }) },
			"other AddressPolicy": func(o *hackney.Opts) {
				o.AddressPolicy = func(netip.AddrPort) error { _ = o; return nil }
			},
		}
		if way.mode == hackney.Forward {
			changes["the other mode"] = func(o *hackney.Opts) { o.ProxyMode = hackney.Tunnel }
			for name, change := range tunnelled { // which are of no request that is handed over
				if strings.Contains(name, "ProxyHeaders") {
					changes["same, "+name] = change
				}
			}
		} else {
			for name, change := range tunnelled {
				changes[name] = change
			}
			if secure {
				changes["same, the other mode"] = changes["the other mode, tunnels"]
				delete(changes, "the other mode, tunnels")
			}
		}
		for name, change := range changes {
			t.Run(way.name+"/"+name, func(t *testing.T) {
				o := base()
				o.ProxyMode, o.Insecure, o.Pool = way.mode, true, pPool(t, pool.Opts{})
				o2 := base()
				o2.ProxyMode, o2.Insecure, o2.Pool = way.mode, true, o.Pool
				o.RecvTimeout, o2.RecvTimeout = wiretest.Patience, wiretest.Patience
				change(o2)
				srv := wiretest.New(t)
				o.DialContext = vTo(srv)
				o2.DialContext = o.DialContext
				play := func(o *hackney.Opts) {
					switch {
					case strings.HasPrefix(name, "direct") && secure && o == o2:
						srv.Expect(wiretest.Conn{wiretest.Step{Then: wiretest.StartTLS}, wiretest.Reply(wOK)})
					case strings.HasPrefix(name, "direct") && o == o2, o.ProxyMode == hackney.Forward && !secure:
						srv.Expect(wiretest.Replies(wOK, wOK, wOK))
					default:
						srv.Expect(vTunnel(secure, wOK, wOK, wOK))
					}
				}
				play(o)
				wNew(t).request("GET", way.target, nil, nil, o).wantBody("ok")
				play(o2)
				c := wNew(t).request("GET", way.target, nil, nil, o2).wantBody("ok")
				want := 2
				if strings.HasPrefix(name, "same") {
					want = 1
				}
				if got := srv.Conns(); got != want || c.Reused() != (want == 1) {
					t.Errorf("%d connections, want %d; reused %v", got, want, c.Reused())
				}
				wNew(t).request("GET", strings.Replace(way.target, "origin", "ORIGIN", 1), nil, nil, o).wantBody("ok")
				if got := srv.Conns(); want == 2 && got != want {
					t.Errorf("the first was not kept: %d connections", got)
				}
			})
		}
	}
}

// TestProxyPoolTunnelPerTarget holds that a tunnel serves the target alone that it leads to.
func TestProxyPoolTunnelPerTarget(t *testing.T) {
	targets := []string{"http://a.test/", "http://a.test:443/", "https://a.test/", "http://b.test/"}
	srv := wiretest.New(t)
	o := &hackney.Opts{Proxy: hackney.ProxyURL(srv.URL("")), Pool: pPool(t, pool.Opts{}), Insecure: true}
	for round := range 2 {
		for _, target := range targets {
			if round == 0 {
				srv.Expect(vTunnel(strings.HasPrefix(target, "https"), wOK, wOK))
			}
			c := wNew(t).request("GET", target, nil, nil, o).wantBody("ok")
			if c.Reused() != (round == 1) || c.Kept() != hackney.KeptInPool {
				t.Errorf("%s: reused %v, kept %v", target, c.Reused(), c.Kept())
			}
		}
	}
	o.Pool.Close()
	for i, host := range []string{"a.test:80", "a.test:443", "a.test:443", "b.test:80"} {
		srv.WaitClosed(i)
		name := strings.TrimSuffix(host, ":80")
		if i == 2 {
			name = "a.test"
		}
		wSame(t, string(srv.Received(i)), vConnect(host)+vGet("/", name)+vGet("/", name))
	}
}

// TestProxyPoolTLSSettings holds that the settings of TLS with a proxy keep connections apart.
func TestProxyPoolTLSSettings(t *testing.T) {
	for _, mode := range []hackney.ProxyMode{hackney.Tunnel, hackney.Forward} {
		srv, o := vProxy(t, true)
		for range 3 {
			if mode == hackney.Forward {
				srv.Expect(wiretest.Replies(wOK, wOK))
			} else {
				srv.Expect(vTunnel(false, wOK, wOK))
			}
		}
		o.Pool, o.ProxyMode = pPool(t, pool.Opts{}), mode
		second, third := *o, *o
		second.TLS = &tls.Config{RootCAs: srv.CertPool()}
		third.Insecure = true
		for i, o := range []*hackney.Opts{o, &second, &third, o, &second, &third} {
			c := wNew(t).request("GET", "http://origin.test/", nil, nil, o).wantBody("ok")
			if c.Reused() != (i > 2) || c.TLS() != nil {
				t.Errorf("request %d: reused %v", i, c.Reused())
			}
		}
	}
}

// TestProxyForwardShared holds that a connection on which requests are handed to a proxy is
// shared by all targets, and that each request, and all that is said of it, names its own.
func TestProxyForwardShared(t *testing.T) {
	found := "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"
	absolute := func(target, path string, lines ...string) string {
		return vGet("http://"+target+path, target, lines...)
	}
	for _, c := range []struct {
		name    string
		replies []string // to the second target
		sent    string
		hops    int
	}{
		{"an answer", []string{wOK}, absolute("b.test:8080", "/x"), 0},
		{"a challenge", []string{vAsks, wOK}, absolute("b.test:8080", "/x") + absolute("b.test:8080", "/x", "Proxy-Authorization: one"), 0},
		{"a redirect", []string{found, wOK}, absolute("b.test:8080", "/x") + absolute("b.test:8080", "/next"), 1},
		{"both", []string{vAsks, found, wOK}, absolute("b.test:8080", "/x") + absolute("b.test:8080", "/x", "Proxy-Authorization: one") + absolute("b.test:8080", "/next", "Proxy-Authorization: one"), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv, o := vProxy(t, false)
			srv.Expect(wiretest.Replies(append(append([]string{wOK}, c.replies...), wOK, wOK)...))
			a := &vAnswers{list: []string{"one"}}
			o.ProxyMode, o.AnswerProxy, o.FollowRedirect, o.Pool = hackney.Forward, a.answer, true, pPool(t, pool.Opts{})
			first := wNew(t).request("GET", "http://a.test/", nil, nil, o).wantBody("ok")
			cl := wNew(t).request("GET", "http://b.test:8080/x", nil, nil, o).status(200)
			path := "/x"
			if c.hops > 0 {
				path = "/next"
			}
			if cl.Host() != "b.test" || cl.Port() != 8080 || cl.URL() != "http://b.test:8080"+path || cl.Scheme() != "http" || !cl.Reused() {
				t.Errorf("the state is of %s, port %d, %s", cl.Host(), cl.Port(), cl.URL())
			}
			if s := cl.Snapshot(); s.Host != "b.test" || s.Port != 8080 || s.Netloc != "b.test:8080" {
				t.Errorf("%+v", s)
			}
			if hops := cl.Redirects(); len(hops) != c.hops || c.hops > 0 && hops[0].URL != "http://b.test:8080/x" {
				t.Errorf("%+v", hops)
			}
			cl.wantBody("ok")
			if strings.Contains(c.sent, "one") {
				a.want(t, 1, srv, "b.test:8080")
			}
			lines := []string{}
			if strings.Contains(c.sent, "one") {
				lines = append(lines, "Proxy-Authorization: one")
			}
			cl.send(hackney.Req{Path: "/again"}).wantBody("ok")
			first.send(hackney.Req{Path: "/first"}).wantBody("ok")
			if first.Host() != "a.test" || first.Port() != 80 || first.URL() != "http://a.test/first" {
				t.Errorf("the first state is of %s, port %d, %s", first.Host(), first.Port(), first.URL())
			}
			o.Pool.Close()
			srv.WaitClosed(0)
			wSame(t, string(srv.Received(0)), absolute("a.test", "/")+c.sent+absolute("b.test:8080", "/again", lines...)+absolute("a.test", "/first", lines...))
		})
	}
}

// TestProxyForwardSharedErrors holds that errors on a shared connection name the right target.
func TestProxyForwardSharedErrors(t *testing.T) {
	srv, o := vProxy(t, false, wiretest.Conn{wiretest.Reply(wOK), wiretest.Reply("HTTP/1.1 2").ThenReset()})
	o.ProxyMode, o.Pool = hackney.Forward, pPool(t, pool.Opts{})
	wNew(t).request("GET", "http://a.test/", nil, nil, o).wantBody("ok")
	c := wNew(t)
	err := c.fails(hackney.Post(c.ctx, "http://b.test:8080/x", nil, nil, o))
	if srv.Conns() != 1 || !strings.Contains(err.Error(), "b.test:8080") || strings.Contains(err.Error(), "a.test") {
		t.Errorf("%d connections, %v", srv.Conns(), err)
	}
}

// TestProxyPrewarm opens tunnels, and connections to hand requests to, before they are used.
func TestProxyPrewarm(t *testing.T) {
	for _, c := range []struct {
		target, connect, line string
		mode                  hackney.ProxyMode
		conn                  wiretest.Conn
	}{
		{"http://origin.test/", vConnect("origin.test:80"), "/", hackney.Tunnel, vTunnel(false, wOK)},
		{"https://origin.test/", vConnect("origin.test:443"), "/", hackney.Tunnel, vTunnel(true, wOK)},
		{"http://origin.test/", "", "http://origin.test/", hackney.Forward, wiretest.Replies(wOK)},
	} {
		for _, secure := range []bool{false, true} {
			srv, o := vProxy(t, secure, c.conn, c.conn)
			o.Pool, o.ProxyMode = pPool(t, pool.Opts{}), c.mode
			if err := hackney.Prewarm(t.Context(), c.target, 2, o); err != nil {
				t.Fatal(err)
			}
			if s := o.Pool.Stats(); s.Idle != 2 || s.Opened != 2 {
				t.Errorf("%+v", s.Counts)
			}
			cl := wNew(t).request("GET", c.target, nil, nil, o).wantBody("ok")
			if srv.Conns() != 2 || cl.Kept() != hackney.KeptInPool {
				t.Errorf("%d connections, %v", srv.Conns(), cl.Kept())
			}
			o.Pool.Close()
			for i := range 2 {
				srv.WaitClosed(i)
				got := string(srv.Received(i))
				if want := c.connect + vGet(c.line, "origin.test"); got != want {
					wSame(t, got, c.connect)
				}
			}
		}
	}
}

// TestProxyPoolOfOne holds that no way in which a tunnel fails costs its slot.
func TestProxyPoolOfOne(t *testing.T) {
	p := pPool(t, pool.Opts{MaxPerHost: 1})
	for _, c := range vRefusals {
		if c.status == 101 || c.blame == hackney.BlameLimit {
			continue
		}
		srv, o := vProxy(t, false, wiretest.Conn{c.last}, vTunnel(false, wOK))
		o.Pool, o.CheckoutTimeout = p, 1
		cl := wNew(t)
		cl.fails(hackney.Get(cl.ctx, "http://origin.test/", nil, nil, o))
		srv.WaitClosed(0)
		pEven(t, p)
		wNew(t).request("GET", "http://origin.test/", nil, nil, o).wantBody("ok")
	}
}

// vMoodyProxy plays a proxy that mostly refuses, in all ways.
func vMoodyProxy(seed *sync.Map) func(net.Conn, *bufio.Reader) {
	var mu sync.Mutex
	n := 0
	return func(c net.Conn, r *bufio.Reader) {
		mu.Lock()
		n++
		turn := n % 8
		mu.Unlock()
		seed.Store(turn, true)
		for turn != 0 {
			target, _, err := pRead(r)
			if err != nil {
				return
			}
			switch turn {
			case 1:
				return
			case 2:
				stormReset(c, "HTTP/1.1 4")
				return
			case 3:
				io.WriteString(c, "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")
			case 4:
				io.WriteString(c, vAsks)
			case 5:
				io.WriteString(c, "nonsense\r\n\r\n")
			case 6: // silence, until the client leaves
				r.ReadByte()
				return
			case 7:
				if strings.HasPrefix(target, "/") {
					io.WriteString(c, pAnswer(target))
				} else {
					io.WriteString(c, vOpen)
				}
			}
		}
	}
}

// TestProxyStorm has many goroutines share a pool whose proxy mostly refuses: all slots
// come back, and no descriptor and no goroutine is left.
func TestProxyStorm(t *testing.T) {
	var moods sync.Map
	address := pServe(t, vMoodyProxy(&moods))
	files := leaktest.FDs()
	p := pPool(t, pool.Opts{MaxPerHost: 8})
	o := &hackney.Opts{
		Proxy: hackney.ProxyURL(address), Pool: p, RecvTimeout: 20 * time.Millisecond, CheckoutTimeout: hackney.Infinite,
		AnswerProxy: func(c hackney.ProxyChallenge) (string, error) {
			if c.Attempt > 2 {
				return "", nil
			}
			return "again", nil
		},
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	answered, refused := 0, 0
	for g := range 20 {
		wg.Go(func() {
			for i := range 20 {
				path := fmt.Sprintf("/%d-%d", g, i)
				cs, err := hackney.Get(t.Context(), "http://origin.test"+path, nil, nil, o)
				var body []byte
				if err == nil {
					body, cs, err = hackney.Body(t.Context(), cs)
				}
				mu.Lock()
				switch {
				case err != nil:
					refused++
				case string(body) != path:
					t.Errorf("%s got %q", path, body)
				default:
					answered++
				}
				mu.Unlock()
				hackney.Close(cs)
			}
		})
	}
	wg.Wait()
	if answered == 0 || refused == 0 {
		t.Errorf("%d answered, %d refused", answered, refused)
	}
	for mood := range 8 {
		if _, ok := moods.Load(mood); !ok {
			t.Errorf("the proxy was never in mood %d", mood)
		}
	}
	pEven(t, p)
	p.Close()
	pUntil(t, "the descriptors", func() bool { return leaktest.FDs() <= files })
}

// What a SOCKS proxy hears and says (RFC 1928, 3 to 6, and RFC 1929).
const (
	vHello      = "\x05\x01\x00"
	vHelloLogin = "\x05\x02\x00\x02"
	vAccepted   = "\x05\x00\x00\x01\x7f\x00\x00\x01\x1f\x90"
)

// vSOCKS plays a SOCKS proxy that hears want, wants no login, and then plays the origin.
func vSOCKS(want string, secure bool, answers ...string) wiretest.Conn {
	c := wiretest.Conn{
		wiretest.On(wiretest.Bytes(len(vHello)), "\x05\x00"),
		wiretest.On(wiretest.Bytes(len(want)), vAccepted),
	}
	if secure {
		c[1] = c[1].ThenTLS()
	}
	return append(c, wiretest.Replies(answers...)...)
}
