package main

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	progressFrom  = 4 << 20 // smaller bodies are over before anybody could look
	progressEvery = 100 * time.Millisecond
)

// progress says whether to show how far a body of that size has come.
func (f *flags) progress(a *app, size int64) bool {
	return a.terminal && !f.Trace && size >= progressFrom
}

// watch shows a bar on stderr until end is called. count is asked how far it is; it
// is called by another goroutine.
func (a *app) watch(what string, size int64, count func() int64) (end func()) {
	bar := progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(a.stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionClearOnFinish(),
	)
	over, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			bar.Set64(min(count(), size))
			select {
			case <-tick.C:
			case <-over:
				bar.Clear()
				return
			}
		}
	}()
	return func() {
		close(over)
		<-gone
	}
}
