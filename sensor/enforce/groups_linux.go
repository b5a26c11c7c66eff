//go:build amd64 || arm64

package enforce

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// groups walks the unified hierarchy: each control group's number and path.
func groups(root string) map[uint64]string {
	found := map[uint64]string{}
	_ = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil //nolint:nilerr // it ended while it was walked over
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // as above
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			found[st.Ino] = "/" + strings.TrimPrefix(strings.TrimPrefix(name, root), "/")
		}
		return nil
	})
	return found
}

// engines are the programs that make containers, by their names.
var engines = map[string]bool{
	"dockerd": true, "containerd": true, "containerd-shim": true, "containerd-shim-runc-v2": true, "containerd-shim-": true, "crio": true, "conmon": true, "podman": true, "systemd": true,
}

// hostSpaces are the mount namespaces of the host: of its first process, and
// of the engines that run outside of every container.
func (e *Enforcer) hostSpaces() map[uint32]bool {
	spaces := map[uint32]bool{}
	add := func(dir string) {
		if inum, ok := spaceOf(dir); ok {
			spaces[inum] = true
		}
	}
	proc := filepath.Join(e.root, "proc")
	add(filepath.Join(proc, "1"))
	add("/proc/self")
	entries, err := os.ReadDir(proc)
	if err != nil {
		return spaces
	}
	for _, entry := range entries {
		pid, err := strconv.ParseUint(entry.Name(), 10, 32)
		if err != nil {
			continue
		}
		dir := filepath.Join(proc, entry.Name())
		comm, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil || !engines[strings.TrimSpace(string(comm))] {
			continue
		}
		if c, _, err := e.containers.Process(uint32(pid)); err == nil && c == nil {
			add(dir)
		}
	}
	return spaces
}

// spaceOf is the number of a process's mount namespace.
func spaceOf(dir string) (uint32, bool) {
	text, err := os.Readlink(filepath.Join(dir, "ns/mnt"))
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(text, "mnt:["), "]"), 10, 32)
	return uint32(n), err == nil
}
