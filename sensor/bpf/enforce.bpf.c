//go:build ignore

// The kernel's side of prevention. One set of decisions, behind whichever
// hooks the kernel has: BPF LSM, fmod_ret on the same functions, hooks of
// control groups, and as the last resort a signal to who did it. A program
// that asks about a process goes by its control group; one without an entry
// there is the host's, and nothing is decided about it.
//
// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define true 1
#define false 0
#define EPERM 1
#define OVERLAYFS 0x794c7630
#define TMPFS 0x01021994
#define RAMFS 0x858458f6
#define S_IFMT 0170000
#define S_IFREG 0100000
#define PF_FORKNOEXEC 0x40
#define SIGKILL 9
#define MAX_CLIMB 64
#define MAX_NAME 64

// What can be forbidden; sensor/enforce/act.go has the same order.
enum {
	ACT_DRIFT = 0,   // an executable of a container's own layer
	ACT_MEMORY = 1,  // an executable that lies in memory
	ACT_VOLUME = 2,  // an executable of another file system
	ACT_LIBRARY = 3, // executable mappings of the three above
	ACT_TOOL = 4,
	ACT_WRITE = 5,
	ACT_CONNECT = 6,
	ACT_MOUNT = 7,
	ACT_PTRACE = 8,
	ACT_MODULE = 9,
};

enum { VERDICT_AUDIT = 0, VERDICT_DENIED = 1, VERDICT_KILLED = 2, KIND_GROUP = 3, KIND_GONE = 4 };

enum { POLICY_HOST = 1 }; // speaks of processes in the host's mount namespace too

struct policy {
	u32 deny, audit;
	u32 kill; // acts that are answered with a signal, of those in deny
	u32 flags;
};

struct config {
	u32 own;     // the process that nothing is decided about
	u32 pending; // the policy of containers that user space has not seen yet, 0 for none
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct config);
} enforce_config SEC(".maps");

// Mount namespaces of the host and of its container engines.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, u32);
	__type(value, u32);
} enforce_hosts SEC(".maps");

// Control groups, by their number in the unified hierarchy, and their policy.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u32);
} enforce_groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct policy);
} enforce_policies SEC(".maps");

// Directories, and tools by path or by name, as hashes. A made-up collision
// can only forbid too much. The value says for which verdicts it is: 1 deny,
// 2 audit.
enum { WORD_DIR = 1, WORD_PATH = 2, WORD_NAME = 3 };
struct word {
	u32 policy, kind;
	u64 hash;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct word);
	__type(value, u32);
} enforce_words SEC(".maps");

// Where connections may go. IPv4 addresses are mapped into IPv6.
struct net_key {
	u32 prefix;
	u32 policy; // in network order, so that it is a prefix
	u8 addr[16];
};
struct net_value {
	u32 count; // of the ranges of ports; 0 allows all
	struct {
		u16 low, high;
	} ports[8];
};
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16384);
	__uint(map_flags, 1); // BPF_F_NO_PREALLOC
	__type(key, struct net_key);
	__type(value, struct net_value);
} enforce_nets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} enforce_records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u64);
} enforce_counts SEC(".maps");
enum { COUNT_DENIED, COUNT_AUDITED, COUNT_KILLED, COUNT_UNTOLD };

struct decision {
	u64 time, group;
	u32 verdict, act;
	u32 policy, tgid;
	u32 tid, uid;
	u32 mntns, pad;
	char comm[16];
	u8 addr[16];
	u16 port, family, depth, pad2;
	char names[8][MAX_NAME]; // from the leaf up
};

