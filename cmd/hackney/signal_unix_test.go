//go:build unix

package main

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/hackney-go/hackney/internal/testserver"
)

// TestInterrupted interrupts a request, as Ctrl-C does.
func TestInterrupted(t *testing.T) {
	s := startServer(t, testserver.Options{})
	for sig, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		cmd := exec.Command("hackney", "get", "--trace", "--json", s.URL()+"/hang")
		var stdout strings.Builder
		cmd.Stdout = &stdout
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(stderr)
		if line, err := lines.ReadString('\n'); line != "Connect start -> start\n" {
			t.Errorf("%q, error %v", line, err)
		}
		cmd.Process.Signal(sig)
		rest, _ := io.ReadAll(lines)
		cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("%v: exit code %d, want %d\n%s%s", sig, got, want, rest, stdout.String())
		}
		if !strings.Contains(stdout.String(), `"blame":"network"`) {
			t.Errorf("%v: %s", sig, stdout.String())
		}
	}
}
