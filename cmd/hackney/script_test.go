package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hackney-go/hackney/internal/testserver"
)

// TestScripts runs testdata/script. A script finds
//
//	$URL       the test server
//	$TLSURL    the same over TLS; its certificate is in cert.pem
//	$CLOSED    a URL where nobody listens
//
// and has, beside the commands of testscript,
//
//	exits CODE program args…  like exec, and the exit code must be CODE
//	json PATH WANT            a value in the JSON object of the last stdout, as headers.0.1;
//	                          WANT is its text or its JSON form
//	waitfor FILE              until it exists
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: setUpScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"json":    jsonValue,
			"waitfor": waitFor,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

func setUpScript(env *testscript.Env) error {
	plain, err := testserver.New(testserver.Options{})
	if err != nil {
		return err
	}
	env.Defer(func() { plain.Close() })
	secure, err := testserver.New(testserver.Options{TLS: true})
	if err != nil {
		return err
	}
	env.Defer(func() { secure.Close() })
	env.Setenv("GORACE", "atexit_sleep_ms=0") // else each run of the command takes a second there
	env.Setenv("URL", plain.URL())
	env.Setenv("TLSURL", secure.URL())
	env.Setenv("CLOSED", "http://127.0.0.1:1") // tcpmux: a port that was free once may not be any more
	return os.WriteFile(filepath.Join(env.WorkDir, "cert.pem"), secure.CertPEM(), 0o600)
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE program args...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		code = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s\n[stdout]\n%s[stderr]\n%s", code, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: json PATH WANT")
	}
	stdout := ts.ReadFile("stdout")
	if strings.Count(stdout, "\n") != 1 {
		ts.Fatalf("not one line: %q", stdout)
	}
	var value any
	ts.Check(json.Unmarshal([]byte(stdout), &value))
	for key := range strings.SplitSeq(args[0], ".") {
		value = member(ts, value, key)
	}
	if got := jsonText(value); got != args[1] {
		ts.Fatalf("%s is %s, want %s", args[0], got, args[1])
	}
}

// member is the value of a key of an object, or an index of an array.
func member(ts *testscript.TestScript, value any, key string) any {
	switch v := value.(type) {
	case map[string]any:
		inner, ok := v[key]
		if !ok {
			ts.Fatalf("no key %s", key)
		}
		return inner
	case []any:
		if i, err := strconv.Atoi(key); err == nil && i < len(v) {
			return v[i]
		}
	}
	ts.Fatalf("nothing at %s in %s", key, jsonText(value))
	return nil
}

func jsonText(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	b, _ := json.Marshal(value)
	return string(bytes.TrimSpace(b))
}

func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor FILE")
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s did not appear", args[0])
		}
	}
}
