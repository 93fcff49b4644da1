package wiretest

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
)

// Patience is how long the Wait methods wait before they fail the test. Nothing that goes well takes that
// long, on a busy computer either.
const Patience = 20 * time.Second

// TB is what the server needs of a test; *testing.T and *testing.B have it.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Options say where and how a server listens. The zero value is TCP on 127.0.0.1,
// on a port that is free.
type Options struct {
	TLS        bool              // speak TLS, with a certificate that CertPool trusts
	TuneTLS    func(*tls.Config) // changes the settings of TLS and StartTLS
	IPv6       bool              // listen on ::1
	Unix       bool              // listen on a Unix socket, whose path is Addr
	Listener   net.Listener      // listen on this one instead; the server closes it
	AllowExtra bool              // connections beyond the script are closed without an error
	OnChange   func()            // called whenever something was received, or a step or a connection ended
	Names      []string          // further host names of the certificate
	ReadBuffer int               // size of the kernel's receive buffer, for tests with Stall
}

// Server plays a script. Its methods may be called from any goroutine.
type Server struct {
	t    TB
	o    Options
	l    net.Listener
	cert func() (*selfsigned.Cert, error)
	done chan struct{}  // closed by Close
	wg   sync.WaitGroup // the accepting, playing and reading goroutines
	once sync.Once

	mu       sync.Mutex
	changed  chan struct{} // closed, and made anew, whenever something below changes
	script   []Conn
	accepted int
	conns    []*conn // those that the script has, in accept order
}

// New starts a server on loopback TCP that plays conns. It ends with the test.
func New(t TB, conns ...Conn) *Server {
	t.Helper()
	return Start(t, Options{}, conns...)
}

// Start starts a server with options.
func Start(t TB, o Options, conns ...Conn) *Server {
	t.Helper()
	s := &Server{
		t: t, o: o, script: conns,
		cert:    sync.OnceValues(func() (*selfsigned.Cert, error) { return selfsigned.New(o.Names...) }),
		done:    make(chan struct{}),
		changed: make(chan struct{}),
	}
	l, err := s.listen()
	if err != nil {
		t.Fatalf("wiretest: listen: %v", err)
	}
	s.l = l
	t.Cleanup(s.Close)
	s.wg.Go(s.accept)
	return s
}

func (s *Server) listen() (net.Listener, error) {
	switch {
	case s.o.Listener != nil:
		return s.o.Listener, nil
	case s.o.Unix:
		return s.listenUnix()
	case s.o.IPv6:
		return net.Listen("tcp6", "[::1]:0")
	default:
		return net.Listen("tcp4", "127.0.0.1:0")
	}
}

// listenUnix makes a short path of its own: one with the name of the test in it
// could be longer than the address of a Unix socket may be.
func (s *Server) listenUnix() (net.Listener, error) {
	dir, err := os.MkdirTemp("", "wire")
	if err != nil {
		return nil, err
	}
	s.t.Cleanup(func() { os.RemoveAll(dir) })
	return net.Listen("unix", filepath.Join(dir, "s"))
}

// HasIPv6 reports whether a server can listen on ::1 here.
func HasIPv6() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// Close stops listening, closes every connection and waits until all goroutines
// have ended. The end of the test calls it too.
func (s *Server) Close() {
	s.once.Do(func() {
		close(s.done)
		s.l.Close()
		s.wg.Wait()
	})
}

// over reports whether the server was closed.
func (s *Server) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// Expect adds connections to the end of the script, for a script that has to
// name the server's own address.
func (s *Server) Expect(conns ...Conn) { s.update(func() { s.script = append(s.script, conns...) }) }

// Addr returns "127.0.0.1:port", "[::1]:port", or the path of the Unix socket.
func (s *Server) Addr() string { return s.l.Addr().String() }

// Host returns the host of Addr, without brackets; for a Unix socket "localhost".
func (s *Server) Host() string {
	if a, ok := s.l.Addr().(*net.TCPAddr); ok {
		return a.IP.String()
	}
	return "localhost"
}

// Port returns the port, and 0 for a Unix socket.
func (s *Server) Port() int {
	if a, ok := s.l.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// URL returns the URL of a path that starts with a slash.
func (s *Server) URL(path string) string {
	scheme := "http://"
	if s.o.TLS {
		scheme = "https://"
	}
	if s.Port() == 0 {
		return scheme + s.Host() + path
	}
	return scheme + net.JoinHostPort(s.Host(), strconv.Itoa(s.Port())) + path
}

// CertPool returns roots that trust the server's certificate, which is made when
// it is first asked for.
func (s *Server) CertPool() *x509.CertPool {
	s.t.Helper()
	c, err := s.cert()
	if err != nil {
		s.t.Fatalf("wiretest: certificate: %v", err)
	}
	return c.Pool()
}

// Leaf returns the server's certificate.
func (s *Server) Leaf() *x509.Certificate {
	s.t.Helper()
	c, err := s.cert()
	if err != nil {
		s.t.Fatalf("wiretest: certificate: %v", err)
	}
	return c.TLS.Leaf
}

func (s *Server) tlsConfig() (*tls.Config, error) {
	c, err := s.cert()
	if err != nil {
		return nil, err
	}
	cfg := c.Config()
	if s.o.TuneTLS != nil {
		s.o.TuneTLS(cfg)
	}
	return cfg, nil
}

func (s *Server) accept() {
	for {
		nc, err := s.l.Accept()
		if err != nil {
			return
		}
		c := s.admit(nc)
		if c == nil {
			nc.Close()
			continue
		}
		s.wg.Go(c.run)
	}
}

// admit takes the next script for nc. There is none for a connection too many.
func (s *Server) admit(nc net.Conn) (c *conn) {
	s.update(func() {
		s.accepted++
		if n := len(s.conns); n < len(s.script) {
			c = newConn(s, n, nc, s.script[n])
			s.conns = append(s.conns, c)
		}
	})
	if c == nil && !s.o.AllowExtra {
		s.t.Errorf("wiretest: a connection from %v that the script does not have", nc.RemoteAddr())
	}
	return c
}

// update changes what mu guards, and wakes everyone who waits for a change.
func (s *Server) update(change func()) {
	s.mu.Lock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	if s.o.OnChange != nil {
		s.o.OnChange()
	}
}

// await waits until cond, which runs under mu, is true. It gives up, and returns
// false, when the timer fires or the server is closed.
func (s *Server) await(cond func() bool, timer <-chan time.Time) bool {
	for {
		s.mu.Lock()
		ok, changed := cond(), s.changed
		s.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-timer:
			return false
		case <-s.done:
			return false
		}
	}
}
