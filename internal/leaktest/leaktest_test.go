package leaktest

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

// leak is the environment variable that tells a child process what to leave behind.
const leak = "LEAKTEST_LEAVE"

var kept []any // what a child leaves open must not be collected

func TestFDs(t *testing.T) {
	needLinux(t)
	before := FDs()
	f := open(t)
	if got := FDs(); got != before+1 {
		t.Errorf("FDs with one more file open = %d, want %d", got, before+1)
	}
	f.Close()
	if got := FDs(); got != before {
		t.Errorf("FDs after its close = %d, want %d", got, before)
	}
}

func TestLostFiles(t *testing.T) {
	needLinux(t)
	before := openFiles()
	f := open(t)
	err := lostFiles(before, 10*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), f.Name()) {
		t.Errorf("a file is open: error %v, want one that names %s", err, f.Name())
	}
	time.AfterFunc(20*time.Millisecond, func() { f.Close() })
	if err := lostFiles(before, 5*time.Second); err != nil {
		t.Errorf("the file was closed a little later: %v", err)
	}
}

// TestMainExit runs this test binary again, with a child that leaves something behind.
func TestMainExit(t *testing.T) {
	cases := []struct{ leave, want string }{
		{"nothing", ""},
		{"goroutine", "TestLeave"},
		{"file", "file descriptors"},
	}
	for _, c := range cases {
		t.Run(c.leave, func(t *testing.T) {
			if c.leave == "file" {
				needLinux(t)
			}
			out, failed := runChild(t, c.leave)
			if failed != (c.want != "") || !strings.Contains(out, c.want) {
				t.Errorf("failed = %t, output %q; want it to mention %q", failed, out, c.want)
			}
		})
	}
}

// TestLeave is the child's part of TestMainExit.
func TestLeave(t *testing.T) {
	switch os.Getenv(leak) {
	case "goroutine":
		forever := make(chan int)
		go func() { <-forever }()
	case "file":
		kept = append(kept, open(t))
	}
}

func runChild(t *testing.T, leave string) (out string, failed bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestLeave$")
	cmd.Env = append(os.Environ(), leak+"="+leave)
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	err := cmd.Run()
	return b.String(), err != nil
}

func open(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func needLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("descriptors are counted on Linux only")
	}
}
