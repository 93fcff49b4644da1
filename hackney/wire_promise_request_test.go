package hackney_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/form"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// The tests TestPnn hold the promises of hackney 0.6.0's documentation by their numbers.

func TestP02_RequestGivesHeadAndClientNotBody(t *testing.T) {
	gate := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.Reply("HTTP/1.1 200 Fine\r\nX-A: 1\r\nContent-Length: 4\r\n\r\n"),
		wiretest.Say("body").Gated(gate),
	})
	c := wNew(t).request("POST", srv.URL("/p?q=1"), headers.New("X-B", "2"), hackney.Text("hi"), nil)
	c.status(200).in(hackney.StateOnBody) // before a byte of the body was sent
	if c.Reason() != "Fine" || c.Headers().Get("x-a") != "1" || c.BodyState() != hackney.BodyWaiting {
		t.Errorf("the head is %v %q %v", c.Status(), c.Reason(), c.Headers())
	}
	close(gate)
	c.wantBody("body")
	c.wantSent(srv, 0, wWant("POST /p?q=1", "Content-Type: application/octet-stream", "Content-Length: 2", "X-B: 2")+"hi")

	c = wNew(t)
	wBlame(t, c.fails(hackney.Get(c.ctx, srv.URL(" "), nil, nil, nil)), hackney.BlameCaller)
}

type wVerb func(context.Context, string, *headers.Headers, hackney.Payload, *hackney.Opts) (hackney.ClientState, error)

var wVerbs = map[string]wVerb{
	"DELETE": hackney.Delete, "GET": hackney.Get, "HEAD": hackney.Head, "POST": hackney.Post, "PUT": hackney.Put,
	"OPTIONS": hackney.Options, "TRACE": hackney.Trace, "COPY": hackney.Copy, "LOCK": hackney.Lock,
	"MKCOL": hackney.Mkcol, "MOVE": hackney.Move, "PROPFIND": hackney.Propfind, "PROPPATCH": hackney.Proppatch,
	"SEARCH": hackney.Search, "UNLOCK": hackney.Unlock, "REPORT": hackney.Report, "MKACTIVITY": hackney.Mkactivity,
	"CHECKOUT": hackney.Checkout, "MERGE": hackney.Merge, "M-SEARCH": hackney.Msearch, "NOTIFY": hackney.Notify,
	"SUBSCRIBE": hackney.Subscribe, "UNSUBSCRIBE": hackney.Unsubscribe, "PATCH": hackney.Patch, "PURGE": hackney.Purge,
}

func TestP03_EachVerbHasItsFunction(t *testing.T) {
	if len(wVerbs) != 25 {
		t.Fatalf("%d verbs, want 25", len(wVerbs))
	}
	for method, verb := range wVerbs {
		t.Run(method, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies(wEmpty))
			c := wNew(t)
			c.to(verb(c.ctx, srv.URL("/v"), headers.New("X-A", "1"), hackney.Text("b"), nil)).in(hackney.StateDone)
			if c.Method() != method {
				t.Errorf("Method is %q", c.Method())
			}
			c.wantSent(srv, 0, wWant(method+" /v", "Content-Type: application/octet-stream", "Content-Length: 1", "X-A: 1")+"b")
		})
	}
}

func TestP04_NoMethodIsGet(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wEmpty, wEmpty))
	c := wNew(t).request("", srv.URL("/"), nil, nil, nil)
	c.send(hackney.Req{})
	c.wantSent(srv, 0, wWant("GET /")+wWant("GET /"))
}

func TestP05_HeadersBodyAndOptionsAreEmptyByDefault(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK, wOK))
	c := wNew(t).request("GET", srv.URL("/"), nil, nil, nil).wantBody("ok")
	c.send(hackney.Req{Path: "/2", Headers: headers.New()}).wantBody("ok")
	c.wantSent(srv, 0, wWant("GET /")+wWant("GET /2"))
}

func TestP06_URLAsTextOrParsed(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK), wiretest.Replies(wOK))
	text := srv.URL("/a%20b/?x=1#frag")
	parsed, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	first := wNew(t).get(text)
	second := wNew(t)
	second.to(hackney.RequestURL(second.ctx, "GET", parsed, nil, nil, nil))
	want := wWant("GET /a%20b/?x=1")
	first.wantSent(srv, 0, want)
	second.wantSent(srv, 1, want)
}

