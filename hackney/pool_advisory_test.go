package hackney_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/form"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// The advisories of this file are about what one request leaves behind for the next.

// TestC45_BodiesAreNotMixed has many goroutines upload at once, and each third request
// on a kept connection be lost, so that it is sent again.
func TestC45_BodiesAreNotMixed(t *testing.T) {
	const goroutines, each = 64, 12
	var lost, mixed atomic.Int64
	address := pServe(t, func(c net.Conn, r *bufio.Reader) {
		for n := 1; ; n++ {
			target, body, err := pRead(r)
			if err != nil {
				return
			}
			if strings.Trim(body, target) != "" || strings.Count(body, target)*len(target) != len(body) {
				mixed.Add(1)
			}
			if n%3 == 0 {
				lost.Add(1)
				return
			}
			io.WriteString(c, pAnswer(body))
		}
	})
	p := pPool(t, pool.Opts{MaxPerHost: 16})
	o := &hackney.Opts{Pool: p, CheckoutTimeout: hackney.Infinite}
	ctx := wCtx(t)
	one := func(target string, size int) {
		want := strings.Repeat(target, size)
		payload := hackney.Payload(hackney.Text(want))
		if size%2 == 0 {
			payload = hackney.Chunks([]byte(want[:size]), []byte(want[size:]))
		}
		cs, err := hackney.Put(ctx, "http://"+address+target, nil, payload, o)
		if err != nil {
			t.Errorf("%s: %v", target, err)
			hackney.Close(cs)
			return
		}
		if body, _, err := hackney.Body(ctx, cs); string(body) != want || err != nil {
			t.Errorf("%s: %d bytes, want %d: %.40q, %v", target, len(body), len(want), body, err)
		}
	}
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				one(fmt.Sprintf("/%02d.%02d", g, i), 1+(g*each+i)*7%5000) // up to 30 KB: in one write, and in several
			}
		})
	}
	wg.Wait()
	if mixed.Load() != 0 || lost.Load() == 0 {
		t.Errorf("%d bodies were mixed; %d requests were lost, want some", mixed.Load(), lost.Load())
	}
	pEven(t, p)
}

// lAsk is a request, and what came of it.
type lAsk struct {
	Method, Path, User string
	Fields, Body       string
	Option             lOption
}

// lOption are those options of a request that an earlier one may have had.
type lOption struct{ Auth, Follow, Force, Rewrite, RawMethod, Small bool }

func (o lOption) opts(p *pool.Pool) *hackney.Opts {
	set := &hackney.Opts{Pool: p, FollowRedirect: o.Follow, ForceRedirect: o.Force, RewritePost: o.Rewrite, RawMethod: o.RawMethod, ExpectTimeout: time.Nanosecond}
	if o.Auth {
		set.BasicAuth = &hackney.BasicAuth{User: "option", Password: "secret"}
	}
	if o.Small {
		set.MaxBody, set.MaxHead, set.MaxFields = 100, 4000, 10
	}
	return set
}

// lDraw makes up a request. What is left out must not be there, whoever had it before.
func lDraw(t *rapid.T) lAsk {
	some := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	return lAsk{
		Method: some("method", "GET", "POST", "put", "DELETE"), Path: some("path", "/", "/moved", "/see"), User: some("user", "", "me:secret@"),
		Fields: some("fields", "", "Authorization: own", "Cookie: a=b", "Range: bytes=1-2", "Host: other.test", "Expect: 100-continue", "User-Agent: own", "Content-Type: own/own", "Idempotency-Key: 1"),
		Body:   some("body", "", "text", "chunks", "form"),
		Option: lOption{flag("auth"), flag("follow"), flag("force"), flag("rewrite"), flag("raw method"), flag("small")},
	}
}

func (a lAsk) headers() *headers.Headers {
	if name, value, ok := strings.Cut(a.Fields, ": "); ok {
		return headers.New(name, value)
	}
	return nil
}

func (a lAsk) payload() hackney.Payload {
	switch a.Body {
	case "text":
		return hackney.Text("text")
	case "chunks":
		return wPieces(io.EOF, "of", "chunks")
	case "form":
		return hackney.Form(form.Field{Name: "a", Value: "b"})
	}
	return nil
}

// lOutcome is all that can be seen of a request and its answer, on both sides.
type lOutcome struct {
	Sent      []string
	Status    int
	Body      string
	Maybe     bool
	Redirects int
	Err       string
}

