package house

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const (
	module = "github.com/hackney-go/hackney"
	root   = "../.." // of the module, seen from this package
)

// tests is the floor of what serves tests only. It stands apart: it may import
// everything, and is imported by tests, by its own kind, and by [guests].
const tests = -1

// floors is the plan. A package imports from floors below its own; on the
// ground floor, 0, also from its neighbours.
var floors = map[string]int{
	"cmd/hackney":   7,
	"examples/jobs": 7,

	"conformance":       6,
	"hackney/content":   6,
	"hackney/roundtrip": 6,

	"hackney": 5,

	"hackney/pool": 4,

	"transport": 3,

	"internal/http1": 2,

	"hackney/form":      1,
	"hackney/multipart": 1,

	"hackney/headers":    0,
	"hackney/url":        0,
	"internal/fields":    0,
	"internal/mediatype": 0,

	"internal/corpusdriver":          tests,
	"internal/faults":                tests,
	"internal/golden":                tests,
	"internal/house":                 tests,
	"internal/integration":           tests,
	"internal/leaktest":              tests,
	"internal/mutants":               tests,
	"internal/promises":              tests,
	"internal/soak":                  tests,
	"internal/testserver":            tests,
	"internal/testserver/selfsigned": tests,
	"internal/transcripts":           tests,
	"internal/wiretest":              tests,
}

// guests names who, beside tests, may import something from the floor of the tests.
var guests = map[string][]string{
	"cmd/hackney":   {"internal/testserver"}, // serve and demo run it
	"examples/jobs": {"internal/testserver"}, // so that it runs without arguments
	"conformance":   {"internal/golden", "internal/wiretest"},
}

// vague are names that say nothing of what a package is for.
var vague = []string{"util", "utils", "common", "misc"}

// systems are those whose sources are looked at: imports differ by build constraint.
var systems = []string{"linux", "darwin", "windows"}

// listed is what go list tells of a package. Imports are those of its
// sources without the tests.
type listed struct {
	ImportPath string
	Name       string
	Doc        string
	Imports    []string
}

func TestFloors(t *testing.T) {
	eachSystem(t, func(t *testing.T, pkgs []listed) {
		for _, fault := range floorFaults(pkgs) {
			t.Error(fault)
		}
	})
}

func TestNames(t *testing.T) {
	eachSystem(t, func(t *testing.T, pkgs []listed) {
		for _, fault := range nameFaults(pkgs) {
			t.Error(fault)
		}
	})
}

func TestPackageComments(t *testing.T) {
	eachSystem(t, func(t *testing.T, pkgs []listed) {
		for _, fault := range commentFaults(pkgs) {
			t.Error(fault)
		}
	})
}

// TestCoreIsSmall holds what the library itself, up to floor 5, may draw in:
// from outside only golang.org/x/net, and never net/http, which makes a program
// megabytes larger.
func TestCoreIsSmall(t *testing.T) {
	eachSystem(t, func(t *testing.T, pkgs []listed) {
		for _, fault := range coreFaults(pkgs) {
			t.Error(fault)
		}
	})
	for _, system := range systems {
		deps := goList(t, system, "-deps", "-f", "{{.ImportPath}}", "./hackney")
		if slices.Contains(strings.Fields(string(deps)), "net/http") {
			t.Errorf("%s: hackney depends on net/http; go list -deps -json ./hackney shows by which way", system)
		}
	}
}

// TestFaultsAreFound breaks each rule once, in packages made up for it.
func TestFaultsAreFound(t *testing.T) {
	pkg := func(path string, imports ...string) listed {
		p := listed{Name: filepath.Base(path), ImportPath: module + "/" + path, Doc: "Package " + path + " is made up."}
		for _, i := range imports {
			if _, ok := floors[i]; ok {
				i = module + "/" + i
			}
			p.Imports = append(p.Imports, i)
		}
		return p
	}
	for _, test := range []struct {
		name  string
		pkg   listed
		check func([]listed) []string
		want  string // in the one fault; "" for none
	}{
		{"downward", pkg("hackney", "hackney/pool", "internal/http1", "hackney/url"), floorFaults, ""},
		{"ground floor neighbours", pkg("hackney/headers", "internal/fields"), floorFaults, ""},
		{"tests import all", pkg("internal/testserver", "hackney", "internal/wiretest"), floorFaults, ""},
		{"guest", pkg("cmd/hackney", "internal/testserver", "hackney"), floorFaults, ""},
		{"upward", pkg("transport", "hackney/pool"), floorFaults, "transport (floor 3) imports hackney/pool (floor 4)"},
		{"from the ground", pkg("internal/fields", "internal/http1"), floorFaults, "(floor 0) imports internal/http1 (floor 2)"},
		{"sideways", pkg("hackney/form", "hackney/multipart"), floorFaults, "hackney/form (floor 1) imports hackney/multipart (floor 1)"},
		{"library imports tests", pkg("hackney", "internal/testserver"), floorFaults, "hackney imports internal/testserver, which serves tests only"},
		{"guest of another", pkg("cmd/hackney", "internal/wiretest"), floorFaults, "cmd/hackney imports internal/wiretest"},
		{"no floor", pkg("hackney/extra"), floorFaults, "hackney/extra has no floor"},
		{"no floor at the root", listed{ImportPath: module}, floorFaults, "the module's root has no floor"},

		{"a name", pkg("hackney/form"), nameFaults, ""},
		{"vague name", listed{ImportPath: module + "/internal/x", Name: "util"}, nameFaults, "internal/x is named util"},
		{"vague path", listed{ImportPath: module + "/common/x", Name: "x"}, nameFaults, "common/x is named common"},

		{"comment", pkg("hackney"), commentFaults, ""},
		{"no comment", listed{ImportPath: module + "/hackney", Name: "hackney"}, commentFaults, "hackney has no package comment"},

		{"x/net", pkg("hackney", "net", "golang.org/x/net/idna"), coreFaults, ""},
		{"not the core", pkg("cmd/hackney", "net/http", "github.com/alecthomas/kong"), coreFaults, ""},
		{"net/http", pkg("transport", "net/http"), coreFaults, "transport imports net/http"},
		{"below net/http", pkg("hackney", "net/http/httptrace"), coreFaults, "hackney imports net/http/httptrace"},
		{"from outside", pkg("hackney/url", "github.com/x/y"), coreFaults, "hackney/url imports github.com/x/y"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.check([]listed{test.pkg})
			switch {
			case test.want == "" && len(got) != 0:
				t.Errorf("found %q, want none", got)
			case test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)):
				t.Errorf("found %q, want one with %q", got, test.want)
			}
		})
	}
}

