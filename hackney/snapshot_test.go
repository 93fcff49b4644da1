package hackney_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// mRecord is #client{} of hackney 0.6.0, field by field.
var mRecord = strings.Fields(`transport host port netloc options socket recv_timeout follow_redirect
	max_redirect force_redirect redirect location state response_state mp_boundary req_type expect async
	send_fun body_state req_chunk_size buffer partial_headers version clen te connection method ctype`)

// mAtom turns a Go name into the record's: MpBoundary is mp_boundary.
func mAtom(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

func TestSnapshotIsTheRecord(t *testing.T) {
	typ := reflect.TypeFor[hackney.Snapshot]()
	var got []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		if !f.IsExported() {
			t.Errorf("%s is not exported", f.Name)
		}
		got = append(got, mAtom(f.Name))
	}
	if len(got) != 29 || !slices.Equal(got, mRecord) {
		t.Errorf("%d fields, %v\nwant %d, %v", len(got), got, len(mRecord), mRecord)
	}
	if !typ.Comparable() || !reflect.TypeFor[hackney.ClientState]().Comparable() {
		t.Error("not comparable")
	}
}

// TestSnapshotPrintsAllFields fills each field: String has them all, in order.
func TestSnapshotPrintsAllFields(t *testing.T) {
	var s hackney.Snapshot
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int, reflect.Int64:
			f.SetInt(7)
		case reflect.Uint8:
			f.SetUint(1)
		default:
			t.Fatalf("a field of kind %v", f.Kind())
		}
	}
	text := strings.TrimSuffix(strings.TrimPrefix(s.String(), "#client{"), "}")
	var got []string
	for _, field := range strings.Split(text, ",") {
		name, _, _ := strings.Cut(field, "=")
		got = append(got, name)
	}
	if !slices.Equal(got, mRecord) {
		t.Errorf("%v\nwant %v", got, mRecord)
	}
}

func TestClientStateIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(hackney.ClientState{}); n >= 200 {
		t.Errorf("a state takes %d bytes", n)
	}
}

// mPortless puts PORT in place of the server's port.
func mPortless(srv *wiretest.Server, text string) string {
	return strings.ReplaceAll(text, strconv.Itoa(srv.Port()), "PORT")
}

const mClient = `#client{transport=hackney_tcp_transport,host="127.0.0.1",port=PORT,netloc="127.0.0.1:PORT",`

func TestSnapshotString(t *testing.T) {
	srv := wiretest.New(t,
		wiretest.Conn{
			wiretest.Reply("HTTP/1.1 201 Created\r\nLocation: /new\r\nX-Quote: \"\r\n" +
				"Set-Cookie: sid=secret\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
			wiretest.Reply("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\no").ThenClose(),
		}, wiretest.Conn{})
	ctx := mContext(t)
	must := func(cs hackney.ClientState, err error) hackney.ClientState {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return cs
	}
	want := func(cs hackney.ClientState, text string) {
		t.Helper()
		if got := mPortless(srv, cs.String()); got != text {
			t.Errorf("%s\nwant %s", got, text)
		}
	}
	want(hackney.ClientState{}, `#client{state=closed,response_state=start}`)
	o := &hackney.Opts{RecvTimeout: time.Minute}
	cs := must(hackney.Connect(ctx, transport.TCP, srv.Host(), srv.Port(), o))
	open := mClient + `socket=connected,recv_timeout=1m0s,`
	want(cs, open+`state=connected,response_state=start}`)
	cs = must(hackney.SendRequest(ctx, cs, hackney.Req{
		Method: "POST", Path: "/?q=secret", Payload: hackney.Stream, Headers: headers.New("Authorization", "secret"),
	}))
	want(cs, open+`state=connected,response_state=stream,req_type=chunked,method="POST"}`)
	cs = must(hackney.EndStreamRequestBody(ctx, cs))
	want(cs, open+`state=connected,response_state=waiting,req_type=chunked,method="POST"}`)
	cs = must(hackney.StreamStatus(ctx, cs))
	want(cs, open+`state=connected,response_state=on_status,req_type=chunked,version=1.1,method="POST"}`)
	for range 3 {
		_, _, cs, _ = hackney.StreamHeader(ctx, cs)
	}
	want(cs, open+`state=connected,response_state=on_header,req_type=chunked,`+
		`partial_headers="Location: /new\nX-Quote: \"\nSet-Cookie: [hidden]\n",version=1.1,method="POST"}`)
	cs = must(hackney.StreamHeaders(ctx, cs))
	want(cs, open+`location="/new",state=connected,response_state=on_body,req_type=chunked,`+
		`version=1.1,te="chunked",method="POST",ctype="text/plain"}`)
	cs = must(hackney.SkipBody(ctx, cs))
	want(cs, open+`location="/new",state=connected,response_state=done,req_type=chunked,body_state=done,`+
		`version=1.1,te="chunked",method="POST",ctype="text/plain"}`)
	cs = must(hackney.SendRequest(ctx, cs, hackney.Req{}))
	want(cs, open+`state=connected,response_state=on_body,version=1.0,clen=2,connection="keep-alive",method="GET"}`)
	_, cs, err := hackney.Body(ctx, cs)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	shut := mClient + `recv_timeout=1m0s,`
	want(cs, shut+`state=closed,response_state=failed,version=1.0,clen=2,connection="keep-alive",method="GET"}`)
	cs = must(hackney.Close(cs))
	want(cs, shut+`state=closed,response_state=start,version=1.0,clen=2,connection="keep-alive",method="GET"}`)
	cs = must(hackney.Reconnect(ctx, cs))
	if cs.ResponseState() != hackney.StateStart || cs.ConnectionState() != hackney.Connected {
		t.Error(cs)
	}
	hackney.Close(cs)
}

func mContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 4*wiretest.Patience)
	t.Cleanup(cancel)
	return ctx
}

