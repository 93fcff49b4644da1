package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A stage is a made-up network: what becomes of each address, and when. It logs
// what happens to it, on a clock that starts at zero.
type stage struct {
	start time.Time
	plays map[string]play
	log   chan string
}

type play struct {
	after time.Duration // how long the attempt takes; negative: for ever
	err   error         // nil: it connects
	deaf  bool          // connects even when cancelled
}

type stageConn struct {
	net.Conn
	addr   string
	closed bool
}

func (c *stageConn) Close() error { c.closed = true; return nil }

func (s *stage) note(addr, what string) {
	s.log <- time.Since(s.start).String() + " " + addr + " " + what
}

// dial plays the part of package net's dialer.
func (s *stage) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	s.note(addr, "starts")
	p := s.plays[addr]
	done := ctx.Done()
	if p.deaf {
		done = nil
	}
	var timer <-chan time.Time
	if p.after >= 0 {
		timer = time.After(p.after)
	}
	select {
	case <-done:
		s.note(addr, "is cancelled")
		return nil, ctx.Err()
	case <-timer:
	}
	if p.err != nil {
		return nil, p.err
	}
	return &stageConn{addr: addr}, nil
}

// run dials a name that has the addresses of ips.
func (s *stage) run(ctx context.Context, timeout time.Duration, ips ...string) (net.Conn, error) {
	s.start = time.Now()
	s.log = make(chan string, 100)
	d := dialer{dial: s.dial, lookup: func(context.Context, string) ([]net.IPAddr, error) { return addresses(ips...), nil }}
	return d.dialName(newLimit(ctx, timeout), "h", "h:80", 80)
}

// lines returns what was logged.
func (s *stage) lines() []string {
	close(s.log)
	var lines []string
	for l := range s.log {
		lines = append(lines, l)
	}
	return lines
}

func addresses(ips ...string) []net.IPAddr {
	var out []net.IPAddr
	for _, ip := range ips {
		host, zone, _ := strings.Cut(ip, "%")
		out = append(out, net.IPAddr{IP: net.ParseIP(host), Zone: zone})
	}
	return out
}

func TestInterleave(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"127.0.0.1", "127.0.0.1:80"},
		{"192.0.2.1 192.0.2.2 2001:db8::1", "[2001:db8::1]:80 192.0.2.1:80 192.0.2.2:80"},
		{"2001:db8::2 2001:db8::1 192.0.2.1", "[2001:db8::2]:80 192.0.2.1:80 [2001:db8::1]:80"},
		{"fe80::1%eth0 192.0.2.1", "[fe80::1%eth0]:80 192.0.2.1:80"},
	} {
		got := strings.Join(interleave(addresses(strings.Fields(c.in)...), 80), " ")
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}

func TestRace(t *testing.T) {
	refused := errors.New("refused")
	const v4, v4b, v6 = "192.0.2.1:80", "192.0.2.2:80", "[2001:db8::1]:80"
	for _, c := range []struct {
		name  string
		plays map[string]play
		want  string // the address that wins
		log   []string
	}{
		{
			"first wins within its head start",
			map[string]play{v6: {after: 200 * time.Millisecond}},
			v6,
			[]string{"0s [2001:db8::1]:80 starts"},
		},
		{
			"silence gives the next one its turn",
			map[string]play{v6: {after: -1}, v4: {after: time.Millisecond}},
			v4,
			[]string{"0s [2001:db8::1]:80 starts", "250ms 192.0.2.1:80 starts", "251ms [2001:db8::1]:80 is cancelled"},
		},
		{
			"a failure gives the next one its turn at once, and that one a full head start",
			map[string]play{v6: {after: 100 * time.Millisecond, err: refused}, v4: {after: -1}, v4b: {}},
			v4b,
			[]string{"0s [2001:db8::1]:80 starts", "100ms 192.0.2.1:80 starts", "350ms 192.0.2.2:80 starts", "350ms 192.0.2.1:80 is cancelled"},
		},
		{
			"a late first one still wins",
			map[string]play{v6: {after: 260 * time.Millisecond}, v4: {after: -1}},
			v6,
			[]string{"0s [2001:db8::1]:80 starts", "250ms 192.0.2.1:80 starts", "260ms 192.0.2.1:80 is cancelled"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &stage{plays: c.plays}
				conn, err := s.run(t.Context(), time.Minute, "192.0.2.1", "2001:db8::1", "192.0.2.2")
				if err != nil {
					t.Fatal(err)
				}
				if got := conn.(*stageConn).addr; got != c.want {
					t.Errorf("%s won, want %s", got, c.want)
				}
				if diff := cmp.Diff(c.log, s.lines()); diff != "" {
					t.Errorf("log (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestRaceClosesLosers lets a loser connect although it was cancelled.
func TestRaceClosesLosers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loser *stageConn
		s := &stage{plays: map[string]play{"[2001:db8::1]:80": {after: time.Second, deaf: true}, "192.0.2.1:80": {}}}
		s.start, s.log = time.Now(), make(chan string, 100)
		d := dialer{dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := s.dial(ctx, network, addr)
			if strings.HasPrefix(addr, "[") {
				loser = conn.(*stageConn)
			}
			return conn, err
		}}
		conn, _ := d.race(t.Context(), []string{"[2001:db8::1]:80", "192.0.2.1:80"})
		if got := conn.(*stageConn).addr; got != "192.0.2.1:80" {
			t.Errorf("%s won", got)
		}
		if !loser.closed || conn.(*stageConn).closed {
			t.Errorf("loser closed: %v, winner closed: %v", loser.closed, conn.(*stageConn).closed)
		}
	})
}

// TestRaceAllFail holds that the error has every address, in order.
func TestRaceAllFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{plays: map[string]play{
			"[2001:db8::1]:80": {after: 300 * time.Millisecond, err: errors.New("unreachable")},
			"192.0.2.1:80":     {err: io.EOF},
		}}
		_, err := s.run(t.Context(), time.Minute, "192.0.2.1", "2001:db8::1")
		if wantError(t, err, "dial"); !errors.Is(err, io.EOF) || errors.Is(err, ErrTimeout) {
			t.Errorf("error is %v", err)
		}
		want := "network: dial h:80: dial tcp [2001:db8::1]:80: unreachable; dial tcp 192.0.2.1:80: EOF"
		if err.Error() != want {
			t.Errorf("text is %q, want %q", err, want)
		}
	})
}

