package hackney

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// The tests of time run in a bubble: their seconds pass at once, and exactly.

// mPeer is the server's end of a connection in a bubble.
type mPeer struct {
	net.Conn
	got string // what came and was not awaited yet
}

// await reads until s came, and gives all up to it.
func (p *mPeer) await(s string) string {
	buf := make([]byte, 4096)
	for !strings.Contains(p.got, s) {
		n, err := p.Read(buf)
		if p.got += string(buf[:n]); err != nil {
			return ""
		}
	}
	before, after, _ := strings.Cut(p.got, s)
	p.got = after
	return before + s
}

func (p *mPeer) say(s string) { io.WriteString(p, s) }

// mPause is longer than the limit of a test, and shorter than two.
const (
	mLimit = time.Second
	mPause = 1500 * time.Millisecond
)

// mServed dials into serve.
func mServed(o Opts, serve func(*mPeer)) *Opts {
	o.DialContext = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			serve(&mPeer{Conn: far})
		}()
		return near, nil
	}
	return &o
}

func mDialed(t *testing.T, o *Opts) ClientState {
	t.Helper()
	cs, err := Connect(context.Background(), transport.TCP, "test", 80, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Close(cs) })
	return cs
}

const (
	mHeadEnd = "\r\n\r\n"
	mLast    = "0\r\n\r\n"
	mChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
)

// mAttempt is an operation that is tried again after its time ran out. It gives what
// it read.
type mAttempt struct {
	name   string
	before string // the server says this, pauses, and says the rest
	after  string
	enter  func(context.Context, ClientState) (ClientState, error)
	try    func(context.Context, ClientState) (string, ClientState, error)
	want   string
}

func mGetHead(ctx context.Context, cs ClientState) (ClientState, error) {
	return SendRequest(ctx, cs, Req{})
}

func mUploaded(ctx context.Context, cs ClientState) (ClientState, error) {
	cs, err := mUpload(ctx, cs)
	if err != nil {
		return cs, err
	}
	return EndStreamRequestBody(ctx, cs)
}

func mOnStatus(ctx context.Context, cs ClientState) (ClientState, error) {
	cs, err := mUploaded(ctx, cs)
	if err != nil {
		return cs, err
	}
	return StreamStatus(ctx, cs)
}

func mTryBody(ctx context.Context, cs ClientState) (string, ClientState, error) {
	b, next, err := Body(ctx, cs)
	return string(b), next, err
}

func mTryStatus(step func(context.Context, ClientState) (ClientState, error)) func(context.Context, ClientState) (string, ClientState, error) {
	return func(ctx context.Context, cs ClientState) (string, ClientState, error) {
		next, err := step(ctx, cs)
		if err != nil {
			return "", next, err
		}
		return fmt.Sprint(next.Status(), next.Headers().Get("X-A")), next, err
	}
}

var mAttempts = []mAttempt{
	{
		"Body", mChunked + "3\r\nabc\r\n5\r\nhe", "llo\r\n0\r\n\r\n", mGetHead, mTryBody, "abchello",
	},
	{
		"Body with a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "cde", mGetHead, mTryBody, "abcde",
	},
	{
		"Body to the end of the connection", "HTTP/1.1 200 OK\r\n\r\nab", "cde", mGetHead, mTryBody, "abcde",
	},
	{
		"BodyMax", mChunked + "5\r\nhe", "llo\r\n0\r\n\r\n", mGetHead,
		func(ctx context.Context, cs ClientState) (string, ClientState, error) {
			b, next, err := BodyMax(ctx, cs, 99)
			return string(b), next, err
		}, "hello",
	},
	{
		"StreamBody", mChunked + "5\r", "\nhello\r\n0\r\n\r\n", mGetHead,
		func(ctx context.Context, cs ClientState) (string, ClientState, error) {
			b, next, err := StreamBody(ctx, cs)
			return string(b), next, err
		}, "hello",
	},
	{
		"BodyReader", mChunked, "5\r\nhello\r\n0\r\n\r\n", mGetHead,
		func(ctx context.Context, cs ClientState) (string, ClientState, error) {
			b := make([]byte, 9)
			r := NewBodyReader(ctx, cs)
			n, err := r.Read(b)
			return string(b[:n]), r.State(), err
		}, "hello",
	},
	{
		"CopyBody", mChunked, "5\r\nhello\r\n0\r\n\r\n", mGetHead,
		func(ctx context.Context, cs ClientState) (string, ClientState, error) {
			var b strings.Builder
			_, next, err := CopyBody(ctx, cs, &b)
			return b.String(), next, err
		}, "hello",
	},
	{
		"SkipBody", mChunked + "5\r", "\nhello\r\n0\r\n\r\n", mGetHead,
		func(ctx context.Context, cs ClientState) (string, ClientState, error) {
			next, err := SkipBody(ctx, cs)
			return "", next, err
		}, "",
	},
	{
		"StartResponse", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 2", "00 OK\r\nX-A: a\r\n\r\n", mUploaded, mTryStatus(StartResponse), "200a",
	},
	{
		"StreamStatus", "HTTP/1.1 2", "00 OK\r\n", mUploaded, mTryStatus(StreamStatus), "200",
	},
	{
		"StreamHeader", "HTTP/1.1 200 OK\r\nX-A: ", "a\r\n\r\n", mOnStatus,
		func(ctx context.Context, cs ClientState) (string, ClientState, error) {
			name, value, next, err := StreamHeader(ctx, cs)
			return name + value, next, err
		}, "X-Aa",
	},
	{
		"StreamHeaders", "HTTP/1.1 200 OK\r\nX-A: ", "a\r\n\r\n", mOnStatus, mTryStatus(StreamHeaders), "200a",
	},
}

