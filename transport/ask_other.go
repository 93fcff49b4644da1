//go:build !unix || aix

package transport

import (
	"crypto/tls"
	"net"
)

// ask only writes: there is no way to wait for the answer here.
func ask(conn net.Conn, p []byte) (int, error) { return conn.Write(p) }

func (*socket) ask(conn *tls.Conn, p []byte) (int, error) { return conn.Write(p) }

func (*socket) splitsNothing(*tls.Conn) bool { return false }
