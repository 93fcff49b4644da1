package conformance

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// Drive runs one script, outside of go test too. The error is what failed: its text
// begins with file:line and says what was expected. A URL in Against that cannot be
// used is a *hackney.ArgumentError.
func (r *Runner) Drive(path string) error {
	if _, err := r.target(); err != nil {
		return err
	}
	t := &driven{path: path, watch: r.Watch}
	ended := make(chan struct{})
	go func() { // one of its own, which a failure may end
		defer close(ended)
		defer t.recovered()
		r.run(t, path)
	}()
	<-ended
	return t.err()
}

// Find lists the scripts *.txtar below a directory, in order; of a file, that file.
func Find(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	return find(path)
}

// driven is a testscript.T for a script that no test runs.
type driven struct {
	path   string
	watch  func(Transition)
	failed bool
	texts  []string // of failures
	log    string   // testscript's own
}

// FailNow ends the script; what failed was logged.
func (t *driven) FailNow() {
	t.failed = true
	runtime.Goexit()
}

// Fatal ends the script.
func (t *driven) Fatal(args ...any) {
	t.texts = append(t.texts, fmt.Sprint(args...))
	t.FailNow()
}

// Skip ends the script, which is no failure.
func (t *driven) Skip(args ...any) {
	if t.watch != nil {
		t.watch(Transition{Command: "skip", Gave: strings.TrimSpace(fmt.Sprint(args...))})
	}
	runtime.Goexit()
}

func (t *driven) Log(args ...any) { t.log += fmt.Sprintln(args...) }

func (*driven) Parallel() {}

func (t *driven) Run(_ string, f func(testscript.T)) { f(t) }

func (*driven) Verbose() bool { return false }

// recovered takes it well that a condition such as [short] asks package testing,
// which outside of a test panics with a text.
func (t *driven) recovered() {
	switch p := recover().(type) {
	case nil:
	case string:
		if !strings.HasPrefix(p, "testing: ") {
			panic(p)
		}
		t.failed = true
		t.texts = append(t.texts, t.path+": a condition that only go test knows: "+p)
	default:
		panic(p)
	}
}

// err is what failed, nil for nothing.
func (t *driven) err() error {
	if !t.failed {
		return nil
	}
	if _, text, ok := strings.Cut("\n"+t.log, "\nFAIL: "+t.path+":"); ok {
		t.texts = append(t.texts, t.path+":"+strings.TrimRight(text, "\n"))
	}
	if len(t.texts) == 0 { // FailNow without a word
		t.texts = []string{t.path + ": " + strings.TrimSpace(t.log)}
	}
	return errors.New(strings.Join(t.texts, "\n"))
}
