package transport

import (
	"context"
	"fmt"
	"io"
	"net"

	"golang.org/x/net/proxy"
)

// negotiate speaks to the proxy on conn, and leaves it at the first byte of the
// target. It may close conn if it fails.
func (p *SOCKS5) negotiate(conn net.Conn, t socksTarget) error {
	c := &socksConn{Conn: conn}
	if p.User != "" {
		c.login = &proxy.Auth{User: p.User, Password: p.Password}
	}
	d, err := proxy.SOCKS5("tcp", "", c.login, c) // c knows where the proxy is
	if err == nil {
		_, err = d.Dial("tcp", t.String()) // without a context: to end it is up to handshake
	}
	if op, ok := err.(*net.OpError); ok {
		err = op.Err // what the rest of it says, SOCKSError does
	}
	return err
}

// A socksConn is a connection to a proxy as the library gets it for the handshake:
// by a dialer that has dialed already, and with an ear on the answers. The library
// tells refusals in words only, and without a login takes any method for none.
type socksConn struct {
	net.Conn
	login *proxy.Auth
	heard []byte // a handshake at most: the library reads no further
}

// DialContext is the one that is called. With Dial alone, the library would start a
// goroutine.
func (c *socksConn) DialContext(context.Context, string, string) (net.Conn, error) { return c, nil }
func (c *socksConn) Dial(string, string) (net.Conn, error)                         { return c, nil }

// Read fails as soon as the proxy has refused, so that nothing more is sent.
func (c *socksConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.heard = append(c.heard, b[:n]...)
	if refused := c.refusal(); refused != nil {
		return 0, refused // with bytes, io.ReadFull would drop it
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// refusal looks into the answers, each a version and a code: to the methods (RFC
// 1928, section 3), the login (RFC 1929, section 2), the request (RFC 1928,
// section 6). Answers of another version are left to the library.
func (c *socksConn) refusal() error {
	a := c.heard
	if len(a) < 2 || a[0] != 5 {
		return nil
	}
	method, a := a[1], a[2:]
	switch {
	case method == 0xff:
		return fmt.Errorf("%w: %w", ErrSOCKSAuth, errSOCKSNone)
	case method != 0 && (method != 2 || c.login == nil):
		return fmt.Errorf("%w: %w", ErrSOCKSAuth, errSOCKSUnwanted)
	case method == 2 && len(a) >= 2:
		if a[0] == 1 && a[1] != 0 {
			return fmt.Errorf("%w: the proxy does not accept the user and the password", ErrSOCKSAuth)
		}
		a = a[2:]
	}
	if len(a) >= 2 && a[0] == 5 && a[1] != 0 {
		return SOCKSReply(a[1])
	}
	return nil
}
