package pool

import (
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hackney-go/hackney/transport"
)

var (
	keyA = Key{Transport: transport.TCP, Host: "a.example", Port: 80}
	keyB = Key{Transport: transport.TCP, Host: "b.example", Port: 80}
)

// A socket is a connection that only knows whether it was closed, and what a look
// at it is to tell.
type socket struct {
	net.Conn
	id     int
	closed atomic.Int32
	seen   atomic.Uint32 // a transport.Liveness
}

func (s *socket) Close() error {
	s.closed.Add(1)
	return nil
}

// looking makes the looks of p tell what the sockets say.
func looking(p *Pool) *Pool {
	p.look = func(c *Conn) transport.Liveness {
		return transport.Liveness(c.socket.(*socket).seen.Load())
	}
	return p
}

// take checks out, and opens what is to be dialed.
func take(t testing.TB, p *Pool, key Key) *Conn {
	t.Helper()
	c, err := p.Checkout(t.Context(), key, Infinite)
	if err != nil {
		t.Fatal(err)
	}
	if c.Socket() == nil {
		c.Opened(&socket{})
	}
	return c
}

// give returns c and wants to hear why.
func give(t testing.TB, c *Conn, want Reason) {
	t.Helper()
	if kept, why := c.Return(); why != want || kept != (want == Kept) {
		t.Errorf("Return is %v, %v; want %v", kept, why, want)
	}
}

// fill puts n fresh connections of key into the pool, and gives their sockets,
// the oldest first.
func fill(t testing.TB, p *Pool, key Key, n int) []*socket {
	t.Helper()
	all := make([]*socket, n)
	for i := range all {
		all[i] = &socket{id: i}
		if !p.Checkin(key, all[i]) {
			t.Fatalf("connection %d was not kept", i)
		}
	}
	return all
}

// closed are the ids of those that were closed, each of which only once.
func closed(t testing.TB, all []*socket) (ids []int) {
	t.Helper()
	for _, s := range all {
		switch s.closed.Load() {
		case 0:
		case 1:
			ids = append(ids, s.id)
		default:
			t.Errorf("socket %d was closed %d times", s.id, s.closed.Load())
		}
	}
	return ids
}

// failure is err as an *Error with the reason want.
func failure(t testing.TB, err error, want error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, want) {
		t.Fatalf("the error is %v, want an *Error with %v", err, want)
	}
	return e
}

// owner is an Owner that counts its closes, and answers what fine says.
type owner struct {
	socket *socket
	closed atomic.Int32
	ask    func() bool
}

func (o *owner) Close() error {
	o.closed.Add(1)
	if o.socket != nil {
		return o.socket.Close()
	}
	return nil
}

func (o *owner) Undisturbed() bool { return o.ask() }

// tcpPair is a TCP connection over the loopback, both ends.
func tcpPair(t testing.TB) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var wg sync.WaitGroup
	wg.Go(func() { far, _ = l.Accept() })
	near, err = net.Dial("tcp", l.Addr().String())
	wg.Wait()
	if err != nil || far == nil {
		t.Fatal("no connection", err)
	}
	return near, far
}

// yield lets the goroutines run that others wait for.
func yield() { runtime.Gosched() }
