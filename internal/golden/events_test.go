package golden

import (
	"slices"
	"testing"
)

// TestEvents: pieces in a row are one line, also where the lines were looked at between
// them; empty ones are counted.
func TestEvents(t *testing.T) {
	var e Events
	e.Head("status", 200, "OK")
	e.Head("interim", 103, "")
	e.Fields([][2]string{{"A", "b"}})
	e.Chunk([]byte("one"))
	if want := []string{"status 200 OK", "interim 103", "| A: b", `chunk "one"`}; !slices.Equal(e.Lines(), want) {
		t.Errorf("got %q, want %q", e.Lines(), want)
	}
	e.Chunk([]byte("two"))
	e.Chunk(nil)
	e.Chunk([]byte{})
	e.Chunk([]byte("\x00"))
	e.Error("closed", []byte("x"))
	e.Note("done")
	want := []string{
		"status 200 OK", "interim 103", "| A: b", `chunk "onetwo"`, "empty chunk, 2 in a row", `chunk "\x00"`,
		`error closed after "x"`, "done",
	}
	if got := e.Lines(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	var l Log
	l.Call("request")
	l.Stream()
	l.Call("events")
	l.Events(e.Lines()[:2]...)
	if got := l.String(); got != "1 request\n  ok response stream\n2 events\n  status 200 OK\n  interim 103\n" {
		t.Errorf("the log is %q", got)
	}
}
