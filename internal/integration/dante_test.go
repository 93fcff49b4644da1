//go:build integration

package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/hackney-go/hackney/hackney"
)

// dante is a running SOCKS server.
type dante struct {
	*process
	address string
}

// danteConfig refuses port 1, and all that is not on loopback.
const danteConfig = `
logoutput: stderr
internal: 127.0.0.1 port = {port}
external: 127.0.0.1
user.privileged: root
user.unprivileged: root
clientmethod: none
socksmethod: {method}
client pass {
	from: 127.0.0.0/8 to: 0.0.0.0/0
	log: error
}
socks block {
	from: 0.0.0.0/0 to: 0.0.0.0/0 port = 1
	log: connect error
}
socks pass {
	from: 127.0.0.0/8 to: 127.0.0.0/8
	command: connect
	log: connect error
}
`

// danteHost is a name that danted knows, and nobody else. It does not know localhost.
const danteHost = "behind.test"

// startDante runs danted until the end of the test. It looks users up where the system has
// them, and names in /etc/hosts, so its root is a folder with files of its own.
func startDante(t *testing.T, method string) *dante {
	t.Helper()
	path := find(t, "danted")
	p := launch(t, "danted", 1, func(p *process) *exec.Cmd { return danteCommand(t, p, path, method) })
	return &dante{p, p.addresses[0]}
}

// danteCommand fills the server's folder, which is to be its root.
func danteCommand(t *testing.T, p *process, path, method string) *exec.Cmd {
	t.Helper()
	p.folders(t, "etc", "tmp", "var/run", "dev")
	for _, file := range append(libraries(t, path), path) {
		p.adopt(t, file)
	}
	p.write(t, "etc/passwd", "root:x:0:0::/:/\n"+login+":x:1:1::/:/\n")
	p.write(t, "etc/group", "root:x:0:\n")
	p.write(t, "etc/shadow", login+":"+crypted+":1::::::\n")
	p.write(t, "etc/hosts", "127.0.0.1 "+danteHost+"\n")
	p.write(t, "etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
	_, port, _ := strings.Cut(p.addresses[0], ":")
	p.write(t, "etc/danted.conf", p.expand(danteConfig, "{port}", port, "{method}", method))
	cmd := exec.Command(path, "-f", "/etc/danted.conf")
	cmd.Env = []string{"TMPDIR=/tmp"} // as seen from that root
	cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Chroot: p.dir}
	if os.Getuid() != 0 { // root in a name space of its own
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	return cmd
}

// libraries are the files that a program is linked with.
func libraries(t *testing.T, path string) []string {
	t.Helper()
	text, err := exec.CommandContext(limited(t), "ldd", path).Output()
	if err != nil {
		t.Fatalf("ldd %s: %v", path, err)
	}
	return regexp.MustCompile(`/\S+`).FindAllString(string(text), -1)
}

// adopt copies a file to where it will be found under the server's folder.
func (p *process) adopt(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p.folders(t, filepath.Dir(path))
	if err := os.WriteFile(filepath.Join(p.dir, path), data, 0o700); err != nil {
		t.Fatal(err)
	}
}

// danteEntry is the line of the log that tells of a connection that was made.
var danteEntry = regexp.MustCompile(`pass\(\d+\): tcp/connect \[: .* -> \S+ (127\.0\.0\.1)\.(\d+)\n`)

func (d *dante) entries() (entries []string) {
	for _, m := range danteEntry.FindAllStringSubmatch(d.said(), -1) {
		entries = append(entries, "CONNECT "+m[1]+":"+m[2])
	}
	return entries
}

// via is the URL of the server.
func (d *dante) via(scheme string) string { return scheme + "://" + d.address }

// routes are the ways through danted when it wants a password.
func (d *dante) routes() []route {
	return []route{
		{"danted, ProxyAuth", hackney.Opts{Proxy: hackney.ProxyURL(d.via("socks5")), ProxyAuth: known}, d.entries},
		{"danted, user info", hackney.Opts{Proxy: hackney.ProxyURL(withUser(d.via("socks5"), password)), ProxyAuth: unknown}, d.entries},
	}
}

func TestDante(t *testing.T) {
	d := startDante(t, "none")
	r := route{"danted, no password", hackney.Opts{Proxy: hackney.ProxyURL(d.via("socks5"))}, d.entries}
	t.Run(r.name+" is transparent", func(t *testing.T) { testTransparent(t, r) })
	// A password that is not asked for does no harm.
	r.opts.ProxyAuth = known
	t.Run(r.name+" asked for is transparent", func(t *testing.T) { testTransparent(t, r) })
	// ProxyMode is about proxies that speak HTTP.
	r.opts.ProxyMode = hackney.Forward
	t.Run(r.name+" asked for, forward is transparent", func(t *testing.T) { testTransparent(t, route{r.name, r.opts, nil}) })
	for _, test := range []struct {
		name string
		run  func(*testing.T, *dante)
	}{
		{"who resolves names", testDanteResolves},
		{"refused port", testDanteRefused},
		{"unreachable origin", testDanteUnreachable},
		{"a kept connection", testDanteKept},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, d) })
	}
}

