package form_test

import (
	"errors"
	"fmt"

	"github.com/hackney-go/hackney/hackney/form"
	"github.com/hackney-go/hackney/hackney/url"
)

func ExampleEncode() {
	body := form.Encode([]form.Field{
		{Name: "name", Value: "Joe & Ann"},
		{Name: "all", Bare: true},
		{Name: "name", Value: "again"},
	})
	fmt.Printf("%s\n", body)
	// Output: name=Joe+%26+Ann&all&name=again
}

func ExampleAppendEncode() {
	body := form.AppendEncode([]byte("/search?"), []form.Field{{Name: "q", Value: "a b"}})
	fmt.Printf("%s\n", body)
	// Output: /search?q=a+b
}

func ExampleDecode() {
	fields, err := form.Decode("name=Joe+%26+Ann&all")
	fmt.Printf("%+v %v\n", fields, err)
	_, err = form.Decode("name=100%")
	fmt.Println(errors.Is(err, url.ErrEscape), err)
	// Output:
	// [{Name:name Value:Joe & Ann Bare:false} {Name:all Value: Bare:true}] <nil>
	// true form: field 1: value: url: decode: bad percent escape: at byte 3
}
