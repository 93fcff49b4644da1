package hackney_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// rCall is a Read or a Write of an rConn.
type rCall func([]byte) (int, error)

// rConn is a connection of the caller's own. Without a function it takes all that is
// written, and has nothing to read.
type rConn struct {
	read, write rCall
}

func (c *rConn) Read(p []byte) (int, error) {
	if c.read == nil {
		return 0, io.EOF
	}
	return c.read(p)
}

func (c *rConn) Write(p []byte) (int, error) {
	if c.write == nil {
		return len(p), nil
	}
	return c.write(p)
}

func (*rConn) Close() error                     { return nil }
func (*rConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*rConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*rConn) SetDeadline(time.Time) error      { return nil }
func (*rConn) SetReadDeadline(time.Time) error  { return nil }
func (*rConn) SetWriteDeadline(time.Time) error { return nil }

// rSteps makes one of the calls with each read, and gives io.EOF behind the last.
func rSteps(calls ...rCall) rCall {
	return func(p []byte) (int, error) {
		if len(calls) == 0 {
			return 0, io.EOF
		}
		next := calls[0]
		calls = calls[1:]
		return next(p)
	}
}

func rSays(s string) rCall { return func(p []byte) (int, error) { return copy(p, s), nil } }

// rGives gives n of the room a thousand times, then io.EOF, so that nobody spins for ever.
func rGives(n func(room int) int) rCall {
	calls := 0
	return func(p []byte) (int, error) {
		if calls++; calls > 1000 {
			return 0, io.EOF
		}
		return n(len(p)), nil
	}
}

// rDial are options whose one connection is conn.
func rDial(conn net.Conn) *hackney.Opts {
	return &hackney.Opts{DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
}

// rWrapped are the options of wPipe with a wrapper around each connection.
func rWrapped(o *hackney.Opts, wrap func(net.Conn) net.Conn) *hackney.Opts {
	dial := o.DialContext
	o.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return wrap(conn), err
	}
	return o
}

// rSecure makes serve the server's end of TLS.
func rSecure(t *testing.T, serve func(net.Conn)) func(net.Conn) {
	cert, err := selfsigned.New()
	if err != nil {
		t.Fatal(err)
	}
	cfg := cert.Config()
	cfg.SessionTicketsDisabled = true // on a pipe somebody would have to read them
	return func(conn net.Conn) {
		secure := tls.Server(conn, cfg)
		if err := secure.Handshake(); err != nil {
			t.Error(err)
			return
		}
		serve(secure)
	}
}

// rBubble is a client without a limit of its own, for a test with a clock of its own.
func rBubble(t *testing.T) *wClient {
	c := wNew(t)
	c.ctx = context.Background()
	return c
}

// rResult is what an operation gave.
type rResult struct {
	cs  hackney.ClientState
	err error
	n   int64 // of CopyBody
}

// rRun runs an operation beside the test.
func rRun(op func() (hackney.ClientState, error)) <-chan rResult {
	ch := make(chan rResult, 1)
	go func() {
		cs, err := op()
		ch <- rResult{cs: cs, err: err}
	}()
	return ch
}

func rCopy(c *wClient, w io.Writer) <-chan rResult {
	ch := make(chan rResult, 1)
	go func() {
		n, cs, err := hackney.CopyBody(c.ctx, c.ClientState, w)
		ch <- rResult{cs, err, n}
	}()
	return ch
}

// rPieces read a body piece by piece, and give the state behind it.
var rPieces = map[string]func(context.Context, hackney.ClientState) (hackney.ClientState, error){
	"StreamBody": func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		for {
			var err error
			if _, cs, err = hackney.StreamBody(ctx, cs); err == io.EOF {
				return cs, nil
			} else if err != nil {
				return cs, err
			}
		}
	},
	"Chunks": func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
		r := hackney.NewBodyReader(ctx, cs)
		for _, err := range r.Chunks() {
			if err != nil {
				return r.State(), err
			}
		}
		return r.State(), nil
	},
}

