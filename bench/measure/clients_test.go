//go:build unix

package measure

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hackney-go/hackney/bench/client"
	"github.com/hackney-go/hackney/bench/scenario"
	"github.com/hackney-go/hackney/bench/target"
)

// TestClients holds that each client does the whole of its work in each scenario, by what
// arrives at the target.
func TestClients(t *testing.T) {
	server := start(t)
	for _, full := range scenario.All() {
		s := small(full)
		file := fileFor(t, s)
		for _, name := range client.Names(s) {
			t.Run(s.Name+"/"+name, func(t *testing.T) {
				before := server.Counts()
				operations := run(t, server, s, name, file)
				check(t, s, operations, difference(before, server.Counts()))
			})
		}
	}
}

func start(t *testing.T) *target.Server {
	t.Helper()
	server, err := target.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// small is a scenario with little work.
func small(full *scenario.Scenario) *scenario.Scenario {
	s := *full
	s.Concurrency = min(s.Concurrency, 4)
	s.Body = min(s.Body, 3<<20)
	s.Upload = min(s.Upload, 3<<20+1)
	return &s
}

func fileFor(t *testing.T, s *scenario.Scenario) string {
	t.Helper()
	if !s.File() {
		return ""
	}
	path := filepath.Join(t.TempDir(), "upload.bin")
	if err := os.WriteFile(path, make([]byte, s.Upload), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, server *target.Server, s *scenario.Scenario, name, file string) (*client.Task, client.Client) {
	t.Helper()
	task, err := client.NewTask(s, server.Addresses(), file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.Open(name, task)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return task, c
}

// run measures a client and says how many operations it was to do.
func run(t *testing.T, server *target.Server, s *scenario.Scenario, name, file string) int64 {
	t.Helper()
	_, c := open(t, server, s, name, file)
	plan := Plan{Warmup: s.Concurrency, Operations: s.Concurrency + 1, Latencies: s.Concurrency}
	if s.Kind == scenario.Idle {
		plan = Plan{Operations: s.Concurrency}
	}
	sample, err := Run(c, s, plan)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(plan.Operations) * (s.Answer() + s.Upload); sample.Bytes != want {
		t.Errorf("%d bytes, want %d", sample.Bytes, want)
	}
	if (sample.P50 > 0) != (plan.Latencies > 0) || sample.P99 < sample.P50 {
		t.Errorf("latencies %v and %v", sample.P50, sample.P99)
	}
	return int64(plan.Warmup + plan.Operations + plan.Latencies)
}

func difference(before, after target.Counts) target.Counts {
	return target.Counts{
		Connections: after.Connections - before.Connections,
		Resumed:     after.Resumed - before.Resumed,
		Requests:    after.Requests - before.Requests,
		Received:    after.Received - before.Received,
	}
}

func check(t *testing.T, s *scenario.Scenario, operations int64, seen target.Counts) {
	t.Helper()
	if seen.Requests != operations || seen.Received != operations*s.Upload {
		t.Errorf("the target has seen %+v of %d operations", seen, operations)
	}
	switch {
	case s.NewConnection && seen.Connections != operations:
		t.Errorf("%d connections, want %d", seen.Connections, operations)
	case s.Kind == scenario.Idle && seen.Connections != operations:
		t.Errorf("%d connections, want %d", seen.Connections, operations)
	case !s.NewConnection && s.Concurrency == 1 && seen.Connections != 1:
		t.Errorf("%d connections, want 1", seen.Connections)
	}
	// On kept connections one that is opened late may resume the session of another.
	if s.Security == scenario.TLSWithSessions && seen.Resumed < operations-int64(s.Concurrency) ||
		s.Security == scenario.TLSWithoutSessions && seen.Resumed > 0 {
		t.Errorf("%d sessions were resumed", seen.Resumed)
	}
}

// TestClientsLook holds that a client finds an answer that is not what it should be.
func TestClientsLook(t *testing.T) {
	server := start(t)
	for _, wrong := range []string{"/nothing", "/bytes/1", "/bytes/2000000"} {
		for _, full := range []string{"get_small_c16", "post_1k_json_c16", "download_1g", "download_chunked_100"} {
			s, _ := scenario.Find(full)
			s = small(s)
			for _, name := range client.Names(s) {
				t.Run(s.Name+wrong+"/"+name, func(t *testing.T) {
					task, err := client.NewTask(s, server.Addresses(), "")
					if err != nil {
						t.Fatal(err)
					}
					task.URL = "http://" + task.Host + wrong
					c, err := client.Open(name, task)
					if err != nil {
						t.Fatal(err)
					}
					defer c.Close()
					if _, err := Run(c, s, Plan{Operations: 1}); err == nil {
						t.Error("it has not looked")
					}
				})
			}
		}
	}
}
