package hackney_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/leaktest"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// What proxies answer, and the credentials that no one else may see.
const (
	vOpen    = "HTTP/1.1 200 Connection established\r\n\r\n"
	vAsks    = "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"r\"\r\nContent-Length: 2\r\n\r\nno"
	vAsksEnd = "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"r\"\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"
	vSecret  = "s3cr3t"
)

// vBasic is the field with a user's credentials.
func vBasic(user, password string) string {
	return "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

var vLogin = vBasic("user", vSecret)

// vConnect is the CONNECT for a target, with lines behind its defaults.
func vConnect(target string, lines ...string) string {
	return "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n" + wAgent + wLines(lines...) + "\r\n"
}

// vGet is a GET as it is sent, with lines behind its defaults.
func vGet(target, host string, lines ...string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + wAgent + wLines(lines...) + "\r\n"
}

// vTunnel opens a tunnel and plays the origin in it.
func vTunnel(secure bool, answers ...string) wiretest.Conn {
	first := wiretest.Reply(vOpen)
	if secure {
		first = first.ThenTLS()
	}
	return append(wiretest.Conn{first}, wiretest.Replies(answers...)...)
}

// vProxy is a proxy, over TLS or not, whose certificate is good for origin.test too.
func vProxy(t testing.TB, secure bool, conns ...wiretest.Conn) (*wiretest.Server, *hackney.Opts) {
	t.Helper()
	srv := wiretest.Start(t, wiretest.Options{TLS: secure, Names: []string{"origin.test", "2001:db8::1"}}, conns...)
	o := wTLS(srv)
	o.Proxy = hackney.ProxyURL(srv.URL(""))
	return srv, o
}

// vWithUser is the URL of a proxy with credentials in it.
func vWithUser(srv *wiretest.Server, user string) string {
	return strings.Replace(srv.URL("/"), "://", "://"+user+"@", 1)
}

// vScheme is http or https.
func vScheme(secure bool) string {
	if secure {
		return "https"
	}
	return "http"
}

// vDials notes what is dialed, and lets none of it succeed.
type vDials struct {
	mu   sync.Mutex
	list []string
}

var errDial = errors.New("there is no network")

func (d *vDials) dial(_ context.Context, _, address string) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, address)
	return nil, errDial
}

// TestProxyConnect holds the bytes of CONNECT, and of the request behind it, for http and
// https through proxies that speak http and https.
func TestProxyConnect(t *testing.T) {
	for _, c := range []struct {
		name, target string
		set          func(o *hackney.Opts, srv *wiretest.Server)
		connect      func(port string) string // of a target with port
		host, path   string
		lines        []string
	}{
		{name: "name", target: "origin.test/a?b=c#d", host: "origin.test", path: "/a?b=c"},
		{name: "port", target: "origin.test:8080/", host: "origin.test:8080", path: "/"},
		{name: "the port of the other scheme", target: "origin.test:80/", host: "origin.test:80", path: "/"},
		{name: "IPv6", target: "[2001:db8::1]/", host: "[2001:db8::1]", path: "/"},
		{name: "IPv6 with a port", target: "[2001:db8::1]:8080/", host: "[2001:db8::1]:8080", path: "/"},
		{
			name: "user info of the target", target: "someone:else@origin.test/", host: "origin.test", path: "/",
			lines: []string{"Authorization: Basic c29tZW9uZTplbHNl"},
		},
		{
			name: "ProxyAuth", target: "origin.test/", host: "origin.test", path: "/",
			set: func(o *hackney.Opts, _ *wiretest.Server) {
				o.ProxyAuth = &hackney.BasicAuth{User: "user", Password: vSecret}
			},
			connect: func(port string) string { return vConnect("origin.test:"+port, vLogin) },
		},
		{
			name: "user info, over ProxyAuth", target: "origin.test/", host: "origin.test", path: "/",
			set: func(o *hackney.Opts, srv *wiretest.Server) {
				o.Proxy = hackney.ProxyURL(vWithUser(srv, "us%40er:p%3A%2F%20w"))
				o.ProxyAuth = &hackney.BasicAuth{User: "user", Password: vSecret}
			},
			connect: func(port string) string { return vConnect("origin.test:"+port, vBasic("us@er", "p:/ w")) },
		},
		{
			name: "user without a password", target: "origin.test/", host: "origin.test", path: "/",
			set: func(o *hackney.Opts, srv *wiretest.Server) {
				o.Proxy = hackney.ProxyURL(vWithUser(srv, "user"))
			},
			connect: func(port string) string { return vConnect("origin.test:"+port, vBasic("user", "")) },
		},
		{
			name: "ProxyHeaders", target: "origin.test/", host: "origin.test", path: "/",
			set: func(o *hackney.Opts, _ *wiretest.Server) {
				o.ProxyHeaders = headers.New("X-First", "1", "x-second", "2", "X-First", "3")
				o.ProxyAuth = &hackney.BasicAuth{User: "user", Password: vSecret}
			},
			connect: func(port string) string {
				return vConnect("origin.test:"+port, "X-First: 1", "x-second: 2", "X-First: 3", vLogin)
			},
		},
		{
			name: "ProxyHeaders in place of the defaults", target: "origin.test/", host: "origin.test", path: "/",
			set: func(o *hackney.Opts, _ *wiretest.Server) {
				o.ProxyHeaders = headers.New("proxy-authorization", "Token x", "user-agent", "own", "HOST", "h")
			},
			connect: func(port string) string {
				return "CONNECT origin.test:" + port + " HTTP/1.1\r\nHOST: h\r\nuser-agent: own\r\nproxy-authorization: Token x\r\n\r\n"
			},
		},
		{
			name: "the client's own credentials", target: "origin.test/", host: "origin.test", path: "/",
			set: func(o *hackney.Opts, _ *wiretest.Server) {
				o.BasicAuth = &hackney.BasicAuth{User: "someone", Password: "else"}
			},
			lines: []string{"Authorization: Basic c29tZW9uZTplbHNl"},
		},
	} {
		for _, kind := range []struct{ proxy, target bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
			scheme := vScheme(kind.target)
			t.Run(fmt.Sprintf("%s/%s by %s", c.name, scheme, vScheme(kind.proxy)), func(t *testing.T) {
				srv, o := vProxy(t, kind.proxy, vTunnel(kind.target, wOK))
				if c.set != nil {
					c.set(o, srv)
				}
				port := map[string]string{"http": "80", "https": "443"}[scheme]
				connect, host := vConnect(c.host), c.host
				switch {
				case c.connect != nil:
					connect = c.connect(port)
				case !strings.Contains(strings.TrimPrefix(c.host, "[2001:db8::1]"), ":"):
					connect = vConnect(c.host + ":" + port)
				}
				host = strings.TrimSuffix(host, ":"+port)
				cl := wNew(t).request("GET", scheme+"://"+c.target, nil, nil, o).wantBody("ok")
				wSame(t, cl.sent(srv, 0), connect+vGet(c.path, host, c.lines...))
			})
		}
	}
}

// TestProxyForward holds the bytes of requests that are handed to a proxy (RFC 9112, 3.2.2).
func TestProxyForward(t *testing.T) {
	auth := func(o *hackney.Opts, _ *wiretest.Server) {
		o.ProxyAuth = &hackney.BasicAuth{User: "user", Password: vSecret}
	}
	for _, c := range []struct {
		name, url string
		r         hackney.Req
		set       func(*hackney.Opts, *wiretest.Server)
		want      string
	}{
		{"root", "http://origin.test", hackney.Req{}, nil, vGet("http://origin.test/", "origin.test")},
		{"the standard port", "http://origin.test:80", hackney.Req{Path: "/a"}, nil, vGet("http://origin.test/a", "origin.test")},
		{"another port", "http://origin.test:443", hackney.Req{Path: "/a"}, nil, vGet("http://origin.test:443/a", "origin.test:443")},
		{"query", "http://origin.test", hackney.Req{Path: "/a//../b?c=http://d/?"}, nil, vGet("http://origin.test/a//../b?c=http://d/?", "origin.test")},
		{"IPv6", "http://[2001:db8::1]", hackney.Req{}, nil, vGet("http://[2001:db8::1]/", "[2001:db8::1]")},
		{"IPv6 with a port", "http://[2001:db8::1]:8080", hackney.Req{}, nil, vGet("http://[2001:db8::1]:8080/", "[2001:db8::1]:8080")},
		{"absolute already", "http://origin.test", hackney.Req{Path: "http://origin.test/a?b"}, nil, vGet("http://origin.test/a?b", "origin.test")},
		{"asterisk", "http://origin.test", hackney.Req{Method: "OPTIONS", Path: "*"}, nil, "OPTIONS http://origin.test HTTP/1.1\r\nHost: origin.test\r\n" + wAgent + "\r\n"},
		{"asterisk with a port", "http://[::1]:8001", hackney.Req{Method: "OPTIONS", Path: "*"}, nil, "OPTIONS http://[::1]:8001 HTTP/1.1\r\nHost: [::1]:8001\r\n" + wAgent + "\r\n"},
		{"own Host", "http://origin.test", hackney.Req{Headers: headers.New("host", "other")}, nil, "GET http://origin.test/ HTTP/1.1\r\nhost: other\r\n" + wAgent + "\r\n"},
		{"content", "http://origin.test", hackney.Req{Method: "PUT", Payload: hackney.Text("abc")}, nil, "PUT http://origin.test/ HTTP/1.1\r\nHost: origin.test\r\n" + wAgent + "Content-Type: application/octet-stream\r\nContent-Length: 3\r\n\r\nabc"},
		{
			"ProxyAuth and BasicAuth", "http://origin.test", hackney.Req{Headers: headers.New("X-A", "1")}, func(o *hackney.Opts, srv *wiretest.Server) {
				auth(o, srv)
				o.BasicAuth = &hackney.BasicAuth{User: "someone", Password: "else"}
			}, vGet("http://origin.test/", "origin.test", "Authorization: Basic c29tZW9uZTplbHNl", vLogin, "X-A: 1"),
		},
		{"user info of the proxy", "http://origin.test", hackney.Req{}, func(o *hackney.Opts, srv *wiretest.Server) {
			o.Proxy = hackney.ProxyURL(vWithUser(srv, "user:"+vSecret))
		}, vGet("http://origin.test/", "origin.test", vLogin)},
		{
			"own Proxy-Authorization", "http://origin.test",
			hackney.Req{Headers: headers.New("X-A", "1", "proxy-authorization", "own")},
			auth,
			vGet("http://origin.test/", "origin.test", "X-A: 1", "proxy-authorization: own"),
		},
		{"ProxyHeaders", "http://origin.test", hackney.Req{}, func(o *hackney.Opts, _ *wiretest.Server) {
			o.ProxyHeaders = headers.New("X-Own", "1")
		}, vGet("http://origin.test/", "origin.test")},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(c.name+"/"+vScheme(secure), func(t *testing.T) {
				srv, o := vProxy(t, secure, wiretest.Replies(wOK))
				o.ProxyMode = hackney.Forward
				if c.set != nil {
					c.set(o, srv)
				}
				u, err := url.Parse(c.url)
				if err != nil {
					t.Fatal(err)
				}
				cl := wNew(t)
				cl.to(hackney.Connect(cl.ctx, transport.TCP, u.Host, u.Port, o)).send(c.r).wantBody("ok")
				wSame(t, cl.sent(srv, 0), c.want)
			})
		}
	}
}

// TestProxyForwardURL is TestProxyForward for what only a URL has.
func TestProxyForwardURL(t *testing.T) {
	srv, o := vProxy(t, false, wiretest.Replies(wOK))
	o.ProxyMode = hackney.Forward
	c := wNew(t).request("GET", "http://someone:else@origin.test?a=b#c", nil, nil, o).wantBody("ok")
	wSame(t, c.sent(srv, 0), vGet("http://origin.test/?a=b", "origin.test", "Authorization: Basic c29tZW9uZTplbHNl"))
}

// TestProxyForwardTunnelsHTTPS holds that nothing of https is handed to a proxy.
func TestProxyForwardTunnelsHTTPS(t *testing.T) {
	srv, o := vProxy(t, false, vTunnel(true, wOK))
	o.ProxyMode = hackney.Forward
	c := wNew(t).request("GET", "https://origin.test/a", nil, nil, o).wantBody("ok")
	wSame(t, c.sent(srv, 0), vConnect("origin.test:443")+vGet("/a", "origin.test"))
}

