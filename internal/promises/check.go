package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// check says which tests show the promise, and what is wrong with it. A row may name
// nothing that is not there, due or not.
func (p *promise) check(found tests) (shown shownTests, faults []string) {
	shown = found.of(p.id)
	for _, l := range p.named {
		if len(l.names) == 0 && len(shown[l.pkg]) == 0 {
			faults = append(faults, fmt.Sprintf("%s has no test whose name begins with Test%v", l.pkg, p.id))
		}
		for _, name := range l.names {
			why, ok := found[l.pkg][name]
			if !ok {
				why = "is not there"
			}
			if why != "" {
				faults = append(faults, fmt.Sprintf("%s in %s %s", name, l.pkg, why))
			} else {
				shown.add(l.pkg, name)
			}
		}
	}
	if p.later == "" && len(shown) == 0 && len(faults) == 0 {
		faults = append(faults, "no test")
		if idle := found.idle(p.id); idle != "" {
			faults[0] = idle
		}
	}
	return shown, faults
}

var promised = regexp.MustCompile(`^_?P(\d\d)(\D|$)`)

// belongs says whether a test is one of promise n by its name: TestP16KeepAlive is
// one of P16, TestP45_P47_Chunked of both P45 and P47.
func belongs(name string, n number) bool {
	for rest := strings.TrimPrefix(name, "Test"); promised.MatchString(rest); {
		rest = strings.TrimPrefix(rest, "_")
		if rest[:3] == n.String() {
			return true
		}
		rest = rest[3:]
	}
	return false
}

// of gives the tests that belong to promise n by their names.
func (ts tests) of(n number) shownTests {
	shown := shownTests{}
	for pkg, names := range ts {
		for name, why := range names {
			if why == "" && belongs(name, n) {
				shown.add(pkg, name)
			}
		}
	}
	return shown
}

// idle says why the tests that belong to promise n do not count.
func (ts tests) idle(n number) string {
	var whys []string
	for pkg, names := range ts {
		for name, why := range names {
			if why != "" && belongs(name, n) {
				whys = append(whys, fmt.Sprintf("%s in %s %s", name, pkg, why))
			}
		}
	}
	slices.Sort(whys)
	return strings.Join(whys, "; ")
}
