package seccomp

import (
	"maps"
	"slices"
)

// Danger is what a system call gives to an attacker inside a container.
type Danger struct {
	Why  string
	Cap  string // the capability without which the kernel refuses it anyway; empty: none
	Host bool   // it touches the whole host, or has opened the way out before
}

// dangers are the system calls that default profiles keep from containers
// for a reason worth a sentence.
var dangers = map[string]Danger{
	"acct":              {"turns process accounting on or off for the whole host", "CAP_SYS_PACCT", true},
	"add_key":           {"the kernel's keyrings are shared by containers of one user", "", false},
	"bpf":               {"loads programs into the kernel, and has had many holes", "CAP_BPF", true},
	"clock_settime":     {"sets the host's clock", "CAP_SYS_TIME", true},
	"clock_settime64":   {"sets the host's clock", "CAP_SYS_TIME", true},
	"create_module":     {"loads kernel modules", "CAP_SYS_MODULE", true},
	"delete_module":     {"unloads kernel modules", "CAP_SYS_MODULE", true},
	"finit_module":      {"loads kernel modules", "CAP_SYS_MODULE", true},
	"init_module":       {"loads kernel modules", "CAP_SYS_MODULE", true},
	"fsconfig":          {"mounts file systems; a flaw in it led out of containers (CVE-2022-0185)", "CAP_SYS_ADMIN", true},
	"fsmount":           {"mounts file systems", "CAP_SYS_ADMIN", true},
	"fsopen":            {"mounts file systems", "CAP_SYS_ADMIN", true},
	"fspick":            {"changes mounted file systems", "CAP_SYS_ADMIN", true},
	"mount":             {"mounts file systems, the host's disks among them", "CAP_SYS_ADMIN", true},
	"mount_setattr":     {"changes what mounts allow", "CAP_SYS_ADMIN", true},
	"move_mount":        {"moves mounts", "CAP_SYS_ADMIN", true},
	"open_tree":         {"copies mounts", "CAP_SYS_ADMIN", true},
	"pivot_root":        {"changes the root file system", "CAP_SYS_ADMIN", true},
	"umount":            {"takes away mounts that hide or protect files", "CAP_SYS_ADMIN", true},
	"umount2":           {"takes away mounts that hide or protect files", "CAP_SYS_ADMIN", true},
	"setns":             {"enters other namespaces, the host's among them", "CAP_SYS_ADMIN", true},
	"unshare":           {"makes user namespaces, in which every capability is there to attack the kernel with", "", true},
	"clone":             {"with its flags free it makes user namespaces, in which every capability is there to attack the kernel with", "", true},
	"clone3":            {"makes user namespaces, and its flags lie in memory where no filter can look", "", true},
	"get_kernel_syms":   {"tells the kernel's addresses", "", true},
	"query_module":      {"tells of the kernel's modules", "", true},
	"io_uring_enter":    {"does input and output that no filter sees, and has had many holes", "", true},
	"io_uring_register": {"does input and output that no filter sees, and has had many holes", "", true},
	"io_uring_setup":    {"does input and output that no filter sees, and has had many holes", "", true},
	"ioperm":            {"gives the program the hardware's ports", "CAP_SYS_RAWIO", true},
	"iopl":              {"gives the program the hardware's ports", "CAP_SYS_RAWIO", true},
	"kcmp":              {"looks into other processes", "CAP_SYS_PTRACE", false},
	"kexec_file_load":   {"starts another kernel", "CAP_SYS_BOOT", true},
	"kexec_load":        {"starts another kernel", "CAP_SYS_BOOT", true},
	"keyctl":            {"the kernel's keyrings are shared by containers of one user", "", false},
	"request_key":       {"the kernel's keyrings are shared by containers of one user", "", false},
	"lookup_dcookie":    {"tells of files outside the container", "CAP_SYS_ADMIN", true},
	"nfsservctl":        {"speaks to the kernel's NFS server", "CAP_SYS_ADMIN", true},
	"open_by_handle_at": {"opens files by their inode, outside the container's root too (the way out called Shocker)", "CAP_DAC_READ_SEARCH", true},
	"perf_event_open":   {"reads what other processes and the kernel do", "CAP_PERFMON", true},
	"pidfd_getfd":       {"takes open files from other processes", "CAP_SYS_PTRACE", false},
	"process_madvise":   {"changes the memory of other processes", "CAP_SYS_PTRACE", false},
	"process_vm_readv":  {"reads the memory of other processes", "CAP_SYS_PTRACE", false},
	"process_vm_writev": {"writes the memory of other processes", "CAP_SYS_PTRACE", false},
	"ptrace":            {"controls other processes; before Linux 4.8 it went round the filter", "CAP_SYS_PTRACE", false},
	"quotactl":          {"changes quotas on the host's disks", "CAP_SYS_ADMIN", true},
	"quotactl_fd":       {"changes quotas on the host's disks", "CAP_SYS_ADMIN", true},
	"reboot":            {"restarts the host", "CAP_SYS_BOOT", true},
	"settimeofday":      {"sets the host's clock", "CAP_SYS_TIME", true},
	"stime":             {"sets the host's clock", "CAP_SYS_TIME", true},
	"swapon":            {"turns the host's swapping on", "CAP_SYS_ADMIN", true},
	"swapoff":           {"turns the host's swapping off", "CAP_SYS_ADMIN", true},
	"sysfs":             {"obsolete, and of no use to programs of today", "", false},
	"_sysctl":           {"obsolete, and set the kernel's parameters", "", true},
	"syslog":            {"reads the kernel's messages, its addresses among them", "CAP_SYSLOG", true},
	"userfaultfd":       {"stops the kernel in the middle of its work, which makes its flaws usable", "", true},
	"uselib":            {"obsolete, and of no use to programs of today", "", false},
	"ustat":             {"obsolete, and of no use to programs of today", "", false},
	"vm86":              {"runs 16-bit code in the kernel's care", "", true},
	"vm86old":           {"runs 16-bit code in the kernel's care", "", true},
	"personality":       {"with its argument free it turns off the randomising of addresses", "", false},
	"socket":            {"with its family free it opens AF_VSOCK, which reaches the hypervisor, and AF_ALG, the kernel's ciphers", "", false},
}

// DangerOf is what a system call gives to an attacker, if default profiles
// keep it from containers for a reason.
func DangerOf(name string) (Danger, bool) {
	d, ok := dangers[name]
	return d, ok
}

// Dangerous lists the system calls that [DangerOf] knows.
func Dangerous() []string { return slices.Sorted(maps.Keys(dangers)) }
