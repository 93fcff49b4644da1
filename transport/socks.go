package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// SOCKS5 connects through a SOCKS proxy of version 5 (RFC 1928). Its DialContext
// is made for [Options.DialContext]. It is read, and never written, by this
// package; one value may serve many calls at once.
type SOCKS5 struct {
	// Host and Port are where the proxy is, as in [Transport].Dial.
	Host string
	Port int

	// User and Password authenticate to the proxy (RFC 1929), in the clear, if it
	// asks for that. Each has at most 255 bytes. Without a User there must be no
	// Password, and only a proxy that asks for neither can be used.
	User, Password string

	// RemoteDNS has the proxy resolve names, as "socks5h" in URLs does. Otherwise
	// names are resolved here, and the proxy gets addresses only.
	RemoteDNS bool

	// Options are those of the way to the proxy: ConnectTimeout, DialContext and
	// Allow are used. Nil means no options. They must not be the Options that this
	// SOCKS5 is itself put into.
	//
	// ConnectTimeout limits all of it: reaching the proxy, its handshake, and its
	// connecting to the target, for as many addresses as are tried.
	//
	// Allow is asked for the address of the proxy, and for that of the target
	// where it is known, which is always but for a name with RemoteDNS: what the
	// proxy makes of that name nobody here sees.
	Options *Options
}

// String is the URL of the proxy, without the password.
func (p SOCKS5) String() string {
	scheme, user := "socks5://", ""
	if p.RemoteDNS {
		scheme = "socks5h://"
	}
	if p.User != "" {
		user = p.User + ":xxxxx@"
	}
	return scheme + user + net.JoinHostPort(p.Host, strconv.Itoa(p.Port))
}

// Format is String, under every verb.
func (p SOCKS5) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// MarshalText is String: what is logged or shown as JSON has no password either.
func (p SOCKS5) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// ErrSOCKSAuth is what errors.Is finds when a proxy did not accept the
// credentials, or wants some and there are none, or wants them in another way.
var ErrSOCKSAuth = errors.New("authentication failed")

// A SOCKSReply is the answer of a proxy that would not connect (RFC 1928, section
// 6). It is found by errors.As.
type SOCKSReply byte

// The replies that RFC 1928 names.
const (
	SOCKSFailure            SOCKSReply = 1 + iota // for no better reason
	SOCKSNotAllowed                               // by the rules of the proxy
	SOCKSNetworkUnreachable                       // for the proxy
	SOCKSHostUnreachable                          // or, with RemoteDNS, unknown
	SOCKSRefused                                  // by the target
	SOCKSTTLExpired                               // often: the proxy's own timeout
	SOCKSCommand                                  // the proxy does not connect at all
	SOCKSAddressType                              // no IPv6, or no names
)

var socksReplies = [...]string{
	SOCKSFailure:            "general failure",
	SOCKSNotAllowed:         "not allowed by the rules of the proxy",
	SOCKSNetworkUnreachable: "network unreachable",
	SOCKSHostUnreachable:    "host unreachable",
	SOCKSRefused:            "connection refused",
	SOCKSTTLExpired:         "TTL expired",
	SOCKSCommand:            "command not supported",
	SOCKSAddressType:        "address type not supported",
}

// Error gives the meaning of the reply in words.
func (r SOCKSReply) Error() string {
	if r > 0 && int(r) < len(socksReplies) {
		return socksReplies[r]
	}
	return fmt.Sprintf("unknown reply %d", byte(r))
}

// A SOCKSError is a proxy that did not connect through. It never holds the
// credentials.
type SOCKSError struct {
	Proxy  string // host:port
	Target string // host:port that the proxy was asked for, or was to be

	// Err is the reason: a [SOCKSReply]; [ErrSOCKSAuth]; an [*Error] when the proxy
	// could not be reached; else what went wrong in the handshake.
	Err error
}

// Error says which proxy could not connect to what, and why.
func (e *SOCKSError) Error() string {
	why := e.Err.Error()
	if unreached, ok := e.Err.(*Error); ok {
		why = "cannot be reached: " + unreached.reason()
	}
	return "SOCKS proxy " + e.Proxy + " to " + e.Target + ": " + why
}

// Unwrap returns Err.
func (e *SOCKSError) Unwrap() error { return e.Err }

// DialContext connects to addr, host:port, on the network "tcp" through the proxy.
// It returns the bare connection to the proxy, a *net.TCPConn unless
// [Options.DialContext] made it: its next byte is the first of the target, and no
// deadline is set.
//
// A name is resolved here, unless RemoteDNS is set, and its addresses are asked
// for one after the other, each on a connection of its own, until one is reached
// or the proxy itself fails. Nothing is dialed when addr is one the proxy could not
// be asked for: an address with a zone, a name of more than 255 bytes.
//
// The error is an [*Error] as from [Transport].Dial, in which errors.As finds an
// [*AddressError] when the target or the proxy is not allowed, and a [*SOCKSError] for what
// became of each attempt. The connection is closed then.
func (p *SOCKS5) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return p.dial(ctx, &system, network, addr)
}

