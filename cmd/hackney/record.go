package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sync/atomic"

	"github.com/hackney-go/hackney/conformance"
	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
)

// recordCommand writes an exchange as a script.
type recordCommand struct {
	URL         string   `arg:"" help:"The URL; without a scheme it is http."`
	Method      string   `short:"X" placeholder:"METHOD" help:"The method (GET, or POST with a body); upper-cased unless --raw-method is given."`
	RedactField []string `sep:"none" placeholder:"NAME" help:"Replace the value of this field. May be given again."`
	Redact      []string `sep:"none" placeholder:"REGEXP" help:"Replace what this matches, or its groups. May be given again."`
	Flags       flags    `embed:"" set:"what=script"`
}

func (recordCommand) Help() string {
	return "Sends the request, reads the whole answer, and writes a golden script that sends the same bytes again to a server " +
		"that answers with the same bytes; hackney drive runs it, without a network. An exchange that fails is recorded as far as it came. " +
		"Authorization, cookies, and fields and parameters whose names tell of keys, tokens and passwords become xxxx."
}

// Validate refuses what shows an answer: record shows none. Nor has a script proxies.
func (c *recordCommand) Validate() error {
	switch {
	case c.Flags.Include || c.Flags.JSON || c.Flags.Async:
		return errors.New("record shows no answer: there is no -i, no --json and no --async")
	case c.Flags.Way.Proxy != "":
		return errors.New("record knows no proxy")
	}
	return nil
}

func (c *recordCommand) Run(ctx context.Context, a *app) error {
	rules, err := c.rules()
	if err != nil {
		return err
	}
	out, err := openOutput(c.Flags.Output, a.stdout)
	if err != nil {
		return err
	}
	defer out.close()
	r := &recording{app: a, rec: conformance.NewRecorder(rules...)}
	err = r.exchange(ctx, c)
	if r.conns.Load() == 0 { // there is nothing to write
		return err
	}
	return errors.Join(err, r.write(out), out.close())
}

// rules are those that every recorder has, and the caller's own.
func (c *recordCommand) rules() ([]conformance.Rule, error) {
	rules := conformance.DefaultRules()
	if len(c.RedactField) > 0 {
		rules = append(rules, conformance.RuleField(c.RedactField...))
	}
	for _, text := range c.Redact {
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, usageError{fmt.Errorf("--redact: %w", err)}
		}
		rules = append(rules, conformance.RulePattern(re))
	}
	return rules, nil
}

func (c *recordCommand) method() string {
	switch {
	case c.Method != "":
		return c.Method
	case c.Flags.hasBody():
		return "POST"
	}
	return "GET"
}

// recording is a recorder that counts what it hears.
type recording struct {
	app                   *app
	rec                   *conformance.Recorder
	conns, sent, received atomic.Int64
}

func (r *recording) tap(e hackney.TapEvent) {
	switch e.Kind {
	case hackney.TapOpened:
		r.conns.Add(1)
	case hackney.TapSent:
		r.sent.Add(int64(len(e.Bytes)))
	case hackney.TapReceived:
		r.received.Add(int64(len(e.Bytes)))
	}
	r.rec.Tap(e)
}

// exchange sends the request and reads the answer.
func (r *recording) exchange(ctx context.Context, c *recordCommand) error {
	x := &exchange{app: r.app, flags: &c.Flags}
	defer func() { hackney.Close(x.cs) }()
	send := func(ctx context.Context, rawURL string, h *headers.Headers, p hackney.Payload, o *hackney.Opts) (hackney.ClientState, error) {
		o.Tap = both(o.Tap, r.tap)
		return hackney.Request(ctx, c.method(), rawURL, h, p, o)
	}
	if err := x.request(ctx, c.URL, send); err != nil {
		return &stepError{"Request", err}
	}
	if x.cs.ResponseState() == hackney.StateSwitched {
		return nil
	}
	var err error
	if _, x.cs, err = hackney.CopyBody(ctx, x.cs, io.Discard); err != nil {
		return &stepError{"CopyBody", err}
	}
	return nil
}

// write writes the script, and says what is in it.
func (r *recording) write(out *output) error {
	script, err := r.rec.Script()
	if err != nil {
		return err
	}
	if err := out.begin(); err != nil {
		return err
	}
	if _, err := out.writer().Write(script); err != nil {
		return err
	}
	fmt.Fprintf(r.app.stderr, "recorded: %d bytes sent, %d received\n", r.sent.Load(), r.received.Load())
	return nil
}
