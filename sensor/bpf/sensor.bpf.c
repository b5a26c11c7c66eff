//go:build ignore

// The kernel's side of the sensor. One program at the end of every system call
// sends those that user space asked for; three more follow processes from fork
// to exit. A record is a header and tagged parts behind it; paths are read from
// the kernel's own objects, from the leaf upwards, so that no later change of a
// name can lie about what was opened.
//
// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define HALF 16384
#define BUFFER (HALF + 8192) // a per-CPU value has 32 KiB at most
#define MAX_DEPTH 2048 // as many names as a path of 4096 bytes can have
#define MAX_NAME 256
#define MAX_ARGS 4096
#define MAX_ENV 2048
#define MAX_STRING 1024
#define MAX_DATA 256

// Kinds of records beyond the numbers of system calls.
enum {
	KIND_SYSCALL = 0,
	KIND_EXEC = 1,
	KIND_FORK = 2,
	KIND_EXIT = 3,
};

// What is read besides the arguments, a set of bits for each system call.
enum {
	READ_PATH0 = 1 << 0,  // a path at argument 0, 1, 2, 3
	READ_PATH1 = 1 << 1,
	READ_PATH2 = 1 << 2,
	READ_PATH3 = 1 << 3,
	READ_DIR0 = 1 << 4,   // the directory that argument 0, 1, 2 holds open
	READ_DIR1 = 1 << 5,
	READ_DIR2 = 1 << 6,
	READ_CWD = 1 << 7,    // the working directory
	READ_FD0 = 1 << 8,    // the file that argument 0 holds open
	READ_NEWFD = 1 << 9,  // the file that was opened
	READ_ADDR1 = 1 << 10, // an address at argument 1, its length in 2
	READ_ADDR4 = 1 << 11, // an address at argument 4, its length in 5
	READ_MSG1 = 1 << 12,  // a message header at argument 1
	READ_DATA1 = 1 << 13, // bytes at argument 1, as many as argument 2 says
	READ_OPENHOW = 1 << 14, // flags and mode of openat2 at argument 2
	ONLY_SUCCESS = 1 << 15, // do not send what failed
	ONLY_WRITE = 1 << 16,   // of opens, send only those that may write
};

// The parts of a record.
enum {
	TAG_PATH0 = 1, // a string as the caller gave it; 1 to 4
	TAG_DIR0 = 5,  // a path from the leaf up; 5 to 7
	TAG_CWD = 8,
	TAG_FD_PATH = 9,
	TAG_FD = 10, // struct fd_info
	TAG_SOCK = 11, // struct sock_info
	TAG_UNIX = 12, // a unix socket's name
	TAG_ADDR = 13, // a socket address as the caller gave it
	TAG_DATA = 14,
	TAG_EXE_PATH = 15,
	TAG_EXE = 16, // struct fd_info
	TAG_ARGV = 17,
	TAG_ENVP = 18,
	TAG_CGROUP = 19, // its name
	TAG_CGROUP_PARENT = 20,
	TAG_HOW = 21, // flags and mode of openat2
	TAG_FILENAME = 22, // what exec was asked for
	TAG_CGROUP_MEM = 23,
};

struct header {
	u64 time; // since boot
	u32 size;
	u16 kind;
	u16 nr;
	u32 tgid, tid;
	u32 ppid, vpid;
	u32 vtid, vpgid;
	u32 sid, pgid;
	u32 uid, gid;
	u32 euid, loginuid;
	u32 tty, mntns;
	u32 pidns, flags;
	u64 cgroup;
	u64 start; // of the process, since boot
	u64 cap_permitted, cap_effective, cap_inheritable;
	s64 ret;
	u64 args[6];
	char comm[16];
};

struct part {
	u16 tag, len;
};

struct fd_info {
	u64 ino;
	u64 magic;
	u32 dev;
	u32 flags;
	u16 mode;
	u8 layer; // 1 lower, 2 upper layer of an overlay
	u8 memfd;
	u32 nlink;
};

