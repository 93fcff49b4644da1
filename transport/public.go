package transport

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// PublicAddresses returns a policy for [Options.Allow] that refuses what is not a
// globally reachable unicast address: loopback, private networks, link-local
// addresses with the metadata services of clouds, multicast, documentation, and
// whatever else the special-purpose registries of IANA (RFC 6890) hold. Of IPv6
// only 2000::/3, from which addresses are assigned, can be public. An IPv4 address
// within IPv6 (IPv4-mapped, NAT64, 6to4) is judged as what it is; Teredo is
// refused. The error says in words what the address is. Ports are not looked at.
//
// Addresses within except are allowed all the same: those of one's own proxy, say.
//
// It does not know which public addresses belong to one's own network, nor a
// NAT64 prefix other than 64:ff9b::/96.
//
// The policy holds a copy of except and is safe for concurrent use.
func PublicAddresses(except ...netip.Prefix) func(netip.AddrPort) error {
	spared := make([]netip.Prefix, len(except))
	for i, p := range except {
		spared[i] = unmapPrefix(p)
	}
	return func(addr netip.AddrPort) error {
		return judge(addr.Addr(), spared)
	}
}

// unmapPrefix is Unmap for a prefix: a prefix of IPv4 addresses in their IPv6
// form contains no others.
func unmapPrefix(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// judge says why addr is not public, or nil if it is or is spared. A zone takes
// no part: prefixes contain no address that has one.
func judge(addr netip.Addr, spared []netip.Prefix) error {
	addr = addr.Unmap().WithZone("")
	within := func(p netip.Prefix) bool { return p.Contains(addr) }
	switch {
	case !addr.IsValid():
		return errNotIP
	case slices.ContainsFunc(spared, within):
		return nil
	case nat64.Contains(addr): // RFC 6052, section 2.2: the last 32 bits
		b := addr.As16()
		return judgeInner("NAT64", [4]byte(b[12:]), spared)
	case sixToFour.Contains(addr): // RFC 3056, section 2: after the prefix
		b := addr.As16()
		return judgeInner("6to4", [4]byte(b[2:]), spared)
	case slices.ContainsFunc(reachable, within):
		return nil
	}
	for _, r := range special {
		if r.prefix.Contains(addr) {
			return r.err
		}
	}
	if addr.Is6() && !assigned.Contains(addr) {
		return errReserved
	}
	return nil
}

// judgeInner judges the IPv4 address to which an IPv6 address is translated.
func judgeInner(by string, ip [4]byte, spared []netip.Prefix) error {
	inner := netip.AddrFrom4(ip)
	if err := judge(inner, spared); err != nil {
		return fmt.Errorf("%s of %v: %w", by, inner, err)
	}
	return nil
}

var (
	errNotIP    = errors.New("not an IP address")
	errReserved = errors.New("reserved, outside of 2000::/3")

	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
	assigned  = netip.MustParsePrefix("2000::/3") // RFC 4291, section 2.4, as IANA assigns it
)

// reachable are the parts of special that the registries call globally reachable.
var reachable = []netip.Prefix{
	netip.MustParsePrefix("192.0.0.9/32"),    // Port Control Protocol, RFC 7723
	netip.MustParsePrefix("192.0.0.10/32"),   // TURN, RFC 8155
	netip.MustParsePrefix("2001:1::1/128"),   // Port Control Protocol, RFC 7723
	netip.MustParsePrefix("2001:1::2/128"),   // TURN, RFC 8155
	netip.MustParsePrefix("2001:1::3/128"),   // DNS-SD registration, RFC 9665
	netip.MustParsePrefix("2001:3::/32"),     // AMT, RFC 7450
	netip.MustParsePrefix("2001:4:112::/48"), // AS112, RFC 7535
	netip.MustParsePrefix("2001:20::/28"),    // ORCHIDv2, RFC 7343
	netip.MustParsePrefix("2001:30::/28"),    // drone remote identification, RFC 9374
}

// A specialRange are addresses that are not public, and why.
type specialRange struct {
	prefix netip.Prefix
	err    error
}

func notPublic(prefix, why string) specialRange {
	return specialRange{netip.MustParsePrefix(prefix), errors.New(why)}
}

// special are the ranges of the IANA IPv4 and IPv6 Special-Purpose Address
// Registries that are not globally reachable, and multicast. The first that
// contains an address names the reason.
var special = []specialRange{
	notPublic("0.0.0.0/8", "this network (RFC 791)"),
	notPublic("10.0.0.0/8", "private (RFC 1918)"),
	notPublic("100.64.0.0/10", "shared by carriers (RFC 6598), metadata services among them"),
	notPublic("127.0.0.0/8", "loopback"),
	notPublic("169.254.0.0/16", "link-local, metadata services among them"),
	notPublic("172.16.0.0/12", "private (RFC 1918)"),
	notPublic("192.0.0.0/24", "protocol assignments (RFC 6890), metadata services among them"),
	notPublic("192.0.2.0/24", "documentation (RFC 5737)"),
	notPublic("192.88.99.0/24", "6to4 relay anycast (RFC 7526)"),
	notPublic("192.168.0.0/16", "private (RFC 1918)"),
	notPublic("198.18.0.0/15", "benchmarking (RFC 2544)"),
	notPublic("198.51.100.0/24", "documentation (RFC 5737)"),
	notPublic("203.0.113.0/24", "documentation (RFC 5737)"),
	notPublic("224.0.0.0/4", "multicast"),
	notPublic("255.255.255.255/32", "broadcast"),
	notPublic("240.0.0.0/4", "reserved (RFC 1112)"),

	notPublic("::/128", "unspecified"),
	notPublic("::1/128", "loopback"),
	notPublic("64:ff9b:1::/48", "local NAT64 (RFC 8215)"),
	notPublic("100::/64", "discard-only (RFC 6666)"),
	notPublic("100:0:0:1::/64", "dummy prefix (RFC 9780)"),
	notPublic("2001::/32", "Teredo (RFC 4380)"),
	notPublic("2001:2::/48", "benchmarking (RFC 5180)"),
	notPublic("2001:10::/28", "ORCHID (RFC 4843)"),
	notPublic("2001::/23", "protocol assignments (RFC 2928)"),
	notPublic("2001:db8::/32", "documentation (RFC 3849)"),
	notPublic("3fff::/20", "documentation (RFC 9637)"),
	notPublic("5f00::/16", "segment routing (RFC 9602)"),
	notPublic("fc00::/7", "unique local (RFC 4193), metadata services among them"),
	notPublic("fe80::/10", "link-local"),
	notPublic("fec0::/10", "site-local (RFC 3879)"),
	notPublic("ff00::/8", "multicast"),
}
