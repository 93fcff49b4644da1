package conformance_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/hackney-go/hackney/conformance"
	"github.com/hackney-go/hackney/internal/testserver"
)

// A script is run outside of go test, and tells its steps.
func ExampleRunner_Drive() {
	const script = `server at example.org:80
request POST http://example.org/up 'Content-Length: 5' stream
stream-request-body text hello
start-response
body
want data made

-- server --
wait request
< HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nmade
`
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "up.txtar")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		log.Print(err)
		return
	}
	r := conformance.Runner{Watch: func(t conformance.Transition) {
		command, _, _ := strings.Cut(t.Command, " ")
		fmt.Println(strings.TrimSpace(fmt.Sprintf("%s: %v -> %v %s", command, t.From, t.To, t.Gave)))
	}}
	fmt.Println(r.Drive(path))
	// Output:
	// request: start -> stream
	// stream-request-body: stream -> stream
	// start-response: stream -> on_body 201 Created
	// body: on_body -> done 4 bytes
	// <nil>
}

// Lines that somebody types drive a client; a step that is not legal does no harm.
func ExampleSteps() {
	srv, err := testserver.New(testserver.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	steps, err := conformance.NewSteps(srv.URL()+"/echo", nil)
	if err != nil {
		log.Print(err)
		return
	}
	defer steps.Close()
	for _, line := range []string{"request POST stream", "send hello", "chunk", "status", "header", "headers", "chunk"} {
		t, err := steps.Do(context.Background(), line)
		if err != nil {
			log.Print(err)
			return
		}
		fmt.Println(strings.TrimSpace(fmt.Sprintf("%s: %v -> %v %s", line, t.From, t.To, t.Gave)))
	}
	fmt.Println("next:", strings.Join(steps.Legal()[:4], ", "))
	// Output:
	// request POST stream: start -> stream
	// send hello: stream -> stream
	// chunk: stream -> stream error: StreamBody: response state is stream, want on_body or done
	// status: stream -> on_status 200 OK
	// header: on_status -> on_header Content-Length: 5
	// headers: on_header -> on_body 200 OK
	// chunk: on_body -> done 5 bytes
	// next: request, chunk, body, skip
}
