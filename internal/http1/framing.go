package http1

import (
	"math"
	"strings"

	"github.com/hackney-go/hackney/internal/fields"
)

// Framing says how the end of a response's body is found.
type Framing uint8

const (
	None       Framing = iota // there is no body
	Length                    // Content-Length bytes
	Chunked                   // the last chunk and the trailer section end it
	UntilClose                // the end of the connection ends it
	Switched                  // the bytes that follow are not HTTP/1.1 any more
)

var framingNames = [...]string{"none", "length", "chunked", "until close", "switched"}

// String is the name of the framing.
func (f Framing) String() string { return framingNames[f] }

// facts are what the field lines of one head say about the message and the
// connection, gathered line by line.
type facts struct {
	length int64 // Content-Length, where hasLength
	flags  flags
}

type flags uint16

const (
	hasLength flags = 1 << iota
	badLength
	twoLengths
	hasCoding
	twoCodings // a second Transfer-Encoding line
	badCoding
	chunkedLast
	identity
	optionClose
	optionKeepAlive
)

func (f *facts) has(bits flags) bool { return f.flags&bits != 0 }

// note takes one field line in; white space around its value does not matter.
func (f *facts) note(name, value string) {
	switch len(name) {
	case len("Connection"):
		if fields.EqualFold(name, "Connection") {
			f.noteConnection(value)
		}
	case len("Content-Length"):
		if fields.EqualFold(name, "Content-Length") {
			f.noteLength(value)
		}
	case len("Transfer-Encoding"):
		if fields.EqualFold(name, "Transfer-Encoding") {
			f.noteCoding(value)
		}
	}
}

func (f *facts) noteConnection(value string) {
	if fields.HasItem(value, "close") {
		f.flags |= optionClose
	}
	if fields.HasItem(value, "keep-alive") {
		f.flags |= optionKeepAlive
	}
}

// noteLength takes in a Content-Length, which a sloppy sender may have made a
// list of equal numbers (RFC 9110, 8.6).
func (f *facts) noteLength(value string) {
	for rest, more := value, true; more; {
		var item string
		item, rest, more = strings.Cut(rest, ",")
		n, ok := ParseLength(fields.Trim(item))
		switch {
		case !ok:
			f.flags |= badLength
		case f.has(hasLength) && n != f.length:
			f.flags |= twoLengths
		}
		f.length = n
		f.flags |= hasLength
	}
}

// ParseLength reads a Content-Length: digits alone, below 2^63.
func ParseLength(s string) (int64, bool) {
	var n int64
	if s == "" {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		d := int64(s[i]) - '0'
		if d < 0 || d > 9 || n > (math.MaxInt64-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}

// noteCoding takes in a Transfer-Encoding. We undo chunked alone; codings that
// were applied before it stay on the body, as the field says.
func (f *facts) noteCoding(value string) {
	if f.has(hasCoding) {
		f.flags |= twoCodings
	}
	f.flags |= hasCoding
	for rest, more := value, true; more; {
		var coding string
		coding, rest, more = strings.Cut(rest, ",")
		f.noteOneCoding(fields.Trim(coding), !more)
	}
}

func (f *facts) noteOneCoding(coding string, last bool) {
	switch {
	case fields.EqualFold(coding, "chunked") && last:
		f.flags |= chunkedLast
	case fields.EqualFold(coding, "identity") && last:
		f.flags |= identity
	case last || !knownCoding(coding):
		f.flags |= badCoding
	}
}

// knownCoding says whether coding is registered (RFC 9112, 7.2) and may stand
// before chunked.
func knownCoding(coding string) bool {
	for _, known := range [...]string{"gzip", "deflate", "compress", "x-gzip", "x-compress", "identity"} {
		if fields.EqualFold(coding, known) {
			return true
		}
	}
	return false
}

// framing decides how the body of a final response ends. It takes the steps of
// RFC 9112, 6.3 in their order.
func framing(req request, minor uint8, status uint16, f facts) (Framing, error) {
	switch {
	// A 101 hands the connection over to another protocol (RFC 9110, 15.2.2).
	case status == 101:
		return Switched, nil
	// Step 2: a 2xx to CONNECT opens the tunnel; its framing fields are ignored.
	case req == connect && status/100 == 2:
		return Switched, nil
	}
	if err := f.check(minor); err != nil {
		return None, err
	}
	switch {
	// Step 1: no body whatever the fields say.
	case req == head, status/100 == 1, status == 204, status == 304:
		return None, nil
	// Steps 3 and 4: Transfer-Encoding overrides Content-Length; reusable says
	// that the connection is not trusted any more when both are there.
	case f.has(chunkedLast):
		return Chunked, nil
	case f.has(identity):
		return UntilClose, nil
	// Step 6: a valid Content-Length. (Step 5, invalid ones, is in check; step 7
	// is about requests.)
	case f.has(hasLength) && f.length == 0:
		return None, nil
	case f.has(hasLength):
		return Length, nil
	// Step 8: otherwise the body ends with the connection.
	default:
		return UntilClose, nil
	}
}

// check refuses framing fields that could be read in two ways (RFC 9112, 6.1,
// 6.3 step 5 and 11.2).
func (f *facts) check(minor uint8) error {
	switch {
	case f.has(badLength):
		return malformed("Content-Length", "not a number of bytes below 2^63", "")
	case f.has(twoLengths):
		return malformed("Content-Length", "two different values", "")
	case !f.has(hasCoding):
		return nil
	case minor == 0:
		return malformed("Transfer-Encoding", "in an HTTP/1.0 message", "")
	case f.has(twoCodings):
		return malformed("Transfer-Encoding", "more than one field line", "")
	case f.has(badCoding):
		return malformed("Transfer-Encoding", "an unknown coding, or chunked is not the last", "")
	case f.has(identity) && f.has(hasLength):
		return malformed("Transfer-Encoding", "identity beside a Content-Length", "")
	}
	return nil
}

// reusable says whether the connection persists after the message (RFC 9112,
// 9.3), as far as its head and framing tell.
func reusable(fr Framing, minor uint8, f facts) bool {
	switch {
	case fr == UntilClose, fr == Switched:
		return false
	case f.has(optionClose):
		return false
	case f.has(hasCoding) && f.has(hasLength): // RFC 9112, 6.3 step 3
		return false
	}
	return minor >= 1 || f.has(optionKeepAlive)
}
