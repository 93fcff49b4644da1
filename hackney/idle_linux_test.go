package hackney_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
)

// holderEnv makes the test program a server that holds connections, so that what is
// measured is the client alone.
const holderEnv = "HACKNEY_TEST_HOLDER"

func init() {
	if os.Getenv(holderEnv) == "" {
		return
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	held := make(chan net.Conn, 1<<15)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				panic(err)
			}
			held <- conn
		}
	}()
	io.Copy(io.Discard, os.Stdin) // until the test ends
	os.Exit(0)
}

// holder starts that server.
func holder(t *testing.T) (address string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holderEnv+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// resident is how much memory of the program is in use, in bytes.
func resident(t *testing.T) int {
	runtime.GC() // empties what sync.Pool keeps, and the next what it kept before
	runtime.GC()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// underRace says whether this is the race detector's build, which needs more memory.
func underRace() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// TestIdleConnectionsAreCheap holds what an idle connection in a pool costs: memory,
// and no goroutine.
func TestIdleConnectionsAreCheap(t *testing.T) {
	const n = 5000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < n+200 {
		t.Logf("only %d files may be open: with %d connections", limit.Cur, limit.Cur/2)
	}
	count := min(n, int(limit.Cur/2))
	url := "http://" + holder(t) + "/"
	p := pPool(t, pool.Opts{MaxIdle: pool.Unlimited})
	o := &hackney.Opts{Pool: p}
	if err := hackney.Prewarm(context.Background(), url, 100, o); err != nil { // what is needed once
		t.Fatal(err)
	}
	before, goroutines := resident(t), runtime.NumGoroutine()
	if err := hackney.Prewarm(context.Background(), url, count, o); err != nil {
		t.Fatal(err)
	}
	if p.Size() != count {
		t.Fatalf("%d are idle, want %d", p.Size(), count)
	}
	each := (resident(t) - before) / (count - 100)
	t.Logf("%d idle connections: %d bytes each", count, each)
	if more := runtime.NumGoroutine() - goroutines; more > 0 {
		t.Errorf("%d goroutines more", more)
	}
	if each > 1400 && !underRace() { // of them some 1,000 are the socket's, in package net and the poller
		t.Errorf("%d bytes each, want 1400 at the most", each)
	}
}
