package hackney_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	neturl "net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// rTo is a redirect with a small body.
func rTo(status int, location string, lines ...string) string {
	return fmt.Sprintf("HTTP/1.1 %d Moved\r\n%sContent-Length: 5\r\n\r\nmoved", status, wLines(append(lines, "Location: "+location)...))
}

// rFollow are options that follow redirects.
func rFollow() *hackney.Opts { return &hackney.Opts{FollowRedirect: true} }

// rTable is what becomes of a redirect. In each cell stand the outcomes with the
// options of rOptions, in their order:
//
//	.  it is the answer
//	?  it is the answer, and MaybeRedirect
//	=  the same request again, or, where its payload cannot be sent again, as ?
//	g  a GET without content and what described it; of HEAD a HEAD
//
// Any other status is the answer.
const rTable = `
         301     302     303     307     308
GET      ..====  ..====  ..gggg  ..====  ..====
HEAD     ..====  ..====  ..gggg  ..====  ..====
POST     ..?g=g  ..?g=g  ..gggg  ..??==  ..??==
PUT      ..??==  ..??==  ..??gg  ..??==  ..??==
DELETE   ..??==  ..??==  ..??gg  ..??==  ..??==
OPTIONS  ..??==  ..??==  ..??gg  ..??==  ..??==
TRACE    ..??==  ..??==  ..??gg  ..??==  ..??==
PATCH    ..??==  ..??==  ..??gg  ..??==  ..??==
BREW     ..??==  ..??==  ..??gg  ..??==  ..??==
`

var rOptions = []struct {
	name string
	opts hackney.Opts
}{
	{"none", hackney.Opts{}},
	{"rewrite", hackney.Opts{RewritePost: true}},
	{"follow", hackney.Opts{FollowRedirect: true}},
	{"follow+rewrite", hackney.Opts{FollowRedirect: true, RewritePost: true}},
	{"force", hackney.Opts{ForceRedirect: true}},
	{"force+rewrite", hackney.Opts{ForceRedirect: true, RewritePost: true}},
}

// rPayloads are fresh payloads, and whether they can be sent again.
var rPayloads = []struct {
	name   string
	make   func() hackney.Payload
	body   string
	replay bool
}{
	{"nothing", func() hackney.Payload { return nil }, "", true},
	{"bytes", func() hackney.Payload { return hackney.Bytes([]byte("payload")) }, "payload", true},
	{"reader", func() hackney.Payload { return hackney.FromReader(strings.NewReader("payload"), -1) }, "payload", false},
	{"stream", func() hackney.Payload { return hackney.Stream }, "payload", false},
}

// rOwn are the caller's fields: what speaks of content goes with that.
var rOwn = headers.New("Content-Type", "text/own", "Content-Language", "en", "content-md5", "x",
	"TE", "trailers", "Trailer", "X-T", "X-Own", "kept")

// rCase is a row of the table, taken apart.
type rCase struct {
	method  string
	status  int
	outcome byte
	option  int
	payload int
}

// rCases are all cases, those of the statuses that are no redirects too.
func rCases(t *testing.T) map[string][]rCase {
	rows := strings.Split(strings.TrimSpace(rTable), "\n")
	statuses := strings.Fields(rows[0])
	all := map[string][]rCase{}
	for _, row := range rows[1:] {
		cells := strings.Fields(row)
		outcomes := map[int]string{300: "......", 304: "......", 305: "......", 306: "......"}
		for i, status := range statuses {
			var n int
			if fmt.Sscan(status, &n); len(cells[i+1]) != len(rOptions) {
				t.Fatalf("row %q", row)
			}
			outcomes[n] = cells[i+1]
		}
		for status, cell := range outcomes {
			for option := range rOptions {
				for payload := range rPayloads {
					all[cells[0]] = append(all[cells[0]], rCase{cells[0], status, cell[option], option, payload})
				}
			}
		}
	}
	return all
}

