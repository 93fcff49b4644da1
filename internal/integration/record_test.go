//go:build integration

package integration

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hackney-go/hackney/conformance"
	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
)

// TestRecordNginx records exchanges with nginx, ends it, and plays them again.
func TestRecordNginx(t *testing.T) {
	dir := t.TempDir()
	recorded := t.Run("record", func(t *testing.T) { // at its end nginx is over
		s := start(t)
		s.write(t, "www/hello.txt", hello)
		s.write(t, "www/noise.txt", string(noise(300_000)))
		for name, base := range map[string]string{"plain": s.http, "tls": s.https} {
			recordNginx(t, s, base, filepath.Join(dir, name+".txtar"))
		}
	})
	if recorded {
		t.Run("replay", func(t *testing.T) { conformance.Run(t, dir) })
	}
}

// recordNginx records two requests and a ranged one on one connection, and a
// large body on another.
func recordNginx(t *testing.T, s *nginx, base, path string) {
	t.Helper()
	rec := conformance.NewRecorder()
	o := &hackney.Opts{Tap: rec.Tap, TLS: &tls.Config{RootCAs: s.cert.Pool()}}
	cs, err := hackney.Get(limited(t), base+"/hello.txt?token=s3cret", headers.New("Cookie", "a=s3cret-too"), nil, o)
	body, cs := answer(t, cs, err, 200)
	if string(body) != hello {
		t.Errorf("body %q", body)
	}
	cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Method: "HEAD", Path: "/hello.txt"})
	_, cs = answer(t, cs, err, 200)
	cs, err = hackney.SendRequest(limited(t), cs, hackney.Req{Path: "/hello.txt", Headers: headers.New("Range", "bytes=6-9")})
	if body, _ := answer(t, cs, err, 206); string(body) != hello[6:10] {
		t.Errorf("range %q", body)
	}
	cs, err = hackney.Get(limited(t), base+"/noise.txt", nil, nil, o)
	answer(t, cs, err, 200)

	script, err := rec.Script()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(script), "s3cret") {
		t.Error("a secret is in the script")
	}
	for _, want := range []string{"\nsend-request HEAD ", "\nwant status 206\n", "Server: nginx/"} {
		if !strings.Contains(string(script), want) {
			t.Errorf("no %q in the script", want)
		}
	}
	if err := os.WriteFile(path, script, 0o600); err != nil {
		t.Fatal(err)
	}
}
