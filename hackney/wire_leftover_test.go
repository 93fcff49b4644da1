package hackney_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// Bytes behind a message are never taken for the next answer (RFC 9112, 6.3), also
// where the body was read exactly to its end and they stayed on the socket.
func TestWireLeftoverBehindALongBody(t *testing.T) {
	body := wText(5000)
	for name, read := range map[string]func(context.Context, hackney.ClientState) (hackney.ClientState, error){
		"Body": func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
			_, cs, err := hackney.Body(ctx, cs)
			return cs, err
		},
		"CopyBody to a file": func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
			f, err := os.Create(filepath.Join(t.TempDir(), "body"))
			if err != nil {
				return cs, err
			}
			defer f.Close()
			_, cs, err = hackney.CopyBody(ctx, cs, f)
			return cs, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t,
				wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"+body+"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
				wiretest.Replies(wOK))
			ctx := context.Background()
			cs, err := hackney.Get(ctx, srv.URL("/"), nil, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if cs, err = read(ctx, cs); err != nil {
				t.Fatal(err)
			}
			cs, err = hackney.SendRequest(ctx, cs, hackney.Req{})
			if err != nil {
				t.Fatal(err)
			}
			got, cs, err := hackney.Body(ctx, cs)
			if string(got) != "ok" || err != nil {
				t.Errorf("the next answer is %q, %v", got, err)
			}
			hackney.Close(cs)
			wSplices(t)
		})
	}
}

// A copy to a file that runs out of time goes on where it stopped.
func TestWireCopyToAFileGoesOn(t *testing.T) {
	gate := make(chan struct{})
	half := wText(50_000)
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + half),
		wiretest.Say(half).Gated(gate),
	})
	f, err := os.Create(filepath.Join(t.TempDir(), "body"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx := context.Background()
	cs, err := hackney.Get(ctx, srv.URL("/"), nil, nil, &hackney.Opts{RecvTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for {
		var n int64
		n, cs, err = hackney.CopyBody(ctx, cs, f)
		sum += n
		if sum == int64(len(half)) && gate != nil {
			if !errors.Is(err, hackney.ErrTimeout) || cs.ResponseState() != hackney.StateOnBody {
				t.Fatalf("half: %v, %v", cs.ResponseState(), err)
			}
			close(gate)
			gate = nil
		}
		if !errors.Is(err, hackney.ErrTimeout) {
			break
		}
	}
	if err != nil || sum != 100_000 || cs.ResponseState() != hackney.StateDone {
		t.Fatalf("%d bytes, %v, %v", sum, cs.ResponseState(), err)
	}
	if got, err := os.ReadFile(f.Name()); string(got) != half+half {
		t.Errorf("the file has %d bytes, not those that were sent (%v)", len(got), err)
	}
	hackney.Close(cs)
	wSplices(t)
}

// A reset inside a body is one kind of error, however the body is read.
func TestWireResetIsAnIncompleteBody(t *testing.T) {
	for name, read := range map[string]func(context.Context, hackney.ClientState) (hackney.ClientState, error){
		"SkipBody": hackney.SkipBody,
		"StreamBody": func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
			var err error
			for err == nil {
				_, cs, err = hackney.StreamBody(ctx, cs)
			}
			return cs, err
		},
		"CopyBody": func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
			_, cs, err := hackney.CopyBody(ctx, cs, io.Discard)
			return cs, err
		},
		"BodyReader": func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
			r := hackney.NewBodyReader(ctx, cs)
			_, err := io.ReadAll(r)
			return r.State(), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			gate := make(chan struct{})
			srv := wiretest.New(t, wiretest.Conn{
				wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
				wiretest.Say("").Gated(gate).ThenReset(),
			})
			ctx := context.Background()
			cs, err := hackney.Get(ctx, srv.URL("/"), nil, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			close(gate)
			cs, err = read(ctx, cs)
			var lost *hackney.IncompleteError
			if !errors.As(err, &lost) || lost.Got != 3 || lost.Want != 10 || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("error %v, want an IncompleteError of 3 of 10 bytes with ECONNRESET in it", err)
			}
			if cs.ResponseState() != hackney.StateFailed {
				t.Errorf("state %v", cs.ResponseState())
			}
		})
	}
}

// Framing that a caller asks for is well-formed, or refused before dialing.
func TestWireFramingThatIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		h      *headers.Headers
	}{
		"codings without a comma": {"POST", headers.New("Transfer-Encoding", "gzip chunked")},
		"an empty coding":         {"POST", headers.New("Transfer-Encoding", ",chunked")},
		"a quoted coding":         {"POST", headers.New("Transfer-Encoding", `gzip;q="chunked, chunked`)},
		"chunked twice":           {"POST", headers.New("Transfer-Encoding", "chunked, chunked")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := hackney.Request(context.Background(), c.method, "http://127.0.0.1:1/", c.h, hackney.Text("x"), nil)
			wIs[*hackney.ArgumentError](t, err)
		})
	}
	srv := wiretest.New(t, wiretest.Conn{})
	cl := wNew(t)
	cl.to(hackney.Connect(cl.ctx, transport.TCP, srv.Host(), srv.Port(), nil))
	for _, target := range []string{"http:foo", "host", ":1", "host:99999", "host:1/x"} {
		_, err := hackney.SendRequest(cl.ctx, cl.ClientState, hackney.Req{Method: "CONNECT", Path: target})
		wIs[*hackney.ArgumentError](t, err)
	}
	cl.to(hackney.Close(cl.ClientState))
	if got := srv.Received(0); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

// A payload of unknown length under a Content-Length of 0 is asked, and found too long.
func TestWireContentLength0OfAPayloadThatHasMore(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{})
	_, err := hackney.Post(context.Background(), srv.URL("/"), headers.New("Content-Length", "0"), wPieces(io.EOF, "more"), nil)
	wIs[*hackney.ArgumentError](t, err)
}
