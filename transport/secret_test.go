package transport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestSecretOfSOCKS holds that the login of a proxy is not printed.
func TestSecretOfSOCKS(t *testing.T) {
	p := &SOCKS5{Host: "2001:db8::1", Port: 1080, User: "user", Password: "secret"}
	const want = "socks5://user:xxxxx@[2001:db8::1]:1080"
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("shown", "value", p)
	slog.New(slog.NewTextHandler(&log, nil)).Info("shown", "value", *p)
	object, err := json.Marshal([]any{p, *p})
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q %d", p, p, *p, *p, p, p), log.String(), string(object)} {
		if strings.Contains(text, "secret") || !strings.Contains(text, want) {
			t.Errorf("%s, want %s", text, want)
		}
	}
	if err != nil {
		t.Error(err)
	}
	if got := (SOCKS5{Host: "p.test", Port: 1, RemoteDNS: true}).String(); got != "socks5h://p.test:1" {
		t.Error(got)
	}
}
