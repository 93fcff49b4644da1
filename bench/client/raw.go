package client

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/hackney-go/hackney/bench/scenario"
)

// raw is the ceiling: what the exchanges cost without an HTTP client. It knows what the
// target is like, sends a request that was made before, and looks at no more of the answer
// than it needs to find its end.
type raw struct {
	*Task
	addr    *net.TCPAddr
	secure  *tls.Config
	request []byte // its head, and the body of a POST, or the begin of a form
	pieces  int    // of a chunked upload in one write
	all     []*rawConn
}

func newRaw(t *Task) (Client, error) { return openRaw(t, 16) }

// newRaw1 makes a raw that writes each piece of a chunked upload by itself, as one must
// who does not know when the next will come.
func newRaw1(t *Task) (Client, error) { return openRaw(t, 1) }

func openRaw(t *Task, pieces int) (Client, error) {
	addr, err := net.ResolveTCPAddr("tcp4", t.Host)
	if err != nil {
		return nil, err
	}
	c := &raw{Task: t, addr: addr, request: rawRequest(t), pieces: pieces}
	if t.Secure != nil {
		c.secure = t.Secure.Clone()
		c.secure.ServerName = addr.IP.String()
	}
	return c, nil
}

func rawRequest(t *Task) []byte {
	begin := "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: raw\r\n"
	_, path, _ := strings.Cut(t.URL, t.Host)
	switch t.Kind {
	case scenario.Post:
		head := fmt.Appendf(nil, begin+"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n",
			"POST", path, t.Host, t.Upload)
		return append(head, json(t.Upload)...)
	case scenario.UploadFile:
		return fmt.Appendf(nil, begin+"Content-Length: %d\r\n\r\n", "POST", path, t.Host, t.Upload)
	case scenario.UploadForm:
		length := int64(len(rawFormBegin)) + t.Upload + int64(len(rawFormEnd))
		return fmt.Appendf(nil, begin+"Content-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n%s",
			"POST", path, t.Host, rawBoundary, length, rawFormBegin)
	case scenario.UploadChunked:
		return fmt.Appendf(nil, begin+"Transfer-Encoding: chunked\r\n\r\n", "POST", path, t.Host)
	}
	return fmt.Appendf(nil, begin+"\r\n", "GET", path, t.Host)
}

func (c *raw) Close() {
	for _, conn := range c.all {
		conn.close()
	}
}

func (c *raw) Operation() (Operation, error) {
	conn := &rawConn{raw: c}
	c.all = append(c.all, conn)
	switch c.Kind {
	case scenario.Idle:
		return conn.getAndShrink, nil
	case scenario.Get, scenario.Post:
		conn.buf = make([]byte, c.Answer()+bulkBuffer)
		return conn.get, nil
	}
	conn.buf = make([]byte, bulkBuffer)
	switch c.Kind {
	case scenario.Download, scenario.Copy, scenario.Events:
		return conn.download, nil
	case scenario.UploadFile, scenario.UploadForm:
		return conn.uploadFile, nil
	case scenario.UploadChunked:
		conn.out = make([]byte, c.pieces*framedPiece)
		return conn.uploadChunked, nil
	}
	return nil, fmt.Errorf("kind %d", c.Kind)
}

// A rawConn is the connection of one goroutine. There is none before the first operation.
type rawConn struct {
	*raw
	net.Conn
	buf []byte
	out []byte // of a chunked upload
}

func (c *rawConn) close() {
	if c.Conn != nil {
		_ = c.Conn.Close()
		c.Conn = nil
	}
}

// send writes the request, on a new connection if there is none.
func (c *rawConn) send() error {
	if c.Conn == nil {
		if err := c.dial(); err != nil {
			return err
		}
	}
	_, err := c.Write(c.request)
	return err
}

func (c *rawConn) dial() error {
	conn, err := net.DialTCP("tcp4", nil, c.addr)
	if err != nil {
		return err
	}
	if c.Conn = conn; c.secure != nil {
		c.Conn = tls.Client(conn, c.secure)
	}
	return nil
}

// get takes the whole answer into the buffer.
func (c *rawConn) get() error {
	if err := c.send(); err != nil {
		return err
	}
	if err := c.readAnswer(); err != nil {
		return err
	}
	if c.NewConnection {
		c.close()
	}
	return nil
}

// getAndShrink holds no buffer afterwards.
func (c *rawConn) getAndShrink() error {
	c.buf = make([]byte, 4<<10)
	defer func() { c.buf = nil }()
	return c.get()
}

func (c *rawConn) readAnswer() error {
	n, head, err := c.readHead()
	if err != nil {
		return err
	}
	length, err := lengthIn(c.buf[:head])
	if err != nil {
		return err
	}
	if length != c.Answer() {
		return fmt.Errorf("a body of %d bytes, want %d", length, c.Answer())
	}
	for end := head + int(length); n < end; {
		got, err := c.Read(c.buf[n:end])
		if n += got; err != nil && n < end {
			return err
		}
	}
	if c.Upload > 0 {
		return c.checkReceipt(200, true, c.buf[head:n])
	}
	return nil
}

var (
	rawStatus    = []byte("HTTP/1.1 200 ")
	rawHeadEnd   = []byte("\r\n\r\n")
	rawLength    = []byte("\r\nContent-Length: ")
	errRawStatus = errors.New("the status is not 200")
	errRawLength = errors.New("no Content-Length")
)

