package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hackney-go/hackney/conformance"
	"github.com/hackney-go/hackney/hackney"
)

// stepCommand drives a client by lines on standard input.
type stepCommand struct {
	URL            string        `arg:"" name:"url" help:"Where the steps go."`
	Insecure       bool          `short:"k" help:"Do not verify the certificate of the server."`
	Cacert         string        `placeholder:"FILE" help:"Trust the certificates in FILE (PEM), and no others."`
	UnixSocket     string        `placeholder:"PATH" help:"Connect to a Unix socket, whatever host and port the URL names."`
	ConnectTimeout time.Duration `placeholder:"TIME" help:"Limit for connecting, and again for the TLS handshake (8s)."`
	RecvTimeout    time.Duration `placeholder:"TIME" help:"Limit for each wait for bytes from the peer (none)."`
}

// stepHelp is what help prints at the prompt.
const stepHelp = `request [METHOD] [PATH or URL] ['Name: value']... [PAYLOAD]
                 send a request; with a body, or none to come, the head of the answer is read too
send DATA        a piece of the body, behind request POST / stream
end              the body is whole
response         read the head of the answer
status           … or its status line only,
header, headers  then a field, or all that are left
chunk            a piece of the answer's body
body, skip       all that is left of it: show it, or pass over it
close            close the connection

state            print the state of the client
save FILE        write the steps so far as a script for hackney drive
quit             end, as the end of input does

request POST / stream leaves all steps to you; for a GET without a body that is
request GET / 'Content-Length: 0' stream. A PAYLOAD is text DATA, chunks DATA...,
form NAME=VALUE..., multipart BOUNDARY PART..., file PATH or stream. DATA may hold \r \n \t \\ and \xHH. Every
operation of a golden script is a step too, by its name there: body-max 100.
`

func (stepCommand) Help() string {
	return "Each line on standard input is a step. What came of it is printed, and which steps are legal next; " +
		"one that is not legal is refused and does no harm. The steps:\n\n" + stepHelp
}

func (c *stepCommand) Run(ctx context.Context, a *app) error {
	common := flags{
		Insecure: c.Insecure, Cacert: c.Cacert, UnixSocket: c.UnixSocket,
		ConnectTimeout: c.ConnectTimeout, RecvTimeout: c.RecvTimeout,
	}
	o, err := common.opts(a)
	if err != nil {
		return err
	}
	steps, err := conformance.NewSteps(c.URL, o)
	if err != nil {
		return err
	}
	defer steps.Close()
	p := prompt{app: a, steps: steps, in: bufio.NewReader(a.stdin)}
	return p.run(ctx)
}

// prompt takes typed lines until they end.
type prompt struct {
	*app
	steps *conformance.Steps
	in    *bufio.Reader
}

func (p *prompt) run(ctx context.Context) error {
	p.next()
	for {
		line, err := p.line(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if strings.TrimSpace(line) == "quit" || err == io.EOF && line == "" {
			return nil
		}
		if err != nil && err != io.EOF {
			return err
		}
		p.take(ctx, strings.TrimRight(line, "\r\n"))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// line reads one line. The read is left behind when ctx ends first: nothing can
// interrupt it.
func (p *prompt) line(ctx context.Context) (line string, err error) {
	if p.typing {
		fmt.Fprintf(p.stdout, "%v> ", p.steps.State().ResponseState())
	}
	read := make(chan struct{})
	var got string
	var readErr error
	go func() {
		defer close(read)
		got, readErr = p.in.ReadString('\n')
	}()
	select {
	case <-read:
		return got, readErr
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// take does what a line asks for.
func (p *prompt) take(ctx context.Context, line string) {
	word, rest := firstWord(line)
	switch word {
	case "":
	case "help":
		fmt.Fprint(p.stdout, stepHelp)
	case "state":
		fmt.Fprintln(p.stdout, p.steps.State())
	case "save":
		p.save(rest)
	default:
		p.step(ctx, line)
	}
}

// firstWord splits a line at its first blanks.
func firstWord(line string) (word, rest string) {
	line = strings.TrimSpace(line)
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		return line[:i], strings.TrimSpace(line[i:])
	}
	return line, ""
}

// shownData is how much of a body is shown.
const shownData = 512

func (p *prompt) step(ctx context.Context, line string) {
	t, err := p.steps.Do(ctx, line)
	if err != nil {
		fmt.Fprintln(p.stdout, "error:", withoutSecrets(oneLine(err)), "(help tells more)")
		return
	}
	printTransition(p.stdout, t)
	for _, text := range t.Shown(shownData) {
		fmt.Fprintln(p.stdout, "    |", text)
	}
	p.next()
}

// next says which steps are legal now.
func (p *prompt) next() {
	fmt.Fprintln(p.stdout, "next:", strings.Join(p.steps.Legal(), ", "))
}

// writePrivate writes a file for its owner alone, also in the place of one that others
// may read. What is no file, such as a terminal, is written to.
func writePrivate(file string, content []byte) (err error) {
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(file, content, 0o600)
	}
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".hackney-*") // of mode 0600
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		at.Path = file // the name that was asked for
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// save writes the script. It holds what was sent and received, so it is for its
// owner alone.
func (p *prompt) save(file string) {
	script, err := p.steps.Script()
	if err == nil && file == "" {
		err = &hackney.ArgumentError{What: "step", Err: fmt.Errorf("want save FILE")}
	}
	if err == nil {
		err = writePrivate(file, script)
	}
	if err != nil {
		fmt.Fprintln(p.stdout, "error:", oneLine(err))
		return
	}
	fmt.Fprintln(p.stdout, "saved", file)
}
