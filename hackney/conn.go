package hackney

import (
	"context"
	"crypto/tls"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/transport"
)

// handle is who works on a connection: it has the turns, and what an exchange needs.
// A connection has one as long as it is out of a pool, and leaves it to others when
// it goes back there: states of an older lease find that out by the word, and
// touch nothing else. All fields but the word belong to the operation that
// holds the turn.
type handle struct {
	word   atomic.Uint64 // a turn
	*core                // the connection
	*work                // nil while no exchange is under way
	anchor *anchor

	// The connection, switched on once: kernel paths and calls without an
	// interface are only on a bare socket.
	tcp *net.TCPConn // nil under a tap, which has to see the bytes
	tls *tls.Conn

	idleSince time.Duration // clock when it became idle
	useless   uint8         // see giveWay
}

// handles are those whose connections went back to a pool.
var handles = sync.Pool{New: func() any {
	h := &handle{anchor: new(anchor)}
	runtime.AddCleanup(h, (*anchor).letGo, h.anchor)
	return h
}}

// work is what a handle needs while an exchange is under way, or an operation. An
// idle connection has none.
type work struct {
	opts *Opts // of the operation under way

	recvLimit, sendLimit time.Duration // for one read or write; 0 for none
	firstLimit           time.Duration // in place of recvLimit, for the first byte of an answer
	recvUntil, readUntil time.Time     // in place of recvLimit, where it is set

	in   *buffer // unread bytes are in.data[r:w]
	r    int
	w    int
	lent bool // the caller reads in.data until the next step: it must not go to the pool
	eof  bool // the peer will send no more
	brim bool // the last read filled its room: more may wait on the socket

	dec      http1.Decoder
	up       upload
	exchange exchange
	wrote    bool // the operation under way has begun to write
}

var works = sync.Pool{New: func() any { return new(work) }}

// exchange is what is known of the request and response under way.
type exchange struct {
	maxBody  int64
	got      int64  // decoded body bytes
	lost     bool   // body bytes were read but reached nobody
	parked   []byte // body bytes that an interrupted Body had gathered
	sent     int64
	received int64
	heard    int64 // what was received before the last write
	persist  bool  // the request lets the connection persist
	extra    extra
	request  requestKept
	interim  func(*http1.Head) // is told of 1xx heads, nil for nobody

	early     *http1.Head // a final head that came before the request's end
	earlyLine int         // its lines that StreamHeader gave out

	interimReason string // of the 1xx head whose status line was read by itself
}

// requestKept is what a later operation may need of the request.
type requestKept struct {
	raw     []byte
	headers *headers.Headers
	bare    bool // it has no payload
}

var epoch = time.Now()

// clock is a monotonic time; reading it is cheaper than time.Now.
func clock() time.Duration { return time.Since(epoch) }

// place is where requests go.
type place struct {
	transport transport.Transport
	host      string
	port      int
}

// newPlace checks host and port, which may come from hand-made values, and must
// not smuggle anything into the Host field.
func newPlace(t transport.Transport, host string, port int) (place, error) {
	if host == "" || port < 0 || port > 65535 {
		return place{}, badArgument("address", "host %.64q, port %d", shown(host), port)
	}
	for i := 0; i < len(host); i++ {
		if notInHost[host[i]] {
			return place{}, badArgument("address", "host %.64q has %q in it", shown(host), host[i])
		}
	}
	return place{transport: t, host: host, port: port}, nil
}

// notInHost are the bytes that a host cannot have.
var notInHost = func() (t [256]bool) {
	for c := range t {
		t[c] = c <= ' ' || c >= 0x7f || strings.IndexByte(`/?#@\,<>"[]`, byte(c)) >= 0
	}
	return t
}()

// origin is a place and what follows from it.
type origin struct {
	place
	authority string // for the Host field: no default port, brackets around IPv6
}

// origin is that of to, without a hold on the URL that to was cut from.
func (to place) origin() *origin {
	u := url.URL{Scheme: to.transport.Scheme(), Host: to.host, Port: to.port}
	if to.port == 0 { // which a URL without a Netloc would leave to the scheme
		u.Netloc = (&url.URL{Host: to.host}).Authority() + ":0"
	}
	o := &origin{place: to, authority: strings.Clone(u.Authority())}
	if strings.HasPrefix(o.authority, to.host) {
		o.host = o.authority[:len(to.host)]
	} else {
		o.host = strings.Clone(to.host)
	}
	return o
}

