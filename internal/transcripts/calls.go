package main

import (
	"fmt"
	"slices"
	"strings"
)

// operation is how a call is written as a command.
type operation struct {
	words func(c *converter, args []term) ([]string, error)
	value func(v term) ([]string, error) // of a pure function: its value, line by line
}

// operationOf finds the operation of a function module:name/arity.
func operationOf(function string) (op operation, ok bool) {
	name, _, _ := strings.Cut(function, "/")
	if op, ok = operations[name]; ok {
		return op, true
	}
	module, verb, _ := strings.Cut(name, ":")
	if module == "hackney" && slices.Contains(verbs, verb) {
		return operation{words: func(c *converter, args []term) ([]string, error) {
			return c.request([]string{verb}, args)
		}}, true
	}
	return operation{}, false
}

var verbs = []string{
	"get", "post", "put", "head", "delete", "options", "trace", "copy", "move", "mkcol", "propfind", "proppatch",
	"lock", "unlock", "report", "mkactivity", "checkout", "merge", "msearch", "notify", "subscribe", "unsubscribe",
	"patch", "purge",
}

var operations = map[string]operation{
	"hackney:request":                  {words: requestWords},
	"hackney:send_request":             {words: sendRequestWords},
	"hackney:connect":                  {words: connectWords},
	"hackney:stream_request_body":      {words: streamRequestBodyWords},
	"hackney:body":                     {words: bodyWords},
	"hackney:stream_multipart_request": {words: streamMultipartRequestWords},
	"hackney:end_stream_request_body":  just("end-stream-request-body"),
	"hackney:start_response":           just("start-response"),
	"hackney:stream_body":              just("stream-body"),
	"hackney:skip_body":                just("skip-body"),
	"hackney:close":                    just("close"),
	"hackney:controlling_process":      just("handoff"),
	"hackney:set_sockopts":             {words: setSockoptsWords},

	"hackney:pause_stream":  {streamWords("pause-stream"), streamValue},
	"hackney:resume_stream": {streamWords("resume-stream"), streamValue},
	"hackney:stream_pid":    {streamWords("find-stream"), streamValue},

	"hackney:start_pool":        {words: startPoolWords},
	"hackney:stop_pool":         {words: poolWords("stop-pool")},
	"hackney:pool":              {words: just("pool").words, value: defaultPoolValue},
	"hackney_pool:pool_size":    {poolWords("pool-size"), numberValue},
	"hackney_pool:max_poolsize": {poolWords("max-poolsize"), numberValue},
	"hackney_pool:set_poolsize": {words: poolWords("set-poolsize")},
	"hackney_pool:timeout":      {poolWords("pool-timeout"), timeValue},
	"hackney_pool:set_timeout":  {words: setPoolTimeoutWords},
	"hackney_pool:socket":       {words: poolWords("pool-socket")},
	"hackney_pool:release":      {words: just("pool-release").words},

	"hackney_url:parse_url":         {parseURLWords, urlValue},
	"hackney_url:unparse_url":       {unparseURLWords, textValue},
	"hackney_url:transport_scheme":  {textWords("transport-scheme"), textValue},
	"hackney_url:urlencode":         {textWords("url-encode"), textValue},
	"hackney_url:urldecode":         {textWords("url-decode"), textValue},
	"hackney_form:encode_form":      {formEncodeWords, formEncodeValue},
	"hackney_form:decode_form":      {textWords("form-decode"), formDecodeValue},
	"hackney_multipart:encode_form": {multipartEncodeWords, multipartEncodeValue},
	"oracle_scen:headers_sorted":    {headersWords("headers-list"), headersValue},
	"oracle_scen:headers_get":       {headersWords("headers-get"), textValue},
	"oracle_scen:headers_insert":    {headersWords("headers-insert"), headersValue},
	"oracle_scen:headers_update":    {headersWords("headers-update"), headersValue},
}

// just is an operation on a client, without more.
func just(name string) operation {
	return operation{words: func(*converter, []term) ([]string, error) { return []string{name}, nil }}
}

// requestWords takes request/1 to request/5. The first of them has no method.
func requestWords(c *converter, args []term) ([]string, error) {
	if len(args) == 1 {
		return c.request([]string{"request", ""}, args)
	}
	method, err := args[0].flat()
	if err != nil {
		return nil, err
	}
	name := "request"
	if args[1].kind == isURL {
		name = "request-url"
	}
	return c.request([]string{name, method}, args[1:])
}

// request adds to words URL, headers, body and options, as many as there are.
func (c *converter) request(words []string, args []term) ([]string, error) {
	if len(args) > 4 {
		return nil, fmt.Errorf("%d arguments are too many", len(args))
	}
	url, err := c.urlText(args[0])
	if err != nil {
		return nil, err
	}
	words = append(words, data(url))
	if len(args) > 1 {
		more, err := c.messageWords(args[1:min(len(args), 3)])
		if err != nil {
			return nil, err
		}
		words = append(words, more...)
	}
	var list []term
	if len(args) == 4 {
		list = args[3].items
	}
	return words, c.setOpts(list)
}

// messageWords takes headers and, where there is one, a body.
func (c *converter) messageWords(args []term) (words []string, err error) {
	words, err = fieldWords(args[0])
	if err != nil || len(args) == 1 || args[1].kind == isText && args[1].text == "" {
		return words, err
	}
	body, err := c.payloadWords(args[1])
	return append(words, body...), err
}

