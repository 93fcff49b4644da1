package transport_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/hackney-go/hackney/transport"
)

// Dial gives the bare connection of the transport.
func ExampleTransport() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ln.Close()
	port := ln.Addr().(*net.TCPAddr).Port

	conn, err := transport.TCP.Dial(context.Background(), "127.0.0.1", port, &transport.Options{
		ConnectTimeout: 8 * time.Second,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Printf("%s: %T, %v\n", transport.TCP.Name(), conn, transport.Probe(conn))
	// Output: hackney_tcp_transport: *net.TCPConn, idle
}

// A Unix transport needs no host to dial, only for the Host field.
func ExampleUnix() {
	t := transport.Unix("/run/no-such-file.sock")
	_, err := t.Dial(context.Background(), "localhost", t.DefaultPort(), nil)
	fmt.Println(err)
	// Output: network: dial /run/no-such-file.sock: connect: no such file or directory
}

// A silent server is given up after TLSTimeout.
func ExampleHandshake() {
	conn, server := net.Pipe()
	defer server.Close()
	go server.Read(make([]byte, 4096))

	_, err := transport.Handshake(context.Background(), conn, "example.com", &transport.Options{
		TLS:        &tls.Config{RootCAs: x509.NewCertPool()},
		TLSTimeout: 20 * time.Millisecond,
	})
	fmt.Println(err)
	fmt.Println(errors.Is(err, transport.ErrTimeout))
	// Output:
	// network: TLS handshake example.com: timed out after 20ms
	// true
}

// The fields of an Error tell what was going on.
func ExampleError() {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("shutting down"))

	_, err := transport.TCP.Dial(ctx, "192.0.2.1", 80, nil)
	var e *transport.Error
	if errors.As(err, &e) {
		fmt.Println(e.Op, e.Addr, e.Timeout())
	}
	fmt.Println(errors.Is(err, context.Canceled))
	fmt.Println(err)
	// Output:
	// dial 192.0.2.1:80 false
	// true
	// network: dial 192.0.2.1:80: context canceled: shutting down
}

// A look at an idle connection, before and after its peer closes it.
func ExampleProbe() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	server, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(transport.Probe(conn))
	server.Close()
	for transport.Probe(conn) == transport.Idle { // until the news is here
	}
	fmt.Println(transport.Probe(conn))
	// Output:
	// idle
	// closed
}

// A policy sees the addresses that a name has led to, and says no in its own words.
func ExampleOptions_allow() {
	_, err := transport.TCP.Dial(context.Background(), "127.0.0.1", 22, &transport.Options{
		Allow: func(addr netip.AddrPort) error {
			if addr.Port() != 443 {
				return errors.New("only port 443 is")
			}
			return nil
		},
	})
	fmt.Println(err)
	// Output: network: dial 127.0.0.1:22: not allowed: only port 443 is
}

// A service that fetches what strangers ask for stays out of its own network.
func ExamplePublicAddresses() {
	allow := transport.PublicAddresses(netip.MustParsePrefix("10.9.0.0/24")) // our proxy is there
	for _, addr := range []string{"93.184.216.34:80", "169.254.169.254:80", "[64:ff9b::a00:1]:80", "10.9.0.1:1080"} {
		fmt.Println(addr, allow(netip.MustParseAddrPort(addr)))
	}
	// Output:
	// 93.184.216.34:80 <nil>
	// 169.254.169.254:80 link-local, metadata services among them
	// [64:ff9b::a00:1]:80 NAT64 of 10.0.0.1: private (RFC 1918)
	// 10.9.0.1:1080 <nil>
}

// An AddressError is a refusal by the policy, not by the network.
func ExampleAddressError() {
	_, err := transport.TCP.Dial(context.Background(), "::1", 80, &transport.Options{Allow: transport.PublicAddresses()})
	var refused *transport.AddressError
	if errors.As(err, &refused) {
		fmt.Println(refused.Addr, "is", refused.Err)
	}
	// Output: [::1]:80 is loopback
}

// oneProxy runs a SOCKS proxy that answers its first client with reply, and
// then plays the target itself.
func oneProxy(ln net.Listener, reply byte) {
	conn, err := ln.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	io.ReadFull(conn, make([]byte, 3)) // the methods
	conn.Write([]byte{5, 0})
	io.ReadFull(conn, make([]byte, 7+len("example.com"))) // what to connect to
	conn.Write([]byte{5, reply, 0, 1, 0, 0, 0, 0, 0, 0})
	conn.Write([]byte("hello from the target"))
}

// A connection through a proxy is as bare as any other.
func ExampleSOCKS5() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ln.Close()
	go oneProxy(ln, 0)

	proxy := &transport.SOCKS5{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, RemoteDNS: true}
	conn, err := transport.TCP.Dial(context.Background(), "example.com", 80, &transport.Options{
		ConnectTimeout: 8 * time.Second,
		DialContext:    proxy.DialContext,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	hello, err := io.ReadAll(conn)
	fmt.Printf("%T: %s, %v\n", conn, hello, err)
	// Output: *net.TCPConn: hello from the target, <nil>
}

// A zone means something to this side only.
func ExampleSOCKS5_DialContext() {
	proxy := &transport.SOCKS5{Host: "localhost", Port: 1080}
	_, err := proxy.DialContext(context.Background(), "tcp", "[fe80::1%eth0]:80")
	fmt.Println(err)
	// Output: network: dial [fe80::1%eth0]:80: a SOCKS proxy cannot be asked for an address with a zone
}

// The reply of a proxy says who refused.
func ExampleSOCKSReply() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ln.Close()
	go oneProxy(ln, byte(transport.SOCKSNotAllowed))

	proxy := &transport.SOCKS5{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, RemoteDNS: true}
	_, err = proxy.DialContext(context.Background(), "tcp", "example.com:80")
	var reply transport.SOCKSReply
	if errors.As(err, &reply) {
		fmt.Println(reply == transport.SOCKSNotAllowed, reply)
	}
	// Output: true not allowed by the rules of the proxy
}

// A SOCKSError tells a proxy that is not there from one that does not connect.
func ExampleSOCKSError() {
	proxy := &transport.SOCKS5{Host: "127.0.0.1", Port: 1080, RemoteDNS: true, Options: &transport.Options{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("no route")
		},
	}}
	_, err := proxy.DialContext(context.Background(), "tcp", "example.com:80")
	var failed *transport.SOCKSError
	if errors.As(err, &failed) {
		var unreached *transport.Error
		fmt.Println(failed.Target, errors.As(failed.Err, &unreached), errors.Is(err, transport.ErrSOCKSAuth))
	}
	fmt.Println(err)
	// Output:
	// example.com:80 true false
	// network: dial example.com:80: SOCKS proxy 127.0.0.1:1080 to example.com:80: cannot be reached: no route
}
