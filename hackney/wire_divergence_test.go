package hackney_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// The tests TestDivergence show entries of docs/divergences.md that no other test
// shows. The names in them are those of the recordings of hackney 0.6.0.

// wWrites are options whose connections are pipes, over which each Read gives what one
// Write sent. The peer answers once it has got want, and then tells the writes.
func wWrites(t *testing.T, want string) (*hackney.Opts, <-chan []string) {
	writes := make(chan []string, 1)
	return wPipe(t, func(c net.Conn) {
		var got []string
		buf := make([]byte, 1<<20)
		for total := 0; total < len(want); {
			n, err := c.Read(buf)
			if err != nil {
				t.Errorf("%d bytes came in %d writes, want %d: %v", total, len(got), len(want), err)
				break
			}
			got = append(got, string(buf[:n]))
			total += n
		}
		writes <- got
		io.WriteString(c, wEmpty)
	}), writes
}

// 0.6.0 wrote in portions of 4096 bytes.
func TestDivergenceSmallBodyIsOneWrite(t *testing.T) {
	text := wText(10_000)
	chunked := headers.New("Transfer-Encoding", "chunked")
	for name, c := range map[string]struct {
		h    *headers.Headers
		p    hackney.Payload
		want string
	}{
		"post_large_binary": {nil, hackney.Text(text), wWant("POST /", wOctets, "Content-Length: 10000") + text},
		"4096 bytes":        {nil, hackney.Text(text[:4096]), wWant("POST /", wOctets, "Content-Length: 4096") + text[:4096]},
		"list":              {nil, hackney.Chunks([]byte(text[:4096]), []byte(text[4096:])), wWant("POST /", wOctets, "Content-Length: 10000") + text},
		"chunked":           {chunked, hackney.Text(text), wWant("POST /", wOctets, wChunked) + "2710\r\n" + text + "\r\n0\r\n\r\n"},
		"no body":           {nil, nil, wWant("POST /", wOctets, "Content-Length: 0")},
	} {
		t.Run(name, func(t *testing.T) {
			want := strings.ReplaceAll(c.want, "{host}", "example.com")
			o, writes := wWrites(t, want)
			cl := wNew(t).request("POST", "http://example.com/", c.h, c.p, o).in(hackney.StateDone)
			got := wBounded(t, writes)
			wSame(t, strings.Join(got, ""), want)
			if len(got) != 1 {
				t.Errorf("%d writes, want 1", len(got))
			}
			cl.to(hackney.Close(cl.ClientState))
		})
	}
}

// A large body over a connection that is no TCP socket: an empty write, which may
// wait for the peer there, is never made.
func TestWireLargeBodyOverAPipe(t *testing.T) {
	for name, h := range map[string]*headers.Headers{
		"length":  nil,
		"chunked": headers.New("Transfer-Encoding", "chunked"),
	} {
		t.Run(name, func(t *testing.T) {
			text := wText(100_000)
			want := wWant("POST /", wOctets, "Content-Length: 100000") + text
			if h != nil {
				want = wWant("POST /", wOctets, wChunked) + "186a0\r\n" + text + "\r\n0\r\n\r\n"
			}
			want = strings.ReplaceAll(want, "{host}", "example.com")
			o, writes := wWrites(t, want)
			cl := wNew(t).request("POST", "http://example.com/", h, hackney.Text(text), o).in(hackney.StateDone)
			wSame(t, strings.Join(wBounded(t, writes), ""), want)
			cl.to(hackney.Close(cl.ClientState))
		})
	}
}

// A streamed piece is one chunk, whatever multiple of 4096 it is.
func TestDivergenceAPieceIsOneChunk(t *testing.T) {
	for _, n := range []int{1, 4095, 4096, 4097, 8192, 10_000, 12_288} {
		srv := wiretest.New(t, wiretest.Replies(wEmpty))
		c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil)
		c.piece(hackney.Text(wText(n))).piece(hackney.Text("x")).end().response().in(hackney.StateDone)
		c.wantSent(srv, 0, wWant("POST /", wChunked)+wHex(n)+"\r\n"+wText(n)+"\r\n1\r\nx\r\n0\r\n\r\n")
	}
}

// stream_empty_binary_missing_end, stream_empty_list_early_end: a piece of nothing
// neither ends a chunked body nor hides its end, whatever it is made of.
func TestDivergenceEmptyPiecesSendNothing(t *testing.T) {
	empty := map[string]func() hackney.Payload{
		"bytes":          func() hackney.Payload { return hackney.Bytes(nil) },
		"text":           func() hackney.Payload { return hackney.Text("") },
		"no list":        func() hackney.Payload { return hackney.Chunks() },
		"list of nil":    func() hackney.Payload { return hackney.Chunks(nil, []byte{}) },
		"form":           func() hackney.Payload { return hackney.Form() },
		"file":           func() hackney.Payload { return hackney.File(wFile(t, "a", ""), 0, 0) },
		"reader":         func() hackney.Payload { return hackney.FromReader(strings.NewReader(""), -1) },
		"reader of none": func() hackney.Payload { return hackney.FromReader(strings.NewReader(""), 0) },
		"function":       func() hackney.Payload { return wPieces(io.EOF, "", "") },
		"nil":            func() hackney.Payload { return nil },
	}
	for name, piece := range empty {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies(wOK, wOK))
			c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil)
			c.piece(piece()).piece(hackney.Text("one")).in(hackney.StateStream).piece(piece())
			c.response().wantBody("ok") // ends the body, too
			c.send(hackney.Req{Method: "POST", Payload: hackney.Stream}).piece(piece()).end().response().wantBody("ok")
			c.wantSent(srv, 0, wWant("POST /", wChunked)+"3\r\none\r\n0\r\n\r\n"+wWant("POST /", wChunked)+"0\r\n\r\n")
		})
	}
}

