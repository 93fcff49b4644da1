package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hackney-go/hackney/internal/golden"
)

// Forms of parts: how they, and the items of streamed ones, are written.

// firstBoundary is what 0.6.0 drew in every fresh process: it never seeded its
// generator. Ours is given it, so that the bytes compare.
const firstBoundary = "---------------------------mtynipxrmpegseog"

func (c *converter) boundary() string { return cmp.Or(c.scenario.Boundary, firstBoundary) }

// multipartWords takes {multipart, KVs}.
func (c *converter) multipartWords(parts term) ([]string, error) {
	words := []string{"multipart", c.boundary()}
	for _, p := range parts.items {
		more, err := partWords(p)
		if err != nil {
			return nil, err
		}
		words = append(words, more...)
	}
	return words, nil
}

// streamMultipartWords takes what stands behind stream_multipart: nothing, a size or
// chunked, and a boundary.
func (c *converter) streamMultipartWords(items []term) ([]string, error) {
	size, boundary := "-1", c.boundary()
	if len(items) > 0 && !items[0].is("chunked") {
		if _, err := items[0].number(); err != nil {
			return nil, err
		}
		size = items[0].text
	}
	if len(items) > 1 {
		boundary = data(items[1].text)
	}
	return []string{"stream-multipart", size, boundary}, nil
}

// partWords takes {Id, Value}, {Id, {file, …}} and the steps of a part.
func partWords(p term) ([]string, error) {
	switch {
	case p.is("eof"):
		return []string{"eof"}, nil
	case p.tagged("data", 2):
		return dataWords(p.items[1])
	case p.kind != isTuple || len(p.items) != 2:
		return nil, fmt.Errorf("unknown part %v", p)
	}
	name, err := p.items[0].flat()
	if err != nil {
		return nil, err
	}
	if v := p.items[1]; v.kind == isTuple && len(v.items) > 1 && v.items[0].is("file") {
		return filePartWords(data(name), v.items[1:])
	}
	value, err := asList(p.items[1]).flat()
	return []string{"value", data(name), data(value)}, err
}

// asList makes a byte of a number, as in an iolist.
func asList(t term) *term {
	if t.kind == isNumber {
		return &term{kind: isList, items: []term{t}}
	}
	return &t
}

// filePartWords takes what stands behind file: Path; Path and options; Name and content.
func filePartWords(name string, items []term) ([]string, error) {
	if len(items) == 2 && items[1].kind == isText {
		filename, err := items[0].flat()
		return []string{"content", name, data(filename), data(items[1].text)}, err
	}
	words, err := fileWords(items)
	return slices.Insert(words, min(1, len(words)), name), err
}

// dataWords takes what stands behind data: {start, Id, FileName, Type}, a piece, or eof.
func dataWords(v term) ([]string, error) {
	switch {
	case v.is("eof"):
		return []string{"data-eof"}, nil
	case v.tagged("start", 4):
		words := []string{"start"}
		for _, item := range v.items[1:] {
			s, err := item.flat()
			if err != nil {
				return nil, err
			}
			words = append(words, data(s))
		}
		return words, nil
	}
	piece, err := v.flat()
	return []string{"data", data(piece)}, err
}

func streamMultipartRequestWords(_ *converter, args []term) ([]string, error) {
	words, err := partWords(args[0])
	return append([]string{"stream-multipart-request"}, words...), err
}

func multipartEncodeWords(c *converter, args []term) ([]string, error) {
	words, err := c.multipartWords(args[0])
	if err != nil {
		return nil, err
	}
	words[0] = "multipart-encode"
	return words, nil
}

// multipartEncodeValue takes {Length, ContentType, Body}.
func multipartEncodeValue(v term) ([]string, error) {
	if v.kind != isTuple || len(v.items) != 3 {
		return nil, fmt.Errorf("unknown value of encode_form")
	}
	body, err := v.items[2].flat()
	if err == nil && v.items[0].text != fmt.Sprint(len(body)) {
		err = fmt.Errorf("the length %s is not that of %d bytes", v.items[0].text, len(body))
	}
	return golden.FormBodyLines(v.items[1].text, body), err
}
