package multipart

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

const ctypeB = "multipart/form-data; boundary=B"

// crlf is text as a form has it: with lines that end in CR LF.
func crlf(lines ...string) string { return strings.Join(lines, "\r\n") }

// show is a field in one line.
func show(f Field) string {
	return fmt.Sprintf("%q %q %q", f.Name, f.FileName, f.Content)
}

func shown(fields []Field) (all []string) {
	for _, f := range fields {
		all = append(all, show(f))
	}
	return all
}

// ways are the ways in which the same bytes may come.
var ways = map[string]func(string) io.Reader{
	"whole":                           func(s string) io.Reader { return strings.NewReader(s) },
	"byte by byte":                    func(s string) io.Reader { return iotest.OneByteReader(strings.NewReader(s)) },
	"last with the end":               func(s string) io.Reader { return iotest.DataErrReader(strings.NewReader(s)) },
	"halves":                          func(s string) io.Reader { return iotest.HalfReader(strings.NewReader(s)) },
	"with empty reads":                func(s string) io.Reader { return &halting{r: strings.NewReader(s)} },
	"byte by byte, last with the end": func(s string) io.Reader { return iotest.DataErrReader(iotest.OneByteReader(strings.NewReader(s))) },
}

// halting gives nothing in every other read.
type halting struct {
	r    io.Reader
	turn bool
}

func (h *halting) Read(b []byte) (int, error) {
	if h.turn = !h.turn; h.turn {
		return 0, nil
	}
	return h.r.Read(b)
}

