package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Handshake makes conn a TLS connection to host, which the server's certificate
// must name. It takes conn over: when the handshake fails, conn is closed. A
// nil o means no options; of o it uses TLSTimeout, TLS and Insecure.
//
// [TLS] does this after dialing. It stands alone for connections that were
// opened in another way, such as through a proxy. Between TLS and a *net.TCPConn
// or *net.UnixConn it puts what [Quiet] needs; [Socket] finds the way past it.
func Handshake(ctx context.Context, conn net.Conn, host string, o *Options) (*tls.Conn, error) {
	if o == nil {
		o = &none
	}
	return handshake(ctx, conn, host, host, o)
}

// handshake is Handshake with the address that errors name.
func handshake(ctx context.Context, conn net.Conn, host, addr string, o *Options) (*tls.Conn, error) {
	l := newLimit(ctx, o.TLSTimeout)
	if why := l.ended(); why != nil {
		conn.Close()
		return nil, &Error{Op: opHandshake, Addr: addr, Err: why}
	}
	secure := tls.Client(probing(conn), configs.get(o.TLS, o.Insecure, serverName(host)))
	if err := l.handshake(secure); err != nil {
		conn.Close()
		return nil, &Error{Op: opHandshake, Addr: addr, Err: l.explain(err)}
	}
	return secure, nil
}

// handshake shakes hands within the limit. A deadline of the socket's does with less
// than a timer and the goroutine that would wait for it; where the connection has
// none there is no other way.
func (l *limit) handshake(secure *tls.Conn) error {
	if l.deadline.IsZero() {
		return secure.HandshakeContext(l.Context)
	}
	if !keepsDeadlines(secure) || secure.SetDeadline(l.deadline) != nil {
		timed, cancel := l.withTimer()
		defer cancel()
		return secure.HandshakeContext(timed)
	}
	if err := secure.HandshakeContext(l.Context); err != nil {
		return err
	}
	return secure.SetDeadline(time.Time{})
}

// serverName is host in the form that certificates are checked against: an
// address without its zone, a name in lower case and without a final dot. An
// address never goes out as SNI; crypto/tls sees to that.
func serverName(host string) string {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.WithZone("").String()
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// keepsDeadlines says whether deadlines of conn are known to do what they say: those of
// a connection of the caller's own may do nothing, and say that all is well.
func keepsDeadlines(conn net.Conn) bool {
	switch Socket(conn).(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}
