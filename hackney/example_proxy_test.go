package hackney_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
)

// gate answers as a proxy that opens all tunnels does, and as all the servers behind it.
func gate(r *http.Request) string {
	if r.Method == "CONNECT" {
		return "HTTP/1.1 200 Connection established\r\n\r\n"
	}
	return welcome
}

func ExampleProxyURL() {
	dial, stop := everywhere(gate)
	ctx := context.Background()

	o := &hackney.Opts{Proxy: hackney.ProxyURL("http://joe:secret@proxy.example:3128"), DialContext: dial}
	cs, err := hackney.Get(ctx, "http://shop.example/", nil, nil, o)
	if err != nil {
		log.Fatal(err)
	}
	body, cs, err := hackney.Body(ctx, cs)
	fmt.Printf("%s %s:%d %v\n", body, cs.Host(), cs.Port(), err)
	hackney.Close(cs)
	for _, line := range stop() { // that the proxy saw, then in the tunnel
		fmt.Println(line)
	}
	// Output:
	// welcome shop.example:80 <nil>
	// CONNECT shop.example:80, Host shop.example:80, Proxy-Authorization Basic am9lOnNlY3JldA==
	// GET /, Host shop.example
}

// A proxy that is handed requests for http.
func ExampleProxyAddr() {
	dial, stop := everywhere(gate)
	ctx := context.Background()

	o := &hackney.Opts{
		Proxy: hackney.ProxyAddr("proxy.example", 3128), ProxyMode: hackney.Forward,
		ProxyAuth: &hackney.BasicAuth{User: "joe", Password: "secret"}, DialContext: dial,
	}
	cs, err := hackney.Get(ctx, "http://shop.example/", nil, nil, o)
	hackney.Close(cs)
	fmt.Println(cs.Status(), err)
	for _, line := range stop() {
		fmt.Println(line)
	}
	// Output:
	// 200 <nil>
	// GET http://shop.example/, Host shop.example, Proxy-Authorization Basic am9lOnNlY3JldA==
}

// Another proxy for each place, or none.
func ExampleProxyFunc() {
	dial, stop := everywhere(gate)
	defer stop()
	ctx := context.Background()

	o := &hackney.Opts{
		Proxy: hackney.ProxyFunc(func(target url.URL) (string, error) {
			switch {
			case target.Host == "intern.example":
				return "", nil
			case target.Scheme == "https" && target.Port != 443:
				return "", errors.New("only port 443")
			}
			return "http://proxy.example:3128", nil
		}),
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			fmt.Println("dial", address)
			return dial(ctx, network, address)
		},
	}
	for _, place := range []string{"http://intern.example/", "http://shop.example/", "https://shop.example:8443/"} {
		cs, err := hackney.Get(ctx, place, nil, nil, o)
		hackney.Close(cs)
		fmt.Println(place, cs.Status(), err)
	}
	// Output:
	// dial intern.example:80
	// http://intern.example/ 200 <nil>
	// dial proxy.example:3128
	// http://shop.example/ 200 <nil>
	// https://shop.example:8443/ 0 bad proxy: only port 443
}

func ExampleProxyFromEnvironment() {
	dial, stop := everywhere(gate)
	ctx := context.Background()
	for name, value := range map[string]string{"HTTP_PROXY": "http://proxy.example:3128", "NO_PROXY": ".intern.example", "http_proxy": "", "no_proxy": ""} {
		old, there := os.LookupEnv(name)
		os.Setenv(name, value)
		defer func() {
			if os.Setenv(name, old); !there {
				os.Unsetenv(name)
			}
		}()
	}

	// The environment is read here, and nowhere else.
	o := &hackney.Opts{Proxy: hackney.ProxyFromEnvironment(), DialContext: dial}
	for _, place := range []string{"http://shop.example/", "http://wiki.intern.example/"} {
		cs, err := hackney.Get(ctx, place, nil, nil, o)
		hackney.Close(cs)
		fmt.Println(cs.Status(), err)
	}
	for _, line := range stop() { // handed to the proxy, and direct
		fmt.Println(line)
	}
	// Output:
	// 200 <nil>
	// 200 <nil>
	// GET http://shop.example/, Host shop.example
	// GET /, Host wiki.intern.example
}

