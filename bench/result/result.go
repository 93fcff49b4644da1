// Package result holds what a run of the benchmark has measured, and the figures that
// follow from it.
package result

import "time"

// A Run is one interleaved run of the benchmark: in each round every client does every
// scenario once, in a process of its own.
type Run struct {
	Date    string   `json:"date"` // of the day, 2006-01-02
	Go      string   `json:"go"`
	System  string   `json:"system"` // operating system and kernel
	CPU     string   `json:"cpu"`    // model, and how many
	Pinned  bool     `json:"pinned"` // client and server each on a core of its own
	Rounds  int      `json:"rounds"`
	Modules []Module `json:"modules"` // the clients that are modules
	Samples []Sample `json:"samples"`
}

// A Module is one whose client was measured, with its version.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

// A Sample is what one process has measured: one client, one scenario, one round.
type Sample struct {
	Round    int    `json:"round"` // from 0
	Scenario string `json:"scenario"`
	Client   string `json:"client"`

	Operations int64         `json:"operations"`
	Bytes      int64         `json:"bytes"` // of bodies, both ways
	User       time.Duration `json:"user_ns"`
	System     time.Duration `json:"system_ns"`
	Elapsed    time.Duration `json:"elapsed_ns"`
	P50        time.Duration `json:"p50_ns"` // of the latencies, measured in a pass of their own
	P99        time.Duration `json:"p99_ns"`
	Allocs     float64       `json:"allocs"`      // per operation
	AllocBytes float64       `json:"alloc_bytes"` // per operation

	// Of the scenario idle alone: what each idle connection costs.
	IdleBytes      float64 `json:"idle_bytes,omitempty"` // of resident memory
	IdleGoroutines float64 `json:"idle_goroutines,omitempty"`
}

// CPU is the time that the process spent in one operation, in the kernel too.
func (s *Sample) CPU() time.Duration {
	return (s.User + s.System) / time.Duration(max(s.Operations, 1))
}
