package hackney

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/transport"
)

// Answers, and interim answers, that come before the request is whole.

// awaitContinue waits for the answer to Expect: 100-continue (RFC 9110, 10.1.1):
// a 100 or silence lets the body go; a final head is the answer, and there
// is no body.
func (h *handle) awaitContinue(ctx context.Context) (early *http1.Head, err error) {
	if !h.up.expect {
		return nil, nil
	}
	limit := duration(h.opts.ExpectTimeout, DefaultExpectTimeout)
	if limit == 0 {
		early, err = h.readHead(ctx, opExpect, is100)
	} else {
		early, err = h.readHeadWithin(ctx, limit)
	}
	if err != nil {
		return nil, err
	}
	h.up.expect = false
	h.exchange.early = early
	return early, nil
}

func is100(status int) bool { return status == 100 }

// readHeadWithin reads up to a 100 or the final head for at most d. Silence is no error.
func (h *handle) readHeadWithin(ctx context.Context, d time.Duration) (*http1.Head, error) {
	h.recvUntil = time.Now().Add(d)
	defer func() { h.recvUntil = time.Time{} }()
	head, err := h.readHead(ctx, opExpect, is100)
	var e *TransportError
	if errors.As(err, &e) && stalled(e.Err) {
		return nil, nil
	}
	return head, err
}

// lookout says when to look for an answer between pieces that follow each other
// quickly: a look is a system call, which small pieces would feel.
type lookout struct {
	sent int64 // at the last look
	at   time.Duration
	once bool
}

// lookEvery is the time after which a look is due even where little was sent.
const lookEvery = 4 * time.Millisecond

func (l *lookout) due(sent int64) bool {
	now := clock()
	if l.once && sent-l.sent < pieceSize && now-l.at < lookEvery {
		return false
	}
	*l = lookout{sent: sent, at: now, once: true}
	return true
}

// answerBefore is answerWaiting before a piece of the body. When the announced
// length is out, and only the payload's own end is to come, no answer is early; nor
// is it where the caller frames the body, and we cannot tell where that ends.
func (h *handle) answerBefore(ctx context.Context) (early *http1.Head, err error) {
	if h.up.framing == byLength && h.up.left == 0 || h.up.framing == asGiven {
		return h.stopping(), nil
	}
	return h.answerWaiting(ctx)
}

// stopping is the final head that came early, if it ends the request. It always
// does in steps, where the caller decides what then; a whole request goes on unless
// the answer says that its body is not wanted (RFC 9112, 9.5).
func (h *handle) stopping() *http1.Head {
	early := h.exchange.early
	if early != nil && h.up.whole && early.Status < 300 {
		return nil
	}
	return early
}

// answerWaiting looks, without blocking, whether a final head came before the
// request is whole, and ends it.
func (h *handle) answerWaiting(ctx context.Context) (early *http1.Head, err error) {
	if early, err := h.answerUnread(); early != nil || err != nil || h.exchange.early != nil {
		return early, err
	}
	if transport.Probe(h.conn) != transport.Readable {
		return nil, nil // if it is closed, the write will tell
	}
	if err := h.fillReady(ctx); err != nil {
		return nil, err
	}
	return h.answerUnread()
}

// answerUnread looks for a final head in what came already.
func (h *handle) answerUnread() (early *http1.Head, err error) {
	var ev http1.Event
	for h.exchange.early == nil && len(h.unread()) > 0 {
		n, err := h.dec.Next(&ev, h.unread(), h.eof)
		if err != nil {
			return nil, err
		}
		h.consume(n)
		switch ev.Kind {
		case http1.NeedMore:
			return nil, nil
		case http1.Interim:
			h.keepInterim(ev.Head)
		case http1.Final:
			h.exchange.early = ev.Head
		}
	}
	return h.stopping(), nil
}

// ticketWait bounds the wait for data behind what waits on a TLS connection. The
// bytes are there; only the end of the last record may be missing.
const ticketWait = 5 * time.Millisecond

// fillReady reads bytes that are there. Below TLS they may be no data at all, so
// there the wait for data is bounded.
func (h *handle) fillReady(ctx context.Context) error {
	if h.tls == nil {
		return h.fill(ctx, opReadHead)
	}
	h.makeRoom()
	h.conn.SetReadDeadline(time.Now().Add(ticketWait))
	h.readLimited = true
	n, err := h.readSocket(h.in.data[h.w:])
	h.w += n
	h.exchange.received += int64(n)
	switch {
	case err == nil, isTimeout(err):
		return nil
	case err == io.EOF:
		h.eof = true
		return nil
	}
	return h.networkError(opReadHead, err)
}

// answerGrace bounds the look for an answer behind a failed write. On a broken socket
// what came is there at once; a connection of the caller's own may know no better.
const answerGrace = time.Second

// answerBehind looks whether a final answer stands behind a write that failed:
// a server may answer, and close, without reading the whole request.
func (h *handle) answerBehind(ctx context.Context, err error) *http1.Head {
	if _, ours := err.(*TransportError); !ours || errors.Is(err, context.Canceled) {
		return nil
	}
	if h.exchange.early != nil { // it came, and the rest of the body was not taken
		return h.exchange.early
	}
	if interrupted(err) {
		return nil
	}
	h.recvUntil = time.Now().Add(answerGrace)
	defer func() { h.recvUntil = time.Time{} }()
	head, readErr := h.readHead(ctx, opReadHead, nil)
	if readErr != nil {
		return nil
	}
	h.exchange.early = head
	return head
}
