//go:build integration

package integration

import (
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// origin is an HTTP server that keeps each request as it came. It knows nothing of
// HTTP but where a request ends.
type origin struct {
	t          *testing.T
	address    string // 127.0.0.1:1234
	url, named string // http://127.0.0.1:1234, http://localhost:1234
	secure     bool
	listener   net.Listener
	running    sync.WaitGroup

	mu       sync.Mutex
	answers  map[string]string // by path
	requests []wiretest.Message
	open     map[net.Conn]bool
	peers    []string // where connections came from, in order
	own      []string // those of them that conns has made
}

// newOrigin runs a server until the end of the test, over TLS if there is a certificate.
func newOrigin(t *testing.T, cert *selfsigned.Cert) *origin {
	t.Helper()
	l := listen(t)
	o := &origin{
		t: t, address: l.Addr().String(), listener: l, secure: cert != nil,
		answers: map[string]string{}, open: map[net.Conn]bool{},
	}
	scheme := "http://"
	if o.secure {
		scheme = "https://"
	}
	o.url, o.named = scheme+o.address, scheme+"localhost:"+o.port()
	o.running.Go(func() { o.accept(cert) })
	t.Cleanup(o.close)
	return o
}

func (o *origin) port() string {
	_, port, _ := net.SplitHostPort(o.address)
	return port
}

func (o *origin) close() {
	o.listener.Close()
	o.mu.Lock()
	for conn := range o.open {
		conn.Close()
	}
	o.open = nil
	o.mu.Unlock()
	o.running.Wait()
}

func (o *origin) accept(cert *selfsigned.Cert) {
	for {
		conn, err := o.listener.Accept()
		if err != nil {
			return
		}
		if !o.know(conn) {
			conn.Close()
			return
		}
		o.running.Go(func() {
			defer o.forget(conn)
			if cert == nil {
				o.serve(conn)
				return
			}
			secure := tls.Server(conn, cert.Config())
			o.serve(secure)
			secure.Close()
		})
	}
}

// know notes a connection, unless the test is over.
func (o *origin) know(conn net.Conn) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open == nil {
		return false
	}
	o.open[conn] = true
	o.peers = append(o.peers, conn.RemoteAddr().String())
	return true
}

func (o *origin) forget(conn net.Conn) {
	conn.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.open, conn)
}

// serve takes requests until the peer closes, or sends what is none.
func (o *origin) serve(conn net.Conn) {
	var got []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buf)
		got = append(got, buf[:n]...)
		requests, rest, bad := wiretest.Split(slices.Clone(got))
		got = rest
		for _, m := range requests {
			if _, err := conn.Write([]byte(o.take(m))); err != nil {
				return
			}
		}
		if bad != nil {
			o.t.Errorf("the origin does not understand %q: %v", rest, bad)
		}
		if err != nil || bad != nil {
			return
		}
	}
}

// take keeps a request, and gives the answer.
func (o *origin) take(m wiretest.Message) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests = append(o.requests, m)
	text, ok := o.answers[target(m)]
	if !ok {
		text = response("200 OK", "", m.RequestLine())
	}
	if strings.HasPrefix(m.RequestLine(), "HEAD ") {
		head, _, _ := strings.Cut(text, "\r\n\r\n")
		return head + "\r\n\r\n"
	}
	return text
}

// target is what a request asks for.
func target(m wiretest.Message) string { return strings.Fields(m.RequestLine())[1] }

// values are those of all fields with the name.
func values(m wiretest.Message, name string) (all []string) {
	for _, line := range m.Lines() {
		if n, v, _ := strings.Cut(line, ":"); strings.EqualFold(n, name) {
			all = append(all, strings.TrimSpace(v))
		}
	}
	return all
}

// response writes an answer; fields end with CRLF each.
func response(status, fields, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s", status, fields, len(body), body)
}

// redirect sends who asks for path on to location.
func (o *origin) redirect(path string, status int, location string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answers[path] = response(fmt.Sprint(status, " Elsewhere"), "Location: "+location+"\r\n", "elsewhere")
}

// got are the requests that came so far.
func (o *origin) got() []wiretest.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.requests)
}

// lines are the request lines that came so far, without the version.
func (o *origin) lines() (lines []string) {
	for _, m := range o.got() {
		lines = append(lines, strings.TrimSuffix(m.RequestLine(), " HTTP/1.1"))
	}
	return lines
}

// conns says how many connections were made so far. They are accepted in the order in
// which they were made: when one more is there, all before it were counted.
func (o *origin) conns() (n int) {
	o.t.Helper()
	conn, err := net.Dial("tcp", o.address)
	if err != nil {
		o.t.Fatal(err)
	}
	defer conn.Close()
	last := conn.LocalAddr().String()
	if !eventually(func() bool { n = o.before(last); return n >= 0 }) {
		o.t.Fatal("the origin accepts no connection")
	}
	return n
}

// before counts the connections that came before that of conns from last, -1 when it
// has not come itself.
func (o *origin) before(last string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := slices.Index(o.peers, last) - len(o.own)
	if n >= 0 {
		o.own = append(o.own, last)
	}
	return max(n, -1)
}
