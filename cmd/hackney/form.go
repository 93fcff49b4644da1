package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"strings"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/internal/mediatype"
)

// form makes the payload of -F.
func (f *flags) form(ctx context.Context, a *app) (*body, error) {
	parts := make([]multipart.Part, len(f.Form))
	stdin := &onlyInput{r: &interruptible{ctx: ctx, r: a.stdin}}
	for i, text := range f.Form {
		field, err := parseField(text)
		if err == nil {
			parts[i], err = field.part(stdin)
		}
		if err != nil { // the text is not shown: it may hold a secret
			return nil, fmt.Errorf("-F number %d: %w", i+1, err)
		}
	}
	boundary := multipart.BoundaryFor(parts...)
	return &body{payload: hackney.Multipart(parts...).WithBoundary(boundary), size: formSize(boundary, parts)}, nil
}

// formSize is that of a form, 0 where it is not known. What is wrong with a file is
// told when the form is sent.
func formSize(boundary string, parts []multipart.Part) int64 {
	size, err := multipart.Size(boundary, parts...)
	if err != nil {
		return 0
	}
	return size - int64(len("\r\n")) // the empty line behind a streamed form
}

// onlyInput gives standard input, once.
type onlyInput struct{ r io.Reader }

var errInputTwice = errors.New("standard input can be sent only once")

func (o *onlyInput) take() (io.Reader, error) {
	if o.r == nil {
		return nil, errInputTwice
	}
	r := o.r
	o.r = nil
	return r, nil
}

// field is what -F says: NAME=CONTENT;type=TYPE;filename=NAME.
type field struct {
	name     string
	from     byte   // '@': content is the path of a file, '<': of one that holds a value, 0: it is the value
	content  string // a path of "-" is standard input
	ctype    string // "" for none given
	filename string
	named    bool // filename was given
}

// blanks are what may stand around a word.
const blanks = " \t\r\n\v\f"

var (
	errNoEquals = errors.New("there is no '=': want NAME=VALUE, NAME=@FILE or NAME=<FILE")
	errNoName   = errors.New("there is no name before the '='")
	errNoPath   = errors.New("there is no file behind the '@' or '<'")
	errSetting  = errors.New("a ';' is followed by something else than type= or filename=; a value that has one stands in double quotes")
	errTrailing = errors.New("the closing quote is followed by something else than ';'")
	errType     = errors.New("type= wants a media type, such as text/plain")
)

// parseField reads the argument of -F as curl does, but what curl warns of, and then
// leaves out, is an error.
func parseField(text string) (f field, err error) {
	name, rest, ok := strings.Cut(text, "=")
	switch {
	case !ok:
		return f, errNoEquals
	case name == "":
		return f, errNoName
	}
	f.name = name
	if rest != "" && (rest[0] == '@' || rest[0] == '<') {
		f.from, rest = rest[0], rest[1:]
	}
	if f.content, rest, err = word(rest); err != nil {
		return f, err
	}
	if f.from != 0 && f.content == "" {
		return f, errNoPath
	}
	return f, f.settings(rest)
}

// settings reads what follows the content: nothing, or settings with a ';' before each.
// What follows a type and is no setting is a parameter of the type.
func (f *field) settings(rest string) (err error) {
	typed := false
	for rest != "" && err == nil {
		rest = strings.TrimLeft(rest[1:], blanks)
		if value, ok := cutFold(rest, "filename="); ok {
			f.filename, rest, err = word(value)
			f.named, typed = true, false
			continue
		}
		setting, ok := cutFold(rest, "type=")
		switch {
		case typed:
			if setting, rest = untilSemicolon(rest); setting != "" {
				f.ctype += "; " + setting
			}
		case ok:
			f.ctype, rest = untilSemicolon(setting)
			if typed = true; f.ctype == "" {
				return errType
			}
		default:
			return errSetting
		}
	}
	if err == nil && f.ctype != "" {
		err = checkType(f.ctype)
	}
	return err
}

func checkType(ctype string) error {
	if media, _, err := mime.ParseMediaType(ctype); err != nil || !strings.Contains(media, "/") {
		return errType
	}
	return nil
}

func cutFold(s, prefix string) (after string, found bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func untilSemicolon(s string) (before, rest string) {
	if i := strings.IndexByte(s, ';'); i >= 0 {
		return strings.Trim(s[:i], blanks), s[i:]
	}
	return strings.Trim(s, blanks), ""
}

// word cuts a word off: up to a ';' and without blanks around it, or what stands in double
// quotes. A quote that is not closed is a character as any other.
func word(s string) (text, rest string, err error) {
	text, rest, ok := quoted(strings.TrimLeft(s, blanks))
	if !ok {
		text, rest = untilSemicolon(s)
		return text, rest, nil
	}
	if rest = strings.TrimLeft(rest, blanks); rest != "" && rest[0] != ';' {
		return "", "", errTrailing
	}
	return text, rest, nil
}

// quoted takes a text in double quotes apart, in which \" and \\ are escapes.
func quoted(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", s, false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", s, false
}

// part makes the part of a field.
func (f *field) part(stdin *onlyInput) (multipart.Part, error) {
	if f.from != '@' {
		value, err := f.value(stdin)
		return f.dressed(multipart.Value(f.name, value).Type("")), err
	}
	if f.content != "-" {
		return f.dressed(multipart.File(f.name, f.content)), nil
	}
	r, err := stdin.take()
	return f.dressed(multipart.Reader(f.name, "-", r, -1)), err
}

// value is the content of a plain value.
func (f *field) value(stdin *onlyInput) (string, error) {
	if f.from == 0 {
		return f.content, nil
	}
	if f.content != "-" {
		value, err := os.ReadFile(f.content)
		return string(value), err
	}
	r, err := stdin.take()
	if err != nil {
		return "", err
	}
	value, err := io.ReadAll(r)
	return string(value), err
}

// dressed is the part with the file name and the type that were given. A file name tells
// the type where none was.
func (f *field) dressed(p multipart.Part) multipart.Part {
	if f.named {
		p = p.Named(f.filename)
		if f.filename != "" {
			p = p.Type(mediatype.ByName(f.filename))
		}
	}
	if f.ctype != "" {
		p = p.Type(f.ctype)
	}
	return p
}
