package hackney

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// mClosing answers each request and closes.
func mClosing() *Opts {
	return mServed(Opts{}, func(p *mPeer) {
		p.await(mHeadEnd)
		p.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
	})
}

// TestStaleOfAnotherLease has the handle of a state that Body has used go on to a
// connection of somebody else's. What that one does to it has not used the state.
func TestStaleOfAnotherLease(t *testing.T) {
	ctx := context.Background()
	for range 50 { // the pool of handles may give another one
		cs := mMust(t)(Get(ctx, "http://test/", nil, nil, mClosing()))
		if _, _, err := Body(ctx, cs); err != nil {
			t.Fatal(err)
		}
		other := mDialed(t, mServed(Opts{}, func(p *mPeer) { p.await(mHeadEnd) }))
		conn, _, err := Hijack(other)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		_, _, err = Body(ctx, cs)
		if !errors.Is(err, ErrStale) || strings.Contains(err.Error(), "Hijack") {
			t.Fatalf("Body has used the state, and nobody has taken its connection out: %v", err)
		}
	}
}

// TestStaleOfAnotherLeaseInDone is that for a state in which reading claims nothing.
func TestStaleOfAnotherLeaseInDone(t *testing.T) {
	ctx := context.Background()
	for range 50 {
		done := mMust(t)(SendRequest(ctx, mDialed(t, mServed(Opts{}, func(p *mPeer) {
			p.await(mHeadEnd)
			p.say("HTTP/1.1 204 No Content\r\n\r\n")
			p.await(mHeadEnd)
			p.say("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
		})), Req{}))
		mMust(t)(SendRequest(ctx, done, Req{}))
		conn, _, err := Hijack(mDialed(t, mServed(Opts{}, func(p *mPeer) { p.await(mHeadEnd) })))
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if _, _, err = StreamBody(ctx, done); !errors.Is(err, ErrStale) || strings.Contains(err.Error(), "Hijack") {
			t.Fatalf("SendRequest has used the state, and nobody has taken its connection out: %v", err)
		}
	}
}

// TestForgottenWhileFiring has the context end between the two steps in which a
// forgotten connection is let go: a panic has left it armed.
func TestForgottenWhileFiring(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	a := new(anchor)
	a.core.Store(&core{conn: near})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if !a.arm(ctx) {
		t.Fatal("not armed")
	}
	seq, stop := a.cancel.Load()&^cancelMask, a.stop
	a.stop = func() bool { a.fire(seq); return stop() }
	a.letGo()
}

// TestWriterFailsBehindInterruption has Body park more than CopyBody hands to its
// writer at once, and that writer fail: nothing may be lost.
func TestWriterFailsBehindInterruption(t *testing.T) {
	want := strings.Repeat("0123456789", 20000)
	ctx, cancel := context.WithCancel(context.Background())
	interrupted := make(chan struct{})
	cs := mDialed(t, mServed(Opts{}, func(p *mPeer) {
		p.await(mHeadEnd)
		p.say("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + want[:150000])
		cancel()
		<-interrupted
		p.say(want[150000:])
	}))
	cs = mMust(t)(SendRequest(context.Background(), cs, Req{}))
	_, cs, err := Body(ctx, cs)
	if close(interrupted); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var got bytes.Buffer
	full := errors.New("full")
	_, cs, err = CopyBody(context.Background(), cs, mHalfWriter{&got, full})
	if !errors.Is(err, full) {
		t.Fatal(err)
	}
	if _, _, err = CopyBody(context.Background(), cs, &got); err != nil || got.String() != want {
		t.Errorf("%d bytes of %d, %v", got.Len(), len(want), err)
	}
}

// mHalfWriter takes half of what it gets, and fails.
type mHalfWriter struct {
	io.Writer
	err error
}

func (w mHalfWriter) Write(p []byte) (int, error) {
	n, _ := w.Writer.Write(p[:len(p)/2])
	return n, w.err
}

// TestURLOfPortZero holds that a client for port 0, which cannot be connected, does not
// say that it is for port 80.
func TestURLOfPortZero(t *testing.T) {
	for _, host := range []string{"host.test", "[::1]"} {
		cs, err := Get(context.Background(), "http://"+host+":0/x", nil, nil, nil)
		if err == nil || cs.Port() != 0 || !strings.HasPrefix(cs.URL(), "http://"+host+":0/") {
			t.Errorf("%v, port %d, URL %q", err, cs.Port(), cs.URL())
		}
	}
}

// TestConnectedHoldsNoBuffer has operations on a connection without an exchange come
// behind an exchange, whose memory they get.
func TestConnectedHoldsNoBuffer(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name string
		do   func(ClientState) (ClientState, error)
	}{
		{"Connect", func(cs ClientState) (ClientState, error) { return cs, nil }},
		{"Handoff", Handoff},
		{"SetSockopts", func(cs ClientState) (ClientState, error) {
			return cs, SetSockopts(cs, func(net.Conn) error { return nil })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 20 {
				cs := mDialed(t, mServed(Opts{}, func(p *mPeer) {
					p.await(mHeadEnd)
					p.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
					p.await(mHeadEnd)
				}))
				cs = mMust(t)(SendRequest(ctx, cs, Req{}))
				if _, next, err := Body(ctx, cs); err != nil || next.handle.work != nil {
					t.Fatal(err)
				}
				idle := mMust(t)(c.do(mDialed(t, mServed(Opts{}, func(p *mPeer) { p.await(mHeadEnd) }))))
				if w := idle.handle.work; w != nil {
					t.Fatal("a connection without an exchange holds what is for one")
				}
			}
		})
	}
}
