package target

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

const upload = "3\r\nabc\r\n000A\r\n0123456789\r\n1f\r\n" + "a chunk of 1f bytes with\r\n0\r\n\r\n" + "\r\n0\r\n\r\n"

func TestDechunker(t *testing.T) {
	for size := 1; size <= len(upload); size++ {
		var d dechunker
		for rest := []byte(upload); len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if d.done {
				t.Fatalf("by %d: done before the end", size)
			}
			d.feed(rest[:min(size, len(rest))])
		}
		if !d.done || d.err != nil || d.received != 3+10+31 {
			t.Errorf("by %d: %+v", size, d)
		}
	}
}

func TestDechunkerStops(t *testing.T) {
	var d dechunker
	if n := d.feed([]byte(upload + "GET / HTTP/1.1")); n != len(upload) || !d.done {
		t.Errorf("%d of %d bytes, %+v", n, len(upload), d)
	}
	d = dechunker{}
	if d.feed([]byte("x\r\n")); d.err == nil {
		t.Error("a size that is none was taken")
	}
}

func TestAnswers(t *testing.T) {
	for path, want := range map[string]int{
		"/small": 13, "/fields/30": 13, "/close": 13, "/barrier/7": 13, "/sink": 13,
		"/bytes/0": 0, "/bytes/1": 1, "/bytes/300000": 300_000, "/bytes/1048576": 1 << 20,
	} {
		a := answerTo(path)
		all := append(bytes.Clone(a.first), bytes.Repeat(a.block, a.blocks)...)
		head, body, _ := bytes.Cut(append(all, a.last...), endOfHead)
		if len(body) != want || !strings.HasPrefix(string(head), "HTTP/1.1 200 OK\r\n") {
			t.Errorf("%s: %d bytes, want %d, behind\n%s", path, len(body), want, head)
		}
		fields, wanted := bytes.Count(head, []byte("\r\n")), 6
		if path == "/fields/30" {
			wanted = 30
		}
		if fields != wanted {
			t.Errorf("%s: %d fields, want %d", path, fields, wanted)
		}
	}
	for _, path := range []string{"/", "/chunks/0/9", "/bytes/x", "/bytes/-1", "/fields"} {
		if !bytes.HasPrefix(answerTo(path).first, []byte("HTTP/1.1 404 ")) {
			t.Errorf("%s: %s", path, answerTo(path).first)
		}
	}
}

func TestChunkedAnswer(t *testing.T) {
	for _, size := range []int64{1, 100, 16 << 10, 1 << 20} {
		const total = 1_000_007
		a := answerTo(fmt.Sprintf("/chunks/%d/%d", size, total))
		var d dechunker
		_, body, _ := bytes.Cut(a.first, endOfHead)
		d.feed(body)
		for range a.blocks {
			d.feed(a.block)
		}
		if n := d.feed(a.last); n != len(a.last) || !d.done || d.err != nil || d.received != total {
			t.Errorf("chunks of %d: %+v", size, d)
		}
	}
}
