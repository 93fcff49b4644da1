package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hackney-go/hackney/bench/result"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var rows = []Row{
	{
		Name: "get_small_c1", Title: "small GET, 1 connection", Base: "raw", Target: 1.20, Unit: "operation",
		TargetAllocs: 3, Growth: true, Series: "connections", Size: 1,
	},
	{
		Name: "get_small_c16", Title: "small GET, 16 connections", Base: "raw", Target: 1.15, Unit: "operation",
		TargetAllocs: 3, Growth: true, Series: "connections", Size: 16,
	},
	{Name: "get_context", Title: "small GET, cancellable context", Base: "raw", Target: 1.30, Unit: "operation", TargetAllocs: 6},
	{Name: "multipart", Title: "multipart upload of a 64 MiB file", Base: "raw", Target: 1.10, Unit: "GB"},
	{Name: "upload_chunked", Title: "chunked upload | of 256 MiB from a reader that gives 16 KiB at a time", Base: "raw1", Target: 1.15, Unit: "GB"},
	{Name: "download", Base: "raw", Unit: "GB"},
	{Name: "fields_10", Title: "10 fields", Base: "raw", Unit: "operation", Growth: true, Series: "response fields", Size: 10, Each: "field"},
	{Name: "fields_100", Title: "100 fields", Base: "raw", Unit: "operation", Growth: true, Series: "response fields", Size: 100, Each: "field"},
	{Name: "idle", Title: "idle pooled connections", TargetIdle: 1400},
	{Name: "copy", Title: "CopyBody", Unit: "GB", Beside: "copy"},
	{Name: "events", Title: "Events", Unit: "GB", Beside: "copy", TargetRate: 0.9},
	{Name: "slow_events", Title: "slow Events", Unit: "GB", Beside: "copy", TargetRate: 0.9},
	{Name: "not_measured", Title: "not measured", Base: "raw", Target: 1.5, Unit: "operation"},
}

// costs are the CPU time of raw's operation and, as ratios to it, that of the clients; 0: not measured.
type costs struct {
	scenario   string
	raw        time.Duration
	operations int64
	bytes      int64
	ratios     map[string]float64
}

const us = time.Microsecond

var measuredCosts = []costs{
	{"get_small_c1", 9 * us, 1000, 13000, map[string]float64{"hackney": 1.17, "fasthttp": 1.16, "net/http": 1.85, "resty": 2.29}},
	{"get_small_c16", 7 * us, 1000, 13000, map[string]float64{"hackney": 1.12, "fasthttp": 1.24, "net/http": 2.51, "resty": 3.40}},
	{"get_context", 7 * us, 1000, 13000, map[string]float64{"hackney": 1.41, "net/http": 3.02, "resty": 3.95}},
	{"multipart", 13 * time.Millisecond, 4, 4 << 26, map[string]float64{"hackney": 1.04, "fasthttp": 17.1, "net/http": 4.74, "resty": 7.15}},
	{"upload_chunked", 80 * time.Millisecond, 1, 1 << 28, map[string]float64{"raw1": 2.5, "hackney": 2.6, "fasthttp": 9.2, "net/http": 4.2, "resty": 2.3}},
	{"download", 200 * time.Millisecond, 1, 1 << 30, map[string]float64{"hackney": 1.01, "fasthttp": 1.03, "net/http": 0.94, "resty": 1.11}},
	{"copy", 200 * time.Millisecond, 1, 1 << 30, map[string]float64{"hackney": 1}},
	{"events", 200 * time.Millisecond, 1, 1 << 30, map[string]float64{"hackney": 1.1}},
	{"slow_events", 200 * time.Millisecond, 1, 1 << 30, map[string]float64{"hackney": 1.2}},
	{"fields_10", 7 * us, 1000, 13000, map[string]float64{"hackney": 1.2}},
	{"fields_100", 9 * us, 1000, 13000, map[string]float64{"hackney": 1.7}},
}

