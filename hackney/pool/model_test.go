package pool

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hackney-go/hackney/transport"
)

// The model of a pool is as simple as it can be: slices, and a clock that only ever
// stands at whole seconds, while all times that run out do so at half ones. So
// nothing depends on what comes first within a moment. Each checkout of the real
// pool is a goroutine that stands still by the time it is compared.
type model struct {
	t     *rapid.T
	p     *Pool
	hosts [2]*modelHost
	want  Counts
	steps *int
	ids   int
	turn  int

	maxIdle, maxIdlePerHost, maxPerHost, maxWaiting, maxDials int
	idleTimeout, maxAge                                       time.Duration
	over                                                      error
}

type modelHost struct {
	key     Key
	out     []*Conn // in use
	dialing []*Conn
	idle    []modelIdle // the oldest first
	waiting []modelWaiter
}

type modelIdle struct {
	turn          int // in which they came back
	socket        *socket
	opened, since time.Time
	died          time.Time // zero: it is alive
	seen          transport.Liveness
}

type modelWaiter struct {
	call *call
	end  time.Time
}

var modelKeys = [2]Key{keyA, {Transport: transport.TCP, Host: "a.example", Port: 80, Insecure: true}}

func TestModel(t *testing.T) {
	steps := 0
	synctest.Test(t, func(t *testing.T) {
		for range 20 {
			rapid.Check(noDeadline{t}, func(r *rapid.T) { modelRun(r, &steps) })
		}
	})
	t.Logf("%d steps", steps)
}

func modelRun(r *rapid.T, steps *int) {
	m := newModel(r, steps)
	defer synctest.Wait()
	defer m.p.Close() // ends those who wait, should it fail
	actions := map[string]func(*rapid.T){
		"":         m.compare,
		"checkout": m.checkout, "checkout again": m.checkout, "return": m.giveBack, "return again": m.giveBack,
		"open": m.open, "open again": m.open, "dial fails": m.fail, "discard": m.discard, "discard again": m.discard,
		"give up": m.giveUp, "peer": m.peer, "check in": m.checkIn, "take idle": m.takeIdle,
		"limit": m.limit, "wait": m.wait, "end": m.end,
	}
	r.Repeat(actions)
	m.close(r)
}

// noDeadline hides from rapid the deadline of a test, which is not to be had in a bubble.
type noDeadline struct{ *testing.T }

func newModel(t *rapid.T, steps *int) *model {
	m := &model{
		t: t, steps: steps, p: looking(New(Opts{MaxIdle: 4, MaxPerHost: 3, MaxDials: 2, MaxWaiting: 3, IdleTimeout: 5500 * time.Millisecond, MaxAge: 20500 * time.Millisecond})),
		maxIdle: 4, maxIdlePerHost: 1 << 30, maxPerHost: 3, maxDials: 2, maxWaiting: 3, idleTimeout: 5500 * time.Millisecond, maxAge: 20500 * time.Millisecond,
	}
	for i := range m.hosts {
		m.hosts[i] = &modelHost{key: modelKeys[i]}
	}
	return m
}

func (m *model) host(r *rapid.T) *modelHost { return m.hosts[rapid.IntRange(0, 1).Draw(r, "host")] }

func pick[T any](r *rapid.T, from []T) (i int) {
	if len(from) == 0 {
		r.Skip()
	}
	return rapid.IntRange(0, len(from)-1).Draw(r, "which")
}

func (m *model) allIdle() (n int) {
	for _, h := range m.hosts {
		n += len(h.idle)
	}
	return n
}

// grab is what one gets that nobody is in front of: found is false for nothing.
func (m *model) grab(h *modelHost) (s *socket, dial, found bool) {
	if len(h.out)+len(h.dialing) >= m.maxPerHost {
		return nil, false, false
	}
	for len(h.idle) > 0 {
		last := h.idle[len(h.idle)-1]
		h.idle = h.idle[:len(h.idle)-1]
		if last.died.IsZero() || time.Since(last.since) < hot {
			m.want.Reused++
			return last.socket, false, true
		}
		m.evicted(last)
	}
	return nil, true, len(h.dialing) < m.maxDials
}

// evicted counts a dead one.
func (m *model) evicted(i modelIdle) {
	if i.seen == transport.Closed {
		m.want.Evicted.PeerClosed++
	} else {
		m.want.Evicted.Disturbed++
	}
}

// serve gives to those who wait what they can get. The pool tells all of them
// before any has looked at what it got; the one who got a dead connection (the
// model makes one of a host at a time) then takes what is left, or waits in front.
func (m *model) serve(h *modelHost) {
	var unlucky *modelWaiter
	var gotten []func()
	permits := 0
	for len(h.waiting) > 0 && len(h.out)+len(h.dialing)+len(gotten) < m.maxPerHost {
		w := h.waiting[0]
		if n := len(h.idle); n > 0 {
			last := h.idle[n-1]
			h.idle = h.idle[:n-1]
			if !last.died.IsZero() && time.Since(last.since) >= hot {
				m.evicted(last)
				unlucky = &w
				gotten = append(gotten, func() {})
			} else {
				m.want.Reused++
				gotten = append(gotten, func() { m.settle(h, w.call, last.socket, false) })
			}
		} else if len(h.dialing)+permits < m.maxDials {
			permits++
			gotten = append(gotten, func() { m.settle(h, w.call, nil, true) })
		} else {
			break
		}
		h.waiting = h.waiting[1:]
	}
	for _, settle := range gotten {
		settle()
	}
	if unlucky == nil {
		return
	}
	if s, dial, found := m.grab(h); found {
		m.settle(h, unlucky.call, s, dial)
	} else {
		h.waiting = slices.Insert(h.waiting, 0, *unlucky)
	}
}

