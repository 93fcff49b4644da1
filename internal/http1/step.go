package http1

import (
	"bytes"
	"math"
	"unsafe"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/fields"
)

// readHead takes a whole head, or what Line left of one.
func (d *Decoder) readHead(ev *Event, buf []byte, eof bool) (int, error) {
	if h, end := d.plainHead(buf); h != nil {
		return end, d.headRead(ev, h, end)
	}
	end, err := d.wholeSection(buf, eof, "response head")
	if end == 0 {
		return 0, err
	}
	h := &Head{Length: -1}
	text, at := string(buf[:end]), 0
	if d.phase == onHead {
		if at, err = d.takeStatusLine(h, text); err != nil {
			return 0, err
		}
	}
	h.Minor, h.Status = d.minor, int(d.status)
	sec, err := d.takeFields(text, at, h.lines[:0], &d.facts)
	if err != nil {
		return 0, err
	}
	h.Headers = headers.FromSection(sec)
	return end, d.headRead(ev, h, end)
}

// plainHead reads a head that lies whole in buf and has nothing odd about it, as most
// do, in one pass: its end is where its fields end. Of any other it takes nothing and
// gives nil: readHead goes the long way, which finds the fault, or the rest to wait for.
func (d *Decoder) plainHead(buf []byte) (h *Head, end int) {
	at := 1 + bytes.IndexByte(buf, '\n')
	if at == 0 || d.phase != onHead || d.looked > 0 || len(buf) > plainSize {
		return nil, 0
	}
	h, f := &Head{Length: -1}, d.facts
	lines, end := section(view(buf), at, h.lines[:0], &f)
	if end == 0 || int(d.used)+end > min(d.limits.Head, math.MaxInt32) || int(d.lines)+len(lines) > d.limits.Fields {
		return nil, 0
	}
	text := string(buf[:end])
	line, _ := cutLine(text, 0)
	minor, status, reason, err := statusLine(line)
	if err != nil {
		return nil, 0
	}
	d.minor, d.status, d.facts = minor, status, f
	d.lines += uint32(len(lines))
	h.Minor, h.Status, h.Reason = minor, int(status), reason
	h.Headers = headers.FromSection(fields.Section{Text: text, Lines: lines})
	return h, end
}

// plainSize bounds what plainHead looks at: the lines of a body behind the head are
// counted among those there may be room needed for.
const plainSize = 4 << 10

// view is b as a string, to be looked at before anything is written to b. Nothing may
// keep it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// takeStatusLine reads the first line of text and says where the next one starts.
func (d *Decoder) takeStatusLine(h *Head, text string) (at int, err error) {
	line, at := cutLine(text, 0)
	if d.minor, d.status, h.Reason, err = statusLine(line); err != nil {
		return 0, onLine(err, 1)
	}
	d.line = 1
	return at, nil
}

// takeFields reads the field lines of text from at on. room is used for their
// index where they fit into it.
func (d *Decoder) takeFields(text string, at int, room []fields.Line, f *facts) (fields.Section, error) {
	if isBlank(text[at]) {
		return fields.Section{}, onLine(blankFirst(), int(d.line)+1)
	}
	if d.folded {
		text = unfold(text, at)
	}
	lines, end := section(text, at, room, f)
	if end == 0 {
		return fields.Section{}, sectionFault(text, at, int(d.line)+1)
	}
	return fields.Section{Text: text, Lines: lines}, d.countLines(len(lines))
}

// headRead goes on behind a head, whose last size bytes are being consumed.
func (d *Decoder) headRead(ev *Event, h *Head, size int) error {
	d.consumed(size)
	d.line = 0
	ev.Head = h
	if d.status < 200 && d.status != 101 {
		return d.interimRead(ev)
	}
	fr, err := framing(d.request, d.minor, d.status, d.facts)
	if err != nil {
		return err
	}
	d.framing, h.Framing = fr, fr
	if d.facts.has(hasLength) && !d.facts.has(hasCoding) && fr != Switched {
		h.Length = d.facts.length
	}
	d.phase = bodyPhase[fr]
	d.rest = d.facts.length
	ev.Kind = Final
	return nil
}

var bodyPhase = [...]phase{None: onEnd, Length: onLength, Chunked: onSize, UntilClose: onClose, Switched: onEnd}

// interimRead waits for the next head behind a 1xx (RFC 9110, 15.2).
func (d *Decoder) interimRead(ev *Event) error {
	if d.interim++; int(d.interim) > d.limits.Interim {
		return overLimit("the number of interim (1xx) responses", d.limits.Interim, "responses")
	}
	d.facts, d.phase, d.status, d.minor = facts{}, onHead, 0, 0
	ev.Kind = Interim
	return nil
}

// readTrailers takes the trailer section (RFC 9112, 7.1.2).
func (d *Decoder) readTrailers(ev *Event, buf []byte, eof bool) (int, error) {
	end, err := d.wholeSection(buf, eof, "trailer section")
	if end == 0 {
		return 0, err
	}
	d.line = 0
	var ignored facts
	sec, err := d.takeFields(string(buf[:end]), 0, nil, &ignored)
	if err != nil {
		return 0, inTrailers(err)
	}
	d.consumed(end)
	d.phase = onEnd
	ev.Kind = End
	if sec.Len() > 0 {
		ev.Kind, ev.Trailers = Trailers, trailers(sec)
	}
	return end, nil
}

