package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/hackney"
)

const (
	head   = "POST / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: me\r\nContent-Length: 6\r\n\r\n"
	get    = "GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: me\r\n\r\n"
	expect = "POST / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: me\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n"
	half   = "HTTP/1.1 413 No\r\nContent-Length: 9\r\n\r\nn"
	denied = "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno"
)

func sent(s string) hackney.TapEvent {
	return hackney.TapEvent{Kind: hackney.TapSent, Bytes: []byte(s)}
}

func received(s string) hackney.TapEvent {
	return hackney.TapEvent{Kind: hackney.TapReceived, Bytes: []byte(s)}
}

var (
	ended  = hackney.TapEvent{Kind: hackney.TapEnded}
	closed = hackney.TapEvent{Kind: hackney.TapClosed}
)

// heardEvents are events as a tap could tell them, where no test could make sure that
// they come like this.
var heardEvents = []struct {
	name   string
	events []hackney.TapEvent
	want   []string
}{
	{"early answer", []hackney.TapEvent{sent(head), received(denied), closed}, []string{"send-raw POST @head.1\n", "want status 413", "wait bytes 71"}},
	{"early answer in the body", []hackney.TapEvent{sent(head), sent("123"), received(denied), closed}, []string{"send-raw POST @head.1 text @rest.1", "wait bytes 74"}},
	{"early answer and a whole body", []hackney.TapEvent{sent(head), sent("123"), received(denied), sent("456"), closed}, []string{"send-raw POST", "wait bytes 3\n"}},
	{"no answer", []hackney.TapEvent{sent(get), closed}, []string{"opts recv-timeout", "! request GET", "want error timeout"}},
	{"half an answer", []hackney.TapEvent{sent(get), received(denied[:20]), closed}, []string{"want error timeout"}},
	{"no answer to the second", []hackney.TapEvent{sent(get), received(greeting), sent(get), closed}, []string{"send-raw GET @head.2 stream"}},
	{"closed on the second", []hackney.TapEvent{sent(get), received(greeting), sent(get), ended, closed}, []string{"! send-raw GET @head.2"}},
	{"half a request", []hackney.TapEvent{sent(head), sent("123"), closed}, []string{"send-raw POST @head.1 stream"}},
	{"half a head", []hackney.TapEvent{sent(head[:9]), closed}, []string{"send-raw POST @head.1 stream"}},
	{"no HTTP", []hackney.TapEvent{sent("\x00\r\n\r\n"), received("?"), ended}, []string{"! send-raw"}},
	{"one byte of a body", []hackney.TapEvent{sent(get), received(denied[:len(denied)-1]), closed}, []string{"body-max 1\n"}},
	{"one byte last", []hackney.TapEvent{sent(get), received(half), received("o"), closed}, []string{"body-max 2\n", "no"}},
	{"many single bytes", []hackney.TapEvent{sent(get), received(half), received("o"), received("n"), received("o"), closed}, []string{"body-max 4\n"}},
	{"a body that was never whole", []hackney.TapEvent{sent(expect), received("HTTP/1.1 100 Continue\r\n\r\n"), sent("123"), closed}, []string{"wait bytes 93\n", "wait bytes 3\n"}},
	{"answer before a request", []hackney.TapEvent{received("hello"), ended, closed}, []string{"connect tcp a.example 80"}},
}

func TestHeardEvents(t *testing.T) {
	for _, test := range heardEvents {
		t.Run(test.name, func(t *testing.T) {
			rec := NewRecorder()
			for _, e := range append([]hackney.TapEvent{{Kind: hackney.TapOpened}}, test.events...) {
				e.Conn, e.Address, e.Transport = 7, "a.example:80", "hackney_tcp_transport"
				rec.Tap(e)
			}
			script, err := rec.Script()
			if err != nil {
				t.Fatal(err)
			}
			log := failure(t, script)
			for _, want := range test.want {
				if !strings.Contains(string(script), want) {
					log += fmt.Sprintf("no %q in it\n", want)
				}
			}
			if log != "" {
				t.Errorf("%s\n%s", log, script)
			}
		})
	}
}

// TestHeardAddresses has one recorder hear of all kinds of addresses.
func TestHeardAddresses(t *testing.T) {
	rec := NewRecorder()
	want := []string{
		"server at [::1]:8080\n", "server server2 tls at a.example:443\n", "server server3 at a.example:444\n",
		"server server4 unix at localhost:80\n", "request GET 'http://[::1]:8080/'", "request GET https://a.example/",
		"request GET http://a.example:444/", "want sent sent.4 server4\n",
	}
	for i, e := range []hackney.TapEvent{
		{Address: "[::1]:8080"},
		{Address: "a.example:443", Secure: true},
		{Address: "a.example:443"}, // taken: the script has another port for it
		{Address: "localhost:0", Transport: unixTransport},
	} {
		e.Conn = uint64(i)
		rec.Tap(e)
		e.Kind, e.Bytes = hackney.TapSent, []byte(get)
		rec.Tap(e)
		e.Kind, e.Bytes = hackney.TapReceived, []byte(greeting)
		rec.Tap(e)
	}
	script, err := rec.Script()
	if err != nil {
		t.Fatal(err)
	}
	log := failure(t, script)
	for _, want := range want {
		if !strings.Contains(string(script), want) {
			log += fmt.Sprintf("no %q in it\n", want)
		}
	}
	if log != "" {
		t.Errorf("%s\n%s", log, script)
	}
}