// TestNoSecretIsPrinted prints states in every way, with credentials from the URL and
// from the option.
func TestNoSecretIsPrinted(t *testing.T) {
	const password, token = "PaSsWoRd", "ToKeN"
	const answer = "HTTP/1.1 200 OK\r\nSet-Cookie: " + token + "\r\nLocation: //u:" + password + "@h:1/a\r\nContent-Length: 2\r\n\r\nok"
	srv := wiretest.New(t, wiretest.Replies(answer), wiretest.Replies(answer), wiretest.Replies(answer))
	o := &hackney.Opts{BasicAuth: &hackney.BasicAuth{User: "u", Password: password}}
	h := headers.New("Cookie", token)
	withUser := strings.Replace(srv.URL("/"), "http://", "http://u:"+password+"@", 1)
	var states []hackney.ClientState
	keep := func(cs hackney.ClientState, err error) hackney.ClientState {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, cs)
		return cs
	}
	ctx := mContext(t)
	for i, raw := range []string{srv.URL("/"), withUser} {
		hackney.Close(keep(hackney.Get(ctx, raw, h, nil, o)))
		srv.WaitClosed(i)
		if auth := srv.Requests(i)[0].Field("Authorization"); auth == "" {
			t.Error("no credentials were sent")
		}
	}
	cs := keep(hackney.Post(ctx, withUser, h, hackney.Stream, nil))
	cs = keep(hackney.StreamStatus(ctx, cs))
	_, value, cs, err := hackney.StreamHeader(ctx, cs)
	if value != token || err != nil {
		t.Errorf("%q, %v", value, err)
	}
	hackney.Close(keep(cs, nil))
	if got := states[0].Snapshot().Location; got != "//u:xxxxx@h:1/a" {
		t.Errorf("location %q", got)
	}
	for _, cs := range states {
		text := fmt.Sprintf("%s %v %+v %#v %v %+v %#v %v %+v %+v", cs.String(), cs, cs, cs, cs.Snapshot(), cs.Snapshot(), cs.Snapshot(),
			&cs, struct{ C hackney.ClientState }{cs}, []any{cs.URL(), *o})
		for _, secret := range []string{password, token, "dTpQYVNzV29SZA"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in %s", secret, text)
			}
		}
	}
}

// mFacts is what all methods of a state tell.
func mFacts(cs hackney.ClientState) string {
	var b strings.Builder
	v := reflect.ValueOf(cs)
	for i := range v.NumMethod() {
		name := v.Type().Method(i).Name
		for _, out := range v.Method(i).Call(nil) {
			fmt.Fprintf(&b, "%s: %s\n", name, mFact(out.Interface()))
		}
	}
	return b.String()
}

func mFact(x any) string {
	switch x := x.(type) {
	case *headers.Headers:
		var b strings.Builder
		for name, value := range x.All() {
			fmt.Fprintf(&b, "%q=%q ", name, value)
		}
		return b.String()
	case []hackney.Interim:
		var b strings.Builder
		for _, i := range x {
			fmt.Fprintf(&b, "%d %q %s; ", i.Status, i.Reason, mFact(i.Headers))
		}
		return b.String()
	}
	return fmt.Sprintf("%v", x)
}

