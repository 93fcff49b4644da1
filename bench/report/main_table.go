package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/hackney-go/hackney/bench/result"
)

// writeMain writes the table of CPU time against the base, with the verdicts.
func writeMain(out *bytes.Buffer, run *result.Run, rows []Row) {
	if len(rows) == 0 {
		return
	}
	heading(out, "CPU time, as multiples of raw's")
	header := []string{"scenario", "raw: CPU", "raw: spread", "hackney", "target", "met?"}
	header = append(header, result.Peers()...)
	writeHead(out, append(header, "ahead?"))
	for _, row := range rows {
		writeRow(out, mainCells(run, row))
	}
	out.WriteByte('\n')
	out.WriteString(summary(run, rows))
}

func mainCells(run *result.Run, row Row) []string {
	v := run.Judge(row.Name, row.Base, row.Target)
	cells := []string{
		fmt.Sprintf("%s (`%s`)", title(row), row.Name),
		baseCPU(run, row),
		noise(run, row),
		own(v.Ratio),
		target(row),
		met(row, v),
	}
	for _, peer := range result.Peers() {
		cells = append(cells, multiple(run.Ratio(row.Name, peer, row.Base)))
	}
	return append(cells, ahead(run, row, v))
}

// baseCPU is the absolute time, for orientation.
func baseCPU(run *result.Run, row Row) string {
	f := run.Figures(row.Name, row.Base)
	switch {
	case f.Rounds == 0:
		return missing
	case row.Unit == gigabytes:
		return duration(f.CPUPerByte()*1e9) + "/GB" + ofBase(row)
	default:
		return duration(float64(f.CPU)) + ofBase(row)
	}
}

func noise(run *result.Run, row Row) string {
	spread, known := run.Noise(row.Name, row.Base)
	if !known {
		return missing
	}
	return fmt.Sprintf("± %.2f", spread)
}

func own(r result.Ratio) string {
	switch r.Rounds {
	case 0:
		return missing
	case 1:
		return fmt.Sprintf("**%s**", multiple(r))
	default:
		return fmt.Sprintf("**%s** ± %.2f", multiple(r), r.Spread)
	}
}

func target(row Row) string {
	if row.Target == 0 {
		return missing
	}
	return fmt.Sprintf("%.2f", row.Target)
}

func met(row Row, v result.Verdict) string {
	switch {
	case row.Target == 0, !v.Ratio.Known():
		return missing
	case v.Met:
		return "yes"
	default:
		return "**no**"
	}
}

func ahead(run *result.Run, row Row, v result.Verdict) string {
	switch {
	case !v.Ratio.Known():
		return missing
	case !v.Ahead():
		return "**no**: " + strings.Join(behind(run, row, v), ", ")
	case len(v.Even) > 0:
		return "even: " + strings.Join(v.Even, ", ")
	default:
		return "yes"
	}
}

// behind names the peers that are ahead, and by how much more CPU time hackney takes.
func behind(run *result.Run, row Row, v result.Verdict) []string {
	var peers []string
	for _, peer := range v.Behind {
		peers = append(peers, fmt.Sprintf("%s by %.0f %%", peer, 100*(run.Ratio(row.Name, result.Hackney, peer).Median-1)))
	}
	return peers
}

// summary counts the verdicts.
func summary(run *result.Run, rows []Row) string {
	var targets, met, measured, ahead int
	for _, row := range rows {
		v := run.Judge(row.Name, row.Base, row.Target)
		if !v.Ratio.Known() {
			continue
		}
		measured++
		if v.Ahead() {
			ahead++
		}
		if row.Target > 0 {
			targets++
			if v.Met {
				met++
			}
		}
	}
	return fmt.Sprintf("Targets met: %d of %d. No peer ahead by more than the spread: %d of %d.\n", met, targets, ahead, measured)
}
