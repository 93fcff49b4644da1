package golden

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const someScript = `# one: a script
# needs: tls unix
get /
want log recorded
# needs: pool
-- server --
wait request
< ok
-- recorded --
1 get
-- ours --
2 get
-- empty --
-- recorded.wire --
connection
`

func parseScript(t *testing.T) *Script {
	t.Helper()
	s, err := Parse("x.txtar", []byte(someScript))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScript(t *testing.T) {
	s := parseScript(t)
	if want, _, _ := strings.Cut(someScript, "-- server"); s.Commands() != want {
		t.Errorf("commands are %q, want %q", s.Commands(), want)
	}
	if got := strings.Join(s.Tags("needs"), " "); got != "tls unix pool" {
		t.Errorf("tags are %q", got)
	}
	all := strings.Split(someScript, "\n")
	var names []string
	for _, section := range s.Sections() {
		names = append(names, section.Name)
		if marker := all[section.Line-2]; marker != "-- "+section.Name+" --" {
			t.Errorf("section %s begins at line %d, but above that is %q", section.Name, section.Line, marker)
		}
		if section.File != "x.txtar" || s.Section(section.Name) != section {
			t.Errorf("section %s is %+v by its name", section.Name, s.Section(section.Name))
		}
		if want := strings.HasPrefix(section.Name, "recorded"); section.Recorded() != want {
			t.Errorf("section %s: recorded is %v", section.Name, !want)
		}
	}
	if got := strings.Join(names, " "); got != "server recorded ours empty recorded.wire" {
		t.Errorf("sections are %s", got)
	}
	if s.Section("other") != nil {
		t.Error("a section that is not there was found")
	}
	if got := string(s.Format()); got != someScript {
		t.Errorf("written again it is\n%s", got)
	}
}

func TestIsRecorded(t *testing.T) {
	for name, want := range map[string]bool{
		"recorded": true, "recorded.wire": true, "recordedx": true, "recorded-b": true, "recordedheaders": true, "ours": false, "not.recorded": false, "": false,
	} {
		if got := IsRecorded(name); got != want {
			t.Errorf("IsRecorded(%q) = %v", name, got)
		}
	}
}

func TestParseFaults(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		line             int
	}{
		{"CR LF", "get /\r\n", "CR LF", 1},
		{"a section twice", "get /\n-- a --\nx\n-- a --\n", "section a is there twice", 4},
	} {
		_, err := Parse("x.txtar", []byte(c.text))
		var at *LineError
		if !errors.As(err, &at) || at.File != "x.txtar" || at.Line != c.line || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want line %d and %q", c.name, err, c.line, c.want)
		}
	}
}

func TestReplace(t *testing.T) {
	s := parseScript(t)
	sum := s.RecordedSum()
	for _, name := range []string{"recorded", "recorded.wire", "recorded.new"} {
		if err := s.Replace(name, "x\n"); err == nil {
			t.Errorf("section %s was rewritten", name)
		}
	}
	if got := string(s.Format()); got != someScript {
		t.Errorf("a refused Replace changed the script to\n%s", got)
	}
	for _, err := range []error{s.Replace("server", "wait head\n< a\n< b\n"), s.Replace("new", "no newline")} {
		if err != nil {
			t.Error(err)
		}
	}
	if got := s.Section("new"); got == nil || got.Text != "no newline\n" {
		t.Errorf("the new section is %+v", got)
	}
	if got := s.Section("recorded").Line; got != 11 {
		t.Errorf("recorded begins at line %d behind a longer section, want 11", got)
	}
	if s.RecordedSum() != sum {
		t.Error("the sum over what was recorded changed with other sections")
	}
}

func TestRecord(t *testing.T) {
	s := parseScript(t)
	sum := s.RecordedSum()
	s.Record("recorded", "1 post\n")
	if s.Section("recorded").Text != "1 post\n" || s.RecordedSum() == sum {
		t.Errorf("recorded is %q, its sum %s", s.Section("recorded").Text, s.RecordedSum())
	}
	defer func() {
		if recover() == nil {
			t.Error("ours was taken for something recorded")
		}
	}()
	s.Record("ours", "x\n")
}

func TestRecordedSum(t *testing.T) {
	s, err := Parse("x.txtar", []byte("get /\n-- ours --\nx\n"))
	if err != nil || s.RecordedSum() != "" {
		t.Errorf("the sum over nothing is %q, %v", s.RecordedSum(), err)
	}
	if got, want := parseScript(t).RecordedSum(), Sum([]byte("-- recorded --\n1 get\n-- recorded.wire --\nconnection\n")); got != want {
		t.Errorf("the sum is %s, want %s", got, want)
	}
}

func TestReadAndWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "area", "x.txtar")
	if _, err := Read(path); err == nil {
		t.Error("a script that is not there was read")
	}
	s := parseScript(t)
	s.Path = path
	if err := s.Write(); err != nil {
		t.Fatal(err)
	}
	again, err := Read(path)
	if err != nil || string(again.Format()) != someScript {
		t.Errorf("read back: %v\n%s", err, again.Format())
	}
}

// TestWriteRefuses holds that what would be read otherwise is not written.
func TestWriteRefuses(t *testing.T) {
	s := parseScript(t)
	s.Path = filepath.Join(t.TempDir(), "x.txtar")
	if err := s.Replace("ours", "a\n-- b --\nc\n"); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(); err == nil {
		t.Error("it was written")
	}
	if _, err := os.Stat(s.Path); err == nil {
		t.Error("a file is there")
	}
}
