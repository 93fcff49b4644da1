package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"sync"
)

// A door is a listener and all connections that came through it.
type door struct {
	l      net.Listener
	handle func(net.Conn)

	mu    sync.Mutex
	shut  bool
	conns map[net.Conn]bool
	all   sync.WaitGroup
}

// open has handle called for each connection that comes, which is closed behind it.
func open(network, address string, handle func(net.Conn)) (*door, error) {
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	d := &door{l: l, handle: handle, conns: map[net.Conn]bool{}}
	d.all.Go(d.accept)
	return d, nil
}

func (d *door) accept() {
	for {
		c, err := d.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil && d.enter(c) {
			d.all.Go(func() {
				defer d.leave(c)
				d.handle(c)
			})
		}
	}
}

func (d *door) enter(c net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		c.Close()
		return false
	}
	d.conns[c] = true
	return true
}

func (d *door) leave(c net.Conn) {
	c.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, c)
}

// size is how many connections are open.
func (d *door) size() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.conns)
}

func (d *door) addr() string { return d.l.Addr().String() }

func (d *door) port() int { return d.l.Addr().(*net.TCPAddr).Port }

// close ends all connections and returns when nothing is left.
func (d *door) close() {
	d.l.Close()
	d.mu.Lock()
	d.shut = true
	for c := range d.conns {
		c.Close()
	}
	d.mu.Unlock()
	d.all.Wait()
}

// An origin answers requests as they ask for it, but for the faults.
type origin struct {
	*door
	s       *soak
	tls     *tls.Config // nil for none
	forward bool        // it stands for a forward proxy, which answers itself
	rude    bool        // it sends what nobody asked for
}

// serve serves one connection. Requests are read by net/http, whose idea of them owes
// nothing to the library.
func (o *origin) serve(raw net.Conn) {
	c := raw
	if o.tls != nil {
		secure := tls.Server(raw, o.tls)
		if secure.Handshake() != nil {
			return
		}
		defer secure.Close()
		c = secure
	}
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil || !o.answer(&play{o: o, raw: raw, c: c, req: req, a: readAsk(req.URL)}) {
			return
		}
	}
}

// answer answers a request, or plays a fault, and says whether the connection goes on.
func (o *origin) answer(p *play) bool {
	if why := o.offence(p.req, p.a); why != "" {
		o.s.tally.wrongf("request %d: %s", p.a.id, why)
	}
	attempt := o.s.ledger.attempt(p.a.id)
	p.dice = rand.New(rand.NewPCG(o.s.seed, p.a.id^attempt<<60))
	if f := pick(p); f != nil {
		o.s.tally.fault(f.name)
		if !o.s.plant.silentFaults {
			o.s.ledger.note(p.a.id, f)
		}
		return f.play(p)
	}
	return p.readBody() && p.send(p.message().bytes()) && p.persistent()
}

// offence is what must not be in a request that comes here, or is missing in it.
func (o *origin) offence(req *http.Request, a ask) string {
	credentials := req.Header.Get("Authorization") != "" || req.Header.Get("Cookie") != ""
	switch {
	case req.URL.IsAbs() != o.forward:
		return "a target of the wrong form: " + req.RequestURI
	case !o.forward && req.Header.Get("Proxy-Authorization") != "":
		return "the proxy's credentials came to an origin"
	case credentials && (!a.auth || a.far):
		return "credentials came to another origin"
	case !credentials && a.auth && !a.far:
		return "the credentials are missing"
	}
	return ""
}

// A play is one request with what there is to answer it.
type play struct {
	o      *origin
	raw, c net.Conn // the socket, and what is spoken on it
	req    *http.Request
	a      ask
	dice   *rand.Rand
	early  bool // the request's body was not read
}

