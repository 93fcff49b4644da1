package conformance

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
)

func TestWords(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string
	}{
		{"", nil},
		{" \t ", nil},
		{"a", []string{"a"}},
		{" a  b\tc ", []string{"a", "b", "c"}},
		{"'a b' c", []string{"a b", "c"}},
		{"'it''s'", []string{"it's"}},
		{"a'b c'd", []string{"ab cd"}},
		{"''", []string{""}},
		{"a '' b", []string{"a", "", "b"}},
		{"''''", []string{"'"}},
		{"a # b", []string{"a"}},
		{"a#b", []string{"a"}},
		{"'a#b' \"c d\"", []string{"a#b", `"c`, `d"`}},
		{"${URL}/x $Y", []string{"${URL}/x", "$Y"}},
		{`a\nb`, []string{`a\nb`}},
	} {
		got, err := words(c.line)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, error %v, want %q", c.line, got, err, c.want)
		}
		again, err := words(strings.TrimSpace(commandLine(false, "x", got)))
		if err != nil || !slices.Equal(again[1:], append([]string{}, got...)) {
			t.Errorf("%q: written and read again it is %q, error %v", c.line, again, err)
		}
	}
	for _, line := range []string{"'", "a 'b", "'a''"} {
		if got, err := words(line); err == nil {
			t.Errorf("%q: %q, want an error", line, got)
		}
	}
}

// TestStepWords holds that each operation has a word, which is read as a command
// for that operation.
func TestStepWords(t *testing.T) {
	st, err := NewSteps("http://127.0.0.1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for op := range hackney.Ops() {
		word := wordOf[op]
		line := word
		if word == "send" {
			line = "send x"
		}
		name, _, err := st.read(line)
		if err != nil || !slices.Contains(operations[name].ops, op) {
			t.Errorf("%v has the word %q, which is read as %q, error %v", op, word, name, err)
		}
	}
}

func TestReadStep(t *testing.T) {
	st, err := NewSteps("http://me:secret@h.example:8080/base?q", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	const base = "http://me:secret@h.example:8080"
	for _, c := range []struct{ line, want string }{
		{"request", "request GET " + base + "/base?q"},
		{"request PUT", "request PUT " + base + "/base?q"},
		{"request /x", "request GET " + base + "/x"},
		{"request ?y", "request GET " + base + "/base?y"},
		{"request POST http://other.example/ text a", "request POST http://other.example/ text a"},
		{"request POST 'X: a b' stream", "request POST " + base + "/base?q 'X: a b' stream"},
		{"request text a", "request GET " + base + "/base?q text a"},
		{"request -Host /x", "request GET " + base + "/base?q -Host /x"},
		{"request X-A:b", "request GET " + base + "/base?q X-A:b"},
		{`request '/a\x41b'`, "request GET " + base + "/aAb"},
		{"request OPTIONS *", "send-request OPTIONS *"},
		{"send  a 'b'' # ", "stream-request-body text ' a ''b'''' # '"},
		{"send @a", `stream-request-body text \x40a`},
		{"send a\r", "stream-request-body text a"},
		{"chunk", "stream-body"},
		{"  stream-body", "stream-body"},
		{"body-max 10", "body-max 10"},
		{"connect", "connect tcp h.example 8080"},
		{"connect tls", "connect tls"},
	} {
		name, args, err := st.read(c.line)
		if got := commandLine(false, name, args); err != nil || got != c.want {
			t.Errorf("%q: %s, error %v, want %s", c.line, got, err, c.want)
		}
	}
	for line, want := range map[string]string{
		"": "the line is empty", "# a": "the line is empty", "'": "a quote without its end",
		"send": "send what?", "send ": "send what?", "bogus": `there is no step "bogus"`, "want status 200": `there is no step "want"`,
		"server": "there is no step", `request /\q`: `bad escape \q`, "request http://[/": "url: ",
	} {
		if name, args, err := st.read(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s %q, error %v, want %q in it", line, name, args, err, want)
		}
		if _, err := st.Do(context.Background(), line); hackney.BlameOf(err) != hackney.BlameCaller {
			t.Errorf("%q: Do gives %v", line, err)
		}
	}
	if len(st.commands) != 0 {
		t.Errorf("lines that are no step were noted: %q", st.commands)
	}
}

func TestShown(t *testing.T) {
	for _, c := range []struct {
		t    Transition
		want []string
	}{
		{Transition{}, nil},
		{Transition{Data: []byte("ab\ncd")}, []string{`ab\n`, "cd"}},
		{Transition{Data: []byte("a: b"), told: true}, nil},
		{Transition{Data: []byte("0123456789")}, []string{"0123456789"}},
		{Transition{Data: []byte("0123456789a")}, []string{"0123456789", "… 10 of 11 bytes"}},
		{Transition{Fields: [][2]string{{"A", "b"}, {"C", "\x01"}}}, []string{"A: b", `C: \x01`}},
	} {
		if got := c.t.Shown(10); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
