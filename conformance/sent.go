package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/internal/golden"
	"github.com/hackney-go/hackney/internal/wiretest"
)

// what reads SECTION|REGEXP [SERVER] [N].
func (s *session) whatWas(args []string) (what string, srv *server, conn int, err error) {
	if len(args) < 1 || len(args) > 3 {
		return "", nil, 0, usagef("want what, and maybe the name of a server and the number of a connection")
	}
	name, conn := mainServer, 1
	for _, arg := range args[1:] {
		if n, err := strconv.Atoi(arg); err == nil {
			conn = n
		} else {
			name = arg
		}
	}
	srv, err = s.findServer(name)
	if err == nil && srv.heard != nil && conn > len(srv.looked) && conn <= maxHeard {
		srv.looked = append(srv.looked, make([]looked, conn-len(srv.looked))...) // there is no script that says how many
	}
	if err == nil && (conn < 1 || conn > len(srv.looked)) {
		err = usagef("the script of %s has no connection %d", name, conn)
	}
	return args[0], srv, conn - 1, err
}

// maxHeard bounds the numbers of connections to a real server.
const maxHeard = 1 << 10

// looked is how much of a connection's bytes the checks have seen.
type looked struct {
	bytes   int
	section *golden.Section // of the last that has looked, nil for none
}

// saw notes that a check has seen n bytes more.
func (srv *server) saw(conn, n int, section *golden.Section) {
	l := &srv.looked[conn]
	l.bytes, l.section = l.bytes+n, section
}

// seen is what checks have looked at so far: the bytes of each connection, and the log.
type seen struct {
	looked [][]looked
	errors []swallowed
	wired  []int
}

func (s *session) seen() (all seen) {
	for _, srv := range s.servers {
		all.looked = append(all.looked, slices.Clone(srv.looked))
	}
	all.errors, all.wired = s.swallowed, s.wired
	return all
}

// unsee goes back to what had been seen.
func (s *session) unsee(before seen) {
	for i, srv := range s.servers {
		clear(srv.looked)
		copy(srv.looked, before.looked[i])
	}
	s.swallowed, s.wired = before.errors, before.wired
}

// unlooked are the bytes that a connection received and no check has seen yet.
func (srv *server) unlooked(conn int) []byte {
	got := srv.Received(conn)
	return got[min(len(got), srv.looked[conn].bytes):]
}

// pattern is a line of what should have been sent: bytes, or, behind a ~, a
// regular expression for the bytes up to the end of a line.
type pattern struct {
	data []byte
	re   *regexp.Regexp
	text string
}

// patterns reads a section of "> bytes" and "~ regexp" lines.
func (s *session) patterns(section *golden.Section) (list []pattern, err error) {
	line := section.Line
	for text := range strings.Lines(section.Text) {
		p, err := s.pattern(strings.TrimSuffix(text, "\n"))
		if err != nil {
			return nil, usageError{&golden.LineError{File: section.File, Line: line, Err: err}}
		}
		list = append(list, p)
		line++
	}
	return list, nil
}

func (s *session) pattern(text string) (p pattern, err error) {
	p.text = text
	if re, ok := strings.CutPrefix(text, "~ "); ok {
		p.re, err = regexp.Compile("^(?:" + re + ")$")
		return p, err
	}
	data, ok := strings.CutPrefix(text, "> ")
	if !ok && text != ">" {
		return p, errors.New(`want a line that begins with "> " or "~ "`)
	}
	p.data, err = golden.Unquote(data, s.variable)
	return p, err
}

// match holds got against the patterns. It says how many bytes they take, and
// whether more bytes could make them match.
func match(list []pattern, got []byte) (n int, ok, more bool) {
	for _, p := range list {
		rest := got[n:]
		if p.re != nil {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				return n, false, true
			}
			if !p.re.Match(bytes.TrimSuffix(rest[:i], []byte("\r"))) {
				return n, false, false
			}
			n += i + 1
			continue
		}
		if !bytes.HasPrefix(rest, p.data) {
			return n, false, bytes.HasPrefix(p.data, rest)
		}
		n += len(p.data)
	}
	return n, true, false
}

// patternsFor reads SECTION [SERVER] [N], and the patterns in the section.
func (s *session) patternsFor(args []string) (section *golden.Section, list []pattern, srv *server, conn int, err error) {
	name, srv, conn, err := s.whatWas(args)
	if err != nil {
		return nil, nil, nil, 0, err
	}
	if section, err = s.section(name); err != nil {
		return nil, nil, nil, 0, err
	}
	list, err = s.patterns(section)
	return section, list, srv, conn, err
}

