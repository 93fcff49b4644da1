package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/leaktest"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// soakFor runs a short soak.
func soakFor(t *testing.T, d, patience, settle time.Duration, p plant) (*result, string) {
	t.Helper()
	alone(t)
	var out bytes.Buffer
	r, err := run(t.Context(), config{time: d, seed: 11, workers: 16, patience: patience, settle: settle, out: &out, plant: p})
	if err != nil {
		t.Fatal(err)
	}
	r.print(&out)
	return r, out.String()
}

// alone waits until the goroutines of an earlier soak are gone: they would count as having been there
// at the start.
func alone(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(wiretest.Patience); ; {
		err := goleak.Find() // which looks for a while by itself
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// TestSoak soaks for a moment.
func TestSoak(t *testing.T) {
	r, out := soakFor(t, 1500*time.Millisecond, 4*wiretest.Patience, wiretest.Patience, plant{})
	if !r.good() {
		t.Error(out)
	}
	if r.tally.requests.Load() == 0 || r.tally.faults.Load() == 0 || r.tally.errors() == "" {
		t.Errorf("nothing happened:\n%s", out)
	}
}

// TestPlants has each check find what was planted for it.
func TestPlants(t *testing.T) {
	for _, test := range []struct {
		name  string
		plant plant
		found func(*result) bool
		text  string
	}{
		{"a wrong byte", plant{wrongByte: true}, func(r *result) bool { return r.tally.wrong.Load() > 0 }, "is not what was sent"},
		{"another's answer", plant{wrongID: true}, func(r *result) bool { return r.tally.wrong.Load() > 0 }, "came for"},
		{"an error without a fault", plant{silentFaults: true}, func(r *result) bool { return r.tally.unexpected.Load() > 0 }, "unexpected:"},
		{"a hang", plant{hang: true}, func(r *result) bool { return r.hangs > 0 }, `is at "planted"`},
		{"a connection", plant{conn: true}, func(r *result) bool { return r.leaks > 0 }, "leak: connections"},
		{"a pool's connection", plant{slot: true}, func(r *result) bool { return r.leaks > 0 }, "leak: pool free"},
		{"a goroutine", plant{goroutine: true}, func(r *result) bool { return r.leaks == 1 }, "leak: goroutines"},
		{"a file", plant{file: true}, func(r *result) bool { return r.leaks == 1 || leaktest.FDs() == 0 }, ""},
		{"memory", plant{garbage: true}, func(r *result) bool { return grown(r.start, r.end) }, "memory grew"},
	} {
		t.Run(test.name, func(t *testing.T) {
			patience := 4 * wiretest.Patience
			if test.plant.hang {
				patience = 2 * time.Second // a job that is slower would be found as well
			}
			r, out := soakFor(t, time.Second, patience, time.Second, test.plant)
			if r.good() || !test.found(r) || !strings.Contains(out, test.text) {
				t.Errorf("it was not found:\n%s", out)
			}
		})
	}
}

// TestCheck holds wrong answers against a request.
func TestCheck(t *testing.T) {
	a := ask{id: 7, as: "chunked", n: 100, interim: 1, trailer: true, upN: 5}
	body := content(7, 100)
	right := func() answer {
		return answer{
			status: 200, headers: headers.New("X-Id", "7", "X-Got", "5"), trailers: headers.New("X-Sum", sum(body)),
			interim: 1, body: body, whole: true,
		}
	}
	for _, test := range []struct {
		name   string
		change func(*answer)
		early  bool
		want   string
	}{
		{"right", func(*answer) {}, false, ""},
		{"a part", func(a *answer) { a.body, a.whole = body[:10], false }, false, ""},
		{"early", func(a *answer) { a.headers = a.headers.With("X-Got", "early") }, true, ""},
		{"early without a fault", func(a *answer) { a.headers = a.headers.With("X-Got", "early") }, false, `"early" bytes`},
		{"another's", func(a *answer) { a.headers = a.headers.With("X-Id", "8") }, false, `came for "8"`},
		{"nobody's", func(a *answer) { a.headers = nil }, false, `came for ""`},
		{"status", func(a *answer) { a.status = 500 }, false, "status 500"},
		{"upload", func(a *answer) { a.headers = a.headers.With("X-Got", "4") }, false, `"4" bytes`},
		{"interim", func(a *answer) { a.interim = 0 }, false, "0 interim"},
		{"short", func(a *answer) { a.body = body[:99] }, false, "99 bytes, want 100"},
		{"long", func(a *answer) { a.body = content(7, 101) }, false, "101 bytes, want 100"},
		{"mixed up", func(a *answer) { a.body = append(content(8, 50), body[50:]...) }, false, "is not what was sent"},
		{"shifted", func(a *answer) { a.body, a.whole = body[8:50], false }, false, "is not what was sent"},
		{"no trailer", func(a *answer) { a.trailers = new(headers.Headers) }, false, "the trailer"},
	} {
		got := right()
		test.change(&got)
		if why := check(a, "GET", got, test.early); (why == "") != (test.want == "") || !strings.Contains(why, test.want) {
			t.Errorf("%s: found %q, want %q", test.name, why, test.want)
		}
	}
}

// TestOffence holds wrong requests against what may come to a server.
func TestOffence(t *testing.T) {
	for _, test := range []struct {
		name, target string
		a            ask
		fields       []string
		forward      bool
		want         string
	}{
		{"right", "/", ask{}, nil, false, ""},
		{"with credentials", "/", ask{auth: true}, []string{"Authorization"}, false, ""},
		{"without them, elsewhere", "/", ask{auth: true, far: true}, nil, false, ""},
		{"to a proxy", "http://a/", ask{}, []string{"Proxy-Authorization"}, true, ""},
		{"absolute", "http://a/", ask{}, nil, false, "form"},
		{"not absolute", "/", ask{}, nil, true, "form"},
		{"the proxy's secret", "/", ask{}, []string{"Proxy-Authorization"}, false, "proxy's credentials"},
		{"the user's secret", "/", ask{auth: true, far: true}, []string{"Authorization"}, false, "another origin"},
		{"a cookie", "/", ask{auth: true, far: true}, []string{"Cookie"}, false, "another origin"},
		{"nothing", "/", ask{auth: true}, nil, false, "missing"},
	} {
		req, err := http.NewRequest("GET", test.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range test.fields {
			req.Header.Set(name, "x")
		}
		o := &origin{forward: test.forward}
		if why := o.offence(req, test.a); (why == "") != (test.want == "") || !strings.Contains(why, test.want) {
			t.Errorf("%s: found %q, want %q", test.name, why, test.want)
		}
	}
}

// TestUploaded holds wrong bodies against what was to be sent.
func TestUploaded(t *testing.T) {
	for _, up := range []string{"raw", "file", "form", "multipart"} {
		p := &play{a: ask{id: 3, up: up, upN: 9}, req: &http.Request{Header: http.Header{}}}
		if p.uploaded([]byte("wrong")) || p.uploaded(nil) {
			t.Errorf("%s: a wrong body was taken for right", up)
		}
	}
	p := &play{a: ask{id: 3, up: "raw", upN: 9}}
	if b := content(3, 9); !p.uploaded(b) || p.uploaded(b[:8]) || p.uploaded(content(4, 9)) {
		t.Error("raw: a right body is wrong, or the other way round")
	}
}

// TestClassOf has an error of each kind.
func TestClassOf(t *testing.T) {
	network := func(op string, err error) error { return &hackney.TransportError{Op: op, Err: err} }
	for _, test := range []struct {
		err  error
		want class
	}{
		{network("read", transport.ErrTimeout), timeout},
		{network("read", context.DeadlineExceeded), timeout},
		{network("read", context.Canceled), cancelled},
		{network("read", syscall.ECONNRESET), reset},
		{network("write", syscall.EPIPE), reset},
		{network("dial", syscall.ECONNREFUSED), refused},
		{network("TLS handshake", io.EOF), handshake},
		{network("read", tls.AlertError(42)), handshake},
		{&hackney.IncompleteError{}, closed},
		{&hackney.IncompleteError{Cause: syscall.ECONNRESET}, reset},
		{&hackney.ProtocolError{}, protocol},
		{&hackney.LimitError{}, limit},
		{&hackney.PoolError{Reason: errors.New("full")}, pooled},
		{&hackney.ProxyError{Status: 403}, proxied},
		{&hackney.ProxyError{Err: network("read", transport.ErrTimeout)}, timeout},
		{&hackney.RedirectError{Err: hackney.ErrTooManyRedirects}, redirected},
		{&hackney.StateError{Err: hackney.ErrStale}, stale},
		{&hackney.StateError{Err: hackney.ErrClosed}, aborted},
		{&hackney.StateError{Err: hackney.ErrInvalidState}, caller},
		{&hackney.ArgumentError{Err: io.EOF}, caller},
		{hackney.ErrStopped, stopped},
		{errors.New("what is this"), other},
	} {
		if got := classOf(test.err); got != test.want {
			t.Errorf("%v is %v, want %v", test.err, got, test.want)
		}
	}
}

// TestAllowed has an error judged behind faults that explain it, and that do not.
func TestAllowed(t *testing.T) {
	garbage, stall := &fault{name: "garbage", allows: protocol}, &fault{name: "stall", allows: timeout}
	for _, test := range []struct {
		met        []*fault
		own        class
		unexpected int64
	}{
		{nil, 0, 1},
		{[]*fault{garbage}, 0, 0},
		{[]*fault{stall}, 0, 1},
		{[]*fault{stall, garbage}, 0, 0},
		{nil, protocol, 0},
		{nil, timeout | ended, 1},
	} {
		s := &soak{ledger: newLedger(), tally: newTally()}
		j := &job{soak: s, own: test.own, ask: ask{id: 5}}
		s.ledger.begin(5)
		for _, f := range test.met {
			s.ledger.note(5, f)
		}
		s.ledger.note(6, garbage) // that of another
		j.failed("head", hackney.ClientState{}, &hackney.ProtocolError{})
		if got := s.tally.unexpected.Load(); got != test.unexpected {
			t.Errorf("behind %s, with %v of its own: %d unexpected, want %d", names(test.met), test.own, got, test.unexpected)
		}
		if s.ledger.end(5); len(s.ledger.open) != 0 {
			t.Error("the ledger keeps what has ended")
		}
	}
}

// TestAsk reads what a target says.
func TestAsk(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	want := ask{
		id: dice.Uint64(), as: "length", n: 3, interim: 2, trailer: true, last: true, up: "form", upN: 4,
		impatient: true, hops: 5, code: 307, cross: true, far: true, auth: true,
	}
	u, err := url.Parse(want.target())
	if err != nil {
		t.Fatal(err)
	}
	if got := readAsk(u); got != want {
		t.Errorf("%+v came back as %+v", want, got)
	}
}

// TestWatch tells who is late.
func TestWatch(t *testing.T) {
	w := newWatch(time.Second)
	w.begin(1, "quick")
	w.begin(2, "slow")
	w.end(1)
	if got := w.hung(time.Now()); len(got) != 0 {
		t.Errorf("late at once: %q", got)
	}
	if got := fmt.Sprint(w.hung(time.Now().Add(time.Minute))); !strings.Contains(got, `"slow"`) || strings.Contains(got, "quick") {
		t.Errorf("late after a minute: %s", got)
	}
}

// TestKinds draws each kind of traffic.
func TestKinds(t *testing.T) {
	dice, drawn := rand.New(rand.NewPCG(1, 2)), map[string]bool{}
	for range 5000 {
		drawn[kindFor(dice).name] = true
	}
	if len(drawn) != len(kinds) {
		t.Errorf("%d of %d kinds were drawn", len(drawn), len(kinds))
	}
}
