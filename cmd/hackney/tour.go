package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/testserver"
)

// sections are the stations of the demo.
var sections = []struct {
	title string
	show  func(*demo)
}{
	{"A request", plainRequest},
	{"A request body, streamed", streamedRequest},
	{"A response body, streamed", streamedResponse},
	{"An asynchronous response, paused and resumed", asynchronous},
	{"Two requests, one connection", keptConnection},
	{"Requests through a pool", pooled},
	{"Expect: 100-continue, and the body is wanted", expected},
	{"Expect: 100-continue, and the body is not wanted", unexpected},
	{"TLS, verified", verifiedTLS},
	{"A step that is not legal is refused, and changes nothing", illegalStep},
	{"A state that was used already is refused", staleState},
}

func plainRequest(d *demo) {
	cs, err := hackney.Get(d.ctx, d.plain.URL()+"/bytes/1000", nil, nil, nil)
	d.step("Get /bytes/1000", cs, err, "%d %s, Content-Length %d", cs.Status(), cs.Reason(), cs.ContentLength())
	d.state(cs, hackney.StateOnBody)
	d.answer(cs, 200)

	body, cs, err := hackney.Body(d.ctx, cs)
	d.step("Body", cs, err, "%d bytes", len(body))
	d.state(cs, hackney.StateDone)
	want, _ := io.ReadAll(testserver.NewContent(1000))
	d.text("the body", string(body), string(want))
	d.close(cs)
}

func streamedRequest(d *demo) {
	cs, err := hackney.Post(d.ctx, d.plain.URL()+"/echo", nil, hackney.Stream, nil)
	d.step("Post /echo with Stream", cs, err, "the head is out")
	d.state(cs, hackney.StateStream)

	pieces := []string{"one, ", "two, ", strings.Repeat("three ", 1000)}
	for _, piece := range pieces {
		cs, err = hackney.StreamRequestBody(d.ctx, cs, hackney.Text(piece))
		d.step("StreamRequestBody", cs, err, "%d bytes are out", len(piece))
		d.state(cs, hackney.StateStream)
	}
	cs, err = hackney.EndStreamRequestBody(d.ctx, cs)
	d.step("EndStreamRequestBody", cs, err, "the last chunk is out")
	d.state(cs, hackney.StateWaiting)

	cs, err = hackney.StartResponse(d.ctx, cs)
	d.step("StartResponse", cs, err, "%d %s", cs.Status(), cs.Reason())
	d.answer(cs, 200)
	d.text("the framing of the request", cs.Headers().Get("X-Request-Framing"), "chunked")
	d.echoed(cs, strings.Join(pieces, ""))
}

// echoed reads the body of an answer from /echo and ends the section.
func (d *demo) echoed(cs hackney.ClientState, want string) {
	d.state(cs, hackney.StateOnBody)
	body, cs, err := hackney.Body(d.ctx, cs)
	d.step("Body", cs, err, "%d bytes, what was sent", len(body))
	d.state(cs, hackney.StateDone)
	d.text("the body", string(body), want)
	d.close(cs)
}

func streamedResponse(d *demo) {
	cs, err := hackney.Get(d.ctx, d.plain.URL()+"/chunks?n=3&size=5&delay=20ms", nil, nil, nil)
	d.step("Get /chunks?n=3&size=5&delay=20ms", cs, err, "%d %s", cs.Status(), cs.Reason())
	d.state(cs, hackney.StateOnBody)

	var all strings.Builder
	for err == nil {
		var piece []byte
		piece, cs, err = hackney.StreamBody(d.ctx, cs)
		all.Write(piece)
		if err == nil {
			d.step("StreamBody", cs, err, "%q", piece)
		}
	}
	d.line("StreamBody", cs, err.Error())
	d.check(err == io.EOF, "the body ended with %v", err)
	d.state(cs, hackney.StateDone)
	d.text("the body", all.String(), "aaaaabbbbbccccc")
	d.close(cs)
}

