package conformance

import (
	"slices"
	"strings"
)

// minEcho is the length from which on a secret is looked for everywhere. A
// shorter one would be found in what has nothing to do with it.
const minEcho = 6

// echoes finds any of many secrets in one pass over a text.
type echoes struct {
	list    []string // sorted
	shorter []int    // the longest other secret that the one begins with, -1 for none
	begins  map[string]span
}

// span is the part of the list whose secrets begin alike.
type span struct{ from, to int }

func newEchoes(secrets map[string]bool) *echoes {
	e := &echoes{list: sortedKeys(secrets), begins: map[string]span{}}
	var open []int // each begins with the one before it
	for i, secret := range e.list {
		for len(open) > 0 && !strings.HasPrefix(secret, e.list[open[len(open)-1]]) {
			open = open[:len(open)-1]
		}
		e.shorter = append(e.shorter, -1)
		if len(open) > 0 {
			e.shorter[i] = open[len(open)-1]
		}
		open = append(open, i)
		key := secret[:minEcho]
		if at, ok := e.begins[key]; ok {
			e.begins[key] = span{at.from, i + 1}
		} else {
			e.begins[key] = span{i, i + 1}
		}
	}
	return e
}

// at is the length of the longest secret that text begins with, 0 for none.
func (e *echoes) at(text string) int {
	if len(text) < minEcho {
		return 0
	}
	part, ok := e.begins[text[:minEcho]]
	if !ok {
		return 0
	}
	behind, same := slices.BinarySearch(e.list[part.from:part.to], text)
	i := part.from + behind
	if !same {
		i--
	}
	// Only what the last one before text begins with can begin text.
	for i >= part.from && !strings.HasPrefix(text, e.list[i]) {
		i = e.shorter[i]
	}
	if i < part.from {
		return 0
	}
	return len(e.list[i])
}

// hideIn hides all secrets in a text.
func (e *echoes) hideIn(v *view) {
	if len(e.list) == 0 {
		return
	}
	text := string(v.text)
	done := 0
	for i := 0; i+minEcho <= len(text); i++ {
		if n := e.at(text[i:]); i+n > done {
			v.hide(max(i, done), i+n)
			done = i + n
		}
	}
}
