// Package headers is an immutable, ordered list of header fields, as a request
// sends them and as a response brought them.
//
// Order, case and duplicates are kept both ways; look-up is case-blind (RFC
// 9110, 5.1). Every operation that changes something gives a new list and leaves
// the old one as it was, so a list may be kept, shared between goroutines and
// used for any number of requests.
//
//	h := headers.New("Accept", "*/*", "X-Trace", "7")
//	h = h.With("Accept", "text/plain").Without("x-trace")
//
// A request sends its default fields first (Host, User-Agent, …), each replaced in
// its place by the caller's own field of that name, then the caller's other fields
// in their order.
//
// The nil *Headers is the empty list and all methods work on it. A bad name or
// value does not panic and is not silently mended: the list remembers it, Err
// tells it, and every operation that is given the list refuses it before it dials.
//
// It is hackney_headers of hackney 0.6.0, with one difference: New keeps
// duplicates, where the Erlang dictionary kept the last of each name. Update
// replaces, as there.
package headers
