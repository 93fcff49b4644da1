package conformance

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/transport"
)

// operation is a command that calls an operation of the library.
type operation struct {
	ops   []hackney.Op // of the machine, which it stands for
	usage string
	ends  bool // io.EOF is an outcome and no error
	run   func(s *session, args []string) (result, error)
}

// operations are the commands for the whole machine, by name.
var operations = map[string]operation{
	"connect":     {[]hackney.Op{hackney.OpConnect}, "[tcp|tls|unix [HOST PORT]]", false, connect},
	"reconnect":   {[]hackney.Op{hackney.OpReconnect}, "", false, plain(hackney.Reconnect)},
	"request":     {[]hackney.Op{hackney.OpSendRequest}, "METHOD URL " + requestUsage, false, request(hackney.Request)},
	"request-url": {[]hackney.Op{hackney.OpSendRequest}, "METHOD URL " + requestUsage, false, request(requestURL)},
	"send-request": {
		[]hackney.Op{hackney.OpSendRequest}, "METHOD PATH " + requestUsage, false, sendRequest,
	},
	"send-raw": {[]hackney.Op{hackney.OpSendRequest}, "METHOD HEAD [PAYLOAD]", false, sendRaw},

	"stream-request-body": {[]hackney.Op{hackney.OpStreamRequestBody}, "PAYLOAD", false, streamRequestBody},
	"stream-multipart-request": {
		[]hackney.Op{hackney.OpStreamMultipartRequest}, itemUsage, false, streamMultipartRequest,
	},
	"end-stream-request-body": {[]hackney.Op{hackney.OpEndStreamRequestBody}, "", false, plain(hackney.EndStreamRequestBody)},

	"start-response": {[]hackney.Op{hackney.OpStartResponse}, "", false, startResponse},
	"stream-status":  {[]hackney.Op{hackney.OpStreamStatus}, "", false, streamStatus},
	"stream-header":  {[]hackney.Op{hackney.OpStreamHeader}, "", true, streamHeader},
	"stream-headers": {[]hackney.Op{hackney.OpStreamHeaders}, "", false, streamHeaders},

	"stream-body": {[]hackney.Op{hackney.OpStreamBody}, "", true, streamBody},
	"body":        {[]hackney.Op{hackney.OpBody}, "", false, body},
	"body-max":    {[]hackney.Op{hackney.OpBodyMax}, "N", false, bodyMax},
	"skip-body":   {[]hackney.Op{hackney.OpSkipBody}, "", false, plain(hackney.SkipBody)},
	"copy-body":   {[]hackney.Op{hackney.OpCopyBody}, "", false, copyBody},
	"body-reader": {[]hackney.Op{hackney.OpBodyReader}, "[N | chunks]", true, bodyReader},

	"handoff":      {[]hackney.Op{hackney.OpHandoff}, "", false, handoff},
	"set-sockopts": {[]hackney.Op{hackney.OpSetSockopts}, "nodelay|delay|fail", false, setSockopts},
	"hijack":       {[]hackney.Op{hackney.OpHijack}, "", false, hijack},
	"conn":         {nil, connUsage, false, conn},
	"close":        {[]hackney.Op{hackney.OpClose}, "", false, closeState},

	"multipart-encode": {nil, "BOUNDARY PART...", false, multipartEncode},
	"multipart-decode": {nil, "CONTENT-TYPE DATA", false, multipartDecode},
}

func init() {
	for name, call := range verbs {
		operations[name] = operation{[]hackney.Op{hackney.OpSendRequest}, "URL " + requestUsage, false, verb(call)}
	}
	for name, op := range poolOperations {
		operations[name] = op
	}
	for name, op := range asyncOperations {
		operations[name] = op
	}
	for name, f := range functions {
		operations[name] = operation{nil, "DATA...", false, pure(f)}
	}
}

// pure runs a function that leaves the state alone.
func pure(f function) func(*session, []string) (result, error) {
	return func(_ *session, args []string) (result, error) {
		lines, err := f(args)
		return gaveLines(lines), err
	}
}

// gaveLines is the result of a pure function.
func gaveLines(lines []string) result {
	return result{outcome: gaveValue, lines: lines, data: []byte(strings.Join(lines, "\n"))}
}

// verbCall is the form of the functions that are named after methods.
type verbCall = func(ctx ctx, rawURL string, h *headers.Headers, p hackney.Payload, o *hackney.Opts) (hackney.ClientState, error)

// verbs are those functions.
var verbs = map[string]verbCall{
	"get": hackney.Get, "head": hackney.Head, "post": hackney.Post, "put": hackney.Put, "delete": hackney.Delete,
	"options": hackney.Options, "trace": hackney.Trace, "copy": hackney.Copy, "lock": hackney.Lock, "mkcol": hackney.Mkcol,
	"move": hackney.Move, "propfind": hackney.Propfind, "proppatch": hackney.Proppatch, "search": hackney.Search,
	"unlock": hackney.Unlock, "report": hackney.Report, "mkactivity": hackney.Mkactivity, "checkout": hackney.Checkout,
	"merge": hackney.Merge, "msearch": hackney.Msearch, "notify": hackney.Notify, "subscribe": hackney.Subscribe,
	"unsubscribe": hackney.Unsubscribe, "patch": hackney.Patch, "purge": hackney.Purge,
}