// mTimedOut fails the test unless err is a limit of time.
func mTimedOut(t *testing.T, err error) {
	t.Helper()
	var e *TransportError
	if !errors.Is(err, ErrTimeout) || !errors.As(err, &e) || !e.Timeout() || e.Addr != "test:80" || BlameOf(err) != BlameNetwork {
		t.Errorf("error %v, want a timeout", err)
	}
}

// TestRecvTimeoutThenRetry holds that a read which ran out of time has lost nothing
// and spent nothing: the state it gives is the one it was given.
func TestRecvTimeoutThenRetry(t *testing.T) {
	for _, a := range mAttempts {
		t.Run(a.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cs := mDialed(t, mServed(Opts{RecvTimeout: mLimit}, func(p *mPeer) {
					head := p.await(mHeadEnd)
					if strings.Contains(head, "chunked") {
						p.await(mLast)
					}
					p.say(a.before)
					time.Sleep(mPause)
					p.say(a.after)
				}))
				cs = mMust(t)(a.enter(context.Background(), cs))
				synctest.Wait() // the server pauses now
				began := time.Now()
				got, next, err := a.try(context.Background(), cs)
				mTimedOut(t, err)
				if spent := time.Since(began); spent != mLimit {
					t.Errorf("it took %v", spent)
				}
				if got != "" || next != cs {
					t.Errorf("%q, %v, want the state that was given, %v", got, next, cs)
				}
				got, next, err = a.try(context.Background(), cs)
				if got != a.want || err != nil {
					t.Errorf("again: %q, %v", got, err)
				}
				Close(next)
			})
		})
	}
}

// TestRecvTimeoutOfSendRequest has the request out already: StartResponse goes on.
func TestRecvTimeoutOfSendRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := mDialed(t, mServed(Opts{RecvTimeout: mLimit}, func(p *mPeer) {
			p.await(mHeadEnd)
			time.Sleep(mPause)
			p.say("HTTP/1.1 204 No Content\r\n\r\n")
		}))
		cs, err := SendRequest(context.Background(), cs, Req{})
		mTimedOut(t, err)
		if cs.ResponseState() != StateWaiting {
			t.Fatal(cs)
		}
		if cs, err = StartResponse(context.Background(), cs); err != nil || cs.Status() != 204 {
			t.Errorf("%v, %v", cs, err)
		}
		Close(cs)
	})
}

// TestRecvTimeoutKeepsWhatCame has time run out behind bytes that were given out.
func TestRecvTimeoutKeepsWhatCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := mDialed(t, mServed(Opts{RecvTimeout: mLimit}, func(p *mPeer) {
			p.await(mHeadEnd)
			p.say(mChunked + "2\r\nab\r\n")
			time.Sleep(mPause)
			p.say("3\r\ncde\r\n0\r\n\r\n")
		}))
		cs = mMust(t)(SendRequest(context.Background(), cs, Req{}))
		var b strings.Builder
		n, next, err := CopyBody(context.Background(), cs, &b)
		mTimedOut(t, err)
		if n != 2 || next.ResponseState() != StateOnBody {
			t.Errorf("%d bytes, %v", n, next)
		}
		_, _, err = Body(context.Background(), cs)
		mStale(t, err, OpBody, OpCopyBody)
		if n, next, err = CopyBody(context.Background(), next, &b); n != 3 || err != nil || b.String() != "abcde" {
			t.Errorf("%d, %v, %q", n, err, b.String())
		}
		Close(next)
	})
}

// TestRecvTimeoutIsPerRead has a body that takes far longer than the limit.
func TestRecvTimeoutIsPerRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := mDialed(t, mServed(Opts{RecvTimeout: mLimit}, func(p *mPeer) {
			p.await(mHeadEnd)
			p.say("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
			for range 20 {
				time.Sleep(mLimit - time.Millisecond)
				p.say("x")
			}
		}))
		cs = mMust(t)(SendRequest(context.Background(), cs, Req{}))
		body, cs, err := Body(context.Background(), cs)
		if len(body) != 20 || err != nil || cs.ResponseState() != StateDone {
			t.Errorf("%q, %v", body, err)
		}
		Close(cs)
	})
}

// mHalves writes half, pauses, and writes the rest, once slow is set.
type mHalves struct {
	net.Conn
	slow bool
}

