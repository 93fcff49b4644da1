package pool

import (
	"context"
	"net"
	"strings"
	"sync"
	"time"
	"weak"

	"github.com/hackney-go/hackney/transport"
)

// hot is how long a connection may be idle before it is looked at prior to its
// next use. A look costs a system call, which hot traffic does without.
const hot = 4 * time.Millisecond

// A Pool keeps idle connections for their next use, and limits how many of one
// key are in use or being dialed. All methods may be called at any time and from
// many goroutines. A Pool that New did not make, or nil, is like [None].
type Pool struct {
	name  string
	epoch time.Time
	self  weak.Pointer[Pool]

	// Nothing that may block is done with the lock: no dial, handshake, look or close.
	mu      sync.Mutex
	limits  limits
	total   Counts
	hosts   map[Key]*host               // those with a connection or a waiter
	recent  *host                       // of the last look-up: to compare is cheaper than to hash
	idle    list                        // all that are idle
	lent    map[weak.Pointer[Conn]]bool // by Idle
	over    error                       // ErrClosed or ErrDraining
	drained chan struct{}               // closed when nothing is in use, for Drain

	sweep sweep

	look  func(*Conn) transport.Liveness // in place of a probe, in tests
	swept func()                         // told after each sweep, in tests
}

// None is a pool that keeps nothing and limits nothing: each Checkout gives a Conn
// to dial, and no Return keeps it. It says "no pool" where nil means a default.
var None = new(Pool)

// New makes a pool. One that is not used any more need not be closed: it is
// collected, and its idle connections with it.
func New(o Opts) *Pool {
	p := &Pool{name: o.Name, epoch: time.Now(), limits: newLimits(&o), hosts: make(map[Key]*host), lent: make(map[weak.Pointer[Conn]]bool)}
	p.self = weak.Make(p)
	return p
}

// off says that p keeps nothing.
func (p *Pool) off() bool { return p == nil || p.hosts == nil }

// now is a monotonic time; reading it is cheaper than time.Now.
func (p *Pool) now() time.Duration { return time.Since(p.epoch) }

// Checkout gives a connection of key: the idle one that came back last, or a Conn
// without a socket, which the caller dials; then it says Opened or Discard. When
// neither may be had, it waits its turn: at most for wait (8 s if 0, for ever if
// [Infinite], not at all if negative) and until ctx ends. A nil ctx never does.
//
// Each Conn must be given back by Return or Discard. The error is an [*Error].
func (p *Pool) Checkout(ctx context.Context, key Key, wait time.Duration) (*Conn, error) {
	if p.off() {
		return new(Conn), nil
	}
	key.Host = lower(key.Host)
	if ctx != nil && ctx.Err() != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		return nil, p.refusal(&key, ended(ctx), 0)
	}
	now := p.now() // not with the lock: it takes longer than all else
	p.mu.Lock()
	if p.over != nil {
		defer p.mu.Unlock()
		return nil, p.refusal(&key, p.over, 0)
	}
	h := p.hostOf(&key)
	var gone graveyard
	var c *Conn
	if h.queue.first == nil { // nobody is overtaken
		c = p.admit(h, now, &gone)
	}
	if c != nil && (c.socket == nil || now-c.idleSince < hot) {
		p.mu.Unlock()
		gone.closeAside()
		return c, nil
	}
	a := asker{pool: p, host: h, ctx: ctx, began: now, wait: duration(wait, DefaultWait), gone: gone}
	if wait < 0 {
		a.wait = 0
	}
	return a.insist(c)
}

// Idle gives a connection of key that is idle, and never waits nor asks to dial.
// It counts as checked out until Return or Discard, or until the Conn is collected.
func (p *Pool) Idle(key Key) (*Conn, bool) {
	if p.off() {
		return nil, false
	}
	key.Host = lower(key.Host)
	var gone graveyard
	defer func() { gone.closeAside() }()
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.find(&key)
	for h != nil && h.queue.first == nil && p.over == nil && p.room(h) {
		now := p.now()
		c := p.takeIdle(h, now, &gone)
		if c == nil {
			break
		}
		p.mu.Unlock()
		why := c.inspect(now)
		p.mu.Lock()
		if why == Kept {
			p.watch(c)
			return c, true
		}
		p.untake(h, c, why, &gone)
	}
	if h != nil {
		p.tidy(h, &gone)
	}
	return nil, false
}

// Checkin puts a connection into the pool that was not checked out of it. kept is
// as with Return: if it is false, the connection stays the caller's.
func (p *Pool) Checkin(key Key, socket net.Conn) (kept bool) {
	if p.off() || socket == nil {
		return false
	}
	key.Host = lower(key.Host)
	var gone graveyard
	defer func() { gone.closeAside() }()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		return false
	}
	h := p.hostOf(&key)
	now := p.now()
	c := p.newConn(h)
	c.socket, c.opened, c.idleSince, c.uses = socket, now, now, 1
	h.counts.CheckedIn++
	p.total.CheckedIn++
	kept = p.offer(h, c, now, &gone) == Kept
	p.tidy(h, &gone)
	return kept
}

// hostOf gives the host of key. A new one's key must not keep a text alive that the
// names were cut from.
func (p *Pool) hostOf(key *Key) *host {
	if h := p.find(key); h != nil {
		return h
	}
	own := *key
	own.Host, own.Proxy = strings.Clone(key.Host), strings.Clone(key.Proxy)
	h := &host{pool: p, key: &own}
	p.hosts[own] = h
	return h
}

// find gives the host of key if there is one.
func (p *Pool) find(key *Key) *host {
	if h := p.recent; h != nil && *h.key == *key {
		return h
	}
	h := p.hosts[*key]
	if h != nil {
		p.recent = h
	}
	return h
}

// newConn makes a Conn that nobody holds yet.
func (p *Pool) newConn(h *host) *Conn {
	return &Conn{host: h}
}
