package hackney_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	neturl "net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
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

// TestC38_C39_CredentialsStayBehind holds of every way to give credentials that they
// reach no other origin, and do not come back once they were dropped.
func TestC38_C39_CredentialsStayBehind(t *testing.T) {
	own := headers.New("authorization", "Bearer secret", "Cookie", "secret", "Cookie", "secret", "PROXY-Authorization", "secret",
		"x-api-key", "secret", "Host", "virtual.test", "X-Other", "stays")
	for _, chain := range rChains {
		for _, method := range []string{"GET", "PUT"} {
			t.Run(method+" "+strings.Join(chain.urls, " "), func(t *testing.T) {
				n := rNewNet(t)
				n.chain(307, rFinal, chain.urls[0], chain.urls[1:]...)
				o := n.opts(hackney.Opts{ForceRedirect: true, Sensitive: []string{"X-API-Key"}, MaxRedirect: 9})
				wNew(t).request(method, chain.urls[0], own, hackney.Text("body"), o).wantBody("ok")
				for i, m := range n.got() {
					kept := chain.want[i] == 'k'
					for _, name := range rSecrets {
						if (m.Field(name) != "") != kept {
							t.Errorf("request %d: %s %q", i+1, name, m.Field(name))
						}
					}
					if (m.Field("Host") == "virtual.test") != kept || m.Field("X-Other") != "stays" || string(m.Body) != "body" {
						t.Errorf("request %d: %q", i+1, m.Raw)
					}
					if !kept && strings.Contains(string(m.Raw), "secret") {
						t.Errorf("request %d: %q", i+1, m.Raw)
					}
				}
			})
		}
	}
}

// rBasic is the field that user and password make.
func rBasic(pair string) string {
	if pair == "" {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

// TestC38_C39_UserInfoAndOption is the same for the URL's user info, the option, and both.
func TestC38_C39_UserInfoAndOption(t *testing.T) {
	for _, chain := range rChains {
		if strings.Contains(strings.Join(chain.urls, ""), "@") {
			continue
		}
		for want, first := range map[string]string{"me:url secret": "me:url%20secret@", "me:option secret": ""} {
			n := rNewNet(t)
			n.chain(302, rFinal, chain.urls[0], chain.urls[1:]...)
			o := n.opts(hackney.Opts{FollowRedirect: true, MaxRedirect: 9, BasicAuth: &hackney.BasicAuth{User: "me", Password: "option secret"}})
			wNew(t).request("GET", strings.Replace(chain.urls[0], "//", "//"+first, 1), nil, nil, o).wantBody("ok")
			for i, m := range n.got() {
				wanted := ""
				if chain.want[i] == 'k' {
					wanted = rBasic(want)
				}
				if got := m.Field("Authorization"); got != wanted {
					t.Errorf("%v, request %d: Authorization %q, want %q", chain.urls, i+1, got, wanted)
				}
			}
		}
	}
}

// TestRedirectUserInfoInLocation has it used for its own hop only.
func TestRedirectUserInfoInLocation(t *testing.T) {
	for _, test := range []struct {
		urls []string
		want []string // user:password of each request
	}{
		{[]string{"http://me:mine@a.test/", "http://u:p@b.test/", "/3", "http://b.test/4"}, []string{"me:mine", "u:p", "", ""}},
		{[]string{"http://me:mine@a.test/", "http://u:p@a.test/2", "/3"}, []string{"me:mine", "u:p", "me:mine"}},
		{[]string{"http://a.test/", "//u:p@b.test/", "http://x@a.test/", "/4"}, []string{"", "u:p", "x:", ""}},
		{[]string{"http://a.test/", "https://u%40h:p%20q@b.test/", "http://:q@b.test/"}, []string{"", "u@h:p q", ":q"}},
		{[]string{"http://me:mine@a.test/", "http://b.test/", "http://me:mine@a.test/", "/4"}, []string{"me:mine", "", "me:mine", ""}},
	} {
		n := rNewNet(t)
		n.chain(302, rFinal, test.urls[0], test.urls[1:]...)
		wNew(t).request("GET", test.urls[0], nil, nil, n.opts(*rFollow())).wantBody("ok")
		for i, m := range n.got() {
			if got := m.Field("Authorization"); got != rBasic(test.want[i]) {
				t.Errorf("%v, request %d: Authorization %q, want %q", test.urls, i+1, got, test.want[i])
			}
			if strings.Contains(m.Field("Host"), "@") || strings.Contains(m.RequestLine(), "@") {
				t.Errorf("%q", m.Raw)
			}
		}
	}
}

// TestRedirectUserInfoBehindAnInterruption goes on from a hop that was interrupted, whose
// credentials are not for the next one all the same.
func TestRedirectUserInfoBehindAnInterruption(t *testing.T) {
	gate := make(chan struct{})
	n := rNewNet(t)
	base, _ := neturl.Parse("http://a.test/")
	n.answers(base, rTo(302, "http://u:p@b.test/2", "Connection: close"))
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(rTo(302, "/3")).Gated(gate), wiretest.Reply(wOK)})
	n.servers["b.test:80"] = srv
	ctx := pCancelWhen(t, func() bool { return len(srv.Received(0)) > 0 })
	c := wNew(t)
	if err := c.fails(hackney.Get(ctx, "http://me:mine@a.test/", nil, nil, n.opts(*rFollow()))); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	close(gate)
	c.in(hackney.StateWaiting).response().wantBody("ok")
	c.sent(srv, 0)
	got := srv.Requests(0)
	if len(got) != 2 || got[0].Field("Authorization") != rBasic("u:p") || got[1].Field("Authorization") != "" {
		t.Errorf("sent %q", srv.Received(0))
	}
}

// TestC39_Zones has a host that looks like another one with a zone.
func TestC39_Zones(t *testing.T) {
	for _, location := range []string{"http://[::1%25.a.test]/", "http://[::1%25.a.test]:80/", "http://[::1%.a.test]/"} {
		n := rNewNet(t)
		first, _ := neturl.Parse("http://a.test/")
		n.answers(first, rTo(302, location, "Connection: close"))
		c := wNew(t)
		err := c.fails(hackney.Get(c.ctx, "http://me:secret@a.test/", nil, nil, n.opts(*rFollow())))
		if !errors.Is(err, hackney.ErrBadLocation) || len(n.dialed) != 1 {
			t.Errorf("%q: error %v, dialed %q", location, err, n.dialed)
		}
	}
	for _, chain := range []struct {
		want string // as in rChains
		urls []string
	}{
		{"k--", []string{"http://[fe80::1]/", "http://[fe80::1%25a]/", "http://[fe80::1]/"}},
		{"k-", []string{"http://[fe80::1%25a]/", "http://[fe80::1]/"}},
		{"k-", []string{"http://[fe80::1%25a]/", "http://[fe80::1%25b]/"}},
		{"kkk", []string{"http://[fe80::1%25a]/", "/2", "http://[fe80::1%25a]:80/3"}},
	} {
		n := rNewNet(t)
		n.chain(302, rFinal, chain.urls[0], chain.urls[1:]...)
		h := headers.New("Cookie", "secret")
		c := wNew(t)
		cs, err := hackney.Get(c.ctx, chain.urls[0], h, nil, n.opts(*rFollow()))
		if c.ClientState = cs; err != nil || cs.Status() != 200 {
			t.Errorf("%q: status %d, error %v", chain.urls, cs.Status(), err)
		}
		for i, m := range n.got() {
			if (m.Field("Cookie") != "") != (chain.want[i] == 'k') {
				t.Errorf("%q: request %d: %q", chain.urls, i+1, m.Raw)
			}
		}
	}
}

