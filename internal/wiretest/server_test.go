package wiretest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hackney-go/hackney/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// TestServer shows a server at work: two connections, one with two requests.
func TestServer(t *testing.T) {
	srv := New(t,
		Conn{Reply(ok), Reply("HTTP/1.1 ", "204 No Content\r\n\r\n").ThenClose()},
		Replies(ok),
	)
	a := dial(t, srv)
	write(t, a, post)
	expect(t, a, ok)
	write(t, a, chunked[:20], chunked[20:])
	if got := readAll(t, a); got != "HTTP/1.1 204 No Content\r\n\r\n" {
		t.Errorf("second answer %q", got)
	}
	if got := string(srv.Received(0)); got != post+chunked {
		t.Errorf("received %q", got)
	}
	if msgs := srv.Requests(0); len(msgs) != 2 || string(msgs[0].Body) != "hello" {
		t.Errorf("requests %v", msgs)
	}
	if end := srv.WaitClosed(0); end != ServerClosed {
		t.Errorf("first connection: %v", end)
	}

	b := dial(t, srv)
	write(t, b, get)
	expect(t, b, ok)
	if end := srv.Ended(1); end != Open {
		t.Errorf("second connection before its close: %v", end)
	}
	b.Close()
	if end := srv.WaitClosed(1); end != ClientClosed || srv.Conns() != 2 {
		t.Errorf("second connection: %v; %d connections", end, srv.Conns())
	}
}

func TestWaits(t *testing.T) {
	chunks := "3\r\nabc\r\n0\r\n\r\n"
	head := "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
	cases := []struct {
		name   string
		script Conn
		writes []string // an answer "n" is awaited after each
	}{
		{"nothing", Conn{Say("0"), On(Request, "1")}, []string{"", get}},
		{"bytes", Conn{On(Bytes(2), "0"), On(Bytes(3), "1")}, []string{"ab", "cde"}},
		{"head then body", Conn{On(Head, "0"), On(Body, "1"), Reply("2")}, []string{head, chunks, post}},
		{"head then chunked end", Conn{On(Head, "0"), On(ChunkedEnd, "1")}, []string{head, chunks}},
		{
			"head, bytes, body",
			Conn{On(Head, "0"), On(Bytes(2), "1"), On(Body, "2"), Reply("3")},
			[]string{head, "3\r", chunks[2:], get},
		},
		{"chunked end with its head", Conn{On(ChunkedEnd, "0"), On(Request, "1")}, []string{head + chunks, get}},
		{"quiet", Conn{On(Quiet(20*time.Millisecond), "0"), On(Request, "1")}, []string{"no request", get}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			srv := New(t, c.script)
			nc := dial(t, srv)
			for i, w := range c.writes {
				write(t, nc, w)
				expect(t, nc, fmt.Sprint(i))
			}
			if got, want := string(srv.Received(0)), strings.Join(c.writes, ""); got != want {
				t.Errorf("received %q, want %q", got, want)
			}
		})
	}
}

func TestEnds(t *testing.T) {
	cases := []struct {
		name   string
		script Conn
		want   End
		readOK bool // whether the client sees a clean end
	}{
		{"close", Conn{Reply(ok).ThenClose()}, ServerClosed, true},
		{"drop", Conn{Reply(ok).ThenDrop()}, ServerClosed, true},
		{"reset", Conn{Reply().ThenReset()}, ServerReset, false},
		{"close of one side", Conn{Reply(ok).ThenCloseWrite()}, ClientClosed, true},
		{"client leaves early", Conn{Reply(ok).ThenCloseWrite(), Reply(ok)}, ClientClosedEarly, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			srv := New(t, c.script)
			nc := dial(t, srv)
			write(t, nc, get)
			got, err := io.ReadAll(nc)
			if c.readOK && (err != nil || string(got) != ok) {
				t.Errorf("client got %q, error %v", got, err)
			}
			if !c.readOK && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("client got %q, error %v; want a reset", got, err)
			}
			nc.Close()
			if end := srv.WaitClosed(0); end != c.want {
				t.Errorf("ended: %v, want %v", end, c.want)
			}
		})
	}
}

func TestGate(t *testing.T) {
	gate := make(chan struct{})
	srv := New(t, Conn{Say("a"), Reply("b").Gated(gate)})
	nc := dial(t, srv)
	srv.WaitStep(0, 1)
	write(t, nc, get)
	if got := string(srv.WaitReceived(0, len(get))); got != get {
		t.Errorf("received %q before the gate", got)
	}
	expect(t, nc, "a")
	nc.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if n, err := nc.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes passed the gate", n)
	}
	nc.SetReadDeadline(time.Time{})
	close(gate)
	expect(t, nc, "b")
}

