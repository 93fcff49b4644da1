package transport

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// A limit is the time one phase may take, and remembers who set it. It is also
// a context: the caller's own, with the deadline of the phase.
//
// As a context it is made for connecting to one literal address, where a
// context.WithDeadline would be most of the work done outside the kernel.
// Package net turns the deadline into one of the socket's, but only if Done is
// not nil; so Done is a channel that nobody closes, unless the caller's context
// has one. Code that waits for Done, rather than asking for Deadline, needs
// withTimer.
type limit struct {
	context.Context               // the caller's
	deadline        time.Time     // zero: none
	timeout         time.Duration // zero: the deadline, if any, is the caller's
}

// newLimit starts a phase that may take timeout, or any time if that is zero,
// but in no case outlasts the deadline of ctx.
func newLimit(ctx context.Context, timeout time.Duration) *limit {
	l := &limit{Context: ctx}
	l.deadline, _ = ctx.Deadline()
	if timeout <= 0 {
		return l
	}
	if d := time.Now().Add(timeout); l.deadline.IsZero() || d.Before(l.deadline) {
		l.deadline, l.timeout = d, timeout
	}
	return l
}

// never is the Done channel of a limit whose caller cannot cancel.
var never = make(chan struct{})

// Deadline returns the end of the phase.
func (l *limit) Deadline() (time.Time, bool) { return l.deadline, !l.deadline.IsZero() }

// Done returns a channel that is closed when the caller's context ends. It is
// nil only if there is nothing to wait for at all.
func (l *limit) Done() <-chan struct{} {
	if done := l.Context.Done(); done != nil || l.deadline.IsZero() {
		return done
	}
	return never
}

// AfterFunc spares package context a goroutine that would wait for never.
func (l *limit) AfterFunc(f func()) (stop func() bool) {
	if l.Context.Done() == nil {
		return func() bool { return true }
	}
	return context.AfterFunc(l.Context, f)
}

// withTimer returns a context whose Done channel is closed at the deadline too.
func (l *limit) withTimer() (context.Context, context.CancelFunc) {
	if l.deadline.IsZero() {
		return l.Context, func() {}
	}
	return context.WithDeadline(l.Context, l.deadline)
}

// ended says why the phase is over: the caller's context with its cause, its
// deadline, or our timeout. It is nil while there is time.
func (l *limit) ended() error {
	if err := l.Context.Err(); err != nil {
		if cause := context.Cause(l.Context); cause != err {
			return fmt.Errorf("%w: %w", err, cause)
		}
		return err
	}
	if l.deadline.IsZero() || time.Now().Before(l.deadline) {
		return nil
	}
	if l.timeout == 0 {
		return context.DeadlineExceeded
	}
	return fmt.Errorf("%w after %v", ErrTimeout, l.timeout)
}

// reason returns why the phase ended if err is only the echo of that, and
// otherwise nil.
func (l *limit) reason(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled) {
		return l.ended()
	}
	return nil
}

// explain returns the reason the phase ended if err is only the echo of that,
// and otherwise err.
func (l *limit) explain(err error) error {
	if why := l.reason(err); why != nil {
		return why
	}
	return err
}
