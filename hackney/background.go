package hackney

import (
	"context"
	"io"
	"runtime"
	"sync"
	"weak"

	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/transport"
)

// sendAsync is send up to the last byte of the request. The answer is read in the
// background.
func (a *operation) sendAsync(ctx context.Context, r *Req, p *plan) error {
	early, err := a.put(ctx, p)
	if err != nil {
		return a.sent(p, nil, nil, err)
	}
	a.note(p)
	return a.background(ctx, r, p, early)
}

// awaitAsync is the rest of StartResponse behind a request that is out.
func (a *operation) awaitAsync(ctx context.Context, early *http1.Head) error {
	r, p, err := a.sentRequest()
	if err != nil {
		return a.fail(err)
	}
	a.cs.early = false
	return a.background(ctx, &r, &p, early)
}

// put is exchange without the answer.
func (a *operation) put(ctx context.Context, p *plan) (early *http1.Head, err error) {
	if err := a.connectFor(ctx); err != nil {
		return nil, err
	}
	early, err = a.h.putRequest(ctx, p, &a.cs)
	for err != nil && a.mayResend(p, err) {
		if err := a.reconnect(ctx); err != nil {
			return nil, err
		}
		early, err = a.h.putRequest(ctx, p, &a.cs)
	}
	return early, err
}

// background goes on with the operation in a goroutine: with the answer to p. The
// state that it leaves to the caller has nothing to do with the connection.
func (a *operation) background(ctx context.Context, r *Req, p *plan, early *http1.Head) error {
	o := a.cs.opts.orDefault()
	ctx, cancel := context.WithCancelCause(orBackground(ctx))
	halted := make(chan struct{})
	s := &stream{
		ref: streamCount.Add(1), cancel: cancel,
		halt: sync.OnceFunc(func() { close(halted) }), halted: halted,
		events: make(chan event, max(0, o.AsyncBuffer-1)), done: make(chan struct{}), cut: make(chan struct{}), turned: make(chan struct{}),
	}
	if o.AsyncBuffer == 0 { // else one event is in the goroutine's hand
		s.wanted = make(chan struct{}, 1)
	}
	job := &asyncJob{stream: s, operation: *a, req: *r, plan: *p}
	job.from = StateAsync
	p.src = source{} // the goroutine closes it
	a.cs.response, a.cs.handle = StateAsync, nil
	a.cs.expect, a.cs.open = false, false
	a.cs.async = register(s, a.cs)
	a.trace(nil)
	go job.run(ctx, early)
	return nil
}

// register makes a stream known, and its abandoned end seen.
func register(s *stream, cs ClientState) *AsyncResponse {
	r := &AsyncResponse{stream: s, taker: make(chan struct{}, 1), owned: make(chan Event, 1)}
	r.state = cs
	r.state.async = r
	s.forgotten = runtime.AddCleanup(r, (*stream).stop, s)
	streams.Lock()
	defer streams.Unlock()
	streams.byRef[s.ref] = weak.Make(r)
	return r
}

// asyncJob is an operation that goes on in the background.
type asyncJob struct {
	*stream
	operation
	req  Req
	plan plan
}

// run reads the response to its end.
func (j *asyncJob) run(ctx context.Context, early *http1.Head) {
	err := j.answer(ctx, early)
	j.plan.src.close()
	if err == nil {
		err = j.body(ctx)
	}
	if err != nil {
		j.cs, _ = Close(j.cs)
	}
	j.end(ctx, err)
}

// end leaves what there is to know behind.
func (j *asyncJob) end(ctx context.Context, err error) {
	if err != nil && context.Cause(ctx) == ErrStopped {
		err = ErrStopped
	}
	if err != nil && ctx.Err() != nil {
		close(j.cut)
	}
	j.final, j.err = j.cs, err
	if j.settle() {
		j.final, _ = Close(j.final)
	}
	streams.Lock()
	delete(streams.byRef, j.ref)
	streams.Unlock()
	j.forgotten.Stop()
	close(j.done)
	close(j.events)
	j.cancel(nil)
}

// settle notes that the response has ended, and says whether Close came before. An error
// is not held back by Pause.
func (s *stream) settle() (closing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.atEnd = true
	if s.paused && s.err != nil {
		s.paused = false
		close(s.turned)
		s.turned = make(chan struct{})
	}
	return s.closing
}

// shut is Stop for Close, and gives the state that is still to be closed: the connection
// that the end of the response has left, or nothing.
func (r *AsyncResponse) shut() ClientState {
	r.stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.atEnd && !r.closing {
		r.closing = true
		return r.final
	}
	r.closing = true // end sees to it
	cs := r.state
	cs.async = nil
	return cs
}

