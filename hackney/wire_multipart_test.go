package hackney_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	stdmultipart "mime/multipart"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// fPart is a part as a server reads it.
type fPart struct{ Name, FileName, Type, Text string }

// fParts reads a form with the standard library.
func fParts(t *testing.T, m wiretest.Message) (parts []fPart) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Field("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		t.Fatalf("Content-Type %q, %v", m.Field("Content-Type"), err)
	}
	r := stdmultipart.NewReader(bytes.NewReader(m.Body), params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Fatalf("%v in %.300q", err, m.Body)
		}
		text, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, fPart{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), string(text)})
	}
}

// fPosted posts a form and gives the request that came.
func fPosted(t *testing.T, p hackney.Payload, h *headers.Headers) wiretest.Message {
	t.Helper()
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := wNew(t).request("POST", srv.URL("/form"), h, p, nil).wantBody("ok")
	c.to(hackney.Close(c.ClientState))
	srv.WaitClosed(0)
	return srv.Requests(0)[0]
}

func fSame(t *testing.T, got, want []fPart) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

const fOctets = "application/octet-stream"

func TestP36_MultipartOfValuesAndFiles(t *testing.T) {
	m := fPosted(t, hackney.Multipart(multipart.Value("a", "1"), multipart.Content("f", "hello.txt", []byte("file content"))), nil)
	fSame(t, fParts(t, m), []fPart{{"a", "", fOctets, "1"}, {"f", "hello.txt", "text/plain", "file content"}})
	if m.Chunked || m.Field("Content-Length") != wItoa(len(m.Body)) {
		t.Errorf("chunked %v, Content-Length %s of %d", m.Chunked, m.Field("Content-Length"), len(m.Body))
	}
}

func TestP37_BoundaryIsRandom(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		m := fPosted(t, hackney.Multipart(multipart.Value("a", "1")), nil)
		found := regexp.MustCompile(`^multipart/form-data; boundary=(-{27}[a-z]{16})$`).FindStringSubmatch(m.Field("Content-Type"))
		if found == nil || !bytes.HasPrefix(m.Body, []byte("--"+found[1]+"\r\n")) || seen[found[1]] {
			t.Fatalf("Content-Type %q, body %.80q", m.Field("Content-Type"), m.Body)
		}
		seen[found[1]] = true
	}
}

func TestP38_PartsHaveNamesAndTypes(t *testing.T) {
	m := fPosted(t, hackney.Multipart(
		multipart.Value("a", "1"), multipart.Content("b", "dir/x.png", []byte{137, 80}), multipart.Value("c", "").Type("text/plain; charset=utf-8"),
		multipart.Content("d\"\r\nX: y", "we\"ird\r\n.txt", nil),
	).WithBoundary("B"), headers.New("Content-Type", "text/html"))
	wSame(t, string(m.Body), "--B\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: application/octet-stream\r\n\r\n1\r\n"+
		"--B\r\nContent-Disposition: form-data; name=\"b\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n\x89P\r\n"+
		"--B\r\nContent-Disposition: form-data; name=\"c\"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\r\n"+
		"--B\r\nContent-Disposition: form-data; name=\"d%22%0D%0AX: y\"; filename=\"we%22ird%0D%0A.txt\"\r\nContent-Type: text/plain\r\n\r\n\r\n"+
		"--B--\r\n")
	if got := m.Field("Content-Type"); got != "multipart/form-data; boundary=B" {
		t.Errorf("Content-Type %q", got)
	}
}

// fStream is a client whose request streams a form with the boundary B.
func fStream(t *testing.T, srv *wiretest.Server, size int64) *wClient {
	t.Helper()
	return wNew(t).request("POST", srv.URL("/mp"), nil, hackney.StreamMultipart(size, "B"), nil).in(hackney.StateStream)
}

func (c *wClient) item(p multipart.Part) *wClient {
	c.t.Helper()
	return c.to(hackney.StreamMultipartRequest(c.ctx, c.ClientState, p))
}

