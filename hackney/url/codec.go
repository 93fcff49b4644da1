package url

import (
	"strconv"
	"strings"
)

const (
	lower = "0123456789abcdef"
	upper = "0123456789ABCDEF"
)

// EncodeOption changes how [Encode] writes; options can be combined.
type EncodeOption uint8

const (
	// NoPlus writes a space as %20 and not as '+'.
	NoPlus EncodeOption = 1 << iota
	// Upper writes the hex digits of escapes in upper case.
	Upper
)

// DecodeOption says what [Decode] does with a '%' that two hex digits do not
// follow.
type DecodeOption uint8

const (
	// Crash makes it an error. It is the default, under the name that it has
	// in hackney; nothing panics.
	Crash DecodeOption = iota
	// Skip keeps the '%' as it is and goes on behind it.
	Skip
)

// Encode percent-encodes all bytes of s but letters, digits and ". - ~ _"; a
// space becomes '+' (hackney_url:urlencode/1,2; the unreserved bytes of RFC
// 3986, section 2.3). Hex digits are lower-case unless [Upper] is given.
func Encode(s string, opts ...EncodeOption) string {
	if span(s, plain) == len(s) {
		return s
	}
	return string(AppendEncode(make([]byte, 0, len(s)+16), s, opts...))
}

// AppendEncode appends what [Encode] makes of s to dst.
func AppendEncode(dst []byte, s string, opts ...EncodeOption) []byte {
	var all EncodeOption
	for _, o := range opts {
		all |= o
	}
	digits := lower
	if all&Upper != 0 {
		digits = upper
	}
	for i := range len(s) {
		b := s[i]
		switch {
		case class[b]&plain != 0:
			dst = append(dst, b)
		case b == ' ' && all&NoPlus == 0:
			dst = append(dst, '+')
		default:
			dst = append(dst, '%', digits[b>>4], digits[b&15])
		}
	}
	return dst
}

// Decode is the inverse of [Encode]: '+' becomes a space, and "%41" the byte
// 0x41 (hackney_url:urldecode/1,2). The result can be any bytes, not only
// UTF-8. With [Crash], the default, a '%' without two hex digits is an error
// that is [ErrEscape] and names the offset, but not the text. With [Skip]
// there is no error. Of several options the last counts.
func Decode(s string, opts ...DecodeOption) (string, error) {
	mode := Crash
	for _, o := range opts {
		mode = o
	}
	if strings.IndexByte(s, '%') < 0 {
		return strings.ReplaceAll(s, "+", " "), nil
	}
	text, bad := decode(s, ' ')
	if bad >= 0 && mode == Crash {
		reason := "at byte " + strconv.Itoa(bad)
		return "", &Error{Op: "decode", Reason: reason, Err: ErrEscape}
	}
	return text, nil
}

// unescape decodes escapes only.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	text, _ := decode(s, '+')
	return text
}

// decode writes plus for each '+' and keeps bad escapes; bad is the offset of
// the first of them, or -1.
func decode(s string, plus byte) (text string, bad int) {
	out := make([]byte, 0, len(s))
	bad = -1
	for i := 0; i < len(s); i++ {
		b := s[i]
		if b == '+' {
			b = plus
		} else if v, ok := escape(s[i:]); ok {
			b = v
			i += 2
		} else if b == '%' && bad < 0 {
			bad = i
		}
		out = append(out, b)
	}
	return string(out), bad
}

// escape is the byte that "%XX" at the start of s stands for.
func escape(s string) (b byte, ok bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, ok1 := unhex(s[1])
	low, ok2 := unhex(s[2])
	return high<<4 | low, ok1 && ok2
}

func unhex(b byte) (byte, bool) {
	switch {
	case isDigit(b):
		return b - '0', true
	case 'a' <= b|0x20 && b|0x20 <= 'f':
		return b | 0x20 - 'a' + 10, true
	}
	return 0, false
}
