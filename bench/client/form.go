package client

import (
	"errors"
	"io"
	"mime/multipart"
	"os"
	"path/filepath"
)

// formName is the name of a form's part.
const formName = "file"

// pipedForm is a form of one file, as programs make it that have the standard library: a
// goroutine writes it into a pipe while the client reads.
func pipedForm(path string) (form io.ReadCloser, mediaType string) {
	read, write := io.Pipe()
	w := multipart.NewWriter(write)
	go func() { write.CloseWithError(errors.Join(writeFile(w, path), w.Close())) }()
	return read, w.FormDataContentType()
}

// writeFile writes the form's part.
func writeFile(w *multipart.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	part, err := w.CreateFormFile(formName, filepath.Base(path))
	if err != nil {
		return err
	}
	_, err = io.Copy(part, file)
	return err
}
