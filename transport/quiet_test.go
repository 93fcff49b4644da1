//go:build unix && !aix

package transport

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A channel is a TLS connection with both of its ends in the test's hands.
type channel struct {
	client *tls.Conn // made by Handshake
	server *tls.Conn
	far    *holder         // below server
	keys   strings.Builder // as in a file of NSS
}

// A holder keeps back what is written while hold is set.
type holder struct {
	net.Conn
	hold bool
	held []byte
}

func (h *holder) Write(p []byte) (int, error) {
	if h.hold {
		h.held = append(h.held, p...)
		return len(p), nil
	}
	return h.Conn.Write(p)
}

// A place is where channels are opened: one server certificate, one client
// configuration.
type place struct {
	server  *tls.Config
	options *Options
	cache   *puttingCache
	far     *holder // of the channel that is being opened
}

type puttingCache struct {
	tls.ClientSessionCache
	puts int
}

func (c *puttingCache) Put(key string, s *tls.ClientSessionState) {
	c.puts++
	c.ClientSessionCache.Put(key, s)
}

// newPlace is a place whose servers speak one version of TLS. They send no tickets,
// unless withTickets changes that.
func newPlace(t testing.TB, version uint16) *place {
	a := newAuthority(t)
	cache := &puttingCache{ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	return &place{
		server: &tls.Config{
			Certificates: []tls.Certificate{a.server(t)},
			MinVersion:   version, MaxVersion: version,
			SessionTicketsDisabled: true,
		},
		options: &Options{TLS: &tls.Config{RootCAs: a.pool, ClientSessionCache: cache}},
		cache:   cache,
	}
}

// withTickets is a place whose servers send their tickets after the client's last
// message. They do if they ask for a certificate; otherwise the tickets come with
// the server's own last message, and TLS may have read them ahead.
func withTickets(t testing.TB) *place {
	p := newPlace(t, tls.VersionTLS13)
	p.server.SessionTicketsDisabled = false
	p.server.ClientAuth = tls.RequestClientCert
	p.server.SetSessionTicketKeys([][32]byte{{1}}) // for all clones
	return p
}

// open makes a channel over TCP; its server has sent its tickets, if it has any.
func (p *place) open(t testing.TB) *channel {
	client, server := tcpPair(t)
	return p.over(t, client, server)
}

// hold, as VerifyConnection of the server, keeps back what it sends from the client's
// certificate on: the tickets.
func (p *place) hold(tls.ConnectionState) error {
	p.far.hold = true
	return nil
}

func (p *place) over(t testing.TB, client, server net.Conn) *channel {
	t.Helper()
	c := &channel{far: &holder{Conn: server}}
	p.far = c.far
	config := p.server.Clone()
	config.KeyLogWriter = &c.keys
	c.server = tls.Server(c.far, config)
	done := make(chan error, 1)
	go func() { done <- c.server.Handshake() }()
	var err error
	if c.client, err = Handshake(t.Context(), client, "localhost", p.options); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return c
}

// quiet demands an answer of Quiet.
func (c *channel) quiet(t testing.TB, want bool) {
	t.Helper()
	if quiet, ok := Quiet(c.client); quiet != want || !ok {
		t.Fatalf("Quiet: %v, %v; want %v, true", quiet, ok, want)
	}
}

// settle has the client take in what is on its way.
func (c *channel) settle(t testing.TB) {
	t.Helper()
	await(t, c.client, Readable)
	c.quiet(t, true)
	if got := Probe(c.client); got != Idle {
		t.Fatalf("after a look at what was there, the socket is %v", got)
	}
}

// works demands that text passes in both directions.
func (c *channel) works(t testing.TB, text string) {
	t.Helper()
	transfer(t, c.server, c.client, text)
	transfer(t, c.client, c.server, text)
}

func transfer(t testing.TB, from, to net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(from, text); err != nil {
		t.Fatal(err)
	}
	wantText(t, to, text)
}

func wantText(t testing.TB, conn net.Conn, text string) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	defer conn.SetReadDeadline(time.Time{})
	got := make([]byte, len(text))
	if n, err := io.ReadFull(conn, got); err != nil || string(got) != text {
		t.Fatalf("%d of %d bytes came (%v), intact: %v", n, len(text), err, string(got) == text)
	}
}

// versions runs f under each version.
func versions(t *testing.T, f func(*testing.T, *place)) {
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(v), func(t *testing.T) { f(t, newPlace(t, v)) })
	}
}

