package main

// areas are the files of recordings.
var areas = []string{
	"request_headers",
	"request_body",
	"request_stream",
	"expect",
	"response_head",
	"response_body",
	"keepalive_reuse",
	"wrong_state",
	"connect",
	"errors_timeouts",
	"methods",
	"form",
	"urlcodec",
	"url",
	"tls",
	"headers_module",
	"multipart_stream",
	"redirect",
	"async",
	"pool",
	"proxy",
}

// leftOut are the scenarios that are about Erlang's types alone: what they did
// cannot be written in Go, so there is nothing to compare.
var leftOut = map[string]string{
	"request_headers/basic_auth_string_crash":            "a character list where a binary was wanted; user and password are strings here",
	"request_body/post_form_atom_value_crash":            "a number where a binary was wanted; the value of a form's field is a string here",
	"request_body/post_multipart_file_string_name_crash": "a character list where a binary was wanted; a file's name is a string here",
	"keepalive_reuse/reuse_string_path_crash":            "a character list where a binary was wanted; a path is a string here",
	"connect/connect_binary_host_crash":                  "a binary where a character list was wanted; a host is a string here",
	"wrong_state/request_bad_url_type_crash":             "an atom where a URL was wanted; a URL is a string or a url.URL here",
	"errors_timeouts/connect_options_bad":                "a socket option that does not exist; options are fields of a struct here",
	"urlcodec/urlencode_string_crash":                    "a character list where a binary was wanted; texts are strings here",
	"headers_module/headers_string_key_crash":            "a character list where a binary was wanted; names are strings here",
	"pool/pool_child_spec":                               "the specification of a supervised process; a pool is a value here and has no process",
	"multipart_stream/mp_data_string_name":               "a character list where a binary was wanted; names are strings here",
}

// byHand is the body of a script that the calls of its recording do not give.
type byHand struct {
	why   string
	lines []string // the commands
	log   []entry
	after []string // commands behind the comparison with the log
}

// entry is an operation in a log: its name, and where its outcome is recorded.
type entry struct {
	name  string
	index int
}

