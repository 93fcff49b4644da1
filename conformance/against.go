package conformance

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"sync"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/url"
)

// target is a real server that takes the place of the scripts' main server.
type target struct {
	url.URL
	insecure bool
	aimed    bool // dials to another address lead to it
}

// target is the real server of the runner, nil for none.
func (r *Runner) target() (*target, error) {
	switch {
	case r.Against == "":
		return nil, nil
	case r.Update:
		return nil, &hackney.ArgumentError{What: "runner", Err: errors.New("an update wants the scripts' own servers, not a real one")}
	}
	u, err := url.Parse(r.Against)
	if err == nil && (u.RawPath != "/" || u.User != "") {
		err = errors.New("want http://HOST:PORT or https://HOST:PORT alone: path and user are those of the script")
	}
	if err != nil {
		return nil, &hackney.ArgumentError{What: "URL of the real server", Err: err}
	}
	return &target{URL: u, insecure: r.Insecure}, nil
}

// secure says whether the real server speaks TLS.
func (t *target) secure() bool { return t.Scheme == url.HTTPS }

// aim makes the main server's variables, and the address it stands for, lead to
// the real one. What is sent to it, a tap sees.
func (s *session) aim(o serverOrder) error {
	t := s.target
	heard := &heard{addresses: []string{t.HostPort(), o.at}, changed: s.wake}
	srv := &server{name: mainServer, at: o.at, partly: true, heard: heard, tb: &serverTB{}}
	s.servers = append(s.servers, srv)
	s.vars["TRANSPORT"] = "tcp"
	if t.secure() {
		s.vars["TRANSPORT"] = "tls"
	}
	s.setAddress("", t.Scheme, t.Authority())
	if o.at == "" {
		return nil
	}
	if o.tls != t.secure() {
		return usagef("what is dialed to %s speaks %s, so it cannot go to %s", o.at, schemeOf(o.tls), t.URL)
	}
	t.aimed = true
	return s.routes.add(o.at, route{network: "tcp", address: t.HostPort(), server: srv})
}

// heard is what a tap saw of the connections to a real server, in the order in
// which they were opened.
type heard struct {
	addresses []string
	changed   func()

	mu    sync.Mutex
	conns []uint64
	sent  map[uint64][]byte
}

// hear is a [hackney.TapFunc].
func (h *heard) hear(e hackney.TapEvent) {
	if !slices.Contains(h.addresses, e.Address) {
		return
	}
	h.mu.Lock()
	switch e.Kind {
	case hackney.TapOpened:
		h.conns = append(h.conns, e.Conn)
	case hackney.TapSent:
		if h.sent == nil {
			h.sent = map[uint64][]byte{}
		}
		h.sent[e.Conn] = append(h.sent[e.Conn], e.Bytes...)
	}
	h.mu.Unlock()
	h.changed()
}

// received are the bytes that were sent on connection i.
func (h *heard) received(i int) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i >= len(h.conns) {
		return nil
	}
	return bytes.Clone(h.sent[h.conns[i]])
}

// count is the number of connections that were opened.
func (h *heard) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.conns)
}

// Received are the bytes that connection i of the server has received; from a real
// server's, those that were sent.
func (srv *server) Received(i int) []byte {
	if srv.heard != nil {
		return srv.heard.received(i)
	}
	return srv.Server.Received(i)
}

// Conns is the number of connections that were made to the server.
func (srv *server) Conns() int {
	if srv.heard != nil {
		return srv.heard.count()
	}
	return srv.Server.Conns()
}

// Settle waits until what was sent has arrived; a tap saw it when it left.
func (srv *server) Settle() {
	if srv.heard == nil {
		srv.Server.Settle()
	}
}

// listen gives a tap event to all who want it.
func (s *session) listen(e hackney.TapEvent) {
	if s.tap != nil {
		s.tap(e)
	}
	for _, srv := range s.servers {
		if srv.heard != nil {
			srv.heard.hear(e)
		}
	}
}

// trust is the TLS configuration of new clients, nil for that of the host.
func (s *session) trust() *tls.Config {
	pool := s.roots()
	if s.target == nil || !s.target.secure() {
		if pool == nil {
			return nil
		}
		return &tls.Config{RootCAs: pool}
	}
	if pool == nil && s.target.aimed { // the certificate is for the real server's own name
		return &tls.Config{ServerName: s.target.Host}
	}
	return &tls.Config{RootCAs: pool}
}

// newRoots are roots to add the scripted servers to: where there is a real one too,
// those of the host.
func (s *session) newRoots() *x509.CertPool {
	if s.target != nil {
		if pool, err := x509.SystemCertPool(); err == nil {
			return pool
		}
	}
	return x509.NewCertPool()
}

// notChecked is what a check gives that only a scripted server can answer.
const notChecked = "not checked against a real server"

// unknowable says whether a check asks for what nobody knows of a real server: who
// ended a connection first is seen on its side alone.
func (s *session) unknowable(subject string) bool { return s.target != nil && subject == "wire" }

// passOver tells that a check was not made.
func (s *session) passOver(command string) {
	if s.watch != nil {
		at := s.cs.ResponseState()
		s.watch(Transition{Command: command, From: at, To: at, State: s.cs, Gave: notChecked})
	}
}
