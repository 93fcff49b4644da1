package hackney_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/netip"
	neturl "net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// TestRedirectModel follows chains at random. Each credential is known by its text, and
// may reach only the requests that it was meant for.
func TestRedirectModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rNewNet(t)
		defer n.close()
		m := rDraw(t)
		m.play(n)
		cs, err := hackney.Request(context.Background(), m.method, m.first(), m.own(), m.payload(), n.opts(hackney.Opts{
			ForceRedirect: true, MaxRedirect: hackney.Unlimited, Sensitive: []string{"X-Marked"},
			BasicAuth: &hackney.BasicAuth{User: "option", Password: "cred-0"},
		}))
		if err != nil {
			t.Fatalf("%v: %v", m, err)
		}
		defer hackney.Close(cs)
		if len(cs.Redirects()) != len(m.hops)-1 || cs.Status() != 200 {
			t.Fatalf("%v: %v, redirects %v", m, cs, cs.Redirects())
		}
		m.check(t, n.got())
	})
}

// rModel is a chain: where each request goes, and what its origin answers.
type rModel struct {
	method  string
	content bool
	hops    []rHop
}

type rHop struct {
	scheme, host, port string
	user               bool // the Location has user info
	absolute           bool // it names its origin even where that is the same
	status             int  // of the redirect that leads on
}

func (h rHop) origin() string {
	port := h.port
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[h.scheme]
	}
	return h.scheme + "://" + strings.ToLower(h.host) + ":" + port
}

func rDraw(t *rapid.T) rModel {
	m := rModel{
		method:  rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PUT", "DELETE"}).Draw(t, "method"),
		content: rapid.Bool().Draw(t, "content"),
	}
	for range rapid.IntRange(2, 7).Draw(t, "length") {
		m.hops = append(m.hops, rHop{
			scheme:   rapid.SampledFrom([]string{"http", "http", "https"}).Draw(t, "scheme"),
			host:     rapid.SampledFrom([]string{"a.test", "A.test", "b.test", "[::1]"}).Draw(t, "host"),
			port:     rapid.SampledFrom([]string{"", "", "80", "443"}).Draw(t, "port"),
			user:     rapid.IntRange(0, 3).Draw(t, "user") == 0,
			absolute: rapid.Bool().Draw(t, "absolute"),
			status:   rapid.SampledFrom([]int{301, 302, 303, 307, 308}).Draw(t, "status"),
		})
	}
	return m
}

func (h rHop) url(i int) string {
	host, user := h.host, ""
	if h.port != "" {
		host += ":" + h.port
	}
	if h.user {
		user = fmt.Sprintf("u:cred-%d@", i)
	}
	return fmt.Sprintf("%s://%s%s/%d", h.scheme, user, host, i)
}

func (m *rModel) first() string { return m.hops[0].url(0) }

// location is what leads to hop i.
func (m *rModel) location(i int) string {
	to := m.hops[i]
	if !to.absolute && !to.user && to.origin() == m.hops[i-1].origin() {
		return fmt.Sprintf("/%d", i)
	}
	return to.url(i)
}

func (m *rModel) play(n *rNet) {
	head := m.method == "HEAD"
	for i, h := range m.hops {
		answer := rFinal
		if i+1 < len(m.hops) {
			answer = rTo(h.status, m.location(i+1), "Connection: close")
		}
		if head {
			answer, _, _ = strings.Cut(answer, "\r\n\r\n")
			answer += "\r\n\r\n"
		}
		u, err := neturl.Parse(h.url(i))
		if err != nil {
			n.t.Fatalf("%v", err)
		}
		n.answers(u, answer)
	}
}

// own are fields whose texts are credentials of the first origin.
func (m *rModel) own() *headers.Headers {
	return headers.New("Cookie", "cred-0", "x-marked", "cred-0", "Proxy-Authorization", "cred-0", "Content-Language", "content", "X-Free", "free")
}

func (m *rModel) payload() hackney.Payload {
	if m.content {
		return hackney.Text("content")
	}
	return nil
}

// check holds what arrived against what may and must have.
func (m *rModel) check(t *rapid.T, got []wiretest.Message) {
	home, content, method := true, true, m.method
	for i, req := range got {
		home = home && m.hops[i].origin() == m.hops[0].origin()
		if i > 0 && m.hops[i-1].status == 303 {
			if content = false; method != "HEAD" {
				method = "GET"
			}
		}
		text := string(req.Raw)
		if field := req.Field("Authorization"); strings.HasPrefix(field, "Basic ") {
			pair, _ := base64.StdEncoding.DecodeString(field[len("Basic "):])
			text += string(pair)
		}
		for j := range m.hops {
			mine := j == i && m.hops[i].user || j == 0 && home
			if strings.Contains(text, fmt.Sprintf("cred-%d", j)) && !mine {
				t.Fatalf("%+v: to request %d came a credential of %d: %s", *m, i, j, text)
			}
		}
		if m.hops[i].user != strings.HasSuffix(text, fmt.Sprintf("u:cred-%d", i)) && i > 0 {
			t.Fatalf("%+v: request %d with its own credential: %v: %s", *m, i, !m.hops[i].user, text)
		}
		if home != (req.Field("Cookie") != "") || home != (req.Field("X-Marked") != "") || req.Field("X-Free") != "free" {
			t.Fatalf("%+v: request %d has not what it should: %s", *m, i, text)
		}
		if content != (req.Field("Content-Language") != "") || (content && m.content) != (string(req.Body) == "content") {
			t.Fatalf("%+v: the content of request %d: %s", *m, i, text)
		}
		if req.RequestLine() != fmt.Sprintf("%s /%d HTTP/1.1", method, i) {
			t.Fatalf("%+v: request %d: %s", *m, i, text)
		}
	}
}

func rPrefix(host string) netip.Prefix {
	a := netip.MustParseAddr(host)
	return netip.PrefixFrom(a, a.BitLen())
}
