package transport

import (
	"context"
	"errors"
	"net"
	"testing"
)

// closeCounter counts how often a connection was closed.
type closeCounter struct {
	net.Conn
	closed int
}

func (c *closeCounter) Close() error {
	c.closed++
	return nil
}

// TestDialContextConnAndError closes a connection that comes with an error.
func TestDialContextConnAndError(t *testing.T) {
	why := errors.New("why")
	for _, tr := range []Transport{TCP, TLS, Unix("/s")} {
		conn := &closeCounter{}
		got, err := tr.Dial(t.Context(), "h", 80, &Options{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return conn, why
		}})
		if wantError(t, err, "dial"); !errors.Is(err, why) || got != nil {
			t.Errorf("%s: %v, %v", tr.Name(), got, err)
		}
		if conn.closed != 1 {
			t.Errorf("%s: closed %d times, want once", tr.Name(), conn.closed)
		}
	}
}
