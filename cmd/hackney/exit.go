package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/hackney-go/hackney/hackney"
)

// Exit codes.
const (
	exitAnswer   = 0
	exitSurprise = 1 // of demo and drive: something went otherwise than promised
	exitCaller   = 2
	exitPeer     = 3
	exitNetwork  = 4
	exitLimit    = 5
)

var exitCodes = map[hackney.Blame]int{
	hackney.BlameCaller:  exitCaller,
	hackney.BlamePeer:    exitPeer,
	hackney.BlameNetwork: exitNetwork,
	hackney.BlameLimit:   exitLimit,
}

// report prints an error as one line and gives the exit code.
func (a *app) report(ctx context.Context, err error) int {
	if err == nil {
		return exitAnswer
	}
	fmt.Fprintln(a.stderr, "hackney:", oneLine(err))
	return exitCode(ctx, err)
}

func exitCode(ctx context.Context, err error) int {
	var s signalError
	switch {
	case errors.Is(err, errSurprise), errors.Is(err, errScripts):
		return exitSurprise
	case errors.As(err, &s), errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &s):
		return s.exitCode()
	}
	return exitCodes[hackney.BlameOf(err)]
}

// oneLine is the text of an error, which may quote a peer, as one line that does
// a terminal no harm.
func oneLine(err error) string {
	return harmless(err.Error())
}

// harmless puts blanks in place of control characters, but for those that are
// allowed.
func harmless(text string, allowed ...rune) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !slices.Contains(allowed, r) {
			return ' '
		}
		return r
	}, text)
}

// userInfo is that of a URL, which may hold a password.
var userInfo = regexp.MustCompile(`://[^/\s]*@`)

// withoutSecrets hides the user info of URLs in a text.
func withoutSecrets(text string) string { return userInfo.ReplaceAllString(text, "://xxxxx@") }

// usageError is a command line that cannot be understood.
type usageError struct{ error }

// quotes are the places where the parser's errors quote arguments that may hold a
// password, with what to put there.
var quotes = []struct {
	re      *regexp.Regexp
	instead string
}{
	{userInfo, "://xxxxx@"},
	{regexp.MustCompile(`^(unexpected argument [^:]*:).*`), "${1}xxxxx"},                                                     // -u may have been forgotten before it
	{regexp.MustCompile(`^(--(?:proxy-)?user): .*`), `${1}: want USER:PASSWORD; one that begins with a dash goes as ${1}=…`}, // -u -x:y
	{regexp.MustCompile(`^--proxy: .*`), `--proxy: want a URL`},                                                              // one may begin with a user
}

func (e usageError) Error() string {
	text := e.error.Error()
	for _, q := range quotes {
		text = q.re.ReplaceAllString(text, q.instead)
	}
	return text + " (hackney --help tells more)"
}

func (e usageError) Unwrap() error { return e.error }

// stepError says in which step of a request an error came.
type stepError struct {
	step string
	error
}

func (e *stepError) Unwrap() error { return e.error }

// opOf is what was being done when err came, as exactly as it is known.
func opOf(err error) string {
	var (
		network *hackney.TransportError
		state   *hackney.StateError
		proxy   *hackney.ProxyError
		step    *stepError
	)
	switch {
	case errors.As(err, &network):
		return network.Op
	case errors.As(err, &state):
		return state.Op.String()
	case errors.As(err, &proxy):
		return "connect through proxy"
	case errors.As(err, &step):
		return step.step
	}
	return ""
}
