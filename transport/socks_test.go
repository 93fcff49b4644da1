package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A turn is one step of a scripted proxy: what the client must send, and the
// answer.
type turn struct{ want, answer string }

// The turns of proxies that do as they should.
const (
	greet      = "\x05\x01\x00"
	greetLogin = "\x05\x02\x00\x02"
	login      = "\x01\x04alan\x06secret"

	askName = "\x05\x01\x00\x03\x0bexample.com\x01\xbb"  // example.com:443
	askFour = "\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50" // 192.0.2.1:80

	connected = "\x05\x00\x00\x01\x7f\x00\x00\x01\x1f\x90"
)

var errTurns = errors.New("the client sent something else")

// patience is how long a proxy waits for a client that hangs.
const patience = 10 * time.Second

// playTurns plays turns on far, of their answers only the first limit bytes, one by
// one.
func playTurns(far net.Conn, turns []turn, limit int) error {
	far.SetDeadline(time.Now().Add(patience))
	defer far.SetDeadline(time.Time{})
	for _, s := range turns {
		got := make([]byte, len(s.want))
		if _, err := io.ReadFull(far, got); err != nil {
			return err
		}
		if string(got) != s.want {
			return fmt.Errorf("%w: %q, want %q", errTurns, got, s.want)
		}
		for i := range len(s.answer) {
			if limit == 0 {
				return nil
			}
			limit--
			if _, err := far.Write([]byte{s.answer[i]}); err != nil {
				return err
			}
		}
	}
	return nil
}

const whole = -1 // as limit: all of the answers

// wantEnd demands that the client has closed and sent no more.
func wantEnd(t *testing.T, far net.Conn) {
	t.Helper()
	far.SetDeadline(time.Now().Add(patience))
	if rest, err := io.ReadAll(far); len(rest) != 0 || err != nil {
		t.Errorf("after the end came %q, %v", rest, err)
	}
	far.Close()
}

// through returns p made to reach its proxy over the near end of a pipe, and the
// far end.
func through(p *SOCKS5, timeout time.Duration) (*SOCKS5, net.Conn) {
	near, far := net.Pipe()
	q := *p
	q.Host, q.Port = "proxy", 1080
	q.Options = &Options{ConnectTimeout: timeout, DialContext: func(context.Context, string, string) (net.Conn, error) {
		return near, nil
	}}
	return &q, far
}

// answers returns how many bytes a proxy answers with.
func answers(turns []turn) (n int) {
	for _, s := range turns {
		n += len(s.answer)
	}
	return n
}

// unasked proxies must not be dialed at all.
func unasked(t *testing.T, p SOCKS5) *SOCKS5 {
	p.Host, p.Port = "proxy", 1080
	p.Options = &Options{DialContext: func(context.Context, string, string) (net.Conn, error) {
		t.Error("the proxy was dialed")
		return nil, io.EOF
	}}
	return &p
}

var (
	anonymous = &SOCKS5{RemoteDNS: true}
	somebody  = &SOCKS5{RemoteDNS: true, User: "alan", Password: "secret"}
)

