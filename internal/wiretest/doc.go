// Package wiretest is a scripted server for tests of what goes over the wire. It
// plays given bytes to each connection and keeps exactly what the client sent.
//
// A script is a list of connections, taken in the order in which they are
// accepted; a connection is a list of steps; a step waits for something, sends
// something and then goes on, closes or resets:
//
//	srv := wiretest.New(t, wiretest.Conn{
//		wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
//		wiretest.Reply("HTTP/1.1 200 OK\r\nContent-Le", "ngth: 2\r\n\r\nok").ThenClose(),
//	})
//	… a client talks to srv.Addr() …
//	got := srv.Received(0)
//
// The server understands no HTTP beyond where a request ends, and that it finds
// out by itself: nothing of the library or of net/http is used, so that neither
// can hide a fault of its own.
//
// Tests never sleep. The script is held back with a Gate, and the Wait methods of
// the server return as soon as the thing happened, or fail the test after
// [Patience].
package wiretest
