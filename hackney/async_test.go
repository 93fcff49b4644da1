package hackney_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/leaktest"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// yAsync makes options asynchronous.
func yAsync(o *hackney.Opts) *hackney.Opts {
	if o == nil {
		o = &hackney.Opts{}
	}
	o.Async = true
	return o
}

// yOf is the response of a state in async. The end of the test stops it.
func yOf(t testing.TB, cs hackney.ClientState, err error) *hackney.AsyncResponse {
	t.Helper()
	r := cs.Async()
	if err != nil || r == nil || cs.ResponseState() != hackney.StateAsync {
		hackney.Close(cs)
		t.Fatalf("%v, %v", cs, err)
	}
	t.Cleanup(func() {
		r.Stop()
		<-r.Done()
		hackney.Close(r.State())
	})
	return r
}

func yGet(t testing.TB, url string, o *hackney.Opts) *hackney.AsyncResponse {
	t.Helper()
	cs, err := hackney.Get(wCtx(t), url, nil, nil, yAsync(o))
	return yOf(t, cs, err)
}

// yText is an event in a line.
func yText(e hackney.Event) string {
	switch e.Kind {
	case hackney.EventInterim:
		return fmt.Sprintf("interim %d %s %d", e.Status, e.Reason, e.Headers.Len())
	case hackney.EventStatus:
		return fmt.Sprintf("status %d %s", e.Status, e.Reason)
	case hackney.EventHeaders:
		return fmt.Sprintf("headers %d", e.Headers.Len())
	case hackney.EventChunk:
		return "chunk " + string(e.Chunk)
	}
	return e.Kind.String()
}

// yTake takes one event, and holds that it has the ref and an error only where it is one.
func yTake(t testing.TB, r *hackney.AsyncResponse) hackney.Event {
	t.Helper()
	e, err := r.Next(wCtx(t))
	if e.Ref != r.Ref() || (e.Kind == hackney.EventError) != (err != nil) || e.Err != err {
		t.Fatalf("event %+v of %d, error %v", e, r.Ref(), err)
	}
	return e
}

// yWant takes events, which must be those of want.
func yWant(t testing.TB, r *hackney.AsyncResponse, want ...string) {
	t.Helper()
	for i, w := range want {
		if got := yText(yTake(t, r)); got != w {
			t.Fatalf("event %d of %q is %q", i, want, got)
		}
	}
}

// yBody takes events until the last and gives the body.
func yBody(t testing.TB, r *hackney.AsyncResponse) (body string, last hackney.Event) {
	t.Helper()
	for {
		switch e := yTake(t, r); e.Kind {
		case hackney.EventChunk:
			body += string(e.Chunk)
		case hackney.EventDone, hackney.EventError:
			return body, e
		}
	}
}

// yOver holds that r has ended well, and gives its state.
func yOver(t testing.TB, r *hackney.AsyncResponse) hackney.ClientState {
	t.Helper()
	wBounded(t, r.Done())
	for range 2 {
		if e, err := r.Next(wCtx(t)); err != io.EOF || e.Ref != r.Ref() || e.Chunk != nil {
			t.Errorf("behind the end: %+v, %v", e, err)
		}
	}
	cs := r.State()
	if cs.Async() != nil {
		t.Errorf("%v is asynchronous", cs)
	}
	return cs
}

// yFailed holds that r ended with an error, which it says again and again, that nothing is
// left of it, and gives the error.
func yFailed(t testing.TB, r *hackney.AsyncResponse) error {
	t.Helper()
	_, last := yBody(t, r)
	if last.Kind != hackney.EventError {
		t.Fatalf("the last event is %v", last)
	}
	wBounded(t, r.Done())
	if again := yTake(t, r); again.Kind != hackney.EventError || again.Err != last.Err {
		t.Errorf("behind %v comes %v", last.Err, again)
	}
	if cs := r.State(); cs.ConnectionState() != hackney.Closed || cs.Async() != nil {
		t.Errorf("the state is %v", cs)
	}
	if _, found := hackney.FindStream(r.Ref()); found {
		t.Error("it is found although it has ended")
	}
	return last.Err
}

const yChunks = "HTTP/1.1 200 Fine\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n" +
	"2\r\nab\r\n3\r\ncde\r\n1\r\nf\r\n0\r\nX-Sum: 6\r\n\r\n"

// yCases are whole responses.
var yCases = []struct {
	name, method string
	answer       string
	fields       *headers.Headers
	payload      hackney.Payload
	want         []string
	state        hackney.ResponseState
	kept         hackney.Kept
}{
	{
		name: "length", answer: wOK,
		want: []string{"status 200 OK", "headers 1", "chunk ok", "done"}, state: hackney.StateDone, kept: hackney.KeptByClient,
	},
	{
		name: "chunks", answer: yChunks,
		want:  []string{"status 200 Fine", "headers 2", "chunk ab", "chunk cde", "chunk f", "done"},
		state: hackney.StateDone, kept: hackney.KeptByClient,
	},
	{
		name:   "interim",
		answer: "HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + wOK,
		want:   []string{"interim 102 Wait 0", "interim 103 Early Hints 1", "status 200 OK", "headers 1", "chunk ok", "done"},
		state:  hackney.StateDone, kept: hackney.KeptByClient,
	},
	{
		name: "nothing", answer: wEmpty,
		want: []string{"status 200 OK", "headers 1", "done"}, state: hackney.StateDone, kept: hackney.KeptByClient,
	},
	{
		name: "204", answer: "HTTP/1.1 204 No Content\r\n\r\n",
		want: []string{"status 204 No Content", "headers 0", "done"}, state: hackney.StateDone, kept: hackney.KeptByClient,
	},
	{
		name: "HEAD", method: "HEAD", answer: wOK[:len(wOK)-2],
		want: []string{"status 200 OK", "headers 1", "done"}, state: hackney.StateDone, kept: hackney.KeptByClient,
	},
	{
		name: "error", answer: "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
		want: []string{"status 404 Not Found", "headers 1", "chunk no", "done"}, state: hackney.StateDone, kept: hackney.KeptByClient,
	},
	{
		name: "payload", method: "POST", payload: hackney.Text("up"), answer: wOK,
		want: []string{"status 200 OK", "headers 1", "chunk ok", "done"}, state: hackney.StateDone, kept: hackney.KeptByClient,
	},
	{
		name: "redirect", answer: rTo(302, "/b"),
		want: []string{"status 302 Moved", "headers 2", "chunk moved", "done"}, state: hackney.StateDone, kept: hackney.KeptByClient,
	},
	{
		name: "switched", fields: headers.New("Connection", "upgrade", "Upgrade", "x"),
		answer: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
		want:   []string{"status 101 Switching Protocols", "headers 1", "done"}, state: hackney.StateSwitched,
	},
}

