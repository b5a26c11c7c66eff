package sensor

import (
	"strconv"
	"strings"
)

// flagSet gives bits, or whole values, their names.
type flagSet struct {
	names []flagName
}

type flagName struct {
	value uint64
	name  string
}

// names lists the flags in v as rules write them: A|B. Zero is "0".
func (s *flagSet) flags(v uint64) string {
	var out []string
	for _, f := range s.names {
		if f.value != 0 && v&f.value == f.value {
			out = append(out, f.name)
			v &^= f.value
		}
	}
	if len(out) == 0 {
		return strconv.FormatUint(v, 10)
	}
	return strings.Join(out, "|")
}

// value is the one name of v, or its number.
func (s *flagSet) value(v uint64) string {
	for _, f := range s.names {
		if f.value == v {
			return f.name
		}
	}
	return strconv.FormatUint(v, 10)
}

// The flags of open, in the names that rules have for them.
const (
	openCreate = 0o100
	openTrunc  = 0o1000
	openAppend = 0o2000
)

var openFlags = &flagSet{[]flagName{
	{2, "O_RDWR"}, {1, "O_WRONLY"}, {openCreate, "O_CREAT"}, {0o200, "O_EXCL"}, {openTrunc, "O_TRUNC"}, {openAppend, "O_APPEND"},
	{0o4000, "O_NONBLOCK"}, {0o200000, "O_DIRECTORY"}, {0o400000, "O_NOFOLLOW"}, {0o2000000, "O_CLOEXEC"}, {0o20000000 | 0o200000, "O_TMPFILE"}, {0o10000000, "O_PATH"},
}}

var unlinkFlags = &flagSet{[]flagName{{0x200, "AT_REMOVEDIR"}}}

// modeFlags are the permissions in the names of chmod's rules.
var modeFlags = &flagSet{[]flagName{
	{0o4000, "S_ISUID"}, {0o2000, "S_ISGID"}, {0o1000, "S_ISVTX"},
	{0o400, "S_IRUSR"}, {0o200, "S_IWUSR"}, {0o100, "S_IXUSR"}, {0o40, "S_IRGRP"}, {0o20, "S_IWGRP"}, {0o10, "S_IXGRP"}, {4, "S_IROTH"}, {2, "S_IWOTH"}, {1, "S_IXOTH"},
}}

var mountFlags = &flagSet{[]flagName{
	{1, "RDONLY"}, {2, "NOSUID"}, {4, "NODEV"}, {8, "NOEXEC"}, {16, "SYNCHRONOUS"}, {32, "REMOUNT"}, {4096, "BIND"}, {8192, "MOVE"}, {16384, "REC"},
}}

var cloneFlags = &flagSet{[]flagName{
	{0x20000, "CLONE_NEWNS"}, {0x2000000, "CLONE_NEWCGROUP"}, {0x4000000, "CLONE_NEWUTS"}, {0x8000000, "CLONE_NEWIPC"},
	{0x10000000, "CLONE_NEWUSER"}, {0x20000000, "CLONE_NEWPID"}, {0x40000000, "CLONE_NEWNET"}, {0x80, "CLONE_NEWTIME"},
}}

var families = &flagSet{[]flagName{
	{1, "AF_LOCAL"}, {2, "AF_INET"}, {10, "AF_INET6"}, {16, "AF_NETLINK"}, {17, "AF_PACKET"}, {31, "AF_BLUETOOTH"}, {38, "AF_ALG"}, {40, "AF_VSOCK"}, {44, "AF_XDP"},
}}

var ptraceRequests = &flagSet{[]flagName{
	{0, "PTRACE_TRACEME"}, {1, "PTRACE_PEEKTEXT"}, {2, "PTRACE_PEEKDATA"}, {3, "PTRACE_PEEKUSR"}, {4, "PTRACE_POKETEXT"}, {5, "PTRACE_POKEDATA"}, {6, "PTRACE_POKEUSR"},
	{7, "PTRACE_CONT"}, {8, "PTRACE_KILL"}, {9, "PTRACE_SINGLESTEP"}, {12, "PTRACE_GETREGS"}, {13, "PTRACE_SETREGS"}, {16, "PTRACE_ATTACH"}, {17, "PTRACE_DETACH"},
	{24, "PTRACE_SYSCALL"}, {0x4200, "PTRACE_SETOPTIONS"}, {0x4205, "PTRACE_SETREGSET"}, {0x4206, "PTRACE_SEIZE"},
}}

var bpfCommands = &flagSet{[]flagName{
	{0, "BPF_MAP_CREATE"}, {1, "BPF_MAP_LOOKUP_ELEM"}, {2, "BPF_MAP_UPDATE_ELEM"}, {3, "BPF_MAP_DELETE_ELEM"}, {4, "BPF_MAP_GET_NEXT_KEY"}, {5, "BPF_PROG_LOAD"},
	{6, "BPF_OBJ_PIN"}, {7, "BPF_OBJ_GET"}, {8, "BPF_PROG_ATTACH"}, {9, "BPF_PROG_DETACH"}, {17, "BPF_RAW_TRACEPOINT_OPEN"}, {18, "BPF_BTF_LOAD"}, {28, "BPF_LINK_CREATE"},
}}

// capabilities by their bits (capabilities(7)).
var capabilities = func() *flagSet {
	s := &flagSet{}
	for i, name := range strings.Fields("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST " +
		"NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE " +
		"AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE") {
		s.names = append(s.names, flagName{1 << i, "CAP_" + name})
	}
	return s
}()

// errnoNames are the results that rules compare evt.res with.
var errnoNames = map[int64]string{
	1: "EPERM", 2: "ENOENT", 3: "ESRCH", 4: "EINTR", 5: "EIO", 6: "ENXIO", 7: "E2BIG", 8: "ENOEXEC", 9: "EBADF", 10: "ECHILD", 11: "EAGAIN", 12: "ENOMEM", 13: "EACCES",
	14: "EFAULT", 16: "EBUSY", 17: "EEXIST", 18: "EXDEV", 19: "ENODEV", 20: "ENOTDIR", 21: "EISDIR", 22: "EINVAL", 23: "ENFILE", 24: "EMFILE", 25: "ENOTTY", 26: "ETXTBSY",
	27: "EFBIG", 28: "ENOSPC", 29: "ESPIPE", 30: "EROFS", 31: "EMLINK", 32: "EPIPE", 36: "ENAMETOOLONG", 38: "ENOSYS", 39: "ENOTEMPTY", 40: "ELOOP", 88: "ENOTSOCK",
	97: "EAFNOSUPPORT", 98: "EADDRINUSE", 99: "EADDRNOTAVAIL", 101: "ENETUNREACH", 104: "ECONNRESET", 106: "EISCONN", 107: "ENOTCONN", 110: "ETIMEDOUT", 111: "ECONNREFUSED",
	113: "EHOSTUNREACH", 114: "EALREADY", 115: "EINPROGRESS",
}

func resultName(ret int64) string {
	if ret >= 0 {
		return "SUCCESS"
	}
	if name, ok := errnoNames[-ret]; ok {
		return name
	}
	return strconv.FormatInt(ret, 10)
}