// TestProxyAddresses holds where the proxy is looked for. Nothing else is dialed when
// it is not there.
func TestProxyAddresses(t *testing.T) {
	for _, c := range []struct {
		proxy hackney.Proxy
		want  string
	}{
		{hackney.ProxyURL("proxy.test"), "proxy.test:80"},
		{hackney.ProxyURL("proxy.test:3128"), "proxy.test:3128"},
		{hackney.ProxyURL("192.0.2.1:3128"), "192.0.2.1:3128"},
		{hackney.ProxyURL("http://proxy.test"), "proxy.test:80"},
		{hackney.ProxyURL("HTTP://proxy.test/"), "proxy.test:80"},
		{hackney.ProxyURL("http://proxy.test:"), "proxy.test:80"},
		{hackney.ProxyURL("http://proxy.test:443/"), "proxy.test:443"},
		{hackney.ProxyURL("https://proxy.test"), "proxy.test:443"},
		{hackney.ProxyURL("https://proxy.test:80"), "proxy.test:80"},
		{hackney.ProxyURL("https://proxy.test:080"), "proxy.test:80"},
		{hackney.ProxyURL("socks5://proxy.test"), "proxy.test:1080"},
		{hackney.ProxyURL("socks5h://proxy.test/"), "proxy.test:1080"},
		{hackney.ProxyURL("socks5h://proxy.test:80"), "proxy.test:80"},
		{hackney.ProxyURL("socks5://proxy.test:01081"), "proxy.test:1081"},
		{hackney.ProxyURL("[2001:db8::80]"), "[2001:db8::80]:80"},
		{hackney.ProxyURL("https://[2001:db8::443]:3128/"), "[2001:db8::443]:3128"},
		{hackney.ProxyURL("socks5://[2001:db8::1]"), "[2001:db8::1]:1080"},
		{hackney.ProxyURL("http://user:p%40ss@proxy.test/"), "proxy.test:80"},
		{hackney.ProxyURL("user:" + vSecret + "@proxy.test:3128"), "proxy.test:3128"},
		{hackney.ProxyAddr("proxy.test", 3128), "proxy.test:3128"},
		{hackney.ProxyAddr("2001:db8::1", 3128), "[2001:db8::1]:3128"},
		{hackney.ProxyFunc(func(url.URL) (string, error) { return "proxy.test:8", nil }), "proxy.test:8"},
	} {
		t.Run(c.want, func(t *testing.T) {
			var dials vDials
			cl := wNew(t)
			o := &hackney.Opts{Proxy: c.proxy, DialContext: dials.dial}
			err := cl.fails(hackney.Get(cl.ctx, "http://192.0.2.7/", nil, nil, o))
			pe, te := wIs[*hackney.ProxyError](t, err), wIs[*hackney.TransportError](t, err)
			if pe.Proxy != c.want || pe.Target != "192.0.2.7:80" || pe.Status != 0 || pe.Err == nil || te.Op != "dial" || !errors.Is(err, errDial) {
				t.Errorf("%+v", pe)
			}
			if !slices.Equal(dials.list, []string{c.want}) {
				t.Errorf("dialed %v", dials.list)
			}
			wBlame(t, err, hackney.BlameNetwork)
			vNoSecret(t, err, cl.ClientState)
			cl.in(hackney.StateStart).connection(hackney.Closed)
		})
	}
}

// vNoSecret holds that an error and a state tell nobody the password.
func vNoSecret(t testing.TB, err error, cs hackney.ClientState) {
	t.Helper()
	for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", err), cs.String(), fmt.Sprintf("%+v", cs.Snapshot()), cs.URL()} {
		for _, secret := range []string{vSecret, vLogin[len("Proxy-Authorization: Basic "):]} {
			if strings.Contains(text, secret) {
				t.Errorf("%q has the secret in it", text)
			}
		}
	}
}

// TestProxyMalformed holds that what is wrong with a proxy is said before anything is
// dialed (C49).
func TestProxyMalformed(t *testing.T) {
	proxies := map[string]hackney.Proxy{
		"address without a host": hackney.ProxyAddr("", 3128),
		"address with a path":    hackney.ProxyAddr("proxy.test/x?", 3128),
		"negative port":          hackney.ProxyAddr("proxy.test", -1),
		"huge port":              hackney.ProxyAddr("proxy.test", 65536),
		"no port":                hackney.ProxyAddr("proxy.test", 0),
		"no function":            hackney.ProxyFunc(nil),
		"empty":                  hackney.ProxyURL(""),
	}
	for _, raw := range []string{
		"http://", "https://", "socks5://", "://proxy.test", "http://:3128", "http://user:" + vSecret + "@", "/", "//proxy.test",
		"http://proxy.test/path", "proxy.test/path", "http://proxy.test?q", "http://proxy.test/?q=1", "http://proxy.test#f",
		"ftp://proxy.test", "socks4://proxy.test", "socks://proxy.test", "unix://tmp", "httpx://proxy.test", "http:proxy.test",
		"http://http://proxy.test", "http://proxy.test:65536", "http://proxy.test:x", "http://proxy.test:-1", "http://proxy.test:1:2",
		"http://proxy.test:0", "socks5://proxy.test:0",
		"http://[::1", "http://::1", "http://[proxy.test]", "http://pro xy.test", "http://proxy.test\r\nX: y", "http://proxy.test\x00", " http://proxy.test",
		"http://us%3Aer:" + vSecret + "@proxy.test", "http://user:" + vSecret + " @proxy.test", "http://user:" + vSecret + "%zz@proxy.test",
		"u:" + vSecret + "@http://proxy.test", "socks5://:" + vSecret + "@proxy.test", "socks5://" + strings.Repeat("u", 256) + "@proxy.test",
		"http://proxy.test/" + vSecret, "http://user:" + vSecret + "@proxy.test/path",
	} {
		proxies[fmt.Sprintf("%.40q", raw)] = hackney.ProxyURL(raw)
		proxies[fmt.Sprintf("function, %.40q", raw)] = hackney.ProxyFunc(func(url.URL) (string, error) { return raw, nil })
	}
	for name, proxy := range proxies {
		t.Run(name, func(t *testing.T) {
			o := wNoDial(t)
			o.Proxy = proxy
			vRefused(t, o)
		})
	}
}

// vRefused holds that options are refused, for each operation that connects.
func vRefused(t *testing.T, o *hackney.Opts) {
	t.Helper()
	for _, pooled := range []bool{false, true} {
		own := *o
		if pooled {
			own.Pool = pPool(t, pool.Opts{MaxPerHost: 1})
		}
		for _, target := range []string{"http://192.0.2.7/", "https://origin.test/"} {
			c := wNew(t)
			err := c.fails(hackney.Get(c.ctx, target, nil, nil, &own))
			wIs[*hackney.ArgumentError](t, err)
			wBlame(t, err, hackney.BlameCaller)
			vNoSecret(t, err, c.ClientState)
			c.in(hackney.StateStart).connection(hackney.Closed)
		}
		if pooled {
			pEven(t, own.Pool)
		}
	}
}

// TestProxyOptionsMalformed is TestProxyMalformed for the other options.
func TestProxyOptionsMalformed(t *testing.T) {
	for name, set := range map[string]func(o *hackney.Opts){
		"user with a colon":   func(o *hackney.Opts) { o.ProxyAuth = &hackney.BasicAuth{User: "a:b", Password: vSecret} },
		"bad name of a field": func(o *hackney.Opts) { o.ProxyHeaders = headers.New("Bad Name", "x") },
		"value with a line":   func(o *hackney.Opts) { o.ProxyHeaders = headers.New("X-A", "x\r\nX-B: y") },
		"two Hosts":           func(o *hackney.Opts) { o.ProxyHeaders = headers.New("Host", "a", "Host", "b") },
		"a Host that is none": func(o *hackney.Opts) { o.ProxyHeaders = headers.New("Host", "a b") },
		"bad Content-Length":  func(o *hackney.Opts) { o.ProxyHeaders = headers.New("Content-Length", "x") },
		"Host left out":       func(o *hackney.Opts) { o.ProxyHeaders = headers.New().Omit("Host") },
	} {
		t.Run(name, func(t *testing.T) {
			o := wNoDial(t)
			o.Proxy = hackney.ProxyURL("http://proxy.test")
			set(o)
			vRefused(t, o)
		})
	}
}

// TestProxyFunc holds that the function is asked for each connection that is opened, and
// sees of the target where it is, and no more.
func TestProxyFunc(t *testing.T) {
	a, _ := vProxy(t, false, vTunnel(false, wOK), wiretest.Replies(wOK))
	b, o := vProxy(t, true, vTunnel(true, "HTTP/1.1 302 Found\r\nLocation: http://origin.test:8080/b\r\nContent-Length: 0\r\n\r\n"), vTunnel(false, wOK))
	direct := wiretest.New(t, wiretest.Replies(wOK))
	var asked []string
	answers := []string{b.URL(""), a.URL(""), a.URL("") + "/", b.URL("/"), ""}
	o.FollowRedirect = true
	o.Proxy = hackney.ProxyFunc(func(u url.URL) (string, error) {
		asked = append(asked, url.Unparse(u))
		return answers[len(asked)-1], nil
	})
	c := wNew(t).request("GET", "https://u:p@origin.test/secret?q=1#f", nil, nil, o).wantBody("ok")
	if c.RemoteAddr().String() != a.Addr() {
		t.Errorf("the hop went to %v", c.RemoteAddr())
	}
	wSame(t, c.sent(a, 0), vConnect("origin.test:8080")+vGet("/b", "origin.test:8080"))
	wSame(t, string(b.Received(0)), vConnect("origin.test:443")+vGet("/secret?q=1", "origin.test", "Authorization: Basic dTpw"))

	forward := *o
	forward.ProxyMode = hackney.Forward
	c = wNew(t).request("GET", "http://origin.test/", nil, nil, &forward).wantBody("ok")
	wSame(t, c.sent(a, 1), vGet("http://origin.test/", "origin.test"))
	c = wNew(t)
	c.to(hackney.Connect(c.ctx, transport.TCP, direct.Host(), direct.Port(), o)).to(hackney.Close(c.ClientState))
	c.to(hackney.Reconnect(c.ctx, c.ClientState)).send(hackney.Req{}).wantBody("ok").wantSent(direct, 0, wWant("GET /"))
	want := []string{"https://origin.test/", "http://origin.test:8080/", "http://origin.test/", "http://" + direct.Addr() + "/", "http://" + direct.Addr() + "/"}
	if !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
}

// TestProxyFuncFails holds that without an answer of the function there is no connection,
// on the first hop and on those behind redirects.
func TestProxyFuncFails(t *testing.T) {
	why := errors.New("no way")
	for name, location := range map[string]string{"at once": "", "behind a redirect": "{origin}/b", "behind one to the same origin": "/b"} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("panic: %v", r)
				}
			}()
			origin, other := wiretest.New(t), wiretest.New(t)
			srv, o := vProxy(t, false)
			if location != "" {
				location = strings.ReplaceAll(location, "{origin}", other.URL(""))
				srv.Expect(vTunnel(false, "HTTP/1.1 302 Found\r\nLocation: "+location+"\r\nContent-Length: 0\r\n\r\n"))
			}
			asked := 0
			o.FollowRedirect = true
			o.Proxy = hackney.ProxyFunc(func(url.URL) (string, error) {
				if asked++; location == "" || asked > 1 {
					return srv.URL(""), why
				}
				return srv.URL(""), nil
			})
			c := wNew(t)
			err := c.fails(hackney.Get(c.ctx, origin.URL("/"), nil, nil, o))
			if wIs[*hackney.ArgumentError](t, err); !errors.Is(err, why) {
				t.Errorf("%v", err)
			}
			if location != "/b" { // else the way that was there is still there
				c.connection(hackney.Closed)
			}
			if c.to(hackney.Close(c.ClientState)); location != "" {
				srv.WaitClosed(0)
				wSame(t, string(srv.Received(0)), vConnect(origin.Addr())+vGet("/", origin.Addr()))
			}
		})
	}
}

// vEnvironment makes the environment that of a test.
func vEnvironment(t *testing.T, pairs ...string) {
	t.Helper()
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "")
	}
	for i := 0; i < len(pairs); i += 2 {
		t.Setenv(pairs[i], pairs[i+1])
	}
}