struct sock_info {
	u16 family, type, protocol, state;
	u16 lport, rport; // in host order
	u8 laddr[16], raddr[16];
};

struct scratch {
	u32 off;
	u32 pad;
	u8 buf[BUFFER];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

// What to read of each system call; 0 sends nothing.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 512);
	__type(key, u32);
	__type(value, u32);
} wanted SEC(".maps");

// Events may be dropped when user space is too slow; what follows processes
// has a ring of its own, so that a flood of the former cannot touch it.
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 32 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} lives SEC(".maps");

// Counts: by kind of record, those sent and those dropped; system calls of
// another ABI than the kernel's own.
enum { COUNT_SENT = 0, COUNT_DROPPED = 4, COUNT_COMPAT = 8, COUNTS = 9 };
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTS);
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

// Set by user space before loading.
const volatile u32 self_tgid = 0;

static __always_inline void count(u32 which)
{
	u64 *n = bpf_map_lookup_elem(&counts, &which);
	if (n)
		(*n)++;
}

static __always_inline struct scratch *scratch(void)
{
	u32 zero = 0;
	return bpf_map_lookup_elem(&scratches, &zero);
}

// Keeps an offset where a part of at most HALF bytes fits behind it.
#define AT(s, off) (&(s)->buf[(off) & (HALF - 1)])

static __always_inline void put(struct scratch *s, u16 tag, const void *data, u32 len)
{
	struct part p = {.tag = tag, .len = len};
	if (s->off > HALF - 512)
		return;
	__builtin_memcpy(AT(s, s->off), &p, sizeof(p));
	__builtin_memcpy(AT(s, s->off + sizeof(p)), data, len);
	s->off += sizeof(p) + len;
}

// A string of the kernel (user = 0) or of the caller.
__noinline int put_string(u32 tag, u64 addr, u32 user)
{
	struct scratch *s = scratch();
	struct part p = {.tag = tag};
	long n;

	if (!s || !addr || s->off > HALF - MAX_STRING - 16)
		return 0;
	if (user)
		n = bpf_probe_read_user_str(AT(s, s->off + sizeof(p)), MAX_STRING, (void *)addr);
	else
		n = bpf_probe_read_kernel_str(AT(s, s->off + sizeof(p)), MAX_STRING, (void *)addr);
	if (n <= 0)
		return 0;
	p.len = n - 1;
	__builtin_memcpy(AT(s, s->off), &p, sizeof(p));
	s->off += sizeof(p) + n - 1;
	return 0;
}

// Bytes of the caller's memory.
__noinline int put_user(u32 tag, u64 addr, u64 len, u64 most)
{
	struct scratch *s = scratch();
	struct part p = {.tag = tag};
	u32 n = len < most ? len : most;

	if (!s || !addr || !n || s->off > HALF - 4096 - 16)
		return 0;
	if (n > 4095)
		n = 4095;
	n &= 4095;
	if (bpf_probe_read_user(AT(s, s->off + sizeof(p)), n, (void *)addr) < 0)
		return 0;
	p.len = n;
	__builtin_memcpy(AT(s, s->off), &p, sizeof(p));
	s->off += sizeof(p) + n;
	return 0;
}

// A walk from a dentry to the root.
struct walk {
	struct dentry *dentry, *root;
	struct vfsmount *mnt, *root_mnt;
	u32 off, start;
};

static long step(u32 i, struct walk *w)
{
	struct dentry *dentry = w->dentry, *parent;
	struct vfsmount *mnt = w->mnt;
	struct mount *m, *above;
	struct scratch *s = scratch();
	u32 off = w->off;
	long n;

	if (!s || (dentry == w->root && mnt == w->root_mnt))
		return 1;
	parent = BPF_CORE_READ(dentry, d_parent);
	if (mnt && dentry == BPF_CORE_READ(mnt, mnt_root)) {
		m = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
		above = BPF_CORE_READ(m, mnt_parent);
		if (!above || above == m)
			return 1;
		w->dentry = BPF_CORE_READ(m, mnt_mountpoint);
		w->mnt = (void *)above + bpf_core_field_offset(struct mount, mnt);
		return 0;
	}
	if ((parent == dentry && i > 0) || off > w->start + 4096)
		return 1;
	n = bpf_probe_read_kernel_str(AT(s, off), MAX_NAME, BPF_CORE_READ(dentry, d_name.name));
	if (n <= 0)
		return 1;
	w->off = off + n;
	if (parent == dentry)
		return 1; // no tree: memfd:name, pipe:, [eventfd]
	w->dentry = parent;
	return 0;
}

