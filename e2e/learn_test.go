package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dockerd starts an engine of the test's own, with an image in it, and gives
// the environment that speaks to it.
func dockerd(t *testing.T, name string) []string {
	t.Helper()
	tool(t, "dockerd", "docker")
	if os.Geteuid() != 0 {
		skip(t, "the sensor needs root")
	}
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		skip(t, "this kernel has no BTF")
	}
	dir := socketDir(t)
	host := "unix://" + dir + "/docker.sock"
	env := append(os.Environ(), "DOCKER_HOST="+host)
	start(t, exec.Command("dockerd", "--storage-driver=overlay2", "--data-root", dir+"/root", "--exec-root", dir+"/exec",
		"-H", host, "--pidfile", dir+"/pid", "--iptables=false", "--bridge=none"))
	waitFor(t, "dockerd", func() error {
		ping := exec.Command("docker", "info")
		ping.Env = env
		return ping.Run()
	})
	run(t, env, "docker", "load", "--quiet", "--input", image(t, name)+"/docker.tar")
	return env
}

// outcome runs a command and gives what it printed and whether it worked.
func outcome(t *testing.T, env []string, name string, args ...string) (string, bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// A container is learned, works under what was learned, and is refused what
// it did not do.
func TestLearn(t *testing.T) {
	env := dockerd(t, "debian-vuln")
	dir := t.TempDir()
	const script = `cat /etc/debian_version; mkdir -p /srv/app; echo x > /srv/app/state; chown 1000 /srv/app/state; ls -l /usr > /dev/null; echo done`
	const extra = `; chroot / true || echo refused chroot; ln -s /etc /srv/app/link || echo refused symlink`
	out, ok := outcome(t, env, binary, "learn", "--validate", "-d", dir, "--", "docker", "run", "--rm", "--name", "learned", "debian-vuln", "bash", "-c", script)
	if !ok || !strings.Contains(out, "validated: under the profile learned ends with status 0") {
		t.Fatalf("learn: %s", out)
	}
	var recording struct {
		Confined     bool
		Workload     struct{ Image, Container string }
		Calls        []struct{ Name string }
		Capabilities []struct{ Name string }
		Executables  []struct{ Path string }
	}
	data, err := os.ReadFile(filepath.Join(dir, "recording.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &recording); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range recording.Calls {
		names[c.Name] = true
	}
	for name, want := range map[string]bool{"execve": true, "mkdir": true, "fchownat": true, "chroot": false, "symlinkat": false, "pivot_root": false, "mount": false, "bpf": false} {
		if names[name] != want {
			t.Errorf("%s: noted %t, want %t", name, names[name], want)
		}
	}
	if !recording.Confined || recording.Workload.Image != "debian-vuln" || recording.Workload.Container != "learned" {
		t.Errorf("%+v", recording.Workload)
	}
	var execs []string
	for _, x := range recording.Executables {
		execs = append(execs, x.Path)
	}
	if got := strings.Join(execs, " "); !strings.Contains(got, "/usr/bin/cat") && !strings.Contains(got, "/bin/cat") || strings.Contains(got, "runc") || strings.Contains(got, "docker") {
		t.Errorf("executables: %s", got)
	}

	// Under the seccomp profile alone: what it did works, what it did not do is refused.
	profile := "seccomp=" + filepath.Join(dir, "seccomp.json")
	out, _ = outcome(t, env, "docker", "run", "--rm", "--security-opt", profile, "debian-vuln", "bash", "-c", script+extra)
	for _, want := range []string{"done", "refused chroot", "refused symlink"} {
		if !strings.Contains(out, want) {
			t.Errorf("under the profile: no %q in %s", want, out)
		}
	}
	out, _ = outcome(t, env, "docker", "run", "--rm", "debian-vuln", "bash", "-c", script+extra)
	if strings.Contains(out, "refused") {
		t.Errorf("without the profile: %s", out)
	}

	// Under everything: capabilities, read-only root, volumes.
	patch, err := os.ReadFile(filepath.Join(dir, "pod-patch.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(patch); !strings.Contains(text, "mountPath: /srv") || !strings.Contains(text, "- CHOWN") || !strings.Contains(text, "readOnlyRootFilesystem: true") || strings.Contains(text, "NET_RAW") {
		t.Errorf("patch: %s", text)
	}
	args := []string{"run", "--rm", "--security-opt", profile, "--security-opt", "no-new-privileges", "--read-only", "--cap-drop=ALL"}
	for _, c := range recording.Capabilities {
		args = append(args, "--cap-add="+strings.TrimPrefix(c.Name, "CAP_"))
	}
	for line := range strings.Lines(string(patch)) {
		if mount, ok := strings.CutPrefix(strings.TrimSpace(line), "mountPath: "); ok {
			args = append(args, "--tmpfs", mount)
		}
	}
	out, ok = outcome(t, env, "docker", append(args, "debian-vuln", "bash", "-c", script)...)
	if !ok || !strings.Contains(out, "done") {
		t.Errorf("under everything: %v: %s", args, out)
	}
	out, ok = outcome(t, env, "docker", append(args, "debian-vuln", "bash", "-c", "echo x > /usr/bin/planted")...)
	if ok {
		t.Errorf("a file was planted: %s", out)
	}

	if _, err := exec.LookPath("apparmor_parser"); err == nil {
		if out, ok := outcome(t, env, "apparmor_parser", "-Q", "-K", filepath.Join(dir, "apparmor")); !ok {
			t.Errorf("apparmor_parser: %s", out)
		}
	}

	// A second run that does more is merged: both work.
	more := filepath.Join(dir, "more")
	out, ok = outcome(t, env, binary, "learn", "-d", more, "--", "docker", "run", "--rm", "debian-vuln", "bash", "-c", "ln -s /etc /tmp/link && echo done")
	if !ok {
		t.Fatalf("learn: %s", out)
	}
	both := filepath.Join(dir, "both")
	out, ok = outcome(t, env, binary, "learn", "merge", filepath.Join(dir, "recording.json"), filepath.Join(more, "recording.json"), "-d", both)
	if !ok || !strings.Contains(out, "2 runs") {
		t.Fatalf("merge: %s", out)
	}
	out, _ = outcome(t, env, "docker", "run", "--rm", "--security-opt", "seccomp="+filepath.Join(both, "seccomp.json"), "debian-vuln", "bash", "-c", script+extra)
	if !strings.Contains(out, "refused chroot") || strings.Contains(out, "refused symlink") || !strings.Contains(out, "done") {
		t.Errorf("under the merged profile: %s", out)
	}
}
