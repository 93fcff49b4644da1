package form

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzEncode: any names and values come back as they were, and nothing is on the wire that could
// end a field, a line or a message.
func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", "a b", "a&b=c", "%41%", "é\x00\xff", "\r\nX: y", "+", "a;b", "true"} {
		f.Add(s, s, false, "k", "v")
		f.Add("k", s, true, s, s)
	}
	f.Fuzz(func(t *testing.T, n1, v1 string, isBare bool, n2, v2 string) {
		want := []Field{pair(n1, v1), pair(n2, v2)}
		if isBare && n2 != "" {
			want[1] = bare(n2)
		}
		body := string(Encode(want))
		if i := strings.IndexFunc(body, func(r rune) bool { return r <= ' ' || r >= 0x7f }); i >= 0 || strings.Count(body, "&") != 1 {
			t.Fatalf("%q is no form of two fields", body)
		}
		got, err := Decode(body)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%q: %v, -want +got\n%s", body, err, diff)
		}
	})
}