// TestP61_P62_AsyncEvents holds the events of whole responses: over TCP and TLS, read on
// demand and ahead, with the answer in one segment and byte by byte.
func TestP61_P62_AsyncEvents(t *testing.T) {
	for i := range yCases {
		c := &yCases[i]
		for _, secure := range []bool{false, true} {
			for _, ahead := range []int{0, 1, 9} {
				t.Run(fmt.Sprintf("%s/TLS %v/%d ahead", c.name, secure, ahead), func(t *testing.T) {
					srv := wiretest.Start(t, wiretest.Options{TLS: secure}, wiretest.Replies(c.answer))
					o := &hackney.Opts{Async: true, AsyncBuffer: ahead, Insecure: true}
					cs, err := hackney.Request(wCtx(t), c.method, srv.URL("/"), c.fields, c.payload, o)
					r := yOf(t, cs, err)
					yWant(t, r, c.want...)
					if end := yOver(t, r); end.ResponseState() != c.state || end.Kept() != c.kept {
						t.Errorf("%v, kept: %v", end, end.Kept())
					}
				})
			}
		}
	}
}

// TestAsyncByteByByte holds that pieces come as they arrive, and none is empty.
func TestAsyncByteByByte(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{{Wait: wiretest.Request, Send: wiretest.Each(yChunks)}})
	r := yGet(t, srv.URL("/"), nil)
	yWant(t, r, "status 200 Fine", "headers 2")
	body, last := yBody(t, r)
	if body != "abcdef" || last.Kind != hackney.EventDone {
		t.Errorf("%q, %v", body, last)
	}
	cs := yOver(t, r)
	if got := cs.Trailers().Get("X-Sum"); got != "6" {
		t.Errorf("the trailer is %q", got)
	}
}

// TestP61_AsyncReturnsAtOnce holds that the request comes back before any answer, and
// that the status does before the rest of the head is there.
func TestP61_AsyncReturnsAtOnce(t *testing.T) {
	var gates [4]chan struct{}
	for i := range gates {
		gates[i] = make(chan struct{})
	}
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.Reply("HTTP/1.1 103 Early Hints\r\n\r\n").Gated(gates[0]),
		wiretest.Say("HTTP/1.1 200 OK\r\n").Gated(gates[1]),
		wiretest.Say("Content-Length: 2\r\n\r\n").Gated(gates[2]),
		wiretest.Say("ok").Gated(gates[3]),
	})
	{
		r := yGet(t, srv.URL("/"), nil)
		other := wiretest.New(t, wiretest.Replies(wOK))
		if r2 := yGet(t, other.URL("/"), nil); r2.Ref() == r.Ref() {
			t.Error("two responses have one ref")
		}
		if cs := r.State(); cs.ResponseState() != hackney.StateAsync || cs.Async() != r || !cs.Snapshot().Async {
			t.Errorf("%v", cs)
		}
		for i, want := range []string{"interim 103 Early Hints 0", "status 200 OK", "headers 1", "chunk ok"} {
			close(gates[i])
			yWant(t, r, want)
		}
		yWant(t, r, "done")
		if cs := yOver(t, r); cs.Snapshot().Async || cs.Status() != 200 || len(cs.Interim()) != 1 {
			t.Errorf("%v", cs)
		}
	}
}

// TestAsyncStateGoesOn makes more requests with the state behind a response, on the same
// connection.
func TestAsyncStateGoesOn(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK, yChunks, wEmpty, wOK))
	r := yGet(t, srv.URL("/"), nil)
	for range 3 {
		yBody(t, r)
		cs, err := hackney.SendRequest(wCtx(t), yOver(t, r), hackney.Req{})
		r = yOf(t, cs, err)
	}
	if body, _ := yBody(t, r); body != "ok" || srv.Conns() != 1 {
		t.Errorf("%q, %d connections", body, srv.Conns())
	}
	if cs := yOver(t, r); !cs.Reused() {
		t.Error("the connection was not used again")
	}
}

// TestAsyncOldStates holds that the states before async, and async itself, are good for Close alone.
func TestAsyncOldStates(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	start, err := hackney.Connect(wCtx(t), transport.TCP, srv.Host(), srv.Port(), &hackney.Opts{Async: true})
	if err != nil {
		t.Fatal(err)
	}
	cs, err := hackney.SendRequest(wCtx(t), start, hackney.Req{})
	r := yOf(t, cs, err)
	_, err = hackney.SendRequest(wCtx(t), start, hackney.Req{})
	if e := wIs[*hackney.StateError](t, err); !errors.Is(err, hackney.ErrStale) || e.Op != hackney.OpSendRequest {
		t.Errorf("%v", err)
	}
	_, next, err := hackney.Body(wCtx(t), cs)
	if e := wIs[*hackney.StateError](t, err); e.State != hackney.StateAsync || !errors.Is(err, hackney.ErrInvalidState) || next != cs {
		t.Errorf("%v", err)
	}
	wBlame(t, err, hackney.BlameCaller)
	yBody(t, r)
	yOver(t, r)
}

// yEndless writes a head, then body without end, until the connection breaks. blocked gets the
// number of bytes that went out each time that a write could not go on, until room says it may.
func yEndless(t testing.TB, head string) (url string, blocked <-chan int64, room chan<- struct{}) {
	b, ready := make(chan int64), make(chan struct{})
	ended := make(chan struct{})
	piece := []byte("fff\r\n" + strings.Repeat("x", 0xfff) + "\r\n")
	address := pServe(t, func(c net.Conn, in *bufio.Reader) {
		if _, _, err := pRead(in); err != nil {
			return
		}
		io.WriteString(c, head)
		total, rest := int64(0), piece
		for {
			c.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
			n, err := c.Write(rest)
			total += int64(n)
			if rest = rest[n:]; len(rest) == 0 {
				rest = piece
			}
			switch {
			case err == nil:
				continue
			case !yTimeout(err):
				return
			}
			select {
			case b <- total:
			case <-ended:
				return
			}
			select {
			case <-ready:
			case <-ended:
				return
			}
		}
	})
	t.Cleanup(func() { close(ended) }) // before the server waits for its end
	return "http://" + address, b, ready
}

func yTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

const yHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

// TestAsyncHoldsThePeerUp holds that the peer's writes block while nobody takes events,
// however many may be read ahead, and go on when somebody does.
func TestAsyncHoldsThePeerUp(t *testing.T) {
	for _, ahead := range []int{0, 1, 8} {
		t.Run(fmt.Sprint(ahead, " ahead"), func(t *testing.T) {
			url, blocked, room := yEndless(t, yHead)
			r := yGet(t, url, &hackney.Opts{AsyncBuffer: ahead})
			first := wBounded(t, blocked)
			yWant(t, r, "status 200 OK", "headers 1")
			for taken := int64(0); taken < 4*first; {
				taken += int64(len(yTake(t, r).Chunk))
				select {
				case room <- struct{}{}:
				case <-blocked:
				default:
				}
			}
			r.Pause()
			go func() { // the write goes on when it is told, then blocks again
				select {
				case room <- struct{}{}:
				case <-r.Done():
				}
			}()
			if again := wBounded(t, blocked); again < 3*first {
				t.Errorf("%d bytes were sent, then %d", first, again)
			}
			r.Stop()
			wBounded(t, r.Done())
		})
	}
}

