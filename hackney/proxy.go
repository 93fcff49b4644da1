package hackney

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	neturl "net/url"
	"strconv"
	"strings"

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
// A proxy whose URL cannot be read is an error of what would go through it.
func ProxyFromEnvironment() Proxy {
	config := httpproxy.FromEnvironment()
	e := environment{chosen: config.ProxyFunc()}
	for _, named := range []*string{&config.HTTPProxy, &config.HTTPSProxy} {
		if *named != "" {
			*named = "http://a-proxy"
		}
	}
	e.meant = config.ProxyFunc()
	return e
}

// String hides the password, and what may be one in a URL that cannot be used.
func (p proxyURL) String() string {
	scheme, rest, found := strings.Cut(string(p), "://")
	if !found {
		scheme, rest = url.HTTP, string(p)
	}
	at := strings.LastIndexByte(rest, '@')
	if colon := strings.IndexByte(rest, ':'); colon >= 0 && colon < at {
		rest = rest[:colon] + ":xxxxx" + rest[at:]
	}
	return scheme + "://" + rest
}

// MarshalText is String, for logs.
func (p proxyURL) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// GoString hides the password.
func (p proxyURL) GoString() string { return strconv.Quote(p.String()) }

type (
	proxyURL  string
	proxyFunc func(url.URL) (string, error)

	// environment has what the variables say, and would say if all their URLs could be read: httpproxy takes
	// one that cannot for none.
	environment struct {
		chosen, meant func(*neturl.URL) (*neturl.URL, error)
	}
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

func (e environment) choose(to place) (string, bool, error) {
	host := strings.ToLower(strings.TrimSuffix(to.host, ".")) // as NO_PROXY has it
	target := &neturl.URL{Scheme: to.transport.Scheme(), Host: url.URL{Host: host, Port: to.port}.HostPort()}
	u, err := e.chosen(target)
	if u == nil && err == nil {
		if u, err = e.meant(target); u != nil {
			u, err = nil, errors.New("the URL in the environment cannot be read")
		}
	}
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
	reason := strconv.Quote(e.Reason) // the proxy's bytes, which may be any but CR, LF and NUL
	return fmt.Sprintf("proxy %s refused to connect to %s: %d %s", e.Proxy, e.Target, e.Status, reason[1:len(reason)-1])
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
	if private := v.private(); len(private) > 0 {
		sum := hmac.New(sha256.New, keySalt)
		sum.Write(private)
		k = fmt.Appendf(k, " %x", sum.Sum(nil))
	}
	return string(k)
}

// keySalt keeps the sums in keys from telling of what they are: statistics of a pool show its keys.
var keySalt = func() []byte {
	b := make([]byte, 32)
	rand.Read(b) // which never fails
	return b
}()

// private is what tells the users of a proxy apart.
func (v *via) private() (k []byte) {
	if v.auth != nil {
		k = fmt.Appendf(k, " %q %q", v.auth.User, v.auth.Password)
	}
	if !v.forward && v.opener != nil {
		for name, value := range v.opener.All() {
			k = fmt.Appendf(k, "\n%s: %s", name, value)
		}
		k = fmt.Appendf(k, "\n%q", v.opener.Omitted())
	}
	return k
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
