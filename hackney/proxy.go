package hackney

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	neturl "net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
	"weak"

	"golang.org/x/net/http/httpproxy"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/transport"
)

// ProxyMode is how a proxy that speaks HTTP is used.
type ProxyMode uint8

const (
	// Tunnel opens a tunnel with CONNECT (RFC 9110, 9.3.6), for http and https, as
	// hackney does: the proxy sees where it leads, and of https no more.
	Tunnel ProxyMode = iota
	// Forward hands requests for http to the proxy, in absolute form (RFC 9112, 3.2.2);
	// https goes through a tunnel.
	Forward
)

// Proxy says which proxy connections go through. It is one of ProxyURL, ProxyAddr,
// ProxyFunc and ProxyFromEnvironment.
type Proxy interface {
	// choose gives the proxy for connections to a place, "" for none. forward says
	// that requests for http are handed to it.
	choose(to place) (rawURL string, forward bool, err error)
}

// ProxyURL is one proxy for all: http://, https://, socks5:// (names are resolved here)
// or socks5h:// (by the proxy), then [user[:password]@]host[:port]. Without a scheme it
// is http. The default ports are 80, 443 and 1080.
func ProxyURL(rawURL string) Proxy { return proxyURL(rawURL) }

// ProxyAddr is one http proxy for all ({proxy, {Host, Port}} of hackney).
func ProxyAddr(host string, port int) Proxy {
	return proxyURL("http://" + strings.Replace(net.JoinHostPort(host, strconv.Itoa(port)), "%", "%25", 1))
}

// ProxyFunc asks f each time a connection is opened: of target scheme, host and port
// are set. It gives a URL as in ProxyURL, or "" for a direct connection. An error
// ends the operation; there is no connection then, neither through a proxy nor without.
func ProxyFunc(f func(target url.URL) (proxyURL string, err error)) Proxy { return proxyFunc(f) }

// ProxyFromEnvironment is what HTTP_PROXY, HTTPS_PROXY and NO_PROXY (or their lower-case
// names) say now, by the rules of golang.org/x/net/http/httpproxy: localhost and loopback
// addresses have no proxy. Requests for http are handed to the proxy, as with Forward.
func ProxyFromEnvironment() Proxy { return environment(httpproxy.FromEnvironment().ProxyFunc()) }

// String hides the password.
func (p proxyURL) String() string {
	raw := string(p)
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	return withoutPassword(raw)
}

// GoString hides the password.
func (p proxyURL) GoString() string { return strconv.Quote(p.String()) }

type (
	proxyURL    string
	proxyFunc   func(url.URL) (string, error)
	environment func(*neturl.URL) (*neturl.URL, error)
)

func (p proxyURL) choose(place) (string, bool, error) {
	if p == "" {
		return "", false, errors.New("the URL is empty")
	}
	return string(p), false, nil
}

func (f proxyFunc) choose(to place) (string, bool, error) {
	if f == nil {
		return "", false, errors.New("the function is nil")
	}
	scheme := to.transport.Scheme()
	u, err := url.Parse(scheme + "://" + to.origin().authority)
	if err != nil {
		return "", false, err
	}
	raw, err := f(u)
	return raw, false, err
}

func (f environment) choose(to place) (string, bool, error) {
	host := strings.TrimSuffix(to.host, ".") // as NO_PROXY has it
	u, err := f(&neturl.URL{Scheme: to.transport.Scheme(), Host: url.URL{Host: host, Port: to.port}.HostPort()})
	if u == nil || err != nil {
		return "", false, err
	}
	return u.String(), true, nil
}

// ProxyChallenge is what Opts.AnswerProxy is shown.
type ProxyChallenge struct {
	Proxy   string           // host:port
	Target  string           // host:port
	Headers *headers.Headers // of the 407, with its Proxy-Authenticate
	Attempt int              // 1 for the first 407 to this request
}

