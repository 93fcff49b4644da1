//go:build integration

package integration

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
)

// chains are paths of redirects over origins: a and b speak http, s and z https, and A and
// S are a and s by another name. What leaves the first origin goes without credentials, also
// when it comes back.
var chains = []string{"aaa", "aba", "asa", "sas", "sza", "sss", "aA", "aAa", "sSs", "abas", "aaba", "ssbss"}

// sources are the ways in which a caller may give credentials.
var sources = []struct {
	name   string
	chains []string
	login  string // put before the host of the first URL
	auth   *hackney.BasicAuth
	own    []string // fields
	want   map[string]string
}{
	{
		name: "fields", chains: chains,
		own:  []string{"Authorization", "Bearer t0ken", "cookie", "a=b", "X-Key", "k3y", "x-other-key", "0ther"},
		want: map[string]string{"Authorization": "Bearer t0ken", "Cookie": "a=b", "X-Key": "k3y", "X-Other-Key": "0ther"},
	},
	{
		name: "BasicAuth", chains: []string{"aaa", "aba", "sas", "sSs"},
		auth: known,
		want: map[string]string{"Authorization": basic},
	},
	{
		name: "user info", chains: []string{"sss", "sbs", "asa", "aAa"},
		login: login + ":" + password + "@",
		want:  map[string]string{"Authorization": basic},
	},
}

// sensitive are all fields that may not leave the origin.
var sensitive = []string{"Authorization", "Cookie", "X-Key", "X-Other-Key", "Proxy-Authorization"}

// TestHops looks at each request of chains of redirects, directly and through all proxies.
func TestHops(t *testing.T) {
	s, p, d := startSquid(t), startTinyproxy(t, ""), startDante(t, "username")
	routes := slices.Concat([]route{{name: "direct"}}, s.routes(), p.routes(), d.routes())
	cert := newCert(t)
	for _, r := range routes {
		for _, pooled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, pool %v", r.name, pooled), func(t *testing.T) {
				t.Parallel() // tinyproxy makes one wait
				testHops(t, r, cert, pooled)
			})
		}
	}
}

func testHops(t *testing.T, r route, cert *selfsigned.Cert, pooled bool) {
	for _, source := range sources {
		for _, chain := range source.chains {
			if !t.Run(chain+" "+source.name, func(t *testing.T) {
				w := newWay(t, chain, cert)
				opts := r.options(cert)
				opts.FollowRedirect, opts.Sensitive, opts.BasicAuth = true, []string{"X-Key", "X-OTHER-key"}, source.auth
				if opts.Pool = pool.None; pooled {
					opts.Pool = pool.New(pool.Opts{})
				}
				first := strings.Replace(w.url(0), "://", "://"+source.login, 1)
				cs, err := hackney.Get(limited(t), first, headers.New(append(source.own, "X-Plain", "stays")...), nil, opts)
				_, cs = whole(t, cs, err, 200)
				hackney.Close(cs)
				opts.Pool.Close()
				w.check(t, source.want)
				if got, want := cs.URL(), w.url(len(chain)-1); got != want || len(cs.Redirects()) != len(chain)-1 {
					t.Errorf("URL %q, want %q; redirects %v", got, want, cs.Redirects())
				}
				for _, o := range w.origins {
					r.check(t, o)
				}
			}) {
				return // to wait for what a log does not have takes long
			}
		}
	}
}

// way is a chain of redirects, from path /0 of its first origin to path /1 of the next.
type way struct {
	chain   string
	origins map[string]*origin // by the letter, in lower case
}

func newWay(t *testing.T, chain string, cert *selfsigned.Cert) *way {
	t.Helper()
	w := &way{chain, map[string]*origin{}}
	for _, letter := range strings.Split(strings.ToLower(chain), "") {
		switch {
		case w.origins[letter] != nil:
		case letter == "s" || letter == "z":
			w.origins[letter] = newOrigin(t, cert)
		default:
			w.origins[letter] = newOrigin(t, nil)
		}
	}
	for i := range len(chain) - 1 {
		w.at(i).redirect(fmt.Sprint("/", i), codes[i%len(codes)], w.url(i+1))
	}
	return w
}

func (w *way) at(i int) *origin { return w.origins[strings.ToLower(w.chain[i:i+1])] }

func (w *way) base(i int) string {
	if strings.Contains("AS", w.chain[i:i+1]) {
		return w.at(i).named
	}
	return w.at(i).url
}

func (w *way) url(i int) string { return fmt.Sprint(w.base(i), "/", i) }

