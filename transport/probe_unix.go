//go:build unix && !aix

package transport

import (
	"net"
	"syscall"
)

// A peeker asks the kernel for one byte that is left where it is.
//
// It goes through RawConn.Control. RawConn.Read would reset the poller before
// the look, and so could lose the news of bytes that just arrived; and it fails
// at once when a read deadline has passed.
type peeker struct {
	raw  syscall.RawConn // nil: cannot be probed
	look func(fd uintptr)
	seen Liveness
	buf  [1]byte
}

// init prepares for conn; raw and look are made here once.
func (p *peeker) init(conn net.Conn) {
	var err error
	switch c := conn.(type) {
	case *net.TCPConn:
		p.raw, err = c.SyscallConn()
	case *net.UnixConn:
		p.raw, err = c.SyscallConn()
	}
	if err != nil {
		p.raw = nil
	}
	p.look = p.recv
}

// peek returns what there is to see now.
func (p *peeker) peek() Liveness {
	if p.raw == nil {
		return Unknown
	}
	p.seen = Closed
	if p.raw.Control(p.look) != nil {
		return Closed // on this side
	}
	return p.seen
}

// recv looks at the socket fd.
func (p *peeker) recv(fd uintptr) {
	for {
		n, _, err := syscall.Recvfrom(int(fd), p.buf[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN || err == syscall.EWOULDBLOCK:
			p.seen = Idle
		case err != nil || n == 0:
			p.seen = Closed
		default:
			p.seen = Readable
		}
		return
	}
}
