package conformance

import (
	"net"
	"testing"

	"github.com/hackney-go/hackney/internal/golden"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// lateListener accepts when the gate is open; the kernel connects before that.
type lateListener struct {
	net.Listener
	gate chan struct{}
}

func (l lateListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	<-l.gate
	return conn, err
}

// lateServer is a server that accepts late, to which two connections were dialed, on
// its own address or at another one. The gate opens at any time.
func lateServer(t *testing.T, at string) (*session, *server) {
	t.Helper()
	bare, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	late := lateListener{bare, make(chan struct{})}
	s := newSession(t.Context(), nil)
	srv := &server{
		name: mainServer, at: at, tb: &serverTB{}, script: &golden.ServerScript{},
		Server: wiretest.Start(t, wiretest.Options{Listener: late, AllowExtra: true, OnChange: s.wake}),
	}
	s.servers = []*server{srv}
	address := srv.Addr()
	if at != "" {
		address = at
		if err := s.routes.add(at, route{network: "tcp", address: srv.Addr(), server: srv}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		conn, err := s.opts().DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
	}
	go close(late.gate)
	return s, srv
}

// TestDialsAreCounted has servers accept late: the checks wait for what was dialed.
func TestDialsAreCounted(t *testing.T) {
	for _, at := range []string{"", "h.example:80"} {
		s, _ := lateServer(t, at)
		if err := wantConnections(s, []string{"0"}); err == nil {
			t.Error("want connections has not waited")
		}
		s, srv := lateServer(t, at)
		if s.settleServers(); srv.Conns() != 2 {
			t.Errorf("settled with %d connections", srv.Conns())
		}
	}
}
