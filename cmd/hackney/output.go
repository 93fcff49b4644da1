package main

import (
	"fmt"
	"io"
	"os"
)

// output is where the body goes: a file, or stdout.
type output struct {
	stdout  io.Writer
	file    *os.File
	regular bool
	fresh   bool // the file was not there before, and no answer has come
}

// openOutput opens the file of -o before anything is sent, so that a file that
// cannot be written is known in time. It is emptied only when there is an answer.
func openOutput(name string, stdout io.Writer) (*output, error) {
	out := &output{stdout: stdout}
	if name == "" || name == "-" {
		return out, nil
	}
	_, err := os.Stat(name)
	out.fresh = os.IsNotExist(err)
	if out.file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o666); err != nil {
		return nil, fmt.Errorf("-o: %w", err)
	}
	info, err := out.file.Stat()
	out.regular = err == nil && info.Mode().IsRegular()
	return out, nil
}

// begin makes room for the body of an answer that has come.
func (o *output) begin() error {
	o.fresh = false
	if !o.regular {
		return nil
	}
	return o.file.Truncate(0)
}

// writer is what the body is written to. A file is given as it is, so that the
// kernel can move the bytes into it; stdout is not, because it may be a pipe that
// nobody reads any more, or a file that is appended to.
func (o *output) writer() io.Writer {
	if o.file != nil {
		return o.file
	}
	return struct{ io.Writer }{o.stdout}
}

// size is how much of the body is in the file.
func (o *output) size() int64 {
	info, err := o.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// close closes the file, once, and removes it if it was made for an answer that
// did not come.
func (o *output) close() error {
	if o.file == nil {
		return nil
	}
	file := o.file
	o.file = nil
	err := file.Close()
	if o.fresh {
		os.Remove(file.Name())
	}
	return err
}
