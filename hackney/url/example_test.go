package url_test

import (
	"errors"
	"fmt"
	neturl "net/url"

	"github.com/hackney-go/hackney/hackney/url"
)

func Example() {
	u, err := url.Parse("https://joe:pw@example.com:8443/a/b?x=1#top")
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := url.Resolve(u, "../login?next=b")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(u)
	fmt.Println(next)
	fmt.Println(next.Authority(), next.Target())
	// Output:
	// https://joe:xxxxx@example.com:8443/a/b?x=1#top
	// https://joe:xxxxx@example.com:8443/login?next=b
	// example.com:8443 /login?next=b
}

func ExampleParse() {
	u, err := url.Parse("http://example.com:8080/a/../b?x=1#top")
	fmt.Println(u.Netloc, u.Host, u.Port, err)
	fmt.Println(u.RawPath, u.Path, u.Qs, u.Fragment)
	// Output:
	// example.com:8080 example.com 8080 <nil>
	// /a/../b?x=1#top /a/../b x=1 top
}

func ExampleParse_error() {
	_, err := url.Parse("ftp://joe:pw@example.com/")
	fmt.Println(err)
	fmt.Println(errors.Is(err, url.ErrScheme))
	// Output:
	// url: parse "ftp:xxxxx@example.com/": scheme is not supported: only http and https can be requested
	// true
}

func ExampleUnparse() {
	u, _ := url.Parse("example.com")
	u.Path, u.Qs = "/search", "q="+url.Encode("a&b")
	fmt.Println(url.Unparse(u))
	// Output: http://example.com/search?q=a%26b
}

func ExampleResolve() {
	base, _ := url.Parse("http://example.com/a/b/c?x=1")
	for _, ref := range []string{"d", "../d", "/d/./e", "?y=2", "//other.example", "https://other.example/"} {
		u, err := url.Resolve(base, ref)
		fmt.Println(u, err)
	}
	// Output:
	// http://example.com/a/b/d <nil>
	// http://example.com/a/d <nil>
	// http://example.com/d/e <nil>
	// http://example.com/a/b/c?y=2 <nil>
	// http://other.example/ <nil>
	// https://other.example/ <nil>
}

func ExampleURL_Authority() {
	for _, raw := range []string{"http://example.com:80/", "http://example.com:81/", "https://[::1]/"} {
		u, _ := url.Parse(raw)
		fmt.Println(u.Authority(), u.HostPort())
	}
	// Output:
	// example.com example.com:80
	// example.com:81 example.com:81
	// [::1] [::1]:443
}

func ExampleURL_Target() {
	u, _ := url.Parse("http://example.com/a?b=c#d")
	fmt.Println(u.Target())
	// Output: /a?b=c
}

func ExampleURL_Credentials() {
	u, _ := url.Parse("http://joe:p%40ss@example.com/")
	fmt.Println(u.Credentials())
	// Output: joe p@ss true
}

func ExampleTransportScheme() {
	fmt.Println(url.TransportScheme(url.SSL))
	// Output: https <nil>
}

func ExampleEncode() {
	fmt.Println(url.Encode("a b/c"))
	fmt.Println(url.Encode("a b/c", url.NoPlus, url.Upper))
	// Output:
	// a+b%2fc
	// a%20b%2Fc
}

func ExampleDecode() {
	fmt.Println(url.Decode("a+b%2fc"))
	fmt.Println(url.Decode("100%", url.Skip))
	_, err := url.Decode("100%")
	fmt.Println(err)
	// Output:
	// a b/c <nil>
	// 100% <nil>
	// url: decode: bad percent escape: at byte 3
}

func ExampleFromStd() {
	s, _ := neturl.Parse("http://example.com/a%20b?c")
	u, err := url.FromStd(s)
	fmt.Println(u, err)
	// Output: http://example.com/a%20b?c <nil>
}

func ExampleStd() {
	u, _ := url.Parse("http://example.com/a%20b?c")
	s, err := url.Std(u)
	fmt.Println(s.Path, s.RawQuery, err)
	// Output: /a b c <nil>
}
