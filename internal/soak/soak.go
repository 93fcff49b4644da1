package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
)

// config says how to soak.
type config struct {
	time     time.Duration
	seed     uint64
	workers  int           // at a time
	patience time.Duration // for what a worker does in one go
	settle   time.Duration // for what is to be gone at the end
	out      io.Writer     // for what is found
	plant    plant
}

// A plant is a fault of the soak's own, with which its tests show that it would be found.
type plant struct {
	wrongByte, wrongID bool // in some answers
	silentFaults       bool // the servers do not tell what they do
	hang               bool // an operation does not end
	conn               bool // a connection is held at the end
	goroutine          bool // a goroutine runs at the end
	file               bool // a file is open at the end
	slot               bool // a connection of a pool is not given back
	garbage            bool // memory is held for each request
}

// namedPool is the name of the pool that is stopped and started again.
const namedPool = "soak"

// A soak is one run: the servers, the pools, and what is known of it all.
type soak struct {
	config
	ledger *ledger
	tally  *tally
	watch  *watch
	alive  context.Context // that of requests that are not interrupted: it ends at the very end

	workers []*worker

	dir                                              string // of files and Unix sockets
	file                                             string // what is uploaded from
	trust                                            *tls.Config
	plain, second, secure, unix, rudest, forwardDoor *origin
	tunnelDoor, socksDoor                            *door
	ends                                             []*door // of deadEnds, nil where nobody is there
	doors                                            []*door // all
	limited, free, small                             *pool.Pool

	mu      sync.Mutex
	planted []any // what a plant holds
}

// fileSize is that of the file that uploads are taken from. Its content is that of the id 0.
const fileSize = 256 << 10

// run soaks, and tells what came of it.
func run(ctx context.Context, c config) (*result, error) {
	if err := warmUp(); err != nil {
		return nil, err
	}
	before := countAll()
	s := &soak{config: c, ledger: newLedger(), tally: newTally(), watch: newWatch(c.patience)}
	defer s.tidy()
	if err := s.set(); err != nil {
		return nil, err
	}
	alive, end := context.WithCancel(context.Background())
	defer end()
	s.alive = alive
	r := &result{soak: s}
	began := time.Now()
	r.hangs = s.work(ctx, c.time/10)
	r.start = memory()
	if r.hangs == 0 {
		r.hangs = s.work(ctx, c.time-c.time/10)
	}
	r.took = time.Since(began).Round(100 * time.Millisecond)
	if r.hangs > 0 {
		return r, nil // whatever hangs is a leak as well
	}
	s.finish(r, before)
	return r, nil
}

// set sets up what the traffic needs.
func (s *soak) set() (err error) {
	if s.dir, err = os.MkdirTemp("", "soak"); err != nil {
		return err
	}
	s.file = filepath.Join(s.dir, "upload")
	if err := os.WriteFile(s.file, content(0, fileSize), 0o600); err != nil {
		return err
	}
	if err := s.openDoors(); err != nil {
		return err
	}
	s.limited = pool.New(pool.Opts{Name: "limited", MaxPerHost: 6, MaxIdle: 20})
	s.free = pool.New(pool.Opts{Name: "free"})
	s.small = pool.New(pool.Opts{Name: "small", MaxIdle: 3, MaxIdlePerHost: 2, IdleTimeout: 100 * time.Millisecond, MaxAge: time.Second})
	for n := 1; n <= s.config.workers; n++ {
		s.workers = append(s.workers, &worker{s: s, number: n, dice: rand.New(rand.NewPCG(s.seed, uint64(n)))})
	}
	_, err = hackney.StartPool(namedPool, pool.Opts{MaxPerHost: 8})
	return err
}

// openDoors opens all servers and proxies.
func (s *soak) openDoors() error {
	mine, err := selfsigned.New()
	if err != nil {
		return err
	}
	other, err := selfsigned.New()
	if err != nil {
		return err
	}
	strangersCert = other.TLS
	s.trust = &tls.Config{RootCAs: x509.NewCertPool()}
	s.trust.RootCAs.AddCert(mine.TLS.Leaf)
	secured := &tls.Config{Certificates: []tls.Certificate{mine.TLS}}
	return errors.Join(
		s.openOrigin(&s.plain, "tcp", origin{}),
		s.openOrigin(&s.second, "tcp", origin{}),
		s.openOrigin(&s.secure, "tcp", origin{tls: secured}),
		s.openOrigin(&s.rudest, "tcp", origin{rude: true}),
		s.openOrigin(&s.forwardDoor, "tcp", origin{forward: true}),
		s.openOrigin(&s.unix, "unix", origin{}),
		s.openDoor(&s.tunnelDoor, tunnel),
		s.openDoor(&s.socksDoor, socks),
		s.openDeadEnds(),
	)
}

