package hackney_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// The secrets that these tests plant, one in each place where a caller or a peer can put one. Each is another, so
// that a leak tells where it began.
const (
	xURL       = "zq01url"      // the password in the URL
	xBasic     = "zq02basic"    // Opts.BasicAuth
	xProxyAuth = "zq03auth"     // Opts.ProxyAuth
	xProxyURL  = "zq04proxyurl" // the password in the URL of a proxy
	xBearer    = "zq05bearer"   // an Authorization of the caller's own
	xProxyOwn  = "zq06own"      // a Proxy-Authorization of the caller's own
	xCookie    = "zq07cookie"
	xSetCookie = "zq08set"      // in the answer
	xLocation  = "zq09location" // the password in a Location
	xAnswer    = "zq10answer"   // to the challenge of a proxy
	xOpener    = "zq11opener"   // Opts.ProxyHeaders
	xPayload   = "zq12payload"
)

var xSecrets = []string{xURL, xBasic, xProxyAuth, xProxyURL, xBearer, xProxyOwn, xCookie, xSetCookie, xLocation, xAnswer, xOpener, xPayload}

// xForms are the ways in which a secret may be written down: as it is, in hexadecimal, as a list of bytes, and in
// Base64 with whatever in front.
func xForms(secret string) []string {
	plain := hex.EncodeToString([]byte(secret))
	forms := []string{secret, plain, strings.ToUpper(plain), strings.Trim(fmt.Sprint([]byte(secret)), "[]")}
	for before := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("-", before) + secret))
		forms = append(forms, text[(before*8+5)/6:(before+len(secret))*8/6])
	}
	return forms
}

// xFinds is the secret that is in a text, "" for none.
func xFinds(text string) string {
	for _, secret := range xSecrets {
		for _, form := range xForms(secret) {
			if strings.Contains(text, form) {
				return secret
			}
		}
	}
	return ""
}

// xShow prints v in all the ways that a program may, and finds no secret in what comes out.
func xShow(t testing.TB, what string, v any) {
	t.Helper()
	told := map[string][]string{}
	for how, text := range xPrinted(v) {
		if secret := xFinds(text); secret != "" {
			told[secret] = append(told[secret], how)
		}
	}
	for secret, ways := range told {
		slices.Sort(ways)
		t.Errorf("%s: a %T shows %s by %q: %.200s", what, v, secret, ways, fmt.Sprintf("%+v", v))
	}
}

func xPrinted(v any) map[string]string {
	texts := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X"} {
		texts[verb] = fmt.Sprintf(verb, v)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("shown", "value", v)
	texts["slog as text"] = log.String()
	log.Reset()
	slog.New(slog.NewJSONHandler(&log, nil)).Info("shown", "value", v)
	texts["slog as JSON"] = log.String()
	object, err := json.Marshal(v)
	texts["JSON"] = string(object) + fmt.Sprint(err)
	return texts
}

// xShowError is xShow for an error and all that it holds.
func xShowError(t testing.TB, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	xShow(t, what, err)
	switch e := err.(type) {
	case *hackney.ProxyError:
		xShow(t, what, *e)
		xShow(t, what, e.Headers)
	case *hackney.RedirectError:
		xShow(t, what, *e)
	case *hackney.PoolError:
		xShow(t, what, *e)
	case *hackney.TransportError:
		xShow(t, what, *e)
	case *hackney.ArgumentError:
		xShow(t, what, *e)
	case *hackney.URLError:
		xShow(t, what, *e)
	case *hackney.HeaderError:
		xShow(t, what, *e)
	case *hackney.ProtocolError:
		xShow(t, what, *e)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		xShowError(t, what, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			xShowError(t, what, inner)
		}
	}
}

// xWalk goes through an exchange with secrets everywhere, and shows all that comes by.
type xWalk struct {
	t    testing.TB
	ctx  context.Context
	pool *pool.Pool
}

// saw shows a state and an error.
func (w *xWalk) saw(what string, cs hackney.ClientState, err error) {
	w.t.Helper()
	for _, v := range []any{cs, &cs, cs.Snapshot(), cs.Headers(), cs.Trailers(), cs.Interim(), cs.Redirects(), cs.Legal(), cs.URL(), cs.Kept()} {
		xShow(w.t, what, v)
	}
	if a := cs.Async(); a != nil {
		xShow(w.t, what, a.State())
	}
	xShowError(w.t, what, err)
	if w.pool != nil {
		xShow(w.t, what, w.pool.Stats())
		xShow(w.t, what, w.pool.Opts())
	}
}