// TestQuietTickets holds that tickets on an idle connection do not disturb it, and
// are not lost.
func TestQuietTickets(t *testing.T) {
	for _, kind := range []struct{ network, addr string }{
		{"tcp", "127.0.0.1:0"},
		{"unix", filepath.Join(t.TempDir(), "s")},
	} {
		t.Run(kind.network, func(t *testing.T) {
			p := withTickets(t)
			client, server := pair(t, kind.network, kind.addr)
			c := p.over(t, client, server)
			await(t, c.client, Readable)
			if p.cache.puts != 0 {
				t.Fatal("the tickets were read before the look")
			}
			c.settle(t)
			if p.cache.puts == 0 {
				t.Error("the ticket was not kept")
			}
			c.works(t, "a text")
			c.quiet(t, true)
			if !p.open(t).client.ConnectionState().DidResume {
				t.Error("the session is not resumed")
			}
		})
	}
}

// TestQuietTicketsAhead has tickets that TLS may have read during the handshake.
func TestQuietTicketsAhead(t *testing.T) {
	p := withTickets(t)
	p.server.ClientAuth = tls.NoClientCert
	c := p.open(t)
	c.quiet(t, true)
	if p.cache.puts != 1 || Probe(c.client) != Idle {
		t.Errorf("%d tickets were kept, and the socket is %v", p.cache.puts, Probe(c.client))
	}
	c.works(t, "a text")
}

// TestQuietTicketsAndData has data behind tickets.
func TestQuietTicketsAndData(t *testing.T) {
	p := withTickets(t)
	p.server.VerifyConnection = p.hold
	c := p.open(t)
	c.server.Write([]byte("x"))
	c.far.Conn.Write(c.far.held)
	await(t, c.client, Readable)
	c.quiet(t, false)
	if p.cache.puts != 1 {
		t.Errorf("%d tickets were kept", p.cache.puts)
	}
}

func TestQuietAgainAndAgain(t *testing.T) {
	versions(t, func(t *testing.T, p *place) {
		c := p.open(t)
		for i := range 300 {
			c.quiet(t, true)
			c.works(t, strings.Repeat("x", 1+50*i))
			c.quiet(t, true)
		}
	})
}

// TestQuietLosesNoEdge holds that a reader which waits after a look is woken.
func TestQuietLosesNoEdge(t *testing.T) {
	c := newPlace(t, tls.VersionTLS13).open(t)
	ready, got := make(chan struct{}), make(chan byte)
	go func() {
		defer close(got)
		b := make([]byte, 1)
		for range ready {
			if n, err := c.client.Read(b); n == 0 || err != nil {
				t.Errorf("read %d bytes, %v", n, err)
				return
			}
			got <- b[0]
		}
	}()
	for i := range 200 {
		c.quiet(t, true)
		ready <- struct{}{}
		c.server.Write([]byte{byte(i)})
		if b := <-got; b != byte(i) {
			t.Fatalf("read %d, want %d", b, i)
		}
	}
	close(ready)
	<-got
}

// TestQuietDisturbed holds what makes a connection unfit.
func TestQuietDisturbed(t *testing.T) {
	versions(t, func(t *testing.T, p *place) {
		for name, c := range map[string]struct {
			disturb func(*channel)
			want    Liveness
		}{
			"data":              {func(c *channel) { c.server.Write([]byte("x")) }, Readable},
			"close_notify":      {func(c *channel) { c.server.CloseWrite() }, Readable},
			"end":               {func(c *channel) { c.far.Close() }, Closed},
			"no record":         {func(c *channel) { c.far.Write([]byte("HTTP/1.1 408 \r\n\r\n")) }, Readable},
			"record of a fraud": {func(c *channel) { c.far.Write([]byte("\x17\x03\x03\x00\x20" + strings.Repeat("x", 32))) }, Readable},
			"reset":             {func(c *channel) { c.far.Conn.(*net.TCPConn).SetLinger(0); c.far.Close() }, Closed},
			"closed here":       {func(c *channel) { c.client.Close() }, Closed},
			"socket closed":     {func(c *channel) { c.client.NetConn().Close() }, Closed},
		} {
			t.Run(name, func(t *testing.T) {
				ch := p.open(t)
				ch.quiet(t, true)
				c.disturb(ch)
				await(t, ch.client, c.want)
				ch.quiet(t, false)
			})
		}
	})
}

