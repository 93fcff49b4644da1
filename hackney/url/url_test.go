package url

import (
	"errors"
	"testing"
)

func TestTransportScheme(t *testing.T) {
	for transport, want := range map[string]string{TCP: "http", SSL: "https"} {
		if got, err := TransportScheme(transport); got != want || err != nil {
			t.Errorf("%s: %q, %v", transport, got, err)
		}
	}
	if got, err := TransportScheme("other"); got != "" || !errors.Is(err, ErrTransport) {
		t.Errorf("other: %q, %v", got, err)
	}
}

func TestAuthority(t *testing.T) {
	for _, c := range []struct{ raw, authority, hostPort string }{
		{"http://example.com", "example.com", "example.com:80"},
		{"http://example.com:80", "example.com", "example.com:80"},
		{"http://example.com:", "example.com", "example.com:80"},
		{"http://example.com:443", "example.com:443", "example.com:443"},
		{"https://example.com:443", "example.com", "example.com:443"},
		{"https://u:p@example.com:80", "example.com:80", "example.com:80"},
		{"http://example.com:08080", "example.com:8080", "example.com:8080"},
		{"http://example.com:0", "example.com:0", "example.com:0"},
		{"http://example.com:000", "example.com:0", "example.com:0"},
		{"http://[::1]", "[::1]", "[::1]:80"},
		{"http://[::1]:80", "[::1]", "[::1]:80"},
		{"http://[::1]:8080", "[::1]:8080", "[::1]:8080"},
		{"http://[fe80::1%25en0]", "[fe80::1]", "[fe80::1%en0]:80"},
		{"http://[fe80::1%25en0]:81", "[fe80::1]:81", "[fe80::1%en0]:81"},
	} {
		u, err := Parse(c.raw)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := u.Authority(); got != c.authority {
			t.Errorf("%s: Authority = %q, want %q", c.raw, got, c.authority)
		}
		if got := u.HostPort(); got != c.hostPort {
			t.Errorf("%s: HostPort = %q, want %q", c.raw, got, c.hostPort)
		}
	}
}

func TestTarget(t *testing.T) {
	for raw, want := range map[string]string{
		"http://h":         "/",
		"http://h?":        "/?",
		"http://h?q":       "/?q",
		"http://h#f?q":     "/",
		"http://h/a/../b":  "/a/../b",
		"http://h/a?":      "/a?",
		"http://h/a?#f":    "/a?",
		"http://h/a?b?c#f": "/a?b?c",
		"http://h//a":      "//a",
	} {
		u, err := Parse(raw)
		if got := u.Target(); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", raw, got, err, want)
		}
	}
}

// Path and Qs count when somebody changed them behind RawPath's back.
func TestTargetOfChangedURL(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(*URL)
	}{
		{"query", "/a?c", func(u *URL) { u.Qs = "c" }},
		{"query made longer", "/a?bc", func(u *URL) { u.Qs = "bc" }},
		{"query made shorter", "/a", func(u *URL) { u.Qs = "" }},
		{"path", "/x?b", func(u *URL) { u.Path = "/x" }},
		{"path made shorter", "/?b", func(u *URL) { u.Path = "/" }},
		{"no path", "/?b", func(u *URL) { u.Path = "" }},
		{"no raw path", "/a?b", func(u *URL) { u.RawPath = "" }},
		{"nothing", "/a?b", func(*URL) {}},
	} {
		u, _ := Parse("http://h/a?b#f")
		c.change(&u)
		if got := u.Target(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestURLMadeByHand(t *testing.T) {
	for _, c := range []struct {
		u                URL
		text, host, port string
	}{
		{URL{Host: "h"}, "http://h/", "h", "h:80"},
		{URL{Scheme: HTTPS, Host: "h"}, "https://h/", "h", "h:443"},
		{URL{Scheme: HTTPS, Host: "::1", Port: 8443, Qs: "q"}, "https://[::1]:8443/?q", "[::1]:8443", "[::1]:8443"},
		{URL{Netloc: "h:1", Host: "h", Port: 1}, "http://h:1/", "h:1", "h:1"},
		{URL{Netloc: "other", Host: "h", Port: 1}, "http://other/", "h:1", "h:1"},
	} {
		if got := Unparse(c.u); got != c.text {
			t.Errorf("Unparse(%#v) = %q, want %q", c.u, got, c.text)
		}
		if a, p := c.u.Authority(), c.u.HostPort(); a != c.host || p != c.port {
			t.Errorf("%#v: Authority %q, HostPort %q", c.u, a, p)
		}
	}
}

func TestCredentials(t *testing.T) {
	for _, c := range []struct {
		raw, user, password string
		ok                  bool
	}{
		{"http://h/", "", "", false},
		{"http://@h/", "", "", false},
		{"http://u@h/", "u", "", true},
		{"http://:p@h/", "", "p", true},
		{"http://us%40r:p%3Aw+x%2b@h/", "us@r", "p:w+x+", true},
	} {
		u, err := Parse(c.raw)
		if err != nil {
			t.Fatal(err)
		}
		if user, password, ok := u.Credentials(); user != c.user || password != c.password || ok != c.ok {
			t.Errorf("%s: %q, %q, %v", c.raw, user, password, ok)
		}
	}
}

func TestErrorText(t *testing.T) {
	_, err := Parse("http://joe:pw@h:x\"y/")
	want := `url: parse "http://joe:xxxxx@h:x\"y/": bad port: it is not a number`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
