package multipart

import (
	"bytes"
	"errors"
	"io"
	std "mime/multipart"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// FuzzReader: what is read is what the standard library reads, whichever way the bytes
// come; a form that it takes for whole is refused for known reasons alone; limits hold.
func FuzzReader(f *testing.F) {
	for _, c := range goodForms {
		boundary, err := boundaryOf(c.ctype)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(c.form), boundary)
	}
	f.Add([]byte(partsOf(3, 5000)), "B")
	f.Fuzz(func(t *testing.T, form []byte, boundary string) {
		if CheckBoundary(boundary) != nil {
			return
		}
		ctype := ContentType(boundary)
		got, err := ReadForm(bytes.NewReader(form), ctype, nil)
		slow, slowErr := ReadForm(iotest.OneByteReader(bytes.NewReader(form)), ctype, nil)
		if diff := cmp.Diff(got, slow, equalFields); diff != "" || (err == nil) != (slowErr == nil) {
			t.Fatalf("%v; byte by byte %v (-whole +bytes):\n%s", err, slowErr, diff)
		}
		want, whole := plainRead(form, boundary)
		switch {
		case err == nil && !whole:
			t.Fatalf("%q is no whole form", form)
		case err == nil:
			compare(t, want, got)
		case got != nil:
			t.Fatalf("fields with %v", err)
		case whole && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, ErrMalformed) && !errors.As(err, new(*LimitError)):
			t.Fatalf("%q: %v", form, err)
		}
		checkLimits(t, form, ctype, got, err)
	})
}

type plainPart struct {
	name    string
	fields  int
	content []byte
}

// plainRead reads a form with the standard library alone.
func plainRead(form []byte, boundary string) (parts []plainPart, whole bool) {
	r := std.NewReader(bytes.NewReader(form), boundary)
	for {
		p, err := r.NextRawPart()
		if err != nil {
			last := bytes.TrimRight(bytes.TrimSuffix(form, []byte("\r")), " \t") // of a line end that is cut
			return parts, err == io.EOF || bytes.HasSuffix(last, []byte("--"+boundary+"--"))
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return parts, false
		}
		n := 0
		for _, values := range p.Header {
			n += len(values)
		}
		parts = append(parts, plainPart{p.FormName(), n, content})
	}
}

func compare(t *testing.T, want []plainPart, got []Field) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d parts, want %d", len(got), len(want))
	}
	for i, f := range got {
		w := want[i]
		if f.Name != w.name || f.Headers.Len() != w.fields || !bytes.Equal(f.Content, w.content) {
			t.Errorf("part %d: %s with %d fields, want %q %q with %d", i, show(f), f.Headers.Len(), w.name, w.content, w.fields)
		}
	}
}

// checkLimits reads the form once more, within what it took and with less.
func checkLimits(t *testing.T, form []byte, ctype string, fields []Field, err error) {
	t.Helper()
	if err != nil || len(fields) == 0 {
		return
	}
	need := Limits{Parts: len(fields)}
	for _, f := range fields {
		head := 0
		for name, value := range f.Headers.All() {
			head += len(name) + len(value) + 4
		}
		need.Head = max(need.Head, head)
		need.Part = max(need.Part, int64(len(f.Content)))
		need.Total += int64(head + len(f.Content))
	}
	if _, err := ReadForm(bytes.NewReader(form), ctype, &need); err != nil && len(form) < slack {
		t.Fatalf("%+v is enough: %v", need, err)
	}
	for name, less := range map[string]Limits{
		"Parts": {Parts: need.Parts - 1}, "Head": {Head: need.Head - 1}, "Part": {Part: need.Part - 1}, "Total": {Total: need.Total - 1},
	} {
		if less.Parts|less.Head|int(less.Part)|int(less.Total) <= 0 { // 0 is the default, and below there is none
			continue
		}
		var e *LimitError
		if _, err := ReadForm(bytes.NewReader(form), ctype, &less); !errors.As(err, &e) || e.Limit != name {
			t.Fatalf("%+v is not enough: %v", less, err)
		}
	}
}
