package transport

import (
	"crypto/tls"
	"crypto/x509"
	"runtime"
	"strconv"
	"testing"
	"time"
	"weak"
)

func newCache() *configCache {
	return &configCache{trusts: bounded[trustKey, *trust]{limit: maxTrusts}}
}

// size returns how many configurations are remembered.
func (c *configCache) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.trusts.entries)
}

// TestConfigsShared holds that configurations are made once and that sessions
// stay within one set of rules.
func TestConfigsShared(t *testing.T) {
	c := newCache()
	base := &tls.Config{MinVersion: tls.VersionTLS13}
	one, two := c.get(base, false, "a"), c.get(base, false, "b")
	switch {
	case one != c.get(base, false, "a"):
		t.Error("a configuration was made twice")
	case one == two || one.ServerName != "a" || two.ServerName != "b":
		t.Error("two hosts share a configuration")
	case one.ClientSessionCache != two.ClientSessionCache:
		t.Error("two hosts of one configuration do not share its sessions")
	case one.MinVersion != tls.VersionTLS13 || base.ServerName != "" || base.NextProtos != nil:
		t.Error("the caller's configuration was lost or changed")
	}
	seen := map[tls.ClientSessionCache]bool{one.ClientSessionCache: true}
	for _, other := range []*tls.Config{c.get(base, true, "a"), c.get(nil, false, "a"), c.get(nil, true, "a"), c.get(base.Clone(), false, "a")} {
		if seen[other.ClientSessionCache] {
			t.Error("two sets of rules share their sessions")
		}
		seen[other.ClientSessionCache] = true
	}
	named := &tls.Config{ServerName: "n"}
	if c.get(named, false, "a") != c.get(named, false, "b") {
		t.Error("a configuration with a server name was made once per host")
	}
}

func TestConfigsNotResumable(t *testing.T) {
	for name, base := range map[string]*tls.Config{
		"VerifyPeerCertificate": {VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error { return nil }},
		"GetClientCertificate":  {GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return nil, nil }},
	} {
		if newCache().get(base, false, "a").ClientSessionCache != nil {
			t.Errorf("%s: sessions are kept", name)
		}
	}
}

// TestConfigsBounded holds the limits, on hosts and on configurations.
func TestConfigsBounded(t *testing.T) {
	c := newCache()
	first := c.get(nil, false, "0")
	for i := range 2 * maxHosts {
		c.get(nil, false, "0") // stays in use
		c.get(nil, false, strconv.Itoa(i))
	}
	t0, _ := c.trusts.get(trustKey{})
	if n := len(t0.hosts.entries); n != maxHosts || c.get(nil, false, "0") != first {
		t.Errorf("%d hosts are remembered, want %d and the one in use among them", n, maxHosts)
	}
	kept := make([]*tls.Config, 2*maxTrusts)
	for i := range kept {
		kept[i] = new(tls.Config)
		c.get(nil, false, "0")
		c.get(kept[i], false, "0")
	}
	if n := c.size(); n != maxTrusts || c.get(nil, false, "0") != first {
		t.Errorf("%d configurations are remembered, want %d and the one in use among them", n, maxTrusts)
	}
	runtime.KeepAlive(kept)
}

// TestConfigsCollected holds that what was learnt about a configuration goes
// when the caller drops it, and that it does not keep it alive.
func TestConfigsCollected(t *testing.T) {
	c := newCache()
	c.get(nil, false, "a")
	gone := func() weak.Pointer[tls.Config] {
		base := &tls.Config{RootCAs: x509.NewCertPool()}
		c.get(base, false, "a")
		c.get(base, true, "b")
		return weak.Make(base)
	}()
	if n := c.size(); n != 3 {
		t.Fatalf("%d configurations are remembered, want 3", n)
	}
	for end := time.Now().Add(10 * time.Second); gone.Value() != nil || c.size() != 1; {
		if time.Now().After(end) {
			t.Fatalf("configuration still there: %v; %d remembered, want 1", gone.Value() != nil, c.size())
		}
		runtime.GC() // the clean-ups run some time after it
	}
}

// inData is a configuration that the collector never looks at.
var inData = tls.Config{ServerName: "in the data segment"}

// inside is a configuration that is part of a larger value.
type inside struct {
	_      [64]byte
	config tls.Config
}

// TestConfigsAnywhere holds that a configuration may live where it likes.
func TestConfigsAnywhere(t *testing.T) {
	c := newCache()
	embedded := new(inside)
	for _, base := range []*tls.Config{&inData, &embedded.config} {
		first := c.get(base, false, "a")
		if c.get(base, false, "a") != first {
			t.Error("a configuration was made twice")
		}
	}
}