// TestProxyFromEnvironment has the rules of httpproxy, with the hosts in which they were
// once found wanting (C55): what is dialed is the proxy, or the target.
func TestProxyFromEnvironment(t *testing.T) {
	const except = ".internal.test,exact.test,192.0.2.0/24,198.51.100.7,port.test:8080,2001:db8::7,[2001:db8::9]:8080,*.star.test, spaced.test"
	for _, c := range []struct {
		target string
		direct string // what is dialed where the proxy is not
	}{
		{"http://origin.test/", ""},
		{"http://origin.test:8080/", ""},
		{"https://origin.test/", ""},
		{"http://localhost/", "localhost:80"},
		{"http://localhost:8080/", "localhost:8080"},
		{"https://localhost/", "localhost:443"},
		{"http://localhost./", "localhost.:80"},
		{"http://127.0.0.1:81/", "127.0.0.1:81"},
		{"http://127.8.9.10/", "127.8.9.10:80"},
		{"http://[::1]/", "[::1]:80"},
		{"https://[::1]:444/", "[::1]:444"},
		{"http://[::ffff:127.0.0.1]/", "[::ffff:127.0.0.1]:80"},
		{"http://a.internal.test/", "a.internal.test:80"},
		{"http://A.Internal.Test/", "A.Internal.Test:80"},
		{"http://a.internal.test./", "a.internal.test.:80"},
		{"http://internal.test/", ""},
		{"http://evil-internal.test/", ""},
		{"http://exact.test/", "exact.test:80"},
		{"https://exact.test./", "exact.test.:443"},
		{"http://sub.exact.test/", "sub.exact.test:80"},
		{"http://notexact.test/", ""},
		{"http://exact.test.evil.test/", ""},
		{"http://a.star.test/", "a.star.test:80"},
		{"http://spaced.test/", "spaced.test:80"},
		{"http://192.0.2.200/", "192.0.2.200:80"},
		{"http://192.0.3.1/", ""},
		{"http://198.51.100.7/", "198.51.100.7:80"},
		{"http://198.51.100.8/", ""},
		{"http://port.test:8080/", "port.test:8080"},
		{"http://port.test/", ""},
		{"http://[2001:db8::7]/", "[2001:db8::7]:80"},
		{"http://[2001:db8:0::7]/", "[2001:db8:0::7]:80"},
		{"http://[2001:db8::8]/", ""},
		{"http://[2001:db8::9]:8080/", "[2001:db8::9]:8080"},
		{"http://[2001:db8::9]/", ""},
		{"http://[fe80::1%25.internal.test]/", ""},
		{"http://[fe80::1%25exact.test]/", ""},
	} {
		t.Run(c.target, func(t *testing.T) {
			vEnvironment(t, "HTTP_PROXY", "http://user:"+vSecret+"@proxy.test:3128/", "https_proxy", "https://proxy.test:3128", "NO_PROXY", except)
			var dials vDials
			cl := wNew(t)
			err := cl.fails(hackney.Get(cl.ctx, c.target, nil, nil, &hackney.Opts{Proxy: hackney.ProxyFromEnvironment(), DialContext: dials.dial}))
			want := c.direct
			if want == "" {
				want = "proxy.test:3128"
				wIs[*hackney.ProxyError](t, err)
			}
			if !slices.Equal(dials.list, []string{want}) {
				t.Errorf("dialed %q, want %q: %v", dials.list, want, err)
			}
			vNoSecret(t, err, cl.ClientState)
		})
	}
}

// TestProxyFromEnvironmentZone is the host of C55 that is no URL here at all.
func TestProxyFromEnvironmentZone(t *testing.T) {
	vEnvironment(t, "HTTP_PROXY", "http://proxy.test", "NO_PROXY", "*.example.com")
	o := wNoDial(t)
	o.Proxy = hackney.ProxyFromEnvironment()
	cs, err := hackney.Get(t.Context(), "http://[::1%25.example.com]/", nil, nil, o)
	wIs[*hackney.ArgumentError](t, err)
	hackney.Close(cs)
	var dials vDials
	o.DialContext = dials.dial
	cs, err = hackney.Connect(t.Context(), transport.TCP, "::1%.example.com", 80, o)
	wIs[*hackney.TransportError](t, err)
	hackney.Close(cs)
	if !slices.Equal(dials.list, []string{"[::1%.example.com]:80"}) { // loopback
		t.Errorf("dialed %q", dials.list)
	}
}

// TestProxyFromEnvironmentWire holds how the environment's proxy is used, that it is
// read when it is asked for, and never else.
func TestProxyFromEnvironmentWire(t *testing.T) {
	srv, o := vProxy(t, false, wiretest.Replies(wOK), vTunnel(true, wOK))
	vEnvironment(t, "HTTP_PROXY", vWithUser(srv, "user:"+vSecret), "HTTPS_PROXY", srv.Addr())
	o.Proxy = hackney.ProxyFromEnvironment()
	vEnvironment(t)
	c := wNew(t).request("GET", "http://origin.test/", nil, nil, o).wantBody("ok")
	wSame(t, c.sent(srv, 0), vGet("http://origin.test/", "origin.test", vLogin))
	c = wNew(t).request("GET", "https://origin.test/", nil, nil, o).wantBody("ok")
	wSame(t, c.sent(srv, 1), vConnect("origin.test:443")+vGet("/", "origin.test"))

	vEnvironment(t, "HTTP_PROXY", srv.URL(""), "http_proxy", srv.URL(""))
	var dials vDials
	c = wNew(t)
	c.fails(hackney.Get(c.ctx, "http://origin.test/", nil, nil, &hackney.Opts{DialContext: dials.dial}))
	if !slices.Equal(dials.list, []string{"origin.test:80"}) {
		t.Errorf("dialed %q", dials.list)
	}
	vEnvironment(t, "HTTP_PROXY", srv.URL(""), "REQUEST_METHOD", "GET") // a CGI program: a client could have set it
	bad := wNoDial(t)
	bad.Proxy = hackney.ProxyFromEnvironment()
	c = wNew(t)
	wIs[*hackney.ArgumentError](t, c.fails(hackney.Get(c.ctx, "http://origin.test/", nil, nil, bad)))
}

// TestProxyTunnelOpens has the answers that open a tunnel. Nothing that they say of content
// or of the connection counts, neither for the tunnel nor for what goes through it.
func TestProxyTunnelOpens(t *testing.T) {
	for name, answer := range map[string]string{
		"200":                      vOpen,
		"204":                      "HTTP/1.1 204 No Content\r\n\r\n",
		"299":                      "HTTP/1.1 299 Whatever\r\n\r\n",
		"no reason":                "HTTP/1.1 200\r\n\r\n",
		"HTTP/1.0":                 "HTTP/1.0 200 Connection established\r\n\r\n",
		"HTTP/1.0, close":          "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n",
		"Content-Length":           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
		"Content-Length: 0":        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"two Content-Lengths":      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
		"bad Content-Length":       "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
		"Transfer-Encoding":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"both":                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n",
		"Connection: close":        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
		"Proxy-Connection: close":  "HTTP/1.1 200 OK\r\nProxy-Connection: close\r\n\r\n",
		"Location":                 "HTTP/1.1 200 OK\r\nLocation: http://evil.test/\r\n\r\n",
		"100 before":               "HTTP/1.1 100 Continue\r\n\r\n" + vOpen,
		"102 and 103 before":       "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n" + vOpen,
		"200, with a bare LF":      "HTTP/1.1 200 OK\nX-A: b\n\n",
		"200, with Set-Cookie":     "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nProxy-Agent: x\r\n\r\n",
		"200, with a long head":    "HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("x", 60_000) + "\r\n\r\n",
		"200, with trailing blank": "HTTP/1.1 200 \r\n\r\n",
	} {
		for _, secure := range []bool{false, true} {
			for _, cut := range []bool{false, true} {
				if cut && len(answer) > 1000 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/cut %v", name, vScheme(secure), cut), func(t *testing.T) {
					first := wiretest.Reply(answer)
					if cut {
						first.Send = wiretest.Each(answer)
					}
					if secure {
						first = first.ThenTLS()
					}
					srv, o := vProxy(t, false, append(wiretest.Conn{first}, wiretest.Replies(wOK, wOK)...))
					o.FollowRedirect = true
					c := wNew(t).request("GET", vScheme(secure)+"://origin.test/a", nil, nil, o).status(200).wantBody("ok")
					if len(c.Interim()) != 0 || c.Headers().Len() != 1 || c.Location() != "" {
						t.Errorf("the proxy's fields are in %v", c.ClientState)
					}
					c.connection(hackney.Connected).send(hackney.Req{Path: "/b"}).wantBody("ok")
					if !c.Reused() || srv.Conns() != 1 {
						t.Errorf("reused %v, %d connections", c.Reused(), srv.Conns())
					}
					port := map[bool]string{false: "80", true: "443"}[secure]
					wSame(t, c.sent(srv, 0), vConnect("origin.test:"+port)+vGet("/a", "origin.test")+vGet("/b", "origin.test"))
				})
			}
		}
	}
}

// vRefusal is an answer to CONNECT that opens nothing.
type vRefusal struct {
	name   string
	last   wiretest.Step
	status int // 0 where there is no answer
	reason string
	body   string
	blame  hackney.Blame
}

