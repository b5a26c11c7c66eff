package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// kernels are Debian's own, by the packages that name them. Each must load the
// sensor, and stop acts with BPF LSM and with fmod_ret; the third boot takes
// bpf out of the kernel's list, where LSM programs attach and do nothing.
var kernels = []struct {
	name, meta string
	options    string
	must       string // back-ends that have to stop acts
	tests      string
}{
	{"6.1", "linux-image-cloud-amd64", "", "bpf-lsm fmod_ret", "TestActs/(bpf-lsm|fmod_ret)|TestPersist"},
	{"6.12", "linux-image-6.12-cloud-amd64", "", "bpf-lsm fmod_ret", "TestActs/(bpf-lsm|fmod_ret)"},
	{"6.1 without bpf in its list", "linux-image-cloud-amd64", "lsm=landlock,lockdown,yama", "fmod_ret", "TestActs/(bpf-lsm|fmod_ret)"},
}

// Prevention and the sensor do what they say on kernels that are not this one.
func TestKernels(t *testing.T) {
	tool(t, "qemu-system-x86_64", "busybox", "dpkg-deb", "apt-get", "xz")
	if os.Geteuid() != 0 {
		skip(t, "packages of kernels are fetched as root")
	}
	parts := t.TempDir()
	for _, build := range [][]string{
		{"go", "test", "-c", "-o", filepath.Join(parts, "enforce.test"), "./sensor/enforce"},
		{"go", "test", "-c", "-o", filepath.Join(parts, "sensor.test"), "./sensor"},
	} {
		cmd := exec.Command(build[0], build[1:]...)
		cmd.Dir = ".."
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
	}
	for _, k := range kernels {
		t.Run(k.name, func(t *testing.T) {
			if k.options != "" && os.Getenv("BOLTSEAL_E2E_ALL") == "" {
				t.Skip("set BOLTSEAL_E2E_ALL: a third boot costs two minutes, and its back-end was seen on the others")
			}
			image, module := fetchKernel(t, k.meta)
			archive := filepath.Join(t.TempDir(), "initrd")
			packInit(t, archive, parts, module, k.must, k.tests)
			said := boot(t, image, archive, k.options)
			if t.Failed() || !strings.Contains(said, "\nPASS\r\nsensor 0") || !strings.Contains(said, "\nPASS\r\nenforce 0") {
				t.Errorf("the kernel's tests failed:\n%s", said)
			}
			for _, backend := range strings.Fields(k.must) {
				if !strings.Contains(said, "PASS: TestActs/"+backend) {
					t.Errorf("%s did not stop acts on this kernel:\n%s", backend, said)
				}
			}
		})
	}
}

// fetchKernel gets a kernel and its overlayfs out of Debian's package, which
// is kept.
func fetchKernel(t *testing.T, meta string) (image, module string) {
	t.Helper()
	dir := filepath.Join(cache, "kernels", meta)
	if found, _ := filepath.Glob(filepath.Join(dir, "boot/vmlinuz-*")); len(found) == 0 {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		run(t, nil, "sh", "-ec", `cd "$1"
package=$(apt-cache depends "$2" | awk '/Depends: linux-image/ {print $2; exit}')
apt-get download -q "$package"
dpkg-deb -x linux-image-*.deb .
rm -f linux-image-*.deb`, "sh", dir, meta)
	}
	found, _ := filepath.Glob(filepath.Join(dir, "boot/vmlinuz-*"))
	if len(found) == 0 {
		t.Fatalf("no kernel in %s", dir)
	}
	err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if base := filepath.Base(name); base == "overlay.ko" || base == "overlay.ko.xz" {
			module = name
		}
		return err
	})
	if err != nil || module == "" {
		t.Fatalf("no overlayfs in %s: %v", dir, err)
	}
	if strings.HasSuffix(module, ".xz") {
		run(t, nil, "xz", "-dkf", module)
		module = strings.TrimSuffix(module, ".xz")
	}
	return found[0], module
}

const initScript = `#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t securityfs security /sys/kernel/security
insmod /overlay.ko
ip link set lo up
echo "kernel $(uname -r) lsm $(cat /sys/kernel/security/lsm)"
cd /tmp
/sensor.test -test.run 'TestExec|TestFiles' -test.timeout 120s; echo "sensor $?"
BOLTSEAL_TEST_BACKENDS='MUST' /enforce.test -test.v -test.run 'TESTS' -test.timeout 400s > /tmp/out 2>&1; status=$?
grep -E -- '--- |_test.go|^PASS|^FAIL|panic' /tmp/out; echo "enforce $status"
poweroff -f
`

// packInit writes an initial file system: busybox, the tests, and a script
// that runs them.
func packInit(t *testing.T, to, parts, module, must, tests string) {
	t.Helper()
	var b bytes.Buffer
	ino := 0
	add := func(name string, mode int, data []byte) {
		ino++
		fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00", ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name)+1, 0, name)
		b.Write(make([]byte, -b.Len()&3))
		b.Write(data)
		b.Write(make([]byte, -b.Len()&3))
	}
	file := func(name, from string) {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		add(name, 0o100755, data)
	}
	for _, dir := range []string{"bin", "proc", "sys", "dev", "tmp", "etc"} {
		add(dir, 0o040755, nil)
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	file("bin/busybox", busybox)
	for _, name := range []string{"sh", "mount", "insmod", "ip", "echo", "uname", "cat", "grep", "poweroff", "sleep", "true"} {
		add("bin/"+name, 0o120777, []byte("busybox"))
	}
	file("enforce.test", filepath.Join(parts, "enforce.test"))
	file("sensor.test", filepath.Join(parts, "sensor.test"))
	file("overlay.ko", module)
	add("init", 0o100755, []byte(strings.NewReplacer("MUST", must, "TESTS", tests).Replace(initScript)))
	add("TRAILER!!!", 0, nil)
	if err := os.WriteFile(to, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// boot runs a kernel without KVM until it powers off, and gives what it said.
func boot(t *testing.T, image, archive, options string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024", "-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio",
		"-kernel", image, "-initrd", archive, "-append", "console=ttyS0 quiet panic=-1 nokaslr mitigations=off "+options)
	var out bytes.Buffer
	cmd.Stdout = &out
	start := time.Now()
	err := cmd.Run()
	t.Logf("%s ran for %v", filepath.Base(image), time.Since(start).Round(time.Second))
	if err != nil {
		t.Errorf("%v: %v", cmd.Args[0], err)
	}
	return out.String()
}
