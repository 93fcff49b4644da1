package transport

import (
	"crypto/tls"
	"net"
)

// Ask writes p, which must be all that the peer waits for, as Write does, and comes
// back when there is something to read, or reading would fail. A read that follows
// a write at once finds nothing and waits after all: this spares it, one of the three
// system calls of a small exchange. How the wait ends is for the next read to tell: it
// is no error here. The read deadline bounds it.
//
// It knows *net.TCPConn, *net.UnixConn and the *tls.Conn that [Handshake] makes of them,
// on Unix systems, where p is small. To everything else it only writes.
func Ask(conn net.Conn, p []byte) (int, error) {
	switch c := conn.(type) {
	case *net.TCPConn, *net.UnixConn:
		return ask(conn, p)
	case *tls.Conn:
		if s, ok := c.NetConn().(*socket); ok && len(p) <= oneRecord && s.splitsNothing(c) {
			return s.ask(c, p)
		}
	}
	return conn.Write(p)
}

// oneRecord is the size up to which TLS writes at once what it is given: crypto/tls
// makes its first records small, so that each fits into a segment.
const oneRecord = 1 << 10
