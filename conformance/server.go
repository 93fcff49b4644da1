package conformance

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/golden"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// patience is how long a check waits for what has to come over the wire.
const patience = 2 * time.Second

// mainServer is the name of the server whose address the variables without a
// prefix hold, and of the section with its script.
const mainServer = "server"

// server is a scripted server of a script, or a real one in its place.
type server struct {
	*wiretest.Server        // nil for a real one
	heard            *heard // nil for a scripted one
	name             string
	script           *golden.ServerScript
	section          *golden.Section
	at               string   // the address that it stands for, "" for its own
	trusted          bool     // its certificate is
	partly           bool     // its script need not be played to the end
	looked           []looked // by connection
	tb               *serverTB
}

func (s *server) close() {
	if s.Server != nil {
		s.Server.Close()
	}
	s.tb.cleanUp()
}

// serverTB is what a scripted server reports to.
type serverTB struct {
	mu      sync.Mutex
	faults  []error
	cleanup []func()
}

// serverFailed is the panic that ends a server which cannot start.
type serverFailed struct{ error }

func (*serverTB) Helper() {}

func (t *serverTB) Errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, fmt.Errorf(format, args...))
}

func (t *serverTB) Fatalf(format string, args ...any) {
	panic(serverFailed{fmt.Errorf(format, args...)})
}

func (t *serverTB) Cleanup(f func()) { t.cleanup = append(t.cleanup, f) }

func (t *serverTB) cleanUp() {
	for i := len(t.cleanup) - 1; i >= 0; i-- {
		t.cleanup[i]()
	}
	t.cleanup = nil
}

func (t *serverTB) err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Join(t.faults...)
}

const serverUsage = "server [NAME] [tls] [unix] [ipv6] [untrusted] [full] [partly] [at HOST:PORT] [named HOST]..."

// serverOrder is a server command, read.
type serverOrder struct {
	name                                     string
	tls, unix, ipv6, untrusted, full, partly bool
	at                                       string
	names                                    []string // further ones of its certificate
}

func parseServerOrder(args []string) (o serverOrder, err error) {
	flags := map[string]*bool{"tls": &o.tls, "unix": &o.unix, "ipv6": &o.ipv6, "untrusted": &o.untrusted, "full": &o.full, "partly": &o.partly}
	for len(args) > 0 {
		switch flag := flags[args[0]]; {
		case flag != nil:
			*flag = true
		case args[0] == "at" && len(args) > 1:
			o.at, args = args[1], args[1:]
		case args[0] == "named" && len(args) > 1:
			o.names, args = append(o.names, args[1]), args[1:]
		case o.name == "" && args[0] != "at" && args[0] != "named":
			o.name = args[0]
		default:
			return o, usagef("cannot make sense of %q, want %s", args[0], serverUsage)
		}
		args = args[1:]
	}
	switch {
	case o.full && o.at == "":
		return o, usagef("a server that is full needs the address that is dialed: full at HOST:PORT")
	case o.name == "":
		o.name = mainServer
	}
	return o, nil
}

// startServer runs the server command.
func startServer(s *session, args []string) error {
	o, err := parseServerOrder(args)
	if err != nil {
		return err
	}
	if o.full {
		return s.routes.add(o.at, route{never: true})
	}
	if s.target != nil && o.name == mainServer {
		return s.aim(o)
	}
	section, err := s.section(o.name)
	if err != nil {
		return err
	}
	srv := &server{name: o.name, section: section, at: o.at, partly: o.partly, tb: &serverTB{}}
	if err := srv.start(o, s.wake); err != nil {
		return err
	}
	s.servers = append(s.servers, srv)
	s.setVariables(srv, o)
	srv.script, err = golden.ParseServer(section, s.variable)
	if err != nil {
		return asUsage(err)
	}
	secure := o.tls || srv.script.HasTLS()
	if o.untrusted && !secure {
		return usagef("only a server that speaks TLS can be untrusted: tls untrusted")
	}
	srv.trusted = secure && !o.untrusted
	srv.looked = make([]looked, len(srv.script.Conns))
	srv.Expect(srv.script.Conns...)
	if o.at == "" {
		return nil
	}
	network := "tcp"
	if o.unix {
		network = "unix"
	}
	return s.routes.add(o.at, route{network: network, address: srv.Addr(), server: srv})
}

// start listens; what the server plays is told later, since it may name the address.
func (srv *server) start(o serverOrder, changed func()) (err error) {
	defer func() {
		if failed, ok := recover().(serverFailed); ok {
			err = asUsage(failed.error)
		}
	}()
	options := wiretest.Options{TLS: o.tls, Unix: o.unix, IPv6: o.ipv6, OnChange: changed, Names: o.names}
	if host, _, _ := net.SplitHostPort(o.at); host != "" {
		options.Names = append(options.Names, host)
	}
	srv.Server = wiretest.Start(srv.tb, options)
	return nil
}