func inTrailers(err error) error {
	if e, ok := err.(*ProtocolError); ok {
		e.Part = "trailer " + e.Part
	}
	return err
}

// consumed counts n bytes of a head and forgets what was seen of them.
func (d *Decoder) consumed(n int) {
	d.used += uint32(n)
	d.looked, d.folded = 0, false
}

func (d *Decoder) countLines(n int) error {
	if int(d.lines)+n > d.limits.Fields {
		return overLimit("the number of field lines", d.limits.Fields, "lines")
	}
	d.lines += uint32(n)
	return nil
}

// readLine takes the first line of buf, with the lines that fold into it.
func (d *Decoder) readLine(ev *Event, buf []byte, eof bool) (int, error) {
	end, err := d.wholeLine(buf, eof)
	if end == 0 {
		return 0, err
	}
	empty, _ := emptyLine(buf)
	switch {
	case d.phase == onHead:
		err = d.statusLineRead(ev, string(buf[:end]))
	case empty > 0:
		err = d.fieldsEndRead(ev, end)
	default:
		err = d.fieldLineRead(ev, string(buf[:end]))
	}
	return end, err
}

func (d *Decoder) statusLineRead(ev *Event, text string) error {
	h := &Head{Length: -1}
	if _, err := d.takeStatusLine(h, text); err != nil {
		return err
	}
	h.Minor, h.Status = d.minor, int(d.status)
	d.phase = onFields
	d.consumed(len(text))
	ev.Kind, ev.Head = StatusLine, h
	return nil
}

func (d *Decoder) fieldLineRead(ev *Event, text string) error {
	d.line++
	if isBlank(text[0]) {
		return onLine(blankFirst(), int(d.line))
	}
	line, end := cutLine(text, 0)
	if end < len(text) {
		line, _ = cutLine(unfold(text, 0), 0)
	}
	colon, err := fieldLine(line)
	if err != nil {
		return onLine(err, int(d.line))
	}
	if err := d.countLines(1); err != nil {
		return err
	}
	ev.Kind, ev.Name, ev.Value = FieldLine, line[:colon], fields.Trim(line[colon+1:])
	d.facts.note(ev.Name, ev.Value)
	d.consumed(len(text))
	return nil
}

func (d *Decoder) fieldsEndRead(ev *Event, size int) error {
	h := &Head{Length: -1, Minor: d.minor, Status: int(d.status)}
	err := d.headRead(ev, h, size)
	if ev.Kind == Final {
		ev.Kind = FieldsEnd
	}
	return err
}

// wholeSection finds the end of the head or trailer section at the start of buf,
// or 0 when it is not all there.
func (d *Decoder) wholeSection(buf []byte, eof bool, part string) (end int, err error) {
	d.lookAs(false)
	end, looked, folded := endOfSection(buf, min(int(d.looked), len(buf)), d.phase != onHead)
	d.folded = d.folded || folded
	return d.endFound(buf, eof, part, end, looked)
}

// wholeLine finds the end of the first line in buf, with the lines that fold
// into it, or 0 when it is not all there.
func (d *Decoder) wholeLine(buf []byte, eof bool) (end int, err error) {
	d.lookAs(true)
	end, looked := endOfLine(buf, min(int(d.looked), len(buf)), d.phase == onFields)
	return d.endFound(buf, eof, "response head", end, looked)
}

// lookAs forgets how far Next looked when Line takes over, and the other way
// round: what the one has passed is not the end of what the other looks for.
func (d *Decoder) lookAs(stepping bool) {
	if d.stepping != stepping {
		d.stepping, d.looked, d.folded = stepping, 0, false
	}
}

// endFound judges what a look at buf gave: an end, or that it goes on for looked
// bytes at the least.
func (d *Decoder) endFound(buf []byte, eof bool, part string, end, looked int) (int, error) {
	// The offsets of a fields.Section have 32 bits.
	limit := min(d.limits.Head, math.MaxInt32)
	over := int(d.used)+max(end, looked) > limit
	if end > 0 && !over {
		return end, nil
	}
	if d.phase == onHead {
		if err := startOfHead(buf, int(d.looked)); err != nil {
			return 0, err
		}
	}
	switch {
	case over:
		return 0, overLimit(part, limit, "bytes")
	case eof && d.phase == onTrailers:
		return 0, &IncompleteError{Part: part, Got: int64(len(buf)), Want: -1}
	case eof:
		return 0, &IncompleteError{Part: part, Got: int64(d.used) + int64(len(buf)), Want: -1}
	}
	d.looked = uint32(looked)
	return 0, nil
}

// startOfHead refuses what cannot become a status line without waiting for the
// rest of the head. The first looked bytes went through it before.
func startOfHead(buf []byte, looked int) error {
	start := buf[:min(len(buf), 512)]
	i := bytes.IndexByte(start, '\n')
	switch {
	case i >= 0 && i < looked, looked >= 512:
		return nil
	case i < 0:
		return onLine(checkVersion(string(start)), 1)
	}
	line, _ := cutLine(string(start[:i+1]), 0)
	_, _, _, err := statusLine(line)
	return onLine(err, 1)
}
