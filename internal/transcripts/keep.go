package main

import (
	"strings"

	"github.com/hackney-go/hackney/internal/golden"
)

// headLines is how many lines of a script are the conversion's own, at its top.
const headLines = 3

// keepOurs puts into the body of a script what is ours in the old one: all of it,
// where that is marked as written by hand; else the "# differs:" lines, and the
// want lines that compare with a section of ours.
func keepOurs(old *golden.Script, body []string) []string {
	lines := strings.Split(strings.TrimSuffix(old.Commands(), "\n"), "\n")
	if len(lines) <= headLines {
		return body
	}
	lines = lines[headLines:]
	for _, line := range lines {
		if strings.HasPrefix(line, "# by hand:") {
			return lines
		}
	}
	var differs []string
	wants := map[string]string{}
	for _, line := range lines {
		if strings.HasPrefix(line, "# differs:") {
			differs = append(differs, line)
		}
		if what, with, ok := wantLine(line); ok && !golden.IsRecorded(with) {
			wants[what] = line
		}
	}
	out := differs
	for _, line := range body {
		if what, _, ok := wantLine(line); ok && wants[what] != "" {
			line = wants[what]
		}
		out = append(out, line)
	}
	return out
}

// wantLine reads "want WHAT SECTION".
func wantLine(line string) (what, section string, ok bool) {
	words := strings.Fields(line)
	if len(words) != 3 || words[0] != "want" {
		return "", "", false
	}
	return words[1], words[2], true
}

// keepSections adds the sections that only the old script has, and that were not
// made by a conversion, in their order.
func keepSections(old, made *golden.Script) error {
	for _, s := range old.Sections() {
		if s.Recorded() || isServer(s.Name) || made.Section(s.Name) != nil {
			continue
		}
		if err := made.Replace(s.Name, s.Text); err != nil {
			return err
		}
	}
	return nil
}

func isServer(name string) bool { return name == "server" || strings.HasPrefix(name, "server-") }
