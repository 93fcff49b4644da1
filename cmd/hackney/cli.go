package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/hackney-go/hackney/hackney"
)

// commands are those that are not verbs.
type commands struct {
	Request requestCommand `cmd:"" help:"Send a request with any method."`
	Demo    demoCommand    `cmd:"" help:"Drive requests step by step against an embedded server."`
	Drive   driveCommand   `cmd:"" help:"Run golden scripts, and show each step."`
	Step    stepCommand    `cmd:"" help:"Drive a client by steps that are typed."`
	Record  recordCommand  `cmd:"" help:"Send a request, and write the exchange as a golden script."`
	States  statesCommand  `cmd:"" help:"Print the state machine: its table and its picture."`
	Serve   serveCommand   `cmd:"" help:"Run the test server on a loopback address."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

const description = "HTTP/1.1 requests, driven step by step.\n\n" +
	"Exit code: 0 an answer, 2 your fault, 3 the peer's, 4 the network's, 5 a limit; 130 after Ctrl-C."

// exited is how the parser asks to exit, after --help.
type exited int

// run runs the command that args name and gives the exit code.
func (a *app) run(ctx context.Context, args []string) (code int) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exited:
			code = int(e)
		default:
			panic(e)
		}
	}()
	parser, err := a.parser(ctx)
	if err != nil {
		panic(err) // the structs of the commands are wrong
	}
	command, err := parser.Parse(args)
	if err != nil {
		return a.report(ctx, usageError{err})
	}
	return a.report(ctx, command.Run(a))
}

func (a *app) parser(ctx context.Context) (*kong.Kong, error) {
	options := []kong.Option{
		kong.Name("hackney"),
		kong.Description(description),
		kong.Writers(a.stdout, a.stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, FlagsLast: true}),
		kong.ExplicitGroups([]kong.Group{{Key: verbGroup, Title: "Verbs:"}}),
	}
	return kong.New(new(commands), append(options, verbCommands()...)...)
}

// versionCommand prints the version.
type versionCommand struct{}

func (versionCommand) Run(a *app) error {
	_, err := fmt.Fprintln(a.stdout, "hackney", hackney.Version)
	return err
}
