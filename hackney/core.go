package hackney

import (
	"context"
	"crypto/tls"
	"net"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/transport"
)

// core is a connection: the socket, and the word that cancellation turns on. It
// outlives handles. Callbacks and cleanups hold the core, never the handle, so that a
// forgotten state can be collected.
type core struct {
	conn   net.Conn
	link   *link
	tap    *tap
	pooled *pool.Conn // its place in a pool, nil for none

	flags                     atomic.Uint32 // closedFlag, tornFlag
	armed                     bool          // between arm and disarm
	carried                   bool          // it has carried a whole exchange
	rested                    bool          // it was idle in a pool
	readLimited, writeLimited bool          // a deadline is set on the socket

	// cancel is seq, with one of the states below in its two lowest bits; seq alone
	// is idle. A callback that comes late finds another seq and does nothing.
	cancel atomic.Uint64

	// The registration at a context, kept while the caller passes contexts with
	// the same Done channel. Only the holder of the turn touches it.
	done <-chan struct{}
	stop func() bool
}

const (
	closedFlag uint32 = 1 << iota // the socket is closed
	tornFlag                      // a write broke off
)

const (
	_            uint64 = iota // idle: no operation is blocked
	cancelArmed                // one may be
	cancelFiring               // a callback is about to interrupt it
	cancelFired                // the context is over
	cancelMask   = 3
)

// quiet says whether nothing but session tickets waits on an idle connection. A look
// at the socket would not do: TLS may have read ahead of us.
func (c *core) quiet(secure *tls.Conn, hot bool) bool {
	if hot && !transport.ReadAhead(secure) {
		return true
	}
	if quiet, ok := transport.Quiet(secure); ok {
		return quiet
	}
	return hot || transport.Probe(secure) != transport.Closed && c.nothingRead()
}

// nothingRead is quiet for a socket of the caller's own: reading gives no byte and no
// end. A limit that is over keeps it off the socket.
func (c *core) nothingRead() bool {
	var one [1]byte
	if c.conn.SetReadDeadline(time.Unix(1, 0)) != nil {
		return true // a connection without deadlines cannot be looked at
	}
	n, err := c.conn.Read(one[:])
	c.conn.SetReadDeadline(time.Time{})
	return n == 0 && err != nil && isTimeout(err)
}

// close closes the socket, once.
func (c *core) close() error {
	if c.flags.Load()&tornFlag != 0 { // the peer may not be reading
		c.abort()
		return nil
	}
	if c.flags.Or(closedFlag)&closedFlag != 0 {
		return nil
	}
	defer c.ended()
	return c.conn.Close()
}

// ended is behind every end of a connection: it gives its place in the pool back.
func (c *core) ended() {
	if c.pooled != nil {
		c.pooled.Discard()
	}
	c.tap.event(TapClosed, nil, nil)
}

// abort is close without the close_notify of TLS, whose write may block for 5 s.
func (c *core) abort() {
	if c.flags.Or(closedFlag)&closedFlag != 0 {
		return
	}
	defer c.ended()
	transport.Socket(c.conn).Close()
}

// arm makes the end of ctx interrupt the socket until disarm. It is called right
// before a read or write that may block. It is false when ctx is over already.
func (c *core) arm(ctx context.Context) bool {
	done := ctx.Done()
	if done == nil {
		return true
	}
	if done != c.done {
		c.register(ctx, done)
	}
	seq := c.cancel.Load() &^ cancelMask
	if !c.cancel.CompareAndSwap(seq, seq|cancelArmed) {
		c.unregister()
		return false
	}
	c.armed = true
	if ctx.Err() != nil {
		c.disarm()
		return false
	}
	return true
}

// disarm ends what arm began, and says whether the context has interrupted the
// socket. Then the deadlines it did that with are gone again.
func (c *core) disarm() (interrupted bool) {
	if !c.armed {
		return false
	}
	c.armed = false
	seq := c.cancel.Load() &^ cancelMask
	if c.cancel.CompareAndSwap(seq|cancelArmed, seq) {
		return false
	}
	for c.cancel.Load()&cancelMask == cancelFiring {
		runtime.Gosched() // the callback is between two instructions of fire
	}
	c.unregister()
	c.conn.SetDeadline(time.Time{})
	return true
}

func (c *core) register(ctx context.Context, done <-chan struct{}) {
	c.unregister()
	seq := c.cancel.Load()
	c.done = done
	c.stop = context.AfterFunc(ctx, func() { c.fire(seq) })
}

// unregister drops the registration; a callback on its way finds another seq.
func (c *core) unregister() {
	next := c.cancel.Load()&^cancelMask + cancelMask + 1
	if c.stop != nil {
		c.stop()
	}
	c.done, c.stop = nil, nil
	c.cancel.Store(next) // last: whoever loads it sees the fields above
}

// fire is the callback of the context.
func (c *core) fire(seq uint64) {
	if c.cancel.CompareAndSwap(seq, seq|cancelFired) {
		return
	}
	if c.cancel.CompareAndSwap(seq|cancelArmed, seq|cancelFiring) {
		if c.conn.SetDeadline(time.Unix(1, 0)) != nil {
			c.abort() // it has no deadlines
		}
		c.cancel.Store(seq | cancelFired)
		return
	}
	// Disarmed between the two swaps: idle again, or gone.
	c.cancel.CompareAndSwap(seq, seq|cancelFired)
}
