package hackney

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/fields"
	"github.com/hackney-go/hackney/internal/http1"
)

// Version is the version of this library, as User-Agent sends it.
const Version = "0.1.0"

const userAgent = "hackney/" + Version

// plan is a request as it will be sent, with everything decided and checked
// before the wire is touched.
type plan struct {
	method  string
	target  string
	raw     []byte // a head to be sent as it is
	headers *headers.Headers
	own     ownFields
	src     source
	framing bodyFraming
	length  int64
	expect  bool
	close   bool // the request has Connection: close
	marked  bool // the request has an Idempotency-Key
	proxied bool // the options name a proxy
}

const proxyAuthorization = "Proxy-Authorization"

// continueExpected is the one expectation there is (RFC 9110, 10.1.1).
const continueExpected = "100-continue"

// bodyFraming is how the request's body is delimited.
type bodyFraming uint8

const (
	noBody bodyFraming = iota
	byLength
	byChunks
	asGiven // Req.Raw: the caller frames it
)

// ownFields are the places of the caller's own fields that replace a default or
// decide the framing; -1 where there is none.
type ownFields struct {
	host, agent, auth, ctype, length, coding int
}

// prepare checks a request and decides how it is sent. The caller closes the
// source of a plan that was made.
func (p *plan) prepare(r *Req, o *Opts) error {
	p.proxied = o.Proxy != nil
	if p.raw = r.Raw; p.raw == nil { // Raw stands in place of the fields
		p.headers = r.Headers
	}
	if err := p.setTarget(r, o); err != nil {
		return err
	}
	if err := p.scanFields(); err != nil {
		return err
	}
	var err error
	if p.src, err = openPayload(r.Payload); err != nil {
		return err
	}
	if err := p.setFraming(); err != nil {
		p.src.close()
		return err
	}
	return nil
}

// setTarget takes method and request-target in.
func (p *plan) setTarget(r *Req, o *Opts) error {
	p.method, p.target = r.Method, r.Path
	if r.Raw != nil {
		return p.setRaw()
	}
	if p.method == "" {
		p.method = "GET"
	}
	if !http1.ValidMethod(p.method) {
		return badArgument("method", "%.64q is not a token", shown(p.method))
	}
	if !o.RawMethod {
		p.method = strings.ToUpper(p.method)
	}
	if p.target == "" {
		p.target = "/"
	}
	if !http1.ValidTarget(p.target) {
		return badArgument("path", "%.64q has a blank, a control byte or a '#' in it", shown(p.target))
	}
	return p.checkForm()
}

// setRaw finds the method of a raw head, which tells how the answer is framed, and
// whether it asks for the connection to be closed. Nothing else of it is looked at.
func (p *plan) setRaw() error {
	line, lines, _ := strings.Cut(string(p.raw), "\r\n")
	for field := range strings.SplitSeq(lines, "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		p.close = p.close || fields.EqualFold(name, "Connection") && fields.HasItem(value, "close")
	}
	method, rest, _ := strings.Cut(line, " ")
	if p.method == "" {
		p.method = method
	}
	if p.target == "" {
		p.target, _, _ = strings.Cut(rest, " ")
	}
	return nil
}

// checkForm holds the target against the four forms of RFC 9112, 3.2.
func (p *plan) checkForm() error {
	switch {
	case p.method == "CONNECT":
		if !isAuthority(p.target) {
			return badArgument("path", "the target of CONNECT is host:port, not %.64q", shown(p.target))
		}
	case p.target[0] == '/', p.target == "*" && p.method == "OPTIONS",
		strings.HasPrefix(p.target, "http://"), strings.HasPrefix(p.target, "https://"):
	default:
		return badArgument("path", "%.64q does not begin with '/'", shown(p.target))
	}
	return nil
}

// isAuthority says whether s is host:port, as CONNECT wants it (RFC 9112, 3.2.3).
func isAuthority(s string) bool {
	colon := strings.LastIndexByte(s, ':')
	if colon <= 0 || strings.ContainsAny(s, "/?@") {
		return false
	}
	_, err := strconv.ParseUint(s[colon+1:], 10, 16)
	return err == nil
}

// scanFields finds the caller's own fields that replace defaults or decide the
// framing, and refuses those that cannot stand.
func (p *plan) scanFields() error {
	p.own = ownFields{-1, -1, -1, -1, -1, -1}
	if err := p.headers.Err(); err != nil {
		return &ArgumentError{What: "field", Err: err}
	}
	s := p.headers.Section()
	for i := range s.Len() {
		if err := p.scanField(i, s.Name(i), s.Value(i)); err != nil {
			return err
		}
	}
	return p.checkOmitted()
}

