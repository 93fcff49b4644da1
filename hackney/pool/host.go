package pool

import (
	"time"
	"weak"
)

// A host is what a pool knows of one key. It is there while there is a connection
// of that key, or somebody who waits for one. The pool's lock guards it.
type host struct {
	pool   *Pool
	key    *Key // by itself: lost has it too, and must not reach more
	counts Counts
	idle   list
	queue  queue
	shared any // the borrowers'
}

// room says whether one more of h may be in use or be dialed.
func (p *Pool) room(h *host) bool {
	return h.counts.InUse+h.counts.Dialing < p.limits.maxPerHost
}

// admit gives one more connection of h, or the permit to dial one; nil if neither
// may be had. Whether somebody else came first is for the caller to see.
func (p *Pool) admit(h *host, now time.Duration, gone *graveyard) *Conn {
	if !p.room(h) {
		return nil
	}
	if c := p.takeIdle(h, now, gone); c != nil {
		return c
	}
	if h.counts.Dialing >= p.limits.maxDials {
		return nil
	}
	c := p.newConn(h)
	c.state = dialing
	h.counts.Dialing++
	p.total.Dialing++
	return c
}

// takeIdle checks the newest idle connection of h out. What is too old, it evicts.
func (p *Pool) takeIdle(h *host, now time.Duration, gone *graveyard) *Conn {
	for c := h.idle.newest; c != nil; {
		older := c.links[inHost].prev
		switch why := p.stale(c, now); {
		case c.state == asked: // the sweep has it in hand
		case why != Kept:
			p.evict(c, why, gone)
		default:
			p.unlink(c)
			p.take(h, c)
			return c
		}
		c = older
	}
	return nil
}

// take makes c, which nobody holds, checked out.
func (p *Pool) take(h *host, c *Conn) {
	c.state = inUse
	c.uses++
	h.counts.InUse++
	p.total.InUse++
	h.counts.Reused++
	p.total.Reused++
}

// untake undoes take for a connection that turned out to be no good.
func (p *Pool) untake(h *host, c *Conn, why Reason, gone *graveyard) {
	if !p.release(c) {
		return // it was discarded
	}
	h.counts.Reused--
	p.total.Reused--
	p.countEvicted(h, why)
	gone.add(c)
}

// release ends the checkout of c. It says whether there was one.
func (p *Pool) release(c *Conn) bool {
	if c.state != inUse && c.state != dialing {
		return false
	}
	if c.watched {
		delete(p.lent, weak.Make(c))
	}
	p.vacate(c.host, c.state)
	c.state = free
	return true
}

// vacate gives back the slot of one that was inUse or dialing. No other place does.
func (p *Pool) vacate(h *host, was state) {
	if was == inUse {
		h.counts.InUse--
		p.total.InUse--
	} else {
		h.counts.Dialing--
		p.total.Dialing--
	}
}

// abandon ends the checkout of c together with its connection.
func (p *Pool) abandon(c *Conn, gone *graveyard) bool {
	was := c.state
	if !p.release(c) {
		return false
	}
	p.countDropped(c.host, was)
	p.tidy(c.host, gone)
	return true
}

func (p *Pool) countDropped(h *host, was state) {
	if was == inUse {
		h.counts.Discarded++
		p.total.Discarded++
	} else {
		h.counts.Failed++
		p.total.Failed++
	}
}

// offer gives c, which nobody holds, to the first who waits, or keeps it idle.
// If neither, it says why not, and has counted that.
func (p *Pool) offer(h *host, c *Conn, now time.Duration, gone *graveyard) Reason {
	why := p.stale(c, now)
	switch {
	case p.over == ErrClosed:
		why = Closed
	case p.over != nil:
		why = Drained
	case why != Kept:
	case h.queue.first != nil && p.room(h):
		p.take(h, c)
		h.counts.HandedOver++
		p.total.HandedOver++
		p.grant(h, c, true, now)
		return Kept
	case h.idle.n >= p.limits.maxIdlePerHost:
		why = Full
	}
	if why != Kept {
		p.countEvicted(h, why)
		return why
	}
	c.state = idle
	p.idle.insert(c, inPool)
	h.idle.insert(c, inHost)
	h.counts.Idle++
	p.total.Idle++
	p.evictBeyond(gone)
	p.startSweep()
	return Kept
}

// serve gives those who wait what has become free, in their order.
func (p *Pool) serve(h *host, now time.Duration, gone *graveyard) {
	for h.queue.first != nil {
		c := p.admit(h, now, gone)
		if c == nil {
			return
		}
		p.grant(h, c, false, now)
	}
}

// tidy follows whatever has made room at h.
func (p *Pool) tidy(h *host, gone *graveyard) {
	if h.queue.first != nil {
		p.serve(h, p.now(), gone)
	}
	p.forget(h)
	if p.drained != nil && p.total.InUse+p.total.Dialing == 0 {
		close(p.drained)
		p.drained = nil
	}
}

// forget drops h if nothing of it is left.
func (p *Pool) forget(h *host) {
	n := &h.counts
	if n.InUse|n.Dialing|n.Idle|n.Waiting == 0 {
		delete(p.hosts, *h.key)
		if p.recent == h {
			p.recent = nil
		}
	}
}

// stale says why an idle connection may not be used any more, or Kept.
func (p *Pool) stale(c *Conn, now time.Duration) Reason {
	switch {
	case now-c.idleSince >= p.limits.idleTimeout:
		return Expired
	case now-c.opened >= p.limits.maxAge:
		return Aged
	}
	return Kept
}

// unlink takes c out of the lists of those that are idle.
func (p *Pool) unlink(c *Conn) {
	if p.sweep.next == c {
		p.sweep.next = c.links[inPool].next
	}
	p.idle.remove(c, inPool)
	c.host.idle.remove(c, inHost)
	p.total.Idle--
	c.host.counts.Idle--
}

// evict takes an idle connection out of the pool for good. Its host stays, even if
// nothing of it is left: that is for tidy or forget.
func (p *Pool) evict(c *Conn, why Reason, gone *graveyard) {
	p.unlink(c)
	p.countEvicted(c.host, why)
	if c.state == asked {
		c.state = doomed // the sweep closes it: its owner is busy
		return
	}
	c.state = free
	gone.add(c)
}

func (p *Pool) countEvicted(h *host, why Reason) {
	h.counts.Evicted.count(why)
	p.total.Evicted.count(why)
}

// evictBeyond makes the oldest go as long as too many are idle.
func (p *Pool) evictBeyond(gone *graveyard) {
	for p.idle.n > p.limits.maxIdle {
		c := p.idle.oldest
		p.evict(c, Full, gone)
		p.forget(c.host)
	}
}

// evictExpired looks no further than it must: who came back first expires first.
func (p *Pool) evictExpired(now time.Duration, gone *graveyard) {
	for c := p.idle.oldest; c != nil && now-c.idleSince >= p.limits.idleTimeout; c = p.idle.oldest {
		p.evict(c, Expired, gone)
		p.forget(c.host)
	}
}

// evictStale looks at all.
func (p *Pool) evictStale(now time.Duration, gone *graveyard) {
	for c := p.idle.oldest; c != nil; {
		newer := c.links[inPool].next
		if why := p.stale(c, now); why != Kept {
			p.evict(c, why, gone)
			p.forget(c.host)
		}
		c = newer
	}
}

// evictAll takes all idle connections out.
func (p *Pool) evictAll(why Reason, gone *graveyard) {
	for p.idle.oldest != nil {
		c := p.idle.oldest
		p.evict(c, why, gone)
		p.forget(c.host)
	}
}
