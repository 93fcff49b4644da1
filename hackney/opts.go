package hackney

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/http1"
)

// Infinite is a time limit that never ends; Unlimited a count or size that does not end.
const (
	Infinite    time.Duration = math.MaxInt64
	Unlimited                 = -1
	NoDrain                   = -2 // for DrainBytes
	NoRedirects               = -3 // for MaxRedirect
)

// Defaults of Opts.
const (
	DefaultConnectTimeout = 8 * time.Second
	DefaultTLSTimeout     = 8 * time.Second
	DefaultExpectTimeout  = time.Second
	DefaultDrainBytes     = 64 << 10
	DefaultDrainTime      = 50 * time.Millisecond
	DefaultMaxRedirect    = 5
)

const maxAsyncBuffer = 1 << 16

// Opts are the options of a client. The zero value, and nil, are the defaults. The
// struct is shared by pointer between all states of a client and never written
// by this package; the caller must not write it either once it was used.
type Opts struct {
	// ConnectTimeout bounds dialing, name resolution included. 0 is 8 s.
	ConnectTimeout time.Duration
	// TLSTimeout bounds the TLS handshake. 0 is 8 s.
	TLSTimeout time.Duration
	// RecvTimeout bounds each single wait for bytes from the peer, not the
	// whole. 0 is Infinite, as in hackney.
	RecvTimeout time.Duration
	// FirstByteTimeout bounds the wait for the first byte of an answer, from when the whole
	// request is out; RecvTimeout bounds the waits behind that. 0 is RecvTimeout's.
	FirstByteTimeout time.Duration
	// SendTimeout bounds each single write. 0 is Infinite.
	SendTimeout time.Duration
	// ExpectTimeout is how long a request with Expect: 100-continue waits for
	// an answer before it sends its body all the same. 0 is 1 s.
	ExpectTimeout time.Duration

	// BasicAuth is sent as Authorization (RFC 7617). User info in the URL
	// overrides it, and the caller's own Authorization field overrides both.
	BasicAuth *BasicAuth

	// FollowRedirect follows 301, 302, 303, 307 and 308 for GET and HEAD, and a 303 to
	// POST, as a GET without content. A redirect of any other request is the answer,
	// and MaybeRedirect is true of its state.
	FollowRedirect bool
	// ForceRedirect follows redirects of all methods: 301, 302, 307 and 308 with the same
	// method and payload, where that can be sent again, and 303 with a GET.
	ForceRedirect bool
	// RewritePost follows a 301 or 302 to POST with a GET without content, as browsers do.
	RewritePost bool
	// MaxRedirect is the number of redirects that are followed for one request; with
	// one more comes a *RedirectError. 0 is 5; NoRedirects, Unlimited.
	MaxRedirect int
	// Sensitive are the names of fields that a redirect to another origin (scheme,
	// host or port) does not take along, as it does not Authorization, Cookie,
	// Proxy-Authorization and Host. They do not come back on the way.
	Sensitive []string

	// Proxy is the proxy that connections go through, asked each time one is
	// opened: ProxyURL, ProxyAddr, ProxyFunc or ProxyFromEnvironment. nil is none; the
	// environment counts only where it is asked for. Unix sockets have none.
	Proxy Proxy
	// ProxyMode is how an http or https proxy is used: Tunnel (the zero value) or Forward.
	ProxyMode ProxyMode
	// ProxyAuth are the credentials for the proxy, sent to it alone. User info in the
	// proxy's URL overrides them.
	ProxyAuth *BasicAuth
	// ProxyHeaders are more fields of the CONNECT that opens a tunnel.
	ProxyHeaders *headers.Headers
	// AnswerProxy is shown what a proxy wants to know (407), and gives the value of the
	// Proxy-Authorization with which the request is made again; "" gives up. Connections of
	// a pool are shared by clients with the same function (not two closures).
	AnswerProxy func(ProxyChallenge) (string, error)

	// AddressPolicy is asked for each IP address before it is dialed, on every redirect
	// and retry and whatever DNS said before, the proxy's included: an error of it is
	// inside the *AddressError. PublicAddresses makes one. A name that a proxy resolves is
	// not seen by it, an address that a proxy is asked for is. Connections of a pool
	// are shared by clients with the same function (not two closures).
	AddressPolicy func(netip.AddrPort) error

	// TLS is the configuration for https: roots, client certificates, SNI,
	// ALPN. nil is the host's roots. It is not copied and must not be changed. For TLS
	// with a proxy, its roots alone count.
	TLS *tls.Config
	// Insecure turns verification of the peer's certificate off, and of a proxy's.
	Insecure bool
	// DialContext replaces the dialer. The address is host:port.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// MaxBody bounds a response's body, in bytes; more is a *LimitError.
	// 0 and Unlimited are no limit. (BodyMax is the way to read part of a body.)
	MaxBody int64
	// MaxHead bounds the heads of a response, 1xx and trailers included, in
	// bytes. 0 is 256 KiB, Unlimited none.
	MaxHead int
	// MaxFields bounds the number of their field lines. 0 is 1,000, Unlimited
	// (and the most there is) 65,535.
	MaxFields int

	// Pool is where connections come from and go back to when a response was read.
	// nil is none, or the default pool after UseDefaultPool; pool.None is none.
	Pool *pool.Pool
	// CheckoutTimeout bounds the wait for a connection where the pool has a limit
	// that is reached. 0 is 8 s.
	CheckoutTimeout time.Duration
	// DrainBytes and DrainTime bound what Close reads of a response's body so that the
	// connection can go back to its pool. 0 are 64 KiB and 50 ms; NoDrain
	// closes at once.
	DrainBytes int64
	DrainTime  time.Duration

	// Async has Request, SendRequest and StartResponse return in the state async as soon as
	// the request is out: its answer is read in the background, see AsyncResponse. The
	// payload's memory must not be written before that is Done: a redirect, or the loss of a
	// kept connection, may send it again. Trace, Tap, AnswerProxy and what else is called on
	// the way is called by another goroutine then.
	Async bool
	// AsyncBuffer is how many events are read before somebody asks for them. 0 is none:
	// each is read when it is asked for; 65,536 is the most. An event takes up to 64 KiB.
	AsyncBuffer int

	// RawMethod sends methods in the case in which they were given; by default
	// they are upper-cased, as in hackney.
	RawMethod bool

	// Trace is told of each operation when it ends.
	Trace TraceFunc
	// Tap is told of the bytes of each connection that is opened with it. The
	// kernel then moves no bytes by itself (sendfile, splice, writev).
	Tap TapFunc
}

