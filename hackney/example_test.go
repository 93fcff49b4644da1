package hackney_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/form"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/hackney/url"
	"github.com/hackney-go/hackney/internal/testserver"
	"github.com/hackney-go/hackney/transport"
)

// serve starts the server that most examples talk to, and gives its URL.
func serve() (base string, stop func() error) {
	srv, err := testserver.New(testserver.Options{})
	if err != nil {
		log.Fatal(err)
	}
	return srv.URL(), srv.Close
}

// answer starts a server that answers each request with the same bytes.
func answer(reply string) (l net.Listener, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				for in := bufio.NewReader(conn); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.Copy(io.Discard, r.Body)
					io.WriteString(conn, reply)
				}
			})
		}
	})
	return l, func() { l.Close(); wg.Wait() }
}

func ExampleRequest() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	h := headers.New("Content-Type", "text/plain")
	cs, err := hackney.Request(ctx, "POST", base+"/echo", h, hackney.Text("hello"), nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cs.Status(), cs.Headers().Get("content-type"), cs.ResponseState())

	body, cs, err := hackney.Body(ctx, cs)
	fmt.Printf("%s %v %v\n", body, cs.ResponseState(), err)
	// Output:
	// 200 text/plain on_body
	// hello done <nil>
}

func ExampleRequestURL() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	u, err := url.Parse(base)
	if err != nil {
		log.Fatal(err)
	}
	u, _ = url.Resolve(u, "a/../bytes/3?x=1")
	cs, err := hackney.RequestURL(ctx, "HEAD", u, nil, nil, nil)
	defer func() { hackney.Close(cs) }()
	fmt.Println(cs.Path(), cs.ContentLength(), cs.ResponseState(), err)
	// Output: /bytes/3?x=1 3 done <nil>
}

func ExampleGet() {
	base, stop := serve()
	defer stop()

	cs, err := hackney.Get(context.Background(), base+"/hints", nil, nil, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cs.Status(), cs.Reason())
	for _, in := range cs.Interim() {
		fmt.Println(in.Status, in.Headers.Get("Link"))
	}
	// Output:
	// 200 OK
	// 103 </style.css>; rel=preload; as=style
}

func ExampleSendRequest() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, base+"/bytes/10", nil, nil, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	cs, _ = hackney.SkipBody(ctx, cs)
	// The next request goes out on the same connection.
	cs, err = hackney.SendRequest(ctx, cs, hackney.Req{Method: "PUT", Path: "/echo", Payload: hackney.Text("again")})
	if err != nil {
		log.Fatal(err)
	}
	body, cs, _ := hackney.Body(ctx, cs)
	fmt.Printf("%s, reused: %v\n", body, cs.Reused())
	// Output: again, reused: true
}

func ExampleConnect() {
	l, stop := answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	defer stop()
	ctx := context.Background()

	port := l.Addr().(*net.TCPAddr).Port
	cs, err := hackney.Connect(ctx, transport.TCP, "127.0.0.1", port, nil)
	defer func() { hackney.Close(cs) }()
	fmt.Println(cs.ConnectionState(), cs.ResponseState(), err)
	cs, _ = hackney.SendRequest(ctx, cs, hackney.Req{Path: "/"})
	fmt.Println(cs.Status())
	// Output:
	// connected start <nil>
	// 200
}

func ExampleReconnect() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, base+"/bytes/10", nil, nil, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	cs, _ = hackney.Close(cs) // do not care for the body
	fmt.Println(cs.ConnectionState())
	cs, _ = hackney.Reconnect(ctx, cs)
	fmt.Println(cs.ConnectionState(), cs.ResponseState())
	// Output:
	// closed
	// connected start
}

func ExampleClose() {
	base, stop := serve()
	defer stop()

	cs, err := hackney.Get(context.Background(), base+"/bytes/10", nil, nil, nil)
	// Close is good for every state, also one that came with an error. The
	// function closes what cs is when the surrounding one ends.
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	old := cs
	cs, _ = hackney.Close(cs)
	fmt.Println(old.ConnectionState(), cs.ConnectionState())
	// Output: connected closed
}

func ExampleHandoff() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, base+"/bytes/10", nil, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	given, _ := hackney.Handoff(cs)
	done := make(chan struct{})
	go func() { // the new owner
		defer close(done)
		body, next, _ := hackney.Body(ctx, given)
		hackney.Close(next)
		fmt.Println(len(body), "bytes")
	}()
	<-done
	_, _, err = hackney.Body(ctx, cs)
	fmt.Println(errors.Is(err, hackney.ErrStale))
	// Output:
	// 10 bytes
	// true
}

