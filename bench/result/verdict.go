package result

// The clients that a verdict is about, by the names that samples have.
const (
	Raw     = "raw" // the ceiling
	Hackney = "hackney"
)

// Peers are what hackney is compared with.
func Peers() []string { return []string{"fasthttp", "net/http", "resty"} }

// A Verdict says how hackney stands in a scenario.
type Verdict struct {
	Ratio Ratio   // of hackney to the base
	Noise float64 // of the scenario; 0, which is the strictest, when it is not known

	// Met: the ratio is at most the target, with the noise added to it.
	Met bool
	// The peers that do the same with less CPU time by more than the noise, and those that
	// are neither ahead nor behind by more than it.
	Behind, Even []string
}

// Ahead tells whether no peer does the same with less CPU time by more than the noise.
func (v Verdict) Ahead() bool { return v.Ratio.Known() && len(v.Behind) == 0 }

// Judge compares hackney with its target, a ratio to the base, and with its peers.
func (run *Run) Judge(scenario, base string, target float64) Verdict {
	v := Verdict{Ratio: run.Ratio(scenario, Hackney, base)}
	v.Noise, _ = run.Noise(scenario, base)
	v.Met = v.Ratio.Known() && v.Ratio.Median <= target+v.Noise
	for _, peer := range Peers() {
		r := run.Ratio(scenario, Hackney, peer)
		switch {
		case !r.Known():
		case r.Median-1 > v.Noise:
			v.Behind = append(v.Behind, peer)
		case 1-r.Median <= v.Noise:
			v.Even = append(v.Even, peer)
		}
	}
	return v
}
