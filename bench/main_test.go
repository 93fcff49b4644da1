package main

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/hackney-go/hackney/bench/scenario"
)

// TestMain lets the processes of a run be those of the test program.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "client" || os.Args[1] == "target") {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestRun(t *testing.T) {
	sel, _, err := parse([]string{"-rounds", "2", "-scenarios", "get_small_c16,post_1k_json_c16", "-clients", "raw,hackney"})
	if err != nil {
		t.Fatal(err)
	}
	sel.divide = 1000
	run, err := measureAll(context.Background(), sel)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, s := range run.Samples {
		seen[s.Client]++
		if s.Operations == 0 || s.CPU() == 0 || s.Elapsed == 0 {
			t.Errorf("%+v", s)
		}
	}
	if seen["raw"] != 4 || seen["raw again"] != 4 || seen["hackney"] != 4 || len(run.Samples) != 12 {
		t.Errorf("%v samples, want 4 of each of 3 clients", seen)
	}
	if len(run.Modules) == 0 || run.Rounds != 2 || run.Date == "" {
		t.Errorf("%+v", run)
	}
}

func TestRunFailsWithItsClient(t *testing.T) {
	p, err := newProcesses()
	if err != nil {
		t.Fatal(err)
	}
	at, stop, err := p.startTarget(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sample, err := p.client(t.Context(), &job{Client: "nobody", Scenario: "idle", Divide: 1, Target: at}); err == nil {
		t.Errorf("a client that is not there has measured %+v", sample)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	s, _ := scenario.Find("get_context_c16")
	sel := &selection{}
	firsts := map[string]bool{}
	for round := range 10 {
		names := sel.names(s, round)
		if !slices.Equal(names, sel.names(s, round)) {
			t.Error("the order of a round changes")
		}
		firsts[names[0]] = true
		slices.Sort(names)
		if want := []string{"hackney", "net/http", "raw", "raw again", "resty"}; !slices.Equal(names, want) {
			t.Fatalf("%q, want %q", names, want)
		}
	}
	if len(firsts) < 3 {
		t.Errorf("only %v come first", firsts)
	}
}

func TestChoose(t *testing.T) {
	all, err := choose(nil, false)
	if err != nil {
		t.Fatal(err)
	}
	quick, _ := choose(nil, true)
	if len(quick) == 0 || len(quick) >= len(all) {
		t.Errorf("%d of %d scenarios are quick", len(quick), len(all))
	}
	if _, err := choose([]string{"nothing"}, false); err == nil {
		t.Error("a scenario was found that is not there")
	}
}