// TestSOCKS has every kind of handshake that leads to a connection, byte by byte,
// with a byte of the target right behind.
func TestSOCKS(t *testing.T) {
	longName := strings.Repeat("n", 255)
	longUser := &SOCKS5{RemoteDNS: true, User: strings.Repeat("u", 255), Password: strings.Repeat("p", 255)}
	for _, c := range []struct {
		name  string
		proxy *SOCKS5
		addr  string
		turns []turn
	}{
		{"name", anonymous, "example.com:443", []turn{{greet, "\x05\x00"}, {askName, connected}}},
		{"IPv4", anonymous, "192.0.2.1:80", []turn{{greet, "\x05\x00"}, {askFour, connected}}},
		{"IPv4 with local names", &SOCKS5{}, "192.0.2.1:80", []turn{{greet, "\x05\x00"}, {askFour, connected}}},
		{"IPv4 in IPv6", anonymous, "[::ffff:192.0.2.1]:80", []turn{{greet, "\x05\x00"}, {askFour, connected}}},
		{"IPv6", anonymous, "[2001:db8::1]:65535", []turn{
			{greet, "\x05\x00"},
			{"\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff", connected},
		}},
		{"the longest name", anonymous, longName + ":1", []turn{
			{greet, "\x05\x00"}, {"\x05\x01\x00\x03\xff" + longName + "\x00\x01", connected},
		}},
		{"login", somebody, "192.0.2.1:80", []turn{{greetLogin, "\x05\x02"}, {login, "\x01\x00"}, {askFour, connected}}},
		{"login not wanted", somebody, "192.0.2.1:80", []turn{{greetLogin, "\x05\x00"}, {askFour, connected}}},
		{"empty password", &SOCKS5{User: "u"}, "192.0.2.1:80", []turn{
			{greetLogin, "\x05\x02"}, {"\x01\x01u\x00", "\x01\x00"}, {askFour, connected},
		}},
		{"longest login", longUser, "192.0.2.1:80", []turn{
			{greetLogin, "\x05\x02"},
			{"\x01\xff" + longUser.User + "\xff" + longUser.Password, "\x01\x00"},
			{askFour, connected},
		}},
		{"bound IPv6", anonymous, "192.0.2.1:80", []turn{{greet, "\x05\x00"}, {askFour, "\x05\x00\x00\x04" + strings.Repeat("\x00", 18)}}},
		{"bound name", anonymous, "192.0.2.1:80", []turn{{greet, "\x05\x00"}, {askFour, "\x05\x00\x00\x03\x05proxy\x00\x50"}}},
		{"bound empty name", anonymous, "192.0.2.1:80", []turn{{greet, "\x05\x00"}, {askFour, "\x05\x00\x00\x03\x00\x00\x00"}}},
		{"bound longest name", anonymous, "192.0.2.1:80", []turn{{greet, "\x05\x00"}, {askFour, "\x05\x00\x00\x03\xff" + longName + "\x00\x50"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, far := through(c.proxy, time.Minute)
			played := make(chan error)
			go func() {
				err := playTurns(far, c.turns, whole)
				if err == nil {
					_, err = io.WriteString(far, "!")
				}
				far.Close()
				played <- err
			}()
			conn, err := p.DialContext(t.Context(), "tcp", c.addr)
			if err != nil {
				t.Fatalf("%v; the proxy: %v", err, <-played)
			}
			defer conn.Close()
			if rest, err := io.ReadAll(conn); string(rest) != "!" || err != nil {
				t.Errorf("behind the handshake came %q, %v", rest, err)
			}
			if err := <-played; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSOCKSBare is a handshake over TCP, through the transport, with the first
// bytes of the target in the same segment as the reply.
func TestSOCKSBare(t *testing.T) {
	ln := listen(t, "tcp", "127.0.0.1:0")
	host, port := hostAndPort(t, ln.Addr())
	done := make(chan error, 1)
	go func() {
		far, err := ln.Accept()
		if err != nil {
			done <- err
			return
		}
		defer far.Close()
		err = playTurns(far, []turn{{greet, "\x05\x00"}, {askName, ""}}, whole)
		if err == nil {
			_, err = io.WriteString(far, connected+"220 hello\r\n")
		}
		done <- err
	}()
	policy := &asked{}
	p := &SOCKS5{Host: host, Port: port, RemoteDNS: true, Options: &Options{Allow: policy.allow}}
	conn, err := TCP.Dial(t.Context(), "example.com", 443, &Options{ConnectTimeout: time.Minute, DialContext: p.DialContext})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, ok := conn.(*net.TCPConn); !ok {
		t.Errorf("the connection is a %T, want *net.TCPConn", conn)
	}
	if got, err := io.ReadAll(conn); string(got) != "220 hello\r\n" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{ln.Addr().String()}, policy.list); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// socksError plays turns and returns what the dial failed with.
func socksError(t *testing.T, p *SOCKS5, addr string, turns []turn, limit int) error {
	t.Helper()
	p, far := through(p, time.Minute)
	played := make(chan error)
	go func() {
		err := playTurns(far, turns, limit)
		if limit != whole {
			far.Close()
		}
		played <- err
	}()
	conn, err := p.DialContext(t.Context(), "tcp", addr)
	if err == nil || conn != nil {
		t.Fatalf("%v, %v", conn, err)
	}
	if err := <-played; err != nil {
		t.Errorf("the proxy: %v", err)
	}
	if limit == whole {
		wantEnd(t, far)
	}
	e := wantError(t, err, "dial")
	if e.Addr != addr || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "alan") {
		t.Errorf("address %q, text %q", e.Addr, err)
	}
	var failed *SOCKSError
	if !errors.As(err, &failed) || failed.Proxy != "proxy:1080" || failed.Target != addr {
		t.Errorf("%v: %+v", err, failed)
	}
	return err
}

func TestSOCKSReplies(t *testing.T) {
	for code, words := range map[SOCKSReply]string{
		SOCKSFailure:            "general failure",
		SOCKSNotAllowed:         "not allowed by the rules of the proxy",
		SOCKSNetworkUnreachable: "network unreachable",
		SOCKSHostUnreachable:    "host unreachable",
		SOCKSRefused:            "connection refused",
		SOCKSTTLExpired:         "TTL expired",
		SOCKSCommand:            "command not supported",
		SOCKSAddressType:        "address type not supported",
		9:                       "unknown reply 9",
		255:                     "unknown reply 255",
	} {
		// Nothing after the code is waited for.
		err := socksError(t, somebody, "example.com:443", []turn{
			{greetLogin, "\x05\x02"}, {login, "\x01\x00"}, {askName, string([]byte{5, byte(code)})},
		}, whole)
		var reply SOCKSReply
		if !errors.As(err, &reply) || reply != code || errors.Is(err, ErrSOCKSAuth) || errors.Is(err, ErrTimeout) {
			t.Errorf("%v has reply %d, want %d", err, reply, code)
		}
		if want := "network: dial example.com:443: SOCKS proxy proxy:1080 to example.com:443: " + words; err.Error() != want {
			t.Errorf("text is %q, want %q", err, want)
		}
	}
	if got := SOCKSReply(0).Error(); got != "unknown reply 0" {
		t.Errorf("reply 0 is %q", got)
	}
}

func TestSOCKSAuth(t *testing.T) {
	for _, c := range []struct {
		proxy *SOCKS5
		turns []turn
		words string
	}{
		{anonymous, []turn{{greet, "\x05\xff"}}, "accepts no method"},
		{anonymous, []turn{{greet, "\x05\x02"}}, "not offered"},
		{anonymous, []turn{{greet, "\x05\x01"}}, "not offered"},
		{somebody, []turn{{greetLogin, "\x05\xff"}}, "accepts no method"},
		{somebody, []turn{{greetLogin, "\x05\x01"}}, "not offered"},
		{somebody, []turn{{greetLogin, "\x05\x80"}}, "not offered"},
		{somebody, []turn{{greetLogin, "\x05\x02"}, {login, "\x01\x01"}}, "does not accept the user and the password"},
		{somebody, []turn{{greetLogin, "\x05\x02"}, {login, "\x01\xff"}}, "does not accept the user and the password"},
	} {
		err := socksError(t, c.proxy, "example.com:443", c.turns, whole)
		var reply SOCKSReply
		if !errors.Is(err, ErrSOCKSAuth) || errors.As(err, &reply) || !strings.Contains(err.Error(), "authentication failed: ") || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%q: %v", c.turns, err)
		}
	}
}

func TestSOCKSGarbage(t *testing.T) {
	for _, c := range []struct {
		turns []turn
		words string
	}{
		{[]turn{{greetLogin, "HT"}}, "unexpected protocol version 72"},
		{[]turn{{greetLogin, "\x04\x5a"}}, "unexpected protocol version 4"},
		{[]turn{{greetLogin, "\x00\x00"}}, "unexpected protocol version 0"},
		{[]turn{{greetLogin, "\x05\x02"}, {login, "\x05\x00"}}, "invalid username/password version"},
		{[]turn{{greetLogin, "\x05\x02"}, {login, "\x05\x01"}}, "invalid username/password version"},
		{[]turn{{greetLogin, "\x05\x00"}, {askName, "\x04\x00\x00\x01"}}, "unexpected protocol version 4"},
		{[]turn{{greetLogin, "\x05\x00"}, {askName, "\x04\x5a\x00\x01"}}, "unexpected protocol version 4"},
		{[]turn{{greetLogin, "\x05\x00"}, {askName, "\x05\x00\x01\x01"}}, "non-zero reserved field"},
		{[]turn{{greetLogin, "\x05\x00"}, {askName, "\x05\x00\x00\x00"}}, "unknown address type 0"},
		{[]turn{{greetLogin, "\x05\x00"}, {askName, "\x05\x00\x00\x02"}}, "unknown address type 2"},
	} {
		err := socksError(t, somebody, "example.com:443", c.turns, whole)
		var reply SOCKSReply
		if errors.Is(err, ErrSOCKSAuth) || errors.As(err, &reply) || !strings.HasSuffix(err.Error(), "to example.com:443: "+c.words) {
			t.Errorf("%q: %v", c.turns, err)
		}
	}
}

// theWhole is the longest handshake; it is broken off in every place.
var theWhole = []turn{{greetLogin, "\x05\x02"}, {login, "\x01\x00"}, {askName, "\x05\x00\x00\x03\x05proxy\x00\x50"}}

// TestSOCKSClosed has the proxy close after each byte.
func TestSOCKSClosed(t *testing.T) {
	for n := range answers(theWhole) {
		err := socksError(t, somebody, "example.com:443", theWhole, n)
		if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, ErrTimeout) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// TestSOCKSHungUp has the proxy close before it has read anything.
func TestSOCKSHungUp(t *testing.T) {
	p, far := through(anonymous, time.Minute)
	far.Close()
	_, err := p.DialContext(t.Context(), "tcp", "example.com:443")
	var failed *SOCKSError
	if !errors.As(err, &failed) || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error is %v", err)
	}
}

// TestSOCKSSilence has the proxy fall silent after each byte, and before it has
// read any.
func TestSOCKSSilence(t *testing.T) {
	for n := range answers(theWhole) {
		synctest.Test(t, func(t *testing.T) {
			p, far := through(somebody, time.Second)
			start := time.Now()
			go playTurns(far, theWhole, n)
			_, err := p.DialContext(context.Background(), "tcp", "example.com:443")
			wantTimeout(t, err, "dial")
			if took := time.Since(start); took != time.Second || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("after %d bytes: %v after %v", n, err, took)
			}
			wantEnd(t, far)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		p, far := through(somebody, 0)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := p.DialContext(ctx, "tcp", "example.com:443") // nobody reads the greeting
		wantTimeout(t, err, "dial")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v does not name the caller's context", err)
		}
		wantEnd(t, far)
	})
}

// TestSOCKSLimits holds that the limit of the outer dial is named in a handshake
// that it ends, and that none is left on a connection.
func TestSOCKSLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, far := through(anonymous, time.Minute)
		_, err := TCP.Dial(t.Context(), "example.com", 443, &Options{ConnectTimeout: time.Second, DialContext: p.DialContext})
		wantTimeout(t, err, "dial")
		if want := "network: dial example.com:443: timed out after 1s; SOCKS proxy proxy:1080 to example.com:443: context deadline exceeded"; err.Error() != want {
			t.Errorf("text is %q, want %q", err, want)
		}
		wantEnd(t, far)

		p = &SOCKS5{Host: "proxy", Port: 1080, RemoteDNS: true, Options: &Options{
			ConnectTimeout: time.Second,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
		}}
		start := time.Now()
		_, err = p.DialContext(context.Background(), "tcp", "example.com:443")
		wantTimeout(t, err, "dial")
		if took := time.Since(start); took != time.Second || !strings.Contains(err.Error(), "cannot be reached: timed out after 1s") {
			t.Errorf("%v after %v", err, took)
		}

		p, far = through(anonymous, time.Second)
		ctx, cancel := context.WithCancel(context.Background())
		go playTurns(far, []turn{{greet, "\x05\x00"}, {askName, connected}}, whole)
		conn, err := p.DialContext(ctx, "tcp", "example.com:443")
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		time.AfterFunc(time.Hour, func() { io.WriteString(far, "late"); far.Close() })
		if got, err := io.ReadAll(conn); string(got) != "late" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		conn.Close()
	})
}

