package conformance_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/conformance"
	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/golden"
	"github.com/hackney-go/hackney/internal/testserver"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// written puts a script into a file of its own.
func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.txtar")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// answer is the section of a server that answers one request.
const answer = "\n-- server --\nwait request\n< HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok\n"

func TestDrive(t *testing.T) {
	for _, c := range []struct {
		name string
		text string
		want []string // in the error, behind the path; none where it passes
	}{
		{"passes", "server\nget ${URL}\nbody\nwant data ok\n" + answer, nil},
		{"stops early", "server\nget ${URL}\nstop\nbogus\n" + answer, nil},
		{"skips", "skip 'not today'\nbogus\n", nil},

		{"almost a command", "server\nstrem-status\n" + answer, []string{":2: unknown command \"strem-status\" (did you mean \"stream-status\"?)"}},
		{"bad arguments", "server\nget ${URL}\nbody-max\n" + answer, []string{":3: body-max: want body-max N\nusage: body-max N"}},
		{"missing section", "server\nget ${URL}\nwant headers nothing\n" + answer, []string{":3: ", "the script has no section nothing"}},
		{"bad escape", "server\nget ${URL}\nwant data 'a\\qb'\n" + answer, []string{":3: ", `bad escape \q, want \r \n \t \\ \xHH or \{N*text}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := written(t, c.text)
			err := new(conformance.Runner).Drive(path)
			if c.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), path+c.want[0]) {
				t.Fatalf("the error is %v, want PATH%s in it", err, c.want[0])
			}
			for _, want := range c.want[1:] {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error is %v, want %q in it", err, want)
				}
			}
		})
	}
}

// TestDriveTells holds what a script tells of its operations.
func TestDriveTells(t *testing.T) {
	path := written(t, "server\nserver b at b.example:80\n! stream-status\npost ${URL} 'Name: a b' stream\n"+
		"stream-request-body text 'it''s'\nstart-response\nbody\nstream-body\nurl-encode 'a b'\nwant wire nothing\nskip 'that is all'\n"+
		answer+"-- b --\n-- nothing --\n")
	var got []string
	r := conformance.Runner{Watch: func(tr conformance.Transition) {
		command, _, _ := strings.Cut(tr.Command, "http:")
		got = append(got, fmt.Sprintf("%s| %v -> %v | %s | %q %v", command, tr.From, tr.To, tr.Gave, tr.Data, tr.Fields))
	}}
	if err := r.Drive(path); err != nil {
		t.Error(err)
	}
	want := []string{
		"! stream-status| start -> start | error: StreamStatus: response state is start, want stream or waiting | \"\" []",
		"post | start -> stream |  | \"\" []",
		"stream-request-body text 'it''s'| stream -> stream |  | \"\" []",
		"start-response| stream -> on_body | 200 OK | \"\" [[Content-Length 2]]",
		"body| on_body -> done | 2 bytes | \"ok\" []",
		"stream-body| done -> done | the end | \"\" []",
		"url-encode 'a b'| done -> done | a+b | \"a+b\" []",
		"skip| start -> start | that is all | \"\" []",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.txtar", "a/c.txtar", "a/d.txt"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string][]string{"": {"a/c.txtar", "b.txtar"}, "b.txtar": {"b.txtar"}, "a/d.txt": {"a/d.txt"}} {
		got, err := conformance.Find(filepath.Join(dir, path))
		for i := range want {
			want[i] = filepath.Join(dir, want[i])
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, error %v", path, got, err)
		}
	}
	if _, err := conformance.Find(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// TestAgainst runs scripts against real servers.
func TestAgainst(t *testing.T) {
	plain, err := testserver.New(testserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { plain.Close() })
	secure, err := testserver.New(testserver.Options{TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { secure.Close() })
	const sent = "-- sent --\n> GET /bytes/10 HTTP/1.1\\r\\n\n~ Host: (example.org|${ADDR}|127.*)\n~ User-Agent: .*\n> \\r\\n\n"
	checks := "want status 200\nbody\nwant sent-line 'GET .*'\nwant connections 1\nwant sent sent\n"
	for _, c := range []struct {
		name     string
		against  string
		insecure bool
		text     string
		want     string // in the error
	}{
		{"its own address", plain.URL(), false, "server\nget ${URL}/bytes/10\n" + checks + sent, ""},
		{"another address", plain.URL(), false, "server at example.org:80\nget http://example.org/bytes/10\n" + checks + "want wire wire\n" + sent, ""},
		{"connect", plain.URL(), false, "server\nconnect\nsend-request GET /bytes/10\n" + checks + sent, ""},
		{"not so", plain.URL(), false, "server\nget ${URL}\n! want sent-line POST.*\n! want connections 2\n", ""},
		{"sent-fields", plain.URL(), false, "server\nget ${URL}/bytes/10\nwant sent-fields sent\n" + strings.ReplaceAll(sent, "~ Host", "~ [H]ost"), ""},
		{"two connections", plain.URL(), false, "server\nget ${URL}\nget ${URL}/bytes/10\nwant connections 2\nwant sent sent 2\n" + sent, ""},
		{"beside a scripted server", plain.URL(), false, "server\nserver b tls\nget ${b_URL}\nget ${URL}/bytes/10\n" + checks + sent + strings.Replace(answer[1:], "server", "b", 1), ""},
		{"TLS", secure.URL(), true, "server\nget ${URL}/bytes/10\n" + checks + sent, ""},
		{"TLS for another address", secure.URL(), true, "server tls at example.org:443\nget https://example.org/bytes/10\n" + checks + sent, ""},
		{"TLS where the script has none", secure.URL(), true, "server\nconnect\nsend-request GET /bytes/10\n" + checks + sent, ""},

		{"a large number", plain.URL(), false, "server\nget ${URL}\nwant sent sent 1000000000000000\n" + sent, ":3: the script of server has no connection 1000000000000000"},
		{"another answer", plain.URL(), false, "server\nget ${URL}/bytes/10\nwant data other\n", ":3: data: (-want +got)"},
		{"something else was sent", plain.URL(), false, "server\nget ${URL}/bytes/11\nwant sent sent\n" + sent, ":3: sent: what was sent differs from section sent"},
		{"more was sent", plain.URL(), false, "server\nput ${URL}/bytes/10 text hello\nwant sent sent\n" + strings.Replace(sent, "GET", "PUT", 1), "differs"},
		{"other connections", plain.URL(), false, "server\nget ${URL}\nwant connections 2\n", ":3: connections: there were 1, want 2"},
		{"not trusted", secure.URL(), false, "server\nget ${URL}\n", "certificate signed by unknown authority"},
		{"another certificate", secure.URL(), false, "server tls at example.org:443\nget https://example.org\n", "certificate signed by unknown authority"},
		{"TLS to a plain server", plain.URL(), false, "server tls at example.org:443\n", ":1: what is dialed to example.org:443 speaks https, so it cannot go to http://127.0.0.1:"},
		{"no TLS to a secure server", secure.URL(), false, "server at example.org:80\n", "speaks http, so it cannot go to https://"},
		{"bad URL", "ftp://127.0.0.1", false, "server\n", "bad URL of the real server: "},
		{"a path", "http://127.0.0.1/x", false, "server\n", "want http://HOST:PORT or https://HOST:PORT alone"},
		{"a user", "http://me:secret@127.0.0.1", false, "server\n", "alone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var passed []string
			r := conformance.Runner{Against: c.against, Insecure: c.insecure, Watch: func(tr conformance.Transition) {
				if tr.Gave == "not checked against a real server" {
					passed = append(passed, tr.Command)
				}
			}}
			err := r.Drive(written(t, c.text))
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("the error is %v, want %q in it", err, c.want)
			}
			if got, want := strings.Join(passed, ""), strings.Contains(c.text, "want wire"); got != "want wire wire" && want || got != "" && !want {
				t.Errorf("%q was not checked", got)
			}
			_, isArgument := errors.AsType[*hackney.ArgumentError](err)
			if want := slices.Contains([]string{"bad URL", "a path", "a user"}, c.name); isArgument != want {
				t.Errorf("an *ArgumentError: %v, want %v", isArgument, want)
			}
		})
	}
}

// TestAgainstWire holds what "want sent" sees against what a real server received.
func TestAgainstWire(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")})
	r := conformance.Runner{Against: "http://" + srv.Addr()}
	text := "server at h.example:80\npost http://h.example/x 'Transfer-Encoding: chunked' chunks one two\nwant sent sent\nclose\n" +
		"-- sent --\n" + script("> ", "POST /x HTTP/1.1\r\nHost: h.example\r\nUser-Agent: hackney/"+hackney.Version+
		"\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nonetwo\r\n0\r\n\r\n")
	if err := r.Drive(written(t, text)); err != nil {
		t.Errorf("%v\nthe server received %q", err, srv.Received(0))
	}
	if !strings.HasPrefix(string(srv.Received(0)), "POST /x HTTP/1.1\r\n") {
		t.Errorf("the server received %q", srv.Received(0))
	}
}

// script writes lines as they stand in a section.
func script(prefix, text string) (section string) {
	for line := range strings.Lines(text) {
		section += prefix + golden.Quote([]byte(line)) + "\n"
	}
	return section
}
