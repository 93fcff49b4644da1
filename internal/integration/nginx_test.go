//go:build integration

package integration

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hackney-go/hackney/internal/leaktest"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// nginx is a running server.
type nginx struct {
	http, https string // without a path: http://127.0.0.1:1234
	socket      string // a Unix socket that speaks http
	cert        *selfsigned.Cert
	dir         string
}

// config has one server behind plain TCP, TLS and a Unix socket. X-Connection and
// X-Requests tell by which connection a request came, and as which one on it. The body
// of a request to /form/ is put into a file, whose path is the answer.
const config = `
daemon off;
master_process off;
pid       {dir}/nginx.pid;
error_log {dir}/error.log info;
events {}
http {
	access_log {dir}/access.log;
	client_body_temp_path {dir}/tmp/body;
	proxy_temp_path       {dir}/tmp/proxy;
	fastcgi_temp_path     {dir}/tmp/fastcgi;
	uwsgi_temp_path       {dir}/tmp/uwsgi;
	scgi_temp_path        {dir}/tmp/scgi;

	types { text/plain txt; }
	sendfile             on;
	keepalive_timeout    60s;
	keepalive_requests   1000;
	client_max_body_size 256m;

	add_header X-Connection $connection always;
	add_header X-Requests   $connection_requests always;

	server {
		listen {plain};
		listen {secure} ssl;
		listen unix:{dir}/nginx.sock;
		ssl_certificate     {dir}/cert.pem;
		ssl_certificate_key {dir}/key.pem;
		root {dir}/www;

		location /zipped/  { gzip_static on; }
		location /zipping/ { gzip on; gzip_types text/plain; }
		location /upload/  { dav_methods PUT; }
		location /form/    {
			client_body_in_file_only on;
			client_body_temp_path    {dir}/forms;
			proxy_pass               http://unix:{dir}/nginx.sock:/taken;
			proxy_pass_request_body  off;
			proxy_set_header         Content-Length "";
			proxy_set_header         X-File $request_body_file;
			add_header               X-Type $content_type;
		}
		location = /taken  { default_type text/plain; return 200 $http_x_file; }
		location /narrow/  { dav_methods PUT; client_max_body_size 1k; }
	}
}
`

const install = "on Debian: apt-get install nginx"

// start runs nginx until the end of the test.
func start(t *testing.T) *nginx {
	t.Helper()
	path := find(t)
	s := &nginx{dir: t.TempDir()}
	s.socket = filepath.Join(s.dir, "nginx.sock")
	for _, sub := range []string{"tmp", "www/zipped", "www/zipping", "www/upload", "www/narrow"} {
		if err := os.MkdirAll(filepath.Join(s.dir, sub), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	s.writeCert(t)
	// Another process may take a port between our choice and nginx's bind.
	for tries := 1; ; tries++ {
		plain, secure := freePort(t), freePort(t)
		s.http, s.https = "http://"+plain, "https://"+secure
		s.write(t, "nginx.conf", strings.NewReplacer("{dir}", s.dir, "{plain}", plain, "{secure}", secure).Replace(config))
		err := s.run(t, path, plain, secure)
		if err == nil {
			return s
		}
		if tries == 3 {
			t.Fatal(err)
		}
		t.Log(err)
	}
}

// find gives the path of an nginx that has what the tests use.
func find(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/nginx") // where Debian puts it
	}
	if err != nil {
		t.Fatal("nginx is not installed; " + install)
	}
	facts, err := exec.Command(path, "-V").CombinedOutput()
	if err != nil {
		t.Fatalf("%s -V: %v\n%s", path, err, facts)
	}
	for _, module := range []string{"http_ssl_module", "http_dav_module", "http_gzip_static_module"} {
		if !strings.Contains(string(facts), "--with-"+module) {
			t.Fatalf("%s was built without %s; %s", path, module, install)
		}
	}
	version, _, _ := strings.Cut(string(facts), "\n")
	t.Log(version)
	return path
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// writeCert makes the certificate; s.cert is what a client may trust.
func (s *nginx) writeCert(t *testing.T) {
	t.Helper()
	cert, err := selfsigned.New()
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.TLS.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	s.cert = cert
	s.write(t, "cert.pem", string(cert.PEM()))
	s.write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
}

// write makes a file in the server's folder and gives its path.
func (s *nginx) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// patience is how long the server has to come up, and to end.
const patience = 10 * time.Second

// run starts the process, waits until it listens, and has it ended with the test.
func (s *nginx) run(t *testing.T, path string, addresses ...string) error {
	t.Helper()
	log := filepath.Join(s.dir, "error.log")
	cmd := exec.Command(path, "-p", s.dir, "-c", filepath.Join(s.dir, "nginx.conf"), "-e", log)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for _, address := range addresses {
		if err := listens(address, ended); err != nil {
			cmd.Process.Kill()
			text, _ := os.ReadFile(log)
			return fmt.Errorf("nginx does not start: %w\n%s", err, text)
		}
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			cmd.Process.Kill()
			t.Error("nginx had to be killed")
		}
		s.checkLog(t, log)
	})
	return nil
}

// listens waits until something accepts connections at address.
func listens(address string, ended <-chan error) error {
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-ended:
			return fmt.Errorf("it has ended: %v", err)
		default:
		}
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(end) {
			return err
		}
	}
}

// complaint is what nginx logs of a request that it does not like.
var complaint = regexp.MustCompile(`\[(alert|crit|emerg)\]|client sent`)

// checkLog wants no complaint of nginx about what it was sent.
func (s *nginx) checkLog(t *testing.T, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(string(text)) {
		if complaint.MatchString(line) {
			t.Errorf("nginx complains: %s", line)
		}
	}
}
