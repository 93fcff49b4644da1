package hackney_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// wIdle is longer than a connection may be idle before it is looked at.
const wIdle = 20 * time.Millisecond

func TestWireReuse(t *testing.T) {
	for _, o := range []wiretest.Options{{}, {TLS: true}} {
		srv := wiretest.Start(t, o, wiretest.Replies(wOK, wChunkedOK+"2\r\nok\r\n0\r\n\r\n", wEmpty, wOK))
		c := wNew(t).request("GET", srv.URL("/1"), nil, nil, wTLS(srv)).wantBody("ok")
		local := c.LocalAddr()
		for i, want := range []string{"ok", "", "ok"} {
			c.send(hackney.Req{Path: "/" + wItoa(i+2)}).wantBody(want)
			if !c.Reused() || c.LocalAddr() != local {
				t.Errorf("request %d: reused %v, from %v", i+2, c.Reused(), c.LocalAddr())
			}
		}
		c.wantSent(srv, 0, wWant("GET /1")+wWant("GET /2")+wWant("GET /3")+wWant("GET /4"))
	}
}

func TestWireRequestAsksToClose(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK), wiretest.Replies(wOK))
	c := wNew(t).request("GET", srv.URL("/"), headers.New("connection", "x, Close"), nil, nil).wantBody("ok").connection(hackney.Closed)
	srv.WaitClosed(0)
	wSame(t, string(srv.Received(0)), "GET / HTTP/1.1\r\nHost: "+srv.Addr()+"\r\n"+wAgent+"connection: x, Close\r\n\r\n")
	c.send(hackney.Req{}).wantBody("ok")
	if c.Reused() {
		t.Error("the connection was reused")
	}
}

// wClosedWhileIdle gives a kept client whose server has closed since, and that was
// idle for long enough to be looked at.
func wClosedWhileIdle(t *testing.T, o wiretest.Options, then wiretest.Then) (*wiretest.Server, *wClient) {
	t.Helper()
	read := make(chan struct{})
	leave := wiretest.Say().Gated(read).After(wIdle)
	leave.Then = then
	srv := wiretest.Start(t, o, wiretest.Conn{wiretest.Reply(wOK), leave}, wiretest.Replies(wOK))
	c := wNew(t).request("GET", srv.URL("/"), nil, nil, wTLS(srv)).wantBody("ok").connection(hackney.Connected)
	close(read)
	srv.WaitClosed(0)
	return srv, c.wWaits()
}

// A POST could not be sent again: it goes out once, on a new connection.
func TestWireClosedWhileIdle(t *testing.T) {
	for _, o := range []wiretest.Options{{}, {TLS: true}} {
		for _, then := range []wiretest.Then{wiretest.Close, wiretest.Drop, wiretest.Reset} {
			srv, c := wClosedWhileIdle(t, o, then)
			c.send(hackney.Req{Method: "POST", Payload: hackney.Text("x")}).wantBody("ok")
			if c.Reused() {
				t.Error("the answer says reused")
			}
			if n := len(srv.Requests(0)); n != 1 {
				t.Errorf("the closed connection got %d requests", n)
			}
			c.wantSent(srv, 1, wWant("POST /", wOctets, "Content-Length: 1")+"x")
		}
	}
}

// Bytes that nobody asked for spoil an idle connection.
func TestWireDisturbedWhileIdle(t *testing.T) {
	for _, o := range []wiretest.Options{{}, {TLS: true}} {
		read := make(chan struct{})
		srv := wiretest.Start(t, o, wiretest.Conn{wiretest.Reply(wOK), wiretest.Say("HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n").Gated(read).After(wIdle)}, wiretest.Replies(wOK))
		c := wNew(t).request("GET", srv.URL("/"), nil, nil, wTLS(srv)).wantBody("ok")
		close(read)
		srv.WaitStep(0, 2)
		c.wWaits().send(hackney.Req{Method: "POST", Payload: hackney.Text("x")}).status(200).wantBody("ok")
		if c.Reused() {
			t.Error("the connection was reused")
		}
	}
}

// So do bytes that came in the same breath as the answer.
func TestWireLeftoverBehindTLSRecord(t *testing.T) {
	read := make(chan struct{})
	srv := wiretest.Start(t, wiretest.Options{TLS: true},
		wiretest.Conn{wiretest.On(wiretest.Request, wOK, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), wiretest.Say().Gated(read).After(wIdle)},
		wiretest.Replies(wOK))
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, wTLS(srv)).end()
	srv.WaitStep(0, 1) // both records are there before the first is read
	c.response().wantBody("ok")
	close(read)
	srv.WaitStep(0, 2)
	c.send(hackney.Req{}).wantBody("ok")
}

