package hackney

import (
	"context"
	"errors"

	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/internal/http1"
)

// MultipartPayload is a form of parts. See Multipart.
type MultipartPayload struct {
	boundary string
	parts    []multipart.Part
}

// Multipart sends a form of parts as multipart/form-data, whatever Content-Type the
// caller gave ({multipart, KVs} of hackney). Its Content-Length is known unless a part
// is a reader without one; then it goes chunked. On plain TCP with a Content-Length
// the kernel copies the files (sendfile).
//
// Files are looked at before dialing and opened when their turn comes. One that cannot be
// read, is no regular file, or has changed its size by then is an *ArgumentError; so is a
// reader that gives less than its length. Once something was sent, the connection is
// closed then. A form with readers cannot be sent again by itself.
func Multipart(parts ...multipart.Part) MultipartPayload { return MultipartPayload{parts: parts} }

// WithBoundary is p with a boundary of the caller's, in place of a random one.
func (p MultipartPayload) WithBoundary(boundary string) MultipartPayload {
	p.boundary = boundary
	return p
}

func (p MultipartPayload) open() (source, error) {
	boundary := p.boundary
	if boundary == "" {
		boundary = multipart.BoundaryFor(p.parts...)
	}
	form, err := multipart.Form(boundary, p.parts...)
	if err != nil {
		return source{}, &ArgumentError{What: "payload", Err: err}
	}
	s, err := openForm(form)
	s.ctype, s.force = multipart.ContentType(boundary), true
	return s, err
}

// openForm makes a source of the segments of a form.
func openForm(form []multipart.Segment) (source, error) {
	s := source{replays: true, form: make([]segment, len(form))}
	for i := range form {
		g := segment{Segment: form[i]}
		if err := g.look(); err != nil {
			return source{}, &ArgumentError{What: "file", Err: err}
		}
		s.form[i] = g
		s.replays = s.replays && g.Reader == nil
		if g.N < 0 || s.length < 0 {
			s.length = -1
		} else {
			s.length += g.N
		}
	}
	if len(form) == 1 && form[0].Bytes != nil { // leaves in one write where it is small
		s.data, s.form = form[0].Bytes, nil
	}
	return s, nil
}

// segment is a stretch of a form, of which it is known how long it is to be.
type segment struct {
	multipart.Segment
	whole int64 // size of the whole file where all of it is to be sent, else -1
}

// look finds out how much of a file there is to send, and whether that can be read.
func (g *segment) look() error {
	if g.Path == "" {
		return nil
	}
	s, err := filePayload{g.Path, g.Offset, g.N}.open()
	if err != nil {
		return errors.Unwrap(err)
	}
	g.N, g.whole = s.file.n, s.file.size
	return s.file.Close()
}

var errChanged = errors.New("the file has changed since the form was begun")

// open opens the file of a segment, which must be as it was.
func (g *segment) open() (*fileSource, error) {
	n := g.N
	if g.whole >= 0 {
		n = 0 // all that is there now
	}
	s, err := filePayload{g.Path, g.Offset, n}.open()
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	if s.file.n != g.N {
		s.close()
		return nil, errChanged
	}
	return s.file, nil
}

// sendForm sends the segments of a form, one after the other.
func (h *handle) sendForm(ctx context.Context, form []segment) (early *http1.Head, err error) {
	for i := range form {
		if early, err := h.sendSegment(ctx, &form[i]); early != nil || err != nil {
			return early, err
		}
	}
	return nil, nil
}

func (h *handle) sendSegment(ctx context.Context, g *segment) (early *http1.Head, err error) {
	switch {
	case g.Reader != nil:
		return h.sendReader(ctx, g.Reader, g.N)
	case g.Path == "":
		return h.sendPiece(ctx, g.Bytes)
	}
	f, err := g.open()
	if err != nil {
		return nil, &ArgumentError{What: "file", Sent: h.exchange.sent, Err: err}
	}
	defer f.Close()
	if g.N == 0 {
		return nil, nil
	}
	return h.sendFile(ctx, f)
}

// StreamMultipart sends no body yet: the operation returns in the state stream right
// behind the head, and StreamMultipartRequest sends the form item by item
// ({stream_multipart, Size, Boundary} of hackney). size is the number of bytes that the
// form will take, as multipart.Size computes it, and is sent as Content-Length; below 0
// it is not known, and the form goes chunked. The boundary "" is a random one.
func StreamMultipart(size int64, boundary string) Payload {
	return streamFormPayload{size, boundary}
}

type streamFormPayload struct {
	size     int64
	boundary string
}

