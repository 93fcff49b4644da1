package form

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/hackney-go/hackney/hackney/url"
)

func pair(name, value string) Field { return Field{Name: name, Value: value} }

func bare(name string) Field { return Field{Name: name, Bare: true} }

// The names with underscores are those of the transcripts of hackney 0.6.0.
func TestEncode(t *testing.T) {
	for _, c := range []struct {
		name   string
		fields []Field
		want   string
	}{
		{"form_encode_empty", nil, ""},
		{"form_encode_unreserved", []Field{pair("AZaz09.-~_", "!*'()")}, "AZaz09.-~_=%21%2a%27%28%29"},
		{"form_encode_empty_value", []Field{pair("a", ""), pair("", "v")}, "a=&=v"},
		{"form_encode_true", []Field{bare("a")}, "a"},
		{"bare fields have no value", []Field{{Name: "a", Value: "x", Bare: true}, pair("b", "c")}, "a&b=c"},
		{"space and plus", []Field{pair("a b", "c+d")}, "a+b=c%2bd"},
		{"separators", []Field{pair("=", "&"), pair(";", "%")}, "%3d=%26&%3b=%25"},
		{"order and repeats", []Field{pair("z", "1"), pair("a", "2"), pair("z", "3")}, "z=1&a=2&z=3"},
		{"line ends", []Field{pair("a", "b\r\nc\nd\re")}, "a=b%0d%0ac%0ad%0de"},
		{"any bytes", []Field{pair("\x00", "\xff\u00e9")}, "%00=%ff%c3%a9"},
		{"nothing but separators", []Field{pair("", ""), pair("", "")}, "=&="},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(Encode(c.fields)); got != c.want {
				t.Errorf("Encode = %q, want %q", got, c.want)
			}
			if got := string(AppendEncode([]byte("x: "), c.fields)); got != "x: "+c.want {
				t.Errorf("AppendEncode = %q, want %q", got, "x: "+c.want)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []Field
	}{
		{"form_decode_empty", "", nil},
		{"form_decode_bare_key", "a&b=2&c", []Field{bare("a"), pair("b", "2"), bare("c")}},
		{"form_decode_two_equals", "a=b=c", []Field{pair("a", "b=c")}},
		{"form_decode_empty_pairs", "a=1&&b=2", []Field{pair("a", "1"), pair("b", "2")}},
		{"form_decode_trailing_amp", "a=1&", []Field{pair("a", "1")}},
		{"form_decode_leading_amp", "&a=1", []Field{pair("a", "1")}},
		{"form_decode_semicolon", "a=1;b=2", []Field{pair("a", "1;b=2")}},
		{"only separators", "&&&", nil},
		{"empty name and value", "=", []Field{pair("", "")}},
		{"empty value", "a=", []Field{pair("a", "")}},
		{"escapes and plus", "%61+%4d%4D=%2B+", []Field{pair("a MM", "+ ")}},
		{"escaped separators", "%26=%3d", []Field{pair("&", "=")}},
		{"any bytes", "%00=\xff%ff", []Field{pair("\x00", "\xff\xff")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Decode(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Decode(%q): -want +got\n%s", c.in, diff)
			}
		})
	}
}

func TestDecodeErrors(t *testing.T) {
	for in, where := range map[string]string{
		"%=a":          "field 1: name: ",
		"a=1&b=%zz":    "field 2: value: ",
		"a=100%":       "field 1: value: ",
		"&&s3cret%4=x": "field 1: name: ",
	} {
		fields, err := Decode(in)
		if fields != nil || !errors.Is(err, url.ErrEscape) {
			t.Errorf("%q: %v, %v", in, fields, err)
			continue
		}
		if !strings.HasPrefix(err.Error(), "form: "+where) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	text := rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })
	field := rapid.Custom(func(t *rapid.T) Field {
		name := text.Draw(t, "name")
		if name != "" && rapid.Bool().Draw(t, "bare") {
			return bare(name)
		}
		return pair(name, text.Draw(t, "value"))
	})
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(field).Draw(t, "fields")
		got, err := Decode(string(Encode(want)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// FuzzDecode: what was decoded is written in a form that decodes to the same.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "a=1&b=2", "a&&b", "=", "a=b=c", "%41+=%zz", "%", "a;b=\x00\xff", "&=&a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fields, err := Decode(s)
		if err != nil {
			if !errors.Is(err, url.ErrEscape) || fields != nil {
				t.Fatalf("%q: %v, %v", s, fields, err)
			}
			return
		}
		body := Encode(fields)
		if i := strings.IndexFunc(string(body), func(r rune) bool { return r <= ' ' || r >= 0x7f }); i >= 0 {
			t.Fatalf("byte %#x in %q", body[i], body)
		}
		again, err := Decode(string(body))
		if diff := cmp.Diff(fields, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%q: %v, -first +second\n%s", s, err, diff)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	fields := []Field{pair("q", "some words to look for"), pair("page", "2"), bare("all")}
	b.ReportAllocs()
	for b.Loop() {
		Encode(fields)
	}
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode("q=some+words&page=2&all&name=%c3%a9"); err != nil {
			b.Fatal(err)
		}
	}
}
