package hackney_test

import (
	"io"
	"testing"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// TestEarlyAnswersThatStop holds which final answers, come before the end of a request that is sent whole, end its
// body: all but those that say it is welcome.
func TestEarlyAnswersThatStop(t *testing.T) {
	for status, want := range map[string]int{"200 OK": 4, "299 Fine": 4, "300 Choose": 2, "302 Found": 2, "399 Odd": 2, "413 Large": 2, "500 Oops": 2} {
		srv := wiretest.New(t, wiretest.Conn{wiretest.On(wiretest.Head), wiretest.On(wiretest.Bytes(1), "HTTP/1.1 "+status+"\r\nContent-Length: 2\r\n\r\nok")})
		pieces := 0
		next := func() ([]byte, error) {
			switch pieces++; pieces {
			case 2:
				srv.WaitStep(0, 2) // the answer is there when the second piece is due
			case 4:
				return nil, io.EOF
			}
			return []byte("piece"), nil
		}
		c := wNew(t).request("POST", srv.URL("/"), headers.New("Transfer-Encoding", "chunked"), hackney.Func(next), nil).wantBody("ok")
		if pieces != want || c.Kept().Yes() != (want == 4) {
			t.Errorf("%s: %d pieces were asked for, want %d; %v", status, pieces, want, c.Kept())
		}
	}
}

// TestDrainOverItsLimit holds that a body without a length that turns out to be over the limit of a drain is not
// drained, although one read more has brought its end.
func TestDrainOverItsLimit(t *testing.T) {
	for limit, kept := range map[int64]int{4: 0, 5: 1} {
		srv := wiretest.New(t, wiretest.Replies("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))
		p := pool.New(pool.Opts{})
		c := wNew(t).request("GET", srv.URL("/"), nil, nil, &hackney.Opts{Pool: p, DrainBytes: limit, DrainTime: hackney.Infinite})
		c.to(hackney.Close(c.ClientState))
		if n := p.Size(); n != kept {
			t.Errorf("with a limit of %d: %d connections are kept, want %d; %v", limit, n, kept, c.Kept())
		}
		p.Close()
	}
}
