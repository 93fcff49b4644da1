package hackney_test

import (
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// TestProxySOCKS holds the bytes that a SOCKS proxy gets, and that all else is as without one.
func TestProxySOCKS(t *testing.T) {
	v6 := "\x05\x01\x00\x04\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01"
	for _, c := range []struct{ name, scheme, target, host, ask string }{
		{"IPv4", "socks5", "http://192.0.2.1/a", "192.0.2.1", "\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50"},
		{"IPv4 for the proxy to look up", "socks5h", "http://192.0.2.1:8080/a", "192.0.2.1:8080", "\x05\x01\x00\x01\xc0\x00\x02\x01\x1f\x90"},
		{"IPv6", "socks5", "http://[2001:db8::1]:8080/a", "[2001:db8::1]:8080", v6 + "\x1f\x90"},
		{"IPv6 for the proxy to look up", "socks5h", "https://[2001:db8::1]/a", "[2001:db8::1]", v6 + "\x01\xbb"},
		{"a name for the proxy to look up", "socks5h", "http://origin.test/a", "origin.test", "\x05\x01\x00\x03\x0borigin.test\x00\x50"},
		{"TLS inside", "socks5h", "https://origin.test/a", "origin.test", "\x05\x01\x00\x03\x0borigin.test\x01\xbb"},
		{"a name that is looked up here", "socks5", "http://localhost:8080/a", "localhost:8080", "\x05\x01\x00\x01\x7f\x00\x00\x01\x1f\x90"},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv, o := vProxy(t, false, vSOCKS(c.ask, strings.HasPrefix(c.target, "https"), wOK, wOK))
			o.Proxy = hackney.ProxyURL(c.scheme + "://" + srv.Addr())
			o.ProxyMode, o.ProxyHeaders = hackney.Forward, headers.New("X-A", "b") // which are for others
			cl := wNew(t).request("GET", c.target, headers.New("Proxy-Authorization", vSecret), nil, o).wantBody("ok")
			cl.send(hackney.Req{Path: "/b"}).wantBody("ok")
			if !cl.Reused() || cl.RemoteAddr().String() != srv.Addr() || cl.URL() != strings.Replace(c.target, "/a", "/b", 1) || (cl.TLS() != nil) != strings.HasPrefix(c.target, "https") {
				t.Errorf("%v at %v, %s", cl.ClientState, cl.RemoteAddr(), cl.URL())
			}
			wSame(t, cl.sent(srv, 0), vHello+c.ask+vGet("/a", c.host)+vGet("/b", c.host))
		})
	}
}

// TestProxySOCKSLogin holds where user and password come from, and how they are sent.
func TestProxySOCKSLogin(t *testing.T) {
	ask := "\x05\x01\x00\x03\x0borigin.test\x00\x50"
	for name, c := range map[string]struct {
		info  string
		auth  *hackney.BasicAuth
		login string
	}{
		"user info":             {"us%40er:p%3Aw@", nil, "\x01\x05us@er\x03p:w"},
		"ProxyAuth":             {"", &hackney.BasicAuth{User: "user", Password: "pw"}, "\x01\x04user\x02pw"},
		"both":                  {"u:p@", &hackney.BasicAuth{User: "user", Password: "pw"}, "\x01\x01u\x01p"},
		"without a password":    {"u@", nil, "\x01\x01u\x00"},
		"255 bytes":             {strings.Repeat("u", 255) + ":" + strings.Repeat("p", 255) + "@", nil, "\x01\xff" + strings.Repeat("u", 255) + "\xff" + strings.Repeat("p", 255)},
		"the mode is no matter": {"u:p@", nil, "\x01\x01u\x01p"},
	} {
		t.Run(name, func(t *testing.T) {
			srv, o := vProxy(t, false, wiretest.Conn{
				wiretest.On(wiretest.Bytes(len(vHelloLogin)), "\x05\x02"),
				wiretest.On(wiretest.Bytes(len(c.login)), "\x01\x00"),
				wiretest.On(wiretest.Bytes(len(ask)), vAccepted),
				wiretest.Reply(wOK),
			})
			o.Proxy, o.ProxyAuth = hackney.ProxyURL("socks5h://"+c.info+srv.Addr()), c.auth
			cl := wNew(t).request("GET", "http://origin.test/", nil, nil, o).wantBody("ok")
			wSame(t, cl.sent(srv, 0), vHelloLogin+c.login+ask+vGet("/", "origin.test"))
		})
	}
}

// TestProxySOCKSRefuses holds what comes of a SOCKS proxy that does not connect.
func TestProxySOCKSRefuses(t *testing.T) {
	hello, login := wiretest.On(wiretest.Bytes(4), "\x05\x00"), wiretest.On(wiretest.Bytes(4), "\x05\x02")
	for name, conn := range map[string]wiretest.Conn{
		"not allowed":         {hello, wiretest.On(wiretest.Bytes(1), "\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00")},
		"refused":             {hello, wiretest.On(wiretest.Bytes(1), "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")},
		"no method":           {wiretest.On(wiretest.Bytes(4), "\x05\xff")},
		"wrong password":      {login, wiretest.On(wiretest.Bytes(1), "\x01\x01")},
		"HTTP":                {wiretest.On(wiretest.Bytes(4), "HTTP/1.1 400 Bad Request\r\n\r\n")},
		"closed":              {wiretest.On(wiretest.Bytes(4)).ThenClose()},
		"closed in the reply": {hello, wiretest.On(wiretest.Bytes(1), "\x05\x00\x00").ThenClose()},
		"reset":               {wiretest.On(wiretest.Bytes(4)).ThenReset()},
	} {
		for _, target := range []string{"http", "https"} {
			t.Run(name+"/"+target, func(t *testing.T) {
				origin := wiretest.New(t)
				srv, o := vProxy(t, false, conn)
				o.Proxy, o.Pool = hackney.ProxyURL("socks5h://user:"+vSecret+"@"+srv.Addr()), pPool(t, pool.Opts{})
				c := wNew(t)
				err := c.fails(hackney.Get(c.ctx, target+"://"+origin.Addr()+"/", nil, nil, o))
				e := wIs[*hackney.ProxyError](t, err)
				if e.Proxy != srv.Addr() || e.Target != origin.Addr() || e.Status != 0 || e.Err == nil {
					t.Errorf("%+v", e)
				}
				if name == "reset" {
					wBlame(t, err, hackney.BlameNetwork)
				} else {
					wBlame(t, err, hackney.BlamePeer)
				}
				vNoSecret(t, err, c.ClientState)
				c.in(hackney.StateStart).connection(hackney.Closed)
				srv.WaitClosed(0)
				pEven(t, o.Pool)
			})
		}
	}
}

// TestProxySOCKSLongName is C56: no byte of a name that does not fit goes out, and it is
// not looked up here instead.
func TestProxySOCKSLongName(t *testing.T) {
	long := strings.Repeat(strings.Repeat("n", 63)+".", 4)
	for _, name := range []string{long[:256], long + strings.Repeat("x", 300)} {
		o := wNoDial(t)
		o.Proxy = hackney.ProxyURL("socks5h://proxy.test")
		c := wNew(t)
		err := c.fails(hackney.Get(c.ctx, "http://"+name+"/", nil, nil, o))
		c.in(hackney.StateStart).connection(hackney.Closed)
		wHas(t, err, "255 bytes")
		wBlame(t, err, hackney.BlameCaller)
	}
}