func ExampleHijack() {
	l, stop := answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\nwelcome")
	defer stop()

	h := headers.New("Connection", "upgrade", "Upgrade", "echo")
	cs, err := hackney.Get(context.Background(), "http://"+l.Addr().String(), h, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cs.Status(), cs.ResponseState())
	conn, first, err := hackney.Hijack(cs)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close() // it is ours now
	all, _ := io.ReadAll(io.LimitReader(io.MultiReader(strings.NewReader(string(first)), conn), 7))
	fmt.Printf("%s\n", all)
	// Output:
	// 101 switched
	// welcome
}

func ExampleSetSockopts() {
	base, stop := serve()
	defer stop()

	cs, err := hackney.Get(context.Background(), base+"/bytes/10", nil, nil, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	err = hackney.SetSockopts(cs, func(c net.Conn) error {
		return c.(*net.TCPConn).SetReadBuffer(1 << 20)
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleStreamRequestBody() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Post(ctx, base+"/echo", nil, hackney.Stream, nil)
	defer func() { hackney.Close(cs) }()
	for _, piece := range []string{"one ", "two ", "three"} {
		if err != nil {
			log.Fatal(err)
		}
		cs, err = hackney.StreamRequestBody(ctx, cs, hackney.Text(piece))
	}
	fmt.Println(cs.ResponseState())
	cs, err = hackney.StartResponse(ctx, cs) // ends the body, too
	if err != nil {
		log.Fatal(err)
	}
	body, cs, _ := hackney.Body(ctx, cs)
	fmt.Printf("%s (%s)\n", body, cs.Headers().Get("X-Request-Framing"))
	// Output:
	// stream
	// one two three (chunked)
}

func ExampleStreamRequestBody_early() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Put(ctx, base+"/early", nil, hackney.Stream, nil)
	defer func() { hackney.Close(cs) }()
	for piece := hackney.Bytes(make([]byte, 64<<10)); err == nil; {
		cs, err = hackney.StreamRequestBody(ctx, cs, piece)
	}
	if errors.Is(err, hackney.ErrResponseReady) { // the server will not have the rest
		cs, err = hackney.StartResponse(ctx, cs)
	}
	fmt.Println(cs.Status(), err)
	// Output: 413 <nil>
}

func ExampleMultipart() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	form := hackney.Multipart(
		multipart.Value("title", "A day"),
		multipart.Content("note", "note.txt", []byte("at the sea")),
	).WithBoundary("B") // else a random one
	cs, err := hackney.Post(ctx, base+"/echo", nil, form, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	body, _, _ := hackney.Body(ctx, cs)
	fmt.Print(strings.ReplaceAll(string(body), "\r\n", "\n"))
	// Output:
	// --B
	// Content-Disposition: form-data; name="title"
	// Content-Type: application/octet-stream
	//
	// A day
	// --B
	// Content-Disposition: form-data; name="note"; filename="note.txt"
	// Content-Type: text/plain
	//
	// at the sea
	// --B--
}

func ExampleStreamMultipartRequest() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Post(ctx, base+"/echo", nil, hackney.StreamMultipart(-1, "B"), nil)
	defer func() { hackney.Close(cs) }()
	for _, item := range []multipart.Part{
		multipart.Value("title", "A day"),
		multipart.Start("note", "note.txt", "text/plain"), // a part bit by bit
		multipart.Data([]byte("at ")),
		multipart.Data([]byte("the sea")),
		multipart.DataEOF,
		multipart.EOF, // StartResponse would do it too
	} {
		if err != nil {
			log.Fatal(err)
		}
		cs, err = hackney.StreamMultipartRequest(ctx, cs, item)
	}
	cs, err = hackney.StartResponse(ctx, cs)
	body, cs, _ := hackney.Body(ctx, cs)
	fmt.Println(len(body), cs.Headers().Get("X-Request-Framing"), err)
	// Output: 220 chunked <nil>
}

// StreamMultipart announces a size, which multipart.Size computes.
func ExampleStreamMultipart() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	parts := []multipart.Part{multipart.Value("a", "1"), multipart.Value("b", "2")}
	size, err := multipart.Size("B", parts...)
	if err != nil {
		log.Fatal(err)
	}
	cs, err := hackney.Post(ctx, base+"/echo", nil, hackney.StreamMultipart(size, "B"), nil)
	defer func() { hackney.Close(cs) }()
	for _, part := range parts {
		if err != nil {
			log.Fatal(err)
		}
		cs, err = hackney.StreamMultipartRequest(ctx, cs, part)
	}
	cs, err = hackney.StartResponse(ctx, cs)
	fmt.Println(cs.ContentLength() == size, cs.Headers().Get("X-Request-Framing"), err)
	// Output: true length=193 <nil>
}

