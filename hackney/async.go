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
	ref       uint64
	cancel    context.CancelCauseFunc
	halt      func()          // closes halted, once
	halted    chan struct{}   // Stop was called
	wanted    chan struct{}   // somebody waits for an event; nil where events are read ahead
	events    chan event      // closed behind the last
	done      chan struct{}   // closed when the response has ended
	cut       chan struct{}   // closed before that where its context has ended it
	final     ClientState     // once it has
	forgotten runtime.Cleanup // stops it when nobody has it any more
	err       error           // why it ended early

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
