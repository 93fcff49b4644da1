package testserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"sync"

	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
)

// Options say where a server listens. The zero value is TCP on 127.0.0.1, on a
// port that is free.
type Options struct {
	Addr string // host:port; "" means 127.0.0.1:0
	TLS  bool   // speak TLS, with a new certificate for 127.0.0.1, ::1 and localhost
	Unix string // path of a Unix socket to listen on instead; removed by Close
}

// Server is a server that runs.
type Server struct {
	o    Options
	l    net.Listener
	cert *selfsigned.Cert // nil without TLS
	http *http.Server
	stop context.CancelFunc // ends the contexts of all requests

	served   chan struct{}  // closed when no more connections are accepted
	conns    sync.WaitGroup // connections that net/http serves
	handlers sync.WaitGroup // requests that are being handled
	once     sync.Once
	err      error // what Close returned

	mu       sync.Mutex
	hijacked map[net.Conn]bool // connections that net/http gave away; Close must close them
}

// New starts a server.
func New(o Options) (*Server, error) {
	s := &Server{o: o, served: make(chan struct{}), hijacked: make(map[net.Conn]bool)}
	if err := s.listen(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.http = &http.Server{
		Handler:     s.counted(handler()),
		ErrorLog:    log.New(io.Discard, "", 0),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		ConnState: s.track,
	}
	go s.serve()
	return s, nil
}

func (s *Server) listen() (err error) {
	network, addr := "tcp", s.o.Addr
	switch {
	case s.o.Unix != "":
		network, addr = "unix", s.o.Unix
	case addr == "":
		addr = "127.0.0.1:0"
	}
	if s.o.TLS {
		if s.cert, err = selfsigned.New(); err != nil {
			return err
		}
	}
	s.l, err = net.Listen(network, addr)
	return err
}

func (s *Server) serve() {
	defer close(s.served)
	l := s.l
	if s.cert != nil {
		l = tls.NewListener(l, s.cert.Config())
	}
	s.http.Serve(l) // returns when Close is called; there is nobody to tell of an earlier error
}

// Addr returns the address: host:port, or the path of the Unix socket.
func (s *Server) Addr() string { return s.l.Addr().String() }

// URL returns the URL of the server, without a slash at its end. For a Unix socket
// the host is localhost.
func (s *Server) URL() string {
	scheme, host := "http://", s.Addr()
	if s.o.TLS {
		scheme = "https://"
	}
	if s.o.Unix != "" {
		host = "localhost"
	}
	return scheme + host
}

// CertPool returns roots that trust the server, and nil without TLS.
func (s *Server) CertPool() *x509.CertPool {
	if s.cert == nil {
		return nil
	}
	return s.cert.Pool()
}

// CertPEM returns the certificate in PEM form, and nil without TLS.
func (s *Server) CertPEM() []byte {
	if s.cert == nil {
		return nil
	}
	return s.cert.PEM()
}

// Close closes the listener and all connections, and returns when everything that
// the server started has ended.
func (s *Server) Close() error {
	s.once.Do(func() {
		s.stop()
		s.err = s.http.Close()
		s.l.Close() // when Serve did not come to know it yet
		<-s.served
		s.conns.Wait()
		s.closeHijacked()
		s.handlers.Wait()
	})
	return s.err
}

func (s *Server) closeHijacked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.hijacked {
		c.Close()
	}
}

// track counts the connections. New ones come from the goroutine of serve alone,
// so none is added once served is closed.
func (s *Server) track(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateHijacked:
		s.mu.Lock()
		s.hijacked[c] = true
		s.mu.Unlock()
		s.conns.Done()
	case http.StateClosed:
		s.conns.Done()
	}
}

type connKey struct{} // finds the net.Conn in the context of a request

// counted counts the requests, and forgets a hijacked connection when its handler
// has ended.
func (s *Server) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.handlers.Add(1)
		defer s.handlers.Done()
		defer s.forget(r)
		h.ServeHTTP(w, r)
	})
}

func (s *Server) forget(r *http.Request) {
	c, _ := r.Context().Value(connKey{}).(net.Conn)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.hijacked, c)
}