// wantSent compares the bytes that a connection received, from where the last
// check of the kind ended.
func wantSent(s *session, args []string) error {
	section, list, srv, conn, err := s.patternsFor(args)
	if err != nil {
		return err
	}
	n, ok := s.matchSent(list, srv, conn)
	if ok {
		srv.saw(conn, n, section)
		return s.matched(section)
	}
	s.settleServers()
	got := srv.unlooked(conn)
	srv.saw(conn, len(got), section)
	if s.updates != nil {
		return s.update(section.Name, s.rewritten(list, got))
	}
	return s.sentDiffers(section, list, got)
}

// matchSent waits until what was sent matches, or cannot any more. No lines at all
// match nothing at all.
func (s *session) matchSent(list []pattern, srv *server, conn int) (n int, ok bool) {
	if len(list) == 0 {
		s.settleServers()
		return 0, len(srv.unlooked(conn)) == 0
	}
	s.eventually(func() bool {
		var more bool
		n, ok, more = match(list, srv.unlooked(conn))
		return ok || !more
	})
	return n, ok
}

// sentDiffers shows what differs, line by line.
func (s *session) sentDiffers(section *golden.Section, list []pattern, got []byte) error {
	var want []string
	have := lines(s.withPlaceholders(quoted("> ", got)))
	for _, p := range list {
		i := len(want)
		switch {
		case p.re == nil:
			want = append(want, lines(s.withPlaceholders(quoted("> ", p.data)))...)
		case i < len(have) && p.re.MatchString(bareLine(have[i])): // a line that matches its pattern is no difference
			want = append(want, have[i])
		default:
			want = append(want, p.text)
		}
	}
	return differs("what was sent differs from section %s, at %s:%d (-want +got):\n%s",
		section.Name, section.File, section.Line, cmp.Diff(want, have))
}

func bareLine(quoted string) string {
	b, _ := golden.Unquote(strings.TrimPrefix(quoted, "> "), nil)
	return strings.TrimRight(string(b), "\r\n")
}

// wantSentFields compares one request: its line and its body exactly, its fields
// as a set.
func wantSentFields(s *session, args []string) error {
	section, list, srv, conn, err := s.patternsFor(args)
	if err != nil {
		return err
	}
	msg, err := s.nextRequest(srv, conn, section)
	if err != nil {
		return err
	}
	have := parts(msg)
	want := wantedParts(list, have)
	if slices.Equal(want, have) {
		return s.matched(section)
	}
	if s.updates != nil {
		return s.update(section.Name, s.rewritten(list, msg.Raw))
	}
	return differs("the request differs from section %s, at %s:%d (-want +got):\n%s",
		section.Name, section.File, section.Line, cmp.Diff(want, have))
}

// nextRequest waits for the next whole request on a connection, and takes it.
func (s *session) nextRequest(srv *server, conn int, section *golden.Section) (msg wiretest.Message, err error) {
	var whole bool
	s.eventually(func() bool {
		var msgs []wiretest.Message
		msgs, _, err = wiretest.Split(srv.unlooked(conn))
		if whole = len(msgs) > 0; whole {
			msg, err = msgs[0], nil
		}
		return whole || err != nil
	})
	if err != nil {
		return msg, differs("what was sent is no request: %w", err)
	}
	if !whole {
		return msg, differs("no whole request was sent, only %s", golden.Brief(srv.unlooked(conn)))
	}
	srv.saw(conn, len(msg.Raw), section)
	return msg, nil
}

// parts are the request line, the field lines in order, and the body with its framing.
func parts(m wiretest.Message) []string {
	fields := slices.Sorted(slices.Values(m.Lines()))
	list := append([]string{m.RequestLine()}, fields...)
	return append(list, bodyLines(m.Raw[len(m.Head):])...)
}

// bodyLines shows a body behind the fields.
func bodyLines(b []byte) []string {
	if len(b) == 0 {
		return []string{"body none"}
	}
	return lines(quoted("body ", b))
}

// wantedParts are the parts that patterns ask for. A pattern stands for the first
// line of have that it matches and nothing else asks for, or else for itself.
func wantedParts(list []pattern, have []string) []string {
	var head []string
	var patterns []pattern
	var text []byte
	for _, p := range list {
		if p.re != nil {
			patterns = append(patterns, p)
			continue
		}
		text = append(text, p.data...)
	}
	first, rest, _ := bytes.Cut(text, []byte("\r\n"))
	fields, body, _ := bytes.Cut(rest, []byte("\r\n\r\n"))
	if after, ok := bytes.CutPrefix(rest, []byte("\r\n")); ok { // no field but patterns
		fields, body = nil, after
	}
	for line := range strings.SplitSeq(string(fields), "\r\n") {
		if line != "" {
			head = append(head, line)
		}
	}
	for _, p := range patterns {
		i := slices.IndexFunc(have, func(h string) bool { return p.re.MatchString(h) && !slices.Contains(head, h) })
		if i < 0 {
			head = append(head, p.text)
		} else {
			head = append(head, have[i])
		}
	}
	slices.Sort(head)
	return append(append([]string{string(first)}, head...), bodyLines(body)...)
}

