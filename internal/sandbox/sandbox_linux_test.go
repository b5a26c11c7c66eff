//go:build linux && (amd64 || arm64)

package sandbox_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/boltseal/boltseal/internal/sandbox"
)

// hook makes this test's own program a parser that hostile bytes have taken
// over: it enters the sandbox and then tries what an attacker would.
const hook = "BOLTSEAL_TEST_SANDBOX"

func TestMain(m *testing.M) {
	if dir := os.Getenv(hook); dir != "" {
		compromised(dir)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// attempts are what it tries, from a thread that was there before and from
// new ones; each gives nil when it came through.
func attempts(dir string) map[string]func() error {
	outside := filepath.Join(dir, "outside")
	socket := func(family, kind int) error {
		fd, err := unix.Socket(family, kind, 0)
		if err == nil {
			err = unix.Connect(fd, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}})
			if errors.Is(err, unix.ECONNREFUSED) {
				return nil // nobody was there, and it could have been somebody
			}
		}
		return err
	}
	return map[string]func() error{
		"read":         func() error { _, err := os.ReadFile(filepath.Join(outside, "file")); return err },
		"write inside": func() error { return os.WriteFile(filepath.Join(dir, "inside", "new"), []byte("x"), 0o600) },
		"overwrite":    func() error { return os.WriteFile(filepath.Join(outside, "file"), []byte("x"), 0o600) },
		"create":       func() error { return os.WriteFile(filepath.Join(outside, "new"), []byte("x"), 0o600) },
		"remove":       func() error { return os.Remove(filepath.Join(outside, "file")) },
		"rename":       func() error { return os.Rename(filepath.Join(outside, "file"), filepath.Join(dir, "inside", "file")) },
		"link":         func() error { return os.Symlink("/etc/passwd", filepath.Join(outside, "link")) },
		"folder":       func() error { return os.Mkdir(filepath.Join(outside, "folder"), 0o700) },
		"connect":      func() error { return socket(unix.AF_INET, unix.SOCK_STREAM) },
		"datagram":     func() error { return socket(unix.AF_INET, unix.SOCK_DGRAM) },
		"exec": func() error {
			_, err := syscall.ForkExec("/bin/true", []string{"true"}, nil)
			return err
		},
		"trace":    func() error { return unix.PtraceAttach(os.Getppid()) },
		"io_uring": func() error { return errnoOf(unix.SYS_IO_URING_SETUP, 1, 0) },
		"unshare":  func() error { return unix.Unshare(unix.CLONE_NEWUSER) },
	}
}

func errnoOf(number, a, b uintptr) error {
	if _, _, errno := unix.RawSyscall(number, a, b, 0); errno != 0 {
		return errno
	}
	return nil
}

// outcome is what the compromised process says of itself.
type outcome struct {
	Status  sandbox.Status
	Through map[string]bool
}

func compromised(dir string) {
	begin, all := make(chan struct{}), attempts(dir)
	var mu sync.Mutex
	out := outcome{Through: map[string]bool{}}
	try := func() {
		for name, attempt := range all {
			if err := attempt(); err == nil {
				mu.Lock()
				out.Through[name] = true
				mu.Unlock()
			}
		}
	}
	var wg sync.WaitGroup
	for range 4 { // threads that are there before
		ready := make(chan struct{})
		wg.Go(func() {
			runtime.LockOSThread()
			close(ready)
			<-begin
			try()
		})
		<-ready
	}
	network := os.Getenv(hook+"_NETWORK") != ""
	out.Status = sandbox.Enter(&sandbox.Options{Write: []string{filepath.Join(dir, "inside"), filepath.Join(dir, "not-there")}, Network: network})
	close(begin)
	for range 4 {
		wg.Go(func() { runtime.LockOSThread(); try() })
	}
	wg.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		os.Exit(9)
	}
}

func run(t *testing.T, more ...string) outcome {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"inside", "outside"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "outside", "file"), []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), append(more, hook+"="+dir)...)
	data, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	var out outcome
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	t.Log(out.Status)
	if text, err := os.ReadFile(filepath.Join(dir, "outside", "file")); out.Status.Landlock > 0 && (err != nil || string(text) != "kept") {
		t.Errorf("the file outside is %q, %v", text, err)
	}
	return out
}

// TestCompromised: whoever takes over a parser can read, and write where the
// scan itself must, and nothing else. No thread is left out.
func TestCompromised(t *testing.T) {
	have := sandbox.Available()
	if !have.Held() {
		t.Skipf("this kernel has %s", have)
	}
	for _, test := range []struct {
		name, env string
		want      map[string]bool
	}{
		{"local", "", map[string]bool{"read": true, "write inside": true}},
		{"network", hook + "_NETWORK=1", map[string]bool{"read": true, "write inside": true, "connect": true, "datagram": true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := run(t, test.env)
			if !out.Status.Held() {
				t.Fatalf("the kernel has %s, and in force is %s", have, out.Status)
			}
			for name := range attempts("") {
				if out.Through[name] != test.want[name] {
					t.Errorf("%s: came through is %t, want %t", name, out.Through[name], test.want[name])
				}
			}
		})
	}
}

// The attempts are true ones: without a sandbox they come through.
func TestAttempts(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"inside", "outside"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"write inside", "create", "folder", "link", "connect", "exec"} {
		if err := attempts(dir)[name](); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStatus(t *testing.T) {
	if s := (sandbox.Status{Landlock: 6, Seccomp: true}).String(); s != "Landlock 6, seccomp, no new privileges" {
		t.Error(s)
	}
	if s := (sandbox.Status{Why: "the kernel has no Landlock"}).String(); !strings.HasPrefix(s, "none, ") {
		t.Error(s)
	}
}
