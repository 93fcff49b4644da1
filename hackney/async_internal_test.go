package hackney

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/internal/wiretest"
)

func TestEventKinds(t *testing.T) {
	var got []string
	for k := range EventError + 1 {
		got = append(got, k.String())
	}
	if want := "none interim status headers chunk done error"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := (EventError + 1).String(); got == "" || got == "error" {
		t.Errorf("a kind that is none prints as %q", got)
	}
}

// TestDetach holds that a piece keeps its bytes whatever the handle reads next, that what
// was not read yet stays there, and that the shorter of both is copied.
func TestDetach(t *testing.T) {
	for _, c := range []struct{ piece, rest int }{{0, 0}, {1, 0}, {10, 9}, {10, 10}, {10, 11}, {3000, 1}, {1, 3000}} {
		h := &handle{core: &core{}, work: &work{}}
		h.in = newBuffer(smallBuffer)
		before := h.in
		text := bytes.Repeat([]byte("p"), c.piece)
		rest := bytes.Repeat([]byte("r"), c.rest)
		copy(h.in.data, text)
		copy(h.in.data[c.piece:], rest)
		h.r, h.w = c.piece, c.piece+c.rest
		piece, memory := h.detach(h.in.data[:c.piece])
		for i := range h.in.data[:h.r] {
			h.in.data[i] = 'x'
		}
		if !bytes.Equal(piece, text) || !bytes.Equal(h.unread(), rest) {
			t.Errorf("%v: %d bytes of the piece, %d of the rest are left", c, bytes.Count(piece, []byte("p")), bytes.Count(h.unread(), []byte("r")))
		}
		if memory == nil || memory == h.in || (memory == before) != (c.rest < c.piece) {
			t.Errorf("%v: the memory is the wrong one", c)
		}
	}
}

// TestAsyncLeavesNoStream holds that the table of responses has only those that are under way.
func TestAsyncLeavesNoStream(t *testing.T) {
	known := func(ref uint64) bool {
		streams.Lock()
		defer streams.Unlock()
		_, is := streams.byRef[ref]
		return is
	}
	for name, end := range map[string]func(*AsyncResponse){
		"read": func(r *AsyncResponse) {
			for range r.Events() {
			}
		},
		"stopped": (*AsyncResponse).Stop,
	} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
			cs, err := Get(context.Background(), srv.URL("/"), nil, nil, &Opts{Async: true})
			if err != nil || !known(cs.Async().Ref()) {
				t.Fatalf("%v, %v", cs, err)
			}
			r := cs.Async()
			end(r)
			<-r.Done()
			if known(r.Ref()) {
				t.Error("it has ended, and is known")
			}
			Close(r.State())
		})
	}
}

// TestAsyncCancelledCause holds that Stop is told apart from a context that ended.
func TestAsyncCancelledCause(t *testing.T) {
	why := errors.New("why")
	for _, want := range []error{why, ErrStopped} {
		t.Run(fmt.Sprint(want), func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Request)})
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			cs, err := Get(ctx, srv.URL("/"), nil, nil, &Opts{Async: true})
			if err != nil {
				t.Fatal(err)
			}
			r := cs.Async()
			if want == ErrStopped {
				r.Stop()
			} else {
				cancel(why)
			}
			<-r.Done()
			if _, err := r.Next(context.Background()); !errors.Is(err, want) {
				t.Errorf("error %v, want %v", err, want)
			}
			Close(r.State())
		})
	}
}
