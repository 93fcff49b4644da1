package http1

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney/headers"
)

// exchange is what a peer sends in answer to one request.
type exchange struct {
	method string // "" is GET
	in     string
	eof    bool    // the peer closes behind in
	limits *Limits // nil is DefaultLimits
}

func (x exchange) decoder() Decoder {
	method, limits := x.method, x.limits
	if method == "" {
		method = "GET"
	}
	if limits == nil {
		limits = &DefaultLimits
	}
	return NewDecoder(method, limits)
}

// outcome is all that a reader learns from an exchange, in the notation
//
//	103 Early Hints [Link: x] > 1.1 200 OK [A: b] chunked "body" [Trailer: c] keep
//
// with "! part" in the place where an error came. It does not depend on how the
// bytes were cut, nor on which methods of the Decoder read them.
type outcome struct {
	text string
	left int   // bytes behind the message, where no error came
	err  error // what came as "! part"
}

// way is one way to read: which methods, and how much there is to read at first
// and after each NeedMore.
type way struct {
	name string
	cut  func(left int) int
	head headReader
	body func(*reader) (progress bool, err error)
}

type headReader = func(Decoder, []byte, bool) (Event, int, Decoder, error)

var heads = []struct {
	name string
	read headReader
}{
	{"Next", nextStep},
	{"Line", lineStep},
}

var bodies = []struct {
	name string
	read func(*reader) (progress bool, err error)
}{
	{"Next", (*reader).byNext},
	{"Body", func(r *reader) (bool, error) { return r.byBody(make([]byte, 512)) }},
	{"Body of few bytes", func(r *reader) (bool, error) { return r.byBody(make([]byte, 3)) }},
	{"Body in place", func(r *reader) (bool, error) { return r.byBody(r.buf) }},
}

func ways(seeds ...uint64) []way {
	cuts := []way{
		{name: "whole", cut: func(left int) int { return left }},
		{name: "byte by byte", cut: func(int) int { return 1 }},
	}
	for _, seed := range seeds {
		rnd := rand.New(rand.NewPCG(seed, 0))
		cuts = append(cuts, way{name: fmt.Sprint("random cuts ", seed), cut: func(left int) int { return 1 + rnd.IntN(min(left, 40)) }})
	}
	var all []way
	for _, c := range cuts {
		for _, head := range heads {
			for _, body := range bodies {
				all = append(all, way{fmt.Sprintf("%s, head by %s, body by %s", c.name, head.name, body.name), c.cut, head.read, body.read})
			}
		}
	}
	return all
}

// feed reads x in every way and demands one outcome. A message that ends by
// itself is also read with bytes behind it, which must stay.
func feed(t *testing.T, x exchange) outcome {
	t.Helper()
	first := read(x, ways()[0])
	for _, w := range ways(1, 2, 3, 4) {
		if got := read(x, w); got.text != first.text || got.left != first.left {
			t.Fatalf("%.200q\n%s:\n got %s (%d bytes left)\nwant %s (%d)", x.in, w.name, got.text, got.left, first.text, first.left)
		}
	}
	if first.err != nil || first.left > 0 || strings.Contains(first.text, " until close ") {
		return first
	}
	const behind = "HTTP/1.1 299 Behind\r\n\r\n"
	x.in += behind
	for _, x.eof = range []bool{false, true} {
		for _, w := range ways(5, 6) {
			// How much of behind was read on the way does not matter, but none of it is consumed.
			if got := read(x, w); got.text != first.text || got.left != len(behind) {
				t.Fatalf("%.200q\n%s, with bytes behind:\n got %s (%d bytes left)\nwant %s (%d)", x.in, w.name, got.text, got.left, first.text, len(behind))
			}
		}
	}
	return first
}

// reader is a caller of the Decoder: it keeps the unconsumed bytes.
type reader struct {
	way
	d     Decoder
	buf   []byte // came, not consumed
	rest  string // did not come yet
	close bool

	out      strings.Builder
	reason   string // from a StatusLine
	fields   []string
	data     []byte
	trailers []string
	framing  string
}

var errSpin = errors.New("the decoder makes no progress")

func read(x exchange, w way) outcome {
	r := &reader{way: w, d: x.decoder(), rest: x.in, close: x.eof}
	err := r.run()
	if r.framing != "" {
		fmt.Fprintf(&r.out, " %s %q", r.framing, r.data)
	}
	switch {
	case err != nil:
		fmt.Fprintf(&r.out, " ! %s", errorClass(err))
	case r.d.Reusable():
		fmt.Fprintf(&r.out, "%s keep", list(r.trailers))
	default:
		fmt.Fprintf(&r.out, "%s close", list(r.trailers))
	}
	out := outcome{text: strings.TrimSpace(r.out.String()), err: err}
	if err == nil {
		out.left = len(r.buf) + len(r.rest)
	}
	return out
}

