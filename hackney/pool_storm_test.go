package hackney_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
)

// stormServer answers each request with that request's target, repeated, and in one case
// of five does something bad instead.
type stormServer struct {
	t      *testing.T
	seed   atomic.Uint64
	mixed  atomic.Int64 // requests whose body was another's
	faults [8]atomic.Int64
}

// serve plays one connection.
func (s *stormServer) serve(c net.Conn, r *bufio.Reader) {
	dice := rand.New(rand.NewPCG(1, s.seed.Add(1)))
	if dice.IntN(40) == 0 {
		s.faults[0].Add(1)
		return // refused
	}
	for {
		target, body, err := pRead(r)
		if err != nil {
			return
		}
		if body != "" && body != target {
			s.mixed.Add(1)
		}
		if s.answer(c, dice, target) != nil {
			return
		}
	}
}

var errStorm = errors.New("the server leaves")

// answer answers one request, or plays a fault.
func (s *stormServer) answer(c net.Conn, dice *rand.Rand, target string) error {
	answer := stormAnswer(target, dice.IntN(2) == 0)
	fault := dice.IntN(35) // of which 7 are faults
	if fault > 6 {
		_, err := io.WriteString(c, answer)
		return err
	}
	s.faults[fault+1].Add(1)
	switch fault {
	case 0: // no answer
		return errStorm
	case 1:
		return stormReset(c, "")
	case 2:
		return stormReset(c, answer[:9+dice.IntN(20)])
	case 3:
		return stormReset(c, answer[:len(answer)-1-dice.IntN(8)])
	case 4: // silence, until the client leaves
		c.Read(make([]byte, 1))
		return errStorm
	case 5: // the kept connection is closed, or reset
		io.WriteString(c, answer)
		return errStorm
	default:
		return stormReset(c, answer)
	}
}

// stormReset sends the beginning of an answer and resets the connection.
func stormReset(c net.Conn, begin string) error {
	io.WriteString(c, begin)
	c.(*net.TCPConn).SetLinger(0)
	return errStorm
}

// stormBody is the body for a target, longer for some than what one read gives.
func stormBody(target string) string {
	return strings.Repeat(target+";", 1+len(target)*len(target)%500)
}

func stormAnswer(target string, chunked bool) string {
	body := stormBody(target)
	if !chunked {
		return pAnswer(body)
	}
	half := len(body) / 2
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n",
		half, body[:half], len(body)-half, body[half:])
}

// storm is what the clients saw.
type storm struct {
	url  string
	o    *hackney.Opts
	mu   sync.Mutex
	seen map[string]int
	bad  []string
}

func (s *storm) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[what]++
}

func (s *storm) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad = append(s.bad, fmt.Sprintf(format, args...))
}

// request makes one request with a name of its own and looks at what comes of it.
func (s *storm) request(dice *rand.Rand, id string) {
	ctx, cancel := stormContext(dice)
	defer cancel()
	method, p := "GET", hackney.Payload(nil)
	var h *headers.Headers
	switch dice.IntN(6) {
	case 0:
		method, p = "POST", hackney.Text(id)
	case 1:
		method, p, h = "POST", hackney.Text(id), headers.New("Idempotency-Key", id)
	case 2:
		method, p = "PUT", hackney.FromReader(strings.NewReader(id), int64(len(id)))
	}
	first, err := hackney.Request(ctx, method, s.url+id, h, p, s.o)
	if err != nil {
		s.failed("head", err)
		hackney.Close(first)
		return
	}
	if dice.IntN(10) == 0 {
		hackney.Close(first)
		s.count("closed early")
		return
	}
	b, cs, err := s.read(ctx, dice, first)
	switch want := stormBody(id); {
	case err == nil && b != want, !strings.HasPrefix(want, b):
		s.fault("%s got %.80q; %v", id, b, err)
	case err != nil:
		s.failed("body", err)
	default:
		s.count("answered")
	}
	hackney.Close(cs)
	if _, err := hackney.Close(first); err != nil { // of a former lease by now, or of a closed one
		s.fault("Close: %v", err)
	}
}

