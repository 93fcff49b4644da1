package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
)

// flags are those of every request.
type flags struct {
	Header []string `short:"H" sep:"none" placeholder:"'NAME: VALUE'" help:"Send this field, in place of a default of that name. May be given again."`
	Data   *string  `short:"d" xor:"body" placeholder:"DATA" help:"Send DATA as the body; @FILE sends a file, @- what comes on standard input, as it comes."`
	Form   []string `short:"F" sep:"none" xor:"body" placeholder:"NAME=CONTENT" help:"Send a form: a value, @FILE or the value that <FILE holds; ;type=TYPE and ;filename=NAME may follow. May be given again."`
	Upload string   `short:"T" xor:"body" placeholder:"FILE" help:"Send FILE as the body, with the Content-Type that its name tells."`
	User   *string  `short:"u" placeholder:"USER:PASSWORD" help:"Send Basic authentication."`

	Insecure   bool   `short:"k" help:"Do not verify the certificate of the server."`
	Cacert     string `placeholder:"FILE" help:"Trust the certificates in FILE (PEM), and no others."`
	UnixSocket string `placeholder:"PATH" help:"Connect to a Unix socket, whatever host and port the URL names."`

	Way way `embed:""`

	ConnectTimeout time.Duration `placeholder:"TIME" help:"Limit for connecting, and again for the TLS handshake (8s)."`
	RecvTimeout    time.Duration `placeholder:"TIME" help:"Limit for each wait for bytes from the peer (none)."`
	MaxBody        int64         `placeholder:"BYTES" help:"Limit for the size of the answer's body (none)."`

	RawMethod bool `help:"Send the method in the case it is given in."`
	Expect100 bool `name:"expect100" help:"Send Expect: 100-continue, and the body when the peer wants it."`

	Output  string `short:"o" placeholder:"FILE" help:"Write the ${what=body} to FILE."`
	Include bool   `short:"i" xor:"shown,head" help:"Print the head of the answer too, and 1xx heads before it."`
	JSON    bool   `xor:"shown" help:"Print the answer, or what came of it, as one JSON object."`
	Async   bool   `xor:"head" help:"Take the answer in events, and print each as it comes; with --json as an object."`
	Trace   bool   `short:"v" help:"Print each step to standard error, with the redirects that were followed and the proxies."`
}

// Validate refuses what would have no effect.
func (f *flags) Validate() error {
	switch {
	case f.Expect100 && !f.hasBody():
		return errors.New("--expect100 needs a body: -d, -F or -T")
	case f.UnixSocket != "" && (f.Way.Proxy != "" || f.Way.NoPrivateAddresses):
		return errors.New("--unix-socket goes neither with --proxy nor with --no-private-addresses")
	}
	return f.Way.validate()
}

func (f *flags) hasBody() bool { return f.Data != nil || f.Upload != "" || len(f.Form) > 0 }

// headers are the fields of -H and --expect100.
func (f *flags) headers() (*headers.Headers, error) {
	var pairs []string
	for i, line := range f.Header {
		name, value, ok := strings.Cut(line, ":")
		if !ok { // the line is not shown: it may hold a secret
			return nil, fmt.Errorf("-H number %d has no colon, want 'Name: value'", i+1)
		}
		pairs = append(pairs, name, strings.Trim(value, " \t"))
	}
	if f.Expect100 {
		pairs = append(pairs, "Expect", "100-continue")
	}
	return headers.New(pairs...), nil
}

func (f *flags) opts(a *app) (*hackney.Opts, error) {
	o := &hackney.Opts{
		ConnectTimeout: f.ConnectTimeout,
		TLSTimeout:     f.ConnectTimeout,
		RecvTimeout:    f.RecvTimeout,
		MaxBody:        f.MaxBody,
		Insecure:       f.Insecure,
		RawMethod:      f.RawMethod,
		Async:          f.Async,
	}
	if f.User != nil {
		user, password, _ := strings.Cut(*f.User, ":")
		o.BasicAuth = &hackney.BasicAuth{User: user, Password: password}
	}
	if f.UnixSocket != "" {
		o.DialContext = unixDialer(f.UnixSocket)
	}
	t := &tracer{out: a.stderr}
	if f.Trace {
		o.Trace = t.step
	}
	f.Way.apply(o, t)
	var err error
	if f.Cacert != "" {
		o.TLS, err = trusting(f.Cacert)
	}
	return o, err
}

// unixDialer connects to the socket at path, for http and for https.
func unixDialer(path string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
}

// trusting is a configuration that trusts the certificates of a file alone.
func trusting(file string) (*tls.Config, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--cacert: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--cacert: no certificate in %s", file)
	}
	return &tls.Config{RootCAs: pool}, nil
}
