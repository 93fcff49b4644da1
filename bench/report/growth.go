package report

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"github.com/hackney-go/hackney/bench/result"
)

// writeGrowth writes a table for each series.
func writeGrowth(out *bytes.Buffer, run *result.Run, rows []Row) {
	rows = filter(rows, func(row Row) bool { return row.Growth && measured(run, row) })
	if len(rows) == 0 {
		return
	}
	heading(out, "Growth")
	out.WriteString("In brackets the factor to the row before, within each round: at about 1.00 the work is linear in what grows.\n")
	for len(rows) > 0 {
		series := rows[0].Series
		writeSeries(out, run, filter(rows, func(row Row) bool { return row.Series == series }))
		rows = filter(rows, func(row Row) bool { return row.Series != series })
	}
}

func writeSeries(out *bytes.Buffer, run *result.Run, rows []Row) {
	fmt.Fprintf(out, "\nCPU time of each %s:\n\n", each(rows[0]))
	clients := clientsOf(run, rows)
	writeHead(out, append([]string{rows[0].Series}, clients...))
	for i, row := range rows {
		cells := []string{size(row)}
		for _, client := range clients {
			cells = append(cells, growthCell(run, row, rows[:i], client))
		}
		writeRow(out, cells)
	}
}

// clientsOf are those that were measured in one of the rows: peers may have no part in growth.
func clientsOf(run *result.Run, rows []Row) []string {
	all := append([]string{result.Raw, result.Hackney}, result.Peers()...)
	return slices.DeleteFunc(all, func(client string) bool {
		return !slices.ContainsFunc(rows, func(row Row) bool { return run.Figures(row.Name, client).Rounds > 0 })
	})
}

func each(row Row) string {
	if row.Each == "" {
		return "request"
	}
	return row.Each
}

func size(row Row) string {
	if row.Size == 0 {
		return title(row)
	}
	return strconv.FormatInt(row.Size, 10)
}

func growthCell(run *result.Run, row Row, before []Row, client string) string {
	f := run.Figures(row.Name, client)
	if f.Rounds == 0 {
		return missing
	}
	cell := duration(float64(f.CPU) / parts(row))
	if len(before) == 0 {
		return cell
	}
	last := before[len(before)-1]
	factor := run.Growth(client, row.Name, last.Name)
	if !factor.Known() {
		return cell
	}
	return fmt.Sprintf("%s (× %.2f)", cell, factor.Median*parts(last)/parts(row))
}

// parts is how many of what grows there are in an operation, where CPU time is told of each of them.
func parts(row Row) float64 {
	if row.Each == "" {
		return 1
	}
	return float64(max(row.Size, 1))
}
