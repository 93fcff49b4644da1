package target

import "sync"

// A barrier holds requests back until as many have come as belong together.
type barrier struct {
	mu      sync.Mutex
	waiting int
	open    chan struct{}
}

// wait waits until n requests are waiting.
func (b *barrier) wait(n int) {
	<-b.join(n)
}

func (b *barrier) join(n int) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open == nil {
		b.open = make(chan struct{})
	}
	open := b.open
	if b.waiting++; b.waiting >= n {
		close(open)
		b.waiting, b.open = 0, nil
	}
	return open
}