// TestRedirectThenHome sends the next request to where the first one went, with what
// was meant for there.
func TestRedirectThenHome(t *testing.T) {
	for name, step := range map[string]func(c *wClient){
		"done":                func(c *wClient) { c.wantBody("ok") },
		"closed":              func(c *wClient) { c.to(hackney.Close(c.ClientState)) },
		"closed and reopened": func(c *wClient) { c.to(hackney.Close(c.ClientState)).to(hackney.Reconnect(c.ctx, c.ClientState)) },
	} {
		t.Run(name, func(t *testing.T) {
			n := rNewNet(t)
			n.chain(302, rFinal, "http://a.test/", "http://u:p@b.test/2")
			n.chain(302, rFinal, "http://a.test/3", "https://b.test/4")
			o := n.opts(hackney.Opts{FollowRedirect: true})
			c := wNew(t).request("GET", "http://me:mine@a.test/", headers.New("Cookie", "1"), nil, o).status(200)
			if c.Host() != "b.test" || c.Port() != 80 || c.Scheme() != "http" || c.URL() != "http://b.test/2" {
				t.Errorf("it is at %s:%d, %s", c.Host(), c.Port(), c.URL())
			}
			if got := c.Snapshot(); got.Redirect != "http://a.test/" || got.Host != "b.test" || got.Method != "GET" || strings.Contains(got.Location, "p@") {
				t.Errorf("snapshot %v", got)
			}
			step(c)
			c.send(hackney.Req{Path: "/3", Headers: headers.New("Cookie", "2")}).wantBody("ok")
			if c.Host() != "b.test" || c.Port() != 443 || c.Scheme() != "https" || len(c.Redirects()) != 1 || c.Redirects()[0].URL != "http://a.test/3" {
				t.Errorf("it is at %s:%d, redirects %v", c.Host(), c.Port(), c.Redirects())
			}
			got := n.got()
			for i, want := range []string{"me:mine", "u:p", "me:mine", ""} {
				if auth := got[i].Field("Authorization"); auth != rBasic(want) {
					t.Errorf("request %d: Authorization %q, want %q", i+1, auth, want)
				}
			}
			if got[2].RequestLine() != "GET /3 HTTP/1.1" || got[2].Field("Host") != "a.test" || got[2].Field("Cookie") != "2" || got[3].Field("Cookie") != "" {
				t.Errorf("then %q and %q", got[2].Raw, got[3].Raw)
			}
		})
	}
}

// TestRedirectHidesSecrets looks for them wherever a state or an error is printed.
func TestRedirectHidesSecrets(t *testing.T) {
	n := rNewNet(t)
	n.chain(302, rTo(302, "http://u:secret@c.test:99999/", "Connection: close"), "http://a.test/", "http://u:secret@b.test/", "//u:secret@b.test/3")
	h := headers.New("Authorization", "secret", "Cookie", "secret")
	c := wNew(t)
	o := n.opts(hackney.Opts{FollowRedirect: true, BasicAuth: &hackney.BasicAuth{User: "me", Password: "secret"}})
	err := c.fails(hackney.Get(c.ctx, "http://me:secret@a.test/", h, nil, o))
	if e := wIs[*hackney.RedirectError](t, err); !strings.Contains(e.Location, "u:xxxxx@c.test") {
		t.Errorf("error %+v", e)
	}
	holds := func(what string, v ...any) {
		t.Helper()
		for _, format := range []string{"%v", "%+v", "%#v", "%q"} {
			for _, v := range v {
				text := fmt.Sprintf(format, v)
				if strings.Contains(text, "secret") || strings.Contains(text, rBasic("u:secret")[6:]) {
					t.Errorf("%s: %s", what, text)
				}
			}
		}
	}
	holds("behind an error", c.ClientState, c.Snapshot(), c.Redirects(), err)
	c.wantBody("moved")
	holds("then", c.ClientState, c.Snapshot())
	if len(c.Redirects()) != 2 {
		t.Errorf("redirects %v", c.Redirects())
	}
	// The target of a request can hold them too.
	srv := wiretest.New(t, wiretest.Replies(wOK, rTo(302, "/x"), wOK))
	c = wNew(t).request("GET", srv.URL("/"), nil, nil, &hackney.Opts{FollowRedirect: true, MaxRedirect: 1}).wantBody("ok")
	cs, err := hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{Path: "http://u:secret@" + srv.Addr() + "/a"})
	c.ClientState = cs
	holds("with an absolute target", c.Redirects(), err)
}

// TestRedirectAcrossSchemes goes from http to https and back.
func TestRedirectAcrossSchemes(t *testing.T) {
	n := rNewNet(t)
	n.chain(301, rFinal, "http://a.test/1", "https://a.test/2", "http://a.test/3", "//b.test/4", "https://b.test:8443/5", "//a.test/6")
	c := wNew(t).request("GET", "http://a.test/1", nil, nil, n.opts(*rFollow()))
	if c.TLS() == nil || c.URL() != "https://a.test/6" || c.wantBody("ok").Scheme() != "https" {
		t.Errorf("it ends at %v", c.ClientState)
	}
	want := []string{"a.test:80", "a.test:443", "a.test:80", "b.test:80", "b.test:8443", "a.test:443"}
	if !slices.Equal(n.dialed, want) {
		t.Errorf("dialed %q", n.dialed)
	}
	for i, host := range []string{"a.test", "a.test", "a.test", "b.test", "b.test:8443", "a.test"} {
		m := n.got()[i]
		if m.Field("Host") != host || m.RequestLine() != fmt.Sprintf("GET /%d HTTP/1.1", i+1) {
			t.Errorf("request %d: %q", i+1, m.Raw)
		}
	}
}

// TestRedirectToNames writes hosts as they must be dialed and named.
func TestRedirectToNames(t *testing.T) {
	for location, want := range map[string][2]string{
		"http://b\u00fccher.test/":         {"xn--bcher-kva.test:80", "xn--bcher-kva.test"},
		"http://b\u00fccher.test:8/\u00fc": {"xn--bcher-kva.test:8", "xn--bcher-kva.test:8"},
		"http://[::1]:8080/":               {"[::1]:8080", "[::1]:8080"},
		"http://[::1]/":                    {"[::1]:80", "[::1]"},
		"https://u:p@[2001:db8::1]/":       {"[2001:db8::1]:443", "[2001:db8::1]"},
	} {
		n := rNewNet(t)
		first, _ := neturl.Parse("http://a.test/")
		n.answers(first, rTo(302, location, "Connection: close"))
		c := wNew(t)
		err := c.fails(hackney.Get(c.ctx, "http://a.test/", nil, nil, n.opts(*rFollow())))
		if wIs[*hackney.TransportError](t, err); len(n.dialed) != 2 || n.dialed[1] != want[0] {
			t.Errorf("%q: dialed %q, %v", location, n.dialed, err)
		}
		if got := c.Snapshot().Netloc; got != want[1] {
			t.Errorf("%q: the Host field would be %q", location, got)
		}
	}
}

