package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestCalls: each form of a call, and the lines that it becomes.
func TestCalls(t *testing.T) {
	const (
		get    = `{"atom":"get"}`
		url    = `{"bin":"http://h/"}`
		fields = `[{"tuple":[{"bin":"A"},{"bin":"b"}]}]`
		empty  = `{"bin":""}`
		client = `{"client":"C1"}`
		mine   = `{"atom":"mine"}`
		where  = `{"atom":"hackney_ssl_transport"},{"str":"h"},443`
	)
	for _, c := range []struct{ function, args, want string }{
		{"hackney:request/1", url, "request '' http://h/"},
		{"hackney:request/2", `{"bin":"FoO"},` + url, "request FoO http://h/"},
		{"hackney:request/3", get + "," + url + "," + fields, "request get http://h/ 'A: b'"},
		{"hackney:request/4", get + "," + url + "," + fields + "," + empty, "request get http://h/ 'A: b'"},
		{"hackney:request/5", get + "," + url + ",[],[]," + `[{"atom":"insecure"}]`, "opts insecure\nrequest get http://h/ chunks"},
		{"hackney:request/5", get + "," + url + ",[],[]," + `[{"tuple":[{"atom":"connect_timeout"},250]}]`, "opts connect-timeout=250ms\nrequest get http://h/ chunks"},
		{"hackney:request/5", get + "," + url + ",[],[]," + `[{"tuple":[{"atom":"follow_redirect"},true]}]`, "opts follow-redirect\nrequest get http://h/ chunks"},
		{"hackney:request/5", get + "," + url + ",[],[]," + `[{"tuple":[{"atom":"max_redirect"},0]}]`, "opts max-redirect=none\nrequest get http://h/ chunks"},
		{"hackney:request/5", get + "," + url + ",[],[]," + `[{"tuple":[{"atom":"max_redirect"},3]}]`, "opts max-redirect=3\nrequest get http://h/ chunks"},
		{"hackney:request/5", get + "," + url + ",[],[]," + `[{"tuple":[{"atom":"max_redirect"},true]}]`, "opts max-redirect=unlimited\nrequest get http://h/ chunks"},
		{"hackney:request/5", get + "," + url + ",[],[]," + `[{"tuple":[{"atom":"proxy"},{"bin":"http://p:1"}]}]`, "opts proxy=http://p:1\nrequest get http://h/ chunks"},
		{"hackney:request/5", get + "," + url + ",[],[]," + `[{"tuple":[{"atom":"proxy"},{"str":"http://p:1"}]}]`, "opts proxy=http://p:1\nrequest get http://h/ chunks"},
		{"hackney:request/5", get + "," + url + ",[],[]," + `[{"tuple":[{"atom":"proxy"},{"tuple":[{"str":"p"},1]}]}]`, "opts proxy=p:1\nrequest get http://h/ chunks"},
		{"hackney:request/5", get + "," + url + ",[],[]," + `[{"tuple":[{"atom":"proxy_auth"},{"tuple":[{"bin":"u"},{"bin":"p"}]}]}]`, "opts proxy-auth=u:p\nrequest get http://h/ chunks"},
		{"hackney:msearch/1", url, "msearch http://h/"},
		{"hackney:patch/3", url + "," + fields + `,{"bin":"x"}`, "patch http://h/ 'A: b' text x"},
		{"hackney:send_request/2", client + `,{"tuple":[` + get + `,{"bin":"/2"}]}`, "send-request get /2"},
		{"hackney:send_request/2", client + `,{"tuple":[` + get + `,{"bin":"/2"},` + fields + `,{"atom":"stream"}]}`, "send-request get /2 'A: b' stream"},
		{"hackney:connect/1", client, "reconnect"},
		{"hackney:connect/1", `{"tuple":[` + where + `,[{"tuple":[{"atom":"recv_timeout"},200]}]]}`, "opts recv-timeout=200ms\nconnect tls h 443"},
		{"hackney:connect/3", where, "connect tls h 443"},
		{"hackney:connect/4", where + `,[]`, "connect tls h 443"},
		{"hackney:stream_request_body/2", `{"atom":"eof"},` + client, "end-stream-request-body"},
		{"hackney:stream_request_body/2", `{"bin":"a"},` + client, "stream-request-body text a"},
		{"hackney:stream_multipart_request/2", `{"atom":"eof"},` + client, "stream-multipart-request eof"},
		{"hackney:stream_multipart_request/2", `{"tuple":[{"bin":"a b"},{"bin":"1"}]},` + client, "stream-multipart-request value 'a b' 1"},
		{"hackney:stream_multipart_request/2", `{"tuple":[{"bin":"f"},{"tuple":[{"atom":"file"},{"str":"a/n.txt"}]}]},` + client, "stream-multipart-request file f ../a/n.txt"},
		{"hackney:stream_multipart_request/2", `{"tuple":[{"bin":"f"},{"tuple":[{"atom":"file"},{"str":"n.txt"},[{"tuple":[{"atom":"offset"},2]}]]}]},` + client, "stream-multipart-request file f ../n.txt 2"},
		{"hackney:stream_multipart_request/2", `{"tuple":[{"bin":"f"},{"tuple":[{"atom":"file"},{"bin":"n.txt"},{"bin":"x"}]}]},` + client, "stream-multipart-request content f n.txt x"},
		{"hackney:stream_multipart_request/2", `{"tuple":[{"atom":"data"},{"tuple":[{"atom":"start"},{"bin":"d"},{"bin":"d.bin"},{"bin":"a/b"}]}]},` + client, "stream-multipart-request start d d.bin a/b"},
		{"hackney:stream_multipart_request/2", `{"tuple":[{"atom":"data"},{"bin":"@x"}]},` + client, `stream-multipart-request data '\x40x'`},
		{"hackney:stream_multipart_request/2", `{"tuple":[{"atom":"data"},{"atom":"eof"}]},` + client, "stream-multipart-request data-eof"},
		{"hackney_multipart:encode_form/1", `[{"tuple":[{"bin":"a"},{"bin":"1"}]}]`, "multipart-encode " + firstBoundary + " value a 1"},
		{"hackney:body/1", client, "body"},
		{"hackney:body/2", `{"atom":"infinity"},` + client, "body"},
		{"hackney:body/2", `5,` + client, "body-max 5"},
		{"hackney:close/1", client, "close"},
		{"hackney:set_sockopts/2", client + `,[{"tuple":[{"atom":"nodelay"},true]}]`, "set-sockopts nodelay"},
		{"hackney:controlling_process/2", client + `,{"opaque":"pid"}`, "handoff"},
		{"hackney:start_pool/2", mine + `,[{"tuple":[{"atom":"timeout"},150000]},{"tuple":[{"atom":"pool_size"},5]}]`, "start-pool mine timeout=2m30s pool-size=5"},
		{"hackney:stop_pool/1", mine, "stop-pool mine"},
		{"hackney:request/5", get + "," + url + ",[],[]," + `[{"tuple":[{"atom":"pool"},{"atom":"default"}]}]`, "opts pool=default\nrequest get http://h/ chunks"},
		{"hackney:pool/1", client, "pool"},
		{"hackney_pool:pool_size/1", `{"atom":"hackney_pool"}`, "pool-size default"},
		{"hackney_pool:pool_size/2", mine + `,{"tuple":[` + where + `]}`, "pool-size mine tls h 443"},
		{"hackney_pool:max_poolsize/1", mine, "max-poolsize mine"},
		{"hackney_pool:set_poolsize/2", mine + ",7", "set-poolsize mine 7"},
		{"hackney_pool:timeout/1", mine, "pool-timeout mine"},
		{"hackney_pool:set_timeout/2", mine + ",1234", "set-pool-timeout mine 1.234s"},
		{"hackney_pool:socket/2", mine + `,{"tuple":[` + where + `]}`, "pool-socket mine tls h 443"},
		{"hackney_pool:release/3", mine + `,{"tuple":[` + where + `]},{"opaque":"socket"}`, "pool-release"},
		{"hackney_url:transport_scheme/1", `{"atom":"other"}`, "transport-scheme other"},
		{"oracle_scen:headers_insert/3", fields + `,{"bin":"C"},{"bin":"d e"}`, "headers-insert C 'd e' 'A: b'"},
		{"oracle_scen:headers_sorted/1", `[]`, "headers-list"},
	} {
		t.Run(c.want, func(t *testing.T) {
			op, ok := operationOf(c.function)
			if !ok {
				t.Fatalf("no operation for %s", c.function)
			}
			var args []term
			if err := json.Unmarshal([]byte("["+c.args+"]"), &args); err != nil {
				t.Fatal(err)
			}
			conv := newConverter(&scenario{})
			words, err := op.words(conv, args)
			conv.write(command(words))
			if got := strings.Join(conv.lines, "\n"); err != nil || got != c.want {
				t.Errorf("%s(%s): got %s, %v, want %s", c.function, c.args, got, err, c.want)
			}
		})
	}
}
