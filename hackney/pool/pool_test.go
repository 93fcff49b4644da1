package pool

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/transport"
)

func dialOne(context.Context, string, string) (net.Conn, error) { return nil, nil }
func dialTwo(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no") }

// TestKeys changes one thing of a key at a time: what is idle under the other one
// must not be given out.
func TestKeys(t *testing.T) {
	config := &tls.Config{ServerName: "x"}
	base := Key{Transport: transport.TLS, Host: "Host.example", Port: 443, TLS: config, Dial: IdentityOf(dialOne), Proxy: "http://proxy:1"}
	for name, c := range map[string]struct {
		change func(k *Key)
		shared bool
	}{
		"nothing":      {func(*Key) {}, true},
		"case of host": {func(k *Key) { k.Host = "hOST.EXAMPLE" }, true},
		"transport":    {func(k *Key) { k.Transport = transport.TCP }, false},
		"socket file":  {func(k *Key) { k.Transport = transport.Unix("/s") }, false},
		"host":         {func(k *Key) { k.Host = "host.example." }, false},
		"not ASCII":    {func(k *Key) { k.Host = "\u212aost.example" }, false},
		"port":         {func(k *Key) { k.Port = 444 }, false},
		"TLS, a clone": {func(k *Key) { k.TLS = config.Clone() }, false},
		"no TLS":       {func(k *Key) { k.TLS = nil }, false},
		"insecure":     {func(k *Key) { k.Insecure = true }, false},
		"dial":         {func(k *Key) { k.Dial = IdentityOf(dialTwo) }, false},
		"no dial":      {func(k *Key) { k.Dial = Identity{} }, false},
		"tap":          {func(k *Key) { k.Tap = IdentityOf(dialTwo) }, false},
		"proxy":        {func(k *Key) { k.Proxy = "http://user@proxy:1" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := New(Opts{})
			defer p.Close()
			fill(t, p, base, 1)
			key := base
			c.change(&key)
			if n := p.SizeOf(key); (n == 1) != c.shared {
				t.Errorf("%d are idle under the key", n)
			}
			got, err := p.Checkout(t.Context(), key, 0)
			if err != nil || (got.Socket() != nil) != c.shared {
				t.Errorf("Checkout gives socket %v, %v", got.Socket(), err)
			}
			if got.Key() != key.lowered() {
				t.Errorf("the key is %v", got.Key())
			}
			got.Discard()
		})
	}
}

func TestLower(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "abc-1": "abc-1", "aBC": "abc", "Z": "z", "[@`{": "[@`{", "FE80::A%Eth0": "fe80::a%Eth0", "É.Com": "É.com",
	} {
		if got := lower(in); got != want {
			t.Errorf("lower(%q) is %q, want %q", in, got, want)
		}
	}
}

// TestIdentity compares functions, and closures of the same text.
func TestIdentity(t *testing.T) {
	closure := func(err error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) { return nil, err }
	}
	one, two := closure(errors.New("1")), closure(errors.New("2"))
	same, dial := one, IdentityOf(dialOne)
	switch {
	case IdentityOf[func()](nil) != Identity{} || IdentityOf(1) != Identity{}:
		t.Error("nil, or what is no function, has an identity")
	case IdentityOf(one) != IdentityOf(same) || IdentityOf(dialOne) != dial:
		t.Error("a function differs from itself")
	case IdentityOf(one) == IdentityOf(two) || IdentityOf(dialOne) == IdentityOf(dialTwo) || IdentityOf(one) == Identity{}:
		t.Error("two functions are the same")
	}
}

// TestNewestFirst holds the order in which idle connections are taken.
func TestNewestFirst(t *testing.T) {
	p := New(Opts{})
	defer p.Close()
	fill(t, p, keyA, 3)
	fill(t, p, keyB, 1)
	for want := 2; want >= 0; want-- {
		c := take(t, p, keyA)
		if got := c.Socket().(*socket).id; got != want || !c.Reused() || c.Uses() != 2 {
			t.Errorf("socket %d, reused %v, uses %d; want socket %d, reused once", got, c.Reused(), c.Uses(), want)
		}
		defer c.Discard()
	}
	c := take(t, p, keyA)
	defer c.Discard()
	if c.Reused() || c.Uses() != 1 || c.OpenedAt().Before(p.epoch) {
		t.Errorf("a new connection: reused %v, uses %d, opened at %v", c.Reused(), c.Uses(), c.OpenedAt())
	}
}

