package hackney_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// The tests TestCnn are published advisories and bugs of other clients: their bytes,
// and what this client makes of them. The codec has tests of the same numbers.

// wHostile gets a reply that must be refused, whole and byte by byte, by Body and by
// StreamBody. It gives the error and the body bytes before it.
func wHostile[T error](t *testing.T, reply string, parts ...string) (e T, before string) {
	t.Helper()
	for _, cut := range [][][]byte{wiretest.Text(reply), wiretest.Each(reply)} {
		for _, pieces := range []bool{false, true} {
			if len(reply) > 20_000 {
				cut = wiretest.Text(reply)
			}
			srv := wiretest.New(t, wiretest.Conn{{Wait: wiretest.Request, Send: cut, Then: wiretest.CloseWrite}})
			c := wNew(t)
			cs, err := hackney.Get(c.ctx, srv.URL("/"), nil, nil, nil)
			before = ""
			for piece := []byte(nil); err == nil && pieces; before += string(piece) {
				piece, cs, err = hackney.StreamBody(c.ctx, cs)
			}
			if err == nil {
				_, cs, err = hackney.Body(c.ctx, cs)
			}
			e = wIs[T](t, c.fails(cs, err))
			wHas(t, err, append(parts, srv.Addr())...)
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("control bytes in the error %q", err)
			}
			c.in(hackney.StateFailed).connection(hackney.Closed)
			if end := srv.WaitClosed(0); end != wiretest.ClientClosed && end != wiretest.ClientClosedEarly {
				t.Errorf("the connection is %v", end)
			}
		}
	}
	return e, before
}

func TestC01_ChunkTerminator(t *testing.T) {
	if _, before := wHostile[*hackney.ProtocolError](t, wChunkedOK+"5\r\nhelloXX0\r\n\r\n", "chunk", "not followed by CRLF"); before != "hello" {
		t.Errorf("before the error %q", before)
	}
}

func TestC02_ChunkSizeLine(t *testing.T) {
	for _, body := range []string{"5\nhello\r\n0\r\n\r\n", "5;a\nb\r\nhello\r\n0\r\n\r\n", "5 ;x\r\nhello\r\n0\r\n\r\n"} {
		wHostile[*hackney.ProtocolError](t, wChunkedOK+body, "chunk")
	}
}

func TestC03_ChunkOverhead(t *testing.T) {
	one := "1;" + strings.Repeat("x", 4<<10) + "\r\na\r\n"
	wHostile[*hackney.LimitError](t, wChunkedOK+strings.Repeat(one, 100)+"0\r\n\r\n", "overhead of chunk extensions", "16384")
}

func TestC04_ChunkSize(t *testing.T) {
	for _, size := range []string{"+5", "-5", "0x5", "", "00000000000000005", "fffffffffffffffff"} {
		wHostile[*hackney.ProtocolError](t, wChunkedOK+size+"\r\nhello\r\n0\r\n\r\n", "chunk size")
	}
}

