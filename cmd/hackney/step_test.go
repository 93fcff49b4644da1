package main

import (
	"context"
	"io"
	"os"
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

// TestSaveIsPrivate saves over a file that all may read, and where none can be.
func TestSaveIsPrivate(t *testing.T) {
	s := startServer(t, testserver.Options{})
	dir := t.TempDir()
	file := filepath.Join(dir, "saved.txtar")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := runApp(t, &app{stdin: strings.NewReader("request\nsave\t" + file + "\nsave " + filepath.Join(dir, "no", "folder"))}, "step", s.URL())
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() < 10 {
		t.Errorf("%v, error %v: %+v", info, err, r)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 || !strings.Contains(r.stdout, "saved "+file+"\nerror: ") {
		t.Errorf("%v are there: %+v", files, r)
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
