package hackney

import "sync"

// Sizes of pooled buffers: heads and small bodies; bodies and chunks in bulk.
const (
	smallBuffer = 4 << 10
	largeBuffer = 64 << 10
)

// buffer is memory from a pool. An idle connection holds none.
type buffer struct{ data []byte }

var (
	smallBuffers = sync.Pool{New: func() any { return &buffer{make([]byte, smallBuffer)} }}
	largeBuffers = sync.Pool{New: func() any { return &buffer{make([]byte, largeBuffer)} }}
)

// newBuffer gives a buffer of at least size bytes.
func newBuffer(size int) *buffer {
	switch {
	case size <= smallBuffer:
		return smallBuffers.Get().(*buffer)
	case size <= largeBuffer:
		return largeBuffers.Get().(*buffer)
	}
	return &buffer{make([]byte, size)}
}

// free gives the buffer back. One that was grown past the pools' sizes is left to
// the collector.
func (b *buffer) free() {
	switch {
	case b == nil:
	case len(b.data) == smallBuffer:
		smallBuffers.Put(b)
	case len(b.data) == largeBuffer:
		largeBuffers.Put(b)
	}
}
