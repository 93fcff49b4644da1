package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// TestDocument holds the form of our own table. Whether tests are missing is for
// make promises to say.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/promises.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseTable(string(text)); err != nil {
		t.Error(err)
	}
}

// table makes a document of all promises: later, but for the given rows.
func table(rows ...string) string {
	var b strings.Builder
	b.WriteString("# Made up\n\n| | promise | due | tests |\n|---|---|---|---|\n")
	for n := number(1); n <= last; n++ {
		row := fmt.Sprintf("| %v | made up | later: pool | |", n)
		for _, r := range rows {
			if strings.HasPrefix(r, "| "+n.String()) {
				row = r
			}
		}
		b.WriteString(row + "\n")
	}
	return b.String()
}

// tree writes a module that has the document and files.
func tree(t *testing.T, document string, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module made.up\n")
	write("docs/promises.md", document)
	for name, text := range files {
		write(name, text)
	}
	return root
}

func source(funcs ...string) string {
	return "package p\n\nimport \"testing\"\n\n" + strings.Join(funcs, "\n")
}

const works = "{ if t == nil { t.Skip() } }"

func TestRun(t *testing.T) {
	p07 := func(due, tests string) string { return table("| P07 | kept | " + due + " | " + tests + " |") }
	for _, test := range []struct {
		name     string
		document string
		files    map[string]string
		want     string // a line of the output
		ok       bool
	}{
		{
			"nothing due", table(), nil,
			"P07  not due: pool", true,
		},
		{
			"no test", p07("now", ""), nil,
			"P07  GAP: no test (kept)", false,
		},
		{
			"by its name", p07("now", ""),
			map[string]string{"a/x_test.go": source("func TestP07Works(t *testing.T) " + works)},
			"P07  a: TestP07Works", true,
		},
		{
			"by its number alone", p07("now", ""),
			map[string]string{"x_test.go": source("func TestP07(t *testing.T) " + works)},
			"P07  .: TestP07", true,
		},
		{
			"one test for two", p07("now", ""),
			map[string]string{"a/x_test.go": source("func TestP06_P07_Works(t *testing.T) " + works)},
			"P07  a: TestP06_P07_Works", true,
		},
		{
			"another number", p07("now", ""),
			map[string]string{"a/x_test.go": source("func TestP071(t *testing.T) "+works, "func TestP17P08(t *testing.T) "+works, "func TestXP07(t *testing.T) "+works)},
			"P07  GAP: no test (kept)", false,
		},
		{
			"named", p07("now", "[a/b](../a/b): TestOne, TestTwo; [c](../c): TestThree"),
			map[string]string{
				"a/b/x_test.go": source("func TestOne(t *testing.T) "+works, "func TestTwo(t *testing.T) "+works),
				"c/x_test.go":   source("func TestThree(t *testing.T) " + works),
			},
			"P07  a/b: TestOne, TestTwo; c: TestThree", true,
		},
		{
			"linked", p07("now", "[a](../a)"),
			map[string]string{"a/x_test.go": source("func TestP07_Works(t *testing.T) " + works)},
			"P07  a: TestP07_Works", true,
		},
		{
			"linked elsewhere", p07("now", "[b](../b)"),
			map[string]string{"a/x_test.go": source("func TestP07_Works(t *testing.T) " + works)},
			"P07  GAP: b has no test whose name begins with TestP07 (kept)", false,
		},
		{
			"named in another package", p07("now", "[b](../b): TestOne"),
			map[string]string{"a/x_test.go": source("func TestOne(t *testing.T) " + works)},
			"P07  GAP: TestOne in b is not there (kept)", false,
		},
		{
			"named but gone, and not due", p07("later: async", "[b](../b): TestOne"), nil,
			"P07  GAP: TestOne in b is not there (kept)", false,
		},
		{
			"skipped", p07("now", ""),
			map[string]string{"a/x_test.go": source("func TestP07(t *testing.T) { t.Helper(); t.Skip(`later`) }")},
			"P07  GAP: TestP07 in a is skipped (kept)", false,
		},
		{
			"empty", p07("now", "[a](../a): TestOne"),
			map[string]string{"a/x_test.go": source("func TestOne(t *testing.T) {}")},
			"P07  GAP: TestOne in a is empty (kept)", false,
		},
		{
			"not a test", p07("now", ""),
			map[string]string{"a/x_test.go": source("func TestP07(b *testing.B) "+"{ b.Skip() }", "type T int", "func (T) TestP07(t *testing.T) "+works)},
			"P07  GAP: no test (kept)", false,
		},
		{
			"for one system", p07("now", ""),
			map[string]string{"a/x_darwin_test.go": source("func TestP07(t *testing.T) " + works)},
			"P07  a: TestP07", true,
		},
		{
			"behind a tag", p07("now", ""),
			map[string]string{"a/x_test.go": "//go:build integration\n\n" + source("func TestP07(t *testing.T) "+works)},
			"P07  GAP: no test (kept)", false,
		},
		{
			"not in this module", p07("now", ""),
			map[string]string{
				"bench/go.mod":         "module other\n",
				"bench/x_test.go":      source("func TestP07(t *testing.T) " + works),
				"testdata/a/x_test.go": source("func TestP07(t *testing.T) " + works),
				".git/x_test.go":       source("func TestP07(t *testing.T) " + works),
			},
			"P07  GAP: no test (kept)", false,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			ok, err := run(&out, tree(t, test.document, test.files))
			if err != nil {
				t.Fatal(err)
			}
			if ok != test.ok || !strings.Contains(out.String(), test.want+"\n") {
				t.Errorf("got %v, want %v with the line\n%s\nin\n%s", ok, test.ok, test.want, out.String())
			}
		})
	}
}