// TestP76_P77_P78_RedirectTable is the whole table: method, status, options, payload.
func TestP76_P77_P78_RedirectTable(t *testing.T) {
	for method, cases := range rCases(t) {
		t.Run(method, func(t *testing.T) {
			for _, c := range cases {
				name := fmt.Sprintf("%d %s %s", c.status, rOptions[c.option].name, rPayloads[c.payload].name)
				t.Run(name, c.run)
			}
		})
	}
}

func (rc rCase) run(t *testing.T) {
	p := rPayloads[rc.payload]
	if rc.outcome == '=' && !p.replay {
		rc.outcome = '?'
	}
	answer, body := rTo(rc.status, "/next"), "moved"
	if rc.method == "HEAD" || rc.status == 304 {
		answer, body = strings.TrimSuffix(answer, "moved"), ""
	}
	srv := wiretest.New(t, wiretest.Replies(answer, wEmpty))
	c := wNew(t).request(rc.method, srv.URL("/first"), rOwn, p.make(), &rOptions[rc.option].opts)
	if p.name == "stream" {
		c.in(hackney.StateStream).piece(hackney.Text(p.body)).response()
	}
	if rc.outcome == '.' || rc.outcome == '?' {
		rc.stayed(t, c, srv, body)
	} else {
		rc.followed(t, c, srv)
	}
}

// stayed holds that the redirect is the answer, with its body there to be read.
func (rc rCase) stayed(t *testing.T, c *wClient, srv *wiretest.Server, body string) {
	c.status(rc.status)
	if c.MaybeRedirect() != (rc.outcome == '?') {
		t.Errorf("MaybeRedirect is %v", c.MaybeRedirect())
	}
	if c.Method() != rc.method || c.Path() != "/first" || c.Location() != "/next" || c.Redirects() != nil {
		t.Errorf("%s %s, Location %q, redirects %v", c.Method(), c.Path(), c.Location(), c.Redirects())
	}
	if body != "" {
		c.in(hackney.StateOnBody)
	}
	c.wantBody(body)
	c.sent(srv, 0)
	if got := srv.Requests(0); len(got) != 1 || string(got[0].Body) != rPayloads[rc.payload].body {
		t.Errorf("sent %q", srv.Received(0))
	}
}

// followed holds that a second request went out, on the same connection.
func (rc rCase) followed(t *testing.T, c *wClient, srv *wiretest.Server) {
	method := rc.method
	if rc.outcome == 'g' && method != "HEAD" {
		method = "GET"
	}
	c.status(200).in(hackney.StateDone).connection(hackney.Connected)
	if c.MaybeRedirect() || c.Method() != method || c.Path() != "/next" || c.Location() != "/next" || !c.Reused() {
		t.Errorf("MaybeRedirect %v, %s %s, Location %q, reused %v", c.MaybeRedirect(), c.Method(), c.Path(), c.Location(), c.Reused())
	}
	hop := hackney.Redirect{Method: rc.method, URL: srv.URL("/first"), Status: rc.status, Location: "/next"}
	if got := c.Redirects(); !slices.Equal(got, []hackney.Redirect{hop}) {
		t.Errorf("redirects %+v, want %+v", got, hop)
	}
	c.sent(srv, 0)
	got := srv.Requests(0)
	if len(got) != 2 || string(got[0].Body) != rPayloads[rc.payload].body {
		t.Fatalf("sent %q", srv.Received(0))
	}
	want := strings.Replace(string(got[0].Raw), "/first", "/next", 1)
	if rc.outcome == 'g' {
		want = strings.ReplaceAll(wWant(method+" /next", "X-Own: kept"), "{host}", srv.Addr())
	}
	wSame(t, string(got[1].Raw), want)
}

