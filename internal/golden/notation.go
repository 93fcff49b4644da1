package golden

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The notation of bytes: text stands for itself, and what cannot be seen is
// written \r \n \t \\ or \xHH. ${NAME} is the value of a variable, and
// \{1000*text} is the text, a thousand times. The end of a line stands for nothing.

// lineWidth is how many bytes of data a line takes at most.
const lineWidth = 100

// maxRepeated bounds what one repetition may grow to, in bytes.
const maxRepeated = 64 << 20

// Quote writes b in the notation, on one line.
func Quote(b []byte) string {
	var w strings.Builder
	for i, c := range b {
		switch {
		case c == '\r':
			w.WriteString(`\r`)
		case c == '\n':
			w.WriteString(`\n`)
		case c == '\t':
			w.WriteString(`\t`)
		case c == '\\':
			w.WriteString(`\\`)
		case c == '$' && i+1 < len(b) && b[i+1] == '{', c == ' ' && i+1 == len(b), c < ' ', c >= utf8.RuneSelf, c == 0x7f:
			fmt.Fprintf(&w, `\x%02X`, c)
		default:
			w.WriteByte(c)
		}
	}
	return w.String()
}

// QuoteLines writes b in the notation, in lines that end where those of b do, and
// where one would be too long.
func QuoteLines(b []byte) (lines []string) {
	for len(b) > 0 {
		n := min(len(b), lineWidth)
		if i := strings.IndexByte(string(b[:n]), '\n'); i >= 0 {
			n = i + 1
		}
		lines = append(lines, Quote(b[:n]))
		b = b[n:]
	}
	return lines
}

// Unquote reads the notation. vars gives the values of variables; nil knows none.
func Unquote(s string, vars func(name string) (string, bool)) ([]byte, error) {
	var b []byte
	for len(s) > 0 {
		i := strings.IndexAny(s, `\$`)
		if i < 0 {
			return append(b, s...), nil
		}
		b = append(b, s[:i]...)
		s = s[i:]
		var (
			part []byte
			n    int
			err  error
		)
		if s[0] == '$' {
			part, n, err = variable(s, vars)
		} else {
			part, n, err = escape(s)
		}
		if err != nil {
			return nil, err
		}
		b, s = append(b, part...), s[n:]
	}
	return b, nil
}

// variable reads the ${NAME} at the start of s, n bytes of it. A $ by itself is one.
func variable(s string, vars func(string) (string, bool)) (value []byte, n int, err error) {
	if !strings.HasPrefix(s, "${") {
		return []byte{'$'}, 1, nil
	}
	name, _, ok := strings.Cut(s[2:], "}")
	if !ok {
		return nil, 0, fmt.Errorf("a variable without its }: %.20s", s)
	}
	if vars != nil {
		if v, ok := vars(name); ok {
			return []byte(v), len(name) + 3, nil
		}
	}
	return nil, 0, fmt.Errorf(`unknown variable ${%s} (a dollar sign before a brace is written \x24)`, name)
}

var simpleEscapes = map[byte]byte{'r': '\r', 'n': '\n', 't': '\t', '\\': '\\'}

// escape reads the escape at the start of s, n bytes of it.
func escape(s string) (value []byte, n int, err error) {
	if len(s) < 2 {
		return nil, 0, fmt.Errorf(`a \ with nothing behind it (a backslash is written \\)`)
	}
	if c, ok := simpleEscapes[s[1]]; ok {
		return []byte{c}, 2, nil
	}
	switch s[1] {
	case 'x':
		if len(s) >= 4 {
			if c, err := strconv.ParseUint(s[2:4], 16, 8); err == nil {
				return []byte{byte(c)}, 4, nil
			}
		}
		return nil, 0, fmt.Errorf(`bad escape %.4s, want \x and two hexadecimal digits`, s)
	case '{':
		return repetition(s)
	}
	return nil, 0, fmt.Errorf(`bad escape %.2s, want \r \n \t \\ \xHH or \{N*text}`, s)
}

// repetition reads the \{N*text} at the start of s.
func repetition(s string) (value []byte, n int, err error) {
	inner, _, closed := strings.Cut(s[2:], "}")
	count, text, ok := strings.Cut(inner, "*")
	times, numErr := strconv.Atoi(count)
	if !closed || !ok || numErr != nil || times < 0 {
		return nil, 0, fmt.Errorf(`bad repetition %.20s, want \{N*text}`, s)
	}
	unit, err := Unquote(text, nil)
	if err != nil {
		return nil, 0, err
	}
	if len(unit) > 0 && times > maxRepeated/len(unit) {
		return nil, 0, fmt.Errorf("repetition %.20s is of more than %d bytes", s, maxRepeated)
	}
	return []byte(strings.Repeat(string(unit), times)), len(inner) + 3, nil
}

// Brief writes b in quotes, and a long b by its length and sum.
func Brief(b []byte) string {
	if len(b) > 256 {
		return fmt.Sprintf("%d bytes, sha256 %s", len(b), Sum(b))
	}
	return `"` + strings.ReplaceAll(Quote(b), `"`, `\x22`) + `"`
}
