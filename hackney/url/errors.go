package url

import (
	"errors"
	"strconv"
	"strings"
)

// What can be wrong, for errors.Is. Every error of this package is an
// [*Error] that wraps exactly one of them.
var (
	ErrScheme    = errors.New("scheme is not supported") // neither http nor https
	ErrHost      = errors.New("bad host")                // missing, or not a name or address
	ErrPort      = errors.New("bad port")                // no number, or above 65535
	ErrUser      = errors.New("bad user information")    // bytes or escapes that are not allowed
	ErrSyntax    = errors.New("bad syntax")              // a byte or a form that a URL cannot have
	ErrTooLong   = errors.New("too long")                // more than MaxLength bytes
	ErrEscape    = errors.New("bad percent escape")      // from Decode
	ErrTransport = errors.New("unknown transport")       // from TransportScheme
)

// Error says what was wrong with which URL. Neither its fields nor its text
// ever hold a password or a control byte, so it can be logged as it is.
type Error struct {
	Op     string // "parse", "resolve", "decode", "from net/url", …
	URL    string // password hidden, odd bytes escaped, shortened; "" when there is none
	Reason string // what was wrong, in words
	Err    error  // one of the sentinels: ErrScheme, ErrHost, …
}

// Error gives all of it in one line.
func (e *Error) Error() string {
	s := "url: " + e.Op
	if e.URL != "" {
		s += ` "` + e.URL + `"`
	}
	return s + ": " + e.Err.Error() + ": " + e.Reason
}

// Unwrap gives the sentinel.
func (e *Error) Unwrap() error { return e.Err }

// problem is a fault that was found, before anybody asked for a text.
type problem struct {
	kind   error
	reason string
}

var (
	tooLong          = &problem{ErrTooLong, "more than 65536 bytes"}
	otherScheme      = &problem{ErrScheme, "only http and https can be requested"}
	noAuthority      = &problem{ErrHost, "\"//\" and a host must follow the scheme"}
	emptyHost        = &problem{ErrHost, "it is empty"}
	badBracket       = &problem{ErrHost, "'[' needs a ']' that ends the host"}
	notIPv6          = &problem{ErrHost, "what is in brackets is not an IPv6 address"}
	badZone          = &problem{ErrHost, "a zone must be \"%25\" and plain letters on a link-local address"}
	badIDN           = &problem{ErrHost, "not a valid internationalized name"}
	badPuny          = &problem{ErrHost, "a label that starts with xn-- is not valid"}
	notPort          = &problem{ErrPort, "it is not a number"}
	hugePort         = &problem{ErrPort, "it is greater than 65535"}
	badUser          = &problem{ErrUser, "a byte in it must be percent-encoded"}
	badRef           = &problem{ErrSyntax, "a ':' in the first segment, and no scheme before it"}
	unknownTransport = &problem{ErrTransport, "only " + TCP + " and " + SSL + " have a scheme"}
	noURL            = &problem{ErrSyntax, "it is nil or opaque"}
	notStd           = &problem{ErrSyntax, "package net/url does not accept it"}
)

// badByte and badHostByte name the byte in hex; it is never one of a password.
func badByte(b byte) *problem     { return &problem{ErrSyntax, hexByte(b) + " is not allowed"} }
func badHostByte(b byte) *problem { return &problem{ErrHost, hexByte(b) + " is not allowed"} }

func hexByte(b byte) string { return "byte 0x" + string(lower[b>>4]) + string(lower[b&15]) }

// fail makes the error for a problem with a text that may hold a password.
func fail(op, raw string, p *problem) *Error {
	return &Error{Op: op, URL: safe(raw), Reason: p.reason, Err: p.kind}
}

// maxShown is how many bytes of a URL an error shows.
const maxShown = 200

// safe makes raw fit to be shown: without its password, short, and with every
// byte that is not printable ASCII escaped as in a Go string.
func safe(raw string) string {
	raw = hide(raw)
	cut := ""
	if len(raw) > maxShown {
		raw, cut = raw[:maxShown], "..."
	}
	q := strconv.QuoteToASCII(raw)
	return q[1:len(q)-1] + cut
}

// Redact is a URL, or a reference to one, with xxxxx in place of the password in its user information: fit for
// logs. In one whose password has a '/', '?' or '#' in it, which it may not have, all up to the '@' is hidden.
func Redact(ref string) string {
	scheme, rest, ok := strings.Cut(ref, "//")
	if !ok || scheme != "" && scheme[len(scheme)-1] != ':' {
		return ref
	}
	authority, _ := cutAuthority(rest)
	at, from := strings.LastIndexByte(authority, '@'), 1+strings.LastIndexByte(authority, ']')
	if at >= 0 {
		from = 0
	}
	colon := strings.IndexByte(authority[from:], ':') + from
	if at < 0 && colon >= from && (colon+1 == len(authority) || strings.Trim(authority[colon+1:], "0123456789") != "") {
		at = strings.LastIndexByte(rest, '@') // what stands behind the colon is no port
	}
	if colon < from || colon > at {
		return ref
	}
	return scheme + "//" + rest[:colon+1] + redacted + rest[at:]
}

// hide replaces what may be a password. The text may be broken in any way, so
// it rather hides too much: all from the first ':' behind "http://" or
// "https://" to the last '@' of the whole.
func hide(raw string) string {
	start := 0
	if name, after, _ := cutName(raw); knownScheme(name) != "" && strings.HasPrefix(after, "//") {
		start = len(name) + 1
	}
	colon := strings.IndexByte(raw[start:], ':') + start
	at := strings.LastIndexByte(raw, '@')
	if colon < start || at < colon {
		return raw
	}
	return raw[:colon+1] + redacted + raw[at:]
}
