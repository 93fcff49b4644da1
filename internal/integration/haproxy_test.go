//go:build integration

package integration

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
)

// haproxyConfig has one frontend for each address. What it does not answer itself goes
// to {backend}. X-Connection is the client's port.
const haproxyConfig = `
global
	log stderr format raw local0
	maxconn 200
defaults
	mode http
	timeout connect 10s
	timeout client 60s
	timeout server 60s
backend origin
	server origin {backend}
`

// startHAProxy runs an haproxy that redirects as nginx does, in front of an origin.
func startHAProxy(t *testing.T, behind *origin) *redirector {
	t.Helper()
	r := &redirector{cert: newCert(t)}
	r.process = launch(t, "haproxy", 3, func(p *process) *exec.Cmd {
		pair := p.write(t, "pair.pem", string(r.cert.PEM())+keyPEM(t, r.cert))
		_, port, _ := net.SplitHostPort(p.addresses[0])
		text := p.expand(haproxyConfig+haproxyRedirects(p, pair), "{backend}", behind.address, "{port}", port)
		file := p.write(t, "haproxy.cfg", text)
		return exec.Command(find(t, "haproxy"), "-db", "-f", file)
	})
	return r.at()
}

func haproxyRedirects(p *process, pair string) string {
	var b strings.Builder
	for i, bind := range []string{"{0}", "{1}", "{2} ssl crt " + pair + " alpn http/1.1"} {
		fmt.Fprintf(&b, "frontend f%d\n\tbind %s\n\tdefault_backend origin\n", i, bind)
		fmt.Fprintf(&b, "\thttp-after-response set-header X-Connection %%[src_port]\n")
		fmt.Fprintf(&b, "\thttp-request redirect location /loop code 302 if { path /loop }\n")
		fmt.Fprintf(&b, "\thttp-request return status 302 if { path /none }\n")
		fmt.Fprintf(&b, "\thttp-request return status 200 content-type text/plain string end hdr X-Host %%[req.hdr(host)] hdr X-Method %%[method] if { path /end }\n")
		for left := range 10 {
			fmt.Fprintf(&b, "\thttp-request redirect location /left/%d code 307 if { path /left/%d }\n", left, left+1)
		}
		fmt.Fprintf(&b, "\thttp-request redirect location /end code 307 if { path /left/0 }\n")
		for _, code := range codes {
			fmt.Fprintf(&b, "\thttp-request redirect location /behind code %d if { path /%d/behind }\n", code, code)
			for _, place := range places {
				location := strings.ReplaceAll(place.location, "{from-host}", p.addresses[i])
				location = strings.ReplaceAll(location, "#", `\#`)
				fmt.Fprintf(&b, "\thttp-request redirect location %s code %d if { path /%d/%s }\n", location, code, code, place.name)
			}
		}
	}
	return b.String()
}
