package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/leaktest"
	"github.com/hackney-go/hackney/internal/wiretest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const (
	fiveBytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	chunked   = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	helloSum  = 0x3610a686 // CRC-32 of hello
)

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(out.String(), "SERVER")
	const want = `fetch /bytes/100000: 100000 bytes, crc32 b353b8fa
fetch /chunks?n=3&size=100: 300 bytes, crc32 f4dcfc2e
store /echo: one two three
fetch /status/404: error: refused with 404
fetch /cut: error: connection closed by SERVER inside the body: 10 of 100 bytes
fetch /bytes/5: 5 bytes, crc32 515ad3cc
an older client: Body: the state (on_body) was already used by Body; go on with the state that returned (is it shadowed by a := in an inner block?)
`
	if got != want {
		t.Errorf("printed\n%swant\n%s", got, want)
	}
}

// TestOneConnection does all kinds of jobs, and looks at what went over the wire.
func TestOneConnection(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(
		fiveBytes,
		"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nkept",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone",
		"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 4\r\n\r\nfull",
		fiveBytes,
	))
	w := start(t.Context(), srv.URL(""), options())
	defer w.stop()

	hello := result{size: 5, sum: helloSum}
	store := job{do: "store", path: "/b", pieces: []string{"one", "two"}}
	wantDone(t, w, job{do: "fetch", path: "/a"}, hello)
	wantDone(t, w, store, result{reply: "kept"})
	wantRefused(t, w, job{do: "fetch", path: "/c"}, 404)
	wantRefused(t, w, store, 507)
	wantDone(t, w, job{do: "fetch", path: "/d"}, hello)

	var lines []string
	for _, m := range srv.WaitRequests(0, 5) {
		lines = append(lines, m.RequestLine())
	}
	if got := strings.Join(lines, "|"); got != "GET /a HTTP/1.1|POST /b HTTP/1.1|GET /c HTTP/1.1|POST /b HTTP/1.1|GET /d HTTP/1.1" {
		t.Errorf("requests: %s", got)
	}
	if got := string(srv.Received(0)); !strings.Contains(got, "\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n") {
		t.Errorf("the pieces did not go out as chunks:\n%s", got)
	}
}

// TestTimeoutIsTriedAgain lets a read time out between two pieces. The server holds
// the second one back until then.
func TestTimeoutIsTriedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		timeouts int
		lost     bool
	}{
		"one timeout": {1, false},
		"most":        {tries - 1, false},
		"too many":    {tries, true},
	} {
		t.Run(name, func(t *testing.T) {
			gate := make(chan struct{})
			open := sync.OnceFunc(func() { close(gate) })
			defer open()
			clock := &timeouts{left: test.timeouts, after: open}
			srv := wiretest.New(t,
				wiretest.Conn{
					wiretest.Reply(chunked + "2\r\nhe\r\n"),
					wiretest.Say("3\r\nllo\r\n0\r\n\r\n").Gated(gate),
				},
				wiretest.Replies(fiveBytes),
			)
			w := start(t.Context(), srv.URL(""), clock.options())
			defer w.stop()

			fetch := job{do: "fetch", path: "/"}
			if test.lost {
				if _, err := w.do(fetch); !errors.Is(err, hackney.ErrTimeout) {
					t.Fatalf("%v, want a timeout", err)
				}
				wantDone(t, w, fetch, result{size: 5, sum: helloSum}) // on a new connection
				return
			}
			wantDone(t, w, fetch, result{size: 5, sum: helloSum})
			if n := clock.seen.Load(); n != int32(test.timeouts) {
				t.Errorf("%d reads timed out, want %d", n, test.timeouts)
			}
		})
	}
}

// TestGivenUp ends the connection in the middle of each kind of job; the worker
// closes its side, and the next job opens a new one.
func TestGivenUp(t *testing.T) {
	for name, test := range map[string]struct {
		job    job
		answer string
	}{
		"no answer":       {job{do: "fetch", path: "/"}, ""},
		"fetch":           {job{do: "fetch", path: "/"}, chunked + "5\r\nhe"},
		"refused":         {job{do: "fetch", path: "/"}, "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhe"},
		"store":           {job{do: "store", path: "/"}, ""},
		"store, answered": {job{do: "store", path: "/"}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(test.answer).ThenClose()}, wiretest.Replies(fiveBytes))
			w := start(t.Context(), srv.URL(""), options())
			defer w.stop()
			if r, err := w.do(test.job); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%+v, %v, want an answer that is not complete", r, err)
			}
			wantDone(t, w, job{do: "fetch", path: "/"}, result{size: 5, sum: helloSum})
		})
	}
}

// TestEarlyAnswer refuses a body as soon as its head is there, and before the client
// sends a piece.
func TestEarlyAnswer(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.On(wiretest.Head, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"),
	})
	o := options()
	o.Trace = func(e hackney.TraceEvent) {
		if e.To == hackney.StateStream && e.Err == nil {
			srv.WaitStep(0, 1)
		}
	}
	w := start(t.Context(), srv.URL(""), o)
	defer w.stop()
	wantRefused(t, w, job{do: "store", path: "/", pieces: []string{"one", "two"}}, 413)
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	w := start(t.Context(), "http://"+l.Addr().String(), options())
	defer w.stop()
	for _, do := range []string{"fetch", "store"} {
		_, err := w.do(job{do: do, path: "/"})
		if hackney.BlameOf(err) != hackney.BlameNetwork {
			t.Errorf("%s: %v, want an error of the network", do, err)
		}
	}
}

func TestOlderClient(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(fiveBytes))
	err := older(t.Context(), srv.URL("/"), options())
	if !errors.Is(err, hackney.ErrStale) || !strings.Contains(err.Error(), "shadowed by a :=") {
		t.Errorf("%v, want ErrStale and a hint", err)
	}
}

func wantDone(t *testing.T, w *worker, j job, want result) {
	t.Helper()
	if got, err := w.do(j); err != nil || got != want {
		t.Errorf("%+v: %+v, %v, want %+v", j, got, err, want)
	}
}

func wantRefused(t *testing.T, w *worker, j job, status int) {
	t.Helper()
	_, err := w.do(j)
	var r *refusal
	if !errors.As(err, &r) || r.status != status {
		t.Errorf("%s %s: %v, want a refusal with %d", j.do, j.path, err, status)
	}
}

// timeouts stands in for the clock: the first reads behind the first piece time out
// at once. after is called when the last of them did.
type timeouts struct {
	left  int
	after func()
	armed atomic.Bool
	seen  atomic.Int32
}

func (c *timeouts) options() *hackney.Opts {
	o := options()
	o.Trace = func(e hackney.TraceEvent) {
		if e.Op == hackney.OpStreamBody && e.Err == nil {
			c.armed.Store(true)
		}
	}
	o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return &impatient{conn, c}, err
	}
	return o
}

type impatient struct {
	net.Conn
	clock *timeouts
}

func (i *impatient) Read(b []byte) (int, error) {
	c := i.clock
	if !c.armed.Load() || c.seen.Load() == int32(c.left) {
		return i.Conn.Read(b)
	}
	if c.seen.Add(1) == int32(c.left) {
		c.after()
	}
	return 0, os.ErrDeadlineExceeded
}
