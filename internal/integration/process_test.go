//go:build integration

package integration

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hackney-go/hackney/internal/leaktest"
	"github.com/hackney-go/hackney/internal/testserver/selfsigned"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// programs are the servers that the tests start, with Debian's packages of them.
var programs = []struct{ name, pkg string }{
	{"nginx", "nginx"},
	{"squid", "squid"},
	{"tinyproxy", "tinyproxy"},
	{"danted", "dante-server"},
	{"haproxy", "haproxy"},
}

// TestVersions says what the tests ran against.
func TestVersions(t *testing.T) {
	for _, program := range programs {
		option := "-v"
		text, err := exec.CommandContext(limited(t), find(t, program.name), option).CombinedOutput()
		if err != nil {
			t.Errorf("%s %s: %v\n%s", program.name, option, err, text)
		}
		version, _, _ := strings.Cut(string(text), "\n")
		t.Log(version)
	}
}

// find gives the path of a server's program.
func find(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} { // where Debian puts them
		if path, err := exec.LookPath(path); err == nil {
			return path
		}
	}
	for _, program := range programs {
		if program.name == name {
			t.Fatalf("%s is not installed; on Debian: apt-get install %s", name, program.pkg)
		}
	}
	t.Fatalf("%s is none of the programs", name)
	return ""
}

// process is a server that runs until the end of the test.
type process struct {
	name      string
	dir       string   // for its files
	output    string   // a file: what it says, on stdout, stderr or in a log
	addresses []string // where it listens, each host:port
}

// launch starts a server that listens at n addresses of the loopback interface, and has
// it ended with the test. configure writes its files and gives the command.
func launch(t *testing.T, name string, n int, configure func(*process) *exec.Cmd) *process {
	t.Helper()
	p := &process{name: name, dir: t.TempDir()}
	p.output = filepath.Join(p.dir, "output.log")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what %s said:\n%s", name, p.said())
		}
	})
	// Another process may take a port between our choice and the server's bind.
	for tries := 1; ; tries++ {
		p.addresses = p.addresses[:0]
		for range n {
			p.addresses = append(p.addresses, freePort(t))
		}
		err := p.run(t, configure(p))
		if err == nil {
			return p
		}
		if tries == 3 {
			t.Fatal(err)
		}
		t.Log(err)
	}
}

func (p *process) said() string {
	text, err := os.ReadFile(p.output)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// patience is how long a server has to come up, to write into its log, and to end.
const patience = 10 * time.Second

// run starts the process, waits until it listens, and has it ended with the test.
func (p *process) run(t *testing.T, cmd *exec.Cmd) error {
	t.Helper()
	output, err := os.Create(p.output)
	if err != nil {
		return err
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	if cmd.Dir == "" {
		cmd.Dir = p.dir
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s does not start: %w", p.name, err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait()
	}()
	for _, address := range p.addresses {
		if err := listens(address, ended); err != nil {
			cmd.Process.Kill()
			<-ended
			return fmt.Errorf("%s does not start: %w\n%s", p.name, err, p.said())
		}
	}
	t.Cleanup(func() { p.end(t, cmd, ended) })
	return nil
}

// end ends the process, which must be there still.
func (p *process) end(t *testing.T, cmd *exec.Cmd, ended <-chan struct{}) {
	if over(ended) {
		t.Errorf("%s has ended by itself: %v", p.name, cmd.ProcessState)
		return
	}
	cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(patience):
		cmd.Process.Kill()
		<-ended
		t.Errorf("%s had to be killed", p.name)
	}
}

func over(ended <-chan struct{}) bool {
	select {
	case <-ended:
		return true
	default:
		return false
	}
}

// listens waits until something accepts connections at address.
func listens(address string, ended <-chan struct{}) (err error) {
	if !eventually(func() bool {
		var conn net.Conn
		if conn, err = net.Dial("tcp", address); err == nil {
			err = conn.Close()
		}
		return err == nil || over(ended)
	}) {
		return err
	}
	if over(ended) {
		return errors.New("it has ended")
	}
	return nil
}

// eventually asks until the answer is yes, and says whether it was in time.
func eventually(cond func() bool) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			return false
		case <-again.C:
		}
	}
	return true
}

// freePort gives an address at which nothing listens.
func freePort(t *testing.T) string {
	t.Helper()
	l := listen(t)
	defer l.Close()
	return l.Addr().String()
}

// given are the ports that listen gave out: what a log says of one is about one server.
var given sync.Map

// listen listens at a port of its own.
func listen(t *testing.T) net.Listener {
	t.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if _, again := given.LoadOrStore(l.Addr().String(), true); !again {
			return l
		}
		defer l.Close()
	}
}

// write makes a file in the server's folder and gives its path.
func (p *process) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// folders makes folders in that of the server.
func (p *process) folders(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(p.dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
}

// expand puts the addresses of a server, {0} and so on, and its folder, {dir}, into a
// configuration, and what else is given as NewReplacer wants it.
func (p *process) expand(text string, more ...string) string {
	pairs := append([]string{"{dir}", p.dir}, more...)
	for i, address := range p.addresses {
		pairs = append(pairs, fmt.Sprintf("{%d}", i), address)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// newCert makes a certificate for loopback and further names.
func newCert(t *testing.T, names ...string) *selfsigned.Cert {
	t.Helper()
	cert, err := selfsigned.New(names...)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// keyPEM is the key of a certificate as a server reads it.
func keyPEM(t *testing.T, cert *selfsigned.Cert) string {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(cert.TLS.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
}
