package pool

import (
	"context"
	"time"
)

// A waiter stands in the queue of a host. The pool's lock guards it until it is
// told what it gets; then it has left the queue.
type waiter struct {
	prev, next *waiter
	since      time.Duration
	queued     bool

	told   chan struct{} // closed when one of these is set
	conn   *Conn         // checked out
	handed bool          // right from the one who returned it
	err    error
}

type queue struct{ first, last *waiter }

func (q *queue) pushBack(w *waiter) {
	w.prev, w.queued = q.last, true
	if q.last != nil {
		q.last.next = w
	} else {
		q.first = w
	}
	q.last = w
}

func (q *queue) pushFront(w *waiter) {
	w.next, w.queued = q.first, true
	if q.first != nil {
		q.first.prev = w
	} else {
		q.last = w
	}
	q.first = w
}

func (q *queue) remove(w *waiter) {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		q.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		q.last = w.prev
	}
	w.prev, w.next, w.queued = nil, nil, false
}

// leave takes w out of the queue of h.
func (p *Pool) leave(h *host, w *waiter, now time.Duration) {
	h.queue.remove(w)
	h.counts.Waiting--
	p.total.Waiting--
	h.counts.Waited += now - w.since
	p.total.Waited += now - w.since
}

// grant gives c, which is checked out, to the first who waits.
func (p *Pool) grant(h *host, c *Conn, handed bool, now time.Duration) {
	w := h.queue.first
	p.leave(h, w, now)
	w.conn, w.handed = c, handed
	close(w.told)
}

// turnAway ends all waiting.
func (p *Pool) turnAway(reason error) {
	now := p.now()
	for _, h := range p.hosts {
		for h.queue.first != nil {
			w := h.queue.first
			p.leave(h, w, now)
			w.err = p.refusal(h.key, reason, now-w.since)
			close(w.told)
		}
		p.forget(h)
	}
}

// An asker is a Checkout that was not served at once.
type asker struct {
	pool  *Pool
	host  *host
	ctx   context.Context // nil for none
	began time.Duration
	wait  time.Duration
	gone  graveyard

	waited bool // it had a place in the queue before
}

// insist goes on until c is good, waiting for the next one where it must. c is
// checked out, or nil if there was none. The lock is held, and free afterwards.
func (a *asker) insist(c *Conn) (*Conn, error) {
	p := a.pool
	for again := false; ; again = true {
		var w *waiter
		var err error
		if c == nil {
			w, err = a.enqueue(again)
		}
		p.mu.Unlock()
		a.gone.closeAside()
		a.gone = graveyard{}
		if w != nil {
			c, err = a.await(w)
		}
		if err != nil {
			return nil, err
		}
		why := Kept
		if c.socket != nil {
			why = c.inspect(p.now())
		}
		if why == Kept {
			return c, nil
		}
		p.mu.Lock()
		p.untake(a.host, c, why, &a.gone)
		a.host = p.hostOf(a.host.key)
		if c = nil; p.over == nil { // its slot was ours: nobody may come in between
			c = p.admit(a.host, p.now(), &a.gone)
		}
	}
}

// enqueue takes a place in the queue; in front if it had something already.
func (a *asker) enqueue(again bool) (*waiter, error) {
	p, h := a.pool, a.host
	now := p.now()
	var reason error
	switch {
	case p.over != nil:
		reason = p.over
	case a.wait <= 0:
		reason = ErrTimeout
		h.counts.TimedOut++
		p.total.TimedOut++
	case !again && h.counts.Waiting >= p.limits.maxWaiting:
		reason = ErrQueueFull
		h.counts.Refused++
		p.total.Refused++
	}
	if reason != nil {
		err := p.refusal(h.key, reason, now-a.began)
		p.tidy(h, &a.gone)
		return nil, err
	}
	w := &waiter{since: now, told: make(chan struct{})}
	h.counts.Waiting++
	p.total.Waiting++
	if !a.waited {
		a.waited = true
		h.counts.Waits++
		p.total.Waits++
	}
	if again {
		h.queue.pushFront(w)
		return w, nil
	}
	h.queue.pushBack(w)
	return w, nil
}

// await waits until w is told, time is up, or the context ends.
func (a *asker) await(w *waiter) (*Conn, error) {
	left, reason := a.wait, ErrTimeout
	if left != Infinite {
		left -= a.pool.now() - a.began
	}
	var done <-chan struct{}
	if a.ctx != nil {
		done = a.ctx.Done()
		left, reason = untilDeadline(a.ctx, left, reason)
	}
	var up <-chan time.Time
	if left != Infinite {
		t := time.NewTimer(left)
		defer t.Stop()
		up = t.C
	}
	select {
	case <-w.told:
		return w.conn, w.err
	case <-up:
		return a.giveUp(w, reason)
	case <-done:
		return a.giveUp(w, ended(a.ctx))
	}
}

// untilDeadline is left, or what a context without a Done channel leaves of it.
func untilDeadline(ctx context.Context, left time.Duration, reason error) (time.Duration, error) {
	if end, ok := ctx.Deadline(); ok && ctx.Done() == nil {
		if d := time.Until(end); d < left {
			return d, context.DeadlineExceeded
		}
	}
	return left, reason
}

// giveUp leaves the queue. What came in the same moment is taken if it is time
// that was up; if the context ended, the next one gets it.
func (a *asker) giveUp(w *waiter, reason error) (*Conn, error) {
	p, h := a.pool, a.host
	defer func() { a.gone.closeAside() }()
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	switch {
	case w.queued:
		p.leave(h, w, now)
	case w.err != nil || reason == ErrTimeout:
		return w.conn, w.err
	default:
		a.passOn(w, now)
	}
	if reason == ErrTimeout {
		h.counts.TimedOut++
		p.total.TimedOut++
	} else {
		h.counts.GaveUp++
		p.total.GaveUp++
	}
	p.tidy(h, &a.gone)
	return nil, p.refusal(h.key, reason, now-a.began)
}

// passOn undoes a grant. The connection goes back to where it was in the order of
// the idle ones: nobody has used it.
func (a *asker) passOn(w *waiter, now time.Duration) {
	p, h, c := a.pool, a.host, w.conn
	if !p.release(c) || c.socket == nil {
		return
	}
	c.uses--
	h.counts.Reused--
	p.total.Reused--
	if w.handed {
		h.counts.HandedOver--
		p.total.HandedOver--
	}
	if p.offer(h, c, now, &a.gone) != Kept {
		a.gone.add(c)
	}
}
