package headers

import "testing"

// fuzzSeeds are fields of the published advisories; the number is that of the test of the same name.
var fuzzSeeds = []struct{ advisory, name, value string }{
	{"C22", "A", "b\r\nC: d"},
	{"C22", "A", "b\nC: d"},
	{"C22", "A", "b\x00"},
	{"C23", "Host", "a\r\nX: y"},
	{"C26", "content-length", "6"},
	{"C27", "Transfer-Encoding", "chunked"},
	{"C21", "A\r\nB", "c"},
}

// FuzzLookup: a list is never changed by what is made of it, and a name is found in any case.
func FuzzLookup(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s.name, s.value, "Content-Length", "5")
	}
	f.Add("Accept", "a", "accept", "b")
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2 string) {
		h := New(n1, v1)
		before := h.Section().Text
		for name, made := range map[string]*Headers{"Add": h.Add(n2, v2), "With": h.With(n2, v2), "Update": h.Update(New(n2, v2)), "Without": h.Without(n2), "Omit": h.Omit(n2)} {
			switch {
			case h.Section().Text != before:
				t.Fatalf("%s changed the list it was called on", name)
			case made.Err() != nil || name == "Omit":
			case name == "Without":
				if made.Has(n2) {
					t.Fatalf("%q is there without %q", list(made), n2)
				}
			case made.Get(swapCase(n2)) != firstOf(made, n2) || !made.Has(swapCase(n2)):
				t.Fatalf("%s: %q is not found as %q in %q", name, n2, swapCase(n2), list(made))
			case name == "With" && len(made.Values(n2)) != 1:
				t.Fatalf("With leaves %q", made.Values(n2))
			}
		}
	})
}

func firstOf(h *Headers, name string) string {
	if all := h.Values(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// swapCase is a name with its ASCII letters in the other case.
func swapCase(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			b[i] = c ^ 0x20
		}
	}
	return string(b)
}
