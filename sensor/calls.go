package sensor

import "github.com/boltseal/boltseal/sensor/bpf"

// call is what the sensor knows of one system call: its number on this
// machine, what the kernel's side shall read of it, and what its arguments are
// called in rules.
type call struct {
	name string
	nr   int
	read uint32
	args []arg

	path, dir int // index of the path argument and of the directory it is relative to; noPath, and atCwd
}

const (
	noPath = -1
	atCwd  = -1
)

// arg is one argument by the name that rules have for it (evt.arg.NAME).
type arg struct {
	name string
	kind argKind
	i    int // argument, path or directory
	dir  int // of a path: the argument that it is relative to, or atCwd
	set  *flagSet
}

type argKind uint8

const (
	argInt   argKind = iota
	argPath          // resolved against its directory
	argText          // as it was given
	argFD            // a file descriptor with what it holds open
	argFlags         // names of flags
	argMode          // octal
	argRes           // the result
	argEnum          // one name out of a set
	argHow           // flags of openat2
	argAddr          // a socket address
	argUID
)

func file(name string, i, dir int) arg { return arg{name: name, kind: argPath, i: i, dir: dir} }
func text(name string, i int) arg      { return arg{name: name, kind: argText, i: i} }
func number(name string, i int) arg    { return arg{name: name, kind: argInt, i: i} }
func bits(name string, i int, set *flagSet) arg {
	return arg{name: name, kind: argFlags, i: i, set: set}
}
func enum(name string, i int, set *flagSet) arg {
	return arg{name: name, kind: argEnum, i: i, set: set}
}
func mode(i int) arg { return arg{name: "mode", kind: argMode, i: i} }

var (
	res        = arg{name: "res", kind: argRes}
	descriptor = arg{name: "fd", kind: argFD}
)

const (
	cwd0 = bpf.ReadPath0 | bpf.ReadCwd
	cwd1 = bpf.ReadPath1 | bpf.ReadCwd
)

// absent is the number of a system call that a machine does not have.
const absent = -1

