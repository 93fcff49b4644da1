package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// TestHopResults: what redirects and proxies gave, and its lines in the log.
func TestHopResults(t *testing.T) {
	const fields = `[{"tuple":[{"bin":"A"},{"bin":"b"}]}]`
	for in, want := range map[string]string{
		`{"tuple":[{"atom":"ok"},{"tuple":[{"atom":"maybe_redirect"},302,` + fields + `,{"client":"?"}]}]}`:                                                         "  maybe redirect|  ok 302|  | A: b",
		`{"tuple":[{"atom":"error"},{"tuple":[{"atom":"max_redirect_overflow"},{"tuple":[{"atom":"ok"},302,` + fields + `,{"client":"?"}]}]}]}`:                     "  error max-redirect-overflow|  ok 302|  | A: b",
		`{"tuple":[{"atom":"error"},{"tuple":[{"atom":"invalid_redirection"},{"tuple":[{"atom":"ok"},302,[],{"client":"?"}]}]}]}`:                                   "  error invalid-redirection|  ok 302",
		`{"tuple":[{"atom":"error"},{"tuple":[{"atom":"proxy_connection"},{"tuple":[{"atom":"error"},{"atom":"econnrefused"}]}]}]}`:                                 "  error proxy-connection|  because refused",
		`{"tuple":[{"atom":"error"},{"tuple":[{"atom":"proxy_connection"},{"tuple":[{"atom":"error"},{"atom":"timeout"}]}]}]}`:                                      "  error proxy-connection|  because timeout",
		`{"tuple":[{"atom":"error"},{"tuple":[{"atom":"proxy_connection"},407,` + fields + `,{"tuple":[{"atom":"ok"},{"bin":"who"},{"client":"?"}]}]}]}`:            `  error proxy-connection|  ok 407|  | A: b|  ok "who"`,
		`{"tuple":[{"atom":"error"},{"atom":"invalid_proxy_transport"}]}`:                                                                                           "  error invalid-proxy-transport",
		`{"tuple":[{"atom":"error"},{"tuple":[{"atom":"proxy_connection"},{"atom":"odd"},` + fields + `,{"tuple":[{"atom":"ok"},{"bin":"who"},{"client":"?"}]}]}]}`: `fault: "odd" is no number`,
	} {
		var v term
		if err := json.Unmarshal([]byte(in), &v); err != nil {
			t.Fatal(in, err)
		}
		c := newConverter(&scenario{})
		err := c.returned(v)
		got := strings.ReplaceAll(strings.TrimSuffix(c.log.String(), "\n"), "\n", "|")
		if err != nil {
			got = "fault: " + err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// TestHopRecord reads the fields of a record that are about redirects.
func TestHopRecord(t *testing.T) {
	read := func(field, value string) (r recordReader) {
		var v term
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			t.Fatal(err)
		}
		r.fields = map[string]term{field: v}
		return r
	}
	for in, want := range map[string]string{
		`null`: "",
		`"{hackney_tcp_transport,\"127.0.0.1\",18080,[{follow_redirect,true}]}"`: "http://127.0.0.1:18080/",
		`"{hackney_ssl_transport,\"h\",443,[]}"`:                                 "https://h:443/",
	} {
		if r := read("redirect", in); r.redirect() != want || r.err != nil {
			t.Errorf("%s: %q, %v", in, r.redirect(), r.err)
		}
	}
	if r := read("redirect", `"{odd}"`); r.redirect() != "" || r.err == nil {
		t.Error("an odd redirect was taken")
	}
	for in, want := range map[string]int{`3`: 3, `0`: 0, `true`: math.MaxInt32} {
		if r := read("max_redirect", in); r.maxRedirect() != want || r.err != nil {
			t.Errorf("%s: %d, %v", in, r.maxRedirect(), r.err)
		}
	}
}

// TestHopOptionsNotUnderstood: what has no form is an error, never something else.
func TestHopOptionsNotUnderstood(t *testing.T) {
	for _, in := range []string{
		`{"tuple":[{"atom":"max_redirect"},{"atom":"many"}]}`,
		`{"tuple":[{"atom":"follow_redirect"},{"atom":"odd"}]}`,
		`{"tuple":[{"atom":"proxy"},{"opaque":"pid"}]}`,
		`{"tuple":[{"atom":"proxy"},{"tuple":[{"opaque":"pid"},1]}]}`,
		`{"tuple":[{"atom":"proxy_auth"},{"bin":"u:p"}]}`,
	} {
		var o term
		if err := json.Unmarshal([]byte(in), &o); err != nil {
			t.Fatal(in, err)
		}
		if words, err := newConverter(&scenario{}).optWords(o); err == nil {
			t.Errorf("%s was taken as %q", in, words)
		}
	}
}

// TestKeptOnRedirect: answers to one request each, which redirects led to, are on one
// connection; others are as they were.
func TestKeptOnRedirect(t *testing.T) {
	one := func(wait, then string) connection {
		return connection{Listener: "h:1", Steps: []step{{Wait: wait, Then: then}}}
	}
	for _, c := range []struct {
		area  string
		conns []connection
		want  bool
	}{
		{"redirect", []connection{one("request", "keep"), one("request", "keep")}, true},
		{"redirect", []connection{one("request", "keep")}, false},
		{"redirect", []connection{one("request", "close"), one("request", "keep")}, false},
		{"redirect", []connection{one("head", "keep"), one("request", "keep")}, false},
		{"redirect", []connection{{Listener: "h:1"}, one("request", "keep")}, false},
		{"pool", []connection{one("request", "keep"), one("request", "keep")}, false},
	} {
		s := &scenario{Area: c.area, Server: c.conns}
		sections, err := serverSections(s)
		if err != nil {
			t.Fatal(err)
		}
		cut := strings.Contains(sections[0].text, "connection\n")
		if cut != (len(c.conns) > 1 && !c.want) {
			t.Errorf("%s %+v: the section is\n%s", c.area, c.conns, sections[0].text)
		}
	}
}
