package wiretest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	get     = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
	post    = "POST /b HTTP/1.1\r\nhost: h\r\nCONTENT-length: 5\r\n\r\nhello"
	chunked = "PUT /c HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n" +
		"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n"
)

func TestSplit(t *testing.T) {
	msgs, rest, err := Split([]byte(get + post + chunked + "GET /"))
	if err != nil || string(rest) != "GET /" || len(msgs) != 3 {
		t.Fatalf("%d requests, rest %q, error %v", len(msgs), rest, err)
	}
	var raw, bodies []string
	for _, m := range msgs {
		raw = append(raw, string(m.Raw))
		bodies = append(bodies, string(m.Body))
	}
	if diff := cmp.Diff([]string{get, post, chunked}, raw); diff != "" {
		t.Errorf("raw (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"", "hello", "abc0123456789"}, bodies); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
	if got := string(msgs[2].Trailer); !msgs[2].Chunked || got != "X-Sum: 1\r\n" {
		t.Errorf("chunked %t with trailer %q", msgs[2].Chunked, got)
	}
}

func TestSplitIncomplete(t *testing.T) {
	for _, whole := range []string{get, post, chunked} {
		for n := 1; n < len(whole); n++ {
			msgs, rest, err := Split([]byte(whole[:n]))
			if len(msgs) != 0 || string(rest) != whole[:n] || err != nil {
				t.Errorf("%q: %d requests, rest %q, error %v", whole[:n], len(msgs), rest, err)
			}
			if _, ok, err := requestEnd([]byte(whole[:n])); ok || err != nil {
				t.Errorf("%q: end found %t, error %v", whole[:n], ok, err)
			}
		}
		if n, ok, err := requestEnd([]byte(whole + "x")); n != len(whole) || !ok || err != nil {
			t.Errorf("%q: end at %d, found %t, error %v", whole, n, ok, err)
		}
	}
}

func TestSplitMalformed(t *testing.T) {
	cases := map[string]string{
		"length is no number": "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
		"length is negative":  "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"length overflows":    "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"coding without end":  "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
		"empty chunk size":    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
		"chunk too long":      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabcd",
	}
	for name, in := range cases {
		t.Run(name, func(t *testing.T) {
			if _, _, err := Split([]byte(in)); err == nil {
				t.Error("want an error")
			}
		})
	}
}

func TestMessage(t *testing.T) {
	msgs, _, _ := Split([]byte(post))
	m := msgs[0]
	if got := m.RequestLine(); got != "POST /b HTTP/1.1" {
		t.Errorf("request line %q", got)
	}
	if diff := cmp.Diff([]string{"host: h", "CONTENT-length: 5"}, m.Lines()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if m.Field("Content-Length") != "5" || m.Field("none") != "" {
		t.Errorf("fields %q, %q", m.Field("Content-Length"), m.Field("none"))
	}
}

func TestCutAndEach(t *testing.T) {
	whole := Text("a", "bc", "", "d")
	if diff := cmp.Diff(whole, Cut("abcd", 1, 3, 3)); diff != "" {
		t.Errorf("Cut (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Text("x", "y"), Each([]byte("xy"))); diff != "" {
		t.Errorf("Each (-want +got):\n%s", diff)
	}
}
