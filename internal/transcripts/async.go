package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hackney-go/hackney/internal/golden"
)

// Messages of asynchronous responses: commands take them where the mailbox got them.

// message is one that the caller's mailbox got.
type message struct {
	AfterCall int `json:"after_call"` // how many calls had ended by then
	Value     term
}

// takeAll is the command that takes all events that there are.
const takeAll = "events"

// flood is how an action begins that stopped a process which sent without end.
const flood = "message flood:"

// events takes the messages that came behind the call at i: one by one where the response
// went on behind the next call.
func (c *converter) events(i int) error {
	var now []message
	more := false
	for _, m := range c.scenario.Messages {
		if m.AfterCall == i+1 {
			now = append(now, m)
		}
		more = more || m.AfterCall > i+1
	}
	if len(now) == 0 {
		return nil
	}
	if more && !slices.ContainsFunc(now, message.isLast) {
		return c.oneByOne(now)
	}
	c.write(takeAll)
	return c.logAll(i)
}

// logAll logs the messages that came behind the call at i.
func (c *converter) logAll(i int) error {
	var list golden.Events
	for _, m := range c.scenario.Messages {
		if m.AfterCall != i+1 {
			continue
		}
		if err := addMessage(&list, m.Value); err != nil {
			return err
		}
	}
	if i+1 < len(c.scenario.Calls) && strings.HasPrefix(c.scenario.Calls[i+1].Action, flood) {
		list.Note("and so on, until its process was killed")
	}
	c.log.Call(takeAll)
	c.log.Events(list.Lines()...)
	return nil
}

func (c *converter) oneByOne(messages []message) error {
	for _, m := range messages {
		var list golden.Events
		if err := addMessage(&list, m.Value); err != nil {
			return err
		}
		kind, _, _ := strings.Cut(list.Lines()[0], " ")
		c.write(command([]string{"next", kind}))
		c.log.Call("next")
		c.log.Events(list.Lines()...)
	}
	return nil
}

// isLast says whether nothing comes behind a message.
func (m message) isLast() bool {
	v := m.Value
	if len(v.items) == 2 && v.items[0].kind == isOpaque {
		return v.items[1].is("done") || v.items[1].tagged("error", 2)
	}
	return v.tagged("error", 2) || v.tagged("EXIT", 3)
}

// addMessage writes {Ref, Event} into a list, and what came in another form.
func addMessage(to *golden.Events, v term) error {
	switch {
	case v.kind == isTuple && len(v.items) == 2 && v.items[0].kind == isOpaque:
		return addEvent(to, v.items[1])
	case v.tagged("error", 2):
		kind, partial, err := reasonOf(v.items[1])
		var inner golden.Events
		inner.Error(kind, partial)
		to.Note("without its reference: " + inner.Lines()[0])
		return err
	case v.tagged("tcp", 3):
		to.Note("without its reference: bytes of the socket " + golden.Brief([]byte(v.items[2].text)))
		return nil
	case v.tagged("EXIT", 3) && len(v.items[2].items) == 2:
		to.Note("crash " + cmp.Or(v.items[2].items[0].tag(), "of its process"))
		return nil
	}
	return fmt.Errorf("unknown form of a message: %v", v)
}

func addEvent(to *golden.Events, e term) error {
	switch {
	case e.is("done"):
		to.Note(e.text)
	case e.kind == isText:
		to.Chunk([]byte(e.text))
	case e.tagged("status", 3):
		status, err := e.items[1].number()
		to.Head("status", int(status), e.items[2].text)
		return err
	case e.tagged("headers", 2):
		fields, err := e.items[1].fieldList()
		to.Note("headers")
		to.Fields(fields)
		return err
	case e.tagged("error", 2):
		kind, partial, err := reasonOf(e.items[1])
		to.Error(kind, partial)
		return err
	default:
		return fmt.Errorf("unknown form of an event: %v", e)
	}
	return nil
}

// reasonOf is the kind of an error, and the bytes in it.
func reasonOf(reason term) (kind string, partial []byte, err error) {
	if reason.tagged("closed", 2) && reason.items[1].kind == isText {
		partial = []byte(reason.items[1].text)
	}
	if tag := reason.tag(); tag != "" {
		return kindOf(term{kind: isAtom, text: tag}), partial, nil
	}
	return "", nil, fmt.Errorf("unknown form of an error: %v", reason)
}

// tag is an atom, or the one that a tuple begins with; "" for none.
func (t *term) tag() string {
	switch {
	case t.kind == isAtom:
		return t.text
	case t.kind == isTuple && len(t.items) > 0 && t.items[0].kind == isAtom:
		return t.items[0].text
	}
	return ""
}

// streamWords is a function of a reference: that of a response, or before there is one
// that of none.
func streamWords(name string) func(*converter, []term) ([]string, error) {
	return func(c *converter, args []term) ([]string, error) {
		switch {
		case len(args) != 1 || args[0].kind != isOpaque:
			return nil, fmt.Errorf("%s: a reference was expected", name)
		case !c.streams:
			return []string{name, "unknown"}, nil
		}
		return []string{name}, nil
	}
}

// streamValue takes a process, or an atom.
func streamValue(v term) ([]string, error) {
	switch {
	case v.kind == isOpaque:
		return []string{"found"}, nil
	case v.is("ok"):
		return []string{v.text}, nil
	case v.is("undefined"), v.is("stream_undefined"):
		return []string{"undefined"}, nil
	}
	return nil, fmt.Errorf("a process, ok or undefined was expected, not %v", v)
}
