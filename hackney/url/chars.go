package url

// The classes of bytes that the grammar of RFC 3986 tells apart. One table
// answers all questions, so that every scan is one loop over one array.
const (
	inName  uint8 = 1 << iota // host name: unreserved and sub-delims (3.2.2)
	inUser                    // user information: as inName, with ':' (3.2.1)
	inPath                    // kept in a path: all but controls, SP, '\', '?' and '#'
	inQuery                   // kept in a query: all but controls, SP and '#'
	inFrag                    // kept in a fragment: all but controls and SP
	inLabel                   // part of a scheme: letters, digits, '+', '-' and '.' (3.1)
	plain                     // unreserved (2.3): never percent-encoded
	ends                      // ends an authority: '/', '?' and '#' (3.2)
)

var class = makeClass()

func makeClass() (t [256]uint8) {
	for i := range t {
		if b := byte(i); b > ' ' && b != 0x7f {
			t[i] = inPath | inQuery | inFrag
		}
		if isAlnum(byte(i)) {
			t[i] |= inName | inUser | inLabel | plain
		}
	}
	mark := func(set string, bits uint8) {
		for i := range len(set) {
			t[set[i]] |= bits
		}
	}
	mark("-._~", inName|inUser|plain)
	mark("!$&'()*+,;=", inName|inUser)
	mark(":", inUser)
	mark("+-.", inLabel)
	mark("/?#", ends)
	t['\\'] &^= inPath
	t['?'] &^= inPath
	t['#'] &^= inPath | inQuery
	return t
}

func isAlnum(b byte) bool { return isAlpha(b) || isDigit(b) }

func isAlpha(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// span is the length of the longest start of s whose bytes are all of the class.
func span(s string, bits uint8) int {
	for i := range len(s) {
		if class[s[i]]&bits == 0 {
			return i
		}
	}
	return len(s)
}
