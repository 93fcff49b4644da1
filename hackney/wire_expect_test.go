package hackney_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
)

var wExpect = headers.New("Expect", "100-continue")

func wExpecting(body string) string {
	return wWant("POST /", wOctets, "Content-Length: "+wItoa(len(body)), "Expect: 100-continue")
}

// Any 100 lets the body go, however it looks and comes.
func TestWireExpectAny100(t *testing.T) {
	for _, reply := range []string{
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 100\r\n\r\n",
		"HTTP/1.1 100 \r\n\r\n",
		"HTTP/1.1 100 please go on\r\n\r\n",
		"HTTP/1.1 100 Continue\r\nDate: now\r\nX-A: b\r\n c\r\n\r\n",
		"HTTP/1.1 100 Continue\n\n",
		"HTTP/1.0 100 Continue\r\n\r\n",
		"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
	} {
		cuts := [][][]byte{wiretest.Text(reply), wiretest.Each(reply)}
		for i := 1; i < len(reply); i += 5 {
			cuts = append(cuts, wiretest.Cut(reply, i))
		}
		for _, cut := range cuts {
			srv := wiretest.New(t, wiretest.Conn{{Wait: wiretest.Head, Send: cut}, wiretest.On(wiretest.Body, wOK)})
			c := wNew(t).request("POST", srv.URL("/"), wExpect, hackney.Text("body"), &hackney.Opts{ExpectTimeout: hackney.Infinite})
			if in := c.Interim(); len(in) != strings.Count(reply, "HTTP/") || in[len(in)-1].Status != 100 {
				t.Errorf("%q: interim responses %+v", reply, in)
			}
			c.status(200).wantBody("ok").connection(hackney.Connected).wantSent(srv, 0, wExpecting("body")+"body")
		}
	}
}

// A second 100, or a 103 behind the first, changes nothing.
func TestWireExpectMore1xx(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.On(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"),
		wiretest.On(wiretest.Body, "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"+wOK), wiretest.Reply(wOK),
	})
	c := wNew(t).request("POST", srv.URL("/"), wExpect, hackney.Text("body"), nil)
	if in := c.Interim(); len(in) != 3 || in[2].Headers.Get("Link") != "x" {
		t.Errorf("interim responses %+v", in)
	}
	c.wantBody("ok").send(hackney.Req{}).wantBody("ok")
	if len(c.Interim()) != 0 {
		t.Errorf("old interim responses %+v", c.Interim())
	}
}

// With the final answer there already, the body stays.
func TestWireExpect100AndFinalTogether(t *testing.T) {
	for name, p := range map[string]hackney.Payload{
		"bytes": hackney.Text("body"), "large": hackney.Text(wText(1 << 20)), "function": wPieces(io.EOF, "body"),
		"reader": hackney.FromReader(strings.NewReader("body"), -1), "file": hackney.File(wFile(t, "a", "body"), 0, 0),
	} {
		srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")})
		c := wNew(t).request("POST", srv.URL("/"), wExpect, p, nil).status(403)
		c.wantBody("no").connection(hackney.Closed)
		srv.WaitClosed(0)
		if _, body, _ := strings.Cut(string(srv.Received(0)), "\r\n\r\n"); body != "" {
			t.Errorf("%s: %d bytes of body were sent", name, len(body))
		}
	}
}

func TestWireExpectFinalAnswers(t *testing.T) {
	for _, status := range []string{"200 OK", "301 Moved", "401 Who", "413 Too Large", "417 Expectation Failed", "500 Oh"} {
		for name, p := range map[string]hackney.Payload{"bytes": hackney.Text("body"), "function": wPieces(io.EOF, "body")} {
			srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 "+status+"\r\nContent-Length: 2\r\n\r\nno")}, wiretest.Replies(wOK))
			c := wNew(t).request("POST", srv.URL("/"), wExpect, p, nil)
			if got := wItoa(c.Status()); got != status[:3] {
				t.Errorf("%s: status %s, want %s", name, got, status)
			}
			c.in(hackney.StateOnBody).wantBody("no").connection(hackney.Closed)
			srv.WaitClosed(0)
			if _, body, _ := strings.Cut(string(srv.Received(0)), "\r\n\r\n"); body != "" {
				t.Errorf("%s, %s: body %q was sent", status, name, body)
			}
			c.send(hackney.Req{}).wantBody("ok")
		}
	}
	// One without a body is done at once.
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")})
	wNew(t).request("POST", srv.URL("/"), wExpect, hackney.Text("body"), nil).status(417).in(hackney.StateDone).connection(hackney.Closed)
}

