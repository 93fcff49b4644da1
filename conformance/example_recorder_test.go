package conformance_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/hackney-go/hackney/conformance"
	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
)

// An exchange becomes a script that runs without the server, and tells no secret.
func ExampleRecorder() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello, %s", r.Header.Get("X-Token"))
	}))
	defer srv.Close()

	rec := conformance.NewRecorder()
	o := &hackney.Opts{Tap: rec.Tap}
	o.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) { // all names lead to srv
		var d net.Dialer
		return d.DialContext(ctx, network, srv.Listener.Addr().String())
	}
	ctx := context.Background()
	h := headers.New("User-Agent", "me", "X-Token", "s3cret!")
	cs, err := hackney.Get(ctx, "http://api.example/greeting", h, nil, o)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	if _, cs, err = hackney.Body(ctx, cs); err != nil {
		log.Fatal(err)
	}

	script, err := rec.Script()
	if err != nil {
		log.Fatal(err)
	}
	part, _, _ := strings.Cut(string(script), "-- server --")
	fmt.Print(part)
	// Output:
	// # A recorded exchange. Each byte of a secret is an x.
	// server at api.example:80
	//
	// request GET http://api.example/greeting 'User-Agent: me' 'X-Token: xxxxxxx'
	// want status 200
	// body
	// want data @body.1
	// want sent sent.1
	//
	// -- body.1 --
	// hello, xxxxxxx
	// -- sent.1 --
	// > GET /greeting HTTP/1.1\r\n
	// > Host: api.example\r\n
	// > User-Agent: me\r\n
	// > X-Token: xxxxxxx\r\n
	// > \r\n
}
