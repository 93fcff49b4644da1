package hackney

import (
	"context"
	"net"
	"runtime"

	"github.com/hackney-go/hackney/transport"
)

// Connect opens a connection without a request (hackney:connect/3, connect/4). It
// leads to start. host is a name or an IP literal without brackets. nil opts are
// the defaults. An error of the network is a *TransportError that names every
// address that was tried; the state that comes with it can be given to Reconnect.
func Connect(ctx context.Context, t transport.Transport, host string, port int, o *Opts) (ClientState, error) {
	a := operation{op: OpConnect, cs: ClientState{opts: o}}
	if t == nil {
		return a.cs, a.refuse(badArgument("transport", "it is nil"))
	}
	to, err := newPlace(t, host, port)
	if err != nil {
		return a.cs, a.refuse(err)
	}
	a.to = to
	a.keepOrigin()
	a.cs.auth = o.orDefault().BasicAuth
	err = a.connected(ctx)
	return a.cs, err
}

// connected ends an operation that does no more than connect.
func (a *operation) connected(ctx context.Context) error {
	if err := a.reconnect(ctx); err != nil {
		return a.unconnected(err)
	}
	a.h.rests()
	return a.commit(nil)
}

// Reconnect opens the connection of a closed client anew, to the same place with
// the same options (hackney:connect/1). It leads to start. On a client that is
// connected, as far as its state knows, it does nothing and gives the state back.
func Reconnect(ctx context.Context, cs ClientState) (ClientState, error) {
	a := operation{op: OpReconnect, cs: cs, from: cs.response}
	if err := cs.check(OpReconnect); err != nil {
		return cs, a.refuse(err)
	}
	if cs.connection == Connected {
		a.trace(nil)
		return cs, nil
	}
	a.goHome()
	err := a.connected(ctx)
	return a.cs, err
}

// Close closes the client's connection (hackney:close/1). It is legal in every
// state and good for every copy of one: it is never stale, and closing twice does
// nothing. An operation that is under way on the connection ends with ErrClosed; one that
// redirects have led to another connection is ended by its context. Close
// leads to start, closed; SendRequest and Reconnect open the connection anew.
//
// The connection of a pool goes back to it, where what is left of the body is within
// DrainBytes and DrainTime; the state says closed all the same. Kept tells.
//
// The documented form is
//
//	defer func() { hackney.Close(cs) }()
//
// which closes what cs is when the function ends.
func Close(cs ClientState) (_ ClientState, err error) {
	if cs.response == StateAsync {
		cs = cs.async.shut()
	}
	if cs.handle != nil || cs.opts.orDefault().Trace != nil { // in most deferred calls neither is
		cs.kept, err = cs.close()
	}
	cs.handle, cs.connection, cs.response = nil, Closed, StateStart
	cs.early, cs.open = false, false
	return cs, err
}

func (cs *ClientState) close() (kept Kept, err error) {
	a := operation{op: OpClose, cs: *cs, from: cs.response}
	if kept = cs.kept; cs.handle != nil {
		kept, err = a.end(cs.handle)
	}
	a.cs.response = StateStart
	a.trace(err)
	return kept, err
}

// end closes the connection, or gives it back to its pool. A word of another lease
// means that it is somebody else's now.
func (a *operation) end(h *handle) (Kept, error) {
	defer runtime.KeepAlive(h)
	if a.cs.pooled && h.claim(a.cs.turn, OpClose, a.cs.response) == nil {
		return a.endPooled(h), nil
	}
	first, idle := h.shut(a.cs.turn)
	var err error
	if first {
		err = h.core.close()
	}
	if first && idle { // else the operation under way clears the handle
		h.anchor.core.Store(nil)
		h.anchor.unregister()
		h.clear()
	}
	return NotKeptOnClose, err
}

// endPooled ends Close of a client of a pool: the connection goes back where that
// takes little, else it is closed.
func (a *operation) endPooled(h *handle) Kept {
	a.h = h
	o := a.cs.opts.orDefault()
	h.use(o)
	switch {
	case a.cs.response == StateOnBody && h.drain(context.Background(), o):
		a.finish()
	case a.cs.response == StateStart && h.stillGood():
		a.checkIn()
	default:
		a.retire()
		h.word.Store(uint64(a.cs.turn | closedBit)) // closed, for copies, and not used
		a.cs.kept = NotKeptOnClose
	}
	return a.cs.kept
}

// Handoff gives the client away (hackney:controlling_process/2): the state that
// returns is the only one that can be used, all copies of the old one are stale. It
// is legal in every state but failed, and does not change it.
func Handoff(cs ClientState) (ClientState, error) {
	a := operation{op: OpHandoff, cs: cs, from: cs.response}
	if err := a.begin(); err != nil {
		return cs, err
	}
	err := a.commit(nil)
	return a.cs, err
}

// Hijack takes the connection out of the client: the caller owns it from here on
// and closes it. The bytes are those that came and were not consumed yet. It is
// legal in start, done and switched, and ends the state: nothing but Close, which
// then does nothing, is left for it.
func Hijack(cs ClientState) (net.Conn, []byte, error) {
	a := operation{op: OpHijack, cs: cs, from: cs.response}
	if err := a.begin(); err != nil {
		return nil, nil, err
	}
	h := a.h
	claimed, ended := a.cs.turn.claimedBy(a.op), a.cs.turn.next(a.op)|closedBit
	if !h.word.CompareAndSwap(uint64(claimed), uint64(ended)) { // Close came first
		err := a.fail(&StateError{Op: a.op, State: cs.response, Err: ErrClosed})
		return nil, nil, err
	}
	rest := append([]byte(nil), h.unread()...)
	h.anchor.core.Store(nil)
	h.anchor.unregister()
	h.liftLimits()
	h.clear()
	h.core.ended()
	a.cs.response = StateSwitched
	a.trace(nil)
	return h.conn, rest, nil
}

// SetSockopts gives the socket of a connected client to f (hackney:set_sockopts/2):
// the *net.TCPConn, under TLS too, or the *net.UnixConn. It is legal in every
// state but failed and leaves the state as it is. f must not read, write or close.
func SetSockopts(cs ClientState, f func(net.Conn) error) error {
	if f == nil {
		a := operation{op: OpSetSockopts, cs: cs, from: cs.response}
		return a.refuse(badArgument("function", "it is nil"))
	}
	a := operation{op: OpSetSockopts, cs: cs, from: cs.response}
	defer a.unwind()
	if err := a.begin(); err != nil {
		return err
	}
	return a.giveBack(f(transport.Socket(a.h.conn)))
}
