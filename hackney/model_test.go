package hackney_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// mAnswer is what the model's server says to a path, and what the model knows of it.
type mAnswer struct {
	status int
	fields [][2]string
	wire   string // behind the head
	body   string
	early  bool // it comes before the request's body
	ends   bool // the server closes behind it
	breaks bool // the body breaks off
	state  string
}

var mPaths = map[string]*mAnswer{
	"/length":  {status: 200, fields: [][2]string{{"Content-Length", "5"}, {"X-A", "a"}}, wire: "hello", body: "hello", state: "on_body"},
	"/chunked": {status: 200, fields: [][2]string{{"Transfer-Encoding", "chunked"}}, wire: "2\r\nab\r\n4\r\ncdef\r\n0\r\nT: t\r\n\r\n", body: "abcdef", state: "on_body"},
	"/none":    {status: 204, fields: [][2]string{{"X-A", "a"}, {"X-A", "b"}}, state: "done"},
	"/close":   {status: 200, fields: [][2]string{{"Connection", "close"}}, wire: "bye", body: "bye", ends: true, state: "on_body"},
	"/broken":  {status: 200, fields: [][2]string{{"Content-Length", "9"}}, wire: "hel", body: "hel", ends: true, breaks: true, state: "on_body"},
	"/early":   {status: 413, fields: [][2]string{{"Content-Length", "0"}}, early: true, state: "done"},
	"/switch":  {status: 101, fields: [][2]string{{"Upgrade", "x"}}, state: "switched"},
}

func (a *mAnswer) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d Reason\r\n", a.status)
	for _, f := range a.fields {
		fmt.Fprintf(&b, "%s: %s\r\n", f[0], f[1])
	}
	return b.String() + "\r\n" + a.wire
}

// mModelServer answers by path and keeps the whole requests it got.
type mModelServer struct {
	l   net.Listener
	all sync.WaitGroup
	mu  sync.Mutex
	got []string // "METHOD /path body"
}

func mModelServe() (*mModelServer, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &mModelServer{l: l}
	s.all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.all.Go(func() { s.serve(conn) })
		}
	})
	return s, nil
}

// close returns when all connections have ended, which is up to the clients.
func (s *mModelServer) close() { s.l.Close(); s.all.Wait() }

func (s *mModelServer) serve(conn net.Conn) {
	defer conn.Close()
	var b []byte
	p, answered := make([]byte, 4096), false
	for {
		n, err := conn.Read(p)
		if err != nil {
			return
		}
		for b = append(b, p[:n]...); bytes.Contains(b, []byte("\r\n\r\n")); {
			a := mPaths[strings.Fields(string(b))[1]]
			msgs, _, err := wiretest.Split(b)
			whole := len(msgs) > 0
			if err == nil && !answered && (whole || a.early) {
				io.WriteString(conn, a.text())
				answered = true
			}
			if !whole {
				break
			}
			s.note(msgs[0])
			if b, answered = b[len(msgs[0].Raw):], false; a.ends {
				return
			}
		}
	}
}

func (s *mModelServer) note(m wiretest.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, strings.TrimSuffix(m.RequestLine(), " HTTP/1.1")+" "+string(m.Body))
}

// mModel is a client's state as the table has it, and what must have gone out.
type mModel struct {
	*rapid.T
	ctx    context.Context
	cs     hackney.ClientState
	old    []hackney.ClientState // connected states that were used
	state  string
	open   bool
	early  bool // ErrResponseReady was given
	more   bool // a function has ended: more pieces may follow
	form   bool // the body under way is a multipart form
	answer *mAnswer
	fields int    // that StreamHeader gave
	read   string // of the body
	upload string // method, path and body of the request under way
	sent   []mSent
}

// mSent is a request that went out whole. Only when an answer was read is it sure
// that the server has seen it: closing with unread bytes may reset the connection.
type mSent struct {
	text string
	sure bool
}

// TestModel walks the state machine at random, beside a model of the table. Between
// the legal steps come illegal ones, and steps with copies that were used before; they
// must change nothing, on this side or the other.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		srv, err := mModelServe()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 4*wiretest.Patience)
		defer cancel()
		m := &mModel{T: t, ctx: ctx, state: "start", open: true}
		defer func() {
			hackney.Close(m.cs)
			srv.close()
			m.sameRequests(srv.got)
		}()
		m.cs, err = hackney.Connect(ctx, transport.TCP, "127.0.0.1", srv.l.Addr().(*net.TCPAddr).Port, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			m.step()
			m.check()
		}
	})
}

