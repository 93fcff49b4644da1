package url

import (
	"cmp"
	"strings"
)

// Resolve follows a reference, such as the value of a Location field, from a
// base: the strict algorithm of RFC 3986, section 5.2, dot segments removed. A
// reference without an authority keeps that of the base, user and password
// included; a fragment is never taken over from the base.
//
// The reference is held to the rules of [Parse], with two differences that
// RFC 3986 demands: a text before a ':' is always a scheme here ("host:80/x" is
// [ErrScheme]), and "//" is needed before a host. The base is one that Parse
// made; without a host it gives [ErrHost]. Errors are of type [*Error]. Time is
// linear in the length of the two, which [MaxLength] bounds, as it does the
// result's path.
func Resolve(base URL, ref string) (URL, error) {
	u, p := resolve(base, ref)
	if p != nil {
		return URL{}, fail("resolve", ref, p)
	}
	return u, nil
}

func resolve(base URL, ref string) (u URL, p *problem) {
	switch {
	case len(ref) > MaxLength:
		return u, tooLong
	case base.Host == "":
		return u, emptyHost
	}
	scheme, rest, p := cutRefScheme(ref)
	if p != nil {
		return u, p
	}
	scheme = cmp.Or(scheme, base.Scheme, HTTP)
	if s, ok := strings.CutPrefix(rest, "//"); ok {
		authority, rest := cutAuthority(s)
		if p = u.setAuthority(scheme, authority); p != nil {
			return u, p
		}
		return u, u.setPath(cleaned(rest))
	}
	u = base
	return u, u.follow(rest)
}

// cutRefScheme takes an http or https scheme off ref, and refuses every other.
func cutRefScheme(ref string) (scheme, rest string, p *problem) {
	name, rest, found := cutName(ref)
	if !found {
		return "", ref, nil
	}
	scheme = knownScheme(name)
	switch {
	case scheme == "" && isScheme(name):
		return "", "", otherScheme
	case scheme == "":
		return "", "", badRef
	case !strings.HasPrefix(rest, "//"):
		return "", "", noAuthority
	}
	return scheme, rest, nil
}

func isScheme(s string) bool { return s != "" && isAlpha(s[0]) && span(s, inLabel) == len(s) }

// follow sets the path fields from a reference that has no authority. u still
// has those of the base (RFC 3986, section 5.2.2).
func (u *URL) follow(ref string) *problem {
	n := span(ref, inPath)
	path, rest := ref[:n], ref[n:]
	switch {
	case rest != "" && class[rest[0]]&ends == 0:
		return badByte(rest[0])
	case path == "" && !strings.HasPrefix(rest, "?"):
		rest = u.Target() + rest
	case path == "":
		rest = u.path() + rest
	case path[0] == '/':
		rest = removeDots(path) + rest
	default:
		rest = removeDots(merge(u.Path, path)) + rest
	}
	if len(rest) > MaxLength {
		return tooLong
	}
	u.Qs, u.Fragment = "", ""
	return u.setPath(rest)
}

// merge puts a relative path behind the last '/' of the base's (section 5.2.3).
func merge(base, path string) string {
	path = base[:strings.LastIndexByte(base, '/')+1] + path
	if path[0] != '/' {
		return "/" + path
	}
	return path
}

// cleaned removes the dot segments of a path that is followed by its query.
func cleaned(s string) string {
	n := span(s, inPath)
	return removeDots(s[:n]) + s[n:]
}

// removeDots takes "." and ".." out of a path that starts with '/' or is empty
// (RFC 3986, section 5.2.4). Each segment is written once and taken back at
// most once, so the time is linear.
func removeDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	out := make([]byte, 0, len(path))
	for path != "" {
		segment, rest := cutSegment(path)
		switch segment {
		case "/.":
		case "/..":
			out = dropSegment(out)
		default:
			out = append(out, segment...)
		}
		if rest == "" && (segment == "/." || segment == "/..") {
			out = append(out, '/')
		}
		path = rest
	}
	return string(out)
}

// cutSegment splits before the second '/'.
func cutSegment(path string) (segment, rest string) {
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		return path[:i+1], path[i+1:]
	}
	return path, ""
}

// dropSegment takes the last "/segment" off; an empty path stays empty.
func dropSegment(path []byte) []byte {
	for n := len(path) - 1; n >= 0; n-- {
		if path[n] == '/' {
			return path[:n]
		}
	}
	return path[:0]
}
