package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/hackney-go/hackney/hackney/url"
)

// redaction replaces secrets in texts that belong together.
type redaction struct {
	rules   []Rule
	views   []*view
	secrets map[string]bool // to be looked for everywhere
}

// redact replaces the secrets in what connections sent and received, and in the
// commands of a script.
func redact(conns []*taped, lines []stepLine, rules []Rule) {
	red := &redaction{rules: rules, secrets: map[string]bool{}}
	for _, c := range conns {
		sent, received := c.views()
		red.views = append(red.views, sent, received)
	}
	write := red.commands(lines)
	for _, v := range red.views {
		for _, rule := range rules {
			red.apply(rule, v)
		}
	}
	all := newEchoes(red.secrets)
	for _, v := range red.views {
		all.hideIn(v)
		v.replace()
	}
	for _, w := range write {
		w()
	}
}

// apply hides what a rule finds.
func (red *redaction) apply(rule Rule, v *view) {
	if rule.re == nil {
		return
	}
	red.find(rule.kind, rule.re, v, span{0, len(v.text)})
	if rule.wide == nil {
		return
	}
	for _, part := range v.wide {
		red.find(rule.kind, rule.wide, v, part)
	}
}

// find hides what re finds in a part of a text.
func (red *redaction) find(kind ruleKind, re *regexp.Regexp, v *view, part span) {
	text := v.text[part.from:part.to]
	for _, m := range re.FindAllSubmatchIndex(text, -1) {
		switch groups := m[2:]; {
		case kind == byField:
			m = m[4:]
			m[1] = m[0] + len(bytes.TrimRight(text[m[0]:m[1]], " \t"))
			red.learnField(string(text[groups[0]:groups[1]]), string(text[m[0]:m[1]]))
		case slices.ContainsFunc(groups, func(at int) bool { return at >= 0 }):
			m = groups
			red.learn(kind, text, m[len(m)-2:])
		}
		for ; len(m) > 0; m = m[2:] {
			if m[0] >= 0 {
				v.hide(part.from+m[0], part.from+m[1])
			}
		}
	}
}

// learn keeps the last group of a rule other than that for fields.
func (red *redaction) learn(kind ruleKind, text []byte, at []int) {
	if kind == byPattern || at[0] < 0 {
		return
	}
	value := text[at[0]:at[1]]
	red.keep(string(value))
	var plain string
	if kind == byMember && json.Unmarshal(slices.Concat([]byte(`"`), value, []byte(`"`)), &plain) == nil {
		red.keep(plain)
	}
}

// learnField keeps the value of a field, and the parts of it that are secrets by
// themselves.
func (red *redaction) learnField(name, value string) {
	red.keep(value)
	switch strings.ToLower(name) {
	case "set-cookie":
		cookie, _, _ := strings.Cut(value, ";")
		red.keepCookie(cookie)
	case "cookie":
		for cookie := range strings.SplitSeq(value, ";") {
			red.keepCookie(cookie)
		}
	default:
		if _, credentials, ok := strings.Cut(value, " "); ok {
			red.keepCredentials(strings.TrimSpace(credentials))
		}
	}
}

func (red *redaction) keepCookie(cookie string) {
	_, value, _ := strings.Cut(cookie, "=")
	red.keep(strings.Trim(value, ` "`))
}

var authParam = regexp.MustCompile(`([\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))`)

// openParams are the parameters of credentials that are no secrets: some of them
// are in each request.
var openParams = []string{"realm", "uri", "qop", "algorithm", "nc", "username", "userhash", "charset", "signedheaders"}

// keepCredentials keeps what stands behind the scheme.
func (red *redaction) keepCredentials(credentials string) {
	red.keep(credentials)
	for _, m := range authParam.FindAllStringSubmatch(credentials, -1) {
		if !slices.Contains(openParams, strings.ToLower(m[1])) {
			red.keep(m[2] + m[3])
		}
	}
	if plain, err := base64.StdEncoding.DecodeString(credentials); err == nil {
		_, password, _ := strings.Cut(string(plain), ":")
		red.keep(string(plain))
		red.keep(password)
	}
}

// schemes are values that are no secret wherever they stand.
var schemes = []string{"bearer", "digest", "negotiate"}

func (red *redaction) keep(secret string) {
	if len(secret) < minEcho || slices.Contains(schemes, strings.ToLower(secret)) {
		return
	}
	red.secrets[secret] = true
	if plain, err := url.Decode(secret); err == nil && len(plain) >= minEcho {
		red.secrets[plain] = true
	}
}
