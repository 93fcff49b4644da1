package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
)

// A class is a kind of error, and a set of kinds.
type class uint32

const (
	timeout class = 1 << iota
	reset
	closed
	protocol
	cancelled
	limit
	proxied // a proxy refused
	pooled  // a pool gave no connection
	handshake
	refused
	redirected
	stopped // the client stopped the response
	aborted // the client closed the connection during the operation
	stale
	caller
	other

	ended = reset | closed // which one it is, is a matter of who is quicker
)

var classNames = []string{
	"timeout", "reset", "closed", "protocol", "cancelled", "limit", "proxy", "pool", "TLS", "refused", "redirect",
	"stopped", "aborted", "stale", "caller", "other",
}

// String names the kinds in c.
func (c class) String() string {
	var names []string
	for i, name := range classNames {
		if c&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " or ")
}

// classOf is the one kind that err is of. What the client did itself comes first: it may
// be wrapped in what the network made of it.
func classOf(err error) class {
	for _, s := range []struct {
		is error
		c  class
	}{
		{hackney.ErrStale, stale},
		{hackney.ErrStopped, stopped},
		{hackney.ErrClosed, aborted},
		{context.Canceled, cancelled},
	} {
		if errors.Is(err, s.is) {
			return s.c
		}
	}
	switch {
	case isA[*hackney.ArgumentError](err), isA[*hackney.StateError](err):
		return caller
	case isA[*hackney.RedirectError](err):
		return redirected
	case isA[*hackney.LimitError](err):
		return limit
	case isA[*hackney.PoolError](err):
		return pooled
	case errors.Is(err, hackney.ErrTimeout):
		return timeout
	case isA[*hackney.ProxyError](err):
		return proxied
	case isA[*hackney.ProtocolError](err):
		return protocol
	}
	return networkClass(err)
}

func networkClass(err error) class {
	var network *hackney.TransportError
	switch {
	case errors.As(err, &network) && network.Op == "TLS handshake", isA[tls.AlertError](err), isA[*tls.CertificateVerificationError](err):
		return handshake
	case errors.Is(err, syscall.ECONNREFUSED):
		return refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return reset
	case isA[*hackney.IncompleteError](err), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return closed
	}
	return other
}

func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// A ledger knows what the servers did to each request that is under way. Entries are made and
// taken out by the client, so one that comes late finds none and leaves nothing.
type ledger struct {
	mu   sync.Mutex
	open map[uint64]*entry
}

type entry struct {
	attempts uint64
	faults   []*fault
}

func newLedger() *ledger { return &ledger{open: map[uint64]*entry{}} }

func (l *ledger) begin(id uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[id] = &entry{}
}

func (l *ledger) end(id uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, id)
}

// attempt counts how often a request came to a server.
func (l *ledger) attempt(id uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.open[id]
	if e == nil {
		return 0
	}
	e.attempts++
	return e.attempts
}

// note tells that a request met a fault, before it does.
func (l *ledger) note(id uint64, f *fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.open[id]; e != nil {
		e.faults = append(e.faults, f)
	}
}

// met gives the faults that a request met.
func (l *ledger) met(id uint64) []*fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.open[id]; e != nil {
		return slices.Clone(e.faults)
	}
	return nil
}

// A tally counts what happened, and keeps the first texts of what must not happen.
type tally struct {
	requests, faults, wrong, unexpected atomic.Int64

	mu    sync.Mutex
	by    map[class]int
	kinds map[string]int // answers that were right, by what was done
	met   map[string]int // faults, by name
	texts []string
}

const maxTexts = 50

func newTally() *tally {
	return &tally{by: map[class]int{}, kinds: map[string]int{}, met: map[string]int{}}
}

func (t *tally) tell(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.texts) < maxTexts {
		t.texts = append(t.texts, fmt.Sprintf(format, args...))
	}
}

// wrongf counts what was reported as a success and is none.
func (t *tally) wrongf(format string, args ...any) {
	t.wrong.Add(1)
	t.tell("wrong: "+format, args...)
}

// unexpectedf counts an error that nothing explains.
func (t *tally) unexpectedf(format string, args ...any) {
	t.unexpected.Add(1)
	t.tell("unexpected: "+format, args...)
}

func (t *tally) count(c class) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.by[c]++
}

func (t *tally) right(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kinds[kind]++
}

// fault counts a fault that was met.
func (t *tally) fault(name string) {
	t.faults.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.met[name]++
}

// errors lists the kinds of errors with their numbers.
func (t *tally) errors() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	for _, c := range slices.Sorted(maps.Keys(t.by)) {
		fmt.Fprintf(&b, " %v %d", c, t.by[c])
	}
	return strings.TrimPrefix(b.String(), " ")
}

// print lists the answers that were right, the faults that were met, and what must not have happened.
func (t *tally) print(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, list := range []struct {
		what string
		of   map[string]int
	}{{"right", t.kinds}, {"met", t.met}} {
		for _, name := range slices.Sorted(maps.Keys(list.of)) {
			fmt.Fprintf(w, "%8d %s: %s\n", list.of[name], list.what, name)
		}
	}
	for _, text := range t.texts {
		fmt.Fprintln(w, text)
	}
}

// An answer is what a client says it was given.
type answer struct {
	status   int
	headers  *headers.Headers
	trailers *headers.Headers // nil where it was not looked at
	interim  int              // 103 responses; below 0 where they were not counted
	body     []byte
	whole    bool // else body is what was read of it
}

// check holds an answer against the request: "", or what is wrong with it. early says
// that the server may have answered without reading the request's body.
func check(a ask, method string, got answer, early bool) string {
	if id := got.headers.Get("X-Id"); id != fmt.Sprint(a.id) {
		return fmt.Sprintf("the answer to %d came for %q", a.id, id)
	}
	want := 200
	if a.as == "none" {
		want = 204
	}
	body := content(a.id, a.n)
	if method == "HEAD" || a.as == "none" {
		body = nil
	}
	up := got.headers.Get("X-Got")
	switch {
	case got.status != want:
		return fmt.Sprintf("status %d, want %d", got.status, want)
	case up != fmt.Sprint(a.upN) && !(early && up == "early"):
		return fmt.Sprintf("the server got %q bytes of content, want %d", up, a.upN)
	case got.interim >= 0 && got.interim != a.interim:
		return fmt.Sprintf("%d interim responses, want %d", got.interim, a.interim)
	case got.whole && len(got.body) != len(body):
		return fmt.Sprintf("a body of %d bytes, want %d", len(got.body), len(body))
	case !bytes.HasPrefix(body, got.body):
		return fmt.Sprintf("a body of %d bytes is not what was sent", len(got.body))
	case got.whole && got.trailers != nil && a.trailer && a.as == "chunked" && body != nil && got.trailers.Get("X-Sum") != sum(body):
		return fmt.Sprintf("the trailer is %q, want %s", got.trailers.Get("X-Sum"), sum(body))
	}
	return ""
}

func sum(b []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(b)) }

// allowed are the errors that these faults explain.
func allowed(faults []*fault) (c class) {
	for _, f := range faults {
		c |= f.allows
	}
	return c
}