// TestSOCKSCancelled cancels after each byte.
func TestSOCKSCancelled(t *testing.T) {
	cause := errors.New("no longer wanted")
	for n := range answers(theWhole) {
		ctx, cancel := context.WithCancelCause(context.Background())
		p, far := through(somebody, time.Minute)
		go func() {
			playTurns(far, theWhole, n)
			cancel(cause)
		}()
		_, err := p.DialContext(ctx, "tcp", "example.com:443")
		var failed *SOCKSError
		if wantError(t, err, "dial"); !errors.Is(err, cause) || !errors.Is(err, context.Canceled) || errors.Is(err, ErrTimeout) || !errors.As(err, &failed) {
			t.Errorf("after %d bytes: %v", n, err)
		}
		wantEnd(t, far)

		// Once more with the context that has ended.
		if _, err := unasked(t, *somebody).DialContext(ctx, "tcp", "example.com:443"); !errors.Is(err, cause) {
			t.Errorf("with an ended context: %v", err)
		}
	}
}

// cancelsLast is a connection during whose last read the context ends.
type cancelsLast struct {
	net.Conn
	answers []byte
	cancel  func()
	ended   chan struct{}
}

func (c *cancelsLast) Write(b []byte) (int, error) { return len(b), nil }
func (c *cancelsLast) Close() error                { close(c.ended); return nil }

