package hackney

import (
	"context"
	"io"
	"iter"
)

// StreamRequestBody sends a piece of a request body that is being streamed
// (hackney:stream_request_body/2): any payload but Stream. A piece of Bytes or
// Text is one chunk where the body is chunked; an empty one sends nothing. It is
// legal in stream and leads there. Behind a Func the state is waiting, since hackney
// takes the function's end for the body's; more pieces may follow all the same.
//
// Before each piece it looks whether the peer has answered already. A final answer
// that came early gives ErrResponseReady with the state waiting: nothing more
// is sent, and StartResponse gives the answer. With Expect: 100-continue the first
// piece waits for the 100, for at most ExpectTimeout.
//
// A fault of the piece's own, such as a missing file, or an interruption before its
// first byte went out leaves the state as good as it was. A broken or interrupted
// write leads to failed, and so does a piece that ends in the middle.
func StreamRequestBody(ctx context.Context, cs ClientState, p Payload) (ClientState, error) {
	a := operation{op: OpStreamRequestBody, cs: cs, from: cs.response}
	defer a.unwind()
	err := a.begin()
	if err == nil {
		err = a.streamPayload(ctx, p)
	}
	return a.cs, err
}

func (a *operation) streamPayload(ctx context.Context, p Payload) error {
	src, err := openPayload(p)
	if err == nil && src.stream {
		err = badArgument("payload", "Stream is not a piece of a body")
	}
	if err != nil {
		return a.giveBack(err)
	}
	defer src.close()
	return a.streamed(ctx, &src)
}

// streamed sends a piece and ends StreamRequestBody.
func (a *operation) streamed(ctx context.Context, src *source) error {
	if a.cs.early {
		return a.responseReady()
	}
	if orBackground(ctx).Err() != nil { // before anything is taken from the payload
		return a.giveBack(a.h.networkError(opWriteBody, over(ctx)))
	}
	early, err := a.h.awaitContinue(ctx)
	if err != nil {
		return a.broken(err)
	}
	left := a.h.up.left
	if early == nil {
		early, err = a.h.sendPayload(ctx, src)
	}
	_, local := err.(*ArgumentError)
	if err != nil && (src.replays && a.untouched(err) || local && !a.h.wrote) {
		a.h.up.left = left
		return a.giveBack(err)
	}
	if err != nil {
		if early = a.h.answerBehind(ctx, err); early == nil {
			return a.fail(err)
		}
	}
	if early != nil {
		return a.responseReady()
	}
	a.cs.response, a.cs.open = StateStream, false
	if src.next != nil {
		a.cs.response, a.cs.open = StateWaiting, true
	}
	return a.commit(nil)
}

// responseReady ends an operation on the request body when a final answer came early.
func (a *operation) responseReady() error {
	a.cs.response, a.cs.early, a.cs.open = StateWaiting, true, false
	return a.commit(ErrResponseReady)
}

// EndStreamRequestBody ends a request body that was streamed
// (hackney:end_stream_request_body/1): it sends the last chunk of a chunked one. It
// is legal in stream and leads to waiting. A body that is shorter than its
// Content-Length is an *ArgumentError and leads to failed.
func EndStreamRequestBody(ctx context.Context, cs ClientState) (ClientState, error) {
	a := operation{op: OpEndStreamRequestBody, cs: cs, from: cs.response}
	defer a.unwind()
	err := a.begin()
	if err == nil {
		err = a.bodyEndSent(ctx)
	}
	return a.cs, err
}

// bodyEndSent ends the request's body and the operation.
func (a *operation) bodyEndSent(ctx context.Context) error {
	head, err := a.endRequest(ctx)
	switch {
	case err != nil && (a.h.up.expect || a.untouched(err)):
		return a.broken(err)
	case err != nil:
		return a.fail(err)
	case head != nil:
		return a.responseReady()
	}
	a.cs.response = StateWaiting
	return a.commit(nil)
}

// StreamBody reads the next piece of the response's body
// (hackney:stream_body/1): at most one HTTP chunk, a large one in parts; of a body that
// is not chunked, what came with one read, at most 64 KiB. It is legal in on_body
// and done. In done it gives io.EOF; done comes with the last piece where a
// Content-Length says which that is, else with the io.EOF.
// The bytes belong to the caller.
//
// An interruption, by RecvTimeout or ctx, loses nothing: the state is the one that
// was given. A body that breaks off is an *IncompleteError.
func StreamBody(ctx context.Context, cs ClientState) (chunk []byte, next ClientState, err error) {
	a := operation{op: OpStreamBody, cs: cs, from: cs.response}
	defer a.unwind()
	over, err := a.beginBody()
	if over || err != nil {
		return nil, cs, err
	}
	piece, err := a.h.nextPiece(ctx)
	chunk = append(chunk, piece...) // the caller's own, before the next operation can begin
	if err = a.pieceRead(len(chunk), err); err != nil {
		chunk = nil
	}
	return chunk, a.cs, err
}