// TestQuietUnread holds that data which TLS has read ahead is seen.
func TestQuietUnread(t *testing.T) {
	versions(t, func(t *testing.T, p *place) {
		for name, want := range map[string]string{"of the same record": "a", "of another record": "ab"} {
			c := p.open(t)
			c.far.hold = true
			c.server.Write([]byte("ab"))
			c.server.Write([]byte("c"))
			c.far.Conn.Write(c.far.held) // as one, so that one read takes both
			wantText(t, c.client, want)
			if got := Probe(c.client); got != Idle {
				t.Fatalf("%s: the socket is %v", name, got)
			}
			if !ReadAhead(c.client) {
				t.Fatalf("%s: ReadAhead does not know", name)
			}
			c.quiet(t, false)
		}
	})
}

// TestReadAhead holds that it is known when TLS can hold nothing, however a record
// is cut: then the look at the socket is enough.
func TestReadAhead(t *testing.T) {
	versions(t, func(t *testing.T, p *place) {
		c := p.open(t)
		c.quiet(t, true) // whatever came with the handshake
		if ReadAhead(c.client) {
			t.Error("behind a look that found nothing")
		}
		for cut := 0; cut < 24; cut++ {
			c.far.hold = true
			c.server.Write([]byte("a"))
			record := c.far.held
			c.far.held, c.far.hold = nil, false
			cut := min(cut, len(record))
			c.far.Conn.Write(record[:cut])
			if cut > 0 {
				await(t, c.client, Readable)
				c.quiet(t, cut < len(record)) // takes in the first part
			}
			if cut == len(record) {
				break // the look has taken the byte
			}
			c.far.Conn.Write(record[cut:])
			wantText(t, c.client, "a")
			if ReadAhead(c.client) {
				t.Errorf("one record, cut at %d", cut)
			}
		}
	})
	if secure := tls.Client(tcpClient(t), nil); !ReadAhead(secure) {
		t.Error("TLS that this package has not made is known")
	}
}

// tcpClient is one end of a connection.
func tcpClient(t testing.TB) net.Conn {
	client, _ := tcpPair(t)
	return client
}

// TestQuietPart cuts a record at every place, looks between its two parts, and
// demands that what follows is right.
func TestQuietPart(t *testing.T) {
	versions(t, func(t *testing.T, p *place) {
		c := p.open(t)
		for cut := 1; ; cut++ {
			text := "text number " + strconv.Itoa(1000+cut)
			c.far.hold, c.far.held = true, nil
			c.server.Write([]byte(text))
			c.far.hold = false
			if cut == len(c.far.held) {
				break
			}
			c.far.Write(c.far.held[:cut])
			c.settle(t)
			c.quiet(t, true) // nothing new
			c.far.Write(c.far.held[cut:])
			wantText(t, c.client, text)
			c.works(t, "another text")
		}
	})
}

// TestQuietPartThenEnd ends the connection within a record.
func TestQuietPartThenEnd(t *testing.T) {
	versions(t, func(t *testing.T, p *place) {
		c := p.open(t)
		c.far.Write([]byte{23, 3})
		c.settle(t)
		c.far.Close()
		await(t, c.client, Closed)
		c.quiet(t, false)
	})
}

// TestQuietByteByByte looks after each byte of the tickets.
func TestQuietByteByByte(t *testing.T) {
	p := withTickets(t)
	p.server.VerifyConnection = p.hold
	c := p.open(t)
	for _, b := range c.far.held {
		if p.cache.puts != 0 {
			t.Fatal("the ticket was kept before it was whole")
		}
		c.far.Conn.Write([]byte{b})
		c.settle(t)
	}
	if p.cache.puts != 1 {
		t.Errorf("%d tickets were kept", p.cache.puts)
	}
	c.far.hold = false
	c.works(t, "a text")
}

// TestQuietDeadline holds that deadlines neither matter nor change.
func TestQuietDeadline(t *testing.T) {
	c := withTickets(t).open(t)
	c.client.SetDeadline(time.Unix(1, 0))
	c.settle(t)
	if _, err := c.client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a read after the deadline: %v", err)
	}
	c.client.SetDeadline(time.Time{})
	c.works(t, "a text")
	c.client.SetReadDeadline(time.Unix(1, 0))
	c.server.Write([]byte("x"))
	await(t, c.client, Readable)
	c.quiet(t, false)
}

// TestQuietWhileClosing closes a connection that is being looked at.
func TestQuietWhileClosing(t *testing.T) {
	p := newPlace(t, tls.VersionTLS13)
	for range 20 {
		c := p.open(t)
		started, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for quiet := true; quiet; quiet, _ = Quiet(c.client) {
				select {
				case started <- struct{}{}:
				default:
				}
			}
		}()
		<-started
		c.client.Close()
		<-done
	}
}

