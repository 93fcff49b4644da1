package hackney_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// wRuns waits until some goroutine is inside a function.
func wRuns(t *testing.T, function string) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	for end := time.Now().Add(wiretest.Patience); time.Now().Before(end); runtime.Gosched() {
		if bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte(function)) {
			return
		}
	}
	t.Errorf("no goroutine came to %s", function)
}

// A server that does not read makes the kernel's copying last until it is seen.
func TestP33_SendfileOnPlainTCP(t *testing.T) {
	const size = 32 << 20
	path := wFile(t, "large.bin", "")
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.On(wiretest.Head).ThenStall(),
		wiretest.Step{Gate: gate},
		wiretest.On(wiretest.Body, wOK),
	})
	c := wNew(t)
	done := make(chan error, 1)
	go func() {
		var err error
		c.ClientState, err = hackney.Put(c.ctx, srv.URL("/"), nil, hackney.File(path, 0, 0), nil)
		done <- err
	}()
	wRuns(t, "internal/poll.SendFile")
	close(gate)
	if err := wBounded(t, done); err != nil {
		t.Fatal(err)
	}
	c.wantBody("ok")
	if got := srv.Requests(0); len(got) != 1 || len(got[0].Body) != size {
		t.Errorf("%d requests", len(got))
	}
}

func TestWireFileOverTLS(t *testing.T) {
	for _, size := range []int{1, 4096, 100_000, 1 << 20} {
		path := wFile(t, "a.json", wText(size))
		srv := wiretest.Start(t, wiretest.Options{TLS: true}, wiretest.Replies(wEmpty, wEmpty))
		c := wNew(t).request("PUT", srv.URL("/"), nil, hackney.File(path, 0, 0), wTLS(srv))
		c.send(hackney.Req{Method: "PUT", Payload: hackney.File(path, 1, int64(size-1))})
		second := wText(size)[1:]
		c.wantSent(srv, 0, wWant("PUT /", "Content-Type: application/json", "Content-Length: "+wItoa(size))+wText(size)+
			wWant("PUT /", "Content-Type: application/json", "Content-Length: "+wItoa(len(second)))+second)
	}
}

func TestWireFileIsEmpty(t *testing.T) {
	path := wFile(t, "a.txt", "")
	srv := wiretest.New(t, wiretest.Replies(wEmpty))
	c := wNew(t).request("PUT", srv.URL("/"), nil, hackney.File(path, 0, 0), nil)
	c.wantSent(srv, 0, wWant("PUT /", "Content-Type: text/plain", "Content-Length: 0"))
}

// In a chunked body a file goes as chunks, in one of known length as it is.
func TestWireFileAsAPieceOfAStream(t *testing.T) {
	path := wFile(t, "a.txt", wText(200_000))
	srv := wiretest.New(t, wiretest.Replies(wEmpty, wEmpty))
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil)
	c.piece(hackney.Text("<")).piece(hackney.File(path, 0, 0)).piece(hackney.File(path, 3, 4)).piece(hackney.Text(">")).end().response()
	length := headers.New("Content-Length", "200002")
	c.send(hackney.Req{Method: "POST", Headers: length, Payload: hackney.Stream})
	c.piece(hackney.Text("<")).piece(hackney.File(path, 0, 0)).piece(hackney.Text(">")).end().response()
	c.to(hackney.Close(c.ClientState))
	srv.WaitClosed(0)
	got := srv.Requests(0)
	if len(got) != 2 || !got[0].Chunked || got[1].Chunked {
		t.Fatalf("%d requests", len(got))
	}
	wSame(t, string(got[0].Body), "<"+wText(200_000)+wText(10)[3:7]+">")
	wSame(t, string(got[1].Body), "<"+wText(200_000)+">")
}