var vRefusals = []vRefusal{
	{"301", wiretest.Reply("HTTP/1.1 301 Moved\r\nLocation: http://{origin}/\r\nContent-Length: 2\r\n\r\nno"), 301, "Moved", "no", hackney.BlamePeer},
	{"302", wiretest.Reply("HTTP/1.1 302 Found\r\nLocation: http://{origin}/\r\nContent-Length: 0\r\n\r\n"), 302, "Found", "", hackney.BlamePeer},
	{"303", wiretest.Reply("HTTP/1.1 303 Other\r\nLocation: http://{origin}/\r\nContent-Length: 0\r\n\r\n"), 303, "Other", "", hackney.BlamePeer},
	{"307", wiretest.Reply("HTTP/1.1 307 Again\r\nLocation: http://{origin}/\r\nContent-Length: 0\r\n\r\n"), 307, "Again", "", hackney.BlamePeer},
	{"308", wiretest.Reply("HTTP/1.1 308 Again\r\nLocation: http://{origin}/\r\nContent-Length: 0\r\n\r\n"), 308, "Again", "", hackney.BlamePeer},
	{"304", wiretest.Reply("HTTP/1.1 304 Same\r\n\r\n"), 304, "Same", "", hackney.BlamePeer},
	{"403", wiretest.Reply("HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied"), 403, "Forbidden", "denied", hackney.BlamePeer},
	{"no reason", wiretest.Reply("HTTP/1.1 403\r\nContent-Length: 6\r\n\r\ndenied"), 403, "", "denied", hackney.BlamePeer},
	{"in pieces", wiretest.Step{Wait: wiretest.Request, Send: wiretest.Each("HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied")}, 403, "Forbidden", "denied", hackney.BlamePeer},
	{"407", wiretest.Reply(vAsks), 407, "Auth", "no", hackney.BlamePeer},
	{"chunked", wiretest.Reply("HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndea\r\n1;x\r\nd\r\n0\r\nT: x\r\n\r\n"), 502, "Bad Gateway", "dead", hackney.BlamePeer},
	{"chunked, broken", wiretest.Reply("HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndea\r\nzz\r\n"), 502, "Bad Gateway", "dea", hackney.BlamePeer},
	{"until close", wiretest.Reply("HTTP/1.1 500 Oops\r\n\r\nall of it").ThenClose(), 500, "Oops", "all of it", hackney.BlamePeer},
	{"until close, HTTP/1.0", wiretest.Reply("HTTP/1.0 503 Busy\r\n\r\nall of it").ThenClose(), 503, "Busy", "all of it", hackney.BlamePeer},
	{"cut short", wiretest.Reply("HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\npart").ThenClose(), 503, "Busy", "part", hackney.BlamePeer},
	{"no body at all", wiretest.Reply("HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n").ThenClose(), 503, "Busy", "", hackney.BlamePeer},
	{"empty", wiretest.Reply("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), 503, "Busy", "", hackney.BlamePeer},
	{"4 KiB", wiretest.Reply("HTTP/1.1 503 Busy\r\nContent-Length: 4096\r\n\r\n" + strings.Repeat("x", 4096)), 503, "Busy", strings.Repeat("x", 4096), hackney.BlamePeer},
	{"more than 4 KiB", wiretest.Reply("HTTP/1.1 503 Busy\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("x", 5000)), 503, "Busy", strings.Repeat("x", 4096), hackney.BlamePeer},
	{"endless", wiretest.Reply("HTTP/1.1 503 Busy\r\nContent-Length: 9000000000\r\n\r\n" + strings.Repeat("x", 5000)), 503, "Busy", strings.Repeat("x", 4096), hackney.BlamePeer},
	{"100 before", wiretest.Reply("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"), 403, "No", "", hackney.BlamePeer},
	{"101", wiretest.Reply("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), 101, "Switching Protocols", "", hackney.BlamePeer},

	{"bad status line", wiretest.Reply("HTTP/1.1 2x0 OK\r\n\r\n"), 0, "", "", hackney.BlamePeer},
	{"another version", wiretest.Reply("HTTP/2.0 200 OK\r\n\r\n"), 0, "", "", hackney.BlamePeer},
	{"no HTTP", wiretest.Reply("SSH-2.0-x\r\n\r\n"), 0, "", "", hackney.BlamePeer},
	{"bad field", wiretest.Reply("HTTP/1.1 200 OK\r\nX A: b\r\n\r\n"), 0, "", "", hackney.BlamePeer},
	{"bad framing", wiretest.Reply("HTTP/1.1 403 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nno"), 0, "", "", hackney.BlamePeer},
	{"closed", wiretest.Reply().ThenClose(), 0, "", "", hackney.BlamePeer},
	{"closed in the status line", wiretest.Reply("HTTP/1.1 20").ThenClose(), 0, "", "", hackney.BlamePeer},
	{"closed behind the status line", wiretest.Reply("HTTP/1.1 200 OK\r\n").ThenClose(), 0, "", "", hackney.BlamePeer},
	{"closed in a field", wiretest.Reply("HTTP/1.1 200 OK\r\nX-A").ThenClose(), 0, "", "", hackney.BlamePeer},
	{"closed before the end", wiretest.Reply("HTTP/1.1 200 OK\r\nX-A: b\r\n").ThenClose(), 0, "", "", hackney.BlamePeer},
	{"closed behind a 100", wiretest.Reply("HTTP/1.1 100 Continue\r\n\r\n").ThenClose(), 0, "", "", hackney.BlamePeer},
	{"reset", wiretest.Reply().ThenReset(), 0, "", "", hackney.BlameNetwork},
	{"huge head", wiretest.Reply("HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("x", 10_000) + "\r\n\r\n"), 0, "", "", hackney.BlameLimit},
	{"endless head", wiretest.Reply("HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("x", 10_000)), 0, "", "", hackney.BlameLimit},
	{"too many fields", wiretest.Reply("HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 51) + "\r\n"), 0, "", "", hackney.BlameLimit},
}

// TestProxyRefuses holds what comes of each of them: an error with what the proxy said, and
// no connection but the one. The target listens, and hears of nothing.
func TestProxyRefuses(t *testing.T) {
	for _, c := range vRefusals {
		for _, kind := range []struct{ proxy, target bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
			t.Run(fmt.Sprintf("%s/%s by %s", c.name, vScheme(kind.target), vScheme(kind.proxy)), func(t *testing.T) {
				origin := wiretest.New(t)
				last := c.last
				last.Send = nil
				for _, b := range c.last.Send {
					last.Send = append(last.Send, bytes.ReplaceAll(b, []byte("{origin}"), []byte(origin.Addr())))
				}
				srv, o := vProxy(t, kind.proxy, wiretest.Conn{last})
				p := pPool(t, pool.Opts{})
				o.Pool, o.MaxHead, o.MaxFields = p, 8<<10, 50
				o.RecvTimeout, o.TLSTimeout = wiretest.Patience, wiretest.Patience // of one that has gone wrong
				if strings.Contains(c.name, "fields") {
					o.MaxHead = 0
				}
				o.FollowRedirect, o.ForceRedirect = true, true
				o.ProxyAuth = &hackney.BasicAuth{User: "user", Password: vSecret}
				var traced []error
				o.Trace = func(e hackney.TraceEvent) { traced = append(traced, e.Err) }
				cl := wNew(t)
				err := cl.fails(hackney.Post(cl.ctx, vScheme(kind.target)+"://"+origin.Addr()+"/", nil, hackney.Text("x"), o))
				e := wIs[*hackney.ProxyError](t, err)
				if err != error(e) || e.Proxy != srv.Addr() || e.Target != origin.Addr() || e.Status != c.status || e.Reason != c.reason || string(e.Body) != c.body {
					t.Errorf("%T %+v", err, err)
				}
				if refused := e.Err == nil; refused != (c.status != 0) || refused != (e.Headers != nil) {
					t.Errorf("status %d, fields %v, error %v", e.Status, e.Headers, e.Err)
				}
				wHas(t, err, srv.Addr(), origin.Addr())
				if c.status != 0 {
					wHas(t, err, wItoa(c.status))
				}
				wBlame(t, err, c.blame)
				for _, err := range append(traced, err) {
					vNoSecret(t, err, cl.ClientState)
				}
				cl.in(hackney.StateStart).connection(hackney.Closed)
				if cl.MaybeRedirect() || cl.Redirects() != nil || cl.Status() != 0 || cl.URL() != vScheme(kind.target)+"://"+origin.Addr()+"/" {
					t.Errorf("the state is %v of %s", cl.ClientState, cl.URL())
				}
				srv.WaitClosed(0)
				wSame(t, string(srv.Received(0)), vConnect(origin.Addr(), vLogin))
				pEven(t, p)
				if s := p.Stats(); s.Idle != 0 {
					t.Errorf("%d are idle", s.Idle)
				}
			})
		}
	}
}

// TestProxyRefusalFields holds that the fields of a refusal are given, and the bounds of
// Opts kept.
func TestProxyRefusalFields(t *testing.T) {
	srv, o := vProxy(t, false, wiretest.Replies("HTTP/1.1 403 No\r\nX-why: policy\r\nX-Why: other\r\nContent-Length: 6\r\n\r\ndenied"))
	o.MaxBody = 3
	cs, err := hackney.Get(t.Context(), "https://origin.test/", nil, nil, o)
	hackney.Close(cs)
	e := wIs[*hackney.ProxyError](t, err)
	if got := e.Headers.Values("X-Why"); !slices.Equal(got, []string{"policy", "other"}) || len(e.Body) > 3 {
		t.Errorf("%v, %q", got, e.Body)
	}
	if end := srv.WaitClosed(0); end != wiretest.ClientClosed {
		t.Errorf("%v", end)
	}
}

// vSilent are proxies that stop answering: what they send, and the time that passes until
// the client gives up.
var vSilent = []struct {
	name   string
	say    string
	drip   bool // another byte each second, for ever
	o      hackney.Opts
	want   time.Duration
	status int
}{
	{"by default", "", false, hackney.Opts{}, hackney.DefaultConnectTimeout, 0},
	{"ConnectTimeout", "", false, hackney.Opts{ConnectTimeout: 3 * time.Second}, 3 * time.Second, 0},
	{"RecvTimeout", "", false, hackney.Opts{RecvTimeout: 2 * time.Second}, 2 * time.Second, 0},
	{"the shorter", "", false, hackney.Opts{ConnectTimeout: 3 * time.Second, RecvTimeout: time.Hour}, 3 * time.Second, 0},
	{"RecvTimeout alone", "", false, hackney.Opts{ConnectTimeout: hackney.Infinite, RecvTimeout: time.Minute}, time.Minute, 0},
	{"the context", "", false, hackney.Opts{ConnectTimeout: hackney.Infinite}, time.Hour, 0},
	{"within the head", "HTTP/1.1 200 OK\r\n", false, hackney.Opts{}, hackney.DefaultConnectTimeout, 0},
	{"behind a 100", "HTTP/1.1 100 Continue\r\n\r\n", false, hackney.Opts{}, hackney.DefaultConnectTimeout, 0},
	{"a head that drips", "HTTP/1.1 200 OK\r\nX: ", true, hackney.Opts{}, hackney.DefaultConnectTimeout, 0},
	{"a head that drips, RecvTimeout", "HTTP/1.1 200 OK\r\nX: ", true, hackney.Opts{RecvTimeout: 5 * time.Second}, 5 * time.Second, 0},
	{"within the body", "HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nno", false, hackney.Opts{}, hackney.DefaultConnectTimeout, 403},
	{"a body that drips", "HTTP/1.1 403 No\r\nContent-Length: 900\r\n\r\nno", true, hackney.Opts{}, hackney.DefaultConnectTimeout, 403},
}

// TestProxySilent holds how long a proxy may take: the time for connecting is for the
// tunnel too, however slowly it answers.
func TestProxySilent(t *testing.T) {
	for _, c := range vSilent {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := c.o
				o.DialContext = wPipe(t, func(nc net.Conn) { vDrip(nc, c.say, c.drip) }).DialContext
				o.Proxy = hackney.ProxyURL("http://proxy.test")
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				start := time.Now()
				cs, err := hackney.Get(ctx, "http://origin.test/", nil, nil, &o)
				if d := time.Since(start); d != c.want {
					t.Errorf("after %v, want %v", d, c.want)
				}
				e := wIs[*hackney.ProxyError](t, err)
				if e.Status != c.status || e.Proxy != "proxy.test:80" || e.Target != "origin.test:80" {
					t.Errorf("%+v", e)
				}
				if c.status == 0 {
					wBlame(t, err, hackney.BlameNetwork)
					if te := wIs[*hackney.TransportError](t, err); !errors.Is(err, hackney.ErrTimeout) || te.Addr != "proxy.test:80" {
						t.Errorf("%v", err)
					}
				}
				if cs.ResponseState() != hackney.StateStart || cs.ConnectionState() != hackney.Closed {
					t.Errorf("%v", cs)
				}
				hackney.Close(cs)
			})
		})
	}
}

// vDrip answers a request, and then says no more, or goes on byte by byte.
func vDrip(nc net.Conn, say string, drip bool) {
	if _, err := wReadHead(nc); err != nil {
		return
	}
	_, err := io.WriteString(nc, say)
	for drip && err == nil {
		time.Sleep(time.Second)
		_, err = io.WriteString(nc, "x")
	}
	io.Copy(io.Discard, nc)
}

// TestProxySilentInTLS is C49: the tunnel is open, and the target says nothing.
func TestProxySilentInTLS(t *testing.T) {
	for name, c := range map[string]struct {
		o    hackney.Opts
		want time.Duration
	}{
		"by default": {hackney.Opts{}, hackney.DefaultTLSTimeout},
		"TLSTimeout": {hackney.Opts{TLSTimeout: 3 * time.Second, ConnectTimeout: time.Second, RecvTimeout: time.Second}, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := c.o
				o.DialContext = wPipe(t, func(nc net.Conn) { vDrip(nc, vOpen, false) }).DialContext
				o.Proxy = hackney.ProxyURL("http://proxy.test")
				start := time.Now()
				cs, err := hackney.Get(t.Context(), "https://origin.test/", nil, nil, &o)
				if d := time.Since(start); d != c.want {
					t.Errorf("after %v, want %v", d, c.want)
				}
				te := wIs[*hackney.TransportError](t, err)
				if !errors.Is(err, hackney.ErrTimeout) || te.Op != "TLS handshake" || !strings.HasPrefix(te.Addr, "origin.test") {
					t.Errorf("%v", err)
				}
				wBlame(t, err, hackney.BlameNetwork)
				hackney.Close(cs)
			})
		})
	}
}

// TestProxyTunnelLiftsLimits holds that no limit of the tunnel's making is left on what
// goes through it.
func TestProxyTunnelLiftsLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := wPipe(t, func(nc net.Conn) {
			for _, answer := range []string{vOpen, wOK} {
				if _, err := wReadHead(nc); err != nil {
					return
				}
				time.Sleep(7 * time.Second) // within the time for connecting, both together are not
				io.WriteString(nc, answer)
			}
		})
		o.Proxy = hackney.ProxyURL("http://proxy.test")
		cs, err := hackney.Get(t.Context(), "http://origin.test/", nil, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		body, cs, err := hackney.Body(t.Context(), cs)
		if string(body) != "ok" || err != nil {
			t.Errorf("%q, %v", body, err)
		}
		hackney.Close(cs)
	})
}

// TestProxySurplus holds that what comes behind the head of a 2xx belongs to whoever is
// next: the caller, who hijacks the tunnel, a request, or TLS.
func TestProxySurplus(t *testing.T) {
	const early = "220 early bird\r\n"
	for _, secure := range []bool{false, true} {
		srv, o := vProxy(t, secure,
			wiretest.Conn{wiretest.Reply(vOpen + early), wiretest.On(wiretest.Bytes(4), "late").ThenClose()},
			wiretest.Conn{wiretest.Reply(vOpen + wOK[:20]), wiretest.Reply(wOK[20:]), wiretest.Reply(wOK)},
			wiretest.Conn{wiretest.Reply(vOpen + "no TLS at all")})
		c := wNew(t)
		c.to(hackney.Connect(c.ctx, transport.TCP, "origin.test", 25, o))
		conn, rest, err := hackney.Hijack(c.ClientState)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(wiretest.Patience))
		io.WriteString(conn, "HELO")
		all, err := io.ReadAll(conn)
		if got := string(rest) + string(all); got != early+"late" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		conn.Close()

		c = wNew(t).request("GET", "http://origin.test/", nil, nil, o).wantBody("ok").send(hackney.Req{}).wantBody("ok")
		wSame(t, c.sent(srv, 1), vConnect("origin.test:80")+vGet("/", "origin.test")+vGet("/", "origin.test"))

		c = wNew(t)
		err = c.fails(hackney.Get(c.ctx, "https://origin.test/", nil, nil, o))
		wIs[*hackney.TransportError](t, err)
		wIs[tls.RecordHeaderError](t, err)
	}
}

// TestProxyVerification holds whose name each certificate must have: in a tunnel the
// target's, on the way to the proxy the proxy's.
func TestProxyVerification(t *testing.T) {
	for _, c := range []struct {
		name          string
		proxy, target string // hosts; proxy.test is not in the certificate
		set           func(*hackney.Opts)
		fails         string // host, "" for none
		byProxy       bool
	}{
		{"both", "localhost", "origin.test", nil, "", false},
		{"the target's name", "localhost", "other.test", nil, "other.test", false},
		{"the proxy's name", "proxy.test", "origin.test", nil, "proxy.test", true},
		{"ServerName is for the target", "localhost", "other.test", func(o *hackney.Opts) { o.TLS.ServerName = "origin.test" }, "", false},
		{"ServerName is not for the proxy", "proxy.test", "origin.test", func(o *hackney.Opts) { o.TLS.ServerName = "origin.test" }, "proxy.test", true},
		{"InsecureSkipVerify is not for the proxy", "proxy.test", "origin.test", func(o *hackney.Opts) { o.TLS.InsecureSkipVerify = true }, "proxy.test", true},
		{"InsecureSkipVerify is for the target", "localhost", "other.test", func(o *hackney.Opts) { o.TLS.InsecureSkipVerify = true }, "", false},
		{"a check of the caller's is for the target", "localhost", "origin.test", func(o *hackney.Opts) {
			o.TLS.VerifyConnection = func(s tls.ConnectionState) error {
				if s.ServerName != "origin.test" {
					return errors.New("not for you")
				}
				return nil
			}
		}, "", false},
		{"Insecure is for both", "proxy.test", "other.test", func(o *hackney.Opts) { o.Insecure = true }, "", false},
		{"no roots", "localhost", "origin.test", func(o *hackney.Opts) { o.TLS = nil }, "localhost", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv, o := vProxy(t, true, vTunnel(true, wOK))
			o.Proxy = hackney.ProxyURL("https://" + c.proxy + ":3128")
			o.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, srv.Addr())
			}
			if c.set != nil {
				c.set(o)
			}
			cl := wNew(t)
			cs, err := hackney.Get(cl.ctx, "https://"+c.target+"/", nil, nil, o)
			if c.fails == "" {
				cl.to(cs, err).wantBody("ok")
				return
			}
			err = cl.fails(cs, err)
			wIs[*tls.CertificateVerificationError](t, err)
			var pe *hackney.ProxyError
			if te := wIs[*hackney.TransportError](t, err); te.Op != "TLS handshake" || errors.As(err, &pe) != c.byProxy {
				t.Errorf("%v", err)
			}
			wHas(t, err, c.fails)
			want := ""
			if !c.byProxy {
				want = vConnect(c.target + ":443")
			}
			srv.WaitClosed(0)
			wSame(t, string(srv.Received(0)), want)
		})
	}
}