// TestC42_PoolOfFive is about CVE-2025-3864 of hackney: connections whose redirects were
// followed go back.
func TestC42_PoolOfFive(t *testing.T) {
	var got atomic.Int64
	address := pServe(t, func(c net.Conn, r *bufio.Reader) {
		for target, body, err := pRead(r); err == nil; target, body, err = pRead(r) {
			got.Add(1)
			answer := rTo(307, "/there")
			if target == "/there" {
				answer = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			}
			io.WriteString(c, answer)
		}
	})
	p := pPool(t, pool.Opts{MaxIdle: 5, MaxPerHost: 5})
	one := func(method, body string) {
		o := &hackney.Opts{Pool: p, ForceRedirect: true}
		cs, err := hackney.Request(t.Context(), method, "http://"+address+"/", nil, hackney.Text(body), o)
		if err != nil {
			t.Error(err)
			return
		}
		b, cs, err := hackney.Body(t.Context(), cs)
		if string(b) != body || err != nil || cs.Kept() != hackney.KeptInPool || len(cs.Redirects()) != 1 {
			t.Errorf("%q, %v, %v, %v", b, err, cs.Kept(), cs.Redirects())
		}
	}
	for i := range 50 {
		one("GET", wItoa(i))
	}
	if s := p.Stats(); s.Idle != 1 || s.Opened != 1 || s.InUse != 0 || s.Reused != 99 {
		t.Errorf("one by one: %+v", s.Counts)
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { one("POST", wItoa(i)) })
	}
	wg.Wait()
	if s := p.Stats(); s.Idle == 0 || s.Idle > 5 || s.Idle != int(s.Opened) || s.InUse != 0 {
		t.Errorf("all at once: %+v", s.Counts)
	}
	if got.Load() != 200 {
		t.Errorf("%d requests", got.Load())
	}
	pEven(t, p)
}

// TestC42_PoolOfOne has nothing to give for the second request but the connection of
// the first.
func TestC42_PoolOfOne(t *testing.T) {
	answers := make([]string, 0, 51)
	for range 50 {
		answers = append(answers, rTo(307, "/"))
	}
	srv := wiretest.New(t, wiretest.Replies(append(answers, wOK)...))
	p := pPool(t, pool.Opts{MaxIdle: 1, MaxPerHost: 1})
	o := &hackney.Opts{FollowRedirect: true, MaxRedirect: 50, Pool: p, CheckoutTimeout: wiretest.Patience}
	wNew(t).request("GET", srv.URL("/"), nil, nil, o).wantBody("ok")
	if p.Size() != 1 {
		t.Errorf("%d are idle", p.Size())
	}
	pEven(t, p)
}

// TestRedirectPoolOfTwoOrigins leaves a connection of each in the pool.
func TestRedirectPoolOfTwoOrigins(t *testing.T) {
	b := wiretest.New(t, wiretest.Replies(wOK, wOK))
	a := wiretest.New(t, wiretest.Replies(rTo(302, b.URL("/")), rTo(302, b.URL("/"))))
	p := pPool(t, pool.Opts{})
	c := wNew(t)
	for i := range 2 {
		c.request("GET", a.URL("/"), nil, nil, &hackney.Opts{FollowRedirect: true, Pool: p})
		if c.Reused() != (i > 0) || c.Port() != b.Port() {
			t.Errorf("request %d: reused %v, %v", i, c.Reused(), c.ClientState)
		}
		c.wantBody("ok")
	}
	if s := p.Stats(); s.Idle != 2 || len(s.Hosts) != 2 || s.Opened != 2 {
		t.Errorf("%+v", s.Counts)
	}
	pEven(t, p)
}

// TestP79_OldConnection closes that of another origin at once, where there is no pool.
func TestP79_OldConnection(t *testing.T) {
	b := wiretest.New(t, wiretest.Replies(wOK))
	a := wiretest.New(t, wiretest.Replies(rTo(302, b.URL("/"))))
	c := wNew(t).request("GET", a.URL("/"), nil, nil, rFollow())
	if end := a.WaitClosed(0); end != wiretest.ClientClosed {
		t.Errorf("the first connection is %v", end)
	}
	if c.Reused() || c.RemoteAddr().String() != b.Addr() {
		t.Errorf("reused %v, peer %v", c.Reused(), c.RemoteAddr())
	}
	c.wantBody("ok").connection(hackney.Connected)
}

// TestP79_BodyOfTheRedirect is read away where that takes little, else its connection
// is closed; what comes then is the same.
func TestP79_BodyOfTheRedirect(t *testing.T) {
	const head = "HTTP/1.1 302 Found\r\nLocation: /next\r\n"
	length := func(n int) string { return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, n, wText(n)) }
	chunked := func(n int) string {
		return fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nT: t\r\n\r\n", head, n, wText(n))
	}
	for name, test := range map[string]struct {
		answer string
		opts   hackney.Opts
		kept   bool
	}{
		"length":                {length(60_000), hackney.Opts{}, true},
		"no bytes":              {length(0), hackney.Opts{DrainBytes: hackney.NoDrain}, true},
		"too long":              {length(70_000), hackney.Opts{}, false},
		"too long for us":       {length(11), hackney.Opts{DrainBytes: 10}, false},
		"as long as may be":     {length(10), hackney.Opts{DrainBytes: 10}, true},
		"endless budget":        {length(1 << 20), hackney.Opts{DrainBytes: hackney.Unlimited, DrainTime: hackney.Infinite}, true},
		"not drained":           {length(1), hackney.Opts{DrainBytes: hackney.NoDrain}, false},
		"chunked":               {chunked(60_000), hackney.Opts{}, true},
		"chunked too long":      {chunked(70_000), hackney.Opts{}, false},
		"chunked not drained":   {chunked(1), hackney.Opts{DrainBytes: hackney.NoDrain}, false},
		"announced, not coming": {head + "Content-Length: 5\r\n\r\nmo", hackney.Opts{}, false},
		"broken chunk":          {head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", hackney.Opts{}, false},
		"longer than MaxBody":   {length(100), hackney.Opts{MaxBody: 10}, false},
		"says close":            {head + "Connection: close\r\nContent-Length: 2\r\n\r\nok", hackney.Opts{}, false},
		"up to the end":         {head + "\r\nmoved", hackney.Opts{}, false},
		"HTTP/1.0":              {strings.Replace(length(5), "1.1", "1.0", 1), hackney.Opts{}, false},
		"bytes behind it":       {length(5) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", hackney.Opts{}, false},
	} {
		for _, pooled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, pooled %v", name, pooled), func(t *testing.T) {
				answers := []string{test.answer, wOK}
				if !test.kept {
					answers = answers[:1]
				}
				srv := wiretest.New(t, wiretest.Replies(answers...), wiretest.Replies(wOK))
				o := test.opts
				o.FollowRedirect = true
				if pooled {
					o.Pool = pPool(t, pool.Opts{})
				}
				c := wNew(t).request("GET", srv.URL("/"), nil, nil, &o).wantBody("ok")
				if c.Reused() != test.kept {
					t.Errorf("reused: %v", c.Reused())
				}
				if !test.kept {
					srv.WaitClosed(0)
				}
				if pooled {
					pEven(t, o.Pool)
				}
			})
		}
	}
}

