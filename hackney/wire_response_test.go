package hackney_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/wiretest"
)

const (
	wHeadOK      = "HTTP/1.1 200 OK\r\n"
	wChunkedOK   = wHeadOK + "Transfer-Encoding: chunked\r\n\r\n"
	wLengthOK    = wHeadOK + "Content-Length: "
	wMoreThanAll = 1 << 20
)

func TestWireInterimResponses(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\nLink: b\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", wOK))
	c := wNew(t).get(srv.URL("/")).status(204).in(hackney.StateDone)
	in := c.Interim()
	if len(in) != 2 || in[0].Status != 102 || in[0].Reason != "Processing" || in[1].Status != 103 || !slices.Equal(in[1].Headers.Values("link"), []string{"a", "b"}) {
		t.Errorf("interim responses %+v", in)
	}
	in[0].Status = 0
	if c.Interim()[0].Status != 102 {
		t.Error("Interim gives its own memory away")
	}
	c.send(hackney.Req{}).wantBody("ok")
}

func TestWireNoBody(t *testing.T) {
	for _, c := range []struct{ method, reply string }{
		{"HEAD", wLengthOK + "5\r\n\r\n"},
		{"HEAD", wChunkedOK},
		{"HEAD", wHeadOK + "\r\n"},
		{"GET", "HTTP/1.1 204 None\r\n\r\n"},
		{"GET", "HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n"},
		{"GET", "HTTP/1.1 304 Same\r\n\r\n"},
		{"GET", "HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n"},
		{"GET", "HTTP/1.1 304 Same\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"GET", wEmpty},
	} {
		srv := wiretest.New(t, wiretest.Replies(c.reply, wOK))
		cl := wNew(t).request(c.method, srv.URL("/"), nil, nil, nil).in(hackney.StateDone).connection(hackney.Connected)
		cl.wantBody("").send(hackney.Req{}).wantBody("ok")
		if !cl.Reused() {
			t.Errorf("%s, %q: the connection was not reused", c.method, c.reply)
		}
	}
}

// TestWirePersistence tells which connections are kept.
func TestWirePersistence(t *testing.T) {
	for _, c := range []struct {
		reply string
		kept  bool
	}{
		{wOK, true},
		{wHeadOK + "Connection: keep-alive\r\nContent-Length: 2\r\n\r\nok", true},
		{wHeadOK + "Connection: closed\r\nContent-Length: 2\r\n\r\nok", true},
		{wHeadOK + "Connection: close\r\nContent-Length: 2\r\n\r\nok", false},
		{wHeadOK + "Connection: a,\tClose ,b\r\nContent-Length: 2\r\n\r\nok", false},
		{wHeadOK + "Connection: keep-alive\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false},
		{wHeadOK + "Connection: keep-alive, close\r\nContent-Length: 2\r\n\r\nok", false},
		{"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
		{"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok", true},
		{"HTTP/1.0 200 OK\r\nConnection: x, keep-alive\r\nContent-Length: 2\r\n\r\nok", true},
		{"HTTP/1.0 200 OK\r\nConnection: keepalive\r\nContent-Length: 2\r\n\r\nok", false},
		{"HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 2\r\n\r\nok", false},
		{"HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok", true},
		{wChunkedOK + "2\r\nok\r\n0\r\n\r\n", true},
		{wChunkedOK + "2\r\nok\r\n0\r\nA: b\r\n\r\n", true},
		{wHeadOK + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false},
		{wHeadOK + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true},
		{wOK + "x", false}, // left-over bytes
		{wChunkedOK + "2\r\nok\r\n0\r\n\r\n\r\n", false},
		{wOK + wOK, false}, // an answer to nothing
	} {
		srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(c.reply), wiretest.Reply(wOK)}, wiretest.Replies(wOK))
		if c.kept {
			srv = wiretest.New(t, wiretest.Replies(c.reply, wOK))
		}
		cl := wNew(t).get(srv.URL("/")).wantBody("ok").connection(map[bool]hackney.ConnectionState{true: hackney.Connected}[c.kept])
		if !c.kept {
			srv.WaitClosed(0)
		}
		cl.send(hackney.Req{}).wantBody("ok")
		if cl.Reused() != c.kept {
			t.Errorf("%q: reused %v, want %v", c.reply, cl.Reused(), c.kept)
		}
	}
}

// TestWireBodiesInEveryWay reads each framing by each operation.
func TestWireBodiesInEveryWay(t *testing.T) {
	wSplices(t)
	text := wText(150_000)
	chunked := ""
	for at := 0; at < len(text); at += 7000 {
		piece := text[at:min(at+7000, len(text))]
		chunked += wHex(len(piece)) + ";x=y\r\n" + piece + "\r\n"
	}
	replies := map[string]string{
		"length":      wLengthOK + "150000\r\n\r\n" + text,
		"chunked":     wChunkedOK + chunked + "0\r\n\r\n",
		"until close": wHeadOK + "\r\n" + text,
	}
	file := func(c *wClient) string {
		f, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		io.WriteString(f, "<")
		n, cs, err := hackney.CopyBody(c.ctx, c.ClientState, f)
		c.to(cs, err)
		got, _ := os.ReadFile(f.Name())
		if n != int64(len(got)-1) || !bytes.HasPrefix(got, []byte("<")) {
			t.Errorf("%d bytes copied, %d in the file", n, len(got))
		}
		return string(got[1:])
	}
	ways := map[string]func(*wClient) string{
		"Body": (*wClient).body,
		"BodyMax": func(c *wClient) string {
			b, cs, err := hackney.BodyMax(c.ctx, c.ClientState, wMoreThanAll)
			c.to(cs, err)
			return string(b)
		},
		"BodyMax in parts": func(c *wClient) string {
			var got []byte
			for c.ResponseState() != hackney.StateDone {
				b, cs, err := hackney.BodyMax(c.ctx, c.ClientState, 999)
				c.to(cs, err)
				got = append(got, b...)
			}
			return string(got)
		},
		"CopyBody": func(c *wClient) string {
			var b strings.Builder
			n, cs, err := hackney.CopyBody(c.ctx, c.ClientState, &b)
			if c.to(cs, err); n != int64(b.Len()) {
				t.Errorf("%d bytes copied, want %d", n, b.Len())
			}
			return b.String()
		},
		"CopyBody to a file": file,
		"StreamBody": func(c *wClient) string {
			var got []byte
			var kept [][]byte
			for {
				b, cs, err := hackney.StreamBody(c.ctx, c.ClientState)
				if err == io.EOF {
					c.ClientState = cs
					break
				}
				c.to(cs, err)
				if len(b) == 0 || len(b) > 64<<10 {
					t.Errorf("a piece of %d bytes", len(b))
				}
				kept = append(kept, b)
			}
			for _, b := range kept { // they are the caller's for ever
				got = append(got, b...)
			}
			return string(got)
		},
		"BodyReader": func(c *wClient) string {
			r := hackney.NewBodyReader(c.ctx, c.ClientState)
			got, err := io.ReadAll(r)
			c.to(r.State(), err)
			return string(got)
		},
		"BodyReader, one byte at a time": func(c *wClient) string {
			r := hackney.NewBodyReader(c.ctx, c.ClientState)
			got, err := io.ReadAll(iotest.OneByteReader(r))
			c.to(r.State(), err)
			return string(got)
		},
		"Chunks": func(c *wClient) string {
			r := hackney.NewBodyReader(c.ctx, c.ClientState)
			var got []byte
			for piece, err := range r.Chunks() {
				if err != nil {
					t.Error(err)
				}
				got = append(got, piece...)
			}
			c.to(r.State(), nil)
			return string(got)
		},
		"one by StreamBody, one byte by BodyReader, the rest by CopyBody to a file": func(c *wClient) string {
			b, cs, err := hackney.StreamBody(c.ctx, c.ClientState)
			r := hackney.NewBodyReader(c.to(cs, err).ctx, cs)
			var one [1]byte
			n, err := r.Read(one[:])
			c.to(r.State(), err)
			return string(b) + string(one[:n]) + file(c)
		},
	}
	for framing, reply := range replies {
		for way, read := range ways {
			for _, secure := range []bool{false, true} {
				t.Run(framing+", "+way+map[bool]string{true: ", TLS"}[secure], func(t *testing.T) {
					step := wiretest.Step{Wait: wiretest.Request, Send: wiretest.Cut(reply, 10, 30, 100, 5000, 9000, 9001, 80_000)}
					conn := wiretest.Conn{step, wiretest.Reply(wOK)}
					if framing == "until close" {
						conn = wiretest.Conn{step.ThenClose()}
					}
					srv := wiretest.Start(t, wiretest.Options{TLS: secure}, conn)
					c := wNew(t).request("GET", srv.URL("/"), nil, nil, wTLS(srv)).in(hackney.StateOnBody)
					if got := read(c); got != text {
						wSame(t, got, text)
					}
					c.in(hackney.StateDone)
					if framing == "until close" {
						c.connection(hackney.Closed)
						return
					}
					c.connection(hackney.Connected).send(hackney.Req{}).wantBody("ok")
				})
			}
		}
	}
}

// In StreamBody a piece is one HTTP chunk at the most.
func TestWireStreamBodyGivesChunks(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wChunkedOK+"1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\nX: y\r\n\r\n"))
	c := wNew(t).get(srv.URL("/"))
	for _, want := range []string{"a", "bc", "def"} {
		b, cs, err := hackney.StreamBody(c.ctx, c.ClientState)
		if c.to(cs, err); string(b) != want {
			t.Errorf("piece %q, want %q", b, want)
		}
	}
	c.in(hackney.StateOnBody) // only the end says which piece was the last
	if b, cs, err := hackney.StreamBody(c.ctx, c.ClientState); len(b) != 0 || err != io.EOF || cs.ResponseState() != hackney.StateDone {
		t.Errorf("behind the end %q, %v, %v", b, cs, err)
	} else {
		c.ClientState = cs
	}
	b, cs, err := hackney.StreamBody(c.ctx, c.ClientState)
	if c.ClientState = cs; len(b) != 0 || err != io.EOF || c.Trailers().Get("x") != "y" {
		t.Errorf("again behind the end %q, %v, trailers %v", b, err, c.Trailers())
	}
}

