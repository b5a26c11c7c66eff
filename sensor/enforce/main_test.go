package enforce_test

import (
	"os"
	"testing"

	"github.com/boltseal/boltseal/sensor/enforce"
)

// The test's program is also the canary, and the runtime that starts the
// tests' containers.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "canary" {
		os.Exit(enforce.Canary(os.Args[2:], os.Stdin, os.Stdout))
	}
	if len(os.Args) > 2 && os.Args[1] == "container" {
		os.Exit(runtime(os.Args[2:]))
	}
	os.Exit(m.Run())
}

var canary = []string{"/proc/self/exe", "canary"}
