package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hackney-go/hackney/internal/golden"
)

// unused is the port that nobody listens on.
const unused = "18099"

// listener is an address of a scenario, with the scripts of its connections.
type listener struct {
	name, address string
	tls           bool
	conns         []connection
}

// listeners are those of a scenario, in the order in which they occur. The first
// is called server, the others server-2 and so on.
func listeners(s *scenario) (list []listener) {
	for _, c := range s.Server {
		i := slices.IndexFunc(list, func(l listener) bool { return l.address == c.Listener })
		if i < 0 {
			name := "server"
			if len(list) > 0 {
				name = fmt.Sprintf("server-%d", len(list)+1)
			}
			i = len(list)
			list = append(list, listener{name: name, address: c.Listener, tls: c.TLS})
		}
		list[i].conns = append(list[i].conns, c)
	}
	return list
}

// serverLines are the commands that start the servers.
func serverLines(s *scenario) (lines []string) {
	for _, l := range listeners(s) {
		words := []string{"server", "partly"} // ours may end sooner; what went over the wire is compared
		if l.name != "server" {
			words = append(words, l.name)
		}
		if l.tls {
			words = append(words, "tls")
		}
		lines = append(lines, command(append(words, "at", l.address)))
	}
	for _, c := range s.Calls {
		if strings.Contains(c.ArgsText, unused) {
			return append(lines, "nobody 127.0.0.1:"+unused)
		}
	}
	return lines
}

// section is a part of a script.
type section struct{ name, text string }

func serverSections(s *scenario) (list []section, err error) {
	for _, l := range listeners(s) {
		var lines []string
		kept := keptOnRedirect(s, l)
		if kept {
			lines = append(lines, "# 0.6.0 made a connection for each of these answers")
		}
		for i, c := range l.conns {
			if len(l.conns) > 1 && !kept {
				lines = append(lines, "connection")
			}
			for j := range c.Steps {
				more, err := stepLines(c.Steps, j)
				if err != nil {
					return nil, fmt.Errorf("connection %d, step %d: %w", i+1, j+1, err)
				}
				lines = append(lines, more...)
			}
		}
		if len(lines) == 0 {
			lines = []string{"# takes one connection and sends nothing"}
		}
		list = append(list, section{l.name, strings.Join(lines, "\n") + "\n"})
	}
	return list, nil
}

// keptOnRedirect says whether the connections of a listener are for one request each,
// the next of which a redirect has led to: who keeps the first needs no other.
func keptOnRedirect(s *scenario, l listener) bool {
	return s.Area == "redirect" && len(l.conns) > 1 && !slices.ContainsFunc(l.conns, func(c connection) bool {
		return len(c.Steps) != 1 || c.Steps[0].Wait != "request" || c.Steps[0].Then != "keep"
	})
}

var ends = map[string]string{"keep": "", "close": "close", "reset": "reset"}

// stepLines writes the step at i of a connection.
func stepLines(steps []step, i int) (lines []string, err error) {
	s := steps[i]
	begin, err := waitLine(steps, i)
	if err != nil {
		return nil, err
	}
	if begin != "" {
		lines = append(lines, begin)
	}
	if s.Delay > 0 {
		lines = append(lines, fmt.Sprintf("delay %dms", s.Delay))
	}
	lines = append(lines, sendLines(s.Send)...)
	end, ok := ends[s.Then]
	if !ok {
		return nil, fmt.Errorf("unknown end %q", s.Then)
	}
	if end != "" {
		lines = append(lines, end)
	}
	return lines, nil
}

var waits = map[string]string{
	"request": "wait request", "head": "wait head", "chunked_end": "wait last-chunk", "open": "wait nothing",
}

// waitLine is how the step at i begins. One that waits for nothing, behind one that
// has sent something, is just its next segment; a delay says so by itself.
func waitLine(steps []step, i int) (string, error) {
	s := steps[i]
	if line, ok := waits[s.Wait]; ok {
		return line, nil
	}
	if n, ok := strings.CutPrefix(s.Wait, "bytes:"); ok {
		return "wait bytes " + n, nil
	}
	if n, ok := strings.CutPrefix(s.Wait, "quiet_ms:"); ok {
		return "wait quiet " + n + "ms", nil
	}
	if s.Wait != "previous" {
		return "", fmt.Errorf("unknown wait %q", s.Wait)
	}
	behind := i > 0 && steps[i-1].Then == "keep" && len(steps[i-1].Send) > 0
	switch {
	case behind && s.Delay > 0:
		return "", nil
	case behind && len(s.Send) > 0:
		return "next", nil
	}
	return "wait nothing", nil
}

var endings = map[string]string{
	"client_closed":                      golden.EndedByClient,
	"client_closed_early":                golden.EndedByClient,
	"{client_closed_early,closed}":       golden.EndedByClient,
	"server_closed":                      golden.EndedByServer,
	"server_reset":                       golden.EndedByReset,
	"open_at_end":                        golden.EndedOpen,
	"{handshake_failed,bad_certificate}": golden.EndedInTLS,
}

// wireText is what went over all connections.
func wireText(s *scenario) (string, error) {
	var all strings.Builder
	for _, w := range s.Wire {
		ended, ok := endings[w.Ended]
		if !ok {
			return "", fmt.Errorf("unknown end %q of a connection", w.Ended)
		}
		all.WriteString(golden.Wire(w.Listener, w.Recv, ended))
	}
	return all.String(), nil
}
