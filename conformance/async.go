package conformance

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/golden"
)

// The commands for responses that are read in the background.

// refUsage is what may stand behind the commands that 0.6.0 had for a reference.
const refUsage = "[" + unknownRef + "]"

// unknownRef is the word for a reference that no response has.
const unknownRef = "unknown"

// asyncOperations are those commands, by name.
var asyncOperations = map[string]operation{
	"next":          {nil, "[KIND]", true, nextEvent},
	"events":        {nil, "", false, allEvents},
	"pause-stream":  {nil, refUsage, false, toStream((*hackney.AsyncResponse).Pause)},
	"resume-stream": {nil, refUsage, false, toStream((*hackney.AsyncResponse).Resume)},
	"stop-stream":   {nil, refUsage, false, toStream((*hackney.AsyncResponse).Stop)},
	"find-stream":   {nil, refUsage, false, findStream},
	"wait-done":     {nil, "", false, waitDone},
}

// streamed is an asynchronous response and the events that were taken from it.
type streamed struct {
	response *hackney.AsyncResponse
	events   golden.Events
}

// close ends the response, and waits for that: its connection is closed then.
func (st *streamed) close() {
	st.response.Stop()
	<-st.response.Done()
	hackney.Close(st.response.State())
}

// response is that of the present state or, where that has none, the last one.
func (s *session) response() (*hackney.AsyncResponse, error) {
	if r := s.cs.Async(); r != nil {
		s.stream = s.streamOf(r)
	}
	if s.stream == nil {
		return nil, usagef("there is no asynchronous response: it needs opts async, and a request")
	}
	return s.stream.response, nil
}

func (s *session) streamOf(r *hackney.AsyncResponse) *streamed {
	i := slices.IndexFunc(s.streams, func(st *streamed) bool { return st.response == r })
	if i < 0 {
		i = len(s.streams)
		s.streams = append(s.streams, &streamed{response: r})
	}
	return s.streams[i]
}

// takeOver makes the state behind a response the present one, once it has ended.
func (s *session) takeOver(r *hackney.AsyncResponse) {
	if s.cs.Async() == r {
		s.cs = r.State()
	}
}

var eventKinds = func() (words []string) {
	for kind := hackney.EventInterim; kind <= hackney.EventError; kind++ {
		words = append(words, kind.String())
	}
	return words
}()

// nextEvent takes one event, of that kind if one is given.
func nextEvent(s *session, args []string) (result, error) {
	r, err := s.response()
	if err != nil {
		return result{}, err
	}
	if len(args) > 1 || len(args) == 1 && !slices.Contains(eventKinds, args[0]) {
		return result{}, usagef("want next, and maybe one of %s", strings.Join(eventKinds, " "))
	}
	e, err := r.Next(s.context())
	if err != nil && e.Kind != hackney.EventError { // no event
		return result{}, err
	}
	res := s.took(r, e)
	if len(args) == 1 && e.Kind.String() != args[0] {
		return result{}, usagef("the event is %s, want one of the kind %s%s", e.Kind, args[0], because(err))
	}
	return res, err
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprintf(" (%v)", err)
}

// allEvents takes all events up to the last one. Their pieces are its data.
func allEvents(s *session, args []string) (res result, err error) {
	r, err := s.response()
	if err == nil {
		err = noMore(args)
	}
	if err != nil {
		return result{}, err
	}
	var lines golden.Events
	all := result{outcome: gaveEvents, silent: true}
	for err == nil {
		var e hackney.Event
		e, err = r.Next(s.context())
		if err != nil && e.Kind != hackney.EventError {
			break
		}
		one := s.took(r, e)
		addEvent(&lines, e, false)
		if e.Kind == hackney.EventChunk {
			all.data = append(all.data, one.data...)
		}
	}
	if err == io.EOF {
		err = nil
	}
	all.lines = lines.Lines()
	return all, err
}

// took notes an event, and takes over the state behind the last one. The error of an
// event has its own line in a log.
func (s *session) took(r *hackney.AsyncResponse, e hackney.Event) result {
	addEvent(&s.stream.events, e, true)
	var line golden.Events
	addEvent(&line, e, false)
	res := result{outcome: gaveEvents, lines: line.Lines(), silent: true}
	switch e.Kind {
	case hackney.EventInterim, hackney.EventStatus:
		res.data = fmt.Appendf(nil, "%d %s", e.Status, e.Reason)
	case hackney.EventHeaders:
		res.fields = list(e.Headers)
		res.data = []byte(fieldLines(res.fields))
	case hackney.EventChunk:
		res.data = append(res.data, e.Chunk...)
	case hackney.EventDone, hackney.EventError:
		s.takeOver(r)
	}
	return res
}

// addEvent writes an event into a list.
func addEvent(to *golden.Events, e hackney.Event, failures bool) {
	switch e.Kind {
	case hackney.EventInterim:
		to.Head(e.Kind.String(), e.Status, e.Reason)
		to.Fields(list(e.Headers))
	case hackney.EventStatus:
		to.Head(e.Kind.String(), e.Status, e.Reason)
	case hackney.EventHeaders:
		to.Note(e.Kind.String())
		to.Fields(list(e.Headers))
	case hackney.EventChunk:
		to.Chunk(e.Chunk)
	case hackney.EventError:
		if failures {
			to.Error(errorKind(e.Err), partial(e.Err))
		}
	default:
		to.Note(e.Kind.String())
	}
}

// toStream does something with the response. With the reference of none it finds none.
func toStream(do func(*hackney.AsyncResponse)) func(*session, []string) (result, error) {
	return func(s *session, args []string) (result, error) {
		if slices.Equal(args, []string{unknownRef}) {
			return findStream(s, args)
		}
		r, err := s.response()
		if err == nil {
			err = noMore(args)
		}
		if err != nil {
			return result{}, err
		}
		do(r)
		return gaveLines([]string{"ok"}), nil
	}
}

// findStream looks for the response by its reference.
func findStream(s *session, args []string) (result, error) {
	var ref uint64 // that of none
	if !slices.Equal(args, []string{unknownRef}) {
		r, err := s.response()
		if err == nil {
			err = noMore(args)
		}
		if err != nil {
			return result{}, err
		}
		ref = r.Ref()
	}
	if _, found := hackney.FindStream(ref); !found {
		return gaveLines([]string{"undefined"}), nil
	}
	return gaveLines([]string{"found"}), nil
}

// waitDone waits until the response has ended, whoever takes its events.
func waitDone(s *session, args []string) (result, error) {
	r, err := s.response()
	if err == nil {
		err = noMore(args)
	}
	if err != nil {
		return result{}, err
	}
	select {
	case <-r.Done():
		s.takeOver(r)
		return result{}, nil
	case <-s.context().Done():
		return result{}, s.context().Err()
	}
}

// wantEvents compares all events that were taken from the response so far.
func wantEvents(s *session, args []string) error {
	if _, err := s.response(); err != nil {
		return err
	}
	return section(func(s *session) string {
		return strings.Join(append(s.stream.events.Lines(), ""), "\n")
	})(s, args)
}

// asyncWords are the words of opts for responses that are read in the background.
func asyncWords(o *hackney.Opts) (words []string) {
	if o.Async {
		words = append(words, "async")
	}
	if o.Async && o.AsyncBuffer > 0 {
		words = append(words, fmt.Sprintf("async-buffer=%d", o.AsyncBuffer))
	}
	return words
}
