package http1

import (
	"math"

	"github.com/hackney-go/hackney/hackney/headers"
)

// Decoder reads the response to one request, 1xx responses before it included.
// Its methods move it on in place. It holds no memory of others: a copy of it is a
// place to come back to.
type Decoder struct {
	limits   *Limits
	facts    facts
	rest     int64  // bytes left of the body (Length) or of the chunk
	used     uint32 // head bytes of the exchange already consumed
	looked   uint32 // how far into the unconsumed bytes was looked
	overhead uint32 // framing bytes of chunks beyond their share
	lines    uint32 // field lines of the exchange so far
	line     uint32 // lines consumed of the present section, for errors
	interim  uint16
	status   uint16
	minor    uint8
	request  request
	phase    phase
	framing  Framing
	stepping bool // it was Line that looked
	folded   bool // a fold is in what was looked through
}

// phase is what the Decoder reads next.
type phase uint8

const (
	onHead     phase = iota // a status line
	onFields                // a field line, the status line was taken by Line
	onLength                // bytes of a body of known length
	onClose                 // bytes of a body that ends with the connection
	onSize                  // a chunk-size line
	onChunk                 // bytes of a chunk
	onChunkEnd              // the CRLF behind a chunk
	onTrailers              // the trailer section
	onEnd                   // nothing: the message ended
)

// request is what matters of the request's method.
type request uint8

const (
	other request = iota
	head
	connect
)

// NewDecoder gives the Decoder for the response to a request with that method.
// The limits must not change while it is used.
func NewDecoder(method string, limits *Limits) Decoder {
	d := Decoder{limits: limits}
	switch method {
	case "HEAD":
		d.request = head
	case "CONNECT":
		d.request = connect
	}
	return d
}

// Kind says what an Event is.
type Kind uint8

const (
	NeedMore   Kind = iota // nothing yet: call again with more bytes behind these
	Interim                // a whole 1xx head
	Final                  // a whole final head
	StatusLine             // from Line: Head has status, reason and version
	FieldLine              // from Line: Name and Value
	FieldsEnd              // from Line: the section ended; Head has framing and length but no fields
	Data                   // body bytes of one chunk at the most
	Trailers               // the trailer section; the message ended
	End                    // the message ended
)

// Event is what a step found.
type Event struct {
	Kind        Kind
	Head        *Head
	Trailers    *headers.Headers
	Name, Value string
	Data        []byte // lies in the buffer that was given
}

// Done says whether the message ended (or the connection switched protocols).
func (d *Decoder) Done() bool { return d.phase == onEnd }

// InHead says whether Line took the status line of a head that is not read to its end.
func (d *Decoder) InHead() bool { return d.phase == onFields }

// InBody says whether body bytes or their framing come next.
func (d *Decoder) InBody() bool { return d.phase >= onLength && d.phase < onTrailers }

// Reusable says whether the connection persists after this message. It means
// something once the final head was read.
func (d *Decoder) Reusable() bool { return reusable(d.framing, d.minor, d.facts) }

// Framing is that of the body. It means something once the final head was read.
func (d *Decoder) Framing() Framing { return d.framing }

// Rest is the number of body bytes that may be read straight from the
// connection, past the Decoder: those left of a body of known length, math.MaxInt64
// of a body that ends with the connection, 0 of any other.
func (d *Decoder) Rest() int64 {
	switch d.phase {
	case onLength:
		return d.rest
	case onClose:
		return math.MaxInt64
	}
	return 0
}

// Took tells the Decoder that n body bytes, at most Rest, were read past it.
func (d *Decoder) Took(n int64) {
	if d.phase == onLength {
		d.tookPiece(n)
	}
}

// Next reads a whole head (or what Line left of it), a piece of body or the
// trailer section into ev. buf holds the bytes not yet consumed, eof says that no more
// will come. It consumes the first n of them. With an error it consumes nothing
// and leaves the Decoder as it was.
func (d *Decoder) Next(ev *Event, buf []byte, eof bool) (n int, err error) {
	*ev = Event{}
	before := *d
	switch d.phase {
	case onHead, onFields:
		n, err = d.readHead(ev, buf, eof)
	case onTrailers:
		n, err = d.readTrailers(ev, buf, eof)
	case onEnd:
		ev.Kind = End
	default:
		n, err = d.readData(ev, buf, eof)
	}
	return d.stepped(ev, n, err, &before)
}

// Line reads one line of a head: the finest step. A field line that may still go
// on in a fold waits for the byte behind it. Next takes the rest of a head that
// Line began; that Head has no Reason, which was in the StatusLine. Behind the
// head Line does what Next does.
func (d *Decoder) Line(ev *Event, buf []byte, eof bool) (n int, err error) {
	if d.phase > onFields {
		return d.Next(ev, buf, eof)
	}
	*ev = Event{}
	before := *d
	n, err = d.readLine(ev, buf, eof)
	return d.stepped(ev, n, err, &before)
}

// stepped undoes a step that ended in an error.
func (d *Decoder) stepped(ev *Event, n int, err error, before *Decoder) (int, error) {
	if err != nil {
		*ev, *d = Event{}, *before
		return 0, err
	}
	return n, nil
}
