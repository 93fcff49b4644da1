package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// term is an Erlang term, as the recordings write it in JSON.
type term struct {
	kind   kind
	text   string          // of an atom, text, fun, opaque term; the number of a client
	items  []term          // of a list or tuple
	fields map[string]term // of a #hackney_url{}
}

type kind int

const (
	isAtom kind = iota + 1
	isText      // a binary or a character list
	isNumber
	isList
	isTuple
	isClient
	isFun
	isURL
	isOpaque
)

// UnmarshalJSON reads a term: text by itself is that, and an object says in its
// only key what it is.
func (t *term) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	switch b[0] {
	case '[':
		t.kind = isList
		return json.Unmarshal(b, &t.items)
	case '{':
		return t.object(b)
	case '"':
		t.kind = isText
		return json.Unmarshal(b, &t.text)
	case 't', 'f':
		*t = term{kind: isAtom, text: string(b)}
	case 'n':
		*t = term{kind: isAtom, text: "nil"}
	default:
		*t = term{kind: isNumber, text: string(b)}
	}
	return nil
}

// object reads {"kind": …}.
func (t *term) object(b []byte) error {
	var o struct {
		Atom, Bin, Str, Client, Fun *string
		Base64                      []byte `json:"bin_b64"`
		Tuple                       []term
		URL                         map[string]term `json:"hackney_url"`
		Opaque                      any
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return err
	}
	for _, c := range []struct {
		text *string
		kind kind
	}{{o.Atom, isAtom}, {o.Bin, isText}, {o.Str, isText}, {o.Client, isClient}, {o.Fun, isFun}} {
		if c.text != nil {
			*t = term{kind: c.kind, text: *c.text}
			return nil
		}
	}
	switch {
	case o.Base64 != nil:
		*t = term{kind: isText, text: string(o.Base64)}
	case o.Tuple != nil:
		*t = term{kind: isTuple, items: o.Tuple}
	case o.URL != nil:
		*t = term{kind: isURL, fields: o.URL}
	case o.Opaque != nil:
		*t = term{kind: isOpaque, text: fmt.Sprint(o.Opaque)}
	default:
		return fmt.Errorf("unknown form of a term: %.80s", b)
	}
	return nil
}

// is says whether t is an atom of that name.
func (t *term) is(name string) bool { return t.kind == isAtom && t.text == name }

// tagged says whether t is a tuple of n that begins with the atom.
func (t *term) tagged(name string, n int) bool {
	return t.kind == isTuple && len(t.items) == n && t.items[0].is(name)
}

// number reads t as a whole number.
func (t *term) number() (int64, error) {
	if t.kind != isNumber {
		return 0, fmt.Errorf("%q is no number", t.text)
	}
	return strconv.ParseInt(t.text, 10, 64)
}

// flat is the text of a text, number or atom, and of a list of these (an iolist,
// in which a number is a byte).
func (t *term) flat() (string, error) {
	switch t.kind {
	case isText, isNumber, isAtom:
		return t.text, nil
	case isList:
		var all []byte
		for _, item := range t.items {
			if n, err := item.number(); err == nil {
				all = append(all, byte(n))
				continue
			}
			s, err := item.flat()
			if err != nil {
				return "", err
			}
			all = append(all, s...)
		}
		return string(all), nil
	}
	return "", fmt.Errorf("a text was expected, not a term of kind %d", t.kind)
}

// pairs reads a list of tuples of two.
func (t *term) pairs() (list [][2]term, err error) {
	if t.kind != isList {
		return nil, fmt.Errorf("a list of pairs was expected, not a term of kind %d", t.kind)
	}
	for _, item := range t.items {
		if item.kind != isTuple || len(item.items) != 2 {
			return nil, fmt.Errorf("a pair was expected, not a term of kind %d", item.kind)
		}
		list = append(list, [2]term{item.items[0], item.items[1]})
	}
	return list, nil
}

// fieldList reads a list of header fields.
func (t *term) fieldList() (list [][2]string, err error) {
	pairs, err := t.pairs()
	for _, p := range pairs {
		name, err := p[0].flat()
		if err != nil {
			return nil, err
		}
		value, err := p[1].flat()
		if err != nil {
			return nil, err
		}
		list = append(list, [2]string{name, value})
	}
	return list, err
}
