package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hackney-go/hackney/bench/result"
	"github.com/hackney-go/hackney/hackney"
)

// facts are what is known of a run before its first sample.
func facts(pinned bool, rounds int) *result.Run {
	return &result.Run{
		Date:    time.Now().Format(time.DateOnly),
		Go:      runtime.Version(),
		System:  system(),
		CPU:     fmt.Sprintf("%s, %d of them", processor(), runtime.NumCPU()),
		Pinned:  pinned,
		Rounds:  rounds,
		Modules: modules(),
	}
}

// system is the operating system, and its kernel where a file tells.
func system() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS
	}
	return runtime.GOOS + " " + strings.TrimSpace(string(release))
}

// processor is the model of the processor where a file tells.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, model, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return runtime.GOARCH
}

// modules are those of the clients. The version of hackney is what it says itself: it is
// the source beside this one.
func modules() []result.Module {
	list := []result.Module{{Path: "github.com/hackney-go/hackney", Version: hackney.Version}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return list
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/valyala/fasthttp" || m.Path == "github.com/go-resty/resty/v2" {
			list = append(list, result.Module{Path: m.Path, Version: m.Version})
		}
	}
	return list
}
