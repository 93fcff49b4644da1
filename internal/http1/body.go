package http1

import (
	"bytes"
	"math"
)

// readData takes a piece of body, of one chunk at the most, and the framing
// around it. Where the message ends it takes the trailer section or says so.
func (d *Decoder) readData(ev *Event, buf []byte, eof bool) (n int, err error) {
	for {
		if size := d.inPiece(len(buf) - n); size > 0 {
			ev.Kind, ev.Data = Data, buf[n:n+size:n+size]
			d.tookPiece(int64(size))
			n += size
			return n, nil // what is behind it is for the next call: only that can tell of the end
		}
		took, err := d.frameStep(buf[n:])
		if err != nil {
			return 0, err
		}
		n += took
		switch {
		case d.phase == onEnd:
			ev.Kind = End
			return n, nil
		case d.phase == onTrailers:
			took, err := d.readTrailers(ev, buf[n:], eof)
			return n + took, err
		case took > 0:
			continue
		case eof && d.phase == onClose:
			d.phase = onEnd
			ev.Kind = End
			return n, nil
		case eof:
			return 0, d.Incomplete()
		}
		return n, nil
	}
}

// Body undoes the framing of as much of src as there is room for in dst, across
// chunks. dst may be src. It stops in front of the trailer section (Next reads
// that) and at the end of the message. A body that ends with the connection is
// ended by EOF. Beside an error the bytes before the offending ones were given
// out and consumed.
func (d *Decoder) Body(dst, src []byte) (nDst, nSrc int, err error) {
	for d.phase < onTrailers {
		if size := min(d.inPiece(len(src)-nSrc), len(dst)-nDst); size > 0 {
			copy(dst[nDst:], src[nSrc:nSrc+size])
			nDst += size
			nSrc += size
			if d.tookPiece(int64(size)); d.phase == onChunkEnd {
				nSrc += d.plainSize(src[nSrc:])
			}
			continue
		}
		n, err := d.frameStep(src[nSrc:])
		if err != nil || n == 0 {
			return nDst, nSrc, err
		}
		nSrc += n
	}
	return nDst, nSrc, nil
}

// inPiece is how many of n bytes belong to the present piece of body.
func (d *Decoder) inPiece(n int) int {
	switch d.phase {
	case onLength, onChunk:
		return int(min(int64(n), d.rest))
	case onClose:
		return n
	}
	return 0
}

func (d *Decoder) tookPiece(n int64) {
	if d.phase == onClose {
		return
	}
	if d.rest -= n; d.rest > 0 {
		return
	}
	if d.phase == onLength {
		d.phase = onEnd
	} else {
		d.phase = onChunkEnd
	}
}

// frameStep consumes one piece of chunk framing; n is 0 when it is not all there.
// An error leaves d as it was.
func (d *Decoder) frameStep(src []byte) (n int, err error) {
	switch d.phase {
	case onSize:
		return d.chunkSize(src)
	case onChunkEnd:
		return d.chunkEnd(src)
	}
	return 0, nil
}

// chunkEnd takes the CRLF behind chunk data (RFC 9112, 7.1).
func (d *Decoder) chunkEnd(src []byte) (int, error) {
	switch {
	case len(src) > 0 && src[0] != '\r', len(src) > 1 && src[1] != '\n':
		return 0, malformed("chunk", "its data is not followed by CRLF", start(src))
	case len(src) < 2:
		return 0, nil
	}
	d.phase = onSize
	return 2, nil
}

// start is as much of src as an error shows.
func start(src []byte) string { return string(src[:min(len(src), 16)]) }

// plainSize takes the end of a chunk and the size line of the next at once, where both
// are there and as plain as almost all are. Else it is 0, and they are taken apart.
func (d *Decoder) plainSize(src []byte) (n int) {
	const most = len("\r\n12345678\r\n")
	if len(src) < most || src[0] != '\r' || src[1] != '\n' || d.overhead != 0 {
		return 0
	}
	var size int64
	for n = 2; n < most-2 && hexValue[src[n]] >= 0; n++ {
		size = size<<4 | int64(hexValue[src[n]])
	}
	if size == 0 || src[n] != '\r' || src[n+1] != '\n' {
		return 0
	}
	d.phase, d.rest = onChunk, size
	return n + 2
}

