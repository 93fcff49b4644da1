package conformance

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
)

// route says where dials to an address go in this run.
type route struct {
	network, address string
	server           *server // behind it, nil for none
	refused          bool    // nobody listens
	never            bool    // dialing does not end
}

// routes are those of a script, and the dials that went over them.
type routes struct {
	mu    sync.Mutex
	to    map[string]route
	dials []*server
	made  map[string]int // connections, by the address at the other end
}

func (r *routes) used() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.to) > 0
}

func (r *routes) add(address string, to route) error {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return usagef("want an address HOST:PORT, not %q", address)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to[address] = to
	return nil
}

// find follows a dial to where it goes.
func (r *routes) find(network, address string) route {
	r.mu.Lock()
	defer r.mu.Unlock()
	to, ok := r.to[address]
	if port, local := strings.CutPrefix(address, "localhost:"); !ok && local {
		to, ok = r.to["127.0.0.1:"+port]
	}
	if !ok {
		return route{network: network, address: address}
	}
	if to.server != nil {
		r.dials = append(r.dials, to.server)
	}
	return to
}

// dialed are the servers that were dialed, in order.
func (r *routes) dialed() []*server {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*server(nil), r.dials...)
}

// dial connects to where an address is served in this run.
func (s *session) dial(ctx context.Context, network, address string) (net.Conn, error) {
	to := s.routes.find(network, address)
	switch {
	case to.never:
		<-ctx.Done()
		return nil, ctx.Err()
	case to.refused:
		return dialClosed(ctx)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, to.network, to.address)
	if err == nil {
		s.routes.count(conn.RemoteAddr().String())
	}
	return conn, err
}

// count notes a connection to an address.
func (r *routes) count(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.made == nil {
		r.made = map[string]int{}
	}
	r.made[address]++
}

// connected is how many connections were made to an address.
func (r *routes) connected(address string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.made[address]
}

// closedPort is where nobody listens: that of tcpmux, which is not in use. A port
// that was just closed may be somebody else's by now.
const closedPort = "127.0.0.1:1"

// dialClosed dials it.
func dialClosed(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", closedPort)
	if err == nil {
		conn.Close()
		return nil, fmt.Errorf("somebody listens at %s, where nobody should", closedPort)
	}
	return nil, err
}

// nobody makes dials to an address be refused.
func nobody(s *session, args []string) error {
	if len(args) != 1 {
		return usagef("want nobody HOST:PORT")
	}
	return s.routes.add(args[0], route{refused: true})
}
