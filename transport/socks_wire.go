package transport

import (
	"encoding/binary"
	"fmt"
	"io"
)

// negotiate speaks to the proxy. Of golang.org/x/net/proxy, which could do it, two
// things stand in the way: a proxy's refusal is only a text there, and without
// credentials it takes whatever method the proxy names for none.
func (p *SOCKS5) negotiate(rw io.ReadWriter, t socksTarget) error {
	if err := p.authenticate(rw); err != nil {
		return err
	}
	var head [2]byte
	if err := exchange(rw, t.request(), head[:]); err != nil {
		return err
	}
	if err := wantVersion(socksVersion, head[0]); err != nil {
		return err
	}
	if head[1] != 0 {
		return SOCKSReply(head[1])
	}
	return skipBound(rw)
}

// The numbers of RFC 1928, sections 3 to 5, and RFC 1929, section 2.
const (
	socksVersion = 5
	loginVersion = 1

	methodNone     = 0
	methodPassword = 2
	methodRefused  = 0xff

	commandConnect = 1

	addressIPv4 = 1
	addressName = 3
	addressIPv6 = 4
)

// authenticate agrees on a method and goes through it (RFC 1928, section 3).
func (p *SOCKS5) authenticate(rw io.ReadWriter) error {
	offer := []byte{socksVersion, 1, methodNone}
	if p.User != "" {
		offer = []byte{socksVersion, 2, methodNone, methodPassword}
	}
	var choice [2]byte
	if err := exchange(rw, offer, choice[:]); err != nil {
		return err
	}
	if err := wantVersion(socksVersion, choice[0]); err != nil {
		return err
	}
	switch {
	case choice[1] == methodNone:
		return nil
	case choice[1] == methodPassword && p.User != "":
		return p.login(rw)
	case choice[1] == methodRefused:
		return fmt.Errorf("%w: %w", ErrSOCKSAuth, errSOCKSNone)
	}
	return fmt.Errorf("%w: %w", ErrSOCKSAuth, errSOCKSUnwanted)
}

// login sends the credentials (RFC 1929).
func (p *SOCKS5) login(rw io.ReadWriter) error {
	b := []byte{loginVersion, byte(len(p.User))}
	b = append(b, p.User...)
	b = append(b, byte(len(p.Password)))
	b = append(b, p.Password...)
	var verdict [2]byte
	if err := exchange(rw, b, verdict[:]); err != nil {
		return err
	}
	if err := wantVersion(loginVersion, verdict[0]); err != nil {
		return err
	}
	if verdict[1] != 0 {
		return fmt.Errorf("%w: the proxy does not accept the user and the password", ErrSOCKSAuth)
	}
	return nil
}

// request is the message that asks for t (RFC 1928, section 4).
func (t socksTarget) request() []byte {
	b := []byte{socksVersion, commandConnect, 0}
	switch {
	case t.name != "":
		b = append(b, addressName, byte(len(t.name)))
		b = append(b, t.name...)
	case t.ip.Is4():
		b = append(b, addressIPv4)
		b = append(b, t.ip.AsSlice()...)
	default:
		b = append(b, addressIPv6)
		b = append(b, t.ip.AsSlice()...)
	}
	return binary.BigEndian.AppendUint16(b, t.port)
}

// skipBound reads the rest of a reply, which nobody needs, to its last byte and
// no further: the next one is the target's (RFC 1928, section 6).
func skipBound(r io.Reader) error {
	var b [255 + 2]byte // the longest name, the port
	if err := readFull(r, b[:2]); err != nil {
		return err
	}
	var n int
	switch b[1] {
	case addressIPv4:
		n = 4
	case addressIPv6:
		n = 16
	case addressName:
		if err := readFull(r, b[:1]); err != nil {
			return err
		}
		n = int(b[0])
	default:
		return fmt.Errorf("the reply has an address of unknown type %d", b[1])
	}
	return readFull(r, b[:n+2])
}

// exchange sends a message and reads the start of its answer.
func exchange(rw io.ReadWriter, message, answer []byte) error {
	if _, err := rw.Write(message); err != nil {
		return err
	}
	return readFull(rw, answer)
}

// readFull reads len(b) bytes; that there are fewer is always unexpected.
func readFull(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func wantVersion(want, got byte) error {
	if got != want {
		return fmt.Errorf("the answer is not SOCKS 5: it has version %d, not %d", got, want)
	}
	return nil
}
