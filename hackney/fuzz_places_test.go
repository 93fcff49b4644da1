package hackney

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/fields"
	"github.com/hackney-go/hackney/internal/http1"
	"github.com/hackney-go/hackney/transport"
)

// zPlaceSeeds are texts of the published advisories that say where to go; the number is that of the
// test of the same name.
var zPlaceSeeds = []struct{ advisory, text string }{
	{"C24", "http://p:80\r\nX: y/"},
	{"C30", "http://127.0.0.1?@127.2.2.2/"},
	{"C31", "http://%31%32%37%2E%30%2E%30%2E%31/"},
	{"C32", "http://127.0.0.1\\@1.1.1.1/"},
	{"C37", "http://user:hidden-word@p:bad"},
	{"C39", "http://[::1%25.a.com]/"},
	{"C40", "https://user:hidden-word@proxy:3128"},
	{"C43", "file:///etc/passwd"},
	{"C43", "javascript:alert(1)"},
	{"C44", strings.Repeat("../", 30) + "x"},
	{"C49", "proxy-without-a-port:"},
	{"C55", "[::1%25.example.com]"},
	{"C55", "localhost."},
	{"C56", "socks5h://" + strings.Repeat("a", 256) + ":1080"},
}

// FuzzLocation: a Location leads to a place and a target that may be sent, or nowhere; the error says
// so in a text that is fit to be logged.
func FuzzLocation(f *testing.F) {
	for _, s := range zPlaceSeeds {
		f.Add("/a/b?c", s.text)
	}
	for _, s := range []string{"", "/x", "?q r", "#f", "//h", "http://u:p@h/", "HTTP://H:80", "a b/é<\"{", "https:x", "\x00", "http://h\x7f/", "//[::1]:9"} {
		f.Add("/", s)
	}
	f.Fuzz(func(t *testing.T, target, location string) {
		list := headers.New("Location", location)
		p := plan{method: "GET", target: target}
		if list.Err() != nil || !strings.HasPrefix(target, "/") || strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return
		}
		a := operation{op: OpSendRequest}
		a.cs.link = &link{origin: place{transport: transport.TCP, host: "h.test", port: 80}.origin()}
		to, err := a.destination(&p, &http1.Head{Status: 302, Headers: *list})
		if err != nil {
			zLogged(t, location, err)
			return
		}
		at, err := placeOf(to)
		if err != nil || to.Scheme != "http" && to.Scheme != "https" {
			t.Fatalf("%q leads to %v, %v", location, to, err)
		}
		zSendable(t, &at, to.Target())
	})
}

// zSendable holds that a request for a target can go to a place as it is.
func zSendable(t *testing.T, at *place, target string) {
	t.Helper()
	for _, s := range []string{target, at.host, at.origin().authority} {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			t.Fatalf("%q would be sent", s)
		}
	}
	var p plan
	if err := p.prepare(&Req{Path: target}, &defaultOpts); err != nil {
		t.Fatalf("%q cannot be sent: %v", target, err)
	}
}

// zLogged holds that an error has a text without control bytes, of some length, and without the
// password of a URL.
func zLogged(t *testing.T, raw string, err error) {
	t.Helper()
	text := err.Error()
	if len(text) > 4000 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.Fatalf("%q gives %q", raw, text)
	}
	if zShows(raw, text) {
		t.Fatalf("%q gives %q", raw, text)
	}
}

// zUserInfo is a URL whose user info has a password in it, for everybody who reads URLs.
var zUserInfo = regexp.MustCompile(`^(https?|socks5h?)://[a-z]*:hidden-word@[^@]*$`)

// zShows says whether a text shows the password of a URL.
func zShows(raw, text string) bool {
	return zUserInfo.MatchString(raw) && strings.Count(raw, "hidden-word") == 1 && strings.Contains(text, "hidden-word")
}

// FuzzProxyURL: what is taken for a proxy can be dialed and asked, prints without its password, and
// is told apart from others by its key; what is not is refused before anything is dialed.
func FuzzProxyURL(f *testing.F) {
	for _, s := range zPlaceSeeds {
		f.Add(s.text, "h.test", 80)
	}
	for _, s := range []string{"", "p", "p:1", "socks5://u:p@p", "https://p/", "http://p/x", "http://:80", "//p", "SOCKS5H://[::1]", "http://u%0d%0a:x@p"} {
		f.Add(s, "::1%eth0", 443)
	}
	f.Fuzz(func(t *testing.T, raw, host string, port int) {
		to, err := newPlace(transport.TCP, host, port)
		if err != nil {
			return
		}
		if text := ProxyURL(raw).(proxyURL).String(); zShows(raw, text) {
			t.Fatalf("%q prints as %q", raw, text)
		}
		o := &Opts{Proxy: ProxyURL(raw)}
		v, err := o.via(&to)
		if err != nil {
			if argument := new(ArgumentError); !errors.As(err, &argument) {
				t.Fatalf("%q: %v, %v", raw, v, err)
			}
			zLogged(t, raw, err)
			return
		}
		zSendable(t, &place{transport: transport.TCP, host: v.host, port: v.port}, "/")
		if v.port < 1 || v.port > 65535 || v.auth != nil && v.auth.User == "" && v.auth.Password == "" {
			t.Fatalf("%q: %+v", raw, v)
		}
		other := *v
		other.auth = &BasicAuth{"someone", "else"}
		if v.key() == "" || v.key() == other.key() && (v.auth == nil || *v.auth != *other.auth) {
			t.Fatalf("%q: key %q", raw, v.key())
		}
	})
}

