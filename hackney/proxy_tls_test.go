package hackney_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
	"github.com/hackney-go/hackney/internal/wiretest"
)

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
