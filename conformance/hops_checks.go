package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hackney-go/hackney/hackney"
)

// wantRedirects compares the redirects that were followed, a line for each; without a
// section there must be none.
func wantRedirects(s *session, args []string) error {
	var followed strings.Builder
	hops := s.cs.Redirects()
	for _, hop := range hops {
		fmt.Fprintf(&followed, "%s %s %d %s\n", hop.Method, hop.URL, hop.Status, hop.Location)
	}
	switch {
	case len(args) > 0:
		return section(func(*session) string { return followed.String() })(s, args)
	case len(hops) > 0:
		return differs("%s followed:\n%s", wereFollowed(len(hops)), followed.String())
	}
	return nil
}

func wereFollowed(n int) string {
	if n == 1 {
		return "1 was"
	}
	return strconv.Itoa(n) + " were"
}

// refusal is what a proxy said, where the last operation has failed by that.
func (s *session) refusal() (*hackney.ProxyError, error) {
	refused, ok := errors.AsType[*hackney.ProxyError](s.err)
	if !ok {
		return nil, differs("the last operation was not refused by a proxy%s", s.because())
	}
	return refused, nil
}

// wantProxyStatus compares the status of the proxy's answer, 0 where there is none.
func wantProxyStatus(s *session, args []string) error {
	refused, err := s.refusal()
	if err != nil {
		return err
	}
	return oneWord(func(*session) string { return strconv.Itoa(refused.Status) })(s, args)
}

func wantProxyReason(s *session, args []string) error {
	refused, err := s.refusal()
	if err != nil {
		return err
	}
	return text(func(*session) string { return refused.Reason })(s, args)
}

func wantProxyBody(s *session, args []string) error {
	refused, err := s.refusal()
	if err != nil {
		return err
	}
	return text(func(*session) string { return string(refused.Body) })(s, args)
}

func wantProxyHeader(s *session, args []string) error {
	refused, err := s.refusal()
	if err != nil {
		return err
	}
	return s.hasField(refused.Headers, args)
}

// wantCause compares the kind of the error that another one was made of.
func wantCause(s *session, args []string) error {
	inner := causeOf(s.err)
	if inner == nil {
		return differs("the last error has no cause%s", s.because())
	}
	if len(args) != 1 {
		return usagef("want cause KIND")
	}
	if err := knownKind(args[0], inner); err != nil {
		return err
	}
	if kind := errorKind(inner); kind != args[0] {
		return differs("it is of the kind %s, want %s: %v", kind, args[0], inner)
	}
	return nil
}

// causeOf is why a proxy could not be used, a redirect not followed, or an address
// not dialed; nil where there is no more to say.
func causeOf(err error) error {
	if refused, ok := errors.AsType[*hackney.ProxyError](err); ok {
		return refused.Err
	}
	if redirect, ok := errors.AsType[*hackney.RedirectError](err); ok {
		return deeper(redirect.Err)
	}
	if address, ok := errors.AsType[*hackney.AddressError](err); ok {
		return address.Err
	}
	return nil
}

// deeper is what stands behind the sentinel of a redirect's error.
func deeper(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	rest := slices.DeleteFunc(slices.Clone(joined.Unwrap()), func(e error) bool { return e == hackney.ErrBadLocation })
	return errors.Join(rest...)
}