func sendRequestWords(c *converter, args []term) ([]string, error) {
	if len(args) != 2 || args[1].kind != isTuple || len(args[1].items) < 2 {
		return nil, fmt.Errorf("unknown form of send_request")
	}
	req := args[1].items
	method, err := req[0].flat()
	if err != nil {
		return nil, err
	}
	words := []string{"send-request", method, data(req[1].text)}
	if len(req) == 2 {
		return words, nil
	}
	more, err := c.messageWords(req[2:])
	return append(words, more...), err
}

var transports = map[string]string{"hackney_tcp_transport": "tcp", "hackney_ssl_transport": "tls"}

// connectWords takes connect(Client), connect({Transport, Host, Port, Options}), and
// connect/3 and connect/4 with the same.
func connectWords(c *converter, args []term) ([]string, error) {
	if len(args) == 1 && args[0].kind == isClient {
		return []string{"reconnect"}, nil
	}
	if len(args) == 1 {
		args = args[0].items
	}
	if len(args) < 3 || transports[args[0].text] == "" {
		return nil, fmt.Errorf("unknown form of connect")
	}
	words := []string{"connect", transports[args[0].text], args[1].text, args[2].text}
	var list []term
	if len(args) == 4 {
		list = args[3].items
	}
	return words, c.setOpts(list)
}

func streamRequestBodyWords(c *converter, args []term) ([]string, error) {
	if args[0].is("eof") {
		return []string{"end-stream-request-body"}, nil
	}
	body, err := c.payloadWords(args[0])
	return append([]string{"stream-request-body"}, body...), err
}

func bodyWords(_ *converter, args []term) ([]string, error) {
	if len(args) == 1 || args[0].is("infinity") {
		return []string{"body"}, nil
	}
	if _, err := args[0].number(); err != nil {
		return nil, err
	}
	return []string{"body-max", args[0].text}, nil
}

func setSockoptsWords(_ *converter, args []term) ([]string, error) {
	words := []string{"set-sockopts"}
	pairs, err := args[1].pairs()
	for _, p := range pairs {
		if !p[1].is("true") {
			return nil, fmt.Errorf("unknown value of the socket option %s", p[0].text)
		}
		words = append(words, p[0].text)
	}
	return words, err
}

// setOpts writes the line of options, when they are not those of the line before.
func (c *converter) setOpts(list []term) error {
	words := []string{"opts"}
	for _, o := range list {
		more, err := c.optWords(o)
		if err != nil {
			return err
		}
		words = append(words, more...)
	}
	if line := command(words); line != c.opts {
		c.opts = line
		c.write(line)
	}
	return nil
}

func (c *converter) optWords(o term) ([]string, error) {
	switch {
	case o.is("insecure"), o.is("async"):
		return []string{o.text}, nil
	case o.tagged("recv_timeout", 2):
		return []string{"recv-timeout=" + o.items[1].text + "ms"}, nil
	case o.tagged("connect_timeout", 2):
		return []string{"connect-timeout=" + o.items[1].text + "ms"}, nil
	case o.tagged("pool", 2):
		name, err := c.poolName(o.items[1])
		return []string{"pool=" + name}, err
	case o.tagged("basic_auth", 2) && len(o.items[1].items) == 2:
		user, password := o.items[1].items[0], o.items[1].items[1]
		return []string{"basic-auth=" + short(user.text) + ":" + short(password.text)}, nil
	case o.tagged("follow_redirect", 2) && o.items[1].is("true"):
		return []string{"follow-redirect"}, nil
	case o.tagged("max_redirect", 2):
		return maxRedirectWords(o.items[1])
	case o.tagged("proxy", 2):
		url, err := proxyText(o.items[1])
		return []string{"proxy=" + url}, err
	case o.tagged("proxy_auth", 2) && len(o.items[1].items) == 2:
		user, password := o.items[1].items[0], o.items[1].items[1]
		return []string{"proxy-auth=" + short(user.text) + ":" + short(password.text)}, nil
	case o.tagged("ssl_options", 2) && verifies(o.items[1]):
		return nil, nil // a certificate is verified unless it is insecure
	}
	return nil, fmt.Errorf("unknown option %v", o)
}

// maxRedirectWords takes a number, or true, which is more than any.
func maxRedirectWords(max term) ([]string, error) {
	if max.is("true") {
		return []string{"max-redirect=unlimited"}, nil
	}
	n, err := max.number()
	if n == 0 {
		return []string{"max-redirect=none"}, err
	}
	return []string{"max-redirect=" + max.text}, err
}

// proxyText takes a URL, or {Host, Port}.
func proxyText(proxy term) (string, error) {
	if proxy.kind == isTuple && len(proxy.items) == 2 {
		host, err := proxy.items[0].flat()
		return host + ":" + proxy.items[1].text, err
	}
	return proxy.flat()
}

// verifies says whether options of ssl ask for a verified certificate, and no more.
func verifies(list term) bool {
	return len(list.items) == 2 && list.items[0].tagged("verify", 2) && list.items[0].items[1].is("verify_peer") &&
		list.items[1].tagged("cacertfile", 2)
}
