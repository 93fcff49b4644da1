package main

import (
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// cores are the processors of client and target. Each has one of its own where there
// are two.
type cores struct {
	pinned         bool
	client, target int
	all            unix.CPUSet
}

// findCores takes the first and the last processor that may be used: those in between
// are more often two halves of one core.
func findCores() cores {
	var c cores
	if unix.SchedGetaffinity(0, &c.all) != nil || c.all.Count() < 2 {
		return c
	}
	c.pinned, c.target = true, -1
	for i := range len(c.all) * 64 {
		if !c.all.IsSet(i) {
			continue
		}
		if c.target < 0 {
			c.target = i
		}
		c.client = i
	}
	return c
}

// start starts a process on one processor. A process has those of the thread that starts
// it, from its first instruction on, so that its runtime sees no others.
func (c *cores) start(cmd *exec.Cmd, core int) error {
	if !c.pinned {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var one unix.CPUSet
	one.Set(core)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return err
	}
	err := cmd.Start()
	if back := unix.SchedSetaffinity(0, &c.all); err == nil {
		err = back
	}
	return err
}