// TestRedirectKeepsOtherFields takes order, case, duplicates and what is left out along,
// to other origins too.
func TestRedirectKeepsOtherFields(t *testing.T) {
	n := rNewNet(t)
	n.chain(307, rFinal, "http://a.test/", "/2", "http://b.test/3", "http://a.test/4")
	h := headers.New("accept", "a", "X-A", "1", "x-a", "2", "Content-type", "own", "Connection", "close").Omit("User-Agent")
	wNew(t).request("POST", "http://a.test/", h, hackney.Text("b"), n.opts(hackney.Opts{ForceRedirect: true})).wantBody("ok")
	for i, line := range []string{"/ HTTP/1.1\r\nHost: a", "/2 HTTP/1.1\r\nHost: a", "/3 HTTP/1.1\r\nHost: b", "/4 HTTP/1.1\r\nHost: a"} {
		wSame(t, string(n.got()[i].Raw), "POST "+line+".test\r\nContent-type: own\r\nContent-Length: 1\r\n"+
			"accept: a\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\nb")
	}
}

func TestRedirectOfPayloadsThatCanBeSentAgain(t *testing.T) {
	path := wFile(t, "file.txt", "payload")
	for _, p := range []hackney.Payload{
		hackney.Text("payload"), hackney.Chunks([]byte("pay"), []byte("load")), hackney.File(path, 0, 0),
		hackney.Bytes([]byte(wText(300_000))), // more than one write
	} {
		srv := wiretest.New(t, wiretest.Replies(rTo(308, "/next"), wOK))
		c := wNew(t).request("PUT", srv.URL("/"), nil, p, &hackney.Opts{ForceRedirect: true}).wantBody("ok")
		c.sent(srv, 0)
		got := srv.Requests(0)
		if len(got) != 2 || !bytes.Equal(got[0].Body, got[1].Body) || len(got[0].Body) == 0 {
			t.Errorf("%T: %d requests, the second with %d bytes", p, len(got), len(got[len(got)-1].Body))
		}
	}
}

// TestRedirectWithoutItsFile has a payload that is gone when it is wanted again.
func TestRedirectWithoutItsFile(t *testing.T) {
	for _, location := range []string{"/next", "http://127.0.0.1:1/"} {
		path, gate := wFile(t, "file.txt", "payload"), make(chan struct{})
		srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(rTo(307, location)).Gated(gate)})
		var wg sync.WaitGroup
		wg.Go(func() {
			srv.WaitRequests(0, 1)
			os.Remove(path)
			close(gate)
		})
		c := wNew(t)
		err := c.fails(hackney.Put(c.ctx, srv.URL("/"), nil, hackney.File(path, 0, 0), &hackney.Opts{ForceRedirect: true}))
		wg.Wait()
		wIs[*hackney.ArgumentError](t, err)
		wBlame(t, err, hackney.BlameCaller)
		c.sent(srv, 0)
	}
}

// TestC41_RewrittenPostHasNoContent adds what the table leaves out: Expect, and that
// content does not come back on a later hop.
func TestC41_RewrittenPostHasNoContent(t *testing.T) {
	for _, status := range []int{301, 302, 303} {
		srv := wiretest.New(t, wiretest.Conn{
			wiretest.On(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\n"), wiretest.On(wiretest.Body, rTo(status, "/2")),
			wiretest.Reply(rTo(307, "/3")), wiretest.Reply(rTo(308, "/4")), wiretest.Reply(wEmpty),
		})
		h := rOwn.With("Expect", "100-continue")
		c := wNew(t).request("POST", srv.URL("/1"), h, hackney.Text("payload"), &hackney.Opts{ForceRedirect: true, RewritePost: true})
		c.sent(srv, 0)
		got := srv.Requests(0)
		if len(got) != 4 {
			t.Fatalf("%d requests", len(got))
		}
		for i, m := range got[1:] {
			wSame(t, string(m.Raw), strings.ReplaceAll(wWant(fmt.Sprintf("GET /%d", i+2), "X-Own: kept"), "{host}", srv.Addr()))
		}
	}
}

// TestC41_OtherExpectations has one that would go out without content, too.
func TestC41_OtherExpectations(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(rTo(303, "/2"), rTo(302, "/3"), wEmpty))
	h := headers.New("Expect", "own", "expect", "more", "X-Own", "kept")
	c := wNew(t).request("POST", srv.URL("/1"), h, hackney.Text("payload"), rFollow())
	c.sent(srv, 0)
	for i, m := range srv.Requests(0) {
		if (m.Field("Expect") != "") != (i == 0) || m.Field("X-Own") != "kept" {
			t.Errorf("request %d: %q", i+1, m.Raw)
		}
	}
}