func (m *mModel) step() {
	rows := slices.DeleteFunc(slices.Clone(mTable), func(r mRow) bool { return r.op == hackney.OpConnect })
	if n := rapid.IntRange(0, 9).Draw(m.T, "kind"); n > 0 && n < 7 {
		legal := m.cs.Legal() // more often than by chance
		rows = slices.DeleteFunc(rows, func(r mRow) bool { return !slices.Contains(legal, r.op) })
	} else if n == 0 && len(m.old) > 0 {
		cs := rapid.SampledFrom(m.old).Draw(m.T, "old copy")
		m.stale(&rows[rapid.IntRange(0, len(rows)-1).Draw(m.T, "stale operation")], cs)
		return
	}
	row := &rows[rapid.IntRange(0, len(rows)-1).Draw(m.T, "operation")]
	m.Logf("%v in %v", row.op, m.cs)
	if want := m.refusal(row); want != nil {
		next, err := mOps[row.op](m.ctx, m.cs)
		var e *hackney.StateError
		if !errors.As(err, &e) || !errors.Is(err, want) || next != m.cs {
			m.Fatalf("%v: %v, %v, want %v", row.op, next, err, want)
		}
		return
	}
	before := m.cs
	m.legal(row.op)
	if before != m.cs && before.ConnectionState() == hackney.Connected {
		m.old = append(m.old, before)
	}
}

// refusal is the error of a call that is not legal, by the table.
func (m *mModel) refusal(r *mRow) error {
	listed := slices.Contains(strings.Fields(r.from), m.state) ||
		(m.early || m.more) && slices.Contains(strings.Fields(r.early), m.state)
	switch {
	case !listed:
		return hackney.ErrInvalidState
	case !m.open && (r.need == mConnection || r.need == mUnread && m.state != "done"):
		return hackney.ErrClosed
	}
	return nil
}

// stale calls with a copy that was used before.
func (m *mModel) stale(r *mRow, cs hackney.ClientState) {
	if r.op == hackney.OpClose || r.op == hackney.OpReconnect {
		return // Close is good for any copy; Reconnect does nothing
	}
	m.Logf("stale %v in %v", r.op, cs)
	next, err := mOps[r.op](m.ctx, cs)
	// Reading in done claims nothing: it may be that only a Close came since.
	ended := r.need == mUnread && cs.ResponseState() == hackney.StateDone && (err == nil || err == io.EOF)
	var e *hackney.StateError
	if next != cs || !ended && !errors.As(err, &e) {
		m.Fatalf("stale %v: %v, %v", r.op, next, err)
	}
}

// check compares the state with the model.
func (m *mModel) check() {
	if got := m.cs.ResponseState().String(); got != m.state {
		m.Fatalf("the state is %v, want %s", m.cs, m.state)
	}
	if got := m.cs.ConnectionState() == hackney.Connected; got != m.open {
		m.Fatalf("the state is %v, want connected: %v", m.cs, m.open)
	}
	if asked := m.state == "stream" || m.state == "waiting"; asked && (m.cs.Status() != 0 || m.cs.Headers().Len() > 0) {
		m.Fatalf("%v tells of the response before: %d", m.cs, m.cs.Status())
	}
	for _, r := range mTable {
		want := r.op != hackney.OpConnect && m.refusal(&r) == nil
		if slices.Contains(m.cs.Legal(), r.op) != want {
			m.Fatalf("%v legal in %v: want %v", r.op, m.cs, want)
		}
	}
}

// legal calls an operation that is legal, and moves the model.
func (m *mModel) legal(op hackney.Op) {
	switch op {
	case hackney.OpSendRequest:
		m.send()
	case hackney.OpStreamRequestBody:
		m.piece()
	case hackney.OpStreamMultipartRequest:
		m.item()
	case hackney.OpEndStreamRequestBody:
		m.end(hackney.EndStreamRequestBody)
	case hackney.OpStartResponse:
		m.uploaded()
		m.take(hackney.StartResponse(m.ctx, m.cs))
		m.headRead()
	case hackney.OpStreamStatus:
		m.uploaded()
		m.take(hackney.StreamStatus(m.ctx, m.cs))
		m.state, m.early, m.more, m.fields = "on_status", false, false, 0
		m.answered()
	case hackney.OpStreamHeader:
		m.header()
	case hackney.OpStreamHeaders:
		m.take(hackney.StreamHeaders(m.ctx, m.cs))
		m.headRead()
	case hackney.OpHijack:
		m.hijack()
	case hackney.OpClose:
		m.take(hackney.Close(m.cs))
		m.state, m.open, m.early, m.more = "start", false, false, false
	case hackney.OpReconnect:
		m.take(hackney.Reconnect(m.ctx, m.cs))
		if !m.open {
			m.state, m.open = "start", true
		}
	case hackney.OpHandoff, hackney.OpSetSockopts:
		m.take(mOps[op](m.ctx, m.cs))
	default:
		m.body(op)
	}
}

