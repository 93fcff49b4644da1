// Command mutants plants small deliberate faults into a copy of the module, one at a time, and runs the tests
// that have to notice: a fault that no test catches is a test that is missing.
//
// The faults are in faults.txt, which tells its own form. A fault that nobody can notice is marked there as
// equivalent, with the reason. The module itself is never written to.
//
//	go run ./internal/mutants [-C DIR] [-only REGEXP] [-j N] [-limit TIME]
package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"time"
)

//go:embed faults.txt
var list string

// maxSurvivors is how many faults may survive, each of them equivalent.
const maxSurvivors = 3

func main() {
	root := flag.String("C", ".", "the module's root")
	only := flag.String("only", "", "plant only the faults whose name or file matches this `regexp`")
	jobs := flag.Int("j", 2, "how many faults are tried at a time")
	limit := flag.Duration("limit", 3*time.Minute, "how long the tests of one package may take: a hang is caught then")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	ok, err := run(ctx, os.Stdout, *root, *only, *jobs, *limit)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// run tries the faults of the list on the module at root, and says whether the tests are good enough.
func run(ctx context.Context, w io.Writer, root, only string, jobs int, limit time.Duration) (ok bool, err error) {
	faults, err := parse(list)
	if err != nil {
		return false, err
	}
	if faults, err = chosen(faults, only); err != nil {
		return false, err
	}
	return try(ctx, w, root, faults, jobs, limit)
}

// chosen are the faults whose name or file matches.
func chosen(faults []fault, only string) ([]fault, error) {
	re, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	faults = slices.DeleteFunc(faults, func(f fault) bool { return !re.MatchString(f.name) && !re.MatchString(f.file) })
	if len(faults) == 0 {
		return nil, errors.New("-only: there is no such fault")
	}
	return faults, nil
}

// try plants faults into a copy of the module and prints what becomes of each.
func try(ctx context.Context, w io.Writer, root string, faults []fault, jobs int, limit time.Duration) (ok bool, err error) {
	shop, err := newWorkshop(root, limit)
	if err != nil {
		return false, err
	}
	defer func() { err = cmp.Or(err, shop.remove()) }()
	for i := range faults { // before the first test: an old list costs no time
		if _, err := faults[i].planted(shop.module); err != nil {
			return false, err
		}
	}
	if err := shop.baseline(ctx, faults); err != nil {
		return false, err
	}
	var t tally
	for i, o := range shop.outcomes(ctx, faults, jobs) {
		got := <-o
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		t.add(&faults[i], got)
		fmt.Fprintf(w, "%-14s %-28s %-26s %6.1fs  %s\n", got.verdict, faults[i].name, faults[i].file, got.took.Seconds(), got.by)
	}
	return t.report(w), nil
}

// tally counts what became of the faults.
type tally struct {
	all, caught int
	survived    []*fault
	wrong       []string // what is wrong with the list
}

func (t *tally) add(f *fault, o outcome) {
	t.all++
	switch o.verdict {
	case caught:
		t.caught++
		if f.equivalent != "" {
			t.wrong = append(t.wrong, f.name+" is marked as equivalent, but was caught")
		}
	case survived:
		t.survived = append(t.survived, f)
	default:
		t.wrong = append(t.wrong, f.name+" "+string(o.verdict)+": "+o.by)
	}
}

// report prints the totals, and says whether the tests are good enough.
func (t *tally) report(w io.Writer) bool {
	fmt.Fprintln(w)
	ok := len(t.wrong) == 0 && len(t.survived) <= maxSurvivors
	for _, text := range t.wrong {
		fmt.Fprintln(w, "wrong in the list:", text)
	}
	for _, f := range t.survived {
		if f.equivalent == "" {
			fmt.Fprintf(w, "survived: %s (%s): %s\n", f.name, f.file, f.why)
			ok = false
		} else {
			fmt.Fprintf(w, "survived, equivalent: %s: %s\n", f.name, f.equivalent)
		}
	}
	fmt.Fprintf(w, "%d faults: %d caught, %d survived, %d wrong in the list\n", t.all, t.caught, len(t.survived), len(t.wrong))
	return ok
}
