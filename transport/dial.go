package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// The phases of making a connection, as [Error.Op] names them.
const (
	opResolve   = "resolve"
	opDial      = "dial"
	opHandshake = "TLS handshake"
)

// hostPort joins host and port into the address that dialers and errors use.
func hostPort(host string, port int) (string, error) {
	addr := net.JoinHostPort(host, strconv.Itoa(port))
	if port < 1 || port > 65535 {
		return "", &Error{Op: opDial, Addr: addr, Err: errPort}
	}
	return addr, nil
}

var (
	errPort   = errors.New("port is not in 1 to 65535")
	errNoConn = errors.New("DialContext returned neither a connection nor an error")
	errNoAddr = errors.New("the name has no address")
)

// dialTCP connects to addr, which is host and port joined.
func dialTCP(ctx context.Context, host, addr string, port int, o *Options) (net.Conn, error) {
	l := newLimit(ctx, o.ConnectTimeout)
	if o.DialContext != nil {
		return dialCustom(l, "tcp", addr, o)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return dialLiteral(l, "tcp", addr)
	}
	return system.dialName(l, host, addr, uint16(port))
}

// dialUnix connects to the socket file at path.
func dialUnix(ctx context.Context, path string, o *Options) (net.Conn, error) {
	l := newLimit(ctx, o.ConnectTimeout)
	if o.DialContext != nil {
		return dialCustom(l, "unix", path, o)
	}
	return dialLiteral(l, "unix", path)
}

// dialLiteral connects to one address that needs no resolving, with the limit
// itself as context.
func dialLiteral(l *limit, network, addr string) (net.Conn, error) {
	if why := l.ended(); why != nil {
		return nil, &Error{Op: opDial, Addr: addr, Err: why}
	}
	conn, err := dialNet(l, network, addr)
	if err != nil {
		return nil, &Error{Op: opDial, Addr: addr, Err: l.explain(err)}
	}
	return conn, nil
}

// dialCustom has the caller's function connect.
func dialCustom(l *limit, network, addr string, o *Options) (net.Conn, error) {
	if why := l.ended(); why != nil {
		return nil, &Error{Op: opDial, Addr: addr, Err: why}
	}
	ctx, cancel := l.withTimer()
	defer cancel()
	conn, err := o.DialContext(ctx, network, addr)
	switch {
	case err != nil:
		if conn != nil {
			conn.Close()
		}
		if why := l.reason(err); why != nil {
			err = errors.Join(why, err)
		}
		return nil, &Error{Op: opDial, Addr: addr, Err: err}
	case conn == nil:
		return nil, &Error{Op: opDial, Addr: addr, Err: errNoConn}
	}
	return conn, nil
}

// plain dials single addresses: without a timeout, whose contexts are costly,
// and without sorting addresses into families.
var plain = net.Dialer{FallbackDelay: -1}

// dialNet connects to one literal address or socket file.
func dialNet(ctx context.Context, network, addr string) (net.Conn, error) {
	return plain.DialContext(ctx, network, addr)
}

// A dialer connects to host names. Its two steps are fields for the tests.
type dialer struct {
	lookup func(ctx context.Context, host string) ([]net.IPAddr, error)
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
}

// system is the dialer in use. LookupIPAddr is asked rather than LookupNetIP,
// which loses the zones of link-local addresses.
var system = dialer{
	lookup: func(ctx context.Context, host string) ([]net.IPAddr, error) {
		return net.DefaultResolver.LookupIPAddr(ctx, host)
	},
	dial: dialNet,
}

// dialName resolves host and connects to the first of its addresses that
// answers.
func (d *dialer) dialName(l *limit, host, addr string, port uint16) (net.Conn, error) {
	if why := l.ended(); why != nil {
		return nil, &Error{Op: opResolve, Addr: addr, Err: why}
	}
	ctx, cancel := l.withTimer()
	defer cancel()
	ips, err := d.lookup(ctx, host)
	if err != nil {
		return nil, &Error{Op: opResolve, Addr: addr, Err: l.explain(err)}
	}
	addrs := interleave(ips, port)
	switch len(addrs) {
	case 0:
		return nil, &Error{Op: opResolve, Addr: addr, Err: errNoAddr}
	case 1:
		conn, err := d.dial(ctx, "tcp", addrs[0])
		if err != nil {
			return nil, l.dialError(addr, []error{tryError(addrs[0], err)})
		}
		return conn, nil
	}
	conn, errs := d.race(ctx, addrs)
	if conn == nil {
		return nil, l.dialError(addr, errs)
	}
	return conn, nil
}

// dialError reports what became of each address that was tried, led by the
// reason why the phase ended if it was cut short.
func (l *limit) dialError(addr string, tried []error) error {
	all := errors.Join(tried...)
	if why := l.reason(all); why != nil {
		all = errors.Join(append([]error{why}, tried...)...)
	}
	return &Error{Op: opDial, Addr: addr, Err: all}
}

// tryError gives err the address that was tried, unless it already has it.
func tryError(addr string, err error) error {
	if op, ok := err.(*net.OpError); ok && op.Addr != nil && op.Addr.String() == addr {
		return err
	}
	return fmt.Errorf("dial tcp %s: %w", addr, err)
}
