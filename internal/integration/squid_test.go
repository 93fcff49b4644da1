//go:build integration

package integration

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
)

// squid is a running proxy, with a port for everybody, one that wants a password, and one
// that is reached over TLS.
type squid struct {
	*process
	open, closed, secure string // http://127.0.0.1:1234
	cert                 *selfsigned.Cert
}

// squidConfig refuses port 1, and all that is not on loopback. Its log has a line for a
// request, or for a tunnel when it ends: method, URL or host:port, status, the client's
// port, and a field of the request.
const squidConfig = `
http_port {0} name=open
http_port {1} name=closed
https_port {2} name=secure tls-cert={dir}/cert.pem tls-key={dir}/key.pem

pid_filename         none
cache_effective_user proxy
visible_hostname     squid.test
cache_mgr            {manager}
coredump_dir         {dir}
cache_log            /dev/null
logformat            short %rm %ru %>Hs %>p %{X-Own}>h
access_log           stdio:{dir}/access.log logformat=short
hosts_file           {dir}/hosts
dns_nameservers      127.0.0.1
max_filedescriptors  1024
cache                deny all
shutdown_lifetime    0 seconds
pinger_enable        off
netdb_filename       none
strip_query_terms    off
request_entities     on

auth_param basic program  /usr/lib/squid/basic_ncsa_auth {dir}/passwords
auth_param basic children 1 startup=1
auth_param basic realm    the tests

acl closed   myportname closed
acl known    proxy_auth REQUIRED
acl refused  port 1
acl loopback dst 127.0.0.0/8
http_access deny  refused
http_access deny  !loopback
http_access allow !closed
http_access allow known
http_access deny  all
`

// squidHost is a name that squid knows, and nobody else.
const squidHost = "origin.test"

// startSquid runs squid until the end of the test. What it cannot shake off is told on
// stderr.
func startSquid(t *testing.T) *squid {
	t.Helper()
	s := &squid{cert: newCert(t)}
	s.process = launch(t, "squid", 3, func(p *process) *exec.Cmd {
		p.write(t, "cert.pem", string(s.cert.PEM()))
		p.write(t, "key.pem", keyPEM(t, s.cert))
		p.write(t, "passwords", login+":"+crypted+"\n")
		p.write(t, "hosts", "127.0.0.1 localhost "+squidHost+"\n")
		manager := strings.Repeat("m", 5000) // is in the page of each error
		file := p.write(t, "squid.conf", p.expand(squidConfig, "{manager}", manager))
		p.giveTo(t, "proxy")
		// Segments of shared memory are named so. squid removes them unless it is killed.
		segments := fmt.Sprintf("hackney%d%s", os.Getpid(), p.addresses[0][strings.IndexByte(p.addresses[0], ':')+1:])
		t.Cleanup(func() {
			for _, path := range glob(t, "/dev/shm/"+segments+"-*") {
				os.Remove(path)
			}
		})
		return exec.Command(find(t, "squid"), "-N", "-n", segments, "-d", "1", "-f", file)
	})
	s.open, s.closed, s.secure = "http://"+s.addresses[0], "http://"+s.addresses[1], "https://"+s.addresses[2]
	return s
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// giveTo makes the server's folder one of that user, whose rights a server takes that was
// started by root.
func (p *process) giveTo(t *testing.T, name string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	account, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.Atoi(account.Uid)
	if err != nil {
		t.Fatal(err)
	}
	// TempDir's own parent is root's alone.
	if err := os.Chmod(filepath.Dir(p.dir), 0o711); err != nil {
		t.Fatal(err)
	}
	for _, path := range append(glob(t, p.dir+"/*"), p.dir) {
		if err := os.Chown(path, id, -1); err != nil {
			t.Fatal(err)
		}
	}
}

// log has the lines of the access log, one for each request or ended tunnel.
func (s *squid) log() (lines [][]string) {
	text, _ := os.ReadFile(filepath.Join(s.dir, "access.log"))
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); strings.HasSuffix(line, "\n") && len(words) == 5 {
			lines = append(lines, words)
		}
	}
	return lines
}

// entries are what route.entries wants. What was refused did not get anywhere.
func (s *squid) entries() (entries []string) {
	for _, words := range s.log() {
		if words[2] == "200" || words[2][0] == '3' {
			entries = append(entries, words[0]+" "+words[1])
		}
	}
	return entries
}

