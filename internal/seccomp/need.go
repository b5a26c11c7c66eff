package seccomp

import "strings"

// Need is what some sort of program does not do without.
type Need struct {
	Slug  string // "start"
	Title string // who needs it
	Fails string // what happens otherwise
	calls string // alternatives are joined by "|"; any of them will do
}

// needs are what programs ask the kernel for from their start on, watched
// with strace on Debian 12 (glibc 2.36), Alpine (musl) and the runtimes' own
// documentation. Architectures that lack a call do without it.
var needs = []Need{
	{
		Slug: "start", Title: "every process",
		Fails: "no container starts or ends under this profile: the runtime loads it before it executes the container's program",
		calls: "execve exit_group rt_sigreturn",
	},
	{
		Slug: "memory", Title: "every program",
		Fails: "no program gets memory, or reads or writes anything",
		calls: "brk mmap|mmap2 munmap mprotect read write close",
	},
	{
		Slug: "loader", Title: "every dynamically linked program",
		Fails: "the loader does not find its libraries, and the program ends before its first line",
		calls: "openat|open newfstatat|fstatat64|statx|stat fstat|fstat64|newfstatat|statx access|faccessat|faccessat2 pread64 set_tid_address arch_prctl",
	},
	{
		Slug: "libc", Title: "programs that use glibc or musl",
		Fails: "start-up fails, or goes on without locks that survive a crash, limits or randomness",
		calls: "set_robust_list rseq prlimit64|getrlimit|ugetrlimit getrandom futex ioctl fcntl|fcntl64 rt_sigaction rt_sigprocmask readv writev uname",
	},
	{
		Slug: "threads", Title: "programs with threads or children",
		Fails: "no thread and no child process is made",
		calls: "clone|clone3|fork wait4|waitid|waitpid exit futex madvise tgkill gettid sched_yield",
	},
	{
		Slug: "go", Title: "Go programs",
		Fails: "the Go runtime stops with a fatal error, or hangs",
		calls: "clone futex mmap|mmap2 madvise rt_sigaction rt_sigprocmask sigaltstack gettid getpid tgkill sched_getaffinity sched_yield nanosleep " +
			"epoll_create1 epoll_ctl epoll_pwait|epoll_wait eventfd2 pipe2 fcntl|fcntl64 openat readlinkat prlimit64",
	},
	{
		Slug: "jvm", Title: "Java programs",
		Fails: "the virtual machine does not start, or misjudges its memory and processors",
		calls: "clone|clone3 futex madvise sched_getaffinity sched_yield sysinfo uname getuid geteuid getgid getegid getcwd readlink|readlinkat " +
			"getdents64 clock_getres|clock_getres_time64 prctl ftruncate|ftruncate64 unlink|unlinkat mkdir|mkdirat socket getsockname",
	},
	{
		Slug: "node", Title: "Node.js programs",
		Fails: "Node.js stops at start-up, or its event loop does not run",
		calls: "clone|clone3 futex epoll_create1 epoll_ctl epoll_pwait|epoll_wait eventfd2 pipe2 ioctl sysinfo uname getuid geteuid gettid capget pkey_alloc madvise",
	},
	{
		Slug: "server", Title: "servers",
		Fails: "connections are not taken, sent or closed",
		calls: "socket bind listen accept4|accept connect getsockname getpeername setsockopt getsockopt sendto|send recvfrom|recv sendmsg recvmsg shutdown " +
			"epoll_ctl|poll|ppoll|select|pselect6",
	},
	{
		Slug: "files", Title: "programs that write files",
		Fails: "files and folders are not listed, made, renamed or removed",
		calls: "getdents64|getdents lseek|_llseek mkdir|mkdirat rename|renameat|renameat2 unlink|unlinkat ftruncate|ftruncate64 fsync|fdatasync getcwd",
	},
	{
		Slug: "time", Title: "programs that wait or look at the clock",
		Fails: "waiting fails, and so do clocks where the kernel offers no vDSO",
		calls: "clock_gettime|clock_gettime64 clock_nanosleep|clock_nanosleep_time64|nanosleep restart_syscall",
	},
}

// Needs lists what sorts of program do not do without, the commonest first.
func Needs() []Need { return needs }

// Missing lists what a filter refuses of a need on its architecture.
// Alternatives of which all are refused are one entry, "accept4|accept".
func (n *Need) Missing(f *Filter) []string {
	var out []string
	for word := range strings.FieldsSeq(n.calls) {
		known, let := false, false
		for name := range strings.SplitSeq(word, "|") {
			if _, ok := Number(f.Arch, name); !ok {
				continue
			}
			known = true
			d := f.Decide(name)
			let = let || d.Verdict() != Never
		}
		if known && !let {
			out = append(out, present(f.Arch, word))
		}
	}
	return out
}

// present are those of some alternatives that the architecture has.
func present(arch Arch, word string) string {
	var out []string
	for name := range strings.SplitSeq(word, "|") {
		if _, ok := Number(arch, name); ok {
			out = append(out, name)
		}
	}
	return strings.Join(out, "|")
}