// The path of a dentry on a mount, name by name from the leaf up, each ended
// by a zero byte; it stops at the caller's root.
__noinline int put_path(u32 tag, u64 dentry, u64 vfsmount)
{
	struct scratch *s = scratch();
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct walk w = {.dentry = (struct dentry *)dentry, .mnt = (struct vfsmount *)vfsmount};
	struct part p = {.tag = tag};

	if (!s || !dentry || s->off > HALF - 4096 - 2 * MAX_NAME)
		return 0;
	w.root = BPF_CORE_READ(task, fs, root.dentry);
	w.root_mnt = BPF_CORE_READ(task, fs, root.mnt);
	w.start = s->off;
	w.off = w.start + sizeof(p);
	bpf_loop(MAX_DEPTH, step, &w, 0);
	p.len = w.off - w.start - sizeof(p);
	__builtin_memcpy(AT(s, w.start), &p, sizeof(p));
	s->off = w.off;
	return 0;
}

#define OVERLAYFS 0x794c7630
#define TMPFS 0x01021994

static __always_inline void put_file(struct scratch *s, u16 tag, struct file *file)
{
	struct fd_info info = {};
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	char name[8] = {};

	info.mode = BPF_CORE_READ(inode, i_mode);
	info.ino = BPF_CORE_READ(inode, i_ino);
	info.nlink = BPF_CORE_READ(inode, i_nlink);
	info.magic = BPF_CORE_READ(inode, i_sb, s_magic);
	info.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	info.flags = BPF_CORE_READ(file, f_flags);
	if (info.magic == OVERLAYFS) {
		struct dentry *upper = 0;
		// overlayfs keeps the upper layer's dentry right behind the inode.
		bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + bpf_core_type_size(struct inode));
		info.layer = upper ? 2 : 1;
	}
	if (info.magic == TMPFS && dentry == BPF_CORE_READ(dentry, d_parent)) {
		bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
		info.memfd = name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' && name[4] == 'd' && name[5] == ':';
	}
	put(s, tag, &info, sizeof(info));
}

static __always_inline struct file *file_of(struct task_struct *task, u32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = 0;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return file;
}

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

static __always_inline void put_socket(struct scratch *s, struct file *file)
{
	struct sock_info info = {};
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);
	struct unix_address *addr;

	if (!sk)
		return;
	info.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	info.type = BPF_CORE_READ(socket, type);
	info.protocol = BPF_CORE_READ(sk, sk_protocol);
	info.state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (info.family == AF_INET || info.family == AF_INET6) {
		info.lport = BPF_CORE_READ(sk, __sk_common.skc_num);
		info.rport = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	}
	if (info.family == AF_INET) {
		BPF_CORE_READ_INTO((u32 *)info.laddr, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((u32 *)info.raddr, sk, __sk_common.skc_daddr);
	} else if (info.family == AF_INET6) {
		BPF_CORE_READ_INTO((struct in6_addr *)info.laddr, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO((struct in6_addr *)info.raddr, sk, __sk_common.skc_v6_daddr);
	}
	put(s, TAG_SOCK, &info, sizeof(info));
	if (info.family == AF_UNIX) {
		struct unix_sock *u = (struct unix_sock *)sk;
		addr = BPF_CORE_READ(u, addr);
		if (!addr) {
			struct unix_sock *peer = (struct unix_sock *)BPF_CORE_READ(u, peer);
			if (peer)
				addr = BPF_CORE_READ(peer, addr);
		}
		if (addr)
			put_string(TAG_UNIX, (u64)addr + bpf_core_field_offset(struct unix_address, name) + 2, 0);
	}
}

// fd_part reads what a file descriptor holds open.
__noinline int put_fd(u32 fd)
{
	struct scratch *s = scratch();
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file *file;

	if (!s)
		return 0;
	file = file_of(task, fd);
	if (!file)
		return 0;
	put_file(s, TAG_FD, file);
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFSOCK)
		put_socket(s, file);
	else
		put_path(TAG_FD_PATH, (u64)BPF_CORE_READ(file, f_path.dentry), (u64)BPF_CORE_READ(file, f_path.mnt));
	return 0;
}

