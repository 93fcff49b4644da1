package faults

import (
	"strings"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// phase is a part of an exchange: its operations all meet its faults.
type phase struct {
	name       string
	operations []operation
	faults     []fault
}

var matrix = []phase{
	{"Connecting", connecting, noConnection},
	{"The request's body", sending, brokenUpload},
	{"The head of the answer", answering, badHeads},
	{"The body of the answer", reading, badBodies},
	{"A connection that was idle", resting, disturbed},
}

const (
	byLength = statusLine + "Content-Length: 10\r\n\r\n"
	chunked  = statusLine + "Transfer-Encoding: chunked\r\n\r\n"
	toTheEnd = statusLine + "Content-Type: text/plain\r\n\r\n"
	exact    = statusLine + "Content-Length: 5\r\n\r\n"

	garbage  = "\x00\x01 garbage\r\n\r\n"
	refusal  = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
	asks     = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 2\r\n\r\nno"
	tooLarge = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"
	alert    = "\x15\x03\x03\x00\x02\x02\x28" // fatal, handshake_failure
	settings = "\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80\x00\x04\x00\x01\x00\x00\x00\x05\x00\xff\xff\xff"
)

var (
	endlessLine   = "X-Endless: " + strings.Repeat("x", 300<<10)
	endlessFields = strings.Repeat("A: b\r\n", 50_000)
	endless1xx    = strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 40)
)

// refusedBy is what comes of a proxy's refusal.
var refusedBy = fails("proxy", hackney.BlamePeer).as(asBefore)

var noConnection = []fault{
	{name: "the dial is refused", at: dialing, want: unconnected, set: refused, strike: mute(wiretest.Nothing)},
	{name: "the dial stalls, ConnectTimeout", at: dialing, want: timeout.as(asBefore), fake: true, set: both(never, connectTimeout), strike: mute(wiretest.Nothing)},
	{name: "the dial stalls, the context ends", at: dialing, want: cancelled.as(asBefore), fake: true, set: both(never, cancels), strike: mute(wiretest.Nothing)},

	{name: "TLS: closed at once", at: handshake, only: secure, want: unconnected, strike: says("", wiretest.Close)},
	{name: "TLS: closed in the handshake", at: handshake, only: secure, want: unconnected, strike: on(clientHello, "", wiretest.Close)},
	{name: "TLS: cut inside a record", at: handshake, only: secure, want: unconnected, strike: on(clientHello, "\x16\x03\x03\x01\x00\x02", wiretest.Close)},
	{name: "TLS: reset in the handshake", at: handshake, only: secure, want: unconnected, strike: on(clientHello, "", wiretest.Reset)},
	{name: "TLS: half-closed in the handshake", at: handshake, only: secure, want: unconnected, strike: on(clientHello, "", wiretest.CloseWrite)},
	{name: "TLS: garbage", at: handshake, only: secure, want: unconnected, strike: on(clientHello, right, wiretest.Keep)},
	{name: "TLS: an alert", at: handshake, only: secure, want: unconnected, strike: on(clientHello, alert, wiretest.Keep)},
	{name: "TLS: another's certificate", at: handshake, only: secure, want: unconnected, tuneTLS: showsAnother, strike: on(wiretest.Nothing, "", wiretest.StartTLS)},
	{name: "TLS: stalls, TLSTimeout", at: handshake, only: secure, want: timeout.as(asBefore), fake: true, set: tlsTimeout, strike: mute(clientHello)},
	{name: "TLS: stalls, the context ends", at: handshake, only: secure, want: cancelled.as(asBefore), fake: true, set: cancels, strike: mute(clientHello)},

	{name: "CONNECT: 407", at: proxy, only: tunnelled, want: refusedBy, strike: on(wiretest.Request, asks, wiretest.Keep)},
	{name: "CONNECT: 403", at: proxy, only: tunnelled, want: refusedBy, strike: on(wiretest.Request, refusal, wiretest.Keep)},
	{name: "CONNECT: 403, its body breaks off", at: proxy, only: tunnelled, want: refusedBy, strike: on(wiretest.Request, refusal[:len(refusal)-1], wiretest.Close)},
	{name: "CONNECT: 403, its body stalls", at: proxy, only: tunnelled, want: refusedBy, fake: true, set: connectTimeout, strike: on(wiretest.Request, refusal[:len(refusal)-1], wiretest.Keep)},
	{name: "CONNECT: garbage", at: proxy, only: tunnelled, want: protocol.byProxy(), strike: on(wiretest.Request, garbage, wiretest.Keep)},
	{name: "CONNECT: closed", at: proxy, only: tunnelled, want: incomplete.byProxy(), strike: on(wiretest.Request, "", wiretest.Close)},
	{name: "CONNECT: closed in the head", at: proxy, only: tunnelled, want: incomplete.byProxy(), strike: on(wiretest.Request, opened[:20], wiretest.Close)},
	{name: "CONNECT: half-closed", at: proxy, only: tunnelled, want: incomplete.byProxy(), strike: on(wiretest.Request, "", wiretest.CloseWrite)},
	{name: "CONNECT: reset", at: proxy, only: tunnelled, want: torn.byProxy(), strike: on(wiretest.Request, "", wiretest.Reset)},
	{name: "CONNECT: reset in the head", at: proxy, only: tunnelled, want: torn.byProxy(), strike: on(wiretest.Request, opened[:20], wiretest.Reset)},
	{name: "CONNECT: endless head", at: proxy, only: tunnelled, want: tooMuch.byProxy(), strike: on(wiretest.Request, "HTTP/1.1 200 OK\r\n"+endlessLine, wiretest.Keep)},
	{name: "CONNECT: endless 1xx", at: proxy, only: tunnelled, want: tooMuch.byProxy(), strike: on(wiretest.Request, endless1xx, wiretest.Keep)},
	{name: "CONNECT: stalls, ConnectTimeout", at: proxy, only: tunnelled, want: timeout.byProxy(), fake: true, set: connectTimeout, strike: mute(wiretest.Request)},
	{name: "CONNECT: stalls, RecvTimeout", at: proxy, only: tunnelled, want: timeout.byProxy(), fake: true, set: recvTimeout, strike: mute(wiretest.Request)},
	{name: "CONNECT: stalls in the head, RecvTimeout", at: proxy, only: tunnelled, want: timeout.byProxy(), fake: true, set: recvTimeout, strike: on(wiretest.Request, opened[:20], wiretest.Keep)},
	{name: "CONNECT: stalls, the context ends", at: proxy, only: tunnelled, want: cancelled.byProxy(), fake: true, set: cancels, strike: mute(wiretest.Request)},
}

