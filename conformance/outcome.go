package conformance

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/hackney-go/hackney/hackney"
)

// errorKinds are the words for errors, first match first. Where 0.6.0 had a term
// for it, the word is that.
var errorKinds = []struct {
	name string
	is   func(error) bool
}{
	{"script", as[*scriptedError]()},
	{"stale", sentinel(hackney.ErrStale)},
	{"stopped", sentinel(hackney.ErrStopped)},
	{"invalid-state", sentinel(hackney.ErrInvalidState)},
	{"response-ready", sentinel(hackney.ErrResponseReady)},
	{"no-pool", sentinel(hackney.ErrNoPool)},
	{"pool-exists", sentinel(hackney.ErrPoolExists)},
	{"max-redirect-overflow", sentinel(hackney.ErrTooManyRedirects)},
	{"invalid-redirection", as[*hackney.RedirectError]()},
	{"proxy-connection", as[*hackney.ProxyError]()},
	{"address", as[*hackney.AddressError]()},
	{"enoent", sentinel(fs.ErrNotExist)},
	{"argument", as[*hackney.ArgumentError]()},
	{"argument", as[*hackney.URLError]()},
	{"limit", as[*hackney.LimitError]()},
	{"protocol", as[*hackney.ProtocolError]()},
	{"cancelled", sentinel(context.Canceled)},
	{"timeout", sentinel(hackney.ErrTimeout)},
	{"timeout", sentinel(context.DeadlineExceeded)},
	{"refused", sentinel(syscall.ECONNREFUSED)},
	{"reset", sentinel(syscall.ECONNRESET)},
	{"reset", sentinel(syscall.EPIPE)},
	{"tls", inTLS},
	{"closed", sentinel(hackney.ErrClosed)},
	{"closed", sentinel(io.ErrUnexpectedEOF)},
	{"closed", sentinel(io.EOF)},
	{"network", as[*hackney.TransportError]()},
}

// otherKind is the word for an error that no other fits.
const otherKind = "other"

// errorKind is the word for an error; that of a script's own is its text.
func errorKind(err error) string {
	if own, ok := errors.AsType[*scriptedError](err); ok {
		return own.reason
	}
	for _, kind := range errorKinds {
		if kind.is(err) {
			return kind.name
		}
	}
	return otherKind
}

func sentinel(want error) func(error) bool {
	return func(err error) bool { return errors.Is(err, want) }
}

func as[E error]() func(error) bool {
	return func(err error) bool {
		_, ok := errors.AsType[E](err)
		return ok
	}
}

// inTLS says whether TLS itself refused: an alert, or a certificate.
func inTLS(err error) bool {
	return as[*tls.CertificateVerificationError]()(err) || as[tls.RecordHeaderError]()(err) ||
		as[tls.AlertError]()(err) || as[x509.UnknownAuthorityError]()(err)
}

// partial is what an interrupted body had given, nil where no body was interrupted.
func partial(err error) []byte {
	incomplete, ok := errors.AsType[*hackney.IncompleteError](err)
	if !ok {
		return nil
	}
	return incomplete.Partial
}

// scriptedError is an error that a script asked its own payload to give.
type scriptedError struct{ reason string }

func (e *scriptedError) Error() string { return e.reason }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// asUsage makes a fault of the script of an error.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}
