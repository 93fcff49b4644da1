package http1

import (
	"errors"
	"fmt"
	"io"
)

// ProtocolError says that the peer broke HTTP/1.1: in which part of the message,
// and how. The connection it came on cannot be used again.
type ProtocolError struct {
	Part   string // "status line", "field line", "chunk size", …
	Line   int    // number of the line in its head or trailer section, from 1; 0 where there are no lines
	Reason string
	Text   string // the start of the offending bytes, at most 64
	Addr   string // host:port of the peer; filled in by the floor above
}

// Error says who, where in the message, and what.
func (e *ProtocolError) Error() string {
	s := "protocol error by " + peer(e.Addr) + ": " + e.Part
	if e.Line > 0 {
		s += fmt.Sprintf(" (line %d)", e.Line)
	}
	s += ": " + e.Reason
	if e.Text != "" {
		s += fmt.Sprintf(": %q", e.Text)
	}
	return s
}

func malformed(part, reason, text string) *ProtocolError {
	if len(text) > 64 {
		text = text[:64]
	}
	return &ProtocolError{Part: part, Reason: reason, Text: text}
}

// LimitError says that a message went over a limit.
type LimitError struct {
	What string // "response head", "field count", "body", …
	Max  int64  // the limit
	Unit string // "bytes", "fields", …
	Addr string // host:port of the peer; filled in by the floor above
}

// Error names the limit that was passed.
func (e *LimitError) Error() string {
	return fmt.Sprintf("limit: from %s: %s is over %d %s", peer(e.Addr), e.What, e.Max, e.Unit)
}

func overLimit(what string, limit int, unit string) *LimitError {
	return &LimitError{What: what, Max: int64(limit), Unit: unit}
}

// IncompleteError says that the connection ended inside a message. It unwraps to
// io.ErrUnexpectedEOF.
type IncompleteError struct {
	Part    string // "response head", "body", "chunk", "trailer section"
	Got     int64  // bytes of that part that came, or -1 where that was not counted
	Want    int64  // bytes announced, or -1
	Partial []byte // decoded body bytes that the failed call had not yet given out; the caller's own
	Addr    string // host:port of the peer; filled in by the floor above
	Cause   error  // what ended the connection, nil for an orderly end
}

// Error says where the message ended, and how much of it came.
func (e *IncompleteError) Error() string {
	s := "connection closed by " + peer(e.Addr) + " inside the " + e.Part
	switch {
	case e.Want >= 0:
		s += fmt.Sprintf(": %d of %d bytes", e.Got, e.Want)
	case e.Got >= 0:
		s += fmt.Sprintf(" after %d bytes", e.Got)
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives io.ErrUnexpectedEOF.
func (e *IncompleteError) Unwrap() error { return io.ErrUnexpectedEOF }

// Is finds the cause too.
func (e *IncompleteError) Is(target error) bool { return e.Cause != nil && errors.Is(e.Cause, target) }

// As finds the cause too.
func (e *IncompleteError) As(target any) bool { return e.Cause != nil && errors.As(e.Cause, target) }

func peer(addr string) string {
	if addr == "" {
		return "the peer"
	}
	return addr
}
