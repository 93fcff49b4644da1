package http1

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAppendRequest(t *testing.T) {
	b := AppendRequestLine([]byte(">"), "GET", "/a?b")
	b = AppendField(b, "Host", "example.com")
	b = AppendField(b, "X-Empty", "")
	b = AppendLength(b, "content-length", math.MaxInt64)
	if want := ">GET /a?b HTTP/1.1\r\nHost: example.com\r\nX-Empty: \r\ncontent-length: 9223372036854775807\r\n"; string(b) != want {
		t.Errorf("got %q, want %q", b, want)
	}
}

func TestPutChunkHead(t *testing.T) {
	for n, want := range map[int]string{1: "1\r\n", 9: "9\r\n", 10: "a\r\n", 16: "10\r\n", 4096: "1000\r\n", 0xabcdef: "abcdef\r\n", math.MaxInt64: "7fffffffffffffff\r\n"} {
		room := bytes.Repeat([]byte("."), ChunkHeadSize+3)
		start := PutChunkHead(room, n)
		if got := string(room[start:]); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
		if before := string(room[:start]); strings.Trim(before, ".") != "" {
			t.Errorf("%d: wrote %q in front of the line", n, before)
		}
	}
}

func TestAppendChunkLeavesOutEmpty(t *testing.T) {
	if got := AppendChunk([]byte("x"), nil); string(got) != "x" {
		t.Errorf("got %q: an empty chunk ends the body", got)
	}
}

// What the encoder writes the Decoder reads back, however it is cut.
func TestChunkRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		chunks := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 0, 600)).Draw(t, "chunks")
		var wire, body []byte
		for _, c := range chunks {
			wire = AppendChunk(wire, c)
			body = append(body, c...)
		}
		in := chunkedHead + string(wire) + LastChunk
		cut := rapid.IntRange(1, len(in)).Draw(t, "cut")
		for _, by := range bodies {
			r := &reader{way: way{head: nextStep, body: by.read}, d: exchange{}.decoder(), rest: in}
			r.cut = func(left int) int { return min(left, cut) }
			if err := r.run(); err != nil || !bytes.Equal(r.data, body) || len(r.buf)+len(r.rest) > 0 {
				t.Fatalf("%s: %v, body %q, want %q", by.name, err, r.data, body)
			}
		}
	})
}

func TestValidMethod(t *testing.T) {
	for method, want := range map[string]bool{
		"GET": true, "get": true, "M-SEARCH": true, "!#$%&'*+-.^_`|~09": true,
		"": false, "GE T": false, "GET ": false, "GET\r\n": false, "G\x00T": false, "GET/": false, "G:T": false, "GÉT": false, "GET / HTTP/1.1\r\nX: y": false,
	} {
		if ValidMethod(method) != want {
			t.Errorf("%q: valid %v", method, !want)
		}
	}
}

func TestValidTarget(t *testing.T) {
	for target, want := range map[string]bool{
		"/": true, "/a/b?c=d&e": true, "*": true, "http://a/b": true, "a:443": true, "/%20%0d%0a": true, "/\xc3\xa9": true, "/\"<>\\^`{|}": true,
		"": false, "/a b": false, "/a\tb": false, "/\r\nX: y": false, "/\n": false, "/\r": false, "/\x00": false, "/\x7f": false, "/a#b": false, " /": false, "/ ": false,
	} {
		if ValidTarget(target) != want {
			t.Errorf("%q: valid %v", target, !want)
		}
	}
}