// madeUp is a run whose rounds differ in pace, and a little in the ratios.
func madeUp(rounds int) *result.Run {
	run := &result.Run{
		Date: "2026-11-22", Go: "go1.26.8", System: "linux 6.8.0", CPU: "Example CPU, 2 cores", Pinned: true, Rounds: rounds,
		Modules: []result.Module{{Path: "github.com/valyala/fasthttp", Version: "v1.77.0"}, {Path: "github.com/go-resty/resty/v2", Version: "v2.17.2"}},
	}
	for round := range rounds {
		for _, c := range measuredCosts {
			pace := 1 + float64(round%3)/4
			run.Samples = append(run.Samples, sample(c, round, "raw", pace), sample(c, round, "raw again", pace*(1+float64(round%2)/25)))
			for client, ratio := range c.ratios {
				run.Samples = append(run.Samples, sample(c, round, client, pace*ratio*(1+float64(round%4)/100)))
			}
		}
		for client, bytes := range map[string]float64{"raw": 975, "hackney": 1214.4, "fasthttp": 1339, "net/http": 21092} {
			idle := result.Sample{Round: round, Scenario: "idle", Client: client, IdleBytes: bytes}
			if client == "net/http" {
				idle.IdleGoroutines = 2
			}
			run.Samples = append(run.Samples, idle)
		}
	}
	return run
}

func sample(c costs, round int, client string, times float64) result.Sample {
	cpu := time.Duration(float64(c.raw) * times * float64(c.operations))
	s := result.Sample{
		Round: round, Scenario: c.scenario, Client: client, Operations: c.operations, Bytes: c.bytes,
		User: cpu / 4, System: cpu - cpu/4, Elapsed: cpu * 5 / 4,
	}
	if c.operations > 100 {
		s.P50, s.P99 = time.Duration(times*float64(60*us)), time.Duration(times*float64(150*us))
	}
	switch client {
	case "hackney":
		s.Allocs, s.AllocBytes = 3.02, 512
	case "net/http":
		s.Allocs, s.AllocBytes = 45.4, 3216
	}
	return s
}

func TestMarkdown(t *testing.T) {
	golden(t, "testdata/report.md", Markdown(madeUp(12), rows))
}

func TestMarkdownOfFewRounds(t *testing.T) {
	run := madeUp(1)
	run.Pinned, run.Modules = false, nil
	// Neither repeated nor measured whole.
	run.Samples = slices.DeleteFunc(run.Samples, func(s result.Sample) bool {
		return s.Client == "raw again" || s.Client == "raw" && s.Scenario == "download" || s.Client == "hackney" && s.Scenario == "multipart"
	})
	golden(t, "testdata/few.md", Markdown(run, rows))
}

func TestMarkdownOfNothing(t *testing.T) {
	got := string(Markdown(&result.Run{Date: "2026-11-22"}, nil))
	if strings.Contains(got, "|") || !strings.Contains(got, "2026-11-22") {
		t.Errorf("got %s", got)
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what came out (-update rewrites it):\n%s", path, got)
	}
}

func TestSameOutputWhateverTheOrder(t *testing.T) {
	run := madeUp(4)
	first := Markdown(run, rows)
	chart, err := Chart(run, rows)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(run.Samples)
	if !bytes.Equal(first, Markdown(run, rows)) {
		t.Error("the text differs")
	}
	if again, _ := Chart(run, rows); !bytes.Equal(chart, again) {
		t.Error("the chart differs")
	}
}

func TestChart(t *testing.T) {
	svg, err := Chart(madeUp(12), rows)
	if err != nil {
		t.Fatal(err)
	}
	texts := textsOf(t, svg)
	whole := strings.Join(texts, " ") // a long title has lines
	for _, want := range []string{
		"hackney", "fasthttp", "net/http", "resty", "hackney's target", "1 = raw",
		"small GET, 1 connection", "small GET, 16 connections", "small GET, cancellable context",
		"multipart upload of a 64 MiB file", "chunked upload | of 256 MiB from a reader that gives 16 KiB at a time (raw1 = 1)", "download",
		"17.4", // at a clipped bar
	} {
		if !strings.Contains(whole, want) {
			t.Errorf("no text %q in %q", want, texts)
		}
	}
	for _, unwanted := range []string{"100 fields", "idle pooled connections", "not measured", "NaN"} {
		if strings.Contains(whole, unwanted) {
			t.Errorf("there is %q", unwanted)
		}
	}
}

