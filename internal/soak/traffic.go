package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/transport"
)

// A kind is something that programs do with the library. weight is how often it is done.
type kind struct {
	name   string
	weight int
	do     func(*job)
}

var kinds = []kind{
	{"GET", 30, get},
	{"HEAD", 5, head},
	{"the head line by line", 6, lineByLine},
	{"several requests on one client", 8, session},
	{"a Unix socket", 5, overUnix},
	{"redirects", 8, redirects},
	{"a body over the limit", 3, overLimit},
	{"upload", 16, upload},
	{"upload piece by piece", 8, pieces},
	{"form part by part", 5, parts},
	{"async, events taken", 8, pull},
	{"async, events from a channel", 5, push},
	{"async, stopped", 3, stop},
	{"cancelled", 5, cancelMidway},
	{"deadline", 4, deadline},
	{"closed with the body unread", 5, closeEarly},
	{"closed by another", 4, closedByAnother},
	{"handed off", 5, handOff},
	{"forgotten", 2, forget},
	{"dead end", 4, intoDeadEnd},
}

// kindFor draws a kind.
func kindFor(dice *rand.Rand) kind {
	sum := 0
	for _, k := range kinds {
		sum += k.weight
	}
	n := dice.IntN(sum)
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			return k
		}
	}
	panic("unreachable: n is below the sum of the weights")
}

// shortTime is the limit of time of those who are impatient; longTime is one that no right answer needs.
const (
	shortTime = 40 * time.Millisecond
	longTime  = 15 * time.Second
)

// A job is what a worker does in one go: some requests for one purpose.
type job struct {
	*soak
	name string
	dice *rand.Rand
	ctx  context.Context

	ids    []uint64 // of its requests so far
	ask    ask      // of the present one
	method string
	extra  *headers.Headers
	at     *origin
	o      *hackney.Opts
	own    class // errors that the client brings upon itself
}

// newJob draws what all kinds have in common: where to, how, how patient, and what for.
func newJob(s *soak, name string, id uint64, dice *rand.Rand) *job {
	j := &job{soak: s, name: name, dice: dice, ctx: context.Background(), method: "GET"}
	if dice.IntN(2) == 0 {
		j.ctx = s.alive // can end, but does not
	}
	j.ids = []uint64{id}
	j.o = &hackney.Opts{RecvTimeout: longTime, SendTimeout: longTime, CheckoutTimeout: longTime, TLS: s.trust, ExpectTimeout: 10 * time.Millisecond}
	j.draw()
	if dice.IntN(6) == 0 {
		j.ask.impatient = true
		j.o.RecvTimeout, j.o.SendTimeout, j.o.CheckoutTimeout = shortTime, shortTime, shortTime
		j.own |= timeout | pooled
	}
	j.way()
	j.drawPool()
	s.ledger.begin(id)
	return j
}

// draw draws what is asked of the server.
func (j *job) draw() {
	sizes := []int{0, 1, 100, 2000, 20000, 200000, 1 << 20}
	size := sizes[[]int{0, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6}[j.dice.IntN(16)]]
	j.ask = ask{
		id: j.ids[len(j.ids)-1], impatient: j.ask.impatient,
		as: framings[[]int{0, 0, 0, 0, 1, 1, 1, 2, 3}[j.dice.IntN(9)]],
		n:  size, trailer: j.dice.IntN(3) == 0, last: j.dice.IntN(10) == 0,
	}
	if size > 1 {
		j.ask.n += j.dice.IntN(size)
	}
	if j.ask.as == "none" {
		j.ask.n = 0
	}
	if j.dice.IntN(10) == 0 {
		j.ask.interim = 1 + j.dice.IntN(3)
	}
}

// again prepares the job's next request.
func (j *job) again() {
	id := j.ids[0] | uint64(len(j.ids))<<48
	j.ids = append(j.ids, id)
	j.ledger.begin(id)
	j.draw()
}

// way draws where to and through what.
func (j *job) way() {
	j.at = j.plain
	auth := &hackney.BasicAuth{User: proxyUser, Password: proxyPassword}
	switch n := j.dice.IntN(16); n {
	case 0, 1, 2:
		j.at = j.secure
	case 3:
		j.at = j.second
	case 4:
		j.at = j.rudest
		j.own |= protocol // of one that got a connection on which more came
	case 5, 6:
		j.o.Proxy, j.o.ProxyAuth = hackney.ProxyAddr("127.0.0.1", j.tunnelDoor.port()), auth
		if n == 6 {
			j.at = j.secure
		}
	case 7:
		j.at = j.forwardDoor
		j.o.Proxy, j.o.ProxyAuth, j.o.ProxyMode = hackney.ProxyAddr("127.0.0.1", j.forwardDoor.port()), auth, hackney.Forward
	case 8:
		j.o.Proxy = hackney.ProxyURL("socks5://" + j.socksDoor.addr())
	}
}

