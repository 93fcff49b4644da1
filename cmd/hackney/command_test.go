package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/testserver"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// TestVerbs sends a request with each verb, and with methods of one's own.
func TestVerbs(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Method", r.Method)
	}))
	defer srv.Close()
	if len(verbs) != 25 {
		t.Errorf("%d verbs, want 25", len(verbs))
	}
	for _, v := range verbs {
		r := run(t, v.name, "-i", srv.URL)
		if r.code != 0 || !strings.Contains(r.stdout, "X-Method: "+v.method+"\n") {
			t.Errorf("%s: %+v", v.name, r)
		}
	}
	for _, c := range []struct{ method, flag, want string }{
		{"brew", "-i", "BREW"},
		{"bReW", "--raw-method", "bReW"},
	} {
		r := run(t, "request", "-i", c.flag, c.method, srv.URL)
		if r.code != 0 || !strings.Contains(r.stdout, "X-Method: "+c.want+"\n") {
			t.Errorf("%v: %+v", c, r)
		}
	}
}

// TestSent holds what goes out against the flags.
func TestSent(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{
			"fields",
			[]string{"get", "-H", "x-One: 1", "-H", "Accept:  a, b ", "-H", "Empty:", "-H", "x-one: 2, 3"},
			"GET /p?q HTTP/1.1\r\nHost: ADDR\r\nUser-Agent: AGENT\r\nx-One: 1\r\nAccept: a, b\r\nEmpty: \r\nx-one: 2, 3\r\n\r\n",
		},
		{
			"defaults replaced",
			[]string{"post", "-d", "x", "-H", "user-agent: me", "-H", "host: h", "-H", "content-type: t/x"},
			"POST /p?q HTTP/1.1\r\nhost: h\r\nuser-agent: me\r\ncontent-type: t/x\r\nContent-Length: 1\r\n\r\nx",
		},
		{
			"user",
			[]string{"get", "-u", "me:p:w"},
			"GET /p?q HTTP/1.1\r\nHost: ADDR\r\nUser-Agent: AGENT\r\nAuthorization: Basic bWU6cDp3\r\n\r\n",
		},
		{
			"user alone",
			[]string{"get", "-u", "me"},
			"GET /p?q HTTP/1.1\r\nHost: ADDR\r\nUser-Agent: AGENT\r\nAuthorization: Basic bWU6\r\n\r\n",
		},
		{
			"data",
			[]string{"put", "--data=-1"},
			"PUT /p?q HTTP/1.1\r\nHost: ADDR\r\nUser-Agent: AGENT\r\nContent-Type: application/octet-stream\r\nContent-Length: 2\r\n\r\n-1",
		},
		{
			"standard input",
			[]string{"put", "-d", "@-"},
			"PUT /p?q HTTP/1.1\r\nHost: ADDR\r\nUser-Agent: AGENT\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nin\r\n0\r\n\r\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
			r := runApp(t, &app{stdin: strings.NewReader("in")}, append(c.args, "http://"+srv.Addr()+"/p?q")...)
			want := strings.NewReplacer("ADDR", srv.Addr(), "AGENT", "hackney/"+hackney.Version).Replace(c.want)
			if got := string(srv.Received(0)); got != want || r.code != 0 {
				t.Errorf("%+v; sent\n%q, want\n%q", r, got, want)
			}
		})
	}
}

// TestSwitched shows that an answer without a body of its own is an answer.
func TestSwitched(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"))
	r := run(t, "get", "-i", "-H", "Upgrade: x", "-H", "Connection: upgrade", "http://"+srv.Addr())
	if r.code != 0 || !strings.HasPrefix(r.stdout, "HTTP/1.1 101 ") || !strings.Contains(r.stderr, "another protocol") {
		t.Errorf("%+v", r)
	}
}

