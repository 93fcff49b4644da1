package http1

import (
	"errors"
	"math"
	"testing"
)

// The steps of RFC 9112, 6.3, in their order.
func TestFraming(t *testing.T) {
	const (
		length  = "Content-Length: 5\r\n"
		chunked = "Transfer-Encoding: chunked\r\n"
	)
	for _, c := range []struct {
		step, method, status, fields string
		want                         Framing
		length                       int64 // of the Head
		reusable                     bool
	}{
		{"1 head", "HEAD", "200", length, None, 5, true},
		{"1 head chunked", "HEAD", "200", chunked, None, -1, true},
		{"1 head both", "HEAD", "200", length + chunked, None, -1, false},
		{"1 head nothing", "HEAD", "200", "", None, -1, true},
		{"1 204", "GET", "204", length, None, 5, true},
		{"1 204 chunked", "GET", "204", chunked, None, -1, true},
		{"1 304", "GET", "304", length, None, 5, true},
		{"1 304 to HEAD", "HEAD", "304", "", None, -1, true},
		{"1 205 has a body", "GET", "205", length, Length, 5, true},
		{"2 connect 200", "CONNECT", "200", length, Switched, -1, false},
		{"2 connect 204", "CONNECT", "204", "", Switched, -1, false},
		{"2 connect 299", "CONNECT", "299", chunked, Switched, -1, false},
		{"2 connect 300", "CONNECT", "300", length, Length, 5, true},
		{"2 connect 404 without framing", "CONNECT", "404", "", UntilClose, -1, false},
		{"2 upgrade", "GET", "101", length, Switched, -1, false},
		{"2 upgrade of HEAD", "HEAD", "101", "", Switched, -1, false},
		{"3 both", "GET", "200", length + chunked, Chunked, -1, false},
		{"4 chunked", "GET", "200", chunked, Chunked, -1, true},
		{"4 chunked behind others", "GET", "200", "Transfer-Encoding: deflate, x-gzip ,chunked\r\n", Chunked, -1, true},
		{"4 identity", "GET", "200", "Transfer-Encoding: Identity\r\n", UntilClose, -1, false},
		{"6 length", "POST", "200", length, Length, 5, true},
		{"6 length 0", "GET", "200", "Content-Length: 0\r\n", None, 0, true},
		{"6 error status", "GET", "500", length, Length, 5, true},
		{"8 nothing", "GET", "200", "", UntilClose, -1, false},
		{"8 keep-alive does not help", "GET", "200", "Connection: keep-alive\r\n", UntilClose, -1, false},
	} {
		t.Run(c.step, func(t *testing.T) {
			in := "HTTP/1.1 " + c.status + " X\r\n" + c.fields + "\r\n"
			ev, n, d, err := nextStep(NewDecoder(c.method, &DefaultLimits), []byte(in), false)
			if err != nil || n != len(in) || ev.Kind != Final {
				t.Fatalf("Next gives %v, %d, %v", ev.Kind, n, err)
			}
			if ev.Head.Framing != c.want || d.Framing() != c.want || ev.Head.Length != c.length || d.Reusable() != c.reusable {
				t.Errorf("framing %v, %v, length %d, reusable %v; want %v, %d, %v",
					ev.Head.Framing, d.Framing(), ev.Head.Length, d.Reusable(), c.want, c.length, c.reusable)
			}
		})
	}
}

// Step 5, and what RFC 9112, 6.1 and 11.2 forbid: no guess is made.
func TestFramingRefused(t *testing.T) {
	for _, c := range []struct{ name, method, version, fields, part string }{
		{"no number", "GET", "1.1", "Content-Length: five\r\n", "Content-Length"},
		{"no number for HEAD", "HEAD", "1.1", "Content-Length: five\r\n", "Content-Length"},
		{"no number beside chunked", "GET", "1.1", "Content-Length: five\r\nTransfer-Encoding: chunked\r\n", "Content-Length"},
		{"two numbers", "GET", "1.1", "Content-Length: 5\r\nA: b\r\nContent-Length: 6\r\n", "Content-Length"},
		{"three numbers", "GET", "1.1", "Content-Length: 5, 6, 5\r\n", "Content-Length"},
		{"chunked in 1.0", "GET", "1.0", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding"},
		{"identity in 1.0", "GET", "1.0", "Transfer-Encoding: identity\r\n", "Transfer-Encoding"},
		{"chunked not last", "GET", "1.1", "Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding"},
		{"unknown before chunked", "GET", "1.1", "Transfer-Encoding: brotli, chunked\r\n", "Transfer-Encoding"},
		{"two lines", "GET", "1.1", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding"},
		{"identity and length", "GET", "1.1", "Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "Transfer-Encoding"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := []byte("HTTP/" + c.version + " 200 X\r\n" + c.fields + "\r\n")
			_, _, _, err := nextStep(NewDecoder(c.method, &DefaultLimits), in, false)
			var e *ProtocolError
			if !errors.As(err, &e) || e.Part != c.part {
				t.Errorf("error %v, want one about %s", err, c.part)
			}
		})
	}
}

func TestParseLength(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "00": 0, "7": 7, "0000000000000000000000000000012": 12, "9223372036854775807": math.MaxInt64,
	} {
		if n, ok := ParseLength(in); !ok || n != want {
			t.Errorf("%q gives %d, %v", in, n, ok)
		}
	}
	for _, in := range []string{"", " 1", "1 ", "+1", "-1", "1e3", "0x1", "1,1", "१", "9223372036854775808", "9223372036854775810", "18446744073709551616", "99999999999999999999"} {
		if n, ok := ParseLength(in); ok {
			t.Errorf("%q is read as %d", in, n)
		}
	}
}

func TestFramingNames(t *testing.T) {
	want := map[Framing]string{None: "none", Length: "length", Chunked: "chunked", UntilClose: "until close", Switched: "switched"}
	for f, name := range want {
		if f.String() != name {
			t.Errorf("%d prints %q, want %q", f, f, name)
		}
	}
}
