package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func readTerm(t *testing.T, text string) (v term) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(text, err)
	}
	return v
}

// TestMessages writes what a mailbox got, and refuses what has no form.
func TestMessages(t *testing.T) {
	ref := func(event string) string { return `{"tuple":[{"opaque":"ref"},` + event + `]}` }
	for in, want := range map[string]string{
		ref(`{"tuple":[{"atom":"status"},200,{"bin":"OK"}]}`):                       "status 200 OK",
		ref(`{"tuple":[{"atom":"status"},204,{"bin":""}]}`):                         "status 204",
		ref(`{"tuple":[{"atom":"headers"},[{"tuple":[{"bin":"A"},{"bin":"b"}]}]]}`): "headers|| A: b",
		ref(`{"bin":"abc"}`):   `chunk "abc"`,
		ref(`{"bin":""}`):      "empty chunk, 1 in a row",
		ref(`{"atom":"done"}`): "done",
		ref(`{"tuple":[{"atom":"error"},{"atom":"timeout"}]}`):                                             "error timeout",
		ref(`{"tuple":[{"atom":"error"},{"tuple":[{"atom":"closed"},{"bin":"x"}]}]}`):                      `error closed after "x"`,
		`{"tuple":[{"atom":"error"},{"atom":"closed"}]}`:                                                   "without its reference: error closed",
		`{"tuple":[{"atom":"tcp"},{"opaque":"socket"},{"bin":"raw"}]}`:                                     `without its reference: bytes of the socket "raw"`,
		`{"tuple":[{"atom":"EXIT"},{"opaque":"pid"},{"tuple":[{"tuple":[{"atom":"case_clause"},1]},[]]}]}`: "crash case_clause",
		ref(`{"tuple":[{"atom":"status"},{"atom":"odd"},{"bin":"OK"}]}`):                                   `fault: "odd" is no number`,
		ref(`{"tuple":[{"atom":"trailers"},[]]}`):                                                          "fault: unknown form of an event",
		ref(`{"tuple":[{"atom":"error"},7]}`):                                                              "fault: unknown form of an error",
		`{"tuple":[{"atom":"error"},7]}`:                                                                   "fault: unknown form of an error",
		`{"atom":"hello"}`:                                                                                 "fault: unknown form of a message",
	} {
		c := newConverter(&scenario{Messages: []message{{AfterCall: 1, Value: readTerm(t, in)}}})
		err := c.logAll(0)
		got := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(c.log.String(), "1 events\n  "), "\n"), "\n  ", "|")
		if err != nil {
			got = "fault: " + err.Error()
		}
		if got != want && (err == nil || !strings.HasPrefix(got, want)) {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// TestStreams converts a response: messages stand behind the call that they followed,
// one by one where the response went on behind the next.
func TestStreams(t *testing.T) {
	const ref, event = `{"opaque":"ref"}`, `{"tuple":[{"opaque":"ref"},%]}`
	got := func(after int, e string) message {
		return message{AfterCall: after, Value: readTerm(t, strings.Replace(event, "%", e, 1))}
	}
	ok, undefined := readTerm(t, `{"atom":"ok"}`), readTerm(t, `{"atom":"stream_undefined"}`)
	started := readTerm(t, `{"tuple":[{"atom":"ok"},{"tuple":[{"atom":"response_stream"},{"opaque":"ref"}]}]}`)
	url, async := term{kind: isText, text: "http://h/"}, readTerm(t, `[{"atom":"async"}]`)
	list, nobody := term{kind: isList}, term{kind: isText}
	s := &scenario{
		Name: "x", Area: "async", Kind: "documented",
		Calls: []call{
			{N: 1, Function: "hackney:pause_stream/1", Args: []term{readTerm(t, ref)}},
			{N: 2, Function: "hackney:get/4", Args: []term{url, list, nobody, async}},
			{N: 3, Function: "hackney:resume_stream/1", Args: []term{readTerm(t, ref)}},
			{N: 4, Action: flood + " it was too much"},
		},
		Results:  []result{{Value: &undefined}, {Value: &started}, {Value: &ok}, {}},
		Messages: []message{got(2, `{"tuple":[{"atom":"status"},200,{"bin":"OK"}]}`), got(3, `{"bin":""}`), got(3, `{"bin":""}`)},
	}
	script, err := convert(s, "x.txtar", nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "log\npause-stream unknown\nopts async\nget http://h/\nnext status\nresume-stream\nevents\nwant log recorded\n"
	if got := script.Commands(); !strings.HasSuffix(got, want) {
		t.Errorf("the commands are\n%s", got)
	}
	const log = "1 pause-stream\n  = undefined\n2 get\n  ok response stream\n3 next\n  status 200 OK\n4 resume-stream\n  = ok\n" +
		"5 events\n  empty chunk, 2 in a row\n  and so on, until its process was killed\n"
	if got := script.Section("recorded").Text; got != log {
		t.Errorf("the log is\n%s", got)
	}
}

func TestStreamsNotUnderstood(t *testing.T) {
	if words, err := streamWords("pause-stream")(newConverter(&scenario{}), []term{{kind: isText}}); err == nil {
		t.Errorf("a text was taken for a reference: %q", words)
	}
	if lines, err := streamValue(term{kind: isText}); err == nil {
		t.Errorf("a text was taken for what became of a stream: %q", lines)
	}
}
