package golden

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/internal/wiretest"
)

func parseServer(text string) (*ServerScript, error) {
	vars := func(name string) (string, bool) { return "18080", name == "PORT" }
	return ParseServer(&Section{Name: "server", File: "s.txtar", Line: 10, Text: text}, vars)
}

func TestParseServer(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name, text string
		want       []wiretest.Conn
		lines      [][]int
	}{
		{"nothing", "# a comment\n\n", []wiretest.Conn{nil}, [][]int{nil}},
		{
			"lines of one segment", "wait request\n< a\\r\\n\n<\n<  b\nclose\n",
			[]wiretest.Conn{{wiretest.Reply("a\r\n b").ThenClose()}},
			[][]int{{10}},
		},
		{
			"segments", "wait head\n< a\nnext\n< b\n",
			[]wiretest.Conn{{wiretest.On(wiretest.Head, "a", "b")}},
			[][]int{{10}},
		},
		{
			"every wait", "wait body\nwait last-chunk\nwait bytes 5\nwait quiet 50ms\nwait nothing\n",
			[]wiretest.Conn{{
				{Wait: wiretest.Body}, {Wait: wiretest.ChunkedEnd}, {Wait: wiretest.Bytes(5)}, {Wait: wiretest.Quiet(50 * ms)}, {},
			}},
			[][]int{{10, 11, 12, 13, 14}},
		},
		{
			"every end", "keep\nhalf-close\nstall\ntls\nclose\nconnection\ndrop\nconnection\nreset\n",
			[]wiretest.Conn{{
				{Then: wiretest.Keep},
				{Then: wiretest.CloseWrite},
				{Then: wiretest.Stall},
				{Then: wiretest.StartTLS},
				{Then: wiretest.Close},
			}, {{Then: wiretest.Drop}}, {{Then: wiretest.Reset}}},
			[][]int{{10, 11, 12, 13, 14}, {16}, {18}},
		},
		{
			"a delay behind bytes begins a step", "wait request\ndelay 20ms\n< a\ndelay 30ms\n< b\n",
			[]wiretest.Conn{{wiretest.Reply("a").After(20 * ms), wiretest.Say("b").After(30 * ms)}},
			[][]int{{10, 13}},
		},
		{
			"connections", "connection\nwait request\nclose\nconnection\n< ${PORT}\nconnection\n",
			[]wiretest.Conn{{wiretest.Reply().ThenClose()}, {wiretest.Say("18080")}, nil},
			[][]int{{11}, {14}, nil},
		},
		{
			"the first connection without a line", "< a\nconnection\n< b\n",
			[]wiretest.Conn{{wiretest.Say("a")}, {wiretest.Say("b")}},
			[][]int{{10}, {12}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseServer(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Conns, cmp.AllowUnexported(wiretest.Wait{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := strings.Contains(c.text, "tls"); got.HasTLS() != want {
				t.Errorf("HasTLS is %t", got.HasTLS())
			}
			if diff := cmp.Diff(c.lines, got.Lines); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseServerFaults(t *testing.T) {
	for line, want := range map[string]string{
		"waits":            `unknown line "waits"`,
		"close now":        `unknown line "close now"`,
		"<a":               `unknown line "<a"`,
		`< \q`:             `bad escape \q`,
		"< ${HOST}":        "unknown variable ${HOST}",
		"wait":             "cannot wait for",
		"wait answer":      `cannot wait for "answer"`,
		"wait bytes":       `cannot wait for "bytes"`,
		"wait bytes 0":     `cannot wait for "bytes 0"`,
		"wait bytes x":     `cannot wait for "bytes x"`,
		"wait request now": `cannot wait for "request now"`,
		"wait quiet":       `cannot wait for "quiet"`,
		"wait quiet 5":     `bad time "5"`,
		"wait quiet 2m":    `bad time "2m"`,
		"delay":            "want one time",
		"delay 1ms 2ms":    "want one time",
		"delay -1ms":       `bad time "-1ms"`,
	} {
		t.Run(line, func(t *testing.T) {
			_, err := parseServer("wait request\n< a\n" + line + "\n")
			if err == nil || !strings.HasPrefix(err.Error(), "s.txtar:12: section server: ") || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want s.txtar:12 and %q", err, want)
			}
		})
	}
}
