// Package transport makes the connections that requests travel on, and tells
// whether an idle one is still good.
//
// There are three transports. [TCP] and [TLS] are constants; [Unix] gives one
// for a socket file. Each has the name, the scheme and the default port that
// hackney gives it, and one operation:
//
//	conn, err := transport.TCP.Dial(ctx, "example.com", 80, &transport.Options{
//		ConnectTimeout: 8 * time.Second,
//	})
//
// # What Dial returns
//
// The bare connection: a *net.TCPConn, a *net.UnixConn or a *tls.Conn, never a
// wrapper, so that the kernel's own copying (sendfile, splice) stays open to
// whoever holds it. Only [Options.DialContext] can put another type there.
//
// # Names with several addresses
//
// A host name is resolved once, its addresses are ordered with the families in
// turn and IPv6 first, and they are tried 250 ms apart, or at once when the one
// before has failed (RFC 8305). The first connection wins; the other attempts
// are cancelled and have ended when Dial returns. A literal address and a name
// with a single address are dialed directly, on the caller's goroutine.
//
// # Which addresses
//
// [Options.Allow] is asked for each address right before it is dialed, when the name
// is resolved already; nothing that a name leads to gets around it.
// [PublicAddresses] makes a policy for programs that follow URLs of strangers.
//
// # Proxies
//
// [SOCKS5] is a DialContext that goes through a SOCKS proxy. What it returns is the
// bare connection, too.
//
// # Limits
//
// [Options.ConnectTimeout] covers resolving and connecting together;
// [Options.TLSTimeout] covers the handshake. Zero means no limit. Both work
// beside the caller's context, whose deadline is honoured even if its Done
// channel is nil.
//
// # Errors
//
// Every failure is an [*Error]: what was being done, with which address, and
// why it failed. errors.Is(err, [ErrTimeout]) holds when time ran out. When the
// caller's context ended the operation, errors.Is finds the context's error,
// and its cancel cause too. A dial that tried several addresses lists them all.
//
// # TLS
//
// Certificates are verified against the host dialed, unless [Options.Insecure]
// (or the caller's own configuration) says otherwise. Sessions are resumed
// within one configuration and never across two, because a ticket vouches for a
// check that was made under the rules of one of them; only a session cache that
// the caller has put into several configurations is shared by them. Where a
// callback of the configuration decides for each connection and resumption
// would pass it by, sessions are not kept.
//
// # Idle connections
//
// [Probe] looks at a socket without reading from it and without blocking. It costs
// one system call and no allocation.
//
// Over TLS the bytes on the socket may be session tickets, which tell nothing.
// [Quiet] takes them in, without waiting, and says whether there was more.
// To that end TLS runs over a type of this package; [Socket] gives the socket
// itself, for its options.
package transport
