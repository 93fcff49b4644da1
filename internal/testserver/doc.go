// Package testserver is the server that the demo, the command "serve" and the
// tests talk to: all of httpbin, and routes of its own for what a client has to
// get right about bodies, framing and broken connections. [Routes] lists them.
//
//	srv, err := testserver.New(testserver.Options{})
//	defer srv.Close()
//	… srv.URL() + "/chunks?n=3" …
//
// It speaks HTTP/1.1 only, over TCP, TLS or a Unix socket, logs nothing, and sets
// no time limits of its own. It is meant for one machine, not for the open network.
package testserver
