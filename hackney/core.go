package hackney

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"

	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/transport"
)

// core is a connection. It outlives handles, and is what a pool keeps of an idle one.
type core struct {
	conn   net.Conn
	link   *link
	tap    *tap
	pooled *pool.Conn // its place in a pool, nil for none

	flags                     atomic.Uint32 // closedFlag, tornFlag
	carried                   bool          // it has carried a whole exchange
	rested                    bool          // it was idle in a pool
	readLimited, writeLimited bool          // a deadline is set on the socket
}

const (
	closedFlag uint32 = 1 << iota // the socket is closed
	tornFlag                      // a write broke off
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
	err := c.conn.Close()
	if _, secure := c.conn.(*tls.Conn); secure {
		return nil // it is closed; what failed was the goodbye to a peer that has gone
	}
	return err
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
