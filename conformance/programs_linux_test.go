package conformance_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/conformance"
)

// TestDriveEnds ends scripts whose programs do not end by themselves.
func TestDriveEnds(t *testing.T) {
	over := errors.New("that is enough")
	const hold = "echo; sleep 1000 & sleep 1000"
	for _, c := range []struct {
		name, text string
		cancelled  bool // when it has come to its last line
		want       []string
	}{
		{"a program", "url-encode a\nexec sleep 1000\n", true, []string{":2: unexpected command failure", "that is enough"}},
		{"a program that fails as it should", "url-encode a\n! exec sleep 1000\n", true, []string{"that is enough"}},
		{"a program in the background", "exec sleep 1000 &\nurl-encode a\nwait\n", true, []string{"that is enough"}},
		{"a program that has started another", "url-encode a\nexec sh -c '" + hold + "'\n", true, []string{":2: unexpected", "that is enough"}},
		{"one behind the other", "url-encode a\n! exec sh -c '" + hold + "'\n! exec sleep 1000\n", true, []string{"that is enough"}},
		{"a time", "# time: 300ms\nexec sh -c '" + hold + "'\n", false, []string{":2: ", "the time of the script, 300ms, is over"}},
		{"a time without a program", "# time: 100ms\nserver at h:80\nserver b full at b:80\n! get http://b/\n-- server --\n", false, []string{"the time of the script, 100ms, is over"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			r := conformance.Runner{Context: ctx, Watch: func(conformance.Transition) {
				if c.cancelled {
					cancel(over)
				}
			}}
			err := r.Drive(written(t, c.text))
			if err == nil || errors.Is(err, over) != c.cancelled {
				t.Fatalf("the error is %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error is %v, want %q in it", err, want)
				}
			}
		})
	}
}
