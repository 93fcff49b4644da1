package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/porting.md shows all that hackney 0.6.0 offers, in tables whose first column
// is the Erlang name. What that is stands in testdata/hackney-0.6.0.txt, a line for
// each: the kind, the name, and "later TOPIC" where the Go form is still to come.
// The Go in the section of uses is that of examples, which are run.

const usesHeading = "## Uses, side by side"

var (
	portingKinds  = []string{"function", "option", "payload", "error", "field"}
	portingTopics = []string{"async", "multipart", "pool", "proxy", "redirect"}

	laterMark  = regexp.MustCompile(` later (\S+)$`)
	codeSpan   = regexp.MustCompile("`([^`]+)`")
	notYet     = regexp.MustCompile(`(?i)not yet(?: \((\w+)\))?`)
	erlangName = regexp.MustCompile(`\bhackney\w*:\w+/\d+`)
	runAs      = regexp.MustCompile("^Run as `(Example\\w*)`")
)

// offer is something of hackney 0.6.0.
type offer struct {
	kind, name string
	later      string // the topic it waits for; "" is due now
}

func TestPorting(t *testing.T) {
	readSources(t)
	read := func(path ...string) string {
		text, err := os.ReadFile(filepath.Join(path...))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	doc := read(root, "docs", "porting.md")
	offers, faults := readOffers(read("testdata", "hackney-0.6.0.txt"))
	faults = append(faults, portingFaults(doc, offers)...)
	faults = append(faults, useFaults(doc, read(root, "hackney", "example_porting_test.go"))...)
	for _, fault := range faults {
		t.Error(fault)
	}
	for _, kind := range portingKinds {
		count := map[string]int{}
		for _, o := range offers {
			if o.kind == kind {
				count[o.later]++
			}
		}
		line := fmt.Sprintf("%ss: %d due", kind, count[""])
		for _, topic := range slices.Sorted(maps.Keys(count)) {
			if topic != "" {
				line += fmt.Sprintf(", %d later (%s)", count[topic], topic)
			}
		}
		t.Log(line)
	}
}

// TestPortingFaultsAreFound breaks the rules, in documents made up for it.
func TestPortingFaultsAreFound(t *testing.T) {
	const (
		list  = "# all of it\n\nfunction hackney:get/1\nfunction hackney:pool/1 later pool\noption {a, B}\n"
		get   = "| `hackney:get/1` | `hackney.Get` | |\n"
		pool  = "| `hackney:pool/1`, `x` | not yet (pool) | |\n"
		table = "| Erlang | Go | |\n|---|---|---|\n" + get + pool + "| `{a, B}` | – | why |\n"
	)
	for _, test := range []struct {
		name string
		list string
		doc  string
		want string // in the one fault; "" for none
	}{
		{"whole", list, table, ""},
		{"in two rows", list, table + get, ""},

		{"unknown kind", list + "macro x\n", table, `line 6: "macro x" is of no kind`},
		{"no name", list + "option\n", table, `line 6: "option" is of no kind`},
		{"unknown topic", list + "option x later soon\n", table, "line 6: x waits for soon, which is no topic"},
		{"twice in the list", list + "option {a, B}\n", table, "line 6: {a, B} is given twice"},

		{"no row", list, strings.Replace(table, get, "", 1), "function hackney:get/1 has no row"},
		{"not in the first column", list, strings.Replace(table, get, "| – | `hackney:get/1` | |\n", 1), "function hackney:get/1 has no row"},
		{"not as code", list, strings.Replace(table, "`{a, B}`", "{a, B}", 1), "option {a, B} has no row"},
		{"in a block only", list, strings.Replace(table, get, "```\n"+get+"```\n", 1), "function hackney:get/1 has no row"},
		{"in the text only", list, strings.Replace(table, get, "", 1) + "\n`hackney:get/1`\n", "function hackney:get/1 has no row"},
		{"put off without a mark", list, strings.Replace(table, "– | why", "not yet (pool) |", 1), "line 5: option {a, B} is due, and the row says not yet"},
		{"put off to something else", list, strings.Replace(table, "(pool)", "(proxy)", 1), "line 4: function hackney:pool/1 waits for pool, and the row does not say so"},
		{"there although it waits", list, strings.Replace(table, "not yet (pool)", "`hackney.Pool`", 1), "line 4: function hackney:pool/1 waits for pool, and the row does not say so"},
		{"put off without a topic", list, table + "| `y` | not yet | |\n", "line 6: not yet without a topic"},
		{"put off to an unknown topic", list, table + "| `y` | not yet (soon) | |\n", "line 6: not yet without a topic"},
		{"a function of no list", list, table + "\nSee `hackney:fetch/1`.\n", "line 7: hackney:fetch/1 is not of 0.6.0"},
		{"an arity of no list", list, table + "\n```erlang\nhackney_url:get/1\n```\n", "line 8: hackney_url:get/1 is not of 0.6.0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			offers, got := readOffers(test.list)
			if len(got) == 0 {
				got = portingFaults(test.doc, offers)
			}
			wantFault(t, got, test.want)
		})
	}
}