// direct has the job go straight to a plain origin.
func (j *job) direct() {
	j.at, j.o.Proxy, j.o.ProxyAuth = j.plain, nil, nil
}

func (j *job) drawPool() {
	switch j.dice.IntN(10) {
	case 0, 1:
		j.o.Pool = j.limited
	case 2, 3, 4:
		j.o.Pool = j.free
	case 5:
		j.o.Pool = j.small
	case 6:
		j.o.Pool, _ = hackney.FindPool(namedPool)
		j.own |= pooled // it may be stopped at any time
	default:
		j.o.Pool = pool.None
	}
}

// url is that of the present request.
func (j *job) url() string {
	base := "http://" + j.at.addr()
	switch {
	case j.at.tls != nil:
		base = "https://" + j.at.addr()
	case j.at.forward:
		base = "http://far.example" // never resolved: the proxy answers
	}
	return base + j.ask.target()
}

// request makes the present request.
func (j *job) request(p hackney.Payload) (hackney.ClientState, error) {
	j.tally.requests.Add(1)
	cs, err := hackney.Request(j.ctx, j.method, j.url(), j.extra, p, j.o)
	return j.goOn(cs, err)
}

// tries is how often somebody impatient tries again.
const tries = 3

// goOn reads the head of the answer further, where that was interrupted.
func (j *job) goOn(cs hackney.ClientState, err error) (hackney.ClientState, error) {
	for range tries {
		if !errors.Is(err, hackney.ErrTimeout) || j.ctx.Err() != nil || cs.ResponseState() != hackney.StateWaiting {
			break
		}
		cs, err = hackney.StartResponse(j.ctx, cs)
	}
	return cs, err
}

// finish takes a request from its head to its end, and gives the state behind that.
func (j *job) finish(cs hackney.ClientState, err error) hackney.ClientState {
	if err != nil {
		return j.failed("head", cs, err)
	}
	first := cs
	body, cs, err := j.read(cs)
	if err != nil {
		return j.failed("body", cs, err)
	}
	j.judge(cs, body, true)
	if j.own&aborted == 0 && j.dice.IntN(4) == 0 && first.ResponseState() == hackney.StateOnBody {
		j.mustBeStale(first)
	}
	return cs
}

// read reads the body in one of the ways there are.
func (j *job) read(cs hackney.ClientState) ([]byte, hackney.ClientState, error) {
	switch j.dice.IntN(9) {
	case 0:
		return j.readPieces(cs)
	case 1:
		var b bytes.Buffer
		cs, err := j.copyTo(cs, &b)
		return b.Bytes(), cs, err
	case 2:
		return j.readFile(cs)
	case 3:
		return j.readReader(cs)
	case 4:
		var b []byte
		r := hackney.NewBodyReader(j.ctx, cs)
		for piece, err := range r.Chunks() {
			if err != nil {
				return b, r.State(), err
			}
			b = append(b, piece...)
		}
		return b, r.State(), nil
	case 5:
		begin, cs, err := hackney.BodyMax(j.ctx, cs, int64(j.ask.n/2))
		if err != nil {
			return begin, cs, err
		}
		rest, cs, err := j.readAll(cs)
		return append(begin, rest...), cs, err
	}
	return j.readAll(cs)
}

// readAll reads the body, and does so again where a single wait was too long.
func (j *job) readAll(cs hackney.ClientState) (b []byte, _ hackney.ClientState, err error) {
	for range tries {
		if b, cs, err = hackney.Body(j.ctx, cs); !j.mayRetry(err) {
			break
		}
	}
	return b, cs, err
}

// mayRetry says whether an error is an interruption that the client goes on from.
func (j *job) mayRetry(err error) bool {
	return errors.Is(err, hackney.ErrTimeout) && j.ctx.Err() == nil
}

