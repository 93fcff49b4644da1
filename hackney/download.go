package hackney

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/hackney-go/hackney/internal/http1"
)

// bodyRead says whether the body was read and given out, to its end.
func (h *handle) bodyRead() bool { return h.dec.Done() && len(h.exchange.parked) == 0 }

// readBody reads body bytes into p, which has room, across chunks; io.EOF behind the last.
func (h *handle) readBody(ctx context.Context, p []byte) (int, error) {
	if parked := h.exchange.parked; len(parked) > 0 {
		n := copy(p, parked)
		h.exchange.parked = parked[n:]
		return n, nil
	}
	if err := h.announcedTooLarge(); err != nil {
		return 0, err
	}
	for !h.dec.Done() {
		n, err := h.decodeOrRead(ctx, p)
		if n > 0 || err != nil {
			return n, h.counted(int64(n), err)
		}
	}
	return 0, io.EOF
}

// decodeOrRead makes one step: undo the framing of what is there, or read more.
func (h *handle) decodeOrRead(ctx context.Context, p []byte) (int, error) {
	if len(h.unread()) == 0 && !h.eof {
		if rest := h.dec.Rest(); rest > 0 && (len(p) >= smallBuffer || int64(len(p)) >= rest) {
			return h.readPast(ctx, p[:min(int64(len(p)), rest)])
		}
		if h.dec.Framing() == http1.Chunked && h.dec.InBody() && len(p) >= smallBuffer {
			return h.readChunks(ctx, p)
		}
		return 0, h.fillBody(ctx)
	}
	n, used, err := h.dec.Body(p, h.unread())
	if n > 0 || used > 0 {
		h.consume(used)
		return n, nil // an error behind these bytes comes again with the next step
	}
	if err != nil {
		return 0, err
	}
	return 0, h.frameStep(ctx)
}

// readPast reads straight into the caller's memory.
func (h *handle) readPast(ctx context.Context, p []byte) (int, error) {
	n, err := h.read(ctx, opReadBody, p)
	h.dec.Took(int64(n))
	if n == 0 && err == nil {
		return 0, h.frameStep(ctx) // the end of the stream
	}
	return n, err
}

// readChunks reads straight into the caller's memory and undoes the framing there.
func (h *handle) readChunks(ctx context.Context, p []byte) (int, error) {
	n, err := h.read(ctx, opReadBody, p)
	if n == 0 || err != nil {
		return 0, err
	}
	got, used, err := h.dec.Body(p, p[:n])
	h.growInput(n - used)
	h.r, h.w = 0, copy(h.in.data, p[used:n])
	if got > 0 || used > 0 {
		return got, nil // an error behind these bytes comes again with the next step
	}
	return 0, err
}

// frameStep makes a step that gives no body bytes: trailers, the end, or more input.
func (h *handle) frameStep(ctx context.Context) error {
	var ev http1.Event
	before := h.dec
	n, err := h.dec.Next(&ev, h.unread(), h.eof)
	if err != nil {
		return h.incomplete(err)
	}
	if ev.Kind == http1.Data {
		h.dec = before
		return nil // Body gives it
	}
	h.consume(n)
	switch {
	case ev.Kind == http1.Trailers:
		h.exchange.extra.trailers = ev.Trailers
	case ev.Kind == http1.NeedMore && n == 0:
		return h.fillBody(ctx)
	}
	return nil
}

// incomplete says in an IncompleteError how much of the body came.
func (h *handle) incomplete(err error) error {
	if e, ok := err.(*http1.IncompleteError); ok {
		e.Got = h.exchange.got
	}
	return err
}

// fillBody reads more, in bulk where much is to come.
func (h *handle) fillBody(ctx context.Context) error {
	if h.dec.Framing() == http1.Chunked || h.dec.Rest() > smallBuffer {
		h.growInput(largeBuffer)
	}
	return h.fill(ctx, opReadBody)
}

// announcedTooLarge refuses a body whose length alone is over the limit.
func (h *handle) announcedTooLarge() error {
	rest := h.dec.Rest()
	if limit := h.exchange.maxBody; limit >= 0 && rest != math.MaxInt64 && rest > limit-h.exchange.got {
		return h.tooLarge()
	}
	return nil
}

