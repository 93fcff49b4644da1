package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hackney-go/hackney/hackney"
)

// eventPrinter prints the events of an asynchronous response.
type eventPrinter struct {
	*exchange
	out  *output
	w    io.Writer // of the events
	body io.Writer // of the pieces; nil: they are in the events, or only counted there
}

// events prints the events of the answer as they come. Whatever ends that, the
// answer has ended behind it.
func (x *exchange) events(out *output) error {
	p := &eventPrinter{exchange: x, out: out, w: x.app.stdout}
	switch {
	case out.file != nil:
		p.body = out.writer()
	case x.flags.Output != "" && !x.flags.JSON: // -o -
		p.w, p.body = x.app.stderr, out.writer()
	}
	r := x.cs.Async()
	defer func() {
		r.Stop()
		<-r.Done()
		x.cs = r.State()
	}()
	for e, ended := range r.Events() {
		if err := errors.Join(ended, p.take(e)); err != nil {
			return err
		}
	}
	x.sayRedirects()
	if x.cs.ResponseState() == hackney.StateSwitched {
		return x.saySwitched()
	}
	return nil
}

// take prints an event, and puts its piece where pieces go.
func (p *eventPrinter) take(e hackney.Event) error {
	switch {
	case e.Kind == hackney.EventStatus:
		if err := p.out.begin(); err != nil {
			return err
		}
	case e.Kind == hackney.EventChunk && p.body != nil:
		if _, err := p.body.Write(e.Chunk); err != nil {
			return err
		}
	case e.Kind == hackney.EventDone:
		p.cs = p.cs.Async().State()
	}
	if p.flags.JSON {
		return p.object(e)
	}
	return p.text(e)
}

// text prints an event as a line, with its fields below.
func (p *eventPrinter) text(e hackney.Event) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d %v", e.Ref, e.Kind)
	fields := e.Headers
	switch e.Kind {
	case hackney.EventInterim, hackney.EventStatus:
		fmt.Fprintf(&b, " %d %s", e.Status, e.Reason)
	case hackney.EventChunk:
		fmt.Fprintf(&b, " %d bytes", len(e.Chunk))
	case hackney.EventError:
		fmt.Fprintf(&b, " %s", oneLine(e.Err))
	case hackney.EventDone:
		fields = p.cs.Trailers()
	}
	b.WriteByte('\n')
	printFields(&b, "    ", fields)
	_, err := p.w.Write(b.Bytes())
	return err
}

// message is the object that --json prints of an event.
type message struct {
	Ref     uint64      `json:"ref"` // 0 where it did not come to a response
	Event   string      `json:"event"`
	Status  int         `json:"status,omitzero"`
	Reason  *string     `json:"reason,omitzero"`
	Headers [][2]string `json:"headers,omitzero"`
	Size    int         `json:"size,omitzero"` // of a piece
	Body    []byte      `json:"body,omitzero"` // base64; not there when it is in a file

	// Of the end.
	Trailers  [][2]string `json:"trailers,omitzero"`
	Redirects []redirect  `json:"redirects,omitzero"`
	State     string      `json:"state,omitzero"`
	Kept      *string     `json:"kept,omitzero"`
	Error     *fault      `json:"error,omitzero"`
}

func (p *eventPrinter) object(e hackney.Event) error {
	m := message{Ref: e.Ref, Event: e.Kind.String(), Status: e.Status, Size: len(e.Chunk)}
	if e.Status != 0 {
		reason := text(e.Reason)
		m.Reason = &reason
	}
	if e.Headers != nil {
		m.Headers = pairs(e.Headers)
	}
	switch {
	case e.Kind == hackney.EventDone:
		kept := p.cs.Kept().String()
		m.Trailers, m.Redirects, m.State, m.Kept = pairs(p.cs.Trailers()), redirectsOf(p.cs), p.cs.String(), &kept
	case e.Kind == hackney.EventError:
		m.Error = faultOf(&stepError{"Events", e.Err})
	case p.body == nil:
		m.Body = e.Chunk
	}
	return encode(p.w, m)
}

// noAnswer prints the one event of a request that failed, where events are objects.
func (x *exchange) noAnswer(err error) error {
	if !x.flags.Async || !x.flags.JSON {
		return err
	}
	m := message{Event: hackney.EventError.String(), Error: faultOf(err)}
	return errors.Join(err, encode(x.app.stdout, m))
}

// forTwo is the app with an stderr on which steps can be told in the background, too.
func (a *app) forTwo() *app {
	two := *a
	two.stderr = &lockedWriter{w: a.stderr}
	return &two
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