// The bytes of a piece are the caller's until the next step, whatever else goes on:
// other requests must not get the buffer they stand in.
func TestChunksLendTheirBytes(t *testing.T) {
	const rounds = 20
	a, b := strings.Repeat("a", 1000), strings.Repeat("b", 1000)
	chunk := func(s string) string { return wChunkedOK + "3e8\r\n" + s + "\r\n" }
	for name, test := range map[string]struct {
		answer, other string
		closed        bool // by an old copy, while a piece is lent
	}{
		"length":          {wLengthOK + "1000\r\n\r\n" + a, wLengthOK + "1000\r\n\r\n" + b, false},
		"chunked":         {chunk(a) + "0\r\n\r\n", chunk(b) + "0\r\n\r\n", false},
		"length, closed":  {wLengthOK + "2000\r\n\r\n" + a, wLengthOK + "1000\r\n\r\n" + b, true},
		"chunked, closed": {chunk(a), chunk(b) + "0\r\n\r\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t, slices.Repeat([]wiretest.Conn{wiretest.Replies(test.answer)}, rounds)...)
			srv2 := wiretest.New(t, wiretest.Replies(slices.Repeat([]string{test.other}, 1+rounds)...))
			busy := wNew(t).get(srv2.URL("/")).wantBody(b)
			for range rounds {
				c := wNew(t).get(srv.URL("/"))
				r := hackney.NewBodyReader(c.ctx, c.ClientState)
				for piece, err := range r.Chunks() {
					if test.closed && errors.Is(err, hackney.ErrClosed) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					if test.closed {
						hackney.Close(c.ClientState)
					}
					busy.send(hackney.Req{}).wantBody(b)
					if string(piece) != a {
						t.Fatalf("the piece is %.40q now", piece)
					}
				}
				c.ClientState = r.State()
			}
		})
	}
}

// A trailer section has the limit of heads, not that of a piece of body.
func TestLargeTrailers(t *testing.T) {
	const size = 100 << 10
	field := "X: " + strings.Repeat("a", size)
	for name, c := range map[string]struct {
		maxHead int
		answer  string
		then    func(wiretest.Step) wiretest.Step
		check   func(*testing.T, error)
	}{
		"within":   {0, field + "\r\n\r\n", nil, nil},
		"above":    {size / 2 * 3, field + "\r\n" + field + "\r\n\r\n", nil, func(t *testing.T, err error) { wIs[*hackney.LimitError](t, err) }},
		"too long": {size - 1, field + "\r\n\r\n", nil, func(t *testing.T, err error) { wIs[*hackney.LimitError](t, err) }},
		"cut off":  {0, field, wiretest.Step.ThenClose, func(t *testing.T, err error) { wIs[*hackney.IncompleteError](t, err) }},
	} {
		for how, read := range rPieces {
			t.Run(name+"/"+how, func(t *testing.T) {
				say := wiretest.Reply(wChunkedOK+"1\r\na\r\n0\r\n", c.answer)
				if c.then != nil {
					say = c.then(say)
				}
				srv := wiretest.New(t, wiretest.Conn{say})
				cl := wNew(t).request("GET", srv.URL("/"), nil, nil, &hackney.Opts{MaxHead: c.maxHead})
				read := rRun(func() (hackney.ClientState, error) { return read(cl.ctx, cl.ClientState) })
				got := wBounded(t, read)
				if c.check != nil {
					c.check(t, cl.fails(got.cs, got.err))
					cl.in(hackney.StateFailed)
					return
				}
				cl.to(got.cs, got.err).in(hackney.StateDone)
				if n := len(cl.Trailers().Get("X")); n != size {
					t.Errorf("the trailer has %d bytes, want %d", n, size)
				}
			})
		}
	}
}

