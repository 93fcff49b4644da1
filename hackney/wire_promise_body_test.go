package hackney_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/wiretest"
)

const (
	wOctets  = "Content-Type: application/octet-stream"
	wChunked = "Transfer-Encoding: chunked"
)

// wPieces is a body function that gives its pieces one by one, then err.
func wPieces(err error, pieces ...string) hackney.Payload {
	return hackney.Func(func() ([]byte, error) {
		if len(pieces) == 0 {
			return nil, err
		}
		piece := pieces[0]
		pieces = pieces[1:]
		return []byte(piece), nil
	})
}

func TestP44_BytesAndListsOfBytes(t *testing.T) {
	for _, p := range []hackney.Payload{
		hackney.Bytes([]byte("hello")), hackney.Text("hello"), hackney.Chunks([]byte("he"), nil, []byte("l"), []byte("lo")),
	} {
		srv := wiretest.New(t, wiretest.Replies(wEmpty))
		c := wNew(t).request("POST", srv.URL("/"), nil, p, nil)
		c.wantSent(srv, 0, wWant("POST /", wOctets, "Content-Length: 5")+"hello")
	}
}

func TestP45_BytesGoChunkedWhenAsked(t *testing.T) {
	h := headers.New("transfer-encoding", "Chunked", "Content-Length", "5", "X-A", "1")
	for _, c := range []struct {
		p    hackney.Payload
		want string
	}{
		{hackney.Text("hello"), "5\r\nhello\r\n0\r\n\r\n"},
		{hackney.Chunks([]byte("he"), []byte("llo")), "5\r\nhello\r\n0\r\n\r\n"},
		{hackney.Text(""), "0\r\n\r\n"},
		{hackney.Text(wText(20_000)), "4e20\r\n" + wText(20_000) + "\r\n0\r\n\r\n"},
		{hackney.Text(wText(1 << 20)), "100000\r\n" + wText(1<<20) + "\r\n0\r\n\r\n"},
	} {
		srv := wiretest.New(t, wiretest.Replies(wEmpty))
		cl := wNew(t).request("POST", srv.URL("/"), h, c.p, nil)
		cl.wantSent(srv, 0, wWant("POST /", wOctets, "transfer-encoding: Chunked", "X-A: 1")+c.want)
	}
}

func TestP46_BodyFunction(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wEmpty))
	c := wNew(t).request("POST", srv.URL("/"), nil, wPieces(io.EOF, "one", "", "three"), nil)
	c.wantSent(srv, 0, wWant("POST /", wOctets, wChunked)+"3\r\none\r\n5\r\nthree\r\n0\r\n\r\n")

	srv = wiretest.New(t, wiretest.Conn{})
	own := errors.New("own")
	c = wNew(t)
	err := c.fails(hackney.Post(c.ctx, srv.URL("/"), nil, wPieces(own, "one"), nil))
	if !errors.Is(err, own) {
		t.Errorf("error %v, want the function's", err)
	}
	e := wIs[*hackney.ArgumentError](t, err)
	wBlame(t, err, hackney.BlameCaller)
	c.in(hackney.StateFailed)
	srv.WaitClosed(0)
	got := string(srv.Received(0))
	wSame(t, got, strings.ReplaceAll(wWant("POST /", wOctets, wChunked), "{host}", srv.Addr())+"3\r\none\r\n")
	if e.Sent != int64(len(got)) {
		t.Errorf("the error says %d bytes were sent, it were %d", e.Sent, len(got))
	}
}

func TestP47_FunctionWithContentLengthGoesUnchunked(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wEmpty))
	c := wNew(t).request("POST", srv.URL("/"), headers.New("content-length", "8"), wPieces(io.EOF, "one", "three"), nil)
	c.wantSent(srv, 0, wWant("POST /", wOctets, "content-length: 8")+"onethree")
}

