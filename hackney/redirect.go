package hackney

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/fields"
	"github.com/hackney-go/hackney/internal/http1"
)

// Reasons of a RedirectError, for errors.Is.
var (
	// ErrTooManyRedirects: Opts.MaxRedirect were followed, and here is another
	// (hackney's max_redirect_overflow).
	ErrTooManyRedirects = errors.New("too many redirects")
	// ErrNoLocation: a redirect without a Location (hackney's invalid_redirection).
	ErrNoLocation = errors.New("the redirect has no Location")
	// ErrBadLocation: a Location that leads nowhere: no URL, another scheme than http
	// and https, or two that differ.
	ErrBadLocation = errors.New("the Location cannot be followed")
)

// RedirectError says that a redirect was to be followed and could not be. The state
// that comes with it is that of the redirect itself: its body can be read.
type RedirectError struct {
	URL      string // of the request that was answered with the redirect
	Location string // as it came, without a password
	Count    int    // of the redirects that were followed before
	Err      error  // ErrTooManyRedirects, ErrNoLocation or ErrBadLocation, the latter with its reason
}

// Error names the request, where the redirect leads, and what is wrong with that.
func (e *RedirectError) Error() string {
	switch {
	case errors.Is(e.Err, ErrTooManyRedirects):
		return fmt.Sprintf("redirect of %s: %v: %d were followed", e.URL, e.Err, e.Count)
	case e.Location == "":
		return fmt.Sprintf("redirect of %s: %v", e.URL, e.Err)
	}
	return fmt.Sprintf("redirect of %s to %.256q: %v", e.URL, e.Location, e.Err)
}

// Unwrap gives the reason.
func (e *RedirectError) Unwrap() error { return e.Err }

// Redirect is an answer that was followed.
type Redirect struct {
	Method   string // of the request that it answers
	URL      string // of that request
	Status   int
	Location string // as it came, without a password
}

// trail is what a state knows of the redirects that led to it. It is never written
// after it was made.
type trail struct {
	home *origin    // of the first request, and of the next one
	auth *BasicAuth // for that
	base *BasicAuth // what may still be taken along
	hops []Redirect
}

// Redirects are the redirects that were followed for the last request, in order.
func (cs ClientState) Redirects() []Redirect {
	if cs.trail == nil {
		return nil
	}
	return slices.Clone(cs.trail.hops)
}

// MaybeRedirect says that the answer is a redirect which was not followed, although
// Opts.FollowRedirect is set, because of its method or because its payload cannot be
// sent again (hackney's maybe_redirect). Body, and a request to Location, are the
// caller's to decide.
func (cs ClientState) MaybeRedirect() bool { return cs.maybe }

func isRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// course is what is done about a redirect.
type course uint8

const (
	stay   course = iota // it is the answer
	decide               // it is the answer, and the caller decides
	again                // the same request goes there
	asGet                // a request without content goes there: GET, or HEAD as before
)

// course is that of a redirect with a status, for a request with a method.
// replays says that its payload can be sent once more, if it has one.
func (o *Opts) course(method string, status int, replays bool) course {
	reads := method == "GET" || method == "HEAD"
	switch {
	case !o.FollowRedirect && !o.ForceRedirect, method == "CONNECT", !isRedirect(status):
		return stay
	case status == 303 && (reads || method == "POST" || o.ForceRedirect): // RFC 9110, 15.4.4
		return asGet
	case status == 303:
		return decide
	case method == "POST" && o.RewritePost && (status == 301 || status == 302): // RFC 9110, 15.4.2 and 15.4.3
		return asGet
	case (reads || o.ForceRedirect) && replays:
		return again
	}
	return decide
}

// maxRedirect is how many redirects are followed.
func (o *Opts) maxRedirect() int {
	if o.MaxRedirect == NoRedirects {
		return 0
	}
	return count(o.MaxRedirect, DefaultMaxRedirect)
}

