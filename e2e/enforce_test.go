package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What a policy forbids in docker's containers is stopped, what is nearly it
// is not, other containers and the host are left alone, and in audit all of it
// happens and is told.
func TestEnforce(t *testing.T) {
	tool(t, "dockerd", "docker")
	if os.Geteuid() != 0 {
		skip(t, "prevention needs root")
	}
	dir := socketDir(t)
	host := "unix://" + dir + "/docker.sock"
	env := append(os.Environ(), "DOCKER_HOST="+host)
	start(t, exec.Command("dockerd", "--storage-driver=overlay2", "--data-root", dir+"/root", "--exec-root", dir+"/exec",
		"-H", host, "--pidfile", dir+"/pid", "--iptables=false", "--bridge=none"))
	ping := exec.Command("docker", "info")
	ping.Env = env
	waitFor(t, "dockerd", func() error {
		again := *ping
		return again.Run()
	})
	run(t, env, "docker", "load", "--quiet", "--input", image(t, "debian-vuln")+"/docker.tar")
	run(t, env, "docker", "tag", "debian-vuln", "other")
	volume := t.TempDir()
	for _, mode := range []string{"enforce", "audit"} {
		t.Run(mode, func(t *testing.T) {
			policy := filepath.Join(t.TempDir(), "enforce.yaml")
			if err := os.WriteFile(policy, []byte("mode: "+mode+`
last-resort: any
rules:
  - name: sealed
    match: {image: "debian-vuln*"}
    deny: [drift, memory, volumes, writes, mounts]
    tools: [perl, /usr/bin/apt-get]
    connect: ["127.0.0.1:9", "10.0.0.0/8"]
`), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			errs, ready, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			watch := exec.Command(binary, "watch", "-o", "json", "--group", "0", "--enforce", policy)
			watch.Stdout, watch.Stderr = &out, ready
			if err := watch.Start(); err != nil {
				t.Fatal(err)
			}
			ready.Close()
			t.Cleanup(func() { _ = watch.Process.Kill() })
			line := make([]byte, 4096)
			for said := ""; !strings.Contains(said, "watching with"); {
				n, err := errs.Read(line)
				if err != nil {
					t.Fatalf("the watch ended: %s", said)
				}
				said += string(line[:n])
			}
			go func() { _, _ = io.Copy(io.Discard, errs) }()
			stops := mode == "enforce"
			want := map[string]int{}
			for _, a := range []struct {
				act, script string
				stopped     bool
				args        []string
			}{
				{"drift", "cp /bin/true /tmp/t; /tmp/t && echo done", true, nil},
				{"", "/bin/true && cp /bin/true /tmp/t && echo done", false, nil},
				{"memory", "cp /bin/true /t/t; /t/t && echo done", true, []string{"--tmpfs", "/t:exec"}},
				{"volumes", "cp /bin/true /v/t; /v/t && echo done", true, []string{"-v", volume + ":/v"}},
				{"", "cp /bin/true /v/t && echo done", false, []string{"-v", volume + ":/v", "--init"}},
				{"tools", "perl -e 1 && echo done", true, nil},
				{"tools", "apt-get --version > /dev/zero && echo done", true, nil},
				{"", "cat /usr/bin/perl > /dev/zero; dpkg --version > /dev/zero && echo done", false, nil},
				{"writes", "bash -c 'echo > /usr/bin/dpkg' && echo done", true, nil},
				{"", "echo > /tmp/x; cat /usr/bin/dpkg > /tmp/x && echo done", false, nil},
				{"connections", "echo x > /dev/udp/127.0.0.1/10 && echo done", true, nil},
				{"", "echo x > /dev/udp/127.0.0.1/9 && echo done", false, nil},
				{"mounts", "mount -t tmpfs x /mnt && echo done", true, []string{"--cap-add=SYS_ADMIN"}},
			} {
				out := container(t, env, "debian-vuln", a.script, a.args...)
				if done := strings.Contains(out, "done"); done == (a.stopped && stops) {
					t.Errorf("%s: %s: %s", a.act, a.script, out)
				}
				if a.act != "" {
					want[a.act]++
				}
				if out := container(t, env, "other", a.script, a.args...); !strings.Contains(out, "done") {
					t.Errorf("stopped in a container that the policy is not about: %s: %s", a.script, out)
				}
			}
			time.Sleep(time.Second)
			if err := watch.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if err := watch.Wait(); err != nil {
				t.Errorf("the watch: %v", err)
			}
			got := map[string]int{}
			for text := range strings.Lines(out.String()) {
				var alert struct {
					Source string
					Fields map[string]any `json:"output_fields"`
				}
				if err := json.Unmarshal([]byte(text), &alert); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				if alert.Source != "prevention" {
					continue
				}
				got[alert.Fields["prevention.act"].(string)]++
				if repository := alert.Fields["container.image.repository"]; repository != "debian-vuln" {
					t.Errorf("told of a container of %v: %s", repository, text)
				}
				if (alert.Fields["prevention.verdict"] == "would have been denied") == stops {
					t.Errorf("the verdict is wrong in mode %s: %s", mode, text)
				}
			}
			for act, n := range want {
				if got[act] != n {
					t.Errorf("%s: told %d times, want %d", act, got[act], n)
				}
			}
			// When the watch has ended nothing is stopped any longer.
			if out := container(t, env, "debian-vuln", "cp /bin/true /tmp/t; /tmp/t && echo done"); !strings.Contains(out, "done") {
				t.Errorf("still stopped: %s", out)
			}
		})
	}
}

// container runs a script in a container and gives what it said.
func container(t *testing.T, env []string, name, script string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "docker", append(append([]string{"run", "--rm", "--network=host"}, args...), name, "bash", "-c", script)...)
	cmd.Env = env
	out, _ := cmd.CombinedOutput() // that it is stopped is what some are for
	return string(out)
}