// yCounted counts the reads of a connection that gave something.
type yCounted struct {
	net.Conn
	reads *atomic.Int64
}

func (c yCounted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.reads.Add(1)
	return n, err
}

// yPipeReads has a pipe's other end write segment by segment: a read gets one at the most. It
// runs f in a bubble, where synctest.Wait says that all has come to rest.
func yPipeReads(t *testing.T, o hackney.Opts, segments []string, f func(t *testing.T, r *hackney.AsyncResponse, reads *atomic.Int64)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		dial := wPipe(t, func(c net.Conn) {
			if _, err := wReadHead(c); err != nil {
				return
			}
			for _, s := range segments {
				if _, err := io.WriteString(c, s); err != nil {
					return
				}
			}
			c.Read(make([]byte, 1))
		}).DialContext
		o.Async = true
		o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			return yCounted{c, &reads}, err
		}
		cs, err := hackney.Get(t.Context(), "http://a.test/", nil, nil, &o)
		f(t, yOf(t, cs, err), &reads)
	})
}

var ySegments = []string{
	"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n\r\n",
	"1\r\na\r\n", "1\r\nb\r\n", "1\r\nc\r\n", "1\r\nd\r\n", "0\r\n\r\n",
}

var yLines = []string{"status 200 OK", "headers 1", "chunk a", "chunk b", "chunk c", "chunk d", "done"}

// TestAsyncReadsOnDemand counts the reads behind each event that was taken: with nothing
// ahead one for each event that was asked for, else as many more as may be ahead.
func TestAsyncReadsOnDemand(t *testing.T) {
	for ahead := range 5 {
		t.Run(fmt.Sprint(ahead, " ahead"), func(t *testing.T) {
			yPipeReads(t, hackney.Opts{AsyncBuffer: ahead}, ySegments, func(t *testing.T, r *hackney.AsyncResponse, reads *atomic.Int64) {
				for taken, line := range yLines {
					synctest.Wait()
					if got, most := int(reads.Load()), min(taken+ahead, len(yLines)); got > most {
						t.Errorf("%d events were taken, %d reads made, want at most %d", taken, got, most)
					}
					yWant(t, r, line)
				}
				yOver(t, r)
			})
		})
	}
}

// TestP65_PauseStopsReading holds that behind Pause nothing more is read, and that behind Resume
// nothing is missing.
func TestP65_PauseStopsReading(t *testing.T) {
	for at := range len(yLines) {
		for ahead := range 4 {
			yPipeReads(t, hackney.Opts{AsyncBuffer: ahead}, ySegments, func(t *testing.T, r *hackney.AsyncResponse, reads *atomic.Int64) {
				yWant(t, r, yLines[:at]...)
				synctest.Wait()
				r.Pause()
				r.Pause()
				before := reads.Load()
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if e, err := r.Next(ctx); !errors.Is(err, context.DeadlineExceeded) || e.Ref != r.Ref() {
					t.Errorf("while it is paused: %v, %v", e, err)
				}
				if got := reads.Load(); got != before {
					t.Errorf("%d reads while it was paused", got-before)
				}
				r.Resume()
				r.Resume()
				yWant(t, r, yLines[at:]...)
				yOver(t, r)
			})
		}
	}
}

// TestP65_PauseHoldsATakerUp pauses while somebody waits, who gets the event behind Resume.
func TestP65_PauseHoldsATakerUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		say := make(chan string)
		defer close(say)
		o := wPipe(t, func(c net.Conn) {
			wReadHead(c)
			for s := range say {
				io.WriteString(c, s)
			}
		})
		r := yGet(t, "http://a.test/", o)
		got := make(chan string)
		go func() { got <- yText(yTake(t, r)) }()
		synctest.Wait()
		r.Pause()
		say <- wOK
		synctest.Wait()
		select {
		case e := <-got:
			t.Errorf("%s was given while it was paused", e)
		default:
		}
		r.Resume()
		if e := <-got; e != "status 200 OK" {
			t.Error(e)
		}
		yWant(t, r, "headers 1", "chunk ok", "done")
		r.Pause()
		r.Resume()
		yOver(t, r)
	})
}

// TestAsyncNextThatIsCancelled takes nothing and ends nothing.
func TestAsyncNextThatIsCancelled(t *testing.T) {
	yPipeReads(t, hackney.Opts{}, ySegments, func(t *testing.T, r *hackney.AsyncResponse, reads *atomic.Int64) {
		why := errors.New("why")
		for _, line := range yLines {
			r.Pause() // so that there is no event to take
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(why)
			if e, err := r.Next(ctx); !errors.Is(err, context.Canceled) || !errors.Is(err, why) || e.Ref != r.Ref() {
				t.Errorf("%v, %v", e, err)
			}
			r.Resume()
			yWant(t, r, line)
		}
		yOver(t, r)
	})
}

// TestAsyncTakers has several take events: each is given once. Who waits for its turn
// can give up.
func TestAsyncTakers(t *testing.T) {
	var answer strings.Builder
	answer.WriteString(yHead)
	const chunks, takers = 500, 8
	for range chunks {
		answer.WriteString("1\r\nx\r\n")
	}
	answer.WriteString("0\r\n\r\n")
	srv := wiretest.New(t, wiretest.Replies(answer.String()))
	r := yGet(t, srv.URL("/"), &hackney.Opts{AsyncBuffer: 3})
	var kinds [hackney.EventError + 1]atomic.Int64
	var all sync.WaitGroup
	for range takers {
		all.Go(func() {
			for {
				e, err := r.Next(context.Background())
				if err != nil {
					return
				}
				kinds[e.Kind].Add(1)
			}
		})
	}
	all.Wait()
	yOver(t, r)
	for kind, want := range map[hackney.EventKind]int64{
		hackney.EventStatus: 1, hackney.EventHeaders: 1, hackney.EventChunk: chunks, hackney.EventDone: 1, hackney.EventError: 0,
	} {
		if got := kinds[kind].Load(); got != want {
			t.Errorf("%d events are %v, want %d", got, kind, want)
		}
	}
}

func TestAsyncTakerGivesUpItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := wPipe(t, func(c net.Conn) { io.Copy(io.Discard, c) })
		r := yGet(t, "http://a.test/", o)
		first := make(chan error)
		go func() {
			_, err := r.Next(context.Background())
			first <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		r.Stop()
		if err := <-first; err != hackney.ErrStopped {
			t.Error(err)
		}
	})
}

// TestAsyncEventsLoop leaves the loop over the events at each of them, and goes on.
func TestAsyncEventsLoop(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(yChunks))
	r := yGet(t, srv.URL("/"), nil)
	var got []string
	for range 20 {
		for e, err := range r.Events() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, yText(e))
			break
		}
	}
	if want := []string{"status 200 Fine", "headers 2", "chunk ab", "chunk cde", "chunk f", "done"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	yOver(t, r)
}

