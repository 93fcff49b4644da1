package house

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every line of docs/advisories.md names the tests of an advisory, or says why it does
// not apply; and every test that is named after one stands in its line.

// lastAdvisory is the number of the last one; the first is C01.
const lastAdvisory = 59

var (
	advisoryRow  = regexp.MustCompile(`^\| (C\d\d) \| (.+) \| (.+) \|$`)
	advisoryTest = regexp.MustCompile(`^Test((?:_?C\d\d)+)(?:\D|$)`)
	advisoryName = regexp.MustCompile(`C\d\d`)
)

const notApplied = "–: " // begins the last cell of one that does not apply

func TestAdvisories(t *testing.T) {
	readSources(t)
	text, err := os.ReadFile(filepath.Join(root, "docs", "advisories.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for pkg := range floors {
		if found[pkg], err = testFuncs(filepath.Join(root, filepath.FromSlash(pkg))); err != nil {
			t.Fatal(err)
		}
	}
	for _, fault := range advisoryFaults(string(text), found) {
		t.Error(fault)
	}
}

// advisoryFaults tells what is wrong with a document; found are the tests by package.
func advisoryFaults(text string, found map[string][]string) (faults []string) {
	fault := func(format string, args ...any) {
		faults = append(faults, "advisories.md: "+fmt.Sprintf(format, args...))
	}
	next, shown := 1, map[string]string{} // by number, the last cell
	for line := range strings.Lines(text) {
		m := advisoryRow.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		if want := fmt.Sprintf("C%02d", next); m[1] != want {
			fault("%s stands where %s should", m[1], want)
			fmt.Sscanf(m[1], "C%d", &next)
		}
		next++
		shown[m[1]] = m[3]
		if strings.HasPrefix(m[3], notApplied) {
			continue
		}
		for item := range strings.SplitSeq(m[3], ";") {
			showFaults(strings.TrimSpace(item), root, found, func(format string, args ...any) { fault(m[1]+": "+format, args...) })
		}
	}
	if next != lastAdvisory+1 {
		fault("the last one is C%02d, want C%02d", next-1, lastAdvisory)
	}
	return append(faults, unlistedAdvisories(shown, found)...)
}

// unlistedAdvisories finds the tests that are named after an advisory and not in its row.
func unlistedAdvisories(shown map[string]string, found map[string][]string) (faults []string) {
	for pkg, names := range found {
		for _, name := range names {
			m := advisoryTest.FindStringSubmatch(name)
			if m == nil {
				continue
			}
			for _, no := range advisoryName.FindAllString(m[1], -1) {
				if !inCell(shown[no], pkg, name) {
					faults = append(faults, fmt.Sprintf("advisories.md: %s: %s of %s is not listed", no, name, pkg))
				}
			}
		}
	}
	slices.Sort(faults)
	return faults
}

// inCell says whether a cell names the test behind a link to its package.
func inCell(cell, pkg, name string) bool {
	for item := range strings.SplitSeq(cell, ";") {
		m := shownBy.FindStringSubmatch(strings.TrimSpace(item))
		if m != nil && m[1] == pkg && slices.Contains(strings.Split(m[3], ", "), name) {
			return true
		}
	}
	return false
}

// TestAdvisoryFaultsAreFound breaks the rules, in documents made up for it.
func TestAdvisoryFaultsAreFound(t *testing.T) {
	found := map[string][]string{"a": {"TestC01_One", "TestC02_C03_Two", "TestC02", "TestOther", "TestC012", "TestCut"}, "b": {"TestC02_C03_Two"}}
	var good strings.Builder
	for n := range lastAdvisory {
		fmt.Fprintf(&good, "| C%02d | made up | –: not here |\n", n+1)
	}
	row := func(n int, cell string) [2]string {
		return [2]string{fmt.Sprintf("| C%02d | made up | –: not here |", n), fmt.Sprintf("| C%02d | made up | %s |", n, cell)}
	}
	rows := [][2]string{
		row(1, "[a](../a): TestC01_One, TestOther"), row(2, "[a](../a): TestC02_C03_Two, TestC02; [b](../b): TestC02_C03_Two"),
		row(3, "[b](../b): TestC02_C03_Two; [a](../a): TestC02_C03_Two"),
	}
	for _, test := range []struct {
		name   string
		change [2]string
		want   []string // in the faults, in this order
	}{
		{"whole", [2]string{}, nil},
		{"a row is missing", [2]string{"| C07 | made up | –: not here |\n", ""}, []string{"C08 stands where C07 should"}},
		{"the last is missing", [2]string{"| C59 | made up | –: not here |\n", ""}, []string{"the last one is C58, want C59"}},
		{"a row more", [2]string{"| C59 |", "| C59 | made up | –: not here |\n| C60 |"}, []string{"the last one is C60, want C59"}},
		{"a row twice", [2]string{"| C58 |", "| C57 |"}, []string{"C57 stands where C58 should", "C59 stands where C58 should"}},
		{"no reason", [2]string{"| C07 | made up | –: not here |", "| C07 | made up | |"}, []string{"C08 stands where C07 should"}},
		{"no link", row(7, "TestOther"), []string{`C07: "TestOther" is not of the form`}},
		{"no such test", row(7, "[a](../a): TestGone"), []string{"C07: a has no TestGone"}},
		{"of another package", row(7, "[b](../b): TestOther"), []string{"C07: b has no TestOther"}},
		{"unlisted", [2]string{", TestC02;", ";"}, []string{"C02: TestC02 of a is not listed"}},
		{"unlisted in one of two", [2]string{"; [b](../b): TestC02_C03_Two |", " |"}, []string{"C02: TestC02_C03_Two of b is not listed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := good.String()
			for _, change := range append(rows, test.change) {
				text = strings.Replace(text, change[0], change[1], 1)
			}
			got := advisoryFaults(text, found)
			for i, want := range test.want {
				if i >= len(got) || !strings.Contains(got[i], want) {
					t.Errorf("found %q, want one with %q", got, want)
				}
			}
			if len(got) > len(test.want) {
				t.Errorf("found %q, want %d", got, len(test.want))
			}
		})
	}
}