func floorFaults(pkgs []listed) (faults []string) {
	for _, p := range pkgs {
		from := room(p.ImportPath)
		floor, ok := floors[from]
		if !ok {
			name := from
			if name == "" {
				name = "the module's root"
			}
			faults = append(faults, name+" has no floor: enter it in the table of house_test.go")
			continue
		}
		for _, path := range p.Imports {
			to := room(path)
			below, ok := floors[to]
			switch {
			case !ok: // from outside; or without a floor, which is told above
			case floor == tests, slices.Contains(guests[from], to):
			case below == tests:
				faults = append(faults, fmt.Sprintf("%s imports %s, which serves tests only", from, to))
			case floor == 0 && below == 0:
			case below >= floor:
				faults = append(faults, fmt.Sprintf("%s (floor %d) imports %s (floor %d): only what is below may be", from, floor, to, below))
			}
		}
	}
	return faults
}

func nameFaults(pkgs []listed) (faults []string) {
	for _, p := range pkgs {
		for _, name := range append(strings.Split(room(p.ImportPath), "/"), p.Name) {
			if slices.Contains(vague, name) {
				faults = append(faults, fmt.Sprintf("%s is named %s, which does not say what it is for", room(p.ImportPath), name))
				break
			}
		}
	}
	return faults
}

func commentFaults(pkgs []listed) (faults []string) {
	for _, p := range pkgs {
		if p.Doc == "" {
			faults = append(faults, room(p.ImportPath)+" has no package comment (in a file that is no test)")
		}
	}
	return faults
}

func coreFaults(pkgs []listed) (faults []string) {
	for _, p := range pkgs {
		from := room(p.ImportPath)
		floor, ok := floors[from]
		if !ok || floor == tests || floor > floors["hackney"] {
			continue
		}
		for _, path := range p.Imports {
			first, _, _ := strings.Cut(path, "/")
			outside := strings.Contains(first, ".") && !within(path, module) && !within(path, "golang.org/x/net")
			if outside || within(path, "net/http") {
				faults = append(faults, fmt.Sprintf("%s imports %s: the core stands on the standard library without net/http, and golang.org/x/net", from, path))
			}
		}
	}
	return faults
}

// room is the part of an import path within the module; other paths stay whole.
func room(path string) string {
	if path == module {
		return ""
	}
	return strings.TrimPrefix(path, module+"/")
}

func within(path, tree string) bool {
	return path == tree || strings.HasPrefix(path, tree+"/")
}

// eachSystem runs test with the packages of the module as each system sees them.
func eachSystem(t *testing.T, test func(t *testing.T, pkgs []listed)) {
	t.Helper()
	readSources(t)
	for _, system := range systems {
		t.Run(system, func(t *testing.T) {
			test(t, packages(t, system))
		})
	}
}

func packages(t *testing.T, system string) (pkgs []listed) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(
		goList(t, system, "-tags=integration", "-json=ImportPath,Name,Doc,Imports", "./..."))))
	for {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if len(pkgs) == 0 {
		t.Fatal("go list names no package")
	}
	return pkgs
}

func goList(t *testing.T, system string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// readSources asks for the state of each folder and source of the module. go test
// keeps results until a file that the test itself looked at has changed, and it
// does not see what go list looks at.
func readSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
				return filepath.SkipDir
			}
			_, err = os.ReadDir(path)
			return err
		}
		if strings.HasSuffix(path, ".go") || d.Name() == "go.mod" {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