func (c *mHalves) Write(p []byte) (int, error) {
	if !c.slow {
		return c.Conn.Write(p)
	}
	n, err := c.Conn.Write(p[:len(p)/2])
	if err != nil {
		return n, err
	}
	time.Sleep(mPause)
	m, err := c.Conn.Write(p[len(p)/2:])
	return n + m, err
}

// TestRecvTimeoutInTheMiddleOfARecord tries again a read over TLS that stopped in
// the middle of a record.
func TestRecvTimeoutInTheMiddleOfARecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert, err := selfsigned.New()
		if err != nil {
			t.Fatal(err)
		}
		cfg := cert.Config()
		cfg.SessionTicketsDisabled = true // a pipe has no room for them
		o := mServed(Opts{RecvTimeout: mLimit, TLS: &tls.Config{RootCAs: cert.Pool(), ServerName: "localhost"}}, func(p *mPeer) {
			halves := &mHalves{Conn: p.Conn}
			secure := &mPeer{Conn: tls.Server(halves, cfg)}
			secure.await(mHeadEnd)
			secure.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
			halves.slow = true
			secure.say("hello")
			secure.await("never")
		})
		cs, err := Get(context.Background(), "https://test:80/", nil, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		_, next, err := Body(context.Background(), cs)
		mTimedOut(t, err)
		if next != cs {
			t.Errorf("the state has changed to %v", next)
		}
		body, next, err := Body(context.Background(), next)
		if string(body) != "hello" || err != nil {
			t.Errorf("%q, %v", body, err)
		}
		Close(next)
	})
}

func TestSendTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		cs := mDialed(t, mServed(Opts{SendTimeout: mLimit}, func(p *mPeer) {
			p.await(mHeadEnd)
			<-over
		}))
		cs = mMust(t)(mUpload(context.Background(), cs))
		began := time.Now()
		next, err := StreamRequestBody(context.Background(), cs, Text("abc"))
		mTimedOut(t, err)
		if spent := time.Since(began); spent != mLimit || next.ResponseState() != StateFailed || next.ConnectionState() != Closed {
			t.Errorf("%v, after %v", next, spent)
		}
		close(over)
	})
}

// mFailsBy fails the test unless err tells of a context that was cancelled, and why.
func mFailsBy(t *testing.T, err, cause error) {
	t.Helper()
	var e *TransportError
	if !errors.As(err, &e) || !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || e.Timeout() {
		t.Errorf("error %v, want a cancelled context, by %v", err, cause)
	}
}

var errWhy = errors.New("the reason why")

// TestCancelBlockedReads cancels each reading operation while it is blocked, and
// then tries again with another context.
func TestCancelBlockedReads(t *testing.T) {
	for _, a := range mAttempts {
		t.Run(a.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				silence := make(chan struct{})
				cs := mDialed(t, mServed(Opts{}, func(p *mPeer) {
					head := p.await(mHeadEnd)
					if strings.Contains(head, "chunked") {
						p.await(mLast)
					}
					p.say(a.before)
					<-silence
					p.say(a.after)
				}))
				ctx, cancel := context.WithCancelCause(context.Background())
				cs = mMust(t)(a.enter(ctx, cs))
				go func() {
					synctest.Wait() // all others are blocked
					cancel(errWhy)
				}()
				got, next, err := a.try(ctx, cs)
				mFailsBy(t, err, errWhy)
				if got != "" || next != cs {
					t.Errorf("%q, %v, want the state that was given, %v", got, next, cs)
				}
				close(silence)
				_, next, err = a.try(ctx, next)
				mFailsBy(t, err, errWhy)
				got, next, err = a.try(context.Background(), next)
				if got != a.want || err != nil {
					t.Errorf("again: %q, %v", got, err)
				}
				Close(next)
			})
		})
	}
}

// TestCancelBlockedWrite has a piece that the peer does not take.
func TestCancelBlockedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		cs := mDialed(t, mServed(Opts{}, func(p *mPeer) {
			p.await(mHeadEnd)
			<-over
		}))
		cs = mMust(t)(mUpload(context.Background(), cs))
		ctx, cancel := context.WithCancelCause(context.Background())
		go func() {
			synctest.Wait()
			cancel(errWhy)
		}()
		next, err := StreamRequestBody(ctx, cs, Bytes(make([]byte, 1<<20)))
		mFailsBy(t, err, errWhy)
		if next.ResponseState() != StateFailed || next.ConnectionState() != Closed {
			t.Errorf("led to %v", next)
		}
		_, err = EndStreamRequestBody(context.Background(), cs)
		mStale(t, err, OpEndStreamRequestBody, OpStreamRequestBody)
		close(over)
	})
}