// dial is DialContext with the resolver of d.
func (p *SOCKS5) dial(ctx context.Context, d *dialer, network, addr string) (net.Conn, error) {
	o := p.Options
	if o == nil {
		o = &none
	}
	t, err := p.target(network, addr)
	if err != nil {
		return nil, &Error{Op: opDial, Addr: addr, Err: err}
	}
	l := newLimit(ctx, o.ConnectTimeout)
	if why := l.ended(); why != nil {
		return nil, &Error{Op: opDial, Addr: addr, Err: why}
	}
	timed, cancel := l.withTimer()
	defer cancel()
	a := &socksAttempt{SOCKS5: p, o: o, limit: l, ctx: timed}
	if t.name == "" || p.RemoteDNS {
		conn, err := a.connect(t)
		if err != nil {
			return nil, &Error{Op: opDial, Addr: addr, Err: err}
		}
		return conn, nil
	}
	addrs, err := d.resolve(timed, l, t.name, addr, t.port)
	if err != nil {
		return nil, err
	}
	return a.connectFirst(addr, addrs)
}

// A socksTarget is what a proxy is asked for: a name or, if that is empty, an
// address.
type socksTarget struct {
	name string
	ip   netip.Addr
	port uint16
}

func (t socksTarget) String() string {
	if t.name != "" {
		return net.JoinHostPort(t.name, strconv.Itoa(int(t.port)))
	}
	return netip.AddrPortFrom(t.ip, t.port).String()
}

var (
	errSOCKSNetwork  = errors.New("a SOCKS proxy connects to TCP only")
	errSOCKSTarget   = errors.New("not a host and a port that a SOCKS proxy could be asked for")
	errSOCKSName     = errors.New("a SOCKS proxy cannot be asked for a name of more than 255 bytes")
	errSOCKSZone     = errors.New("a SOCKS proxy cannot be asked for an address with a zone")
	errSOCKSUser     = errors.New("a password for the SOCKS proxy, but no user")
	errSOCKSTooLong  = errors.New("user or password for the SOCKS proxy has more than 255 bytes")
	errSOCKSUnwanted = errors.New("the proxy asks for a method that was not offered")
	errSOCKSNone     = errors.New("the proxy accepts no method that was offered")
)

// target checks all that the caller has given, before anything is dialed.
func (p *SOCKS5) target(network, addr string) (t socksTarget, err error) {
	switch {
	case network != "tcp":
		return t, errSOCKSNetwork
	case p.User == "" && p.Password != "":
		return t, errSOCKSUser
	case len(p.User) > 255 || len(p.Password) > 255: // RFC 1929, section 2
		return t, errSOCKSTooLong
	}
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return t, errSOCKSTarget
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return t, errSOCKSTarget
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err == nil && ip.Zone() != "":
		return t, errSOCKSZone
	case err == nil:
		return socksTarget{ip: ip.Unmap(), port: uint16(port)}, nil
	case host == "" || strings.ContainsFunc(host, notInName):
		return t, errSOCKSTarget
	case len(host) > 255: // never resolved here instead: that would tell the name to others
		return t, errSOCKSName
	}
	return socksTarget{name: host, port: uint16(port)}, nil
}

// notInName are bytes that some proxies would cut a name at, or take for the end
// of an address.
func notInName(r rune) bool { return r <= ' ' || r == 0x7f || r == ':' || r == '%' }

// A socksAttempt is one dial through a proxy, for one name.
type socksAttempt struct {
	*SOCKS5
	o     *Options
	limit *limit
	ctx   context.Context // the limit's, with a timer
}

// connectFirst connects to the first of addrs that the proxy reaches. They are
// those of the name in addr.
func (a *socksAttempt) connectFirst(addr string, addrs []string) (net.Conn, error) {
	var tried []error
	for _, text := range addrs {
		ap, err := netip.ParseAddrPort(text)
		if err == nil {
			var conn net.Conn
			if conn, err = a.connect(socksTarget{ip: ap.Addr(), port: ap.Port()}); err == nil {
				return conn, nil
			}
		}
		tried = append(tried, err)
		if a.limit.ended() != nil || proxyAtFault(err) {
			break
		}
	}
	return nil, &Error{Op: opDial, Addr: addr, Err: errors.Join(tried...)}
}

// proxyAtFault reports whether another address would fare no better.
func proxyAtFault(err error) bool {
	var unreached *Error
	return errors.Is(err, ErrSOCKSAuth) || errors.As(err, &unreached)
}

// connect has the proxy connect to t, on a new connection.
func (a *socksAttempt) connect(t socksTarget) (net.Conn, error) {
	if t.name == "" {
		if t.ip.Zone() != "" {
			return nil, fmt.Errorf("%v: %w", t, errSOCKSZone)
		}
		if err := permit(a.o.Allow, netip.AddrPortFrom(t.ip, t.port)); err != nil {
			return nil, err
		}
	}
	conn, err := a.reach()
	if err == nil {
		err = a.handshake(conn, t)
	}
	if err != nil {
		proxy := net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
		return nil, &SOCKSError{Proxy: proxy, Target: t.String(), Err: err}
	}
	return conn, nil
}

// reach connects to the proxy.
func (a *socksAttempt) reach() (net.Conn, error) {
	addr, err := hostPort(a.Host, a.Port)
	if err != nil {
		return nil, err
	}
	return dialTCP(a.limit, a.Host, addr, a.Port, a.o)
}

// handshake is the whole exchange before the tunnel. It closes conn if it fails,
// and also to end it in time: that works with every connection, and leaves no
// deadline behind.
func (a *socksAttempt) handshake(conn net.Conn, t socksTarget) error {
	stop := context.AfterFunc(a.ctx, func() { conn.Close() })
	err := a.negotiate(conn, t)
	if !stop() {
		err = a.limit.explain(a.ctx.Err())
	}
	if err != nil {
		conn.Close()
	}
	return err
}