func (c *cancelsLast) Read(b []byte) (int, error) {
	n := copy(b, c.answers)
	if c.answers = c.answers[n:]; len(c.answers) == 0 && c.cancel != nil {
		c.cancel()
		<-c.ended
		c.ended = make(chan struct{}) // for the second Close
	}
	return n, nil
}

// TestSOCKSCancelledLate holds that a connection which was closed under a
// handshake that succeeded is not returned.
func TestSOCKSCancelledLate(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	conn := &cancelsLast{answers: []byte("\x05\x00" + connected), cancel: cancel, ended: make(chan struct{})}
	p := &SOCKS5{Host: "proxy", Port: 1080, Options: &Options{DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}}
	if got, err := p.DialContext(ctx, "tcp", "192.0.2.1:80"); got != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", got, err)
	}
}

// TestSOCKSArguments holds that nothing is dialed for what cannot be sent.
func TestSOCKSArguments(t *testing.T) {
	long := strings.Repeat("x", 256)
	for _, c := range []struct {
		proxy         SOCKS5
		network, addr string
		want          error
	}{
		{SOCKS5{}, "unix", "/run/s", errSOCKSNetwork},
		{SOCKS5{}, "udp", "h:80", errSOCKSNetwork},
		{SOCKS5{Password: "secret"}, "tcp", "h:80", errSOCKSUser},
		{SOCKS5{User: long}, "tcp", "h:80", errSOCKSTooLong},
		{SOCKS5{User: "u", Password: long}, "tcp", "h:80", errSOCKSTooLong},
		{SOCKS5{}, "tcp", "h", errSOCKSTarget},
		{SOCKS5{}, "tcp", ":80", errSOCKSTarget},
		{SOCKS5{}, "tcp", "h:", errSOCKSTarget},
		{SOCKS5{}, "tcp", "h:0", errSOCKSTarget},
		{SOCKS5{}, "tcp", "h:65536", errSOCKSTarget},
		{SOCKS5{}, "tcp", "h:http", errSOCKSTarget},
		{SOCKS5{}, "tcp", "[fe80::1%eth0]:80", errSOCKSZone},
		{SOCKS5{}, "tcp", "[fe80::1%]:80", errSOCKSTarget},
		{SOCKS5{}, "tcp", "[1::2::3]:80", errSOCKSTarget},
		{SOCKS5{}, "tcp", "h\x00.example:80", errSOCKSTarget},
		{SOCKS5{}, "tcp", long + ":80", errSOCKSName},
	} {
		for _, c.proxy.RemoteDNS = range []bool{false, true} {
			_, err := unasked(t, c.proxy).DialContext(t.Context(), c.network, c.addr)
			if e := wantError(t, err, "dial"); !errors.Is(err, c.want) || strings.Contains(err.Error(), "secret") || e.Addr != c.addr {
				t.Errorf("%s %s: %v, want %v", c.network, c.addr, err, c.want)
			}
		}
	}
}