var brokenUpload = []fault{
	{name: "nothing is read, SendTimeout", at: upload, want: timeout.as(failed), fake: true, set: both(readsNothing, sendTimeout), strike: mute(wiretest.Head)},
	{name: "nothing is read, the context ends", at: upload, want: cancelled.as(failed), fake: true, set: both(readsNothing, cancels), strike: mute(wiretest.Head)},
	{name: "closed, which resets", at: upload, want: torn, set: readsNothing, strike: amid("", wiretest.Close)},
	{name: "half-closed", at: upload, want: incomplete, behind: true, strike: on(wiretest.Head, "", wiretest.CloseWrite)},
	{name: "413, closed", at: upload, want: fine, early: true, unclean: true, body: "no", set: readsNothing, strike: amid(tooLarge, wiretest.Close)},
	{name: "413, and is read on", at: upload, want: fine, early: true, unclean: true, body: "no", set: readsOn, strike: amid(tooLarge, wiretest.Keep)},
	{name: "garbage", at: upload, want: protocol.shown(), set: readsOn, strike: amid(garbage, wiretest.Keep)},
	{name: "endless 1xx", at: upload, want: tooMuch.shown(), set: readsOn, strike: amid(endless1xx, wiretest.Keep)},
}

var badHeads = []fault{
	{name: "one byte at a time", want: fine, set: byteByByte, strike: wholeAnswer},
	{name: "closed at once", never: secure | tunnelled, unlike: hasCarried, silent: true, want: incomplete, atOnce: true, set: strikesFirst, strike: says("", wiretest.Close)},
	{name: "reset at once", never: secure | tunnelled, unlike: hasCarried, silent: true, want: torn.shown(), atOnce: true, set: strikesFirst, strike: says("", wiretest.Reset)},
	{name: "closed before the first byte", unlike: readsFields, silent: true, want: incomplete, strike: atFirst(wiretest.Close)},
	{name: "half-closed before the first byte", unlike: readsFields, silent: true, want: incomplete, strike: atFirst(wiretest.CloseWrite)},
	{name: "reset before the first byte", unlike: readsFields, silent: true, want: torn, strike: atFirst(wiretest.Reset)},
	{name: "closed in the head", want: incomplete, strike: inHead(wiretest.Close)},
	{name: "half-closed in the head", want: incomplete, strike: inHead(wiretest.CloseWrite)},
	{name: "reset in the head", want: torn, strike: inHead(wiretest.Reset)},
	{name: "TLS: cut in the head", only: secure, want: incomplete, strike: inHead(wiretest.Drop)},
	{name: "TLS: an alert for an answer", only: secure, unlike: hasCarried, want: torn, tuneTLS: asksForCertificate, strike: atFirst(wiretest.Keep)},
	{name: "TLS: a spoiled record", only: secure, silent: true, want: torn, set: spoils, strike: wholeAnswer},
	{name: "stalls before the first byte, RecvTimeout", unlike: readsFields, want: timeout, fake: true, set: recvTimeout, strike: stallsAtFirst},
	{name: "stalls before the first byte, FirstByteTimeout", unlike: readsFields, want: timeout, fake: true, set: firstByteTimeout, strike: stallsAtFirst},
	{name: "stalls before the first byte, the context ends", unlike: readsFields, want: cancelled, fake: true, set: cancels, strike: stallsAtFirst},
	{name: "stalls in the head, RecvTimeout", want: timeout, fake: true, set: recvTimeout, strike: stallsInHead},
	{name: "stalls in the head, the context ends", want: cancelled, fake: true, set: cancels, strike: stallsInHead},
	{name: "garbage", want: protocol, strike: head(garbage, garbage, "garbage\r\n\r\n")},
	{name: "HTTP/2", unlike: readsFields, want: protocol, strike: head(settings, settings, "")},
	{name: "two lengths", unlike: readsLine, want: protocol, strike: inFields("Content-Length: 5\r\nContent-Length: 6\r\n\r\nright!")},
	{name: "endless line", want: tooMuch, strike: head(statusLine+endlessLine, "HTTP/1.1 200 "+endlessLine, endlessLine)},
	{name: "endless fields", unlike: readsLine, want: tooMuch, strike: inFields(endlessFields)},
	{name: "endless 1xx", unlike: readsFields, want: tooMuch, strike: head(endless1xx, endless1xx, "")},
}

