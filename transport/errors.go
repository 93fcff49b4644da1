package transport

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// ErrTimeout is what errors.Is finds in every [*Error] that came about because
// time ran out, whoever set the limit.
var ErrTimeout = errors.New("timed out")

// An Error is a failure of the network: nothing that the caller asked for was
// wrong, and the peer broke no rule of HTTP.
type Error struct {
	// Op is what was being done: "resolve", "dial", "TLS handshake", or, on an
	// open connection, a step such as "read response head".
	Op string

	// Addr is with whom: host:port, or the path of a socket file.
	Addr string

	// Sent and Received count the bytes of the message exchange so far. They
	// are zero until a connection is in use.
	Sent, Received int64

	// Err is the reason.
	Err error
}

// Error says who is to blame, what was being done, to whom, why it failed and
// how far it got.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("network: ")
	b.WriteString(e.Op)
	if e.Addr != "" {
		b.WriteByte(' ')
		b.WriteString(e.Addr)
	}
	if reason := e.reason(); reason != "" {
		b.WriteString(": ")
		b.WriteString(reason)
	}
	if e.Sent != 0 || e.Received != 0 {
		fmt.Fprintf(&b, " (%d bytes sent, %d received)", e.Sent, e.Received)
	}
	return b.String()
}

// reason is the text of Err on one line, without the address that was already
// said.
func (e *Error) reason() string {
	if e.Err == nil {
		return ""
	}
	text := e.Err.Error()
	if op, ok := e.Err.(*net.OpError); ok && op.Addr != nil && op.Addr.String() == e.Addr {
		text = op.Err.Error()
	}
	if a, ok := e.Err.(*AddressError); ok && a.Addr.String() == e.Addr {
		text = fmt.Sprintf("not allowed: %v", a.Err)
	}
	return strings.ReplaceAll(text, "\n", "; ")
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether time ran out, by a limit of ours, a deadline of the
// context or the patience of the operating system.
func (e *Error) Timeout() bool { return timedOut(e.Err) }

// Is makes errors.Is(e, [ErrTimeout]) hold for all timeouts.
func (e *Error) Is(target error) bool { return target == ErrTimeout && e.Timeout() }

// An AddressError is an address that [Options.Allow] refused. It was not
// connected to, or, where a DialContext had connected already, not used.
type AddressError struct {
	Addr netip.AddrPort // as it was shown to Allow
	Err  error          // what Allow returned
}

// Error says which address was refused, and why.
func (e *AddressError) Error() string {
	return fmt.Sprintf("%v is not allowed: %v", e.Addr, e.Err)
}

// Unwrap returns Err.
func (e *AddressError) Unwrap() error { return e.Err }

// timedOut looks through the whole tree of err, as errors.Is does, for anything
// that calls itself a timeout.
func timedOut(err error) bool {
	if err == ErrTimeout {
		return true
	}
	if t, ok := err.(interface{ Timeout() bool }); ok && t.Timeout() {
		return true
	}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		return timedOut(u.Unwrap())
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			if timedOut(e) {
				return true
			}
		}
	}
	return false
}
