package pool

import (
	"crypto/tls"
	"time"

	"github.com/hackney-go/hackney/transport"
)

// While anything is idle, a timer has the pool swept: what was idle for too long
// or is too old goes, and an eighth of the rest is looked at each time. A round
// through all takes at most eight sweeps. What comes back right behind the start of one
// round is looked at in the next at the latest, which is in 1.6 s.
const (
	sweepEvery = 100 * time.Millisecond
	sweepParts = 8
)

// A sweep goes through the list of all that are idle. It is the pool's lock that
// guards it, but for batch, which belongs to the sweep under way.
type sweep struct {
	timer   *time.Timer
	running bool // the timer is set, or a sweep is under way
	next    *Conn
	left    int // of the round
	part    int // for one sweep
	batch   []glance
}

// A glance is a look at one connection of the batch.
type glance struct {
	c    *Conn
	uses uint32 // if they are other ones, somebody had it meanwhile
	seen transport.Liveness
	asks undisturbed // to be asked, and what it said
	fine bool
}

// startSweep sets the timer. It must not keep the pool alive. The lock is held.
func (p *Pool) startSweep() {
	if p.sweep.running {
		return
	}
	p.sweep.running = true
	if p.sweep.timer != nil {
		p.sweep.timer.Reset(sweepEvery)
		return
	}
	self := p.self
	p.sweep.timer = time.AfterFunc(sweepEvery, func() {
		if p := self.Value(); p != nil {
			p.sweepOnce()
		}
	})
}

// sweepOnce is one sweep. All looks and questions are outside the lock.
func (p *Pool) sweepOnce() {
	var gone graveyard
	p.mu.Lock()
	p.gather(&gone)
	p.mu.Unlock()
	gone.closeAside()

	gone = graveyard{}
	for i := range p.sweep.batch {
		p.sweep.batch[i].seen = p.see(p.sweep.batch[i].c)
	}
	p.mu.Lock()
	asking := p.judge(&gone)
	p.mu.Unlock()
	gone.closeAside()

	gone = graveyard{}
	if asking {
		for i := range p.sweep.batch {
			if g := &p.sweep.batch[i]; g.asks != nil {
				g.fine = g.asks.Undisturbed()
			}
		}
	}
	p.mu.Lock()
	p.settle(&gone)
	p.endSweep()
	p.mu.Unlock()
	gone.closeAside()
	if p.swept != nil {
		p.swept()
	}
}

// gather evicts what is stale, and puts the next part of the rest into the batch.
// A round ends after as many as there were when it began: those that come back
// meanwhile, at the end of the list, must not keep it from the others.
func (p *Pool) gather(gone *graveyard) {
	now := p.now()
	p.evictExpired(now, gone)
	s := &p.sweep
	if s.next == nil || s.left == 0 {
		s.next, s.left = p.idle.oldest, p.idle.n
		s.part = (s.left + sweepParts - 1) / sweepParts
	}
	for n := s.part; n > 0 && s.left > 0 && s.next != nil; n-- {
		c := s.next
		s.next = c.links[inPool].next
		s.left--
		if why := p.stale(c, now); why != Kept {
			p.evict(c, why, gone)
			p.forget(c.host)
			continue
		}
		s.batch = append(s.batch, glance{c: c, uses: c.uses})
	}
}

// judge evicts what is no good and still idle. asking says that owners are to be asked.
func (p *Pool) judge(gone *graveyard) (asking bool) {
	for i := range p.sweep.batch {
		g := &p.sweep.batch[i]
		if g.c.state != idle || g.c.uses != g.uses {
			continue
		}
		why := Kept
		switch g.seen {
		case transport.Closed:
			why = PeerClosed
		case transport.Readable:
			why = Disturbed
			if _, ok := g.c.socket.(*tls.Conn); ok {
				g.asks, _ = g.c.owner.(undisturbed)
			}
		}
		if g.asks != nil { // it stays at its place, but nobody gets it
			g.c.state = asked
			asking = true
		} else if why != Kept {
			p.evict(g.c, why, gone)
			p.forget(g.c.host)
		}
	}
	return asking
}

// settle does what the owners said.
func (p *Pool) settle(gone *graveyard) {
	for i := range p.sweep.batch {
		g := &p.sweep.batch[i]
		switch {
		case g.asks == nil:
		case g.c.state == doomed:
			g.c.state = free
			gone.add(g.c)
		default:
			g.c.state = idle
			if !g.fine {
				p.evict(g.c, Disturbed, gone)
			}
			p.tidy(g.c.host, gone)
		}
	}
}

// endSweep sets the timer again if there is something to look at.
func (p *Pool) endSweep() {
	s := &p.sweep
	clear(s.batch)
	s.batch = s.batch[:0]
	if p.idle.n > 0 {
		s.timer.Reset(sweepEvery)
		return
	}
	s.running, s.batch = false, nil
}

// see looks at a connection.
func (p *Pool) see(c *Conn) transport.Liveness {
	if p.look != nil {
		return p.look(c)
	}
	return transport.Probe(c.socket)
}
