package hackney

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/transport"
)

// phase is a time in which a request can get stuck.
type phase struct {
	name  string
	limit func(o *Opts) *time.Duration // that of the phase
	serve func(*mPeer)                 // gets stuck in it; nil for phases without a server
	opts  func(o *Opts)                // what else it takes
	run   func(context.Context, *Opts) (ClientState, error)
	says  string // in the error
	state ResponseState
}

const phaseURL = "http://test/"

func phaseGet(ctx context.Context, o *Opts) (ClientState, error) {
	cs, err := Get(ctx, phaseURL, nil, nil, o)
	if err != nil {
		return cs, err
	}
	_, cs, err = Body(ctx, cs)
	return cs, err
}

func phasePost(ctx context.Context, o *Opts) (ClientState, error) {
	return Post(ctx, phaseURL, nil, Text(strings.Repeat("x", 2*copyLimit)), o)
}

func phaseExpect(ctx context.Context, o *Opts) (ClientState, error) {
	cs, err := Post(ctx, phaseURL, headers.New("Expect", "100-continue"), Stream, o)
	if err != nil {
		return cs, err
	}
	return StreamRequestBody(ctx, cs, Text("x"))
}

// mute is a server that says nothing, and reads nothing more, until the client goes.
func mute(p *mPeer) { p.await(mHeadEnd); p.await("\x00never") }

// stuck are the ways to be stuck behind what a server says.
func stuck(says string) func(*mPeer) {
	return func(p *mPeer) {
		p.await(mHeadEnd)
		p.say(says)
		p.await("\x00never")
	}
}

var phases = []phase{
	{
		name: "queue", limit: func(o *Opts) *time.Duration { return &o.CheckoutTimeout }, serve: mute,
		opts: func(o *Opts) {
			o.Pool = pool.New(pool.Opts{MaxPerHost: 1})
			other := *o
			other.RecvTimeout = time.Hour
			go func() {
				cs, _ := Get(context.Background(), phaseURL, nil, nil, &other)
				Close(cs)
			}()
			synctest.Wait() // it has the only place, and no answer
		},
		run: phaseGet, says: "pool: test:80: ", state: StateStart,
	},
	{
		name: "dial", limit: func(o *Opts) *time.Duration { return &o.ConnectTimeout },
		opts: func(o *Opts) {
			o.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, errors.New("gave up")
			}
		},
		run: phaseGet, says: "network: dial test:80: ", state: StateStart,
	},
	{
		name: "TLS", limit: func(o *Opts) *time.Duration { return &o.TLSTimeout }, serve: func(p *mPeer) { p.await("\x00never") },
		run: func(ctx context.Context, o *Opts) (ClientState, error) {
			return Get(ctx, "https://test/", nil, nil, o)
		},
		says: "network: TLS handshake test:443: ", state: StateStart,
	},
	{
		name: "proxy", limit: func(o *Opts) *time.Duration { return &o.ConnectTimeout }, serve: mute,
		opts: func(o *Opts) { o.Proxy = ProxyAddr("proxy", 3128) },
		run: func(ctx context.Context, o *Opts) (ClientState, error) {
			return Get(ctx, "https://test/", nil, nil, o)
		},
		says: "proxy proxy:3128 for test:443: network: wait for first byte ", state: StateStart,
	},
	{
		name: "100-continue", limit: func(o *Opts) *time.Duration { return &o.RecvTimeout }, serve: mute,
		opts: func(o *Opts) { o.ExpectTimeout = Infinite },
		run:  phaseExpect, says: "network: wait for 100 Continue test:80: ", state: StateStream,
	},
	{
		name: "first byte", limit: func(o *Opts) *time.Duration { return &o.FirstByteTimeout }, serve: mute,
		run: phaseGet, says: "network: wait for first byte test:80: ", state: StateWaiting,
	},
	{
		name: "first byte, by the limit of each read", limit: func(o *Opts) *time.Duration { return &o.RecvTimeout }, serve: mute,
		run: phaseGet, says: "network: wait for first byte test:80: ", state: StateWaiting,
	},
	{
		name: "between reads, head", limit: func(o *Opts) *time.Duration { return &o.RecvTimeout }, serve: stuck("HTTP/1.1 200"),
		run: phaseGet, says: "network: read response head test:80: ", state: StateWaiting,
	},
	{
		name: "between reads, body", limit: func(o *Opts) *time.Duration { return &o.RecvTimeout }, serve: stuck(mChunked + "3\r\nabc"),
		run: phaseGet, says: "network: read response body test:80: ", state: StateOnBody,
	},
	{
		name: "send, head", limit: func(o *Opts) *time.Duration { return &o.SendTimeout }, serve: func(p *mPeer) { time.Sleep(time.Hour) },
		run: phaseGet, says: "network: write request head test:80: ", state: StateFailed,
	},
	{
		name: "send, body", limit: func(o *Opts) *time.Duration { return &o.SendTimeout },
		serve: func(p *mPeer) { p.await(mHeadEnd); time.Sleep(time.Hour) },
		run:   phasePost, says: "network: write request ", state: StateFailed,
	},
}

// outlast lets the longest sleeps of others in the bubble end.
func outlast() { time.Sleep(2 * time.Hour) }