// TestP79_Locations has all that a Location may be, of a request for /a/b/c?q=1.
func TestP79_Locations(t *testing.T) {
	for location, want := range map[string]string{
		"d": "/a/b/d", "./d": "/a/b/d", "../d": "/a/d", "../../../d": "/d", ".": "/a/b/", "..": "/a/", "/../d/./e": "/d/e",
		"d;p=1": "/a/b/d;p=1", "?x=2": "/a/b/c?x=2", "?": "/a/b/c?", "#f": "/a/b/c?q=1", "/x#f": "/x", "/x?y#f?g": "/x?y",
		"//{addr}/s": "/s", "//{addr}": "/", "http://{addr}/abs?y": "/abs?y", "HTTP://{addr}/up": "/up", "http://{addr}": "/",
		"http://{addr}?q": "/?q", "http://{addr}#f": "/", "http://{addr}/../x": "/x", "/a//b": "/a//b",
		"/a b": "/a%20b", "a b?c d": "/a/b/a%20b?c+d", "http://{addr}/a b": "/a%20b", "/\u00e9?\u00e9": "/%C3%A9?%C3%A9",
		"/\xff": "/%FF", "/{|}^`\"<>": "/%7B%7C%7D%5E%60%22%3C%3E",
		"/a b?u=http://h/x y": "/a%20b?u=http://h/x+y", "/\u00e9?u=http://h": "/%C3%A9?u=http://h", "?u=http://h x": "/a/b/c?u=http://h+x",
		"/%0d%0aX-Injected:%20yes": "/%0d%0aX-Injected:%20yes", "/%41%2f%2e%2e": "/%41%2f%2e%2e", "/%C3%A9": "/%C3%A9",
	} {
		t.Run(location, func(t *testing.T) {
			srv := wiretest.New(t)
			location := strings.ReplaceAll(location, "{addr}", srv.Addr())
			srv.Expect(wiretest.Replies(rTo(302, location), wOK))
			c := wNew(t).request("GET", srv.URL("/a/b/c?q=1"), nil, nil, rFollow()).status(200).wantBody("ok")
			if c.Location() != location || c.Path() != want || c.URL() != srv.URL(want) {
				t.Errorf("Location %q, path %q, URL %q", c.Location(), c.Path(), c.URL())
			}
			c.wantSent(srv, 0, wWant("GET /a/b/c?q=1")+wWant("GET "+want))
		})
	}
}

// TestRedirectLocationOfTheAnswer tells that of the last answer from that of a redirect.
func TestRedirectLocationOfTheAnswer(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(rTo(302, "/b"), "HTTP/1.1 201 Created\r\nLocation: /own\r\nContent-Length: 0\r\n\r\n", wEmpty))
	c := wNew(t).request("GET", srv.URL("/a"), nil, nil, rFollow())
	if c.Location() != "/own" || len(c.Redirects()) != 1 || c.Redirects()[0].Location != "/b" {
		t.Errorf("Location %q, redirects %+v", c.Location(), c.Redirects())
	}
	if c.send(hackney.Req{}); c.Location() != "" || c.Redirects() != nil {
		t.Errorf("then Location %q, redirects %+v", c.Location(), c.Redirects())
	}
}

