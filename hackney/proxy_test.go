package hackney_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
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