// TestProxyPlainVerification is TestProxyVerification for a proxy without TLS.
func TestProxyPlainVerification(t *testing.T) {
	for host, good := range map[string]bool{"origin.test": true, "ORIGIN.test": true, "other.test": false, "192.0.2.1": false} {
		srv, o := vProxy(t, false, vTunnel(true, wOK))
		c := wNew(t)
		cs, err := hackney.Get(c.ctx, "https://"+host+"/", nil, nil, o)
		if good {
			c.to(cs, err).wantBody("ok")
			continue
		}
		wIs[*tls.CertificateVerificationError](t, c.fails(cs, err))
		srv.WaitClosed(0)
		wSame(t, string(srv.Received(0)), vConnect(host+":443"))
	}
}

// TestProxyClientCertificate holds that the proxy sees neither the client's certificate
// nor the names that are meant for the target.
func TestProxyClientCertificate(t *testing.T) {
	client, err := selfsigned.New()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan tls.ConnectionState, 2)
	srv := wiretest.Start(t, wiretest.Options{TLS: true, Names: []string{"origin.test"}, TuneTLS: func(c *tls.Config) {
		c.ClientAuth = tls.RequestClientCert
		c.NextProtos = []string{"own", "http/1.1"}
		c.VerifyConnection = func(s tls.ConnectionState) error { seen <- s; return nil }
	}}, vTunnel(true, wOK))
	o := wTLS(srv)
	o.Proxy = hackney.ProxyURL("https://localhost:" + wItoa(srv.Port()))
	o.TLS.Certificates = []tls.Certificate{client.TLS}
	o.TLS.ServerName, o.TLS.NextProtos = "origin.test", []string{"own"}
	wNew(t).request("GET", "https://other.test/", nil, nil, o).wantBody("ok")
	first, second := wBounded(t, seen), wBounded(t, seen)
	if len(first.PeerCertificates) != 0 || first.ServerName != "localhost" || first.NegotiatedProtocol != "http/1.1" {
		t.Errorf("the proxy saw %d certificates, %q, %q", len(first.PeerCertificates), first.ServerName, first.NegotiatedProtocol)
	}
	if len(second.PeerCertificates) != 1 || second.ServerName != "origin.test" || second.NegotiatedProtocol != "own" {
		t.Errorf("the target saw %d certificates, %q, %q", len(second.PeerCertificates), second.ServerName, second.NegotiatedProtocol)
	}
}

// vNobody is an address on which nobody listens.
func vNobody(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestProxyDead holds that there is no way around a proxy that is not there (D20): the
// target listens, and hears of nothing.
func TestProxyDead(t *testing.T) {
	for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
		for _, target := range []string{"http", "https"} {
			for _, mode := range []hackney.ProxyMode{hackney.Tunnel, hackney.Forward} {
				t.Run(fmt.Sprintf("%s by %s, mode %d", target, scheme, mode), func(t *testing.T) {
					origin := wiretest.New(t)
					dead := vNobody(t) // last, so that the origin does not get the port
					p := pPool(t, pool.Opts{})
					var events []error
					o := &hackney.Opts{
						Proxy: hackney.ProxyURL(scheme + "://user:" + vSecret + "@" + dead), ProxyMode: mode, Pool: p,
						Trace: func(e hackney.TraceEvent) { events = append(events, e.Err) },
					}
					c := wNew(t)
					err := c.fails(hackney.Get(c.ctx, target+"://"+origin.Addr()+"/", nil, nil, o))
					e := wIs[*hackney.ProxyError](t, err)
					if e.Proxy != dead || e.Target != origin.Addr() || e.Status != 0 || e.Headers != nil || e.Body != nil || e.Err == nil {
						t.Errorf("%+v", e)
					}
					wIs[*hackney.TransportError](t, err)
					wIs[*net.OpError](t, err)
					wBlame(t, err, hackney.BlameNetwork)
					wHas(t, err, dead)
					for _, err := range append(events, err) {
						vNoSecret(t, err, c.ClientState)
					}
					if len(events) != 2 {
						t.Errorf("%d events", len(events))
					}
					c.in(hackney.StateStart).connection(hackney.Closed)
					pEven(t, p)
					if s := p.Stats(); s.Failed != 1 || s.Opened != 0 {
						t.Errorf("%+v", s.Counts)
					}
				})
			}
		}
	}
}

// TestProxyDeadLater holds the same for a proxy that goes away: for the request that
// finds its connection lost, for Reconnect, and for a redirect.
func TestProxyDeadLater(t *testing.T) {
	for _, mode := range []hackney.ProxyMode{hackney.Tunnel, hackney.Forward} {
		origin := wiretest.New(t)
		first := wiretest.Conn{wiretest.Reply(vOpen), wiretest.Reply(wOK).ThenClose()}
		if mode == hackney.Forward {
			first = first[1:]
		}
		srv, o := vProxy(t, false, first)
		o.ProxyMode = mode
		c := wNew(t).request("GET", origin.URL("/"), nil, nil, o).wantBody("ok")
		srv.Close()
		wIs[*hackney.ProxyError](t, c.fails(hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{})))
		c.connection(hackney.Closed).to(hackney.Close(c.ClientState))
		wIs[*hackney.ProxyError](t, c.fails(hackney.Reconnect(c.ctx, c.ClientState)))

		hop := wiretest.Reply("HTTP/1.1 302 Found\r\nLocation: " + origin.URL("/b") + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		srv, o = vProxy(t, false, wiretest.Conn{hop})
		if mode == hackney.Tunnel {
			srv, o = vProxy(t, false, wiretest.Conn{wiretest.Reply(vOpen), hop})
		}
		gone := vNobody(t)
		proxies := []string{srv.URL(""), "http://" + gone}
		o.FollowRedirect, o.ProxyMode = true, mode
		o.Proxy = hackney.ProxyFunc(func(url.URL) (string, error) {
			p := proxies[0]
			proxies = proxies[len(proxies)-1:]
			return p, nil
		})
		c = wNew(t)
		e := wIs[*hackney.ProxyError](t, c.fails(hackney.Get(c.ctx, origin.URL("/"), nil, nil, o)))
		if e.Proxy != gone {
			t.Errorf("%v", e)
		}
		c.connection(hackney.Closed)
	}
}

// vNoProxyAuth holds that an origin was told nothing that is for a proxy.
func vNoProxyAuth(t testing.TB, name string, got []byte) {
	t.Helper()
	lower := bytes.ToLower(got)
	for _, secret := range []string{"proxy-auth", strings.ToLower(vLogin[len("Proxy-Authorization: "):]), vSecret} {
		if bytes.Contains(lower, []byte(secret)) {
			t.Errorf("%s got %q", name, got)
		}
	}
	if len(got) == 0 {
		t.Errorf("%s got nothing", name)
	}
}

// TestProxyAuthStaysWithTheProxy sends requests with credentials for a proxy, of each kind,
// on all ways that lead past it (C40).
func TestProxyAuthStaysWithTheProxy(t *testing.T) {
	own := headers.New("proxy-authorization", "own "+vSecret)
	for name, set := range map[string]func(o *hackney.Opts) *headers.Headers{
		"ProxyAuth": func(o *hackney.Opts) *headers.Headers {
			o.ProxyAuth = &hackney.BasicAuth{User: "user", Password: vSecret}
			return nil
		},
		"own field": func(*hackney.Opts) *headers.Headers { return own },
		"both": func(o *hackney.Opts) *headers.Headers {
			o.ProxyAuth = &hackney.BasicAuth{User: "user", Password: vSecret}
			return own
		},
		"ProxyHeaders": func(o *hackney.Opts) *headers.Headers {
			o.ProxyHeaders = own
			return nil
		},
		"AnswerProxy": func(o *hackney.Opts) *headers.Headers {
			o.AnswerProxy = func(hackney.ProxyChallenge) (string, error) { return vSecret, nil }
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			direct := wiretest.New(t, wiretest.Replies(wOK, wOK), wiretest.Replies(wOK))
			srv, o := vProxy(t, false)
			h := set(o)
			expect := func(c wiretest.Conn) {
				if o.AnswerProxy != nil {
					c = append(wiretest.Conn{wiretest.Reply(vAsks)}, c...)
				}
				srv.Expect(c)
			}

			expect(vTunnel(false, wOK, wOK))
			c := wNew(t).request("GET", "http://origin.test/a", h, nil, o).wantBody("ok").send(hackney.Req{Headers: h}).wantBody("ok")
			all := c.sent(srv, 0)
			vNoProxyAuth(t, "a tunnel", []byte(all[strings.Index(all, "GET"):]))
			expect(vTunnel(true, wOK))
			all = wNew(t).request("GET", "https://origin.test/a", h, nil, o).wantBody("ok").sent(srv, 1)
			vNoProxyAuth(t, "TLS in a tunnel", []byte(all[strings.Index(all, "GET"):]))

			o.ProxyMode = hackney.Forward
			o.Proxy = hackney.ProxyFunc(func(url.URL) (string, error) { return "", nil })
			c = wNew(t).request("GET", direct.URL("/"), h, nil, o).wantBody("ok").send(hackney.Req{Headers: h}).wantBody("ok")
			vNoProxyAuth(t, "a direct origin", []byte(c.sent(direct, 0)))

			// From a proxy that requests are handed to, to an origin without one.
			o.FollowRedirect = true
			expect(wiretest.Replies("HTTP/1.1 302 Found\r\nLocation: " + direct.URL("/x") + "\r\nContent-Length: 0\r\n\r\n"))
			o.Proxy = hackney.ProxyFunc(func(u url.URL) (string, error) {
				if u.Host == "origin.test" {
					return srv.URL(""), nil
				}
				return "", nil
			})
			c = wNew(t).request("GET", "http://origin.test/a", h, nil, o).wantBody("ok")
			vNoProxyAuth(t, "an origin behind a redirect", []byte(c.sent(direct, 1)))

			// To a tunnel through the same one.
			expect(wiretest.Replies("HTTP/1.1 302 Found\r\nLocation: https://origin.test/x\r\nContent-Length: 0\r\n\r\n"))
			expect(vTunnel(true, wOK))
			o.Proxy = hackney.ProxyURL(srv.URL(""))
			all = wNew(t).request("GET", "http://origin.test/a", h, nil, o).wantBody("ok").sent(srv, 4)
			vNoProxyAuth(t, "https behind a redirect", []byte(all[strings.Index(all, "GET"):]))
		})
	}
}

