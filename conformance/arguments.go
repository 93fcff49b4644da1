package conformance

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/form"
	"github.com/hackney-go/hackney/hackney/headers"
)

// requestUsage is what may stand behind method and target.
const requestUsage = `['Name: value' | -Name]... [text DATA | chunks DATA... | form NAME=VALUE... | file PATH [OFFSET [N]] | reader SIZE DATA | func DATA... | stream | multipart BOUNDARY PART... | stream-multipart SIZE BOUNDARY]`

// message reads the fields and the payload of a request.
func (s *session) message(args []string) (*headers.Headers, hackney.Payload, error) {
	var pairs, omit []string
	for len(args) > 0 && payloads[args[0]] == nil {
		if name, ok := strings.CutPrefix(args[0], "-"); ok && !strings.Contains(name, ":") {
			omit = append(omit, name)
		} else {
			name, value, err := s.field(args[0])
			if err != nil {
				return nil, nil, err
			}
			pairs = append(pairs, name, value)
		}
		args = args[1:]
	}
	h := headers.New(pairs...)
	for _, name := range omit {
		h = h.Omit(name)
	}
	if len(args) == 0 {
		return h, nil, nil
	}
	p, err := s.payload(args)
	return h, p, err
}

// field reads 'Name: value'.
func (s *session) field(arg string) (name, value string, err error) {
	text, err := s.data(arg)
	if err != nil {
		return "", "", err
	}
	name, value, ok := strings.Cut(string(text), ":")
	if !ok {
		return "", "", usagef("%q is no field such as 'Name: value', and no payload; want %s", arg, requestUsage)
	}
	return name, strings.TrimPrefix(value, " "), nil
}

// payload reads a payload: its kind, and what belongs to it.
func (s *session) payload(args []string) (hackney.Payload, error) {
	if len(args) == 0 {
		return nil, usagef("want a payload: text DATA, chunks DATA..., form NAME=VALUE..., file PATH [OFFSET [N]], reader SIZE DATA, func DATA..., multipart BOUNDARY PART..., stream, or stream-multipart SIZE BOUNDARY")
	}
	make := payloads[args[0]]
	if make == nil {
		return nil, usagef("%q is no payload", args[0])
	}
	return make(s, args[1:])
}

// payloads are the kinds of payload.
var payloads = map[string]func(*session, []string) (hackney.Payload, error){
	"text":   textPayload,
	"chunks": chunksPayload,
	"form":   formPayload,
	"file":   filePayload,
	"reader": readerPayload,
	"func":   funcPayload,
	"stream": func(_ *session, args []string) (hackney.Payload, error) { return hackney.Stream, noMore(args) },

	"multipart":        multipartPayload,
	"stream-multipart": streamMultipartPayload,
}

func noMore(args []string) error {
	if len(args) > 0 {
		return usagef("too many words: %s", strings.Join(args, " "))
	}
	return nil
}

func textPayload(s *session, args []string) (hackney.Payload, error) {
	if len(args) != 1 {
		return nil, usagef("want text DATA")
	}
	b, err := s.data(args[0])
	return hackney.Bytes(b), err
}

func (s *session) pieces(args []string) (pieces [][]byte, err error) {
	for _, arg := range args {
		b, err := s.data(arg)
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, b)
	}
	return pieces, nil
}

func chunksPayload(s *session, args []string) (hackney.Payload, error) {
	pieces, err := s.pieces(args)
	return hackney.Chunks(pieces...), err
}

func formPayload(s *session, args []string) (hackney.Payload, error) {
	fields, err := s.formFields(args)
	return hackney.Form(fields...), err
}

// formFields reads name=value words; one without = is a bare name.
func (s *session) formFields(args []string) (fields []form.Field, err error) {
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		n, err := s.data(name)
		if err != nil {
			return nil, err
		}
		v, err := s.data(value)
		if err != nil {
			return nil, err
		}
		fields = append(fields, form.Field{Name: string(n), Value: string(v), Bare: !ok})
	}
	return fields, nil
}

func filePayload(s *session, args []string) (hackney.Payload, error) {
	if len(args) < 1 || len(args) > 3 {
		return nil, usagef("want file PATH [OFFSET [N]]")
	}
	var part [2]int64
	for i, arg := range args[1:] {
		n, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return nil, usagef("%q is no number", arg)
		}
		part[i] = n
	}
	return hackney.File(s.file(args[0]), part[0], part[1]), nil
}

func readerPayload(s *session, args []string) (hackney.Payload, error) {
	if len(args) != 2 {
		return nil, usagef("want reader SIZE DATA, with SIZE -1 for one that is not known")
	}
	size, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return nil, usagef("%q is no size", args[0])
	}
	b, err := s.data(args[1])
	return hackney.FromReader(bytes.NewReader(b), size), err
}

// funcPayload gives its pieces, and then the end, or the error that error:REASON asks for.
func funcPayload(s *session, args []string) (hackney.Payload, error) {
	end := io.EOF
	if n := len(args); n > 0 {
		if reason, ok := strings.CutPrefix(args[n-1], "error:"); ok {
			end, args = &scriptedError{reason}, args[:n-1]
		}
	}
	pieces, err := s.pieces(args)
	return hackney.Func(func() ([]byte, error) {
		if len(pieces) == 0 {
			return nil, end
		}
		p := pieces[0]
		pieces = pieces[1:]
		return p, nil
	}), err
}

