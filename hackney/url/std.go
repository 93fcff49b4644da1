package url

import (
	neturl "net/url"
	"strings"
)

// FromStd converts a URL of package net/url by the rules of [Parse]. Without a
// scheme it is http; without a host, nil or opaque ("mailto:joe") it is an
// error. The escapes of path and fragment are those that package net/url would
// write.
func FromStd(s *neturl.URL) (URL, error) {
	if s == nil || s.Opaque != "" {
		return URL{}, fail("from net/url", "", noURL)
	}
	raw := fromStd(s)
	u, p := parse(raw)
	if p != nil {
		return URL{}, fail("from net/url", raw, p)
	}
	return u, nil
}

// fromStd writes s as text. Unlike s.String it does not percent-encode the
// host, which has to be checked as it is; only a zone gets its "%25" back.
func fromStd(s *neturl.URL) string {
	raw, path := "//", s.EscapedPath()
	if s.Scheme != "" {
		raw = s.Scheme + "://"
	}
	if s.User != nil {
		raw += s.User.String() + "@"
	}
	raw += strings.Replace(s.Host, "%", "%25", 1)
	if path != "" && path[0] != '/' {
		path = "/" + path
	}
	raw += path
	if s.ForceQuery || s.RawQuery != "" {
		raw += "?" + s.RawQuery
	}
	return raw + tail("", "", s.EscapedFragment())
}

// Std converts u to a URL of package net/url, which holds decoded text. That
// package refuses a little that [Parse] keeps, above all a '%' in the path
// without two hex digits: such an error is [ErrSyntax].
func Std(u URL) (*neturl.URL, error) {
	raw := u.origin(u.Password) + u.Target() + tail("", "", u.Fragment)
	s, err := neturl.Parse(raw)
	if err != nil {
		return nil, fail("to net/url", raw, notStd)
	}
	return s, nil
}
