package transport

import (
	"crypto/tls"
	"runtime"
	"sync"
	"weak"
)

// How much is remembered. Forgetting costs a clone or a full handshake, nothing
// else.
const (
	maxTrusts = 256 // configurations
	maxHosts  = 64  // hosts of one configuration, and sessions kept for them
)

// configs holds the TLS configurations that connections are made with.
var configs = configCache{trusts: bounded[trustKey, *trust]{limit: maxTrusts}}

// A trustKey names a set of rules by which servers are trusted. It does not
// keep the caller's configuration alive; the key of a nil one is the zero
// pointer. Only a configuration whose own callbacks refer to it is kept, by the
// copies of those, until others crowd it out.
type trustKey struct {
	base     weak.Pointer[tls.Config]
	insecure bool
}

// A trust is what belongs to one set of rules: its sessions, which no other
// rules may use, and the configurations made of it for single hosts.
type trust struct {
	sessions tls.ClientSessionCache
	hosts    bounded[string, *tls.Config]
	forget   runtime.Cleanup // drops the trust when the caller's configuration is gone
}

type configCache struct {
	mu     sync.Mutex
	trusts bounded[trustKey, *trust]
}

// get returns the configuration for connections to the server called name,
// under the rules of base.
func (c *configCache) get(base *tls.Config, insecure bool, name string) *tls.Config {
	if base != nil && base.ServerName != "" {
		name = base.ServerName // one configuration for all hosts
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.trust(base, insecure)
	config, ok := t.hosts.get(name)
	if !ok {
		config = derive(base, insecure, name, t.sessions)
		t.hosts.put(name, config)
	}
	return config
}

// trust returns what is known under the rules of base. The lock is held.
func (c *configCache) trust(base *tls.Config, insecure bool) *trust {
	key := trustKey{weak.Make(base), insecure}
	if t, ok := c.trusts.get(key); ok {
		return t
	}
	t := &trust{
		sessions: tls.NewLRUClientSessionCache(maxHosts),
		hosts:    bounded[string, *tls.Config]{limit: maxHosts},
	}
	if base != nil {
		t.forget = runtime.AddCleanup(base, c.drop, key)
	}
	if old, ok := c.trusts.put(key, t); ok {
		old.forget.Stop()
	}
	return t
}

// drop forgets the rules of a configuration that no longer exists.
func (c *configCache) drop(key trustKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trusts.remove(key)
}

// derive makes the configuration for one server. It must not refer to base,
// which lives only as long as the caller wants.
func derive(base *tls.Config, insecure bool, name string, sessions tls.ClientSessionCache) *tls.Config {
	config := base.Clone() // nil for nil
	if config == nil {
		config = new(tls.Config)
	}
	config.ServerName = name
	if config.NextProtos == nil {
		config.NextProtos = []string{"http/1.1"}
	}
	if insecure {
		config.InsecureSkipVerify = true
	}
	if config.ClientSessionCache == nil && resumable(config) {
		config.ClientSessionCache = sessions
	}
	return config
}

// resumable reports whether a resumed session may stand for a full handshake.
// It may not where the caller decides anew for each connection in a callback
// that resumption would pass by.
func resumable(config *tls.Config) bool {
	return config.VerifyPeerCertificate == nil && config.GetClientCertificate == nil
}

// bounded is a map that makes room for a new entry by dropping the one that was
// not used for the longest time. Looking for that one is linear: limits are
// small, and what it spares is not. The zero value needs only its limit.
type bounded[K comparable, V any] struct {
	limit   int
	clock   uint64
	entries map[K]*boundedEntry[V]
}

type boundedEntry[V any] struct {
	value V
	used  uint64
}

// get returns the value of key, which thereby counts as used.
func (b *bounded[K, V]) get(key K) (value V, ok bool) {
	e, ok := b.entries[key]
	if !ok {
		return value, false
	}
	b.clock++
	e.used = b.clock
	return e.value, true
}

// put adds a key that is not there, and returns the value that had to go.
func (b *bounded[K, V]) put(key K, value V) (old V, dropped bool) {
	if b.entries == nil {
		b.entries = make(map[K]*boundedEntry[V])
	}
	if len(b.entries) >= b.limit {
		oldest := b.oldest()
		old, dropped = b.entries[oldest].value, true
		delete(b.entries, oldest)
	}
	b.clock++
	b.entries[key] = &boundedEntry[V]{value, b.clock}
	return old, dropped
}

// oldest returns the key that was not used for the longest time.
func (b *bounded[K, V]) oldest() (key K) {
	least := b.clock + 1
	for k, e := range b.entries {
		if e.used < least {
			key, least = k, e.used
		}
	}
	return key
}

// remove drops key.
func (b *bounded[K, V]) remove(key K) { delete(b.entries, key) }
