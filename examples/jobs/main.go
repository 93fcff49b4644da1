// Command jobs is a port of the Erlang module jobs.erl beside it, which calls
// hackney 0.6.0: a worker that does jobs over one connection. worker.go has the
// functions of the module under their names, and says where they differ.
//
// It runs some jobs against a server of its own on loopback and prints the results.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/hackney-go/hackney/internal/testserver"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	srv, err := testserver.New(testserver.Options{})
	if err != nil {
		return err
	}
	defer srv.Close()

	w := start(ctx, srv.URL(), options())
	for _, j := range []job{
		{do: "fetch", path: "/bytes/100000"},
		{do: "fetch", path: "/chunks?n=3&size=100"},
		{do: "store", path: "/echo", pieces: []string{"one ", "two ", "three"}},
		{do: "fetch", path: "/status/404"},
		{do: "fetch", path: "/cut"}, // ends in the middle: the next job opens a connection
		{do: "fetch", path: "/bytes/5"},
	} {
		r, err := w.do(j)
		fmt.Fprintf(out, "%s %s: %s\n", j.do, j.path, line(r, err))
	}
	w.stop()
	_, err = fmt.Fprintf(out, "an older client: %v\n", older(ctx, srv.URL()+"/bytes/5", options()))
	return err
}

func line(r result, err error) string {
	switch {
	case err != nil:
		return "error: " + err.Error()
	case r.reply != "":
		return r.reply
	}
	return fmt.Sprintf("%d bytes, crc32 %08x", r.size, r.sum)
}
