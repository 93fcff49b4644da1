package hackney_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

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
