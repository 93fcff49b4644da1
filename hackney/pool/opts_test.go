package pool

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/transport"
)

// TestOpts holds each limit's default, none and a value, made and set.
func TestOpts(t *testing.T) {
	defaults := Opts{"n", 50, Unlimited, 150 * time.Second, Infinite, Unlimited, 1000, 64}
	none := Opts{"n", Unlimited, Unlimited, Infinite, Infinite, Unlimited, Unlimited, Unlimited}
	value := Opts{"n", 1, 2, 3, 4, 5, 6, 7}
	for _, c := range []struct{ given, want Opts }{{Opts{Name: "n"}, defaults}, {none, none}, {value, value}} {
		made, set := New(c.given), New(Opts{Name: "n", MaxIdle: 9, MaxIdlePerHost: 9, IdleTimeout: 9, MaxAge: 9, MaxPerHost: 9, MaxWaiting: 9, MaxDials: 9})
		set.SetMax(c.given.MaxIdle)
		set.SetMaxIdlePerHost(c.given.MaxIdlePerHost)
		set.SetTimeout(c.given.IdleTimeout)
		set.SetMaxAge(c.given.MaxAge)
		set.SetMaxPerHost(c.given.MaxPerHost)
		set.SetMaxWaiting(c.given.MaxWaiting)
		set.SetMaxDials(c.given.MaxDials)
		for name, p := range map[string]*Pool{"made": made, "set": set} {
			if diff := cmp.Diff(c.want, p.Opts()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if p.Max() != c.want.MaxIdle || p.Timeout() != c.want.IdleTimeout || p.Name() != "n" {
				t.Errorf("%s: %d, %v, %q", name, p.Max(), p.Timeout(), p.Name())
			}
		}
	}
	if Unlimited != -1 || Infinite != math.MaxInt64 {
		t.Error("the constants have changed")
	}
}

// TestSetMax holds that lower limits close the oldest at once, before they return.
func TestSetMax(t *testing.T) {
	p := New(Opts{})
	defer p.Close()
	a := fill(t, p, keyA, 3)
	b := fill(t, p, keyB, 3)
	p.SetMax(5)
	if diff := cmp.Diff([][]int{{0}, nil}, [][]int{closed(t, a), closed(t, b)}); diff != "" {
		t.Errorf("5 in all (-want +got):\n%s", diff)
	}
	p.SetMaxIdlePerHost(1)
	if diff := cmp.Diff([][]int{{0, 1}, {0, 1}}, [][]int{closed(t, a), closed(t, b)}); diff != "" {
		t.Errorf("1 of a key (-want +got):\n%s", diff)
	}
	if s := p.Stats(); s.Evicted != (Evicted{Full: 4}) || s.Idle != 2 || len(s.Hosts) != 2 {
		t.Errorf("%+v", s)
	}
	p.SetMax(1)
	if s := p.Stats(); s.Idle != 1 || len(s.Hosts) != 1 || s.Hosts[0].Key != keyB {
		t.Errorf("%+v", s)
	}
}

func TestErrorText(t *testing.T) {
	full := Error{
		Pool: "jobs", Host: "a.example:80", Reason: ErrTimeout, MaxPerHost: 4, MaxDials: 64, MaxWaiting: 1000,
		InUse: 3, Dialing: 1, Idle: 0, Waiting: 12, Waited: 8*time.Second + 345,
	}
	for _, c := range []struct {
		e    Error
		want string
	}{
		{full, "pool jobs: a.example:80: no connection came free in time (in use 3 of 4, being dialed 1 of 64, idle 0, waiting 12 of 1000, waited 8s)"},
		{Error{Reason: ErrDraining, MaxPerHost: Unlimited}, "pool: the pool is being drained (in use 0, being dialed 0, idle 0, waiting 0, waited 0s)"},
	} {
		if got := c.e.Error(); got != c.want {
			t.Errorf("the text is %q, want %q", got, c.want)
		}
	}
	for r := Kept; r <= NotPooled; r++ {
		if s := r.String(); s == "" || s == "unknown" {
			t.Errorf("reason %d is called %q", r, s)
		}
	}
	if s := (NotPooled + 1).String(); s != "unknown" {
		t.Errorf("a reason that does not exist is called %q", s)
	}
	if full.Timeout() != full.Is(transport.ErrTimeout) || !full.Timeout() || strings.Contains(full.Error(), "\n") {
		t.Error("it is no timeout, or not on one line")
	}
}