// What a response said is not what the next one says.
func TestDivergenceFactsDoNotStick(t *testing.T) {
	// reuse_stale_clen_zero
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wEmpty), wiretest.Reply("HTTP/1.0 200 OK\r\n\r\nhello").ThenClose()})
	c := wNew(t).get(srv.URL("/")).in(hackney.StateDone)
	c.send(hackney.Req{}).in(hackney.StateOnBody)
	if c.ContentLength() != -1 {
		t.Errorf("length %d of the response before", c.ContentLength())
	}
	c.wantBody("hello").connection(hackney.Closed)

	// reuse_after_close_sticky
	srv = wiretest.New(t, wiretest.Replies(wHeadOK+"Connection: close\r\nContent-Length: 2\r\n\r\nok"), wiretest.Replies(wOK, wOK))
	c = wNew(t).get(srv.URL("/1")).wantBody("ok").connection(hackney.Closed)
	c.send(hackney.Req{Path: "/2"}).wantBody("ok").connection(hackney.Connected)
	if c.send(hackney.Req{Path: "/3"}).wantBody("ok"); !c.Reused() {
		t.Error("the connection was not kept")
	}
	c.wantSent(srv, 1, wWant("GET /2")+wWant("GET /3"))

	// The same of the coding, the fields and the location.
	srv = wiretest.New(t, wiretest.Replies(wHeadOK+"Transfer-Encoding: chunked\r\nLocation: /l\r\nX-A: 1\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n", wLengthOK+"5\r\n\r\n0\r\n\r\n", wOK))
	c = wNew(t).get(srv.URL("/")).wantBody("ok")
	if c.Location() == "" || c.Trailers().Len() != 1 {
		t.Errorf("location %q, trailers %v", c.Location(), c.Trailers())
	}
	c.send(hackney.Req{})
	if c.Location() != "" || c.Headers().Has("X-A") || c.Headers().Len() != 1 || c.Trailers().Len() != 0 {
		t.Errorf("location %q, headers %v, trailers %v of the response before", c.Location(), c.Headers(), c.Trailers())
	}
	c.wantBody("0\r\n\r\n").send(hackney.Req{}).wantBody("ok")
}

// tls_default_port_443, connect_ipv6: Host of a URL, and of a client that was connected
// without one.
func TestDivergenceHostField(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"https://localhost:443/", "localhost"},
		{"https://localhost/", "localhost"},
		{"https://localhost:80/", "localhost:80"},
	} {
		srv := wiretest.Start(t, wiretest.Options{TLS: true}, wiretest.Replies(wEmpty, wEmpty))
		o := wTLS(srv)
		o.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, srv.Addr())
		}
		cl := wNew(t).request("GET", c.url, nil, nil, o)
		cl.send(hackney.Req{Path: "/2"})
		wSame(t, cl.sent(srv, 0), strings.ReplaceAll(wWant("GET /")+wWant("GET /2"), "{host}", c.want))
	}
	for _, c := range []struct {
		over transport.Transport
		host string
		port int
		want string
	}{
		{transport.TCP, "::1", 18080, "[::1]:18080"},
		{transport.TCP, "::1", 80, "[::1]"},
		{transport.TCP, "example.com", 80, "example.com"},
		{transport.TCP, "example.com", 443, "example.com:443"},
	} {
		heads := make(chan string, 1)
		o := wPipe(t, func(conn net.Conn) {
			head, _ := wReadHead(conn)
			heads <- head
			io.WriteString(conn, wEmpty)
		})
		cl := wNew(t)
		cl.to(hackney.Connect(cl.ctx, c.over, c.host, c.port, o)).send(hackney.Req{})
		wSame(t, wBounded(t, heads), strings.ReplaceAll(wWant("GET /"), "{host}", c.want))
		cl.to(hackney.Close(cl.ClientState))
	}
}

// unexpected_100: one that nobody asked for is not the answer either.
func TestDivergenceUnaskedContinue(t *testing.T) {
	const continued = "HTTP/1.1 100 Continue\r\n\r\n"
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(continued, wOK), wiretest.Reply(continued + wOK)})
	c := wNew(t).get(srv.URL("/"))
	answered := func() {
		t.Helper()
		if in := c.status(200).Interim(); len(in) != 1 || in[0].Status != 100 || in[0].Reason != "Continue" {
			t.Errorf("interim responses %+v", in)
		}
		c.wantBody("ok").connection(hackney.Connected)
	}
	answered()
	c.send(hackney.Req{Method: "PUT", Payload: hackney.Text("body")})
	answered()
	c.wantSent(srv, 0, wWant("GET /")+wWant("PUT /", wOctets, "Content-Length: 4")+"body")
}

// expect_recv_timeout_ignored: here as there, the wait for a 100 has a limit of its own.
func TestDivergenceExpectHasItsOwnLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waited time.Duration
		o := wPipe(t, func(conn net.Conn) {
			wReadHead(conn)
			start := time.Now()
			io.ReadFull(conn, make([]byte, 5))
			waited = time.Since(start)
			io.WriteString(conn, wOK)
		})
		o.RecvTimeout = 300 * time.Millisecond
		c := wNew(t)
		c.ctx = context.Background()
		c.request("POST", "http://example.com/", wExpect, hackney.Text("hello"), o).status(200).wantBody("ok")
		if waited != time.Second {
			t.Errorf("the body came after %v, want a second", waited)
		}
	})
}
