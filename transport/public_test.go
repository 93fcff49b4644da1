package transport

import (
	"net/netip"
	"strings"
	"testing"
)

// TestPublicAddressesEdges asks for the first and the last address of each range
// and for its neighbours. "public" stands for an address that is allowed, "none"
// for one that does not exist.
func TestPublicAddressesEdges(t *testing.T) {
	const reserved = "reserved, outside of 2000::/3"
	for _, c := range []struct{ prefix, first, last, before, after string }{
		{"0.0.0.0/8", "this network", "this network", "none", "public"},
		{"10.0.0.0/8", "private (RFC 1918)", "private (RFC 1918)", "public", "public"},
		{"100.64.0.0/10", "shared by carriers", "shared by carriers", "public", "public"},
		{"127.0.0.0/8", "loopback", "loopback", "public", "public"},
		{"169.254.0.0/16", "link-local, metadata", "link-local, metadata", "public", "public"},
		{"172.16.0.0/12", "private (RFC 1918)", "private (RFC 1918)", "public", "public"},
		{"192.0.0.0/24", "protocol assignments", "protocol assignments", "public", "public"},
		{"192.0.0.9/32", "public", "public", "protocol assignments", "public"},
		{"192.0.0.10/32", "public", "public", "public", "protocol assignments"},
		{"192.0.2.0/24", "documentation", "documentation", "public", "public"},
		{"192.88.99.0/24", "6to4 relay", "6to4 relay", "public", "public"},
		{"192.168.0.0/16", "private (RFC 1918)", "private (RFC 1918)", "public", "public"},
		{"198.18.0.0/15", "benchmarking", "benchmarking", "public", "public"},
		{"198.51.100.0/24", "documentation", "documentation", "public", "public"},
		{"203.0.113.0/24", "documentation", "documentation", "public", "public"},
		{"224.0.0.0/4", "multicast", "multicast", "public", "reserved (RFC 1112)"},
		{"240.0.0.0/4", "reserved (RFC 1112)", "broadcast", "multicast", "none"},
		{"255.255.255.255/32", "broadcast", "broadcast", "reserved (RFC 1112)", "none"},

		{"::/128", "unspecified", "unspecified", "none", "loopback"},
		{"::1/128", "loopback", "loopback", "unspecified", reserved},
		{"::ffff:0:0/96", "this network", "broadcast", reserved, reserved},
		{"64:ff9b::/96", "NAT64 of 0.0.0.0: this network", "NAT64 of 255.255.255.255: broadcast", reserved, reserved},
		{"64:ff9b:1::/48", "local NAT64", "local NAT64", reserved, reserved},
		{"100::/64", "discard-only", "discard-only", reserved, "dummy"},
		{"100:0:0:1::/64", "dummy", "dummy", "discard-only", reserved},
		{"2000::/3", "public", "public", reserved, reserved},
		{"2001::/32", "Teredo", "Teredo", "public", "protocol assignments"},
		{"2001:1::1/128", "public", "public", "protocol assignments", "public"},
		{"2001:1::3/128", "public", "public", "public", "protocol assignments"},
		{"2001:2::/48", "benchmarking", "benchmarking", "protocol assignments", "protocol assignments"},
		{"2001:3::/32", "public", "public", "protocol assignments", "protocol assignments"},
		{"2001:4:112::/48", "public", "public", "protocol assignments", "protocol assignments"},
		{"2001:10::/28", "ORCHID", "ORCHID", "protocol assignments", "public"},
		{"2001:20::/28", "public", "public", "ORCHID", "public"},
		{"2001:30::/28", "public", "public", "public", "protocol assignments"},
		{"2001::/23", "Teredo", "protocol assignments", "public", "public"},
		{"2001:db8::/32", "documentation", "documentation", "public", "public"},
		{"2002::/16", "6to4 of 0.0.0.0: this network", "6to4 of 255.255.255.255: broadcast", "public", "public"},
		{"3fff::/20", "documentation", "documentation", "public", "public"},
		{"5f00::/16", "segment routing", "segment routing", reserved, reserved},
		{"fc00::/7", "unique local", "unique local", reserved, reserved},
		{"fe80::/10", "link-local", "link-local", reserved, "site-local"},
		{"fec0::/10", "site-local", "site-local", "link-local", "multicast"},
		{"ff00::/8", "multicast", "multicast", "site-local", "none"},
	} {
		p := netip.MustParsePrefix(c.prefix)
		last := lastAddr(p)
		wantJudged(t, p.Addr(), c.first)
		wantJudged(t, last, c.last)
		wantJudged(t, p.Addr().Prev(), c.before)
		wantJudged(t, last.Next(), c.after)
	}
}

