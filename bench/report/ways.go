package report

import (
	"bytes"
	"fmt"

	"github.com/hackney-go/hackney/bench/result"
)

// writeWays writes the table of the ways to take a body.
func writeWays(out *bytes.Buffer, run *result.Run, rows []Row) {
	rows = filter(rows, func(row Row) bool { return row.Beside != "" && measured(run, row) })
	if len(rows) == 0 {
		return
	}
	heading(out, "Ways to take a body")
	out.WriteString("Rates of a download in 64 KiB chunks, and hackney's as a multiple of the first way's: the median of the quotients within each round.\n\n")
	writeHead(out, []string{"way", "raw", "hackney", "multiple", "target", "met?"})
	for _, row := range rows {
		writeRow(out, wayCells(run, row))
	}
}

func wayCells(run *result.Run, row Row) []string {
	rate := func(client string) string {
		f := run.Figures(row.Name, client)
		if f.Rounds == 0 {
			return missing
		}
		return byteRate(f.ByteRate)
	}
	cells := []string{fmt.Sprintf("%s (`%s`)", title(row), row.Name), rate(result.Raw), rate(result.Hackney)}
	return append(cells, multipleCells(row, run.RateRatio(result.Hackney, row.Name, row.Beside))...)
}

// multipleCells are the multiple, its target, and whether that is met.
func multipleCells(row Row, r result.Ratio) []string {
	cells := []string{missing, missing, missing}
	if row.Name != row.Beside && r.Known() {
		cells[0] = own(r)
	}
	if row.TargetRate == 0 {
		return cells
	}
	cells[1] = fmt.Sprintf("%.2f", row.TargetRate)
	switch {
	case !r.Known():
	case r.Median >= row.TargetRate:
		cells[2] = "yes"
	default:
		cells[2] = "**no**"
	}
	return cells
}
