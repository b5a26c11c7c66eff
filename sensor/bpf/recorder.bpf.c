//go:build ignore

// The kernel's side of learning: which system calls and capabilities the
// workloads of this machine use. It sends no events: a byte for each call and
// each capability is set, and read at the end.
//
// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define CALLS 512
#define CAPS 64

enum { BPF_MAP_TYPE_LRU_HASH_ = 9 };

struct seccomp___rec {
	int mode;
} __attribute__((preserve_access_index));

struct task_struct___rec {
	struct seccomp___rec seccomp;
} __attribute__((preserve_access_index));

// A workload: its mount namespace, and whether it descends from the command
// that is being learned.
struct workload {
	u32 mntns;
	u32 followed;
};

// Bytes and not bits, because two CPUs may set two of them at once.
struct used {
	u64 last_new; // when something was seen for the first time
	u64 compat;   // calls of 32-bit programs, which are not told apart
	u8 filtered[CALLS]; // made while a seccomp filter was on: what a filter sees
	u8 unfiltered[CALLS];
	u8 caps[CAPS];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, struct workload);
	__type(value, struct used);
} workloads SEC(".maps");

// The command's processes: 1 forked, 2 has executed a program.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH_);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, u32);
} followed SEC(".maps");

// What there was no room for in workloads.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} overflow SEC(".maps");

// A new entry is made of this one: it is too large for the stack.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct used);
} blank SEC(".maps");

// Set by user space before loading.
const volatile u32 self_tgid = 0;
const volatile u32 host_mntns = 0;

// The runtime's own steps between the container's making and its program.
static __always_inline bool is_runtime(void)
{
	char comm[16] = {};

	bpf_get_current_comm(comm, sizeof(comm));
	return (comm[0] == 'r' && comm[1] == 'u' && comm[2] == 'n' && comm[3] == 'c' && comm[4] == ':') ||
	       (comm[0] == 'c' && comm[1] == 'r' && comm[2] == 'u' && comm[3] == 'n' && !comm[4]) ||
	       (comm[0] == 'y' && comm[1] == 'o' && comm[2] == 'u' && comm[3] == 'k' && comm[4] == 'i');
}

static __always_inline struct used *use_of(struct task_struct *task, bool *runtime)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32, zero = 0;
	struct workload w = {.mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum)};
	u32 *state = bpf_map_lookup_elem(&followed, &tgid);
	struct used *used, *empty;
	u64 *lost;

	if (tgid == self_tgid)
		return 0;
	w.followed = state && *state == 2;
	if (w.mntns == host_mntns && !w.followed)
		return 0;
	*runtime = is_runtime();
	used = bpf_map_lookup_elem(&workloads, &w);
	if (used)
		return used;
	empty = bpf_map_lookup_elem(&blank, &zero);
	if (!empty)
		return 0;
	bpf_map_update_elem(&workloads, &w, empty, 1); // BPF_NOEXIST
	used = bpf_map_lookup_elem(&workloads, &w);
	if (!used) {
		lost = bpf_map_lookup_elem(&overflow, &zero);
		if (lost)
			__sync_fetch_and_add(lost, 1);
	}
	return used;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sysenter, struct pt_regs *regs, long id)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	bool runtime = 0;
	struct used *used = use_of(task, &runtime);
	u32 nr = id;
	u8 *seen;

	if (!used || id < 0 || nr >= CALLS)
		return 0;
#if defined(__TARGET_ARCH_x86)
	if (BPF_CORE_READ((struct task_struct___x86 *)task, thread_info.status) & 2) {
		__sync_fetch_and_add(&used->compat, 1);
		return 0;
	}
#endif
	if (BPF_CORE_READ((struct task_struct___rec *)task, seccomp.mode) == 2)
		seen = &used->filtered[nr & (CALLS - 1)];
	else if (!runtime)
		seen = &used->unfiltered[nr & (CALLS - 1)];
	else
		return 0;
	if (!*seen) {
		*seen = 1;
		used->last_new = bpf_ktime_get_boot_ns();
	}
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_follow, struct task_struct *parent, struct task_struct *child)
{
	u32 tgid = BPF_CORE_READ(child, tgid), above = BPF_CORE_READ(parent, tgid);
	u32 *state;
	u32 forked = 1;

	if (tgid == above)
		return 0; // a thread
	state = bpf_map_lookup_elem(&followed, &above);
	if (state)
		bpf_map_update_elem(&followed, &tgid, state, 0);
	else if (above == self_tgid)
		bpf_map_update_elem(&followed, &tgid, &forked, 0);
	else
		bpf_map_delete_elem(&followed, &tgid); // the number is used again
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_program, struct task_struct *task)
{
	u32 tgid = BPF_CORE_READ(task, tgid), running = 2;

	if (bpf_map_lookup_elem(&followed, &tgid))
		bpf_map_update_elem(&followed, &tgid, &running, 0);
	return 0;
}

#define CAP_SYS_ADMIN 21

// The kernel asks for CAP_SYS_ADMIN whenever memory is set aside, to know
// whether the last of it may be used too: nobody needs it for that.
static __always_inline bool is_memory_check(int cap)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	long nr;

	if (cap != CAP_SYS_ADMIN)
		return 0;
#if defined(__TARGET_ARCH_x86)
	nr = BPF_CORE_READ(regs, orig_ax);
	// A fault has its error code there, of a page that user space touched.
	if (nr >= 0 && nr < 64 && nr & 4 && !(nr & 8))
		return 1;
	return nr < 0 || nr == 9 || nr == 10 || nr == 12 || nr == 25 || nr == 28 || (nr >= 56 && nr <= 60) || nr == 322 || nr == 435;
#else
	nr = BPF_CORE_READ(regs, syscallno);
	return nr < 0 || nr == 214 || nr == 216 || nr == 220 || nr == 221 || nr == 222 || nr == 226 || nr == 233 || nr == 281 || nr == 435;
#endif
}

// Since Linux 6.13: a capability was asked for, and whether it was there.
SEC("tp_btf/cap_capable")
int BPF_PROG(on_capable, const struct cred *cred, void *target, void *capable, int cap, int ret)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	bool runtime = 0;
	struct used *used;
	u64 which;

	if (ret || cap < 0 || cap >= CAPS || is_memory_check(cap))
		return 0;
	used = use_of(task, &runtime);
	if (!used || runtime)
		return 0;
	which = cap;
	asm volatile("%0 &= 63" : "+r"(which)); // the verifier shall see the bound
	if (!used->caps[which]) {
		used->caps[which] = 1;
		used->last_new = bpf_ktime_get_boot_ns();
	}
	return 0;
}