func TestP48_EmptyPostAndPut(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wEmpty, wEmpty, wEmpty, wEmpty))
	c := wNew(t).request("POST", srv.URL("/"), nil, nil, nil)
	c.send(hackney.Req{Method: "PUT"}).send(hackney.Req{Method: "POST", Payload: hackney.Bytes(nil)})
	c.send(hackney.Req{Method: "POST", Headers: headers.New("Transfer-Encoding", "chunked")})
	c.wantSent(srv, 0, wWant("POST /", wOctets, "Content-Length: 0")+wWant("PUT /", wOctets, "Content-Length: 0")+
		wWant("POST /", wOctets, "Content-Length: 0")+wWant("POST /", wOctets, wChunked)+"0\r\n\r\n")
}

func TestP49_StreamReturnsBehindTheHead(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil).in(hackney.StateStream)
	head := strings.ReplaceAll(wWant("POST /", wChunked), "{host}", srv.Addr())
	wSame(t, string(srv.WaitReceived(0, len(head))), head)
	c.piece(hackney.Text("one")).in(hackney.StateStream)
	wSame(t, string(srv.WaitReceived(0, len(head)+8)), head+"3\r\none\r\n")
	c.end().in(hackney.StateWaiting).response().status(200).wantBody("ok")
}

func TestP50_EndStreamRequestBody(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK, wOK))
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil)
	c.piece(hackney.Text("one")).piece(hackney.Text("two")).end().in(hackney.StateWaiting).response().wantBody("ok")
	c.send(hackney.Req{Method: "POST", Headers: headers.New("Content-Length", "6"), Payload: hackney.Stream})
	c.piece(hackney.Text("one")).piece(hackney.Text("two")).end().response().wantBody("ok")
	c.wantSent(srv, 0, wWant("POST /", wChunked)+"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"+
		wWant("POST /", "Content-Length: 6")+"onetwo")
}

func TestP51_StartResponseFetchesStatusAndHeaders(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 201 Made\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok"))
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil).end()
	if c.Status() != 0 || c.Headers().Len() != 0 {
		t.Errorf("before: %d, %v", c.Status(), c.Headers())
	}
	c.response().in(hackney.StateOnBody).status(201)
	if c.Reason() != "Made" || c.Headers().Get("X-A") != "1" || c.Version() != "1.1" {
		t.Errorf("after: %q, %v", c.Reason(), c.Headers())
	}
}

func TestP52_StartResponseWhereNothingIsAwaited(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := wNew(t).get(srv.URL("/"))
	for _, want := range []hackney.ResponseState{hackney.StateOnBody, hackney.StateDone} {
		_, err := hackney.StartResponse(c.ctx, c.ClientState)
		e := wIs[*hackney.StateError](t, err)
		if !errors.Is(err, hackney.ErrInvalidState) || e.State != want || e.Op != hackney.OpStartResponse {
			t.Errorf("error %v", err)
		}
		wHas(t, err, "StartResponse: response state is "+want.String()+", want stream or waiting")
		c.wantBody(map[bool]string{true: "ok"}[want == hackney.StateOnBody])
	}
}

func TestP53_StartResponseEndsAnUnfinishedStream(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, nil).piece(hackney.Text("one"))
	c.response().wantBody("ok").wantSent(srv, 0, wWant("POST /", wChunked)+"3\r\none\r\n0\r\n\r\n")
}

// The sizes of writes are ours; that all bytes arrive, in order, is not.
func TestP54_LargeBodiesArriveWhole(t *testing.T) {
	for _, size := range []int{4095, 4096, 4097, 16 << 10, 16<<10 + 1, 256 << 10, 256<<10 + 1, 3 << 20} {
		srv := wiretest.New(t, wiretest.Replies(wEmpty))
		c := wNew(t).request("PUT", srv.URL("/"), nil, hackney.Text(wText(size)), nil)
		c.wantSent(srv, 0, wWant("PUT /", wOctets, "Content-Length: "+wItoa(size))+wText(size))
	}
}