// Opts.AnswerProxy answers the challenge of a proxy, here with a token.
func ExampleProxyChallenge() {
	dial, stop := everywhere(func(r *http.Request) string {
		if r.Method == "CONNECT" && r.Header.Get("Proxy-Authorization") == "" {
			return "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Bearer realm=\"gate\"\r\nContent-Length: 0\r\n\r\n"
		}
		return gate(r)
	})
	ctx := context.Background()

	o := &hackney.Opts{
		Proxy: hackney.ProxyURL("proxy.example:3128"),
		AnswerProxy: func(c hackney.ProxyChallenge) (string, error) {
			fmt.Println(c.Attempt, c.Proxy, c.Target, c.Headers.Get("Proxy-Authenticate"))
			if c.Attempt > 1 { // the token is no good
				return "", nil
			}
			return "Bearer t0ken", nil
		},
		ProxyHeaders: headers.New("X-Office", "7"), // of the CONNECT alone
		DialContext:  dial,
	}
	cs, err := hackney.Get(ctx, "http://shop.example/", nil, nil, o)
	hackney.Close(cs)
	fmt.Println(cs.Status(), err)
	for _, line := range stop() {
		fmt.Println(line)
	}
	// Output:
	// 1 proxy.example:3128 shop.example:80 Bearer realm="gate"
	// 200 <nil>
	// CONNECT shop.example:80, Host shop.example:80
	// CONNECT shop.example:80, Host shop.example:80, Proxy-Authorization Bearer t0ken
	// GET /, Host shop.example
}

func ExampleProxyError() {
	dial, stop := everywhere(func(*http.Request) string {
		return "HTTP/1.1 403 Forbidden\r\nContent-Length: 15\r\n\r\nno shops today\n"
	})
	defer stop()

	o := &hackney.Opts{Proxy: hackney.ProxyURL("proxy.example:3128"), DialContext: dial}
	cs, err := hackney.Get(context.Background(), "https://shop.example/", nil, nil, o)
	defer func() { hackney.Close(cs) }()
	var e *hackney.ProxyError
	if errors.As(err, &e) {
		fmt.Printf("%s %s: %d %s, %q\n", e.Proxy, e.Target, e.Status, e.Reason, e.Body)
	}
	fmt.Println(err)
	fmt.Println(hackney.BlameOf(err), cs.Status())
	// Output:
	// proxy.example:3128 shop.example:443: 403 Forbidden, "no shops today\n"
	// proxy proxy.example:3128 refused to connect to shop.example:443: 403 Forbidden
	// peer 0
}

// A proxy that is not there. Nothing is sent without it.
func ExampleProxyError_dead() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	dead := l.Addr().String()
	l.Close()

	o := &hackney.Opts{Proxy: hackney.ProxyURL(dead)}
	_, err = hackney.Get(context.Background(), "https://shop.example/", nil, nil, o)
	var (
		proxy   *hackney.ProxyError
		network *hackney.TransportError
	)
	fmt.Println(errors.As(err, &proxy), errors.As(err, &network), hackney.BlameOf(err))
	fmt.Println(proxy.Status, network.Op, network.Addr == dead)
	// Output:
	// true true network
	// 0 dial true
}

func ExamplePublicAddresses() {
	base, stop := serve()
	defer stop()
	ctx := context.Background()

	o := &hackney.Opts{AddressPolicy: hackney.PublicAddresses()}
	for _, place := range []string{
		"http://127.0.0.1/", "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/latest/meta-data/", base,
	} {
		_, err := hackney.Get(ctx, place, nil, nil, o)
		var refused *hackney.AddressError
		if errors.As(err, &refused) {
			fmt.Println(refused.Addr.Addr().IsLoopback(), refused.Err, hackney.BlameOf(err))
		}
	}

	// What one needs all the same.
	o = &hackney.Opts{AddressPolicy: hackney.PublicAddresses(netip.MustParsePrefix("127.0.0.1/32"))}
	cs, err := hackney.Get(ctx, base+"/bytes/10", nil, nil, o)
	defer func() { hackney.Close(cs) }()
	fmt.Println(cs.Status(), err)
	// Output:
	// true loopback limit
	// false private (RFC 1918) limit
	// false link-local, metadata services among them limit
	// true loopback limit
	// 200 <nil>
}