func TestP39_MultipartIsStreamed(t *testing.T) {
	part := multipart.Value("a", "1")
	size, err := multipart.Size("B", part)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{-1, size} {
		srv := wiretest.New(t, wiretest.Replies(wOK))
		c := fStream(t, srv, size)
		if got := c.Snapshot().MpBoundary; got != "B" {
			t.Errorf("mp_boundary %q", got)
		}
		c.item(part).in(hackney.StateStream).item(multipart.EOF).in(hackney.StateWaiting).response().wantBody("ok")
		c.to(hackney.Close(c.ClientState))
		srv.WaitClosed(0)
		m := srv.Requests(0)[0]
		if m.Chunked != (size < 0) {
			t.Errorf("size %d: chunked %v", size, m.Chunked)
		}
		wSame(t, string(m.Body), "--B\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: application/octet-stream\r\n\r\n1\r\n--B--\r\n\r\n")
	}
	c := wNew(t).request("POST", wiretest.New(t, wiretest.Replies(wOK)).URL("/"), nil, hackney.StreamMultipart(-1, ""), nil)
	if got := c.Snapshot().MpBoundary; len(got) != 43 {
		t.Errorf("a boundary that was not chosen is %q", got)
	}
}

func TestP40_FilesAreParts(t *testing.T) {
	path := wFile(t, "a.json", wText(200_000))
	part := multipart.File("f", path)
	small := part.Range(10, 20).Named("b.txt").Type("text/x").With(headers.New("X-A", "b"))
	want := []fPart{{"f", "a.json", "application/json", wText(200_000)}, {"f", "b.txt", "text/x", wText(30)[10:]}}
	for _, h := range []*headers.Headers{nil, headers.New("Transfer-Encoding", "chunked")} {
		m := fPosted(t, hackney.Multipart(part, small), h)
		fSame(t, fParts(t, m), want)
		if m.Chunked != (h != nil) || !bytes.Contains(m.Body, []byte("\r\nX-A: b\r\n")) {
			t.Errorf("chunked %v", m.Chunked)
		}
	}
	size, err := multipart.Size("B", part, small)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{-1, size} {
		srv := wiretest.New(t, wiretest.Replies(wOK))
		c := fStream(t, srv, size).item(part).item(small).item(multipart.EOF).response().wantBody("ok")
		c.to(hackney.Close(c.ClientState))
		srv.WaitClosed(0)
		fSame(t, fParts(t, srv.Requests(0)[0]), want)
	}
}

func TestP41_P42_PartsBitByBit(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := fStream(t, srv, -1).item(multipart.Start("d", "d.bin", "application/x-d"))
	c.item(multipart.Data([]byte("one"))).item(multipart.Data(nil)).item(multipart.Data([]byte(wText(4096)))).item(multipart.DataEOF)
	c.item(multipart.Start("e", "", ""))                        // ended by what follows
	c.item(multipart.Content("f", "mem.txt", []byte("memory"))) // {file, Name, Content}
	c.item(multipart.Start("g", "g.txt", "text/plain")).item(multipart.Data([]byte("open"))).item(multipart.EOF)
	c.response().wantBody("ok")
	c.to(hackney.Close(c.ClientState))
	srv.WaitClosed(0)
	fSame(t, fParts(t, srv.Requests(0)[0]), []fPart{
		{"d", "d.bin", "application/x-d", "one" + wText(4096)},
		{"e", "", "", ""},
		{"f", "mem.txt", "text/plain", "memory"},
		{"g", "g.txt", "text/plain", "open"},
	})
}

