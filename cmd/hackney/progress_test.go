package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/testserver"
)

// TestProgress shows a bar only on a terminal, where nothing else is printed there.
func TestProgress(t *testing.T) {
	plain, secure := startServer(t, testserver.Options{}), startServer(t, testserver.Options{TLS: true})
	out, file := filepath.Join(t.TempDir(), "out"), largeFile(t)
	small := filepath.Join(t.TempDir(), "small")
	if err := os.WriteFile(small, make([]byte, progressFrom-1), 0o600); err != nil {
		t.Fatal(err)
	}
	size := fmt.Sprint(progressFrom)
	for _, c := range []struct {
		name     string
		terminal bool
		args     []string
		want     string // "" is no bar
	}{
		{"download", true, []string{"get", "-o", out, plain.URL() + "/bytes/" + size}, "received"},
		{"small download", true, []string{"get", "-o", out, plain.URL() + "/bytes/100"}, ""},
		{"no terminal", false, []string{"get", "-o", out, plain.URL() + "/bytes/" + size}, ""},
		{"download to stdout", true, []string{"get", plain.URL() + "/bytes/" + size}, ""},
		{"download with JSON", true, []string{"get", "--json", "-o", out, plain.URL() + "/bytes/" + size}, ""},
		{"upload", true, []string{"put", "-T", file, plain.URL() + "/sink"}, "sent"},
		{"upload over TLS", true, []string{"put", "-k", "-T", file, secure.URL() + "/sink"}, "sent"},
		{"upload of data", true, []string{"put", "-d", "@" + file, plain.URL() + "/sink"}, "sent"},
		{"form", true, []string{"post", "-F", "a=@" + file, plain.URL() + "/sink"}, "sent"},
		{"form over TLS", true, []string{"post", "-k", "-F", "a=@" + file, secure.URL() + "/sink"}, "sent"},
		{"recorded form", true, []string{"record", "-F", "a=@" + file, plain.URL() + "/sink"}, "sent"},
		{"small upload", true, []string{"put", "-T", small, plain.URL() + "/sink"}, ""},
		{"small form", true, []string{"post", "-F", "a=b", plain.URL() + "/sink"}, ""},
		{"upload, no terminal", false, []string{"put", "-k", "-T", file, secure.URL() + "/sink"}, ""},
		{"form, no terminal", false, []string{"post", "-F", "a=@" + file, plain.URL() + "/sink"}, ""},
		{"form with JSON", true, []string{"post", "--json", "-F", "a=@" + file, plain.URL() + "/sink"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := runApp(t, &app{terminal: c.terminal}, c.args...)
			if r.code != 0 {
				t.Fatalf("%+v", r)
			}
			if c.want == "" {
				if r.stderr != "" {
					t.Errorf("stderr %q", r.stderr)
				}
				return
			}
			for _, want := range []string{"\r" + c.want + "   0% |", "\r" + c.want + " 100% |"} {
				if !strings.Contains(r.stderr, want) {
					t.Errorf("stderr %q, want %q in it", r.stderr, want)
				}
			}
			if bar := strings.TrimSuffix(r.stderr, recorded(r.stderr)); !strings.HasSuffix(bar, cleared) {
				t.Errorf("stderr ends with %q: something stays on the terminal", bar[strings.LastIndexByte(bar, '\r')+1:])
			}
		})
	}
}

// cleared is how the line of the bar is made blank.
var cleared = map[bool]string{true: "\r", false: "\033[2K\r"}[runtime.GOOS == "windows"]

// recorded is what record says at its end.
func recorded(text string) string {
	if i := strings.Index(text, "recorded: "); i >= 0 {
		return text[i:]
	}
	return ""
}

// TestProgressOfTrace shows no bar between the lines of the steps.
func TestProgressOfTrace(t *testing.T) {
	s := startServer(t, testserver.Options{})
	r := runApp(t, &app{terminal: true}, "post", "--trace", "-F", "a=@"+largeFile(t), s.URL()+"/sink")
	if r.code != 0 || strings.Contains(r.stderr, "%") || !strings.Contains(r.stderr, "SendRequest start -> on_body") {
		t.Errorf("%+v", r)
	}
}