func TestP55_ExpectHoldsTheBodyBack(t *testing.T) {
	go100 := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.On(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\n").Gated(go100),
		wiretest.On(wiretest.Body, wOK),
	})
	c := wNew(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.ClientState, _ = hackney.Post(c.ctx, srv.URL("/"), headers.New("Expect", "100-continue"), hackney.Text("body"), nil)
	}()
	head := strings.ReplaceAll(wWant("POST /", wOctets, "Content-Length: 4", "Expect: 100-continue"), "{host}", srv.Addr())
	wSame(t, string(srv.WaitReceived(0, len(head))), head)
	close(go100)
	wBounded(t, done)
	c.status(200).wantBody("ok").wantSent(srv, 0, head+"body")

	synctest.Test(t, func(t *testing.T) { // a second of silence
		var waited time.Duration
		o := wPipe(t, func(c net.Conn) {
			wReadHead(c)
			start := time.Now()
			io.ReadFull(c, make([]byte, 4))
			waited = time.Since(start)
			io.WriteString(c, wOK)
		})
		c := wNew(t)
		c.ctx = context.Background()
		c.request("POST", "http://example.com/", headers.New("Expect", "100-continue"), hackney.Text("body"), o).wantBody("ok")
		if waited != time.Second {
			t.Errorf("the body came after %v", waited)
		}
	})
}

func TestP56_AFinalAnswerSkipsTheBody(t *testing.T) {
	expect := headers.New("Expect", "100-continue")
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno")}, wiretest.Replies(wOK))
	c := wNew(t).request("POST", srv.URL("/"), expect, hackney.Text("body"), nil)
	c.status(417).wantBody("no").connection(hackney.Closed)
	srv.WaitClosed(0)
	wSame(t, string(srv.Received(0)), strings.ReplaceAll(wWant("POST /", wOctets, "Content-Length: 4", "Expect: 100-continue"), "{host}", srv.Addr()))
	c.send(hackney.Req{}).wantBody("ok")

	// A 100 with a field, split at every place, is not the final answer.
	reply := "HTTP/1.1 100 Go on\r\nX-A: 1\r\n\r\n"
	srv = wiretest.New(t, wiretest.Conn{
		{Wait: wiretest.Head, Send: wiretest.Each(reply)}, wiretest.On(wiretest.Body, wOK),
	})
	c = wNew(t).request("POST", srv.URL("/"), expect, hackney.Text("body"), nil).status(200)
	if in := c.Interim(); len(in) != 1 || in[0].Status != 100 || in[0].Reason != "Go on" || in[0].Headers.Get("X-A") != "1" {
		t.Errorf("interim responses %+v", in)
	}
	c.wantBody("ok").connection(hackney.Connected)
}

func TestP57_Host(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"http://Example.com/", "example.com"},
		{"http://example.com:80/", "example.com"},
		{"http://example.com:443/", "example.com:443"},
		{"http://example.com:8080/", "example.com:8080"},
		{"http://[::1]/", "[::1]"},
		{"http://[::1]:80/", "[::1]"},
		{"http://[2001:DB8::1]:8080/", "[2001:db8::1]:8080"},
		{"http://[fe80::1%25eth0]:81/", "[fe80::1]:81"},
		{"http://b\u00fccher.example/", "xn--bcher-kva.example"},
	} {
		head, _ := wHeadFor(t, c.url, nil)
		if got := strings.ToLower(head[1]); got != "host: "+c.want {
			t.Errorf("%s: %q, want Host: %s", c.url, head[1], c.want)
		}
	}
	head, _ := wHeadFor(t, "http://example.com/", headers.New("X-A", "1", "hOst", "other:1"))
	if want := []string{"GET / HTTP/1.1", "hOst: other:1", strings.TrimSpace(wAgent), "X-A: 1"}; !slices.Equal(head, want) {
		t.Errorf("%q, want %q", head, want)
	}
}