// ProxyError says that a proxy did not let a connection through: it was not reached, or
// it refused. No other way was tried.
type ProxyError struct {
	Proxy   string // host:port
	Target  string // host:port
	Status  int    // of its answer to CONNECT; 0 where it did not come to that
	Reason  string
	Headers *headers.Headers
	Body    []byte // of that answer, at most 4 KiB of it
	Err     error  // why there is no such answer: often a *TransportError
}

// Error names the proxy, the target and the reason.
func (e *ProxyError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("proxy %s for %s: %v", e.Proxy, e.Target, e.Err)
	}
	return fmt.Sprintf("proxy %s refused to connect to %s: %d %s", e.Proxy, e.Target, e.Status, e.Reason)
}

// Unwrap gives Err.
func (e *ProxyError) Unwrap() error { return e.Err }

// maxRefusal is how much of the body of a refusal is kept.
const maxRefusal = 4 << 10

// maxAnswers bounds how often AnswerProxy is asked for one request.
const maxAnswers = 8

// via is a proxy that a connection goes through. It is never written after it was made.
type via struct {
	scheme  string // "http", "https", "socks5" or "socks5h"
	host    string
	port    int
	auth    *BasicAuth // nil for none
	forward bool       // requests are handed to it
	opener  *headers.Headers
	answer  string // to its challenge, on this connection
}

// via is the proxy for connections to a place, nil for none.
func (o *Opts) via(to *place) (*via, error) {
	if o.Proxy == nil || to.transport != transport.TCP && to.transport != transport.TLS {
		return nil, nil
	}
	if to.port == 0 {
		return nil, badArgument("address", "no proxy connects to port 0")
	}
	raw, forward, err := o.Proxy.choose(*to)
	if err != nil {
		return nil, &ArgumentError{What: "proxy", Err: err}
	}
	if raw == "" {
		return nil, nil
	}
	v, err := parseProxy(raw)
	if err != nil {
		return nil, &ArgumentError{What: "proxy", Err: err}
	}
	v.auth = cmp.Or(v.auth, o.ProxyAuth)
	v.opener = o.ProxyHeaders
	v.forward = (forward || o.ProxyMode == Forward) && !v.socks() && to.transport == transport.TCP
	if err := v.check(to); err != nil || !v.forward {
		return v, err
	}
	return v, o.permits(to.host, to.port)
}