// follow goes where answers lead, from head, the answer to p, on. It gives the head
// that is the answer in the end, when p is what it answers; note is what there is to say
// of that: nil, errDecide or a *RedirectError. err is why there is none.
func (a *operation) follow(ctx context.Context, r *Req, p *plan, head *http1.Head) (_ *http1.Head, note, err error) {
	o := a.cs.opts.orDefault()
	for {
		c := o.course(p.method, head.Status, p.repeats())
		switch {
		case c == stay:
			return head, nil, nil
		case c == decide, p.raw != nil:
			return head, errDecide, nil
		}
		to, fault := a.destination(p, head)
		if fault != nil {
			return head, fault, nil
		}
		a.cs.trail = a.trailWith(p, head)
		if err := a.passOver(ctx); err != nil {
			return nil, nil, err
		}
		if err := a.turnTo(to, r, p, c); err != nil {
			return nil, nil, err
		}
		if head, err = a.exchange(ctx, p); err != nil {
			return nil, nil, err
		}
		if head, err = a.satisfyProxy(ctx, p, head); err != nil {
			return nil, nil, err
		}
	}
}

// errDecide notes that a redirect is left to the caller.
var errDecide = errors.New("the caller decides")

// repeats says whether the request can be sent once more as it is.
func (p *plan) repeats() bool { return p.src.replays && p.raw == nil }

// destination is where head, a redirect of p, leads.
func (a *operation) destination(p *plan, head *http1.Head) (*url.URL, error) {
	followed := 0
	if a.cs.trail != nil {
		followed = len(a.cs.trail.hops)
	}
	from := a.cs.link.url(p.target)
	fault := &RedirectError{URL: from, Count: followed}
	locations := head.Headers.Values("Location")
	if len(locations) == 0 || locations[0] == "" { // which would be the page itself
		fault.Err = ErrNoLocation
		return nil, fault
	}
	fault.Location = url.Redact(locations[0])
	if followed >= a.cs.opts.orDefault().maxRedirect() {
		fault.Err = ErrTooManyRedirects
		return nil, fault
	}
	for _, other := range locations[1:] {
		if other != locations[0] {
			fault.Err = fmt.Errorf("%w: another one differs", ErrBadLocation)
			return nil, fault
		}
	}
	to, err := a.cs.link.base(from)
	if err == nil {
		to, err = url.Resolve(to, escaped(locations[0]))
	}
	if err == nil {
		_, err = placeOf(&to)
	}
	if err == nil {
		user, password, _ := to.Credentials()
		err = (&BasicAuth{user, password}).check()
	}
	if err != nil {
		fault.Err = fmt.Errorf("%w: %w", ErrBadLocation, err)
		return nil, fault
	}
	return &to, nil
}

// base is what a Location is relative to in the answer to a request for a URL. The zone of
// an address, which the URL leaves out as the Host field does, is there again.
func (l *link) base(from string) (url.URL, error) {
	u, err := url.Parse(from)
	if err != nil { // a target may have bytes that no URL has
		u, err = url.Parse(l.url("/"))
	}
	if bare, _, zoned := strings.Cut(l.host, "%"); zoned && u.Host == bare {
		u.Host, u.Netloc = l.host, ""
	}
	return u, err
}

