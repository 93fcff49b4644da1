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
		"/small": 13, "/fields/30": 13, "/close": 13, "/barrier/7": 13, "/sink": 13, "/form": 13,
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

// TestForm holds what a form finds against forms that are cut into pieces.
func TestForm(t *testing.T) {
	head := []byte("POST /form HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b-b\r\n\r\n")
	const begin = "--b-b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
	for _, c := range []struct {
		body string
		want int64 // -1 is none
	}{
		{begin + "content\r\n--b-b--\r\n", 7},
		{begin + "content\r\n--b-b--", 7},
		{begin + "\r\n--b-b--\r\n", 0},
		{begin + strings.Repeat("\r\n--b-b", 1000) + "\r\n--b-b--\r\n", 7000},
		{begin + "content\r\n--b-b\r\n", -1},
		{begin + "content\r\n--b-b--\r\n\r\n", -1},
		{begin + "content\r\n", -1},
		{"--b\r\nA: b\r\n\r\ncontent\r\n--b-b--\r\n", -1},
		{"--b-b\r\nA: b\r\n--b-b--\r\n", -1},
		{"--b-b\r\n\r\n--b-b--", -1},
		{"", -1},
	} {
		for _, size := range []int{1, 2, 7, 100, len(c.body) + 1} {
			whole, chunked := newForm(head), newForm(head)
			d := dechunker{form: chunked}
			for rest := c.body; rest != ""; rest = rest[min(size, len(rest)):] {
				piece := rest[:min(size, len(rest))]
				whole.take([]byte(piece))
				framed := fmt.Sprintf("%x\r\n%s\r\n", len(piece), piece)
				d.feed([]byte(framed[:size%len(framed)]))
				d.feed([]byte(framed[size%len(framed):]))
			}
			for name, f := range map[string]*form{"whole": whole, "in chunks": chunked} {
				if got, err := f.content(); got != max(c.want, 0) || (err != nil) != (c.want < 0) {
					t.Errorf("%q by %d, %s: %d bytes, %v; want %d", c.body[:min(90, len(c.body))], size, name, got, err, c.want)
				}
			}
		}
	}
	if _, err := newForm([]byte("POST /form HTTP/1.1\r\n\r\n")).content(); err == nil {
		t.Error("a form without a boundary was taken")
	}
}