// TestCancelExpect cancels while a 100 is waited for; the body can still go.
func TestCancelExpect(t *testing.T) {
	for name, step := range map[string]func(context.Context, ClientState) (ClientState, error){
		"StreamRequestBody": func(ctx context.Context, cs ClientState) (ClientState, error) {
			return StreamRequestBody(ctx, cs, Text("abc"))
		},
		"EndStreamRequestBody": EndStreamRequestBody,
		"StartResponse":        StartResponse,
		"StreamStatus":         StreamStatus,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				silence := make(chan struct{})
				var got string
				cs := mDialed(t, mServed(Opts{ExpectTimeout: Infinite}, func(p *mPeer) {
					p.await(mHeadEnd)
					<-silence
					p.say("HTTP/1.1 100 Continue\r\n\r\n")
					got = p.await(mLast)
					p.say("HTTP/1.1 204 No Content\r\n\r\n")
				}))
				cs, err := SendRequest(context.Background(), cs, Req{
					Method: "POST", Payload: Stream, Headers: headers.New("Expect", "100-continue"),
				})
				cs = mMust(t)(cs, err)
				ctx, cancel := context.WithCancelCause(context.Background())
				go func() {
					synctest.Wait()
					cancel(errWhy)
				}()
				next, err := step(ctx, cs)
				mFailsBy(t, err, errWhy)
				if next != cs {
					t.Errorf("the state has changed to %v", next)
				}
				close(silence)
				next = mMust(t)(StreamRequestBody(context.Background(), cs, Text("abc")))
				next = mMust(t)(StartResponse(context.Background(), next))
				if next.Status() != 204 || len(next.Interim()) != 1 || got != "3\r\nabc\r\n0\r\n\r\n" {
					t.Errorf("%v, the server received %q", next, got)
				}
				Close(next)
			})
		})
	}
}

// TestCancelledBefore calls each operation with a context that is over: nothing is
// written, and the state is as good as before.
func TestCancelledBefore(t *testing.T) {
	gone, cancel := context.WithCancelCause(context.Background())
	cancel(errWhy)
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	ctx, cs := context.Background(), mConnect(t, srv, transport.TCP)
	try := func(what string, cs ClientState, op func(context.Context, ClientState) (ClientState, error)) ClientState {
		t.Helper()
		for range 2 {
			next, err := op(gone, cs)
			mFailsBy(t, err, errWhy)
			if next != cs {
				t.Fatalf("%s: the state has changed to %v", what, next)
			}
		}
		return mMust(t)(op(ctx, cs))
	}
	cs = try("SendRequest", cs, mGetHead)
	post := Req{Method: "POST", Payload: Stream, Headers: headers.New("Content-Length", "4")}
	cs = try("SendRequest again", cs, func(ctx context.Context, cs ClientState) (ClientState, error) {
		return SendRequest(ctx, cs, post)
	})
	if !cs.Reused() {
		t.Error("the connection was not used again")
	}
	cs = try("StreamRequestBody", cs, func(ctx context.Context, cs ClientState) (ClientState, error) {
		return StreamRequestBody(ctx, cs, Text("ab"))
	})
	from := strings.NewReader("cd")
	cs = try("StreamRequestBody of a reader", cs, func(ctx context.Context, cs ClientState) (ClientState, error) {
		return StreamRequestBody(ctx, cs, FromReader(from, 2))
	})
	cs = try("StartResponse", mMust(t)(EndStreamRequestBody(ctx, cs)), StartResponse)
	Close(cs)
	srv.WaitClosed(0)
	if msgs := srv.Requests(0); srv.Conns() != 1 || len(msgs) != 2 || string(msgs[1].Body) != "abcd" {
		t.Errorf("the server received %q", srv.Received(0))
	}
}

// TestCancelledBeforeTheEnd is about the last chunk, which is a write too.
func TestCancelledBeforeTheEnd(t *testing.T) {
	gone, cancel := context.WithCancelCause(context.Background())
	cancel(errWhy)
	for name, end := range map[string]func(context.Context, ClientState) (ClientState, error){
		"EndStreamRequestBody": EndStreamRequestBody, "StartResponse": StartResponse, "StreamStatus": StreamStatus,
	} {
		srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 204 No Content\r\n\r\n"))
		cs := mMust(t)(mUpload(context.Background(), mConnect(t, srv, transport.TCP)))
		next, err := end(gone, cs)
		mFailsBy(t, err, errWhy)
		if next != cs {
			t.Errorf("%s: the state has changed to %v", name, next)
		}
		next = mMust(t)(StreamRequestBody(context.Background(), cs, Text("abc")))
		if next = mMust(t)(StartResponse(context.Background(), next)); next.Status() != 204 {
			t.Errorf("%s: %v", name, next)
		}
		Close(next)
		if msgs := srv.Requests(0); len(msgs) != 1 || string(msgs[0].Body) != "abc" {
			t.Errorf("%s: the server received %q", name, srv.Received(0))
		}
	}
}

// TestCancelWhileReading cancels while a piece is taken from the caller's reader. What
// was taken is lost, so the state is not good for another try.
func TestCancelWhileReading(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head)})
	cs := mMust(t)(mUpload(context.Background(), mConnect(t, srv, transport.TCP)))
	ctx, cancel := context.WithCancelCause(context.Background())
	r := mReader(func(p []byte) (int, error) { cancel(errWhy); return copy(p, "taken"), nil })
	next, err := StreamRequestBody(ctx, cs, FromReader(r, 5))
	mFailsBy(t, err, errWhy)
	if next.ResponseState() != StateFailed {
		t.Errorf("led to %v", next)
	}
}