// TestAsyncEventsOfAnError holds that the error is the last step of the loop.
func TestAsyncEventsOfAnError(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(pLong).ThenClose()})
	r := yGet(t, srv.URL("/"), nil)
	steps, last := 0, error(nil)
	for e, err := range r.Events() {
		steps, last = steps+1, err
		if e.Err != err || e.Ref != r.Ref() {
			t.Errorf("%v, %v", e, err)
		}
	}
	if steps != 4 || last == nil {
		t.Errorf("%d steps, the last with %v", steps, last)
	}
	wIs[*hackney.IncompleteError](t, last)
}

// TestAsyncChannel has a select take the events, whose bytes are its own.
func TestAsyncChannel(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(yChunks))
	r := yGet(t, srv.URL("/"), nil)
	var got []hackney.Event
	for bound, open := wCtx(t), true; open; {
		select {
		case e, more := <-r.C():
			if open = more; more {
				got = append(got, e)
			}
		case <-bound.Done():
			t.Fatal("waited in vain")
		}
	}
	var lines []string
	for _, e := range got {
		lines = append(lines, yText(e))
		if e.Ref != r.Ref() {
			t.Errorf("%v of %d", e, e.Ref)
		}
	}
	if want := []string{"status 200 Fine", "headers 2", "chunk ab", "chunk cde", "chunk f", "done"}; !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
	yOver(t, r)
}

// TestAsyncChannelErrors holds that an error is the last in the channel, and is not lost.
func TestAsyncChannelErrors(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(pLong).ThenClose()})
	r := yGet(t, srv.URL("/"), nil)
	var last hackney.Event
	for e := range r.C() {
		last = e
	}
	if wIs[*hackney.IncompleteError](t, last.Err); last.Kind != hackney.EventError || last.Ref != r.Ref() {
		t.Errorf("%+v", last)
	}
}

// TestAsyncChannelStopped holds that Stop closes the channel, whether somebody takes from it or not.
func TestAsyncChannelStopped(t *testing.T) {
	for _, taken := range []int{0, 1, 3} {
		srv := wiretest.New(t, wiretest.Replies(pLong))
		r := yGet(t, srv.URL("/"), nil)
		c := r.C()
		for range taken {
			wBounded(t, c)
		}
		r.Stop()
		for e := range c {
			if e.Kind == hackney.EventError && e.Err != hackney.ErrStopped {
				t.Error(e.Err)
			}
		}
		if r.C() != c {
			t.Error("there are two channels")
		}
	}
}

// TestAsyncLends shows what lending means: the bytes of an event are used again behind the
// next one, and those of the channel are not.
func TestAsyncLends(t *testing.T) {
	const size, chunks = 60_000, 40
	var answer strings.Builder
	answer.WriteString(yHead)
	for i := range chunks {
		fmt.Fprintf(&answer, "%x\r\n%s\r\n", size, strings.Repeat(string(rune('A'+i)), size))
	}
	answer.WriteString("0\r\n\r\n")
	srv := wiretest.New(t, wiretest.Replies(answer.String(), answer.String()))
	o := yAsync(nil)
	r := yGet(t, srv.URL("/"), o)
	places := map[*byte]bool{}
	pieces := 0
	for e, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if len(e.Chunk) > 0 {
			if c := e.Chunk; bytes.Count(c, c[:1]) != len(c) {
				t.Error("a piece is not of one chunk")
			}
			places[&e.Chunk[:1][0]] = true
			pieces++
		}
	}
	if len(places) >= pieces {
		t.Errorf("%d pieces lay in %d places: none was used again", pieces, len(places))
	}
	cs, err := hackney.SendRequest(wCtx(t), r.State(), hackney.Req{})
	var own [][]byte
	for e := range yOf(t, cs, err).C() {
		own = append(own, e.Chunk)
	}
	var body strings.Builder
	for _, c := range own {
		body.Write(c)
	}
	for i := range chunks {
		if got := strings.Count(body.String(), string(rune('A'+i))); got != size {
			t.Errorf("chunk %d has %d bytes of its own", i, got)
		}
	}
}

// TestAsyncStop stops at any moment, twice, from two goroutines.
func TestAsyncStop(t *testing.T) {
	for at := range len(yLines) + 1 {
		for _, ahead := range []int{0, 1, 9} {
			t.Run(fmt.Sprintf("behind %d events, %d ahead", at, ahead), func(t *testing.T) {
				answer := strings.Join(ySegments, "")
				if at < len(yLines) {
					answer = strings.TrimSuffix(answer, "0\r\n\r\n")
				}
				srv := wiretest.New(t, wiretest.Replies(answer))
				p := pPool(t, pool.Opts{MaxPerHost: 1})
				r := yGet(t, srv.URL("/"), &hackney.Opts{Pool: p, AsyncBuffer: ahead})
				yWant(t, r, yLines[:min(at, 6)]...)
				if at == len(yLines) {
					yWant(t, r, "done")
					yOver(t, r)
				}
				var all sync.WaitGroup
				for range 2 {
					all.Go(func() { r.Stop(); r.Stop(); r.Pause(); r.Resume() })
				}
				all.Wait()
				wBounded(t, r.Done())
				if s := p.Stats(); s.InUse != 0 {
					t.Errorf("%d are in use", s.InUse)
				}
				if at == len(yLines) {
					yOver(t, r)
					return
				}
				if err := yFailed(t, r); err != hackney.ErrStopped {
					t.Errorf("error %v", err)
				}
				if srv.WaitClosed(0); p.Size() != 0 {
					t.Errorf("%d are idle", p.Size())
				}
			})
		}
	}
}

// TestAsyncStopWhileATakerWaits stops, closes and cancels while somebody waits for an event.
func TestAsyncStopWhileATakerWaits(t *testing.T) {
	for name, end := range map[string]func(hackney.ClientState, context.CancelFunc){
		"stop":            func(cs hackney.ClientState, _ context.CancelFunc) { cs.Async().Stop() },
		"stop and resume": func(cs hackney.ClientState, _ context.CancelFunc) { cs.Async().Pause(); cs.Async().Stop() },
		"close":           func(cs hackney.ClientState, _ context.CancelFunc) { hackney.Close(cs) },
		"cancel":          func(_ hackney.ClientState, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := yAsync(wPipe(t, func(c net.Conn) { io.Copy(io.Discard, c) }))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				cs, err := hackney.Get(ctx, "http://a.test/", nil, nil, o)
				r := yOf(t, cs, err)
				got := make(chan error)
				go func() {
					_, err := r.Next(context.Background())
					got <- err
				}()
				synctest.Wait()
				end(cs, cancel)
				want := hackney.ErrStopped
				if name == "cancel" {
					want = context.Canceled
				}
				if err := <-got; !errors.Is(err, want) {
					t.Errorf("error %v, want %v", err, want)
				}
				yFailed(t, r)
			})
		})
	}
}

