package hackney_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// A 2xx that comes before the request is whole does not say that its body is not
// wanted: all of it goes out, and the connection is kept.
func TestWireEarly2xxDoesNotCutTheBody(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB
	file := wFile(t, "body", string(body))
	for name, p := range map[string]hackney.Payload{
		"bytes":    hackney.Bytes(body),
		"file":     hackney.File(file, 0, 0),
		"reader":   hackney.FromReader(bytes.NewReader(body), int64(len(body))),
		"chunked":  hackney.FromReader(bytes.NewReader(body), -1),
		"function": wPieces(io.EOF, string(body[:1<<20]), string(body[1<<20:])),
	} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Conn{
				wiretest.On(wiretest.Head, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
				wiretest.On(wiretest.Body, "ok"),
				wiretest.Reply(wEmpty),
			})
			c := wNew(t).request("POST", srv.URL("/"), nil, p, nil)
			c.wantBody("ok")
			if got := srv.Requests(0)[0].Body; !bytes.Equal(got, body) {
				t.Errorf("%d bytes of the body came, want %d", len(got), len(body))
			}
			c.send(hackney.Req{}).in(hackney.StateDone)
			if !c.Reused() {
				t.Error("the connection was not kept")
			}
		})
	}
}

// No argument of a caller panics: no context is context.Background, and what
// cannot be left out is refused.
func TestWireNilArguments(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	var none context.Context
	cs, err := hackney.Get(none, srv.URL("/"), nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var argument *hackney.ArgumentError
	if _, same, err := hackney.CopyBody(none, cs, nil); !errors.As(err, &argument) || same != cs {
		t.Errorf("CopyBody to nil: %v, want an ArgumentError and the same state", err)
	}
	if err := hackney.SetSockopts(cs, nil); !errors.As(err, &argument) {
		t.Errorf("SetSockopts with nil: %v, want an ArgumentError", err)
	}
	if _, cs, err = hackney.Body(none, cs); err != nil {
		t.Error(err)
	}
	hackney.Close(cs)
}

// What is no fault is nobody's.
func TestWireNoBlame(t *testing.T) {
	for _, err := range []error{nil, io.EOF, hackney.ErrResponseReady} {
		if got := hackney.BlameOf(err); got != "" {
			t.Errorf("BlameOf(%v) is %q", err, got)
		}
	}
	if got := hackney.BlameOf(os.ErrClosed); got != hackney.BlameCaller {
		t.Errorf("BlameOf(os.ErrClosed) is %q", got)
	}
}

// A context that has a deadline and no Done channel ends the wait for 100 Continue too.
func TestWireExpectEndsWithADeadlineWithoutDone(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{})
	o := &hackney.Opts{ExpectTimeout: hackney.Infinite - 1}
	ctx := wDeadlineOnly{context.Background(), time.Now().Add(100 * time.Millisecond)}
	_, err := hackney.Post(ctx, srv.URL("/"), headers.New("Expect", "100-continue"), hackney.Text("x"), o)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the context's", err)
	}
}

// wDeadlineOnly is a context that cannot call anybody.
type wDeadlineOnly struct {
	context.Context
	at time.Time
}

func (c wDeadlineOnly) Deadline() (time.Time, bool) { return c.at, true }