// opts are options with secrets in them.
func (w *xWalk) opts(srv *wiretest.Server) *hackney.Opts {
	o := &hackney.Opts{Pool: w.pool}
	if srv != nil {
		o = wTLS(srv)
		o.Pool = w.pool
	}
	o.BasicAuth = &hackney.BasicAuth{User: "user", Password: xBasic}
	o.ProxyAuth = &hackney.BasicAuth{User: "user", Password: xProxyAuth}
	o.ProxyHeaders = headers.New("Proxy-Authorization", "Custom "+xOpener)
	o.Trace = func(e hackney.TraceEvent) {
		xShow(w.t, "a trace", e)
		xShowError(w.t, "a trace", e.Err)
	}
	return o
}

// xFields are fields with secrets in them.
func xFields() *headers.Headers {
	return headers.New("Authorization", "Bearer "+xBearer, "Proxy-Authorization", "Custom "+xProxyOwn, "Cookie", "sid="+xCookie)
}

// xInto puts user information in front of the host of a URL.
func xInto(rawURL, password string) string {
	return strings.Replace(rawURL, "://", "://user:"+password+"@", 1)
}

// request makes a request, and walks to the end of its answer.
func (w *xWalk) request(rawURL string, o *hackney.Opts) error {
	w.t.Helper()
	cs, err := hackney.Request(w.ctx, "POST", rawURL, xFields(), hackney.Text(xPayload), o)
	defer func() { hackney.Close(cs) }()
	w.saw("request", cs, err)
	if err != nil {
		return err
	}
	_, cs, err = hackney.Body(w.ctx, cs)
	w.saw("body", cs, err)
	return err
}

// fails is request, which must not succeed.
func (w *xWalk) fails(rawURL string, o *hackney.Opts) {
	w.t.Helper()
	if w.request(rawURL, o) == nil {
		w.t.Errorf("%s: no error", rawURL)
	}
}

const xAnswers = "HTTP/1.1 103 Early\r\nSet-Cookie: a=" + xSetCookie + "\r\n\r\n" +
	"HTTP/1.1 200 OK\r\nSet-Cookie: sid=" + xSetCookie + "\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie: t=" + xSetCookie + "\r\n\r\n"

func (w *xWalk) serve(conns ...wiretest.Conn) *wiretest.Server { return wiretest.New(w.t, conns...) }

