package faults

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// part is how much of an answer's head an operation reads.
type part uint8

const (
	wholeHead part = iota
	lineOnly
	fieldsOnly
)

// operation is what meets faults.
type operation struct {
	name, column string
	before       []wiretest.Conn // connections before that of the fault
	lead         wiretest.Conn   // what comes before the fault on its connection
	prepare      func(*cell)     // what the client does before
	run          func(*cell) error
	again        func(*cell) error // goes on when it was interrupted; nil is run

	given  hackney.ResponseState // before it
	done   hackney.ResponseState // behind it
	paused hackney.ResponseState // when it was interrupted

	part     part
	only     way  // ways that it needs
	async    bool // the answer is read in the background
	steps    bool // it sends a body piece by piece
	writes   bool // its head and its body leave apart
	replays  bool // its request may go out once more
	carried  bool // its connection has carried a request
	blind    bool // it gives no bytes of the body
	harmless bool // no fault of the peer is one of it
}

// end is how an operation ended.
type end uint8

const (
	answered end = iota // as without a fault
	failed              // the connection is closed, and Close is left
	goesOn              // nothing was lost, the operation can be tried again
	asBefore            // the state is the one before, without a connection
	ready               // the answer came before the request was whole
	over                // the response in the background has ended, its client is closed
)

// closed says whether the connection is closed then.
func (e end) closed() bool { return e == failed || e == asBefore || e == over }

// leads is the state of the client behind an end.
func (o *operation) leads(e end) hackney.ResponseState {
	return [...]hackney.ResponseState{
		answered: o.done, failed: hackney.StateFailed, goesOn: o.paused,
		asBefore: o.given, ready: hackney.StateWaiting, over: hackney.StateStart,
	}[e]
}

const (
	lastAnswer = statusLine + "Connection: close\r\nContent-Length: 5\r\n\r\nfirst"
	first      = statusLine + "Content-Length: 5\r\n\r\nfirst"
	redirect   = "HTTP/1.1 302 Found\r\nLocation: //" + other + "/hop\r\nContent-Length: 0\r\n\r\n"
)

var (
	leaves     = []wiretest.Conn{{wiretest.Reply(lastAnswer).ThenClose()}}
	redirects  = []wiretest.Conn{wiretest.Replies(redirect, next, next)}
	keeps      = wiretest.Conn{wiretest.Reply(first)}
	saysStatus = wiretest.Conn{wiretest.On(wiretest.Request, statusLine)}
)

// connecting are the operations that connect.
var connecting = []operation{
	{name: "Connect", column: "Whatever connects", prepare: nothing, run: connect, done: hackney.StateStart},
	{name: "Reconnect", column: "Whatever connects", before: leaves, prepare: exchanged, run: reconnect, given: hackney.StateDone, done: hackney.StateStart},
	{name: "Request", column: "Whatever connects", prepare: nothing, run: get, done: hackney.StateOnBody},
	{name: "Request with a body", column: "Whatever connects", prepare: nothing, run: post(text), done: hackney.StateOnBody},
	{name: "Request, Stream", column: "Whatever connects", prepare: nothing, run: post(stream), done: hackney.StateStream},
	{name: "Request, Async", column: "Whatever connects", prepare: nothing, run: get, async: true, done: hackney.StateAsync},
	{name: "SendRequest, closed", column: "Whatever connects", before: leaves, prepare: exchanged, run: sendGet, given: hackney.StateDone, done: hackney.StateOnBody},
	{name: "second hop", column: "Whatever connects", before: redirects, prepare: nothing, run: get, given: hackney.StateDone, done: hackney.StateOnBody},
}

