package faults

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the matrix into the document")

const (
	document = "../../docs/reliability.md"
	from, to = "<!-- matrix -->\n", "<!-- /matrix -->\n"
)

// checkDocument holds the matrix in the document against the tables, or writes it there.
func checkDocument(t *testing.T) {
	old, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	above, rest, ok := strings.Cut(string(old), from)
	_, below, closed := strings.Cut(rest, to)
	if !ok || !closed {
		t.Fatalf("%s has no room for the matrix: %q, %q", document, from, to)
	}
	text := above + from + asMarkdown() + to + below
	switch {
	case text == string(old):
	case !*update:
		t.Errorf("%s is stale: go test ./internal/faults -update", document)
	default:
		if err := os.WriteFile(document, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func asMarkdown() string {
	var b strings.Builder
	cells := 0
	for i := range matrix {
		cells += matrix[i].count()
	}
	fmt.Fprintf(&b, "\n%d cells.\n", cells)
	for i := range matrix {
		matrix[i].write(&b)
	}
	return b.String() + "\n"
}

// count is the number of a phase's cells.
func (p *phase) count() (n int) {
	for range p.cells() {
		n++
	}
	return n
}

// columns are the groups of a phase's operations.
func (p *phase) columns() (names []string) {
	for _, o := range p.operations {
		if !slices.Contains(names, o.column) {
			names = append(names, o.column)
		}
	}
	return names
}

func (p *phase) write(b *strings.Builder) {
	columns := p.columns()
	fmt.Fprintf(b, "\n### %s: %d cells\n\n", p.name, p.count())
	for _, column := range columns {
		if names := p.members(column); names != column {
			fmt.Fprintf(b, "- *%s*: %s\n", column, names)
		}
	}
	fmt.Fprintf(b, "\n| fault | %s | ways | cells |\n|---|%s---|---|\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for i := range p.faults {
		f := &p.faults[i]
		fmt.Fprintf(b, "| %s |", f.name)
		for _, column := range columns {
			fmt.Fprintf(b, " %s |", p.outcomes(f, column))
		}
		ways, n := p.reach(f)
		fmt.Fprintf(b, " %s | %d |\n", ways, n)
	}
}

// members are the operations of a column.
func (p *phase) members(column string) string {
	var names []string
	for _, o := range p.operations {
		if o.column == column {
			names = append(names, o.name)
		}
	}
	return strings.Join(names, "; ")
}

// outcomes are what comes of the operations of a column, each once.
func (p *phase) outcomes(f *fault, column string) string {
	var all []string
	for c := range p.cells() {
		if c.fault != f || c.op.column != column {
			continue
		}
		if s := f.expect(c.op, c.way).String(); !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	if all == nil {
		return "–"
	}
	return strings.Join(all, "; or ")
}

// reach names the ways on which there is a fault, and counts its cells.
func (p *phase) reach(f *fault) (ways string, n int) {
	for c := range p.cells() {
		if c.fault == f {
			n++
		}
	}
	switch {
	case f.only == secure:
		return "TLS", n
	case f.only == tunnelled:
		return "tunnels", n
	case f.never != 0:
		return "plain", n
	}
	return "all", n
}

// String is an outcome in the words of the document's legend.
func (w outcome) String() string {
	if w.class == "" {
		return "✓"
	}
	words := [...]string{failed: "failed", goesOn: "goes on", asBefore: "as before", ready: "waiting", over: "closed"}
	who := ""
	if w.blame != "" {
		who = ", " + string(w.blame)
	}
	return "**" + w.class + "**" + who + ": " + words[w.end]
}
