package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/internal/golden"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// failure runs a script and gives what it says when it fails, "" where it passes.
func failure(t *testing.T, script []byte) (log string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recorded.txtar")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := new(Runner).Drive(path); err != nil {
		return "failed: " + err.Error()
	}
	return ""
}

// player is what a recorded client does.
type player func(ctx context.Context, base string, o *hackney.Opts) (hackney.ClientState, error)

// visit is one request with its body read.
func visit(method, path string, h *headers.Headers, p hackney.Payload) player {
	return func(ctx context.Context, base string, o *hackney.Opts) (hackney.ClientState, error) {
		cs, err := hackney.Request(ctx, method, base+path, h, p, o)
		if err != nil {
			return cs, err
		}
		_, cs, err = hackney.Body(ctx, cs)
		return cs, err
	}
}

// visits makes one request behind the other on one connection.
func visits(first player, next ...hackney.Req) player {
	return func(ctx context.Context, base string, o *hackney.Opts) (hackney.ClientState, error) {
		cs, err := first(ctx, base, o)
		for _, r := range next {
			if err != nil {
				break
			}
			if cs, err = hackney.SendRequest(ctx, cs, r); err == nil {
				_, cs, err = hackney.Body(ctx, cs)
			}
		}
		return cs, err
	}
}

// headOnly reads no body.
func headOnly(method, path string, h *headers.Headers) player {
	return func(ctx context.Context, base string, o *hackney.Opts) (hackney.ClientState, error) {
		return hackney.Request(ctx, method, base+path, h, nil, o)
	}
}

// byItems sends a form item by item.
func byItems(list ...multipart.Part) player {
	return func(ctx context.Context, base string, o *hackney.Opts) (hackney.ClientState, error) {
		cs, err := hackney.Post(ctx, base+"/", nil, hackney.StreamMultipart(-1, "b"), o)
		for _, p := range list {
			if err == nil {
				cs, err = hackney.StreamMultipartRequest(ctx, cs, p)
			}
		}
		if err == nil {
			cs, err = hackney.StartResponse(ctx, cs)
		}
		if err == nil {
			_, cs, err = hackney.Body(ctx, cs)
		}
		return cs, err
	}
}

// raw sends a head as it is.
func raw(head string, p hackney.Payload) player {
	return func(ctx context.Context, base string, o *hackney.Opts) (hackney.ClientState, error) {
		cs, err := headOnlyConnect(ctx, base, o)
		if err != nil {
			return cs, err
		}
		if cs, err = hackney.SendRequest(ctx, cs, hackney.Req{Raw: []byte(head), Payload: p}); err != nil {
			return cs, err
		}
		_, cs, err = hackney.Body(ctx, cs)
		return cs, err
	}
}

func headOnlyConnect(ctx context.Context, base string, o *hackney.Opts) (hackney.ClientState, error) {
	t := transport.TCP
	if strings.HasPrefix(base, "https:") {
		t = transport.TLS
	}
	var host string
	var port int
	address := strings.ReplaceAll(base[strings.Index(base, "//")+2:], ":", " ")
	fmt.Sscan(address, &host, &port)
	return hackney.Connect(ctx, t, host, port, o)
}

// pieces gives each text as a piece, and begins anew after the end.
func pieces(list ...string) hackney.Payload {
	given := 0
	return hackney.Func(func() ([]byte, error) {
		if given == len(list) {
			given = 0
			return nil, io.EOF
		}
		given++
		return []byte(list[given-1]), nil
	})
}

// step begins a step with a wait.
func step(w wiretest.Wait, segments ...string) wiretest.Step { return wiretest.On(w, segments...) }

const greeting = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func binary() string {
	var b strings.Builder
	for i := range 1000 {
		b.WriteByte(byte(i * 7))
	}
	return b.String() + "\n-- server --\n${HOME}$\\\r\n -- x --"
}

