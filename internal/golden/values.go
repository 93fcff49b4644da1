package golden

import (
	"slices"
	"strings"
)

// The values of pure functions, in lines that are the same when the values are.

// URLFields are the names of the fields of a URL record, in its order.
var URLFields = []string{
	"transport", "scheme", "netloc", "raw_path", "path", "qs",
	"fragment", "host", "port", "user", "password",
}

// URLLines are the lines of a URL record.
func URLLines(values map[string]string) (lines []string) {
	for _, name := range URLFields {
		lines = append(lines, strings.TrimSuffix(name+": "+values[name], " "))
	}
	return lines
}

// Pair is a field of a form. A bare one is a name alone.
type Pair struct {
	Name, Value string
	Bare        bool
}

// FormLines are the lines of a form that was read.
func FormLines(pairs []Pair) (lines []string) {
	for _, p := range pairs {
		line := Brief([]byte(p.Name))
		if !p.Bare {
			line += " = " + Brief([]byte(p.Value))
		}
		lines = append(lines, line)
	}
	return orEmpty(lines)
}

// FormBodyLines are the lines of a form that was written.
func FormBodyLines(mediaType, body string) []string {
	return []string{"content-type: " + mediaType, "body: " + Brief([]byte(body))}
}

// FieldLines are the lines of a list of header fields. Their order in 0.6.0 has no
// meaning, so they are sorted.
func FieldLines(fields [][2]string) (lines []string) {
	for _, f := range fields {
		lines = append(lines, f[0]+": "+f[1])
	}
	slices.Sort(lines)
	return orEmpty(lines)
}

func orEmpty(lines []string) []string {
	if len(lines) == 0 {
		return []string{"(empty)"}
	}
	return lines
}
