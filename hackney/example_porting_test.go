package hackney_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/form"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
)

// The Go sides of the uses that docs/porting.md shows, word for word: the test of
// that document compares them.

func greet(ctx context.Context, base string) error {
	cs, err := hackney.Get(ctx, base+"/bytes/5", headers.New("Accept", "text/plain"), nil, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		return err
	}
	fmt.Println(cs.Status(), cs.Headers().Get("Content-Length"))
	return nil
}

func Example_portingGet() {
	base, stop := serve()
	defer stop()
	fmt.Println(greet(context.Background(), base))
	// Output:
	// 200 5
	// <nil>
}

func mark(ctx context.Context, target string) (hackney.ClientState, error) {
	return hackney.Put(ctx, target, nil, hackney.Text("mark"), nil)
}

func Example_portingVerb() {
	base, stop := serve()
	defer stop()
	cs, err := mark(context.Background(), base+"/echo")
	defer func() { hackney.Close(cs) }()
	fmt.Println(cs.Method(), cs.Status(), err)
	// Output: PUT 200 <nil>
}

func Example_portingBody() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, base+"/hints", nil, nil, nil)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	body, cs, err := hackney.Body(ctx, cs)
	fmt.Printf("%q %v\n", body, err)
	// Output: "hinted\n" <nil>
}

func collect(ctx context.Context, cs hackney.ClientState, most int) ([]byte, hackney.ClientState, error) {
	var body []byte
	for len(body) < most {
		piece, next, err := hackney.StreamBody(ctx, cs)
		cs = next // with an error too
		if err == io.EOF {
			return body, cs, nil
		}
		if err != nil {
			return body, cs, err
		}
		body = append(body, piece...)
	}
	cs, _ = hackney.Close(cs)
	return body, cs, errors.New("too large")
}

func Example_portingPieces() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	for _, most := range []int{1000, 250} {
		cs, err := hackney.Get(ctx, base+"/chunks?n=3&size=100", nil, nil, nil)
		if err != nil {
			log.Fatal(err)
		}
		body, cs, err := collect(ctx, cs, most)
		fmt.Println(len(body), cs.ConnectionState(), err)
		hackney.Close(cs)
	}
	// Output:
	// 300 connected <nil>
	// 300 closed too large
}

func addTwice(ctx context.Context, cs hackney.ClientState) ([]byte, hackney.ClientState, error) {
	var answer []byte
	var err error
	for _, text := range []string{`{"n": 1}`, `{"n": 2}`} {
		cs, err = hackney.SendRequest(ctx, cs, hackney.Req{
			Method:  "POST",
			Path:    "/echo",
			Headers: headers.New("Content-Type", "application/json"),
			Payload: hackney.Text(text),
		})
		if err != nil {
			return nil, cs, err
		}
		answer, cs, err = hackney.Body(ctx, cs)
		if err != nil {
			return nil, cs, err
		}
	}
	cs, err = hackney.Close(cs)
	return answer, cs, err
}

func Example_portingReuse() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	cs, err := hackney.Get(ctx, base+"/bytes/5", nil, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	cs, _ = hackney.SkipBody(ctx, cs)
	answer, cs, err := addTwice(ctx, cs)
	fmt.Printf("%s %v %v %v\n", answer, cs.Reused(), cs.ConnectionState(), err)
	// Output: {"n": 2} true closed <nil>
}

func payloads(name string) []hackney.Payload {
	return []hackney.Payload{
		hackney.Form(form.Field{Name: "name", Value: "a value"}),
		hackney.File(name, 0, 0),
		hackney.Text("a binary"),
		hackney.Chunks([]byte("an "), []byte("iolist")),
	}
}

func Example_portingPayloads() {
	name := filepath.Join(os.TempDir(), "hackney-porting.txt")
	if err := os.WriteFile(name, []byte("a file"), 0o600); err != nil {
		log.Fatal(err)
	}
	defer os.Remove(name)
	for _, p := range payloads(name) {
		post(nil, p)
	}
	// Output:
	// name=a+value | application/x-www-form-urlencoded; charset=utf-8 | length=12
	// a file | text/plain | length=6
	// a binary | application/octet-stream | length=8
	// an iolist | application/octet-stream | length=9
}

