package fields

// Classes of bytes, from RFC 9110, 5.6.2 and 5.5.
const (
	token   = 1 << iota // tchar
	visible             // what a field value may hold: VCHAR, obs-text, SP, HTAB
)

var class = func() (t [256]uint8) {
	for c := 0x20; c < 0x100; c++ {
		if c != 0x7f {
			t[c] = visible
		}
	}
	t['\t'] = visible
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
		t[c] |= token
	}
	return t
}()

func all(s string, bits uint8) bool {
	for i := 0; i < len(s); i++ {
		if class[s[i]]&bits == 0 {
			return false
		}
	}
	return true
}

// ValidToken says whether s is a token (RFC 9110, 5.6.2): a method or field name.
func ValidToken(s string) bool { return s != "" && all(s, token) }

// Token is the length of the token at the start of s. Four bytes are looked at
// together, since it is most of what reading a head takes.
func Token(s string) int {
	i := 0
	for ; i+4 <= len(s); i += 4 {
		if class[s[i]]&class[s[i+1]]&class[s[i+2]]&class[s[i+3]]&token == 0 {
			break
		}
	}
	for i < len(s) && class[s[i]]&token != 0 {
		i++
	}
	return i
}

// ValidValue says whether s may be sent as a field value (RFC 9110, 5.5): no
// control byte but HTAB, so no CR, LF or NUL.
func ValidValue(s string) bool { return all(s, visible) }

// EqualFold compares two strings, blind to the case of ASCII letters alone.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// Trim cuts optional white space (SP and HTAB) off both ends.
func Trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// Item cuts the first element off a comma-separated list (RFC 9110, 5.6.1) that
// holds no quoted strings, such as Connection or Transfer-Encoding.
func Item(list string) (item, rest string) {
	for i := 0; i < len(list); i++ {
		if list[i] == ',' {
			return Trim(list[:i]), list[i+1:]
		}
	}
	return Trim(list), ""
}

// HasItem says whether the comma-separated list has the element want, case-blind.
func HasItem(list, want string) bool {
	for list != "" {
		var item string
		if item, list = Item(list); EqualFold(item, want) {
			return true
		}
	}
	return false
}
