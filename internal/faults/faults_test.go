package faults

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// place is where a fault is.
type place uint8

const (
	answer    place = iota // in the answer
	dialing                // before there is a connection
	proxy                  // in what a proxy says to a CONNECT
	handshake              // in the handshake of TLS
	upload                 // while the request is being sent
	idle                   // between two requests
)

// outcome is what comes of an operation: how it ends, with which kind of error, and whose fault
// that is.
type outcome struct {
	end   end
	class string
	blame hackney.Blame

	either bool // in the background it may show before the request is out, or behind
}

// What comes of most faults.
var (
	fine       = outcome{end: answered}
	incomplete = fails("incomplete", hackney.BlamePeer)
	lost       = fails("incomplete", hackney.BlameNetwork) // a body that the network ended
	torn       = fails("network", hackney.BlameNetwork)
	protocol   = fails("protocol", hackney.BlamePeer)
	tooMuch    = fails("limit", hackney.BlameLimit)
	timeout    = fails("timeout", hackney.BlameNetwork).as(goesOn)
	cancelled  = fails("cancelled", hackney.BlameNetwork).as(goesOn)

	unconnected = torn.as(asBefore)
)

func fails(class string, blame hackney.Blame) outcome {
	return outcome{end: failed, class: class, blame: blame}
}

// as is w with another end.
func (w outcome) as(e end) outcome {
	w.end = e
	return w
}

// byProxy is w where it is a proxy that one has to do with.
func (w outcome) byProxy() outcome {
	w.end, w.class = asBefore, "proxy: "+w.class
	return w
}

// shown is w where it may show before the request is out, or behind.
func (w outcome) shown() outcome {
	w.either = true
	return w
}

// fault is what an operation meets.
type fault struct {
	name string
	at   place
	want outcome

	strike  func(*cell) wiretest.Conn // what the server does when the operation has begun
	set     func(*cell)               // changes the client, or the network
	tuneTLS func(*tls.Config)         // changes the server's handshake
	head    string                    // of an answer that was read before
	body    string                    // what comes of the body; "right" where it is ""
	size    int                       // of a request's body, where it is not the usual one

	only    way                   // ways that it needs
	never   way                   // ways on which it does not exist
	unlike  func(*operation) bool // operations that do not meet it
	fake    bool                  // time is: it is a matter of limits
	settled bool                  // it has struck before the operation begins
	atOnce  bool                  // it strikes a new connection before anything is sent
	silent  bool                  // not one byte of an answer came
	early   bool                  // an answer comes before the request's end
	behind  bool                  // it shows behind the request's end
	unclean bool                  // the connection must not be used again
	unfit   bool                  // the client's own options do not let it go on
}

// exists says whether there is a cell.
func (f *fault) exists(o *operation, w way) bool {
	needs := f.only | o.only
	return w&needs == needs && w&f.never == 0 && (f.unlike == nil || !f.unlike(o))
}

// expect is what has to come of an operation that meets the fault.
func (f *fault) expect(o *operation, w way) outcome {
	want := f.want
	switch {
	case o.harmless:
		return fine
	case f.silent && o.replays: // RFC 9112, 9.3.1
		return fine
	case f.atOnce && o.writes && want.end == failed: // the first write has told the peer, the second hears of it
		return torn
	case f.early && o.steps:
		return outcome{end: ready, class: "ready"}
	}
	if f.at == dialing && w&tunnelled != 0 && want.class != "" {
		want = want.byProxy()
	}
	background := f.at == answer || f.at == upload && f.behind
	if o.async && background && (want.end == failed || want.end == goesOn) {
		want.end = over
	}
	return want
}

// bodyOf is the body of the answer that comes where the fault does no harm.
func (f *fault) bodyOf() string {
	if f.want.end == answered && f.body != "" {
		return f.body
	}
	return "right"
}