// rBad sends one redirect, which must be the end, and gives the error.
func rBad(t *testing.T, lines string, o *hackney.Opts) (*hackney.RedirectError, error) {
	t.Helper()
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 302 Found\r\n"+lines+"Content-Length: 5\r\n\r\nmoved"))
	c := wNew(t)
	err := c.fails(hackney.Get(c.ctx, srv.URL("/x?y"), nil, nil, o))
	e := wIs[*hackney.RedirectError](t, err)
	if e.URL != srv.URL("/x?y") || e.Count != 0 || c.MaybeRedirect() || c.Redirects() != nil {
		t.Errorf("error %+v, MaybeRedirect %v", e, c.MaybeRedirect())
	}
	if strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) || len(err.Error()) > 2000 {
		t.Errorf("the error's text is %q", err)
	}
	wHas(t, err, srv.URL("/x?y"))
	c.in(hackney.StateOnBody).status(302).wantBody("moved").connection(hackney.Connected)
	c.sent(srv, 0)
	return e, err
}

func TestP79_NoLocation(t *testing.T) {
	for _, lines := range []string{"", "Location:\r\n", "Location:  \r\n", "Locations: /x\r\n"} {
		_, err := rBad(t, lines, rFollow())
		if !errors.Is(err, hackney.ErrNoLocation) || errors.Is(err, hackney.ErrBadLocation) || errors.Is(err, hackney.ErrTooManyRedirects) {
			t.Errorf("%q: error %v", lines, err)
		}
		wBlame(t, err, hackney.BlamePeer)
	}
}

func TestRedirectBadLocation(t *testing.T) {
	for _, location := range []string{
		"http://127.0.0.1:99999/", "http://127.0.0.1:port/", "http://127.0.0.1:-1/", "http:///x", "http://", "//", "http:x", "http:/x", "https:",
		"http://u ser@h/", "http://[::1/", "http://::1/", "http://a b/", "//h\u00e9\u200bx y/", "a:b", ":x", "1:x",
		`/\evil.test/x`, `\\evil.test\x`, `http://127.0.0.1:1\@evil.test/`, "/a\tb", "http://h\t/",
	} {
		e, err := rBad(t, "Location: "+location+"\r\n", rFollow())
		if !errors.Is(err, hackney.ErrBadLocation) || errors.Is(err, hackney.ErrNoLocation) || e.Location != strings.Replace(location, `1\@`, "xxxxx@", 1) {
			t.Errorf("%q: error %v, Location %q", location, err, e.Location)
		}
		wBlame(t, err, hackney.BlamePeer)
	}
}

// TestC43_OtherSchemes is about CVE-2025-14524 of curl and its like.
func TestC43_OtherSchemes(t *testing.T) {
	for _, location := range []string{
		"file:///etc/passwd", "FILE:/etc/passwd", "gopher://127.0.0.1:70/_x", "ftp://127.0.0.1/x", "javascript:alert(1)",
		"data:text/plain,x", "ws://127.0.0.1/", "unix:///run/x", "mailto:a@b", "httpx://h/", "dict://127.0.0.1:11211/stat",
		"ldap://127.0.0.1", "view-source:http://h/", "http+unix://x/",
	} {
		for _, o := range []hackney.Opts{{FollowRedirect: true}, {ForceRedirect: true}} {
			_, err := rBad(t, "Location: "+location+"\r\n", &o)
			if !errors.Is(err, hackney.ErrBadLocation) || !errors.Is(err, url.ErrScheme) {
				t.Errorf("%q: error %v", location, err)
			}
		}
	}
}

func TestRedirectSeveralLocations(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(rTo(302, "/next", "location: /next"), wOK))
	wNew(t).request("GET", srv.URL("/"), nil, nil, rFollow()).wantBody("ok")
	for _, lines := range []string{"Location: /a\r\nLocation: /b\r\n", "Location: /a\r\nlocation:\r\n", "LOCATION: /a\r\nX: y\r\nLocation: /a#\r\n"} {
		_, err := rBad(t, lines, rFollow())
		if !errors.Is(err, hackney.ErrBadLocation) {
			t.Errorf("%q: error %v", lines, err)
		}
	}
}

