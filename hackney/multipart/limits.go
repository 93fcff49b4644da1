package multipart

import (
	"cmp"
	"fmt"
	"math"
)

// Unlimited, or any number below 0, is no limit.
const Unlimited = -1

// Limits are how much of a form is read. Where one is 0, or the Limits are nil, the
// default holds.
type Limits struct {
	// Parts is the number of parts: 1,000.
	Parts int

	// Head is the size of the head of one part in bytes, each field counted as "name: value"
	// and a line end: 64 KiB. Where it is much longer before its white space was taken
	// away, or has a long text in front of it, it is over the limit too; so are,
	// whatever the limit, more than 10,000 fields or about 10 MiB.
	Head int

	// Part is the content of one part in bytes: no limit. What is skipped counts.
	Part int64

	// Total is the heads and contents of all parts in bytes, as they count above: no limit
	// for a [FormReader], 10 MiB for [ReadForm].
	Total int64
}

const (
	defaultParts = 1000
	defaultHead  = 64 << 10
	defaultForm  = 10 << 20
)

// effective gives the limits that hold, none of which is 0 or below.
func (l *Limits) effective() Limits {
	var all Limits
	if l != nil {
		all = *l
	}
	return Limits{
		Parts: limit(all.Parts, defaultParts, math.MaxInt),
		Head:  limit(all.Head, defaultHead, math.MaxInt),
		Part:  limit(all.Part, math.MaxInt64, math.MaxInt64),
		Total: limit(all.Total, math.MaxInt64, math.MaxInt64),
	}
}

func limit[T int | int64](given, byDefault, none T) T {
	if given < 0 {
		return none
	}
	return cmp.Or(given, byDefault)
}

// LimitError is a form that is over a limit of its reader.
type LimitError struct {
	Limit string // the name of the field of Limits: Parts, Head, Part or Total
	Max   int64  // what it was set to
}

// Error names the limit and the field of Limits that raises it.
func (e *LimitError) Error() string {
	what := map[string]string{
		"Parts": "parts in the form",
		"Head":  "bytes in the head of a part",
		"Part":  "bytes in a part",
		"Total": "bytes in the parts of the form",
	}
	return fmt.Sprintf("more than %d %s (Limits.%s)", e.Max, what[e.Limit], e.Limit)
}
