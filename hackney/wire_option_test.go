package hackney_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// Limits of time are measured in a bubble, where they are exact: the default, none
// (an hour, by the context) and a value. TestP24, TestP25 and TestWireExpectTimeout
// hold the others.
var wLimits = func(byDefault time.Duration) map[time.Duration]time.Duration {
	return map[time.Duration]time.Duration{0: byDefault, hackney.Infinite: time.Hour, 3 * time.Second: 3 * time.Second}
}

func TestWireTLSTimeout(t *testing.T) {
	for option, want := range wLimits(8 * time.Second) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			o := wPipe(t, func(c net.Conn) { io.Copy(io.Discard, c) }) // takes the hello and is silent
			o.TLSTimeout = option
			start := time.Now()
			cs, err := hackney.Get(ctx, "https://example.com/", nil, nil, o)
			if took := time.Since(start); took != want || !errors.Is(err, hackney.ErrTimeout) || cs.ConnectionState() != hackney.Closed {
				t.Errorf("TLSTimeout %v ends after %v with %v", option, took, err)
			}
		})
	}
}

func TestWireSendTimeout(t *testing.T) {
	for option, want := range wLimits(time.Hour) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			done := make(chan struct{})
			o := wPipe(t, func(c net.Conn) { <-done }) // reads nothing
			o.SendTimeout = option
			start := time.Now()
			cs, err := hackney.Get(ctx, "http://example.com/", nil, nil, o)
			close(done)
			if took := time.Since(start); took != want || !errors.Is(err, hackney.ErrTimeout) || cs.ResponseState() != hackney.StateFailed {
				t.Errorf("SendTimeout %v ends after %v with %v", option, took, err)
			}
			wHas(t, err, "network: write request head example.com:80")
			wBlame(t, err, hackney.BlameNetwork)
		})
	}
}

// A limit on writes is one of each write: slow progress is none of its business.
func TestWireSendTimeoutIsPerWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := wPipe(t, func(c net.Conn) {
			wReadHead(c)
			for range 4 {
				time.Sleep(50 * time.Second)
				io.ReadFull(c, make([]byte, 6)) // a chunk
			}
			time.Sleep(50 * time.Second)
			io.ReadFull(c, make([]byte, 5))
			io.WriteString(c, wOK)
		})
		o.SendTimeout = time.Minute
		c := wNew(t)
		c.ctx = context.Background()
		c.request("POST", "http://example.com/", nil, wPieces(io.EOF, "a", "b", "c", "d"), o).wantBody("ok")
	})
}