// xOutcomes are ways in which a request can end.
var xOutcomes = map[string]func(w *xWalk){
	"success": func(w *xWalk) {
		srv := w.serve(wiretest.Replies(xAnswers, xAnswers))
		w.request(xInto(srv.URL("/?token=1"), xURL), w.opts(nil))
	},
	"a head in steps": func(w *xWalk) {
		srv := w.serve(wiretest.Replies(xAnswers))
		cs, err := hackney.Request(w.ctx, "POST", xInto(srv.URL("/"), xURL), xFields(), hackney.Stream, w.opts(nil))
		defer func() { hackney.Close(cs) }()
		w.saw("stream", cs, err)
		cs, err = hackney.StreamRequestBody(w.ctx, cs, hackney.Text(xPayload))
		w.saw("piece", cs, err)
		cs, err = hackney.EndStreamRequestBody(w.ctx, cs)
		w.saw("end", cs, err)
		cs, err = hackney.StreamStatus(w.ctx, cs)
		w.saw("status", cs, err)
		for cs.ResponseState() != hackney.StateOnBody && err == nil {
			_, _, cs, err = hackney.StreamHeader(w.ctx, cs)
			w.saw("field", cs, err)
		}
		old := cs
		_, cs, err = hackney.Body(w.ctx, cs)
		w.saw("body", cs, err)
		_, _, err = hackney.Body(w.ctx, old)
		w.saw("stale", old, err)
	},
	"a redirect": func(w *xWalk) {
		srv := w.serve()
		srv.Expect(wiretest.Replies(rTo(307, "//user:"+xLocation+"@"+srv.Addr()+"/2", "Set-Cookie: "+xSetCookie), xAnswers))
		o := w.opts(nil)
		o.ForceRedirect = true
		w.request(xInto(srv.URL("/"), xURL), o)
	},
	"too many redirects": func(w *xWalk) {
		srv := w.serve()
		srv.Expect(wiretest.Replies(rTo(307, xInto(srv.URL("/2"), xLocation))))
		o := w.opts(nil)
		o.ForceRedirect, o.MaxRedirect = true, hackney.NoRedirects
		w.fails(xInto(srv.URL("/"), xURL), o)
	},
	"a redirect left to the caller": func(w *xWalk) {
		srv := w.serve()
		srv.Expect(wiretest.Replies(rTo(307, xInto(srv.URL("/2"), xLocation))))
		o := w.opts(nil)
		o.FollowRedirect = true
		w.request(xInto(srv.URL("/"), xURL), o)
	},
	"a redirect with a password that is not encoded": func(w *xWalk) {
		srv := w.serve(wiretest.Replies(rTo(307, "http://user:a/"+xLocation+"@other.test/")))
		o := w.opts(nil)
		o.ForceRedirect = true
		w.fails(xInto(srv.URL("/"), xURL), o)
	},
	"a head of a redirect in steps": func(w *xWalk) {
		srv := w.serve(wiretest.Replies(rTo(307, "http://user:"+xLocation+"@other.test/", "Refresh: 1; url=http://user:"+xLocation+"@other.test/")))
		cs, err := hackney.Get(w.ctx, srv.URL("/"), nil, hackney.Stream, w.opts(nil))
		defer func() { hackney.Close(cs) }()
		w.saw("stream", cs, err)
		cs, err = hackney.StreamStatus(w.ctx, cs)
		w.saw("status", cs, err)
		for cs.ResponseState() == hackney.StateOnStatus || cs.ResponseState() == hackney.StateOnHeader {
			if _, _, cs, err = hackney.StreamHeader(w.ctx, cs); err != nil {
				break
			}
			w.saw("field", cs, err)
		}
	},
	"a redirect to another scheme": func(w *xWalk) {
		srv := w.serve(wiretest.Replies(rTo(307, "ftp://user:"+xLocation+"@other.test/")))
		o := w.opts(nil)
		o.ForceRedirect = true
		w.fails(xInto(srv.URL("/"), xURL), o)
	},
	"two Locations": func(w *xWalk) {
		srv := w.serve(wiretest.Replies(rTo(307, "/2", "Location: http://user:"+xLocation+"@other.test/")))
		o := w.opts(nil)
		o.ForceRedirect = true
		w.fails(xInto(srv.URL("/"), xURL), o)
	},
	"refused": func(w *xWalk) {
		srv := w.serve()
		srv.Close()
		w.fails(xInto(srv.URL("/"), xURL), w.opts(nil))
	},
	"no such host": func(w *xWalk) {
		o := w.opts(nil)
		o.DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}
		}
		w.fails("http://user:"+xURL+"@origin.test/", o)
	},
	"an address that is not allowed": func(w *xWalk) {
		o := w.opts(nil)
		o.AddressPolicy = hackney.PublicAddresses()
		w.fails("http://user:"+xURL+"@127.0.0.1:1/", o)
	},
	"a certificate that nobody trusts": func(w *xWalk) {
		srv := wiretest.Start(w.t, wiretest.Options{TLS: true}, wiretest.Conn{})
		w.fails(xInto(srv.URL("/"), xURL), w.opts(nil))
	},
	"the limit of connecting": func(w *xWalk) {
		o := w.opts(nil)
		o.ConnectTimeout = time.Millisecond
		o.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
		w.fails("http://user:"+xURL+"@origin.test/", o)
	},
	"the limit of the handshake": func(w *xWalk) {
		srv := w.serve(wiretest.Conn{})
		o := w.opts(nil)
		o.TLSTimeout = time.Millisecond
		w.fails(strings.Replace(xInto(srv.URL("/"), xURL), "http:", "https:", 1), o)
	},
	"the limit of the first byte": func(w *xWalk) {
		srv := w.serve(wiretest.Conn{})
		o := w.opts(nil)
		o.FirstByteTimeout = time.Millisecond
		w.fails(xInto(srv.URL("/"), xURL), o)
	},
	"the limit of reading": func(w *xWalk) {
		srv := w.serve(wiretest.Conn{wiretest.Reply("HTTP/1.1 200 OK\r\nSet-Cookie: " + xSetCookie + "\r\nContent-Length: 9\r\n\r\n1")})
		o := w.opts(nil)
		o.RecvTimeout = 50 * time.Millisecond
		w.fails(xInto(srv.URL("/"), xURL), o)
	},
	"a context that ends": func(w *xWalk) {
		srv := w.serve(wiretest.Conn{})
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		w.ctx = ctx
		w.fails(xInto(srv.URL("/"), xURL), w.opts(nil))
	},
	"a body that breaks off": func(w *xWalk) {
		srv := w.serve(wiretest.Conn{wiretest.Reply("HTTP/1.1 200 OK\r\nSet-Cookie: " + xSetCookie + "\r\nContent-Length: 9\r\n\r\n1").ThenReset()})
		w.fails(xInto(srv.URL("/"), xURL), w.opts(nil))
	},
	"a head that breaks off": func(w *xWalk) {
		srv := w.serve(wiretest.Conn{wiretest.Reply("HTTP/1.1 200 OK\r\nSet-Cookie: " + xSetCookie).ThenClose()})
		w.fails(xInto(srv.URL("/"), xURL), w.opts(nil))
	},
	"a head over its limit": func(w *xWalk) {
		srv := w.serve(wiretest.Replies("HTTP/1.1 200 OK\r\nSet-Cookie: " + xSetCookie + strings.Repeat("x", 1000) + "\r\n\r\n"))
		o := w.opts(nil)
		o.MaxHead = 100
		w.fails(xInto(srv.URL("/"), xURL), o)
	},
	"a bare CR in a field": func(w *xWalk) {
		srv := w.serve(wiretest.Replies("HTTP/1.1 200 OK\r\nSet-Cookie: a\r" + xSetCookie + "\r\n\r\n"))
		w.fails(xInto(srv.URL("/"), xURL), w.opts(nil))
	},
	"a blank before the colon": func(w *xWalk) {
		srv := w.serve(wiretest.Replies("HTTP/1.1 200 OK\r\nSet-Cookie : " + xSetCookie + "\r\n\r\n"))
		w.fails(xInto(srv.URL("/"), xURL), w.opts(nil))
	},
	"a blank first": func(w *xWalk) {
		srv := w.serve(wiretest.Replies("HTTP/1.1 200 OK\r\n Set-Cookie: " + xSetCookie + "\r\n\r\n"))
		w.fails(xInto(srv.URL("/"), xURL), w.opts(nil))
	},
	"no colon": func(w *xWalk) {
		srv := w.serve(wiretest.Replies("HTTP/1.1 200 OK\r\nSet-Cookie sid=" + xSetCookie + "\r\n\r\n"))
		w.fails(xInto(srv.URL("/"), xURL), w.opts(nil))
	},
	"a blank first in the trailers": func(w *xWalk) {
		srv := w.serve(wiretest.Replies("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n Set-Cookie: " + xSetCookie + "\r\n\r\n"))
		w.fails(xInto(srv.URL("/"), xURL), w.opts(nil))
	},
	"a length that is none": func(w *xWalk) {
		srv := w.serve(wiretest.Replies("HTTP/1.1 200 OK\r\nSet-Cookie: " + xSetCookie + "\r\nContent-Length: +1\r\n\r\n"))
		w.fails(xInto(srv.URL("/"), xURL), w.opts(nil))
	},
	"an asynchronous answer": func(w *xWalk) {
		srv := w.serve(wiretest.Replies(xAnswers))
		w.async(xInto(srv.URL("/"), xURL))
	},
	"an asynchronous answer that breaks off": func(w *xWalk) {
		srv := w.serve(wiretest.Conn{wiretest.Reply("HTTP/1.1 200 OK\r\nSet-Cookie: " + xSetCookie + "\r\nContent-Length: 9\r\n\r\n1").ThenClose()})
		w.async(xInto(srv.URL("/"), xURL))
	},
	"a tunnel": func(w *xWalk) {
		srv, o := w.proxy("http", vTunnel(false, xAnswers))
		w.request("http://user:"+xURL+"@origin.test/", o)
		xShow(w.t, "the proxy", hackney.ProxyURL(vWithUser(srv, "user:"+xProxyURL)))
	},
	"a tunnel that is refused": func(w *xWalk) {
		_, o := w.proxy("http", wiretest.Replies("HTTP/1.1 403 No\r\nSet-Cookie: "+xSetCookie+"\r\nContent-Length: 2\r\n\r\nno"))
		w.fails("http://user:"+xURL+"@origin.test/", o)
	},
	"a challenge that is answered": func(w *xWalk) {
		_, o := w.proxy("http", wiretest.Replies(vAsks, vAsks))
		answers := []string{"Custom " + xAnswer, ""}
		o.AnswerProxy = func(c hackney.ProxyChallenge) (string, error) {
			xShow(w.t, "a challenge", c)
			return answers[c.Attempt-1], nil
		}
		w.fails("http://user:"+xURL+"@origin.test/", o)
	},
	"an answer that may not be sent": func(w *xWalk) {
		_, o := w.proxy("http", wiretest.Replies(vAsks))
		o.AnswerProxy = func(hackney.ProxyChallenge) (string, error) { return "Custom\n" + xAnswer, nil }
		w.fails("http://user:"+xURL+"@origin.test/", o)
	},
	"a forward proxy that refuses": func(w *xWalk) {
		_, o := w.proxy("http", wiretest.Replies(vAsks, vAsks))
		o.ProxyMode = hackney.Forward
		answers := []string{"Custom " + xAnswer, ""}
		o.AnswerProxy = func(c hackney.ProxyChallenge) (string, error) {
			xShow(w.t, "a challenge", c)
			return answers[c.Attempt-1], nil
		}
		w.request("http://user:"+xURL+"@origin.test/", o)
	},
	"a proxy that is not there": func(w *xWalk) {
		srv, o := w.proxy("http")
		srv.Close()
		w.fails("http://user:"+xURL+"@origin.test/", o)
	},
	"a SOCKS proxy that refuses the user": func(w *xWalk) {
		_, o := w.proxy("socks5h", wiretest.Conn{wiretest.On(wiretest.Bytes(4), "\x05\x02"), wiretest.On(wiretest.Bytes(1), "\x01\x01")})
		w.fails("http://user:"+xURL+"@origin.test/", o)
	},
}

