//go:build amd64 || arm64

package enforce_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/boltseal/boltseal/sensor"
	"github.com/boltseal/boltseal/sensor/enforce"
)

// runtime starts a container as engines' runtimes do: in its control group and
// a mount namespace of its own it mounts a tmpfs and a volume, goes to where the
// image's layers are mounted, and executes a shell.
func runtime(args []string) int {
	dir, script := args[0], args[1]
	root := filepath.Join(dir, "merged")
	goruntime.LockOSThread()
	for _, err := range []error{
		unix.Unshare(unix.CLONE_NEWNS),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("proc", root+"/proc", "proc", 0, ""),
		unix.Mount("tmpfs", root+"/run", "tmpfs", 0, ""),
		unix.Mount(dir+"/volume", root+"/volume", "", unix.MS_BIND, ""),
		unix.Chroot(root), unix.Chdir("/"),
		unix.Exec("/bin/sh", []string{"sh", "-c", script}, []string{"PATH=/bin"}),
	} {
		if err != nil {
			fmt.Fprintln(os.Stderr, "runtime:", err)
			return 99
		}
	}
	return 99
}

// image is a folder with an image of busybox and this program, and the
// description that an engine would have of a container of it.
type image struct {
	dir, id  string
	group    string
	inMemory bool // even its volume lies there
	found    *sensor.Containers
}

const containerID = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

