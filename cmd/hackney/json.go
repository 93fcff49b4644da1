package main

import (
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
)

// answer is the object that --json prints.
type answer struct {
	Status    int           `json:"status"` // 0 when no answer came
	Reason    string        `json:"reason"`
	Version   string        `json:"version"`
	Headers   [][2]string   `json:"headers"`
	Trailers  [][2]string   `json:"trailers"`
	Interim   []interimHead `json:"interim"`
	Redirects []redirect    `json:"redirects"` // that were followed
	Body      []byte        `json:"body"`      // base64; null when it was not read, or is in a file
	State     string        `json:"state"`
	Reused    bool          `json:"reused"`
	Kept      string        `json:"kept"` // what became of the connection
	Error     *fault        `json:"error"`
}

type interimHead struct {
	Status  int         `json:"status"`
	Reason  string      `json:"reason"`
	Headers [][2]string `json:"headers"`
}

// redirect is an answer that was followed.
type redirect struct {
	Status   int    `json:"status"`
	Method   string `json:"method"` // of the request that it answers
	URL      string `json:"url"`
	Location string `json:"location"`
}

// fault is an error: whose it was, what was being done, and what happened.
type fault struct {
	Blame   hackney.Blame `json:"blame"`
	Op      string        `json:"op"`
	Message string        `json:"message"`
}

// printJSON prints what is known of the exchange, which may have ended with err.
func (x *exchange) printJSON(err error) error {
	cs := x.cs
	a := answer{
		Status: cs.Status(), Reason: text(cs.Reason()), Version: cs.Version(),
		Headers: pairs(cs.Headers()), Trailers: pairs(cs.Trailers()), Interim: []interimHead{}, Redirects: redirectsOf(cs),
		Body: x.body, State: cs.String(), Reused: cs.Reused(), Kept: cs.Kept().String(), Error: faultOf(err),
	}
	for _, i := range cs.Interim() {
		a.Interim = append(a.Interim, interimHead{i.Status, text(i.Reason), pairs(i.Headers)})
	}
	return encode(x.app.stdout, a)
}

// faultOf is an error as it is shown, nil for none.
func faultOf(err error) *fault {
	if err == nil {
		return nil
	}
	return &fault{hackney.BlameOf(err), opOf(err), oneLine(err)}
}

// redirectsOf are the redirects that were followed.
func redirectsOf(cs hackney.ClientState) []redirect {
	list := []redirect{}
	for _, r := range cs.Redirects() {
		list = append(list, redirect{r.Status, r.Method, text(r.URL), text(r.Location)})
	}
	return list
}

// encode prints an object on a line.
func encode(w io.Writer, object any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(object)
}

func pairs(h *headers.Headers) [][2]string {
	list := make([][2]string, 0, h.Len())
	for name, value := range h.All() {
		list = append(list, [2]string{name, text(value)})
	}
	return list
}

// text is s for JSON, which is all Unicode. What is not UTF-8 is taken as ISO
// 8859-1, as fields were of old (RFC 9110, 5.5), so that no byte is lost.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}
