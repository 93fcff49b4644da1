package corpusdriver

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hackney-go/hackney/internal/leaktest"

	// What the driver imports: so that a change there makes go test look again.
	_ "github.com/hackney-go/hackney/hackney"
	_ "github.com/hackney-go/hackney/hackney/form"
	_ "github.com/hackney-go/hackney/hackney/multipart"
	_ "github.com/hackney-go/hackney/hackney/url"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const (
	module = "github.com/hackney-go/hackney"
	root   = "../.."
)

// TestDriverCompiles vets the driver in a module of its own that takes the
// library from this checkout, as .ci/corpus does. Nothing is fetched.
func TestDriverCompiles(t *testing.T) {
	dir := t.TempDir()
	for from, to := range map[string]string{
		"product.go.txt":              "product.go",
		"testdata/runner.go":          "main.go",
		filepath.Join(root, "go.mod"): "go.mod",
		filepath.Join(root, "go.sum"): "go.sum",
	} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	checkout, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	goCommand(t, dir, "mod", "edit", "-module=corpusrun", "-require="+module+"@v0.0.0", "-replace="+module+"="+checkout)
	goCommand(t, dir, "vet", ".")
}

func goCommand(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
}
