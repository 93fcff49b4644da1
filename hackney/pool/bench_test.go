package pool

import (
	"context"
	"fmt"
	"net"
	"testing"
	"unsafe"
)

// BenchmarkCheckoutReturn takes a hot connection and gives it back, alone and with
// eight goroutines at once.
func BenchmarkCheckoutReturn(b *testing.B) {
	for _, goroutines := range []int{1, 8} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			p := New(Opts{})
			defer p.Close()
			b.ReportAllocs()
			b.SetParallelism(max(1, goroutines/2))
			if goroutines == 1 {
				borrow(b, p)
				for b.Loop() {
					borrow(b, p)
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					borrow(b, p)
				}
			})
		})
	}
}

var background = context.Background()

// borrow takes one connection and gives it back, with its owner.
func borrow(tb testing.TB, p *Pool) {
	c, err := p.Checkout(background, keyA, Infinite)
	if err != nil {
		tb.Error(err)
		return
	}
	if c.Socket() == nil {
		c.Opened(&socket{})
	}
	c.SetOwner(c.TakeOwner())
	c.Return()
}

// BenchmarkSweep5000 measures one sweep with 5,000 idle sockets, an eighth of
// which is looked at.
func BenchmarkSweep5000(b *testing.B) {
	near, far := tcpPair(b) // the same socket 5,000 times: a look costs the same
	defer far.Close()
	p := New(Opts{MaxIdle: Unlimited})
	for range 5000 {
		p.Checkin(keyA, near)
	}
	p.mu.Lock()
	p.sweep.timer.Stop() // the sweeps are made here
	p.mu.Unlock()
	defer near.Close()
	b.ReportAllocs()
	for b.Loop() {
		p.sweepOnce()
		p.mu.Lock()
		p.sweep.timer.Stop()
		p.mu.Unlock()
	}
	if n := p.Size(); n != 5000 {
		b.Errorf("%d connections are left, want 5000", n)
	}
	p.Close()
}

// BenchmarkIdle reports what the pool itself keeps for one idle connection.
func BenchmarkIdle(b *testing.B) {
	for b.Loop() {
		p := New(Opts{MaxIdle: Unlimited})
		for range 1000 {
			p.Checkin(keyA, (*socket)(nil))
		}
	}
	b.ReportMetric(float64(unsafe.Sizeof(Conn{})), "B/Conn")
}

var _ net.Conn = (*socket)(nil)
