package pool

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/transport"
)

// goneWithin lets time pass until n are idle, and says how much it took.
func goneWithin(t *testing.T, p *Pool, n int, limit time.Duration) {
	t.Helper()
	for begin := time.Now(); p.Size() != n; time.Sleep(time.Millisecond) {
		if time.Since(begin) > limit {
			t.Fatalf("%d are idle after %v, want %d", p.Size(), limit, n)
		}
	}
	synctest.Wait()
}

func TestIdleTimeout(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Second} {
		inBubble(t, Opts{IdleTimeout: timeout}, func(t *testing.T, p *Pool) {
			all := fill(t, p, keyA, 1)
			time.Sleep(100 * time.Millisecond)
			fill(t, p, keyB, 1)
			time.Sleep(p.Timeout() - 100*time.Millisecond - time.Nanosecond)
			if p.Size() != 2 {
				t.Error("one went too early")
			}
			goneWithin(t, p, 1, 2*sweepEvery)
			if n := len(closed(t, all)); n != 1 || p.SizeOf(keyB) != 1 {
				t.Error("the other one went")
			}
			goneWithin(t, p, 0, 2*sweepEvery)
			if s := p.Stats(); s.Evicted != (Evicted{Expired: 2}) || len(s.Hosts) != 0 {
				t.Errorf("%+v", s)
			}
			time.Sleep(time.Second)
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.sweep.running || p.sweep.batch != nil {
				t.Error("an empty pool is swept")
			}
		})
	}
}

// TestBetweenSweeps holds that what is too old is not given out, swept or not.
func TestBetweenSweeps(t *testing.T) {
	for name, o := range map[string]Opts{"expired": {IdleTimeout: 50 * time.Millisecond}, "aged": {MaxAge: 50 * time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, o, func(t *testing.T, p *Pool) {
				all := fill(t, p, keyA, 3)
				time.Sleep(50 * time.Millisecond)
				if _, ok := p.Idle(keyA); ok || p.Size() != 0 {
					t.Error("Idle gives one")
				}
				synctest.Wait()
				if n := len(closed(t, all)); n != 3 || len(p.Stats().Hosts) != 0 {
					t.Errorf("%d were closed, want 3; %+v", n, p.Stats())
				}
				fill(t, p, keyA, 3)
				time.Sleep(50 * time.Millisecond)
				c := ask(p, keyA, 0)
				c.got(t, nil)
				c.conn.Discard()
			})
		})
	}
}

func TestMaxAge(t *testing.T) {
	inBubble(t, Opts{MaxAge: time.Minute, MaxPerHost: 1}, func(t *testing.T, p *Pool) {
		c := take(t, p, keyA)
		for range 59 { // it is used all the time
			time.Sleep(time.Second)
			give(t, c, Kept)
			c = take(t, p, keyA)
		}
		waits := ask(p, keyA, Infinite)
		time.Sleep(time.Second)
		give(t, c, Aged)
		waits.got(t, nil)
		waits.conn.Opened(&socket{})
		give(t, waits.conn, Kept)
		time.Sleep(59 * time.Second)
		if p.Size() != 1 {
			t.Error("it went too early")
		}
		time.Sleep(time.Second)
		goneWithin(t, p, 0, 2*time.Second)
		if s := p.Stats(); s.Evicted != (Evicted{Aged: 2}) {
			t.Errorf("%+v", s.Counts)
		}
	})
}

// TestTimeoutsLive holds that a shorter time is in force at once.
func TestTimeoutsLive(t *testing.T) {
	inBubble(t, Opts{}, func(t *testing.T, p *Pool) {
		all := fill(t, p, keyA, 1)
		time.Sleep(10 * time.Second)
		p.SetTimeout(5 * time.Second)
		if p.Size() != 0 || len(closed(t, all)) != 1 {
			t.Error("SetTimeout left one")
		}
		all = fill(t, p, keyA, 1)
		time.Sleep(4 * time.Second)
		p.SetMaxAge(4 * time.Second)
		if p.Size() != 0 || len(closed(t, all)) != 1 {
			t.Error("SetMaxAge left one")
		}
	})
}

