package hackney

import (
	"context"
	"io"

	"github.com/hackney-go/hackney/internal/http1"
)

// StartResponse reads the head of the answer (hackney:start_response/1). It is
// legal in stream and waiting; a request body that was not ended is ended first.
// 1xx responses are passed over and kept in Interim.
//
// It leads to on_body, to done where the answer has no body, or to switched. When
// it was interrupted, by RecvTimeout or ctx, the state is waiting and StartResponse
// can be called again: nothing is lost.
func StartResponse(ctx context.Context, cs ClientState) (ClientState, error) {
	a := operation{op: OpStartResponse, cs: cs, from: cs.response}
	defer a.unwind()
	err := a.begin()
	if err == nil {
		err = a.startResponse(ctx)
	}
	return a.cs, err
}

func (a *operation) startResponse(ctx context.Context) error {
	head, err := a.endRequest(ctx)
	if err == nil && a.cs.opts.orDefault().Async {
		return a.awaitAsync(ctx, head)
	}
	if err == nil && head == nil {
		head, err = a.h.readHead(ctx, opReadHead, nil)
	}
	if err != nil {
		return a.stillWaiting(err)
	}
	a.cs.early = false
	if head.Status >= 300 {
		return a.pursueStreamed(ctx, head)
	}
	a.answered(head)
	return a.commit(nil)
}

// pursueStreamed goes on from an answer to a request whose body is out, and cannot be
// sent again.
func (a *operation) pursueStreamed(ctx context.Context, head *http1.Head) error {
	r, p, err := a.sentRequest()
	if err != nil {
		return a.fail(err)
	}
	defer p.src.close()
	last, note, err := a.pursue(ctx, &r, &p, head)
	if err == nil && last == head {
		return a.ended(head, note)
	}
	return a.sent(&p, last, note, err)
}

// sentRequest is what is still known of a request that is out.
func (a *operation) sentRequest() (r Req, p plan, err error) {
	sent := a.h.exchange.request
	r = Req{Method: a.cs.method, Path: a.cs.path, Headers: sent.headers, Raw: sent.raw}
	err = p.prepare(&r, a.cs.opts.orDefault())
	p.src.replays = sent.bare
	return r, p, err
}

// endRequest ends the request body where that was not done, and gives a final
// head that came early.
func (a *operation) endRequest(ctx context.Context) (*http1.Head, error) {
	h := a.h
	if early, err := h.awaitContinue(ctx); early != nil || err != nil {
		return early, err
	}
	if h.exchange.early != nil {
		return h.exchange.early, nil
	}
	early, err := a.closeForm(ctx)
	if early != nil {
		return early, nil
	}
	if err == nil {
		err = h.endBody(ctx)
	}
	if err == nil {
		return nil, nil
	}
	if early := h.answerBehind(ctx, err); early != nil {
		return early, nil
	}
	return nil, err
}

// stillWaiting ends an operation that waited for the answer: an interruption
// loses nothing. Where it has ended the request body, the state is waiting.
func (a *operation) stillWaiting(err error) error {
	switch {
	case !interrupted(err), a.h.wrote && !a.h.up.ended():
		return a.fail(err)
	case (a.cs.response == StateStream || a.cs.open) && a.h.up.ended():
		a.cs.response = StateWaiting
		return a.commit(err)
	}
	return a.giveBack(err)
}

// StreamStatus reads the status line of the answer and no more: the finest step.
// It is legal in stream and waiting, and ends a request body that was not ended.
// It leads to on_status; Status, Reason and Version are known there. 1xx responses
// are passed over and kept in Interim.
func StreamStatus(ctx context.Context, cs ClientState) (ClientState, error) {
	a := operation{op: OpStreamStatus, cs: cs, from: cs.response}
	defer a.unwind()
	err := a.begin()
	if err == nil {
		err = a.streamStatus(ctx)
	}
	return a.cs, err
}

func (a *operation) streamStatus(ctx context.Context) error {
	head, err := a.endRequest(ctx)
	if err == nil && head == nil {
		head, err = a.h.readStatus(ctx)
	}
	if err != nil {
		return a.stillWaiting(err)
	}
	a.cs.early = false
	a.cs.head, a.cs.extra = withoutFields(head), a.h.takeExtra(a.cs.form())
	a.cs.response = StateOnStatus
	return a.commit(nil)
}

