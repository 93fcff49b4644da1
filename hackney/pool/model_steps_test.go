package pool

import (
	"context"
	"slices"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/hackney-go/hackney/transport"
)

// The steps of the model: each is made with the pool and with the model.

func (m *model) checkout(r *rapid.T) {
	h := m.host(r)
	seconds := rapid.SampledFrom([]int{-1, 1, 2, 6}).Draw(r, "wait")
	limit := time.Duration(seconds)*time.Second + 500*time.Millisecond
	free := len(h.waiting) == 0
	c := ask(m.p, h.key, limit)
	if m.over != nil {
		m.failed(c, m.over)
		return
	}
	if free {
		if s, dial, found := m.grab(h); found {
			m.settle(h, c, s, dial)
			return
		}
	}
	switch {
	case limit < 0:
		m.want.TimedOut++
		m.failed(c, ErrTimeout)
	case len(h.waiting) >= m.maxWaiting:
		m.want.Refused++
		m.failed(c, ErrQueueFull)
	default:
		m.want.Waits++
		if c.done.Load() {
			m.t.Fatalf("a call has %v, %v; want it to wait", c.conn, c.err)
		}
		h.waiting = append(h.waiting, modelWaiter{c, time.Now().Add(limit)})
	}
}

func (m *model) takeIdle(r *rapid.T) {
	h := m.host(r)
	c, ok := m.p.Idle(h.key)
	var s *socket
	if m.over == nil && len(h.waiting) == 0 {
		dials := m.maxDials
		m.maxDials = 0
		s, _, _ = m.grab(h)
		m.maxDials = dials
	}
	if ok != (s != nil) || ok && c.Socket() != s {
		m.t.Fatalf("Idle gives %v, want %v", ok, s)
	}
	if ok {
		h.out = append(h.out, c)
	}
}

func (m *model) open(r *rapid.T) {
	h := m.host(r)
	i := pick(r, h.dialing)
	c := h.dialing[i]
	m.ids++
	c.Opened(&socket{id: m.ids})
	h.dialing = slices.Delete(h.dialing, i, i+1)
	h.out = append(h.out, c)
	m.want.Opened++
	m.serve(h)
}

func (m *model) fail(r *rapid.T) {
	h := m.host(r)
	i := pick(r, h.dialing)
	c := h.dialing[i]
	h.dialing = slices.Delete(h.dialing, i, i+1)
	c.Discard()
	m.want.Failed++
	m.serve(h)
}

func (m *model) discard(r *rapid.T) {
	h := m.host(r)
	i := pick(r, h.out)
	c := h.out[i]
	h.out = slices.Delete(h.out, i, i+1)
	c.Discard()
	c.Discard()
	m.want.Discarded++
	m.serve(h)
}

func opened(c *Conn) time.Time { return c.host.pool.epoch.Add(c.opened) }

func (m *model) giveBack(r *rapid.T) {
	h := m.host(r)
	i := pick(r, h.out)
	c := h.out[i]
	h.out = slices.Delete(h.out, i, i+1)
	_, why := c.Return()
	if want := m.offer(h, c.Socket().(*socket), opened(c)); why != want {
		m.t.Fatalf("Return says %v, want %v", why, want)
	}
	m.serve(h)
}

func (m *model) checkIn(r *rapid.T) {
	h := m.host(r)
	m.ids++
	s := &socket{id: m.ids}
	kept := m.p.Checkin(h.key, s)
	if m.over != nil {
		if kept {
			m.t.Fatal("a pool that is over keeps one")
		}
		return
	}
	m.want.CheckedIn++
	if want := m.offer(h, s, time.Now()) == Kept; kept != want {
		m.t.Fatalf("kept %v, want %v", kept, want)
	}
	m.serve(h)
}

func (m *model) giveUp(r *rapid.T) {
	h := m.host(r)
	i := pick(r, h.waiting)
	w := h.waiting[i]
	h.waiting = slices.Delete(h.waiting, i, i+1)
	w.call.cancel(nil)
	m.want.GaveUp++
	m.failed(w.call, context.Canceled)
}

