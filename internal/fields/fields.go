// Package fields holds a field section (RFC 9110, 5): one text and an index of
// offsets into it. The text of a received head is kept as it came and never
// copied again; headers and http1 share it through this package.
package fields

// Line says where one field line stands in the text of its Section. It holds no
// pointer, so that the index of a large head costs the collector nothing.
type Line struct {
	Name, NameEnd, Value, ValueEnd uint32
}

// Section is an ordered list of field lines. Text and Lines are never written
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
	return s.Text[l.Name:l.NameEnd]
}

// Value is the value of line i without the white space around it.
func (s *Section) Value(i int) string {
	l := s.Lines[i]
	return s.Text[l.Value:l.ValueEnd]
}

// Find is the index of the first line at or after from whose name is name
// (RFC 9110, 5.1: names are compared case-blind), or -1.
func (s *Section) Find(name string, from int) int {
	for i := from; i < len(s.Lines); i++ {
		l := s.Lines[i]
		if int(l.NameEnd-l.Name) == len(name) && EqualFold(s.Text[l.Name:l.NameEnd], name) {
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
	b.text = append(b.text, name...)
	b.text = append(b.text, ':', ' ')
	val := uint32(len(b.text))
	b.text = append(b.text, value...)
	b.lines = append(b.lines, Line{at, at + uint32(len(name)), val, uint32(len(b.text))})
	b.text = append(b.text, '\r', '\n')
}

// Len is the number of lines so far.
func (b *Builder) Len() int { return len(b.lines) }

// Section is what was built.
func (b *Builder) Section() Section { return Section{string(b.text), b.lines} }
