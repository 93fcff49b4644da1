package conformance_test

import (
	"flag"
	"testing"

	"github.com/hackney-go/hackney/conformance"
	"github.com/hackney-go/hackney/internal/leaktest"
)

var _ = flag.Bool("update", false, "rewrite golden sections, but none that was recorded from 0.6.0")

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestScripts(t *testing.T) { conformance.Run(t, "../testdata/scripts") }