func (p *plan) scanField(i int, name, value string) error {
	switch {
	case fields.EqualFold(name, "Host"):
		if p.own.host >= 0 || strings.ContainsAny(value, " \t,/@") || strings.ContainsFunc(value, notASCII) {
			return badArgument("field", "Host twice, or not a host: %.64q", shown(value))
		}
		p.own.host = i
	case fields.EqualFold(name, "User-Agent"):
		p.own.agent = orFirst(p.own.agent, i)
	case fields.EqualFold(name, "Authorization"):
		p.own.auth = orFirst(p.own.auth, i)
	case fields.EqualFold(name, "Content-Type"):
		p.own.ctype = orFirst(p.own.ctype, i)
	case fields.EqualFold(name, "Content-Length"):
		return p.scanLength(i, value)
	case fields.EqualFold(name, "Transfer-Encoding"):
		return p.scanCoding(i, value)
	case fields.EqualFold(name, "Expect"):
		p.expect = p.expect || fields.EqualFold(value, continueExpected)
	case fields.EqualFold(name, "Connection"):
		p.close = p.close || fields.HasItem(value, "close")
	case fields.EqualFold(name, "Idempotency-Key"), fields.EqualFold(name, "X-Idempotency-Key"):
		p.marked = true
	}
	return nil
}

func notASCII(r rune) bool { return r >= 0x80 }

func orFirst(old, i int) int {
	if old >= 0 {
		return old
	}
	return i
}

// scanLength refuses a Content-Length that is no number, or is two.
func (p *plan) scanLength(i int, value string) error {
	n, ok := http1.ParseLength(value)
	if !ok || p.own.length >= 0 && n != p.length {
		return badArgument("field", "Content-Length is not one number: %.64q", value)
	}
	p.own.length, p.length = orFirst(p.own.length, i), n
	return nil
}

// scanCoding takes chunked, alone or behind codings that the caller applied.
func (p *plan) scanCoding(i int, value string) error {
	n := len(value) - len("chunked")
	if p.own.coding >= 0 || n < 0 || !fields.EqualFold(value[n:], "chunked") ||
		n > 0 && !appliedCodings(value[:n]) {
		return badArgument("field", "Transfer-Encoding does not end in one chunked: %.64q", value)
	}
	p.own.coding = i
	return nil
}

// appliedCodings says whether s is what may stand before chunked: codings, each with
// a comma behind it.
func appliedCodings(s string) bool {
	list, ok := strings.CutSuffix(fields.Trim(s), ",")
	for item := range strings.SplitSeq(list, ",") {
		item = fields.Trim(item)
		ok = ok && fields.ValidToken(item) && !fields.EqualFold(item, "chunked")
	}
	return ok
}

// checkOmitted refuses to leave out what frames or addresses the request.
func (p *plan) checkOmitted() error {
	for _, name := range p.headers.Omitted() {
		if fields.EqualFold(name, "Host") || fields.EqualFold(name, "Transfer-Encoding") {
			return badArgument("field", "%s cannot be omitted (Req.Raw sends any head)", name)
		}
	}
	return nil
}

func (p *plan) omitted(name string) bool {
	for _, o := range p.headers.Omitted() {
		if fields.EqualFold(o, name) {
			return true
		}
	}
	return false
}

// setFraming decides how the body is delimited: by its length where that is
// known, chunked where the caller asks for it or the length is not known.
func (p *plan) setFraming() error {
	asked := p.own.coding >= 0
	switch {
	case p.raw != nil:
		p.framing = asGiven
	case p.src.none:
		p.frameNothing(asked)
	case p.src.file != nil: // a file goes by its length, so that the kernel can copy it (P34)
		p.framing, p.length = byLength, p.src.length
	case asked:
		p.framing = byChunks
	case p.src.length >= 0:
		p.framing, p.length = byLength, p.src.length
	case p.own.length >= 0:
		p.framing = byLength
	default:
		p.framing = byChunks
	}
	if p.expect && (!p.hasBody() || p.framing == byLength && p.length == 0) { // RFC 9110, 10.1.1
		p.expect = false
	}
	if p.framing == byLength && p.length > 0 && p.omitted("Content-Length") {
		return badArgument("field", "Content-Length of a body cannot be omitted (Req.Raw sends any head)")
	}
	return nil
}

// frameNothing frames a request without a payload: POST and PUT say that their
// content is empty (RFC 9110, 8.6).
func (p *plan) frameNothing(asked bool) {
	saysEmpty := p.method == "POST" || p.method == "PUT"
	if saysEmpty {
		p.src.ctype = octetStream
	}
	p.length = 0
	switch {
	case asked:
		p.framing = byChunks
	case saysEmpty:
		p.framing = byLength
	default:
		p.framing = noBody
	}
}

// hasBody says whether bytes of content follow the head.
func (p *plan) hasBody() bool {
	switch p.framing {
	case noBody:
		return false
	case byLength: // a source of unknown length is asked, if only to be found too long
		return p.length > 0 || p.src.length < 0 && !p.src.stream
	}
	return !p.src.none
}

