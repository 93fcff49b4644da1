//go:build integration

package integration

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/form"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// The ways to follow.
var (
	follow  = hackney.Opts{FollowRedirect: true}
	force   = hackney.Opts{ForceRedirect: true}
	rewrite = hackney.Opts{ForceRedirect: true, RewritePost: true}
)

// methodTests say what becomes of a method with a payload: the method of the next request,
// "" when there is none and the caller is told so.
var methodTests = []struct {
	name   string
	opts   hackney.Opts
	method string
	codes  []int
	want   string
}{
	{"follow", follow, "POST", []int{301, 302, 307, 308}, ""},
	{"follow", follow, "POST", []int{303}, "GET"},
	{"follow", follow, "PUT", codes, ""},
	{"force", force, "POST", []int{301, 302, 307, 308}, "POST"},
	{"force", force, "POST", []int{303}, "GET"},
	{"force", force, "PUT", []int{301, 302, 307, 308}, "PUT"},
	{"force", force, "PUT", []int{303}, "GET"},
	{"force", force, "GET", codes, "GET"},
	{"rewrite", rewrite, "POST", []int{301, 302, 303}, "GET"},
	{"rewrite", rewrite, "POST", []int{307, 308}, "POST"},
	{"rewrite", rewrite, "PUT", []int{301, 302, 307, 308}, "PUT"},
}

// content are fields of the body, which a GET without one does not have.
var content = headers.New("Content-Type", "a/b", "Content-Language", "de", "Content-Encoding", "x-none",
	"Content-Location", "/here", "X-One", "1")

// TestRedirectMethods sends payloads to an origin, and through haproxy, which redirects at
// once, without a look at the body; through squid and tinyproxy too.
func TestRedirectMethods(t *testing.T) {
	o := newOrigin(t, nil)
	for _, code := range codes {
		o.redirect(fmt.Sprintf("/%d/behind", code), code, "/behind")
	}
	front := startHAProxy(t, o)
	through := startTinyproxy(t, "").routes()
	squid := startSquid(t)
	through = append(through, squid.routes()...)
	data := noise(1 << 20)
	for _, test := range methodTests {
		for _, code := range test.codes {
			for name, base := range map[string]string{"origin": o.url, "haproxy": front.plain, "haproxy, TLS": front.secure} {
				t.Run(fmt.Sprint(test.name, " ", test.method, " ", code, " ", name), func(t *testing.T) {
					opts := test.opts
					opts.Insecure = true
					redirected(t, o, base, test.method, code, test.want, data, &opts)
				})
			}
			for _, r := range through {
				t.Run(fmt.Sprint(test.name, " ", test.method, " ", code, " ", r.name), func(t *testing.T) {
					opts := r.opts
					opts.FollowRedirect, opts.ForceRedirect, opts.RewritePost = test.opts.FollowRedirect, test.opts.ForceRedirect, test.opts.RewritePost
					redirected(t, o, o.url, test.method, code, test.want, data, &opts)
				})
			}
		}
	}
}

// redirected sends data to where a redirect is, and compares what the origin gets at its
// end. tinyproxy closes behind an answer without a word: the key lets requests be sent again.
func redirected(t *testing.T, o *origin, base, method string, code int, want string, data []byte, opts *hackney.Opts) {
	t.Helper()
	before := len(o.behind())
	cs, err := hackney.Request(limited(t), method, fmt.Sprintf("%s/%d/behind", base, code), content.Add("Idempotency-Key", "1"), hackney.Bytes(data), opts)
	defer func() { hackney.Close(cs) }()
	if want == "" {
		notFollowed(t, o, cs, err, code, before)
		return
	}
	_, cs = whole(t, cs, err, 200)
	if cs.MaybeRedirect() || cs.Method() != want || cs.URL() != base+"/behind" {
		t.Errorf("method %s of %s, MaybeRedirect %v", cs.Method(), cs.URL(), cs.MaybeRedirect())
	}
	got := o.behind()[before:]
	if len(got) != 1 {
		t.Fatalf("the origin was asked %d times, want once", len(got))
	}
	m := got[0]
	if line := want + " /behind HTTP/1.1"; m.RequestLine() != line {
		t.Errorf("the origin was asked %q, want %q", m.RequestLine(), line)
	}
	if method == want && code != 303 { // all of it again
		if !bytes.Equal(m.Body, data) || m.Field("Content-Type") != "a/b" || m.Field("X-One") != "1" {
			t.Errorf("the origin got %d bytes, not the %d that were sent, and\n%s", len(m.Body), len(data), m.Head)
		}
		return
	}
	if len(m.Body) != 0 || m.Chunked || m.Field("X-One") != "1" {
		t.Errorf("a %s has %d bytes, and\n%s", want, len(m.Body), m.Head)
	}
	for _, name := range []string{
		"Content-Type", "Content-Language", "Content-Encoding", "Content-Location",
		"Content-Length", "Transfer-Encoding", "Expect",
	} {
		if got := values(m, name); got != nil {
			t.Errorf("a %s without a body has %s: %q", want, name, got)
		}
	}
}

