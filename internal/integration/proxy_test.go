//go:build integration

package integration

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
)

// The user whom the proxies know. They read the password as crypt(3) makes it.
const (
	login    = "user"
	password = "s3cret"
	crypted  = "$6$hackney$dLxWdjekjbBp4zSbuIIKCqdlAYxm878Hdgs4fIOI4HBpViHwibiMvOzMk9sMhns7zmmNodQ/uIPNqUqsdZBrI/"
	mistaken = "s3cret-but-wrong"
)

// basic is what Basic authentication sends of the user and password above.
const basic = "Basic dXNlcjpzM2NyZXQ="

// known are the credentials that the proxies take, unknown are others.
var known, unknown = &hackney.BasicAuth{User: login, Password: password}, &hackney.BasicAuth{User: login, Password: mistaken}

// modes are the ways in which a proxy that speaks HTTP is used.
var modes = map[string]hackney.ProxyMode{"tunnel": hackney.Tunnel, "forward": hackney.Forward}

// withUser puts user info into the URL of a proxy.
func withUser(proxyURL, password string) string {
	return strings.Replace(proxyURL, "://", "://"+login+":"+password+"@", 1)
}

// route is a way to the origins: directly, or through one of the proxies.
type route struct {
	name string
	opts hackney.Opts
	// entries are what the proxy's log has of the requests that it took: a method, a
	// blank, and a URL or host:port. nil without a proxy.
	entries func() []string
}

// options are those of the route, for origins with that certificate.
func (r route) options(cert *selfsigned.Cert) *hackney.Opts {
	o := r.opts
	o.TLS = &tls.Config{RootCAs: cert.Pool()}
	return &o
}

// times says how often the proxy was asked for an origin.
func (r route) times(o *origin) (n int) {
	for _, entry := range r.entries() {
		if strings.Contains(entry+"/", ":"+o.port()+"/") {
			n++
		}
	}
	return n
}

// check wants that each request to the origin, or in a tunnel each connection, is in the
// proxy's log. Tunnels must be closed: some proxies tell of them at their end.
func (r route) check(t *testing.T, o *origin) {
	t.Helper()
	if r.entries == nil {
		return
	}
	want, what := o.conns(), "connections"
	if r.opts.ProxyMode == hackney.Forward && !o.secure {
		want, what = len(o.got()), "requests"
	}
	if want == 0 {
		t.Errorf("%s was not reached", o.url)
	}
	if !eventually(func() bool { return r.times(o) == want }) {
		t.Errorf("the proxy was asked %d times for %s, which saw %d %s:\n%s",
			r.times(o), o.url, want, what, strings.Join(r.entries(), "\n"))
	}
}

// proxyError wants that a proxy has refused, or with status 0 that it could not be used
// in another way. The error must not tell a password, and leaves nothing open.
func proxyError(t *testing.T, cs hackney.ClientState, err error, status int) *hackney.ProxyError {
	t.Helper()
	defer func() { hackney.Close(cs) }()
	var refusal *hackney.ProxyError
	if !errors.As(err, &refusal) {
		t.Fatalf("error %v, want a ProxyError; %v", err, cs)
	}
	t.Log(err)
	if refusal.Status != status {
		t.Errorf("status %d, want %d", refusal.Status, status)
	}
	if len(refusal.Body) > 4<<10 {
		t.Errorf("%d bytes of the body are kept", len(refusal.Body))
	}
	if strings.Contains(err.Error(), password) {
		t.Error("a password is in the text")
	}
	if cs.ConnectionState() != hackney.Closed {
		t.Errorf("behind the error: %v", cs)
	}
	return refusal
}

// unreached wants that nothing came to an origin.
func unreached(t *testing.T, o *origin) {
	t.Helper()
	if n := o.conns(); n != 0 {
		t.Errorf("%s got %d connections:\n%s", o.url, n, strings.Join(o.lines(), "\n"))
	}
}

// testTransparent sends a request on a route, and wants to find at the origin what was
// sent, nothing of what is between the client and the proxy, and the origin as the
// client's peer.
func testTransparent(t *testing.T, r route) {
	cert := newCert(t)
	for name, cert := range map[string]*selfsigned.Cert{"http": nil, "https": cert} {
		o := newOrigin(t, cert)
		for _, base := range []string{o.url, o.named} {
			t.Run(name+strings.TrimPrefix(base, name), func(t *testing.T) { transparent(t, r, cert, o, base) })
		}
		r.check(t, o)
	}
}

func transparent(t *testing.T, r route, cert *selfsigned.Cert, o *origin, base string) {
	opts := &hackney.Opts{}
	if *opts = r.opts; cert != nil {
		opts = r.options(cert)
	}
	data := noise(300_000)
	cs, err := hackney.Post(limited(t), base+"/a%2Fb?c=d", headers.New("X-One", "1", "Content-Type", "a/b"), hackney.Bytes(data), opts)
	body, cs := whole(t, cs, err, 200)
	defer func() { hackney.Close(cs) }()
	if want := "POST /a%2Fb?c=d HTTP/1.1"; string(body) != want {
		t.Errorf("body %q, want %q", body, want)
	}
	requests := o.got()
	m := requests[len(requests)-1]
	_, authority, _ := strings.Cut(base, "://")
	for name, want := range map[string][]string{
		"Host": {authority}, "X-One": {"1"}, "Content-Type": {"a/b"},
		"Proxy-Authorization": nil, "Proxy-Connection": nil, "X-Own": nil,
	} {
		if got := values(m, name); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if !slices.Equal(m.Body, data) {
		t.Errorf("the origin got %d bytes, not the %d that were sent", len(m.Body), len(data))
	}
	if got, want := cs.URL(), base+"/a%2Fb?c=d"; got != want {
		t.Errorf("URL %q, want %q", got, want)
	}
	host, _, _ := net.SplitHostPort(authority)
	if scheme, _, _ := strings.Cut(base, "://"); cs.Scheme() != scheme || cs.Host() != host || (cs.TLS() != nil) != o.secure {
		t.Errorf("scheme %q, host %q, TLS %v", cs.Scheme(), cs.Host(), cs.TLS() != nil)
	}
}

// TestDeadProxy: a proxy that is not there is an error; nobody goes around it.
func TestDeadProxy(t *testing.T) {
	cert := newCert(t)
	for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
		for name, cert := range map[string]*selfsigned.Cert{"http": nil, "https": cert} {
			for how, mode := range modes {
				if mode == hackney.Forward && !strings.HasPrefix(scheme, "http") {
					continue
				}
				t.Run(scheme+" to "+name+", "+how, func(t *testing.T) {
					o := newOrigin(t, cert)
					opts := &hackney.Opts{Proxy: hackney.ProxyURL(withUser(scheme+"://"+freePort(t), password)), ProxyMode: mode, Insecure: true}
					cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, opts)
					var network *hackney.TransportError
					if refusal := proxyError(t, cs, err, 0); !errors.As(refusal, &network) {
						t.Errorf("no TransportError in %v", err)
					}
					unreached(t, o)
				})
			}
		}
	}
}
