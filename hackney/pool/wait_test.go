package pool

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/transport"
)

// A call is a Checkout in a goroutine of its own. All is well behind synctest.Wait.
type call struct {
	cancel context.CancelCauseFunc
	done   atomic.Bool
	conn   *Conn
	err    error
}

func ask(p *Pool, key Key, wait time.Duration) *call {
	ctx, cancel := context.WithCancelCause(context.Background())
	c := &call{cancel: cancel}
	go func() {
		c.conn, c.err = p.Checkout(ctx, key, wait)
		c.done.Store(true)
	}()
	synctest.Wait()
	return c
}

// got wants a connection with that socket; nil for a permit to dial.
func (c *call) got(t *testing.T, want any) {
	t.Helper()
	synctest.Wait()
	if !c.done.Load() || c.err != nil {
		t.Fatalf("done %v, error %v; want a connection", c.done.Load(), c.err)
	}
	if s, _ := c.conn.Socket().(*socket); want == nil && s != nil || want != nil && s != want {
		t.Errorf("the socket is %v, want %v", s, want)
	}
}

func (c *call) waits(t *testing.T) {
	t.Helper()
	synctest.Wait()
	if c.done.Load() {
		t.Fatalf("it has %v, %v; want it to wait", c.conn, c.err)
	}
}

func (c *call) failed(t *testing.T, want error) *Error {
	t.Helper()
	synctest.Wait()
	if !c.done.Load() {
		t.Fatal("it waits")
	}
	return failure(t, c.err, want)
}

// inBubble runs a test with a clock of its own and a pool.
func inBubble(t *testing.T, o Opts, test func(t *testing.T, p *Pool)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := looking(New(o))
		test(t, p)
		p.Close()
		synctest.Wait()
		if s := p.Stats(); s.Idle != 0 || s.Waiting != 0 || s.Opened+s.CheckedIn != uint64(s.InUse)+s.Discarded+s.Evicted.Total() {
			t.Errorf("at the end: %+v", s.Counts)
		}
	})
}

// TestQueue holds the order: those who wait get what is returned, and permits for
// what is discarded, first come, first served, and nobody overtakes.
func TestQueue(t *testing.T) {
	inBubble(t, Opts{MaxPerHost: 2}, func(t *testing.T, p *Pool) {
		a, b := take(t, p, keyA), take(t, p, keyA)
		first, second, third := ask(p, keyA, 0), ask(p, keyA, 0), ask(p, keyA, 0)
		first.waits(t)
		give(t, take(t, p, keyB), Kept) // another key has its own limit
		give(t, a, Kept)
		first.got(t, a.Socket())
		second.waits(t)
		b.Discard()
		second.got(t, nil)
		third.waits(t)
		second.conn.Discard() // the dial has failed
		third.got(t, nil)
		third.conn.Opened(&socket{})
		late := ask(p, keyA, 0)
		first.conn.Discard()
		late.got(t, nil)
		give(t, late.conn, NotOut)
		third.conn.Discard()
		s := p.Stats()
		want := Counts{Idle: 1, Opened: 4, Failed: 2, Reused: 1, HandedOver: 1, Discarded: 3, Waits: 4}
		if diff := cmp.Diff(want, s.Counts); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if len(s.Hosts) != 1 || s.Hosts[0].Key != keyB {
			t.Errorf("hosts: %+v", s.Hosts)
		}
	})
}

// TestDialFailures fails as many dials as there are slots and more: the next must work.
func TestDialFailures(t *testing.T) {
	p := New(Opts{MaxPerHost: 3, MaxDials: 3})
	defer p.Close()
	for range 10 {
		c, err := p.Checkout(t.Context(), keyA, -1)
		if err != nil {
			t.Fatal(err)
		}
		c.Discard()
	}
	if s := p.Stats(); s.Failed != 10 || len(s.Hosts) != 0 {
		t.Errorf("%+v", s)
	}
}

// TestMaxDials holds that one who waits to dial takes a connection as well.
func TestMaxDials(t *testing.T) {
	inBubble(t, Opts{MaxDials: 1}, func(t *testing.T, p *Pool) {
		used := take(t, p, keyA)
		dials := ask(p, keyA, 0)
		dials.got(t, nil)
		first, second, third := ask(p, keyA, 0), ask(p, keyA, 0), ask(p, keyA, 0)
		first.waits(t)
		give(t, used, Kept)
		first.got(t, used.Socket())
		second.waits(t)
		dials.conn.Opened(&socket{})
		second.got(t, nil)
		third.waits(t)
		p.SetMaxDials(2)
		third.got(t, nil)
		for _, c := range []*Conn{first.conn, second.conn, third.conn, dials.conn} {
			c.Discard()
		}
	})
}