func TestP07_CredentialsOfTheURL(t *testing.T) {
	option := &hackney.Opts{BasicAuth: &hackney.BasicAuth{User: "opt", Password: "ion"}}
	for _, c := range []struct{ userinfo, want string }{
		{"joe:secret@", "joe:secret"},
		{"joe@", "joe:"},
		{":pw@", ":pw"},
		{"j%40e:s%3Ac%2fret%20%C3%A9@", "j@e:s:c/ret \u00e9"},
		{"a+b:c+d@", "a+b:c+d"},
	} {
		srv := wiretest.New(t, wiretest.Replies(wEmpty, wEmpty))
		cl := wNew(t).request("GET", "http://"+c.userinfo+srv.Addr()+"/", nil, nil, option)
		cl.send(hackney.Req{Path: "/next"}) // they stay with the client
		auth := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(c.want))
		cl.wantSent(srv, 0, wWant("GET /", auth)+wWant("GET /next", auth))
	}
}

func TestP08_WithoutSchemeItIsHTTP(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wEmpty))
	c := wNew(t).get(srv.Addr() + "/x")
	if c.Scheme() != "http" || c.URL() != srv.URL("/x") {
		t.Errorf("scheme %q, URL %q", c.Scheme(), c.URL())
	}
	c.wantSent(srv, 0, wWant("GET /x"))
}

func TestP09_AResponseIsPulledByItsCaller(t *testing.T) {
	gate := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none"),
		wiretest.Say("two").Gated(gate),
	})
	c := wNew(t).get(srv.URL("/"))
	first, cs, err := hackney.StreamBody(c.ctx, c.ClientState)
	c.to(cs, err)
	if string(first) != "one" {
		t.Fatalf("first piece %q", first)
	}
	close(gate)
	c.wantBody("two")
}

func TestP10_BodyGivesTheWholeAndTheNextClient(t *testing.T) {
	want := wText(100_000)
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"+want))
	c := wNew(t).get(srv.URL("/"))
	before := c.ClientState
	c.wantBody(want).connection(hackney.Connected)
	if before.ResponseState() != hackney.StateOnBody {
		t.Errorf("the old state says %v", before.ResponseState())
	}
	if b, cs, err := hackney.Body(c.ctx, c.ClientState); len(b) != 0 || err != nil || cs.ResponseState() != hackney.StateDone {
		t.Errorf("a second time: %q, %v, %v", b, cs, err)
	}
}

func TestP11_StreamBodyUntilDone(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"))
	c := wNew(t).get(srv.URL("/"))
	var got []string
	for {
		piece, cs, err := hackney.StreamBody(c.ctx, c.ClientState)
		c.ClientState = cs
		if err != nil {
			if err.Error() != "EOF" {
				t.Fatal(err)
			}
			break
		}
		got = append(got, string(piece))
	}
	if strings.Join(got, "|") != "one|two" {
		t.Errorf("pieces %q", got)
	}
	c.in(hackney.StateDone).connection(hackney.Connected)
}

func TestP12_BodyMaxStops(t *testing.T) {
	gate := make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.Reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"),
		wiretest.Say("4\r\nefgh\r\n0\r\n\r\n").Gated(gate),
	})
	c := wNew(t).get(srv.URL("/"))
	b, cs, err := hackney.BodyMax(c.ctx, c.ClientState, 3)
	c.to(cs, err).in(hackney.StateOnBody)
	if string(b) != "abcd" {
		t.Errorf("BodyMax gives %q", b)
	}
	close(gate)
	c.wantBody("efgh")
	for _, max := range []int64{2, 100} {
		srv := wiretest.New(t, wiretest.Replies(wOK))
		c := wNew(t).get(srv.URL("/"))
		b, cs, err := hackney.BodyMax(c.ctx, c.ClientState, max)
		c.to(cs, err).in(hackney.StateDone)
		if string(b) != "ok" {
			t.Errorf("BodyMax %d gives %q", max, b)
		}
	}
}

func TestP13_SkipBody(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"+wText(100_000), wOK))
	c := wNew(t).get(srv.URL("/"))
	c.to(hackney.SkipBody(c.ctx, c.ClientState)).in(hackney.StateDone).connection(hackney.Connected)
	c.send(hackney.Req{}).wantBody("ok")
}

