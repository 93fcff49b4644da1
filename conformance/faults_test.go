package conformance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/conformance"
	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/golden"
)

// exchange is a script that passes, up to the faults that are added to it.
const exchange = `server
get ${URL}/
`

const okAnswer = `-- server --
wait request
< HTTP/1.1 200 OK\r\n
< Content-Length: 2\r\n
< X-A: b\r\n
< \r\n
< ok
-- none --
`

// atServer is a script up to a connection that one request went over.
const atServer = `server at h:80
get http://h/
body
`

const twoAnswers = `-- server --
wait request
< HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok
wait request
< HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok
`

const oneWire = `connection to h:80
  GET / HTTP/1.1
  | Host: h
  | User-Agent: hackney/*
  no body
  still open at the end
`

// TestFaultsOfScripts breaks a script in every way: what is told names the file,
// the line, and what was expected.
func TestFaultsOfScripts(t *testing.T) {
	for _, c := range []struct {
		name, script, want string
	}{
		{"unknown command", "fetch x\n", `x.txtar:1: unknown command "fetch"`},
		{"no section", "server\n", "x.txtar:1: the script has no section server"},
		{"unknown option", "opts slow\n", `x.txtar:1: there is no option "slow", want one of address-policy`},
		{"bad time", "opts recv-timeout=5\n", `x.txtar:1: "5" is no time`},
		{"unknown check", "want more\n", `x.txtar:1: nothing is known of "more", want one of blame`},
		{"unknown state", "use old\n", "x.txtar:1: no state was kept as old"},
		{"no payload", "use zero\nstream-request-body what\n", `x.txtar:2: stream-request-body: "what" is no payload`},
		{"no field", "get http://h/ word\n", `x.txtar:1: get: "word" is no field such as 'Name: value'`},
		{"bad escape in a command", `get http://h/ 'A: \q'` + "\n", `x.txtar:1: get: bad escape \q, want \r`},
		{"unknown variable", "get http://h/ 'A: ${PORTS}'\n", "x.txtar:1: get: unknown variable ${PORTS}"},
		{"bad escape in a section", "server\n-- server --\nwait head\n" + `< a\xZZ` + "\n", `x.txtar:4: section server: bad escape \xZZ`},
		{"bad line of a server", "server\n-- server --\nwait head\nsend x\n", `x.txtar:4: section server: unknown line "send x", want connection, wait`},
		{"bad wait", "server\n-- server --\nwait forever\n", `x.txtar:3: section server: cannot wait for "forever", want request`},
		{"CR LF in the script", "server\r\n", "x.txtar:1: the script has CR LF"},
		{"section twice", "server\n-- a --\n-- a --\n", "x.txtar:3: section a is there twice"},
		{"bad time of a script", "# time: soon\n", `x.txtar:1: bad time "soon"`},
		{"setup negated", "! opts\n", "x.txtar:1: opts cannot be negated"},
		{"error in a log negated", "log\n! body\n", "x.txtar:2: body: with a log, errors are part of it"},
		{"error that is none", exchange + "! body\n" + okAnswer, "x.txtar:3: body gave no error, but should"},
		{"error that nobody wants", exchange + "start-response\n" + okAnswer, "x.txtar:3: start-response: StartResponse: response state is on_body, want stream or waiting"},

		{"misspelled state", exchange + "! want state wating\n" + okAnswer, `x.txtar:3: there is no "wating", want one of start stream waiting`},
		{"misspelled kind", exchange + "! want error rst\n" + okAnswer, `x.txtar:3: there is no kind of error "rst", want one of stale`},
		{"misspelled blame", exchange + "! want blame server\n" + okAnswer, `x.txtar:3: there is no "server", want one of caller peer`},
		{"misspelled operation", exchange + "want legal Clos\n" + okAnswer, `x.txtar:3: there is no operation "Clos", want some of Connect`},
		{"no server to connect to", "connect\n", "x.txtar:1: connect: there is no server, so connect needs"},
		{"a step behind the end", "server\n-- server --\nclose\nwait head\n", "x.txtar:4: section server: the connection has ended above"},

		{"state", exchange + "want state done\n" + okAnswer, `x.txtar:3: state: it is "on_body", want "done"`},
		{"not state", exchange + "! want state on_body\n" + okAnswer, "x.txtar:3: state on_body: it is so, and should not be"},
		{"connection", exchange + "want connection closed\n" + okAnswer, `x.txtar:3: connection: it is "connected"`},
		{"body state", exchange + "want body-state done\n" + okAnswer, `x.txtar:3: body-state: it is "waiting"`},
		{"client", exchange + "want client none\n" + okAnswer, "x.txtar:3: client: it differs from section none, at "},
		{"legal", exchange + "want legal Close\n" + okAnswer, `x.txtar:3: legal: it is "Reconnect StreamBody`},
		{"status", exchange + "want status 201\n" + okAnswer, `x.txtar:3: status: it is "200", want "201"`},
		{"reason", exchange + "want reason Fine\n" + okAnswer, `x.txtar:3: reason: it is "OK"`},
		{"version", exchange + "want version 1.0\n" + okAnswer, `x.txtar:3: version: it is "1.1"`},
		{"length", exchange + "want content-length 3\n" + okAnswer, `x.txtar:3: content-length: it is "2"`},
		{"location", exchange + "want location /x\n" + okAnswer, `x.txtar:3: location: it is ""`},
		{"url", exchange + "want url /x\n" + okAnswer, `x.txtar:3: url: it is "http://127.0.0.1:`},
		{"method", exchange + "want method PUT\n" + okAnswer, `x.txtar:3: method: it is "GET"`},
		{"reused", exchange + "want reused true\n" + okAnswer, `x.txtar:3: reused: it is "false"`},
		{"no such field", exchange + "want header X-B\n" + okAnswer, "x.txtar:3: header: there is no field X-B"},
		{"other field", exchange + "want header x-a c\n" + okAnswer, `x.txtar:3: header: x-a is ["b"], want "c"`},
		{"headers", exchange + "want headers none\n" + okAnswer, `+ 	"Content-Length: 2"`},
		{"trailers", exchange + "want trailers server\n" + okAnswer, "x.txtar:3: trailers: it differs"},
		{"interim", exchange + "want interim 100\n" + okAnswer, `x.txtar:3: interim: it is "", want "100"`},
		{"data", exchange + "body\nwant data no\n" + okAnswer, `x.txtar:4: data: (-want +got)`},
		{"end", exchange + "stream-body\nwant end\n" + okAnswer, "x.txtar:4: end: the last operation did not find the end"},
		{"no error", exchange + "want error closed\n" + okAnswer, "x.txtar:3: error: the last operation gave no error"},
		{"other error", exchange + "! start-response\nwant error closed\n" + okAnswer, "x.txtar:4: error: it is of the kind invalid-state, want closed"},
		{"other text", exchange + "! start-response\nwant error invalid-state nonsense\n" + okAnswer, `which does not match "nonsense"`},
		{"blame", exchange + "! start-response\nwant blame peer\n" + okAnswer, `x.txtar:4: blame: it is "caller", want "peer"`},
		{"sent", exchange + "want sent none\n" + okAnswer, "x.txtar:3: sent: what was sent differs from section none"},
		{"bytes unseen", exchange + "want sent bytes\n" + okAnswer + "-- bytes --\n> GET / HTTP/1.1\\r\\n\n", "bytes were sent that no want sent has looked at: \"Host: 127.0.0.1:"},
		{"other bytes", exchange + "want sent bytes\n" + okAnswer + "-- bytes --\n> GET /x\n", "x.txtar:3: sent: what was sent differs from section bytes, at "},
		{"other pattern", exchange + "want sent bytes\n" + okAnswer + "-- bytes --\n~ PUT .*\n", "- \t\"~ PUT .*\""},
		{"bad pattern", exchange + "want sent bytes\n" + okAnswer + "-- bytes --\n~ (\n", "x.txtar:13: error parsing regexp"},
		{"no prefix", exchange + "want sent bytes\n" + okAnswer + "-- bytes --\nGET\n", `x.txtar:13: want a line that begins with "> " or "~ "`},
		{"fields", exchange + "want sent-fields bytes\n" + okAnswer + "-- bytes --\n> GET / HTTP/1.1\\r\\n\n> Host: h\\r\\n\n> \\r\\n\n", "x.txtar:3: sent-fields: the request differs"},
		{"line", exchange + "want sent-line Nothing\n" + okAnswer, `x.txtar:3: sent-line: no line that was sent matches "Nothing"`},
		{"connections", exchange + "want connections 2\n" + okAnswer, "x.txtar:3: connections: there were 1, want 2"},
		{"no such connection", exchange + "want sent none 2\n" + okAnswer, "x.txtar:3: the script of server has no connection 2"},
		{"no log", exchange + "want log none\n" + okAnswer, "x.txtar:3: there is no log"},
		{"log", "log\nurl-encode a\nwant log none\n-- none --\n", `+ 	"1 url-encode"`},
		{"wire", "log\nserver at h:80\nget http://h/\nwant wire none\n" + okAnswer, `+ 	"connection to h:80"`},

		{"no command", "# nothing\n\n-- none --\n", "x.txtar:1: the script has no command"},
		{"error in a log", "log\nbody\n", "x.txtar:1: no want log compares this operation of the log, which failed: body: "},
		{"error in a log, and another log", "log\nbody\nlog\n", "x.txtar:3: no want log compares"},
		{"error in a log, behind want log", "log\nurl-encode a\nwant log log\nbody\n-- log --\n1 url-encode\n  = a\n", "x.txtar:1: no want log compares"},
		{"error in a log, not wanted", "log\nbody\n! want log log\n-- log --\n", "x.txtar:1: no want log compares"},
		{"error in a log, wanted by itself", "log\nbody\nwant error invalid-state\n", ""},
		{"bytes behind want wire", atServer + "want wire none\nsend-request GET /2\n" + twoAnswers + "-- none --\n" + oneWire, "x.txtar: bytes were sent that no want wire has compared"},
		{"a connection behind want wire", atServer + "want wire none\nget http://h/2\n" + strings.Replace(twoAnswers, "wait request\n", "connection\nwait request\n", 2) + "-- none --\n" + oneWire, "x.txtar: a connection was made that no want wire has compared"},
		{"close behind want wire", atServer + "want wire none\nclose\n" + okAnswer[:len(okAnswer)-len("-- none --\n")] + "-- none --\n" + oneWire, ""},
		{"sent, negated", exchange + "! want sent bytes\nwant sent first\n" + okAnswer + "-- bytes --\n> GET /x\n-- first --\n> GET / HTTP/1.1\\r\\n\n", "bytes were sent that no want sent has looked at"},
		{"sent-fields, negated", exchange + "! want sent-fields bytes\nwant sent bytes\n" + okAnswer + "-- bytes --\n> GET /x\n", "what was sent differs from section bytes"},
		{"sent-fields with the begin of a pattern", exchange + "want sent-fields bytes\n" + okAnswer + "-- bytes --\n> GET / HTTP/1.1\\r\\n\n> ~ (\\r\\n\n> \\r\\n\n", "x.txtar:3: sent-fields: the request differs"},
		{"large pieces", exchange + "body-reader 9000000000000000000\n" + okAnswer, "x.txtar:3: body-reader: want body-reader [N | chunks], N up to"},
		{"full without an address", "server full\n", "x.txtar:1: a server that is full needs the address"},
		{"a name without one", "server named\n" + okAnswer, `x.txtar:1: cannot make sense of "named"`},
		{"untrusted without TLS", "server untrusted\n" + okAnswer, "x.txtar:1: only a server that speaks TLS can be untrusted"},
		{"one connection too many, at once", exchange + "connect\nwant connections 1\n" + okAnswer, "x.txtar:4: connections: there were 2, want 1"},

		{"nothing is wrong", exchange + "body\nwant data ok\n" + okAnswer, ""},
		{"a request that never comes", exchange + strings.Replace(okAnswer, "< ok\n", "< ok\nwait request\n", 1), `x.txtar:10: this step of connection 1 never happened; it had received "GET / HTTP/1.1`},
		{"a connection that never comes", exchange + strings.Replace(okAnswer, "-- none", "connection\nwait head\n-- none", 1), "x.txtar:11: connection 2 was never made"},
		{"a connection too many", exchange + "connect\n" + okAnswer, "a connection from 127.0.0.1:"},
		{"a connection too many, and a request", exchange + "get ${URL}/\n" + okAnswer, "server server: wiretest: a connection from 127.0.0.1:"},
		{"an okAnswer that never comes", "# time: 1s\n" + exchange + strings.Replace(okAnswer, "wait request", "wait bytes 1000", 1), "\nthe time of the script is over\nserver server: connection 1 stands at "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "x.txtar")
			if err := os.WriteFile(path, []byte(c.script), 0o666); err != nil {
				t.Fatal(err)
			}
			err := (&conformance.Runner{}).Drive(path)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want == "":
			case err == nil:
				t.Errorf("it passed, want %q", c.want)
			case !strings.Contains(strings.ReplaceAll(err.Error(), "\u00a0", " "), c.want):
				t.Errorf("%v\nwant %q", err, c.want)
			}
		})
	}
}

