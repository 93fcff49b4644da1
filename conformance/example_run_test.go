package conformance_test

import (
	"testing"

	"github.com/hackney-go/hackney/conformance"
)

// In a test of yours: every *.txtar below testdata is a subtest.
func ExampleRun() {
	_ = func(t *testing.T) { // func TestScripts(t *testing.T)
		conformance.Run(t, "testdata")
	}
}
