package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/hackney-go/hackney/bench/client"
	"github.com/hackney-go/hackney/bench/result"
	"github.com/hackney-go/hackney/bench/scenario"
)

// A selection says what a run does.
type selection struct {
	rounds    int
	divide    int // one part in so many of the work is done
	scenarios []*scenario.Scenario
	clients   []string // nil is all
}

func runCommand(ctx context.Context, args []string) error {
	sel, path, err := parse(args)
	if err != nil {
		return err
	}
	run, err := measureAll(ctx, sel)
	if err != nil {
		return err
	}
	return run.Write(path)
}

func parse(args []string) (sel *selection, path string, err error) {
	var (
		flags     = flag.NewFlagSet("run", flag.ContinueOnError)
		rounds    = flags.Int("rounds", 0, "how often each client does each scenario (10, with -quick 3)")
		scenarios = flags.String("scenarios", "", "names of scenarios, with commas between (all)")
		clients   = flags.String("clients", "", "names of clients, with commas between (all)")
		quick     = flags.Bool("quick", false, "a tenth of the work, and not all scenarios")
		out       = flags.String("o", "results.json", "where the samples are written")
	)
	if err := flags.Parse(args); err != nil {
		return nil, "", err
	}
	sel = &selection{rounds: 10, divide: 1, clients: list(*clients)}
	if *quick {
		sel.rounds, sel.divide = 3, 10
	}
	if *rounds > 0 {
		sel.rounds = *rounds
	}
	for _, name := range sel.clients {
		if !client.Known(name) {
			return nil, "", fmt.Errorf("no client %q", name)
		}
	}
	sel.scenarios, err = choose(list(*scenarios), *quick)
	return sel, *out, err
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// choose finds scenarios by name; without names it takes all, or those that are quick.
func choose(names []string, quick bool) (chosen []*scenario.Scenario, err error) {
	for _, name := range names {
		s, ok := scenario.Find(name)
		if !ok {
			return nil, fmt.Errorf("no scenario %q", name)
		}
		chosen = append(chosen, s)
	}
	if names != nil {
		return chosen, nil
	}
	return slices.DeleteFunc(scenario.All(), func(s *scenario.Scenario) bool {
		return quick && !s.Quick || s.Kind == scenario.Idle && runtime.GOOS != "linux"
	}), nil
}

// names are the clients of a scenario in their order of a round: another one each time, so
// that nobody always comes first, or always behind the same. The one that the others are
// compared with is there twice: how far the two are apart is how far figures can be trusted.
func (sel *selection) names(s *scenario.Scenario, round int) []string {
	names := slices.DeleteFunc(client.Names(s), func(name string) bool {
		return sel.clients != nil && !slices.Contains(sel.clients, name)
	})
	if base := s.Baseline(); slices.Contains(names, base) {
		names = append(names, result.Again(base))
	}
	order := rand.New(rand.NewPCG(uint64(round), uint64(len(s.Name))))
	order.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names
}

// measureAll does a run.
func measureAll(ctx context.Context, sel *selection) (run *result.Run, err error) {
	p, err := newProcesses()
	if err != nil {
		return nil, err
	}
	files, remove, err := uploadFiles(sel.scenarios)
	if err != nil {
		return nil, err
	}
	defer remove()
	at, stop, err := p.startTarget(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	run = facts(p.cores.pinned, sel.rounds)
	for round := range sel.rounds {
		for _, s := range sel.scenarios {
			start := time.Now()
			samples, err := oneRound(ctx, p, sel, s, round, job{Target: at, File: files[s.Upload]})
			if err != nil {
				return nil, err
			}
			run.Samples = append(run.Samples, samples...)
			fmt.Fprintf(os.Stderr, "round %d of %d, %s: %s (%.1f s)\n",
				round+1, sel.rounds, s.Name, summary(samples), time.Since(start).Seconds())
		}
	}
	return run, nil
}

// oneRound has each client do a scenario once.
func oneRound(ctx context.Context, p *processes, sel *selection, s *scenario.Scenario, round int, j job) ([]result.Sample, error) {
	var samples []result.Sample
	for _, name := range sel.names(s, round) {
		j.Client, j.Scenario, j.Divide = name, s.Name, sel.divide
		if name == result.Again(s.Baseline()) {
			j.Client = s.Baseline()
		}
		sample, err := p.client(ctx, &j)
		if err != nil {
			return nil, err
		}
		sample.Round, sample.Client = round, name
		samples = append(samples, *sample)
	}
	return samples, nil
}

// summary is a line of progress: what an operation, or an idle connection, of each client
// cost.
func summary(samples []result.Sample) string {
	var parts []string
	for i := range samples {
		s := &samples[i]
		cost := s.CPU().Round(10 * time.Nanosecond).String()
		if s.IdleBytes != 0 {
			cost = fmt.Sprintf("%.0f bytes", s.IdleBytes)
		}
		parts = append(parts, s.Client+" "+cost)
	}
	return strings.Join(parts, ", ")
}

// uploadFiles makes the files that are uploaded, by their size: all hole, no disk.
func uploadFiles(list []*scenario.Scenario) (files map[int64]string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	files = map[int64]string{}
	for _, s := range list {
		if !s.File() || files[s.Upload] != "" {
			continue
		}
		path := filepath.Join(dir, fmt.Sprintf("upload%d.bin", s.Upload))
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, s.Upload)); err != nil {
			remove()
			return nil, nil, err
		}
		files[s.Upload] = path
	}
	return files, remove, nil
}
