package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// index is the list of all scenarios, and what became of each.
type index struct {
	text  bytes.Buffer
	count map[string]int
}

// add converts a scenario, unless it is left out, and enters it.
func (x *index) add(area string, s *scenario, out string) error {
	name := area + "/" + s.Name
	if s.Area != area {
		return fmt.Errorf("its area is %s", s.Area)
	}
	if reason := leftOut[name]; reason != "" {
		x.enter(name, s.Kind, "left-out", reason)
		return nil
	}
	path := filepath.Join(out, area, s.Name+".txtar")
	old, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	script, err := convert(s, path, old)
	if err != nil {
		return err
	}
	x.enter(name, s.Kind, "golden", script.RecordedSum())
	return script.Write()
}

func (x *index) enter(name, kind, fate, more string) {
	if x.count == nil {
		x.count = map[string]int{}
	}
	x.count[fate]++
	fmt.Fprintf(&x.text, "%s %s %s %s\n", name, kind, fate, more)
}

func (x *index) summary() string {
	return fmt.Sprintf("%d golden, %d left out", x.count["golden"], x.count["left-out"])
}
