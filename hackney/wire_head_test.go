package hackney_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/form"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// TestWireHead holds the exact bytes of request heads and small bodies.
func TestWireHead(t *testing.T) {
	auth := &hackney.Opts{BasicAuth: &hackney.BasicAuth{User: "u", Password: "p"}}
	const basic = "Authorization: Basic dTpw"
	for _, c := range []struct {
		name string
		r    hackney.Req
		o    *hackney.Opts
		want string
	}{
		{
			"all defaults in their order",
			hackney.Req{Method: "POST", Path: "/p?q", Headers: headers.New("B", "2", "A", "1"), Payload: hackney.Text("x")},
			auth,
			wWant("POST /p?q", basic, wOctets, "Content-Length: 1", "B: 2", "A: 1") + "x",
		},
		{
			"all defaults, chunked",
			hackney.Req{Method: "POST", Headers: headers.New("B", "2"), Payload: wPieces(io.EOF, "x")},
			auth,
			wWant("POST /", basic, wOctets, wChunked, "B: 2") + "1\r\nx\r\n0\r\n\r\n",
		},
		{
			"all replaced in place",
			hackney.Req{Method: "POST", Headers: headers.New("B", "2", "content-LENGTH", "1", "CONTENT-TYPE", "a/b",
				"AUTHORIZATION", "x", "USER-AGENT", "y", "HOST", "z"), Payload: hackney.Text("x")},
			auth,
			"POST / HTTP/1.1\r\nHOST: z\r\nUSER-AGENT: y\r\nAUTHORIZATION: x\r\nCONTENT-TYPE: a/b\r\ncontent-LENGTH: 1\r\nB: 2\r\n\r\nx",
		},
		{
			"framing replaced in place",
			hackney.Req{Method: "POST", Headers: headers.New("B", "2", "TRANSFER-encoding", "gzip, chunked"), Payload: hackney.Text("x")},
			nil,
			wWant("POST /", wOctets, "TRANSFER-encoding: gzip, chunked", "B: 2") + "1\r\nx\r\n0\r\n\r\n",
		},
		{
			"duplicates kept",
			hackney.Req{Headers: headers.New("A", "1", "a", "2", "User-Agent", "x", "B", "3", "user-agent", "y", "A", "1")},
			nil,
			"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: x\r\nA: 1\r\na: 2\r\nB: 3\r\nuser-agent: y\r\nA: 1\r\n\r\n",
		},
		{
			"a wrong length is put right",
			hackney.Req{Method: "POST", Headers: headers.New("content-length", "7"), Payload: hackney.Text("x")},
			nil,
			wWant("POST /", wOctets, "content-length: 1") + "x",
		},
		{"no length without content", hackney.Req{Headers: headers.New("Content-Length", "7", "A", "1")}, nil, wWant("GET /", "A: 1")},
		{
			"omit",
			hackney.Req{Method: "POST", Headers: headers.New("A", "1").Omit("user-agent").Omit("Content-Type").Omit("AUTHORIZATION"), Payload: hackney.Text("x")},
			auth,
			"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\nA: 1\r\n\r\nx",
		},
		{"omit the length of nothing", hackney.Req{Method: "POST", Headers: headers.New().Omit("Content-Length")}, nil, wWant("POST /", wOctets)},
		{
			"omit and give",
			hackney.Req{Headers: headers.New("User-Agent", "me").Omit("User-Agent")},
			nil,
			"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: me\r\n\r\n",
		},
		{
			"empty value",
			hackney.Req{Headers: headers.New("User-Agent", "", "A", "")},
			nil,
			"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: \r\nA: \r\n\r\n",
		},
		{
			"form forces its type",
			hackney.Req{Method: "POST", Headers: headers.New("content-type", "x/y", "A", "1"), Payload: hackney.Form(form.Field{Name: "a", Value: "b"})},
			nil,
			wWant("POST /", "Content-Type: application/x-www-form-urlencoded; charset=utf-8", "Content-Length: 3", "A: 1") + "a=b",
		},
		{"other bytes in values", hackney.Req{Headers: headers.New("A", "a\tb \u00e9 \xff")}, nil, wWant("GET /", "A: a\tb \u00e9 \xff")},
		{"method upper-cased", hackney.Req{Method: "dElEtE"}, nil, wWant("DELETE /")},
		{"method as given", hackney.Req{Method: "dElEtE"}, &hackney.Opts{RawMethod: true}, wWant("dElEtE /")},
		{"any token is a method", hackney.Req{Method: "x-a!#$%&'*+.^_`|~9"}, nil, wWant("X-A!#$%&'*+.^_`|~9 /")},
		{"absolute form", hackney.Req{Path: "http://other.example/x?y"}, nil, wWant("GET http://other.example/x?y")},
		{"asterisk", hackney.Req{Method: "OPTIONS", Path: "*"}, nil, wWant("OPTIONS *")},
		{"bytes of a path", hackney.Req{Path: "/a/../%zz\u00e9\"<>\\^`{|}?b?c"}, nil, wWant("GET /a/../%zz\u00e9\"<>\\^`{|}?b?c")},
		{
			"raw",
			hackney.Req{Raw: []byte("get  / HTTP/1.1\r\nHost : x\r\n bad\r\n\r\n"), Headers: headers.New("Expect", "100-continue", "Connection", "close")},
			auth,
			"get  / HTTP/1.1\r\nHost : x\r\n bad\r\n\r\n",
		},
		{
			"raw with a payload",
			hackney.Req{Raw: []byte("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n"), Payload: hackney.Text("hello")},
			nil,
			"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
		},
		{
			"raw with an unframed function",
			hackney.Req{Raw: []byte("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), Payload: wPieces(io.EOF, "1\r\nx\r\n", "0\r\n\r\n")},
			nil,
			"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Conn{{Wait: wiretest.Bytes(len(strings.ReplaceAll(c.want, "{host}", "127.0.0.1:1"))), Send: wiretest.Text(wEmpty)}})
			cl := wNew(t)
			cl.to(hackney.Connect(cl.ctx, transport.TCP, srv.Host(), srv.Port(), c.o))
			cl.send(c.r).in(hackney.StateDone).connection(hackney.Connected).wantSent(srv, 0, c.want)
		})
	}
}

func TestWireRawMethodOfRequest(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wEmpty), wiretest.Replies(wEmpty))
	wNew(t).request("get", srv.URL("/"), nil, nil, nil).wantSent(srv, 0, wWant("GET /"))
	wNew(t).request("get", srv.URL("/"), nil, nil, &hackney.Opts{RawMethod: true}).wantSent(srv, 1, wWant("get /"))
}

