package hackney_test

import (
	"errors"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// pPool makes a pool that is closed, empty and unused at the end.
func pPool(t *testing.T, o pool.Opts) *pool.Pool {
	t.Helper()
	p := pool.New(o)
	t.Cleanup(func() {
		if s := p.Stats(); s.InUse != 0 || s.Dialing != 0 || s.Waiting != 0 {
			t.Errorf("at the end %d are in use, %d being dialed, %d wait", s.InUse, s.Dialing, s.Waiting)
		}
		p.Close()
	})
	return p
}

func TestPoolGivesTheConnectionOn(t *testing.T) {
	for _, secure := range []bool{false, true} {
		srv := wiretest.Start(t, wiretest.Options{TLS: secure}, wiretest.Replies(wOK, wOK, wOK))
		p := pPool(t, pool.Opts{})
		o := &hackney.Opts{Pool: p, Insecure: true}
		for i := range 3 {
			cs, err := hackney.Get(t.Context(), srv.URL("/"), nil, nil, o)
			if err != nil {
				t.Fatal(err)
			}
			if cs.Reused() != (i > 0) {
				t.Errorf("request %d: reused %v", i, cs.Reused())
			}
			b, cs, err := hackney.Body(t.Context(), cs)
			if string(b) != "ok" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
			if cs.Kept() != hackney.KeptInPool || cs.ConnectionState() != hackney.Closed || cs.ResponseState() != hackney.StateDone {
				t.Errorf("%v, %v", cs.Kept(), cs)
			}
			if p.Size() != 1 {
				t.Errorf("%d are idle", p.Size())
			}
		}
		if srv.Conns() != 1 {
			t.Errorf("%d connections", srv.Conns())
		}
		p.Close()
		srv.WaitClosed(0)
	}
}

func TestPoolTimeout(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	p := pPool(t, pool.Opts{MaxPerHost: 1})
	o := &hackney.Opts{Pool: p, CheckoutTimeout: 1}
	cs, err := hackney.Get(t.Context(), srv.URL("/"), nil, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = hackney.Get(t.Context(), srv.URL("/"), nil, nil, o)
	var pe *hackney.PoolError
	if !errors.As(err, &pe) || !errors.Is(err, hackney.ErrTimeout) || pe.InUse != 1 {
		t.Errorf("%v", err)
	}
	cs, _ = hackney.Close(cs)
	if cs.Kept() != hackney.KeptInPool {
		t.Errorf("%v", cs.Kept())
	}
}