// Close ends a request. That the socket is closed then is no reason to send it again
// on another.
func TestCloseIsNotARetry(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wEmpty), wiretest.On(wiretest.Request)})
	c := wNew(t).get(srv.URL("/"))
	sent := rRun(func() (hackney.ClientState, error) { return hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{}) })
	srv.WaitRequests(0, 2)
	hackney.Close(c.ClientState)
	got := wBounded(t, sent)
	if err := c.fails(got.cs, got.err); !errors.Is(err, hackney.ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
	c.in(hackney.StateFailed).connection(hackney.Closed)
	if n := srv.Conns(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// ETIMEDOUT calls itself a timeout, but the kernel has given the connection up: what
// can be read behind it is an end, and the body would seem to be whole.
func TestKernelTimeoutIsNoInterruption(t *testing.T) {
	gaveUp := func([]byte) (int, error) {
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ETIMEDOUT)}
	}
	reads := map[string]func(context.Context, hackney.ClientState) (hackney.ClientState, error){
		"Body": func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
			_, cs, err := hackney.Body(ctx, cs)
			return cs, err
		},
		"CopyBody": func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
			_, cs, err := hackney.CopyBody(ctx, cs, io.Discard)
			return cs, err
		},
	}
	for name, read := range rPieces {
		reads[name] = read
	}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			conn := &rConn{read: rSteps(rSays(wHeadOK+"\r\nhalf"), gaveUp)}
			c := wNew(t).request("GET", "http://example.com/", nil, nil, rDial(conn))
			err := c.fails(read(c.ctx, c.ClientState))
			wIs[*hackney.TransportError](t, err)
			if !errors.Is(err, syscall.ETIMEDOUT) {
				t.Errorf("error %v, want ETIMEDOUT in it", err)
			}
			c.in(hackney.StateFailed).connection(hackney.Closed)
		})
	}
}

// rSockets are the two ends of a TCP connection.
func rSockets(t *testing.T) (near, far *net.TCPConn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client.(*net.TCPConn), server.(*net.TCPConn)
}

// When the deadline of the writer runs out, what the kernel had on the way to it is
// lost. That is the writer's fault, not an interruption to go on from.
func TestCopyBodyToASocketOutOfTime(t *testing.T) {
	wSplices(t)
	for name, before := range map[string]string{"at once": "", "after some bytes": wText(1000)} {
		t.Run(name, func(t *testing.T) {
			first, second := make(chan struct{}), make(chan struct{})
			srv := wiretest.New(t, wiretest.Conn{
				wiretest.Reply(wLengthOK + "3000\r\n\r\n"),
				wiretest.Say(before).Gated(first),
				wiretest.Say(wText(2000)).Gated(second),
			})
			dst, sink := rSockets(t)
			c := wNew(t).get(srv.URL("/"))
			copied := rCopy(c, dst)
			close(first)
			if _, err := io.ReadFull(sink, make([]byte, len(before))); err != nil {
				t.Fatal(err)
			}
			dst.SetWriteDeadline(time.Unix(1, 0))
			close(second)
			got := wBounded(t, copied)
			if e := wIs[*hackney.ArgumentError](t, c.fails(got.cs, got.err)); e.What != "writer" {
				t.Errorf("%s is to blame: %v", e.What, e)
			}
			if c.in(hackney.StateFailed); got.n != int64(len(before)) {
				t.Errorf("%d bytes were copied, want %d", got.n, len(before))
			}
		})
	}
}

// rTimeless is a connection that has no deadlines, as those of a tunnel may be.
type rTimeless struct {
	net.Conn
	closed atomic.Bool
}

var errTimeless = errors.New("no deadlines here")

func (*rTimeless) SetDeadline(time.Time) error      { return errTimeless }
func (*rTimeless) SetReadDeadline(time.Time) error  { return errTimeless }
func (*rTimeless) SetWriteDeadline(time.Time) error { return errTimeless }
func (c *rTimeless) Close() error                   { c.closed.Store(true); return c.Conn.Close() }