// TestPublicAddresses asks for single addresses, most of them as an attacker
// would write them.
func TestPublicAddresses(t *testing.T) {
	for addr, want := range map[string]string{
		"8.8.8.8":              "public",
		"2606:4700:4700::1111": "public",

		// The metadata services of clouds.
		"169.254.169.254":          "link-local, metadata",
		"169.254.170.2":            "link-local, metadata",
		"fd00:ec2::254":            "unique local",
		"100.100.100.200":          "shared by carriers",
		"192.0.0.192":              "protocol assignments",
		"fe80::a9fe:a9fe%eth0":     "link-local",
		"64:ff9b::169.254.169.254": "NAT64 of 169.254.169.254: link-local, metadata",

		// IPv4 within IPv6.
		"::ffff:127.0.0.1":          "loopback",
		"::ffff:169.254.169.254":    "link-local, metadata",
		"::ffff:8.8.8.8":            "public",
		"::127.0.0.1":               "reserved, outside",
		"::ffff:0:127.0.0.1":        "reserved, outside",
		"64:ff9b::8.8.8.8":          "public",
		"64:ff9b::10.1.2.3":         "NAT64 of 10.1.2.3: private",
		"64:ff9b:1::8.8.8.8":        "local NAT64",
		"2002:808:808::1":           "public",
		"2002:7f00:1::1":            "6to4 of 127.0.0.1: loopback",
		"2002:c0a8:101::808:808":    "6to4 of 192.168.1.1: private",
		"2001:0:808:808::f7f7:f7f7": "Teredo",
	} {
		wantJudged(t, netip.MustParseAddr(addr), want)
	}
	if err := PublicAddresses()(netip.AddrPort{}); err != errNotIP {
		t.Errorf("no address: %v", err)
	}
}

func TestPublicAddressesExcept(t *testing.T) {
	except := []netip.Prefix{
		netip.MustParsePrefix("10.1.0.0/16"),
		netip.MustParsePrefix("::ffff:192.168.7.0/120"),
		netip.MustParsePrefix("fd12::/16"),
		netip.MustParsePrefix("fe80::/10"),
		{},
	}
	allow := PublicAddresses(except...)
	clear(except) // the policy has a copy
	for addr, want := range map[string]bool{
		"10.1.0.0":          true,
		"10.1.255.255":      true,
		"::ffff:10.1.0.1":   true,
		"64:ff9b::10.1.0.1": true,
		"192.168.7.9":       true,
		"fd12::1":           true,
		"fe80::1%eth0":      true,
		"10.2.0.0":          false,
		"192.168.8.0":       false,
		"fd13::":            false,
		"127.0.0.1":         false,
		"8.8.8.8":           true,
	} {
		if err := allow(netip.AddrPortFrom(netip.MustParseAddr(addr), 80)); (err == nil) != want {
			t.Errorf("%s: %v, want it allowed: %v", addr, err, want)
		}
	}
}

// TestUnmapPrefix holds that a prefix which is more than IPv4 is not taken for
// all of IPv4.
func TestUnmapPrefix(t *testing.T) {
	allow := PublicAddresses(netip.MustParsePrefix("::ffff:0:0/95"))
	if allow(netip.MustParseAddrPort("127.0.0.1:80")) == nil {
		t.Error("a prefix of IPv6 spared an IPv4 address")
	}
	if err := allow(netip.MustParseAddrPort("[::fffe:0:1]:80")); err != nil {
		t.Errorf("it did not spare its own address: %v", err)
	}
}

func wantJudged(t *testing.T, addr netip.Addr, want string) {
	t.Helper()
	if want == "none" {
		if addr.IsValid() {
			t.Errorf("there is an address, %v", addr)
		}
		return
	}
	err := PublicAddresses()(netip.AddrPortFrom(addr, 443))
	switch {
	case want == "public" && err != nil:
		t.Errorf("%v: %v, want it public", addr, err)
	case want != "public" && (err == nil || !strings.HasPrefix(err.Error(), want)):
		t.Errorf("%v: %v, want %s", addr, err, want)
	}
}

func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}