// asked waits for the n lines of the log that name an origin.
func (s *squid) asked(t *testing.T, o *origin, n int) [][]string {
	t.Helper()
	var lines [][]string
	if !eventually(func() bool {
		lines = slices.DeleteFunc(s.log(), func(words []string) bool { return !strings.Contains(words[1]+"/", ":"+o.port()+"/") })
		return len(lines) == n
	}) {
		t.Fatalf("squid has seen %q, want %d", lines, n)
	}
	return lines
}

// routes are the ways through squid.
func (s *squid) routes() []route {
	return []route{
		{"squid, tunnel", hackney.Opts{Proxy: hackney.ProxyURL(s.open)}, s.entries},
		{"squid, tunnel, password", hackney.Opts{Proxy: hackney.ProxyURL(s.closed), ProxyAuth: known}, s.entries},
		{"squid, forward", hackney.Opts{Proxy: hackney.ProxyURL(s.open), ProxyMode: hackney.Forward}, s.entries},
		{"squid, forward, password", hackney.Opts{Proxy: hackney.ProxyURL(withUser(s.closed, password)), ProxyMode: hackney.Forward}, s.entries},
	}
}

func TestSquid(t *testing.T) {
	s := startSquid(t)
	for _, r := range s.routes() {
		t.Run(r.name+" is transparent", func(t *testing.T) { testTransparent(t, r) })
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, *squid)
	}{
		{"forward in absolute form, tunnel by CONNECT", testSquidForms},
		{"proxy over TLS", testSquidTLS},
		{"proxy by address", testSquidAddr},
		{"user info goes before ProxyAuth", testSquidUserInfo},
		{"the proxy resolves names", testSquidResolves},
		{"environment", testSquidEnvironment},
		{"own fields for the proxy", testSquidOwnFields},
		{"no password and a wrong one", testSquidPassword},
		{"refused port", testSquidRefused},
		{"unreachable origin", testSquidUnreachable},
		{"a kept tunnel", testSquidKeptTunnel},
		{"a kept connection for several origins' requests", testSquidKeptForward},
		{"a tunnel is not lent to others", testSquidNotLent},
		{"a challenge is answered", testSquidChallenge},
		{"a challenge is not answered", testSquidGiveUp},
		{"large body", testSquidLarge},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}

func testSquidForms(t *testing.T, s *squid) {
	cert := newCert(t)
	plain, secure := newOrigin(t, nil), newOrigin(t, cert)
	for _, r := range s.routes() {
		for _, o := range []*origin{plain, secure} {
			n := len(o.got())
			cs, err := hackney.Get(limited(t), o.url+"/x?y", nil, nil, r.options(cert))
			_, cs = whole(t, cs, err, 200)
			hackney.Close(cs)
			want := "CONNECT " + o.address + " 200"
			forwarded := r.opts.ProxyMode == hackney.Forward && !o.secure
			if forwarded {
				want = "GET " + o.url + "/x?y 200"
			}
			if got := strings.Join(s.asked(t, o, n+1)[n][:3], " "); got != want {
				t.Errorf("%s: squid has seen %q, want %q", r.name, got, want)
			}
			if got := o.got()[n]; target(got) != "/x?y" || (got.Field("Via") != "") != forwarded {
				t.Errorf("%s: the origin got\n%s", r.name, got.Head)
			}
		}
	}
}

func testSquidTLS(t *testing.T, s *squid) {
	cert := newCert(t)
	both := s.cert.Pool()
	both.AddCert(cert.TLS.Leaf)
	for name, o := range map[string]*origin{"http": newOrigin(t, nil), "https": newOrigin(t, cert)} {
		for how, mode := range modes {
			t.Run(name+", "+how, func(t *testing.T) {
				r := route{opts: hackney.Opts{Proxy: hackney.ProxyURL(s.secure), ProxyMode: mode}}
				opts := r.options(cert)
				opts.TLS.RootCAs = both
				cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, opts)
				_, cs = whole(t, cs, err, 200)
				if (cs.TLS() != nil) != o.secure {
					t.Errorf("TLS with the origin: %v", cs.TLS() != nil)
				}
				cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Path: "/again"})
				_, cs = whole(t, cs, err, 200)
				if !cs.Reused() {
					t.Error("the connection was not used again")
				}
			})
		}
	}
	t.Run("an unknown certificate of the proxy", func(t *testing.T) {
		o := newOrigin(t, nil)
		cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, &hackney.Opts{Proxy: hackney.ProxyURL(s.secure)})
		proxyError(t, cs, err, 0)
		unreached(t, o)
	})
}

