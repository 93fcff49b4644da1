package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every entry of docs/divergences.md says what was, what is, why, and which tests
// show it. An entry is what stands below a heading of the third order.

// parts are those of an entry, in their order.
var parts = []string{"0.6.0", "Here", "Reason", "Test"}

var (
	entryName = regexp.MustCompile(`^[DS](-[a-z0-9]+)+$`)
	partStart = regexp.MustCompile(`^- ([^:]+):(.*)$`)
	shownBy   = regexp.MustCompile(`^\[([^\]]+)\]\(\.\./([^)]+)\): (Test\w+(?:, Test\w+)*)$`)
)

// entry is a difference: its name, the line of its heading, and its parts.
type entry struct {
	name  string
	line  int
	order []string // names of its parts
	text  map[string]string
}

func TestDivergences(t *testing.T) {
	readSources(t)
	text, err := os.ReadFile(filepath.Join(root, "docs", "divergences.md"))
	if err != nil {
		t.Fatal(err)
	}
	entries := splitEntries(string(text))
	if len(entries) == 0 {
		t.Fatal("docs/divergences.md has no entry")
	}
	for _, fault := range divergenceFaults(entries, root) {
		t.Error(fault)
	}
}

// TestDivergenceFaultsAreFound breaks the rules, in entries made up for it.
func TestDivergenceFaultsAreFound(t *testing.T) {
	module := t.TempDir()
	sources := map[string]string{
		"x_test.go": "package a\n\nfunc TestOne(t *testing.T) { t.Log() }\n\nfunc TestTwo(t *testing.T) { t.Log() }\n\n" +
			"func TestEmpty(t *testing.T) {}\n\nfunc (T) TestMethod(t *testing.T) { t.Log() }\n\nfunc TestBench(b *testing.B) { b.Log() }\n",
		"x.go": "package a\n\nfunc TestHidden(t *testing.T) { t.Log() }\n",
	}
	if err := os.Mkdir(filepath.Join(module, "a"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range sources {
		if err := os.WriteFile(filepath.Join(module, "a", name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const top = "### D-a\n- 0.6.0: it did,\n  and did. Recorded: `x_y`.\n- Here: we do.\n"
	const good = top + "- Reason: because.\n- Test: [a](../a): TestOne, TestTwo; [a](../a): TestTwo\n"
	shown := func(list string) string { return top + "- Reason: because.\n- Test: " + list + "\n" }
	for _, test := range []struct {
		name string
		text string // of the document
		want string // in the one fault; "" for none
	}{
		{"whole", "# Made up\n\n    ### D-form\n    - 0.6.0: none\n\n" + good + "\n## More\n\n- a list\n", ""},
		{"two", good + "\n" + strings.Replace(good, "D-a", "S-b-2", 1), ""},
		{"a test on a line of its own", shown("[a](../a):\n  TestOne,\n  TestTwo"), ""},

		{"no reason", strings.Replace(good, "- Reason: because.\n", "", 1), "line 1: D-a: its parts are 0.6.0, Here, Test; want 0.6.0, Here, Reason, Test"},
		{"empty reason", strings.Replace(good, "because.", "", 1), "D-a: Reason is empty"},
		{"no test", top + "- Reason: because.\n", "D-a: its parts are 0.6.0, Here, Reason; want"},
		{"empty test", shown(""), "D-a: Test is empty"},
		{"nothing but a heading", "\n### D-a\n\n## More\n", "line 2: D-a: its parts are ; want"},
		{"out of order", strings.Replace(good, "- 0.6.0:", "- Here:", 1), "its parts are Here, Here, Reason, Test"},
		{"twice", good + good, "D-a: the name is given twice"},
		{"odd name", strings.Replace(good, "D-a", "An entry", 1), "An entry: want a name such as D-host-field"},
		{"no link", shown("TestOne"), `D-a: "TestOne" is not of the form`},
		{"link elsewhere", shown("[a](../b): TestOne"), `"[a](../b): TestOne" is not of the form`},
		{"link without names", shown("[a](../a)"), `"[a](../a)" is not of the form`},
		{"test is not there", shown("[a](../a): TestOne, TestThree"), "D-a: a has no TestThree"},
		{"test is empty", shown("[a](../a): TestEmpty"), "D-a: a has no TestEmpty"},
		{"a method", shown("[a](../a): TestMethod"), "D-a: a has no TestMethod"},
		{"a benchmark", shown("[a](../a): TestBench"), "D-a: a has no TestBench"},
		{"not in a test's file", shown("[a](../a): TestHidden"), "D-a: a has no TestHidden"},
		{"package is not there", shown("[b](../b): TestOne"), "D-a: b has no TestOne"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := divergenceFaults(splitEntries(test.text), module)
			switch {
			case test.want == "" && len(got) != 0:
				t.Errorf("found %q, want none", got)
			case test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)):
				t.Errorf("found %q, want one with %q", got, test.want)
			}
		})
	}
}

// splitEntries finds the entries of a document.
func splitEntries(text string) (entries []entry) {
	var now *entry
	part := ""
	for i, line := range strings.Split(text, "\n") {
		name, heading := strings.CutPrefix(line, "### ")
		m := partStart.FindStringSubmatch(line)
		switch {
		case heading:
			entries = append(entries, entry{name: name, line: i + 1, text: map[string]string{}})
			now, part = &entries[len(entries)-1], ""
		case strings.HasPrefix(line, "#"):
			now = nil
		case now == nil:
		case m != nil:
			part = m[1]
			now.order = append(now.order, part)
			now.text[part] = strings.TrimSpace(m[2])
		case part != "":
			now.text[part] = strings.TrimSpace(now.text[part] + " " + strings.TrimSpace(line))
		}
	}
	return entries
}

// divergenceFaults tells what is wrong with entries in the module at root.
func divergenceFaults(entries []entry, root string) (faults []string) {
	found := map[string][]string{}
	names := map[string]bool{}
	for _, e := range entries {
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Sprintf("divergences.md, line %d: %s: %s", e.line, e.name, fmt.Sprintf(format, args...)))
		}
		if !entryName.MatchString(e.name) {
			fault("want a name such as D-host-field")
		}
		if names[e.name] {
			fault("the name is given twice")
		}
		names[e.name] = true
		if !slices.Equal(e.order, parts) {
			fault("its parts are %s; want %s", strings.Join(e.order, ", "), strings.Join(parts, ", "))
			continue
		}
		for _, part := range parts {
			if e.text[part] == "" {
				fault("%s is empty", part)
			}
		}
		if e.text["Test"] != "" {
			for item := range strings.SplitSeq(e.text["Test"], ";") {
				showFaults(strings.TrimSpace(item), root, found, fault)
			}
		}
	}
	return faults
}

