package hackney

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/transport"
)

// mRedirected is an operation that was answered with a redirect.
func mRedirected(location string) (*operation, *plan, *http1.Head) {
	to := place{transport.TCP, "a.test", 80}
	a := &operation{h: &handle{core: &core{link: &link{origin: to.origin()}}}}
	a.cs.opts, a.cs.link = &Opts{FollowRedirect: true}, a.h.link
	return a, &plan{method: "GET", target: "/a/b"}, &http1.Head{Status: 302, Headers: *headers.New("Location", location)}
}

// mCost is how often, and how much, memory is taken for a Location.
func mCost(t *testing.T, location, want string) (times float64, size uint64) {
	t.Helper()
	a, p, head := mRedirected(location)
	const runs = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	times = testing.AllocsPerRun(runs, func() {
		if u, err := a.destination(p, head); err != nil || u.Target() != want {
			t.Fatalf("%.100v, %v", u, err)
		}
	})
	runtime.ReadMemStats(&after)
	return times, (after.TotalAlloc - before.TotalAlloc) / (runs + 1)
}

// TestC44_LocationIsLinear compares eight times the length with the length.
func TestC44_LocationIsLinear(t *testing.T) {
	for _, part := range []string{"../", "./", "x/../", "a/", "a//", "%2e%2e/", "\u00e9", " "} {
		small, large := "/"+strings.Repeat(part, 1_000)+"#", "/"+strings.Repeat(part, 8_000)+"#"
		times1, size1 := mCost(t, small, mClean(part, 1_000))
		times8, size8 := mCost(t, large, mClean(part, 8_000))
		if times8 > 12*times1 || size8 > 12*size1 {
			t.Errorf("%q: %v allocations of %d bytes become %v of %d", part, times1, size1, times8, size8)
		}
	}
}

// mClean is what the target of "/" and n parts is.
func mClean(part string, n int) string {
	if strings.HasSuffix(part, "./") && part[0] != '%' {
		return "/"
	}
	return "/" + strings.NewReplacer("\u00e9", "%C3%A9", " ", "%20").Replace(strings.Repeat(part, n))
}

// TestRedirectTrailsAreNotShared has two trails go on from one.
func TestRedirectTrailsAreNotShared(t *testing.T) {
	a, p, head := mRedirected("/1")
	hops := make([]Redirect, 1, 8)
	hops[0] = Redirect{URL: "first"}
	before := &trail{home: a.h.link.origin, hops: hops}
	a.cs.trail = before
	one := a.trailWith(p, head)
	p.method = "HEAD"
	two := a.trailWith(p, head)
	if len(before.hops) != 1 || len(one.hops) != 2 || one.hops[1].Method != "GET" || two.hops[1].Method != "HEAD" || one.home != before.home {
		t.Errorf("%+v, %+v, %+v", before.hops, one.hops, two.hops)
	}
}

func TestRedirectOrigins(t *testing.T) {
	first := place{transport.TCP, "a.test", 80}
	for other, same := range map[place]bool{
		{transport.TCP, "a.test", 80}: true, {transport.TCP, "A.Test", 80}: true,
		{transport.TLS, "a.test", 80}: false, {transport.TCP, "a.test", 81}: false, {transport.TCP, "a.test.", 80}: false,
		{transport.TCP, "b.test", 80}: false, {transport.Unix("/a"), "a.test", 80}: false, {transport.TCP, "a.tes", 80}: false,
	} {
		if first.same(other) != same || other.same(first) != same {
			t.Errorf("%v and %v are one: %v", first, other, !same)
		}
	}
}

// TestRedirectErrors holds whom they blame, also inside other errors.
func TestRedirectErrors(t *testing.T) {
	for reason, want := range map[error]Blame{ErrTooManyRedirects: BlameLimit, ErrNoLocation: BlamePeer, ErrBadLocation: BlamePeer} {
		var err error = &RedirectError{URL: "http://a/", Location: "x", Count: 3, Err: reason}
		if !errors.Is(err, reason) || BlameOf(err) != want || BlameOf(errors.Join(err)) != want || !strings.Contains(err.Error(), reason.Error()) {
			t.Errorf("%v is the fault of the %s", err, BlameOf(err))
		}
	}
}
