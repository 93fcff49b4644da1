//go:build unix && !aix

package pool

import (
	"crypto/tls"
	"errors"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hackney-go/hackney/transport"
)

// sweeps gives a pool that tells of each of its sweeps, and a function that waits
// for sweeps until so many are idle. It fails when 2 s of sweeps were not enough.
func sweeps(t *testing.T, o Opts) (*Pool, func(idle int)) {
	t.Helper()
	p := New(o)
	swept := make(chan bool)
	ended := make(chan bool)
	var once sync.Once
	p.swept = func() {
		select {
		case swept <- true:
		case <-ended:
		}
	}
	t.Cleanup(func() { once.Do(func() { close(ended) }); p.Close() })
	return p, func(idle int) {
		t.Helper()
		for range 2 * int(time.Second/sweepEvery) {
			if <-swept; p.Size() == idle {
				return
			}
		}
		t.Fatalf("%d are idle after 2 s of sweeps, want %d", p.Size(), idle)
	}
}

// TestPeerLeaves has the peers of real sockets close, or send, while they are idle.
func TestPeerLeaves(t *testing.T) {
	p, until := sweeps(t, Opts{})
	var far []net.Conn
	for range 10 {
		a, b := tcpPair(t)
		defer b.Close()
		far = append(far, b)
		p.Checkin(keyA, a)
	}
	a, b := unixPair(t)
	defer b.Close()
	p.Checkin(keyB, a)
	far[3].Close()
	until(10)
	far[4].Write([]byte("HTTP/1.1 408 Request Timeout\r\n"))
	until(9)
	far[5].(*net.TCPConn).SetLinger(0)
	far[5].Close() // a reset
	until(8)
	b.Close()
	until(7)
	if s := p.Stats(); s.Evicted != (Evicted{PeerClosed: 3, Disturbed: 1}) || len(s.Hosts) != 1 {
		t.Errorf("%+v", s)
	}
}

func unixPair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("unix", l.Addr().String()); err == nil {
		far, err = l.Accept()
	}
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

// TestLook holds what a look tells of each kind of connection.
func TestLook(t *testing.T) {
	a, b := tcpPair(t)
	defer b.Close()
	p := New(Opts{})
	see := func(socket net.Conn) transport.Liveness {
		return p.see(&Conn{socket: socket})
	}
	secure := tls.Client(tls.Client(a, new(tls.Config)), new(tls.Config))
	pipe, other := net.Pipe()
	defer pipe.Close()
	defer other.Close()
	a.SetDeadline(time.Unix(1, 0))
	for _, s := range []net.Conn{a, secure} {
		if got := see(s); got != transport.Idle {
			t.Errorf("%T is %v", s, got)
		}
	}
	for _, s := range []net.Conn{pipe, struct{ net.Conn }{a}} {
		if got := see(s); got != transport.Unknown {
			t.Errorf("%T is %v", s, got)
		}
	}
	c := &Conn{socket: a}
	if n := testing.AllocsPerRun(100, func() { p.see(c) }); n != 0 {
		t.Errorf("a look makes %v allocations", n)
	}
	a.Close()
	if got := see(a); got != transport.Closed {
		t.Errorf("closed on this side, it is %v", got)
	}
}

// TestUndisturbedOverSocket asks the owner of a real TLS socket.
func TestUndisturbedOverSocket(t *testing.T) {
	p, until := sweeps(t, Opts{})
	a, b := tcpPair(t)
	defer b.Close()
	secure := tls.Client(a, new(tls.Config))
	asked := make(chan bool)
	c := take(t, p, keyB)
	c.Discard()
	c, err := p.Checkout(t.Context(), keyA, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.Opened(secure)
	closed := make(chan bool, 1)
	c.SetOwner(&realOwner{secure, asked, closed})
	give(t, c, Kept)
	b.Write([]byte("ticket"))
	asked <- true
	until(1)
	asked <- false
	until(0)
	<-closed
	a.Close()
	if _, err := a.Write(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
}

// realOwner answers what it is sent, and reads the ticket when that is true.
type realOwner struct {
	conn   *tls.Conn
	asked  chan bool
	closed chan bool
}

func (o *realOwner) Undisturbed() bool { return <-o.asked }

func (o *realOwner) Close() error {
	o.closed <- true
	return o.conn.NetConn().Close()
}
