package measure

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hackney-go/hackney/bench/client"
	"github.com/hackney-go/hackney/bench/result"
	"github.com/hackney-go/hackney/bench/scenario"
)

func TestEachDoesAll(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 17, 1000} {
		var (
			done atomic.Int64
			mu   sync.Mutex
			seen = make([]int, n)
		)
		operations := make([]client.Operation, 16)
		for i := range operations {
			operations[i] = func() error { done.Add(1); return nil }
		}
		err := each(operations, n, func(do client.Operation, first, count int) error {
			mu.Lock()
			for i := first; i < first+count; i++ {
				seen[i]++
			}
			mu.Unlock()
			return repeat(do, first, count)
		})
		if done.Load() != int64(n) || err != nil {
			t.Errorf("%d operations of %d, %v", done.Load(), n, err)
		}
		if slices.ContainsFunc(seen, func(times int) bool { return times != 1 }) {
			t.Errorf("of %d: %v", n, seen)
		}
	}
}

func TestEachFails(t *testing.T) {
	broken := errors.New("broken")
	operations := []client.Operation{func() error { return nil }, func() error { return broken }}
	if err := each(operations, 10, repeat); err != broken {
		t.Errorf("%v, want %v", err, broken)
	}
	if err := timed(new(result.Sample), operations, 10); err != broken {
		t.Errorf("%v, want %v", err, broken)
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		of   []time.Duration
		p    int
		want time.Duration
	}{
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred[:10], 99, 10},
		{hundred[:3], 50, 2},
		{hundred[:1], 50, 1},
	} {
		if got := percentile(c.of, c.p); got != c.want {
			t.Errorf("p%d of %d: %d, want %d", c.p, len(c.of), got, c.want)
		}
	}
}

func TestPlanFor(t *testing.T) {
	for _, c := range []struct {
		operations, concurrency, divide int
		want                            Plan
	}{
		{40_000, 16, 1, Plan{500, 40_000, 10_000}},
		{200_000, 16, 1, Plan{500, 200_000, 20_000}},
		{1, 1, 10, Plan{1, 1, 0}},
		{500, 4, 1, Plan{50, 500, 125}},
	} {
		s := &scenario.Scenario{Operations: c.operations, Concurrency: c.concurrency}
		if got := PlanFor(s, c.divide); got != c.want {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}
