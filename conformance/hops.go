package conformance

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
)

// The options of redirects and proxies, and of the addresses that may be dialed.

// redirectWords are the words of opts for what becomes of redirects.
func redirectWords(o *hackney.Opts) (words []string) {
	for _, flag := range []struct {
		word string
		set  bool
	}{{"follow-redirect", o.FollowRedirect}, {"force-redirect", o.ForceRedirect}, {"rewrite-post", o.RewritePost}} {
		if flag.set {
			words = append(words, flag.word)
		}
	}
	switch {
	case len(words) == 0:
		return nil
	case o.MaxRedirect == hackney.Unlimited:
		words = append(words, "max-redirect=unlimited")
	case o.MaxRedirect == hackney.NoRedirects:
		words = append(words, "max-redirect=none")
	case o.MaxRedirect > 0:
		words = append(words, "max-redirect="+strconv.Itoa(o.MaxRedirect))
	}
	return words
}

// maxRedirectOption knows none, beside a number.
func maxRedirectOption(o *hackney.Opts, value string) error {
	if value == "none" {
		o.MaxRedirect = hackney.NoRedirects
		return nil
	}
	return countOption(func(o *hackney.Opts, n int64) { o.MaxRedirect = int(n) })(o, value)
}

// sensitiveOption takes the names of fields, with commas between them.
func sensitiveOption(o *hackney.Opts, value string) error {
	o.Sensitive = append(o.Sensitive, strings.Split(value, ",")...)
	return nil
}

// directly is the word for no proxy.
const directly = "none"

// proxyOption takes the URL of a proxy, environment, or TARGET>URL with commas between
// them: a proxy for each target host:port, others are dialed directly.
func proxyOption(o *hackney.Opts, value string) error {
	switch {
	case value == directly:
		o.Proxy = nil
	case value == "environment":
		o.Proxy = hackney.ProxyFromEnvironment()
	case strings.Contains(value, ">"):
		byTarget, err := proxiesByTarget(value)
		if err != nil {
			return err
		}
		o.Proxy = hackney.ProxyFunc(func(target url.URL) (string, error) { return byTarget[target.HostPort()], nil })
	default:
		o.Proxy = hackney.ProxyURL(value)
	}
	return nil
}

func proxiesByTarget(value string) (map[string]string, error) {
	byTarget := map[string]string{}
	for pair := range strings.SplitSeq(value, ",") {
		target, proxy, ok := strings.Cut(pair, ">")
		if !ok {
			return nil, usagef("%q is no HOST:PORT>URL", pair)
		}
		if proxy != directly {
			byTarget[target] = proxy
		}
	}
	return byTarget, nil
}

func proxyModeOption(o *hackney.Opts, value string) error {
	switch value {
	case "tunnel":
		o.ProxyMode = hackney.Tunnel
	case "forward":
		o.ProxyMode = hackney.Forward
	default:
		return usagef("%q is no mode of a proxy, want tunnel or forward", value)
	}
	return nil
}

// proxyHeadersOption takes a field. The word may stand more than once.
func proxyHeadersOption(s *session, o *hackney.Opts, value string) error {
	name, text, err := s.field(value)
	if err != nil {
		return err
	}
	if o.ProxyHeaders == nil {
		o.ProxyHeaders = headers.New()
	}
	o.ProxyHeaders = o.ProxyHeaders.Add(name, text)
	return nil
}

// answerProxyOption takes the answer to the first challenge; the same word again takes
// that to the next. Behind the last the client gives up.
func answerProxyOption(s *session, o *hackney.Opts, value string) error {
	answer, err := s.data(value)
	if err != nil {
		return err
	}
	s.answers = append(s.answers, string(answer))
	answers := slices.Clone(s.answers)
	o.AnswerProxy = func(c hackney.ProxyChallenge) (string, error) {
		if c.Attempt > len(answers) {
			return "", nil
		}
		answer := answers[c.Attempt-1]
		if reason, ok := strings.CutPrefix(answer, "error:"); ok {
			return "", &scriptedError{reason}
		}
		return answer, nil
	}
	return nil
}

var errForbidden = errors.New("the script forbids it")

// addressPolicyOption takes public, for PublicAddresses, or nothing, for a policy that
// refuses all; behind it, with commas between them, the prefixes that are allowed all the same.
func addressPolicyOption(s *session, o *hackney.Opts, value string) error {
	kind, list, _ := strings.Cut(value, ",")
	var except []netip.Prefix
	for text := range strings.SplitSeq(list, ",") {
		if text == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return usagef("%q is no prefix such as 127.0.0.0/8", text)
		}
		except = append(except, prefix)
	}
	switch kind {
	case "public":
		s.obey(o, hackney.PublicAddresses(except...))
	case "nothing":
		s.obey(o, func(a netip.AddrPort) error {
			if slices.ContainsFunc(except, func(p netip.Prefix) bool { return p.Contains(a.Addr()) }) {
				return nil
			}
			return errForbidden
		})
	default:
		return usagef("there is no policy %q, want public or nothing, and prefixes behind it", kind)
	}
	return nil
}

// obey has clients ask a policy. A server that stands for an address is asked for by
// that: not where the server really is, which is known only when it was reached.
func (s *session) obey(o *hackney.Opts, policy func(netip.AddrPort) error) {
	o.AddressPolicy = func(a netip.AddrPort) error {
		if s.routes.isReal(a.String()) {
			return nil
		}
		return policy(a)
	}
	s.guarded = func(ctx context.Context, network, address string) (net.Conn, error) {
		if a, err := netip.ParseAddrPort(address); err == nil {
			if err := policy(a); err != nil {
				return nil, &hackney.AddressError{Addr: a, Err: err}
			}
		}
		return s.dial(ctx, network, address)
	}
}

// isReal says whether a server that stands for another address listens there.
func (r *routes) isReal(address string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, to := range r.to {
		if to.address == address {
			return true
		}
	}
	return false
}