func TestRefused(t *testing.T) {
	inBubble(t, Opts{Name: "p", MaxPerHost: 1, MaxWaiting: 1}, func(t *testing.T, p *Pool) {
		over, cancel := context.WithCancelCause(t.Context())
		why := errors.New("why")
		cancel(why)
		_, err := p.Checkout(over, keyA, 0)
		if failure(t, err, context.Canceled); !errors.Is(err, why) || len(p.Stats().Hosts) != 0 {
			t.Errorf("a context that is over: %v, %+v", err, p.Stats())
		}
		c := take(t, p, keyA)
		e := ask(p, keyA, -1).failed(t, ErrTimeout)
		if e.Waited != 0 {
			t.Errorf("without a wait it waited for %v", e.Waited)
		}
		waits := ask(p, Key{Transport: transport.TCP, Host: "A.Example", Port: 80}, Infinite)
		e = ask(p, keyA, 0).failed(t, ErrQueueFull)
		want := &Error{Pool: "p", Host: "a.example:80", Reason: ErrQueueFull, MaxPerHost: 1, MaxDials: 64, MaxWaiting: 1, InUse: 1, Waiting: 1}
		if diff := cmp.Diff(want.Error(), e.Error()); diff != "" || e.Timeout() {
			t.Errorf("(-want +got):\n%s", diff)
		}
		time.Sleep(1000 * time.Hour)
		waits.waits(t)
		c.Discard()
		waits.got(t, nil)
		waits.conn.Discard()
		if s := p.Stats(); s.Refused != 1 || s.TimedOut != 1 || s.Waits != 1 || s.Waited != 1000*time.Hour {
			t.Errorf("%+v", s.Counts)
		}
	})
}

// TestGiveUp holds the ends of waiting, and that they strand nothing.
func TestGiveUp(t *testing.T) {
	inBubble(t, Opts{MaxPerHost: 1}, func(t *testing.T, p *Pool) {
		c := take(t, p, keyA)
		byDefault, three, cancelled, last := ask(p, keyA, 0), ask(p, keyA, 3*time.Second), ask(p, keyA, 0), ask(p, keyA, time.Minute)
		time.Sleep(3 * time.Second)
		if e := three.failed(t, ErrTimeout); e.Waited != 3*time.Second || !errors.Is(e, transport.ErrTimeout) || !e.Timeout() || e.InUse != 1 || e.Waiting != 3 {
			t.Errorf("after 3 s: %+v", e)
		}
		why := errors.New("why")
		cancelled.cancel(why)
		if e := cancelled.failed(t, context.Canceled); !errors.Is(e, why) || e.Timeout() || errors.Is(e, transport.ErrTimeout) {
			t.Errorf("cancelled: %v", e)
		}
		time.Sleep(4999 * time.Millisecond)
		byDefault.waits(t)
		time.Sleep(time.Millisecond)
		byDefault.failed(t, ErrTimeout)
		give(t, c, Kept)
		last.got(t, c.Socket())
		last.conn.Discard()
		if s := p.Stats(); s.TimedOut != 2 || s.GaveUp != 1 || s.Waits != 4 || s.Waited != (8+3+3+8)*time.Second {
			t.Errorf("%+v", s.Counts)
		}
	})
}

// onlyDeadline is a context that has a deadline and no Done channel.
type onlyDeadline struct {
	context.Context
	end time.Time
}

func (d onlyDeadline) Deadline() (time.Time, bool) { return d.end, true }

func TestDeadlineWithoutDone(t *testing.T) {
	inBubble(t, Opts{MaxPerHost: 1}, func(t *testing.T, p *Pool) {
		c := take(t, p, keyA)
		ctx := onlyDeadline{context.Background(), time.Now().Add(time.Second)}
		_, err := p.Checkout(ctx, keyA, 0)
		if e := failure(t, err, context.DeadlineExceeded); e.Waited != time.Second || !errors.Is(e, transport.ErrTimeout) {
			t.Errorf("%+v", e)
		}
		ctx.end = time.Now().Add(time.Second)
		failure(t, p.Drain(ctx), context.DeadlineExceeded)
		c.Discard()
	})
}