// TestC44_LongLocation is about CVE-2026-56860: what it costs grows with the length at
// the most, and the length has a limit, that of a head's and then that of a URL's.
func TestC44_LongLocation(t *testing.T) {
	long := strings.Repeat("../", 100_000)
	srv := wiretest.New(t, wiretest.Replies(rTo(302, long)))
	c := wNew(t)
	wIs[*hackney.LimitError](t, c.fails(hackney.Get(c.ctx, srv.URL("/"), nil, nil, rFollow())))
	c.in(hackney.StateFailed)
	_, err := rBad(t, "Location: "+long+"\r\n", &hackney.Opts{FollowRedirect: true, MaxHead: hackney.Unlimited})
	if !errors.Is(err, hackney.ErrBadLocation) || !errors.Is(err, url.ErrTooLong) {
		t.Errorf("error %v", err)
	}
	srv = wiretest.New(t, wiretest.Replies(rTo(302, strings.Repeat("../", 20_000)+"x"), wOK))
	if c = wNew(t).request("GET", srv.URL("/a/b"), nil, nil, rFollow()).wantBody("ok"); c.Path() != "/x" {
		t.Errorf("path %.50q", c.Path())
	}
}

// rLoop answers every request with a redirect to itself, and counts.
func rLoop(t *testing.T, location string) (address string, count *atomic.Int64) {
	count = new(atomic.Int64)
	return pServe(t, func(c net.Conn, r *bufio.Reader) {
		for _, _, err := pRead(r); err == nil; _, _, err = pRead(r) {
			count.Add(1)
			io.WriteString(c, rTo(302, location))
		}
	}), count
}

// TestP76_MaxRedirect has limits, and how many requests go out before each is passed.
func TestP76_MaxRedirect(t *testing.T) {
	for _, test := range []struct{ set, requests int }{{0, 6}, {hackney.NoRedirects, 1}, {1, 2}, {5, 6}, {17, 18}} {
		address, count := rLoop(t, "/loop")
		c := wNew(t)
		err := c.fails(hackney.Get(c.ctx, "http://"+address+"/loop", nil, nil, &hackney.Opts{FollowRedirect: true, MaxRedirect: test.set}))
		e := wIs[*hackney.RedirectError](t, err)
		if !errors.Is(err, hackney.ErrTooManyRedirects) || errors.Is(err, hackney.ErrBadLocation) || e.Err != hackney.ErrTooManyRedirects {
			t.Errorf("error %v", err)
		}
		want := hackney.RedirectError{URL: "http://" + address + "/loop", Location: "/loop", Count: test.requests - 1, Err: hackney.ErrTooManyRedirects}
		if *e != want || int(count.Load()) != test.requests || len(c.Redirects()) != test.requests-1 {
			t.Errorf("set to %d: %+v after %d requests, %d redirects", test.set, *e, count.Load(), len(c.Redirects()))
		}
		wBlame(t, err, hackney.BlameLimit)
		wHas(t, err, want.URL, fmt.Sprint(want.Count))
		printed := `#client{transport=hackney_tcp_transport,host="127.0.0.1",port={port},netloc="{addr}",socket=connected,` +
			`follow_redirect=true,redirect="http://{addr}/",location="/loop",state=connected,response_state=on_body,version=1.1,clen=5,method="GET"}`
		printed = strings.NewReplacer("{addr}", address, "{port}", strings.Split(address, ":")[1]).Replace(printed)
		if got := c.String(); test.set == 0 && got != printed {
			t.Errorf("the state is %s, want %s", got, printed)
		}
		c.status(302).in(hackney.StateOnBody).wantBody("moved").connection(hackney.Connected)
	}
}

