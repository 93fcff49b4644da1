// Package multipart makes forms of parts and files (multipart/form-data, RFC 7578), and
// reads them. It does no I/O on the network: hackney.Multipart and
// hackney.StreamMultipartRequest send what is made here.
//
//	form := hackney.Multipart(
//		multipart.Value("title", "A day at the sea"),
//		multipart.File("photo", "sea.jpg"),
//		multipart.Content("note", "note.txt", []byte("…")).Type("text/plain; charset=utf-8"),
//	)
//
// # On the wire
//
// A part has Content-Disposition, with the name and the base of the file name, and
// Content-Type, as hackney 0.6.0 sends them, values too. In names line ends and quotes
// are written as %0D, %0A and %22, which is what browsers do and servers expect; all else,
// UTF-8 and the backslash too, is written as it is. A server that takes a backslash for an
// escape reads another name then; one at the end of a name is refused.
//
// Boundaries come from crypto/rand, and one that occurs in content that is at hand is
// drawn again. In a file or a reader it is not looked for: there nobody who does not
// know it can have put it. With a boundary of the caller's own, content at hand that
// would end its part is refused; what a file, a reader or several pieces together
// hold is the caller's affair.
//
// # Reading
//
// [ReadForm] reads a form, or any other multipart content, into memory; [NewReader] reads
// it part by part, of any size. Both have limits, hold a peer to the rules of RFC 2046,
// and never take what broke off for a whole form. Under them is mime/multipart of the
// standard library.
package multipart
