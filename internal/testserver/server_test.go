package testserver

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/hackney-go/hackney/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestEcho(t *testing.T) {
	cases := []struct {
		name    string
		body    io.Reader
		expect  string
		query   string
		framing string
	}{
		{"length", strings.NewReader("hello"), "", "", "length=5"},
		{"chunked", io.MultiReader(strings.NewReader("hello")), "", "", "chunked"},
		{"expect", strings.NewReader("hello"), "100-continue", "", "length=5"},
		{"duplex", io.MultiReader(strings.NewReader("hello")), "", "?duplex=1", "chunked"},
		{"duplex with expect", strings.NewReader("hello"), "100-continue", "?duplex=1", "length=5"},
	}
	s, client := start(t, Options{})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			req, _ := http.NewRequest("PUT", s.URL()+"/echo"+c.query, c.body)
			req.Header.Set("Content-Type", "text/x")
			if c.expect != "" {
				req.Header.Set("Expect", c.expect)
			}
			resp, body := do(t, client, req)
			got := fmt.Sprint(resp.StatusCode, string(body), resp.Header["Content-Type"],
				resp.Header["X-Request-Framing"], resp.Header.Get("X-Expect"))
			want := fmt.Sprint(200, "hello", []string{"text/x"}, []string{c.framing}, c.expect)
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestDuplex reads each piece back before it sends the next.
func TestDuplex(t *testing.T) {
	s, _ := start(t, Options{})
	c := dial(t, s)
	fmt.Fprint(c, "POST /echo?duplex=1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
	br := bufio.NewReader(c)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range []string{"one", "two"} {
		fmt.Fprintf(c, "3\r\n%s\r\n", piece)
		got := make([]byte, 3)
		if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != piece {
			t.Fatalf("got %q, error %v; want %q", got, err, piece)
		}
	}
	fmt.Fprint(c, "0\r\n\r\n")
	if rest, err := io.ReadAll(resp.Body); len(rest) != 0 || err != nil {
		t.Errorf("rest %q, error %v", rest, err)
	}
}

func TestSink(t *testing.T) {
	s, client := start(t, Options{})
	const n = 3 << 20
	req, _ := http.NewRequest("PUT", s.URL()+"/sink", NewContent(n))
	_, body := do(t, client, req)
	sum := sha256.New()
	NewContent(n).WriteTo(sum)
	want := fmt.Sprintf("{\"bytes\":%d,\"sha256\":\"%x\"}\n", n, sum.Sum(nil))
	if string(body) != want {
		t.Errorf("got %s, want %s", body, want)
	}
}

func TestChunks(t *testing.T) {
	for _, size := range []int{1, 100, 2048, 2049, 70000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			s, _ := start(t, Options{})
			c := dial(t, s)
			fmt.Fprintf(c, "GET /chunks?n=3&size=%d&delay=1ms HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", size)
			raw, _ := io.ReadAll(c)
			_, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
			var want strings.Builder
			for _, letter := range []string{"a", "b", "c"} {
				fmt.Fprintf(&want, "%x\r\n%s\r\n", size, strings.Repeat(letter, size))
			}
			want.WriteString("0\r\n\r\n")
			if string(body) != want.String() {
				t.Errorf("body of %d bytes is not three chunks of %d", len(body), size)
			}
		})
	}
}

func TestTrailers(t *testing.T) {
	s, client := start(t, Options{})
	resp, body := get(t, client, s.URL()+"/trailers")
	want := http.Header{
		"X-Bytes":  {fmt.Sprint(len(body))},
		"X-Sha256": {fmt.Sprintf("%x", sha256.Sum256(body))},
	}
	if fmt.Sprint(resp.Trailer) != fmt.Sprint(want) {
		t.Errorf("trailers %v, want %v", resp.Trailer, want)
	}
}

func TestBytes(t *testing.T) {
	s, client := start(t, Options{})
	for _, n := range []int64{0, 1, 250, 251, 252, 64256, 64257, 1 << 20} {
		resp, body := get(t, client, fmt.Sprintf("%s/bytes/%d", s.URL(), n))
		if resp.ContentLength != n || !bytes.Equal(body, pattern(n)) {
			t.Errorf("%d bytes: length %d, body of %d", n, resp.ContentLength, len(body))
		}
	}
	resp, err := client.Head(s.URL() + "/bytes/1073741824")
	if err != nil || resp.ContentLength != 1<<30 {
		t.Errorf("HEAD of 1 GiB: %v, error %v", resp, err)
	}
}

func TestFile(t *testing.T) {
	s, client := start(t, Options{})
	req, _ := http.NewRequest("GET", s.URL()+"/file?size=1000000", nil)
	req.Header.Set("Range", "bytes=300000-300099")
	resp, body := do(t, client, req)
	if resp.StatusCode != 206 || !bytes.Equal(body, pattern(1000000)[300000:300100]) {
		t.Errorf("range: status %d, %d bytes", resp.StatusCode, len(body))
	}
	if resp.Header.Get("ETag") != `"pattern-1000000"` || resp.Header.Get("Last-Modified") == "" {
		t.Errorf("validators: %v", resp.Header)
	}
	if _, body := get(t, client, s.URL()+"/file"); !bytes.Equal(body, pattern(1<<20)) {
		t.Errorf("whole file: %d bytes", len(body))
	}
}

