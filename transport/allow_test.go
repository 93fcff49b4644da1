package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var errNo = errors.New("no")

// asked is a policy that keeps what it was asked, and refuses what is in no.
type asked struct {
	no   []string
	list []string
}

func (a *asked) allow(addr netip.AddrPort) error {
	a.list = append(a.list, addr.String())
	for _, n := range a.no {
		if n == addr.String() || n == "all" {
			return errNo
		}
	}
	return nil
}

// wantRefused demands an error of the phase "dial" about each of addrs.
func wantRefused(t *testing.T, err error, addrs ...string) {
	t.Helper()
	wantError(t, err, "dial")
	var got []string
	var walk func(error)
	walk = func(err error) {
		switch e := err.(type) {
		case *AddressError:
			got = append(got, e.Addr.String())
		case interface{ Unwrap() []error }:
			for _, err := range e.Unwrap() {
				walk(err)
			}
		case interface{ Unwrap() error }:
			walk(e.Unwrap())
		}
	}
	walk(err)
	if diff := cmp.Diff(addrs, got); diff != "" {
		t.Errorf("refused (-want +got):\n%s%v", diff, err)
	}
}

// wantUndialed demands that ln has no connection but the one that it makes.
func wantUndialed(t *testing.T, ln net.Listener) {
	t.Helper()
	mine, err := net.Dial(ln.Addr().Network(), ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	first, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if first.RemoteAddr().String() != mine.LocalAddr().String() {
		t.Errorf("%v was dialed", ln.Addr())
	}
}

func TestAllow(t *testing.T) {
	for host, want := range map[string]string{
		"127.0.0.1":        "127.0.0.1",
		"localhost":        "127.0.0.1",
		"::ffff:127.0.0.1": "127.0.0.1",
	} {
		ln := listen(t, "tcp", "127.0.0.1:0")
		_, port := hostAndPort(t, ln.Addr())
		want := netip.AddrPortFrom(netip.MustParseAddr(want), uint16(port))

		for _, tr := range []Transport{TCP, TLS} {
			a := &asked{no: []string{"all"}}
			conn, err := tr.Dial(t.Context(), host, port, &Options{Allow: a.allow})
			var refused *AddressError
			wantError(t, err, "dial")
			if conn != nil || !errors.Is(err, errNo) || !errors.As(err, &refused) {
				t.Fatalf("%s: %v, %v", host, conn, err)
			}
			if last := a.list[len(a.list)-1]; last != want.String() {
				t.Errorf("%s: asked for %v last, want %v", host, a.list, want)
			}
		}
		wantUndialed(t, ln)

		yes := &asked{}
		conn, err := TCP.Dial(t.Context(), host, port, &Options{Allow: yes.allow})
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if last := yes.list[len(yes.list)-1]; last != want.String() {
			t.Errorf("%s: asked for %v, want %v last", host, yes.list, want)
		}
	}
}

// TestAllowZone holds that zones are shown, and that the text names the address.
func TestAllowZone(t *testing.T) {
	a := &asked{no: []string{"all"}}
	_, err := TCP.Dial(t.Context(), "fe80::1%eth0", 80, &Options{Allow: a.allow})
	wantRefused(t, err, "[fe80::1%eth0]:80")
	if want := "network: dial [fe80::1%eth0]:80: not allowed: no"; err.Error() != want {
		t.Errorf("text is %q, want %q", err, want)
	}
}

// names is a resolver that answers each question with the next of its answers.
func names(answers ...[]string) func(context.Context, string) ([]net.IPAddr, error) {
	return func(context.Context, string) ([]net.IPAddr, error) {
		ips := addresses(answers[0]...)
		answers = answers[1:]
		return ips, nil
	}
}

// TestAllowRebinding has a name lead elsewhere from one dial to the next.
func TestAllowRebinding(t *testing.T) {
	var dialed []string
	d := dialer{
		lookup: names([]string{"93.184.216.34"}, []string{"169.254.169.254"}, []string{"::ffff:127.0.0.1"}, []string{"127.0.0.1", "::1"}),
		dial: func(_ context.Context, _, addr string) (net.Conn, error) {
			dialed = append(dialed, addr)
			return &stageConn{addr: addr}, nil
		},
		allow: PublicAddresses(),
	}
	next := func() error {
		_, err := d.dialName(newLimit(t.Context(), time.Minute), "h", "h:80", 80)
		return err
	}
	if err := next(); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, next(), "169.254.169.254:80")
	wantRefused(t, next(), "127.0.0.1:80")
	wantRefused(t, next(), "[::1]:80", "127.0.0.1:80")
	if diff := cmp.Diff([]string{"93.184.216.34:80"}, dialed); diff != "" {
		t.Errorf("dialed (-want +got):\n%s", diff)
	}
}