// TestGrantedWhileGivingUp has the grant and the end of the context come in the
// same moment, in both orders: the next in the queue gets what was granted.
func TestGrantedWhileGivingUp(t *testing.T) {
	for _, dial := range []bool{false, true} {
		for _, cancelFirst := range []bool{false, true} {
			inBubble(t, Opts{MaxPerHost: 1}, func(t *testing.T, p *Pool) {
				for range 200 {
					c := take(t, p, keyA)
					first, second := ask(p, keyA, 0), ask(p, keyA, 0)
					if cancelFirst {
						first.cancel(nil)
					}
					if dial {
						c.Discard()
					} else {
						give(t, c, Kept)
					}
					first.cancel(nil)
					synctest.Wait()
					lucky := second
					if first.err == nil { // it came before it saw the end
						lucky = first
						second.waits(t)
						second.cancel(nil)
						second.failed(t, context.Canceled)
					}
					if dial {
						lucky.got(t, nil)
					} else {
						lucky.got(t, c.Socket())
					}
					lucky.conn.Discard()
					if s := p.Stats(); len(s.Hosts) != 0 {
						t.Fatalf("something is left: %+v", s)
					}
				}
			})
		}
	}
}

// TestPassOn gives up a grant that was made already, which the test above hits by chance only.
func TestPassOn(t *testing.T) {
	inBubble(t, Opts{MaxPerHost: 1}, func(t *testing.T, p *Pool) {
		for _, kind := range []string{"handed over", "idle", "dial", "idle, pool closed"} {
			c := take(t, p, keyA)
			a := asker{pool: p, host: c.host, wait: time.Hour}
			p.mu.Lock()
			w, err := a.enqueue(false)
			p.mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
			var back net.Conn
			switch kind {
			case "handed over":
				give(t, c, Kept)
				back = c.Socket()
			case "dial":
				c.Discard()
			default:
				back = &socket{}
				if !p.Checkin(keyA, back) {
					t.Fatal("not kept")
				}
				c.Discard()
			}
			if kind == "idle, pool closed" {
				p.Close()
			}
			if conn, err := a.giveUp(w, context.Canceled); conn != nil || !errors.Is(err, context.Canceled) {
				t.Fatalf("%s: %v, %v", kind, conn, err)
			}
			synctest.Wait()
			s := p.Stats()
			switch {
			case kind == "idle, pool closed":
				if s.Idle != 0 || s.InUse != 0 || back.(*socket).closed.Load() != 1 {
					t.Errorf("%s: %+v", kind, s.Counts)
				}
				continue
			case s.InUse != 0 || s.Dialing != 0 || s.HandedOver != 0 || s.Failed != 0 || (back != nil) != (s.Idle == 1):
				t.Errorf("%s: %+v", kind, s.Counts)
			}
			if got, ok := p.Idle(keyA); ok {
				if got.Socket() != back || got.Uses() != 2 {
					t.Errorf("%s: socket %v, uses %d", kind, got.Socket(), got.Uses())
				}
				got.Discard()
			}
		}
	})
}

// TestPassOnOrder holds that what is passed on goes back to its place: it has been
// idle for as long as before.
func TestPassOnOrder(t *testing.T) {
	inBubble(t, Opts{MaxPerHost: 1, IdleTimeout: 10 * time.Second}, func(t *testing.T, p *Pool) {
		c := take(t, p, keyA)
		a := asker{pool: p, host: c.host, wait: time.Hour}
		var w *waiter
		var err error
		var sockets []net.Conn
		for i := range 3 {
			if i == 2 { // the second one is given to the one who waits
				p.mu.Lock()
				w, err = a.enqueue(false)
				p.mu.Unlock()
				c.Discard()
			}
			s := &socket{id: i}
			sockets = append(sockets, s)
			p.Checkin(keyA, s)
			time.Sleep(time.Second)
		}
		if err != nil || w.conn == nil || w.conn.Socket() != sockets[1] {
			t.Fatalf("%v, %+v", err, w.conn)
		}
		a.giveUp(w, context.Canceled)
		for _, want := range []int{2, 1, 0} {
			c, ok := p.Idle(keyA)
			if !ok || c.Socket() != sockets[want] {
				t.Fatalf("%v, %+v; want %d", ok, c, want)
			}
			c.Discard()
		}
	})
}

// TestMaxPerHostLive changes the limit while there is a queue.
func TestMaxPerHostLive(t *testing.T) {
	inBubble(t, Opts{MaxPerHost: 1}, func(t *testing.T, p *Pool) {
		c := take(t, p, keyA)
		first, second, third := ask(p, keyA, 0), ask(p, keyA, 0), ask(p, keyA, 0)
		p.SetMaxPerHost(3)
		first.got(t, nil)
		second.got(t, nil)
		third.waits(t)
		first.conn.Opened(&socket{id: 1})
		p.SetMaxPerHost(1)
		give(t, c, Kept) // two others are out: it goes to nobody
		third.waits(t)
		second.conn.Discard()
		third.waits(t)
		first.conn.Discard()
		third.got(t, c.Socket())
		third.conn.Discard()
		p.SetMaxPerHost(Unlimited)
		for range 100 {
			defer take(t, p, keyA).Discard()
		}
	})
}

