package conformance

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// answerWith is a response with these field lines and this body.
func answerWith(fields, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", fields, len(body), body)
}

var ssnOrKey = regexp.MustCompile(`"ssn":"([0-9-]+)"|key-[a-f]+-end`)

// plantings are exchanges with secrets in them.
var plantings = []struct {
	name    string
	rules   []Rule
	target  string
	fields  *headers.Headers
	payload hackney.Payload
	auth    *hackney.BasicAuth
	answer  []string // its segments
	gone    []string
	kept    []string
}{
	{
		name:   "fields by default",
		fields: headers.New("Cookie", "sid=deadbeef; b=2", "X-Auth-Token", "t0ken", "x-api-key", "kkk", "My-Password-2", "pw", "Proxy-Authorization", "Basic abcd", "Accept", "text/x"),
		answer: []string{answerWith("Set-Cookie: sid=cafebabe; Path=/open\r\nX-Secret: s1\r\n\tfolded\r\nServer: shown\r\n", "deadbeef and cafebabe")},
		gone:   []string{"deadbeef", "t0ken", "kkk", "pw", "abcd", "cafebabe", "s1", "folded"},
		kept:   []string{"text/x", "Server: shown", "X-Auth-Token: xxxxx", " and "},
	},
	{
		name:   "credentials",
		auth:   &hackney.BasicAuth{User: "aladdin", Password: "open sesame"},
		answer: []string{answerWith("X-You: aladdin:open sesame\r\n", "again: YWxhZGRpbjpvcGVuIHNlc2FtZQ== and open sesame")},
		gone:   []string{"YWxhZGRpbjpvcGVuIHNlc2FtZQ==", "open sesame"},
		kept:   []string{"again: "},
	},
	{
		name:   "parameters",
		target: "/p?a=shown&token=tok%201234&KEY=k&monkey=banana",
		fields: headers.New("Referer", "http://a/?api_key=refkey"),
		answer: []string{answerWith("Location: /next?access_token=access&b=shown2\r\n", "you sent 'tok 1234'; tok%201234")},
		gone:   []string{"tok%201234", "tok 1234", "KEY=k", "refkey", "access&"},
		kept:   []string{"a=shown&", "monkey=banana", "b=shown2", "you sent "},
	},
	{
		name:    "form",
		fields:  headers.New("Content-Type", "application/x-www-form-urlencoded"),
		payload: hackney.Text("password=hunter2&user=me&secret=z"),
		answer:  []string{greeting},
		gone:    []string{"hunter2", "secret=z"},
		kept:    []string{"user=me"},
	},
	{
		name:    "pattern, across segments",
		rules:   []Rule{RulePattern(ssnOrKey)},
		fields:  headers.New("X-Token", "shown: the rule for it is not there"),
		payload: hackney.Text(`{"ssn":"12-34"}`),
		answer:  []string{"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"ssn\":\"9", "8-7", "6\"} key-", "abc-end"},
		gone:    []string{"12-34", "98-76", "8-7", "abc-end", "key-"},
		kept:    []string{`{"ssn":"xxxxx"}`, "shown: the rule"},
	},
	{
		name:    "pattern, across chunks",
		rules:   []Rule{RulePattern(ssnOrKey)},
		payload: pieces(`{"ssn":"12`, `-34"}`),
		answer:  []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nokey-a\r\n4\r", "\nbc-e\r\n4\r\nndok\r\n0\r\nX: key-fff-end\r\n\r\n"},
		gone:    []string{`"12`, "-34", "key-", "bc-e", "ndok", "fff"},
	},
	{
		name:   "what messages stand on",
		rules:  []Rule{RulePattern(regexp.MustCompile(`.+`))},
		fields: headers.New("X", "y"),
		answer: []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n", "005;a=b\r\nhello\r\n0\r\nT: uuu\r\n\r\n"},
		gone:   []string{"hello", "Trailer: T", "X: y", "uuu"},
		kept:   []string{"GET ", "HTTP/1.1 200 xx", "Transfer-Encoding: chunked", "005;a=b"},
	},
	{
		name:   "a secret that frames",
		fields: headers.New("Cookie", "a=chunked; b=HTTP/1.1; c=Content-Length"),
		answer: []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nchunked\r\n0\r\n\r\n"},
		gone:   []string{"a=chunked", "< chunked"},
		kept:   []string{"Transfer-Encoding: chunked", "HTTP/1.1 200"},
	},
	{
		name:   "fields by name",
		rules:  append(DefaultRules(), RuleField("X-Mine", "X-Other")),
		fields: headers.New("x-mine", "m1", "X-Mine-Not", "shown", "Authorization", "q1"),
		answer: []string{answerWith("X-OTHER: o1\r\n", "")},
		gone:   []string{"m1", "q1", "o1"},
		kept:   []string{"X-Mine-Not: shown"},
	},
	{
		name:   "a quote in a target",
		target: "/?token=abcdef'tail777tail;more&b=shown",
		fields: headers.New("Referer", "http://u:top'secret9@a.example/?sig=one'two"),
		answer: []string{answerWith("Location: http://me:l0ng'pass@b.example/#access_token=frag'ment\r\n", "")},
		gone:   []string{"abcdef", "tail777tail", "more", "top", "secret9", "two", "l0ng", "'pass", "frag", "ment"},
		kept:   []string{"b=shown", "@a.example/", "@b.example/"},
	},
	{
		name:   "a Location without a scheme",
		answer: []string{answerWith("Location: //me:passw0rd@b.example/a@b\r\n", "the passw0rd, //me@shown.example")},
		gone:   []string{"passw0rd", "//me:"},
		kept:   []string{"//xx:xxxxxxxx@b.example/a@b", "//me@shown.example"},
	},
	{
		name:   "a quote behind a target",
		answer: []string{answerWith("", `<a href="/?token=abcdef">shown1</a> {"u":"/?token=abcdef","v":"shown2"} f://u:pw@h/'shown4@'`)},
		gone:   []string{"abcdef", "u:pw"},
		kept:   []string{`">shown1</a>`, `","v":"shown2"}`, "f://x:xx@h/'shown4@'"},
	},
	{
		name:   "credentials behind two blanks",
		fields: headers.New("Authorization", "Bearer  sesame-1", "Proxy-Authorization", `Digest realm="shown realm", response="sesame-2", cnonce=sesame-3`),
		answer: []string{answerWith("", `sesame-1 sesame-2 sesame-3, Bearer of "shown realm"`)},
		gone:   []string{"sesame"},
		kept:   []string{`, Bearer of "shown realm"`},
	},
	{
		name:    "members of JSON",
		fields:  headers.New("Content-Type", "application/json"),
		payload: hackney.Text(`{"password" : "ab\u0063 defgh","user":"shown1"}`),
		answer:  []string{answerWith("", `{"my_access_token":"sesame-1","n":"shown2","was":"abc defgh","pwd":"br`)},
		gone:    []string{"defgh", "sesame", `"br`},
		kept:    []string{`"user":"shown1"}`, `"n":"shown2"`, `"my_access_token":"xxxxxxxx"`},
	},
	{
		name:    "more parameters",
		target:  "/?private_token=a1a&auth_token=b1b&code=c1c&jwt=d1d&pwd=e1e&passphrase=f1f&X-Goog-Signature=g1g&my-ApiKey-2=h1h&codes=shown1",
		fields:  headers.New("Content-Type", "application/x-www-form-urlencoded", "X-Auth-Key", "i1i", "X-Auth", "j1j", "Ocp-Apim-Subscription-Key", "k1k"),
		payload: hackney.Text("user[password]=l1l'l2l&user%5Bpwd%5D=m1m&user[name]=shown2"),
		answer:  []string{greeting},
		gone:    []string{"a1a", "b1b", "c1c", "d1d", "e1e", "f1f", "g1g", "h1h", "i1i", "j1j", "k1k", "l1l", "l2l", "m1m"},
		kept:    []string{"codes=shown1", "user[name]=shown2"},
	},
	{
		name:   "rules of nothing",
		rules:  []Rule{{}, RulePattern(nil), RuleField("X-Mine")},
		fields: headers.New("X-Mine", "m1"),
		answer: []string{greeting},
		gone:   []string{"m1"},
		kept:   []string{"hello"},
	},
}