// A file is opened before dialing: what happens to it then shows while it is sent.
func TestWireFileChangesWhileItIsSent(t *testing.T) {
	shrink := func(path string) error { return os.Truncate(path, 50_000) }
	grow := func(path string) error { return os.Truncate(path, 200_000) }
	for _, c := range []struct {
		name   string
		change func(string) error
		n      int64
		fault  string
	}{
		{"shrinks", shrink, 0, "shrunk"},
		{"shrinks below the count", shrink, 60_000, "before its announced length"},
		{"grows", grow, 0, "grown"},
		{"grows behind the count", grow, 60_000, ""},
		{"shrinks to the count", shrink, 50_000, ""},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(c.name+map[bool]string{true: " over TLS"}[secure], func(t *testing.T) {
				path := wFile(t, "a.txt", wText(100_000))
				srv := wiretest.Start(t, wiretest.Options{TLS: secure}, wiretest.Conn{wiretest.Reply(wOK)})
				o := wTLS(srv)
				o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					if err := c.change(path); err != nil {
						return nil, err
					}
					return new(net.Dialer).DialContext(ctx, network, address)
				}
				cl := wNew(t)
				cs, err := hackney.Put(cl.ctx, srv.URL("/"), nil, hackney.File(path, 0, c.n), o)
				if c.fault == "" {
					cl.to(cs, err).wantBody("ok")
					return
				}
				e := wIs[*hackney.ArgumentError](t, cl.fails(cs, err))
				if e.What != "file" && e.What != "payload" || e.Sent < 50_000 {
					t.Errorf("bad %s, %d bytes sent", e.What, e.Sent)
				}
				if !secure || c.fault != "shrunk" { // by copying, the file is but a reader
					wHas(t, err, c.fault)
				}
				cl.in(hackney.StateFailed).connection(hackney.Closed)
				srv.WaitClosed(0)
			})
		}
	}
}

// A fault of the caller's is no reason to send the request again.
func TestWireFileThatShrankIsNotSentAgain(t *testing.T) {
	path := wFile(t, "large.bin", "")
	if err := os.Truncate(path, 32<<20); err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.Reply(wOK),
		wiretest.On(wiretest.Head).ThenStall(),
		wiretest.Step{Gate: gate},
	})
	c := wNew(t).get(srv.URL("/")).wantBody("ok")
	done := make(chan error, 1)
	go func() {
		var err error
		c.ClientState, err = hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{Method: "PUT", Payload: hackney.File(path, 0, 0)})
		done <- err
	}()
	srv.WaitStep(0, 2)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	close(gate)
	wIs[*hackney.ArgumentError](t, wBounded(t, done))
	c.in(hackney.StateFailed)
	srv.WaitClosed(0)
	if n := srv.Conns(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestWireReader(t *testing.T) {
	chunked := wWant("POST /", wOctets, wChunked)
	length := func(n int) string { return wWant("POST /", wOctets, "Content-Length: "+wItoa(n)) }
	for _, c := range []struct {
		name string
		p    hackney.Payload
		h    *headers.Headers
		want string
	}{
		{"unknown size", hackney.FromReader(strings.NewReader("hello"), -1), nil, chunked + "5\r\nhello\r\n0\r\n\r\n"},
		{"unknown size, each read a chunk", hackney.FromReader(iotest.OneByteReader(strings.NewReader("abc")), -1), nil, chunked + "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"},
		{"unknown size, bytes with the EOF", hackney.FromReader(iotest.DataErrReader(strings.NewReader("hello")), -1), nil, chunked + "5\r\nhello\r\n0\r\n\r\n"},
		{"unknown size, empty", hackney.FromReader(strings.NewReader(""), -1), nil, chunked + "0\r\n\r\n"},
		{"unknown size, own length", hackney.FromReader(iotest.OneByteReader(strings.NewReader("abc")), -1), headers.New("Content-Length", "3"), length(3) + "abc"},
		{"known size", hackney.FromReader(strings.NewReader("hello"), 5), nil, length(5) + "hello"},
		{"known size, in bytes", hackney.FromReader(iotest.OneByteReader(strings.NewReader("hello")), 5), nil, length(5) + "hello"},
		{"known size, bytes with the EOF", hackney.FromReader(iotest.DataErrReader(strings.NewReader("hello")), 5), nil, length(5) + "hello"},
		{"known size, more in the reader", hackney.FromReader(strings.NewReader("hello"), 2), nil, length(2) + "he"},
		{"known size, chunked", hackney.FromReader(strings.NewReader("hello"), 2), headers.New("Transfer-Encoding", "chunked"), chunked + "2\r\nhe\r\n0\r\n\r\n"},
		{"size 0", hackney.FromReader(strings.NewReader("hello"), 0), nil, length(0)},
		{"large", hackney.FromReader(strings.NewReader(wText(1<<20)), 1<<20), nil, length(1<<20) + wText(1<<20)},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies(wEmpty))
			wNew(t).request("POST", srv.URL("/"), c.h, c.p, nil).wantSent(srv, 0, c.want)
		})
	}
}

