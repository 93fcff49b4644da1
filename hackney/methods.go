package hackney

import (
	"context"

	"github.com/hackney-go/hackney/hackney/headers"
)

// The verbs of hackney, each a Request with that method. CONNECT goes through
// Request alone.

// Delete is Request with the method DELETE (hackney:delete/1 to delete/4).
func Delete(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "DELETE", rawURL, h, p, o)
}

// Get is Request with the method GET (hackney:get/1 to get/4).
func Get(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "GET", rawURL, h, p, o)
}

// Head is Request with the method HEAD (hackney:head/1 to head/4).
func Head(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "HEAD", rawURL, h, p, o)
}

// Post is Request with the method POST (hackney:post/1 to post/4).
func Post(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "POST", rawURL, h, p, o)
}

// Put is Request with the method PUT (hackney:put/1 to put/4).
func Put(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "PUT", rawURL, h, p, o)
}

// Options is Request with the method OPTIONS (hackney:options/1 to options/4).
func Options(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "OPTIONS", rawURL, h, p, o)
}

// Trace is Request with the method TRACE (hackney:trace/1 to trace/4).
func Trace(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "TRACE", rawURL, h, p, o)
}

// Copy is Request with the method COPY (hackney:copy/1 to copy/4).
func Copy(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "COPY", rawURL, h, p, o)
}

// Lock is Request with the method LOCK (hackney:lock/1 to lock/4).
func Lock(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "LOCK", rawURL, h, p, o)
}

// Mkcol is Request with the method MKCOL (hackney:mkcol/1 to mkcol/4).
func Mkcol(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "MKCOL", rawURL, h, p, o)
}

// Move is Request with the method MOVE (hackney:move/1 to move/4).
func Move(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "MOVE", rawURL, h, p, o)
}

// Propfind is Request with the method PROPFIND (hackney:propfind/1 to propfind/4).
func Propfind(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "PROPFIND", rawURL, h, p, o)
}

// Proppatch is Request with the method PROPPATCH (hackney:proppatch/1 to proppatch/4).
func Proppatch(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "PROPPATCH", rawURL, h, p, o)
}

// Search is Request with the method SEARCH (hackney:search/1 to search/4).
func Search(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "SEARCH", rawURL, h, p, o)
}

// Unlock is Request with the method UNLOCK (hackney:unlock/1 to unlock/4).
func Unlock(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "UNLOCK", rawURL, h, p, o)
}

// Report is Request with the method REPORT (hackney:report/1 to report/4).
func Report(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "REPORT", rawURL, h, p, o)
}

// Mkactivity is Request with the method MKACTIVITY (hackney:mkactivity/1 to mkactivity/4).
func Mkactivity(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "MKACTIVITY", rawURL, h, p, o)
}

// Checkout is Request with the method CHECKOUT (hackney:checkout/1 to checkout/4).
func Checkout(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "CHECKOUT", rawURL, h, p, o)
}

// Merge is Request with the method MERGE (hackney:merge/1 to merge/4).
func Merge(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "MERGE", rawURL, h, p, o)
}

// Msearch is Request with the method M-SEARCH (hackney:msearch/1 to msearch/4). The method is that of UPnP; 0.6.0 sent MSEARCH.
func Msearch(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "M-SEARCH", rawURL, h, p, o)
}

// Notify is Request with the method NOTIFY (hackney:notify/1 to notify/4).
func Notify(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "NOTIFY", rawURL, h, p, o)
}

// Subscribe is Request with the method SUBSCRIBE (hackney:subscribe/1 to subscribe/4).
func Subscribe(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "SUBSCRIBE", rawURL, h, p, o)
}

// Unsubscribe is Request with the method UNSUBSCRIBE (hackney:unsubscribe/1 to unsubscribe/4).
func Unsubscribe(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "UNSUBSCRIBE", rawURL, h, p, o)
}

// Patch is Request with the method PATCH (hackney:patch/1 to patch/4).
func Patch(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "PATCH", rawURL, h, p, o)
}

// Purge is Request with the method PURGE (hackney:purge/1 to purge/4).
func Purge(ctx context.Context, rawURL string, h *headers.Headers, p Payload, o *Opts) (ClientState, error) {
	return Request(ctx, "PURGE", rawURL, h, p, o)
}