// TestUseFaultsAreFound breaks the rules of the uses in the same way.
func TestUseFaultsAreFound(t *testing.T) {
	const (
		examples = "package x\n\nfunc greet() int {\n\tn := 1\n\n\treturn n\n}\n\nfunc other() {}\n\n" +
			"func ExampleOne() {\n\tx := greet()\n\tprintln(x)\n\t// Output: 1\n}\n"
		greet = "func greet() int {\n\tn := 1\n\treturn n\n}\n"
		block = "```go\n" + greet + "```\n"
		run   = "\nRun as `ExampleOne`. More of it.\n"
		doc   = usesHeading + "\n\n" + block + run
	)
	for _, test := range []struct {
		name     string
		doc      string
		examples string
		want     string // in the one fault; "" for none
	}{
		{"a function", doc, examples, ""},
		{"lines of the example", usesHeading + "\n```go\nx := greet()\n\nprintln(x)\n```\n" + run, examples, ""},
		{"blocks elsewhere", "```go\nfoo()\n```\n" + doc + "\n## More\n\n```go\nfoo()\n```\n", examples, ""},
		{"other languages", strings.Replace(doc, block, "```erlang\nfoo().\n```\n"+block, 1), examples, ""},

		{"no uses", "# Made up\n", examples, "no section of uses"},
		{"no Go in them", usesHeading + "\n", strings.ReplaceAll(examples, "ExampleOne", "exampleOne"), "the uses have no Go"},
		{"a line differs", strings.Replace(doc, "n := 1", "n := 2", 1), examples, "line 4: the Go is not what ExampleOne runs"},
		{"a line is missing", strings.Replace(doc, "\tn := 1\n", "", 1), examples, "line 4: the Go is not what ExampleOne runs"},
		{"out of order", strings.Replace(doc, "\tn := 1\n\treturn n\n", "\treturn n\n\tn := 1\n", 1), examples, "line 4: the Go is not what ExampleOne runs"},
		{"a function that it does not call", strings.Replace(doc, greet, "func other() {}\n", 1), examples, "line 4: the Go is not what ExampleOne runs"},
		{"an empty block", strings.Replace(doc, greet, "\n", 1), examples, "line 4: the Go is not what ExampleOne runs"},
		{"not named", strings.Replace(doc, run, "\nText.\n", 1), strings.ReplaceAll(examples, "ExampleOne", "exampleOne"), "line 4: no \"Run as `Example…`\" behind the Go"},
		{"no such example", strings.Replace(doc, "ExampleOne", "ExampleNone", 1), strings.ReplaceAll(examples, "ExampleOne", "exampleOne"), "line 4: there is no ExampleNone"},
		{"not run", doc, strings.Replace(examples, "// Output: 1", "", 1), "line 4: ExampleOne has no output, so it is not run"},
		{"an example too many", doc, examples + "\nfunc ExampleTwo() {\n\t// Output:\n}\n", "ExampleTwo shows no use"},
		{"no Go at all", doc, "package", "expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantFault(t, useFaults(test.doc, test.examples), test.want)
		})
	}
}

func wantFault(t *testing.T, got []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(got) != 0:
		t.Errorf("found %q, want none", got)
	case want != "" && (len(got) != 1 || !strings.Contains(got[0], want)):
		t.Errorf("found %q, want one with %q", got, want)
	}
}

// readOffers reads the list of what 0.6.0 offers.
func readOffers(text string) (offers []offer, faults []string) {
	seen := map[offer]bool{}
	for i, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Sprintf("hackney-0.6.0.txt, line %d: %s", i+1, fmt.Sprintf(format, args...)))
		}
		var o offer
		o.kind, o.name, _ = strings.Cut(line, " ")
		if !slices.Contains(portingKinds, o.kind) || o.name == "" {
			fault("%q is of no kind: want one of %s, and a name", line, strings.Join(portingKinds, ", "))
			continue
		}
		if m := laterMark.FindStringSubmatch(o.name); m != nil {
			o.name, o.later = strings.TrimSuffix(o.name, m[0]), m[1]
			if !slices.Contains(portingTopics, o.later) {
				fault("%s waits for %s, which is no topic", o.name, o.later)
			}
		}
		if key := (offer{kind: o.kind, name: o.name}); seen[key] {
			fault("%s is given twice", o.name)
		} else {
			seen[key] = true
		}
		offers = append(offers, o)
	}
	return offers, faults
}

// tableRow is a row of a table: its line, and the code in its first column.
type tableRow struct {
	line  int
	text  string
	names []string
}

// tableRows gives the rows outside of blocks.
func tableRows(doc string) (rows []tableRow) {
	fenced := false
	for i, line := range strings.Split(doc, "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if fenced || !strings.HasPrefix(line, "| ") {
			continue
		}
		r := tableRow{line: i + 1, text: line}
		first, _, _ := strings.Cut(line[2:], " |")
		for _, m := range codeSpan.FindAllStringSubmatch(first, -1) {
			r.names = append(r.names, m[1])
		}
		rows = append(rows, r)
	}
	return rows
}

