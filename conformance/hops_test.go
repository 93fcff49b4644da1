package conformance

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// TestHopOptions: what the words for redirects and proxies set.
func TestHopOptions(t *testing.T) {
	challenged := func(o *hackney.Opts) (all string) {
		for attempt := 1; attempt < 4; attempt++ {
			answer, err := o.AnswerProxy(hackney.ProxyChallenge{Attempt: attempt})
			all += fmt.Sprintf("%s %v, ", answer, err)
		}
		return all
	}
	allowed := func(addresses ...string) func(*hackney.Opts) string {
		return func(o *hackney.Opts) (all string) {
			for _, a := range addresses {
				all += fmt.Sprint(o.AddressPolicy(netip.MustParseAddrPort(a)) == nil, " ")
			}
			return all
		}
	}
	for _, c := range []struct {
		words string
		want  string
		of    func(*hackney.Opts) string
	}{
		{"follow-redirect", "true false false", following},
		{"force-redirect=true rewrite-post", "false true true", following},
		{"follow-redirect=false", "false false false", following},
		{"max-redirect=7", "7", func(o *hackney.Opts) string { return fmt.Sprint(o.MaxRedirect) }},
		{"max-redirect=none", fmt.Sprint(hackney.NoRedirects), func(o *hackney.Opts) string { return fmt.Sprint(o.MaxRedirect) }},
		{"max-redirect=unlimited", fmt.Sprint(hackney.Unlimited), func(o *hackney.Opts) string { return fmt.Sprint(o.MaxRedirect) }},
		{"sensitive=A,B sensitive=C", "[A B C]", func(o *hackney.Opts) string { return fmt.Sprint(o.Sensitive) }},
		{"proxy=http://p:1", fmt.Sprint(hackney.ProxyURL("http://p:1")), func(o *hackney.Opts) string { return fmt.Sprint(o.Proxy) }},
		{"proxy=http://p:1 proxy=none", "<nil>", func(o *hackney.Opts) string { return fmt.Sprint(o.Proxy) }},
		{"proxy-mode=forward", fmt.Sprint(hackney.Forward), func(o *hackney.Opts) string { return fmt.Sprint(o.ProxyMode) }},
		{"proxy-mode=forward proxy-mode=tunnel", fmt.Sprint(hackney.Tunnel), func(o *hackney.Opts) string { return fmt.Sprint(o.ProxyMode) }},
		{"proxy-auth=u:p:q", "u p:q", func(o *hackney.Opts) string { return o.ProxyAuth.User + " " + o.ProxyAuth.Password }},
		{"proxy-headers=A:b proxy-headers=A:c", "[b c]", func(o *hackney.Opts) string { return fmt.Sprint(o.ProxyHeaders.Values("A")) }},
		{`answer-proxy=Basic\x20a answer-proxy=error:no`, "Basic a <nil>,  no,  <nil>, ", challenged},
		{"address-policy=public", "true false ", allowed("93.184.215.14:80", "10.0.0.1:80")},
		{"address-policy=public,10.0.0.0/8", "true true false ", allowed("93.184.215.14:80", "10.0.0.1:80", "127.0.0.1:80")},
		{"address-policy=nothing,10.0.0.0/8", "false true ", allowed("93.184.215.14:80", "10.0.0.1:80")},
	} {
		s := newSession(t.Context(), nil)
		if err := setOptions(s, strings.Fields(c.words)); err != nil {
			t.Errorf("%s: %v", c.words, err)
			continue
		}
		if got := c.of(s.opts()); got != c.want {
			t.Errorf("%s gave %q, want %q", c.words, got, c.want)
		}
	}
}

func following(o *hackney.Opts) string {
	return fmt.Sprint(o.FollowRedirect, " ", o.ForceRedirect, " ", o.RewritePost)
}

