package conformance

import (
	"context"
	"fmt"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/golden"
)

// setups are the commands that call no operation: they prepare what comes.
var setups = map[string]struct {
	usage string
	run   func(s *session, args []string) error
}{
	"server":  {serverUsage, startServer},
	"nobody":  {"HOST:PORT", nobody},
	"opts":    {"[NAME=VALUE]...", setOptions},
	"context": {"TIME|cancelled|background", setContext},
	"keep":    {"NAME", keep},
	"use":     {"NAME|zero", use},
	"log":     {"", beginLog},

	"use-default-pool": {"true|false", useDefaultPool},
}

// setContext says what context the next operations get.
func setContext(s *session, args []string) error {
	if len(args) != 1 {
		return usagef("want context TIME, cancelled or background")
	}
	if args[0] == "background" {
		s.opCtx = nil
		return nil
	}
	limit := time.Duration(0)
	if args[0] != "cancelled" {
		d, err := time.ParseDuration(args[0])
		if err != nil {
			return usagef("%q is no time such as 50ms", args[0])
		}
		limit = d
	}
	var cancel context.CancelFunc
	if limit > 0 {
		s.opCtx, cancel = context.WithTimeout(s.ctx, limit)
	} else {
		s.opCtx, cancel = context.WithCancel(s.ctx)
		cancel()
	}
	s.cancel = append(s.cancel, cancel)
	return nil
}

// keep gives the present state a name.
func keep(s *session, args []string) error {
	if len(args) != 1 || args[0] == "zero" {
		return usagef("want keep NAME, and not zero")
	}
	s.kept[args[0]] = s.cs
	return nil
}

// use makes a state that was kept the present one; zero is that of a client that
// was never connected.
func use(s *session, args []string) error {
	if len(args) != 1 {
		return usagef("want use NAME")
	}
	cs, ok := s.kept[args[0]]
	if !ok && args[0] != "zero" {
		return usagef("no state was kept as %s", args[0])
	}
	s.setState(cs)
	return nil
}

// setState makes cs the present state. The one before is kept, so that its
// connection is closed at the end.
func (s *session) setState(cs hackney.ClientState) {
	s.behind = append(s.behind, s.cs)
	s.cs = cs
}

// beginLog makes the operations that follow write a log, and their errors a part of it.
func beginLog(s *session, args []string) error {
	if err := s.uncompared(); err != nil {
		return err
	}
	s.log, s.swallowed = &golden.Log{}, nil
	return noMore(args)
}

// swallowed is an operation that failed in a log, which no check has seen yet.
type swallowed struct {
	operation int // its number
	name      string
	err       error
}

// uncompared says what failed in the log and would pass unseen.
func (s *session) uncompared() error {
	if len(s.swallowed) == 0 {
		return nil
	}
	first := s.swallowed[0]
	return fmt.Errorf("no want log compares this operation of the log, which failed: %s: %w", first.name, first.err)
}
