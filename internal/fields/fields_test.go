package fields

import (
	"slices"
	"testing"

	"github.com/hackney-go/hackney/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// Each byte alone: RFC 9110, 5.6.2 (tchar) and 5.5 (field content, HTAB, obs-text).
func TestClasses(t *testing.T) {
	const tchars = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for c := range 256 {
		s := string([]byte{byte(c)})
		if got, want := ValidToken(s), slices.Contains([]byte(tchars), byte(c)); got != want {
			t.Errorf("%q as a token: %v", s, got)
		}
		if got, want := ValidValue(s), c == '\t' || c >= ' ' && c != 0x7f; got != want {
			t.Errorf("%q in a value: %v", s, got)
		}
	}
	if ValidToken("") || !ValidValue("") {
		t.Error("an empty token is none, an empty value is one")
	}
}

func TestToken(t *testing.T) {
	for in, want := range map[string]int{"": 0, "abc": 3, "a:b": 1, ":": 0, "a b": 1, "\x00": 0, "aé": 1} {
		if got := Token(in); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
}

func TestEqualFold(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"Az", "aZ", true},
		{"a-1", "A-1", true},
		{"a", "ab", false},
		{"a", "b", false},
		{"@", "`", false},
		{"[", "{", false},
		{"k", "\u212a", false},
		{"é", "É", false},
		{"\x8a", "\xaa", false},
	} {
		if got := EqualFold(c.a, c.b); got != c.want {
			t.Errorf("%q, %q: %v", c.a, c.b, got)
		}
	}
}

func TestTrim(t *testing.T) {
	for in, want := range map[string]string{"": "", " \t ": "", " a b\t": "a b", "a": "a", "\n a": "\n a", "\u00a0a": "\u00a0a"} {
		if got := Trim(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestItems(t *testing.T) {
	for list, want := range map[string][]string{
		"": nil, "a": {"a"}, " a ,\tb": {"a", "b"}, ",a,,b ,": {"", "a", "", "b"}, "a b,c": {"a b", "c"},
	} {
		var got []string
		for rest := list; rest != ""; {
			var item string
			item, rest = Item(rest)
			got = append(got, item)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", list, got, want)
		}
	}
	for list, want := range map[string]bool{"close": true, "x, CLOSE": true, "close,x": true, " close ": true, "": false, "closed": false, "x close": false} {
		if got := HasItem(list, "close"); got != want {
			t.Errorf("%q has close: %v", list, got)
		}
	}
}

func TestSection(t *testing.T) {
	var b Builder
	b.Add("A", "1")
	b.Grow(2, 20)
	b.Add("b", "")
	b.Add("a", "3")
	s := b.Section()
	if b.Len() != 3 || s.Len() != 3 || s.Text != "A: 1\r\nb: \r\na: 3\r\n" {
		t.Fatalf("%d, %d, %q", b.Len(), s.Len(), s.Text)
	}
	if s.Name(2) != "a" || s.Value(2) != "3" || s.Name(1) != "b" || s.Value(1) != "" {
		t.Errorf("lines %q: %q, %q: %q", s.Name(2), s.Value(2), s.Name(1), s.Value(1))
	}
	for _, c := range []struct {
		name       string
		from, want int
	}{{"A", 0, 0}, {"a", 1, 2}, {"A", 3, -1}, {"B", 0, 1}, {"C", 0, -1}, {"", 0, -1}} {
		if got := s.Find(c.name, c.from); got != c.want {
			t.Errorf("%q from %d: %d, want %d", c.name, c.from, got, c.want)
		}
	}
}

// Append leaves the section it starts from alone, whatever is appended to it.
func TestAppend(t *testing.T) {
	base := Section{}.Append("A", "1")
	one, two := base.Append("B", "2"), base.Append("C", "3")
	if base.Len() != 1 || one.Name(1) != "B" || two.Name(1) != "C" || one.Value(0) != "1" || one.Text != "A: 1\r\nB: 2\r\n" {
		t.Errorf("%+v, %+v, %+v", base, one, two)
	}
}
