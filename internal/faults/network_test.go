package faults

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// way is how a client reaches its server.
type way uint8

const (
	secure way = 1 << iota
	pooled
	tunnelled

	allWays = secure | pooled | tunnelled
)

// String is the way's name in the document.
func (w way) String() string {
	name := [...]string{"plain", "TLS", "pool", "pool and TLS"}[w&(secure|pooled)]
	if w&tunnelled != 0 {
		name += ", tunnel"
	}
	return name
}

// network joins the client of a cell to its server: by sockets, or by pipes where the
// clock is a fake one. It is the server's listener and the client's dialer.
type network struct {
	net.Listener // nil for pipes
	pipes        chan net.Conn
	closed       chan struct{}
	close        func()

	dials, accepts atomic.Int32
	refuse         func(ctx context.Context, i int) error        // is asked before the dial with that number
	dialed         func(i int)                                   // is told of it behind
	wrap           func(i int, server net.Conn) (net.Conn, bool) // takes the server's end of a connection
}

func newNetwork(t testing.TB, fake bool) *network {
	n := &network{pipes: make(chan net.Conn), closed: make(chan struct{})}
	n.close = sync.OnceFunc(func() { close(n.closed) })
	if fake {
		return n
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.Listener = l
	return n
}

// Accept gives the server the next connection.
func (n *network) Accept() (net.Conn, error) {
	c, err := n.accept()
	if err != nil || n.wrap == nil {
		return c, err
	}
	if wrapped, ok := n.wrap(int(n.accepts.Add(1)-1), c); ok {
		return wrapped, nil
	}
	return c, nil
}

func (n *network) accept() (net.Conn, error) {
	if n.Listener != nil {
		return n.Listener.Accept()
	}
	select {
	case c := <-n.pipes:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close ends listening.
func (n *network) Close() error {
	n.close()
	if n.Listener != nil {
		return n.Listener.Close()
	}
	return nil
}

// Addr is where the server listens.
func (n *network) Addr() net.Addr {
	if n.Listener != nil {
		return n.Listener.Addr()
	}
	return &net.UnixAddr{Name: "pipe", Net: "pipe"}
}

// dial connects the client to the server, whatever the address is.
func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	i := int(n.dials.Add(1) - 1)
	if n.refuse != nil {
		if err := n.refuse(ctx, i); err != nil {
			return nil, err
		}
	}
	c, err := n.connect(ctx)
	if err == nil && n.dialed != nil {
		n.dialed(i)
	}
	return c, err
}

func (n *network) connect(ctx context.Context) (net.Conn, error) {
	if n.Listener != nil {
		c, err := new(net.Dialer).DialContext(ctx, "tcp4", n.Addr().String())
		if err == nil {
			err = c.(*net.TCPConn).SetWriteBuffer(bufferSize)
		}
		return c, err
	}
	client, server := net.Pipe()
	select {
	case n.pipes <- server:
		return client, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// dribble is a connection whose bytes leave one by one: the first ones of each write, which
// are all but those of a certificate.
type dribble struct{ net.Conn }

func (d dribble) Write(p []byte) (n int, err error) {
	const single = 128
	for n < min(len(p), single) && err == nil {
		_, err = d.Conn.Write(p[n : n+1])
		n++
	}
	if n < len(p) && err == nil {
		_, err = d.Conn.Write(p[n:])
		n = len(p)
	}
	return n, err
}

// mangle is a connection that spoils the application data of TLS once it is told to.
type mangle struct {
	net.Conn
	told <-chan struct{}
}

func (m mangle) Write(p []byte) (int, error) {
	const applicationData = 0x17
	select {
	case <-m.told:
		if p[0] == applicationData {
			p = append([]byte(nil), p...)
			p[len(p)-1] ^= 1
		}
	default:
	}
	return m.Conn.Write(p)
}

// deaf is a connection that is not read from any more once a request's body is on its way.
type deaf struct {
	net.Conn
	n      int
	again  <-chan struct{}
	closed chan struct{}
	close  func()
}

func newDeaf(c net.Conn, again <-chan struct{}) *deaf {
	d := &deaf{Conn: c, again: again, closed: make(chan struct{})}
	d.close = sync.OnceFunc(func() { close(d.closed) })
	return d
}

func (d *deaf) Read(p []byte) (n int, err error) {
	if d.n >= pieceSize { // more than handshakes and heads take
		select {
		case <-d.again:
		case <-d.closed:
		}
	}
	n, err = d.Conn.Read(p)
	d.n += n
	return n, err
}

func (d *deaf) Close() error {
	d.close()
	return d.Conn.Close()
}
