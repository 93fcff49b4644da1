package hackney

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"sync"
	"testing"

	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
	"github.com/hackney-go/hackney/transport"
)

// mSteadyServer gives the same answer to each request and allocates nothing on the
// way, so that a count of the whole process is one of the client.
type mSteadyServer struct {
	l    net.Listener
	cert *selfsigned.Cert
	opts *Opts
}

const mSteadyBody = "Hello, World!"

// mSteadyAnswer is what a small answer of many servers looks like.
var mSteadyAnswer = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Tue, 09 Nov 2010 14:49:00 GMT\r\n" +
	"Server: x\r\nContent-Length: 13\r\nConnection: keep-alive\r\n\r\n" + mSteadyBody)

// mSteady starts a server that ends with the test. A nil answer is the small one.
func mSteady(t testing.TB, secure bool, answer []byte) *mSteadyServer {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &mSteadyServer{l: l, opts: &Opts{}}
	if secure {
		if s.cert, err = selfsigned.New(); err != nil {
			t.Fatal(err)
		}
		s.opts.TLS = &tls.Config{RootCAs: s.cert.Pool()}
	}
	if answer == nil {
		answer = mSteadyAnswer
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.serve(conn, answer) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return s
}

// serve answers each request, head and body, by the end of its last chunk or head.
func (s *mSteadyServer) serve(conn net.Conn, answer []byte) {
	defer conn.Close()
	if s.cert != nil {
		conn = tls.Server(conn, s.cert.Config())
		defer conn.Close()
	}
	buf := make([]byte, 256<<10)
	n, end, chunked := 0, []byte("\r\n\r\n"), []byte("chunked")
	for {
		got, err := conn.Read(buf[n:])
		if err != nil {
			return
		}
		n += got
		head := bytes.Index(buf[:n], end)
		switch {
		case head < 0:
			continue
		case bytes.Contains(buf[:head], chunked) && !bytes.HasSuffix(buf[:n], []byte("\r\n0\r\n\r\n")):
			if n > len(buf)/2 { // keep the head and what may be the end
				n = head + len(end) + copy(buf[head+len(end):], buf[n-8:n])
			}
			continue
		}
		if n = 0; !mWrites(conn, answer) {
			return
		}
	}
}

func mWrites(conn net.Conn, p []byte) bool { _, err := conn.Write(p); return err == nil }

func (s *mSteadyServer) connect(t testing.TB) ClientState {
	t.Helper()
	over := transport.Transport(transport.TCP)
	if s.cert != nil {
		over = transport.TLS
	}
	cs, err := Connect(context.Background(), over, "127.0.0.1", s.l.Addr().(*net.TCPAddr).Port, s.opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Close(cs) })
	return cs
}

// mExchange is a small GET and its body, on a kept connection.
func mExchange(t testing.TB, ctx context.Context, cs ClientState) ClientState {
	cs, err := SendRequest(ctx, cs, Req{Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	body, cs, err := Body(ctx, cs)
	if len(body) != len(mSteadyBody) || err != nil {
		t.Fatal(string(body), err)
	}
	return cs
}

// mAllocs counts the allocations of f. The race detector has sync.Pool forget things at
// random; under it the least of many runs counts.
func mAllocs(f func()) float64 {
	info, _ := debug.ReadBuildInfo()
	if info == nil || !slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return testing.AllocsPerRun(500, f)
	}
	least := testing.AllocsPerRun(1, f)
	for range 200 {
		least = min(least, testing.AllocsPerRun(1, f))
	}
	return least
}

// serverTLS is what crypto/tls allocates in the server, as in the client: one for
// each record that it reads.
const serverTLS = 1

// TestAllocationsOfAGet holds the bar: text and index of the head, and the body. TLS
// has one more of its own, and a cancellable context three to register.
func TestAllocationsOfAGet(t *testing.T) {
	withCancel, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, c := range []struct {
		name   string
		secure bool
		ctx    context.Context
		most   float64
	}{
		{"TCP", false, context.Background(), 3},
		{"TLS", true, context.Background(), 4 + serverTLS},
		{"TCP, cancellable", false, withCancel, 6},
	} {
		srv := mSteady(t, c.secure, nil)
		cs := srv.connect(t)
		got := mAllocs(func() { cs = mExchange(t, c.ctx, cs) })
		if !cs.Reused() {
			t.Errorf("%s: the connection was not kept", c.name)
		}
		if got > c.most {
			t.Errorf("%s: %v allocations, want %v at the most", c.name, got, c.most)
		}
		Close(cs)
	}
}

func TestAllocationsOfATurn(t *testing.T) {
	h, _ := mHandle(t)
	cs := mLease(h, 1)
	got := mAllocs(func() {
		var err error
		if cs, err = Handoff(cs); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("claim and commit make %v allocations", got)
	}
	Close(cs)
}

// TestAllocationsThroughAPool holds that a request by URL through a pool costs no
// more than one on a kept state: the head's two, and the body.
func TestAllocationsThroughAPool(t *testing.T) {
	for _, secure := range []bool{false, true} {
		srv := mSteady(t, secure, nil)
		p := pool.New(pool.Opts{})
		defer p.Close()
		o := *srv.opts
		o.Pool = p
		scheme, most := "http", 3.0
		if secure {
			scheme, most = "https", 4+serverTLS
		}
		url := fmt.Sprintf("%s://127.0.0.1:%d/", scheme, srv.l.Addr().(*net.TCPAddr).Port)
		got := mAllocs(func() {
			cs, err := Get(context.Background(), url, nil, nil, &o)
			if err != nil {
				t.Fatal(err)
			}
			if _, cs, err = Body(context.Background(), cs); err != nil || cs.Kept() != KeptInPool {
				t.Fatal(cs.Kept(), err)
			}
		})
		if got > most {
			t.Errorf("%s: %v allocations, want %v at the most", scheme, got, most)
		}
		if n := p.Stats().Opened; n != 1 {
			t.Errorf("%s: %d connections", scheme, n)
		}
	}
}
