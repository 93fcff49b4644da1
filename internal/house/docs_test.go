package house

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// The Go in the documents is compiled, as far as types go. Every block that is fenced
// as go, in README.md and below docs, is one of three things:
//
//   - a file, when it begins with "package" (a comment may come first);
//   - declarations, when it parses as such: imports are added to it;
//   - else the body of a function that gives an error: imports are added, and ctx,
//     cs and err are there, declared by [given].
//
// Each stands for itself: it does not see the blocks before it. A variable that is
// not used is no fault, for a document may well stop right behind it. What is not
// meant to compile is fenced as text.

// given is what a block without imports of its own may use.
const given = "var (\n\tctx context.Context\n\tcs  hackney.ClientState\n\terr error\n)\n"

// offered are the packages that a block may name without importing them.
var offered = map[string]string{
	"bytes": "bytes", "context": "context", "errors": "errors", "fmt": "fmt", "json": "encoding/json", "io": "io", "log": "log",
	"net": "net", "os": "os", "strings": "strings", "testing": "testing", "time": "time",
	"tls": "crypto/tls", "x509": "crypto/x509",

	"hackney": module + "/hackney", "headers": module + "/hackney/headers", "url": module + "/hackney/url", "conformance": module + "/conformance", "pool": module + "/hackney/pool", "multipart": module + "/hackney/multipart",
	"form": module + "/hackney/form", "transport": module + "/transport",
	"wiretest": module + "/internal/wiretest", "leaktest": module + "/internal/leaktest",
}

// block is a piece of Go in a document.
type block struct {
	file string // from the root of the module
	line int    // where its first line stands
	text string
}

func TestDocumentsCompile(t *testing.T) {
	readSources(t)
	blocks := documents(t)
	imports := exported(t, blocks)
	for _, b := range blocks {
		for _, fault := range compile(b, imports) {
			t.Error(fault)
		}
	}
}

// TestDocumentFaultsAreFound breaks the rules of the blocks, in documents made up for it.
func TestDocumentFaultsAreFound(t *testing.T) {
	for _, test := range []struct {
		name string
		text string // of a document
		want string // in the one fault; "" for none
	}{
		{"statements", "```go\ncs, err := hackney.Close(cs)\n```", ""},
		{"a variable is left over", "```go\nbody, cs, err := hackney.Body(ctx, cs)\n```", ""},
		{"it returns", "```go\nif err != nil {\n\treturn err\n}\n```", ""},
		{"declarations", "```go\nfunc f(ctx context.Context) error { return ctx.Err() }\n```", ""},
		{"a file", "```go\npackage main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println() }\n```", ""},
		{"a file behind a comment", "```go\n// Package x is one.\npackage x\n```", ""},
		{"in a list", "- an item\n\n  ```go\n  fmt.Println(cs)\n  ```\n", ""},
		{"not Go", "```text\ncs, err :=\n```\n\n```\nfoo bar\n```", ""},

		{"no such function", "one\n```go\nfmt.Println()\nhackney.Fetch(ctx)\n```", "x.md:4:9: undefined: hackney.Fetch"},
		{"too few results", "```go\nbody, err := hackney.Body(ctx, cs)\n```", "x.md:2:"},
		{"no Go at all", "```go\n\nfoo bar\n```", "x.md:3:5: expected"},
		{"no such variable", "```go\nfmt.Println(state)\n```", "x.md:2:13: undefined: state"},
		{"a package of no offer", "```go\nslices.Sort(nil)\n```", "x.md:2:1: undefined: slices"},
		{"not closed", "one\n\n```go\nfmt.Println()\n", "x.md:4: a block of Go without an end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			blocks, err := split("x.md", test.text)
			var got []string
			if err != nil {
				got = append(got, err.Error())
			} else {
				imports := exported(t, blocks)
				for _, b := range blocks {
					got = append(got, compile(b, imports)...)
				}
			}
			switch {
			case test.want == "" && len(got) != 0:
				t.Errorf("found %q, want none", got)
			case test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)):
				t.Errorf("found %q, want one with %q", got, test.want)
			}
		})
	}
}

// documents are the blocks of README.md and of all that is below docs.
func documents(t *testing.T) (blocks []block) {
	t.Helper()
	files := []string{filepath.Join(root, "README.md")}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		found, err := split(filepath.ToSlash(name), string(text))
		if err != nil {
			t.Error(err)
		}
		blocks = append(blocks, found...)
	}
	if len(blocks) == 0 {
		t.Fatal("no document has any Go in it")
	}
	return blocks
}