// TestHopOptionsRefused: a word that makes no sense is a fault of the script.
func TestHopOptionsRefused(t *testing.T) {
	for _, word := range []string{
		"follow-redirect=maybe", "max-redirect=some", "proxy-mode=both", "proxy-auth=user", "proxy-headers=field",
		"proxy=a:1>http://p,b:1", "address-policy", "address-policy=private", "address-policy=public,10.0.0.1", `answer-proxy=\q`,
	} {
		var usage usageError
		if err := setOptions(newSession(t.Context(), nil), []string{word}); !errors.As(err, &usage) {
			t.Errorf("%s gave %v", word, err)
		}
	}
}

// TestOptionsAreSetAnew: nothing of a line of options is left in the next one.
func TestOptionsAreSetAnew(t *testing.T) {
	s := newSession(t.Context(), nil)
	s.routes.add("a.test:80", route{refused: true})
	for _, words := range []string{"answer-proxy=a address-policy=nothing", "answer-proxy=b", ""} {
		if err := setOptions(s, strings.Fields(words)); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.answers) > 0 || s.guarded != nil || s.opts().AddressPolicy != nil {
		t.Errorf("%q, guarded %t", s.answers, s.guarded != nil)
	}
}

const opened = "HTTP/1.1 200 OK\r\nProxy-Agent: p\r\n\r\n"

// hopRecordings are clients whose requests go more than one way.
var hopRecordings = []struct {
	name    string
	proxy   wiretest.Conn
	more    []wiretest.Conn // of the proxy
	opts    hackney.Opts
	target  string
	refused bool
	want    []string // in the script
	gone    []string
}{
	{
		name:   "a tunnel",
		proxy:  wiretest.Conn{wiretest.Reply(opened), wiretest.Reply(greeting)},
		target: "http://www.example.com/a",
		want:   []string{"server at www.example.com:80\n", "want sent sent.1\n", "want data @body.1\n"},
		gone:   []string{"CONNECT", "Proxy-A"},
	},
	{
		name:   "TLS in a tunnel that was asked for twice",
		proxy:  wiretest.Conn{wiretest.Reply("HTTP/1.1 407 Who\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwho\r\n0\r\n\r\n"), wiretest.Reply(opened).ThenTLS(), wiretest.Reply(greeting)},
		opts:   hackney.Opts{AnswerProxy: func(hackney.ProxyChallenge) (string, error) { return "Basic open-sesame", nil }},
		target: "https://www.example.com/b",
		want:   []string{"server tls at www.example.com:443\n"},
		gone:   []string{"CONNECT", "sesame", "407"},
	},
	{
		name:   "a redirect in a tunnel",
		proxy:  wiretest.Conn{wiretest.Reply(opened), wiretest.Reply("HTTP/1.1 302 Found\r\nLocation: //u:hidden-pass@other.example.com/there\r\nContent-Length: 0\r\n\r\n")},
		more:   []wiretest.Conn{{wiretest.Reply(opened), wiretest.Reply(greeting)}},
		opts:   hackney.Opts{FollowRedirect: true},
		target: "http://www.example.com/c",
		want:   []string{"server at www.example.com:80\n", "server server2 at other.example.com:80\n", "@other.example.com/there"},
		gone:   []string{"CONNECT", "hidden-pass"},
	},
	{
		name:    "a refusal",
		proxy:   wiretest.Conn{wiretest.Reply("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")},
		opts:    hackney.Opts{ProxyAuth: &hackney.BasicAuth{User: "u", Password: "hidden-pass"}},
		target:  "http://www.example.com/d",
		refused: true,
		want:    []string{"> CONNECT www.example.com:80 HTTP/1.1", "Proxy-Authorization: xxxx", "want status 403"},
		gone:    []string{"dTpoaWRkZW4tcGFzcw==", "Basic"},
	},
	{
		name:   "a request that is handed over",
		proxy:  wiretest.Conn{wiretest.Reply(greeting)},
		opts:   hackney.Opts{ProxyMode: hackney.Forward, ProxyAuth: &hackney.BasicAuth{User: "u", Password: "hidden-pass"}},
		target: "http://www.example.com/e",
		want:   []string{"> GET http://www.example.com/e HTTP/1.1", "Proxy-Authorization: xxxx"},
		gone:   []string{"dTpoaWRkZW4tcGFzcw==", "Basic"},
	},
}

