package conformance

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hackney-go/hackney/internal/golden"
)

// stepLine is a command of a script, its words in the notation.
type stepLine struct {
	negated bool
	name    string
	args    []string
}

func (l stepLine) String() string { return commandLine(l.negated, l.name, l.args) }

// stepRedaction makes texts of the words of commands.
type stepRedaction struct {
	*redaction
	payload *view // of the request under way, of all its pieces
	write   []func()
}

// commands adds the words of commands to what is redacted, as what they stand for.
// The functions that it gives write them back.
func (red *redaction) commands(lines []stepLine) (write []func()) {
	steps := &stepRedaction{redaction: red, payload: &view{}}
	for _, l := range lines {
		steps.line(l.name, l.args)
	}
	return steps.write
}

// line takes one command. Its name is never hidden, nor are methods, addresses and numbers.
func (s *stepRedaction) line(name string, args []string) {
	switch {
	case name == "request", name == "request-url", name == "send-request":
		s.request(args, 1, (*view).target)
	case name == "send-raw":
		s.request(args, 1, func(v *view) { v.head(0, len(v.raw), true) })
	case verbs[name] != nil:
		s.request(args, 0, (*view).target)
	case name == "stream-request-body":
		s.parts(args)
	case name == "stream-multipart-request":
		s.items(args)
	case functions[name] != nil, name == "multipart-decode", name == "want" && len(args) > 1 && args[0] == "data":
		for i := range args {
			s.word(&args[i], (*view).anything)
		}
	case name == "multipart-encode" && len(args) > 0:
		s.items(args[1:])
	case name == "opts":
		s.options(args)
	}
}

// request takes a target, fields and a payload.
func (s *stepRedaction) request(args []string, target int, as func(*view)) {
	s.payload = &view{}
	s.views = append(s.views, s.payload)
	if len(args) <= target {
		return
	}
	s.word(&args[target], as)
	i := target + 1
	for ; i < len(args) && payloads[args[i]] == nil; i++ {
		if !strings.HasPrefix(args[i], "-") || strings.Contains(args[i], ":") {
			s.word(&args[i], func(v *view) { v.lines(0, len(v.raw)) })
		}
	}
	s.parts(args[i:])
}

// parts takes a payload: all of one request is one text.
func (s *stepRedaction) parts(args []string) {
	switch {
	case len(args) == 0 || args[0] == "file":
		return
	case args[0] == "form":
		for i := range args[1:] {
			s.formField(&args[i+1])
		}
		return
	case args[0] == "multipart" && len(args) > 1:
		s.word(&args[1], (*view).anything)
		s.items(args[2:])
		return
	case args[0] == "stream-multipart" && len(args) > 2:
		s.word(&args[2], (*view).anything)
		return
	case args[0] == "reader":
		args = args[1:]
	}
	for i := 1; i < len(args); i++ {
		s.part(s.payload, &args[i])
	}
}

// part adds a word to a text.
func (s *stepRedaction) part(v *view, arg *string) {
	from := len(v.raw)
	v.raw = append(v.raw, decoded(*arg)...)
	v.add(from, len(v.raw))
	v.wide = []span{{0, len(v.text)}}
	s.back(v, span{from, len(v.raw)}, arg)
}

// word takes a word by itself.
func (s *stepRedaction) word(arg *string, as func(*view)) {
	v := &view{raw: decoded(*arg)}
	as(v)
	v.wide = []span{{0, len(v.text)}}
	s.views = append(s.views, v)
	s.back(v, span{0, len(v.raw)}, arg)
}

// back has a word written back where something of it was hidden.
func (s *stepRedaction) back(v *view, part span, arg *string) {
	s.write = append(s.write, func() {
		if slices.Contains(v.marks()[part.from:part.to], true) {
			*arg = literal(golden.Quote(v.raw[part.from:part.to]))
		}
	})
}

// formField takes NAME=VALUE, whose value goes out encoded: no byte ends it.
func (s *stepRedaction) formField(arg *string) {
	name, value, ok := strings.Cut(*arg, "=")
	if !ok {
		return
	}
	s.named(name, &value)
	s.write = append(s.write, func() { *arg = name + "=" + value })
}

// named takes the value of a form's field, which is hidden where its name says so.
func (s *stepRedaction) named(name string, value *string) {
	s.word(value, func(v *view) {
		v.anything()
		plain := string(decoded(name)) + "=x"
		for _, rule := range s.rules {
			if rule.kind == byQuery && rule.wide.MatchString(plain) {
				v.hide(0, len(v.text))
				s.keep(string(v.raw))
			}
		}
	})
}

