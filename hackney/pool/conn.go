package pool

import (
	"crypto/tls"
	"net"
	"runtime"
	"time"
	"weak"

	"github.com/hackney-go/hackney/transport"
)

// A Conn is a connection that was checked out, or the permit to dial one. From
// Checkout to Return or Discard it belongs to one borrower, and its methods are
// for that borrower only. Called out of order, they do nothing.
type Conn struct {
	host   *host
	slot   *Slot
	socket net.Conn
	owner  Owner
	sight  transport.Sight // of the socket

	// For the pool, while it is idle.
	links     [2]link
	opened    time.Duration
	idleSince time.Duration
}

// An Owner is what a borrower keeps with a connection, for the next borrower. The
// pool holds it while the connection is idle, and closes it, in place of the
// socket, when it lets the connection go.
//
// An Owner of a TLS connection may also have the method Undisturbed() bool. It is
// asked, by one goroutine at a time and only while nobody has the connection, when
// bytes wait on the socket, or when the connection is about to be taken after some
// time: they may be session tickets, which are no disturbance. It must not block
// for long.
type Owner interface{ Close() error }

// A Slot is the token of a Conn: what is given back when a checkout ends. It
// reaches neither its Conn nor its Pool, so that a clean-up of whoever keeps
// the Conn may have it.
type Slot struct {
	pool  weak.Pointer[Pool]
	key   *Key
	uses  uint32 // how often the connection was taken; the lease
	state state

	watched bool // the collector releases it
}

// state is where a connection is. The pool's lock guards it.
type state uint8

const (
	free    state = iota // out of the pool, for good
	dialing              // checked out, no socket yet
	inUse                // checked out
	idle                 // in the lists
	asked                // in the lists, but its owner is being asked
	doomed               // it was evicted while its owner was being asked
)

// Socket is the connection; nil before Opened.
func (c *Conn) Socket() net.Conn { return c.socket }

// Sight is what it takes to look at the socket; the zero Sight without one.
func (c *Conn) Sight() transport.Sight {
	if c == nil {
		return transport.Sight{}
	}
	return c.sight
}

// Key is what the connection was asked for by, Host in lower case.
func (c *Conn) Key() Key {
	if c.host == nil {
		return Key{}
	}
	return *c.host.key
}

// Opened tells that the dial has succeeded.
func (c *Conn) Opened(socket net.Conn) {
	if socket == nil {
		return
	}
	if c.host == nil {
		if c.socket == nil {
			c.socket = socket
		}
		return
	}
	sight := transport.SightOf(socket)
	h, p := c.host, c.host.pool
	var gone graveyard
	p.mu.Lock()
	if c.slot.state == dialing {
		c.slot.state = inUse
		c.slot.uses++
		c.socket, c.sight, c.opened = socket, sight, p.now()
		h.counts.Dialing--
		p.total.Dialing--
		h.counts.InUse++
		p.total.InUse++
		h.counts.Opened++
		p.total.Opened++
		p.tidy(h, &gone)
	}
	p.mu.Unlock()
	gone.closeAside()
}

// SetOwner has the pool hold o while the connection is idle. It is called before
// Return, which forgets o when it keeps nothing.
func (c *Conn) SetOwner(o Owner) { c.owner = o }

// TakeOwner gives what the borrower before has set, and nil if it set nothing. A
// Conn that is checked out does not hold it any more then.
func (c *Conn) TakeOwner() Owner {
	o := c.owner
	c.owner = nil
	return o
}

// Shared is what SetShared has left for all connections of the key, nil for nothing.
func (c *Conn) Shared() any {
	if c.host == nil {
		return nil
	}
	c.host.pool.mu.Lock()
	defer c.host.pool.mu.Unlock()
	return c.host.shared
}

// SetShared leaves v for all connections of the key, as long as the pool knows it.
func (c *Conn) SetShared(v any) {
	if c.host == nil {
		return
	}
	c.host.pool.mu.Lock()
	defer c.host.pool.mu.Unlock()
	c.host.shared = v
}

// Return gives the connection back: to the first who waits, or to the idle ones. If
// it is not kept, why tells the reason, and the caller closes the socket.
func (c *Conn) Return() (kept bool, why Reason) {
	if c.host == nil {
		c.owner = nil
		return false, NotPooled
	}
	h, p := c.host, c.host.pool
	var gone graveyard
	now := p.now()
	p.mu.Lock()
	switch c.slot.state {
	case inUse:
		p.release(h, c.slot)
		c.idleSince = now
		if why = p.offer(h, c, now, &gone); why != Kept {
			c.owner = nil
		}
		p.tidy(h, &gone)
	case dialing: // there is nothing to return but the permit
		p.abandon(h, c.slot, &gone)
		why = NotOut
	default:
		why = NotOut
	}
	p.mu.Unlock()
	gone.closeAside()
	return why == Kept, why
}

// Discard gives the slot back without the connection, which the caller closes.
func (c *Conn) Discard() {
	if c.host == nil {
		c.owner = nil
		return
	}
	p := c.host.pool
	var gone graveyard
	p.mu.Lock()
	if p.abandon(c.host, c.slot, &gone) {
		c.owner = nil
	}
	p.mu.Unlock()
	gone.closeAside()
}

// Uses is how often the connection was checked out, this time included. What came
// by Adopt counts as used once before.
func (c *Conn) Uses() int {
	if c.host == nil {
		return 0
	}
	return int(c.slot.uses)
}

// Reused says whether somebody has had the connection before.
func (c *Conn) Reused() bool { return c.Uses() > 1 }

// OpenedAt is when Opened was called.
func (c *Conn) OpenedAt() time.Time {
	if c.host == nil {
		return time.Time{}
	}
	return c.host.pool.epoch.Add(c.opened)
}

// Slot is the token of the connection, the same as long as that lives.
func (c *Conn) Slot() *Slot {
	if c.host == nil {
		return new(Slot)
	}
	return c.slot
}

// Release ends the checkout that the connection is in, if it is in any, as Discard
// does. It is for the clean-up of a borrower that was collected together with the
// Conn, and may be called from any goroutine; the socket is the caller's to close.
func (s *Slot) Release() {
	p := s.pool.Value()
	if p == nil {
		return // collected, and its numbers with it
	}
	var gone graveyard
	p.mu.Lock()
	if h := p.find(s.key); h != nil {
		p.abandon(h, s, &gone)
	}
	p.mu.Unlock()
	gone.closeAside()
}

// watch has the slot given back when c is collected. The pool's lock is held.
func (c *Conn) watch() {
	if !c.slot.watched {
		c.slot.watched = true
		runtime.AddCleanup(c, (*Slot).Release, c.slot)
	}
}

// inspect looks at a connection that was idle until now and is in nobody's hands
// but the caller's. It gives the reason why it is no good, or Kept.
func (c *Conn) inspect(now time.Duration) Reason {
	if now-c.idleSince < hot {
		return Kept
	}
	seen := c.host.pool.see(c)
	if seen == transport.Closed {
		return PeerClosed
	}
	if _, ok := c.socket.(*tls.Conn); ok {
		// TLS may have read ahead, so the owner is asked in any case.
		if asks, ok := c.owner.(undisturbed); ok {
			if asks.Undisturbed() {
				return Kept
			}
			return Disturbed
		}
	}
	if seen == transport.Readable {
		return Disturbed
	}
	return Kept
}

type undisturbed interface{ Undisturbed() bool }
