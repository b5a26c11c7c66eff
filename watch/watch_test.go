package watch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/sensor"
	"github.com/boltseal/boltseal/watch"
)

func compile(t *testing.T, text string) *rule.Set {
	t.Helper()
	f, problems := rule.Parse("test.yaml", []byte(text))
	set, more := rule.Compile([]*rule.File{f}, &rule.Options{All: true})
	for _, p := range append(problems, more...) {
		if !p.Warning {
			t.Fatal(p)
		}
	}
	return set
}

// The own rules load without a warning, and ask nothing that the sensor does
// not know.
func TestOwnRules(t *testing.T) {
	f, problems := rule.Parse(watch.OwnRulesName, watch.OwnRules)
	set, more := rule.Compile([]*rule.File{f}, &rule.Options{All: true})
	for _, p := range append(problems, more...) {
		t.Error(p)
	}
	if runtime.GOOS == "linux" {
		for _, gap := range watch.Gaps(set) {
			if gap.What != "event type open" && gap.What != "event type creat" { // some machines have openat alone
				t.Errorf("%+v", gap)
			}
		}
	}
	for _, r := range set.Rules() {
		if r.Description == "" || len(r.Tags) == 0 || !strings.Contains(r.Output, "%") {
			t.Errorf("%s says too little", r.Name)
		}
	}
}

func TestGapsAreTold(t *testing.T) {
	set := compile(t, `
- rule: a
  desc: d
  condition: evt.type = execve and proc.vmrss > 5
  output: o
  priority: INFO
- rule: b
  desc: d
  condition: evt.type = quotactl
  output: o
  priority: INFO
`)
	var all []string
	for _, gap := range watch.Gaps(set) {
		all = append(all, gap.What)
	}
	for _, want := range []string{"field proc.vmrss", "event type quotactl"} {
		if !strings.Contains(strings.Join(all, "\n"), want) {
			t.Errorf("%q is not among %q", want, all)
		}
	}
}

func TestOutputs(t *testing.T) {
	a := &watch.Alert{
		Time: time.Date(2026, 11, 1, 12, 0, 0, 5, time.UTC), Rule: "r", Priority: rule.Critical, Source: "syscall", Hostname: "h",
		Output: "it happened (file=/x)", Fields: map[string]any{"fd.name": "/x", "evt.rawres": int64(3), "k8s.ns.name": nil}, Tags: []string{"t"},
		Event: &boltseal.Event{Workload: &boltseal.Workload{Image: "app:1", Digest: "sha256:aa"}},
	}
	var text, lines bytes.Buffer
	for _, out := range []watch.Output{watch.Text(&text), watch.JSON(&lines)} {
		if err := out.Alert(a); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := text.String(), "12:00:00.000000005: Critical it happened (file=/x)\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var got map[string]any
	if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"rule": "r", "priority": "Critical", "source": "syscall", "hostname": "h", "time": "2026-11-01T12:00:00.000000005Z",
		"output": "12:00:00.000000005: Critical it happened (file=/x)"} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	if f := a.Finding(); f.Severity != boltseal.Critical || f.Subject.Digest != "sha256:aa" || f.Key == "" {
		t.Errorf("%+v", f)
	}
}

type memory struct {
	mu     sync.Mutex
	alerts []*watch.Alert
}

func (m *memory) Alert(a *watch.Alert) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alerts = append(m.alerts, a)
	return nil
}

// A hundred equal alerts are two: the first at once, and one that counts the
// rest.
func TestRun(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the sensor needs root")
	}
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		t.Skip("this kernel has no BTF:", err)
	}
	dir := t.TempDir()
	set := compile(t, `
- rule: sealed
  desc: d
  condition: evt.type in (open, openat) and fd.name = `+filepath.Join(dir, "sealed")+` and evt.is_open_write = true
  output: written (file=%fd.name pid=%proc.pid command=%proc.cmdline)
  priority: ERROR
  tags: [t]
- rule: not this
  desc: d
  condition: evt.type in (open, openat) and fd.name = `+filepath.Join(dir, "sealed")+` and evt.is_open_write = false
  output: read
  priority: ERROR
`)
	ctx, stop := context.WithCancel(t.Context())
	out := &memory{}
	ready := make(chan bool)
	type result struct {
		summary *watch.Summary
		err     error
	}
	done := make(chan result)
	go func() {
		s, err := watch.Run(ctx, &watch.Options{Rules: set, Outputs: []watch.Output{out}, Window: time.Hour, Ready: func(*sensor.Sensor) { close(ready) }})
		done <- result{s, err}
	}()
	select {
	case <-ready:
	case r := <-done:
		if errors.Is(r.err, sensor.ErrUnsupported) {
			t.Skip("the end-to-end tests ask for a kernel that can; this one cannot:", r.err)
		}
		t.Fatal(r.err)
	}
	time.Sleep(50 * time.Millisecond)
	if err := exec.Command("/bin/sh", "-c", "for i in $(seq 100); do echo x > "+filepath.Join(dir, "sealed")+"; done").Run(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	stop()
	r := <-done
	if r.err != nil || r.summary.Alerts != 100 || r.summary.Stats.Dropped != 0 {
		t.Fatalf("%+v, %v", r.summary, r.err)
	}
	if len(out.alerts) != 2 || out.alerts[0].Count != 0 || out.alerts[1].Count != 99 {
		for _, a := range out.alerts {
			t.Errorf("%+v", a)
		}
	}
}
