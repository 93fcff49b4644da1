package hackney

import (
	"fmt"
	"iter"
	"strings"
)

// # Theory of operation
//
// A ClientState is a value. Every operation takes one and gives the next; none
// is ever written after it was given out. What it holds are facts: of the
// request, of the connection, of the last head. Bytes that pass once are not in it.
//
// The socket and its unread bytes are in the handle, which all states of one
// connection share and which no method of ClientState reads. Who may touch the
// handle is settled by the turn: a state carries the number of the turn in which
// it was made, the handle the number of the present one. An operation
//
//   - checks the table below: is it legal in the response state of its argument?
//   - claims: swaps the handle's word from the state's turn to "claimed". A copy
//     of a state that was used already cannot, and gets ErrStale;
//   - touches the wire;
//   - commits: moves the handle to the next turn, and gives the state of that turn.
//
// A refused call changes nothing and spends nothing. A read that was interrupted
// before it gave anything out gives the turn back: the state it was given is
// still the present one. An operation that breaks in the middle of a message
// leads to failed.

// ConnectionState says whether a state has a connection.
type ConnectionState uint8

const (
	Closed    ConnectionState = iota // no connection, or it was closed
	Connected                        // a connection, as far as this state knows
)

var connectionNames = [...]string{"closed", "connected"}

// String is hackney's own atom for the state.
func (s ConnectionState) String() string { return name(connectionNames[:], int(s)) }

// ResponseState says how far the exchange of a request and its response has come
// (response_state of hackney's #client{}).
type ResponseState uint8

const (
	StateStart    ResponseState = iota // no request yet
	StateStream                        // the head of a request is out, its body is being streamed
	StateWaiting                       // the whole request is out
	StateOnStatus                      // the status line was read
	StateOnHeader                      // some field lines were read
	StateOnBody                        // the head was read, the body was not yet
	StateDone                          // the response was read
	StateFailed                        // the exchange broke; only Close is left
	StateSwitched                      // the bytes belong to another protocol now: see Hijack
	StateAsync                         // the response is read in the background: see Async
)

var responseNames = [...]string{"start", "stream", "waiting", "on_status", "on_header", "on_body", "done", "failed", "switched", "async"}

// String is hackney's own atom for the state.
func (s ResponseState) String() string { return name(responseNames[:], int(s)) }

// BodyState says what became of the response's body (body_state of #client{}).
type BodyState uint8

const (
	BodyWaiting BodyState = iota // not read to its end
	BodyDone                     // read
)

var bodyNames = [...]string{"waiting", "done"}

// String is hackney's own atom for the state.
func (s BodyState) String() string { return name(bodyNames[:], int(s)) }

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown(%d)", i)
}

// Op is an operation of the state machine. It prints as the function's name.
type Op uint8

const (
	OpConnect Op = iota
	OpReconnect
	OpSendRequest
	OpStreamRequestBody
	OpStreamMultipartRequest
	OpEndStreamRequestBody
	OpStartResponse
	OpStreamStatus
	OpStreamHeader
	OpStreamHeaders
	OpStreamBody
	OpBody
	OpBodyMax
	OpSkipBody
	OpCopyBody
	OpBodyReader
	OpHandoff
	OpSetSockopts
	OpHijack
	OpClose
)

// states is a set of response states.
type states uint16

func in(list ...ResponseState) (set states) {
	for _, s := range list {
		set |= 1 << s
	}
	return set
}

const anyState states = 1<<(StateAsync+1) - 1

func (set states) has(s ResponseState) bool { return set&(1<<s) != 0 }

// String lists the set as error messages and the docs show it.
func (set states) String() string {
	if set == anyState {
		return "any"
	}
	var words []string
	for s := StateStart; s <= StateAsync; s++ {
		if set.has(s) {
			words = append(words, s.String())
		}
	}
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}

// need is what an operation asks of the connection.
type need uint8

const (
	anyConnection need = iota // works on both
	reachable                 // connects where it must, so it has to know where to
	connected                 // only where there is a connection
	unread                    // connected, but for done, where nothing is left to read
)

// rule is a row of the table: where an operation is legal, and where it leads.
type rule struct {
	name string
	from states // legal in these
	also states // legal in these too, after an early final answer (it then gives ErrResponseReady) or behind a Func
	to   states // may lead to these; and to failed, wherever the wire breaks
	need need
	note string
}

