package sensor

import "golang.org/x/sys/unix"

// The numbers of system calls on this machine; absent is one that it lacks.
const (
	sysOpen     = absent
	sysCreat    = absent
	sysUnlink   = absent
	sysRmdir    = absent
	sysMkdir    = absent
	sysRename   = absent
	sysRenameat = unix.SYS_RENAMEAT
	sysLink     = absent
	sysSymlink  = absent
	sysChmod    = absent
	sysChown    = absent
	sysDup2     = absent
)