func (r *reader) run() error {
	// A byte may be waited for and consumed in steps of its own, not more.
	for steps := 4*len(r.rest) + 100; !r.d.Done(); steps-- {
		if steps == 0 {
			return errSpin
		}
		progress, err := r.step()
		if err != nil {
			return err
		}
		if progress {
			continue
		}
		if r.rest == "" {
			if r.eof() {
				return errSpin
			}
			return io.ErrNoProgress
		}
		n := r.cut(len(r.rest))
		r.buf = append(r.buf, r.rest[:n]...)
		r.rest = r.rest[n:]
	}
	return nil
}

func (r *reader) eof() bool { return r.close && r.rest == "" }

func (r *reader) step() (progress bool, err error) {
	if r.framing != "" {
		return r.body(r)
	}
	ev, n, next, err := r.head(r.d, r.buf, r.eof())
	if err != nil {
		return false, err
	}
	r.took(n, next)
	switch ev.Kind {
	case NeedMore:
		return false, nil
	case StatusLine:
		r.reason = ev.Head.Reason
	case FieldLine:
		r.fields = append(r.fields, ev.Name+": "+ev.Value)
	default:
		r.headRead(ev)
	}
	return true, nil
}

// headRead notes a whole head; Line gave its parts before.
func (r *reader) headRead(ev Event) {
	reason, fields := ev.Head.Reason+r.reason, append(r.fields, pairs(&ev.Head.Headers)...)
	r.reason, r.fields = "", nil
	fmt.Fprintf(&r.out, " 1.%d %d", ev.Head.Minor, ev.Head.Status)
	if reason != "" {
		r.out.WriteString(" " + reason)
	}
	r.out.WriteString(list(fields))
	if ev.Kind == Interim {
		r.out.WriteString(" >")
		return
	}
	r.framing = ev.Head.Framing.String()
	if ev.Head.Length >= 0 {
		r.framing += fmt.Sprint(" ", ev.Head.Length)
	}
}

func (r *reader) byNext() (bool, error) {
	ev, n, next, err := nextStep(r.d, r.buf, r.eof())
	if err != nil {
		return false, err
	}
	r.data = append(r.data, ev.Data...)
	r.trailers = append(r.trailers, pairs(ev.Trailers)...)
	r.took(n, next)
	return ev.Kind != NeedMore || n > 0, nil
}

// byBody reads in bulk, and goes on with Next where that is at its end.
func (r *reader) byBody(dst []byte) (bool, error) {
	nDst, nSrc, next, err := bodyStep(r.d, dst, r.buf)
	r.data = append(r.data, dst[:nDst]...)
	r.took(nSrc, next)
	if err != nil || nSrc > 0 {
		return true, err
	}
	return r.byNext()
}

// took drops n consumed bytes. It spoils them and moves the others, so that what
// the Decoder gave out must not live in them.
func (r *reader) took(n int, next Decoder) {
	r.d = next
	if n == 0 {
		return
	}
	kept := append([]byte(nil), r.buf[n:]...)
	for i := range r.buf {
		r.buf[i] = '#'
	}
	r.buf = kept
}

func pairs(h *headers.Headers) (ps []string) {
	for name, value := range h.All() {
		ps = append(ps, name+": "+value)
	}
	return ps
}

func list(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return " [" + strings.Join(fields, " | ") + "]"
}

// errorClass is the kind of an error and the part of the message it is about.
func errorClass(err error) string {
	var (
		protocol   *ProtocolError
		limit      *LimitError
		incomplete *IncompleteError
	)
	switch {
	case errors.As(err, &protocol):
		return protocol.Part
	case errors.As(err, &limit):
		return "limit: " + limit.What
	case errors.As(err, &incomplete):
		return "incomplete: " + incomplete.Part
	case err == io.ErrNoProgress:
		return "waits for more"
	}
	return err.Error()
}

// nextStep, lineStep and bodyStep are the steps of a Decoder as functions of it: they give the
// one that it has become, and leave the one that was given.
func nextStep(d Decoder, buf []byte, eof bool) (ev Event, n int, after Decoder, err error) {
	n, err = d.Next(&ev, buf, eof)
	return ev, n, d, err
}

func lineStep(d Decoder, buf []byte, eof bool) (ev Event, n int, after Decoder, err error) {
	n, err = d.Line(&ev, buf, eof)
	return ev, n, d, err
}

func bodyStep(d Decoder, dst, src []byte) (nDst, nSrc int, after Decoder, err error) {
	nDst, nSrc, err = d.Body(dst, src)
	return nDst, nSrc, d, err
}
