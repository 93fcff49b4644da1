package hackney_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// TestRedirectIsInterrupted ends the context at each stage.
func TestRedirectIsInterrupted(t *testing.T) {
	stalled := "HTTP/1.1 302 Found\r\nLocation: {b}\r\nContent-Length: 5\r\n\r\nmo"
	for name, test := range map[string]struct {
		a, b  wiretest.Conn
		when  func(a, b *wiretest.Server, draining bool) bool
		drain time.Duration
		state hackney.ResponseState // waiting: StartResponse goes on
		gone  bool                  // the second origin is not reached
	}{
		"before the first head": {
			wiretest.Conn{wiretest.Reply(rTo(302, "{b}"))},
			wiretest.Replies(wOK),
			func(a, _ *wiretest.Server, _ bool) bool { return len(a.Requests(0)) == 1 }, 0, hackney.StateWaiting, false,
		},
		"while its body is read away": {
			wiretest.Conn{wiretest.Reply(stalled)},
			nil,
			func(_, _ *wiretest.Server, draining bool) bool { return draining }, hackney.Infinite, hackney.StateStart, true,
		},
		"before the second head": {
			wiretest.Conn{wiretest.Reply(rTo(302, "{b}"))},
			wiretest.Conn{wiretest.Reply(wOK)},
			func(_, b *wiretest.Server, _ bool) bool { return len(b.Requests(0)) == 1 }, 0, hackney.StateWaiting, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			gate := make(chan struct{})
			hold := func(c wiretest.Conn, held bool) wiretest.Conn {
				if len(c) > 0 && held {
					c[0] = c[0].Gated(gate)
				}
				return c
			}
			b := wiretest.New(t, hold(test.b, name == "before the second head"))
			for i := range test.a {
				for j, s := range test.a[i].Send {
					test.a[i].Send[j] = []byte(strings.ReplaceAll(string(s), "{b}", b.URL("/b")))
				}
			}
			a := wiretest.New(t, hold(test.a, name == "before the first head"))
			draining := atomic.Bool{}
			ctx := pCancelWhen(t, func() bool { return test.when(a, b, draining.Load()) })
			c, o := wNew(t), rFollow()
			o.DrainTime = test.drain
			o.Tap = func(e hackney.TapEvent) {
				draining.Store(e.Kind == hackney.TapReceived && bytes.HasSuffix(e.Bytes, []byte("mo")) || draining.Load())
			}
			c.to(hackney.Connect(c.ctx, transport.TCP, a.Host(), a.Port(), o))
			done := make(chan error, 1)
			var cs hackney.ClientState
			go func() {
				var err error
				cs, err = hackney.SendRequest(ctx, c.ClientState, hackney.Req{Path: "/a"})
				done <- err
			}()
			var err error
			select {
			case err = <-done:
			case <-time.After(wiretest.Patience):
				t.Error("the context does not end it")
				a.Close()
				err = <-done
			}
			c.ClientState = cs
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			wBlame(t, err, hackney.BlameNetwork)
			if close(gate); test.state == hackney.StateWaiting {
				c.in(hackney.StateWaiting).connection(hackney.Connected).response().wantBody("ok")
				if r := c.Redirects(); len(r) != 1 || r[0].URL != a.URL("/a") || c.URL() != b.URL("/b") {
					t.Errorf("redirects %+v to %s", r, c.URL())
				}
				a.WaitClosed(0)
				return
			}
			c.connection(hackney.Closed)
			a.WaitClosed(0)
			rUsable(t, c, a)
		})
	}
}

// TestRedirectInterruptedDial ends the context while the second hop is dialed.
func TestRedirectInterruptedDial(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		a := wiretest.New(t, wiretest.Replies(rTo(302, "http://b.test/")))
		ctx, cancel := context.WithCancel(t.Context())
		c, o := wNew(t), rFollow()
		if pooled {
			o.Pool = pPool(t, pool.Opts{})
		}
		o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "b.test:80" {
				cancel()
				<-ctx.Done()
				return nil, ctx.Err()
			}
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		}
		err := c.fails(hackney.Get(ctx, a.URL("/"), nil, nil, o))
		if wIs[*hackney.TransportError](t, err); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		c.connection(hackney.Closed)
		if !pooled {
			a.WaitClosed(0)
			rUsable(t, c, a)
		}
	}
}

