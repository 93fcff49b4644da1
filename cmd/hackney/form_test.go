package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/wiretest"
)

func TestParseField(t *testing.T) {
	for _, c := range []struct {
		text string
		want field
	}{
		{"a=b", field{name: "a", content: "b"}},
		{"a=", field{name: "a"}},
		{"a=b=c", field{name: "a", content: "b=c"}},
		{"ä b=ü", field{name: "ä b", content: "ü"}},
		{`n"q=v`, field{name: `n"q`, content: "v"}},
		{"a= \tb c\n", field{name: "a", content: "b c"}},
		{`a=" b "`, field{name: "a", content: " b "}},
		{`a= "b" `, field{name: "a", content: "b"}},
		{`a="b;c"`, field{name: "a", content: "b;c"}},
		{`a="b\"c\\d\e"`, field{name: "a", content: `b"c\d\e`}},
		{`a=""`, field{name: "a"}},
		{`a="b`, field{name: "a", content: `"b`}},
		{`a="b;type=c/d`, field{name: "a", content: `"b`, ctype: "c/d"}},
		{`a=b"c"`, field{name: "a", content: `b"c"`}},
		{"a=b@c", field{name: "a", content: "b@c"}},
		{"a= @b", field{name: "a", content: "@b"}},
		{`a="@b"`, field{name: "a", content: "@b"}},
		{"a=(b", field{name: "a", content: "(b"}},
		{"a=@b", field{name: "a", from: '@', content: "b"}},
		{"a=<b", field{name: "a", from: '<', content: "b"}},
		{"a=@-", field{name: "a", from: '@', content: "-"}},
		{`a=@"b;c,d.txt"`, field{name: "a", from: '@', content: "b;c,d.txt"}},
		{"a=@b,c", field{name: "a", from: '@', content: "b,c"}},
		{"a=b;type=text/html", field{name: "a", content: "b", ctype: "text/html"}},
		{"a=b ; TYPE= text/html ", field{name: "a", content: "b", ctype: "text/html"}},
		{"a=b;type=text/html;charset=utf-8", field{name: "a", content: "b", ctype: "text/html; charset=utf-8"}},
		{
			"a=b;type=text/html;charset=utf-8;filename=c;type=x/y",
			field{name: "a", content: "b", ctype: "x/y", filename: "c", named: true},
		},
		{"a=b;type=x/y;", field{name: "a", content: "b", ctype: "x/y"}},
		{`a=b;type=m/r;type="x/y"`, field{name: "a", content: "b", ctype: `m/r; type="x/y"`}},
		{"a=@b;filename=", field{name: "a", from: '@', content: "b", named: true}},
		{`a=@b;filename="c;d\"";type=x/y`, field{name: "a", from: '@', content: "b", ctype: "x/y", filename: `c;d"`, named: true}},
	} {
		if got, err := parseField(c.text); got != c.want || err != nil {
			t.Errorf("%s: %+v, %v; want %+v", c.text, got, err, c.want)
		}
	}
}

func TestParseFieldErrors(t *testing.T) {
	for _, c := range []struct {
		text string
		want error
	}{
		{"", errNoEquals},
		{"a", errNoEquals},
		{"=a", errNoName},
		{"a=@", errNoPath},
		{"a=< ", errNoPath},
		{`a=@""`, errNoPath},
		{"a=@;type=b/c", errNoPath},
		{"a=b;c", errSetting},
		{"a=b;", errSetting},
		{"a=b;headers=c", errSetting},
		{"a=@b;filename=c;d=e", errSetting},
		{`a="b" c`, errTrailing},
		{`a=b;filename="c"d`, errTrailing},
		{"a=b;type=text", errType},
		{"a=b;type=text/", errType},
		{"a=b;type=text/html,c", errType},
		{"a=b;type=", errType},
		{"a=b;type=text/html;c", errType},
	} {
		if got, err := parseField(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v; want %v", c.text, got, err, c.want)
		}
	}
}

