package http1

import "testing"

// TestPlainSizeLine holds that the way that is fast for plain chunks takes no size line that the other would refuse:
// the bytes around the second size of two, which it sees at once.
func TestPlainSizeLine(t *testing.T) {
	for line, want := range map[string]string{
		"\r\n2\r\n": "okab", "\r\n2\rX": "ok", "\r\n2X\n": "ok", "\rX2\r\n": "ok", "X\n2\r\n": "ok", "\r\n2 \r\n": "ok", "\r\n+2\r\n": "ok", "\r\n\r\n\r\n": "ok",
	} {
		d := NewDecoder("GET", &DefaultLimits)
		var ev Event
		if _, err := d.Next(&ev, []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), false); err != nil || ev.Kind != Final {
			t.Fatal(ev.Kind, err)
		}
		src := []byte("2\r\nok" + line + "ab\r\n0\r\n\r\n and more")
		body := make([]byte, len(src))
		n := 0
		for {
			got, used, err := d.Body(body[n:], src)
			n, src = n+got, src[used:]
			if err != nil || got == 0 && used == 0 {
				if string(body[:n]) != want || (err == nil) != (want == "okab") {
					t.Errorf("%q: %q, %v", line, body[:n], err)
				}
				break
			}
		}
	}
}
