package report

import (
	"bytes"
	"fmt"

	"github.com/hackney-go/hackney/bench/result"
)

// Between these two lines of a document stands what Markdown writes.
const (
	beginMarker = "<!-- results -->"
	endMarker   = "<!-- /results -->"
)

// Splice puts the report between the markers of the document, in place of what is there.
func Splice(document []byte, run *result.Run, rows []Row) ([]byte, error) {
	for _, marker := range []string{beginMarker, endMarker} {
		if n := bytes.Count(document, []byte(marker)); n != 1 {
			return nil, fmt.Errorf("report: the document has the marker %q %d times, want once", marker, n)
		}
	}
	before, rest, _ := bytes.Cut(document, []byte(beginMarker))
	_, after, found := bytes.Cut(rest, []byte(endMarker))
	if !found {
		return nil, fmt.Errorf("report: the document has the marker %q before %q", endMarker, beginMarker)
	}
	return fmt.Appendf(nil, "%s%s\n\n%s\n%s%s", before, beginMarker, Markdown(run, rows), endMarker, after), nil
}
