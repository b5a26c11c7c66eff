//go:build amd64 || arm64

package sensor

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Doctor tries everything that the sensor needs. It attaches its programs for
// a moment: that a kernel says that it can is no proof that it does.
func Doctor(root string) []Probe {
	var name unix.Utsname
	release := "unknown"
	if unix.Uname(&name) == nil {
		release = unix.ByteSliceToString(name.Release[:])
	}
	probes := []Probe{{Name: "kernel", OK: true, What: "Linux " + release}}
	_, err := os.Stat("/sys/kernel/btf/vmlinux")
	probes = append(probes, Probe{Name: "BTF", OK: err == nil, Must: true, What: found(err, "/sys/kernel/btf/vmlinux is there")})
	s, err := Open(&Options{Calls: Calls(), Root: root})
	probes = append(probes, Probe{Name: "tracepoints", OK: err == nil, Must: true, What: found(err, fmt.Sprintf("four programs load and attach; %d system calls can be read", len(Calls())))})
	if err == nil {
		n := len(s.table.byPID)
		probes = append(probes, Probe{Name: "processes", OK: n > 0, What: fmt.Sprintf("%d are known from %s", n, filepath.Join(root, "proc"))})
		_ = s.Close()
	}
	for _, engine := range []struct{ name, dir string }{
		{"docker", "var/lib/docker/containers"}, {"containerd", "run/containerd/io.containerd.runtime.v2.task"}, {"podman or CRI-O", "var/lib/containers/storage/overlay-containers"},
	} {
		_, err := os.ReadDir(filepath.Join(root, engine.dir))
		probes = append(probes, Probe{Name: engine.name, OK: err == nil, What: found(err, "its containers have names and images")})
	}
	return probes
}

func found(err error, good string) string {
	if err != nil {
		return err.Error()
	}
	return good
}
