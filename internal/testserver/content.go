package testserver

import (
	"errors"
	"io"
)

// Content is the body of /bytes/N and /file: Size bytes that follow a fixed
// pattern. It holds none of them in memory.
type Content struct {
	Size int64
	off  int64
}

// NewContent returns the first size bytes of the pattern.
func NewContent(size int64) *Content { return &Content{Size: size} }

// The pattern repeats after a prime number of bytes, so that a piece which is lost
// or doubled at a round offset shows.
const period = 251

var block = func() []byte {
	b := make([]byte, period*256)
	for i := range b {
		b[i] = byte(i % period)
	}
	return b
}()

// next returns the piece at the offset; it is empty at the end.
func (c *Content) next() []byte {
	piece := block[c.off%period:]
	return piece[:max(0, min(int64(len(piece)), c.Size-c.off))]
}

// Read implements io.Reader.
func (c *Content) Read(p []byte) (int, error) {
	n := copy(p, c.next())
	c.off += int64(n)
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// WriteTo implements io.WriterTo.
func (c *Content) WriteTo(w io.Writer) (total int64, err error) {
	for piece := c.next(); len(piece) > 0; piece = c.next() {
		n, err := w.Write(piece)
		c.off += int64(n)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// Seek implements io.Seeker.
func (c *Content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.off
	case io.SeekEnd:
		offset += c.Size
	}
	if offset < 0 {
		return 0, errors.New("seek before the start")
	}
	c.off = offset
	return offset, nil
}
