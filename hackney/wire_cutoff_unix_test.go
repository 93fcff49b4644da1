//go:build unix

package hackney_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// TestCutOff has a body that ends with its connection, over TLS that says that it is the end, or
// does not: then anybody on the way can have cut it off (RFC 9112, 9.8).
func TestCutOff(t *testing.T) {
	ctx := context.Background()
	ways := map[string]func(hackney.ClientState) (string, error){
		"Body": func(cs hackney.ClientState) (string, error) {
			b, _, err := hackney.Body(ctx, cs)
			return string(b), err
		},
		"CopyBody": func(cs hackney.ClientState) (string, error) {
			var b bytes.Buffer
			_, _, err := hackney.CopyBody(ctx, cs, &b)
			return b.String(), err
		},
		"BodyReader": func(cs hackney.ClientState) (string, error) {
			b, err := io.ReadAll(hackney.NewBodyReader(ctx, cs))
			return string(b), err
		},
		"StreamBody": func(cs hackney.ClientState) (all string, err error) {
			for {
				var b []byte
				b, cs, err = hackney.StreamBody(ctx, cs)
				if all += string(b); err == io.EOF {
					return all, nil
				} else if err != nil {
					return all, err
				}
			}
		},
		"SkipBody": func(cs hackney.ClientState) (string, error) {
			_, err := hackney.SkipBody(ctx, cs)
			return "part", err
		},
	}
	for name, read := range ways {
		for _, then := range []wiretest.Then{wiretest.Close, wiretest.Drop} {
			step := wiretest.Reply("HTTP/1.1 200 OK\r\n\r\npart")
			step.Then = then
			srv := wiretest.Start(t, wiretest.Options{TLS: true}, wiretest.Conn{step})
			cs, err := hackney.Get(ctx, srv.URL("/"), nil, nil, wTLS(srv))
			if err != nil {
				t.Fatal(err)
			}
			got, err := read(cs)
			if then == wiretest.Close && (err != nil || got != "part") {
				t.Errorf("%s, whole: %q, %v", name, got, err)
			}
			var incomplete *hackney.IncompleteError
			if then == wiretest.Drop && !errors.As(err, &incomplete) {
				t.Errorf("%s, cut off: %q, %v, want an IncompleteError", name, got, err)
			}
		}
	}
}