// TestSecretsAreGone plants secrets and looks for them in the script, which must
// still replay.
func TestSecretsAreGone(t *testing.T) {
	for _, test := range plantings {
		t.Run(test.name, func(t *testing.T) {
			method := "GET"
			if test.payload != nil {
				method = "POST"
			}
			client := visit(method, "/"+strings.TrimPrefix(test.target, "/"), test.fields, test.payload)
			server := []wiretest.Conn{{wiretest.Reply(test.answer...)}}
			script, received := recordAs(t, NewRecorder(test.rules...), test.auth, server, client)
			for _, secret := range test.gone {
				if strings.Contains(string(script), secret) {
					t.Errorf("%q is in it", secret)
				}
			}
			for _, text := range test.kept {
				if !strings.Contains(string(script), text) {
					t.Errorf("%q is not in it", text)
				}
			}
			if got := sentBytes(t, script); !sameBut(got, received) {
				t.Errorf("the script sends\n%q, the server had received\n%q", got, received)
			}
			if log := failure(t, script); log != "" || t.Failed() {
				t.Errorf("%s\n%s", log, script)
			}
		})
	}
}

// TestZeroRecorderRedacts holds that a recorder without rules has those by default.
func TestZeroRecorderRedacts(t *testing.T) {
	client := visit("GET", "/?token=sesame-1", headers.New("Authorization", "Bearer sesame-2"), nil)
	script, _ := recordAs(t, &Recorder{MaxBytes: 1 << 20}, nil, []wiretest.Conn{{wiretest.Reply(greeting)}}, client)
	if strings.Contains(string(script), "sesame") {
		t.Errorf("a secret is in it:\n%s", script)
	}
}

