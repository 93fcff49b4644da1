package main

import (
	"bytes"
	"net"
	"strings"
	"time"
)

// A fault is something a server does to a request in place of the right answer, or beside it.
type fault struct {
	name   string
	allows class            // the errors that explain themselves by it
	fits   func(*play) bool // whether it can be played here
	play   func(*play) bool // plays it, and says whether the connection goes on
}

// oddsOfFault is how many of a hundred requests meet one.
const oddsOfFault = 10

// pick chooses what goes wrong with a request: mostly nothing, nil.
func pick(p *play) *fault {
	if p.dice.IntN(100) >= oddsOfFault {
		return nil
	}
	var fit []*fault
	for i := range faults {
		if faults[i].fits(p) {
			fit = append(fit, &faults[i])
		}
	}
	return fit[p.dice.IntN(len(fit))]
}

// faults are all that can go wrong behind a request. What goes wrong before one is in proxies.go.
var faults = []fault{
	{"close before the answer", ended, always, cut(beforeHead, closing)},
	{"reset before the answer", ended, always, cut(beforeHead, resetting)},
	{"close in the head", ended, always, cut(inHead, closing)},
	{"reset in the head", ended, always, cut(inHead, resetting)},
	{"half-close in the head", ended, always, cut(inHead, halfClosing)},
	{"close in the body", ended, delimited, cut(inBody, closing)},
	{"reset in the body", ended, both(embodied, resettable), cut(inBody, resetting)},
	{"half-close in the body", ended, delimited, cut(inBody, halfClosing)},
	{"the end of TLS is missing", ended, both(embodied, secure), cut(inBody, dropping)},

	{"stall before reading", timeout | ended, impatient, ignoring},
	{"stall before the answer", timeout, impatient, cut(beforeHead, stalling)},
	{"stall in the head", timeout, impatient, cut(inHead, stalling)},
	{"stall in the body", timeout, both(impatient, embodied), cut(inBody, stalling)},
	{"nap in the head", timeout, impatient, pausing(inHead)},
	{"nap in the body", timeout, both(impatient, embodied), pausing(inBody)},
	{"drip", 0, always, drip},

	{"garbage", protocol, always, saying("\x00\x01not HTTP at all\r\n\r\n")},
	{"a bad status line", protocol, always, saying("HTTP/1.1 2OO OK\r\nContent-Length: 0\r\n\r\n")},
	{"two lengths", protocol, always, saying("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")},
	{"a blank before the colon", protocol, always, saying("HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n")},
	{"a bad chunk size", protocol, chunkedBody, badChunk},

	{"too long", 0, both(small, delimited), tooLong},
	{"unsolicited bytes", 0, both(rude, delimited), unsolicited},
	{"closed when kept", 0, always, leaving},
	{"early answer", ended, uploading, early},
	{"early answer and reset", ended, uploading, earlyReset},

	{"endless head", limit, always, endless("HTTP/1.1 200 OK\r\n", "X-More: "+strings.Repeat("x", 900)+"\r\n")},
	{"endless interim responses", limit, always, endless("", "HTTP/1.1 102 Processing\r\n\r\n")},
	{"endless chunk extension", limit, chunkedBody, endlessBody("1;", strings.Repeat("x", 900))},
	{"endless trailer", limit, chunkedBody, endlessBody("0\r\n", "X-More: "+strings.Repeat("x", 900)+"\r\n")},
}

func always(*play) bool        { return true }
func impatient(p *play) bool   { return p.a.impatient }
func secure(p *play) bool      { return p.o.tls != nil }
func rude(p *play) bool        { return p.o.rude }
func uploading(p *play) bool   { return p.req.Method == "POST" && p.a.hops == 0 }
func small(p *play) bool       { return p.a.n < 1000 && p.a.interim == 0 }
func delimited(p *play) bool   { return p.a.as != "close" && embodied(p) }
func chunkedBody(p *play) bool { return p.a.as == "chunked" && embodied(p) }

// embodied says whether the answer has a body that the client is told of. That of a redirect is passed
// over, so what happens there need not be seen.
func embodied(p *play) bool {
	return p.a.n > 0 && p.a.as != "none" && p.req.Method != "HEAD" && p.a.hops == 0
}

// resettable says whether the client can tell the end from that of the body.
func resettable(p *play) bool {
	_, tcp := p.raw.(*net.TCPConn)
	return tcp || delimited(p)
}

func both(f, g func(*play) bool) func(*play) bool {
	return func(p *play) bool { return f(p) && g(p) }
}

// A place is where in the answer something happens.
type place int

const (
	beforeHead place = iota
	inHead
	inBody
)

// upTo is how much of the answer goes out before that.
func (p *play) upTo(where place, m message) int {
	n := len(m.interim) + len(m.head)
	switch where {
	case beforeHead:
		return 0
	case inHead:
		return len(m.interim) + 1 + p.dice.IntN(len(m.head)-2-p.overlap())
	}
	return n + p.dice.IntN(len(m.body))
}

