package target

import (
	"bytes"
	"errors"
)

var errForm = errors.New("not a form of one file")

// mostPreamble is how far the content of a part may be from the begin of the form.
const mostPreamble = 1 << 10

// A form finds the begin and the end of a form of one part, without a look at what is
// between them.
type form struct {
	begin, end []byte // the delimiters: that of the part, and that at the end
	size       int64
	first      []byte // of the form, up to mostPreamble
	last       []byte // of the form, as long as end with a line end behind it
}

var lineEnd = []byte("\r\n")

// newForm makes a form of the boundary in a head.
func newForm(head []byte) *form {
	_, boundary, _ := bytes.Cut(field(head, "Content-Type"), []byte("boundary="))
	return &form{
		begin: bytes.Join([][]byte{[]byte("--"), boundary, lineEnd}, nil),
		end:   bytes.Join([][]byte{[]byte("\r\n--"), boundary, []byte("--")}, nil),
	}
}

// take takes a piece in. A nil form takes nothing.
func (f *form) take(p []byte) {
	if f == nil {
		return
	}
	f.size += int64(len(p))
	f.first = append(f.first, p[:min(len(p), mostPreamble-len(f.first))]...)
	keep := len(f.end) + len(lineEnd)
	f.last = append(f.last, p[max(0, len(p)-keep):]...)
	f.last = f.last[:copy(f.last, f.last[max(0, len(f.last)-keep):])]
}

// content says how long the content of the part was.
func (f *form) content() (int64, error) {
	head := bytes.Index(f.first, endOfHead)
	if head < 0 || len(f.begin) == len("--\r\n") || !bytes.HasPrefix(f.first, f.begin) {
		return 0, errForm
	}
	last := bytes.TrimSuffix(f.last, lineEnd)
	around := head + len(endOfHead) + len(f.end) + len(f.last) - len(last)
	if !bytes.HasSuffix(last, f.end) || f.size < int64(around) {
		return 0, errForm
	}
	return f.size - int64(around), nil
}