func ExampleEndStreamRequestBody() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Post(ctx, base+"/echo", headers.New("Content-Length", "5"), hackney.Stream, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	cs, _ = hackney.StreamRequestBody(ctx, cs, hackney.Text("hello"))
	cs, err = hackney.EndStreamRequestBody(ctx, cs)
	fmt.Println(cs.ResponseState(), err)
	cs, _ = hackney.StartResponse(ctx, cs)
	fmt.Println(cs.Status(), cs.Headers().Get("X-Request-Framing"))
	// Output:
	// waiting <nil>
	// 200 length=5
}

func ExampleStartResponse() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Post(ctx, base+"/echo", nil, hackney.Stream, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cs.ResponseState(), cs.Status())
	cs, _ = hackney.StartResponse(ctx, cs)
	fmt.Println(cs.ResponseState(), cs.Status())

	_, err = hackney.StartResponse(ctx, cs)
	fmt.Println(err)
	// Output:
	// stream 0
	// done 200
	// StartResponse: response state is done, want stream or waiting
}

// waiting gives a client whose request is out, and whose answer was not read.
func waiting(ctx context.Context, l net.Listener) hackney.ClientState {
	cs, err := hackney.Post(ctx, "http://"+l.Addr().String(), nil, hackney.Stream, nil)
	if err == nil {
		cs, err = hackney.EndStreamRequestBody(ctx, cs)
	}
	if err != nil {
		log.Fatal(err)
	}
	return cs
}

func ExampleStreamStatus() {
	l, stop := answer("HTTP/1.1 202 Accepted\r\nA: 1\r\nContent-Length: 0\r\n\r\n")
	defer stop()
	ctx := context.Background()

	cs := waiting(ctx, l)
	defer func() { hackney.Close(cs) }()
	cs, err := hackney.StreamStatus(ctx, cs)
	fmt.Println(cs.Status(), cs.Reason(), cs.ResponseState(), err)
	// Output: 202 Accepted on_status <nil>
}

func ExampleStreamHeader() {
	l, stop := answer("HTTP/1.1 200 OK\r\nA: 1\r\nb: 2\r\nContent-Length: 0\r\n\r\n")
	defer stop()
	ctx := context.Background()

	cs := waiting(ctx, l)
	defer func() { hackney.Close(cs) }()
	cs, err := hackney.StreamStatus(ctx, cs)
	for err == nil {
		var name, value string
		name, value, cs, err = hackney.StreamHeader(ctx, cs)
		fmt.Printf("%q %q %v\n", name, value, cs.ResponseState())
	}
	fmt.Println(err)
	// Output:
	// "A" "1" on_header
	// "b" "2" on_header
	// "Content-Length" "0" on_header
	// "" "" done
	// EOF
}

func ExampleStreamHeaders() {
	l, stop := answer("HTTP/1.1 200 OK\r\nA: 1\r\nb: 2\r\nContent-Length: 0\r\n\r\n")
	defer stop()
	ctx := context.Background()

	cs := waiting(ctx, l)
	defer func() { hackney.Close(cs) }()
	cs, _ = hackney.StreamStatus(ctx, cs)
	cs, err := hackney.StreamHeaders(ctx, cs)
	fmt.Println(cs.Headers().Len(), cs.Headers().Get("B"), err)
	// Output: 3 2 <nil>
}

func ExampleStreamBody() {
	l, stop := answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, "http://"+l.Addr().String(), nil, nil, nil)
	defer func() { hackney.Close(cs) }()
	for err == nil {
		var piece []byte
		if piece, cs, err = hackney.StreamBody(ctx, cs); err == nil {
			fmt.Printf("%s\n", piece)
		}
	}
	fmt.Println(err, cs.ResponseState())
	// Output:
	// one
	// two
	// EOF done
}

func ExampleBody() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, base+"/cut", nil, nil, nil) // announces more than it sends
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	_, cs, err = hackney.Body(ctx, cs)
	var cut *hackney.IncompleteError
	if errors.As(err, &cut) {
		fmt.Printf("%d of %d bytes: %s\n", cut.Got, cut.Want, cut.Partial)
	}
	fmt.Println(cs.ResponseState(), hackney.BlameOf(err))
	// Output:
	// 10 of 100 bytes: 0123456789
	// failed peer
}

func ExampleBodyMax() {
	l, stop := answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, "http://"+l.Addr().String(), nil, nil, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	body, cs, err := hackney.BodyMax(ctx, cs, 1000)
	fmt.Printf("%s %v %v\n", body, cs.ResponseState(), err)
	// Output: onetwo done <nil>
}

