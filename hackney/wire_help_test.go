package hackney_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// Answers that many tests use.
const (
	wOK    = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	wEmpty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	wAgent = "User-Agent: hackney/" + hackney.Version + "\r\n"
)

// wCtx bounds a test that has gone wrong; nothing depends on its time.
func wCtx(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*wiretest.Patience)
	t.Cleanup(cancel)
	return ctx
}

// wClient is a state under test. It is closed when the test ends.
type wClient struct {
	hackney.ClientState
	t   testing.TB
	ctx context.Context
}

func wNew(t testing.TB) *wClient {
	c := &wClient{t: t, ctx: wCtx(t)}
	t.Cleanup(func() { hackney.Close(c.ClientState) })
	return c
}

// to takes what an operation gave, and fails the test if that is an error.
func (c *wClient) to(cs hackney.ClientState, err error) *wClient {
	c.t.Helper()
	c.ClientState = cs
	if err != nil {
		c.t.Fatalf("unexpected error: %v", err)
	}
	return c
}

// fails takes what an operation gave, which must be an error.
func (c *wClient) fails(cs hackney.ClientState, err error) error {
	c.t.Helper()
	c.ClientState = cs
	if err == nil {
		c.t.Fatalf("no error; the state is %v", cs)
	}
	return err
}

func (c *wClient) request(method, url string, h *headers.Headers, p hackney.Payload, o *hackney.Opts) *wClient {
	c.t.Helper()
	return c.to(hackney.Request(c.ctx, method, url, h, p, o))
}

func (c *wClient) get(url string) *wClient {
	c.t.Helper()
	return c.request("GET", url, nil, nil, nil)
}

func (c *wClient) send(r hackney.Req) *wClient {
	c.t.Helper()
	return c.to(hackney.SendRequest(c.ctx, c.ClientState, r))
}

func (c *wClient) piece(p hackney.Payload) *wClient {
	c.t.Helper()
	return c.to(hackney.StreamRequestBody(c.ctx, c.ClientState, p))
}

func (c *wClient) end() *wClient {
	c.t.Helper()
	return c.to(hackney.EndStreamRequestBody(c.ctx, c.ClientState))
}

func (c *wClient) response() *wClient {
	c.t.Helper()
	return c.to(hackney.StartResponse(c.ctx, c.ClientState))
}

// body reads the whole body.
func (c *wClient) body() string {
	c.t.Helper()
	b, cs, err := hackney.Body(c.ctx, c.ClientState)
	c.to(cs, err)
	return string(b)
}

// wantBody reads the whole body, compares it, and holds that the state is done.
func (c *wClient) wantBody(want string) *wClient {
	c.t.Helper()
	if got := c.body(); got != want {
		c.t.Errorf("body %.200q, want %.200q", got, want)
	}
	return c.in(hackney.StateDone)
}

func (c *wClient) in(want hackney.ResponseState) *wClient {
	c.t.Helper()
	if got := c.ResponseState(); got != want {
		c.t.Errorf("response state %v, want %v", got, want)
	}
	return c
}

// status compares the status code.
func (c *wClient) status(want int) *wClient {
	c.t.Helper()
	if got := c.Status(); got != want {
		c.t.Errorf("status %d, want %d", got, want)
	}
	return c
}

// connection compares the connection state.
func (c *wClient) connection(want hackney.ConnectionState) *wClient {
	c.t.Helper()
	if got := c.ConnectionState(); got != want {
		c.t.Errorf("connection %v, want %v", got, want)
	}
	return c
}

// sent closes the client and gives all bytes that connection i has received.
func (c *wClient) sent(srv *wiretest.Server, i int) string {
	c.t.Helper()
	c.to(hackney.Close(c.ClientState))
	srv.WaitClosed(i)
	return string(srv.Received(i))
}

// wantSent closes the client and compares the bytes that connection i received.
// {host} stands for the server's address.
func (c *wClient) wantSent(srv *wiretest.Server, i int, want string) {
	c.t.Helper()
	wSame(c.t, c.sent(srv, i), strings.ReplaceAll(want, "{host}", srv.Addr()))
}

// wSame compares wire bytes.
func wSame(t testing.TB, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	if len(got)+len(want) < 4000 {
		t.Errorf("on the wire\n %q, want\n %q", got, want)
		return
	}
	n := 0
	for n < len(got) && n < len(want) && got[n] == want[n] {
		n++
	}
	t.Errorf("on the wire %d bytes, want %d; they differ at %d: %.60q, want %.60q", len(got), len(want), n, got[n:], want[n:])
}

// wIs finds an error of type T inside err, or fails the test.
func wIs[T error](t testing.TB, err error) T {
	t.Helper()
	var e T
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T), want a %T", err, err, e)
	}
	return e
}

// wBlame holds whose fault err is.
func wBlame(t testing.TB, err error, want hackney.Blame) {
	t.Helper()
	if got := hackney.BlameOf(err); got != want {
		t.Errorf("error %v is the fault of the %s, want %s", err, got, want)
	}
}

// wHas holds that an error's text has all parts.
func wHas(t testing.TB, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

// wNoDial are options with which a test fails that dials.
func wNoDial(t testing.TB) *hackney.Opts {
	return &hackney.Opts{DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
		t.Errorf("dialed %s", address)
		return nil, errors.New("not to be dialed")
	}}
}

// wTLS are options that trust the server.
func wTLS(srv *wiretest.Server) *hackney.Opts {
	return &hackney.Opts{TLS: &tls.Config{RootCAs: srv.CertPool()}}
}

// wFile writes a file and gives its path.
func wFile(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wText is n bytes of text that differ from place to place.
func wText(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(string(rune('a'+i%26)) + strings.Repeat("-", i%7))
	}
	return b.String()[:n]
}

// wPipe are options whose connections are pipes; serve plays the other end of each
// until it returns, which the end of the test waits for.
func wPipe(t testing.TB, serve func(net.Conn)) *hackney.Opts {
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	return &hackney.Opts{DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		wg.Go(func() {
			defer server.Close()
			serve(server)
		})
		return client, nil
	}}
}

// wReadHead reads a request head from a connection byte by byte.
func wReadHead(c net.Conn) (string, error) {
	var head []byte
	var one [1]byte
	for !strings.HasSuffix(string(head), "\r\n\r\n") {
		if _, err := io.ReadFull(c, one[:]); err != nil {
			return string(head), err
		}
		head = append(head, one[0])
	}
	return string(head), nil
}

// wWant is a request's head with the usual defaults: extra are lines behind them.
func wWant(line string, extra ...string) string {
	return line + " HTTP/1.1\r\nHost: {host}\r\n" + wAgent + wLines(extra...) + "\r\n"
}

func wLines(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line + "\r\n")
	}
	return b.String()
}

// wBounded gives the value that comes, or fails the test.
func wBounded[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(wiretest.Patience):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}

func wItoa(n int) string { return strconv.Itoa(n) }

// wSplices is for tests that have the kernel move bytes to a file: package net keeps
// the pipes it does that with until the collector comes by, twice.
func wSplices(t testing.TB) {
	t.Cleanup(func() {
		for range 3 {
			runtime.GC()
		}
	})
}