// showFaults looks at a link to a package and the tests named behind it. found keeps
// the tests of the packages that were read.
func showFaults(item, root string, found map[string][]string, fault func(string, ...any)) {
	m := shownBy.FindStringSubmatch(item)
	if m == nil || m[1] != m[2] {
		fault("%q is not of the form [hackney/url](../hackney/url): TestOne, TestTwo", item)
		return
	}
	pkg := m[1]
	if _, ok := found[pkg]; !ok {
		funcs, err := testFuncs(filepath.Join(root, filepath.FromSlash(pkg)))
		if err != nil {
			fault("%v", err)
		}
		found[pkg] = funcs
	}
	for name := range strings.SplitSeq(m[3], ", ") {
		if !slices.Contains(found[pkg], name) {
			fault("%s has no %s", pkg, name)
		}
	}
}

// testFuncs are the names of the tests in a folder's _test.go files, without those
// that are empty.
func testFuncs(dir string) (names []string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && isTest(f) {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names, nil
}

// isTest says whether f is a func TestXxx(t *testing.T) that does something.
func isTest(f *ast.FuncDecl) bool {
	params := f.Type.Params.List
	if f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") || len(params) != 1 || f.Body == nil || len(f.Body.List) == 0 {
		return false
	}
	star, ok := params[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	sel, ok := star.X.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "T"
}