// TestRedirectAnswers has what else an answer can be that is followed.
func TestRedirectAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"1xx before":        "HTTP/1.1 103 Early Hints\r\nLink: x\r\nLocation: /evil\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + rTo(302, "/next"),
		"no reason":         "HTTP/1.1 302 \r\nlocation:/next\r\nContent-Length: 0\r\n\r\n",
		"LF only":           "HTTP/1.1 302 Found\nLOCATION: \t/next  \nContent-Length: 0\n\n",
		"folded":            "HTTP/1.1 302 Found\r\nLocation:\r\n  /next\r\nContent-Length: 0\r\n\r\n",
		"trailers":          "HTTP/1.1 302 Found\r\nLocation: /next\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nmoved\r\n0\r\nLocation: /evil\r\n\r\n",
		"other 3xx headers": rTo(303, "/next", "Refresh: 0;url=/evil", "Content-Location: /evil", "URI: /evil"),
	} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies(answer, "HTTP/1.1 102 Processing\r\n\r\n"+wOK))
			c := wNew(t).request("GET", srv.URL("/"), nil, nil, rFollow()).wantBody("ok")
			if c.Path() != "/next" || len(c.Interim()) != 1 || c.Interim()[0].Status != 102 || !c.Reused() {
				t.Errorf("path %s, interim %+v, reused %v", c.Path(), c.Interim(), c.Reused())
			}
			c.sent(srv, 0)
		})
	}
	srv := wiretest.New(t, wiretest.Replies(rTo(302, "/b"), "HTTP/1.1 204 No Content\r\n\r\n", wEmpty))
	c := wNew(t).request("GET", srv.URL("/a"), nil, nil, rFollow()).status(204).in(hackney.StateDone)
	if c.send(hackney.Req{}); c.MaybeRedirect() {
		t.Error("MaybeRedirect behind a request that is none")
	}
	// A 1xx before one that is not followed is told.
	srv = wiretest.New(t, wiretest.Replies("HTTP/1.1 103 Early Hints\r\n\r\n"+rTo(307, "/b")))
	c = wNew(t).request("POST", srv.URL("/a"), nil, nil, rFollow()).status(307)
	if !c.MaybeRedirect() || len(c.Interim()) != 1 {
		t.Errorf("MaybeRedirect %v, interim %+v", c.MaybeRedirect(), c.Interim())
	}
}

// TestRedirectEarly has a server that answers with a redirect before it has the body. Where
// it closes it reads on, as one should (RFC 9112, 9.6): a reset may overtake the answer.
func TestRedirectEarly(t *testing.T) {
	large := []byte(wText(8 << 20))
	for name, step := range map[string]wiretest.Step{
		"and closes":      wiretest.On(wiretest.Head, rTo(307, "/next", "Connection: close")).ThenCloseWrite(),
		"and just closes": wiretest.On(wiretest.Head, rTo(307, "/next")).ThenCloseWrite(),
		"and reads on":    wiretest.On(wiretest.Head, rTo(307, "/next", "Connection: close")),
	} {
		for _, o := range []hackney.Opts{{ForceRedirect: true}, {FollowRedirect: true}} {
			t.Run(fmt.Sprintf("%s, forced %v", name, o.ForceRedirect), func(t *testing.T) {
				srv := wiretest.New(t, wiretest.Conn{step}, wiretest.Replies(wOK))
				c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Bytes(large), &o)
				if c.MaybeRedirect() == o.ForceRedirect {
					t.Errorf("MaybeRedirect %v", c.MaybeRedirect())
				}
				if o.FollowRedirect {
					c.status(307).wantBody("moved")
					return
				}
				c.wantBody("ok")
				if got := srv.WaitRequests(1, 1); !bytes.Equal(got[0].Body, large) || got[0].RequestLine() != "POST /next HTTP/1.1" {
					t.Errorf("%d bytes of %s came", len(got[0].Body), got[0].RequestLine())
				}
			})
		}
	}
}

// TestRedirectEarlyWhileStreaming has ErrResponseReady first, then StartResponse follow.
func TestRedirectEarlyWhileStreaming(t *testing.T) {
	for status, followed := range map[int]bool{303: true, 307: false} {
		srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, rTo(status, "/next"))}, wiretest.Replies(wOK))
		c := wNew(t).request("POST", srv.URL("/"), nil, hackney.Stream, &hackney.Opts{ForceRedirect: true})
		srv.WaitStep(0, 1)
		var err error
		for err == nil {
			c.ClientState, err = hackney.StreamRequestBody(c.ctx, c.ClientState, hackney.Text("piece"))
		}
		if err != hackney.ErrResponseReady {
			t.Fatal(err)
		}
		if c.in(hackney.StateWaiting).response(); !followed {
			if c.status(307); !c.MaybeRedirect() {
				t.Error("it was not left to the caller")
			}
			c.wantBody("moved")
			continue
		}
		c.status(200).wantBody("ok")
		if got := c.Redirects(); len(got) != 1 || got[0].Method != "POST" || c.Method() != "GET" {
			t.Errorf("redirects %+v, %s", got, c.Method())
		}
		srv.WaitClosed(0)
		c.sent(srv, 1)
		if m := srv.Requests(1)[0]; m.RequestLine() != "GET /next HTTP/1.1" || m.Chunked || len(m.Body) > 0 {
			t.Errorf("%q", m.Raw)
		}
	}
}

// TestRedirectInsteadOfContinue has a redirect as the answer to Expect: 100-continue.
func TestRedirectInsteadOfContinue(t *testing.T) {
	for _, p := range []hackney.Payload{hackney.Text("body"), hackney.FromReader(strings.NewReader("body"), 4)} {
		srv := wiretest.New(t,
			wiretest.Conn{wiretest.On(wiretest.Head, rTo(308, "/next"))},
			wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\n"), wiretest.On(wiretest.Body, wOK)},
		)
		c := wNew(t).request("PUT", srv.URL("/"), wExpect, p, &hackney.Opts{ForceRedirect: true})
		if c.MaybeRedirect() { // a reader, of which nothing was read: it could be sent, but we do not know
			c.status(308).wantBody("moved").connection(hackney.Closed)
			continue
		}
		c.wantBody("ok")
		if got := string(srv.Received(0)); strings.Contains(got, "body") || !strings.Contains(got, "Expect") {
			t.Errorf("first %q", got)
		}
		c.sent(srv, 1)
		if m := srv.Requests(1)[0]; string(m.Body) != "body" || m.Field("Expect") == "" {
			t.Errorf("then %q", m.Raw)
		}
	}
}

// TestRedirectOfRawRequests leaves to the caller what it has framed itself.
func TestRedirectOfRawRequests(t *testing.T) {
	for _, status := range []int{302, 303, 307} {
		srv := wiretest.New(t, wiretest.Replies(rTo(status, "/next")))
		c := wNew(t)
		c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), &hackney.Opts{ForceRedirect: true}))
		c.send(hackney.Req{Raw: []byte("GET /raw HTTP/1.1\r\nHost: x\r\n\r\n")}).status(status).wantBody("moved")
		if !c.MaybeRedirect() || c.Redirects() != nil {
			t.Errorf("MaybeRedirect %v, redirects %v", c.MaybeRedirect(), c.Redirects())
		}
	}
}

// TestRedirectOverUnix stays on the socket, as long as the Location does not name
// another host.
func TestRedirectOverUnix(t *testing.T) {
	for _, location := range []string{"/next", "//127.0.0.1/next", "http://127.0.0.1:80/next"} {
		srv := wiretest.Start(t, wiretest.Options{Unix: true}, wiretest.Replies(rTo(302, location), wOK))
		c := wNew(t)
		o := rFollow()
		o.AddressPolicy = hackney.PublicAddresses() // no address is to be dialed
		c.to(hackney.Connect(c.ctx, transport.Unix(srv.Addr()), "127.0.0.1", 80, o))
		cs, err := hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{Headers: headers.New("Cookie", "1")})
		if c.ClientState = cs; err != nil {
			t.Errorf("%q: %v", location, err)
			continue
		}
		c.wantBody("ok")
		c.sent(srv, 0)
		if got := srv.Requests(0); len(got) != 2 || got[1].Field("Cookie") != "1" {
			t.Errorf("%q: sent %q", location, srv.Received(0))
		}
	}
}

