package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/conformance"
	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/golden"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// typed takes steps, and gives a line for each.
func typed(t *testing.T, st *conformance.Steps, lines ...string) (got []string) {
	t.Helper()
	for _, line := range lines {
		tr, err := st.Do(t.Context(), line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		got = append(got, fmt.Sprintf("%v -> %v %s", tr.From, tr.To, tr.Gave))
		if tr.To != st.State().ResponseState() {
			t.Errorf("%s: the state is %v, the transition says %v", line, st.State().ResponseState(), tr.To)
		}
	}
	return got
}

// replayed saves the steps and drives them, with no server left to talk to.
func replayed(t *testing.T, st *conformance.Steps) (script string, got []string) {
	t.Helper()
	text, err := st.Script()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "saved.txtar")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r := conformance.Runner{Watch: func(tr conformance.Transition) {
		got = append(got, fmt.Sprintf("%v -> %v %s", tr.From, tr.To, tr.Gave))
	}}
	if err := r.Drive(path); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	return string(text), got
}

// TestSteps takes each short word, illegal ones among them, and replays them.
func TestSteps(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX: y\r\n\r\n"
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.Reply("HTTP/1.1 201 Created\r\nContent-Length: 4\r\nX: y\r\n\r\nmade"),
		wiretest.Reply(head + "abcd"), wiretest.Reply(head + "abcd"), wiretest.Reply(head + "abcd"),
	})
	st, err := conformance.NewSteps(srv.URL("/up"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	steps := []struct{ line, want string }{
		{"status", "start -> start error: StreamStatus: response state is start, want stream or waiting"},
		{"request POST 'Content-Length: 8' stream", "start -> stream "},
		{"chunk", "stream -> stream error: StreamBody: response state is stream, want on_body or done"},
		{`send it's `, "stream -> stream "},
		{`send @\x41\n`, "stream -> stream "},
		{"end", "stream -> waiting "},
		{"send more", "waiting -> waiting error: StreamRequestBody: response state is waiting, want stream"},
		{"status", "waiting -> on_status 201 Created"},
		{"header", "on_status -> on_header Content-Length: 4"},
		{"headers", "on_header -> on_body 201 Created"},
		{"reconnect", "on_body -> on_body "},
		{"chunk", "on_body -> done 4 bytes"},
		{"chunk", "done -> done the end"},
		{"request PUT /2 'Content-Length: 0' stream", "done -> stream "},
		{"response", "stream -> on_body 200 OK"},
		{"body", "on_body -> done 4 bytes"},
		{"request /3", "done -> on_body 200 OK"},
		{"status", "on_body -> on_body error: StreamStatus: response state is on_body, want stream or waiting"},
		{"skip", "on_body -> done "},
		{"send-request GET /4", "done -> on_body 200 OK"},
		{"body-max 10", "on_body -> done 4 bytes"},
		{"close", "done -> start "},
	}
	var lines, want []string
	for _, s := range steps {
		lines, want = append(lines, s.line), append(want, s.want)
	}
	got := typed(t, st, lines...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	sent := string(srv.Received(0))
	if !strings.Contains(sent, "\r\n\r\nit's @A\n") || strings.Count(sent, "HTTP/1.1\r\n") != 4 {
		t.Errorf("sent %q", sent)
	}
	st.Close()
	srv.Close()
	script, again := replayed(t, st)
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("replayed: %s", diff)
	}
	for _, line := range []string{"\n! stream-status\n", "\nrequest POST " + srv.URL("/up") + " 'Content-Length: 8' stream\n", "\nstream-request-body text 'it''s '\n", "\nwant status 201\n", "\nsend-request GET /3\n"} {
		if !strings.Contains(script, line) {
			t.Errorf("the script has no line %q:\n%s", line, script)
		}
	}
}

// TestStepsLegal holds the words that are offered.
func TestStepsLegal(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head)}, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd"))
	st, err := conformance.NewSteps(srv.URL("/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, c := range []struct{ line, want string }{
		{"close", "request connect close handoff"},
		{"request POST stream", "send end response status close reconnect handoff set-sockopts"},
		{"close", "request connect close reconnect handoff"},
		{"request POST stream-multipart -1 b", "send part end response status close reconnect handoff set-sockopts"},
		{"end", "response status close reconnect handoff set-sockopts"},
		{"status", "header headers close reconnect handoff set-sockopts"},
		{"headers", "chunk body skip close reconnect body-max copy-body body-reader handoff set-sockopts"},
		{"body", "request chunk body skip close reconnect body-max copy-body body-reader handoff set-sockopts hijack"},
		{"close", "request connect close reconnect handoff"},
	} {
		typed(t, st, c.line)
		if got := strings.Join(st.Legal(), " "); got != c.want {
			t.Errorf("behind %s: %s, want %s", c.line, got, c.want)
		}
	}
}