// take goes on with what an operation gave, which must be no error.
func (m *mModel) take(cs hackney.ClientState, err error) {
	if err != nil {
		m.Fatalf("in %v: %v", m.cs, err)
	}
	m.cs = cs
}

func (m *mModel) send() {
	path := rapid.SampledFrom(slices.Sorted(maps.Keys(mPaths))).Draw(m.T, "path")
	r := hackney.Req{Method: "POST", Path: path, Payload: hackney.Stream}
	stream := rapid.Bool().Draw(m.T, "stream")
	if m.form = stream && rapid.Bool().Draw(m.T, "form"); m.form {
		r.Payload = hackney.StreamMultipart(-1, "B")
	}
	if !stream {
		r.Method, r.Payload = "GET", nil
	}
	m.answer, m.upload, m.early, m.more, m.open = mPaths[path], r.Method+" "+path+" ", false, false, true
	m.take(hackney.SendRequest(m.ctx, m.cs, r))
	if m.state = "stream"; !stream {
		m.uploaded()
		m.headRead()
	}
}

func (m *mModel) piece() {
	piece := rapid.SampledFrom([]string{"", "x", "piece"}).Draw(m.T, "piece")
	payload := hackney.Text(piece)
	ends := rapid.IntRange(0, 3).Draw(m.T, "kind") == 0
	if ends { // a function's end is taken for the body's, but more may follow
		payload = wPieces(io.EOF, piece)
	}
	cs, err := hackney.StreamRequestBody(m.ctx, m.cs, payload)
	if m.ready(cs, err) {
		return
	}
	m.take(cs, err)
	m.upload += piece
	m.state, m.more = "stream", ends
	if ends {
		m.state = "waiting"
	}
}

// item sends an item of a form, which there may be none of.
func (m *mModel) item() {
	part := rapid.SampledFrom([]multipart.Part{multipart.Value("n", "v"), multipart.EOF}).Draw(m.T, "part")
	if part.Kind() == multipart.Finish && m.form {
		m.end(func(ctx context.Context, cs hackney.ClientState) (hackney.ClientState, error) {
			return hackney.StreamMultipartRequest(ctx, cs, part)
		})
		return
	}
	cs, err := hackney.StreamMultipartRequest(m.ctx, m.cs, part)
	if argument := new(hackney.ArgumentError); !m.form && errors.As(err, &argument) {
		m.cs = cs
		return
	}
	if m.ready(cs, err) {
		return
	}
	m.take(cs, err)
	m.upload += "--B\r\nContent-Disposition: form-data; name=\"n\"\r\nContent-Type: application/octet-stream\r\n\r\nv\r\n"
	m.state, m.more = "stream", false
}

func (m *mModel) end(how mStep) {
	cs, err := how(m.ctx, m.cs)
	if m.ready(cs, err) {
		return
	}
	m.take(cs, err)
	m.whole()
	m.state, m.more = "waiting", false
}

// whole notes that the request under way has ended.
func (m *mModel) whole() {
	if m.form {
		m.upload += "--B--\r\n\r\n"
	}
	m.sent = append(m.sent, mSent{m.upload, false})
}

// ready takes an early answer, which there must be once it was told of.
func (m *mModel) ready(cs hackney.ClientState, err error) bool {
	if m.answer.early && err == hackney.ErrResponseReady {
		m.cs, m.state, m.early, m.more = cs, "waiting", true, false
		return true
	}
	if m.early {
		m.Fatalf("in %v: %v, want that the response is ready", cs, err)
	}
	return false
}

// uploaded notes that a step ends the request where it was not ended.
func (m *mModel) uploaded() {
	if m.state == "stream" || m.more {
		m.whole()
	}
}

// answered notes that an answer was read.
func (m *mModel) answered() {
	if m.cs.Status() != m.answer.status {
		m.Fatalf("status %d, want %d", m.cs.Status(), m.answer.status)
	}
	if n := len(m.sent); n > 0 && m.sent[n-1].text == m.upload {
		m.sent[n-1].sure = !m.answer.early
	}
}

