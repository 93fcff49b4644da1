//go:build integration

package integration

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/transport"
)

// TestNginx runs everything against one server.
func TestNginx(t *testing.T) {
	s := start(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *nginx)
	}{
		{"get", testGet},
		{"head", testHead},
		{"put of 1 MiB", testPut},
		{"put by other payloads", testPayloads},
		{"put of a streamed body", testStreamed},
		{"multipart", testMultipart},
		{"keep-alive", testKeepAlive},
		{"close", testClose},
		{"100 requests on one connection", testHundred},
		{"TLS", testTLS},
		{"TLS refused", testTLSRefused},
		{"unix socket", testUnix},
		{"range to disk", testRange},
		{"expect 100-continue", testExpect},
		{"early 413", testEarly413},
		{"early 413 of a payload", testEarly413Payload},
		{"expect and 413", testExpect413},
		{"gzip is left alone", testGzipStatic},
		{"gzip on the way", testGzip},
		{"not modified", testNotModified},
		{"not found", testNotFound},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}

func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// answer checks the head of an answer of nginx and gives its body.
func answer(t *testing.T, cs hackney.ClientState, err error, status int) ([]byte, hackney.ClientState) {
	t.Helper()
	body, cs := whole(t, cs, err, status)
	if got := cs.Headers().Get("Server"); !strings.HasPrefix(got, "nginx/") {
		t.Errorf("Server is %q: is this nginx?", got)
	}
	return body, cs
}

// whole checks the head of an answer and gives its body.
func whole(t *testing.T, cs hackney.ClientState, err error, status int) ([]byte, hackney.ClientState) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hackney.Close(cs) })
	if cs.Status() != status || cs.Version() != "1.1" {
		t.Fatalf("status %d, version %s; want %d, 1.1\n%v", cs.Status(), cs.Version(), status, cs.Headers())
	}
	body, cs, err := hackney.Body(limited(t), cs)
	if err != nil {
		t.Fatal(err)
	}
	if cs.ResponseState() != hackney.StateDone {
		t.Errorf("behind the body: %v", cs)
	}
	return body, cs
}

// by says over which connection of nginx an answer came, and as which on it.
func by(t *testing.T, cs hackney.ClientState) (connection string, requests int) {
	t.Helper()
	requests, err := strconv.Atoi(cs.Headers().Get("X-Requests"))
	if connection = cs.Headers().Get("X-Connection"); connection == "" || err != nil {
		t.Fatalf("nginx does not name the connection: %v", cs.Headers())
	}
	return connection, requests
}

// file is the path of a file that nginx serves, or puts there.
func (s *nginx) file(name string) string { return filepath.Join(s.dir, "www", name) }

// noise gives n bytes that look random and are the same in each run.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

const hello = "hello from nginx\n"

func testGet(t *testing.T, s *nginx) {
	s.write(t, "www/hello.txt", hello)
	cs, err := hackney.Get(limited(t), s.http+"/hello.txt", nil, nil, nil)
	if cs.ContentLength() != int64(len(hello)) || cs.Headers().Get("content-type") != "text/plain" {
		t.Errorf("headers:\n%v", cs.Headers())
	}
	if body, _ := answer(t, cs, err, 200); string(body) != hello {
		t.Errorf("body %q", body)
	}
}

func testHead(t *testing.T, s *nginx) {
	s.write(t, "www/hello.txt", hello)
	cs, err := hackney.Head(limited(t), s.http+"/hello.txt", nil, nil, nil)
	if cs.ResponseState() != hackney.StateDone || cs.ContentLength() != int64(len(hello)) {
		t.Errorf("%v\n%v", cs, cs.Headers())
	}
	body, cs := answer(t, cs, err, 200)
	if len(body) != 0 {
		t.Errorf("body %q", body)
	}
	cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Path: "/hello.txt"})
	if !cs.Reused() {
		t.Error("the connection was not used again")
	}
	if body, _ := answer(t, cs, err, 200); string(body) != hello {
		t.Errorf("body behind that of HEAD: %q", body)
	}
}

func testKeepAlive(t *testing.T, s *nginx) {
	s.write(t, "www/hello.txt", hello)
	cs, err := hackney.Get(limited(t), s.http+"/hello.txt", nil, nil, nil)
	_, cs = answer(t, cs, err, 200)
	first, n := by(t, cs)
	if cs.Reused() || n != 1 {
		t.Errorf("first request: reused %v, number %d of the connection", cs.Reused(), n)
	}
	time.Sleep(20 * time.Millisecond) // long enough that the idle connection is looked at
	cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Path: "/hello.txt"})
	_, cs = answer(t, cs, err, 200)
	if again, n := by(t, cs); !cs.Reused() || again != first || n != 2 {
		t.Errorf("second request: reused %v, number %d of connection %s, which was %s", cs.Reused(), n, again, first)
	}
}

