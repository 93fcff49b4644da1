package pool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hackney-go/hackney/transport"
)

// Sentinels, for errors.Is.
var (
	// ErrTimeout: no connection came free in time. It is also a
	// [transport.ErrTimeout].
	ErrTimeout error = timeout{}
	// ErrQueueFull: as many wait for a connection of that key as may.
	ErrQueueFull = errors.New("too many wait already")
	// ErrDraining: the pool is being drained, and gives nothing out any more.
	ErrDraining = errors.New("the pool is being drained")
	// ErrClosed: the pool is closed.
	ErrClosed = errors.New("the pool is closed")
)

type timeout struct{}

func (timeout) Error() string        { return "no connection came free in time" }
func (timeout) Timeout() bool        { return true }
func (timeout) Is(target error) bool { return target == transport.ErrTimeout }

// An Error says that a pool gave no connection, and how things stood then with
// the connections of the key that was asked for.
type Error struct {
	Pool string // its name
	Host string // host:port; "" from Drain, whose numbers are of the whole pool

	// Reason is one of the sentinels, or the error of the context, joined with
	// its cause if it has another.
	Reason error

	// The limits; Unlimited for none.
	MaxPerHost, MaxDials, MaxWaiting int

	InUse, Dialing, Idle, Waiting int           // the asker counts no more
	Waited                        time.Duration // by the asker
}

// Error tells all that is known.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("pool")
	if e.Pool != "" {
		b.WriteString(" " + e.Pool)
	}
	if e.Host != "" {
		b.WriteString(": " + e.Host)
	}
	fmt.Fprintf(&b, ": %s (in use %d%s", strings.ReplaceAll(e.Reason.Error(), "\n", "; "), e.InUse, of(e.MaxPerHost))
	fmt.Fprintf(&b, ", being dialed %d%s", e.Dialing, of(e.MaxDials))
	fmt.Fprintf(&b, ", idle %d, waiting %d%s", e.Idle, e.Waiting, of(e.MaxWaiting))
	fmt.Fprintf(&b, ", waited %v)", e.Waited.Round(time.Microsecond))
	return b.String()
}

// of is the limit behind a number, if there is one.
func of(limit int) string {
	if limit <= 0 {
		return ""
	}
	return fmt.Sprintf(" of %d", limit)
}

// Unwrap gives Reason.
func (e *Error) Unwrap() error { return e.Reason }

// Timeout reports whether time ran out, by the limit of the checkout or by the
// context's.
func (e *Error) Timeout() bool {
	return errors.Is(e.Reason, ErrTimeout) || errors.Is(e.Reason, context.DeadlineExceeded)
}

// Is makes errors.Is(e, [transport.ErrTimeout]) hold for all timeouts.
func (e *Error) Is(target error) bool { return target == transport.ErrTimeout && e.Timeout() }

// ended is why ctx is over.
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || cause == err {
		return err
	}
	return errors.Join(err, cause)
}

// refusal makes the error for one who asked for key. The lock is held.
func (p *Pool) refusal(key *Key, reason error, waited time.Duration) *Error {
	e := &Error{
		Pool: p.name, Host: key.address(), Reason: reason, Waited: waited,
		MaxPerHost: plain(p.limits.maxPerHost), MaxDials: plain(p.limits.maxDials), MaxWaiting: plain(p.limits.maxWaiting),
	}
	if h := p.find(key); h != nil {
		n := &h.counts
		e.InUse, e.Dialing, e.Idle, e.Waiting = n.InUse, n.Dialing, n.Idle, n.Waiting
	}
	return e
}
