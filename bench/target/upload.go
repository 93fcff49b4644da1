package target

import (
	"bytes"
	"io"
	"strconv"
	"sync"
)

// An uploadBuffer takes what does not fit into the buffer of a connection. It is as large
// as stays in a processor's own cache: then the target keeps up with sendfile.
type uploadBuffer [64 << 10]byte

var uploads = sync.Pool{New: func() any { return new(uploadBuffer) }}

// receive reads the body behind a head, of which the beginning may be there already,
// and says how long it was and how many of those bytes belonged to it. What came is shown
// to f, unless that is nil.
func (c *conn) receive(head, begin []byte, f *form) (n int64, used int, err error) {
	if bytes.EqualFold(field(head, "Transfer-Encoding"), []byte("chunked")) {
		return c.receiveChunks(begin, f)
	}
	n, err = strconv.ParseInt(string(field(head, "Content-Length")), 10, 64)
	if err != nil {
		return 0, 0, err
	}
	used = int(min(n, int64(len(begin))))
	f.take(begin[:used])
	return n, used, c.drop(n-int64(used), f)
}

// drop reads n bytes.
func (c *conn) drop(n int64, f *form) error {
	if n == 0 {
		return nil
	}
	buf := uploads.Get().(*uploadBuffer)
	defer uploads.Put(buf)
	for n > 0 {
		got, err := c.Read(buf[:min(n, int64(len(buf)))])
		f.take(buf[:got])
		if n -= int64(got); err != nil && n > 0 {
			return err
		}
	}
	return nil
}

func (c *conn) receiveChunks(begin []byte, f *form) (n int64, used int, err error) {
	d := dechunker{form: f}
	if used = d.feed(begin); d.done {
		return d.received, used, d.err
	}
	buf := uploads.Get().(*uploadBuffer)
	defer uploads.Put(buf)
	for !d.done {
		got, err := c.Read(buf[:])
		if err != nil {
			return 0, 0, err
		}
		if d.feed(buf[:got]) != got {
			return 0, 0, io.ErrNoProgress // nothing may follow before the answer
		}
	}
	return d.received, used, d.err
}

// A dechunker counts the bytes of a chunked body without moving them.
type dechunker struct {
	received int64
	size     int64 // of the chunk, as far as its line was read
	left     int64 // of the chunk and the line end behind it
	last     bool  // the last chunk was read; an empty line follows
	done     bool
	err      error
	form     *form // nil, or who is shown the data
}

// feed takes in what came and says how many bytes of it were the body's.
func (d *dechunker) feed(p []byte) int {
	for i := 0; i < len(p); {
		if d.left > 0 {
			n := min(d.left, int64(len(p)-i))
			d.form.take(p[i : i+int(min(n, max(d.left-2, 0)))])
			d.left -= n
			i += int(n)
			continue
		}
		d.line(p[i])
		if i++; d.done {
			return i
		}
	}
	return len(p)
}

// line takes a byte of a size line, or of the empty line at the end.
func (d *dechunker) line(b byte) {
	switch {
	case b == '\r':
	case b == '\n' && d.last:
		d.done = true
	case b == '\n' && d.size == 0:
		d.last = true
	case b == '\n':
		d.received += d.size
		d.size, d.left = 0, d.size+2
	case '0' <= b && b <= '9':
		d.size = d.size<<4 | int64(b-'0')
	case 'a' <= b|0x20 && b|0x20 <= 'f':
		d.size = d.size<<4 | int64(b|0x20-'a'+10)
	default:
		d.done, d.err = true, strconv.ErrSyntax
	}
}

// field is the value of a field of a head.
func field(head []byte, name string) []byte {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		before, value, found := bytes.Cut(line, []byte(":"))
		if found && len(before) == len(name) && bytes.EqualFold(before, []byte(name)) {
			return bytes.TrimSpace(value)
		}
	}
	return nil
}
