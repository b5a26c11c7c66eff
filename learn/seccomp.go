package learn

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/boltseal/boltseal/internal/seccomp"
)

// started are the calls that a container runtime makes between the filter and
// the program. They are in the recording when a filter was on; where none was
// they are added.
var started = []string{
	"arch_prctl", "brk", "capget", "capset", "chdir", "clock_gettime", "close", "close_range", "dup3", "epoll_create1", "epoll_ctl", "epoll_pwait", "execve", "exit", "exit_group",
	"faccessat2", "fchdir", "fchown", "fcntl", "fstat", "fstatfs", "futex", "getdents64", "getpid", "getppid", "gettid", "madvise", "mmap", "mprotect", "munmap", "nanosleep",
	"newfstatat", "openat", "openat2", "prctl", "pread64", "read", "readlinkat", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield", "setgid", "setgroups", "setuid",
	"sigaltstack", "statfs", "statx", "tgkill", "write",
}

// replaceable are calls that programs try and do without: C libraries fall
// back to older ones when they are told that the kernel does not know them,
// and give up when they are told that they may not.
var replaceable = []string{
	"clone3", "close_range", "epoll_pwait2", "faccessat2", "fchmodat2", "futex_waitv", "getrandom", "map_shadow_stack", "membarrier", "mseal",
	"openat2", "pidfd_open", "process_madvise", "rseq", "statx",
}

// Numbers of errors that a profile answers with.
const (
	notPermitted uint = 1  // EPERM
	notThere     uint = 38 // ENOSYS
)

// Seccomp is a profile that allows what was called and nothing else, in the
// form of the OCI runtime specification, which Docker, Podman, containerd,
// CRI-O and Kubernetes take.
func (r *Recording) Seccomp() ([]byte, error) {
	data, err := json.MarshalIndent(r.Profile(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write profile: %w", err)
	}
	return append(data, '\n'), nil
}

// Profile is the profile that [Recording.Seccomp] writes.
func (r *Recording) Profile() *seccomp.Profile {
	arch := archOf(r.Arch)
	allowed := Names(r.Calls)
	if !r.Confined {
		for _, name := range started {
			if _, ok := seccomp.Number(arch, name); ok {
				allowed = append(allowed, name)
			}
		}
		allowed = unique(allowed)
	}
	var unknown []string
	for _, name := range replaceable {
		if _, ok := seccomp.Number(arch, name); ok && !slices.Contains(allowed, name) {
			unknown = append(unknown, name)
		}
	}
	refuse, absent := notPermitted, notThere
	p := &seccomp.Profile{
		DefaultAction: seccomp.Action("SCMP_ACT_ERRNO"), DefaultErrno: &refuse, Architectures: []seccomp.Arch{arch},
		Rules: []seccomp.Rule{{Names: allowed, Action: seccomp.ActAllow}},
	}
	if len(unknown) > 0 {
		p.Rules = append(p.Rules, seccomp.Rule{Names: unknown, Action: seccomp.Action("SCMP_ACT_ERRNO"), Errno: &absent})
	}
	return p
}

// Refused are the calls that the runtime's default profile allows and the
// recording's does not.
func (r *Recording) Refused() []string {
	before, ok := seccomp.Default("docker")
	if !ok {
		return nil
	}
	arch := archOf(r.Arch)
	var out []string
	for _, d := range seccomp.Compare(before.Apply(&seccomp.Target{Arch: arch}), r.Profile().Apply(&seccomp.Target{Arch: arch})) {
		if d.Less() {
			out = append(out, d.Name)
		}
	}
	return unique(out)
}
