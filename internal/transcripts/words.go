package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hackney-go/hackney/internal/golden"
)

// plainWord is a word that needs no quotes in a script.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=?&%@,+-]+$`)

// command writes the words of a command as a line.
func command(words []string) string {
	line := make([]string, len(words))
	for i, w := range words {
		line[i] = w
		if !plainWord.MatchString(w) {
			line[i] = "'" + strings.ReplaceAll(w, "'", "''") + "'"
		}
	}
	return strings.Join(line, " ")
}

// data writes bytes as a word. An @ at its start would name a section.
func data(s string) string {
	if strings.HasPrefix(s, "@") {
		return `\x40` + short(s[1:])
	}
	return short(s)
}

// Repetitions shorter than these are written out.
const (
	repeatedTimes = 4
	repeatedBytes = 64
	repeatedUnit  = 16 // the longest that is looked for
)

// short is the notation of s, in which long repetitions stand as \{N*text}.
func short(s string) string {
	var w strings.Builder
	plain := 0 // where what was not yet written begins
	for i := 0; i < len(s); {
		unit, times := repetition(s[i:])
		if times == 0 {
			i++
			continue
		}
		w.WriteString(golden.Quote([]byte(s[plain:i])))
		fmt.Fprintf(&w, `\{%d*%s}`, times, golden.Quote([]byte(s[i:i+unit])))
		i += unit * times
		plain = i
	}
	w.WriteString(golden.Quote([]byte(s[plain:])))
	return w.String()
}

// repetition looks whether s begins with one text many times.
func repetition(s string) (unit, times int) {
	for unit = 1; unit <= min(repeatedUnit, len(s)/repeatedTimes); unit++ {
		same := unit
		for same < len(s) && s[same] == s[same-unit] {
			same++
		}
		times = same / unit
		if times >= repeatedTimes && times*unit >= repeatedBytes && !strings.Contains(s[:unit], "}") {
			return unit, times
		}
	}
	return 0, 0
}

// sendLines writes what a server sends as lines of its script.
func sendLines(b []byte) (lines []string) {
	for part := range strings.SplitAfterSeq(string(b), "\n") {
		if part == "" {
			continue
		}
		list := golden.QuoteLines([]byte(part))
		if s := short(part); len(list) > 1 && strings.Contains(s, `\{`) {
			list = []string{s}
		}
		lines = append(lines, list...)
	}
	for i := range lines {
		lines[i] = "< " + lines[i]
	}
	return lines
}

// fieldWords writes header fields as words.
func fieldWords(list term) (words []string, err error) {
	fields, err := list.fieldList()
	for _, f := range fields {
		words = append(words, data(f[0]+": "+f[1]))
	}
	return words, err
}

// formWords writes the fields of a form as words: name=value, or a name alone.
func formWords(list term) (words []string, err error) {
	pairs, err := list.pairs()
	for _, p := range pairs {
		if p[0].kind != isText {
			return nil, fmt.Errorf("the name of a form's field is no text")
		}
		name := strings.ReplaceAll(data(p[0].text), "=", `\x3D`)
		switch {
		case p[1].is("true"):
			words = append(words, name)
		case p[1].kind == isText:
			words = append(words, name+"="+short(p[1].text))
		default:
			return nil, fmt.Errorf("the value of a form's field is no text")
		}
	}
	return words, err
}

// payloadWords writes a body as words.
func (c *converter) payloadWords(body term) (words []string, err error) {
	switch {
	case body.is("stream"):
		return []string{"stream"}, nil
	case body.is("stream_multipart"):
		return c.streamMultipartWords(nil)
	case body.kind == isTuple && body.items[0].is("stream_multipart"):
		return c.streamMultipartWords(body.items[1:])
	case body.tagged("multipart", 2):
		return c.multipartWords(body.items[1])
	case body.kind == isText:
		return []string{"text", data(body.text)}, nil
	case body.kind == isList:
		return chunkWords(body)
	case body.tagged("form", 2):
		words, err = formWords(body.items[1])
		return append([]string{"form"}, words...), err
	case body.kind == isTuple && body.items[0].is("file"):
		return fileWords(body.items[1:])
	case body.kind == isTuple && body.items[0].kind == isFun:
		return funWords(body.items[0]) // the fun's first state is of no interest
	case body.kind == isFun:
		return funWords(body)
	}
	return nil, fmt.Errorf("unknown body %v", body)
}

func chunkWords(list term) (words []string, err error) {
	words = []string{"chunks"}
	for _, item := range list.items {
		if item.kind == isNumber {
			item = term{kind: isList, items: []term{item}}
		}
		s, err := item.flat()
		if err != nil {
			return nil, err
		}
		words = append(words, data(s))
	}
	return words, nil
}

// besideAreas leads from the folder of a script to that of all areas.
const besideAreas = "../"

// fileWords takes {file, Path} and {file, Path, [{offset, N}, {bytes, N}]}.
func fileWords(items []term) ([]string, error) {
	path, err := items[0].flat()
	if err != nil || len(items) == 1 {
		return []string{"file", besideAreas + data(path)}, err
	}
	pairs, err := items[1].pairs()
	if err != nil {
		return nil, err
	}
	offset, n := "0", ""
	for _, p := range pairs {
		switch {
		case p[0].is("offset"):
			offset = p[1].text
		case p[0].is("bytes"):
			n = p[1].text
		default:
			return nil, fmt.Errorf("unknown option %s of a file", p[0].text)
		}
	}
	words := []string{"file", besideAreas + data(path), offset}
	if n != "" {
		words = append(words, n)
	}
	return words, nil
}

func funWords(fun term) ([]string, error) {
	pieces, ok := bodyFuns[fun.text]
	if !ok {
		return nil, fmt.Errorf("the body fun %q is not in the table", fun.text)
	}
	return slices.Concat([]string{"func"}, pieces), nil
}