// portingFaults tells where the tables of a document do not show what is offered.
func portingFaults(doc string, offers []offer) (faults []string) {
	fault := func(line int, format string, args ...any) {
		faults = append(faults, fmt.Sprintf("porting.md, line %d: %s", line, fmt.Sprintf(format, args...)))
	}
	rows := tableRows(doc)
	for _, r := range rows {
		if m := notYet.FindStringSubmatch(r.text); m != nil && !slices.Contains(portingTopics, m[1]) {
			fault(r.line, "not yet without a topic: want one of (%s)", strings.Join(portingTopics, "), ("))
		}
	}
	known := map[string]bool{}
	for _, o := range offers {
		known[o.name] = true
		found := false
		for _, r := range rows {
			if !slices.Contains(r.names, o.name) {
				continue
			}
			found = true
			switch m := notYet.FindStringSubmatch(r.text); {
			case o.later == "" && m != nil:
				fault(r.line, "%s %s is due, and the row says not yet", o.kind, o.name)
			case o.later != "" && (m == nil || m[1] != o.later):
				fault(r.line, "%s %s waits for %s, and the row does not say so", o.kind, o.name, o.later)
			}
		}
		if !found {
			faults = append(faults, fmt.Sprintf("porting.md: %s %s has no row", o.kind, o.name))
		}
	}
	for i, line := range strings.Split(doc, "\n") {
		for _, name := range erlangName.FindAllString(line, -1) {
			if !known[name] {
				fault(i+1, "%s is not of 0.6.0: it is not in the list", name)
			}
		}
	}
	return faults
}

// useFaults tells which Go in the uses is not what an example runs.
func useFaults(doc, examples string) (faults []string) {
	funcs, err := readFuncs(examples)
	if err != nil {
		return []string{err.Error()}
	}
	_, uses, ok := strings.Cut("\n"+doc, "\n"+usesHeading+"\n")
	if !ok {
		return []string{"porting.md has no section of uses"}
	}
	above := strings.Count(doc, "\n") - strings.Count(uses, "\n")
	uses, _, _ = strings.Cut(uses, "\n## ")
	blocks, err := split("porting.md", uses)
	if err != nil {
		return []string{err.Error()}
	}
	if len(blocks) == 0 {
		return []string{"porting.md: the uses have no Go"}
	}
	lines := strings.Split(uses, "\n")
	named := map[string]bool{}
	for _, b := range blocks {
		behind := lines[b.line+strings.Count(b.text, "\n"):] // of its closing fence
		name, wrong := useFault(b, behind, funcs)
		named[name] = true
		if wrong != "" {
			faults = append(faults, fmt.Sprintf("porting.md, line %d: %s", above+b.line, wrong))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(funcs)) {
		if strings.HasPrefix(name, "Example") && !named[name] {
			faults = append(faults, name+" shows no use: porting.md does not name it")
		}
	}
	return faults
}

// useFault looks at one block, and at the line behind it that names its example.
func useFault(b block, behind []string, funcs map[string]exampleFunc) (name, wrong string) {
	next := slices.IndexFunc(behind, func(s string) bool { return strings.TrimSpace(s) != "" })
	var m []string
	if next >= 0 {
		m = runAs.FindStringSubmatch(behind[next])
	}
	if m == nil {
		return "", "no \"Run as `Example…`\" behind the Go"
	}
	example, ok := funcs[m[1]]
	switch {
	case !ok:
		return m[1], "there is no " + m[1]
	case !slices.ContainsFunc(example.lines, func(s string) bool { return strings.HasPrefix(s, "// Output:") }):
		return m[1], m[1] + " has no output, so it is not run"
	}
	want := trimmed(b.text)
	if contains(example.lines, want) {
		return m[1], ""
	}
	for name := range example.names {
		if contains(funcs[name].lines, want) {
			return m[1], ""
		}
	}
	return m[1], fmt.Sprintf("the Go is not what %s runs, nor a function that it names", m[1])
}

// exampleFunc is a function in the file of the examples.
type exampleFunc struct {
	lines []string        // without what is blank
	names map[string]bool // all that it names
}

func readFuncs(text string) (map[string]exampleFunc, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "example_porting_test.go", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	funcs := map[string]exampleFunc{}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil {
			continue
		}
		e := exampleFunc{names: map[string]bool{}}
		e.lines = trimmed(text[fset.Position(f.Pos()).Offset:fset.Position(f.End()).Offset])
		ast.Inspect(f, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id != f.Name {
				e.names[id.Name] = true
			}
			return true
		})
		funcs[f.Name.Name] = e
	}
	return funcs, nil
}

// trimmed are the lines of a text that are not blank, without the blanks around them.
func trimmed(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// contains says whether part stands in lines, one behind the other.
func contains(lines, part []string) bool {
	for i := range lines {
		if len(part) > 0 && len(lines)-i >= len(part) && slices.Equal(lines[i:i+len(part)], part) {
			return true
		}
	}
	return false
}
