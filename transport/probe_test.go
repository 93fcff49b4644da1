//go:build unix && !aix

package transport

import (
	"crypto/tls"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// await probes until the news has come through the kernel.
func await(t *testing.T, p *Prober, want Liveness) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; {
		got := p.Probe()
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
			p := NewProber(client)
			await(t, p, Idle)
			client.SetDeadline(time.Unix(1, 0)) // long passed
			await(t, p, Idle)
			client.SetDeadline(time.Time{})

			server.Write([]byte("x"))
			await(t, p, Readable)
			if Probe(client) != Readable {
				t.Error("the byte is gone after a look")
			}
			if b, err := io.ReadAll(io.LimitReader(client, 1)); err != nil || string(b) != "x" {
				t.Errorf("read %q, %v, want the byte that was looked at", b, err)
			}
			await(t, p, Idle)

			server.Close()
			await(t, p, Closed)
			client.Close()
			await(t, p, Closed)
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
	await(t, NewProber(client), Closed)
}

// TestProbeLosesNoEdge looks while a reader is parked: the reader must still
// be woken.
func TestProbeLosesNoEdge(t *testing.T) {
	client, server := tcpPair(t)
	p := NewProber(client)
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
		p.Probe()
		server.Write([]byte{byte(i)})
		p.Probe()
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
	await(t, NewProber(secure), Idle)
	await(t, NewProber(tls.Client(secure, nil)), Idle) // TLS to an origin over TLS to a proxy
	server.Write([]byte("ticket"))
	await(t, NewProber(secure), Readable)
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

func TestProbeAllocs(t *testing.T) {
	for _, kind := range []struct{ network, addr string }{
		{"tcp", "127.0.0.1:0"},
		{"unix", filepath.Join(t.TempDir(), "s")},
	} {
		client, _ := pair(t, kind.network, kind.addr)
		p := NewProber(client)
		if n := testing.AllocsPerRun(100, func() { p.Probe() }); n != 0 {
			t.Errorf("%s: a look at an idle connection makes %v allocations", kind.network, n)
		}
	}
}

func TestLivenessString(t *testing.T) {
	for l, want := range map[Liveness]string{Idle: "idle", Readable: "readable", Closed: "closed", Unknown: "unknown", 99: "unknown"} {
		if got := l.String(); got != want {
			t.Errorf("Liveness(%d) is %q, want %q", l, got, want)
		}
	}
}
