//go:build unix

package hackney_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/multipart"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// To open a named pipe is to wait for its other end, and no context ends that.
func TestFileRefusesANamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // lets go of whoever waits after all
		if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
			f.Close()
		}
	})
	c := wNew(t)
	sent := rRun(func() (hackney.ClientState, error) {
		return hackney.Post(c.ctx, "http://example.com/", nil, hackney.File(path, 0, 0), wNoDial(t))
	})
	got := wBounded(t, sent)
	if e := wIs[*hackney.ArgumentError](t, c.fails(got.cs, got.err)); e.What != "file" {
		t.Errorf("%s is to blame: %v", e.What, e)
	}
	c.in(hackney.StateStart)
}

// rFull is a pipe that takes no more, and how much is in it.
func rFull(t *testing.T) (r, w *os.File, full int) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	raw, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Write(func(fd uintptr) bool { // it does not block
		for n := 1; n > 0; full += max(n, 0) {
			n, _ = syscall.Write(int(fd), make([]byte, 64<<10))
		}
		return true
	})
	return r, w, full
}

// Two limits run out, ours and then the writer's. A state that can go on has all bytes.
func TestCopyBodyBothOutOfTime(t *testing.T) {
	wSplices(t)
	body, gate := wText(8<<10), make(chan struct{})
	srv := wiretest.New(t, wiretest.Conn{wiretest.Reply(wLengthOK + wItoa(len(body)) + "\r\n\r\n"), wiretest.Say(body).Gated(gate)})
	r, w, full := rFull(t)
	c := wNew(t)
	cs, err := hackney.Get(c.ctx, srv.URL("/"), nil, nil, &hackney.Opts{RecvTimeout: 20 * time.Millisecond})
	for errors.Is(err, hackney.ErrTimeout) {
		cs, err = hackney.StartResponse(c.ctx, cs)
	}
	c.to(cs, err)
	close(gate)
	srv.WaitStep(0, 2)
	w.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	n, cs, err := hackney.CopyBody(c.ctx, c.ClientState, w)
	if err = c.fails(cs, err); c.ResponseState() == hackney.StateFailed {
		if e := wIs[*hackney.ArgumentError](t, err); e.What != "writer" {
			t.Errorf("%s is to blame: %v", e.What, e)
		}
		return
	}
	w.SetWriteDeadline(time.Time{})
	arrived := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(r)
		arrived <- b
	}()
	for range 50 {
		more, cs, err := hackney.CopyBody(c.ctx, c.ClientState, w)
		if c.ClientState, n = cs, n+more; !errors.Is(err, hackney.ErrTimeout) {
			break
		}
	}
	w.Close()
	if b := wBounded(t, arrived); string(b[full:]) != body || n != int64(len(body)) {
		t.Errorf("%d bytes were copied, %d came, want %d", n, len(b)-full, len(body))
	}
}

// A file of a form that has become a named pipe by its turn is not waited for.
func TestFormFileBecomesANamedPipe(t *testing.T) {
	path := wFile(t, "a.txt", "0123456789")
	t.Cleanup(func() { // lets go of whoever waits after all
		if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
			f.Close()
		}
	})
	swap := fThen(func() { os.Remove(path); syscall.Mkfifo(path, 0o600) })
	srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Body, wOK)})
	c := wNew(t)
	form := hackney.Multipart(multipart.Reader("r", "r", swap, -1), multipart.File("f", path))
	sent := rRun(func() (hackney.ClientState, error) { return hackney.Post(c.ctx, srv.URL("/"), nil, form, nil) })
	got := wBounded(t, sent)
	if e := wIs[*hackney.ArgumentError](t, c.fails(got.cs, got.err)); e.What != "file" {
		t.Errorf("%s is to blame: %v", e.What, e)
	}
	c.in(hackney.StateFailed)
}
