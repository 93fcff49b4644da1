// Package measure runs the operations of a client and says what they cost.
package measure

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/hackney-go/hackney/bench/client"
	"github.com/hackney-go/hackney/bench/result"
	"github.com/hackney-go/hackney/bench/scenario"
)

const (
	mostWarmups   = 500
	mostLatencies = 20_000
	// fewestLatencies is how many a 99th percentile needs.
	fewestLatencies = 100
)

// A Plan says how many operations there are.
type Plan struct {
	Warmup, Operations, Latencies int // Latencies in a pass of their own
}

// PlanFor makes the plan of a scenario of which a part is to be done: one in divide.
func PlanFor(s *scenario.Scenario, divide int) Plan {
	n := max(1, s.Operations/divide)
	p := Plan{Warmup: max(s.Concurrency, min(n/10, mostWarmups)), Operations: n}
	if n/4 >= fewestLatencies {
		p.Latencies = min(n/4, mostLatencies)
	}
	return p
}

// Run measures a client at a task.
func Run(c client.Client, s *scenario.Scenario, p Plan) (*result.Sample, error) {
	operations, err := operationsOf(c, s.Concurrency)
	if err != nil {
		return nil, err
	}
	if err := each(operations, p.Warmup, repeat); err != nil {
		return nil, err
	}
	sample := &result.Sample{
		Scenario: s.Name, Operations: int64(p.Operations),
		Bytes: int64(p.Operations) * (s.Answer() + s.Upload),
	}
	if err := measured(sample, operations, p.Operations); err != nil {
		return nil, err
	}
	return sample, timed(sample, operations, p.Latencies)
}

// operationsOf asks a client for the operations of n goroutines.
func operationsOf(c client.Client, n int) ([]client.Operation, error) {
	operations := make([]client.Operation, n)
	for i := range operations {
		var err error
		if operations[i], err = c.Operation(); err != nil {
			return nil, err
		}
	}
	return operations, nil
}

// measured does the pass in which nothing is measured but the whole.
func measured(sample *result.Sample, operations []client.Operation, n int) error {
	runtime.GC() // all begin alike
	memory := allocated()
	before, err := cpuTime()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := each(operations, n, repeat); err != nil {
		return err
	}
	sample.Elapsed = time.Since(start)
	after, err := cpuTime()
	if err != nil {
		return err
	}
	sample.User, sample.System = after.user-before.user, after.system-before.system
	now := allocated()
	sample.Allocs = float64(now.count-memory.count) / float64(n)
	sample.AllocBytes = float64(now.bytes-memory.bytes) / float64(n)
	return nil
}

type allocations struct{ count, bytes uint64 }

func allocated() allocations {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return allocations{m.Mallocs, m.TotalAlloc}
}

// timed does the pass in which each operation is timed.
func timed(sample *result.Sample, operations []client.Operation, n int) error {
	if n == 0 {
		return nil
	}
	latencies := make([]time.Duration, n)
	err := each(operations, n, func(do client.Operation, first, count int) error {
		return timeEach(do, latencies[first:first+count])
	})
	slices.Sort(latencies)
	sample.P50, sample.P99 = percentile(latencies, 50), percentile(latencies, 99)
	return err
}

func timeEach(do client.Operation, latencies []time.Duration) error {
	for i := range latencies {
		start := time.Now()
		if err := do(); err != nil {
			return err
		}
		latencies[i] = time.Since(start)
	}
	return nil
}

// percentile is the smallest that is at least as large as p in a hundred of them all.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

func repeat(do client.Operation, _, count int) error {
	for range count {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// each runs n operations, spread over a goroutine for each element of the list: the
// goroutine of do has those from number first on. The first error is returned once all
// goroutines have ended; one that has an error goes no further.
func each(operations []client.Operation, n int, run func(do client.Operation, first, count int) error) error {
	var (
		all    sync.WaitGroup
		once   sync.Once
		failed error
	)
	first := 0
	for i, do := range operations {
		begin, count := first, share(n, len(operations), i)
		first += count
		all.Go(func() {
			if err := run(do, begin, count); err != nil {
				once.Do(func() { failed = err })
			}
		})
	}
	all.Wait()
	return failed
}

// share is the part of n that number i of so many gets.
func share(n, of, i int) int {
	count := n / of
	if i < n%of {
		count++
	}
	return count
}
