package url

import (
	"errors"
	neturl "net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The examples of RFC 3986, section 5.4, from http://a/b/c/d;p?q.
var rfcCases = []struct{ ref, want string }{
	{"http://g/", "http://g/"},
	{"g", "http://a/b/c/g"},
	{"./g", "http://a/b/c/g"},
	{"g/", "http://a/b/c/g/"},
	{"/g", "http://a/g"},
	{"//g", "http://g/"},
	{"?y", "http://a/b/c/d;p?y"},
	{"g?y", "http://a/b/c/g?y"},
	{"#s", "http://a/b/c/d;p?q#s"},
	{"g#s", "http://a/b/c/g#s"},
	{"g?y#s", "http://a/b/c/g?y#s"},
	{";x", "http://a/b/c/;x"},
	{"g;x", "http://a/b/c/g;x"},
	{"g;x?y#s", "http://a/b/c/g;x?y#s"},
	{"", "http://a/b/c/d;p?q"},
	{".", "http://a/b/c/"},
	{"./", "http://a/b/c/"},
	{"..", "http://a/b/"},
	{"../", "http://a/b/"},
	{"../g", "http://a/b/g"},
	{"../..", "http://a/"},
	{"../../", "http://a/"},
	{"../../g", "http://a/g"},
	{"../../../g", "http://a/g"},
	{"../../../../g", "http://a/g"},
	{"/./g", "http://a/g"},
	{"/../g", "http://a/g"},
	{"g.", "http://a/b/c/g."},
	{".g", "http://a/b/c/.g"},
	{"g..", "http://a/b/c/g.."},
	{"..g", "http://a/b/c/..g"},
	{"./../g", "http://a/b/g"},
	{"./g/.", "http://a/b/c/g/"},
	{"g/./h", "http://a/b/c/g/h"},
	{"g/../h", "http://a/b/c/h"},
	{"g;x=1/./y", "http://a/b/c/g;x=1/y"},
	{"g;x=1/../y", "http://a/b/c/y"},
	{"g?y/./x", "http://a/b/c/g?y/./x"},
	{"g?y/../x", "http://a/b/c/g?y/../x"},
	{"g#s/./x", "http://a/b/c/g#s/./x"},
	{"g#s/../x", "http://a/b/c/g#s/../x"},
}

func TestResolveRFC(t *testing.T) {
	base, _ := Parse("http://a/b/c/d;p?q")
	for _, c := range rfcCases {
		u, err := Resolve(base, c.ref)
		if got := Unparse(u); err != nil || got != c.want {
			t.Errorf("%q: %q, %v, want %q", c.ref, got, err, c.want)
		}
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct{ name, base, ref, want string }{
		{"user is kept", "http://u:p@h:81/a", "b", "http://u:p@h:81/b"},
		{"user is not given to another host", "http://u:p@h/a", "//i/b", "http://i/b"},
		{"scheme of the base", "https://h/a", "//i:8443/b", "https://i:8443/b"},
		{"other scheme", "http://h:81/a", "HTTPS://h/b", "https://h/b"},
		{"empty query replaces", "http://h/a?b", "?", "http://h/a"},
		{"fragment of the base is dropped", "http://h/a#f", "b", "http://h/b"},
		{"fragment of the base is dropped by an empty reference", "http://h/a?q#f", "", "http://h/a?q"},
		{"base without a path", "http://h?q", "b", "http://h/b"},
		{"dots of the base go", "http://h/a/../b/c", "d", "http://h/b/d"},
		{"dots of the base stay without a path", "http://h/a/../b", "?q", "http://h/a/../b?q"},
		{"dots of an absolute reference go", "http://h/", "http://i/a/../b?c/../d", "http://i/b?c/../d"},
		{"empty segments", "http://h/", "/foo/bar//../..", "http://h/foo/"},
		{"two slashes at the start", "http://h/", "/..//x", "http://h//x"},
		{"encoded dots stay", "http://h/a/", "%2e%2E/b", "http://h/a/%2e%2E/b"},
		{"colon in a later segment", "http://h/", "a/b:c", "http://h/a/b:c"},
		{"colon behind a dot segment", "http://h/a/", "./b:c", "http://h/a/b:c"},
		{"colon in the query", "http://h/", "a?b:c", "http://h/a?b:c"},
		{"IPv6", "http://[::1]:81/a", "b", "http://[::1]:81/b"},
		{"other alphabet", "http://h/", "//b\u00fccher.example/", "http://xn--bcher-kva.example/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, err := Parse(c.base)
			if err != nil {
				t.Fatal(err)
			}
			u, err := Resolve(base, c.ref)
			if got := Unparse(u); err != nil || got != c.want {
				t.Fatalf("%q, %v, want %q", got, err, c.want)
			}
			if again, err := Parse(c.want); err != nil || withoutRaw(again) != withoutRaw(u) {
				t.Errorf("resolved %#v, parsed %#v, %v", u, again, err)
			}
		})
	}
}

// withoutRaw blanks the one field that tells "/a?" from "/a".
func withoutRaw(u URL) URL {
	u.RawPath = ""
	return u
}

func TestResolveErrors(t *testing.T) {
	for _, c := range []struct {
		ref  string
		want error
	}{
		{"ftp://h/", ErrScheme},
		{"file:///etc/passwd", ErrScheme},
		{"gopher://h/", ErrScheme},
		{"javascript:alert(1)", ErrScheme},
		{"mailto:me@example.com", ErrScheme},
		{"host:8080/x", ErrScheme},
		{"http:", ErrHost},
		{"http:g", ErrHost},
		{"http:/g", ErrHost},
		{"http://", ErrHost},
		{"//", ErrHost},
		{"///x", ErrHost},
		{"//u@/", ErrHost},
		{":", ErrSyntax},
		{"://h/", ErrSyntax},
		{"1a:b", ErrSyntax},
		{"a b", ErrSyntax},
		{"/a\r\nX: y", ErrSyntax},
		{"/a?b\x00", ErrSyntax},
		{"\\\\h\\x", ErrSyntax},
		{"\\", ErrSyntax},
		{"/\\h", ErrSyntax},
		{" http://h/", ErrSyntax},
	} {
		base, _ := Parse("http://example.com/a?b")
		if u, err := Resolve(base, c.ref); !errors.Is(err, c.want) || u != (URL{}) {
			t.Errorf("%q: %#v, %v, want %v", c.ref, u, err, c.want)
		}
	}
	if _, err := Resolve(URL{}, "/x"); !errors.Is(err, ErrHost) {
		t.Errorf("base without a host: %v", err)
	}
}

func TestResolveBaseMadeByHand(t *testing.T) {
	u, err := Resolve(URL{Host: "h", Port: 81}, "x")
	if err != nil || Unparse(u) != "http://h/x" && Unparse(u) != "http://h:81/x" {
		t.Errorf("%#v, %v", u, err)
	}
	if _, err := Resolve(URL{Host: "h", Path: "/a\r\nb"}, "?x"); !errors.Is(err, ErrSyntax) {
		t.Errorf("CR LF in the base: %v", err)
	}
}

var drawSegment = rapid.SampledFrom([]string{"", ".", "..", "a", "b.c", "...", "d;e", ".f"})

// The same as removeDots, word for word as RFC 3986, section 5.2.4 says it, in
// quadratic time.
func removeDotsByTheBook(in string) (out string) {
	for in != "" {
		switch {
		case strings.HasPrefix(in, "/./"):
			in = in[2:]
		case in == "/.":
			in = "/"
		case strings.HasPrefix(in, "/../"), in == "/..":
			in = "/" + strings.TrimPrefix(in[3:], "/")
			out = out[:max(strings.LastIndexByte(out, '/'), 0)]
		default:
			n := 1 + strings.IndexByte(in[1:]+"/", '/')
			out, in = out+in[:n], in[n:]
		}
	}
	return out
}

func TestRemoveDotsByTheBook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := "/" + strings.Join(rapid.SliceOf(drawSegment).Draw(t, "segments"), "/")
		if got, want := removeDots(path), removeDotsByTheBook(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	})
}

// Package net/url follows the same section. It drops empty segments here and
// there, so none are drawn.
func TestResolveLikeNetURL(t *testing.T) {
	segments := rapid.SliceOfN(drawSegment.Filter(func(s string) bool { return s != "" }), 1, -1)
	rapid.Check(t, func(t *rapid.T) {
		path := "/" + strings.Join(segments.Draw(t, "base"), "/")
		ref := strings.Join(segments.Draw(t, "ref"), "/") +
			rapid.SampledFrom([]string{"", "/", "?q", "#f", "?q#f"}).Draw(t, "end")
		base, err := Parse("http://h" + path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Resolve(base, ref)
		if err != nil {
			t.Fatal(err)
		}
		std, _ := neturl.Parse("http://h" + path)
		std, _ = std.Parse(ref)
		if Unparse(got) != std.String() {
			t.Errorf("%q from %q: %q, net/url says %q", ref, path, Unparse(got), std)
		}
	})
}