// A raw HEAD has no body, whatever its answer says.
func TestWireRawMethodFramesTheAnswer(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", wOK))
	c := wNew(t)
	c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), nil))
	c.send(hackney.Req{Raw: []byte("HEAD /x HTTP/1.1\r\n\r\n")}).in(hackney.StateDone)
	if c.Method() != "HEAD" || c.Path() != "/x" {
		t.Errorf("method %q, path %q", c.Method(), c.Path())
	}
	c.send(hackney.Req{Raw: []byte("GET / HTTP/1.1\r\n\r\n")}).wantBody("ok")
}

func TestWireConnectTarget(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), wiretest.Replies("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"))
	c := wNew(t).request("connect", srv.URL("/ignored?x"), nil, nil, nil).in(hackney.StateSwitched)
	c.wantSent(srv, 0, wWant("CONNECT {host}"))

	c = wNew(t)
	c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), nil))
	c.send(hackney.Req{Method: "CONNECT", Path: "[::1]:443"}).status(403).wantBody("no").wantSent(srv, 1, wWant("CONNECT [::1]:443"))
}

func TestWireAuthorizationOrder(t *testing.T) {
	basic := func(s string) string { return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	option := &hackney.Opts{BasicAuth: &hackney.BasicAuth{User: "o", Password: "o\u00e9:"}}
	for _, c := range []struct {
		name, userinfo string
		o              *hackney.Opts
		h              *headers.Headers
		want           string
	}{
		{"none", "", nil, nil, ""},
		{"option", "", option, nil, basic("o:o\u00e9:")},
		{"URL", "u%3f:p%25@", nil, nil, basic("u?:p%")},
		{"URL over option", "u:p@", option, nil, basic("u:p")},
		{"own over both", "u:p@", option, headers.New("authoriZation", "x"), "authoriZation: x"},
		{"omitted", "u:p@", option, headers.New().Omit("Authorization"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies(wEmpty))
			want := wWant("GET /")
			if c.want != "" {
				want = wWant("GET /", c.want)
			}
			cl := wNew(t).request("GET", "http://"+c.userinfo+srv.Addr()+"/", c.h, nil, c.o)
			if strings.Contains(cl.URL(), "@") || strings.Contains(cl.String(), "p%25") {
				t.Errorf("the state tells the credentials: %v", cl)
			}
			cl.wantSent(srv, 0, want)
		})
	}
}