func TestRunCounts(t *testing.T) {
	var out strings.Builder
	_, err := run(&out, tree(t, table("| P02 | a | now | |", "| P86 | b | now | |"),
		map[string]string{"x_test.go": source("func TestP02(t *testing.T) " + works)}))
	if want := "\n86 promises: 2 due, 84 not yet due, 1 with a gap\n"; err != nil || !strings.HasSuffix(out.String(), want) {
		t.Errorf("got %v and\n%s\nwant it to end with %s", err, out.String(), want)
	}
}

func TestTableFaults(t *testing.T) {
	row := func(cells string) string { return table("| P07 | " + cells) }
	for _, test := range []struct{ name, document, want string }{
		{"a row is missing", strings.Replace(table(), "| P42 |", "| P |", 1), "P42 has no row"},
		{"no table", "# Made up\n", "P86 has no row"},
		{"twice", table() + "| P86 | again | now | |\n", "P86 has more than one row"},
		{"out of order", "| P86 | early | now | |\n" + table(), "P01 stands behind P86"},
		{"too many", table() + "| P87 | new | now | |\n", "P87 is not a promise"},
		{"empty promise", row(" | now | |"), "line 11: P07: the promise is empty"},
		{"cells", row("a | now |"), "P07: want the four cells"},
		{"no area", row("a | later | |"), `P07: due is "later"`},
		{"unknown area", row("a | later: cookies | |"), `P07: due is "later: cookies"`},
		{"no link", row("a | now | TestOne |"), `P07: "TestOne" is not of the form`},
		{"link elsewhere", row("a | now | [a](../b) |"), `P07: "[a](../b)" is not of the form`},
		{"no name", row("a | now | [a](../a): one |"), `P07: "one" is not the name of a test`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseTable(test.document)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
			if _, err = run(&strings.Builder{}, tree(t, test.document, nil)); err == nil {
				t.Error("run: no error")
			}
		})
	}
}

func TestRunWithoutDocument(t *testing.T) {
	if _, err := run(&strings.Builder{}, t.TempDir()); err == nil {
		t.Error("no error")
	}
}

// TestBrokenSource: a file that cannot be read as Go is an error, not a gap.
func TestBrokenSource(t *testing.T) {
	_, err := run(&strings.Builder{}, tree(t, table(), map[string]string{"a/x_test.go": "package p\n\nfunc {"}))
	if err == nil || !strings.Contains(err.Error(), "x_test.go") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}
