//go:build unix && !aix

package transport

import (
	"crypto/tls"
	"net"
	"os"
	"sync"
	"syscall"
)

// An asker writes to a socket in place of a first read of it. Package net makes the
// poller ready for a read before it calls, so that no news of an answer is lost that
// comes between the write and the wait.
type asker struct {
	call  func(fd uintptr) bool // step, bound once: that spares an allocation each time
	p     []byte
	n     int
	err   error
	asked bool
}

// askers are those that ask nothing at the moment.
var askers = sync.Pool{New: func() any {
	a := new(asker)
	a.call = a.step
	return a
}}

// step writes, and says whether there is nothing to wait for.
func (a *asker) step(fd uintptr) bool {
	if a.asked {
		return true // there is something to read
	}
	a.asked = true
	for {
		if a.n, a.err = syscall.Write(int(fd), a.p); a.err != syscall.EINTR {
			return a.err != nil || a.n < len(a.p)
		}
	}
}

// ask is Ask on a socket.
func ask(conn net.Conn, p []byte) (int, error) {
	a := askers.Get().(*asker)
	a.p, a.n, a.err, a.asked = p, 0, nil, false
	awaitRead(conn, a.call) // its error is that of the wait, or comes again below
	n, err := max(a.n, 0), a.err
	whole := a.asked && n == len(p)
	a.p = nil
	askers.Put(a)
	switch {
	case whole:
		return n, nil
	case err == nil, wouldBlock(err): // Write waits for room, and knows the deadline
		m, err := conn.Write(p[n:])
		return n + m, err
	}
	return n, fault(conn, "write", "write", err)
}

// awaitRead gives the descriptor of conn to f, and again whenever it can be read from,
// until f is done. The types are told apart because a call through syscall.RawConn
// would allocate.
func awaitRead(conn net.Conn, f func(fd uintptr) bool) error {
	switch c := conn.(type) {
	case *net.TCPConn:
		raw, err := c.SyscallConn()
		if err != nil {
			return err
		}
		return raw.Read(f)
	case *net.UnixConn:
		raw, err := c.SyscallConn()
		if err != nil {
			return err
		}
		return raw.Read(f)
	}
	return errNoSocket
}

// ask is Ask on TLS above s.
func (s *socket) ask(conn *tls.Conn, p []byte) (int, error) {
	s.mode.Store(asking)
	defer s.mode.Store(usual)
	return conn.Write(p)
}

// splitsNothing says whether TLS writes a small question as one record. In version 1.0
// it may be two (RFC 5246, F.3).
func (s *socket) splitsNothing(conn *tls.Conn) bool {
	if s.version == 0 {
		s.version = conn.ConnectionState().Version
	}
	return s.version > tls.VersionTLS10
}

// fault is err as package net would give it.
func fault(conn net.Conn, op, call string, err error) error {
	local := conn.LocalAddr()
	return &net.OpError{
		Op: op, Net: local.Network(), Source: local, Addr: conn.RemoteAddr(),
		Err: os.NewSyscallError(call, err),
	}
}
