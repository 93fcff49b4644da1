package main

import (
	"net"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/wiretest"
)

const (
	agent   = "User-Agent: hackney/" + hackney.Version + "\r\n"
	opened  = "HTTP/1.1 200 Connection established\r\n\r\n"
	hello   = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n"
	wanted  = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"
	moved   = "HTTP/1.1 302 Found\r\nLocation: http://b.test:81/2\r\nContent-Length: 0\r\n\r\n"
)

// TestProxies holds what goes to a proxy, and what is told of it. PROXY is the address of
// one that answers with replies; nothing in a text may hold the password.
func TestProxies(t *testing.T) {
	const mine = "Proxy-Authorization: Basic bWU6czNjcmV0\r\n" // me:s3cret
	for _, c := range []struct {
		name    string
		args    string
		replies []string // on one connection each, those of a tunnel with a blank between
		code    int
		sent    []string // on each connection
		stderr  string   // is in it
	}{
		{
			"a tunnel", "get -v --proxy PROXY http://a.test/1",
			[]string{opened + " " + hello},
			0,
			[]string{"CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n" + agent + "\r\nGET /1 HTTP/1.1\r\nHost: a.test\r\n" + agent + "\r\n"},
			"Connect start -> start through http://PROXY by CONNECT a.test:80\nSendRequest start -> on_body\n",
		},
		{
			"credentials in the URL", "get -v --proxy-user x:y --proxy http://me:s3cret@PROXY http://a.test:81/1",
			[]string{opened + " " + hello},
			0,
			[]string{"CONNECT a.test:81 HTTP/1.1\r\nHost: a.test:81\r\n" + agent + mine + "\r\nGET /1 HTTP/1.1\r\nHost: a.test:81\r\n" + agent + "\r\n"},
			"Connect start -> start through http://PROXY by CONNECT a.test:81\n",
		},
		{
			"handed", "get -v --proxy PROXY --proxy-user me:s3cret --proxy-forward http://a.test/1",
			[]string{hello},
			0,
			[]string{"GET http://a.test/1 HTTP/1.1\r\nHost: a.test\r\n" + agent + mine + "\r\n"},
			"Connect start -> start through http://PROXY\n",
		},
		{
			"for https there is a tunnel", "get -v --proxy me:s3cret@PROXY --proxy-forward https://a.test/1",
			[]string{refused},
			3,
			[]string{"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n" + agent + mine + "\r\n"},
			"\nhackney: proxy PROXY refused to connect to a.test:443: 403 Forbidden\n",
		},
		{
			"a challenge", "get -v --proxy me:s3cret@PROXY http://a.test/1",
			[]string{wanted},
			3,
			[]string{"CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n" + agent + mine + "\r\n"},
			" refused to connect to a.test:80: 407 Proxy Authentication Required\n",
		},
		{
			"each redirect", "get -v -L --proxy me:s3cret@PROXY -u you:pw -H Cookie:c http://a.test/1",
			[]string{opened + " " + moved, opened + " " + hello},
			0,
			[]string{
				"CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n" + agent + mine + "\r\nGET /1 HTTP/1.1\r\nHost: a.test\r\n" + agent + "Authorization: Basic eW91OnB3\r\nCookie: c\r\n\r\n",
				"CONNECT b.test:81 HTTP/1.1\r\nHost: b.test:81\r\n" + agent + mine + "\r\nGET /2 HTTP/1.1\r\nHost: b.test:81\r\n" + agent + "\r\n",
			},
			"by CONNECT b.test:81\nSendRequest start -> on_body\nRedirect 302 GET http://a.test/1 -> http://b.test:81/2\n",
		},
		{
			"SOCKS", "get -v --proxy socks5h://me:s3cret@PROXY http://a.test/1",
			[]string{"\x05\xff"},
			3, nil,
			"Connect start -> start through socks5h://PROXY error: ",
		},
		{
			"none for this host", "get -v --proxy http://me:s3cret@127.0.0.1:1 --noproxy a.test,127.0.0.1 http://PROXY/1",
			[]string{hello},
			0,
			[]string{"GET /1 HTTP/1.1\r\nHost: PROXY\r\n" + agent + "\r\n"},
			"Connect start -> start\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := wiretest.New(t, connections(c.replies)...)
			at := func(text string) string { return strings.ReplaceAll(text, "PROXY", srv.Addr()) }
			r := run(t, strings.Fields(at(c.args))...)
			if r.code != c.code || !strings.Contains(r.stderr, at(c.stderr)) || c.code == 0 && r.stdout != "hello" {
				t.Errorf("exit code %d, want %d; stdout %q, stderr\n%swant in it\n%s", r.code, c.code, r.stdout, r.stderr, at(c.stderr))
			}
			for _, secret := range []string{"s3cret", "bWU6czNjcmV0", "eW91OnB3"} {
				if strings.Contains(r.stdout+r.stderr, secret) {
					t.Errorf("%s is shown:\n%s%s", secret, r.stdout, r.stderr)
				}
			}
			for i, want := range c.sent {
				if got := string(srv.Received(i)); got != at(want) {
					t.Errorf("connection %d got\n%q, want\n%q", i, got, at(want))
				}
			}
		})
	}
}