// read reads the body in one of several ways.
func (s *storm) read(ctx context.Context, dice *rand.Rand, cs hackney.ClientState) (string, hackney.ClientState, error) {
	switch dice.IntN(3) {
	case 0:
		r := hackney.NewBodyReader(ctx, cs)
		b, err := io.ReadAll(r)
		return string(b), r.State(), err
	case 1:
		var b strings.Builder
		_, cs, err := hackney.CopyBody(ctx, cs, &b)
		return b.String(), cs, err
	}
	b, cs, err := hackney.Body(ctx, cs)
	return string(b), cs, err
}

// failed counts an error, which must be a clear one.
func (s *storm) failed(where string, err error) {
	blame := hackney.BlameOf(err)
	if blame == "" || blame == hackney.BlameCaller {
		s.fault("%s: %v is the fault of the %q", where, err, blame)
	}
	kind := ""
	switch {
	case errors.Is(err, hackney.ErrTimeout):
		kind = ", time"
	case errors.Is(err, context.Canceled):
		kind = ", cancelled"
	}
	s.count(where + ": " + string(blame) + kind)
}

// stormContext is mostly one that does not end; some end at any moment, or have ended.
func stormContext(dice *rand.Rand) (context.Context, context.CancelFunc) {
	switch dice.IntN(20) {
	case 0:
		return context.WithTimeout(context.Background(), time.Duration(dice.IntN(3000))*time.Microsecond)
	case 1:
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		return ctx, cancel
	}
	return context.WithCancel(context.Background())
}

// TestStorm has many goroutines make requests through one pool to a server of which one
// answer in five goes wrong.
func TestStorm(t *testing.T) {
	const goroutines, each, slots = 200, 100, 50
	server := &stormServer{t: t}
	address := pServe(t, server.serve)
	before := runtime.NumGoroutine()
	p := pPool(t, pool.Opts{MaxPerHost: slots})
	s := &storm{url: "http://" + address, seen: map[string]int{}, o: &hackney.Opts{
		Pool: p, RecvTimeout: 100 * time.Millisecond, CheckoutTimeout: hackney.Infinite,
	}}
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(2, uint64(g)))
			for i := range each {
				s.request(dice, fmt.Sprintf("/%d-%d", g, i))
			}
		})
	}
	wg.Wait()
	s.report(t, server, goroutines*each)
	pEven(t, p)
	p.Close()
	pUntil(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

// report prints what came of all requests, and holds that it is as it must be.
func (s *storm) report(t *testing.T, server *stormServer, requests int) {
	t.Helper()
	all := 0
	for _, what := range slices.Sorted(maps.Keys(s.seen)) {
		t.Logf("%6d %s", s.seen[what], what)
		all += s.seen[what]
	}
	n := s.o.Pool.Stats()
	t.Logf("%d requests, %d answered; %d connections opened, %d checkouts reused one, %d waits, %d handed over; evicted %+v",
		requests, s.seen["answered"], n.Opened, n.Reused, n.Waits, n.HandedOver, n.Evicted)
	for _, bad := range s.bad[:min(10, len(s.bad))] {
		t.Error(bad)
	}
	if all+len(s.bad) < requests {
		t.Errorf("%d outcomes of %d requests", all, requests)
	}
	if mixed := server.mixed.Load(); mixed != 0 {
		t.Errorf("%d requests came with the body of another", mixed)
	}
	if s.seen["answered"] < requests/2 || n.Reused == 0 || n.Waits == 0 {
		t.Error("that was no storm, but a flood")
	}
	for i := range server.faults {
		if server.faults[i].Load() == 0 {
			t.Errorf("fault %d did not happen", i)
		}
	}
}
