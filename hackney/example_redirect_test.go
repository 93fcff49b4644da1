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
	"strings"
	"sync"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
)

// everywhere starts a server that stands for all hosts that are dialed with dial. Each
// request gets what answer says. stop ends it, when the clients are closed, and gives the
// requests that came: a line each, with the credentials that were in it.
func everywhere(answer func(*http.Request) string) (dial func(context.Context, string, string) (net.Conn, error), stop func() []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		came []string
	)
	converse := func(conn net.Conn) {
		defer conn.Close()
		for in := bufio.NewReader(conn); ; {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			io.Copy(io.Discard, r.Body)
			mu.Lock()
			came = append(came, told(r))
			mu.Unlock()
			io.WriteString(conn, answer(r))
		}
	}
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { converse(conn) })
		}
	})
	dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
	}
	return dial, func() []string {
		l.Close()
		all.Wait()
		return came
	}
}

// told is a request in one line.
func told(r *http.Request) string {
	line := fmt.Sprintf("%s %s, Host %s", r.Method, r.RequestURI, r.Host)
	for _, name := range []string{"Authorization", "Proxy-Authorization", "X-Token"} {
		if value := r.Header.Get(name); value != "" {
			line += ", " + name + " " + value
		}
	}
	return line
}

// found is an answer that leads on.
func found(location string) string {
	return "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n"
}

const welcome = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwelcome"

func ExampleOpts_followRedirect() {
	dial, stop := everywhere(func(r *http.Request) string {
		if r.URL.Path == "/" {
			return found("/login?next=%2F")
		}
		return welcome
	})
	defer stop()
	ctx := context.Background()

	o := &hackney.Opts{FollowRedirect: true, DialContext: dial}
	cs, err := hackney.Get(ctx, "http://shop.example/", nil, nil, o)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range cs.Redirects() {
		fmt.Println(r.Status, r.Method, r.URL, "->", r.Location)
	}
	fmt.Println(cs.Status(), cs.URL())

	// The next request goes where the first one went.
	cs, _ = hackney.SkipBody(ctx, cs)
	cs, err = hackney.SendRequest(ctx, cs, hackney.Req{Path: "/cart"})
	fmt.Println(cs.Status(), cs.URL(), len(cs.Redirects()), err)
	// Output:
	// 302 GET http://shop.example/ -> /login?next=%2F
	// 200 http://shop.example/login?next=%2F
	// 200 http://shop.example/cart 0 <nil>
}

// What a redirect to another origin does not take along.
func ExampleOpts_sensitive() {
	dial, stop := everywhere(func(r *http.Request) string {
		switch r.Host {
		case "api.example":
			return found("http://files.example/7")
		case "files.example":
			return found("http://api.example/8") // where it came from: they do not come back
		}
		return welcome
	})
	ctx := context.Background()

	o := &hackney.Opts{
		FollowRedirect: true, MaxRedirect: 2, Sensitive: []string{"X-Token"}, DialContext: dial,
		BasicAuth: &hackney.BasicAuth{User: "joe", Password: "secret"},
	}
	h := headers.New("X-Token", "t0ken", "Accept", "*/*")
	cs, err := hackney.Get(ctx, "http://api.example/7", h, nil, o)
	hackney.Close(cs)
	fmt.Println(errors.Is(err, hackney.ErrTooManyRedirects))
	for _, line := range stop() {
		fmt.Println(line)
	}
	// Output:
	// true
	// GET /7, Host api.example, Authorization Basic am9lOnNlY3JldA==, X-Token t0ken
	// GET /7, Host files.example
	// GET /8, Host api.example
}

func ExampleOpts_forceRedirect() {
	dial, stop := everywhere(func(r *http.Request) string {
		if r.URL.Path == "/old" {
			return strings.Replace(found("/new"), "302 Found", "307 Temporary Redirect", 1)
		}
		return welcome
	})
	ctx := context.Background()

	// PUT is repeated with its body: a text can be sent again, as can a file.
	o := &hackney.Opts{ForceRedirect: true, DialContext: dial}
	cs, err := hackney.Put(ctx, "http://shop.example/old", nil, hackney.Text("hello"), o)
	hackney.Close(cs)
	fmt.Println(cs.Status(), cs.MaybeRedirect(), err)

	// A body that is made once is not sent: the redirect is the answer.
	once := hackney.FromReader(io.LimitReader(strings.NewReader("hello"), 5), 5)
	cs, err = hackney.Put(ctx, "http://shop.example/old", nil, once, o)
	hackney.Close(cs)
	fmt.Println(cs.Status(), cs.MaybeRedirect(), err)
	for _, line := range stop() {
		fmt.Println(line)
	}
	// Output:
	// 200 false <nil>
	// 307 true <nil>
	// PUT /old, Host shop.example
	// PUT /new, Host shop.example
	// PUT /old, Host shop.example
}

func ExampleClientState_MaybeRedirect() {
	dial, stop := everywhere(func(r *http.Request) string {
		if r.Method == "POST" {
			return found("orders/7")
		}
		return welcome
	})
	defer stop()
	ctx := context.Background()

	// A POST is not repeated by itself, nor made a GET: FollowRedirect alone leaves that to the caller.
	o := &hackney.Opts{FollowRedirect: true, DialContext: dial}
	cs, err := hackney.Post(ctx, "http://shop.example/orders", nil, hackney.Text("a book"), o)
	defer func() { hackney.Close(cs) }()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cs.Status(), cs.MaybeRedirect(), cs.Location())
	if cs.MaybeRedirect() {
		from, err := url.Parse(cs.URL())
		if err != nil {
			log.Fatal(err)
		}
		to, err := url.Resolve(from, cs.Location())
		if err != nil {
			log.Fatal(err)
		}
		hackney.Close(cs)
		cs, err = hackney.RequestURL(ctx, "GET", to, nil, nil, o)
		fmt.Println(cs.Status(), cs.URL(), err)
	}
	// Output:
	// 302 true orders/7
	// 200 http://shop.example/orders/7 <nil>
}

func ExampleRedirectError() {
	dial, stop := everywhere(func(r *http.Request) string {
		return "HTTP/1.1 302 Found\r\nLocation: " + r.URL.Path + "a\r\nContent-Length: 6\r\n\r\ngo on\n"
	})
	defer stop()
	ctx := context.Background()

	o := &hackney.Opts{FollowRedirect: true, MaxRedirect: 2, DialContext: dial}
	cs, err := hackney.Get(ctx, "http://shop.example/", nil, nil, o)
	defer func() { hackney.Close(cs) }()
	var e *hackney.RedirectError
	if errors.As(err, &e) {
		fmt.Println(e.URL, e.Location, e.Count, errors.Is(err, hackney.ErrTooManyRedirects), hackney.BlameOf(err))
	}
	fmt.Println(err)
	// The state is that of the last redirect.
	body, cs, err := hackney.Body(ctx, cs)
	fmt.Printf("%d %q %v\n", cs.Status(), body, err)
	// Output:
	// http://shop.example/aa /aaa 2 true limit
	// redirect of http://shop.example/aa: too many redirects: 2 were followed
	// 302 "go on\n" <nil>
}