func (j *job) readPieces(cs hackney.ClientState) (b []byte, _ hackney.ClientState, err error) {
	for left := tries; ; {
		var piece []byte
		piece, cs, err = hackney.StreamBody(j.ctx, cs)
		b = append(b, piece...)
		switch {
		case err == io.EOF:
			return b, cs, nil
		case j.mayRetry(err) && left > 0:
			left--
		case err != nil:
			return b, cs, err
		}
	}
}

func (j *job) copyTo(cs hackney.ClientState, w io.Writer) (_ hackney.ClientState, err error) {
	for range tries {
		if _, cs, err = hackney.CopyBody(j.ctx, cs, w); !j.mayRetry(err) {
			break
		}
	}
	return cs, err
}

// readFile has the kernel copy the body into a file, where it can.
func (j *job) readFile(cs hackney.ClientState) ([]byte, hackney.ClientState, error) {
	f, err := os.CreateTemp(j.dir, "body")
	if err != nil {
		return nil, cs, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	cs, err = j.copyTo(cs, f)
	b, _ := os.ReadFile(f.Name())
	return b, cs, err
}

func (j *job) readReader(cs hackney.ClientState) ([]byte, hackney.ClientState, error) {
	r := hackney.NewBodyReader(j.ctx, cs)
	var b bytes.Buffer
	_, err := b.ReadFrom(r)
	for left := tries; left > 0 && j.mayRetry(err); left-- {
		_, err = b.ReadFrom(r)
	}
	return b.Bytes(), r.State(), err
}

// judge holds a success against what was asked for. whole is false where only the beginning
// of the body was read.
func (j *job) judge(cs hackney.ClientState, body []byte, whole bool) {
	a := answer{status: cs.Status(), headers: cs.Headers(), interim: 0, body: body, whole: whole}
	if whole {
		a.trailers = cs.Trailers()
	}
	for _, i := range cs.Interim() {
		if i.Status == 103 {
			a.interim++
		}
	}
	j.judgeAnswer(a)
}

func (j *job) judgeAnswer(a answer) {
	met := j.ledger.met(j.ask.id)
	early := false
	for _, f := range met {
		early = early || strings.HasPrefix(f.name, "early")
	}
	if why := check(j.ask, j.method, a, early); why != "" {
		j.tally.wrongf("%s, %+v, behind %s: %s", j.name, j.ask, names(met), why)
		return
	}
	j.tally.right(j.name)
	if j.plant.garbage {
		j.hold(make([]byte, 1<<20))
	}
}

// failed holds an error against what happened to the request, and ends the client.
func (j *job) failed(during string, cs hackney.ClientState, err error) hackney.ClientState {
	met, c := j.ledger.met(j.ask.id), classOf(err)
	j.tally.count(c)
	if c&(j.own|allowed(met)) == 0 {
		j.tally.unexpectedf("%s, %s, %+v, behind %s: %s: %v", j.name, during, j.ask, names(met), c, err)
	}
	var broken *hackney.IncompleteError
	if errors.As(err, &broken) && !bytes.Contains(content(j.ask.id, j.ask.n), broken.Partial) && j.ask.hops == 0 {
		j.tally.wrongf("%s, %+v, behind %s: the %d bytes beside an error are not what was sent", j.name, j.ask, names(met), len(broken.Partial))
	}
	return j.close(cs)
}

func names(met []*fault) string {
	var n []string
	for _, f := range met {
		n = append(n, f.name)
	}
	return fmt.Sprintf("%q", n)
}

// close closes a client, which must succeed.
func (j *job) close(cs hackney.ClientState) hackney.ClientState {
	cs, err := hackney.Close(cs)
	if err != nil {
		j.tally.unexpectedf("%s: Close: %v", j.name, err)
	}
	return cs
}

// mustBeStale uses a state that was used already.
func (j *job) mustBeStale(cs hackney.ClientState) {
	if _, _, err := hackney.Body(j.ctx, cs); !errors.Is(err, hackney.ErrStale) {
		j.tally.wrongf("%s: a state (%v) could be used twice: %v", j.name, cs.ResponseState(), err)
	}
}

// end forgets the job's requests.
func (j *job) end() {
	for _, id := range j.ids {
		j.ledger.end(id)
	}
}

func get(j *job) { j.close(j.finish(j.request(nil))) }

func head(j *job) {
	j.method = "HEAD"
	get(j)
}

// lineByLine reads the head of the answer in the finest steps.
func lineByLine(j *job) {
	j.tally.requests.Add(1)
	cs, err := hackney.Request(j.ctx, "POST", j.urlFor("raw", 0), nil, hackney.Stream, j.o)
	j.method = "POST"
	j.mayBeDead()
	if err == nil {
		cs, err = hackney.EndStreamRequestBody(j.ctx, cs)
	}
	if err == nil || err == hackney.ErrResponseReady {
		cs, err = j.steps(cs)
	}
	j.close(j.finish(cs, err))
}

// steps reads a head: the status first, then some fields one by one, then the rest.
func (j *job) steps(cs hackney.ClientState) (hackney.ClientState, error) {
	cs, err := j.step(cs, hackney.StreamStatus)
	for range j.dice.IntN(6) {
		if err == nil {
			cs, err = j.step(cs, func(ctx context.Context, cs hackney.ClientState) (next hackney.ClientState, err error) {
				_, _, next, err = hackney.StreamHeader(ctx, cs)
				return next, err
			})
		}
	}
	if err == nil {
		return j.step(cs, hackney.StreamHeaders)
	}
	if err == io.EOF { // there was no field more
		err = nil
	}
	return cs, err
}

// step makes a step, and makes it again where it was interrupted.
func (j *job) step(cs hackney.ClientState, f func(context.Context, hackney.ClientState) (hackney.ClientState, error)) (_ hackney.ClientState, err error) {
	for range tries {
		if cs, err = f(j.ctx, cs); !j.mayRetry(err) {
			break
		}
	}
	return cs, err
}

// session makes some requests on one client, which opens a connection anew where the one it had is gone.
func session(j *job) {
	cs, err := j.request(nil)
	cs = j.finish(cs, err)
	for range j.dice.IntN(6) {
		j.again()
		j.tally.requests.Add(1)
		cs = j.finish(j.goOn(hackney.SendRequest(j.ctx, cs, hackney.Req{Path: j.ask.target()})))
	}
	j.close(cs)
}

// overUnix connects to a Unix socket, and goes on from there.
func overUnix(j *job) {
	j.direct()
	j.at = j.unix
	cs, err := hackney.Connect(j.ctx, transport.Unix(j.unix.addr()), "localhost", 80, j.o)
	if err != nil {
		j.failed("connect", cs, err)
		return
	}
	for range 1 + j.dice.IntN(3) {
		j.tally.requests.Add(1)
		cs = j.finish(j.goOn(hackney.SendRequest(j.ctx, cs, hackney.Req{Path: j.ask.target()})))
		if cs.ConnectionState() == hackney.Closed {
			if cs, err = hackney.Reconnect(j.ctx, cs); err != nil {
				j.failed("reconnect", cs, err)
				return
			}
		}
		j.again()
	}
	j.close(cs)
}

// redirects follows them, now and then too many, with and without credentials, to the same origin and another.
func redirects(j *job) {
	j.direct()
	j.o.FollowRedirect = true
	j.ask.hops, j.ask.cross = 1+j.dice.IntN(4), j.dice.IntN(2) == 0
	j.ask.code = []int{301, 302, 303, 307, 308}[j.dice.IntN(5)]
	if j.ask.auth = j.dice.IntN(2) == 0; j.ask.auth {
		j.o.BasicAuth = &hackney.BasicAuth{User: "u", Password: "p"}
		j.extra = headers.New("Cookie", "a=b")
	}
	if j.dice.IntN(8) == 0 {
		j.ask.hops, j.own = hackney.DefaultMaxRedirect+1, j.own|redirected
	}
	cs, err := j.request(nil)
	if err == nil && len(cs.Redirects()) != j.ask.hops {
		j.tally.wrongf("%s, %+v: %d redirects were followed", j.name, j.ask, len(cs.Redirects()))
	}
	j.close(j.finish(cs, err))
}

// overLimit asks for more than it takes.
func overLimit(j *job) {
	j.ask.as, j.ask.n = framings[j.dice.IntN(3)], 1000+j.dice.IntN(10000)
	j.o.MaxBody = int64(j.ask.n - 1)
	j.own |= limit
	cs, err := j.request(nil)
	if err != nil {
		j.failed("head", cs, err)
		return
	}
	b, cs, err := j.readAll(cs)
	if err == nil {
		j.tally.wrongf("%s, %+v, behind %s: %d bytes came through", j.name, j.ask, names(j.ledger.met(j.ask.id)), len(b))
		j.close(cs)
		return
	}
	j.failed("body", cs, err)
}
