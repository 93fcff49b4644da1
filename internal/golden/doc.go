// Package golden is what golden scripts are made of: archives whose sections know
// their lines, a readable notation for bytes, the scripts of servers, and the
// normal form in which two recordings of one exchange can be compared.
//
// It does no I/O and knows no client; package conformance puts it to work.
package golden