__noinline int put_dir(u32 tag, u32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file *file = file_of(task, fd);

	if (!file)
		return 0;
	return put_path(tag, (u64)BPF_CORE_READ(file, f_path.dentry), (u64)BPF_CORE_READ(file, f_path.mnt));
}

static __always_inline u32 nr_in_ns(struct pid *pid)
{
	u32 level = BPF_CORE_READ(pid, level);
	struct upid last = {};

	bpf_probe_read_kernel(&last, sizeof(last), (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid));
	return last.nr;
}

static __always_inline u32 nr_of(struct pid *pid)
{
	struct upid first = {};

	bpf_probe_read_kernel(&first, sizeof(first), (void *)pid + bpf_core_field_offset(struct pid, numbers));
	return first.nr;
}

// What every record says of the task it is about.
static __always_inline struct header *begin(struct scratch *s, struct task_struct *task, u16 kind)
{
	struct header *h = (struct header *)s->buf;
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	struct pid *group = BPF_CORE_READ(task, signal, pids[2]);
	struct pid *session = BPF_CORE_READ(task, signal, pids[3]);

	h->time = bpf_ktime_get_boot_ns();
	h->kind = kind;
	h->nr = 0;
	h->flags = 0;
	h->ret = 0;
	h->tgid = BPF_CORE_READ(task, tgid);
	h->tid = BPF_CORE_READ(task, pid);
	h->ppid = BPF_CORE_READ(task, real_parent, tgid);
	h->vtid = nr_in_ns(BPF_CORE_READ(task, thread_pid));
	h->vpid = nr_in_ns(BPF_CORE_READ(task, group_leader, thread_pid));
	h->vpgid = group ? nr_in_ns(group) : 0;
	h->pgid = group ? nr_of(group) : 0;
	h->sid = session ? nr_of(session) : 0;
	h->uid = BPF_CORE_READ(cred, uid.val);
	h->gid = BPF_CORE_READ(cred, gid.val);
	h->euid = BPF_CORE_READ(cred, euid.val);
	bpf_probe_read_kernel(&h->cap_permitted, 8, (void *)cred + bpf_core_field_offset(struct cred, cap_permitted));
	bpf_probe_read_kernel(&h->cap_effective, 8, (void *)cred + bpf_core_field_offset(struct cred, cap_effective));
	bpf_probe_read_kernel(&h->cap_inheritable, 8, (void *)cred + bpf_core_field_offset(struct cred, cap_inheritable));
	h->loginuid = -1;
	if (bpf_core_field_exists(task->loginuid))
		h->loginuid = BPF_CORE_READ(task, loginuid.val);
	h->tty = 0;
	if (tty)
		h->tty = BPF_CORE_READ(tty, driver, major) << 8 | (BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index));
	h->mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	h->pidns = BPF_CORE_READ(task, nsproxy, pid_ns_for_children, ns.inum);
	h->cgroup = bpf_get_current_cgroup_id();
	h->start = BPF_CORE_READ(task, group_leader, start_boottime);
	bpf_probe_read_kernel(h->comm, sizeof(h->comm), BPF_CORE_READ(task, group_leader) ? (void *)BPF_CORE_READ(task, group_leader) + bpf_core_field_offset(struct task_struct, comm) : 0);
	s->off = sizeof(*h);
	return h;
}

