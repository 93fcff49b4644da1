package transport

import (
	"net"
	"sync"
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
// blocking or allocating; deadlines do not matter, and others may read and write
// meanwhile. It knows *net.TCPConn, *net.UnixConn and *tls.Conn on Unix systems. Of a
// *tls.Conn it sees the socket below, not what was already read from that.
func Probe(conn net.Conn) Liveness {
	e := eyes.Get().(*eye)
	defer eyes.Put(e)
	return e.look(Socket(conn))
}

// eyes are those that nobody looks with at the moment.
var eyes = sync.Pool{New: func() any { return new(eye) }}
