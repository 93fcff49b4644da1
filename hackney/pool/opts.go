package pool

import (
	"math"
	"time"
)

const (
	// Unlimited is a count without a limit.
	Unlimited = -1
	// Infinite is a time without an end.
	Infinite time.Duration = math.MaxInt64
)

// The defaults of [Opts] and of the wait of [Pool.Checkout].
const (
	DefaultMaxIdle     = 50
	DefaultIdleTimeout = 150 * time.Second
	DefaultMaxWaiting  = 1000
	DefaultMaxDials    = 64
	DefaultWait        = 8 * time.Second
)

// Opts are the limits of a pool. All but the name can be changed while it is in use.
type Opts struct {
	// Name is how errors call the pool.
	Name string

	// MaxIdle is how many connections are kept idle, in all: 50 if 0. When one
	// more comes back, the one that was idle for the longest time goes.
	MaxIdle int

	// MaxIdlePerHost is how many of one key are kept idle; 0 sets no limit of its
	// own. What comes back beyond it is not kept.
	MaxIdlePerHost int

	// IdleTimeout is how long a connection is kept idle: 150 s if 0.
	IdleTimeout time.Duration

	// MaxAge is how long after it was opened a connection may still be taken; 0
	// sets no limit.
	MaxAge time.Duration

	// MaxPerHost is how many connections of one key may be in use or being dialed
	// at a time; 0 sets no limit. Whoever comes beyond it waits.
	MaxPerHost int

	// MaxWaiting is how many may wait for one key: 1,000 if 0.
	MaxWaiting int

	// MaxDials is how many connections of one key may be dialed at a time: 64 if 0.
	MaxDials int
}

// limits are Opts with their defaults, and the largest number for no limit.
type limits struct {
	maxIdle, maxIdlePerHost          int
	maxPerHost, maxWaiting, maxDials int
	idleTimeout, maxAge              time.Duration
}

func newLimits(o *Opts) limits {
	return limits{
		maxIdle:        count(o.MaxIdle, DefaultMaxIdle),
		maxIdlePerHost: count(o.MaxIdlePerHost, math.MaxInt),
		maxPerHost:     count(o.MaxPerHost, math.MaxInt),
		maxWaiting:     count(o.MaxWaiting, DefaultMaxWaiting),
		maxDials:       count(o.MaxDials, DefaultMaxDials),
		idleTimeout:    duration(o.IdleTimeout, DefaultIdleTimeout),
		maxAge:         duration(o.MaxAge, Infinite),
	}
}

// count is n, or what 0 and negative numbers stand for.
func count(n, zero int) int {
	switch {
	case n == 0:
		return zero
	case n < 0:
		return math.MaxInt
	}
	return n
}

// plain is the opposite of count.
func plain(n int) int {
	if n == math.MaxInt {
		return Unlimited
	}
	return n
}

func duration(d, zero time.Duration) time.Duration {
	if d <= 0 {
		return zero
	}
	return d
}

// Name is the name that New was given.
func (p *Pool) Name() string {
	if p == nil {
		return ""
	}
	return p.name
}

// Opts are the limits as they are now, defaults filled in: [Unlimited] and
// [Infinite] where there is none.
func (p *Pool) Opts() Opts {
	if p.off() {
		return Opts{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &p.limits
	return Opts{
		Name:           p.name,
		MaxIdle:        plain(l.maxIdle),
		MaxIdlePerHost: plain(l.maxIdlePerHost),
		IdleTimeout:    l.idleTimeout,
		MaxAge:         l.maxAge,
		MaxPerHost:     plain(l.maxPerHost),
		MaxWaiting:     plain(l.maxWaiting),
		MaxDials:       plain(l.maxDials),
	}
}

// Max is how many connections are kept idle, [Unlimited] for any number.
func (p *Pool) Max() int { return p.Opts().MaxIdle }

// Timeout is how long a connection is kept idle.
func (p *Pool) Timeout() time.Duration { return p.Opts().IdleTimeout }

// change sets limits, and lets what follows from them happen at once.
func (p *Pool) change(set func(l *limits)) {
	if p.off() {
		return
	}
	var gone graveyard
	p.mu.Lock()
	set(&p.limits)
	now := p.now()
	p.evictStale(now, &gone)
	for _, h := range p.hosts {
		for h.idle.n > p.limits.maxIdlePerHost {
			p.evict(h.idle.oldest, Full, &gone)
		}
	}
	p.evictBeyond(&gone)
	for _, h := range p.hosts {
		p.serve(h, now, &gone)
		p.forget(h)
	}
	p.mu.Unlock()
	gone.close()
}

// SetMax sets Opts.MaxIdle. The oldest idle connections beyond it are closed.
func (p *Pool) SetMax(n int) { p.change(func(l *limits) { l.maxIdle = count(n, DefaultMaxIdle) }) }

// SetMaxIdlePerHost sets Opts.MaxIdlePerHost. The oldest idle connections beyond it are closed.
func (p *Pool) SetMaxIdlePerHost(n int) {
	p.change(func(l *limits) { l.maxIdlePerHost = count(n, math.MaxInt) })
}

// SetTimeout sets Opts.IdleTimeout. What has been idle for longer is closed.
func (p *Pool) SetTimeout(d time.Duration) {
	p.change(func(l *limits) { l.idleTimeout = duration(d, DefaultIdleTimeout) })
}

// SetMaxAge sets Opts.MaxAge. Idle connections that are older are closed.
func (p *Pool) SetMaxAge(d time.Duration) {
	p.change(func(l *limits) { l.maxAge = duration(d, Infinite) })
}

// SetMaxPerHost sets Opts.MaxPerHost. A higher one lets those who wait go on; a
// lower one takes no connection from anybody.
func (p *Pool) SetMaxPerHost(n int) {
	p.change(func(l *limits) { l.maxPerHost = count(n, math.MaxInt) })
}

// SetMaxWaiting sets Opts.MaxWaiting. Those who wait already go on waiting.
func (p *Pool) SetMaxWaiting(n int) {
	p.change(func(l *limits) { l.maxWaiting = count(n, DefaultMaxWaiting) })
}

// SetMaxDials sets Opts.MaxDials. A higher one lets those who wait go on.
func (p *Pool) SetMaxDials(n int) {
	p.change(func(l *limits) { l.maxDials = count(n, DefaultMaxDials) })
}
