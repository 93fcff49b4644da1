// Package leaktest makes a package's tests fail when they leave something
// behind: a goroutine that still runs, or a file descriptor that is still open.
//
// A package opts in with one function:
//
//	func TestMain(m *testing.M) { leaktest.Main(m) }
//
// Descriptors are counted on Linux only. Nothing is collected on the tests'
// behalf: a socket that only the garbage collector would close counts as a leak
// unless the test itself runs the collector.
package leaktest

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long Main waits for the last descriptors to go: a close that
// runs beside a read takes effect when the read has returned.
const patience = 3 * time.Second

// Main runs the tests of m and exits with their code. When they passed, it looks
// for goroutines and descriptors that were left over, and fails if there are any.
func Main(m *testing.M) {
	warmUp()
	before := openFiles()
	code := m.Run()
	if code == 0 && !fuzzing() {
		if err := leaks(before, patience); err != nil {
			fmt.Fprintln(os.Stderr, "leaktest: the tests passed but left something behind:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// FDs returns how many file descriptors the process has open, and 0 where that
// cannot be counted.
func FDs() int { return len(openFiles()) }

// leaks reports goroutines that run, and descriptors open beyond those in before.
func leaks(before map[string]string, wait time.Duration) error {
	return errors.Join(goleak.Find(), lostFiles(before, wait))
}

// lostFiles polls until no more descriptors are open than in before.
func lostFiles(before map[string]string, wait time.Duration) error {
	for end := time.Now().Add(wait); ; time.Sleep(5 * time.Millisecond) {
		now := openFiles()
		if len(now) <= len(before) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d file descriptors at the start, %d at the end; new: %s",
				len(before), len(now), strings.Join(added(before, now), ", "))
		}
	}
}

// added names the descriptors of now that before does not have.
func added(before, now map[string]string) []string {
	var names []string
	for fd, target := range now {
		if before[fd] != target {
			names = append(names, fd+" -> "+target)
		}
	}
	return names
}

// warmUp makes the runtime open the descriptors of its network poller, which it
// keeps for good, before they are counted.
func warmUp() {
	r, w, err := os.Pipe()
	if err != nil {
		return
	}
	r.Close()
	w.Close()
}

// fuzzing reports whether this process is part of a fuzzing run, whose workers
// and pipes belong to the testing package.
func fuzzing() bool {
	for _, name := range []string{"test.fuzz", "test.fuzzworker"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != f.DefValue {
			return true
		}
	}
	return false
}