func chunked(ctx context.Context, target string) (hackney.ClientState, error) {
	h := headers.New("Transfer-Encoding", "chunked")
	return hackney.Post(ctx, target, h, hackney.Text("some bytes"), nil)
}

func Example_portingChunked() {
	base, stop := serve()
	defer stop()
	cs, err := chunked(context.Background(), base+"/echo")
	defer func() { hackney.Close(cs) }()
	fmt.Println(cs.Headers().Get("X-Request-Framing"), err)
	// Output: chunked <nil>
}

func upload(ctx context.Context, target string, pieces ...string) ([]byte, hackney.ClientState, error) {
	cs, err := hackney.Post(ctx, target, nil, hackney.Stream, nil)
	for _, piece := range pieces {
		if err != nil {
			return nil, cs, err
		}
		cs, err = hackney.StreamRequestBody(ctx, cs, hackney.Text(piece))
	}
	if err != nil {
		return nil, cs, err
	}
	cs, err = hackney.StartResponse(ctx, cs) // ends the body, as there
	if err != nil {
		return nil, cs, err
	}
	return hackney.Body(ctx, cs)
}

func Example_portingUpload() {
	base, stop := serve()
	defer stop()
	body, cs, err := upload(context.Background(), base+"/echo", "first ", "second")
	defer func() { hackney.Close(cs) }()
	fmt.Printf("%s %v %v\n", body, cs.ResponseState(), err)
	// Output: first second done <nil>
}

func publish(ctx context.Context, target string, photo []byte) (hackney.ClientState, error) {
	return hackney.Post(ctx, target, nil, hackney.Multipart(
		multipart.Value("title", "A day at the sea"),
		multipart.Content("photo", "sea.jpg", photo),
	), nil)
}

// showForm prints the parts of a form that was sent to /echo, which answers with it.
func showForm(ctx context.Context, cs hackney.ClientState, err error) {
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	contentType := cs.Headers().Get("Content-Type")
	body, cs, err := hackney.Body(ctx, cs)
	if err != nil {
		log.Fatal(err)
	}
	form, err := multipart.ReadForm(bytes.NewReader(body), contentType, nil)
	for _, f := range form {
		fmt.Printf("%s %q %s: %s\n", f.Name, f.FileName, f.Headers.Get("Content-Type"), f.Content)
	}
	fmt.Println(err)
}

func Example_portingMultipart() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()
	cs, err := publish(ctx, base+"/echo", []byte("(waves)"))
	showForm(ctx, cs, err)
	// Output:
	// title "" application/octet-stream: A day at the sea
	// photo "sea.jpg" image/jpeg: (waves)
	// <nil>
}

func publishFile(ctx context.Context, target, path string, notes ...string) (hackney.ClientState, error) {
	cs, err := hackney.Post(ctx, target, nil, hackney.StreamMultipart(-1, ""), nil)
	items := []multipart.Part{
		multipart.File("photo", path),
		multipart.Start("notes", "notes.txt", "text/plain"),
	}
	for _, note := range notes {
		items = append(items, multipart.Data([]byte(note)))
	}
	for _, item := range append(items, multipart.DataEOF, multipart.EOF) {
		if err != nil {
			return cs, err
		}
		cs, err = hackney.StreamMultipartRequest(ctx, cs, item)
	}
	if err != nil {
		return cs, err
	}
	return hackney.StartResponse(ctx, cs)
}

func Example_portingMultipartByItems() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()
	path := filepath.Join(os.TempDir(), "hackney-porting.png")
	if err := os.WriteFile(path, []byte("(waves)"), 0o600); err != nil {
		log.Fatal(err)
	}
	defer os.Remove(path)
	cs, err := publishFile(ctx, base+"/echo", path, "low tide ", "at noon")
	showForm(ctx, cs, err)
	// Output:
	// photo "hackney-porting.png" image/png: (waves)
	// notes "notes.txt" text/plain: low tide at noon
	// <nil>
}

func nextPiece(ctx context.Context, cs hackney.ClientState) ([]byte, hackney.ClientState, error) {
	for {
		piece, next, err := hackney.StreamBody(ctx, cs)
		if !errors.Is(err, hackney.ErrTimeout) || ctx.Err() != nil {
			return piece, next, err
		}
		cs = next // nothing was lost
	}
}

// lateConn has some reads that time out, once it is told to.
type lateConn struct {
	net.Conn
	late *atomic.Int32
}