// TestJSONKeys holds the shape of the object, and the bytes of its texts.
func TestJSONKeys(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 Gr\xfc\xdfe\r\nX: \xe9\r\nY: é\r\nX: <2>\r\nContent-Length: 0\r\n\r\n"))
	r := run(t, "get", "--json", "http://"+srv.Addr())
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r.stdout), &object); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	want := []string{"body", "error", "headers", "interim", "kept", "reason", "redirects", "reused", "state", "status", "trailers", "version"}
	if !slices.Equal(keys, want) {
		t.Errorf("keys %v, want %v", keys, want)
	}
	got := string(object["reason"]) + string(object["headers"])
	if want := `"Grüße"[["X","é"],["Y","é"],["X","<2>"],["Content-Length","0"]]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestServe starts the server on a port, asks it, and interrupts it.
func TestServe(t *testing.T) {
	cert := filepath.Join(t.TempDir(), "cert.pem")
	for _, c := range []struct {
		name  string
		serve []string
		get   []string
	}{
		{"TCP", []string{"serve"}, []string{"get"}},
		{"localhost", []string{"serve", "--addr", "localhost:0"}, []string{"get"}},
		{"TLS", []string{"serve", "--tls", "--cert", cert}, []string{"get", "--cacert", cert}},
		{"insecure", []string{"serve", "--tls"}, []string{"get", "-k"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			read, write := io.Pipe()
			code := make(chan int)
			go func() {
				a := &app{stdout: write, stderr: io.Discard}
				code <- a.run(ctx, c.serve)
			}()
			url, err := bufio.NewReader(read).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			r := run(t, append(c.get, strings.TrimSpace(url)+"/base64/aGVsbG8=")...)
			if r.code != 0 || r.stdout != "hello" {
				t.Errorf("%+v", r)
			}
			stop()
			if got := <-code; got != 0 {
				t.Errorf("the server ended with %d", got)
			}
		})
	}
}

// TestInterruptedInput interrupts a request while it waits for standard input.
func TestInterruptedInput(t *testing.T) {
	s := startServer(t, testserver.Options{})
	read, write := io.Pipe()
	defer write.Close() // ends the read that is left behind
	var stderr strings.Builder
	a := &app{stdin: read, stdout: io.Discard, stderr: &stderr}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		io.WriteString(write, "some")
		cancel(signalError{syscall.SIGINT})
	}()
	if code := a.run(ctx, []string{"post", "-d", "@-", s.URL() + "/echo"}); code != 130 {
		t.Errorf("exit code %d, %s", code, stderr.String())
	}
}

func TestExitCodes(t *testing.T) {
	background := context.Background()
	interrupted := canceled(signalError{syscall.SIGINT})
	network := &hackney.TransportError{Err: context.Canceled}
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want int
	}{
		{background, errors.New("of our own"), 2},
		{background, &stepError{"Request", &hackney.ArgumentError{Err: io.EOF}}, 2},
		{background, &hackney.StateError{Err: hackney.ErrStale}, 2},
		{background, &stepError{"CopyBody", &hackney.ProtocolError{}}, 3},
		{background, &hackney.IncompleteError{}, 3},
		{background, network, 4},
		{background, &hackney.LimitError{}, 5},
		{background, &stepError{"Request", &hackney.RedirectError{Err: hackney.ErrNoLocation}}, 3},
		{background, &hackney.RedirectError{Err: hackney.ErrTooManyRedirects}, 5},
		{background, &hackney.ProxyError{Status: 407}, 3},
		{background, &hackney.ProxyError{Err: &hackney.TransportError{Err: io.EOF}}, 4},
		{background, &hackney.TransportError{Err: &hackney.AddressError{Err: io.EOF}}, 5},
		{background, errSurprise, 1},
		{interrupted, network, 130},
		{interrupted, &hackney.LimitError{}, 5},
		{interrupted, errSurprise, 1},
	} {
		if got := exitCode(c.ctx, c.err); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
}

// TestOneLine holds that a peer's bytes do a terminal no harm.
func TestOneLine(t *testing.T) {
	got := oneLine(errors.New("a\nb\x1b[31m\u009bc\x7f\r\xffé"))
	if want := "a b [31m c  \uFFFDé"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestDemoSurprised runs the demo against a server that is not there.
func TestDemoSurprised(t *testing.T) {
	plain, secure := startServer(t, testserver.Options{}), startServer(t, testserver.Options{TLS: true})
	plain.Close()
	var out strings.Builder
	d := &demo{ctx: t.Context(), out: &out, plain: plain, secure: secure}
	if err := d.run(); err != errSurprise {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(out.String(), "\nNot as promised: Get /bytes/1000: network: dial ") {
		t.Error(out.String())
	}
}

// TestDemoInterrupted holds that an interruption is no surprise.
func TestDemoInterrupted(t *testing.T) {
	plain, secure := startServer(t, testserver.Options{}), startServer(t, testserver.Options{TLS: true})
	d := &demo{ctx: canceled(signalError{syscall.SIGINT}), out: io.Discard, plain: plain, secure: secure}
	if err := d.run(); exitCode(d.ctx, err) != 130 {
		t.Errorf("error %v", err)
	}
}

// TestStatesDocument fails when docs/states.md is stale.
func TestStatesDocument(t *testing.T) {
	got, err := os.ReadFile("../../docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != statesDocument() {
		t.Error("docs/states.md is stale: run go generate ./...")
	}
}

// TestMeanings holds that each state is explained, and the parts are in their places.
func TestMeanings(t *testing.T) {
	for state, meaning := range meanings {
		if meaning == "" {
			t.Errorf("%v has no meaning", hackney.ResponseState(state))
		}
	}
	if next := hackney.ResponseState(len(meanings)); !strings.HasPrefix(next.String(), "unknown") {
		t.Errorf("%v has no meaning", next)
	}
	if doc := statesDocument(); strings.ContainsAny(doc, "{}") {
		t.Error("a part of the document is missing")
	}
}
