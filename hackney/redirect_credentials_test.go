package hackney_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	neturl "net/url"
	"slices"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
)

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