// TestRedirectExactly follows as many as there may be.
func TestRedirectExactly(t *testing.T) {
	for set, n := range map[int]int{0: 5, 1: 1, 3: 3, 40: 40, hackney.Unlimited: 40} {
		answers := make([]string, 0, n+1)
		for i := range n {
			answers = append(answers, rTo(301+i%2, fmt.Sprintf("/%d", i+1)))
		}
		srv := wiretest.New(t, wiretest.Replies(append(answers, wOK)...))
		c := wNew(t).request("GET", srv.URL("/0"), nil, nil, &hackney.Opts{FollowRedirect: true, MaxRedirect: set}).wantBody("ok")
		for i, r := range c.Redirects() {
			want := hackney.Redirect{Method: "GET", URL: srv.URL(fmt.Sprintf("/%d", i)), Status: 301 + i%2, Location: fmt.Sprintf("/%d", i+1)}
			if r != want {
				t.Errorf("%d: %+v", i, r)
			}
		}
		if len(c.Redirects()) != n || c.Path() != fmt.Sprintf("/%d", n) {
			t.Errorf("set to %d: %d redirects to %s", set, len(c.Redirects()), c.Path())
		}
	}
}

// TestRedirectsAreCountedAnew gives each request its own count and history.
func TestRedirectsAreCountedAnew(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(rTo(302, "/b"), wEmpty, rTo(302, "/d"), wEmpty, wEmpty))
	c := wNew(t).request("GET", srv.URL("/a"), nil, nil, &hackney.Opts{FollowRedirect: true, MaxRedirect: 1})
	c.send(hackney.Req{Path: "/c"})
	if r := c.Redirects(); len(r) != 1 || r[0].URL != srv.URL("/c") {
		t.Errorf("redirects %+v", r)
	}
	if c.send(hackney.Req{Path: "/e"}); c.Redirects() != nil || c.Location() != "" {
		t.Errorf("redirects %+v", c.Redirects())
	}
}

