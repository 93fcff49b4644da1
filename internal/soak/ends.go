package main

import (
	"context"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/hackney-go/hackney/hackney"
)

// pull takes the events of an asynchronous response, with pauses.
func pull(j *job) {
	j.o.Async, j.o.AsyncBuffer = true, j.dice.IntN(4)
	j.eachEvent(j.request(nil))
}

// eachEvent takes all events of a response, and judges what they tell.
func (j *job) eachEvent(cs hackney.ClientState, err error) {
	if err != nil {
		j.failed("request", cs, err)
		return
	}
	r, got := cs.Async(), answer{whole: true}
	for e, err := range r.Events() {
		if err != nil {
			j.failed("event", r.State(), err)
			return
		}
		got.take(e)
		j.pause(r)
	}
	j.judgeAnswer(got)
	j.close(r.State())
}

// pause has the response pause for a moment, now and then.
func (j *job) pause(r *hackney.AsyncResponse) {
	if j.dice.IntN(8) == 0 {
		r.Pause()
		go r.Resume()
	}
}

// take adds what an event tells.
func (a *answer) take(e hackney.Event) {
	switch e.Kind {
	case hackney.EventInterim:
		a.interim++
	case hackney.EventStatus:
		a.status = e.Status
	case hackney.EventHeaders:
		a.headers = e.Headers
	case hackney.EventChunk:
		a.body = append(a.body, e.Chunk...)
	}
}

// push has the events come through a channel.
func push(j *job) {
	j.o.Async = true
	cs, err := j.request(nil)
	if err != nil {
		j.failed("request", cs, err)
		return
	}
	r, got := cs.Async(), answer{whole: true}
	for e := range r.C() {
		if e.Kind == hackney.EventError {
			j.failed("event", r.State(), e.Err)
			return
		}
		got.take(e)
	}
	j.judgeAnswer(got)
	j.close(r.State())
}

// stop takes some events and then no more.
func stop(j *job) {
	j.o.Async, j.o.AsyncBuffer = true, j.dice.IntN(3)
	j.own |= stopped
	cs, err := j.request(nil)
	if err != nil {
		j.failed("request", cs, err)
		return
	}
	r := cs.Async()
	for range j.dice.IntN(5) {
		if _, err := r.Next(j.ctx); err != nil {
			break
		}
	}
	r.Stop()
	<-r.Done()
	j.close(r.State())
}

// cancelMidway cancels the context of a request at any moment.
func cancelMidway(j *job) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	j.ctx, j.own = ctx, j.own|cancelled
	time.AfterFunc(randomTime(j.dice), cancel)
	j.any()
}

// deadline has the context of a request end by itself.
func deadline(j *job) {
	ctx, cancel := context.WithTimeout(context.Background(), randomTime(j.dice))
	defer cancel()
	j.ctx, j.own = ctx, j.own|timeout|pooled
	j.any()
}

// any is one of the kinds that the context of a job makes a difference to.
func (j *job) any() {
	[]func(*job){get, session, upload, pieces, parts, pull, push}[j.dice.IntN(7)](j)
}

// randomTime is a time in which a request may be anywhere.
func randomTime(dice *rand.Rand) time.Duration {
	return time.Duration(dice.IntN(4000)) * time.Microsecond
}

// closeEarly closes a client whose body was read in part, or not at all.
func closeEarly(j *job) {
	cs, err := j.request(nil)
	if err != nil {
		j.failed("head", cs, err)
		return
	}
	var b []byte
	if j.dice.IntN(2) == 0 {
		if b, cs, err = hackney.BodyMax(j.ctx, cs, 10); err != nil {
			j.failed("body", cs, err)
			return
		}
	}
	j.judge(cs, b, false)
	j.close(cs)
	j.close(cs) // does nothing
}

// closedByAnother closes a client while its body is being read.
func closedByAnother(j *job) {
	j.own |= aborted | stale // the latter where the Close gave the connection back to its pool
	cs, err := j.request(nil)
	if err != nil {
		j.failed("head", cs, err)
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range j.ask.id % 5 {
			runtime.Gosched()
		}
		hackney.Close(cs)
	}()
	j.close(j.finish(cs, nil))
	<-done
}

// handOff gives a client to another goroutine, which alone can go on with it.
func handOff(j *job) {
	old, err := j.request(nil)
	if err != nil {
		j.failed("head", old, err)
		return
	}
	cs, err := hackney.Handoff(old)
	if err != nil {
		j.tally.unexpectedf("Handoff: %v", err)
		j.close(old)
		return
	}
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		j.close(j.finish(cs, nil))
	}()
	if old.ResponseState() == hackney.StateOnBody {
		j.mustBeStale(old)
	}
	<-taken
}

// forget drops a client in the middle, for the collector to find.
func forget(j *job) {
	j.o.Async = j.dice.IntN(3) == 0
	if cs, err := j.request(nil); err != nil {
		j.failed("head", cs, err)
	}
}

// intoDeadEnd makes a request that cannot succeed.
func intoDeadEnd(j *job) {
	i := j.dice.IntN(len(deadEnds))
	d, address := deadEnds[i], ""
	if j.ends[i] != nil {
		address = j.ends[i].addr()
	}
	url := withAddress(d.url, address)
	if url == "" {
		url = "http://" + j.plain.addr()
	}
	j.name, j.own = d.name, d.want
	j.tally.requests.Add(1)
	j.tally.fault(d.name)
	cs, err := hackney.Get(j.ctx, url+j.ask.target(), nil, nil, d.opts(j.soak, address))
	if err == nil {
		j.tally.wrongf("%s: an answer came: %d", j.name, cs.Status())
		j.close(cs)
		return
	}
	j.failed("request", cs, err)
}
