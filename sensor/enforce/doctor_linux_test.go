package enforce_test

import (
	"os"
	"testing"

	"github.com/boltseal/boltseal/sensor/enforce"
)

func TestDoctor(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("prevention needs root")
	}
	for _, p := range enforce.Doctor(&enforce.Options{Canary: canary}) {
		t.Logf("%v %s: %s", p.OK, p.Name, p.What)
	}
}