func TestP43_EndOfAForm(t *testing.T) {
	end := func(c *wClient) *wClient { return c.item(multipart.EOF).in(hackney.StateWaiting) }
	for name, ends := range map[string]func(*wClient) *wClient{
		"once":                 end,
		"twice":                func(c *wClient) *wClient { return end(end(c)) },
		"by StartResponse":     func(c *wClient) *wClient { return c },
		"as the body":          func(c *wClient) *wClient { return c.end() },
		"the body, then again": func(c *wClient) *wClient { return end(c.end()) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int64{-1, int64(len("--B--\r\n\r\n"))} {
				srv := wiretest.New(t, wiretest.Replies(wOK, wOK))
				c := ends(fStream(t, srv, size)).response().wantBody("ok")
				if got := c.Snapshot().MpBoundary; got != "B" {
					t.Errorf("mp_boundary %q behind the answer", got)
				}
				c.send(hackney.Req{}).wantBody("ok")
				if got := c.Snapshot().MpBoundary; got != "" || !c.Reused() {
					t.Errorf("mp_boundary %q behind another request", got)
				}
				c.to(hackney.Close(c.ClientState))
				srv.WaitClosed(0)
				wSame(t, string(srv.Requests(0)[0].Body), "--B--\r\n\r\n")
			}
		})
	}
}

// Readers of known length go by it; one of unknown length makes the form chunked.
func TestMultipartReaders(t *testing.T) {
	known := multipart.Reader("k", "k.txt", iotest.OneByteReader(strings.NewReader("known, and more")), 5)
	unknown := multipart.Reader("u", "u.csv", strings.NewReader(wText(100_000)), -1)
	m := fPosted(t, hackney.Multipart(known), nil)
	fSame(t, fParts(t, m), []fPart{{"k", "k.txt", "text/plain", "known"}})
	if m.Chunked {
		t.Error("a form of known length went chunked")
	}
	m = fPosted(t, hackney.Multipart(multipart.Value("a", "1"), unknown), nil)
	fSame(t, fParts(t, m), []fPart{{"a", "", fOctets, "1"}, {"u", "u.csv", "text/csv", wText(100_000)}})
	if !m.Chunked {
		t.Error("a form of unknown length did not go chunked")
	}
}

// Over TLS, and on a connection of the caller's own, files are copied.
func TestMultipartFilesAreCopied(t *testing.T) {
	path := wFile(t, "a.txt", wText(300_000))
	form := hackney.Multipart(multipart.File("f", path), multipart.Content("g", "g", []byte(wText(40_000)))).WithBoundary("B")
	want := []fPart{{"f", "a.txt", "text/plain", wText(300_000)}, {"g", "g", fOctets, wText(40_000)}}
	for _, o := range []wiretest.Options{{TLS: true}, {}} {
		srv := wiretest.Start(t, o, wiretest.Replies(wOK))
		opts := wTLS(srv)
		if !o.TLS {
			opts = &hackney.Opts{Tap: func(hackney.TapEvent) {}}
		}
		c := wNew(t).request("POST", srv.URL("/"), nil, form, opts).wantBody("ok")
		c.to(hackney.Close(c.ClientState))
		srv.WaitClosed(0)
		fSame(t, fParts(t, srv.Requests(0)[0]), want)
	}
}

