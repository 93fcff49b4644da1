package hackney

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hackney-go/hackney/hackney/url"
)

// Snapshot is a ClientState laid open: the 29 fields of hackney's #client{} record
// in its order, in their Go form. It is comparable and holds no secret. Fields
// that have no meaning here keep their default: Socket is "connected" or "", and
// options, multipart boundary, send function, chunk size and buffer are not in a state.
type Snapshot struct {
	Transport      string
	Host           string
	Port           int
	Netloc         string
	Options        string
	Socket         string
	RecvTimeout    time.Duration // Infinite by default
	FollowRedirect bool
	MaxRedirect    int
	ForceRedirect  bool
	Redirect       string
	Location       string
	State          ConnectionState
	ResponseState  ResponseState
	MpBoundary     string
	ReqType        string // "normal" or "chunked"
	Expect         bool
	Async          bool
	SendFun        string
	BodyState      BodyState
	ReqChunkSize   int
	Buffer         string
	PartialHeaders string // the fields StreamHeader has given out, a line each
	Version        string
	Clen           int64 // -1 where there is none
	Te             string
	Connection     string
	Method         string
	Ctype          string
}

// defaultReqChunkSize is that of the record in 0.6.0.
const defaultReqChunkSize = 4096

// Snapshot lays the state open, for comparing and for golden files.
func (cs ClientState) Snapshot() Snapshot {
	s := Snapshot{
		Host: cs.Host(), Port: cs.Port(),
		Netloc:      cs.origin().authority,
		RecvTimeout: Infinite, ReqChunkSize: defaultReqChunkSize,
		Location:       url.Redact(cs.Location()),
		State:          cs.connection,
		ResponseState:  cs.response,
		ReqType:        "normal",
		Expect:         cs.expect,
		Async:          cs.response == StateAsync,
		BodyState:      cs.body,
		PartialHeaders: cs.partialText(),
		Version:        cs.Version(),
		Clen:           cs.ContentLength(),
		Te:             lowered(cs, "Transfer-Encoding"),
		Connection:     lowered(cs, "Connection"),
		Method:         cs.method,
		Ctype:          lowered(cs, "Content-Type"),
		MpBoundary:     cs.form().boundary,
	}
	if t := cs.origin().transport; t != nil {
		s.Transport = t.Name()
	}
	if cs.connection == Connected {
		s.Socket = Connected.String()
	}
	if limit := duration(cs.opts.orDefault().RecvTimeout, 0); limit > 0 {
		s.RecvTimeout = limit
	}
	o := cs.opts.orDefault()
	s.FollowRedirect, s.ForceRedirect, s.MaxRedirect = o.FollowRedirect, o.ForceRedirect, o.maxRedirect()
	if cs.trail != nil {
		s.Redirect = (&link{origin: cs.trail.home}).url("/")
	}
	if cs.chunked {
		s.ReqType = "chunked"
	}
	return s
}

// lowered is a field of the response as the record keeps it: in lower case.
func lowered(cs ClientState, name string) string { return strings.ToLower(cs.Headers().Get(name)) }

// partialText is what StreamHeader has given out, while the head is not read whole.
func (cs *ClientState) partialText() string {
	if cs.response != StateOnHeader {
		return ""
	}
	return cs.partialHeaders().String() // hides what is secret
}

// String is the state as hackney's record: see Snapshot.String.
func (cs ClientState) String() string { return cs.Snapshot().String() }

// GoString is String: a state holds secrets that must not be printed.
func (cs ClientState) GoString() string { return cs.String() }

// String prints the snapshot as a record, fields in their order, defaults left
// out: #client{transport=…,host=…,state=connected,…}. Texts are quoted. Golden
// files hold this form.
func (s Snapshot) String() string {
	var w recordWriter
	w.atom("transport", s.Transport)
	w.text("host", s.Host)
	w.number("port", int64(s.Port), 0)
	w.text("netloc", s.Netloc)
	w.text("options", s.Options)
	w.atom("socket", s.Socket)
	if s.RecvTimeout != Infinite {
		w.atom("recv_timeout", s.RecvTimeout.String())
	}
	w.flag("follow_redirect", s.FollowRedirect)
	w.number("max_redirect", int64(s.MaxRedirect), DefaultMaxRedirect)
	w.flag("force_redirect", s.ForceRedirect)
	w.text("redirect", s.Redirect)
	w.text("location", s.Location)
	w.atom("state", s.State.String())
	w.atom("response_state", s.ResponseState.String())
	w.text("mp_boundary", s.MpBoundary)
	if s.ReqType != "normal" {
		w.atom("req_type", s.ReqType)
	}
	w.flag("expect", s.Expect)
	w.flag("async", s.Async)
	w.atom("send_fun", s.SendFun)
	if s.BodyState != BodyWaiting {
		w.atom("body_state", s.BodyState.String())
	}
	w.number("req_chunk_size", int64(s.ReqChunkSize), defaultReqChunkSize)
	w.text("buffer", s.Buffer)
	w.text("partial_headers", s.PartialHeaders)
	w.atom("version", s.Version)
	w.number("clen", s.Clen, -1)
	w.text("te", s.Te)
	w.text("connection", s.Connection)
	w.text("method", s.Method)
	w.text("ctype", s.Ctype)
	return "#client{" + strings.Join(w.fields, ",") + "}"
}

// recordWriter collects the fields of a record that are not their default.
type recordWriter struct{ fields []string }

func (w *recordWriter) atom(name, value string) {
	if value != "" {
		w.fields = append(w.fields, name+"="+value)
	}
}

func (w *recordWriter) text(name, value string) {
	if value != "" {
		w.atom(name, strconv.Quote(value))
	}
}

func (w *recordWriter) flag(name string, value bool) {
	if value {
		w.atom(name, "true")
	}
}

func (w *recordWriter) number(name string, value, byDefault int64) {
	if value != byDefault {
		w.atom(name, fmt.Sprint(value))
	}
}
