package golden

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/internal/wiretest"
)

func TestLog(t *testing.T) {
	var l Log
	l.Call("request")
	l.Response(200, [][2]string{{"A", "b\xff"}, {"Empty", ""}})
	l.Client("#client{}")
	l.Call("body")
	l.Data([]byte("a\n"))
	l.Call("stream-body")
	l.Done()
	l.Call("close")
	l.OK()
	l.Call("body")
	l.Error("closed", []byte{})
	l.Call("body")
	l.Error("timeout", nil)
	l.Call("parse-url")
	l.Value("host: h", "", "a ")
	l.Call("body")
	l.Crash("{badmatch,\n}")
	l.Call("body")
	l.Hang()
	l.Call("request")
	l.Error("proxy-connection", nil)
	l.Cause("refused")
	l.Call("request")
	l.MaybeRedirect()
	l.Note("that was all")
	want := `1 request
  ok 200
  | A: b\xFF
  | Empty:\x20
  #client{}
2 body
  ok "a\n"
3 stream-body
  done
4 close
  ok
5 body
  error closed after ""
6 body
  error timeout
7 parse-url
  = host: h
  =
  = a\x20
8 body
  crash {badmatch,\n}
9 body
  hang
10 request
  error proxy-connection
  because refused
11 request
  maybe redirect
  that was all
`
	if diff := cmp.Diff(want, l.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWire(t *testing.T) {
	const head = "POST /a HTTP/1.1\r\nUser-Agent: hackney/0.6.0\r\nHost: h\r\n"
	const seen = "  POST /a HTTP/1.1\n"
	const fields = "  | Host: h\n"
	const agent = "  | User-Agent: hackney/*\n"
	for _, c := range []struct{ name, received, want string }{
		{"nothing", "", ""},
		{"no field", "GET / HTTP/1.1\r\n\r\n", "  GET / HTTP/1.1\n  no body\n"},
		{"no body", head + "\r\n", seen + fields + agent + "  no body\n"},
		{"body", head + "content-length: 2\r\n\r\na\n", seen + "  | content-length: 2\n" + fields + agent + "  body \"a\\n\"\n"},
		{
			"cut into chunks in any way", head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\n\r\n",
			seen + fields + "  | Transfer-Encoding: chunked\n" + agent + "  chunked body \"abc\"\n",
		},
		{
			"an agent of the caller's", "GET / HTTP/1.1\r\nuser-agent: mine/1\r\n\r\n",
			"  GET / HTTP/1.1\n  | user-agent: mine/1\n  no body\n",
		},
		{
			"fields of one name keep their order", "GET / HTTP/1.1\r\nb: 2\r\nA: 1\r\nB: 1\r\n\r\n",
			"  GET / HTTP/1.1\n  | A: 1\n  | b: 2\n  | B: 1\n  no body\n",
		},
		{"two requests", "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", "  GET /1 HTTP/1.1\n  no body\n  GET /2 HTTP/1.1\n  no body\n"},
		{"a stray last chunk", "GET / HTTP/1.1\r\n\r\n0\r\n\r\n", "  GET / HTTP/1.1\n  no body\n  no whole request: \"0\\r\\n\\r\\n\"\n"},
		{"junk", "GET / HTTP/1.1\r\n\r\njunk", "  GET / HTTP/1.1\n  no body\n  no whole request: \"junk\"\n"},
		{"half a head", "GET / HTTP/1.1\r\nA:", "  no whole request: \"GET / HTTP/1.1\\r\\nA:\"\n"},
		{"half a body", head + "Content-Length: 8\r\n\r\nabc", seen + "  | Content-Length: 8\n" + fields + agent + "  unfinished body \"abc\"\n"},
		{
			"no last chunk", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n",
			"  GET / HTTP/1.1\n  | Transfer-Encoding: chunked\n  unfinished chunked body \"ab\"\n",
		},
		{
			"half a chunk", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\na",
			"  GET / HTTP/1.1\n  | Transfer-Encoding: chunked\n  unfinished body \"9\\r\\na\"\n",
		},
		{
			"bad framing", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
			"  GET / HTTP/1.1\n  | Content-Length: x\n  unfinished body \"\"\n  request with Content-Length \"x\"\n",
		},
		{"TLS where none was wanted", "\x16\x03\x01 random", "  bytes of TLS\n"},
		{"TLS behind a request", "CONNECT h:2 HTTP/1.1\r\n\r\n\x16\x03\r\n\r\n", "  CONNECT h:2 HTTP/1.1\n  no body\n  bytes of TLS\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := "connection to h:1\n" + c.want + "  still open at the end\n"
			if diff := cmp.Diff(want, Wire("h:1", []byte(c.received), EndedOpen)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEnded(t *testing.T) {
	for end, want := range map[wiretest.End]string{
		wiretest.Open:              EndedOpen,
		wiretest.ClientClosed:      EndedByClient,
		wiretest.ClientClosedEarly: EndedByClient,
		wiretest.ServerClosed:      EndedByServer,
		wiretest.ServerReset:       EndedByReset,
		wiretest.HandshakeFailed:   EndedInTLS,
	} {
		if got := Ended(end); got != want {
			t.Errorf("Ended(%v) = %q, want %q", end, got, want)
		}
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		name string
		got  []string
		want string
	}{
		{"a URL", URLLines(map[string]string{"host": "h", "port": "80", "path": "/ "})[4:9], "path: /|qs:|fragment:|host: h|port: 80"},
		{"a form", FormLines([]Pair{{"a=\"", "b", false}, {"c", "", true}, {"", "", false}}), `"a=\x22" = "b"|"c"|"" = ""`},
		{"no form", FormLines(nil), "(empty)"},
		{"a form's body", FormBodyLines("a/b", "c\n"), `content-type: a/b|body: "c\n"`},
		{"fields", FieldLines([][2]string{{"b", "1"}, {"A", "2"}, {"b", "0"}}), "A: 2|b: 0|b: 1"},
		{"no fields", FieldLines(nil), "(empty)"},
	} {
		if got := strings.Join(c.got, "|"); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}