func (c lateConn) Read(b []byte) (int, error) {
	if c.late.Add(-1) >= 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return c.Conn.Read(b)
}

func Example_portingRetry() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	var late atomic.Int32
	o := &hackney.Opts{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return lateConn{conn, &late}, err
	}}
	cs, err := hackney.Post(ctx, base+"/echo", nil, hackney.Stream, o)
	defer func() { hackney.Close(cs) }()
	if err == nil {
		cs, err = hackney.StreamRequestBody(ctx, cs, hackney.Bytes(make([]byte, 1<<20)))
	}
	if err == nil {
		cs, err = hackney.StartResponse(ctx, cs)
	}
	late.Store(2)
	size := 0
	for err == nil {
		var piece []byte
		piece, cs, err = nextPiece(ctx, cs)
		size += len(piece)
	}
	fmt.Println(size, late.Load() < 0, err)
	// Output: 1048576 true EOF
}

func Example_portingClose() {
	base, stop := serve()
	defer stop()

	cs, err := hackney.Get(context.Background(), base+"/bytes/5", nil, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	cs, err = hackney.Close(cs)
	fmt.Println(cs.ConnectionState(), err)
	// Output: closed <nil>
}

func pooled(ctx context.Context, target string) ([]byte, error) {
	byDefault, _ := hackney.FindPool(hackney.DefaultPool)
	cs, err := hackney.Get(ctx, target, nil, nil, &hackney.Opts{Pool: byDefault})
	if err != nil {
		return nil, err
	}
	body, cs, err := hackney.Body(ctx, cs) // with its end the connection is in the pool
	if err != nil {
		hackney.Close(cs)
		return nil, err
	}
	mine, err := hackney.StartPool("mine", pool.Opts{IdleTimeout: time.Minute, MaxIdle: 10})
	if err != nil {
		return nil, err
	}
	cs, err = hackney.Get(ctx, target, nil, nil, &hackney.Opts{Pool: mine})
	if err == nil {
		cs, err = hackney.SkipBody(ctx, cs)
	}
	hackney.Close(cs) // does nothing to a connection that is in the pool
	return body, errors.Join(err, hackney.StopPool("mine"))
}

func Example_portingPool() {
	base, stop := serve()
	defer stop()
	body, err := pooled(context.Background(), base+"/hints")
	fmt.Printf("%q %v\n", body, err)
	hackney.StopPool(hackney.DefaultPool)
	// Output: "hinted\n" <nil>
}

// elsewhere starts a server that answers each request as reply says.
func elsewhere(reply func(*http.Request) string) (base string, stop func()) {
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
					io.WriteString(conn, reply(r))
				}
			})
		}
	})
	return "http://" + l.Addr().String(), func() { l.Close(); wg.Wait() }
}

// moved answers with a redirect, and at /end with what was asked.
func moved(r *http.Request) string {
	if r.URL.Path != "/end" {
		return "HTTP/1.1 302 Found\r\nLocation: end\r\nContent-Length: 0\r\n\r\n"
	}
	return "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere"
}

func fetch(ctx context.Context, target string) ([]byte, hackney.ClientState, error) {
	o := &hackney.Opts{FollowRedirect: true, MaxRedirect: 3}
	cs, err := hackney.Get(ctx, target, headers.New("Accept-Encoding", "identity"), nil, o)
	if err != nil && !errors.Is(err, hackney.ErrTooManyRedirects) {
		return nil, cs, err
	}
	return hackney.Body(ctx, cs) // with one too many, that of the last redirect
}

func Example_portingRedirect() {
	base, stop := elsewhere(moved)
	defer stop()
	body, cs, err := fetch(context.Background(), base+"/begin")
	defer func() { hackney.Close(cs) }()
	fmt.Printf("%q %v\n", body, err)
	for _, hop := range cs.Redirects() {
		fmt.Println(hop.Status, hop.Location, cs.Location())
	}
	// Output:
	// "here" <nil>
	// 302 end end
}

func postAndSee(ctx context.Context, target string) (hackney.ClientState, error) {
	cs, err := hackney.Post(ctx, target, nil, hackney.Text("text"), &hackney.Opts{FollowRedirect: true})
	if err != nil || !cs.MaybeRedirect() {
		return cs, err
	}
	to, err := url.Parse(cs.URL())
	if err == nil {
		to, err = url.Resolve(to, cs.Location())
	}
	if err != nil {
		return cs, err
	}
	hackney.Close(cs)
	return hackney.RequestURL(ctx, "GET", to, nil, nil, nil)
}