// split finds the blocks of a document.
func split(file, text string) (blocks []block, err error) {
	var now *block
	fence, indent := "", ""
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case fence == "" && strings.HasPrefix(trimmed, "```"):
			ticks := len(trimmed) - len(strings.TrimLeft(trimmed, "`"))
			fence, indent = trimmed[:ticks], line[:len(line)-len(trimmed)]
			if strings.TrimSpace(trimmed[ticks:]) == "go" {
				now = &block{file: file, line: i + 2}
			}
		case fence != "" && strings.TrimSpace(line) == fence:
			if now != nil {
				blocks = append(blocks, *now)
			}
			now, fence = nil, ""
		case now != nil:
			now.text += strings.TrimPrefix(line, indent) + "\n"
		}
	}
	if now != nil {
		return blocks, fmt.Errorf("%s:%d: a block of Go without an end", file, now.line)
	}
	return blocks, nil
}

// compile gives the faults of one block, with their places in the document.
func compile(b block, imports types.Importer) (faults []string) {
	fset := token.NewFileSet()
	files, err := b.parse(fset)
	if err != nil {
		var list scanner.ErrorList
		if errors.As(err, &list) {
			err = list[0]
		}
		return []string{err.Error()}
	}
	config := types.Config{Importer: imports, Error: func(err error) {
		var e types.Error
		if errors.As(err, &e) && strings.HasPrefix(e.Msg, "declared and not used") {
			return
		}
		faults = append(faults, err.Error())
	}}
	config.Check("example", fset, files, nil) // its error is the first of those
	return faults
}

// parse makes files of a block: itself, in its wrapping, and what is given.
func (b block) parse(fset *token.FileSet) ([]*ast.File, error) {
	if _, err := parser.ParseFile(token.NewFileSet(), "", b.text, parser.PackageClauseOnly); err == nil {
		f, err := b.parseAs(fset, "", "")
		return []*ast.File{f}, err
	}
	before, behind := "package example", ""
	if _, err := b.parseAs(token.NewFileSet(), before, behind); err != nil {
		before, behind = "package example; func _() error {", "\npanic(\"the end of the block\")\n}"
	}
	f, err := b.parseAs(token.NewFileSet(), before, behind)
	if err != nil {
		return nil, err
	}
	if len(f.Imports) == 0 {
		before = strings.Replace(before, "package example", "package example"+importsOf(f), 1)
	}
	if f, err = b.parseAs(fset, before, behind); err != nil {
		return nil, err
	}
	const names = "package example; import \"context\"; import \"" + module + "/hackney\"\n"
	g, err := parser.ParseFile(fset, "given", names+given, 0)
	return []*ast.File{f, g}, err
}

// parseAs parses a block in a wrapping whose lines before it do not count.
func (b block) parseAs(fset *token.FileSet, before, behind string) (*ast.File, error) {
	at := fmt.Sprintf("%s\n//line %s:%d:1\n", before, b.file, b.line)
	return parser.ParseFile(fset, b.file, at+b.text+behind, parser.ParseComments)
}

// importsOf imports the packages that a file names and does not declare.
func importsOf(f *ast.File) string {
	names := map[string]bool{}
	for _, id := range f.Unresolved {
		if offered[id.Name] != "" {
			names[id.Name] = true
		}
	}
	text := ""
	for _, name := range slices.Sorted(maps.Keys(names)) {
		text += fmt.Sprintf("; import %s %q", name, offered[name])
	}
	return text
}

// exported imports what the blocks import from what go build made of it. Nothing is
// fetched: the packages are this module's and the standard library's.
func exported(t *testing.T, blocks []block) types.Importer {
	t.Helper()
	paths := map[string]bool{}
	for _, b := range blocks {
		files, err := b.parse(token.NewFileSet())
		if err != nil {
			continue // compile tells it
		}
		for _, f := range files {
			for _, spec := range f.Imports {
				paths[strings.Trim(spec.Path.Value, `"`)] = true
			}
		}
	}
	made := map[string]string{}
	if len(paths) > 0 {
		args := append([]string{"-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}, slices.Sorted(maps.Keys(paths))...)
		for line := range strings.Lines(string(goList(t, runtime.GOOS, args...))) {
			path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
			made[path] = file
		}
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if made[path] == "" {
			return nil, fmt.Errorf("the module does not know the package %s", path)
		}
		return os.Open(made[path])
	})
}
