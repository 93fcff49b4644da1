package wiretest

import (
	"bytes"
	"slices"
	"time"
)

// End is how a connection ended. It prints with the words of the recorded transcripts.
type End int

// The ways in which a connection can end.
const (
	Open              End = iota // it has not ended
	ClientClosed                 // the client closed it, with FIN or RST, after the last step
	ClientClosedEarly            // the client closed it while there were steps left
	ServerClosed                 // a step closed it
	ServerReset                  // a step reset it
	HandshakeFailed              // the TLS handshake failed
)

// String returns the name of the end.
func (e End) String() string {
	return [...]string{
		"open", "client_closed", "client_closed_early",
		"server_closed", "server_reset", "handshake_failed",
	}[e]
}

// Conns returns how many connections were accepted, those beyond the script too.
func (s *Server) Conns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// Received returns the bytes that connection i has received so far, and nil when
// there is no such connection yet. Over TLS they are the decrypted ones.
func (s *Server) Received(i int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i >= len(s.conns) {
		return nil
	}
	return bytes.Clone(s.conns[i].got)
}

// Requests returns the complete requests that connection i has received so far.
// Bytes that are no request fail the test.
func (s *Server) Requests(i int) []Message {
	s.t.Helper()
	msgs, _, err := Split(s.Received(i))
	if err != nil {
		s.t.Errorf("wiretest: connection %d: %v", i, err)
	}
	return msgs
}

// Ended returns how connection i ended.
func (s *Server) Ended(i int) End {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i >= len(s.conns) {
		return Open
	}
	return s.conns[i].end
}

// Played returns how many steps connection i has finished, and whether it can finish
// more: not when it has ended, and not before it was accepted.
func (s *Server) Played(i int) (steps int, goesOn bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i >= len(s.conns) {
		return 0, false
	}
	return s.conns[i].steps, !s.conns[i].closed
}

// Settle returns when what the clients have sent by now is in the record. What
// they have closed by now has ended then.
func (s *Server) Settle() {
	s.mu.Lock()
	conns := slices.Clone(s.conns)
	s.mu.Unlock()
	for _, c := range conns {
		c.settle()
	}
}

// WaitConns waits until n connections were accepted.
func (s *Server) WaitConns(n int) {
	s.t.Helper()
	if !s.await(func() bool { return s.accepted >= n }, time.After(Patience)) {
		s.t.Errorf("wiretest: %d connections, want %d", s.Conns(), n)
	}
}

// WaitReceived waits until connection i has received n bytes, and returns all that
// it has received.
func (s *Server) WaitReceived(i, n int) []byte {
	s.t.Helper()
	if !s.awaitConn(i, func(c *conn) bool { return len(c.got) >= n }) {
		s.t.Errorf("wiretest: connection %d: %d bytes, want %d", i, len(s.Received(i)), n)
	}
	return s.Received(i)
}

// WaitRequests waits until connection i has received n requests, and returns all
// that it has received.
func (s *Server) WaitRequests(i, n int) []Message {
	s.t.Helper()
	enough := func(c *conn) bool {
		msgs, _, err := Split(c.got)
		return err != nil || len(msgs) >= n
	}
	s.awaitConn(i, enough)
	msgs := s.Requests(i)
	if len(msgs) < n {
		s.t.Errorf("wiretest: connection %d: %d requests, want %d", i, len(msgs), n)
	}
	return msgs
}

// WaitStep waits until connection i has finished n steps.
func (s *Server) WaitStep(i, n int) {
	s.t.Helper()
	if !s.awaitConn(i, func(c *conn) bool { return c.steps >= n }) {
		s.t.Errorf("wiretest: connection %d: step %d is not finished", i, n)
	}
}

// WaitClosed waits until connection i has ended and its socket is closed on this
// side too, and returns how it ended. After a script without a close that means:
// until the client's FIN or RST has come.
func (s *Server) WaitClosed(i int) End {
	s.t.Helper()
	if !s.awaitConn(i, func(c *conn) bool { return c.closed }) {
		s.t.Errorf("wiretest: connection %d is still open", i)
	}
	return s.Ended(i)
}

func (s *Server) awaitConn(i int, cond func(*conn) bool) bool {
	return s.await(func() bool { return i < len(s.conns) && cond(s.conns[i]) }, time.After(Patience))
}
