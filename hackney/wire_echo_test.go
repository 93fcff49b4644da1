package hackney_test

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/form"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/testserver"
	"github.com/hackney-go/hackney/transport"
)

// TestWireEcho sends every kind of payload in both framings over every transport to
// a server that sends it back.
func TestWireEcho(t *testing.T) {
	dir, err := os.MkdirTemp("", "echo") // short, for the path of a Unix socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for name, so := range map[string]testserver.Options{
		"TCP": {}, "TLS": {TLS: true}, "Unix": {Unix: filepath.Join(dir, "s")},
	} {
		t.Run(name, func(t *testing.T) {
			srv, err := testserver.New(so)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { srv.Close() })
			c := wNew(t)
			c.to(wConnectTo(c, srv, so))
			for _, size := range []int{1, 4096, 100_000, 1 << 20} {
				wEchoAll(c, wText(size))
			}
			if !c.Reused() {
				t.Error("the connection was not reused")
			}
		})
	}
}

func wConnectTo(c *wClient, srv *testserver.Server, so testserver.Options) (hackney.ClientState, error) {
	c.t.Helper()
	if so.Unix != "" {
		return hackney.Connect(c.ctx, transport.Unix(so.Unix), "localhost", 80, nil)
	}
	host, text, err := net.SplitHostPort(srv.Addr())
	if err != nil {
		c.t.Fatal(err)
	}
	port, _ := strconv.Atoi(text)
	if so.TLS {
		return hackney.Connect(c.ctx, transport.TLS, host, port, &hackney.Opts{TLS: &tls.Config{RootCAs: srv.CertPool()}})
	}
	return hackney.Connect(c.ctx, transport.TCP, host, port, nil)
}

func wEchoAll(c *wClient, text string) {
	c.t.Helper()
	path := wFile(c.t, "a.bin", "<"+text+">")
	length, chunked := headers.New("Content-Length", wItoa(len(text))), headers.New("Transfer-Encoding", "chunked")
	half := len(text) / 2
	two := []string{text[:half], text[half:]}
	for _, p := range []struct {
		name  string
		made  func() hackney.Payload
		h     *headers.Headers
		chunk bool // the request goes chunked
	}{
		{"bytes", func() hackney.Payload { return hackney.Bytes([]byte(text)) }, nil, false},
		{"bytes, chunked", func() hackney.Payload { return hackney.Bytes([]byte(text)) }, chunked, true},
		{"text", func() hackney.Payload { return hackney.Text(text) }, nil, false},
		{"text, chunked", func() hackney.Payload { return hackney.Text(text) }, chunked, true},
		{"list", func() hackney.Payload { return hackney.Chunks([]byte(two[0]), []byte(two[1])) }, nil, false},
		{"list, chunked", func() hackney.Payload { return hackney.Chunks([]byte(two[0]), []byte(two[1])) }, chunked, true},
		{"file", func() hackney.Payload { return hackney.File(path, 1, int64(len(text))) }, nil, false},
		{"file, chunked", func() hackney.Payload { return hackney.File(path, 1, int64(len(text))) }, chunked, false}, // P34
		{"reader", func() hackney.Payload { return hackney.FromReader(strings.NewReader(text), int64(len(text))) }, nil, false},
		{"reader, chunked", func() hackney.Payload { return hackney.FromReader(strings.NewReader(text), int64(len(text))) }, chunked, true},
		{"reader of unknown size", func() hackney.Payload { return hackney.FromReader(strings.NewReader(text), -1) }, nil, true},
		{"reader of announced size", func() hackney.Payload { return hackney.FromReader(strings.NewReader(text), -1) }, length, false},
		{"function", func() hackney.Payload { return wPieces(io.EOF, two...) }, nil, true},
		{"function of announced size", func() hackney.Payload { return wPieces(io.EOF, two...) }, length, false},
	} {
		for _, expect := range []bool{false, true} {
			h := p.h
			if expect {
				h = h.Add("Expect", "100-continue")
			}
			c.send(hackney.Req{Method: "POST", Path: "/echo", Headers: h, Payload: p.made()})
			wEchoed(c, p.name, text, p.chunk)
		}
	}
	c.send(hackney.Req{Method: "POST", Path: "/echo", Payload: hackney.Form(form.Field{Name: "t", Value: text})})
	wEchoed(c, "form", string(form.Encode([]form.Field{{Name: "t", Value: text}})), false)
	for _, h := range []*headers.Headers{nil, length} {
		c.send(hackney.Req{Method: "POST", Path: "/echo", Headers: h, Payload: hackney.Stream})
		c.piece(hackney.Text(two[0])).piece(hackney.Text("")).piece(hackney.File(path, int64(1+half), int64(len(two[1])))).end().response()
		wEchoed(c, "stream", text, h == nil)
	}
}

// wEchoed compares the answer with what was sent.
func wEchoed(c *wClient, name, text string, chunked bool) {
	c.t.Helper()
	framing := "length=" + wItoa(len(text))
	if chunked {
		framing = "chunked"
	}
	if got := c.Headers().Get("X-Request-Framing"); c.Status() != 200 || got != framing {
		c.t.Errorf("%s of %d bytes: status %d, framing %s, want %s", name, len(text), c.Status(), got, framing)
	}
	if got := c.body(); got != text {
		wSame(c.t, got, text)
	}
	c.in(hackney.StateDone).connection(hackney.Connected)
}
