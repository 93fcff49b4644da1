//go:build unix && !aix

package transport

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// await looks until the news has come through the kernel.
func await(t testing.TB, conn net.Conn, want Liveness) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; {
		got := Probe(conn)
		if got == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the connection is %v, want %v", got, want)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, kind := range []struct{ network, addr string }{
		{"tcp", "127.0.0.1:0"},
		{"unix", filepath.Join(t.TempDir(), "s")},
	} {
		t.Run(kind.network, func(t *testing.T) {
			client, server := pair(t, kind.network, kind.addr)
			await(t, client, Idle)
			client.SetDeadline(time.Unix(1, 0)) // long passed
			await(t, client, Idle)
			client.SetDeadline(time.Time{})

			server.Write([]byte("x"))
			await(t, client, Readable)
			if Probe(client) != Readable {
				t.Error("the byte is gone after a look")
			}
			if b, err := io.ReadAll(io.LimitReader(client, 1)); err != nil || string(b) != "x" {
				t.Errorf("read %q, %v, want the byte that was looked at", b, err)
			}
			await(t, client, Idle)

			server.Close()
			await(t, client, Closed)
			client.Close()
			await(t, client, Closed)
			if got := Probe(client); got != Closed {
				t.Errorf("a connection closed on this side is %v", got)
			}
		})
	}
}

// TestProbeReset holds that a connection broken by the peer is closed, although
// bytes were on their way.
func TestProbeReset(t *testing.T) {
	client, server := tcpPair(t)
	server.(*net.TCPConn).SetLinger(0)
	server.Close()
	await(t, client, Closed)
}

// TestProbeLosesNoEdge looks while a reader is parked: the reader must still
// be woken.
func TestProbeLosesNoEdge(t *testing.T) {
	client, server := tcpPair(t)
	got := make(chan byte)
	go func() {
		defer close(got)
		b := make([]byte, 1)
		for {
			if _, err := client.Read(b); err != nil {
				return
			}
			got <- b[0]
		}
	}()
	for i := range 200 {
		Probe(client)
		server.Write([]byte{byte(i)})
		Probe(client)
		if b := <-got; b != byte(i) {
			t.Fatalf("read %d, want %d", b, i)
		}
	}
	client.Close()
	<-got
}

func TestProbeUnderTLS(t *testing.T) {
	client, server := tcpPair(t)
	secure := tls.Client(client, &tls.Config{InsecureSkipVerify: true})
	await(t, secure, Idle)
	await(t, tls.Client(secure, nil), Idle) // TLS to an origin over TLS to a proxy
	server.Write([]byte("ticket"))
	await(t, secure, Readable)
}

// TestProbeBlocking looks at a socket that was put into blocking mode.
func TestProbeBlocking(t *testing.T) {
	c := newPlace(t, tls.VersionTLS13).open(t)
	raw, err := Socket(c.client).(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = syscall.SetNonblock(int(fd), false) })
	if err != nil {
		t.Fatal(err)
	}
	if got := Probe(c.client); got != Idle {
		t.Errorf("the connection is %v", got)
	}
	c.quiet(t, true)
}

func TestProbeUnknown(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	client, _ := tcpPair(t)
	for _, conn := range []net.Conn{nil, near, struct{ net.Conn }{client}} {
		if got := Probe(conn); got != Unknown {
			t.Errorf("%T is %v, want unknown", conn, got)
		}
	}
}

// TestProbeAllocs looks at a thousand connections.
func TestProbeAllocs(t *testing.T) {
	var conns []net.Conn
	for range 997 {
		client, _ := tcpPair(t)
		conns = append(conns, client)
	}
	client, _ := pair(t, "unix", filepath.Join(t.TempDir(), "s"))
	readable, server := tcpPair(t)
	server.Write([]byte("x"))
	await(t, readable, Readable)
	conns = append(conns, client, readable, newPlace(t, tls.VersionTLS12).open(t).client)
	found := map[Liveness]int{}
	for _, conn := range conns {
		found[Probe(conn)]++
	}
	if found[Idle] != 999 || found[Readable] != 1 {
		t.Errorf("the connections are %v", found)
	}
	e := new(eye) // what a sync.Pool keeps is up to the collector
	if n := testing.AllocsPerRun(10, func() {
		for _, conn := range conns {
			e.look(Socket(conn))
		}
	}); n != 0 {
		t.Errorf("a look at each makes %v allocations", n)
	}
}

// TestProbesTogether has several look at a connection that is in use.
func TestProbesTogether(t *testing.T) {
	client, server := tcpPair(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := Probe(client); got != Idle && got != Readable {
					t.Errorf("the connection is %v", got)
					return
				}
			}
		})
	}
	go io.Copy(server, server)
	sent := []byte("some bytes, there and back")
	for range 200 {
		got := make([]byte, len(sent))
		client.Write(sent)
		if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, sent) {
			t.Errorf("read %q, %v", got, err)
			break
		}
	}
	close(stop)
	wg.Wait()
}

func TestLivenessString(t *testing.T) {
	for l, want := range map[Liveness]string{Idle: "idle", Readable: "readable", Closed: "closed", Unknown: "unknown", 99: "unknown"} {
		if got := l.String(); got != want {
			t.Errorf("Liveness(%d) is %q, want %q", l, got, want)
		}
	}
}
