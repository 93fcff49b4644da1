//go:build integration

package integration

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
)

// formCount is how many forms are made up.
const formCount = 1000

// TestPythonReadsForms has the email package of Python take forms apart, and compares
// every part with what was put in.
func TestPythonReadsForms(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file.bin")
	if err := os.WriteFile(file, noise(1000), 0o600); err != nil {
		t.Fatal(err)
	}
	forms := rapid.Custom(func(t *rapid.T) madeUp { return drawForm(t, file) })
	var all []madeUp
	for seed := range formCount {
		all = append(all, forms.Example(seed))
	}
	var count, empty, files int
	for i, got := range readByPython(t, all) {
		form := all[i]
		if count += len(form.parts); len(form.parts) == 0 {
			empty++
		}
		if len(got) != len(form.parts) {
			t.Fatalf("form %d: %d parts of %d, boundary %q", i, len(got), len(form.parts), form.boundary)
		}
		for j, want := range form.parts {
			if want.filename != "" {
				files++
			}
			if fault := want.compare(got[j]); fault != "" {
				t.Errorf("form %d, part %d: %s", i, j, fault)
			}
		}
	}
	t.Logf("%d forms, %d of them empty, with %d parts, %d of them files", len(all), empty, count, files)
}

// madeUp is a form, and what is to be read of it.
type madeUp struct {
	boundary string
	body     []byte
	parts    []wantedPart
}

type wantedPart struct {
	name, filename, ctype string
	fields                []string // names of all
	content               []byte
}

// readPart is a part as the script tells of it.
type readPart struct {
	Name, Filename, Type *[]byte
	Fields               []string
	Content              []byte
	Kind                 string
	Defects              []string
}

func (w *wantedPart) compare(got readPart) string {
	for _, c := range []struct {
		what string
		got  *[]byte
		want string
		none bool
	}{
		{"name", got.Name, onTheWire.Replace(w.name), false},
		{"file name", got.Filename, onTheWire.Replace(w.filename), w.filename == ""},
		{"type", got.Type, w.ctype, w.ctype == ""},
		{"content", &got.Content, string(w.content), false},
	} {
		if c.none != (c.got == nil) || !c.none && string(*c.got) != c.want {
			return fmt.Sprintf("%s %q, want %q", c.what, deref(c.got), c.want)
		}
	}
	if !slices.Equal(got.Fields, w.fields) || got.Kind != "form-data" || len(got.Defects) > 0 {
		return fmt.Sprintf("fields %q, want %q; %s; %s", got.Fields, w.fields, got.Kind, got.Defects)
	}
	return ""
}

func deref(b *[]byte) []byte {
	if b == nil {
		return nil
	}
	return *b
}

// onTheWire is how names are written, and so how they are read: nobody turns the escapes back.
var onTheWire = strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22")

// drawForm makes a form up whose boundary is in none of its parts.
func drawForm(t *rapid.T, file string) madeUp {
	const letters, marks = "[0-9a-zA-Z]", "[0-9a-zA-Z'()+_,./:=? -]{0,68}"
	boundary := rapid.OneOf(
		rapid.StringMatching("-{27}[a-z]{16}"),
		rapid.StringMatching(letters+marks+letters),
	).Draw(t, "boundary")
	form := madeUp{boundary: boundary}
	var parts []multipart.Part
	for range rapid.IntRange(0, 6).Draw(t, "parts") {
		part, want := drawPart(t, file)
		if !bytes.Contains(want.content, []byte("--"+boundary)) {
			parts, form.parts = append(parts, part), append(form.parts, want)
		}
	}
	var err error
	if form.body, err = multipart.Encode(boundary, parts...); err != nil {
		t.Fatal(err)
	}
	return form
}

