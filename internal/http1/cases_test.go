package http1

import "testing"

// codecCase is one answer of a peer and what is to be made of it. The fuzzers
// start from these too.
type codecCase struct {
	name   string
	reason string
	exchange
	want string // in the notation of outcome
	left int    // bytes that are not of the message
}

const ok = "HTTP/1.1 200 OK\r\n"

// chunked is a head behind which a chunked body comes.
const chunkedHead = ok + "Transfer-Encoding: chunked\r\n\r\n"

const chunkedOK = `1.1 200 OK [Transfer-Encoding: chunked] chunked `

var codecCases = []codecCase{
	// No body at all.
	{"none/head", "RFC 9112 6.3 step 1: no body after HEAD", exchange{method: "HEAD", in: ok + "Content-Length: 5\r\n\r\n"}, `1.1 200 OK [Content-Length: 5] none 5 "" keep`, 0},
	{"none/head chunked", "step 1 goes before Transfer-Encoding", exchange{method: "HEAD", in: chunkedHead}, `1.1 200 OK [Transfer-Encoding: chunked] none "" keep`, 0},
	{"none/head without length", "step 1 goes before step 8", exchange{method: "HEAD", in: ok + "\r\n"}, `1.1 200 OK none "" keep`, 0},
	{"none/204", "step 1", exchange{in: "HTTP/1.1 204 No Content\r\n\r\n"}, `1.1 204 No Content none "" keep`, 0},
	{"none/204 with length", "step 1: the length is that of nothing", exchange{in: "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc"}, `1.1 204 No Content [Content-Length: 3] none 3 "" keep`, 3},
	{"none/304", "step 1: the length is that of the 200", exchange{in: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"}, `1.1 304 Not Modified [Content-Length: 9] none 9 "" keep`, 0},
	{"none/length 0", "step 6", exchange{in: ok + "Content-Length: 0\r\n\r\n"}, `1.1 200 OK [Content-Length: 0] none 0 "" keep`, 0},
	{"none/100 first", "RFC 9110 15.2: an interim response is not the answer", exchange{in: "HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nhi"}, `1.1 100 Continue > 1.1 200 OK [Content-Length: 2] length 2 "hi" keep`, 0},
	{"none/several interim", "each 1xx has its own fields, and its framing fields are of no account", exchange{in: "HTTP/1.1 100\r\nContent-Length: 7\r\nConnection: close\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 \r\n\r\n"}, `1.1 100 [Content-Length: 7 | Connection: close] > 1.1 103 Early Hints [Link: x] > 1.1 204 none "" keep`, 0},
	{"none/interim only", "an interim response alone is no answer", exchange{in: "HTTP/1.1 102 Processing\r\n\r\n", eof: true}, `1.1 102 Processing > ! incomplete: response head`, 0},
	{"switched/101", "RFC 9110 15.2.2: the bytes that follow are another protocol's", exchange{in: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nContent-Length: 5\r\n\r\n"}, `1.1 101 Switching Protocols [Upgrade: x | Content-Length: 5] switched "" close`, 0},
	{"switched/connect", "step 2: framing fields of a 2xx to CONNECT are ignored, wrong ones too", exchange{method: "CONNECT", in: "HTTP/1.1 201 Fine\r\nContent-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n"}, `1.1 201 Fine [Content-Length: x | Transfer-Encoding: chunked] switched "" close`, 0},
	{"switched/connect refused", "step 2 is about 2xx alone", exchange{method: "CONNECT", in: "HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno"}, `1.1 407 No [Content-Length: 2] length 2 "no" keep`, 0},
	{"other/connect in small letters", "RFC 9110 9.1: methods have case", exchange{method: "connect", in: ok + "Content-Length: 2\r\n\r\nhi"}, `1.1 200 OK [Content-Length: 2] length 2 "hi" keep`, 0},

	// Content-Length.
	{"length/whole", "step 6", exchange{in: ok + "Content-Length: 5\r\n\r\nhello"}, `1.1 200 OK [Content-Length: 5] length 5 "hello" keep`, 0},
	{"length/name in capitals", "RFC 9110 5.1: names are blind to case", exchange{in: ok + "CONTENT-LENGTH:5\r\n\r\nhello"}, `1.1 200 OK [CONTENT-LENGTH: 5] length 5 "hello" keep`, 0},
	{"length/leading zeros", "digits alone", exchange{in: ok + "Content-Length: 0005\r\n\r\nhello"}, `1.1 200 OK [Content-Length: 0005] length 5 "hello" keep`, 0},
	{"length/cut short", "RFC 9112 8: an incomplete message", exchange{in: ok + "Content-Length: 5\r\n\r\nhel", eof: true}, `1.1 200 OK [Content-Length: 5] length 5 "hel" ! incomplete: body`, 0},
	{"length/nothing came", "RFC 9112 8", exchange{in: ok + "Content-Length: 5\r\n\r\n", eof: true}, `1.1 200 OK [Content-Length: 5] length 5 "" ! incomplete: body`, 0},
	{"length/equal lines", "RFC 9110 8.6: equal ones are one", exchange{in: ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi"}, `1.1 200 OK [Content-Length: 2 | Content-Length: 2] length 2 "hi" keep`, 0},
	{"length/equal list", "RFC 9110 8.6", exchange{in: ok + "Content-Length: 2, 2\t,02\r\n\r\nhi"}, "1.1 200 OK [Content-Length: 2, 2\t,02] length 2 \"hi\" keep", 0},
	{"length/different lines", "RFC 9110 8.6", exchange{in: ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi"}, `! Content-Length`, 0},
	{"length/different list", "RFC 9110 8.6", exchange{in: ok + "Content-Length: 2, 3\r\n\r\nhi"}, `! Content-Length`, 0},
	{"length/valid and empty", "an empty value is not a number", exchange{in: ok + "Content-Length: 2\r\nContent-Length:\r\n\r\nhi"}, `! Content-Length`, 0},
	{"length/empty element", "sloppy lists are refused", exchange{in: ok + "Content-Length: 2,\r\n\r\nhi"}, `! Content-Length`, 0},
	{"length/of head", "a wrong length is an error where no body follows, too", exchange{method: "HEAD", in: ok + "Content-Length: -1\r\n\r\n"}, `! Content-Length`, 0},
	{"length/2^63-1", "the largest length is not cut down", exchange{in: ok + "Content-Length: 9223372036854775807\r\n\r\nx", eof: true}, `1.1 200 OK [Content-Length: 9223372036854775807] length 9223372036854775807 "x" ! incomplete: body`, 0},
	{"length/2^63", "no wrap-around", exchange{in: ok + "Content-Length: 9223372036854775808\r\n\r\nx"}, `! Content-Length`, 0},

	// Chunked.
	{"chunked/plain", "RFC 9112 7.1", exchange{in: chunkedHead + "5\r\nhello\r\n0\r\n\r\n"}, chunkedOK + `"hello" keep`, 0},
	{"chunked/empty", "the last chunk alone", exchange{in: chunkedHead + "0\r\n\r\n"}, chunkedOK + `"" keep`, 0},
	{"chunked/many", "sizes in both cases, with leading zeros", exchange{in: chunkedHead + "1\r\na\r\n0a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n"}, chunkedOK + `"a01234567890123456789" keep`, 0},
	{"chunked/CRLF in the data", "data is counted, not scanned", exchange{in: chunkedHead + "6\r\n0\r\n\r\nx\r\n0\r\n\r\n"}, chunkedOK + `"0\r\n\r\nx" keep`, 0},
	{"chunked/extensions", "RFC 9112 7.1.1: they are ignored", exchange{in: chunkedHead + "2;a=b\r\nhi\r\n0;c=\"d e\"\r\n\r\n"}, chunkedOK + `"hi" keep`, 0},
	{"chunked/empty extension", "nothing behind the semicolon", exchange{in: chunkedHead + "2;\r\nhi\r\n0;\r\n\r\n"}, chunkedOK + `"hi" keep`, 0},
	{"chunked/trailers", "RFC 9112 7.1.2", exchange{in: chunkedHead + "2\r\nhi\r\n0\r\nA: b\r\nA:\r\n\r\n"}, chunkedOK + `"hi" [A: b | A: ] keep`, 0},
	{"chunked/folded trailer", "folds are joined there, too", exchange{in: chunkedHead + "0\r\nA: b\r\n\tc\r\n\r\n"}, chunkedOK + `"" [A: b c] keep`, 0},
	{"chunked/bare LF behind the last chunk", "the line behind the last-chunk line is of the trailer section, where a bare LF ends a line", exchange{in: chunkedHead + "2\r\nhi\r\n0\r\n\n"}, chunkedOK + `"hi" keep`, 0},
	{"chunked/only forbidden trailers", "RFC 9110 6.5.1: they are ignored", exchange{in: chunkedHead + "0\r\nContent-Length: 3\r\n\r\n"}, chunkedOK + `"" keep`, 0},
	{"chunked/blank before the first trailer", "RFC 9112 5.2: nothing to fold into", exchange{in: chunkedHead + "0\r\n A: b\r\n\r\n"}, chunkedOK + `"" ! trailer field line`, 0},
	{"chunked/blank lines before the first trailer", "joining them must not make the empty line that ends the section", exchange{in: chunkedHead + "0\r\n \r\n \r\n\r\n"}, chunkedOK + `"" ! trailer field line`, 0},
	{"chunked/bad trailer", "trailers are field lines", exchange{in: chunkedHead + "0\r\nA b\r\n\r\n"}, chunkedOK + `"" ! trailer field line`, 0},
	{"chunked/cut in the trailers", "RFC 9112 8", exchange{in: chunkedHead + "0\r\nA: b\r\n", eof: true}, chunkedOK + `"" ! incomplete: trailer section`, 0},
	{"chunked/cut behind the last chunk", "RFC 9112 8: the empty line is of the message", exchange{in: chunkedHead + "0\r\n", eof: true}, chunkedOK + `"" ! incomplete: trailer section`, 0},
	{"chunked/cut in the data", "RFC 9112 8", exchange{in: chunkedHead + "5\r\nhel", eof: true}, chunkedOK + `"hel" ! incomplete: chunk`, 0},
	{"chunked/cut in a size line", "RFC 9112 8", exchange{in: chunkedHead + "2\r\nhi\r\n5", eof: true}, chunkedOK + `"hi" ! incomplete: chunked body`, 0},
	{"chunked/cut in an extension", "RFC 9112 8", exchange{in: chunkedHead + "2\r\nhi\r\n5;a=", eof: true}, chunkedOK + `"hi" ! incomplete: chunked body`, 0},
	{"chunked/cut in the CRLF of a chunk", "RFC 9112 8", exchange{in: chunkedHead + "2\r\nhi\r", eof: true}, chunkedOK + `"hi" ! incomplete: chunked body`, 0},
	{"chunked/blank before the size", "no BWS there", exchange{in: chunkedHead + " 2\r\nhi\r\n0\r\n\r\n"}, chunkedOK + `"" ! chunk size`, 0},
	{"chunked/blank behind the size", "no BWS there", exchange{in: chunkedHead + "2 \r\nhi\r\n0\r\n\r\n"}, chunkedOK + `"" ! chunk size`, 0},
	{"chunked/bare CR in the size line", "not a line end", exchange{in: chunkedHead + "2\rx\nhi\r\n0\r\n\r\n"}, chunkedOK + `"" ! chunk size`, 0},
	{"chunked/bare CR in an extension", "not a line end", exchange{in: chunkedHead + "2;a\rb\r\nhi\r\n0\r\n\r\n"}, chunkedOK + `"" ! chunk extension`, 0},
	{"chunked/two CR in an extension", "the first is bare", exchange{in: chunkedHead + "2;a\r\r\nhi\r\n0\r\n\r\n"}, chunkedOK + `"" ! chunk extension`, 0},
	{"chunked/NUL in an extension", "a NUL is nowhere", exchange{in: chunkedHead + "2;a\x00\r\nhi\r\n0\r\n\r\n"}, chunkedOK + `"" ! chunk extension`, 0},
	{"chunked/data too long", "the CRLF is not where the size says", exchange{in: chunkedHead + "2\r\nhi!\r\n0\r\n\r\n"}, chunkedOK + `"hi" ! chunk`, 0},
	{"chunked/data too short", "the size line eats the CRLF and more", exchange{in: chunkedHead + "4\r\nhi\r\n0\r\n\r\n"}, chunkedOK + `"hi\r\n" ! chunk`, 0},
	{"chunked/bare LF behind the data", "RFC 9112 2.2 is about heads", exchange{in: chunkedHead + "2\r\nhi\n0\r\n\r\n"}, chunkedOK + `"hi" ! chunk`, 0},
	{"chunked/bare CR behind the data", "CRLF or nothing", exchange{in: chunkedHead + "2\r\nhi\rx0\r\n\r\n"}, chunkedOK + `"hi" ! chunk`, 0},
	{"chunked/size 2^63-1", "the largest size", exchange{in: chunkedHead + "7fffffffffffffff\r\nhi", eof: true}, chunkedOK + `"hi" ! incomplete: chunk`, 0},
	{"chunked/size 2^63", "no wrap-around", exchange{in: chunkedHead + "8000000000000000\r\nhi"}, chunkedOK + `"" ! chunk size`, 0},
	{"chunked/behind gzip", "RFC 9112 7.2: chunked is undone, gzip stays", exchange{in: ok + "Transfer-Encoding: gzip, Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"}, `1.1 200 OK [Transfer-Encoding: gzip, Chunked] chunked "hi" keep`, 0},
	{"chunked/close", "Connection: close goes with any framing", exchange{in: ok + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}, `1.1 200 OK [Connection: close | Transfer-Encoding: chunked] chunked "" close`, 0},

	// Until close, identity.
	{"until close/1.1", "step 8", exchange{in: ok + "\r\nhello", eof: true}, `1.1 200 OK until close "hello" close`, 0},
	{"until close/1.0", "step 8", exchange{in: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello", eof: true}, `1.0 200 OK [Connection: keep-alive] until close "hello" close`, 0},
	{"until close/empty", "step 8", exchange{in: ok + "\r\n", eof: true}, `1.1 200 OK until close "" close`, 0},
	{"until close/open", "nothing ends it but the close", exchange{in: ok + "\r\nhello"}, `1.1 200 OK until close "hello" ! waits for more`, 0},
	{"identity/alone", "of old: as if there were no coding", exchange{in: ok + "Transfer-Encoding: identity\r\n\r\nhi", eof: true}, `1.1 200 OK [Transfer-Encoding: identity] until close "hi" close`, 0},
	{"identity/with length", "two ways to read it", exchange{in: ok + "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi"}, `! Transfer-Encoding`, 0},
	{"coding/other", "we cannot undo it", exchange{in: ok + "Transfer-Encoding: gzip\r\n\r\nhi", eof: true}, `! Transfer-Encoding`, 0},
	{"coding/empty", "sloppy", exchange{in: ok + "Transfer-Encoding:\r\n\r\nhi", eof: true}, `! Transfer-Encoding`, 0},
	{"coding/empty element", "sloppy", exchange{in: ok + "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"}, `! Transfer-Encoding`, 0},
	{"coding/twice", "RFC 9112 6.1: chunked is applied once", exchange{in: ok + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"}, `! Transfer-Encoding`, 0},

	// Status lines.
	{"status/no reason", "RFC 9112 4: the reason may be empty", exchange{in: "HTTP/1.1 204 \r\n\r\n"}, `1.1 204 none "" keep`, 0},
	{"status/no blank", "many senders leave the blank out too", exchange{in: "HTTP/1.1 204\r\n\r\n"}, `1.1 204 none "" keep`, 0},
	{"status/odd reason", "obs-text, tabs and blanks are kept inside", exchange{in: "HTTP/1.1 204  a\t b: \xe9 \r\n\r\n"}, "1.1 204 a\t b: \xe9 none \"\" keep", 0},
	{"status/999", "RFC 9110 15: three digits", exchange{in: "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"}, `1.1 999 X [Content-Length: 0] none 0 "" keep`, 0},
	{"status/1.2", "RFC 9110 2.5: a higher minor version is read as 1.1", exchange{in: "HTTP/1.2 204 X\r\n\r\n"}, `1.2 204 X none "" keep`, 0},
	{"status/1.9", "the last minor version there can be", exchange{in: "HTTP/1.9 204 X\r\n\r\n"}, `1.9 204 X none "" keep`, 0},
	{"status/099", "below 100", exchange{in: "HTTP/1.1 099 X\r\n\r\n"}, `! status line`, 0},
	{"status/two digits", "three digits", exchange{in: "HTTP/1.1 20 OK\r\n\r\n"}, `! status line`, 0},
	{"status/four digits", "three digits", exchange{in: "HTTP/1.1 2000 OK\r\n\r\n"}, `! status line`, 0},
	{"status/letters", "digits", exchange{in: "HTTP/1.1 2x0 OK\r\n\r\n"}, `! status line`, 0},
	{"status/two blanks", "one SP", exchange{in: "HTTP/1.1  200 OK\r\n\r\n"}, `! status line`, 0},
	{"status/tab", "SP, not HTAB", exchange{in: "HTTP/1.1\t200 OK\r\n\r\n"}, `! status line`, 0},
	{"status/version alone", "no status", exchange{in: "HTTP/1.1\r\n\r\n"}, `! status line`, 0},
	{"status/cut version", "no status", exchange{in: "HTTP/1\r\n\r\n"}, `! status line`, 0},
	{"status/2.0", "not HTTP/1", exchange{in: "HTTP/2.0 200 OK\r\n\r\n"}, `! status line`, 0},
	{"status/1.10", "one digit", exchange{in: "HTTP/1.10 200 OK\r\n\r\n"}, `! status line`, 0},
	{"status/1.x", "a digit", exchange{in: "HTTP/1.x 200 OK\r\n\r\n"}, `! status line`, 0},
	{"status/small letters", "RFC 9112 2.3: the name has case", exchange{in: "http/1.1 200 OK\r\n\r\n"}, `! status line`, 0},
	{"status/other protocol", "refused before a line end comes", exchange{in: "SSH-2.0-x"}, `! status line`, 0},
	{"status/empty line first", "RFC 9112 2.2 lets servers skip it, not clients", exchange{in: "\r\nHTTP/1.1 204 X\r\n\r\n"}, `! status line`, 0},
	{"status/bare CR", "not a line end", exchange{in: "HTTP/1.1 200 O\rK\r\n\r\n"}, `! status line`, 0},
	{"status/NUL", "a NUL is nowhere", exchange{in: "HTTP/1.1 200 O\x00K\r\n\r\n"}, `! status line`, 0},
	{"status/blank line follows", "RFC 9112 2.2: no fold on the status line", exchange{in: "HTTP/1.1 204 X\r\n A: b\r\n\r\n"}, `! field line`, 0},
	{"status/empty blank line follows", "the same with nothing in it", exchange{in: "HTTP/1.1 204 X\r\n \r\n\r\n"}, `! field line`, 0},
	{"status/two blank lines follow", "joining them must not make the empty line that ends the head", exchange{in: "HTTP/1.1 204 X\r\n  \r\n \r\n\r\n"}, `! field line`, 0},
	{"status/nothing", "the connection ended before the head", exchange{eof: true}, `! incomplete: response head`, 0},
	{"status/cut", "RFC 9112 8", exchange{in: "HTTP/1.1 20", eof: true}, `! incomplete: response head`, 0},
	{"status/head cut", "RFC 9112 8", exchange{in: ok + "A: b\r\n", eof: true}, `! incomplete: response head`, 0},
	{"status/head cut at CR", "RFC 9112 8", exchange{in: ok + "\r", eof: true}, `! incomplete: response head`, 0},

	// Field lines.
	{"field/blanks around", "RFC 9112 5.1: OWS is not of the value", exchange{in: "HTTP/1.1 204 X\r\nA: \t b c\t \r\nB:b\r\n\r\n"}, "1.1 204 X [A: b c | B: b] none \"\" keep", 0},
	{"field/no value", "an empty value is a value", exchange{in: "HTTP/1.1 204 X\r\nA:\r\nB: \r\n\r\n"}, `1.1 204 X [A:  | B: ] none "" keep`, 0},
	{"field/colons in the value", "the first one ends the name", exchange{in: "HTTP/1.1 204 X\r\nA::b:c\r\n\r\n"}, `1.1 204 X [A: :b:c] none "" keep`, 0},
	{"field/odd name", "every tchar", exchange{in: "HTTP/1.1 204 X\r\n!#$%&'*+-.^_`|~09azAZ: b\r\n\r\n"}, "1.1 204 X [!#$%&'*+-.^_`|~09azAZ: b] none \"\" keep", 0},
	{"field/duplicates", "order and case are kept", exchange{in: "HTTP/1.1 204 X\r\nB: 1\r\na: 2\r\nb: 3\r\n\r\n"}, `1.1 204 X [B: 1 | a: 2 | b: 3] none "" keep`, 0},
	{"field/obs-text", "bytes are kept", exchange{in: "HTTP/1.1 204 X\r\nA: \xff\x80\r\n\r\n"}, "1.1 204 X [A: \xff\x80] none \"\" keep", 0},
	{"field/control byte in the value", "RFC 9110 5.5: only CR, LF and NUL must not be kept", exchange{in: "HTTP/1.1 204 X\r\nA: \x01\x7f\r\n\r\n"}, "1.1 204 X [A: \x01\x7f] none \"\" keep", 0},
	{"field/more than fit in a head", "the index is allocated apart then", exchange{in: "HTTP/1.1 204 X\r\n" + "A:1\r\nB:2\r\nC:3\r\nD:4\r\nE:5\r\nF:6\r\nG:7\r\nH:8\r\nI:9\r\nJ:0\r\nK:1\r\nL:2\r\nM:3\r\n" + "\r\n"}, `1.1 204 X [A: 1 | B: 2 | C: 3 | D: 4 | E: 5 | F: 6 | G: 7 | H: 8 | I: 9 | J: 0 | K: 1 | L: 2 | M: 3] none "" keep`, 0},
	{"field/no colon", "not a field line", exchange{in: ok + "A b\r\n\r\n"}, `! field line`, 0},
	{"field/no name", "not a field line", exchange{in: ok + ": b\r\n\r\n"}, `! field line`, 0},
	{"field/blank in the name", "not a token", exchange{in: ok + "A b: c\r\n\r\n"}, `! field line`, 0},
	{"field/blank before the colon", "RFC 9112 5.1", exchange{in: ok + "A : b\r\n\r\n"}, `! field line`, 0},
	{"field/obs-text in the name", "not a token", exchange{in: ok + "\xc3\xa9: b\r\n\r\n"}, `! field line`, 0},
	{"field/NUL in the name", "a NUL is nowhere", exchange{in: ok + "A\x00: b\r\n\r\n"}, `! field line`, 0},
	{"field/NUL in the value", "a NUL is nowhere", exchange{in: ok + "A: b\x00\r\n\r\n"}, `! field line`, 0},
	{"field/bare CR in the name", "not a line end", exchange{in: ok + "A\rB: b\r\n\r\n"}, `! field line`, 0},
	{"field/bare CR in the value", "not a line end", exchange{in: ok + "A: b\rC: d\r\n\r\n"}, `! field line`, 0},
	{"field/two CR", "the first one is bare", exchange{in: ok + "A: b\r\r\n\r\n"}, `! field line`, 0},
	{"field/CR alone in a line", "it is no empty line", exchange{in: ok + "A: b\r\n\r\r\n\r\n"}, `! field line`, 0},
	{"field/bare LF", "RFC 9112 2.2: a bare LF ends a line of a head", exchange{in: "HTTP/1.1 204 X\nA: b\nB: c\n\n"}, `1.1 204 X [A: b | B: c] none "" keep`, 0},
	{"field/LF and CRLF", "mixed line ends", exchange{in: "HTTP/1.1 204 X\r\nA: b\nB: c\r\n\n"}, `1.1 204 X [A: b | B: c] none "" keep`, 0},
	{"field/CRLF and LF", "mixed line ends", exchange{in: "HTTP/1.1 204 X\nA: b\r\nB: c\n\r\n"}, `1.1 204 X [A: b | B: c] none "" keep`, 0},

	// Folds.
	{"fold/blank", "RFC 9112 5.2: a fold is one blank", exchange{in: "HTTP/1.1 204 X\r\nA: b\r\n c\r\n\r\n"}, `1.1 204 X [A: b c] none "" keep`, 0},
	{"fold/blanks around", "OWS and RWS are of the fold", exchange{in: "HTTP/1.1 204 X\r\nA: b \t\r\n \t c \r\nB: d\r\n\r\n"}, `1.1 204 X [A: b c | B: d] none "" keep`, 0},
	{"fold/several", "each fold is one blank", exchange{in: "HTTP/1.1 204 X\r\nA: b\r\n c\r\n\td\r\n\r\n"}, `1.1 204 X [A: b c d] none "" keep`, 0},
	{"fold/of nothing", "empty lines of a fold add nothing", exchange{in: "HTTP/1.1 204 X\r\nA: b\r\n \r\n\t\r\n c\r\n \r\nB: d\r\n\r\n"}, `1.1 204 X [A: b c | B: d] none "" keep`, 0},
	{"fold/into no value", "the value starts behind the fold", exchange{in: "HTTP/1.1 204 X\r\nA:\r\n b\r\nB: \r\n\r\n"}, `1.1 204 X [A: b | B: ] none "" keep`, 0},
	{"fold/bare LF", "with line ends of one byte the text grows", exchange{in: "HTTP/1.1 204 X\nA: b\n c\nB: d\nC: e\n f\n\n"}, `1.1 204 X [A: b c | B: d | C: e f] none "" keep`, 0},
	{"fold/between others", "offsets before and behind a fold stay right", exchange{in: "HTTP/1.1 204 X\r\nA: 1\r\nB: 2\r\n  22\r\nC: 3\r\nD: 4\r\n\t\t44\r\nE: 5\r\n\r\n"}, `1.1 204 X [A: 1 | B: 2 22 | C: 3 | D: 4 44 | E: 5] none "" keep`, 0},
	{"fold/before Content-Length", "the fields behind a fold still frame", exchange{in: ok + "A: b\r\n c\r\nContent-Length: 2\r\n\r\nhi"}, `1.1 200 OK [A: b c | Content-Length: 2] length 2 "hi" keep`, 0},
	{"fold/in Content-Length", "the joined value counts", exchange{in: ok + "Content-Length:\r\n 2\r\n\r\nhi"}, `1.1 200 OK [Content-Length: 2] length 2 "hi" keep`, 0},
	{"fold/makes two lengths", "\"2 3\" is not a number", exchange{in: ok + "Content-Length: 2\r\n 3\r\n\r\nhi"}, `! Content-Length`, 0},
	{"fold/in Transfer-Encoding", "the joined value counts", exchange{in: ok + "Transfer-Encoding: gzip,\r\n chunked\r\n\r\n0\r\n\r\n"}, `1.1 200 OK [Transfer-Encoding: gzip, chunked] chunked "" keep`, 0},
	{"fold/hides no field", "a folded field name is of the value before", exchange{in: ok + "A: b\r\n Content-Length: 9\r\nContent-Length: 2\r\n\r\nhi"}, `1.1 200 OK [A: b Content-Length: 9 | Content-Length: 2] length 2 "hi" keep`, 0},
	{"fold/of a name", "a fold is in values alone", exchange{in: ok + "A\r\n : b\r\n\r\n"}, `! field line`, 0},
	{"fold/with a bare CR", "folding does not launder it", exchange{in: ok + "A: b\r\r\n c\r\n\r\n"}, `! field line`, 0},
	{"fold/with a NUL", "folding does not launder it", exchange{in: ok + "A: b\r\n \x00\r\n\r\n"}, `! field line`, 0},

	// Persistence, RFC 9112 9.3.
	{"persist/1.0", "1.0 closes unless told otherwise", exchange{in: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"}, `1.0 200 OK [Content-Length: 2] length 2 "hi" close`, 0},
	{"persist/1.0 keep-alive", "told otherwise", exchange{in: "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi"}, `1.0 200 OK [Connection: Keep-Alive | Content-Length: 2] length 2 "hi" keep`, 0},
	{"persist/close", "the close option", exchange{in: ok + "Connection: close\r\nContent-Length: 2\r\n\r\nhi"}, `1.1 200 OK [Connection: close | Content-Length: 2] length 2 "hi" close`, 0},
	{"persist/close in a list", "elements are blind to case", exchange{in: ok + "Connection: x ,\tCLOSE , y\r\nContent-Length: 0\r\n\r\n"}, "1.1 200 OK [Connection: x ,\tCLOSE , y | Content-Length: 0] none 0 \"\" close", 0},
	{"persist/close in a second line", "lines are one list", exchange{in: ok + "Connection: keep-alive\r\nConnection: ,close\r\nContent-Length: 0\r\n\r\n"}, `1.1 200 OK [Connection: keep-alive | Connection: ,close | Content-Length: 0] none 0 "" close`, 0},
	{"persist/not quite close", "whole elements count", exchange{in: ok + "Connection: closed, xclose\r\nContent-Length: 0\r\n\r\n"}, `1.1 200 OK [Connection: closed, xclose | Content-Length: 0] none 0 "" keep`, 0},
	{"persist/length and chunked", "RFC 9112 6.3 step 3: not trusted any more", exchange{in: ok + "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"}, `1.1 200 OK [Content-Length: 9 | Transfer-Encoding: chunked] chunked "hi" close`, 0},
}

func TestCodec(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range codecCases {
		if c.reason == "" || seen[c.name] {
			t.Fatalf("case %q: no reason, or the name is there twice", c.name)
		}
		seen[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			got := feed(t, c.exchange)
			if got.text != c.want || got.left != c.left {
				t.Errorf("%q (%s)\n got %s (%d bytes left)\nwant %s (%d)", c.in, c.reason, got.text, got.left, c.want, c.left)
			}
		})
	}
}