// A server that stalls in the body makes the kernel's copying last until it is seen.
func TestWireCopyBodyToAFileByTheKernel(t *testing.T) {
	wSplices(t)
	gate := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wLengthOK + "6\r\n\r\none"), wiretest.Say("two").Gated(gate), wiretest.Reply(wOK)})
	c := wNew(t).get(srv.URL("/"))
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	done := make(chan error, 1)
	go func() {
		var err error
		_, c.ClientState, err = hackney.CopyBody(c.ctx, c.ClientState, f)
		done <- err
	}()
	wRuns(t, "internal/poll.Splice")
	close(gate)
	if err := wBounded(t, done); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(f.Name()); string(got) != "onetwo" {
		t.Errorf("the file holds %q", got)
	}
	c.in(hackney.StateDone).connection(hackney.Connected).send(hackney.Req{}).wantBody("ok")
}

// wFailing takes n bytes, then fails.
type wFailing struct {
	got []byte
	n   int
	err error
}

func (w *wFailing) Write(p []byte) (int, error) {
	n := min(len(p), w.n)
	w.got = append(w.got, p[:n]...)
	w.n -= n
	if n < len(p) {
		return n, w.err
	}
	return n, nil
}

func TestWireCopyBodyToAFailingWriter(t *testing.T) {
	own := errors.New("own")
	text := wText(100_000)
	for _, reply := range []string{wLengthOK + "100000\r\n\r\n" + text, wChunkedOK + "186a0\r\n" + text + "\r\n0\r\n\r\n"} {
		for _, fault := range []error{own, nil} { // nil: a short write without an error
			srv := wiretest.New(t, wiretest.Replies(reply, wOK))
			c := wNew(t).get(srv.URL("/"))
			var got []byte
			for _, n := range []int{0, 10, 1000, 70_000} {
				w := &wFailing{n: n, err: fault}
				wrote, cs, err := hackney.CopyBody(c.ctx, c.ClientState, w)
				e := wIs[*hackney.ArgumentError](t, c.fails(cs, err))
				if e.What != "writer" || fault != nil && !errors.Is(err, own) || fault == nil && !errors.Is(err, io.ErrShortWrite) {
					t.Errorf("error %v", err)
				}
				wBlame(t, err, hackney.BlameCaller)
				c.in(hackney.StateOnBody)
				if wrote != int64(n) {
					t.Errorf("%d bytes copied, want %d", wrote, n)
				}
				got = append(got, w.got...)
			}
			rest := c.body()
			wSame(t, string(got)+rest, text)
			c.in(hackney.StateDone).send(hackney.Req{}).wantBody("ok")
		}
	}
}

