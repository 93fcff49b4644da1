package headers

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/fields"
)

// Headers is an immutable, ordered list of header fields. The zero value and the
// nil pointer are the empty list. Strings it gives out share its memory and stay
// good for ever.
type Headers struct {
	section fields.Section
	extra   *extra // nil for almost every list
}

// extra is what few lists have.
type extra struct {
	omitted []string
	err     error
}

// Error is a field that may not be sent. It is the caller's fault.
type Error struct {
	Name   string // as given, up to where it is no token; "" where it is not known
	Reason string
}

// Error names the field, never its value.
func (e *Error) Error() string {
	return fmt.Sprintf("headers: field %.64q: %s", e.Name, e.Reason)
}

// New makes a list of name, value, name, value, … in the order given. A name
// that is no token (RFC 9110, 5.6.2), a value with a control byte in it (5.5), or
// an odd number of strings leaves a list whose Err says so.
func New(namesAndValues ...string) *Headers {
	n := len(namesAndValues)
	if n == 0 {
		return nil
	}
	var b fields.Builder
	size := 2 * n
	for _, s := range namesAndValues {
		size += len(s)
	}
	b.Grow((n+1)/2, size)
	var err error
	for i := 0; i+1 < n; i += 2 {
		name, value := namesAndValues[i], namesAndValues[i+1]
		if e := check(name, value); e != nil {
			err = first(err, e)
			continue
		}
		b.Add(name, value)
	}
	if n%2 == 1 {
		err = first(err, &Error{"", "the last name has no value: the number of arguments is odd"})
	}
	return build(&b, nil, err)
}

// FromSection makes a list of a section that was checked where it was read; for
// this module's codec alone.
func FromSection(s fields.Section) Headers { return Headers{section: s} }

// Section is the list as the codec sees it; for this module alone.
func (h *Headers) Section() *fields.Section {
	if h == nil {
		return &empty
	}
	return &h.section
}

var empty fields.Section

func check(name, value string) error {
	switch {
	case name == "":
		return &Error{name, "the name is empty"}
	case !fields.ValidToken(name):
		return notToken(name)
	case !fields.ValidValue(value):
		return &Error{name, "the value has a control byte in it"}
	}
	return nil
}

// notToken is the error for a name that is none. It shows the token that the name begins with: what stands behind
// that may be a value.
func notToken(name string) *Error {
	return &Error{name[:fields.Token(name)], "the name is not a token, but only begins with one"}
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func build(b *fields.Builder, omitted []string, err error) *Headers {
	h := &Headers{section: b.Section()}
	if err != nil || len(omitted) > 0 {
		h.extra = &extra{omitted, err}
	}
	return h
}

// Err is the first fault in the names and values the list was made of, an
// *Error, or nil. Operations refuse a list that has one.
func (h *Headers) Err() error {
	if h == nil || h.extra == nil {
		return nil
	}
	return h.extra.err
}

// Len is the number of field lines.
func (h *Headers) Len() int { return h.Section().Len() }

// Has says whether there is a field of that name.
func (h *Headers) Has(name string) bool { return h.Section().Find(name, 0) >= 0 }

// Get is the value of the first field of that name, or "" (hackney_headers:get_value/2).
func (h *Headers) Get(name string) string {
	s := h.Section()
	if i := s.Find(name, 0); i >= 0 {
		return s.Value(i)
	}
	return ""
}

// Values are the values of all fields of that name, in order.
func (h *Headers) Values(name string) []string {
	var vs []string
	s := h.Section()
	for i := s.Find(name, 0); i >= 0; i = s.Find(name, i+1) {
		vs = append(vs, s.Value(i))
	}
	return vs
}

// All goes through the fields in order (hackney_headers:to_list/1).
func (h *Headers) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		s := h.Section()
		for i := range s.Len() {
			if !yield(s.Name(i), s.Value(i)) {
				return
			}
		}
	}
}

// Add gives the list with one field more at its end.
func (h *Headers) Add(name, value string) *Headers {
	if err := check(name, value); err != nil {
		return h.failed(err)
	}
	return &Headers{h.Section().Append(name, value), h.rest()}
}