type mReader func([]byte) (int, error)

func (r mReader) Read(p []byte) (int, error) { return r(p) }

// TestCancelDial ends dialing; no connection is left.
func TestCancelDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		go func() {
			synctest.Wait()
			cancel(errWhy)
		}()
		o := &Opts{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}}
		cs, err := Get(ctx, "http://test:80/", nil, nil, o)
		if !errors.Is(err, errWhy) || cs.ConnectionState() != Closed || cs.ResponseState() != StateStart {
			t.Errorf("%v, %v", cs, err)
		}
	})
}

// TestCancelBetweenOperations ends a context while nothing is under way: nothing
// happens to the connection.
func TestCancelBetweenOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := mServed(Opts{}, func(p *mPeer) {
			p.await(mHeadEnd)
			p.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
			p.say("hello")
		})
		var conn mDeadlines
		dial := o.DialContext
		o.DialContext = func(ctx context.Context, network, addr string) (c net.Conn, err error) {
			conn.Conn, err = dial(ctx, network, addr)
			return &conn, err
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		cs := mMust(t)(SendRequest(ctx, mDialed(t, o), Req{}))
		cancel(errWhy)
		synctest.Wait() // the callback has run
		if n := conn.calls.Load(); n != 0 {
			t.Errorf("%d calls set a deadline while nothing was under way", n)
		}
		_, next, err := Body(ctx, cs)
		mFailsBy(t, err, errWhy)
		body, next, err := Body(context.Background(), next)
		if string(body) != "hello" || err != nil || conn.calls.Load() != 0 {
			t.Errorf("%q, %v, %d deadlines", body, err, conn.calls.Load())
		}
		Close(next)
	})
}

// mDeadlines counts the calls that set a deadline.
type mDeadlines struct {
	net.Conn
	calls atomic.Int32
}

func (c *mDeadlines) SetDeadline(t time.Time) error { c.calls.Add(1); return c.Conn.SetDeadline(t) }
func (c *mDeadlines) SetReadDeadline(t time.Time) error {
	c.calls.Add(1)
	return c.Conn.SetReadDeadline(t)
}

func (c *mDeadlines) SetWriteDeadline(t time.Time) error {
	c.calls.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

// mSilent is a context that has a deadline but cannot call.
type mSilent struct {
	context.Context
	end time.Time
}

func (c mSilent) Deadline() (time.Time, bool) { return c.end, true }
func (c mSilent) Done() <-chan struct{}       { return nil }
func (c mSilent) Err() error {
	if time.Now().Before(c.end) {
		return nil
	}
	return context.DeadlineExceeded
}

// TestDeadlineWithoutDone ends a read, a write and a dial by the deadline alone, and
// lifts it for the next operation.
func TestDeadlineWithoutDone(t *testing.T) {
	within := func(d time.Duration) context.Context {
		return mSilent{context.Background(), time.Now().Add(d)}
	}
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		cs := mDialed(t, mServed(Opts{}, func(p *mPeer) {
			p.await(mHeadEnd)
			time.Sleep(mPause)
			p.say(mChunked + "2\r\nok\r\n0\r\n\r\n")
			p.await(mHeadEnd)
			<-over
		}))
		began := time.Now()
		cs, err := SendRequest(within(mLimit), cs, Req{})
		mTimedOut(t, err)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != mLimit || cs.ResponseState() != StateWaiting {
			t.Errorf("read: %v, %v, after %v", cs, err, time.Since(began))
		}
		cs = mMust(t)(StartResponse(context.Background(), cs))
		cs = mMust(t)(SkipBody(context.Background(), cs))
		cs = mMust(t)(mUpload(context.Background(), cs))
		began = time.Now()
		cs, err = StreamRequestBody(within(mLimit), cs, Text("abc"))
		mTimedOut(t, err)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != mLimit || cs.ResponseState() != StateFailed {
			t.Errorf("write: %v, %v, after %v", cs, err, time.Since(began))
		}
		close(over)
	})
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		cs, err := Get(within(mLimit), "http://test:80/", nil, nil, &Opts{
			ConnectTimeout: Infinite,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
		})
		mTimedOut(t, err)
		if time.Since(began) != mLimit {
			t.Errorf("dial: %v, after %v", cs, time.Since(began))
		}
	})
}

// TestShorterLimitWins has a context and a time limit; the first to end counts.
func TestShorterLimitWins(t *testing.T) {
	for _, c := range []struct {
		recv, ctx time.Duration
		byContext bool
	}{{time.Second, time.Minute, false}, {time.Minute, time.Second, true}} {
		for name, within := range map[string]func(time.Duration) (context.Context, func()){
			"with Done": func(d time.Duration) (context.Context, func()) {
				ctx, cancel := context.WithTimeout(context.Background(), d)
				return ctx, cancel
			},
			"without Done": func(d time.Duration) (context.Context, func()) {
				return mSilent{context.Background(), time.Now().Add(d)}, func() {}
			},
		} {
			t.Run(fmt.Sprint(name, c), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cs := mDialed(t, mServed(Opts{RecvTimeout: c.recv}, func(p *mPeer) {
						p.await(mHeadEnd)
						p.await("never")
					}))
					ctx, cancel := within(c.ctx)
					defer cancel()
					began := time.Now()
					cs, err := SendRequest(ctx, cs, Req{})
					mTimedOut(t, err)
					if time.Since(began) != time.Second || errors.Is(err, context.DeadlineExceeded) != c.byContext {
						t.Errorf("%v, after %v", err, time.Since(began))
					}
					Close(cs)
				})
			})
		}
	}
}