// sending are the operations that send a body, and read the head of the answer where they do all of it.
var sending = []operation{
	{name: "Bytes", column: "Request with a body", prepare: nothing, run: post(large), done: hackney.StateOnBody},
	{name: "FromReader, chunked", column: "Request with a body", prepare: nothing, run: post(reader), done: hackney.StateOnBody},
	{name: "File", column: "Request with a body", prepare: nothing, run: post(file), done: hackney.StateOnBody},
	{name: "Func", column: "Request with a body", prepare: nothing, run: post(function), done: hackney.StateOnBody},
	{name: "Multipart", column: "Request with a body", prepare: nothing, run: post(form), done: hackney.StateOnBody},
	{name: "SendRequest", column: "Request with a body", lead: keeps, prepare: exchanged, run: sendPost(large), carried: true, done: hackney.StateOnBody},
	{name: "Async", column: "Request, Async", prepare: nothing, run: postAsync, async: true, done: hackney.StateAsync},
	{name: "StreamRequestBody", column: "StreamRequestBody, StreamMultipartRequest", prepare: streaming, run: pieces, steps: true, done: hackney.StateOnBody},
	{name: "StreamMultipartRequest", column: "StreamRequestBody, StreamMultipartRequest", prepare: streamingForm, run: items, steps: true, done: hackney.StateOnBody},
}

// answering are the operations that read the head of an answer.
var answering = []operation{
	{name: "Request", column: "Request", prepare: nothing, run: get, again: start, done: hackney.StateOnBody, paused: hackney.StateWaiting},
	{name: "Bytes", column: "Request", prepare: nothing, run: post(text), again: start, done: hackney.StateOnBody, paused: hackney.StateWaiting},
	{name: "FromReader, chunked", column: "Request", prepare: nothing, run: post(small(reader)), again: start, writes: true, done: hackney.StateOnBody, paused: hackney.StateWaiting},
	{name: "File", column: "Request", prepare: nothing, run: post(small(file)), again: start, writes: true, done: hackney.StateOnBody, paused: hackney.StateWaiting},
	{name: "Multipart", column: "Request", prepare: nothing, run: post(small(form)), again: start, writes: true, done: hackney.StateOnBody, paused: hackney.StateWaiting},
	{name: "second hop", column: "Request", before: redirects, prepare: nothing, run: get, again: start, done: hackney.StateOnBody, paused: hackney.StateWaiting},
	{name: "GET", column: "SendRequest, kept", lead: keeps, prepare: exchanged, run: sendGet, again: start, replays: true, carried: true, done: hackney.StateOnBody, paused: hackney.StateWaiting},
	{name: "POST", column: "SendRequest, kept", lead: keeps, prepare: exchanged, run: sendPost(text), again: start, carried: true, done: hackney.StateOnBody, paused: hackney.StateWaiting},
	{name: "StartResponse", column: "StartResponse", prepare: streamed, run: start, done: hackney.StateOnBody, paused: hackney.StateWaiting},
	{name: "StartResponse, body not ended", column: "StartResponse", prepare: streaming, run: start, done: hackney.StateOnBody, paused: hackney.StateWaiting},
	{name: "StreamStatus", column: "StreamStatus", prepare: streamed, run: status, part: lineOnly, done: hackney.StateOnStatus, paused: hackney.StateWaiting},
	{name: "StreamHeader", column: "StreamHeader, StreamHeaders", lead: saysStatus, prepare: statusRead, run: field, part: fieldsOnly, done: hackney.StateOnBody, paused: hackney.StateOnStatus},
	{name: "StreamHeaders", column: "StreamHeader, StreamHeaders", lead: saysStatus, prepare: statusRead, run: fields, part: fieldsOnly, done: hackney.StateOnBody, paused: hackney.StateOnStatus},
	{name: "Request", column: "Async", prepare: nothing, run: headAsync, async: true, done: hackney.StateAsync},
	{name: "StartResponse", column: "Async", prepare: streamed, run: startAsync, async: true, done: hackney.StateAsync},
}

