package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hackney-go/hackney/internal/testserver"
)

// TestPrompt shows the state before each line, on a terminal only.
func TestPrompt(t *testing.T) {
	s := startServer(t, testserver.Options{})
	const lines = "request POST /echo stream\n\nend"
	r := runApp(t, &app{stdin: strings.NewReader(lines), typing: true}, "step", s.URL())
	var prompts []string
	for line := range strings.Lines(r.stdout) {
		for {
			state, rest, ok := strings.Cut(line, "> ")
			if !ok || strings.HasSuffix(state, "-") {
				break
			}
			prompts, line = append(prompts, state), rest
		}
	}
	if got, want := strings.Join(prompts, " "), "start stream stream waiting"; r.code != 0 || got != want {
		t.Errorf("prompts %q, want %q: %+v", got, want, r)
	}
	r = runApp(t, &app{stdin: strings.NewReader(lines)}, "step", s.URL())
	if r.code != 0 || strings.Contains(strings.ReplaceAll(r.stdout, "-> ", ""), "> ") || !strings.Contains(r.stdout, "stream -> waiting\n") {
		t.Errorf("%+v", r)
	}
}

// TestStepInterrupted interrupts the wait for a line.
func TestStepInterrupted(t *testing.T) {
	read, write := io.Pipe()
	defer write.Close() // ends the read that is left behind
	a := &app{stdin: read, stdout: io.Discard, stderr: io.Discard}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		io.WriteString(write, "state\n")
		cancel(signalError{syscall.SIGINT})
	}()
	if code := a.run(ctx, []string{"step", "http://127.0.0.1:1"}); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// TestDriveInterrupted holds that an interruption is no failure of a script.
func TestDriveInterrupted(t *testing.T) {
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}
	ctx := canceled(signalError{syscall.SIGINT})
	if code := a.run(ctx, []string{"drive", filepath.Join("..", "..", "testdata", "scripts", "keep-alive.txtar")}); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

func TestShortened(t *testing.T) {
	for text, want := range map[string]string{
		"a":                                 "a",
		strings.Repeat("é", commandWidth):   strings.Repeat("é", commandWidth),
		strings.Repeat("é", commandWidth+1): strings.Repeat("é", commandWidth-1) + "…",
	} {
		if got := shortened(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
