package pool

import (
	"context"
	"runtime"
	"testing"
	"unsafe"
	"weak"
)

// TestAllocs holds that a hot connection is taken and given back without garbage,
// and what is kept for an idle one.
func TestAllocs(t *testing.T) {
	p := New(Opts{MaxPerHost: 1})
	defer p.Close()
	o := &owner{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := testing.AllocsPerRun(1000, func() {
		c, err := p.Checkout(ctx, keyA, 0)
		if err != nil {
			t.Fatal(err)
		}
		if c.Socket() == nil {
			c.Opened(&socket{})
		}
		c.TakeOwner()
		c.SetOwner(o)
		if kept, _ := c.Return(); !kept {
			t.Fatal("not kept")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
	if c := unsafe.Sizeof(Conn{}); c > 96 {
		t.Errorf("a Conn is %d bytes, want 96 at most", c)
	}
}

// TestNoGoroutines holds that idle connections have none, and waiters no more
// than their own.
func TestNoGoroutines(t *testing.T) {
	p := looking(New(Opts{MaxIdle: Unlimited}))
	swept := make(chan bool)
	p.swept = func() { swept <- true }
	before := runtime.NumGoroutine()
	fill(t, p, keyA, 2000)
	if n := runtime.NumGoroutine(); n > before+100 {
		t.Errorf("%d goroutines more for 2,000 idle connections", n-before)
	}
	<-swept
	p.Close()
	<-swept // it does not run any more
}

// collected runs the collector until gone says so. Clean-ups run some time after it.
func collected(t *testing.T, gone func() bool) {
	t.Helper()
	for range 10_000 {
		if gone() {
			return
		}
		runtime.GC()
	}
	t.Fatal("it is still there")
}

// TestPoolCollected drops a pool with idle connections: it goes, though its sweep
// is running, and so do they.
func TestPoolCollected(t *testing.T) {
	pool, conn := func() (weak.Pointer[Pool], weak.Pointer[socket]) {
		p := looking(New(Opts{}))
		s := fill(t, p, keyA, 3)[0]
		if c, ok := p.Idle(keyA); !ok || c.Socket() == s {
			t.Fatal("that is to stay in the pool")
		}
		return weak.Make(p), weak.Make(s)
	}()
	collected(t, func() bool { return pool.Value() == nil && conn.Value() == nil })
}

// TestSlotGivenBack loses a Conn that is checked out. The clean-up of what it was
// kept with gives the slot to the one who waits.
func TestSlotGivenBack(t *testing.T) {
	p := New(Opts{MaxPerHost: 1})
	defer p.Close()
	type handle struct{ c *Conn }
	func() {
		h := &handle{take(t, p, keyA)}
		runtime.AddCleanup(h, (*Conn).Discard, h.c)
		runtime.KeepAlive(h)
	}()
	done := make(chan *Conn)
	go func() {
		c, err := p.Checkout(context.Background(), keyA, Infinite)
		if err != nil {
			t.Error(err)
		}
		done <- c
	}()
	var c *Conn
	collected(t, func() bool {
		select {
		case c = <-done:
			return true
		default:
			return false
		}
	})
	if s := p.Stats(); c.Socket() != nil || s.Dialing != 1 || s.Discarded != 1 {
		t.Errorf("socket %v, %+v", c.Socket(), s.Counts)
	}
	c.Discard()
}

// TestIdleLost loses a Conn that Idle gave, which needs no clean-up of the caller.
func TestIdleLost(t *testing.T) {
	p := New(Opts{})
	defer p.Close()
	fill(t, p, keyA, 1)
	if _, ok := p.Idle(keyA); !ok {
		t.Fatal("nothing is idle")
	}
	collected(t, func() bool { return p.Stats().InUse == 0 })
}

// TestOwnerNotHeld holds that a Conn that is checked out does not reach its owner:
// one that nobody else has is collected.
func TestOwnerNotHeld(t *testing.T) {
	p := New(Opts{})
	defer p.Close()
	c := take(t, p, keyA)
	gone := func() weak.Pointer[owner] {
		o := new(owner)
		c.SetOwner(o)
		give(t, c, Kept)
		c = take(t, p, keyA)
		c.TakeOwner()
		return weak.Make(o)
	}()
	collected(t, func() bool { return gone.Value() == nil })
	c.Discard()
}

// TestIdentityHolds holds that what an Identity stands for is not collected.
func TestIdentityHolds(t *testing.T) {
	id, kept, lost := func() (Identity, weak.Pointer[[64]byte], weak.Pointer[[64]byte]) {
		in, out := new([64]byte), new([64]byte)
		return IdentityOf(func() byte { return in[0] }), weak.Make(in), weak.Make(out)
	}()
	collected(t, func() bool { return lost.Value() == nil })
	if kept.Value() == nil {
		t.Error("the function has gone")
	}
	runtime.KeepAlive(id)
}