// TestRecordedIsNotRewritten holds that an update leaves alone what 0.6.0 did.
func TestRecordedIsNotRewritten(t *testing.T) {
	const script = "log\nurl-encode a\nwant log recorded\n-- recorded --\n1 url-encode\n  = b\n"
	path := filepath.Join(t.TempDir(), "x.txtar")
	if err := os.WriteFile(path, []byte(script), 0o666); err != nil {
		t.Fatal(err)
	}
	err := (&conformance.Runner{Update: true}).Drive(path)
	if err == nil || !strings.Contains(err.Error(), "x.txtar:3: log: section recorded was recorded from hackney 0.6.0 and is not rewritten") {
		t.Errorf("%v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != script {
		t.Errorf("it was rewritten:\n%s", text)
	}
}

// TestUpdates rewrites sections, and refuses to where they would not say what they should.
func TestUpdates(t *testing.T) {
	const wire = "> Host: ${ADDR}\\r\\n\n> User-Agent: hackney/" + hackney.Version + "\\r\\n\n> \\r\\n\n"
	answer := func(body string) string {
		return fmt.Sprintf("-- server --\nwait request\n< HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n\n< %s\n", len(body), golden.Quote([]byte(body)))
	}
	for _, c := range []struct{ name, script, section, text, want string }{
		{"a marker in data", exchange + "body\nwant data @b\n" + answer("-- a --\n") + "-- b --\n", "b", `\x2D- a --\n` + "\n", ""},
		{"what was recorded", exchange + "body\nwant data @recorded-b\n" + answer("ok") + "-- recorded-b --\n", "", "", "section recorded-b was recorded"},
		{"two things", exchange + "want headers h\nwant trailers h\n" + answer("ok") + "-- h --\n", "", "", "x.txtar:4: trailers: section h would have to be two things"},
		{"two things, one of them before", exchange + "body\nwant data @b\nget ${URL}/\nwant data @b\n" + answer("ok") + "connection\n" + answer("no")[len("-- server --\n"):] + "-- b --\nok\n", "", "", "would have to be two things"},
		{"patterns that match", exchange + "want sent s\n" + answer("ok") + "-- s --\n> GET /x HTTP/1.1\\r\\n\n~ Host: .*\n~ User-Agent: none\n> \\r\\n\n", "s", "> GET / HTTP/1.1\\r\\n\n~ Host: .*\n" + wire[len("> Host: ${ADDR}\\r\\n\n"):], ""},
		{"patterns of fields", exchange + "want sent-fields s\n" + answer("ok") + "-- s --\n> GET /x HTTP/1.1\\r\\n\n~ Host: .*\n> \\r\\n\n", "s", "> GET / HTTP/1.1\\r\\n\n~ Host: .*\n" + wire[len("> Host: ${ADDR}\\r\\n\n"):], ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := written(t, c.script)
			err := (&conformance.Runner{Update: true}).Drive(path)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			updated, err := golden.Read(path)
			if err != nil || updated.Section(c.section).Text != c.text {
				t.Errorf("%v: it is\n%s, want\n%s", err, updated.Section(c.section).Text, c.text)
			}
			if err := new(conformance.Runner).Drive(path); err != nil {
				t.Errorf("updated: %v", err)
			}
		})
	}
}

// TestUpdateAgainst holds that no real server is a source of goldens.
func TestUpdateAgainst(t *testing.T) {
	err := (&conformance.Runner{Update: true, Against: "http://127.0.0.1:1"}).Drive(written(t, "server\n"))
	if hackney.BlameOf(err) != hackney.BlameCaller {
		t.Error(err)
	}
}