// TestStatesNeverChange keeps every state of a run over two responses. At its end,
// each tells what it told when it was made.
func TestStatesNeverChange(t *testing.T) {
	var two bytes.Buffer
	two.WriteString("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 Fine\r\n")
	two.WriteString("X-A: a\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n")
	two.WriteString("3\r\nabc\r\n3\r\ndef\r\n0\r\nX-T: t\r\nX-U: u\r\n\r\n")
	srv := wiretest.New(t, wiretest.Conn{
		{Wait: wiretest.Request, Send: wiretest.Cut(two.Bytes(), 60, 90)},
		wiretest.Reply("HTTP/1.1 100 Continue\r\nX-I: i\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
			"HTTP/1.1 404 Not Found\r\nLocation: /elsewhere\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nlo", "st").ThenClose(),
	})
	ctx := mContext(t)
	var states []hackney.ClientState
	var told []string
	at := func(cs hackney.ClientState, err error) hackney.ClientState {
		t.Helper()
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		states, told = append(states, cs), append(told, mFacts(cs))
		return cs
	}
	cs := at(hackney.Connect(ctx, transport.TCP, srv.Host(), srv.Port(), nil))
	cs = at(hackney.SendRequest(ctx, cs, hackney.Req{Method: "POST", Path: "/one", Payload: hackney.Stream}))
	cs = at(hackney.StreamRequestBody(ctx, cs, hackney.Text("piece")))
	cs = at(hackney.EndStreamRequestBody(ctx, cs))
	cs = at(hackney.StreamStatus(ctx, cs))
	for cs.ResponseState() != hackney.StateOnBody {
		_, _, next, err := hackney.StreamHeader(ctx, cs)
		cs = at(next, err)
	}
	for cs.ResponseState() != hackney.StateDone {
		_, next, err := hackney.StreamBody(ctx, cs)
		cs = at(next, err)
	}
	if got := cs.Trailers().Get("X-U"); got != "u" || len(cs.Interim()) != 1 {
		t.Errorf("trailers %v, interim %v", cs.Trailers(), cs.Interim())
	}
	cs = at(hackney.Handoff(cs))
	cs = at(hackney.SendRequest(ctx, cs, hackney.Req{Method: "PUT", Path: "/two", Payload: hackney.Text("x")}))
	_, next, err := hackney.Body(ctx, cs)
	cs = at(next, err)
	if cs.Status() != 404 || len(cs.Interim()) != 2 || cs.Location() != "/elsewhere" {
		t.Errorf("%v", mFacts(cs))
	}
	at(hackney.Close(cs))
	for i, cs := range states {
		if now := mFacts(cs); now != told[i] {
			t.Errorf("state %d told\n%s\nand tells\n%s", i, told[i], now)
		}
	}
	if len(states) < 14 {
		t.Errorf("only %d states", len(states))
	}
}

// TestFactsAreTheCallers changes what methods gave: the state tells the same.
func TestFactsAreTheCallers(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\nX-A: a\r\n\r\n"))
	cs, err := hackney.Get(mContext(t), srv.URL("/"), nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := mFacts(cs)
	cs.Interim()[0].Status = 0
	cs.Headers().With("X-A", "b")
	cs.Legal()[0] = hackney.OpClose
	cs.RemoteAddr().(*net.TCPAddr).Port++
	cs.RemoteAddr().(*net.TCPAddr).Port--
	if after := mFacts(cs); after != before {
		t.Errorf("%s\nwant %s", after, before)
	}
	hackney.Close(cs)
}

// TestSnapshotKeepsFactsInLowerCase holds that the record has them as 0.6.0 kept
// them, and the fields as they came.
func TestSnapshotKeepsFactsInLowerCase(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n"+
		"Connection: Keep-Alive\r\nContent-Type: Text/Plain\r\n\r\n0\r\n\r\n"))
	cs, err := hackney.Get(t.Context(), srv.URL("/"), nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer hackney.Close(cs)
	s := cs.Snapshot()
	if s.Te != "chunked" || s.Connection != "keep-alive" || s.Ctype != "text/plain" {
		t.Errorf("%q, %q, %q", s.Te, s.Connection, s.Ctype)
	}
	if got := cs.Headers().Get("Content-Type"); got != "Text/Plain" {
		t.Errorf("the field is %q", got)
	}
}
