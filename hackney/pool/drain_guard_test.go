package pool

import (
	"net"
	"testing"
	"testing/synctest"
)

// TestDrainWaitsForDials holds that Drain waits for what is being dialed too, also when nothing is in use any more.
func TestDrainWaitsForDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Opts{})
		used, err := p.Checkout(t.Context(), Key{Host: "a"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		used.Opened(near)
		dialing, err := p.Checkout(t.Context(), Key{Host: "a"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- p.Drain(t.Context()) }()
		synctest.Wait()
		used.Return()
		synctest.Wait()
		select {
		case err := <-done:
			t.Errorf("Drain is done, %v, while one is being dialed", err)
			dialing.Discard()
			return
		default:
		}
		dialing.Discard()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
