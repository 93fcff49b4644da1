package form

import (
	"fmt"
	"strings"

	"github.com/hackney-go/hackney/hackney/url"
)

// ContentType is the media type of what [Encode] makes, with the parameter that
// hackney gives it.
const ContentType = "application/x-www-form-urlencoded; charset=utf-8"

// Field is one name with its value, both as plain bytes. A Bare field is a name
// alone, written without '='; its Value is not used. In hackney that is the
// pair {Name, true}.
type Field struct {
	Name  string
	Value string
	Bare  bool
}

// Encode writes fields in their order, joined by '&' (hackney_form:encode_form/1).
// Letters, digits and ". - ~ _" stay, a space becomes '+', and every other byte
// an escape with lower-case hex digits. Nil gives an empty body.
func Encode(fields []Field) []byte {
	n := 0
	for _, f := range fields {
		n += len(f.Name) + len(f.Value) + 2
	}
	return AppendEncode(make([]byte, 0, n+n/4), fields)
}

// AppendEncode appends what [Encode] makes of fields to dst.
func AppendEncode(dst []byte, fields []Field) []byte {
	for i, f := range fields {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = url.AppendEncode(dst, f.Name)
		if !f.Bare {
			dst = append(dst, '=')
			dst = url.AppendEncode(dst, f.Value)
		}
	}
	return dst
}

// Decode reads a form or a query (hackney_form:decode_form/1). Pairs are
// separated by '&' alone, empty ones are skipped, and the first '=' of a pair
// ends its name. A name without '=' is a [Field] that is Bare.
//
// As in hackney, a '%' that two hex digits do not follow is an error. It
// matches url.ErrEscape and names the field by number but not its text, which
// may be secret. No fields are returned with it.
func Decode(s string) ([]Field, error) {
	var fields []Field
	for pair := range strings.SplitSeq(s, "&") {
		if pair == "" {
			continue
		}
		f, err := decodePair(pair)
		if err != nil {
			return nil, fmt.Errorf("form: field %d: %w", len(fields)+1, err)
		}
		fields = append(fields, f)
	}
	return fields, nil
}

func decodePair(pair string) (f Field, err error) {
	name, value, found := strings.Cut(pair, "=")
	if f.Name, err = url.Decode(name); err != nil {
		return f, fmt.Errorf("name: %w", err)
	}
	if f.Value, err = url.Decode(value); err != nil {
		return f, fmt.Errorf("value: %w", err)
	}
	f.Bare = !found
	return f, nil
}