var goodForms = []struct {
	name, ctype, form string
	want              []string
}{
	{
		"hackney 0.6.0", "multipart/form-data; boundary=---------------------------mtynebyoagdwiwws",
		crlf("-----------------------------mtynebyoagdwiwws", `Content-Disposition: form-data; name="a"`,
			"Content-Type: application/octet-stream", "", "1", "-----------------------------mtynebyoagdwiwws--", "", ""),
		[]string{`"a" "" "1"`},
	},
	{
		"a browser", "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
		crlf("------WebKitFormBoundary7MA4YWxkTrZu0gW", `Content-Disposition: form-data; name="text"`, "", "two\r\nlines",
			"------WebKitFormBoundary7MA4YWxkTrZu0gW", `Content-Disposition: form-data; name="up"; filename="a%22b.txt"`, "Content-Type: text/plain", "", "c",
			"------WebKitFormBoundary7MA4YWxkTrZu0gW", `Content-Disposition: form-data; name="none"; filename=""`, "Content-Type: application/octet-stream", "", "",
			"------WebKitFormBoundary7MA4YWxkTrZu0gW--", ""),
		[]string{`"text" "" "two\r\nlines"`, `"up" "a%22b.txt" "c"`, `"none" "" ""`},
	},
	{
		"curl before 7.81", "multipart/form-data; boundary=------------------------d74496d66958873e",
		crlf("--------------------------d74496d66958873e", `Content-Disposition: form-data; name="a\"b"; filename="c\\d\"e"`, "Content-Type: text/plain", "", "x\n",
			"--------------------------d74496d66958873e--", ""),
		[]string{`"a\"b" "d\"e" "x\n"`},
	},
	{
		"Python's requests", "multipart/form-data; boundary=0f7a1b",
		crlf("--0f7a1b", `Content-Disposition: form-data; name="up"; filename*=utf-8''n%C3%A4me.txt`, "", "x", "--0f7a1b--", ""),
		[]string{`"up" "näme.txt" "x"`},
	},
	{
		"quoted boundary with text around it", `Multipart/Mixed; charset=utf-8; boundary="a b=?"`,
		crlf("This is a message of many parts.", "--a b", "--a b=?", "Content-Disposition: inline", "", "x", "--a b=?--", "What follows", "--a b=?", "", "is not read.", ""),
		[]string{`"" "" "x"`},
	},
	{
		"LF alone", ctypeB, "before\n--B\nContent-Disposition: form-data; name=a\n\n1\r\n2\n\n--B\n\n\n--B--\n",
		[]string{`"a" "" "1\r\n2\n"`, `"" "" ""`},
	},
	{"LF alone without an end of line", ctypeB, "--B\n\nx\n--B--", []string{`"" "" "x"`}},
	{"no end of line", ctypeB, crlf("--B", "", "x", "--B--"), []string{`"" "" "x"`}},
	{"blanks and no end of line", ctypeB, crlf("--B", "", "x", "--B-- \t"), []string{`"" "" "x"`}},
	{"half an end of line", ctypeB, crlf("--B", "", "x", "--B--\r"), []string{`"" "" "x"`}},
	{"blanks behind delimiters", ctypeB, crlf("--B \t", "", "x", "--B ", "", "y", "--B--  ", ""), []string{`"" "" "x"`, `"" "" "y"`}},
	{"an end alone", ctypeB, crlf("--B--", ""), nil},
	{"an end alone without an end of line", ctypeB, "--B--", nil},
	{
		"prefixes of the boundary in the content", ctypeB, crlf("--B", "", "--", "--b", "-", "--Bx", "--B-x", " --B", "x--B", "", "--B--", ""),
		[]string{`"" "" "--\r\n--b\r\n-\r\n--Bx\r\n--B-x\r\n --B\r\nx--B\r\n"`},
	},
	{
		"a form in a form", ctypeB, crlf("--B", "Content-Type: multipart/mixed; boundary=BB", "", "--BB", "", "x", "--BB--", "--B--", ""),
		[]string{`"" "" "--BB\r\n\r\nx\r\n--BB--"`},
	},
	{"a part without anything", ctypeB, crlf("--B", "", "--B--", ""), []string{`"" "" ""`}},
	{"folded lines", ctypeB, crlf("--B", "Content-Disposition: form-data;", "\tname=a;", "  filename=b", "", "x", "--B--", ""), []string{`"a" "b" "x"`}},
	{"names in other cases", ctypeB, crlf("--B", "CONTENT-DISPOSITION:Form-Data;NAME=a;FileName=b", "", "x", "--B--", ""), []string{`"a" "b" "x"`}},
	{"no Content-Disposition", "multipart/byteranges; boundary=B", crlf("--B", "Content-Range: bytes 0-0/9", "", "x", "--B--", ""), []string{`"" "" "x"`}},
	{"an attachment", ctypeB, crlf("--B", "Content-Disposition: attachment; name=a; filename=b", "", "x", "--B--", ""), []string{`"" "b" "x"`}},
	{"a Content-Disposition that says nothing", ctypeB, crlf("--B", `Content-Disposition: form-data; name="a\"`, "", "x", "--B--", ""), []string{`"" "" "x"`}},
	{"a transfer encoding", ctypeB, crlf("--B", "Content-Transfer-Encoding: quoted-printable", "", "a=3Db=", "", "--B--", ""), []string{`"" "" "a=3Db=\r\n"`}},
	{"a boundary like a field", `multipart/form-data; boundary="a:b"`, crlf("--a:b", "", "x", "--a:b--"), []string{`"" "" "x"`}},
	{"a boundary that may not be sent", `multipart/form-data; boundary="@{}*"`, crlf("--@{}*", "", "x", "--@{}*--"), []string{`"" "" "x"`}},
}

