package report

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/hackney-go/hackney/bench/result"
)

// A table has a row for each scenario it can say something of, and a column for each client.
type table struct {
	heading, note string
	target        func(Row) float64            // what hackney must not exceed; nil: there are no targets
	value         func(result.Figures) float64 // what is compared with it, as exact as it is printed
	print         func(float64) string         // of a target
	cell          func(Row, result.Figures) string
	about         func(*result.Run, Row) bool
}

var tables = []table{
	{
		heading: "Rate",
		note:    "With as many connections at once as the scenario says; for orientation, as all that is not a ratio.",
		cell:    rateCell,
		about:   isBusy,
	},
	{
		heading: "Latency",
		note:    "Median / 99th percentile of an operation, in a pass of its own.",
		cell:    latencyCell,
		about:   hasLatency,
	},
	{
		heading: "Allocations",
		note:    "Of an operation, with their bytes; hundredths, which stem from the runtime, are rounded away.",
		target:  func(row Row) float64 { return row.TargetAllocs },
		value:   func(f result.Figures) float64 { return math.Round(10*f.Allocs) / 10 },
		print:   tenths,
		cell:    allocsCell,
		about:   isBusy,
	},
	{
		heading: "Idle connections",
		note:    "Resident memory and goroutines of each.",
		target:  func(row Row) float64 { return row.TargetIdle },
		value:   func(f result.Figures) float64 { return math.Round(f.IdleBytes) },
		print:   wholeBytes,
		cell:    idleCell,
		about:   isIdle,
	},
}

func rateCell(row Row, f result.Figures) string {
	if row.Unit == gigabytes {
		return byteRate(f.ByteRate)
	}
	return rate(f.OperationRate)
}

func latencyCell(_ Row, f result.Figures) string {
	if f.P50 == 0 {
		return missing
	}
	return duration(float64(f.P50)) + " / " + duration(float64(f.P99))
}

func allocsCell(_ Row, f result.Figures) string {
	return fmt.Sprintf("%s (%s)", tenths(f.Allocs), bytesOf(f.AllocBytes))
}

func idleCell(_ Row, f result.Figures) string {
	return wholeBytes(f.IdleBytes) + ", " + tenths(f.IdleGoroutines)
}

// isBusy tells whether the row stands beside the others in the tables of what was measured.
func isBusy(run *result.Run, row Row) bool {
	return !growsOnly(row) && row.Beside == "" && !isIdle(run, row) && measured(run, row)
}

// growsOnly tells whether the row is in tables of growth and nowhere else.
func growsOnly(row Row) bool { return row.Growth && row.Target == 0 }

func measured(run *result.Run, row Row) bool {
	return slices.ContainsFunc(run.Samples, func(s result.Sample) bool { return s.Scenario == row.Name })
}

func hasLatency(run *result.Run, row Row) bool {
	return isBusy(run, row) && slices.ContainsFunc(run.Samples, func(s result.Sample) bool {
		return s.Scenario == row.Name && s.P50 > 0
	})
}

func (t *table) write(out *bytes.Buffer, run *result.Run, rows []Row) {
	rows = filter(rows, func(row Row) bool { return t.about(run, row) })
	if len(rows) == 0 {
		return
	}
	heading(out, t.heading)
	fmt.Fprintf(out, "%s\n\n", t.note)
	writeHead(out, t.header())
	for _, row := range rows {
		writeRow(out, t.cells(run, row))
	}
}

func (t *table) header() []string {
	header := []string{"scenario", "raw", "hackney"}
	if t.target != nil {
		header = append(header, "target", "met?")
	}
	return append(header, result.Peers()...)
}

func (t *table) cells(run *result.Run, row Row) []string {
	cells := []string{
		title(row),
		t.clientCell(run, row, base(row)) + ofBase(row),
		t.clientCell(run, row, result.Hackney),
	}
	if t.target != nil {
		cells = append(cells, t.targetCells(row, run.Figures(row.Name, result.Hackney))...)
	}
	for _, peer := range result.Peers() {
		cells = append(cells, t.clientCell(run, row, peer))
	}
	return cells
}

func (t *table) clientCell(run *result.Run, row Row, client string) string {
	f := run.Figures(row.Name, client)
	if f.Rounds == 0 {
		return missing
	}
	return t.cell(row, f)
}

func (t *table) targetCells(row Row, f result.Figures) []string {
	target := t.target(row)
	switch {
	case target == 0:
		return []string{missing, missing}
	case f.Rounds == 0:
		return []string{t.print(target), missing}
	case t.value(f) <= target:
		return []string{t.print(target), "yes"}
	default:
		return []string{t.print(target), "**no**"}
	}
}
