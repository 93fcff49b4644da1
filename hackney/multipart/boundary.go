package multipart

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
)

// random fills b with random bytes; tests put a source of their own in its place.
var random = func(b []byte) { rand.Read(b) } // which never fails

// NewBoundary gives a boundary of 27 dashes and 16 letters, as hackney's are
// (hackney_multipart:boundary/0), that nobody can guess.
func NewBoundary() string {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	b := make([]byte, 16)
	random(b)
	for i := range b {
		for b[i] >= 256/26*26 { // that all letters come equally often
			random(b[i : i+1])
		}
		b[i] = letters[b[i]%26]
	}
	return strings.Repeat("-", 27) + string(b)
}

// BoundaryFor is a NewBoundary that is in no part whose content is at hand.
func BoundaryFor(parts ...Part) string {
	for {
		if b := NewBoundary(); !occurs([]byte(b), parts) {
			return b
		}
	}
}

func occurs(boundary []byte, parts []Part) bool {
	for i := range parts {
		if bytes.Contains(parts[i].content, boundary) {
			return true
		}
	}
	return false
}

var errBoundary = errors.New("multipart: a boundary has 1 to 70 of the characters of RFC 2046, 5.1.1, and no blank at its end")

// CheckBoundary holds a boundary against RFC 2046, 5.1.1.
func CheckBoundary(boundary string) error {
	if n := len(boundary); n == 0 || n > 70 || boundary[n-1] == ' ' {
		return errBoundary
	}
	for _, c := range []byte(boundary) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("'()+_,-./:=? ", c) < 0 {
			return errBoundary
		}
	}
	return nil
}

// ContentType is the Content-Type of a form with that boundary, which CheckBoundary
// must take. It is quoted where it is no token (RFC 2045, 5.1).
func ContentType(boundary string) string {
	if strings.ContainsAny(boundary, "(),/:=? ") { // no token
		boundary = `"` + boundary + `"`
	}
	return "multipart/form-data; boundary=" + boundary
}