func TestP14_HeadHasNoBody(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wOK))
	c := wNew(t).request("HEAD", srv.URL("/"), nil, nil, nil).in(hackney.StateDone).connection(hackney.Connected)
	if c.ContentLength() != 1000 {
		t.Errorf("Content-Length %d", c.ContentLength())
	}
	c.send(hackney.Req{Method: "HEAD"}).in(hackney.StateDone)
	c.send(hackney.Req{}).wantBody("ok")
}

func TestP15_ContentLength0IsDoneAtOnce(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wEmpty, wOK))
	c := wNew(t).get(srv.URL("/")).in(hackney.StateDone)
	if c.BodyState() != hackney.BodyDone || c.ContentLength() != 0 {
		t.Errorf("body %v, length %d", c.BodyState(), c.ContentLength())
	}
	c.send(hackney.Req{}).wantBody("ok")
}

func TestP16_TheClientSendsTheNextRequest(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK, wOK))
	c := wNew(t).get(srv.URL("/1")).wantBody("ok")
	if c.Reused() {
		t.Error("the first request is on a reused connection")
	}
	c.send(hackney.Req{Method: "put", Path: "/2", Headers: headers.New("X-A", "1"), Payload: hackney.Text("b")}).wantBody("ok")
	if !c.Reused() {
		t.Error("the second request is not on a reused connection")
	}
	c.wantSent(srv, 0, wWant("GET /1")+
		wWant("PUT /2", "Content-Type: application/octet-stream", "Content-Length: 1", "X-A: 1")+"b")
}

func TestP17_SendRequestBeforeDoneIsRefused(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := wNew(t).get(srv.URL("/"))
	cs, err := hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{})
	if !errors.Is(err, hackney.ErrInvalidState) {
		t.Fatalf("error %v", err)
	}
	wHas(t, err, "SendRequest: response state is on_body, want start or done")
	wBlame(t, err, hackney.BlameCaller)
	c.ClientState = cs // it cost nothing
	c.wantBody("ok").wantSent(srv, 0, wWant("GET /"))
}

func TestP18_CloseClosesAndSaysSo(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK), wiretest.Replies(wOK))
	c := wNew(t).get(srv.URL("/"))
	c.to(hackney.Close(c.ClientState)).connection(hackney.Closed).in(hackney.StateStart)
	if end := srv.WaitClosed(0); end != wiretest.ClientClosed {
		t.Errorf("the connection is %v", end)
	}
	c.to(hackney.Close(c.ClientState)).connection(hackney.Closed)
	c.send(hackney.Req{Path: "/again"}).wantBody("ok")
	c.wantSent(srv, 1, wWant("GET /again"))
}

func TestP19_ConnectMakesAClientWithoutARequest(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := wNew(t)
	c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), nil)).in(hackney.StateStart).connection(hackney.Connected)
	srv.WaitConns(1)
	if c.Host() != srv.Host() || c.Port() != srv.Port() || c.Status() != 0 {
		t.Errorf("the client is %v", c)
	}
	c.send(hackney.Req{Path: "/p"}).wantBody("ok").wantSent(srv, 0, wWant("GET /p"))
}

func TestP20_ConnectOnAClientReconnectsIt(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK), wiretest.Replies(wOK))
	c := wNew(t)
	c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), nil))
	same := c.ClientState
	c.to(hackney.Reconnect(c.ctx, c.ClientState)) // connected: a no-op, and the old copy is as good
	if c.String() != same.String() {
		t.Errorf("Reconnect made %v of %v", c, same)
	}
	c.ClientState = same
	c.send(hackney.Req{}).wantBody("ok")
	c.to(hackney.Close(c.ClientState))
	c.to(hackney.Reconnect(c.ctx, c.ClientState)).in(hackney.StateStart).connection(hackney.Connected)
	c.send(hackney.Req{Path: "/2"}).wantBody("ok").wantSent(srv, 1, wWant("GET /2"))
}

func TestP21_ConnectOptionsReachTheSocket(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	var dialed []string
	o := &hackney.Opts{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dialed = append(dialed, network+" "+address)
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
		return d.DialContext(ctx, network, address)
	}}
	c := wNew(t).request("GET", srv.URL("/"), nil, nil, o).wantBody("ok")
	if len(dialed) != 1 || dialed[0] != "tcp "+srv.Addr() {
		t.Errorf("dialed %q", dialed)
	}
	if _, ok := c.LocalAddr().(*net.TCPAddr); !ok || c.RemoteAddr().String() != srv.Addr() {
		t.Errorf("from %v to %v", c.LocalAddr(), c.RemoteAddr())
	}
}