// TestDeadAtGrant has a waiter find that what it was given is dead: it is in front.
func TestDeadAtGrant(t *testing.T) {
	inBubble(t, Opts{MaxPerHost: 1, MaxDials: 1}, func(t *testing.T, p *Pool) {
		all := fill(t, p, keyA, 3)
		c := take(t, p, keyA)
		time.Sleep(time.Second)
		first, second := ask(p, keyA, 0), ask(p, keyA, 0)
		all[1].seen.Store(uint32(transport.Closed)) // no sweep sees it: no time passes
		all[0].seen.Store(uint32(transport.Readable))
		c.Discard()
		first.got(t, nil)
		second.waits(t)
		first.conn.Discard()
		second.got(t, nil)
		second.conn.Discard()
		if s := p.Stats(); s.Evicted != (Evicted{PeerClosed: 1, Disturbed: 1}) || s.Reused != 1 || s.Discarded != 1 {
			t.Errorf("%+v", s.Counts)
		}
	})
}

// TestDeadAndNothingElse is the same when there is nothing else to be had: the one
// who was first stays first, and has waited once.
func TestDeadAndNothingElse(t *testing.T) {
	inBubble(t, Opts{MaxPerHost: 2, MaxDials: 1}, func(t *testing.T, p *Pool) {
		c := take(t, p, keyA)
		dials := ask(p, keyA, 0)
		dials.got(t, nil)
		all := fill(t, p, keyA, 1)
		time.Sleep(time.Second)
		first, second := ask(p, keyA, 0), ask(p, keyA, 0)
		all[0].seen.Store(uint32(transport.Closed)) // no sweep sees it: no time passes
		c.Discard()
		first.waits(t)
		dials.conn.Opened(&socket{})
		first.got(t, nil)
		second.waits(t)
		dials.conn.Discard()
		first.conn.Discard()
		second.got(t, nil)
		second.conn.Discard()
		if s := p.Stats(); s.Waits != 2 || s.Evicted != (Evicted{PeerClosed: 1}) || s.Reused != 0 {
			t.Errorf("%+v", s.Counts)
		}
	})
}

// TestDrain lets what is in use end, and turns everybody else away.
func TestDrain(t *testing.T) {
	inBubble(t, Opts{Name: "p", MaxPerHost: 2}, func(t *testing.T, p *Pool) {
		all := fill(t, p, keyB, 2)
		c := take(t, p, keyA)
		dials := ask(p, keyA, 0)
		waits := ask(p, keyA, 0)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := p.Drain(short)
		e := failure(t, err, context.DeadlineExceeded)
		if e.InUse != 1 || e.Dialing != 1 || e.Waited != time.Second || e.Host != "" {
			t.Errorf("%+v", e)
		}
		waits.failed(t, ErrDraining)
		ask(p, keyB, 0).failed(t, ErrDraining)
		if n := len(closed(t, all)); n != 2 {
			t.Errorf("%d idle ones were closed, want 2", n)
		}
		var noContext context.Context
		ended := make([]error, 2)
		for i := range ended {
			ended[i] = errors.New("it waits")
			go func() { ended[i] = p.Drain(noContext) }()
		}
		dials.conn.Opened(&socket{})
		give(t, dials.conn, Drained)
		synctest.Wait()
		if ended[0] == nil || ended[1] == nil {
			t.Error("Drain did not wait for what is in use")
		}
		c.Discard()
		synctest.Wait()
		if ended[0] != nil || ended[1] != nil || p.Drain(t.Context()) != nil {
			t.Errorf("Drain gives %v", ended)
		}
		ask(p, keyA, 0).failed(t, ErrClosed)
	})
}

func TestClose(t *testing.T) {
	inBubble(t, Opts{MaxPerHost: 1}, func(t *testing.T, p *Pool) {
		all := fill(t, p, keyB, 2)
		c := take(t, p, keyA)
		waits := ask(p, keyA, 0)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if n := len(closed(t, all)); n != 2 {
			t.Errorf("%d idle ones were closed, want 2", n)
		}
		waits.failed(t, ErrClosed)
		ask(p, keyA, 0).failed(t, ErrClosed)
		give(t, c, Closed)
		if s := p.Stats(); s.Evicted != (Evicted{Closed: 3}) || len(s.Hosts) != 0 {
			t.Errorf("%+v", s)
		}
	})
}