func (p streamFormPayload) open() (source, error) {
	if p.boundary == "" {
		p.boundary = multipart.NewBoundary()
	}
	if err := multipart.CheckBoundary(p.boundary); err != nil {
		return source{}, &ArgumentError{What: "payload", Err: err}
	}
	if least := int64(len(multipart.Closing(p.boundary))); p.size >= 0 && p.size < least {
		return source{}, badArgument("payload", "a form takes at least %d bytes, not %d", least, p.size)
	}
	return source{
		stream: true, length: max(p.size, -1), boundary: p.boundary,
		ctype: multipart.ContentType(p.boundary), force: true,
	}, nil
}

// streamedForm is what a state knows of a form that is being streamed.
type streamedForm struct {
	boundary string
	open     bool // a part was begun and not ended
}

var errNoForm = errors.New("the request's body is no multipart form")

// StreamMultipartRequest sends an item of a form that is being streamed
// (hackney:stream_multipart_request/2): a part; the begin, a piece or the end of one; or
// multipart.EOF, which ends the form and the request's body. It is legal in stream and
// leads there, with multipart.EOF to waiting; there another multipart.EOF does nothing.
// StartResponse ends a form that was not ended. A part that was begun ends with
// whatever comes but a piece.
//
// Answers that come early are looked for, and faults and interruptions end as with
// StreamRequestBody. A form that takes another size than was announced is an
// *ArgumentError that says by how much.
func StreamMultipartRequest(ctx context.Context, cs ClientState, part multipart.Part) (ClientState, error) {
	a := operation{op: OpStreamMultipartRequest, cs: cs, from: cs.response}
	defer a.unwind()
	if cs.formEnded(part) {
		if err := cs.fresh(a.op); err != nil {
			return cs, a.refuse(err)
		}
		a.trace(nil)
		return cs, nil
	}
	err := a.begin()
	if err == nil {
		err = a.streamItem(ctx, part)
	}
	return a.cs, err
}

func (a *operation) streamItem(ctx context.Context, part multipart.Part) error {
	src, err := a.openItem(part)
	switch {
	case err != nil:
		return a.giveBack(err)
	case part.Kind() == multipart.Finish:
		return a.finishForm(ctx)
	}
	err = a.streamed(ctx, &src)
	if err == nil {
		a.cs.extra = a.cs.extra.withForm(streamedForm{
			boundary: a.cs.form().boundary,
			open:     part.Kind() == multipart.Begin || part.Kind() == multipart.Piece,
		})
	}
	return err
}

// formEnded says whether part ends a form that was ended already.
func (cs *ClientState) formEnded(part multipart.Part) bool {
	return part.Kind() == multipart.Finish && cs.response == StateWaiting && !cs.early && !cs.open && cs.form().boundary != ""
}

// form is what is known of the form that is, or was, streamed.
func (cs *ClientState) form() streamedForm {
	if cs.extra == nil {
		return streamedForm{}
	}
	return cs.extra.form
}

// withForm is x with another form.
func (x *extra) withForm(f streamedForm) *extra {
	y := extra{}
	if x != nil {
		y = *x
	}
	y.form = f
	return &y
}

// openItem makes a source of an item of the form.
func (a *operation) openItem(part multipart.Part) (source, error) {
	form := a.cs.form()
	if form.boundary == "" {
		return source{}, &ArgumentError{What: "part", Err: errNoForm}
	}
	item, err := multipart.Streamed(form.boundary, part, form.open)
	if err != nil {
		return source{}, &ArgumentError{What: "part", Err: err}
	}
	return openForm(item)
}

// finishForm ends the form and the body.
func (a *operation) finishForm(ctx context.Context) error {
	err := a.bodyEndSent(ctx)
	if err == nil {
		a.cs.extra = a.cs.extra.withForm(streamedForm{boundary: a.cs.form().boundary})
	}
	return err
}

// closeForm sends the end of a form that is being streamed, if there is one; the last
// chunk leaves with it.
func (a *operation) closeForm(ctx context.Context) (early *http1.Head, err error) {
	h := a.h
	if a.cs.form().boundary == "" || h.up.done {
		return nil, nil
	}
	end, err := a.openItem(multipart.EOF)
	if err != nil {
		return nil, err
	}
	if h.up.framing != byChunks {
		return h.sendPiece(ctx, end.data)
	}
	if early, err := h.answerBefore(ctx); early != nil || err != nil {
		return early, err
	}
	last := append(http1.AppendChunk(nil, end.data), http1.LastChunk...)
	if err := h.write(ctx, opWriteBody, last); err != nil {
		return nil, err
	}
	h.up.done = true
	return nil, nil
}
