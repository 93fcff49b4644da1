package result

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// Read reads a run from a file that Write has written.
func Read(path string) (*Run, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	run := new(Run)
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields() // of another version, and not to be mixed with this one
	if err := decoder.Decode(run); err != nil {
		return nil, fmt.Errorf("result: %s: %w", path, err)
	}
	return run, nil
}

// Write writes the run to a file as JSON, its samples by round, scenario and client.
func (run *Run) Write(path string) error {
	sorted := *run
	sorted.Samples = slices.Clone(run.Samples)
	slices.SortStableFunc(sorted.Samples, func(a, b Sample) int {
		return cmp.Or(cmp.Compare(a.Round, b.Round), cmp.Compare(a.Scenario, b.Scenario), cmp.Compare(a.Client, b.Client))
	})
	data, err := json.MarshalIndent(&sorted, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}
