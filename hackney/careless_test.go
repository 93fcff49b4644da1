package hackney_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// bomb is what the caller's code panics with.
type bomb struct{}

func (bomb) Read([]byte) (int, error)  { panic(bomb{}) }
func (bomb) Write([]byte) (int, error) { panic(bomb{}) }

const carelessAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

// careless are the places where code of the caller's runs.
var careless = []struct {
	name     string
	opts     hackney.Opts
	answered bool
	run      func(context.Context, string, *hackney.Opts) (hackney.ClientState, error)
}{
	{name: "a reader", run: func(ctx context.Context, url string, o *hackney.Opts) (hackney.ClientState, error) {
		return hackney.Post(ctx, url, nil, hackney.FromReader(bomb{}, -1), o)
	}},
	{name: "a function", run: func(ctx context.Context, url string, o *hackney.Opts) (hackney.ClientState, error) {
		return hackney.Post(ctx, url, nil, hackney.Func(func() ([]byte, error) { panic(bomb{}) }), o)
	}},
	{name: "a piece of a body", run: func(ctx context.Context, url string, o *hackney.Opts) (hackney.ClientState, error) {
		cs, err := hackney.Post(ctx, url, nil, hackney.Stream, o)
		if err != nil {
			return cs, err
		}
		return hackney.StreamRequestBody(ctx, cs, hackney.FromReader(bomb{}, -1))
	}},
	{name: "a writer", answered: true, run: func(ctx context.Context, url string, o *hackney.Opts) (hackney.ClientState, error) {
		cs, err := hackney.Get(ctx, url, nil, nil, o)
		if err != nil {
			return cs, err
		}
		_, cs, err = hackney.CopyBody(ctx, cs, bomb{})
		return cs, err
	}},
	{name: "SetSockopts", answered: true, run: func(ctx context.Context, url string, o *hackney.Opts) (hackney.ClientState, error) {
		cs, err := hackney.Get(ctx, url, nil, nil, o)
		if err != nil {
			return cs, err
		}
		return cs, hackney.SetSockopts(cs, func(net.Conn) error { panic(bomb{}) })
	}},
	{
		name: "a tap that hears what is sent", opts: hackney.Opts{Tap: bombAt(hackney.TapSent)},
		run: func(ctx context.Context, url string, o *hackney.Opts) (hackney.ClientState, error) {
			return hackney.Get(ctx, url, nil, nil, o)
		},
	},
	{
		name: "a tap that hears what comes", answered: true, opts: hackney.Opts{Tap: bombAt(hackney.TapReceived)},
		run: func(ctx context.Context, url string, o *hackney.Opts) (hackney.ClientState, error) {
			return hackney.Get(ctx, url, nil, nil, o)
		},
	},
	{
		name: "a dial function", opts: hackney.Opts{DialContext: func(context.Context, string, string) (net.Conn, error) { panic(bomb{}) }},
		run: func(ctx context.Context, url string, o *hackney.Opts) (hackney.ClientState, error) {
			return hackney.Get(ctx, url, nil, nil, o)
		},
	},
}

func bombAt(kind hackney.TapKind) hackney.TapFunc {
	return func(e hackney.TapEvent) {
		if e.Kind == kind {
			panic(bomb{})
		}
	}
}

// survive runs f, and gives what it panicked with.
func survive(f func()) (r any) {
	defer func() { r = recover() }()
	f()
	return nil
}

// TestAPanicOfTheCallersLeavesNothingBehind has code of the caller's panic while an operation runs it. The
// panic is the caller's to see; the connection is closed, and its place in the pool free.
func TestAPanicOfTheCallersLeavesNothingBehind(t *testing.T) {
	for _, c := range careless {
		t.Run(c.name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Conn{}) // reads, and answers nothing
			if c.answered {
				srv = wiretest.New(t, wiretest.Replies(carelessAnswer))
			}
			p := pool.New(pool.Opts{MaxPerHost: 1})
			defer p.Close()
			o := c.opts
			o.Pool = p
			r := survive(func() {
				cs, err := c.run(t.Context(), srv.URL("/"), &o)
				t.Errorf("no panic, but %v, %v", cs, err)
			})
			if r != (bomb{}) {
				t.Fatalf("panicked with %v", r)
			}
			if s := p.Stats(); s.InUse != 0 || s.Dialing != 0 {
				t.Errorf("%+v behind a panic", s)
			}
		})
	}
}

// TestAPanicEndsTheState has the state that was used when the caller's writer panicked be stale, and good for
// Close.
func TestAPanicEndsTheState(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(carelessAnswer))
	cs, err := hackney.Get(t.Context(), srv.URL("/"), nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	survive(func() { hackney.CopyBody(t.Context(), cs, bomb{}) })
	srv.WaitClosed(0)
	if _, _, err := hackney.Body(t.Context(), cs); !errors.Is(err, hackney.ErrStale) && !errors.Is(err, hackney.ErrClosed) {
		t.Errorf("%v, want a stale or a closed state", err)
	}
	if _, err := hackney.Close(cs); err != nil {
		t.Error(err)
	}
	if _, _, err := hackney.CopyBody(t.Context(), cs, io.Discard); err == nil {
		t.Error("the state can be used behind Close")
	}
}

// quitter ends the goroutine that writes to it, as t.FailNow does.
type quitter struct{}

func (quitter) Write([]byte) (int, error) { runtime.Goexit(); return 0, nil }

// TestAGoroutineThatEndsInTheMiddle has the goroutine of an operation end inside of it. The turn is taken, and
// Close frees all.
func TestAGoroutineThatEndsInTheMiddle(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(carelessAnswer))
	p := pool.New(pool.Opts{MaxPerHost: 1})
	defer p.Close()
	cs, err := hackney.Get(t.Context(), srv.URL("/"), nil, nil, &hackney.Opts{Pool: p})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		hackney.CopyBody(t.Context(), cs, quitter{})
	}()
	<-ended
	if _, _, err := hackney.Body(t.Context(), cs); !errors.Is(err, hackney.ErrStale) {
		t.Errorf("%v, want a stale state", err)
	}
	hackney.Close(cs)
	srv.WaitClosed(0)
	if s := p.Stats(); s.InUse != 0 {
		t.Errorf("%+v behind Close", s)
	}
}