func (h *handle) tooLarge() error {
	return &http1.LimitError{What: "the body", Max: h.exchange.maxBody, Unit: "bytes"}
}

// counted takes n body bytes to account.
func (h *handle) counted(n int64, err error) error {
	h.exchange.got += n
	if limit := h.exchange.maxBody; limit >= 0 && h.exchange.got > limit {
		return h.tooLarge()
	}
	return err
}

// drain reads the rest of the body away, within the limits of o. It says whether
// that was all.
func (h *handle) drain(ctx context.Context, o *Opts) bool {
	left := o.DrainBytes
	switch {
	case left == 0:
		left = DefaultDrainBytes
	case left == Unlimited:
		left = math.MaxInt64
	}
	if rest := h.dec.Rest(); left == NoDrain || h.dec.Framing() == http1.UntilClose || rest > left {
		return false
	}
	if limit := duration(o.DrainTime, DefaultDrainTime); limit > 0 {
		h.recvUntil = time.Now().Add(limit)
		defer func() { h.recvUntil = time.Time{} }()
	}
	b := newBuffer(smallBuffer)
	defer b.free()
	for left >= 0 {
		n, err := h.readBody(ctx, b.data)
		left -= int64(n)
		if err == io.EOF || err == nil && h.dec.Done() {
			return left >= 0
		}
		if err != nil {
			return false
		}
	}
	return false
}

// nextPiece gives the next piece of body, of one chunk at the most, in place: it is
// good until the next step. io.EOF behind the last.
func (h *handle) nextPiece(ctx context.Context) ([]byte, error) {
	if parked := h.exchange.parked; len(parked) > 0 {
		h.exchange.parked = nil
		return parked, nil
	}
	if err := h.announcedTooLarge(); err != nil {
		return nil, err
	}
	var ev http1.Event
	for !h.dec.Done() {
		window := h.unread()
		if h.dec.InBody() { // a trailer section is taken whole, and has a limit of its own
			window = window[:min(len(window), largeBuffer)]
		}
		n, err := h.dec.Next(&ev, window, h.eof && len(window) == len(h.unread()))
		if err != nil {
			return nil, h.incomplete(err)
		}
		h.consume(n)
		switch {
		case ev.Kind == http1.Data:
			return ev.Data, h.counted(int64(len(ev.Data)), nil)
		case ev.Kind == http1.Trailers:
			h.exchange.extra.trailers = ev.Trailers
		case ev.Kind == http1.NeedMore && n == 0:
			if err := h.fillBody(ctx); err != nil {
				return nil, err
			}
		}
	}
	return nil, io.EOF
}

// gather reads the rest of the body into memory of its own, and stops at max bytes
// where that is 0 or more.
func (h *handle) gather(ctx context.Context, max int64) ([]byte, error) {
	if body, ok := h.waiting(max); ok {
		return body, nil
	}
	body := h.exchange.parked
	h.exchange.parked = nil
	for max < 0 || int64(len(body)) < max {
		if len(body) == cap(body) {
			body = grow(body, h.dec.Rest(), len(h.unread()))
		}
		n, err := h.readBody(ctx, body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case err == io.EOF:
			return body, nil
		case err != nil:
			return body, err
		case h.dec.Done():
			return body, nil
		}
	}
	return body, nil
}

// waiting gives a body that came whole with the head, as most small ones do.
func (h *handle) waiting(max int64) (body []byte, ok bool) {
	rest := h.dec.Rest()
	if rest == 0 || rest > int64(len(h.unread())) || len(h.exchange.parked) > 0 || max >= 0 || h.exchange.maxBody >= 0 {
		return nil, false
	}
	body = append(body, h.unread()[:rest]...)
	h.dec.Took(rest)
	h.consume(len(body))
	h.exchange.got += rest
	return body, true
}

// Memory for a body follows what came: at first a little, then at most trust times
// what is there already.
const (
	firstBody = 64 << 10
	trust     = 16
)

// grow gives body more room: exactly that of the rest of a body of known length
// where it may be trusted, else a doubling.
func grow(body []byte, rest int64, waiting int) []byte {
	size := max(512, waiting, 2*len(body))
	if rest > 0 && rest != math.MaxInt64 {
		size = int(min(rest+int64(len(body)), int64(max(firstBody, trust*len(body)))))
	}
	return append(make([]byte, 0, size), body...)
}