func TestWireMaxBody(t *testing.T) {
	text := wText(100)
	replies := map[string]string{
		"length": wLengthOK + "100\r\n\r\n" + text, "chunked": wChunkedOK + "32\r\n" + text[:50] + "\r\n32\r\n" + text[50:] + "\r\n0\r\n\r\n", "until close": wHeadOK + "\r\n" + text,
	}
	ways := map[string]func(*wClient) (int, hackney.ClientState, error){
		"Body": func(c *wClient) (int, hackney.ClientState, error) {
			b, cs, err := hackney.Body(c.ctx, c.ClientState)
			return len(b), cs, err
		},
		"SkipBody": func(c *wClient) (int, hackney.ClientState, error) {
			cs, err := hackney.SkipBody(c.ctx, c.ClientState)
			return 100, cs, err
		},
		"CopyBody": func(c *wClient) (int, hackney.ClientState, error) {
			var b bytes.Buffer
			n, cs, err := hackney.CopyBody(c.ctx, c.ClientState, &b)
			return int(n), cs, err
		},
		"CopyBody to a file": func(c *wClient) (int, hackney.ClientState, error) {
			f, err := os.Create(filepath.Join(t.TempDir(), "out"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			n, cs, err := hackney.CopyBody(c.ctx, c.ClientState, f)
			return int(n), cs, err
		},
		"StreamBody": func(c *wClient) (n int, cs hackney.ClientState, err error) {
			for cs = c.ClientState; err == nil; {
				var b []byte
				b, cs, err = hackney.StreamBody(c.ctx, cs)
				n += len(b)
			}
			if err == io.EOF {
				err = nil
			}
			return n, cs, err
		},
		"BodyReader": func(c *wClient) (int, hackney.ClientState, error) {
			r := hackney.NewBodyReader(c.ctx, c.ClientState)
			b, err := io.ReadAll(r)
			return len(b), r.State(), err
		},
	}
	wSplices(t)
	for framing, reply := range replies {
		for way, read := range ways {
			for max, good := range map[int64]bool{0: true, int64(hackney.Unlimited): true, 100: true, 1000: true, 99: false, 60: false, 1: false} {
				srv := wiretest.New(t, wiretest.Conn{wiretest.Step{Wait: wiretest.Request, Send: wiretest.Text(reply), Then: wiretest.CloseWrite}})
				c := wNew(t).request("GET", srv.URL("/"), nil, nil, &hackney.Opts{MaxBody: max})
				n, cs, err := read(c)
				if good {
					if c.to(cs, err).in(hackney.StateDone); n != 100 {
						t.Errorf("%s, %s, MaxBody %d: %d bytes", framing, way, max, n)
					}
					continue
				}
				e := wIs[*hackney.LimitError](t, c.fails(cs, err))
				if e.Max != max || e.What != "the body" || e.Addr != srv.Addr() {
					t.Errorf("%s, %s: error %v", framing, way, err)
				}
				wBlame(t, err, hackney.BlameLimit)
				c.in(hackney.StateFailed).connection(hackney.Closed)
				srv.WaitClosed(0)
			}
		}
	}
}

func TestWireMaxHeadAndMaxFields(t *testing.T) {
	head := func(fields, size int) string {
		h := wHeadOK + strings.Repeat("A: b\r\n", fields-2) + "Content-Length: 2\r\n"
		return h + "Fill: " + strings.Repeat("x", size-len(h)-len("Fill: \r\n\r\n")) + "\r\n\r\nok"
	}
	for _, c := range []struct {
		name         string
		o            hackney.Opts
		fields, size int
		good         bool
	}{
		{"default head", hackney.Opts{}, 3, 256 << 10, true},
		{"over the default head", hackney.Opts{}, 3, 256<<10 + 1, false},
		{"head", hackney.Opts{MaxHead: 1000}, 3, 1000, true},
		{"over the head", hackney.Opts{MaxHead: 1000}, 3, 1001, false},
		{"larger head", hackney.Opts{MaxHead: 1 << 20}, 3, 1 << 20, true},
		{"no limit of the head", hackney.Opts{MaxHead: hackney.Unlimited}, 3, 2 << 20, true},
		{"default fields", hackney.Opts{}, 1000, 10_000, true},
		{"over the default fields", hackney.Opts{}, 1001, 10_000, false},
		{"fields", hackney.Opts{MaxFields: 5}, 5, 1000, true},
		{"over the fields", hackney.Opts{MaxFields: 5}, 6, 1000, false},
		{"more fields", hackney.Opts{MaxFields: 3000}, 3000, 30_000, true},
		{"no limit of fields", hackney.Opts{MaxFields: hackney.Unlimited}, 20_000, 200_000, true},
		{"one without the other", hackney.Opts{MaxFields: hackney.Unlimited}, 3, 256<<10 + 1, false},
		{"the other without the one", hackney.Opts{MaxHead: hackney.Unlimited}, 1001, 10_000, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			reply := head(c.fields, c.size)
			if n := len(reply) - 2; n != c.size || strings.Count(reply, "\r\n") != c.fields+2 {
				t.Fatalf("the head has %d bytes, %d lines", n, strings.Count(reply, "\r\n"))
			}
			srv := wiretest.New(t, wiretest.Replies(reply))
			cl := wNew(t)
			cs, err := hackney.Get(cl.ctx, srv.URL("/"), nil, nil, &c.o)
			if c.good {
				if cl.to(cs, err); cl.Headers().Len() != c.fields {
					t.Errorf("%d fields, want %d", cl.Headers().Len(), c.fields)
				}
				cl.wantBody("ok")
				return
			}
			wIs[*hackney.LimitError](t, cl.fails(cs, err))
			cl.in(hackney.StateFailed).connection(hackney.Closed)
		})
	}
}

// What a reader or writer of the caller's reports stays the caller's fault, also when
// it is another client that broke.
func TestWireErrorsOfAnotherClientInside(t *testing.T) {
	for _, broken := range []wiretest.Step{
		wiretest.Reply(wLengthOK + "10\r\n\r\nhello").ThenClose(),
		wiretest.Reply(wChunkedOK + "5\r\nhello\r\nx\r\n"),
	} {
		from := wiretest.New(t, wiretest.Conn{broken})
		to := wiretest.New(t, wiretest.Conn{})
		source := wNew(t).get(from.URL("/"))
		r := hackney.NewBodyReader(source.ctx, source.ClientState)
		c := wNew(t)
		err := c.fails(hackney.Put(c.ctx, to.URL("/"), nil, hackney.FromReader(r, 10), nil))
		source.ClientState = r.State()
		wIs[*hackney.ArgumentError](t, err)
		wBlame(t, err, hackney.BlameCaller)
		wHas(t, err, from.Addr()) // it is that one who broke
		c.in(hackney.StateFailed).connection(hackney.Closed)
		to.WaitClosed(0)
	}
	// One that timed out, or whose connection was lost, must not be taken for ours.
	for _, inner := range []error{
		&hackney.TransportError{Op: "read response body", Addr: "other:80", Err: os.ErrDeadlineExceeded},
		&hackney.TransportError{Op: "read response body", Addr: "other:80", Err: io.ErrClosedPipe},
	} {
		to := wiretest.New(t, wiretest.Conn{})
		c := wNew(t)
		err := c.fails(hackney.Put(c.ctx, to.URL("/"), nil, wPieces(inner, "x"), nil))
		if c.ctx.Err() != nil {
			t.Error("an answer was waited for")
		}
		if wIs[*hackney.ArgumentError](t, err); !errors.Is(err, inner) {
			t.Errorf("error %v", err)
		}
		wBlame(t, err, hackney.BlameCaller)
		c.in(hackney.StateFailed)
		to.WaitClosed(0)

		from := wiretest.New(t, wiretest.Replies(wLengthOK+"5\r\n\r\nhello"))
		c = wNew(t).get(from.URL("/"))
		n, cs, err := hackney.CopyBody(c.ctx, c.ClientState, &wFailing{n: 2, err: inner})
		if wIs[*hackney.ArgumentError](t, c.fails(cs, err)); n != 2 {
			t.Errorf("%d bytes copied", n)
		}
		c.in(hackney.StateOnBody).wantBody("llo")
	}
}
