package golden

import (
	"fmt"
	"slices"
	"strings"
)

// Events are those of an asynchronous response, in lines that can be compared. Pieces of
// the body in a row are one line: where they end is up to the segments that came.
type Events struct {
	lines []string
	piece []byte
	empty int // pieces in a row that have nothing in them
}

// Head is a status line: an event of the kind status or interim.
func (e *Events) Head(kind string, status int, reason string) {
	e.Note(strings.TrimRight(fmt.Sprintf("%s %d %s", kind, status, Quote([]byte(reason))), " "))
}

// Fields are the fields behind the line before.
func (e *Events) Fields(fields [][2]string) {
	for _, f := range fields {
		e.Note("| " + Quote([]byte(f[0]+": "+f[1])))
	}
}

// Chunk is a piece of the body.
func (e *Events) Chunk(b []byte) {
	if len(b) == 0 {
		e.flush()
		e.empty++
		return
	}
	e.flushEmpty()
	e.piece = append(e.piece, b...)
}

// Error is the end, early.
func (e *Events) Error(kind string, partial []byte) { e.Note(failure(kind, partial)) }

// Note is any other event, or something about one.
func (e *Events) Note(line string) {
	e.flush()
	e.flushEmpty()
	e.lines = append(e.lines, line)
}

func (e *Events) flush() {
	if e.piece != nil {
		e.lines = append(e.lines, "chunk "+Brief(e.piece))
	}
	e.piece = nil
}

func (e *Events) flushEmpty() {
	if e.empty > 0 {
		e.lines = append(e.lines, fmt.Sprintf("empty chunk, %d in a row", e.empty))
	}
	e.empty = 0
}

// Lines are the events so far.
func (e *Events) Lines() []string {
	now := *e
	now.lines = slices.Clone(e.lines)
	now.flush()
	now.flushEmpty()
	return now.lines
}
