// Package report tells what a run has measured: tables in Markdown, and a chart.
package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hackney-go/hackney/bench/result"
)

// A Row is what a report has to know of a scenario. Rows are told in the order they are given.
type Row struct {
	Name   string  // of the scenario, as in the samples
	Title  string  // what it does, in a line
	Base   string  // the client that others are a multiple of: raw, or raw1
	Target float64 // hackney's ratio to the base, at most; 0: none
	Unit   string  // of what CPU time and rate are told: "operation" or "GB"

	// These stand alone; 0: none.
	TargetAllocs float64 // of hackney's operation, at most
	TargetIdle   float64 // bytes of one of hackney's idle connections, at most

	// A row of the tables of growth: of those with the same Series each is compared with the
	// one before. Without a Target it is in no other table but these.
	Growth bool
	Series string // what grows: "connections", "response fields", "bytes"
	Size   int64  // how many of them
	Each   string // CPU time is told of each of Size, by this name: "field", "byte"; empty: of each request

	// A row of the table of ways, and of no other: the scenario whose rate hackney's is a multiple of,
	// which may be its own.
	Beside     string
	TargetRate float64 // of that multiple, at least; 0: none
}

// fewRounds are too few for a verdict that one would repeat.
const fewRounds = 10

// Markdown tells the run as sections with tables.
func Markdown(run *result.Run, rows []Row) []byte {
	var out bytes.Buffer
	writeHeader(&out, run)
	writeMain(&out, run, compared(run, rows))
	writeOmitted(&out, run, rows)
	for _, t := range tables {
		t.write(&out, run, rows)
	}
	writeGrowth(&out, run, rows)
	writeWays(&out, run, rows)
	return out.Bytes()
}

// compared are the measured rows whose CPU time is compared with a base.
func compared(run *result.Run, rows []Row) []Row {
	return filter(rows, func(row Row) bool {
		return row.Base != "" && isBusy(run, row)
	})
}

// writeOmitted names what was not measured, as in a quick run: nothing is left out in silence.
func writeOmitted(out *bytes.Buffer, run *result.Run, rows []Row) {
	var names []string
	for _, row := range rows {
		if !measured(run, row) {
			names = append(names, "`"+row.Name+"`")
		}
	}
	if len(names) > 0 {
		fmt.Fprintf(out, "\nNot in this run: %s.\n", strings.Join(names, ", "))
	}
}

// isIdle tells whether the row is about connections that do nothing.
func isIdle(run *result.Run, row Row) bool {
	return slices.ContainsFunc(run.Samples, func(s result.Sample) bool {
		return s.Scenario == row.Name && (s.IdleBytes != 0 || s.IdleGoroutines != 0)
	})
}

func filter(rows []Row, keep func(Row) bool) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(row Row) bool { return !keep(row) })
}

func writeHeader(out *bytes.Buffer, run *result.Run) {
	where := ""
	if run.Pinned {
		where = ", client and server on a core each"
	}
	fmt.Fprintf(out, "%s, %s, %s, %s%s, rounds: %d.\n", run.Date, run.Go, run.System, run.CPU, where, run.Rounds)
	var modules []string
	for _, m := range run.Modules {
		modules = append(modules, m.Path+" "+m.Version)
	}
	if len(modules) > 0 {
		fmt.Fprintf(out, "Modules: %s.\n", strings.Join(modules, ", "))
	}
	if run.Rounds < fewRounds {
		fmt.Fprintf(out, "\n**Fewer than %d rounds: the verdicts below are hints.**\n", fewRounds)
	}
}
