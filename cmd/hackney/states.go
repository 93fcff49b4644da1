package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hackney-go/hackney/hackney"
)

// statesCommand prints the state machine.
type statesCommand struct {
	Markdown bool   `help:"Print the whole document docs/states.md."`
	Output   string `short:"o" placeholder:"FILE" help:"Write to FILE."`
}

func (c *statesCommand) Run(a *app) error {
	text := hackney.Table() + "\n" + hackney.Diagram()
	if c.Markdown {
		text = statesDocument()
	}
	if c.Output != "" {
		return os.WriteFile(c.Output, []byte(text), 0o644)
	}
	_, err := io.WriteString(a.stdout, text)
	return err
}

//go:embed states.txt
var statesTemplate string

// statesDocument is docs/states.md: the words are in states.txt, the rest is made
// from the table of the machine.
func statesDocument() string {
	return strings.NewReplacer(
		"{diagram}", "```mermaid\n"+hackney.Diagram()+"```\n",
		"{table}", hackney.Table(),
		"{meanings}", meaningTable(),
	).Replace(statesTemplate)
}

// meanings says of each response state what it means, in the order of the states.
var meanings = [...]string{
	hackney.StateStart:    "No request was sent yet on this connection; or there is none.",
	hackney.StateStream:   "The head of a request is out. Its body follows, piece by piece.",
	hackney.StateWaiting:  "The request is out, or the answer came before its end. The head of the answer was not read, or not to its end.",
	hackney.StateOnStatus: "The status line was read, no field yet.",
	hackney.StateOnHeader: "Some fields were read, more may follow.",
	hackney.StateOnBody:   "The head was read. The body is there to be taken.",
	hackney.StateDone:     "The response is over. The next request can go out.",
	hackney.StateFailed:   "The exchange broke and the connection is closed. Only Close is left.",
	hackney.StateAsync:    "The answer is read in the background and comes as events: `Async`. It has ended when `Done` is closed; `State` has the state to go on with.",
	hackney.StateSwitched: "The bytes belong to another protocol now (a 101, or a tunnel). Hijack hands the connection over.",
}

func meaningTable() string {
	var b strings.Builder
	b.WriteString("| state | meaning |\n|---|---|\n")
	for state, meaning := range meanings {
		fmt.Fprintf(&b, "| %v | %s |\n", hackney.ResponseState(state), meaning)
	}
	return b.String()
}