// What a file cannot take where the kernel moves the bytes is lost; the client says so.
func TestWireCopyBodyToAFileThatCannotBeWritten(t *testing.T) {
	wSplices(t)
	path := wFile(t, "out", "")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	srv := wiretest.New(t, wiretest.Replies(wLengthOK+"200000\r\n\r\n"+wText(200_000)))
	c := wNew(t).get(srv.URL("/"))
	_, cs, err := hackney.CopyBody(c.ctx, c.ClientState, f)
	e := wIs[*hackney.ArgumentError](t, c.fails(cs, err))
	if e.What != "writer" {
		t.Errorf("error %v", err)
	}
	if s := c.ResponseState(); s != hackney.StateOnBody && s != hackney.StateFailed {
		t.Errorf("response state %v", s)
	}
}

func TestWireBodyReaderClose(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK), wiretest.Replies(wOK))
	c := wNew(t).get(srv.URL("/"))
	r := hackney.NewBodyReader(c.ctx, c.ClientState)
	var one [1]byte
	r.Read(one[:])
	if err := r.Close(); err != nil || r.State().ConnectionState() != hackney.Closed {
		t.Errorf("Close in the middle gives %v, %v", err, r.State())
	}
	srv.WaitClosed(0)
	if _, err := r.Read(one[:]); !errors.Is(err, hackney.ErrClosed) {
		t.Errorf("Read behind Close gives %v", err)
	}
	c = wNew(t).get(srv.URL("/"))
	r = hackney.NewBodyReader(c.ctx, c.ClientState)
	io.ReadAll(r)
	if err := r.Close(); err != nil || r.State().ConnectionState() != hackney.Connected {
		t.Errorf("Close at the end gives %v, %v", err, r.State())
	}
	c.ClientState = r.State()
}

