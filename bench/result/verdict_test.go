package result

import (
	"slices"
	"testing"
)

// Raw takes 100 in each of three rounds and is 5 % from itself.
func judged(hackney []int, peers ...times) *Run {
	return runOf(append(
		peers,
		times{"get", "raw", []int{100, 100, 100}}, times{"get", "raw again", []int{105, 105, 105}},
		times{"get", "hackney", hackney},
	)...)
}

func TestMet(t *testing.T) {
	for _, tt := range []struct {
		name    string
		hackney []int
		target  float64
		want    bool
	}{
		{"below", []int{110, 112, 300}, 1.15, true},
		{"above, within the noise", []int{119, 119, 119}, 1.15, true},
		{"above, beyond the noise", []int{121, 121, 121}, 1.15, false},
		{"the median counts", []int{110, 300, 300}, 1.15, false},
		{"not measured", nil, 1.15, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := judged(tt.hackney).Judge("get", "raw", tt.target); got.Met != tt.want {
				t.Errorf("%+v: met %v, want %v", got, got.Met, tt.want)
			}
		})
	}
}

func TestBehind(t *testing.T) {
	for _, tt := range []struct {
		name         string
		fasthttp     []int // hackney takes 120, 240 and 120
		behind, even []string
		ahead        bool
	}{
		{"the peer takes more", []int{140, 280, 140}, nil, nil, true},
		{"a little more: 0.96", []int{125, 250, 125}, nil, []string{"fasthttp"}, true},
		{"the same", []int{120, 240, 120}, nil, []string{"fasthttp"}, true},
		{"a little less: 1.04", []int{115, 231, 115}, nil, []string{"fasthttp"}, true},
		{"less: 1.2", []int{100, 200, 100}, []string{"fasthttp"}, nil, false},
		// 1.2 0.8 0.8
		{"less in one round", []int{100, 300, 150}, nil, nil, true},
		{"not measured", nil, nil, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run := judged([]int{120, 240, 120}, times{"get", "fasthttp", tt.fasthttp}, times{"get", "resty", []int{400, 400, 400}})
			got := run.Judge("get", "raw", 0)
			if !slices.Equal(got.Behind, tt.behind) || !slices.Equal(got.Even, tt.even) || got.Ahead() != tt.ahead {
				t.Errorf("got %+v, ahead %v", got, got.Ahead())
			}
		})
	}
}

func TestJudgeWithoutNoise(t *testing.T) {
	run := runOf(
		times{"get", "raw", []int{100}}, times{"get", "hackney", []int{121}}, times{"get", "resty", []int{120}},
	)
	if got := run.Judge("get", "raw", 1.2); got.Met || got.Ahead() || got.Noise != 0 {
		t.Errorf("not strict: %+v", got)
	}
}

func TestNobodyIsAheadWithoutAMeasurement(t *testing.T) {
	if judged(nil).Judge("get", "raw", 0).Ahead() {
		t.Error("ahead without a sample")
	}
}
