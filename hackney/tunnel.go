package hackney

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
	"weak"

	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/transport"
)

// connect makes a connection to a place through the proxy.
func (v *via) connect(ctx context.Context, to *origin, o *Opts) (*core, error) {
	switch {
	case v.socks():
		return v.connectSOCKS(ctx, to, o)
	case v.forward:
		conn, err := v.reach(ctx, to, o)
		if err != nil {
			return nil, err
		}
		return newCore(conn, &link{origin: to, via: v}, o.Tap), nil
	}
	c, err := v.tunnel(ctx, to, o)
	if err != nil || to.transport == transport.TCP {
		return c, err
	}
	secure, err := transport.Handshake(ctx, c.conn, to.host, dialOptions(o))
	if err != nil {
		c.close() // Handshake has closed its connection, the rest hears of it here
		return nil, err
	}
	c.secured(secure)
	return c, nil
}

// reach connects to a proxy that speaks HTTP.
func (v *via) reach(ctx context.Context, to *origin, o *Opts) (net.Conn, error) {
	if err := o.permits(to.host, to.port); err != nil {
		return nil, v.failed(to, err)
	}
	t, options := transport.TCP, dialOptions(o)
	if v.scheme == url.HTTPS {
		t, options.TLS = transport.TLS, forProxy(o.TLS)
	}
	conn, err := t.Dial(ctx, v.host, v.port, options)
	if err != nil {
		return nil, v.failed(to, err)
	}
	return conn, nil
}

// permits asks the policy for a target that a proxy is going to be asked for, where
// that is an address. What only looks like one is refused: the proxy may take it for one.
func (o *Opts) permits(host string, port int) error {
	if o.AddressPolicy == nil {
		return nil
	}
	var addr netip.AddrPort
	ip, err := netip.ParseAddr(host)
	switch {
	case err == nil:
		addr = netip.AddrPortFrom(ip.Unmap(), uint16(port))
		err = o.AddressPolicy(addr)
	case endsInNumber(host):
		err = errors.New("a name that ends in a number may be an address")
	default:
		return nil
	}
	if err != nil {
		target := url.URL{Host: host, Port: port}.HostPort()
		return &transport.Error{Op: "dial", Addr: target, Err: &AddressError{Addr: addr, Err: err}}
	}
	return nil
}

// endsInNumber says whether the last label of a host is a number, decimal or not, as
// those of old forms of IPv4 addresses are ("10.1", "0x7f000001").
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	return err == nil || last != "" && strings.Trim(last, "0123456789") == ""
}

// proxyConfigs are those that forProxy made: sessions are resumed under one and the same.
var proxyConfigs sync.Map // weak.Pointer[tls.Config] to *tls.Config

// forProxy is the configuration of TLS with a proxy: c is that for the origin, whose
// name, certificates and checks are none of the proxy's business.
func forProxy(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	key := weak.Make(c)
	if kept, ok := proxyConfigs.Load(key); ok {
		return kept.(*tls.Config)
	}
	made, known := proxyConfigs.LoadOrStore(key, &tls.Config{RootCAs: c.RootCAs, MinVersion: c.MinVersion, MaxVersion: c.MaxVersion, Time: c.Time, KeyLogWriter: c.KeyLogWriter})
	if !known {
		runtime.AddCleanup(c, func(key weak.Pointer[tls.Config]) { proxyConfigs.Delete(key) }, key)
	}
	return made.(*tls.Config)
}

// connectSOCKS has a SOCKS proxy connect.
func (v *via) connectSOCKS(ctx context.Context, to *origin, o *Opts) (*core, error) {
	if v.scheme == "socks5h" {
		if err := o.permits(to.host, to.port); err != nil {
			return nil, v.failed(to, err)
		}
	}
	options := dialOptions(o)
	way := *options
	socks := &transport.SOCKS5{Host: v.host, Port: v.port, RemoteDNS: v.scheme == "socks5h", Options: &way}
	if v.auth != nil {
		socks.User, socks.Password = v.auth.User, v.auth.Password
	}
	options.DialContext, options.Allow = socks.DialContext, nil
	conn, err := to.transport.Dial(ctx, to.host, to.port, options)
	if err == nil {
		return newCore(conn, &link{origin: to, via: v}, o.Tap), nil
	}
	var refused *transport.SOCKSError
	if errors.As(err, &refused) {
		err = v.failed(to, err)
	}
	return nil, err
}

// failed says that the proxy was of no use.
func (v *via) failed(to *origin, err error) error {
	return &ProxyError{Proxy: v.address(), Target: (&link{origin: to}).address(), Err: err}
}

