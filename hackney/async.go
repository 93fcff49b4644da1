package hackney

import (
	"context"
	"errors"
	"io"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/transport"
)

// ErrStopped: Stop, or Close of a state, ended an asynchronous response before its end.
var ErrStopped = errors.New("the response was stopped")

// EventKind says what an Event is. It prints as in hackney's messages.
type EventKind uint8

const (
	EventInterim EventKind = iota + 1 // a 1xx response: Status, Reason, Headers
	EventStatus                       // the status line: Status, Reason
	EventHeaders                      // the header fields: Headers
	EventChunk                        // a piece of the body, of one chunk at the most: Chunk
	EventDone                         // the end
	EventError                        // the end, early: Err
)

var eventNames = [...]string{"none", "interim", "status", "headers", "chunk", "done", "error"}

// String is the name of the kind.
func (k EventKind) String() string { return name(eventNames[:], int(k)) }

// Event is a message of an asynchronous response: {Ref, {status, Status, Reason}},
// {Ref, {headers, Headers}}, {Ref, Chunk}, {Ref, done} or {Ref, {error, Reason}}.
type Event struct {
	Ref     uint64 // of the response
	Kind    EventKind
	Status  int
	Reason  string
	Headers *headers.Headers
	Chunk   []byte // lent until the next event is taken; the caller's own where it came through C
	Err     error
}

// AsyncResponse is a response that is read in the background, while somebody takes
// its events: with Next, Events or C. Its methods are safe for concurrent use; each event is
// given once.
//
// Nothing is read ahead of those who take events, but for the events of
// Opts.AsyncBuffer: who does not take them holds up the peer, and no memory. A response
// that nobody can reach any more is stopped, and its connection closed, when the
// collector finds that out, unless C was called. Better is Stop, or the end of the
// request's context, which bounds the whole response.
type AsyncResponse struct {
	*stream
	state ClientState   // while it is read
	taker chan struct{} // holds one thing while somebody takes an event; the next three are its
	lent  *buffer       // of the last event that was taken
	asked bool          // for an event that was not taken yet
	over  error         // what there is behind the last event, once that was taken
	feeds sync.Once     // C
	owned chan Event    // C
}

// stream is what the goroutine that reads has of a response. It must not reach the
// AsyncResponse, nor a state that does: that is how a forgotten one can be collected.
type stream struct {
	ref    uint64
	cancel context.CancelCauseFunc
	halt   func()        // closes halted, once
	halted chan struct{} // Stop was called
	wanted chan struct{} // somebody waits for an event; nil where events are read ahead
	events chan event    // closed behind the last
	done   chan struct{} // closed when the response has ended
	cut    chan struct{} // closed before that where its context has ended it
	final  ClientState   // once it has
	err    error         // why it ended early

	mu      sync.Mutex
	paused  bool
	turned  chan struct{} // closed, and made anew, when paused changes
	atEnd   bool
	closing bool // Close came: nothing of the connection is kept

	granted bool // the goroutine's: somebody waits for the event that it gives next
}

// event is an Event with the memory that its Chunk lies in.
type event struct {
	Event
	memory *buffer
}

// streams are those that are under way, for FindStream.
var streams = struct {
	sync.Mutex
	byRef map[uint64]weak.Pointer[AsyncResponse]
}{byRef: map[uint64]weak.Pointer[AsyncResponse]{}}

var streamCount atomic.Uint64

// FindStream finds an asynchronous response that is under way by its Ref
// (hackney:stream_pid/1, monitor_stream/1). Of one that has ended, that nobody holds, or
// that never was, it finds nothing.
func FindStream(ref uint64) (*AsyncResponse, bool) {
	streams.Lock()
	defer streams.Unlock()
	r := streams.byRef[ref].Value()
	return r, r != nil
}

// Async is the asynchronous response of a state in async, nil of any other.
func (cs ClientState) Async() *AsyncResponse { return cs.async }

// Ref is the number of the response, unique in the process. Each of its events has it.
func (r *AsyncResponse) Ref() uint64 { return r.ref }

// Done is closed when the response has ended: read, failed or stopped. Its connection is
// back in its pool, kept for State, or closed by then.
func (r *AsyncResponse) Done() <-chan struct{} { return r.done }

// State is the state of the client: async while the response is read, then the one
// behind it, with which the client can go on. Behind an error it is closed.
func (r *AsyncResponse) State() ClientState {
	select {
	case <-r.done:
		return r.final
	default:
		return r.state
	}
}

// Next takes the next event. It waits for that, for Resume where the response is paused, and
// at most until ctx ends, which takes nothing and ends nothing else. Behind EventDone it
// gives io.EOF. An error that ended the response is in an EventError and beside it, from
// then on. The Chunk of an event is lent until the next one is asked for, by anybody: C is
// for several takers at once.
func (r *AsyncResponse) Next(ctx context.Context) (Event, error) { return r.next(ctx, false) }

