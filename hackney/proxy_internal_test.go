package hackney

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

const vOpen = "HTTP/1.1 200 OK\r\n\r\n"

// vWay is a proxy that plays conn, and options that lead to it.
func vWay(t *testing.T, secure bool, conn wiretest.Conn) (*wiretest.Server, *Opts) {
	t.Helper()
	srv := wiretest.Start(t, wiretest.Options{TLS: secure}, conn)
	return srv, &Opts{Proxy: ProxyURL(srv.URL("")), Insecure: true}
}

// TestTunnelIsBare holds that what the kernel can do on a connection it can do in a plain
// tunnel too, and on one that requests are handed over on, or through SOCKS.
func TestTunnelIsBare(t *testing.T) {
	const size = 300_000
	answer := "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + strings.Repeat("x", size)
	for name, c := range map[string]struct {
		open   wiretest.Conn
		mode   ProxyMode
		scheme string
	}{
		"tunnel":  {wiretest.Conn{wiretest.Reply(vOpen)}, Tunnel, "http"},
		"again":   {wiretest.Conn{wiretest.Reply("HTTP/1.1 407 Auth\r\nContent-Length: 2\r\n\r\nno"), wiretest.Reply(vOpen)}, Tunnel, "http"},
		"forward": {nil, Forward, "http"},
		"SOCKS": {
			wiretest.Conn{wiretest.On(wiretest.Bytes(3), "\x05\x00"), wiretest.On(wiretest.Bytes(18), "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")},
			Tunnel, "socks5h",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { // pipes of splices
				for range 3 {
					runtime.GC()
				}
			})
			srv, o := vWay(t, false, append(c.open, wiretest.Reply(answer), wiretest.Reply(lOK)))
			o.Proxy, o.ProxyMode = ProxyURL(c.scheme+"://"+srv.Addr()), c.mode
			o.AnswerProxy = func(ProxyChallenge) (string, error) { return "one", nil }
			cs := mMust(t)(Connect(t.Context(), transport.TCP, "origin.test", 80, o))
			h := cs.handle
			if _, ok := h.conn.(*net.TCPConn); !ok || h.tcp == nil || h.readLimited || h.writeLimited {
				t.Errorf("the connection is a %T, bare %v, limited %v, %v", h.conn, h.tcp != nil, h.readLimited, h.writeLimited)
			}
			file := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(file, []byte(strings.Repeat("y", size)), 0o600); err != nil {
				t.Fatal(err)
			}
			cs = mMust(t)(SendRequest(t.Context(), cs, Req{Method: "PUT", Payload: File(file, 0, 0)}))
			out, err := os.Create(filepath.Join(t.TempDir(), "out"))
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			n, cs, err := CopyBody(t.Context(), cs, out)
			if n != size || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			Close(cs)
			srv.WaitClosed(0)
			msgs, _, err := wiretest.Split(srv.Received(0)[max(0, strings.Index(string(srv.Received(0)), "PUT ")):])
			if err != nil || len(msgs) != 1 || string(msgs[0].Body) != strings.Repeat("y", size) {
				t.Errorf("%d requests, %v", len(msgs), err)
			}
		})
	}
}

// TestTunnelUnderATap holds that a tap sees what goes through a tunnel: the kernel moves none of it.
func TestTunnelUnderATap(t *testing.T) {
	_, o := vWay(t, false, wiretest.Replies(vOpen))
	o.Tap = func(TapEvent) {}
	cs := mMust(t)(Connect(t.Context(), transport.TCP, "origin.test", 80, o))
	if cs.handle.tcp != nil {
		t.Error("bare under a tap")
	}
	Close(cs)
}

