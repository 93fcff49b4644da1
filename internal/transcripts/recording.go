package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// scenario is one recording: the calls in order, what the server did, what went
// over the wire, and what came of the calls.
type scenario struct {
	Name, Area, Kind, Note string
	Boundary               string // that was drawn
	Calls                  []call
	Server                 []connection
	Wire                   []wire
	Results                []result
	Messages               []message
}

// call is a call of hackney, or (Action) something that the test did itself.
type call struct {
	N        int
	Function string // with its arity
	Action   string
	Args     []term
	ArgsText string `json:"args_text"`
}

// connection is the script of one connection to a listener.
type connection struct {
	Listener string
	TLS      bool
	Steps    []step
}

type step struct {
	Wait  string
	Delay int    `json:"delay_ms"`
	Send  []byte // base64 in JSON
	Then  string
}

// wire is what one connection carried.
type wire struct {
	Listener string
	TLS      bool
	Recv     []byte
	Ended    string
}

// result is what a call gave, with the records of all clients in it.
type result struct {
	Value   *term
	Clients map[string]map[string]term
	Crash   *struct{ Reason string }
	Hang    bool
	Killed  any
}

// load reads the recordings of an area.
func load(dir, area string) (list []scenario, err error) {
	path := filepath.Join(dir, area+".json")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, s := range list {
		if len(s.Results) > len(s.Calls) {
			return nil, fmt.Errorf("%s: %s has %d calls but %d results", path, s.Name, len(s.Calls), len(s.Results))
		}
	}
	return list, nil
}