// What can be known to be wrong shows before anything is dialed.
func TestMultipartRefused(t *testing.T) {
	dir := t.TempDir()
	path := wFile(t, "a.txt", "0123456789")
	for name, p := range map[string]hackney.Payload{
		"missing file":     hackney.Multipart(multipart.File("f", filepath.Join(dir, "none"))),
		"folder":           hackney.Multipart(multipart.File("f", dir)),
		"range":            hackney.Multipart(multipart.File("f", path).Range(5, 6)),
		"negative offset":  hackney.Multipart(multipart.File("f", path).Range(-1, 1)),
		"control byte":     hackney.Multipart(multipart.Value("a\x00", "1")),
		"type":             hackney.Multipart(multipart.Value("a", "1").Type("a\r\nb")),
		"fields":           hackney.Multipart(multipart.Value("a", "1").With(headers.New("A", "b\n"))),
		"disposition":      hackney.Multipart(multipart.Value("a", "1").With(headers.New("content-disposition", "x"))),
		"no reader":        hackney.Multipart(multipart.Reader("r", "r", nil, -1)),
		"piece":            hackney.Multipart(multipart.Data([]byte("x"))),
		"end":              hackney.Multipart(multipart.EOF),
		"boundary":         hackney.Multipart().WithBoundary("a\r\nb"),
		"streamed":         hackney.StreamMultipart(-1, strings.Repeat("b", 71)),
		"size of no form":  hackney.StreamMultipart(3, "B"),
		"blank at the end": hackney.StreamMultipart(-1, "B "),
	} {
		_, err := hackney.Post(wCtx(t), "http://host.test/", nil, p, wNoDial(t))
		var argument *hackney.ArgumentError
		if !errors.As(err, &argument) || hackney.BlameOf(err) != hackney.BlameCaller {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMultipartBreaksOff has parts that turn out wrong while they are sent: no half
// form is taken for a whole one, and the connection is not used again.
func TestMultipartBreaksOff(t *testing.T) {
	cut := errors.New("cut")
	for name, part := range map[string]func(path string) multipart.Part{
		"a reader that ends early": func(string) multipart.Part { return multipart.Reader("r", "r", strings.NewReader("abc"), 4) },
		"a reader that fails": func(string) multipart.Part {
			return multipart.Reader("r", "r", io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(cut)), -1)
		},
		"a file that is gone": func(path string) multipart.Part {
			return multipart.Reader("r", "r", fThen(func() { os.Remove(path) }), -1)
		},
		"a file that grew": func(path string) multipart.Part {
			return multipart.Reader("r", "r", fThen(func() { os.Truncate(path, 11) }), -1)
		},
		"a file that shrank": func(path string) multipart.Part {
			return multipart.Reader("r", "r", fThen(func() { os.Truncate(path, 9) }), -1)
		},
		"a file that was empty": func(path string) multipart.Part {
			os.Truncate(path, 0)
			return multipart.Reader("r", "r", fThen(func() { os.Truncate(path, 1) }), -1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := wFile(t, "a.txt", "0123456789")
			srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Body, wOK)})
			p := hackney.Multipart(multipart.Value("a", "1"), part(path).Type(""), multipart.File("f", path))
			if strings.HasPrefix(name, "a file") { // what happens to it comes from a reader before, of a byte
				p = hackney.Multipart(multipart.Value("a", "1"), part(path), multipart.File("f", path))
			}
			c := wNew(t)
			err := c.fails(hackney.Post(c.ctx, srv.URL("/"), nil, p, nil))
			var argument *hackney.ArgumentError
			if !errors.As(err, &argument) || argument.Sent == 0 {
				t.Errorf("error %v", err)
			}
			c.in(hackney.StateFailed)
			srv.WaitClosed(0)
			if got := srv.Requests(0); len(got) != 0 {
				t.Errorf("it looks whole: %.300q", got[0].Raw)
			}
		})
	}
}

// fThen is a reader of nothing that does something first.
type fThen func()

func (f fThen) Read([]byte) (int, error) { f(); return 0, io.EOF }

// A form that takes another size than was announced is an error that says by how much.
func TestMultipartOfAnotherSize(t *testing.T) {
	size, err := multipart.Size("B", multipart.Value("a", "1"))
	if err != nil {
		t.Fatal(err)
	}
	for off, fault := range map[int64]string{1: "ended 1 bytes before", -1: "1 bytes more"} {
		srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Body, wOK)})
		c := fStream(t, srv, size+off).item(multipart.Value("a", "1"))
		err := c.fails(hackney.StreamMultipartRequest(c.ctx, c.ClientState, multipart.EOF))
		if !strings.Contains(err.Error(), fault) || hackney.BlameOf(err) != hackney.BlameCaller {
			t.Errorf("off by %d: %v", off, err)
		}
		c.in(hackney.StateFailed)
		srv.WaitClosed(0)
	}
}