// TestSOCKSUnreachable tells a proxy that is not there from one that refuses.
func TestSOCKSUnreachable(t *testing.T) {
	port := refusedPort(t)
	p := &SOCKS5{Host: "127.0.0.1", Port: port, RemoteDNS: true}
	_, err := TCP.Dial(t.Context(), "example.com", 443, &Options{DialContext: p.DialContext})
	var failed *SOCKSError
	if wantError(t, err, "dial"); !errors.As(err, &failed) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("error is %v", err)
	}
	if e := wantError(t, failed.Err, "dial"); e.Addr != failed.Proxy {
		t.Errorf("the proxy is %s, the address of the error %s", failed.Proxy, e.Addr)
	}
	want := fmt.Sprintf("network: dial example.com:443: SOCKS proxy 127.0.0.1:%d to example.com:443: cannot be reached: connect: connection refused", port)
	if err.Error() != want {
		t.Errorf("text is %q, want %q", err, want)
	}

	_, err = (&SOCKS5{Host: "127.0.0.1"}).DialContext(t.Context(), "tcp", "192.0.2.1:80")
	if !errors.Is(err, errPort) {
		t.Errorf("without a port: %v", err)
	}
}

// series reaches a proxy that plays one of scripts after the other, each on a
// connection of its own, and then is gone. It counts the dials.
func series(t *testing.T, scripts ...[]turn) (p *SOCKS5, dials *int) {
	dials = new(int)
	p = &SOCKS5{Host: "proxy", Port: 1080, Options: &Options{ConnectTimeout: time.Minute}}
	p.Options.DialContext = func(context.Context, string, string) (net.Conn, error) {
		*dials++
		if *dials > len(scripts) {
			return nil, io.ErrNoProgress
		}
		turns := scripts[*dials-1]
		near, far := net.Pipe()
		played := make(chan struct{})
		go func() {
			defer close(played)
			if err := playTurns(far, turns, whole); err != nil {
				t.Error(err)
			}
			wantEnd(t, far)
		}()
		t.Cleanup(func() { <-played })
		return near, nil
	}
	return p, dials
}

