package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hackney-go/hackney/internal/golden"
)

// scriptTime is how long a script may take, if it does not say otherwise.
const scriptTime = 10 * time.Second

// prepare makes the session of a script. It ends with cancel.
func (r *Runner) prepare(path string) (s *session, cancel context.CancelFunc, err error) {
	script, err := golden.Read(path)
	if err != nil {
		return nil, nil, err
	}
	limit, err := timeOf(script)
	if err == nil {
		err = hasCommand(script)
	}
	if err != nil {
		return nil, nil, err
	}
	real, err := r.target()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeoutCause(r.context(), limit, fmt.Errorf("the time of the script, %v, is over", limit))
	s = newSession(ctx, script)
	s.watch, s.target = r.Watch, real
	if r.Update {
		s.updates = map[string]string{}
	}
	return s, cancel, nil
}

// run runs the script. Its faults are told to t, whose Fatal does not return.
func (s *session) run(t testscript.T) {
	defer s.close()
	defer func() { // also where the script failed behind them
		if err := s.rewrite(); err != nil {
			t.Fatal(err)
		}
	}()
	deadline, _ := s.ctx.Deadline()
	path := s.script.Path
	testscript.RunT(t, testscript.Params{
		Files:              []string{path},
		Setup:              func(env *testscript.Env) error { return s.setUp(env, path) },
		Cmds:               scriptCommands(s),
		RequireUniqueNames: true,
		Deadline:           deadline,
	})
	if err := s.finish(); err != nil {
		t.Fatal(err)
	}
}

// context is what scripts run in.
func (r *Runner) context() context.Context {
	if r.Context == nil {
		return context.Background()
	}
	return r.Context
}

// timeOf reads "# time: 30s".
func timeOf(script *golden.Script) (time.Duration, error) {
	tags := script.Tags("time")
	if len(tags) == 0 {
		return scriptTime, nil
	}
	d, err := time.ParseDuration(tags[0])
	if err != nil || d <= 0 {
		return 0, &golden.LineError{File: script.Path, Line: 1, Err: fmt.Errorf("bad time %q, want one such as 30s", tags[0])}
	}
	return d, nil
}

// hasCommand refuses a script that would pass because it does nothing.
func hasCommand(script *golden.Script) error {
	for line := range strings.Lines(script.Commands()) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return nil
		}
	}
	return &golden.LineError{File: script.Path, Line: 1, Err: errors.New("the script has no command")}
}

// setUp tells where the files of the script are.
func (s *session) setUp(env *testscript.Env, path string) (err error) {
	s.dir = env.WorkDir
	s.programs.Store(&env.WorkDir)
	s.beside, err = filepath.Abs(filepath.Dir(path))
	return err
}

// finish makes the last checks.
func (s *session) finish() error {
	var faults []error
	s.settleServers()
	if err := s.uncompared(); err != nil {
		faults = append(faults, &golden.LineError{File: s.script.Path, Line: s.lastLine("log"), Err: err})
	}
	for _, srv := range s.servers {
		faults = append(faults, s.played(srv), srv.unseen(), srv.tb.err())
	}
	return errors.Join(append(faults, s.unwired())...)
}

// lastLine is that of the last command of a name.
func (s *session) lastLine(name string) (last int) {
	line := 0
	for text := range strings.Lines(s.script.Commands()) {
		line++
		if words := strings.Fields(text); len(words) > 0 && words[0] == name {
			last = line
		}
	}
	return last
}

// rewrite writes the sections that were updated.
func (s *session) rewrite() error {
	changed := false
	for _, name := range sortedKeys(s.updates) {
		if section := s.script.Section(name); section != nil && section.Text == s.updates[name] {
			continue
		}
		if err := s.script.Replace(name, s.updates[name]); err != nil {
			return err
		}
		changed = true
	}
	if !changed {
		return nil
	}
	return s.script.Write()
}

// scriptCommand is the form of a command of testscript.
type scriptCommand = func(ts *testscript.TestScript, neg bool, args []string)

// scriptCommands are all commands, for a script that s runs.
func scriptCommands(s *session) map[string]scriptCommand {
	all := map[string]scriptCommand{
		"want": func(ts *testscript.TestScript, neg bool, args []string) { s.settle(ts, want(s, neg, args)) },
	}
	for name, setup := range setups {
		all[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if neg {
				ts.Fatalf("%s cannot be negated", name)
			}
			s.settle(ts, setup.run(s, args))
			s.shareVariables(ts)
		}
	}
	for name, op := range operations {
		all[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if err := s.doAs(neg, name, op, args); err != nil {
				ts.Fatalf("%s: %v\nusage: %s %s", name, err, name, op.usage)
			}
			fmt.Fprint(ts.Stdout(), quoted("", s.last.data)) // in the notation: it may be anything
			s.judge(ts, name, neg)
		}
	}
	return all
}

// settle ends the script where err is not nil.
func (s *session) settle(ts *testscript.TestScript, err error) {
	if err != nil {
		ts.Fatalf("%v", err)
	}
}

// judge ends the script where an operation did not end as it should. In a log its
// end is a line to compare.
func (s *session) judge(ts *testscript.TestScript, name string, neg bool) {
	switch {
	case s.log != nil && neg:
		ts.Fatalf("%s: with a log, errors are part of it: leave the ! away", name)
	case s.log != nil:
	case neg && s.err == nil:
		ts.Fatalf("%s gave no error, but should: the state is %v", name, s.cs.ResponseState())
	case !neg && s.err != nil:
		ts.Fatalf("%s: %v%s", name, s.err, s.otherSide())
	}
}

// shareVariables makes the variables of the notation good in commands too.
func (s *session) shareVariables(ts *testscript.TestScript) {
	for name, value := range s.vars {
		ts.Setenv(name, value)
	}
}

// find lists the scripts below a directory, in order.
func find(dir string) (paths []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Ext(path) == ".txtar" {
			paths = append(paths, path)
		}
		return err
	})
	slices.Sort(paths)
	return paths, err
}
