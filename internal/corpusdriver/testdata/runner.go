// A stand-in for the corpus's runner: the names that a driver file uses, and a
// program that prints the file of cases it is given, as what came of them.
package main

import (
	"flag"
	"os"
)

type Driver func(addr, method string) (status int, headers [][2]string, body []byte, keepAlive bool, err error)

func register(name string, drv Driver, workers int, hidden ...string) {}

type Creds struct{ User, Pass string }

type FlowOptions struct {
	Follow     bool
	Max        int
	Auth       *Creds
	Proxy      string
	ProxyAuth  *Creds
	ExpectCont bool
}

type FlowReq struct {
	Method  string
	URL     string
	Headers [][2]string
	BodyB64 *string
}

func (q *FlowReq) Body() []byte { return nil }

type FlowClient interface {
	Do(q *FlowReq) (status int, headers [][2]string, body []byte, err error)
	Close()
}

var flowDrivers = map[string]func(o FlowOptions) FlowClient{}

type URLParts struct {
	Scheme   string
	Host     string
	Port     *int
	Path     string
	Query    *string
	Fragment *string
	User     *string
	Password *string
}

type URLDriver func(input string, base *string) (URLParts, error)

var urlDrivers = map[string]URLDriver{}

type FormField struct {
	Name        string
	ValueB64    string
	Filename    *string
	ContentType string
}

func (f *FormField) Value() []byte { return nil }

type FormDriver struct {
	Encode    func(fields [][2]string) (string, error)
	Parse     func(s string) ([][2]string, error)
	Multipart func(fields []FormField, boundary string) (contentType string, body []byte, err error)
}

var formDrivers = map[string]FormDriver{}

func main() {
	for _, ignored := range []string{"drivers", "out", "rechunk"} {
		flag.String(ignored, "", "")
	}
	flag.Bool("v", false, "")
	var files []*string
	for _, kind := range []string{"in", "flows", "urls", "forms"} {
		files = append(files, flag.String(kind, "", ""))
	}
	flag.Parse()
	for _, f := range files {
		if *f == "" {
			continue
		}
		text, err := os.ReadFile(*f)
		if err != nil {
			panic(err)
		}
		os.Stdout.Write(text)
	}
}