func drawPart(t *rapid.T, file string) (multipart.Part, wantedPart) {
	want := wantedPart{name: drawName(t, "name"), fields: []string{"Content-Disposition"}}
	content := drawContent(t)
	var part multipart.Part
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		want.ctype, want.content = "application/octet-stream", content
		part = multipart.Value(want.name, string(content))
	case 1:
		want.filename, want.ctype, want.content = drawName(t, "file name"), "text/plain", content
		part = multipart.Content(want.name, want.filename, content).Type("text/plain")
	case 2:
		n := rapid.IntRange(1, 1000).Draw(t, "bytes")
		offset := rapid.IntRange(0, 1000-n).Draw(t, "offset")
		want.filename, want.ctype, want.content = "file.bin", "application/octet-stream", noise(1000)[offset:offset+n]
		part = multipart.File(want.name, file).Range(int64(offset), int64(n))
	case 3:
		want.filename, want.ctype, want.content = drawName(t, "file name"), "image/png", content
		part = multipart.Reader(want.name, want.filename, bytes.NewReader(content), int64(len(content))).Type("image/png")
	}
	want.filename = want.filename[strings.LastIndexByte(want.filename, '/')+1:]
	if rapid.Bool().Draw(t, "typed") {
		want.ctype = rapid.SampledFrom([]string{"", "text/plain; charset=utf-8", `a/b; c="d;e"`}).Draw(t, "type")
		part = part.Type(want.ctype)
	}
	if want.ctype != "" {
		want.fields = append(want.fields, "Content-Type")
	}
	if rapid.Bool().Draw(t, "fields") {
		part = part.With(headers.New("X-One", "1", "Content-ID", "<a@b>"))
		want.fields = append(want.fields, "X-One", "Content-ID")
	}
	return part, want
}

// drawName draws a name of any letters. A backslash is written as browsers do, as it is;
// that a reader takes it for an escape where a quote or another one follows is known.
func drawName(t *rapid.T, what string) string {
	name := rapid.OneOf(
		rapid.StringMatching("[a-z]{0,10}"),
		rapid.StringOf(rapid.SampledFrom([]rune("a\"\r\n%2;:=, \t'()<>@*/äλ日\u0085🌊"))),
		rapid.StringOf(rapid.Rune()),
	).Draw(t, what)
	return strings.Map(func(r rune) rune {
		if r < ' ' && !strings.ContainsRune("\r\n\t", r) || r == 0x7f || r == '\\' {
			return '_'
		}
		return r
	}, name)
}

// drawContent draws bytes of which many are those that could end a part.
func drawContent(t *rapid.T) []byte {
	return bytes.Join(rapid.SliceOf(rapid.OneOf(
		rapid.SampledFrom([][]byte{
			[]byte("\r"), []byte("\n"), []byte("\r\n"), []byte("--"), []byte("\r\n--"), []byte("text"),
			[]byte("\r\n\r\n"), []byte("Content-Type: text/html\r\n\r\n"),
			{0},
			[]byte("ä"),
			{0x85},
			{0xff},
		}),
		rapid.SliceOf(rapid.Byte()),
	)).Draw(t, "content"), nil)
}

// readByPython parses forms in one process.
func readByPython(t *testing.T, forms []madeUp) [][]readPart {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("python3 is not installed; on Debian: apt-get install python3")
	}
	var input bytes.Buffer
	for _, f := range forms {
		line := map[string]any{"type": multipart.ContentType(f.boundary), "body": f.body}
		if err := json.NewEncoder(&input).Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "forms")
	if err := os.WriteFile(path, input.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var complaints bytes.Buffer
	cmd := exec.Command(python, "testdata/forms.py", path)
	cmd.Stderr = &complaints
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, complaints.Bytes())
	}
	var all [][]readPart
	lines := bufio.NewScanner(bytes.NewReader(output))
	lines.Buffer(nil, len(output)+1)
	for lines.Scan() {
		var parts []readPart
		if err := json.Unmarshal(lines.Bytes(), &parts); err != nil {
			t.Fatal(err)
		}
		all = append(all, parts)
	}
	if len(all) != len(forms) {
		t.Fatalf("python3 has read %d forms of %d", len(all), len(forms))
	}
	return all
}
