package http1

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
)

// tight are limits that small inputs reach.
var tight = Limits{Head: 400, Fields: 12, Interim: 3, ChunkLine: 40, ChunkOverhead: 60}

// FuzzDecoder reads whole exchanges: no panic, no byte consumed that was not there, the same
// outcome however cut, memory and steps in proportion, and no byte looked at again and again.
func FuzzDecoder(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, method string, in []byte, eof bool) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		consumeAll(t, NewDecoder(method, &DefaultLimits), in, eof)
		runtime.ReadMemStats(&after)
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(16*len(in)+64<<10); got > most {
			t.Errorf("%d bytes allocated for %d", got, len(in))
		}
		looksOnce(t, method, in, nextStep)
		looksOnce(t, method, in, lineStep)
		for _, limits := range []*Limits{&DefaultLimits, &tight} {
			x := exchange{method, string(in), eof, limits}
			all := ways(uint64(len(in)))
			first := read(x, all[0])
			if errors.Is(first.err, errSpin) {
				t.Fatal(first.err)
			}
			for _, w := range all[1:] {
				got := read(x, w)
				if (got.text != first.text || got.left != first.left) && !sameFault(got, first) {
					t.Errorf("%s:\n got %v\nwant %v", w.name, got, first)
				}
			}
		}
	})
}

// sameFault allows what depends on the way by its nature: Line gives out the
// first lines of a head before Next sees the first or the gravest of its faults.
func sameFault(a, b outcome) bool {
	return a.err != nil && b.err != nil && inHead(a) && inHead(b)
}

func inHead(o outcome) bool { return !bytes.Contains([]byte(o.text), []byte(`" !`)) }

// consumeAll reads in at once, and looks that no step takes more than there is.
func consumeAll(t *testing.T, d Decoder, in []byte, eof bool) {
	rest := in
	for steps := 0; !d.Done(); steps++ {
		ev, n, next, err := nextStep(d, rest, eof)
		if n < 0 || n > len(rest) || err != nil && n != 0 {
			t.Fatalf("%d of %d bytes consumed, %v", n, len(rest), err)
		}
		if err != nil || ev.Kind == NeedMore {
			return
		}
		if n == 0 && ev.Kind != End {
			t.Fatalf("event %v of no bytes", ev.Kind)
		}
		if rest, d = rest[n:], next; steps > len(in) {
			t.Fatalf("more steps than bytes: %d", len(in))
		}
	}
}

// looksOnce reads in byte by byte. As long as a part is not whole, the next call must begin to
// look where this one ended, but for the digits of a chunk size: so time is linear, whatever the size.
func looksOnce(t *testing.T, method string, in []byte, step headReader) {
	d, from := NewDecoder(method, &DefaultLimits), 0
	for to := 0; to < len(in) && !d.Done(); {
		if d.phase != onHead && d.phase != onFields {
			step = nextStep
		}
		ev, n, next, err := step(d, in[from:to], false)
		switch {
		case err != nil:
			return
		case ev.Kind != NeedMore || n > 0:
			d, from = next, from+n
			continue
		}
		if ahead := to - from - int(next.looked); ahead > 20 {
			t.Fatalf("%q: with %d bytes there the next look starts at %d", in[from:to], to-from, next.looked)
		}
		d, to = next, to+1
	}
}

// FuzzLine holds that Line and Next read the same head, fields and framing.
func FuzzLine(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, method string, in []byte, eof bool) {
		whole, nWhole, dWhole, errWhole := nextStep(NewDecoder(method, &DefaultLimits), in, eof)
		d := NewDecoder(method, &DefaultLimits)
		var fields, reason string
		var n int
		for {
			ev, took, next, err := lineStep(d, in[n:], eof)
			n += took
			d = next
			switch {
			case err != nil:
				if errWhole == nil && whole.Kind != NeedMore {
					t.Fatalf("Line: %v, Next takes it", err)
				}
				return
			case ev.Kind == NeedMore:
				if whole.Kind != NeedMore {
					t.Fatalf("Line waits, Next gives %v, %v", whole.Kind, errWhole)
				}
				return
			case ev.Kind == StatusLine:
				reason = ev.Head.Reason
				continue
			case ev.Kind == FieldLine:
				fields += take(ev)
				continue
			}
			if errWhole != nil || n != nWhole || reason != whole.Head.Reason || fields != plain(whole.Head) {
				t.Fatalf("Line: %d bytes, %q, %q\nNext: %d bytes, %q, %v", n, reason, fields, nWhole, plain(whole.Head), errWhole)
			}
			if h := ev.Head; h.Status != whole.Head.Status || h.Minor != whole.Head.Minor || h.Framing != whole.Head.Framing || h.Length != whole.Head.Length {
				t.Fatalf("Line: %+v\nNext: %+v", h, whole.Head)
			}
			if d.Reusable() != dWhole.Reusable() || d.used != dWhole.used || d.lines != dWhole.lines {
				t.Fatalf("Line: %+v\nNext: %+v", d, dWhole)
			}
			return
		}
	})
}

func plain(h *Head) (s string) {
	for name, value := range h.Headers.All() {
		s += name + ": " + value + "\n"
	}
	return s
}

// FuzzChunked holds that Next and Body agree on a chunked body, that Body never
// gives out more than came, and that what was given out reads the same when it is
// written anew.
func FuzzChunked(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\n"), uint16(3))
	f.Add([]byte("5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\nbehind"), uint16(1))
	f.Add([]byte("00a\r\n0123456789\r\n1\r\nx\r\n0;e\r\n\r\n"), uint16(200))
	f.Add([]byte("7fffffffffffffff\r\nx"), uint16(2))
	f.Add([]byte("5;a\rb\r\nhello"), uint16(4))
	f.Add([]byte("5\r\nhelloXX"), uint16(7))
	f.Fuzz(func(t *testing.T, in []byte, cut uint16) {
		start := inBody(t, chunkedHead)
		x := exchange{in: string(in), eof: true}
		var first outcome
		var firstData []byte
		for i, by := range bodies {
			r := &reader{way: way{body: by.read}, d: start, rest: x.in, close: true, framing: "chunked"}
			r.cut = func(left int) int { return min(left, int(cut)+1) }
			err := r.run()
			got := outcome{text: string(r.data) + list(r.trailers), left: len(r.buf) + len(r.rest)}
			if err != nil {
				got.text, got.left = got.text+errorClass(err), 0
			}
			if i == 0 {
				first, firstData = got, r.data
			}
			if got != first || len(r.data) > len(in) {
				t.Fatalf("%s: %v, want %v", by.name, got, first)
			}
		}
		again := append(AppendChunk([]byte(nil), firstData), LastChunk...)
		dst := make([]byte, len(again))
		n, nSrc, d, err := bodyStep(start, dst, again)
		if err != nil || !d.Done() || nSrc != len(again) || !bytes.Equal(dst[:n], firstData) {
			t.Fatalf("written anew: %q, %d of %d, %v", dst[:n], nSrc, len(again), err)
		}
	})
}
