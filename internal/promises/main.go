// Command promises holds the library to what hackney 0.6.0 promised: it reads the
// table of docs/promises.md and the module's tests, prints for each promise the
// tests that show it, and fails when one that is due has none.
//
// A test belongs to a promise by its name, TestP16KeepAlive or TestP45_P47_Chunked,
// wherever in the module it is, or because the row of the promise names it behind a
// link to its package. One that is empty, or skips itself before it does anything,
// does not count.
//
//	go run ./internal/promises [-C DIR]
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("C", ".", "the module's root")
	flag.Parse()
	ok, err := run(os.Stdout, *root)
	if err != nil {
		fmt.Fprintln(os.Stderr, "promises:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// run checks the module at root and says whether all is well.
func run(w io.Writer, root string) (ok bool, err error) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "promises.md"))
	if err != nil {
		return false, err
	}
	rows, err := parseTable(string(text))
	if err != nil {
		return false, fmt.Errorf("docs/promises.md: %w", err)
	}
	found, err := findTests(root)
	if err != nil {
		return false, err
	}
	return report(w, rows, found), nil
}

// report prints each promise and says whether none is broken.
func report(w io.Writer, rows []promise, found tests) bool {
	due, gaps := 0, 0
	for _, p := range rows {
		shown, faults := p.check(found)
		switch {
		case p.later != "":
			fmt.Fprintf(w, "%v  not due: %s\n", p.id, p.later)
		case len(faults) == 0:
			due++
			fmt.Fprintf(w, "%v  %v\n", p.id, shown)
		default:
			due++
		}
		for _, fault := range faults {
			fmt.Fprintf(w, "%v  GAP: %s (%s)\n", p.id, fault, p.text)
		}
		if len(faults) > 0 {
			gaps++
		}
	}
	fmt.Fprintf(w, "\n%d promises: %d due, %d not yet due, %d with a gap\n", len(rows), due, len(rows)-due, gaps)
	return gaps == 0
}