func TestWireBodiesOfTheWrongLength(t *testing.T) {
	own := errors.New("own")
	failing := func() io.Reader { return io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(own)) }
	length := headers.New("Content-Length", "5")
	for _, c := range []struct {
		name  string
		h     *headers.Headers
		p     hackney.Payload
		fault string // "own" for the error of the payload
		sent  string // of the body
	}{
		{"short reader", nil, hackney.FromReader(strings.NewReader("abc"), 5), "ended 2 bytes before its announced length", "abc"},
		{"short reader by field", length, hackney.FromReader(strings.NewReader("abc"), -1), "ended 2 bytes before its Content-Length", "abc"},
		{"long reader by field", length, hackney.FromReader(iotest.OneByteReader(strings.NewReader("abcdefg")), -1), "1 bytes more than its Content-Length", "abcde"},
		{"failing reader", nil, hackney.FromReader(failing(), 5), "own", "abc"},
		{"failing reader, chunked", nil, hackney.FromReader(failing(), -1), "own", "3\r\nabc\r\n"},
		{"short function", length, wPieces(io.EOF, "abc"), "ended 2 bytes before its Content-Length", "abc"},
		{"long function", length, wPieces(io.EOF, "abc", "defgh"), "3 bytes more than its Content-Length", "abc"},
		{"failing function", length, wPieces(own, "abc"), "own", "abc"},
		{"impossible reader", nil, hackney.FromReader(wReader(func(p []byte) (int, error) { return len(p) + 1, nil }), -1), "impossible", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Conn{})
			cl := wNew(t)
			err := cl.fails(hackney.Post(cl.ctx, srv.URL("/"), c.h, c.p, nil))
			e := wIs[*hackney.ArgumentError](t, err)
			wBlame(t, err, hackney.BlameCaller)
			if c.fault == "own" {
				if !errors.Is(err, own) {
					t.Errorf("error %v, want the payload's", err)
				}
			} else {
				wHas(t, err, c.fault)
			}
			cl.in(hackney.StateFailed).connection(hackney.Closed)
			srv.WaitClosed(0)
			got := string(srv.Received(0))
			if e.Sent != int64(len(got)) || e.Sent == 0 {
				t.Errorf("the error says %d bytes were sent, it were %d", e.Sent, len(got))
			}
			_, body, _ := strings.Cut(got, "\r\n\r\n")
			wSame(t, body, c.sent)
		})
	}
}

type wReader func([]byte) (int, error)

func (r wReader) Read(p []byte) (int, error) { return r(p) }

// Pieces of any size, and the last chunk always goes out.
func TestWireStreamedPieces(t *testing.T) {
	sizes := []int{0, 1, 0, 4096, 4096, 16 << 10, 16<<10 + 1, 1 << 20, 0}
	var whole strings.Builder
	chunks := ""
	for _, n := range sizes {
		whole.WriteString(wText(n))
		if n > 0 {
			chunks += wHex(n) + "\r\n" + wText(n) + "\r\n"
		}
	}
	for _, h := range []*headers.Headers{nil, headers.New("Content-Length", wItoa(whole.Len()))} {
		srv := wiretest.New(t, wiretest.Replies(wEmpty))
		c := wNew(t).request("POST", srv.URL("/"), h, hackney.Stream, nil)
		for _, n := range sizes {
			c.piece(hackney.Text(wText(n))).in(hackney.StateStream)
		}
		c.end().response().in(hackney.StateDone)
		if h == nil {
			c.wantSent(srv, 0, wWant("POST /", wChunked)+chunks+"0\r\n\r\n")
		} else {
			c.wantSent(srv, 0, wWant("POST /", "Content-Length: "+wItoa(whole.Len()))+whole.String())
		}
	}
	for _, n := range []int{0, 4096, 1 << 20} { // one piece alone; the end by StartResponse
		srv := wiretest.New(t, wiretest.Replies(wEmpty))
		c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil).piece(hackney.Text(wText(n))).response()
		want := wWant("POST /", wChunked)
		if n > 0 {
			want += wHex(n) + "\r\n" + wText(n) + "\r\n"
		}
		c.wantSent(srv, 0, want+"0\r\n\r\n")
	}
}

