//go:build amd64 || arm64

package sensor_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/boltseal/boltseal/rule"
	"github.com/boltseal/boltseal/sensor"
)

// open attaches a sensor, or skips where the machine has none to offer.
func open(t *testing.T, calls ...string) *sensor.Sensor {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("the sensor needs root")
	}
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		t.Skip("this kernel has no BTF:", err)
	}
	s, err := sensor.Open(&sensor.Options{Calls: calls})
	if errors.Is(err, sensor.ErrUnsupported) {
		t.Skip("the end-to-end tests ask for a kernel that can; this one cannot:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// watch runs act while the sensor looks on, and gives the events of it and of
// its children, as the fields that are asked for.
func watch(t *testing.T, s *sensor.Sensor, fields []string, act func()) []string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var mu sync.Mutex
	var got []string
	done := make(chan error, 1)
	go func() {
		done <- s.Run(ctx, func(e *sensor.Event) {
			mu.Lock()
			defer mu.Unlock()
			var line []string
			for _, name := range fields {
				line = append(line, value(e, name))
			}
			got = append(got, strings.Join(line, " "))
		})
	}()
	time.Sleep(50 * time.Millisecond)
	act()
	time.Sleep(200 * time.Millisecond)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	return got
}

// value is a field as text, by way of a rule that prints it.
func value(e *sensor.Event, field string) string {
	f, arg, ok := rule.LookupField(field)
	if !ok {
		return "unknown field " + field
	}
	var v rule.Value
	e.Field(f.ID, arg, &v)
	return v.String()
}

func wantLine(t *testing.T, lines []string, want string) {
	t.Helper()
	for _, line := range lines {
		if strings.HasPrefix(line, want) {
			return
		}
	}
	var near []string
	for _, line := range lines {
		if first, _, _ := strings.Cut(want, " "); strings.HasPrefix(line, first) && len(near) < 20 {
			near = append(near, line)
		}
	}
	t.Errorf("no event %q among %d, such as\n%s", want, len(lines), strings.Join(near, "\n"))
}

func TestExec(t *testing.T) {
	s := open(t)
	dir := t.TempDir()
	lines := watch(t, s, []string{"evt.type", "proc.cmdline", "proc.exepath", "proc.pname", "proc.cwd", "proc.env[SEAL]", "evt.res", "container.id"}, func() {
		cmd := exec.Command("/bin/sh", "-c", "/bin/sleep 0.01; true")
		cmd.Dir, cmd.Env = dir, []string{"SEAL=bolt"}
		if err := cmd.Run(); err != nil {
			t.Error(err)
		}
	})
	sleep, err := filepath.EvalSymlinks("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	wantLine(t, lines, "execve sleep 0.01 "+sleep+" sh "+dir+" bolt SUCCESS ")
}

func TestFiles(t *testing.T) {
	s := open(t, "openat", "open", "unlinkat", "unlink", "renameat", "renameat2", "rename", "fchmodat", "chmod", "symlinkat", "symlink")
	dir := t.TempDir()
	lines := watch(t, s, []string{"evt.type", "fd.name", "fs.path.name", "evt.is_open_write", "evt.rawres"}, func() {
		a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
		if err := os.WriteFile(a, []byte("x"), 0o600); err != nil {
			t.Error(err)
		}
		if err := os.Rename(a, b); err != nil {
			t.Error(err)
		}
		if err := os.Remove(b); err != nil {
			t.Error(err)
		}
		// A path through a link: what was opened is told, not what was written.
		if err := os.Symlink(dir, filepath.Join(dir, "link")); err != nil {
			t.Error(err)
		}
		cmd := exec.Command("/bin/sh", "-c", "echo > link/c")
		cmd.Dir = dir
		if err := cmd.Run(); err != nil {
			t.Error(err)
		}
	})
	wantLine(t, lines, "openat "+dir+"/c "+dir+"/link/c true 3")
	for _, line := range lines {
		if strings.Contains(line, dir+"/a") {
			t.Errorf("the sensor told of its own process: %s", line)
		}
	}
}

func TestConnections(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash to connect with")
	}
	s := open(t, "connect", "listen", "accept", "accept4")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	lines := watch(t, s, []string{"evt.type", "fd.sip", "fd.sport", "fd.l4proto", "fd.typechar", "proc.name", "evt.res"}, func() {
		_ = exec.Command("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/"+port).Run()
		_ = exec.Command("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/1").Run() // nobody listens there
	})
	wantLine(t, lines, "connect 127.0.0.1 "+port+" tcp 4 bash SUCCESS")
	wantLine(t, lines, "connect 127.0.0.1 1 tcp 4 bash ECONNREFUSED")
}

// A thousand processes in a row are all seen, and none is lost.
func TestNothingIsLost(t *testing.T) {
	s := open(t)
	const n = 300
	lines := watch(t, s, []string{"evt.type", "proc.cmdline"}, func() {
		if err := exec.Command("/bin/sh", "-c", "i=0; while [ $i -lt 300 ]; do /bin/true mark$i; i=$((i+1)); done").Run(); err != nil {
			t.Error(err)
		}
	})
	seen := 0
	for _, line := range lines {
		if strings.HasPrefix(line, "execve true mark") {
			seen++
		}
	}
	if st, err := s.Stats(); seen != n || err != nil || st.Lost != 0 {
		t.Errorf("%d of %d were seen, %+v lost, %v", seen, n, st, err)
	}
}

func TestDoctor(t *testing.T) {
	open(t)
	for _, p := range sensor.Doctor("/") {
		if p.Must && !p.OK {
			t.Errorf("%+v", p)
		}
	}
}

// Without the rights to load programs, Open says so and leaves nothing behind.
func TestUnprivileged(t *testing.T) {
	if os.Getenv("BOLTSEAL_TEST_UNPRIVILEGED") != "" || os.Geteuid() != 0 {
		if _, err := sensor.Open(&sensor.Options{Calls: sensor.Calls()}); !errors.Is(err, sensor.ErrUnsupported) || !strings.Contains(err.Error(), "CAP_BPF") {
			t.Errorf("opened without rights: %v", err)
		}
		return
	}
	cmd := exec.Command("/proc/self/exe", "-test.run", "^TestUnprivileged$")
	cmd.Env = append(os.Environ(), "BOLTSEAL_TEST_UNPRIVILEGED=1")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A path of more folders than anybody makes by hand is still told from the
// root: its beginning decides what rules say of it.
func TestDeepPath(t *testing.T) {
	s := open(t, "openat", "open")
	dir := t.TempDir()
	deep := filepath.Join(dir, strings.Repeat("d/", 120))
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	lines := watch(t, s, []string{"evt.type", "fd.name"}, func() {
		if err := exec.Command("/bin/sh", "-c", "echo > "+filepath.Join(deep, "f")).Run(); err != nil {
			t.Error(err)
		}
	})
	wantLine(t, lines, "openat "+filepath.Join(deep, "f"))
}