func (s *soak) openOrigin(to **origin, network string, o origin) (err error) {
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(s.dir, "socket")
	}
	o.s = s
	*to = &o
	if o.door, err = open(network, address, o.serve); err == nil {
		s.doors = append(s.doors, o.door)
	}
	return err
}

func (s *soak) openDoor(to **door, handle func(net.Conn)) (err error) {
	if *to, err = open("tcp", "127.0.0.1:0", handle); err == nil {
		s.doors = append(s.doors, *to)
	}
	return err
}

func (s *soak) openDeadEnds() error {
	s.ends = make([]*door, len(deadEnds))
	for i, d := range deadEnds {
		if d.handle == nil {
			continue
		}
		if err := s.openDoor(&s.ends[i], d.handle); err != nil {
			return err
		}
	}
	return nil
}

// otherOrigin is where a redirect that crosses leads from o.
func (s *soak) otherOrigin(o *origin) string {
	if o == s.plain {
		return "http://" + s.second.addr()
	}
	return "http://" + s.plain.addr()
}

func withAddress(url, address string) string { return strings.Replace(url, "*", address, 1) }

// work has the workers work for a time, and says how many hang at its end: it does not wait for them.
func (s *soak) work(ctx context.Context, d time.Duration) (hangs int) {
	ctx, stop := context.WithTimeout(ctx, d)
	defer stop()
	var all sync.WaitGroup
	for _, w := range s.workers {
		all.Go(func() { w.work(ctx) })
	}
	all.Go(func() { s.keep(ctx) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		all.Wait()
	}()
	look := time.NewTicker(min(s.patience/4, time.Second))
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if hung := s.watch.hung(time.Now()); len(hung) > 0 {
				fmt.Fprintf(s.out, "hang: %s\n%s\n", strings.Join(hung, ", "), stacks())
				return len(hung)
			}
		case <-done:
			return 0
		}
	}
}

// A worker makes one job after the other. What it makes follows from the seed and its number.
type worker struct {
	s      *soak
	number int
	jobs   uint64
	dice   *rand.Rand
}

func (w *worker) work(ctx context.Context) {
	for ctx.Err() == nil {
		w.jobs++
		k := kindFor(w.dice)
		j := newJob(w.s, k.name, uint64(w.number)<<32|w.jobs, w.dice)
		w.s.watch.begin(w.number, k.name)
		k.do(j)
		w.s.watch.end(w.number)
		j.end()
	}
	if w.s.plant.hang && w.number == 1 {
		quit := make(quitter)
		w.s.hold(quit)
		w.s.watch.begin(w.number, "planted")
		<-quit
	}
}

// keep has the collector look for forgotten states, and changes the pools while they are in use.
func (s *soak) keep(ctx context.Context) {
	dice := rand.New(rand.NewPCG(s.seed, 0xffff))
	for turn := time.NewTicker(40 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			turn.Stop()
			return
		case <-turn.C:
		}
		switch dice.IntN(10) {
		case 0:
			runtime.GC()
		case 1, 2:
			s.limited.SetMaxPerHost(2 + dice.IntN(10))
		case 3:
			s.limited.SetMax(dice.IntN(30))
		case 4:
			s.limited.SetMaxDials(1 + dice.IntN(10))
		case 5:
			s.free.SetMax([]int{0, 5, 50, pool.Unlimited}[dice.IntN(4)])
		case 6:
			s.free.SetTimeout([]time.Duration{10 * time.Millisecond, time.Minute}[dice.IntN(2)])
		case 7:
			s.small.SetMaxIdlePerHost(1 + dice.IntN(4))
		case 8:
			s.restart(ctx, dice)
		case 9:
			hackney.Prewarm(ctx, "http://"+s.plain.addr(), dice.IntN(5), &hackney.Opts{Pool: s.free})
		}
	}
}

// restart stops the named pool, or drains it, and starts another one of its name.
func (s *soak) restart(ctx context.Context, dice *rand.Rand) {
	if p, ok := hackney.FindPool(namedPool); ok && dice.IntN(2) == 0 {
		ctx, cancel := context.WithTimeout(ctx, shortTime)
		p.Drain(ctx) // goes on by itself when the time is over
		cancel()
	}
	if err := hackney.StopPool(namedPool); err != nil {
		s.tally.unexpectedf("StopPool: %v", err)
	}
	if _, err := hackney.StartPool(namedPool, pool.Opts{MaxPerHost: 2 + dice.IntN(8)}); err != nil {
		s.tally.unexpectedf("StartPool: %v", err)
	}
}

// hold keeps something that a plant has left.
func (s *soak) hold(v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planted = append(s.planted, v)
}

// tidy removes what set has made, as far as it still is there.
func (s *soak) tidy() {
	hackney.StopPool(namedPool)
	for _, d := range s.doors {
		d.close()
	}
	for _, v := range s.planted {
		if c, ok := v.(io.Closer); ok {
			c.Close()
		}
	}
	os.RemoveAll(s.dir)
}
