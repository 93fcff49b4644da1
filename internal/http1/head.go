package http1

import (
	"bytes"
	"strings"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/fields"
)

// inlineLines is the number of field lines a Head has room for in itself; a
// larger index is allocated apart.
const inlineLines = 12

// Head is a whole head of a response. It is never written after it was made.
type Head struct {
	Headers headers.Headers
	Reason  string
	Status  int
	Minor   uint8 // of HTTP/1.Minor
	Framing Framing
	Length  int64 // the Content-Length, or -1
	lines   [inlineLines]fields.Line
}

// endOfSection finds the empty line that ends a head or trailer section in buf.
// from is what an earlier call looked through; end is just behind the empty line,
// or 0 when there is none yet, and then looked is the from of the next call.
// atStart says that the empty line may come first. folded says that a line
// behind from starts with a blank.
func endOfSection(buf []byte, from int, atStart bool) (end, looked int, folded bool) {
	if atStart {
		if n, partial := emptyLine(buf); n > 0 || partial {
			return n, 0, false
		}
	}
	for {
		i := bytes.IndexByte(buf[from:], '\n')
		if i < 0 {
			return 0, len(buf), folded
		}
		from += i + 1
		n, partial := emptyLine(buf[from:])
		switch {
		case n > 0:
			return from + n, 0, folded
		case partial:
			return 0, from - 1, folded
		case isBlank(buf[from]):
			folded = true
		}
	}
}

// endOfLine finds the end of the first line in buf, as endOfSection does that of
// a section. folds says that the next line may go on with it.
func endOfLine(buf []byte, from int, folds bool) (end, looked int) {
	if n, _ := emptyLine(buf); n > 0 {
		return n, 0
	}
	for {
		i := bytes.IndexByte(buf[from:], '\n')
		if i < 0 {
			return 0, len(buf)
		}
		from += i + 1
		switch {
		case !folds:
			return from, 0
		case from == len(buf):
			return 0, from - 1
		case !isBlank(buf[from]):
			return from, 0
		}
	}
}

// emptyLine gives the length of the line end at the start of b, or partial when
// b may still become one.
func emptyLine[text string | []byte](b text) (n int, partial bool) {
	switch {
	case len(b) == 0:
		return 0, true
	case b[0] == '\n':
		return 1, false
	case b[0] != '\r':
		return 0, false
	case len(b) == 1:
		return 0, true
	case b[1] == '\n':
		return 2, false
	}
	return 0, false
}

// cutLine cuts the first line off text, which has a LF in it; a CR before the LF
// belongs to the line end (RFC 9112, 2.2).
func cutLine(text string, at int) (line string, next int) {
	i := strings.IndexByte(text[at:], '\n')
	next = at + i + 1
	line = text[at : next-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, next
}

// statusLine reads "HTTP/1.x SP 3DIGIT [SP reason]" (RFC 9112, 4).
func statusLine(line string) (minor uint8, status uint16, reason string, err error) {
	if err := checkVersion(line); err != nil {
		return 0, 0, "", err
	}
	const prefix = len("HTTP/1.1 ")
	if len(line) < prefix+3 || line[prefix-1] != ' ' {
		return 0, 0, "", malformed("status line", "no status code after the version", line)
	}
	for _, c := range []byte(line[prefix : prefix+3]) {
		if c < '0' || c > '9' {
			return 0, 0, "", malformed("status line", "the status code is not three digits", line)
		}
		status = status*10 + uint16(c-'0')
	}
	rest := line[prefix+3:]
	switch {
	case status < 100:
		return 0, 0, "", malformed("status line", "the status code is below 100", line)
	case rest != "" && rest[0] != ' ':
		return 0, 0, "", malformed("status line", "the status code is not three digits", line)
	case strings.IndexByte(rest, '\r') >= 0 || strings.IndexByte(rest, 0) >= 0:
		return 0, 0, "", malformed("status line", "a bare CR or NUL in the reason", line)
	}
	return line[len("HTTP/1.")] - '0', status, fields.Trim(rest), nil
}

// checkVersion looks whether s is, or may still become, an HTTP/1.x status line.
func checkVersion(s string) error {
	const want = "HTTP/1."
	n := min(len(s), len(want))
	if s[:n] != want[:n] {
		return malformed("status line", "this is not HTTP/1", s)
	}
	if len(s) > len(want) && (s[len(want)] < '0' || s[len(want)] > '9') {
		return malformed("status line", "the version is not HTTP/1.x", s)
	}
	if len(s) > len(want)+1 && s[len(want)+1] != ' ' {
		return malformed("status line", "no blank after the version", s)
	}
	return nil
}

// fieldLine finds the colon in a line (RFC 9112, 5).
func fieldLine(line string) (colon int, err error) {
	colon = fields.Token(line)
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		name, _, found := strings.Cut(line, ":") // a value may be a secret
		if !found {
			name = line[:colon]
		}
		return 0, malformed("field line", nameFault(line), name)
	}
	if strings.IndexByte(line[colon:], '\r') >= 0 {
		return 0, malformed("field line", "a bare CR in the value", line[:colon])
	}
	if strings.IndexByte(line[colon:], 0) >= 0 {
		return 0, malformed("field line", "a NUL in the value", line[:colon])
	}
	return colon, nil
}