// TestSweepFinds closes each of many in its turn, in the worst moments, and holds
// that it leaves within two seconds with nobody asking. Others come and go.
func TestSweepFinds(t *testing.T) {
	for _, n := range []int{1, 7, 10, 13, 100} {
		inBubble(t, Opts{MaxIdle: Unlimited, IdleTimeout: Infinite}, func(t *testing.T, p *Pool) {
			still := fill(t, p, keyA, n)
			for i := range n {
				fill(t, p, busyKey(i), 1)
			}
			for i, s := range still {
				time.Sleep(time.Duration(i) * 37 * time.Millisecond)
				s.seen.Store([]uint32{uint32(transport.Closed), uint32(transport.Readable)}[i%2])
				for begin := time.Now(); s.closed.Load() == 0; time.Sleep(50 * time.Millisecond) {
					if time.Since(begin) >= 2*time.Second {
						t.Fatalf("%d of %d is still idle after 2 s", i, n)
					}
					churn(t, p, n)
				}
			}
			if s := p.Stats(); s.Idle != n || s.Evicted.PeerClosed+s.Evicted.Disturbed != uint64(n) {
				t.Errorf("%+v", s.Counts)
			}
		})
	}
}

// churn has all the others come back anew, behind everything in the list.
func churn(t *testing.T, p *Pool, n int) {
	for i := range n {
		give(t, take(t, p, busyKey(i)), Kept)
	}
}

func busyKey(i int) Key { return Key{Transport: transport.TCP, Host: "busy.example", Port: i} }

// TestInUseDuringLook has a connection change hands between look and verdict.
func TestInUseDuringLook(t *testing.T) {
	inBubble(t, Opts{}, func(t *testing.T, p *Pool) {
		var looks atomic.Int32
		p.look = func(*Conn) transport.Liveness {
			if looks.Add(1) != 1 {
				return transport.Idle
			}
			give(t, take(t, p, keyA), Kept)
			return transport.Readable // an answer was under way
		}
		fill(t, p, keyA, 1)
		time.Sleep(10 * sweepEvery)
		if p.Size() != 1 || looks.Load() < 3 {
			t.Error("it was evicted for what its borrower did")
		}
	})
}

// TestEvictedDuringLook has a connection go between look and verdict.
func TestEvictedDuringLook(t *testing.T) {
	inBubble(t, Opts{}, func(t *testing.T, p *Pool) {
		p.look = func(*Conn) transport.Liveness {
			p.SetTimeout(1)
			return transport.Closed
		}
		all := fill(t, p, keyA, 1)
		time.Sleep(time.Second)
		if s := p.Stats(); s.Evicted != (Evicted{Expired: 1}) || s.Idle != 0 || len(closed(t, all)) != 1 {
			t.Errorf("%+v", s.Counts)
		}
	})
}

// overTLS is a connection of the type that may hold tickets.
func overTLS() (*tls.Conn, *socket) {
	below := &socket{}
	return tls.Client(below, new(tls.Config)), below
}

// giveTLS puts a connection with that owner into p, and gives the socket below.
func giveTLS(t *testing.T, p *Pool, o *owner) *socket {
	t.Helper()
	c, err := p.Checkout(t.Context(), keyA, 0)
	if err != nil {
		t.Fatal(err)
	}
	secure, below := overTLS()
	c.Opened(secure)
	if o != nil {
		o.socket = below
		c.SetOwner(o)
	}
	give(t, c, Kept)
	return below
}

// A tlsPeer is what a connection over TLS shows, and what its owner finds there.
type tlsPeer struct {
	seen  atomic.Uint32 // a transport.Liveness
	bad   atomic.Bool
	asked atomic.Int32
}

func (x *tlsPeer) look(*Conn) transport.Liveness { return transport.Liveness(x.seen.Load()) }

func (x *tlsPeer) undisturbed() bool {
	x.asked.Add(1)
	return !x.bad.Load()
}