// withoutFields is what the status line alone tells of a head.
func withoutFields(head *http1.Head) *http1.Head {
	return &http1.Head{Status: head.Status, Reason: head.Reason, Minor: head.Minor, Length: -1}
}

// readStatus reads the status line of the final response.
func (h *handle) readStatus(ctx context.Context) (*http1.Head, error) {
	var ev http1.Event
	for {
		err := h.step(ctx, opReadHead, h.lineOrRest(), &ev)
		switch {
		case err != nil:
			return nil, err
		case ev.Kind == http1.Interim:
			h.keepInterim(ev.Head)
		case ev.Kind == http1.StatusLine && (ev.Head.Status >= 200 || ev.Head.Status == 101):
			return ev.Head, nil
		case ev.Kind == http1.StatusLine:
			h.exchange.interimReason = ev.Head.Reason
		}
	}
}

// lineOrRest reads a line where a head begins, and the rest of an interim head.
func (h *handle) lineOrRest() stride {
	if h.dec.InHead() {
		return wholeHead
	}
	return oneLine
}

// StreamHeader reads one field line of the answer's head (stream_header of
// hackney_response). It is legal in on_status and on_header. When there are no
// more it gives io.EOF, and the state is on_body, done or switched, with all
// fields in Headers. The strings are the caller's.
func StreamHeader(ctx context.Context, cs ClientState) (name, value string, next ClientState, err error) {
	a := operation{op: OpStreamHeader, cs: cs, from: cs.response}
	defer a.unwind()
	if err := a.begin(); err != nil {
		return "", "", cs, err
	}
	ev, err := a.nextField(ctx)
	if err != nil {
		err = a.broken(err)
		return "", "", a.cs, err
	}
	if ev.Kind == http1.FieldLine {
		a.cs.extra = a.cs.extra.withPartial(ev.Name, ev.Value)
		a.cs.response = StateOnHeader
		err = a.commit(nil)
		return ev.Name, ev.Value, a.cs, err
	}
	a.headEnded(ev.Head)
	a.commit(nil)
	return "", "", a.cs, io.EOF
}

// nextField reads a field line or the end of the section. Of a head that came
// early, and is read already, it gives the fields one by one.
func (a *operation) nextField(ctx context.Context) (ev http1.Event, err error) {
	x := &a.h.exchange
	if x.early == nil {
		err = a.h.step(ctx, opReadHead, oneLine, &ev)
		return ev, err
	}
	s, i := x.early.Headers.Section(), x.earlyLine
	if i == s.Len() {
		return http1.Event{Kind: http1.FieldsEnd, Head: x.early}, nil
	}
	x.earlyLine++
	return http1.Event{Kind: http1.FieldLine, Name: s.Name(i), Value: s.Value(i)}, nil
}

// headEnded enters the state behind a head that was read line by line.
func (a *operation) headEnded(end *http1.Head) {
	head := *end
	head.Status, head.Reason = a.cs.head.Status, a.cs.head.Reason
	if fields := a.cs.partialHeaders(); fields != nil {
		head.Headers = *fields
	}
	a.answered(&head)
}

// StreamHeaders reads all fields that are left of the answer's head. It is legal
// in on_status and on_header and leads to on_body, done or switched; Headers has
// all fields, those that StreamHeader read before too.
func StreamHeaders(ctx context.Context, cs ClientState) (ClientState, error) {
	a := operation{op: OpStreamHeaders, cs: cs, from: cs.response}
	defer a.unwind()
	err := a.begin()
	if err == nil {
		err = a.streamHeaders(ctx)
	}
	return a.cs, err
}

func (a *operation) streamHeaders(ctx context.Context) error {
	given := a.cs.extra
	for {
		ev, err := a.nextField(ctx)
		switch {
		case err != nil && a.cs.extra != given && interrupted(err): // the fields read so far are kept
			a.cs.response = StateOnHeader
			return a.commit(err)
		case err != nil:
			return a.broken(err)
		case ev.Kind == http1.FieldsEnd:
			a.headEnded(ev.Head)
			return a.commit(nil)
		}
		a.cs.extra = a.cs.extra.withPartial(ev.Name, ev.Value)
	}
}

// withPartial is x with one more field read by StreamHeader.
func (x *extra) withPartial(name, value string) *extra {
	y := extra{}
	if x != nil {
		y = *x
	}
	y.partial = &partial{before: y.partial, name: name, value: value}
	return &y
}