func newImage(t *testing.T) *image {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("prevention needs root")
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("no busybox to make a container of")
	}
	m := &image{id: containerID}
	// Below /tmp, which may itself lie in memory: layers on it are as good.
	if m.dir, err = os.MkdirTemp("", "boltseal-enforce-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(m.dir) })
	for _, name := range []string{"lower/bin", "lower/usr/bin", "lower/proc", "lower/run", "lower/volume", "lower/tmp", "lower/mnt", "upper", "work", "merged", "volume", "host/var/lib/docker/containers/" + m.id} {
		if err := os.MkdirAll(filepath.Join(m.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for from, names := range map[string][]string{busybox: {"busybox", "sh", "true", "cp", "mv", "rm", "chmod", "cat", "mount"}, self: {"actor", "forbidden"}} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		first := filepath.Join(m.dir, "lower/bin", names[0])
		if err := os.WriteFile(first, data, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range names[1:] {
			if err := os.Link(first, filepath.Join(m.dir, "lower/bin", name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(m.dir, "lower/usr/bin/tool"), []byte("x"), 0o755); err != nil {
		t.Fatal(err)
	}
	config := `{"Name":"/tested","Image":"sha256:` + m.id + `","Config":{"Image":"acme/web:1"}}`
	if err := os.WriteFile(filepath.Join(m.dir, "host/var/lib/docker/containers", m.id, "config.v2.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := copyFile(self, filepath.Join(m.dir, "runtime")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/proc", filepath.Join(m.dir, "host/proc")); err != nil {
		t.Fatal(err)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(m.dir, &st); err != nil {
		t.Fatal(err)
	}
	m.inMemory = st.Type == unix.TMPFS_MAGIC || st.Type == unix.RAMFS_MAGIC
	m.found = sensor.NewContainers(filepath.Join(m.dir, "host"))
	root := "/sys/fs/cgroup"
	if _, err := os.Stat(root + "/cgroup.procs"); err != nil {
		root += "/unified"
	}
	m.group = filepath.Join(root, "docker-"+m.id+".scope")
	return m
}

// run runs a script in a container, and gives its output and exit status.
func (m *image) run(t *testing.T, script string) (string, int) {
	t.Helper()
	if err := os.MkdirAll(m.group, 0o755); err != nil {
		t.Fatal(err)
	}
	defer func() {
		for range 100 {
			if os.Remove(m.group) == nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	for _, name := range []string{"upper", "work"} {
		if err := errors.Join(os.RemoveAll(filepath.Join(m.dir, name)), os.MkdirAll(filepath.Join(m.dir, name), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	layers := fmt.Sprintf("lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", m.dir, m.dir, m.dir)
	merged := filepath.Join(m.dir, "merged")
	if err := unix.Mount("overlay", merged, "overlay", 0, layers); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Unmount(merged, unix.MNT_DETACH) }()
	group, err := os.Open(m.group)
	if err != nil {
		t.Fatal(err)
	}
	defer group.Close()
	time.Sleep(500 * time.Millisecond) // an engine has more to do, also on a machine that is emulated
	ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
	defer stop()
	// Who is asked whether the runtime may be executed must not be who starts it.
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `exec "$0" "$@"`, filepath.Join(m.dir, "runtime"), "container", m.dir, script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, UseCgroupFD: true, CgroupFD: int(group.Fd())}
	cmd.Stdin = strings.NewReader("go\n")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// enforcer opens one and collects what it decides.
type enforcer struct {
	*enforce.Enforcer
	mu      sync.Mutex
	decided []enforce.Decision
}

func (m *image) enforce(t *testing.T, policy string, pins string, avoid ...enforce.Backend) *enforcer {
	t.Helper()
	p, err := enforce.Parse("test", []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	e := &enforcer{}
	e.Enforcer, err = enforce.Open(&enforce.Options{
		Policy: p, Containers: m.found, Canary: canary, Avoid: avoid, Pins: pins, Runtimes: []string{filepath.Join(m.dir, "runtime")},
		Errors: func(err error) { t.Log(err) },
		Decided: func(d *enforce.Decision) {
			e.mu.Lock()
			e.decided = append(e.decided, *d)
			e.mu.Unlock()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, e.Close()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// taken gives what was decided so far, and begins anew.
func (e *enforcer) taken() []enforce.Decision {
	time.Sleep(150 * time.Millisecond)
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.decided
	e.decided = nil
	return out
}

const everything = `
mode: MODE
last-resort: any
rules:
  - name: sealed
    match: {image: "acme/*"}
    deny: [drift, memory, volumes, libraries, writes, mounts, ptrace, modules]
    tools: [forbidden]
    connect: ["127.0.0.1:7", "10.0.0.0/8"]
`

// acts are what is done in containers, and what is nearly it.
var acts = []struct {
	act  enforce.Act
	do   string
	miss string
}{
	{enforce.Drift, "cp /bin/true /tmp/true; /tmp/true; echo rc $?", "/bin/true; echo rc $?"},
	{enforce.Memory, "cp /bin/true /run/true; /run/true; echo rc $?", "cp /bin/true /run/true; echo rc $?"},
	{enforce.Volume, "cp /bin/true /volume/true; /volume/true; echo rc $?", "cp /bin/true /volume/true; echo rc $?"},
	{enforce.Tool, "/bin/forbidden canary 0 /tmp; echo rc $?", "cat /bin/forbidden > /tmp/x; echo rc $?"},
	{enforce.Library, "/bin/actor canary 8 /tmp", ""},
	{enforce.Write, "/bin/sh -c 'echo x > /usr/bin/tool'; echo rc $?", "echo x > /tmp/tool; cat /usr/bin/tool; echo rc $?"},
	{enforce.Write, "chmod 4755 /usr/bin/tool; echo rc $?", "cp /usr/bin/tool /tmp/tool; chmod 700 /tmp/tool; echo rc $?"},
	{enforce.Write, "cp /bin/true /tmp/x; mv /tmp/x /usr/bin/x; echo rc $?", "cp /bin/true /tmp/x; mv /tmp/x /tmp/y; echo rc $?"},
	{enforce.Write, "rm /usr/bin/tool; echo rc $?", "echo x > /tmp/x; rm /tmp/x; echo rc $?"},
	{enforce.Mount, "/bin/sh -c 'mount -t tmpfs x /mnt'; echo rc $?", "cat /proc/mounts > /tmp/x; echo rc $?"},
	{enforce.Ptrace, "/bin/actor canary 256 /tmp; echo rc $?", ""},
	{enforce.Module, "/bin/actor canary 512 /tmp", ""},
	{enforce.Connect, "/bin/actor canary 64 /tmp", ""},
}

// stopped tells whether the output says that the act did not succeed.
func stopped(act enforce.Act, out string) bool {
	switch act {
	case enforce.Library, enforce.Module, enforce.Connect, enforce.Ptrace:
		return strings.Contains(out, fmt.Sprintln(uint8(act), int(unix.EPERM)))
	}
	return !strings.Contains(out, "rc 0")
}

// Each act is stopped in a container by each back-end that says that it stops
// it, is told once, and what is nearly it is not stopped.
func TestActs(t *testing.T) {
	m := newImage(t)
	others := map[enforce.Backend][]enforce.Backend{
		enforce.LSM:    {enforce.ModRet, enforce.Fanotify, enforce.Kill},
		enforce.ModRet: {enforce.LSM, enforce.Fanotify, enforce.Kill},
		enforce.None:   {enforce.LSM, enforce.ModRet}, // fanotify, and kill for the rest
		enforce.Kill:   {enforce.LSM, enforce.ModRet, enforce.Fanotify},
	}
	for backend, avoid := range others {
		name := backend.String()
		if backend == enforce.None {
			name = "fanotify"
		}
		t.Run(name, func(t *testing.T) {
			e := m.enforce(t, strings.ReplaceAll(everything, "MODE", "enforce"), "", avoid...)
			able := map[enforce.Act]enforce.Ability{}
			stopsAny := false
			for _, a := range e.Abilities() {
				able[a.Act] = a
				stopsAny = stopsAny || a.Backend != enforce.None && a.Backend != enforce.Group
				t.Logf("%v: %v %s %v", a.Act, a.Backend, a.Partial, a.Why)
			}
			if !stopsAny {
				if must := os.Getenv("BOLTSEAL_TEST_BACKENDS"); strings.Contains(must, name) {
					t.Fatalf("%s must stop acts here, and does not", name)
				}
				t.Skipf("%s stops nothing on this kernel", name)
			}
			for _, a := range acts {
				if a.act == enforce.Volume && m.inMemory {
					a.act = enforce.Memory
				}
				by := able[a.act].Backend
				out, code := m.run(t, a.do)
				decided := e.taken()
				// Of the acts that are stopped in part only what is claimed is asked for.
				whole := able[a.act].Partial == "" || a.act == enforce.Write && strings.Contains(a.do, "echo x >")
				switch {
				case by == enforce.Kill && whole && a.act != enforce.Write:
					if !strings.Contains(out, "rc 137") && code != 137 && len(decided) == 0 {
						t.Errorf("%v was not killed: %d %s", a.act, code, out)
					}
				case by != enforce.None && by != enforce.Kill && whole && !stopped(a.act, out):
					t.Errorf("%v was not stopped: %s: %d %s", a.act, a.do, code, out)
				case by == enforce.None && a.act != enforce.Module && stopped(a.act, out):
					t.Errorf("%v was stopped, and nothing says by whom: %s", a.act, out)
				}
				// A shell may try twice to open what it must not.
				if n := count(decided, a.act); by != enforce.None && whole && n != 1 && (a.act != enforce.Write || n != 2) {
					t.Errorf("%v: %s: told %d times: %+v", a.act, a.do, n, decided)
				}
				for i := range decided {
					if d := &decided[i]; d.Container == nil || d.Container.Name != "tested" || len(d.Rules) != 1 || d.Rules[0] != "sealed" {
						t.Errorf("%v is told without its container or rule: %+v", a.act, d)
					}
				}
				if a.miss == "" {
					continue
				}
				if out, code := m.run(t, a.miss); !strings.Contains(out, "rc 0") {
					t.Errorf("%v: a near miss was stopped: %s: %d %s", a.act, a.miss, code, out)
				}
				if decided := e.taken(); len(decided) > 0 {
					t.Errorf("%v: a near miss was told of: %s: %+v", a.act, a.miss, decided)
				}
			}
			// The host is not asked.
			tool := filepath.Join(t.TempDir(), "forbidden")
			if err := copyFile("/proc/self/exe", tool); err != nil {
				t.Fatal(err)
			}
			if err := exec.Command(tool, "-test.run", "^$").Run(); err != nil {
				t.Errorf("the host's process was stopped: %v", err)
			}
		})
	}
}

func count(decided []enforce.Decision, act enforce.Act) int {
	n := 0
	for i := range decided {
		if decided[i].Act == act {
			n++
		}
	}
	return n
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Audit stops nothing and tells of everything; an update makes it earnest for
// containers that run.
func TestAuditAndUpdate(t *testing.T) {
	m := newImage(t)
	e := m.enforce(t, strings.ReplaceAll(everything, "MODE", "audit"), "")
	for _, a := range acts {
		if a.act == enforce.Module || a.act == enforce.Write && !strings.Contains(a.do, "echo x >") {
			continue
		}
		if a.act == enforce.Volume && m.inMemory {
			a.act = enforce.Memory
		}
		out, _ := m.run(t, a.do)
		decided := e.taken()
		var able enforce.Ability
		for _, each := range e.Abilities() {
			if each.Act == a.act {
				able = each
			}
		}
		if stopped(a.act, out) && a.act != enforce.Ptrace {
			t.Errorf("%v was stopped in audit: %s", a.act, out)
		}
		if able.Backend != enforce.None && able.Partial == "" && (count(decided, a.act) != 1 || decided[0].Verdict != enforce.Audited) {
			t.Errorf("%v: told %+v", a.act, decided)
		}
	}
	p, err := enforce.Parse("test", []byte(strings.ReplaceAll(everything, "MODE", "enforce")))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Update(p); err != nil {
		t.Fatal(err)
	}
	if out, code := m.run(t, acts[0].do); !stopped(enforce.Drift, out) {
		t.Errorf("the new policy does not hold: %d %s", code, out)
	}
}

// What persists goes on when its maker is gone, and ends when it is released.
func TestPersist(t *testing.T) {
	m := newImage(t)
	var st unix.Statfs_t
	if err := unix.Statfs("/sys/fs/bpf", &st); err != nil || st.Type != unix.BPF_FS_MAGIC {
		if err := errors.Join(os.MkdirAll("/sys/fs/bpf", 0o700), unix.Mount("bpf", "/sys/fs/bpf", "bpf", 0, "")); err != nil {
			t.Skip("no bpf file system: ", err)
		}
		t.Cleanup(func() { _ = unix.Unmount("/sys/fs/bpf", unix.MNT_DETACH) })
	}
	pins := "/sys/fs/bpf/boltseal-test"
	t.Cleanup(func() { _ = enforce.Release(pins) })
	policy := "mode: enforce\nfail: closed\npersist: true\nrules:\n  - {name: sealed, deny: [drift]}\n"
	t.Run("maker", func(t *testing.T) { m.enforce(t, policy, pins, enforce.Fanotify).taken() })
	if out, code := m.run(t, acts[0].do); !stopped(enforce.Drift, out) && code != 137 {
		t.Errorf("nothing was stopped without the maker: %d %s", code, out)
	}
	t.Run("another maker", func(t *testing.T) { m.enforce(t, policy, pins, enforce.Fanotify).taken() })
	if out, code := m.run(t, acts[0].do); !stopped(enforce.Drift, out) && code != 137 {
		t.Errorf("nothing was stopped without the second maker: %d %s", code, out)
	}
	if err := enforce.Release(pins); err != nil {
		t.Fatal(err)
	}
	if out, code := m.run(t, acts[0].do); stopped(enforce.Drift, out) {
		t.Errorf("stopped after the release: %d %s", code, out)
	}
}

// A policy that fails closed does not begin where it cannot be enforced.
func TestFailsClosed(t *testing.T) {
	m := newImage(t)
	p, err := enforce.Parse("test", []byte("mode: enforce\nfail: closed\nlast-resort: never\nrules:\n  - {name: sealed, deny: [memory]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := enforce.Open(&enforce.Options{Policy: p, Containers: m.found, Canary: canary, Avoid: []enforce.Backend{enforce.LSM, enforce.ModRet}})
	if !errors.Is(err, enforce.ErrCannot) {
		t.Errorf("got %v", err)
	}
	if err == nil {
		_ = e.Close()
	}
}