// TestCallsThroughAProxy is TestCalls for a proxy: a tunnel costs a write and a read once,
// and then requests cost what they always do; no deadline stays.
func TestCallsThroughAProxy(t *testing.T) {
	for name, c := range map[string]struct {
		mode  ProxyMode
		o     Opts
		first int32 // reads and writes of the tunnel
	}{
		"tunnel":               {Tunnel, Opts{}, 1},
		"tunnel without limit": {Tunnel, Opts{ConnectTimeout: Infinite}, 1},
		"forward":              {Forward, Opts{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			conn := wiretest.Replies(lOK, lOK, lOK)
			if c.first > 0 {
				conn = append(wiretest.Replies(vOpen), conn...)
			}
			srv := wiretest.New(t, conn)
			var called mCalled
			c.o.Proxy, c.o.ProxyMode = ProxyURL(srv.URL("")), c.mode
			c.o.DialContext = func(ctx context.Context, network, addr string) (_ net.Conn, err error) {
				called.Conn, err = new(net.Dialer).DialContext(ctx, network, addr)
				return &called, err
			}
			cs := mMust(t)(Connect(context.Background(), transport.TCP, "origin.test", 80, &c.o))
			if r, w := called.reads.Load(), called.writes.Load(); r != c.first || w != c.first {
				t.Errorf("%d reads and %d writes to connect", r, w)
			}
			deadlines := called.calls.Load()
			if limited := c.first > 0 && c.o.ConnectTimeout == 0; (deadlines == 2) != limited || !limited && deadlines != 0 {
				t.Errorf("%d deadlines to connect", deadlines) // one set, and lifted
			}
			for i := int32(1); i <= 3; i++ {
				cs = mMust(t)(SendRequest(context.Background(), cs, Req{}))
				body, next, err := Body(context.Background(), cs)
				if cs = next; string(body) != "ok" || err != nil {
					t.Fatalf("%q, %v", body, err)
				}
				if r, w, d := called.reads.Load(), called.writes.Load(), called.calls.Load(); r != c.first+i || w != c.first+i || d != deadlines {
					t.Errorf("after %d requests %d reads, %d writes and %d deadlines", i, r, w, d)
				}
			}
			Close(cs)
		})
	}
}

// TestTunnelAfterARest holds that an idle tunnel, of as many layers as there can be, is
// looked at before it is used again, and found good or not.
func TestTunnelAfterARest(t *testing.T) {
	for _, kind := range []struct{ proxy, target bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
		for _, closed := range []bool{false, true} {
			gate := make(chan struct{})
			last := wiretest.Reply(lOK)
			if closed {
				last = wiretest.Step{Gate: gate, Then: wiretest.Close}
			}
			first := wiretest.Reply(vOpen)
			scheme, tr := "http", transport.Transport(transport.TCP)
			if kind.target {
				first, scheme, tr = first.ThenTLS(), "https", transport.TLS
			}
			srv, o := vWay(t, kind.proxy, wiretest.Conn{first, wiretest.Reply(lOK), last})
			srv.Expect(wiretest.Conn{first, wiretest.Reply(lOK)})
			cs := mMust(t)(Connect(t.Context(), tr, "origin.test", tr.DefaultPort(), o))
			for i := range 2 {
				cs = mMust(t)(SendRequest(t.Context(), cs, Req{Method: "POST"})) // which is not sent again by itself
				if i == 1 && cs.Reused() == closed {
					t.Errorf("%s, closed %v: reused %v", scheme, closed, cs.Reused())
				}
				body, next, err := Body(t.Context(), cs)
				if cs = next; string(body) != "ok" || err != nil {
					t.Fatalf("%q, %v", body, err)
				}
				if i == 0 {
					close(gate)
					if closed {
						srv.WaitClosed(0)
					}
					cs.handle.idleSince -= time.Hour
				}
			}
			Close(cs)
		}
	}
}

// TestProxyKey holds that nobody can write a key of the pool that is another's.
func TestProxyKey(t *testing.T) {
	keys := map[string]string{}
	for _, raw := range []string{
		"http://h:1", "https://h:1", "socks5://h:1", "socks5h://h:1", "http://h:2", "http://u@h:1", "http://u:p@h:1", "http://u:@h:1", "http://:u@h:1",
		"http://%22u%22:p@h:1", "http://u%22%20%22p@h:1", "http://u:p%0Ax@h:1", "http://u%20p@h:1",
	} {
		v, err := parseProxy(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, forward := range []bool{false, true} {
			v.forward = forward
			k := v.key()
			if other, taken := keys[k]; taken && !(raw == "http://u:@h:1" && strings.HasPrefix(other, "http://u@")) {
				t.Errorf("%s has the key of %s: %q", raw, other, k)
			}
			keys[k] = raw
		}
	}
	if (*via)(nil).key() != "" {
		t.Error("no proxy has a key")
	}
}

// TestForwardedTLSKey holds that the settings of TLS are in the key where TLS is spoken, be
// it with the proxy alone.
func TestForwardedTLSKey(t *testing.T) {
	to := &place{transport.TCP, "origin.test", 80}
	for raw, secure := range map[string]bool{"http://h": false, "https://h": true, "socks5://h": false} {
		o := &Opts{Proxy: ProxyURL(raw), TLS: &tls.Config{}, Insecure: true}
		v, err := o.via(to)
		if err != nil {
			t.Fatal(err)
		}
		k := keyOf(to, v, o)
		if (k.TLS == o.TLS) != secure || k.Insecure != secure || k.Proxy == "" {
			t.Errorf("%s: %+v", raw, k)
		}
		if k == (pool.Key{Transport: transport.TCP, Host: "origin.test", Port: 80}) {
			t.Errorf("%s: the key is that of no proxy", raw)
		}
	}
}