// TestAsyncClose holds that Close of the state in async stops the response.
func TestAsyncClose(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(pLong))
	cs, err := hackney.Get(wCtx(t), srv.URL("/"), nil, nil, yAsync(nil))
	r := yOf(t, cs, err)
	yWant(t, r, "status 200 OK")
	closed, err := hackney.Close(cs)
	if err != nil || closed.ResponseState() != hackney.StateStart || closed.Async() != nil || closed.ConnectionState() != hackney.Closed {
		t.Errorf("%v, %v", closed, err)
	}
	if err := yFailed(t, r); err != hackney.ErrStopped {
		t.Error(err)
	}
	srv.WaitClosed(0)
}

// TestP67_AsyncPooled holds that the connection is back in its pool at the end by itself,
// also when nobody took the last event, and good for others.
func TestP67_AsyncPooled(t *testing.T) {
	for _, c := range []struct {
		answer string
		taken  int // in which the end of the body is
		ahead  int
	}{{wOK, 3, 0}, {yChunks, 6, 0}, {wEmpty, 2, 0}, {wOK, 0, 9}, {yChunks, 0, 9}} {
		srv := wiretest.New(t, wiretest.Replies(c.answer, wOK))
		o := &hackney.Opts{Pool: pPool(t, pool.Opts{MaxPerHost: 1}), AsyncBuffer: c.ahead}
		r := yGet(t, srv.URL("/"), o)
		for range c.taken {
			yTake(t, r)
		}
		wBounded(t, r.Done())
		if cs := r.State(); cs.Kept() != hackney.KeptInPool || o.Pool.Size() != 1 || cs.ResponseState() != hackney.StateDone {
			t.Errorf("%v, %v, %d idle", cs, cs.Kept(), o.Pool.Size())
		}
		body, cs, err := pWhole(t, "GET", srv.URL("/"), &hackney.Opts{Pool: o.Pool})
		if body != "ok" || err != nil || !cs.Reused() || srv.Conns() != 1 {
			t.Errorf("%q, %v, %v", body, cs, err)
		}
		for e, err := range r.Events() { // what nobody took is still there
			if err != nil {
				t.Errorf("%v, %v", e, err)
			}
		}
	}
}

// yBroken are responses that end early.
var yBroken = []struct {
	name   string
	script wiretest.Conn
	opts   hackney.Opts
	blame  hackney.Blame
	lines  []string // the events before the error
	holds  func(error) bool
}{
	{
		name: "no head", script: wiretest.Conn{wiretest.Reply().ThenReset()}, blame: hackney.BlameNetwork,
		holds: rIs[*hackney.TransportError],
	},
	{
		name: "half a status", script: wiretest.Conn{wiretest.Reply("HTTP/1.1 2").ThenClose()}, blame: hackney.BlamePeer,
		holds: rIs[*hackney.IncompleteError],
	},
	{
		name: "half a head", script: wiretest.Conn{wiretest.Reply("HTTP/1.1 200 OK\r\nA: ").ThenClose()}, blame: hackney.BlamePeer,
		lines: yLines[:1], holds: rIs[*hackney.IncompleteError],
	},
	{
		name: "behind an interim response", script: wiretest.Conn{wiretest.Reply("HTTP/1.1 102 Wait\r\n\r\n").ThenClose()}, blame: hackney.BlamePeer,
		lines: []string{"interim 102 Wait 0"}, holds: rIs[*hackney.IncompleteError],
	},
	{
		name: "half a body", script: wiretest.Conn{wiretest.Reply(ySegments[:4]...).ThenClose()}, blame: hackney.BlamePeer,
		lines: yLines[:4], holds: rIs[*hackney.IncompleteError],
	},
	{
		name: "bad status", script: wiretest.Replies("HTTP/1.1 2x0 OK\r\n\r\n"), blame: hackney.BlamePeer,
		holds: rIs[*hackney.ProtocolError],
	},
	{
		name: "bad field", script: wiretest.Replies("HTTP/1.1 200 OK\r\n bad\r\n\r\n"), blame: hackney.BlamePeer,
		lines: yLines[:1], holds: rIs[*hackney.ProtocolError],
	},
	{
		name: "bad chunk", script: wiretest.Replies(yHead + "1\r\na\r\nzz\r\n"), blame: hackney.BlamePeer,
		lines: yLines[:3], holds: rIs[*hackney.ProtocolError],
	},
	{
		name: "too large", script: wiretest.Replies(yHead + "1\r\na\r\n5\r\nbcdef\r\n0\r\n\r\n"), opts: hackney.Opts{MaxBody: 3}, blame: hackney.BlameLimit,
		lines: yLines[:3], holds: rIs[*hackney.LimitError],
	},
	{
		name: "no time for the head", script: wiretest.Conn{wiretest.On(wiretest.Request)}, opts: hackney.Opts{RecvTimeout: time.Millisecond},
		blame: hackney.BlameNetwork, holds: func(err error) bool { return errors.Is(err, hackney.ErrTimeout) },
	},
	{
		name: "no time for the body", script: wiretest.Replies(yHead + "1\r\na\r\n"), opts: hackney.Opts{RecvTimeout: 100 * time.Millisecond},
		blame: hackney.BlameNetwork, lines: yLines[:3], holds: func(err error) bool { return errors.Is(err, hackney.ErrTimeout) },
	},
}

// TestP63_AsyncErrors holds that what ends a response early is an event with its ref, behind
// what came before, and that connection and slot are back.
func TestP63_AsyncErrors(t *testing.T) {
	for i := range yBroken {
		c := &yBroken[i]
		for _, ahead := range []int{0, 1, 9} {
			t.Run(fmt.Sprintf("%s/%d ahead", c.name, ahead), func(t *testing.T) {
				srv := wiretest.New(t, c.script)
				o := c.opts
				o.AsyncBuffer, o.Pool = ahead, pPool(t, pool.Opts{MaxPerHost: 1})
				r := yGet(t, srv.URL("/"), &o)
				yWant(t, r, c.lines...)
				err := yFailed(t, r)
				if r.Stop(); yFailed(t, r) != err {
					t.Errorf("behind Stop it is not %v any more", err)
				}
				if !c.holds(err) {
					t.Errorf("error %v (%T)", err, err)
				}
				wBlame(t, err, c.blame)
				if srv.WaitClosed(0); o.Pool.Stats().InUse != 0 || o.Pool.Size() != 0 {
					t.Errorf("%+v", o.Pool.Stats())
				}
			})
		}
	}
}