// TestCancelUnderAnOperation cancels blocked operations on real sockets.
func TestCancelUnderAnOperation(t *testing.T) {
	for _, over := range []transport.Transport{transport.TCP, transport.TLS} {
		for name := range mBlocked {
			t.Run(over.Scheme()+"/"+name, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(context.Background())
				cs, result := mBlock(t, name, over, ctx)
				mUntil(t, "a read or write", func() bool { return cs.handle.anchor.cancel.Load()&cancelMask == cancelArmed })
				cancel(errWhy)
				mFailsBy(t, <-result, errWhy)
			})
		}
	}
}

// mCounted is a context that counts the callbacks that are registered with it.
type mCounted struct {
	context.Context
	done chan struct{}

	mu         sync.Mutex
	err        error
	registered int
	calls      map[int]func()
}

func mCount() *mCounted {
	return &mCounted{Context: context.Background(), done: make(chan struct{}), calls: map[int]func(){}}
}

func (c *mCounted) Done() <-chan struct{} { return c.done }
func (c *mCounted) Value(key any) any     { return nil }

func (c *mCounted) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// AfterFunc is what the context package calls.
func (c *mCounted) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.registered
	c.registered++
	c.calls[id] = f
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, there := c.calls[id]
		delete(c.calls, id)
		return there
	}
}

// cancel ends the context but calls nobody.
func (c *mCounted) cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = context.Canceled
	close(c.done)
}

// want fails the test unless so many callbacks were registered, and are still.
func (c *mCounted) want(t *testing.T, what string, registered, active int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.registered != registered || len(c.calls) != active {
		t.Errorf("%s: %d registered and %d active, want %d and %d", what, c.registered, len(c.calls), registered, active)
	}
}

// TestOneRegistration holds that a context is asked once for all the operations of
// an exchange, and let go at its end.
func TestOneRegistration(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(mChunked+strings.Repeat("1\r\nx\r\n", 20)+mLast, "HTTP/1.1 204 No Content\r\n\r\n"))
	cs, ctx := mConnect(t, srv, transport.TCP), mCount()
	type key struct{}
	cs = mMust(t)(mUpload(ctx, cs))
	cs = mMust(t)(StreamRequestBody(ctx, cs, Text("abc")))
	cs = mMust(t)(StartResponse(context.WithValue(ctx, key{}, 1), cs)) // the same Done channel
	ctx.want(t, "inside", 1, 1)
	for cs.ResponseState() == StateOnBody {
		var err error
		if _, cs, err = StreamBody(ctx, cs); err != nil && err != io.EOF {
			t.Fatal(err)
		}
	}
	ctx.want(t, "behind the first exchange", 1, 0)
	mMust(t)(SendRequest(ctx, cs, Req{}))
	ctx.want(t, "behind the second", 2, 0)
}

// TestAnotherContext goes on with a second context; the first is let go.
func TestAnotherContext(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(mChunked), wiretest.Say("1\r\nx\r\n"), wiretest.Say(mLast)})
	a, b := mCount(), mCount()
	cs := mMust(t)(SendRequest(a, mConnect(t, srv, transport.TCP), Req{}))
	mMust(t)(SkipBody(b, cs))
	a.want(t, "first", 1, 0)
	if len(b.calls) != 0 {
		t.Error("the second is still registered")
	}
}