// TestRaceTimeout holds that the limit ends all attempts, starts no more, and
// is named before what was tried.
func TestRaceTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{plays: map[string]play{"[2001:db8::1]:80": {after: -1}, "192.0.2.1:80": {after: -1}}}
		_, err := s.run(context.Background(), 300*time.Millisecond, "192.0.2.1", "2001:db8::1", "192.0.2.2")
		wantTimeout(t, err, "dial")
		if got := time.Since(s.start); got != 300*time.Millisecond {
			t.Errorf("it took %v", got)
		}
		want := "network: dial h:80: timed out after 300ms; dial tcp [2001:db8::1]:80: context deadline exceeded; dial tcp 192.0.2.1:80: context deadline exceeded"
		if err.Error() != want {
			t.Errorf("text is %q, want %q", err, want)
		}
	})
}

func TestRaceCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("no longer wanted")
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
		s := &stage{plays: map[string]play{"[2001:db8::1]:80": {after: -1}}}
		_, err := s.run(ctx, time.Minute, "192.0.2.1", "2001:db8::1")
		if wantError(t, err, "dial"); !errors.Is(err, cause) || !errors.Is(err, context.Canceled) || errors.Is(err, ErrTimeout) {
			t.Errorf("error is %v", err)
		}
		if diff := cmp.Diff([]string{"0s [2001:db8::1]:80 starts", "10ms [2001:db8::1]:80 is cancelled"}, s.lines()); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}

// TestResolveTimeout holds the limit against a resolver that never answers,
// also when the caller's context has a deadline but no Done channel.
func TestResolveTimeout(t *testing.T) {
	d := dialer{lookup: func(ctx context.Context, _ string) ([]net.IPAddr, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	synctest.Test(t, func(t *testing.T) {
		_, err := d.dialName(newLimit(context.Background(), time.Second), "h", "h:80", 80)
		wantTimeout(t, err, "resolve")
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v blames the caller's context", err)
		}
		_, err = d.dialName(newLimit(deadlineOnly{context.Background(), time.Now().Add(time.Second)}, 0), "h", "h:80", 80)
		wantTimeout(t, err, "resolve")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v does not name the caller's context", err)
		}
	})
}

func TestNoAddress(t *testing.T) {
	s := &stage{}
	_, err := s.run(t.Context(), 0)
	if e := wantError(t, err, "resolve"); e.Err != errNoAddr {
		t.Errorf("error is %v", err)
	}
}

// TestSingleAddress holds that the only address of a name is dialed on the
// caller's goroutine, and named in the error.
func TestSingleAddress(t *testing.T) {
	d := dialer{
		lookup: func(context.Context, string) ([]net.IPAddr, error) { return addresses("192.0.2.1"), nil },
		dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return nil, ctx.Value(here{}).(error)
		},
	}
	ctx := context.WithValue(t.Context(), here{}, io.EOF)
	_, err := d.dialName(newLimit(ctx, time.Minute), "h", "h:80", 80)
	if want := "network: dial h:80: dial tcp 192.0.2.1:80: EOF"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

type here struct{}

// deadlineOnly is a context that tells its deadline but never closes a channel.
type deadlineOnly struct {
	context.Context
	at time.Time
}

func (d deadlineOnly) Deadline() (time.Time, bool) { return d.at, true }
func (deadlineOnly) Done() <-chan struct{}         { return nil }