// An idle TLS connection that cannot be looked at is taken as it is.
func TestIdleTLSWithoutDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := rWrapped(wPipe(t, rSecure(t, func(conn net.Conn) {
			conn.SetDeadline(time.Now().Add(time.Hour))
			for {
				if _, err := wReadHead(conn); err != nil {
					return
				}
				io.WriteString(conn, wOK)
			}
		})), func(conn net.Conn) net.Conn { return &rTimeless{Conn: conn} })
		o.Insecure = true
		c := rBubble(t).request("GET", "https://example.com/", nil, nil, o).wantBody("ok")
		time.Sleep(time.Minute)
		began := time.Now()
		c.send(hackney.Req{}).wantBody("ok")
		if spent := time.Since(began); spent != 0 || !c.Reused() {
			t.Errorf("it took %v, reused %v", spent, c.Reused())
		}
		c.to(hackney.Close(c.ClientState))
	})
}

// A context ends a read on a connection without deadlines too. There is but one way:
// to close it, and not to wait for a peer that may not be reading.
func TestCancelWithoutDeadlines(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				serve := func(conn net.Conn) {
					wReadHead(conn)
					<-over
				}
				if scheme == "https" {
					serve = rSecure(t, serve)
				}
				var conn *rTimeless
				o := rWrapped(wPipe(t, serve), func(c net.Conn) net.Conn {
					conn = &rTimeless{Conn: c}
					return conn
				})
				defer close(over)
				o.Insecure = true
				c := rBubble(t)
				ctx, cancel := context.WithTimeout(c.ctx, time.Second)
				defer cancel()
				if err := c.fails(hackney.Get(ctx, scheme+"://example.com/", nil, nil, o)); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v", err)
				}
				if !conn.closed.Load() {
					t.Error("the connection is open")
				}
				c.fails(hackney.StartResponse(c.ctx, c.ClientState))
				c.in(hackney.StateFailed)
			})
		})
	}
}

// rTorn is a connection that counts the writes behind one that failed.
type rTorn struct {
	net.Conn
	failed, closed atomic.Bool
	late           atomic.Int32
}

func (c *rTorn) Write(p []byte) (int, error) {
	if c.failed.Load() {
		c.late.Add(1)
	}
	n, err := c.Conn.Write(p)
	if err != nil {
		c.failed.Store(true)
	}
	return n, err
}

func (c *rTorn) Close() error { c.closed.Store(true); return c.Conn.Close() }

// A write that was interrupted says that the peer does not read. To tell it that the
// connection is over would mean to wait for it again.
func TestInterruptedTLSWriteIsTheLast(t *testing.T) {
	const early = "HTTP/1.1 100 Continue\r\n\r\n"
	for name, test := range map[string]struct {
		limit   time.Duration // SendTimeout; else the context ends
		answer  string        // before the body
		by      hackney.ResponseState
		reading func(*wClient)
	}{
		"context":                {0, early, hackney.StateFailed, nil},
		"SendTimeout":            {time.Second, early, hackney.StateFailed, nil},
		"early answer":           {time.Second, early + wEmpty, hackney.StateDone, nil},
		"early answer, closed":   {time.Second, early + wOK, hackney.StateOnBody, func(c *wClient) { c.to(hackney.Close(c.ClientState)) }},
		"early answer with body": {time.Second, early + wOK, hackney.StateOnBody, func(c *wClient) { c.wantBody("ok") }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				var conn *rTorn
				o := rWrapped(wPipe(t, rSecure(t, func(conn net.Conn) {
					wReadHead(conn)
					io.WriteString(conn, test.answer)
					<-over
				})), func(c net.Conn) net.Conn {
					conn = &rTorn{Conn: c}
					return conn
				})
				defer close(over)
				o.Insecure, o.SendTimeout = true, test.limit
				c := rBubble(t)
				ctx, cancel := context.WithTimeout(c.ctx, time.Minute)
				defer cancel()
				cs, err := hackney.Post(ctx, "https://example.com/", wExpect, hackney.Bytes(make([]byte, 1<<20)), o)
				if c.ClientState = cs; (err != nil) != (test.by == hackney.StateFailed) {
					t.Error(err)
				}
				if c.in(test.by); test.reading != nil {
					test.reading(c)
				}
				if late := conn.late.Load(); late != 0 || !conn.failed.Load() || !conn.closed.Load() {
					t.Errorf("%d writes behind the one that failed (%v); closed: %v", late, conn.failed.Load(), conn.closed.Load())
				}
			})
		})
	}
}

