package hackney_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// zTape is the fuzzer's input, taken byte by byte. Behind its end are zeros.
type zTape []byte

func (z *zTape) next() int {
	if len(*z) == 0 {
		return 0
	}
	b := (*z)[0]
	*z = (*z)[1:]
	return int(b)
}

// zPeer is the other end of all connections, in memory. What it does next stands on the
// tape, and is done when the client reads: so it is the same in each run, and nothing waits
// for time. Behind the end of the tape every connection is at its end.
type zPeer struct {
	run *zRun

	mu      sync.Mutex
	tape    zTape
	conns   []*zConn
	answers map[string]*zAnswer
	calls   int // of the client's, to any connection
}

// zAnswer is what is known of a response that the peer has begun to send.
type zAnswer struct {
	status int
	body   string
	sends  int // how many requests the client had made when its first byte was read
}

// zCalls bounds the calls of one run: an input of a few hundred bytes needs far less.
const zCalls = 200_000

// count notes a call. A client that spins is stopped.
func (p *zPeer) count() {
	if p.calls++; p.calls > zCalls {
		panic("the client spins")
	}
}

func (p *zPeer) dial(_ context.Context, _, addr string) (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count()
	settings := p.tape.next()
	if settings&0x07 == 0x07 {
		return nil, syscall.ECONNREFUSED
	}
	c := &zConn{peer: p, addr: addr, bytewise: settings&0x08 != 0, closed: make(chan struct{}), late: make(chan struct{})}
	if settings&0x30 == 0x30 {
		c.breaks, c.fault = 1+settings>>6, zWriteFaults[p.tape.next()%len(zWriteFaults)]
	}
	p.conns = append(p.conns, c)
	return c, nil
}

var zWriteFaults = []error{syscall.EPIPE, syscall.ECONNRESET, os.ErrDeadlineExceeded, errors.New("a fault of another kind")}

// zConn is one connection.
type zConn struct {
	peer     *zPeer
	addr     string
	bytewise bool
	breaks   int   // the write from which on they fail, 0 for none
	fault    error // of writes

	sent   []byte
	writes int
	head   bool     // the last request was HEAD
	queue  [][]byte // what is to be read, piece by piece
	end    error    // of reading, behind the queue
	isEnd  bool

	closing sync.Once
	closed  chan struct{}
	limit   sync.Mutex
	late    chan struct{} // closed while a deadline in the past is set
}

func (c *zConn) Write(b []byte) (int, error) {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	c.peer.count()
	if c.isClosed() {
		return 0, net.ErrClosed
	}
	if method, _, _ := strings.Cut(string(b[:min(8, len(b))]), " "); method == "HEAD" || method == "GET" || method == "POST" || method == "PUT" {
		c.head = method == "HEAD"
	}
	if c.writes++; c.breaks > 0 && c.writes >= c.breaks {
		n := len(b) / 2
		c.sent = append(c.sent, b[:n]...)
		return n, c.fault
	}
	c.sent = append(c.sent, b...)
	return len(b), nil
}

// Read gives what comes next on the tape.
func (c *zConn) Read(b []byte) (int, error) {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	c.peer.count()
	if c.isClosed() {
		return 0, net.ErrClosed
	}
	if len(c.queue) == 0 && !c.isEnd {
		if err, now := c.step(); now {
			return 0, err
		}
	}
	if len(c.queue) == 0 {
		return 0, c.end
	}
	piece := c.queue[0]
	if piece == nil {
		c.queue = c.queue[1:]
		return 0, c.interrupt()
	}
	if c.bytewise {
		b = b[:1]
	}
	n := copy(b, piece)
	if c.queue[0] = piece[n:]; n == len(piece) {
		c.queue = c.queue[1:]
	}
	return n, nil
}