static __always_inline void count(u32 which)
{
	u64 *n = bpf_map_lookup_elem(&enforce_counts, &which);
	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline struct policy *policy_of(u32 *id)
{
	u32 zero = 0, *found;
	u64 group = bpf_get_current_cgroup_id();
	struct config *config;

	found = bpf_map_lookup_elem(&enforce_groups, &group);
	if (!found || !*found)
		return 0;
	config = bpf_map_lookup_elem(&enforce_config, &zero);
	if (!config || bpf_get_current_pid_tgid() >> 32 == config->own)
		return 0;
	*id = *found;
	return bpf_map_lookup_elem(&enforce_policies, id);
}

static __always_inline bool is_host(u32 inum)
{
	return bpf_map_lookup_elem(&enforce_hosts, &inum) != 0;
}

static __always_inline u32 mntns_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

// Whether a process is an engine's, at work in the container's name: its
// executable is the host's. A runtime that runs a copy of itself out of memory
// has not executed anything since it was forked, and its parent is the host's.
static __always_inline bool engine(struct task_struct *task)
{
	struct file *exe = BPF_CORE_READ(task, mm, exe_file);
	struct vfsmount *mnt;
	struct mount *m;
	struct mnt_namespace *ns;

	if (!exe)
		return false;
	mnt = BPF_CORE_READ(exe, f_path.mnt);
	m = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
	ns = BPF_CORE_READ(m, mnt_ns);
	if (ns && (u64)ns < (u64)-4096)
		return is_host(BPF_CORE_READ(ns, ns.inum));
	return BPF_CORE_READ(task, flags) & PF_FORKNOEXEC && is_host(mntns_of(BPF_CORE_READ(task, real_parent)));
}

// What is asked of answer.
struct asked {
	u64 dentry, text;
	u32 policy, act, verdict;
	u16 port, family;
	u8 addr[16];
};

// The answer, told to user space. 0 lets the act happen.
__noinline int answer(struct asked *a)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct decision *d;
	struct dentry *dentry, *parent;
	u64 now = bpf_get_current_pid_tgid();
	int no;

	if (!a)
		return 0;
	no = a->verdict == VERDICT_DENIED ? -EPERM : 0;
	count(a->verdict == VERDICT_DENIED ? COUNT_DENIED : a->verdict == VERDICT_KILLED ? COUNT_KILLED : COUNT_AUDITED);
	d = bpf_ringbuf_reserve(&enforce_records, sizeof(*d), 0);
	if (!d) {
		count(COUNT_UNTOLD);
		return no;
	}
	d->time = bpf_ktime_get_boot_ns();
	d->group = bpf_get_current_cgroup_id();
	d->verdict = a->verdict;
	d->act = a->act;
	d->policy = a->policy;
	d->tgid = now >> 32;
	d->tid = now;
	d->uid = bpf_get_current_uid_gid();
	d->mntns = mntns_of(task);
	d->pad = 0;
	d->port = a->port;
	d->family = a->family;
	d->depth = 0;
	d->pad2 = 0;
	bpf_get_current_comm(d->comm, sizeof(d->comm));
	__builtin_memcpy(d->addr, a->addr, 16);
	if (a->text && bpf_probe_read_kernel_str(d->names[0], MAX_NAME, (void *)a->text) > 0)
		d->depth = 1;
	dentry = (struct dentry *)a->dentry;
#pragma clang loop unroll(disable)
	for (int i = 0; i < 8; i++) {
		if (!dentry)
			break;
		parent = BPF_CORE_READ(dentry, d_parent);
		if (parent == dentry && i > 0)
			break;
		if (bpf_probe_read_kernel_str(d->names[i], MAX_NAME, BPF_CORE_READ(dentry, d_name.name)) < 0)
			break;
		d->depth = i + 1;
		if (parent == dentry)
			break;
		dentry = parent;
	}
	bpf_ringbuf_submit(d, 0);
	return no;
}

// What becomes of an act: deny, when some rule forbids it, else audit. With
// kill the answer to what is forbidden is a signal.
static __always_inline int decide(struct policy *p, u32 id, u32 act, u32 modes, struct dentry *dentry, const char *text, bool kill)
{
	struct asked a = {.dentry = (u64)dentry, .text = (u64)text, .policy = id, .act = act};
	u32 bit = 1 << act;

	if (p->deny & bit && modes & 1) {
		if (!(p->kill & bit) != !kill)
			return 0; // the other kind of program answers
		a.verdict = kill ? VERDICT_KILLED : VERDICT_DENIED;
		if (kill)
			bpf_send_signal(SIGKILL);
		return answer(&a) ? -EPERM : 0; // a range that the verifier can see
	}
	if (p->audit & bit && modes & 2) {
		if (!(p->kill & bit) != !kill)
			return 0;
		a.verdict = VERDICT_AUDIT;
		return answer(&a) ? -EPERM : 0; // a range that the verifier can see
	}
	return 0;
}

