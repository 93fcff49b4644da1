package conformance

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hackney-go/hackney/hackney/headers"
	"github.com/hackney-go/hackney/hackney/url"
)

func TestFunctions(t *testing.T) {
	const fields = "A: 1|b: 2|a: 3"
	for _, c := range []struct {
		command string // words with | between them
		want    string // lines with | between them
	}{
		{
			`parse-url|https://u:p@h:81/a?b#c`,
			"transport: hackney_ssl_transport|scheme: https|netloc: h:81|raw_path: /a?b#c|path: /a|qs: b|fragment: c|host: h|port: 81|user: u|password: p",
		},
		{
			`parse-url|http://h`,
			"transport: hackney_tcp_transport|scheme: http|netloc: h|raw_path: /|path: /|qs:|fragment:|host: h|port: 80|user:|password:",
		},
		{`unparse-url|HTTP://u@h?q`, "http://u@h/?q"},
		{`unparse-url|scheme=http|netloc=h:1`, "http://h:1/"},
		{`unparse-url|host=h|port=81|path=/x`, "http://h:81/x"},
		{`transport-scheme|hackney_ssl_transport`, "https"},
		{`url-encode|a b/`, "a+b%2f"},
		{`url-encode|a b/|noplus|upper`, "a%20b%2F"},
		{`url-encode|\xFF`, "%ff"},
		{`url-encode|`, ""},
		{`url-decode|a+b%41`, "a bA"},
		{`url-decode|%zz|skip`, "%zz"},
		{`url-decode|%20|crash`, " "},
		{`form-encode|a=1|b|c\x3D=2\x3D`, `content-type: application/x-www-form-urlencoded; charset=utf-8|body: "a=1&b&c%3d=2%3d"`},
		{`form-encode`, `content-type: application/x-www-form-urlencoded; charset=utf-8|body: ""`},
		{`form-decode|a=1&b&c=%3d`, `"a" = "1"|"b"|"c" = "="`},
		{`form-decode|`, "(empty)"},
		{`headers-list|` + fields, "A: 1|a: 3|b: 2"},
		{`headers-list`, "(empty)"},
		{`headers-get|B|` + fields, "2"},
		{`headers-get|c|` + fields, "undefined"},
		{`headers-get|c|none|` + fields, "none"},
		{`headers-insert|B|9|` + fields, "A: 1|B: 9|a: 3"},
		{`headers-update|` + fields + `|--|a: 4`, "a: 4|b: 2"},
	} {
		t.Run(c.command, func(t *testing.T) {
			got, err := call(c.command)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, strings.Join(got, "|")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// call runs a command with its words.
func call(command string) ([]string, error) {
	words := strings.Split(command, "|")
	return functions[words[0]](words[1:])
}

// TestFunctionErrors: what the library refuses is its error, what is wrong in the
// script is a fault of that.
func TestFunctionErrors(t *testing.T) {
	for command, want := range map[string]error{
		`parse-url|http://h:x/`:        url.ErrPort,
		`unparse-url|http://h:x/`:      url.ErrPort,
		`transport-scheme|other`:       url.ErrTransport,
		`url-decode|%zz`:               url.ErrEscape,
		`form-decode|a=%`:              url.ErrEscape,
		`headers-list|A B: 1`:          &headers.Error{},
		`headers-insert|A|\n|B: 1`:     &headers.Error{},
		`headers-get|A|B : 1`:          &headers.Error{},
		`headers-update|--|A: \x00`:    &headers.Error{},
		`parse-url`:                    usageError{},
		`parse-url|a|b`:                usageError{},
		`parse-url|\q`:                 usageError{},
		`unparse-url|port=x`:           usageError{},
		`unparse-url|path=/|colour=1`:  usageError{},
		`url-encode|a|loud`:            usageError{},
		`url-decode|a|loud`:            usageError{},
		`form-encode|\q=1`:             usageError{},
		`headers-list|nonsense`:        usageError{},
		`headers-insert|A`:             usageError{},
		`headers-update|A: 1`:          usageError{},
		`headers-update|A: 1|--|other`: usageError{},
	} {
		t.Run(command, func(t *testing.T) {
			_, err := call(command)
			var (
				usage usageError
				field *headers.Error
			)
			isUsage, isField := errors.As(err, &usage), errors.As(err, &field)
			switch want.(type) {
			case usageError:
				if !isUsage {
					t.Errorf("got %v, want a fault of the script", err)
				}
			case *headers.Error:
				if !isField || isUsage {
					t.Errorf("got %v, want a %T", err, want)
				}
			default:
				if !errors.Is(err, want) || isUsage {
					t.Errorf("got %v, want %v", err, want)
				}
			}
		})
	}
}