// wHeadFor gives the lines of the request head that a GET of a URL sends, and
// the address that was dialed.
func wHeadFor(t *testing.T, url string, h *headers.Headers) (lines []string, address string) {
	t.Helper()
	heads := make(chan string, 1)
	o := wPipe(t, func(c net.Conn) {
		head, _ := wReadHead(c)
		heads <- head
		io.WriteString(c, wEmpty)
	})
	dial := o.DialContext
	o.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		address = addr
		return dial(ctx, network, addr)
	}
	c := wNew(t).request("GET", url, h, nil, o)
	c.to(hackney.Close(c.ClientState))
	return strings.Split(strings.TrimSuffix(wBounded(t, heads), "\r\n\r\n"), "\r\n"), address
}

func TestP58_UserAgent(t *testing.T) {
	head, _ := wHeadFor(t, "http://example.com/", nil)
	if head[2] != "User-Agent: hackney/"+hackney.Version {
		t.Errorf("%q", head[2])
	}
}

func TestP59_BasicAuth(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wEmpty, wEmpty))
	o := &hackney.Opts{BasicAuth: &hackney.BasicAuth{User: "Aladdin", Password: "open:sesame"}}
	c := wNew(t).request("GET", srv.URL("/"), nil, nil, o)
	c.send(hackney.Req{Headers: headers.New("X-A", "1", "authorization", "Bearer x")})
	c.wantSent(srv, 0, wWant("GET /", "Authorization: Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ==")+
		wWant("GET /", "authorization: Bearer x", "X-A: 1"))
}

func TestP60_TheCallersFieldsReplaceDefaults(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wEmpty))
	h := headers.New("X-First", "1", "CONTENT-type", "text/x", "user-AGENT", "me/1", "hOST", "h.example", "x-FIRST", "2")
	c := wNew(t).request("POST", srv.URL("/"), h, hackney.Text("b"), nil)
	c.wantSent(srv, 0, "POST / HTTP/1.1\r\nhOST: h.example\r\nuser-AGENT: me/1\r\nCONTENT-type: text/x\r\nContent-Length: 1\r\n"+
		"X-First: 1\r\nx-FIRST: 2\r\n\r\nb")
}

func TestP81_CloseAfterTheBody(t *testing.T) {
	for _, head := range []string{"HTTP/1.0 200 OK\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n", "HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\n"} {
		srv := wiretest.New(t, wiretest.Replies(head+"Content-Length: 2\r\n\r\nok"), wiretest.Replies(wOK))
		c := wNew(t).get(srv.URL("/")).connection(hackney.Connected).wantBody("ok").connection(hackney.Closed)
		if end := srv.WaitClosed(0); end != wiretest.ClientClosed {
			t.Errorf("%q: %v", head, end)
		}
		c.send(hackney.Req{}).wantBody("ok") // connects again
	}
}

func TestP82_ChunkedWithExtensionsAndTrailers(t *testing.T) {
	reply := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b;c=\"d;e\"\r\nhello\r\n00A\r\n0123456789\r\n0;last\r\nX-Sum: 7\r\nx-sum: 8\r\n\r\n"
	srv := wiretest.New(t, wiretest.Conn{{Wait: wiretest.Request, Send: wiretest.Each(reply)}, wiretest.Reply(wOK)})
	c := wNew(t).get(srv.URL("/"))
	if c.Trailers().Len() != 0 {
		t.Errorf("trailers before the body: %v", c.Trailers())
	}
	c.wantBody("hello0123456789").connection(hackney.Connected)
	if got := c.Trailers().Values("X-SUM"); !slices.Equal(got, []string{"7", "8"}) {
		t.Errorf("trailers %v", c.Trailers())
	}
	c.send(hackney.Req{}).wantBody("ok")
	if c.Trailers().Len() != 0 {
		t.Errorf("old trailers: %v", c.Trailers())
	}
}

