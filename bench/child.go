package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/hackney-go/hackney/bench/client"
	"github.com/hackney-go/hackney/bench/measure"
	"github.com/hackney-go/hackney/bench/result"
	"github.com/hackney-go/hackney/bench/scenario"
	"github.com/hackney-go/hackney/bench/target"
)

// targetCommand serves until its input ends, which it does with the parent at the latest.
func targetCommand() error {
	server, err := target.Start()
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(server.Addresses()); err != nil {
		return errors.Join(err, server.Close())
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, server.Close())
}

// A job is what one process of a client does.
type job struct {
	Client   string
	Scenario string
	Divide   int // one part in so many is done
	File     string
	Target   target.Addresses
}

// clientCommand does a job and prints the sample.
func clientCommand(args []string) error {
	var (
		j     job
		at    string
		flags = flag.NewFlagSet("client", flag.ContinueOnError)
	)
	flags.StringVar(&j.Client, "client", "", "name of the client")
	flags.StringVar(&j.Scenario, "scenario", "", "name of the scenario")
	flags.IntVar(&j.Divide, "divide", 1, "do one part in so many of the work")
	flags.StringVar(&j.File, "file", "", "file to upload")
	flags.StringVar(&at, "target", "", "what the target has printed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(at), &j.Target); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	sample, err := j.do()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(sample)
}

func (j *job) do() (*result.Sample, error) {
	s, ok := scenario.Find(j.Scenario)
	if !ok {
		return nil, fmt.Errorf("no scenario %q", j.Scenario)
	}
	if s.Kind == scenario.Idle {
		if err := j.warmUp(); err != nil {
			return nil, err
		}
	}
	c, err := j.open(s)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if s.Kind == scenario.Idle {
		return measure.Idle(c, s)
	}
	return measure.Run(c, s, measure.PlanFor(s, j.Divide))
}

func (j *job) open(s *scenario.Scenario) (client.Client, error) {
	task, err := client.NewTask(s, j.Target, j.File)
	if err != nil {
		return nil, err
	}
	return client.Open(j.Client, task)
}

// warmUp has a client of the same kind do some requests: what a program needs once, its
// code in memory to begin with, is not to count for connections.
func (j *job) warmUp() error {
	s, _ := scenario.Find("get_small_c16")
	c, err := j.open(s)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = measure.Run(c, s, measure.Plan{Operations: 500})
	return err
}
