package hackney

import (
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"unsafe"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/fields"
	"github.com/hackney-go/hackney/internal/http1"
)

// ClientState is the state of a client between two operations: the mirror of
// hackney's #client{} record. It is immutable and small; copy it, keep it, pass it
// to another goroutine. Of all copies of one state only one can be used: the
// operation that comes first wins, the others get ErrStale (Close excepted).
//
// The zero value is a client that was never connected.
type ClientState struct {
	handle     *handle
	link       *link       // facts of the connection, and where it leads
	opts       *Opts       // the caller's; never written
	head       *http1.Head // facts of the last head, never written after commit
	extra      *extra      // facts that few responses have
	auth       *BasicAuth  // user info of the URL
	trail      *trail      // the redirects that led here, nil for none
	async      *AsyncResponse
	turn       turn
	method     string
	path       string
	connection ConnectionState
	response   ResponseState
	body       BodyState
	reused     bool // the request went out on a connection that had carried another
	chunked    bool // the request's body is chunked
	expect     bool // the request waits for 100 Continue before its body
	kept       Kept
	pooled     bool // the connection is out of a pool
	early      bool // Waiting because a final answer came before the request's end
	open       bool // Waiting behind the end of a Func: the body can still be streamed to
	maybe      bool // a redirect that is left to the caller
}

// MaxStateSize is the most bytes a ClientState may take.
const MaxStateSize = 200

var _ [MaxStateSize - unsafe.Sizeof(ClientState{})]struct{}

// extra are facts that few responses have.
type extra struct {
	interim  []Interim
	trailers *headers.Headers
	partial  *partial
	form     streamedForm
}

// partial is the list of fields that StreamHeader has read so far, last first.
type partial struct {
	before      *partial
	name, value string
}

// Interim is a 1xx response that came before the final one (RFC 9110, 15.2).
type Interim struct {
	Status  int
	Reason  string
	Headers *headers.Headers
}

// ConnectionState is Closed or Connected.
func (cs ClientState) ConnectionState() ConnectionState { return cs.connection }

// ResponseState says how far the exchange has come.
func (cs ClientState) ResponseState() ResponseState { return cs.response }

// BodyState says whether the response's body was read.
func (cs ClientState) BodyState() BodyState { return cs.body }

// Status is the status code of the final response, 0 before it came.
func (cs ClientState) Status() int {
	if cs.head == nil {
		return 0
	}
	return cs.head.Status
}

// Reason is the reason phrase of the final response, often "".
func (cs ClientState) Reason() string {
	if cs.head == nil {
		return ""
	}
	return cs.head.Reason
}

// Version is the version of the final response, "1.1" or "1.0", "" before it came.
func (cs ClientState) Version() string {
	if cs.head == nil {
		return ""
	}
	return versions[cs.head.Minor]
}

var versions = [...]string{"1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "1.9"}

// Headers are the header fields of the final response in order and case. The
// list is the caller's to keep.
func (cs ClientState) Headers() *headers.Headers {
	if cs.head == nil {
		return nil
	}
	return &cs.head.Headers
}

// Trailers are the trailer fields of a chunked response once its body was read.
// Fields that frame or route a message are left out (RFC 9110, 6.5.1).
func (cs ClientState) Trailers() *headers.Headers {
	if cs.extra == nil {
		return nil
	}
	return cs.extra.trailers
}

// Interim are the 1xx responses that came before the final one, in order.
func (cs ClientState) Interim() []Interim {
	if cs.extra == nil {
		return nil
	}
	return append([]Interim(nil), cs.extra.interim...)
}

// ContentLength is the response's Content-Length, -1 where it has none or before
// it came.
func (cs ClientState) ContentLength() int64 {
	if cs.head == nil {
		return -1
	}
	return cs.head.Length
}

// Location is the Location field of the response; after redirects were followed, and
// where the response has none, that of the last of them (location of #client{}).
func (cs ClientState) Location() string {
	l := cs.Headers().Get("Location")
	if l == "" && cs.trail != nil {
		l = cs.trail.hops[len(cs.trail.hops)-1].Location
	}
	return l
}

// Method is the method of the request as it was sent.
func (cs ClientState) Method() string { return cs.method }

// Path is the request-target as it was sent.
func (cs ClientState) Path() string { return cs.path }

// Host is the host the client is for, without brackets.
func (cs ClientState) Host() string { return cs.origin().host }

// Port is the port the client is for.
func (cs ClientState) Port() int { return cs.origin().port }

// Scheme is "http" or "https", "" for a client that was never connected.
func (cs ClientState) Scheme() string {
	if t := cs.origin().transport; t != nil {
		return t.Scheme()
	}
	return ""
}

// URL is the URL of the request, without user info.
func (cs ClientState) URL() string {
	if cs.link == nil {
		return ""
	}
	return cs.link.url(cs.path)
}

// url is the URL of a request for target.
func (l *link) url(target string) string {
	switch {
	case strings.HasPrefix(target, "http://"), strings.HasPrefix(target, "https://"):
		return withoutUserInfo(target)
	case !strings.HasPrefix(target, "/"): // "*" or an authority
		target = "/"
	}
	return l.transport.Scheme() + "://" + l.authority + target
}

// withoutUserInfo is an absolute URL without what it has before the host.
func withoutUserInfo(u string) string {
	scheme, rest, _ := strings.Cut(u, "//")
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	return scheme + "//" + rest[strings.LastIndexByte(rest[:end], '@')+1:]
}

// LocalAddr is this end of the connection the state was made on, or nil.
func (cs ClientState) LocalAddr() net.Addr {
	if cs.link == nil {
		return nil
	}
	return cs.link.local
}

// RemoteAddr is the other end of the connection the state was made on, or nil.
func (cs ClientState) RemoteAddr() net.Addr {
	if cs.link == nil {
		return nil
	}
	return cs.link.remote
}

// TLS are the facts of the TLS handshake, or nil without TLS. It must not be
// written.
func (cs ClientState) TLS() *tls.ConnectionState {
	if cs.link == nil {
		return nil
	}
	return cs.link.tls
}

// Reused says whether the request went out on a connection that had carried
// another request before.
func (cs ClientState) Reused() bool { return cs.reused }

// Legal are the operations that are legal in this state, in the order of the table.
// Whether the state was used already, only the operation can tell.
func (cs ClientState) Legal() []Op {
	var ops []Op
	for op := range Ops() {
		if cs.check(op) == nil {
			ops = append(ops, op)
		}
	}
	return ops
}

func (cs *ClientState) origin() *origin {
	if cs.link == nil {
		return &origin{}
	}
	return cs.link.origin
}

// partialHeaders are the fields StreamHeader has given out so far, in order.
func (cs *ClientState) partialHeaders() *headers.Headers {
	if cs.extra == nil {
		return nil
	}
	var lines []*partial
	for p := cs.extra.partial; p != nil; p = p.before {
		lines = append(lines, p)
	}
	var b fields.Builder
	for _, p := range slices.Backward(lines) {
		b.Add(p.name, p.value)
	}
	h := headers.FromSection(b.Section())
	return &h
}
