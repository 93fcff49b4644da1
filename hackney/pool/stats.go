package pool

import (
	"cmp"
	"slices"
	"time"
)

// Counts are the numbers of a pool or of one key. The first four are as of now,
// the others have grown since the beginning.
//
// Opened + CheckedIn is always InUse + Idle + Discarded + Evicted.Total().
type Counts struct {
	InUse   int // checked out, with a socket
	Dialing int // checked out to be dialed
	Idle    int
	Waiting int

	Opened     uint64 // dials that succeeded
	Failed     uint64 // dials that did not
	CheckedIn  uint64 // connections that came by Checkin, kept or not
	Reused     uint64 // checkouts that got a connection that was there
	HandedOver uint64 // connections that went from their borrower right to one who waited
	Discarded  uint64 // connections that their borrowers did not return
	Evicted    Evicted

	Waits    uint64        // checkouts that had to wait
	Waited   time.Duration // by all whose wait is over, together
	TimedOut uint64        // waits that took too long
	GaveUp   uint64        // waits that their context ended
	Refused  uint64        // checkouts for which the queue had no room
}

// Evicted counts the connections that the pool did not keep, by [Reason].
type Evicted struct {
	Expired, Aged, PeerClosed, Disturbed, Full, Drained, Closed uint64
}

// Total is the sum of all.
func (e Evicted) Total() uint64 {
	return e.Expired + e.Aged + e.PeerClosed + e.Disturbed + e.Full + e.Drained + e.Closed
}

func (e *Evicted) count(why Reason) {
	switch why {
	case Expired:
		e.Expired++
	case Aged:
		e.Aged++
	case PeerClosed:
		e.PeerClosed++
	case Disturbed:
		e.Disturbed++
	case Full:
		e.Full++
	case Drained:
		e.Drained++
	case Closed:
		e.Closed++
	}
}

// A Reason says why a connection is not in the pool any more.
type Reason uint8

// The reasons.
const (
	Kept       Reason = iota // it is in the pool, or somebody who waited has it
	Expired                  // idle for longer than Opts.IdleTimeout
	Aged                     // older than Opts.MaxAge
	PeerClosed               // the peer closed it while it was idle
	Disturbed                // the peer sent something while it was idle
	Full                     // as many are idle as may be
	Drained                  // the pool is being drained
	Closed                   // the pool is closed
	NotOut                   // it was not checked out, or had no socket yet
	NotPooled                // it is from None
)

var reasons = [...]string{
	"kept", "idle for too long", "too old", "closed by the peer", "disturbed by the peer", "pool is full",
	"pool is being drained", "pool is closed", "not checked out", "not from a pool",
}

// String is the reason in words.
func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r]
	}
	return "unknown"
}

// Stats are the numbers of a pool, in total and by key.
type Stats struct {
	Counts
	Hosts []HostStats // in the order of host and port
}

// HostStats are the numbers of one key. They begin anew when nothing of the key
// was left: no connection and nobody who waits.
type HostStats struct {
	Key Key
	Counts
}

// Stats gives the numbers, all of the same moment.
func (p *Pool) Stats() Stats {
	if p.off() {
		return Stats{}
	}
	p.mu.Lock()
	s := Stats{Counts: p.total, Hosts: make([]HostStats, 0, len(p.hosts))}
	for _, h := range p.hosts {
		s.Hosts = append(s.Hosts, HostStats{*h.key, h.counts})
	}
	p.mu.Unlock()
	slices.SortFunc(s.Hosts, func(a, b HostStats) int {
		return cmp.Or(cmp.Compare(a.Key.Host, b.Key.Host), cmp.Compare(a.Key.Port, b.Key.Port),
			cmp.Compare(a.Key.Proxy, b.Key.Proxy))
	})
	return s
}

// Size is how many connections are idle.
func (p *Pool) Size() int {
	if p.off() {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.idle.n
}

// SizeOf is how many connections of key are idle.
func (p *Pool) SizeOf(key Key) int {
	if p.off() {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key = key.lowered()
	if h := p.find(&key); h != nil {
		return h.idle.n
	}
	return 0
}
