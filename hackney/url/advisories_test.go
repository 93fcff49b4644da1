package url

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The tests of this file hold URLs that fooled other clients. Each is named for
// its line in the project's list of advisories.

// refused wants an error of the kind from Parse and, as a redirect would give
// it, from Resolve.
func refused(t *testing.T, raw string, want error) {
	t.Helper()
	if u, err := Parse(raw); !errors.Is(err, want) {
		t.Errorf("Parse(%q): host %q, %v, want %v", raw, u.Host, err, want)
	}
	if u, err := Resolve(plainURL(nil), raw); !errors.Is(err, want) {
		t.Errorf("Resolve(%q): host %q, %v, want %v", raw, u.Host, err, want)
	}
}

// C30, CVE-2025-1211: the authority ends at the first '?' or '#', not at '@'.
func TestC30AuthorityEnd(t *testing.T) {
	for _, c := range []struct{ raw, host, qs, fragment string }{
		{"http://127.0.0.1?@127.2.2.2/", "127.0.0.1", "@127.2.2.2/", ""},
		{"http://example.com#-@127.2.2.2/x", "example.com", "", "-@127.2.2.2/x"},
	} {
		u, err := Parse(c.raw)
		if err != nil || u.Host != c.host || u.Qs != c.qs || u.Fragment != c.fragment || u.User != "" {
			t.Errorf("%q: %#v, %v", c.raw, u, err)
		}
	}
}

// C31, CVE-2026-47076, CVE-2022-27780: no host that a decoder would change.
func TestC31EncodedHost(t *testing.T) {
	for _, host := range []string{
		"%31%32%37%2E%30%2E%30%2E%31", "127\u30020\u30020\u30021", "example.com%2F10.0.0.1",
		"127\uff0e0\uff0e0\uff0e1", "127\uff610\uff610\uff611", "\uff11\uff12\uff17.0.0.1",
		"\uff10\uff38\uff43\uff10.1", "\uff11", "ev\u2024il.example\u3002", "GOO\u200b\u2060\ufeffgoo.com",
		"\u2488example", "\u2100.example",
	} {
		refused(t, "http://"+host+"/", ErrHost)
	}
}

// C32: no backslash, blank or control byte in the authority.
func TestC32BytesInAuthority(t *testing.T) {
	refused(t, "http://127.0.0.1\\@1.1.1.1/", ErrUser)
	for _, b := range "\\\t\r\n \x00\x01\x1f\x7f" {
		refused(t, "http://exam"+string(b)+"ple.com/", ErrHost)
		refused(t, "http://us"+string(b)+"er@example.com/", ErrUser)
		refused(t, "http://example.com:8"+string(b)+"0/", ErrPort)
	}
}

// C33: CVE-2025-47912, CVE-2024-11168, CVE-2026-25679, CVE-2019-14809.
func TestC33Brackets(t *testing.T) {
	for _, host := range []string{
		"[example.com]", "[1.2.3.4]", "x[::1]", "[::1]x", "[::1.]", "[::127.0.0.1.]", "[::1]]",
		"[[::1]]", "[0::0::0]", "[0:0:]", "[:1]", "[0:1:2:3:4:5:6:7.0.0.0.1]", "[v1.x]", "[::1\n]",
	} {
		if _, err := Parse("http://" + host + "/"); !errors.Is(err, ErrHost) && !errors.Is(err, ErrPort) {
			t.Errorf("%q: %v", host, err)
		}
	}
	refused(t, "http://a:80x/", ErrPort)
	refused(t, "http://a:99999/", ErrPort)
}

// C34, CVE-2026-39821: punycode that decodes to plain ASCII, or to nothing sane.
func TestC34Punycode(t *testing.T) {
	for _, host := range []string{
		"xn--example-.com", "XN--EXAMPLE-.com", "www.xn--example-.com", "xn--", "xn--a.example", "xn--\u00e9.com",
	} {
		refused(t, "http://"+host+"/", ErrHost)
	}
}

