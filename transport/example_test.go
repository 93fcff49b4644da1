package transport_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
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
