package result

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestWriteAndRead(t *testing.T) {
	run := runOf(times{"get", "raw", []int{1, 2}}, times{"get", "hackney", []int{3, 4}})
	run.Date, run.Rounds, run.Modules = "2026-11-22", 2, []Module{{"example.org/m", "v1.2.3"}}
	path := filepath.Join(t.TempDir(), "run.json")
	if err := run.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if run.Samples[0].Client != "raw" {
		t.Error("Write has sorted the run itself")
	}
	slices.SortFunc(run.Samples, func(a, b Sample) int {
		return strings.Compare(string(rune('0'+a.Round))+a.Client, string(rune('0'+b.Round))+b.Client)
	})
	if !reflect.DeepEqual(got, run) {
		t.Errorf("got %+v, want %+v", got, run)
	}
}

func TestTheFileIsTheSameWhateverTheOrder(t *testing.T) {
	run := runOf(times{"get", "raw", []int{1, 2}}, times{"get", "hackney", []int{3, 4}}, times{"post", "raw", []int{5}})
	dir := t.TempDir()
	var files [][]byte
	for range 2 {
		path := filepath.Join(dir, "run.json")
		if err := run.Write(path); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data)
		slices.Reverse(run.Samples)
	}
	if !bytes.Equal(files[0], files[1]) || !bytes.HasSuffix(files[0], []byte("}\n")) {
		t.Errorf("%s\n%s", files[0], files[1])
	}
}

func TestReadErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(filepath.Join(dir, "missing.json")); err == nil {
		t.Error("a missing file was read")
	}
	path := filepath.Join(dir, "bad.json")
	for _, text := range []string{"", "{", `{"rounds": 1, "surprise": 2}`} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "bad.json") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