// TestFormSent holds the bytes of a form against the flags.
func TestFormSent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.html")
	if err := os.WriteFile(file, []byte("<p>a"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want string // lines of "--" are those of the boundary
	}{
		{
			"values",
			[]string{"a=b, c=d", `c"d="e;f";type=text/x`},
			"--\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb, c=d\r\n" +
				"--\r\nContent-Disposition: form-data; name=\"c%22d\"\r\nContent-Type: text/x\r\n\r\ne;f\r\n----\r\n",
		},
		{
			"file",
			[]string{"a=@" + file},
			"--\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.html\"\r\nContent-Type: text/html\r\n\r\n<p>a\r\n----\r\n",
		},
		{
			"file of another name and type",
			[]string{"a=@" + file + ";filename=ü.png", "a=@" + file + ";filename=c.png;type=image/x", "a=@" + file + ";filename="},
			"--\r\nContent-Disposition: form-data; name=\"a\"; filename=\"ü.png\"\r\nContent-Type: image/png\r\n\r\n<p>a\r\n" +
				"--\r\nContent-Disposition: form-data; name=\"a\"; filename=\"c.png\"\r\nContent-Type: image/x\r\n\r\n<p>a\r\n" +
				"--\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: text/html\r\n\r\n<p>a\r\n----\r\n",
		},
		{
			"value of a file",
			[]string{"a=<" + file, "b=<" + file + ";filename=b.txt"},
			"--\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n<p>a\r\n" +
				"--\r\nContent-Disposition: form-data; name=\"b\"; filename=\"b.txt\"\r\nContent-Type: text/plain\r\n\r\n<p>a\r\n----\r\n",
		},
		{
			"value of standard input",
			[]string{"a=<-"},
			"--\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nin\r\n----\r\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			head, boundary, form := sendForm(t, c.args...)
			want := strings.ReplaceAll(c.want, "----\r\n", "--"+boundary+"--\r\n")
			want = strings.ReplaceAll(want, "--\r\nContent", "--"+boundary+"\r\nContent")
			if form != want {
				t.Errorf("sent\n%q, want\n%q", form, want)
			}
			if !strings.HasPrefix(head, "POST ") || !strings.Contains(head, "\r\nContent-Length: ") {
				t.Errorf("head %q", head)
			}
		})
	}
}

// TestFormOfInput sends standard input as a file: as it comes, so chunked.
func TestFormOfInput(t *testing.T) {
	head, _, form := sendForm(t, "a=@-", "b=c")
	if !strings.Contains(head, "\r\nTransfer-Encoding: chunked") ||
		!strings.Contains(form, "name=\"a\"; filename=\"-\"\r\nContent-Type: application/octet-stream\r\n\r\n") ||
		!strings.Contains(form, "\r\n2\r\nin\r\n") {
		t.Errorf("sent\n%s%s", head, form)
	}
}

// sendForm posts a form and gives what arrived.
func sendForm(t *testing.T, fields ...string) (head, boundary, body string) {
	t.Helper()
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	args := []string{"post", "http://" + srv.Addr() + "/p"}
	for _, f := range fields {
		args = append(args, "-F", f)
	}
	if r := runApp(t, &app{stdin: strings.NewReader("in")}, args...); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	before, after, _ := bytes.Cut(srv.Received(0), []byte("\r\n\r\n"))
	_, boundary, ok := strings.Cut(string(before), "multipart/form-data; boundary=")
	boundary, _, _ = strings.Cut(boundary, "\r\n")
	if !ok {
		t.Fatalf("no form: %q", before)
	}
	return string(before), boundary, string(after)
}

// TestFormRecorded holds that a form is a body for record too.
func TestFormRecorded(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	r := run(t, "record", "-F", "a=b", "http://"+srv.Addr()+"/p")
	if r.code != 0 || !bytes.HasPrefix(srv.Received(0), []byte("POST /p HTTP/1.1\r\n")) {
		t.Errorf("%+v; sent %q", r, srv.Received(0))
	}
}

// TestFormSize holds the size that the bar counts up to against what is sent.
func TestFormSize(t *testing.T) {
	file := largeFile(t)
	f := flags{Form: []string{"a=b", "c=@" + file, "d=<" + file + ";filename=e"}}
	b, err := f.body(t.Context(), &app{})
	if err != nil {
		t.Fatal(err)
	}
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	cs, err := hackney.Post(t.Context(), "http://"+srv.Addr()+"/", nil, b.payload, nil)
	if err != nil {
		t.Fatal(err)
	}
	hackney.Close(cs)
	if _, sent, _ := bytes.Cut(srv.Received(0), []byte("\r\n\r\n")); int64(len(sent)) != b.size {
		t.Errorf("%d bytes were sent, the size is %d", len(sent), b.size)
	}
	for _, text := range []string{"a=@missing", "a=@-"} {
		f := flags{Form: []string{text}}
		if b, err := f.body(t.Context(), &app{stdin: strings.NewReader("")}); err != nil || b.size != 0 {
			t.Errorf("%s: size %d, %v", text, b.size, err)
		}
	}
}