// TestRecordHops records clients of a proxy, and drives the scripts without one.
func TestRecordHops(t *testing.T) {
	for _, test := range hopRecordings {
		t.Run(test.name, func(t *testing.T) {
			rec := NewRecorder()
			o := throughServer(t, test.opts, append([]wiretest.Conn{test.proxy}, test.more...))
			o.Tap = rec.Tap
			cs, err := visit("GET", "", nil, nil)(t.Context(), test.target, o)
			if (err != nil) != test.refused {
				t.Fatal(err)
			}
			hackney.Close(cs)
			script, err := rec.Script()
			if err != nil {
				t.Fatal(err)
			}
			if log := failure(t, script); log != "" {
				t.Error(log)
			}
			tellsOf(t, string(script), test.want, test.gone)
		})
	}
}

// TestBehindATunnel: what is left of a connection keeps its place among the others.
func TestBehindATunnel(t *testing.T) {
	const ask, request = "CONNECT h:80 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"
	const let, answer = "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 204 No\r\n\r\n"
	c := &taped{
		address: "h:80", sent: []byte(ask + request + request), received: []byte(let + answer + answer),
		moves:  []move{{len(ask), len(let)}, {len(ask + request), len(let + answer)}, {len(ask + request + request), len(let + answer + answer)}},
		firsts: []sentAt{{0, 2}, {len(ask), 4}, {len(ask + request), 8}},
	}
	through, refused := throughTunnels([]*taped{c}, true)
	if len(through) != 1 || len(refused) > 0 {
		t.Fatalf("%d through, refused %q", len(through), refused)
	}
	got := through[0]
	if string(got.sent) != request+request || string(got.received) != answer+answer {
		t.Errorf("sent %q, received %q", got.sent, got.received)
	}
	if want := []move{{len(request), len(answer)}, {2 * len(request), 2 * len(answer)}}; !slices.Equal(got.moves, want) {
		t.Errorf("moves %v, want %v", got.moves, want)
	}
	if first, second := got.orderOf(0), got.orderOf(len(request)); first != 4 || second != 8 {
		t.Errorf("the requests are in the places %d and %d", first, second)
	}
}

// throughServer are options whose proxy is a server that plays conns.
func throughServer(t *testing.T, o hackney.Opts, conns []wiretest.Conn) *hackney.Opts {
	srv := wiretest.Start(t, wiretest.Options{Names: []string{"www.example.com"}}, conns...)
	o.Proxy, o.Insecure = hackney.ProxyURL(srv.URL("")), true
	return &o
}

func tellsOf(t *testing.T, script string, want, gone []string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(script, text) {
			t.Errorf("no %q in it", text)
		}
	}
	for _, text := range gone {
		if strings.Contains(script, text) {
			t.Errorf("%q is in it", text)
		}
	}
	if t.Failed() {
		t.Log(script)
	}
}

// TestStepsThroughHops saves steps of a client with a proxy, and drives them without one.
func TestStepsThroughHops(t *testing.T) {
	for _, test := range hopRecordings {
		t.Run(test.name, func(t *testing.T) {
			st, err := NewSteps(test.target, throughServer(t, test.opts, append([]wiretest.Conn{test.proxy}, test.more...)))
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			tr, err := st.Do(t.Context(), "request")
			if err != nil || (tr.Err != nil) != test.refused {
				t.Fatal(err, tr.Err)
			}
			if !test.refused {
				st.Do(t.Context(), "body")
			}
			st.Close()
			script, err := st.Script()
			if err != nil {
				t.Fatal(err)
			}
			if log := failure(t, script); log != "" {
				t.Error(log)
			}
			var want []string
			if test.refused {
				want = append(want, "nobody www.example.com:80\n", "\n! request GET http://www.example.com/d\n")
			}
			if test.opts.FollowRedirect {
				want = append(want, "\nopts follow-redirect\n", "want status 200\n")
			}
			tellsOf(t, string(script), want, []string{"CONNECT", "sesame", "hidden-pass"})
		})
	}
}