func TestDelayAndGap(t *testing.T) {
	const pause = 20 * time.Millisecond
	srv := New(t, Conn{Step{Send: Each("abc"), Then: Close}.After(pause).Spaced(pause)})
	start := time.Now()
	if got := readAll(t, dial(t, srv)); got != "abc" {
		t.Errorf("got %q", got)
	}
	if d := time.Since(start); d < 3*pause {
		t.Errorf("three pauses of %v took %v", pause, d)
	}
}

func TestStall(t *testing.T) {
	gate := make(chan struct{})
	srv := Start(t, Options{ReadBuffer: 64 << 10}, Conn{
		Say().ThenStall(),
		Say("go").Gated(gate),
	})
	nc := dial(t, srv)
	nc.(*net.TCPConn).SetWriteBuffer(4096)
	nc.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	sent, err := nc.Write(make([]byte, 16<<20))
	if err == nil || len(srv.Received(0)) != 0 {
		t.Fatalf("stalled: error %v, %d bytes received", err, len(srv.Received(0)))
	}
	close(gate)
	expect(t, nc, "go")
	if got := len(srv.WaitReceived(0, sent)); got != sent {
		t.Errorf("received %d bytes, sent %d", got, sent)
	}
}

func TestStallToTheEnd(t *testing.T) {
	srv := New(t, Conn{On(Head, "x").ThenStall()})
	nc := dial(t, srv)
	write(t, nc, get)
	expect(t, nc, "x")
	srv.WaitStep(0, 1)
	write(t, nc, get)
	srv.Close()
	if end := srv.Ended(0); end != Open || string(srv.Received(0)) != get {
		t.Errorf("ended: %v, received %q", end, srv.Received(0))
	}
}

func TestTLS(t *testing.T) {
	srv := Start(t, Options{TLS: true}, Conn{Reply(ok), Reply(ok).ThenClose()})
	nc := tls.Client(dial(t, srv), clientTLS(srv))
	for range 2 {
		write(t, nc, get)
		expect(t, nc, ok)
	}
	if rest := readAll(t, nc); rest != "" || string(srv.Received(0)) != get+get {
		t.Errorf("rest %q, received %q", rest, srv.Received(0))
	}
	if url := srv.URL("/x"); url != "https://"+srv.Addr()+"/x" {
		t.Errorf("URL %q", url)
	}
}

// TestDrop counts what comes over the socket: crypto/tls hides a missing
// close_notify when it is missing between two records.
func TestDrop(t *testing.T) {
	srv := Start(t, Options{
		TLS:     true,
		TuneTLS: func(c *tls.Config) { c.SessionTicketsDisabled = true },
	}, Conn{Reply().ThenDrop()}, Conn{Reply().ThenClose()})
	var sizes []int
	for range 2 {
		counted := &countingConn{Conn: dial(t, srv)}
		nc := tls.Client(counted, clientTLS(srv))
		write(t, nc, get)
		readAll(t, nc)
		sizes = append(sizes, counted.n)
	}
	// A signature may be a few bytes shorter; an alert record has 24 bytes.
	if alert := sizes[1] - sizes[0]; alert < 16 {
		t.Errorf("the close sent %d bytes more than the drop, want a whole alert", alert)
	}
}

type countingConn struct {
	net.Conn
	n int
}

func (c *countingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.n += n
	return n, err
}

func TestHandshakeFailed(t *testing.T) {
	srv := Start(t, Options{TLS: true}, Conn{})
	nc := tls.Client(dial(t, srv), &tls.Config{ServerName: "localhost"})
	if err := nc.Handshake(); err == nil {
		t.Error("handshake without the root: want an error")
	}
	if end := srv.WaitClosed(0); end != HandshakeFailed {
		t.Errorf("ended: %v", end)
	}
}

func TestStartTLS(t *testing.T) {
	for _, outer := range []bool{false, true} {
		t.Run(fmt.Sprintf("outer TLS %t", outer), func(t *testing.T) {
			connect := "CONNECT h:443 HTTP/1.1\r\n\r\n"
			srv := Start(t, Options{TLS: outer}, Conn{
				Reply("HTTP/1.1 200 OK\r\n\r\n").ThenTLS(),
				Reply(ok).ThenStall(),
				Reply(ok).ThenClose(),
			})
			nc := dial(t, srv)
			if outer {
				nc = tls.Client(nc, clientTLS(srv))
			}
			write(t, nc, connect)
			expect(t, nc, "HTTP/1.1 200 OK\r\n\r\n")
			nc = tls.Client(nc, clientTLS(srv))
			for range 2 {
				write(t, nc, get)
				expect(t, nc, ok)
			}
			if got := string(srv.Received(0)); got != connect+get+get {
				t.Errorf("received %q", got)
			}
		})
	}
}

