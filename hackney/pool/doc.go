// Package pool keeps connections that are idle for their next use, and limits how
// many are in use at a time.
//
// A pool neither dials nor speaks: it says who may have which connection.
//
//	c, err := p.Checkout(ctx, key, 8*time.Second)
//	if err != nil {
//		return err // an *Error: it says who holds how many, and how long it waited
//	}
//	if c.Socket() == nil { // none was idle: the permit to dial one
//		socket, err := dial(ctx)
//		if err != nil {
//			c.Discard()
//			return err
//		}
//		c.Opened(socket)
//	}
//	… one exchange on c.Socket() …
//	if kept, _ := c.Return(); !kept { // or Discard, if it cannot carry another one
//		c.Socket().Close()
//	}
//
// # Keys
//
// Connections are shared only by those who ask with the same [Key]: transport,
// host, port, TLS settings, the caller's functions and proxy. Of those that are idle,
// the one that came back last is taken first.
//
// # Limits
//
// [Opts] says how many connections are kept and for how long, and how many of one
// key may be in use or be dialed. Whoever comes beyond that waits in a queue, first
// come, first served: for a connection that is returned, or for the permit to dial
// in place of one that was discarded. Nobody overtakes, the wait has an end, and one
// who gives up strands nothing: what was meant for it goes to the next. All limits
// may be changed at any time.
//
// # The slot
//
// A checkout takes one slot, and [Conn.Return] or [Conn.Discard] gives it back,
// whichever comes first; the other does nothing then. After that the Conn is not the
// borrower's any more: once somebody else has it, a call that comes late cannot be told
// from one of theirs. A borrower that may be forgotten has a clean-up that calls
// Discard and closes the socket; what [Pool.Idle] gave needs none.
//
// What a borrower keeps with its connection, an [Owner], moves with it: into the
// pool with SetOwner and Return, and out with TakeOwner after Checkout.
//
// # Idle connections
//
// An idle connection costs its Conn and no goroutine, buffer or timer. While any is
// idle, one timer of the pool has all of them looked at in turns: one that its peer
// has closed, or has sent something on, leaves the pool within two seconds,
// also when nobody asks for it. At checkout, one that was idle for 4 ms or more is
// looked at too. A look is a system call on Unix systems, for TCP and Unix sockets and
// for TLS over them; other connections stay until they are too old.
//
// No dial, look, question or close is made with the pool's lock held.
package pool
