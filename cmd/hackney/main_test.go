package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/hackney-go/hackney/internal/testserver"
)

// TestMain makes the test binary the command hackney too, for the scripts. Both
// the tests and each run of the command must leave nothing behind.
func TestMain(m *testing.M) {
	testscript.Main(leakless(m.Run), map[string]func(){
		"hackney": func() { os.Exit(leakless(command).Run()) },
	})
}

// leakless runs something and fails it when a goroutine or a descriptor is left.
type leakless func() int

const exitLeak = 99

func (run leakless) Run() int {
	if r, w, err := os.Pipe(); err == nil { // the runtime keeps descriptors of its own from here on
		r.Close()
		w.Close()
	}
	before := openFiles()
	code := run()
	if err := leftBehind(before); err != nil {
		fmt.Fprintln(os.Stderr, "left behind:", err)
		return exitLeak
	}
	return code
}

// openFiles is the number of descriptors, where that can be counted (Linux). The
// pipes through which the kernel splices are left out: the runtime keeps them.
func openFiles() (n int) {
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && !strings.HasPrefix(target, "pipe:") {
			n++
		}
	}
	return n
}

func leftBehind(files int) error {
	if err := goleak.Find(); err != nil {
		return err
	}
	for end := time.Now().Add(3 * time.Second); openFiles() > files; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("%d descriptors, %d at the start", openFiles(), files)
		}
	}
	return nil
}

// result is what came of a command that was run in the test's own process.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a command in the test's own process.
func run(t *testing.T, args ...string) result {
	t.Helper()
	return runApp(t, &app{}, args...)
}

func runApp(t *testing.T, a *app, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a.stdout, a.stderr = &stdout, &stderr
	if a.stdin == nil {
		a.stdin = strings.NewReader("")
	}
	code := a.run(t.Context(), args)
	return result{code, stdout.String(), stderr.String()}
}

func startServer(t *testing.T, o testserver.Options) *testserver.Server {
	t.Helper()
	s, err := testserver.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// canceled is a context that has ended for a reason.
func canceled(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}