// A loop over Chunks may be left; what follows is still there.
func TestWireChunksLeftEarly(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wChunkedOK+"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"))
	c := wNew(t).get(srv.URL("/"))
	r := hackney.NewBodyReader(c.ctx, c.ClientState)
	for piece, err := range r.Chunks() {
		if string(piece) != "a" || err != nil {
			t.Errorf("piece %q, %v", piece, err)
		}
		break
	}
	c.ClientState = r.State()
	c.wantBody("bc")
}

// TestWireIncomplete breaks each part of a message off.
func TestWireIncomplete(t *testing.T) {
	for _, c := range []struct {
		name, reply string
		partial     string
		got, want   int64
		part        string
	}{
		{"nothing", "", "", 0, -1, "response head"},
		{"status line", "HTTP/1.1 20", "", 11, -1, "response head"},
		{"head", "HTTP/1.1 200 OK\r\nA: b\r\n", "", 23, -1, "response head"},
		{"behind a 1xx", "HTTP/1.1 100 C\r\n\r\nHTTP/", "", 23, -1, "response head"},
		{"body", wLengthOK + "10\r\n\r\nhello", "hello", 5, 10, "body"},
		{"body, large", wLengthOK + "1000000\r\n\r\n" + wText(100_000), wText(100_000), 100_000, 1_000_000, "body"},
		{"chunk size", wChunkedOK + "5\r\nhello\r\n5", "hello", 5, -1, "chunked body"},
		{"chunk", wChunkedOK + "5\r\nhello\r\n5\r\nwor", "hellowor", 8, -1, "chunk"},
		{"behind a chunk", wChunkedOK + "5\r\nhello", "hello", 5, -1, "chunked body"},
		{"between chunks", wChunkedOK + "5\r\nhello\r\n", "hello", 5, -1, "chunked body"},
		{"last chunk", wChunkedOK + "5\r\nhello\r\n0\r\n", "hello", 5, -1, "trailer section"},
		{"trailers", wChunkedOK + "5\r\nhello\r\n0\r\nA: b\r\n", "hello", 5, -1, "trailer section"},
	} {
		t.Run(c.name, func(t *testing.T) {
			play := wiretest.Conn{wiretest.Reply(c.reply).ThenClose()}
			srv := wiretest.New(t, play)
			cl := wNew(t)
			cs, err := hackney.Get(cl.ctx, srv.URL("/"), nil, nil, nil)
			if err == nil {
				_, cs, err = hackney.Body(cl.ctx, cs)
			}
			e := wIs[*hackney.IncompleteError](t, cl.fails(cs, err))
			if string(e.Partial) != c.partial || e.Got != c.got || e.Want != c.want || e.Part != c.part {
				t.Errorf("partial %.20q, got %d, want %d, part %q", e.Partial, e.Got, e.Want, e.Part)
			}
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%v is not io.ErrUnexpectedEOF", err)
			}
			wBlame(t, err, hackney.BlamePeer)
			wHas(t, err, "connection closed by "+srv.Addr()+" inside the "+c.part)
			cl.in(hackney.StateFailed).connection(hackney.Closed)
		})
	}
}

