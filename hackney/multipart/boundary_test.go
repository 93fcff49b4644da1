package multipart

import (
	"mime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const dashes = "---------------------------" // 27

// draw makes random give these bytes, one after the other and over again.
func draw(t *testing.T, sequence string) {
	t.Helper()
	before, at := random, 0
	t.Cleanup(func() { random = before })
	random = func(b []byte) {
		for i := range b {
			b[i] = sequence[at%len(sequence)]
			at++
		}
	}
}

func TestNewBoundary(t *testing.T) {
	seen, drawn := map[rune]int{}, map[string]bool{}
	for range 1000 {
		b := NewBoundary()
		letters, ok := strings.CutPrefix(b, dashes)
		if !ok || len(letters) != 16 || drawn[b] {
			t.Fatalf("%q, drawn before: %v", b, drawn[b])
		}
		if err := CheckBoundary(b); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		drawn[b] = true
		for _, c := range letters {
			seen[c]++
		}
	}
	for c := 'a'; c <= 'z'; c++ {
		if seen[c] == 0 {
			t.Errorf("%c never came in 16,000 letters", c)
		}
		delete(seen, c)
	}
	if len(seen) != 0 {
		t.Errorf("these are no letters: %v", seen)
	}
}

// Each byte below 234 is a letter, as often as every other; those above are drawn again.
func TestNewBoundaryLetters(t *testing.T) {
	for _, c := range []struct{ drawn, want string }{
		{"\x00", strings.Repeat("a", 16)},
		{"\x19", strings.Repeat("z", 16)},
		{"\x1a", strings.Repeat("a", 16)},
		{"\xe9", strings.Repeat("z", 16)},
		{"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", "abcdefghijklmnop"},
		{"\xfe\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f" + "\xff\xea\x01", "bbcdefghijklmnop"},
	} {
		t.Run(c.want, func(t *testing.T) {
			draw(t, c.drawn)
			if got := NewBoundary(); got != dashes+c.want {
				t.Errorf("%q gives %q, want %q", c.drawn, got, c.want)
			}
		})
	}
}

func TestBoundaryFor(t *testing.T) {
	letters := func(c string) string { return dashes + strings.Repeat(c, 16) }
	const sequence = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01" +
		"\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02"
	for _, c := range []struct {
		name  string
		parts []Part
		want  string
	}{
		{"no parts", nil, letters("a")},
		{"it occurs nowhere", []Part{Value("a", "x"), Content("b", "c", []byte(letters("b")))}, letters("a")},
		{"it occurs in a value", []Part{Value("a", "x"), Value("b", "x"+letters("a")+"x")}, letters("b")},
		{"it occurs in a file", []Part{Content("a", "b", []byte(letters("a")))}, letters("b")},
		{"the next occurs too", []Part{Value("a", letters("b")), Data([]byte(letters("a")))}, letters("c")},
		{"one letter more or less is another", []Part{Value("a", letters("a")[1:]), Value("b", letters("a")[:42])}, letters("a")},
		{"readers are not looked into", []Part{Reader("a", "b", strings.NewReader(letters("a")), -1)}, letters("a")},
	} {
		t.Run(c.name, func(t *testing.T) {
			draw(t, sequence)
			if got := BoundaryFor(c.parts...); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestCheckBoundary(t *testing.T) {
	for _, b := range []string{
		"a", "0", "'()+_,-./:=?", "a b", " a", strings.Repeat("x", 70), dashes + "abcdefghijklmnop",
		"AZaz09", "----=_Part_1",
	} {
		if err := CheckBoundary(b); err != nil {
			t.Errorf("%q: %v", b, err)
		}
	}
	bad := []string{"", " ", "a ", strings.Repeat("x", 71), "a\r\n", "a\nb", "é"}
	for _, c := range []byte("\x00\t\r\n\x1f!\"#$%&*;<>@[\\]^`{|}~\x7f\x80\xff") {
		bad = append(bad, "a"+string([]byte{c})+"a")
	}
	for _, b := range bad {
		if err := CheckBoundary(b); err != errBoundary {
			t.Errorf("%q: %v", b, err)
		}
	}
}

func TestContentType(t *testing.T) {
	for b, want := range map[string]string{
		"abc":                           "multipart/form-data; boundary=abc",
		dashes + "abc":                  "multipart/form-data; boundary=" + dashes + "abc",
		"a'+_-.b":                       "multipart/form-data; boundary=a'+_-.b",
		"a b":                           `multipart/form-data; boundary="a b"`,
		"----=_1":                       `multipart/form-data; boundary="----=_1"`,
		"a(":                            `multipart/form-data; boundary="a("`,
		"a)":                            `multipart/form-data; boundary="a)"`,
		"a,":                            `multipart/form-data; boundary="a,"`,
		"a/":                            `multipart/form-data; boundary="a/"`,
		"a:":                            `multipart/form-data; boundary="a:"`,
		"a?":                            `multipart/form-data; boundary="a?"`,
		"'()+_,-./:=?":                  `multipart/form-data; boundary="'()+_,-./:=?"`,
		strings.Repeat("0123456789", 7): "multipart/form-data; boundary=" + strings.Repeat("0123456789", 7),
	} {
		got := ContentType(b)
		if got != want {
			t.Errorf("%q: %q, want %q", b, got, want)
		}
		kind, params, err := mime.ParseMediaType(got)
		if diff := cmp.Diff(map[string]string{"boundary": b}, params); err != nil || kind != "multipart/form-data" || diff != "" {
			t.Errorf("%q is read as %q, %v (-want +got):\n%s", got, kind, err, diff)
		}
	}
}
