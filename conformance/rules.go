package conformance

import (
	"regexp"
	"strings"
)

// Rule says what is a secret. In a script each byte of it is an x, so that no
// length changes. The zero Rule finds nothing.
//
// Rules see each direction of a connection as one text, wherever it was cut into
// segments, and the data of chunks without their framing. What a rule for fields or
// for parameters has found is replaced wherever else it occurs, if it has at least
// six bytes: in every direction of every connection, also as the decoded form of a
// percent-encoded value, as the credentials without their scheme, as the password in
// those of Basic, as the parameters of other schemes, and as the value of each cookie.
//
// Not found are secrets in the path of a URL, in a part of multipart/form-data, in a
// compressed body, and in any other coding, such as Base64 or UTF-16: have a
// [RulePattern] for them.
//
// Nothing touches what a message stands on: the method and the version, the status
// code, names of fields, and the fields Content-Length, Transfer-Encoding,
// Connection and Expect. Nor is the host of an address a secret.
type Rule struct {
	re   *regexp.Regexp
	wide *regexp.Regexp // for heads and forms, where no quote ends a value; nil for none
	kind ruleKind
}

// ruleKind says what the groups of a rule are.
type ruleKind int

const (
	byPattern  ruleKind = iota // secrets, which are not looked for elsewhere
	byQuery                    // the value
	byMember                   // the text of a JSON string
	byField                    // the name of a field and its value
	byUserInfo                 // user and password
)

// RuleField makes secrets of the values of the fields with these names. A line
// of a body that looks like such a field is taken for one.
func RuleField(names ...string) Rule { return fieldRule(anyOf(names)) }

// RuleQuery makes secrets of the values of the parameters with these names, also as
// the last key in brackets, user[password]: in targets, in URLs of fields and bodies,
// and in forms.
func RuleQuery(names ...string) Rule { return queryRule(anyOf(names)) }

// RulePattern makes secrets of what the groups of re match, of the whole match where
// no group takes part. It is looked for in all bytes, in both directions; nil finds
// nothing.
func RulePattern(re *regexp.Regexp) Rule { return Rule{re: re} }

// fieldRule takes the fields whose whole name matches, with folded lines.
func fieldRule(name string) Rule {
	return Rule{
		re:   regexp.MustCompile(`(?im)^(` + name + `)[ \t]*:[ \t]*([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)`),
		kind: byField,
	}
}

// nameBytes are those of the name of a parameter.
const nameBytes = `[^=&;#?\s"'<>]*`

// queryRule takes parameters. In HTML and JSON a quote or a semicolon ends the value.
func queryRule(name string) Rule {
	begin := `(?im)(?:^|[?&;#])(?:` + nameBytes + `(?:\[|%5B))?` + name + `(?:\]|%5D)?=`
	return Rule{
		re:   regexp.MustCompile(begin + `([^&#;\s"'<>]*)`),
		wide: regexp.MustCompile(begin + `([^&#\s]*)`),
		kind: byQuery,
	}
}

// memberRule takes the strings of JSON members, also one that breaks off.
func memberRule(name string) Rule {
	return Rule{re: regexp.MustCompile(`(?is)"` + name + `"\s*:\s*"((?:[^"\\]|\\.)*)`), kind: byMember}
}

// userInfoRule takes the user information of URLs, and of a Location without a scheme.
func userInfoRule() Rule {
	const begin = `(?im)(?::|^(?:Content-)?Location[ \t]*:[ \t]*)//`
	return Rule{
		re:   regexp.MustCompile(begin + `([^/?#\s'"<>:@]*)(?::([^/?#\s'"<>]*))?@`),
		wide: regexp.MustCompile(begin + `([^/?#\s:@]*)(?::([^/?#\s]*))?@`),
		kind: byUserInfo,
	}
}

func anyOf(names []string) string {
	var quoted []string
	for _, name := range names {
		quoted = append(quoted, regexp.QuoteMeta(name))
	}
	return "(?:" + strings.Join(quoted, "|") + ")"
}

const (
	tokenBytes = "[!#$%&'*+.^_`|~0-9A-Za-z-]*"
	telling    = `(?:token|secret|password|passwd|passphrase|api[-_]?key|signature|credential)`
)

// DefaultRules are the rules of a recorder that was given none: the fields
// Authorization, Proxy-Authorization, Cookie, Set-Cookie, X-Auth, X-Auth-Key and all
// whose name ends in -Subscription-Key or has token, secret, api-key or password in it;
// parameters with the usual names of keys, tokens, passwords and signatures, and all
// whose name has such a word in it; the strings of JSON members with such a word in
// their name; and the user information of URLs.
func DefaultRules() []Rule {
	return []Rule{
		RuleField("Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Auth", "X-Auth-Key"),
		fieldRule(tokenBytes + "(?:(?:token|secret|api[-_]?key|password)" + tokenBytes + "|-Subscription-Key)"),
		queryRule(`(?:key|sig|auth|code|jwt|pwd|` + nameBytes + telling + nameBytes + `)`),
		memberRule(`(?:jwt|pwd|[^"\\]*` + telling + `[^"\\]*)`),
		userInfoRule(),
	}
}
