package wiretest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// intBits leaves room to add to a length without an overflow.
const intBits = strconv.IntSize - 2

// Message is one request as it was received.
type Message struct {
	Raw     []byte // all of it
	Head    []byte // request line and fields, with the empty line at their end
	Body    []byte // without its framing
	Trailer []byte // trailer section of a chunked body, without the empty line
	Chunked bool   // whether the body came chunked
}

// RequestLine returns the first line, without its CRLF.
func (m Message) RequestLine() string { return m.lines()[0] }

// Lines returns the field lines in the order in which they came, without CRLF.
func (m Message) Lines() []string { return m.lines()[1:] }

// Field returns the value of the first field with the name, whatever its case,
// and "" when there is none.
func (m Message) Field(name string) string {
	for _, line := range m.Lines() {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.Trim(v, " \t")
		}
	}
	return ""
}

func (m Message) lines() []string {
	return strings.Split(strings.TrimSuffix(string(m.Head), "\r\n\r\n"), "\r\n")
}

// Split cuts b into requests. What is left when the last one is not complete is
// returned as rest.
func Split(b []byte) (msgs []Message, rest []byte, err error) {
	for len(b) > 0 {
		m, ok, err := parse(b)
		if err != nil || !ok {
			return msgs, b, err
		}
		msgs = append(msgs, m)
		b = b[len(m.Raw):]
	}
	return msgs, nil, nil
}

// parse reads the request at the start of b; ok is false when it is not complete.
func parse(b []byte) (m Message, ok bool, err error) {
	n, ok := headEnd(b)
	if !ok {
		return m, false, nil
	}
	m.Head = b[:n]
	length, chunked, err := framing(m.Head)
	if err != nil {
		return m, false, err
	}
	if chunked {
		return parseChunked(m, b)
	}
	if len(b)-n < length {
		return m, false, nil
	}
	m.Body, m.Raw = b[n:n+length], b[:n+length]
	return m, true, nil
}

func parseChunked(m Message, b []byte) (Message, bool, error) {
	m.Chunked = true
	body := b[len(m.Head):]
	n, trailer, ok, err := chunkedEnd(body, func(data []byte) { m.Body = append(m.Body, data...) })
	if err != nil || !ok {
		return m, false, err
	}
	m.Trailer, m.Raw = body[trailer:n-2], b[:len(m.Head)+n]
	return m, true, nil
}

// requestEnd returns the length of the request at the start of b.
func requestEnd(b []byte) (n int, ok bool, err error) {
	n, ok = headEnd(b)
	if !ok {
		return 0, false, nil
	}
	size, ok, err := bodyEnd(b[:n], b[n:])
	return n + size, ok, err
}

// headEnd returns the length of the head at the start of b.
func headEnd(b []byte) (n int, ok bool) {
	i := bytes.Index(b, []byte("\r\n\r\n"))
	return i + 4, i >= 0
}

// bodyEnd returns the length of the body at the start of b, framed as head says.
func bodyEnd(head, b []byte) (n int, ok bool, err error) {
	length, chunked, err := framing(head)
	if err != nil {
		return 0, false, err
	}
	if chunked {
		n, _, ok, err = chunkedEnd(b, nil)
		return n, ok, err
	}
	return length, len(b) >= length, nil
}

// framing reads Content-Length and Transfer-Encoding out of a head.
func framing(head []byte) (length int, chunked bool, err error) {
	m := Message{Head: head}
	if te := m.Field("Transfer-Encoding"); te != "" {
		codings := strings.Split(strings.ToLower(te), ",")
		if strings.TrimSpace(codings[len(codings)-1]) != "chunked" {
			return 0, false, fmt.Errorf("request with Transfer-Encoding %q: its end cannot be found", te)
		}
		return 0, true, nil
	}
	cl := m.Field("Content-Length")
	if cl == "" {
		return 0, false, nil
	}
	n, err := strconv.ParseUint(cl, 10, intBits)
	if err != nil {
		return 0, false, fmt.Errorf("request with Content-Length %q", cl)
	}
	return int(n), false, nil
}

// chunkedEnd returns the length of the chunked body at the start of b, and where
// in it the trailer section begins. It gives the data of each chunk to emit,
// unless that is nil.
func chunkedEnd(b []byte, emit func([]byte)) (n, trailer int, ok bool, err error) {
	for {
		size, line, ok, err := chunkSize(b[n:])
		if err != nil || !ok {
			return 0, 0, false, err
		}
		n += line
		if size == 0 {
			end, ok := trailerEnd(b[n:])
			return n + end, n, ok, nil
		}
		if len(b)-n < size+2 {
			return 0, 0, false, nil
		}
		if end := b[n+size : n+size+2]; string(end) != "\r\n" {
			return 0, 0, false, fmt.Errorf("chunk of %d bytes ends with %q, not with CRLF", size, end)
		}
		if emit != nil {
			emit(b[n : n+size])
		}
		n += size + 2
	}
}

// chunkSize reads the size line at the start of b; line is its length with CRLF.
func chunkSize(b []byte) (size, line int, ok bool, err error) {
	i := bytes.Index(b, []byte("\r\n"))
	if i < 0 {
		return 0, 0, false, nil
	}
	digits, _, _ := strings.Cut(string(b[:i]), ";")
	n, err := strconv.ParseUint(strings.TrimRight(digits, " \t"), 16, intBits)
	if err != nil {
		return 0, 0, false, fmt.Errorf("chunk size line %q", b[:i])
	}
	return int(n), i + 2, true, nil
}

// trailerEnd returns the length of the trailer section with its empty line.
func trailerEnd(b []byte) (n int, ok bool) {
	if bytes.HasPrefix(b, []byte("\r\n")) {
		return 2, true
	}
	return headEnd(b)
}
