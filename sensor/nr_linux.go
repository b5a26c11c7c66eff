//go:build amd64 || arm64

package sensor

import "golang.org/x/sys/unix"

// Numbers that every machine has.
const (
	sysOpenat       = unix.SYS_OPENAT
	sysOpenat2      = unix.SYS_OPENAT2
	sysUnlinkat     = unix.SYS_UNLINKAT
	sysMkdirat      = unix.SYS_MKDIRAT
	sysRenameat2    = unix.SYS_RENAMEAT2
	sysLinkat       = unix.SYS_LINKAT
	sysSymlinkat    = unix.SYS_SYMLINKAT
	sysFchmod       = unix.SYS_FCHMOD
	sysFchmodat     = unix.SYS_FCHMODAT
	sysFchownat     = unix.SYS_FCHOWNAT
	sysMount        = unix.SYS_MOUNT
	sysUmount2      = unix.SYS_UMOUNT2
	sysChroot       = unix.SYS_CHROOT
	sysPivotRoot    = unix.SYS_PIVOT_ROOT
	sysExecve       = unix.SYS_EXECVE
	sysExecveat     = unix.SYS_EXECVEAT
	sysMemfdCreate  = unix.SYS_MEMFD_CREATE
	sysConnect      = unix.SYS_CONNECT
	sysBind         = unix.SYS_BIND
	sysListen       = unix.SYS_LISTEN
	sysAccept       = unix.SYS_ACCEPT
	sysAccept4      = unix.SYS_ACCEPT4
	sysSocket       = unix.SYS_SOCKET
	sysSendto       = unix.SYS_SENDTO
	sysSendmsg      = unix.SYS_SENDMSG
	sysRecvfrom     = unix.SYS_RECVFROM
	sysRecvmsg      = unix.SYS_RECVMSG
	sysWrite        = unix.SYS_WRITE
	sysDup          = unix.SYS_DUP
	sysDup3         = unix.SYS_DUP3
	sysSetuid       = unix.SYS_SETUID
	sysSetgid       = unix.SYS_SETGID
	sysSetresuid    = unix.SYS_SETRESUID
	sysSetns        = unix.SYS_SETNS
	sysUnshare      = unix.SYS_UNSHARE
	sysPtrace       = unix.SYS_PTRACE
	sysBpf          = unix.SYS_BPF
	sysInitModule   = unix.SYS_INIT_MODULE
	sysFinitModule  = unix.SYS_FINIT_MODULE
	sysDeleteModule = unix.SYS_DELETE_MODULE
	sysUserfaultfd  = unix.SYS_USERFAULTFD
	sysKill         = unix.SYS_KILL
	sysPrctl        = unix.SYS_PRCTL
	sysCapset       = unix.SYS_CAPSET
)