func testSquidAddr(t *testing.T, s *squid) {
	o := newOrigin(t, nil)
	port, err := strconv.Atoi(s.open[strings.LastIndexByte(s.open, ':')+1:])
	if err != nil {
		t.Fatal(err)
	}
	cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, &hackney.Opts{Proxy: hackney.ProxyAddr("127.0.0.1", port)})
	_, cs = whole(t, cs, err, 200)
	hackney.Close(cs)
	s.asked(t, o, 1)
}

func testSquidUserInfo(t *testing.T, s *squid) {
	o := newOrigin(t, nil)
	opts := &hackney.Opts{Proxy: hackney.ProxyURL(withUser(s.closed, password)), ProxyAuth: unknown}
	cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, opts)
	whole(t, cs, err, 200)
	opts = &hackney.Opts{Proxy: hackney.ProxyURL(withUser(s.closed, mistaken)), ProxyAuth: known}
	cs, err = hackney.Get(limited(t), o.url+"/", nil, nil, opts)
	proxyError(t, cs, err, 407)
}

// testSquidResolves asks for a name that the client could not resolve.
func testSquidResolves(t *testing.T, s *squid) {
	cert := newCert(t, squidHost)
	for name, o := range map[string]*origin{"http": newOrigin(t, nil), "https": newOrigin(t, cert)} {
		base := name + "://" + squidHost + ":" + o.port()
		for _, r := range s.routes() {
			cs, err := hackney.Get(limited(t), base+"/", nil, nil, r.options(cert))
			_, cs = whole(t, cs, err, 200)
			if got := cs.URL(); got != base+"/" {
				t.Errorf("%s: URL %q, want %q", r.name, got, base+"/")
			}
		}
		for _, m := range o.got() {
			if got, want := m.Field("Host"), squidHost+":"+o.port(); got != want {
				t.Errorf("Host %q, want %q", got, want)
			}
		}
	}
}

// testSquidEnvironment: loopback is never proxied by the environment's leave, so the
// origins have a name that is not one of it.
func testSquidEnvironment(t *testing.T, s *squid) {
	cert := newCert(t, squidHost)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, "")
	}
	t.Setenv("HTTP_PROXY", withUser(s.closed, password))
	t.Setenv("HTTPS_PROXY", s.open)
	t.Setenv("NO_PROXY", "127.0.0.1")
	r := route{opts: hackney.Opts{Proxy: hackney.ProxyFromEnvironment()}}
	for want, o := range map[string]*origin{"GET http": newOrigin(t, nil), "CONNECT https": newOrigin(t, cert)} {
		method, scheme, _ := strings.Cut(want, " ")
		cs, err := hackney.Get(limited(t), scheme+"://"+squidHost+":"+o.port()+"/", nil, nil, r.options(cert))
		_, cs = whole(t, cs, err, 200)
		hackney.Close(cs)
		if got := s.asked(t, o, 1)[0][0]; got != method {
			t.Errorf("squid has seen %s, want %s", got, method)
		}
		cs, err = hackney.Get(limited(t), o.url+"/direct", nil, nil, r.options(cert))
		_, cs = whole(t, cs, err, 200)
		hackney.Close(cs)
		s.asked(t, o, 1)
	}
}

func testSquidOwnFields(t *testing.T, s *squid) {
	o := newOrigin(t, nil)
	opts := &hackney.Opts{Proxy: hackney.ProxyURL(s.open), ProxyHeaders: headers.New("X-Own", "mine")}
	cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, opts)
	_, cs = whole(t, cs, err, 200)
	hackney.Close(cs)
	if got := s.asked(t, o, 1)[0][4]; got != "mine" {
		t.Errorf("squid got the field %q", got)
	}
	if got := o.got()[0].Field("X-Own"); got != "" {
		t.Errorf("the origin got the proxy's field %q", got)
	}
}

func testSquidRefused(t *testing.T, s *squid) {
	for _, scheme := range []string{"http", "https"} {
		cs, err := hackney.Get(limited(t), scheme+"://127.0.0.1:1/", nil, nil, &hackney.Opts{Proxy: hackney.ProxyURL(s.open)})
		if refusal := proxyError(t, cs, err, 403); refusal.Reason != "Forbidden" || refusal.Headers.Get("X-Squid-Error") == "" {
			t.Errorf("reason %q, headers\n%v", refusal.Reason, refusal.Headers)
		}
	}
	// Of a forwarded request squid's answer is the answer.
	opts := &hackney.Opts{Proxy: hackney.ProxyURL(s.open), ProxyMode: hackney.Forward}
	cs, err := hackney.Get(limited(t), "http://127.0.0.1:1/", nil, nil, opts)
	if body, _ := whole(t, cs, err, 403); len(body) <= 4<<10 {
		t.Errorf("%d bytes of a page that is longer", len(body))
	}
}

