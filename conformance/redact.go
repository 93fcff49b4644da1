package conformance

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"

	"github.com/hackney-go/hackney/hackney/url"
)

// Rule says what is a secret. In a script each byte of it is an x, so that no
// length changes.
//
// Rules see each direction of a connection as one text, wherever it was cut into
// segments, and the data of chunks without their framing. What a rule for fields or
// for parameters has found is replaced wherever else it occurs, if it has at least
// six bytes: in every direction of every connection, also as the decoded form of a
// percent-encoded value, as the credentials without their scheme, as the password in
// those of Basic, and as the value of each cookie. What another coding hides, such as
// gzip, is not found.
//
// Nothing touches what a message stands on: the method and the version, the status
// code, names of fields, and the fields Content-Length, Transfer-Encoding,
// Connection and Expect. Nor is the host of an address a secret.
type Rule struct {
	re    *regexp.Regexp
	echo  bool // what is found is looked for everywhere
	field bool // the last group is the value of the field in the first
}

// RuleField makes secrets of the values of the fields with these names. A line
// of a body that looks like such a field is taken for one.
func RuleField(names ...string) Rule { return fieldRule(anyOf(names)) }

// RuleQuery makes secrets of the values of the parameters with these names: in
// targets, in URLs of fields and bodies, and in forms.
func RuleQuery(names ...string) Rule {
	return Rule{re: regexp.MustCompile(`(?im)(?:^|[?&;])(?:` + anyOf(names) + `)=([^&#;\s"'<>]*)`), echo: true}
}

// RulePattern makes secrets of what the groups of re match, of the whole match where
// no group takes part. It is looked for in all bytes, in both directions.
func RulePattern(re *regexp.Regexp) Rule { return Rule{re: re} }

// fieldRule takes the fields whose whole name matches, with folded lines.
func fieldRule(name string) Rule {
	return Rule{
		re:    regexp.MustCompile(`(?im)^(` + name + `)[ \t]*:[ \t]*([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)`),
		echo:  true,
		field: true,
	}
}

func anyOf(names []string) string {
	var quoted []string
	for _, name := range names {
		quoted = append(quoted, regexp.QuoteMeta(name))
	}
	return "(?:" + strings.Join(quoted, "|") + ")"
}

const tokenBytes = "[!#$%&'*+.^_`|~0-9A-Za-z-]*"

// DefaultRules are the rules of a recorder that was given none: the fields
// Authorization, Proxy-Authorization, Cookie, Set-Cookie and all whose name has
// token, secret, api-key or password in it; and parameters with the usual names of
// keys, tokens, passwords and signatures.
func DefaultRules() []Rule {
	return []Rule{
		RuleField("Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"),
		fieldRule(tokenBytes + "(?:token|secret|api[-_]?key|password)" + tokenBytes),
		RuleQuery("token", "access_token", "refresh_token", "id_token", "api_key", "api-key", "apikey", "key",
			"password", "passwd", "secret", "client_secret", "signature", "sig",
			"X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token"),
	}
}

// minEcho is the length from which on a secret is looked for everywhere. A
// shorter one would be found in what has nothing to do with it.
const minEcho = 6

// redaction is what is replaced.
type redaction struct {
	rules   []Rule
	secrets map[string]bool // to be looked for everywhere
	ordered [][]byte
}

// redact replaces the secrets in what connections sent and received.
func redact(conns []*taped, rules []Rule) *redaction {
	red := &redaction{rules: rules, secrets: map[string]bool{}}
	var views []*view
	for _, c := range conns {
		sent, received := c.views()
		views = append(views, sent, received)
	}
	for _, v := range views {
		for _, rule := range rules {
			red.apply(rule, v)
		}
	}
	red.order()
	for _, v := range views {
		red.applyEchoes(v)
	}
	for _, v := range views {
		v.replace()
	}
	return red
}