// Every kind of payload can be a piece.
func TestWirePiecesOfAllKinds(t *testing.T) {
	path := wFile(t, "a", "file")
	srv := wiretest.New(t, wiretest.Replies(wEmpty))
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil)
	c.piece(hackney.Bytes([]byte("bytes"))).piece(hackney.Chunks([]byte("li"), []byte("st"))).piece(nil)
	c.piece(hackney.File(path, 0, 0)).piece(hackney.FromReader(strings.NewReader("reader"), -1)).piece(hackney.FromReader(strings.NewReader("sized..."), 5))
	c.piece(wPieces(io.EOF, "f", "g")).piece(hackney.Chunks([]byte(wText(20_000)), []byte("x"))).end().response()
	c.wantSent(srv, 0, wWant("POST /", wChunked)+"5\r\nbytes\r\n4\r\nlist\r\n4\r\nfile\r\n6\r\nreader\r\n5\r\nsized\r\n1\r\nf\r\n1\r\ng\r\n"+
		"4e20\r\n"+wText(20_000)+"\r\n1\r\nx\r\n0\r\n\r\n")
}

func TestWireStreamedBodyOfTheWrongLength(t *testing.T) {
	length := headers.New("Content-Length", "5")
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wOK)}, wiretest.Conn{}, wiretest.Conn{})
	c := wNew(t).request("POST", srv.URL("/"), length, hackney.Stream, nil).piece(hackney.Text("abc"))
	err := c.fails(hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text("def")))
	wHas(t, err, "1 bytes more than its Content-Length")
	wBlame(t, err, hackney.BlameCaller)
	// Nothing of the piece went out, so a shorter one may follow.
	c.in(hackney.StateStream).piece(hackney.Text("de")).end().response().wantBody("ok")
	c.wantSent(srv, 0, wWant("POST /", "Content-Length: 5")+"abcde")

	for i, end := range []func(context.Context, hackney.ClientState) (hackney.ClientState, error){hackney.EndStreamRequestBody, hackney.StartResponse} {
		c = wNew(t).request("POST", srv.URL("/"), length, hackney.Stream, nil).piece(hackney.Text("abc"))
		err = c.fails(end(c.ctx, c.ClientState))
		wHas(t, err, "ended 2 bytes before its Content-Length")
		wIs[*hackney.ArgumentError](t, err)
		c.in(hackney.StateFailed).connection(hackney.Closed)
		srv.WaitClosed(i + 1)
	}
}

// A fault before the first byte of a piece leaves the stream as good as it was.
func TestWirePiecesThatCannotBeSent(t *testing.T) {
	own := errors.New("own")
	srv := wiretest.New(t, wiretest.Replies(wOK), wiretest.Conn{})
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil).piece(hackney.Text("a"))
	for name, p := range map[string]hackney.Payload{
		"missing file":     hackney.File(wFile(t, "a", "x")+"x", 0, 0),
		"directory":        hackney.File(t.TempDir(), 0, 0),
		"failing reader":   hackney.FromReader(iotest.ErrReader(own), -1),
		"short reader":     hackney.FromReader(strings.NewReader(""), 5),
		"failing func":     wPieces(own),
		"nil reader":       hackney.FromReader(nil, 1),
		"stream in itself": hackney.Stream,
	} {
		cs, err := hackney.StreamRequestBody(c.ctx, c.ClientState, p)
		wIs[*hackney.ArgumentError](t, err)
		if cs.ResponseState() != hackney.StateStream {
			t.Errorf("%s: the state is %v", name, cs)
		}
	}
	c.piece(hackney.Text("b")).end().response().wantBody("ok")
	c.wantSent(srv, 0, wWant("POST /", wChunked)+"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")

	// Behind it the body is broken.
	c = wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil)
	if err := c.fails(hackney.StreamRequestBody(c.ctx, c.ClientState, wPieces(own, "a"))); !errors.Is(err, own) {
		t.Errorf("error %v", err)
	}
	c.in(hackney.StateFailed)
	srv.WaitClosed(1)
}

