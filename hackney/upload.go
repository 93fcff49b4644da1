package hackney

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/hackney-go/hackney/internal/http1"
)

// upload is what is known of the request body under way.
type upload struct {
	framing bodyFraming
	left    int64 // byLength: bytes still to come
	expect  bool  // the answer to Expect: 100-continue was not waited for yet
	done    bool  // the whole body is out
	whole   bool  // one operation sends all of it
}

// ended says whether the request is out, whole.
func (u *upload) ended() bool { return u.done }

const (
	// copyLimit is the size up to which bytes are copied behind what they follow,
	// so that all leaves in one write; larger ones go by writev.
	copyLimit = 16 << 10
	// pieceSize is how much of a large body is written before we look whether
	// the peer has answered already.
	pieceSize = 256 << 10
)

const (
	opWriteHead = "write request head"
	opWriteBody = "write request body"
	opFirstByte = "wait for first byte"
	opReadHead  = "read response head"
	opReadBody  = "read response body"
	opExpect    = "wait for 100 Continue"
)

// sendRequest writes head and body. early is a final head that came before the
// body was whole.
func (h *handle) sendRequest(ctx context.Context, p *plan, cs *ClientState) (early *http1.Head, err error) {
	body := p.src.data
	h.growInput(smallBuffer/2 + min(len(body), copyLimit))
	head := p.appendHead(h.in.data[:0], cs.link, cs.auth) // it is out before an answer is read to there
	switch {
	case !p.hasBody():
		return nil, h.sendSmall(ctx, head, nil)
	case body != nil && !p.expect && len(body) <= copyLimit:
		return nil, h.sendSmall(ctx, head, body)
	case body != nil && !p.expect:
		return h.sendBytes(ctx, head, body)
	}
	if err := h.write(ctx, opWriteHead, head); err != nil || p.src.stream {
		return nil, err
	}
	if early, err := h.awaitContinue(ctx); early != nil || err != nil {
		return early, err
	}
	return h.sendSource(ctx, &p.src)
}

// sendSmall sends a head and a whole small body in one write.
func (h *handle) sendSmall(ctx context.Context, head, body []byte) error {
	if h.up.framing == byChunks {
		head = http1.AppendChunk(head, body)
		head = append(head, http1.LastChunk...)
	} else {
		head = append(head, body...)
	}
	if err := h.write(ctx, opWriteHead, head); err != nil {
		return err
	}
	h.up.left, h.up.done = 0, true
	return nil
}

// sendBytes sends a large body from memory: its first piece in one writev with the head.
func (h *handle) sendBytes(ctx context.Context, head, body []byte) (early *http1.Head, err error) {
	end := ""
	if h.up.framing == byChunks {
		var room [http1.ChunkHeadSize]byte
		head = append(head, room[http1.PutChunkHead(room[:], len(body)):]...)
		end = "\r\n" + http1.LastChunk
	}
	first := min(len(body), pieceSize)
	if err := h.writev(ctx, opWriteHead, head, body[:first], nil); err != nil {
		return nil, err
	}
	for body = body[first:]; len(body) > 0; {
		if early, err := h.answerWaiting(ctx); early != nil || err != nil {
			return early, err
		}
		n := min(len(body), pieceSize)
		if err := h.write(ctx, opWriteBody, body[:n]); err != nil {
			return nil, err
		}
		body = body[n:]
	}
	if end != "" {
		if err := h.write(ctx, opWriteBody, []byte(end)); err != nil {
			return nil, err
		}
	}
	h.up.left, h.up.done = 0, true
	return nil, nil
}

// writev writes up to three pieces with one system call where the socket can.
func (h *handle) writev(ctx context.Context, op string, a, b, c []byte) error {
	if err := h.beforeWrite(ctx, op); err != nil {
		return err
	}
	n, err := h.writevSocket(a, b, c)
	return h.afterWrite(ctx, op, n, err)
}

