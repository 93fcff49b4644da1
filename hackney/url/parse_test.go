package url

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plainURL is what http://example.com parses to; the table below changes it.
func plainURL(change func(*URL)) URL {
	u := URL{
		Transport: TCP, Scheme: "http", Netloc: "example.com",
		RawPath: "/", Path: "/", Host: "example.com", Port: 80,
	}
	if change != nil {
		change(&u)
	}
	return u
}

// parseCases are the URLs that were given to hackney 0.6.0, under the names of
// its transcripts, with the records it made, or should have made where the
// transcript notes a fault. text is what Unparse writes, "" for the URL itself.
var parseCases = []struct {
	name, raw, text string
	want            URL
}{
	{"url_plain", "http://example.com", "http://example.com/", plainURL(nil)},
	{"url_slash", "http://example.com/", "", plainURL(nil)},
	{"url_path", "http://example.com/a/b.html", "", plainURL(func(u *URL) {
		u.RawPath, u.Path = "/a/b.html", "/a/b.html"
	})},
	{"url_fragment", "http://example.com/a#frag", "", plainURL(func(u *URL) {
		u.RawPath, u.Path, u.Fragment = "/a#frag", "/a", "frag"
	})},
	{"url_query_fragment", "http://example.com/a?b=c#frag", "", plainURL(func(u *URL) {
		u.RawPath, u.Path, u.Qs, u.Fragment = "/a?b=c#frag", "/a", "b=c", "frag"
	})},
	{"url_fragment_question", "http://example.com/a#frag?x=1", "", plainURL(func(u *URL) {
		u.RawPath, u.Path, u.Fragment = "/a#frag?x=1", "/a", "frag?x=1"
	})},
	{"url_two_questions", "http://example.com/a?b?c", "", plainURL(func(u *URL) {
		u.RawPath, u.Path, u.Qs = "/a?b?c", "/a", "b?c"
	})},
	{"url_query_no_path", "http://example.com?a=1", "http://example.com/?a=1", plainURL(func(u *URL) {
		u.RawPath, u.Qs = "/?a=1", "a=1"
	})},
	{"url_fragment_no_path", "http://example.com#frag", "http://example.com/#frag", plainURL(func(u *URL) {
		u.RawPath, u.Fragment = "/#frag", "frag"
	})},
	{"url_https", "https://example.com", "https://example.com/", plainURL(func(u *URL) {
		u.Transport, u.Scheme, u.Port = SSL, "https", 443
	})},
	{"url_port", "http://example.com:8080/x", "", plainURL(func(u *URL) {
		u.Netloc, u.Port, u.RawPath, u.Path = "example.com:8080", 8080, "/x", "/x"
	})},
	{"url_port_default", "http://example.com:80/", "", plainURL(func(u *URL) {
		u.Netloc = "example.com:80"
	})},
	{"url_port_leading_zero", "http://example.com:0080/x", "", plainURL(func(u *URL) {
		u.Netloc, u.RawPath, u.Path = "example.com:0080", "/x", "/x"
	})},
	{"port_empty", "http://example.com:/", "", plainURL(func(u *URL) {
		u.Netloc = "example.com:"
	})},
	{"port_zero", "http://example.com:0/", "", plainURL(func(u *URL) {
		u.Netloc, u.Port = "example.com:0", 0
	})},
	{"port_greatest", "http://example.com:65535/", "", plainURL(func(u *URL) {
		u.Netloc, u.Port = "example.com:65535", 65535
	})},
	{"url_user_empty_pass", "http://user:@example.com/x", "http://user@example.com/x", plainURL(func(u *URL) {
		u.User, u.RawPath, u.Path = "user", "/x", "/x"
	})},
	{"url_empty_user_pass", "http://:pass@example.com/x", "", plainURL(func(u *URL) {
		u.Password, u.RawPath, u.Path = "pass", "/x", "/x"
	})},
	{"user_empty", "http://@example.com/", "http://example.com/", plainURL(nil)},
	{"password_with_colon", "http://u:p:w@example.com/", "", plainURL(func(u *URL) {
		u.User, u.Password = "u", "p:w"
	})},
	{"url_user_pass_encoded", "http://us%40r:p%3Aw@example.com/x", "", plainURL(func(u *URL) {
		u.User, u.Password, u.RawPath, u.Path = "us%40r", "p%3Aw", "/x", "/x"
	})},
	{"url_path_at", "http://example.com/a@b", "", plainURL(func(u *URL) {
		u.RawPath, u.Path = "/a@b", "/a@b"
	})},
	{"url_user_port", "http://u:p@example.com:81/x?y#z", "", plainURL(func(u *URL) {
		u.Netloc, u.Port, u.User, u.Password = "example.com:81", 81, "u", "p"
		u.RawPath, u.Path, u.Qs, u.Fragment = "/x?y#z", "/x", "y", "z"
	})},
	{"url_ipv6", "http://[::1]/x", "", plainURL(func(u *URL) {
		u.Netloc, u.Host, u.RawPath, u.Path = "[::1]", "::1", "/x", "/x"
	})},
	{"url_ipv6_port", "http://[2001:db8::1]:8080/x", "", plainURL(func(u *URL) {
		u.Netloc, u.Host, u.Port = "[2001:db8::1]:8080", "2001:db8::1", 8080
		u.RawPath, u.Path = "/x", "/x"
	})},
	{"url_ipv6_https", "https://[::1]", "https://[::1]/", plainURL(func(u *URL) {
		u.Transport, u.Scheme, u.Netloc, u.Host, u.Port = SSL, "https", "[::1]", "::1", 443
	})},
	{"ipv6_zone", "http://[fe80::1%25en0]/", "", plainURL(func(u *URL) {
		u.Netloc, u.Host = "[fe80::1%25en0]", "fe80::1%en0"
	})},
	{"url_ipv4", "http://127.0.0.1:18080", "http://127.0.0.1:18080/", plainURL(func(u *URL) {
		u.Netloc, u.Host, u.Port = "127.0.0.1:18080", "127.0.0.1", 18080
	})},
	{"url_no_scheme", "example.com/x", "http://example.com/x", plainURL(func(u *URL) {
		u.RawPath, u.Path = "/x", "/x"
	})},
	{"no_scheme_port", "example.com:8080/x", "http://example.com:8080/x", plainURL(func(u *URL) {
		u.Netloc, u.Port, u.RawPath, u.Path = "example.com:8080", 8080, "/x", "/x"
	})},
	{"no_scheme_url_in_query", "example.com?u=ftp://x", "http://example.com/?u=ftp://x", plainURL(func(u *URL) {
		u.RawPath, u.Qs = "/?u=ftp://x", "u=ftp://x"
	})},
	{"url_scheme_relative", "//example.com/x", "http://example.com/x", plainURL(func(u *URL) {
		u.RawPath, u.Path = "/x", "/x"
	})},
	{"url_mailto", "mailto:me@example.com", "http://mailto:me@example.com/", plainURL(func(u *URL) {
		u.User, u.Password = "mailto", "me"
	})},
	{"url_uppercase_scheme", "HTTP://example.com/", "http://example.com/", plainURL(nil)},
	{"url_uppercase_https", "HttpS://example.com/", "https://example.com/", plainURL(func(u *URL) {
		u.Transport, u.Scheme, u.Port = SSL, "https", 443
	})},
	{"url_dots", "http://example.com/a/../b/./c", "", plainURL(func(u *URL) {
		u.RawPath, u.Path = "/a/../b/./c", "/a/../b/./c"
	})},
	{"url_string_arg", "http://example.com/str?q", "", plainURL(func(u *URL) {
		u.RawPath, u.Path, u.Qs = "/str?q", "/str", "q"
	})},
	{"odd_bytes_kept", "http://example.com/\"<>|[]{}^`%zz\u00e9\xff?\\\"\x80#\\#", "", plainURL(func(u *URL) {
		u.Path, u.Qs, u.Fragment = "/\"<>|[]{}^`%zz\u00e9\xff", "\\\"\x80", "\\#"
		u.RawPath = u.Path + "?" + u.Qs + "#" + u.Fragment
	})},
	{"idn", "http://b\u00fccher.example:8080/", "http://xn--bcher-kva.example:8080/", plainURL(func(u *URL) {
		u.Host, u.Netloc, u.Port = "xn--bcher-kva.example", "xn--bcher-kva.example:8080", 8080
	})},
	{"idn_ascii_form", "http://XN--bcher-kva.example/", "", plainURL(func(u *URL) {
		u.Host, u.Netloc = "XN--bcher-kva.example", "XN--bcher-kva.example"
	})},
}