// reading are the operations that read the body of an answer, and Close, which may.
var reading = []operation{
	{name: "StreamBody", column: "StreamBody, BodyReader", prepare: headRead, run: streamBody, done: hackney.StateDone, paused: hackney.StateOnBody},
	{name: "BodyReader.Read", column: "StreamBody, BodyReader", prepare: headRead, run: readAll, done: hackney.StateDone, paused: hackney.StateOnBody},
	{name: "BodyReader.Chunks", column: "StreamBody, BodyReader", prepare: headRead, run: readChunks, done: hackney.StateDone, paused: hackney.StateOnBody},
	{name: "Body", column: "Body, BodyMax", prepare: headRead, run: body, done: hackney.StateDone, paused: hackney.StateOnBody},
	{name: "BodyMax", column: "Body, BodyMax", prepare: headRead, run: bodyMax, done: hackney.StateDone, paused: hackney.StateOnBody},
	{name: "SkipBody", column: "SkipBody, CopyBody", prepare: headRead, run: skipBody, blind: true, done: hackney.StateDone, paused: hackney.StateOnBody},
	{name: "CopyBody", column: "SkipBody, CopyBody", prepare: headRead, run: copyBody, done: hackney.StateDone, paused: hackney.StateOnBody},
	{name: "CopyBody, a file", column: "SkipBody, CopyBody", prepare: headRead, run: copyToFile, done: hackney.StateDone, paused: hackney.StateOnBody},
	{name: "Events", column: "Async", prepare: headReadAsync, run: events, async: true, done: hackney.StateDone},
	{name: "C", column: "Async", prepare: headReadAsync, run: channel, async: true, done: hackney.StateDone},
	{name: "Close", column: "Close", prepare: headRead, run: closes, blind: true, harmless: true, done: hackney.StateStart},
}

// resting are the operations on a connection that was idle.
var resting = []operation{
	{name: "GET", column: "SendRequest", lead: keeps, prepare: exchanged, run: sendGet, done: hackney.StateOnBody},
	{name: "POST", column: "SendRequest", lead: keeps, prepare: exchanged, run: sendPost(text), done: hackney.StateOnBody},
	{name: "Stream", column: "SendRequest", lead: keeps, prepare: exchanged, run: sendStream, done: hackney.StateStream},
	{name: "Async", column: "SendRequest, Async", lead: keeps, prepare: exchanged, run: sendAsync, async: true, done: hackney.StateAsync},
	{name: "Request", column: "Request, of the pool", lead: keeps, prepare: exchanged, run: get, only: pooled, done: hackney.StateOnBody},
	{name: "Request with a body", column: "Request, of the pool", lead: keeps, prepare: exchanged, run: post(text), only: pooled, done: hackney.StateOnBody},
}

// Ways to get where an operation begins.

func nothing(*cell) {}

// exchanged has the client make a request and read the answer.
func exchanged(c *cell) {
	c.must(hackney.Get(c.guard, c.url("/first"), nil, nil, c.opts))
	c.drain()
	if string(c.got) != "first" {
		c.Fatalf("the first answer is %q", c.got)
	}
	c.got = nil
}

func streaming(c *cell) {
	c.must(hackney.Post(c.ctx, c.url("/up"), nil, hackney.Stream, c.opts))
}

func streamingForm(c *cell) {
	c.must(hackney.Post(c.guard, c.url("/up"), nil, hackney.StreamMultipart(-1, ""), c.opts))
}

func streamed(c *cell) {
	streaming(c)
	c.must(hackney.StreamRequestBody(c.guard, c.cs, hackney.Text("piece")))
	c.must(hackney.EndStreamRequestBody(c.guard, c.cs))
}

func statusRead(c *cell) {
	streamed(c)
	c.must(hackney.StreamStatus(c.guard, c.cs))
}

func headRead(c *cell) { c.must(hackney.Get(c.guard, c.url("/down"), nil, nil, c.opts)) }

func headReadAsync(c *cell) {
	c.must(hackney.Get(c.ctx, c.url("/down"), nil, nil, c.opts))
	c.must(c.cs, c.events(hackney.EventHeaders))
}

// Operations.

func connect(c *cell) (err error) {
	t, port := transport.TCP, 80
	if c.way&secure != 0 {
		t, port = transport.TLS, 443
	}
	c.cs, err = hackney.Connect(c.ctx, t, origin, port, c.opts)
	return err
}

func reconnect(c *cell) (err error) {
	c.cs, err = hackney.Reconnect(c.ctx, c.cs)
	return err
}

