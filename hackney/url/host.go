package url

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// setHost sets Host and Netloc. host is the start of netloc, and what follows
// it there is the port.
func (u *URL) setHost(host, netloc string) (p *problem) {
	u.Host, u.Netloc = host, netloc
	n := span(host, inName)
	switch {
	case host == "":
		return emptyHost
	case host[0] == '[':
		u.Host, p = parseIPv6(host[1 : len(host)-1])
	case n == len(host) && !strings.Contains(host, "--"):
	case n == len(host):
		p = checkLabels(host)
	case host[n] < utf8.RuneSelf:
		p = badHostByte(host[n])
	default:
		u.Host, p = toASCII(host)
		u.Netloc = u.Host + netloc[len(host):]
	}
	return p
}

// parseIPv6 checks the text between brackets. A zone is taken only where it
// means something: on a link-local address, in the form of RFC 6874 ("%25"
// and unreserved bytes). The host then has it behind a bare '%', as package
// net wants it.
func parseIPv6(s string) (string, *problem) {
	text, zone, zoned := strings.Cut(s, "%")
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is6() {
		return "", notIPv6
	}
	if !zoned {
		return s, nil
	}
	name, ok := strings.CutPrefix(zone, "25")
	if !ok || name == "" || span(name, plain) != len(name) || !addr.IsLinkLocalUnicast() {
		return "", badZone
	}
	return text + "%" + name, nil
}

// Punycode takes time in the square of its length, so both directions are
// bounded: a label in ASCII form has at most 63 bytes (RFC 5890, section
// 2.3.2.1), and a name of 253 bytes in that form has less than 1024 in UTF-8.
const (
	maxLabel = 63
	maxIDN   = 1024
)

// checkLabels refuses labels that look like punycode and are not.
func checkLabels(host string) *problem {
	for label := range strings.SplitSeq(host, ".") {
		if !isPuny(label) {
			continue
		}
		if len(label) > maxLabel {
			return badPuny
		}
		if s, err := idna.Lookup.ToASCII(label); err != nil || !strings.EqualFold(s, label) {
			return badPuny
		}
	}
	return nil
}

func isPuny(label string) bool { return len(label) >= 4 && strings.EqualFold(label[:4], "xn--") }

// otherDots are the dots that UTS 46 takes for a full stop. A reader without it
// sees one label where a reader with it sees several, so we do without them.
const otherDots = "\u3002\uff0e\uff61"

// toASCII turns an internationalized host name into its ASCII form (UTS 46, as
// the lookup profile has it). Each label must come out as it is told apart by
// the eye: ASCII ones stay ASCII, all others get an xn-- form. What would be
// mapped into plain ASCII, full-width digits for one, is refused.
func toASCII(host string) (string, *problem) {
	if len(host) > maxIDN || !utf8.ValidString(host) || strings.ContainsAny(host, otherDots) {
		return "", badIDN
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return "", badIDN
	}
	labels := strings.Split(ascii, ".")
	for label := range strings.SplitSeq(host, ".") {
		if len(labels) == 0 || !sameKind(label, labels[0]) {
			return "", badIDN
		}
		labels = labels[1:]
	}
	if len(labels) > 0 || span(ascii, inName) != len(ascii) {
		return "", badIDN
	}
	return ascii, checkLabels(ascii) // the mapping may make what it would not take, of letters of both directions for one
}

// sameKind reports whether a label and its ASCII form are both ordinary names,
// or both the name of something else.
func sameKind(label, ascii string) bool {
	if isPuny(label) || !isASCII(label) {
		return isPuny(ascii) && len(ascii) <= maxLabel
	}
	return !isPuny(ascii)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
