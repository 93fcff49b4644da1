// Package form turns name and value pairs into the body of an HTML form and
// back: the format application/x-www-form-urlencoded.
//
//	body := form.Encode([]form.Field{{Name: "q", Value: "a b"}, {Name: "all", Bare: true}})
//	// q=a+b&all
//
// A form is an ordered list here and not a map: the order of the fields and
// repeated names reach the server as they were given. [Decode] is the inverse.
// The two agree on every list but for one kind of field: a [Field] that is Bare
// and has no name is written as nothing between two '&', which Decode skips.
//
// What the bytes of a name or value mean is the caller's affair. They are
// usually UTF-8, which is what [ContentType] announces, but no byte is refused
// or changed; line ends are not turned into CR LF as a browser would do.
package form