func get(c *cell) (err error) {
	c.cs, err = hackney.Get(c.ctx, c.url("/get"), nil, nil, c.opts)
	return err
}

func post(p func(*cell) hackney.Payload) func(*cell) error {
	return func(c *cell) (err error) {
		c.cs, err = hackney.Post(c.ctx, c.url("/post"), nil, p(c), c.opts)
		return err
	}
}

func sendGet(c *cell) error { return send(c, hackney.Req{Path: "/get"}) }

func sendPost(p func(*cell) hackney.Payload) func(*cell) error {
	return func(c *cell) error { return send(c, hackney.Req{Method: "POST", Path: "/post", Payload: p(c)}) }
}

func sendStream(c *cell) error {
	if err := send(c, hackney.Req{Method: "POST", Path: "/post", Payload: hackney.Stream}); err != nil {
		return err
	}
	return piece(c, []byte("piece"))
}

func send(c *cell, r hackney.Req) (err error) {
	c.cs, err = hackney.SendRequest(c.ctx, c.cs, r)
	return err
}

func sendAsync(c *cell) error { return sendGet(c) }

func postAsync(c *cell) error {
	if err := post(large)(c); err != nil {
		return err
	}
	return c.events(hackney.EventHeaders)
}

func headAsync(c *cell) error {
	if err := get(c); err != nil {
		return err
	}
	return c.events(hackney.EventHeaders)
}

func startAsync(c *cell) error {
	if err := start(c); err != nil {
		return err
	}
	return c.events(hackney.EventHeaders)
}

func start(c *cell) (err error) {
	c.cs, err = hackney.StartResponse(c.ctx, c.cs)
	return err
}

func status(c *cell) (err error) {
	c.cs, err = hackney.StreamStatus(c.ctx, c.cs)
	return err
}

func field(c *cell) (err error) {
	for err == nil {
		_, _, c.cs, err = hackney.StreamHeader(c.ctx, c.cs)
	}
	return unlessEnd(err)
}

func fields(c *cell) (err error) {
	c.cs, err = hackney.StreamHeaders(c.ctx, c.cs)
	return err
}

// pieceSize is that of a body's pieces.
const pieceSize = 64 << 10

func pieces(c *cell) error {
	for rest := c.bulk(); len(rest) > 0; rest = rest[pieceSize:] {
		if err := piece(c, rest[:pieceSize]); err != nil {
			return err
		}
	}
	return start(c)
}

func piece(c *cell, p []byte) (err error) {
	c.cs, err = hackney.StreamRequestBody(c.ctx, c.cs, hackney.Bytes(p))
	return err
}

func items(c *cell) error {
	if err := item(c, multipart.Start("f", "f.bin", "")); err != nil {
		return err
	}
	for rest := c.bulk(); len(rest) > 0; rest = rest[pieceSize:] {
		if err := item(c, multipart.Data(rest[:pieceSize])); err != nil {
			return err
		}
	}
	return start(c)
}

func item(c *cell, p multipart.Part) (err error) {
	c.cs, err = hackney.StreamMultipartRequest(c.ctx, c.cs, p)
	return err
}

func streamBody(c *cell) (err error) {
	var chunk []byte
	for err == nil {
		chunk, c.cs, err = hackney.StreamBody(c.ctx, c.cs)
		c.got = append(c.got, chunk...)
	}
	return unlessEnd(err)
}

func readAll(c *cell) error {
	r := hackney.NewBodyReader(c.ctx, c.cs)
	b, err := io.ReadAll(r)
	c.got, c.cs = append(c.got, b...), r.State()
	return err
}

func readChunks(c *cell) error {
	r := hackney.NewBodyReader(c.ctx, c.cs)
	defer func() { c.cs = r.State() }()
	for piece, err := range r.Chunks() {
		if err != nil {
			return err
		}
		c.got = append(c.got, piece...)
	}
	return nil
}

func body(c *cell) error    { return gathered(c)(hackney.Body(c.ctx, c.cs)) }
func bodyMax(c *cell) error { return gathered(c)(hackney.BodyMax(c.ctx, c.cs, 1<<20)) }

