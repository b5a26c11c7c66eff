//go:build linux && (amd64 || arm64)

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Available says what this kernel has, and changes nothing.
func Available() Status {
	s := Status{Landlock: landlockVersion()}
	// A filter at no address is refused for its address where filters are
	// known, and for the operation where they are not.
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, 0)
	s.Seccomp = errors.Is(errno, unix.EFAULT)
	s.Why = missing(&s)
	return s
}

func missing(s *Status) string {
	switch {
	case s.Landlock == 0 && !s.Seccomp:
		return "the kernel has neither Landlock nor seccomp"
	case s.Landlock == 0:
		return "the kernel has no Landlock"
	case !s.Seccomp:
		return "the kernel has no seccomp filters"
	}
	return ""
}

func landlockVersion() int {
	v, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(v)
}

// Enter takes the rights away from every thread of the process.
func Enter(opts *Options) Status {
	var s Status
	// The calls that follow are about the calling thread, and what they say of
	// the others counts from it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		s.Why = "no_new_privs: " + err.Error()
		return s
	}
	version, err := landlock(opts)
	if err != nil {
		s.Why = "Landlock: " + err.Error()
	} else {
		s.Landlock = version
	}
	if err := seccomp(opts); err != nil {
		s.Why = "seccomp: " + err.Error()
	} else {
		s.Seccomp = true
	}
	return s
}

// writes are the rights of Landlock that are taken away, by the version of
// the interface that knows them first. Reading is not among them.
var writes = []struct {
	version int
	rights  uint64
}{
	{1, unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK | unix.LANDLOCK_ACCESS_FS_MAKE_SYM},
	{2, unix.LANDLOCK_ACCESS_FS_REFER},
	{3, unix.LANDLOCK_ACCESS_FS_TRUNCATE},
}

// landlock restricts all threads, and gives the version of the interface.
func landlock(opts *Options) (int, error) {
	version := landlockVersion()
	if version == 0 {
		return 0, errors.New("the kernel has none")
	}
	var rights uint64
	for _, w := range writes {
		if version >= w.version {
			rights |= w.rights
		}
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: rights | unix.LANDLOCK_ACCESS_FS_EXECUTE}
	// The first member is the interface of version 1; later ones are longer.
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr.Handled_access_fs), 0)
	if errno != 0 {
		return 0, errno
	}
	defer func() { _ = unix.Close(int(fd)) }()
	for _, dir := range opts.Write {
		if dir == "" {
			continue
		}
		if err := allow(int(fd), dir, rights); err != nil {
			return 0, fmt.Errorf("%s: %w", dir, err)
		}
	}
	// It is a matter of each thread by itself, until version 8.
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); errno != 0 {
		return 0, errno
	}
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return 0, errno
	}
	return version, nil
}

func allow(ruleset int, dir string, rights uint64) error {
	at, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC|unix.O_DIRECTORY, 0)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(at) }()
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(at)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// refused are the system calls that no part of reading an image needs.
var refused = []uint32{
	unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD,
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_SETNS, unix.SYS_UNSHARE, unix.SYS_MOVE_MOUNT,
	unix.SYS_OPEN_TREE, unix.SYS_FSOPEN, unix.SYS_MOUNT_SETATTR, unix.SYS_OPEN_BY_HANDLE_AT,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_REBOOT,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER, // a second way to all the others
	unix.SYS_LISTEN, unix.SYS_ACCEPT, unix.SYS_ACCEPT4,
}

// sockets are those that only the network needs.
var sockets = []uint32{unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND}

// The offsets of what a filter sees (seccomp(2), struct seccomp_data).
const (
	offsetNumber = 0
	offsetArch   = 4
)

// x32 marks the system calls of another numbering on amd64.
const x32 = 0x40000000

// filter is the program that the kernel runs at each system call.
func filter(opts *Options) []unix.SockFilter {
	arch := uint32(unix.AUDIT_ARCH_X86_64)
	if runtime.GOARCH == "arm64" {
		arch = unix.AUDIT_ARCH_AARCH64
	}
	numbers := append([]uint32{}, refused...)
	if !opts.Network {
		numbers = append(numbers, sockets...)
	}
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	give := func(verdict uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: verdict}
	}
	program := []unix.SockFilter{
		load(offsetArch),
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: arch, Jt: 1},
		give(unix.SECCOMP_RET_KILL_PROCESS),
		load(offsetNumber),
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: x32, Jt: uint8(len(numbers) + 1)},
	}
	for i, n := range numbers {
		program = append(program, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: n, Jt: uint8(len(numbers) - i)})
	}
	return append(program, give(unix.SECCOMP_RET_ALLOW), give(unix.SECCOMP_RET_ERRNO|uint32(unix.EPERM)))
}

// seccomp loads the filter into all threads, those to come included.
func seccomp(opts *Options) error {
	program := filter(opts)
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	at, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(program)
	switch {
	case errno != 0:
		return errno
	case at != 0:
		return fmt.Errorf("thread %d has a filter of its own", at)
	}
	return nil
}