// TestTickets asks the owner whether readable bytes are a disturbance.
func TestTickets(t *testing.T) {
	inBubble(t, Opts{}, func(t *testing.T, p *Pool) {
		var x tlsPeer
		p.look = x.look
		below := giveTLS(t, p, &owner{ask: x.undisturbed})
		if time.Sleep(time.Second); x.asked.Load() != 0 {
			t.Error("it was asked without need")
		}
		x.seen.Store(uint32(transport.Readable))
		if time.Sleep(time.Second); x.asked.Load() == 0 || p.Size() != 1 {
			t.Errorf("asked %d times; %d are idle", x.asked.Load(), p.Size())
		}
		x.bad.Store(true)
		goneWithin(t, p, 0, 2*time.Second)
		if n := below.closed.Load(); n != 1 {
			t.Errorf("it was closed %d times", n)
		}
		giveTLS(t, p, nil) // nobody to ask
		goneWithin(t, p, 0, 2*time.Second)
		if s := p.Stats(); s.Evicted != (Evicted{Disturbed: 2}) || len(s.Hosts) != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestTicketsAtCheckout asks when the connection was idle for a while, even if
// nothing waits: TLS may have read ahead.
func TestTicketsAtCheckout(t *testing.T) {
	inBubble(t, Opts{}, func(t *testing.T, p *Pool) {
		var x tlsPeer
		p.look = x.look
		o := &owner{ask: x.undisturbed}
		giveTLS(t, p, o)
		c := take(t, p, keyA) // it is hot
		if x.asked.Load() != 0 || !c.Reused() {
			t.Errorf("asked %d times, reused %v", x.asked.Load(), c.Reused())
		}
		for _, look := range []transport.Liveness{transport.Idle, transport.Readable, transport.Unknown} {
			x.seen.Store(uint32(transport.Idle))
			give(t, c, Kept)
			x.asked.Store(0)
			time.Sleep(hot)
			x.seen.Store(uint32(look))
			if c = take(t, p, keyA); x.asked.Load() != 1 || !c.Reused() || c.TakeOwner() != o {
				t.Errorf("%v: asked %d times, reused %v", look, x.asked.Load(), c.Reused())
			}
			c.SetOwner(o)
		}
		give(t, c, Kept)
		x.bad.Store(true)
		time.Sleep(hot)
		if c = take(t, p, keyA); c.Reused() {
			t.Error("a disturbed one was given out")
		}
		synctest.Wait()
		if o.closed.Load() != 1 {
			t.Error("it was not closed")
		}
		c.Discard()
	})
}

// TestEvictedWhileAsked has a connection go while its owner is being asked: its
// owner is closed only behind that. Nobody gets it meanwhile.
func TestEvictedWhileAsked(t *testing.T) {
	inBubble(t, Opts{MaxDials: 1}, func(t *testing.T, p *Pool) {
		p.look = func(*Conn) transport.Liveness { return transport.Readable }
		in, out := make(chan bool), make(chan bool)
		o := &owner{ask: func() bool { in <- true; return <-out }}
		giveTLS(t, p, o)
		<-in
		dials := ask(p, keyA, 0)
		dials.got(t, nil)
		waits := ask(p, keyA, 0)
		waits.waits(t)
		out <- true
		<-in // who takes it asks once more
		out <- true
		if synctest.Wait(); waits.conn == nil || !waits.conn.Reused() {
			t.Fatal("who waited did not get what the sweep let go")
		}
		if waits.conn.TakeOwner() != o {
			t.Error("who waited did not get what the sweep let go")
		}
		waits.conn.SetOwner(o)
		give(t, waits.conn, Kept)
		dials.conn.Discard()
		<-in
		if p.SetTimeout(1); p.Size() != 0 || o.closed.Load() != 0 {
			t.Errorf("%d are idle; closed %d times while it was asked", p.Size(), o.closed.Load())
		}
		out <- true
		synctest.Wait()
		if o.closed.Load() != 1 {
			t.Errorf("it was closed %d times", o.closed.Load())
		}
	})
}

// TestSlowClose holds that a close that hangs holds up nobody.
func TestSlowClose(t *testing.T) {
	inBubble(t, Opts{MaxIdle: 1}, func(t *testing.T, p *Pool) {
		p.look = func(*Conn) transport.Liveness { return transport.Closed }
		hangs := make(chan bool)
		slow := slowSocket{closing: hangs}
		c, _ := p.Checkout(t.Context(), keyA, 0)
		c.Opened(slow)
		give(t, c, Kept)
		fill(t, p, keyA, 1) // evicts the slow one
		goneWithin(t, p, 0, 2*time.Second)
		take(t, p, keyA).Discard()
		<-hangs
	})
}

type slowSocket struct {
	net.Conn
	closing chan bool
}

func (s slowSocket) Close() error { s.closing <- true; return nil }