func ExampleSkipBody() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, base+"/bytes/100000", nil, nil, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	cs, err = hackney.SkipBody(ctx, cs)
	fmt.Println(cs.ResponseState(), cs.ConnectionState(), err)
	// Output: done connected <nil>
}

func ExampleCopyBody() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, base+"/hints", nil, nil, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	n, cs, err := hackney.CopyBody(ctx, cs, os.Stdout)
	fmt.Println(n, cs.ResponseState(), err)
	// Output:
	// hinted
	// 7 done <nil>
}

func ExampleNewBodyReader() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, base+"/trailers", nil, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	r := hackney.NewBodyReader(ctx, cs)
	defer func() { hackney.Close(r.State()) }()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fmt.Println(lines.Text())
	}
	fmt.Println(r.State().Trailers().Get("X-Bytes"), lines.Err())
	// Output:
	// The length and the hash of this text follow it.
	// 48 <nil>
}

func ExampleBodyReader_Chunks() {
	l, stop := answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, "http://"+l.Addr().String(), nil, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	r := hackney.NewBodyReader(ctx, cs)
	defer func() { hackney.Close(r.State()) }()
	for piece, err := range r.Chunks() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", piece) // good until the next step
	}
	// Output:
	// one
	// two
}

// post sends a payload to a server that sends it back, and prints that.
func post(h *headers.Headers, p hackney.Payload) {
	base, stop := serve()
	defer stop()
	ctx := context.Background()
	cs, err := hackney.Post(ctx, base+"/echo", h, p, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	body, cs, err := hackney.Body(ctx, cs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s | %s | %s\n", body, cs.Headers().Get("Content-Type"), cs.Headers().Get("X-Request-Framing"))
}

func ExampleBytes() {
	post(nil, hackney.Bytes([]byte("hello")))
	post(headers.New("Transfer-Encoding", "chunked"), hackney.Bytes([]byte("hello")))
	// Output:
	// hello | application/octet-stream | length=5
	// hello | application/octet-stream | chunked
}

func ExampleText() {
	post(headers.New("Content-Type", "text/plain"), hackney.Text("hello"))
	// Output: hello | text/plain | length=5
}

func ExampleChunks() {
	post(nil, hackney.Chunks([]byte("he"), []byte("llo")))
	// Output: hello | application/octet-stream | length=5
}

func ExampleForm() {
	post(nil, hackney.Form(form.Field{Name: "q", Value: "a b"}, form.Field{Name: "all", Bare: true}))
	// Output: q=a+b&all | application/x-www-form-urlencoded; charset=utf-8 | length=9
}

func ExampleFile() {
	path := filepath.Join(os.TempDir(), "hackney-example.txt")
	if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
		log.Fatal(err)
	}
	defer os.Remove(path)

	post(nil, hackney.File(path, 0, 0)) // all of it
	post(nil, hackney.File(path, 3, 4)) // four bytes from the third on
	// Output:
	// 0123456789 | text/plain | length=10
	// 3456 | text/plain | length=4
}

func ExampleFromReader() {
	post(nil, hackney.FromReader(strings.NewReader("hello"), 5))
	post(nil, hackney.FromReader(strings.NewReader("hello"), -1))
	// Output:
	// hello | application/octet-stream | length=5
	// hello | application/octet-stream | chunked
}

func ExampleFunc() {
	n := 0
	post(nil, hackney.Func(func() ([]byte, error) {
		if n++; n > 3 {
			return nil, io.EOF
		}
		return fmt.Appendf(nil, "%d ", n), nil
	}))
	// Output: 1 2 3  | application/octet-stream | chunked
}

func ExampleClientState_Legal() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Post(ctx, base+"/echo", nil, hackney.Stream, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cs.ResponseState(), cs.Legal())
	_, _, err = hackney.Body(ctx, cs)
	fmt.Println(err)
	// Output:
	// stream [Reconnect StreamRequestBody StreamMultipartRequest EndStreamRequestBody StartResponse StreamStatus Handoff SetSockopts Close]
	// Body: response state is stream, want on_body or done
}

func ExampleClientState_Snapshot() {
	l, stop := answer("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
	defer stop()
	ctx := context.Background()

	o := &hackney.Opts{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
	}}
	cs, err := hackney.Get(ctx, "http://joe:secret@example.com/x", nil, nil, o)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cs.Snapshot())
	before := cs.Snapshot()
	_, cs, _ = hackney.Body(ctx, cs)
	fmt.Println(cs.Snapshot() == before, cs.Snapshot().BodyState)
	// Output:
	// #client{transport=hackney_tcp_transport,host="example.com",port=80,netloc="example.com",socket=connected,state=connected,response_state=on_body,version=1.1,clen=5,method="GET",ctype="text/plain"}
	// false done
}
