package wiretest

import "time"

// Conn is the script of one connection. After its last step the server goes on
// reading until the client closes; the empty Conn does just that.
type Conn []Step

// Step is one turn of the server. It waits for Wait, then for Gate, then for
// Delay; it sends its segments, and does what Then says. The zero Step does nothing.
type Step struct {
	Wait  Wait            // what the client must have sent first
	Gate  <-chan struct{} // when set: go on when it is closed or gives a value
	Delay time.Duration   // pause before the first segment
	Send  [][]byte        // segments; each is written by itself, with TCP_NODELAY
	Gap   time.Duration   // pause between two segments
	Then  Then            // what becomes of the connection
}

// Wait is what a step waits for. It looks only at bytes that no earlier step took.
type Wait struct {
	kind waitKind
	n    int
	d    time.Duration
}

type waitKind int

const (
	forNothing waitKind = iota
	forRequest
	forHead
	forBody
	forChunkedEnd
	forBytes
	forQuiet
)

// The things to wait for that need no number.
var (
	Nothing    = Wait{}                    // goes on at once
	Request    = Wait{kind: forRequest}    // a whole request: head, and body by Content-Length or chunked
	Head       = Wait{kind: forHead}       // a request head, up to its empty line
	Body       = Wait{kind: forBody}       // the rest of the request whose head was waited for
	ChunkedEnd = Wait{kind: forChunkedEnd} // like Body, but taken as chunked whatever the head says
)

// Bytes waits for n more bytes, whatever they are.
func Bytes(n int) Wait { return Wait{kind: forBytes, n: n} }

// Quiet waits until something came, and then nothing more for d.
func Quiet(d time.Duration) Wait { return Wait{kind: forQuiet, d: d} }

// Then is what a step does with the connection after its segments.
type Then int

// What a step can do at its end.
const (
	// Keep leaves the connection as it is.
	Keep Then = iota
	// Close closes it (FIN; over TLS with close_notify). As with any server that
	// leaves, bytes of the client that come later are answered with RST.
	Close
	// CloseWrite closes the sending side only, and goes on reading.
	CloseWrite
	// Drop closes the socket without a TLS close_notify; without TLS it is Close.
	Drop
	// Reset closes with RST.
	Reset
	// Stall stops reading before the segments are sent, so that the client's
	// writes fill the buffers and block. Reading starts again when the next step
	// waits for bytes, or else when its Gate and Delay are over.
	Stall
	// StartTLS makes a TLS handshake, as after the answer to a CONNECT.
	StartTLS
)

// Reply waits for a whole request and answers it with the segments.
func Reply(segments ...string) Step { return On(Request, segments...) }

// Say sends the segments without waiting for anything.
func Say(segments ...string) Step { return On(Nothing, segments...) }

// On waits for w and sends the segments.
func On(w Wait, segments ...string) Step { return Step{Wait: w, Send: Text(segments...)} }

// Replies answers one request after the other on one connection, each in one segment.
func Replies(answers ...string) Conn {
	var c Conn
	for _, a := range answers {
		c = append(c, Reply(a))
	}
	return c
}

// ThenClose returns the step with Close at its end.
func (s Step) ThenClose() Step { return s.then(Close) }

// ThenCloseWrite returns the step with CloseWrite at its end.
func (s Step) ThenCloseWrite() Step { return s.then(CloseWrite) }

// ThenDrop returns the step with Drop at its end.
func (s Step) ThenDrop() Step { return s.then(Drop) }

// ThenReset returns the step with Reset at its end.
func (s Step) ThenReset() Step { return s.then(Reset) }

// ThenStall returns the step with Stall at its end.
func (s Step) ThenStall() Step { return s.then(Stall) }

// ThenTLS returns the step with StartTLS at its end.
func (s Step) ThenTLS() Step { return s.then(StartTLS) }

// After returns the step with a delay before it sends.
func (s Step) After(d time.Duration) Step {
	s.Delay = d
	return s
}

// Gated returns the step with a gate before it sends.
func (s Step) Gated(gate <-chan struct{}) Step {
	s.Gate = gate
	return s
}

// Spaced returns the step with a pause between its segments.
func (s Step) Spaced(gap time.Duration) Step {
	s.Gap = gap
	return s
}

func (s Step) then(t Then) Step {
	s.Then = t
	return s
}

// Text makes segments of strings.
func Text(segments ...string) [][]byte {
	var out [][]byte
	for _, s := range segments {
		out = append(out, []byte(s))
	}
	return out
}

// Each cuts b into segments of one byte.
func Each[T ~string | ~[]byte](b T) [][]byte {
	var out [][]byte
	for i := range len(b) {
		out = append(out, []byte{b[i]})
	}
	return out
}

// Cut cuts b into segments at the given offsets, which must rise.
func Cut[T ~string | ~[]byte](b T, at ...int) [][]byte {
	var out [][]byte
	from := 0
	for _, to := range append(at[:len(at):len(at)], len(b)) {
		out = append(out, []byte(b[from:to]))
		from = to
	}
	return out
}
