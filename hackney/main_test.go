package hackney_test

import (
	"testing"

	"github.com/hackney-go/hackney/internal/leaktest"
)

// TestMain fails the run when a goroutine or a file descriptor is left over.
func TestMain(m *testing.M) { leaktest.Main(m) }
