package url

import (
	"errors"
	neturl "net/url"
	"testing"
)

func TestStdBothWays(t *testing.T) {
	for _, raw := range []string{
		"http://example.com/",
		"https://u:p%40@example.com:8443/a%2Fb/../c?x=1&y#z%20",
		"http://[::1]:8080/",
		"http://[fe80::1%25en0]/",
		"http://example.com/a?",
		"http://example.com//a",
		"http://xn--bcher-kva.example/",
	} {
		u, err := Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Std(u)
		if err != nil {
			t.Errorf("Std(%s): %v", raw, err)
			continue
		}
		if back, err := FromStd(s); err != nil || back != u {
			t.Errorf("%s became %#v, %v", raw, back, err)
		}
	}
}

func TestFromStd(t *testing.T) {
	for _, c := range []struct {
		name string
		in   *neturl.URL
		want string
		err  error
	}{
		{"nil", nil, "", ErrSyntax},
		{"opaque", &neturl.URL{Scheme: "mailto", Opaque: "joe"}, "", ErrSyntax},
		{"no host", &neturl.URL{Path: "example.com/x"}, "", ErrHost},
		{"no scheme", &neturl.URL{Host: "h", Path: "/x"}, "http://h/x", nil},
		{"relative path", &neturl.URL{Scheme: "http", Host: "h", Path: "x"}, "http://h/x", nil},
		{"other scheme", &neturl.URL{Scheme: "ftp", Host: "h"}, "", ErrScheme},
		{"decoded text", &neturl.URL{Scheme: "http", Host: "h", Path: "/a b?", Fragment: "c d"}, "http://h/a%20b%3F#c%20d", nil},
		{"other alphabet", &neturl.URL{Scheme: "http", Host: "b\u00fccher.example"}, "http://xn--bcher-kva.example/", nil},
		{"slash in host", &neturl.URL{Scheme: "http", Host: "a/b@c", User: neturl.User("u")}, "http://u@a/b@c", nil},
		{"user in host", &neturl.URL{Scheme: "http", Host: "x@h"}, "http://x@h/", nil},
		{"bad query", &neturl.URL{Scheme: "http", Host: "h", RawQuery: "a b"}, "", ErrSyntax},
		{"zone", &neturl.URL{Scheme: "http", Host: "[fe80::1%en0]:81"}, "http://[fe80::1%25en0]:81/", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := FromStd(c.in)
			if !errors.Is(err, c.err) || (err == nil && Unparse(u) != c.want) {
				t.Errorf("%q, %v, want %q, %v", Unparse(u), err, c.want, c.err)
			}
		})
	}
}

func TestStdRefuses(t *testing.T) {
	u, err := Parse("http://joe:s3cret@h/100%")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Std(u)
	if !errors.Is(err, ErrSyntax) {
		t.Fatal(err)
	}
	checkText(t, "100%", err)
}
