//go:build unix && !aix

package transport

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"testing"
	"time"
)

// answer is what Ask gave.
type answer struct {
	n   int
	err error
}

// startAsking asks in a goroutine of its own.
func startAsking(conn net.Conn, p []byte) <-chan answer {
	done := make(chan answer, 1)
	go func() {
		n, err := Ask(conn, p)
		done <- answer{n, err}
	}()
	return done
}

// TestAskWaits holds that Ask comes back with the answer and not before, so that the
// read behind it never waits.
func TestAskWaits(t *testing.T) {
	far := func(client, server net.Conn) (net.Conn, net.Conn) { return client, server }
	for name, ends := range map[string]func(*testing.T) (client, server net.Conn){
		"tcp":  func(t *testing.T) (net.Conn, net.Conn) { return far(tcpPair(t)) },
		"unix": func(t *testing.T) (net.Conn, net.Conn) { return far(pair(t, "unix", filepath.Join(t.TempDir(), "s"))) },
		"tls 1.2": func(t *testing.T) (net.Conn, net.Conn) {
			c := newPlace(t, tls.VersionTLS12).open(t)
			return c.client, c.server
		},
		"tls 1.3": func(t *testing.T) (net.Conn, net.Conn) {
			c := newPlace(t, tls.VersionTLS13).open(t)
			return c.client, c.server
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := ends(t)
			for range 100 {
				done := startAsking(client, []byte("how are you?"))
				wantText(t, server, "how are you?")
				select {
				case got := <-done:
					t.Fatalf("%d, %v before there was an answer", got.n, got.err)
				default:
				}
				io.WriteString(server, "fine")
				if got := <-done; got != (answer{len("how are you?"), nil}) {
					t.Fatalf("%d, %v", got.n, got.err)
				}
				if got := Probe(client); got != Readable {
					t.Fatalf("behind the question the socket is %v", got)
				}
				wantText(t, client, "fine")
			}
		})
	}
}

// TestAskAllocs asks a server that answers at once.
func TestAskAllocs(t *testing.T) {
	client, server := tcpPair(t)
	served := make(chan struct{})
	go func() {
		defer close(served)
		p := make([]byte, 1)
		for {
			if _, err := server.Read(p); err != nil {
				return
			}
			server.Write(p)
		}
	}()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // what a sync.Pool keeps is up to the collector
	p := []byte("?")
	if n := testing.AllocsPerRun(100, func() {
		if _, err := Ask(client, p); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Read(p); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a question makes %v allocations", n)
	}
	client.Close()
	<-served
}

// TestAskWithoutAnswer holds that the end of the wait is the next read's to tell.
func TestAskWithoutAnswer(t *testing.T) {
	past := time.Unix(1, 0)
	for name, c := range map[string]struct {
		before func(client, server net.Conn)
		after  func(client, server net.Conn) // when the question has come
		want   error
	}{
		"the read deadline is over": {
			before: func(client, _ net.Conn) { client.SetReadDeadline(past) },
			want:   os.ErrDeadlineExceeded,
		},
		"a deadline comes while it waits": {
			after: func(client, _ net.Conn) { client.SetDeadline(past) },
			want:  os.ErrDeadlineExceeded,
		},
		"the server ends": {
			after: func(_, server net.Conn) { server.Close() },
			want:  io.EOF,
		},
		"the server resets": {
			after: func(_, server net.Conn) { server.(*net.TCPConn).SetLinger(0); server.Close() },
			want:  syscall.ECONNRESET,
		},
		"closed on this side": {
			after: func(client, _ net.Conn) { client.Close() },
			want:  net.ErrClosed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := tcpPair(t)
			if c.before != nil {
				c.before(client, server)
			}
			done := startAsking(client, []byte("well?"))
			wantText(t, server, "well?")
			if c.after != nil {
				c.after(client, server)
			}
			if got := <-done; got != (answer{len("well?"), nil}) {
				t.Errorf("%d, %v", got.n, got.err)
			}
			if _, err := client.Read(make([]byte, 1)); !errors.Is(err, c.want) {
				t.Errorf("the read gave %v, want %v", err, c.want)
			}
		})
	}
}

// TestAskTooMuch holds that what the socket has no room for is written as ever.
func TestAskTooMuch(t *testing.T) {
	client, server := tcpPair(t)
	client.(*net.TCPConn).SetWriteBuffer(4 << 10)
	p := make([]byte, 1<<20)
	rand.Read(p)
	done := startAsking(client, p)
	got := make([]byte, len(p))
	if _, err := io.ReadFull(server, got); err != nil || !bytes.Equal(got, p) {
		t.Errorf("it came intact: %v, %v", bytes.Equal(got, p), err)
	}
	if got := <-done; got != (answer{len(p), nil}) {
		t.Errorf("%d, %v", got.n, got.err)
	}
}

// TestAskClogged holds that the write deadline bounds it, with the count of what went out.
func TestAskClogged(t *testing.T) {
	client, server := tcpPair(t)
	clog(t, client, server)
	client.SetWriteDeadline(time.Unix(1, 0))
	if n, err := Ask(client, make([]byte, 16<<20)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d, %v", n, err)
	}
}

// TestAskNobody holds that a failed write gives what package net gives.
func TestAskNobody(t *testing.T) {
	client, server := tcpPair(t)
	server.(*net.TCPConn).SetLinger(0)
	server.Close()
	await(t, client, Closed) // the look has taken the reset
	n, err := Ask(client, []byte("?"))
	var e *net.OpError
	if n != 0 || !errors.As(err, &e) || e.Op != "write" || e.Addr == nil || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("%d, %v", n, err)
	}
	client.Close()
	if n, err := Ask(client, []byte("?")); n != 0 || !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %d, %v", n, err)
	}
}

// TestAskInPieces holds that nothing waits where TLS writes more than once: what is
// larger than one record, and everything under TLS 1.0.
func TestAskInPieces(t *testing.T) {
	for name, c := range map[string]struct {
		version uint16
		size    int
	}{
		"more than a record": {tls.VersionTLS13, 20 << 10},
		"tls 1.0":            {tls.VersionTLS10, 3},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, c.version)
			p.options.TLS.MinVersion = c.version
			channel := p.open(t)
			question := make([]byte, c.size)
			done := startAsking(channel.client, question)
			if _, err := io.ReadFull(channel.server, question); err != nil {
				t.Fatal(err)
			}
			if got := <-done; got != (answer{c.size, nil}) { // without an answer
				t.Errorf("%d, %v", got.n, got.err)
			}
			channel.works(t, "on it goes")
		})
	}
}

// TestAskQuiet holds that a connection that asked can be looked at, and closed, as before.
func TestAskQuiet(t *testing.T) {
	c := newPlace(t, tls.VersionTLS13).open(t)
	done := startAsking(c.client, []byte("?"))
	wantText(t, c.server, "?")
	io.WriteString(c.server, "!")
	<-done
	wantText(t, c.client, "!")
	c.quiet(t, true)
	c.client.Close()
	if _, err := c.server.Read(make([]byte, 1)); err != io.EOF { // close_notify came
		t.Errorf("the server sees %v", err)
	}
}