// rewritten is a section for what was sent, with those patterns that still match a line.
func (s *session) rewritten(list []pattern, got []byte) string {
	literal := map[string]bool{}
	var patterns []pattern
	for _, p := range list {
		if p.re != nil {
			patterns = append(patterns, p)
		}
		for line := range strings.Lines(string(p.data)) {
			literal[line] = true
		}
	}
	var w strings.Builder
	for line := range strings.Lines(string(got)) {
		bare, whole := strings.CutSuffix(line, "\n")
		i := slices.IndexFunc(patterns, func(p pattern) bool { return p.re.MatchString(strings.TrimSuffix(bare, "\r")) })
		if !whole || literal[line] || i < 0 {
			w.WriteString(s.withPlaceholders(quoted("> ", []byte(line))))
			continue
		}
		w.WriteString(patterns[i].text + "\n")
		patterns = slices.Delete(patterns, i, i+1)
	}
	return w.String()
}

// wantSentLine says whether some line of what was sent matches.
func wantSentLine(s *session, args []string) error {
	text, srv, conn, err := s.whatWas(args)
	if err != nil {
		return err
	}
	re, err := regexp.Compile("(?m)^(?:" + text + ")\r?$")
	if err != nil {
		return usagef("%w", err)
	}
	if !s.eventually(func() bool { return re.Match(srv.Received(conn)) }) {
		return differs("no line that was sent matches %q (-none +got):\n%s", text, cmp.Diff([]string{}, golden.QuoteLines(srv.Received(conn))))
	}
	return nil
}

func wantConnections(s *session, args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return usagef("want connections N [SERVER]")
	}
	srv, err := s.findServer(strings.Join(append(args[1:], mainServer)[:1], ""))
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return usagef("%q is no number", args[0])
	}
	s.accepted(srv)
	if !s.eventually(func() bool { return srv.Conns() >= n }) || srv.Conns() != n {
		return differs("there were %d, want %d", srv.Conns(), n)
	}
	return nil
}

// wantWire compares all that went over the wire in its normal form, in the order
// in which the connections were made.
func wantWire(s *session, args []string) error {
	if len(args) != 1 {
		return usagef("want wire SECTION")
	}
	want := ""
	if section, err := s.section(args[0]); err == nil {
		want = section.Text
	}
	s.eventually(func() bool {
		s.settleServers()
		return s.wire() == want
	})
	s.wired = append([]int{}, s.carried()...)
	return s.compare(args[0], s.wire())
}

// carried are the bytes of each connection to a server with an address of the script's.
func (s *session) carried() (list []int) {
	conns := map[*server]int{}
	for _, srv := range s.routes.dialed() {
		list = append(list, len(srv.Received(conns[srv])))
		conns[srv]++
	}
	return list
}

// unwired says what went over the wire behind the last "want wire".
func (s *session) unwired() error {
	now := s.carried()
	if s.wired == nil || slices.Equal(s.wired, now) {
		return nil
	}
	if len(now) > len(s.wired) {
		return fmt.Errorf("%s: a connection was made that no want wire has compared", s.script.Path)
	}
	return fmt.Errorf("%s: bytes were sent that no want wire has compared", s.script.Path)
}

func (s *session) wire() string {
	var w strings.Builder
	conns := map[*server]int{}
	for _, srv := range s.routes.dialed() {
		i := conns[srv]
		conns[srv]++
		w.WriteString(golden.Wire(srv.at, srv.Received(i), golden.Ended(srv.Ended(i))))
	}
	return w.String()
}

// unseen says which bytes were sent behind those that "want sent" looked at.
func (srv *server) unseen() error {
	for conn, l := range srv.looked {
		if rest := srv.unlooked(conn); l.section != nil && len(rest) > 0 {
			err := fmt.Errorf("%d bytes were sent that no want sent has looked at: %s", len(rest), golden.Brief(rest))
			return &golden.LineError{
				File: l.section.File, Line: l.section.Line,
				Err: fmt.Errorf("section %s, and behind it on connection %d of %s: %w", l.section.Name, conn+1, srv.name, err),
			}
		}
	}
	return nil
}
