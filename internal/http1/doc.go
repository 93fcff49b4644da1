// Package http1 is the HTTP/1.1 codec (RFC 9112): bytes to events and back. It
// does no I/O, starts nothing and keeps no bytes: a Decoder is given those that are
// there, and moves on. A copy of it is a place to come back to.
//
//	d := http1.NewDecoder("GET", &limits)
//	n, err := d.Next(&event, buf, eof) // a head, a trailer section, a piece of body
//	nDst, nSrc, err := d.Body(dst, buf) // body bytes in bulk, many chunks at once
//
// Next and Line read heads; Next takes a whole head, Line one line of it. Body
// undoes the framing of as many chunks as there are. None of them looks at a
// byte twice for long: the Decoder remembers how far it has looked, so that a
// head that comes byte by byte costs linear time.
//
// There is one mode. What RFC 9112 lets a client tolerate without a doubt about
// where a message ends is tolerated: folded lines are joined by one blank, equal
// Content-Lengths are one, a bare LF ends a line of a head, the reason may be
// missing. Everything else is a *ProtocolError, and after one the connection is
// of no further use.
package http1
