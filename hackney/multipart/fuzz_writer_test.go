package multipart

import (
	"bytes"
	"io"
	"testing"
)

// fuzzSeeds are the texts of the published advisories; the number is that of the test of the same name.
var fuzzSeeds = []struct{ advisory, name, filename, content string }{
	{"C28", "a", "f", "\r\n--B--\r\n"},
	{"C29", "a", "a\"\r\nX: y", "x"},
	{"C29", "a\"; filename=\"b", "c\\\"", "x"},
}

// FuzzWriter: a form that is not refused reads back as it was, part by part, and nothing that the
// caller gave has become a field, a line or a part of its own.
func FuzzWriter(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s.name, s.filename, "", []byte(s.content), "B")
	}
	f.Add("n", "f.txt", "text/plain", []byte("\r\n"), "a b")
	f.Add("", "", "a/b\r\nX: y", []byte("--B"), "-")
	f.Fuzz(func(t *testing.T, name, filename, ctype string, content []byte, boundary string) {
		parts := []Part{Value(name, string(content)), Content(name, filename, content).Type(ctype), Value("last", "one")}
		segments, err := Form(boundary, parts...)
		if err != nil {
			return
		}
		var form bytes.Buffer
		for _, s := range segments {
			form.Write(s.Bytes)
		}
		got, err := ReadForm(bytes.NewReader(form.Bytes()), ContentType(boundary), nil)
		if err != nil || len(got) != len(parts) {
			t.Fatalf("%q reads as %d parts, %v", form.Bytes(), len(got), err)
		}
		for i, part := range got[:2] {
			fields := 2
			if i == 1 && ctype == "" {
				fields = 1
			}
			if !bytes.Equal(part.Content, content) || part.Headers.Len() != fields {
				t.Errorf("%q came back as %s with %d fields", content, show(part), part.Headers.Len())
			}
		}
		if !plain(name) || !plain(filename) { // readers disagree about backslashes
			return
		}
		if got[0].Name != escape(name) || got[1].Name != escape(name) || base(filename) != "." && base(filename) != ".." && got[1].FileName != escape(base(filename)) {
			t.Errorf("names %q and %q came back as %q and %q", name, filename, got[1].Name, got[1].FileName)
		}
		checkStreamed(t, boundary, parts, form.Bytes())
	})
}

// checkStreamed sends the parts one by one, which gives the same form but for its end.
func checkStreamed(t *testing.T, boundary string, parts []Part, whole []byte) {
	t.Helper()
	var b bytes.Buffer
	for _, p := range append(parts, EOF) {
		segments, err := Streamed(boundary, p, false)
		if err != nil {
			t.Fatalf("%v is refused in a streamed form alone: %v", p.Kind(), err)
		}
		for _, s := range segments {
			if s.Reader != nil {
				io.Copy(&b, s.Reader)
			}
			b.Write(s.Bytes)
		}
	}
	if !bytes.HasPrefix(b.Bytes(), bytes.TrimSuffix(whole, []byte("\r\n"))) {
		t.Errorf("streamed %q, whole %q", b.Bytes(), whole)
	}
}
