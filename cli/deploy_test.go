package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The manifests that are shipped hold what boltseal itself asks for, but for
// exceptions that each have a reason and a date.
func TestSensorManifests(t *testing.T) {
	t.Chdir("..")
	out, _ := boltseal(t, 0, "lint", "deploy/kubernetes/sensor.yaml", "--policy", "boltseal.yaml", "--fail-on", "medium")
	wantText(t, out, "waived")
	none := filepath.Join(t.TempDir(), "none.yaml")
	if err := os.WriteFile(none, []byte("waivers: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	boltseal(t, 1, "lint", "deploy/kubernetes/sensor.yaml", "--policy", none, "--fail-on", "medium")
	data, err := os.ReadFile("deploy/kubernetes/sensor.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, no := range []string{"privileged: true", "SYS_ADMIN", "hostNetwork: true", "Unconfined"} {
		if strings.Contains(string(data), no) {
			t.Errorf("the manifest has %s", no)
		}
	}
}

// The unit gives the sensor what it needs and hardens the rest.
func TestSensorUnit(t *testing.T) {
	const unit = "../deploy/systemd/boltseal-watch.service"
	data, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nCapabilityBoundingSet=CAP_BPF CAP_PERFMON CAP_SYS_PTRACE CAP_DAC_READ_SEARCH\n", "\nNoNewPrivileges=yes\n", "\nProtectSystem=strict\n", "\nMemoryMax=", "\nRestart=always\n", " bpf perf_event_open\n"} {
		if !strings.Contains(string(data), want) {
			t.Errorf("the unit has no %q", strings.TrimSpace(want))
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=40", unit).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