// wWaits waits until bytes stand on the client's socket.
func (c *wClient) wWaits() *wClient {
	c.t.Helper()
	var conn net.Conn
	if err := hackney.SetSockopts(c.ClientState, func(nc net.Conn) error { conn = nc; return nil }); err != nil {
		c.t.Fatal(err)
	}
	for end := time.Now().Add(wiretest.Patience); transport.Probe(conn) == transport.Idle; runtime.Gosched() {
		if time.Now().After(end) {
			c.t.Fatal("nothing came")
		}
	}
	return c
}

func TestWireEarlyFinalAnswer(t *testing.T) {
	const early = "HTTP/1.1 413 Too Large\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nlarge"
	for _, secure := range []bool{false, true} {
		srv := wiretest.Start(t, wiretest.Options{TLS: secure}, wiretest.Conn{wiretest.On(wiretest.Head, early)}, wiretest.Replies(wOK))
		c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, wTLS(srv))
		srv.WaitStep(0, 1)
		c.wWaits()
		for i, next := range []func() (hackney.ClientState, error){
			func() (hackney.ClientState, error) {
				return hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text("one"))
			},
			func() (hackney.ClientState, error) {
				return hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text("two"))
			},
			func() (hackney.ClientState, error) { return hackney.EndStreamRequestBody(c.ctx, c.ClientState) },
			func() (hackney.ClientState, error) { return hackney.EndStreamRequestBody(c.ctx, c.ClientState) },
			func() (hackney.ClientState, error) {
				return hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text("three"))
			},
		} {
			if err := c.fails(next()); !errors.Is(err, hackney.ErrResponseReady) {
				t.Fatalf("step %d: error %v", i, err)
			}
			c.in(hackney.StateWaiting)
		}
		c.response().status(413).wantBody("large").connection(hackney.Closed)
		srv.WaitClosed(0)
		wSame(t, string(srv.Received(0)), strings.ReplaceAll(wWant("POST /", wChunked), "{host}", srv.Addr()))
		c.send(hackney.Req{}).wantBody("ok")
		if c.Reused() {
			t.Error("the connection was reused")
		}
	}
}

// The answer may come line by line, too.
func TestWireEarlyAnswerInFinestSteps(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 No\r\nA: 1\r\nB: 2\r\nContent-Length: 2\r\n\r\nno")})
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil).wWaits()
	srv.WaitStep(0, 1)
	if err := c.fails(hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text("x"))); !errors.Is(err, hackney.ErrResponseReady) {
		t.Fatal(err)
	}
	c.to(hackney.StreamStatus(c.ctx, c.ClientState)).in(hackney.StateOnStatus).status(400)
	if c.Headers().Len() != 0 || len(c.Interim()) != 1 {
		t.Errorf("headers %v, interim %v", c.Headers(), c.Interim())
	}
	name, value, cs, err := hackney.StreamHeader(c.ctx, c.ClientState)
	c.to(cs, err).in(hackney.StateOnHeader)
	if name != "A" || value != "1" {
		t.Errorf("first field %q: %q", name, value)
	}
	c.to(hackney.StreamHeaders(c.ctx, c.ClientState)).in(hackney.StateOnBody)
	if c.Headers().Len() != 3 || c.Headers().Get("B") != "2" {
		t.Errorf("headers %v", c.Headers())
	}
	c.wantBody("no").connection(hackney.Closed)
}

// An answer that came with the bytes of another read is seen as well.
func TestWireEarlyAnswerBehindA100(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\nno")})
	c := wNew(t).request("POST", srv.URL("/"), headers.New("Expect", "100-continue"), hackney.Stream, nil)
	srv.WaitStep(0, 1)
	for i := 0; c.ResponseState() == hackney.StateStream; i++ {
		cs, err := hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text("x"))
		if c.ClientState = cs; err != nil && !errors.Is(err, hackney.ErrResponseReady) || i > 2 {
			t.Fatalf("piece %d: %v", i, err)
		}
	}
	c.in(hackney.StateWaiting).response().status(400).wantBody("no").connection(hackney.Closed)
}