// Punycode is quadratic: names that no DNS message can carry are not coded.
func TestC34LongNames(t *testing.T) {
	var distinct strings.Builder
	for r := rune(0x4e00); distinct.Len() < 60_000; r++ {
		distinct.WriteRune(r)
	}
	start := time.Now()
	for _, host := range []string{
		distinct.String(), strings.Repeat("a", 60) + "\u00e9", strings.Repeat("é", 513),
		"xn--" + strings.Repeat("9ca", 20_000), "xn--" + strings.Repeat("a", 60),
	} {
		refused(t, "http://"+host+"/", ErrHost)
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("it took %v", d)
	}
	if _, err := Parse("http://" + strings.Repeat("\u00e9.", 300)); err != nil {
		t.Errorf("many short labels: %v", err)
	}
}

// C35, CVE-2026-47067: a million schemes give a million errors and nothing else.
func TestC35ManySchemes(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 10_000
	}
	before := heap()
	for i := range n {
		_, err := Parse("s" + strconv.Itoa(i) + "://example.com/")
		if e, ok := errors.AsType[*Error](err); !ok || e.Err != ErrScheme {
			t.Fatalf("scheme %d: %v", i, err)
		}
	}
	if after := heap(); after > before+1<<20 {
		t.Errorf("%d bytes are kept", after-before)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// C37: CVE-2024-6104, CVE-2026-42507, CVE-2025-58189.
func TestC37Secrets(t *testing.T) {
	for _, raw := range []string{
		"http://joe:s3cret@example.com:x/", "http://joe:s3cret@example.com/ ", "http:joe:s3cret@example.com/",
		"ftp://joe:s3cret@example.com/", "://joe:s3cret@example.com/", "joe:s3cret@", " http://joe:s3cret@h/",
		"http://joe:s3cret@a@b/", "http://joe:s3/s3cret@b/", "http://joe:s3?s3cret@b/", "http://joe:s3#s3cret@b/",
		"http://joe:s3cret\x1b[31m@b/", "http://joe:s3cret%zz@b/", "//joe:s3cret@ex\nample.com/",
		"http:\\joe:s3cret@b/", "http:s3cret@b/", "https:s3cret@b/", "http:/joe:s3cret@b/", "http://joe:s3cret@b/" + strings.Repeat("a", MaxLength),
		"http://joe:s3cret@[::1/", "http://:s3cret@/", "http://joe:@s3cret@b/",
	} {
		_, err := Parse(raw)
		checkText(t, raw, err)
		_, err = Resolve(plainURL(nil), raw)
		checkText(t, raw, err)
	}
}

func checkText(t *testing.T, raw string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%q is accepted", raw)
		return
	}
	text := fmt.Sprintf("%v %+v %#v", err, err, *err.(*Error))
	if strings.Contains(text, "s3cret") || strings.ContainsAny(err.Error(), "\x1b\n\x00") || len(err.Error()) > 1000 {
		t.Errorf("%q: %q", raw, text)
	}
}

func TestC37String(t *testing.T) {
	u, err := Parse("http://joe:s3cret@example.com/")
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%s", "%q", "%#v", "%x"} {
		if s := fmt.Sprintf(verb, u); strings.Contains(s, "s3cret") || strings.Contains(s, "733363726574") {
			t.Errorf("%s: %s", verb, s)
		}
	}
	if got, want := u.String(), "http://joe:xxxxx@example.com/"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}

// C44, CVE-2026-56860: time in line with the length, and a limit to that.
func TestC44DotSegments(t *testing.T) {
	base := plainURL(func(u *URL) { u.Path = "/" + strings.Repeat("a/", 20_000) })
	refused(t, strings.Repeat("../", 100_000), ErrTooLong)
	start := time.Now()
	for range 20 {
		u, err := Resolve(base, strings.Repeat("../", 20_000)+"x")
		if err != nil || u.Path != "/x" {
			t.Fatalf("%.40q, %v", u.Path, err)
		}
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("20 resolutions took %v", d)
	}
	if _, err := Resolve(base, strings.Repeat("b/", 20_000)); !errors.Is(err, ErrTooLong) {
		t.Errorf("result of 80000 bytes: %v", err)
	}
}
