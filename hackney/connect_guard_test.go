package hackney_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
	"github.com/hackney-go/hackney/transport"
)

// deadlines is a connection that notes the deadlines that stand.
type deadlines struct {
	net.Conn
	mu          sync.Mutex
	read, write time.Time
	sets        int
}

func (d *deadlines) note(read, write *time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sets++
	if read != nil {
		d.read = *read
	}
	if write != nil {
		d.write = *write
	}
}

func (d *deadlines) SetDeadline(t time.Time) error {
	d.note(&t, &t)
	return d.Conn.SetDeadline(t)
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.note(&t, nil)
	return d.Conn.SetReadDeadline(t)
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.note(nil, &t)
	return d.Conn.SetWriteDeadline(t)
}

// TestHijackLiftsLimits holds that a connection that was taken out has no deadline of ours on it.
func TestHijackLiftsLimits(t *testing.T) {
	srv := wiretest.New(t, wiretest.Replies(wOK))
	var made *deadlines
	o := &hackney.Opts{RecvTimeout: time.Hour, SendTimeout: time.Hour, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		made = &deadlines{Conn: conn}
		return made, err
	}}
	c := wNew(t).request("GET", srv.URL("/"), nil, nil, o).wantBody("ok")
	conn, _, err := hackney.Hijack(c.ClientState)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	made.mu.Lock()
	defer made.mu.Unlock()
	if made.sets < 2 || !made.read.IsZero() || !made.write.IsZero() {
		t.Errorf("%d deadlines were set, the last are %v and %v", made.sets, made.read, made.write)
	}
}

// TestCloseLooksBeforeItPutsBack holds that a connection that carried nothing, and that the peer has closed meanwhile,
// does not go to the pool.
func TestCloseLooksBeforeItPutsBack(t *testing.T) {
	srv := wiretest.New(t, wiretest.Conn{wiretest.Say().After(5 * 4 * time.Millisecond).ThenClose()}) // by then it is not hot any more
	p := pool.New(pool.Opts{})
	defer p.Close()
	cs, err := hackney.Connect(wCtx(t), transport.TCP, srv.Host(), srv.Port(), &hackney.Opts{Pool: p})
	if err != nil {
		t.Fatal(err)
	}
	srv.WaitClosed(0)
	cs, err = hackney.Close(cs)
	if n := p.Stats(); err != nil || cs.Kept() != hackney.NotKeptOnClose || n.Idle != 0 || n.InUse != 0 || n.Evicted.Total() != 0 {
		t.Errorf("%v, %v, %+v", err, cs.Kept(), n)
	}
}
