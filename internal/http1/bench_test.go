package http1

import (
	"fmt"
	"strings"
	"testing"
)

// head6 is what a small answer of many servers looks like.
const head6 = ok + "Content-Type: text/plain\r\nDate: Tue, 09 Nov 2010 14:49:00 GMT\r\nServer: x\r\nContent-Length: 13\r\nConnection: keep-alive\r\nX-A: b\r\n\r\n"

// head30 is a head of 30 fields and about 1.4 KB.
var head30 = func() string {
	var b strings.Builder
	b.WriteString(ok)
	for i := range 29 {
		fmt.Fprintf(&b, "X-Custom-Field-%02d: some-value-of-ordinary-length-%02d\r\n", i, i)
	}
	return b.String() + "Content-Length: 13\r\n\r\n"
}()

// The text, the Head with an index for some lines in it, and a larger index apart.
func TestHeadAllocations(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     float64
	}{
		{"6 fields", head6, 2},
		{"as many fields as a Head has room for", ok + strings.Repeat("A: b\r\n", inlineLines) + "\r\n", 2},
		{"30 fields", head30, 3},
	} {
		in := []byte(c.in)
		got := testing.AllocsPerRun(100, func() {
			var ev Event
			d := NewDecoder("GET", &DefaultLimits)
			if _, err := d.Next(&ev, in, false); err != nil {
				t.Fatal(err)
			}
		})
		if got != c.want {
			t.Errorf("a head of %s: %v allocations, want %v", c.name, got, c.want)
		}
	}
}

func TestBodyAllocations(t *testing.T) {
	d := inBody(t, chunkedHead)
	src := chunks(64<<10, 100)
	dst := make([]byte, len(src))
	got := testing.AllocsPerRun(100, func() {
		if _, n, _, err := bodyStep(d, dst, src); err != nil || n != len(src) {
			t.Fatal(n, err)
		}
		if _, _, _, err := nextStep(d, src, false); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("%v allocations in the body, want none", got)
	}
}

// chunks gives about n bytes of whole chunks of that size.
func chunks(n, size int) (wire []byte) {
	data := []byte(strings.Repeat("x", size))
	for len(wire) < n {
		wire = AppendChunk(wire, data)
	}
	return wire
}

func BenchmarkHead(b *testing.B) {
	for _, c := range []struct{ name, in string }{{"6", head6}, {"30", head30}} {
		b.Run(c.name, func(b *testing.B) {
			in := []byte(c.in)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				var ev Event
				d := NewDecoder("GET", &DefaultLimits)
				if _, err := d.Next(&ev, in, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBody(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"100 B", 100}, {"16 KiB", 16 << 10}} {
		src := chunks(64<<10, c.size)
		dst := make([]byte, len(src))
		d := inBody(b, chunkedHead)
		b.Run("chunks of "+c.name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, n, _, err := bodyStep(d, dst, src); err != nil || n != len(src) {
					b.Fatal(n, err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	b.Run("head", func(b *testing.B) {
		b.ReportAllocs()
		var dst []byte
		for b.Loop() {
			dst = AppendRequestLine(dst[:0], "GET", "/some/path?with=query")
			for range 4 {
				dst = AppendField(dst, "Accept", "text/plain")
			}
		}
	})
	b.Run("chunk head", func(b *testing.B) {
		b.ReportAllocs()
		var room [ChunkHeadSize]byte
		for b.Loop() {
			PutChunkHead(room[:], 16<<10)
		}
	})
}