// lServer notes requests, and answers them with redirects where the path says so.
type lServer struct {
	address string
	mu      sync.Mutex
	got     []string
}

func newLServer(t *testing.T) *lServer {
	s := new(lServer)
	s.address = pServe(t, func(c net.Conn, r *bufio.Reader) {
		var b []byte
		for p := make([]byte, 4096); ; {
			n, err := r.Read(p)
			if err != nil {
				return
			}
			b = append(b, p[:n]...)
			msgs, rest, _ := wiretest.Split(b)
			b = rest
			for _, m := range msgs {
				s.note(string(m.Raw))
				io.WriteString(c, lAnswer(m.RequestLine()))
			}
		}
	})
	return s
}

func lAnswer(line string) string {
	switch {
	case strings.Contains(line, " /moved "):
		return rTo(302, "/")
	case strings.Contains(line, " /see "):
		return rTo(303, "/moved")
	}
	return pAnswer(line)
}

func (s *lServer) note(request string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, request)
}

// outcome takes what was noted since it was last called, and reads the answer.
func (s *lServer) outcome(ctx context.Context, cs hackney.ClientState, err error) (hackney.ClientState, lOutcome) {
	o := lOutcome{Status: cs.Status(), Maybe: cs.MaybeRedirect(), Redirects: len(cs.Redirects())}
	if err == nil {
		var body []byte
		body, cs, err = hackney.Body(ctx, cs)
		o.Body = string(body)
	}
	if err != nil {
		o.Err = fmt.Sprintf("%T", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o.Sent, s.got = s.got, nil
	return cs, o
}

// fresh is the outcome of a request of a client that never made another one.
func (s *lServer) fresh(ctx context.Context, a lAsk, o *hackney.Opts) lOutcome {
	cs, err := hackney.Request(ctx, a.Method, "http://"+a.User+s.address+a.Path, a.headers(), a.payload(), o)
	cs, got := s.outcome(ctx, cs, err)
	hackney.Close(cs)
	return got
}

// TestC46_NothingIsLeftOver makes requests one after the other, on one state and on the
// connections of one pool. Each must go out, and end, as it would by itself.
func TestC46_NothingIsLeftOver(t *testing.T) {
	srv := newLServer(t)
	port := pAtoi(srv.address[strings.LastIndexByte(srv.address, ':')+1:])
	t.Run("pool", func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			ctx, p := wCtx(t), pool.New(pool.Opts{})
			defer p.Close()
			for _, a := range rapid.SliceOfN(rapid.Custom(lDraw), 2, 6).Draw(r, "requests") {
				want := srv.fresh(ctx, a, a.Option.opts(nil))
				if diff := cmp.Diff(want, srv.fresh(ctx, a, a.Option.opts(p))); diff != "" {
					r.Fatalf("%+v (-alone +behind others):\n%s", a, diff)
				}
			}
		})
	})
	t.Run("state", func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			ctx, o := wCtx(t), rapid.Custom(lDraw).Draw(r, "options").Option.opts(nil)
			cs, err := hackney.Connect(ctx, transport.TCP, "127.0.0.1", port, o)
			if err != nil {
				r.Fatal(err)
			}
			for _, a := range rapid.SliceOfN(rapid.Custom(lDraw), 2, 6).Draw(r, "requests") {
				a.User = "" // which a state has from its URL
				want, got := srv.fresh(ctx, a, o), lOutcome{}
				cs, err = hackney.SendRequest(ctx, cs, hackney.Req{Method: a.Method, Path: a.Path, Headers: a.headers(), Payload: a.payload()})
				if cs, got = srv.outcome(ctx, cs, err); !cmp.Equal(want, got) {
					r.Fatalf("%+v (-alone +behind others):\n%s", a, cmp.Diff(want, got))
				}
				if cs.ResponseState() == hackney.StateFailed {
					cs, _ = hackney.Close(cs)
				}
			}
			hackney.Close(cs)
		})
	})
}

