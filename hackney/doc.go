// Package hackney is an HTTP/1.1 client that is driven step by step.
//
// An immutable ClientState, the mirror of the #client{} record of hackney 0.6.0,
// goes into each operation and comes out of it as the next:
//
//	cs, err := hackney.Get(ctx, "http://127.0.0.1:8080/", nil, nil, nil)
//	body, cs, err := hackney.Body(ctx, cs)
//	cs, err = hackney.SendRequest(ctx, cs, hackney.Req{Path: "/next"}) // same connection
//	cs, err = hackney.Close(cs)
//
// Each step is checked: an operation that is not legal in the state it is given
// is refused with a *StateError and changes nothing, and of two copies of one state
// only the first can be used (ErrStale). The whole machine is one table; see Op,
// ClientState.Legal and docs/states.md.
//
// # Steps
//
// Request, the verbs (Get, Post, …) and SendRequest send a request and read the head
// of the answer. With the payload Stream they stop behind the request's head:
// StreamRequestBody sends the body piece by piece, EndStreamRequestBody ends it and
// StartResponse reads the answer's head. With StreamMultipart it is a form that is sent,
// item by item, by StreamMultipartRequest. StreamStatus, StreamHeader and
// StreamHeaders read it line by line. Body, BodyMax, StreamBody, CopyBody, SkipBody
// and BodyReader read the body. Connect, Reconnect, Close, Handoff, Hijack and
// SetSockopts are about the connection.
//
// Functions do, methods tell: what may touch the socket is a function that takes
// a context first and the state next; the methods of ClientState are pure.
//
// # Connections
//
// A client has at most one connection. It is kept after a response where HTTP/1.1
// allows it, and SendRequest uses it again; a closed one is opened anew. Nothing
// runs in the background: no goroutine, timer or watcher belongs to a connection, but for
// a response that is asked for asynchronously (Opts.Async, AsyncResponse).
//
// Redirects are followed and proxies used only where Opts says so; the environment is
// read by ProxyFromEnvironment alone. After a redirect the next SendRequest goes to the
// first origin again.
//
// A state that is forgotten closes its connection when it is collected; Close
// is for not waiting until then.
//
// # Errors
//
// Every error says whose fault it was, what was being done and with whom, and comes
// with a state that is at least good for Close: ArgumentError and StateError are the
// caller's, ProtocolError, IncompleteError and RedirectError the peer's, TransportError
// the network's, ProxyError a proxy's; LimitError, PoolError and AddressError say that a limit or
// rule of the caller's stood in the way. See BlameOf.
package hackney
