package headers

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hackney-go/hackney/internal/fields"
	"github.com/hackney-go/hackney/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// list is what All gives, as New takes it.
func list(h *Headers) []string {
	var l []string
	for name, value := range h.All() {
		l = append(l, name, value)
	}
	return l
}

func TestNew(t *testing.T) {
	for _, c := range []struct {
		name     string
		in, want []string
		err      string
	}{
		{name: "nothing"},
		{name: "order, case and duplicates", in: []string{"B", "1", "a", "2", "b", "3"}, want: []string{"B", "1", "a", "2", "b", "3"}},
		{name: "empty value", in: []string{"A", ""}, want: []string{"A", ""}},
		{name: "obs-text, tab and blanks", in: []string{"A", "\xe9\t b "}, want: []string{"A", "\xe9\t b "}},
		{name: "odd", in: []string{"A", "b", "C"}, want: []string{"A", "b"}, err: `headers: field "": the last name has no value: the number of arguments is odd`},
		{name: "one", in: []string{"A"}, err: `headers: field "": the last name has no value: the number of arguments is odd`},
		{name: "empty name", in: []string{"", "b", "C", "d"}, want: []string{"C", "d"}, err: `headers: field "": the name is empty`},
		{name: "blank in the name", in: []string{"A b", "c"}, err: `headers: field "A": the name is not a token, but only begins with one`},
		{name: "colon in the name", in: []string{"A:", "c"}, err: `headers: field "A": the name is not a token, but only begins with one`},
		{name: "CR LF in the name", in: []string{"A\r\nB", "c"}, err: `headers: field "A": the name is not a token, but only begins with one`},
		{name: "CR LF in the value", in: []string{"A", "b\r\nC: d"}, err: `headers: field "A": the value has a control byte in it`},
		{name: "LF", in: []string{"A", "b\n"}, err: `headers: field "A": the value has a control byte in it`},
		{name: "CR", in: []string{"A", "\rb"}, err: `headers: field "A": the value has a control byte in it`},
		{name: "NUL", in: []string{"A", "\x00"}, err: `headers: field "A": the value has a control byte in it`},
		{name: "DEL", in: []string{"A", "\x7f"}, err: `headers: field "A": the value has a control byte in it`},
		{name: "the first fault is told", in: []string{"A", "\n", "B b", "c", "D"}, err: `headers: field "A": the value has a control byte in it`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := New(c.in...)
			if diff := cmp.Diff(c.want, list(h)); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			checkErr(t, h, c.err)
		})
	}
}

func checkErr(t *testing.T, h *Headers, want string) {
	t.Helper()
	var e *Error
	switch err := h.Err(); {
	case want == "" && err != nil, want != "" && (!errors.As(err, &e) || e.Error() != want):
		t.Errorf("Err gives %v, want %q", err, want)
	}
}

func TestLookUp(t *testing.T) {
	h := New("Accept", "a", "X-Trace", "1", "x-trace", "2", "Empty", "")
	for _, c := range []struct {
		name, get string
		values    []string
		has       bool
	}{
		{"Accept", "a", []string{"a"}, true},
		{"aCCEPT", "a", []string{"a"}, true},
		{"X-TRACE", "1", []string{"1", "2"}, true},
		{"Empty", "", []string{""}, true},
		{"Accep", "", nil, false},
		{"Accept ", "", nil, false},
		{"", "", nil, false},
	} {
		if h.Get(c.name) != c.get || h.Has(c.name) != c.has || !slices.Equal(h.Values(c.name), c.values) {
			t.Errorf("%q: %q, %v, %q", c.name, h.Get(c.name), h.Has(c.name), h.Values(c.name))
		}
	}
	if h.Len() != 4 {
		t.Errorf("Len %d", h.Len())
	}
}

func TestChanges(t *testing.T) {
	var none *Headers
	base := New("A", "1", "B", "2", "a", "3")
	for _, c := range []struct {
		name string
		got  *Headers
		want []string
	}{
		{"add", base.Add("A", "4"), []string{"A", "1", "B", "2", "a", "3", "A", "4"}},
		{"add to nil", none.Add("A", ""), []string{"A", ""}},
		{"with replaces in place", base.With("a", "4"), []string{"a", "4", "B", "2"}},
		{"with at the end", base.With("C", "4"), []string{"A", "1", "B", "2", "a", "3", "C", "4"}},
		{"with on nil", none.With("C", "4"), []string{"C", "4"}},
		{"without", base.Without("A"), []string{"B", "2"}},
		{"without the last", base.Without("A").Without("b"), nil},
		{"without what is not there", base.Without("C"), []string{"A", "1", "B", "2", "a", "3"}},
		{"without on nil", none.Without("C"), nil},
		{"update", base.Update(New("C", "5", "b", "4")), []string{"A", "1", "b", "4", "a", "3", "C", "5"}},
		{"update with several", base.Update(New("a", "4", "C", "5", "A", "6")), []string{"a", "4", "A", "6", "B", "2", "C", "5"}},
		{"update keeps the order of new ones", New("A", "1").Update(New("C", "2", "B", "3", "c", "4")), []string{"A", "1", "C", "2", "B", "3", "c", "4"}},
		{"update of nil", none.Update(base), []string{"A", "1", "B", "2", "a", "3"}},
		{"update with nil", base.Update(nil), []string{"A", "1", "B", "2", "a", "3"}},
		{"update nil with nil", none.Update(nil), nil},
		{"omit keeps the fields", base.Omit("B"), []string{"A", "1", "B", "2", "a", "3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, list(c.got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			checkErr(t, c.got, "")
		})
	}
}