// step does what the tape says next. now says that the read ends with err.
func (c *zConn) step() (err error, now bool) {
	p := c.peer
	if len(p.tape) == 0 {
		c.isEnd, c.end = true, io.EOF
		return nil, false
	}
	switch b := p.tape.next(); b % 16 {
	default:
		c.answer(b>>4, p.tape.next(), p.tape.next())
	case 7:
		c.garbage(b >> 4)
	case 8, 9:
		return os.ErrDeadlineExceeded, true // the peer is silent for as long as the client waits
	case 10:
		c.isEnd, c.end = true, io.EOF
	case 11:
		c.isEnd, c.end = true, syscall.ECONNRESET
	case 12:
		return c.interrupt(), true
	case 13:
		return c.closeBelow(), true
	case 14:
		return nil, true // a read of no bytes
	case 15:
		c.queue = append(c.queue, []byte(zInterim[b>>4%len(zInterim)]))
	}
	return nil, false
}

var zInterim = []string{"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\n", "HTTP/1.1 100 \r\n\r\nHTTP/1.1 102 Busy\r\n\r\n"}

// garbage sends bytes of the tape as they are.
func (c *zConn) garbage(n int) {
	n = min(4*n+1, len(c.peer.tape))
	c.queue = append(c.queue, append([]byte(nil), c.peer.tape[:n]...))
	c.peer.tape = c.peer.tape[n:]
}

// zKinds are the responses the peer knows. %s is a field that names the response, N the length of
// the body, B the body and C the body in chunks.
var zKinds = []struct {
	status     int
	text       string
	untilClose bool
}{
	{200, "HTTP/1.1 200 OK\r\n%sContent-Length: N\r\n\r\nB", false},
	{200, "HTTP/1.1 200 OK\r\n%sTransfer-Encoding: chunked\r\n\r\nC0\r\n\r\n", false},
	{200, "HTTP/1.1 200 \r\n%sTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\nC0;x=y\r\nT: t\r\n\r\n", false},
	{200, "HTTP/1.1 200 OK\r\n%sA: b\r\n\r\nB", true},
	{204, "HTTP/1.1 204 No\r\n%s\r\n", false},
	{304, "HTTP/1.1 304 Same\r\n%sContent-Length: 7\r\n\r\n", false},
	{200, "HTTP/1.0 200 OK\r\n%sContent-Length: N\r\n\r\nB", false},
	{404, "HTTP/1.1 404 None\r\n%sConnection: close\r\nContent-Length: N\r\n\r\nB", false},
	{302, "HTTP/1.1 302 Found\r\n%sLocation: /b\r\nContent-Length: N\r\n\r\nB", false},
	{307, "HTTP/1.1 307 Moved\r\n%sLocation: http://b.test/x?y\r\nTransfer-Encoding: chunked\r\n\r\nC0\r\n\r\n", false},
	{303, "HTTP/1.1 303 Other\r\n%sLocation: c\r\nContent-Length: N\r\nConnection: close\r\n\r\nB", false},
	{301, "HTTP/1.1 301 Bad\r\n%sLocation: ftp://x\r\nContent-Length: N\r\n\r\nB", false},
	{101, "HTTP/1.1 101 Switch\r\n%sUpgrade: x\r\nConnection: upgrade\r\n\r\n", false},
	{413, "HTTP/1.1 413 Large\r\n%sContent-Length: N\r\n\r\nB", false},
	{200, "HTTP/1.1 200 OK\r\n%sContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nC0\r\n\r\n", false},
	{200, "HTTP/1.1 200 OK\r\n%sContent-Length: N\r\n\r\nBHTTP/1.1 299 Behind\r\nContent-Length: 0\r\n\r\n", false},
}

