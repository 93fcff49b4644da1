package conformance_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/conformance"
	"github.com/hackney-go/hackney/internal/golden"
)

// recordings are what hackney 0.6.0 really did, as golden scripts. Its index names
// every scenario; internal/transcripts made both.
const recordings = "../testdata/hackney-0.6.0"

// scenario is a line of the index: "area/name kind golden SUM" or
// "area/name kind left-out REASON".
type scenario struct {
	name, kind, fate, rest string
}

func TestRecorded(t *testing.T) {
	scenarios := index(t)
	if !t.Run("scripts", func(t *testing.T) { conformance.Run(t, recordings) }) {
		t.Error("some scripts failed: what is counted below is what they should show")
	}
	r := &report{t: t, entries: entries(t), otherwise: map[string]int{}, kinds: map[string]*tally{}}
	found := map[string]bool{}
	for _, s := range scenarios {
		found[s.name] = true
		r.count(s)
	}
	r.nothingElse(found)
	r.entriesAreUsed()
	r.print()
}

// index reads the index.
func index(t *testing.T) (list []scenario) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(recordings, "scenarios.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if len(parts) != 4 {
			t.Fatalf("scenarios.txt: cannot read %q", line)
		}
		list = append(list, scenario{parts[0], parts[1], parts[2], parts[3]})
	}
	if len(list) == 0 {
		t.Fatal("the index is empty")
	}
	return list
}

// entry is an entry of docs/divergences.md.
type entry struct {
	closed bool // on the closed list of differences in documented behaviour
	names  []string
	used   map[string]bool
}

var (
	// Names behind another word than "Recorded" are those of recordings whose
	// golden does not show the difference.
	recordedBy = regexp.MustCompile(`Recorded:([^.]*)`)
	quotedName = regexp.MustCompile("`([a-z0-9_]+_[a-z0-9_]+)`")
	heading    = regexp.MustCompile(`(?m)^### (\S+)$`)
)

// entries reads which entry names which recordings.
func entries(t *testing.T) map[string]*entry {
	t.Helper()
	text, err := os.ReadFile("../docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*entry{}
	for _, chapter := range strings.Split(string(text), "\n## ") {
		closed := strings.HasPrefix(chapter, "Differences in documented behaviour\n")
		marks := heading.FindAllStringSubmatchIndex(chapter, -1)
		for i, mark := range marks {
			end := len(chapter)
			if i+1 < len(marks) {
				end = marks[i+1][0]
			}
			e := &entry{closed: closed, used: map[string]bool{}}
			for _, list := range recordedBy.FindAllString(chapter[mark[0]:end], -1) {
				for _, m := range quotedName.FindAllStringSubmatch(list, -1) {
					e.names = append(e.names, m[1])
				}
			}
			all[chapter[mark[2]:mark[3]]] = e
		}
	}
	return all
}

// tally counts the scenarios of one kind.
type tally struct{ same, otherwise, leftOut int }

type report struct {
	t         *testing.T
	entries   map[string]*entry
	kinds     map[string]*tally
	otherwise map[string]int // by entry
	open      []string
}

// count takes a scenario to account, and holds its script against the index.
func (r *report) count(s scenario) {
	k := r.kinds[s.kind]
	if k == nil {
		k = &tally{}
		r.kinds[s.kind] = k
	}
	switch s.fate {
	case "left-out":
		k.leftOut++
	case "golden":
		if r.golden(s) {
			k.same++
		} else {
			k.otherwise++
		}
	default:
		r.t.Errorf("%s: unknown fate %s", s.name, s.fate)
	}
}

// golden checks the script of a scenario: what was recorded is unchanged, and a
// difference has its reasons. It says whether the script shows what was recorded.
func (r *report) golden(s scenario) (same bool) {
	script, err := golden.Read(filepath.Join(recordings, filepath.FromSlash(s.name)+".txtar"))
	if err != nil {
		r.t.Error(err)
		return false
	}
	if sum := script.RecordedSum(); sum != s.rest {
		r.t.Errorf("%s: its recorded sections were changed: their sum is %s, in the index %s", s.name, sum, s.rest)
	}
	same = true
	for _, pair := range [][2]string{{"log", ""}, {"wire", ".wire"}} {
		same = r.compared(script, s.name, pair[0], pair[1]) && same
	}
	reasons := script.Tags("differs")
	switch {
	case same && len(reasons) > 0:
		r.t.Errorf("%s: gives reasons %v for a difference that is none", s.name, reasons)
	case same && (s.kind == "bug" || s.kind == "crash"):
		r.t.Errorf("%s: a %s of 0.6.0 is the same here", s.name, s.kind)
	case !same && len(reasons) == 0:
		r.t.Errorf("%s: differs without a reason: name the entries of docs/divergences.md behind # differs:", s.name)
	}
	r.reasons(s, reasons)
	return same
}

// compared says whether a script compares with what was recorded, not with ours.
func (r *report) compared(script *golden.Script, name, what, suffix string) bool {
	recorded, ours := script.Section("recorded"+suffix), script.Section("ours"+suffix)
	commands := script.Commands()
	has := func(with string) bool { return strings.Contains(commands, "\nwant "+what+" "+with+suffix+"\n") }
	switch {
	case recorded == nil && ours == nil:
		return true
	case ours == nil && has("recorded"):
		return true
	case ours == nil, recorded == nil && !has("ours"):
		r.t.Errorf("%s: what was recorded of its %s is not compared", name, what)
	case !has("ours"):
		r.t.Errorf("%s: section %s is not compared", name, ours.Name)
	case recorded != nil && recorded.Text == ours.Text:
		r.t.Errorf("%s: section %s is what was recorded", name, ours.Name)
	}
	return false
}

// reasons checks that each entry that a script names is there and names the script.
func (r *report) reasons(s scenario, reasons []string) {
	short := s.name[strings.IndexByte(s.name, '/')+1:]
	listed := false
	for _, reason := range reasons {
		e := r.entries[reason]
		if e == nil || !slices.Contains(e.names, short) {
			r.t.Errorf("%s: docs/divergences.md has no entry %s that names `%s`", s.name, reason, short)
			continue
		}
		e.used[short] = true
		listed = listed || e.closed
		r.otherwise[reason]++
	}
	if s.kind == "documented" && len(reasons) > 0 && !listed {
		r.open = append(r.open, short)
	}
}

// nothingElse looks for scripts that the index does not have.
func (r *report) nothingElse(found map[string]bool) {
	err := filepath.WalkDir(recordings, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".txtar" {
			return err
		}
		name, err := filepath.Rel(recordings, strings.TrimSuffix(path, ".txtar"))
		if err == nil && !found[filepath.ToSlash(name)] {
			r.t.Errorf("%s is not in the index", path)
		}
		return err
	})
	if err != nil {
		r.t.Error(err)
	}
}

