package url

import (
	"strings"
	"testing"
)

var (
	sinkURL  URL
	sinkText string
)

const hotURL = "http://example.com:8080/api/v1/items?page=2&limit=50"

// A request parses its URL and asks for its target and authority: nothing of
// that allocates for a plain ASCII URL.
func TestAllocations(t *testing.T) {
	for _, raw := range []string{
		hotURL, "https://example.com/", "http://example.com/a/b", "http://example.com",
		"http://u:p%40@[::1]:8080/x?y#z", "example.com/x", "//example.com:80/x",
	} {
		n := testing.AllocsPerRun(100, func() {
			u, err := Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			sinkURL, sinkText = u, u.Target()+u.Authority()[:0]
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", raw, n)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, raw string }{
		{"short", "http://example.com/"},
		{"typical", hotURL},
		{"user", "https://user:pass@example.com:8443/a/b/c?x=1&y=2#frag"},
		{"ipv6", "http://[2001:db8::1]:8080/x"},
		{"punycode", "http://xn--bcher-kva.example/"},
		{"unicode", "http://b\u00fccher.example/"},
		{"refused", "ftp://example.com/"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sinkURL, _ = Parse(c.raw)
			}
		})
	}
}

func BenchmarkTarget(b *testing.B) {
	u, _ := Parse(hotURL)
	b.ReportAllocs()
	for b.Loop() {
		sinkText = u.Target()
	}
}

func BenchmarkAuthority(b *testing.B) {
	u, _ := Parse(hotURL)
	b.ReportAllocs()
	for b.Loop() {
		sinkText = u.Authority()
	}
}

func BenchmarkResolve(b *testing.B) {
	base, _ := Parse(hotURL)
	long := strings.Repeat("../a/", MaxLength/5)
	for _, c := range []struct{ name, ref string }{
		{"path", "/login?next=1"},
		{"relative", "../login"},
		{"absolute", "https://example.com/login"},
		{"64KiB", long},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sinkURL, _ = Resolve(base, c.ref)
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sinkText = Encode("a name with spaces & signs = value")
	}
}
