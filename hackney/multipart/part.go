package multipart

import (
	"cmp"
	"io"
	"path/filepath"
	"strings"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/mediatype"
)

// A Part is one item of a form: a value, a file, or, where a form is streamed, a
// piece of one. It is immutable, and its methods give others. Parts hold the bytes they
// are given, which must not change until they were sent.
type Part struct {
	kind     Kind
	name     string
	filename string // "" for none
	ctype    string
	fields   *headers.Headers // beside Content-Disposition and Content-Type

	content   []byte
	path      string // of a file, in place of content
	offset, n int64
	reader    io.Reader // in place of both

	fault error // of the arguments; whatever is given the part refuses it
}

// Kind says what an item does to the form.
type Kind uint8

const (
	Whole  Kind = iota // it is a whole part
	Begin              // it begins a part that comes piece by piece
	Piece              // it is content of that
	End                // it ends that
	Finish             // it ends the form
)

// Value is a plain value: {Id, Value} of hackney_multipart. Its type is
// application/octet-stream, as there; see [Part.Type].
func Value(name, value string) Part {
	return Part{name: name, ctype: mediatype.Default, content: []byte(value)}
}

// Content is a file whose content is at hand: {Id, {file, Name, Content}}. Its type is
// that of the file name.
func Content(name, filename string, content []byte) Part {
	return Part{name: name, filename: base(filename), ctype: mediatype.ByName(filename), content: content}
}

// File is a file that is read when it is sent: {Id, {file, Path}}. Its name in the form
// is the last element of path, its type that of the name. By default all of it is sent.
// An empty path is an error of whatever is given the part.
func File(name, path string) Part {
	p := Part{name: name, ctype: mediatype.ByName(path), path: path}
	if path == "" {
		p.fault = errNoPath
		return p
	}
	p.filename = base(filepath.Base(path))
	return p
}

// Reader is a file that r gives: n bytes of it, or all where n is below 0. Then the
// length of the form is not known before it was sent. It can be sent once. A nil r is
// an error of whatever is given the part.
func Reader(name, filename string, r io.Reader, n int64) Part {
	p := Part{name: name, filename: base(filename), ctype: mediatype.ByName(filename), reader: r, n: max(n, -1)}
	if r == nil {
		p.fault = errNoReader
	}
	return p
}

// Start begins a file whose content is streamed: {data, {start, Id, FileName, Type}}.
func Start(name, filename, contentType string) Part {
	return Part{kind: Begin, name: name, filename: base(filename), ctype: contentType}
}

// Data is a piece of a file that Start has begun: {data, Bin}. An empty one is nothing.
func Data(piece []byte) Part { return Part{kind: Piece, content: piece} }

var (
	// DataEOF ends a file that Start has begun: {data, eof}.
	DataEOF = Part{kind: End}
	// EOF ends a form that is streamed, and its request's body: eof.
	EOF = Part{kind: Finish}
)

// Type is p with another content type; "" is none.
func (p Part) Type(contentType string) Part {
	p.ctype = contentType
	return p
}

// Named is p with another file name: its last element, as of a path. "" is none. The
// type stays.
func (p Part) Named(filename string) Part {
	p.filename = base(filename)
	return p
}

// Range is a File from offset on, for n bytes; n = 0 is all that is left. Numbers below 0,
// and a range of anything else, are errors of whatever is given the part.
func (p Part) Range(offset, n int64) Part {
	if p.path == "" || offset < 0 || n < 0 {
		p.fault = cmp.Or(p.fault, errRange)
		return p
	}
	p.offset, p.n = offset, n
	return p
}

// With is p with fields of its own behind those that it has by itself, in place of any
// that an earlier With gave. A Content-Type among them takes the place of that of the
// part. Content-Disposition cannot be replaced.
func (p Part) With(h *headers.Headers) Part {
	p.fields = h
	return p
}

// Kind is what p does to the form.
func (p Part) Kind() Kind { return p.kind }

// base is the last element of a file name: a server has no use for the folders of a
// client (RFC 7578, 4.2).
func base(filename string) string { return filename[strings.LastIndexByte(filename, '/')+1:] }