func testClose(t *testing.T, s *nginx) {
	s.write(t, "www/hello.txt", hello)
	cs, err := hackney.Get(limited(t), s.http+"/hello.txt", headers.New("Connection", "close"), nil, nil)
	_, cs = answer(t, cs, err, 200)
	first, _ := by(t, cs)
	if cs.ConnectionState() != hackney.Closed {
		t.Errorf("behind the body: %v", cs)
	}
	cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Path: "/hello.txt"})
	_, cs = answer(t, cs, err, 200)
	if again, n := by(t, cs); cs.Reused() || again == first || n != 1 {
		t.Errorf("next request: reused %v, number %d of connection %s, which was %s", cs.Reused(), n, again, first)
	}
}

func testHundred(t *testing.T, s *nginx) {
	s.write(t, "www/hello.txt", hello)
	for _, test := range []struct {
		name, url string
		opts      *hackney.Opts
	}{
		{"plain", s.http, nil},
		{"TLS", s.https, s.trusting()},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx := limited(t)
			cs, err := hackney.Get(ctx, test.url+"/hello.txt", nil, nil, test.opts)
			_, cs = answer(t, cs, err, 200)
			first, _ := by(t, cs)
			for i := 2; i <= 100; i++ {
				cs, err = hackney.SendRequest(ctx, cs, hackney.Req{Path: "/hello.txt?" + strconv.Itoa(i)})
				var body []byte
				body, cs = answer(t, cs, err, 200)
				connection, n := by(t, cs)
				if string(body) != hello || connection != first || n != i || !cs.Reused() {
					t.Fatalf("request %d: body %q, number %d of connection %s, reused %v", i, body, n, connection, cs.Reused())
				}
			}
		})
	}
}

// trusting are options that know nginx's certificate.
func (s *nginx) trusting() *hackney.Opts {
	return &hackney.Opts{TLS: &tls.Config{RootCAs: s.cert.Pool()}}
}

func testTLS(t *testing.T, s *nginx) {
	data := noise(1 << 20)
	for name, opts := range map[string]*hackney.Opts{
		"trusted":  s.trusting(),
		"insecure": {Insecure: true},
	} {
		t.Run(name, func(t *testing.T) {
			cs, err := hackney.Put(limited(t), s.https+"/upload/"+name, nil, hackney.Bytes(data), opts)
			_, cs = answer(t, cs, err, 201)
			s.stored(t, "upload/"+name, data)
			if cs.TLS() == nil || cs.TLS().NegotiatedProtocol != "http/1.1" {
				t.Errorf("TLS: %+v", cs.TLS())
			}
			time.Sleep(20 * time.Millisecond) // session tickets may lie on the idle connection
			cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Path: "/upload/" + name})
			body, cs := answer(t, cs, err, 200)
			if !bytes.Equal(body, data) || !cs.Reused() {
				t.Errorf("%d bytes came back of %d, reused %v", len(body), len(data), cs.Reused())
			}
		})
	}
}

func testTLSRefused(t *testing.T, s *nginx) {
	cs, err := hackney.Get(limited(t), s.https+"/", nil, nil, nil)
	var network *hackney.TransportError
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &network) || !errors.As(err, &unknown) {
		t.Errorf("got %v, want a TransportError that says the authority is unknown", err)
	}
	if cs.ConnectionState() != hackney.Closed {
		t.Errorf("state %v", cs)
	}
	t.Log(err)
}

func testUnix(t *testing.T, s *nginx) {
	s.write(t, "www/hello.txt", hello)
	cs, err := hackney.Connect(limited(t), transport.Unix(s.socket), "localhost", 80, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Path: "/hello.txt"})
		var body []byte
		if body, cs = answer(t, cs, err, 200); string(body) != hello {
			t.Errorf("body %q", body)
		}
	}
	if !cs.Reused() {
		t.Error("the connection was not used again")
	}
}

