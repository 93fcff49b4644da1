package hackney

import (
	"context"
	"strings"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/transport"
)

// Req is a request on a client: what send_request/2 of hackney takes as a tuple.
type Req struct {
	Method  string           // "" is GET
	Path    string           // the request-target: "/path?query", "http://host/path" or, with OPTIONS, "*"; "" is "/"
	Headers *headers.Headers // nil is none
	Payload Payload          // nil is none

	// Raw, if not nil, is a whole request head that is sent as it is, without
	// any check, in place of Method, Path and Headers: for protocol tests.
	// The bytes of Payload go behind it unframed. The answer is read as that to
	// Method, or to the first word of Raw, and the connection is kept if that
	// allows it: whether the request was whole is the caller's to know.
	Raw []byte
}

// Request connects, sends a request and reads the head of the answer
// (hackney:request/5). The method "" is GET; nil headers, payload and opts mean none.
//
// It leads to on_body, or to done where the answer has no body, or to stream with
// the payload Stream. The URL must be http or https, without a scheme it is http;
// user info in it becomes Basic authentication and overrides the option.
// What is wrong with the arguments is an *ArgumentError, before dialing. With an
// error comes a state that is at least good for Close.
func Request(ctx context.Context, method, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	a, r := operation{op: OpSendRequest, cs: ClientState{opts: o}}, Req{Method: method, Headers: h, Payload: p}
	defer a.unwind()
	err := a.aimRaw(&r, rawURL)
	if err != nil {
		return a.cs, a.refuse(err)
	}
	err = a.send(ctx, &r)
	return a.cs, err
}

// RequestURL is Request with a parsed URL (hackney:request/5 with a #hackney_url{}).
func RequestURL(ctx context.Context, method string, u url.URL, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	a, r := operation{op: OpSendRequest, cs: ClientState{opts: o}}, Req{Method: method, Headers: h, Payload: p}
	defer a.unwind()
	err := a.aim(&r, &u)
	if err != nil {
		return a.cs, a.refuse(err)
	}
	err = a.send(ctx, &r)
	return a.cs, err
}

// aimRaw is aim for a URL that is not parsed yet.
func (a *operation) aimRaw(r *Req, rawURL string) error {
	u, err := url.Parse(rawURL)
	if err != nil {
		return &ArgumentError{What: "URL", Err: err}
	}
	return a.aim(r, &u)
}

// aim takes from a URL where the request goes, its target, and the credentials.
func (a *operation) aim(r *Req, u *url.URL) (err error) {
	o := a.cs.opts.orDefault()
	if err := o.check(); err != nil {
		return err
	}
	if a.to, err = placeOf(u); err != nil {
		return err
	}
	a.cs.auth = o.BasicAuth
	if u.User != "" || u.Password != "" {
		user, password, _ := u.Credentials()
		a.cs.auth = &BasicAuth{user, password}
		if err := a.cs.auth.check(); err != nil {
			return err
		}
	}
	r.Path = u.Target()
	if r.Method == "CONNECT" || !o.RawMethod && strings.EqualFold(r.Method, "CONNECT") {
		r.Path = u.HostPort()
	}
	return nil
}

// placeOf is where a URL leads.
func placeOf(u *url.URL) (place, error) {
	switch u.Transport {
	case url.TCP:
		return newPlace(transport.TCP, u.Host, u.Port)
	case url.SSL:
		return newPlace(transport.TLS, u.Host, u.Port)
	}
	return place{}, badArgument("URL", "unknown transport %.64q", shown(u.Transport))
}

// SendRequest sends a request on a client and reads the head of the answer
// (hackney:send_request/2). It is legal in start and done.
//
// A connection that is closed, or was found closed by the peer, is opened anew
// first, to the same place with the same options. A request that went out on a
// kept connection which then closed without one byte of an answer is sent once
// more by itself, if it is idempotent (or has an Idempotency-Key) and its payload
// can be sent again (RFC 9112, 9.3.1).
//
// It leads to on_body, or to done where the answer has no body, to switched after
// a 101 or a 2xx to CONNECT, to stream with the payload Stream. When reading the
// answer was interrupted the state is waiting, and StartResponse goes on. The
// payload's memory is the caller's again when SendRequest returns (with Opts.Async, when
// the response is Done).
func SendRequest(ctx context.Context, cs ClientState, r Req) (ClientState, error) {
	a := operation{op: OpSendRequest, cs: cs, from: cs.response}
	defer a.unwind()
	err := a.begin()
	if err == nil {
		err = a.send(ctx, &r)
	}
	return a.cs, err
}