// TestQuietNoHandshake holds that a handshake which a look has spoilt is no quiet
// connection. A renegotiation comes to the same.
func TestQuietNoHandshake(t *testing.T) {
	client, _ := tcpPair(t)
	if quiet, ok := Quiet(tls.Client(probing(client), &tls.Config{InsecureSkipVerify: true})); quiet || !ok {
		t.Errorf("Quiet: %v, %v; want false, true", quiet, ok)
	}
}

// TestQuietInTLS looks at TLS to an origin over TLS to a proxy.
func TestQuietInTLS(t *testing.T) {
	p := newPlace(t, tls.VersionTLS13)
	outer := p.open(t)
	inner := p.over(t, outer.client, outer.server)
	if Socket(inner.client) != Socket(outer.client) {
		t.Error("the two have different sockets")
	}
	inner.quiet(t, true)
	inner.works(t, "a text")
	inner.quiet(t, true)
	inner.server.Write([]byte("x"))
	await(t, inner.client, Readable)
	inner.quiet(t, false)

	outer = p.open(t)
	inner = p.over(t, outer.client, outer.server)
	inner.quiet(t, true)
	outer.server.CloseWrite()
	await(t, inner.client, Readable)
	inner.quiet(t, false)
}

// own is a type of the caller's, with a socket inside.
type own struct{ *net.TCPConn }

