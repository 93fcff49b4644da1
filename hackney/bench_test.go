package hackney

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney/pool"
)

func BenchmarkClaimCommit(b *testing.B) {
	h, _ := mHandle(b)
	t := turn(0)
	h.word.Store(0)
	b.ReportAllocs()
	for b.Loop() {
		if h.claim(t, OpBody, StateOnBody) != nil {
			b.Fatal("stale")
		}
		t, _ = h.commit(t, OpBody)
	}
	h.core.close()
}

// BenchmarkHandoff is a whole operation that touches nothing: check, claim, commit.
func BenchmarkHandoff(b *testing.B) {
	h, _ := mHandle(b)
	cs := mLease(h, 1)
	b.ReportAllocs()
	for b.Loop() {
		cs, _ = Handoff(cs)
	}
	Close(cs)
}

func mBenchGet(b *testing.B, ctx context.Context, secure bool) {
	srv := mSteady(b, secure, nil)
	cs := srv.connect(b)
	b.ReportAllocs()
	for b.Loop() {
		cs = mExchange(b, ctx, cs)
	}
	if !cs.Reused() {
		b.Error("the connection was not kept")
	}
	Close(cs)
}

// BenchmarkGet is a small GET and its body on a kept connection. Over TLS one of the
// allocations is the server's.
func BenchmarkGet(b *testing.B) {
	for _, secure := range []bool{false, true} {
		b.Run(fmt.Sprintf("tls=%v", secure), func(b *testing.B) { mBenchGet(b, context.Background(), secure) })
	}
}

// BenchmarkGetContext has a context that can be cancelled.
func BenchmarkGetContext(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	mBenchGet(b, ctx, false)
}

func mChunks(size, total int) []byte {
	var b bytes.Buffer
	b.WriteString(mChunked)
	data := bytes.Repeat([]byte("x"), size)
	for n := 0; n < total; n += size {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", size, data)
	}
	b.WriteString("0\r\n\r\n")
	return b.Bytes()
}

// BenchmarkStreamBodyChunked reads bodies of about 1 MiB, in chunks of that size.
func BenchmarkStreamBodyChunked(b *testing.B) {
	const total = 1 << 20
	ctx := context.Background()
	for _, size := range []int{16 << 10, 100} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			cs := mSteady(b, false, mChunks(size, total)).connect(b)
			p := make([]byte, 32<<10)
			b.SetBytes(total)
			b.ReportAllocs()
			for b.Loop() {
				next, err := SendRequest(ctx, cs, Req{Path: "/"})
				if err != nil {
					b.Fatal(err)
				}
				r, n := NewBodyReader(ctx, next), 0
				for err == nil {
					var got int
					got, err = r.Read(p)
					n += got
				}
				if cs = r.State(); err != io.EOF || n < total {
					b.Fatal(n, err)
				}
			}
			Close(cs)
		})
	}
}

// BenchmarkUploadChunked streams 1 MiB in pieces of 16 KiB, a chunk each.
func BenchmarkUploadChunked(b *testing.B) {
	const pieces, size = 64, 16 << 10
	ctx := context.Background()
	cs := mSteady(b, false, nil).connect(b)
	piece := Bytes(make([]byte, size))
	b.SetBytes(pieces * size)
	b.ReportAllocs()
	for b.Loop() {
		next, err := SendRequest(ctx, cs, Req{Method: "POST", Path: "/", Payload: Stream})
		for range pieces {
			if err == nil {
				next, err = StreamRequestBody(ctx, next, piece)
			}
		}
		if err == nil {
			next, err = StartResponse(ctx, next)
		}
		if err == nil {
			next, err = SkipBody(ctx, next)
		}
		if cs = next; err != nil {
			b.Fatal(err)
		}
	}
	Close(cs)
}

func BenchmarkBody1MiB(b *testing.B) {
	const total = 1 << 20
	ctx := context.Background()
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", total, make([]byte, total))
	cs := mSteady(b, false, answer).connect(b)
	b.SetBytes(total)
	b.ReportAllocs()
	for b.Loop() {
		next, err := SendRequest(ctx, cs, Req{Path: "/"})
		if err != nil {
			b.Fatal(err)
		}
		var body []byte
		if body, cs, err = Body(ctx, next); len(body) != total || err != nil {
			b.Fatal(len(body), err)
		}
	}
	Close(cs)
}

// benchConn answers each write from memory, after others had their turn, as on a socket.
type benchConn struct {
	net.Conn
	answers int
}

const benchAnswer = "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 22:41:29 GMT\r\nServer: bench\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-cache\r\nContent-Length: 13\r\n\r\nHello, World!"

func (c *benchConn) Write(p []byte) (int, error) {
	c.answers++
	runtime.Gosched()
	return len(p), nil
}

func (c *benchConn) Read(p []byte) (int, error) {
	if c.answers == 0 {
		return 0, io.EOF
	}
	c.answers--
	return copy(p, benchAnswer), nil
}

func (*benchConn) Close() error                { return nil }
func (*benchConn) SetDeadline(time.Time) error { return nil }
func (*benchConn) LocalAddr() net.Addr         { return &net.TCPAddr{} }
func (*benchConn) RemoteAddr() net.Addr        { return &net.TCPAddr{} }

// BenchmarkManyAtOnce is a GET without a kernel, with so many under way at once: what the memory of
// the others, in and out of the processor's caches, costs each of them. It counts with -cpu 1.
func BenchmarkManyAtOnce(b *testing.B) {
	for _, many := range []int{1, 16, 256, 1024} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			p := pool.New(pool.Opts{MaxIdle: many})
			defer p.Close()
			o := &Opts{Pool: p, DialContext: func(context.Context, string, string) (net.Conn, error) { return new(benchConn), nil }}
			b.ReportAllocs()
			var wg sync.WaitGroup
			for range many {
				wg.Go(func() {
					for range b.N/many + 1 {
						benchGet(b, o)
					}
				})
			}
			wg.Wait()
		})
	}
}

func benchGet(b *testing.B, o *Opts) {
	cs, err := Get(context.Background(), "http://127.0.0.1:8080/", nil, nil, o)
	if err != nil {
		b.Error(err)
		return
	}
	body, _, err := Body(context.Background(), cs)
	if err != nil || !strings.HasSuffix(benchAnswer, string(body)) || len(body) == 0 {
		b.Errorf("%q, %v", body, err)
	}
}
