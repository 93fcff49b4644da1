package main

import (
	"context"

	"github.com/alecthomas/kong"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
)

const verbGroup = "verbs"

// sendFunc is a verb of hackney.
type sendFunc func(ctx context.Context, rawURL string, h *headers.Headers, p hackney.Payload, o *hackney.Opts) (hackney.ClientState, error)

// verbs are the verbs of hackney, the everyday ones first.
var verbs = []struct {
	name, method string
	send         sendFunc
}{
	{"get", "GET", hackney.Get},
	{"head", "HEAD", hackney.Head},
	{"post", "POST", hackney.Post},
	{"put", "PUT", hackney.Put},
	{"patch", "PATCH", hackney.Patch},
	{"delete", "DELETE", hackney.Delete},
	{"options", "OPTIONS", hackney.Options},
	{"trace", "TRACE", hackney.Trace},
	{"copy", "COPY", hackney.Copy},
	{"lock", "LOCK", hackney.Lock},
	{"mkcol", "MKCOL", hackney.Mkcol},
	{"move", "MOVE", hackney.Move},
	{"propfind", "PROPFIND", hackney.Propfind},
	{"proppatch", "PROPPATCH", hackney.Proppatch},
	{"search", "SEARCH", hackney.Search},
	{"unlock", "UNLOCK", hackney.Unlock},
	{"report", "REPORT", hackney.Report},
	{"mkactivity", "MKACTIVITY", hackney.Mkactivity},
	{"checkout", "CHECKOUT", hackney.Checkout},
	{"merge", "MERGE", hackney.Merge},
	{"msearch", "M-SEARCH", hackney.Msearch},
	{"notify", "NOTIFY", hackney.Notify},
	{"subscribe", "SUBSCRIBE", hackney.Subscribe},
	{"unsubscribe", "UNSUBSCRIBE", hackney.Unsubscribe},
	{"purge", "PURGE", hackney.Purge},
}

// verbCommand is the command of a verb.
type verbCommand struct {
	URL   string `arg:"" help:"The URL; without a scheme it is http."`
	Flags flags  `embed:""`
	send  sendFunc
}

func (c *verbCommand) Run(ctx context.Context, a *app) error {
	return a.exchange(ctx, &c.Flags, c.URL, c.send)
}

func verbCommands() []kong.Option {
	var options []kong.Option
	for _, v := range verbs {
		help := "Send a request with the method " + v.method + "."
		options = append(options, kong.DynamicCommand(v.name, help, verbGroup, &verbCommand{send: v.send}))
	}
	return options
}

// requestCommand sends a request with any method.
type requestCommand struct {
	Method string `arg:"" help:"The method; upper-cased unless --raw-method is given."`
	URL    string `arg:"" help:"The URL; without a scheme it is http."`
	Flags  flags  `embed:""`
}

func (c *requestCommand) Run(ctx context.Context, a *app) error {
	send := func(ctx context.Context, rawURL string, h *headers.Headers, p hackney.Payload, o *hackney.Opts) (hackney.ClientState, error) {
		return hackney.Request(ctx, c.Method, rawURL, h, p, o)
	}
	return a.exchange(ctx, &c.Flags, c.URL, send)
}
