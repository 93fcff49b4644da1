package conformance

import (
	"strconv"
	"strings"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
)

// A pool says to nobody that a connection has left it. So a check asks again and
// again: a peer that has closed may be found up to two seconds later.
const (
	poolPatience = 6 * time.Second
	poolAsked    = 5 * time.Millisecond
)

// wantPoolSize waits until a pool has so many idle connections.
func wantPoolSize(s *session, args []string) error {
	const usage = "want pool-size NAME N"
	p, err := s.poolNamed(args, 2, usage)
	if err != nil {
		return asUsage(err)
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return usagef("%q is no number, want %s", args[1], usage)
	}
	if got := s.settled(p, n); got != n {
		return differs("%d are idle in the pool %s, want %d", got, args[0], n)
	}
	return nil
}

// settled is how many connections are idle: n as soon as it is that.
func (s *session) settled(p *pool.Pool, n int) int {
	end := time.NewTimer(poolPatience)
	defer end.Stop()
	ask := time.NewTicker(poolAsked)
	defer ask.Stop()
	for p.Size() != n {
		select {
		case <-ask.C:
		case <-end.C:
			return p.Size()
		case <-s.ctx.Done():
			return p.Size()
		}
	}
	return n
}

var keptWords = func() (words []string) {
	for k := hackney.KeptUnknown; k <= hackney.NotKeptOnClose; k++ {
		words = append(words, k.String())
	}
	return words
}()

// wantKept compares what became of the connection, which takes several words.
func wantKept(s *session, args []string) error {
	if len(args) == 0 {
		return usagef("want kept WORDS, such as: in the pool")
	}
	return oneOf(keptWords, func(s *session) string { return s.cs.Kept().String() })(s, []string{strings.Join(args, " ")})
}
