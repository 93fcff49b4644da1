package main

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strconv"

	"github.com/hackney-go/hackney/hackney"
)

const proxyUser, proxyPassword = "soak", "the proxy's secret"

// authorized says whether a request has the proxy's credentials.
func authorized(req *http.Request) bool {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+proxyPassword))
	return req.Header.Get("Proxy-Authorization") == want
}

// tunnel is a proxy that opens tunnels, to those who may.
func tunnel(c net.Conn) {
	r := bufio.NewReader(c)
	req, err := http.ReadRequest(r)
	if err != nil || req.Method != "CONNECT" {
		return
	}
	if !authorized(req) {
		io.WriteString(c, "HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=soak\r\nContent-Length: 0\r\n\r\n")
		return
	}
	to, err := net.Dial("tcp", req.RequestURI)
	if err != nil {
		io.WriteString(c, "HTTP/1.1 502 Unreachable\r\nContent-Length: 0\r\n\r\n")
		return
	}
	io.WriteString(c, "HTTP/1.1 200 Connected\r\n\r\n")
	relay(c, r, to)
}

// relay passes bytes both ways until both sides have ended, or one is broken.
func relay(c net.Conn, r io.Reader, to net.Conn) {
	defer to.Close()
	back := make(chan bool)
	go func() {
		defer close(back)
		pass(c, to)
	}()
	pass(to, r)
	<-back
}

// pass copies one way, and ends the other side of it as this one has ended: a reset stays a reset, since
// a plain end can be the end of a body.
func pass(w net.Conn, r io.Reader) {
	if _, err := io.Copy(w, r); err != nil {
		abort(w)
		return
	}
	w.(*net.TCPConn).CloseWrite()
}

// socks is a SOCKS5 proxy for addresses.
func socks(c net.Conn) {
	to := greet(c, 0)
	if to == "" {
		return
	}
	out, err := net.Dial("tcp", to)
	if err != nil {
		c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	relay(c, c, out)
}

// greet reads what a SOCKS5 client says at the beginning, and gives the address it wants, "" for none.
func greet(c net.Conn, method byte) string {
	b := make([]byte, 300)
	if _, err := io.ReadFull(c, b[:2]); err != nil {
		return ""
	}
	io.ReadFull(c, b[:b[1]])
	c.Write([]byte{5, method})
	if _, err := io.ReadFull(c, b[:10]); err != nil || b[3] != 1 {
		return ""
	}
	return net.JoinHostPort(net.IP(b[4:8]).String(), strconv.Itoa(int(binary.BigEndian.Uint16(b[8:]))))
}

// hear reads the beginning of what a client says, so that a close behind it is none of unread bytes.
func hear(c net.Conn) { c.Read(make([]byte, 4096)) }

// The peers that are good for nothing: whoever comes to them must get an error of a certain kind.
func slam(net.Conn) {}

func babble(c net.Conn) {
	hear(c)
	io.WriteString(c, "\x05\x09garbage\r\n\r\n")
	io.Copy(io.Discard, c)
}
func mute(c net.Conn) { io.Copy(io.Discard, c) }
func forbid(c net.Conn) {
	hear(c)
	io.WriteString(c, "HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno!")
}

func shut(c net.Conn) {
	greet(c, 0)
	c.Write([]byte{5, 2, 0, 1, 0, 0, 0, 0, 0, 0})
	io.Copy(io.Discard, c)
}
func alien(c net.Conn) { greet(c, 0xff); io.Copy(io.Discard, c) }
func snap(c net.Conn)  { hear(c); abort(c) }

// A deadEnd is a way on which no request can come to an answer.
type deadEnd struct {
	name   string
	handle func(net.Conn) // nil: nobody is there
	url    string         // of the request, with the address of handle in place of its *; through a proxy, "" is an origin
	proxy  string         // the URL of the proxy, likewise
	want   class
}

var deadEnds = []deadEnd{
	{"refused", nil, "http://127.0.0.1:1", "", refused},
	{"slam", slam, "http://*", "", ended},
	{"babble", babble, "http://*", "", protocol},
	{"reset", snap, "http://*", "", ended},
	{"mute", mute, "http://*", "", timeout},
	{"TLS refused", nil, "https://127.0.0.1:1", "", refused},
	{"TLS slam", slam, "https://*", "", handshake},
	{"TLS babble", babble, "https://*", "", handshake},
	{"TLS reset", snap, "https://*", "", handshake},
	{"TLS mute", mute, "https://*", "", timeout},
	{"TLS of a stranger", stranger, "https://*", "", handshake},
	{"proxy refused", nil, "", "http://127.0.0.1:1", proxied},
	{"proxy slam", slam, "", "http://*", proxied},
	{"proxy babble", babble, "", "http://*", proxied},
	{"proxy reset", snap, "", "http://*", proxied},
	{"proxy mute", mute, "", "http://*", timeout},
	{"proxy forbids", forbid, "", "http://*", proxied},
	{"proxy wants a password", tunnel, "", "http://*", proxied},
	{"SOCKS refused", nil, "", "socks5://127.0.0.1:1", proxied},
	{"SOCKS slam", slam, "", "socks5://*", proxied},
	{"SOCKS babble", babble, "", "socks5://*", proxied},
	{"SOCKS reset", snap, "", "socks5://*", proxied},
	{"SOCKS mute", mute, "", "socks5://*", timeout},
	{"SOCKS forbids", shut, "", "socks5://*", proxied},
	{"SOCKS wants a password", alien, "", "socks5://*", proxied},
}

// strangersCert is signed by nobody whom the clients trust.
var strangersCert tls.Certificate

func stranger(c net.Conn) {
	tls.Server(c, &tls.Config{Certificates: []tls.Certificate{strangersCert}}).Handshake()
}

// opts are the options that lead into a dead end.
func (d deadEnd) opts(s *soak, address string) *hackney.Opts {
	limit := longTime
	if d.want == timeout {
		limit = shortTime
	}
	o := &hackney.Opts{TLS: s.trust, ConnectTimeout: limit, RecvTimeout: limit, TLSTimeout: limit}
	if d.proxy != "" {
		o.Proxy = hackney.ProxyURL(withAddress(d.proxy, address))
	}
	return o
}
