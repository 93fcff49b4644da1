package faults

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
)

const (
	origin = "origin.test"
	other  = "other.test" // where redirects lead

	statusLine = "HTTP/1.1 200 OK\r\n"
	right      = statusLine + "Content-Length: 5\r\n\r\nright"
	next       = statusLine + "Content-Length: 4\r\n\r\nnext" // the answer to the request behind the fault
	wrong      = statusLine + "Content-Length: 5\r\n\r\nwrong"
	opened     = "HTTP/1.1 200 Connection established\r\n\r\n"

	watchdog = 2 * wiretest.Patience // ends what would hang
	limit    = time.Second           // of a fake clock
)

// cell is an operation that meets a fault on a way.
type cell struct {
	testing.TB
	op    *operation
	fault *fault
	way   way

	net   *network
	srv   *wiretest.Server
	opts  *hackney.Opts
	hit   int             // the number of the connection that the fault is on
	ctx   context.Context // of the operation; its end is part of some faults
	guard context.Context // ends what would hang
	stop  context.CancelFunc
	begin chan struct{} // closed when the operation begins: the fault may strike
	goOn  chan struct{} // closed behind the operation: a server that stalls goes on

	hurt chan struct{} // closed when the server has done the first step of the fault

	unleash, open func() // close begin and goOn

	cs  hackney.ClientState
	got []byte // of the answer's body
}

// play runs the cell.
func (c *cell) play() {
	c.set()
	defer func() { hackney.Close(c.cs) }() // where it has failed; else end has done that
	c.op.prepare(c)
	if c.Failed() {
		return
	}
	if !c.fault.atOnce {
		c.unleash()
	}
	switch {
	case c.fault.settled:
		c.struck()
	case c.fault.at == upload && c.op.steps && !c.fault.fake:
		c.srv.WaitStep(c.hit, c.firstStep())
	}
	c.judge(c.op.run(c))
	c.end()
}

// set builds the server and the client.
func (c *cell) set() {
	c.hit = len(c.op.before)
	c.begin, c.goOn, c.hurt = make(chan struct{}), make(chan struct{}), make(chan struct{})
	c.unleash, c.open = sync.OnceFunc(func() { close(c.begin) }), sync.OnceFunc(func() { close(c.goOn) })
	c.guard, c.stop = context.WithTimeout(context.Background(), watchdog)
	c.Cleanup(c.stop)
	c.ctx = c.guard
	c.net = newNetwork(c, c.fault.fake)
	c.opts = &hackney.Opts{DialContext: c.net.dial, Async: c.op.async, FollowRedirect: true}
	if c.way&secure != 0 {
		c.opts.TLS = new(tls.Config)
	}
	if c.way&tunnelled != 0 {
		c.opts.Proxy = hackney.ProxyAddr("proxy.test", 3128)
	}
	if c.way&pooled != 0 {
		c.opts.Pool = pool.New(pool.Opts{MaxPerHost: 1}) // a place that is lost is missed at once
		c.Cleanup(func() { c.opts.Pool.Close() })
	}
	if c.fault.set != nil {
		c.fault.set(c)
	}
	var srv atomic.Pointer[wiretest.Server]
	c.srv = wiretest.Start(c, wiretest.Options{
		Listener: c.net, Names: []string{origin, other}, TuneTLS: c.tuneTLS(), ReadBuffer: bufferSize, OnChange: c.watch(&srv),
	}, c.script()...)
	srv.Store(c.srv)
	if c.way&secure != 0 {
		c.opts.TLS.RootCAs = c.srv.CertPool()
	}
}

// watch tells when the first step of the fault is done.
func (c *cell) watch(srv *atomic.Pointer[wiretest.Server]) func() {
	step, tell := c.firstStep(), sync.OnceFunc(func() { close(c.hurt) })
	return func() {
		if s := srv.Load(); s != nil {
			if n, _ := s.Played(c.hit); n >= step {
				tell()
			}
		}
	}
}

// firstStep is the number of steps of its connection up to the first of the fault.
func (c *cell) firstStep() int { return len(c.reached(c.op.lead...)) + 1 }

// tuneTLS has the fault's server change its handshake.
func (c *cell) tuneTLS() func(*tls.Config) {
	var handshakes atomic.Int32
	return func(cfg *tls.Config) {
		if int(handshakes.Add(1)-1) == c.hit && c.fault.tuneTLS != nil {
			c.fault.tuneTLS(cfg)
		}
	}
}

// script is what the server plays: whole connections before, that of the fault, and two
// more for what comes behind it.
func (c *cell) script() (conns []wiretest.Conn) {
	for _, before := range c.op.before {
		conns = append(conns, c.reached(before...))
	}
	strike := c.fault.strike(c)
	strike[0].Gate = c.begin
	switch c.fault.at {
	case dialing: // nobody comes
	case proxy:
		conns = append(conns, strike)
	case handshake:
		conns = append(conns, append(c.tunnel(), strike...))
	default:
		lead := c.op.lead
		if c.fault.head != "" {
			lead = wiretest.Conn{wiretest.Reply(c.fault.head)}
		}
		steps := append(lead[:len(lead):len(lead)], strike...)
		if c.keepsOn() {
			steps = append(steps, wiretest.Replies(next, next)...)
		}
		conns = append(conns, c.reached(steps...))
	}
	return append(conns, c.reached(wiretest.Replies(c.answer(), next, next)...), c.reached(wiretest.Replies(next, next)...))
}

