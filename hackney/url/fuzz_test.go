package url

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

// FuzzParse: what is accepted has no byte that could break a message, reads the
// same when it is written and parsed again, and shows no password; what is not
// accepted gives an error that is fit to be logged.
func FuzzParse(f *testing.F) {
	for _, c := range parseCases {
		f.Add(c.raw)
	}
	for _, s := range fuzzSeeds {
		f.Add(s.raw)
	}
	for _, raw := range []string{
		"", "//", "http:", "ftp://u:p@h/", "http://a@b@c/", "http://h:65536/", "http://[::1", "http://xn--a/", "http://\uff11/",
		"http://127.0.0.1\\@1.1.1.1/", "http://h/\r\n", "http://u:%zz@h/", "/x", "?a", "h:80", "u:p@h:80/x",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := Parse(raw)
		if err != nil {
			checkError(t, raw, err)
			return
		}
		checkURL(t, u)
		again, err := Parse(Unparse(u))
		if err != nil || withoutRaw(again) != withoutRaw(u) {
			t.Errorf("%#v was written and parsed as %#v, %v", u, again, err)
		}
		s, err := Std(u)
		if err == nil && s.Hostname() != u.Host {
			t.Errorf("host %q, net/url reads %q", u.Host, s.Hostname())
		}
	})
}

// FuzzResolve: the result is as good as a parsed one, and its path is clean.
func FuzzResolve(f *testing.F) {
	for _, c := range rfcCases {
		f.Add("http://a/b/c/d;p?q", c.ref)
	}
	for _, s := range fuzzSeeds {
		f.Add("http://example.com/a/b", s.raw)
	}
	f.Add("https://u:p@[::1]:81/a//b/..", "\\\\h\\x")
	f.Add("http://h?a#b", "?\r\n")
	f.Fuzz(func(t *testing.T, rawBase, ref string) {
		base, err := Parse(rawBase)
		if err != nil {
			return
		}
		u, err := Resolve(base, ref)
		if err != nil {
			checkError(t, ref, err)
			return
		}
		checkURL(t, u)
		again, err := Parse(Unparse(u))
		if !errors.Is(err, ErrTooLong) && (err != nil || withoutRaw(again) != withoutRaw(u)) {
			t.Errorf("%#v was written and parsed as %#v, %v", u, again, err)
		}
		if u.Path != base.Path && removeDots(u.Path) != u.Path {
			t.Errorf("dot segments are left in %q", u.Path)
		}
	})
}

// FuzzDecode: Decode undoes Encode, and Skip never fails.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "a+b", "%41", "%zz", "100%", "%%41", "%4", "\x00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, o := range []EncodeOption{0, NoPlus, Upper, NoPlus | Upper} {
			if back, err := Decode(Encode(s, o)); err != nil || back != s {
				t.Errorf("%q became %q, %v", s, back, err)
			}
		}
		text, err := Decode(s)
		skipped, err2 := Decode(s, Skip)
		if err2 != nil || (err == nil && text != skipped) {
			t.Errorf("%q: %q, %v; with Skip %q, %v", s, text, err, skipped, err2)
		}
	})
}

func checkURL(t *testing.T, u URL) {
	t.Helper()
	if u.Host == "" || u.Port < 0 || u.Port > 65535 || !strings.HasPrefix(u.Path, "/") || !strings.HasPrefix(u.RawPath, u.Path) {
		t.Errorf("%#v", u)
	}
	if u.Transport != transportOf(u.Scheme) || (u.Scheme != HTTP && u.Scheme != HTTPS) {
		t.Errorf("scheme %q, transport %q", u.Scheme, u.Transport)
	}
	for _, s := range []string{u.Netloc, u.RawPath, u.Host, u.User, u.Password, u.Target(), u.Authority(), u.HostPort()} {
		if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			t.Errorf("%q lets a control byte through", s)
		}
	}
	if strings.ContainsAny(u.Host, "\\/?#@[]") || !isASCII(u.Netloc) {
		t.Errorf("host %q, netloc %q", u.Host, u.Netloc)
	}
	if strings.ContainsAny(u.Target(), "#") || strings.Contains(u.Authority(), "%") {
		t.Errorf("target %q, authority %q", u.Target(), u.Authority())
	}
	if p := u.Password; len(p) > 5 && !strings.Contains(u.Netloc+u.RawPath+u.User, p) && strings.Contains(u.String(), p) {
		t.Errorf("%s shows the password", u)
	}
}

func checkError(t *testing.T, raw string, err error) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Op == "" || e.Reason == "" || e.Err == nil || len(err.Error()) > 2000 {
		t.Fatalf("%q: %#v", raw, err)
	}
	for i := range len(err.Error()) {
		if b := err.Error()[i]; b < ' ' || b >= 0x7f {
			t.Fatalf("%q: byte %#x in the text", raw, b)
		}
	}
	if i := strings.LastIndexByte(raw, '@'); i >= 0 && i < maxShown {
		_, secret, found := strings.Cut(strings.TrimPrefix(raw[:i], "http://"), ":")
		plainSecret := found && len(secret) > 9 && span(secret, plain) == len(secret)
		shown := strconv.QuoteToASCII(raw) // where an escape may be what looks like the secret
		if plainSecret && strings.Count(shown, secret) == 1 && strings.Contains(e.URL, secret) {
			t.Errorf("%q: %v shows %q", raw, err, secret)
		}
	}
}
