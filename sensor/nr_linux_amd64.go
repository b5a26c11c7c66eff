package sensor

import "golang.org/x/sys/unix"

// The numbers of system calls on this machine; absent is one that it lacks.
const (
	sysOpen     = unix.SYS_OPEN
	sysCreat    = unix.SYS_CREAT
	sysUnlink   = unix.SYS_UNLINK
	sysRmdir    = unix.SYS_RMDIR
	sysMkdir    = unix.SYS_MKDIR
	sysRename   = unix.SYS_RENAME
	sysRenameat = unix.SYS_RENAMEAT
	sysLink     = unix.SYS_LINK
	sysSymlink  = unix.SYS_SYMLINK
	sysChmod    = unix.SYS_CHMOD
	sysChown    = unix.SYS_CHOWN
	sysDup2     = unix.SYS_DUP2
)