// By pieces, the pieces are given first and the error comes behind.
func TestWireIncompleteByPieces(t *testing.T) {
	for _, reply := range []string{wLengthOK + "10\r\n\r\nhello", wChunkedOK + "5\r\nhello\r\n", wChunkedOK + "a\r\nhello"} {
		play := wiretest.Conn{wiretest.Reply(reply).ThenClose()}
		srv := wiretest.New(t, play, play, play)
		c := wNew(t).get(srv.URL("/"))
		b, cs, err := hackney.StreamBody(c.ctx, c.ClientState)
		if c.to(cs, err); string(b) != "hello" {
			t.Errorf("piece %q", b)
		}
		b, cs, err = hackney.StreamBody(c.ctx, c.ClientState)
		if wIs[*hackney.IncompleteError](t, c.fails(cs, err)); len(b) != 0 {
			t.Errorf("piece %q", b)
		}
		c = wNew(t).get(srv.URL("/"))
		r := hackney.NewBodyReader(c.ctx, c.ClientState)
		got, err := io.ReadAll(r)
		if c.fails(r.State(), err); string(got) != "hello" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("read %q, %v", got, err)
		}
		c = wNew(t).get(srv.URL("/"))
		var out bytes.Buffer
		n, cs, err := hackney.CopyBody(c.ctx, c.ClientState, &out)
		if c.fails(cs, err); n != 5 || out.String() != "hello" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("copied %d, %q, %v", n, out.String(), err)
		}
	}
}

func TestWireResetInsideTheBody(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wLengthOK + "10\r\n\r\nhello").ThenReset()})
	c := wNew(t)
	cs, err := hackney.Get(c.ctx, srv.URL("/"), nil, nil, nil)
	if err == nil { // else the reset came before the head was read
		_, cs, err = hackney.Body(c.ctx, cs)
	}
	wIs[*hackney.TransportError](t, c.fails(cs, err))
	wBlame(t, err, hackney.BlameNetwork)
	c.in(hackney.StateFailed).connection(hackney.Closed)
}