// settle waits until the call has what the model says, and notes who has it.
func (m *model) settle(h *modelHost, c *call, s *socket, dial bool) {
	synctest.Wait()
	if !c.done.Load() || c.err != nil {
		m.t.Fatalf("a call: done %v, error %v; want a connection", c.done.Load(), c.err)
	}
	if got, _ := c.conn.Socket().(*socket); got != s || (got == nil) != dial {
		m.t.Fatalf("a call has socket %v, want %v", got, s)
	}
	if dial {
		h.dialing = append(h.dialing, c.conn)
	} else {
		h.out = append(h.out, c.conn)
	}
}

func (m *model) failed(c *call, want error) {
	synctest.Wait()
	if !c.done.Load() {
		m.t.Fatalf("a call waits, want %v", want)
	}
	var e *Error
	if !errors.As(c.err, &e) || !errors.Is(c.err, want) {
		m.t.Fatalf("a call fails with %v, want %v", c.err, want)
	}
}

// opened is when a connection was; the model need not know it better than the pool.
// offer is what becomes of a connection that came back.
func (m *model) offer(h *modelHost, s *socket, opened time.Time) Reason {
	e := &m.want.Evicted
	switch {
	case m.over == ErrClosed:
		e.Closed++
		return Closed
	case m.over != nil:
		e.Drained++
		return Drained
	case time.Since(opened) >= m.maxAge:
		e.Aged++
		return Aged
	case len(h.waiting) > 0 && len(h.out)+len(h.dialing) < m.maxPerHost:
		w := h.waiting[0].call
		h.waiting = h.waiting[1:]
		m.want.Reused++
		m.want.HandedOver++
		m.settle(h, w, s, false)
		return Kept
	case len(h.idle) >= m.maxIdlePerHost:
		e.Full++
		return Full
	}
	m.turn++
	h.idle = append(h.idle, modelIdle{turn: m.turn, socket: s, opened: opened, since: time.Now()})
	m.evictBeyond()
	s.seen.Store(uint32(transport.Idle))
	return Kept
}

func (m *model) evictBeyond() {
	for m.allIdle() > m.maxIdle {
		var oldest *modelHost
		for _, h := range m.hosts {
			if len(h.idle) > 0 && (oldest == nil || h.idle[0].turn < oldest.idle[0].turn) {
				oldest = h
			}
		}
		oldest.idle = oldest.idle[1:]
		m.want.Evicted.Full++
	}
}

// peer closes an idle connection, or sends something on it.
// expire takes out what is too old.
func (m *model) expire() {
	for _, h := range m.hosts {
		h.idle = slices.DeleteFunc(h.idle, func(i modelIdle) bool {
			switch {
			case time.Since(i.since) >= m.idleTimeout:
				m.want.Evicted.Expired++
			case time.Since(i.opened) >= m.maxAge:
				m.want.Evicted.Aged++
			default:
				return false
			}
			return true
		})
	}
}

// wait lets time pass. Two seconds are enough for every sweep to be through.
// tooOld says whether a dead one may have gone for its age before it was seen.
// either is what the model wants, or what the pool says if they differ in nothing
// but the reason of those that died and grew too old in the same time.
// end closes or drains the pool, rarely: little can be seen afterwards.
// compare is made after every step.
func (m *model) compare(r *rapid.T) {
	*m.steps++
	synctest.Wait()
	s := m.p.Stats()
	want := m.want
	hosts := 0
	for _, h := range m.hosts {
		n := Counts{InUse: len(h.out), Dialing: len(h.dialing), Idle: len(h.idle), Waiting: len(h.waiting)}
		want.InUse += n.InUse
		want.Dialing += n.Dialing
		want.Idle += n.Idle
		want.Waiting += n.Waiting
		if n == (Counts{}) {
			continue
		}
		hosts++
		i := slices.IndexFunc(s.Hosts, func(got HostStats) bool { return got.Key == h.key })
		if i < 0 {
			r.Fatalf("no numbers of %v, want %+v", h.key.Insecure, n)
		}
		if got := s.Hosts[i].Counts; got.InUse != n.InUse || got.Dialing != n.Dialing || got.Idle != n.Idle || got.Waiting != n.Waiting {
			r.Fatalf("numbers are %+v, want %+v", got, n)
		}
		m.compareIdle(r, h)
	}
	want.Waited = s.Waited // wait_test.go holds it
	if diff := cmp.Diff(want, s.Counts); diff != "" || len(s.Hosts) != hosts {
		r.Fatalf("%d hosts, want %d; numbers (-want +got):\n%s", len(s.Hosts), hosts, diff)
	}
}

// compareIdle holds the order, and that what is idle is open.
func (m *model) compareIdle(r *rapid.T, h *modelHost) {
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	var got, want []string
	if real := m.p.hosts[h.key]; real != nil {
		for c := real.idle.oldest; c != nil; c = c.links[inHost].next {
			s := c.socket.(*socket)
			got = append(got, fmt.Sprint(s.id, s.closed.Load()))
		}
	}
	for _, i := range h.idle {
		want = append(want, fmt.Sprint(i.socket.id, 0))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.Fatalf("idle, the oldest first (-want +got):\n%s", diff)
	}
}

// close ends the run: everything is given back, and nothing may be left.
func (m *model) close(r *rapid.T) {
	m.finish(ErrClosed)
	for _, h := range m.hosts {
		for _, c := range h.out {
			c.Return()
			m.want.Evicted.Closed++
		}
		for _, c := range h.dialing {
			c.Discard()
			m.want.Failed++
		}
		h.out, h.dialing = nil, nil
	}
	m.compare(r)
}