// TestDantePassword: who does not give the right password gets nowhere.
func TestDantePassword(t *testing.T) {
	d := startDante(t, "username")
	for _, r := range d.routes() {
		t.Run(r.name+" is transparent", func(t *testing.T) { testTransparent(t, r) })
	}
	cert := newCert(t)
	for _, o := range []*origin{newOrigin(t, nil), newOrigin(t, cert)} {
		for name, auth := range map[string]*hackney.BasicAuth{
			"none": nil, "wrong": unknown, "unknown user": {User: "nobody", Password: password},
		} {
			t.Run(name, func(t *testing.T) {
				r := route{opts: hackney.Opts{Proxy: hackney.ProxyURL(d.via("socks5")), ProxyAuth: auth}}
				cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, r.options(cert))
				proxyError(t, cs, err, 0)
			})
		}
		unreached(t, o)
	}
}

// testDanteResolves: danted does not know localhost, so where that works the client has
// resolved it; the client does not know the other name.
func testDanteResolves(t *testing.T, d *dante) {
	cert := newCert(t, danteHost)
	for scheme, o := range map[string]*origin{"http": newOrigin(t, nil), "https": newOrigin(t, cert)} {
		client := route{"socks5", hackney.Opts{Proxy: hackney.ProxyURL(d.via("socks5"))}, d.entries}
		server := route{"socks5h", hackney.Opts{Proxy: hackney.ProxyURL(d.via("socks5h"))}, d.entries}
		for _, test := range []struct {
			name  string
			route route
			host  string
		}{
			{"the client", client, "localhost"},
			{"the server", server, danteHost},
			{"the client, an address", client, "127.0.0.1"},
			{"the server, an address", server, "127.0.0.1"},
		} {
			t.Run(scheme+" "+test.name, func(t *testing.T) {
				cs, err := hackney.Get(limited(t), scheme+"://"+test.host+":"+o.port()+"/", nil, nil, test.route.options(cert))
				_, cs = whole(t, cs, err, 200)
				hackney.Close(cs)
				requests := o.got()
				if got, want := requests[len(requests)-1].Field("Host"), test.host+":"+o.port(); got != want {
					t.Errorf("Host %q, want %q", got, want)
				}
			})
		}
		client.check(t, o)
		n := o.conns()
		cs, err := hackney.Get(limited(t), o.named+"/", nil, nil, server.options(cert))
		proxyError(t, cs, err, 0)
		if o.conns() != n {
			t.Error("a name that the server does not know was resolved by the client")
		}
	}
}

func testDanteRefused(t *testing.T, d *dante) {
	for _, scheme := range []string{"http", "https"} {
		for _, via := range []string{"socks5", "socks5h"} {
			cs, err := hackney.Get(limited(t), scheme+"://127.0.0.1:1/", nil, nil, &hackney.Opts{Proxy: hackney.ProxyURL(d.via(via))})
			refusal := proxyError(t, cs, err, 0)
			if refusal.Target != "127.0.0.1:1" || !strings.HasSuffix(d.address, refusal.Proxy) {
				t.Errorf("proxy %q, target %q", refusal.Proxy, refusal.Target)
			}
		}
	}
	if !strings.Contains(d.said(), "block(1): tcp/connect") {
		t.Error("danted has not refused anything")
	}
}

func testDanteUnreachable(t *testing.T, d *dante) {
	cs, err := hackney.Get(limited(t), "http://"+freePort(t)+"/", nil, nil, &hackney.Opts{Proxy: hackney.ProxyURL(d.via("socks5"))})
	proxyError(t, cs, err, 0)
}

func testDanteKept(t *testing.T, d *dante) {
	cert := newCert(t)
	for _, o := range []*origin{newOrigin(t, nil), newOrigin(t, cert)} {
		r := route{"danted", hackney.Opts{Proxy: hackney.ProxyURL(d.via("socks5"))}, d.entries}
		opts := r.pooled(t, cert)
		for i := range 3 {
			cs, err := hackney.Get(limited(t), o.url+"/", nil, nil, opts)
			_, cs = whole(t, cs, err, 200)
			hackney.Close(cs)
			if cs.Reused() != (i > 0) {
				t.Errorf("request %d: reused %v", i, cs.Reused())
			}
		}
		if n := o.conns(); n != 1 {
			t.Errorf("%d connections", n)
		}
		r.check(t, o)
	}
}