// proxy is a proxy with a password in its URL.
func (w *xWalk) proxy(scheme string, conns ...wiretest.Conn) (*wiretest.Server, *hackney.Opts) {
	srv := wiretest.Start(w.t, wiretest.Options{AllowExtra: true}, conns...)
	o := w.opts(nil)
	o.Proxy = hackney.ProxyURL(scheme + "://user:" + xProxyURL + "@" + srv.Addr())
	if scheme == "http" {
		o.ProxyHeaders = headers.New("Cookie", xOpener)
	}
	return srv, o
}

// async walks through an asynchronous answer.
func (w *xWalk) async(rawURL string) {
	o := w.opts(nil)
	o.Async = true
	cs, err := hackney.Get(w.ctx, rawURL, xFields(), nil, o)
	w.saw("request", cs, err)
	if err != nil {
		return
	}
	for e, err := range cs.Async().Events() {
		xShow(w.t, "an event", e)
		xShowError(w.t, "an event", err)
	}
	<-cs.Async().Done()
	w.saw("the end", cs.Async().State(), nil)
	hackney.Close(cs.Async().State())
}

// TestSecretsOfExchanges walks through many outcomes, with a connection of its own and with a pool, and finds no
// planted secret in anything that prints.
func TestSecretsOfExchanges(t *testing.T) {
	for name, play := range xOutcomes {
		t.Run(name, func(t *testing.T) { play(&xWalk{t: t, ctx: wCtx(t)}) })
		t.Run(name+", with a pool", func(t *testing.T) {
			w := &xWalk{t: t, ctx: wCtx(t), pool: pool.New(pool.Opts{})}
			defer w.pool.Close()
			play(w)
		})
	}
}