// TestStepsOfAForm types a form item by item, and replays it.
func TestStepsOfAForm(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd"))
	st, err := conformance.NewSteps(srv.URL("/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	want := []string{
		"start -> stream ", "stream -> stream ", "stream -> stream error: bad part: multipart: part \"\": no part was begun that it could belong to",
		"stream -> stream ", "stream -> stream ", "stream -> stream ", "stream -> waiting ", "waiting -> waiting ", "waiting -> on_body 200 OK",
	}
	got := typed(t, st, "request POST stream-multipart -1 b", "part value a 'it''s 1'", "part data x",
		"part start f n.txt text/x", "part data one", "part data-eof", "part eof", "stream-multipart-request eof", "response")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	const form = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: application/octet-stream\r\n\r\nit's 1\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\nContent-Type: text/x\r\n\r\none\r\n--b--\r\n\r\n"
	if got := string(srv.Requests(0)[0].Body); got != form {
		t.Errorf("sent %q", got)
	}
	srv.Close()
	script, again := replayed(t, st)
	if diff := cmp.Diff(want, again); diff != "" || !strings.Contains(script, "\nstream-multipart-request value a 'it''s 1'\n") {
		t.Errorf("replayed: %s\n%s", diff, script)
	}
}

// TestStepsAgain goes on with a request where one is under way, which is refused; with
// a whole URL, which makes a new client; and on a kept connection.
func TestStepsAgain(t *testing.T) {
	reply := wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab")
	srv := wiretest.New(t, wiretest.Conn{reply}, wiretest.Conn{reply, reply}, wiretest.Conn{reply})
	st, err := conformance.NewSteps(srv.URL("/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	want := []string{
		"start -> on_body 200 OK", "on_body -> on_body error: SendRequest: response state is on_body, want start or done",
		"on_body -> on_body 200 OK", "on_body -> done 2 bytes", "done -> on_body 200 OK", "on_body -> start ", "start -> start ", "start -> on_body 200 OK",
	}
	if diff := cmp.Diff(want, typed(t, st, "request", "request /2", "request "+srv.URL("/2"), "body", "request", "connect", "handoff", "request /3")); diff != "" {
		t.Error(diff)
	}
	srv.Close()
	if _, again := replayed(t, st); cmp.Diff(want, again) != "" {
		t.Errorf("replayed: %q", again)
	}
}

// TestStepsRefused goes on after a dial to where nobody listens, and replays that.
func TestStepsRefused(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	st, err := conformance.NewSteps("http://"+address+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, got := range typed(t, st, "request 'Authorization: Bearer sesame-42'", "connect", "status") {
		if !strings.HasPrefix(got, "start -> start error: ") {
			t.Error(got)
		}
	}
	script, again := replayed(t, st)
	if len(again) != 3 || !strings.HasPrefix(script, "nobody "+address+"\n! request GET http://"+address+"/ ") || strings.Contains(script, "sesame") {
		t.Errorf("replayed: %q\n%s", again, script)
	}
}

// TestStepsSecret holds that what was saved has no secret in it.
func TestStepsSecret(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: id=sesame-43\r\n\r\n"))
	st, err := conformance.NewSteps("http://me:sesame-41@"+srv.Addr()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	typed(t, st, "request 'Cookie: id=sesame-42'")
	srv.Close()
	script, again := replayed(t, st)
	if len(again) != 1 || strings.Contains(script, "sesame") || !strings.Contains(script, "Cookie") {
		t.Errorf("replayed: %q\n%s", again, script)
	}
}

func TestStepsErrors(t *testing.T) {
	if _, err := conformance.NewSteps("ftp://127.0.0.1", nil); hackney.BlameOf(err) != hackney.BlameCaller {
		t.Errorf("a bad URL: error %v", err)
	}
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply("HTTP/1.1 101 Switching\r\n\r\nhi")})
	st, err := conformance.NewSteps(srv.URL("/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if tr, err := st.Do(ctx, "request"); err != nil || !errors.Is(tr.Err, context.Canceled) {
		t.Errorf("%+v, error %v", tr, err)
	}
	if _, err := st.Do(t.Context(), "body-max"); err == nil || !strings.Contains(err.Error(), "bad step: want body-max N") {
		t.Errorf("error %v", err)
	}
	typed(t, st, "request 'Upgrade: x' 'Connection: upgrade'", "hijack", "conn write bye")
	if tr, err := st.Do(ctx, "conn read 100"); err != nil || !errors.Is(tr.Err, os.ErrDeadlineExceeded) {
		t.Errorf("%+v, error %v", tr, err)
	}
	typed(t, st, "conn close")
	if _, err := st.Script(); err == nil || !strings.Contains(err.Error(), "conn write bye: ") {
		t.Errorf("error %v", err)
	}
}

// TestStepsTap holds that the caller's own tap hears too.
func TestStepsTap(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 204 No Content\r\n\r\n"))
	var sent int
	o := &hackney.Opts{Tap: func(e hackney.TapEvent) {
		if e.Kind == hackney.TapSent {
			sent += len(e.Bytes)
		}
	}}
	st, err := conformance.NewSteps(srv.URL("/"), o)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	typed(t, st, "request")
	if want := len(srv.Received(0)); sent != want {
		t.Errorf("the tap heard %d bytes, want %d", sent, want)
	}
}

// secretSteps are steps with secrets in them, one of which all have: the secret.
var secretSteps = []string{
	"request GET / Authorization:SECRET", `request GET / '\x41uthorization: SECRET'`, "request GET / X-Api-Key:SECRET",
	"request POST / form password=SECRET", "request POST / form 'password=SECRET SECRET' b=c", `request POST / form pass\x77ord=SECRET`,
	"request POST / text password=SECRET", "request POST / 'Expect: x' chunks b=c&pass word=SECRET", `request POST / text '{"token": "SECRET"}'`,
	"request POST / multipart '' value password SECRET value b c", `request POST / multipart b content pass\x77ord n.txt SECRET`,
	`request POST / multipart b value a '{"token": "SECRET"}' X-Api-Key:SECRET`,
	"request POST / multipart b reader password n.txt 12 SECRET", "request POST / multipart b value a 1 type=text/x?token=SECRET named=?token=SECRET",
	"request POST / reader 27 password=SECRET", "request /?token=a'';SECRET", "request 'http://u:a''SECRET@127.0.0.1:PORT/'",
}

// TestStepSecrets saves each of them, where nothing was recorded and where something was.
func TestStepSecrets(t *testing.T) {
	for _, line := range secretSteps {
		for _, secret := range []string{"topsecret123", "s1k2"} {
			for _, up := range []bool{false, true} {
				name := strings.ReplaceAll(line, "SECRET", secret)
				t.Run(fmt.Sprintf("%s, recorded %v", name, up), func(t *testing.T) { stepSecret(t, name, secret, up) })
			}
		}
	}
}

func stepSecret(t *testing.T, line, secret string, up bool) {
	srv := wiretest.Start(t, wiretest.Options{AllowExtra: true}, wiretest.Conn{wiretest.On(wiretest.Head, "HTTP/1.1 204 No Content\r\n\r\n")})
	base := srv.URL("/")
	if !up {
		base = "http://127.0.0.1:1/"
	}
	port := base[strings.LastIndexByte(base, ':')+1:]
	st, err := conformance.NewSteps(base, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	typed(t, st, strings.ReplaceAll(line, "PORT", strings.TrimSuffix(port, "/")))
	script, err := st.Script()
	if err != nil || strings.Contains(string(script), secret) {
		t.Errorf("%v\n%s", err, script)
	}
	if _, err := golden.Parse("saved.txtar", script); err != nil || !strings.Contains(string(script), "request ") {
		t.Errorf("%v\n%s", err, script)
	}
}

// TestSecretsOfItems types secrets into a form that is streamed, one of them in pieces.
func TestSecretsOfItems(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 204 No Content\r\n\r\n"))
	st, err := conformance.NewSteps(srv.URL("/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	got := typed(
		t, st, "request POST stream-multipart -1 b", "part value password sesame-41", "part value a 1 X-Api-Key:sesame-42",
		`part start '?token=sesame-43' n.txt text/x`, `part data '{"token": "sesa'`, `part data 'me-44"}'`, "part data-eof", "response",
		"multipart-encode b value pwd sesame-45", `multipart-decode text/plain '{"token": "sesame-46"}'`,
	)
	srv.Close()
	script, again := replayed(t, st)
	if strings.Contains(script, "sesa") || strings.Contains(script, "me-4") || !strings.Contains(script, "\nstream-multipart-request value a 1 X-Api-Key:xxxxxxxxx\n") {
		t.Errorf("what is kept and what is hidden:\n%s", script)
	}
	if len(again) != len(got) {
		t.Errorf("replayed: %q", again)
	}
}

// TestStepEchoes holds that a secret that is a word of the script's own language
// leaves it alone, and that one that comes in pieces is found.
func TestStepEchoes(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{
		wiretest.On(wiretest.Head, "HTTP/1.1 200 OK\r\nSet-Cookie: s=request\r\nSet-Cookie: t=stream-request-body\r\nSet-Cookie: u=127.0.0.1\r\nContent-Length: 7\r\n\r\nrequest"),
	}, wiretest.Conn{wiretest.Reply(), wiretest.Say("HTTP/1.1 204 No Content\r\nSet-Cookie: topsecret\r\n\r\n")})
	st, err := conformance.NewSteps(srv.URL("/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	typed(t, st, "request /request", "body", "close", "request POST 'Content-Length: 9' stream", "send top", "send secret", "response")
	srv.Close()
	script, again := replayed(t, st)
	for _, line := range []string{"request GET " + srv.URL("/xxxxxxx\n"), "\nstream-request-body text xxx\n", "\nstream-request-body text xxxxxx\n", "\n< xxxxxxx\n"} {
		if !strings.Contains(script, line) {
			t.Errorf("no %q in it", line)
		}
	}
	if len(again) != 7 || t.Failed() {
		t.Errorf("replayed: %q\n%s", again, script)
	}
}

// TestStepsOver takes steps of a client that was closed, or that cannot be taken.
func TestStepsOver(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 204 No Content\r\n\r\n"), wiretest.Replies("HTTP/1.1 204 No Content\r\n\r\n"))
	st, err := conformance.NewSteps(srv.URL("/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	typed(t, st, "request", "request "+srv.URL("/"))
	if end := srv.WaitClosed(0); end != wiretest.ClientClosed {
		t.Errorf("the connection that was put aside is %v", end)
	}
	var none context.Context
	if tr, err := st.Do(none, "conn read 0"); hackney.BlameOf(err) != hackney.BlameCaller {
		t.Errorf("%+v, error %v", tr, err)
	}
	for _, line := range []string{"request\nnobody a:1", "send a\nb"} {
		if _, err := st.Do(t.Context(), line); err == nil || !strings.Contains(err.Error(), "a step is one line") {
			t.Errorf("%q: error %v", line, err)
		}
	}
	st.Close()
	if _, err := st.Do(t.Context(), "request"); err == nil || !strings.Contains(err.Error(), "the client was closed") {
		t.Errorf("error %v", err)
	}
}
