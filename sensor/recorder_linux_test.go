package sensor_test

import (
	"os"
	"os/exec"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/boltseal/boltseal/sensor"
)

// The recorder notes what the command does, and not what the rest of the
// machine does.
func TestRecorder(t *testing.T) {
	r := openRecorder(t)
	if err := exec.Command("/bin/sh", "-c", "mkdir "+t.TempDir()+"/made; chmod 700 "+t.TempDir()).Run(); err != nil {
		t.Fatal(err)
	}
	all, err := r.Used()
	if err != nil {
		t.Fatal(err)
	}
	var calls []int
	for _, u := range all {
		if u.Followed {
			calls = append(calls, append(u.Filtered, u.Unfiltered...)...)
			if u.LastNew == 0 {
				t.Error("nothing was ever new")
			}
		}
	}
	for name, nr := range map[string]int{"unlinkat or mkdir": unix.SYS_READ, "fchmodat": unix.SYS_FCHMODAT, "execve": unix.SYS_EXECVE, "exit_group": unix.SYS_EXIT_GROUP} {
		if !slices.Contains(calls, nr) {
			t.Errorf("%s was not noted", name)
		}
	}
	if slices.Contains(calls, unix.SYS_SETHOSTNAME) {
		t.Error("a call that nobody made was noted")
	}
}

func TestRecorderSeesCapabilities(t *testing.T) {
	r := openRecorder(t)
	if err := r.Capabilities(); err != nil {
		t.Skip("inferred from system calls instead:", err)
	}
	if err := exec.Command("/bin/chown", "1000", t.TempDir()).Run(); err != nil {
		t.Fatal(err)
	}
	all, err := r.Used()
	if err != nil {
		t.Fatal(err)
	}
	names := sensor.CapabilityNames()
	var used []string
	for _, u := range all {
		if u.Followed {
			for _, c := range u.Caps {
				used = append(used, names[c])
			}
		}
	}
	if !slices.Contains(used, "CAP_CHOWN") || slices.Contains(used, "CAP_NET_RAW") {
		t.Errorf("used: %q", used)
	}
}

func openRecorder(t *testing.T) *sensor.Recorder {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("the recorder needs root")
	}
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		t.Skip("this kernel has no BTF:", err)
	}
	r, err := sensor.OpenRecorder(&sensor.RecorderOptions{Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}