// overlap is what the head of a redirect has of its body.
func (p *play) overlap() int {
	if p.a.hops > 0 {
		return len("there")
	}
	return 0
}

// cut sends the answer up to a place and ends it there.
func cut(where place, end func(*play)) func(*play) bool {
	return func(p *play) bool {
		if !p.readBody() {
			return false
		}
		m := p.message()
		if n := p.upTo(where, m); n == 0 || p.send(m.bytes()[:n]) {
			end(p)
		}
		return false
	}
}

func closing(*play)     {}
func dropping(p *play)  { p.raw.Close() }
func stalling(p *play)  { p.linger() }
func resetting(p *play) { abort(p.raw) }
func halfClosing(p *play) {
	if c, ok := p.c.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
	p.linger()
}

// abort closes a connection with a reset, where there is such a thing.
func abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.Close()
}

// ignoring reads nothing of the request's body, for longer than the client waits. (Behind unread bytes
// nobody can see the client go.)
func ignoring(*play) bool {
	time.Sleep(5 * shortTime)
	return false
}

// pausing makes the client wait for longer than it likes, and then goes on.
func pausing(where place) func(*play) bool {
	return func(p *play) bool {
		if !p.readBody() {
			return false
		}
		m := p.message()
		n := p.upTo(where, m)
		if !p.send(m.bytes()[:n]) {
			return false
		}
		time.Sleep(shortTime * 5 / 4)
		return p.send(m.bytes()[n:]) && p.persistent()
	}
}

// drip sends the head and the beginning of the body byte by byte.
func drip(p *play) bool {
	if !p.readBody() {
		return false
	}
	b := p.message().bytes()
	n := min(len(b), 300)
	for i := range n {
		if _, err := p.c.Write(b[i : i+1]); err != nil {
			return false
		}
	}
	_, err := p.c.Write(b[n:])
	return err == nil && p.persistent()
}

// saying answers with these bytes and nothing else.
func saying(text string) func(*play) bool {
	return func(p *play) bool {
		if p.readBody() && p.send([]byte(text)) {
			p.linger()
		}
		return false
	}
}

// badChunk sends some of the body and then what is no chunk.
func badChunk(p *play) bool {
	if !p.readBody() {
		return false
	}
	m := p.message()
	b := append(append(m.interim, m.head...), "1\r\n"+string(content(p.a.id, 1))+"\r\n0x1\r\n"...)
	if p.send(b) {
		p.linger()
	}
	return false
}

// tooLong sends more behind the answer, in one go with it. What comes on the connection after that
// would have been sent on one that is not clean.
func tooLong(p *play) bool {
	if !p.readBody() {
		return false
	}
	p.c.Write(append(p.message().bytes(), "HTTP/1.1 200 OK\r\nX-Id: 0\r\nContent-Length: 0\r\n\r\n"...))
	p.linger()
	return false
}

// unsolicited sends more behind the answer, a little later.
func unsolicited(p *play) bool {
	if !p.readBody() || !p.send(p.message().bytes()) {
		return false
	}
	time.Sleep(time.Duration(p.dice.IntN(3000)) * time.Microsecond)
	p.c.Write([]byte("nobody asked"))
	p.linger()
	return false
}

// leaving answers as if the connection could be kept, and closes it; or resets it, but not before
// the client's next request, since a reset that comes sooner would take the answer away.
func leaving(p *play) bool {
	if p.readBody() && p.send(p.message().bytes()) && p.persistent() && p.o.tls == nil && p.dice.IntN(2) == 0 {
		p.raw.Read(make([]byte, 1))
		resetting(p)
	}
	return false
}

// early answers before the request's body was read, and then reads that.
func early(p *play) bool {
	p.early = true
	p.a.last = true
	if p.send(p.message().bytes()) {
		if c, ok := p.c.(interface{ CloseWrite() error }); ok {
			c.CloseWrite()
		}
		p.linger()
	}
	return false
}

// earlyReset answers before the request's body was read, and takes no more.
func earlyReset(p *play) bool {
	p.early = true
	p.a.last = true
	p.send(p.message().bytes())
	return false // what was not read makes it a reset
}

// endless sends begin, and then more for as long as somebody takes it.
func endless(begin, more string) func(*play) bool {
	return func(p *play) bool {
		if p.readBody() {
			p.pour(begin, more)
		}
		return false
	}
}

// endlessBody is endless for what comes behind a whole head.
func endlessBody(begin, more string) func(*play) bool {
	return func(p *play) bool {
		if p.readBody() {
			m := p.message()
			p.pour(string(m.interim)+string(m.head)+begin, more)
		}
		return false
	}
}

func (p *play) pour(begin, more string) {
	if !p.send([]byte(begin)) {
		return
	}
	for lot := bytes.Repeat([]byte(more), 8); ; {
		if _, err := p.c.Write(lot); err != nil {
			return
		}
	}
}
