package result

import (
	"math"
	"slices"
	"time"
)

// A Ratio is one CPU time against another, or one rate against another: the median over the rounds. Both times of a
// round stem from the same minute or two; across rounds the pace of a shared computer
// changes, so times of different rounds are never compared.
type Ratio struct {
	Median float64
	Spread float64 // half the distance from the first quartile to the third
	Rounds int     // in which both times are known; without any the others mean nothing
}

// Known tells whether there was a round with both times.
func (r Ratio) Known() bool { return r.Rounds > 0 }

// Ratio is the CPU time of a client's operation against that of the base, in one scenario.
func (run *Run) Ratio(scenario, client, base string) Ratio {
	return ratio(run.rounds(scenario, client), run.rounds(scenario, base))
}

// Growth is the CPU time of a client's operation in a scenario against the same client's
// in another.
func (run *Run) Growth(client, scenario, before string) Ratio {
	return ratio(run.rounds(scenario, client), run.rounds(before, client))
}

// RateRatio is the rate at which a client moved bytes in a scenario against its rate in another.
func (run *Run) RateRatio(client, scenario, other string) Ratio {
	base := run.rounds(other, client)
	var ratios []float64
	for round, s := range run.rounds(scenario, client) {
		b := base[round]
		if b == nil {
			continue
		}
		rate, of := perSecond(s.Bytes, s.Elapsed), perSecond(b.Bytes, b.Elapsed)
		if rate > 0 && of > 0 {
			ratios = append(ratios, rate/of)
		}
	}
	slices.Sort(ratios)
	return summed(ratios)
}

// rounds finds the samples of a client in a scenario. One that was taken again replaces
// the one before.
func (run *Run) rounds(scenario, client string) map[int]*Sample {
	samples := map[int]*Sample{}
	for i := range run.Samples {
		s := &run.Samples[i]
		if s.Scenario == scenario && s.Client == client {
			samples[s.Round] = s
		}
	}
	return samples
}

func ratio(of, base map[int]*Sample) Ratio { return summed(ratios(of, base)) }

// summed makes a Ratio of sorted ratios.
func summed(ratios []float64) Ratio {
	return Ratio{Median: quantile(ratios, 0.5), Spread: halfRange(ratios), Rounds: len(ratios)}
}

// ratios are those of the rounds with both samples, sorted.
func ratios(of, base map[int]*Sample) []float64 {
	var ratios []float64
	for round, s := range of {
		b := base[round]
		// No work is done in no time: what says so was not measured.
		if b != nil && s.CPU() > 0 && b.CPU() > 0 {
			ratios = append(ratios, float64(s.CPU())/float64(b.CPU()))
		}
	}
	slices.Sort(ratios)
	return ratios
}

// Again is the client that does once more, in a process of its own, what the base does.
func Again(base string) string { return base + " again" }

// Noise is the spread of a scenario's row: how far the base is from itself. It is
// the median distance from 1 of the ratio of the base to its repetition, or half the
// distance between that ratio's quartiles, whichever is larger: the first sees a shift that all
// rounds have, the second rounds that disagree. A base that is not repeated in the
// scenario is judged by raw.
//
// It is false when neither was repeated.
func (run *Run) Noise(scenario, base string) (float64, bool) {
	for _, base := range []string{base, Raw} {
		ratios := ratios(run.rounds(scenario, Again(base)), run.rounds(scenario, base))
		if len(ratios) > 0 {
			return max(medianDistance(ratios), halfRange(ratios)), true
		}
	}
	return 0, false
}

// medianDistance is the median of how far each ratio is from 1.
func medianDistance(ratios []float64) float64 {
	var distances []float64
	for _, r := range ratios {
		distances = append(distances, math.Abs(r-1))
	}
	slices.Sort(distances)
	return quantile(distances, 0.5)
}

// Figures are medians over the rounds, of one client in one scenario. Each stands alone:
// those that are times or rates hold for one run on one computer.
type Figures struct {
	Rounds int // in which it was measured; without any the others mean nothing

	CPU               time.Duration // of an operation
	BytesPerOperation float64       // of bodies
	OperationRate     float64       // per second
	ByteRate          float64       // per second
	P50               time.Duration // 0: not measured
	P99               time.Duration
	Allocs            float64 // of an operation
	AllocBytes        float64
	IdleBytes         float64 // of an idle connection
	IdleGoroutines    float64
}

// CPUPerByte is in nanoseconds; NaN when there were no bodies.
func (f Figures) CPUPerByte() float64 {
	if f.BytesPerOperation == 0 {
		return math.NaN()
	}
	return float64(f.CPU) / f.BytesPerOperation
}

// Figures gives the medians of a client in a scenario.
func (run *Run) Figures(scenario, client string) Figures {
	samples := run.rounds(scenario, client)
	median := func(figure func(*Sample) float64) float64 {
		var values []float64
		for _, s := range samples {
			values = append(values, figure(s))
		}
		slices.Sort(values)
		return quantile(values, 0.5)
	}
	return Figures{
		Rounds:            len(samples),
		CPU:               time.Duration(median(func(s *Sample) float64 { return float64(s.CPU()) })),
		BytesPerOperation: median(func(s *Sample) float64 { return float64(s.Bytes) / float64(max(s.Operations, 1)) }),
		OperationRate:     median(func(s *Sample) float64 { return perSecond(s.Operations, s.Elapsed) }),
		ByteRate:          median(func(s *Sample) float64 { return perSecond(s.Bytes, s.Elapsed) }),
		P50:               time.Duration(median(func(s *Sample) float64 { return float64(s.P50) })),
		P99:               time.Duration(median(func(s *Sample) float64 { return float64(s.P99) })),
		Allocs:            median(func(s *Sample) float64 { return s.Allocs }),
		AllocBytes:        median(func(s *Sample) float64 { return s.AllocBytes }),
		IdleBytes:         median(func(s *Sample) float64 { return s.IdleBytes }),
		IdleGoroutines:    median(func(s *Sample) float64 { return s.IdleGoroutines }),
	}
}

func perSecond(n int64, elapsed time.Duration) float64 {
	if elapsed <= 0 {
		return 0
	}
	return float64(n) / elapsed.Seconds()
}

// halfRange is half the distance between the quartiles of sorted values: the middle half
// of the values lies within it around their middle.
func halfRange(sorted []float64) float64 {
	return (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2
}

// quantile takes the value at p of the way from the first to the last of the sorted
// values, between two neighbours in proportion; of none it is 0.
func quantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := p * float64(len(sorted)-1)
	below := int(at)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}