// answered is how many bytes of an answer came before the fault.
func (f *fault) answered(c *cell) int {
	n := len(f.head)
	if c.op.part == fieldsOnly {
		n += len(statusLine)
	}
	for _, segment := range f.strike(c)[0].Send {
		n += len(segment)
	}
	return n
}

// answer is what the connection behind that of the fault answers first.
func (c *cell) answer() string {
	if c.fault.at == idle || c.fault.silent && c.op.replays {
		return right
	}
	return next
}

// Refusals, and dials that do not come to an end.

func refused(c *cell) {
	c.net.refuse = func(_ context.Context, i int) error {
		if i != c.hit {
			return nil
		}
		return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
}

// never has the dial wait for the end of its context.
func never(c *cell) {
	c.net.refuse = func(ctx context.Context, i int) error {
		if i == c.hit {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}
}

// Limits of time, and a context that ends.

func connectTimeout(c *cell)   { c.opts.ConnectTimeout = limit }
func tlsTimeout(c *cell)       { c.opts.TLSTimeout = limit }
func recvTimeout(c *cell)      { c.opts.RecvTimeout = limit }
func firstByteTimeout(c *cell) { c.opts.FirstByteTimeout = limit }
func sendTimeout(c *cell)      { c.opts.SendTimeout = limit }

func cancels(c *cell) {
	ctx, cancel := context.WithCancel(c.guard)
	timer := time.AfterFunc(limit, cancel)
	c.Cleanup(func() { timer.Stop(); cancel() })
	c.ctx = ctx
}

func both(f, g func(*cell)) func(*cell) {
	return func(c *cell) { f(c); g(c) }
}

// Other ways to change a cell.

// byteByByte has each byte of the server's leave by itself, those of TLS and of a proxy too.
func byteByByte(c *cell) {
	c.net.wrap = func(i int, server net.Conn) (net.Conn, bool) { return dribble{server}, i == c.hit }
}

// spoils has what the server sends spoiled on the way.
func spoils(c *cell) {
	c.opts.TLS.MaxVersion = tls.VersionTLS12 // the handshake is told apart from the data
	c.net.wrap = func(i int, server net.Conn) (net.Conn, bool) { return mangle{server, c.begin}, i == c.hit }
}

// readsNothing has the server stop reading inside the request's body until the operation is over.
func readsNothing(c *cell) {
	c.net.wrap = func(i int, server net.Conn) (net.Conn, bool) { return newDeaf(server, c.goOn), i == c.hit }
}

// readsOn has the server stop reading inside the request's body until it has begun the fault.
func readsOn(c *cell) {
	c.net.wrap = func(i int, server net.Conn) (net.Conn, bool) { return newDeaf(server, c.hurt), i == c.hit }
}

// strikesFirst has the server be done before the client goes on from connecting.
func strikesFirst(c *cell) {
	c.net.dialed = func(i int) {
		if i == c.hit {
			c.unleash()
			c.srv.WaitClosed(i)
		}
	}
}

func asksForCertificate(cfg *tls.Config) {
	cfg.MinVersion, cfg.ClientAuth = tls.VersionTLS13, tls.RequireAnyClientCert
}

func showsAnother(cfg *tls.Config) {
	if cert, err := selfsigned.New(); err == nil {
		cfg.Certificates = []tls.Certificate{cert.TLS}
	}
}

func bodyLimit(c *cell) { c.opts.MaxBody = 4 }

// What servers do.

// on waits for something, sends, and ends so.
func on(w wiretest.Wait, says string, then wiretest.Then) func(*cell) wiretest.Conn {
	step := wiretest.On(w)
	if says != "" {
		step = wiretest.On(w, says)
	}
	step.Then = then
	return func(*cell) wiretest.Conn { return wiretest.Conn{step} }
}

// clientHello are enough bytes to know that the client has begun its handshake.
var clientHello = wiretest.Bytes(100)

// mute takes everything and says nothing.
func mute(w wiretest.Wait) func(c *cell) wiretest.Conn { return on(w, "", wiretest.Keep) }

// splitAt is where an answer breaks off inside its head, for an operation that reads a
// part of that.
func splitAt(o *operation) (from, at int) {
	switch o.part {
	case lineOnly:
		return 0, len("HTTP/1.1 2")
	case fieldsOnly:
		return len(statusLine), len(statusLine + "Content-Le")
	}
	return 0, len(statusLine + "Content-Le")
}

// trigger is what the server waits for before an answer.
func trigger(o *operation) wiretest.Wait {
	if o.part == fieldsOnly {
		return wiretest.Nothing
	}
	return wiretest.Request
}

// atFirst does something in place of an answer.
func atFirst(then wiretest.Then) func(*cell) wiretest.Conn { return on(wiretest.Request, "", then) }

// inHead does something in the middle of an answer's head.
func inHead(then wiretest.Then) func(*cell) wiretest.Conn {
	return func(c *cell) wiretest.Conn {
		from, at := splitAt(c.op)
		return on(trigger(c.op), right[from:at], then)(c)
	}
}

// stallsAtFirst and stallsInHead send the answer, or the rest of it, when the operation is over.
func stallsAtFirst(c *cell) wiretest.Conn {
	return wiretest.Conn{wiretest.On(wiretest.Request), wiretest.Say(right).Gated(c.goOn)}
}

func stallsInHead(c *cell) wiretest.Conn {
	from, at := splitAt(c.op)
	return wiretest.Conn{wiretest.On(trigger(c.op), right[from:at]), wiretest.Say(right[at:]).Gated(c.goOn)}
}

// wholeAnswer is the right one, for an operation that reads a part of it.
func wholeAnswer(c *cell) wiretest.Conn {
	from, _ := splitAt(c.op)
	return on(trigger(c.op), right[from:], wiretest.Keep)(c)
}

// head sends something as a head, line or fields of an answer.
func head(whole, line, fields string) func(*cell) wiretest.Conn {
	return func(c *cell) wiretest.Conn {
		return on(trigger(c.op), [...]string{wholeHead: whole, lineOnly: line, fieldsOnly: fields}[c.op.part], wiretest.Keep)(c)
	}
}

// inFields sends field lines, which StreamStatus does not see.
func inFields(lines string) func(*cell) wiretest.Conn { return head(statusLine+lines, "", lines) }

func readsLine(o *operation) bool   { return o.part == lineOnly }
func readsFields(o *operation) bool { return o.part == fieldsOnly }
func hasCarried(o *operation) bool {
	return o.part == fieldsOnly || o.carried || strings.HasPrefix(o.name, "S")
}

// says sends a part of a body.
func says(part string, then wiretest.Then) func(*cell) wiretest.Conn {
	return on(wiretest.Nothing, part, then)
}

// stallsBehind sends the rest of a body when the operation is over.
func stallsBehind(part, rest string) func(*cell) wiretest.Conn {
	return func(c *cell) wiretest.Conn {
		return wiretest.Conn{wiretest.Say(part), wiretest.Say(rest).Gated(c.goOn)}
	}
}

// amid does something inside a request's body, of which the rest is not read yet. So closing
// resets: the kernel tells the peer that bytes were not read.
func amid(says string, then wiretest.Then) func(*cell) wiretest.Conn {
	return func(c *cell) wiretest.Conn {
		return append(on(wiretest.Head, says, wiretest.Keep)(c), on(wiretest.Nothing, "", then)(c)...)
	}
}

// whileIdle does something to a connection that has been idle for long enough to be
// looked at before its next use.
func whileIdle(says string, then wiretest.Then) func(*cell) wiretest.Conn {
	return func(c *cell) wiretest.Conn {
		conn := on(wiretest.Nothing, says, then)(c)
		conn[0] = conn[0].After(5 * time.Millisecond)
		return conn
	}
}
