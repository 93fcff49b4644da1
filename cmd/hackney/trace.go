package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/url"
)

// tracer prints the steps of a request.
type tracer struct {
	out     io.Writer
	through string // what there is to say of the way of the next connection
}

// step prints a step as one line.
func (t *tracer) step(e hackney.TraceEvent) {
	line := fmt.Sprintf("%v %v -> %v", e.Op, e.From, e.To)
	if e.Op == hackney.OpConnect {
		line += t.through
	}
	if e.Err != nil {
		line += " error: " + e.Err.Error()
	}
	fmt.Fprintln(t.out, harmless(line))
}

// chosen takes note of the proxy for a target, "" for none.
func (t *tracer) chosen(proxy string, target url.URL, mode hackney.ProxyMode) {
	if t.through = ""; proxy == "" {
		return
	}
	scheme, rest, found := strings.Cut(proxy, "://")
	if !found {
		scheme, rest = url.HTTP, proxy
	}
	t.through = " through " + scheme + "://" + rest[strings.LastIndexByte(rest, '@')+1:]
	handed := mode == hackney.Forward && target.Scheme == url.HTTP
	if !handed && !strings.HasPrefix(strings.ToLower(scheme), "socks") {
		t.through += " by CONNECT " + target.HostPort()
	}
}

// printRedirects prints the redirects that were followed.
func printRedirects(w io.Writer, cs hackney.ClientState) {
	for _, r := range cs.Redirects() {
		fmt.Fprintln(w, harmless(fmt.Sprintf("Redirect %d %s %s -> %s", r.Status, r.Method, r.URL, r.Location)))
	}
}
