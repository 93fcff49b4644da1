package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// last is the number of the last promise; the first is 1.
const last = 86

// areas are what a promise that is not due yet can wait for.
var areas = []string{"async", "multipart", "pool", "proxy", "redirect"}

// number of a promise; it prints as P07.
type number int

func (n number) String() string { return fmt.Sprintf("P%02d", int(n)) }

// promise is a row of the table.
type promise struct {
	id    number
	text  string
	later string    // what it waits for; "" is due now
	named []listing // the tests that the row names
}

// listing is a package that a row links, with the tests it names there. Without
// names it stands for the tests of the promise's own number.
type listing struct {
	pkg   string // its folder, such as hackney/url
	names []string
}

var (
	rowStart = regexp.MustCompile(`^\| *P(\d\d) *\|`)
	link     = regexp.MustCompile(`^\[([^\]]+)\]\(\.\./([^)]+)\)(?:: (.+))?$`)
	testName = regexp.MustCompile(`^Test[A-Z0-9_]\w*$`)
)

// parseTable reads the rows | P07 | promise | due | tests | of a document: all of
// them, in order. due is "now" or "later: AREA"; tests is a list, separated by
// semicolons, of links to packages, each with a colon and names behind it or without.
func parseTable(text string) (rows []promise, err error) {
	var faults []error
	for i, line := range strings.Split(text, "\n") {
		if !rowStart.MatchString(line) {
			continue
		}
		p, err := parseRow(line)
		if err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", i+1, err))
		}
		rows = append(rows, p)
	}
	return rows, errors.Join(append(faults, complete(rows))...)
}

// complete wants each promise once, in order.
func complete(rows []promise) error {
	var faults []error
	seen := map[number]int{}
	before := number(0)
	for _, p := range rows {
		if seen[p.id]++; seen[p.id] == 2 {
			faults = append(faults, fmt.Errorf("%v has more than one row", p.id))
		}
		if p.id < before {
			faults = append(faults, fmt.Errorf("%v stands behind %v", p.id, before))
		}
		if p.id < 1 || p.id > last {
			faults = append(faults, fmt.Errorf("%v is not a promise: they end with %v", p.id, number(last)))
		}
		before = p.id
	}
	for n := number(1); n <= last; n++ {
		if seen[n] == 0 {
			faults = append(faults, fmt.Errorf("%v has no row", n))
		}
	}
	return errors.Join(faults...)
}

func parseRow(line string) (p promise, err error) {
	fmt.Sscanf(rowStart.FindStringSubmatch(line)[1], "%d", &p.id)
	cells := strings.Split(strings.TrimSpace(line), "|")
	if len(cells) != 6 || cells[5] != "" {
		return p, fmt.Errorf("%v: want the four cells number, promise, due, tests", p.id)
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	if p.text = cells[2]; p.text == "" {
		return p, fmt.Errorf("%v: the promise is empty", p.id)
	}
	if p.later, err = parseDue(cells[3]); err != nil {
		return p, fmt.Errorf("%v: %w", p.id, err)
	}
	if p.named, err = parseListings(cells[4]); err != nil {
		return p, fmt.Errorf("%v: %w", p.id, err)
	}
	return p, nil
}

func parseDue(cell string) (later string, err error) {
	if cell == "now" {
		return "", nil
	}
	later, ok := strings.CutPrefix(cell, "later: ")
	if !ok || !slices.Contains(areas, later) {
		return "", fmt.Errorf("due is %q, want now or later: and one of %s", cell, strings.Join(areas, ", "))
	}
	return later, nil
}

func parseListings(cell string) (list []listing, err error) {
	if cell == "" {
		return nil, nil
	}
	for item := range strings.SplitSeq(cell, ";") {
		m := link.FindStringSubmatch(strings.TrimSpace(item))
		if m == nil || m[1] != m[2] {
			return nil, fmt.Errorf("%q is not of the form [hackney/url](../hackney/url): TestOne, TestTwo", strings.TrimSpace(item))
		}
		l := listing{pkg: m[1]}
		if m[3] != "" {
			l.names = strings.Split(m[3], ", ")
		}
		for _, name := range l.names {
			if !testName.MatchString(name) {
				return nil, fmt.Errorf("%q is not the name of a test", name)
			}
		}
		list = append(list, l)
	}
	return list, nil
}