func TestC05_LargeChunkDrips(t *testing.T) {
	gate := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.Reply(wChunkedOK + "7fffffff\r\n"), wiretest.Say("drip").Gated(gate), wiretest.Say("drop").Gated(gate),
	})
	c := wNew(t).get(srv.URL("/"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, want := range []string{"drip", "drop"} {
		gate <- struct{}{}
		b, cs, err := hackney.StreamBody(c.ctx, c.ClientState)
		if c.to(cs, err); string(b) != want {
			t.Errorf("piece %q, want %q", b, want)
		}
	}
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 4<<20 {
		t.Errorf("%d bytes were allocated for 8", after.TotalAlloc-before.TotalAlloc)
	}
}

func TestC06_ContentLength(t *testing.T) {
	for _, length := range []string{"+0", "-1", "5 5", "0x5", "", "18446744073709551617"} {
		wHostile[*hackney.ProtocolError](t, wLengthOK+length+"\r\n\r\nhello", "Content-Length")
	}
}

func TestC07_SeveralLengths(t *testing.T) {
	wHostile[*hackney.ProtocolError](t, wHeadOK+"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "Content-Length", "two different")
	srv := wiretest.New(t, wiretest.Replies(wHeadOK+"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", wOK))
	wNew(t).get(srv.URL("/")).wantBody("hello").send(hackney.Req{}).wantBody("ok")
}

func TestC08_LengthAndChunked(t *testing.T) {
	for _, framing := range []string{"Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5"} {
		srv := wiretest.New(t, wiretest.Replies(wHeadOK+framing+"\r\n\r\n2\r\nhi\r\n0\r\n\r\n"))
		wNew(t).get(srv.URL("/")).wantBody("hi").connection(hackney.Closed)
		srv.WaitClosed(0)
	}
}

func TestC09_TransferEncoding(t *testing.T) {
	const body = "\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
	for _, coding := range []string{"\x0bchunked", "xchunked", "chunked, identity", "chunked\r\nTransfer-Encoding: chunked"} {
		wHostile[*hackney.ProtocolError](t, wHeadOK+"Transfer-Encoding: "+coding+body, "Transfer-Encoding")
	}
	wHostile[*hackney.ProtocolError](t, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked"+body, "Transfer-Encoding", "HTTP/1.0")
}

func TestC10_BlankBeforeColon(t *testing.T) {
	e, _ := wHostile[*hackney.ProtocolError](t, wHeadOK+"A: b\r\nContent-Length : 5\r\n\r\nhello", "line 3", "a blank before the colon")
	if e.Line != 3 || e.Part != "field line" {
		t.Errorf("error %+v", e)
	}
}

func TestC11_OddBytesInHeads(t *testing.T) {
	for line, reason := range map[string]string{
		"A: b\x00c": "a NUL in the value", "A\x00: b": "a NUL in the name", "A: b\rc": "a bare CR in the value", "A\rB: c": "a bare CR in the name",
	} {
		wHostile[*hackney.ProtocolError](t, wHeadOK+line+"\r\nContent-Length: 0\r\n\r\n", reason)
	}
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\nA: b\n  c\nContent-Length: 2\n\nok", wOK))
	c := wNew(t).get(srv.URL("/"))
	if got := c.Headers().Get("A"); got != "b c" {
		t.Errorf("A is %q", got)
	}
	c.wantBody("ok").send(hackney.Req{}).wantBody("ok")
}

func TestC12_HeadsWithoutEnd(t *testing.T) {
	for name, reply := range map[string]string{
		"8 MiB value":   wHeadOK + "A: " + strings.Repeat("v", 8<<20),
		"8 MiB of them": wHeadOK + strings.Repeat("A: "+strings.Repeat("v", 8000)+"\r\n", 1000),
		"too many":      wHeadOK + strings.Repeat("A: b\r\n", 1001) + "\r\n",
		"1xx":           strings.Repeat("HTTP/1.1 103 X\r\nA: "+strings.Repeat("v", 100_000)+"\r\n\r\n", 4) + wEmpty,
		"many 1xx":      strings.Repeat("HTTP/1.1 100 X\r\n\r\n", 100) + wEmpty,
		"trailers":      wChunkedOK + "0\r\nA: " + strings.Repeat("v", 300<<10) + "\r\n\r\n",
		"many trailers": wChunkedOK + "0\r\n" + strings.Repeat("A: b\r\n", 1001) + "\r\n",
		"reason":        "HTTP/1.1 200 " + strings.Repeat("v", 300<<10) + "\r\n\r\n",
		"all together": strings.Repeat("HTTP/1.1 103 X\r\nA: "+wText(50_000)+"\r\n\r\n", 2) + // each is within the limit
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: " + wText(100_000) + "\r\n\r\n2\r\nok\r\n0\r\nA: " + wText(100_000) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(reply)})
			c := wNew(t)
			cs, err := hackney.Get(c.ctx, srv.URL("/"), nil, nil, nil)
			if err == nil {
				_, cs, err = hackney.Body(c.ctx, cs)
			}
			wIs[*hackney.LimitError](t, c.fails(cs, err))
			wHas(t, err, srv.Addr())
			wBlame(t, err, hackney.BlameLimit)
			c.in(hackney.StateFailed).connection(hackney.Closed)
			srv.WaitClosed(0)
		})
	}
}

func TestC13_ManyShortLines(t *testing.T) {
	many := strings.Repeat("a:\r\n", 250_000)  // 1 MB
	folds := strings.Repeat(" x\r\n", 250_000) // endless continuation of one line
	for _, reply := range []string{wHeadOK + many + "\r\n", wHeadOK + "A: b\r\n" + folds + "\r\n"} {
		srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(reply)})
		c := wNew(t)
		wIs[*hackney.LimitError](t, c.fails(hackney.Get(c.ctx, srv.URL("/"), nil, nil, nil)))
		c.connection(hackney.Closed)
	}
}