// try gets stuck in the phase. limited says that its own limit ends that, and not the
// context.
func (p *phase) try(t *testing.T, limited bool) {
	defer outlast()
	o := &Opts{}
	if p.serve != nil {
		o = mServed(Opts{}, p.serve)
	}
	if p.opts != nil {
		p.opts(o)
	}
	if o.Pool != nil {
		defer o.Pool.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if limited {
		*p.limit(o) = mLimit
	}
	began := time.Now()
	cs, err := p.run(ctx, o)
	spent := time.Since(began)
	defer Close(cs)
	want := 5 * time.Second
	if limited {
		want = mLimit
	}
	if spent != want {
		t.Errorf("it took %v, want %v", spent, want)
	}
	if !errors.Is(err, ErrTimeout) || errors.Is(err, context.DeadlineExceeded) == limited {
		t.Errorf("%v, want a timeout by the phase's limit: %v", err, limited)
	}
	if err == nil || !strings.Contains(err.Error(), p.says) {
		t.Errorf("%v, want %q in it", err, p.says)
	}
	if cs.ResponseState() != p.state {
		t.Errorf("in %v, want %v", cs.ResponseState(), p.state)
	}
}

// TestPhases holds that each phase has a limit of its own, that the deadline of the context bounds
// them all together, and that the error names the phase.
func TestPhases(t *testing.T) {
	for _, p := range phases {
		t.Run(p.name, func(t *testing.T) {
			t.Run("its limit", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { p.try(t, true) })
			})
			t.Run("the context", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { p.try(t, false) })
			})
		})
	}
}

// TestExpectTimeoutSendsTheBody is the one limit whose end is no error.
func TestExpectTimeoutSendsTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waited time.Duration
		o := mServed(Opts{ExpectTimeout: mLimit, RecvTimeout: mLimit / 2}, func(p *mPeer) {
			p.await(mHeadEnd)
			began := time.Now()
			p.await(mLast)
			waited = time.Since(began)
			p.say("HTTP/1.1 204 No Content\r\n\r\n")
		})
		cs, err := Post(context.Background(), phaseURL, headers.New("Expect", "100-continue"), FromReader(strings.NewReader("x"), -1), o)
		defer Close(cs)
		if err != nil || cs.Status() != 204 || waited != mLimit {
			t.Errorf("%v, %v, the body came after %v", cs, err, waited)
		}
	})
}

// TestFirstByteTimeoutIsForTheFirstByteAlone has an answer that is slow behind its first byte, and
// behind a 100 whose request goes on.
func TestFirstByteTimeoutIsForTheFirstByteAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := mServed(Opts{FirstByteTimeout: mLimit}, func(p *mPeer) {
			p.await(mHeadEnd)
			time.Sleep(mLimit / 2)
			p.say("H")
			time.Sleep(3 * mLimit)
			p.say("TTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
			time.Sleep(3 * mLimit)
			p.say("x")
		})
		cs, err := phaseGet(context.Background(), o)
		if err != nil {
			t.Errorf("%v, %v", cs, err)
		}
		Close(cs)
	})
	synctest.Test(t, func(t *testing.T) {
		defer outlast()
		o := mServed(Opts{FirstByteTimeout: mLimit}, func(p *mPeer) {
			p.await(mHeadEnd)
			p.say("HTTP/1.1 100 Continue\r\n\r\n")
			p.await(mLast)
			time.Sleep(time.Hour)
		})
		cs, err := Post(context.Background(), phaseURL, headers.New("Expect", "100-continue"), FromReader(strings.NewReader("x"), -1), o)
		defer Close(cs)
		if err == nil || !strings.Contains(err.Error(), opFirstByte) {
			t.Errorf("behind a 100: %v, %v", cs, err)
		}
	})
}

// TestAnEarlyHeadIsTheFirstByte has the head come before the last byte of the request: what its body takes is
// not the wait for a first byte.
func TestAnEarlyHeadIsTheFirstByte(t *testing.T) {
	h := &handle{work: &work{dec: http1.NewDecoder("PUT", &http1.DefaultLimits)}}
	if h.up.done = true; !h.awaitsAnswer() {
		t.Error("a request that is out does not wait for its answer")
	}
	var ev http1.Event
	head := []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
	if n, err := h.dec.Next(&ev, head, false); n != len(head) || err != nil || !h.dec.InBody() {
		t.Fatal(n, err)
	}
	h.exchange.received = int64(len(head))
	h.exchange.heard = h.exchange.received // the last write came behind it
	if h.awaitsAnswer() {
		t.Error("the first byte is waited for in the body")
	}
}

// TestC19_TheContextEndsADrip has a byte come every 29 s, for ever (CVE-2026-47074): no wait
// is too long, and the deadline of the context ends it.
func TestC19_TheContextEndsADrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer outlast()
		o := mServed(Opts{RecvTimeout: 30 * time.Second}, func(p *mPeer) {
			p.await(mHeadEnd)
			p.say("HTTP/1.1 200 OK\r\n\r\n")
			for {
				time.Sleep(29 * time.Second)
				if _, err := p.Write([]byte("x")); err != nil {
					return
				}
			}
		})
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		began := time.Now()
		cs, err := phaseGet(ctx, o)
		defer Close(cs)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 5*time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		var e *transport.Error
		if !errors.As(err, &e) || e.Received == 0 || e.Op != opReadBody {
			t.Errorf("%v does not say how far it got", err)
		}
	})
}
