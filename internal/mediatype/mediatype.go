package mediatype

import (
	"sort"
	"strings"
)

// Default is the type of everything that has no better one (RFC 2046, section
// 4.5.1).
const Default = "application/octet-stream"

// longest is the length of the longest extension in the table, in bytes.
const longest = 11

// ByName gives the media type of a file by the extension of its name: what
// follows the last '.' of the last element of a path, in any case. Both '/' and
// '\' separate elements. A name without an extension, one that only begins with
// a dot (".profile") and one with an unknown extension give [Default]. It never
// fails, opens no file and allocates nothing.
func ByName(name string) string {
	ext := extension(name)
	if ext == "" || len(ext) > longest {
		return Default
	}
	var buf [longest]byte
	key := lower(buf[:0], ext)
	i := sort.Search(len(table), func(i int) bool { return table[i].ext >= string(key) })
	if i < len(table) && table[i].ext == string(key) {
		return table[i].mediaType
	}
	return Default
}

// extension is what follows the last '.' of the base name, or "".
func extension(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	i := strings.LastIndexByte(name, '.')
	if i <= 0 {
		return ""
	}
	return name[i+1:]
}

// lower appends s to dst with its ASCII letters in lower case.
func lower(dst []byte, s string) []byte {
	for i := range len(s) {
		b := s[i]
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		dst = append(dst, b)
	}
	return dst
}
