package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/headers"
)

// body is the payload of a request, with what it needs around it.
type body struct {
	payload hackney.Payload
	ctype   string   // a Content-Type that the payload does not bring, "" for none
	file    *os.File // nil, or what payload reads
	size    int64    // of the body, 0 where it is not known or not shown
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

// body makes the payload of -d, -F or -T.
func (f *flags) body(ctx context.Context, a *app) (*body, error) {
	switch {
	case f.Upload != "":
		return &body{payload: hackney.File(f.Upload, 0, 0), size: fileSize(f.Upload)}, nil
	case len(f.Form) > 0:
		return f.form(ctx, a)
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

// fileSize is that of a file, 0 where there is none. What is wrong with it is told when
// it is sent.
func fileSize(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return info.Size()
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
		return &body{payload: hackney.File(name, 0, 0), ctype: octetStream, size: info.Size()}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("-d: %w", err)
	}
	return &body{payload: hackney.FromReader(file, -1), file: file}, nil
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