func gathered(c *cell) func([]byte, hackney.ClientState, error) error {
	return func(b []byte, cs hackney.ClientState, err error) error {
		c.got, c.cs = append(c.got, b...), cs
		return err
	}
}

func skipBody(c *cell) (err error) {
	c.cs, err = hackney.SkipBody(c.ctx, c.cs)
	return err
}

func copyBody(c *cell) (err error) {
	var b bytes.Buffer
	_, c.cs, err = hackney.CopyBody(c.ctx, c.cs, &b)
	c.got = append(c.got, b.Bytes()...)
	return err
}

// copyToFile has the kernel move the bytes, where it can.
func copyToFile(c *cell) error {
	f, err := os.Create(filepath.Join(c.TempDir(), "copy"))
	if err != nil {
		c.Fatal(err)
	}
	defer f.Close()
	_, c.cs, err = hackney.CopyBody(c.ctx, c.cs, f)
	b, readErr := os.ReadFile(f.Name())
	if readErr != nil {
		c.Fatal(readErr)
	}
	c.got = append(c.got, b...)
	return err
}

func closes(c *cell) (err error) {
	c.cs, err = hackney.Close(c.cs)
	return err
}

func events(c *cell) error { return c.events(hackney.EventDone) }

// events takes events up to one of a kind.
func (c *cell) events(last hackney.EventKind) error {
	r := c.cs.Async()
	for {
		e, err := r.Next(c.guard)
		c.got = append(c.got, e.Chunk...)
		if err != nil || e.Kind == hackney.EventDone {
			c.ended(r)
			return err
		}
		if e.Kind == last {
			return nil
		}
	}
}

func channel(c *cell) (err error) {
	r := c.cs.Async()
	for e := range r.C() {
		c.got, err = append(c.got, e.Chunk...), e.Err
	}
	c.ended(r)
	return err
}

// ended takes the state behind a response in the background. Stop comes for the collector,
// which would else call it from outside of the bubble.
func (c *cell) ended(r *hackney.AsyncResponse) {
	<-r.Done()
	r.Stop()
	c.cs = r.State()
}

func unlessEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// Payloads. Those that do not fit into the buffers on the way are large ones.

func text(*cell) hackney.Payload   { return hackney.Text("text") }
func stream(*cell) hackney.Payload { return hackney.Stream }

func large(c *cell) hackney.Payload { return hackney.Bytes(c.bulk()) }

func reader(c *cell) hackney.Payload {
	return hackney.FromReader(struct{ io.Reader }{bytes.NewReader(c.bulk())}, -1)
}

func form(c *cell) hackney.Payload {
	return hackney.Multipart(multipart.Content("f", "f.bin", c.bulk()))
}

func function(c *cell) hackney.Payload {
	rest := c.bulk()
	return hackney.Func(func() ([]byte, error) {
		if len(rest) == 0 {
			return nil, io.EOF
		}
		p := rest[:pieceSize]
		rest = rest[pieceSize:]
		return p, nil
	})
}

func file(c *cell) hackney.Payload { return hackney.File(bulkFile.path, 0, int64(len(c.bulk()))) }

// small is a payload of one piece.
func small(p func(*cell) hackney.Payload) func(*cell) hackney.Payload {
	return func(c *cell) hackney.Payload {
		d := *c
		d.fault = &fault{size: pieceSize}
		return p(&d)
	}
}

const (
	bulkSize   = 1 << 20  // more than the buffers of both sockets take
	bufferSize = 64 << 10 // of each
)

var bulkBytes = sync.OnceValue(func() []byte { return bytes.Repeat([]byte("0123456789abcde\n"), bulkSize/16) })

// bulk are the bytes of a body.
func (c *cell) bulk() []byte {
	if c.fault.size > 0 {
		return bulkBytes()[:c.fault.size]
	}
	return bulkBytes()
}

// bulkFile has the same bytes.
var bulkFile struct{ path string }

func makeBulkFile(t *testing.T) {
	bulkFile.path = filepath.Join(t.TempDir(), "bulk")
	if err := os.WriteFile(bulkFile.path, bulkBytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
