package golden

import (
	"bytes"
	"strings"
	"testing"
)

func TestNotation(t *testing.T) {
	vars := func(name string) (string, bool) { return "v", name == "NAME" }
	for _, c := range []struct {
		name, text, want string
		again            string // what Quote makes of it, where it is not text
	}{
		{name: "plain", text: "a b#'\"", want: "a b#'\""},
		{name: "escapes", text: `\r\n\t\\`, want: "\r\n\t\\"},
		{name: "hexadecimal", text: `\x00\xff\xC3\x7F`, want: "\x00\xff\xc3\x7f", again: `\x00\xFF\xC3\x7F`},
		{name: "an escape that is not needed", text: `\x41`, want: "A", again: "A"},
		{name: "blank at the end", text: `a \x20`, want: "a  "},
		{name: "above ASCII as it is", text: "é", want: "é", again: `\xC3\xA9`},
		{name: "variable", text: "a${NAME}b", want: "avb", again: "avb"},
		{name: "dollar", text: "$5 $", want: "$5 $"},
		{name: "dollar before a brace", text: `\x24{NAME}`, want: "${NAME}"},
		{name: "repetition", text: `<\{3*ab}>`, want: "<ababab>", again: "<ababab>"},
		{name: "repetition of escapes", text: `\{2*\r\n}`, want: "\r\n\r\n", again: `\r\n\r\n`},
		{name: "repetition of a star", text: `\{2**}`, want: "**", again: "**"},
		{name: "none", text: `\{0*a}`, want: ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Unquote(c.text, vars)
			if err != nil || string(got) != c.want {
				t.Errorf("Unquote(%s) = %q, %v, want %q", c.text, got, err, c.want)
			}
			again := c.again
			if again == "" && c.want != "" {
				again = c.text
			}
			if q := Quote(got); q != again {
				t.Errorf("Quote(%q) = %s, want %s", got, q, again)
			}
		})
	}
}

func TestBadNotation(t *testing.T) {
	for text, want := range map[string]string{
		`\`:                      "nothing behind it",
		`a\q`:                    `bad escape \q`,
		`\x`:                     `bad escape \x`,
		`\x4`:                    `bad escape \x4`,
		`\xg0`:                   `bad escape \xg0`,
		`${A`:                    "without its }",
		`${A}`:                   "unknown variable ${A}",
		`\{`:                     "bad repetition",
		`\{3}`:                   "bad repetition",
		`\{x*a}`:                 "bad repetition",
		`\{-1*a}`:                "bad repetition",
		`\{3*a`:                  "bad repetition",
		`\{2*\q}`:                `bad escape \q`,
		`\{99999999*1234567890}`: "more than",
	} {
		if b, err := Unquote(text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Unquote(%s) = %q, %v, want an error with %q", text, b, err, want)
		}
	}
}

func TestQuoteLines(t *testing.T) {
	long := strings.Repeat("x", lineWidth)
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"a", "a"},
		{"a\nb\r\n\n", `a\n|b\r\n|\n`},
		{long + "y\n", long + `|y\n`},
	} {
		if got := strings.Join(QuoteLines([]byte(c.in)), "|"); got != c.want {
			t.Errorf("QuoteLines(%q) = %s, want %s", c.in, got, c.want)
		}
	}
}

func TestBrief(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", `""`},
		{`say "a"` + "\n", `"say \x22a\x22\n"`},
		{strings.Repeat("a", 257), "257 bytes, sha256 " + Sum(bytes.Repeat([]byte("a"), 257))},
	} {
		if got := Brief([]byte(c.in)); got != c.want {
			t.Errorf("Brief(%q) = %s, want %s", c.in, got, c.want)
		}
	}
}

// FuzzNotation: what Quote writes, Unquote reads back, on one line or on several.
func FuzzNotation(f *testing.F) {
	for _, seed := range []string{"", "a b ", "\r\n\t\\", "${A}", "$", `\{3*a}`, "\x00\xff", strings.Repeat("x\n", 90)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		text := Quote(b)
		if strings.ContainsAny(text, "\r\n\t") || strings.HasSuffix(text, " ") {
			t.Errorf("Quote(%q) = %q cannot stand on a line", b, text)
		}
		if back, err := Unquote(text, nil); err != nil || !bytes.Equal(back, b) {
			t.Errorf("Unquote(%s) = %q, %v, want %q", text, back, err, b)
		}
		var all []byte
		for _, line := range QuoteLines(b) {
			part, err := Unquote(line, nil)
			if err != nil {
				t.Fatalf("Unquote(%s): %v", line, err)
			}
			all = append(all, part...)
		}
		if !bytes.Equal(all, b) {
			t.Errorf("QuoteLines and Unquote made %q of %q", all, b)
		}
	})
}