// A fault stays with all lists that come of the list, and leaves its fields be.
func TestFaultsStay(t *testing.T) {
	const want = `headers: field "B": the value has a control byte in it`
	good, bad := New("A", "1"), New("B", "\n", "C", "3")
	for name, h := range map[string]*Headers{
		"add": good.Add("B", "\n"), "with": good.With("B", "\n"), "update": good.Update(bad), "update of": bad.Update(good),
		"then add": bad.Add("D", "4"), "then with": bad.With("D", "4"), "then without": bad.Without("C"), "then omit": bad.Omit("D"),
		"the second": bad.Add("D d", "4"),
	} {
		t.Run(name, func(t *testing.T) { checkErr(t, h, want) })
	}
	for name, h := range map[string]*Headers{"add": good.Add("B", "\n"), "with": good.With("A", "\n")} {
		if got := list(h); !slices.Equal(got, []string{"A", "1"}) {
			t.Errorf("%s: fields %q", name, got)
		}
	}
	var none *Headers
	checkErr(t, none.Add("", ""), `headers: field "": the name is empty`)
	checkErr(t, none.With("x y", ""), `headers: field "x": the name is not a token, but only begins with one`)
	checkErr(t, good.Omit("x y"), `headers: field "x": the name is not a token, but only begins with one`)
}

func TestOmit(t *testing.T) {
	var none *Headers
	h := none.Omit("User-Agent")
	both := h.Add("A", "1").Omit("Accept")
	for name, c := range map[string]struct {
		h    *Headers
		want []string
	}{
		"nil": {none, nil}, "one": {h, []string{"User-Agent"}}, "two": {both, []string{"User-Agent", "Accept"}},
		"with":        {both.With("A", "2"), []string{"User-Agent", "Accept"}},
		"without":     {both.Without("A"), []string{"User-Agent", "Accept"}},
		"update":      {New("A", "1").Update(both), []string{"User-Agent", "Accept"}},
		"update none": {none.Update(h), []string{"User-Agent"}},
		"fault":       {both.Add("", ""), []string{"User-Agent", "Accept"}},
	} {
		if got := c.h.Omitted(); !slices.Equal(got, c.want) {
			t.Errorf("%s: omitted %q, want %q", name, got, c.want)
		}
	}
	// What Omitted gives is the caller's.
	both.Omitted()[0] = "Changed"
	if got := both.Omitted()[0]; got != "User-Agent" {
		t.Errorf("a caller changed the list: %q", got)
	}
}

// The nil list and the zero list answer every question.
func TestNilAndZero(t *testing.T) {
	for name, h := range map[string]*Headers{"nil": nil, "zero": {}} {
		if h.Len() != 0 || h.Get("A") != "" || h.Has("A") || h.Values("A") != nil || h.Err() != nil || h.Omitted() != nil || h.String() != "" || list(h) != nil || h.Section().Len() != 0 {
			t.Errorf("%s is not empty", name)
		}
	}
}

func TestAllStops(t *testing.T) {
	n := 0
	for range New("A", "1", "B", "2").All() {
		n++
		break
	}
	if n != 1 {
		t.Errorf("All went on %d times", n)
	}
}

func TestString(t *testing.T) {
	h := New("A", "b", "authorization", "Basic eA==", "Proxy-Authorization", "s", "COOKIE", "s", "Set-Cookie", "s", "Empty", "")
	if got, want := h.String(), "A: b\nauthorization: [hidden]\nProxy-Authorization: [hidden]\nCOOKIE: [hidden]\nSet-Cookie: [hidden]\nEmpty: \n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// A peer may send control bytes, which would drive a terminal.
	const text = "A: \x1b[2J\r\n"
	received := FromSection(fields.Section{Text: text, Lines: []fields.Line{fields.LineAt(0, 1)}})
	if got, want := received.String(), "A: \"\\x1b[2J\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Whatever is made of a list leaves it as it was, also while others read it.
func TestImmutable(t *testing.T) {
	base := New("A", "1", "B", "2", "a", "3").Omit("D")
	before := base.String()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				long := base.Add("C", "4")
				for _, h := range []*Headers{
					long, long.Add("D", "5"), long.Add("E", "6"), base.With("A", "9"), base.Without("a"), base.Update(long), long.Update(base),
					base.Omit("E"), base.Add("bad name", ""), base.With("B", "\n"),
				} {
					_ = h.String() + h.Get("A")
				}
				if got := long.String(); got != before+"C: 4\n" || base.String() != before || !slices.Equal(base.Omitted(), []string{"D"}) || base.Err() != nil {
					t.Errorf("the list changed: %q, %q", got, base)
				}
			}
		})
	}
	wg.Wait()
}