// setVariables makes the address of a server known to the script.
func (s *session) setVariables(srv *server, o serverOrder) {
	prefix := ""
	if srv.name != mainServer {
		prefix = srv.name + "_"
	}
	kind := "tcp"
	switch {
	case o.tls:
		kind = "tls"
	case o.unix:
		kind = "unix"
		s.vars[prefix+"SOCKET"] = srv.Addr()
	}
	address := srv.at
	if address == "" {
		address = strings.TrimPrefix(strings.TrimPrefix(srv.URL(""), "https://"), "http://")
	}
	s.vars[prefix+"TRANSPORT"] = kind
	s.setAddress(prefix, schemeOf(o.tls), address)
}

func schemeOf(secure bool) string {
	if secure {
		return "https"
	}
	return "http"
}

func (s *session) setAddress(prefix, scheme, address string) {
	s.vars[prefix+"URL"] = scheme + "://" + address
	s.vars[prefix+"ADDR"] = address
	host, port, err := net.SplitHostPort(address)
	if err != nil { // no port: that of the scheme
		host, port = strings.Trim(address, "[]"), map[string]string{"http": "80", "https": "443"}[scheme]
	}
	s.vars[prefix+"HOST"], s.vars[prefix+"PORT"] = host, port
}

// wake tells the checks that wait that something has happened at a server.
func (s *session) wake() {
	select {
	case s.events <- struct{}{}:
	default:
	}
}

// eventually waits until ok is true, as long as there is patience.
func (s *session) eventually(ok func() bool) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for !ok() {
		select {
		case <-s.events:
		case <-timer.C:
			return ok()
		case <-s.ctx.Done():
			return ok()
		}
	}
	return true
}

// roots trust the scripted servers; nil where none of them speaks TLS.
func (s *session) roots() (pool *x509.CertPool) {
	for _, srv := range s.servers {
		if !srv.trusted {
			continue
		}
		if pool == nil {
			pool = s.newRoots()
		}
		pool.AddCert(srv.Leaf())
	}
	return pool
}

// accepted waits until a server has accepted what was dialed to it: the kernel
// connects before that.
func (s *session) accepted(srv *server) {
	if srv.Server != nil {
		s.eventually(func() bool { return srv.Conns() >= s.routes.connected(srv.Addr()) })
	}
}

// settleServers waits until the servers have taken in what was sent by now, but no
// longer than the script's time.
func (s *session) settleServers() {
	settled := make(chan struct{})
	for _, srv := range s.servers {
		s.accepted(srv)
	}
	go func() { // what is left of it ends with the servers
		defer close(settled)
		for _, srv := range s.servers {
			srv.Settle()
		}
	}()
	select {
	case <-settled:
	case <-s.ctx.Done():
	}
}

// findServer finds a server by name.
func (s *session) findServer(name string) (*server, error) {
	for _, srv := range s.servers {
		if srv.name == name {
			return srv, nil
		}
	}
	return nil, usagef("there is no server %s", name)
}

// played says which step of a server never happened, nil where all did.
func (s *session) played(srv *server) error {
	if srv.partly {
		return nil
	}
	for i, conn := range srv.script.Conns {
		want := len(conn)
		s.eventually(func() bool {
			steps, goesOn := srv.Played(i)
			return i < srv.Conns() && (steps >= want || !goesOn) // the kernel connects before we accept
		})
		if steps, _ := srv.Played(i); steps < want {
			return srv.missing(i, steps)
		}
		if i >= srv.Conns() {
			return srv.missing(i, 0)
		}
	}
	return nil
}

// otherSide tells, behind an error of the network or the peer, what the servers have
// to say: most often the fault is in the script.
func (s *session) otherSide() string {
	if blame := hackney.BlameOf(s.err); blame != hackney.BlameNetwork && blame != hackney.BlamePeer {
		return ""
	}
	var w strings.Builder
	if s.ctx.Err() != nil {
		w.WriteString("\nthe time of the script is over")
	}
	for _, srv := range s.servers {
		if srv.heard != nil {
			continue
		}
		if err := srv.tb.err(); err != nil {
			fmt.Fprintf(&w, "\nserver %s: %v", srv.name, err)
		}
		for i, conn := range srv.script.Conns {
			if steps, goesOn := srv.Played(i); goesOn {
				w.WriteString("\n" + srv.stands(i, steps, len(conn)))
			}
		}
	}
	return w.String()
}

// stands says where a connection of a server stands.
func (srv *server) stands(conn, step, steps int) string {
	who := fmt.Sprintf("server %s: connection %d", srv.name, conn+1)
	if step == steps {
		return who + " has played all its steps, and is open"
	}
	return fmt.Sprintf("%s stands at %s:%d; it had received %s", who, srv.section.File, srv.script.Lines[conn][step], golden.Brief(srv.Received(conn)))
}

// missing is the error for a step that never happened.
func (srv *server) missing(conn, step int) error {
	line := srv.section.Line
	if lines := srv.script.Lines[conn]; step < len(lines) {
		line = lines[step]
	}
	what := fmt.Sprintf("connection %d was never made", conn+1)
	if conn < srv.Conns() {
		got := srv.Received(conn)
		what = fmt.Sprintf("this step of connection %d never happened; it had received %s", conn+1, golden.Brief(got))
	}
	return &golden.LineError{File: srv.section.File, Line: line, Err: errors.New(what)}
}