func TestC14_AnnouncedLength(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wLengthOK + "1099511627776\r\n\r\n0123456789").ThenClose()})
	c := wNew(t).get(srv.URL("/"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, cs, err := hackney.Body(c.ctx, c.ClientState)
	e := wIs[*hackney.IncompleteError](t, c.fails(cs, err))
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 4<<20 {
		t.Errorf("%d bytes were allocated for 10", after.TotalAlloc-before.TotalAlloc)
	}
	if string(e.Partial) != "0123456789" || e.Got != 10 || e.Want != 1<<40 {
		t.Errorf("partial %q, %d of %d", e.Partial, e.Got, e.Want)
	}
}

func TestC15_HTTP2Settings(t *testing.T) {
	frame := "\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"
	wHostile[*hackney.ProtocolError](t, frame, "status line", "this is not HTTP/1")
	// At once: no more is waited for.
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(frame[:1])})
	c := wNew(t)
	wIs[*hackney.ProtocolError](t, c.fails(hackney.Get(c.ctx, srv.URL("/"), nil, nil, nil)))
	srv.WaitClosed(0)
}

func TestC16_SplitChunkSize(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wChunkedOK+"5\r", "\nhello\r", "\n0\r", "\n\r", "\n"), wiretest.Reply(wOK)})
	wNew(t).get(srv.URL("/")).wantBody("hello").send(hackney.Req{}).wantBody("ok")
	wHostile[*hackney.ProtocolError](t, wChunkedOK+"5\rx\nhello\r\n", "chunk size")
	wHostile[*hackney.ProtocolError](t, wChunkedOK+"5g\r\nhello\r\n", "chunk size")
}

func TestC17_EndBeforeTheLastChunk(t *testing.T) {
	for _, body := range []string{"5\r\nhello\r\n", "5\r\nhello", "5\r\nhello\r\n0\r\n"} {
		srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wChunkedOK + body).ThenClose()})
		c := wNew(t).get(srv.URL("/"))
		_, cs, err := hackney.Body(c.ctx, c.ClientState)
		if e := wIs[*hackney.IncompleteError](t, c.fails(cs, err)); string(e.Partial) != "hello" {
			t.Errorf("%q: partial %q", body, e.Partial)
		}
	}
}

// The next request must not be taken for the body that was not sent.
func TestC18_ExpectAnsweredWithout100(t *testing.T) {
	final := "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal"
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wOK), wiretest.On(wiretest.Head, final)}, wiretest.Replies(wOK))
	c := wNew(t).get(srv.URL("/")).wantBody("ok")
	c.send(hackney.Req{Method: "POST", Headers: wExpect, Payload: hackney.Text("body")}).status(200).wantBody("final")
	if !c.Reused() {
		t.Error("the connection was not kept")
	}
	c.connection(hackney.Closed).send(hackney.Req{Path: "/next"}).wantBody("ok").wantSent(srv, 1, wWant("GET /next"))
}

// In a pool, the connection on which the body was not sent is not kept, and the next
// request has another one.
func TestC18_ExpectAnsweredWithout100InAPool(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, wOK)}, wiretest.Replies(wOK, wOK))
	p := pPool(t, pool.Opts{})
	o := &hackney.Opts{Pool: p, ExpectTimeout: hackney.Infinite}
	c := wNew(t).request("POST", srv.URL("/"), wExpect, hackney.Text("body"), o).status(200).wantBody("ok")
	if c.Kept() == hackney.KeptInPool || p.Size() != 0 {
		t.Errorf("kept %v, %d are idle", c.Kept(), p.Size())
	}
	srv.WaitClosed(0)
	pGet(t, srv.URL("/next"), "ok", false, o)
	pGet(t, srv.URL("/more"), "ok", true, o)
	if sent := string(srv.Received(0)); strings.Contains(sent, "body") || strings.Contains(sent, "/next") {
		t.Errorf("sent %q", sent)
	}
	pEven(t, p)
}

