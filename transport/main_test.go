package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain fails the run when a goroutine or, on Linux, a socket is left over.
func TestMain(m *testing.M) {
	code := m.Run()
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if n := settledSockets(0); n > 0 {
		fmt.Fprintf(os.Stderr, "%d sockets are still open\n", n)
		code = 1
	}
	os.Exit(code)
}

// openSockets counts the sockets of this process; 0 where that is not known.
func openSockets() int {
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || runtime.GOOS != "linux" {
		return 0
	}
	n := 0
	for _, l := range links {
		if target, err := os.Readlink(l); err == nil && strings.HasPrefix(target, "socket:") {
			n++
		}
	}
	return n
}

// settledSockets counts the open sockets when they have come down to want, or
// when five seconds of waiting for the far ends to close were in vain.
func settledSockets(want int) int {
	for end := time.Now().Add(5 * time.Second); ; runtime.Gosched() {
		if n := openSockets(); n <= want || time.Now().After(end) {
			return n
		}
	}
}

// listen opens a listener that is closed when the test ends.
func listen(t testing.TB, network, addr string) net.Listener {
	t.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// hostAndPort takes the address of a listener apart.
func hostAndPort(t testing.TB, addr net.Addr) (string, int) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return host, n
}

// acceptAndClose serves connections by waiting until the client closes them.
func acceptAndClose(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			io.Copy(io.Discard, conn)
			conn.Close()
		}()
	}
}

// pair returns the two ends of a connection.
func pair(t testing.TB, network, addr string) (client, server net.Conn) {
	t.Helper()
	ln := listen(t, network, addr)
	client, err := net.Dial(network, ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	server, err = ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return client, server
}

func tcpPair(t testing.TB) (client, server net.Conn) { return pair(t, "tcp", "127.0.0.1:0") }

// refusedPort returns a port of 127.0.0.1 where nobody listens.
func refusedPort(t testing.TB) int {
	t.Helper()
	ln := listen(t, "tcp", "127.0.0.1:0")
	_, port := hostAndPort(t, ln.Addr())
	ln.Close()
	return port
}

// wantError takes err as an *Error of the given phase.
func wantError(t testing.TB, err error, op string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %T (%v), want *Error", err, err)
	}
	if e.Op != op {
		t.Fatalf("Op is %q, want %q (%v)", e.Op, op, err)
	}
	return e
}

// wantTimeout demands that err is a timeout in every way there is to ask.
func wantTimeout(t testing.TB, err error, op string) {
	t.Helper()
	if e := wantError(t, err, op); !e.Timeout() || !errors.Is(err, ErrTimeout) {
		t.Fatalf("%v: Timeout() is %v, errors.Is(ErrTimeout) is %v, want both", err, e.Timeout(), errors.Is(err, ErrTimeout))
	}
}
