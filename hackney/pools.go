package hackney

import (
	"context"
	"crypto/tls"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
)

// DefaultPool is the name of the pool that exists by itself.
const DefaultPool = "default"

var (
	// ErrPoolExists: a pool of that name was started already.
	ErrPoolExists = errors.New("a pool of that name exists")
	// ErrNoPool: there is no pool of that name.
	ErrNoPool = errors.New("there is no pool of that name")
)

// pools are those with a name.
var pools = struct {
	sync.Mutex
	byName map[string]*pool.Pool
}{byName: map[string]*pool.Pool{}}

var useDefaultPool atomic.Bool

// StartPool makes a pool and gives it a name (hackney:start_pool/2), under which
// FindPool finds it. The pool of a name that is taken is returned with
// ErrPoolExists.
func StartPool(name string, o pool.Opts) (*pool.Pool, error) {
	pools.Lock()
	defer pools.Unlock()
	if p := pools.byName[name]; p != nil {
		return p, ErrPoolExists
	}
	o.Name = name
	p := pool.New(o)
	pools.byName[name] = p
	return p, nil
}

// StopPool closes a pool and all its connections (hackney:stop_pool/1): idle ones at
// once, those in use when they come back. The default pool is there again, new,
// when it is used next.
func StopPool(name string) error {
	pools.Lock()
	p := pools.byName[name]
	delete(pools.byName, name)
	pools.Unlock()
	if p == nil {
		return ErrNoPool
	}
	return p.Close()
}

// FindPool finds a pool by name. The one named default is always there.
func FindPool(name string) (*pool.Pool, bool) {
	if name == DefaultPool {
		p, _ := StartPool(name, pool.Opts{})
		return p, true
	}
	pools.Lock()
	defer pools.Unlock()
	p, ok := pools.byName[name]
	return p, ok
}

// UseDefaultPool makes every client whose Opts name no pool use the default one
// (the application key use_default_pool of hackney); pool.None in the Opts overrides it.
func UseDefaultPool(on bool) { useDefaultPool.Store(on) }

// Prewarm makes sure that a pool has n connections ready for a URL: so many are
// connected, their TLS handshakes done, and idle in the pool of o afterwards, or as
// many as its limits allow. They are opened one after the other.
func Prewarm(ctx context.Context, rawURL string, n int, o *Opts) error {
	u, err := url.Parse(rawURL)
	if err != nil {
		return &ArgumentError{What: "URL", Err: err}
	}
	o = o.orDefault()
	if err := o.check(); err != nil {
		return err
	}
	to, err := placeOf(&u)
	if err != nil {
		return err
	}
	p := poolOf(o)
	if p == nil {
		return badArgument("option", "there is no pool to prewarm")
	}
	var got []*core
	defer func() {
		for _, c := range got {
			c.checkIn()
		}
	}()
	for range n {
		c, err := checkout(ctx, p, &to, o, noWait)
		var full *pool.Error
		if errors.As(err, &full) && full.Reason == pool.ErrTimeout {
			return nil // no more than that
		}
		if err != nil {
			return err
		}
		got = append(got, c)
	}
	return nil
}

// poolOf is the pool that a client gets its connections from, nil for none.
func poolOf(o *Opts) *pool.Pool {
	switch {
	case o.Pool == pool.None:
		return nil
	case o.Pool == nil && useDefaultPool.Load():
		p, _ := FindPool(DefaultPool)
		return p
	}
	return o.Pool
}

// keyOf is what a connection must have in common with another to take its place.
func keyOf(to *place, v *via, o *Opts) pool.Key {
	k := pool.Key{
		Transport: to.transport, Host: to.host, Port: to.port,
	}
	if o.DialContext != nil || o.Tap != nil || o.AddressPolicy != nil {
		k.Dial, k.Tap, k.Policy = pool.IdentityOf(o.DialContext), pool.IdentityOf(o.Tap), pool.IdentityOf(o.AddressPolicy)
	}
	if v != nil {
		v.adjust(&k, o)
	}
	if to.transport.Scheme() == url.HTTPS {
		k.TLS, k.Insecure = o.TLS, o.Insecure
	}
	return k
}

// open gives a connection: one of the pool, or a new one.
func open(ctx context.Context, to *place, o *Opts) (*core, error) {
	if p := poolOf(o); p != nil {
		return checkout(ctx, p, to, o, o.CheckoutTimeout)
	}
	v, err := o.via(to)
	if err != nil {
		return nil, err
	}
	return dial(ctx, to.origin(), v, o)
}