// notFollowed wants the redirect as the answer, with its body, and nothing at its end.
func notFollowed(t *testing.T, o *origin, cs hackney.ClientState, err error, code, before int) {
	t.Helper()
	if _, cs = whole(t, cs, err, code); !cs.MaybeRedirect() || cs.Location() != "/behind" || len(cs.Redirects()) != 0 {
		t.Errorf("MaybeRedirect %v, Location %q, redirects %v", cs.MaybeRedirect(), cs.Location(), cs.Redirects())
	}
	if n := len(o.behind()); n != before {
		t.Errorf("the origin was asked %d times", n-before)
	}
}

// TestRedirectPayloads: what can be sent again is sent again as it was; of what cannot, the
// caller is told.
func TestRedirectPayloads(t *testing.T) {
	o := newOrigin(t, nil)
	o.redirect("/308/behind", 308, "/behind")
	front := startHAProxy(t, o)
	data := noise(300_000)
	file := front.write(t, "data", string(data))
	once := func() io.Reader { return io.MultiReader(bytes.NewReader(data)) }
	for _, test := range []struct {
		name    string
		payload func() hackney.Payload
		again   bool
	}{
		{"bytes", func() hackney.Payload { return hackney.Bytes(data) }, true},
		{"text", func() hackney.Payload { return hackney.Text("text") }, true},
		{"chunks", func() hackney.Payload { return hackney.Chunks(data[:1000], data[1000:]) }, true},
		{"file", func() hackney.Payload { return hackney.File(file, 0, 0) }, true},
		{"part of a file", func() hackney.Payload { return hackney.File(file, 1000, 20_000) }, true},
		{"form", func() hackney.Payload { return hackney.Form(form.Field{Name: "a", Value: "b c"}) }, true},
		{"multipart", func() hackney.Payload {
			return hackney.Multipart(multipart.Value("a", "b"), multipart.File("f", file))
		}, true},
		{"multipart with a reader", func() hackney.Payload {
			return hackney.Multipart(multipart.Reader("a", "b", once(), int64(len(data))))
		}, false},
		{"reader", func() hackney.Payload { return hackney.FromReader(once(), int64(len(data))) }, false},
		{"reader of unknown size", func() hackney.Payload { return hackney.FromReader(once(), -1) }, false},
		{"function", func() hackney.Payload {
			r := once()
			return hackney.Func(func() ([]byte, error) {
				piece := make([]byte, 20_000)
				n, err := r.Read(piece)
				return piece[:n], err
			})
		}, false},
	} {
		for name, base := range map[string]string{"origin": o.url, "haproxy": front.plain} {
			t.Run(test.name+" "+name, func(t *testing.T) {
				opts := force
				before := len(o.behind())
				cs, err := hackney.Post(limited(t), base+"/308/behind", nil, test.payload(), &opts)
				if !test.again {
					notFollowed(t, o, cs, err, 308, before)
					return
				}
				_, cs = whole(t, cs, err, 200)
				hackney.Close(cs)
				again := o.behind()[before:]
				cs, err = hackney.Post(limited(t), o.url+"/behind", nil, test.payload(), nil)
				_, cs = whole(t, cs, err, 200)
				hackney.Close(cs)
				plain := o.behind()[before+1:]
				if len(again) != 1 || len(plain) != 1 {
					t.Fatalf("%d and %d requests", len(again), len(plain))
				}
				if test.name == "multipart" { // the boundary is another one each time
					if len(again[0].Body) != len(plain[0].Body) {
						t.Errorf("%d bytes, want %d", len(again[0].Body), len(plain[0].Body))
					}
					return
				}
				if !bytes.Equal(again[0].Body, plain[0].Body) || again[0].Field("Content-Type") != plain[0].Field("Content-Type") {
					t.Errorf("%d bytes as %q; without a redirect %d as %q", len(again[0].Body), again[0].Field("Content-Type"),
						len(plain[0].Body), plain[0].Field("Content-Type"))
				}
			})
		}
	}
}

// behind are the requests for the end of the redirects.
func (o *origin) behind() []wiretest.Message {
	return slices.DeleteFunc(o.got(), func(m wiretest.Message) bool { return target(m) != "/behind" })
}
