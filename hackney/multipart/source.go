package multipart

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
)

// source is what a form comes from. The standard library takes an end of its input
// behind the first lines of a head for the proper end of the form, so it never sees one:
// the end is errEnd here, and closed knows better.
type source struct {
	r       io.Reader
	closing string // the closing delimiter
	line    []byte // the last line so far, or the start of one that is longer than any delimiter may be
	left    int64  // what may be read before a head is too long
	head    int64
	ended   error // what r has ended in
	err     error // what was given on, for good
}

var errEnd = fmt.Errorf("the form ends before its closing delimiter: %w", io.ErrUnexpectedEOF)

// slack is what may come before and within a head beside its fields: a delimiter, blanks.
// It is also the most that the standard library fetches in advance.
const slack = 4096

// allow bounds what is read from now on to a head of that size.
func (s *source) allow(head int64) {
	s.head, s.left = head, math.MaxInt64
	if head < math.MaxInt64-slack {
		s.left = head + slack
	}
}

// Read never gives bytes and an error together: only one that the standard library has
// come upon is the cause of what it says.
func (s *source) Read(b []byte) (n int, err error) {
	switch {
	case s.ended != nil:
		s.err = s.ended
		return 0, s.err
	case s.left == 0:
		s.err = &LimitError{"Head", s.head}
		return 0, s.err
	}
	n, err = s.r.Read(b[:min(int64(len(b)), s.left)])
	s.left -= int64(n)
	s.see(b[:n])
	if err == io.EOF {
		err = errEnd
	}
	s.ended = err
	if n == 0 {
		s.err = err
	}
	return n, s.err
}

// see keeps the last line.
func (s *source) see(b []byte) {
	if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
		s.line, b = s.line[:0], b[i+1:]
	}
	s.line = append(s.line, b[:min(len(b), slack-len(s.line))]...)
}

// closed says whether the form has ended in a closing delimiter without a line end, for
// which Next of the standard library gives an error that wraps the source's; one of
// a head that breaks off is the source's itself.
func (s *source) closed(err error) bool {
	if s.err != errEnd || err == errEnd || !errors.Is(err, errEnd) {
		return false
	}
	padding, ok := bytes.CutPrefix(bytes.TrimSuffix(s.line, []byte("\r")), []byte(s.closing))
	return ok && len(bytes.TrimLeft(padding, " \t")) == 0
}