func (h *handle) writevSocket(pieces ...[]byte) (sum int64, err error) {
	if h.tcp != nil {
		v := net.Buffers(pieces)
		return v.WriteTo(h.tcp)
	}
	for _, p := range pieces {
		if len(p) == 0 { // on some connections even an empty write waits for the peer
			continue
		}
		n, err := h.writeSocket(p)
		if sum += int64(n); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// sendSource sends the whole body behind a head that is out.
func (h *handle) sendSource(ctx context.Context, s *source) (early *http1.Head, err error) {
	early, err = h.sendPayload(ctx, s)
	if early != nil || err != nil {
		return early, err
	}
	return nil, h.endBody(ctx)
}

// sendPayload sends a payload as a piece, or pieces, of the body.
func (h *handle) sendPayload(ctx context.Context, s *source) (early *http1.Head, err error) {
	switch {
	case s.file != nil:
		return h.sendFile(ctx, s.file)
	case s.reader != nil:
		return h.sendReader(ctx, s.reader, s.length)
	case s.next != nil:
		return h.sendFunc(ctx, s.next)
	case s.form != nil:
		return h.sendForm(ctx, s.form)
	case s.parts != nil:
		for _, part := range s.parts {
			if early, err := h.sendPiece(ctx, part); early != nil || err != nil {
				return early, err
			}
		}
		return nil, nil
	}
	return h.sendPiece(ctx, s.data)
}

// sendPiece sends bytes as a piece of the body: one chunk, or as they are. Before
// it looks whether an answer waits. An empty piece is nothing.
func (h *handle) sendPiece(ctx context.Context, p []byte) (early *http1.Head, err error) {
	if early, err := h.answerBefore(ctx); early != nil || err != nil {
		return early, err
	}
	if len(p) == 0 {
		return nil, h.alive(ctx)
	}
	if err := h.account(int64(len(p))); err != nil {
		return nil, err
	}
	if h.up.framing != byChunks {
		return nil, h.write(ctx, opWriteBody, p)
	}
	return nil, h.writeChunk(ctx, p)
}

// alive is an error when ctx is over: a payload that gives nothing does not keep an operation going.
func (h *handle) alive(ctx context.Context) error {
	if ctx = orBackground(ctx); ctx.Err() != nil {
		return h.networkError(opWriteBody, over(ctx))
	}
	return nil
}

// account takes n bytes off the announced length.
func (h *handle) account(n int64) error {
	if h.up.framing != byLength {
		return nil
	}
	if n > h.up.left {
		return h.badLength("has %d bytes more than its Content-Length", n-h.up.left)
	}
	h.up.left -= n
	return nil
}

func (h *handle) badLength(format string, n int64) error {
	return &ArgumentError{What: "payload", Sent: h.exchange.sent, Err: fmt.Errorf("the body "+format, n)}
}

// writeChunk writes one chunk in one write.
func (h *handle) writeChunk(ctx context.Context, p []byte) error {
	if limit := h.chunkCopyLimit(); len(p) > limit {
		var room [http1.ChunkHeadSize]byte
		return h.writev(ctx, opWriteBody, room[http1.PutChunkHead(room[:], len(p)):], p, []byte("\r\n"))
	}
	b := newBuffer(len(p) + http1.ChunkHeadSize + 2)
	defer b.free()
	return h.write(ctx, opWriteBody, http1.AppendChunk(b.data[:0], p))
}

// chunkCopyLimit is the size up to which a chunk is copied behind its size line.
// Where there is no writev, a copy is cheaper than the two writes it saves.
func (h *handle) chunkCopyLimit() int {
	if h.tcp != nil {
		return copyLimit
	}
	return largeBuffer - http1.ChunkHeadSize - 2
}

// sendReader sends n bytes of r, or all of it where n is below 0. What one Read
// gives leaves at once, in one write.
func (h *handle) sendReader(ctx context.Context, r io.Reader, n int64) (early *http1.Head, err error) {
	b := newBuffer(largeBuffer)
	defer b.free()
	const from, behind = http1.ChunkHeadSize, 2
	var look lookout
	for n != 0 {
		if look.due(h.exchange.sent) {
			if early, err := h.answerBefore(ctx); early != nil || err != nil {
				return early, err
			}
		}
		room := b.data[from : len(b.data)-behind]
		if n > 0 && int64(len(room)) > n {
			room = room[:n]
		}
		got, readErr := r.Read(room)
		if got < 0 || got > len(room) {
			return nil, &ArgumentError{What: "payload", Sent: h.exchange.sent, Err: errors.New("the reader gave an impossible count")}
		}
		if err := h.sendRead(ctx, b.data, got); err != nil {
			return nil, err
		}
		if n > 0 {
			n -= int64(got)
		}
		switch {
		case readErr == nil:
		case readErr != io.EOF:
			return nil, &ArgumentError{What: "payload", Sent: h.exchange.sent, Err: readErr}
		case n > 0:
			return nil, h.badLength("ended %d bytes before its announced length", n)
		default:
			return nil, nil
		}
	}
	return nil, nil
}

// sendRead writes the n bytes that stand in b behind the room for a chunk's size line.
func (h *handle) sendRead(ctx context.Context, b []byte, n int) error {
	const from = http1.ChunkHeadSize
	if n == 0 {
		return h.alive(ctx)
	}
	if err := h.account(int64(n)); err != nil {
		return err
	}
	if h.up.framing != byChunks {
		return h.write(ctx, opWriteBody, b[from:from+n])
	}
	start := http1.PutChunkHead(b[:from], n)
	copy(b[from+n:], "\r\n")
	return h.write(ctx, opWriteBody, b[start:from+n+2])
}

func (h *handle) sendFunc(ctx context.Context, next func() ([]byte, error)) (early *http1.Head, err error) {
	for {
		p, fault := next()
		if early, err := h.sendPiece(ctx, p); early != nil || err != nil {
			return early, err
		}
		switch {
		case fault == io.EOF:
			return nil, nil
		case fault != nil:
			return nil, &ArgumentError{What: "payload", Sent: h.exchange.sent, Err: fault}
		}
	}
}

// sendFile sends a part of a file: by the kernel on plain TCP, else by copying.
func (h *handle) sendFile(ctx context.Context, f *fileSource) (early *http1.Head, err error) {
	if _, err := f.Seek(f.offset, io.SeekStart); err != nil {
		return nil, &ArgumentError{What: "file", Sent: h.exchange.sent, Err: err}
	}
	if h.tcp != nil && h.up.framing == byLength {
		early, err = h.sendfile(ctx, f.File, f.n)
	} else {
		early, err = h.sendReader(ctx, f.File, f.n)
	}
	if early != nil || err != nil {
		return early, err
	}
	if err := f.unchanged(); err != nil {
		return nil, &ArgumentError{What: "file", Sent: h.exchange.sent, Err: err}
	}
	return nil, nil
}

// kernelSlice bounds one call of sendfile, and of splice where a time limit is set:
// the limit is one of progress, and between slices we look for an early answer.
const kernelSlice = 4 << 20

func (h *handle) sendfile(ctx context.Context, f *os.File, n int64) (early *http1.Head, err error) {
	if err := h.account(n); err != nil {
		return nil, err
	}
	for n > 0 {
		if early, err := h.answerWaiting(ctx); early != nil || err != nil {
			return early, err
		}
		slice := min(n, kernelSlice)
		if err := h.beforeWrite(ctx, opWriteBody); err != nil {
			return nil, err
		}
		moved, err := h.tcp.ReadFrom(&io.LimitedReader{R: f, N: slice})
		err = h.afterWrite(ctx, opWriteBody, moved, err)
		n -= moved
		switch {
		case err != nil && moved > 0 && stalled(err): // slow, but it moves
		case err != nil:
			return nil, err
		case moved < slice:
			return nil, h.badLength("ended %d bytes before its announced length: the file has shrunk", n)
		}
	}
	return nil, nil
}

// stalled says whether err is a limit of time of ours (and not the context's).
func stalled(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// endBody ends the request: the last chunk of a chunked body; a body of known
// length must be whole.
func (h *handle) endBody(ctx context.Context) error {
	switch {
	case h.up.done:
		return nil
	case h.up.framing == byLength && h.up.left > 0:
		return h.badLength("ended %d bytes before its Content-Length", h.up.left)
	case h.up.framing == byChunks:
		if err := h.write(ctx, opWriteBody, []byte(http1.LastChunk)); err != nil {
			return err
		}
	}
	h.up.done = true
	return nil
}
