package transport

import (
	"crypto/tls"
	"net"
)

// Liveness is what a look at an idle connection tells.
type Liveness uint8

const (
	// Idle means that there is nothing to read and the connection is open, as
	// far as this side knows.
	Idle Liveness = iota

	// Readable means that bytes wait to be read. On an idle HTTP/1.1 connection
	// nobody asked for them; below TLS they may be session tickets.
	Readable

	// Closed means that the peer has closed, that the connection has failed, or
	// that it was closed on this side.
	Closed

	// Unknown means that connections of this type, or on this system, cannot be
	// looked at.
	Unknown
)

// String returns "idle", "readable", "closed" or "unknown".
func (l Liveness) String() string {
	switch l {
	case Idle:
		return "idle"
	case Readable:
		return "readable"
	case Closed:
		return "closed"
	}
	return "unknown"
}

// Probe looks at an idle connection without reading from it and without
// blocking; deadlines do not matter. It knows *net.TCPConn, *net.UnixConn and
// *tls.Conn on Unix systems. Of a *tls.Conn it sees the socket below, not what
// was already read from that.
//
// Probe allocates; to look at a connection more than once, keep a [Prober].
func Probe(conn net.Conn) Liveness { return NewProber(conn).Probe() }

// A Prober probes one connection, any number of times; finding it idle makes no
// allocation. A Prober is for one goroutine at a time; reading and writing the
// connection may go on beside it.
type Prober struct{ peeker }

// NewProber returns a Prober for conn. It keeps conn alive but leaves closing
// it to its owner.
func NewProber(conn net.Conn) *Prober {
	for {
		secure, ok := conn.(*tls.Conn)
		if !ok {
			break
		}
		conn = secure.NetConn()
	}
	p := new(Prober)
	p.init(conn)
	return p
}

// Probe looks at the connection, as the function [Probe] does.
func (p *Prober) Probe() Liveness { return p.peek() }
