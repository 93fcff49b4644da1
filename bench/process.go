package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/hackney-go/hackney/bench/result"
	"github.com/hackney-go/hackney/bench/target"
)

// longestJob is when a client is taken to hang.
const longestJob = 60 * time.Second

// processes starts this program again, as target and as clients.
type processes struct {
	program string
	cores   cores
	errors  bytes.Buffer // of the target
}

func newProcesses() (*processes, error) {
	program, err := os.Executable()
	return &processes{program: program, cores: findCores()}, err
}

// startTarget starts the target, which serves until stop is called.
func (p *processes) startTarget(ctx context.Context) (at target.Addresses, stop func() error, err error) {
	cmd := exec.CommandContext(ctx, p.program, "target")
	cmd.Stderr = &p.errors
	in, err := cmd.StdinPipe()
	if err != nil {
		return at, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return at, nil, err
	}
	if err := p.cores.start(cmd, p.cores.target); err != nil {
		return at, nil, err
	}
	stop = func() error { return stopTarget(cmd, in) }
	if err := json.NewDecoder(out).Decode(&at); err != nil {
		err = errors.Join(err, stop())
		return at, nil, fmt.Errorf("the target: %w: %s", err, shortened(p.errors.String()))
	}
	return at, stop, nil
}

// stopTarget ends the target's input, and the target if it does not mind that.
func stopTarget(cmd *exec.Cmd, in io.Closer) error {
	timer := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	_ = in.Close()
	return cmd.Wait()
}

// client has a client do its job.
func (p *processes) client(ctx context.Context, j *job) (*result.Sample, error) {
	at, err := json.Marshal(j.Target)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, longestJob, fmt.Errorf("it took longer than %v", longestJob))
	defer cancel()
	cmd := exec.CommandContext(ctx, p.program, "client",
		"-client", j.Client, "-scenario", j.Scenario, "-divide", strconv.Itoa(j.Divide),
		"-file", j.File, "-target", string(at))
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err = p.cores.start(cmd, p.cores.client)
	if err == nil {
		err = cmd.Wait()
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	sample := new(result.Sample)
	if err == nil {
		err = json.Unmarshal(out.Bytes(), sample)
	}
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w\n%s", j.Client, j.Scenario, err, shortened(complaints.String()))
	}
	return sample, nil
}

// shortened is the beginning of a text: that of a crash says what happened.
func shortened(text string) string {
	const most = 2000
	return strings.TrimSpace(text[:min(len(text), most)])
}