func TestP22_TLSOptionsReachTLS(t *testing.T) {
	srv := wiretest.Start(t, wiretest.Options{TLS: true}, wiretest.Replies(wOK))
	o := wTLS(srv)
	o.TLS.MaxVersion = tls.VersionTLS12
	o.TLS.ServerName = "localhost"
	c := wNew(t).request("GET", srv.URL("/"), nil, nil, o).wantBody("ok")
	if c.TLS() == nil || c.TLS().Version != tls.VersionTLS12 || c.TLS().ServerName != "localhost" {
		t.Errorf("TLS is %+v", c.TLS())
	}
}

func TestP23_VerificationIsOnUnlessInsecure(t *testing.T) {
	srv := wiretest.Start(t, wiretest.Options{TLS: true}, wiretest.Conn{}, wiretest.Replies(wOK))
	c := wNew(t)
	err := c.fails(hackney.Get(c.ctx, srv.URL("/"), nil, nil, nil))
	var unknown *tls.CertificateVerificationError
	if !errors.As(err, &unknown) {
		t.Errorf("error %v", err)
	}
	wBlame(t, err, hackney.BlameNetwork)
	if got := srv.Received(0); len(got) != 0 {
		t.Errorf("the server got %q", got)
	}
	wNew(t).request("GET", srv.URL("/"), nil, nil, &hackney.Opts{Insecure: true}).wantBody("ok")
}

func TestP24_ConnectTimeoutIs8Seconds(t *testing.T) {
	for _, c := range []struct{ option, want time.Duration }{
		{0, 8 * time.Second}, {3 * time.Second, 3 * time.Second}, {hackney.Infinite, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			start := time.Now()
			o := &hackney.Opts{ConnectTimeout: c.option, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}}
			cs, err := hackney.Get(ctx, "http://example.com/", nil, nil, o)
			if took := time.Since(start); took != c.want || !errors.Is(err, hackney.ErrTimeout) {
				t.Errorf("ConnectTimeout %v ends after %v with %v", c.option, took, err)
			}
			if cs.ConnectionState() != hackney.Closed {
				t.Errorf("the state is %v", cs)
			}
		})
	}
}

func TestP25_RecvTimeoutIsInfiniteAndPerReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // 59 s for each byte: longer than a minute in all
		slow := wPipe(t, func(c net.Conn) {
			wReadHead(c)
			for _, b := range []byte(wOK) {
				time.Sleep(59 * time.Second)
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
			}
		})
		for _, limit := range []time.Duration{0, hackney.Infinite, time.Minute} {
			o := *slow
			o.RecvTimeout = limit
			c := wNew(t)
			c.ctx = context.Background()
			c.request("GET", "http://example.com/", nil, nil, &o).wantBody("ok")
		}
		o := *slow
		o.RecvTimeout = time.Second
		start := time.Now()
		c := wNew(t)
		err := c.fails(hackney.Get(context.Background(), "http://example.com/", nil, nil, &o))
		if took := time.Since(start); took != time.Second || !errors.Is(err, hackney.ErrTimeout) {
			t.Errorf("ended after %v with %v", took, err)
		}
	})
}

func TestP26_SetSockopts(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := wNew(t).get(srv.URL("/"))
	called := false
	err := hackney.SetSockopts(c.ClientState, func(conn net.Conn) error {
		called = true
		return conn.(*net.TCPConn).SetNoDelay(false)
	})
	if err != nil || !called {
		t.Errorf("error %v, called %v", err, called)
	}
	own := errors.New("own")
	if err := hackney.SetSockopts(c.ClientState, func(net.Conn) error { return own }); !errors.Is(err, own) {
		t.Errorf("error %v, want the function's", err)
	}
	c.wantBody("ok") // the state is still the present one
}

func TestP27_HandoffGivesTheClientAway(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := wNew(t).get(srv.URL("/"))
	old := c.ClientState
	c.to(hackney.Handoff(old))
	if _, _, err := hackney.Body(c.ctx, old); !errors.Is(err, hackney.ErrStale) {
		t.Errorf("the old owner gets %v", err)
	} else {
		wHas(t, err, "Body", "Handoff")
	}
	c.in(hackney.StateOnBody).wantBody("ok")
}