// TestSecretsAreLookedFor holds that what finds secrets finds them, however they are written.
func TestSecretsAreLookedFor(t *testing.T) {
	for _, text := range []string{
		"x" + xURL + "x", vBasic("user", xProxyAuth), vBasic("us", xProxyAuth), vBasic("use", xProxyAuth), fmt.Sprintf("%x", xCookie),
		fmt.Sprintf("%X", xCookie), fmt.Sprint([]byte("a" + xAnswer + "b")),
	} {
		if xFinds(text) == "" {
			t.Errorf("nothing in %s", text)
		}
	}
	if got := xFinds(vBasic("user", "password")); got != "" {
		t.Errorf("%s in nothing", got)
	}
}

// TestSecretsOfArguments holds that a bad argument is refused without telling the secret in it.
func TestSecretsOfArguments(t *testing.T) {
	w := &xWalk{t: t, ctx: wCtx(t)}
	for _, raw := range []string{
		"http://user:" + xURL + "@/", "http://user:" + xURL + "@h:port/", "http://user:" + xURL + "@h:99999/", "ftp://user:" + xURL + "@h/",
		"http://user:" + xURL + " @h/", "http://user:" + xURL + "%zz@h/", "http://user:" + xURL + "@h/ ", "http://user:" + xURL + "@[h]/",
		"http://us er:" + xURL + "@h/", "http://user:a@" + xURL + "@h/", "http://user:a/" + xURL + "@h/", "http://user:a?" + xURL + "@h/",
		"http://user:a#" + xURL + "@h\x00/", "user:" + xURL + "@h:x", "//user:" + xURL + "@h h", "http:/user:" + xURL + "@h", "http:user:" + xURL + "@h",
		"http://u%3Aser:" + xURL + "@h/", "http://user:" + xURL + "@" + strings.Repeat("h", 70000), "HTTP://user:" + xURL + "@h\\x", "htt://user:" + xURL + "@h/",
		"http://user:" + xURL + "@例え\x00/", " http://user:" + xURL + "@h/",
	} {
		w.fails(raw, w.opts(nil))
		cs, err := hackney.Get(w.ctx, raw, nil, nil, w.opts(nil))
		w.saw(raw, cs, err)
		xShowError(t, raw, hackney.Prewarm(w.ctx, raw, 1, w.opts(nil)))
		o := w.opts(nil)
		o.Proxy = hackney.ProxyURL(strings.ReplaceAll(raw, xURL, xProxyURL))
		o.DialContext = (&vDials{}).dial
		w.fails("http://origin.test/", o)
		xShow(t, raw, o.ProxyAuth)
	}
	for _, h := range []*headers.Headers{
		headers.New("Authorization", "Bearer\n"+xBearer), headers.New("Cookie", xCookie+"\x00"),
		headers.New("X", "y").Add("Authorization", "\r"+xBearer), headers.New("X", "y").With("Cookie", xCookie+"\n"),
		headers.New("Authorization", xBearer, "Content-Length", "x"), headers.New("Authorization", xBearer).Omit("Host"),
	} {
		cs, err := hackney.Get(w.ctx, "http://origin.test/", h, nil, nil)
		w.saw("fields", cs, err)
		xShow(t, "fields", h)
		if err == nil {
			t.Errorf("%v: no error", h)
		}
	}
	secret := "user:" + xURL + "@h"
	for _, r := range []hackney.Req{
		{Method: "http://" + secret, Path: "/"},
		{Path: "http://" + secret + "/ "},
		{Path: secret},
		{Path: "//" + secret, Method: "CONNECT"},
		{Path: "ftp://" + secret},
		{Method: "OPTIONS", Path: "*" + secret},
		{Path: "/", Headers: headers.New("Host", secret)},
		{Method: "CONNECT", Path: secret + ":x"},
	} {
		srv := w.serve(wiretest.Conn{})
		cs, err := hackney.Connect(w.ctx, transport.TCP, srv.Host(), srv.Port(), nil)
		w.saw("connect", cs, err)
		cs, err = hackney.SendRequest(w.ctx, cs, r)
		w.saw(fmt.Sprintf("%.20q %.20q", r.Method, r.Path), cs, err)
		if !errors.As(err, new(*hackney.ArgumentError)) {
			t.Errorf("%q %q: no error of an argument: %v", r.Method, r.Path, err)
		}
		hackney.Close(cs)
	}
	for _, host := range []string{secret, "//" + secret, "http://" + secret} {
		cs, err := hackney.Connect(w.ctx, transport.TCP, host, 80, nil)
		w.saw(host, cs, err)
		cs, err = hackney.RequestURL(w.ctx, "GET", url.URL{Transport: url.TCP, Scheme: "http", Host: host, Port: 80}, nil, nil, nil)
		w.saw(host, cs, err)
		cs, err = hackney.RequestURL(w.ctx, "GET", url.URL{Transport: host}, nil, nil, nil)
		w.saw(host, cs, err)
		o := w.opts(nil)
		o.Proxy = hackney.ProxyAddr(host, 80)
		w.fails("http://origin.test/", o)
	}
	for _, h := range []*headers.Headers{
		headers.New("Authorization: Bearer " + xBearer), headers.New("Authorization: "+xBearer, ""), headers.New("Accept", "Cookie", xCookie),
		headers.New("Cookie: "+xCookie, "x", "y"), headers.New("X", "y").Omit("Cookie: " + xCookie), headers.New("X", "y").Add("Cookie="+xCookie, ""),
	} {
		cs, err := hackney.Get(w.ctx, "http://origin.test/", h, nil, nil)
		w.saw("names", cs, err)
		if err == nil {
			t.Errorf("%v: no error", h)
		}
	}
	for _, auth := range []hackney.BasicAuth{{User: "a:b", Password: xBasic}} {
		cs, err := hackney.Get(w.ctx, "http://origin.test/", nil, nil, &hackney.Opts{BasicAuth: &auth})
		w.saw("a user", cs, err)
	}
	for _, auth := range []hackney.BasicAuth{{Password: xProxyAuth}, {User: "u", Password: xProxyAuth + strings.Repeat("x", 255)}} {
		cs, err := hackney.Get(w.ctx, "http://origin.test/", nil, nil, &hackney.Opts{ProxyAuth: &auth, Proxy: hackney.ProxyURL("socks5://p.test")})
		w.saw("a user", cs, err)
		if !errors.As(err, new(*hackney.ArgumentError)) {
			t.Errorf("no error of an argument: %v", err)
		}
	}
}