// TestP63_AsyncContext ends the context of the request at each event: the response ends
// with it, whether somebody takes events or not.
func TestP63_AsyncContext(t *testing.T) {
	for at := range len(yLines) {
		for _, ahead := range []int{0, 1, 2} {
			for _, paused := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					o := yAsync(wPipe(t, func(c net.Conn) {
						wReadHead(c)
						for _, s := range ySegments[:len(ySegments)-1] {
							if _, err := io.WriteString(c, s); err != nil {
								return
							}
						}
						c.Read(make([]byte, 1))
					}))
					o.AsyncBuffer = ahead
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					start := time.Now()
					cs, err := hackney.Get(ctx, "http://a.test/", nil, nil, o)
					r := yOf(t, cs, err)
					yWant(t, r, yLines[:at]...)
					if paused {
						r.Pause()
					}
					<-r.Done()
					if time.Since(start) != time.Hour {
						t.Errorf("behind %v", time.Since(start))
					}
					r.Resume()
					if err := yFailed(t, r); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("error %v", err)
					}
				})
			}
		}
	}
}

// TestAsyncContextBefore holds that a context that has ended makes no response.
func TestAsyncContextBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	cs, err := hackney.Get(ctx, "http://127.0.0.1:1/", nil, nil, yAsync(nil))
	if !errors.Is(err, context.Canceled) || cs.Async() != nil || cs.ResponseState() == hackney.StateAsync {
		t.Errorf("%v, %v", cs, err)
	}
	hackney.Close(cs)
}

// TestAsyncRecvTimeout holds that only waits for the peer count, not those for takers.
func TestAsyncRecvTimeout(t *testing.T) {
	yPipeReads(t, hackney.Opts{RecvTimeout: time.Second}, ySegments, func(t *testing.T, r *hackney.AsyncResponse, _ *atomic.Int64) {
		for i, line := range yLines {
			if time.Sleep(time.Hour); i%2 == 0 {
				r.Pause()
				time.Sleep(time.Hour)
				r.Resume()
			}
			yWant(t, r, line)
		}
		yOver(t, r)
	})
	yPipeReads(t, hackney.Opts{RecvTimeout: time.Second}, ySegments[:4], func(t *testing.T, r *hackney.AsyncResponse, _ *atomic.Int64) {
		yWant(t, r, yLines[:4]...)
		time.Sleep(time.Hour)
		start := time.Now()
		if err := yFailed(t, r); !errors.Is(err, hackney.ErrTimeout) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// TestP64_P66_FindStream holds when a response is found by its ref.
func TestP64_P66_FindStream(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK), wiretest.Replies(pLong))
	done := yGet(t, srv.URL("/"), nil)
	if found, ok := hackney.FindStream(done.Ref()); !ok || found != done {
		t.Errorf("%v, %v", found, ok)
	}
	yBody(t, done)
	yOver(t, done)
	stopped := yGet(t, srv.URL("/"), nil)
	yWant(t, stopped, "status 200 OK")
	if found, ok := hackney.FindStream(stopped.Ref()); !ok || found != stopped {
		t.Errorf("%v, %v", found, ok)
	}
	stopped.Stop()
	wBounded(t, stopped.Done()) // the way to watch it
	for _, ref := range []uint64{done.Ref(), stopped.Ref(), 0, 1 << 60} {
		if r, ok := hackney.FindStream(ref); ok || r != nil {
			t.Errorf("%d is found: %v", ref, r)
		}
	}
}

// yAbandoned makes a response, takes some of its events, and forgets it.
func yAbandoned(t *testing.T, url string, taken int, o *hackney.Opts) (ref uint64, done <-chan struct{}) {
	t.Helper()
	cs, err := hackney.Get(context.Background(), url, nil, nil, yAsync(o))
	if err != nil {
		t.Fatal(err)
	}
	r := cs.Async()
	for range taken {
		yTake(t, r)
	}
	for range r.Events() {
		break
	}
	return r.Ref(), r.Done()
}

// TestP66_AsyncAbandoned holds that a response which nobody can reach is collected, with its
// socket and slot, wherever it is; and paused.
func TestP66_AsyncAbandoned(t *testing.T) {
	for _, ahead := range []int{0, 1, 9} {
		for taken := range 4 {
			srv := wiretest.New(t, wiretest.Replies(strings.Join(ySegments[:5], "")))
			p := pPool(t, pool.Opts{MaxPerHost: 1})
			ref, done := yAbandoned(t, srv.URL("/"), taken, &hackney.Opts{Pool: p, AsyncBuffer: ahead})
			pUntil(t, "the collector", func() bool {
				runtime.GC()
				select {
				case <-done:
					return true
				default:
					return false
				}
			})
			srv.WaitClosed(0)
			if _, found := hackney.FindStream(ref); found || p.Stats().InUse != 0 {
				t.Errorf("found: %v, %d in use", found, p.Stats().InUse)
			}
		}
	}
}

// TestAsyncStartResponse holds that the response to a streamed body goes async too.
func TestAsyncStartResponse(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.ChunkedEnd, yChunks), wiretest.Reply(wOK)})
	c := wNew(t).request("POST", srv.URL("/up"), nil, hackney.Stream, yAsync(nil)).in(hackney.StateStream)
	c.piece(hackney.Text("hello"))
	cs, err := hackney.StartResponse(c.ctx, c.ClientState)
	r := yOf(t, cs, err)
	if body, _ := yBody(t, r); body != "abcdef" {
		t.Errorf("%q", body)
	}
	cs, err = hackney.SendRequest(c.ctx, yOver(t, r), hackney.Req{})
	r = yOf(t, cs, err)
	yWant(t, r, "status 200 OK", "headers 1", "chunk ok", "done")
	c.ClientState = yOver(t, r)
	if m := srv.Requests(0); len(m) != 2 || string(m[0].Body) != "hello" {
		t.Errorf("%q", srv.Received(0))
	}
}

// TestAsyncStartResponseEarly has the answer come before the body was sent.
func TestAsyncStartResponseEarly(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, mRefused)})
	c := wNew(t)
	c.to(hackney.Request(c.ctx, "POST", srv.URL("/"), headers.New("Expect", "100-continue"), hackney.Stream, yAsync(nil)))
	cs, err := hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text("x"))
	if !errors.Is(err, hackney.ErrResponseReady) {
		t.Fatal(err)
	}
	cs, err = hackney.StartResponse(c.ctx, cs)
	r := yOf(t, cs, err)
	yWant(t, r, "status 417 Expectation Failed", "headers 1", "done")
	c.ClientState = yOver(t, r)
}

// TestAsyncExpect holds that a 100 is an event, and that a refusal is the response.
func TestAsyncExpect(t *testing.T) {
	for _, c := range []struct {
		script wiretest.Conn
		want   []string
		body   string
	}{
		{
			wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\n"), wiretest.On(wiretest.Body, wOK)},
			[]string{"interim 100 Continue 0", "status 200 OK", "headers 1", "chunk ok", "done"},
			"up",
		},
		{wiretest.Conn{wiretest.On(wiretest.Head, mRefused)}, []string{"status 417 Expectation Failed", "headers 1", "done"}, ""},
	} {
		srv := wiretest.New(t, c.script)
		cs, err := hackney.Post(wCtx(t), srv.URL("/"), headers.New("Expect", "100-continue"), hackney.Text("up"), yAsync(nil))
		r := yOf(t, cs, err)
		yWant(t, r, c.want...)
		yOver(t, r)
		if got := srv.Received(0); !strings.HasSuffix(string(got), "\r\n\r\n"+c.body) {
			t.Errorf("%q", got)
		}
	}
}

