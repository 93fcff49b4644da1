package main

import (
	"io"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/hackney-go/hackney/hackney"
)

const (
	progressFrom  = 1 << 20 // smaller bodies are over before anybody could look
	progressEvery = 100 * time.Millisecond
)

// progress says whether to show how far a body of that size has come.
func (f *flags) progress(a *app, size int64) bool {
	return a.terminal && !f.Trace && !f.JSON && size >= progressFrom
}

// watchUpload shows how much of a body of that size was sent, until end is called. For
// that the connection is tapped, and then the kernel does not copy files by itself; so
// it is done only where somebody looks.
func (x *exchange) watchUpload(o *hackney.Opts, size int64) (end func()) {
	if !x.flags.progress(x.app, size) {
		return func() {}
	}
	sent := new(bodySent)
	o.Tap = sent.tap
	return x.app.watch("sent", size, sent.n.Load)
}

// bodySent counts the bytes of a request's body as they are written to the connection.
type bodySent struct {
	n       atomic.Int64
	matched int // of the end of the head, before which nothing is counted
}

// both tells two of what passes; first may be nil.
func both(first, second hackney.TapFunc) hackney.TapFunc {
	if first == nil {
		return second
	}
	return func(e hackney.TapEvent) {
		first(e)
		second(e)
	}
}

const endOfHead = "\r\n\r\n"

func (b *bodySent) tap(e hackney.TapEvent) {
	switch e.Kind {
	case hackney.TapOpened:
		b.matched = 0
		b.n.Store(0)
	case hackney.TapSent:
		b.n.Add(int64(len(b.behindHead(e.Bytes))))
	}
}

// behindHead is what of p does not belong to the head.
func (b *bodySent) behindHead(p []byte) []byte {
	for len(p) > 0 && b.matched < len(endOfHead) {
		switch p[0] {
		case endOfHead[b.matched]:
			b.matched++
		case endOfHead[0]:
			b.matched = 1
		default:
			b.matched = 0
		}
		p = p[1:]
	}
	return p
}

// bar shows how far something of a known size is.
type bar struct {
	*progressbar.ProgressBar
	size int64
}

func newBar(w io.Writer, what string, size int64) bar {
	return bar{progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionUseANSICodes(runtime.GOOS != "windows"), // else the last line is not cleared whole
	), size}
}

func (b bar) show(n int64) { b.Set64(min(n, b.size)) }

// watch shows a bar on stderr until end is called. count is asked how far it is; it
// is called by another goroutine.
func (a *app) watch(what string, size int64, count func() int64) (end func()) {
	bar := newBar(a.stderr, what, size)
	over, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				bar.show(count())
			case <-over:
				bar.show(count())
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
