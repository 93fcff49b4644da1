package hackney_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// kept keeps responses that were made under a fake clock: what the collector would close has to be closed under it.
var kept []*hackney.AsyncResponse

// TestPauseHoldsWhatIsReadAhead holds that Pause keeps a response with a buffer from being read on.
func TestPauseHoldsWhatIsReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		goOn := make(chan struct{})
		var pieces atomic.Int32
		go func() {
			for r := bufio.NewReader(far); ; {
				if line, err := r.ReadString('\n'); err != nil || line == "\r\n" {
					break
				}
			}
			far.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"))
			<-goOn
			for _, piece := range "abcd" {
				far.Write([]byte(string(piece)))
				pieces.Add(1)
			}
		}()
		o := &hackney.Opts{Async: true, AsyncBuffer: 16, DialContext: func(context.Context, string, string) (net.Conn, error) { return near, nil }}
		cs, err := hackney.Get(t.Context(), "http://origin.test/", nil, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, cs.Async())
		synctest.Wait() // the head is read, and the body waited for
		cs.Async().Pause()
		close(goOn)
		synctest.Wait()
		if n := pieces.Load(); n != 1 {
			t.Errorf("%d pieces were read while paused, want the one that was waited for", n)
		}
		cs.Async().Resume()
		body := ""
		for e, err := range cs.Async().Events() {
			if err != nil {
				t.Error(err)
			}
			body += string(e.Chunk)
		}
		if body != "abcd" {
			t.Errorf("%q", body)
		}
		hackney.Close(cs.Async().State())
		far.Close()
	})
}

// TestStopIsTraced holds that the trace tells Stop from a context that was cancelled.
func TestStopIsTraced(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Request)})
	var last error
	o := &hackney.Opts{Async: true, AsyncBuffer: 1, Trace: func(e hackney.TraceEvent) {
		if e.Err != nil {
			last = e.Err
		}
	}}
	cs, err := hackney.Get(wCtx(t), srv.URL("/"), nil, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	srv.WaitStep(0, 1)
	cs.Async().Stop()
	<-cs.Async().Done()
	if !errors.Is(last, hackney.ErrStopped) {
		t.Errorf("the trace says %v", last)
	}
}

// TestCloseAsTheResponseEnds holds that Close closes a connection whose response ends in the same moment: it comes
// between the last step, which gives no event, and the end.
func TestCloseAsTheResponseEnds(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"))
	ended, closed := make(chan struct{}), make(chan struct{})
	o := &hackney.Opts{Async: true, AsyncBuffer: 16, Trace: func(e hackney.TraceEvent) {
		if e.Err == io.EOF {
			close(ended)
			<-closed
		}
	}}
	cs, err := hackney.Get(wCtx(t), srv.URL("/"), nil, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	<-ended
	hackney.Close(cs)
	close(closed)
	<-cs.Async().Done()
	if got := cs.Async().State(); got.ConnectionState() != hackney.Closed {
		t.Errorf("the response has left %v", got)
		hackney.Close(got)
	}
	srv.WaitClosed(0)
}
