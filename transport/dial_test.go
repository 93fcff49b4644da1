package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTransportFacts(t *testing.T) {
	type facts struct {
		Name, Scheme string
		Port         int
	}
	for _, c := range []struct {
		transport Transport
		want      facts
	}{
		{TCP, facts{"hackney_tcp_transport", "http", 80}},
		{TLS, facts{"hackney_ssl_transport", "https", 443}},
		{Unix("/run/x.sock"), facts{"hackney_unix_transport", "http", 80}},
	} {
		got := facts{c.transport.Name(), c.transport.Scheme(), c.transport.DefaultPort()}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("facts (-want +got):\n%s", diff)
		}
	}
	if Unix("/a") != Unix("/a") || Unix("/a") == Unix("/b") {
		t.Error("Unix transports are not equal by path")
	}
}

// TestDialBare holds that no wrapper comes between the caller and the kernel.
func TestDialBare(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost"} {
		ln := listen(t, "tcp", "127.0.0.1:0")
		go acceptAndClose(ln)
		_, port := hostAndPort(t, ln.Addr())
		for _, o := range []*Options{nil, {ConnectTimeout: time.Minute}} {
			conn, err := TCP.Dial(t.Context(), host, port, o)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, ok := conn.(*net.TCPConn); !ok {
				t.Errorf("%s: Dial returned %T, want *net.TCPConn", host, conn)
			}
		}
	}
}

// TestDialIPv6 works with and without IPv6: without it the error must be the
// system's own refusal of that one address.
func TestDialIPv6(t *testing.T) {
	port := refusedPort(t)
	ln, err := net.Listen("tcp", "[::1]:0")
	if err == nil {
		defer ln.Close()
		go acceptAndClose(ln)
		_, port = hostAndPort(t, ln.Addr())
	}
	conn, dialErr := TCP.Dial(t.Context(), "::1", port, nil)
	if err == nil {
		if dialErr != nil {
			t.Fatal(dialErr)
		}
		conn.Close()
		return
	}
	var no syscall.Errno
	if e := wantError(t, dialErr, "dial"); !errors.As(e, &no) || !strings.HasPrefix(e.Addr, "[::1]:") {
		t.Errorf("error is %v, want the system's about [::1]", dialErr)
	}
}

// TestDialZone holds that a literal with a zone is not looked up as a name.
func TestDialZone(t *testing.T) {
	_, err := TCP.Dial(t.Context(), "fe80::1%no-such-zone", 9, &Options{ConnectTimeout: time.Minute})
	if e := wantError(t, err, "dial"); e.Addr != "[fe80::1%no-such-zone]:9" {
		t.Errorf("Addr is %q", e.Addr)
	}
}

func TestDialUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln := listen(t, "unix", path)
	go acceptAndClose(ln)
	conn, err := Unix(path).Dial(t.Context(), "example.com", 80, &Options{ConnectTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, ok := conn.(*net.UnixConn); !ok {
		t.Errorf("Dial returned %T, want *net.UnixConn", conn)
	}
	gone := path + "-gone"
	_, err = Unix(gone).Dial(t.Context(), "example.com", 80, nil)
	e := wantError(t, err, "dial")
	if !errors.Is(e, os.ErrNotExist) || e.Error() != "network: dial "+gone+": connect: no such file or directory" {
		t.Errorf("error is %q", e)
	}
}

func TestDialRefused(t *testing.T) {
	port := refusedPort(t)
	_, err := TCP.Dial(t.Context(), "127.0.0.1", port, nil)
	e := wantError(t, err, "dial")
	if !errors.Is(err, syscall.ECONNREFUSED) || e.Timeout() || errors.Is(err, ErrTimeout) {
		t.Errorf("%v is not plainly a refusal", err)
	}
	if want := "network: dial " + e.Addr + ": connect: connection refused"; e.Error() != want {
		t.Errorf("text is %q, want %q", e, want)
	}
	for _, secure := range []*Options{nil, {Insecure: true}} {
		conn, err := TLS.Dial(t.Context(), "127.0.0.1", port, secure)
		if wantError(t, err, "dial"); conn != nil {
			t.Error("a connection came with an error")
		}
	}
}

func TestDialBadPort(t *testing.T) {
	for _, port := range []int{-1, 0, 65536, 1 << 40} {
		for _, tr := range []Transport{TCP, TLS} {
			_, err := tr.Dial(t.Context(), "127.0.0.1", port, nil)
			if e := wantError(t, err, "dial"); e.Err != errPort {
				t.Errorf("port %d: %v", port, err)
			}
		}
	}
}

func TestDialUnresolvable(t *testing.T) {
	for _, host := range []string{"", "no host", "[::1]"} {
		_, err := TCP.Dial(t.Context(), host, 80, &Options{ConnectTimeout: time.Minute})
		var dns *net.DNSError
		if e := wantError(t, err, "resolve"); !errors.As(e, &dns) {
			t.Errorf("%q: %v has no *net.DNSError", host, err)
		}
	}
}

// TestDialEndedContext holds that nothing is tried once the context has ended,
// and that both its error and its cause are found.
func TestDialEndedContext(t *testing.T) {
	cause := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	custom := &Options{DialContext: func(context.Context, string, string) (net.Conn, error) {
		t.Error("DialContext was called")
		return nil, io.EOF
	}}
	dials := map[string]func() (net.Conn, error){
		"literal": func() (net.Conn, error) { return TCP.Dial(ctx, "127.0.0.1", 9, nil) },
		"name":    func() (net.Conn, error) { return TCP.Dial(ctx, "localhost", 9, nil) },
		"tls":     func() (net.Conn, error) { return TLS.Dial(ctx, "127.0.0.1", 9, nil) },
		"unix":    func() (net.Conn, error) { return Unix("/nowhere").Dial(ctx, "", 0, nil) },
		"custom":  func() (net.Conn, error) { return TCP.Dial(ctx, "h", 9, custom) },
	}
	for name, dial := range dials {
		_, err := dial()
		if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || errors.Is(err, ErrTimeout) {
			t.Errorf("%s: %v, want the context's error and its cause, and no timeout", name, err)
		}
		if text := err.Error(); !strings.HasSuffix(text, ": context canceled: shutting down") {
			t.Errorf("%s: text is %q", name, text)
		}
	}
}

func TestDialContextOption(t *testing.T) {
	type call struct{ Network, Addr string }
	var calls []call
	far, near := net.Pipe()
	defer far.Close()
	o := &Options{ConnectTimeout: time.Minute, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if _, ok := ctx.Deadline(); !ok || ctx.Done() == nil {
			t.Error("the context has no deadline")
		}
		calls = append(calls, call{network, addr})
		return near, nil
	}}
	conn, err := TCP.Dial(t.Context(), "Example.com", 80, o)
	if err != nil || conn != near {
		t.Errorf("TCP gave %v, %v, want what DialContext gave", conn, err)
	}
	if conn, err = Unix("/s").Dial(t.Context(), "", 0, o); err != nil || conn != near {
		t.Errorf("Unix gave %v, %v, want what DialContext gave", conn, err)
	}
	if diff := cmp.Diff([]call{{"tcp", "Example.com:80"}, {"unix", "/s"}}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestDialContextOptionFails(t *testing.T) {
	nothing := &Options{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, nil }}
	_, err := TCP.Dial(t.Context(), "h", 80, nothing)
	if e := wantError(t, err, "dial"); e.Err != errNoConn {
		t.Errorf("error is %v, want %v", err, errNoConn)
	}
	waits := &Options{ConnectTimeout: time.Millisecond, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	_, err = TCP.Dial(t.Context(), "h", 80, waits)
	wantTimeout(t, err, "dial")
	if !strings.Contains(err.Error(), "timed out after 1ms") {
		t.Errorf("text is %q", err)
	}
}

func TestErrorText(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}, Err: syscall.ECONNREFUSED}
	for _, c := range []struct {
		err  *Error
		want string
	}{
		{&Error{Op: "dial", Addr: "127.0.0.1:9", Err: refused}, "network: dial 127.0.0.1:9: connection refused"},
		{&Error{Op: "dial", Addr: "h:9", Err: refused}, "network: dial h:9: dial tcp 127.0.0.1:9: connection refused"},
		{&Error{Op: "dial", Addr: "h:9", Err: errors.Join(ErrTimeout, refused)}, "network: dial h:9: timed out; dial tcp 127.0.0.1:9: connection refused"},
		{&Error{Op: "read response head", Addr: "h:80", Sent: 120, Err: ErrTimeout}, "network: read response head h:80: timed out (120 bytes sent, 0 received)"},
		{&Error{Op: "flush"}, "network: flush"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("text is %q, want %q", got, c.want)
		}
	}
}

func TestErrorTimeout(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{io.EOF, false},
		{context.Canceled, false},
		{context.DeadlineExceeded, true},
		{os.ErrDeadlineExceeded, true},
		{syscall.ETIMEDOUT, true},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, true},
		{errors.Join(io.EOF, &net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}), true},
		{errors.Join(io.EOF, &net.OpError{Op: "dial", Err: syscall.ECONNRESET}), false},
		{&Error{Err: ErrTimeout}, true},
	} {
		e := &Error{Op: "read", Err: c.err}
		if e.Timeout() != c.want || errors.Is(e, ErrTimeout) != c.want {
			t.Errorf("%v: Timeout() is %v, errors.Is(ErrTimeout) is %v, want %v", c.err, e.Timeout(), errors.Is(e, ErrTimeout), c.want)
		}
	}
}

// TestDialAllocs keeps a limit cheaper than package net's.
func TestDialAllocs(t *testing.T) {
	ln := listen(t, "tcp", "127.0.0.1:0")
	go acceptAndClose(ln)
	host, port := hostAndPort(t, ln.Addr())
	measure := func(dial func() (net.Conn, error)) float64 {
		return testing.AllocsPerRun(100, func() {
			conn, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
		})
	}
	o := &Options{ConnectTimeout: time.Minute}
	d := net.Dialer{Timeout: time.Minute}
	ctx := context.Background()
	ours := measure(func() (net.Conn, error) { return TCP.Dial(ctx, host, port, o) })
	nets := measure(func() (net.Conn, error) { return d.DialContext(ctx, "tcp", ln.Addr().String()) })
	if ours >= nets {
		t.Errorf("a dial with a limit makes %v allocations, package net %v", ours, nets)
	}
}
