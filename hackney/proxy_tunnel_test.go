package hackney_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

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