const (
	askFour2 = "\x05\x01\x00\x01\xc0\x00\x02\x02\x00\x50" // 192.0.2.2:80
	askSix   = "\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x50"
)

// TestSOCKSLocalNames resolves names here and has the proxy try the addresses.
func TestSOCKSLocalNames(t *testing.T) {
	refuses := func(ask string) []turn { return []turn{{greet, "\x05\x00"}, {ask, "\x05\x05"}} }
	takes := func(ask string) []turn { return []turn{{greet, "\x05\x00"}, {ask, connected}} }
	for _, c := range []struct {
		name    string
		ips     []string
		no      []string
		scripts [][]turn
		dials   int
		words   []string // nil: it connects
	}{
		{"the only one", []string{"192.0.2.1"}, nil, [][]turn{takes(askFour)}, 1, nil},
		{"the next one", []string{"192.0.2.1", "2001:db8::1", "192.0.2.2"}, nil, [][]turn{refuses(askSix), refuses(askFour), takes(askFour2)}, 3, nil},
		{"the next one after a close", []string{"192.0.2.1", "192.0.2.2"}, nil, [][]turn{{{greet, "\x05\x00"}, {askFour, "\x05\x00\x00\x09"}}, takes(askFour2)}, 2, nil},
		{"the one allowed", []string{"192.0.2.1", "192.0.2.2"}, []string{"192.0.2.1:80"}, [][]turn{takes(askFour2)}, 1, nil},
		{"the one without a zone", []string{"fe80::1%eth0", "192.0.2.1"}, nil, [][]turn{takes(askFour)}, 1, nil},
		{"none reached", []string{"192.0.2.1", "192.0.2.2"}, nil, [][]turn{refuses(askFour), refuses(askFour2)}, 2, []string{
			"network: dial h:80: SOCKS proxy proxy:1080 to 192.0.2.1:80: connection refused; SOCKS proxy proxy:1080 to 192.0.2.2:80: connection refused",
		}},
		{"none allowed", []string{"192.0.2.1", "::ffff:192.0.2.2"}, []string{"all"}, nil, 0, []string{
			"network: dial h:80: 192.0.2.1:80 is not allowed: no; 192.0.2.2:80 is not allowed: no",
		}},
		{"a zone only", []string{"fe80::1%eth0"}, nil, nil, 0, []string{"with a zone"}},
		{"no access", []string{"192.0.2.1", "192.0.2.2"}, nil, [][]turn{{{greet, "\x05\xff"}}}, 1, []string{"192.0.2.1:80: authentication failed"}},
		{"proxy gone", []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}, nil, [][]turn{refuses(askFour)}, 2, []string{
			"to 192.0.2.1:80: connection refused", "to 192.0.2.2:80: cannot be reached",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, dials := series(t, c.scripts...)
			p.Options.Allow = (&asked{no: c.no}).allow
			conn, err := p.dial(t.Context(), &dialer{lookup: names(c.ips)}, "tcp", "h:80")
			if *dials != c.dials {
				t.Errorf("the proxy was dialed %d times, want %d", *dials, c.dials)
			}
			if c.words == nil {
				if err != nil {
					t.Fatal(err)
				}
				conn.Close()
				return
			}
			wantError(t, err, "dial")
			for _, w := range c.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("text is %q, want %q in it", err, w)
				}
			}
		})
	}
}

