package main

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// noProxy are the hosts of --noproxy. Package httpproxy knows such lists too, but never
// takes a proxy for loopback addresses, which here are like any other.
type noProxy []exempt

// exempt is one entry: a network, a name with all below it, or all there is.
type exempt struct {
	all     bool
	network netip.Prefix
	name    string // in lower case, without a dot at its ends
	port    int    // 0 for all
}

// parseNoProxy reads a list with commas or blanks between its entries.
func parseNoProxy(list string) (hosts noProxy) {
	for _, text := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
		hosts = append(hosts, parseExempt(text))
	}
	return hosts
}

func parseExempt(text string) exempt {
	if text == "*" {
		return exempt{all: true}
	}
	if network, err := netip.ParsePrefix(text); err == nil {
		return exempt{network: network}
	}
	var e exempt
	if host, port, err := net.SplitHostPort(text); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			text, e.port = host, int(n)
		}
	}
	if ip, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		ip = ip.Unmap()
		e.network = netip.PrefixFrom(ip, ip.BitLen())
		return e
	}
	e.name = plainName(strings.TrimPrefix(text, "."))
	return e
}

// plainName is a name as it is compared.
func plainName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// has says whether a host and port is one of them.
func (hosts noProxy) has(host string, port int) bool {
	ip, err := netip.ParseAddr(host)
	ip, host = ip.Unmap(), plainName(host)
	for _, e := range hosts {
		switch {
		case e.all:
			return true
		case e.port != 0 && e.port != port:
		case err == nil && e.network.Contains(ip):
			return true
		case err != nil && e.name != "" && (host == e.name || strings.HasSuffix(host, "."+e.name)):
			return true
		}
	}
	return false
}
