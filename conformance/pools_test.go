package conformance

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
)

// TestPoolCommands: what each command for pools gives, or the error it ends in.
func TestPoolCommands(t *testing.T) {
	s := newSession(t.Context(), nil)
	defer s.close()
	for _, c := range []struct{ command, want string }{
		{"stop-pool mine", "error no-pool"},
		{"pool-size mine", "error no-pool"},
		{"pool-size mine tcp h 80", "error no-pool"},
		{"set-poolsize mine 1", "error no-pool"},
		{"set-pool-timeout mine 1s", "error no-pool"},
		{"pool-socket mine tcp h 80", "error no-pool"},
		{"start-pool mine timeout=2s pool-size=3 max-per-host=4", ""},
		{"start-pool mine", "error pool-exists"},
		{"max-poolsize mine", "3"},
		{"pool-timeout mine", "2s"},
		{"pool-size mine", "0"},
		{"set-poolsize mine 1", ""},
		{"max-poolsize mine", "1"},
		{"set-poolsize mine unlimited", ""},
		{"max-poolsize mine", "-1"},
		{"set-pool-timeout mine 1m", ""},
		{"pool-timeout mine", "1m0s"},
		{"stop-pool mine", ""},
		{"stop-pool mine", "error no-pool"},
		{"start-pool mine", ""},
		{"max-poolsize mine", "50"},
		{"max-poolsize default", "50"},
		{"pool-timeout default", "2m30s"},
		{"pool-size default tls h 443", "0"},
		{"pool-socket default tcp h 80", "error other"},
		{"stop-pool default", ""},
		{"stop-pool default", "error no-pool"},
		{"pool-size default", "0"},
		{"pool", "undefined"},
	} {
		words := strings.Fields(c.command)
		if err := s.do(words[0], operations[words[0]], words[1:]); err != nil {
			t.Fatal(c.command, err)
		}
		got := string(s.last.data)
		if s.err != nil {
			got = "error " + errorKind(s.err)
		}
		if got != c.want {
			t.Errorf("%s gave %q, want %q", c.command, got, c.want)
		}
	}
	if s.pools.byName["mine"].Opts().MaxPerHost != pool.Unlimited {
		t.Error("the second pool has a limit of the first")
	}
}

// TestPoolsAreTheSessions: a name means another pool in another session, and none in the library.
func TestPoolsAreTheSessions(t *testing.T) {
	one, other := newSession(t.Context(), nil), newSession(t.Context(), nil)
	for _, s := range []*session{one, other} {
		if err := s.do("start-pool", operations["start-pool"], []string{"x"}); err != nil || s.err != nil {
			t.Fatal(err, s.err)
		}
	}
	if _, ok := hackney.FindPool("x"); ok {
		t.Error("the library knows it")
	}
	mine, _ := one.pools.find("x")
	key := pool.Key{Host: "h"}
	one.close()
	if _, err := mine.Checkout(t.Context(), key, -1); !errors.Is(err, pool.ErrClosed) {
		t.Errorf("it is open behind its session: %v", err)
	}
	theirs, _ := other.pools.find("x")
	c, err := theirs.Checkout(t.Context(), key, -1)
	if err != nil {
		t.Fatal(err)
	}
	c.Discard()
	other.close()
}

// TestPoolUsage: a fault of the script is no error of an operation.
func TestPoolUsage(t *testing.T) {
	s := newSession(t.Context(), nil)
	defer s.close()
	for _, command := range []string{
		"start-pool", "start-pool x size=1", "start-pool x pool-size=many", "start-pool x timeout=5", "stop-pool", "pool-size",
		"pool-size default tcp h", "pool-size default udp h 1", "pool-size default tcp h port", "max-poolsize", "max-poolsize default 1",
		"set-poolsize default", "set-poolsize default few", "set-pool-timeout default 5", "pool-socket default",
		"pool-socket default tcp h port", "pool-release", "pool default",
	} {
		words := strings.Fields(command)
		if err := s.do(words[0], operations[words[0]], words[1:]); !errors.As(err, new(usageError)) {
			t.Errorf("%s gave %v", command, err)
		}
	}
	for name, run := range map[string]func(*session, []string) error{
		"opts pool=x": setOptions, "opts drain-bytes=few": setOptions, "opts drain-time=5": setOptions,
		"use-default-pool": useDefaultPool, "use-default-pool yes": useDefaultPool,
		"pool-size x 1": wantPoolSize, "pool-size default": wantPoolSize, "pool-size default one": wantPoolSize,
		"kept": wantKept, "kept forever": wantKept,
	} {
		if err := run(s, strings.Fields(name)[1:]); !errors.As(err, new(usageError)) {
			t.Errorf("%s gave %v", name, err)
		}
	}
}

// TestPoolOptions: the options of a client that concern pools.
func TestPoolOptions(t *testing.T) {
	s := newSession(t.Context(), nil)
	defer s.close()
	if s.opts().Pool != nil {
		t.Error("there is a pool by itself")
	}
	if err := useDefaultPool(s, []string{"true"}); err != nil {
		t.Fatal(err)
	}
	if p := s.opts().Pool; p == nil || p.Name() != hackney.DefaultPool {
		t.Errorf("%v in place of the default pool", p)
	}
	for command, want := range map[string]hackney.Opts{
		"pool=none checkout-timeout=1s": {Pool: pool.None, CheckoutTimeout: time.Second},
		"drain-bytes=5 drain-time=1ms":  {DrainBytes: 5, DrainTime: time.Millisecond},
		"drain-bytes=none pool=none":    {DrainBytes: hackney.NoDrain, Pool: pool.None},
		"drain-bytes=unlimited":         {DrainBytes: hackney.Unlimited},
		"checkout-timeout=infinite":     {CheckoutTimeout: hackney.Infinite},
	} {
		if err := setOptions(s, strings.Fields(command)); err != nil {
			t.Error(err)
		}
		got := s.options
		same := got.Pool == want.Pool
		got.Pool, want.Pool = nil, nil
		if diff := cmp.Diff(want.DrainBytes, got.DrainBytes); diff != "" || !same || got.DrainTime != want.DrainTime || got.CheckoutTimeout != want.CheckoutTimeout {
			t.Errorf("%s: %+v", command, got)
		}
	}
}