// apply hides what a rule finds.
func (red *redaction) apply(rule Rule, v *view) {
	for _, m := range rule.re.FindAllSubmatchIndex(v.text, -1) {
		if rule.echo {
			from, to := m[len(m)-2], m[len(m)-1]
			to = from + len(bytes.TrimRight(v.text[from:to], " \t"))
			v.hide(from, to)
			red.learn(rule, string(v.text[m[2]:m[3]]), string(v.text[from:to]))
			continue
		}
		if groups := m[2:]; slices.ContainsFunc(groups, func(at int) bool { return at >= 0 }) {
			m = groups
		}
		for ; len(m) > 0; m = m[2:] {
			if m[0] >= 0 {
				v.hide(m[0], m[1])
			}
		}
	}
}

// learn keeps a secret, and the parts of it that are secrets by themselves.
func (red *redaction) learn(rule Rule, name, value string) {
	red.keep(value)
	if !rule.field {
		return
	}
	switch strings.ToLower(name) {
	case "authorization", "proxy-authorization":
		_, credentials, _ := strings.Cut(value, " ")
		red.keep(credentials)
		if plain, err := base64.StdEncoding.DecodeString(credentials); err == nil {
			_, password, _ := strings.Cut(string(plain), ":")
			red.keep(string(plain))
			red.keep(password)
		}
	case "set-cookie":
		cookie, _, _ := strings.Cut(value, ";")
		red.keepCookie(cookie)
	case "cookie":
		for cookie := range strings.SplitSeq(value, ";") {
			red.keepCookie(cookie)
		}
	}
}

func (red *redaction) keepCookie(cookie string) {
	_, value, _ := strings.Cut(cookie, "=")
	red.keep(strings.Trim(value, ` "`))
}

func (red *redaction) keep(secret string) {
	if len(secret) < minEcho {
		return
	}
	red.secrets[secret] = true
	if plain, err := url.Decode(secret); err == nil && len(plain) >= minEcho {
		red.secrets[plain] = true
	}
}

// order puts longer secrets first: a shorter one may be a part of them.
func (red *redaction) order() {
	for _, secret := range sortedKeys(red.secrets) {
		red.ordered = append(red.ordered, []byte(secret))
	}
	slices.SortStableFunc(red.ordered, func(a, b []byte) int { return len(b) - len(a) })
}

func (red *redaction) applyEchoes(v *view) {
	for _, secret := range red.ordered {
		for at := 0; ; at += len(secret) {
			i := bytes.Index(v.text[at:], secret)
			if i < 0 {
				break
			}
			at += i
			v.hide(at, at+len(secret))
		}
	}
}

var (
	userInfo    = regexp.MustCompile(`://([^/?#\s'":@]*)(?::([^/?#\s'"@]*))?@`)
	basicOption = regexp.MustCompile(`basic-auth=([^\s':]*):?([^\s']*)`)
	fieldWord   = regexp.MustCompile(`'((?:[^']|'')*)'`)
)

// command replaces the secrets in a line of a script.
func (red *redaction) command(line string) string {
	v := &view{raw: []byte(line), hidden: make([]bool, len(line))}
	v.add(0, len(line))
	for _, re := range []*regexp.Regexp{userInfo, basicOption} {
		red.apply(RulePattern(re), v)
	}
	for _, m := range fieldWord.FindAllStringSubmatchIndex(line, -1) {
		red.wordOf(v, m[2], m[3])
	}
	for _, rule := range red.rules {
		red.apply(rule, v)
	}
	red.applyEchoes(v)
	v.replace()
	return string(v.raw)
}

// wordOf hides what the rules find in one word of a command, as if it were a line.
func (red *redaction) wordOf(v *view, from, to int) {
	word := &view{raw: bytes.Clone(v.raw[from:to]), hidden: make([]bool, to-from)}
	word.add(0, to-from)
	for _, rule := range red.rules {
		red.apply(rule, word)
	}
	copy(v.hidden[from:to], word.hidden)
}
