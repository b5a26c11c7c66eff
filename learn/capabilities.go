package learn

import (
	"slices"

	"github.com/boltseal/boltseal/sensor"
)

// needs are the capabilities that system calls may need, for kernels that do
// not tell which were used (capabilities(7)). Not every use of the call needs
// it, so that what is inferred is more than what was used.
var needs = []struct {
	capability string
	calls      []string
}{
	{"CAP_CHOWN", []string{"chown", "fchown", "fchownat", "lchown"}},
	{"CAP_FOWNER", []string{"chmod", "fchmod", "fchmodat", "fchmodat2", "utimensat", "setxattr"}},
	{"CAP_SETUID", []string{"setuid", "setreuid", "setresuid", "setfsuid"}},
	{"CAP_SETGID", []string{"setgid", "setregid", "setresgid", "setfsgid", "setgroups"}},
	{"CAP_KILL", []string{"kill", "tkill", "tgkill", "pidfd_send_signal"}},
	{"CAP_SYS_CHROOT", []string{"chroot"}},
	{"CAP_SYS_ADMIN", []string{"mount", "umount2", "pivot_root", "setns", "unshare", "sethostname", "swapon"}},
	{"CAP_SYS_PTRACE", []string{"ptrace", "process_vm_readv", "process_vm_writev"}},
	{"CAP_SYS_MODULE", []string{"init_module", "finit_module", "delete_module"}},
	{"CAP_SYS_TIME", []string{"settimeofday", "clock_settime", "adjtimex"}},
	{"CAP_SYS_NICE", []string{"setpriority", "sched_setscheduler", "sched_setattr"}},
	{"CAP_SYS_RESOURCE", []string{"setrlimit", "prlimit64"}},
	{"CAP_IPC_LOCK", []string{"mlock", "mlock2", "mlockall"}},
	{"CAP_MKNOD", []string{"mknod", "mknodat"}},
	{"CAP_BPF", []string{"bpf"}},
	{"CAP_PERFMON", []string{"perf_event_open"}},
	{"CAP_SETPCAP", []string{"capset"}},
	{"CAP_DAC_OVERRIDE", []string{"open", "openat", "openat2"}},
}

// infer guesses the capabilities that were used from the system calls, within
// those that the processes had.
func infer(calls []string, had uint64, flows map[string]Flow) []string {
	var out []string
	names := sensor.CapabilityNames()
	has := func(name string) bool {
		i := slices.Index(names, name)
		return i >= 0 && had&(1<<i) != 0
	}
	for _, n := range needs {
		if has(n.capability) && slices.ContainsFunc(n.calls, func(call string) bool { return slices.Contains(calls, call) }) {
			out = append(out, n.capability)
		}
	}
	const privileged = 1024
	for _, f := range flows {
		if f.Inbound && f.Port < privileged && has("CAP_NET_BIND_SERVICE") {
			out = append(out, "CAP_NET_BIND_SERVICE")
		}
	}
	return unique(out)
}