// Items that do not belong there leave the state as good as it was.
func TestMultipartItemsOutOfPlace(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	c := fStream(t, srv, -1)
	for _, p := range []multipart.Part{
		multipart.Data([]byte("x")), multipart.DataEOF, multipart.Value("a\x01", ""), multipart.File("f", filepath.Join(t.TempDir(), "none")),
	} {
		cs, err := hackney.StreamMultipartRequest(c.ctx, c.ClientState, p)
		var argument *hackney.ArgumentError
		if c.ClientState = cs; !errors.As(err, &argument) {
			t.Errorf("%v", err)
		}
	}
	c.item(multipart.Value("a", "1")).item(multipart.EOF).response().wantBody("ok")
	c.to(hackney.Close(c.ClientState))
	srv.WaitClosed(0)
	fSame(t, fParts(t, srv.Requests(0)[0]), []fPart{{"a", "", fOctets, "1"}})

	plain := wNew(t).request("POST", wiretest.New(t, wiretest.Replies(wOK)).URL("/"), nil, hackney.Stream, nil)
	for _, p := range []multipart.Part{multipart.Value("a", "1"), multipart.EOF} {
		cs, err := hackney.StreamMultipartRequest(plain.ctx, plain.ClientState, p)
		var argument *hackney.ArgumentError
		if plain.ClientState = cs; !errors.As(err, &argument) || cs.ResponseState() != hackney.StateStream {
			t.Errorf("on a plain stream: %v, %v", cs, err)
		}
	}
	plain.piece(hackney.Text("x")).end().response().wantBody("ok")
}

// A form without readers is sent once more where a kept connection was lost.
func TestMultipartIsSentAgain(t *testing.T) {
	path := wFile(t, "a.txt", wText(50_000))
	for _, form := range []hackney.Payload{
		hackney.Multipart(multipart.Value("a", "1")), hackney.Multipart(multipart.Value("a", "1"), multipart.File("f", path)),
	} {
		lost := wiretest.Conn{wiretest.Reply(wEmpty), wiretest.On(wiretest.Head).ThenClose()}
		srv := wiretest.New(t, lost, wiretest.Replies(wOK))
		c := wNew(t).get(srv.URL("/"))
		c.send(hackney.Req{Method: "PUT", Path: "/form", Payload: form}).wantBody("ok")
		fParts(t, srv.Requests(1)[0])
	}
}

// TestMultipartMemoryIsFlat uploads a file of 1 GiB as a part.
func TestMultipartMemoryIsFlat(t *testing.T) {
	path := wFile(t, "large.bin", "")
	if err := os.Truncate(path, 1<<30); err != nil {
		t.Fatal(err)
	}
	sink := fSink(t)
	c := wNew(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c.request("POST", sink, nil, hackney.Multipart(multipart.Value("a", "1"), multipart.File("f", path)), nil).wantBody("ok")
	runtime.ReadMemStats(&after)
	grown := int64(after.TotalAlloc - before.TotalAlloc)
	t.Logf("%d bytes allocated for 1 GiB", grown)
	if grown > 8<<20 {
		t.Errorf("%d bytes allocated, want less than 8 MiB", grown)
	}
}

// fSink is the URL of a server that takes a request with a Content-Length in, allocates
// nothing on the way, and answers.
func fSink(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	buf := make([]byte, 256<<10)
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		n, left := 0, -1
		for left != 0 {
			got, err := conn.Read(buf[n:])
			if err != nil {
				return
			}
			if left > 0 {
				left -= got
				continue
			}
			n += got
			if head, body, ok := bytes.Cut(buf[:n], []byte("\r\n\r\n")); ok {
				_, length, _ := bytes.Cut(head, []byte("Content-Length: "))
				length, _, _ = bytes.Cut(length, []byte("\r"))
				size, _ := strconv.Atoi(string(length))
				n, left = 0, size-len(body)
			}
		}
		io.WriteString(conn, wOK)
		conn.Read(buf)
	}()
	return "http://" + l.Addr().String() + "/"
}

// An early answer ends a form that is being streamed, at any item.
func TestMultipartAnsweredEarly(t *testing.T) {
	const refused = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head, refused)})
	c := fStream(t, srv, -1)
	var err error
	for err == nil {
		c.ClientState, err = hackney.StreamMultipartRequest(c.ctx, c.ClientState, multipart.Value("a", wText(10_000)))
	}
	if err != hackney.ErrResponseReady {
		t.Fatal(err)
	}
	if _, err := hackney.StreamMultipartRequest(context.Background(), c.ClientState, multipart.EOF); err != hackney.ErrResponseReady {
		t.Errorf("the end behind it: %v", err)
	}
}
