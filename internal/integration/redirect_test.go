//go:build integration

package integration

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
)

// redirector is a real server that sends its clients elsewhere: to /end, where it says
// what it was asked. It is reached at two ports, and over TLS at a third.
type redirector struct {
	*process
	plain, other, secure string // http://127.0.0.1:1234
	cert                 *selfsigned.Cert
}

// codes are the statuses of redirects that are followed.
var codes = []int{301, 302, 303, 307, 308}

// places are those to which redirects of /code/name lead. {0} and so on are addresses,
// {port} is the port of {0}.
var places = []struct{ name, location, url string }{
	{"path", "/end", "{from}/end"},
	{"relative", "../end?a=b", "{from}/end?a=b"},
	{"dots", "./x/../../end?./..", "{from}/end?./.."},
	{"absolute", "http://{0}/end", "http://{0}/end"},
	{"noscheme", "//{from-host}/end", "{from}/end"},
	{"port", "http://{1}/end", "http://{1}/end"},
	{"tls", "https://{2}/end", "https://{2}/end"},
	{"name", "http://localhost:{port}/end", "http://localhost:{port}/end"},
	{"fragment", "/end#there", "{from}/end"},
}

// nginxRedirects has a server for each port, so that each knows what to put before a path.
func nginxRedirects(p *process) string {
	var b strings.Builder
	for i, listen := range []string{"{0}", "{1}", "{2} ssl"} {
		fmt.Fprintf(&b, "\tserver {\n\t\tlisten %s;\n\t\tdefault_type text/plain;\n\t\tabsolute_redirect off;\n", listen)
		fmt.Fprintf(&b, "\t\tlocation = /loop { return 302 /loop; }\n")
		fmt.Fprintf(&b, "\t\tlocation = /none { return 302; }\n")
		fmt.Fprintf(&b, "\t\tlocation = /end { add_header X-Host $http_host; add_header X-Method $request_method; add_header X-Connection $connection; return 200 end; }\n")
		for left := range 10 {
			fmt.Fprintf(&b, "\t\tlocation = /left/%d { return 307 /left/%d; }\n", left+1, left)
		}
		fmt.Fprintf(&b, "\t\tlocation = /left/0 { return 307 /end; }\n")
		for _, code := range codes {
			for _, place := range places {
				location := strings.ReplaceAll(place.location, "{from-host}", p.addresses[i])
				fmt.Fprintf(&b, "\t\tlocation = /%d/%s { return %d \"%s\"; }\n", code, place.name, code, location)
			}
		}
		b.WriteString("\t}\n")
	}
	return b.String()
}

func startNginxRedirector(t *testing.T) *redirector {
	t.Helper()
	r := &redirector{cert: newCert(t)}
	r.process = startNginx(t, 3, r.cert, func(p *process) string {
		_, port, _ := net.SplitHostPort(p.addresses[0])
		return strings.ReplaceAll(nginxRedirects(p), "{port}", port)
	})
	return r.at()
}

func (r *redirector) at() *redirector {
	r.plain, r.other, r.secure = "http://"+r.addresses[0], "http://"+r.addresses[1], "https://"+r.addresses[2]
	return r
}

// following are options that follow so many redirects.
func (r *redirector) following(max int) *hackney.Opts {
	return &hackney.Opts{FollowRedirect: true, MaxRedirect: max, TLS: &tls.Config{RootCAs: r.cert.Pool()}}
}

func TestRedirectNginx(t *testing.T) { testRedirector(t, startNginxRedirector(t)) }

func TestRedirectHAProxy(t *testing.T) { testRedirector(t, startHAProxy(t, newOrigin(t, nil))) }

func testRedirector(t *testing.T, r *redirector) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *redirector)
	}{
		{"each place by each status", testPlaces},
		{"off by default", testOff},
		{"loop", testLoop},
		{"length of a chain", testChain},
		{"no Location", testNoLocation},
		{"on one connection", testOneConnection},
		{"the next request starts over", testStartsOver},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, r) })
	}
}

func testPlaces(t *testing.T, r *redirector) {
	for _, from := range []string{r.plain, r.other, r.secure} {
		for _, code := range codes {
			for _, place := range places {
				for _, method := range []string{"GET", "HEAD"} {
					first := fmt.Sprintf("%s/%d/%s", from, code, place.name)
					t.Run(method+" "+first, func(t *testing.T) { r.place(t, method, first, code, from, place.location, place.url) })
				}
			}
		}
	}
}

// fill puts the server's addresses and that of a request into a URL.
func (r *redirector) fill(text, from string) string {
	_, port, _ := net.SplitHostPort(r.addresses[0])
	_, host, _ := strings.Cut(from, "://")
	return r.expand(text, "{port}", port, "{from}", from, "{from-host}", host)
}

