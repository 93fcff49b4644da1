package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"time"

	"github.com/hackney-go/hackney/hackney"
)

// crashText is how many bytes of a crash's reason are kept.
const crashText = 80

// outcome logs what a call gave. value is there for a pure function.
func (c *converter) outcome(r result, value func(term) ([]string, error)) error {
	maps.Copy(c.clients, r.Clients)
	switch {
	case r.Hang:
		c.log.Hang()
	case r.Crash != nil:
		reason := r.Crash.Reason
		c.log.Crash(reason[:min(len(reason), crashText)])
	case r.Value == nil:
		return errors.New("nothing is recorded")
	case value != nil:
		lines, err := value(*r.Value)
		if err != nil {
			return err
		}
		c.log.Value(lines...)
	default:
		return c.returned(*r.Value)
	}
	return nil
}

// returned logs what an operation returned.
func (c *converter) returned(v term) error {
	switch {
	case v.is("ok"):
		c.log.OK()
		return nil
	case v.tagged("ok", 2) && v.items[1].tagged("response_stream", 2):
		c.streams = true
		c.log.Stream()
		return nil
	case v.tagged("ok", 2) && v.items[1].kind == isOpaque: // a process or a socket, which has no form here
		c.log.OK()
		return nil
	case v.kind == isClient:
		c.log.OK()
		return c.client(v)
	case v.tagged("error", 2):
		return c.failed(v.items[1])
	case v.tagged("done", 2):
		c.log.Done()
		return c.client(v.items[1])
	case v.tagged("ok", 2) && v.items[1].tagged("maybe_redirect", 4):
		c.log.MaybeRedirect()
		answer := v.items[1].items
		return c.answered(answer[1], answer[2], answer[3])
	case v.tagged("ok", 2):
		c.log.OK()
		return c.client(v.items[1])
	case v.tagged("ok", 3):
		c.log.Data([]byte(v.items[1].text))
		return c.client(v.items[2])
	case v.tagged("ok", 4):
		return c.answered(v.items[1], v.items[2], v.items[3])
	}
	return fmt.Errorf("unknown form of a result: %v", v)
}

// answered logs {ok, Status, Headers, Client}.
func (c *converter) answered(status, list, client term) error {
	code, err := status.number()
	if err != nil {
		return err
	}
	fields, err := list.fieldList()
	if err != nil {
		return err
	}
	c.log.Response(int(code), fields)
	return c.client(client)
}

// failed logs {error, Reason}: an atom, or a tuple of one and more. What stands
// behind closed are the bytes that were read; behind the others, why.
func (c *converter) failed(reason term) error {
	var partial []byte
	whole := reason
	if reason.tagged("closed", 2) && reason.items[1].kind == isText {
		partial = []byte(reason.items[1].text)
	}
	if reason.kind == isTuple && len(reason.items) > 0 {
		reason = reason.items[0]
	}
	if reason.kind != isAtom {
		return fmt.Errorf("unknown form of an error: %v", reason)
	}
	c.log.Error(kindOf(reason), partial)
	return c.why(whole)
}

func kindOf(reason term) string { return cmp.Or(errorKinds[reason.text], reason.text) }

// why logs what an error of a redirect or of a proxy holds: {max_redirect_overflow,
// Response} and {invalid_redirection, Response}; {proxy_connection, {error, Reason}} and
// {proxy_connection, Status, Headers, {ok, Body, Client}}.
func (c *converter) why(reason term) error {
	switch {
	case reason.tagged("max_redirect_overflow", 2), reason.tagged("invalid_redirection", 2):
		return c.returned(reason.items[1])
	case reason.tagged("proxy_connection", 2) && reason.items[1].tagged("error", 2):
		c.log.Cause(kindOf(reason.items[1].items[1]))
	case reason.tagged("proxy_connection", 4) && reason.items[3].tagged("ok", 3):
		status, err := reason.items[1].number()
		if err != nil {
			return err
		}
		fields, err := reason.items[2].fieldList()
		if err != nil {
			return err
		}
		c.log.Response(int(status), fields)
		c.log.Data([]byte(reason.items[3].items[1].text))
	}
	return nil
}

