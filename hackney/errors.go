package hackney

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/transport"
)

// Sentinels, for errors.Is.
var (
	// ErrInvalidState: the operation is not legal in that response state
	// (hackney's invalide_state).
	ErrInvalidState = errors.New("invalid state")
	// ErrStale: another operation has used the state.
	ErrStale = errors.New("stale state")
	// ErrClosed: the connection of the state is closed.
	ErrClosed = errors.New("connection closed")
	// ErrResponseReady: the final answer came before the request body was
	// whole; StartResponse gives it. It is no fault.
	ErrResponseReady = errors.New("the response is ready")
	// ErrTimeout: a limit of time ran out, one of Opts or the context's deadline.
	// Before trying again, look at ctx.Err too.
	ErrTimeout = transport.ErrTimeout
)

// Errors of the floors below, so that one import serves.
type (
	// ProtocolError: the peer broke HTTP/1.1. The connection was closed.
	ProtocolError = http1.ProtocolError
	// IncompleteError: the connection ended inside a message. It unwraps to
	// io.ErrUnexpectedEOF, and to a *TransportError where the network ended it;
	// it holds what came of the body.
	IncompleteError = http1.IncompleteError
	// LimitError: a message went over a limit of Opts.
	LimitError = http1.LimitError
	// TransportError: the network failed, or a limit of time ran out.
	TransportError = transport.Error
	// PoolError: a pool gave no connection in time, or none any more. It says what
	// the pool holds and how long the wait was.
	PoolError = pool.Error
	// AddressError: Opts.AddressPolicy refused an address. It is inside a *TransportError.
	AddressError = transport.AddressError
	// URLError: a URL that cannot be used; it is inside an ArgumentError.
	URLError = url.Error
	// HeaderError: a field that may not be sent; it is inside an ArgumentError.
	HeaderError = headers.Error
)

// StateError says that an operation was refused because of the state it was
// given. It is the caller's fault; nothing happened.
type StateError struct {
	Op     Op
	State  ResponseState // of the state that was given
	UsedBy Op            // with ErrStale: the operation that used the state, where that is still known
	Err    error         // ErrInvalidState, ErrStale or ErrClosed
	want   states
}

// Error names the operation, the state it was given and those it wants.
func (e *StateError) Error() string {
	switch e.Err {
	case ErrStale:
		by := e.UsedBy.String()
		switch e.UsedBy {
		case OpHijack:
			return fmt.Sprintf("%v: the connection was taken out by Hijack", e.Op)
		case opUnknown:
			by = "another operation"
		}
		return fmt.Sprintf("%v: the state (%v) was already used by %s; go on with the state that returned (is it shadowed by a := in an inner block?)", e.Op, e.State, by)
	case ErrClosed:
		return fmt.Sprintf("%v: the connection of the state (%v) is closed", e.Op, e.State)
	}
	return fmt.Sprintf("%v: response state is %v, want %v", e.Op, e.State, e.want)
}

// Unwrap gives ErrInvalidState, ErrStale or ErrClosed.
func (e *StateError) Unwrap() error { return e.Err }

// ArgumentError says that a request was refused because of what the caller gave:
// a method, URL, field, payload or file. Nothing was sent, unless Sent says so.
type ArgumentError struct {
	What string // "method", "URL", "field", "payload", "file", …
	Err  error
	Sent int64 // bytes of the request that were sent before the fault showed
}

// Error says what was wrong and, if anything was sent, how far the request got.
func (e *ArgumentError) Error() string {
	if e.Sent > 0 {
		return fmt.Sprintf("bad %s, after %d bytes of the request were sent: %v", e.What, e.Sent, e.Err)
	}
	return fmt.Sprintf("bad %s: %v", e.What, e.Err)
}

// Unwrap gives the cause.
func (e *ArgumentError) Unwrap() error { return e.Err }

func badArgument(what, format string, args ...any) *ArgumentError {
	return &ArgumentError{What: what, Err: fmt.Errorf(format, args...)}
}

// shown is what an error shows of an argument: in the wrong place it may have a password in it.
func shown(s string) string {
	at := strings.LastIndexByte(s, '@')
	if colon := strings.IndexByte(s, ':'); colon < 0 || colon > at {
		return s
	}
	return "xxxxx" + s[at:]
}

// Blame says whose fault an error is.
type Blame string

const (
	BlameCaller  Blame = "caller"
	BlamePeer    Blame = "peer"
	BlameNetwork Blame = "network"
	BlameLimit   Blame = "limit"
)

// BlameOf says whose fault an error of this package is: the caller's, the peer's,
// the network's (what waited for it too: limits of time, a context that ended), or
// that of a limit of size. What is not known to it, such as an error of the caller's
// own reader or writer, is the caller's. nil, io.EOF and ErrResponseReady are no
// faults: "".
func BlameOf(err error) Blame {
	var (
		argument   *ArgumentError
		protocol   *ProtocolError
		incomplete *IncompleteError
		limit      *LimitError
		network    *TransportError
		pooled     *PoolError
		refused    *AddressError
		proxy      *ProxyError
		redirect   *RedirectError
		socks      *transport.SOCKSError
	)
	switch {
	case err == nil, err == io.EOF, err == ErrResponseReady:
		return ""
	case errors.As(err, &argument): // whatever an error of the caller's own holds
		return BlameCaller
	case errors.As(err, &limit), errors.As(err, &pooled), errors.As(err, &refused), errors.Is(err, ErrTooManyRedirects):
		return BlameLimit
	case errors.As(err, &socks) && answered(socks.Err):
		return BlamePeer
	case errors.As(err, &network):
		return BlameNetwork
	case errors.As(err, &protocol), errors.As(err, &incomplete), errors.As(err, &proxy), errors.As(err, &redirect):
		return BlamePeer
	}
	return BlameCaller
}

// answered says whether a SOCKS proxy ended it by what it said, and not the network.
func answered(err error) bool {
	var network *TransportError
	var socket *net.OpError
	return !errors.As(err, &network) && !errors.As(err, &socket) && !errors.Is(err, context.Canceled) && !isTimeout(err)
}