func testRange(t *testing.T, s *nginx) {
	const size, from, to = 64 << 20, 1<<20 + 1, 64<<20 - 4097
	data := noise(size)
	if err := os.WriteFile(s.file("large"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256(data[from : to+1])
	defer dropPipes()
	for _, test := range []struct {
		name, url string
		opts      *hackney.Opts
	}{
		{"plain", s.http, nil},
		{"plain, with a time limit", s.http, &hackney.Opts{RecvTimeout: 10 * time.Second}},
		{"TLS", s.https, s.trusting()},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx := limited(t)
			cs, err := hackney.Get(ctx, test.url+"/large", headers.New("Range", fmt.Sprintf("bytes=%d-%d", from, to)), nil, test.opts)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { hackney.Close(cs) }()
			if got, want := cs.Headers().Get("Content-Range"), fmt.Sprintf("bytes %d-%d/%d", from, to, size); cs.Status() != 206 || got != want {
				t.Fatalf("status %d, Content-Range %q, want 206, %q", cs.Status(), got, want)
			}
			path := filepath.Join(t.TempDir(), "part")
			var n int64
			if n, cs, err = copyTo(ctx, path, cs); err != nil || n != to+1-from {
				t.Fatalf("%d bytes, want %d, error %v", n, to+1-from, err)
			}
			part, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if sha256.Sum256(part) != want {
				t.Error("the file is not the part that was asked for")
			}
			cs, err = hackney.SendRequest(ctx, cs, hackney.Req{Method: "HEAD", Path: "/large"})
			if err != nil || !cs.Reused() || cs.ContentLength() != size {
				t.Errorf("next request: %v, reused %v, length %d", err, cs.Reused(), cs.ContentLength())
			}
		})
	}
}

// dropPipes makes the runtime close the pipes that splice went through. It keeps
// them in a sync.Pool, which lets go of what it holds at the second collection.
func dropPipes() {
	runtime.GC()
	runtime.GC()
}

// copyTo copies a body into a new file.
func copyTo(ctx context.Context, path string, cs hackney.ClientState) (int64, hackney.ClientState, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, cs, err
	}
	n, cs, err := hackney.CopyBody(ctx, cs, f)
	return n, cs, errors.Join(err, f.Close())
}

var acceptGzip = headers.New("Accept-Encoding", "gzip")

func testGzipStatic(t *testing.T, s *nginx) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	io.WriteString(w, strings.Repeat(hello, 1000))
	w.Close()
	s.write(t, "www/zipped/text.txt", strings.Repeat(hello, 1000))
	s.write(t, "www/zipped/text.txt.gz", zipped.String())
	cs, err := hackney.Get(limited(t), s.http+"/zipped/text.txt", acceptGzip, nil, nil)
	body, cs := answer(t, cs, err, 200)
	if cs.Headers().Get("Content-Encoding") != "gzip" || cs.ContentLength() != int64(zipped.Len()) {
		t.Errorf("headers:\n%v", cs.Headers())
	}
	if !bytes.Equal(body, zipped.Bytes()) {
		t.Errorf("%d bytes, not the %d of the file", len(body), zipped.Len())
	}
}

// testGzip: what nginx compresses itself comes chunked, without trailers.
func testGzip(t *testing.T, s *nginx) {
	text := strings.Repeat(hello, 100_000)
	s.write(t, "www/zipping/text.txt", text)
	cs, err := hackney.Get(limited(t), s.http+"/zipping/text.txt", acceptGzip, nil, nil)
	body, cs := answer(t, cs, err, 200)
	h := cs.Headers()
	if h.Get("Content-Encoding") != "gzip" || h.Get("Transfer-Encoding") != "chunked" || cs.Trailers().Len() != 0 {
		t.Errorf("headers:\n%vtrailers:\n%v", h, cs.Trailers())
	}
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); string(got) != text {
		t.Errorf("%d bytes behind gzip, want %d, error %v", len(got), len(text), err)
	}
}

func testNotModified(t *testing.T, s *nginx) {
	s.write(t, "www/hello.txt", hello)
	cs, err := hackney.Get(limited(t), s.http+"/hello.txt", nil, nil, nil)
	_, cs = answer(t, cs, err, 200)
	since := headers.New("If-Modified-Since", cs.Headers().Get("Last-Modified"))
	cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Path: "/hello.txt", Headers: since})
	if cs.ResponseState() != hackney.StateDone {
		t.Errorf("behind the head: %v", cs)
	}
	body, cs := answer(t, cs, err, 304)
	if len(body) != 0 || cs.Headers().Get("Etag") == "" {
		t.Errorf("body %q, headers:\n%v", body, cs.Headers())
	}
	cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Path: "/hello.txt"})
	if body, cs = answer(t, cs, err, 200); string(body) != hello || !cs.Reused() {
		t.Errorf("next request: body %q, reused %v", body, cs.Reused())
	}
}

func testNotFound(t *testing.T, s *nginx) {
	cs, err := hackney.Get(limited(t), s.http+"/is%20not%2Fthere?x", nil, nil, nil)
	if body, _ := answer(t, cs, err, 404); !strings.Contains(string(body), "404") {
		t.Errorf("body %q", body)
	}
}