// check looks at what came to the origins: the credentials as long as the chain has not
// left its first origin.
func (w *way) check(t *testing.T, credentials map[string]string) {
	t.Helper()
	left := false
	for i := range w.chain {
		left = left || w.chain[i] != w.chain[0]
		path, o, seen := fmt.Sprint("/", i), w.at(i), 0
		for _, m := range o.got() {
			if target(m) != path {
				continue
			}
			seen++
			want := []string{strings.SplitN(w.base(i), "://", 2)[1]}
			if got := values(m, "Host"); !slices.Equal(got, want) {
				t.Errorf("hop %d: Host %q, want %q", i, got, want)
			}
			if got := m.Field("X-Plain"); got != "stays" {
				t.Errorf("hop %d: X-Plain %q", i, got)
			}
			for _, name := range sensitive {
				var want []string
				if value := credentials[name]; value != "" && !left {
					want = []string{value}
				}
				if got := values(m, name); !slices.Equal(got, want) {
					t.Errorf("hop %d: %s %q, want %q", i, name, got, want)
				}
			}
			if strings.Contains(string(m.Head), password) {
				t.Errorf("hop %d: a password in the head", i)
			}
		}
		if seen != 1 {
			t.Errorf("hop %d: %d requests", i, seen)
		}
	}
}

// TestProxyFuncHops: the function is asked on each hop, and on a reconnect.
func TestProxyFuncHops(t *testing.T) {
	s, p := startSquid(t), startTinyproxy(t, "")
	w := newWay(t, "aba", nil)
	a, b := w.origins["a"], w.origins["b"]
	var asked []string
	opts := &hackney.Opts{FollowRedirect: true, Pool: pool.None}
	opts.Proxy = hackney.ProxyFunc(func(target url.URL) (string, error) {
		asked = append(asked, target.String())
		if strings.HasSuffix(b.address, fmt.Sprint(":", target.Port)) {
			return withUser(p.url, password), nil
		}
		return s.open, nil
	})
	cs, err := hackney.Get(limited(t), w.url(0), nil, nil, opts)
	_, cs = whole(t, cs, err, 200)
	hackney.Close(cs)
	if want := []string{a.url + "/", b.url + "/", a.url + "/"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
	route{entries: s.entries}.check(t, a)
	route{entries: p.entries}.check(t, b)

	// "" is no proxy.
	opts = &hackney.Opts{Proxy: hackney.ProxyFunc(func(url.URL) (string, error) { return "", nil })}
	o := newOrigin(t, nil)
	cs, err = hackney.Get(limited(t), o.url+"/", nil, nil, opts)
	whole(t, cs, err, 200)
	// An error of the function ends the request.
	broken := errors.New("no proxy today")
	opts = &hackney.Opts{Proxy: hackney.ProxyFunc(func(url.URL) (string, error) { return "", broken })}
	o = newOrigin(t, nil)
	if cs, err = hackney.Get(limited(t), o.url+"/", nil, nil, opts); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v in it", err, broken)
	}
	hackney.Close(cs)
	unreached(t, o)
}

// TestAddressPolicyHops: each address is asked about before it is dialed, on each hop.
func TestAddressPolicyHops(t *testing.T) {
	cert := newCert(t)
	for _, chain := range []string{"ab", "as", "ba"} {
		for _, named := range []bool{false, true} {
			t.Run(fmt.Sprint(chain, " ", named), func(t *testing.T) {
				w := newWay(t, chain, cert)
				if named { // the policy sees addresses, not names
					w.at(0).redirect("/0", 302, w.at(1).named+"/1")
				}
				policy := errors.New("not there")
				opts := route{}.options(cert)
				opts.FollowRedirect = true
				opts.AddressPolicy = func(addr netip.AddrPort) error {
					if addr.String() == w.at(0).address {
						return nil
					}
					return policy
				}
				cs, err := hackney.Get(limited(t), w.url(0), nil, nil, opts)
				hackney.Close(cs)
				var refused *hackney.AddressError
				if !errors.As(err, &refused) || !errors.Is(err, policy) || fmt.Sprint(refused.Addr.Port()) != w.at(1).port() {
					t.Errorf("error %v", err)
				}
				unreached(t, w.at(1))
			})
		}
	}
	t.Run("public addresses", func(t *testing.T) {
		o := newOrigin(t, nil)
		for _, base := range []string{o.url, o.named} {
			cs, err := hackney.Get(limited(t), base+"/", nil, nil, &hackney.Opts{AddressPolicy: hackney.PublicAddresses()})
			hackney.Close(cs)
			var refused *hackney.AddressError
			if !errors.As(err, &refused) {
				t.Errorf("error %v", err)
			}
		}
		unreached(t, o)
		opts := &hackney.Opts{AddressPolicy: hackney.PublicAddresses(netip.MustParsePrefix("127.0.0.0/8"))}
		cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, opts)
		whole(t, cs, err, 200)
	})
}
