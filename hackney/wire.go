package hackney

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/transport"
)

// read reads from the socket once. At the end of the stream it gives 0 and sets eof.
func (h *handle) read(ctx context.Context, op string, p []byte) (int, error) {
	h.brim = false
	if h.eof {
		return 0, nil
	}
	if err := h.beforeRead(ctx, op); err != nil {
		return 0, err
	}
	n, err := h.readSocket(p)
	h.brim = n == len(p)
	return n, h.afterRead(ctx, op, int64(n), err)
}

// beforeRead sets the time limit of one call that reads, and has the end of ctx
// interrupt it. Where it gives no error, afterRead ends that.
func (h *handle) beforeRead(ctx context.Context, op string) error {
	ctx = orBackground(ctx)
	h.limitRead(ctx)
	if !h.anchor.arm(ctx) {
		return h.networkError(op, over(ctx))
	}
	return nil
}

// afterRead judges what the call gave. Bytes that came with an error are given
// without it; the error comes again with the next read.
func (h *handle) afterRead(ctx context.Context, op string, n int64, err error) error {
	interrupted := h.anchor.disarm()
	h.exchange.received += n
	switch {
	case n > 0 || err == nil:
		return nil
	case err == io.EOF && h.cutOff():
		return &http1.IncompleteError{Part: "body", Got: h.exchange.got, Want: -1}
	case err == io.EOF:
		h.eof = true
		return nil
	}
	return h.broke(ctx, op, err, interrupted)
}

// cutOff says whether a body that goes to the end of the connection has come to an end
// that TLS did not announce: anybody on the way can make one (RFC 9112, 9.8).
func (h *handle) cutOff() bool {
	return h.tls != nil && h.dec.InBody() && h.dec.Framing() == http1.UntilClose && transport.CutOff(h.tls)
}

// broke is the error of a call that err has ended.
func (h *handle) broke(ctx context.Context, op string, err error, interrupted bool) error {
	ctx = orBackground(ctx)
	switch {
	case interrupted:
		err = over(ctx)
	case isTimeout(err):
		err = timeLimit(ctx)
	}
	return h.networkError(op, err)
}

// readSocket reads without an interface call where it can.
func (h *handle) readSocket(p []byte) (n int, err error) {
	switch {
	case h.tcp != nil:
		return h.tcp.Read(p)
	case h.tls != nil:
		n, err = h.tls.Read(p)
	default:
		n, err = h.readAny(p)
	}
	h.tap.moved(TapReceived, p[:n])
	if err != nil && !isTimeout(err) {
		h.tap.ended(err)
	}
	return n, err
}