func TestP28_ErrorsAreValues(t *testing.T) {
	for _, reply := range []string{
		"HTTP/1.1 twohundred OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "garbage\r\n\r\n", "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n",
	} {
		srv := wiretest.New(t, wiretest.Replies(reply))
		c := wNew(t)
		cs, err := hackney.Get(c.ctx, srv.URL("/"), nil, nil, nil)
		if err == nil {
			_, cs, err = hackney.Body(c.ctx, cs)
		}
		err = c.fails(cs, err)
		wIs[*hackney.ProtocolError](t, err)
		wBlame(t, err, hackney.BlamePeer)
		wHas(t, err, srv.Addr())
		c.in(hackney.StateFailed).connection(hackney.Closed)
		srv.WaitClosed(0)
	}
}

func TestP29_FormBody(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wEmpty))
	c := wNew(t).request("POST", srv.URL("/"), headers.New("Content-Type", "text/plain"),
		hackney.Form(form.Field{Name: "q", Value: "a b&c"}, form.Field{Name: "\u00e9", Value: ""}), nil)
	c.wantSent(srv, 0, wWant("POST /", "Content-Type: application/x-www-form-urlencoded; charset=utf-8", "Content-Length: 17")+
		"q=a+b%26c&%c3%a9=")
}

func TestP30_UrlencodedBytes(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wEmpty))
	field := form.Field{Name: "a b", Value: ".-~_/+\u00ff"}
	c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Form(field), nil)
	if _, body, _ := strings.Cut(c.sent(srv, 0), "\r\n\r\n"); body != "a+b=.-~_%2f%2b%c3%bf" {
		t.Errorf("the body is %q", body)
	}
	if got := url.Encode("/\u00ff", url.Upper); got != "%2F%C3%BF" {
		t.Errorf("in upper case %q", got)
	}
}

func TestP31_DecodeForm(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\na=b+c&lone&d=%26"))
	c := wNew(t).get(srv.URL("/"))
	body := c.body()
	fields, err := form.Decode(body)
	if err != nil || len(fields) != 3 {
		t.Fatalf("%q gives %v, %v", body, fields, err)
	}
	want := []form.Field{{Name: "a", Value: "b c"}, {Name: "lone", Bare: true}, {Name: "d", Value: "&"}}
	for i := range want {
		if fields[i] != want[i] {
			t.Errorf("field %d is %+v, want %+v", i, fields[i], want[i])
		}
	}
}

func TestP32_FileBody(t *testing.T) {
	path := wFile(t, "page.html", "<p>hello</p>")
	srv := wiretest.New(t, wiretest.Replies(wEmpty, wEmpty))
	c := wNew(t).request("PUT", srv.URL("/"), nil, hackney.File(path, 0, 0), nil)
	c.send(hackney.Req{Method: "PUT", Headers: headers.New("content-type", "text/x"), Payload: hackney.File(path, 0, 0)})
	c.wantSent(srv, 0, wWant("PUT /", "Content-Type: text/html", "Content-Length: 12")+"<p>hello</p>"+
		wWant("PUT /", "content-type: text/x", "Content-Length: 12")+"<p>hello</p>")
}

func TestP34_AFileDropsTransferEncoding(t *testing.T) {
	path := wFile(t, "a.bin", "hello")
	srv := wiretest.New(t, wiretest.Replies(wEmpty))
	c := wNew(t).request("PUT", srv.URL("/"), headers.New("Transfer-Encoding", "chunked", "X-A", "1"), hackney.File(path, 0, 0), nil)
	c.wantSent(srv, 0, wWant("PUT /", "Content-Type: application/octet-stream", "Content-Length: 5", "X-A: 1")+"hello")
}

func TestP35_OffsetAndCountOfAFile(t *testing.T) {
	path := wFile(t, "a.txt", "0123456789")
	srv := wiretest.New(t, wiretest.Replies(wEmpty, wEmpty, wEmpty, wEmpty))
	c := wNew(t)
	want := ""
	for i, f := range []struct {
		offset, n int64
		want      string
	}{{0, 0, "0123456789"}, {4, 0, "456789"}, {4, 3, "456"}, {0, 10, "0123456789"}} {
		p := hackney.File(path, f.offset, f.n)
		if i == 0 {
			c.request("PUT", srv.URL("/"), nil, p, nil)
		} else {
			c.send(hackney.Req{Method: "PUT", Payload: p})
		}
		want += wWant("PUT /", "Content-Type: text/plain", "Content-Length: "+wItoa(len(f.want))) + f.want
	}
	c.wantSent(srv, 0, want)
}