// tunnel opens a tunnel to a place (RFC 9110, 9.3.6).
func (v *via) tunnel(ctx context.Context, to *origin, o *Opts) (*core, error) {
	start := time.Now()
	authorization := ""
	if v.auth != nil {
		authorization = v.auth.basic()
	}
	var c *core
	open := false
	defer func() { // AnswerProxy may panic
		if c != nil && !open {
			c.abort()
		}
	}()
	for attempt := 1; ; attempt++ {
		if c == nil {
			conn, err := v.reach(ctx, to, o)
			if err != nil {
				return nil, err
			}
			c = newCore(conn, &link{origin: to, via: v}, o.Tap)
		}
		refusal, kept, err := v.ask(ctx, c, o, start, authorization)
		if err != nil {
			return nil, v.failed(to, err)
		}
		if refusal == nil {
			open = true
			return c, nil
		}
		answer := ""
		if refusal.Status == 407 && o.AnswerProxy != nil && attempt <= maxAnswers {
			answer, err = o.AnswerProxy(ProxyChallenge{Proxy: refusal.Proxy, Target: refusal.Target, Headers: refusal.Headers, Attempt: attempt})
		}
		if !kept || answer == "" || err != nil {
			c.close()
			c = nil
		}
		if answer == "" || err != nil {
			refusal.Err = err
			return nil, refusal
		}
		authorization, start = answer, time.Now()
	}
}

// ask asks the proxy for a tunnel on c: refusal is nil where it is open. kept says
// that the proxy can be asked again on the same connection.
func (v *via) ask(ctx context.Context, c *core, o *Opts, start time.Time, authorization string) (refusal *ProxyError, kept bool, err error) {
	h := newHandle(c)
	defer func() {
		h.anchor.unregister()
		h.liftLimits()
		h.leave()
	}()
	h.use(o)
	h.recvUntil = v.patience(o, start)
	target := c.link.address()
	p, err := v.opening(&c.link.place, authorization)
	if err != nil {
		return nil, false, err
	}
	proxy := &link{origin: &origin{place: place{transport.TCP, v.host, v.port}, authority: target}}
	tunnelled := c.link
	c.link = proxy // errors name the proxy
	defer func() { c.link = tunnelled }()
	head, err := h.exchangeHeads(ctx, p, &ClientState{link: proxy})
	switch {
	case err != nil:
		return nil, false, err
	case head.Status/100 == 2:
		c.conn = withUnread(c.conn, h.unread())
		return nil, true, nil
	}
	refusal = &ProxyError{
		Proxy: v.address(), Target: target,
		Status: head.Status, Reason: head.Reason, Headers: &head.Headers, Body: h.refusal(ctx),
	}
	return refusal, h.keeps().Yes(), nil
}

// patience is when the answer to CONNECT must have come: within the time for
// connecting, and within that for receiving. It is zero where both are without end.
func (v *via) patience(o *Opts, start time.Time) (until time.Time) {
	if limit := duration(o.ConnectTimeout, DefaultConnectTimeout); limit > 0 {
		until = start.Add(limit)
	}
	if limit := duration(o.RecvTimeout, 0); limit > 0 {
		if t := time.Now().Add(limit); until.IsZero() || t.Before(until) {
			until = t
		}
	}
	return until
}

// opening is the CONNECT for a tunnel to a place, with the caller's own fields and
// the credentials.
func (v *via) opening(to *place, authorization string) (*plan, error) {
	r := Req{Method: "CONNECT", Path: url.URL{Host: to.host, Port: to.port}.HostPort(), Headers: v.opener}
	if authorization != "" {
		r.Headers = r.Headers.With(proxyAuthorization, authorization)
	}
	var p plan
	return &p, p.prepare(&r, &defaultOpts)
}

// refusal is what can be read of the body of a refusal.
func (h *handle) refusal(ctx context.Context) []byte {
	body := make([]byte, maxRefusal)
	n := 0
	for n < len(body) {
		more, err := h.readBody(ctx, body[n:])
		if n += more; err != nil || h.dec.Done() {
			break
		}
	}
	return body[:n]
}

// withUnread is conn with bytes that were read from it too early.
func withUnread(conn net.Conn, rest []byte) net.Conn {
	if len(rest) == 0 {
		return conn
	}
	return &prefixed{Conn: conn, rest: append([]byte(nil), rest...)}
}

// prefixed is a connection some of whose bytes were read already.
type prefixed struct {
	net.Conn
	rest []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