// optionSetters set the options of the library by the names of their fields.
var optionSetters = map[string]func(s *session, o *hackney.Opts, value string) error{
	"connect-timeout":    alone(durationOption(func(o *hackney.Opts) *time.Duration { return &o.ConnectTimeout })),
	"tls-timeout":        alone(durationOption(func(o *hackney.Opts) *time.Duration { return &o.TLSTimeout })),
	"recv-timeout":       alone(durationOption(func(o *hackney.Opts) *time.Duration { return &o.RecvTimeout })),
	"send-timeout":       alone(durationOption(func(o *hackney.Opts) *time.Duration { return &o.SendTimeout })),
	"first-byte-timeout": alone(durationOption(func(o *hackney.Opts) *time.Duration { return &o.FirstByteTimeout })),
	"expect-timeout":     alone(durationOption(func(o *hackney.Opts) *time.Duration { return &o.ExpectTimeout })),
	"basic-auth":         alone(credentialsOption("basic-auth", func(o *hackney.Opts) **hackney.BasicAuth { return &o.BasicAuth })),
	"insecure":           alone(flagOption(func(o *hackney.Opts) *bool { return &o.Insecure })),
	"max-body":           alone(countOption(func(o *hackney.Opts, n int64) { o.MaxBody = n })),
	"max-head":           alone(countOption(func(o *hackney.Opts, n int64) { o.MaxHead = int(n) })),
	"max-fields":         alone(countOption(func(o *hackney.Opts, n int64) { o.MaxFields = int(n) })),
	"pool":               poolOption,
	"checkout-timeout":   alone(durationOption(func(o *hackney.Opts) *time.Duration { return &o.CheckoutTimeout })),
	"drain-bytes":        alone(drainBytesOption),
	"drain-time":         alone(durationOption(func(o *hackney.Opts) *time.Duration { return &o.DrainTime })),
	"raw-method":         alone(flagOption(func(o *hackney.Opts) *bool { return &o.RawMethod })),

	"async":        alone(flagOption(func(o *hackney.Opts) *bool { return &o.Async })),
	"async-buffer": alone(countOption(func(o *hackney.Opts, n int64) { o.AsyncBuffer = int(n) })),

	"follow-redirect": alone(flagOption(func(o *hackney.Opts) *bool { return &o.FollowRedirect })),
	"force-redirect":  alone(flagOption(func(o *hackney.Opts) *bool { return &o.ForceRedirect })),
	"rewrite-post":    alone(flagOption(func(o *hackney.Opts) *bool { return &o.RewritePost })),
	"max-redirect":    alone(maxRedirectOption),
	"sensitive":       alone(sensitiveOption),
	"proxy":           alone(proxyOption),
	"proxy-mode":      alone(proxyModeOption),
	"proxy-auth":      alone(credentialsOption("proxy-auth", func(o *hackney.Opts) **hackney.BasicAuth { return &o.ProxyAuth })),
	"proxy-headers":   proxyHeadersOption,
	"answer-proxy":    answerProxyOption,
	"address-policy":  addressPolicyOption,
}

// alone is a setter that needs nothing of the session.
func alone(set func(*hackney.Opts, string) error) func(*session, *hackney.Opts, string) error {
	return func(_ *session, o *hackney.Opts, value string) error { return set(o, value) }
}

// setOptions sets all options anew.
func setOptions(s *session, args []string) error {
	o := hackney.Opts{}
	s.answers, s.guarded = nil, nil
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		set := optionSetters[name]
		if set == nil {
			return usagef("there is no option %q, want one of %s", name, strings.Join(sortedKeys(optionSetters), " "))
		}
		if err := set(s, &o, value); err != nil {
			return err
		}
	}
	s.options = o
	return nil
}

func durationOption(field func(*hackney.Opts) *time.Duration) func(*hackney.Opts, string) error {
	return func(o *hackney.Opts, value string) error {
		d, err := readTime(value)
		if err != nil {
			return err
		}
		*field(o) = d
		return nil
	}
}

func countOption(set func(*hackney.Opts, int64)) func(*hackney.Opts, string) error {
	return func(o *hackney.Opts, value string) error {
		if value == "unlimited" {
			set(o, hackney.Unlimited)
			return nil
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return usagef("%q is no number, nor unlimited", value)
		}
		set(o, n)
		return nil
	}
}

func flagOption(field func(*hackney.Opts) *bool) func(*hackney.Opts, string) error {
	return func(o *hackney.Opts, value string) error {
		if value != "" && value != "true" && value != "false" {
			return usagef("%q is neither true nor false", value)
		}
		*field(o) = value != "false"
		return nil
	}
}

// credentialsOption takes USER:PASSWORD.
func credentialsOption(name string, field func(*hackney.Opts) **hackney.BasicAuth) func(*hackney.Opts, string) error {
	return func(o *hackney.Opts, value string) error {
		user, password, ok := strings.Cut(value, ":")
		if !ok {
			return usagef("want %s=USER:PASSWORD", name)
		}
		*field(o) = &hackney.BasicAuth{User: user, Password: password}
		return nil
	}
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
