package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// inbox is a receiver of alerts that can be away.
type inbox struct {
	mu   sync.Mutex
	away bool
	got  []map[string]any
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, _ := io.ReadAll(r.Body)
	if b.away {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var one map[string]any
	if json.Unmarshal(data, &one) == nil {
		b.got = append(b.got, one)
	}
}

func (b *inbox) set(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

// outputs are the messages that arrived, each id once.
func (b *inbox) outputs() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]string{}
	for _, one := range b.got {
		out[fmt.Sprint(one["uuid"])] = fmt.Sprint(one["output"])
	}
	return out
}

// watching starts a watch and waits until it sees.
func watching(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"watch"}, args...)...)
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line := make([]byte, 4096)
	for said := ""; !strings.Contains(said, "watching with"); {
		n, err := errs.Read(line)
		if err != nil {
			t.Fatalf("the watch ended: %s", said)
		}
		said += string(line[:n])
	}
	go func() { _, _ = io.Copy(io.Discard, errs) }()
	time.Sleep(300 * time.Millisecond)
	return cmd
}

// Alerts that a receiver has not taken outlive kill -9; ten thousand equal
// ones are two; rules that change are loaded while it runs.
func TestWatchOutputs(t *testing.T) {
	if os.Geteuid() != 0 {
		skip(t, "the sensor needs root")
	}
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		skip(t, "this kernel has no BTF")
	}
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	rule := func(word string) string {
		return fmt.Sprintf("- rule: %[1]s\n  desc: d\n  condition: evt.type in (open, openat) and evt.is_open_write = true and fd.name startswith %[2]s/%[1]s\n  output: %[1]s (file=%%fd.name)\n  priority: WARNING\n", word, dir)
	}
	write := func(name string, times int) {
		script := fmt.Sprintf("i=0; while [ $i -lt %d ]; do : > %s; i=$((i+1)); done", times, filepath.Join(dir, name))
		run(t, nil, "/bin/sh", "-c", script)
		time.Sleep(500 * time.Millisecond)
	}
	if err := os.WriteFile(rules, []byte(rule("first")), 0o600); err != nil {
		t.Fatal(err)
	}
	box := &inbox{away: true}
	server := httptest.NewServer(box)
	defer server.Close()
	args := []string{"--rules", rules, "--spool", filepath.Join(dir, "spool"), "-o", "webhook=" + server.URL, "-o", "json=" + filepath.Join(dir, "alerts.json"), "--group", "1h"}

	cmd := watching(t, args...)
	write("first-a", 1)
	write("first-b", 1)
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()

	box.set(false)
	cmd = watching(t, args...)
	waitFor(t, "the alerts of the watch that was killed", func() error {
		if got := box.outputs(); len(got) < 2 {
			return fmt.Errorf("arrived: %v", got)
		}
		return nil
	})

	// The file that text and JSON go to is moved away under the watch.
	if err := os.Rename(filepath.Join(dir, "alerts.json"), filepath.Join(dir, "alerts.json.1")); err != nil {
		t.Fatal(err)
	}
	write("first-c", 10_000)

	// New rules while it runs; then rules with an error, which change nothing.
	if err := os.WriteFile(rules, []byte(rule("first")+rule("second")), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(4 * time.Second)
	write("second-a", 1)
	if err := os.WriteFile(rules, []byte("- rule: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(4 * time.Second)
	write("second-b", 1)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the watch: %v", err)
	}
	counts := map[string]int{}
	counted := 0
	box.mu.Lock()
	for _, one := range box.got {
		file := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(one["output_fields"].(map[string]any)["fd.name"]), dir+"/"), ")")
		counts[file]++
		if n, ok := one["count"].(float64); ok && file == "first-c" {
			counted = int(n)
		}
	}
	box.mu.Unlock()
	if counts["first-a"] < 1 || counts["first-b"] < 1 || counts["first-c"] != 2 || counted != 9_999 || counts["second-a"] != 1 || counts["second-b"] != 1 {
		t.Errorf("alerts by file: %v, of first-c %d were counted", counts, counted)
	}
	data, err := os.ReadFile(filepath.Join(dir, "alerts.json"))
	if err != nil || !strings.Contains(string(data), "first-c") || strings.Contains(string(data), "first-a") {
		t.Errorf("the file after it was moved: %.300s, %v", data, err)
	}
}