// answer sends a response whose body says which it is.
func (c *zConn) answer(kind, size, how int) {
	p, k := c.peer, zKinds[kind]
	id := fmt.Sprint(len(p.answers))
	a := &zAnswer{status: k.status, sends: p.run.sends}
	p.answers[id] = a
	body := zBody(id, size*size/16)
	text := strings.Replace(fmt.Sprintf(k.text, "X-Id: "+id+"\r\n"), "Length: N", fmt.Sprint("Length: ", len(body)), 1)
	head, rest, _ := strings.Cut(text, "\r\n\r\n")
	if c.head {
		rest = ""
	} else if rest != "" {
		a.body = body
		rest = zFill(rest, body)
	}
	text = head + "\r\n\r\n" + rest
	if cut := how & 0x3f; how&0x80 != 0 { // it breaks off
		text = text[:len(text)-len(text)*cut/0x40]
		c.isEnd, c.end = true, io.EOF
		if cut&1 != 0 || k.untilClose { // whose end would make it whole
			c.end = syscall.ECONNRESET
		}
	} else if k.untilClose {
		c.isEnd, c.end = true, io.EOF
	}
	c.cut(text, how&0x40 != 0, how&0x20 != 0)
}

// cut queues a text in one piece, or in two, with an interruption between them.
func (c *zConn) cut(text string, inTwo, slow bool) {
	at := len(text)
	if inTwo {
		at = (at*3 + 3) / 4
	}
	for _, piece := range []string{text[:at], text[at:]} {
		if piece != "" {
			c.queue = append(c.queue, []byte(piece))
		}
		if slow {
			c.queue, slow = append(c.queue, nil), false
		}
	}
}

// zFill puts the body into what stands behind a head.
func zFill(text, body string) string {
	if rest, chunked := strings.CutPrefix(text, "C"); chunked {
		return zChunks(body) + rest
	}
	return body + strings.TrimPrefix(text, "B")
}

// zBody is a text that says at each place which body it is from and where.
func zBody(id string, n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "<%s:%d>", id, b.Len())
	}
	return b.String()[:n]
}

// zChunks is a body in chunks that grow.
func zChunks(body string) string {
	var b strings.Builder
	for n := 3; body != ""; n *= 4 {
		n = min(n, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return b.String()
}

// interrupt ends the context of the operation under way, and waits until that takes effect.
func (c *zConn) interrupt() error {
	cancel := c.peer.run.cancel
	if cancel == nil { // it has none that can end
		return os.ErrDeadlineExceeded
	}
	c.peer.mu.Unlock()
	defer c.peer.mu.Lock()
	cancel()
	patience := time.NewTimer(wiretest.Patience)
	defer patience.Stop()
	select {
	case <-c.closed:
		return net.ErrClosed
	case <-c.isLate():
		return os.ErrDeadlineExceeded
	case <-patience.C:
		panic("the end of the context did not interrupt a read")
	}
}

// closeBelow closes the state that was given to the operation under way.
func (c *zConn) closeBelow() error {
	if cs := c.peer.run.under; cs != nil {
		c.peer.mu.Unlock()
		defer c.peer.mu.Lock()
		hackney.Close(*cs)
	}
	if c.isClosed() {
		c.peer.run.closedBelow = true
		return net.ErrClosed
	}
	return os.ErrDeadlineExceeded // it was another connection's
}

func (c *zConn) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return nil
}

func (c *zConn) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// SetDeadline takes note of deadlines in the past alone: time does not go on here.
func (c *zConn) SetDeadline(t time.Time) error {
	c.limit.Lock()
	defer c.limit.Unlock()
	past := !t.IsZero() && t.Before(zEpoch)
	select {
	case <-c.late:
		if !past {
			c.late = make(chan struct{})
		}
	default:
		if past {
			close(c.late)
		}
	}
	return nil
}

// zEpoch is long before any deadline but one that interrupts.
var zEpoch = time.Unix(1000, 0)

func (c *zConn) isLate() <-chan struct{} {
	c.limit.Lock()
	defer c.limit.Unlock()
	return c.late
}

func (c *zConn) SetReadDeadline(t time.Time) error { return c.SetDeadline(t) }
func (c *zConn) SetWriteDeadline(time.Time) error  { return nil }
func (c *zConn) LocalAddr() net.Addr               { return zAddr("client") }
func (c *zConn) RemoteAddr() net.Addr              { return zAddr(c.addr) }

type zAddr string

func (a zAddr) Network() string { return "tcp" }
func (a zAddr) String() string  { return string(a) }
