package url

import (
	"encoding/json"
	"testing"
)

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"http://u:secret@h/p": "http://u:xxxxx@h/p", "//u:secret@h": "//u:xxxxx@h", "ftp://:secret@h": "ftp://:xxxxx@h", "http://u:secret@": "http://u:xxxxx@",
		"http://u:a@secret@h/": "http://u:xxxxx@h/", "http://u:a/secret@h/": "http://u:xxxxx@h/", "http://u:a?secret@h/@": "http://u:xxxxx@", "http://u:#secret@h": "http://u:xxxxx@h",
		"<http://u:secret@h/>; rel=x": "<http://u:xxxxx@h/>; rel=x", "http://[::1]:a/secret@h": "http://[::1]:xxxxx@h",
		// nothing to hide
		"http://h/p?q#f": "http://h/p?q#f", "http://u@h/": "http://u@h/", "http://h:80/a@b": "http://h:80/a@b", "http://h/a:b@c": "http://h/a:b@c", "/a//b:c@d": "/a//b:c@d",
		"u:p@h": "u:p@h", "": "", "http://[::1]:80/@": "http://[::1]:80/@", "http://[::1]/@": "http://[::1]/@", "http://u:@h": "http://u:xxxxx@h",
	} {
		if got := Redact(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestSecretInJSON(t *testing.T) {
	u, err := Parse("http://u:secret@h/p")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"a": u, "b": &u})
	if want := `{"a":"http://u:xxxxx@h/p","b":"http://u:xxxxx@h/p"}`; string(text) != want || err != nil {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
}
