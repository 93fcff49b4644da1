package hackney

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hackney-go/hackney/hackney/form"
	"github.com/hackney-go/hackney/internal/mediatype"
)

// Payload is what a request sends as its body. A nil Payload is none.
//
// Where the length of a payload is known it is the Content-Length that is sent,
// whatever the caller's own field says, as in hackney; where it is not known, the
// caller's Content-Length is held to.
//
// Whether a request can be sent again by itself depends on its payload too: none,
// Bytes, Text, Chunks, Form, File and a Multipart without readers can; FromReader, Func,
// Stream and StreamMultipart cannot.
type Payload interface {
	// open makes the payload ready to be sent. It is called before dialing.
	open() (source, error)
}

// Bytes sends b, with its length. Without a Content-Type of the caller's it is
// application/octet-stream. b must not be written before the operation returns.
func Bytes(b []byte) Payload { return bytesPayload(b) }

// Text sends s as Bytes does.
func Text(s string) Payload { return textPayload(s) }

// Chunks sends the parts one after the other as one body (an iolist of hackney).
func Chunks(parts ...[]byte) Payload { return chunksPayload(parts) }

// Form sends the fields as application/x-www-form-urlencoded; charset=utf-8,
// whatever Content-Type the caller gave ({form, KVs} of hackney).
func Form(fields ...form.Field) Payload { return formPayload(fields) }

// File sends n bytes of the file at path from offset on; n 0 is all up to its end
// ({file, Path, [{offset, _}, {bytes, _}]} of hackney). The Content-Type follows
// from the file's name unless the caller gives one. On plain TCP with a
// Content-Length the kernel copies it (sendfile).
//
// The file is opened before dialing. A file that turns out shorter than it was
// then, or (where n is 0) longer, is an *ArgumentError, and the connection is closed.
func File(path string, offset, n int64) Payload { return filePayload{path, offset, n} }

// FromReader sends size bytes of r, or all up to its end, chunked, where size is
// below 0. Each Read is one write (and one chunk). A reader that ends before size
// bytes is an *ArgumentError, and the connection is closed; what r has beyond
// size bytes is not read. The error of r is inside the *ArgumentError.
func FromReader(r io.Reader, size int64) Payload { return readerPayload{r, size} }

// Func sends what f gives until it gives io.EOF: chunked, or as it is where the
// caller set a Content-Length. Any other error of f ends the operation and is
// inside its *ArgumentError; the connection is closed. f must not touch the
// client. (A body function of hackney; the state of {Fun, State} is in the closure.)
func Func(f func() ([]byte, error)) Payload { return funcPayload(f) }

// Stream sends no body yet: the operation returns in the state stream right behind
// the head, and StreamRequestBody sends the body piece by piece. The body goes
// chunked unless the caller set a Content-Length.
const Stream streamPayload = 0

type (
	bytesPayload  []byte
	textPayload   string
	chunksPayload [][]byte
	formPayload   []form.Field
	filePayload   struct {
		path      string
		offset, n int64
	}
	readerPayload struct {
		r    io.Reader
		size int64
	}
	funcPayload   func() ([]byte, error)
	streamPayload uint8
)

// source is an opened payload. Exactly one of its parts is set.
type source struct {
	data     []byte
	parts    [][]byte
	file     *fileSource
	reader   io.Reader
	next     func() ([]byte, error)
	form     []segment
	stream   bool
	none     bool   // there is no payload
	ctype    string // the Content-Type by default, "" for none
	force    bool   // ctype stands even against the caller's
	length   int64  // -1: not known before it was sent
	boundary string // of a form that will be streamed
	replays  bool   // may be sent twice
}

const octetStream = "application/octet-stream"

func openPayload(p Payload) (source, error) {
	if p == nil {
		return source{none: true, replays: true}, nil
	}
	return p.open()
}

func (p bytesPayload) open() (source, error) {
	return source{data: p, length: int64(len(p)), ctype: octetStream, replays: true}, nil
}

func (p textPayload) open() (source, error) { return bytesPayload(p).open() }

func (p chunksPayload) open() (source, error) {
	s := source{parts: p, ctype: octetStream, replays: true}
	for _, part := range p {
		s.length += int64(len(part))
	}
	if s.length <= copyLimit { // small parts leave in one write
		s.data, s.parts = bytes.Join(p, nil), nil
	}
	return s, nil
}

func (p formPayload) open() (source, error) {
	data := form.Encode(p)
	return source{data: data, length: int64(len(data)), ctype: form.ContentType, force: true, replays: true}, nil
}

func (p readerPayload) open() (source, error) {
	if p.r == nil {
		return source{}, badArgument("payload", "the reader is nil")
	}
	return source{reader: p.r, length: max(p.size, -1), ctype: octetStream}, nil
}

func (p funcPayload) open() (source, error) {
	if p == nil {
		return source{}, badArgument("payload", "the function is nil")
	}
	return source{next: p, length: -1, ctype: octetStream}, nil
}

func (streamPayload) open() (source, error) { return source{stream: true, length: -1}, nil }

// fileSource is an opened file and the part of it to send.
type fileSource struct {
	*os.File
	offset, n int64
	size      int64 // of the whole file when it was opened; -1 where its growth does not matter
}

func (p filePayload) open() (source, error) {
	info, err := os.Stat(p.path)
	if err == nil && !info.Mode().IsRegular() { // opening a named pipe may wait for ever
		err = fmt.Errorf("%s is not a regular file", p.path)
	}
	if err != nil {
		return source{}, &ArgumentError{What: "file", Err: err}
	}
	f, err := os.Open(p.path)
	if err != nil {
		return source{}, &ArgumentError{What: "file", Err: err}
	}
	part, err := p.part(f)
	if err != nil {
		f.Close()
		return source{}, &ArgumentError{What: "file", Err: err}
	}
	return source{
		file: part, length: part.n, replays: true,
		ctype: mediatype.ByName(filepath.Base(p.path)),
	}, nil
}

func (p filePayload) part(f *os.File) (*fileSource, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", p.path)
	case p.offset < 0 || p.n < 0 || p.offset > info.Size():
		return nil, fmt.Errorf("%s has %d bytes; %d bytes from %d on are not there", p.path, info.Size(), p.n, p.offset)
	case p.n == 0:
		return &fileSource{f, p.offset, info.Size() - p.offset, info.Size()}, nil
	case p.n > info.Size()-p.offset:
		return nil, fmt.Errorf("%s has %d bytes; %d bytes from %d on are not there", p.path, info.Size(), p.n, p.offset)
	}
	return &fileSource{f, p.offset, p.n, -1}, nil
}

var errGrew = errors.New("the file has grown while it was sent")

// unchanged says whether the file still ends where it did.
func (f *fileSource) unchanged() error {
	if f.size < 0 {
		return nil
	}
	info, err := f.Stat()
	if err == nil && info.Size() > f.size {
		err = errGrew
	}
	return err
}

// close closes what open opened.
func (s *source) close() {
	if s.file != nil {
		s.file.Close()
	}
}
