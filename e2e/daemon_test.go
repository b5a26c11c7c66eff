package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// run runs a program that must succeed.
func run(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, clip(out))
	}
}

// A socket's path must be short, so a test's own folder will not do.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestDocker(t *testing.T) {
	tool(t, "dockerd", "docker")
	if os.Geteuid() != 0 {
		skip(t, "dockerd needs root")
	}
	dir := socketDir(t)
	host := "unix://" + dir + "/docker.sock"
	env := []string{"DOCKER_HOST=" + host}
	start(t, exec.Command("dockerd", "--storage-driver=overlay2", "--data-root", dir+"/root", "--exec-root", dir+"/exec",
		"-H", host, "--pidfile", dir+"/pid", "--iptables=false", "--bridge=none"))
	ping := exec.Command("docker", "info")
	ping.Env = append(os.Environ(), env...)
	waitFor(t, "dockerd", func() error {
		again := *ping
		return again.Run()
	})
	for _, name := range []string{"node", "overlay", "alpine"} {
		archive := image(t, name) + "/docker.tar"
		run(t, env, "docker", "load", "--quiet", "--input", archive)
		want := content(t, boltseal(t, append(scanAll, "docker-archive:"+archive)...).ok(t))
		for _, target := range []string{"docker:" + name + ":latest", "docker:" + name} {
			got := content(t, command{args: append(scanAll, target), env: env}.run(t).ok(t))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s differs from the archive:\n%.1000s", target, diff)
			}
		}
		run(t, env, "docker", "rmi", "--force", name+":latest")
	}
	if r := (command{args: append(scanAll, "docker:nonesuch"), env: env}).run(t); r.code != 3 {
		t.Errorf("an image that is not there: exit status %d, want 3\n%s", r.code, clip(r.stderr))
	}
	if r := (command{args: append(scanAll, "docker:alpine"), env: []string{"DOCKER_HOST=unix://" + filepath.Join(dir, "none.sock")}}).run(t); r.code != 3 {
		t.Errorf("a daemon that is not there: exit status %d, want 3\n%s", r.code, clip(r.stderr))
	}
}

func TestPodman(t *testing.T) {
	tool(t, "podman")
	if os.Geteuid() != 0 {
		skip(t, "podman runs with its own storage as root only")
	}
	dir := socketDir(t)
	host := "unix://" + dir + "/podman.sock"
	storage := []string{"--root", dir + "/root", "--runroot", dir + "/run", "--storage-driver", "vfs"}
	start(t, exec.Command("podman", append(storage, "system", "service", "--time=0", host)...))
	waitFor(t, "podman", func() error {
		_, err := os.Stat(dir + "/podman.sock")
		return err
	})
	for _, name := range []string{"overlay", "alpine"} {
		archive := image(t, name) + "/docker.tar"
		run(t, nil, "podman", append(storage, "load", "--quiet", "--input", archive)...)
		want := content(t, boltseal(t, append(scanAll, "docker-archive:"+archive)...).ok(t))
		got := content(t, command{args: append(scanAll, "podman:"+name+":latest"), env: []string{"CONTAINER_HOST=" + host}}.run(t).ok(t))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("podman:%s differs from the archive:\n%.1000s", name, diff)
		}
	}
}