func TestParse(t *testing.T) {
	for _, c := range parseCases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse(c.raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Parse(%q): -want +got\n%s", c.raw, diff)
			}
			want := c.text
			if want == "" {
				want = c.raw
			}
			if text := Unparse(got); text != want {
				t.Errorf("Unparse = %q, want %q", text, want)
			}
		})
	}
}

func TestParseOddNames(t *testing.T) {
	for _, host := range []string{
		"foo.09..", "..", "127abc.com", "192.0x00A80001", "999999999", "1.2.3.4.5",
		"a_b", "exam$ple.net", "exam'ple.net", "-", "a--b.example", "~",
	} {
		u, err := Parse("http://" + host + "/")
		if err != nil || u.Host != host || u.Netloc != host {
			t.Errorf("%q: host %q, netloc %q, %v", host, u.Host, u.Netloc, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		name, raw string
		want      error
	}{
		{"empty", "", ErrHost},
		{"path only", "/just/path", ErrHost},
		{"query only", "?a=1", ErrHost},
		{"no host", "http://", ErrHost},
		{"no host but a path", "http:///x", ErrHost},
		{"no host but a user", "http://user:pass@/", ErrHost},
		{"no host but a port", "http://:80/", ErrHost},
		{"scheme alone", "http:", ErrHost},
		{"one slash", "http:/example.com/", ErrHost},
		{"no slash", "https:example.com/", ErrHost},
		{"host that is called http", "http:8080/x", ErrHost},
		{"other scheme", "ftp://example.com/", ErrScheme},
		{"long s in https", "http\u017f://example.com/", ErrScheme},
		{"empty scheme", "://example.com/", ErrScheme},
		{"port of letters", "http://example.com:abc/x", ErrPort},
		{"port too great", "http://example.com:65536/x", ErrPort},
		{"port wraps around", "http://f:340282366920938463463374607431768211537/c", ErrPort},
		{"port negative", "http://example.com:-1/x", ErrPort},
		{"port in hex", "http://example.com:0x50/x", ErrPort},
		{"two ports", "http://example.com:80:80/x", ErrPort},
		{"two at signs", "http://a@b@c/", ErrHost},
		{"space in user", "http://a b@c/", ErrUser},
		{"bad escape in user", "http://a%zz@c/", ErrUser},
		{"short escape in password", "http://a:%4@c/", ErrUser},
		{"user outside ASCII", "http://\u00e9@c/", ErrUser},
		{"space in path", "http://example.com/a b", ErrSyntax},
		{"newline in path", "http://example.com/a\r\nX: y", ErrSyntax},
		{"NUL in query", "http://example.com/?\x00", ErrSyntax},
		{"DEL in fragment", "http://example.com/#\x7f", ErrSyntax},
		{"backslash in path", "http://example.com/a\\b", ErrSyntax},
		{"junk after bracket", "http://[::1]x/y", ErrHost},
		{"empty brackets", "http://[]/", ErrHost},
		{"open bracket", "http://[::1/", ErrHost},
		{"closing bracket", "http://2001::1]/", ErrPort},
		{"closing bracket in a name", "http://exam]ple.net/", ErrHost},
		{"IPv6 without brackets", "https://1:2:3:4:5:6:7:8:80", ErrPort},
		{"bare zone", "http://[fe80::1%en0]/", ErrHost},
		{"empty zone", "http://[fe80::1%25]/", ErrHost},
		{"encoded zone", "http://[fe80::1%25%65n0]/", ErrHost},
		{"zone of a global address", "http://[::1%25.a.com]/", ErrHost},
		{"not UTF-8 in host", "http://\xff\xfe/", ErrHost},
		{"noncharacter in host", "http://\uffffy/", ErrHost},
		{"label that vanishes", "http://\u00ad.example/", ErrHost},
		{"empty punycode", "http://xn--/", ErrHost},
		{"too long", "http://example.com/" + strings.Repeat("a", MaxLength), ErrTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := Parse(c.raw)
			if !errors.Is(err, c.want) {
				t.Errorf("Parse(%q) = %#v, %v, want %v", c.raw, u, err, c.want)
			}
			if u != (URL{}) {
				t.Errorf("a URL beside the error: %#v", u)
			}
		})
	}
}

func TestParseLongest(t *testing.T) {
	raw := "http://example.com/"
	raw += strings.Repeat("a", MaxLength-len(raw))
	if _, err := Parse(raw); err != nil {
		t.Error(err)
	}
}
