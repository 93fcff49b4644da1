//go:build !unix

package measure

import (
	"errors"
	"time"
)

// cpu is the time that the process has spent so far.
type cpu struct{ user, system time.Duration }

func cpuTime() (cpu, error) {
	return cpu{}, errors.New("the processor time is measured by getrusage, which this system does not have")
}
