package result

import (
	"math"
	"testing"
	"time"
)

// times are the CPU times of a client in one scenario, in microseconds for each of ten
// operations, round by round; a negative one: not measured in that round.
type times struct {
	scenario, client string
	rounds           []int
}

func runOf(all ...times) *Run {
	run := new(Run)
	for _, t := range all {
		for round, cpu := range t.rounds {
			if cpu < 0 {
				continue
			}
			total := time.Duration(cpu) * 10 * time.Microsecond
			run.Samples = append(run.Samples, Sample{
				Round: round, Scenario: t.scenario, Client: t.client,
				Operations: 10, User: total / 5, System: total - total/5,
			})
		}
	}
	return run
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestRatio(t *testing.T) {
	for _, tt := range []struct {
		name         string
		client, base []int
		want         Ratio
	}{
		{"odd: ratios 1.2 1.4 2.0", []int{120, 400, 70}, []int{100, 200, 50}, Ratio{1.4, 0.2, 3}},
		{"even: ratios 1.0 1.2 1.4 2.0", []int{120, 400, 70, 30}, []int{100, 200, 50, 30}, Ratio{1.3, 0.2, 4}},
		{"one round", []int{90}, []int{60}, Ratio{1.5, 0, 1}},
		{"a slow round is slow for both", []int{150, 1500, 150}, []int{100, 1000, 100}, Ratio{1.5, 0, 3}},
		{"a round without the base", []int{150, 900, 150}, []int{100, -1, 100}, Ratio{1.5, 0, 2}},
		{"a round without the client", []int{-1, 300, 150}, []int{1, 100, 100}, Ratio{2.25, 0.375, 2}},
		{"no CPU time of the base", []int{150, 300}, []int{0, 100}, Ratio{3, 0, 1}},
		{"no CPU time of the client", []int{0, 300}, []int{100, 100}, Ratio{3, 0, 1}},
		{"no round in common", []int{-1, 300}, []int{100}, Ratio{}},
		{"no client", nil, []int{100}, Ratio{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run := runOf(
				times{"get", "c", tt.client}, times{"get", "b", tt.base},
				times{"post", "c", []int{1, 2, 3}}, // of another scenario
			)
			got := run.Ratio("get", "c", "b")
			if !near(got.Median, tt.want.Median) || !near(got.Spread, tt.want.Spread) || got.Rounds != tt.want.Rounds {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if got.Known() != (tt.want.Rounds > 0) {
				t.Errorf("known: %v", got.Known())
			}
		})
	}
}

func TestGrowth(t *testing.T) {
	run := runOf(times{"c=1", "hackney", []int{10, 20, 30}}, times{"c=16", "hackney", []int{11, 24, 30}})
	got := run.Growth("hackney", "c=16", "c=1") // 1.1 1.2 1.0
	if !near(got.Median, 1.1) || !near(got.Spread, 0.05) || got.Rounds != 3 {
		t.Errorf("got %+v", got)
	}
}

func TestRateRatio(t *testing.T) {
	sample := func(scenario string, round int, elapsed time.Duration) Sample {
		return Sample{Scenario: scenario, Client: "hackney", Round: round, Bytes: 1000, Elapsed: elapsed}
	}
	run := &Run{Samples: []Sample{
		sample("copy", 0, 9), sample("events", 0, 10), // 0.9
		sample("copy", 1, 20), sample("events", 1, 10), // 2
		sample("copy", 2, 8), sample("events", 2, 10), // 0.8
		sample("copy", 3, 0), sample("events", 3, 10), sample("events", 4, 10),
	}}
	if got := run.RateRatio("hackney", "events", "copy"); !near(got.Median, 0.9) || got.Rounds != 3 {
		t.Errorf("got %+v", got)
	}
}

func TestASampleTakenAgainReplaces(t *testing.T) {
	run := runOf(
		times{"get", "c", []int{999}}, times{"get", "b", []int{100}},
		times{"get", "c", []int{150}},
	)
	if got := run.Ratio("get", "c", "b"); !near(got.Median, 1.5) || got.Rounds != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestNoise(t *testing.T) {
	for _, tt := range []struct {
		name  string
		again []int // of raw, which takes 100 in each round
		want  float64
		known bool
	}{
		// 0.9 1.1 1.1: all are 0.1 from 1, and the quartiles are 1.0 and 1.1.
		{"rounds on both sides", []int{110, 90, 110}, 0.1, true},
		// All 1.2: the quartiles coincide.
		{"all shifted", []int{120, 120, 120}, 0.2, true},
		// 0.60 1.00 1.00 1.00 1.40 1.40: distances 0 0 0 .4 .4 .4, quartiles 1.00 and 1.30.
		{"the distance at the middle of the rounds", []int{60, 100, 100, 100, 140, 140}, 0.2, true},
		// 0.60 1.00 1.00 1.00 1.40: distances 0 0 0 .4 .4; the quartiles are 1 both.
		{"two rounds out of five", []int{60, 100, 100, 100, 140}, 0, true},
		// 1.00 1.00 1.40: distances 0 0 .4, quartiles 1.00 and 1.20.
		{"the quartiles see what the median does not", []int{100, 140, 100}, 0.1, true},
		{"one round", []int{97}, 0.03, true},
		{"no CPU time", []int{0}, 0, false},
		{"not repeated", nil, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run := runOf(times{"get", "raw", []int{100, 100, 100, 100, 100, 100}}, times{"get", "raw again", tt.again})
			got, known := run.Noise("get", "raw")
			if !near(got, tt.want) || known != tt.known {
				t.Errorf("got %v %v, want %v %v", got, known, tt.want, tt.known)
			}
		})
	}
}

func TestNoiseOfAnotherBase(t *testing.T) {
	run := runOf(
		times{"upload", "raw", []int{100}}, times{"upload", "raw again", []int{103}},
		times{"upload", "raw1", []int{250}},
	)
	if got, known := run.Noise("upload", "raw1"); !near(got, 0.03) || !known {
		t.Errorf("without a repetition: got %v %v, want raw's 0.03", got, known)
	}
	run.Samples = append(run.Samples, runOf(times{"upload", "raw1 again", []int{275}}).Samples...)
	if got, known := run.Noise("upload", "raw1"); !near(got, 0.1) || !known {
		t.Errorf("with one: got %v %v, want 0.1", got, known)
	}
}

func TestFigures(t *testing.T) {
	run := &Run{Samples: []Sample{
		{
			Round: 0, Scenario: "get", Client: "c", Operations: 100, Bytes: 2000,
			User: 100 * time.Microsecond, System: 300 * time.Microsecond, Elapsed: time.Second,
			P50: 10, P99: 100, Allocs: 3, AllocBytes: 400,
		},
		{
			Round: 1, Scenario: "get", Client: "c", Operations: 100, Bytes: 2000,
			User: 200 * time.Microsecond, System: 400 * time.Microsecond, Elapsed: 2 * time.Second,
			P50: 20, P99: 90, Allocs: 4, AllocBytes: 500,
		},
		{Round: 0, Scenario: "idle", Client: "c", IdleBytes: 900, IdleGoroutines: 2},
		{Round: 1, Scenario: "idle", Client: "c", IdleBytes: 1000, IdleGoroutines: 2},
		{Round: 2, Scenario: "idle", Client: "c", IdleBytes: 5000, IdleGoroutines: 3},
	}}
	want := Figures{
		Rounds: 2, CPU: 5 * time.Microsecond, BytesPerOperation: 20, OperationRate: 75, ByteRate: 1500,
		P50: 15, P99: 95, Allocs: 3.5, AllocBytes: 450,
	}
	if got := run.Figures("get", "c"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := run.Figures("get", "c").CPUPerByte(); !near(got, 250) {
		t.Errorf("CPU per byte: %v", got)
	}
	// A sample without operations and time gives no rate.
	if got, want := run.Figures("idle", "c"), (Figures{Rounds: 3, IdleBytes: 1000, IdleGoroutines: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := run.Figures("idle", "c").CPUPerByte(); !math.IsNaN(got) {
		t.Errorf("CPU per byte without bytes: %v", got)
	}
	if got := run.Figures("get", "other"); got != (Figures{}) {
		t.Errorf("a client that was not measured: %+v", got)
	}
}

func TestQuantile(t *testing.T) {
	for _, tt := range []struct {
		sorted []float64
		p      float64
		want   float64
	}{
		{nil, 0.5, 0},
		{[]float64{7}, 0.25, 7},
		{[]float64{1, 3}, 0.5, 2},
		{[]float64{1, 3}, 0.25, 1.5},
		{[]float64{1, 2, 9}, 0.5, 2},
		{[]float64{1, 2, 3, 4, 5}, 0.25, 2},
		{[]float64{1, 2, 3, 4, 5}, 0.75, 4},
		{[]float64{1, 2, 3, 4}, 0.75, 3.25},
		{[]float64{1, 2, 3, 4}, 1, 4},
	} {
		if got := quantile(tt.sorted, tt.p); !near(got, tt.want) {
			t.Errorf("%v at %v: got %v, want %v", tt.sorted, tt.p, got, tt.want)
		}
	}
}