// items takes the items of a form. A file, as elsewhere, is named and not held.
func (s *stepRedaction) items(args []string) {
	for len(args) > 0 {
		kind, ok := items[args[0]]
		if !ok || len(args) <= kind.words {
			return
		}
		s.item(args[0], args[1:1+kind.words])
		for args = args[1+kind.words:]; len(args) > 0 && !isItem(args[0]); args = args[1:] {
			s.more(&args[0])
		}
	}
}

// item takes the words that an item needs.
func (s *stepRedaction) item(kind string, args []string) {
	switch kind {
	case "value", "content", "reader":
		name, last := args[0], len(args)-1
		s.word(&args[0], (*view).anything)
		s.named(name, &args[last])
		if last > 1 {
			s.word(&args[1], (*view).anything) // the file name; a size is a number
		}
	case "file":
		s.word(&args[0], (*view).anything)
	case "start":
		for i := range args {
			s.word(&args[i], (*view).anything)
		}
	case "data":
		s.part(s.payload, &args[0]) // all pieces are one text
	}
}

// more takes a word that says more of a part. Numbers are of no interest.
func (s *stepRedaction) more(arg *string) {
	name, value, ok := strings.Cut(*arg, "=")
	switch {
	case ok && (name == "type" || name == "named"):
		s.word(&value, (*view).anything)
		s.write = append(s.write, func() { *arg = name + "=" + value })
	case strings.Contains(*arg, ":"):
		s.word(arg, func(v *view) { v.lines(0, len(v.raw)) })
	}
}

// options takes the words of opts.
func (s *stepRedaction) options(args []string) {
	for i := range args {
		name, value, _ := strings.Cut(args[i], "=")
		arg := &args[i]
		switch name {
		case "basic-auth", "proxy-auth":
			user, password, _ := strings.Cut(value, ":")
			s.keep(password)
			*arg = name + "=" + strings.Repeat("x", len(user)) + ":" + strings.Repeat("x", len(password))
		case "answer-proxy":
			s.learnField("Proxy-Authorization", value)
			*arg = name + "=" + strings.Repeat("x", len(value))
		case "proxy":
			s.proxies(arg, value)
		case "proxy-headers":
			s.word(&value, func(v *view) { v.lines(0, len(v.raw)) })
			s.write = append(s.write, func() { *arg = name + "=" + value })
		}
	}
}

// proxies takes the URLs of proxies, which need no scheme.
func (s *stepRedaction) proxies(arg *string, value string) {
	pairs := strings.Split(value, ",")
	for i, pair := range pairs {
		before, proxy, ok := strings.Cut(pair, ">")
		if !ok {
			before, proxy = "", pair
		} else {
			before += ">"
		}
		if scheme, rest, ok := strings.Cut(proxy, "://"); ok {
			before, proxy = before+scheme+"://", rest
		}
		at := strings.LastIndexByte(proxy, '@')
		if at < 0 {
			continue
		}
		user, password, _ := strings.Cut(proxy[:at], ":")
		s.keep(password)
		hidden := strings.Repeat("x", len(user))
		if strings.Contains(proxy[:at], ":") {
			hidden += ":" + strings.Repeat("x", len(password))
		}
		pairs[i] = before + hidden + proxy[at:]
	}
	*arg = "proxy=" + strings.Join(pairs, ",")
}

// decoded is what a word stands for; one that stands for nothing is taken as it is.
func decoded(arg string) []byte {
	b, err := golden.Unquote(arg, nil)
	if err != nil {
		return []byte(arg)
	}
	return b
}

// anything takes all as text.
func (v *view) anything() { v.add(0, len(v.raw)) }

// target takes a URL or a path. Its host is never hidden.
func (v *view) target() {
	v.anything()
	begin, rest, ok := bytes.Cut(v.raw, []byte("://"))
	if !ok {
		return
	}
	host := len(begin) + len("://")
	v.kept = append(v.kept, span{0, host})
	end := len(v.raw)
	if i := bytes.IndexAny(rest, "/?#"); i >= 0 {
		end = host + i
	}
	host += bytes.LastIndexByte(v.raw[host:end], '@') + 1
	v.kept = append(v.kept, span{host, end})
}
