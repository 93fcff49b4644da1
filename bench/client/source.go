package client

import "io"

// pieceSize is how much a source gives with one Read.
const pieceSize = 16 << 10

var piece [pieceSize]byte

// A source gives so many bytes, a piece with each Read, as something that is generated
// does. It is no more than an io.Reader, so that nobody finds a shortcut.
type source int64

func (s *source) Read(p []byte) (int, error) {
	if *s == 0 {
		return 0, io.EOF
	}
	n := copy(p, piece[:min(pieceSize, int64(*s))])
	*s -= source(n)
	return n, nil
}

// json is a document of n bytes.
func json(n int64) []byte {
	b := make([]byte, 0, n)
	b = append(b, `{"text":"`...)
	for int64(len(b)) < n-2 {
		b = append(b, 'x')
	}
	return append(b, `"}`...)
}
