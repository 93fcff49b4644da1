package pool

import (
	"context"
	"time"
)

// Close ends the pool: what is idle is closed, those who wait get [ErrClosed], and
// what is in use is not kept any more when it is returned. It gives nil, always.
func (p *Pool) Close() error {
	if p.off() {
		return nil
	}
	var gone graveyard
	p.mu.Lock()
	if p.over != ErrClosed {
		p.finish(ErrClosed, Closed, &gone)
	}
	p.mu.Unlock()
	gone.close()
	return nil
}

// Drain gives nothing out any more, closes what is idle, turns those who wait
// away with [ErrDraining], waits until all that is in use was given back, and closes
// the pool. When ctx ends before, its error is in an [*Error] that says how many
// are still out; the pool then goes on draining, and Drain may be called again.
func (p *Pool) Drain(ctx context.Context) error {
	if p.off() {
		return nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	var gone graveyard
	p.mu.Lock()
	began := p.now()
	if p.over == nil {
		p.finish(ErrDraining, Drained, &gone)
	}
	var drained chan struct{}
	if p.total.InUse+p.total.Dialing > 0 {
		if p.drained == nil {
			p.drained = make(chan struct{})
		}
		drained = p.drained
	}
	p.mu.Unlock()
	gone.close()
	if drained != nil {
		if err := await(ctx, drained); err != nil {
			return p.undrained(err, began)
		}
	}
	return p.Close()
}

// await is nil when done was closed before ctx ended.
func await(ctx context.Context, done <-chan struct{}) error {
	var up <-chan time.Time
	left, reason := untilDeadline(ctx, Infinite, nil)
	if left != Infinite {
		t := time.NewTimer(left)
		defer t.Stop()
		up = t.C
	}
	select {
	case <-done:
		return nil
	case <-up:
		return reason
	case <-ctx.Done():
		return ended(ctx)
	}
}

// undrained is the error for a pool of which something is still out.
func (p *Pool) undrained(reason error, began time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &Error{
		Pool: p.name, Reason: reason, Waited: p.now() - began,
		InUse: p.total.InUse, Dialing: p.total.Dialing, Idle: p.total.Idle, Waiting: p.total.Waiting,
	}
}

// finish makes the pool give nothing out any more. The lock is held.
func (p *Pool) finish(over error, why Reason, gone *graveyard) {
	p.over = over
	p.turnAway(over)
	p.evictAll(why, gone)
}
