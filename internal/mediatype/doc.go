// Package mediatype names the media type of a file by the extension of its
// name.
//
// The table is part of the program. Package mime reads further tables from the
// machine it runs on, so that one request can carry different fields in two
// places; here a name gives the same type everywhere, and the golden files of
// the wire stay true.
//
// The types are those of the IANA registry where it has one for the extension,
// else the name that servers and browsers agree on. No type carries a charset:
// the name of a file does not tell it.
package mediatype