func TestReadForm(t *testing.T) {
	for _, c := range goodForms {
		for way, r := range ways {
			t.Run(c.name+"/"+way, func(t *testing.T) {
				got, err := ReadForm(r(c.form), c.ctype, nil)
				if diff := cmp.Diff(c.want, shown(got)); err != nil || diff != "" {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			})
		}
	}
}

// complete is the number of bytes of a form from which on it is complete.
func complete(form, ctype string) int {
	boundary, _ := boundaryOf(ctype)
	end := "--" + boundary + "--"
	if strings.HasPrefix(form, end) {
		return len(end)
	}
	for i := 1; ; i++ {
		if strings.HasPrefix(form[i:], end) && form[i-1] == '\n' {
			return i + len(end)
		}
	}
}

// TestTruncated cuts each form at every byte: it is never taken for a whole one.
func TestTruncated(t *testing.T) {
	for _, c := range goodForms {
		end := complete(c.form, c.ctype)
		for way, r := range ways {
			for n := range len(c.form) {
				got, err := ReadForm(r(c.form[:n]), c.ctype, nil)
				switch {
				case n < end && (!errors.Is(err, io.ErrUnexpectedEOF) || got != nil):
					t.Fatalf("%s, %s: %q gives %q, %v", c.name, way, c.form[:n], shown(got), err)
				case n >= end && (err != nil || !cmp.Equal(c.want, shown(got))):
					t.Fatalf("%s, %s: %q is complete and gives %q, %v", c.name, way, c.form[:n], shown(got), err)
				}
			}
		}
	}
}

// TestBroken has the reader fail at every byte: its own error comes out.
func TestBroken(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range goodForms {
		end := complete(c.form, c.ctype)
		for n := range end + 1 {
			r := io.MultiReader(strings.NewReader(c.form[:n]), iotest.ErrReader(broken))
			got, err := ReadForm(r, c.ctype, nil)
			if !errors.Is(err, broken) || errors.Is(err, io.EOF) || got != nil {
				t.Fatalf("%s: broken behind %q: %q, %v", c.name, c.form[:n], shown(got), err)
			}
		}
	}
}

// A reader's own io.ErrUnexpectedEOF is a fault like others: it may have lost bytes.
func TestBrokenOffBeneath(t *testing.T) {
	r := io.MultiReader(strings.NewReader(crlf("--B", "", "x", "--B--")), iotest.ErrReader(io.ErrUnexpectedEOF))
	if got, err := ReadForm(r, ctypeB, nil); !errors.Is(err, io.ErrUnexpectedEOF) || got != nil {
		t.Errorf("%q, %v", shown(got), err)
	}
}

// TestMalformed: the error says where and what, and has no text out of the form.
func TestMalformed(t *testing.T) {
	const secret = "s3cret"
	for _, c := range []struct{ name, form, want string }{
		{"no field", crlf("--B", secret, "", "x", "--B--", ""), "received part 1: the form is malformed: a line of the head is no field"},
		{"blank at the start", crlf("--B", " X: "+secret, "", "x", "--B--", ""), "received part 1: the form is malformed: a line of the head is no field"},
		{"control byte", crlf("--B", "X: "+secret+"\x00", "", "x", "--B--", ""), "received part 1: the form is malformed: a line of the head is no field"},
		{"CR in a value", crlf("--B", "X: "+secret+"\rY: z", "", "x", "--B--", ""), "received part 1: the form is malformed: a line of the head is no field"},
		{"name of no field", crlf("--B", "", "", "--B", secret+"(: x", "", "x", "--B--", ""), "received part 2: the form is malformed: a line of the head is no field"},
		{"blank in a name", crlf("--B", "X "+secret+": x", "", "x", "--B--", ""), "received part 1: the form is malformed: the name of a field is no token"},
		{"blank behind a name", crlf("--B", "Content-Disposition : form-data; name="+secret, "", "x", "--B--", ""), "received part 1: the form is malformed: the name of a field is no token"},
		{"half a delimiter", crlf("--B", "", "x", "--B "+secret, "", ""), "received part 2: the form is malformed: a line that begins as a delimiter goes on otherwise"},
		{"half an end", crlf("--B", "", "x", "--B--"+secret, "", ""), "received part 2: the form is malformed: a line that begins as a delimiter goes on otherwise"},
		{"LF in a form with CR LF", crlf("--B", "", "x", "--B\n", secret, "--B--", ""), "received part 2: the form is malformed: a line that begins as a delimiter goes on otherwise"},
		{"long line in front", strings.Repeat(secret, 1000) + crlf("", "--B", "", "x", "--B--", ""), "received part 1: the form is malformed: a line outside of the parts is longer than 4096 bytes"},
		{"long line behind", crlf("--B", "", "x", "--B--"+strings.Repeat(" ", 4096), ""), "received part 2: the form is malformed: a line outside of the parts is longer than 4096 bytes"},
		{"long line at the end", crlf("--B", "", "x", "--B--"+strings.Repeat(" ", 4092)), "received part 2: the form is malformed: a line outside of the parts is longer than 4096 bytes"},
		{"only text", secret, "received part 1: the form ends before its closing delimiter: unexpected EOF"},
		{"nothing", "", "received part 1: the form ends before its closing delimiter: unexpected EOF"},
		{"an end in a head", crlf("--B", "--B--", ""), "received part 1: the form is malformed: a line of the head is no field"},
	} {
		for way, r := range ways {
			t.Run(c.name+"/"+way, func(t *testing.T) {
				got, err := ReadForm(r(c.form), ctypeB, nil)
				if err == nil || err.Error() != "multipart: "+c.want || got != nil {
					t.Fatalf("%q, %v", shown(got), err)
				}
				if malformed := strings.Contains(c.want, "malformed"); errors.Is(err, ErrMalformed) != malformed || errors.Is(err, io.ErrUnexpectedEOF) == malformed {
					t.Errorf("%v does not match what it should", err)
				}
				for e := err; e != nil; e = errors.Unwrap(e) {
					if strings.Contains(e.Error(), secret) {
						t.Errorf("%q has text out of the form", e)
					}
				}
			})
		}
	}
}

// A closing delimiter that is taken for a field does not close the form.
func TestEndIsNoField(t *testing.T) {
	const ctype = `multipart/form-data; boundary="a:b"`
	for _, form := range []string{crlf("--a:b", "--a:b--"), crlf("--a:b", "X: y", "--a:b--"), crlf("--a:b", "--a:b--", "")} {
		for way, r := range ways {
			if got, err := ReadForm(r(form), ctype, nil); !errors.Is(err, io.ErrUnexpectedEOF) || got != nil {
				t.Errorf("%s: %q: %q, %v", way, form, shown(got), err)
			}
		}
	}
}

func TestNewReaderErrors(t *testing.T) {
	for ctype, want := range map[string]string{
		"":                                                 "multipart: there is no Content-Type",
		"multipart":                                        `multipart: the Content-Type is "multipart", which is no multipart type`,
		"text/plain; boundary=B":                           `multipart: the Content-Type is "text/plain", which is no multipart type`,
		"application/x-www-form-urlencoded":                `multipart: the Content-Type is "application/x-www-form-urlencoded", which is no multipart type`,
		"multipart/form-data":                              `multipart: the Content-Type "multipart/form-data" has no boundary`,
		`multipart/form-data; boundary=""`:                 `multipart: the Content-Type "multipart/form-data; boundary=\"\"" has no boundary`,
		"multipart/form-data; boundary":                    `multipart: the Content-Type "multipart/form-data; boundary": mime: invalid media parameter`,
		"multipart/form-data; boundary=a=b":                `multipart: the Content-Type "multipart/form-data; boundary=a=b": mime: invalid media parameter`,
		"multipart/x; boundary=a; boundary=b":              `multipart: the Content-Type "multipart/x; boundary=a; boundary=b": mime: duplicate parameter name`,
		"multipart/x; boundary=\"a\x01\"":                  `multipart: the boundary "a\x01" is longer than 70 bytes or has a control byte in it`,
		"multipart/x; boundary*=us-ascii''a%0Ab":           `multipart: the boundary "a\nb" is longer than 70 bytes or has a control byte in it`,
		"multipart/x; boundary=" + strings.Repeat("b", 71): `multipart: the boundary "` + strings.Repeat("b", 71) + `" is longer than 70 bytes or has a control byte in it`,
	} {
		r, err := NewReader(strings.NewReader(""), ctype, nil)
		if err == nil || err.Error() != want || r != nil {
			t.Errorf("%q: %v, want %s", ctype, err, want)
		}
		if fields, err := ReadForm(strings.NewReader(""), ctype, nil); err == nil || err.Error() != want || fields != nil {
			t.Errorf("ReadForm of %q: %v, want %s", ctype, err, want)
		}
	}
	if r, err := NewReader(nil, ctypeB, nil); err == nil || r != nil {
		t.Errorf("no reader: %v", err)
	}
	if _, err := NewReader(strings.NewReader(""), "multipart/x; boundary="+strings.Repeat("b", 70), nil); err != nil {
		t.Error(err)
	}
}

func TestFileNames(t *testing.T) {
	for in, want := range map[string]string{
		`"a.txt"`: "a.txt", `"/etc/passwd"`: "passwd", `"C:\dir\a.txt"`: "a.txt", `"\\host\a"`: "a", `"a/b\c"`: "c", `"a\b/c"`: "c",
		`""`: "", `"."`: "", `".."`: "", `"../.."`: "", `"..\.."`: "", `"a/"`: "", `"/"`: "", `"..."`: "...", `".a"`: ".a", "a b": "",
	} {
		form := crlf("--B", "Content-Disposition: form-data; name=n; filename="+in, "", "", "--B--", "")
		got, err := ReadForm(strings.NewReader(form), ctypeB, nil)
		if err != nil || got[0].FileName != want {
			t.Errorf("%s gives %q, %v; want %q", in, got[0].FileName, err, want)
		}
	}
	form := crlf("--B", "Content-Disposition: form-data; name=n; filename*=UTF-8''..%2F..%2Fa", "", "", "--B--", "")
	if got, err := ReadForm(strings.NewReader(form), ctypeB, nil); err != nil || got[0].FileName != "a" {
		t.Errorf("%q, %v", shown(got), err)
	}
}

func TestReceivedHeaders(t *testing.T) {
	form := crlf("--B", "x-b: 2", "Content-Disposition: form-data; name=a", "X-A:  1 ", "X-B: \xe9", "empty:", "content-type: text/plain", "", "", "--B--", "")
	got, err := ReadForm(strings.NewReader(form), ctypeB, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "Content-Disposition: form-data; name=a\nContent-Type: text/plain\nEmpty: \nX-A: 1\nX-B: 2\nX-B: \xe9\n"
	if diff := cmp.Diff(want, got[0].Headers.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// three is a form of three parts.
var three = crlf("--B", "X: 1", "", "one", "--B", "X: 2", "", strings.Repeat("two", 5000), "--B", "X: 3", "", "three", "--B--", "")

func newReader(t *testing.T, form string, limits *Limits) *FormReader {
	t.Helper()
	r, err := NewReader(strings.NewReader(form), ctypeB, limits)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func next(t *testing.T, r *FormReader) *Received {
	t.Helper()
	p, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNext(t *testing.T) {
	r := newReader(t, three, nil)
	first := next(t, r)
	if content, err := io.ReadAll(first); string(content) != "one" || err != nil {
		t.Errorf("first: %q, %v", content, err)
	}
	second := next(t, r)
	var some [4]byte
	if n, err := second.Read(some[:]); n != 4 || err != nil {
		t.Errorf("second: %q, %v", some[:n], err)
	}
	third := next(t, r)
	if n, err := second.Read(some[:]); n != 0 || !errors.Is(err, errLeft) || err.Error() != "multipart: received part 2: it was left behind by Next" {
		t.Errorf("second, left behind: %d, %v", n, err)
	}
	if n, err := first.Read(some[:]); n != 0 || err != io.EOF {
		t.Errorf("first, which was read: %d, %v", n, err)
	}
	if n, err := third.Read(nil); n != 0 || err != nil {
		t.Errorf("third, nothing of it: %d, %v", n, err)
	}
	if content, err := io.ReadAll(third); string(content) != "three" || err != nil || third.Headers.Get("x") != "3" {
		t.Errorf("third: %q, %v, %v", content, err, third.Headers)
	}
	for range 2 {
		if p, err := r.Next(); p != nil || err != io.EOF {
			t.Errorf("behind the last: %v, %v", p, err)
		}
		if n, err := third.Read(some[:]); n != 0 || err != io.EOF {
			t.Errorf("third, once more: %d, %v", n, err)
		}
	}
}

func TestSkipAll(t *testing.T) {
	r := newReader(t, three, nil)
	for _, want := range []string{"1", "2", "3"} {
		if got := next(t, r).Headers.Get("X"); got != want {
			t.Errorf("part %s, want %s", got, want)
		}
	}
	if p, err := r.Next(); p != nil || err != io.EOF {
		t.Errorf("%v, %v", p, err)
	}
}

// What a part holds passes iotest's own checks of a reader.
func TestReceivedIsAReader(t *testing.T) {
	for _, content := range []string{"", "one", strings.Repeat("0123456789\r\n", 1000)} {
		p := next(t, newReader(t, crlf("--B", "", content, "--B--", ""), nil))
		if err := iotest.TestReader(p, []byte(content)); err != nil {
			t.Error(err)
		}
	}
}

// After an error the same one comes again, from the part and from its reader.
func TestErrorsStay(t *testing.T) {
	r := newReader(t, three[:len(three)-100], nil)
	p := next(t, r)
	next(t, r)
	_, err := r.Next()
	for range 3 {
		if _, again := r.Next(); again != err || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Next: %v, then %v", err, again)
		}
	}
	if _, err := p.Read(make([]byte, 1)); !errors.Is(err, errLeft) {
		t.Errorf("the part before: %v", err)
	}

	r = newReader(t, three[:50], nil)
	next(t, r)
	p = next(t, r)
	content, err := io.ReadAll(p)
	if len(content) == 0 || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(err.Error(), "multipart: received part 2: ") {
		t.Errorf("%q, %v", content, err)
	}
	if _, again := p.Read(make([]byte, 1)); again != err {
		t.Errorf("Read: %v, then %v", err, again)
	}
	if _, again := r.Next(); again != err {
		t.Errorf("Read: %v, Next: %v", err, again)
	}
}

// What stands behind the form stays where it is, but for what was fetched in advance.
func TestRestStays(t *testing.T) {
	rest := strings.NewReader(strings.Repeat("x", 1<<20))
	form := io.MultiReader(strings.NewReader(three), rest)
	if _, err := ReadForm(form, ctypeB, nil); err != nil || rest.Len() < 1<<20-4096 {
		t.Errorf("%v, %d bytes are left", err, rest.Len())
	}
}

// The bytes are the caller's: nothing that is read later touches them.
func TestContentIsOwned(t *testing.T) {
	body := []byte(three)
	fields, err := ReadForm(bytes.NewReader(body), ctypeB, nil)
	if err != nil {
		t.Fatal(err)
	}
	clear(body)
	for _, f := range fields {
		clear(f.Content[len(f.Content):cap(f.Content)])
	}
	if got := string(fields[0].Content) + string(fields[2].Content); got != "onethree" {
		t.Errorf("%q", got)
	}
	if got := fields[1].Headers.Get("X"); got != "2" {
		t.Errorf("%q", got)
	}
}

// The fields of a head come sorted: the standard library keeps no order.
func TestSorted(t *testing.T) {
	list, size := sorted(textproto.MIMEHeader{"B": {"2", "1"}, "A": {""}})
	if diff := cmp.Diff([]string{"A", "", "B", "2", "B", "1"}, list); diff != "" || size != 5+6+6 {
		t.Errorf("size %d (-want +got):\n%s", size, diff)
	}
}
