package conformance

import (
	"strconv"
	"strings"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/internal/golden"
)

// partUsage is how the whole parts of a form are written.
const partUsage = `value NAME DATA | content NAME FILENAME DATA | file NAME PATH [OFFSET [N]] | reader NAME FILENAME SIZE DATA, each with [type=TYPE] [named=FILENAME] ['Name: value']... behind it`

// itemUsage is how the items of a form that is streamed are written.
const itemUsage = partUsage + ` | start NAME FILENAME TYPE | data DATA | data-eof | eof`

// partKind is a kind of item of a form.
type partKind struct {
	usage string // behind its name
	words int    // how many it needs
	make  func(s *session, words []string) (multipart.Part, error)
}

// items are the kinds of item, by the names of the functions that make them.
var items = map[string]partKind{
	"value": {"NAME DATA", 2, func(s *session, words []string) (multipart.Part, error) {
		texts, err := s.texts(words)
		return multipart.Value(texts[0], texts[1]), err
	}},
	"content": {"NAME FILENAME DATA", 3, func(s *session, words []string) (multipart.Part, error) {
		texts, err := s.texts(words)
		return multipart.Content(texts[0], texts[1], []byte(texts[2])), err
	}},
	"file": {"NAME PATH [OFFSET [N]]", 2, func(s *session, words []string) (multipart.Part, error) {
		name, err := s.texts(words[:1])
		return multipart.File(name[0], s.file(words[1])), err
	}},
	"reader": {"NAME FILENAME SIZE DATA, with SIZE -1 for one that is not known", 4, readerPart},
	"start": {"NAME FILENAME TYPE", 3, func(s *session, words []string) (multipart.Part, error) {
		texts, err := s.texts(words)
		return multipart.Start(texts[0], texts[1], texts[2]), err
	}},
	"data": {"DATA", 1, func(s *session, words []string) (multipart.Part, error) {
		piece, err := s.data(words[0])
		return multipart.Data(piece), err
	}},
	"data-eof": {"", 0, func(*session, []string) (multipart.Part, error) { return multipart.DataEOF, nil }},
	"eof":      {"", 0, func(*session, []string) (multipart.Part, error) { return multipart.EOF, nil }},
}

func readerPart(s *session, words []string) (multipart.Part, error) {
	size, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return multipart.Part{}, usagef("%q is no size", words[2])
	}
	texts, err := s.texts([]string{words[0], words[1], words[3]})
	return multipart.Reader(texts[0], texts[1], strings.NewReader(texts[2]), size), err
}

// texts reads words of data; with an error too it gives as many.
func (s *session) texts(words []string) ([]string, error) {
	texts := make([]string, len(words))
	for i, word := range words {
		b, err := s.data(word)
		if err != nil {
			return texts, err
		}
		texts[i] = string(b)
	}
	return texts, nil
}

