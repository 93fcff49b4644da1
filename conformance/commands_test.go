package conformance

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/hackney-go/hackney/hackney"
)

// kebab writes SendRequest as send-request.
func kebab(name string) string {
	var w strings.Builder
	for i, c := range strings.ReplaceAll(name, "URL", "Url") {
		if unicode.IsUpper(c) && i > 0 {
			w.WriteByte('-')
		}
		w.WriteRune(unicode.ToLower(c))
	}
	return w.String()
}

// TestEveryOperationHasACommand looks for the functions of the library that take
// or give a ClientState, in its source.
func TestEveryOperationHasACommand(t *testing.T) {
	files, err := filepath.Glob("../hackney/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || !concernsState(f.Type) {
				continue
			}
			found++
			name := kebab(strings.TrimPrefix(f.Name.Name, "New"))
			if _, ok := operations[name]; !ok {
				t.Errorf("hackney.%s has no command %s", f.Name.Name, name)
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d functions were found", found)
	}
}

// exported gives the exported functions in a folder whose first result is of that
// type, methods left out.
func exported(t *testing.T, dir string, result *regexp.Regexp) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Results == nil {
				continue
			}
			if id, ok := f.Type.Results.List[0].Type.(*ast.Ident); ok && result.MatchString(id.Name) {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}

// TestEveryPayloadHasAWord looks for the functions that make payloads, and the
// parts of forms, in the source.
func TestEveryPayloadHasAWord(t *testing.T) {
	const bytesToo = "text" // Bytes and Text are the same here
	word := map[string]string{"Bytes": bytesToo, "FromReader": "reader"}
	names := exported(t, "../hackney", regexp.MustCompile(`Payload$`))
	for _, name := range names {
		if want := cmp.Or(word[name], kebab(name)); payloads[want] == nil {
			t.Errorf("hackney.%s has no word %s among the payloads", name, want)
		}
	}
	kinds := exported(t, "../hackney/multipart", regexp.MustCompile(`^Part$`))
	for _, name := range kinds {
		if !isItem(kebab(name)) {
			t.Errorf("multipart.%s has no word %s among the parts", name, kebab(name))
		}
	}
	if len(names) < 8 || len(kinds) < 6 {
		t.Errorf("only %q and %q were found", names, kinds)
	}
}

// concernsState says whether ClientState is among the parameters or results.
func concernsState(f *ast.FuncType) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == "ClientState" {
			found = true
		}
		return true
	})
	return found
}

func TestEveryOpHasACommand(t *testing.T) {
	have := map[hackney.Op]bool{}
	for _, op := range operations {
		for _, o := range op.ops {
			have[o] = true
		}
	}
	for op := range hackney.Ops() {
		if !have[op] {
			t.Errorf("%v has no command", op)
		}
	}
}

// TestEveryOptionCanBeSet leaves out what the runner itself sets.
func TestEveryOptionCanBeSet(t *testing.T) {
	own := map[string]bool{"TLS": true, "DialContext": true, "Trace": true, "Tap": true}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[hackney.Opts]()) {
		name := kebab(strings.ReplaceAll(field.Name, "TLSTimeout", "TlsTimeout"))
		if _, ok := optionSetters[name]; !ok && !own[field.Name] {
			t.Errorf("opts cannot set %s: there is no %s", field.Name, name)
		}
	}
}

// TestDocNamesEverything holds the description of the language against the tables.
func TestDocNamesEverything(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	for _, word := range strings.FieldsFunc(string(text), func(c rune) bool { return c != '-' && !unicode.IsLetter(c) }) {
		words[word] = true
	}
	var names []string
	for name := range operations {
		if verbs[name] == nil {
			names = append(names, name)
		}
	}
	names = append(names, sortedKeys(setups)...)
	names = append(names, sortedKeys(checks)...)
	names = append(names, sortedKeys(payloads)...)
	names = append(names, sortedKeys(items)...)
	names = append(names, sortedKeys(functions)...)
	names = append(names, sortedKeys(poolOptions)...)

	for _, kind := range errorKinds[1:] {
		names = append(names, kind.name)
	}
	for _, name := range names {
		if !words[name] {
			t.Errorf("doc.go does not speak of %s", name)
		}
	}
}
