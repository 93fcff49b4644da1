package hackney

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// anchor is what callbacks and the cleanup hold in place of a handle, so that a
// forgotten state can be collected: the connection, which nobody can close any more
// then, and what interrupts it. It must not reach the handle.
type anchor struct {
	core atomic.Pointer[core] // nil while the handle has none

	// cancel is seq, with one of the states below in its two lowest bits; seq alone
	// is idle. A callback that comes late finds another seq and does nothing.
	cancel atomic.Uint64
	armed  bool // between arm and disarm

	// The registration at a context, kept while the caller passes contexts with
	// the same Done channel. Only the holder of the turn touches it.
	done <-chan struct{}
	stop func() bool
}

const (
	_            uint64 = iota // idle: no operation is blocked
	cancelArmed                // one may be
	cancelFiring               // a callback is about to interrupt it
	cancelFired                // the context is over
	cancelMask   = 3
)

// letGo closes what the handle of a has left behind.
func (a *anchor) letGo() {
	if c := a.core.Swap(nil); c != nil {
		a.unregister()
		c.abort()
	}
}

// arm makes the end of ctx interrupt the socket until disarm. It is called right
// before a read or write that may block. It is false when ctx is over already.
func (a *anchor) arm(ctx context.Context) bool {
	done := ctx.Done()
	if done == nil {
		return true
	}
	if done != a.done {
		a.register(ctx, done)
	}
	seq := a.cancel.Load() &^ cancelMask
	if !a.cancel.CompareAndSwap(seq, seq|cancelArmed) {
		a.unregister()
		return false
	}
	a.armed = true
	if ctx.Err() != nil {
		a.disarm()
		return false
	}
	return true
}

// disarm ends what arm began, and says whether the context has interrupted the
// socket. Then the deadlines it did that with are gone again.
func (a *anchor) disarm() (interrupted bool) {
	if !a.armed {
		return false
	}
	a.armed = false
	seq := a.cancel.Load() &^ cancelMask
	if a.cancel.CompareAndSwap(seq|cancelArmed, seq) {
		return false
	}
	for a.cancel.Load()&cancelMask == cancelFiring {
		runtime.Gosched() // the callback is between two instructions of fire
	}
	a.unregister()
	a.core.Load().conn.SetDeadline(time.Time{})
	return true
}

func (a *anchor) register(ctx context.Context, done <-chan struct{}) {
	a.unregister()
	seq := a.cancel.Load()
	a.done = done
	a.stop = context.AfterFunc(ctx, func() { a.fire(seq) })
}

// unregister drops the registration, if any; a callback on its way finds another seq.
func (a *anchor) unregister() {
	if a.done == nil {
		return
	}
	next := a.cancel.Load()&^cancelMask + cancelMask + 1
	a.stop()
	a.done, a.stop = nil, nil
	a.cancel.Store(next) // last: whoever loads it sees the fields above
}

// fire is the callback of the context.
func (a *anchor) fire(seq uint64) {
	if a.cancel.CompareAndSwap(seq, seq|cancelFired) {
		return
	}
	if a.cancel.CompareAndSwap(seq|cancelArmed, seq|cancelFiring) {
		if c := a.core.Load(); c != nil && c.conn.SetDeadline(time.Unix(1, 0)) != nil {
			c.abort() // it has no deadlines
		}
		a.cancel.Store(seq | cancelFired)
		return
	}
	// Disarmed between the two swaps: idle again, or gone.
	a.cancel.CompareAndSwap(seq, seq|cancelFired)
}