func (r *redirector) place(t *testing.T, method, first string, code int, from, location, url string) {
	cs, err := hackney.Request(limited(t), method, first, nil, nil, r.following(0))
	body, cs := whole(t, cs, err, 200)
	if want := map[string]string{"GET": "end"}[method]; string(body) != want {
		t.Errorf("body %q, want %q", body, want)
	}
	want := r.fill(url, from)
	if cs.URL() != want || cs.Location() != r.fill(location, from) {
		t.Errorf("URL %q, Location %q; want %q", cs.URL(), cs.Location(), want)
	}
	hops := []hackney.Redirect{{Method: method, URL: first, Status: code, Location: r.fill(location, from)}}
	if got := cs.Redirects(); !slices.Equal(got, hops) {
		t.Errorf("redirects\n%+v, want\n%+v", got, hops)
	}
	scheme, rest, _ := strings.Cut(want, "://")
	authority, _, _ := strings.Cut(rest, "/")
	if got := cs.Headers().Get("X-Host"); got != authority {
		t.Errorf("Host was %q, want %q", got, authority)
	}
	if got := cs.Headers().Get("X-Method"); got != method {
		t.Errorf("the method was %s, want %s", got, method)
	}
	if cs.Scheme() != scheme || (cs.TLS() != nil) != (scheme == "https") {
		t.Errorf("scheme %q, TLS %v, want %s", cs.Scheme(), cs.TLS() != nil, scheme)
	}
}

func testOff(t *testing.T, r *redirector) {
	for _, code := range codes {
		cs, err := hackney.Get(limited(t), fmt.Sprintf("%s/%d/path", r.plain, code), nil, nil, nil)
		_, cs = whole(t, cs, err, code)
		if cs.Location() != "/end" || len(cs.Redirects()) != 0 {
			t.Errorf("Location %q, redirects %v", cs.Location(), cs.Redirects())
		}
	}
}

// redirectError wants that a redirect was not followed for that reason, and reads the answer.
func redirectError(t *testing.T, cs hackney.ClientState, err error, reason error) (*hackney.RedirectError, []byte) {
	t.Helper()
	var wrong *hackney.RedirectError
	if !errors.As(err, &wrong) || !errors.Is(err, reason) {
		t.Fatalf("error %v, want a RedirectError: %v", err, reason)
	}
	t.Log(err)
	if cs.Status() < 300 || cs.Status() > 399 || cs.ContentLength() > 0 && cs.ResponseState() != hackney.StateOnBody {
		t.Errorf("%v with status %d, want the redirect", cs, cs.Status())
	}
	body, _ := whole(t, cs, nil, cs.Status())
	return wrong, body
}

func testLoop(t *testing.T, r *redirector) {
	for max, count := range map[int]int{0: 5, 1: 1, 3: 3, hackney.NoRedirects: 0} {
		cs, err := hackney.Get(limited(t), r.plain+"/loop", nil, nil, r.following(max))
		wrong, body := redirectError(t, cs, err, hackney.ErrTooManyRedirects)
		if wrong.Count != count || len(cs.Redirects()) != count || wrong.Location != "/loop" || wrong.URL != r.plain+"/loop" {
			t.Errorf("%d redirects: %+v after %d", max, wrong, len(cs.Redirects()))
		}
		if r.name == "nginx" && !strings.Contains(string(body), "302 Found") { // haproxy sends none
			t.Errorf("body %q", body)
		}
	}
}

// testChain: as many redirects as are allowed are followed, and not one more.
func testChain(t *testing.T, r *redirector) {
	for _, test := range []struct {
		max, length int
		ok          bool
	}{{0, 5, true}, {0, 6, false}, {2, 2, true}, {2, 3, false}, {hackney.Unlimited, 11, true}} {
		cs, err := hackney.Get(limited(t), fmt.Sprintf("%s/left/%d", r.plain, test.length-1), nil, nil, r.following(test.max))
		if !test.ok {
			redirectError(t, cs, err, hackney.ErrTooManyRedirects)
			continue
		}
		_, cs = whole(t, cs, err, 200)
		if len(cs.Redirects()) != test.length {
			t.Errorf("%d redirects, want %d", len(cs.Redirects()), test.length)
		}
	}
}

func testNoLocation(t *testing.T, r *redirector) {
	cs, err := hackney.Get(limited(t), r.plain+"/none", nil, nil, r.following(0))
	redirectError(t, cs, err, hackney.ErrNoLocation)
}

// testOneConnection: behind a redirect the connection is good for the next request.
func testOneConnection(t *testing.T, r *redirector) {
	for _, base := range []string{r.plain, r.secure} {
		opts := r.following(0)
		opts.Pool = pool.New(pool.Opts{})
		defer opts.Pool.Close()
		cs, err := hackney.Get(limited(t), base+"/end", nil, nil, opts)
		_, cs = whole(t, cs, err, 200)
		hackney.Close(cs)
		first := cs.Headers().Get("X-Connection")
		cs, err = hackney.Get(limited(t), base+"/left/4", nil, nil, opts)
		_, cs = whole(t, cs, err, 200)
		hackney.Close(cs)
		if got := cs.Headers().Get("X-Connection"); first == "" || got != first || !cs.Reused() {
			t.Errorf("connection %q, want %q; reused %v", got, first, cs.Reused())
		}
	}
}

// testStartsOver: SendRequest goes to where the first request went.
func testStartsOver(t *testing.T, r *redirector) {
	for _, name := range []string{"path", "port", "tls", "name"} {
		cs, err := hackney.Get(limited(t), r.plain+"/302/"+name, nil, nil, r.following(0))
		_, cs = whole(t, cs, err, 200)
		cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Path: "/end"})
		_, cs = whole(t, cs, err, 200)
		if got := "http://" + cs.Headers().Get("X-Host"); got != r.plain || cs.URL() != r.plain+"/end" || len(cs.Redirects()) != 0 {
			t.Errorf("%s: the next request went to %s, URL %s, redirects %v", name, got, cs.URL(), cs.Redirects())
		}
	}
}