// link are the facts of a connection. They do not change while it lives, and
// outlive it in the states that were made on it, which must not hold more.
type link struct {
	*origin
	via           *via // the proxy it goes through, nil for none
	local, remote net.Addr
	tls           *tls.ConnectionState
}

// dial makes a connection to a place, through v where that is not nil.
func dial(ctx context.Context, to *origin, v *via, o *Opts) (*core, error) {
	ctx = orBackground(ctx)
	if v != nil {
		return v.connect(ctx, to, o)
	}
	conn, err := to.transport.Dial(ctx, to.host, to.port, dialOptions(o))
	if err != nil {
		return nil, err
	}
	return newCore(conn, &link{origin: to}, o.Tap), nil
}

func dialOptions(o *Opts) *transport.Options {
	return &transport.Options{
		ConnectTimeout: duration(o.ConnectTimeout, DefaultConnectTimeout),
		TLSTimeout:     duration(o.TLSTimeout, DefaultTLSTimeout),
		DialContext:    o.DialContext,
		Allow:          o.AddressPolicy,
		TLS:            o.TLS,
		Insecure:       o.Insecure,
	}
}

// newCore makes a connection ours. l says where it leads.
func newCore(conn net.Conn, l *link, f TapFunc) *core {
	l.local, l.remote = conn.LocalAddr(), conn.RemoteAddr()
	if c, ok := conn.(*tls.Conn); ok && l.transport.Scheme() == url.HTTPS { // else it is TLS with a proxy
		facts := c.ConnectionState()
		l.tls = &facts
	}
	return &core{conn: conn, link: l, tap: newTap(f, l)}
}

// secured has the connection go on under TLS.
func (c *core) secured(conn *tls.Conn) {
	l, facts := *c.link, conn.ConnectionState()
	l.tls = &facts
	c.conn, c.link = conn, &l
}

// newHandle gives a connection a handle.
func newHandle(c *core) *handle {
	h := handles.Get().(*handle)
	h.core, h.idleSince = c, -idleProbe
	h.anchor.core.Store(c)
	h.tcp = c.tap.bare(c.conn)
	h.tls, _ = c.conn.(*tls.Conn)
	return h
}

// leave takes the connection from its handle, under whose next lease another one
// can be. The handle keeps its work, if it has any, for that.
func (h *handle) leave() *core {
	c := h.core
	if h.work != nil {
		h.work.clear()
	}
	h.anchor.core.Store(nil)
	h.core, h.tcp, h.tls = nil, nil, nil
	handles.Put(h)
	return c
}

// use makes o the options of the operation under way.
func (h *handle) use(o *Opts) {
	if h.work == nil {
		h.work = works.Get().(*work)
	}
	h.opts, h.wrote, h.lent = o, false, false
	h.recvLimit, h.sendLimit = duration(o.RecvTimeout, 0), duration(o.SendTimeout, 0)
	h.firstLimit = duration(o.FirstByteTimeout, h.recvLimit)
}

// unread are the bytes that came and were not consumed.
func (h *handle) unread() []byte {
	if h.work == nil || h.in == nil {
		return nil
	}
	return h.in.data[h.r:h.w]
}

// consume drops n unread bytes.
func (h *handle) consume(n int) {
	if h.r += n; h.r == h.w {
		h.r, h.w = 0, 0
	}
}

// fill reads more bytes behind the unread ones. At the end of the stream it sets eof.
func (h *handle) fill(ctx context.Context, op string) error {
	h.makeRoom()
	n, err := h.read(ctx, op, h.in.data[h.w:])
	h.w += n
	return err
}

// makeRoom makes sure there is room behind the unread bytes. What bounds it is
// the codec, which takes no head that is longer than its limit.
func (h *handle) makeRoom() {
	switch {
	case h.in == nil:
		h.in = newBuffer(smallBuffer)
	case h.w < len(h.in.data):
	case h.r > 0:
		h.w = copy(h.in.data, h.unread())
		h.r = 0
	default:
		h.growInput(2 * len(h.in.data))
	}
}

