// Command bench measures hackney beside other HTTP clients, on the loopback interface.
//
//	bench run [-quick] [-rounds 10] [-scenarios a,b] [-clients a,b] [-o results.json]
//	bench report [-i results.json] [folder]
//
// Each client does each scenario once in a round, in a process of its own, one process at
// a time. What costs a client is its processor time; beside it stands a hand-written loop,
// raw, which is what the exchange costs without a client.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

var errUsage = errors.New("usage: bench run [flags] or bench report [flags] (with -h they are listed)")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := dispatch(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// dispatch does what the first argument says. The processes that a run starts are of the
// same program: client and target.
func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	switch args[0] {
	case "run":
		return runCommand(ctx, args[1:])
	case "report":
		return reportCommand(args[1:], os.Stdout)
	case "client":
		return clientCommand(args[1:])
	case "target":
		return targetCommand()
	}
	return errUsage
}