// beginBody begins an operation on the response's body. In done there is nothing
// to read, nothing to claim, and over is true with io.EOF.
func (a *operation) beginBody() (over bool, err error) {
	if a.cs.response == StateDone {
		if err := a.cs.fresh(a.op); err != nil {
			return true, a.refuse(err)
		}
		a.trace(nil)
		return true, io.EOF
	}
	return false, a.begin()
}

// fresh says whether cs is the present state of its connection, without claiming it.
func (cs *ClientState) fresh(op Op) error {
	h := cs.handle
	if h == nil || turn(h.word.Load())&^closedBit == cs.turn {
		return nil
	}
	return &StateError{Op: op, State: cs.response, UsedBy: cs.turn.usedBy(turn(h.word.Load())), Err: ErrStale}
}

// pieceRead ends an operation that read a piece of n bytes.
func (a *operation) pieceRead(n int, err error) error {
	if err != nil && err != io.EOF {
		return a.bodyBroken(nil, err)
	}
	if a.h.bodyRead() {
		a.bodyEnded()
	}
	if n > 0 {
		err = nil
	}
	return a.commit(err)
}

// bodyEnded enters done behind the last byte of a body.
func (a *operation) bodyEnded() {
	if t := a.h.exchange.extra.trailers; t != nil {
		x := extra{}
		if a.cs.extra != nil {
			x = *a.cs.extra
		}
		x.trailers = t
		a.cs.extra = &x
	}
	a.finish()
}

// Body reads the whole of the response's body that is left (hackney:body/1). It is
// legal in on_body and done and leads to done. The bytes belong to the caller. Memory
// follows what comes, not what was announced.
//
// An interruption loses nothing: the state is the one that was given, and Body can
// be called again for the whole. A body that breaks off is an *IncompleteError that
// holds what came; one above Opts.MaxBody is a *LimitError.
func Body(ctx context.Context, cs ClientState) ([]byte, ClientState, error) {
	return gather(ctx, OpBody, cs, -1)
}

// BodyMax reads the response's body but stops, without an error, once it has max
// bytes (hackney:body/2): it may give one read more than that. Then the state stays
// on_body, unless that was all, and what is left can be read, or the client closed.
// It is legal in on_body and done.
func BodyMax(ctx context.Context, cs ClientState, max int64) ([]byte, ClientState, error) {
	if max < 0 {
		a := operation{op: OpBodyMax, cs: cs, from: cs.response}
		return nil, cs, a.refuse(badArgument("maximum", "%d is below 0", max))
	}
	return gather(ctx, OpBodyMax, cs, max)
}

func gather(ctx context.Context, op Op, cs ClientState, max int64) ([]byte, ClientState, error) {
	a := operation{op: op, cs: cs, from: cs.response}
	defer a.unwind()
	over, err := a.beginBody()
	if over && err == io.EOF {
		return nil, cs, nil
	}
	if err != nil {
		return nil, cs, err
	}
	body, err := a.h.gather(ctx, max)
	if err != nil {
		err = a.bodyBroken(body, err)
		return nil, a.cs, err
	}
	if a.h.bodyRead() {
		a.bodyEnded()
	}
	err = a.commit(nil)
	return body, a.cs, err
}

// bodyBroken ends an operation that had gathered part of a body: an interruption
// parks it for the next try, a broken body hands it out in the error.
func (a *operation) bodyBroken(body []byte, err error) error {
	if interrupted(err) {
		if len(body) > 0 {
			a.h.exchange.parked = body
		}
		return a.giveBack(err)
	}
	if lost, ok := err.(*TransportError); ok {
		err = &IncompleteError{Part: "body", Got: a.h.exchange.got, Want: a.cs.ContentLength(), Cause: lost}
	}
	if e, ok := err.(*IncompleteError); ok {
		e.Partial = body
	}
	return a.fail(err)
}