// TestRedirectIsTraced tells of the operation once, with its error, and of each connection.
func TestRedirectIsTraced(t *testing.T) {
	b := wiretest.New(t, wiretest.Replies(rTo(302, "file:///x")))
	a := wiretest.New(t, wiretest.Replies(rTo(302, b.URL("/"))))
	var events []hackney.TraceEvent
	c, o := wNew(t), rFollow()
	o.Trace = func(e hackney.TraceEvent) { events = append(events, e) }
	err := c.fails(hackney.Get(c.ctx, a.URL("/"), nil, nil, o))
	if len(events) != 3 || events[0].Op != hackney.OpConnect || events[1].Op != hackney.OpConnect {
		t.Fatalf("%+v", events)
	}
	if last := events[2]; last.Op != hackney.OpSendRequest || last.From != hackney.StateStart || last.To != hackney.StateOnBody || last.Err != err {
		t.Errorf("%+v, want the error %v", last, err)
	}
}

// TestRedirectStatesStay holds that no state changes, and that old ones are stale.
func TestRedirectStatesStay(t *testing.T) {
	n := rNewNet(t)
	n.chain(302, rFinal, "http://a.test/", "http://b.test/1", "http://a.test/2")
	n.chain(302, rTo(302, "x:", "Connection: close"), "http://a.test/3", "https://b.test/4")
	c := wNew(t)
	var states []hackney.ClientState
	var texts []string
	keep := func(c *wClient) {
		states = append(states, c.ClientState)
		texts = append(texts, fmt.Sprint(c.ClientState, c.Redirects(), c.Location(), c.URL(), c.Headers(), c.MaybeRedirect()))
	}
	c.to(hackney.Connect(c.ctx, transport.TCP, "a.test", 80, n.opts(*rFollow())))
	keep(c)
	keep(c.send(hackney.Req{Path: "/"}))
	keep(c.wantBody("ok"))
	given := c.Redirects()
	wIs[*hackney.RedirectError](t, c.fails(hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{Path: "/3"})))
	keep(c)
	keep(c.wantBody("moved"))
	c.Redirects()[0].URL = "changed"
	given[0].URL = "changed"
	keep(c.to(hackney.Close(c.ClientState)))
	for i, cs := range states {
		now := fmt.Sprint(cs, cs.Redirects(), cs.Location(), cs.URL(), cs.Headers(), cs.MaybeRedirect())
		if now != texts[i] {
			t.Errorf("state %d is now\n%s, was\n%s", i, now, texts[i])
		}
	}
	for i, cs := range states[:4] {
		if _, err := hackney.Handoff(cs); cs.ConnectionState() == hackney.Connected && !errors.Is(err, hackney.ErrStale) && !errors.Is(err, hackney.ErrClosed) {
			t.Errorf("state %d can be used again: %v", i, err)
		}
	}
}

// TestMaybeRedirectIsOver where there is no answer any more.
func TestMaybeRedirectIsOver(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(rTo(307, "/next")), wiretest.Replies(wOK))
	c := wNew(t).request("POST", srv.URL("/"), nil, nil, rFollow())
	if c.wantBody("moved"); !c.MaybeRedirect() {
		t.Error("it is not there behind the body")
	}
	c.to(hackney.Close(c.ClientState)).to(hackney.Reconnect(c.ctx, c.ClientState))
	if c.MaybeRedirect() || c.Status() != 0 {
		t.Errorf("MaybeRedirect %v of status %d", c.MaybeRedirect(), c.Status())
	}
}

// rUsable holds that a state behind an error can be closed, and the client be used for
// its first origin then.
func rUsable(t *testing.T, c *wClient, home *wiretest.Server) {
	t.Helper()
	home.Expect(wiretest.Replies(wOK))
	c.to(hackney.Close(c.ClientState)).connection(hackney.Closed).in(hackney.StateStart)
	c.send(hackney.Req{Path: "/again"}).wantBody("ok")
	if c.URL() != home.URL("/again") || c.Redirects() != nil {
		t.Errorf("it went to %s, redirects %v", c.URL(), c.Redirects())
	}
}

// TestRedirectHopBreaks has a second hop that cannot be reached, breaks off, or makes no sense.
func TestRedirectHopBreaks(t *testing.T) {
	const refusing = "http://127.0.0.1:1/" // no port that is given out again meanwhile
	for name, test := range map[string]struct {
		hop   wiretest.Conn // nil: refused
		is    func(error) bool
		blame hackney.Blame
	}{
		"refused":   {nil, func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }, hackney.BlameNetwork},
		"reset":     {wiretest.Conn{wiretest.On(wiretest.Request).ThenReset()}, func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }, hackney.BlameNetwork},
		"closed":    {wiretest.Conn{wiretest.On(wiretest.Request).ThenClose()}, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }, hackney.BlamePeer},
		"malformed": {wiretest.Conn{wiretest.Reply("HTTP/1.1 2x0 OK\r\n\r\n")}, rIs[*hackney.ProtocolError], hackney.BlamePeer},
		"framing":   {wiretest.Conn{wiretest.Reply("HTTP/1.1 302 OK\r\nLocation: /\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")}, rIs[*hackney.ProtocolError], hackney.BlamePeer},
		"huge":      {wiretest.Conn{wiretest.Reply(wHeadOK + strings.Repeat("A: b\r\n", 1001) + "\r\n")}, rIs[*hackney.LimitError], hackney.BlameLimit},
	} {
		for _, drained := range []bool{true, false} {
			for _, pooled := range []bool{true, false} {
				for _, stream := range []bool{true, false} {
					t.Run(fmt.Sprintf("%s, drained %v, pooled %v, stream %v", name, drained, pooled, stream), func(t *testing.T) {
						to := refusing
						if test.hop != nil {
							b := wiretest.New(t, test.hop)
							to = b.URL("/b")
							defer b.WaitClosed(0)
						}
						home := wiretest.New(t, wiretest.Replies(rTo(303, to), wOK))
						o := &hackney.Opts{FollowRedirect: true}
						if pooled {
							o.Pool = pPool(t, pool.Opts{})
							defer func() { pEven(t, o.Pool) }()
						}
						if !drained {
							o.DrainBytes = hackney.NoDrain
						}
						c := wNew(t)
						c.to(hackney.Connect(c.ctx, transport.TCP, home.Host(), home.Port(), o))
						var err error
						if stream {
							c.send(hackney.Req{Method: "POST", Path: "/a", Payload: hackney.Stream})
							err = c.fails(hackney.StartResponse(c.ctx, c.ClientState))
						} else {
							err = c.fails(hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{Path: "/a"}))
						}
						if !test.is(err) {
							t.Errorf("error %v", err)
						}
						wBlame(t, err, test.blame)
						wHas(t, err, strings.Split(to, "/")[2])
						c.connection(hackney.Closed)
						if rs := c.ResponseState(); rs == hackney.StateStream || rs == hackney.StateWaiting || rs == hackney.StateOnBody {
							t.Errorf("the state is %v", c.ClientState)
						}
						if c.MaybeRedirect() || c.Status() != 0 || len(c.Redirects()) != 1 || c.Redirects()[0].URL != home.URL("/a") {
							t.Errorf("status %d, redirects %+v", c.Status(), c.Redirects())
						}
						rUsable(t, c, home)
					})
				}
			}
		}
	}
}

func rIs[T error](err error) bool {
	var e T
	return errors.As(err, &e)
}

// TestRedirectForgetsTheAnswerBefore has a hop that fails on a client that was used before:
// what the answer of then said is not said of this one.
func TestRedirectForgetsTheAnswerBefore(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 103 X\r\n\r\n"+wOK, rTo(302, "http://b.test/")))
	c, o := wNew(t), rFollow()
	o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != srv.Addr() {
			return nil, errors.New("nobody is there")
		}
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
	c.request("GET", srv.URL("/a"), nil, nil, o).wantBody("ok")
	c.fails(hackney.SendRequest(c.ctx, c.ClientState, hackney.Req{Path: "/b"}))
	if c.Status() != 0 || c.Headers().Len() != 0 || c.Interim() != nil || c.ContentLength() != -1 {
		t.Errorf("status %d, fields %v, interim %v", c.Status(), c.Headers(), c.Interim())
	}
}