// TestRedirectInterruptedBetween ends the context behind the first answer, before the
// second request goes out, on the same connection.
func TestRedirectInterruptedBetween(t *testing.T) {
	for _, stream := range []bool{false, true} {
		t.Run(fmt.Sprintf("stream %v", stream), func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies(rTo(303, "/next")))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c, o := wNew(t), rFollow()
			o.Tap = func(e hackney.TapEvent) {
				if e.Kind == hackney.TapReceived {
					cancel()
				}
			}
			c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), o))
			req, op := hackney.Req{Path: "/a"}, func(cs hackney.ClientState) (hackney.ClientState, error) {
				return hackney.SendRequest(ctx, cs, hackney.Req{Path: "/a"})
			}
			if stream {
				req.Method, req.Payload = "POST", hackney.Stream
				c.send(req)
				c.to(hackney.EndStreamRequestBody(c.ctx, c.ClientState))
				op = func(cs hackney.ClientState) (hackney.ClientState, error) { return hackney.StartResponse(ctx, cs) }
			}
			given := c.ClientState
			if err := c.fails(op(given)); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			if rs := c.ResponseState(); rs == hackney.StateStream || rs == hackney.StateWaiting || rs == hackney.StateOnBody {
				t.Errorf("the state is %v", c.ClientState)
			}
			if got := srv.Requests(0); len(got) != 1 {
				t.Fatalf("sent %q", srv.Received(0))
			}
			// What the given state stood for is over, its answer was read.
			if _, err := hackney.Handoff(given); stream && !errors.Is(err, hackney.ErrStale) && !errors.Is(err, hackney.ErrClosed) {
				t.Errorf("the state %v can be used again: %v", given, err)
			}
			if srv.Settle(); stream {
				hackney.Close(c.ClientState)
			}
			rUsable(t, c, srv)
		})
	}
}

// TestRedirectTimeouts runs in a bubble: each hop has its own time, and one that takes
// too long can be waited for again.
func TestRedirectTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hops := atomic.Int64{}
		o := wPipe(t, func(c net.Conn) {
			for range 4 {
				if _, err := wReadHead(c); err != nil {
					return
				}
				n := hops.Add(1)
				time.Sleep(map[int64]time.Duration{1: 900 * time.Millisecond, 2: 900 * time.Millisecond, 3: 1500 * time.Millisecond}[n])
				answer := rTo(302, fmt.Sprintf("/%d", n))
				if n == 4 {
					answer = wOK
				}
				io.WriteString(c, answer)
			}
		})
		o.FollowRedirect, o.RecvTimeout = true, time.Second
		c := wNew(t)
		began := time.Now()
		err := c.fails(hackney.Get(c.ctx, "http://a.test/0", nil, nil, o))
		if !errors.Is(err, hackney.ErrTimeout) || time.Since(began) != 2800*time.Millisecond {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
		if c.in(hackney.StateWaiting); c.Path() != "/2" || len(c.Redirects()) != 2 {
			t.Errorf("%s, %v", c.Path(), c.Redirects())
		}
		if c.response().wantBody("ok"); c.Path() != "/3" || len(c.Redirects()) != 3 {
			t.Errorf("%s, %v", c.Path(), c.Redirects())
		}
		c.to(hackney.Close(c.ClientState))
	})
}

// TestRedirectDrainTime bounds how long a body that does not come is waited for.
func TestRedirectDrainTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := wPipe(t, func(c net.Conn) {
			head, _ := wReadHead(c)
			if strings.HasPrefix(head, "GET /a ") {
				io.WriteString(c, strings.TrimSuffix(rTo(302, "/b"), "ved"))
				wReadHead(c)
				return
			}
			io.WriteString(c, wOK)
			wReadHead(c)
		})
		o.FollowRedirect, o.DrainTime = true, 7*time.Second
		began := time.Now()
		c := wNew(t).request("GET", "http://a.test/a", nil, nil, o).wantBody("ok")
		if waited := time.Since(began); waited != 7*time.Second {
			t.Errorf("it was waited for %v", waited)
		}
		c.to(hackney.Close(c.ClientState))
	})
}

