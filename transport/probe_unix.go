//go:build unix && !aix

package transport

import (
	"errors"
	"net"
	"syscall"
)

// An eye asks the kernel for bytes that are there.
//
// It goes through RawConn.Control. RawConn.Read would reset the poller before
// the look, and so could lose the news of bytes that just arrived; and it fails
// at once when a read deadline has passed.
type eye struct {
	call  func(fd uintptr) // recv, bound once: that spares an allocation each time
	buf   []byte
	flags int
	n     int
	err   error
	one   [1]byte
}

// look asks for one byte that is left where it is.
func (e *eye) look(conn net.Conn) Liveness {
	n, err := e.receive(conn, e.one[:], syscall.MSG_PEEK)
	switch {
	case wouldBlock(err):
		return Idle
	case err == errNoSocket:
		return Unknown
	case err != nil || n == 0:
		return Closed
	}
	return Readable
}

// receive receives what is there. It fails where it would have to wait.
func (e *eye) receive(conn net.Conn, buf []byte, flags int) (int, error) {
	if e.call == nil {
		e.call = e.recv
	}
	e.buf, e.flags = buf, flags
	err := control(conn, e.call)
	e.buf = nil // an eye at rest pins nothing
	if err != nil {
		return 0, err // no socket, or closed on this side
	}
	return e.n, e.err
}

// recv receives from the socket fd. The flag is for a socket that somebody else has
// put into blocking mode.
func (e *eye) recv(fd uintptr) {
	for {
		e.n, _, e.err = syscall.Recvfrom(int(fd), e.buf, e.flags|syscall.MSG_DONTWAIT)
		if e.err != syscall.EINTR {
			return
		}
	}
}

var errNoSocket = errors.New("not a socket of package net")

// control gives the descriptor of conn to f. The types are told apart because a call
// through syscall.RawConn would allocate.
func control(conn net.Conn, f func(fd uintptr)) error {
	switch c := conn.(type) {
	case *net.TCPConn:
		raw, err := c.SyscallConn()
		if err != nil {
			return err
		}
		return raw.Control(f)
	case *net.UnixConn:
		raw, err := c.SyscallConn()
		if err != nil {
			return err
		}
		return raw.Control(f)
	}
	return errNoSocket
}

func wouldBlock(err error) bool { return err == syscall.EAGAIN || err == syscall.EWOULDBLOCK }