// chunkSize takes a chunk-size line: 1*HEXDIG [ chunk-ext ] CRLF. Signs, blanks,
// prefixes and a bare LF are errors: they are how messages are smuggled.
func (d *Decoder) chunkSize(src []byte) (int, error) {
	size, digits, err := hexDigits(src)
	if err != nil || digits == len(src) {
		return 0, err
	}
	n, err := d.chunkLineEnd(src, digits)
	if err != nil || n == 0 {
		return 0, err
	}
	over := d.overheadWith(n, size)
	if over > int64(d.limits.ChunkOverhead) {
		return 0, overLimit("the overhead of chunk extensions", d.limits.ChunkOverhead, "bytes")
	}
	d.overhead, d.looked = uint32(min(over, math.MaxUint32)), 0
	if size > 0 {
		d.phase, d.rest = onChunk, size
		return n, nil
	}
	d.phase = onTrailers
	if bytes.HasPrefix(src[n:], []byte("\r\n")) {
		d.phase = onEnd
		n += 2
	}
	return n, nil
}

// overheadWith is the overhead of chunk framing with one more line of n bytes.
// A fair share is 16 bytes for each chunk, and twice its data.
func (d *Decoder) overheadWith(n int, size int64) int64 {
	over := int64(d.overhead) + int64(n)
	if size > 0 {
		over -= 16 + 2*min(size, math.MaxInt32)
	}
	return max(over, 0)
}

// hexDigits reads the size at the start of a chunk-size line.
func hexDigits(src []byte) (size int64, digits int, err error) {
	for digits < len(src) {
		v := hexValue[src[digits]]
		if v < 0 {
			break
		}
		if digits++; digits > 16 || size > math.MaxInt64>>4 {
			return 0, 0, malformed("chunk size", "above 2^63", string(src[:digits]))
		}
		size = size<<4 | int64(v)
	}
	if digits == 0 && len(src) > 0 {
		return 0, 0, malformed("chunk size", "not a hexadecimal number", start(src))
	}
	return size, digits, nil
}

var hexValue = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range "0123456789abcdef" {
		t[c] = int8(i)
		if c >= 'a' {
			t[c-'a'+'A'] = int8(i)
		}
	}
	return t
}()

// chunkLineEnd finds the end of a chunk-size line whose digits end at at, or 0.
func (d *Decoder) chunkLineEnd(src []byte, at int) (int, error) {
	switch {
	case src[at] == '\r':
		if at+1 == len(src) {
			return 0, nil
		}
		if src[at+1] == '\n' {
			return at + 2, nil
		}
	case src[at] == ';':
		return d.extensionEnd(src, at)
	}
	return 0, malformed("chunk size", "the number is not followed by CRLF or an extension", string(src[:min(len(src), at+8)]))
}

// extensionEnd finds the CRLF behind chunk extensions (RFC 9112, 7.1.1), which
// start at at and are not looked at further.
func (d *Decoder) extensionEnd(src []byte, at int) (int, error) {
	for i := max(at, int(d.looked)); i < len(src); i++ {
		switch c := src[i]; {
		case i-at >= d.limits.ChunkLine:
			return 0, overLimit("a chunk-size line", d.limits.ChunkLine, "bytes")
		case c == '\n' && src[i-1] == '\r':
			return i + 1, nil
		case c == '\n':
			return 0, malformed("chunk extension", "a bare LF", start(src))
		case src[i-1] == '\r':
			return 0, malformed("chunk extension", "a bare CR", start(src))
		case c == 0:
			return 0, malformed("chunk extension", "a NUL", start(src))
		}
	}
	d.looked = uint32(len(src))
	return 0, nil
}

// Incomplete is the error for a connection that ended here, or nil when it may.
// How much of a chunked body came is not counted here.
func (d *Decoder) Incomplete() error {
	switch d.phase {
	case onEnd, onClose:
		return nil
	case onLength:
		return &IncompleteError{Part: "body", Got: d.facts.length - d.rest, Want: d.facts.length}
	case onChunk:
		return &IncompleteError{Part: "chunk", Got: -1, Want: -1}
	case onTrailers:
		return &IncompleteError{Part: "trailer section", Got: -1, Want: -1}
	case onHead, onFields:
		return &IncompleteError{Part: "response head", Got: int64(d.used), Want: -1}
	}
	return &IncompleteError{Part: "chunked body", Got: -1, Want: -1}
}