// TestRegistrationIsDropped ends exchanges early, in every way there is.
func TestRegistrationIsDropped(t *testing.T) {
	enter := func(t *testing.T) (*mCounted, ClientState) {
		srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(mChunked + "1\r\nx\r\n")})
		ctx := mCount()
		cs := mMust(t)(SendRequest(ctx, mConnect(t, srv, transport.TCP), Req{}))
		ctx.want(t, "on_body", 1, 1)
		return ctx, cs
	}
	t.Run("Close", func(t *testing.T) {
		ctx, cs := enter(t)
		Close(cs)
		ctx.want(t, "closed", 1, 0)
	})
	t.Run("Close under an operation that succeeds", func(t *testing.T) {
		ctx, cs := enter(t)
		w := mWriter(func(p []byte) (int, error) { Close(cs); return 0, errWhy })
		if _, next, err := CopyBody(ctx, cs, w); !errors.Is(err, errWhy) || next.ConnectionState() != Closed {
			t.Errorf("%v, %v", next, err)
		}
		ctx.want(t, "closed", 1, 0)
	})
	t.Run("Close under an operation that fails", func(t *testing.T) {
		ctx, cs := enter(t)
		w := mWriter(func(p []byte) (int, error) { Close(cs); return len(p), nil })
		if _, next, err := CopyBody(ctx, cs, w); !errors.Is(err, ErrClosed) || next.ResponseState() != StateFailed {
			t.Errorf("%v, %v", next, err)
		}
		ctx.want(t, "closed", 1, 0)
	})
	t.Run("failed", func(t *testing.T) {
		srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(mChunked + "x").ThenClose()})
		ctx := mCount()
		cs := mMust(t)(SendRequest(ctx, mConnect(t, srv, transport.TCP), Req{}))
		if _, next, err := Body(ctx, cs); err == nil || next.ResponseState() != StateFailed {
			t.Errorf("%v, %v", next, err)
		}
		if len(ctx.calls) != 0 {
			t.Error("still registered")
		}
	})
	t.Run("Hijack", func(t *testing.T) {
		srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
		ctx := mCount()
		cs := mMust(t)(SendRequest(ctx, mConnect(t, srv, transport.TCP), Req{Headers: headers.New("Upgrade", "x")}))
		conn, _, err := Hijack(cs)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		ctx.want(t, "hijacked", 1, 0)
	})
}

type mWriter func([]byte) (int, error)

func (w mWriter) Write(p []byte) (int, error) { return w(p) }

// TestLateCallback has a context that is slow to call, until the connection does
// something else: its callback touches no operation but its own.
func TestLateCallback(t *testing.T) {
	for name, later := range map[string]func(t *testing.T, cs ClientState, call func()) error{
		"between operations": func(_ *testing.T, _ ClientState, call func()) error {
			call()
			synctest.Wait()
			return nil
		},
		"under the next": func(_ *testing.T, cs ClientState, call func()) error {
			go func() {
				synctest.Wait() // it is blocked
				call()
				synctest.Wait()
			}()
			_, err := StartResponse(mCount(), cs)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := mServed(Opts{RecvTimeout: mLimit}, func(p *mPeer) {
					p.await(mHeadEnd)
					p.await(mLast)
					p.say("HTTP/1.1 204 No Content\r\n\r\n")
					p.await(mHeadEnd)
					p.await(mLast)
					p.await("never")
				})
				a := mCount()
				cs := mMust(t)(mUpload(a, mDialed(t, o)))
				cs = mMust(t)(StreamRequestBody(a, cs, Text("abc")))
				cs = mMust(t)(StartResponse(a, cs))
				cs = mMust(t)(mUpload(a, cs))
				anchor := cs.handle.anchor
				seq := anchor.cancel.Load() &^ cancelMask
				a.cancel()
				cs = mMust(t)(EndStreamRequestBody(context.Background(), cs))
				began := time.Now()
				if err := later(t, cs, func() { anchor.fire(seq) }); err != nil {
					mTimedOut(t, err) // by its own limit
					if spent := time.Since(began); spent != mLimit {
						t.Errorf("it was interrupted after %v", spent)
					}
				}
				_, err := StartResponse(context.Background(), cs)
				mTimedOut(t, err)
				Close(cs)
			})
		})
	}
}

// TestCancelHammer cancels each context at a random moment around its operation. The
// next operation, with another context, is never touched.
func TestCancelHammer(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprint("tls ", secure), func(t *testing.T) {
			rounds := 2000
			if secure {
				rounds = 500
			}
			srv := mSteady(t, secure, nil)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			cs := srv.connect(t)
			for range rounds {
				a, cancelA := context.WithCancelCause(ctx)
				go cancelA(errWhy)
				next, err := SendRequest(a, cs, Req{})
				if err != nil {
					mFailsBy(t, err, errWhy)
				}
				cs = mAfterHammer(t, srv, next)
				cs = mMust(t)(SendRequest(ctx, cs, Req{}))
				body, next, err := Body(ctx, cs)
				if string(body) != mSteadyBody || err != nil {
					t.Fatalf("%q, %v", body, err)
				}
				cs = next
			}
			Close(cs)
		})
	}
}

// mAfterHammer leads a state that may have been interrupted to one that can send.
func mAfterHammer(t *testing.T, srv *mSteadyServer, cs ClientState) ClientState {
	t.Helper()
	if cs.ResponseState() == StateWaiting {
		cs = mMust(t)(StartResponse(context.Background(), cs))
	}
	switch cs.ResponseState() {
	case StateOnBody:
		body, next, err := Body(context.Background(), cs)
		if string(body) != mSteadyBody || err != nil {
			t.Fatalf("%q, %v", body, err)
		}
		return next
	case StateFailed:
		return srv.connect(t)
	case StateStart, StateDone:
		return cs
	}
	t.Fatalf("led to %v", cs)
	return cs
}

// mCalled counts the calls on a connection.
type mCalled struct {
	mDeadlines
	reads, writes atomic.Int32
	wrote         bytes.Buffer
}