// noWait is a wait for a connection that is over at once.
const noWait = -1

// checkout gives a connection of p, for which it waits at most for wait.
func checkout(ctx context.Context, p *pool.Pool, to *place, o *Opts, wait time.Duration) (*core, error) {
	v, err := o.via(to)
	if err != nil {
		return nil, err
	}
	key := keyOf(to, v, o)
	for {
		c, err := p.Checkout(ctx, key, wait)
		if err != nil {
			return nil, err
		}
		borrowed, err := borrow(ctx, c, to, v, o)
		if err != nil {
			return nil, err
		}
		secure, ok := borrowed.conn.(*tls.Conn)
		if !ok || !borrowed.rested || borrowed.quiet(secure, true) { // the pool has looked at the socket
			return borrowed, nil
		}
		borrowed.close()
	}
}

// borrow makes a connection of what a pool gave.
func borrow(ctx context.Context, c *pool.Conn, to *place, v *via, o *Opts) (*core, error) {
	if c, ok := c.TakeOwner().(*core); ok {
		return c, nil
	}
	opened := false
	defer func() { // a dial function of the caller's may panic
		if !opened {
			c.Discard()
		}
	}()
	made, err := made(ctx, c, sharedOrigin(c, to), v, o)
	if err != nil {
		return nil, err
	}
	opened = true
	made.pooled = c
	return made, nil
}

// made is a new connection for a place in a pool: one that somebody else has put there
// without its owner, or one that is dialed.
func made(ctx context.Context, c *pool.Conn, to *origin, v *via, o *Opts) (*core, error) {
	if conn := c.Socket(); conn != nil {
		return newCore(conn, &link{origin: to, via: v}, o.Tap), nil
	}
	made, err := dial(ctx, to, v, o)
	if err == nil {
		c.Opened(made.conn)
	}
	return made, err
}

// sharedOrigin is that of all connections of one key, which differ in the case of
// the host at most, but for those to a proxy that requests are handed to.
func sharedOrigin(c *pool.Conn, to *place) *origin {
	if shared, ok := c.Shared().(*origin); ok && shared.same(*to) {
		return shared
	}
	own := to.origin()
	c.SetShared(own)
	return own
}

// leadTo makes the connection lead to a place, as the caller spells it: a pool does not
// mind the case of its host, nor, where requests are handed to a proxy, which one it is.
func (c *core) leadTo(to *place) {
	if c.link.place == *to {
		return
	}
	l := *c.link
	l.origin = to.origin()
	c.link = &l
	if c.tap != nil {
		c.tap.link = &l
	}
}

// Close closes an idle connection, for the pool.
func (c *core) Close() error { return c.close() }

// Undisturbed says, for the pool, whether what waits on an idle connection is no
// answer to a question that nobody asked.
func (c *core) Undisturbed() bool {
	secure, ok := c.conn.(*tls.Conn)
	return ok && c.quiet(secure, false)
}

// checkIn gives the connection back to its pool.
func (a *operation) checkIn() {
	if a.h.brim && !a.h.undisturbed(false) {
		closed := a.h.shutDown()
		a.retire()
		if a.h, a.cs.kept = nil, NotClean; closed {
			a.cs.kept = NotKeptOnClose
		}
		return
	}
	if c := a.part(); c != nil {
		a.cs.kept = c.checkIn()
	}
}

// part takes the connection from its handle, which goes on to its next lease: states
// of this one cannot touch either any more. Where Close came first, it is closed
// instead, and the core nil.
func (a *operation) part() *core {
	h := a.h
	claimed, free := a.cs.turn.claimedBy(a.op), a.cs.turn.nextLease(a.op)
	h.anchor.unregister()
	if !h.word.CompareAndSwap(uint64(claimed), uint64(free)) {
		a.retire()
		a.h, a.cs.kept = nil, NotKeptOnClose
		return nil
	}
	a.h = nil
	a.cs.handle, a.cs.connection = nil, Closed
	return h.leave()
}

// checkIn gives an idle connection, which nobody holds, back to its pool. Where that
// does not take it, it is closed.
func (c *core) checkIn() Kept {
	c.rested = true
	c.pooled.SetOwner(c)
	if kept, why := c.pooled.Return(); !kept {
		c.close()
		return keptOf(why)
	}
	return KeptInPool
}

// Pool is the pool that the client gets its connections from, nil for none
// (hackney:pool/1).
func (cs ClientState) Pool() *pool.Pool { return poolOf(cs.opts.orDefault()) }