static __always_inline void send(struct scratch *s, void *ring, u32 kind)
{
	struct header *h = (struct header *)s->buf;
	u32 size = s->off & (HALF - 1);

	h->size = size;
	if (bpf_ringbuf_output(ring, s->buf, size, 0) < 0)
		count(COUNT_DROPPED + kind);
	else
		count(COUNT_SENT + kind);
}

// The names of the task's control group and of the one above it, in both
// hierarchies: one of them holds the container's id.
static __always_inline void put_cgroup(struct task_struct *task)
{
	struct kernfs_node *node = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
	struct kernfs_node *above = 0;
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css = 0;

	if (node) {
		put_string(TAG_CGROUP, (u64)BPF_CORE_READ(node, name), 0);
		if (bpf_core_field_exists(node->__parent))
			above = BPF_CORE_READ(node, __parent);
		else
			above = BPF_CORE_READ((struct kernfs_node___before_6_15 *)node, parent);
		if (above)
			put_string(TAG_CGROUP_PARENT, (u64)BPF_CORE_READ(above, name), 0);
	}
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) {
		u32 i = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
		bpf_probe_read_kernel(&css, sizeof(css), (void *)set + bpf_core_field_offset(struct css_set, subsys) + i * sizeof(css));
		if (css) {
			node = BPF_CORE_READ(css, cgroup, kn);
			if (node)
				put_string(TAG_CGROUP_MEM, (u64)BPF_CORE_READ(node, name), 0);
		}
	}
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old, struct linux_binprm *binprm)
{
	struct scratch *s = scratch();
	struct mm_struct *mm;
	struct file *file;
	u64 start, end;

	if (!s)
		return 0;
	begin(s, task, KIND_EXEC);
	file = BPF_CORE_READ(binprm, file);
	if (file) {
		put_file(s, TAG_EXE, file);
		put_path(TAG_EXE_PATH, (u64)BPF_CORE_READ(file, f_path.dentry), (u64)BPF_CORE_READ(file, f_path.mnt));
	}
	put_string(TAG_FILENAME, (u64)BPF_CORE_READ(binprm, filename), 0);
	put_path(TAG_CWD, (u64)BPF_CORE_READ(task, fs, pwd.dentry), (u64)BPF_CORE_READ(task, fs, pwd.mnt));
	put_cgroup(task);
	mm = BPF_CORE_READ(task, mm);
	start = BPF_CORE_READ(mm, arg_start);
	end = BPF_CORE_READ(mm, arg_end);
	put_user(TAG_ARGV, start, end - start, MAX_ARGS);
	start = BPF_CORE_READ(mm, env_start);
	end = BPF_CORE_READ(mm, env_end);
	put_user(TAG_ENVP, start, end - start, MAX_ENV);
	send(s, &lives, KIND_EXEC);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct scratch *s = scratch();

	if (!s || BPF_CORE_READ(child, tgid) != BPF_CORE_READ(child, pid))
		return 0; // a thread
	begin(s, child, KIND_FORK)->flags = BPF_CORE_READ(parent, tgid);
	put_cgroup(child);
	send(s, &lives, KIND_FORK);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct scratch *s = scratch();

	if (!s || BPF_CORE_READ(task, tgid) != BPF_CORE_READ(task, pid))
		return 0;
	begin(s, task, KIND_EXIT)->ret = BPF_CORE_READ(task, exit_code);
	send(s, &lives, KIND_EXIT);
	return 0;
}

#define O_ACCMODE 3
#define O_CREAT 0100
#define O_TRUNC 01000

struct msghdr_user {
	u64 name;
	u32 namelen;
};