#define FNV_BASIS 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

__noinline u64 hash_name(u64 h, u64 from)
{
	char name[MAX_NAME] = {};

	if (bpf_probe_read_kernel_str(name, sizeof(name), (void *)from) < 0)
		return 0;
#pragma clang loop unroll(disable)
	for (int i = 0; i < MAX_NAME; i++) {
		if (!name[i])
			break;
		h = (h ^ (u8)name[i]) * FNV_PRIME;
	}
	return h;
}

// The last name of a text with slashes.
__noinline u64 hash_base(u64 from)
{
	char text[128] = {};
	u64 h = FNV_BASIS;

	if (!from || bpf_probe_read_kernel_str(text, sizeof(text), (void *)from) < 0)
		return 0;
#pragma clang loop unroll(disable)
	for (int i = 0; i < 128; i++) {
		if (!text[i])
			break;
		h = text[i] == '/' ? FNV_BASIS : (h ^ (u8)text[i]) * FNV_PRIME;
	}
	return h;
}

static __always_inline u32 word(u32 id, u32 kind, u64 hash)
{
	struct word w = {.policy = id, .kind = kind, .hash = hash};
	u32 *modes = bpf_map_lookup_elem(&enforce_words, &w);
	return modes ? *modes : 0;
}

// The modes of the words that a path in its own file system answers to: its
// directories and itself for WORD_DIR, itself alone for WORD_PATH. The five
// names nearest to the root are looked at.
__noinline u32 lookup_path(u64 leaf, u32 id, u32 kind)
{
	struct dentry *d = (struct dentry *)leaf, *parent;
	struct dentry *w0 = 0, *w1 = 0, *w2 = 0, *w3 = 0, *w4 = 0;
	u32 modes = 0, depth = 0;
	u64 h = FNV_BASIS;

	if (!d)
		return 0;
#pragma clang loop unroll(disable)
	for (int i = 0; i < MAX_CLIMB; i++) {
		parent = BPF_CORE_READ(d, d_parent);
		if (!parent || parent == d)
			break;
		w4 = w3;
		w3 = w2;
		w2 = w1;
		w1 = w0;
		w0 = d;
		d = parent;
		depth++;
	}
#define NAME(w, n) \
	if (!w) \
		return modes; \
	h = hash_name((h ^ '/') * FNV_PRIME, (u64)BPF_CORE_READ(w, d_name.name)); \
	if (kind == WORD_DIR || depth == n) \
		modes |= word(id, kind, h);
	NAME(w0, 1)
	NAME(w1, 2)
	NAME(w2, 3)
	NAME(w3, 4)
	NAME(w4, 5)
	return modes;
}

// Where an executable comes from: one of the first three acts, -1 for the image.
static __always_inline int origin(struct task_struct *task, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry), *upper = 0;
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);
	unsigned long magic = BPF_CORE_READ(sb, s_magic);

	if (magic == OVERLAYFS) {
		bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + bpf_core_type_size(struct inode));
		return upper ? ACT_DRIFT : -1;
	}
	if (dentry == BPF_CORE_READ(dentry, d_parent) && dentry != BPF_CORE_READ(sb, s_root))
		return ACT_MEMORY;
	if (sb == BPF_CORE_READ(task, fs, root.dentry, d_inode, i_sb))
		return -1; // a storage without layers: user space says that it cannot be told
	if (magic == TMPFS || magic == RAMFS)
		return ACT_MEMORY;
	return ACT_VOLUME;
}

static __always_inline u32 tool(struct file *file, const char *filename, u32 id)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	u64 base = hash_base((u64)filename);
	u32 modes = word(id, WORD_NAME, hash_name(FNV_BASIS, (u64)BPF_CORE_READ(dentry, d_name.name)));

	if (base)
		modes |= word(id, WORD_NAME, base);
	return modes | lookup_path((u64)dentry, id, WORD_PATH);
}

