package http1

import (
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
)

// The tests of this file are named after a numbered list of published advisories
// and bugs of other clients: their bytes, and what we make of them.

// wantOutcomes reads each input in every way.
func wantOutcomes(t *testing.T, eof bool, want map[string]string) {
	t.Helper()
	for in, w := range want {
		if got := feed(t, exchange{in: in, eof: eof}); got.text != w {
			t.Errorf("%.200q\n got %s\nwant %s", in, got.text, w)
		}
	}
}

// CVE-2025-43859 (h11): whatever stood behind chunk data was taken for CRLF.
func TestC01ChunkTerminator(t *testing.T) {
	wantOutcomes(t, false, map[string]string{
		chunkedHead + "5\r\nhelloXX0\r\n\r\n": chunkedOK + `"hello" ! chunk`,
	})
}

// CVE-2025-22871 (Go), fasthttp 1899, 2165, 2193: bare LF and blanks in size lines.
func TestC02ChunkSizeLine(t *testing.T) {
	wantOutcomes(t, false, map[string]string{
		chunkedHead + "5\nhello\r\n0\r\n\r\n":        chunkedOK + `"" ! chunk size`,
		chunkedHead + "5;a\nb\r\nhello\r\n0\r\n\r\n": chunkedOK + `"" ! chunk extension`,
		chunkedHead + "5 ;x\r\nhello\r\n0\r\n\r\n":   chunkedOK + `"" ! chunk size`,
	})
}

// CVE-2023-39326 (Go): much extension for little data.
func TestC03ChunkOverhead(t *testing.T) {
	one := "1;" + strings.Repeat("x", 4<<10) + "\r\na\r\n"
	wantOutcomes(t, false, map[string]string{
		chunkedHead + strings.Repeat(one, 3) + "0\r\n\r\n": chunkedOK + `"aaa" keep`,
		chunkedHead + strings.Repeat(one, 6) + "0\r\n\r\n": chunkedOK + `"aaaa" ! limit: the overhead of chunk extensions`,
	})
	// A short extension on each chunk is within its share for ever.
	fair := strings.Repeat("2;a=12345\r\nhi\r\n", 5000)
	whole := ways()[0]
	if got := read(exchange{in: chunkedHead + fair + "0\r\n\r\n"}, whole); got.err != nil {
		t.Errorf("short extensions: %v", got.err)
	}
}

// CVE-2026-59249 (Mint), CVE-2023-38697 (protocol-http1): sloppy chunk sizes.
func TestC04ChunkSize(t *testing.T) {
	for _, size := range []string{"+5", "-5", "0x5", "", "00000000000000005", "10000000000000005", "ffffffffffffffff", "5.", "5_0"} {
		wantOutcomes(t, false, map[string]string{chunkedHead + size + "\r\nhello\r\n0\r\n\r\n": chunkedOK + `"" ! chunk size`})
	}
}

// CVE-2026-56810 (Mint): a large chunk was held back until it was whole.
func TestC05LargeChunkDrip(t *testing.T) {
	drip := []byte("drip")
	d := inBody(t, chunkedHead+"7fffffff\r\n")
	allocs := testing.AllocsPerRun(1000, func() {
		ev, n, next, err := nextStep(d, drip, false)
		if err != nil || n != len(drip) || string(ev.Data) != "drip" {
			t.Fatalf("Next gives %q, %d, %v", ev.Data, n, err)
		}
		d = next
		nDst, _, next, err := bodyStep(d, drip, drip)
		if err != nil || nDst != len(drip) {
			t.Fatalf("Body gives %d, %v", nDst, err)
		}
		d = next
	})
	if allocs != 0 {
		t.Errorf("%v allocations for a drip, want none", allocs)
	}
}

// Mint GHSA-mjqx-c6f6-7rc2, fasthttp 2343: sloppy lengths.
func TestC06ContentLength(t *testing.T) {
	for _, length := range []string{"+0", "-1", "5 5", "0x5", "", "18446744073709551617", "5;", "5.0", "٥"} {
		wantOutcomes(t, false, map[string]string{ok + "Content-Length: " + length + "\r\n\r\nhello": `! Content-Length`})
	}
}