// TestRedirectPolicyOnTheHop refuses the address of a second hop.
func TestRedirectPolicyOnTheHop(t *testing.T) {
	home := wiretest.New(t, wiretest.Replies(rTo(302, "http://169.254.169.254/latest")))
	o := rFollow()
	o.AddressPolicy = hackney.PublicAddresses(rPrefix(home.Host()))
	c := wNew(t)
	err := c.fails(hackney.Get(c.ctx, home.URL("/"), nil, nil, o))
	wIs[*hackney.AddressError](t, err)
	wBlame(t, err, hackney.BlameLimit)
	home.WaitClosed(0)
}

// TestRedirectProxyOnTheHop asks for the proxy on each hop; an error there ends it, on a
// kept connection too.
func TestRedirectProxyOnTheHop(t *testing.T) {
	for _, other := range []string{"", "http://b.test/"} {
		home := wiretest.New(t, wiretest.Replies(rTo(302, other+"/next")))
		asked := 0
		o := rFollow()
		o.Proxy = hackney.ProxyFunc(func(url.URL) (string, error) {
			if asked++; asked > 1 {
				return "", errors.New("no way")
			}
			return "", nil
		})
		c := wNew(t)
		err := c.fails(hackney.Get(c.ctx, home.URL("/"), nil, nil, o))
		wIs[*hackney.ArgumentError](t, err)
		wHas(t, err, "no way")
		if asked != 2 {
			t.Errorf("asked %d times", asked)
		}
		c.to(hackney.Close(c.ClientState))
		home.WaitClosed(0)
	}
}

// TestC40_ProxyCredentials has hops that change the proxy or leave it: its credentials,
// and those of the caller's own field, go nowhere else.
func TestC40_ProxyCredentials(t *testing.T) {
	const opened = "HTTP/1.1 200 Connection established\r\n\r\n"
	origin := wiretest.New(t, wiretest.Replies(rTo(302, "http://b.test/3", "Connection: close")))
	two := wiretest.Start(t, wiretest.Options{Names: []string{"a.test"}}, // CONNECT, then TLS inside
		wiretest.Conn{wiretest.Reply(opened).ThenTLS(), wiretest.Reply(rTo(302, "http://"+origin.Addr()+"/2", "Connection: close")).ThenClose()},
	)
	one := wiretest.New(t,
		wiretest.Conn{wiretest.Reply(rTo(302, "https://a.test/1", "Connection: close")).ThenClose()}, // handed to it
		wiretest.Conn{wiretest.Reply(rFinal).ThenClose()},
	)
	o := &hackney.Opts{FollowRedirect: true, Insecure: true, ProxyMode: hackney.Forward}
	o.Proxy = hackney.ProxyFunc(func(to url.URL) (string, error) {
		switch {
		case to.Scheme == "https":
			return "http://two:secret2@" + two.Addr(), nil
		case to.Host == "127.0.0.1":
			return "", nil
		}
		return "http://one:secret1@" + one.Addr(), nil
	})
	h := headers.New("Proxy-Authorization", "own", "X-Other", "stays")
	wNew(t).request("GET", "http://a.test/0", h, nil, o).wantBody("ok")
	first, last := one.Requests(0)[0], one.Requests(1)[0]
	tunnel := two.Requests(0)
	for _, test := range []struct {
		m    wiretest.Message
		line string
		auth string
	}{
		{first, "GET http://a.test/0 HTTP/1.1", "own"},
		{tunnel[0], "CONNECT a.test:443 HTTP/1.1", rBasic("two:secret2")},
		{tunnel[1], "GET /1 HTTP/1.1", ""},
		{origin.Requests(0)[0], "GET /2 HTTP/1.1", ""},
		{last, "GET http://b.test/3 HTTP/1.1", rBasic("one:secret1")},
	} {
		if test.m.RequestLine() != test.line || test.m.Field("Proxy-Authorization") != test.auth || test.m.Field("Authorization") != "" {
			t.Errorf("%q, want %s with %q", test.m.Raw, test.line, test.auth)
		}
	}
}

// TestRedirectIsInterrupted ends the context at each stage.
func TestRedirectIsInterrupted(t *testing.T) {
	stalled := "HTTP/1.1 302 Found\r\nLocation: {b}\r\nContent-Length: 5\r\n\r\nmo"
	for name, test := range map[string]struct {
		a, b  wiretest.Conn
		when  func(a, b *wiretest.Server, draining bool) bool
		drain time.Duration
		state hackney.ResponseState // waiting: StartResponse goes on
		gone  bool                  // the second origin is not reached
	}{
		"before the first head": {
			wiretest.Conn{wiretest.Reply(rTo(302, "{b}"))},
			wiretest.Replies(wOK),
			func(a, _ *wiretest.Server, _ bool) bool { return len(a.Requests(0)) == 1 }, 0, hackney.StateWaiting, false,
		},
		"while its body is read away": {
			wiretest.Conn{wiretest.Reply(stalled)},
			nil,
			func(_, _ *wiretest.Server, draining bool) bool { return draining }, hackney.Infinite, hackney.StateStart, true,
		},
		"before the second head": {
			wiretest.Conn{wiretest.Reply(rTo(302, "{b}"))},
			wiretest.Conn{wiretest.Reply(wOK)},
			func(_, b *wiretest.Server, _ bool) bool { return len(b.Requests(0)) == 1 }, 0, hackney.StateWaiting, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			gate := make(chan struct{})
			hold := func(c wiretest.Conn, held bool) wiretest.Conn {
				if len(c) > 0 && held {
					c[0] = c[0].Gated(gate)
				}
				return c
			}
			b := wiretest.New(t, hold(test.b, name == "before the second head"))
			for i := range test.a {
				for j, s := range test.a[i].Send {
					test.a[i].Send[j] = []byte(strings.ReplaceAll(string(s), "{b}", b.URL("/b")))
				}
			}
			a := wiretest.New(t, hold(test.a, name == "before the first head"))
			draining := atomic.Bool{}
			ctx := pCancelWhen(t, func() bool { return test.when(a, b, draining.Load()) })
			c, o := wNew(t), rFollow()
			o.DrainTime = test.drain
			o.Tap = func(e hackney.TapEvent) {
				draining.Store(e.Kind == hackney.TapReceived && bytes.HasSuffix(e.Bytes, []byte("mo")) || draining.Load())
			}
			c.to(hackney.Connect(c.ctx, transport.TCP, a.Host(), a.Port(), o))
			done := make(chan error, 1)
			var cs hackney.ClientState
			go func() {
				var err error
				cs, err = hackney.SendRequest(ctx, c.ClientState, hackney.Req{Path: "/a"})
				done <- err
			}()
			var err error
			select {
			case err = <-done:
			case <-time.After(wiretest.Patience):
				t.Error("the context does not end it")
				a.Close()
				err = <-done
			}
			c.ClientState = cs
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			wBlame(t, err, hackney.BlameNetwork)
			if close(gate); test.state == hackney.StateWaiting {
				c.in(hackney.StateWaiting).connection(hackney.Connected).response().wantBody("ok")
				if r := c.Redirects(); len(r) != 1 || r[0].URL != a.URL("/a") || c.URL() != b.URL("/b") {
					t.Errorf("redirects %+v to %s", r, c.URL())
				}
				a.WaitClosed(0)
				return
			}
			c.connection(hackney.Closed)
			a.WaitClosed(0)
			rUsable(t, c, a)
		})
	}
}

