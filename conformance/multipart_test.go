package conformance

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
)

// TestItems: each item in words is what the function of its name makes.
func TestItems(t *testing.T) {
	s := newSession(t.Context(), nil)
	defer s.close()
	fields := headers.New("X-A", "b", "X-A", "c:d")
	for words, want := range map[string][]multipart.Part{
		`value a b\x20c`:                     {multipart.Value("a", "b c")},
		`value value eof`:                    {multipart.Value("value", "eof")},
		`value a b type= named=n.txt`:        {multipart.Value("a", "b").Type("").Named("n.txt")},
		`content a n.png x type=t/\x75`:      {multipart.Content("a", "n.png", []byte("x")).Type("t/u")},
		`file a p`:                           {multipart.File("a", "p")},
		`file a p 3`:                         {multipart.File("a", "p").Range(3, 0)},
		`file a p 3 4 named=n`:               {multipart.File("a", "p").Range(3, 4).Named("n")},
		`value a 1 X-A:b X-A:c:d value b 2`:  {multipart.Value("a", "1").With(fields), multipart.Value("b", "2")},
		`start a n.bin t/u`:                  {multipart.Start("a", "n.bin", "t/u")},
		`data x data-eof eof`:                {multipart.Data([]byte("x")), multipart.DataEOF, multipart.EOF},
		`reader a n.txt 3 abc`:               {multipart.Reader("a", "n.txt", strings.NewReader("abc"), 3)},
		`reader a n.txt -1 abc type=t/u eof`: {multipart.Reader("a", "n.txt", strings.NewReader("abc"), -1).Type("t/u"), multipart.EOF},
	} {
		got, err := s.formParts(strings.Fields(words))
		if err != nil {
			t.Errorf("%s: %v", words, err)
			continue
		}
		if diff := cmp.Diff(segmentsOf(t, want), segmentsOf(t, got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", words, diff)
		}
	}
}

// segmentsOf tells the segments of items, with what readers give in their place.
func segmentsOf(t *testing.T, items []multipart.Part) (all []string) {
	t.Helper()
	for _, p := range items {
		list, err := multipart.Streamed("b", p, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if s.Reader != nil {
				if s.Bytes, err = io.ReadAll(s.Reader); err != nil {
					t.Fatal(err)
				}
			}
			all = append(all, fmt.Sprintf("%q of a reader %v, path %q from %d, %d", s.Bytes, s.Reader != nil, s.Path, s.Offset, s.N))
		}
	}
	return all
}

// TestPartUsage: a fault of the script is no error of an operation.
func TestPartUsage(t *testing.T) {
	s := newSession(t.Context(), nil)
	defer s.close()
	for _, command := range []string{
		"stream-multipart-request", "stream-multipart-request a", "stream-multipart-request value a",
		"stream-multipart-request value a 1 b", "stream-multipart-request value a 1 eof", "stream-multipart-request data-eof x",
		`stream-multipart-request value a \q`, "stream-multipart-request value a 1 type=@none", "stream-multipart-request file a",
		"stream-multipart-request file a p 1 2 3", "stream-multipart-request reader a n.txt many abc", "stream-multipart-request start a n",
		"post http://h/ multipart", "post http://h/ multipart b part", `post http://h/ multipart \q`, "post http://h/ stream-multipart -1",
		"post http://h/ stream-multipart many b", `post http://h/ stream-multipart -1 \q`, "post http://h/ stream-multipart -1 b c",
		"multipart-encode", "multipart-encode b value", "multipart-decode text/plain", `multipart-decode text/plain \q`,
	} {
		words := strings.Fields(command)
		if err := s.do(words[0], operations[words[0]], words[1:]); !errors.As(err, new(usageError)) {
			t.Errorf("%s gave %v", command, err)
		}
	}
}