// copyTo copies the rest of the body to w. What w did not take is parked. Where w
// allows it the kernel moves what is still on the socket and has no framing.
func (h *handle) copyTo(ctx context.Context, w io.Writer) (n int64, err error) {
	kernel := h.kernelTarget(w)
	b := newBuffer(largeBuffer)
	defer b.free()
	for {
		var moved int64
		if kernel != nil && h.onSocket() {
			moved, err = h.splice(ctx, kernel)
		} else {
			moved, err = h.pass(ctx, w, b.data)
		}
		n += moved
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// onSocket says whether the next byte of the body is still on the socket, and
// needs no decoding.
func (h *handle) onSocket() bool {
	return len(h.unread()) == 0 && len(h.exchange.parked) == 0 && h.dec.Rest() > 0 && !h.eof
}

// pass reads a piece of the body into p and hands it to w.
func (h *handle) pass(ctx context.Context, w io.Writer, p []byte) (int64, error) {
	n, err := h.readBody(ctx, p)
	if err != nil {
		return 0, err
	}
	n, err = h.deliver(w, p[:n])
	return int64(n), err
}

// deliver writes p to the caller's writer; what that does not take is parked.
func (h *handle) deliver(w io.Writer, p []byte) (int, error) {
	n, err := w.Write(p)
	if n < 0 || n > len(p) {
		n = 0
	}
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err == nil {
		return n, nil
	}
	h.exchange.parked = append(append([]byte(nil), p[n:]...), h.exchange.parked...) // in front of what was parked before
	return n, &ArgumentError{What: "writer", Err: err}
}

// kernelWriter is a writer that the kernel can move bytes to.
type kernelWriter interface {
	io.Writer
	io.ReaderFrom
}

// kernelTarget is w where the kernel can move bytes from the socket to it.
func (h *handle) kernelTarget(w io.Writer) kernelWriter {
	if h.tcp == nil {
		return nil
	}
	switch w := w.(type) {
	case *os.File:
		return w
	case *net.TCPConn:
		return w
	}
	return nil
}

// splice has the kernel move one slice of the body. With a time limit on reads the
// slice is bounded, and running out of time after some bytes is no error.
func (h *handle) splice(ctx context.Context, to kernelWriter) (int64, error) {
	if err := h.announcedTooLarge(); err != nil {
		return 0, err
	}
	slice := h.dec.Rest()
	if limit := h.exchange.maxBody; limit >= 0 {
		if left := limit - h.exchange.got; left < math.MaxInt64 {
			slice = min(slice, left+1)
		}
	}
	if h.recvLimit > 0 {
		slice = min(slice, kernelSlice)
	}
	if err := h.beforeRead(ctx, opReadBody); err != nil {
		return 0, err
	}
	var fault error
	n, err := to.ReadFrom(&io.LimitedReader{R: h.tcp, N: slice})
	switch {
	case err == nil && n < slice:
		err = io.EOF
	case err != nil && !(isTimeout(err) && h.readRanOut() && !writeRanOut(to)): // a limit of its own is its fault
		fault = err
	}
	err = h.afterRead(ctx, opReadBody, n, err)
	h.dec.Took(n)
	h.brim = true
	if over := h.counted(n, nil); over != nil {
		return n, over
	}
	if fault != nil { // before err, which says it was the network
		return n, h.whoseFault(fault)
	}
	return n, err
}

// writeRanOut says whether a deadline of w's own is over.
func writeRanOut(w io.Writer) bool {
	_, err := w.Write(nil)
	return isTimeout(err)
}

// whoseFault says whether a failed splice is the network's fault or the writer's;
// the kernel gives one error for both.
func (h *handle) whoseFault(err error) error {
	for _, network := range []error{syscall.ECONNRESET, syscall.ETIMEDOUT, syscall.EHOSTUNREACH, net.ErrClosed} {
		if errors.Is(err, network) {
			return h.networkError(opReadBody, err)
		}
	}
	h.exchange.lost = true // with the pipe the kernel moved them through
	return &ArgumentError{What: "writer", Err: err}
}