// TestAllowRace holds that a refused address costs no time, that the others have
// their turn, and that each is asked for when that comes.
func TestAllowRace(t *testing.T) {
	for _, c := range []struct {
		name    string
		no      []string
		plays   map[string]play
		want    string
		log     []string
		refused []string
	}{
		{
			"the first",
			[]string{"[2001:db8::1]:80"},
			map[string]play{"192.0.2.1:80": {}},
			"192.0.2.1:80",
			[]string{"0s [2001:db8::1]:80 asked", "0s 192.0.2.1:80 asked", "0s 192.0.2.1:80 starts"},
			nil,
		},
		{
			"one in its turn",
			[]string{"192.0.2.1:80"},
			map[string]play{"[2001:db8::1]:80": {after: -1}, "192.0.2.2:80": {}},
			"192.0.2.2:80",
			[]string{
				"0s [2001:db8::1]:80 asked", "0s [2001:db8::1]:80 starts",
				"250ms 192.0.2.1:80 asked", "250ms 192.0.2.2:80 asked", "250ms 192.0.2.2:80 starts",
				"250ms [2001:db8::1]:80 is cancelled",
			},
			nil,
		},
		{
			"all",
			[]string{"[2001:db8::1]:80", "192.0.2.1:80", "192.0.2.2:80"},
			nil, "",
			[]string{"0s [2001:db8::1]:80 asked", "0s 192.0.2.1:80 asked", "0s 192.0.2.2:80 asked"},
			[]string{"[2001:db8::1]:80", "192.0.2.1:80", "192.0.2.2:80"},
		},
		{
			"all but one that fails",
			[]string{"[2001:db8::1]:80", "192.0.2.1:80"},
			map[string]play{"192.0.2.2:80": {err: io.EOF}},
			"",
			[]string{"0s [2001:db8::1]:80 asked", "0s 192.0.2.1:80 asked", "0s 192.0.2.2:80 asked", "0s 192.0.2.2:80 starts"},
			[]string{"[2001:db8::1]:80", "192.0.2.1:80"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &stage{start: time.Now(), plays: c.plays, log: make(chan string, 100)}
				policy := &asked{no: c.no}
				d := dialer{
					lookup: names([]string{"192.0.2.1", "2001:db8::1", "192.0.2.2"}),
					dial:   s.dial,
					allow: func(addr netip.AddrPort) error {
						s.note(addr.String(), "asked")
						return policy.allow(addr)
					},
				}
				conn, err := d.dialName(newLimit(t.Context(), time.Minute), "h", "h:80", 80)
				if c.want != "" {
					if err != nil || conn.(*stageConn).addr != c.want {
						t.Errorf("%v, %v, want %s", conn, err, c.want)
					}
				} else {
					wantRefused(t, err, c.refused...)
				}
				if diff := cmp.Diff(c.log, s.lines()); diff != "" {
					t.Errorf("log (-want +got):\n%s", diff)
				}
				if failed := c.plays["192.0.2.2:80"].err; failed != nil && !errors.Is(err, failed) {
					t.Errorf("%v does not tell of the address that was dialed", err)
				}
			})
		})
	}
}

// TestAllowUnreadable refuses an address of the resolver that cannot be shown.
func TestAllowUnreadable(t *testing.T) {
	if err := permitText((&asked{}).allow, "h:80"); err == nil {
		t.Error("it was allowed")
	}
}

// facing is a connection with a far end of the test's choice, on which nothing
// may happen but its end.
type facing struct {
	net.Conn // nil
	remote   net.Addr
	closed   int
}

func (f *facing) RemoteAddr() net.Addr { return f.remote }
func (f *facing) Close() error         { f.closed++; return nil }

// textAddr is an address of a type that this package does not know.
type textAddr string

func (a textAddr) Network() string { return "wrapped" }
func (a textAddr) String() string  { return string(a) }

// TestAllowDialContext holds the policy against the connections of the caller's
// own function.
func TestAllowDialContext(t *testing.T) {
	mapped := &net.TCPAddr{IP: net.ParseIP("127.0.0.1"), Port: 80} // in 16 bytes
	for _, c := range []struct {
		remote net.Addr
		asked  []string
	}{
		{mapped, []string{"127.0.0.1:80"}},
		{&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0", Port: 80}, []string{"[fe80::1%eth0]:80"}},
		{textAddr("10.0.0.1:80"), []string{"10.0.0.1:80"}},
		{textAddr("pipe"), nil},
		{&net.UnixAddr{Name: "10.0.0.1:80", Net: "unix"}, nil},
		{(*net.TCPAddr)(nil), nil},
		{nil, nil},
	} {
		for _, tr := range []Transport{TCP, TLS, Unix("/s")} {
			conn := &facing{remote: c.remote}
			no := &asked{no: []string{"all"}}
			if c.asked == nil && tr == TLS {
				continue // it would shake hands
			}
			got, err := tr.Dial(t.Context(), "h", 80, &Options{
				Allow:       no.allow,
				DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
			})
			if diff := cmp.Diff(c.asked, no.list); diff != "" {
				t.Errorf("%v: asked (-want +got):\n%s", c.remote, diff)
			}
			if c.asked == nil {
				if err != nil || got != conn || conn.closed != 0 {
					t.Errorf("%v: %v, %v, closed %d times", c.remote, got, err, conn.closed)
				}
				continue
			}
			wantRefused(t, err, c.asked...)
			if got != nil || conn.closed != 1 {
				t.Errorf("%v: %v, closed %d times, want once", c.remote, got, conn.closed)
			}
		}
	}
}

// TestAllowUnix holds that a policy has no say on socket files.
func TestAllowUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln := listen(t, "unix", path)
	go acceptAndClose(ln)
	no := &asked{no: []string{"all"}}
	conn, err := Unix(path).Dial(t.Context(), "h", 80, &Options{Allow: no.allow})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if no.list != nil {
		t.Errorf("asked for %v", no.list)
	}
}

// TestAllowAllocs holds that asking costs no memory.
func TestAllowAllocs(t *testing.T) {
	yes := func(netip.AddrPort) error { return nil }
	public := PublicAddresses()
	conn := &facing{remote: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}}
	addr := netip.MustParseAddrPort("8.8.8.8:53")
	six := netip.MustParseAddrPort("[2606:4700::1]:443")
	n := testing.AllocsPerRun(100, func() {
		if permit(nil, addr) != nil || permit(public, addr) != nil || permit(public, six) != nil || permitText(nil, "") != nil || permitRemote(yes, conn) != nil {
			t.Fatal("refused")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
