package conformance

import (
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// TestAsyncFaults: faults of scripts with asynchronous responses.
func TestAsyncFaults(t *testing.T) {
	const (
		begin  = "server partly\nopts async\nget ${URL}/\n"
		answer = "-- server --\nwait request\n< HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok\n"
		all    = "-- all --\nstatus 200 OK\nheaders\n| Content-Length: 2\nchunk \"ok\"\ndone\n"
	)
	for name, test := range map[string]struct{ script, want string }{
		"nothing is wrong":       {begin + "events\nwant events all\nwant data ok\n" + answer + all, ""},
		"no response":            {"server partly\nget ${URL}/\nnext\n" + answer, "txtar:3: next: there is no asynchronous response"},
		"none for a check":       {"want events all\n" + all, "txtar:1: there is no asynchronous response"},
		"another kind":           {begin + "next chunk\n" + answer, "txtar:4: next: the event is status, want one of the kind chunk"},
		"another kind, negated":  {begin + "! next chunk\n" + answer, "the event is status, want one of the kind chunk"},
		"no kind":                {begin + "next body\n" + answer, "want next, and maybe one of interim status headers"},
		"other events":           {begin + "next\nwant events all\n" + answer + all, "txtar:5: events: it differs from section all"},
		"a word too many":        {begin + "events all\n" + answer + all, "txtar:4: events: too many words: all"},
		"another reference":      {begin + "pause-stream 7\n" + answer, "txtar:4: pause-stream: too many words: 7"},
		"found by no reference":  {begin + "find-stream 7\n" + answer, "txtar:4: find-stream: too many words: 7"},
		"waiting for more":       {begin + "wait-done 7\n" + answer, "txtar:4: wait-done: too many words: 7"},
		"waiting without an end": {begin + "context cancelled\n! wait-done\nwant error cancelled\n" + answer, ""},
		"an event without end":   {begin + "context cancelled\n! events\nwant error cancelled\nwant state async\n" + answer, ""},
		"a number of events":     {"opts async async-buffer=many\n", `"many" is no number`},
		"a negative number":      {"server partly\nopts async async-buffer=-1\n! get ${URL}/\nwant error argument 'events is negative'\n" + answer, ""},
	} {
		t.Run(name, func(t *testing.T) {
			log := failure(t, []byte(test.script))
			if test.want == "" && log != "" || !strings.Contains(log, test.want) {
				t.Errorf("the script says %q, want %q", log, test.want)
			}
		})
	}
}

// TestStepsAsync saves steps of a client that takes events, and drives them.
func TestStepsAsync(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")})
	st, err := NewSteps(srv.URL("/"), &hackney.Opts{Async: true, AsyncBuffer: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, line := range []string{"request", "next status", "next headers", "events"} {
		if tr, err := st.Do(t.Context(), line); err != nil || tr.Err != nil {
			t.Fatal(line, err, tr.Err)
		}
	}
	if got := st.State().ResponseState(); got != hackney.StateDone {
		t.Errorf("the state is %v", got)
	}
	script, err := st.Script()
	if err != nil {
		t.Fatal(err)
	}
	if log := failure(t, script); log != "" {
		t.Error(log)
	}
	tellsOf(t, string(script), []string{"opts async async-buffer=3\n", "next headers\nevents\n"}, []string{"want data"})
}

// TestTwoStreams: each response has its own events, whichever state is the present one.
func TestTwoStreams(t *testing.T) {
	const script = `server
opts async
get ${URL}/1
keep one
get ${URL}/2
next status
use one
events
want events first
wait-done
want state done
-- server --
wait request
< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n
connection
wait request
< HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n
-- first --
status 200 OK
headers
| Content-Length: 0
done
`
	if log := failure(t, []byte(script)); log != "" {
		t.Error(log)
	}
}