// TestQuietUnknown holds where Quiet does not know, and does nothing.
func TestQuietUnknown(t *testing.T) {
	p := newPlace(t, tls.VersionTLS13)
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	client, server := tcpPair(t)
	for _, c := range []struct{ client, server net.Conn }{{near, far}, {own{client.(*net.TCPConn)}, server}} {
		done := make(chan error, 1)
		go func() {
			server := tls.Server(c.server, p.server)
			_, err := server.Write([]byte("x"))
			done <- err
		}()
		secure, err := Handshake(t.Context(), c.client, "localhost", p.options)
		if err != nil {
			t.Fatal(err)
		}
		if quiet, ok := Quiet(secure); quiet || ok {
			t.Errorf("%T: Quiet: %v, %v; want false, false", c.client, quiet, ok)
		}
		if Socket(secure) != c.client || secure.NetConn() != c.client {
			t.Errorf("%T: the socket is %T", c.client, Socket(secure))
		}
		wantText(t, secure, "x")
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	plain, _ := tcpPair(t)
	if quiet, ok := Quiet(tls.Client(plain, nil)); quiet || ok {
		t.Errorf("on TLS of the caller's own making, Quiet: %v, %v; want false, false", quiet, ok)
	}
}

func TestSocket(t *testing.T) {
	client, _ := tcpPair(t)
	s := serveTLS(t, nil)
	conn, err := TLS.Dial(t.Context(), s.host, s.port, &Options{
		Insecure: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			var err error
			client, err = dialNet(ctx, network, addr)
			return client, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := Socket(conn); got != client {
		t.Errorf("the socket of what Dial gave is %T, not the one from DialContext", got)
	}
	if Socket(client) != client || Socket(nil) != nil {
		t.Error("a socket is not its own socket")
	}
	conn.(*tls.Conn).NetConn().Close() // what is below closes the socket
	if got := Probe(client); got != Closed {
		t.Errorf("the socket is %v", got)
	}
}

// A sealer writes records of TLS 1.3 in place of a server, for what crypto/tls does
// not send.
type sealer struct {
	to     net.Conn
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

// sealer takes over from the server, which must have written nothing since the
// handshake and must not write again.
func (c *channel) sealer(t testing.TB) *sealer {
	t.Helper()
	if suite := c.client.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
		t.Fatalf("the suite is %s, which this test cannot do", tls.CipherSuiteName(suite))
	}
	s := &sealer{to: c.far}
	for line := range strings.Lines(c.keys.String()) {
		if f := strings.Fields(line); f[0] == "SERVER_TRAFFIC_SECRET_0" {
			secret, err := hex.DecodeString(f[2])
			if err != nil {
				t.Fatal(err)
			}
			s.use(t, secret)
		}
	}
	return s
}

// use makes secret the one that keys come from.
func (s *sealer) use(t testing.TB, secret []byte) {
	t.Helper()
	block, err := aes.NewCipher(expand(t, secret, "key", 16))
	if err != nil {
		t.Fatal(err)
	}
	if s.aead, err = cipher.NewGCM(block); err != nil {
		t.Fatal(err)
	}
	s.secret, s.iv, s.seq = secret, expand(t, secret, "iv", 12), 0
}

// expand is HKDF-Expand-Label with an empty context (RFC 8446, 7.1).
func expand(t testing.TB, secret []byte, label string, n int) []byte {
	t.Helper()
	label = "tls13 " + label
	info := string([]byte{0, byte(n), byte(len(label))}) + label + "\x00"
	out, err := hkdf.Expand(sha256.New, secret, info, n)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The types of records that the tests send.
const (
	handshakeRecord = 22
	dataRecord      = 23
)

// send writes one record.
func (s *sealer) send(kind byte, text string) {
	nonce := bytes.Clone(s.iv)
	for i := range 8 {
		nonce[11-i] ^= byte(s.seq >> (8 * i))
	}
	s.seq++
	plain := append([]byte(text), kind)
	head := []byte{dataRecord, 3, 3, 0, byte(len(plain) + s.aead.Overhead())}
	s.to.Write(s.aead.Seal(head, nonce, plain, head))
}

// The two forms of a key update: with and without a wish for another in return.
const (
	keyUpdate          = "\x18\x00\x00\x01\x00"
	keyUpdateRequested = "\x18\x00\x00\x01\x01"
)

// TestQuietKeyUpdate has the server change its keys, and ask for that, in one record
// and in two.
func TestQuietKeyUpdate(t *testing.T) {
	for _, update := range []string{keyUpdate, keyUpdateRequested} {
		c := newPlace(t, tls.VersionTLS13).open(t)
		s := c.sealer(t)
		for cut := range len(update) {
			if cut > 0 {
				s.send(handshakeRecord, update[:cut])
				c.settle(t)
			}
			s.send(handshakeRecord, update[cut:])
			c.settle(t)
			s.use(t, expand(t, s.secret, "traffic upd", 32))
			s.send(dataRecord, "a text")
			wantText(t, c.client, "a text")
			transfer(t, c.client, c.server, "another text")
		}
	}
}

// TestQuietNeverWaits has a server that asks for new keys and does not read. The
// answer stays unsent, which is the end of the connection, but holds up nobody.
func TestQuietNeverWaits(t *testing.T) {
	c := newPlace(t, tls.VersionTLS13).open(t)
	s := c.sealer(t)
	clog(t, Socket(c.client), c.far.Conn)
	s.send(handshakeRecord, keyUpdateRequested)
	await(t, c.client, Readable)
	c.quiet(t, false)
}

// clog writes until there is no room between near and far.
func clog(t testing.TB, near, far net.Conn) {
	t.Helper()
	far.(*net.TCPConn).SetReadBuffer(4 << 10) // and with that, the kernel lets it not grow
	near.(*net.TCPConn).SetWriteBuffer(4 << 10)
	near.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	defer near.SetWriteDeadline(time.Time{})
	if n, err := near.Write(make([]byte, 16<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%d bytes were written: %v", n, err)
	}
}

// TestQuietEmptyRecords holds that a server cannot keep a look busy for ever.
func TestQuietEmptyRecords(t *testing.T) {
	c := newPlace(t, tls.VersionTLS13).open(t)
	s := c.sealer(t)
	c.far.hold = true
	for range 100 {
		s.send(dataRecord, "")
	}
	c.far.Conn.Write(c.far.held)
	await(t, c.client, Readable)
	c.quiet(t, false)
}

// BenchmarkQuiet measures a look at an idle TLS connection.
func BenchmarkQuiet(b *testing.B) {
	c := newPlace(b, tls.VersionTLS13).open(b)
	b.ReportAllocs()
	for b.Loop() {
		if quiet, ok := Quiet(c.client); !quiet || !ok {
			b.Fatal("not quiet")
		}
	}
}

// BenchmarkSocket compares TLS over what Quiet needs with TLS over the bare
// connection.
func BenchmarkSocket(b *testing.B) {
	p := newPlace(b, tls.VersionTLS13)
	for _, c := range []struct {
		name  string
		below func(net.Conn) net.Conn
	}{{"bare", func(c net.Conn) net.Conn { return c }}, {"ours", probing}} {
		b.Run(c.name, func(b *testing.B) {
			near, far := tcpPair(b)
			server := tls.Server(far, p.server)
			go io.Copy(server, server)
			client := tls.Client(c.below(near), &tls.Config{InsecureSkipVerify: true})
			text := make([]byte, 1024)
			for b.Loop() {
				client.Write(text)
				if _, err := io.ReadFull(client, text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
