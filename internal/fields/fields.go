// Package fields holds a field section (RFC 9110, 5): one text and an index of
// offsets into it. The text of a received head is kept as it came and never
// copied again; headers and http1 share it through this package.
package fields

import "strings"

// Line says where one field line starts in the text of its Section, and where its
// colon is. The value ends with the line: that is looked up when somebody asks, which
// keeps the index of a head small. It holds no pointer, so that it costs the
// collector nothing.
type Line struct {
	name, colon uint32
}

// given is set in the colon of a line that Builder has written: white space around
// such a value is the caller's own.
const given = 1 << 31

// LineAt is the line whose name starts at name; its colon is at colon. Both are below 2^31.
func LineAt(name, colon int) Line { return Line{uint32(name), uint32(colon)} }

// Section is an ordered list of field lines, each with its line end in Text. Text and Lines are never written
// after the Section was made, so that copies may share them. Of a received
// section Text may hold more (a status line, fields that were dropped): only
// Lines say what belongs.
type Section struct {
	Text  string
	Lines []Line
}

// Len is the number of field lines.
func (s *Section) Len() int { return len(s.Lines) }

// Name is the name of line i in the case in which it was given.
func (s *Section) Name(i int) string {
	l := s.Lines[i]
	return s.Text[l.name : l.colon&^given]
}

// Value is the value of line i, of a received one without the white space around it.
func (s *Section) Value(i int) string {
	l := s.Lines[i]
	value := s.Text[l.colon&^given+1:]
	end := strings.IndexByte(value, '\n')
	if l.colon&given != 0 {
		return value[len(" ") : end-len("\r")]
	}
	if end > 0 && value[end-1] == '\r' {
		end--
	}
	return Trim(value[:end])
}

// Find is the index of the first line at or after from whose name is name
// (RFC 9110, 5.1: names are compared case-blind), or -1.
func (s *Section) Find(name string, from int) int {
	for i := from; i < len(s.Lines); i++ {
		l := s.Lines[i]
		if int(l.colon&^given-l.name) == len(name) && EqualFold(s.Text[l.name:l.colon&^given], name) {
			return i
		}
	}
	return -1
}

// Append gives a Section that ends in name: value. It never writes into memory
// that s can see. The caller has checked name and value.
func (s Section) Append(name, value string) Section {
	b := Builder{text: append(make([]byte, 0, len(s.Text)+len(name)+len(value)+4), s.Text...)}
	b.lines = append(make([]Line, 0, len(s.Lines)+1), s.Lines...)
	b.Add(name, value)
	return b.Section()
}

// Builder puts a Section together. The text it builds is in the form of the
// wire: "Name: value\r\n" per line.
type Builder struct {
	text  []byte
	lines []Line
}

// Grow makes room for n lines and text bytes.
func (b *Builder) Grow(n, text int) {
	b.lines = append(make([]Line, 0, len(b.lines)+n), b.lines...)
	b.text = append(make([]byte, 0, len(b.text)+text), b.text...)
}

// Add puts one line at the end.
func (b *Builder) Add(name, value string) {
	at := uint32(len(b.text))
	b.lines = append(b.lines, Line{at, at + uint32(len(name)) | given})
	b.text = append(b.text, name...)
	b.text = append(b.text, ':', ' ')
	b.text = append(b.text, value...)
	b.text = append(b.text, '\r', '\n')
}

// Len is the number of lines so far.
func (b *Builder) Len() int { return len(b.lines) }

// Section is what was built.
func (b *Builder) Section() Section { return Section{string(b.text), b.lines} }
