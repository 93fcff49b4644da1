package conformance

import (
	"slices"
	"strings"
	"testing"
)

// FuzzWords: what quoteWord writes is read back, alone and among others, and a line that is read is
// written and read as the same words.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"", "a", "get ${URL}/x 'A: b'", "'it''s'", "a # b", "'", "a'b c'd", "\t\r", "#", "$", "''''", "! body"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\n") { // which ends a line
			return
		}
		got, err := words(commandLine(true, "name", []string{s, "x", s}))
		if err != nil || !slices.Equal(got, []string{"!", "name", s, "x", s}) {
			t.Fatalf("%q was read as %q, %v", s, got, err)
		}
		list, err := words(s)
		if err != nil || len(list) == 0 {
			return
		}
		again, err := words(commandLine(false, quoteWord(list[0]), list[1:]))
		if err != nil || !slices.Equal(again, list) {
			t.Fatalf("%q became %q, %v", list, again, err)
		}
	})
}
