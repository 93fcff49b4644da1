package transport

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/hackney-go/hackney/internal/wiretest"
)

// TestHandshakeLiftsItsLimit holds that the limit of a handshake ends with it: once it would be over, the connection
// can be read and written. A read that ends then is the clock.
func TestHandshakeLiftsItsLimit(t *testing.T) {
	t.Parallel()
	const limit = 2 * time.Second
	srv := wiretest.Start(t, wiretest.Options{TLS: true}, wiretest.Conn{wiretest.On(wiretest.Bytes(4), "pong")})
	conn, err := TLS.Dial(t.Context(), srv.Host(), srv.Port(), &Options{TLSTimeout: limit, Insecure: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	over := time.Now().Add(limit)
	clock := wiretest.New(t, wiretest.Conn{})
	other, err := TCP.Dial(t.Context(), clock.Host(), clock.Port(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetReadDeadline(over)
	if _, err := other.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("ping")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4)
	if n, err := conn.Read(answer); err != nil || string(answer[:n]) != "pong" {
		t.Errorf("%q, %v", answer[:n], err)
	}
}
