//go:build !unix || aix

package transport

import "net"

// A socket is never made on this system.
type socket struct {
	net.Conn
	ahead bool
	ended bool
}

// probing returns conn: there is no probe mode here.
func probing(conn net.Conn) net.Conn { return conn }

func (*socket) quiet(net.Conn) (quiet, whole bool) { return false, false }