// textsOf parses the image, and so tells whether it is well-formed.
func textsOf(t *testing.T, svg []byte) []string {
	t.Helper()
	var texts []string
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	inside := false
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inside = token.Name.Local == "text"
		case xml.CharData:
			if inside {
				texts = append(texts, string(token))
			}
		case xml.EndElement:
			inside = false
		}
	}
}

func TestWrap(t *testing.T) {
	for title, want := range map[string]string{
		"":      "",
		"short": "short",
		"a chunked upload of 256 MiB from a reader that gives 16 KiB at a time": "a chunked upload of 256 MiB from a\nreader that gives 16 KiB at a time",
		"one two " + strings.Repeat("x", 50):                                    "one two\n" + strings.Repeat("x", 50),
	} {
		if got := wrap(title); got != want {
			t.Errorf("%q: got %q, want %q", title, got, want)
		}
	}
}

func TestNumbersStandClearOfMarks(t *testing.T) {
	hackney, peer := charted[0], charted[1]
	for _, tt := range []struct {
		series        series
		ratio, target float64
		want          float64
	}{
		{hackney, 1.10, 1.15, 1.15},
		{hackney, 1.20, 1.15, 1.20},
		{hackney, 0.95, 1.15, 1.15}, // first the line of raw, then the target
		{hackney, 0.95, 0, 1},
		{hackney, 1.30, 1.75, 1.30},
		{peer, 1.10, 1.15, 1.10},
		{peer, 17, 1.15, longestBar},
	} {
		if got := numberAt(group{target: tt.target}, tt.series, tt.ratio); got != tt.want {
			t.Errorf("%s %v, target %v: got %v, want %v", tt.series.client, tt.ratio, tt.target, got, tt.want)
		}
	}
}

func TestChartOfNothing(t *testing.T) {
	if _, err := Chart(&result.Run{}, rows); err == nil {
		t.Error("a chart without a bar")
	}
}

func TestSplice(t *testing.T) {
	run := madeUp(1)
	document := "# Benchmarks\n\n<!-- results -->\nold\n<!-- /results -->\n\nmore\n"
	first, err := Splice([]byte(document), run, rows)
	if err != nil {
		t.Fatal(err)
	}
	text := string(first)
	if !strings.HasPrefix(text, "# Benchmarks\n\n<!-- results -->\n\n2026-11-22") || !strings.HasSuffix(text, "|\n\n<!-- /results -->\n\nmore\n") {
		t.Errorf("got %s", text)
	}
	if strings.Contains(text, "old") || !strings.Contains(text, string(Markdown(run, rows))) {
		t.Errorf("got %s", text)
	}
	second, err := Splice(first, run, rows)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the second time differs: %v %s", err, second)
	}
}

func TestTheDocumentHasItsMarkers(t *testing.T) {
	document, err := os.ReadFile("../../docs/benchmarks.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Splice(document, madeUp(1), rows); err != nil {
		t.Error(err)
	}
}

func TestSpliceErrors(t *testing.T) {
	for _, document := range []string{
		"",
		"<!-- results -->",
		"<!-- /results -->",
		"<!-- /results --> <!-- results -->",
		"<!-- results --> <!-- results --> <!-- /results -->",
	} {
		if got, err := Splice([]byte(document), &result.Run{}, nil); err == nil {
			t.Errorf("%q: %s", document, got)
		}
	}
}

func TestFigures(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{duration(0.1503), "0.150 ns"},
		{duration(975), "975 ns"},
		{duration(999.7), "1.00 µs"},
		{duration(7123), "7.12 µs"},
		{duration(99_960), "100 µs"},
		{duration(1.5e11), "150 s"},
		{duration(0), missing},
		{rate(134_512), "135 k/s"},
		{byteRate(1.054e9), "1.05 GB/s"},
		{bytesOf(412), "412 B"},
		{bytesOf(0), "0 B"},
		{bytesOf(3216), "3.22 kB"},
		{tenths(3.02), "3"},
		{tenths(45.44), "45.4"},
		{number(9.99), "9.99"},
		{number(17.06), "17.1"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