// connections are scripts that answer so.
func connections(replies []string) (script []wiretest.Conn) {
	for _, text := range replies {
		if strings.HasPrefix(text, "\x05") { // SOCKS: its greeting has two methods, of one byte each
			script = append(script, wiretest.Conn{wiretest.On(wiretest.Bytes(4), text).ThenClose()})
			continue
		}
		first, second, tunnelled := strings.Cut(text, "\r\n\r\n HTTP")
		if !tunnelled {
			script = append(script, wiretest.Replies(text))
			continue
		}
		script = append(script, wiretest.Replies(first+"\r\n\r\n", "HTTP"+second))
	}
	return script
}

// TestDeadProxy holds that no other way is tried.
func TestDeadProxy(t *testing.T) {
	origin := wiretest.New(t)
	for _, proxy := range []string{"127.0.0.1:1", "http://me:s3cret@127.0.0.1:1", "socks5://me:s3cret@127.0.0.1:1"} {
		for _, mode := range []string{"-v", "--proxy-forward"} {
			r := run(t, "get", mode, "--json", "--proxy", proxy, "http://"+origin.Addr())
			if r.code != 4 || !strings.Contains(r.stderr, "hackney: proxy 127.0.0.1:1 for "+origin.Addr()+": ") || strings.Contains(r.stdout+r.stderr, "s3cret") {
				t.Errorf("%s %s: %+v", mode, proxy, r)
			}
		}
	}
	if origin.Conns() != 0 {
		t.Errorf("the origin has %d connections", origin.Conns())
	}
}

// TestEnvironmentOfProxies reads it where --proxy says so, and nowhere else.
func TestEnvironmentOfProxies(t *testing.T) {
	proxy := wiretest.New(t, wiretest.Replies(hello), wiretest.Replies(hello))
	t.Setenv("HTTP_PROXY", "http://me:s3cret@"+proxy.Addr())
	t.Setenv("http_proxy", "")
	t.Setenv("NO_PROXY", "b.test")
	t.Setenv("no_proxy", "")
	t.Setenv("REQUEST_METHOD", "")

	r := run(t, "get", "-v", "--proxy", "env", "http://a.test./1")
	if r.code != 0 || r.stdout != "hello" || !strings.Contains(r.stderr, " through http://"+proxy.Addr()+"\n") || strings.Contains(r.stderr, "s3cret") {
		t.Errorf("%+v", r)
	}
	want := "GET http://a.test./1 HTTP/1.1\r\nHost: a.test.\r\n" + agent + "Proxy-Authorization: Basic bWU6czNjcmV0\r\n\r\n"
	if got := string(proxy.Received(0)); got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
	if got, err := environment(url.URL{Scheme: url.HTTP, Host: "b.test.", Port: 80}); got != "" || err != nil {
		t.Errorf("b.test. has the proxy %q, error %v", got, err)
	}
	for _, args := range [][]string{{"get", "--proxy", "env"}, {"get"}} { // a direct connection: to nowhere
		if r := run(t, append(args, "http://127.0.0.1:1/")...); r.code != 4 || strings.Contains(r.stderr, "proxy") {
			t.Errorf("%v: %+v", args, r)
		}
	}
	if proxy.Conns() != 1 {
		t.Errorf("the proxy has %d connections, want 1", proxy.Conns())
	}
}

// TestWayRefused are flags that make no sense. No password of theirs is shown.
func TestWayRefused(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0") // that must not be reached
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close()
	for args, want := range map[string]string{
		"--proxy-user me:s3cret":                             "need --proxy",
		"--proxy-forward":                                    "need --proxy",
		"--noproxy *":                                        "need --proxy",
		"--proxy env --noproxy a":                            "NO_PROXY is its list",
		"--proxy x --unix-socket y":                          "--unix-socket goes neither with",
		"--no-private-addresses --unix-socket y":             "--unix-socket goes neither with",
		"--proxy ftp://me:s3cret@x":                          "--proxy is http, https, socks5 or socks5h, or env",
		"--proxy me:s3cret://x":                              "--proxy is http, https, socks5 or socks5h, or env",
		"--proxy http://me:s3cret@:1":                        "bad proxy: ",
		"--proxy me:s3cret@x/y":                              "bad proxy: ",
		"--proxy http://me:s3/cret@x":                        "bad proxy: ",
		"--proxy -me:s3cret@x":                               "--proxy: want a URL",
		"--proxy x --proxy-user -me:s3cret":                  "--proxy-user: want USER:PASSWORD; one that begins with a dash goes as --proxy-user=…",
		"--user -me:s3cret":                                  "--user: want USER:PASSWORD; one that begins with a dash goes as --user=…",
		"--max-redirs me:s3cret":                             "--max-redirs: ",
		"--proxy http://x --proxy-user m:e:s3cret --trace=x": "--trace",
	} {
		r := run(t, append(append([]string{"get", "-v"}, strings.Fields(args)...), "http://"+nobody.Addr().String())...)
		if r.code != 2 || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit code %d, %q, want %q in it", args, r.code, r.stderr, want)
		}
		if args != "--max-redirs me:s3cret" && (strings.Contains(r.stderr, "s3cret") || strings.Contains(r.stderr, "cret@")) {
			t.Errorf("%s: the password is shown: %q", args, r.stderr)
		}
	}
	if r := run(t, "record", "--proxy", "me:s3cret@x", "http://a.test"); r.code != 2 || !strings.Contains(r.stderr, "record knows no proxy") {
		t.Errorf("%+v", r)
	}
}

