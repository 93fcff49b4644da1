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
func dialTCP(l *limit, host, addr string, port int, o *Options) (net.Conn, error) {
	if o.DialContext != nil {
		return dialCustom(l, "tcp", addr, o)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if err := permit(o.Allow, netip.AddrPortFrom(ip, uint16(port))); err != nil {
			return nil, &Error{Op: opDial, Addr: addr, Err: err}
		}
		return dialLiteral(l, "tcp", addr)
	}
	return system.under(o.Allow).dialName(l, host, addr, uint16(port))
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
		return nil, l.customError(addr, err)
	case conn == nil:
		return nil, &Error{Op: opDial, Addr: addr, Err: errNoConn}
	}
	if err := permitRemote(o.Allow, conn); err != nil {
		conn.Close()
		return nil, &Error{Op: opDial, Addr: addr, Err: err}
	}
	return conn, nil
}

// customError reports what the caller's function said of addr. An [*Error] of this
// package about the same address, as [SOCKS5] has them, is not put into another.
func (l *limit) customError(addr string, err error) error {
	failed := Error{Op: opDial, Addr: addr, Err: err}
	if e, ok := err.(*Error); ok && e.Addr == addr {
		failed = *e
	}
	if why := l.ended(); why != nil { // whatever the function makes of that
		failed.Err = errors.Join(why, failed.Err)
	}
	return &failed
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
	allow  func(netip.AddrPort) error // nil: every address
}

// under is d with a policy.
func (d dialer) under(allow func(netip.AddrPort) error) *dialer {
	d.allow = allow
	return &d
}

// system is the dialer in use. LookupIPAddr is asked rather than LookupNetIP,
// which loses the zones of link-local addresses.
var system = dialer{
	lookup: func(ctx context.Context, host string) ([]net.IPAddr, error) {
		return net.DefaultResolver.LookupIPAddr(ctx, host)
	},
	dial: dialNet,
}

// resolve returns the addresses of host, at least one, in the order in which they
// are to be tried.
func (d *dialer) resolve(ctx context.Context, l *limit, host, addr string, port uint16) ([]string, error) {
	ips, err := d.lookup(ctx, host)
	if err != nil {
		return nil, &Error{Op: opResolve, Addr: addr, Err: l.explain(err)}
	}
	addrs := interleave(ips, port)
	if len(addrs) == 0 {
		return nil, &Error{Op: opResolve, Addr: addr, Err: errNoAddr}
	}
	return addrs, nil
}

// dialName resolves host and connects to the first of its addresses that
// answers.
func (d *dialer) dialName(l *limit, host, addr string, port uint16) (net.Conn, error) {
	if why := l.ended(); why != nil {
		return nil, &Error{Op: opResolve, Addr: addr, Err: why}
	}
	ctx, cancel := l.withTimer()
	defer cancel()
	addrs, err := d.resolve(ctx, l, host, addr, port)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 1 {
		if err := permitText(d.allow, addrs[0]); err != nil {
			return nil, l.dialError(addr, []error{err})
		}
		conn, err := d.try(ctx, addrs[0])
		if err != nil {
			return nil, l.dialError(addr, []error{err})
		}
		return conn, nil
	}
	conn, errs := d.race(ctx, addrs)
	if conn == nil {
		return nil, l.dialError(addr, errs)
	}
	return conn, nil
}

// try connects to one address of a name.
func (d *dialer) try(ctx context.Context, addr string) (net.Conn, error) {
	conn, err := d.dial(ctx, "tcp", addr)
	if err != nil {
		return nil, tryError(addr, err)
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
