package mediatype_test

import (
	"fmt"

	"github.com/hackney-go/hackney/internal/mediatype"
)

func ExampleByName() {
	for _, name := range []string{"hello.txt", "docs/DATA.JSON", "archive.tar.gz", "Makefile"} {
		fmt.Println(mediatype.ByName(name))
	}
	// Output:
	// text/plain
	// application/json
	// application/gzip
	// application/octet-stream
}