func TestBadNumbers(t *testing.T) {
	s, client := start(t, Options{})
	for _, path := range []string{
		"/bytes/x", "/bytes/-1", "/bytes/99999999999999999999", "/file?size=x",
		"/chunks?n=x", "/chunks?size=-1", "/chunks?delay=x", "/chunks?delay=1h",
	} {
		if resp, body := get(t, client, s.URL()+path); resp.StatusCode != 400 {
			t.Errorf("%s: status %d, %s", path, resp.StatusCode, body)
		}
	}
}

func TestEarly(t *testing.T) {
	s, _ := start(t, Options{})
	c := dial(t, s)
	fmt.Fprint(c, "POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nonly this")
	got, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 413 ") || !strings.HasSuffix(string(got), "\r\n\r\ntoo large\n") {
		t.Errorf("got %q, error %v", got, err)
	}
}

func TestHang(t *testing.T) {
	s, _ := start(t, Options{})
	c := dial(t, s)
	fmt.Fprint(c, "POST /hang HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab")
	c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == io.EOF {
		t.Errorf("%d bytes, error %v; want silence", n, err)
	}
}

func TestCut(t *testing.T) {
	s, client := start(t, Options{})
	resp, err := client.Get(s.URL() + "/cut")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if resp.ContentLength != 100 || string(body) != "0123456789" || err != io.ErrUnexpectedEOF {
		t.Errorf("length %d, body %q, error %v", resp.ContentLength, body, err)
	}
}

func TestHints(t *testing.T) {
	s, client := start(t, Options{})
	var interim []string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		interim = append(interim, fmt.Sprint(code, h.Get("Link") != ""))
		return nil
	}}
	req, _ := http.NewRequest("GET", s.URL()+"/hints", nil)
	resp, body := do(t, client, req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if !slices.Equal(interim, []string{"103 true"}) || resp.Header.Get("Link") != "" || string(body) != "hinted\n" {
		t.Errorf("interim %v, head %v, body %q", interim, resp.Header, body)
	}
}

func TestHTTPBin(t *testing.T) {
	s, client := start(t, Options{})
	for path, want := range map[string]int{"/get": 200, "/stream/3": 200, "/status/418": 418, "/nowhere": 404} {
		if resp, _ := get(t, client, s.URL()+path); resp.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, resp.StatusCode, want)
		}
	}
}

func TestListeners(t *testing.T) {
	for name, o := range map[string]Options{
		"address":          {Addr: "127.0.0.1:0"},
		"TLS":              {TLS: true},
		"Unix socket":      {Unix: filepath.Join(t.TempDir(), "s")},
		"Unix socket, TLS": {Unix: filepath.Join(t.TempDir(), "s"), TLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, client := start(t, o)
			resp, body := get(t, client, s.URL()+"/bytes/10")
			if resp.Proto != "HTTP/1.1" || len(body) != 10 {
				t.Errorf("%s with %d bytes", resp.Proto, len(body))
			}
			if (s.CertPEM() != nil) != o.TLS {
				t.Errorf("certificate %q", s.CertPEM())
			}
		})
	}
}

func TestNewFails(t *testing.T) {
	s, _ := start(t, Options{})
	if _, err := New(Options{Addr: s.Addr()}); err == nil {
		t.Error("an address in use: want an error")
	}
}

// TestClose closes the server while requests of every kind are in flight.
func TestClose(t *testing.T) {
	for _, request := range []string{
		"",
		"GET / HTTP/1.1\r\n",
		"GET /hang HTTP/1.1\r\nHost: h\r\n\r\n",
		"PUT /sink HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf",
		"GET /bytes/1073741824 HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /chunks?delay=10s HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /delay/10 HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n",
		"GET /websocket/echo HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
	} {
		line, _, _ := strings.Cut(request, "\r\n")
		t.Run(line, func(t *testing.T) {
			s, _ := start(t, Options{})
			c := dial(t, s)
			io.WriteString(c, request)
			c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
			c.Read(make([]byte, 1)) // lets the server come to where it waits
			begin := time.Now()
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if d := time.Since(begin); d > 2*time.Second {
				t.Errorf("Close took %v", d)
			}
			if s.Close() != nil {
				t.Error("second Close: want no error")
			}
		})
	}
}

func TestCloseAtOnce(t *testing.T) {
	for range 50 {
		s, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if _, err := net.Dial("tcp", s.Addr()); err == nil {
			t.Fatal("the server still listens")
		}
	}
}

func TestContent(t *testing.T) {
	if err := iotest.TestReader(NewContent(1000), pattern(1000)); err != nil {
		t.Error(err)
	}
}

func TestRoutes(t *testing.T) {
	for _, r := range Routes() {
		if r.Methods == "" || !strings.HasPrefix(r.Path, "/") || r.Doc == "" {
			t.Errorf("incomplete route %q %q", r.Methods, r.Path)
		}
	}
}

// pattern makes the content by its definition.
func pattern(n int64) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return b
}

func start(t *testing.T, o Options) (*Server, *http.Client) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.CertPool()}}
	if o.Unix != "" {
		tr.DialContext = func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", o.Unix) }
	}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		s.Close()
	})
	return s, &http.Client{Transport: tr}
}

func dial(t *testing.T, s *Server) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func get(t *testing.T, client *http.Client, url string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, client, req)
}

func do(t *testing.T, client *http.Client, req *http.Request) (*http.Response, []byte) {
	t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}
