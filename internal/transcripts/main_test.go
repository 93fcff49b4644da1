package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/internal/golden"
	"github.com/hackney-go/hackney/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// madeUp reads the scenarios of testdata/recording.json, which were never recorded.
func madeUp(t *testing.T) map[string]*scenario {
	t.Helper()
	text, err := os.ReadFile("testdata/recording.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []scenario
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	all := map[string]*scenario{}
	for i := range list {
		all[list[i].Name] = &list[i]
	}
	return all
}

// TestConvert compares whole scripts.
func TestConvert(t *testing.T) {
	for name, s := range madeUp(t) {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", name+".golden"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := convert(s, name+".txtar", nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got.Format())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			again, err := convert(s, name+".txtar", got.Format())
			if err != nil || string(again.Format()) != string(want) {
				t.Errorf("converted again it is (%v)\n%s", err, again.Format())
			}
		})
	}
}

// TestOursIsKept: what is ours survives, what was recorded does not depend on it.
func TestOursIsKept(t *testing.T) {
	s := madeUp(t)["exchange"]
	fresh, err := convert(s, "x.txtar", nil)
	if err != nil {
		t.Fatal(err)
	}
	text := string(fresh.Format())
	for _, edit := range [][2]string{
		{"# exchange: ", "# old: "},
		{"\nlog\n", "\n# differs: D-one D-two\nlog\n"},
		{"want log recorded", "want log ours"},
		{"close\nconnection", "keep\nconnection"},
		{"ok 200", "ok 500"},
	} {
		if !strings.Contains(text, edit[0]) {
			t.Fatalf("there is no %q in\n%s", edit[0], text)
		}
		text = strings.Replace(text, edit[0], edit[1], 1)
	}
	text += "-- ours --\n1 request\n"
	got, err := convert(s, "x.txtar", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(string(fresh.Format()), "\nlog\n", "\n# differs: D-one D-two\nlog\n", 1)
	want = strings.Replace(want, "want log recorded", "want log ours", 1) + "-- ours --\n1 request\n"
	if diff := cmp.Diff(want, string(got.Format())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.RecordedSum() != fresh.RecordedSum() {
		t.Error("the sum over what was recorded is another")
	}
}

func TestBodyByHandIsKept(t *testing.T) {
	s := madeUp(t)["exchange"]
	old := "# old: note\n# area: old\n# kind: old\n# by hand: it is clearer\nlog\nget /\nwant log recorded\n-- server-2 --\n< old\n"
	got, err := convert(s, "x.txtar", []byte(old))
	if err != nil {
		t.Fatal(err)
	}
	if want := "# by hand: it is clearer\nlog\nget /\nwant log recorded\n"; !strings.HasSuffix(got.Commands(), "# kind: quirk\n"+want) {
		t.Errorf("the commands are\n%s", got.Commands())
	}
	if text := got.Section("server-2").Text; strings.Contains(text, "old") {
		t.Errorf("the server was not converted anew:\n%s", text)
	}
}

// TestUnknownIsRefused breaks the recording in one place each.
func TestUnknownIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(s *scenario)
		want  string
	}{
		"call":   {func(s *scenario) { s.Calls[0].Function = "hackney:other/1" }, "no command for hackney:other/1"},
		"action": {func(s *scenario) { s.Calls[0] = call{N: 1, Action: "sleep"} }, "no command for sleep"},
		"option": {func(s *scenario) { s.Calls[0].Args[4].items[0] = term{kind: isAtom, text: "odd"} }, "unknown option"},
		"body":   {func(s *scenario) { s.Calls[0].Args[3] = term{kind: isOpaque} }, "unknown body"},
		"size":   {func(s *scenario) { s.Calls[0].Args[3] = tuple("stream_multipart", "big") }, `"big" is no number`},
		"part": {func(s *scenario) {
			s.Calls[0].Args[3] = tuple("multipart", "odd")
			s.Calls[0].Args[3].items[1] = list(tuple("odd"))
		}, "unknown part"},
		"fun":           {func(s *scenario) { s.Calls[0].Args[3] = term{kind: isFun, text: "f"} }, `"f" is not in the table`},
		"wait":          {func(s *scenario) { s.Server[0].Steps[0].Wait = "long" }, `unknown wait "long"`},
		"end of a step": {func(s *scenario) { s.Server[0].Steps[0].Then = "odd" }, `unknown end "odd"`},
		"end":           {func(s *scenario) { s.Wire[0].Ended = "odd" }, `unknown end "odd" of a connection`},
		"result":        {func(s *scenario) { s.Results[0].Value = &term{kind: isAtom, text: "odd"} }, "unknown form of a result"},
		"no result":     {func(s *scenario) { s.Results[0].Value = nil }, "nothing is recorded"},
		"state":         {func(s *scenario) { s.Results[0].Clients["C1"]["response_state"] = term{kind: isAtom, text: "odd"} }, `unknown state "odd"`},
		"record":        {func(s *scenario) { delete(s.Results[0].Clients["C1"], "te") }, "te: is not in the record"},
		"client":        {func(s *scenario) { s.Results[0].Clients = nil }, "client C1 has no record"},
	} {
		t.Run(name, func(t *testing.T) {
			s := madeUp(t)["exchange"]
			c.spoil(s)
			if _, err := convert(s, "x.txtar", nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// tuple is one of atoms.
func tuple(names ...string) (t term) {
	t.kind = isTuple
	for _, name := range names {
		t.items = append(t.items, term{kind: isAtom, text: name})
	}
	return t
}

func list(items ...term) term { return term{kind: isList, items: items} }

// TestBoundaryIsTheRecordedOne: ours is given the one that was drawn.
func TestBoundaryIsTheRecordedOne(t *testing.T) {
	words, err := newConverter(&scenario{Boundary: "drawn"}).payloadWords(term{kind: isAtom, text: "stream_multipart"})
	if got := command(words); err != nil || got != "stream-multipart -1 drawn" {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestMultipartEncodeValue reads {Length, ContentType, Body}, and holds the length.
func TestMultipartEncodeValue(t *testing.T) {
	for in, want := range map[string]string{
		`{"tuple":[3,{"bin":"multipart/form-data; boundary=b"},[{"bin":"a"},98,{"bin":"c"}]]}`: "content-type: multipart/form-data; boundary=b\nbody: \"abc\"",
		`{"tuple":[4,{"bin":"m"},{"bin":"abc"}]}`:                                              "the length 4 is not that of 3 bytes",
		`{"tuple":[4,{"bin":"m"}]}`:                                                            "unknown value of encode_form",
	} {
		var v term
		if err := json.Unmarshal([]byte(in), &v); err != nil {
			t.Fatal(err)
		}
		lines, err := multipartEncodeValue(v)
		got := strings.Join(lines, "\n")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestPayloadWords(t *testing.T) {
	for in, want := range map[string]string{
		`{"bin":"@a b'"}`:                  `text '\x40a b'''`,
		`{"bin":""}`:                       `text ''`,
		`[]`:                               `chunks`,
		`[{"bin":"he"},104,[{"str":"l"}]]`: `chunks he h l`,
		`{"tuple":[{"atom":"form"},[{"tuple":[{"bin":"a=b"},{"bin":"=c"}]},{"tuple":[{"bin":"d"},true]}]]}`: `form 'a\x3Db==c' d`,
		`{"tuple":[{"atom":"file"},{"str":"f.txt"}]}`:                                                       `file ../f.txt`,
		`{"tuple":[{"atom":"file"},{"str":"f.txt"},[{"tuple":[{"atom":"bytes"},3]}]]}`:                      `file ../f.txt 0 3`,
		`{"tuple":[{"fun":"yields abc, eof"},0]}`:                                                           `func abc`,
		`{"fun":"returns {error, oops} at once"}`:                                                           `func error:oops`,
		`{"atom":"stream"}`:                           `stream`,
		`{"atom":"stream_multipart"}`:                 `stream-multipart -1 ` + firstBoundary,
		`{"tuple":[{"atom":"stream_multipart"},185]}`: `stream-multipart 185 ` + firstBoundary,
		`{"tuple":[{"atom":"stream_multipart"},{"atom":"chunked"},{"bin":"a b"}]}`:                                                  `stream-multipart -1 'a b'`,
		`{"tuple":[{"atom":"multipart"},[]]}`:                                                                                       `multipart ` + firstBoundary,
		`{"tuple":[{"atom":"multipart"},[{"tuple":[{"bin":"a"},{"bin":"@1"}]},{"tuple":[{"atom":"b"},65]}]]}`:                       `multipart ` + firstBoundary + ` value a '\x401' value b A`,
		`{"tuple":[{"atom":"multipart"},[{"tuple":[{"bin":"a"},{"tuple":[{"atom":"file"},{"bin":"n.png"},{"bin_b64":"iVA="}]}]}]]}`: `multipart ` + firstBoundary + ` content a n.png '\x89P'`,
		`{"bin":"` + strings.Repeat("ab", 50) + `"}`:                                                                                `text '\{50*ab}'`,
	} {
		var body term
		if err := json.Unmarshal([]byte(in), &body); err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		words, err := newConverter(&scenario{}).payloadWords(body)
		if got := command(words); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", in, got, err, want)
		}
	}
}

func TestShort(t *testing.T) {
	for _, s := range []string{
		"", strings.Repeat("0123456789", 500), "a" + strings.Repeat("}", 200), strings.Repeat("x", 63),
		"$" + strings.Repeat("{", 100), strings.Repeat("ab \r\n", 40) + "ab ", strings.Repeat("x", 64) + " ",
	} {
		text := short(s)
		if back, err := golden.Unquote(text, nil); err != nil || string(back) != s {
			t.Errorf("%s reads %q, %v, want %q", text, back, err, s)
		}
	}
	if got := short("GET " + strings.Repeat("x", 64) + "!"); got != `GET\x20\{64*x}!` {
		t.Errorf("got %s", got)
	}
}

// TestRun converts a whole folder, in which but one area has scenarios.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range areas {
		write("in/"+a+".json", "[]")
	}
	const left = `{"name":"urlencode_string_crash","area":"urlcodec","kind":"crash"}`
	const made = `{"name":"u","area":"urlcodec","kind":"documented","calls":[{"n":1,"function":"hackney_url:urlencode/1","args":[{"bin":"a b"}]}],
		"results":[{"n":1,"value":{"bin":"a+b"}}]}`
	write("in/urlcodec.json", "["+left+","+made+"]")
	write("fixtures/cert.pem", "secret")
	write("fixtures/a.bin", "\x00")
	summary, err := run(filepath.Join(dir, "in"), out)
	if err != nil || summary != "1 golden, 1 left out" {
		t.Fatalf("got %s, %v", summary, err)
	}
	script, err := golden.Read(filepath.Join(out, "urlcodec", "u.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("urlcodec/urlencode_string_crash crash left-out %s\nurlcodec/u documented golden %s\n",
		leftOut["urlcodec/urlencode_string_crash"], script.RecordedSum())
	if got, err := os.ReadFile(filepath.Join(out, "scenarios.txt")); err != nil || string(got) != want {
		t.Errorf("the index is (%v)\n%s, want\n%s", err, got, want)
	}
	if _, err := os.Stat(filepath.Join(out, "fixtures", "a.bin")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(out, "fixtures", "cert.pem")); err == nil {
		t.Error("the certificate was copied")
	}
	if err := os.Remove(filepath.Join(dir, "in", "pool.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := run(filepath.Join(dir, "in"), out); err == nil {
		t.Error("a missing area was not noticed")
	}
}

// TestTables: every name in a table is of an area, and says something.
func TestTables(t *testing.T) {
	known := map[string]bool{}
	for _, a := range areas {
		known[a] = true
	}
	for name, reason := range leftOut {
		if area, _, _ := strings.Cut(name, "/"); !known[area] || reason == "" {
			t.Errorf("left out: %s: %q", name, reason)
		}
	}
	for name, hand := range handWritten {
		if area, _, _ := strings.Cut(name, "/"); !known[area] || hand.why == "" || len(hand.log) == 0 {
			t.Errorf("by hand: %s: %+v", name, hand)
		}
	}
}
