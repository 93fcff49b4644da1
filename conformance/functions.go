package conformance

import (
	"slices"
	"strconv"
	"strings"

	"github.com/hackney-go/hackney/hackney/form"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/golden"
)

// function is a command for a pure function of the library: what it gives, line by
// line. Its arguments are in the notation.
type function func(args []string) (lines []string, err error)

// functions are those commands, by name.
var functions = map[string]function{
	"parse-url":        parseURL,
	"unparse-url":      unparseURL,
	"transport-scheme": transportScheme,
	"url-encode":       urlEncode,
	"url-decode":       urlDecode,
	"form-encode":      formEncode,
	"form-decode":      formDecode,
	"headers-list":     headersList,
	"headers-get":      headersGet,
	"headers-insert":   headersInsert,
	"headers-update":   headersUpdate,
}

// undefined is what hackney gives where there is nothing.
const undefined = "undefined"

// unquoted reads arguments in the notation, at least n of them.
func unquoted(args []string, n int, usage string) ([]string, error) {
	if len(args) < n {
		return nil, usagef("want %s", usage)
	}
	out := make([]string, len(args))
	for i, arg := range args {
		b, err := golden.Unquote(arg, nil)
		if err != nil {
			return nil, usageError{err}
		}
		out[i] = string(b)
	}
	return out, nil
}

// oneText reads the one argument of a function.
func oneText(args []string) (string, error) {
	if len(args) != 1 {
		return "", usagef("want one text")
	}
	texts, err := unquoted(args, 1, "a text")
	if err != nil {
		return "", err
	}
	return texts[0], nil
}

func parseURL(args []string) ([]string, error) {
	text, err := oneText(args)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	return golden.URLLines(map[string]string{
		"transport": u.Transport, "scheme": u.Scheme, "netloc": u.Netloc, "raw_path": u.RawPath, "path": u.Path, "qs": u.Qs,
		"fragment": u.Fragment, "host": u.Host, "port": strconv.Itoa(u.Port), "user": u.User, "password": u.Password,
	}), nil
}

// unparseURL takes a URL, which it parses first, or the fields of a record that was
// made by hand: NAME=VALUE and so on.
func unparseURL(args []string) ([]string, error) {
	texts, err := unquoted(args, 1, "unparse-url URL, or unparse-url FIELD=VALUE...")
	if err != nil {
		return nil, err
	}
	name, _, isField := strings.Cut(texts[0], "=")
	if isField && slices.Contains(golden.URLFields, name) {
		u, err := urlOf(texts)
		return []string{url.Unparse(u)}, err
	}
	u, err := url.Parse(texts[0])
	if err != nil {
		return nil, err
	}
	return []string{url.Unparse(u)}, nil
}

// urlOf is a record with the fields of these NAME=VALUE.
func urlOf(fields []string) (u url.URL, err error) {
	to := map[string]*string{
		"transport": &u.Transport, "scheme": &u.Scheme, "netloc": &u.Netloc, "raw_path": &u.RawPath, "path": &u.Path, "qs": &u.Qs,
		"fragment": &u.Fragment, "host": &u.Host, "user": &u.User, "password": &u.Password,
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		switch {
		case name == "port":
			if u.Port, err = strconv.Atoi(value); err != nil {
				return u, usagef("%q is no port", value)
			}
		case to[name] != nil:
			*to[name] = value
		default:
			return u, usagef("a URL has no field %q", name)
		}
	}
	return u, nil
}

func transportScheme(args []string) ([]string, error) {
	name, err := oneText(args)
	if err != nil {
		return nil, err
	}
	scheme, err := url.TransportScheme(name)
	return []string{scheme}, err
}

var encodeOptions = map[string]url.EncodeOption{"noplus": url.NoPlus, "upper": url.Upper}

func urlEncode(args []string) ([]string, error) {
	texts, err := unquoted(args, 1, "url-encode TEXT [noplus] [upper]")
	if err != nil {
		return nil, err
	}
	opts, err := options(encodeOptions, texts[1:])
	return []string{url.Encode(texts[0], opts...)}, err
}