// client logs the record of a client, where there is one.
func (c *converter) client(t term) error {
	if t.kind != isClient {
		return fmt.Errorf("a client was expected, not %v", t)
	}
	record, ok := c.clients[t.text]
	if !ok {
		if t.text == "?" {
			return nil
		}
		return fmt.Errorf("client %s has no record", t.text)
	}
	s, err := snapshot(record)
	if err != nil {
		return fmt.Errorf("client %s: %w", t.text, err)
	}
	c.log.Client(s.String())
	return nil
}

// snapshot is a record in Go's form, without what has no meaning there.
func snapshot(record map[string]term) (s hackney.Snapshot, err error) {
	r := recordReader{fields: record}
	s = hackney.Snapshot{
		Transport: r.text("transport"), Host: r.text("host"), Port: int(r.number("port", 0)),
		RecvTimeout:    r.wait("recv_timeout"),
		FollowRedirect: r.flag("follow_redirect"), MaxRedirect: r.maxRedirect(), ForceRedirect: r.flag("force_redirect"),
		Redirect: r.redirect(), Location: r.text("location"),
		State: r.state(), ResponseState: r.responseState(),
		MpBoundary: r.text("mp_boundary"), ReqType: r.text("req_type"),
		Expect: r.flag("expect"), Async: r.flag("async"),
		ReqChunkSize: defaultReqChunkSize,
		Version:      r.text("version"), Clen: r.number("clen", -1), Te: r.text("te"), Connection: r.text("connection"),
		Method: r.text("method"), Ctype: r.text("ctype"),
	}
	if r.text("body_state") == hackney.BodyDone.String() {
		s.BodyState = hackney.BodyDone
	}
	if r.flag("has_socket") && s.State == hackney.Connected {
		s.Socket = s.State.String()
	}
	if len(record["partial_headers"].items) > 0 {
		r.err = errors.New("partial_headers is not empty")
	}
	return s, r.err
}

// defaultReqChunkSize is that of the record in 0.6.0.
const defaultReqChunkSize = 4096

// recordReader reads the fields of a record, and remembers the first error.
type recordReader struct {
	fields map[string]term
	err    error
}

func (r *recordReader) failed(name string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %w", name, err)
	}
}

// text is "" for nil.
func (r *recordReader) text(name string) string {
	t, ok := r.fields[name]
	if !ok {
		r.failed(name, errors.New("is not in the record"))
	}
	if t.is("nil") || t.is("undefined") {
		return ""
	}
	s, err := t.flat()
	if err != nil {
		r.failed(name, err)
	}
	return s
}

func (r *recordReader) flag(name string) bool { return r.text(name) == "true" }

// number is that of a field, and none for nil.
func (r *recordReader) number(name string, none int64) int64 {
	t := r.fields[name]
	if t.is("nil") {
		return none
	}
	n, err := t.number()
	if err != nil {
		r.failed(name, err)
	}
	return n
}

// maxRedirect is a number, or true: an atom is more than any number.
func (r *recordReader) maxRedirect() int {
	if r.text("max_redirect") == "true" {
		return math.MaxInt32
	}
	return int(r.number("max_redirect", 0))
}

// origin is {Transport, "Host", Port, Options}, printed.
var origin = regexp.MustCompile(`^\{hackney_(tcp|ssl)_transport,"([^"]*)",([0-9]+),`)

// redirect is where the first request went: that much of it as a URL.
func (r *recordReader) redirect() string {
	text := r.text("redirect")
	if text == "" {
		return ""
	}
	m := origin.FindStringSubmatch(text)
	if m == nil {
		r.failed("redirect", fmt.Errorf("unknown form %q", text))
		return ""
	}
	scheme := map[string]string{"tcp": "http", "ssl": "https"}[m[1]]
	return scheme + "://" + m[2] + ":" + m[3] + "/"
}

func (r *recordReader) wait(name string) time.Duration {
	if r.text(name) == "infinity" {
		return hackney.Infinite
	}
	return time.Duration(r.number(name, 0)) * time.Millisecond
}

func (r *recordReader) state() hackney.ConnectionState {
	name := r.text("state")
	for s := hackney.Closed; s <= hackney.Connected; s++ {
		if s.String() == name {
			return s
		}
	}
	r.failed("state", fmt.Errorf("unknown state %q", name))
	return 0
}

func (r *recordReader) responseState() hackney.ResponseState {
	name := r.text("response_state")
	for s := hackney.StateStart; s <= hackney.StateAsync; s++ {
		if s.String() == name {
			return s
		}
	}
	r.failed("response_state", fmt.Errorf("unknown state %q", name))
	return 0
}
