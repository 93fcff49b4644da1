package main

import (
	"encoding/binary"
	"fmt"
	"net/url"
	"strconv"
)

// An ask is what a request asks of the server. It travels in the request-target, so the
// server needs no other knowledge, and its id is what an answer is held against.
type ask struct {
	id        uint64
	as        string // how the body is delimited: one of framings
	n         int    // bytes of the body
	interim   int    // 103 responses before the answer
	trailer   bool   // a sum behind a chunked body
	last      bool   // the connection ends with the answer
	up        string // what the request's body is: "", raw, file, form or multipart
	upN       int    // bytes of its content
	impatient bool   // the client has short limits of time: the server may stall
	hops      int    // redirects before the answer
	code      int    // their status
	cross     bool   // they lead from one origin to the other
	far       bool   // one has led to another origin
	auth      bool   // credentials were sent along
}

var framings = []string{"length", "chunked", "close", "none"}

// target is the request-target that carries a.
func (a ask) target() string {
	return fmt.Sprintf("/soak?id=%d&as=%s&n=%d&interim=%d&trailer=%t&last=%t&up=%s&upn=%d&impatient=%t&hops=%d&code=%d&cross=%t&far=%t&auth=%t",
		a.id, a.as, a.n, a.interim, a.trailer, a.last, a.up, a.upN, a.impatient, a.hops, a.code, a.cross, a.far, a.auth)
}

// readAsk is the inverse of target.
func readAsk(u *url.URL) ask {
	q := u.Query()
	number := func(name string) int { n, _ := strconv.Atoi(q.Get(name)); return n }
	yes := func(name string) bool { return q.Get(name) == "true" }
	id, _ := strconv.ParseUint(q.Get("id"), 10, 64)
	return ask{
		id: id, as: q.Get("as"), n: number("n"), interim: number("interim"), trailer: yes("trailer"), last: yes("last"),
		up: q.Get("up"), upN: number("upn"), impatient: yes("impatient"),
		hops: number("hops"), code: number("code"), cross: yes("cross"), far: yes("far"), auth: yes("auth"),
	}
}

// content is the n bytes that belong to an id, in either direction: no stretch of them
// occurs elsewhere, in these or in those of another id.
func content(id uint64, n int) []byte {
	b := make([]byte, 0, n+8)
	for k := uint64(1); len(b) < n; k++ {
		x := id*0xd1342543de82ef95 + k*0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		b = binary.LittleEndian.AppendUint64(b, x^x>>31)
	}
	return b[:n]
}
