package wiretest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// conn plays one script. Two goroutines work on it: run plays the steps, read
// takes in whatever the client sends, so that the record is always up to date.
type conn struct {
	srv    *Server
	id     int
	script Conn
	bare   net.Conn // the socket

	limit sync.Mutex // held by who sets the deadline of reads

	// Used by run only. Offsets count from the start of got.
	at   int // bytes before it were taken by a step
	head int // where the head that was last waited for begins, -1 when its body is over
	body int // where its body begins

	// Guarded by srv.mu.
	nc     net.Conn // the socket, or TLS over it
	got    []byte   // all that was received
	gone   bool     // the client has ended its side
	paused bool     // read must not read
	parked bool     // read does not read
	steps  int      // steps that are finished
	looks  int      // times that read found nothing to read in time
	end    End
	closed bool // the socket is closed
}

// errGone ends a script: the client has closed, or the server was closed.
var errGone = errors.New("the connection is over")

func newConn(s *Server, id int, nc net.Conn, script Conn) *conn {
	c := &conn{srv: s, id: id, script: script, bare: nc, nc: nc, head: -1}
	c.paused = len(script) > 0 && script[0].Wait == Nothing && script[0].Then == Stall
	return c
}

func (c *conn) run() {
	unwatch := c.closeWithServer()
	defer unwatch()
	c.tune()
	if c.srv.o.TLS && c.startTLS(nil) != nil {
		c.finish(HandshakeFailed)
		return
	}
	var reader sync.WaitGroup
	reader.Go(c.read)
	c.finish(c.play())
	reader.Wait()
}

// closeWithServer makes the socket close, and every blocked call on it return,
// as soon as the server is closed.
func (c *conn) closeWithServer() (stop func()) {
	quit := make(chan struct{})
	c.srv.wg.Go(func() {
		select {
		case <-c.srv.done:
			c.bare.Close()
		case <-quit:
		}
	})
	return func() { close(quit) }
}

func (c *conn) tune() {
	tcp, ok := c.bare.(*net.TCPConn)
	if !ok {
		return
	}
	tcp.SetNoDelay(true)
	if n := c.srv.o.ReadBuffer; n > 0 {
		tcp.SetReadBuffer(n)
	}
}

// play plays all steps, and tells how the connection ends.
func (c *conn) play() End {
	for _, s := range c.script {
		if end, over := c.step(s); over {
			return end
		}
		c.srv.update(func() { c.steps++ })
	}
	c.srv.await(func() bool { return c.gone }, nil)
	if c.srv.over() {
		return Open
	}
	return ClientClosed
}

// step plays one step; over tells that the connection ends with it.
func (c *conn) step(s Step) (end End, over bool) {
	if err := c.prepare(s); err != nil {
		return c.failed(err)
	}
	if s.Then == Stall || s.Then == StartTLS {
		c.pause()
	}
	if err := c.send(s); err != nil {
		return c.failed(err)
	}
	switch s.Then {
	case Close, Drop:
		return c.leave(s, ServerClosed), true
	case Reset:
		return c.leave(s, ServerReset), true
	case CloseWrite:
		if w, ok := c.nc.(interface{ CloseWrite() error }); ok {
			w.CloseWrite()
		}
	case StartTLS:
		if c.startTLS(c.untaken()) != nil {
			return HandshakeFailed, true
		}
		c.resume()
	}
	return Open, false
}

// leave counts the step before the connection is closed, so that whoever sees the
// close finds the record complete.
func (c *conn) leave(s Step, end End) End {
	c.srv.update(func() { c.steps++; c.end = end })
	switch s.Then {
	case Drop:
		c.bare.Close()
	case Reset:
		if tcp, ok := c.bare.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		c.bare.Close()
	}
	return end
}

// failed tells how a connection ends when a step could not be played.
func (c *conn) failed(err error) (End, bool) {
	if c.srv.over() {
		return Open, true
	}
	if errors.Is(err, errGone) {
		return ClientClosedEarly, true
	}
	c.srv.t.Errorf("wiretest: connection %d: %v", c.id, err)
	return ServerClosed, true
}

// finish closes the socket and tells those who wait for it.
func (c *conn) finish(end End) {
	c.srv.update(func() { c.end = end; c.paused = false })
	c.nc.Close()
	c.srv.update(func() { c.closed = true })
}

// prepare does all that comes before the segments.
func (c *conn) prepare(s Step) error {
	if s.Wait != Nothing {
		c.resume()
	}
	if err := c.await(s.Wait); err != nil {
		return err
	}
	if s.Gate != nil {
		select {
		case <-s.Gate:
		case <-c.srv.done:
			return errGone
		}
	}
	if err := c.sleep(s.Delay); err != nil {
		return err
	}
	if s.Then != Stall {
		c.resume()
	}
	return nil
}

// send writes the segments, each by itself.
func (c *conn) send(s Step) error {
	for i, segment := range s.Send {
		if i > 0 {
			if err := c.sleep(s.Gap); err != nil {
				return err
			}
		}
		if _, err := c.nc.Write(segment); err != nil {
			return errGone
		}
	}
	return nil
}

func (c *conn) sleep(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.srv.done:
		return errGone
	}
}

