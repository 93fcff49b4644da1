package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// verdict says what became of a fault.
type verdict string

const (
	caught   verdict = "caught"
	survived verdict = "SURVIVED"
	broken   verdict = "does not build" // a mistake of the list
	untried  verdict = "not tried"      // the tests could not be run
)

// outcome is a verdict, and by what it came about.
type outcome struct {
	verdict verdict
	by      string
	took    time.Duration
}

// workshop is where faults are planted: a copy of the module, which is taken once, so that who works on the module
// meanwhile disturbs nothing. A faulty file is laid over the copy, so that several can be tried at a time.
type workshop struct {
	dir    string
	module string
	limit  time.Duration
}

func newWorkshop(root string, limit time.Duration) (*workshop, error) {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return nil, err
	}
	s := &workshop{dir: dir, module: filepath.Join(dir, "module"), limit: limit}
	if err := copyModule(s.module, root); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

func (s *workshop) remove() error { return os.RemoveAll(s.dir) }

// copyModule copies files and folders, but not what hides behind a dot: no test reads that.
func copyModule(to, from string) error {
	return filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		switch hidden := rel != "." && strings.HasPrefix(entry.Name(), "."); {
		case entry.IsDir() && hidden:
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		case hidden, !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o644)
	})
}

// baseline runs the tests without a fault: where those fail, nothing can be said.
func (s *workshop) baseline(ctx context.Context, faults []fault) error {
	var packages []string
	for i := range faults {
		packages = append(packages, faults[i].packages...)
	}
	slices.Sort(packages)
	for _, p := range slices.Compact(packages) {
		if o := s.test(ctx, p, ""); o.verdict != survived {
			return fmt.Errorf("the tests of %s do not pass without a fault: %s", p, o.by)
		}
	}
	return nil
}

// outcomes tries the faults, so many at a time, and gives for each where its outcome will be.
func (s *workshop) outcomes(ctx context.Context, faults []fault, jobs int) []chan outcome {
	all := make([]chan outcome, len(faults))
	next := make(chan int, len(faults))
	for i := range faults {
		all[i] = make(chan outcome, 1)
		next <- i
	}
	close(next)
	for range max(jobs, 1) {
		go func() {
			for i := range next {
				all[i] <- s.try(ctx, &faults[i], i)
			}
		}()
	}
	return all
}

// try plants one fault and runs the tests, package by package, until one notices.
func (s *workshop) try(ctx context.Context, f *fault, number int) (o outcome) {
	began := time.Now()
	defer func() { o.took = time.Since(began) }()
	overlay, err := s.lay(f, number)
	if err != nil {
		return outcome{verdict: untried, by: err.Error()}
	}
	if f.by != "" {
		if o = s.test(ctx, f.packages[0], overlay, "-run", f.by); o.verdict != survived {
			return o
		}
	}
	for _, p := range f.packages {
		if o = s.test(ctx, p, overlay); o.verdict != survived {
			return o
		}
	}
	return o
}

// lay writes the faulty file, and gives the name of what tells the go command to take it.
func (s *workshop) lay(f *fault, number int) (overlay string, err error) {
	text, err := f.planted(s.module)
	if err != nil {
		return "", err
	}
	faulty := filepath.Join(s.dir, fmt.Sprintf("fault%d.go", number))
	overlay = filepath.Join(s.dir, fmt.Sprintf("overlay%d.json", number))
	replace, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(s.module, filepath.FromSlash(f.file)): faulty},
	})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(faulty, text, 0o644), os.WriteFile(overlay, replace, 0o644))
}

// test runs the tests of a package up to the first that fails. A hang ends by the time limit, which is a failure.
func (s *workshop) test(ctx context.Context, folder, overlay string, more ...string) outcome {
	ctx, cancel := context.WithTimeout(ctx, 2*s.limit) // it builds, too
	defer cancel()
	args := []string{"test", "-vet=off", "-count=1", "-failfast", "-timeout", s.limit.String()}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	command := exec.CommandContext(ctx, "go", append(append(args, more...), "./"+folder)...)
	command.Dir = s.module
	command.WaitDelay = time.Second
	output, err := command.CombinedOutput()
	return judge(string(output), err)
}

var (
	failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	buildFault = regexp.MustCompile(`(?m)\[(?:build|setup) failed\]$`)
	timedOut   = regexp.MustCompile(`(?m)^panic: test timed out.*(?:\n\s*running tests:\n\s*(\S+))?`)
	lastWords  = regexp.MustCompile(`(?m)^(?:panic|fatal error|leaktest): .*`)
)

// judge reads what go test said.
func judge(output string, err error) outcome {
	var failed *exec.ExitError
	switch {
	case err == nil:
		return outcome{verdict: survived}
	case !errors.As(err, &failed):
		return outcome{verdict: untried, by: err.Error()}
	case buildFault.MatchString(output):
		first, _, _ := strings.Cut(strings.TrimSpace(output), "\n\n")
		return outcome{verdict: broken, by: first}
	}
	if m := timedOut.FindStringSubmatch(output); m != nil {
		return outcome{verdict: caught, by: strings.TrimSpace("time limit " + m[1])}
	}
	if m := failedTest.FindStringSubmatch(output); m != nil {
		return outcome{verdict: caught, by: m[1]}
	}
	if words := lastWords.FindString(output); words != "" {
		return outcome{verdict: caught, by: words}
	}
	return outcome{verdict: untried, by: strings.TrimSpace(output)}
}