func asynchronous(d *demo) {
	cs, err := hackney.Get(d.ctx, d.plain.URL()+"/chunks?n=3&size=5", nil, nil, &hackney.Opts{Async: true})
	d.step("Get /chunks?n=3&size=5 with Async", cs, err, "the request is out")
	d.state(cs, hackney.StateAsync)
	r := cs.Async()
	if r == nil {
		return
	}
	d.event(r, "status 200 OK")
	d.event(r, "headers")
	d.event(r, "chunk aaaaa")

	r.Pause()
	d.line("Pause", cs, "")
	short, cancel := context.WithTimeout(d.ctx, 20*time.Millisecond)
	defer cancel()
	_, err = r.Next(short)
	d.fails("Next, for 20 ms", cs, err, errors.Is(err, context.DeadlineExceeded))
	r.Resume()
	d.line("Resume", cs, "")

	d.event(r, "chunk bbbbb")
	d.event(r, "chunk ccccc")
	d.event(r, "done")
	cs = r.State()
	d.line("State", cs, cs.Kept().String())
	d.state(cs, hackney.StateDone)
	d.close(cs)
}

// event takes the next event of a response, which must be that one.
func (d *demo) event(r *hackney.AsyncResponse, want string) {
	e, err := r.Next(d.ctx)
	got := e.Kind.String()
	switch e.Kind {
	case hackney.EventStatus:
		got = fmt.Sprintf("%v %d %s", e.Kind, e.Status, e.Reason)
	case hackney.EventChunk:
		got = fmt.Sprintf("%v %s", e.Kind, e.Chunk)
	}
	d.step("Next", r.State(), err, "%s", got)
	d.text("the event", got, want)
}

func keptConnection(d *demo) {
	cs, err := hackney.Get(d.ctx, d.plain.URL()+"/bytes/10", nil, nil, nil)
	d.step("Get /bytes/10", cs, err, "%d %s", cs.Status(), cs.Reason())
	d.check(!cs.Reused(), "the first request is said to be on a kept connection")
	before := cs.LocalAddr()

	cs, err = hackney.SkipBody(d.ctx, cs)
	d.step("SkipBody", cs, err, "%v", cs.ConnectionState())
	d.state(cs, hackney.StateDone)

	cs, err = hackney.SendRequest(d.ctx, cs, hackney.Req{Path: "/bytes/20"})
	d.step("SendRequest /bytes/20", cs, err, "%d %s, reused: %v", cs.Status(), cs.Reason(), cs.Reused())
	d.check(cs.Reused() && cs.LocalAddr() == before, "the connection was not used again")

	body, cs, err := hackney.Body(d.ctx, cs)
	d.step("Body", cs, err, "%d bytes", len(body))
	d.check(len(body) == 20, "the body has %d bytes, want 20", len(body))
	d.close(cs)
}

var expect = headers.New("Expect", "100-continue")

func expected(d *demo) {
	cs, err := hackney.Post(d.ctx, d.plain.URL()+"/echo", expect, hackney.Text("hello"), nil)
	d.step("Post /echo with Expect", cs, err, "100s: %d, then %d %s", len(cs.Interim()), cs.Status(), cs.Reason())
	interim := cs.Interim()
	d.check(len(interim) == 1 && interim[0].Status == 100, "the interim responses are %v", interim)
	d.text("the Expect that the server saw", cs.Headers().Get("X-Expect"), "100-continue")
	d.answer(cs, 200)
	d.echoed(cs, "hello")
}

func unexpected(d *demo) {
	cs, err := hackney.Post(d.ctx, d.plain.URL()+"/early", expect, hackney.Stream, nil)
	d.step("Post /early with Expect and Stream", cs, err, "the head is out")
	d.state(cs, hackney.StateStream)

	cs, err = hackney.StreamRequestBody(d.ctx, cs, hackney.Text("too much"))
	d.fails("StreamRequestBody", cs, err, errors.Is(err, hackney.ErrResponseReady))
	d.state(cs, hackney.StateWaiting)

	cs, err = hackney.StartResponse(d.ctx, cs)
	d.step("StartResponse", cs, err, "%d %s", cs.Status(), cs.Reason())
	d.answer(cs, 413)
	d.close(cs)
}

