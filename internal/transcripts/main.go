package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	out := flag.String("o", "testdata/hackney-0.6.0", "folder to write to")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: transcripts [-o DIR] DIR-OF-RECORDINGS")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	summary, err := run(flag.Arg(0), *out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "transcripts:", err)
		os.Exit(1)
	}
	fmt.Println(summary)
}

// run converts all recordings in dir to below out, and says how many became what.
func run(dir, out string) (summary string, err error) {
	var index index
	for _, area := range areas {
		list, err := load(dir, area)
		if err != nil {
			return "", err
		}
		for i := range list {
			if err := index.add(area, &list[i], out); err != nil {
				return "", fmt.Errorf("%s/%s: %w", area, list[i].Name, err)
			}
		}
	}
	if err := copyFixtures(filepath.Join(dir, "..", "fixtures"), filepath.Join(out, "fixtures")); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(out, "scenarios.txt"), index.text.Bytes(), 0o666); err != nil {
		return "", err
	}
	return index.summary(), nil
}

// copyFixtures copies the files that scripts name. The certificate is not one of
// them: a scripted server has its own.
func copyFixtures(from, to string) error {
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o777); err != nil {
		return err
	}
	for _, f := range files {
		if filepath.Ext(f.Name()) == ".pem" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), b, 0o666); err != nil {
			return err
		}
	}
	return nil
}
