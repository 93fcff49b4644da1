// Package faults is the fault matrix: every operation of a client meets every fault of
// a server, a proxy or the network, over each kind of connection. It has tests only.
//
// A cell of the matrix is one operation, one fault and one way to the server. The tables
// say what must come of it: which error, whose fault it is, and in which state the client
// is left. Whatever it is, the client has to end in bounded time, to be good for Close, to
// leave nothing behind, and to get the right answer to its next request.
//
// docs/reliability.md shows the matrix. Its table is made by
//
//	go test ./internal/faults -update
package faults
