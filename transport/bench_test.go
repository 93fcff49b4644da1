package transport

import (
	"context"
	"net"
	"testing"
	"time"
)

// BenchmarkDial compares a new connection through this package with one
// through package net, without a limit and with one.
func BenchmarkDial(b *testing.B) {
	ln := listen(b, "tcp", "127.0.0.1:0")
	go acceptAndClose(ln)
	host, port := hostAndPort(b, ln.Addr())
	addr := ln.Addr().String()
	ctx := context.Background()
	cancellable, cancel := context.WithCancel(ctx)
	defer cancel()
	limited := &Options{ConnectTimeout: 8 * time.Second}
	withTimeout := net.Dialer{Timeout: 8 * time.Second}

	for _, c := range []struct {
		name string
		dial func() (net.Conn, error)
	}{
		{"net", func() (net.Conn, error) { return net.Dial("tcp", addr) }},
		{"net, limit", func() (net.Conn, error) { return withTimeout.Dial("tcp", addr) }},
		{"ours", func() (net.Conn, error) { return TCP.Dial(ctx, host, port, nil) }},
		{"ours, limit", func() (net.Conn, error) { return TCP.Dial(ctx, host, port, limited) }},
		{"net, cancellable", func() (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(cancellable, "tcp", addr)
		}},
		{"net, cancellable, limit", func() (net.Conn, error) { return withTimeout.DialContext(cancellable, "tcp", addr) }},
		{"ours, cancellable, limit", func() (net.Conn, error) { return TCP.Dial(cancellable, host, port, limited) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				conn, err := c.dial()
				if err != nil {
					b.Fatal(err)
				}
				conn.(*net.TCPConn).SetLinger(0) // leaves no TIME_WAIT behind
				conn.Close()
			}
		})
	}
}

// BenchmarkProbe measures a look at an idle connection.
func BenchmarkProbe(b *testing.B) {
	client, _ := tcpPair(b)
	b.ReportAllocs()
	for b.Loop() {
		if Probe(client) != Idle {
			b.Fatal("not idle")
		}
	}
}
