package corpusdriver

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/internal/leaktest"

	// What the driver imports: so that a change there makes go test look again.
	_ "github.com/hackney-go/hackney/hackney"
	_ "github.com/hackney-go/hackney/hackney/form"
	_ "github.com/hackney-go/hackney/hackney/headers"
	_ "github.com/hackney-go/hackney/hackney/multipart"
	_ "github.com/hackney-go/hackney/hackney/pool"
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
		write(t, filepath.Join(dir, to), read(t, from))
	}
	checkout, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	goCommand(t, dir, "mod", "edit", "-module=corpusrun", "-require="+module+"@v0.0.0", "-replace="+module+"="+checkout)
	goCommand(t, dir, "vet", ".")
}

// TestJudgement runs .ci/corpus on a corpus whose runner says what it is told to.
func TestJudgement(t *testing.T) {
	const (
		allPass = "product  must 2/2  should 1/1  either 1/1  unsafe reuse 0\n"
		listed  = "# why\n\ncase-a1  for a reason\n"
	)
	tests := []struct {
		name      string
		flows     string // what the runner says of these, and of the other kinds that all is well
		otherwise string
		says      string // "" where it passes
	}{
		{"all pass", allPass, "", ""},
		{"a must fails", "FAIL product must case-a1\nproduct  must 1/2  should 1/1\n", listed, "every must has to pass"},
		{"there is no must", "product  must 0/0  should 1/1\n", "", "every must has to pass"},
		{"nothing is counted", "FAIL product\n", "", "every must has to pass"},
		{"bytes left over", "product  must 2/2  unsafe reuse 1\n", "", "unsafe reuse has to be 0"},
		{"a should fails", "FAIL product should case-a1\n" + allPass, "", "case-a1 failed (should), and is not listed"},
		{"an either fails", "FAIL product either case-a1\n" + allPass, "", "case-a1 failed (either), and is not listed"},
		{"one that is listed fails", "\"case-a1\"\nFAIL product should case-a1\n" + allPass, listed, ""},
		{"another one fails", "\"case-a1\"\nFAIL product should case-a1\nFAIL product should case-a11\n" + allPass, listed, "case-a11 failed"},
		{"one that is listed passes", "\"case-a1\"\n" + allPass, listed, "case-a1 passed, and is still listed"},
		{"while another one fails", "\"case-a1\"\nFAIL product should case-a11\n" + allPass, listed + "case-a11 too\n", "case-a1 passed"},
		{"one that is listed is not there", allPass, listed, ""},
		{"no reason", allPass, "case-a1  \n", "has no reason"},
	}
	script := filepath.Join(root, ".ci", "corpus")
	read(t, script) // so that a change there makes go test look again
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "otherwise"), tt.otherwise)
			for _, kind := range []string{"responses", "urls", "forms"} {
				write(t, filepath.Join(dir, "open", kind+".jsonl"), allPass)
			}
			write(t, filepath.Join(dir, "open", "flows.jsonl"), tt.flows)
			write(t, filepath.Join(dir, "run", "main.go"), read(t, "testdata/runner.go"))

			cmd := exec.Command("bash", script, dir)
			cmd.Env = append(os.Environ(), "GOPROXY=off", "OTHERWISE="+filepath.Join(dir, "otherwise"))
			out, err := cmd.CombinedOutput()
			switch {
			case tt.says == "" && err != nil:
				t.Fatalf("%v\n%s", err, out)
			case tt.says != "" && (err == nil || !strings.Contains(string(out), tt.says)):
				t.Fatalf("error %v, want one that says %q\n%s", err, tt.says, out)
			}
		})
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
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