// fasthttp 2294: the last of several lengths won.
func TestC07SeveralLengths(t *testing.T) {
	wantOutcomes(t, false, map[string]string{
		ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!": `! Content-Length`,
		ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello":  `1.1 200 OK [Content-Length: 5 | Content-Length: 5] length 5 "hello" keep`,
	})
}

// CVE-2015-5739 (Go), fasthttp 2190: both framings at once.
func TestC08LengthAndChunked(t *testing.T) {
	wantOutcomes(t, false, map[string]string{
		ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n": `1.1 200 OK [Content-Length: 5 | Transfer-Encoding: chunked] chunked "hi" close`,
		ok + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n2\r\nhi\r\n0\r\n\r\n": `1.1 200 OK [Transfer-Encoding: chunked | Content-Length: 5] chunked "hi" close`,
	})
}

// CVE-2022-1705 (Go), fasthttp 2192, 2303: codings that only look like chunked.
func TestC09TransferEncoding(t *testing.T) {
	const body = "\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
	for _, coding := range []string{"\x0bchunked", "xchunked", "chunked, identity", "chunked\r\nTransfer-Encoding: chunked", "identity\r\nTransfer-Encoding: chunked", "chunked;q=1", `"chunked"`} {
		wantOutcomes(t, true, map[string]string{ok + "Transfer-Encoding: " + coding + body: `! Transfer-Encoding`})
	}
	wantOutcomes(t, true, map[string]string{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked" + body: `! Transfer-Encoding`})
}

// CVE-2019-16276 (Go): a blank before the colon.
func TestC10BlankBeforeColon(t *testing.T) {
	wantOutcomes(t, false, map[string]string{
		ok + "Content-Length : 5\r\n\r\nhello":  `! field line`,
		ok + "Content-Length\t: 5\r\n\r\nhello": `! field line`,
	})
}

// Folds, NUL, bare CR and bare LF in heads: each fault has a reason of its own.
func TestC11OddBytesInHeads(t *testing.T) {
	for in, reason := range map[string]string{
		"A: b\x00c": "a NUL in the value",
		"A\x00: b":  "a NUL in the name",
		"A: b\rc":   "a bare CR in the value",
		"A\rB: c":   "a bare CR in the name",
		"\rA: c":    "a bare CR in the name",
		"\x00A: c":  "a NUL in the name",
		"A : b":     "a blank before the colon",
		" A: b":     "a blank before the first field line",
	} {
		var e *ProtocolError
		got := feed(t, exchange{in: ok + in + "\r\n\r\n"})
		if !errors.As(got.err, &e) || e.Reason != reason {
			t.Errorf("%q gives %v, want reason %q", in, got.err, reason)
		}
	}
	wantOutcomes(t, false, map[string]string{
		"HTTP/1.1 204 X\r\nA: b\r\n  c\r\n\r\n": `1.1 204 X [A: b c] none "" keep`,
		"HTTP/1.1 204 X\nA: b\n\n":              `1.1 204 X [A: b] none "" keep`,
	})
}

// CVE-2021-31525 (Go), CVE-2023-38039 (curl), CVE-2026-58229: heads without end.
func TestC12HeadsWithoutEnd(t *testing.T) {
	const piece = 16 << 10
	value := strings.Repeat("v", 8<<20)
	for name, in := range map[string]string{
		"one value":   ok + "A: " + value,
		"field lines": ok + strings.Repeat("A: b\r\n", 2<<20),
		"status line": "HTTP/1.1 200 " + value,
		"trailers":    chunkedHead + "0\r\n" + strings.Repeat("A: b\r\n", 2<<20),
		"interim":     strings.Repeat("HTTP/1.1 100 Continue\r\nA: "+value[:100<<10]+"\r\n\r\n", 80),
		"small 1xx":   strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 1<<20),
		"together": strings.Repeat("HTTP/1.1 103 X\r\nA: "+value[:50<<10]+"\r\n\r\n", 2) +
			ok + "Transfer-Encoding: chunked\r\nA: " + value[:100<<10] + "\r\n\r\n0\r\nA: " + value[:100<<10] + "\r\n\r\n",
		"many lengths": ok + strings.Repeat("Content-Length: 1\r\n", 1<<20),
	} {
		for _, w := range []way{{head: nextStep, body: (*reader).byNext}, {head: lineStep, body: (*reader).byNext}} {
			w.cut = func(left int) int { return min(left, piece) }
			var limit *LimitError
			r := &reader{way: w, d: exchange{}.decoder(), rest: in}
			if err := r.run(); !errors.As(err, &limit) {
				t.Errorf("%s: error %v, want a limit", name, err)
			}
			if came := len(in) - len(r.rest); came > DefaultLimits.Head+piece {
				t.Errorf("%s: refused after %d bytes, want at most %d", name, came, DefaultLimits.Head+piece)
			}
		}
	}
}

// CVE-2023-24534, CVE-2025-61724 (Go): memory and time out of proportion.
func TestC13SmallLinesMemory(t *testing.T) {
	const size = 1 << 20
	wide := Limits{Head: 2 * size, Fields: size, Interim: 1, ChunkLine: 1, ChunkOverhead: 1}
	for _, c := range []struct {
		name, line string
		limits     *Limits
	}{
		{"one-byte lines", "a\n", &DefaultLimits},
		{"one-byte names", "a:\n", &DefaultLimits},
		{"folds", "a:\n" + strings.Repeat(" \n", 1000), &DefaultLimits},
		{"one-byte fields, wide limits", "a: b\r\n", &wide},
		{"folds, wide limits", "a: b\r\n" + strings.Repeat(" c\r\n", 1000), &wide},
		{"empty folds, wide limits", "a: b\r\n" + strings.Repeat(" \n", 1000), &wide},
	} {
		in := []byte(ok + strings.Repeat(c.line, size/len(c.line)) + "\r\n")
		var err error
		got := allocated(func() { _, _, _, err = nextStep(NewDecoder("GET", c.limits), in, false) })
		if (err == nil) != (c.limits == &wide) {
			t.Errorf("%s: error %v", c.name, err)
		}
		if got > 4*uint64(len(in)) {
			t.Errorf("%s: %d bytes allocated for %d", c.name, got, len(in))
		}
	}
}

// The time of C13, counted as bytes looked at: whatever comes byte by byte, each
// call looks only at what is new, and allocates nothing before the end.
func TestC13LooksOnce(t *testing.T) {
	const n = 20000
	wide := Limits{Head: 1 << 20, Fields: 1 << 20, Interim: 1, ChunkLine: 1 << 20, ChunkOverhead: 1 << 20}
	for name, x := range map[string]struct {
		head, in string
		step     headReader
	}{
		"one-byte fields": {"", ok + strings.Repeat("a:\n", n), nextStep},
		"folds":           {"", ok + "a:\n" + strings.Repeat(" \n", n), nextStep},
		"folds by line":   {ok, "a:\n" + strings.Repeat(" \n", n), lineStep},
		"long line":       {ok, "a:" + strings.Repeat("b", n), lineStep},
		"trailers":        {chunkedHead + "0\r\n", strings.Repeat("a:\r\n", n), nextStep},
		"extension":       {chunkedHead, "1;" + strings.Repeat("a", n), nextStep},
	} {
		d := NewDecoder("GET", &wide)
		for head := []byte(x.head); len(head) > 0; {
			_, took, next, err := x.step(d, head, false)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			head, d = head[took:], next
		}
		in := []byte(x.in)
		bytes := allocated(func() {
			for i := range in {
				ev, took, next, err := x.step(d, in[:i+1], false)
				if err != nil || took > 0 || ev.Kind != NeedMore {
					t.Fatalf("%s: after %d bytes %v, %d, %v", name, i+1, ev.Kind, took, err)
				}
				if d = next; i > 2 && int(d.looked) < i-1 {
					t.Fatalf("%s: after %d bytes the next look starts at %d", name, i+1, d.looked)
				}
			}
		})
		// The status line is looked at anew while its first 512 bytes come.
		if bytes > uint64(len(in))+64<<10 {
			t.Errorf("%s: %d bytes allocated while %d came", name, bytes, len(in))
		}
	}
}

// CVE-2025-13836 (CPython): memory was allocated by the announced length.
func TestC14AnnouncedLength(t *testing.T) {
	in := []byte(ok + "Content-Length: 1099511627776\r\n\r\n0123456789")
	var body []byte
	var err error
	got := allocated(func() {
		d := NewDecoder("GET", &DefaultLimits)
		for rest := in; err == nil; {
			var ev Event
			var n int
			ev, n, d, err = nextStep(d, rest, true)
			body, rest = append(body, ev.Data...), rest[n:]
		}
	})
	var e *IncompleteError
	if !errors.As(err, &e) || !errors.Is(err, io.ErrUnexpectedEOF) || e.Got != 10 || e.Want != 1099511627776 {
		t.Errorf("error %v, want 10 of 1099511627776 bytes", err)
	}
	if string(body) != "0123456789" {
		t.Errorf("body %q", body)
	}
	if got > 16<<10 {
		t.Errorf("%d bytes allocated for a body of 10", got)
	}
}

// hackney 4.4.5: a server that speaks HTTP/2 made the reader spin.
func TestC15NotHTTP1(t *testing.T) {
	settings := "\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"
	wantOutcomes(t, false, map[string]string{
		settings:     `! status line`,
		settings[:1]: `! status line`,
	})
}

// hackney 901: a size line cut between CR and LF, and a malformed size.
func TestC16CutSizeLine(t *testing.T) {
	d := inBody(t, chunkedHead)
	ev, n, d, err := nextStep(d, []byte("5\r"), false)
	if ev.Kind != NeedMore || n != 0 || err != nil {
		t.Fatalf("half a size line gives %v, %d, %v", ev.Kind, n, err)
	}
	ev, _, _, err = nextStep(d, []byte("5\r\nhello"), false)
	if string(ev.Data) != "hello" || err != nil {
		t.Fatalf("the whole line gives %q, %v", ev.Data, err)
	}
	wantOutcomes(t, false, map[string]string{chunkedHead + "5\rhello\r\n": chunkedOK + `"" ! chunk size`})
}

// hackney 918: a close before the last chunk was a success.
func TestC17CloseBeforeLastChunk(t *testing.T) {
	wantOutcomes(t, true, map[string]string{
		chunkedHead + "5\r\nhello\r\n":        chunkedOK + `"hello" ! incomplete: chunked body`,
		chunkedHead + "5\r\nhello":            chunkedOK + `"hello" ! incomplete: chunked body`,
		chunkedHead + "5\r\nhe":               chunkedOK + `"he" ! incomplete: chunk`,
		chunkedHead + "5\r\nhello\r\n0\r\n":   chunkedOK + `"hello" ! incomplete: trailer section`,
		chunkedHead:                           chunkedOK + `"" ! incomplete: chunked body`,
		chunkedHead + "5\r\nhello\r\n0\r\n\r": chunkedOK + `"hello" ! incomplete: trailer section`,
	})
	got := feed(t, exchange{in: chunkedHead + "5\r\nhello\r\n", eof: true})
	if !errors.Is(got.err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want an unexpected EOF", got.err)
	}
}

// fasthttp 2188, 2301: a trailer that frames or routes. Incoming ones are ignored.
func TestC27ForbiddenTrailers(t *testing.T) {
	wantOutcomes(t, false, map[string]string{
		chunkedHead + "2\r\nhi\r\n0\r\nA: b\r\nTransfer-Encoding: x\r\ncontent-length: 7\r\nC: d\r\nHost: evil\r\nConnection: close\r\nTrailer: A\r\n\r\n": chunkedOK + `"hi" [A: b | C: d] keep`,
	})
}

// inBody gives the Decoder behind head, all of which is consumed.
func inBody(t testing.TB, head string) Decoder {
	t.Helper()
	d := NewDecoder("GET", &DefaultLimits)
	for head != "" {
		_, n, next, err := nextStep(d, []byte(head), false)
		if err != nil || n == 0 {
			t.Fatalf("head %q: consumed %d, %v", head, n, err)
		}
		head, d = head[n:], next
	}
	return d
}

// allocated is the number of bytes that f allocates.
func allocated(f func()) uint64 {
	least := uint64(math.MaxUint64)
	var before, after runtime.MemStats
	for range 2 { // the first time may fill tables of the runtime
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}
