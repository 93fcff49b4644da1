package hackney_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// TestAsyncCloseBehindTheEnd holds that the documented deferred Close of the state in async
// closes the connection that the end of the response has left, without a pool.
func TestAsyncCloseBehindTheEnd(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	cs, err := hackney.Get(wCtx(t), srv.URL("/"), nil, nil, yAsync(nil))
	r := yOf(t, cs, err)
	yBody(t, r)
	<-r.Done()
	if got := r.State().ConnectionState(); got != hackney.Connected {
		t.Fatalf("behind the end the connection is %v", got)
	}
	hackney.Close(cs)
	srv.WaitClosed(0)
	hackney.Close(cs)
}

// TestAsyncEndWhilePaused holds that Pause does not keep back how a response has failed.
func TestAsyncEndWhilePaused(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	ctx, cancel := context.WithCancel(wCtx(t))
	defer cancel()
	cs, err := hackney.Get(ctx, srv.URL("/"), nil, nil, yAsync(nil))
	r := yOf(t, cs, err)
	r.Pause()
	cancel()
	<-r.Done()
	r.Pause()
	if _, err := r.Next(wCtx(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestAsyncContextEndsBetweenEvents holds that the end of the context is one error, whether
// something is being read or nobody takes what was.
func TestAsyncContextEndsBetweenEvents(t *testing.T) {
	for taken := range 3 {
		srv := wiretest.New(t, wiretest.Replies(wOK))
		ctx, cancel := context.WithCancel(wCtx(t))
		cs, err := hackney.Get(ctx, srv.URL("/"), nil, nil, yAsync(nil))
		r := yOf(t, cs, err)
		for range taken {
			yTake(t, r)
		}
		cancel()
		<-r.Done()
		_, err = r.Next(wCtx(t))
		var network *hackney.TransportError
		if !errors.As(err, &network) || !errors.Is(err, context.Canceled) || hackney.BlameOf(err) != hackney.BlameNetwork {
			t.Errorf("behind %d events: %v, blame %v", taken, err, hackney.BlameOf(err))
		}
	}
}

func TestAsyncBufferHasALimit(t *testing.T) {
	for _, n := range []int{1<<16 + 1, math.MaxInt} {
		_, err := hackney.Get(wCtx(t), "http://192.0.2.1/", nil, nil, &hackney.Opts{Async: true, AsyncBuffer: n})
		wIs[*hackney.ArgumentError](t, err)
	}
}

// TestAsyncDroppedChannel leaves the channel alone when the context has ended: the
// goroutine that feeds it must end, which the package's check for leaks sees.
func TestAsyncDroppedChannel(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"+strings.Repeat("a", 300_000)))
	ctx, cancel := context.WithCancel(wCtx(t))
	cs, err := hackney.Get(ctx, srv.URL("/"), nil, nil, yAsync(nil))
	r := yOf(t, cs, err)
	<-r.C()
	cancel()
	<-r.Done()
}

// TestAsyncOneEventForEachDemand gives up waiting once: what is asked for later is read
// when it is asked for, as before.
func TestAsyncOneEventForEachDemand(t *testing.T) {
	yPipeReads(t, hackney.Opts{}, ySegments, func(t *testing.T, r *hackney.AsyncResponse, reads *atomic.Int64) {
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for range 3 {
			r.Next(over)
		}
		r.Pause()
		r.Resume()
		for taken, line := range yLines {
			synctest.Wait()
			if got := int(reads.Load()); got > taken+1 {
				t.Errorf("%d events were taken, %d reads made", taken, got)
			}
			yWant(t, r, line)
		}
		yOver(t, r)
	})
}

// TestAsyncChannelBesideNext has others take events while the channel does: what came
// through that is the caller's own all the same.
func TestAsyncChannelBesideNext(t *testing.T) {
	var body strings.Builder
	body.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	for i := range 2_000 {
		body.WriteString("400\r\n" + strings.Repeat(string(rune('a'+i%26)), 1<<10) + "\r\n")
	}
	body.WriteString("0\r\n\r\n")
	srv := wiretest.New(t, wiretest.Replies(body.String()))
	r := yGet(t, srv.URL("/"), &hackney.Opts{AsyncBuffer: 4})
	var others sync.WaitGroup
	others.Go(func() {
		for {
			if _, err := r.Next(context.Background()); err != nil {
				return
			}
		}
	})
	for e := range r.C() {
		if e.Kind == hackney.EventChunk && !bytes.Equal(e.Chunk, bytes.Repeat(e.Chunk[:1], len(e.Chunk))) {
			t.Errorf("a chunk of %d bytes is mixed", len(e.Chunk))
		}
	}
	r.Stop() // where the other one is still waiting
	others.Wait()
}

// TestAsyncFindStreamAtOnce finds responses while they begin and end.
func TestAsyncFindStreamAtOnce(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK, wOK, wOK, wOK))
	cs, err := hackney.Get(wCtx(t), srv.URL("/"), nil, nil, yAsync(nil))
	first := yOf(t, cs, err)
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			for ref := first.Ref(); ref < first.Ref()+8; ref++ {
				if r, ok := hackney.FindStream(ref); ok && r.State().ResponseState() == hackney.StateStart {
					t.Error("a response was found before it had a state")
				}
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	yBody(t, first)
	cs = first.State()
	for range 3 {
		if cs, err = hackney.SendRequest(wCtx(t), cs, hackney.Req{}); err != nil {
			t.Fatal(err)
		}
		r := cs.Async()
		for _, err := range r.Events() {
			if err != nil && err != io.EOF {
				t.Fatal(err)
			}
		}
		<-r.Done()
		cs = r.State()
	}
	close(stop)
	<-ended
	hackney.Close(cs)
}