// calls are the system calls that the sensor can read. Rules of other event
// types match nothing here, which Check says.
var calls = []call{
	{name: "open", nr: sysOpen, read: cwd0 | bpf.ReadNewFD, path: 0, dir: atCwd, args: []arg{{name: "fd", kind: argRes}, file("name", 0, atCwd), bits("flags", 1, openFlags), mode(2)}},
	{name: "creat", nr: sysCreat, read: cwd0 | bpf.ReadNewFD, path: 0, dir: atCwd, args: []arg{{name: "fd", kind: argRes}, file("name", 0, atCwd), mode(1)}},
	{name: "openat", nr: sysOpenat, read: cwd1 | bpf.ReadDir0 | bpf.ReadNewFD, path: 1, dir: 0, args: []arg{{name: "fd", kind: argRes}, number("dirfd", 0), file("name", 1, 0), bits("flags", 2, openFlags), mode(3)}},
	{name: "openat2", nr: sysOpenat2, read: cwd1 | bpf.ReadDir0 | bpf.ReadNewFD | bpf.ReadOpenHow, path: 1, dir: 0, args: []arg{{name: "fd", kind: argRes}, number("dirfd", 0), file("name", 1, 0), {name: "flags", kind: argHow}}},

	{name: "unlink", nr: sysUnlink, read: cwd0, path: 0, dir: atCwd, args: []arg{res, file("path", 0, atCwd)}},
	{name: "unlinkat", nr: sysUnlinkat, read: cwd1 | bpf.ReadDir0, path: 1, dir: 0, args: []arg{res, number("dirfd", 0), file("name", 1, 0), bits("flags", 2, unlinkFlags)}},
	{name: "rmdir", nr: sysRmdir, read: cwd0, path: 0, dir: atCwd, args: []arg{res, file("path", 0, atCwd)}},
	{name: "mkdir", nr: sysMkdir, read: cwd0, path: 0, dir: atCwd, args: []arg{res, file("path", 0, atCwd), mode(1)}},
	{name: "mkdirat", nr: sysMkdirat, read: cwd1 | bpf.ReadDir0, path: 1, dir: 0, args: []arg{res, number("dirfd", 0), file("path", 1, 0), mode(2)}},
	{name: "rename", nr: sysRename, read: cwd0 | bpf.ReadPath1, path: 1, dir: atCwd, args: []arg{res, file("oldpath", 0, atCwd), file("newpath", 1, atCwd)}},
	{name: "renameat", nr: sysRenameat, read: cwd1 | bpf.ReadPath3 | bpf.ReadDir0 | bpf.ReadDir2, path: 3, dir: 2, args: []arg{res, number("olddirfd", 0), file("oldpath", 1, 0), number("newdirfd", 2), file("newpath", 3, 2)}},
	{name: "renameat2", nr: sysRenameat2, read: cwd1 | bpf.ReadPath3 | bpf.ReadDir0 | bpf.ReadDir2, path: 3, dir: 2, args: []arg{res, number("olddirfd", 0), file("oldpath", 1, 0), number("newdirfd", 2), file("newpath", 3, 2), number("flags", 4)}},
	{name: "link", nr: sysLink, read: cwd0 | bpf.ReadPath1, path: 1, dir: atCwd, args: []arg{res, file("oldpath", 0, atCwd), file("newpath", 1, atCwd)}},
	{name: "linkat", nr: sysLinkat, read: cwd1 | bpf.ReadPath3 | bpf.ReadDir0 | bpf.ReadDir2, path: 3, dir: 2, args: []arg{res, number("olddir", 0), file("oldpath", 1, 0), number("newdir", 2), file("newpath", 3, 2), number("flags", 4)}},
	{name: "symlink", nr: sysSymlink, read: cwd0 | bpf.ReadPath1, path: 1, dir: atCwd, args: []arg{res, text("target", 0), file("linkpath", 1, atCwd)}},
	{name: "symlinkat", nr: sysSymlinkat, read: cwd0 | bpf.ReadPath2 | bpf.ReadDir1, path: 2, dir: 1, args: []arg{res, text("target", 0), number("linkdirfd", 1), file("linkpath", 2, 1)}},
	{name: "chmod", nr: sysChmod, read: cwd0, path: 0, dir: atCwd, args: []arg{res, file("filename", 0, atCwd), bits("mode", 1, modeFlags)}},
	{name: "fchmod", nr: sysFchmod, read: bpf.ReadFD0, path: noPath, args: []arg{res, descriptor, bits("mode", 1, modeFlags)}},
	{name: "fchmodat", nr: sysFchmodat, read: cwd1 | bpf.ReadDir0, path: 1, dir: 0, args: []arg{res, number("dirfd", 0), file("filename", 1, 0), bits("mode", 2, modeFlags)}},
	{name: "chown", nr: sysChown, read: cwd0, path: 0, dir: atCwd, args: []arg{res, file("path", 0, atCwd), number("uid", 1), number("gid", 2)}},
	{name: "fchownat", nr: sysFchownat, read: cwd1 | bpf.ReadDir0, path: 1, dir: 0, args: []arg{res, number("dirfd", 0), file("pathname", 1, 0), number("uid", 2), number("gid", 3)}},
	{name: "mount", nr: sysMount, read: cwd1 | bpf.ReadPath0 | bpf.ReadPath2, path: 1, dir: atCwd, args: []arg{res, text("dev", 0), file("dir", 1, atCwd), text("type", 2), bits("flags", 3, mountFlags)}},
	{name: "umount2", nr: sysUmount2, read: cwd0, path: 0, dir: atCwd, args: []arg{res, file("name", 0, atCwd), number("flags", 1)}},
	{name: "chroot", nr: sysChroot, read: cwd0, path: 0, dir: atCwd, args: []arg{res, file("path", 0, atCwd)}},
	{name: "pivot_root", nr: sysPivotRoot, read: cwd0 | bpf.ReadPath1, path: 0, dir: atCwd, args: []arg{res, file("new_root", 0, atCwd), file("put_old", 1, atCwd)}},

	{name: "execve", nr: sysExecve, read: cwd0, path: 0, dir: atCwd, args: []arg{res, file("filename", 0, atCwd)}},
	{name: "execveat", nr: sysExecveat, read: cwd1 | bpf.ReadDir0, path: 1, dir: 0, args: []arg{res, number("dirfd", 0), file("pathname", 1, 0)}},
	{name: "memfd_create", nr: sysMemfdCreate, read: bpf.ReadPath0 | bpf.ReadNewFD, path: noPath, args: []arg{{name: "fd", kind: argRes}, text("name", 0), number("flags", 1)}},

	{name: "connect", nr: sysConnect, read: bpf.ReadFD0 | bpf.ReadAddr1, path: noPath, args: []arg{res, descriptor, {name: "addr", kind: argAddr}}},
	{name: "bind", nr: sysBind, read: bpf.ReadFD0 | bpf.ReadAddr1, path: noPath, args: []arg{res, descriptor, {name: "addr", kind: argAddr}}},
	{name: "listen", nr: sysListen, read: bpf.ReadFD0, path: noPath, args: []arg{res, descriptor, number("backlog", 1)}},
	{name: "accept", nr: sysAccept, read: bpf.ReadNewFD, path: noPath, args: []arg{{name: "fd", kind: argRes}}},
	{name: "accept4", nr: sysAccept4, read: bpf.ReadNewFD, path: noPath, args: []arg{{name: "fd", kind: argRes}, number("flags", 3)}},
	{name: "socket", nr: sysSocket, read: bpf.Wanted, path: noPath, args: []arg{{name: "fd", kind: argRes}, enum("domain", 0, families), number("type", 1), number("proto", 2)}},
	{name: "sendto", nr: sysSendto, read: bpf.ReadFD0 | bpf.ReadAddr4 | bpf.ReadData1, path: noPath, args: []arg{res, descriptor, number("size", 2)}},
	{name: "sendmsg", nr: sysSendmsg, read: bpf.ReadFD0 | bpf.ReadMsg1, path: noPath, args: []arg{res, descriptor}},
	{name: "recvfrom", nr: sysRecvfrom, read: bpf.ReadFD0 | bpf.ReadData1, path: noPath, args: []arg{res, descriptor, number("size", 2)}},
	{name: "recvmsg", nr: sysRecvmsg, read: bpf.ReadFD0, path: noPath, args: []arg{res, descriptor}},
	{name: "write", nr: sysWrite, read: bpf.ReadFD0 | bpf.ReadData1, path: noPath, args: []arg{res, descriptor, number("size", 2)}},

	{name: "dup", nr: sysDup, read: bpf.ReadNewFD, path: noPath, args: []arg{res, number("oldfd", 0)}},
	{name: "dup2", nr: sysDup2, read: bpf.ReadNewFD, path: noPath, args: []arg{res, number("oldfd", 0), number("newfd", 1)}},
	{name: "dup3", nr: sysDup3, read: bpf.ReadNewFD, path: noPath, args: []arg{res, number("oldfd", 0), number("newfd", 1), number("flags", 2)}},
	{name: "setuid", nr: sysSetuid, read: bpf.Wanted, path: noPath, args: []arg{res, {name: "uid", kind: argUID, i: 0}}},
	{name: "setgid", nr: sysSetgid, read: bpf.Wanted, path: noPath, args: []arg{res, {name: "gid", kind: argUID, i: 0}}},
	{name: "setresuid", nr: sysSetresuid, read: bpf.Wanted, path: noPath, args: []arg{res, {name: "ruid", kind: argUID, i: 0}, {name: "euid", kind: argUID, i: 1}, {name: "suid", kind: argUID, i: 2}}},
	{name: "setns", nr: sysSetns, read: bpf.ReadFD0, path: noPath, args: []arg{res, descriptor, bits("nstype", 1, cloneFlags)}},
	{name: "unshare", nr: sysUnshare, read: bpf.Wanted, path: noPath, args: []arg{res, bits("flags", 0, cloneFlags)}},
	{name: "ptrace", nr: sysPtrace, read: bpf.Wanted, path: noPath, args: []arg{res, enum("request", 0, ptraceRequests), number("pid", 1)}},
	{name: "bpf", nr: sysBpf, read: bpf.Wanted, path: noPath, args: []arg{res, enum("cmd", 0, bpfCommands)}},
	{name: "init_module", nr: sysInitModule, read: bpf.ReadPath2, path: noPath, args: []arg{res, number("length", 1), text("uargs", 2)}},
	{name: "finit_module", nr: sysFinitModule, read: bpf.ReadFD0 | bpf.ReadPath1, path: noPath, args: []arg{res, descriptor, text("uargs", 1), number("flags", 2)}},
	{name: "delete_module", nr: sysDeleteModule, read: bpf.ReadPath0, path: noPath, args: []arg{res, text("name", 0), number("flags", 1)}},
	{name: "userfaultfd", nr: sysUserfaultfd, read: bpf.Wanted, path: noPath, args: []arg{res, number("flags", 0)}},
	{name: "kill", nr: sysKill, read: bpf.Wanted, path: noPath, args: []arg{res, number("pid", 0), number("sig", 1)}},
	{name: "prctl", nr: sysPrctl, read: bpf.Wanted, path: noPath, args: []arg{res, number("option", 0), number("arg2", 1)}},
	{name: "capset", nr: sysCapset, read: bpf.Wanted, path: noPath, args: []arg{res}},
}
