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
	host   *host // nil where there is no pool
	socket net.Conn
	owner  Owner

	// The pool's lock guards the rest.
	links     [2]link // while it is idle
	opened    time.Duration
	idleSince time.Duration
	uses      uint32 // how often it was taken: the lease
	state     state
	watched   bool // Idle has given it
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

// state is where a connection is.
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
	h, p := c.host, c.host.pool
	var gone graveyard
	p.mu.Lock()
	if c.state == dialing {
		c.state = inUse
		c.uses++
		c.socket, c.opened = socket, p.now()
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
	switch c.state {
	case inUse:
		p.release(c)
		c.idleSince = now
		if why = p.offer(h, c, now, &gone); why != Kept {
			c.owner = nil
		}
		p.tidy(h, &gone)
	case dialing: // there is nothing to return but the permit
		p.abandon(c, &gone)
		why = NotOut
	default:
		why = NotOut
	}
	p.mu.Unlock()
	gone.closeAside()
	return why == Kept, why
}

// Discard gives the slot back without the connection, which the caller closes. Once
// the borrower is gone, its clean-up may call it, from any goroutine.
func (c *Conn) Discard() {
	if c.host == nil {
		c.owner = nil
		return
	}
	p := c.host.pool
	var gone graveyard
	p.mu.Lock()
	if p.abandon(c, &gone) {
		c.owner = nil
	}
	p.mu.Unlock()
	gone.closeAside()
}

// Uses is how often the connection was checked out, this time included. What came
// by Checkin counts as used once before.
func (c *Conn) Uses() int {
	if c.host == nil {
		return 0
	}
	return int(c.uses)
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

// lost finds the slot of a Conn that Idle gave and nobody holds any more. It reaches
// neither that nor its pool, so that both can be collected.
type lost struct {
	pool weak.Pointer[Pool]
	conn weak.Pointer[Conn]
	key  *Key
}

// watch has the slot of c given back when c is collected.
func (p *Pool) watch(c *Conn) {
	l := lost{pool: p.self, conn: weak.Make(c), key: c.host.key}
	p.lent[l.conn] = true
	if !c.watched {
		c.watched = true
		runtime.AddCleanup(c, lost.release, l)
	}
}

// release is the clean-up of the Conn. The socket, if nobody has it, is collected too.
func (l lost) release() {
	p := l.pool.Value()
	if p == nil {
		return // and its numbers with it
	}
	var gone graveyard
	p.mu.Lock()
	if p.lent[l.conn] {
		delete(p.lent, l.conn)
		h := p.find(l.key)
		p.vacate(h, inUse)
		p.countDropped(h, inUse)
		p.tidy(h, &gone)
	}
	p.mu.Unlock()
	gone.closeAside()
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