// TestWireRefusedBeforeDialing gives what a caller can get wrong.
func TestWireRefusedBeforeDialing(t *testing.T) {
	file := wFile(t, "f", "0123456789")
	own := errors.New("own")
	body := hackney.Text("x")
	for _, c := range []struct {
		name, method, path string
		h                  *headers.Headers
		p                  hackney.Payload
		what               string
	}{
		{"blank in the method", "GE T", "/", nil, nil, "method"},
		{"control byte in the method", "GET\x7f", "/", nil, nil, "method"},
		{"colon in the method", "GET:", "/", nil, nil, "method"},
		{"blank in the target", "GET", "/a b", nil, nil, "path"},
		{"fragment in the target", "GET", "/a#b", nil, nil, "path"},
		{"NUL in the target", "GET", "/a\x00", nil, nil, "path"},
		{"DEL in the target", "GET", "/a\x7f", nil, nil, "path"},
		{"target without a slash", "GET", "a", nil, nil, "path"},
		{"asterisk for GET", "GET", "*", nil, nil, "path"},
		{"CONNECT to a path", "CONNECT", "/", nil, nil, "path"},
		{"CONNECT without a port", "CONNECT", "example.com", nil, nil, "path"},
		{"CONNECT with user info", "CONNECT", "u@h:1", nil, nil, "path"},
		{"CONNECT with CR LF", "CONNECT", "h:1\r\nX: y", nil, nil, "path"},
		{"field name", "GET", "/", headers.New("a b", "x"), nil, "field"},
		{"empty field name", "GET", "/", headers.New("", "x"), nil, "field"},
		{"field name with a colon", "GET", "/", headers.New("a:", "x"), nil, "field"},
		{"odd number of texts", "GET", "/", headers.New("a"), nil, "field"},
		{"field value", "GET", "/", headers.New("a", "x\ny"), nil, "field"},
		{"two Hosts", "GET", "/", headers.New("Host", "a", "host", "a"), nil, "field"},
		{"Host with a blank", "GET", "/", headers.New("Host", "a b"), nil, "field"},
		{"Host that is a path", "GET", "/", headers.New("Host", "a/b"), nil, "field"},
		{"two lengths", "POST", "/", headers.New("Content-Length", "1", "content-length", "2"), body, "field"},
		{"bad length", "POST", "/", headers.New("Content-Length", "+1"), body, "field"},
		{"list of lengths", "POST", "/", headers.New("Content-Length", "1, 1"), body, "field"},
		{"unknown coding", "POST", "/", headers.New("Transfer-Encoding", "xchunked"), body, "field"},
		{"coding behind chunked", "POST", "/", headers.New("Transfer-Encoding", "chunked, gzip"), body, "field"},
		{"chunked twice", "POST", "/", headers.New("Transfer-Encoding", "chunked, chunked"), body, "field"},
		{"two codings", "POST", "/", headers.New("Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"), body, "field"},
		{"Host omitted", "GET", "/", headers.New().Omit("Host"), nil, "field"},
		{"length omitted", "POST", "/", headers.New().Omit("content-length"), body, "field"},
		{"coding omitted", "POST", "/", headers.New().Omit("Transfer-Encoding"), wPieces(own), "field"},
		{"missing file", "PUT", "/", nil, hackney.File(file+"x", 0, 0), "file"},
		{"directory", "PUT", "/", nil, hackney.File(t.TempDir(), 0, 0), "file"},
		{"offset behind the end", "PUT", "/", nil, hackney.File(file, 11, 0), "file"},
		{"negative offset", "PUT", "/", nil, hackney.File(file, -1, 0), "file"},
		{"negative count", "PUT", "/", nil, hackney.File(file, 0, -1), "file"},
		{"count behind the end", "PUT", "/", nil, hackney.File(file, 5, 6), "file"},
		{"nil reader", "PUT", "/", nil, hackney.FromReader(nil, -1), "payload"},
		{"nil function", "PUT", "/", nil, hackney.Func(nil), "payload"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := wNoDial(t)
			cl := wNew(t)
			if c.method != "CONNECT" && !strings.ContainsAny(c.path, "#*") && strings.HasPrefix(c.path, "/") {
				_, err := hackney.Request(cl.ctx, c.method, "http://example.com"+c.path, c.h, c.p, o)
				wIs[*hackney.ArgumentError](t, cl.fails(cl.ClientState, err))
			}
			u := url.URL{Transport: url.TCP, Scheme: "http", Host: "example.com", Port: 80, Path: c.path}
			if c.method != "CONNECT" {
				_, err := hackney.RequestURL(cl.ctx, c.method, u, c.h, c.p, o)
				if !strings.ContainsAny(c.path, "#") && strings.HasPrefix(c.path, "/") {
					wIs[*hackney.ArgumentError](t, err)
				}
			}
			// On a client that was connected, and on one whose connection is closed.
			srv := wiretest.New(t, wiretest.Replies(wOK))
			dials := 0
			o = &hackney.Opts{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				dials++
				return new(net.Dialer).DialContext(ctx, network, address)
			}}
			cl.to(hackney.Connect(cl.ctx, transport.TCP, srv.Host(), srv.Port(), o))
			r := hackney.Req{Method: c.method, Path: c.path, Headers: c.h, Payload: c.p}
			cs, err := hackney.SendRequest(cl.ctx, cl.ClientState, r)
			e := wIs[*hackney.ArgumentError](t, err)
			wBlame(t, err, hackney.BlameCaller)
			if e.What != c.what || e.Sent != 0 || strings.ContainsAny(err.Error(), "\r\n\x00\x7f") {
				t.Errorf("error %q, want a bad %s", err, c.what)
			}
			cl.to(cs, nil).in(hackney.StateStart).connection(hackney.Connected)
			cl.send(hackney.Req{}).wantBody("ok").wantSent(srv, 0, wWant("GET /"))
			if _, err := hackney.SendRequest(cl.ctx, cl.ClientState, r); err == nil {
				t.Error("no error on a closed client")
			}
			if dials != 1 {
				t.Errorf("%d dials, want 1", dials)
			}
		})
	}
}