// TestEchoes looks for secrets that begin alike, lie within each other, or overlap.
func TestEchoes(t *testing.T) {
	e := newEchoes(map[string]bool{"abcdef": true, "abcdefgh": true, "abcdefxy": true, "defghijk": true, "zzzzzz": true})
	for text, want := range map[string]string{
		"":                   "",
		"abcde":              "abcde",
		"-abcdef-":           "-......-",
		"-abcdefg-":          "-......g-",
		"-abcdefgz-":         "-......gz-",
		"-abcdefgh-":         "-........-",
		"-abcdefxz-":         "-......xz-",
		"-abcdefghijk-":      "-...........-",
		"zzzzzzz":            ".......",
		"abcdefabcdefxyzzzz": "..............zzzz",
	} {
		v := &view{raw: []byte(text)}
		v.anything()
		e.hideIn(v)
		v.replace()
		if got := strings.ReplaceAll(string(v.raw), "x", "."); got != strings.ReplaceAll(want, "x", ".") {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// recordAs is record with a recorder and credentials of the caller's.
func recordAs(t *testing.T, rec *Recorder, auth *hackney.BasicAuth, server []wiretest.Conn, client player) (script, received []byte) {
	t.Helper()
	srv := wiretest.New(t, server...)
	o := &hackney.Opts{Tap: rec.Tap, BasicAuth: auth, RecvTimeout: wiretest.Patience}
	cs, err := client(t.Context(), strings.TrimSuffix(srv.URL(""), "/"), o)
	if err != nil {
		t.Fatal(err)
	}
	hackney.Close(cs)
	srv.WaitClosed(0)
	received = srv.Received(0)
	srv.Close()
	if script, err = rec.Script(); err != nil {
		t.Fatal(err)
	}
	return script, received
}

// sameBut says whether two texts differ in nothing but bytes that are an x in got.
func sameBut(got, was []byte) bool {
	if len(got) != len(was) {
		return false
	}
	shown := bytes.Clone(was)
	for i, c := range got {
		if c == 'x' {
			shown[i] = 'x'
		}
	}
	return bytes.Equal(got, shown)
}

// TestRedactionKeepsLengths feeds what is no HTTP, and what breaks off, at every
// length.
func TestRedactionKeepsLengths(t *testing.T) {
	request := "POST /?token=t0ps3cret HTTP/1.1\r\nCookie: a=t0ps3cret\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nt0ps3cret\r\n0\r\nX-Token: t0ps3cret\r\n\r\n"
	answer := "HTTP/1.1 103 Early\r\nSet-Cookie: t0ps3cret\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nt0ps3cret\r\n0\r\nX-Token: t0ps3cret\r\n\r\n"
	for n := range max(len(request), len(answer)) + 1 {
		c := &taped{sent: []byte(request[:min(n, len(request))]), received: []byte(answer[:min(n, len(answer))])}
		redact([]*taped{c}, nil, DefaultRules())
		if !sameBut(c.sent, []byte(request[:len(c.sent)])) || !sameBut(c.received, []byte(answer[:len(c.received)])) {
			t.Fatalf("%d bytes became\n%q\n%q", n, c.sent, c.received)
		}
		if text := string(c.sent) + string(c.received); n > 100 && strings.Contains(text, "t0ps3cret") {
			t.Fatalf("of %d bytes a secret is left:\n%q", n, text)
		}
	}
}
