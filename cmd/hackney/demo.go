package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/testserver"
)

// demoCommand drives requests step by step against a server of its own.
type demoCommand struct{}

func (demoCommand) Help() string {
	return "Each line is a step and the state that it led to. The demo checks what it shows: " +
		"if anything is not as promised it says so and exits with 1."
}

// errSurprise says that the demo did not go as promised.
var errSurprise = errors.New("not all went as promised")

// patience is how long the demo may take, should something hang. It takes no second.
const patience = time.Minute

// demo is a tour that is under way. Its sections go on when something goes wrong:
// the first surprise is the one that is reported.
type demo struct {
	ctx           context.Context
	out           io.Writer
	plain, secure *testserver.Server
	surprise      string // "" as long as all goes well
}

func (demoCommand) Run(ctx context.Context, a *app) error {
	plain, err := testserver.New(testserver.Options{})
	if err != nil {
		return err
	}
	defer plain.Close()
	secure, err := testserver.New(testserver.Options{TLS: true})
	if err != nil {
		return err
	}
	defer secure.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	d := &demo{ctx: ctx, out: a.stdout, plain: plain, secure: secure}
	return d.run()
}

func (d *demo) run() error {
	fmt.Fprintf(d.out, "The server listens on %s and %s.\n", d.plain.URL(), d.secure.URL())
	fmt.Fprintln(d.out, "Each line is a call, the response state it led to, and what it brought.")
	for _, s := range sections {
		fmt.Fprintf(d.out, "\n%s\n", s.title)
		s.show(d)
		switch {
		case errors.As(context.Cause(d.ctx), new(signalError)):
			return context.Cause(d.ctx)
		case d.surprise != "":
			fmt.Fprintf(d.out, "\nNot as promised: %s\n", d.surprise)
			return errSurprise
		}
	}
	_, err := fmt.Fprintln(d.out, "\nAll went as promised.")
	return err
}

// step prints a call and the state it led to. It must have succeeded.
func (d *demo) step(call string, cs hackney.ClientState, err error, format string, args ...any) {
	d.line(call, cs, fmt.Sprintf(format, args...))
	d.check(err == nil, "%s: %v", call, err)
}

// fails prints a call that must have failed, with an error that ok knows, and the
// state that came back.
func (d *demo) fails(call string, cs hackney.ClientState, err error, ok bool) {
	d.line(call, cs, "")
	fmt.Fprintf(d.out, "      error: %v\n", err)
	d.check(ok, "%s: this is not the error it should be: %v", call, err)
}

func (d *demo) line(call string, cs hackney.ClientState, note string) {
	line := fmt.Sprintf("    %-36s -> %-8v %s", call, cs.ResponseState(), note)
	fmt.Fprintln(d.out, strings.TrimRight(line, " "))
}

// state holds a state against what it must be.
func (d *demo) state(cs hackney.ClientState, want hackney.ResponseState) {
	d.check(cs.ResponseState() == want, "the state is %v, want %v", cs.ResponseState(), want)
}

// answer holds the head of an answer against what it must be.
func (d *demo) answer(cs hackney.ClientState, status int) {
	d.check(cs.Status() == status, "status %d, want %d", cs.Status(), status)
}

// text holds bytes against what they must be.
func (d *demo) text(what, got, want string) {
	d.check(got == want, "%s is %.80q, want %.80q", what, got, want)
}

// check takes note of the first surprise.
func (d *demo) check(ok bool, format string, args ...any) {
	if !ok && d.surprise == "" {
		d.surprise = fmt.Sprintf(format, args...)
	}
}

// close closes the connection of a section.
func (d *demo) close(cs hackney.ClientState) {
	cs, err := hackney.Close(cs)
	d.step("Close", cs, err, "%v", cs.ConnectionState())
	d.check(cs.ConnectionState() == hackney.Closed, "the connection is %v after Close", cs.ConnectionState())
}