// TestProxyAuthIsForOneProxy holds that credentials in a proxy's URL, in an answer to its
// challenge, and in the caller's own field go to no other proxy.
func TestProxyAuthIsForOneProxy(t *testing.T) {
	for name, location := range map[string]string{"another origin": "http://b.test/x", "the same origin": "/x", "https": "https://origin.test/x"} {
		t.Run(name, func(t *testing.T) {
			other, _ := vProxy(t, false, wiretest.Replies(wOK))
			if name == "https" {
				other, _ = vProxy(t, false, vTunnel(true, wOK))
			}
			srv, o := vProxy(t, false, wiretest.Replies(vAsks, "HTTP/1.1 302 Found\r\nLocation: "+location+"\r\nContent-Length: 0\r\n\r\n"))
			proxies := []string{vWithUser(srv, "user:"+vSecret), other.URL("")}
			o.Proxy = hackney.ProxyFunc(func(url.URL) (string, error) {
				p := proxies[0]
				proxies = proxies[len(proxies)-1:]
				return p, nil
			})
			o.ProxyMode, o.FollowRedirect, o.Insecure = hackney.Forward, true, true
			o.AnswerProxy = func(hackney.ProxyChallenge) (string, error) { return vSecret, nil }
			c := wNew(t).request("GET", "http://origin.test/a", nil, nil, o).wantBody("ok")
			vNoProxyAuth(t, "the other proxy", []byte(c.sent(other, 0)))
			wSame(t, string(srv.Received(0)), vGet("http://origin.test/a", "origin.test", vLogin)+
				vGet("http://origin.test/a", "origin.test", "Proxy-Authorization: "+vSecret))
		})
	}
}

// TestProxyOwnFieldIsForOneProxy is TestProxyAuthIsForOneProxy for a field of the caller's.
func TestProxyOwnFieldIsForOneProxy(t *testing.T) {
	for name, location := range map[string]string{"another origin": "http://b.test/x", "the same origin": "/x"} {
		t.Run(name, func(t *testing.T) {
			other, _ := vProxy(t, false, wiretest.Replies(wOK))
			srv, o := vProxy(t, false, wiretest.Replies("HTTP/1.1 302 Found\r\nLocation: "+location+"\r\nContent-Length: 0\r\n\r\n"))
			asked := 0
			o.Proxy = hackney.ProxyFunc(func(url.URL) (string, error) {
				if asked++; asked == 1 {
					return srv.URL(""), nil
				}
				return other.URL(""), nil
			})
			o.ProxyMode, o.FollowRedirect = hackney.Forward, true
			c := wNew(t).request("GET", "http://origin.test/a", headers.New("Proxy-Authorization", vSecret), nil, o).wantBody("ok")
			vNoProxyAuth(t, "the other proxy", []byte(c.sent(other, 0)))
			wSame(t, string(srv.Received(0)), vGet("http://origin.test/a", "origin.test", "Proxy-Authorization: "+vSecret))
		})
	}
}

// vAnswers counts what AnswerProxy is shown, and gives the answers one by one.
type vAnswers struct {
	list []string
	err  error // behind the last
	seen []string
}

func (a *vAnswers) answer(c hackney.ProxyChallenge) (string, error) {
	a.seen = append(a.seen, fmt.Sprintf("%d %s %s %s", c.Attempt, c.Proxy, c.Target, c.Headers.Get("proxy-authenticate")))
	if len(a.list) == 0 {
		return "", a.err
	}
	next := a.list[0]
	a.list = a.list[1:]
	return next, nil
}

// want holds that the function was asked n times, with all that there is to know.
func (a *vAnswers) want(t *testing.T, n int, srv *wiretest.Server, target string) {
	t.Helper()
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("%d %s %s Basic realm=\"r\"", i+1, srv.Addr(), target))
	}
	if !slices.Equal(a.seen, want) {
		t.Errorf("was shown %q, want %q", a.seen, want)
	}
}

const vLongAsks = "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"r\"\r\nContent-Length: 5000\r\n\r\n"

// TestAnswerProxyTunnel holds that a CONNECT is made again with each answer, where the
// proxy keeps the connection on the same.
func TestAnswerProxyTunnel(t *testing.T) {
	with := func(answer string) string { return vConnect("origin.test:443", "Proxy-Authorization: "+answer) }
	first, inside := vConnect("origin.test:443", vLogin), vGet("/a", "origin.test")
	open := wiretest.Reply(vOpen).ThenTLS()
	for _, c := range []struct {
		name    string
		conns   []wiretest.Conn
		answers []string
		want    []string // of each connection
	}{
		{"on the same", []wiretest.Conn{{wiretest.Reply(vAsks), open, wiretest.Reply(wOK)}}, []string{"one"}, []string{first + with("one") + inside}},
		{"on another", []wiretest.Conn{{wiretest.Reply(vAsksEnd)}, {open, wiretest.Reply(wOK)}}, []string{"one"}, []string{first, with("one") + inside}},
		{"that is closed", []wiretest.Conn{{wiretest.Reply(vAsksEnd).ThenClose()}, {open, wiretest.Reply(wOK)}}, []string{"one"}, []string{first, with("one") + inside}},
		{"HTTP/1.0", []wiretest.Conn{{wiretest.Reply("HTTP/1.0 407 Auth\r\nProxy-Authenticate: Basic realm=\"r\"\r\n\r\nno").ThenClose()}, {open, wiretest.Reply(wOK)}}, []string{"one"}, []string{first, with("one") + inside}},
		{"a long body", []wiretest.Conn{{wiretest.Reply(vLongAsks + strings.Repeat("x", 5000))}, {open, wiretest.Reply(wOK)}}, []string{"one"}, []string{first, with("one") + inside}},
		{"no body", []wiretest.Conn{{wiretest.Reply("HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n\r\n"), open, wiretest.Reply(wOK)}}, []string{"one"}, []string{first + with("one") + inside}},
		{"chunked", []wiretest.Conn{{wiretest.Reply("HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"r\"\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"), open, wiretest.Reply(wOK)}}, []string{"one"}, []string{first + with("one") + inside}},
		{"three rounds", []wiretest.Conn{{wiretest.Reply(vAsks), wiretest.Reply(vAsksEnd)}, {wiretest.Reply(vAsks), open, wiretest.Reply(wOK)}}, []string{"one", "two", "three"}, []string{first + with("one"), with("two") + with("three") + inside}},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv, o := vProxy(t, false, c.conns...)
			a := &vAnswers{list: c.answers}
			o.Proxy, o.AnswerProxy = hackney.ProxyURL(vWithUser(srv, "user:"+vSecret)), a.answer
			n := len(c.answers)
			cl := wNew(t).request("GET", "https://origin.test/a", nil, nil, o).status(200).wantBody("ok")
			cl.to(hackney.Close(cl.ClientState))
			for i, want := range c.want {
				srv.WaitClosed(i)
				wSame(t, string(srv.Received(i)), want)
			}
			a.want(t, n, srv, "origin.test:443")
		})
	}
}

// TestAnswerProxyTunnelGivesUp holds the ways in which it ends without a tunnel.
func TestAnswerProxyTunnelGivesUp(t *testing.T) {
	why := errors.New("no password at hand")
	always := slices.Repeat([]string{vAsks}, 9)
	for _, c := range []struct {
		name    string
		replies []string
		a       vAnswers
		asked   int
		status  int
		is      error
	}{
		{"at once", always[:1], vAnswers{}, 1, 407, nil},
		{"later", always[:3], vAnswers{list: []string{"one", "two"}}, 3, 407, nil},
		{"an error", always[:2], vAnswers{list: []string{"one"}, err: why}, 2, 407, why},
		{"never", always, vAnswers{list: slices.Repeat([]string{"again"}, 20)}, 8, 407, nil},
		{"another refusal", []string{vAsks, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"}, vAnswers{list: []string{"one"}}, 1, 403, nil},
		{"no challenge", []string{"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"}, vAnswers{list: []string{"one"}}, 0, 401, nil},
		{"an answer that cannot be sent", always[:1], vAnswers{list: []string{"x\r\nX-Evil: y"}}, 1, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv, o := vProxy(t, false, wiretest.Replies(c.replies...))
			o.AnswerProxy = c.a.answer
			cl := wNew(t)
			err := cl.fails(hackney.Get(cl.ctx, "http://origin.test/", nil, nil, o))
			e := wIs[*hackney.ProxyError](t, err)
			if e.Status != c.status || c.is != nil && !errors.Is(err, c.is) || c.is == nil && c.status != 0 && e.Err != nil {
				t.Errorf("%+v", e)
			}
			if c.status == 0 {
				wIs[*hackney.ArgumentError](t, err)
			}
			c.a.want(t, c.asked, srv, "origin.test:80")
			srv.WaitClosed(0)
			if got := len(srv.Requests(0)); got != len(c.replies) || strings.Contains(string(srv.Received(0)), "Evil") {
				t.Errorf("%d requests, want %d", got, len(c.replies))
			}
		})
	}
}

// TestAnswerProxyForward holds that a request that is handed to a proxy is made again with
// each answer, where it can be sent again, and that the last answer stays in use.
func TestAnswerProxyForward(t *testing.T) {
	send := func(method string, lines ...string) string {
		s := method + " http://origin.test/a HTTP/1.1\r\nHost: origin.test\r\n" + wAgent + wLines(lines...)
		if method == "POST" {
			return s + "Content-Type: application/octet-stream\r\nContent-Length: 3\r\n\r\nabc"
		}
		return s + "\r\n"
	}
	one, two := "Proxy-Authorization: one", "Proxy-Authorization: two"
	for _, c := range []struct {
		name    string
		method  string
		p       hackney.Payload
		conns   []wiretest.Conn
		answers []string
		want    []string
	}{
		{"on the same", "GET", nil, []wiretest.Conn{wiretest.Replies(vAsks, wOK)}, []string{"one"}, []string{send("GET", vLogin) + send("GET", one)}},
		{"on another", "GET", nil, []wiretest.Conn{wiretest.Replies(vAsksEnd), wiretest.Replies(wOK)}, []string{"one"}, []string{send("GET", vLogin), send("GET", one)}},
		{"too long to be read away", "GET", nil, []wiretest.Conn{wiretest.Replies(strings.Replace(vLongAsks, "5000", "500000", 1)), wiretest.Replies(wOK)}, []string{"one"}, []string{send("GET", vLogin), send("GET", one)}},
		{"content", "POST", hackney.Text("abc"), []wiretest.Conn{wiretest.Replies(vAsks, wOK)}, []string{"one"}, []string{send("POST", vLogin) + send("POST", one)}},
		{"rounds", "POST", hackney.Text("abc"), []wiretest.Conn{wiretest.Replies(vAsks, vAsksEnd), wiretest.Replies(wOK)}, []string{"one", "two"}, []string{send("POST", vLogin) + send("POST", one), send("POST", two)}},
		{"HEAD", "HEAD", nil, []wiretest.Conn{wiretest.Replies(vAsks[:len(vAsks)-2], "HTTP/1.1 200 OK\r\n\r\n")}, []string{"one"}, []string{send("HEAD", vLogin) + send("HEAD", one)}},
	} {
		for _, pooled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/pool %v", c.name, pooled), func(t *testing.T) {
				srv, o := vProxy(t, false, c.conns...)
				if pooled {
					o.Pool = pPool(t, pool.Opts{MaxPerHost: 1})
				}
				a := &vAnswers{list: c.answers}
				o.Proxy, o.AnswerProxy, o.ProxyMode = hackney.ProxyURL(vWithUser(srv, "user:"+vSecret)), a.answer, hackney.Forward
				n := len(c.answers)
				cl := wNew(t).request(c.method, "http://origin.test/a", nil, c.p, o).status(200)
				if c.method != "HEAD" {
					cl.wantBody("ok")
				}
				cl.to(hackney.Close(cl.ClientState))
				if pooled {
					pEven(t, o.Pool)
					o.Pool.Close()
				}
				for i, want := range c.want {
					srv.WaitClosed(i)
					wSame(t, string(srv.Received(i)), want)
				}
				a.want(t, n, srv, "origin.test:80")
			})
		}
	}
}

