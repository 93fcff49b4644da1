package main

import (
	"errors"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/url"
)

// way are the flags about where a request goes beside its URL: on to where answers
// lead, through a proxy, and where not.
type way struct {
	Location  bool `short:"L" help:"Follow redirects, as curl does: a POST becomes a GET on 301, 302 and 303, all else is repeated."`
	MaxRedirs *int `placeholder:"N" help:"Follow at most N redirects (5); 0 is none, --max-redirs=-1 all."`

	Proxy        string  `placeholder:"URL" help:"Connect through the proxy: [http|https|socks5|socks5h://][USER:PASSWORD@]HOST[:PORT]; env is what the environment says."`
	ProxyUser    *string `placeholder:"USER:PASSWORD" help:"Send Basic authentication to the proxy, or log in to it by SOCKS."`
	ProxyForward bool    `help:"Hand requests for http to the proxy, in place of a tunnel."`
	Noproxy      *string `placeholder:"LIST" help:"Use no proxy for these hosts and all below them: names, addresses and networks, with commas between; * is all."`

	NoPrivateAddresses bool `help:"Connect to public addresses only, whatever names and redirects say."`
}

// fromEnvironment is the --proxy that has the environment name the proxies.
const fromEnvironment = "env"

// validate refuses what would have no effect.
func (w *way) validate() error {
	switch {
	case w.MaxRedirs != nil && !w.Location:
		return errors.New("--max-redirs needs -L")
	case w.MaxRedirs != nil && *w.MaxRedirs < hackney.Unlimited:
		return errors.New("--max-redirs wants a number, or -1 for all")
	case w.Proxy == "" && (w.ProxyUser != nil || w.ProxyForward || w.Noproxy != nil):
		return errors.New("--proxy-user, --proxy-forward and --noproxy need --proxy")
	case !knownProxy(w.Proxy): // which is not shown: it may hold a password
		return errors.New("--proxy is http, https, socks5 or socks5h, or env")
	case w.Proxy == fromEnvironment && w.Noproxy != nil:
		return errors.New("--noproxy does not go with --proxy env: NO_PROXY is its list")
	}
	return nil
}

// knownProxy says whether a proxy has a scheme that there is, or none.
func knownProxy(rawURL string) bool {
	scheme, _, found := strings.Cut(rawURL, "://")
	return !found || slices.Contains([]string{"http", "https", "socks5", "socks5h"}, strings.ToLower(scheme))
}

// apply puts the flags into o. t is told which proxy is taken.
func (w *way) apply(o *hackney.Opts, t *tracer) {
	if w.Location {
		o.FollowRedirect, o.ForceRedirect, o.RewritePost = true, true, true
	}
	if w.MaxRedirs != nil {
		o.MaxRedirect = *w.MaxRedirs
		if o.MaxRedirect == 0 {
			o.MaxRedirect = hackney.NoRedirects
		}
	}
	if w.ProxyUser != nil {
		user, password, _ := strings.Cut(*w.ProxyUser, ":")
		o.ProxyAuth = &hackney.BasicAuth{User: user, Password: password}
	}
	if w.ProxyForward || w.Proxy == fromEnvironment { // as ProxyFromEnvironment does
		o.ProxyMode = hackney.Forward
	}
	if w.Proxy != "" {
		choose := w.chooser()
		o.Proxy = hackney.ProxyFunc(func(target url.URL) (string, error) {
			proxy, err := choose(target)
			t.chosen(proxy, target, o.ProxyMode)
			return proxy, err
		})
	}
	if w.NoPrivateAddresses {
		o.AddressPolicy = hackney.PublicAddresses()
	}
}

// chooser gives the proxy for a target, "" for none.
func (w *way) chooser() func(url.URL) (string, error) {
	if w.Proxy == fromEnvironment {
		return environment
	}
	var without noProxy
	if w.Noproxy != nil {
		without = parseNoProxy(*w.Noproxy)
	}
	return func(target url.URL) (string, error) {
		if without.has(target.Host, target.Port) {
			return "", nil
		}
		return w.Proxy, nil
	}
}

// environment is what ProxyFromEnvironment does, but for the mode.
func environment(target url.URL) (string, error) {
	target.Host = strings.TrimSuffix(target.Host, ".") // as NO_PROXY has it
	u, err := url.Std(target)
	if err != nil {
		return "", err
	}
	proxy, err := httpproxy.FromEnvironment().ProxyFunc()(u)
	if proxy == nil || err != nil {
		return "", err
	}
	return proxy.String(), nil
}