// replayable says whether the request may be sent a second time by itself (RFC
// 9110, 9.2.2).
func (p *plan) replayable() bool {
	if !p.src.replays || p.raw != nil {
		return false
	}
	switch p.method {
	case "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE":
		return true
	}
	return p.marked
}

// appendHead puts the head of the request behind dst: the defaults first, each
// replaced in its place by the caller's own field, then the caller's other fields.
func (p *plan) appendHead(dst []byte, to *link, auth *BasicAuth) []byte {
	if p.raw != nil {
		return append(dst, p.raw...)
	}
	handed := to.via != nil && to.via.forward
	if handed {
		dst = http1.AppendRequestLine(dst, p.method, to.absolute(p.target))
	} else {
		dst = http1.AppendRequestLine(dst, p.method, p.target)
	}
	dst = p.appendDefault(dst, p.own.host, "Host", to.authority)
	dst = p.appendDefault(dst, p.own.agent, "User-Agent", userAgent)
	dst = p.appendAuth(dst, auth)
	if handed {
		dst = p.appendProxyAuth(dst, to.via)
	}
	if p.src.force {
		dst = http1.AppendField(dst, "Content-Type", p.src.ctype)
	} else {
		dst = p.appendDefault(dst, p.own.ctype, "Content-Type", p.src.ctype)
	}
	dst = p.appendFraming(dst)
	return append(p.appendRest(dst, handed && to.via.answer == ""), "\r\n"...)
}

// absolute is target in absolute form, for a proxy (RFC 9112, 3.2.2 and 3.2.4).
func (l *link) absolute(target string) string {
	switch {
	case target == "*":
		return strings.TrimSuffix(l.url("/"), "/")
	case target[0] == '/':
		return l.url(target)
	}
	return target
}

// appendProxyAuth puts the credentials for a proxy that requests are handed to, where
// the caller has none of its own.
func (p *plan) appendProxyAuth(dst []byte, v *via) []byte {
	switch {
	case v.answer != "": // to a challenge that the caller's own did not meet, if there is one
		return http1.AppendField(dst, proxyAuthorization, v.answer)
	case p.headers.Has(proxyAuthorization):
		return dst
	case v.auth != nil:
		return http1.AppendField(dst, proxyAuthorization, v.auth.basic())
	}
	return dst
}

// appendDefault puts the caller's own field i, or the default, unless it is
// empty or omitted.
func (p *plan) appendDefault(dst []byte, i int, name, value string) []byte {
	switch {
	case i >= 0:
		s := p.headers.Section()
		return http1.AppendField(dst, s.Name(i), s.Value(i))
	case value == "" || p.omitted(name):
		return dst
	}
	return http1.AppendField(dst, name, value)
}

func (p *plan) appendAuth(dst []byte, auth *BasicAuth) []byte {
	if p.own.auth >= 0 || auth == nil || p.omitted("Authorization") {
		return p.appendDefault(dst, p.own.auth, "Authorization", "")
	}
	dst = append(dst, "Authorization: Basic "...)
	dst = base64.StdEncoding.AppendEncode(dst, []byte(auth.User+":"+auth.Password))
	return append(dst, "\r\n"...)
}

func (p *plan) appendFraming(dst []byte) []byte {
	switch p.framing {
	case byLength:
		if p.omitted("Content-Length") {
			return dst
		}
		name := "Content-Length"
		if p.own.length >= 0 {
			name = p.headers.Section().Name(p.own.length)
		}
		return http1.AppendLength(dst, name, p.length)
	case byChunks:
		return p.appendDefault(dst, p.own.coding, "Transfer-Encoding", "chunked")
	}
	return dst
}

// appendRest puts the caller's fields that have no place among the defaults.
// toProxy says that credentials for a proxy are among them. No other server gets those, where
// there may be a proxy at all.
func (p *plan) appendRest(dst []byte, toProxy bool) []byte {
	s := p.headers.Section()
	for i := range s.Len() {
		withheld := p.proxied && !toProxy && fields.EqualFold(s.Name(i), proxyAuthorization)
		if !withheld && !p.placed(i, s.Name(i)) {
			dst = http1.AppendField(dst, s.Name(i), s.Value(i))
		}
	}
	return dst
}

// placed says whether field i was sent among the defaults, or is not to be sent:
// a Content-Length or Transfer-Encoding that the framing overrules, an
// expectation without content, a Content-Type that the payload forces.
func (p *plan) placed(i int, name string) bool {
	switch {
	case i == p.own.host, i == p.own.agent, i == p.own.auth, i == p.own.ctype,
		fields.EqualFold(name, "Content-Length"), fields.EqualFold(name, "Transfer-Encoding"):
		return true
	case fields.EqualFold(name, "Content-Type"):
		return p.src.force
	case fields.EqualFold(name, "Expect"):
		return !p.expect && fields.EqualFold(p.headers.Section().Value(i), continueExpected)
	}
	return false
}