func Example_portingMaybeRedirect() {
	base, stop := elsewhere(moved)
	defer stop()
	cs, err := postAndSee(context.Background(), base+"/form")
	defer func() { hackney.Close(cs) }()
	fmt.Println(cs.Method(), cs.Path(), cs.Status(), err)
	// Output: GET /end 200 <nil>
}

func tunnelled(ctx context.Context, proxyURL, target string) ([]byte, hackney.ClientState, error) {
	cs, err := hackney.Get(ctx, target, nil, nil, &hackney.Opts{
		Proxy:     hackney.ProxyURL(proxyURL),
		ProxyAuth: &hackney.BasicAuth{User: "user", Password: "secret"},
	})
	var refused *hackney.ProxyError
	if errors.As(err, &refused) && refused.Status != 0 {
		return nil, cs, fmt.Errorf("refused: %d", refused.Status)
	}
	if err != nil {
		return nil, cs, err
	}
	return hackney.Body(ctx, cs)
}

// proxyFor stands for a proxy that leads to one place, and for what is there.
func proxyFor(place string) func(*http.Request) string {
	return func(r *http.Request) string {
		switch {
		case r.Method != "CONNECT":
			return "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ninside"
		case r.Host != place:
			return "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
		case r.Header.Get("Proxy-Authorization") == "":
			return "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
		}
		return "HTTP/1.1 200 OK\r\n\r\n"
	}
}

func Example_portingProxy() {
	proxy, stop := elsewhere(proxyFor("www.example.com:80"))
	defer stop()
	for _, target := range []string{"http://www.example.com/a", "http://www.example.org/b"} {
		body, cs, err := tunnelled(context.Background(), proxy, target)
		fmt.Printf("%s %q %v\n", cs.Host(), body, err)
		hackney.Close(cs)
	}
	// Output:
	// www.example.com "inside" <nil>
	// www.example.org "" refused: 403
}

func messages(ctx context.Context, target string) (hackney.ClientState, error) {
	cs, err := hackney.Get(ctx, target, nil, nil, &hackney.Opts{Async: true})
	if err != nil {
		return cs, err
	}
	for e, err := range cs.Async().Events() {
		switch {
		case err != nil:
			return cs, err
		case e.Kind == hackney.EventStatus:
			fmt.Println("status", e.Status, e.Reason)
		case e.Kind == hackney.EventHeaders:
			fmt.Println(e.Headers.Len(), "fields")
		case e.Kind == hackney.EventChunk:
			fmt.Printf("chunk %q\n", e.Chunk)
		case e.Kind == hackney.EventDone:
			fmt.Println("done")
		}
	}
	return cs.Async().State(), nil
}

// inTwoChunks is an answer.
func inTwoChunks(*http.Request) string {
	return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
}

func Example_portingAsync() {
	base, stop := elsewhere(inTwoChunks)
	defer stop()
	cs, err := messages(context.Background(), base+"/")
	defer func() { hackney.Close(cs) }()
	fmt.Println(cs.ResponseState(), err)
	// Output:
	// status 200 OK
	// 1 fields
	// chunk "one"
	// chunk "two"
	// done
	// done <nil>
}

func take(r *hackney.AsyncResponse, pause <-chan bool, tick func(hackney.Event)) error {
	for {
		select {
		case on := <-pause:
			if on {
				r.Pause()
			} else {
				r.Resume()
			}
		case e, more := <-r.C():
			if !more || e.Kind == hackney.EventDone || e.Kind == hackney.EventError {
				return e.Err
			}
			tick(e)
		}
	}
}

func Example_portingAsyncSelect() {
	base, stop := elsewhere(inTwoChunks)
	defer stop()
	cs, err := hackney.Get(context.Background(), base+"/", nil, nil, &hackney.Opts{Async: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := cs.Async()
	defer func() { hackney.Close(r.State()) }()
	pause := make(chan bool, 2)
	pause <- true
	pause <- false
	err = take(r, pause, func(e hackney.Event) { fmt.Println(e.Kind) })
	fmt.Println("the end:", err)
	// Output:
	// status
	// headers
	// chunk
	// chunk
	// the end: <nil>
}
