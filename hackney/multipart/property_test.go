package multipart

import (
	"bytes"
	"flag"
	"io"
	"mime"
	std "mime/multipart"
	"net/textproto"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/hackney-go/hackney/hackney/headers"
)

// many makes rapid generate n cases.
func many(t *testing.T, n string) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	before := f.Value.String()
	t.Cleanup(func() { f.Value.Set(before) })
	if err := f.Value.Set(n); err != nil {
		t.Fatal(err)
	}
}

// sample is a part and what a reader of the form is to make of it.
type sample struct {
	part     func() Part
	name     string
	filename string
	fields   [][2]string
	content  string
}

const testBoundary = dashes + "abcdefghijklmnop"

// anyName has every byte that a name may have, those that are escaped among them.
var anyName = rapid.Map(rapid.SliceOfN(rapid.OneOf(
	rapid.Byte().Filter(func(c byte) bool { return c >= ' ' && c != 0x7f || c == '\t' || c == '\r' || c == '\n' }),
	rapid.SampledFrom([]byte("\"\r\n\\/;=%. ")),
), 0, 12), func(b []byte) string { return string(b) })

// anyContent is any, or is like a form itself, or of an awkward size.
var anyContent = rapid.OneOf(
	rapid.StringN(0, 40, -1),
	rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	rapid.Map(rapid.SliceOf(rapid.SampledFrom([]string{
		"\r", "\n", "\r\n", "-", "--", dashes, " ", "--" + testBoundary[:42], testBoundary, "x", "Content-Type: a/b\r\n\r\n",
	})), func(all []string) string {
		s := strings.Join(all, "")
		if delimits([]byte(s), testBoundary, '\n') {
			return ""
		}
		return s
	}),
	rapid.Map(rapid.SampledFrom([]int{4095, 4096, 4097, 8192, large - 1, large, large + 1}), func(n int) string { return strings.Repeat("\r\n", n)[:n] }),
)

