//go:build integration

package integration

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
)

// testMultipart posts forms to a location where nginx puts the body of a request into a
// file, and compares that with the form as bytes.
func testMultipart(t *testing.T, s *nginx) {
	const boundary = "a boundary: 'it' has blanks"
	data := noise(5<<20 + 1)
	file := s.write(t, "wellen & möwen.bin", string(data))
	parts := []multipart.Part{
		multipart.Value("größe", "zwölf"),
		multipart.Value("a \"name\"\r\nof two lines", ""),
		multipart.File("datei", file),
		multipart.File("part of it", file).Range(70_001, 3_000_000).Named("stück.png").Type("image/x-part"),
		multipart.Content("content", "a.txt", data[:100_000]),
		multipart.Content("fields", "b;c.txt", []byte("\r\n--")).With(headers.New("X-One", "1")),
	}
	reader := func() multipart.Part { // can be sent once
		return multipart.Reader("reader", "r", io.MultiReader(bytes.NewReader(data)), -1)
	}
	chunked := headers.New("Transfer-Encoding", "chunked")
	for _, test := range []struct {
		name, url string
		headers   *headers.Headers
		opts      *hackney.Opts
		more      []multipart.Part
		same      []multipart.Part // as more
	}{
		{"plain", s.http, nil, nil, nil, nil},
		{"plain, chunked", s.http, chunked, nil, nil, nil},
		{"plain, a reader", s.http, nil, nil, []multipart.Part{reader()}, []multipart.Part{reader()}},
		{"TLS", s.https, nil, s.trusting(), nil, nil},
		{"TLS, a reader", s.https, nil, s.trusting(), []multipart.Part{reader()}, []multipart.Part{reader()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			want, err := multipart.Encode(boundary, slices.Concat(parts, test.same)...)
			if err != nil {
				t.Fatal(err)
			}
			payload := hackney.Multipart(slices.Concat(parts, test.more)...).WithBoundary(boundary)
			cs, err := hackney.Post(limited(t), test.url+"/form/", test.headers, payload, test.opts)
			body, cs := answer(t, cs, err, 200)
			if got := cs.Headers().Get("X-Type"); got != `multipart/form-data; boundary="`+boundary+`"` {
				t.Errorf("Content-Type %q", got)
			}
			taken(t, string(body), want)
			cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Method: "HEAD", Path: "/form"})
			if err != nil || !cs.Reused() {
				t.Errorf("the connection was not used again: %v", err)
			}
			hackney.Close(cs)
		})
	}
}

// taken compares what nginx has put into a file with what it was to get.
func taken(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(got); sum != sha256.Sum256(want) {
		t.Errorf("nginx got %d bytes (%x), not the %d that the form has (%x)", len(got), sum, len(want), sha256.Sum256(want))
	}
	t.Logf("%d bytes are in the file", len(got))
}