// parseProxy reads the URL of a proxy.
func parseProxy(raw string) (*via, error) {
	v, rest := &via{scheme: url.HTTP}, raw
	if name, after, found := strings.Cut(raw, "://"); found {
		v.scheme, rest = strings.ToLower(name), after
	}
	standard := map[string]int{"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}[v.scheme]
	if standard == 0 {
		return nil, errors.New("a proxy is http, https, socks5 or socks5h") // what stands there may be a password
	}
	u, err := url.Parse("http://" + rest)
	if err != nil {
		return nil, err
	}
	if u.Path != "" && u.Path != "/" || u.Qs != "" || u.Fragment != "" {
		return nil, errors.New("the URL of a proxy has neither path nor query")
	}
	v.host, v.port = u.Host, u.Port
	if other, err := url.Parse("https://" + rest); err == nil && other.Port != u.Port { // it names none
		v.port = standard
	}
	if user, password, ok := u.Credentials(); ok {
		v.auth = &BasicAuth{user, password}
	}
	return v, nil
}

// check refuses, before anything is dialed, what the proxy cannot be asked for.
func (v *via) check(to *place) error {
	if v.port == 0 {
		return badArgument("proxy", "it has no port")
	}
	if v.socks() {
		return v.checkSOCKS(to)
	}
	if v.auth != nil {
		if err := v.auth.check(); err != nil {
			return err
		}
	}
	if v.forward {
		return nil
	}
	_, err := v.opening(to, "")
	return err
}

// checkSOCKS refuses what has no room in the messages of SOCKS (RFC 1928, 5, and RFC 1929, 2).
func (v *via) checkSOCKS(to *place) error {
	switch {
	case v.auth != nil && v.auth.User == "" && v.auth.Password != "":
		return badArgument("proxy", "a password without a user")
	case v.auth != nil && (len(v.auth.User) > 255 || len(v.auth.Password) > 255):
		return badArgument("proxy", "user or password of more than 255 bytes")
	case len(to.host) > 255:
		return badArgument("URL", "a host of more than 255 bytes, for SOCKS")
	}
	return nil
}

func (v *via) socks() bool { return v.scheme == "socks5" || v.scheme == "socks5h" }

// address is host:port of the proxy.
func (v *via) address() string { return url.URL{Host: v.host, Port: v.port}.HostPort() }

// key tells proxies apart, and those who use them, in the key of a pool; "" is none.
func (v *via) key() string {
	if v == nil {
		return ""
	}
	k := fmt.Appendf(nil, "%s %s %t", v.scheme, v.address(), v.forward)
	if v.auth != nil {
		k = fmt.Appendf(k, " %q %q", v.auth.User, v.auth.Password)
	}
	if !v.forward && v.opener != nil {
		for name, value := range v.opener.All() {
			k = fmt.Appendf(k, "\n%s: %s", name, value)
		}
		k = fmt.Appendf(k, "\n%q", v.opener.Omitted())
	}
	return string(k)
}

// adjust makes k the key of a connection through the proxy. One that requests are
// handed to serves all targets.
func (v *via) adjust(k *pool.Key, o *Opts) {
	k.Proxy, k.Answer = v.key(), pool.IdentityOf(o.AnswerProxy)
	if v.forward {
		k.Host, k.Port = v.host, v.port
	}
	if v.scheme == url.HTTPS {
		k.TLS, k.Insecure = o.TLS, o.Insecure
	}
}

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

// basic is the value of a field with these credentials (RFC 7617, 2).
func (a *BasicAuth) basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(a.User+":"+a.Password))
}

// satisfyProxy answers the challenge of a proxy that requests are handed to, where
// there is a function for that and the request can be sent again. Else head stands.
func (a *operation) satisfyProxy(ctx context.Context, p *plan, head *http1.Head) (*http1.Head, error) {
	o := a.cs.opts.orDefault()
	for attempt := 1; attempt <= maxAnswers; attempt++ {
		v := a.h.link.via
		if head.Status != 407 || v == nil || !v.forward || o.AnswerProxy == nil || !p.repeats() {
			return head, nil
		}
		answer, err := o.AnswerProxy(ProxyChallenge{
			Proxy: v.address(), Target: a.cs.link.address(), Headers: &head.Headers, Attempt: attempt,
		})
		if err != nil {
			return nil, &ProxyError{
				Proxy: v.address(), Target: a.cs.link.address(),
				Status: head.Status, Reason: head.Reason, Headers: &head.Headers, Err: err,
			}
		}
		if answer == "" {
			return head, nil
		}
		if err := headers.New(proxyAuthorization, answer).Err(); err != nil {
			return nil, &ArgumentError{What: "field", Err: err}
		}
		if err := a.passOver(ctx); err != nil {
			return nil, err
		}
		if err := a.connectFor(ctx); err != nil {
			return nil, err
		}
		a.h.remember(answer)
		a.cs.link = a.h.link
		if head, err = a.exchange(ctx, p); err != nil {
			return nil, err
		}
	}
	return head, nil
}

// remember keeps the answer to a proxy's challenge for all requests on the connection.
func (c *core) remember(answer string) {
	l, v := *c.link, *c.link.via
	v.answer, l.via = answer, &v
	c.link = &l
}

// PublicAddresses is an AddressPolicy that refuses all that is not the public
// Internet: loopback, private and link-local addresses (with the metadata services of
// clouds), multicast and every range that is set aside, also where an IPv4 address is
// wrapped in an IPv6 one. except are prefixes that are allowed all the same.
//
// Keep the function, rather than call this for each request: connections of a pool are
// shared by clients with the same one.
func PublicAddresses(except ...netip.Prefix) func(netip.AddrPort) error {
	return transport.PublicAddresses(except...)
}
