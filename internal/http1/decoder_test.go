package http1

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// Each limit lets a message of its very size pass, and not one more.
func TestLimits(t *testing.T) {
	interim := "HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"
	trailers := "C: d\r\nE: f\r\n\r\n"
	in := interim + interim + chunkedHead + "0\r\n" + trailers
	heads := 2*len(interim) + len(chunkedHead) + len(trailers)
	single := ok + "A: b\r\n c\r\nContent-Length: 0\r\n\r\n"
	extension := ";" + strings.Repeat("x", 98) + "\r\n" // 101 bytes up to its LF
	overhead := strings.Repeat("1"+extension+"a\r\n", 3)
	for _, c := range []struct {
		name, in string
		change   func(l *Limits, one int)
		part     string
	}{
		{"head", single, func(l *Limits, one int) { l.Head = len(single) + one }, "response head"},
		{"head over 1xx and trailers", in, func(l *Limits, one int) { l.Head = heads + one }, "trailer section"},
		{"head over 1xx", interim + interim + single, func(l *Limits, one int) { l.Head = 2*len(interim) + len(single) + one }, "response head"},
		{"fields", single, func(l *Limits, one int) { l.Fields = 2 + one }, "the number of field lines"},
		{"fields over 1xx and trailers", in, func(l *Limits, one int) { l.Fields = 5 + one }, "the number of field lines"},
		{"interim", in, func(l *Limits, one int) { l.Interim = 2 + one }, "the number of interim (1xx) responses"},
		{"chunk line", chunkedHead + "1" + extension + "a\r\n0\r\n\r\n", func(l *Limits, one int) { l.ChunkLine = 101 + one }, "a chunk-size line"},
		{"chunk overhead", chunkedHead + overhead + "0\r\n\r\n", func(l *Limits, one int) { l.ChunkOverhead = 3*(102-18) + 3 + one }, "the overhead of chunk extensions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			limits := DefaultLimits
			c.change(&limits, 0)
			if got := feed(t, exchange{in: c.in, limits: &limits}); got.err != nil {
				t.Errorf("at the limit: %v", got.err)
			}
			c.change(&limits, -1)
			var e *LimitError
			got := feed(t, exchange{in: c.in, limits: &limits})
			if !errors.As(got.err, &e) || e.What != c.part {
				t.Errorf("over the limit: %v", got.err)
			}
		})
	}
}

// Limits as good as none do not wrap around in the narrow counters.
func TestLimitsWithoutEnd(t *testing.T) {
	none := Limits{Head: math.MaxInt, Fields: math.MaxInt, Interim: math.MaxInt, ChunkLine: math.MaxInt, ChunkOverhead: math.MaxInt}
	for _, c := range codecCases {
		c.limits = &none
		if got := read(c.exchange, ways()[0]); got.text != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, got.text, c.want)
		}
	}
}

// Next and Line remember differently how far they looked. When one takes over
// from the other in the middle of a line, nothing is lost.
func TestNextAndLineTakeTurns(t *testing.T) {
	in := ok + "A: b\r\nB: c\r\n d\r\nC: e\r\nContent-Length: 0\r\n\r\n"
	steps := []headReader{nextStep, lineStep}
	for cut := range in {
		for first := range steps {
			d, buf := NewDecoder("GET", &DefaultLimits), []byte(in[:cut])
			ev, n, d, err := steps[first](d, buf, false)
			buf = []byte(in)[n:]
			got := take(ev)
			for err == nil && !d.Done() {
				ev, n, d, err = steps[1-first](d, buf, false)
				buf = buf[n:]
				got += take(ev)
			}
			if want := "A: b\nB: c d\nC: e\nContent-Length: 0\n"; got != want || err != nil {
				t.Fatalf("cut at %d, first %d: %q, %v", cut, first, got, err)
			}
		}
	}
}

func take(ev Event) string {
	switch {
	case ev.Kind == FieldLine:
		return ev.Name + ": " + ev.Value + "\n"
	case ev.Head != nil:
		return ev.Head.Headers.String()
	}
	return ""
}

