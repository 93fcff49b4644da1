package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/hackney-go/hackney/internal/testserver"
)

// serveCommand runs the test server.
type serveCommand struct {
	Addr string `xor:"where" placeholder:"HOST:PORT" help:"Listen here; a loopback address (127.0.0.1:0, a free port)."`
	Unix string `xor:"where" placeholder:"PATH" help:"Listen on a Unix socket instead."`
	TLS  bool   `help:"Speak TLS, with a certificate made at the start."`
	Cert string `placeholder:"FILE" help:"Write the certificate to FILE, for --cacert."`
}

// Help lists what the server answers.
func (serveCommand) Help() string {
	var b strings.Builder
	b.WriteString("The first line of output is the URL. The server runs until it is interrupted (Ctrl-C).\n\n")
	for _, r := range testserver.Routes() {
		fmt.Fprintf(&b, "%s (%s): %s\n\n", r.Path, r.Methods, r.Doc)
	}
	b.WriteString("Everything else is answered as httpbin does.")
	return b.String()
}

func (c *serveCommand) Validate() error {
	if c.Cert != "" && !c.TLS {
		return fmt.Errorf("--cert needs --tls")
	}
	return nil
}

func (c *serveCommand) Run(ctx context.Context, a *app) error {
	addr, err := loopback(c.Addr)
	if err != nil {
		return err
	}
	s, err := testserver.New(testserver.Options{Addr: addr, Unix: c.Unix, TLS: c.TLS})
	if err != nil {
		return err
	}
	defer s.Close()
	if c.Cert != "" {
		if err := os.WriteFile(c.Cert, s.CertPEM(), 0o644); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(a.stdout, s.URL()); err != nil {
		return err
	}
	<-ctx.Done()
	return s.Close()
}

// loopback refuses an address that others could reach: the server is made for tests.
func loopback(addr string) (string, error) {
	if addr == "" {
		return "", nil // a free port
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("--addr: %w", err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return "", fmt.Errorf("--addr: %q is not a loopback address such as 127.0.0.1:8080", addr)
	}
	return net.JoinHostPort(host, port), nil
}