// TestWireResend tells what is sent once more when a kept connection closes without a
// byte of an answer.
func TestWireResend(t *testing.T) {
	marked := headers.New("Idempotency-Key", "7")
	gone := wiretest.On(wiretest.Request).ThenClose()
	reset := wiretest.On(wiretest.Request).ThenReset()
	file := wFile(t, "a", "x")
	for _, c := range []struct {
		name  string
		r     hackney.Req
		then  wiretest.Step
		again bool
	}{
		{"GET", hackney.Req{}, gone, true},
		{"GET, reset", hackney.Req{}, reset, true},
		{"HEAD", hackney.Req{Method: "HEAD"}, gone, true},
		{"OPTIONS", hackney.Req{Method: "OPTIONS"}, gone, true},
		{"TRACE", hackney.Req{Method: "TRACE"}, gone, true},
		{"DELETE", hackney.Req{Method: "DELETE"}, gone, true},
		{"PUT", hackney.Req{Method: "PUT", Payload: hackney.Text("x")}, gone, true},
		{"PUT of a file", hackney.Req{Method: "PUT", Payload: hackney.File(file, 0, 0)}, gone, true},
		{"PUT of parts", hackney.Req{Method: "PUT", Payload: hackney.Chunks([]byte(wText(20_000)), []byte("x"))}, gone, true},
		{"PUT of a form", hackney.Req{Method: "PUT", Payload: hackney.Form()}, gone, true},
		{"POST", hackney.Req{Method: "POST", Payload: hackney.Text("x")}, gone, false},
		{"POST, reset", hackney.Req{Method: "POST"}, reset, false},
		{"PATCH", hackney.Req{Method: "PATCH"}, gone, false},
		{"a method of its own", hackney.Req{Method: "X"}, gone, false},
		{"marked POST", hackney.Req{Method: "POST", Headers: marked, Payload: hackney.Text("x")}, gone, true},
		{"marked the other way", hackney.Req{Method: "POST", Headers: headers.New("x-idempotency-key", "7")}, gone, true},
		{"PUT of a reader", hackney.Req{Method: "PUT", Payload: hackney.FromReader(wReader(func([]byte) (int, error) { return 0, io.EOF }), -1)}, gone, false},
		{"PUT of a function", hackney.Req{Method: "PUT", Headers: marked, Payload: wPieces(io.EOF, "x")}, gone, false},
		{"raw GET", hackney.Req{Raw: []byte("GET / HTTP/1.1\r\n\r\n")}, gone, false},
		{"GET after one byte", hackney.Req{}, wiretest.On(wiretest.Request, "H").ThenClose(), false},
		{"GET after a 1xx", hackney.Req{}, wiretest.On(wiretest.Request, "HTTP/1.1 103 X\r\n\r\n").ThenClose(), false},
		{"GET after bad bytes", hackney.Req{}, wiretest.On(wiretest.Request, "x\r\n").ThenClose(), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			script := []wiretest.Conn{{wiretest.Reply(wOK), c.then}}
			if c.again {
				script = append(script, wiretest.Conn{wiretest.Reply(wEmpty)})
			}
			srv := wiretest.New(t, script...)
			cl := wNew(t).get(srv.URL("/")).wantBody("ok")
			cs, err := hackney.SendRequest(cl.ctx, cl.ClientState, c.r)
			if !c.again {
				err = cl.fails(cs, err)
				if hackney.BlameOf(err) == hackney.BlameCaller {
					t.Errorf("error %v is the caller's", err)
				}
				cl.in(hackney.StateFailed).connection(hackney.Closed)
				srv.WaitClosed(0)
				if n := srv.Conns(); n != 1 {
					t.Errorf("%d connections, want 1", n)
				}
				return
			}
			cl.to(cs, err).status(200).in(hackney.StateDone)
			if cl.Reused() {
				t.Error("the answer says reused")
			}
			cl.sent(srv, 1)
			first, second := srv.Requests(0), srv.Requests(1)
			if len(first) != 2 || len(second) != 1 {
				t.Fatalf("%d and %d requests", len(first), len(second))
			}
			wSame(t, string(second[0].Raw), string(first[1].Raw))
		})
	}
}

// On a connection that has carried nothing, and after the second loss, an error it is.
func TestWireResendNever(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Request).ThenClose()})
	c := wNew(t)
	e := wIs[*hackney.IncompleteError](t, c.fails(hackney.Get(c.ctx, srv.URL("/"), nil, nil, nil)))
	if e.Got != 0 || !errors.Is(e, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", e)
	}
	c.in(hackney.StateFailed)

	srv = wiretest.New(t, wiretest.Conn{wiretest.Reply(wOK), wiretest.On(wiretest.Request).ThenClose()}, wiretest.Conn{wiretest.On(wiretest.Request).ThenClose()})
	c = wNew(t).get(srv.URL("/")).wantBody("ok")
	wIs[*hackney.IncompleteError](t, c.fails(hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{})))
	c.in(hackney.StateFailed).connection(hackney.Closed)
	if n := srv.Conns(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

// A state of Connect is kept open as well, and looked at before its first use.
func TestWireConnectedThenClosed(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.Say().After(wIdle).ThenClose()}, wiretest.Replies(wOK))
	c := wNew(t)
	c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), nil))
	srv.WaitClosed(0)
	c.wWaits().send(hackney.Req{Method: "POST"}).wantBody("ok")
}

// Nothing but the peer's own bytes makes a request fail that is refused on our side.
func TestWireReconnectThatFails(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := wNew(t).get(srv.URL("/")).wantBody("ok")
	c.to(hackney.Close(c.ClientState))
	srv.WaitClosed(0)
	addr := srv.Addr()
	srv.Close()
	for range 2 {
		err := c.fails(hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{}))
		wIs[*hackney.TransportError](t, err)
		wHas(t, err, "network: dial", addr)
		wBlame(t, err, hackney.BlameNetwork)
		c.in(hackney.StateStart).connection(hackney.Closed) // and can be tried again
	}
}