var decodeOptions = map[string]url.DecodeOption{"skip": url.Skip, "crash": url.Crash}

func urlDecode(args []string) ([]string, error) {
	texts, err := unquoted(args, 1, "url-decode TEXT [skip|crash]")
	if err != nil {
		return nil, err
	}
	opts, err := options(decodeOptions, texts[1:])
	if err != nil {
		return nil, err
	}
	text, err := url.Decode(texts[0], opts...)
	return []string{text}, err
}

// options looks up options by name.
func options[O any](known map[string]O, names []string) (list []O, err error) {
	for _, name := range names {
		o, ok := known[name]
		if !ok {
			return nil, usagef("there is no option %q, want one of %s", name, strings.Join(sortedKeys(known), " "))
		}
		list = append(list, o)
	}
	return list, nil
}

// formEncode takes NAME=VALUE, or a NAME that is bare.
func formEncode(args []string) ([]string, error) {
	var fields []form.Field
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=") // before the notation is read: \x3D is one in a name
		both, err := unquoted([]string{name, value}, 2, "form-encode NAME=VALUE...")
		if err != nil {
			return nil, err
		}
		fields = append(fields, form.Field{Name: both[0], Value: both[1], Bare: !ok})
	}
	return golden.FormBodyLines(form.ContentType, string(form.Encode(fields))), nil
}

func formDecode(args []string) ([]string, error) {
	text, err := oneText(args)
	if err != nil {
		return nil, err
	}
	fields, err := form.Decode(text)
	if err != nil {
		return nil, err
	}
	var pairs []golden.Pair
	for _, f := range fields {
		pairs = append(pairs, golden.Pair{Name: f.Name, Value: f.Value, Bare: f.Bare})
	}
	return golden.FormLines(pairs), nil
}

// headerList reads 'Name: value' and so on.
func headerList(lines []string) (*headers.Headers, error) {
	var pairs []string
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, usagef("%q is no field such as 'Name: value'", line)
		}
		pairs = append(pairs, name, strings.TrimPrefix(value, " "))
	}
	h := headers.New(pairs...)
	return h, h.Err()
}

// listed are the lines of a list of fields.
func listed(h *headers.Headers, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	return golden.FieldLines(list(h)), h.Err()
}

func headersList(args []string) ([]string, error) {
	texts, err := unquoted(args, 0, "headers-list ['Name: value'...]")
	if err != nil {
		return nil, err
	}
	return listed(headerList(texts))
}

// headersGet takes the name to look for, a value for where there is none (any word
// that is no field), and the fields.
func headersGet(args []string) ([]string, error) {
	texts, err := unquoted(args, 1, "headers-get NAME [DEFAULT] ['Name: value'...]")
	if err != nil {
		return nil, err
	}
	name, fields, missing := texts[0], texts[1:], undefined
	if len(fields) > 0 && !strings.Contains(fields[0], ":") {
		missing, fields = fields[0], fields[1:]
	}
	h, err := headerList(fields)
	if err != nil {
		return nil, err
	}
	if !h.Has(name) {
		return []string{missing}, nil
	}
	return []string{h.Get(name)}, nil
}

func headersInsert(args []string) ([]string, error) {
	texts, err := unquoted(args, 2, "headers-insert NAME VALUE ['Name: value'...]")
	if err != nil {
		return nil, err
	}
	h, err := headerList(texts[2:])
	if err != nil {
		return nil, err
	}
	return listed(h.With(texts[0], texts[1]), nil)
}

// headersUpdate takes two lists with -- between them: the second goes into the first.
func headersUpdate(args []string) ([]string, error) {
	const usage = "headers-update ['Name: value'...] -- ['Name: value'...]"
	texts, err := unquoted(args, 1, usage)
	if err != nil {
		return nil, err
	}
	i := slices.Index(texts, "--")
	if i < 0 {
		return nil, usagef("want %s", usage)
	}
	h, err := headerList(texts[:i])
	if err != nil {
		return nil, err
	}
	other, err := headerList(texts[i+1:])
	if err != nil {
		return nil, err
	}
	return listed(h.Update(other), nil)
}