// readBody reads the request's body and looks whether it is right. It is false when the
// client has gone.
func (p *play) readBody() bool {
	if p.req.Header.Get("Expect") != "" && p.dice.IntN(4) > 0 {
		p.send([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	}
	b, err := io.ReadAll(p.req.Body)
	if err != nil {
		return false
	}
	if p.req.Method == "POST" && !p.uploaded(b) {
		p.o.s.tally.wrongf("request %d (%s): a body of %d bytes is not what was sent", p.a.id, p.a.up, len(b))
	}
	return true
}

// uploaded says whether b is the body that p.a tells of.
func (p *play) uploaded(b []byte) bool {
	want := content(p.a.id, p.a.upN)
	switch p.a.up {
	case "file":
		return bytes.Equal(b, content(0, p.a.upN))
	case "form":
		q, err := url.ParseQuery(string(b))
		return err == nil && q.Get("content") == string(want) && q.Get("id") == fmt.Sprint(p.a.id)
	case "multipart":
		p.req.Body = io.NopCloser(bytes.NewReader(b))
		r, err := p.req.MultipartReader()
		if err != nil {
			return false
		}
		f, err := r.ReadForm(64 << 20)
		return err == nil && len(f.Value["id"]) == 1 && f.Value["id"][0] == fmt.Sprint(p.a.id) && filed(f, want)
	}
	return bytes.Equal(b, want)
}

// filed says whether the one file of a form is right.
func filed(f *multipart.Form, want []byte) bool {
	defer f.RemoveAll()
	if len(f.File["file"]) != 1 {
		return false
	}
	file, err := f.File["file"][0].Open()
	if err != nil {
		return false
	}
	defer file.Close()
	got, err := io.ReadAll(file)
	return err == nil && bytes.Equal(got, want)
}

// A message is an answer as it goes out.
type message struct{ interim, head, body []byte }

func (m message) bytes() []byte {
	return append(append(bytes.Clone(m.interim), m.head...), m.body...)
}

// message makes the right answer to the request.
func (p *play) message() (m message) {
	for range p.a.interim {
		m.interim = append(m.interim, "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"...)
	}
	var h bytes.Buffer
	got, id := fmt.Sprint(p.a.upN), p.a.id
	if p.req.Method != "POST" {
		got = "0"
	}
	if p.early {
		got = "early"
	}
	if p.o.s.plant.wrongID && p.dice.IntN(5) == 0 {
		id++
	}
	switch {
	case p.a.hops > 0:
		return message{head: p.redirect()}
	case p.a.as == "none":
		h.WriteString("HTTP/1.1 204 No Content\r\n")
	default:
		h.WriteString("HTTP/1.1 200 OK\r\n")
	}
	fmt.Fprintf(&h, "X-Id: %d\r\nX-Got: %s\r\n", id, got)
	if !p.persistent() {
		h.WriteString("Connection: close\r\n")
	}
	m.body = p.frame(&h)
	h.WriteString("\r\n")
	m.head = h.Bytes()
	return m
}

// frame adds to a head how its body is delimited, and gives that.
func (p *play) frame(h *bytes.Buffer) []byte {
	body := content(p.a.id, p.a.n)
	if p.o.s.plant.wrongByte && p.a.n > 0 && p.dice.IntN(5) == 0 {
		body[p.dice.IntN(p.a.n)]++
	}
	switch p.a.as {
	case "none":
		return nil
	case "length":
		fmt.Fprintf(h, "Content-Length: %d\r\n", p.a.n)
	case "chunked":
		h.WriteString("Transfer-Encoding: chunked\r\n")
		body = p.chunked(body)
	}
	if p.req.Method == "HEAD" {
		return nil
	}
	return body
}

// chunked puts a body into a few chunks of random sizes.
func (p *play) chunked(body []byte) []byte {
	var b bytes.Buffer
	for rest := body; len(rest) > 0; {
		n := 1 + p.dice.IntN(max(len(rest), 1))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, rest[:n])
		rest = rest[n:]
	}
	b.WriteString("0\r\n")
	if p.a.trailer {
		fmt.Fprintf(&b, "X-Sum: %s\r\n", sum(content(p.a.id, p.a.n)))
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// redirect makes the answer that leads to the next hop.
func (p *play) redirect() []byte {
	next, base := p.a, ""
	next.hops--
	if p.a.cross {
		next.far, base = true, p.o.s.otherOrigin(p.o)
	}
	if p.a.code == 303 {
		next.up, next.upN = "", 0
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d Elsewhere\r\nLocation: %s%s\r\nContent-Length: 5\r\n\r\nthere", p.a.code, base, next.target())
}

// send writes b, now and then in pieces, and says whether it could.
func (p *play) send(b []byte) bool {
	if p.dice.IntN(4) == 0 && len(b) > 1 {
		k := 1 + p.dice.IntN(len(b)-1)
		if _, err := p.c.Write(b[:k]); err != nil {
			return false
		}
		b = b[k:]
	}
	_, err := p.c.Write(b)
	return err == nil
}

// persistent says whether the connection outlives the answer.
func (p *play) persistent() bool {
	return p.a.as != "close" && !p.a.last && !p.req.Close || p.a.hops > 0
}

// linger waits until the client has gone.
func (p *play) linger() { io.Copy(io.Discard, p.c) }