// TestRedirectInterruptedDial ends the context while the second hop is dialed.
func TestRedirectInterruptedDial(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		a := wiretest.New(t, wiretest.Replies(rTo(302, "http://b.test/")))
		ctx, cancel := context.WithCancel(t.Context())
		c, o := wNew(t), rFollow()
		if pooled {
			o.Pool = pPool(t, pool.Opts{})
		}
		o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "b.test:80" {
				cancel()
				<-ctx.Done()
				return nil, ctx.Err()
			}
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		}
		err := c.fails(hackney.Get(ctx, a.URL("/"), nil, nil, o))
		if wIs[*hackney.TransportError](t, err); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		c.connection(hackney.Closed)
		if !pooled {
			a.WaitClosed(0)
			rUsable(t, c, a)
		}
	}
}

// TestRedirectInterruptedBetween ends the context behind the first answer, before the
// second request goes out, on the same connection.
func TestRedirectInterruptedBetween(t *testing.T) {
	for _, stream := range []bool{false, true} {
		t.Run(fmt.Sprintf("stream %v", stream), func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies(rTo(303, "/next")))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c, o := wNew(t), rFollow()
			o.Tap = func(e hackney.TapEvent) {
				if e.Kind == hackney.TapReceived {
					cancel()
				}
			}
			c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), o))
			req, op := hackney.Req{Path: "/a"}, func(cs hackney.ClientState) (hackney.ClientState, error) {
				return hackney.SendRequest(ctx, cs, hackney.Req{Path: "/a"})
			}
			if stream {
				req.Method, req.Payload = "POST", hackney.Stream
				c.send(req)
				c.to(hackney.EndStreamRequestBody(c.ctx, c.ClientState))
				op = func(cs hackney.ClientState) (hackney.ClientState, error) { return hackney.StartResponse(ctx, cs) }
			}
			given := c.ClientState
			if err := c.fails(op(given)); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			if rs := c.ResponseState(); rs == hackney.StateStream || rs == hackney.StateWaiting || rs == hackney.StateOnBody {
				t.Errorf("the state is %v", c.ClientState)
			}
			if got := srv.Requests(0); len(got) != 1 {
				t.Fatalf("sent %q", srv.Received(0))
			}
			// What the given state stood for is over, its answer was read.
			if _, err := hackney.Handoff(given); stream && !errors.Is(err, hackney.ErrStale) && !errors.Is(err, hackney.ErrClosed) {
				t.Errorf("the state %v can be used again: %v", given, err)
			}
			if srv.Settle(); stream {
				hackney.Close(c.ClientState)
			}
			rUsable(t, c, srv)
		})
	}
}

// TestRedirectTimeouts runs in a bubble: each hop has its own time, and one that takes
// too long can be waited for again.
func TestRedirectTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hops := atomic.Int64{}
		o := wPipe(t, func(c net.Conn) {
			for range 4 {
				if _, err := wReadHead(c); err != nil {
					return
				}
				n := hops.Add(1)
				time.Sleep(map[int64]time.Duration{1: 900 * time.Millisecond, 2: 900 * time.Millisecond, 3: 1500 * time.Millisecond}[n])
				answer := rTo(302, fmt.Sprintf("/%d", n))
				if n == 4 {
					answer = wOK
				}
				io.WriteString(c, answer)
			}
		})
		o.FollowRedirect, o.RecvTimeout = true, time.Second
		c := wNew(t)
		began := time.Now()
		err := c.fails(hackney.Get(c.ctx, "http://a.test/0", nil, nil, o))
		if !errors.Is(err, hackney.ErrTimeout) || time.Since(began) != 2800*time.Millisecond {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
		if c.in(hackney.StateWaiting); c.Path() != "/2" || len(c.Redirects()) != 2 {
			t.Errorf("%s, %v", c.Path(), c.Redirects())
		}
		if c.response().wantBody("ok"); c.Path() != "/3" || len(c.Redirects()) != 3 {
			t.Errorf("%s, %v", c.Path(), c.Redirects())
		}
		c.to(hackney.Close(c.ClientState))
	})
}

// TestRedirectDrainTime bounds how long a body that does not come is waited for.
func TestRedirectDrainTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := wPipe(t, func(c net.Conn) {
			head, _ := wReadHead(c)
			if strings.HasPrefix(head, "GET /a ") {
				io.WriteString(c, strings.TrimSuffix(rTo(302, "/b"), "ved"))
				wReadHead(c)
				return
			}
			io.WriteString(c, wOK)
			wReadHead(c)
		})
		o.FollowRedirect, o.DrainTime = true, 7*time.Second
		began := time.Now()
		c := wNew(t).request("GET", "http://a.test/a", nil, nil, o).wantBody("ok")
		if waited := time.Since(began); waited != 7*time.Second {
			t.Errorf("it was waited for %v", waited)
		}
		c.to(hackney.Close(c.ClientState))
	})
}

// TestRedirectIsClosed has another goroutine close the client at each stage.
func TestRedirectIsClosed(t *testing.T) {
	moved := rTo(302, "/next")
	for name, test := range map[string]struct {
		at      string // what was received when Close comes, before it is looked at
		pieces  []string
		pooled  bool
		reached bool // Close comes when the server has the request, and nothing was received
	}{
		"before the first head":         {"", nil, false, true},
		"before the first head, pooled": {"", nil, true, true},
		"with the head":                 {"HTTP", []string{moved}, false, false},
		"with the head, pooled":         {"HTTP", []string{moved}, true, false},
		"in the body":                   {"mo", []string{strings.TrimSuffix(moved, "moved"), "mo"}, false, false},
		"in the body, pooled":           {"mo", []string{strings.TrimSuffix(moved, "moved"), "mo"}, true, false},
		"with the last byte":            {"d", []string{strings.TrimSuffix(moved, "d"), "d"}, false, false},
		"with the last byte, pooled":    {"d", []string{strings.TrimSuffix(moved, "d"), "d"}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			head := make(chan struct{}, 1)
			script := wiretest.Conn{wiretest.Reply(test.pieces[:min(1, len(test.pieces))]...)}
			if len(test.pieces) > 1 {
				script = append(script, wiretest.Say(test.pieces[1]).Gated(head))
			}
			srv := wiretest.New(t, script)
			c := wNew(t)
			closing, closed := make(chan struct{}), make(chan struct{})
			o := &hackney.Opts{FollowRedirect: true, DrainTime: hackney.Infinite}
			var once sync.Once
			o.Tap = func(e hackney.TapEvent) {
				if e.Kind == hackney.TapReceived && test.at != "" && strings.HasPrefix(string(e.Bytes), test.at) {
					once.Do(func() { close(closing); <-closed })
				} else if e.Kind == hackney.TapReceived && len(test.pieces) > 1 {
					head <- struct{}{} // it was read by itself
				}
			}
			if test.pooled {
				o.Pool = pPool(t, pool.Opts{})
			}
			c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), o))
			given := c.ClientState
			var wg sync.WaitGroup
			wg.Go(func() {
				if test.reached {
					srv.WaitRequests(0, 1)
				} else {
					<-closing
				}
				hackney.Close(given)
				close(closed)
			})
			err := c.fails(hackney.SendRequest(c.ctx, given, hackney.Req{}))
			wg.Wait()
			if !errors.Is(err, hackney.ErrClosed) {
				t.Errorf("error %v", err)
			}
			c.connection(hackney.Closed)
			srv.WaitClosed(0)
			if test.pooled {
				pEven(t, o.Pool)
			}
			rUsable(t, c, srv)
		})
	}
}