// TestRedirectIsClosed has another goroutine close the client at each stage.
func TestRedirectIsClosed(t *testing.T) {
	moved := rTo(302, "/next")
	for name, test := range map[string]struct {
		at      string // what was received when Close comes, before it is looked at
		pieces  []string
		pooled  bool
		reached bool // Close comes when the server has the request, and nothing was received
	}{
		"before the first head":         {"", nil, false, true},
		"before the first head, pooled": {"", nil, true, true},
		"with the head":                 {"HTTP", []string{moved}, false, false},
		"with the head, pooled":         {"HTTP", []string{moved}, true, false},
		"in the body":                   {"mo", []string{strings.TrimSuffix(moved, "moved"), "mo"}, false, false},
		"in the body, pooled":           {"mo", []string{strings.TrimSuffix(moved, "moved"), "mo"}, true, false},
		"with the last byte":            {"d", []string{strings.TrimSuffix(moved, "d"), "d"}, false, false},
		"with the last byte, pooled":    {"d", []string{strings.TrimSuffix(moved, "d"), "d"}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			head := make(chan struct{}, 1)
			script := wiretest.Conn{wiretest.Reply(test.pieces[:min(1, len(test.pieces))]...)}
			if len(test.pieces) > 1 {
				script = append(script, wiretest.Say(test.pieces[1]).Gated(head))
			}
			srv := wiretest.New(t, script)
			c := wNew(t)
			closing, closed := make(chan struct{}), make(chan struct{})
			o := &hackney.Opts{FollowRedirect: true, DrainTime: hackney.Infinite}
			var once sync.Once
			o.Tap = func(e hackney.TapEvent) {
				if e.Kind == hackney.TapReceived && test.at != "" && strings.HasPrefix(string(e.Bytes), test.at) {
					once.Do(func() { close(closing); <-closed })
				} else if e.Kind == hackney.TapReceived && len(test.pieces) > 1 {
					head <- struct{}{} // it was read by itself
				}
			}
			if test.pooled {
				o.Pool = pPool(t, pool.Opts{})
			}
			c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), o))
			given := c.ClientState
			var wg sync.WaitGroup
			wg.Go(func() {
				if test.reached {
					srv.WaitRequests(0, 1)
				} else {
					<-closing
				}
				hackney.Close(given)
				close(closed)
			})
			err := c.fails(hackney.SendRequest(c.ctx, given, hackney.Req{}))
			wg.Wait()
			if !errors.Is(err, hackney.ErrClosed) {
				t.Errorf("error %v", err)
			}
			c.connection(hackney.Closed)
			srv.WaitClosed(0)
			if test.pooled {
				pEven(t, o.Pool)
			}
			rUsable(t, c, srv)
		})
	}
}

// TestRedirectIsClosedOnItsWay has Close come with a state of the first connection, when
// the second one is being dialed or has the request: that is another connection, and
// the operation's context ends it.
func TestRedirectIsClosedOnItsWay(t *testing.T) {
	for _, dialing := range []bool{true, false} {
		for _, pooled := range []bool{false, true} {
			t.Run(fmt.Sprintf("dialing %v, pooled %v", dialing, pooled), func(t *testing.T) {
				b := wiretest.Start(t, wiretest.Options{AllowExtra: true}, wiretest.Conn{wiretest.On(wiretest.Request)})
				a := wiretest.New(t, wiretest.Replies(rTo(302, b.URL("/"))))
				c, o := wNew(t), rFollow()
				if pooled {
					o.Pool = pPool(t, pool.Opts{})
				}
				ctx, cancel := context.WithCancel(c.ctx)
				defer cancel()
				second, closed := make(chan struct{}), make(chan struct{})
				o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					if dialing && address == b.Addr() {
						close(second)
						<-closed
					}
					var d net.Dialer
					return d.DialContext(ctx, network, address)
				}
				c.to(hackney.Connect(c.ctx, transport.TCP, a.Host(), a.Port(), o))
				given := c.ClientState
				var wg sync.WaitGroup
				wg.Go(func() {
					if dialing {
						<-second
					} else {
						b.WaitRequests(0, 1)
					}
					if _, err := hackney.Close(given); err != nil {
						t.Errorf("Close: %v", err)
					}
					cancel()
					close(closed)
				})
				err := c.fails(hackney.SendRequest(ctx, given, hackney.Req{}))
				wg.Wait()
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error %v, want that of the context", err)
				}
				c.to(hackney.Close(c.ClientState))
			})
		}
	}
}