// With gives the list in which name has this one value: it stands where the first
// field of that name stood, else at the end (hackney_headers:insert/3).
func (h *Headers) With(name, value string) *Headers {
	if err := check(name, value); err != nil {
		return h.failed(err)
	}
	return h.replace(name, func(b *fields.Builder) { b.Add(name, value) }, true)
}

// Without gives the list without any field of that name (hackney_headers:delete/2).
func (h *Headers) Without(name string) *Headers {
	if !h.Has(name) {
		return h
	}
	return h.replace(name, func(*fields.Builder) {}, false)
}

// Update gives the list in which the fields of other take the place of those of
// the same names: all of one name stand where its first field stood, new names at
// the end (hackney_headers:update/2).
func (h *Headers) Update(other *Headers) *Headers {
	out := h
	if other.Len() > 0 {
		out = &Headers{merge(h.Section(), other.Section()), h.rest()}
	}
	if err := other.Err(); err != nil {
		return out.failed(err)
	}
	for _, name := range other.Omitted() {
		out = out.Omit(name)
	}
	return out
}

func merge(old, other *fields.Section) fields.Section {
	var b fields.Builder
	b.Grow(old.Len()+other.Len(), len(old.Text)+len(other.Text))
	for i := range old.Len() {
		name := old.Name(i)
		at := other.Find(name, 0)
		switch {
		case at < 0:
			b.Add(name, old.Value(i))
		case old.Find(name, 0) == i:
			for ; at >= 0; at = other.Find(name, at+1) {
				b.Add(other.Name(at), other.Value(at))
			}
		}
	}
	for i := range other.Len() {
		if name := other.Name(i); old.Find(name, 0) < 0 {
			b.Add(name, other.Value(i))
		}
	}
	return b.Section()
}

// replace puts what put adds in the place of the first field called name, and
// drops the others; where there is none, at the end if wanted.
func (h *Headers) replace(name string, put func(*fields.Builder), atEnd bool) *Headers {
	var b fields.Builder
	s := h.Section()
	b.Grow(s.Len()+1, len(s.Text)+64)
	done := false
	for i := range s.Len() {
		if !fields.EqualFold(s.Name(i), name) {
			b.Add(s.Name(i), s.Value(i))
		} else if !done {
			put(&b)
			done = true
		}
	}
	if !done && atEnd {
		put(&b)
	}
	return &Headers{b.Section(), h.rest()}
}

// Omit gives a list that also suppresses the default field of that name, such as
// User-Agent or Content-Type, in a request it is given to. Fields that frame or
// address the message (Host, Content-Length of a body, Transfer-Encoding) cannot
// be left out: the operation refuses that.
func (h *Headers) Omit(name string) *Headers {
	if !fields.ValidToken(name) {
		return h.failed(notToken(name))
	}
	omitted := append(h.Omitted(), name)
	return &Headers{*h.Section(), &extra{omitted, h.Err()}}
}

// Omitted are the names given to Omit.
func (h *Headers) Omitted() []string {
	if h == nil || h.extra == nil {
		return nil
	}
	return slices.Clone(h.extra.omitted)
}

func (h *Headers) rest() *extra {
	if h == nil {
		return nil
	}
	return h.extra
}

func (h *Headers) failed(err error) *Headers {
	return &Headers{*h.Section(), &extra{h.Omitted(), first(h.Err(), err)}}
}

// Format prints the list as String does, under every verb.
func (h Headers) Format(f fmt.State, _ rune) { io.WriteString(f, (&h).String()) }

// secret are the fields whose values String hides.
var secret = []string{"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"}

// String prints the list, one field a line, with the values of Authorization,
// Proxy-Authorization, Cookie and Set-Cookie hidden and values with control bytes,
// which a peer may send, quoted; of a URL the password is hidden. It is safe in a log.
func (h *Headers) String() string {
	var b strings.Builder
	for name, value := range h.All() {
		switch {
		case isSecret(name):
			value = "[hidden]"
		case !fields.ValidValue(value):
			value = strconv.Quote(url.Redact(value))
		default:
			value = url.Redact(value)
		}
		fmt.Fprintf(&b, "%s: %s\n", name, value)
	}
	return b.String()
}

func isSecret(name string) bool {
	return slices.ContainsFunc(secret, func(s string) bool { return fields.EqualFold(s, name) })
}
