// Package target is the server of the benchmark: it answers from memory, with as little
// work as it can, so that the client is the one that is busy.
package target

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Addresses are where a Server listens, and the certificate it shows.
type Addresses struct {
	Plain       string `json:"plain"`
	TLS         string `json:"tls"`
	Certificate string `json:"certificate"` // in PEM
}

// Counts are what a Server has seen since it was started.
type Counts struct {
	Connections, Resumed int64 // TLS sessions that were resumed
	Requests, Received   int64 // bytes of the requests' bodies
}

// A Server is a running target.
type Server struct {
	plain, tls  net.Listener
	certificate []byte

	answers sync.Map // of *answer, by path
	barrier barrier
	all     sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool

	connections, resumed, requests, received atomic.Int64
}

// Start starts a server on two ports of the loopback interface.
func Start() (*Server, error) {
	certificate, err := selfSigned()
	if err != nil {
		return nil, err
	}
	s := &Server{open: map[net.Conn]struct{}{}}
	s.certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	if s.plain, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if s.tls, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
		return nil, errors.Join(err, s.plain.Close())
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}}
	s.all.Go(func() { s.accept(s.plain, nil) })
	s.all.Go(func() { s.accept(s.tls, config) })
	return s, nil
}

// Addresses are where the server listens.
func (s *Server) Addresses() Addresses {
	return Addresses{s.plain.Addr().String(), s.tls.Addr().String(), string(s.certificate)}
}

// Counts are what it has seen so far.
func (s *Server) Counts() Counts {
	return Counts{s.connections.Load(), s.resumed.Load(), s.requests.Load(), s.received.Load()}
}

// Close ends the server and all its connections.
func (s *Server) Close() error {
	err := errors.Join(s.plain.Close(), s.tls.Close())
	s.mu.Lock()
	s.closed = true
	for socket := range s.open {
		_ = socket.Close()
	}
	s.mu.Unlock()
	s.all.Wait()
	return err
}

func (s *Server) accept(l net.Listener, config *tls.Config) {
	for {
		socket, err := l.Accept()
		if err != nil {
			return
		}
		s.all.Go(func() { s.serve(socket, config) })
	}
}

func (s *Server) serve(socket net.Conn, config *tls.Config) {
	defer s.end(socket)
	if !s.begin(socket) {
		return
	}
	c := &conn{Conn: socket, server: s}
	if config != nil {
		c.Conn = tls.Server(socket, config)
	}
	c.serve()
}

// begin notes a connection, unless the server was closed.
func (s *Server) begin(socket net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[socket] = struct{}{}
	return !s.closed
}

// end closes a connection, which the client has closed already, by a reset: then neither
// side holds its port for a minute, and the ports do not run out.
func (s *Server) end(socket net.Conn) {
	s.mu.Lock()
	delete(s.open, socket)
	s.mu.Unlock()
	_ = socket.(*net.TCPConn).SetLinger(0)
	_ = socket.Close()
}

// answerTo gives the answer to a path, made once.
func (s *Server) answerTo(path string) *answer {
	if known, ok := s.answers.Load(path); ok {
		return known.(*answer)
	}
	made, _ := s.answers.LoadOrStore(path, answerTo(path))
	return made.(*answer)
}

// selfSigned makes a certificate for the loopback address, good for one day.
func selfSigned() (certificate tls.Certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificate, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(24 * time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
