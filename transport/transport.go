package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"
)

// A Transport opens connections of one kind. Implementations are safe for
// concurrent use and comparable with ==, so that a transport can be part of a
// map key.
type Transport interface {
	// Name is hackney's name of the transport, such as "hackney_tcp_transport".
	Name() string

	// Scheme is the URL scheme whose requests use the transport.
	Scheme() string

	// DefaultPort is the port of a URL of that scheme that names none.
	DefaultPort() int

	// Dial connects to a port of a host: a name or a literal IP address, IPv6
	// without brackets and with a zone if it needs one. A nil o means no
	// options. The error is always an [*Error].
	Dial(ctx context.Context, host string, port int, o *Options) (net.Conn, error)
}

// Options are the settings of a dial and of a TLS handshake. They are read, and
// never written, by this package; one value may serve many calls at once.
type Options struct {
	// ConnectTimeout limits the time for resolving the host and connecting,
	// all its addresses together. Zero means no limit.
	ConnectTimeout time.Duration

	// TLSTimeout limits the time for the TLS handshake. Zero means no limit.
	TLSTimeout time.Duration

	// DialContext, if set, connects instead of this package. It is asked once,
	// with "tcp" and host:port (the name not resolved), or with "unix" and the
	// path of the socket. Its context ends when ConnectTimeout has passed; a
	// function that ignores its context is not interrupted.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// Allow, if set, decides which addresses may be connected to: an error
	// refuses. It is asked on the dialing goroutine, and by concurrent dials at
	// once, so it should be quick.
	//
	// It is asked for each address right before that is dialed, after the name
	// was resolved, so that no answer of a resolver gets around it. An IPv4
	// address in IPv6 form is shown as IPv4; a zone is kept. A refusal is an
	// [*AddressError] in the [*Error]; the other addresses of a name are still
	// tried. [PublicAddresses] makes a policy.
	//
	// A DialContext resolves for itself, so there the remote address of the
	// connection it returned is asked for, and a refused connection is closed
	// before anything is sent or read. That of a proxy, too, must be allowed.
	//
	// It is not asked where there is no IP address: for the socket file of a
	// [Unix] transport, and for a connection of DialContext whose RemoteAddr is
	// not one, such as a net.Pipe.
	Allow func(netip.AddrPort) error

	// TLS is the configuration of handshakes. The server name is taken from the
	// host, ALPN offers "http/1.1" and sessions are kept for resumption, each
	// unless set here (an empty NextProtos that is not nil turns ALPN off).
	// InsecureSkipVerify is respected. As with crypto/tls, the configuration
	// must not be changed once it was used.
	TLS *tls.Config

	// Insecure turns the verification of the server's certificate off.
	Insecure bool
}

// none stands for a nil *Options.
var none Options

// builtin is the type of the transports that need no further data.
type builtin uint8

const (
	// TCP is the transport of http: plain TCP, port 80 by default. Its Dial
	// returns a *net.TCPConn, or what [Options.DialContext] returned.
	TCP builtin = iota

	// TLS is the transport of https: TLS over TCP, port 443 by default. Its
	// Dial returns a *tls.Conn whose handshake is complete.
	TLS
)

// Name returns "hackney_tcp_transport" or "hackney_ssl_transport".
func (t builtin) Name() string {
	if t == TLS {
		return "hackney_ssl_transport"
	}
	return "hackney_tcp_transport"
}

// Scheme returns "http" or "https".
func (t builtin) Scheme() string {
	if t == TLS {
		return "https"
	}
	return "http"
}

// DefaultPort returns 80 or 443.
func (t builtin) DefaultPort() int {
	if t == TLS {
		return 443
	}
	return 80
}

// Dial connects over TCP and, for [TLS], shakes hands.
func (t builtin) Dial(ctx context.Context, host string, port int, o *Options) (net.Conn, error) {
	if o == nil {
		o = &none
	}
	addr, err := hostPort(host, port)
	if err != nil {
		return nil, err
	}
	conn, err := dialTCP(newLimit(ctx, o.ConnectTimeout), host, addr, port, o)
	if err != nil || t == TCP {
		return conn, err
	}
	secure, err := handshake(ctx, conn, host, addr, o)
	if err != nil {
		return nil, err // not secure: a nil *tls.Conn is no nil net.Conn
	}
	return secure, nil
}

// Unix returns the transport for the socket file at path. Its requests are
// http; host and port are not used for dialing, they only make up the Host
// field. Dial returns a *net.UnixConn, or what [Options.DialContext] returned.
// Two transports for the same path are equal.
func Unix(path string) Transport { return unixSocket{path} }

type unixSocket struct{ path string }

func (unixSocket) Name() string     { return "hackney_unix_transport" }
func (unixSocket) Scheme() string   { return "http" }
func (unixSocket) DefaultPort() int { return 80 }

func (u unixSocket) Dial(ctx context.Context, _ string, _ int, o *Options) (net.Conn, error) {
	if o == nil {
		o = &none
	}
	return dialUnix(ctx, u.path, o)
}