// Nor does a peer hear of it that broke the protocol.
func TestFailedTLSReadIsTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		var conn *rTorn
		o := rWrapped(wPipe(t, rSecure(t, func(far net.Conn) {
			wReadHead(far)
			conn.failed.Store(true) // what is written from here on is late
			io.WriteString(far, "no HTTP\r\n\r\n")
			<-over
		})), func(c net.Conn) net.Conn {
			conn = &rTorn{Conn: c}
			return conn
		})
		defer close(over)
		o.Insecure = true
		c := rBubble(t)
		wIs[*hackney.ProtocolError](t, c.fails(hackney.Get(c.ctx, "https://example.com/", nil, nil, o)))
		if late := conn.late.Load(); late != 0 || !conn.closed.Load() {
			t.Errorf("%d writes behind the answer; closed: %v", late, conn.closed.Load())
		}
	})
}

// The largest of limits is none, but not below zero.
func TestCopyBodyWithTheLargestLimit(t *testing.T) {
	wSplices(t)
	gate := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wLengthOK + "5\r\n\r\n"), wiretest.Say("hello").Gated(gate)})
	c := wNew(t).request("GET", srv.URL("/"), nil, nil, &hackney.Opts{MaxBody: math.MaxInt64})
	f, err := os.Create(wFile(t, "body", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	copied := rCopy(c, f)
	close(gate)
	got := wBounded(t, copied)
	if c.to(got.cs, got.err).in(hackney.StateDone); got.n != 5 {
		t.Errorf("%d bytes, want 5", got.n)
	}
}

// A payload that has nothing to give, and does not end, ends with the context.
func TestEndlessEmptyPayload(t *testing.T) {
	for name, payload := range map[string]func(nothing func() error) hackney.Payload{
		"reader": func(nothing func() error) hackney.Payload {
			return hackney.FromReader(wReader(func([]byte) (int, error) { return 0, nothing() }), -1)
		},
		"reader with a length": func(nothing func() error) hackney.Payload {
			return hackney.FromReader(wReader(func([]byte) (int, error) { return 0, nothing() }), 10)
		},
		"function": func(nothing func() error) hackney.Payload {
			return hackney.Func(func() ([]byte, error) { return nil, nothing() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := wNew(t)
			ctx, cancel := context.WithCancel(c.ctx)
			calls := 0
			err := c.fails(hackney.Post(ctx, "http://example.com/", nil, payload(func() error {
				switch calls++; calls {
				case 10:
					cancel()
				case 1000:
					return errors.New("asked after the end of the context")
				}
				return nil
			}), rDial(&rConn{})))
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			c.in(hackney.StateFailed)
		})
	}
}

// A piece can be sent without a context, like everything else.
func TestStreamRequestBodyWithoutAContext(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil)
	var none context.Context
	c.to(hackney.StreamRequestBody(none, c.ClientState, hackney.Text("abc")))
	c.response().wantBody("ok")
	if got := string(srv.Requests(0)[0].Body); got != "abc" {
		t.Errorf("the body is %q", got)
	}
}

// A 2xx came while the body was sent, and then the peer reads no more: the answer is
// worth more than the timeout.
func TestEarly2xxBeforeAStall(t *testing.T) {
	srv := wiretest.Start(t, wiretest.Options{ReadBuffer: 4 << 10}, wiretest.Conn{
		{Wait: wiretest.Head, Send: wiretest.Text(wOK), Then: wiretest.Stall},
		wiretest.Say().Gated(make(chan struct{})),
	})
	answered := false
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Func(func() ([]byte, error) {
		if !answered {
			srv.WaitStep(0, 1)
			answered = true
			return []byte("small"), nil
		}
		return make([]byte, 1<<20), nil
	}), &hackney.Opts{SendTimeout: 250 * time.Millisecond})
	c.status(200).in(hackney.StateOnBody).wantBody("ok").connection(hackney.Closed)
}