// Everything that is read of one system call besides its arguments.
static __always_inline void put_parts(struct header *h, struct task_struct *task, struct scratch *s, u32 what)
{
	u64 how[2] = {};

	if (what & READ_PATH0)
		put_string(TAG_PATH0, h->args[0], 1);
	if (what & READ_PATH1)
		put_string(TAG_PATH0 + 1, h->args[1], 1);
	if (what & READ_PATH2)
		put_string(TAG_PATH0 + 2, h->args[2], 1);
	if (what & READ_PATH3)
		put_string(TAG_PATH0 + 3, h->args[3], 1);
	if (what & READ_DIR0)
		put_dir(TAG_DIR0, h->args[0]);
	if (what & READ_DIR1)
		put_dir(TAG_DIR0 + 1, h->args[1]);
	if (what & READ_DIR2)
		put_dir(TAG_DIR0 + 2, h->args[2]);
	if (what & READ_CWD)
		put_path(TAG_CWD, (u64)BPF_CORE_READ(task, fs, pwd.dentry), (u64)BPF_CORE_READ(task, fs, pwd.mnt));
	if (what & READ_FD0)
		put_fd(h->args[0]);
	if (what & READ_NEWFD && h->ret >= 0)
		put_fd(h->ret);
	if (what & READ_ADDR1)
		put_user(TAG_ADDR, h->args[1], h->args[2], 128);
	if (what & READ_ADDR4)
		put_user(TAG_ADDR, h->args[4], h->args[5], 128);
	if (what & READ_MSG1) {
		struct msghdr_user m = {};
		bpf_probe_read_user(&m, sizeof(m), (void *)h->args[1]);
		put_user(TAG_ADDR, m.name, m.namelen, 128);
	}
	if (what & READ_DATA1)
		put_user(TAG_DATA, h->args[1], h->ret > 0 ? h->ret : h->args[2], MAX_DATA);
	if (what & READ_OPENHOW && !bpf_probe_read_user(how, sizeof(how), (void *)h->args[2]))
		put(s, TAG_HOW, how, sizeof(how));
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sysexit, struct pt_regs *regs, long ret)
{
	struct task_struct *task;
	struct scratch *s;
	struct header *h;
	u32 nr, *what;
	struct file *file;

#if defined(__TARGET_ARCH_x86)
	nr = regs->orig_ax; // read without a helper: every call on the machine comes by here
#else
	nr = regs->syscallno;
#endif
	what = bpf_map_lookup_elem(&wanted, &nr);
	if (!what || !*what)
		return 0;
	if (*what & ONLY_SUCCESS && ret < 0)
		return 0;
	if (bpf_get_current_pid_tgid() >> 32 == self_tgid)
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
#if defined(__TARGET_ARCH_x86)
	if (BPF_CORE_READ((struct task_struct___x86 *)task, thread_info.status) & 2) {
		count(COUNT_COMPAT); // a 32-bit call: its numbers mean other things
		return 0;
	}
#endif
	if (*what & ONLY_WRITE && ret >= 0) {
		file = file_of(task, ret);
		if (file && !(BPF_CORE_READ(file, f_flags) & (O_ACCMODE | O_CREAT | O_TRUNC)))
			return 0;
	}
	s = scratch();
	if (!s)
		return 0;
	h = begin(s, task, KIND_SYSCALL);
	h->nr = nr;
	h->ret = ret;
#if defined(__TARGET_ARCH_x86)
	h->args[0] = BPF_CORE_READ(regs, di);
	h->args[1] = BPF_CORE_READ(regs, si);
	h->args[2] = BPF_CORE_READ(regs, dx);
	h->args[3] = BPF_CORE_READ(regs, r10);
	h->args[4] = BPF_CORE_READ(regs, r8);
	h->args[5] = BPF_CORE_READ(regs, r9);
#else
	h->args[0] = BPF_CORE_READ(regs, orig_x0);
	h->args[1] = BPF_CORE_READ(regs, regs[1]);
	h->args[2] = BPF_CORE_READ(regs, regs[2]);
	h->args[3] = BPF_CORE_READ(regs, regs[3]);
	h->args[4] = BPF_CORE_READ(regs, regs[4]);
	h->args[5] = BPF_CORE_READ(regs, regs[5]);
#endif
	put_parts(h, task, s, *what);
	send(s, &events, KIND_SYSCALL);
	return 0;
}