// await waits for w and takes the bytes that it stands for.
func (c *conn) await(w Wait) (err error) {
	if w.kind == forQuiet {
		return c.quiet(w.d)
	}
	met := false
	c.srv.await(func() bool {
		met, err = c.met(w)
		return met || err != nil || c.gone
	}, nil)
	if !met && err == nil {
		err = errGone
	}
	return err
}

// met reports whether w is there, and takes it.
func (c *conn) met(w Wait) (ok bool, err error) {
	n, rest := 0, c.got[c.at:]
	switch w.kind {
	case forNothing:
		return true, nil
	case forBytes:
		n, ok = w.n, len(rest) >= w.n
	case forRequest:
		n, ok, err = requestEnd(rest)
	case forHead:
		if n, ok = headEnd(rest); ok {
			c.head, c.body = c.at, c.at+n
		}
	case forBody, forChunkedEnd:
		return c.bodyMet(w)
	}
	if ok {
		c.at += n
	}
	return ok, err
}

// bodyMet looks for the end of the body from where it began, so that it does not
// matter which of its bytes were taken before.
func (c *conn) bodyMet(w Wait) (ok bool, err error) {
	if c.head < 0 {
		if ok, err := c.met(Head); !ok {
			return false, err
		}
	}
	n, b := 0, c.got[c.body:]
	if w.kind == forChunkedEnd {
		n, _, ok, err = chunkedEnd(b, nil)
	} else {
		n, ok, err = bodyEnd(c.got[c.head:c.body], b)
	}
	if ok {
		c.at, c.head = max(c.at, c.body+n), -1
	}
	return ok, err
}

// quiet waits until something came and then nothing for d, and takes it all.
func (c *conn) quiet(d time.Duration) error {
	n := c.at
	more := func() bool { return len(c.got) > n || c.gone }
	for timer := (<-chan time.Time)(nil); c.srv.await(more, timer); timer = time.After(d) {
		if c.taken(&n) {
			return errGone
		}
	}
	if c.srv.over() {
		return errGone
	}
	c.at = n
	return nil
}

// taken sets n to the number of bytes received, and reports whether the client is gone.
func (c *conn) taken(n *int) bool {
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	*n = len(c.got)
	return c.gone
}

// read keeps what the client sends until it closes, or the connection is closed here.
func (c *conn) read() {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.turn().Read(buf)
		nothing := err != nil && errors.Is(err, os.ErrDeadlineExceeded)
		if nothing {
			err = nil // pause or settle woke it up
		}
		c.srv.update(func() {
			c.got = append(c.got, buf[:n]...)
			c.gone = err != nil
			if nothing {
				c.looks++
			}
		})
		if err != nil {
			return
		}
	}
}

// turn waits while reading is paused, and returns what to read from.
func (c *conn) turn() (nc net.Conn) {
	c.srv.mu.Lock()
	paused := c.paused
	c.srv.mu.Unlock()
	if paused {
		c.srv.update(func() { c.parked = true })
		c.srv.await(func() bool { return !c.paused }, nil)
	}
	c.srv.update(func() { c.parked, nc = false, c.nc })
	return nc
}

// pause returns when nothing is read any more.
func (c *conn) pause() {
	c.srv.update(func() { c.paused = true })
	c.limitReads(time.Unix(1, 0))
	c.srv.await(func() bool { return c.parked || c.gone }, nil)
}

// settleTime is how long the reader looks for bytes that have come already.
const settleTime = time.Millisecond

// settle returns when all that has come is in the record, the end too.
func (c *conn) settle() {
	c.lookOnce()
	c.srv.await(func() bool { return !c.gone || c.closed }, time.After(Patience))
}

// lookOnce returns when read has found nothing to read, or the end.
func (c *conn) lookOnce() {
	c.srv.mu.Lock()
	looks, over := c.looks, c.gone || c.closed || c.paused
	c.srv.mu.Unlock()
	if over {
		return
	}
	c.limit.Lock()
	defer c.limit.Unlock()
	c.bare.SetReadDeadline(time.Now().Add(settleTime))
	c.srv.await(func() bool { return c.looks > looks || c.gone || c.closed || c.paused }, nil)
	c.bare.SetReadDeadline(time.Time{})
}

func (c *conn) resume() {
	c.srv.mu.Lock()
	paused := c.paused
	c.srv.mu.Unlock()
	if paused {
		c.limitReads(time.Time{})
		c.srv.update(func() { c.paused = false })
	}
}

func (c *conn) limitReads(t time.Time) {
	c.limit.Lock()
	defer c.limit.Unlock()
	c.bare.SetReadDeadline(t)
}

// untaken removes the bytes that no step took from the record, and returns them.
func (c *conn) untaken() (rest []byte) {
	c.srv.update(func() {
		rest = bytes.Clone(c.got[c.at:])
		c.got = c.got[:c.at]
	})
	return rest
}

// startTLS makes a handshake on top of the connection, whose next bytes are in first.
func (c *conn) startTLS(first []byte) error {
	cfg, err := c.srv.tlsConfig()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	c.nc.SetReadDeadline(time.Time{})
	tc := tls.Server(&prefixed{c.nc, first}, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		return err
	}
	c.srv.update(func() { c.nc = tc })
	return nil
}

// prefixed is a connection with bytes that were read too early.
type prefixed struct {
	net.Conn
	first []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.first) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.first)
	p.first = p.first[n:]
	return n, nil
}