// TestAnswerProxyForwardIsKept holds that later requests on the connection, of this client
// or of others from its pool, need not be asked again.
func TestAnswerProxyForwardIsKept(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		srv, o := vProxy(t, false, wiretest.Replies(vAsks, wOK, wOK, wOK))
		if pooled {
			o.Pool = pPool(t, pool.Opts{})
		}
		a := &vAnswers{list: []string{"one"}}
		o.AnswerProxy, o.ProxyMode = a.answer, hackney.Forward
		c := wNew(t).request("GET", "http://origin.test/a", nil, nil, o).wantBody("ok").send(hackney.Req{Path: "/b"}).wantBody("ok")
		want := vGet("http://origin.test/a", "origin.test") + vGet("http://origin.test/a", "origin.test", "Proxy-Authorization: one") +
			vGet("http://origin.test/b", "origin.test", "Proxy-Authorization: one")
		if pooled {
			c = wNew(t).request("GET", "http://other.test/c", nil, nil, o).wantBody("ok")
			want += vGet("http://other.test/c", "other.test", "Proxy-Authorization: one")
			o.Pool.Close()
		}
		wSame(t, c.sent(srv, 0), want)
		a.want(t, 1, srv, "origin.test:80")
	}
}

// TestAnswerProxyForwardStands holds when the 407 is the answer, and when it is an error.
func TestAnswerProxyForwardStands(t *testing.T) {
	why := errors.New("no password at hand")
	always := slices.Repeat([]string{vAsks}, 9)
	for _, c := range []struct {
		name    string
		replies []string
		p       hackney.Payload
		a       vAnswers
		asked   int
		is      error
	}{
		{"a reader", always[:1], hackney.FromReader(strings.NewReader("abc"), 3), vAnswers{list: []string{"one"}}, 0, nil},
		{"a function", always[:1], hackney.Func(sliceFunc("abc")), vAnswers{list: []string{"one"}}, 0, nil},
		{"at once", always[:1], nil, vAnswers{}, 1, nil},
		{"later", always[:2], nil, vAnswers{list: []string{"one"}}, 2, nil},
		{"never", always, nil, vAnswers{list: slices.Repeat([]string{"again"}, 20)}, 8, nil},
		{"an error", always[:2], nil, vAnswers{list: []string{"one"}, err: why}, 2, why},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv, o := vProxy(t, false, wiretest.Replies(c.replies...))
			o.AnswerProxy, o.ProxyMode = c.a.answer, hackney.Forward
			cl := wNew(t)
			cs, err := hackney.Post(cl.ctx, "http://origin.test/", nil, c.p, o)
			if c.is != nil {
				e := wIs[*hackney.ProxyError](t, cl.fails(cs, err))
				if e.Status != 407 || e.Proxy != srv.Addr() || e.Target != "origin.test:80" || !errors.Is(err, c.is) {
					t.Errorf("%+v", e)
				}
				cl.in(hackney.StateFailed).connection(hackney.Closed)
			} else {
				cl.to(cs, err).status(407).wantBody("no")
			}
			c.a.want(t, c.asked, srv, "origin.test:80")
			if got := len(srv.Requests(0)); got != len(c.replies) {
				t.Errorf("%d requests, want %d", got, len(c.replies))
			}
		})
	}
}

// TestAnswerProxyForwardChecked holds that an answer which would be more than one field
// does not go out.
func TestAnswerProxyForwardChecked(t *testing.T) {
	for _, answer := range []string{"x\r\nX-Evil: y", "x\nX-Evil: y", "x\r", "\x00", "x\r\n\r\nGET /evil HTTP/1.1"} {
		srv, o := vProxy(t, false, wiretest.Replies(vAsks, wOK))
		o.ProxyMode = hackney.Forward
		o.AnswerProxy = func(hackney.ProxyChallenge) (string, error) { return answer, nil }
		c := wNew(t)
		cs, err := hackney.Get(c.ctx, "http://origin.test/", nil, nil, o)
		if hackney.Close(cs); err == nil {
			t.Errorf("%q: no error", answer)
			continue
		}
		wBlame(t, err, hackney.BlameCaller)
		srv.WaitClosed(0)
		wSame(t, string(srv.Received(0)), vGet("http://origin.test/", "origin.test"))
	}
}

// TestAnswerProxyOverOwnField holds that the request is made again with the answer, also
// where it had a field of the caller's.
func TestAnswerProxyOverOwnField(t *testing.T) {
	srv, o := vProxy(t, false, wiretest.Replies(vAsks, wOK))
	o.ProxyMode = hackney.Forward
	a := &vAnswers{list: []string{"one"}}
	o.AnswerProxy = a.answer
	c := wNew(t).request("GET", "http://origin.test/", headers.New("Proxy-Authorization", "old"), nil, o).wantBody("ok")
	wSame(t, c.sent(srv, 0), vGet("http://origin.test/", "origin.test", "Proxy-Authorization: old")+
		vGet("http://origin.test/", "origin.test", "Proxy-Authorization: one"))
}

// TestAnswerProxyTunnelOverHeaders is that for a tunnel.
func TestAnswerProxyTunnelOverHeaders(t *testing.T) {
	srv, o := vProxy(t, false, wiretest.Conn{wiretest.Reply(vAsks), wiretest.Reply(vOpen), wiretest.Reply(wOK)})
	o.ProxyHeaders = headers.New("proxy-authorization", "old", "X-A", "b")
	o.AnswerProxy = (&vAnswers{list: []string{"one"}}).answer
	c := wNew(t).request("GET", "http://origin.test/", nil, nil, o).wantBody("ok")
	first, second, _ := strings.Cut(c.sent(srv, 0), "\r\n\r\n")
	if strings.Count(first, "old") != 1 || strings.Contains(second, "old") || strings.Count(second, "one") != 1 || !strings.Contains(second, "X-A: b") {
		t.Errorf("%q, then %q", first, second)
	}
}

// TestAnswerProxyNotAsked holds that only a proxy's 407 is for the function.
func TestAnswerProxyNotAsked(t *testing.T) {
	a := &vAnswers{list: []string{"one"}}
	srv, o := vProxy(t, false, vTunnel(false, vAsks))
	o.AnswerProxy = a.answer
	wNew(t).request("GET", "http://origin.test/", nil, nil, o).status(407).wantBody("no")
	direct := wiretest.New(t, wiretest.Replies(vAsks))
	wNew(t).request("GET", direct.URL("/"), nil, nil, &hackney.Opts{AnswerProxy: a.answer}).status(407).wantBody("no")
	a.want(t, 0, srv, "")
}

// vTo dials a server, whatever the address.
func vTo(srv *wiretest.Server) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, srv.Addr())
	}
}

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

// TestAddressPolicyOnEachWay holds that no address is dialed, and no proxy asked for one,
// that the policy refuses; by which proxy makes no difference.
func TestAddressPolicyOnEachWay(t *testing.T) {
	loopback := netip.MustParsePrefix("127.0.0.1/32")
	for _, scheme := range []string{"", "http", "https", "socks5", "socks5h"} {
		for _, mode := range []hackney.ProxyMode{hackney.Tunnel, hackney.Forward} {
			for _, target := range []string{"http://127.0.0.2:81/", "https://127.0.0.2:81/", "http://[::1]/", "http://[::ffff:127.0.0.2]/", "http://[::ffff:7f00:2]/", "http://10.0.0.1/", "http://169.254.169.254/latest", "http://[fe80::1]/", "http://[64:ff9b::7f00:2]/"} {
				t.Run(fmt.Sprintf("%s by %q, mode %d", target, scheme, mode), func(t *testing.T) {
					srv, o := vProxy(t, scheme == "https", wiretest.Conn{})
					srv.Close() // nothing is to be dialed; what is, fails
					o.ProxyMode, o.AddressPolicy = mode, hackney.PublicAddresses(loopback)
					if o.Proxy = nil; scheme != "" {
						o.Proxy = hackney.ProxyURL(scheme + "://" + srv.Addr())
					}
					c := wNew(t)
					err := c.fails(hackney.Get(c.ctx, target, nil, nil, o))
					e := wIs[*hackney.AddressError](t, err)
					if e.Addr.Addr().Is4In6() || e.Err == nil {
						t.Errorf("%+v", e)
					}
					wIs[*hackney.TransportError](t, err)
					wBlame(t, err, hackney.BlameLimit)
					c.in(hackney.StateStart).connection(hackney.Closed)
				})
			}
		}
	}
}

// TestAddressPolicyForTheProxy holds that the proxy's own address is asked for too, and that
// a name which the proxy looks up is not.
func TestAddressPolicyForTheProxy(t *testing.T) {
	for _, scheme := range []string{"http", "https", "socks5h"} {
		for _, mode := range []hackney.ProxyMode{hackney.Tunnel, hackney.Forward} {
			srv, o := vProxy(t, false)
			o.Proxy, o.ProxyMode = hackney.ProxyURL(scheme+"://"+srv.Addr()), mode
			var asked []netip.AddrPort
			o.AddressPolicy = func(a netip.AddrPort) error {
				asked = append(asked, a)
				return errDial
			}
			c := wNew(t)
			err := c.fails(hackney.Get(c.ctx, "http://origin.test/", nil, nil, o))
			wIs[*hackney.ProxyError](t, err)
			if e := wIs[*hackney.AddressError](t, err); e.Addr.String() != srv.Addr() || !errors.Is(err, errDial) {
				t.Errorf("%v", err)
			}
			if len(asked) != 1 || asked[0].String() != srv.Addr() {
				t.Errorf("asked for %v", asked)
			}
		}
	}
}

