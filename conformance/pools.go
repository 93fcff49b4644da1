package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/hackney-go/hackney/hackney"
	"github.com/hackney-go/hackney/hackney/pool"
	"github.com/hackney-go/hackney/hackney/url"
)

// pools are those of a session. Named ones are global in the library, and scripts
// that run at the same time must not meet in one: so each has its own, that named
// default too.
type pools struct {
	byName    map[string]*pool.Pool
	byDefault bool       // clients whose options name none use the default one
	taken     *pool.Conn // by pool-socket
}

// find finds a pool as hackney.FindPool does.
func (p *pools) find(name string) (*pool.Pool, bool) {
	if name == hackney.DefaultPool && p.byName[name] == nil {
		p.add(name, pool.Opts{})
	}
	found, ok := p.byName[name]
	return found, ok
}

func (p *pools) add(name string, o pool.Opts) {
	if p.byName == nil {
		p.byName = map[string]*pool.Pool{}
	}
	o.Name = name
	p.byName[name] = pool.New(o)
}

// giveUp closes the connection that was taken, if one still is.
func (p *pools) giveUp() {
	if p.taken == nil {
		return
	}
	socket, owner := p.taken.Socket(), p.taken.TakeOwner()
	p.taken.Discard()
	if owner != nil {
		owner.Close()
	} else {
		socket.Close()
	}
	p.taken = nil
}

func (p *pools) close() {
	p.giveUp()
	for _, named := range p.byName {
		named.Close()
	}
}

// dialFunc is the form of a dialer.
type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// shared is what all clients of a session share, so that a pool does not tell their
// connections apart.
type shared struct {
	dial    dialFunc
	tap     hackney.TapFunc
	tls     *tls.Config
	servers int // how many there were when tls was made
}

// trusted is the TLS configuration of new clients, another one when there is a
// server more.
func (s *session) trusted() *tls.Config {
	if s.shared.servers != len(s.servers) {
		s.shared.tls, s.shared.servers = s.trust(), len(s.servers)
	}
	return s.shared.tls
}

// poolUsage is what may stand behind start-pool NAME.
const poolUsage = `NAME [timeout=TIME] [pool-size=N] [max-per-host=N]`

// poolOperations are the commands for pools, by name.
var poolOperations = map[string]operation{
	"start-pool":       {nil, poolUsage, false, startPool},
	"stop-pool":        {nil, "NAME", false, stopPool},
	"pool-size":        {nil, "NAME [TRANSPORT HOST PORT]", false, poolSize},
	"max-poolsize":     {nil, "NAME", false, poolFact(func(p *pool.Pool) string { return strconv.Itoa(p.Max()) })},
	"set-poolsize":     {nil, "NAME N", false, setPoolSize},
	"pool-timeout":     {nil, "NAME", false, poolFact(func(p *pool.Pool) string { return p.Timeout().String() })},
	"set-pool-timeout": {nil, "NAME TIME", false, setPoolTimeout},
	"pool-socket":      {nil, "NAME TRANSPORT HOST PORT", false, poolSocket},
	"pool-release":     {nil, "", false, poolRelease},
	"pool":             {nil, "", false, poolOfState},
}

// poolOptions set the limits of a pool by the names that hackney has for them.
var poolOptions = map[string]func(o *pool.Opts, value string) error{
	"timeout": func(o *pool.Opts, value string) (err error) {
		o.IdleTimeout, err = readTime(value)
		return err
	},
	"pool-size":    poolCount(func(o *pool.Opts) *int { return &o.MaxIdle }),
	"max-per-host": poolCount(func(o *pool.Opts) *int { return &o.MaxPerHost }),
}

func poolCount(field func(*pool.Opts) *int) func(*pool.Opts, string) error {
	return func(o *pool.Opts, value string) (err error) {
		*field(o), err = readCount(value)
		return err
	}
}

func readCount(value string) (int, error) {
	if value == "unlimited" {
		return pool.Unlimited, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return 0, usagef("%q is no number, nor unlimited", value)
	}
	return n, nil
}

func readTime(value string) (time.Duration, error) {
	if value == "infinite" {
		return hackney.Infinite, nil
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		return 0, usagef("%q is no time such as 250ms, nor infinite", value)
	}
	return d, nil
}

func startPool(s *session, args []string) (result, error) {
	if len(args) == 0 {
		return result{}, usagef("want start-pool %s", poolUsage)
	}
	var o pool.Opts
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		set := poolOptions[name]
		if set == nil {
			return result{}, usagef("a pool has no option %q, want one of %s", name, strings.Join(sortedKeys(poolOptions), " "))
		}
		if err := set(&o, value); err != nil {
			return result{}, err
		}
	}
	if _, ok := s.pools.byName[args[0]]; ok {
		return result{}, hackney.ErrPoolExists
	}
	s.pools.add(args[0], o)
	return result{silent: true}, nil
}

func stopPool(s *session, args []string) (result, error) {
	if len(args) != 1 {
		return result{}, usagef("want stop-pool NAME")
	}
	p, ok := s.pools.byName[args[0]]
	if !ok {
		return result{}, hackney.ErrNoPool
	}
	delete(s.pools.byName, args[0])
	return result{silent: true}, p.Close()
}

