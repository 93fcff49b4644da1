package url

import (
	"errors"
	"testing"
)

// TestDecodeNamesTheFirst holds which of several bad escapes an error names.
func TestDecodeNamesTheFirst(t *testing.T) {
	for in, want := range map[string]string{"a%zz%yy": "at byte 1", "%41%4%": "at byte 3", "+%": "at byte 1"} {
		_, err := Decode(in)
		var e *Error
		if !errors.As(err, &e) || e.Reason != want {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}
