package hackney

import (
	"context"
	"errors"
	"runtime"
	"syscall"

	"github.com/hackney-go/hackney/internal/http1"
)

// operation is an operation under way. It holds the turn of a handle, and ends in
// exactly one of commit, giveBack and fail (Hijack, which ends the state too, apart).
// One that never got the turn ends in refuse. Each of them traces, and leaves in cs
// the state that the caller gets, which is a large value: it is made in place.
type operation struct {
	op     Op
	from   ResponseState
	cs     ClientState // the state it was given, and at its end the one it leads to
	h      *handle
	to     place  // where a client leads that has no link yet
	trail  *trail // of the state it was given, while its connection is that state's
	hopped bool   // an exchange of the operation has ended: the state it was given is no more
}

// begin checks that the operation is legal in the state it was given and claims its
// turn. Where that has no handle (its connection is closed) there is nothing to claim,
// and h is nil.
func (a *operation) begin() error {
	if err := a.cs.check(a.op); err != nil {
		return a.refuse(err)
	}
	a.h = a.cs.handle
	return a.claim()
}

func (a *operation) claim() error {
	if a.h == nil {
		return nil
	}
	if err := a.h.claim(a.cs.turn, a.op, a.cs.response); err != nil {
		return a.refuse(err)
	}
	a.h.use(a.cs.opts.orDefault())
	return nil
}

// refuse reports a call that changed nothing.
func (a *operation) refuse(err error) error {
	a.trace(err)
	return err
}

func (a *operation) trace(err error) {
	if t := a.cs.opts.orDefault().Trace; t != nil {
		t(TraceEvent{Op: a.op, From: a.from, To: a.cs.response, Err: err})
	}
}

// adopt goes on with a new connection in place of the one the state had.
func (a *operation) adopt(h *handle, to *place) {
	h.use(a.cs.opts.orDefault())
	first := turn(h.word.Load()) // of its lease
	h.word.Store(uint64(first.claimedBy(a.op)))
	a.h = h
	a.cs.handle, a.cs.turn, a.cs.pooled = h, first, h.pooled != nil
	h.core.leadTo(to)
	a.cs.link = h.link
	a.cs.kept = KeptUnknown
	a.cs.connection, a.cs.reused = Connected, false
	a.cs.head, a.cs.extra, a.cs.body = nil, nil, BodyWaiting
	a.cs.method, a.cs.path = "", ""
	a.cs.maybe, a.trail = false, nil
	a.cs.chunked, a.cs.expect = false, false
}

// commit ends the operation: cs is the state it leads to, but for its turn; err goes along.
func (a *operation) commit(err error) error {
	if h := a.h; h != nil {
		next := &a.cs
		if next.response == StateStart || next.response == StateDone { // no exchange is under way
			h.clear()
		}
		turn, alive := h.commit(next.turn, a.op)
		next.turn = turn
		next.expect = next.expect && h.work != nil && h.up.expect
		next.open = next.open && h.work != nil && !h.up.ended()
		if !alive { // closed meanwhile; the socket is gone, the rest is ours to clear
			h.anchor.unregister()
			h.clear()
			next.handle, next.connection = nil, Closed
		}
		runtime.KeepAlive(h)
	}
	a.trace(err)
	return err
}

// giveBack ends the operation as if it had not been: the state it was given, which it
// must not have changed, is the present one again.
func (a *operation) giveBack(err error) error {
	if a.h != nil && (a.cs.response == StateStart || a.cs.response == StateDone) {
		a.h.clear()
	}
	if a.h != nil && !a.h.giveBack(a.cs.turn, a.op) {
		return a.fail(&StateError{Op: a.op, State: a.from, Err: ErrClosed})
	}
	runtime.KeepAlive(a.h)
	a.trace(err)
	return err
}

// fail ends the operation in failed: the connection is closed. Where Close came
// first, that is the error, whatever the socket said of it.
func (a *operation) fail(err error) error {
	if a.h != nil && turn(a.h.word.Load())&closedBit != 0 {
		err = &StateError{Op: a.op, State: a.from, Err: ErrClosed}
	}
	if a.h != nil {
		a.h.core.abort()
	}
	a.retire()
	a.cs.response = StateFailed
	a.blame(err)
	a.trace(err)
	return err
}

// unwind is deferred by each operation that can run code of the caller's: a writer, a
// reader, a tap. A panic of that goes on, but nothing is left open behind it.
func (a *operation) unwind() {
	r := recover()
	if r == nil {
		return
	}
	if h := a.h; h != nil && turn(h.word.Load())&^closedBit == a.cs.turn.claimedBy(a.op) {
		h.core.abort()
		a.retire()
	}
	panic(r)
}

// retire closes the connection of the operation for good.
func (a *operation) retire() {
	if h := a.h; h != nil {
		h.word.Store(uint64(a.cs.turn.next(a.op) | closedBit))
		h.anchor.unregister()
		h.core.close()
		h.anchor.core.Store(nil)
		h.clear()
	}
	a.cs.handle, a.cs.connection = nil, Closed
}

// finish ends the exchange: the connection is kept where it may be, else closed.
func (a *operation) finish() {
	a.cs.response, a.cs.body = StateDone, BodyDone
	a.cs.kept = a.h.keeps()
	if !a.cs.kept.Yes() {
		if c := a.part(); c != nil {
			c.close()
		}
		return
	}
	a.h.carried = true
	if a.h.pooled != nil {
		a.checkIn()
		return
	}
	a.h.rests()
	a.h.clear()
	a.h.anchor.unregister()
}

// broken ends an operation that could not go on: an interruption that lost
// nothing gives the turn back, everything else fails.
func (a *operation) broken(err error) error {
	if interrupted(err) {
		return a.giveBack(err)
	}
	return a.fail(err)
}

// untouched says whether err is an interruption that came before the operation
// wrote anything.
func (a *operation) untouched(err error) bool {
	return !a.hopped && a.h.work != nil && !a.h.wrote && interrupted(err)
}

// interrupted says whether err is a time limit or a context that ended a read.
// The connection is as good as before.
func interrupted(err error) bool {
	e, ours := err.(*TransportError) // not one inside an error of the caller's reader or writer
	return ours && !errors.Is(e.Err, syscall.ETIMEDOUT) && (e.Timeout() || errors.Is(e.Err, context.Canceled))
}

// blame writes into the errors of the codec with whom it was.
func (a *operation) blame(err error) {
	if a.cs.link == nil {
		return
	}
	addr := a.cs.link.address()
	switch e := err.(type) {
	case *http1.ProtocolError:
		e.Addr = addr
	case *http1.IncompleteError:
		e.Addr = addr
	case *http1.LimitError:
		e.Addr = addr
	}
}
