package target

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/hackney-go/hackney/bench/scenario"
)

// blockSize is how much of a large body one write sends.
const blockSize = 256 << 10

// block is what all large bodies by length are made of.
var block = bytes.Repeat([]byte("hackney "), blockSize/8)

// An answer is what goes out for a path, in its form on the wire.
type answer struct {
	first  []byte // the head and the beginning of the body
	block  []byte // what follows so many times
	blocks int
	last   []byte

	receipt  bool // the body is overwritten by a number
	form     bool // which is that of the bytes of a file in a form
	together int  // so many requests are answered at a time; 0 is each for itself
}

// answerTo makes the answer to a path of [scenario.Scenario.Path].
func answerTo(path string) *answer {
	name, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	numbers, ok := numbersOf(rest)
	switch {
	case !ok:
	case name == "small":
		return small(scenario.SmallFields, "keep-alive")
	case name == "sink", name == "form":
		a := small(scenario.SmallFields, "keep-alive")
		a.receipt, a.form = true, name == "form"
		return a
	case name == "barrier" && len(numbers) == 1:
		a := small(scenario.SmallFields, "keep-alive")
		a.together = int(numbers[0])
		return a
	case name == "close":
		return small(scenario.SmallFields, "close")
	case name == "fields" && len(numbers) == 1:
		return small(int(numbers[0]), "keep-alive")
	case name == "bytes" && len(numbers) == 1:
		return byLength(numbers[0])
	case name == "chunks" && len(numbers) == 2 && numbers[0] > 0:
		return chunked(numbers[0], numbers[1])
	}
	return &answer{first: []byte("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")}
}

func numbersOf(path string) (numbers []int64, ok bool) {
	if path == "" {
		return nil, true
	}
	for text := range strings.SplitSeq(path, "/") {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return nil, false
		}
		numbers = append(numbers, n)
	}
	return numbers, true
}

// head is the head of an answer; all have at least these six fields.
func head(fields int, connection, framing string) []byte {
	b := []byte("HTTP/1.1 200 OK\r\n" +
		"Date: Tue, 09 Nov 2010 14:49:00 GMT\r\n" +
		"Server: target\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\n" +
		"Cache-Control: no-store\r\n" +
		"Connection: " + connection + "\r\n")
	for i := range fields - scenario.SmallFields {
		b = fmt.Appendf(b, "X-Field-%d: the value of field %d\r\n", i, i)
	}
	return append(b, framing+"\r\n\r\n"...)
}

func small(fields int, connection string) *answer {
	b := head(fields, connection, "Content-Length: "+strconv.Itoa(scenario.SmallBody))
	return &answer{first: append(b, "Hello, World!"...)}
}

func byLength(n int64) *answer {
	b := head(scenario.SmallFields, "keep-alive", "Content-Length: "+strconv.FormatInt(n, 10))
	begin := min(n, blockSize)
	return &answer{
		first:  append(b, block[:begin]...),
		block:  block,
		blocks: int((n - begin) / blockSize),
		last:   block[:(n-begin)%blockSize],
	}
}

// chunked has a body of n bytes in chunks of that size; what is left makes a smaller one.
func chunked(size, n int64) *answer {
	one := fmt.Appendf(nil, "%x\r\n%s\r\n", size, bytes.Repeat([]byte("c"), int(size)))
	many := max(1, blockSize/len(one))
	count := int(n / size)
	last := bytes.Repeat(one, count%many)
	if rest := n % size; rest > 0 {
		last = fmt.Appendf(last, "%x\r\n%s\r\n", rest, bytes.Repeat([]byte("c"), int(rest)))
	}
	return &answer{
		first:  head(scenario.SmallFields, "keep-alive", "Transfer-Encoding: chunked"),
		block:  bytes.Repeat(one, many),
		blocks: count / many,
		last:   append(last, "0\r\n\r\n"...),
	}
}