// TestThrough holds what is said of the way of a connection.
func TestThrough(t *testing.T) {
	to := url.URL{Scheme: url.HTTP, Host: "::1", Port: 81}
	secure := url.URL{Scheme: url.HTTPS, Host: "a.test", Port: 443}
	for _, c := range []struct {
		proxy string
		to    url.URL
		mode  hackney.ProxyMode
		want  string
	}{
		{"me:s3@cret@p:1", to, hackney.Tunnel, " through http://p:1 by CONNECT [::1]:81"},
		{"", to, hackney.Tunnel, ""},
		{"https://p", to, hackney.Forward, " through https://p"},
		{"https://p", secure, hackney.Forward, " through https://p by CONNECT a.test:443"},
		{"SOCKS5://me:s3cret@p", to, hackney.Tunnel, " through SOCKS5://p"},
	} {
		tr := tracer{through: " of the connection before"}
		if tr.chosen(c.proxy, c.to, c.mode); tr.through != c.want {
			t.Errorf("%q: %q, want %q", c.proxy, tr.through, c.want)
		}
	}
}

// TestNoProxy is about curl's rules of lists.
func TestNoProxy(t *testing.T) {
	for _, c := range []struct {
		list, host string
		port       int
		want       bool
	}{
		{"", "a.test", 80, false},
		{"*", "a.test", 80, true},
		{"*", "127.0.0.1", 80, true},
		{"b.test,*", "a.test", 80, true},
		{"a.test", "a.test", 80, true},
		{"A.test.", "a.TEST", 80, true},
		{"a.test", "a.test.", 80, true},
		{"a.test", "www.a.test", 80, true},
		{"a.test", "wwwa.test", 80, false},
		{"a.test", "test", 80, false},
		{".a.test", "a.test", 80, true},
		{".a.test", "www.a.test", 80, true},
		{"b.test, a.test", "a.test", 80, true},
		{"b.test a.test", "a.test", 80, true},
		{",,", "a.test", 80, false},
		{".", "a.test", 80, false},
		{"a.test:81", "a.test", 81, true},
		{"a.test:81", "a.test", 80, false},
		{"localhost", "localhost", 80, true},
		{"a.test", "localhost", 80, false},
		{"a.test", "127.0.0.1", 80, false},
		{"127.0.0.1", "127.0.0.1", 80, true},
		{"127.0.0.1", "127.0.0.2", 80, false},
		{"127.0.0.0/8", "127.9.9.9", 80, true},
		{"127.0.0.0/8", "128.0.0.1", 80, false},
		{"127.0.0.1:81", "127.0.0.1", 80, false},
		{"10.0.0.0/8", "a.test", 80, false},
		{"0.0.1", "127.0.0.1", 80, false}, // no name
		{"::1", "::1", 80, true},
		{"[::1]", "0:0::1", 80, true},
		{"[::1]:81", "::1", 81, true},
		{"[::1]:81", "::1", 80, false},
		{"127.0.0.1", "::ffff:127.0.0.1", 80, true},
		{"example.com", "::1%25.example.com", 80, false},
		{"2001:db8::/32", "2001:db8:1::1", 80, true},
	} {
		if got := parseNoProxy(c.list).has(c.host, c.port); got != c.want {
			t.Errorf("%q has %s, port %d: %v", c.list, c.host, c.port, got)
		}
	}
}

// TestNoLocation blames the peer, and shows the head of the redirect where that is asked for.
func TestNoLocation(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 301 Gone off\r\nContent-Length: 0\r\n\r\n"))
	r := run(t, "get", "-L", "--json", "http://"+srv.Addr()+"/x")
	if r.code != 3 || r.stderr != "hackney: redirect of http://"+srv.Addr()+"/x: the redirect has no Location\n" || !strings.Contains(r.stdout, `"reason":"Gone off"`) {
		t.Errorf("%+v", r)
	}
}

// TestRedirectLines holds that what a peer says does a terminal no harm.
func TestRedirectLines(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 302 \x1b[31m\r\nLocation: /\xc2\x9b31m\r\nContent-Length: 0\r\n\r\n", hello))
	r := run(t, "get", "-L", "-v", "http://"+srv.Addr()+"/")
	if r.code != 0 || strings.ContainsAny(r.stderr, "\x1b\u009b") || !strings.Contains(r.stderr, " -> / 31m\n") {
		t.Errorf("%+v", r)
	}
}