func (m *model) peer(r *rapid.T) {
	h := m.host(r)
	i := &h.idle[pick(r, h.idle)]
	if slices.ContainsFunc(h.idle, func(i modelIdle) bool { return !i.died.IsZero() }) {
		r.Skip()
	}
	i.died = time.Now()
	i.seen = rapid.SampledFrom([]transport.Liveness{transport.Closed, transport.Readable}).Draw(r, "how")
	i.socket.seen.Store(uint32(i.seen))
}

func (m *model) limit(r *rapid.T) {
	n := rapid.IntRange(1, 4).Draw(r, "limit")
	half := time.Duration(n)*4*time.Second - 500*time.Millisecond
	switch rapid.SampledFrom([]string{"idle", "idle per host", "per host", "dials", "waiting", "timeout", "age"}).Draw(r, "of") {
	case "idle":
		m.maxIdle = n
		m.p.SetMax(n)
	case "idle per host":
		m.maxIdlePerHost = n
		m.p.SetMaxIdlePerHost(n)
	case "per host":
		m.maxPerHost = n
		m.p.SetMaxPerHost(n)
	case "dials":
		m.maxDials = n
		m.p.SetMaxDials(n)
	case "waiting":
		m.maxWaiting = n
		m.p.SetMaxWaiting(n)
	case "timeout":
		m.idleTimeout = half
		m.p.SetTimeout(half)
	case "age":
		m.maxAge = 3 * half
		m.p.SetMaxAge(3 * half)
	}
	m.expire()
	for _, h := range m.hosts {
		for len(h.idle) > m.maxIdlePerHost {
			h.idle = h.idle[1:]
			m.want.Evicted.Full++
		}
	}
	m.evictBeyond()
	for _, h := range m.hosts {
		m.serve(h)
	}
}

func (m *model) wait(r *rapid.T) {
	d := time.Duration(rapid.IntRange(2, 5).Draw(r, "seconds")) * time.Second
	time.Sleep(d)
	synctest.Wait()
	for _, h := range m.hosts {
		h.waiting = slices.DeleteFunc(h.waiting, func(w modelWaiter) bool {
			if time.Now().Before(w.end) {
				return false
			}
			m.failed(w.call, ErrTimeout)
			m.want.TimedOut++
			return true
		})
		h.idle = slices.DeleteFunc(h.idle, func(i modelIdle) bool {
			if i.died.IsZero() || m.tooOld(i) {
				return false
			}
			m.evicted(i)
			return true
		})
	}
	m.expire()
	m.want.Evicted = m.either()
}

func (m *model) tooOld(i modelIdle) bool {
	return time.Since(i.since) >= m.idleTimeout || time.Since(i.opened) >= m.maxAge
}

func (m *model) either() Evicted {
	got, want := m.p.Stats().Evicted, m.want.Evicted
	if got.Total() == want.Total() && got.Full == want.Full && got.Drained == want.Drained && got.Closed == want.Closed {
		return got
	}
	return want
}

func (m *model) end(r *rapid.T) {
	if rapid.IntRange(0, 9).Draw(r, "really") != 0 {
		r.Skip()
	}
	if rapid.Bool().Draw(r, "drain") {
		m.finish(ErrDraining)
	} else {
		m.finish(ErrClosed)
	}
}

func (m *model) finish(how error) {
	busy := 0
	for _, h := range m.hosts {
		busy += len(h.out) + len(h.dialing)
	}
	if how == ErrClosed {
		m.p.Close()
	} else {
		over, cancel := context.WithCancel(context.Background())
		cancel()
		if err := m.p.Drain(over); (err == nil) != (busy == 0) {
			m.t.Fatalf("Drain gives %v, %d are out", err, busy)
		}
	}
	turned, was := how, m.over
	if was == nil || how == ErrClosed || busy == 0 {
		m.over = how
	}
	if how == ErrDraining && busy == 0 {
		m.over = ErrClosed
	}
	if was == ErrClosed {
		m.over = ErrClosed
	}
	for _, h := range m.hosts {
		for _, w := range h.waiting {
			m.failed(w.call, turned)
		}
		if how == ErrClosed {
			m.want.Evicted.Closed += uint64(len(h.idle))
		} else {
			m.want.Evicted.Drained += uint64(len(h.idle))
		}
		h.waiting, h.idle = nil, nil
	}
}