// FuzzNoProxy: what NO_PROXY says holds for a host however it is written; the loopback has no proxy.
func FuzzNoProxy(f *testing.F) {
	for _, s := range zPlaceSeeds {
		f.Add(s.text, "example.com", 80)
		f.Add("example.com", s.text, 80)
	}
	for _, s := range []string{"*", "", ".example.com", "example.com:80", "10.0.0.0/8", "[::1]", "::1", " a , b", "EXAMPLE.com.", "127.0.0.1"} {
		f.Add(s, "www.Example.com", 80)
		f.Add(s, "10.1.2.3", 8080)
	}
	f.Fuzz(func(t *testing.T, noProxy, host string, port int) {
		to, err := newPlace(transport.TCP, host, port)
		if err != nil || port == 0 || strings.HasSuffix(host, ".") {
			return
		}
		choose := func(host string) string {
			says := (&httpproxy.Config{HTTPProxy: "http://p.test:3128", NoProxy: noProxy}).ProxyFunc()
			f := environment{chosen: says, meant: says}
			raw, forward, err := f.choose(place{transport.TCP, host, port})
			if err != nil || forward != (raw != "") || raw != "" && raw != "http://p.test:3128" {
				t.Fatalf("%q, %q: %q, %v, %v", noProxy, host, raw, forward, err)
			}
			return raw
		}
		chosen := choose(to.host)
		for _, same := range []string{strings.ToUpper(host), strings.ToLower(host), host + "."} {
			if net.ParseIP(host) == nil && strings.Trim(host, "0123456789.:") != "" && !strings.Contains(host, "%") && choose(same) != chosen {
				t.Fatalf("NO_PROXY %q: %q gives %q, %q gives %q", noProxy, host, chosen, same, choose(same))
			}
		}
		if ip := net.ParseIP(host); chosen != "" && (strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback() || noProxy == "*") {
			t.Fatalf("NO_PROXY %q: %q has a proxy", noProxy, host)
		}
	})
}

// zWire is a connection with a proxy, or with what stands behind it, whose answers do not depend on
// what it is asked.
type zWire struct {
	in   io.Reader
	sent bytes.Buffer
	gone bool
}

func (c *zWire) Read(b []byte) (int, error)       { return c.in.Read(b) }
func (c *zWire) Write(b []byte) (int, error)      { return c.sent.Write(b) }
func (c *zWire) Close() error                     { c.gone = true; return nil }
func (c *zWire) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *zWire) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *zWire) SetDeadline(time.Time) error      { return nil }
func (c *zWire) SetReadDeadline(time.Time) error  { return nil }
func (c *zWire) SetWriteDeadline(time.Time) error { return nil }

// FuzzTunnel: whatever a proxy answers to CONNECT, the request behind it is sent only where the
// answer opened the tunnel, without the proxy's credentials, and what came right behind that answer is
// the beginning of the other side's.
func FuzzTunnel(f *testing.F) {
	const open = "HTTP/1.1 200 OK\r\n\r\n"
	for _, s := range []string{
		open + "HTTP/1.1 204 No\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nHTTP/1.1 204 No\r\n\r\n", "HTTP/1.1 407 Auth\r\nContent-Length: 2\r\n\r\nno",
		"HTTP/1.1 100 Continue\r\n\r\n" + open, "HTTP/1.0 403 No\r\n\r\nwhy", "HTTP/1.1 101 X\r\n\r\n", "\x05\x00", "HTTP/1.1 302 F\r\nLocation: http://evil/\r\n\r\n", open + "garbage",
		"HTTP/1.1 299 Y\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		var conn *zWire
		o := &Opts{Proxy: ProxyURL("http://user:hidden-word@p.test"), DialContext: func(context.Context, string, string) (net.Conn, error) {
			if conn != nil {
				return nil, syscall.ECONNREFUSED
			}
			conn = &zWire{in: bytes.NewReader(answer)}
			return conn, nil
		}}
		cs, err := Request(context.Background(), "GET", "http://h.test/only-for-it", nil, nil, o)
		if err != nil {
			zLogged(t, "http://user:hidden-word@p.test", err)
		}
		asked, behind, _ := strings.Cut(conn.sent.String(), "\r\n\r\n")
		if !strings.HasPrefix(asked, "CONNECT h.test:80 HTTP/1.1\r\n") || strings.Contains(behind, "Proxy-Authorization") {
			t.Fatalf("sent %q", conn.sent.String())
		}
		opened := zOpens(answer)
		if sent := strings.HasPrefix(behind, "GET /only-for-it HTTP/1.1\r\n"); sent != opened || !opened && behind != "" {
			t.Fatalf("%q: sent %q behind it", answer, behind)
		}
		if refused := new(ProxyError); errors.As(err, &refused) == opened || len(refused.Body) > maxRefusal {
			t.Fatalf("%q: %v", answer, err)
		}
		if Close(cs); !conn.gone {
			t.Fatal("the connection is left open")
		}
	})
}

