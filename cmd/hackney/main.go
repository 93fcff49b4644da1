// Command hackney makes HTTP/1.1 requests step by step, and shows the steps.
//
//	hackney get --trace http://127.0.0.1:8080/         one command for each verb
//	hackney request REPORT http://127.0.0.1:8080/      any method
//	hackney step http://127.0.0.1:8080/                steps that are typed
//	hackney drive testdata/scripts                     steps that are written down
//	hackney record -o a.txtar http://127.0.0.1:8080/   write an exchange down
//	hackney demo                                       a tour of the steps
//	hackney states                                     the state machine
//	hackney serve                                      the test server
//
// The exit code says whose fault it was: 0 there was an answer, whatever its
// status; 2 the caller's; 3 the peer's; 4 the network's; 5 a limit was passed. An
// interrupted command exits with 128 and the number of the signal, 130 for Ctrl-C.
//
// docs/command.md is the manual.
package main

import (
	"context"
	"io"
	"os"

	"golang.org/x/term"
)

//go:generate go run . states --markdown -o ../../docs/states.md

func main() { os.Exit(command()) }

// command runs the command of the process and gives its exit code.
func command() int {
	ctx, stop := untilSignal(context.Background())
	defer stop()
	a := &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		terminal: term.IsTerminal(int(os.Stderr.Fd())),
		typing:   term.IsTerminal(int(os.Stdin.Fd())),
	}
	return a.run(ctx, os.Args[1:])
}

// app is what a command has of the world.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	terminal       bool // stderr is a terminal, so progress may be shown there
	typing         bool // stdin is a terminal, so it is prompted for lines
}
