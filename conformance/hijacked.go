package conformance

import (
	"context"
	"io"
	"net"
	"strconv"
	"time"
)

type ctx = context.Context

// taken is a connection that hijack took out.
type taken struct{ conn net.Conn }

func (t *taken) close() {
	if t.conn != nil {
		t.conn.Close()
	}
	*t = taken{}
}

const connUsage = "write DATA | read N | close"

// conn writes to a connection that was taken out, reads n bytes of it, or closes it.
func conn(s *session, args []string) (result, error) {
	if s.taken.conn == nil {
		return result{}, usagef("there is no connection: hijack one first")
	}
	own := s.taken.conn
	own.SetDeadline(time.Time{})
	defer context.AfterFunc(s.context(), func() { own.SetDeadline(time.Unix(1, 0)) })()
	switch {
	case len(args) == 2 && args[0] == "write":
		b, err := s.data(args[1])
		if err != nil {
			return result{}, err
		}
		_, err = s.taken.conn.Write(b)
		return result{silent: true}, err
	case len(args) == 2 && args[0] == "read":
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 0 || n > 1<<20 {
			return result{}, usagef("want conn read N, up to 1048576 bytes")
		}
		return s.taken.read(n)
	case len(args) == 1 && args[0] == "close":
		s.taken.close()
		return result{silent: true}, nil
	}
	return result{}, usagef("want conn %s", connUsage)
}

// read reads n bytes.
func (t *taken) read(n int) (result, error) {
	b := make([]byte, n)
	got, err := io.ReadFull(t.conn, b)
	return result{outcome: gaveData, data: b[:got], silent: true}, err
}
