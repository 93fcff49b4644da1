package pool

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/transport"
)

// A crowd are goroutines that do at random what may be done with one pool.
type crowd struct {
	p    *Pool
	keys []Key
	out  [3]atomic.Int64 // who holds a connection of each key
	most atomic.Int64
}

// TestCrowd has 64 goroutines use one pool. At the end nothing may be out, idle or
// waiting, all that was opened is accounted for, and closed once.
func TestCrowd(t *testing.T) {
	const limit = 5
	x := &crowd{p: looking(New(Opts{MaxIdle: 8, MaxIdlePerHost: 4, MaxPerHost: limit, MaxDials: 3, MaxWaiting: 40, IdleTimeout: 30 * time.Millisecond}))}
	x.p.sweep.timer = time.AfterFunc(time.Hour, func() {}) // sweeps nothing
	defer x.p.sweep.timer.Stop()
	x.keys = []Key{keyA, keyB, {Transport: transport.Unix("/s"), Host: "C"}}
	var mu sync.Mutex
	var all []*socket
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			var mine []*socket
			for range 2000 {
				mine = x.act(t, r, mine)
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	sweeping(x.p, wg.Wait)
	x.p.Close()
	s := x.p.Stats()
	if s.InUse|s.Dialing|s.Idle|s.Waiting != 0 || len(s.Hosts) != 0 {
		t.Errorf("something is left: %+v", s)
	}
	if s.Opened+s.CheckedIn != s.Discarded+s.Evicted.Total() {
		t.Errorf("connections were lost: %+v", s.Counts)
	}
	if most := x.most.Load(); most > limit {
		t.Errorf("%d of one key were out at a time, want at most %d", most, limit)
	}
	awaitClosed(t, all)
	t.Logf("%+v", s.Counts)
}

// sweeping sweeps without a pause while f runs, in place of the timer.
func sweeping(p *Pool, f func()) {
	done := make(chan bool)
	go func() {
		f()
		close(done)
	}()
	for {
		select {
		case <-done:
			return
		default:
			p.sweepOnce()
		}
	}
}

// awaitClosed waits until each of all is closed. Some are closed aside.
func awaitClosed(t *testing.T, all []*socket) {
	for _, s := range all {
		for s.closed.Load() == 0 {
			runtime.Gosched()
		}
		if n := s.closed.Load(); n != 1 {
			t.Errorf("a socket was closed %d times", n)
		}
	}
}

// act does one thing, and appends the socket that it made, if any.
func (x *crowd) act(t *testing.T, r *rand.Rand, mine []*socket) []*socket {
	which := r.IntN(len(x.keys))
	key := x.keys[which]
	switch r.IntN(30) {
	case 0:
		s := &socket{}
		if !x.p.Checkin(key, s) {
			s.Close()
		}
		return append(mine, s)
	case 1:
		x.p.Stats()
		return mine
	case 2:
		x.p.SetMax(5 + r.IntN(5))
		return mine
	case 3:
		x.p.SetMaxDials(1 + r.IntN(3))
		return mine
	}
	c, made := x.borrow(t, r, key)
	if made != nil {
		mine = append(mine, made)
	}
	if c != nil {
		x.hold(which)
		x.finish(r, c, which)
	}
	return mine
}

// borrow checks out and dials, or fails to.
func (x *crowd) borrow(t *testing.T, r *rand.Rand, key Key) (*Conn, *socket) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	switch r.IntN(6) {
	case 0:
		go cancel()
	case 1:
		if c, ok := x.p.Idle(key); ok {
			return c, nil
		}
	}
	c, err := x.p.Checkout(ctx, key, time.Duration(1+r.IntN(2000))*time.Microsecond)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%v", err)
		}
		return nil, nil
	}
	if c.Socket() != nil {
		return c, nil
	}
	if r.IntN(4) == 0 {
		c.Discard()
		return nil, nil
	}
	s := &socket{}
	c.Opened(s)
	return c, s
}

// hold notes how many are out of one key.
func (x *crowd) hold(which int) {
	n := x.out[which].Add(1)
	for most := x.most.Load(); n > most && !x.most.CompareAndSwap(most, n); most = x.most.Load() {
		continue
	}
	if n%2 == 0 {
		runtime.Gosched()
	}
}

// finish ends the checkout, by a road taken at random, and closes what is not kept.
func (x *crowd) finish(r *rand.Rand, c *Conn, which int) {
	x.out[which].Add(-1)
	s := c.Socket().(*socket)
	switch r.IntN(12) {
	case 0, 1:
		c.Discard()
	default:
		if r.IntN(8) == 0 {
			s.seen.Store(uint32(transport.Closed))
		}
		if kept, _ := c.Return(); kept {
			return
		}
	}
	s.Close()
}

// TestGiveUpAtOnce lets real goroutines meet: one returns while the other gives up.
// Whoever wins, the connection must be there for the next one.
func TestGiveUpAtOnce(t *testing.T) {
	p := New(Opts{MaxPerHost: 1})
	defer p.Close()
	var gave, took int
	for i := range 5000 {
		c := take(t, p, keyA)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		var got *Conn
		wg.Go(func() { got, _ = p.Checkout(ctx, keyA, Infinite) })
		for p.Stats().Waiting == 0 {
			runtime.Gosched()
		}
		wg.Go(cancel)
		if i%2 == 0 {
			runtime.Gosched()
		}
		give(t, c, Kept)
		wg.Wait()
		if took++; got == nil {
			gave, took = gave+1, took-1
			got = take(t, p, keyA)
		}
		if got.Socket() != c.Socket() {
			t.Fatalf("round %d: the connection was stranded: %+v", i, p.Stats())
		}
		give(t, got, Kept)
	}
	want := Counts{Idle: 1, Opened: 1}
	got := p.Stats().Counts
	got.Waited, got.Waits, got.Reused, got.HandedOver, got.GaveUp = 0, 0, 0, 0, 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	t.Logf("%d gave up, %d took it", gave, took)
}
