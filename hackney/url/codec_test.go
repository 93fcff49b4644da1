package url

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestEncode(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		opts           []EncodeOption
	}{
		{"urlencode_plain", "abcXYZ019", "abcXYZ019", nil},
		{"urlencode_space", "a b", "a+b", nil},
		{"urlencode_space_noplus", "a b", "a%20b", []EncodeOption{NoPlus}},
		{"urlencode_both", "a b/", "a%20b%2F", []EncodeOption{NoPlus, Upper}},
		{"both in one", "a b/", "a%20b%2F", []EncodeOption{NoPlus | Upper}},
		{"upper", "a b/", "a+b%2F", []EncodeOption{Upper}},
		{"unreserved", ".-~_", ".-~_", nil},
		{"others", "!*'()+&=%\x00\xff", "%21%2a%27%28%29%2b%26%3d%25%00%ff", nil},
		{"empty", "", "", nil},
	} {
		if got := Encode(c.in, c.opts...); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if got := string(AppendEncode([]byte("x="), c.in, c.opts...)); got != "x="+c.want {
			t.Errorf("%s: appended %q, want %q", c.name, got, "x="+c.want)
		}
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		opts           []DecodeOption
		bad            bool
	}{
		{name: "urldecode_nul_and_high", in: "%00%ff", want: "\x00\xff"},
		{name: "urldecode_bad_hex_crash", in: "%zz", bad: true},
		{name: "urldecode_short_crash", in: "abc%4", bad: true},
		{name: "urldecode_lone_percent_crash", in: "100%", bad: true},
		{name: "second digit", in: "%4g", bad: true},
		{name: "urldecode_bad_hex_skip", in: "%zz%4", want: "%zz%4", opts: []DecodeOption{Skip}},
		{name: "urldecode_lone_percent_skip", in: "100%", want: "100%", opts: []DecodeOption{Skip}},
		{name: "urldecode_bad_then_good_skip", in: "%%41", want: "%A", opts: []DecodeOption{Skip}},
		{name: "urldecode_crash_option", in: "a%20b", want: "a b", opts: []DecodeOption{Crash}},
		{name: "last option", in: "%", bad: true, opts: []DecodeOption{Skip, Crash}},
		{name: "urldecode_empty"},
		{name: "plus", in: "a+b%2B+", want: "a b+ "},
		{name: "plus alone", in: "a+b", want: "a b"},
		{name: "case of digits", in: "%aB%Ab", want: "\xab\xab"},
	} {
		got, err := Decode(c.in, c.opts...)
		if got != c.want || errors.Is(err, ErrEscape) != c.bad || (err != nil) != c.bad {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

func TestDecodeErrorNamesTheOffset(t *testing.T) {
	_, err := Decode("a%41%4s3cret")
	if want := "url: decode: bad percent escape: at byte 4"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestCodecRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		opts := rapid.SliceOf(rapid.SampledFrom([]EncodeOption{NoPlus, Upper})).Draw(t, "options")
		if got, err := Decode(Encode(s, opts...)); err != nil || got != s {
			t.Errorf("%q became %q, %v", s, got, err)
		}
	})
}
