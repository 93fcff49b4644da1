package headers_test

import (
	"fmt"

	"github.com/hackney-go/hackney/hackney/headers"
)

func ExampleNew() {
	h := headers.New("Accept", "text/plain", "X-Tag", "one", "x-tag", "two")
	fmt.Println(h.Get("accept"), h.Values("X-Tag"))

	bad := headers.New("X-Tag", "one\r\nHost: elsewhere")
	fmt.Println(bad.Err())
	// Output:
	// text/plain [one two]
	// headers: field "X-Tag": the value has a control byte in it
}

func ExampleHeaders_With() {
	base := headers.New("Accept", "*/*", "X-Trace", "7")
	other := base.With("accept", "text/plain").With("X-New", "1")
	fmt.Print(other)
	fmt.Println("base still has", base.Get("Accept"))
	// Output:
	// accept: text/plain
	// X-Trace: 7
	// X-New: 1
	// base still has */*
}

func ExampleHeaders_Omit() {
	h := headers.New("Accept", "*/*").Omit("User-Agent")
	fmt.Println(h.Len(), h.Omitted())
	// Output: 1 [User-Agent]
}

func ExampleHeaders_All() {
	h := headers.New("B", "1", "a", "2", "b", "3")
	for name, value := range h.All() {
		fmt.Println(name, value)
	}
	// Output:
	// B 1
	// a 2
	// b 3
}
