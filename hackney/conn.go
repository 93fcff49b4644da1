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

	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/transport"
)

// handle is the mutable part of a connection: the socket and its unread bytes.
// It lives as long as the connection. All fields but the word belong to the
// operation that holds the turn.
type handle struct {
	word  atomic.Uint64 // a turn
	core  *core
	link  *link
	*work // nil while no exchange is under way

	// The connection, switched on once: kernel paths and calls without an
	// interface are only on a bare socket.
	conn net.Conn
	tcp  *net.TCPConn // nil under a tap, which has to see the bytes
	tls  *tls.Conn
	tap  *tap

	prober    *transport.Prober
	carried   bool          // the connection has carried a whole exchange
	idleSince time.Duration // clock when it became idle

	readLimited, writeLimited bool // a deadline is set on the socket
	cleanup                   runtime.Cleanup
}

// work is what a handle needs while an exchange is under way, or an operation. An
// idle connection has none.
type work struct {
	opts *Opts // of the operation under way

	recvLimit, sendLimit time.Duration // for one read or write; 0 for none
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
	persist  bool // the request lets the connection persist
	extra    extra

	early     *http1.Head // a final head that came before the request's end
	earlyLine int         // its lines that StreamHeader gave out

	interimReason string // of the 1xx head whose status line was read by itself
}

var epoch = time.Now()

// clock is a monotonic time; reading it is cheaper than time.Now.
func clock() time.Duration { return time.Since(epoch) }

// origin is where requests go: transport, host and port, and what follows from them.
type origin struct {
	transport transport.Transport
	host      string
	port      int
	authority string // for the Host field: no default port, brackets around IPv6
}

// newOrigin checks host and port, which may come from hand-made values, and must
// not smuggle anything into the Host field.
func newOrigin(t transport.Transport, host string, port int) (origin, error) {
	if host == "" || port < 0 || port > 65535 {
		return origin{}, badArgument("address", "host %.64q, port %d", host, port)
	}
	for i := 0; i < len(host); i++ {
		if c := host[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`/?#@\,<>"[]`, c) >= 0 {
			return origin{}, badArgument("address", "host %.64q has %q in it", host, c)
		}
	}
	u := url.URL{Scheme: t.Scheme(), Host: host, Port: port}
	return origin{transport: t, host: host, port: port, authority: u.Authority()}, nil
}

// link are the facts of a connection. They do not change while it lives, and
// outlive it in the states that were made on it.
type link struct {
	origin
	local, remote net.Addr
	tls           *tls.ConnectionState
}

// dial makes a connection and its handle.
func dial(ctx context.Context, to *origin, o *Opts) (*handle, error) {
	conn, err := to.transport.Dial(orBackground(ctx), to.host, to.port, &transport.Options{
		ConnectTimeout: duration(o.ConnectTimeout, DefaultConnectTimeout),
		TLSTimeout:     duration(o.TLSTimeout, DefaultTLSTimeout),
		DialContext:    o.DialContext,
		TLS:            o.TLS,
		Insecure:       o.Insecure,
	})
	if err != nil {
		return nil, err
	}
	return newHandle(conn, *to, o.Tap), nil
}

func newHandle(conn net.Conn, to origin, f TapFunc) *handle {
	h := &handle{conn: conn, prober: transport.NewProber(conn), idleSince: clock()}
	h.link = &link{origin: to, local: conn.LocalAddr(), remote: conn.RemoteAddr()}
	h.tap = newTap(f, h.link)
	h.core = &core{conn: conn, tap: h.tap}
	h.tcp = h.tap.bare(conn)
	if c, ok := conn.(*tls.Conn); ok {
		h.tls = c
		facts := c.ConnectionState()
		h.link.tls = &facts
	}
	// A handle nobody holds any more cannot be closed by anybody.
	h.cleanup = runtime.AddCleanup(h, func(c *core) { c.unregister(); c.abort() }, h.core)
	return h
}

// use makes o the options of the operation under way.
func (h *handle) use(o *Opts) {
	if h.work == nil {
		h.work = works.Get().(*work)
	}
	h.opts, h.wrote, h.lent = o, false, false
	h.recvLimit, h.sendLimit = duration(o.RecvTimeout, 0), duration(o.SendTimeout, 0)
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
	for {
		ev, err := h.step(ctx, op, http1.Decoder.Next)
		if err != nil {
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

// decodeStep is Next or Line of a Decoder.
type decodeStep func(d http1.Decoder, buf []byte, eof bool) (http1.Event, int, http1.Decoder, error)

// step makes one step of the decoder, reading as much as it takes.
func (h *handle) step(ctx context.Context, op string, next decodeStep) (http1.Event, error) {
	for {
		if len(h.unread()) > 0 || h.eof {
			ev, n, dec, err := next(h.dec, h.unread(), h.eof)
			if err != nil {
				return ev, err
			}
			h.dec = dec
			h.consume(n)
			if ev.Kind != http1.NeedMore {
				return ev, nil
			}
		}
		if err := h.fill(ctx, op); err != nil {
			return http1.Event{}, err
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
}

// reusable says whether the connection may carry another request: both messages
// ended cleanly and no byte is left over (RFC 9112, 9.3).
func (h *handle) reusable() bool {
	return h.dec.Done() && h.dec.Reusable() && h.exchange.persist && h.up.ended() &&
		len(h.unread()) == 0 && !h.eof
}

// idleProbe is how long a kept connection may be idle before it is looked at
// prior to its next use. A look costs a system call, a hot connection needs none.
const idleProbe = 4 * time.Millisecond

// stillGood looks whether an idle connection was closed, or disturbed, by the peer.
func (h *handle) stillGood() bool {
	if len(h.unread()) > 0 || h.eof {
		return false
	}
	if clock()-h.idleSince < idleProbe {
		return true
	}
	switch h.prober.Probe() {
	case transport.Closed:
		return false
	case transport.Readable:
		return h.tls != nil && h.onlyTickets(time.Now().Add(ticketWait))
	}
	// Nothing is on the socket, but TLS may have read ahead of us.
	return h.tls == nil || h.onlyTickets(time.Unix(1, 0))
}

// ticketWait bounds the look at what waits on an idle TLS connection. The bytes
// are there; only the end of the last record may be missing.
const ticketWait = 5 * time.Millisecond

// onlyTickets says whether nothing but session tickets waits on a TLS connection:
// reading them gives no byte and no end. A limit that is over keeps it off the socket.
func (h *handle) onlyTickets(limit time.Time) bool {
	var one [1]byte
	if h.conn.SetReadDeadline(limit) != nil {
		return true // a connection without deadlines cannot be looked at
	}
	n, err := h.tls.Read(one[:])
	h.conn.SetReadDeadline(time.Time{})
	return n == 0 && err != nil && isTimeout(err)
}

// clear gives back all that a handle holds but the socket.
func (h *handle) clear() {
	w := h.work
	if w == nil {
		return
	}
	h.work = nil
	if !w.lent {
		w.in.free()
	}
	*w = work{}
	works.Put(w)
}