// poolNamed finds the pool that the first of n arguments names.
func (s *session) poolNamed(args []string, n int, usage string) (*pool.Pool, error) {
	if len(args) != n {
		return nil, usagef("want %s", usage)
	}
	p, ok := s.pools.find(args[0])
	if !ok {
		return nil, hackney.ErrNoPool
	}
	return p, nil
}

// valueGiven is the result of an operation that gave a fact.
func valueGiven(text string) (result, error) {
	return result{outcome: gaveValue, lines: []string{text}, data: []byte(text)}, nil
}

func poolFact(fact func(*pool.Pool) string) func(*session, []string) (result, error) {
	return func(s *session, args []string) (result, error) {
		p, err := s.poolNamed(args, 1, "the name of a pool")
		if err != nil {
			return result{}, err
		}
		return valueGiven(fact(p))
	}
}

// poolSize says how many connections are idle in a pool, in all or for one address.
func poolSize(s *session, args []string) (result, error) {
	if len(args) < 2 {
		return poolFact(func(p *pool.Pool) string { return strconv.Itoa(p.Size()) })(s, args)
	}
	p, err := s.poolNamed(args, 4, "pool-size NAME [TRANSPORT HOST PORT]")
	if err != nil {
		return result{}, err
	}
	key, err := s.poolKey(args[1:])
	if err != nil {
		return result{}, err
	}
	return valueGiven(strconv.Itoa(p.SizeOf(key)))
}

// poolKey is what the connections of clients with the present options have in common.
func (s *session) poolKey(args []string) (key pool.Key, err error) {
	t, host, port, err := s.destination(args)
	if err != nil {
		return key, err
	}
	o := s.opts()
	key = pool.Key{
		Transport: t, Host: host, Port: port,
		Dial: pool.IdentityOf(o.DialContext), Tap: pool.IdentityOf(o.Tap),
	}
	if t.Scheme() == url.HTTPS {
		key.TLS, key.Insecure = o.TLS, o.Insecure
	}
	return key, nil
}

func setPoolSize(s *session, args []string) (result, error) {
	p, err := s.poolNamed(args, 2, "set-poolsize NAME N")
	if err != nil {
		return result{}, err
	}
	n, err := readCount(args[1])
	if err == nil {
		p.SetMax(n)
	}
	return result{silent: true}, err
}

func setPoolTimeout(s *session, args []string) (result, error) {
	p, err := s.poolNamed(args, 2, "set-pool-timeout NAME TIME")
	if err != nil {
		return result{}, err
	}
	d, err := readTime(args[1])
	if err == nil {
		p.SetTimeout(d)
	}
	return result{silent: true}, err
}

var errNoSocket = errors.New("the pool has no idle connection to there")

// poolSocket takes an idle connection out of a pool.
func poolSocket(s *session, args []string) (result, error) {
	p, err := s.poolNamed(args, 4, "pool-socket NAME TRANSPORT HOST PORT")
	if err != nil {
		return result{}, err
	}
	key, err := s.poolKey(args[1:])
	if err != nil {
		return result{}, err
	}
	c, ok := p.Idle(key)
	if !ok {
		return result{}, errNoSocket
	}
	s.pools.giveUp()
	s.pools.taken = c
	return result{silent: true}, nil
}

// poolRelease gives back what pool-socket took.
func poolRelease(s *session, args []string) (result, error) {
	if s.pools.taken == nil || len(args) > 0 {
		return result{}, usagef("want pool-release behind a pool-socket")
	}
	if kept, why := s.pools.taken.Return(); !kept {
		s.pools.giveUp()
		return result{}, fmt.Errorf("the pool does not keep it: %v", why)
	}
	s.pools.taken = nil
	return result{silent: true}, nil
}

// poolOfState says which pool the present state has its connections from.
func poolOfState(s *session, args []string) (result, error) {
	if err := noMore(args); err != nil {
		return result{}, err
	}
	p := s.cs.Pool()
	if p == nil {
		return valueGiven(undefined)
	}
	return valueGiven(p.Name())
}

// useDefaultPool makes clients whose options name no pool use the default one.
func useDefaultPool(s *session, args []string) error {
	if len(args) != 1 || args[0] != "true" && args[0] != "false" {
		return usagef("want use-default-pool true or use-default-pool false")
	}
	s.pools.byDefault = args[0] == "true"
	return nil
}

// poolOption sets the pool of new clients.
func poolOption(s *session, o *hackney.Opts, value string) error {
	if value == "none" {
		o.Pool = pool.None
		return nil
	}
	p, ok := s.pools.find(value)
	if !ok {
		return usagef("there is no pool %q: start-pool begins one", value)
	}
	o.Pool = p
	return nil
}

// drainBytesOption knows none, beside a number.
func drainBytesOption(o *hackney.Opts, value string) error {
	if value == "none" {
		o.DrainBytes = hackney.NoDrain
		return nil
	}
	return countOption(func(o *hackney.Opts, n int64) { o.DrainBytes = n })(o, value)
}