// A value that a strict reader would not take is in the head, however that is read.
func TestOddValueReadByLine(t *testing.T) {
	const head = wHeadOK + "X: a\x01b\r\nLocation: /l\r\nContent-Length: 0\r\n\r\n"
	status := func(c *wClient) { c.to(hackney.StreamStatus(c.ctx, c.ClientState)) }
	for name, read := range map[string]func(*wClient){
		"StartResponse": func(c *wClient) { c.response() },
		"StreamHeaders": func(c *wClient) {
			status(c)
			c.to(hackney.StreamHeaders(c.ctx, c.ClientState))
		},
		"StreamHeader": func(c *wClient) {
			status(c)
			for {
				_, _, cs, err := hackney.StreamHeader(c.ctx, c.ClientState)
				if c.ClientState = cs; err == io.EOF {
					return
				}
				c.to(cs, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies(head))
			c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil).end()
			read(c)
			var lines []string
			for name, value := range c.Headers().All() {
				lines = append(lines, name+": "+value)
			}
			if got := wLines(lines...); got != "X: a\x01b\r\nLocation: /l\r\nContent-Length: 0\r\n" || c.Headers().Err() != nil {
				t.Errorf("fields %q, error %v", got, c.Headers().Err())
			}
		})
	}
}

// A new connection has no answer yet.
func TestReconnectForgetsTheAnswer(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n"+
		"Content-Type: text/plain\r\nLocation: /l\r\n\r\n1\r\nx\r\n0\r\nT: t\r\n\r\n"), wiretest.Conn{}, wiretest.Replies(wOK))
	c := wNew(t).request("POST", srv.URL("/path"), nil, hackney.FromReader(strings.NewReader("abc"), -1), nil).wantBody("x")
	if c.Trailers().Get("T") != "t" || c.Status() != 404 || len(c.Interim()) != 1 {
		t.Fatalf("%v", c.Snapshot())
	}
	c.to(hackney.Close(c.ClientState))
	c.to(hackney.Reconnect(c.ctx, c.ClientState)).in(hackney.StateStart).status(0)
	if h, tr := c.Headers().Len(), c.Trailers().Len(); h != 0 || tr != 0 || len(c.Interim()) != 0 {
		t.Errorf("%d fields, %d trailers, %d interim responses", h, tr, len(c.Interim()))
	}
	if c.BodyState() != hackney.BodyWaiting || c.Method() != "" || c.Reason() != "" || c.Location() != "" {
		t.Errorf("body %v, method %q, reason %q, location %q", c.BodyState(), c.Method(), c.Reason(), c.Location())
	}
	fresh := wNew(t)
	srv.WaitConns(2)
	fresh.to(hackney.Connect(fresh.ctx, transport.TCP, srv.Host(), srv.Port(), nil))
	if got, want := c.Snapshot(), fresh.Snapshot(); got != want {
		t.Errorf("reconnected:\n %+v, connected:\n %+v", got, want)
	}
	fresh.send(hackney.Req{}).wantBody("ok")
}

// An interim head that was begun by StreamStatus is whole when StartResponse ends it.
func TestInterimReasonAcrossOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := wPipe(t, func(conn net.Conn) {
			wReadHead(conn)
			io.ReadFull(conn, make([]byte, len("0\r\n\r\n")))
			io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\nLink: ")
			time.Sleep(time.Minute)
			io.WriteString(conn, "a\r\n\r\nHTTP/1.1 103 Again\r\n\r\n"+wEmpty)
		})
		o.RecvTimeout = 40 * time.Second
		c := rBubble(t).request("POST", "http://example.com/", nil, hackney.Stream, o)
		if err := c.fails(hackney.StreamStatus(c.ctx, c.ClientState)); !errors.Is(err, hackney.ErrTimeout) {
			t.Error(err)
		}
		c.response().status(200)
		var got []string
		for _, in := range c.Interim() {
			got = append(got, wItoa(in.Status)+" "+in.Reason+" "+in.Headers.Get("Link"))
		}
		if !slices.Equal(got, []string{"103 Early Hints a", "103 Again "}) {
			t.Errorf("interim responses %q", got)
		}
		c.to(hackney.Close(c.ClientState))
	})
}