// TestStepsWithoutProxy: a proxy that is not there is nobody at the target.
func TestStepsWithoutProxy(t *testing.T) {
	st, err := NewSteps("http://www.example.com/", &hackney.Opts{Proxy: hackney.ProxyURL("http://" + closedPort)})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if tr, err := st.Do(t.Context(), "request"); err != nil || tr.Err == nil {
		t.Fatal(err, tr.Err)
	}
	script, err := st.Script()
	if log := failure(t, script); err != nil || log != "" || !strings.HasPrefix(string(script), "nobody www.example.com:80\n") {
		t.Errorf("%v, %s\n%s", err, log, script)
	}
}

// TestRedirectWords: the options that the script of steps needs.
func TestRedirectWords(t *testing.T) {
	for _, c := range []struct {
		o    hackney.Opts
		want string
	}{
		{hackney.Opts{}, ""},
		{hackney.Opts{MaxRedirect: 3}, ""},
		{hackney.Opts{FollowRedirect: true}, "follow-redirect"},
		{hackney.Opts{FollowRedirect: true, MaxRedirect: 3}, "follow-redirect max-redirect=3"},
		{hackney.Opts{ForceRedirect: true, RewritePost: true, MaxRedirect: hackney.Unlimited}, "force-redirect rewrite-post max-redirect=unlimited"},
		{hackney.Opts{FollowRedirect: true, MaxRedirect: hackney.NoRedirects}, "follow-redirect max-redirect=none"},
	} {
		if got := strings.Join(redirectWords(&c.o), " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.o, got, c.want)
		}
	}
}

// TestHopChecks: a check that asks for something else than what was says so.
func TestHopChecks(t *testing.T) {
	refused := &hackney.ProxyError{Status: 407, Reason: "Who", Body: []byte("b")}
	s := newSession(t.Context(), nil)
	for _, c := range []struct {
		err   error
		check string
		fault string // "" for none
	}{
		{refused, "error proxy-connection", ""},
		{refused, "proxy-status 407", ""},
		{refused, "proxy-status 403", `it is "407"`},
		{refused, "proxy-reason Who", ""},
		{refused, "proxy-body b", ""},
		{refused, "proxy-body c", `it is "b"`},
		{refused, "proxy-header Via", "there is no field Via"},
		{refused, "cause refused", "the last error has no cause"},
		{nil, "proxy-status 407", "not refused by a proxy"},
		{nil, "proxy-reason x", "not refused by a proxy"},
		{nil, "proxy-body x", "not refused by a proxy"},
		{nil, "proxy-header Via", "not refused by a proxy"},
		{&hackney.ProxyError{Err: hackney.ErrTimeout}, "cause timeout", ""},
		{&hackney.ProxyError{Err: hackney.ErrTimeout}, "cause refused", "of the kind timeout"},
		{&hackney.ProxyError{Err: hackney.ErrTimeout}, "cause refuse", "there is no kind of error"},
		{&hackney.ProxyError{Err: hackney.ErrTimeout}, "cause", "want cause KIND"},
		{&hackney.RedirectError{Err: hackney.ErrTooManyRedirects}, "error max-redirect-overflow", ""},
		{&hackney.RedirectError{Err: hackney.ErrNoLocation}, "error invalid-redirection", ""},
		{&hackney.RedirectError{Err: hackney.ErrNoLocation}, "cause argument", "has no cause"},
		{&hackney.RedirectError{Err: fmt.Errorf("%w: another", hackney.ErrBadLocation)}, "cause argument", "has no cause"},
		{&hackney.AddressError{Err: errForbidden}, "error address", ""},
		{nil, "maybe-redirect true", `it is "false"`},
		{nil, "redirects", ""},
	} {
		s.err = c.err
		err := want(s, false, strings.Fields(c.check))
		if text := fmt.Sprint(cmp.Or(err, errors.New(""))); !strings.Contains(text, c.fault) || c.fault == "" && err != nil {
			t.Errorf("%v: want %s gave %v", c.err, c.check, err)
		}
	}
}