// TestAsyncRedirect holds that a redirect that is followed shows nothing but where it led, and
// that one that may not be is told of as without async.
func TestAsyncRedirect(t *testing.T) {
	for _, ahead := range []int{0, 4} {
		srv := wiretest.New(t, wiretest.Replies(rTo(302, "/b"), rTo(301, "/c"), wOK))
		o := rFollow()
		o.AsyncBuffer = ahead
		r := yGet(t, srv.URL("/a"), o)
		yWant(t, r, "status 200 OK", "headers 1", "chunk ok", "done")
		if cs := yOver(t, r); len(cs.Redirects()) != 2 || cs.URL() != srv.URL("/c") {
			t.Errorf("%v, %v", cs, cs.Redirects())
		}

		srv = wiretest.New(t, wiretest.Replies(rTo(302, "/b")))
		cs, err := hackney.Post(wCtx(t), srv.URL("/a"), nil, hackney.Text("x"), yAsync(o))
		r = yOf(t, cs, err)
		yWant(t, r, "status 302 Moved", "headers 2", "chunk moved", "done")
		if cs := yOver(t, r); !cs.MaybeRedirect() || cs.Location() != "/b" {
			t.Errorf("%v", cs)
		}
	}
}

// TestAsyncRedirectError holds that the status and fields of a redirect that goes nowhere
// come before the error.
func TestAsyncRedirectError(t *testing.T) {
	for want, answer := range map[error]string{
		hackney.ErrNoLocation:       "HTTP/1.1 302 Moved\r\nA: 1\r\nContent-Length: 5\r\n\r\nmoved",
		hackney.ErrTooManyRedirects: rTo(302, "/again"),
	} {
		srv := wiretest.New(t, wiretest.Replies(answer))
		o := rFollow()
		o.MaxRedirect = hackney.NoRedirects
		r := yGet(t, srv.URL("/"), o)
		yWant(t, r, "status 302 Moved", "headers 2")
		if err := yFailed(t, r); !errors.Is(err, want) || !rIs[*hackney.RedirectError](err) {
			t.Errorf("%v", err)
		}
		srv.WaitClosed(0)
	}
}

// TestAsyncStartResponseRedirects follows from a streamed body to a GET.
func TestAsyncStartResponseRedirects(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.ChunkedEnd, rTo(303, "/b")), wiretest.Reply(wOK)})
	c := wNew(t).request("POST", srv.URL("/a"), nil, hackney.Stream, yAsync(rFollow()))
	c.piece(hackney.Text("x"))
	cs, err := hackney.StartResponse(c.ctx, c.ClientState)
	r := yOf(t, cs, err)
	yWant(t, r, "status 200 OK", "headers 1", "chunk ok", "done")
	if cs := yOver(t, r); cs.URL() != srv.URL("/b") || cs.Method() != "GET" {
		t.Errorf("%v", cs)
	}
}

// TestAsyncThroughProxy goes through a proxy that asks who it is.
func TestAsyncThroughProxy(t *testing.T) {
	for mode, script := range map[hackney.ProxyMode]wiretest.Conn{
		hackney.Forward: wiretest.Replies(vAsks, wOK),
		hackney.Tunnel:  append(wiretest.Conn{wiretest.Reply(vAsks), wiretest.Reply(vOpen)}, wiretest.Replies(wOK)...),
	} {
		for _, ahead := range []int{0, 3} {
			srv, o := vProxy(t, false, script)
			o.AsyncBuffer, o.ProxyMode = ahead, mode
			asked := 0
			o.AnswerProxy = func(hackney.ProxyChallenge) (string, error) {
				asked++
				return strings.TrimPrefix(vLogin, "Proxy-Authorization: "), nil
			}
			r := yGet(t, "http://origin.test/", o)
			yWant(t, r, "status 200 OK", "headers 1", "chunk ok", "done")
			yOver(t, r)
			if asked != 1 || srv.Conns() != 1 {
				t.Errorf("mode %v: asked %d times, %d connections", mode, asked, srv.Conns())
			}
		}
	}
}

// TestAsyncResends holds that a request which met a kept connection that the peer had given up
// goes out again, also when the answer then comes before its body.
func TestAsyncResends(t *testing.T) {
	expects := headers.New("Expect", "100-continue")
	for _, c := range []struct {
		name, method string
		fields       *headers.Headers
		again        wiretest.Conn
		want         []string
	}{
		{"GET", "GET", nil, wiretest.Replies(yChunks), []string{"status 200 Fine", "headers 2", "chunk ab", "chunk cde", "chunk f", "done"}},
		{"refused", "PUT", expects, wiretest.Conn{wiretest.On(wiretest.Head, mRefused)}, []string{"status 417 Expectation Failed", "headers 1", "done"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wOK), wiretest.Reply().ThenClose()}, c.again)
			o := &hackney.Opts{Async: true, ExpectTimeout: time.Millisecond}
			r := yGet(t, srv.URL("/"), o)
			yBody(t, r)
			req := hackney.Req{Method: c.method, Headers: c.fields}
			if c.method == "PUT" {
				req.Payload = hackney.Text("up")
			}
			cs, err := hackney.SendRequest(wCtx(t), yOver(t, r), req)
			r = yOf(t, cs, err)
			yWant(t, r, c.want...)
			yOver(t, r)
			if srv.Conns() != 2 {
				t.Errorf("%d connections", srv.Conns())
			}
		})
	}
}