// formParts reads all items of a form.
func (s *session) formParts(words []string) (list []multipart.Part, err error) {
	for len(words) > 0 {
		var p multipart.Part
		if p, words, err = s.item(words); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// item reads one, and gives the words behind it.
func (s *session) item(words []string) (p multipart.Part, rest []string, err error) {
	name, rest := words[0], words[1:]
	kind, ok := items[name]
	if !ok {
		return p, nil, usagef("%q is no part of a form; want %s", name, itemUsage)
	}
	if len(rest) < kind.words {
		return p, nil, usagef("want %s %s", name, kind.usage)
	}
	if p, err = kind.make(s, rest[:kind.words]); err != nil {
		return p, nil, err
	}
	rest = rest[kind.words:]
	if name == "file" {
		p, rest = ranged(p, rest)
	}
	var fields []string
	for ; len(rest) > 0 && !isItem(rest[0]); rest = rest[1:] {
		if p, fields, err = s.more(p, fields, rest[0]); err != nil {
			return p, nil, err
		}
	}
	if fields != nil {
		p = p.With(headers.New(fields...))
	}
	return p, rest, nil
}

func isItem(word string) bool {
	_, ok := items[word]
	return ok
}

// ranged takes the numbers behind a file.
func ranged(p multipart.Part, words []string) (multipart.Part, []string) {
	var numbers [2]int64
	i := 0
	for ; i < min(len(words), len(numbers)); i++ {
		n, err := strconv.ParseInt(words[i], 10, 64)
		if err != nil {
			break
		}
		numbers[i] = n
	}
	return p.Range(numbers[0], numbers[1]), words[i:]
}

// more takes a word that says more of a part: its type, its file name, or a field.
func (s *session) more(p multipart.Part, fields []string, word string) (multipart.Part, []string, error) {
	set := map[string]func(string) multipart.Part{"type": p.Type, "named": p.Named}
	if name, value, ok := strings.Cut(word, "="); ok && set[name] != nil {
		text, err := s.data(value)
		return set[name](string(text)), fields, err
	}
	if !strings.Contains(word, ":") {
		return p, nil, usagef("%q is no part of a form, and says nothing of one; want %s", word, itemUsage)
	}
	name, value, err := s.field(word)
	return p, append(fields, name, value), err
}

func multipartPayload(s *session, args []string) (hackney.Payload, error) {
	if len(args) == 0 {
		return nil, usagef("want multipart BOUNDARY PART..., with the boundary '' for a random one, and a PART %s", partUsage)
	}
	boundary, list, err := s.form(args)
	return hackney.Multipart(list...).WithBoundary(boundary), err
}

// form reads BOUNDARY PART...
func (s *session) form(args []string) (boundary string, list []multipart.Part, err error) {
	b, err := s.data(args[0])
	if err != nil {
		return "", nil, err
	}
	list, err = s.formParts(args[1:])
	return string(b), list, err
}

func streamMultipartPayload(s *session, args []string) (hackney.Payload, error) {
	const usage = "want stream-multipart SIZE BOUNDARY, with SIZE -1 for one that is not known, and the boundary '' for a random one"
	if len(args) != 2 {
		return nil, usagef(usage)
	}
	size, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return nil, usagef("%q is no size; %s", args[0], usage)
	}
	boundary, err := s.data(args[1])
	return hackney.StreamMultipart(size, string(boundary)), err
}

func streamMultipartRequest(s *session, args []string) (result, error) {
	list, err := s.formParts(args)
	if err != nil {
		return result{}, err
	}
	if len(list) != 1 {
		return result{}, usagef("want one item: %s", itemUsage)
	}
	s.cs, err = hackney.StreamMultipartRequest(s.context(), s.cs, list[0])
	return result{}, err
}

// multipartEncode gives a whole form as text.
func multipartEncode(s *session, args []string) (result, error) {
	if len(args) == 0 {
		return result{}, usagef("want multipart-encode BOUNDARY PART..., and a PART %s", partUsage)
	}
	boundary, list, err := s.form(args)
	if err != nil {
		return result{}, err
	}
	body, err := multipart.Encode(boundary, list...)
	if err != nil {
		return result{}, err
	}
	return gaveLines(golden.FormBodyLines(multipart.ContentType(boundary), string(body))), nil
}

// multipartDecode takes the Content-Type of a form, and the form. It gives a line
// for each part, with its fields below.
func multipartDecode(s *session, args []string) (result, error) {
	if len(args) != 2 {
		return result{}, usagef("want multipart-decode CONTENT-TYPE DATA")
	}
	texts, err := s.texts(args)
	if err != nil {
		return result{}, err
	}
	form, err := multipart.ReadForm(strings.NewReader(texts[1]), texts[0], nil)
	if err != nil {
		return result{}, err
	}
	var lines []string
	for _, f := range form {
		line := golden.Brief([]byte(f.Name))
		if f.FileName != "" {
			line += " file " + golden.Brief([]byte(f.FileName))
		}
		lines = append(lines, line+" = "+golden.Brief(f.Content))
		for name, value := range f.Headers.All() {
			lines = append(lines, "| "+name+": "+value)
		}
	}
	return gaveLines(lines), nil
}
