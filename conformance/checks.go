package conformance

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/golden"
)

// check is a subject of the want command. It says what is wrong, nil if nothing
// is; a *usageError is a fault of the script.
type check struct {
	usage string
	run   func(s *session, args []string) error
}

// checks are the subjects of the want command.
var checks = map[string]check{
	"state":      {"WORD", oneOf(stateWords, func(s *session) string { return s.cs.ResponseState().String() })},
	"connection": {"connected|closed", oneOf([]string{"connected", "closed"}, func(s *session) string { return s.cs.ConnectionState().String() })},
	"body-state": {"waiting|done", oneOf([]string{"waiting", "done"}, func(s *session) string { return s.cs.BodyState().String() })},
	"client":     {"SECTION", section(func(s *session) string { return s.cs.String() + "\n" })},
	"legal":      {"OPERATION...", wantLegal},

	"status":         {"N", oneWord(func(s *session) string { return strconv.Itoa(s.cs.Status()) })},
	"reason":         {"TEXT", text(func(s *session) string { return s.cs.Reason() })},
	"version":        {"VERSION", oneWord(func(s *session) string { return s.cs.Version() })},
	"content-length": {"N", oneWord(func(s *session) string { return strconv.FormatInt(s.cs.ContentLength(), 10) })},
	"location":       {"TEXT", text(func(s *session) string { return s.cs.Location() })},
	"url":            {"TEXT", text(func(s *session) string { return s.cs.URL() })},
	"method":         {"METHOD", oneWord(func(s *session) string { return s.cs.Method() })},
	"boundary":       {"TEXT", text(func(s *session) string { return s.cs.Snapshot().MpBoundary })},
	"reused":         {"true|false", oneOf([]string{"true", "false"}, func(s *session) string { return strconv.FormatBool(s.cs.Reused()) })},

	"header":   {"NAME [VALUE]", wantHeader},
	"headers":  {"SECTION", section(func(s *session) string { return fieldLines(list(s.cs.Headers())) })},
	"trailers": {"SECTION", section(func(s *session) string { return fieldLines(list(s.cs.Trailers())) })},
	"interim":  {"STATUS...", wantInterim},

	"maybe-redirect": {"true|false", oneOf([]string{"true", "false"}, func(s *session) string { return strconv.FormatBool(s.cs.MaybeRedirect()) })},
	"redirects":      {"[SECTION]", wantRedirects},
	"proxy-status":   {"N", wantProxyStatus},
	"proxy-reason":   {"TEXT", wantProxyReason},
	"proxy-header":   {"NAME [VALUE]", wantProxyHeader},
	"proxy-body":     {"TEXT", wantProxyBody},
	"cause":          {"KIND", wantCause},

	"events": {"SECTION", wantEvents},

	"data":  {"DATA", wantData},
	"end":   {"", wantEnd},
	"error": {"KIND [REGEXP]", wantError},
	"blame": {"caller|peer|network|limit", oneOf(blames, func(s *session) string { return string(hackney.BlameOf(s.err)) })},

	"kept":      {"WORDS", wantKept},
	"pool-size": {"NAME N", wantPoolSize},

	"sent":        {"SECTION [SERVER] [N]", wantSent},
	"sent-fields": {"SECTION [SERVER] [N]", wantSentFields},
	"sent-line":   {"REGEXP [SERVER] [N]", wantSentLine},
	"connections": {"N [SERVER]", wantConnections},

	"log":  {"SECTION", wantLog},
	"wire": {"SECTION", wantWire},
}

// errDiffers is what a check found to be otherwise; "!" wants it.
type errDiffers struct{ error }

func differs(format string, args ...any) error { return errDiffers{fmt.Errorf(format, args...)} }