// TestAsyncIsTraced holds the operations that a trace is told of, and that the state it went to
// and came from are those of the client.
func TestAsyncIsTraced(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	var mu sync.Mutex
	var got []string
	o := &hackney.Opts{Trace: func(e hackney.TraceEvent) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprintf("%v: %v to %v", e.Op, e.From, e.To))
	}}
	r := yGet(t, srv.URL("/"), o)
	yBody(t, r)
	yOver(t, r)
	mu.Lock()
	defer mu.Unlock()
	want := []string{"Connect: start to start", "SendRequest: start to async", "SendRequest: async to on_body", "StreamBody: async to done"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAsyncArguments(t *testing.T) {
	o := wNoDial(t)
	o.Async, o.AsyncBuffer = true, -1
	cs, err := hackney.Get(wCtx(t), "http://a.test/", nil, nil, o)
	wIs[*hackney.ArgumentError](t, err)
	if cs.Async() != nil || (hackney.ClientState{}).Async() != nil {
		t.Error("there is a response")
	}
}

// yPush is a body made on the fly: block after block of one random text, each from another
// place on.
type yPush struct {
	text [2 << 16]byte
	size int
}

func yPusher(size int) *yPush {
	p := &yPush{size: size}
	rand.NewChaCha8([32]byte{8}).Read(p.text[:])
	return p
}

// blocks gives the blocks of the body.
func (p *yPush) blocks(yield func([]byte) bool) {
	for sent := 0; sent < p.size; sent += 1 << 16 {
		from := sent >> 16 * 7919 % (1 << 16)
		if !yield(p.text[from : from+1<<16]) {
			return
		}
	}
}

// yHeap is the memory in use, on the heap and of the stacks.
func yHeap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// TestAsyncMemory has a server push 1 GiB at a consumer that takes nothing until the peer is
// stuck, then all of it. Memory stays, and nothing is missing.
func TestAsyncMemory(t *testing.T) {
	const size, limit = 1 << 30, 1 << 20
	push := yPusher(size)
	sum, table := crc32.New(crc32.MakeTable(crc32.Castagnoli)), crc32.MakeTable(crc32.Castagnoli)
	for b := range push.blocks {
		sum.Write(b)
	}
	stuck := make(chan struct{})
	address := pServe(t, func(c net.Conn, in *bufio.Reader) {
		if _, _, err := pRead(in); err != nil {
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
		told := false
		for b := range push.blocks {
			for len(b) > 0 {
				if !told {
					c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
				}
				n, err := c.Write(b)
				b = b[n:]
				switch {
				case err == nil:
				case !told && yTimeout(err):
					close(stuck)
					told = true
					c.SetWriteDeadline(time.Time{})
				default:
					return
				}
			}
		}
	})
	runtime.GC() // twice: what pools hold goes in two steps
	runtime.GC()
	start := yHeap()
	r := yGet(t, "http://"+address, &hackney.Opts{AsyncBuffer: 2})
	most := int64(0)
	watch := func() {
		runtime.GC()
		most = max(most, yHeap()-start)
	}
	yWant(t, r, "status 200 OK")
	wBounded(t, stuck)
	watch()
	got, events := uint32(0), 0
	for e, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if got = crc32.Update(got, table, e.Chunk); events%512 == 0 {
			watch()
		}
		events++
	}
	if watch(); most >= limit {
		t.Errorf("%d bytes above the start", most)
	}
	t.Logf("%d events, %d bytes above the start at the most", events, most)
	if got != sum.Sum32() {
		t.Error("the body is another")
	}
	yOver(t, r)
}

// yStorm is what a storm of responses saw.
type yStorm struct {
	ends [4]atomic.Int64 // done, stopped, cancelled, otherwise
	t    *testing.T
}

// ride takes the events of a response to its end, while somebody meddles with it, and holds
// that they come in order and nothing is missing.
func (s *yStorm) ride(dice *rand.Rand, r *hackney.AsyncResponse, cancel func(), want string) {
	var meddlers sync.WaitGroup
	for range dice.IntN(3) {
		seed := dice.Uint64()
		meddlers.Go(func() { yMeddle(rand.New(rand.NewPCG(seed, 3)), r, cancel) })
	}
	body, expected, last := "", hackney.EventStatus, hackney.Event{}
	for last.Kind != hackney.EventDone && last.Kind != hackney.EventError {
		e, err := yStormNext(dice, r)
		if err != nil && e.Kind != hackney.EventError {
			continue // the taker gave up
		}
		if last = e; e.Ref != r.Ref() || e.Kind != expected && e.Kind != hackney.EventError &&
			(e.Kind != hackney.EventDone || expected != hackney.EventChunk) {
			s.t.Errorf("%v in place of %v, ref %d of %d", e.Kind, expected, e.Ref, r.Ref())
		}
		expected = min(e.Kind+1, hackney.EventChunk)
		body += string(e.Chunk)
	}
	<-r.Done()
	meddlers.Wait()
	switch {
	case !strings.HasPrefix(want, body), last.Kind == hackney.EventDone && body != want:
		s.t.Errorf("%d bytes of %d, %v", len(body), len(want), last.Err)
	case last.Kind == hackney.EventDone:
		s.ends[0].Add(1)
	case last.Err == hackney.ErrStopped:
		s.ends[1].Add(1)
	case errors.Is(last.Err, context.Canceled):
		s.ends[2].Add(1)
	default:
		s.ends[3].Add(1)
		s.t.Errorf("ended with %v", last.Err)
	}
	hackney.Close(r.State())
}

// yStormNext takes an event, in one of several ways.
func yStormNext(dice *rand.Rand, r *hackney.AsyncResponse) (hackney.Event, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if dice.IntN(4) == 0 {
		go cancel()
	}
	return r.Next(ctx)
}

// yMeddle pauses, and always resumes; some stop or cancel.
func yMeddle(dice *rand.Rand, r *hackney.AsyncResponse, cancel func()) {
	for range dice.IntN(20) {
		r.Pause()
		for range dice.IntN(50) {
			runtime.Gosched()
		}
		if dice.IntN(2) == 0 {
			r.Pause()
		}
		r.Resume()
	}
	switch dice.IntN(5) {
	case 0:
		r.Stop()
	case 1:
		cancel()
	}
}

// TestAsyncStorm has 1,000 responses under way at once, of which others pause, resume, stop and
// cancel some at any moment.
func TestAsyncStorm(t *testing.T) {
	const streams = 1000
	goroutines, files := runtime.NumGoroutine(), leaktest.FDs()
	t.Run("at once", func(t *testing.T) {
		url := "http://" + pServe(t, func(c net.Conn, in *bufio.Reader) {
			for {
				target, _, err := pRead(in)
				if err != nil {
					return
				}
				if _, err := io.WriteString(c, stormAnswer(target, len(target)%2 == 0)); err != nil {
					return
				}
			}
		})
		p := pPool(t, pool.Opts{})
		s := &yStorm{t: t}
		var begun, all sync.WaitGroup
		begun.Add(streams)
		for i := range streams {
			all.Go(func() {
				dice := rand.New(rand.NewPCG(8, uint64(i)))
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				target := fmt.Sprintf("/%d", i)
				o := &hackney.Opts{Async: true, AsyncBuffer: dice.IntN(4)}
				if dice.IntN(2) == 0 {
					o.Pool = p
				}
				cs, err := hackney.Get(ctx, url+target, nil, nil, o)
				begun.Done()
				if err != nil {
					t.Error(err)
					return
				}
				begun.Wait()
				s.ride(dice, cs.Async(), cancel, stormBody(target))
			})
		}
		all.Wait()
		pEven(t, p)
		t.Logf("%d done, %d stopped, %d cancelled", s.ends[0].Load(), s.ends[1].Load(), s.ends[2].Load())
		for i := range s.ends[:3] {
			if s.ends[i].Load() < streams/100 {
				t.Errorf("of the ends no. %d only %d", i, s.ends[i].Load())
			}
		}
	})
	pUntil(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines })
	if now := leaktest.FDs(); now > files {
		t.Errorf("%d descriptors at the start, %d at the end", files, now)
	}
}
