package http1

import (
	"strconv"

	"github.com/hackney-go/hackney/internal/fields"
)

// LastChunk ends a chunked body without a trailer section (RFC 9112, 7.1).
const LastChunk = "0\r\n\r\n"

// AppendRequestLine puts "method SP request-target SP HTTP/1.1 CRLF" behind dst.
// Both were checked by the caller.
func AppendRequestLine(dst []byte, method, target string) []byte {
	dst = append(dst, method...)
	dst = append(dst, ' ')
	dst = append(dst, target...)
	return append(dst, " HTTP/1.1\r\n"...)
}

// AppendField puts a field line behind dst.
func AppendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

// ChunkHeadSize is the most room that a chunk-size line takes.
const ChunkHeadSize = 16 + 2

// PutChunkHead writes the chunk-size line for n bytes, n above 0, at the end of
// room, which has at least ChunkHeadSize bytes, and gives where it starts: the
// data may stand right behind room, and all leaves in one write.
func PutChunkHead(room []byte, n int) (start int) {
	const digits = "0123456789abcdef"
	i := len(room) - 2
	room[i], room[i+1] = '\r', '\n'
	for ; n > 0; n >>= 4 {
		i--
		room[i] = digits[n&15]
	}
	return i
}

// AppendChunk puts a whole chunk behind dst; an empty one is left out, since it
// would end the body.
func AppendChunk(dst []byte, data []byte) []byte {
	if len(data) == 0 {
		return dst
	}
	var head [ChunkHeadSize]byte
	dst = append(dst, head[PutChunkHead(head[:], len(data)):]...)
	dst = append(dst, data...)
	return append(dst, "\r\n"...)
}

// ValidMethod says whether a method may be sent (RFC 9110, 9.1: a token).
func ValidMethod(s string) bool { return fields.ValidToken(s) }

// ValidTarget says whether a request-target may be sent (RFC 9112, 3.2) as far as
// its bytes go: no blank, control byte or fragment.
func ValidTarget(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '#' {
			return false
		}
	}
	return s != ""
}

// AppendLength puts a Content-Length field behind dst, with the name as spelled.
func AppendLength(dst []byte, name string, n int64) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, "\r\n"...)
}
