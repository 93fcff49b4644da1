package hackney_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// tapped keeps what a tap was told.
type tapped struct {
	mu             sync.Mutex
	kinds          []string // without repetitions
	sent, received strings.Builder
}

func (r *tapped) hear(e hackney.TapEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kind := e.Kind.String()
	if e.Err != nil {
		kind += " " + e.Err.Error()
	}
	if n := len(r.kinds); n == 0 || r.kinds[n-1] != kind {
		r.kinds = append(r.kinds, kind)
	}
	switch e.Kind {
	case hackney.TapSent:
		r.sent.Write(e.Bytes)
	case hackney.TapReceived:
		r.received.Write(e.Bytes)
	}
}

// TestTapSeesEveryByte holds what a tap saw against what the server saw, for every
// way in which a body may leave or come.
func TestTapSeesEveryByte(t *testing.T) {
	file := filepath.Join(t.TempDir(), "big")
	big := strings.Repeat("0123456789abcdef", 10_000)
	if err := os.WriteFile(file, []byte(big), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]hackney.Payload{
		"none":    nil,
		"text":    hackney.Text("hello"),
		"large":   hackney.Text(big),
		"file":    hackney.File(file, 0, 0),
		"reader":  hackney.FromReader(strings.NewReader(big), -1),
		"part":    hackney.File(file, 7, 5000),
		"iolist":  hackney.Chunks([]byte("he"), []byte("llo")),
		"chunked": hackney.Func(sliceFunc("one", "two")),
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s,tls=%v", name, secure), func(t *testing.T) {
				answer := "HTTP/1.1 200 OK\r\nContent-Length: 160000\r\n\r\n" + big
				srv := wiretest.Start(t, wiretest.Options{TLS: secure}, wiretest.Conn{wiretest.Reply(answer).ThenClose()})
				r := &tapped{}
				o := &hackney.Opts{Tap: r.hear, Insecure: true}
				cs, err := hackney.Post(t.Context(), srv.URL("/"), headers.New("X-A", "b"), p, o)
				if err != nil {
					t.Fatal(err)
				}
				out, err := os.Create(filepath.Join(t.TempDir(), "out"))
				if err != nil {
					t.Fatal(err)
				}
				defer out.Close()
				_, cs, err = hackney.CopyBody(t.Context(), cs, out)
				if err != nil {
					t.Fatal(err)
				}
				hackney.Close(cs)
				srv.WaitClosed(0)
				if r.sent.String() != string(srv.Received(0)) {
					t.Errorf("the tap saw %d bytes sent, the server got %d", r.sent.Len(), len(srv.Received(0)))
				}
				if r.received.String() != answer {
					t.Errorf("the tap saw %d bytes received, the server sent %d", r.received.Len(), len(answer))
				}
				if got := strings.Join(r.kinds, " "); got != "opened sent received closed" {
					t.Errorf("kinds: %s", got)
				}
			})
		}
	}
}

// sliceFunc gives the pieces, and then the end.
func sliceFunc(pieces ...string) func() ([]byte, error) {
	return func() ([]byte, error) {
		if len(pieces) == 0 {
			return nil, io.EOF
		}
		p := pieces[0]
		pieces = pieces[1:]
		return []byte(p), nil
	}
}

func TestTapHearsHowItEnds(t *testing.T) {
	for name, test := range map[string]struct {
		last wiretest.Step
		want string
	}{
		"close": {wiretest.Reply("HTTP/1.1 200 OK\r\n\r\nhello").ThenClose(), "opened sent received ended closed"},
		"reset": {wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").ThenReset(), "opened sent received ended * closed"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := wiretest.New(t, wiretest.Conn{test.last})
			r := &tapped{}
			cs, err := hackney.Get(t.Context(), srv.URL("/"), nil, nil, &hackney.Opts{Tap: r.hear})
			if err == nil {
				_, cs, err = hackney.Body(t.Context(), cs)
			}
			var network *hackney.TransportError
			if broken := errors.As(err, &network); broken != (name == "reset") {
				t.Error(err)
			}
			hackney.Close(cs)
			for i, kind := range r.kinds {
				if strings.HasPrefix(kind, "ended ") {
					r.kinds[i] = "ended *"
				}
			}
			if got := strings.Join(r.kinds, " "); got != test.want {
				t.Errorf("kinds: %s, want %s", got, test.want)
			}
		})
	}
}

func TestTapHearsHijack(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{})
	r := &tapped{}
	cs, err := hackney.Connect(t.Context(), transport.TCP, srv.Host(), srv.Port(), &hackney.Opts{Tap: r.hear})
	if err != nil {
		t.Fatal(err)
	}
	conn, _, err := hackney.Hijack(cs)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if got := strings.Join(r.kinds, " "); got != "opened closed" {
		t.Errorf("kinds: %s", got)
	}
}

// TestTapNamesTheTransport holds what each event says of its connection.
func TestTapNamesTheTransport(t *testing.T) {
	for _, test := range []struct {
		options wiretest.Options
		name    string
	}{
		{wiretest.Options{}, "hackney_tcp_transport"},
		{wiretest.Options{TLS: true}, "hackney_ssl_transport"},
		{wiretest.Options{Unix: true}, "hackney_unix_transport"},
	} {
		srv := wiretest.Start(t, test.options, wiretest.Replies("HTTP/1.1 204 No Content\r\n\r\n"))
		how := map[string]transport.Transport{
			"hackney_tcp_transport": transport.TCP, "hackney_ssl_transport": transport.TLS,
			"hackney_unix_transport": transport.Unix(srv.Addr()),
		}[test.name]
		heard := 0
		tap := func(e hackney.TapEvent) {
			heard++
			want := url.URL{Host: srv.Host(), Port: srv.Port()}.HostPort()
			if e.Transport != test.name || e.Secure != test.options.TLS || !test.options.Unix && e.Address != want {
				t.Errorf("%+v", e)
			}
		}
		cs, err := hackney.Connect(t.Context(), how, srv.Host(), srv.Port(), &hackney.Opts{Tap: tap, Insecure: true})
		if err == nil {
			cs, err = hackney.SendRequest(t.Context(), cs, hackney.Req{})
		}
		if hackney.Close(cs); err != nil || heard != 4 {
			t.Errorf("%s: %d events, error %v", test.name, heard, err)
		}
	}
}
