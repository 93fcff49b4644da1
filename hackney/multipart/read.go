package multipart

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"mime"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"

	"github.com/hackney-go/hackney/hackney/headers"
)

// A FormReader reads a form, or any other multipart content (RFC 2046, 5.1), part by
// part. It is for one goroutine at a time.
type FormReader struct {
	source  *source
	parts   *multipart.Reader
	limits  Limits
	left    int64 // of Limits.Total
	n       int   // number of the current part, from 1
	current *Received
	err     error // of Next, for good
}

// Received is a part of a form that is being read. Its content is read from it.
type Received struct {
	// Name is the name of the field, FileName the base of the file name: what stands
	// behind the last '/' or '\', and never "." or "..". They are "" where the part has
	// none, or a Content-Disposition that cannot be understood. The escapes %0D, %0A and
	// %22 that browsers write stay, since others mean just that by them. What a peer calls
	// a file is no safe name for one yet: it may be taken, or reserved.
	Name, FileName string

	// Headers are all fields of the part, sorted by name, with names in the case of
	// Content-Type; several of one name are in the order in which they came.
	Headers *headers.Headers

	r    *FormReader
	n    int
	part *multipart.Part
	left int64 // of Limits.Part
	err  error // of Read, for good
}

// ErrMalformed is matched by the errors of a form that breaks the rules. What they say
// more is never a text out of the form.
var ErrMalformed = errors.New("the form is malformed")

var errLeft = errors.New("it was left behind by Next")

// NewReader reads a form from r. contentType is the value of the Content-Type field that
// came with it: any multipart type with a boundary. Nil limits are the defaults. It reads
// nothing yet.
//
// Lines may end in LF alone, if the first delimiter does. Text in front of the form is
// skipped; what follows on its end is not read, save for a few kilobytes that may have
// been fetched already, and stays in r.
func NewReader(r io.Reader, contentType string, limits *Limits) (*FormReader, error) {
	if r == nil {
		return nil, errors.New("multipart: there is no reader to read from")
	}
	boundary, err := boundaryOf(contentType)
	if err != nil {
		return nil, err
	}
	s := &source{r: r, closing: "--" + boundary + "--", left: math.MaxInt64}
	l := limits.effective()
	return &FormReader{source: s, parts: multipart.NewReader(s, boundary), limits: l, left: l.Total}, nil
}

// boundaryOf takes the boundary from a Content-Type. Peers use bytes that RFC 2046 does
// not allow; nothing is lost by taking them.
func boundaryOf(contentType string) (string, error) {
	mediaType, params, err := mime.ParseMediaType(contentType)
	switch boundary := params["boundary"]; {
	case contentType == "":
		return "", errors.New("multipart: there is no Content-Type")
	case err != nil:
		return "", fmt.Errorf("multipart: the Content-Type %.64q: %w", contentType, err)
	case !strings.HasPrefix(mediaType, "multipart/"):
		return "", fmt.Errorf("multipart: the Content-Type is %.64q, which is no multipart type", mediaType)
	case boundary == "":
		return "", fmt.Errorf("multipart: the Content-Type %.64q has no boundary", contentType)
	case len(boundary) > 70 || !quotable(boundary) || strings.ContainsAny(boundary, "\r\n"):
		return "", fmt.Errorf("multipart: the boundary %.80q is longer than 70 bytes or has a control byte in it", boundary)
	default:
		return boundary, nil
	}
}

