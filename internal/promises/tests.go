package main

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// tests are the test functions of a module by package folder and name. The value
// says why one does not count; "" is that it does.
type tests map[string]map[string]string

// systems are those on which a test may run: a test for one of them alone counts.
var systems = []string{"linux", "darwin", "windows"}

// findTests reads the _test.go files of the module at root that plain go test takes.
func findTests(root string) (tests, error) {
	found := tests{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != root && foreign(path, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		return found.addFile(filepath.ToSlash(dir), path)
	})
	return found, err
}

// foreign says whether a folder's packages are not the module's own.
func foreign(path, name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor" {
		return true
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}

func (ts tests) addFile(pkg, path string) error {
	taken, err := runsSomewhere(path)
	if err != nil || !taken {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || !isTest(f) {
			continue
		}
		if ts[pkg] == nil {
			ts[pkg] = map[string]string{}
		}
		ts[pkg][f.Name.Name] = idle(f)
	}
	return nil
}

// runsSomewhere says whether go test, without tags, takes a file on some system.
func runsSomewhere(path string) (bool, error) {
	for _, system := range systems {
		ctx := build.Default
		ctx.GOOS, ctx.BuildTags = system, nil
		taken, err := ctx.MatchFile(filepath.Split(path))
		if taken || err != nil {
			return taken, err
		}
	}
	return false, nil
}

// isTest says whether f is func TestXxx(t *testing.T).
func isTest(f *ast.FuncDecl) bool {
	params := f.Type.Params.List
	if f.Recv != nil || !testName.MatchString(f.Name.Name) || len(params) != 1 || len(params[0].Names) > 1 {
		return false
	}
	star, ok := params[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	sel, ok := star.X.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "T"
}

// idle says why a test tests nothing: its body is empty, or skips on the way
// that every run takes.
func idle(f *ast.FuncDecl) string {
	if f.Body == nil || len(f.Body.List) == 0 {
		return "is empty"
	}
	for _, stmt := range f.Body.List {
		expr, ok := stmt.(*ast.ExprStmt)
		if !ok {
			continue
		}
		call, ok := expr.X.(*ast.CallExpr)
		if !ok {
			continue
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) && isParam(f, sel.X) {
			return "is skipped"
		}
	}
	return ""
}

// isParam says whether x is the parameter of f.
func isParam(f *ast.FuncDecl, x ast.Expr) bool {
	ident, ok := x.(*ast.Ident)
	names := f.Type.Params.List[0].Names
	return ok && len(names) == 1 && ident.Name == names[0].Name
}

// shownTests are names of tests by package.
type shownTests map[string][]string

func (s shownTests) add(pkg, name string) {
	if !slices.Contains(s[pkg], name) {
		s[pkg] = append(s[pkg], name)
		slices.Sort(s[pkg])
	}
}

func (s shownTests) String() string {
	var parts []string
	for pkg, names := range s {
		parts = append(parts, pkg+": "+strings.Join(names, ", "))
	}
	slices.Sort(parts)
	return strings.Join(parts, "; ")
}