func testSquidUnreachable(t *testing.T, s *squid) {
	dead := freePort(t)
	for _, scheme := range []string{"http", "https"} {
		cs, err := hackney.Get(limited(t), scheme+"://"+dead+"/", nil, nil, &hackney.Opts{Proxy: hackney.ProxyURL(s.open)})
		proxyError(t, cs, err, 503)
	}
	opts := &hackney.Opts{Proxy: hackney.ProxyURL(s.open), ProxyMode: hackney.Forward}
	cs, err := hackney.Get(limited(t), "http://"+dead+"/", nil, nil, opts)
	whole(t, cs, err, 503)
}

// pooled are options with a pool that is closed at the end of the test.
func (r route) pooled(t *testing.T, cert *selfsigned.Cert) *hackney.Opts {
	t.Helper()
	opts := r.options(cert)
	opts.Pool = pool.New(pool.Opts{})
	t.Cleanup(func() { opts.Pool.Close() })
	return opts
}

// testSquidKeptTunnel: requests for one origin share a tunnel, those for another get
// their own.
func testSquidKeptTunnel(t *testing.T, s *squid) {
	cert := newCert(t)
	for scheme, cert := range map[string]*selfsigned.Cert{"http": nil, "https": cert} {
		t.Run(scheme, func(t *testing.T) {
			o, other := newOrigin(t, cert), newOrigin(t, cert)
			opts := &hackney.Opts{Insecure: true, Proxy: hackney.ProxyURL(s.closed), ProxyAuth: known, Pool: pool.New(pool.Opts{})}
			defer opts.Pool.Close()
			for i := range 3 {
				cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, opts)
				_, cs = whole(t, cs, err, 200)
				hackney.Close(cs)
				if cs.Reused() != (i > 0) {
					t.Errorf("request %d: reused %v", i, cs.Reused())
				}
			}
			cs, err := hackney.Get(limited(t), other.url+"/", nil, nil, opts)
			if _, cs = whole(t, cs, err, 200); cs.Reused() {
				t.Error("a tunnel to another origin was used")
			}
			hackney.Close(cs)
			if o.conns() != 1 || other.conns() != 1 {
				t.Errorf("%d and %d connections, want one each", o.conns(), other.conns())
			}
			opts.Pool.Close() // squid tells of a tunnel when it ends
			s.asked(t, o, 1)
			s.asked(t, other, 1)
		})
	}
}

// testSquidKeptForward: a connection with a proxy that forwards is good for its next
// request.
func testSquidKeptForward(t *testing.T, s *squid) {
	o := newOrigin(t, nil)
	r := route{opts: hackney.Opts{Proxy: hackney.ProxyURL(s.closed), ProxyAuth: known, ProxyMode: hackney.Forward}}
	opts := r.pooled(t, newCert(t))
	for i := range 3 {
		cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, opts)
		_, cs = whole(t, cs, err, 200)
		hackney.Close(cs)
		if cs.Reused() != (i > 0) {
			t.Errorf("request %d: reused %v", i, cs.Reused())
		}
	}
	lines := s.asked(t, o, 3)
	if first := lines[0][3]; lines[1][3] != first || lines[2][3] != first {
		t.Errorf("squid was asked from the ports %s, %s, %s; want one", first, lines[1][3], lines[2][3])
	}
}

// testSquidLarge: what is more than any buffer comes whole, from a real server too.
func testSquidLarge(t *testing.T, s *squid) {
	n := start(t)
	data := noise(8 << 20)
	n.write(t, "www/large", string(data))
	for _, r := range s.routes() {
		for _, base := range []string{n.http, n.https} {
			cs, err := hackney.Get(limited(t), base+"/large", nil, nil, r.options(n.cert))
			if body, _ := whole(t, cs, err, 200); !bytes.Equal(body, data) {
				t.Errorf("%s: %d bytes of %s, not the %d that are there", r.name, len(body), base, len(data))
			}
			cs, err = hackney.Put(limited(t), base+"/upload/large", nil, hackney.Bytes(data), r.options(n.cert))
			if err != nil || cs.Status() != 201 && cs.Status() != 204 {
				t.Errorf("%s: %v, %v", r.name, cs, err)
			}
			hackney.Close(cs)
			n.stored(t, "upload/large", data)
		}
	}
}
