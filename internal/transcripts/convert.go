package main

import (
	"fmt"
	"strings"

	"github.com/hackney-go/hackney/internal/golden"
)

// converter makes the commands and the recorded log of one scenario.
type converter struct {
	scenario *scenario
	clients  map[string]map[string]term // all records so far, by number
	lines    []string
	log      golden.Log
	opts     string // the line of options that holds
	pool     string // the name of the pool that was started last
	streams  bool   // there was an asynchronous response
}

func newConverter(s *scenario) *converter {
	return &converter{scenario: s, clients: map[string]map[string]term{}, opts: "opts"}
}

func (c *converter) write(line string) { c.lines = append(c.lines, line) }

// convert makes the script of a scenario. old is the text of the script that is
// there already, or empty.
func convert(s *scenario, path string, old []byte) (*golden.Script, error) {
	c := newConverter(s)
	hand, byHand := handWritten[s.Area+"/"+s.Name]
	if byHand {
		c.lines = append([]string{"# by hand: " + hand.why}, hand.lines...)
		if err := c.logByHand(hand.log); err != nil {
			return nil, err
		}
	} else {
		c.write("log")
		c.lines = append(c.lines, serverLines(s)...)
		c.lines = append(c.lines, beforehand[s.Area+"/"+s.Name]...)
		if err := c.calls(); err != nil {
			return nil, err
		}
	}
	wires, err := wireText(s)
	if err != nil {
		return nil, err
	}
	c.write("want log recorded")
	c.lines = append(c.lines, hand.after...)
	if wires != "" {
		c.write("want wire recorded.wire")
	}
	return c.script(path, old, wires)
}

// calls writes all calls and what came of them.
func (c *converter) calls() error {
	plan := planStates(c.scenario)
	for i, call := range c.scenario.Calls {
		if strings.HasPrefix(call.Action, "sleep ") {
			if err := c.awaited(i); err != nil {
				return fmt.Errorf("call %d: %w", call.N, err)
			}
			continue
		}
		if strings.HasPrefix(call.Action, flood) {
			continue
		}
		op, ok := operationOf(call.Function)
		if !ok {
			return fmt.Errorf("call %d: no command for %s%s", call.N, call.Function, call.Action)
		}
		if plan[i].use != "" {
			c.write("use " + plan[i].use)
		}
		words, err := op.words(c, call.Args)
		if err != nil {
			return fmt.Errorf("call %d: %w", call.N, err)
		}
		c.write(command(words))
		c.log.Call(words[0])
		if err := c.outcome(c.scenario.Results[i], op.value); err != nil {
			return fmt.Errorf("result %d: %w", call.N, err)
		}
		if plan[i].keep != "" {
			c.write("keep " + plan[i].keep)
		}
		if err := c.events(i); err != nil {
			return fmt.Errorf("messages behind call %d: %w", call.N, err)
		}
	}
	return nil
}

// plan is which state a call needs that is not the present one, and whether the
// state that it gives is needed later.
type plan struct{ use, keep string }

// planStates follows the clients through the calls. An error leaves the present
// state as it is: Erlang's caller went on with the one it had.
func planStates(s *scenario) []plan {
	plans := make([]plan, len(s.Calls))
	givenBy := map[string]int{}
	present := ""
	for i, call := range s.Calls {
		if taken := clientIn(call.Args); taken != "" && taken != present {
			present = taken
			plans[i].use = taken
			if by, ok := givenBy[taken]; ok {
				plans[by].keep = taken
			} else {
				plans[i].use = "zero"
			}
		}
		if i < len(s.Results) && s.Results[i].Value != nil {
			v := *s.Results[i].Value
			if given := clientIn([]term{v}); given != "" {
				givenBy[given] = i
				present = given
			}
		}
	}
	return plans
}

// clientIn is the number of the first client among terms and in their tuples, or "".
func clientIn(terms []term) string {
	for _, t := range terms {
		if t.kind == isClient {
			return t.text
		}
		if t.kind == isTuple {
			if n := clientIn(t.items); n != "" {
				return n
			}
		}
	}
	return ""
}

// logByHand logs the outcomes that belong to a script written by hand.
func (c *converter) logByHand(entries []entry) error {
	for _, e := range entries {
		if e.name == takeAll {
			if err := c.logAll(e.index); err != nil {
				return err
			}
			continue
		}
		results := c.scenario.Results
		if e.index >= len(results) || results[e.index].Value == nil {
			return fmt.Errorf("nothing is recorded of %s", e.name)
		}
		c.log.Call(e.name)
		op, _ := operationOf(c.scenario.Calls[e.index].Function)
		if err := c.outcome(results[e.index], op.value); err != nil {
			return err
		}
	}
	return nil
}

// script puts the parts together, with what is ours in the old script.
func (c *converter) script(path string, old []byte, wires string) (*golden.Script, error) {
	ours, err := golden.Parse(path, old)
	if err != nil {
		return nil, err
	}
	top := []string{
		strings.TrimSuffix("# "+c.scenario.Name+": "+strings.Join(strings.Fields(c.scenario.Note), " "), ": "),
		"# area: " + c.scenario.Area,
		"# kind: " + c.scenario.Kind,
	}
	text := strings.Join(append(top, keepOurs(ours, c.lines)...), "\n") + "\n"
	made, err := golden.Parse(path, []byte(text))
	if err != nil {
		return nil, err
	}
	servers, err := serverSections(c.scenario)
	if err != nil {
		return nil, err
	}
	for _, s := range servers {
		if err := made.Replace(s.name, s.text); err != nil {
			return nil, err
		}
	}
	if log := c.log.String(); log != "" {
		made.Record("recorded", log)
	}
	if wires != "" {
		made.Record("recorded.wire", wires)
	}
	if err := keepSections(ours, made); err != nil {
		return nil, err
	}
	// Read anew, so that all its parts know their lines.
	return golden.Parse(path, made.Format())
}