// TestRedirectLoopEnds ends one that has no limit by its context.
func TestRedirectLoopEnds(t *testing.T) {
	address, count := rLoop(t, "/loop")
	ctx := pCancelWhen(t, func() bool { return count.Load() > 20 })
	c := wNew(t)
	err := c.fails(hackney.Get(ctx, "http://"+address+"/loop", nil, nil, &hackney.Opts{FollowRedirect: true, MaxRedirect: hackney.Unlimited}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestRedirectArguments(t *testing.T) {
	for _, n := range []int{-2, -4, -1000} {
		c, o := wNew(t), wNoDial(t)
		o.MaxRedirect = n
		wIs[*hackney.ArgumentError](t, c.fails(hackney.Get(c.ctx, "http://h/", nil, nil, o)))
	}
	e := &hackney.RedirectError{URL: "http://h/", Err: hackney.ErrNoLocation}
	if e.Error() != "redirect of http://h/: the redirect has no Location" || errors.Unwrap(e) != hackney.ErrNoLocation {
		t.Errorf("%v", e)
	}
}

// rNet are origins with names, on loopback: by host:port, a server that has one
// connection for each request, under TLS where the URL says so.
type rNet struct {
	t       wiretest.TB
	mu      sync.Mutex
	servers map[string]*wiretest.Server
	script  []rVisit
	dialed  []string
}

// rVisit is a request that is due somewhere, and its place among those.
type rVisit struct {
	key string
	n   int
}

func rNewNet(t wiretest.TB) *rNet { return &rNet{t: t, servers: map[string]*wiretest.Server{}} }

// close ends all servers.
func (n *rNet) close() {
	for _, s := range n.servers {
		s.Close()
	}
}

// opts has o dial into the net.
func (n *rNet) opts(o hackney.Opts) *hackney.Opts {
	o.Insecure = true
	o.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
		n.mu.Lock()
		n.dialed = append(n.dialed, address)
		srv := n.servers[strings.ToLower(address)]
		n.mu.Unlock()
		if srv == nil {
			return nil, fmt.Errorf("nobody is at %s", address)
		}
		var d net.Dialer
		return d.DialContext(ctx, "tcp", srv.Addr())
	}
	return &o
}

// answers has the origin of a URL answer one request, the next that comes there.
func (n *rNet) answers(u *neturl.URL, answer string) {
	key, script := strings.ToLower(net.JoinHostPort(u.Hostname(), u.Port())), wiretest.Conn{}
	if u.Port() == "" {
		key += map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if u.Scheme == "https" {
		script = append(script, wiretest.Step{Then: wiretest.StartTLS})
	}
	if n.servers[key] == nil {
		n.servers[key] = wiretest.New(n.t)
	}
	n.servers[key].Expect(append(script, wiretest.Reply(answer).ThenClose()))
	seen := 0
	for _, v := range n.script {
		if v.key == key {
			seen++
		}
	}
	n.script = append(n.script, rVisit{key, seen})
}

// chain has first answer with a redirect to the first location, and so on; the last
// answers with final.
func (n *rNet) chain(status int, final, first string, locations ...string) {
	at := &neturl.URL{}
	for i, to := range append([]string{first}, locations...) {
		if i > 0 {
			n.answers(at, rTo(status, to, "Connection: close"))
		}
		next, err := at.Parse(to)
		if err != nil {
			n.t.Fatalf("%v", err)
		}
		at = next
	}
	n.answers(at, final)
}

// got gives the request of each visit.
func (n *rNet) got() (all []wiretest.Message) {
	for _, v := range n.script {
		msgs := n.servers[v.key].Requests(v.n)
		if len(msgs) != 1 {
			n.t.Errorf("at %s came %d requests", v.key, len(msgs))
			msgs = make([]wiretest.Message, 1)
		}
		all = append(all, msgs[0])
	}
	return all
}

const rFinal = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"

// rChains are ways from origin to origin; k tells of each request that the first
// one's credentials may come along, - that they may not.
var rChains = []struct {
	want string
	urls []string
}{
	{"kk", []string{"http://a.test/", "/2"}},
	{"kk", []string{"http://a.test/", "http://a.test/2"}},
	{"kk", []string{"http://a.test/", "http://A.TEST:80/2"}},
	{"kk", []string{"http://a.test:80/", "//a.test/2"}},
	{"kkkk", []string{"https://a.test/", "https://a.test:443/2", "/3", "?4"}},
	{"kk", []string{"http://[::1]:8080/", "http://[::1]:8080/2"}},
	{"k-", []string{"http://a.test/", "http://b.test/"}},
	{"k-", []string{"http://a.test/", "//b.test/"}},
	{"k-", []string{"http://a.test/", "http://a.test:81/"}},
	{"k-", []string{"http://a.test/", "https://a.test/"}},
	{"k-", []string{"http://a.test:444/", "https://a.test:444/"}},
	{"k-", []string{"http://a.test/", "https://a.test:80/"}},
	{"k-", []string{"https://a.test/", "http://a.test/"}},
	{"k-", []string{"https://a.test/", "http://a.test:443/"}},
	{"k-", []string{"http://a.test/", "http://www.a.test/"}},
	{"k-", []string{"http://www.a.test/", "http://a.test/"}},
	{"k-", []string{"http://a.test/", "http://a.test.evil.test/"}},
	{"k-", []string{"http://127.0.0.1:8080/", "http://[::1]:8080/"}},
	{"k--", []string{"http://a.test/", "http://b.test/", "http://a.test/"}},
	{"k--", []string{"http://a.test/", "http://b.test/", "/2"}},
	{"kk--", []string{"http://a.test/", "/2", "http://b.test/", "http://a.test/3"}},
	{"k---", []string{"http://a.test/", "https://a.test/", "http://a.test/", "/4"}},
	{"k--", []string{"https://a.test/", "http://a.test/", "https://a.test/"}},
	{"k-----", []string{"http://a.test/", "http://b.test/", "http://a.test/", "http://b.test/", "http://a.test/", "/6"}},
}

// rSecrets are the fields that stay behind when a redirect leaves; the last is marked.
var rSecrets = []string{"Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key"}