// recordings are the exchanges that are recorded and played again.
var recordings = []struct {
	name    string
	options wiretest.Options
	server  []wiretest.Conn
	client  player
	fails   bool
	want    []string // in the script
}{
	{"get", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, visit("GET", "/a?b=c", nil, nil), false, []string{"request GET http", "wait request", "want data @body.1"}},
	{"two on one connection", wiretest.Options{}, []wiretest.Conn{wiretest.Replies(greeting, greeting)}, visits(visit("GET", "/1", nil, nil), hackney.Req{Path: "/2", Headers: headers.New("X-A", "it's")}), false, []string{"send-request GET /2", "'X-A: it''s'"}},
	{"TLS", wiretest.Options{TLS: true}, []wiretest.Conn{wiretest.Replies(greeting, greeting)}, visits(visit("GET", "/1", nil, nil), hackney.Req{Path: "/2"}), false, []string{"server tls at", "request GET https://"}},
	{"post", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, visit("POST", "/", headers.New("X", "1", "x", "2", "E", ""), hackney.Text("@body")), false, []string{"text @payload.1"}},
	{"post of nothing", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, visit("POST", "/", nil, nil), false, nil},
	{"patch of an empty text", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, visit("PATCH", "/", nil, hackney.Text("")), false, []string{"text ''"}},
	{"defaults left out", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, visit("PUT", "/", headers.New().Omit("User-Agent").Omit("Content-Type"), hackney.Text("x")), false, []string{"-User-Agent -Content-Type"}},
	{"other spelling", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, visit("POST", "/", headers.New("content-length", "1", "host", "other", "user-agent", "me"), hackney.Text("x")), false, []string{"'content-length: 1'", "'host: other'"}},
	{"chunked up", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, visit("POST", "/", nil, pieces("one", "three", strings.Repeat("x", 70_000))), false, []string{"stream-request-body text @chunk.1.3", "end-stream-request-body", "start-response"}},
	{"chunked down", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n", "5;a=b\r\nthree\r\n0\r\nT: 1\r\n\r\n")}}, visit("GET", "/", nil, nil), false, []string{"want trailers trailers.1", "onethree"}},
	{"100-continue", wiretest.Options{}, []wiretest.Conn{{step(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\n"), step(wiretest.Body, greeting)}}, visit("POST", "/", headers.New("Expect", "100-continue"), hackney.Text("body")), false, []string{"wait head", "wait body", "want interim 100"}},
	{"100-continue, chunked", wiretest.Options{}, []wiretest.Conn{{step(wiretest.Head, "HTTP/1.1 100 Continue\r\n\r\n"), step(wiretest.Body, greeting)}}, visit("POST", "/", headers.New("Expect", "100-continue"), pieces("a", "b")), false, []string{"wait head", "want interim 100", "chunk.1.2"}},
	{"body not wanted", wiretest.Options{}, []wiretest.Conn{{step(wiretest.Head, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n").ThenClose()}}, visit("POST", "/", headers.New("Expect", "100-continue"), hackney.Text("body")), false, []string{"send-raw POST", "want status 417"}},
	{"until close", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply("HTTP/1.0 200 OK\r\n\r\nall of it").ThenClose()}}, visit("GET", "/", nil, nil), false, []string{"close\n"}},
	{"closed before an answer", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply().ThenClose()}}, visit("GET", "/", nil, nil), true, []string{"! request GET", "want error closed"}},
	{"body breaks off", wiretest.Options{TLS: true}, []wiretest.Conn{{wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").ThenClose()}}, visit("GET", "/", nil, nil), true, []string{"! body", "want error closed"}},
	{"reset in the body", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").ThenReset()}}, visit("GET", "/", nil, nil), true, []string{"! body", "want error reset", "reset\n"}},
	{"no content", wiretest.Options{}, []wiretest.Conn{wiretest.Replies("HTTP/1.1 204 No Content\r\n\r\n", greeting)}, visits(visit("DELETE", "/", nil, nil), hackney.Req{}), false, []string{"want status 204"}},
	{"form of parts", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, visit("POST", "/", nil, hackney.Multipart(multipart.Value("a", "1"), multipart.Content("b", "n.png", []byte("\x89P")))), false, []string{"text @payload.1", "'Content-Type: multipart/form-data; boundary=---"}},
	{"form of parts, chunked", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, visit("POST", "/", nil, hackney.Multipart(multipart.Reader("a", "n.txt", strings.NewReader("abc"), -1)).WithBoundary("b")), false, []string{"stream-request-body text @chunk.1.2", "start-response"}},
	{"form by items", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, byItems(multipart.Value("a", "1"), multipart.EOF), false, []string{"stream-request-body text @chunk.1.2", "end-stream-request-body"}},
	{"head", wiretest.Options{}, []wiretest.Conn{wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", greeting)}, visits(visit("HEAD", "/", nil, nil), hackney.Req{}), false, []string{"request HEAD"}},
	{"binary", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(binary()), binary()))}}, visit("PUT", "/", headers.New("X", "${A}$A\\ \xe9"), hackney.Text(binary())), false, nil},
	{"many segments", wiretest.Options{}, []wiretest.Conn{{{Wait: wiretest.Request, Send: wiretest.Each(greeting), Gap: 1}}}, visit("GET", "/", nil, nil), false, nil},
	{"switched", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nmore")}}, headOnly("GET", "/", headers.New("Upgrade", "x", "Connection", "upgrade")), false, []string{"want state switched"}},
	{"tunnel", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply("HTTP/1.1 200 OK\r\n\r\n")}}, headOnly("CONNECT", "", nil), false, []string{"want state switched", "send-request CONNECT"}},
	{"odd head", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, raw("GET /a HTTP/1.0\r\nB : c\r\n d\r\n\r\n", nil), false, []string{"send-raw GET @head.1"}},
	{"chunks with extensions", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, raw("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", hackney.Text("2;x=y\r\nab\r\n0\r\nT: 1\r\n\r\n")), false, []string{"send-raw POST"}},
	{"body left unread", wiretest.Options{}, []wiretest.Conn{{wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")}}, headOnly("GET", "/", nil), false, []string{"body-max 5"}},
	{"nothing sent", wiretest.Options{}, []wiretest.Conn{{}}, headOnlyConnect, false, []string{"connect tcp 127.0.0.1"}},
}

// record plays a client against a server, and closes the server.
func record(t *testing.T, o wiretest.Options, server []wiretest.Conn, client player, fails bool) (script []byte, received []byte) {
	t.Helper()
	srv := wiretest.Start(t, o, server...)
	rec := NewRecorder()
	ctx, cancel := context.WithTimeout(t.Context(), wiretest.Patience)
	defer cancel()
	cs, err := client(ctx, strings.TrimSuffix(srv.URL(""), "/"), &hackney.Opts{Tap: rec.Tap, Insecure: true})
	if (err != nil) != fails {
		t.Fatalf("error %v, wanted one: %v", err, fails)
	}
	hackney.Close(cs)
	srv.WaitClosed(0)
	received = srv.Received(0)
	srv.Close()
	if script, err = rec.Script(); err != nil {
		t.Fatal(err)
	}
	return script, received
}

func TestRecordingsReplay(t *testing.T) {
	for _, test := range recordings {
		t.Run(test.name, func(t *testing.T) {
			script, received := record(t, test.options, test.server, test.client, test.fails)
			if log := failure(t, script); log != "" {
				t.Fatalf("%s\n%s", log, script)
			}
			for _, want := range test.want {
				if !strings.Contains(string(script), want) {
					t.Errorf("no %q in it", want)
				}
			}
			if got := sentBytes(t, script); !bytes.Equal(got, received) {
				t.Errorf("the script sends\n%q, the server had received\n%q", got, received)
			}
			if t.Failed() {
				t.Logf("%s", script)
			}
		})
	}
}

// sentBytes are what the sections sent.N of a script hold.
func sentBytes(t *testing.T, script []byte) (all []byte) {
	t.Helper()
	parsed, err := golden.Parse("recorded.txtar", script)
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range parsed.Sections() {
		if !strings.HasPrefix(section.Name, "sent.") {
			continue
		}
		for line := range strings.Lines(section.Text) {
			b, err := golden.Unquote(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "> "), nil)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
	}
	return all
}

// TestChangedRecordingFails changes one byte of what a script wants.
func TestChangedRecordingFails(t *testing.T) {
	script, _ := record(t, wiretest.Options{}, []wiretest.Conn{{wiretest.Reply(greeting)}}, visit("GET", "/path", nil, nil), false)
	for _, change := range [][2]string{
		{"> GET /path", "> GET /Path"},
		{"want status 200", "want status 201"},
		{"-- body.1 --\nhello", "-- body.1 --\nhellO"},
		{"< hello", "< hellO"},
	} {
		changed := strings.Replace(string(script), change[0], change[1], 1)
		if changed == string(script) {
			t.Errorf("there is no %q in\n%s", change[0], script)
		}
		if failure(t, []byte(changed)) == "" {
			t.Errorf("with %q it passes:\n%s", change[1], changed)
		}
	}
}

// TestRecordUnix records a Unix socket, by a transport of its own.
func TestRecordUnix(t *testing.T) {
	srv := wiretest.Start(t, wiretest.Options{Unix: true}, wiretest.Replies(greeting, greeting))
	rec := NewRecorder()
	cs, err := hackney.Connect(t.Context(), transport.Unix(srv.Addr()), "localhost", 0, &hackney.Opts{Tap: rec.Tap})
	for range 2 {
		if err != nil {
			t.Fatal(err)
		}
		if cs, err = hackney.SendRequest(t.Context(), cs, hackney.Req{Path: "/x"}); err == nil {
			_, cs, err = hackney.Body(t.Context(), cs)
		}
	}
	hackney.Close(cs)
	srv.Close()
	script, err := rec.Script()
	if err != nil {
		t.Fatal(err)
	}
	if log := failure(t, script); log != "" || !strings.Contains(string(script), "server unix at localhost:80\n") {
		t.Errorf("%s\n%s", log, script)
	}
}

// TestRecordInterleaved has clients of two servers take turns.
func TestRecordInterleaved(t *testing.T) {
	one := wiretest.Start(t, wiretest.Options{}, wiretest.Replies(greeting, greeting), wiretest.Replies(greeting))
	two := wiretest.Start(t, wiretest.Options{TLS: true}, wiretest.Replies(greeting, greeting))
	rec := NewRecorder()
	o := &hackney.Opts{Tap: rec.Tap, Insecure: true}
	var states []hackney.ClientState
	for _, base := range []string{one.URL(""), two.URL(""), one.URL("")} {
		cs, err := visit("GET", "/first", nil, nil)(t.Context(), base, o)
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, cs)
	}
	for i := range 2 {
		next := visits(func(context.Context, string, *hackney.Opts) (hackney.ClientState, error) { return states[i], nil }, hackney.Req{Path: "/second"})
		if _, err := next(t.Context(), "", nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, cs := range states {
		hackney.Close(cs)
	}
	script, err := rec.Script()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"keep client1", "use client1", "server server2 tls at", "want sent sent.5 server2\n", "want sent sent.3 2\n"} {
		if !strings.Contains(string(script), want) {
			t.Errorf("no %q in it", want)
		}
	}
	if log := failure(t, script); log != "" || t.Failed() {
		t.Errorf("%s\n%s", log, script)
	}
}

// TestRecordAtOnce has many clients use one recorder.
func TestRecordAtOnce(t *testing.T) {
	const clients = 8
	var conns []wiretest.Conn
	for range clients {
		conns = append(conns, wiretest.Replies(greeting, greeting, greeting))
	}
	srv := wiretest.New(t, conns...)
	rec := NewRecorder()
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() {
			path := fmt.Sprintf("/%d", i)
			run := visits(visit("GET", path, nil, nil), hackney.Req{Path: path}, hackney.Req{Path: path})
			cs, err := run(t.Context(), srv.URL(""), &hackney.Opts{Tap: rec.Tap})
			if err != nil {
				t.Error(err)
			}
			hackney.Close(cs)
			rec.Script()
		})
	}
	group.Wait()
	script, err := rec.Script()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`(?m)^want sent `).FindAll(script, -1)); n != 3*clients {
		t.Errorf("%d requests in it, want %d", n, 3*clients)
	}
	if log := failure(t, script); log != "" {
		t.Errorf("%s\n%s", log, script)
	}
}

func TestRecorderLimit(t *testing.T) {
	opened := hackney.TapEvent{Conn: 1, Address: "a:80"}
	of := func(kind hackney.TapKind, n int) hackney.TapEvent {
		return hackney.TapEvent{Conn: 1, Address: "a:80", Kind: kind, Bytes: make([]byte, n)}
	}
	rec := NewRecorder()
	rec.MaxBytes = connSize + len(opened.Address) + eventSize + 10
	if _, err := rec.Script(); !errors.Is(err, errEmptyTape) {
		t.Errorf("of nothing: %v", err)
	}
	rec.Tap(opened)
	rec.Tap(of(hackney.TapSent, 10))
	if _, err := rec.Script(); err != nil {
		t.Errorf("of as much as it keeps: %v", err)
	}
	rec.Tap(of(hackney.TapReceived, 1))
	rec.Tap(of(hackney.TapClosed, 0))
	if _, err := rec.Script(); hackney.BlameOf(err) != hackney.BlameLimit {
		t.Errorf("of more: %v", err)
	}
	rec.Tap(opened)
	rec.Tap(of(hackney.TapSent, 1))
	if rec.conns != nil || rec.kept > rec.MaxBytes {
		t.Errorf("a full recorder keeps %d connections, %d bytes", len(rec.conns), rec.kept)
	}
	for _, c := range []struct {
		name string
		e    hackney.TapEvent
		n    int
	}{{"single bytes", of(hackney.TapReceived, 1), 100}, {"connections", opened, 20}} {
		rec := Recorder{MaxBytes: 3000}
		rec.Tap(opened)
		for range c.n {
			rec.Tap(c.e)
		}
		if _, err := rec.Script(); hackney.BlameOf(err) != hackney.BlameLimit {
			t.Errorf("%s are not counted: %v", c.name, err)
		}
	}
}

// TestScriptOfCommands gives a script commands of its own.
func TestScriptOfCommands(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(greeting))
	rec := NewRecorder()
	cs, err := visit("GET", "/", headers.New("Authorization", "secret-of-mine"), nil)(t.Context(), srv.URL(""), &hackney.Opts{Tap: rec.Tap})
	if err != nil {
		t.Fatal(err)
	}
	hackney.Close(cs)
	srv.Close()
	script, err := rec.scriptOf([]stepLine{
		{name: "opts", args: []string{"basic-auth=me:hidden", "proxy-auth=me:hidden", "answer-proxy=Bearer sesame-7"}},
		{name: "opts", args: []string{"proxy=http://me:hidden@h:1", "proxy-headers=Proxy-Authorization: hidden"}},
		{name: "opts", args: []string{"proxy=a:1>me:hidden@h:1,b:1>https://h:2,c:1>none", "proxy-headers=X: the sesame-7"}},
		{name: "opts"},
		{name: "request", args: []string{"GET", "http://user:pass@" + srv.Addr() + "/", "Authorization: secret-of-mine", "Cookie: a=b"}},
		{name: "stream-body"},
		{name: "want", args: []string{"data", "hello"}},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"mine", "hidden", "pass", "a=b", "sesame"} {
		if strings.Contains(string(script), secret) {
			t.Errorf("%q is in it", secret)
		}
	}
	for _, kept := range []string{"proxy=a:1>xx:xxxxxx@h:1,b:1>https://h:2,c:1>none", "http://xx:xxxxxx@h:1", "proxy-auth=xx:xxxxxx", "Proxy-Authorization: xxxxxx"} {
		if !strings.Contains(string(script), kept) {
			t.Errorf("%q is not in it", kept)
		}
	}
	if log := failure(t, script); log != "" || t.Failed() {
		t.Errorf("%s\n%s", log, script)
	}
}
