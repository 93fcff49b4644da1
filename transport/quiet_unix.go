//go:build unix && !aix

package transport

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
)

// A socket stands between TLS and a connection. In probe mode it never waits.
type socket struct {
	net.Conn               // a *net.TCPConn or a *net.UnixConn
	mode     atomic.Uint32 // atomic for the sake of a Close from elsewhere, which writes
	one      [1]byte       // for Quiet

	// Where in the stream of TLS records the last Read ended, for the reader alone.
	head  [recordHead]byte
	have  int  // bytes of the next record's header
	left  int  // bytes of the record under way
	ended bool // it has come to its end
	ahead bool // it read more than one record, or the beginning of the next
}

// recordHead is the length of a record's header (RFC 8446, 5.1).
const recordHead = 5

// The modes of a socket.
const (
	usual uint32 = iota
	probe
	cut // probe, and a write could not be made whole
)

// probing returns conn with a probe mode, if it can have one. A type of the
// caller's own cannot, even with a socket inside: what its Read does would be
// passed by.
func probing(conn net.Conn) net.Conn {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn:
		return &socket{Conn: conn}
	}
	return conn
}

// follow goes through bytes that were read. TLS reads anew only when it has taken
// all whole records that it had: so what it can have read ahead is in p.
func (s *socket) follow(p []byte) {
	whole := 0
	for len(p) > 0 {
		if s.left == 0 {
			n := copy(s.head[s.have:], p)
			s.have, p = s.have+n, p[n:]
			if s.have < recordHead {
				break
			}
			s.have, s.left = 0, int(s.head[3])<<8|int(s.head[4])
		}
		n := min(s.left, len(p))
		s.left, p = s.left-n, p[n:]
		if s.left == 0 {
			whole++
		}
	}
	s.ahead = whole > 1 || whole == 1 && s.have+s.left > 0
}

// quiet reads from conn, which is above s, in probe mode: it says whether there was
// nothing to give out, and whether all writes were whole.
func (s *socket) quiet(conn net.Conn) (quiet, whole bool) {
	s.mode.Store(probe)
	_, err := conn.Read(s.one[:])
	quiet, whole = err == errNothing, s.mode.Swap(usual) == probe
	s.ahead = s.ahead && !quiet
	return quiet, whole
}

// Read reads what is there or, but for probe mode, waits for it.
func (s *socket) Read(p []byte) (int, error) {
	var n int
	var err error
	if s.mode.Load() == usual {
		n, err = s.Conn.Read(p)
	} else {
		n, err = s.readNow(p)
	}
	if n > 0 {
		s.follow(p[:n])
	}
	s.ended = s.ended || err == io.EOF
	return n, err
}

func (s *socket) readNow(p []byte) (int, error) {
	e := eyes.Get().(*eye)
	defer eyes.Put(e)
	n, err := e.receive(s.Conn, p, 0)
	switch {
	case wouldBlock(err):
		return 0, errNothing
	case err != nil:
		return 0, s.fault("read", "recvfrom", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write writes p. In probe mode that is an answer to the peer, which must not hold
// us up by asking and not reading.
func (s *socket) Write(p []byte) (int, error) {
	if s.mode.Load() == usual {
		return s.Conn.Write(p)
	}
	n, err := s.writeNow(p)
	if n == len(p) {
		return n, nil
	}
	s.mode.CompareAndSwap(probe, cut)
	if err == nil {
		err = io.ErrShortWrite
	}
	return n, s.fault("write", "sendmsg", err)
}

func (s *socket) writeNow(p []byte) (n int, err error) {
	closed := control(s.Conn, func(fd uintptr) {
		for {
			n, err = syscall.SendmsgN(int(fd), p, nil, nil, syscall.MSG_DONTWAIT)
			if err != syscall.EINTR {
				return
			}
		}
	})
	if closed != nil {
		return 0, closed
	}
	return max(n, 0), err
}

// fault is err as package net would give it.
func (s *socket) fault(op, call string, err error) error {
	local := s.LocalAddr()
	return &net.OpError{
		Op: op, Net: local.Network(), Source: local, Addr: s.RemoteAddr(),
		Err: os.NewSyscallError(call, err),
	}
}