// TestAddressPolicyBehindRedirects holds that each hop is looked at, on the ways that a
// proxy gives too, and where a connection to the proxy is there already.
func TestAddressPolicyBehindRedirects(t *testing.T) {
	found := "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:81/x\r\nContent-Length: 0\r\n\r\n"
	policy := hackney.PublicAddresses(netip.MustParsePrefix("127.0.0.1/32"))
	for _, way := range []string{"", "tunnel", "forward"} {
		for _, pooled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, pool %v", way, pooled), func(t *testing.T) {
				srv, o := vProxy(t, false, wiretest.Replies(found, wOK))
				target := "http://origin.test/"
				switch way {
				case "":
					o.Proxy, target = nil, srv.URL("/")
				case "tunnel":
					srv, o = vProxy(t, false, vTunnel(false, found))
				case "forward":
					o.ProxyMode = hackney.Forward
				}
				if pooled {
					o.Pool = pPool(t, pool.Opts{})
				}
				o.FollowRedirect, o.AddressPolicy = true, policy
				c := wNew(t)
				cs, err := hackney.Get(c.ctx, target, nil, nil, o)
				hackney.Close(cs)
				if err == nil {
					t.Fatalf("the proxy was asked: %q", srv.Received(0))
				}
				if e := wIs[*hackney.AddressError](t, err); e.Addr.String() != "127.0.0.2:81" {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// TestAddressPolicyOnASharedConnection holds that an address is asked for although the
// connection to the proxy, which serves all targets, was opened for another.
func TestAddressPolicyOnASharedConnection(t *testing.T) {
	srv, o := vProxy(t, false, wiretest.Replies(wOK, wOK))
	o.ProxyMode, o.Pool = hackney.Forward, pPool(t, pool.Opts{})
	o.AddressPolicy = hackney.PublicAddresses(netip.MustParsePrefix("127.0.0.1/32"))
	wNew(t).request("GET", "http://origin.test/", nil, nil, o).wantBody("ok")
	c := wNew(t)
	cs, err := hackney.Get(c.ctx, "http://169.254.169.254/", nil, nil, o)
	hackney.Close(cs)
	if err == nil {
		t.Fatalf("the proxy was asked: %q", srv.Received(0))
	}
	wIs[*hackney.AddressError](t, err)
	pEven(t, o.Pool)
}

// TestAddressPolicyNumbers holds that an address cannot hide in a form that only some
// resolvers take for one.
func TestAddressPolicyNumbers(t *testing.T) {
	for _, host := range []string{"127.2", "2130706434", "0x7f000002", "0177.0.0.2", "0x7f.2", "127.0.0.2."} {
		srv, o := vProxy(t, false, vTunnel(false, wOK))
		o.AddressPolicy = hackney.PublicAddresses(netip.MustParsePrefix("127.0.0.1/32"))
		cs, err := hackney.Get(t.Context(), "http://"+host+"/", nil, nil, o)
		if hackney.Close(cs); err == nil {
			t.Errorf("the proxy was asked: %q", srv.Received(0))
		}
	}
}

// TestAddressPolicyOfThePool holds that a connection which nobody looked at is not lent to
// a client with a policy.
func TestAddressPolicyOfThePool(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	open := &hackney.Opts{Pool: pPool(t, pool.Opts{})}
	guarded := &hackney.Opts{Pool: open.Pool, AddressPolicy: hackney.PublicAddresses()}
	wNew(t).request("GET", srv.URL("/"), nil, nil, open).wantBody("ok")
	c := wNew(t)
	wIs[*hackney.AddressError](t, c.fails(hackney.Get(c.ctx, srv.URL("/"), nil, nil, guarded)))
	if s := open.Pool.Stats(); s.Idle != 1 {
		t.Errorf("%+v", s)
	}
}

// TestProxyState holds what a state says of a client behind a proxy: all but the address is
// the target's.
func TestProxyState(t *testing.T) {
	for _, mode := range []hackney.ProxyMode{hackney.Tunnel, hackney.Forward} {
		for _, kind := range []struct{ proxy, target bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
			t.Run(fmt.Sprintf("mode %d/%s by %s", mode, vScheme(kind.target), vScheme(kind.proxy)), func(t *testing.T) {
				srv, o := vProxy(t, kind.proxy)
				if mode == hackney.Forward && !kind.target {
					srv.Expect(wiretest.Replies(wOK, wOK))
				} else {
					srv.Expect(vTunnel(kind.target, wOK, wOK))
				}
				o.Proxy, o.ProxyMode = hackney.ProxyURL(vWithUser(srv, "user:"+vSecret)), mode
				scheme := vScheme(kind.target)
				tr := map[bool]transport.Transport{false: transport.TCP, true: transport.TLS}[kind.target]
				c := wNew(t)
				c.to(hackney.Connect(c.ctx, tr, "origin.test", 8443, o))
				check := func(path string) {
					t.Helper()
					if c.Host() != "origin.test" || c.Port() != 8443 || c.Scheme() != scheme || c.URL() != scheme+"://origin.test:8443"+path {
						t.Errorf("%s %d %s %s", c.Host(), c.Port(), c.Scheme(), c.URL())
					}
					if s := c.Snapshot(); s.Host != "origin.test" || s.Port != 8443 || s.Netloc != "origin.test:8443" || s.Transport != tr.Name() {
						t.Errorf("%+v", s)
					}
					if c.RemoteAddr().String() != srv.Addr() || (c.TLS() != nil) != kind.target || kind.target && c.TLS().ServerName != "origin.test" {
						t.Errorf("%v, %+v", c.RemoteAddr(), c.TLS())
					}
					vNoSecret(t, nil, c.ClientState)
				}
				check("/")
				c.send(hackney.Req{Path: "/a"}).wantBody("ok")
				if check("/a"); c.Reused() {
					t.Error("reused at first")
				}
				c.send(hackney.Req{Path: "/b"}).wantBody("ok")
				if check("/b"); !c.Reused() {
					t.Error("not reused")
				}
				err := hackney.SetSockopts(c.ClientState, func(nc net.Conn) error {
					if _, ok := nc.(*net.TCPConn); !ok {
						t.Errorf("the socket is a %T", nc)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				c.to(hackney.Close(c.ClientState))
				check("/b")
				srv.WaitClosed(0)
			})
		}
	}
}

// TestProxyTunnelOpenedAnew holds that a client whose tunnel has ended makes another one,
// and never sends what is for the origin to the proxy itself, or without it
// (proxy_reconnect_bypasses).
func TestProxyTunnelOpenedAnew(t *testing.T) {
	const closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
	for _, secure := range []bool{false, true} {
		origin := wiretest.New(t)
		srv, o := vProxy(t, false, vTunnel(secure, closing), vTunnel(secure, wOK), vTunnel(secure, wOK))
		c := wNew(t).request("GET", vScheme(secure)+"://"+origin.Addr()+"/a", nil, nil, o).wantBody("ok").connection(hackney.Closed)
		c.send(hackney.Req{Path: "/b"}).wantBody("ok").to(hackney.Close(c.ClientState))
		c.to(hackney.Reconnect(c.ctx, c.ClientState)).send(hackney.Req{Path: "/c"}).wantBody("ok").to(hackney.Close(c.ClientState))
		for i, path := range []string{"/a", "/b", "/c"} {
			srv.WaitClosed(i)
			wSame(t, string(srv.Received(i)), vConnect(origin.Addr())+vGet(path, origin.Addr()))
		}
	}
}

// TestProxyTap holds that a tap hears the tunnel being opened, and what goes through it, on
// one connection that is the target's.
func TestProxyTap(t *testing.T) {
	for _, kind := range []struct{ proxy, target bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
		srv, o := vProxy(t, kind.proxy, wiretest.Conn{wiretest.Reply(vAsks), vTunnel(kind.target)[0], wiretest.Reply(wOK)})
		r := &tapped{}
		conns := map[uint64]bool{}
		o.Proxy = hackney.ProxyURL(vWithUser(srv, "user:"+vSecret))
		o.AnswerProxy = (&vAnswers{list: []string{"one"}}).answer
		port := map[bool]string{false: "80", true: "443"}[kind.target]
		o.Tap = func(e hackney.TapEvent) {
			r.hear(e)
			conns[e.Conn] = true
			if e.Address != "origin.test:"+port || e.Secure != kind.target {
				t.Errorf("%+v", e)
			}
		}
		c := wNew(t).request("GET", vScheme(kind.target)+"://origin.test/", nil, nil, o).wantBody("ok")
		wSame(t, r.sent.String(), c.sent(srv, 0))
		wSame(t, r.received.String(), vAsks+vOpen+wOK)
		if got := strings.Join(r.kinds, " "); got != "opened sent received sent received sent received closed" || len(conns) != 1 {
			t.Errorf("%s, on %d connections", got, len(conns))
		}
	}
}

// TestProxyCancelled ends the context at each stage of the way through a proxy.
func TestProxyCancelled(t *testing.T) {
	received := func(srv *wiretest.Server, n int) func() bool {
		return func() bool { return len(srv.Received(0)) >= n }
	}
	tunnel := len(vConnect("origin.test:443"))
	for name, c := range map[string]struct {
		conn   wiretest.Conn
		scheme string
		target string
		bytes  int  // that came before it happens
		proxy  bool // the error is the proxy's
	}{
		"waiting for the answer":      {wiretest.Conn{wiretest.On(wiretest.Request)}, "http", "https", tunnel, true},
		"within the answer":           {wiretest.Conn{wiretest.Reply("HTTP/1.1 200 O")}, "http", "https", tunnel, true},
		"within a refusal":            {wiretest.Conn{wiretest.Reply("HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nno")}, "http", "https", tunnel, true},
		"the handshake in the tunnel": {wiretest.Conn{wiretest.Reply(vOpen)}, "http", "https", tunnel + 1, false},
		"the handshake with it":       {wiretest.Conn{}, "https", "https", 1, true},
		"SOCKS":                       {wiretest.Conn{}, "socks5h", "https", 1, true},
		"SOCKS, the reply":            {wiretest.Conn{wiretest.On(wiretest.Bytes(3), "\x05\x00")}, "socks5h", "http", 4, true},
	} {
		t.Run(name, func(t *testing.T) {
			srv, o := vProxy(t, false, c.conn)
			o.Proxy, o.Pool = hackney.ProxyURL(c.scheme+"://"+srv.Addr()), pPool(t, pool.Opts{MaxPerHost: 1})
			cl := wNew(t)
			err := cl.fails(hackney.Get(pCancelWhen(t, received(srv, c.bytes)), c.target+"://origin.test/", nil, nil, o))
			var pe *hackney.ProxyError
			if errors.As(err, &pe) != c.proxy {
				t.Errorf("%v", err)
			}
			if name != "within a refusal" { // which had been understood by then
				if wBlame(t, err, hackney.BlameNetwork); !errors.Is(err, context.Canceled) {
					t.Errorf("%v", err)
				}
			}
			cl.in(hackney.StateStart).connection(hackney.Closed)
			cl.to(hackney.Close(cl.ClientState))
			srv.WaitClosed(0)
			pEven(t, o.Pool)
		})
	}
}

// TestProxyCancelledEarly ends the context while the proxy is dialed, and while the
// function is asked for an answer to it.
func TestProxyCancelledEarly(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	o := &hackney.Opts{Proxy: hackney.ProxyURL("http://proxy.test"), Pool: pPool(t, pool.Opts{MaxPerHost: 1})}
	o.DialContext = func(dialing context.Context, _, _ string) (net.Conn, error) {
		cancel(why)
		<-dialing.Done()
		return nil, dialing.Err()
	}
	c := wNew(t)
	err := c.fails(hackney.Get(ctx, "https://origin.test/", nil, nil, o))
	wIs[*hackney.ProxyError](t, err)
	if wBlame(t, err, hackney.BlameNetwork); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	pEven(t, o.Pool)

	for _, reply := range []string{vAsks, vAsksEnd} {
		srv, o := vProxy(t, false, wiretest.Replies(reply))
		ctx, cancel := context.WithCancelCause(t.Context())
		o.Pool = pPool(t, pool.Opts{MaxPerHost: 1})
		o.AnswerProxy = func(hackney.ProxyChallenge) (string, error) {
			cancel(why)
			return "one", nil
		}
		c := wNew(t)
		err := c.fails(hackney.Get(ctx, "https://origin.test/", nil, nil, o))
		if wIs[*hackney.ProxyError](t, err); !errors.Is(err, context.Canceled) || !errors.Is(err, why) {
			t.Errorf("%v", err)
		}
		c.in(hackney.StateStart).connection(hackney.Closed).to(hackney.Close(c.ClientState))
		srv.WaitClosed(0)
		pEven(t, o.Pool)
	}
}

// TestProxyTargetPort holds that the proxy is never asked for a port that nobody named.
func TestProxyTargetPort(t *testing.T) {
	for _, target := range []string{"http://origin.test:0/", "https://origin.test:0/"} {
		o := wNoDial(t)
		o.Proxy = hackney.ProxyURL("http://proxy.test")
		c := wNew(t)
		c.fails(hackney.Get(c.ctx, target, nil, nil, o))
	}
}

// TestProxyPrints holds that options can be printed.
func TestProxyPrints(t *testing.T) {
	for _, raw := range []string{"http://user:" + vSecret + "@proxy.test", "user:" + vSecret + "@proxy.test", "socks5://user:" + vSecret + "@proxy.test"} {
		o := hackney.Opts{Proxy: hackney.ProxyURL(raw), ProxyAuth: &hackney.BasicAuth{User: "user", Password: vSecret}}
		for _, form := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(form, o.Proxy) + fmt.Sprintf(form, o); strings.Contains(got, vSecret) {
				t.Errorf("%s prints %s", form, got)
			}
		}
	}
}

// TestProxyTapShared holds that a tap is told whose bytes pass on a connection that several
// targets share.
func TestProxyTapShared(t *testing.T) {
	srv, o := vProxy(t, false, wiretest.Replies(wOK, wOK))
	var sent []string
	o.Tap = func(e hackney.TapEvent) {
		if e.Kind == hackney.TapSent {
			sent = append(sent, e.Address)
		}
	}
	o.ProxyMode, o.Pool = hackney.Forward, pPool(t, pool.Opts{})
	wNew(t).request("GET", "http://a.test/", nil, nil, o).wantBody("ok")
	wNew(t).request("GET", "http://b.test:8080/", nil, nil, o).wantBody("ok")
	if want := []string{"a.test:80", "b.test:8080"}; srv.Conns() != 1 || !slices.Equal(sent, want) {
		t.Errorf("%d connections, sent for %q, want %q", srv.Conns(), sent, want)
	}
}