// drawName draws a name; one that ends in a backslash is refused.
func drawName(t *rapid.T, label string) string { return strings.TrimRight(anyName.Draw(t, label), `\`) }

func drawSample(t *rapid.T, write func(string) string) sample {
	s := sample{
		name: drawName(t, "name"), filename: drawName(t, "file name"), content: anyContent.Draw(t, "content"),
	}
	full := s.filename
	s.filename = full[strings.LastIndexByte(full, '/')+1:]
	ctype := rapid.SampledFrom([]string{"", "a/b", "text/plain; charset=utf-8"}).Draw(t, "type")
	fields := headers.New("X-A", rapid.SampledFrom([]string{"", "1", "a b"}).Draw(t, "field"), "X-B", "2", "X-A", "é")
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		s.filename = ""
		s.part = func() Part { return Value(s.name, s.content) }
	case 1:
		s.part = func() Part { return Content(s.name, full, []byte(s.content)) }
	case 2:
		path := write("<" + s.content + ">")
		s.part = func() Part {
			p := File(s.name, path).Named(full)
			if s.content == "" { // 0 would be all that is left
				return p.Range(2, 0)
			}
			return p.Range(1, int64(len(s.content)))
		}
	case 3:
		s.part = func() Part { return Reader(s.name, full, strings.NewReader(s.content), int64(len(s.content))) }
	default:
		s.part = func() Part { return Reader(s.name, full, strings.NewReader(s.content), -1) }
	}
	if s.part().path != "" && s.content == "" {
		s.content = ">"
	}
	if ctype != "" {
		s.fields = append(s.fields, [2]string{"Content-Type", ctype})
	}
	plain := s.part
	s.part = func() Part { return plain().Type(ctype) }
	if rapid.Bool().Draw(t, "fields") {
		typed := s.part
		s.part = func() Part { return typed().With(fields) }
		for name, value := range fields.All() {
			s.fields = append(s.fields, [2]string{name, value})
		}
	}
	return s
}

// parameter reads a parameter of Content-Disposition as browsers write it.
func parameter(disposition, name string) (string, bool) {
	_, rest, ok := strings.Cut(disposition, "; "+name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value, ok
}

// plain says that s has no backslash, which readers of quoted strings take for the start
// of an escape where certain bytes or the closing quote follow.
func plain(s string) bool { return !strings.Contains(s, `\`) }

// TestStandardLibraryReads: what is written is read back, field by field.
func TestStandardLibraryReads(t *testing.T) {
	many(t, "1000")
	forms, parts := 0, 0
	dir := t.TempDir()
	files := 0
	rapid.Check(t, func(rt *rapid.T) {
		var samples []sample
		var list []Part
		for range rapid.IntRange(1, 6).Draw(rt, "parts") {
			s := drawSample(rt, func(content string) string { files++; return writeIn(rt, dir, files%50, content) })
			samples, list = append(samples, s), append(list, s.part())
		}
		form, err := Encode(testBoundary, list...)
		if err != nil {
			rt.Fatal(err)
		}
		r := std.NewReader(bytes.NewReader(form), testBoundary)
		for i, s := range samples {
			p, err := r.NextRawPart()
			if err != nil {
				rt.Fatalf("part %d: %v", i, err)
			}
			checkPart(rt, s, p.Header)
			if plain(s.name+s.filename) && p.FormName() != escape(s.name) {
				rt.Errorf("name %q, want %q", p.FormName(), escape(s.name))
			}
			if _, params, _ := mime.ParseMediaType(p.Header.Get("Content-Disposition")); plain(s.name+s.filename) && params["filename"] != escape(s.filename) {
				rt.Errorf("file name %q, want %q", params["filename"], escape(s.filename))
			}
			content, err := io.ReadAll(p)
			if err != nil || s.content != string(content) {
				rt.Errorf("content %q, %v; want %q", content, err, s.content)
			}
		}
		if _, err := r.NextRawPart(); err != io.EOF {
			rt.Errorf("behind the last part: %v", err)
		}
		forms, parts = forms+1, parts+len(samples)
	})
	t.Logf("%d forms of %d parts were read back", forms, parts)
	if forms < 1000 && !testing.Short() {
		t.Errorf("%d forms, want 1000", forms)
	}
}

// checkPart holds the head of a part against what was written.
func checkPart(t *rapid.T, s sample, head textproto.MIMEHeader) {
	disposition := head.Get("Content-Disposition")
	want := textproto.MIMEHeader{"Content-Disposition": {disposition}}
	for _, f := range s.fields {
		want[f[0]] = append(want[f[0]], f[1])
	}
	if diff := cmp.Diff(want, head); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	name, _ := parameter(disposition, "name")
	filename, has := parameter(strings.Replace(disposition, `name="`+escape(s.name)+`"`, "", 1), "filename")
	if name != escape(s.name) || filename != escape(s.filename) || has != (s.filename != "") {
		t.Errorf("%q: name %q, file name %q, %v; want %q, %q", disposition, name, filename, has, s.name, s.filename)
	}
}

// TestRoundTrip: what is written is read back by ReadForm as by the standard library.
func TestRoundTrip(t *testing.T) {
	many(t, "1000")
	dir, files, forms := t.TempDir(), 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		var want []Field
		var list []Part
		for range rapid.IntRange(0, 6).Draw(rt, "parts") {
			s := drawSample(rt, func(content string) string { files++; return writeIn(rt, dir, files%50, content) })
			if !plain(s.name + s.filename) {
				continue
			}
			filename := escape(s.filename)
			if filename == "." || filename == ".." {
				filename = ""
			}
			list = append(list, s.part())
			want = append(want, Field{Name: escape(s.name), FileName: filename, Content: []byte(s.content)})
		}
		form, err := Encode(testBoundary, list...)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := ReadForm(pieces(rt, form), ContentType(testBoundary), nil)
		if diff := cmp.Diff(want, got, equalFields); err != nil || diff != "" {
			rt.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		forms++
	})
	t.Logf("%d forms were read back", forms)
}

// equalFields compares what was read but for the heads.
var equalFields = cmp.Options{cmpopts.IgnoreFields(Field{}, "Headers"), cmp.Comparer(bytes.Equal)}

// pieces gives b in reads of random sizes.
func pieces(t *rapid.T, b []byte) io.Reader {
	var all []io.Reader
	for len(b) > 0 && len(all) < 20 {
		n := rapid.IntRange(1, len(b)).Draw(t, "cut")
		all = append(all, bytes.NewReader(b[:n]))
		b = b[n:]
	}
	return io.MultiReader(append(all, bytes.NewReader(b))...)
}

// TestSizeIsExact: Size is what the items and the end of a streamed form take together,
// and a form whose parts are all whole is the same but for the last empty line.
func TestSizeIsExact(t *testing.T) {
	many(t, "500")
	dir, files := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		var items []func() Part
		open, whole := false, true
		for range rapid.IntRange(0, 12).Draw(rt, "items") {
			item := drawItem(rt, open, func(content string) string { files++; return writeIn(rt, dir, files%50, content) })
			items = append(items, item)
			kind := item().Kind()
			open = kind == Begin || kind == Piece
			whole = whole && kind == Whole
		}
		list := func() (all []Part) {
			for _, item := range items {
				all = append(all, item())
			}
			return all
		}
		sent := sendAll(rt, list(), rapid.Bool().Draw(rt, "with EOF"))
		size, err := Size(testBoundary, list()...)
		if err != nil || size != int64(len(sent)) {
			rt.Fatalf("Size gives %d, %v; %d bytes were sent", size, err, len(sent))
		}
		if size2, err := Size(testBoundary, append(list(), EOF)...); err != nil || size2 != size {
			rt.Fatalf("Size with EOF gives %d, %v; without it %d", size2, err, size)
		}
		if !whole {
			return
		}
		form, err := Form(testBoundary, list()...)
		if err != nil || text(rt, form)+"\r\n" != sent {
			rt.Fatalf("Form gives %q, %v; sent was %q", text(rt, form), err, sent)
		}
		if all, err := Encode(testBoundary, list()...); err != nil || string(all)+"\r\n" != sent {
			rt.Fatalf("Encode gives %q, %v; sent was %q", all, err, sent)
		}
	})
}

// drawItem gives an item that may follow; a piece or an end only where a part is open.
func drawItem(t *rapid.T, open bool, write func(string) string) func() Part {
	kinds := []Kind{Whole, Begin}
	if open {
		kinds = append(kinds, Piece, Piece, End)
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case Begin:
		return func() Part { return Start("a", "f", "x/y") }
	case Piece:
		piece := []byte(rapid.SampledFrom([]string{"", "x", "\r\n", "--", strings.Repeat("y", 4096), strings.Repeat("z", large)}).Draw(t, "piece"))
		return func() Part { return Data(piece) }
	case End:
		return func() Part { return DataEOF }
	}
	s := drawSample(t, write)
	if s.part().n < 0 {
		content := s.content
		return func() Part { return Reader(s.name, s.filename, strings.NewReader(content), int64(len(content))) }
	}
	return s.part
}

// sendAll streams a form. A part that is open in the end is ended by EOF or by hand.
func sendAll(t *rapid.T, list []Part, eof bool) string {
	var sent strings.Builder
	open := false
	if eof {
		list = append(list, EOF)
	}
	for _, p := range list {
		item, err := Streamed(testBoundary, p, open)
		if err != nil {
			t.Fatal(err)
		}
		sent.WriteString(text(t, item))
		open = p.Kind() == Begin || p.Kind() == Piece
	}
	if eof {
		return sent.String()
	}
	if open {
		sent.WriteString("\r\n")
	}
	return sent.String() + Closing(testBoundary)
}
