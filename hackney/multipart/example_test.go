package multipart_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/multipart"
)

// show prints a form line by line.
func show(form []byte) {
	fmt.Print(strings.ReplaceAll(string(form), "\r\n", "\n"))
}

func ExampleValue() {
	form, err := multipart.Encode("B",
		multipart.Value("title", "A day at the sea"),
		multipart.Value("tags", `["sea"]`).Type("application/json"),
	)
	show(form)
	fmt.Println(err)
	// Output:
	// --B
	// Content-Disposition: form-data; name="title"
	// Content-Type: application/octet-stream
	//
	// A day at the sea
	// --B
	// Content-Disposition: form-data; name="tags"
	// Content-Type: application/json
	//
	// ["sea"]
	// --B--
	// <nil>
}

func ExampleContent() {
	note := multipart.Content("note", "notes/sea.txt", []byte("cold"))
	form, _ := multipart.Encode("B", note.With(headers.New("Content-Language", "en")))
	show(form)
	// Output:
	// --B
	// Content-Disposition: form-data; name="note"; filename="sea.txt"
	// Content-Type: text/plain
	// Content-Language: en
	//
	// cold
	// --B--
}

func ExampleFile() {
	dir, err := os.MkdirTemp("", "multipart")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "sea.txt")
	if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	form, err := multipart.Encode("B",
		multipart.File("all", path),
		multipart.File("some", path).Named("piece.txt").Range(2, 3),
	)
	show(form)
	fmt.Println(err)
	// Output:
	// --B
	// Content-Disposition: form-data; name="all"; filename="sea.txt"
	// Content-Type: text/plain
	//
	// 0123456789
	// --B
	// Content-Disposition: form-data; name="some"; filename="piece.txt"
	// Content-Type: text/plain
	//
	// 234
	// --B--
	// <nil>
}

func ExampleReader() {
	// Of a reader with a length the form's length is known too.
	known := multipart.Reader("log", "log.txt", strings.NewReader("line\n"), 5)
	size, err := multipart.Size("B", known)
	fmt.Println(size, err)

	unknown := multipart.Reader("log", "log.txt", strings.NewReader("line\n"), -1)
	_, err = multipart.Size("B", unknown)
	fmt.Println(err)
	// Output:
	// 113 <nil>
	// multipart: part "log": its length is not known
}

// A part that is begun gets its content piece by piece, and ends with DataEOF, with
// another part or with the form.
func ExampleStart() {
	open := false
	for _, item := range []multipart.Part{
		multipart.Start("log", "log.txt", "text/plain"),
		multipart.Data([]byte("one ")),
		multipart.Data([]byte("two")),
		multipart.EOF,
	} {
		segments, err := multipart.Streamed("B", item, open)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, s := range segments {
			fmt.Printf("%q\n", s.Bytes)
		}
		open = item.Kind() == multipart.Begin || item.Kind() == multipart.Piece
	}
	// Output:
	// "--B\r\nContent-Disposition: form-data; name=\"log\"; filename=\"log.txt\"\r\nContent-Type: text/plain\r\n\r\n"
	// "one "
	// "two"
	// "\r\n--B--\r\n\r\n"
}

func ExampleForm() {
	segments, err := multipart.Form("B", multipart.File("photo", "/pictures/sea.jpg"))
	for _, s := range segments {
		fmt.Printf("%q %q\n", s.Bytes, s.Path)
	}
	fmt.Println(err)

	_, err = multipart.Form("B", multipart.Value("photo", "x").Type("text/plain\r\nX: y"))
	fmt.Println(err)
	// Output:
	// "--B\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"sea.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n" ""
	// "" "/pictures/sea.jpg"
	// "\r\n--B--\r\n" ""
	// <nil>
	// multipart: part "photo": a control byte is in its name, file name or type
}

func ExampleSize() {
	parts := []multipart.Part{multipart.Value("a", "1"), multipart.Value("b", "2")}
	boundary := multipart.BoundaryFor(parts...)
	size, err := multipart.Size(boundary, parts...)
	fmt.Println(size, err)
	// Output: 319 <nil>
}

func ExampleContentType() {
	fmt.Println(multipart.ContentType("simple"))
	fmt.Println(multipart.ContentType("with a blank"))
	// Output:
	// multipart/form-data; boundary=simple
	// multipart/form-data; boundary="with a blank"
}

const answer = "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA day at the sea\r\n" +
	"--B\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"C:\\sea.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n…\r\n--B--\r\n"

func ExampleNewReader() {
	r, err := multipart.NewReader(strings.NewReader(answer), "multipart/form-data; boundary=B", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		part, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		n, err := io.Copy(io.Discard, part)
		fmt.Printf("%q %q %q: %d bytes, %v\n", part.Name, part.FileName, part.Headers.Get("Content-Type"), n, err)
	}
	// Output:
	// "title" "" "": 16 bytes, <nil>
	// "photo" "sea.jpg" "image/jpeg": 3 bytes, <nil>
}

func ExampleReadForm() {
	fields, err := multipart.ReadForm(strings.NewReader(answer), "multipart/form-data; boundary=B", nil)
	for _, f := range fields {
		fmt.Printf("%s: %s\n", f.Name, f.Content)
	}
	fmt.Println(err)

	_, err = multipart.ReadForm(strings.NewReader(answer), "multipart/form-data; boundary=B", &multipart.Limits{Part: 10})
	var over *multipart.LimitError
	fmt.Println(errors.As(err, &over), err)
	// Output:
	// title: A day at the sea
	// photo: …
	// <nil>
	// true multipart: received part 1: more than 10 bytes in a part (Limits.Part)
}
