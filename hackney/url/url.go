package url

import (
	"strconv"
	"strings"
)

// The two schemes, and the names of the transports that carry them. The names
// are hackney's module names, so that a port of old code finds them again.
const (
	HTTP  = "http"
	HTTPS = "https"

	TCP = "hackney_tcp_transport"
	SSL = "hackney_ssl_transport"
)

// MaxLength is the greatest length of a URL or reference, in bytes. Parse and
// Resolve refuse longer ones, and Resolve also a longer result, with
// [ErrTooLong].
const MaxLength = 64 << 10

// redacted stands for a password in texts that people read.
const redacted = "xxxxx"

// URL is a parsed http or https URL: hackney's #hackney_url{} record, with its
// fields in its order. It is comparable with ==. All texts are as they were
// written, percent escapes included.
type URL struct {
	Transport string // TCP or SSL
	Scheme    string // HTTP or HTTPS, always lower-case
	Netloc    string // host and port as written, without user information
	RawPath   string // path, query and fragment together; starts with '/'
	Path      string // starts with '/'
	Qs        string // query, without '?'
	Fragment  string // without '#'
	Host      string // ASCII name or address; IPv6 without brackets
	Port      int    // 0 to 65535; the scheme's default when none was written
	User      string // percent-encoded
	Password  string // percent-encoded
}

// TransportScheme gives the scheme that a transport carries: "http" for [TCP],
// "https" for [SSL], and an error that is [ErrTransport] for any other name
// (hackney_url:transport_scheme/1).
func TransportScheme(transport string) (string, error) {
	switch transport {
	case TCP:
		return HTTP, nil
	case SSL:
		return HTTPS, nil
	}
	return "", fail("transport scheme", "", unknownTransport)
}

// transportOf is the inverse of TransportScheme for the two known schemes.
func transportOf(scheme string) string {
	if scheme == HTTPS {
		return SSL
	}
	return TCP
}

func defaultPort(scheme string) int {
	if scheme == HTTPS {
		return 443
	}
	return 80
}

// Unparse writes u as text, with its password: for a parsed URL the text parses
// to the same fields again (hackney_url:unparse_url/1). As there, an empty
// query, fragment or password leaves no separator behind, and Netloc is written
// as it is. A value made by hand may leave out Scheme (http), Netloc (made of
// Host and Port) and Path ("/").
func Unparse(u URL) string {
	return u.origin(u.Password) + tail(u.path(), u.Qs, u.Fragment)
}

// String is [Unparse] with xxxxx in place of the password: fit for logs.
func (u URL) String() string {
	if u.Password != "" {
		u.Password = redacted
	}
	return Unparse(u)
}

// GoString keeps the password out of the %#v verb as well.
func (u URL) GoString() string { return "url.URL(" + strconv.QuoteToASCII(u.String()) + ")" }

// MarshalText is String: what is logged or shown as JSON has no password either.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// Authority is the value of the Host field: the host, and the port unless it is
// the default one of the scheme (RFC 9110, section 7.2). IPv6 addresses are in
// brackets and lose their zone (RFC 6874, section 4). For a parsed URL it is a
// part of Netloc and allocates nothing.
func (u URL) Authority() string {
	host := u.bracketed()
	if i := strings.IndexByte(host, '%'); i >= 0 {
		host = host[:i] + "]"
	}
	if u.port() == defaultPort(u.Scheme) {
		return host
	}
	return u.withPort(host)
}

// HostPort is the host with its port, always written: what CONNECT asks for and
// what net.Dial takes. IPv6 addresses are in brackets and keep their zone.
func (u URL) HostPort() string { return u.withPort(u.bracketed()) }

// Target is the request target in origin-form: the path, and the query if there
// is one (RFC 9112, section 3.2.1). The fragment is never part of it. It is a
// part of RawPath, allocates nothing and keeps a '?' with nothing behind it, as
// long as RawPath agrees with Path and Qs; else it is made of these two.
func (u URL) Target() string {
	if n := u.targetLen(); n > 0 {
		return u.RawPath[:n]
	}
	return tail(u.path(), u.Qs, "")
}

// Credentials gives the user and the password with their percent escapes
// decoded, as basic authentication wants them; a '+' is a plus sign here
// (RFC 3986, section 3.2.1). A bad escape, which Parse never lets in, stays as
// it is. ok is false when there is neither user nor password.
func (u URL) Credentials() (user, password string, ok bool) {
	return unescape(u.User), unescape(u.Password), u.User != "" || u.Password != ""
}

// origin writes everything before the path.
func (u *URL) origin(password string) string {
	scheme, netloc, at := u.Scheme, u.Netloc, ""
	if scheme == "" {
		scheme = HTTP
	}
	if netloc == "" {
		netloc = u.Authority()
	}
	if password != "" {
		password = ":" + password
	}
	if u.User != "" || password != "" {
		at = "@"
	}
	return scheme + "://" + u.User + password + at + netloc
}

func (u *URL) path() string {
	if u.Path == "" {
		return "/"
	}
	return u.Path
}

// port is the port to use: a value made by hand may leave it to the scheme.
func (u *URL) port() int {
	if u.Port == 0 && u.Netloc == "" {
		return defaultPort(u.Scheme)
	}
	return u.Port
}

// bracketed is the host as an authority writes it, cut from Netloc if possible.
func (u *URL) bracketed() string {
	if strings.IndexByte(u.Host, ':') < 0 {
		return u.Host
	}
	if n := len(u.Host) + 2; len(u.Netloc) >= n && u.Netloc[1:n-1] == u.Host {
		return u.Netloc[:n]
	}
	return "[" + u.Host + "]"
}

// withPort puts the port behind host; it is Netloc itself when that says so.
func (u *URL) withPort(host string) string {
	port := u.port()
	if rest, ok := strings.CutPrefix(u.Netloc, host); ok && writes(rest, port) {
		return u.Netloc
	}
	return host + ":" + strconv.Itoa(port)
}

// writes reports whether s is port in its shortest form, with a colon before it.
func writes(s string, port int) bool {
	if len(s) < 2 || s[0] != ':' || (s[1] == '0' && len(s) > 2) {
		return false
	}
	n, p := parsePort(s[1:], -1)
	return p == nil && n == port
}

// targetLen is the length of the target at the start of RawPath, and 0 when
// RawPath does not agree with Path and Qs.
func (u *URL) targetLen() int {
	rest, ok := strings.CutPrefix(u.RawPath, u.Path)
	if !ok {
		return 0
	}
	if strings.HasPrefix(rest, "?") {
		if rest, ok = strings.CutPrefix(rest[1:], u.Qs); !ok {
			return 0
		}
	} else if u.Qs != "" {
		return 0
	}
	if u.Path == "" || (rest != "" && rest[0] != '#') {
		return 0
	}
	return len(u.RawPath) - len(rest)
}

// tail puts a path, a query and a fragment together.
func tail(path, query, fragment string) string {
	if query != "" {
		query = "?" + query
	}
	if fragment != "" {
		fragment = "#" + fragment
	}
	return path + query + fragment
}
