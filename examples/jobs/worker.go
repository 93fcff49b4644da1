package main

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
)

// tries is how often a read that timed out is tried in all.
const tries = 3

func options() *hackney.Opts {
	return &hackney.Opts{ConnectTimeout: 5 * time.Second, RecvTimeout: 2 * time.Second}
}

// job is a tuple of the Erlang module: {fetch, Path} or {store, Path, Pieces}.
type job struct {
	do     string // "fetch" or "store"
	path   string
	pieces []string
}

// result is what the Erlang functions return inside {ok, _}.
type result struct {
	size  int
	sum   uint32
	reply string
}

// refusal is {error, {status, Status}}.
type refusal struct{ status int }

func (r *refusal) Error() string { return fmt.Sprintf("refused with %d", r.status) }

// none is the client before the first job, and after an error.
var none hackney.ClientState

// worker stands for the process: jobs is its mailbox, gone is closed when it ends.
type worker struct {
	base string
	opts *hackney.Opts
	jobs chan message
	gone chan struct{}
}

type message struct {
	job  job
	from chan<- answer
}

type answer struct {
	result result
	err    error
}

// start begins without a client: the first job opens the connection. There is no
// application to start, and ctx bounds what the process does in all.
func start(ctx context.Context, base string, opts *hackney.Opts) *worker {
	w := &worker{base: base, opts: opts, jobs: make(chan message), gone: make(chan struct{})}
	go func() {
		defer close(w.gone)
		w.loop(ctx, none)
	}()
	return w
}

// do is called by any goroutine, but not after stop.
func (w *worker) do(j job) (result, error) {
	from := make(chan answer)
	w.jobs <- message{j, from}
	a := <-from
	return a.result, a.err
}

func (w *worker) stop() {
	close(w.jobs)
	<-w.gone
}

func (w *worker) loop(ctx context.Context, client hackney.ClientState) {
	for m := range w.jobs {
		var a answer
		a.result, client, a.err = w.work(ctx, m.job, client)
		m.from <- a
	}
	leave(client)
}

func (w *worker) work(ctx context.Context, j job, client hackney.ClientState) (result, hackney.ClientState, error) {
	if j.do == "store" {
		h := headers.New("Transfer-Encoding", "chunked")
		open, err := w.send(ctx, client, hackney.Req{Method: "POST", Path: j.path, Headers: h, Payload: hackney.Stream})
		if err != nil {
			return giveUp(err, open)
		}
		return feed(ctx, j.pieces, open)
	}
	answered, err := w.send(ctx, client, hackney.Req{Method: "GET", Path: j.path})
	switch {
	case err != nil:
		return giveUp(err, answered)
	case answered.Status() == 200:
		return pieces(ctx, answered)
	}
	return refused(ctx, answered)
}

// send makes a client where there is none. What it returns beside an error is good
// for Close: where Erlang had no client yet, it lost the socket.
func (w *worker) send(ctx context.Context, client hackney.ClientState, r hackney.Req) (hackney.ClientState, error) {
	if client == none {
		return hackney.Request(ctx, r.Method, w.base+r.Path, r.Headers, r.Payload, w.opts)
	}
	return hackney.SendRequest(ctx, client, r)
}

// pieces tries the value from before a timeout again, as the Erlang function does.
// That is allowed here because nothing was lost: the state that came with the error
// is equal to it. After a piece was given, the older value is stale; see older.
func pieces(ctx context.Context, client hackney.ClientState) (result, hackney.ClientState, error) {
	var sum result
	for left := tries; ; {
		piece, next, err := hackney.StreamBody(ctx, client)
		switch {
		case err == nil:
			sum.size += len(piece)
			sum.sum = crc32.Update(sum.sum, crc32.IEEETable, piece)
			client, left = next, tries
		case err == io.EOF: // {done, Next}
			return sum, next, nil
		case errors.Is(err, hackney.ErrTimeout) && left > 1 && ctx.Err() == nil:
			left--
		default:
			return giveUp(err, next)
		}
	}
}

// feed stops for an answer that comes early; hackney 0.6.0 did not look for one.
func feed(ctx context.Context, pieces []string, client hackney.ClientState) (result, hackney.ClientState, error) {
	for _, piece := range pieces {
		next, err := hackney.StreamRequestBody(ctx, client, hackney.Text(piece))
		client = next // with an error too: it is the one to close
		if errors.Is(err, hackney.ErrResponseReady) {
			break
		}
		if err != nil {
			return giveUp(err, client)
		}
	}
	answered, err := hackney.StartResponse(ctx, client)
	switch {
	case err != nil:
		return giveUp(err, answered)
	case answered.Status() < 300:
		return reply(ctx, answered)
	}
	return refused(ctx, answered)
}

func reply(ctx context.Context, client hackney.ClientState) (result, hackney.ClientState, error) {
	body, next, err := hackney.Body(ctx, client)
	if err != nil {
		return giveUp(err, next)
	}
	return result{reply: string(body)}, next, nil
}

// refused keeps the connection good by reading the rest of the answer away.
func refused(ctx context.Context, client hackney.ClientState) (result, hackney.ClientState, error) {
	next, err := hackney.SkipBody(ctx, client)
	if err != nil {
		return giveUp(err, next)
	}
	return result{}, next, &refusal{client.Status()}
}

// giveUp gives back no client: after other errors nobody knows what is left on the
// connection. Any copy of a state is good for Close.
func giveUp(reason error, client hackney.ClientState) (result, hackney.ClientState, error) {
	leave(client)
	return result{}, none, reason
}

func leave(client hackney.ClientState) {
	if client != none {
		hackney.Close(client)
	}
}

// older has no counterpart: it goes on with the client from before a success. In
// Erlang that read from the socket again, and could take bytes of another answer.
func older(ctx context.Context, base string, opts *hackney.Opts) error {
	client, err := hackney.Get(ctx, base, nil, nil, opts)
	defer func() { hackney.Close(client) }()
	if err != nil {
		return err
	}
	_, next, err := hackney.Body(ctx, client)
	if err != nil {
		return err
	}
	defer hackney.Close(next)
	_, _, err = hackney.Body(ctx, client) // and not next
	return err
}