// One byte every 29 s, for ever: each receive is in time, but not the whole.
func TestC19_OneByteNowAndThen(t *testing.T) {
	for _, before := range []string{"", wLengthOK + "1000000\r\n\r\n", wChunkedOK + "fffff\r\n"} {
		synctest.Test(t, func(t *testing.T) {
			o := wPipe(t, func(c net.Conn) {
				wReadHead(c)
				_, err := io.WriteString(c, before)
				for _, b := range []byte(wHeadOK + "A: " + strings.Repeat("a", 10_000)) {
					if err != nil {
						return
					}
					time.Sleep(29 * time.Second)
					_, err = c.Write([]byte{b})
				}
			})
			o.RecvTimeout = 30 * time.Second
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			start := time.Now()
			cs, err := hackney.Get(ctx, "http://example.com/", nil, nil, o)
			if err == nil {
				_, cs, err = hackney.Body(ctx, cs)
			}
			if took := time.Since(start); took != 10*time.Minute || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, hackney.ErrTimeout) {
				t.Errorf("ended after %v with %v", took, err)
			}
			hackney.Close(cs)
		})
	}
}

func TestC20_TargetsThatSmuggle(t *testing.T) {
	for _, path := range []string{"/\r\nX: y", "/a HTTP/1.1\r\nX: y\r\n\r\n", "/a\nb", "/a\x00", "/a b", "/?q=\r\nX: y", "/?a b", "/\t"} {
		c := wNew(t)
		o := wNoDial(t)
		for name, verb := range wVerbs {
			_, err := verb(c.ctx, "http://example.com"+path, nil, nil, o)
			if wIs[*hackney.ArgumentError](t, err); strings.ContainsAny(err.Error(), "\r\n\x00\t") {
				t.Errorf("%s: %q", name, err)
			}
		}
		u := url.URL{Transport: url.TCP, Scheme: "http", Host: "example.com", Port: 80, Path: path}
		wIs[*hackney.ArgumentError](t, c.fails(hackney.RequestURL(c.ctx, "GET", u, nil, nil, o)))
		u.Path, u.Qs = "/", path
		wIs[*hackney.ArgumentError](t, c.fails(hackney.RequestURL(c.ctx, "GET", u, nil, nil, o)))
		upgrade := headers.New("Connection", "upgrade", "Upgrade", "x")
		wRefused(t, hackney.Req{Path: path})
		wRefused(t, hackney.Req{Path: path, Headers: upgrade})
		wRefused(t, hackney.Req{Method: "CONNECT", Path: "h:1" + path[1:]})
	}
}

// wRefused holds that a request is refused on a connected client, which then is as
// good as before.
func wRefused(t *testing.T, r hackney.Req) {
	t.Helper()
	o := wPipe(t, func(c net.Conn) {
		if head, err := wReadHead(c); err == nil && head != "GET /good HTTP/1.1\r\nHost: example.com\r\n"+wAgent+"\r\n" {
			t.Errorf("sent %q", head)
		}
		io.WriteString(c, wEmpty)
	})
	c := wNew(t)
	c.to(hackney.Connect(c.ctx, transport.TCP, "example.com", 80, o))
	err := c.fails(hackney.SendRequest(c.ctx, c.ClientState, r))
	wIs[*hackney.ArgumentError](t, err)
	if strings.ContainsAny(err.Error(), "\r\n\x00") {
		t.Errorf("error %q", err)
	}
	c.in(hackney.StateStart).connection(hackney.Connected).send(hackney.Req{Path: "/good"})
	c.to(hackney.Close(c.ClientState))
}