// zOpens says whether an answer to CONNECT opens the tunnel, by the codec alone.
func zOpens(answer []byte) bool {
	d := http1.NewDecoder("CONNECT", &http1.DefaultLimits)
	var ev http1.Event
	for {
		n, err := d.Next(&ev, answer, true)
		if err != nil || ev.Kind == http1.NeedMore {
			return false
		}
		if answer = answer[n:]; ev.Kind == http1.Final {
			return ev.Head.Status/100 == 2
		}
	}
}

// FuzzRequest: whatever a caller gives for method, path and fields, what goes out is one request
// that says just that, or nothing (advisories C20 to C24 and C26).
func FuzzRequest(f *testing.F) {
	for _, c := range []struct{ method, path, name, value string }{
		{"GET", "/", "Accept", "*/*"},
		{"GET", "/a\r\nX: y", "A", "b"},                    // C20
		{"GET", "/a b?\x00", "A", "b"},                     // C20
		{"GET / HTTP/1.1\r\nX: y", "/", "A", "b"},          // C21
		{"POST", "/", "A", "b\r\nC: d"},                    // C22
		{"GET", "/", "Host", "a\r\nX: y"},                  // C23
		{"GET", "http://a b/", "Host", "a b"},              // C23
		{"CONNECT", "h:80\r\nX: y", "A", "b"},              // C24
		{"POST", "/", "Content-Length", "5"},               // C26
		{"POST", "/", "content-length", "4, 4"},            // C26
		{"PUT", "*", "Transfer-Encoding", "gzip, chunked"}, // C27
		{"OPTIONS", "*", "Expect", "100-continue"},
	} {
		f.Add(c.method, c.path, c.name, c.value, true)
	}
	f.Fuzz(func(t *testing.T, method, path, name, value string, twice bool) {
		conn := &zWire{in: strings.NewReader("")}
		o := &Opts{ExpectTimeout: Infinite, DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
		cs, err := Connect(context.Background(), transport.TCP, "h.test", 80, o)
		if err != nil {
			t.Fatal(err)
		}
		h := headers.New(name, value)
		if twice {
			h = h.Add("Content-Length", "4")
		}
		cs, err = SendRequest(context.Background(), cs, Req{Method: method, Path: path, Headers: h, Payload: Text("body")})
		defer Close(cs)
		sent := conn.sent.String()
		if argument := new(ArgumentError); errors.As(err, &argument) && sent != "" || sent == "" && !errors.As(err, &argument) {
			t.Fatalf("sent %q with %v", sent, err)
		}
		if sent == "" {
			return
		}
		head, body, whole := strings.Cut(sent, "\r\n\r\n")
		first, rest, _ := strings.Cut(head, "\r\n")
		words := strings.Split(first, " ")
		if !whole || len(words) != 3 || !fields.ValidToken(words[0]) || words[2] != "HTTP/1.1" {
			t.Fatalf("the request line of %q", sent)
		}
		lengths, hosts := 0, 0
		for line := range strings.SplitSeq(rest, "\r\n") {
			name, value, ok := strings.Cut(line, ":")
			if !ok || !fields.ValidToken(name) || strings.ContainsAny(value, "\r\n\x00") {
				t.Fatalf("line %q of %q", line, sent)
			}
			switch strings.ToLower(name) {
			case "content-length", "transfer-encoding":
				lengths++
			case "host":
				hosts++
			}
		}
		if most := 7 + strings.Count(name, ""); lengths != 1 || hosts != 1 || strings.Count(rest, "\r\n") > most {
			t.Fatalf("%d framings, %d hosts in %q", lengths, hosts, sent)
		}
		if body != "body" && body != "4\r\nbody\r\n0\r\n\r\n" && body != "" {
			t.Fatalf("the body of %q", sent)
		}
	})
}