// keepsOn says whether the connection may carry another request behind the fault.
func (c *cell) keepsOn() bool {
	end := c.fault.expect(c.op, c.way).end
	return (end == answered || end == goesOn) && c.fault.at == answer && !c.fault.unclean
}

// tunnel is the part of a proxy that lets everything through.
func (c *cell) tunnel() wiretest.Conn {
	if c.way&tunnelled == 0 {
		return nil
	}
	return wiretest.Conn{wiretest.Reply(opened)}
}

// reached is a connection whose steps begin behind the tunnel and the handshake.
func (c *cell) reached(steps ...wiretest.Step) wiretest.Conn {
	conn := c.tunnel()
	if c.way&secure != 0 {
		if len(conn) == 0 {
			conn = wiretest.Conn{wiretest.Say()}
		}
		conn[len(conn)-1] = conn[len(conn)-1].ThenTLS()
	}
	return append(conn, steps...)
}

// struck waits until the fault has struck and the client's kernel knows of it.
func (c *cell) struck() {
	strike := c.fault.strike(c)
	switch strike[len(strike)-1].Then {
	case wiretest.Close, wiretest.Reset, wiretest.Drop:
		c.srv.WaitClosed(c.hit)
	default:
		c.srv.WaitStep(c.hit, c.firstStep()-1+len(strike))
	}
}

// url is that of a path at the origin.
func (c *cell) url(path string) string {
	if c.way&secure != 0 {
		return "https://" + origin + path
	}
	return "http://" + origin + path
}

// must ends the cell at an error of what only prepares it, or comes behind it.
func (c *cell) must(cs hackney.ClientState, err error) {
	c.Helper()
	if c.cs = cs; err != nil {
		c.Fatalf("not the operation that was to fail: %v", err)
	}
}

// judge compares what came of the operation with what had to.
func (c *cell) judge(err error) {
	want := c.fault.expect(c.op, c.way)
	if c.guard.Err() != nil {
		c.Errorf("it did not end by itself: %v", err)
	}
	if got := classify(err); got != want.class || hackney.BlameOf(err) != want.blame {
		c.Errorf("error %v (%T), %q by %q, want %q by %q", err, err, got, hackney.BlameOf(err), want.class, want.blame)
	}
	either := want.either && c.op.async && (c.cs.ResponseState() == c.op.leads(failed) || c.cs.ResponseState() == c.op.leads(over))
	if got := c.cs.ResponseState(); got != c.op.leads(want.end) && !either {
		c.Errorf("the state is %v, want %v", got, c.op.leads(want.end))
	}
	if got := c.cs.ConnectionState(); want.end.closed() && got != hackney.Closed {
		c.Errorf("the client is %v", got)
	}
	if c.Failed() {
		return
	}
	c.count(err)
	switch want.end {
	case goesOn:
		c.ctx = c.guard
		c.open()
		again := c.op.run
		if c.op.again != nil {
			again = c.op.again
		}
		if err := again(c); err != nil || c.cs.ResponseState() != c.op.done {
			c.Errorf("when it was tried again: %v, the state is %v", err, c.cs.ResponseState())
		}
		c.finish()
	case answered, ready:
		c.finish()
	}
}

// finish reads the answer to its end, and compares what came.
func (c *cell) finish() {
	c.drain()
	if want := c.fault.bodyOf(); c.cs.ResponseState() == hackney.StateDone && !c.op.blind && string(c.got) != want {
		c.Errorf("the answer is %q, want %q", c.got, want)
	}
}

// drain reads an answer to its end.
func (c *cell) drain() {
	for {
		switch c.cs.ResponseState() {
		case hackney.StateStream, hackney.StateWaiting:
			c.must(hackney.StartResponse(c.guard, c.cs))
		case hackney.StateOnStatus, hackney.StateOnHeader:
			c.must(hackney.StreamHeaders(c.guard, c.cs))
		case hackney.StateOnBody:
			body, cs, err := hackney.Body(c.guard, c.cs)
			c.got = append(c.got, body...)
			c.must(cs, err)
		case hackney.StateAsync:
			c.must(c.cs, c.events(hackney.EventDone))
		default:
			return
		}
	}
}

