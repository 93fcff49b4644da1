package hackney_test

import (
	"context"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// TestCloseBehindReset closes a client whose peer has reset the connection: there is nobody to be told of
// the end of TLS, and nothing that the caller could do about that.
func TestCloseBehindReset(t *testing.T) {
	for _, o := range []wiretest.Options{{}, {TLS: true}} {
		read := make(chan struct{})
		step := wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
		leave := wiretest.Say("").Gated(read)
		leave.Then = wiretest.Reset
		srv := wiretest.Start(t, o, wiretest.Conn{step, leave})
		cs, err := hackney.Get(context.Background(), srv.URL("/"), nil, nil, wTLS(srv))
		if err != nil {
			t.Fatal(err)
		}
		close(read)
		srv.WaitClosed(0)
		if _, err := hackney.Close(cs); err != nil {
			t.Errorf("Close: %v, of which %q is to blame", err, hackney.BlameOf(err))
		}
	}
}