// BasicAuth are the credentials of Basic authentication. The user name must not
// have a colon in it (RFC 7617, 2).
type BasicAuth struct{ User, Password string }

// String hides the password.
func (a BasicAuth) String() string { return a.User + ":xxxxx" }

// GoString hides the password.
func (a BasicAuth) GoString() string { return a.String() }

// Format is String, under every verb.
func (a BasicAuth) Format(f fmt.State, _ rune) { io.WriteString(f, a.String()) }

// MarshalText is String: what is logged or shown as JSON has no password either.
func (a BasicAuth) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// TraceFunc is told of an operation when it ends: by which operation the client
// went from which state to which, and with what error. It is called by the
// goroutine of the operation, before that returns; it must not call operations on
// the same client.
type TraceFunc func(TraceEvent)

// TraceEvent is one operation.
type TraceEvent struct {
	Op       Op
	From, To ResponseState
	Err      error
}

var defaultOpts Opts

func (o *Opts) orDefault() *Opts {
	if o == nil {
		return &defaultOpts
	}
	return o
}

// duration gives a limit of time, 0 for none.
func duration(d, byDefault time.Duration) time.Duration {
	switch {
	case d == Infinite:
		return 0
	case d == 0:
		return byDefault
	}
	return d
}

func count(n, byDefault int) int {
	switch {
	case n == Unlimited:
		return math.MaxInt32
	case n == 0:
		return byDefault
	}
	return n
}

// limits are those of the codec; the shared default where the caller sets none.
func (o *Opts) limits() *http1.Limits {
	if o.MaxHead == 0 && o.MaxFields == 0 {
		return &http1.DefaultLimits
	}
	l := http1.DefaultLimits
	l.Head = count(o.MaxHead, l.Head)
	l.Fields = min(count(o.MaxFields, l.Fields), math.MaxUint16)
	return &l
}

func (o *Opts) check() error {
	// One is negative if the sign of all together is: this is done for each request.
	if o.ConnectTimeout|o.TLSTimeout|o.RecvTimeout|o.FirstByteTimeout|o.SendTimeout|o.ExpectTimeout|o.CheckoutTimeout|o.DrainTime < 0 {
		return badArgument("option", "a time limit is negative: %v", min(o.ConnectTimeout, o.TLSTimeout,
			o.RecvTimeout, o.FirstByteTimeout, o.SendTimeout, o.ExpectTimeout, o.CheckoutTimeout, o.DrainTime))
	}
	if o.MaxRedirect < 0 && o.MaxRedirect != Unlimited && o.MaxRedirect != NoRedirects {
		return badArgument("option", "the number of redirects is negative: %d", o.MaxRedirect)
	}
	if o.AsyncBuffer < 0 {
		return badArgument("option", "the number of events is negative: %d", o.AsyncBuffer)
	}
	if o.AsyncBuffer > maxAsyncBuffer { // room is made for them at once
		return badArgument("option", "the number of events is above %d: %d", maxAsyncBuffer, o.AsyncBuffer)
	}
	if o.MaxBody < -1 || o.MaxHead < -1 || o.MaxFields < -1 || o.DrainBytes < NoDrain {
		return badArgument("option", "a limit of size is negative")
	}
	if a := o.BasicAuth; a != nil {
		return a.check()
	}
	return nil
}

// check refuses a user name that cannot be told from the password.
func (a *BasicAuth) check() error {
	if strings.Contains(a.User, ":") {
		return badArgument("user name", "it has a colon in it (RFC 7617, 2)")
	}
	return nil
}
