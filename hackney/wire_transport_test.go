package hackney_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

func TestWireTLS(t *testing.T) {
	srv := wiretest.Start(t, wiretest.Options{TLS: true}, wiretest.Replies(wOK, wOK))
	c := wNew(t).request("GET", srv.URL("/"), nil, nil, wTLS(srv)).wantBody("ok")
	facts := c.TLS()
	if c.Scheme() != "https" || facts == nil || facts.NegotiatedProtocol != "http/1.1" || len(facts.PeerCertificates) != 1 || !facts.HandshakeComplete {
		t.Errorf("scheme %q, facts %+v", c.Scheme(), facts)
	}
	c.send(hackney.Req{}).wantBody("ok").wantSent(srv, 0, wWant("GET /")+wWant("GET /"))
	if c.TLS() != facts {
		t.Error("the facts are gone with the connection")
	}
}

func TestWireTLSVerification(t *testing.T) {
	other, err := selfsigned.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		host string
		o    func(srv *wiretest.Server) *hackney.Opts
		good bool
	}{
		{"no roots of ours", "127.0.0.1", func(*wiretest.Server) *hackney.Opts { return nil }, false},
		{"insecure", "127.0.0.1", func(*wiretest.Server) *hackney.Opts { return &hackney.Opts{Insecure: true} }, true},
		{"roots", "127.0.0.1", wTLS, true},
		{"other roots", "127.0.0.1", func(*wiretest.Server) *hackney.Opts {
			return &hackney.Opts{TLS: &tls.Config{RootCAs: other.Pool()}}
		}, false},
		{"other roots, insecure", "127.0.0.1", func(*wiretest.Server) *hackney.Opts {
			return &hackney.Opts{TLS: &tls.Config{RootCAs: other.Pool()}, Insecure: true}
		}, true},
		{"another name", "example.com", wTLS, false},
		{"another name, ServerName", "example.com", func(srv *wiretest.Server) *hackney.Opts {
			o := wTLS(srv)
			o.TLS.ServerName = "localhost"
			return o
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := wiretest.Start(t, wiretest.Options{TLS: true}, wiretest.Replies(wOK))
			o := hackney.Opts{}
			if given := c.o(srv); given != nil {
				o = *given
			}
			o.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, srv.Addr())
			}
			cl := wNew(t)
			cs, err := hackney.Get(cl.ctx, "https://"+c.host+":"+wItoa(srv.Port())+"/", nil, nil, &o)
			if c.good {
				cl.to(cs, err).wantBody("ok")
				return
			}
			err = cl.fails(cs, err)
			wIs[*tls.CertificateVerificationError](t, err)
			wIs[*hackney.TransportError](t, err)
			wHas(t, err, "TLS handshake", c.host)
			cl.in(hackney.StateStart).connection(hackney.Closed)
			if end := srv.WaitClosed(0); end != wiretest.HandshakeFailed || len(srv.Received(0)) != 0 {
				t.Errorf("the server got %q, then %v", srv.Received(0), end)
			}
		})
	}
}

func TestWireTLSClientCertificateSNIAndALPN(t *testing.T) {
	client, err := selfsigned.New()
	if err != nil {
		t.Fatal(err)
	}
	facts := make(chan tls.ConnectionState, 1)
	srv := wiretest.Start(t, wiretest.Options{TLS: true, TuneTLS: func(c *tls.Config) {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, client.Pool()
		c.NextProtos = []string{"other", "http/1.1"}
		c.VerifyConnection = func(s tls.ConnectionState) error { facts <- s; return nil }
	}}, wiretest.Replies(wOK))
	o := wTLS(srv)
	o.TLS.Certificates = []tls.Certificate{client.TLS}
	o.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, srv.Addr())
	}
	c := wNew(t).request("GET", "https://LocalHost:"+wItoa(srv.Port())+"/", nil, nil, o).wantBody("ok")
	seen := wBounded(t, facts)
	if len(seen.PeerCertificates) != 1 || !bytes.Equal(seen.PeerCertificates[0].Raw, client.TLS.Leaf.Raw) {
		t.Error("the server did not see the client's certificate")
	}
	if seen.ServerName != "localhost" || seen.NegotiatedProtocol != "http/1.1" {
		t.Errorf("SNI %q, ALPN %q", seen.ServerName, seen.NegotiatedProtocol)
	}
	c.to(hackney.Close(c.ClientState))
}

func TestWireTLSWithoutTheClientCertificate(t *testing.T) {
	srv := wiretest.Start(t, wiretest.Options{TLS: true, TuneTLS: func(c *tls.Config) {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	}}, wiretest.Conn{})
	c := wNew(t)
	err := c.fails(hackney.Get(c.ctx, srv.URL("/"), nil, nil, wTLS(srv))) // with the handshake, or the first read
	wBlame(t, err, hackney.BlameNetwork)
	c.connection(hackney.Closed)
}

