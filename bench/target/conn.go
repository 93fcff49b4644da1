package target

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"

	"github.com/hackney-go/hackney/bench/scenario"
)

var (
	endOfHead  = []byte("\r\n\r\n")
	errRequest = errors.New("not a request this server takes")
)

// A conn serves one connection.
type conn struct {
	net.Conn
	server *Server
	buf    [8 << 10]byte
	unread int // bytes of buf that came and were not used

	path    []byte // of the last request
	answer  *answer
	receipt []byte // the answer to uploads, once there was one
}

// serve answers requests until the client closes.
func (c *conn) serve() {
	c.server.connections.Add(1)
	if secured, ok := c.Conn.(*tls.Conn); ok && secured.Handshake() == nil && secured.ConnectionState().DidResume {
		c.server.resumed.Add(1)
	}
	for c.exchange() == nil {
	}
}

func (c *conn) exchange() error {
	n, err := c.readHead()
	if err != nil {
		return err
	}
	c.server.requests.Add(1)
	head := c.buf[:n]
	method, rest, _ := bytes.Cut(head, []byte(" "))
	path, _, ok := bytes.Cut(rest, []byte(" "))
	if !ok {
		return errRequest
	}
	if !bytes.Equal(path, c.path) {
		c.turnTo(path)
	}
	if string(method) == "GET" {
		c.consume(n)
		return c.get()
	}
	return c.post(head)
}

// readHead reads to the end of a head.
func (c *conn) readHead() (n int, err error) {
	for {
		if i := bytes.Index(c.buf[:c.unread], endOfHead); i >= 0 {
			return i + len(endOfHead), nil
		}
		if c.unread == len(c.buf) {
			return 0, errRequest
		}
		got, err := c.Read(c.buf[c.unread:])
		if c.unread += got; err != nil {
			return 0, err
		}
	}
}

func (c *conn) consume(n int) {
	c.unread = copy(c.buf[:], c.buf[n:c.unread])
}

// turnTo looks up the answer to another path than that of the last request.
func (c *conn) turnTo(path []byte) {
	c.path = append(c.path[:0], path...)
	c.answer = c.server.answerTo(string(path))
}

func (c *conn) get() error {
	if c.answer.together > 0 {
		c.server.barrier.wait(c.answer.together)
	}
	_, err := c.Write(c.answer.first)
	for i := 0; i < c.answer.blocks && err == nil; i++ {
		_, err = c.Write(c.answer.block)
	}
	if err == nil && len(c.answer.last) > 0 {
		_, err = c.Write(c.answer.last)
	}
	return err
}

// post takes a body in and says how long it was.
func (c *conn) post(head []byte) error {
	if !c.answer.receipt {
		return errRequest
	}
	var file *form
	if c.answer.form {
		file = newForm(head)
	}
	n, used, err := c.receive(head, c.buf[len(head):c.unread], file)
	if err == nil && file != nil {
		n, err = file.content()
	}
	if err != nil {
		return err
	}
	c.consume(len(head) + used)
	c.server.received.Add(n)
	if c.receipt == nil {
		c.receipt = bytes.Clone(c.answer.first)
	}
	writeReceipt(c.receipt, n)
	_, err = c.Write(c.receipt)
	return err
}

// writeReceipt puts a number in the place of a small answer's body.
func writeReceipt(answer []byte, n int64) {
	for i := range scenario.SmallBody {
		answer[len(answer)-1-i] = byte('0' + n%10)
		n /= 10
	}
}
