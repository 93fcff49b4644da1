package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// fault is a deliberate one.
type fault struct {
	name       string
	why        string   // what goes wrong with it
	file       string   // by slashes, from the module's root
	packages   []string // whose tests are asked, by their folders; the file's own first
	by         string   // the tests in the first of them that are known to notice, as for go test -run; "" for all
	equivalent string   // why no test can tell, "" where one has to
	old, new   string
}

// parse reads the list.
func parse(text string) ([]fault, error) {
	var faults []fault
	known := map[string]bool{}
	for block := range strings.SplitSeq(text, "\n\n") {
		if block = strings.Trim(block, "\n"); block == "" || strings.HasPrefix(block, "#") {
			continue
		}
		f, err := parseFault(block)
		if err == nil && known[f.name] {
			err = fmt.Errorf("the name is taken")
		}
		if err != nil {
			return nil, fmt.Errorf("fault %q: %w", f.name, err)
		}
		known[f.name] = true
		faults = append(faults, f)
	}
	return faults, nil
}

func parseFault(block string) (f fault, err error) {
	var before, after, others []string
	for line := range strings.SplitSeq(block, "\n") {
		key, rest, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(line, "-"):
			before = append(before, line[1:])
		case strings.HasPrefix(line, "+"):
			after = append(after, line[1:])
		case key == "fault":
			f.name, f.why, _ = strings.Cut(rest, ": ")
		case key == "file":
			f.file = rest
		case key == "tests":
			others = strings.Fields(rest)
		case key == "by":
			f.by = rest
		case key == "equivalent:":
			f.equivalent = rest
		default:
			return f, fmt.Errorf("what is %q?", line)
		}
	}
	f.old, f.new = strings.Join(before, "\n"), strings.Join(after, "\n")
	if f.name == "" || f.why == "" || f.file == "" || f.old == f.new {
		return f, fmt.Errorf("want a name and what goes wrong, a file, and two texts that differ")
	}
	f.packages = append([]string{path.Dir(f.file)}, others...)
	return f, nil
}

// planted is the file of the module at root with the fault in it.
func (f *fault) planted(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.file)))
	if err != nil {
		return nil, fmt.Errorf("fault %q: %w", f.name, err)
	}
	if n := strings.Count(string(text), f.old); n != 1 {
		return nil, fmt.Errorf("fault %q: its text is in %s %d times, not once", f.name, f.file, n)
	}
	return []byte(strings.Replace(string(text), f.old, f.new, 1)), nil
}
