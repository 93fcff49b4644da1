package conformance

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"sync"

	"github.com/hackney-go/hackney/hackney"
)

// Recorder keeps what goes over the wire of every client whose Opts has its Tap,
// on any transport, and makes a script of it: a client that sends those bytes, and
// servers that answer with those.
//
//	rec := conformance.NewRecorder()
//	o := &hackney.Opts{Tap: rec.Tap}
//	… requests with o …
//	script, err := rec.Script()
//
// The script holds addresses and URLs as they were and runs without any network:
// what is dialed to an address comes to the scripted server that stands for it. Its
// client takes whole answers where those that were recorded may have been taken
// step by step; the bytes on the wire, and where those received were cut, are the same.
//
// Secrets are replaced by as many x before a byte is written out, see [Rule].
//
// A Recorder may be used by any number of clients at once. It must not be copied. The
// zero Recorder is one with [DefaultRules].
type Recorder struct {
	// MaxBytes is how much memory the recorder takes in all, 16 MiB where it is 0: the
	// bytes of the wire, and 32 for each read and write and 256 for each connection. Of
	// more there is no script, but a *hackney.LimitError. It is set before the first use.
	MaxBytes int

	rules []Rule // nil for those by default

	mu    sync.Mutex
	conns []*taped
	kept  int
	heard int    // events
	over  string // the address at which it was full, "" before
}

const defaultMaxBytes = 16 << 20

// NewRecorder gives a recorder with these rules of redaction, and no others; with
// none, those of [DefaultRules].
func NewRecorder(rules ...Rule) *Recorder {
	return &Recorder{rules: slices.Clone(rules)}
}

// taped is a connection as it was heard.
type taped struct {
	id             uint64
	address        string
	unix, secure   bool
	opened         int // its place among all events of the recorder
	sent, received []byte
	moves          []move // that received bytes
	firsts         []sentAt
	ended          bool
	endErr         error
}

// move is one reading of bytes.
type move struct {
	after int // bytes that were sent before
	end   int // offset in received behind it
}

// sentAt says when the bytes from an offset on were sent.
type sentAt struct{ offset, order int }

const unixTransport = "hackney_unix_transport"

// What the recorder keeps beside bytes, on a connection and on each event.
const (
	connSize  = 256
	eventSize = 32
)

// Tap is for [hackney.Opts].Tap.
func (r *Recorder) Tap(e hackney.TapEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard++
	if e.Kind == hackney.TapOpened {
		if r.room(connSize+len(e.Address), e.Address) {
			r.conns = append(r.conns, &taped{
				id: e.Conn, address: e.Address, secure: e.Secure, unix: e.Transport == unixTransport, opened: r.heard,
			})
		}
		return
	}
	if c := r.find(e.Conn); c != nil && r.room(size(e), e.Address) {
		c.take(e, r.heard)
	}
}

// size is what keeping an event takes.
func size(e hackney.TapEvent) int {
	if e.Kind == hackney.TapSent || e.Kind == hackney.TapReceived {
		return eventSize + len(e.Bytes)
	}
	return 0
}

// find looks for a connection, the newest first.
func (r *Recorder) find(id uint64) *taped {
	for i := len(r.conns) - 1; i >= 0; i-- {
		if r.conns[i].id == id {
			return r.conns[i]
		}
	}
	return nil
}

// room says whether n bytes more may be kept. If not, nothing is.
func (r *Recorder) room(n int, address string) bool {
	switch {
	case r.over != "":
		return false
	case n > r.limit()-r.kept:
		r.over, r.conns = cmp.Or(address, "?"), nil
		return false
	}
	r.kept += n
	return true
}

func (r *Recorder) limit() int {
	if r.MaxBytes == 0 {
		return defaultMaxBytes
	}
	return r.MaxBytes
}

func (c *taped) take(e hackney.TapEvent, order int) {
	switch e.Kind {
	case hackney.TapSent:
		c.firsts = append(c.firsts, sentAt{len(c.sent), order})
		c.sent = append(c.sent, e.Bytes...)
	case hackney.TapReceived:
		c.received = append(c.received, e.Bytes...)
		c.moves = append(c.moves, move{len(c.sent), len(c.received)})
	case hackney.TapEnded:
		c.end(e.Err)
	}
}

// end notes that the peer will send no more. An end that this side made by
// closing is none.
func (c *taped) end(err error) {
	if !c.ended && !isOwnEnd(err) {
		c.ended, c.endErr = true, err
	}
}

var errEmptyTape = errors.New("conformance: nothing was recorded")

// tape gives a copy of what was heard.
func (r *Recorder) tape() (conns []*taped, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.over != "":
		return nil, &hackney.LimitError{What: "the recording", Max: int64(r.limit()), Unit: "bytes", Addr: r.over}
	case len(r.conns) == 0:
		return nil, errEmptyTape
	}
	for _, c := range r.conns {
		own := *c
		own.sent, own.received = bytes.Clone(c.sent), bytes.Clone(c.received)
		own.moves, own.firsts = slices.Clone(c.moves), slices.Clone(c.firsts)
		conns = append(conns, &own)
	}
	return conns, nil
}

// redactionRules are those of the recorder.
func (r *Recorder) redactionRules() []Rule {
	if r.rules == nil {
		return DefaultRules()
	}
	return r.rules
}

// Script gives what has happened so far as a script. Clients that still run may go
// on; what is not whole yet is in the script as an exchange that breaks off.
func (r *Recorder) Script() ([]byte, error) {
	conns, err := r.tape()
	if err != nil {
		return nil, err
	}
	redact(conns, nil, r.redactionRules())
	conns, _ = throughTunnels(conns, false)
	w := newScriptWriter(conns)
	w.servers()
	if err := w.clients(); err != nil {
		return nil, err
	}
	w.serverSections()
	return w.format(), nil
}

// scriptOf is Script with commands of the caller, which it may change, in place of those
// that follow from the bytes. Secrets are replaced in them too. proxied says that the
// client had a proxy: the script has none, and nobody where the proxy led nowhere.
func (r *Recorder) scriptOf(lines []stepLine, proxied bool) ([]byte, error) {
	conns, err := r.tape()
	if err != nil {
		return nil, err
	}
	redact(conns, lines, r.redactionRules())
	conns, refused := throughTunnels(conns, proxied)
	w := newScriptWriter(conns)
	w.servers()
	for _, address := range refused {
		w.line("nobody " + address)
	}
	for _, l := range lines {
		w.line(l.String())
	}
	w.serverSections()
	return w.format(), nil
}