// TestC47_ConnectionsOfOthers asks twice, with options that differ in what the connection
// was made with: the second request must not go out on the connection of the first.
func TestC47_ConnectionsOfOthers(t *testing.T) {
	cert, err := selfsigned.New("key.test")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(o *hackney.Opts, srv *wiretest.Server)
		scheme string // of the second request
		conns  int
	}{
		"nothing":    {func(*hackney.Opts, *wiretest.Server) {}, "https", 1},
		"time":       {func(o *hackney.Opts, _ *wiretest.Server) { o.RecvTimeout = wiretest.Patience }, "https", 1},
		"client key": {func(o *hackney.Opts, _ *wiretest.Server) { o.TLS.Certificates = cert.Config().Certificates }, "https", 2},
		"CA":         {func(o *hackney.Opts, srv *wiretest.Server) { o.TLS.RootCAs.AppendCertsFromPEM(cert.PEM()) }, "https", 2},
		"SNI":        {func(o *hackney.Opts, _ *wiretest.Server) { o.TLS.ServerName = "other.test" }, "https", 2},
		"Insecure":   {func(o *hackney.Opts, _ *wiretest.Server) { o.Insecure = true }, "https", 2},
		"scheme":     {func(*hackney.Opts, *wiretest.Server) {}, "http", 2},
		"proxy":      {func(o *hackney.Opts, _ *wiretest.Server) { o.Proxy = hackney.ProxyURL("http://proxy.test") }, "https", 2},
	} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.Start(t, wiretest.Options{Names: []string{"origin.test", "other.test"}},
				wiretest.Conn{wiretest.Step{Then: wiretest.StartTLS}, wiretest.Reply(wOK), wiretest.Reply(wOK)})
			switch {
			case test.scheme == "http":
				srv.Expect(wiretest.Replies(wOK))
			case name == "proxy":
				srv.Expect(vTunnel(true, wOK))
			default:
				srv.Expect(wiretest.Conn{wiretest.Step{Then: wiretest.StartTLS}, wiretest.Reply(wOK)})
			}
			first := &hackney.Opts{Pool: pPool(t, pool.Opts{}), DialContext: vTo(srv), TLS: &tls.Config{RootCAs: srv.CertPool()}}
			second := *first
			if test.conns > 1 && name != "Insecure" && name != "proxy" {
				second.TLS = &tls.Config{RootCAs: srv.CertPool()}
			}
			test.change(&second, srv)
			wNew(t).request("GET", "https://origin.test:8443/", nil, nil, first).wantBody("ok")
			c := wNew(t).request("GET", test.scheme+"://origin.test:8443/", nil, nil, &second).wantBody("ok")
			if srv.Conns() != test.conns || c.Reused() != (test.conns == 1) {
				t.Errorf("%d connections, want %d; reused %v", srv.Conns(), test.conns, c.Reused())
			}
		})
	}
}

// TestC48_TicketsOfOthers makes connections under one set of roots, and under others: a
// ticket of the former is not even offered to be trusted by the latter, and no request goes
// out as early data.
func TestC48_TicketsOfOthers(t *testing.T) {
	cert, err := selfsigned.New("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := selfsigned.New("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	const preSharedKey, earlyData = 41, 42
	hellos := make(chan []uint16, 100)
	config := cert.Config()
	config.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		hellos <- h.Extensions
		return nil, nil
	}
	address := pServe(t, func(c net.Conn, _ *bufio.Reader) {
		c = tls.Server(c, config)
		if _, _, err := pRead(bufio.NewReader(c)); err == nil {
			io.WriteString(c, wOK)
		}
		c.Close()
	})
	a := &hackney.Opts{TLS: &tls.Config{RootCAs: cert.Pool()}}
	b := &hackney.Opts{TLS: &tls.Config{RootCAs: cert.Pool()}}
	wrong := &hackney.Opts{TLS: &tls.Config{RootCAs: stranger.Pool()}}
	for i, step := range []struct {
		o       *hackney.Opts
		resumes bool
		fails   bool
	}{{a, false, false}, {a, true, false}, {b, false, false}, {wrong, false, true}, {wrong, false, true}, {a, true, false}} {
		c := wNew(t)
		cs, err := hackney.Get(c.ctx, "https://"+address+"/", nil, nil, step.o)
		c.ClientState = cs
		if (err != nil) != step.fails {
			t.Fatalf("step %d: %v", i, err)
		}
		if err == nil {
			if cs.TLS().DidResume != step.resumes {
				t.Errorf("step %d: resumed %v", i, cs.TLS().DidResume)
			}
			c.wantBody("ok")
		}
		if got := wBounded(t, hellos); slices.Contains(got, preSharedKey) != step.resumes || slices.Contains(got, earlyData) {
			t.Errorf("step %d: extensions %v", i, got)
		}
	}
}
