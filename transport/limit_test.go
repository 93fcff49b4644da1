package transport

import (
	"context"
	"errors"
	"testing"
	"time"
)

// foreign is a context that package context knows nothing about.
type foreign struct {
	context.Context
	done chan struct{}
}

func (f foreign) Done() <-chan struct{} { return f.done }

func (f foreign) Err() error {
	select {
	case <-f.done:
		return context.Canceled
	default:
		return nil
	}
}

// TestLimitAfterFunc holds what package net relies on to interrupt a connect.
func TestLimitAfterFunc(t *testing.T) {
	f := foreign{context.Background(), make(chan struct{})}
	usual, cancel := context.WithCancel(context.Background())
	for name, c := range map[string]struct {
		parent context.Context
		end    func()
	}{
		"usual":   {usual, cancel},
		"foreign": {f, func() { close(f.done) }},
	} {
		l := newLimit(c.parent, time.Minute)
		called := make(chan struct{})
		stop := context.AfterFunc(l, func() { close(called) })
		c.end()
		<-called
		if stop() || !errors.Is(l.ended(), context.Canceled) {
			t.Errorf("%s: the end of the context went unnoticed", name)
		}
	}
	stop := context.AfterFunc(newLimit(context.Background(), time.Minute), func() {})
	if !stop() {
		t.Error("a call that nothing can cause was not stopped")
	}
}

// TestLimitEarlier holds that the earlier end counts and is named.
func TestLimitEarlier(t *testing.T) {
	past := time.Now().Add(-time.Second)
	soon := time.Now().Add(time.Hour)
	for _, c := range []struct {
		name    string
		parent  context.Context
		timeout time.Duration
		want    error
	}{
		{"neither", context.Background(), 0, nil},
		{"a negative timeout is none", context.Background(), -1, nil},
		{"time left", deadlineOnly{context.Background(), soon}, time.Minute, nil},
		{"the context first", deadlineOnly{context.Background(), past}, time.Minute, context.DeadlineExceeded},
		{"the timeout first", deadlineOnly{context.Background(), soon}, 1, ErrTimeout},
	} {
		l := newLimit(c.parent, c.timeout)
		for l.timeout == 1 && !time.Now().After(l.deadline) { // a nanosecond to go
		}
		if got := l.ended(); !errors.Is(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s: ended by %v, want %v", c.name, got, c.want)
		}
		if at, ok := l.Deadline(); ok != (l.Done() != nil) || at.IsZero() == ok {
			t.Errorf("%s: deadline %v %v, Done %v", c.name, at, ok, l.Done())
		}
	}
}