func TestC21_MethodsThatSmuggle(t *testing.T) {
	for _, method := range []string{"GET / HTTP/1.1\r\nX: y", "GET\r\n", "G\x00T", "GET ", " GET", "GE\u00e9", "GET/"} {
		for _, raw := range []bool{false, true} {
			o := wNoDial(t)
			o.RawMethod = raw
			c := wNew(t)
			wIs[*hackney.ArgumentError](t, c.fails(hackney.Request(c.ctx, method, "http://example.com/", nil, nil, o)))
		}
		wRefused(t, hackney.Req{Method: method})
	}
}

func TestC22_FieldsThatSmuggle(t *testing.T) {
	for _, value := range []string{"a\r\nX: y", "a\nb", "a\rb", "a\x00b", "\r\n", "a\x7f"} {
		for _, h := range []*headers.Headers{
			headers.New("A", value), headers.New().Add("A", value), headers.New("A", "b").With("A", value),
			headers.New().Update(headers.New("A", value)), headers.New("User-Agent", value), headers.New("Content-Type", value),
		} {
			c := wNew(t)
			wIs[*hackney.HeaderError](t, c.fails(hackney.Post(c.ctx, "http://example.com/", h, hackney.Text("x"), wNoDial(t))))
			wRefused(t, hackney.Req{Headers: h})
		}
	}
	for _, value := range []fmt.Stringer{wStringer("a\r\nX: y")} { // not only from literals
		wRefused(t, hackney.Req{Headers: headers.New("A", fmt.Sprint(value))})
	}
}

type wStringer string

func (s wStringer) String() string { return string(s) }

func TestC23_HostsThatSmuggle(t *testing.T) {
	for _, host := range []string{"a\r\nX: y", "a b", "a,b", "a/b", "u@a", "a\x00", "bücher.test", "a\xff"} {
		wRefused(t, hackney.Req{Headers: headers.New("Host", host)})
		c := wNew(t)
		wIs[*hackney.ArgumentError](t, c.fails(hackney.Get(c.ctx, "http://example.com/", headers.New("host", host), nil, wNoDial(t))))
	}
}

// What CONNECT is for: a target of the caller's, a URL, and the tunnel through a proxy.
func TestC24_ConnectTargetsThatSmuggle(t *testing.T) {
	for _, host := range []string{"h\r\nX: y", "h\r\n\r\nGET / HTTP/1.1\r\n", "h\n", "h\x00", "h x", "\th"} {
		wRefused(t, hackney.Req{Method: "CONNECT", Path: host + ":80"})
		wRefused(t, hackney.Req{Method: "CONNECT", Path: "h:80" + host[1:]})
		for _, proxy := range []hackney.Proxy{nil, hackney.ProxyURL("http://proxy.test")} {
			c, o := wNew(t), wNoDial(t)
			o.Proxy = proxy
			wIs[*hackney.ArgumentError](t, c.fails(hackney.Request(c.ctx, "CONNECT", "http://"+host+":80/", nil, nil, o)))
			wIs[*hackney.ArgumentError](t, c.fails(hackney.Get(c.ctx, "https://"+host+"/", nil, nil, o)))
			u := url.URL{Transport: url.TCP, Scheme: "http", Host: host, Port: 80, Path: "/"}
			wIs[*hackney.ArgumentError](t, c.fails(hackney.RequestURL(c.ctx, "CONNECT", u, nil, nil, o)))
			wIs[*hackney.ArgumentError](t, c.fails(hackney.RequestURL(c.ctx, "GET", u, nil, nil, o)))
			wIs[*hackney.ArgumentError](t, c.fails(hackney.Connect(c.ctx, transport.TCP, host, 80, o)))
		}
	}
	for _, target := range []string{"h", "h:", "h:80x", "h:99999", "h:80/x", "u@h:80", ":80"} {
		wRefused(t, hackney.Req{Method: "CONNECT", Path: target})
	}
}

func TestC26_TwoLengthsOfTheCaller(t *testing.T) {
	two := headers.New("Content-Length", "5", "content-length", "6")
	for _, p := range []hackney.Payload{nil, hackney.Text("hello"), hackney.Stream, wPieces(io.EOF, "hello")} {
		c := wNew(t)
		wIs[*hackney.ArgumentError](t, c.fails(hackney.Post(c.ctx, "http://example.com/", two, p, wNoDial(t))))
		wRefused(t, hackney.Req{Method: "POST", Headers: two, Payload: p})
	}
	srv := wiretest.New(t, wiretest.Replies(wEmpty)) // equal ones are one
	c := wNew(t).request("POST", srv.URL("/"), headers.New("Content-Length", "5", "content-length", "5"), hackney.Text("hello"), nil)
	c.wantSent(srv, 0, wWant("POST /", wOctets, "Content-Length: 5")+"hello")
}

