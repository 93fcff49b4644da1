// Command soak drives the library with mixed traffic for a while, against servers
// of its own that misbehave at random, and judges all that comes of it.
//
//	go run ./internal/soak [-time 30s] [-seed N] [-workers 32]
//
// Everything is in this process and on the loopback interface. What the clients do
// and what the servers do to them follows from the seed, which is printed first; the
// order in which it happens does not. traffic.go, uploads.go and ends.go are the
// clients, which use the public functions only; server.go, faults.go and proxies.go
// are their peers; judge.go holds the one against the other; watch.go looks for what
// hangs, leaks and grows.
//
// The last line tells what happened. The exit code is 1 when an answer was wrong, an
// error was none that the fault allows, an operation did not end within 20 s,
// something was left over at the end, or memory grew without bound, which means: from
// what was in use when all rested after the warm-up, a tenth of the time, to more
// than twice that and 8 MiB at the end.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"time"
)

func main() {
	c := config{patience: 20 * time.Second, settle: 10 * time.Second, out: os.Stdout}
	flag.DurationVar(&c.time, "time", 30*time.Second, "how long the traffic goes on")
	flag.Uint64Var(&c.seed, "seed", rand.Uint64N(1e9), "what all choices follow from")
	flag.IntVar(&c.workers, "workers", 32, "how many work at a time")
	flag.Parse()
	if flag.NArg() > 0 || c.time <= 0 || c.workers <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop() // an interrupt ends the traffic early, and all is judged as ever
	fmt.Printf("soak: seed %d, %d workers, %v\n", c.seed, c.workers, c.time)
	r, err := run(ctx, c)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
	r.print(os.Stdout)
	if !r.good() {
		os.Exit(1)
	}
}