func TestWireNoExpectationWithoutContent(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wEmpty, wEmpty, wEmpty, wEmpty, wEmpty))
	expect := headers.New("A", "1", "eXpect", "100-Continue", "B", "2")
	c := wNew(t).request("GET", srv.URL("/"), expect, nil, nil)
	c.send(hackney.Req{Method: "POST", Headers: expect})
	c.send(hackney.Req{Method: "POST", Headers: expect, Payload: hackney.Text("")})
	c.send(hackney.Req{Method: "POST", Headers: expect, Payload: hackney.File(wFile(t, "a", ""), 0, 0)})
	c.send(hackney.Req{Method: "POST", Headers: headers.New("Expect", "other"), Payload: hackney.Text("x")})
	empty := wWant("POST /", wOctets, "Content-Length: 0", "A: 1", "B: 2")
	c.wantSent(srv, 0, wWant("GET /", "A: 1", "B: 2")+empty+empty+empty+wWant("POST /", wOctets, "Content-Length: 1", "Expect: other")+"x")
}

func TestWireExpectWithStream(t *testing.T) {
	head := wWant("POST /", wChunked, "Expect: 100-continue")
	go100 := wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\n"), wiretest.On(wiretest.Body, wOK)}
	final := wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno")}

	srv := wiretest.New(t, go100, go100, final, final, final)
	start := func() *wClient {
		return wNew(t).request("POST", srv.URL("/"), wExpect, hackney.Stream, &hackney.Opts{ExpectTimeout: hackney.Infinite}).in(hackney.StateStream)
	}
	c := start().piece(hackney.Text("one")).piece(hackney.Text("two")).response().wantBody("ok")
	c.wantSent(srv, 0, head+"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
	start().response().wantBody("ok").wantSent(srv, 1, head+"0\r\n\r\n") // StartResponse directly

	c = start() // a final answer to the first piece
	if err := c.fails(hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text("one"))); !errors.Is(err, hackney.ErrResponseReady) {
		t.Fatal(err)
	}
	c.in(hackney.StateWaiting).response().status(417).wantBody("no").connection(hackney.Closed).wantSent(srv, 2, head)
	c = start() // to the end
	if err := c.fails(hackney.EndStreamRequestBody(c.ctx, c.ClientState)); !errors.Is(err, hackney.ErrResponseReady) {
		t.Fatal(err)
	}
	c.in(hackney.StateWaiting).response().status(417).wantBody("no").wantSent(srv, 3, head)
	start().response().status(417).wantBody("no").wantSent(srv, 4, head) // to StartResponse
}

func TestWireExpectAllPayloads(t *testing.T) {
	for name, p := range map[string]hackney.Payload{
		"bytes": hackney.Text("body"), "function": wPieces(io.EOF, "bo", "dy"), "file": hackney.File(wFile(t, "a", "body"), 0, 0),
		"reader": hackney.FromReader(strings.NewReader("body"), 4), "list": hackney.Chunks([]byte("bo"), []byte("dy")),
	} {
		srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\n"), wiretest.On(wiretest.Body, wOK)})
		c := wNew(t).request("POST", srv.URL("/"), wExpect, p, &hackney.Opts{ExpectTimeout: hackney.Infinite}).wantBody("ok")
		c.to(hackney.Close(c.ClientState))
		srv.WaitClosed(0)
		if got := srv.Requests(0); len(got) != 1 || string(got[0].Body) != "body" || got[0].Field("Expect") != "100-continue" {
			t.Errorf("%s: %q", name, srv.Received(0))
		}
	}
}