static __always_inline int on_exec(struct linux_binprm *binprm, bool kill)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file *file = BPF_CORE_READ(binprm, file);
	const char *name = BPF_CORE_READ(binprm, filename);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct policy *p;
	u32 id = 0, modes;
	int act, no;

	p = policy_of(&id);
	if (!p || !file || (!(p->flags & POLICY_HOST) && is_host(mntns_of(task))))
		return 0;
	act = origin(task, file);
	if (act == ACT_VOLUME && BPF_CORE_READ(file, f_path.mnt, mnt_root) == dentry)
		act = -1; // a file that is mounted by itself is the engine's choice, such as its own init
	if (act >= 0 && (p->deny | p->audit) & (1 << act)) {
		no = decide(p, id, act, 3, dentry, 0, kill);
		if (no)
			return no;
	}
	if ((p->deny | p->audit) & (1 << ACT_TOOL)) {
		modes = tool(file, name, id);
		if (modes)
			return decide(p, id, ACT_TOOL, modes, dentry, 0, kill);
	}
	return 0;
}

// The policy of what is not an exec; none for the host and its engines.
static __always_inline struct policy *policy_for(u32 act, u32 *id)
{
	struct task_struct *task;
	struct policy *p = policy_of(id);

	if (!p || !((p->deny | p->audit) & (1 << act)))
		return 0;
	if (p->flags & POLICY_HOST)
		return p;
	task = (struct task_struct *)bpf_get_current_task();
	if (is_host(mntns_of(task)) || engine(task))
		return 0;
	return p;
}

static __always_inline int on_mmap(struct file *file, unsigned long prot)
{
	struct task_struct *task;
	struct policy *p;
	u32 id = 0;

	if (!file || !(prot & 4)) // PROT_EXEC
		return 0;
	p = policy_for(ACT_LIBRARY, &id);
	if (!p)
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
	if (origin(task, file) < 0)
		return 0;
	return decide(p, id, ACT_LIBRARY, 3, BPF_CORE_READ(file, f_path.dentry), 0, false);
}

// A pointer that the verifier knows as a number only, as functions take it.
static __always_inline u64 plain(const void *pointer)
{
	u64 in = (u64)pointer, out = 0;

	bpf_probe_read_kernel(&out, sizeof(out), &in);
	return out;
}

static __always_inline int on_write(struct dentry *of)
{
	u32 id = 0, modes;
	struct policy *p = policy_for(ACT_WRITE, &id);
	struct dentry *dentry;

	if (!p || !of)
		return 0;
	dentry = (struct dentry *)plain(of);
	modes = lookup_path((u64)dentry, id, WORD_DIR);
	return modes ? decide(p, id, ACT_WRITE, modes, dentry, 0, false) : 0;
}

#define FMODE_WRITE 2
#define O_TRUNC 01000

static __always_inline int on_open(struct file *file)
{
	if (!(BPF_CORE_READ(file, f_mode) & FMODE_WRITE) && !(BPF_CORE_READ(file, f_flags) & O_TRUNC))
		return 0;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	return on_write(BPF_CORE_READ(file, f_path.dentry));
}

static __always_inline int on_act(u32 act, const char *text)
{
	u32 id = 0;
	struct policy *p = policy_for(act, &id);

	return p ? decide(p, id, act, 3, 0, text ? (const char *)plain(text) : 0, false) : 0;
}

#define ATTACH 2 // PTRACE_MODE_ATTACH
#define MODULE 2 // READING_MODULE and LOADING_MODULE

// Each hook twice: as a security module's, and as one that changes what the
// function behind it returns.
SEC("lsm/bprm_check_security") int BPF_PROG(lsm_exec, struct linux_binprm *binprm) { return on_exec(binprm, false); }
SEC("fmod_ret/security_bprm_check") int BPF_PROG(mod_exec, struct linux_binprm *binprm, int ret) { return ret ? ret : on_exec(binprm, false); }
SEC("lsm/mmap_file") int BPF_PROG(lsm_mmap, struct file *file, unsigned long reqprot, unsigned long prot) { return on_mmap(file, reqprot | prot); }
SEC("fmod_ret/security_mmap_file") int BPF_PROG(mod_mmap, struct file *file, unsigned long prot) { return on_mmap(file, prot); }
SEC("lsm/file_mprotect") int BPF_PROG(lsm_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot) { return on_mmap(BPF_CORE_READ(vma, vm_file), reqprot | prot); }
SEC("fmod_ret/security_file_mprotect") int BPF_PROG(mod_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot) { return on_mmap(BPF_CORE_READ(vma, vm_file), reqprot | prot); }

