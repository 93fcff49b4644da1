package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"

	"github.com/hackney-go/hackney/bench/report"
	"github.com/hackney-go/hackney/bench/result"
	"github.com/hackney-go/hackney/bench/scenario"
)

// reportCommand tells what a run has measured: into benchmarks.md of a folder, with a
// chart beside it, or as text where no folder is named.
func reportCommand(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	in := flags.String("i", "results.json", "where the samples are")
	if err := flags.Parse(args); err != nil {
		return err
	}
	run, err := result.Read(*in)
	if err != nil {
		return err
	}
	if folder := flags.Arg(0); folder != "" {
		return writeReport(folder, run)
	}
	_, err = out.Write(report.Markdown(run, rows()))
	return err
}

func writeReport(folder string, run *result.Run) error {
	path := filepath.Join(folder, "benchmarks.md")
	document, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if document, err = report.Splice(document, run, rows()); err != nil {
		return err
	}
	chart, err := report.Chart(run, rows())
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, document, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "benchmarks.svg"), chart, 0o644)
}

// rows is what the report has to know of the scenarios.
func rows() (rows []report.Row) {
	for _, s := range scenario.All() {
		rows = append(rows, row(s))
	}
	return rows
}

func row(s *scenario.Scenario) report.Row {
	return report.Row{
		Name: s.Name, Title: s.Text, Base: s.Baseline(), Unit: unit(s),
		Target: s.Target, TargetAllocs: s.TargetAlloc, TargetIdle: s.TargetIdle,
		Beside: s.Beside, TargetRate: s.TargetRate,
		Growth: s.Series != "", Series: series[s.Series].name, Each: series[s.Series].each, Size: s.X,
	}
}

// unit is what CPU time and rate are told of.
func unit(s *scenario.Scenario) string {
	switch s.Kind {
	case scenario.Download, scenario.UploadFile, scenario.UploadChunked, scenario.UploadForm,
		scenario.Copy, scenario.Events:
		return "GB"
	}
	return "operation"
}

// series are the names of what grows, and of that of which the time of each is told.
var series = map[string]struct{ name, each string }{
	"connections": {"connections", ""},
	"fields":      {"response fields", "field"},
	"bytes":       {"bytes", "byte"},
}