var handWritten = map[string]byHand{
	"async/async_tls_not_followed_redirect": {
		why: "the redirect is followed, so that the server has a second answer",
		lines: []string{
			"log",
			"server hop partly tls at 127.0.0.1:18443",
			"opts async async-buffer=4 insecure follow-redirect",
			"request get https://127.0.0.1:18443/as",
			takeAll,
		},
		log:   []entry{{"request", 0}, {takeAll, 0}},
		after: []string{"want data there", "want redirects hops"},
	},
	"connect/controlling_process": {
		why: "in the recording another process read the body, here another holder of the state does",
		lines: []string{
			"log",
			"server partly at 127.0.0.1:18080",
			"request get http://127.0.0.1:18080/",
			"handoff",
		},
		log:   []entry{{"request", 0}, {"handoff", 1}},
		after: []string{"body", "want data hello", "close"},
	},
	"connect/controlling_process_not_owner": {
		why: "who is not the owner of a socket there is the holder of a state that was handed on here",
		lines: []string{
			"server partly at 127.0.0.1:18080",
			"connect tcp 127.0.0.1 18080",
			"keep old",
			"handoff",
			"use old",
			"log",
			"handoff",
		},
		log: []entry{{"handoff", 1}},
	},
	"errors_timeouts/connect_timeout": {
		why: "the listener with a full backlog was no scripted server",
		lines: []string{
			"log",
			"server at 127.0.0.1:18090 full",
			"opts connect-timeout=250ms",
			"request get http://127.0.0.1:18090/",
		},
		log: []entry{{"request", 1}},
	},
	"form/multipart_decode": {
		why: "in the recording there was no form to be read, and no Content-Type with its boundary",
		lines: []string{
			"log",
			`multipart-decode 'multipart/form-data; boundary=b' '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'`,
		},
		log: []entry{{"multipart-decode", 0}},
	},
	"pool/pool_peer_closes_idle": {
		why: "how many are idle just before the peer closes depends on the time; what became of the connection does not",
		lines: []string{
			"log",
			"server partly at 127.0.0.1:18080",
			"opts pool=default recv-timeout=900ms",
			"request get http://127.0.0.1:18080/1",
			"body",
			"want kept in the pool",
			"want pool-size default 0",
			"pool-size default",
			"request get http://127.0.0.1:18080/2",
			"body",
			"pool-size default",
		},
		log: []entry{{"request", 0}, {"body", 1}, {"pool-size", 4}, {"request", 5}, {"body", 6}, {"pool-size", 7}},
	},
	"pool/pool_timeout_expiry": {
		why: "the time an idle connection has is short only while the first one is to leave",
		lines: []string{
			"server partly at 127.0.0.1:18080",
			"start-pool tpool pool-size=5",
			"opts pool=tpool recv-timeout=900ms",
			"request get http://127.0.0.1:18080/1",
			"body",
			"want data one",
			"want kept in the pool",
			"want pool-size tpool 1",
			"set-pool-timeout tpool 200ms",
			"want pool-size tpool 0",
			"set-pool-timeout tpool 150s",
			"log",
			"request get http://127.0.0.1:18080/2",
			"body",
			"pool-size tpool",
		},
		log: []entry{{"request", 6}, {"body", 7}, {"pool-size", 8}},
	},
	"proxy/proxy_async_ignored": {
		why: "its answer comes in events",
		lines: []string{
			"log",
			"server partly at 127.0.0.1:18081",
			"opts proxy=http://127.0.0.1:18081 async recv-timeout=900ms",
			"request get http://127.0.0.1:18080/via",
			takeAll,
		},
		log: []entry{{"request", 0}},
	},
	"proxy/proxy_https_https_no_inner_tls": {
		why: "what the proxy gets in place of a request in clear is the begin of TLS, which it does not answer",
		lines: []string{
			"log",
			"server partly tls at 127.0.0.1:18443",
			"opts proxy=https://127.0.0.1:18443 insecure recv-timeout=900ms tls-timeout=400ms",
			"request get https://127.0.0.1:18444/secret",
		},
		log: []entry{{"request", 0}},
	},
	"proxy/proxy_pool": {
		why: "the tunnel is used again, so that the proxy has a second answer on it",
		lines: []string{
			"log",
			"server proxy partly at 127.0.0.1:18081",
			"opts proxy=http://127.0.0.1:18081 pool=default recv-timeout=900ms",
			"request get http://127.0.0.1:18080/via",
			"body",
			"pool-size default tcp 127.0.0.1 18081",
			"request get http://127.0.0.1:18080/via",
			"body",
		},
		log:   []entry{{"request", 0}, {"body", 1}, {"pool-size", 2}, {"request", 3}, {"body", 4}},
		after: []string{"pool-size default", "want data 1"},
	},
	"proxy/proxy_reconnect_bypasses": {
		why: "the proxy is asked for a tunnel again, and opens it",
		lines: []string{
			"log",
			"server proxy partly at 127.0.0.1:18081",
			"opts proxy=http://127.0.0.1:18081 recv-timeout=900ms",
			"request get http://127.0.0.1:18080/via",
			"body",
			"send-request get /2",
			"body",
		},
		log: []entry{{"request", 0}, {"body", 1}, {"send-request", 2}, {"body", 3}},
	},
	"proxy/proxy_wrong_transport": {
		why: "the proxy is asked, and does not answer, which needs a limit",
		lines: []string{
			"log",
			"server partly at 127.0.0.1:18081",
			"opts proxy=http://127.0.0.1:18081 insecure connect-timeout=400ms",
			"request get https://127.0.0.1:18443/",
		},
		log: []entry{{"request", 0}},
	},
	"tls/tls_verify_peer_ok": {
		why: "with the library of its time the certificate was not good; so is that of the server here",
		lines: []string{
			"log",
			"server tls untrusted partly at 127.0.0.1:18443",
			"request get https://localhost:18443/x",
		},
		log: []entry{{"request", 0}},
	},
}

// beforehand are the commands of what a recording had set up before its calls.
var beforehand = map[string][]string{
	"pool/pool_use_default_env": {"use-default-pool true"},
}

// bodyFuns are the body functions of the recordings, by what is said of them: what
// they give, as words behind func.
var bodyFuns = map[string][]string{
	"yields abc, eof":                             {"abc"},
	"yields abc, <<>>, def, eof":                  {"abc", "", "def"},
	"yields abc, defg, iolist [h,ij], eof":        {"abc", "defg", "hij"},
	"returns {error, oops} at once":               {"error:oops"},
	"fun(N): N<3 -> {ok, part<N>, N+1}; else eof": {"part0", "part1", "part2"},
	"fun(N): N<2 -> {ok, <<x>>, N+1}; else eof":   {"x", "x"},
}

// errorKinds are the words for what stands behind error in a result. Other atoms
// stand for themselves.
var errorKinds = map[string]string{
	"econnrefused":   "refused",
	"econnreset":     "reset",
	"invalide_state": "invalid-state",
	"not_owner":      "stale",
	"not_found":      "no-pool",

	"max_redirect_overflow":   "max-redirect-overflow",
	"invalid_redirection":     "invalid-redirection",
	"proxy_connection":        "proxy-connection",
	"invalid_proxy_transport": "invalid-proxy-transport",
	"tls_alert":               "tls",
}
