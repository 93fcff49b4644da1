package hackney

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// TestCloseBeforeTheLook has Close come when SendRequest holds the turn and has not
// looked at its connection yet: no other is opened.
func TestCloseBeforeTheLook(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 204 No Content\r\n\r\n"))
	cs := mMust(t)(SendRequest(t.Context(), mConnect(t, srv, transport.TCP), Req{}))
	a := operation{op: OpSendRequest, cs: cs, from: cs.response}
	if err := a.begin(); err != nil {
		t.Fatal(err)
	}
	Close(cs)
	a.h.idleSince = clock() - time.Hour
	if err := a.connectFor(t.Context()); err != nil || a.h != cs.handle {
		t.Errorf("%v, another connection: %v", err, a.h != cs.handle)
	}
	if err := a.fail(io.ErrClosedPipe); !errors.Is(err, ErrClosed) || a.cs.ResponseState() != StateFailed {
		t.Errorf("%v, %v", a.cs, err)
	}
}

// TestCopyBodyAfterAnEndedContext has the writer run out of time where a context has
// ended before: that one interrupts nothing any more.
func TestCopyBodyAfterAnEndedContext(t *testing.T) {
	gate := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), wiretest.Say("hello").Gated(gate)})
	ctx, cancel := context.WithCancel(context.Background())
	cs := mMust(t)(SendRequest(ctx, mConnect(t, srv, transport.TCP), Req{}))
	cancel()
	mUntil(t, "the callback", func() bool { return cs.handle.anchor.cancel.Load()&cancelMask == cancelFired })

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.SetWriteDeadline(time.Unix(1, 0))
	close(gate)
	_, next, err := CopyBody(context.Background(), cs, w)
	var e *ArgumentError
	if !errors.As(err, &e) || e.What != "writer" || next.ResponseState() != StateFailed {
		t.Errorf("%v, %v", next, err)
	}
}
