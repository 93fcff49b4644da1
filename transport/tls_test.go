package transport

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An authority issues certificates for one test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	template := &x509.Certificate{Subject: pkix.Name{CommonName: "test root"}, IsCA: true, BasicConstraintsValid: true}
	made := a.issue(t, template)
	a.cert, a.key = made.Leaf, made.PrivateKey.(*ecdsa.PrivateKey)
	a.pool.AddCert(a.cert)
	return a
}

// issue completes and signs template; an authority without a certificate signs
// by the new key.
func (a *authority) issue(t testing.TB, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// server issues the certificate of this suite's servers.
func (a *authority) server(t testing.TB) tls.Certificate {
	return a.issue(t, &x509.Certificate{
		DNSNames:    []string{"localhost", "www.example.com"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

// A tlsServer shakes hands, writes one byte and waits for the client to close.
type tlsServer struct {
	host  string
	port  int
	seen  chan tls.ConnectionState // one for each good handshake
	psk   chan bool                // whether each client offered a ticket
	roots *x509.CertPool
}

func serveTLS(t testing.TB, config *tls.Config) *tlsServer {
	t.Helper()
	a := newAuthority(t)
	s := &tlsServer{roots: a.pool, seen: make(chan tls.ConnectionState, 100), psk: make(chan bool, 100)}
	if config == nil {
		config = new(tls.Config)
	}
	config.Certificates = []tls.Certificate{a.server(t)}
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		const preSharedKey = 41
		s.psk <- slices.Contains(hello.Extensions, preSharedKey)
		return nil, nil
	}
	ln := listen(t, "tcp", "127.0.0.1:0")
	s.host, s.port = hostAndPort(t, ln.Addr())
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go s.serve(tls.Server(conn, config))
		}
	}()
	return s
}

func (s *tlsServer) serve(conn *tls.Conn) {
	defer conn.Close()
	if conn.Handshake() != nil {
		return
	}
	s.seen <- conn.ConnectionState()
	conn.Write([]byte("!"))
	io.Copy(io.Discard, conn)
}

// dial connects, reads the byte (and with it the tickets sent before), closes,
// and returns both ends' views.
func (s *tlsServer) dial(t testing.TB, host string, o *Options) (client, server tls.ConnectionState) {
	t.Helper()
	conn, err := TLS.Dial(t.Context(), host, s.port, o)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return conn.(*tls.Conn).ConnectionState(), <-s.seen
}

// TestTLSNames holds SNI, ALPN and verification for names and addresses.
func TestTLSNames(t *testing.T) {
	type view struct{ SNI, ALPN string }
	offer := []string{"http/1.1", "other"}
	for _, c := range []struct {
		name, host string
		config     *tls.Config
		want       view
	}{
		{"a name is SNI", "localhost", &tls.Config{}, view{"localhost", "http/1.1"}},
		{"SNI is in lower case, without the final dot", "LocalHost.", &tls.Config{}, view{"localhost", "http/1.1"}},
		{"an address is no SNI, but is verified", "127.0.0.1", &tls.Config{}, view{"", "http/1.1"}},
		{"the caller's server name wins", "127.0.0.1", &tls.Config{ServerName: "www.example.com"}, view{"www.example.com", "http/1.1"}},
		{"the caller's protocols win", "localhost", &tls.Config{NextProtos: []string{"other"}}, view{"localhost", "other"}},
		{"an empty list is no ALPN", "localhost", &tls.Config{NextProtos: []string{}}, view{"localhost", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serveTLS(t, &tls.Config{NextProtos: offer})
			base := c.config.Clone()
			base.RootCAs = s.roots
			client, server := s.dial(t, c.host, &Options{
				TLS: base, ConnectTimeout: time.Minute, TLSTimeout: time.Minute,
				DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return dialNet(ctx, network, net.JoinHostPort(s.host, strconv.Itoa(s.port)))
				},
			})
			if diff := cmp.Diff(c.want, view{server.ServerName, server.NegotiatedProtocol}); diff != "" {
				t.Errorf("what the server saw (-want +got):\n%s", diff)
			}
			if len(client.VerifiedChains) == 0 || client.Version < tls.VersionTLS12 {
				t.Errorf("verified chains: %d, version %x", len(client.VerifiedChains), client.Version)
			}
		})
	}
}

// TestTLSUnverified holds what happens when the certificate does not convince.
func TestTLSUnverified(t *testing.T) {
	s := serveTLS(t, nil)
	stranger := newAuthority(t)
	fails := func(name, host string, o *Options) {
		t.Helper()
		conn, err := TLS.Dial(t.Context(), host, s.port, o)
		if err == nil {
			conn.Close()
			t.Fatalf("%s: trusted", name)
		}
		if conn != nil {
			t.Errorf("%s: a connection came with an error", name)
		}
		var untrusted *tls.CertificateVerificationError
		if wantError(t, err, "TLS handshake"); !errors.As(err, &untrusted) || errors.Is(err, ErrTimeout) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	fails("system roots", "127.0.0.1", nil)
	fails("other roots", "127.0.0.1", &Options{TLS: &tls.Config{RootCAs: stranger.pool}})
	fails("another name", "127.0.0.1", &Options{TLS: &tls.Config{RootCAs: s.roots, ServerName: "example.org"}})

	s.dial(t, "127.0.0.1", &Options{Insecure: true})
	s.dial(t, "127.0.0.1", &Options{TLS: &tls.Config{RootCAs: stranger.pool}, Insecure: true})
	s.dial(t, "127.0.0.1", &Options{TLS: &tls.Config{InsecureSkipVerify: true}})
	fails("after an insecure dial", "127.0.0.1", nil)
}

func TestTLSClientCertificate(t *testing.T) {
	a := newAuthority(t)
	s := serveTLS(t, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.pool})
	mine := a.issue(t, &x509.Certificate{
		Subject:     pkix.Name{CommonName: "a client"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	_, server := s.dial(t, "127.0.0.1", &Options{TLS: &tls.Config{RootCAs: s.roots, Certificates: []tls.Certificate{mine}}})
	if got := server.PeerCertificates[0].Subject.CommonName; got != "a client" {
		t.Errorf("the server saw %q", got)
	}
}

// TestTLSResumption holds that a ticket serves the configuration that earned it
// and is not even offered under another (CVE-2025-68121 and its like).
func TestTLSResumption(t *testing.T) {
	configs.drop(trustKey{insecure: true}) // what other tests learnt
	s := serveTLS(t, nil)
	strict := &Options{TLS: &tls.Config{RootCAs: s.roots}}
	for _, step := range []struct {
		name string
		o    *Options
		want bool
	}{
		{"the first time", strict, false},
		{"the same configuration", strict, true},
		{"the same configuration in other options", &Options{TLS: strict.TLS, TLSTimeout: time.Minute}, true},
		{"an equal configuration", &Options{TLS: strict.TLS.Clone()}, false},
		{"unverified", &Options{TLS: strict.TLS, Insecure: true}, false},
		{"unverified again", &Options{TLS: strict.TLS, Insecure: true}, true},
		{"verified again", strict, true},
		{"no configuration, unverified", &Options{Insecure: true}, false},
	} {
		client, _ := s.dial(t, "127.0.0.1", step.o)
		if offered := <-s.psk; offered != step.want || client.DidResume != step.want {
			t.Errorf("%s: ticket offered %v, resumed %v, want %v", step.name, offered, client.DidResume, step.want)
		}
	}
}

// TestTLSResumptionDeclined holds that a caller's per-connection decisions are
// not passed by, and that the caller's own cache is.
func TestTLSResumptionDeclined(t *testing.T) {
	s := serveTLS(t, nil)
	asked := 0
	watch := &Options{TLS: &tls.Config{RootCAs: s.roots, VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error {
		asked++
		return nil
	}}}
	s.dial(t, "127.0.0.1", watch)
	s.dial(t, "127.0.0.1", watch)
	if asked != 2 {
		t.Errorf("the certificate was shown %d times, want 2", asked)
	}
	own := &countingCache{ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	shared := &Options{TLS: &tls.Config{RootCAs: s.roots, ClientSessionCache: own}}
	s.dial(t, "127.0.0.1", shared)
	if client, _ := s.dial(t, "127.0.0.1", shared); !client.DidResume || own.gets != 2 {
		t.Errorf("resumed %v with %d looks at the caller's cache", client.DidResume, own.gets)
	}
}

type countingCache struct {
	tls.ClientSessionCache
	gets int
}

func (c *countingCache) Get(key string) (*tls.ClientSessionState, bool) {
	c.gets++
	return c.ClientSessionCache.Get(key)
}

// silent returns the address of a server that takes connections and says
// nothing, and a channel that is closed when its client has closed.
func silent(t *testing.T) (host string, port int, gone chan struct{}) {
	ln := listen(t, "tcp", "127.0.0.1:0")
	host, port = hostAndPort(t, ln.Addr())
	gone = make(chan struct{})
	go func() {
		defer close(gone)
		if conn, err := ln.Accept(); err == nil {
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	return host, port, gone
}

func TestTLSTimeout(t *testing.T) {
	for _, parent := range []context.Context{t.Context(), context.Background()} {
		host, port, gone := silent(t)
		conn, err := TLS.Dial(parent, host, port, &Options{TLSTimeout: 50 * time.Millisecond, Insecure: true})
		wantTimeout(t, err, "TLS handshake")
		if errors.Is(err, context.DeadlineExceeded) || conn != nil {
			t.Errorf("%v, %v: the context did not end this", conn, err)
		}
		<-gone
	}
	host, port, gone := silent(t)
	ctx := deadlineOnly{context.Background(), time.Now().Add(50 * time.Millisecond)}
	_, err := TLS.Dial(ctx, host, port, nil)
	wantTimeout(t, err, "TLS handshake")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v does not name the context's end", err)
	}
	<-gone
}

func TestTLSCancelled(t *testing.T) {
	host, port, gone := silent(t)
	cause := errors.New("changed my mind")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
	_, err := TLS.Dial(ctx, host, port, &Options{TLSTimeout: time.Minute})
	if wantError(t, err, "TLS handshake"); !errors.Is(err, cause) || !errors.Is(err, context.Canceled) || errors.Is(err, ErrTimeout) {
		t.Errorf("error is %v", err)
	}
	<-gone
}

// TestHandshake holds the function on its own: over a connection that is no
// socket, and closing it on every failure.
func TestHandshake(t *testing.T) {
	a := newAuthority(t)
	near, far := net.Pipe()
	server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{a.server(t)}})
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	secure, err := Handshake(t.Context(), near, "www.example.com", &Options{TLS: &tls.Config{RootCAs: a.pool}})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || secure.NetConn() != near {
		t.Errorf("server: %v; the connection below is %v", err, secure.NetConn())
	}
	near.Close()
	far.Close()

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		host string
	}{
		"no host":       {t.Context(), ""},
		"ended context": {ended, "www.example.com"},
	} {
		near, far := net.Pipe()
		secure, err := Handshake(c.ctx, near, c.host, nil)
		if wantError(t, err, "TLS handshake"); secure != nil {
			t.Errorf("%s: a connection came with an error", name)
		}
		if _, err := far.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: the far end reads %v, want io.EOF", name, err)
		}
	}
}