// Next gives the next part, and io.EOF behind the last one. What was not read of the
// part before is skipped; that part cannot be read any more.
//
// A form that ends before its closing delimiter is an error that matches
// [io.ErrUnexpectedEOF], one that is over a limit a *[LimitError], one that breaks
// the rules [ErrMalformed]; faults of the reader beneath are matched as they are. After an
// error every call gives it again.
func (r *FormReader) Next() (*Received, error) {
	if r.err == nil {
		r.err = r.skip()
	}
	if r.err == nil {
		r.current, r.err = r.next()
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.current, nil
}

// skip reads the rest of the current part, so that what is read next is a head.
func (r *FormReader) skip() error {
	p := r.current
	if p == nil || p.err == io.EOF {
		return nil
	}
	if _, err := io.Copy(io.Discard, p); err != nil {
		return err
	}
	p.err = p.fault(errLeft)
	return nil
}

// next reads up to the content of the next part. As it began at the end of one, what the
// source may give bounds the head. The part is a raw one, of which the standard library
// neither undoes nor hides a transfer encoding.
func (r *FormReader) next() (*Received, error) {
	r.source.allow(int64(r.limits.Head))
	part, err := r.parts.NextRawPart()
	r.source.left = math.MaxInt64
	if err == io.EOF || err != nil && r.source.closed(err) {
		return nil, io.EOF
	}
	r.n++
	p := &Received{r: r, n: r.n, part: part, left: r.limits.Part}
	if err != nil {
		return nil, p.fault(r.cause(err))
	}
	if err := p.take(part); err != nil {
		return nil, p.fault(err)
	}
	return p, nil
}

// cause says why the standard library gave err, whose text has bytes of the form in it.
func (r *FormReader) cause(err error) error {
	var head textproto.ProtocolError
	switch {
	case r.source.err != nil: // which ends the form, whatever was made of its last bytes
		return r.source.err
	case errors.Is(err, multipart.ErrMessageTooLarge):
		return &LimitError{"Head", int64(r.limits.Head)}
	case errors.As(err, &head):
		return fmt.Errorf("%w: a line of the head is no field", ErrMalformed)
	case errors.Is(err, bufio.ErrBufferFull):
		return fmt.Errorf("%w: a line outside of the parts is longer than 4096 bytes", ErrMalformed)
	}
	return fmt.Errorf("%w: a line that begins as a delimiter goes on otherwise", ErrMalformed)
}

// take looks at the head of a part.
func (p *Received) take(part *multipart.Part) error {
	list, size := sorted(part.Header)
	r := p.r
	switch r.left -= size; {
	case r.n > r.limits.Parts:
		return &LimitError{"Parts", int64(r.limits.Parts)}
	case size > int64(r.limits.Head):
		return &LimitError{"Head", int64(r.limits.Head)}
	case r.left < 0:
		return &LimitError{"Total", r.limits.Total}
	}
	if p.Headers = headers.New(list...); p.Headers.Err() != nil { // a blank in front of the colon
		return fmt.Errorf("%w: the name of a field is no token", ErrMalformed)
	}
	p.Name, p.FileName = names(p.Headers.Get("Content-Disposition"))
	return nil
}

// sorted gives the fields of a head as headers.New takes them, and their size.
func sorted(head textproto.MIMEHeader) (list []string, size int64) {
	for _, name := range slices.Sorted(maps.Keys(head)) {
		for _, value := range head[name] {
			list = append(list, name, value)
			size += int64(len(name) + len(value) + len(": \r\n"))
		}
	}
	return list, size
}

// names takes the name and file name from a Content-Disposition (RFC 7578, 4.2; RFC 6266).
func names(disposition string) (name, filename string) {
	kind, params, err := mime.ParseMediaType(disposition)
	if err != nil {
		return "", ""
	}
	if kind == "form-data" {
		name = params["name"]
	}
	filename = params["filename"]
	filename = filename[strings.LastIndexAny(filename, `/\`)+1:]
	if filename == "." || filename == ".." {
		filename = ""
	}
	return name, filename
}

// Read reads content of the part, as it was sent: no Content-Transfer-Encoding is undone
// (RFC 7578, 4.7, has none). It gives io.EOF at the end of the part, and the errors of
// [FormReader.Next], which then gives the same. What is over a limit is not handed out.
func (p *Received) Read(b []byte) (int, error) {
	if p.err != nil || len(b) == 0 {
		return 0, p.err
	}
	left := min(p.left, p.r.left)
	if left == 0 {
		return 0, p.end()
	}
	n, err := p.part.Read(b[:min(int64(len(b)), left)])
	p.left -= int64(n)
	p.r.left -= int64(n)
	if err != nil {
		p.stop(err)
	}
	return n, p.err
}

// end looks for the end of a part that has used up a limit.
func (p *Received) end() error {
	var one [1]byte
	n, err := io.ReadFull(p.part, one[:])
	switch {
	case n == 0:
		p.stop(err)
	case p.left == 0:
		p.err = p.fault(&LimitError{"Part", p.r.limits.Part})
	default:
		p.err = p.fault(&LimitError{"Total", p.r.limits.Total})
	}
	return p.err
}

// stop keeps an error of the standard library for good.
func (p *Received) stop(err error) {
	p.err = io.EOF
	if err != io.EOF {
		p.err = p.fault(p.r.cause(err))
	}
}

func (p *Received) fault(err error) error {
	return fmt.Errorf("multipart: received part %d: %w", p.n, err)
}

// A Field is a part of a form that was read into memory. Everything in it is the caller's.
type Field struct {
	Name, FileName string           // as of Received
	Headers        *headers.Headers // as of Received
	Content        []byte
}

// ReadForm reads a whole form into memory (hackney_multipart:decode_form/1), with its
// parts in the order in which they came. The parameters and errors are those of
// [NewReader] and [FormReader.Next]; no fields are returned with an error. Beside
// Limits.Total, what is held in memory is bounded by Limits.Parts.
func ReadForm(r io.Reader, contentType string, limits *Limits) ([]Field, error) {
	bounds := Limits{}
	if limits != nil {
		bounds = *limits
	}
	bounds.Total = limit(bounds.Total, defaultForm, Unlimited)
	reader, err := NewReader(r, contentType, &bounds)
	if err != nil {
		return nil, err
	}
	var form []Field
	for {
		p, err := reader.Next()
		if err == io.EOF {
			return form, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return nil, err
		}
		form = append(form, Field{p.Name, p.FileName, p.Headers, content})
	}
}