// SkipBody reads the rest of the response's body away (hackney:skip_body/1). It is
// legal in on_body and done and leads to done.
func SkipBody(ctx context.Context, cs ClientState) (ClientState, error) {
	a := operation{op: OpSkipBody, cs: cs, from: cs.response}
	defer a.unwind()
	over, err := a.beginBody()
	if over && err == io.EOF {
		return cs, nil
	}
	if err != nil {
		return cs, err
	}
	if _, err = a.h.copyTo(ctx, io.Discard); err != nil {
		err = a.bodyBroken(nil, err)
		return a.cs, err
	}
	a.bodyEnded()
	err = a.commit(nil)
	return a.cs, err
}

// CopyBody copies what is left of the response's body to w and gives the number of
// bytes written. It is legal in on_body and done and leads to done. To an *os.File
// (not opened with O_APPEND) or a *net.TCPConn the kernel moves the bytes of a body
// that is not chunked, where the connection is plain TCP (splice).
//
// An interruption leads to on_body: the bytes counted were written, the others
// are still to be read. So does an error of w, which is inside an *ArgumentError: what
// w did not take is not lost (where the kernel moves the bytes it is, and the state
// is failed).
func CopyBody(ctx context.Context, cs ClientState, w io.Writer) (int64, ClientState, error) {
	if w == nil {
		a := operation{op: OpCopyBody, cs: cs, from: cs.response}
		return 0, cs, a.refuse(badArgument("writer", "it is nil"))
	}
	a := operation{op: OpCopyBody, cs: cs, from: cs.response}
	defer a.unwind()
	over, err := a.beginBody()
	if over && err == io.EOF {
		return 0, cs, nil
	}
	if err != nil {
		return 0, cs, err
	}
	n, err := a.h.copyTo(ctx, w)
	_, writeFault := err.(*ArgumentError)
	kept := !a.h.exchange.lost
	switch {
	case err == nil:
		a.bodyEnded()
		err = a.commit(nil)
	case writeFault && kept, interrupted(err) && n > 0:
		err = a.commit(err)
	default:
		err = a.bodyBroken(nil, err)
	}
	return n, a.cs, err
}

// BodyReader reads a response's body as an io.Reader. It holds the state between
// the reads; it is for one goroutine at a time.
type BodyReader struct {
	ctx context.Context
	cs  ClientState
	err error
}

// NewBodyReader makes a BodyReader for the body of cs, in on_body or done. ctx is
// that of all its reads. Use State for what comes after it: cs itself is stale once
// something was read.
func NewBodyReader(ctx context.Context, cs ClientState) *BodyReader {
	return &BodyReader{ctx: ctx, cs: cs}
}

// Read reads body bytes into p, across chunks; io.EOF at the end. An interruption can
// be tried again.
func (r *BodyReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	a := operation{op: OpBodyReader, cs: r.cs, from: r.cs.response}
	defer a.unwind()
	over, err := a.beginBody()
	if over || err != nil {
		r.err = err
		return 0, err
	}
	n, err := a.h.readBody(r.ctx, p)
	err = a.pieceRead(n, err)
	r.cs = a.cs
	return n, r.keep(err)
}

// keep remembers an error that no further read can mend.
func (r *BodyReader) keep(err error) error {
	if err != nil && !interrupted(err) {
		r.err = err
	}
	return err
}

// Chunks goes through the body piece by piece, as StreamBody does, but lends each:
// its bytes are good until the next step, Close included. An error ends it.
func (r *BodyReader) Chunks() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			piece, err := r.next()
			if err == io.EOF || !yield(piece, err) || err != nil {
				return
			}
		}
	}
}

func (r *BodyReader) next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	a := operation{op: OpBodyReader, cs: r.cs, from: r.cs.response}
	defer a.unwind()
	over, err := a.beginBody()
	if over || err != nil {
		return nil, r.keep(err)
	}
	piece, err := a.h.nextPiece(r.ctx)
	a.h.lent = true
	err = a.pieceRead(len(piece), err)
	if r.cs = a.cs; err != nil {
		return nil, r.keep(err)
	}
	return piece, nil
}

// State is the client's state behind what was read so far.
func (r *BodyReader) State() ClientState { return r.cs }

// Close ends the reading. Where the body was not read to its end, that closes the
// connection; else it stays as State says.
func (r *BodyReader) Close() error {
	r.err = ErrClosed
	if r.cs.response == StateDone {
		return nil
	}
	var err error
	r.cs, err = Close(r.cs)
	return err
}