func (c *mCalled) Read(p []byte) (int, error) { c.reads.Add(1); return c.mDeadlines.Read(p) }
func (c *mCalled) Write(p []byte) (int, error) {
	c.writes.Add(1)
	c.wrote.Write(p)
	return c.mDeadlines.Write(p)
}

// TestCalls counts what small exchanges ask of the connection: one write, one read,
// and without limits of time no deadline, with a cancellable context too.
func TestCalls(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	withCancel, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, c := range []struct {
		name      string
		ctx       context.Context
		o         Opts
		r         Req
		deadlines int32
	}{
		{"GET", context.Background(), Opts{}, Req{Path: "/"}, 0},
		{"POST", context.Background(), Opts{}, Req{Method: "POST", Payload: Text(strings.Repeat("x", 1000))}, 0},
		{"POST of chunks", context.Background(), Opts{}, Req{Method: "POST", Payload: Chunks([]byte("a"), []byte("b"))}, 0},
		{"infinite limits", context.Background(), Opts{RecvTimeout: Infinite, SendTimeout: Infinite}, Req{}, 0},
		{"cancellable", withCancel, Opts{}, Req{}, 0},
		{"RecvTimeout", context.Background(), Opts{RecvTimeout: time.Hour}, Req{}, 1},
		{"both limits", context.Background(), Opts{RecvTimeout: time.Hour, SendTimeout: time.Hour}, Req{}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies(answer, answer))
			var conn mCalled
			c.o.DialContext = func(ctx context.Context, network, addr string) (_ net.Conn, err error) {
				conn.Conn, err = new(net.Dialer).DialContext(ctx, network, addr)
				return &conn, err
			}
			cs := mMust(t)(Connect(context.Background(), transport.TCP, srv.Host(), srv.Port(), &c.o))
			for i := int32(1); i <= 2; i++ {
				cs = mMust(t)(SendRequest(c.ctx, cs, c.r))
				body, next, err := Body(c.ctx, cs)
				if cs = next; string(body) != "ok" || err != nil {
					t.Fatalf("%q, %v", body, err)
				}
				if r, w, d := conn.reads.Load(), conn.writes.Load(), conn.calls.Load(); r != i || w != i || d != i*c.deadlines {
					t.Errorf("after %d requests %d reads, %d writes and %d deadlines", i, r, w, d)
				}
			}
			Close(cs)
		})
	}
}

// mTape is a connection that has the answer ready, and fills whatever it is read into.
type mTape struct {
	net.Conn
	rest          []byte
	reads, writes int
}

func (c *mTape) Read(p []byte) (int, error) {
	c.reads++
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *mTape) Write(p []byte) (int, error) { c.writes++; return len(p), nil }
func (c *mTape) Close() error                { return nil }
func (c *mTape) LocalAddr() net.Addr         { return &net.TCPAddr{} }
func (c *mTape) RemoteAddr() net.Addr        { return &net.TCPAddr{} }

// TestCallsInBulk counts what large bodies ask of the connection: each read takes as
// much as the caller has room for, and each piece of a chunked upload is one write.
func TestCallsInBulk(t *testing.T) {
	const size = 1 << 20
	pieces := func(n int) Payload {
		return FromReader(&mPieces{n: n, piece: make([]byte, 16<<10)}, -1)
	}
	for _, c := range []struct {
		name          string
		answer        []byte
		payload       Payload
		read          func(context.Context, ClientState) (int, error)
		reads, writes int
	}{
		{"into memory", mKnown(size), nil, mWhole, 3, 1},
		{"by length", mKnown(size), nil, mThrough, 1 + size/(64<<10), 1},
		{"chunks of 16 KiB", mChunks(16<<10, size), nil, mThrough, 1 + size/(64<<10), 1},
		{"chunks of 100 bytes", mChunks(100, size), nil, mThrough, 2 + len(mChunks(100, size))/(64<<10), 1},
		{"chunked upload", mSteadyAnswer, pieces(64), mWhole, 1, 1 + 64 + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := &mTape{rest: c.answer}
			o := &Opts{DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
			cs := mMust(t)(Post(t.Context(), "http://host.test/", nil, c.payload, o))
			if _, err := c.read(t.Context(), cs); err != nil {
				t.Fatal(err)
			}
			if conn.reads != c.reads || conn.writes != c.writes {
				t.Errorf("%d reads and %d writes, want %d and %d", conn.reads, conn.writes, c.reads, c.writes)
			}
		})
	}
}

// mPieces gives n pieces, one for each Read.
type mPieces struct {
	n     int
	piece []byte
}

func (r *mPieces) Read(p []byte) (int, error) {
	if r.n--; r.n < 0 {
		return 0, io.EOF
	}
	return copy(p, r.piece), nil
}

func mKnown(size int) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, make([]byte, size))
}

func mWhole(ctx context.Context, cs ClientState) (int, error) {
	body, _, err := Body(ctx, cs)
	return len(body), err
}

func mThrough(ctx context.Context, cs ClientState) (n int, err error) {
	r, p := NewBodyReader(ctx, cs), make([]byte, 64<<10)
	for err == nil {
		var got int
		got, err = r.Read(p)
		n += got
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}