// An interrupted read loses nothing, whichever operation goes on.
func TestWireInterruptedBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := wPipe(t, func(conn net.Conn) {
			for {
				if _, err := wReadHead(conn); err != nil {
					return
				}
				for _, part := range []string{wChunkedOK, "5\r\nhel", "lo\r\n7\r\n wo", "rld!\r\n0\r\n", "A: b\r\n\r\n"} {
					time.Sleep(time.Minute)
					if _, err := io.WriteString(conn, part); err != nil {
						return
					}
				}
			}
		})
		o.RecvTimeout = 40 * time.Second // runs out once before each part
		c := wNew(t)
		c.ctx = context.Background()
		retry := func(step func() (hackney.ClientState, error)) int {
			for n := 0; ; n++ {
				before := c.ClientState
				cs, err := step()
				c.ClientState = cs
				if !errors.Is(err, hackney.ErrTimeout) {
					c.to(cs, err)
					return n
				}
				wBlame(t, err, hackney.BlameNetwork)
				if c.connection(hackney.Connected); before.ResponseState() == hackney.StateOnBody && cs != before {
					t.Errorf("the state is %v, was %v", cs, before)
				}
			}
		}
		start := func(cs hackney.ClientState, err error) {
			if c.ClientState = cs; !errors.Is(err, hackney.ErrTimeout) {
				t.Fatalf("error %v", err)
			}
			c.in(hackney.StateWaiting)
			retry(func() (hackney.ClientState, error) { return hackney.StartResponse(c.ctx, c.ClientState) })
		}
		start(hackney.Get(c.ctx, "http://example.com/", nil, nil, o))
		var body []byte
		n := retry(func() (cs hackney.ClientState, err error) {
			body, cs, err = hackney.Body(c.ctx, c.ClientState)
			return cs, err
		})
		if string(body) != "hello world!" || n != 4 || c.Trailers().Get("A") != "b" {
			t.Errorf("body %q after %d interruptions", body, n)
		}

		start(hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{}))
		if _, cs, err := hackney.Body(c.ctx, c.ClientState); !errors.Is(err, hackney.ErrTimeout) || cs != c.ClientState {
			t.Fatalf("error %v", err)
		}
		if _, cs, err := hackney.Body(c.ctx, c.ClientState); !errors.Is(err, hackney.ErrTimeout) || cs != c.ClientState {
			t.Fatalf("error %v", err) // "hel" is parked now
		}
		r := hackney.NewBodyReader(c.ctx, c.ClientState)
		var got []byte
		for err := error(nil); err != io.EOF; {
			p := make([]byte, 2)
			var n int
			n, err = r.Read(p)
			if got = append(got, p[:n]...); err != nil && err != io.EOF && !errors.Is(err, hackney.ErrTimeout) {
				t.Fatal(err)
			}
		}
		if c.ClientState = r.State(); string(got) != "hello world!" {
			t.Errorf("read %q", got)
		}

		start(hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{}))
		if _, _, err := hackney.Body(c.ctx, c.ClientState); !errors.Is(err, hackney.ErrTimeout) {
			t.Fatal(err)
		}
		if _, _, err := hackney.Body(c.ctx, c.ClientState); !errors.Is(err, hackney.ErrTimeout) {
			t.Fatal(err)
		}
		var out bytes.Buffer
		for c.ResponseState() != hackney.StateDone {
			n, cs, err := hackney.CopyBody(c.ctx, c.ClientState, &out)
			if c.ClientState = cs; err != nil && !errors.Is(err, hackney.ErrTimeout) {
				t.Fatal(err)
			}
			_ = n
		}
		if out.String() != "hello world!" {
			t.Errorf("copied %q", out.String())
		}
	})
}