// next is Next; own makes the Chunk the caller's own.
func (r *AsyncResponse) next(ctx context.Context, own bool) (Event, error) {
	defer runtime.KeepAlive(r)
	ctx = orBackground(ctx)
	select {
	case r.taker <- struct{}{}:
		defer func() { <-r.taker }()
	case <-ctx.Done():
		return Event{Ref: r.ref}, over(ctx)
	}
	r.lent.free()
	r.lent = nil
	e, err := r.take(ctx)
	if own && e.Chunk != nil { // before another taker can free it
		e.Chunk = append([]byte(nil), e.Chunk...)
		e.memory.free()
		e.memory = nil
	}
	r.lent = e.memory
	return e.Event, err
}

func (r *AsyncResponse) take(ctx context.Context) (event, error) {
	if r.over != nil {
		return r.last(r.over)
	}
	for {
		paused, turned := r.pausing()
		var events <-chan event
		if !paused {
			events = r.events
			r.ask()
		}
		select {
		case <-r.halted:
			return r.last(ErrStopped)
		default:
		}
		select {
		case e, more := <-events:
			if !more {
				return r.last(r.err)
			}
			r.asked = false
			return e, nil
		case <-turned:
		case <-r.halted:
		case <-ctx.Done():
			return event{Event: Event{Ref: r.ref}}, over(ctx)
		}
	}
}

// ask asks for one event, once.
func (r *AsyncResponse) ask() {
	if !r.asked {
		r.asked = true
		r.want()
	}
}

// last is what there is to say behind the last event; it stays what it was at first.
func (r *AsyncResponse) last(err error) (event, error) {
	e := event{Event: Event{Ref: r.ref}}
	switch {
	case err == nil:
		r.over = io.EOF
		e.Kind = EventDone
		return e, nil
	case err != io.EOF:
		r.over = err
		e.Kind, e.Err = EventError, err
	}
	return e, err
}

// Events goes through the events to the end. An error is its last, with an EventError.
// Leaving the loop leaves the response as it is: more events can be taken, or Stop
// called. Chunks are lent until the next step.
func (r *AsyncResponse) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			e, err := r.Next(context.Background())
			if err == io.EOF || !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// C gives a channel of the events, for a select. EventDone or EventError is its last, then
// it is closed; behind Stop, or the end of the request's context, the error takes the place
// of what was not received. The Chunk of an event is the caller's own. Up to two events are
// read ahead of who receives; Pause does not hold them. A response whose channel was asked
// for has to be taken to its end, or stopped, by Stop or its context.
func (r *AsyncResponse) C() <-chan Event {
	r.feeds.Do(func() { go r.feed() })
	return r.owned
}

// feed puts the events into the channel of C.
func (r *AsyncResponse) feed() {
	defer close(r.owned)
	for last := false; !last; {
		e, err := r.next(context.Background(), true)
		if err == io.EOF { // somebody else took the last
			return
		}
		last = e.Kind == EventDone || e.Kind == EventError
		r.put(e, last)
	}
}

// put waits for room in the channel of C. Whoever ends a response early may not receive any
// more: then only the last event gets in.
func (r *AsyncResponse) put(e Event, last bool) {
	select {
	case r.owned <- e:
		return
	case <-r.halted:
	case <-r.cut:
	}
	if last {
		select {
		case <-r.owned:
		default:
		}
		r.owned <- e
	}
}

// Pause stops giving events until Resume, and thereby reading: of what was read
// already nothing is lost (hackney:pause_stream/1). Pausing twice, or what has ended
// early or was taken to its end, does nothing.
func (r *AsyncResponse) Pause() { r.pause(true) }

// Resume goes on after Pause (hackney:resume_stream/1). Else it does nothing.
func (r *AsyncResponse) Resume() { r.pause(false) }

// Stop ends the response: its connection is closed, unless it was read to its end, and
// who takes events gets ErrStopped. It does not wait for that, as Done does. Stopping
// twice does nothing.
func (r *AsyncResponse) Stop() { r.stop() }

func (s *stream) stop() {
	s.halt()
	s.cancel(ErrStopped)
}

func (s *stream) pause(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused != on && !(on && s.atEnd && s.err != nil) {
		s.paused = on
		close(s.turned)
		s.turned = make(chan struct{})
	}
}

// pausing says whether the response is paused; turned is closed when that changes.
func (s *stream) pausing() (paused bool, turned <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paused, s.turned
}

// want tells the goroutine that somebody waits for an event.
func (s *stream) want() {
	select {
	case s.wanted <- struct{}{}:
	default: // it knows, or reads ahead
	}
}

// due waits until the next event is to be read.
func (s *stream) due(ctx context.Context) error {
	for !s.granted {
		paused, turned := s.pausing()
		wanted := s.wanted
		switch {
		case paused:
			wanted = nil
		case wanted == nil:
			return nil
		}
		select {
		case <-wanted:
			s.granted = true
		case <-turned:
		case <-ctx.Done():
			return over(ctx)
		}
	}
	return nil
}

// give gives an event to who takes it.
func (s *stream) give(ctx context.Context, e Event, memory *buffer) error {
	e.Ref = s.ref
	select {
	case s.events <- event{e, memory}:
		s.granted = false
		return nil
	case <-ctx.Done():
		memory.free()
		return over(ctx)
	}
}

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
	runtime.AddCleanup(r, (*stream).stop, s)
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
	if head == nil && err == nil {
		head, told, err = j.head(ctx)
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
