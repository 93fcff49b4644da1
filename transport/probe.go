package transport

import (
	"net"
	"sync"
	"syscall"
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
// Probe allocates; to look at a connection more than once, keep its [Sight].
func Probe(conn net.Conn) Liveness { return Look(SightOf(conn)) }

// A Sight is what it takes to look at a connection: 16 bytes, and 8 more behind
// them. It keeps the connection alive, but leaves closing it to its owner. The
// zero Sight shows nothing: it is always Unknown.
type Sight struct{ raw syscall.RawConn }

// SightOf returns the Sight of conn, made once for any number of looks. It knows
// the connections that [Probe] knows.
func SightOf(conn net.Conn) Sight {
	var raw syscall.RawConn
	var err error
	switch c := Socket(conn).(type) {
	case *net.TCPConn:
		raw, err = c.SyscallConn()
	case *net.UnixConn:
		raw, err = c.SyscallConn()
	}
	if err != nil {
		return Sight{}
	}
	return Sight{raw}
}

// An Eye looks at connections, one at a time, as [Probe] does. A look makes no
// allocation. An Eye is for one goroutine at a time and must not be copied; but
// several Eyes may look at one connection at once, while others read and write it.
// The zero Eye is ready for use.
type Eye struct{ eye }

// NewEye returns an Eye.
func NewEye() *Eye { return new(Eye) }

// Look looks at the connection that s belongs to.
func (e *Eye) Look(s Sight) Liveness {
	if s.raw == nil {
		return Unknown
	}
	return e.look(s.raw)
}

// eyes are those that nobody looks with at the moment.
var eyes = sync.Pool{New: func() any { return NewEye() }}

// Look looks at the connection that s belongs to, with an Eye that is shared.
func Look(s Sight) Liveness {
	e := eyes.Get().(*Eye)
	defer eyes.Put(e)
	return e.Look(s)
}
