package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hackney-go/hackney/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const root = "../.."

// TestListIsTrue holds every fault against the module: who changes the code a fault is about changes the fault.
func TestListIsTrue(t *testing.T) {
	faults, err := parse(list)
	if err != nil {
		t.Fatal(err)
	}
	rooms, equivalent := map[string]bool{}, 0
	for i := range faults {
		f := &faults[i]
		if _, err := f.planted(root); err != nil {
			t.Error(err)
		}
		for _, p := range f.packages {
			if tests, _ := filepath.Glob(filepath.Join(root, p, "*_test.go")); len(tests) == 0 {
				t.Errorf("fault %q: %s has no tests", f.name, p)
			}
		}
		if f.equivalent != "" {
			equivalent++
		}
		rooms[f.packages[0]] = true
	}
	if len(faults) < 48 || equivalent > maxSurvivors {
		t.Errorf("%d faults, of which %d are equivalent", len(faults), equivalent)
	}
	for _, room := range strings.Fields("internal/http1 internal/golden transport conformance hackney hackney/headers hackney/url hackney/form hackney/multipart hackney/pool") {
		if !rooms[room] {
			t.Errorf("no fault is in %s", room)
		}
	}
}

func TestParse(t *testing.T) {
	const good = "fault a: why it is one\nfile x/y.go\ntests z\nby TestA\nequivalent: of course\n-\told\n-\n+new\n"
	faults, err := parse("# what this is\n\n" + good + "\n\n")
	if err != nil || len(faults) != 1 {
		t.Fatal(faults, err)
	}
	f := faults[0]
	if f.name != "a" || f.why != "why it is one" || f.file != "x/y.go" || strings.Join(f.packages, " ") != "x z" || f.by != "TestA" || f.equivalent != "of course" || f.old != "\told\n" || f.new != "new" {
		t.Errorf("%+v", f)
	}
	for what, text := range map[string]string{
		"twice": good + "\n" + good, "a word": "fault a: b\nfile c\nwhat d\n-e\n+f", "no file": "fault a: b\n-e\n+f",
		"no reason": "fault a\nfile c\n-e\n+f", "no text": "fault a: b\nfile c", "no change": "fault a: b\nfile c\n-e\n+e",
	} {
		if _, err := parse(text); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// module writes a small module whose one test knows that Double doubles what is above zero.
func module(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range map[string]string{
		"go.mod":          "module small\n\ngo 1.26\n",
		".hidden/x.go":    "package broken",
		"room/a.go":       "package room\n\n// Double doubles.\nfunc Double(n int) int { return n + n }\n\nfunc unused() int { return 1 }\n",
		"room/a_test.go":  "package room\n\nimport \"testing\"\n\nfunc TestDouble(t *testing.T) {\n\tif Double(2) != 4 {\n\t\tt.Error()\n\t}\n}\n",
		"other/b.go":      "package other",
		"other/b_test.go": "package other\n\nimport (\n\t\"testing\"\n\n\t\"small/room\"\n)\n\nfunc TestOther(t *testing.T) {\n\tif room.Double(3) != 6 {\n\t\tt.Error()\n\t}\n}\n",
	} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestTry plants faults into a small module: what becomes of each is printed, and the module is as it was.
func TestTry(t *testing.T) {
	faults, err := parse(`
fault caught: it is noticed at home
file room/a.go
-n + n
+n + 1

fault elsewhere: only another package notices
file room/a.go
tests other
-n + n
+n * n

fault hint: the test that is named notices
file room/a.go
by TestDouble
-n + n
+n

fault survives: nobody calls it
file room/a.go
-return 1
+return 2

fault same: nobody can tell
file room/a.go
equivalent: it is the same
-n + n
+2 * n

fault broken: it is no program
file room/a.go
-n + n
+n +

fault hangs: it does not end
file room/a.go
-{ return n + n }
+{ for {} }
`)
	if err != nil {
		t.Fatal(err)
	}
	root := module(t)
	before, _ := os.ReadFile(filepath.Join(root, "room/a.go"))
	var out strings.Builder
	ok, err := try(context.Background(), &out, root, faults, 2, 5*time.Second)
	if ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	for _, want := range []string{
		"\ncaught         elsewhere ", "  TestOther\n", "\ncaught         hint ", "  TestDouble\n", "\nSURVIVED       survives ", "\ndoes not build broken ", "\ncaught         hangs ", "time limit",
		"survived: survives (room/a.go): nobody calls it\n", "survived, equivalent: same: it is the same\n", "wrong in the list: broken does not build", "7 faults: 4 caught, 2 survived, 1 wrong in the list\n",
	} {
		if !strings.Contains("\n"+out.String(), want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
	if after, _ := os.ReadFile(filepath.Join(root, "room/a.go")); string(after) != string(before) {
		t.Error("the module was written to")
	}
}

// TestTryRefuses holds that a list that is not true, and tests that fail by themselves, are errors.
func TestTryRefuses(t *testing.T) {
	for what, f := range map[string]fault{
		"the text is gone":     {name: "a", file: "room/a.go", packages: []string{"room"}, old: "gone"},
		"the text is twice":    {name: "a", file: "room/a.go", packages: []string{"room"}, old: "int"},
		"the file is gone":     {name: "a", file: "room/c.go", packages: []string{"room"}, old: "n"},
		"the package is not":   {name: "a", file: "room/a.go", packages: []string{"nowhere"}, old: "n + n"},
		"the file lies hidden": {name: "a", file: ".hidden/x.go", packages: []string{"room"}, old: "broken"},
	} {
		var out strings.Builder
		if ok, err := try(context.Background(), &out, module(t), []fault{f}, 1, time.Minute); ok || err == nil {
			t.Errorf("%s: %v, %v, %s", what, ok, err, out.String())
		}
	}
}

// TestVerdicts holds when a run is good enough.
func TestVerdicts(t *testing.T) {
	plain, same := fault{name: "plain"}, fault{name: "same", equivalent: "so"}
	for what, c := range map[string]struct {
		add  func(*tally)
		want bool
	}{
		"all caught":              {func(y *tally) { y.add(&plain, outcome{verdict: caught}) }, true},
		"one survives":            {func(y *tally) { y.add(&plain, outcome{verdict: survived}) }, false},
		"three are equivalent":    {func(y *tally) { addAll(y, &same, 3, survived) }, true},
		"four are":                {func(y *tally) { addAll(y, &same, 4, survived) }, false},
		"an equivalent is caught": {func(y *tally) { y.add(&same, outcome{verdict: caught}) }, false},
		"one does not build":      {func(y *tally) { y.add(&plain, outcome{verdict: broken}) }, false},
		"one was not tried":       {func(y *tally) { y.add(&plain, outcome{verdict: untried}) }, false},
	} {
		var y tally
		c.add(&y)
		if got := y.report(new(strings.Builder)); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}

func addAll(y *tally, f *fault, n int, v verdict) {
	for range n {
		y.add(f, outcome{verdict: v})
	}
}

func TestChosen(t *testing.T) {
	faults := []fault{{name: "a", file: "x/y.go"}, {name: "b", file: "z.go"}}
	for only, want := range map[string]int{"": 2, "^a$": 1, "y.go": 1, "c": 0, "(": 0} {
		got, err := chosen(append([]fault(nil), faults...), only)
		if len(got) != want && err == nil || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", only, len(got), err)
		}
	}
}