// headRead enters the state behind a head.
func (m *mModel) headRead() {
	m.answered()
	var got [][2]string
	for name, value := range m.cs.Headers().All() {
		got = append(got, [2]string{name, value})
	}
	if !slices.Equal(got, m.answer.fields) {
		m.Fatalf("fields %q, want %q", got, m.answer.fields)
	}
	early := m.early
	m.state, m.early, m.more, m.read = m.answer.state, false, false, ""
	if m.state == "done" && early {
		m.open = false // the request is not whole
	}
	if m.answer.early && !early { // told of or not, it may have come before the end
		m.open = m.cs.ConnectionState() == hackney.Connected
	}
}

func (m *mModel) header() {
	name, value, cs, err := hackney.StreamHeader(m.ctx, m.cs)
	m.cs = cs
	switch {
	case err == io.EOF && m.fields == len(m.answer.fields):
		m.headRead()
	case err != nil || m.fields == len(m.answer.fields) || m.answer.fields[m.fields] != [2]string{name, value}:
		m.Fatalf("field %d: %q, %q, %v", m.fields, name, value, err)
	default:
		m.fields++
		m.state = "on_header"
	}
}

func (m *mModel) hijack() {
	conn, rest, err := hackney.Hijack(m.cs)
	if err != nil || len(rest) > 0 {
		m.Fatalf("Hijack: %q, %v", rest, err)
	}
	conn.Close()
	m.old = append(m.old, m.cs)
	m.cs, err = hackney.Close(m.cs)
	m.state, m.open = "start", false
	if err != nil {
		m.Fatal(err)
	}
}

// body reads with one of the operations on the body.
func (m *mModel) body(op hackney.Op) {
	piece, cs, err := mReadBody(m.ctx, op, m.cs)
	m.cs = cs
	if m.state == "done" {
		if len(piece) > 0 || err != nil && err != io.EOF {
			m.Fatalf("%v in done: %q, %v", op, piece, err)
		}
		return
	}
	m.read += piece
	var e *hackney.IncompleteError
	switch {
	case errors.As(err, &e) && m.answer.breaks:
		m.state, m.open = "failed", false
		return
	case err != nil && err != io.EOF, op != hackney.OpSkipBody && !strings.HasPrefix(m.answer.body, m.read):
		m.Fatalf("%v: %q, %v", op, m.read, err)
	}
	over := cs.ResponseState() == hackney.StateDone
	all := op == hackney.OpBody || op == hackney.OpSkipBody || op == hackney.OpCopyBody
	if all && !over || over && op != hackney.OpSkipBody && m.read != m.answer.body || over && m.answer.breaks {
		m.Fatalf("%v led to %v behind %q", op, cs, m.read)
	}
	if over {
		m.state, m.open = "done", !m.answer.ends
	}
}

func mReadBody(ctx context.Context, op hackney.Op, cs hackney.ClientState) (string, hackney.ClientState, error) {
	var (
		b   []byte
		err error
	)
	switch op {
	case hackney.OpStreamBody:
		b, cs, err = hackney.StreamBody(ctx, cs)
	case hackney.OpBody:
		b, cs, err = hackney.Body(ctx, cs)
	case hackney.OpBodyMax:
		b, cs, err = hackney.BodyMax(ctx, cs, 1)
	case hackney.OpSkipBody:
		cs, err = hackney.SkipBody(ctx, cs)
	case hackney.OpCopyBody:
		var w bytes.Buffer
		_, cs, err = hackney.CopyBody(ctx, cs, &w)
		b = w.Bytes()
	case hackney.OpBodyReader:
		r, p := hackney.NewBodyReader(ctx, cs), make([]byte, 2)
		var n int
		n, err = r.Read(p)
		b, cs = p[:n], r.State()
	default:
		err = fmt.Errorf("%v is not known to the model", op)
	}
	return string(b), cs, err
}

// sameRequests compares what went out with what the server got. Connections may
// overtake each other there.
func (m *mModel) sameRequests(got []string) {
	slices.SortStableFunc(m.sent, func(a, b mSent) int { return mRank(a.sure) - mRank(b.sure) })
	for _, s := range m.sent {
		i := slices.Index(got, s.text)
		switch {
		case i >= 0:
			got = slices.Delete(got, i, i+1)
		case s.sure:
			m.Fatalf("the server did not get %q, but %q", s.text, got)
		}
	}
	if len(got) > 0 {
		m.Fatalf("the server got %q, which was not sent", got)
	}
}

// mRank sorts what is sure first.
func mRank(sure bool) int {
	if sure {
		return 0
	}
	return 1
}
