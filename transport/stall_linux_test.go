package transport

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stalled returns a port of 127.0.0.1 where connecting neither succeeds nor
// fails, because the queue of its listener is full.
func stalled(t *testing.T) int {
	t.Helper()
	ln := listen(t, "tcp", "127.0.0.1:0")
	raw, err := ln.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) }) // a shorter queue
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		conn, err := net.DialTimeout("tcp", ln.Addr().String(), 50*time.Millisecond)
		if err != nil {
			_, port := hostAndPort(t, ln.Addr())
			return port
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Fatal("the queue does not fill up")
	return 0
}

// TestConnectTimeout holds the limit of a real connect for which no context
// runs out.
func TestConnectTimeout(t *testing.T) {
	port := stalled(t)
	before := openSockets()
	for _, host := range []string{"127.0.0.1", "localhost"} {
		for name, tr := range map[string]Transport{"TCP": TCP, "TLS": TLS} {
			start := time.Now()
			_, err := tr.Dial(context.Background(), host, port, &Options{ConnectTimeout: 100 * time.Millisecond})
			wantTimeout(t, err, "dial")
			if took := time.Since(start); took < 100*time.Millisecond || took > 3*time.Second {
				t.Errorf("%s %s took %v", name, host, took)
			}
			if !strings.Contains(err.Error(), "timed out after 100ms") {
				t.Errorf("%s %s: %v", name, host, err)
			}
		}
	}
	if n := openSockets(); n != before {
		t.Errorf("%d sockets are open, before it were %d", n, before)
	}
}

// TestContextDeadline holds a real connect against the deadline of the caller's
// context, of the usual kind and of one without a Done channel.
func TestContextDeadline(t *testing.T) {
	port := stalled(t)
	at := time.Now().Add(100 * time.Millisecond)
	usual, cancel := context.WithDeadline(context.Background(), at)
	defer cancel()
	for name, ctx := range map[string]context.Context{
		"usual": usual, "deadline only": deadlineOnly{context.Background(), at},
	} {
		for _, o := range []*Options{nil, {ConnectTimeout: time.Minute}} {
			_, err := TCP.Dial(ctx, "127.0.0.1", port, o)
			wantTimeout(t, err, "dial")
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v does not name the context's end", name, err)
			}
		}
	}
}

// TestDialCancelled cancels a real connect while it waits.
func TestDialCancelled(t *testing.T) {
	port := stalled(t)
	cause := errors.New("changed my mind")
	for _, host := range []string{"127.0.0.1", "localhost"} {
		for _, o := range []*Options{nil, {ConnectTimeout: time.Minute}} {
			ctx, cancel := context.WithCancelCause(context.Background())
			time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
			_, err := TCP.Dial(ctx, host, port, o)
			if wantError(t, err, "dial"); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || errors.Is(err, ErrTimeout) {
				t.Errorf("%s: error is %v", host, err)
			}
		}
	}
}

// TestRaceForReal runs one address that stalls against one that answers, and
// counts the sockets afterwards.
func TestRaceForReal(t *testing.T) {
	port := stalled(t)
	ln := listen(t, "tcp", "127.0.0.2:"+strconv.Itoa(port))
	go acceptAndClose(ln)
	before := openSockets()
	d := dialer{dial: dialNet, lookup: func(context.Context, string) ([]net.IPAddr, error) {
		return addresses("127.0.0.1", "127.0.0.2"), nil
	}}
	start := time.Now()
	conn, err := d.dialName(newLimit(context.Background(), time.Minute), "h", "h:80", uint16(port))
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < stagger {
		t.Errorf("the first address had only %v", took)
	}
	if got, want := conn.RemoteAddr().String(), ln.Addr().String(); got != want {
		t.Errorf("connected to %s, want %s", got, want)
	}
	conn.Close()
	if n := settledSockets(before); n != before {
		t.Errorf("%d sockets are open, before it were %d", n, before)
	}
}

// TestRaceRefused has real refusals from two addresses.
func TestRaceRefused(t *testing.T) {
	port := refusedPort(t)
	d := dialer{dial: dialNet, lookup: func(context.Context, string) ([]net.IPAddr, error) {
		return addresses("127.0.0.1", "127.0.0.2"), nil
	}}
	_, err := d.dialName(newLimit(context.Background(), time.Minute), "h", "h:80", uint16(port))
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("error is %v", err)
	}
	p := strconv.Itoa(port)
	want := "network: dial h:80: dial tcp 127.0.0.1:" + p + ": connect: connection refused; dial tcp 127.0.0.2:" + p + ": connect: connection refused"
	if err.Error() != want {
		t.Errorf("text is %q, want %q", err, want)
	}
}
