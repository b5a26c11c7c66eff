package enforce_test

import (
	"os"
	"testing"

	"github.com/boltseal/boltseal/sensor/enforce"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "canary" {
		os.Exit(enforce.Canary(os.Args[2:], os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

var canary = []string{"/proc/self/exe", "canary"}
