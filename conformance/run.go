package conformance

import (
	"context"
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
)

// Run runs every script below dir, *.txtar, as a subtest of its own, in parallel.
//
// Where the test program has a flag named update and it is set, as in
// go test -update, the sections that were compared are rewritten in place of
// being compared. This package declares no flag: a test that wants it does, with
// flag.Bool("update", false, "rewrite golden sections").
func Run(t *testing.T, dir string) {
	t.Helper()
	r := Runner{Update: updateFlag()}
	r.Run(t, dir)
}

func updateFlag() bool {
	f := flag.Lookup("update")
	if f == nil {
		return false
	}
	getter, ok := f.Value.(flag.Getter)
	if !ok {
		return false
	}
	set, _ := getter.Get().(bool)
	return set
}

// Runner runs scripts. The zero value does as Run does, but never updates.
type Runner struct {
	// Update rewrites the sections that scripts compare with. Those that were
	// recorded from hackney 0.6.0 stay as they are.
	Update bool
	// Against is the URL of a real server, which takes the place of the server
	// that scripts start under the name server. What was sent is then what left
	// this side, and "want wire" is not checked: it asks who ended a connection.
	Against string
	// Insecure turns off the verification of its certificate.
	Insecure bool
	// Context ends scripts early; nil never does.
	Context context.Context
	// Watch, if set, is told of each operation when it has ended.
	Watch func(Transition)
}

// Transition is an operation of a script that has ended.
type Transition struct {
	Command  string // as it was written, but for variables, which are filled in
	From, To hackney.ResponseState
	State    hackney.ClientState // that the operation gave
	Data     []byte              // bytes that it gave
	Fields   [][2]string         // of a head that it read: names and values
	Err      error
	Gave     string // all of this in short, such as "200 OK", "12 bytes" or "the end"
	told     bool   // Gave has all of Data in it
}

// Run runs every script below dir as a subtest of its own, in parallel.
func (r *Runner) Run(t *testing.T, dir string) {
	t.Helper()
	paths, err := find(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Fatalf("there is no script *.txtar below %s", dir)
	}
	for _, path := range paths {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		name = strings.TrimSuffix(filepath.ToSlash(name), ".txtar")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := r.drive(path, testing.Verbose())
			if err := d.err(); err != nil {
				t.Fatal(err)
			}
			if d.skipped != "" {
				t.Skip(d.skipped)
			}
			t.Log(d.log)
		})
	}
}
