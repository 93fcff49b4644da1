package main

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/hackney-go/hackney/internal/golden"
)

// The pure functions: how their calls and values are written.

func parseURLWords(_ *converter, args []term) ([]string, error) {
	return []string{"parse-url", data(args[0].text)}, nil
}

// urlText is the text of a URL: a record is one that was parsed before.
func (c *converter) urlText(t term) (string, error) {
	if t.kind != isURL {
		return t.flat()
	}
	if text, ok := c.parsedFrom(t); ok {
		return text, nil
	}
	return "", fmt.Errorf("a #hackney_url{} that no call has parsed")
}

// parsedFrom finds what an earlier call has parsed the record from.
func (c *converter) parsedFrom(record term) (text string, ok bool) {
	for i, call := range c.scenario.Calls {
		if op := "hackney_url:parse_url/1"; call.Function == op && i < len(c.scenario.Results) {
			if v := c.scenario.Results[i].Value; v != nil && reflect.DeepEqual(*v, record) {
				return call.Args[0].text, true
			}
		}
	}
	return "", false
}

// unparseURLWords writes the URL that the record was parsed from, or the fields
// that it has.
func unparseURLWords(c *converter, args []term) ([]string, error) {
	if text, ok := c.parsedFrom(args[0]); ok {
		return []string{"unparse-url", data(text)}, nil
	}
	words := []string{"unparse-url"}
	for _, name := range golden.URLFields {
		v, err := fieldText(args[0].fields[name])
		if err != nil {
			return nil, err
		}
		if v != "" {
			words = append(words, name+"="+short(v))
		}
	}
	return words, nil
}

// fieldText is the text of a record's field, "" for undefined.
func fieldText(t term) (string, error) {
	if t.is("undefined") {
		return "", nil
	}
	return t.flat()
}

func urlValue(v term) ([]string, error) {
	if v.kind != isURL || len(v.fields) != len(golden.URLFields) {
		return nil, fmt.Errorf("a #hackney_url{} of %d fields was expected", len(golden.URLFields))
	}
	values := map[string]string{}
	for name, field := range v.fields {
		text, err := fieldText(field)
		if err != nil {
			return nil, err
		}
		values[name] = text
	}
	return golden.URLLines(values), nil
}

// textWords is a function of a text, and options.
func textWords(name string) func(*converter, []term) ([]string, error) {
	return func(_ *converter, args []term) ([]string, error) {
		words := []string{name, data(args[0].text)}
		for _, more := range args[1:] {
			if more.kind != isList {
				more = term{kind: isList, items: []term{more}}
			}
			for _, o := range more.items {
				words = append(words, o.text)
			}
		}
		return words, nil
	}
}

func textValue(v term) ([]string, error) {
	s, err := v.flat()
	return []string{s}, err
}

func formEncodeWords(_ *converter, args []term) ([]string, error) {
	words, err := formWords(args[0])
	return append([]string{"form-encode"}, words...), err
}

// formEncodeValue takes {Length, ContentType, Body}.
func formEncodeValue(v term) ([]string, error) {
	if v.kind != isTuple || len(v.items) != 3 || v.items[0].text != fmt.Sprint(len(v.items[2].text)) {
		return nil, fmt.Errorf("unknown value of encode_form")
	}
	return golden.FormBodyLines(v.items[1].text, v.items[2].text), nil
}

func formDecodeValue(v term) ([]string, error) {
	pairs, err := v.pairs()
	var list []golden.Pair
	for _, p := range pairs {
		list = append(list, golden.Pair{Name: p[0].text, Value: p[1].text, Bare: p[1].is("true")})
	}
	return golden.FormLines(list), err
}

// headersWords is a function of a list of fields and more: texts come before the
// list, and a second list behind it, after --.
func headersWords(name string) func(*converter, []term) ([]string, error) {
	return func(_ *converter, args []term) ([]string, error) {
		words := []string{name}
		for _, more := range args[1:] {
			if more.kind == isText {
				words = append(words, data(more.text))
			}
		}
		list, err := fieldWords(args[0])
		if err != nil {
			return nil, err
		}
		words = append(words, list...)
		if len(args) > 1 && args[1].kind == isList {
			other, err := fieldWords(args[1])
			return slices.Concat(words, []string{"--"}, other), err
		}
		return words, nil
	}
}

func headersValue(v term) ([]string, error) {
	fields, err := v.fieldList()
	return golden.FieldLines(fields), err
}