// growInput moves the unread bytes to a buffer of at least size bytes.
func (h *handle) growInput(size int) {
	if h.in != nil && len(h.in.data) >= size {
		return
	}
	b := newBuffer(size)
	h.w = copy(b.data, h.unread())
	h.r = 0
	h.in.free()
	h.in = b
}

// readHead reads up to and with the final head; 1xx heads are kept on the way.
// stop, if not nil, is asked after each 1xx whether that is enough: then the head
// is nil.
func (h *handle) readHead(ctx context.Context, op string, stop func(status int) bool) (*http1.Head, error) {
	var ev http1.Event
	for {
		if err := h.step(ctx, op, wholeHead, &ev); err != nil {
			return nil, err
		}
		switch ev.Kind {
		case http1.Final:
			return ev.Head, nil
		case http1.Interim:
			h.keepInterim(ev.Head)
			if stop != nil && stop(ev.Head.Status) {
				return nil, nil
			}
		}
	}
}

// stride is how far a step of the decoder goes.
type stride bool

const (
	wholeHead stride = false
	oneLine   stride = true
)

// step makes one step of the decoder, reading as much as it takes.
func (h *handle) step(ctx context.Context, op string, far stride, ev *http1.Event) (err error) {
	for {
		if len(h.unread()) > 0 || h.eof {
			var n int
			if far == oneLine {
				n, err = h.dec.Line(ev, h.unread(), h.eof)
			} else {
				n, err = h.dec.Next(ev, h.unread(), h.eof)
			}
			if err != nil {
				return err
			}
			h.consume(n)
			if ev.Kind != http1.NeedMore {
				return nil
			}
		}
		if err := h.fill(ctx, op); err != nil {
			return err
		}
	}
}

func (h *handle) keepInterim(head *http1.Head) {
	if h.exchange.interimReason != "" {
		head.Reason, h.exchange.interimReason = h.exchange.interimReason, ""
	}
	list := h.exchange.extra.interim
	h.exchange.extra.interim = append(list[:len(list):len(list)],
		Interim{Status: head.Status, Reason: head.Reason, Headers: &head.Headers})
	if h.exchange.interim != nil {
		h.exchange.interim(head)
	}
}

// keeps says whether the connection may carry another request, and why not: both
// messages must have ended cleanly, and no byte may be left over (RFC 9112, 9.3).
func (h *handle) keeps() Kept {
	switch {
	case !h.dec.Done(), !h.up.ended(), len(h.unread()) > 0:
		return NotClean
	case h.dec.Framing() == http1.UntilClose:
		return NotDelimited
	case !h.dec.Reusable(), !h.exchange.persist, h.eof:
		return NotPersistent
	}
	return KeptByClient
}

// idleProbe is how long a kept connection may be idle before it is looked at
// prior to its next use. A look costs a system call, a hot connection needs none.
const idleProbe = 4 * time.Millisecond

// rests notes that the connection is idle from now on. What may wait behind the last
// message is looked for before the next use in any case.
func (h *handle) rests() {
	h.idleSince = clock()
	if h.brim {
		h.idleSince -= idleProbe
	}
}

// stillGood looks whether an idle connection was closed, or disturbed, by the peer.
func (h *handle) stillGood() bool { return h.undisturbed(clock()-h.idleSince < idleProbe) }

// undisturbed is stillGood; one that is hot is good without a look.
func (h *handle) undisturbed(hot bool) bool {
	switch {
	case len(h.unread()) > 0 || h.eof:
		return false
	case h.tls != nil:
		return h.quiet(h.tls, hot)
	case hot:
		return true
	}
	seen := transport.Probe(h.conn)
	return seen != transport.Closed && seen != transport.Readable
}

// clear gives back all that a handle holds but the socket.
func (h *handle) clear() {
	if h.work != nil {
		h.work.clear()
		works.Put(h.work)
		h.work = nil
	}
}

// clear makes w new, but for a small buffer, which the next exchange can have.
func (w *work) clear() {
	in := w.in
	if w.lent {
		in = nil
	} else if in != nil && len(in.data) != smallBuffer {
		in.free()
		in = nil
	}
	*w = work{in: in}
}