func TestC27_TrailersThatFrame(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wChunkedOK+"2\r\nok\r\n0\r\nTransfer-Encoding: chunked\r\nA: 1\r\ncontent-length: 9\r\nHOST: x\r\nB: 2\r\n\r\n", wOK))
	c := wNew(t).get(srv.URL("/")).wantBody("ok")
	if tr := c.Trailers(); tr.Len() != 2 || tr.Get("A") != "1" || tr.Get("B") != "2" {
		t.Errorf("trailers %v", tr)
	}
	if c.Headers().Has("A") || c.Headers().Has("Host") {
		t.Errorf("headers %v", c.Headers())
	}
	c.send(hackney.Req{}).wantBody("ok")
	wHostile[*hackney.ProtocolError](t, wChunkedOK+"0\r\nA : b\r\n\r\n", "trailer")
}

// As a name, too, and in a form that is streamed.
func TestC29_FileNamesThatSmuggle(t *testing.T) {
	const evil, kept = "a\"\r\nX: y", `"a%22%0D%0AX: y"`
	want := "--B\r\nContent-Disposition: form-data; name=" + kept + "; filename=" + kept + "\r\nContent-Type: application/octet-stream\r\n\r\nc\r\n--B--"
	part := multipart.Content(evil, evil, []byte("c"))
	srv := wiretest.New(t, wiretest.Replies(wOK, wOK))
	form := hackney.Multipart(part).WithBoundary("B")
	c := wNew(t).request("POST", srv.URL("/"), nil, form, nil).wantBody("ok")
	c.send(hackney.Req{Method: "POST", Payload: hackney.StreamMultipart(-1, "B")})
	for _, p := range []multipart.Part{part, multipart.EOF} {
		c.to(hackney.StreamMultipartRequest(c.ctx, c.ClientState, p))
	}
	c.response().wantBody("ok").sent(srv, 0)
	for i, m := range srv.Requests(0) {
		if strings.TrimRight(string(m.Body), "\r\n") != want || m.Field("X") != "" {
			t.Errorf("request %d: %q", i+1, m.Body)
		}
	}
}

func TestC30_HostOfAURL(t *testing.T) {
	for _, c := range []struct{ url, dialed, line string }{
		{"http://127.0.0.1?@127.2.2.2/", "127.0.0.1:80", "GET /?@127.2.2.2/ HTTP/1.1"},
		{"http://example.com#-@127.2.2.2/x", "example.com:80", "GET / HTTP/1.1"},
	} {
		head, dialed := wHeadFor(t, c.url, nil)
		if dialed != c.dialed || head[0] != c.line {
			t.Errorf("%s dials %s with %q", c.url, dialed, head[0])
		}
	}
}

// wBadURLs holds that no entry point dials for a URL.
func wBadURLs(t *testing.T, urls ...string) {
	t.Helper()
	for _, u := range urls {
		for method, verb := range wVerbs {
			cs, err := verb(context.Background(), u, nil, nil, wNoDial(t))
			e := wIs[*hackney.URLError](t, err)
			wIs[*hackney.ArgumentError](t, err)
			wBlame(t, err, hackney.BlameCaller)
			if strings.ContainsFunc(e.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("%s: %q", method, err)
			}
			if _, err := hackney.Close(cs); err != nil {
				t.Errorf("Close gives %v", err)
			}
		}
	}
}

func TestC31_HostsInDisguise(t *testing.T) {
	wBadURLs(t, "http://%31%32%37%2E%30%2E%30%2E%31/", "http://127\u30020\u30020\u30021/", "http://example.com%2F10.0.0.1/")
}

func TestC32_OddBytesInTheAuthority(t *testing.T) {
	wBadURLs(t, `http://127.0.0.1\@1.1.1.1/`, "http://a\tb/", "http://a\rb/", "http://a\nb/", "http://a b/", "http://a /", " http://a/")
}