func TestUnix(t *testing.T) {
	srv := Start(t, Options{Unix: true}, Replies(ok))
	nc, err := net.Dial("unix", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	write(t, nc, get)
	expect(t, nc, ok)
	if url := srv.URL("/"); url != "http://localhost/" {
		t.Errorf("URL %q", url)
	}
}

func TestIPv6(t *testing.T) {
	if !HasIPv6() {
		t.Skip("no IPv6 here")
	}
	srv := Start(t, Options{IPv6: true}, Replies(ok))
	nc := dial(t, srv)
	write(t, nc, get)
	expect(t, nc, ok)
	if url := srv.URL("/"); url != fmt.Sprintf("http://[::1]:%d/", srv.Port()) {
		t.Errorf("URL %q", url)
	}
}

func TestExpect(t *testing.T) {
	srv := New(t)
	location := "Location: " + srv.URL("/to") + "\r\n\r\n"
	srv.Expect(Conn{Say(location).ThenClose()})
	if got := readAll(t, dial(t, srv)); got != location {
		t.Errorf("got %q", got)
	}
}

func TestFailures(t *testing.T) {
	cases := []struct {
		name, want string
		play       func(t *testing.T, tb TB)
	}{
		{"extra connection", "the script does not have", func(t *testing.T, tb TB) {
			srv := New(tb)
			readAll(t, dial(t, srv))
			srv.WaitConns(1)
		}},
		{"no request", "Content-Length", func(t *testing.T, tb TB) {
			srv := New(tb, Replies(ok))
			nc := dial(t, srv)
			write(t, nc, "POST / HTTP/1.1\r\nContent-Length: z\r\n\r\n")
			readAll(t, nc)
		}},
		{"requests that are none", "chunk size", func(t *testing.T, tb TB) {
			srv := New(tb, Conn{})
			nc := dial(t, srv)
			write(t, nc, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n")
			srv.WaitReceived(0, 50)
			srv.Requests(0)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tb := &fakeTB{}
			c.play(t, tb)
			tb.end()
			if got := strings.Join(tb.errors, "\n"); !strings.Contains(got, c.want) {
				t.Errorf("errors %q, want one with %q", got, c.want)
			}
		})
	}
}

func TestAllowExtra(t *testing.T) {
	srv := Start(t, Options{AllowExtra: true})
	if got := readAll(t, dial(t, srv)); got != "" {
		t.Errorf("got %q", got)
	}
	srv.WaitConns(1)
}

// TestListener plays over connections that are no sockets.
func TestListener(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	srv := Start(t, Options{Listener: &oneConn{conn: server, done: make(chan struct{})}}, Replies(ok))
	write(t, client, get)
	expect(t, client, ok)
	if got := string(srv.Received(0)); got != get {
		t.Errorf("received %q", got)
	}
}

type oneConn struct {
	conn net.Conn
	done chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error   { close(l.done); return nil }
func (l *oneConn) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// fakeTB keeps the errors that a server reports.
type fakeTB struct {
	mu       sync.Mutex
	errors   []string
	cleanups []func()
}

func (f *fakeTB) Helper()                        {}
func (f *fakeTB) Cleanup(fn func())              { f.cleanups = append(f.cleanups, fn) }
func (f *fakeTB) Fatalf(format string, a ...any) { panic(fmt.Sprintf(format, a...)) }
func (f *fakeTB) Errorf(format string, a ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errors = append(f.errors, fmt.Sprintf(format, a...))
}

func (f *fakeTB) end() {
	for _, fn := range f.cleanups {
		fn()
	}
}

func dial(t *testing.T, srv *Server) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return nc
}

func clientTLS(srv *Server) *tls.Config {
	return &tls.Config{RootCAs: srv.CertPool(), ServerName: "localhost"}
}

func write(t *testing.T, w io.Writer, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if _, err := io.WriteString(w, p); err != nil {
			t.Fatalf("write: %v", err)
		}
	}
}

func expect(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("client got %q, error %v; want %q", got[:n], err, want)
	}
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Errorf("read: %v", err)
	}
	return string(b)
}
