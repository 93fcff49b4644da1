package transport

import (
	"net"
	"net/netip"
)

// permit puts an address to the policy allow, of which nil allows all.
func permit(allow func(netip.AddrPort) error, addr netip.AddrPort) error {
	if allow == nil {
		return nil
	}
	addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	if err := allow(addr); err != nil {
		return &AddressError{Addr: addr, Err: err}
	}
	return nil
}

// permitText is permit for an address in the form that dialers take.
func permitText(allow func(netip.AddrPort) error, text string) error {
	if allow == nil {
		return nil
	}
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return err // what cannot be shown is not dialed
	}
	return permit(allow, addr)
}

// permitRemote is permit for the far end of a connection, if that is an IP address.
func permitRemote(allow func(netip.AddrPort) error, conn net.Conn) error {
	if allow == nil {
		return nil
	}
	addr, ok := remoteAddr(conn)
	if !ok {
		return nil
	}
	return permit(allow, addr)
}

func remoteAddr(conn net.Conn) (addr netip.AddrPort, ok bool) {
	switch a := conn.RemoteAddr().(type) {
	case nil, *net.UnixAddr:
	case *net.TCPAddr:
		addr = a.AddrPort()
	default:
		addr, _ = netip.ParseAddrPort(a.String())
	}
	return addr, addr.IsValid()
}
