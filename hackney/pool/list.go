package pool

// An idle connection is in two lists: that of its pool and that of its host. Both
// are in the order in which the connections came back.
const (
	inPool = iota
	inHost
)

type link struct{ prev, next *Conn } // the next older and newer one

// A list links connections through links[in], in being always the same for it.
type list struct {
	oldest, newest *Conn
	n              int
}

// insert puts c behind those that were idle before it.
func (l *list) insert(c *Conn, in int) {
	before := l.newest
	for before != nil && before.idleSince > c.idleSince { // put back, or overtaken at the lock
		before = before.links[in].prev
	}
	after := &l.oldest
	if before != nil {
		after = &before.links[in].next
	}
	c.links[in] = link{before, *after}
	if *after != nil {
		(*after).links[in].prev = c
	} else {
		l.newest = c
	}
	*after = c
	l.n++
}

func (l *list) remove(c *Conn, in int) {
	at := c.links[in]
	if at.prev != nil {
		at.prev.links[in].next = at.next
	} else {
		l.oldest = at.next
	}
	if at.next != nil {
		at.next.links[in].prev = at.prev
	} else {
		l.newest = at.prev
	}
	c.links[in] = link{}
	l.n--
}

// A graveyard gathers connections that are to be closed once the lock is free.
type graveyard struct{ first *Conn }

func (g *graveyard) add(c *Conn) {
	c.links[inPool].next = g.first
	g.first = c
}

// close closes them, on the caller's time.
func (g *graveyard) close() { closeAll(g.first) }

// closeAside closes them on nobody's time: whoever asks for a connection, and the
// sweep, must not be held up by the close of another one.
func (g *graveyard) closeAside() {
	if g.first != nil {
		go closeAll(g.first)
	}
}

func closeAll(c *Conn) {
	for c != nil {
		next, owner := c.links[inPool].next, c.owner
		c.links[inPool].next, c.owner = nil, nil
		if owner != nil {
			owner.Close()
		} else {
			c.socket.Close()
		}
		c = next
	}
}
