//go:build unix

package measure

import (
	"syscall"
	"time"
)

// cpu is the time that the process has spent so far.
type cpu struct{ user, system time.Duration }

func cpuTime() (cpu, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return cpu{}, err
	}
	return cpu{time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())}, nil
}