// escaped is location with those bytes percent-encoded that servers write into its
// path and query although no URL may have them, and which cannot mean anything
// else: blanks, bytes beyond ASCII, and some marks.
func escaped(location string) string {
	from := authorityEnd(location)
	b, inQuery := []byte(location[:from]), false
	for _, c := range []byte(location[from:]) {
		inQuery = inQuery || c == '?'
		switch {
		case c == ' ' && inQuery:
			b = append(b, '+')
		case c == ' ', c >= 0x80, strings.IndexByte("\"<>^`{|}", c) >= 0:
			b = fmt.Appendf(b, "%%%02X", c)
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// authorityEnd is where the path of a URL reference starts.
func authorityEnd(ref string) int {
	scheme, rest, found := strings.Cut(ref, "//")
	if !found || strings.ContainsAny(scheme, "/?#") || scheme != "" && !strings.HasSuffix(scheme, ":") {
		return 0
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return len(ref) - len(rest) + i
	}
	return len(ref)
}

// trailWith is the trail of the operation, longer by head, a redirect of p. What came
// before is not written to: other states have it.
func (a *operation) trailWith(p *plan, head *http1.Head) *trail {
	t := trail{home: a.cs.link.origin, auth: a.cs.auth, base: a.cs.auth}
	if a.cs.trail != nil {
		t = *a.cs.trail
	}
	t.hops = append(t.hops[:len(t.hops):len(t.hops)], Redirect{
		Method: p.method, URL: a.cs.link.url(p.target),
		Status: head.Status, Location: strings.Clone(url.Redact(head.Headers.Get("Location"))),
	})
	return &t
}

// passOver ends the exchange whose answer is a redirect that is followed. What it has
// for a body is read away within the limits of Opts, else the connection is closed.
func (a *operation) passOver(ctx context.Context) error {
	a.hopped = true
	if a.h.dec.Done() || a.h.drain(ctx, a.cs.opts.orDefault()) {
		a.finish()
	} else if c := a.part(); c != nil {
		c.close()
	}
	a.cs.response, a.cs.body = StateDone, BodyDone
	a.cs.head, a.cs.extra = nil, nil // of an exchange before
	if a.cs.kept == NotKeptOnClose || a.h != nil && a.h.shutDown() {
		return &StateError{Op: a.op, State: a.from, Err: ErrClosed}
	}
	return nil
}

// turnTo makes r and p the request that goes to a redirect's destination, and the
// operation one that leads there. Where that is another origin, what was meant for the
// first one alone stays behind, for good: r does not have it any more.
func (a *operation) turnTo(u *url.URL, r *Req, p *plan, c course) error {
	to, err := placeOf(u)
	if err != nil {
		return err
	}
	if at := a.cs.link; u.Scheme == at.transport.Scheme() && u.Port == at.port && fields.EqualFold(u.Host, at.host) {
		to = at.place
	}
	r.Method, r.Path = p.method, strings.Clone(u.Target()) // not a hold on the whole head
	if c == asGet {
		r.withoutContent()
	}
	sameWay := false
	if a.cs.link.place.same(to) {
		v, err := a.cs.opts.orDefault().via(&to)
		if err != nil {
			return err
		}
		if sameWay = v.key() == a.cs.link.via.key(); !sameWay {
			r.Headers = r.Headers.Without(proxyAuthorization) // it was for the other proxy
		}
	} else {
		r.Headers = forStrangers(r.Headers, a.cs.opts.orDefault().Sensitive)
		a.cs.trail.base = nil // the trail was made for this redirect, and nobody else has it yet
	}
	a.cs.auth = a.cs.trail.base
	if u.User != "" || u.Password != "" {
		user, password, _ := u.Credentials()
		a.cs.auth = &BasicAuth{user, password}
	}
	p.src.close()
	*p = plan{}
	if err := p.prepare(r, a.cs.opts.orDefault()); err != nil {
		return err
	}
	if a.h == nil || !sameWay {
		a.leadTo(to.origin())
	}
	return nil
}

// withoutContent makes r a request that reads: what spoke of its content goes with
// that (RFC 9110, 15.4).
func (r *Req) withoutContent() {
	if r.Method != "HEAD" {
		r.Method = "GET"
	}
	r.Payload = nil
	for name := range r.Headers.All() {
		if describesContent(name) {
			r.Headers = r.Headers.Without(name)
		}
	}
}

func describesContent(name string) bool {
	const prefix = "Content-"
	return len(name) >= len(prefix) && fields.EqualFold(name[:len(prefix)], prefix) ||
		slices.ContainsFunc([]string{"Transfer-Encoding", "TE", "Trailer", "Expect", "Digest", "Last-Modified"}, func(s string) bool { return fields.EqualFold(s, name) })
}

// forStrangers is h without what is not for another origin: credentials, Host, and the
// fields that the caller marked.
func forStrangers(h *headers.Headers, marked []string) *headers.Headers {
	for _, name := range slices.Concat([]string{"Authorization", "Cookie", "Proxy-Authorization", "Host"}, marked) {
		h = h.Without(name)
	}
	return h
}

// same says whether two places are one origin: scheme, host and port (RFC 9110, 4.3.2).
func (p place) same(q place) bool {
	return p.transport == q.transport && p.port == q.port && fields.EqualFold(p.host, q.host)
}

// leadTo has the operation lead to an origin by a connection that is still to be made.
func (a *operation) leadTo(to *origin) {
	if a.h != nil {
		a.retire()
		a.h = nil
	}
	a.cs.link = &link{origin: to}
}

// goHome has the operation lead to where the first request went, if redirects have
// led away from there.
func (a *operation) goHome() {
	t := a.cs.trail
	if t == nil {
		return
	}
	a.trail = t
	a.cs.trail, a.cs.auth = nil, t.auth
	if !a.cs.link.place.same(t.home.place) {
		a.leadTo(t.home)
	}
}
