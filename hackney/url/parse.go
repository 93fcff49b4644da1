package url

import "strings"

// Parse reads an absolute http or https URL (RFC 3986; hackney_url:parse_url/1).
//
// A text without a scheme is http, be it "example.com/x", "example.com:8080/x"
// or "//example.com/x". The scheme may be in any case. A missing path is "/",
// a missing or empty port the default one of the scheme (80 or 443). Path,
// query and fragment keep their bytes, dot segments included; user and
// password keep their percent escapes. A host outside ASCII becomes its xn--
// form, in Netloc as well.
//
// Errors are of type [*Error] and match one of [ErrScheme], [ErrHost],
// [ErrPort], [ErrUser], [ErrSyntax] and [ErrTooLong]; the package comment says
// what is refused. A path alone has no host and is an error: see [Resolve].
//
// The fields of the result are parts of raw: an ASCII URL with a path is parsed
// without an allocation.
func Parse(raw string) (URL, error) {
	u, p := parse(raw)
	if p != nil {
		return URL{}, fail("parse", raw, p)
	}
	return u, nil
}

func parse(raw string) (u URL, p *problem) {
	if len(raw) > MaxLength {
		return u, tooLong
	}
	scheme, rest, p := cutScheme(raw)
	if p != nil {
		return u, p
	}
	authority, rest := cutAuthority(rest)
	if p = u.setAuthority(scheme, authority); p == nil {
		p = u.setPath(rest)
	}
	return u, p
}

// cutScheme takes the scheme and "//" off raw; what has neither is http (P08).
func cutScheme(raw string) (scheme, rest string, p *problem) {
	if rest, ok := strings.CutPrefix(raw, "http://"); ok {
		return HTTP, rest, nil
	}
	if rest, ok := strings.CutPrefix(raw, "https://"); ok {
		return HTTPS, rest, nil
	}
	name, after, found := cutName(raw)
	after, slashes := strings.CutPrefix(after, "//")
	known := knownScheme(name)
	switch {
	case found && known != "" && slashes:
		return known, after, nil
	case found && known != "":
		return "", "", noAuthority
	case found && slashes:
		return "", "", otherScheme
	}
	return HTTP, strings.TrimPrefix(raw, "//"), nil
}

// cutName splits at a ':' that comes before any '/', '?' and '#': the one place
// where a scheme can end (RFC 3986, section 4.2).
func cutName(raw string) (name, after string, found bool) {
	i := strings.IndexAny(raw, ":/?#")
	if i < 0 || raw[i] != ':' {
		return "", raw, false
	}
	return raw[:i], raw[i+1:], true
}

// knownScheme is name in lower case if that is a scheme we speak, else "".
func knownScheme(name string) string {
	switch {
	case strings.EqualFold(name, HTTP):
		return HTTP
	case isHTTPS(name):
		return HTTPS
	}
	return ""
}

// isHTTPS compares bytes: strings.EqualFold would take U+017F for an s.
func isHTTPS(name string) bool {
	return len(name) == len(HTTPS) && strings.EqualFold(name[:4], HTTP) && name[4]|0x20 == 's'
}

// cutAuthority splits before the first '/', '?' or '#' (RFC 3986, section 3.2),
// whatever an '@' behind it may suggest.
func cutAuthority(s string) (authority, rest string) {
	for i := range len(s) {
		if class[s[i]]&ends != 0 {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

// setAuthority sets all fields but the four of the path. authority is
// [ userinfo "@" ] host [ ":" port ] (RFC 3986, section 3.2).
func (u *URL) setAuthority(scheme, authority string) (p *problem) {
	u.Scheme, u.Transport = scheme, transportOf(scheme)
	if i := strings.IndexByte(authority, '@'); i >= 0 {
		if p = u.setUser(authority[:i]); p != nil {
			return p
		}
		authority = authority[i+1:]
	}
	host, port, p := cutPort(authority)
	if p != nil {
		return p
	}
	if p = u.setHost(host, authority); p != nil {
		return p
	}
	u.Port, p = parsePort(port, defaultPort(scheme))
	return p
}

// setUser splits at the first ':'; a password may hold more of them.
func (u *URL) setUser(info string) *problem {
	if !validUser(info) {
		return badUser
	}
	u.User, u.Password, _ = strings.Cut(info, ":")
	return nil
}

// validUser wants the bytes of RFC 3986, section 3.2.1, and whole escapes.
func validUser(s string) bool {
	for {
		s = s[span(s, inUser):]
		if s == "" {
			return true
		}
		if _, ok := escape(s); !ok {
			return false
		}
		s = s[3:]
	}
}

// cutPort splits host and port. Brackets go with the host, which is all that
// may hold a ':' of its own.
func cutPort(s string) (host, port string, p *problem) {
	if !strings.HasPrefix(s, "[") {
		host, port, _ = strings.Cut(s, ":")
		return host, port, nil
	}
	host, port, ok := strings.Cut(s, "]")
	if !ok || (port != "" && port[0] != ':') {
		return "", "", badBracket
	}
	return s[:len(host)+1], strings.TrimPrefix(port, ":"), nil
}

// parsePort reads decimal digits up to 65535, of which leading zeros are fine;
// none at all mean the default (RFC 3986, section 3.2.3).
func parsePort(s string, otherwise int) (int, *problem) {
	if s == "" {
		return otherwise, nil
	}
	n := 0
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, notPort
		}
		if n = n*10 + int(s[i]-'0'); n > 65535 {
			return 0, hugePort
		}
	}
	return n, nil
}

// setPath sets RawPath and its three parts; s starts with '/', '?' or '#', or
// is empty. '#' is looked for first: a '?' behind it belongs to the fragment.
func (u *URL) setPath(s string) *problem {
	if s == "" || s[0] != '/' {
		s = "/" + s
	}
	u.RawPath = s
	n := span(s, inPath)
	u.Path, s = s[:n], s[n:]
	if strings.HasPrefix(s, "?") {
		n = 1 + span(s[1:], inQuery)
		u.Qs, s = s[1:n], s[n:]
	}
	if strings.HasPrefix(s, "#") {
		n = 1 + span(s[1:], inFrag)
		u.Fragment, s = s[1:n], s[n:]
	}
	if s != "" {
		return badByte(s[0])
	}
	return nil
}
