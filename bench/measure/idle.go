package measure

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"github.com/hackney-go/hackney/bench/client"
	"github.com/hackney-go/hackney/bench/result"
	"github.com/hackney-go/hackney/bench/scenario"
)

// Idle measures what the connections of a scenario cost once all of them are idle. The
// requests are of the scenario's task, which the target answers only when all have come.
func Idle(c client.Client, s *scenario.Scenario) (*result.Sample, error) {
	n := s.Concurrency
	operations, err := operationsOf(c, n)
	if err != nil {
		return nil, err
	}
	startAndEnd(n)
	memory, err := resident()
	if err != nil {
		return nil, err
	}
	goroutines := runtime.NumGoroutine()
	sample := &result.Sample{
		Scenario: s.Name, Operations: int64(n), Bytes: int64(n) * s.Answer(),
	}
	if err := measured(sample, operations, n); err != nil {
		return nil, err
	}
	now, err := resident()
	sample.IdleBytes = float64(now-memory) / float64(n)
	sample.IdleGoroutines = float64(runtime.NumGoroutine()-goroutines) / float64(n)
	runtime.KeepAlive(operations)
	return sample, err
}

// startAndEnd leaves to those that come what n goroutines with much memory need beside
// it: their descriptors, and the runtime's notes on the memory. It counts for nobody then.
func startAndEnd(n int) {
	var all, started sync.WaitGroup
	end := make(chan struct{})
	started.Add(n)
	for range n {
		all.Go(func() {
			heap := make([]byte, 16<<10)
			fill(heap)
			started.Done()
			<-end
			runtime.KeepAlive(heap)
		})
	}
	started.Wait()
	close(end)
	all.Wait()
}

// fill uses as much of the stack as p is long, at most.
func fill(p []byte) {
	var stack [16 << 10]byte
	copy(p, stack[:])
}

// resident is how much memory of the process is in use.
func resident() (int64, error) {
	runtime.GC() // empties the pools of the program, and with the second what they kept back
	runtime.GC()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("the resident memory is measured on Linux only: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/self/statm has %q", text)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