// plain runs an operation that needs no more than the state.
func plain(call func(ctx, hackney.ClientState) (hackney.ClientState, error)) func(*session, []string) (result, error) {
	return func(s *session, args []string) (result, error) {
		if err := noMore(args); err != nil {
			return result{}, err
		}
		var err error
		s.cs, err = call(s.context(), s.cs)
		return result{}, err
	}
}

func connect(s *session, args []string) (result, error) {
	t, host, port, err := s.destination(args)
	if err != nil {
		return result{}, err
	}
	s.setState(hackney.ClientState{})
	s.cs, err = hackney.Connect(s.context(), t, host, port, s.opts())
	return result{}, err
}

// destination reads [TRANSPORT [HOST PORT]]; what is not there is the script's own server.
func (s *session) destination(args []string) (t transport.Transport, host string, port int, err error) {
	kind, hostText, portText := s.vars["TRANSPORT"], s.vars["HOST"], s.vars["PORT"]
	switch len(args) {
	case 0:
	case 1:
		kind = args[0]
	case 3:
		kind, hostText, portText = args[0], args[1], args[2]
	default:
		return nil, "", 0, usagef("want connect [tcp|tls|unix [HOST PORT]]")
	}
	switch kind {
	case "tcp":
		t = transport.TCP
	case "tls":
		t = transport.TLS
	case "unix":
		t = transport.Unix(s.vars["SOCKET"])
	case "":
		return nil, "", 0, usagef("there is no server, so connect needs its TRANSPORT, HOST and PORT")
	default:
		return nil, "", 0, usagef("%q is no transport, want tcp, tls or unix", kind)
	}
	if port, err = strconv.Atoi(portText); err != nil {
		return nil, "", 0, usagef("%q is no port", portText)
	}
	return t, hostText, port, nil
}

// headGiven is the result of an operation that may have read a head.
func (s *session) headGiven(err error) (result, error) {
	if err == nil && s.cs.Async() != nil {
		return result{outcome: gaveStream, silent: true}, nil
	}
	if err != nil || s.cs.Status() == 0 || s.cs.ResponseState() == hackney.StateStream {
		return result{}, err
	}
	return result{outcome: gaveHead, fields: list(s.cs.Headers())}, nil
}

func list(h *headers.Headers) (fields [][2]string) {
	for name, value := range h.All() {
		fields = append(fields, [2]string{name, value})
	}
	return fields
}

type requestCall = func(ctx ctx, method, rawURL string, h *headers.Headers, p hackney.Payload, o *hackney.Opts) (hackney.ClientState, error)

func request(call requestCall) func(*session, []string) (result, error) {
	return func(s *session, args []string) (result, error) {
		if len(args) < 2 {
			return result{}, usagef("want request METHOD URL %s", requestUsage)
		}
		target, err := s.data(args[1])
		if err != nil {
			return result{}, err
		}
		h, p, err := s.message(args[2:])
		if err != nil {
			return result{}, err
		}
		s.setState(hackney.ClientState{})
		s.cs, err = call(s.context(), args[0], string(target), h, p, s.opts())
		return s.headGiven(err)
	}
}

func requestURL(ctx ctx, method, rawURL string, h *headers.Headers, p hackney.Payload, o *hackney.Opts) (hackney.ClientState, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return hackney.ClientState{}, err
	}
	return hackney.RequestURL(ctx, method, u, h, p, o)
}

func verb(call verbCall) func(*session, []string) (result, error) {
	run := request(func(ctx ctx, _, rawURL string, h *headers.Headers, p hackney.Payload, o *hackney.Opts) (hackney.ClientState, error) {
		return call(ctx, rawURL, h, p, o)
	})
	return func(s *session, args []string) (result, error) { return run(s, append([]string{""}, args...)) }
}

func sendRequest(s *session, args []string) (result, error) {
	if len(args) < 2 {
		return result{}, usagef("want send-request METHOD PATH %s", requestUsage)
	}
	path, err := s.data(args[1])
	if err != nil {
		return result{}, err
	}
	h, p, err := s.message(args[2:])
	if err != nil {
		return result{}, err
	}
	s.cs, err = hackney.SendRequest(s.context(), s.cs, hackney.Req{Method: args[0], Path: string(path), Headers: h, Payload: p})
	return s.headGiven(err)
}

func sendRaw(s *session, args []string) (result, error) {
	if len(args) < 2 {
		return result{}, usagef("want send-raw METHOD HEAD [PAYLOAD]")
	}
	head, err := s.data(args[1])
	if err != nil {
		return result{}, err
	}
	r := hackney.Req{Method: args[0], Raw: head}
	if len(args) > 2 {
		if r.Payload, err = s.payload(args[2:]); err != nil {
			return result{}, err
		}
	}
	s.cs, err = hackney.SendRequest(s.context(), s.cs, r)
	return s.headGiven(err)
}

