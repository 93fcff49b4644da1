package faults

import (
	"fmt"
	"iter"
	"runtime"
	"testing"
	"testing/synctest"
)

// TestMatrix plays every cell, and holds the document against the tables.
func TestMatrix(t *testing.T) {
	makeBulkFile(t)
	cells := 0
	t.Run("cell", func(t *testing.T) {
		for i := range matrix {
			for c := range matrix[i].cells() {
				cells++
				c.start(t, matrix[i].name)
			}
		}
	})
	for range 3 { // package net keeps the pipes of splice until the collector comes by
		runtime.GC()
	}
	t.Logf("%d cells", cells)
	if !t.Failed() {
		checkDocument(t)
	}
}

// cells are those of a phase.
func (p *phase) cells() iter.Seq[*cell] {
	return func(yield func(*cell) bool) {
		for i := range p.faults {
			for j := range p.operations {
				for w := range allWays + 1 {
					c := &cell{fault: &p.faults[i], op: &p.operations[j], way: w}
					if c.fault.exists(c.op, w) && !yield(c) {
						return
					}
				}
			}
		}
	}
}

// start plays the cell as a subtest, in a bubble where time is a fake.
func (c *cell) start(t *testing.T, phase string) {
	name := fmt.Sprintf("%s/%s/%s: %s/%v", phase, c.fault.name, c.op.column, c.op.name, c.way)
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		play := func(t *testing.T) {
			c.TB = t
			c.play()
		}
		if c.fault.fake {
			synctest.Test(t, play)
			return
		}
		play(t)
	})
}