func verifiedTLS(d *demo) {
	trusting := &hackney.Opts{TLS: &tls.Config{RootCAs: d.secure.CertPool()}}
	cs, err := hackney.Get(d.ctx, d.secure.URL()+"/bytes/10", nil, nil, trusting)
	if facts := cs.TLS(); facts != nil {
		d.step("Get /bytes/10 by https", cs, err, "%d %s over %s", cs.Status(), cs.Reason(), tls.VersionName(facts.Version))
		d.check(len(facts.VerifiedChains) > 0, "the certificate was not verified")
	}
	d.check(cs.TLS() != nil, "Get by https: no TLS, error %v", err)
	body, cs, err := hackney.Body(d.ctx, cs)
	d.step("Body", cs, err, "%d bytes", len(body))
	d.close(cs)

	cs, err = hackney.Get(d.ctx, d.secure.URL()+"/bytes/10", nil, nil, nil)
	var unknown *tls.CertificateVerificationError
	d.fails("Get, not trusting its certificate", cs, err, errors.As(err, &unknown))
	d.check(hackney.BlameOf(err) == hackney.BlameNetwork, "blame is %v", hackney.BlameOf(err))
	d.close(cs)
}

func illegalStep(d *demo) {
	cs, err := hackney.Get(d.ctx, d.plain.URL()+"/bytes/1000", nil, nil, nil)
	d.step("Get /bytes/1000", cs, err, "%d %s", cs.Status(), cs.Reason())

	cs, err = hackney.SendRequest(d.ctx, cs, hackney.Req{Path: "/bytes/20"})
	d.fails("SendRequest", cs, err, errors.Is(err, hackney.ErrInvalidState))
	d.state(cs, hackney.StateOnBody)

	body, cs, err := hackney.Body(d.ctx, cs)
	d.step("Body, with the same state", cs, err, "%d bytes", len(body))
	d.check(len(body) == 1000, "the body has %d bytes, want 1000", len(body))
	d.close(cs)
}

func staleState(d *demo) {
	old, err := hackney.Get(d.ctx, d.plain.URL()+"/bytes/1000", nil, nil, nil)
	d.step("Get /bytes/1000", old, err, "%d %s; the state is kept as old", old.Status(), old.Reason())

	body, cs, err := hackney.Body(d.ctx, old)
	d.step("Body(old)", cs, err, "%d bytes", len(body))

	_, same, err := hackney.Body(d.ctx, old)
	d.fails("Body(old)", same, err, errors.Is(err, hackney.ErrStale))

	cs, err = hackney.SendRequest(d.ctx, cs, hackney.Req{Path: "/bytes/20"})
	d.step("SendRequest, with the present state", cs, err, "%d %s, reused: %v", cs.Status(), cs.Reason(), cs.Reused())
	d.check(cs.Reused(), "the stale state did harm to the connection")
	d.close(cs)
}

func pooled(d *demo) {
	p := pool.New(pool.Opts{MaxPerHost: 1})
	defer p.Close()
	for i := range 2 {
		cs, err := hackney.Get(d.ctx, d.plain.URL()+"/bytes/10", nil, nil, &hackney.Opts{Pool: p})
		d.step("Get /bytes/10", cs, err, "reused: %v", cs.Reused())
		d.text("whether the connection is reused", fmt.Sprint(cs.Reused()), fmt.Sprint(i > 0))
		cs, err = hackney.SkipBody(d.ctx, cs)
		d.step("SkipBody", cs, err, "the connection is %v", cs.Kept())
		d.text("what became of the connection", cs.Kept().String(), hackney.KeptInPool.String())
	}
	s := p.Stats()
	d.text("the pool", fmt.Sprintf("opened %d, reused %d, idle %d", s.Opened, s.Reused, s.Idle), "opened 1, reused 1, idle 1")
}
