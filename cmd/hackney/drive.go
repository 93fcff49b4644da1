package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/hackney-go/hackney/conformance"
	"github.com/hackney-go/hackney/hackney"
)

// errScripts says that scripts failed.
var errScripts = errors.New("scripts failed")

// driveCommand runs golden scripts and shows each step.
type driveCommand struct {
	Scripts  []string `arg:"" name:"script" help:"A script, or a folder of scripts (*.txtar)."`
	Against  string   `xor:"how" placeholder:"URL" help:"Use the real server there in place of the script's own."`
	Insecure bool     `short:"k" help:"Do not verify the certificate of the real server."`
	Update   bool     `xor:"how" help:"Rewrite the sections that the scripts compare with."`
}

func (driveCommand) Help() string {
	return "Each line is an operation, the response states before and behind it, and what it gave. " +
		"The exit code is 1 when a script failed. A script can run programs: look at it first."
}

func (c *driveCommand) Validate() error {
	if c.Insecure && c.Against == "" {
		return errors.New("--insecure needs --against")
	}
	return nil
}

func (c *driveCommand) Run(ctx context.Context, a *app) error {
	paths, err := c.find()
	if err != nil {
		return err
	}
	end := ""
	r := conformance.Runner{Context: ctx, Against: c.Against, Insecure: c.Insecure, Update: c.Update, Watch: func(t conformance.Transition) {
		if t.Command == "skip" { // no operation, but how the script ended
			end = strings.TrimSpace("skipped " + harmless(t.Gave))
			return
		}
		a.showTransition(t)
	}}
	failed := 0
	for _, path := range paths {
		fmt.Fprintln(a.stdout, path)
		end = "ok"
		err := r.Drive(path)
		if _, mine := errors.AsType[*hackney.ArgumentError](err); mine {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			failed++
			fmt.Fprintln(a.stdout, "FAIL", harmless(err.Error(), '\n', '\t'))
			continue
		}
		fmt.Fprintln(a.stdout, end)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d %w", failed, len(paths), errScripts)
	}
	return nil
}

// find lists the scripts. A folder without any is a mistake.
func (c *driveCommand) find() (paths []string, err error) {
	for _, name := range c.Scripts {
		found, err := conformance.Find(name)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("there is no script *.txtar below %s", name)
		}
		paths = append(paths, found...)
	}
	return paths, nil
}

// commandWidth is how much of a command a line shows.
const commandWidth = 60

// showTransition prints an operation as one line.
func (a *app) showTransition(t conformance.Transition) { printTransition(a.stdout, t) }

func printTransition(w io.Writer, t conformance.Transition) {
	command := shortened(withoutSecrets(t.Command))
	states := fmt.Sprintf("%v -> %v", t.From, t.To)
	line := fmt.Sprintf("    %-*s  %-22s  %s", commandWidth, command, states, withoutSecrets(t.Gave))
	fmt.Fprintln(w, strings.TrimRight(harmless(line), " "))
}

// shortened cuts a command that would not fit.
func shortened(command string) string {
	if utf8.RuneCountInString(command) <= commandWidth {
		return command
	}
	runes := []rune(command)
	return string(runes[:commandWidth-1]) + "…"
}