// While a large payload goes out, an answer stops it.
func TestWireEarlyAnswerStopsAPayload(t *testing.T) {
	const early = "HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge"
	const size = 64 << 20
	path := wFile(t, "large.bin", "")
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]hackney.Payload{
		"bytes": hackney.Bytes(make([]byte, size)), "file": hackney.File(path, 0, 0),
		"reader":   hackney.FromReader(bytes.NewReader(make([]byte, size)), size),
		"function": hackney.Func(func() ([]byte, error) { return make([]byte, 1<<16), nil }),
	} {
		for _, then := range []wiretest.Then{wiretest.Keep, wiretest.Close, wiretest.Reset} {
			t.Run(name+map[wiretest.Then]string{wiretest.Close: ", close", wiretest.Reset: ", reset"}[then], func(t *testing.T) {
				step := wiretest.On(wiretest.Bytes(1<<16), early)
				if step.Then = then; then == wiretest.Reset && runtime.GOOS != "linux" {
					step.Then = wiretest.Close // elsewhere a reset may take the answer with it
				}
				srv := wiretest.New(t, wiretest.Conn{step})
				c := wNew(t).request("PUT", srv.URL("/"), nil, p, nil).status(413)
				c.wantBody("large").connection(hackney.Closed)
				srv.WaitClosed(0)
				if n := len(srv.Received(0)); name != "function" && n >= size {
					t.Errorf("%d bytes of body went out", n)
				}
			})
		}
	}
}

// A server that reads nothing more and answers before it closes.
func TestWireAnswerBehindABrokenWrite(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 5\r\n\r\nlarge").ThenClose()})
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil)
	srv.WaitClosed(0)
	for i := 0; ; i++ {
		cs, err := hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text(wText(1<<16)))
		if c.ClientState = cs; errors.Is(err, hackney.ErrResponseReady) {
			break
		}
		if err != nil || i > 1000 {
			t.Fatalf("piece %d: %v", i, err)
		}
	}
	c.in(hackney.StateWaiting).response().status(413).wantBody("large")
}

func wHex(n int) string {
	const digits = "0123456789abcdef"
	if n < 16 {
		return digits[n : n+1]
	}
	return wHex(n/16) + digits[n%16:n%16+1]
}

// When the announced length is out, an answer is not early, though the payload has not
// said yet that it has ended: the connection is kept.
func TestWireAnswerBeforeThePayloadSaysItEnded(t *testing.T) {
	for name, made := range map[string]func(answered func()) hackney.Payload{
		"function": func(answered func()) hackney.Payload {
			n := 0
			return hackney.Func(func() ([]byte, error) {
				if n++; n == 1 {
					return []byte("hello"), nil
				}
				answered()
				return nil, io.EOF
			})
		},
		"reader": func(answered func()) hackney.Payload {
			r := strings.NewReader("hello")
			return hackney.FromReader(wReader(func(p []byte) (int, error) {
				if r.Len() < 5 {
					answered()
				}
				return r.Read(p)
			}), -1)
		},
	} {
		srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wOK), wiretest.Reply(wOK), wiretest.Reply(wOK)})
		c := wNew(t).get(srv.URL("/")).wantBody("ok")
		answered := func() { srv.WaitStep(0, 2) }
		c.send(hackney.Req{Method: "POST", Headers: headers.New("Content-Length", "5"), Payload: made(answered)})
		c.wantBody("ok")
		if c.ConnectionState() != hackney.Connected {
			t.Errorf("%s: the connection was closed", name)
		}
		c.send(hackney.Req{}).wantBody("ok")
		if !c.Reused() {
			t.Errorf("%s: the connection was not reused", name)
		}
	}
	srv := wiretest.New(t, wiretest.Replies(wOK, wOK))
	c := wNew(t).request("POST", srv.URL("/"), headers.New("Content-Length", "5"), hackney.Stream, nil).piece(hackney.Text("hello"))
	srv.WaitStep(0, 1)
	c.wWaits().piece(hackney.Text("")).piece(nil).end().response().wantBody("ok").send(hackney.Req{}).wantBody("ok")
	if !c.Reused() {
		t.Error("stream: the connection was not reused")
	}
}
