package testserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mccutchen/go-httpbin/v2/httpbin"
)

// Route is one of the server's own routes.
type Route struct {
	Methods string // divided by blanks; GET stands for HEAD too
	Path    string // with {names} for the parts that vary
	Doc     string // what it answers

	serve http.HandlerFunc
}

// Limits on what a request can ask for.
const (
	maxBytes = 1 << 40  // length of a body that is not held in memory
	maxEcho  = 64 << 20 // length of a body that is
	maxPause = 10 * time.Second
)

var routes = []Route{
	{"POST PUT", "/echo", "the request's body and Content-Type; X-Request-Framing tells chunked or length=N, " +
		"X-Expect the request's Expect; ?duplex=1 answers while it reads", echo},
	{"POST PUT", "/sink", `reads the body: {"bytes":N,"sha256":"…"}`, sink},
	{"GET", "/chunks", "?n=5&size=100&delay=0s: a chunked body, flushed chunk by chunk", chunks},
	{"GET", "/trailers", "a chunked body with the trailers X-Bytes and X-Sha256", trailers},
	{"GET", "/bytes/{n}", "n bytes of a fixed pattern, with Content-Length", numBytes},
	{"GET", "/file", "?size=1048576: the same pattern, with ranges, ETag and Last-Modified", file},
	{"GET POST PUT", "/early", "413 at once, without reading the body; then closes", early},
	{"GET POST PUT", "/hang", "reads the request and never answers", hang},
	{"GET", "/cut", "announces 100 bytes, sends 10 and closes", cut},
	{"GET", "/hints", "103 Early Hints, then 200", hints},
}

// Routes lists the server's own routes; every other path is answered by httpbin.
func Routes() []Route { return append([]Route(nil), routes...) }

func handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes {
		for method := range strings.FieldsSeq(r.Methods) {
			mux.HandleFunc(method+" "+r.Path, r.serve)
		}
	}
	mux.Handle("/", httpbin.New(httpbin.WithMaxBodySize(maxEcho)))
	return mux
}

func echo(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Content-Type"] = r.Header["Content-Type"] // none of its own when there was none
	h.Set("X-Request-Framing", requestFraming(r))
	if e := r.Header.Get("Expect"); e != "" {
		h.Set("X-Expect", e)
	}
	if r.URL.Query().Has("duplex") {
		duplex(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEcho))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

// duplex sends every piece of the body as soon as it came. A client that does not
// read while it writes gets stuck when the buffers between are full.
func duplex(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	rc.EnableFullDuplex()
	if r.Header.Get("Expect") == "" {
		rc.Flush() // a client that expects 100 gets that first, with the first Read
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(buf)
		if n > 0 {
			w.Write(buf[:n])
			rc.Flush()
		}
		if err != nil {
			return
		}
	}
}

func requestFraming(r *http.Request) string {
	if len(r.TransferEncoding) > 0 {
		return "chunked"
	}
	return fmt.Sprintf("length=%d", r.ContentLength)
}

func sink(w http.ResponseWriter, r *http.Request) {
	sum := sha256.New()
	n, err := io.Copy(sum, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(struct {
		Bytes  int64  `json:"bytes"`
		SHA256 string `json:"sha256"`
	}{n, hex.EncodeToString(sum.Sum(nil))})
}

func chunks(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	n, err1 := number(q, "n", 5, 1<<20)
	size, err2 := number(q, "size", 100, 1<<20)
	delay, err3 := pause(q)
	if refused(w, err1, err2, err3) {
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	rc := http.NewResponseController(w)
	rc.Flush()
	for i := range n {
		if i > 0 && !sleep(r, delay) {
			return
		}
		// One write that does not fit into the server's buffer, or one flush of what does, is one chunk.
		if _, err := w.Write(bytes.Repeat([]byte{'a' + byte(i%26)}, int(size))); err != nil {
			return
		}
		rc.Flush()
	}
}

func trailers(w http.ResponseWriter, _ *http.Request) {
	body := []byte("The length and the hash of this text follow it.\n")
	sum := sha256.Sum256(body)
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Trailer", "X-Bytes, X-Sha256")
	w.Write(body)
	http.NewResponseController(w).Flush()
	h.Set("X-Bytes", strconv.Itoa(len(body)))
	h.Set("X-Sha256", hex.EncodeToString(sum[:]))
}

func numBytes(w http.ResponseWriter, r *http.Request) {
	n, err := parseNumber("n", r.PathValue("n"), maxBytes)
	if refused(w, err) {
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	if r.Method != http.MethodHead {
		NewContent(n).WriteTo(w)
	}
}

func file(w http.ResponseWriter, r *http.Request) {
	n, err := number(r.URL.Query(), "size", 1<<20, maxBytes)
	if refused(w, err) {
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", fmt.Sprintf(`"pattern-%d"`, n))
	modified := time.Date(2013, time.November, 1, 12, 0, 0, 0, time.UTC)
	http.ServeContent(w, r, "", modified, NewContent(n))
}

// early takes the connection over: net/http would read a part of the body first.
func early(w http.ResponseWriter, r *http.Request) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer c.Close()
	const text = "too large\n"
	fmt.Fprintf(c, "HTTP/1.1 413 Content Too Large\r\nContent-Type: text/plain\r\n"+
		"Content-Length: %d\r\nConnection: close\r\n\r\n%s", len(text), text)
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	// A close with unread bytes resets the connection, which may cost the client
	// the answer: give it a moment to take it.
	sleep(r, 500*time.Millisecond)
}

func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	io.WriteString(w, "0123456789")
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func hints(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Link", "</style.css>; rel=preload; as=style")
	w.WriteHeader(http.StatusEarlyHints)
	w.Header().Del("Link")
	io.WriteString(w, "hinted\n")
}

// refused answers 400 when there is an error among errs.
func refused(w http.ResponseWriter, errs ...error) bool {
	for _, err := range errs {
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return true
		}
	}
	return false
}

func number(q url.Values, name string, def, limit int64) (int64, error) {
	if !q.Has(name) {
		return def, nil
	}
	return parseNumber(name, q.Get(name), limit)
}

func parseNumber(name, s string, limit int64) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > limit {
		return 0, fmt.Errorf("%s is %q, want a number from 0 to %d", name, s, limit)
	}
	return n, nil
}

func pause(q url.Values) (time.Duration, error) {
	if !q.Has("delay") {
		return 0, nil
	}
	d, err := time.ParseDuration(q.Get("delay"))
	if err != nil || d < 0 || d > maxPause {
		return 0, fmt.Errorf("delay is %q, want a duration from 0s to %v", q.Get("delay"), maxPause)
	}
	return d, nil
}

// sleep reports whether the client was still there, and the server still open, when
// the time was over.
func sleep(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return r.Context().Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