// TestIdleLimits holds what stays when more comes back than may stay.
func TestIdleLimits(t *testing.T) {
	p := New(Opts{MaxIdle: 3})
	defer p.Close()
	c := take(t, p, keyB)
	all := fill(t, p, keyA, 3)
	give(t, c, Kept)
	if diff := cmp.Diff([]int{0}, await1(t, all)); diff != "" {
		t.Errorf("closed in all (-want +got):\n%s", diff)
	}
	if a, b, n := p.SizeOf(keyA), p.SizeOf(keyB), p.Size(); a != 2 || b != 1 || n != 3 {
		t.Errorf("idle: %d and %d, %d in all; want 2 and 1", a, b, n)
	}

	q := New(Opts{MaxIdlePerHost: 2})
	defer q.Close()
	c = take(t, q, keyA)
	all = fill(t, q, keyA, 2)
	give(t, c, Full)
	if q.Checkin(keyA, &socket{}) || !q.Checkin(keyB, &socket{}) {
		t.Error("the limit of one key does not hold, or holds for another")
	}
	if n, s := len(closed(t, all)), q.Stats(); n != 0 || s.Evicted != (Evicted{Full: 2}) || s.Idle != 3 {
		t.Errorf("%d were closed, %+v", n, s.Counts)
	}
	if c.Socket().(*socket).closed.Load() != 0 {
		t.Error("the pool has closed what Return did not keep")
	}
}

// await1 waits until one of all is closed. Those that went on the way are closed aside.
func await1(t *testing.T, all []*socket) []int {
	t.Helper()
	for {
		if ids := closed(t, all); len(ids) > 0 {
			return ids
		}
		yield()
	}
}

// TestOwner follows an owner from one borrower to the next, and to its close.
func TestOwner(t *testing.T) {
	p := New(Opts{})
	c := take(t, p, keyA)
	first := &owner{socket: c.Socket().(*socket)}
	if c.TakeOwner() != nil {
		t.Error("a new connection has an owner")
	}
	c.SetOwner(first)
	give(t, c, Kept)
	c = take(t, p, keyA)
	if c.TakeOwner() != first || c.TakeOwner() != nil {
		t.Error("the owner did not come out, or came twice")
	}
	c.SetOwner(first)
	c.Discard()
	if c.TakeOwner() != nil {
		t.Error("the owner is kept behind Discard")
	}

	c = take(t, p, keyA)
	second := &owner{socket: c.Socket().(*socket)}
	c.SetOwner(second)
	late := take(t, p, keyA)
	give(t, c, Kept)
	p.Close()
	if n, m := second.closed.Load(), second.socket.closed.Load(); n != 1 || m != 1 || first.closed.Load() != 0 {
		t.Errorf("the idle owner was closed %d times, its socket %d times; the discarded one %d times", n, m, first.closed.Load())
	}
	late.SetOwner(first)
	give(t, late, Closed)
	if late.TakeOwner() != nil || first.closed.Load() != 0 {
		t.Error("what was not kept has an owner, or the pool closed it")
	}
}