// entriesAreUsed looks for entries that name a recording which differs without them,
// or not at all, or is not there.
func (r *report) entriesAreUsed() {
	fates := map[string]scenario{}
	for _, s := range index(r.t) {
		fates[s.name[strings.IndexByte(s.name, '/')+1:]] = s
	}
	for _, name := range slices.Sorted(maps.Keys(r.entries)) {
		e := r.entries[name]
		same := strings.HasPrefix(name, "S-") // odd in 0.6.0, and the same here
		for _, short := range e.names {
			s, ok := fates[short]
			if !ok {
				continue // a field or a function of Erlang
			}
			if s.fate == "golden" && !same && !e.used[short] {
				r.t.Errorf("docs/divergences.md: %s names `%s`, whose script does not name it", name, short)
			}
		}
	}
}

// print says what all scenarios came to.
func (r *report) print() {
	for _, kind := range slices.Sorted(maps.Keys(r.kinds)) {
		k := r.kinds[kind]
		r.t.Logf("%-10s %3d the same, %3d otherwise for a reason, %3d left out", kind, k.same, k.otherwise, k.leftOut)
	}
	for _, name := range slices.Sorted(maps.Keys(r.otherwise)) {
		closed := ""
		if r.entries[name].closed {
			closed = " (closed list)"
		}
		r.t.Logf("  %3d × %s%s", r.otherwise[name], name, closed)
	}
	slices.Sort(r.open)
	r.t.Logf("documented and not followed, by decision 0006: OPEN %d: %s", len(r.open), strings.Join(r.open, " "))
	r.openIsDecided()
}

// openIsDecided holds the open differences against the decision record.
func (r *report) openIsDecided() {
	text, err := os.ReadFile("../docs/decisions/0006-recordings-not-followed.md")
	if err != nil {
		r.t.Error(err)
	}
	for _, short := range r.open {
		if !strings.Contains(string(text), "| `"+short+"` |") {
			r.t.Errorf("%s is documented, is not on the closed list, and has no decision record", short)
		}
	}
}