// readHead reads until the head is there, and says how much of the n bytes read it is.
func (c *rawConn) readHead() (n, head int, err error) {
	for {
		got, err := c.Read(c.buf[n:])
		n += got
		if i := bytes.Index(c.buf[:n], rawHeadEnd); i >= 0 {
			if !bytes.HasPrefix(c.buf, rawStatus) {
				return 0, 0, errRawStatus
			}
			return n, i + len(rawHeadEnd), nil
		}
		if err != nil {
			return 0, 0, err
		}
	}
}

func lengthIn(head []byte) (n int64, err error) {
	i := bytes.Index(head, rawLength)
	if i < 0 {
		return 0, errRawLength
	}
	for _, b := range head[i+len(rawLength):] {
		if b < '0' || b > '9' {
			break
		}
		n = n*10 + int64(b-'0')
	}
	return n, nil
}

// download drops the body as it comes.
func (c *rawConn) download() error {
	if err := c.send(); err != nil {
		return err
	}
	n, head, err := c.readHead()
	if err != nil {
		return err
	}
	if c.Chunk > 0 {
		return c.dropChunks(c.buf[head:n])
	}
	if length, err := lengthIn(c.buf[:head]); length != c.Body || err != nil {
		return fmt.Errorf("a body of %d bytes, want %d: %w", length, c.Body, err)
	}
	for left := c.Body - int64(n-head); left > 0; {
		got, err := c.Read(c.buf[:min(left, int64(len(c.buf)))])
		if left -= int64(got); err != nil && left > 0 {
			return err
		}
	}
	return nil
}

// dropChunks reads to the end of a chunked body, of which the beginning is there.
func (c *rawConn) dropChunks(begin []byte) error {
	var d dropper
	for p := begin; ; {
		if done, err := d.take(p); done || err != nil {
			return c.dropped(&d, err)
		}
		n, err := c.Read(c.buf)
		if err != nil {
			return err
		}
		p = c.buf[:n]
	}
}

func (c *rawConn) dropped(d *dropper, err error) error {
	if err == nil && d.size != c.Body {
		err = fmt.Errorf("a body of %d bytes, want %d", d.size, c.Body)
	}
	return err
}

// A dropper counts the bytes of a chunked body where they are.
type dropper struct {
	size int64
	skip int64 // up to the next size line
	line int64 // the size line that was cut, as far as it was read
	last bool  // only the empty line is left, of which skip is the rest
}

var errRawChunk = errors.New("not a chunk size")

// take takes in what came.
func (d *dropper) take(p []byte) (done bool, err error) {
	for {
		if d.skip >= int64(len(p)) {
			d.skip -= int64(len(p))
			return d.last && d.skip == 0, nil
		}
		p, d.skip = p[d.skip:], 0
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			return false, d.digits(p)
		}
		if err := d.digits(p[:i]); err != nil {
			return false, err
		}
		p = p[i+1:]
		d.size += d.line
		d.skip, d.last, d.line = d.line+2, d.line == 0, 0
	}
}

func (d *dropper) digits(line []byte) error {
	for _, b := range line {
		switch {
		case '0' <= b && b <= '9':
			d.line = d.line<<4 | int64(b-'0')
		case 'a' <= b && b <= 'f':
			d.line = d.line<<4 | int64(b-'a'+10)
		case b != '\r':
			return errRawChunk
		}
	}
	return nil
}

// What stands around a file that is the only part of a form.
const (
	rawBoundary  = "---------------------------abcdefghijklmnop"
	rawFormBegin = "--" + rawBoundary + "\r\nContent-Disposition: form-data; name=\"" + formName + "\"; filename=\"upload.bin\"\r\n" +
		"Content-Type: application/octet-stream\r\n\r\n"
)

var rawFormEnd = []byte("\r\n--" + rawBoundary + "--\r\n")

// uploadFile lets the kernel send the file.
func (c *rawConn) uploadFile() error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := c.send(); err != nil {
		return err
	}
	n, err := c.Conn.(*net.TCPConn).ReadFrom(&io.LimitedReader{R: file, N: c.Upload})
	if n != c.Upload || err != nil {
		return fmt.Errorf("sent %d bytes of %d: %w", n, c.Upload, err)
	}
	if c.Kind == scenario.UploadForm {
		if _, err := c.Write(rawFormEnd); err != nil {
			return err
		}
	}
	return c.readAnswer()
}

// A piece of an upload stands between its size line and a line end.
const (
	sizeLine    = len("4000\r\n")
	framedPiece = sizeLine + pieceSize + len("\r\n")
)

// uploadChunked reads pieces behind room for their size lines, and writes many at a time.
func (c *rawConn) uploadChunked() error {
	if err := c.send(); err != nil {
		return err
	}
	from := source(c.Upload)
	for last := false; !last; {
		out := c.out[:0]
		for len(out)+framedPiece <= cap(out) && !last {
			out, last = appendPiece(out, &from)
		}
		if _, err := c.Write(out); err != nil {
			return err
		}
	}
	return c.readAnswer()
}

// appendPiece appends a chunk of what one Read gives; the last has no bytes.
func appendPiece(out []byte, from *source) ([]byte, bool) {
	begin := len(out)
	room := out[begin : begin+framedPiece]
	n, _ := from.Read(room[sizeLine : sizeLine+pieceSize])
	for i, shift := range [...]int{12, 8, 4, 0} {
		room[i] = "0123456789abcdef"[n>>shift&15]
	}
	copy(room[4:], "\r\n")
	copy(room[sizeLine+n:], "\r\n")
	return out[:begin+sizeLine+n+2], n == 0
}