// A connection that does not keep to the contract of net.Conn is a broken one.
func TestOddConnections(t *testing.T) {
	half := func(n int) int { return n / 2 }
	more := func(n int) int { return n + 1 }
	below := func(int) int { return -1 }
	none := func(int) int { return 0 }
	type counts func(room int) int
	read := func(n counts) *rConn { return &rConn{read: rGives(n)} }
	readBody := func(n counts) *rConn {
		return &rConn{read: rSteps(append([]rCall{rSays(wLengthOK + "100000\r\n\r\nabc")}, slices.Repeat([]rCall{rGives(n)}, 1000)...)...)}
	}
	write := func(n counts) *rConn { return &rConn{write: rGives(n)} }
	for name, test := range map[string]struct {
		conn func(counts) *rConn
		n    counts
		want error
	}{
		"read less than nothing":           {read, below, nil},
		"read more than the room":          {read, more, nil},
		"read nothing":                     {read, none, io.ErrNoProgress},
		"read less than nothing of a body": {readBody, below, nil},
		"read more than the room, a body":  {readBody, more, nil},
		"read nothing of a body":           {readBody, none, io.ErrNoProgress},
		"write half":                       {write, half, io.ErrShortWrite},
		"write nothing":                    {write, none, io.ErrShortWrite},
		"write less than nothing":          {write, below, nil},
		"write more than there is":         {write, more, nil},
	} {
		for size, body := range map[string]int{"small": 5, "large": 100 << 10} {
			t.Run(name+"/"+size, func(t *testing.T) {
				c := wNew(t)
				cs, err := hackney.Post(c.ctx, "http://example.com/", nil, hackney.Bytes(make([]byte, body)), rDial(test.conn(test.n)))
				if err == nil {
					_, cs, err = hackney.Body(c.ctx, cs)
				}
				err = c.fails(cs, err)
				wIs[*hackney.TransportError](t, err)
				if test.want != nil && !errors.Is(err, test.want) {
					t.Errorf("error %v, want %v in it", err, test.want)
				}
				c.in(hackney.StateFailed)
			})
		}
	}
}

// rChanging is a context that makes a channel anew with each call of Done.
type rChanging struct{ context.Context }

func (rChanging) Done() <-chan struct{} { return make(chan struct{}) }

// AfterFunc is what the context package calls.
func (c rChanging) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(c.Context, f) }

// A context whose Done channel is another each time leaves no deadline behind.
func TestChangingDone(t *testing.T) {
	for name, between := range map[string]bool{"between operations": true, "under an operation": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := rBubble(t)
				inner, cancel := context.WithCancel(c.ctx)
				defer cancel()
				o := wPipe(t, func(conn net.Conn) {
					wReadHead(conn)
					io.WriteString(conn, wLengthOK+"5\r\n\r\n")
					time.Sleep(time.Minute)
					io.WriteString(conn, "hello")
				})
				ctx := rChanging{inner}
				c.to(hackney.Get(ctx, "http://example.com/", nil, nil, o))
				if !between {
					time.AfterFunc(time.Second, cancel)
					_, cs, err := hackney.Body(ctx, c.ClientState)
					if err = c.fails(cs, err); !errors.Is(err, context.Canceled) {
						t.Errorf("error %v", err)
					}
				}
				cancel()
				synctest.Wait()
				c.wantBody("hello")
				c.to(hackney.Close(c.ClientState))
			})
		})
	}
}