var badBodies = []fault{
	{name: "one byte at a time, by length", head: exact, want: fine, set: byteByByte, strike: says("right", wiretest.Keep)},
	{name: "one byte at a time, chunked", head: chunked, want: fine, set: byteByByte, strike: says("2;x=y\r\nri\r\n3\r\nght\r\n0\r\nX-T: t\r\n\r\n", wiretest.Keep)},
	{name: "too short, closed", head: byLength, body: "right", want: incomplete, strike: says("right", wiretest.Close)},
	{name: "too short, half-closed", head: byLength, body: "right", want: incomplete, strike: says("right", wiretest.CloseWrite)},
	{name: "closed in a chunk", head: chunked, body: "right", want: incomplete, strike: says("a\r\nright", wiretest.Close)},
	{name: "closed between chunks", head: chunked, body: "right", want: incomplete, strike: says("5\r\nright\r\n", wiretest.Close)},
	{name: "closed in the trailer section", head: chunked, body: "right", want: incomplete, strike: says("5\r\nright\r\n0\r\nX-T: a\r\nX-", wiretest.Close)},
	{name: "reset, by length", head: byLength, body: "right", want: lost, strike: says("right", wiretest.Reset)},
	{name: "reset in a chunk", head: chunked, body: "right", want: lost, strike: says("a\r\nright", wiretest.Reset)},
	{name: "reset, to the end", head: toTheEnd, body: "right", want: lost, strike: says("right", wiretest.Reset)},
	{name: "closed, to the end", head: toTheEnd, body: "right", want: fine, unclean: true, strike: says("right", wiretest.Close)},
	{name: "TLS: cut, by length", only: secure, head: byLength, body: "right", want: incomplete, strike: says("right", wiretest.Drop)},
	{name: "TLS: cut, to the end", only: secure, head: toTheEnd, body: "right", want: incomplete, strike: says("right", wiretest.Drop)},
	{name: "TLS: a spoiled record", only: secure, head: byLength, want: lost, set: spoils, strike: says("right", wiretest.Keep)},
	{name: "stalls, RecvTimeout", head: byLength[:len(byLength)-6] + "5\r\n\r\n", want: timeout, fake: true, set: recvTimeout, strike: stallsBehind("ri", "ght")},
	{name: "stalls in a chunk, RecvTimeout", head: chunked, want: timeout, fake: true, set: recvTimeout, strike: stallsBehind("5\r\nri", "ght\r\n0\r\n\r\n")},
	{name: "stalls, the context ends", head: exact, want: cancelled, fake: true, set: cancels, strike: stallsBehind("ri", "ght")},
	{name: "stalls in a chunk, the context ends", head: chunked, want: cancelled, fake: true, set: cancels, strike: stallsBehind("5\r\nri", "ght\r\n0\r\n\r\n")},
	{name: "stalls before the trailer section, RecvTimeout", head: chunked, want: timeout, fake: true, set: recvTimeout, strike: stallsBehind("5\r\nright\r\n0\r\n", "X-T: t\r\n\r\n")},
	{name: "a bad chunk size", head: chunked, want: protocol, strike: says("5\r\nright\r\nxyz\r\n", wiretest.Keep)},
	{name: "too long a chunk", head: chunked, want: protocol, strike: says("5\r\nright!\r\n0\r\n\r\n", wiretest.Keep)},
	{name: "endless chunk extension", head: chunked, want: tooMuch, strike: says("5;"+strings.Repeat("x", 20<<10), wiretest.Keep)},
	{name: "endless chunk extensions", head: chunked, want: tooMuch, strike: says(strings.Repeat("1;"+strings.Repeat("x", 4000)+"\r\nr\r\n", 10), wiretest.Keep)},
	{name: "endless trailer line", head: chunked, want: tooMuch, strike: says("5\r\nright\r\n0\r\n"+endlessLine, wiretest.Keep)},
	{name: "endless trailer fields", head: chunked, want: tooMuch, strike: says("5\r\nright\r\n0\r\n"+endlessFields, wiretest.Keep)},
	{name: "a bad trailer", head: chunked, want: protocol, strike: says("5\r\nright\r\n0\r\nno colon\r\n\r\n", wiretest.Keep)},
	{name: "more than MaxBody, by length", head: exact, want: tooMuch, set: bodyLimit, unfit: true, strike: says("right", wiretest.Keep)},
	{name: "more than MaxBody, chunked", head: chunked, want: tooMuch, set: bodyLimit, unfit: true, strike: says("5\r\nright\r\n0\r\n\r\n", wiretest.Keep)},
	{name: "too long, an answer behind", head: exact, want: fine, unclean: true, strike: says("right"+wrong, wiretest.Keep)},
	{name: "too long, chunked", head: chunked, want: fine, unclean: true, strike: says("5\r\nright\r\n0\r\n\r\n"+wrong, wiretest.Keep)},
}

var disturbed = []fault{
	{name: "closed", at: idle, settled: true, want: fine, strike: whileIdle("", wiretest.Close)},
	{name: "half-closed", at: idle, settled: true, want: fine, strike: whileIdle("", wiretest.CloseWrite)},
	{name: "reset", at: idle, settled: true, want: fine, strike: whileIdle("", wiretest.Reset)},
	{name: "TLS: cut", at: idle, settled: true, only: secure, want: fine, strike: whileIdle("", wiretest.Drop)},
	{name: "an answer nobody asked for", at: idle, settled: true, want: fine, strike: whileIdle(wrong, wiretest.Keep)},
	{name: "garbage", at: idle, settled: true, want: fine, strike: whileIdle(garbage, wiretest.Keep)},
	{name: "408, closed", at: idle, settled: true, want: fine, strike: whileIdle("HTTP/1.1 408 Slow\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", wiretest.Close)},
}
