package multipart

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/leaktest"
)

var equalSegments = cmp.Options{cmp.AllowUnexported(Segment{}), cmp.Comparer(func(a, b io.Reader) bool { return a == b })}

// What is large, a file or a reader stands alone; all else is one stretch of bytes.
func TestForm(t *testing.T) {
	r := strings.NewReader("never read")
	big := bytes.Repeat([]byte("x"), large)
	text := func(s string) Segment { return Segment{Bytes: []byte(s), N: int64(len(s))} }
	head := func(disposition string) string { return strings.TrimSuffix(wire(disposition, octets), "\r\n") }
	for _, c := range []struct {
		name  string
		parts []Part
		want  []Segment
	}{
		{"no parts", nil, []Segment{text("--B--\r\n")}},
		{"values", []Part{Value("a", "b"), Value("c", "d")}, []Segment{text(wire(`name="a"`, octets+"b") + wire(`name="c"`, octets+"d") + "--B--\r\n")}},
		{"file that is not there", []Part{File("a", "/nowhere/f").Range(2, 3)}, []Segment{
			text(head(`name="a"; filename="f"`)), {Path: "/nowhere/f", Offset: 2, N: 3, part: "a"}, text("\r\n--B--\r\n"),
		}},
		{"the root is no name", []Part{File("a", "/")}, []Segment{text(head(`name="a"`)), {Path: "/", part: "a"}, text("\r\n--B--\r\n")}},
		{"readers", []Part{Reader("a", "f", r, 5), Reader("b", "", r, -2)}, []Segment{
			text(head(`name="a"; filename="f"`)),
			{Reader: r, N: 5, part: "a"},
			text("\r\n" + head(`name="b"`)),
			{Reader: r, N: -1, part: "b"},
			text("\r\n--B--\r\n"),
		}},
		{"large content", []Part{Content("a", "f", big)}, []Segment{
			text(head(`name="a"; filename="f"`)), {Bytes: big, N: large}, text("\r\n--B--\r\n"),
		}},
		{"almost large content", []Part{Content("a", "f", big[1:])}, []Segment{text(head(`name="a"; filename="f"`) + string(big[1:]) + "\r\n--B--\r\n")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Form("B", c.parts...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, equalSegments); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	got, _ := Form("B", Content("a", "f", big))
	if &got[1].Bytes[0] != &big[0] {
		t.Error("large content was copied")
	}
	if piece, _ := Streamed("B", Data(big[:3]), true); &piece[0].Bytes[0] != &big[0] {
		t.Error("a piece was copied")
	}
}

// Nothing that the caller can give ends the head early or adds a field to it, and no
// error has a value in it.
func TestRefused(t *testing.T) {
	const secret = "s3cret"
	v := Value("pass", secret)
	file := File("pass", "/nowhere/"+secret)
	for _, c := range []struct {
		name string
		part Part
		want string
	}{
		{"NUL in the name", Value("a\x00", secret), `multipart: part "a\x00": ` + errControl.Error()},
		{"DEL in the name", Value("a\x7f", secret), `multipart: part "a\x7f": ` + errControl.Error()},
		{"ESC in the file name", v.Named("\x1b[0m"), `multipart: part "pass": ` + errControl.Error()},
		{"VT in the name", Value("\x0b", secret), `multipart: part "\v": ` + errControl.Error()},
		{"backslash behind the name", Value(`a\`, secret), `multipart: part "a\\": ` + errBackslash.Error()},
		{"backslash behind the file name", v.Named(`b\`), `multipart: part "pass": ` + errBackslash.Error()},
		{"line in the type", v.Type("text/plain\r\nX: y"), `multipart: part "pass": ` + errControl.Error()},
		{"LF in the type", v.Type("text/plain\n"), `multipart: part "pass": ` + errControl.Error()},
		{"line in the type of a begun part", Start("pass", "", "a\r\n\r\n"), `multipart: part "pass": ` + errControl.Error()},
		{"line in a field", v.With(headers.New("X-A", secret+"\r\nX: y")), `multipart: part "pass": headers: field "X-A": the value has a control byte in it`},
		{"line in the name of a field", v.With(headers.New("X-A\r\nX", secret)), `multipart: part "pass": headers: field "X-A": the name is not a token, but only begins with one`},
		{"disposition", v.With(headers.New("content-disposition", secret)), `multipart: part "pass": ` + errDisposition.Error()},
		{"long name", Value(strings.Repeat("n", 100)+"\x00", secret), `multipart: part "` + strings.Repeat("n", 64) + `": ` + errControl.Error()},
		{"no reader", Reader("pass", "f", nil, 5), `multipart: part "pass": ` + errNoReader.Error()},
		{"no path", File("pass", ""), `multipart: part "pass": ` + errNoPath.Error()},
		{"range of no path", File("pass", "").Range(1, 2), `multipart: part "pass": ` + errNoPath.Error()},
		{"range of a value", v.Range(0, 1), `multipart: part "pass": ` + errRange.Error()},
		{"range of a begun part", Start("pass", "f", "").Range(0, 1), `multipart: part "pass": ` + errRange.Error()},
		{"range that begins below 0", file.Range(-1, 1), `multipart: part "pass": ` + errRange.Error()},
		{"range that ends below 0", file.Range(0, -1), `multipart: part "pass": ` + errRange.Error()},
		{"delimiter", Value("pass", secret+"\r\n--B--\r\n"), `multipart: part "pass": ` + errDelimiter.Error()},
		{"delimiter at the start", Value("pass", "--B"), `multipart: part "pass": ` + errDelimiter.Error()},
		{"delimiter behind LF", Content("pass", "f", []byte("--A--B\n--Bx")), `multipart: part "pass": ` + errDelimiter.Error()},
		{"delimiter behind CR", Content("pass", "f", []byte("x\r--B")), `multipart: part "pass": ` + errDelimiter.Error()},
		{"delimiter in a piece", Data([]byte("x\r\n--B")), `multipart: part "": ` + errDelimiter.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Streamed("B", c.part, c.part.Kind() == Piece)
			var e *Error
			if !errors.As(err, &e) || e.Name != c.part.name || err.Error() != c.want || got != nil {
				t.Fatalf("Streamed: %v, %v; want %s", got, err, c.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the value is in %q", err)
			}
			if c.part.Kind() != Whole {
				return
			}
			_, form := Form("B", Value("x", ""), c.part)
			_, size := Size("B", Value("x", ""), c.part)
			_, all := Encode("B", Value("x", ""), c.part)
			for _, err := range []error{form, size, all} {
				if err == nil || err.Error() != c.want {
					t.Errorf("%v, want %s", err, c.want)
				}
			}
		})
	}
}

// What is like a delimiter and is none may be sent.
func TestNoDelimiter(t *testing.T) {
	for _, content := range []string{"", "-", "--", "B", "x--B", " --B", "\r\n-B", "\r\n--b", "\n--\nB", "-----B", "--A\r\n", "x--Bx--B"} {
		if _, err := Form("B", Value("a", content)); err != nil {
			t.Errorf("%q: %v", content, err)
		}
	}
	for _, piece := range []string{"--B", "--B--", "x--B--\r\n"} { // of a line that began in another piece
		if _, err := Streamed("B", Data([]byte(piece)), true); err != nil {
			t.Errorf("piece %q: %v", piece, err)
		}
	}
}

// C29: a file name with a quote, a line end and a field stays inside of its quotes.
func TestNoInjection(t *testing.T) {
	const evil = "a\"\r\nX: y"
	got, err := Encode("B", Content(evil, evil, []byte("c")))
	want := wire(`name="a%22%0D%0AX: y"; filename="a%22%0D%0AX: y"`, octets+"c") + "--B--\r\n"
	if err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
	for _, evil := range []string{"\r\n\r\n--B--", "\n", "\r", "\"; filename=\"x", "\r\n X"} {
		got, err := Encode("B", Content(evil, evil, nil).Type(""))
		if err != nil || bytes.Count(got, []byte("\r\n")) != 5 || bytes.Count(got, []byte("\n")) != 5 || bytes.Count(got, []byte(`"`)) != 4 {
			t.Errorf("%q: %q, %v", evil, got, err)
		}
	}
}

func TestBadBoundary(t *testing.T) {
	for _, b := range []string{"", "B\r\nX: y", strings.Repeat("x", 71)} {
		_, form := Form(b)
		_, all := Encode(b)
		_, item := Streamed(b, EOF, false)
		_, size := Size(b)
		for _, err := range []error{form, all, item, size} {
			if err != errBoundary {
				t.Errorf("%q: %v", b, err)
			}
		}
	}
}

func TestSize(t *testing.T) {
	path := write(t, "f", "0123456789")
	end := int64(len("--B--\r\n\r\n"))
	part := int64(len(wire(`name="a"; filename="f"`, octets)))
	begin := part - int64(len("\r\n"))
	file := File("a", path)
	r := strings.NewReader("")
	for _, c := range []struct {
		name  string
		parts []Part
		want  int64
	}{
		{"nothing", nil, end},
		{"end alone", []Part{EOF}, end},
		{"file", []Part{file}, part + 10 + end},
		{"range", []Part{file.Range(3, 4)}, part + 4 + end},
		{"the whole as a range", []Part{file.Range(0, 10)}, part + 10 + end},
		{"from an offset on", []Part{file.Range(3, 0), EOF}, part + 7 + end},
		{"from the end on", []Part{file.Range(10, 0)}, part + end},
		{"reader", []Part{Reader("a", "f", r, 5)}, part + 5 + end},
		{"nothing of a reader", []Part{Reader("a", "f", r, 0)}, part + end},
		{"huge reader", []Part{Reader("a", "f", r, math.MaxInt64-part-end)}, math.MaxInt64},
		{"part that stays open", []Part{Start("a", "f", "application/octet-stream"), Data([]byte("xyz"))}, begin + 3 + 2 + end},
		{"part that is ended", []Part{Start("a", "f", "application/octet-stream"), Data([]byte("xyz")), DataEOF}, begin + 3 + 2 + end},
		{"part that is ended by the end", []Part{Start("a", "f", "application/octet-stream"), EOF}, begin + 2 + end},
		{"part that is ended by a part", []Part{Start("a", "f", "application/octet-stream"), file}, begin + 2 + part + 10 + end},
		{"behind the end", []Part{EOF, Value("\x00", ""), DataEOF}, end},
	} {
		got, err := Size("B", c.parts...)
		if err != nil || got != c.want {
			t.Errorf("%s: %d, %v; want %d", c.name, got, err, c.want)
		}
	}
}

func TestSizeErrors(t *testing.T) {
	path := write(t, "f", "0123456789")
	r := strings.NewReader("")
	for _, c := range []struct {
		name string
		part Part
		want error
	}{
		{"reader without a length", Reader("a", "f", r, -1), errUnknown},
		{"no file", File("a", filepath.Join(path, "f")), nil},
		{"no such file", File("a", path+"0"), fs.ErrNotExist},
		{"folder", File("a", filepath.Dir(path)), errIrregular},
		{"device", File("a", os.DevNull), errIrregular},
		{"behind the end", File("a", path).Range(11, 0), errShort},
		{"over the end", File("a", path).Range(9, 2), errShort},
		{"far over the end", File("a", path).Range(9, math.MaxInt64), errShort},
		{"piece of nothing", Data(nil), errNoPart},
		{"end of nothing", DataEOF, errNoPart},
		{"too long", Reader("a", "f", r, math.MaxInt64), errTooLong},
	} {
		size, err := Size("B", Value("x", "y"), c.part)
		var e *Error
		if !errors.As(err, &e) || e.Name != c.part.name || size != 0 || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %d, %v", c.name, size, err)
		}
	}
}

func TestEncodeErrors(t *testing.T) {
	path := write(t, "f", "0123456789")
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		part Part
		want error
	}{
		{"no such file", File("a", path+"0"), fs.ErrNotExist},
		{"folder", File("a", filepath.Dir(path)), errIrregular},
		{"device", File("a", os.DevNull), errIrregular},
		{"over the end", File("a", path).Range(9, 2), errShort},
		{"reader that breaks", Reader("a", "f", iotest.ErrReader(broken), -1), broken},
		{"reader with a length that breaks", Reader("a", "f", iotest.ErrReader(broken), 1), broken},
		{"short reader", Reader("a", "f", strings.NewReader("x"), 2), io.ErrUnexpectedEOF},
	} {
		got, err := Encode("B", Value("x", "y"), c.part)
		var e *Error
		if !errors.As(err, &e) || e.Name != "a" || got != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestEncodeClosesFiles(t *testing.T) {
	p := File("a", write(t, "f", "x"))
	before := leaktest.FDs()
	for range 20 {
		Encode("B", p)
		Encode("B", p, Reader("b", "", iotest.ErrReader(io.ErrNoProgress), -1))
	}
	if after := leaktest.FDs(); after > before {
		t.Errorf("%d files are open, before %d", after, before)
	}
}

func TestEncodeOwnsItsBytes(t *testing.T) {
	content := bytes.Repeat([]byte("x"), 2*large)
	for _, p := range []Part{Content("a", "f", content), Content("a", "f", content[:3])} {
		got, err := Encode("B", p)
		if err != nil {
			t.Fatal(err)
		}
		before := string(got)
		content[0]++
		if string(got) != before {
			t.Error("the form shares the caller's bytes")
		}
	}
}

// Few allocations, and none that grow with the number of parts but those of the form.
func TestAllocations(t *testing.T) {
	small := []Part{Value("title", "A day at the sea"), Value("tag", "x"), Content("note", "note.txt", []byte("text"))}
	big := Content("photo", "sea.jpg", make([]byte, 1<<20))
	piece := Data(make([]byte, 4096))
	for _, c := range []struct {
		name string
		most float64
		do   func()
	}{
		{"small form", 10, func() { Form("B", small...) }},
		{"large content", 12, func() { Form("B", big) }},
		{"piece", 2, func() { Streamed("B", piece, true) }},
		{"boundary", 4, func() { BoundaryFor(small...) }},
	} {
		if got := testing.AllocsPerRun(100, c.do); got > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.name, got, c.most)
		}
	}
}

func BenchmarkForm(b *testing.B) {
	parts := []Part{Value("title", "A day at the sea"), Value("tag", "x"), Content("note", "note.txt", []byte("text"))}
	b.ReportAllocs()
	for b.Loop() {
		Form(dashes+"abcdefghijklmnop", parts...)
	}
}

// Content that is like a boundary all over takes the search longest.
func BenchmarkFormLarge(b *testing.B) {
	for name, content := range map[string][]byte{"zeros": make([]byte, 1<<20), "dashes": bytes.Repeat([]byte("-"), 1<<20)} {
		b.Run(name, func(b *testing.B) {
			p := Content("photo", "sea.jpg", content)
			b.SetBytes(1 << 20)
			b.ReportAllocs()
			for b.Loop() {
				Form(dashes+"abcdefghijklmnop", p)
			}
		})
	}
}