func TestWireFinestSteps(t *testing.T) {
	reply := "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 Fine\r\nA: 1\r\nB: two\r\n  lines\r\na: 3\r\nC:\r\nContent-Length: 2\r\n\r\nok"
	for name, cut := range map[string][][]byte{"whole": wiretest.Text(reply), "byte by byte": wiretest.Each(reply)} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Conn{{Wait: wiretest.Request, Send: cut}, wiretest.Reply(wOK), wiretest.Reply(wEmpty)})
			c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil).piece(hackney.Text("x"))
			c.to(hackney.StreamStatus(c.ctx, c.ClientState)).in(hackney.StateOnStatus).status(200)
			if c.Reason() != "Fine" || c.Version() != "1.1" || c.Headers().Len() != 0 || c.ContentLength() != -1 {
				t.Errorf("behind the status line: %q %q %v", c.Reason(), c.Version(), c.Headers())
			}
			if in := c.Interim(); len(in) != 1 || in[0].Status != 103 || in[0].Reason != "Hints" || in[0].Headers.Get("Link") != "x" {
				t.Errorf("interim responses %+v", in)
			}
			before := c.ClientState
			for _, want := range []string{"A=1", "B=two lines", "a=3"} {
				name, value, cs, err := hackney.StreamHeader(c.ctx, c.ClientState)
				if c.to(cs, err).in(hackney.StateOnHeader); name+"="+value != want {
					t.Errorf("field %s=%s, want %s", name, value, want)
				}
			}
			if got := c.Snapshot().PartialHeaders; got != "A: 1\nB: two lines\na: 3\n" {
				t.Errorf("partial headers %q", got)
			}
			c.to(hackney.StreamHeaders(c.ctx, c.ClientState)).in(hackney.StateOnBody)
			var all []string
			for name, value := range c.Headers().All() {
				all = append(all, name+"="+value)
			}
			if want := []string{"A=1", "B=two lines", "a=3", "C=", "Content-Length=2"}; !slices.Equal(all, want) {
				t.Errorf("headers %q, want %q", all, want)
			}
			if c.Status() != 200 || c.Reason() != "Fine" || c.ContentLength() != 2 {
				t.Errorf("status %d %q, length %d", c.Status(), c.Reason(), c.ContentLength())
			}
			c.wantBody("ok").connection(hackney.Connected)
			if before.ResponseState() != hackney.StateOnStatus || before.Headers().Len() != 0 {
				t.Errorf("an old state changed: %v", before)
			}

			// To the end by StreamHeader, and an answer without a body.
			for _, last := range []hackney.ResponseState{hackney.StateOnBody, hackney.StateDone} {
				c.send(hackney.Req{Method: "POST", Payload: hackney.Stream}).end()
				c.to(hackney.StreamStatus(c.ctx, c.ClientState)).in(hackney.StateOnStatus)
				name, _, cs, err := hackney.StreamHeader(c.ctx, c.ClientState)
				if c.to(cs, err); name != "Content-Length" {
					t.Errorf("field %q", name)
				}
				name, value, cs, err := hackney.StreamHeader(c.ctx, c.ClientState)
				if c.ClientState = cs; err != io.EOF || name+value != "" {
					t.Errorf("behind the last field: %q %q %v", name, value, err)
				}
				c.in(last)
				c.body()
			}
		})
	}
}

func TestWireFinestStepsRefuseWhatTheWholeDoes(t *testing.T) {
	for _, reply := range []string{
		"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\n A: b\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n",
	} {
		srv := wiretest.New(t, wiretest.Replies(reply))
		c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil).end()
		c.to(hackney.StreamStatus(c.ctx, c.ClientState)).status(200)
		err := c.fails(hackney.StreamHeaders(c.ctx, c.ClientState))
		wIs[*hackney.ProtocolError](t, err)
		wHas(t, err, srv.Addr())
		c.in(hackney.StateFailed).connection(hackney.Closed)
		srv.WaitClosed(0)
	}
}

// A reset in the middle of a body is the network's, and what came is not lost.
func TestWireResetInTheMiddleOfABody(t *testing.T) {
	gate := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
		wiretest.Say("").Gated(gate).ThenReset(),
	})
	ctx := context.Background()
	cs, err := hackney.Get(ctx, srv.URL("/"), nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	close(gate)
	_, cs, err = hackney.Body(ctx, cs)
	var lost *hackney.IncompleteError
	if !errors.As(err, &lost) || string(lost.Partial) != "abc" || lost.Got != 3 || lost.Want != 10 {
		t.Errorf("error %v, want an IncompleteError with 3 of 10 bytes, and with them", err)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, syscall.ECONNRESET) || hackney.BlameOf(err) != hackney.BlameNetwork {
		t.Errorf("error %v: want io.ErrUnexpectedEOF, ECONNRESET, and the network to blame", err)
	}
	if cs.ResponseState() != hackney.StateFailed {
		t.Errorf("state %v", cs.ResponseState())
	}
}