func TestWireUnixSocket(t *testing.T) {
	srv := wiretest.Start(t, wiretest.Options{Unix: true}, wiretest.Replies(wOK, wEmpty))
	c := wNew(t)
	c.to(hackney.Connect(c.ctx, transport.Unix(srv.Addr()), "example.com", 80, nil)).connection(hackney.Connected)
	c.send(hackney.Req{Path: "/x"}).wantBody("ok")
	c.send(hackney.Req{Method: "PUT", Payload: hackney.File(wFile(t, "a.txt", "file"), 0, 0)})
	err := hackney.SetSockopts(c.ClientState, func(nc net.Conn) error {
		if _, ok := nc.(*net.UnixConn); !ok {
			t.Errorf("the socket is a %T", nc)
		}
		return nil
	})
	if err != nil || !c.Reused() || c.RemoteAddr().String() != srv.Addr() {
		t.Errorf("error %v, reused %v, to %v", err, c.Reused(), c.RemoteAddr())
	}
	wSame(t, c.sent(srv, 0), "GET /x HTTP/1.1\r\nHost: example.com\r\n"+wAgent+"\r\n"+
		"PUT / HTTP/1.1\r\nHost: example.com\r\n"+wAgent+"Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nfile")

	c = wNew(t)
	missing := srv.Addr() + "x"
	err = c.fails(hackney.Connect(c.ctx, transport.Unix(missing), "h", 80, nil))
	wHas(t, err, missing)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// A connection that is only an interface: nothing of the kernel's is used.
func TestWirePipe(t *testing.T) {
	got := make(chan string, 1)
	o := wPipe(t, func(c net.Conn) {
		for i, reply := range []string{wOK, wChunkedOK + "2\r\nok\r\n0\r\n\r\n"} {
			head, err := wReadHead(c)
			if err != nil {
				return
			}
			if i == 1 {
				body := make([]byte, 4)
				io.ReadFull(c, body)
				got <- head + string(body)
			}
			io.WriteString(c, reply)
		}
	})
	c := wNew(t).request("GET", "http://example.com/", nil, nil, o).wantBody("ok")
	c.send(hackney.Req{Method: "PUT", Payload: hackney.File(wFile(t, "a.txt", "file"), 0, 0)})
	f, err := os.Create(wFile(t, "out", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, cs, err := hackney.CopyBody(c.ctx, c.ClientState, f); c.to(cs, err) == nil || n != 2 {
		t.Errorf("%d bytes copied", n)
	}
	wSame(t, wBounded(t, got), "PUT / HTTP/1.1\r\nHost: example.com\r\n"+wAgent+"Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nfile")
	c.in(hackney.StateDone).connection(hackney.Connected)
}

func TestWireIPv6Literal(t *testing.T) {
	if !wiretest.HasIPv6() {
		return // the Host field is held by TestP57_Host in any case
	}
	for _, secure := range []bool{false, true} {
		srv := wiretest.Start(t, wiretest.Options{IPv6: true, TLS: secure}, wiretest.Replies(wOK))
		c := wNew(t).request("GET", srv.URL("/"), nil, nil, wTLS(srv)).wantBody("ok")
		if c.Host() != "::1" || !strings.HasPrefix(c.RemoteAddr().String(), "[::1]:") || c.URL() != srv.URL("/") {
			t.Errorf("host %q, to %v, URL %s", c.Host(), c.RemoteAddr(), c.URL())
		}
		c.wantSent(srv, 0, wWant("GET /"))
	}
}

func TestWireRefusedDialListsEveryAddress(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := wItoa(l.Addr().(*net.TCPAddr).Port)
	l.Close() // nobody listens there now
	addrs, err := net.DefaultResolver.LookupHost(context.Background(), "localhost")
	if err != nil {
		t.Fatal(err)
	}
	c := wNew(t)
	err = c.fails(hackney.Get(c.ctx, "http://localhost:"+port+"/", nil, nil, nil))
	e := wIs[*hackney.TransportError](t, err)
	if e.Op != "dial" || e.Timeout() {
		t.Errorf("error %+v", e)
	}
	for _, addr := range addrs {
		wHas(t, err, net.JoinHostPort(addr, port))
	}
	wHas(t, err, "network: dial localhost:"+port)
	wBlame(t, err, hackney.BlameNetwork)
	c.in(hackney.StateStart).connection(hackney.Closed)
}

func TestWireDialContextThatFails(t *testing.T) {
	own := errors.New("own")
	c := wNew(t)
	err := c.fails(hackney.Get(c.ctx, "http://example.com/", nil, nil, &hackney.Opts{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, own }}))
	if !errors.Is(err, own) {
		t.Errorf("error %v", err)
	}
	wHas(t, err, "network: dial example.com:80: own")
}

func TestWireSetSockoptsUnderTLS(t *testing.T) {
	srv := wiretest.Start(t, wiretest.Options{TLS: true}, wiretest.Replies(wOK))
	c := wNew(t).request("GET", srv.URL("/"), nil, nil, wTLS(srv))
	err := hackney.SetSockopts(c.ClientState, func(nc net.Conn) error {
		tcp, ok := nc.(*net.TCPConn)
		if !ok {
			t.Fatalf("the socket is a %T", nc)
		}
		return tcp.SetKeepAlive(true)
	})
	if err != nil {
		t.Error(err)
	}
	c.wantBody("ok")
	c.to(hackney.Close(c.ClientState))
	if err := hackney.SetSockopts(c.ClientState, func(net.Conn) error { t.Error("called"); return nil }); !errors.Is(err, hackney.ErrClosed) {
		t.Errorf("on a closed client %v", err)
	}
}

func TestWireHijack(t *testing.T) {
	for _, secure := range []bool{false, true} {
		srv := wiretest.Start(t, wiretest.Options{TLS: secure}, wiretest.Conn{
			wiretest.Reply("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nContent-Length: 7\r\n\r\nfirst "),
			wiretest.On(wiretest.Bytes(5), "second"),
		})
		o := wTLS(srv)
		o.RecvTimeout = 2 * wiretest.Patience // a deadline that has to go
		c := wNew(t).request("GET", srv.URL("/"), headers.New("Upgrade", "x", "Connection", "upgrade"), nil, o).status(101).in(hackney.StateSwitched)
		if _, cs, err := hackney.Body(c.ctx, c.ClientState); !errors.Is(err, hackney.ErrInvalidState) || cs != c.ClientState {
			t.Errorf("Body in switched gives %v", err)
		}
		conn, first, err := hackney.Hijack(c.ClientState)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, ok := conn.(*tls.Conn); ok != secure {
			t.Errorf("the connection is a %T", conn)
		}
		if string(first) != "first " {
			t.Errorf("unread bytes %q", first)
		}
		c.to(hackney.Close(c.ClientState)) // does nothing to it
		if _, err := io.WriteString(conn, "hello"); err != nil {
			t.Fatal(err)
		}
		second := make([]byte, 6)
		if _, err := io.ReadFull(conn, second); err != nil || string(second) != "second" {
			t.Errorf("then %q, %v", second, err)
		}
		conn.Close()
		srv.WaitClosed(0)
		wSame(t, string(srv.Received(0)), "GET / HTTP/1.1\r\nHost: "+srv.Addr()+"\r\n"+wAgent+"Upgrade: x\r\nConnection: upgrade\r\n\r\nhello")
	}
}

func TestWireHijackOfAnIdleConnection(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK), wiretest.Conn{})
	c := wNew(t).get(srv.URL("/")).wantBody("ok")
	conn, rest, err := hackney.Hijack(c.ClientState)
	if err != nil || len(rest) != 0 {
		t.Fatalf("%q, %v", rest, err)
	}
	conn.Close()
	if _, _, err := hackney.Hijack(c.ClientState); !errors.Is(err, hackney.ErrStale) {
		t.Errorf("a second time %v", err)
	}
	c = wNew(t)
	c.to(hackney.Connect(c.ctx, transport.TCP, srv.Host(), srv.Port(), nil))
	if conn, _, err = hackney.Hijack(c.ClientState); err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestWireSwitched(t *testing.T) {
	for _, c := range []struct{ method, reply string }{
		{"CONNECT", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
		{"CONNECT", "HTTP/1.1 299 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"CONNECT", "HTTP/1.0 200 OK\r\n\r\n"},
		{"GET", "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
		{"GET", "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n"},
	} {
		srv := wiretest.New(t, wiretest.Replies(c.reply), wiretest.Replies(c.reply))
		cl := wNew(t).request(c.method, srv.URL("/"), nil, nil, nil).in(hackney.StateSwitched).connection(hackney.Connected)
		if _, err := hackney.SendRequest(cl.ctx, cl.ClientState, hackney.Req{}); !errors.Is(err, hackney.ErrInvalidState) {
			t.Errorf("SendRequest gives %v", err)
		}
		cl = wNew(t).request(c.method, srv.URL("/"), nil, hackney.Stream, nil).end()
		cl.to(hackney.StreamStatus(cl.ctx, cl.ClientState))
		cl.to(hackney.StreamHeaders(cl.ctx, cl.ClientState)).in(hackney.StateSwitched)
	}
}
