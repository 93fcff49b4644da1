package transport

import (
	"crypto/tls"
	"net"
)

// Quiet says whether nothing but session tickets, and other TLS messages without
// data, waits on an idle TLS connection, and reads those. It does not wait, and
// deadlines do not matter to it. Of a message that is there only in part it keeps
// that part, for the next reader to go on with.
//
// It is false when a byte of data, an end or a fault is there, or an answer that
// TLS owes to the peer cannot be sent; then the connection is spoilt, because that
// byte is gone. While Quiet runs, nobody else may read or write; Close may come.
//
// ok is false, and nothing was done, where the socket is not one that
// [Handshake] has put below TLS, but one of the caller's own, and where the system
// is not Unix.
func Quiet(conn *tls.Conn) (quiet, ok bool) {
	s, ok := bottom(conn).(*socket)
	if !ok {
		return false, false
	}
	quiet, whole := s.quiet(conn)
	return quiet && whole && intact(conn), true
}

// ReadAhead says whether conn may hold records that it has read from the socket, and
// nobody from it. A look at the socket does not show those; Quiet does, and forgets
// what it has found quiet. It is true where that is not known, as Quiet has it.
func ReadAhead(conn *tls.Conn) bool {
	s, ok := conn.NetConn().(*socket)
	return !ok || s.ahead
}

// CutOff says whether the socket below conn ended before TLS did: without the closure
// alert that tells an end from a connection that was cut off (RFC 8446, 6.1). Read then gives
// io.EOF all the same. It is false where that is not known, as [Quiet] has it, and
// in a TLS connection inside another.
func CutOff(conn *tls.Conn) bool {
	s, ok := conn.NetConn().(*socket)
	return ok && s.ended
}

// Socket returns the connection below TLS and all that this package puts between:
// the *net.TCPConn, the *net.UnixConn or what [Options.DialContext] gave.
// (*tls.Conn).NetConn does not give it.
func Socket(conn net.Conn) net.Conn {
	conn = bottom(conn)
	if s, ok := conn.(*socket); ok {
		return s.Conn
	}
	return conn
}

// bottom returns what is below TLS, of which there are two layers where TLS to an
// origin runs over TLS to a proxy.
func bottom(conn net.Conn) net.Conn {
	for {
		secure, ok := conn.(*tls.Conn)
		if !ok {
			return conn
		}
		conn = secure.NetConn()
	}
}

// intact says whether the handshakes of all layers stand. A renegotiation that
// began while nothing could be waited for has failed for good, although the error
// it gave looks temporary.
func intact(conn net.Conn) bool {
	for {
		secure, ok := conn.(*tls.Conn)
		if !ok {
			return true
		}
		if secure.Handshake() != nil { // nothing to do, or the error of the last one
			return false
		}
		conn = secure.NetConn()
	}
}

// errNothing is what a socket gives in probe mode when there is nothing to read.
// It is temporary, so that TLS goes on where it was.
var errNothing net.Error = nothing{}

type nothing struct{}

func (nothing) Error() string   { return "nothing to read at the moment" }
func (nothing) Timeout() bool   { return true }
func (nothing) Temporary() bool { return true }
