//go:build integration

package integration

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
)

func testSquidPassword(t *testing.T, s *squid) {
	cert := newCert(t)
	for scheme, o := range map[string]*origin{"http": newOrigin(t, nil), "https": newOrigin(t, cert)} {
		for name, auth := range map[string]*hackney.BasicAuth{"none": nil, "wrong": unknown} {
			t.Run(scheme+" "+name, func(t *testing.T) {
				r := route{opts: hackney.Opts{Proxy: hackney.ProxyURL(s.closed), ProxyAuth: auth}}
				cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, r.options(cert))
				refusal := proxyError(t, cs, err, 407)
				if got, want := refusal.Headers.Get("Proxy-Authenticate"), `Basic realm="the tests"`; got != want {
					t.Errorf("Proxy-Authenticate %q, want %q", got, want)
				}
				if !bytes.Contains(refusal.Body, []byte("Cache Access Denied")) {
					t.Errorf("body %q", refusal.Body)
				}
				if refusal.Target != o.address || !strings.HasSuffix(s.closed, refusal.Proxy) {
					t.Errorf("proxy %q, target %q", refusal.Proxy, refusal.Target)
				}
			})
		}
		unreached(t, o)
	}
}

// testSquidNotLent: who has another password, or none, does not get a tunnel that was
// opened with the right one, and neither does who wants no proxy.
func testSquidNotLent(t *testing.T, s *squid) {
	o := newOrigin(t, nil)
	for _, mode := range modes {
		shared := pool.New(pool.Opts{})
		defer shared.Close()
		opts := &hackney.Opts{Pool: shared, Proxy: hackney.ProxyURL(s.closed), ProxyMode: mode, ProxyAuth: known}
		cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, opts)
		_, cs = whole(t, cs, err, 200)
		hackney.Close(cs)
		for _, auth := range []*hackney.BasicAuth{nil, unknown} {
			stranger := *opts
			stranger.ProxyMode, stranger.ProxyAuth = hackney.Tunnel, auth
			cs, err = hackney.Get(limited(t), o.url+"/", nil, nil, &stranger)
			proxyError(t, cs, err, 407)
		}
		cs, err = hackney.Get(limited(t), o.url+"/", nil, nil, &hackney.Opts{Pool: shared})
		if _, cs = whole(t, cs, err, 200); cs.Reused() {
			t.Error("a connection with the proxy was used for a direct request")
		}
		hackney.Close(cs)
	}
}

// testSquidChallenge: AnswerProxy sees what squid wants, and its answer is used, also for
// the requests that follow.
func testSquidChallenge(t *testing.T, s *squid) {
	cert := newCert(t)
	for how, mode := range modes {
		for scheme, o := range map[string]*origin{"http": newOrigin(t, nil), "https": newOrigin(t, cert)} {
			t.Run(scheme+", "+how, func(t *testing.T) {
				var seen []hackney.ProxyChallenge
				r := route{opts: hackney.Opts{Proxy: hackney.ProxyURL(s.closed), ProxyMode: mode}}
				r.opts.AnswerProxy = func(c hackney.ProxyChallenge) (string, error) {
					seen = append(seen, c)
					return basic, nil
				}
				data := noise(10_000)
				cs, err := hackney.Post(limited(t), o.url+"/", nil, hackney.Bytes(data), r.options(cert))
				whole(t, cs, err, 200)
				if len(seen) != 1 {
					t.Fatalf("AnswerProxy was asked %d times", len(seen))
				}
				if c := seen[0]; c.Attempt != 1 || c.Target != o.address || !strings.HasSuffix(s.closed, c.Proxy) ||
					c.Headers.Get("Proxy-Authenticate") != `Basic realm="the tests"` {
					t.Errorf("AnswerProxy was asked %+v", c)
				}
				requests := o.got()
				if len(requests) != 1 || !bytes.Equal(requests[0].Body, data) || requests[0].Field("Proxy-Authorization") != "" {
					t.Errorf("the origin got %d requests", len(requests))
				}
			})
		}
	}
}

// testSquidGiveUp: a challenge that is not answered, or again and again in a wrong way,
// ends as the refusal that it is.
func testSquidGiveUp(t *testing.T, s *squid) {
	o := newOrigin(t, nil)
	broken := errors.New("no password today")
	for name, answer := range map[string]func(hackney.ProxyChallenge) (string, error){
		"given up": func(hackney.ProxyChallenge) (string, error) { return "", nil },
		"an error": func(hackney.ProxyChallenge) (string, error) { return "", broken },
		"wrong": func(c hackney.ProxyChallenge) (string, error) {
			if c.Attempt > 10 {
				t.Errorf("attempt %d", c.Attempt)
				return "", nil
			}
			return basic + "AA", nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			opts := &hackney.Opts{Proxy: hackney.ProxyURL(s.closed), AnswerProxy: answer}
			cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, opts)
			if name == "an error" {
				if !errors.Is(err, broken) {
					t.Errorf("error %v, want %v in it", err, broken)
				}
				hackney.Close(cs)
				return
			}
			proxyError(t, cs, err, 407)
		})
	}
	unreached(t, o)
}