// TestWireExpectTimeout measures the silence in a bubble, where time is exact.
func TestWireExpectTimeout(t *testing.T) {
	for _, c := range []struct{ option, answer, want time.Duration }{
		{0, 0, time.Second},
		{hackney.DefaultExpectTimeout, 0, time.Second},
		{30 * time.Millisecond, 0, 30 * time.Millisecond},
		{time.Hour, 0, time.Hour},
		{0, 300 * time.Millisecond, 300 * time.Millisecond},
		{hackney.Infinite, 24 * time.Hour, 24 * time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			var waited time.Duration
			o := wPipe(t, func(conn net.Conn) {
				wReadHead(conn)
				start := time.Now()
				if c.answer > 0 {
					time.Sleep(c.answer)
					io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
				}
				io.ReadFull(conn, make([]byte, 4))
				waited = time.Since(start)
				io.WriteString(conn, wOK)
			})
			o.ExpectTimeout = c.option
			o.RecvTimeout = hackney.Infinite
			cl := wNew(t)
			cl.ctx = context.Background()
			cl.request("POST", "http://example.com/", wExpect, hackney.Text("body"), o).wantBody("ok")
			if waited != c.want {
				t.Errorf("ExpectTimeout %v, 100 after %v: the body came after %v", c.option, c.answer, waited)
			}
		})
	}
}

// A 100 that comes after the body has gone is passed over.
func TestWireExpectLate100(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := wPipe(t, func(conn net.Conn) {
			wReadHead(conn)
			io.WriteString(conn, "HTTP/1.1 100 Con") // half of it comes in time
			io.ReadFull(conn, make([]byte, 4))
			io.WriteString(conn, "tinue\r\n\r\n"+wOK)
		})
		c := wNew(t)
		c.ctx = context.Background()
		c.request("POST", "http://example.com/", wExpect, hackney.Text("body"), o).wantBody("ok")
		if in := c.Interim(); len(in) != 1 || in[0].Reason != "Continue" {
			t.Errorf("interim responses %+v", in)
		}
	})
}

func TestWireExpectCancelled(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{}, wiretest.Conn{}, wiretest.Conn{wiretest.On(wiretest.Request, wOK)})
	o := &hackney.Opts{ExpectTimeout: hackney.Infinite}
	c := wNew(t)
	own := errors.New("own")
	ctx, cancel := context.WithCancelCause(c.ctx)
	done := make(chan error, 1)
	go func() {
		var err error
		c.ClientState, err = hackney.Post(ctx, srv.URL("/"), wExpect, hackney.Text("body"), o)
		done <- err
	}()
	head := strings.ReplaceAll(wExpecting("body"), "{host}", srv.Addr())
	srv.WaitReceived(0, len(head))
	cancel(own)
	err := wBounded(t, done)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, own) {
		t.Errorf("error %v", err)
	}
	wHas(t, err, "wait for 100 Continue", srv.Addr())
	c.in(hackney.StateFailed)
	srv.WaitClosed(0)
	wSame(t, string(srv.Received(0)), head)

	// While a stream waits, nothing of its piece is lost.
	c = wNew(t).request("POST", srv.URL("/"), wExpect, hackney.Stream, o)
	for _, step := range []func(context.Context) (hackney.ClientState, error){
		func(ctx context.Context) (hackney.ClientState, error) {
			return hackney.StreamRequestBody(ctx, c.ClientState, hackney.Text("one"))
		},
		func(ctx context.Context) (hackney.ClientState, error) {
			return hackney.EndStreamRequestBody(ctx, c.ClientState)
		},
		func(ctx context.Context) (hackney.ClientState, error) {
			return hackney.StartResponse(ctx, c.ClientState)
		},
		func(ctx context.Context) (hackney.ClientState, error) {
			return hackney.StreamStatus(ctx, c.ClientState)
		},
	} {
		ctx, cancel := context.WithCancel(c.ctx)
		go cancel()
		if err := c.fails(step(ctx)); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		c.in(hackney.StateStream).connection(hackney.Connected)
	}
	c.sent(srv, 1)

	// The limit of a read does not cut the wait short, and the other way round.
	c = wNew(t).request("POST", srv.URL("/"), wExpect, hackney.Text("body"),
		&hackney.Opts{ExpectTimeout: time.Millisecond, RecvTimeout: 2 * wiretest.Patience}).wantBody("ok")
}
