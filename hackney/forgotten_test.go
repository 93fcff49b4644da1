package hackney

import (
	"context"
	"io"
	"net"
	"runtime"
	"testing"
	"weak"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// mForgets makes a state, forgets it, and collects until the server sees its end.
func mForgets(t *testing.T, script wiretest.Conn, make func(*wiretest.Server) weak.Pointer[handle]) {
	t.Helper()
	srv := wiretest.New(t, script)
	h := make(srv)
	mUntil(t, "the collector", func() bool {
		runtime.GC()
		return h.Value() == nil && srv.Ended(0) != wiretest.Open
	})
	if end := srv.WaitClosed(0); end != wiretest.ClientClosed {
		t.Errorf("the connection ended: %v", end)
	}
}

// mOpenTo is mConnect without the Close at the end, which would hold the state.
func mOpenTo(t *testing.T, srv *wiretest.Server) ClientState {
	t.Helper()
	return mMust(t)(Connect(context.Background(), transport.TCP, srv.Host(), srv.Port(), nil))
}

func TestForgottenStates(t *testing.T) {
	const half = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
	ctx := context.Background()
	t.Run("start", func(t *testing.T) {
		mForgets(t, wiretest.Conn{}, func(srv *wiretest.Server) weak.Pointer[handle] {
			return weak.Make(mOpenTo(t, srv).handle)
		})
	})
	t.Run("in the middle of a body", func(t *testing.T) {
		mForgets(t, wiretest.Replies(half), func(srv *wiretest.Server) weak.Pointer[handle] {
			cs := mMust(t)(SendRequest(ctx, mOpenTo(t, srv), Req{}))
			chunk, cs, err := StreamBody(ctx, cs)
			if string(chunk) != "abc" || err != nil {
				t.Errorf("%q, %v", chunk, err)
			}
			return weak.Make(cs.handle)
		})
	})
	t.Run("stream", func(t *testing.T) {
		mForgets(t, wiretest.Conn{wiretest.On(wiretest.Head)}, func(srv *wiretest.Server) weak.Pointer[handle] {
			return weak.Make(mMust(t)(mUpload(ctx, mOpenTo(t, srv))).handle)
		})
	})
	t.Run("with a context", func(t *testing.T) {
		ctx := mCount()
		mForgets(t, wiretest.Replies(half), func(srv *wiretest.Server) weak.Pointer[handle] {
			cs := mMust(t)(SendRequest(ctx, mOpenTo(t, srv), Req{}))
			ctx.want(t, "on_body", 1, 1)
			return weak.Make(cs.handle)
		})
		ctx.want(t, "collected", 1, 0)
	})
	t.Run("in a BodyReader", func(t *testing.T) {
		mForgets(t, wiretest.Replies(half), func(srv *wiretest.Server) weak.Pointer[handle] {
			cs := mMust(t)(SendRequest(ctx, mOpenTo(t, srv), Req{}))
			if _, err := io.ReadFull(NewBodyReader(ctx, cs), make([]byte, 3)); err != nil {
				t.Error(err)
			}
			return weak.Make(cs.handle)
		})
	})
	t.Run("kept", func(t *testing.T) {
		mForgets(t, wiretest.Replies("HTTP/1.1 204 No Content\r\n\r\n"), func(srv *wiretest.Server) weak.Pointer[handle] {
			return weak.Make(mMust(t)(SendRequest(ctx, mOpenTo(t, srv), Req{})).handle)
		})
	})
}

// TestHijackedIsNotCollected holds that a connection which was given away stays open
// when the state it came from is forgotten.
func TestHijackedIsNotCollected(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.Reply("HTTP/1.1 101 Switching Protocols\r\n\r\n"), wiretest.On(wiretest.Bytes(4), "pong"),
	})
	conn, h := mHijacked(t, srv)
	defer conn.Close()
	mUntil(t, "the collector", func() bool { runtime.GC(); return h.Value() == nil })
	mCleanups()
	if _, err := io.WriteString(conn, "ping"); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(io.LimitReader(conn, 4)); string(b) != "pong" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

func mHijacked(t *testing.T, srv *wiretest.Server) (net.Conn, weak.Pointer[handle]) {
	t.Helper()
	cs := mMust(t)(SendRequest(context.Background(), mOpenTo(t, srv), Req{Headers: headers.New("Upgrade", "x")}))
	h := weak.Make(cs.handle)
	conn, _, err := Hijack(cs)
	if err != nil {
		t.Fatal(err)
	}
	return conn, h
}

// mCleanups waits until the cleanups of what is unreachable now have run.
func mCleanups() {
	ran := make(chan struct{})
	runtime.AddCleanup(new([16]byte), func(c chan struct{}) { close(c) }, ran)
	for {
		runtime.GC()
		select {
		case <-ran:
			return
		default:
		}
	}
}

// TestResultsPinNothing keeps the states of exchanges whose connection is closed:
// nothing of the connection is left but its facts.
func TestResultsPinNothing(t *testing.T) {
	for name, enter := range map[string]func(context.Context, ClientState) (ClientState, error){
		"closed by the answer": func(ctx context.Context, cs ClientState) (ClientState, error) {
			_, next, err := Body(ctx, cs)
			return next, err
		},
		"closed": func(_ context.Context, cs ClientState) (ClientState, error) { return Close(cs) },
		"closed under its last operation": func(ctx context.Context, cs ClientState) (ClientState, error) {
			w := mWriter(func([]byte) (int, error) { Close(cs); return 0, errWhy })
			_, next, _ := CopyBody(ctx, cs, w)
			return next, nil
		},
		"failed": func(ctx context.Context, cs ClientState) (ClientState, error) {
			a := operation{op: OpBody, cs: cs, from: cs.response, h: cs.handle}
			a.fail(errWhy)
			return a.cs, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"))
			cs := mMust(t)(SendRequest(context.Background(), mOpenTo(t, srv), Req{}))
			h, c := weak.Make(cs.handle), weak.Make(cs.handle.core)
			kept := mMust(t)(enter(context.Background(), cs))
			cs = ClientState{}
			srv.WaitClosed(0)
			mUntil(t, "the collector", func() bool { runtime.GC(); return h.Value() == nil && c.Value() == nil })
			if kept.Status() != 200 || kept.Headers().Get("Connection") != "close" || kept.RemoteAddr() == nil {
				t.Errorf("the facts are gone: %v", kept)
			}
			runtime.KeepAlive(kept)
		})
	}
}

// TestKeptCopyPinsItsConnection is the named limit: an old copy holds the handle.
func TestKeptCopyPinsItsConnection(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 204 No Content\r\n\r\n"))
	old := mOpenTo(t, srv)
	h := weak.Make(mMust(t)(SendRequest(context.Background(), old, Req{})).handle)
	mCleanups()
	if h.Value() == nil || srv.Ended(0) != wiretest.Open {
		t.Error("the connection is gone although a copy is kept")
	}
	Close(old)
	srv.WaitClosed(0)
}