// want runs the want command: negated, the check must find a difference.
func want(s *session, negated bool, args []string) error {
	if len(args) == 0 {
		return usagef("want what? One of %s", strings.Join(sortedKeys(checks), " "))
	}
	check, ok := checks[args[0]]
	if !ok {
		return usagef("nothing is known of %q, want one of %s", args[0], strings.Join(sortedKeys(checks), " "))
	}
	if s.unknowable(args[0]) {
		s.passOver(commandLine(negated, "want", args))
		return nil
	}
	if updates := s.updates; negated && updates != nil {
		s.updates = nil // what should differ is not made the same
		defer func() { s.updates = updates }()
	}
	seen := s.seen()
	err := check.run(s, args[1:])
	if negated { // it says what is not there, and accounts for nothing
		s.unsee(seen)
	}
	var other errDiffers
	switch {
	case err != nil && !errors.As(err, &other):
		return err
	case negated && err == nil:
		return fmt.Errorf("%s: it is so, and should not be", strings.Join(args, " "))
	case negated:
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}

// oneWord compares a fact with the one argument.
func oneWord(fact func(*session) string) func(*session, []string) error {
	return func(s *session, args []string) error {
		if len(args) != 1 {
			return usagef("want one word")
		}
		if got := fact(s); got != args[0] {
			return differs("it is %q, want %q%s", got, args[0], s.because())
		}
		return nil
	}
}

// oneOf compares a fact with the one argument, which must be one of the words that
// there are: a word that is misspelled would never be so.
func oneOf(words []string, fact func(*session) string) func(*session, []string) error {
	compare := oneWord(fact)
	return func(s *session, args []string) error {
		if len(args) == 1 && !slices.Contains(words, args[0]) {
			return usagef("there is no %q, want one of %s", args[0], strings.Join(words, " "))
		}
		return compare(s, args)
	}
}

var stateWords = func() (words []string) {
	for state := hackney.StateStart; state <= hackney.StateAsync; state++ {
		words = append(words, state.String())
	}
	return words
}()

var blames = []string{
	string(hackney.BlameCaller), string(hackney.BlamePeer), string(hackney.BlameNetwork), string(hackney.BlameLimit),
}

// because adds the error of the last operation, which often is the reason.
func (s *session) because() string {
	if s.err == nil {
		return ""
	}
	return fmt.Sprintf(" (the last operation failed: %v)", s.err)
}

// text compares a fact with an argument in the notation.
func text(fact func(*session) string) func(*session, []string) error {
	return func(s *session, args []string) error {
		if len(args) != 1 {
			return usagef("want one text")
		}
		b, err := s.data(args[0])
		if err != nil {
			return err
		}
		if got := fact(s); got != string(b) {
			return differs("it is %q, want %q%s", got, b, s.because())
		}
		return nil
	}
}

// section compares a fact of several lines with a section.
func section(fact func(*session) string) func(*session, []string) error {
	return func(s *session, args []string) error {
		if len(args) != 1 {
			return usagef("want the name of a section")
		}
		return s.compare(args[0], fact(s))
	}
}

// compare holds a text against a section. Where it may, it rewrites the section.
func (s *session) compare(name, got string) error {
	got = s.withPlaceholders(got)
	section, err := s.section(name)
	if err != nil {
		if s.updates == nil {
			return err
		}
		return s.update(name, got)
	}
	if s.updates != nil {
		return s.update(name, got)
	}
	if section.Text == got {
		return nil
	}
	return differs("it differs from section %s, at %s:%d (-want +got):\n%s",
		name, section.File, section.Line, cmp.Diff(lines(section.Text), lines(got)))
}

func lines(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }

// update makes a section what it should be, once the script is over. It may be
// that already.
func (s *session) update(name, text string) error {
	section := s.script.Section(name)
	same := section != nil && section.Text == text
	if golden.IsRecorded(name) && !same {
		return differs("section %s was recorded from hackney 0.6.0 and is not rewritten", name)
	}
	if before, ok := s.updates[name]; ok && before != text {
		return differs("section %s would have to be two things: a check before this one found it otherwise (-before +now):\n%s",
			name, cmp.Diff(lines(before), lines(text)))
	}
	s.updates[name] = text
	return nil
}

// matched notes for updates that a section is what it should be.
func (s *session) matched(section *golden.Section) error {
	if s.updates == nil {
		return nil
	}
	return s.update(section.Name, section.Text)
}

var number = regexp.MustCompile(`\b[0-9]+\b`)

// withPlaceholders puts ${ADDR} and ${PORT} in place of what changes from run to run.
func (s *session) withPlaceholders(text string) string {
	for _, srv := range s.servers {
		if srv.at != "" {
			continue
		}
		prefix := ""
		if srv.name != mainServer {
			prefix = srv.name + "_"
		}
		if addr := s.vars[prefix+"ADDR"]; addr != "localhost" {
			text = strings.ReplaceAll(text, addr, "${"+prefix+"ADDR}")
		}
		port := s.vars[prefix+"PORT"]
		if len(port) < 4 { // one that did not come from the system
			continue
		}
		text = number.ReplaceAllStringFunc(text, func(n string) string {
			if n == port {
				return "${" + prefix + "PORT}"
			}
			return n
		})
	}
	return text
}

func fieldLines(fields [][2]string) string {
	var w strings.Builder
	for _, f := range fields {
		w.WriteString(noMarker(golden.Quote([]byte(f[0]+": "+f[1]))) + "\n")
	}
	return w.String()
}

func wantHeader(s *session, args []string) error { return s.hasField(s.cs.Headers(), args) }

// hasField looks for a field, and for one with a value.
func (s *session) hasField(h *headers.Headers, args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return usagef("want the NAME of a field, and maybe its VALUE")
	}
	values := h.Values(args[0])
	if len(values) == 0 {
		return differs("there is no field %s%s", args[0], s.because())
	}
	if len(args) == 1 {
		return nil
	}
	value, err := s.data(args[1])
	if err != nil {
		return err
	}
	if !slices.Contains(values, string(value)) {
		return differs("%s is %q, want %q", args[0], values, value)
	}
	return nil
}