// TestRedirectIsClosedOnItsWay has Close come with a state of the first connection, when
// the second one is being dialed or has the request: that is another connection, and
// the operation's context ends it.
func TestRedirectIsClosedOnItsWay(t *testing.T) {
	for _, dialing := range []bool{true, false} {
		for _, pooled := range []bool{false, true} {
			t.Run(fmt.Sprintf("dialing %v, pooled %v", dialing, pooled), func(t *testing.T) {
				b := wiretest.Start(t, wiretest.Options{AllowExtra: true}, wiretest.Conn{wiretest.On(wiretest.Request)})
				a := wiretest.New(t, wiretest.Replies(rTo(302, b.URL("/"))))
				c, o := wNew(t), rFollow()
				if pooled {
					o.Pool = pPool(t, pool.Opts{})
				}
				ctx, cancel := context.WithCancel(c.ctx)
				defer cancel()
				second, closed := make(chan struct{}), make(chan struct{})
				o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					if dialing && address == b.Addr() {
						close(second)
						<-closed
					}
					var d net.Dialer
					return d.DialContext(ctx, network, address)
				}
				c.to(hackney.Connect(c.ctx, transport.TCP, a.Host(), a.Port(), o))
				given := c.ClientState
				var wg sync.WaitGroup
				wg.Go(func() {
					if dialing {
						<-second
					} else {
						b.WaitRequests(0, 1)
					}
					if _, err := hackney.Close(given); err != nil {
						t.Errorf("Close: %v", err)
					}
					cancel()
					close(closed)
				})
				err := c.fails(hackney.SendRequest(ctx, given, hackney.Req{}))
				wg.Wait()
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error %v, want that of the context", err)
				}
				c.to(hackney.Close(c.ClientState))
			})
		}
	}
}

// TestRedirectModel follows chains at random. Each credential is known by its text, and
// may reach only the requests that it was meant for.
func TestRedirectModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rNewNet(t)
		defer n.close()
		m := rDraw(t)
		m.play(n)
		cs, err := hackney.Request(context.Background(), m.method, m.first(), m.own(), m.payload(), n.opts(hackney.Opts{
			ForceRedirect: true, MaxRedirect: hackney.Unlimited, Sensitive: []string{"X-Marked"},
			BasicAuth: &hackney.BasicAuth{User: "option", Password: "cred-0"},
		}))
		if err != nil {
			t.Fatalf("%v: %v", m, err)
		}
		defer hackney.Close(cs)
		if len(cs.Redirects()) != len(m.hops)-1 || cs.Status() != 200 {
			t.Fatalf("%v: %v, redirects %v", m, cs, cs.Redirects())
		}
		m.check(t, n.got())
	})
}

// rModel is a chain: where each request goes, and what its origin answers.
type rModel struct {
	method  string
	content bool
	hops    []rHop
}

type rHop struct {
	scheme, host, port string
	user               bool // the Location has user info
	absolute           bool // it names its origin even where that is the same
	status             int  // of the redirect that leads on
}

func (h rHop) origin() string {
	port := h.port
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[h.scheme]
	}
	return h.scheme + "://" + strings.ToLower(h.host) + ":" + port
}

func rDraw(t *rapid.T) rModel {
	m := rModel{
		method:  rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PUT", "DELETE"}).Draw(t, "method"),
		content: rapid.Bool().Draw(t, "content"),
	}
	for range rapid.IntRange(2, 7).Draw(t, "length") {
		m.hops = append(m.hops, rHop{
			scheme:   rapid.SampledFrom([]string{"http", "http", "https"}).Draw(t, "scheme"),
			host:     rapid.SampledFrom([]string{"a.test", "A.test", "b.test", "[::1]"}).Draw(t, "host"),
			port:     rapid.SampledFrom([]string{"", "", "80", "443"}).Draw(t, "port"),
			user:     rapid.IntRange(0, 3).Draw(t, "user") == 0,
			absolute: rapid.Bool().Draw(t, "absolute"),
			status:   rapid.SampledFrom([]int{301, 302, 303, 307, 308}).Draw(t, "status"),
		})
	}
	return m
}

func (h rHop) url(i int) string {
	host, user := h.host, ""
	if h.port != "" {
		host += ":" + h.port
	}
	if h.user {
		user = fmt.Sprintf("u:cred-%d@", i)
	}
	return fmt.Sprintf("%s://%s%s/%d", h.scheme, user, host, i)
}

func (m *rModel) first() string { return m.hops[0].url(0) }

// location is what leads to hop i.
func (m *rModel) location(i int) string {
	to := m.hops[i]
	if !to.absolute && !to.user && to.origin() == m.hops[i-1].origin() {
		return fmt.Sprintf("/%d", i)
	}
	return to.url(i)
}

func (m *rModel) play(n *rNet) {
	head := m.method == "HEAD"
	for i, h := range m.hops {
		answer := rFinal
		if i+1 < len(m.hops) {
			answer = rTo(h.status, m.location(i+1), "Connection: close")
		}
		if head {
			answer, _, _ = strings.Cut(answer, "\r\n\r\n")
			answer += "\r\n\r\n"
		}
		u, err := neturl.Parse(h.url(i))
		if err != nil {
			n.t.Fatalf("%v", err)
		}
		n.answers(u, answer)
	}
}

// own are fields whose texts are credentials of the first origin.
func (m *rModel) own() *headers.Headers {
	return headers.New("Cookie", "cred-0", "x-marked", "cred-0", "Proxy-Authorization", "cred-0", "Content-Language", "content", "X-Free", "free")
}

func (m *rModel) payload() hackney.Payload {
	if m.content {
		return hackney.Text("content")
	}
	return nil
}

// check holds what arrived against what may and must have.
func (m *rModel) check(t *rapid.T, got []wiretest.Message) {
	home, content, method := true, true, m.method
	for i, req := range got {
		home = home && m.hops[i].origin() == m.hops[0].origin()
		if i > 0 && m.hops[i-1].status == 303 {
			if content = false; method != "HEAD" {
				method = "GET"
			}
		}
		text := string(req.Raw)
		if field := req.Field("Authorization"); strings.HasPrefix(field, "Basic ") {
			pair, _ := base64.StdEncoding.DecodeString(field[len("Basic "):])
			text += string(pair)
		}
		for j := range m.hops {
			mine := j == i && m.hops[i].user || j == 0 && home
			if strings.Contains(text, fmt.Sprintf("cred-%d", j)) && !mine {
				t.Fatalf("%+v: to request %d came a credential of %d: %s", *m, i, j, text)
			}
		}
		if m.hops[i].user != strings.HasSuffix(text, fmt.Sprintf("u:cred-%d", i)) && i > 0 {
			t.Fatalf("%+v: request %d with its own credential: %v: %s", *m, i, !m.hops[i].user, text)
		}
		if home != (req.Field("Cookie") != "") || home != (req.Field("X-Marked") != "") || req.Field("X-Free") != "free" {
			t.Fatalf("%+v: request %d has not what it should: %s", *m, i, text)
		}
		if content != (req.Field("Content-Language") != "") || (content && m.content) != (string(req.Body) == "content") {
			t.Fatalf("%+v: the content of request %d: %s", *m, i, text)
		}
		if req.RequestLine() != fmt.Sprintf("%s /%d HTTP/1.1", method, i) {
			t.Fatalf("%+v: request %d: %s", *m, i, text)
		}
	}
}

func rPrefix(host string) netip.Prefix {
	a := netip.MustParseAddr(host)
	return netip.PrefixFrom(a, a.BitLen())
}
