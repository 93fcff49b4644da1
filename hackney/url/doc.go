// Package url reads, writes and resolves the http and https URLs that a
// request is sent to, and holds the percent coding that belongs to them.
//
// # What a URL is here
//
// A [URL] is the record of hackney 0.6.0, field for field: plain text, plain
// to compare, nothing decoded behind your back. [Parse] makes one, [Unparse]
// writes it again:
//
//	u, err := url.Parse("http://joe:pw@example.com:8080/a/../b?x=1#top")
//	// u.Netloc   "example.com:8080"
//	// u.Host     "example.com"      u.Port     8080
//	// u.RawPath  "/a/../b?x=1#top"  u.Path     "/a/../b"
//	// u.Qs       "x=1"              u.Fragment "top"
//	// u.User     "joe"              u.Password "pw"
//
// A path keeps its bytes, its escapes and its dot segments, because they are
// sent as they were given. Only [Resolve], which follows a reference such as
// the value of a Location field, removes dot segments.
//
// # What is refused
//
// Two readers that see different hosts in one text are an attack waiting to
// happen, so the authority follows RFC 3986 to the letter and whatever could
// be read in two ways is an error: control bytes and spaces anywhere, a
// backslash before the query, percent escapes in a host, a second '@', a
// bracketed host that is no IPv6 address, a port above 65535, any scheme but
// http and https. Bytes that RFC 3986 forbids but that nobody misreads are
// kept as they are in the path, query and fragment: the quote, angle
// and square brackets, braces, '|', '^', '`', a lone '%', and all bytes above
// 0x7f.
//
// Host names outside ASCII are turned into their xn-- form (UTS 46, the lookup
// profile of golang.org/x/net/idna). A label that this mapping would turn into
// plain ASCII, such as full-width digits, is refused: it only pretends. So is a label of more than
// 63 bytes in its xn-- form.
//
// # Secrets
//
// [Unparse] writes the password, for it is the inverse of Parse. Everything
// that is likely to end in a log does not: [URL.String] and [URL.GoString]
// write xxxxx in its place, and an [*Error] never shows it, nor any control
// byte. Encoders that walk over struct fields, such as encoding/json, see the
// fields themselves: log u.String() with them.
//
// # Values made by hand
//
// The fields are exported and can be set. Path, Qs and Fragment are then what
// counts: the methods use RawPath only while it agrees with them, and Netloc
// may be left empty. Nothing checks the bytes of a value made by hand; Parse of
// its Unparse does.
package url
