package multipart

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// CVE-2025-22150 (undici), and hackney 0.6.0: boundaries from a source that can be guessed.
func TestC28_NobodyGuessesTheBoundary(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	imported := map[string]bool{}
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			imported[strings.Trim(spec.Path.Value, `"`)] = true
		}
	}
	if !imported["crypto/rand"] || imported["math/rand"] || imported["math/rand/v2"] {
		t.Errorf("imports %v", imported)
	}
}

// Whoever guessed it all the same would put it into content: then another one is drawn.
func TestC28_BoundaryInContent(t *testing.T) {
	first, second := dashes+strings.Repeat("a", 16), dashes+strings.Repeat("b", 16)
	draw(t, strings.Repeat("\x00", 16)+strings.Repeat("\x01", 16))
	if got := BoundaryFor(Value("a", "x"), Content("f", "f", []byte("\r\n--"+first+"--\r\n"))); got != second {
		t.Errorf("%q, want %q", got, second)
	}
}
