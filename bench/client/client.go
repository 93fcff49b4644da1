// Package client drives the HTTP clients that are compared, each by its ordinary calls.
//
// All but raw keep the same rules: the URL is a string each time, the whole answer is
// taken in, its status and size are checked, one field is looked up, and a body that is
// read into memory belongs to the caller.
package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/hackney-go/hackney/bench/scenario"
	"github.com/hackney-go/hackney/bench/target"
)

// bulkBuffer is the size of the buffers with which bodies are streamed.
const bulkBuffer = 64 << 10

// An Operation does what a scenario asks for, once. It is for one goroutine.
type Operation func() error

// A Client does the operations of one task.
type Client interface {
	// Operation gives one goroutine its operation. It is called by one at a time.
	Operation() (Operation, error)
	// Close closes what is idle, once no operation is under way.
	Close()
}

// A Task is a scenario at a target.
type Task struct {
	*scenario.Scenario
	URL    string
	Host   string      // host:port of the URL
	File   string      // what UploadFile and UploadForm upload
	Secure *tls.Config // nil is none

	cancels []context.CancelFunc
}

// NewTask makes the task of a scenario.
func NewTask(s *scenario.Scenario, at target.Addresses, file string) (*Task, error) {
	t := &Task{Scenario: s, Host: at.Plain, URL: "http://" + at.Plain + s.Path(), File: file}
	if s.Security == scenario.Plain {
		return t, nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(at.Certificate)) {
		return nil, errors.New("the target has no certificate")
	}
	t.Host, t.URL = at.TLS, "https://"+at.TLS+s.Path()
	t.Secure = &tls.Config{RootCAs: roots}
	switch s.Security {
	case scenario.TLSWithoutSessions:
		t.Secure.SessionTicketsDisabled = true
	case scenario.TLSWithSessions:
		t.Secure.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	return t, nil
}

// context is that of one goroutine, for all its requests.
func (t *Task) context() context.Context {
	if !t.Cancellable {
		return context.Background()
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.cancels = append(t.cancels, cancel)
	return ctx
}

func (t *Task) endContexts() {
	for _, cancel := range t.cancels {
		cancel()
	}
}

// check looks at what is known of an answer once all of it was taken in.
func (t *Task) check(status int, hasType bool, size int64) error {
	if status == 200 && hasType && size == t.Answer() {
		return nil
	}
	return fmt.Errorf("status %d, Content-Type there: %v, a body of %d bytes: want 200 and %d bytes",
		status, hasType, size, t.Answer())
}

// checkReceipt looks at an answer to an upload, whose body is the number of bytes that came.
func (t *Task) checkReceipt(status int, hasType bool, body []byte) error {
	if err := t.check(status, hasType, int64(len(body))); err != nil {
		return err
	}
	n, err := strconv.ParseInt(string(body), 10, 64)
	if n != t.Upload || err != nil {
		return fmt.Errorf("%q bytes arrived, want %d", body, t.Upload)
	}
	return nil
}

// A kind is one of the clients.
type kind struct {
	name string
	open func(*Task) (Client, error)
	can  func(*scenario.Scenario) bool
}

var kinds = []kind{
	{"raw", newRaw, anything},
	{"raw1", newRaw1, chunkedUploads},
	{"hackney", newHackney, anything},
	{"fasthttp", newFasthttp, withoutContext},
	{"net/http", newNetHTTP, anything},
	{"resty", newResty, anything},
}

func anything(*scenario.Scenario) bool         { return true }
func chunkedUploads(s *scenario.Scenario) bool { return s.Kind == scenario.UploadChunked }
func withoutContext(s *scenario.Scenario) bool { return !s.Cancellable }

// Names are the clients that can do a scenario and are to.
func Names(s *scenario.Scenario) []string {
	var names []string
	for _, k := range kinds {
		if k.can(s) && (s.Clients == nil || slices.Contains(s.Clients, k.name)) {
			names = append(names, k.name)
		}
	}
	return names
}

// Known says whether there is a client of that name.
func Known(name string) bool {
	return slices.ContainsFunc(kinds, func(k kind) bool { return k.name == name })
}

// Open makes a client of that name for a task.
func Open(name string, t *Task) (Client, error) {
	for _, k := range kinds {
		if k.name == name && k.can(t.Scenario) {
			return k.open(t)
		}
	}
	return nil, fmt.Errorf("no client %q does %s", name, t.Name)
}