// An empty line that comes in two parts ends a head whose fields Line took.
func TestNextWaitsForTheEmptyLine(t *testing.T) {
	_, n, d, err := lineStep(NewDecoder("HEAD", &DefaultLimits), []byte(ok+"\r"), false)
	if err != nil || n != len(ok) {
		t.Fatal(n, err)
	}
	_, n, d, err = lineStep(d, []byte("\r"), false)
	if err != nil || n != 0 {
		t.Fatal(n, err)
	}
	ev, n, d, err := nextStep(d, []byte("\r\n"), false)
	if ev.Kind != Final || n != 2 || err != nil || !d.Done() {
		t.Fatal(ev.Kind, n, err)
	}
}

func TestLineThenNextOnInterim(t *testing.T) {
	in := []byte("HTTP/1.1 103 Early Hints\r\nA: b\r\nC: d\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
	ev, n, d, err := lineStep(NewDecoder("GET", &DefaultLimits), in, false)
	if ev.Kind != StatusLine || ev.Head.Status != 103 || ev.Head.Reason != "Early Hints" || err != nil {
		t.Fatal(ev, err)
	}
	if !d.InHead() {
		t.Error("behind a status line: not in a head")
	}
	in = in[n:]
	ev, n, d, err = nextStep(d, in, false)
	if d.InHead() {
		t.Error("behind a whole head: still in it")
	}
	if ev.Kind != Interim || ev.Head.Status != 103 || ev.Head.Headers.String() != "A: b\nC: d\n" || err != nil {
		t.Fatal(ev, err)
	}
	ev, _, d, err = lineStep(d, in[n:], false)
	if ev.Kind != StatusLine || ev.Head.Status != 204 || d.Done() || err != nil {
		t.Fatal(ev, err)
	}
}

// Behind the head there are no lines to give.
func TestLineBehindTheHead(t *testing.T) {
	d := inBody(t, ok+"Content-Length: 6\r\n\r\n")
	ev, n, d, err := lineStep(d, []byte("A: b\r\n"), false)
	if ev.Kind != Data || string(ev.Data) != "A: b\r\n" || n != 6 || err != nil {
		t.Fatal(ev, n, err)
	}
	if ev, n, _, err = lineStep(d, []byte("X"), false); ev.Kind != End || n != 0 || err != nil {
		t.Fatal(ev, n, err)
	}
}

// With an error nothing is consumed and the Decoder is as it was, so that asking
// again gives the same error.
func TestErrorLeavesTheDecoder(t *testing.T) {
	for _, c := range codecCases {
		d := c.decoder()
		for rest := []byte(c.in); !d.Done(); {
			ev, n, next, err := nextStep(d, rest, c.eof)
			if err == nil && ev.Kind == NeedMore {
				break
			}
			if err == nil {
				rest, d = rest[n:], next
				continue
			}
			_, n2, again, err2 := nextStep(next, rest, c.eof)
			if n != 0 || n2 != 0 || next != d || again != d || fmt.Sprint(err) != fmt.Sprint(err2) {
				t.Errorf("%s: consumed %d and %d, changed %v, errors %v and %v", c.name, n, n2, next != d, err, err2)
			}
			break
		}
	}
}

// The same bytes may be read twice from the same Decoder: it is a value.
func TestDecoderIsAValue(t *testing.T) {
	d := NewDecoder("GET", &DefaultLimits)
	in := []byte(chunkedHead + "5\r\nhello\r\n")
	for range 2 {
		ev, n, next, err := nextStep(d, in, false)
		if ev.Kind != Final || err != nil {
			t.Fatal(ev, err)
		}
		for range 2 {
			if ev, _, _, err := nextStep(next, in[n:], false); string(ev.Data) != "hello" || err != nil {
				t.Fatal(ev, err)
			}
		}
	}
}

// A caller that gives less than before is wrong, but must not panic us.
func TestShorterBuffer(t *testing.T) {
	for _, step := range []headReader{nextStep, lineStep} {
		_, _, d, err := step(NewDecoder("GET", &DefaultLimits), []byte("HTTP/1.1 200"), false)
		if err != nil {
			t.Fatal(err)
		}
		if ev, n, _, err := step(d, []byte("HTTP"), false); ev.Kind != NeedMore || n != 0 || err != nil {
			t.Error(ev, n, err)
		}
	}
}

// What Data gives cannot be appended to without a copy: behind it are bytes of
// the connection.
func TestDataHasNoRoom(t *testing.T) {
	ev, _, _, err := nextStep(inBody(t, ok+"Content-Length: 2\r\n\r\n"), []byte("hibehind"), false)
	if string(ev.Data) != "hi" || cap(ev.Data) != 2 || err != nil {
		t.Errorf("data %q, room %d, %v", ev.Data, cap(ev.Data), err)
	}
}

func TestRestAndTook(t *testing.T) {
	for _, c := range []struct {
		name, head string
		rest       int64
	}{
		{"length", ok + "Content-Length: 10\r\n\r\n", 10},
		{"largest length", ok + "Content-Length: 9223372036854775807\r\n\r\n", math.MaxInt64},
		{"until close", ok + "\r\n", math.MaxInt64},
		{"chunked", chunkedHead, 0},
		{"in a chunk", chunkedHead + "a\r\n", 0},
		{"none", ok + "Content-Length: 0\r\n\r\n", 0},
		{"in the head", "", 0},
	} {
		d := inBody(t, c.head)
		if got := d.Rest(); got != c.rest {
			t.Errorf("%s: rest %d, want %d", c.name, got, c.rest)
		}
	}

	d := inBody(t, ok+"Content-Length: 10\r\n\r\n")
	if d.Took(4); d.Rest() != 6 || d.Done() {
		t.Errorf("after 4 of 10: rest %d, done %v", d.Rest(), d.Done())
	}
	if d.Took(6); d.Rest() != 0 || !d.Done() || !d.Reusable() {
		t.Errorf("after 10 of 10: rest %d, done %v", d.Rest(), d.Done())
	}
	d = inBody(t, ok+"\r\n")
	if d.Took(1 << 40); d.Rest() != math.MaxInt64 || d.Done() {
		t.Errorf("until close: rest %d, done %v", d.Rest(), d.Done())
	}
}

func TestIncomplete(t *testing.T) {
	for _, c := range []struct {
		name, in, part string
		got, want      int64
	}{
		{"nothing", "", "response head", 0, -1},
		{"behind a 1xx", "HTTP/1.1 100 X\r\n\r\n", "response head", 18, -1},
		{"length", ok + "Content-Length: 9\r\n\r\nfour", "body", 4, 9},
		{"before a chunk", chunkedHead, "chunked body", -1, -1},
		{"in a chunk", chunkedHead + "5\r\nfour", "chunk", -1, -1},
		{"behind a chunk", chunkedHead + "4\r\nfour", "chunked body", -1, -1},
		{"trailers", chunkedHead + "0\r\n", "trailer section", -1, -1},
	} {
		var e *IncompleteError
		d := inPart(t, c.in)
		err := d.Incomplete()
		if !errors.As(err, &e) || e.Part != c.part || e.Got != c.got || e.Want != c.want {
			t.Errorf("%s: %+v", c.name, err)
		}
	}
	for _, in := range []string{ok + "\r\n", ok + "\r\nsome", ok + "Content-Length: 1\r\n\r\nx", chunkedHead + "0\r\n\r\n"} {
		d := inPart(t, in)
		if err := d.Incomplete(); err != nil {
			t.Errorf("%q may end here: %v", in, err)
		}
	}
}

// What Next tells of a head includes the 1xx before it: whether anything came is
// what decides if a request may be sent again.
func TestIncompleteCounts(t *testing.T) {
	const interim = "HTTP/1.1 100 X\r\n\r\n"
	for in, want := range map[string]int64{"": 0, "HTTP": 4, interim: 18, interim + "HTTP": 22, chunkedHead + "0\r\nA: b": 4} {
		var e *IncompleteError
		if got := read(exchange{in: in, eof: true}, ways()[0]); !errors.As(got.err, &e) || e.Got != want {
			t.Errorf("%q: %v, want %d bytes", in, got.err, want)
		}
	}
}

// No trailers is no event of its own, also where the empty line comes late.
func TestEndWithoutTrailers(t *testing.T) {
	for _, cut := range []int{0, 1, 2, 3, 4, 5} {
		const in = LastChunk
		d := inBody(t, chunkedHead)
		ev, n, d, err := nextStep(d, []byte(in[:cut]), false)
		if err == nil && !d.Done() {
			ev, _, d, err = nextStep(d, []byte(in[n:]), false)
		}
		if ev.Kind != End || !d.Done() || err != nil {
			t.Errorf("cut at %d: %v, %v", cut, ev.Kind, err)
		}
	}
}

// inPart gives the Decoder behind in, as far as it consumes it.
func inPart(t *testing.T, in string) Decoder {
	t.Helper()
	d := NewDecoder("GET", &DefaultLimits)
	for {
		ev, n, next, err := nextStep(d, []byte(in), false)
		if err != nil {
			t.Fatal(err)
		}
		in, d = in[n:], next
		if ev.Kind == NeedMore || d.Done() {
			return d
		}
	}
}

// Errors tell the line of the head or trailer section, by Next as by Line.
func TestErrorLine(t *testing.T) {
	for in, line := range map[string]int{
		"HTTP/1.1 2000 X\r\n\r\n":                    1,
		ok + " A: b\r\n\r\n":                         2,
		ok + "A: b\r\n c\r\nB: d\r\nbad\r\n\r\n":     4,
		chunkedHead + "0\r\nA: b\r\n\x00: d\r\n\r\n": 2,
	} {
		for _, w := range ways() {
			var e *ProtocolError
			if got := read(exchange{in: in}, w); !errors.As(got.err, &e) || e.Line != line {
				t.Errorf("%q, %s: %v, want line %d", in, w.name, got.err, line)
			}
		}
	}
}

// Error texts quote what the peer sent, and never the value of a field.
func TestErrorTexts(t *testing.T) {
	for in, want := range map[string]string{
		"SSH-2.0-\x1b[31m\r\n\r\n":                      `protocol error by the peer: status line (line 1): this is not HTTP/1: "SSH-2.0-\x1b[31m"`,
		ok + "Set-Cookie: secret\x00\r\n\r\n":           `protocol error by the peer: field line (line 2): a NUL in the value: "Set-Cookie"`,
		ok + "Content-Length: 1, 2\r\n\r\n":             `protocol error by the peer: Content-Length: two different values`,
		ok + strings.Repeat("x", 100) + "\r\n\r\n":      `protocol error by the peer: field line (line 2): no colon: "` + strings.Repeat("x", 64) + `"`,
		"HTTP/1.1 200 " + strings.Repeat("x", 512*1024): `limit: from the peer: response head is over 262144 bytes`,
	} {
		if got := read(exchange{in: in}, ways()[0]); got.err == nil || got.err.Error() != want {
			t.Errorf("got  %v\nwant %s", got.err, want)
		}
	}
	for want, in := range map[string]string{
		"connection closed by the peer inside the response head after 4 bytes": "HTTP",
		"connection closed by the peer inside the body: 2 of 3 bytes":          ok + "Content-Length: 3\r\n\r\nhi",
		"connection closed by the peer inside the chunk":                       chunkedHead + "3\r\nhi",
	} {
		if got := read(exchange{in: in, eof: true}, ways()[0]); got.err == nil || got.err.Error() != want {
			t.Errorf("got  %v\nwant %s", got.err, want)
		}
	}
	long := &ProtocolError{Part: "x", Reason: "y", Addr: "host:80"}
	if got := long.Error(); got != "protocol error by host:80: x: y" {
		t.Error(got)
	}
}
