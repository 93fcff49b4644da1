//go:build integration

package integration

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
)

// nginx is a running server.
type nginx struct {
	http, https string // without a path: http://127.0.0.1:1234
	socket      string // a Unix socket that speaks http
	cert        *selfsigned.Cert
	*process
}

// nginxConfig is what all servers of nginx share.
const nginxConfig = `
daemon off;
master_process off;
pid       {dir}/nginx.pid;
error_log stderr info;
events {}
http {
	access_log {dir}/access.log;
	client_body_temp_path {dir}/tmp/body;
	proxy_temp_path       {dir}/tmp/proxy;
	fastcgi_temp_path     {dir}/tmp/fastcgi;
	uwsgi_temp_path       {dir}/tmp/uwsgi;
	scgi_temp_path        {dir}/tmp/scgi;

	keepalive_timeout  60s;
	keepalive_requests 1000;

	ssl_certificate     {dir}/cert.pem;
	ssl_certificate_key {dir}/key.pem;

	add_header X-Connection $connection always;
	add_header X-Requests   $connection_requests always;
{servers}
}
`

// config has one server behind plain TCP, TLS and a Unix socket. X-Connection and
// X-Requests tell by which connection a request came, and as which one on it. The body
// of a request to /form/ is put into a file, whose path is the answer.
const config = `
	types { text/plain txt; }
	sendfile             on;
	client_max_body_size 256m;

	server {
		listen {0};
		listen {1} ssl;
		listen unix:{dir}/nginx.sock;
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
`

// start runs nginx with that configuration until the end of the test.
func start(t *testing.T) *nginx {
	t.Helper()
	s := &nginx{cert: newCert(t)}
	s.process = startNginx(t, 2, s.cert, func(p *process) string {
		p.folders(t, "www/zipped", "www/zipping", "www/upload", "www/narrow")
		return config
	})
	s.http, s.https = "http://"+s.addresses[0], "https://"+s.addresses[1]
	s.socket = filepath.Join(s.dir, "nginx.sock")
	return s
}

// startNginx runs an nginx that listens at n addresses, with the servers that configure
// gives.
func startNginx(t *testing.T, n int, cert *selfsigned.Cert, configure func(*process) string) *process {
	t.Helper()
	path := find(t, "nginx")
	checkModules(t, path)
	var p *process
	t.Cleanup(func() { checkLog(t, p) }) // set up before the start, so that it comes behind the end
	p = launch(t, "nginx", n, func(p *process) *exec.Cmd {
		p.folders(t, "tmp")
		p.write(t, "cert.pem", string(cert.PEM()))
		p.write(t, "key.pem", keyPEM(t, cert))
		file := p.write(t, "nginx.conf", p.expand(nginxConfig, "{servers}", p.expand(configure(p))))
		return exec.Command(path, "-p", p.dir, "-c", file, "-e", "stderr")
	})
	return p
}

// checkModules wants an nginx that has what the tests use.
func checkModules(t *testing.T, path string) {
	t.Helper()
	facts, err := exec.CommandContext(limited(t), path, "-V").CombinedOutput()
	if err != nil {
		t.Fatalf("%s -V: %v\n%s", path, err, facts)
	}
	for _, module := range []string{"http_ssl_module", "http_dav_module", "http_gzip_static_module"} {
		if !strings.Contains(string(facts), "--with-"+module) {
			t.Fatalf("%s was built without %s; on Debian: apt-get install nginx", path, module)
		}
	}
}

// complaint is what nginx logs of a request that it does not like.
var complaint = regexp.MustCompile(`\[(alert|crit|emerg)\]|client sent`)

// checkLog wants no complaint of nginx about what it was sent.
func checkLog(t *testing.T, p *process) {
	if p == nil {
		return // it did not start
	}
	for line := range strings.Lines(p.said()) {
		if complaint.MatchString(line) {
			t.Errorf("nginx complains: %s", line)
		}
	}
}
