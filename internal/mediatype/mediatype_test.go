package mediatype

import (
	"mime"
	"sort"
	"strings"
	"testing"
)

func TestByName(t *testing.T) {
	for name, want := range map[string]string{
		"hello.txt":             "text/plain",
		"data.json":             "application/json",
		"blob.bin":              "application/octet-stream",
		"x.png":                 "image/png",
		"PHOTO.JPeG":            "image/jpeg",
		"a.tar.gz":              "application/gzip",
		"/srv/www/index.html":   "text/html",
		`C:\docs\letter.pdf`:    "application/pdf",
		"dir.txt/file":          Default,
		`dir.txt\file`:          Default,
		"dir.txt/":              Default,
		"":                      Default,
		".":                     Default,
		"..":                    Default,
		".txt":                  Default,
		"dir/.html":             Default,
		".config.json":          "application/json",
		"README":                Default,
		"name.":                 Default,
		"name.unknown":          Default,
		"name.webmanifest":      "application/manifest+json",
		"name.webmanifests":     Default,
		"name.txt ":             Default,
		"name.txt\x00":          Default,
		"name.\u00e9":           Default,
		"\u00e9\xff.css":        "text/css",
		"archive.7z":            "application/x-7z-compressed",
		"archive.zst":           "application/zstd",
		"name.te\u212at":        Default,
		"..png":                 "image/png",
		strings.Repeat(".a", 9): Default,
	} {
		if got := ByName(name); got != want {
			t.Errorf("ByName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	if !sort.SliceIsSorted(table[:], func(i, j int) bool { return table[i].ext < table[j].ext }) {
		t.Error("the table is not in byte order")
	}
	if len(table) < 150 {
		t.Errorf("only %d extensions", len(table))
	}
	size := 0
	for i, e := range table {
		size = max(size, len(e.ext))
		if i > 0 && table[i-1].ext == e.ext {
			t.Errorf("%s is there twice", e.ext)
		}
		if e.ext != strings.ToLower(e.ext) || strings.ContainsAny(e.ext, "./\\ ") {
			t.Errorf("bad extension %q", e.ext)
		}
		if kind, params, err := mime.ParseMediaType(e.mediaType); err != nil || len(params) > 0 || !strings.Contains(kind, "/") {
			t.Errorf("%s: bad type %q: %v", e.ext, e.mediaType, err)
		}
		if got := ByName("x." + strings.ToUpper(e.ext)); got != e.mediaType {
			t.Errorf("%s is not found: %s", e.ext, got)
		}
	}
	if size != longest {
		t.Errorf("the longest extension has %d bytes, not %d", size, longest)
	}
}

func TestAllocations(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { ByName("/a/b/Report.PDF") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzByName(f *testing.F) {
	for _, s := range []string{"", "a.txt", ".", "a/b.C", `a\b.png`, "\xff.\x00", "x.webmanifest"} {
		f.Add(s)
	}
	known := map[string]bool{Default: true}
	for _, e := range table {
		known[e.mediaType] = true
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := ByName(name)
		if !known[got] || got != ByName(strings.ToUpper(name)) && isASCII(name) {
			t.Errorf("%q: %q", name, got)
		}
		if got != ByName("dir/"+name) && !strings.HasPrefix(name, ".") {
			t.Errorf("%q in a directory: %q", name, ByName("dir/"+name))
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

func BenchmarkByName(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ByName("/srv/files/Report.PDF")
	}
}