// TestOutOfOrder makes calls that make no sense, in places where they make none.
func TestOutOfOrder(t *testing.T) {
	p := New(Opts{MaxPerHost: 2})
	other := take(t, p, keyA)
	var noContext context.Context
	c, err := p.Checkout(noContext, keyA, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := func(inUse, dialing, idle int) {
		t.Helper()
		if s := p.Stats(); s.InUse != inUse || s.Dialing != dialing || s.Idle != idle {
			t.Errorf("in use %d, dialing %d, idle %d; want %d, %d, %d", s.InUse, s.Dialing, s.Idle, inUse, dialing, idle)
		}
	}
	c.Opened(nil)
	want(1, 1, 0)
	socketA := &socket{}
	c.Opened(socketA)
	c.Opened(&socket{})
	if want(2, 0, 0); c.Socket() != socketA {
		t.Error("the second Opened was heard")
	}
	give(t, c, Kept)
	give(t, c, NotOut)
	c.Discard()
	c.Opened(&socket{})
	want(1, 0, 1)
	other.Discard()
	other.Discard()
	give(t, other, NotOut)
	want(0, 0, 1)

	unopened, _ := p.Checkout(t.Context(), keyB, 0)
	give(t, unopened, NotOut) // gives the permit back
	unopened.Opened(&socket{})
	if want(0, 0, 1); unopened.Socket() != nil {
		t.Error("a permit that was given back was used")
	}
	c = take(t, p, keyA)
	p.Close()
	p.Close()
	c.Discard()
	give(t, c, NotOut)
	want(0, 0, 0)
}

// TestNone calls everything of pools that keep nothing.
func TestNone(t *testing.T) {
	for name, p := range map[string]*Pool{"None": None, "nil": nil, "zero": {}} {
		c, err := p.Checkout(t.Context(), keyA, -1)
		if err != nil || c.Socket() != nil {
			t.Fatalf("%s: Checkout gives %v, %v", name, c, err)
		}
		s := &socket{}
		c.Opened(s)
		c.Opened(&socket{})
		c.SetOwner(&owner{})
		if c.Socket() != s || c.Reused() || c.Uses() != 0 || c.Key() != (Key{}) || !c.OpenedAt().IsZero() {
			t.Errorf("%s: the Conn is %+v", name, c)
		}
		give(t, c, NotPooled)
		c.Discard()
		if _, ok := p.Idle(keyA); ok || p.Checkin(keyA, s) || c.TakeOwner() != nil {
			t.Errorf("%s keeps something", name)
		}
		p.SetMax(1)
		p.SetMaxIdlePerHost(1)
		p.SetTimeout(1)
		p.SetMaxAge(1)
		p.SetMaxPerHost(1)
		p.SetMaxWaiting(1)
		p.SetMaxDials(1)
		if p.Name() != "" || p.Opts() != (Opts{}) || p.Max() != 0 || p.Timeout() != 0 || p.Size() != 0 || p.SizeOf(keyA) != 0 {
			t.Errorf("%s has limits, or idle connections", name)
		}
		if diff := cmp.Diff(Stats{}, p.Stats()); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", name, diff)
		}
		if err := errors.Join(p.Drain(t.Context()), p.Close()); err != nil || s.closed.Load() != 0 {
			t.Errorf("%s: %v; the socket was closed %d times", name, err, s.closed.Load())
		}
	}
}

// TestIdleAndCheckin holds what 0.6.0's socket/2 and release/3 do.
func TestIdleAndCheckin(t *testing.T) {
	p := New(Opts{MaxPerHost: 2})
	defer p.Close()
	if _, ok := p.Idle(keyA); ok || len(p.Stats().Hosts) != 0 || p.Checkin(keyA, nil) {
		t.Error("something came out of an empty pool, or nil went in")
	}
	all := fill(t, p, keyA, 3)
	one, ok := p.Idle(keyA)
	if !ok || one.Socket() != all[2] || p.SizeOf(keyA) != 2 {
		t.Fatalf("Idle gives %v, %v; %d are idle", one, ok, p.SizeOf(keyA))
	}
	two, _ := p.Idle(keyA)
	if _, ok := p.Idle(keyA); ok {
		t.Error("Idle gives more than may be in use")
	}
	one.Discard() // taken out for good
	if !p.Checkin(keyA, one.Socket()) {
		t.Error("it did not come back")
	}
	give(t, two, Kept)
	if s := p.Stats(); s.Idle != 3 || s.InUse != 0 || s.CheckedIn != 4 {
		t.Errorf("%+v", s.Counts)
	}
	all[2].seen.Store(uint32(transport.Closed))
	p.Close()
	if _, ok := p.Idle(keyA); ok || p.Checkin(keyA, &socket{}) {
		t.Error("a closed pool gives or keeps")
	}
}