func TestP83_IdentityBodyEndsAtClose(t *testing.T) {
	for _, head := range []string{"HTTP/1.0 200 OK\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n"} {
		srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(head+"\r\nhel", "lo").ThenClose()})
		c := wNew(t).get(srv.URL("/")).wantBody("hello").connection(hackney.Closed)
		if c.ContentLength() != -1 {
			t.Errorf("%q: Content-Length %d", head, c.ContentLength())
		}
	}
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").ThenClose()})
	c := wNew(t).get(srv.URL("/"))
	_, cs, err := hackney.Body(c.ctx, c.ClientState)
	e := wIs[*hackney.IncompleteError](t, c.fails(cs, err))
	if string(e.Partial) != "hello" || e.Got != 5 || e.Want != 10 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v with %q, %d of %d", err, e.Partial, e.Got, e.Want)
	}
}

func TestP84_FoldedLinesAndEmptyValues(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nX-Fold: one\r\n  two\r\n\tthree\r\nX-Empty:\r\nX-Blank:  \r\nContent-Length: 2\r\n\r\nok"))
	c := wNew(t).get(srv.URL("/"))
	var got []string
	for name, value := range c.Headers().All() {
		got = append(got, name+"="+value)
	}
	if want := []string{"X-Fold=one two three", "X-Empty=", "X-Blank=", "Content-Length=2"}; !slices.Equal(got, want) {
		t.Errorf("headers %q, want %q", got, want)
	}
	c.wantBody("ok")
}

func TestP85_UrldecodeAndUrlencode(t *testing.T) {
	if s, err := url.Decode("a%2"); !errors.Is(err, url.ErrEscape) {
		t.Errorf("Decode of a bad escape gives %q, %v", s, err)
	}
	if s, err := url.Decode("%a%41+%", url.Skip); s != "%aA %" || err != nil {
		t.Errorf("Decode with Skip gives %q, %v", s, err)
	}
	for want, got := range map[string]string{
		"a+%2f": url.Encode("a /"), "a%20%2f": url.Encode("a /", url.NoPlus), "a%20%2F": url.Encode("a /", url.NoPlus, url.Upper),
	} {
		if got != want {
			t.Errorf("Encode gives %q, want %q", got, want)
		}
	}
	// A target keeps its escapes on the wire.
	head, _ := wHeadFor(t, "http://example.com/%7e%2F?a+b=%zz&c=%20", nil)
	if head[0] != "GET /%7e%2F?a+b=%zz&c=%20 HTTP/1.1" {
		t.Errorf("request line %q", head[0])
	}
}

func TestP86_ParseAndUnparseURL(t *testing.T) {
	for _, c := range []struct{ text, again, dialed, target string }{
		{"http://example.com", "http://example.com/", "example.com:80", "/"},
		{"http://example.com/a?b#c", "http://example.com/a?b#c", "example.com:80", "/a?b"},
		{"http://u:p@example.com:81/", "http://u:p@example.com:81/", "example.com:81", "/"},
		{"http://[::1]:8080/x", "http://[::1]:8080/x", "[::1]:8080", "/x"},
		{"http://[::1]", "http://[::1]/", "[::1]:80", "/"},
	} {
		u, err := url.Parse(c.text)
		if err != nil || url.Unparse(u) != c.again {
			t.Errorf("%s gives %q, %v", c.text, url.Unparse(u), err)
		}
		head, dialed := wHeadFor(t, c.text, nil)
		if dialed != c.dialed || head[0] != "GET "+c.target+" HTTP/1.1" {
			t.Errorf("%s dials %s with %q", c.text, dialed, head[0])
		}
	}
	if u, err := url.Parse("https://example.com"); err != nil || u.Port != 443 || u.Scheme != url.HTTPS {
		t.Errorf("https gives %+v, %v", u, err)
	}
}