// send is SendRequest with the turn in hand: the whole way down and up, and on to
// where the answer leads.
func (a *operation) send(ctx context.Context, r *Req) error {
	var p plan
	if err := p.prepare(r, a.cs.opts.orDefault()); err != nil {
		a.keepOrigin()
		return a.giveBack(err)
	}
	defer p.src.close()
	a.goHome()
	if a.cs.opts.orDefault().Async && !p.src.stream {
		return a.sendAsync(ctx, r, &p)
	}
	head, err := a.exchange(ctx, &p)
	if err != nil || head == nil || head.Status < 300 {
		return a.sent(&p, head, nil, err)
	}
	head, note, err := a.pursue(ctx, r, &p, head)
	return a.sent(&p, head, note, err)
}

// pursue goes on from an answer that asks for more: credentials for the proxy, or a
// request to somewhere else.
func (a *operation) pursue(ctx context.Context, r *Req, p *plan, head *http1.Head) (_ *http1.Head, note, err error) {
	if head, err = a.satisfyProxy(ctx, p, head); err != nil {
		return nil, nil, err
	}
	return a.follow(ctx, r, p, head)
}

// ended ends the operation in an answer of which note is to be said.
func (a *operation) ended(head *http1.Head, note error) error {
	a.answered(head)
	a.cs.maybe = note == errDecide
	if a.cs.maybe {
		note = nil
	}
	return a.commit(note)
}

// exchange sends the request and reads the final head of its answer, on a connection
// that it makes where there is none, and once more on another where that may help.
func (a *operation) exchange(ctx context.Context, p *plan) (head *http1.Head, err error) {
	if err := a.connectFor(ctx); err != nil {
		return nil, err
	}
	head, err = a.h.exchangeHeads(ctx, p, &a.cs)
	for err != nil && a.mayResend(p, err) { // a pool may have more that the peer has left
		if err := a.reconnect(ctx); err != nil {
			return nil, err
		}
		head, err = a.h.exchangeHeads(ctx, p, &a.cs)
	}
	return head, err
}

// connectFor makes sure that the operation has a connection that may carry a request.
func (a *operation) connectFor(ctx context.Context) error {
	if a.h != nil && a.h.work == nil { // behind another exchange of the operation: it may have just been closed
		a.h.use(a.cs.opts.orDefault())
		a.h.idleSince -= idleProbe
	}
	if a.h == nil || !a.h.stillGood() && !a.h.shutDown() { // else the write tells, and fail says ErrClosed
		return a.reconnect(ctx)
	}
	return nil
}

// reconnect opens a new connection to the same place. The old one, if any, is closed.
func (a *operation) reconnect(ctx context.Context) error {
	o := a.cs.opts.orDefault()
	if err := o.check(); err != nil {
		return err
	}
	to := &a.to
	if a.cs.link != nil {
		to = &a.cs.link.place
	}
	a.retire()
	a.h = nil
	c, err := open(ctx, to, o)
	if t := o.Trace; t != nil && a.op != OpConnect && a.op != OpReconnect {
		t(TraceEvent{Op: OpConnect, From: a.cs.response, To: StateStart, Err: err})
	}
	if err != nil {
		return err
	}
	a.cs.response = StateStart
	a.adopt(newHandle(c), to)
	return nil
}

// unconnected ends an operation that got no connection. The state is as good as before.
func (a *operation) unconnected(err error) error {
	a.keepOrigin()
	a.trace(err)
	return err
}

// keepOrigin writes where the client leads into a state that has no connection yet.
func (a *operation) keepOrigin() {
	if a.cs.link == nil {
		a.cs.link = &link{origin: a.to.origin()}
	}
}

