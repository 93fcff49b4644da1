package hackney_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// endsAtOnce is a context that ends right behind the first look at it.
type endsAtOnce struct {
	context.Context
	looks atomic.Int32
}

func (c *endsAtOnce) Err() error {
	if c.looks.Add(1) == 1 {
		return nil
	}
	return c.Context.Err()
}

// TestRefusedPieceIsNotCounted holds that a piece that was interrupted before its first byte went out is not taken
// off the announced length: it can be sent again.
func TestRefusedPieceIsNotCounted(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := wNew(t).request("POST", srv.URL("/"), headers.New("Content-Length", "2"), hackney.Stream, nil)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.fails(hackney.StreamRequestBody(&endsAtOnce{Context: over}, c.ClientState, hackney.Text("ab"))); c.ResponseState() != hackney.StateStream {
		t.Fatalf("%v, %v", err, c.ResponseState())
	}
	c.to(hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text("ab")))
	c.to(hackney.EndStreamRequestBody(c.ctx, c.ClientState))
	c.to(hackney.StartResponse(c.ctx, c.ClientState)).wantBody("ok")
}