// Two lists made of one do not share what they append to.
func TestBranches(t *testing.T) {
	base := New("A", "1")
	one, two := base.Add("B", "2"), base.Add("C", "3")
	omitOne, omitTwo := base.Omit("X").Omit("Y"), base.Omit("X").Omit("Z")
	if one.String() != "A: 1\nB: 2\n" || two.String() != "A: 1\nC: 3\n" {
		t.Errorf("%q, %q", one, two)
	}
	if omitOne.Omitted()[1] != "Y" || omitTwo.Omitted()[1] != "Z" {
		t.Errorf("%q, %q", omitOne.Omitted(), omitTwo.Omitted())
	}
}

// The text of a list that was made here is in the form of the wire.
func TestSectionText(t *testing.T) {
	h := New("A", "1").Add("B", "").With("A", "2").Update(New("C", "3"))
	if got, want := h.Section().Text, "A: 2\r\nB: \r\nC: 3\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Update builds one list, however often a name is there.
func TestUpdateOfMany(t *testing.T) {
	var in []string
	for range 3000 {
		in = append(in, "Same", "v")
	}
	h := New(in...)
	if got := testing.AllocsPerRun(1, func() { h.Update(h) }); got > 20 {
		t.Errorf("%v allocations to update one name of 3000 fields", got)
	}
	if got := h.Update(h).Len(); got != 3000 {
		t.Errorf("%d fields", got)
	}
}

// What hackney 0.6.0 did in its own recorded run, each with its counterpart here.
// Its lists were sorted for the comparison, so ours are too.
func TestRecorded(t *testing.T) {
	given := New("Content-Type", "a", "X-A", "1", "x-a", "2")
	if got := given.Get("no"); got != "" || given.Has("no") {
		t.Errorf("headers_get_value_missing: %q", got)
	}
	for _, c := range []struct{ name, erlang, got, why string }{
		{"headers_new_to_list", `[["Content-Type","a"],["x-a","2"]]`, sorted(given), "New keeps duplicates"},
		{"headers_new_to_list by Update", `[["Content-Type","a"],["x-a","2"]]`, sorted(New("Content-Type", "a", "X-A", "1").Update(New("x-a", "2"))), ""},
		{"headers_update", `[["CONTENT-TYPE","b"],["New","n"],["x-a","2"]]`, sorted(given.Update(New("CONTENT-TYPE", "b", "New", "n"))), "New keeps duplicates"},
		{"headers_insert", `[["Content-Type","a"],["X-a","9"]]`, sorted(given.With("X-a", "9")), ""},
		{"headers_empty", `null`, sorted(New()), ""},
	} {
		if same := c.got == c.erlang; same == (c.why != "") {
			t.Errorf("%s: %s, in Erlang %s; known difference: %q", c.name, c.got, c.erlang, c.why)
		}
	}
	if got, want := sorted(given), `[["Content-Type","a"],["X-A","1"],["x-a","2"]]`; got != want {
		t.Errorf("duplicates: %s, want %s", got, want)
	}
}

func sorted(h *Headers) string {
	var all [][2]string
	for name, value := range h.All() {
		all = append(all, [2]string{name, value})
	}
	slices.SortFunc(all, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	text, _ := json.Marshal(all)
	return string(text)
}

// What New takes can be sent: no CR, LF or NUL, and names that are tokens.
func FuzzNew(f *testing.F) {
	f.Add("Accept", "*/*", "X-Trace", "7")
	f.Add("A\r\nB", "c", "", "d")
	f.Add("A", "b\r\nC: d", "E:", "\x00")
	f.Add("A", "\xff\t ", "a", "")
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2 string) {
		for _, h := range []*Headers{New(n1, v1, n2, v2), New(n1, v1).Add(n2, v2), New(n1, v1).With(n2, v2), New(n1, v1).Update(New(n2, v2)), New(n1, v1).Omit(n2)} {
			kept := list(h)
			if strings.ContainsAny(strings.Join(kept, ""), "\r\n\x00") {
				t.Fatalf("kept %q", kept)
			}
			for i := 0; i < len(kept); i += 2 {
				if !fields.ValidToken(kept[i]) || h.Get(kept[i]) == "" && !h.Has(kept[i]) {
					t.Fatalf("kept the name %q", kept[i])
				}
			}
			if text := h.Section().Text; strings.Count(text, "\r\n") != h.Len() || strings.Count(text, "\n") != h.Len() || strings.Count(text, "\r") != h.Len() {
				t.Fatalf("text %q", text)
			}
		}
		if h := New(n1, v1, n2, v2); h.Err() == nil && !slices.Equal(list(h), []string{n1, v1, n2, v2}) {
			t.Fatalf("no fault, but %q of %q", list(h), []string{n1, v1, n2, v2})
		}
	})
}