func TestC33_BadHostsAndPorts(t *testing.T) {
	wBadURLs(t, "http://[example.com]/", "http://[1.2.3.4]/", "http://x[::1]/", "http://[::1]x/", "http://a:80x/", "http://a:99999/", "http://a:-1/", "http:///", "http://:80/")
}

func TestC34_BadPunycode(t *testing.T) { wBadURLs(t, "http://xn--example-.com/") }

func TestC35_ManySchemes(t *testing.T) {
	ctx, o := context.Background(), wNoDial(t)
	var before, after runtime.MemStats
	for i := range 10_100 {
		if i == 100 {
			runtime.GC()
			runtime.ReadMemStats(&before)
		}
		_, err := hackney.Get(ctx, fmt.Sprintf("scheme%d://example.com/", i), nil, nil, o)
		var e *hackney.URLError
		if !errors.As(err, &e) || !errors.Is(err, url.ErrScheme) {
			t.Fatalf("scheme %d: %v", i, err)
		}
	}
	runtime.GC()
	if runtime.ReadMemStats(&after); int64(after.HeapAlloc)-int64(before.HeapAlloc) > 1<<20 {
		t.Errorf("10^4 schemes left %d bytes", int64(after.HeapAlloc)-int64(before.HeapAlloc))
	}
}

func TestC37_SecretsAndControlBytesInErrors(t *testing.T) {
	const secret = "hunter2"
	texts := map[string]string{}
	note := func(name string, cs hackney.ClientState, err error) {
		t.Helper()
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		texts[name] = err.Error()
		texts[name+", state"] = fmt.Sprintf("%v %+v %#v %s", cs, cs, cs, cs.URL())
		texts[name+", error"] = fmt.Sprintf("%+v", err)
		hackney.Close(cs)
	}
	c := wNew(t)
	auth := &hackney.Opts{BasicAuth: &hackney.BasicAuth{User: "joe", Password: secret}}
	refused := *auth
	refused.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("refused") }
	for _, u := range []string{"http://joe:" + secret + "@a b/", "ftp://joe:" + secret + "@h/", "http://joe:" + secret + "@[x]/", "http://joe:" + secret + "@h:99999/", "http://joe:" + secret + "@@h/"} {
		cs, err := hackney.Get(c.ctx, u, nil, nil, nil)
		note(u, cs, err)
	}
	cs, err := hackney.Get(c.ctx, "http://joe:"+secret+"@example.com/", nil, nil, &refused)
	note("refused", cs, err)
	cs, err = hackney.Get(c.ctx, "http://example.com/", headers.New("Authorization", secret+"\n"), nil, &refused)
	note("bad value", cs, err)
	cs, err = hackney.Get(c.ctx, "http://a%3a:"+secret+"@example.com/", nil, nil, &refused)
	note("bad user", cs, err)
	for name, reply := range map[string]string{
		"bad status line": "\x1b[31mHTTP\x07\r\n\r\n", "bad field": wHeadOK + "A\x1b: " + secret + "\r\n\r\n",
		"bad value in": wHeadOK + "Set-Cookie: " + secret + "\x00\r\n\r\n", "bad chunk": wChunkedOK + "\x1b[2J\r\n", "bad reason": "HTTP/1.1 200 \x00\x1b\r\n\r\n",
		"control bytes kept": "HTTP/1.1 200 \x1b[31m\r\nA: \x1b[31m\r\nSet-Cookie: " + secret + "\r\nContent-Length: x\r\n\r\n",
	} {
		srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(reply)})
		cs, err := hackney.Get(c.ctx, "http://joe:"+secret+"@"+srv.Addr()+"/", nil, nil, auth)
		if err == nil {
			_, cs, err = hackney.Body(c.ctx, cs)
		}
		note(name, cs, err)
	}
	texts["option"] = fmt.Sprintf("%v %+v %#v", *auth.BasicAuth, auth.BasicAuth, auth.BasicAuth)
	for name, text := range texts {
		if strings.Contains(text, secret) {
			t.Errorf("%s tells the secret: %s", name, text)
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%s has control bytes: %q", name, text)
		}
	}
}