// TestSecretsOfValues holds of the values that a program gives to the library that they print no secret.
func TestSecretsOfValues(t *testing.T) {
	w := &xWalk{t: t, ctx: wCtx(t)}
	u, err := url.Parse("https://user:" + xURL + "@h/p?q")
	if err != nil {
		t.Fatal(err)
	}
	o := w.opts(nil)
	o.Proxy = hackney.ProxyURL("socks5://user:" + xProxyURL + "@p.test")
	for what, v := range map[string]any{
		"options": o, "options by value": *o, "a proxy": o.Proxy, "a request": hackney.Req{Method: "GET", Headers: xFields()},
		"a pointer to a request": &hackney.Req{Headers: xFields()}, "fields": xFields(), "fields by value": *xFields(),
		"a URL": u, "a pointer to a URL": &u, "credentials": o.BasicAuth, "credentials by value": *o.BasicAuth,
		"several": []any{xFields(), *o}, "a map": map[string]any{"o": *o},
	} {
		xShow(t, what, v)
	}
	for _, raw := range []string{"u:a/", "u:a?", "u:a#", "u:", ":", "//u:", "http:/u:", "http://u:a@", "SOCKS5://u:a/", "u:a:"} {
		xShow(t, raw, hackney.ProxyURL(raw+xProxyURL+"@p.test"))
	}
}

// TestSecretsOfTheEnvironment holds that the proxies of the environment are not told with their passwords.
func TestSecretsOfTheEnvironment(t *testing.T) {
	w := &xWalk{t: t, ctx: wCtx(t)}
	for _, raw := range []string{"http://user:" + xProxyURL + "@127.0.0.1:1", "ftp://user:" + xProxyURL + "@p.test", "http://user:" + xProxyURL + "@p.test/path", "user:" + xProxyURL + "@p.test:99999", "http://user:" + xProxyURL + " @p.test", "http://user:%zz" + xProxyURL + "@p.test"} {
		vEnvironment(t, "HTTP_PROXY", raw)
		o := w.opts(nil)
		o.Proxy, o.DialContext = hackney.ProxyFromEnvironment(), (&vDials{}).dial
		w.fails("http://origin.test/", o)
		xShow(t, raw, o)
	}
}