func streamRequestBody(s *session, args []string) (result, error) {
	p, err := s.payload(args)
	if err != nil {
		return result{}, err
	}
	s.cs, err = hackney.StreamRequestBody(s.context(), s.cs, p)
	return result{}, err
}

func startResponse(s *session, args []string) (result, error) {
	if _, err := plain(hackney.StartResponse)(s, args); err != nil {
		return result{}, err
	}
	return s.headGiven(nil)
}

func streamStatus(s *session, args []string) (result, error) {
	if _, err := plain(hackney.StreamStatus)(s, args); err != nil {
		return result{}, err
	}
	return result{outcome: gaveHead}, nil
}

func streamHeader(s *session, args []string) (result, error) {
	if err := noMore(args); err != nil {
		return result{}, err
	}
	name, value, next, err := hackney.StreamHeader(s.context(), s.cs)
	s.cs = next
	return result{outcome: gaveData, data: []byte(name + ": " + value)}, err
}

func streamHeaders(s *session, args []string) (result, error) {
	if _, err := plain(hackney.StreamHeaders)(s, args); err != nil {
		return result{}, err
	}
	return s.headGiven(nil)
}

// dataGiven is the result of an operation that gave bytes.
func dataGiven(b []byte, err error) (result, error) { return result{outcome: gaveData, data: b}, err }

func streamBody(s *session, args []string) (result, error) {
	if err := noMore(args); err != nil {
		return result{}, err
	}
	chunk, next, err := hackney.StreamBody(s.context(), s.cs)
	s.cs = next
	return dataGiven(chunk, err)
}

func body(s *session, args []string) (result, error) {
	if err := noMore(args); err != nil {
		return result{}, err
	}
	b, next, err := hackney.Body(s.context(), s.cs)
	s.cs = next
	return dataGiven(b, err)
}

func bodyMax(s *session, args []string) (result, error) {
	if len(args) != 1 {
		return result{}, usagef("want body-max N")
	}
	n, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return result{}, usagef("%q is no number", args[0])
	}
	b, next, err := hackney.BodyMax(s.context(), s.cs, n)
	s.cs = next
	return dataGiven(b, err)
}

func copyBody(s *session, args []string) (result, error) {
	if err := noMore(args); err != nil {
		return result{}, err
	}
	var to bytes.Buffer
	_, next, err := hackney.CopyBody(s.context(), s.cs, &to)
	s.cs = next
	return dataGiven(to.Bytes(), err)
}

// bodyReader reads all that is left through a BodyReader: in pieces of up to N
// bytes, or by its chunks.
func bodyReader(s *session, args []string) (result, error) {
	size := 512
	byChunks := slices.Equal(args, []string{"chunks"})
	if len(args) > 0 && !byChunks {
		n, err := strconv.Atoi(args[0])
		if err != nil || n < 1 || n > 1<<20 || len(args) > 1 {
			return result{}, usagef("want body-reader [N | chunks], N up to 1048576 bytes")
		}
		size = n
	}
	r := hackney.NewBodyReader(s.context(), s.cs)
	var (
		all []byte
		err error
	)
	if byChunks {
		var chunk []byte
		for chunk, err = range r.Chunks() {
			all = append(all, chunk...)
		}
	} else {
		all, err = readInPieces(r, size)
	}
	s.cs = r.State()
	if err == io.EOF {
		err = nil
	}
	return dataGiven(all, err)
}

func readInPieces(r io.Reader, size int) (all []byte, err error) {
	buf := make([]byte, size)
	for err == nil {
		var n int
		n, err = r.Read(buf)
		all = append(all, buf[:n]...)
	}
	return all, err
}

func handoff(s *session, args []string) (result, error) {
	if err := noMore(args); err != nil {
		return result{}, err
	}
	next, err := hackney.Handoff(s.cs)
	s.cs = next
	return result{silent: true}, err
}

var errSockopts = errors.New("the function failed, as it was asked to")

func setSockopts(s *session, args []string) (result, error) {
	how := strings.Join(args, " ")
	if !slices.Contains([]string{"nodelay", "delay", "fail"}, how) {
		return result{}, usagef("want set-sockopts nodelay, delay or fail")
	}
	err := hackney.SetSockopts(s.cs, func(conn net.Conn) error {
		tcp, ok := conn.(*net.TCPConn)
		if how == "fail" || !ok {
			return errSockopts
		}
		return tcp.SetNoDelay(how == "nodelay")
	})
	return result{silent: true}, err
}

func closeState(s *session, args []string) (result, error) {
	if err := noMore(args); err != nil {
		return result{}, err
	}
	next, err := hackney.Close(s.cs)
	s.cs = next
	return result{}, err
}

func hijack(s *session, args []string) (result, error) {
	if err := noMore(args); err != nil {
		return result{}, err
	}
	conn, rest, err := hackney.Hijack(s.cs)
	if err == nil {
		s.taken.close()
		s.taken = taken{conn}
	}
	return result{outcome: gaveData, data: rest, silent: true}, err
}
