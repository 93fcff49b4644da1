// Package scenario is the list of what is measured.
package scenario

import (
	"fmt"
	"slices"
	"time"
)

// SmallBody is the size of a small answer's body, and of the receipt for an upload.
const SmallBody = 13

// SmallFields is how many fields a small answer has.
const SmallFields = 6

// A Kind is what one operation does, beside taking in the whole answer.
type Kind int

// The kinds.
const (
	Get           Kind = iota // the body is taken into memory
	Download                  // the body is read in pieces and dropped
	Post                      // of JSON that is in memory
	UploadFile                // by its length
	UploadChunked             // what a reader gives, as chunks
	UploadForm                // a file as the only part of a form
	Idle                      // a Get on a connection of its own, which then stays idle
	Copy                      // the body is copied into nothing
	Events                    // the body is taken in events, and dropped
)

// A Security is how connections are secured.
type Security int

// The securities.
const (
	Plain Security = iota
	TLS
	TLSWithoutSessions // each handshake is a full one
	TLSWithSessions    // each handshake but the first resumes a session
)

// A Scenario is one thing that is measured: a row of the report.
type Scenario struct {
	Name string
	Text string // what it is, in one line

	Kind        Kind
	Concurrency int // goroutines, and thereby connections
	Operations  int // of the measured pass

	Body          int64         // bytes of the answer's body, SmallBody if 0
	Upload        int64         // bytes of the request's body, of a form those of the file
	Fields        int           // of the answer, SmallFields if 0
	Chunk         int64         // size of the answer's chunks; 0 is a body by its length
	Security      Security      // of the connections
	NewConnection bool          // each time: the answer says close
	Limit         time.Duration // for the answer to come; 0 is none
	Cancellable   bool          // each goroutine has a context that can be cancelled
	AsyncBuffer   int           // so many Events are read ahead

	Clients []string // nil is all that can do it
	Quick   bool     // a part of the quick run too

	// What hackney is to reach; 0 is no target.
	Against     string  // the client that is 1, "raw" if ""
	Target      float64 // CPU time, as a multiple of that
	TargetAlloc float64 // allocations for each operation
	TargetIdle  float64 // bytes of memory for each idle connection

	// Of a scenario that is one point of a curve.
	Series string
	X      int64

	// Of a scenario that is another way to do what the scenario Beside does, or that one itself.
	Beside     string
	TargetRate float64 // bytes per second, as a multiple of those of Beside; 0 is no target
}

// Path is where the target serves the scenario.
func (s *Scenario) Path() string {
	switch {
	case s.Kind == Idle:
		return fmt.Sprintf("/barrier/%d", s.Concurrency)
	case s.Kind == UploadForm:
		return "/form"
	case s.Upload > 0:
		return "/sink"
	case s.NewConnection:
		return "/close"
	case s.Chunk > 0:
		return fmt.Sprintf("/chunks/%d/%d", s.Chunk, s.Body)
	case s.Body > 0:
		return fmt.Sprintf("/bytes/%d", s.Body)
	case s.Fields > 0:
		return fmt.Sprintf("/fields/%d", s.Fields)
	}
	return "/small"
}

// File says whether a file of so many bytes is uploaded.
func (s *Scenario) File() bool { return s.Kind == UploadFile || s.Kind == UploadForm }

// Answer is the size of the answer's body.
func (s *Scenario) Answer() int64 {
	if s.Body > 0 {
		return s.Body
	}
	return SmallBody
}

// Baseline is the client that the others are compared with.
func (s *Scenario) Baseline() string {
	if s.Against != "" {
		return s.Against
	}
	return "raw"
}

// Find finds a scenario in the lists by its name.
func Find(name string) (*Scenario, bool) {
	for _, s := range All() {
		if s.Name == name {
			return s, true
		}
	}
	return nil, false
}

// All are the scenarios of all lists.
func All() []*Scenario { return slices.Concat(Comparison(), Growth(), Ways()) }
