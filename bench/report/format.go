package report

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/hackney-go/hackney/bench/result"
)

const (
	missing   = "–"  // in a cell about which nothing is known
	gigabytes = "GB" // a Row's Unit; 10^9 bytes
)

func heading(out *bytes.Buffer, text string) { fmt.Fprintf(out, "\n### %s\n\n", text) }

// writeHead writes the head of a table: the first column is text, the others are figures.
func writeHead(out *bytes.Buffer, header []string) {
	writeRow(out, header)
	out.WriteString("|---" + strings.Repeat("|---:", len(header)-1) + "|\n")
}

func writeRow(out *bytes.Buffer, cells []string) {
	fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
}

// title is the row's, fit for a cell.
func title(row Row) string {
	if row.Title == "" {
		return "`" + row.Name + "`"
	}
	return strings.ReplaceAll(row.Title, "|", `\|`)
}

func base(row Row) string {
	if row.Base == "" {
		return result.Raw
	}
	return row.Base
}

// ofBase marks what stands in raw's column and is another's.
func ofBase(row Row) string {
	if base(row) == result.Raw {
		return ""
	}
	return " (" + row.Base + ")"
}

// multiple prints a ratio.
func multiple(r result.Ratio) string {
	switch {
	case !r.Known():
		return missing
	case r.Median >= 9.995:
		return fmt.Sprintf("%.1f", r.Median)
	default:
		return fmt.Sprintf("%.2f", r.Median)
	}
}

func duration(ns float64) string { return scaled(ns, " ns", " µs", " ms", " s") }

func rate(perSecond float64) string { return scaled(perSecond, "/s", " k/s", " M/s") }

func byteRate(perSecond float64) string { return scaled(perSecond, " B/s", " kB/s", " MB/s", " GB/s") }

// bytesOf prints an amount; below 1000 there are no parts of bytes.
func bytesOf(n float64) string {
	if n < 999.5 {
		return wholeBytes(n)
	}
	return scaled(n, " B", " kB", " MB", " GB")
}

func wholeBytes(n float64) string { return fmt.Sprintf("%.0f B", n) }

// tenths prints a count that may be an average.
func tenths(n float64) string {
	return strconv.FormatFloat(math.Round(10*n)/10, 'f', -1, 64)
}

// scaled prints three digits in the unit that fits, each a thousand of the one before.
func scaled(x float64, units ...string) string {
	if math.IsNaN(x) || x <= 0 {
		return missing
	}
	for len(units) > 1 && x >= 999.5 {
		x, units = x/1000, units[1:]
	}
	return threeDigits(x) + units[0]
}

func threeDigits(x float64) string {
	switch {
	case x >= 99.95:
		return fmt.Sprintf("%.0f", x)
	case x >= 9.995:
		return fmt.Sprintf("%.1f", x)
	case x >= 0.9995:
		return fmt.Sprintf("%.2f", x)
	default:
		return fmt.Sprintf("%.3f", x)
	}
}
