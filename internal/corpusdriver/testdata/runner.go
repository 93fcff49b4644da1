// A stand-in for the corpus's runner: just the names that a driver file uses.
package main

type Driver func(addr, method string) (status int, headers [][2]string, body []byte, keepAlive bool, err error)

func register(name string, drv Driver, workers int, hidden ...string) {}

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

func main() {}