// answer reads the head of the answer, goes on where that leads, and ends the operation.
func (j *asyncJob) answer(ctx context.Context, early *http1.Head) error {
	head, told, err := early, false, j.tellInterim(ctx)
	switch {
	case err != nil:
	case head == nil:
		head, told, err = j.head(ctx)
	default: // where it leads is not gone to before somebody wants to know
		err = j.untaken(opReadHead, j.due(ctx))
	}
	first, note := head, error(nil)
	if err == nil && head.Status >= 300 {
		head, note, err = j.pursue(ctx, &j.req, &j.plan, head)
		if err == nil && head != first { // those before first were told
			err = j.tellInterim(ctx)
		}
	}
	if err == nil && head == first && j.op == OpStartResponse {
		err = j.ended(head, note)
	} else {
		err = j.sent(&j.plan, head, note, err)
	}
	if err != nil && err != note { // what is to be said of an answer comes behind it
		return err
	}
	if !told {
		if err := j.tell(ctx, Event{Kind: EventStatus, Status: head.Status, Reason: head.Reason}); err != nil {
			return err
		}
	}
	if err := j.tell(ctx, Event{Kind: EventHeaders, Headers: &head.Headers}); err != nil {
		return err
	}
	return err
}

// tellInterim gives the interim responses that came while the request was being sent.
func (j *asyncJob) tellInterim(ctx context.Context) error {
	for _, i := range j.h.exchange.extra.interim {
		if err := j.tell(ctx, Event{Kind: EventInterim, Status: i.Status, Reason: i.Reason, Headers: i.Headers}); err != nil {
			return err
		}
	}
	return nil
}

// tell gives an event when it is due.
func (j *asyncJob) tell(ctx context.Context, e Event) error {
	err := j.due(ctx)
	if err == nil {
		err = j.give(ctx, e, nil)
	}
	return j.untaken(opReadHead, err)
}

// untaken is the error of a wait for who takes events, which the context has ended.
func (j *asyncJob) untaken(op string, err error) error {
	if err == nil {
		return nil
	}
	return &transport.Error{Op: op, Addr: j.cs.link.address(), Err: err}
}

// head reads the head of the answer. told says that its status was given already: as
// soon as it was there, unless there may be more to do about it.
func (j *asyncJob) head(ctx context.Context) (_ *http1.Head, told bool, err error) {
	if err := j.due(ctx); err != nil {
		return nil, false, j.h.networkError(opReadHead, err)
	}
	status, err := j.status(ctx)
	for err != nil && j.mayResend(&j.plan, err) {
		if err := j.reconnect(ctx); err != nil {
			return nil, false, err
		}
		var early *http1.Head
		if early, err = j.h.putRequest(ctx, &j.plan, &j.cs); err != nil {
			continue
		}
		if err := j.tellInterim(ctx); err != nil || early != nil {
			return early, false, err
		}
		status, err = j.status(ctx)
	}
	if err != nil {
		return nil, false, err
	}
	if told = status.Status < 300; told {
		if err := j.give(ctx, Event{Kind: EventStatus, Status: status.Status, Reason: status.Reason}, nil); err != nil {
			return nil, false, j.h.networkError(opReadHead, err)
		}
		if err := j.due(ctx); err != nil {
			return nil, false, j.h.networkError(opReadHead, err)
		}
	}
	head, err := j.h.readHead(ctx, opReadHead, nil)
	if err != nil {
		return nil, false, err
	}
	head.Reason = status.Reason
	return head, told, nil
}

// status reads the status line, and gives the interim responses before it.
func (j *asyncJob) status(ctx context.Context) (*http1.Head, error) {
	j.h.exchange.interim = func(i *http1.Head) {
		if j.give(ctx, Event{Kind: EventInterim, Status: i.Status, Reason: i.Reason, Headers: &i.Headers}, nil) == nil {
			j.due(ctx) // the end of ctx ends the next read
		}
	}
	return j.h.readStatus(ctx)
}

// body gives the body, piece by piece.
func (j *asyncJob) body(ctx context.Context) error {
	for j.cs.response == StateOnBody {
		if err := j.due(ctx); err != nil {
			return j.untaken(opReadBody, err)
		}
		a := operation{op: OpStreamBody, from: StateAsync, cs: j.cs}
		piece, memory, err := a.detachedPiece(ctx)
		j.cs = a.cs
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := j.give(ctx, Event{Kind: EventChunk, Chunk: piece}, memory); err != nil {
			return j.untaken(opReadBody, err)
		}
	}
	return nil
}

// detachedPiece is StreamBody, but the piece lies in memory that is to be freed.
func (a *operation) detachedPiece(ctx context.Context) (piece []byte, memory *buffer, err error) {
	if err := a.begin(); err != nil {
		return nil, nil, err
	}
	piece, err = a.h.nextPiece(ctx)
	if len(piece) > 0 {
		piece, memory = a.h.detach(piece)
	}
	err = a.pieceRead(len(piece), err)
	if err != nil {
		memory.free()
		return nil, nil, err
	}
	return piece, memory, nil
}

// detach makes a piece, just read, independent of the handle: by a copy, or with
// the buffer it lies in where that copies less.
func (h *handle) detach(piece []byte) ([]byte, *buffer) {
	rest := h.unread()
	if len(rest) >= len(piece) || h.in == nil {
		b := newBuffer(len(piece))
		return b.data[:copy(b.data, piece)], b
	}
	b := h.in
	h.in = newBuffer(len(b.data))
	h.r, h.w = 0, copy(h.in.data, rest)
	return piece, b
}
