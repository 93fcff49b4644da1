package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/leaktest"
	"github.com/hackney-go/hackney/transport"
)

// A watch knows since when each worker is at its job.
type watch struct {
	patience time.Duration
	mu       sync.Mutex
	at       map[int]post
}

// post is what a worker is at.
type post struct {
	name  string
	since time.Time
}

func newWatch(patience time.Duration) *watch { return &watch{patience: patience, at: map[int]post{}} }

func (w *watch) begin(worker int, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at[worker] = post{name, time.Now()}
}

func (w *watch) end(worker int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.at, worker)
}

// hung are the jobs that take too long.
func (w *watch) hung(now time.Time) (names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for worker, j := range w.at {
		if took := now.Sub(j.since); took > w.patience {
			names = append(names, fmt.Sprintf("worker %d is at %q for %v", worker, j.name, took.Round(time.Millisecond)))
		}
	}
	return names
}

// stacks are those of all goroutines.
func stacks() []byte {
	b := make([]byte, 4<<20)
	return b[:runtime.Stack(b, true)]
}

// counts are what must be at the end as it was at the start.
type counts struct{ goroutines, files int }

// warmUp has the runtime open what its network poller needs, which it keeps.
func warmUp() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return l.Close()
}

func countAll() counts { return counts{runtime.NumGoroutine(), leaktest.FDs()} }

// memory is what is in use once the collector has been.
func memory() uint64 {
	runtime.GC()
	runtime.GC() // what the first one has clean-ups for, and what sync.Pool still had
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A result is what a run came to.
type result struct {
	*soak
	took       time.Duration
	hangs      int
	leaks      int
	start, end uint64 // memory
}

// finish looks what is left, with the clients gone: first in the pools, then at the servers, and when these
// are gone too, in the process.
func (s *soak) finish(r *result, before counts) {
	s.plantLeaks()
	r.end = memory()
	hackney.StopPool(namedPool)
	leak := func(what string, gone func() bool, left func() string) {
		if !s.until(gone) {
			r.leaks++
			fmt.Fprintf(s.out, "leak: %s: %s\n", what, left())
		}
	}
	for _, p := range []*pool.Pool{s.limited, s.free, s.small} {
		leak("pool "+p.Name(), func() bool { return even(p.Stats()) }, func() string { return fmt.Sprintf("%+v", p.Stats().Counts) })
		ctx, cancel := context.WithTimeout(context.Background(), s.settle)
		leak("pool "+p.Name(), func() bool { return p.Drain(ctx) == nil }, func() string { return "it cannot be drained" })
		cancel()
	}
	leak("connections", func() bool { return s.connections() == 0 }, func() string {
		return fmt.Sprintf("%d are open at the servers", s.connections())
	})
	for _, d := range s.doors {
		d.close()
	}
	leak("goroutines", func() bool { return runtime.NumGoroutine() <= before.goroutines }, func() string {
		return fmt.Sprintf("%d at the start, %d at the end\n%s", before.goroutines, runtime.NumGoroutine(), stacks())
	})
	leak("descriptors", func() bool { return leaktest.FDs() <= before.files }, func() string {
		return fmt.Sprintf("%d at the start, %d at the end", before.files, leaktest.FDs())
	})
}

// even says whether nobody has anything of a pool, or waits for it, and its numbers add up.
func even(n pool.Stats) bool {
	return n.InUse == 0 && n.Dialing == 0 && n.Waiting == 0 && n.Opened+n.CheckedIn == uint64(n.Idle)+n.Discarded+n.Evicted.Total()
}

// connections is how many are open at the servers.
func (s *soak) connections() (n int) {
	for _, d := range s.doors {
		n += d.size()
	}
	return n
}

// until waits for something that comes when the collector has been, and says whether it came.
func (s *soak) until(is func() bool) bool {
	for end := time.Now().Add(s.settle); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
		runtime.GC()
	}
	return true
}

// grown says whether memory grew without bound.
func grown(start, end uint64) bool { return end > 2*start+8<<20 }

func (r *result) good() bool {
	return r.tally.wrong.Load() == 0 && r.tally.unexpected.Load() == 0 && r.hangs == 0 && r.leaks == 0 && !grown(r.start, r.end)
}

// print tells what was found, and all of it in one last line.
func (r *result) print(w io.Writer) {
	r.tally.print(w)
	if grown(r.start, r.end) {
		fmt.Fprintln(w, "memory grew to more than twice what it was, and 8 MiB")
	}
	t := r.tally
	fmt.Fprintf(w, "soak: %v, %d requests, %d faults met, errors: %s, wrong answers %d, unexpected errors %d, hangs %d, leaks %d, memory %.1f MB -> %.1f MB\n",
		r.took, t.requests.Load(), t.faults.Load(), t.errors(), t.wrong.Load(), t.unexpected.Load(), r.hangs, r.leaks,
		float64(r.start)/1e6, float64(r.end)/1e6)
}

// plantLeaks leaves behind what the tests want to be found.
func (s *soak) plantLeaks() {
	if s.plant.conn {
		cs, _ := hackney.Connect(context.Background(), transport.TCP, "127.0.0.1", s.plain.port(), nil)
		s.hold(client{cs})
	}
	if s.plant.slot {
		cs, _ := hackney.Connect(context.Background(), transport.TCP, "127.0.0.1", s.plain.port(), &hackney.Opts{Pool: s.free})
		s.hold(client{cs})
	}
	if s.plant.goroutine {
		quit := make(quitter)
		go func() { <-quit }()
		s.hold(quit)
	}
	if s.plant.file {
		if f, err := os.Open(os.Args[0]); err == nil {
			s.hold(f)
		}
	}
}

// A client closes with its state.
type client struct{ cs hackney.ClientState }

func (c client) Close() error {
	_, err := hackney.Close(c.cs)
	return err
}

// A quitter has a goroutine end when it is closed.
type quitter chan struct{}

func (q quitter) Close() error {
	close(q)
	return nil
}
