package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
)

// exchange is a request and its response.
type exchange struct {
	app   *app
	flags *flags
	cs    hackney.ClientState
	body  []byte // what came of the response's body, with --json
}

// exchange sends a request, shows the answer and closes the connection.
func (a *app) exchange(ctx context.Context, f *flags, rawURL string, send sendFunc) error {
	if f.Async {
		a = a.forTwo()
	}
	x := &exchange{app: a, flags: f}
	err := x.run(ctx, rawURL, send)
	if f.JSON && !f.Async {
		err = errors.Join(err, x.printJSON(err))
	}
	hackney.Close(x.cs)
	return err
}

func (x *exchange) run(ctx context.Context, rawURL string, send sendFunc) error {
	out, err := openOutput(x.flags.Output, x.app.stdout)
	if err != nil {
		return x.noAnswer(&stepError{"Request", err})
	}
	defer out.close()
	if err := x.request(ctx, rawURL, send); err != nil {
		return x.noAnswer(&stepError{"Request", err})
	}
	if x.flags.Async {
		if err := x.events(out); err != nil {
			return &stepError{"Events", err}
		}
		return out.close()
	}
	if err := x.show(ctx, out); err != nil {
		return &stepError{"CopyBody", err}
	}
	return out.close()
}

// request sends the request and reads the head of the answer.
func (x *exchange) request(ctx context.Context, rawURL string, send sendFunc) error {
	h, o, err := x.settings()
	if err != nil {
		return err
	}
	b, err := x.flags.body(ctx, x.app)
	if err != nil {
		return err
	}
	defer b.close()
	defer x.watchUpload(o, b.size)()
	x.cs, err = send(ctx, rawURL, b.fields(h), b.payload, o)
	x.sayRedirects()
	return err
}

// sayRedirects says on stderr where the answer came from, as far as that is known.
func (x *exchange) sayRedirects() {
	if x.flags.Trace {
		printRedirects(x.app.stderr, x.cs)
	}
	if x.cs.MaybeRedirect() {
		fmt.Fprintf(x.app.stderr, "hackney: the redirect (%d) is not followed: the body cannot be sent again\n", x.cs.Status())
	}
}

func (x *exchange) settings() (*headers.Headers, *hackney.Opts, error) {
	h, err := x.flags.headers()
	if err != nil {
		return nil, nil, err
	}
	o, err := x.flags.opts(x.app)
	return h, o, err
}

// show prints the answer.
func (x *exchange) show(ctx context.Context, out *output) error {
	if err := out.begin(); err != nil {
		return err
	}
	if x.flags.Include {
		if err := x.printHead(); err != nil {
			return err
		}
	}
	if x.cs.ResponseState() == hackney.StateSwitched {
		return x.saySwitched()
	}
	if err := x.copyBody(ctx, out); err != nil {
		return err
	}
	if x.flags.Include {
		return x.printTrailers()
	}
	return nil
}

func (x *exchange) saySwitched() error {
	_, err := fmt.Fprintln(x.app.stderr, "hackney: the connection speaks another protocol now; closing it")
	return err
}

// copyBody writes the body to the file, to the JSON object, or to stdout.
func (x *exchange) copyBody(ctx context.Context, out *output) (err error) {
	w := out.writer()
	if x.flags.JSON && out.file == nil {
		buf := bytes.NewBuffer([]byte{})
		defer func() { x.body = buf.Bytes() }()
		w = buf
	}
	if size := x.cs.ContentLength(); out.regular && x.flags.progress(x.app, size) {
		defer x.app.watch("received", size, out.size)()
	}
	_, x.cs, err = hackney.CopyBody(ctx, x.cs, w)
	return err
}

// printHead prints the heads of the answer, 1xx ones first.
func (x *exchange) printHead() error {
	var b bytes.Buffer
	for _, i := range x.cs.Interim() {
		fmt.Fprintf(&b, "HTTP/1.1 %d %s\n", i.Status, i.Reason)
		printFields(&b, "", i.Headers)
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "HTTP/%s %d %s\n", x.cs.Version(), x.cs.Status(), x.cs.Reason())
	printFields(&b, "", x.cs.Headers())
	b.WriteByte('\n')
	_, err := x.app.stdout.Write(b.Bytes())
	return err
}

// printTrailers prints the trailer fields, if there are any, behind the body.
func (x *exchange) printTrailers() error {
	var b bytes.Buffer
	if x.cs.Trailers().Len() > 0 {
		b.WriteByte('\n') // the body may not end its last line
	}
	printFields(&b, "", x.cs.Trailers())
	_, err := x.app.stdout.Write(b.Bytes())
	return err
}

func printFields(w io.Writer, indent string, h *headers.Headers) {
	for name, value := range h.All() {
		fmt.Fprintf(w, "%s%s: %s\n", indent, name, value)
	}
}
