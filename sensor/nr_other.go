//go:build !linux || !(amd64 || arm64)

package sensor

// No system call can be read on this machine.
const (
	sysOpenat       = absent
	sysOpenat2      = absent
	sysUnlinkat     = absent
	sysMkdirat      = absent
	sysRenameat2    = absent
	sysLinkat       = absent
	sysSymlinkat    = absent
	sysFchmod       = absent
	sysFchmodat     = absent
	sysFchownat     = absent
	sysMount        = absent
	sysUmount2      = absent
	sysChroot       = absent
	sysPivotRoot    = absent
	sysExecve       = absent
	sysExecveat     = absent
	sysMemfdCreate  = absent
	sysConnect      = absent
	sysBind         = absent
	sysListen       = absent
	sysAccept       = absent
	sysAccept4      = absent
	sysSocket       = absent
	sysSendto       = absent
	sysSendmsg      = absent
	sysRecvfrom     = absent
	sysRecvmsg      = absent
	sysWrite        = absent
	sysDup          = absent
	sysDup3         = absent
	sysSetuid       = absent
	sysSetgid       = absent
	sysSetresuid    = absent
	sysSetns        = absent
	sysUnshare      = absent
	sysPtrace       = absent
	sysBpf          = absent
	sysInitModule   = absent
	sysFinitModule  = absent
	sysDeleteModule = absent
	sysUserfaultfd  = absent
	sysKill         = absent
	sysPrctl        = absent
	sysCapset       = absent
	sysOpen         = absent
	sysCreat        = absent
	sysUnlink       = absent
	sysRmdir        = absent
	sysMkdir        = absent
	sysRename       = absent
	sysRenameat     = absent
	sysLink         = absent
	sysSymlink      = absent
	sysChmod        = absent
	sysChown        = absent
	sysDup2         = absent
)