// What only a hand-made URL or address can get wrong.
func TestWireHandMadeAddressesAreRefused(t *testing.T) {
	for _, host := range []string{"", "a b", "a\r\nX: y", "a/b", "a@b", "a?b", "a#b", "[::1]", "\u00e9", "a\x00"} {
		c := wNew(t)
		u := url.URL{Transport: url.TCP, Scheme: "http", Host: host, Port: 80, Path: "/"}
		wIs[*hackney.ArgumentError](t, c.fails(hackney.RequestURL(c.ctx, "GET", u, nil, nil, wNoDial(t))))
		wIs[*hackney.ArgumentError](t, c.fails(hackney.Connect(c.ctx, transport.TCP, host, 80, wNoDial(t))))
	}
	for _, port := range []int{-1, 65536} {
		c := wNew(t)
		wIs[*hackney.ArgumentError](t, c.fails(hackney.Connect(c.ctx, transport.TCP, "example.com", port, wNoDial(t))))
	}
	c := wNew(t)
	wIs[*hackney.ArgumentError](t, c.fails(hackney.Connect(c.ctx, nil, "example.com", 80, wNoDial(t))))
	u := url.URL{Transport: "carrier pigeon", Scheme: "http", Host: "example.com", Port: 80, Path: "/"}
	wIs[*hackney.ArgumentError](t, c.fails(hackney.RequestURL(c.ctx, "GET", u, nil, nil, wNoDial(t))))
}

func TestWireBadOptionsAreRefused(t *testing.T) {
	for name, change := range map[string]func(*hackney.Opts){
		"connect": func(o *hackney.Opts) { o.ConnectTimeout = -1 },
		"TLS":     func(o *hackney.Opts) { o.TLSTimeout = -1 },
		"receive": func(o *hackney.Opts) { o.RecvTimeout = -1 },
		"send":    func(o *hackney.Opts) { o.SendTimeout = -1 },
		"expect":  func(o *hackney.Opts) { o.ExpectTimeout = -1 },
		"body":    func(o *hackney.Opts) { o.MaxBody = -2 },
		"head":    func(o *hackney.Opts) { o.MaxHead = -2 },
		"fields":  func(o *hackney.Opts) { o.MaxFields = -2 },
		"user":    func(o *hackney.Opts) { o.BasicAuth = &hackney.BasicAuth{User: "a:b"} },
	} {
		o := wNoDial(t)
		change(o)
		c := wNew(t)
		if _, err := hackney.Get(c.ctx, "http://example.com/", nil, nil, o); hackney.BlameOf(err) != hackney.BlameCaller || err == nil {
			t.Errorf("%s: Get gives %v", name, err)
		}
		if _, err := hackney.Connect(c.ctx, transport.TCP, "example.com", 80, o); hackney.BlameOf(err) != hackney.BlameCaller || err == nil {
			t.Errorf("%s: Connect gives %v", name, err)
		}
	}
	c := wNew(t)
	wIs[*hackney.ArgumentError](t, c.fails(hackney.Get(c.ctx, "http://a%3ab:c@example.com/", nil, nil, wNoDial(t))))
}

// The head of an answer is kept in order and case, duplicates too.
func TestWireResponseFieldsAreKept(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nb: 2\r\nSet-Cookie: x\r\nA:1\r\nset-cookie: \t y \r\nContent-Length: 0\r\n\r\n"))
	c := wNew(t).get(srv.URL("/"))
	var got []string
	for name, value := range c.Headers().All() {
		got = append(got, name+"="+value)
	}
	if want := []string{"b=2", "Set-Cookie=x", "A=1", "set-cookie=y", "Content-Length=0"}; !slices.Equal(got, want) {
		t.Errorf("headers %q, want %q", got, want)
	}
}