// TestBar draws a bar at its beginning, half-way, and at its end.
func TestBar(t *testing.T) {
	var out bytes.Buffer
	drawn := func() string {
		defer out.Reset()
		return out.String()
	}
	b := newBar(&out, "sent", 2<<20)
	if got := drawn(); !strings.Contains(got, "sent   0% |"+strings.Repeat(" ", 40)+"|") {
		t.Errorf("at the beginning: %q", got)
	}
	for _, c := range []struct {
		n    int64
		want string
	}{
		{1 << 20, "sent  50% |" + strings.Repeat("█", 20) + strings.Repeat(" ", 20) + "|"},
		{2 << 20, "sent 100% |" + strings.Repeat("█", 40) + "|"},
	} {
		b.show(c.n)
		if got := drawn(); !strings.Contains(got, c.want) {
			t.Errorf("%d bytes: %q, want %q in it", c.n, got, c.want)
		}
	}
	b.show(3 << 20)
	if got := drawn(); got != "" {
		t.Errorf("beyond the end: %q", got)
	}
	b.Clear()
	if got := drawn(); got != cleared {
		t.Errorf("cleared by %q", got)
	}
}

// TestBodySent counts what is behind the head, wherever the pieces are cut.
func TestBodySent(t *testing.T) {
	const head, body = "POST / HTTP/1.1\r\nA: b\r\r\n\r\n", "\r\n\r\nbody\r\n\r\n"
	for i := range len(head + body) {
		var b bodySent
		for range 2 { // another connection begins anew
			b.tap(hackney.TapEvent{Kind: hackney.TapOpened})
			b.tap(hackney.TapEvent{Kind: hackney.TapSent, Bytes: []byte((head + body)[:i])})
			b.tap(hackney.TapEvent{Kind: hackney.TapReceived, Bytes: []byte("HTTP/1.1 100 Continue\r\n\r\n")})
			b.tap(hackney.TapEvent{Kind: hackney.TapSent, Bytes: []byte((head + body)[i:])})
		}
		if got := b.n.Load(); got != int64(len(body)) {
			t.Errorf("cut at %d: %d bytes, want %d", i, got, len(body))
		}
	}
}

// TestCountIsExact holds what the bar is told against what a server got, and that a
// connection is tapped for it only where it is shown.
func TestCountIsExact(t *testing.T) {
	plain, secure := startServer(t, testserver.Options{}), startServer(t, testserver.Options{TLS: true})
	file := largeFile(t)
	for name, f := range map[string]flags{
		"form":           {Form: []string{"a=b", "c=@" + file}},
		"upload":         {Upload: file},
		"form, asked":    {Form: []string{"c=@" + file}, Expect100: true},
		"upload of data": {Data: new("@" + file)},
	} {
		for _, s := range []*testserver.Server{plain, secure} {
			var sent bodySent
			x := &exchange{app: &app{}, flags: &f}
			h, o, err := x.settings()
			if err != nil {
				t.Fatal(err)
			}
			b, err := f.body(t.Context(), x.app)
			if err != nil {
				t.Fatal(err)
			}
			if x.watchUpload(o, b.size)(); o.Tap != nil {
				t.Errorf("%s: tapped, and nobody looks", name)
			}
			o.Tap, o.Insecure = sent.tap, true
			cs, err := hackney.Put(t.Context(), s.URL()+"/sink", h, b.payload, o)
			if err != nil {
				t.Fatal(err)
			}
			answer, cs, err := hackney.Body(t.Context(), cs)
			hackney.Close(cs)
			want := fmt.Sprintf(`{"bytes":%d,`, sent.n.Load())
			if err != nil || !strings.HasPrefix(string(answer), want) || sent.n.Load() != b.size {
				t.Errorf("%s: counted %d of %d bytes; the server says %s, %v", name, sent.n.Load(), b.size, answer, err)
			}
		}
	}
}

func largeFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "large.txt")
	if err := os.WriteFile(name, make([]byte, progressFrom), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
