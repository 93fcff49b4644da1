package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Drive runs one script, outside of go test too. The error is what failed: its text
// begins with file:line and says what was expected. A URL in Against that cannot be
// used is a *hackney.ArgumentError. Where Context has ended, the error is its cause too.
func (r *Runner) Drive(path string) error {
	if _, err := r.target(); err != nil {
		return err
	}
	return r.drive(path, false).err()
}

// drive runs one script to its end, or until some time behind the end of its time.
func (r *Runner) drive(path string, verbose bool) *driven {
	t := &driven{path: path, watch: r.Watch, verbose: verbose}
	s, cancel, err := r.prepare(path)
	if err != nil {
		t.failed, t.texts = true, []string{err.Error()}
		return t
	}
	defer cancel()
	ended := make(chan struct{})
	go func() { // one of its own, which a failure may end
		defer close(ended)
		defer t.recovered()
		s.run(t)
	}()
	select {
	case <-ended:
	case <-s.ctx.Done():
		if !s.endPrograms(ended) { // t is not ours yet
			t = &driven{path: path, texts: []string{path + ": a program that the script has started does not end"}}
		}
	}
	if s.ctx.Err() != nil {
		t.failed, t.cause = true, context.Cause(s.ctx)
	}
	return t
}

// endPrograms ends what the script has started with exec, until the script has ended.
// It says whether it has: nothing but the end of its programs may keep it.
func (s *session) endPrograms(ended <-chan struct{}) bool {
	again := time.NewTicker(20 * time.Millisecond) // it may start the next one
	defer again.Stop()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		if dir := s.programs.Load(); dir != nil {
			killPrograms(*dir)
		}
		select {
		case <-ended:
			return true
		case <-timer.C:
			return false
		case <-again.C:
		}
	}
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
	path    string
	watch   func(Transition)
	verbose bool
	failed  bool
	cause   error    // that ended the script's time, nil for none
	texts   []string // of failures
	log     string   // testscript's own
	skipped string   // why
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
	why := strings.TrimSpace(fmt.Sprint(args...))
	t.skipped = cmp.Or(why, "skipped")
	if t.watch != nil {
		t.watch(Transition{Command: "skip", Gave: why})
	}
	runtime.Goexit()
}

func (t *driven) Log(args ...any) { t.log += fmt.Sprintln(args...) }

func (*driven) Parallel() {}

func (t *driven) Run(_ string, f func(testscript.T)) { f(t) }

func (t *driven) Verbose() bool { return t.verbose }

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
	text := strings.Join(t.texts, "\n")
	if t.cause != nil {
		return fmt.Errorf("%s\n%w", text, t.cause)
	}
	return errors.New(text)
}