// mayResend says whether a request may go out once more: after the loss of a kept
// connection, with not one byte of an answer, and only where it does no harm to
// send it twice.
func (a *operation) mayResend(p *plan, err error) bool {
	return (a.h.carried || a.h.rested) && a.h.exchange.received == 0 && !a.h.shutDown() &&
		!interrupted(err) && BlameOf(err) != BlameCaller && p.replayable()
}

// sent ends SendRequest, or what has sent another request; note is to be said of the answer.
func (a *operation) sent(p *plan, head *http1.Head, note, err error) error {
	switch {
	case err != nil && a.h == nil:
		return a.unconnected(err)
	case err != nil && a.untouched(err):
		if a.trail != nil {
			a.cs.trail = a.trail
		}
		return a.giveBack(err)
	case err != nil && a.hopped && (a.h.work == nil || !a.h.wrote) && !a.h.shutDown(): // between two exchanges
		return a.commit(err)
	}
	next := &a.cs
	a.note(p)
	switch {
	case err != nil && interrupted(err) && a.h.up.ended():
		next.response = StateWaiting // the request is out; reading the answer can go on
		return a.commit(err)
	case err != nil:
		return a.fail(err)
	case head == nil:
		next.response = StateStream
		return a.commit(nil)
	}
	return a.ended(head, note)
}

// note writes the facts of a request that was sent into the state.
func (a *operation) note(p *plan) {
	a.cs.method, a.cs.path = p.method, p.target
	a.cs.reused = a.h.carried
	a.cs.head, a.cs.extra, a.cs.maybe = nil, nil, false
	if p.src.boundary != "" {
		a.cs.extra = &extra{form: streamedForm{boundary: p.src.boundary}}
	}
	a.cs.body, a.cs.early, a.cs.kept = BodyWaiting, false, KeptUnknown
	a.cs.chunked, a.cs.expect = p.framing == byChunks, p.expect
}

// answered enters the state behind a final head.
func (a *operation) answered(head *http1.Head) {
	a.cs.head = head
	a.cs.extra = a.h.takeExtra(a.cs.form())
	switch {
	case head.Framing == http1.Switched:
		a.cs.response, a.cs.body = StateSwitched, BodyDone
	case a.h.dec.Done():
		a.finish()
	default:
		a.cs.response = StateOnBody
	}
}

// takeExtra gives the interim responses so far as facts of a state.
func (h *handle) takeExtra(form streamedForm) *extra {
	if h.exchange.extra.interim == nil && form.boundary == "" {
		return nil
	}
	return &extra{interim: h.exchange.extra.interim, form: streamedForm{boundary: form.boundary}}
}

// exchangeHeads sends a request, its body too, and reads the final head of the
// answer: the whole way down and up. With the payload Stream it stops behind the
// head of the request, and the head of the answer is nil.
func (h *handle) exchangeHeads(ctx context.Context, p *plan, cs *ClientState) (*http1.Head, error) {
	early, err := h.putRequest(ctx, p, cs)
	if early != nil || err != nil || p.src.stream {
		return early, err
	}
	h.giveWay()
	head, err := h.readHead(ctx, opReadHead, nil)
	answersIn.Add(1)
	return head, err
}

// putRequest sends a request, its body too. early is a final head that came before
// that was done.
func (h *handle) putRequest(ctx context.Context, p *plan, cs *ClientState) (early *http1.Head, err error) {
	h.startExchange(p)
	early, err = h.sendRequest(ctx, p, cs)
	if err != nil {
		if early = h.answerBehind(ctx, err); early == nil {
			return nil, err
		}
	}
	if early == nil && !p.src.stream {
		early = h.exchange.early // it did not end the request, which is whole now
	}
	return early, nil
}

// startExchange makes the handle ready for a request and its response.
func (h *handle) startExchange(p *plan) {
	o := h.opts
	h.exchange = exchange{maxBody: o.MaxBody, persist: !p.close, request: requestKept{p.raw, p.headers, p.src.none}}
	if h.exchange.maxBody <= 0 {
		h.exchange.maxBody = -1
	}
	h.dec = http1.NewDecoder(p.method, o.limits())
	h.up = upload{framing: p.framing, left: p.length, expect: p.expect, whole: !p.src.stream}
}