// nameFault says why no name and colon are at the start of line.
func nameFault(line string) string {
	name, _, found := strings.Cut(line, ":")
	switch {
	case !found:
		return "no colon"
	case name == "":
		return "the name is empty"
	case strings.IndexByte(name, '\r') >= 0:
		return "a bare CR in the name"
	case strings.IndexByte(name, 0) >= 0:
		return "a NUL in the name"
	case isBlank(name[len(name)-1]):
		return "a blank before the colon"
	}
	return "the name is not a token"
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// unfold joins the folded lines of text from at on by one blank (obs-fold, RFC
// 9112, 5.2). It is called only where there are any.
func unfold(text string, at int) string {
	var b strings.Builder
	b.Grow(len(text))
	b.WriteString(text[:at])
	for at < len(text) {
		var line string
		line, at = cutLine(text, at)
		folded := at < len(text) && isBlank(text[at])
		if folded {
			line = trimRight(line)
		}
		b.WriteString(line)
		for at < len(text) && isBlank(text[at]) {
			line, at = cutLine(text, at)
			if line = fields.Trim(line); line != "" {
				b.WriteByte(' ')
				b.WriteString(line)
			}
		}
		b.WriteString("\r\n")
	}
	return b.String()
}

// trimRight cuts the white space off that belongs to the fold behind it.
func trimRight(s string) string {
	for s != "" && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// section reads the field lines of text from at to the empty line, whose end it gives:
// 0 where a line cannot stand or is not all there, which others are to tell apart.
// lines is room to use.
//
// Names are looked at line by line, bytes that no value may hold in the whole at once.
func section(text string, at int, lines []fields.Line, f *facts) (_ []fields.Line, end int) {
	first, returns := at, 0
	for {
		line := text[at:]
		if n, _ := emptyLine(line); n > 0 {
			returns += n - 1
			at += n
			break
		}
		colon := fields.Token(line)
		if colon == 0 || colon == len(line) || line[colon] != ':' {
			return nil, 0
		}
		size := strings.IndexByte(line[colon:], '\n')
		if size < 0 {
			return nil, 0
		}
		if len(lines) == cap(lines) {
			lines = append(make([]fields.Line, 0, len(lines)+strings.Count(line, "\n")), lines...)
		}
		lines = append(lines, fields.LineAt(at, at+colon))
		size += colon
		at += size + 1
		if line[size-1] == '\r' {
			size--
			returns++
		}
		f.note(line[:colon], line[colon+1:size])
	}
	if strings.Count(text[first:at], "\r") != returns || strings.IndexByte(text[first:at], 0) >= 0 {
		return nil, 0
	}
	return lines, at
}

// sectionFault says what is wrong with the first line of text that cannot stand.
func sectionFault(text string, at, number int) error {
	for {
		line, next := cutLine(text, at)
		if _, err := fieldLine(line); err != nil {
			return onLine(err, number)
		}
		at = next
		number++
	}
}

// blankFirst is the error for a first field line that starts as a fold would: it
// may be meant to go on the status line (RFC 9112, 2.2).
func blankFirst() error {
	return malformed("field line", "a blank before the first field line", "") // a value may be a secret
}

func onLine(err error, number int) error {
	if e, ok := err.(*ProtocolError); ok && e.Line == 0 {
		e.Line = number
	}
	return err
}

// forbiddenInTrailer are fields that frame or route a message; in a trailer
// section they are ignored (RFC 9110, 6.5.1).
var forbiddenInTrailer = [...]string{"Transfer-Encoding", "Content-Length", "Host", "Trailer", "Connection"}

// trailers is s without the fields that a trailer section may not have.
func trailers(s fields.Section) *headers.Headers {
	kept := s.Lines[:0:0]
	for i, l := range s.Lines {
		if !forbidden(s.Name(i)) {
			kept = append(kept, l)
		}
	}
	h := headers.FromSection(fields.Section{Text: s.Text, Lines: kept})
	return &h
}

func forbidden(name string) bool {
	for _, f := range forbiddenInTrailer {
		if fields.EqualFold(name, f) {
			return true
		}
	}
	return false
}
