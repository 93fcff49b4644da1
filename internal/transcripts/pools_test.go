package main

import (
	"strings"
	"testing"
)

// TestPools converts a recording of a pool: a process stands for the pool that was
// started, and a pause for what came of it.
func TestPools(t *testing.T) {
	pid := term{kind: isOpaque, text: "pid"}
	started := term{kind: isTuple, items: []term{{kind: isAtom, text: "ok"}, pid}}
	size := func(n string) result { return result{Value: &term{kind: isNumber, text: n}} }
	name := term{kind: isAtom, text: "p"}
	s := &scenario{
		Name: "x", Area: "pool", Kind: "documented",
		Calls: []call{
			{N: 1, Function: "hackney:start_pool/2", Args: []term{name, {kind: isList}}},
			{N: 2, Function: "hackney_pool:pool_size/1", Args: []term{pid}},
			{N: 3, Action: "sleep 100 ms"},
			{N: 4, Function: "hackney_pool:pool_size/1", Args: []term{pid}},
			{N: 5, Function: "hackney_pool:timeout/1", Args: []term{{kind: isAtom, text: "hackney_pool"}}},
		},
		Results: []result{{Value: &started}, size("1"), {}, size("0"), size("150000")},
	}
	script, err := convert(s, "x.txtar", nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "log\nstart-pool p\npool-size p\nwant pool-size p 0\npool-size p\npool-timeout default\nwant log recorded\n"
	if got := script.Commands(); !strings.HasSuffix(got, want) {
		t.Errorf("the commands are\n%s", got)
	}
	const log = "1 start-pool\n  ok\n2 pool-size\n  = 1\n3 pool-size\n  = 0\n4 pool-timeout\n  = 2m30s\n"
	if got := script.Section("recorded").Text; got != log {
		t.Errorf("the log is\n%s", got)
	}
}

// TestPoolsNotUnderstood: what has no form is an error, never something else.
func TestPoolsNotUnderstood(t *testing.T) {
	pid := term{kind: isOpaque, text: "pid"}
	mine := term{kind: isAtom, text: "mine"}
	number := term{kind: isNumber, text: "1"}
	option := func(name string, value term) term {
		return term{kind: isList, items: []term{{kind: isTuple, items: []term{{kind: isAtom, text: name}, value}}}}
	}
	for what, c := range map[string]call{
		"a process of no pool":   {Function: "hackney_pool:pool_size/1", Args: []term{pid}},
		"a number":               {Function: "hackney_pool:set_timeout/2", Args: []term{number, number}},
		"another address":        {Function: "hackney_pool:pool_size/2", Args: []term{mine, {kind: isTuple}}},
		"another option":         {Function: "hackney:start_pool/2", Args: []term{mine, option("name", mine)}},
		"no list of options":     {Function: "hackney:start_pool/2", Args: []term{mine, mine}},
		"no time":                {Function: "hackney:start_pool/2", Args: []term{mine, option("timeout", mine)}},
		"a time that is no time": {Function: "hackney_pool:set_timeout/2", Args: []term{mine, mine}},
		"a pause for nothing":    {Action: "sleep 5 ms"},
		"another action":         {Action: "dance"},
	} {
		s := &scenario{Calls: []call{c}, Results: []result{{Value: &mine}}}
		if err := newConverter(s).calls(); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
	for name, value := range map[string]func(term) ([]string, error){
		"numberValue": numberValue, "timeValue": timeValue, "defaultPoolValue": defaultPoolValue,
	} {
		if got, err := value(mine); err == nil {
			t.Errorf("%s took an atom: %q", name, got)
		}
	}
}