// TestSOCKSResolve holds what becomes of names that cannot be resolved here, and
// that RemoteDNS asks for nothing here.
func TestSOCKSResolve(t *testing.T) {
	gone := &net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}
	d := &dialer{lookup: func(context.Context, string) ([]net.IPAddr, error) { return nil, gone }}
	_, err := unasked(t, SOCKS5{}).dial(t.Context(), d, "tcp", "h:80")
	if e := wantError(t, err, "resolve"); !errors.Is(err, gone) || e.Addr != "h:80" {
		t.Errorf("error is %v", err)
	}
	_, err = TCP.Dial(t.Context(), "h", 80, &Options{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		return unasked(t, SOCKS5{}).dial(ctx, d, network, addr)
	}})
	if wantError(t, err, "resolve"); err.Error() != "network: resolve h:80: lookup h: no such host" {
		t.Errorf("text is %q", err)
	}

	never := &dialer{lookup: func(context.Context, string) ([]net.IPAddr, error) {
		t.Error("the name was resolved here")
		return nil, gone
	}}
	for _, proxy := range []*SOCKS5{anonymous, {User: "u", RemoteDNS: true}} {
		p, far := through(proxy, time.Minute)
		go far.Close()
		if _, err := p.dial(t.Context(), never, "tcp", "example.com:443"); err == nil {
			t.Error("no error")
		}
	}
}

func TestSOCKSSilenceEndsNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, far := through(&SOCKS5{}, time.Second)
		_, err := p.dial(t.Context(), &dialer{lookup: names([]string{"192.0.2.1", "192.0.2.2"})}, "tcp", "h:80")
		wantTimeout(t, err, "dial")
		if want := "network: dial h:80: SOCKS proxy proxy:1080 to 192.0.2.1:80: timed out after 1s"; err.Error() != want {
			t.Errorf("text is %q, want %q", err, want)
		}
		wantEnd(t, far)
	})
}