// end closes the client, and holds that nothing is left of it.
func (c *cell) end() {
	c.open()
	if r := c.cs.Async(); r != nil {
		r.Stop()
		c.ended(r)
	}
	want := c.fault.expect(c.op, c.way)
	cs, err := hackney.Close(c.cs)
	if err != nil || cs.ResponseState() != hackney.StateStart || cs.ConnectionState() != hackney.Closed {
		c.Errorf("Close: %v, %v", cs, err)
	}
	if want.end.closed() && int(c.net.dials.Load()) > c.hit && c.srv.Conns() > c.hit {
		c.srv.WaitClosed(c.hit)
	}
	c.idle()
	c.next(cs)
	c.idle()
	if c.way&pooled != 0 {
		c.opts.Pool.Close()
	}
	for i := range c.srv.Conns() {
		c.srv.WaitClosed(i)
	}
}

// idle holds that no place of the pool is taken.
func (c *cell) idle() {
	c.Helper()
	if c.way&pooled == 0 {
		return
	}
	if s := c.opts.Pool.Stats(); s.InUse != 0 || s.Waiting != 0 || s.Dialing != 0 {
		c.Errorf("of the pool's connections %d are in use, %d being dialed; %d wait", s.InUse, s.Dialing, s.Waiting)
	}
}

// next makes another request with the client, and of its pool: the answer has to be its own.
func (c *cell) next(cs hackney.ClientState) {
	o := *c.opts
	o.Async, o.MaxBody = false, 0
	var err error
	if c.op.async || c.fault.unfit {
		cs, err = hackney.Get(c.guard, c.url("/next"), nil, nil, &o)
	} else {
		cs, err = hackney.SendRequest(c.guard, cs, hackney.Req{Path: "/next"})
	}
	c.wantNext(cs, err)
	if c.way&pooled != 0 {
		c.wantNext(hackney.Get(c.guard, c.url("/next"), nil, nil, &o))
	}
}

func (c *cell) wantNext(cs hackney.ClientState, err error) {
	c.Helper()
	defer func() { hackney.Close(cs) }()
	if err != nil {
		c.Errorf("the next request: %v", err)
		return
	}
	body, cs, err := hackney.Body(c.guard, cs)
	if err != nil || string(body) != "next" {
		c.Errorf("the answer to the next request is %q, %v", body, err)
	}
}

// count compares the bytes that an error has counted.
func (c *cell) count(err error) {
	var network *hackney.TransportError
	if errors.As(err, &network) && c.fault.at == answer && c.srv.Conns() > c.hit {
		c.countMoved(network)
	}
	var incomplete *hackney.IncompleteError
	if errors.As(err, &incomplete) && c.fault.at == answer {
		c.countBody(incomplete)
	}
}

// countMoved holds the bytes of the exchange against those that the server knows of.
func (c *cell) countMoved(e *hackney.TransportError) {
	sent, came := c.fault.answered(c), e.Received
	if exact := c.fault.fake; came > int64(sent) || exact && came != int64(sent) {
		c.Errorf("%d bytes received, the server sent %d", came, sent)
	}
	reqs, _, _ := wiretest.Split(c.srv.Received(c.hit))
	if len(reqs) == 0 || c.fault.tuneTLS != nil { // the request did not get there
		return
	}
	if n := int64(len(reqs[len(reqs)-1].Raw)); e.Sent != n {
		c.Errorf("%d bytes sent, the server received %d", e.Sent, n)
	}
}

// countBody holds the bytes of a body that broke off against those that were sent of it.
func (c *cell) countBody(e *hackney.IncompleteError) {
	if c.fault.head == "" {
		if n := int64(c.fault.answered(c)); e.Part != "response head" || e.Got != n || e.Want != -1 {
			c.Errorf("%q, %d of %d bytes, want the response head after %d", e.Part, e.Got, e.Want, n)
		}
		return
	}
	want := int64(-1)
	if c.fault.head == byLength {
		want = 10
	}
	all := append(c.got, e.Partial...)
	short := !c.op.blind && !bytes.Equal(all, []byte(c.fault.body))
	if e.Cause != nil { // what came before a reset may be lost
		short = !c.op.blind && !bytes.HasPrefix([]byte(c.fault.body), all)
	}
	if short || e.Want != want || e.Cause == nil && e.Got != int64(len(c.fault.body)) || e.Got < int64(len(all)) {
		c.Errorf("%q and %q came, %d of %d bytes; want %q, of %d", c.got, e.Partial, e.Got, e.Want, c.fault.body, want)
	}
}

// classify names the kind of an error.
func classify(err error) string {
	var (
		proxy      *hackney.ProxyError
		incomplete *hackney.IncompleteError
		protocol   *hackney.ProtocolError
		over       *hackney.LimitError
		network    *hackney.TransportError
	)
	switch {
	case err == nil:
		return ""
	case err == hackney.ErrResponseReady:
		return "ready"
	case errors.As(err, &proxy) && proxy.Err != nil:
		return "proxy: " + classify(proxy.Err)
	case errors.As(err, &proxy):
		return "proxy"
	case errors.As(err, &incomplete):
		return "incomplete"
	case errors.As(err, &protocol):
		return "protocol"
	case errors.As(err, &over):
		return "limit"
	case !errors.As(err, &network):
		return fmt.Sprintf("%T", err)
	case errors.Is(err, hackney.ErrTimeout):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	return "network"
}
