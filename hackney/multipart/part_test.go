package multipart

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/hackney/headers"
)

// write makes a file and gives its path.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wire is a whole part as it is to be sent, with the boundary B.
func wire(disposition, rest string) string {
	return "--B\r\nContent-Disposition: form-data; " + disposition + "\r\n" + rest + "\r\n"
}

const octets = "Content-Type: application/octet-stream\r\n\r\n"

func TestParts(t *testing.T) {
	path := write(t, "sea.jpg", "0123456789")
	for _, c := range []struct {
		name string
		part func() Part // a reader can be read once
		want string
	}{
		{"value", func() Part { return Value("a", "b") }, wire(`name="a"`, octets+"b")},
		{"empty value", func() Part { return Value("a", "") }, wire(`name="a"`, octets)},
		{"empty name", func() Part { return Value("", "b") }, wire(`name=""`, octets+"b")},
		{"any bytes", func() Part { return Value("a", "\x00\r\n\xff--B") }, wire(`name="a"`, octets+"\x00\r\n\xff--B")},
		{"part of zero", func() Part { return Part{} }, wire(`name=""`, "\r\n")},
		{"typed value", func() Part { return Value("a", "b").Type("text/plain") }, wire(`name="a"`, "Content-Type: text/plain\r\n\r\nb")},
		{"value without a type", func() Part { return Value("a", "b").Type("") }, wire(`name="a"`, "\r\nb")},
		{"named value", func() Part { return Value("a", "b").Named("c.txt") }, wire(`name="a"; filename="c.txt"`, octets+"b")},

		{"content", func() Part { return Content("a", "b.txt", []byte("c")) }, wire(`name="a"; filename="b.txt"`, "Content-Type: text/plain\r\n\r\nc")},
		{"content of nothing", func() Part { return Content("a", "b.json", nil) }, wire(`name="a"; filename="b.json"`, "Content-Type: application/json\r\n\r\n")},
		{"content without a file name", func() Part { return Content("a", "", []byte("c")) }, wire(`name="a"`, octets+"c")},
		{"content with a path", func() Part { return Content("a", "/etc/b.txt", nil) }, wire(`name="a"; filename="b.txt"`, "Content-Type: text/plain\r\n\r\n")},
		{"content with a folder", func() Part { return Content("a", "etc/", nil) }, wire(`name="a"`, octets)},
		{"a backslash stays", func() Part { return Content("a", `b\c`, nil) }, wire(`name="a"; filename="b\c"`, octets)},
		{"UTF-8 stays", func() Part { return Content("ä", "ö.txt", nil) }, wire(`name="ä"; filename="ö.txt"`, "Content-Type: text/plain\r\n\r\n")},
		{"other bytes stay", func() Part { return Content("\xff;=%22'", "\x80\t", nil) }, wire("name=\"\xff;=%22'\"; filename=\"\x80\t\"", octets)},
		{"quotes and line ends", func() Part { return Content("\"\r\n", "a\"\nb\r", nil) }, wire(`name="%22%0D%0A"; filename="a%22%0Ab%0D"`, octets)},
		{"renamed content", func() Part { return Content("a", "b.txt", nil).Named("x/c.png") }, wire(`name="a"; filename="c.png"`, "Content-Type: text/plain\r\n\r\n")},
		{"content without its name", func() Part { return Content("a", "b.txt", nil).Named("") }, wire(`name="a"`, "Content-Type: text/plain\r\n\r\n")},

		{"file", func() Part { return File("a", path) }, wire(`name="a"; filename="sea.jpg"`, "Content-Type: image/jpeg\r\n\r\n0123456789")},
		{"renamed file", func() Part { return File("a", path).Named("b.txt").Type("x/y") }, wire(`name="a"; filename="b.txt"`, "Content-Type: x/y\r\n\r\n0123456789")},
		{"from an offset on", func() Part { return File("a", path).Range(4, 0).Type("") }, wire(`name="a"; filename="sea.jpg"`, "\r\n456789")},
		{"range", func() Part { return File("a", path).Range(2, 3).Type("") }, wire(`name="a"; filename="sea.jpg"`, "\r\n234")},
		{"last byte", func() Part { return File("a", path).Range(9, 1).Type("") }, wire(`name="a"; filename="sea.jpg"`, "\r\n9")},
		{"behind the last byte", func() Part { return File("a", path).Range(10, 0).Type("") }, wire(`name="a"; filename="sea.jpg"`, "\r\n")},

		{"reader", func() Part { return Reader("a", "b.txt", strings.NewReader("cd"), 2) }, wire(`name="a"; filename="b.txt"`, "Content-Type: text/plain\r\n\r\ncd")},
		{"reader that has more", func() Part { return Reader("a", "/b", strings.NewReader("cde"), 2) }, wire(`name="a"; filename="b"`, octets+"cd")},
		{"reader to its end", func() Part { return Reader("a", "b", strings.NewReader("cde"), -7) }, wire(`name="a"; filename="b"`, octets+"cde")},
		{"nothing of a reader", func() Part { return Reader("a", "", strings.NewReader("cde"), 0) }, wire(`name="a"`, octets)},

		{
			"fields", func() Part { return Value("a", "b").With(headers.New("X-A", "1", "x-a", "", "B", "é")) },
			wire(`name="a"`, "Content-Type: application/octet-stream\r\nX-A: 1\r\nx-a: \r\nB: é\r\n\r\nb"),
		},
		{
			"type among the fields", func() Part { return Value("a", "b").With(headers.New("X-A", "1", "content-type", "x/y")) },
			wire(`name="a"`, "X-A: 1\r\ncontent-type: x/y\r\n\r\nb"),
		},
		{"no fields", func() Part { return Value("a", "b").With(headers.New("X-A", "1")).With(nil) }, wire(`name="a"`, octets+"b")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if k := c.part().Kind(); k != Whole {
				t.Errorf("kind %d", k)
			}
			got, err := Encode("B", c.part())
			if diff := cmp.Diff(c.want+"--B--\r\n", string(got)); err != nil || diff != "" {
				t.Fatalf("Encode: %v (-want +got):\n%s", err, diff)
			}
			item, err := Streamed("B", c.part(), false)
			if diff := cmp.Diff(c.want, text(t, item)); err != nil || diff != "" {
				t.Errorf("Streamed: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// text is what segments stand for.
func text(t interface{ Fatal(...any) }, segments []Segment) string {
	var all strings.Builder
	for _, s := range segments {
		from := s.Reader
		if s.Path != "" {
			f, err := os.Open(s.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			n := s.N
			if n == 0 {
				n = 1 << 40
			}
			from = io.NewSectionReader(f, s.Offset, n)
		}
		switch {
		case from == nil:
			all.Write(s.Bytes)
		case s.N > 0:
			io.CopyN(&all, from, s.N)
		case s.N < 0 || s.Path != "":
			io.Copy(&all, from)
		}
	}
	return all.String()
}

func TestItems(t *testing.T) {
	const begun = "--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\nContent-Type: x/y\r\n\r\n"
	whole := wire(`name="c"`, octets+"d")
	for _, c := range []struct {
		name           string
		part           Part
		kind           Kind
		closed, opened string // what it adds where no part was begun, and where one was
	}{
		{"whole", Value("c", "d"), Whole, whole, "\r\n" + whole},
		{"begin", Start("a", "x/b", "x/y"), Begin, begun, "\r\n" + begun},
		{"begin without names", Start("", "", ""), Begin, "--B\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n", ""},
		{"begin with fields", Start("a", "", "x/y").With(headers.New("X", "1")), Begin, "--B\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: x/y\r\nX: 1\r\n\r\n", ""},
		{"piece", Data([]byte("e")), Piece, "", "e"},
		{"piece of nothing", Data(nil), Piece, "", ""},
		{"end", DataEOF, End, "", "\r\n"},
		{"finish", EOF, Finish, "--B--\r\n\r\n", "\r\n--B--\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.part.Kind() != c.kind {
				t.Errorf("kind %d, want %d", c.part.Kind(), c.kind)
			}
			got, err := Streamed("B", c.part, false)
			if needsPart := c.kind == Piece || c.kind == End; needsPart != errors.Is(err, errNoPart) || text(t, got) != c.closed {
				t.Errorf("where no part was begun: %q, %v", text(t, got), err)
			}
			if got, err := Streamed("B", c.part, true); c.opened != "" && (err != nil || text(t, got) != c.opened) {
				t.Errorf("where a part was begun: %q, %v", text(t, got), err)
			}
			if got, err := Form("B", c.part); c.kind != Whole && (!errors.Is(err, errNotWhole) || got != nil) {
				t.Errorf("Form takes it: %v, %v", got, err)
			}
		})
	}
}

// Parts hold what they were given, and methods give other parts.
func TestPartIsImmutable(t *testing.T) {
	path := write(t, "f.txt", "0123456789")
	for _, base := range []Part{
		Value("a", "b"), Content("a", "b.txt", []byte("c")), File("a", path).Range(1, 2).With(headers.New("X", "1")),
		Start("a", "b", "c/d"), Data([]byte("e")), DataEOF, EOF,
	} {
		before := base
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				other := base.Type("x/y").Named("other").Range(3, 4).With(headers.New("Y", "2"))
				if len(other.fields.Values("Y")) != 1 || other.ctype != "x/y" || other.filename != "other" {
					t.Errorf("the other part is %+v", other)
				}
				if base.kind == Whole {
					for range 2 {
						Encode("B", base)
					}
				}
			})
		}
		all.Wait()
		if diff := cmp.Diff(before, base, cmp.AllowUnexported(Part{}), cmp.Comparer(func(a, b *headers.Headers) bool { return a == b })); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	}
}

func TestSamePartTwice(t *testing.T) {
	p := Value("a", "b")
	got, err := Encode("B", p, p.Named("c"), p)
	want := wire(`name="a"`, octets+"b") + wire(`name="a"; filename="c"`, octets+"b") + wire(`name="a"`, octets+"b") + "--B--\r\n"
	if err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
}

// writeIn makes file i of a folder, and gives its path.
func writeIn(t interface{ Fatal(...any) }, dir string, i int, content string) string {
	path := filepath.Join(dir, strconv.Itoa(i))
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
