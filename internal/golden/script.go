package golden

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// Script is a golden script: an archive whose comment holds the commands, and
// whose files are its sections.
type Script struct {
	Path     string
	archive  *txtar.Archive
	sections map[string]*Section
}

// Section is a section of a script.
type Section struct {
	Name string
	File string // of the script
	Line int    // of its first line of text
	Text string
}

// recordedPrefix begins the names of sections that were recorded from hackney 0.6.0.
const recordedPrefix = "recorded"

// Recorded says whether the section was recorded from hackney 0.6.0: nobody
// changes it.
func (s *Section) Recorded() bool { return IsRecorded(s.Name) }

// IsRecorded is Recorded for the name of a section.
func IsRecorded(name string) bool {
	return strings.HasPrefix(name, recordedPrefix)
}

// LineError is a fault in a script, with the place where it is.
type LineError struct {
	File string
	Line int
	Err  error
}

// Error begins with file:line.
func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap gives the fault.
func (e *LineError) Unwrap() error { return e.Err }

// Read reads the script at path.
func Read(path string) (*Script, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, text)
}

// Parse reads a script that was at path.
func Parse(path string, text []byte) (*Script, error) {
	if bytes.Contains(text, []byte("\r\n")) {
		return nil, &LineError{path, 1, fmt.Errorf(`the script has CR LF at the ends of its lines, want LF (in data CR LF is written \r\n)`)}
	}
	if i := slices.Index(strings.Split(string(text), "\n"), "-- --"); i >= 0 { // at which txtar would panic
		return nil, &LineError{path, i + 1, errors.New("a section without a name")}
	}
	s := &Script{Path: path, archive: txtar.Parse(text)}
	if err := s.index(); err != nil {
		return nil, err
	}
	return s, nil
}

// index finds the sections and their lines.
func (s *Script) index() error {
	s.sections = map[string]*Section{}
	line := bytes.Count(s.archive.Comment, []byte("\n")) + 1
	for _, f := range s.archive.Files {
		line++ // its marker
		if s.sections[f.Name] != nil {
			return &LineError{s.Path, line - 1, fmt.Errorf("section %s is there twice", f.Name)}
		}
		s.sections[f.Name] = &Section{f.Name, s.Path, line, string(f.Data)}
		line += bytes.Count(f.Data, []byte("\n"))
	}
	return nil
}

// Section returns a section by name, or nil.
func (s *Script) Section(name string) *Section { return s.sections[name] }

// Sections returns all sections in their order.
func (s *Script) Sections() (list []*Section) {
	for _, f := range s.archive.Files {
		if section := s.sections[f.Name]; section != nil {
			list = append(list, section)
		}
	}
	return list
}

// Commands is the part of the script above its sections.
func (s *Script) Commands() string { return string(s.archive.Comment) }

// Tags returns the words behind "# key:" in the comment lines at the top.
func (s *Script) Tags(key string) (words []string) {
	for line := range strings.Lines(s.Commands()) {
		if list, ok := strings.CutPrefix(strings.TrimSpace(line), "# "+key+":"); ok {
			words = append(words, strings.Fields(list)...)
		}
	}
	return words
}

// Replace gives a section another text, or adds it. A section that was recorded
// from 0.6.0 stays as it is.
func (s *Script) Replace(name, text string) error {
	if IsRecorded(name) {
		return fmt.Errorf("section %s was recorded from hackney 0.6.0 and is not rewritten", name)
	}
	return s.put(name, text)
}

// Record sets a section that was recorded, whose name says so. Only the conversion
// of recordings does.
func (s *Script) Record(name, text string) {
	if !IsRecorded(name) {
		panic("golden: " + name + " is not the name of a recorded section")
	}
	if err := s.put(name, text); err != nil {
		panic(err) // a name that is there is replaced, so none is there twice
	}
}

func (s *Script) put(name, text string) error {
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n" // an archive has no other sections
	}
	i := slices.IndexFunc(s.archive.Files, func(f txtar.File) bool { return f.Name == name })
	if i < 0 {
		i = len(s.archive.Files)
		s.archive.Files = append(s.archive.Files, txtar.File{Name: name})
	}
	s.archive.Files[i].Data = []byte(text)
	return s.index()
}

// Format is the script as text.
func (s *Script) Format() []byte { return txtar.Format(s.archive) }

// sameAs says whether a script has the same commands and sections.
func (s *Script) sameAs(o *Script) bool {
	return slices.EqualFunc(s.archive.Files, o.archive.Files, func(a, b txtar.File) bool {
		return a.Name == b.Name && bytes.Equal(a.Data, b.Data)
	}) && bytes.Equal(s.archive.Comment, o.archive.Comment)
}

// Write writes the script back to where it was read. A text that would not be read as
// it is, such as one with a line that begins a section, is refused.
func (s *Script) Write() error {
	if again, err := Parse(s.Path, s.Format()); err != nil || !s.sameAs(again) {
		return errors.Join(fmt.Errorf("%s: what was to be written would be read otherwise", s.Path), err)
	}
	if err := os.MkdirAll(filepath.Dir(s.Path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(s.Path, s.Format(), 0o666)
}

// RecordedSum is the sum over all sections that were recorded from 0.6.0, in
// order, and "" where there is none.
func (s *Script) RecordedSum() string {
	var all bytes.Buffer
	for _, f := range s.archive.Files {
		if IsRecorded(f.Name) {
			fmt.Fprintf(&all, "-- %s --\n%s", f.Name, f.Data)
		}
	}
	if all.Len() == 0 {
		return ""
	}
	return Sum(all.Bytes())
}

// Sum is the SHA-256 of b, in hexadecimal.
func Sum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }
