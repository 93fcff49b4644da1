package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The functions for pools: how their calls and values are written.

const defaultPool = "default"

// poolName is the name of a pool. The process of the default one was called
// hackney_pool; a process without a name is the pool that was started last.
func (c *converter) poolName(t term) (string, error) {
	switch {
	case t.is("hackney_pool"):
		return defaultPool, nil
	case t.kind == isAtom:
		return t.text, nil
	case t.kind == isOpaque && c.pool != "":
		return c.pool, nil
	}
	return "", fmt.Errorf("a pool was expected, not %v", t)
}

// poolWords is a function of a pool, with numbers and {Transport, Host, Port} behind it.
func poolWords(name string) func(*converter, []term) ([]string, error) {
	return func(c *converter, args []term) ([]string, error) {
		pool, err := c.poolName(args[0])
		words := []string{name, pool}
		for _, more := range args[1:] {
			if more.kind != isTuple {
				words = append(words, more.text)
				continue
			}
			if len(more.items) != 3 || transports[more.items[0].text] == "" {
				return nil, fmt.Errorf("unknown form of an address: %v", more)
			}
			words = append(words, transports[more.items[0].text], more.items[1].text, more.items[2].text)
		}
		return words, err
	}
}

func startPoolWords(c *converter, args []term) ([]string, error) {
	c.pool = args[0].text
	words := []string{"start-pool", c.pool}
	pairs, err := args[1].pairs()
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		switch {
		case p[0].is("timeout"):
			d, err := milliseconds(p[1])
			if err != nil {
				return nil, err
			}
			words = append(words, "timeout="+d.String())
		case p[0].is("pool_size"):
			words = append(words, "pool-size="+p[1].text)
		default:
			return nil, fmt.Errorf("unknown option %s of a pool", p[0].text)
		}
	}
	return words, nil
}

func setPoolTimeoutWords(c *converter, args []term) ([]string, error) {
	words, err := poolWords("set-pool-timeout")(c, args[:1])
	if err != nil {
		return nil, err
	}
	d, err := milliseconds(args[1])
	return append(words, d.String()), err
}

func milliseconds(t term) (time.Duration, error) {
	n, err := t.number()
	return time.Duration(n) * time.Millisecond, err
}

func numberValue(v term) ([]string, error) {
	_, err := v.number()
	return []string{v.text}, err
}

func timeValue(v term) ([]string, error) {
	d, err := milliseconds(v)
	return []string{d.String()}, err
}

// defaultPoolValue takes the process of a client's pool. It does not say which one
// that is; who recorded it had no other than the default.
func defaultPoolValue(v term) ([]string, error) {
	if v.kind != isOpaque {
		return nil, fmt.Errorf("the process of a pool was expected, not %v", v)
	}
	return []string{defaultPool}, nil
}

// awaited takes the place of a pause: what it waited for is what the next call, of
// pool_size, found.
func (c *converter) awaited(i int) error {
	if i+1 >= len(c.scenario.Results) || !strings.HasPrefix(c.scenario.Calls[i+1].Function, "hackney_pool:pool_size/1") {
		return errors.New("nobody knows what the pause is for")
	}
	name, err := c.poolName(c.scenario.Calls[i+1].Args[0])
	if err != nil {
		return err
	}
	if c.scenario.Results[i+1].Value == nil {
		return errors.New("nothing is recorded of what the pause is for")
	}
	c.write(command([]string{"want", "pool-size", name, c.scenario.Results[i+1].Value.text}))
	return nil
}