// table is the state machine, all of it: the check, the texts of errors, Legal,
// the docs and the tests are made from it.
var table = [...]rule{
	OpConnect: {
		name: "Connect", to: in(StateStart),
		note: "makes a state",
	},
	OpReconnect: {
		name: "Reconnect", from: anyState &^ in(StateFailed, StateAsync), to: anyState &^ in(StateFailed, StateAsync), need: reachable,
		note: "a closed connection is opened anew and the state is start; on a connected one nothing happens",
	},
	OpSendRequest: {
		name: "SendRequest", from: in(StateStart, StateDone),
		to:   in(StateStream, StateWaiting, StateOnBody, StateDone, StateSwitched, StateAsync),
		need: reachable,
		note: "async with Opts.Async, as soon as the request is out; stream with the payload Stream; done when the answer has no body; waiting when reading the answer was interrupted; a closed connection is opened anew first",
	},
	OpStreamRequestBody: {
		name: "StreamRequestBody", from: in(StateStream), also: in(StateWaiting), to: in(StateStream, StateWaiting), need: connected,
		note: "waiting behind the end of a Func, as in hackney; and, with ErrResponseReady, when a final answer came early",
	},
	OpStreamMultipartRequest: {
		name: "StreamMultipartRequest", from: in(StateStream), also: in(StateWaiting), to: in(StateStream, StateWaiting), need: connected,
		note: "waiting with multipart.EOF, and a second one does nothing there; and, with ErrResponseReady, when a final answer came early",
	},
	OpEndStreamRequestBody: {
		name: "EndStreamRequestBody", from: in(StateStream), also: in(StateWaiting), to: in(StateWaiting), need: connected,
	},
	OpStartResponse: {
		name: "StartResponse", from: in(StateStream, StateWaiting), to: in(StateWaiting, StateOnBody, StateDone, StateSwitched, StateAsync), need: connected,
		note: "async with Opts.Async; ends a request body that was not ended; waiting when it was interrupted",
	},
	OpStreamStatus: {
		name: "StreamStatus", from: in(StateStream, StateWaiting), to: in(StateWaiting, StateOnStatus), need: connected,
		note: "one line; 1xx responses are passed over and kept in Interim",
	},
	OpStreamHeader: {
		name: "StreamHeader", from: in(StateOnStatus, StateOnHeader), to: in(StateOnHeader, StateOnBody, StateDone, StateSwitched), need: connected,
		note: "one field; io.EOF when there are no more",
	},
	OpStreamHeaders: {
		name: "StreamHeaders", from: in(StateOnStatus, StateOnHeader), to: in(StateOnHeader, StateOnBody, StateDone, StateSwitched), need: connected,
		note: "all fields that are left; on_header when it was interrupted",
	},
	OpStreamBody: {
		name: "StreamBody", from: in(StateOnBody, StateDone), to: in(StateOnBody, StateDone), need: unread,
		note: "io.EOF in done",
	},
	OpBody: {
		name: "Body", from: in(StateOnBody, StateDone), to: in(StateDone), need: unread,
	},
	OpBodyMax: {
		name: "BodyMax", from: in(StateOnBody, StateDone), to: in(StateOnBody, StateDone), need: unread,
		note: "stays in on_body when it stopped at the maximum",
	},
	OpSkipBody: {
		name: "SkipBody", from: in(StateOnBody, StateDone), to: in(StateDone), need: unread,
	},
	OpCopyBody: {
		name: "CopyBody", from: in(StateOnBody, StateDone), to: in(StateOnBody, StateDone), need: unread,
		note: "stays in on_body when the writer failed or it was interrupted",
	},
	OpBodyReader: {
		name: "BodyReader.Read", from: in(StateOnBody, StateDone), to: in(StateOnBody, StateDone), need: unread,
	},
	OpHandoff: {
		name: "Handoff", from: anyState &^ in(StateFailed, StateAsync), to: anyState &^ in(StateFailed, StateAsync),
		note: "the state is unchanged, but older copies of it are stale",
	},
	OpSetSockopts: {
		name: "SetSockopts", from: anyState &^ in(StateFailed, StateAsync), to: anyState &^ in(StateFailed, StateAsync), need: connected,
		note: "the state is unchanged",
	},
	OpHijack: {
		name: "Hijack", from: in(StateStart, StateDone, StateSwitched), to: in(StateSwitched), need: connected,
		note: "ends the state",
	},
	OpClose: {
		name: "Close", from: anyState, to: in(StateStart),
		note: "the connection is closed; good for any copy of a state",
	},
}

// String is the name of the operation's function.
func (op Op) String() string {
	if int(op) < len(table) {
		return table[op].name
	}
	return fmt.Sprintf("Op(%d)", uint8(op))
}

// Ops goes through all operations in the order of the table.
func Ops() iter.Seq[Op] {
	return func(yield func(Op) bool) {
		for op := range table {
			if !yield(Op(op)) {
				return
			}
		}
	}
}

// check says whether op is legal in cs: nil, or a *StateError.
func (cs *ClientState) check(op Op) error {
	r := &table[op]
	legal := r.from.has(cs.response) || (cs.early || cs.open) && r.also.has(cs.response)
	if !legal {
		return &StateError{Op: op, State: cs.response, want: r.from, Err: ErrInvalidState}
	}
	if !cs.has(r.need) {
		return &StateError{Op: op, State: cs.response, want: r.from, Err: ErrClosed}
	}
	return nil
}

// has says whether the connection of cs is what an operation needs.
func (cs *ClientState) has(n need) bool {
	switch n {
	case reachable:
		return cs.link != nil
	case connected:
		return cs.connection == Connected
	case unread:
		return cs.connection == Connected || cs.response == StateDone
	}
	return true
}

// Table is the state machine as Markdown: a row for each operation.
func Table() string {
	var b strings.Builder
	b.WriteString("| operation | legal in | leads to | |\n|---|---|---|---|\n")
	for op := range Ops() {
		r := &table[op]
		from := r.from.String()
		if r.also != 0 {
			from += ", and " + r.also.String() + " after an early final answer or behind a Func"
		}
		if from == "" {
			from = "–"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.name, from, r.to, r.note)
	}
	return b.String()
}

// Diagram is the way of an exchange through the states as a Mermaid state diagram.
// Operations that are legal in all states, or leave the state as it is, are left out.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> start: Connect\n")
	for op := range Ops() {
		r := &table[op]
		if r.from == 0 || r.from|in(StateFailed, StateAsync) == anyState {
			continue
		}
		for from := StateStart; from <= StateAsync; from++ {
			for to := StateStart; to <= StateAsync; to++ {
				if r.from.has(from) && r.to.has(to) && from != to && !(r.need == unread && from == StateDone) {
					fmt.Fprintf(&b, "    %v --> %v: %s\n", from, to, r.name)
				}
			}
		}
	}
	return b.String()
}
