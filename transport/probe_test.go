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
func await(t testing.TB, s Sight, want Liveness) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; {
		got := Look(s)
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
			s := SightOf(client)
			await(t, s, Idle)
			client.SetDeadline(time.Unix(1, 0)) // long passed
			await(t, s, Idle)
			client.SetDeadline(time.Time{})

			server.Write([]byte("x"))
			await(t, s, Readable)
			if Probe(client) != Readable {
				t.Error("the byte is gone after a look")
			}
			if b, err := io.ReadAll(io.LimitReader(client, 1)); err != nil || string(b) != "x" {
				t.Errorf("read %q, %v, want the byte that was looked at", b, err)
			}
			await(t, s, Idle)

			server.Close()
			await(t, s, Closed)
			client.Close()
			await(t, s, Closed)
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
	await(t, SightOf(client), Closed)
}

// TestProbeLosesNoEdge looks while a reader is parked: the reader must still
// be woken.
func TestProbeLosesNoEdge(t *testing.T) {
	client, server := tcpPair(t)
	s := SightOf(client)
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
		Look(s)
		server.Write([]byte{byte(i)})
		Look(s)
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
	await(t, SightOf(secure), Idle)
	await(t, SightOf(tls.Client(secure, nil)), Idle) // TLS to an origin over TLS to a proxy
	server.Write([]byte("ticket"))
	await(t, SightOf(secure), Readable)
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
	if got := Look(c.sight); got != Idle {
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

// TestEyeAllocs has one Eye look at a thousand connections.
func TestEyeAllocs(t *testing.T) {
	var e Eye
	var sights []Sight
	for range 998 {
		client, _ := tcpPair(t)
		sights = append(sights, SightOf(client))
	}
	client, _ := pair(t, "unix", filepath.Join(t.TempDir(), "s"))
	readable, server := tcpPair(t)
	server.Write([]byte("x"))
	await(t, SightOf(readable), Readable)
	sights = append(sights, SightOf(client), SightOf(readable))
	found := map[Liveness]int{}
	for _, s := range sights {
		found[e.Look(s)]++
	}
	if found[Idle] != 999 || found[Readable] != 1 {
		t.Errorf("the connections are %v", found)
	}
	if n := testing.AllocsPerRun(10, func() {
		for _, s := range sights {
			e.Look(s)
		}
	}); n != 0 {
		t.Errorf("a look at each makes %v allocations", n)
	}
}

// TestEyesTogether has several Eyes look at a connection that is in use.
func TestEyesTogether(t *testing.T) {
	client, server := tcpPair(t)
	s := SightOf(client)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			e := NewEye()
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := e.Look(s); got != Idle && got != Readable {
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
