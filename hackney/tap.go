package hackney

import (
	"io"
	"net"
	"sync/atomic"
)

// TapFunc is told of the bytes of a connection as they pass: after TLS was taken
// off, before anything is made of them. It is called by the goroutine that moves
// the bytes (TapClosed by whoever closes), in the order of the wire in each
// direction; it must not call operations, and must not keep Bytes.
type TapFunc func(TapEvent)

// TapEvent is something that happened on a connection.
type TapEvent struct {
	Conn      uint64 // number of the connection, unique in the process
	Address   string // the host:port that the connection is for
	Transport string // name of its transport, such as "hackney_tcp_transport"
	Secure    bool   // the scheme of the transport is https
	Kind      TapKind
	Bytes     []byte // with TapSent and TapReceived; lent until the function returns
	Err       error  // with TapEnded: why, nil where the peer closed
}

// TapKind says what happened.
type TapKind uint8

const (
	TapOpened   TapKind = iota // the connection is up, its TLS handshake done
	TapSent                    // bytes were written
	TapReceived                // bytes were read
	TapEnded                   // the peer will send no more
	TapClosed                  // this side has closed, or Hijack has taken the connection out
)

var tapNames = [...]string{"opened", "sent", "received", "ended", "closed"}

// String is the name of the kind.
func (k TapKind) String() string { return name(tapNames[:], int(k)) }

// tap is the listener of one connection; a nil *tap hears nothing.
type tap struct {
	tell TapFunc
	conn uint64
	link *link
}

var tapCount atomic.Uint64

// newTap tells f that a connection is up.
func newTap(f TapFunc, l *link) *tap {
	if f == nil {
		return nil
	}
	t := &tap{tell: f, conn: tapCount.Add(1), link: l}
	t.event(TapOpened, nil, nil)
	return t
}

func (t *tap) event(kind TapKind, b []byte, err error) {
	if t == nil {
		return
	}
	t.tell(TapEvent{
		Conn: t.conn, Address: t.link.address(), Transport: t.link.transport.Name(),
		Secure: t.link.transport.Scheme() == "https", Kind: kind, Bytes: b, Err: err,
	})
}

// moved tells of bytes that were moved.
func (t *tap) moved(kind TapKind, b []byte) {
	if len(b) > 0 {
		t.event(kind, b, nil)
	}
}

// ended tells that the peer will send no more; io.EOF is its ordinary end.
func (t *tap) ended(err error) {
	if err == io.EOF {
		err = nil
	}
	t.event(TapEnded, nil, err)
}

// bare is the TCP connection that the kernel may move bytes on by itself: none
// where a tap wants to see them.
func (t *tap) bare(conn net.Conn) *net.TCPConn {
	if t != nil {
		return nil
	}
	tcp, _ := conn.(*net.TCPConn)
	return tcp
}