SEC("lsm/file_open") int BPF_PROG(lsm_open, struct file *file) { return on_open(file); }
SEC("fmod_ret/security_file_open") int BPF_PROG(mod_open, struct file *file) { return on_open(file); }

// The directory comes first, the new name second.
#define ON_NAME(hook) \
	SEC("lsm/inode_" #hook) int BPF_PROG(lsm_##hook, struct inode *dir, struct dentry *dentry) { return on_write(dentry); } \
	SEC("fmod_ret/security_inode_" #hook) int BPF_PROG(mod_##hook, struct inode *dir, struct dentry *dentry) { return on_write(dentry); }
ON_NAME(create)
ON_NAME(unlink)
ON_NAME(symlink)
ON_NAME(mkdir)
ON_NAME(rmdir)
ON_NAME(mknod)
SEC("lsm/inode_link") int BPF_PROG(lsm_link, struct dentry *old, struct inode *dir, struct dentry *dentry) { return on_write(dentry); }
SEC("fmod_ret/security_inode_link") int BPF_PROG(mod_link, struct dentry *old, struct inode *dir, struct dentry *dentry) { return on_write(dentry); }

static __always_inline int on_rename(struct dentry *from, struct dentry *to)
{
	int no = on_write(from);
	return no ? no : on_write(to);
}
SEC("lsm/inode_rename") int BPF_PROG(lsm_rename, struct inode *dir, struct dentry *from, struct inode *to_dir, struct dentry *to) { return on_rename(from, to); }
SEC("fmod_ret/security_inode_rename") int BPF_PROG(mod_rename, struct inode *dir, struct dentry *from, struct inode *to_dir, struct dentry *to) { return on_rename(from, to); }

// Modes, owners and lengths of files that are there.
#define ON_PATH(hook) \
	SEC("lsm/path_" #hook) int BPF_PROG(lsm_##hook, struct path *path) { return on_write(BPF_CORE_READ(path, dentry)); } \
	SEC("fmod_ret/security_path_" #hook) int BPF_PROG(mod_##hook, struct path *path) { return on_write(BPF_CORE_READ(path, dentry)); }
ON_PATH(chmod)
ON_PATH(chown)
ON_PATH(truncate)

SEC("lsm/sb_mount") int BPF_PROG(lsm_mount, const char *dev, struct path *path, const char *type) { return on_act(ACT_MOUNT, type); }
SEC("fmod_ret/security_sb_mount") int BPF_PROG(mod_mount, const char *dev, struct path *path, const char *type) { return on_act(ACT_MOUNT, type); }
SEC("lsm/move_mount") int BPF_PROG(lsm_move_mount, struct path *from, struct path *to) { return on_act(ACT_MOUNT, 0); }
SEC("fmod_ret/security_move_mount") int BPF_PROG(mod_move_mount, struct path *from, struct path *to) { return on_act(ACT_MOUNT, 0); }

SEC("lsm/ptrace_access_check") int BPF_PROG(lsm_ptrace, struct task_struct *child, u32 mode) { return mode & ATTACH ? on_act(ACT_PTRACE, 0) : 0; }
SEC("fmod_ret/security_ptrace_access_check") int BPF_PROG(mod_ptrace, struct task_struct *child, u32 mode) { return mode & ATTACH ? on_act(ACT_PTRACE, 0) : 0; }
SEC("lsm/ptrace_traceme") int BPF_PROG(lsm_traceme, struct task_struct *parent) { return on_act(ACT_PTRACE, 0); }
SEC("fmod_ret/security_ptrace_traceme") int BPF_PROG(mod_traceme, struct task_struct *parent) { return on_act(ACT_PTRACE, 0); }

SEC("lsm/kernel_read_file") int BPF_PROG(lsm_read_module, struct file *file, u32 what) { return what == MODULE ? on_act(ACT_MODULE, 0) : 0; }
SEC("fmod_ret/security_kernel_read_file") int BPF_PROG(mod_read_module, struct file *file, u32 what) { return what == MODULE ? on_act(ACT_MODULE, 0) : 0; }
SEC("lsm/kernel_load_data") int BPF_PROG(lsm_load_module, u32 what) { return what == MODULE ? on_act(ACT_MODULE, 0) : 0; }
SEC("fmod_ret/security_kernel_load_data") int BPF_PROG(mod_load_module, u32 what) { return what == MODULE ? on_act(ACT_MODULE, 0) : 0; }

// Connections, in the hooks of control groups: 1 lets them happen.
static __noinline int on_address(u8 *addr, u16 port)
{
	struct net_key key = {.prefix = 32 + 128};
	struct asked a = {.act = ACT_CONNECT, .verdict = VERDICT_AUDIT, .port = port, .family = 1};
	struct net_value *to;
	u32 id = 0, zero = 0, *found, i;
	u64 group = bpf_get_current_cgroup_id();
	struct policy *p;

	found = bpf_map_lookup_elem(&enforce_groups, &group);
	if (!found || !*found)
		return 1;
	id = *found;
	p = bpf_map_lookup_elem(&enforce_policies, &id);
	if (!p || !((p->deny | p->audit) & (1 << ACT_CONNECT)))
		return 1;
	key.policy = __builtin_bswap32(id);
	__builtin_memcpy(key.addr, addr, 16);
	to = bpf_map_lookup_elem(&enforce_nets, &key);
	if (to) {
		if (!to->count)
			return 1;
		for (i = 0; i < 8; i++) {
			if (i < to->count && port >= to->ports[i].low && port <= to->ports[i].high)
				return 1;
		}
	}
	a.policy = id;
	__builtin_memcpy(a.addr, addr, 16);
	if (p->deny & (1 << ACT_CONNECT))
		a.verdict = VERDICT_DENIED;
	return answer(&a) ? 0 : 1;
}

static __always_inline int on_v4(struct bpf_sock_addr *ctx)
{
	u8 addr[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	u32 ip = ctx->user_ip4;

	__builtin_memcpy(addr + 12, &ip, 4);
	return on_address(addr, __builtin_bswap16((u16)ctx->user_port));
}

static __always_inline int on_v6(struct bpf_sock_addr *ctx)
{
	u32 addr[4] = {ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]};

	return on_address((u8 *)addr, __builtin_bswap16((u16)ctx->user_port));
}

SEC("cgroup/connect4") int group_connect4(struct bpf_sock_addr *ctx) { return on_v4(ctx); }
SEC("cgroup/connect6") int group_connect6(struct bpf_sock_addr *ctx) { return on_v6(ctx); }
SEC("cgroup/sendmsg4") int group_sendmsg4(struct bpf_sock_addr *ctx) { return on_v4(ctx); }
SEC("cgroup/sendmsg6") int group_sendmsg6(struct bpf_sock_addr *ctx) { return on_v6(ctx); }

// The last resort. Who executes what is forbidden ends before its first
// instruction; whoever does one of the other acts ends when it is done.
SEC("tp_btf/sched_process_exec")
int BPF_PROG(kill_exec, struct task_struct *task, int old, struct linux_binprm *binprm)
{
	on_exec(binprm, true);
	return 0;
}

// Numbers of system calls, and the act that each is.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 512);
	__type(key, u32);
	__type(value, u32);
} enforce_calls SEC(".maps");

SEC("tp_btf/sys_exit")
int BPF_PROG(kill_call, struct pt_regs *regs, long ret)
{
	struct task_struct *task;
	struct fdtable *table;
	struct file **files, *file = 0;
	struct policy *p;
	u32 nr, *act, id = 0, modes = 3;
	struct dentry *dentry = 0;

	if (ret < 0)
		return 0;
#if defined(__TARGET_ARCH_x86)
	nr = BPF_CORE_READ(regs, orig_ax);
#else
	nr = BPF_CORE_READ(regs, syscallno);
#endif
	act = bpf_map_lookup_elem(&enforce_calls, &nr);
	if (!act || !*act)
		return 0;
	p = policy_for(*act & 31, &id);
	if (!p)
		return 0;
	if ((*act & 31) == ACT_WRITE) {
		task = (struct task_struct *)bpf_get_current_task();
		table = BPF_CORE_READ(task, files, fdt);
		files = BPF_CORE_READ(table, fd);
		if (ret >= BPF_CORE_READ(table, max_fds))
			return 0;
		bpf_probe_read_kernel(&file, sizeof(file), &files[ret]);
		if (!file || !(BPF_CORE_READ(file, f_mode) & FMODE_WRITE) || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFREG)
			return 0;
		dentry = BPF_CORE_READ(file, f_path.dentry);
		modes = lookup_path((u64)dentry, id, WORD_DIR);
		if (!modes)
			return 0;
	}
	decide(p, id, *act & 31, modes, dentry, 0, true);
	return 0;
}

static __always_inline struct kernfs_node *above(struct kernfs_node *node)
{
	if (bpf_core_field_exists(node->__parent))
		return BPF_CORE_READ(node, __parent);
	return BPF_CORE_READ((struct kernfs_node___before_6_15 *)node, parent);
}

#define GROUP_NAME 85 // a container's id with what stands around it

static __always_inline struct decision *about_group(struct kernfs_node *node, u64 id, u32 verdict)
{
	struct decision *d = bpf_ringbuf_reserve(&enforce_records, sizeof(*d), 0);

	if (!d) {
		count(COUNT_UNTOLD);
		return 0;
	}
	d->time = bpf_ktime_get_boot_ns();
	d->group = id;
	d->verdict = verdict;
	d->act = d->policy = d->tgid = d->tid = d->uid = d->mntns = d->pad = 0;
	d->port = d->family = d->depth = d->pad2 = 0;
	for (int i = 0; i < 6 && node; i++) {
		if (bpf_probe_read_kernel_str((char *)d->names + i * GROUP_NAME, GROUP_NAME, BPF_CORE_READ(node, name)) <= 0)
			break;
		d->depth = i + 1;
		node = above(node);
	}
	return d;
}

// Whether 64 hexadecimal digits stand in a row in a group's name.
struct digits {
	u32 run;
	char name[128];
};

static long next_digit(u32 i, struct digits *s)
{
	char c = s->name[i & 127];

	if (s->run == 64)
		return 1;
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))
		s->run++;
	else
		s->run = 0;
	return 0;
}

static __always_inline bool is_container(struct kernfs_node *node)
{
	struct digits s = {};

	if (bpf_probe_read_kernel_str(s.name, sizeof(s.name), BPF_CORE_READ(node, name)) <= 64)
		return false;
	bpf_loop(sizeof(s.name), next_digit, &s, 0);
	return s.run == 64;
}

// A control group begins: it has the policy of the one above it, or, when it
// is a container's, that of those which are not known yet.
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(group_begins, struct cgroup *group)
{
	struct kernfs_node *node;
	struct config *config;
	struct decision *d;
	u32 zero = 0, *policy, given = 0;
	u64 id, parent;

	if (BPF_CORE_READ(group, root, hierarchy_id))
		return 0;
	node = BPF_CORE_READ(group, kn);
	id = BPF_CORE_READ(node, id);
	parent = BPF_CORE_READ(above(node), id);
	policy = bpf_map_lookup_elem(&enforce_groups, &parent);
	config = bpf_map_lookup_elem(&enforce_config, &zero);
	if (policy)
		given = *policy;
	else if (config && config->pending && is_container(node))
		given = config->pending;
	if (given)
		bpf_map_update_elem(&enforce_groups, &id, &given, 0);
	d = about_group(node, id, KIND_GROUP);
	if (d) {
		d->policy = given;
		bpf_ringbuf_submit(d, 0);
	}
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(group_ends, struct cgroup *group)
{
	struct decision *d;
	u64 id = BPF_CORE_READ(group, kn, id);

	if (BPF_CORE_READ(group, root, hierarchy_id))
		return 0;
	bpf_map_delete_elem(&enforce_groups, &id);
	d = about_group(BPF_CORE_READ(group, kn), id, KIND_GONE);
	if (d)
		bpf_ringbuf_submit(d, 0);
	return 0;
}
