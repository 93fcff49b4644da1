package golden

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzScript: whatever is written for a script is read or refused with a place in it, its sections
// stand where their lines say, and what was read is written and read as the same.
func FuzzScript(f *testing.F) {
	for _, s := range []string{
		"", "# only a comment\n", "server\n-- server --\nwait request\n< HTTP/1.1 200 OK\\r\\n\n< \\r\\n\nclose\nconnection\n< \\{3*ab}\n",
		"-- a --\n-- a --\n", "a\r\n", "get ${URL}\n-- recorded state --\nx", "-- s --\ndelay 9999h\n", "-- s --\nwait bytes 0\n", "-- s --\nwait quiet 1ms\ntls\nreset\nnext\n",
		"-- s --\n< ${\n", "-- s --\n< \\x4\n", "-- s --\n<\n<\nnext\n< a\nstall\nkeep",
	} {
		f.Add([]byte(s))
	}
	addScripts(f, "../../testdata/scripts")
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 20_000 || bytes.HasSuffix(text, []byte("\r")) || strings.Contains(string(text), "0000*") { // megabytes tell nothing new; an end in CR gets its LF
			return
		}
		s, err := Parse("x.txtar", text)
		if err != nil {
			checkPlace(t, text, err)
			return
		}
		lines := strings.SplitAfter(string(text), "\n")
		for _, section := range s.Sections() {
			first, _, _ := strings.Cut(section.Text, "\n")
			if at := section.Line - 1; first != "" && (at >= len(lines) || !strings.HasPrefix(lines[at], first)) {
				t.Fatalf("section %s does not stand at line %d", section.Name, section.Line)
			}
			checkServer(t, section)
		}
		again, err := Parse("x.txtar", s.Format())
		if err != nil || !s.sameAs(again) || !bytes.Equal(s.Format(), again.Format()) {
			t.Fatalf("%q was written as %q: %v", text, s.Format(), err)
		}
		if s.RecordedSum() != again.RecordedSum() {
			t.Fatalf("the sum is %s, then %s", s.RecordedSum(), again.RecordedSum())
		}
	})
}

// addScripts makes seeds of the smaller scripts below a folder.
func addScripts(f *testing.F, dir string) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".txtar") {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && len(text) < 600 {
			f.Add(text)
		}
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
}

// checkServer reads a section as a server's, and counts its steps.
func checkServer(t *testing.T, section *Section) {
	t.Helper()
	out, err := ParseServer(section, func(string) (string, bool) { return "v", true })
	if err != nil {
		checkPlace(t, []byte(strings.Repeat("\n", section.Line)+section.Text), err)
		return
	}
	if len(out.Conns) != len(out.Lines) || len(out.Conns) == 0 {
		t.Fatalf("%d connections, lines of %d", len(out.Conns), len(out.Lines))
	}
	for i, conn := range out.Conns {
		if len(conn) != len(out.Lines[i]) {
			t.Fatalf("connection %d has %d steps, lines of %d", i, len(conn), len(out.Lines[i]))
		}
	}
}

// checkPlace holds that an error names a line that there is.
func checkPlace(t *testing.T, text []byte, err error) {
	t.Helper()
	var e *LineError
	if !errors.As(err, &e) || e.Line < 1 || e.Line > bytes.Count(text, []byte("\n"))+1 {
		t.Fatalf("%q: %v", text, err)
	}
}
