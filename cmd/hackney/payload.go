package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/internal/mediatype"
)

// body is the payload of a request, with what it needs around it.
type body struct {
	payload hackney.Payload
	ctype   string                    // a Content-Type that the payload does not bring, "" for none
	file    *os.File                  // nil, or what payload reads
	watch   func(a *app) (end func()) // shows the progress of the upload
}

func (b *body) close() {
	if b.file != nil {
		b.file.Close()
	}
}

// fields adds the Content-Type to the caller's fields, unless they have one.
func (b *body) fields(h *headers.Headers) *headers.Headers {
	if b.ctype == "" || h.Has("Content-Type") {
		return h
	}
	return h.Add("Content-Type", b.ctype)
}

// body makes the payload of -d or -T.
func (f *flags) body(ctx context.Context, a *app, rawURL string) (*body, error) {
	switch {
	case f.Upload != "":
		return f.upload(a, rawURL)
	case f.Data == nil:
		return &body{}, nil
	case *f.Data == "@-":
		return &body{payload: hackney.FromReader(&interruptible{ctx: ctx, r: a.stdin}, -1)}, nil
	}
	if name, ok := strings.CutPrefix(*f.Data, "@"); ok {
		return dataFile(name)
	}
	return &body{payload: hackney.Text(*f.Data)}, nil
}

const octetStream = "application/octet-stream"

// dataFile sends a file as data, whatever its name tells of its type. What is not a
// regular file has no length, and goes chunked.
func dataFile(name string) (*body, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("-d: %w", err)
	}
	if info.Mode().IsRegular() {
		return &body{payload: hackney.File(name, 0, 0), ctype: octetStream}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("-d: %w", err)
	}
	return &body{payload: hackney.FromReader(file, -1), file: file}, nil
}

// upload sends the file of -T. To show progress it must be read here, and then the
// kernel cannot copy it; so that is done only where it could not do so anyway.
func (f *flags) upload(a *app, rawURL string) (*body, error) {
	name := f.Upload
	info, err := os.Stat(name)
	kernel := f.UnixSocket == "" && !isHTTPS(rawURL)
	if err != nil || kernel || !f.progress(a, info.Size()) || !info.Mode().IsRegular() {
		return &body{payload: hackney.File(name, 0, 0)}, nil // it reports what is wrong with the file
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("-T: %w", err)
	}
	r := &counting{r: file}
	return &body{
		payload: hackney.FromReader(r, info.Size()),
		ctype:   mediatype.ByName(filepath.Base(name)),
		file:    file,
		watch:   func(a *app) func() { return a.watch("sent", info.Size(), r.n.Load) },
	}, nil
}

func isHTTPS(rawURL string) bool {
	return len(rawURL) >= 6 && strings.EqualFold(rawURL[:6], "https:")
}

// counting counts what is read.
type counting struct {
	r io.Reader
	n atomic.Int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// interruptible is a reader whose Read ends with the context. What blocks in r
// then is left behind, which is right only at the end of the process.
type interruptible struct {
	ctx     context.Context
	r       io.Reader
	buf     []byte
	reading chan int // the length of what came into buf
	err     error
}

func (i *interruptible) Read(p []byte) (int, error) {
	if i.reading == nil {
		i.buf = make([]byte, 64<<10)
		i.reading = make(chan int, 1)
	}
	go func(p []byte) {
		n, err := i.r.Read(p)
		i.err = err
		i.reading <- n
	}(i.buf[:min(len(p), len(i.buf))])
	select {
	case n := <-i.reading:
		return copy(p, i.buf[:n]), i.err
	case <-i.ctx.Done():
		return 0, context.Cause(i.ctx)
	}
}