func wantInterim(s *session, args []string) error {
	var got []string
	for _, interim := range s.cs.Interim() {
		got = append(got, strconv.Itoa(interim.Status))
	}
	return sameWords(got, args)
}

func wantLegal(s *session, args []string) error {
	var got, all []string
	for op := range hackney.Ops() {
		all = append(all, op.String())
	}
	for _, arg := range args {
		if !slices.Contains(all, arg) {
			return usagef("there is no operation %q, want some of %s", arg, strings.Join(all, " "))
		}
	}
	for _, op := range s.cs.Legal() {
		got = append(got, op.String())
	}
	return sameWords(got, args)
}

func sameWords(got, want []string) error {
	if !slices.Equal(got, want) {
		return differs("it is %q, want %q", strings.Join(got, " "), strings.Join(want, " "))
	}
	return nil
}

func wantData(s *session, args []string) error {
	if len(args) != 1 {
		return usagef("want data DATA, or data @SECTION")
	}
	b, err := s.data(args[0])
	if err != nil {
		return err
	}
	name, inSection := strings.CutPrefix(args[0], "@")
	if string(s.last.data) == string(b) {
		if inSection {
			return s.matched(s.script.Section(name))
		}
		return nil
	}
	if inSection && s.updates != nil {
		return s.update(name, quoted("", s.last.data))
	}
	return differs("(-want +got)%s:\n%s", s.because(), cmp.Diff(golden.QuoteLines(b), golden.QuoteLines(s.last.data)))
}

// quoted writes bytes in the notation, each line behind prefix.
func quoted(prefix string, b []byte) string {
	var w strings.Builder
	for _, line := range golden.QuoteLines(b) {
		w.WriteString(noMarker(prefix+line) + "\n")
	}
	return w.String()
}

// noMarker writes a line in the notation so that no archive takes it for the begin of
// a section.
func noMarker(line string) string {
	if rest, ok := strings.CutPrefix(line, "-- "); ok {
		return `\x2D- ` + rest
	}
	return line
}

// wantEnd says whether the last operation found the end of what it reads.
func wantEnd(s *session, args []string) error {
	if err := noMore(args); err != nil {
		return err
	}
	if s.last.outcome != gaveEnd {
		return differs("the last operation did not find the end%s", s.because())
	}
	return nil
}

// knownKind refuses a kind that no error has. The reason of a script's own is one.
func knownKind(kind string, err error) error {
	if _, own := errors.AsType[*scriptedError](err); own {
		return nil
	}
	var names []string
	for _, k := range errorKinds[1:] {
		names = append(names, k.name)
	}
	if names = append(names, otherKind); slices.Contains(names, kind) {
		return nil
	}
	return usagef("there is no kind of error %q, want one of %s", kind, strings.Join(slices.Compact(names), " "))
}

func wantError(s *session, args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return usagef("want error KIND [REGEXP]")
	}
	if err := knownKind(args[0], s.err); err != nil {
		return err
	}
	if s.err == nil {
		return differs("the last operation gave no error")
	}
	if n := len(s.swallowed); n > 0 && s.swallowed[n-1].operation == s.operations {
		s.swallowed = s.swallowed[: n-1 : n-1]
	}
	if kind := errorKind(s.err); kind != args[0] {
		return differs("it is of the kind %s, want %s: %v", kind, args[0], s.err)
	}
	if len(args) == 1 {
		return nil
	}
	re, err := regexp.Compile(args[1])
	if err != nil {
		return usagef("%w", err)
	}
	if !re.MatchString(s.err.Error()) {
		return differs("it reads %q, which does not match %q", s.err, args[1])
	}
	return nil
}

func wantLog(s *session, args []string) error {
	if s.log == nil {
		return usagef("there is no log: write the line log above the operations")
	}
	s.swallowed = nil
	return section(func(s *session) string { return s.log.String() })(s, args)
}
