package multipart

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/hackney-go/hackney/internal/fields"
)

// A Segment is a stretch of a form: bytes that are at hand, a part of a file, or what a
// reader gives. Exactly one of Bytes, Path and Reader is set. Bytes may be the caller's
// own, as they were given to a part; nobody writes to them.
type Segment struct {
	Bytes  []byte
	Path   string    // a file: N bytes of it from Offset on, all that is left if N is 0
	Reader io.Reader // N bytes of it, all if N is below 0
	Offset int64
	N      int64

	part string // name of the part, for errors
}

// Error is a part that cannot be sent. It is the caller's fault.
type Error struct {
	Name string // of the part
	Err  error
}

// Error names the part, never its value.
func (e *Error) Error() string { return fmt.Sprintf("multipart: part %.64q: %v", e.Name, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

var (
	errNoReader    = errors.New("the reader is nil")
	errNoPath      = errors.New("the path is empty")
	errRange       = errors.New("a range is of a file, and neither begins nor ends below 0")
	errNotWhole    = errors.New("it is a piece of a part, which only a streamed form can have")
	errNoPart      = errors.New("no part was begun that it could belong to")
	errUnknown     = errors.New("its length is not known")
	errTooLong     = errors.New("the form is longer than 2^63 bytes")
	errDisposition = errors.New("its fields have a Content-Disposition")
	errControl     = errors.New("a control byte is in its name, file name or type")
	errBackslash   = errors.New("its name or file name ends in a backslash, behind which readers disagree about the quote")
	errDelimiter   = errors.New("a line of its content begins with the boundary")
	errIrregular   = errors.New("it is not a regular file")
	errShort       = errors.New("the file ends before the range does")
)

// Form gives a whole form of parts, each of which is whole. It looks at no file. A part
// whose content is at hand must not have a line in it that begins as a delimiter does
// (RFC 2046, 5.1.1): it would end there.
func Form(boundary string, parts ...Part) ([]Segment, error) {
	if err := CheckBoundary(boundary); err != nil {
		return nil, err
	}
	var b builder
	for i := range parts {
		p := &parts[i]
		if p.kind != Whole {
			return nil, &Error{p.name, errNotWhole}
		}
		if err := b.whole(boundary, p); err != nil {
			return nil, &Error{p.name, err}
		}
	}
	b.text("--", boundary, "--\r\n")
	return b.segments(), nil
}

// Streamed gives what an item of a streamed form adds to it. open says that a part
// was begun and not ended, which ends with whatever comes but a piece. A delimiter in
// the content is found as by [Form], but not one that begins a piece, or is spread over
// several.
func Streamed(boundary string, p Part, open bool) ([]Segment, error) {
	if err := CheckBoundary(boundary); err != nil {
		return nil, err
	}
	var b builder
	if err := b.item(boundary, &p, open); err != nil {
		return nil, &Error{p.name, err}
	}
	return b.segments(), nil
}

// Closing is the end of a streamed form, with the empty line behind it that hackney
// 0.6.0 sends too; the sizes that its callers announce count it.
func Closing(boundary string) string { return "--" + boundary + "--\r\n\r\n" }

// builder puts segments together; bytes that follow each other are one.
type builder struct {
	list []Segment
	last []byte
}

func (b *builder) text(ss ...string) {
	for _, s := range ss {
		b.last = append(b.last, s...)
	}
}

func (b *builder) other(s Segment) {
	b.flush()
	b.list = append(b.list, s)
}

func (b *builder) flush() {
	if len(b.last) > 0 {
		b.list = append(b.list, Segment{Bytes: b.last, N: int64(len(b.last))})
		b.last = nil
	}
}

func (b *builder) segments() []Segment {
	b.flush()
	return b.list
}

// item writes an item of a streamed form.
func (b *builder) item(boundary string, p *Part, open bool) error {
	if !open && (p.kind == Piece || p.kind == End) {
		return errNoPart
	}
	if open && p.kind != Piece {
		b.text("\r\n")
	}
	switch p.kind {
	case Whole:
		return b.whole(boundary, p)
	case Begin:
		return b.head(boundary, p)
	case Piece:
		return b.piece(boundary, p)
	case Finish:
		b.text(Closing(boundary))
	}
	return nil
}

// large is the size from which content is a segment of its own, and not copied.
const large = 16 << 10

func (b *builder) whole(boundary string, p *Part) error {
	if err := b.head(boundary, p); err != nil {
		return err
	}
	switch {
	case p.reader != nil:
		b.other(Segment{Reader: p.reader, N: p.n, part: p.name})
	case p.path != "":
		b.other(Segment{Path: p.path, Offset: p.offset, N: p.n, part: p.name})
	case delimits(p.content, boundary, '\n'):
		return errDelimiter
	case len(p.content) >= large:
		b.other(Segment{Bytes: p.content, N: int64(len(p.content))})
	default:
		b.last = append(b.last, p.content...)
	}
	b.text("\r\n")
	return nil
}

// piece writes content that comes by itself, so that it need not be copied.
func (b *builder) piece(boundary string, p *Part) error {
	if delimits(p.content, boundary, 0) { // in the middle of a line, for all that is known
		return errDelimiter
	}
	if len(p.content) > 0 {
		b.other(Segment{Bytes: p.content, N: int64(len(p.content))})
	}
	return nil
}

// delimits says whether a line of content begins as a delimiter does. before is the byte
// in front of content. A CR or LF alone counts as a line end too: there are readers that
// see one in it.
func delimits(content []byte, boundary string, before byte) bool {
	if len(content) < len("--")+len(boundary) {
		return false
	}
	delimiter := []byte("--" + boundary)
	for {
		i := bytes.Index(content, delimiter)
		if i < 0 {
			return false
		}
		if i > 0 {
			before = content[i-1]
		}
		if before == '\n' || before == '\r' {
			return true
		}
		before, content = content[i], content[i+1:]
	}
}

// head writes the delimiter in front of a part and its fields (RFC 7578, 4).
func (b *builder) head(boundary string, p *Part) error {
	if err := p.check(); err != nil {
		return err
	}
	b.text("--", boundary, "\r\nContent-Disposition: form-data; name=\"", escape(p.name), "\"")
	if p.filename != "" {
		b.text("; filename=\"", escape(p.filename), "\"")
	}
	if p.ctype != "" && !p.fields.Has("Content-Type") {
		b.text("\r\nContent-Type: ", p.ctype)
	}
	for name, value := range p.fields.All() {
		b.text("\r\n", name, ": ", value)
	}
	b.text("\r\n\r\n")
	return nil
}

// check refuses what would break the head of the part, and what its constructors could
// not tell.
func (p *Part) check() error {
	switch {
	case p.fault != nil:
		return p.fault
	case p.fields.Err() != nil:
		return p.fields.Err()
	case p.fields.Has("Content-Disposition"):
		return errDisposition
	case !quotable(p.name), !quotable(p.filename), !fields.ValidValue(p.ctype):
		return errControl
	case strings.HasSuffix(p.name, `\`), strings.HasSuffix(p.filename, `\`):
		return errBackslash
	}
	return nil
}

// quotable says whether s can stand in a quoted string once it was escaped.
func quotable(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < ' ' || c == 0x7f) && c != '\r' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

var escaper = strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22")

// escape is how browsers write a name into a quoted string (WHATWG HTML, multipart
// form data; RFC 7578, 5.1): line ends and quotes as percent escapes, all else as it is.
func escape(name string) string { return escaper.Replace(name) }

// Size is the number of bytes that a streamed form takes, its end and the empty line
// behind that included: what is to be announced before it is sent. It asks for the size
// of files, which must be regular and have the range that is to be sent. A reader of
// unknown length is an error. What stands behind EOF is not looked at.
func Size(boundary string, parts ...Part) (int64, error) {
	if err := CheckBoundary(boundary); err != nil {
		return 0, err
	}
	size, open := int64(0), false
	for _, p := range append(parts[:len(parts):len(parts)], EOF) {
		segments, err := Streamed(boundary, p, open)
		if err != nil {
			return 0, err
		}
		for _, s := range segments {
			n, err := s.size()
			if err == nil && n > math.MaxInt64-size {
				err = errTooLong
			}
			if err != nil {
				return 0, &Error{p.name, err}
			}
			size += n
		}
		if p.kind == Finish {
			break
		}
		open = p.kind == Begin || p.kind == Piece
	}
	return size, nil
}

// size is the number of bytes of a segment.
func (s *Segment) size() (int64, error) {
	switch {
	case s.Path != "":
		return s.fileSize()
	case s.N < 0:
		return 0, errUnknown
	}
	return s.N, nil
}

func (s *Segment) fileSize() (int64, error) {
	info, err := os.Stat(s.Path)
	switch {
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, errIrregular
	}
	left := info.Size() - s.Offset
	switch {
	case s.N > left: // which is below 0 where the range begins behind the end
		return 0, errShort
	case s.N == 0:
		return left, nil
	}
	return s.N, nil
}

// Encode gives a whole form as bytes (hackney_multipart:encode_form/1), which are the
// caller's. It reads files and readers into memory.
func Encode(boundary string, parts ...Part) ([]byte, error) {
	segments, err := Form(boundary, parts...)
	if err != nil {
		return nil, err
	}
	if len(segments) == 1 { // nothing but what was put together here
		return segments[0].Bytes, nil
	}
	var form bytes.Buffer
	for i := range segments {
		s := &segments[i]
		if err := s.writeTo(&form); err != nil {
			return nil, &Error{s.part, err}
		}
	}
	return form.Bytes(), nil
}

func (s *Segment) writeTo(form *bytes.Buffer) error {
	switch {
	case s.Path != "":
		return s.writeFile(form)
	case s.Reader != nil:
		return copyN(form, s.Reader, s.N)
	}
	form.Write(s.Bytes)
	return nil
}

func (s *Segment) writeFile(form *bytes.Buffer) error {
	n, err := s.fileSize()
	if err != nil {
		return err
	}
	f, err := os.Open(s.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	return copyN(form, io.NewSectionReader(f, s.Offset, n), n)
}

// copyN copies n bytes, or all where n is below 0. Fewer are io.ErrUnexpectedEOF.
func copyN(form *bytes.Buffer, from io.Reader, n int64) error {
	if n < 0 {
		_, err := form.ReadFrom(from)
		return err
	}
	got, err := form.ReadFrom(io.LimitReader(from, n))
	if err == nil && got < n {
		err = io.ErrUnexpectedEOF
	}
	return err
}
