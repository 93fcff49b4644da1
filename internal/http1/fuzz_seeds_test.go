package http1

import (
	"strings"
	"testing"
)

// fuzzSeeds are the bytes of the published advisories that concern a response; the number is
// that of the test of the same name.
var fuzzSeeds = []struct {
	advisory, in string
	eof          bool
}{
	{"C01", chunkedHead + "5\r\nhelloXX0\r\n\r\n", true},
	{"C02", chunkedHead + "5\nhello\r\n", true},
	{"C02", chunkedHead + "5;a\nb\r\nhello\r\n", true},
	{"C02", chunkedHead + "5 ;x\r\nhello\r\n", true},
	{"C03", chunkedHead + strings.Repeat("1;"+strings.Repeat("x", 30)+"\r\na\r\n", 4) + "0\r\n\r\n", false},
	{"C04", chunkedHead + "+5\r\nhello\r\n", true},
	{"C04", chunkedHead + "-5\r\nhello\r\n", true},
	{"C04", chunkedHead + "0x5\r\nhello\r\n", true},
	{"C04", chunkedHead + "\r\nhello\r\n", true},
	{"C04", chunkedHead + "10000000000000005\r\nhello\r\n", true},
	{"C05", chunkedHead + "7fffffff\r\ndrip", false},
	{"C06", ok + "Content-Length: +0\r\n\r\n", true},
	{"C06", ok + "Content-Length: -1\r\n\r\n", true},
	{"C06", ok + "Content-Length: 5 5\r\n\r\nhello", true},
	{"C06", ok + "Content-Length: 0x5\r\n\r\nhello", true},
	{"C06", ok + "Content-Length: \r\n\r\n", true},
	{"C06", ok + "Content-Length: 18446744073709551617\r\n\r\nh", true},
	{"C07", ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", true},
	{"C07", ok + "Content-Length: 5, 5\r\nContent-Length: 5\r\n\r\nhello", true},
	{"C08", ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", false},
	{"C09", ok + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", true},
	{"C09", ok + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", true},
	{"C09", ok + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", true},
	{"C09", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
	{"C09", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
	{"C10", ok + "Content-Length : 5\r\n\r\nhello", false},
	{"C11", ok + "A: b\x00c\r\n\r\n", true},
	{"C11", ok + "A: b\rc\r\n\r\n", true},
	{"C11", ok + "A: b\r\n  c\r\n\td\r\nContent-Length: 0\r\n\r\n", false},
	{"C11", "HTTP/1.1 204 X\nA: b\n\n", false},
	{"C12", ok + "A: " + strings.Repeat("v", 500), false},
	{"C12", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 5), false},
	{"C12", chunkedHead + "0\r\n" + strings.Repeat("A: b\r\n", 20), false},
	{"C13", ok + strings.Repeat("a:\n", 40) + "\n", true},
	{"C13", ok + "a:\n" + strings.Repeat(" \n", 40) + "\n", true},
	{"C14", ok + "Content-Length: 1099511627776\r\n\r\n0123456789", true},
	{"C15", "\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64", false},
	{"C16", chunkedHead + "5\r", false},
	{"C16", chunkedHead + "5\rhello\r\n", false},
	{"C17", chunkedHead + "5\r\nhello\r\n", true},
	{"C17", chunkedHead + "5\r\nhello\r\n0\r\n\r", true},
	{"C18", ok + "Content-Length: 0\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", false},
	{"C27", chunkedHead + "2\r\nhi\r\n0\r\nTransfer-Encoding: x\r\ncontent-length: 7\r\nHost: evil\r\nA: b\r\n\r\n", false},
	{"C51", ok + "Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", false},
	{"C57", ok + "Alt-Svc: =\r\nAlt-Svc: ,;\r\nContent-Length: 0\r\n\r\n", false},
}

// seeds adds every case of the table, and the bytes of each advisory.
func seeds(f *testing.F) {
	for _, c := range codecCases {
		f.Add(c.method, []byte(c.in), c.eof)
	}
	for _, s := range fuzzSeeds {
		f.Add("GET", []byte(s.in), s.eof)
	}
}