// readAny reads from a connection of another kind, which may do anything.
func (h *handle) readAny(p []byte) (int, error) {
	for range maxEmptyReads {
		switch n, err := h.conn.Read(p); {
		case n < 0 || n > len(p):
			return 0, errBadCount
		case n > 0 || err != nil:
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// maxEmptyReads is how often a connection of the caller's own may give nothing.
const maxEmptyReads = 100

var errBadCount = errors.New("the connection gave an impossible count")

// write writes all of p.
func (h *handle) write(ctx context.Context, op string, p []byte) error {
	if err := h.beforeWrite(ctx, op); err != nil {
		return err
	}
	n, err := h.writeSocket(p)
	return h.afterWrite(ctx, op, int64(n), err)
}

func (h *handle) writeSocket(p []byte) (n int, err error) {
	switch {
	case h.tcp != nil:
		return h.tcp.Write(p)
	case h.tls != nil:
		n, err = h.tls.Write(p)
	default:
		n, err = h.writeAny(p)
	}
	h.tap.moved(TapSent, p[:n])
	return n, err
}

// writeAny writes to a connection of another kind, which may do anything.
func (h *handle) writeAny(p []byte) (int, error) {
	n, err := h.conn.Write(p)
	switch {
	case n < 0 || n > len(p):
		return 0, errBadCount
	case n < len(p) && err == nil:
		return n, io.ErrShortWrite
	}
	return n, err
}

// beforeWrite sets the time limit of one call that writes, and has the end of ctx
// interrupt it. Where it gives no error, afterWrite ends that.
func (h *handle) beforeWrite(ctx context.Context, op string) error {
	ctx = orBackground(ctx)
	h.limitWrite(ctx)
	if !h.anchor.arm(ctx) {
		return h.networkError(op, over(ctx))
	}
	h.wrote = true
	return nil
}

// afterWrite judges what the call gave. Whatever it did not write makes the request
// broken: there is no partial success.
func (h *handle) afterWrite(ctx context.Context, op string, n int64, err error) error {
	interrupted := h.anchor.disarm()
	h.exchange.sent += n
	h.exchange.heard = h.exchange.received
	if err == nil {
		return nil
	}
	h.flags.Or(tornFlag)
	return h.broke(ctx, op, err, interrupted)
}

func (h *handle) limitRead(ctx context.Context) {
	limit, until := h.recvLimit, h.recvUntil
	if h.awaitsAnswer() {
		limit = h.firstLimit
	}
	if !until.IsZero() {
		limit = 0
	}
	t, ok := deadline(ctx, limit)
	if !until.IsZero() && (!ok || until.Before(t)) {
		t, ok = until, true
	}
	if ok {
		h.conn.SetReadDeadline(t)
		h.readLimited, h.readUntil = true, t
	} else if h.readLimited {
		h.conn.SetReadDeadline(time.Time{})
		h.readLimited = false
	}
}

// awaitsAnswer says whether the request is out, and not one byte came since. An answer whose
// head was there before that is not waited for any more.
func (h *handle) awaitsAnswer() bool {
	return h.exchange.received == h.exchange.heard && h.up.ended() && !h.dec.InBody()
}

// readRanOut says whether a limit of ours can have ended a read.
func (h *handle) readRanOut() bool {
	return h.anchor.armed && h.anchor.cancel.Load()&cancelMask >= cancelFiring || h.readLimited && !time.Now().Before(h.readUntil)
}

func (h *handle) limitWrite(ctx context.Context) {
	if t, ok := deadline(ctx, h.sendLimit); ok {
		h.conn.SetWriteDeadline(t)
		h.writeLimited = true
	} else if h.writeLimited {
		h.conn.SetWriteDeadline(time.Time{})
		h.writeLimited = false
	}
}

// orBackground spares a caller who gave no context a panic.
func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// deadline is when a limit of time ends that starts now. A context that has a
// deadline but no Done channel cannot call us, so its deadline is set too.
func deadline(ctx context.Context, limit time.Duration) (time.Time, bool) {
	var t time.Time
	ok := false
	if limit > 0 {
		t, ok = time.Now().Add(limit), true
	}
	if ctx.Done() == nil {
		if d, has := ctx.Deadline(); has && (!ok || d.Before(t)) {
			t, ok = d, true
		}
	}
	return t, ok
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool } // not net.Error: a splice to a file gives an *fs.PathError
	return errors.As(err, &t) && t.Timeout() &&
		!errors.Is(err, syscall.ETIMEDOUT) // with that the kernel gave the connection up
}

// over says why a context has ended: its error, and its cause if that says more.
func over(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == err {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// timeLimit says whose limit a deadline was: the context's, if that is over.
func timeLimit(ctx context.Context) error {
	if d, ok := ctx.Deadline(); ok && !time.Now().Before(d) {
		return context.DeadlineExceeded
	}
	return os.ErrDeadlineExceeded
}

func (h *handle) networkError(op string, err error) error {
	if op == opReadHead && h.awaitsAnswer() {
		op = opFirstByte
	}
	return &transport.Error{
		Op: op, Addr: h.link.address(), Sent: h.exchange.sent, Received: h.exchange.received, Err: err,
	}
}

func (l *link) address() string { return url.URL{Host: l.host, Port: l.port}.HostPort() }

// liftLimits takes deadlines of ours off the socket.
func (h *handle) liftLimits() {
	if h.readLimited || h.writeLimited {
		h.conn.SetDeadline(time.Time{})
		h.readLimited, h.writeLimited = false, false
	}
}