// TestSOCKSAllow holds the policy against literal targets and the proxy itself.
func TestSOCKSAllow(t *testing.T) {
	for _, remote := range []bool{false, true} {
		p := unasked(t, SOCKS5{RemoteDNS: remote})
		p.Options.Allow = PublicAddresses()
		_, err := p.DialContext(t.Context(), "tcp", "[::ffff:127.0.0.1]:80")
		wantRefused(t, err, "127.0.0.1:80")
	}
	ln := listen(t, "tcp", "127.0.0.1:0")
	host, port := hostAndPort(t, ln.Addr())
	p := &SOCKS5{Host: host, Port: port, RemoteDNS: true, Options: &Options{Allow: PublicAddresses()}}
	_, err := p.DialContext(t.Context(), "tcp", "example.com:443")
	wantRefused(t, err, ln.Addr().String())
	wantUndialed(t, ln)

	// A name that the proxy resolves is not asked for; the proxy is.
	policy := &asked{no: []string{"10.0.0.9:1080"}}
	conn := &facing{remote: net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.0.0.9:1080"))}
	p.Options = &Options{Allow: policy.allow, DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	_, err = p.DialContext(t.Context(), "tcp", "example.com:443")
	wantRefused(t, err, "10.0.0.9:1080")
	if len(policy.list) != 1 || conn.closed != 1 {
		t.Errorf("asked for %v, closed %d times", policy.list, conn.closed)
	}
}

// answering is a connection with a proxy whose answers do not depend on what it is
// asked.
type answering struct {
	net.Conn
	io.Reader
	sent []byte
}

func (c *answering) Read(b []byte) (int, error)  { return c.Reader.Read(b) }
func (c *answering) Write(b []byte) (int, error) { c.sent = append(c.sent, b...); return len(b), nil }
func (c *answering) Close() error                { return nil }

// FuzzSOCKSAnswers holds that whatever a proxy answers, and in whatever pieces, a
// handshake succeeds only when the proxy has agreed to all of it, reads nothing
// beyond, and sends neither credentials nor a target to a proxy that has not
// asked for them.
func FuzzSOCKSAnswers(f *testing.F) {
	f.Add([]byte("\x05\x00"+connected+"rest"), false)
	f.Add([]byte("\x05\x02\x01\x00\x05\x00\x00\x03\x05proxy\x00\x50rest"), true)
	f.Add([]byte("\x05\x02"+connected), false)
	f.Add([]byte("\x05\x02\x01\x01"+connected), true)
	f.Add([]byte("\x05\x00\x05\x00\x00\x04"+strings.Repeat("\x00", 18)), false)
	f.Add([]byte("\x05\x00\x05\x01"), true)
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n"), false)
	f.Fuzz(func(t *testing.T, answers []byte, withUser bool) {
		p, hello := anonymous, greet
		if withUser {
			p, hello = somebody, greetLogin
		}
		r := bytes.NewReader(answers)
		conn := &answering{Reader: r}
		err := p.negotiate(conn, socksTarget{name: "example.com", port: 443})
		read := len(answers) - r.Len()

		r.Reset(answers)
		bytewise := p.negotiate(&answering{Reader: iotest.OneByteReader(r)}, socksTarget{name: "example.com", port: 443})
		if fmt.Sprint(err) != fmt.Sprint(bytewise) {
			t.Errorf("%q: %v, but byte by byte %v", answers, err, bytewise)
		}

		want := hello
		switch a := string(answers); {
		case strings.HasPrefix(a, "\x05\x00"):
			want += askName
		case strings.HasPrefix(a, "\x05\x02\x01\x00") && withUser:
			want += login + askName
		case strings.HasPrefix(a, "\x05\x02") && withUser:
			want += login
		}
		if string(conn.sent) != want {
			t.Errorf("%q: sent %q, want %q", answers, conn.sent, want)
		}
		switch n := handshakeLen(answers, withUser); {
		case (err == nil) != (n != 0):
			t.Errorf("%q: %v", answers, err)
		case err == nil && read != n:
			t.Errorf("%q: %d bytes were read, want %d", answers, read, n)
		}
	})
}

// handshakeLen is how long the answers are by which b opens a tunnel, 0 for none.
func handshakeLen(b []byte, withUser bool) (n int) {
	method := "\x05\x00"
	if withUser && bytes.HasPrefix(b, []byte("\x05\x02")) {
		method = "\x05\x02\x01\x00"
	}
	reply, ok := bytes.CutPrefix(b, []byte(method+"\x05\x00\x00"))
	if !ok || len(reply) < 2 {
		return 0
	}
	switch n = len(b) - len(reply); reply[0] {
	case 1:
		n += 7
	case 4:
		n += 19
	case 3:
		n += 4 + int(reply[1])
	default:
		return 0
	}
	if n > len(b) {
		return 0
	}
	return n
}
