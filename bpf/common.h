/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common.h - what the programs of the battery share: windows, the memory cgroup of a task and of a page, latency bins.
 *
 * All files of this folder are compiled as one module (bpf/battery.txt has the order), because they share maps: a read in
 * flight (reads.c) is marked as missed by the insert tracepoint (page_cache.c).
 *
 * -D flags, from user space:
 *   WINDOW_NS, WINDOWS (so many are planned), SERVICE_ID (kernfs id of the service's cgroup), SERVICE_LEVEL (its depth, the root being 0), ROOT_ID,
 *   MEMORY_CGRP_ID, O_DIRECT_FLAG, SLOW_READ_NS, PAGE_SHIFT_BITS,
 *   OFF_<struct>_<member>: byte offsets out of the running kernel's BTF. A member that this kernel does not have is not
 *   defined, and the code that needs it is left out.
 *   GET_CURRENT_TASK_BTF (since 5.11), JIFFIES64, PROBE_READ_USER (since 5.5): numbers of helpers, where this kernel has
 *   them.
 */
#include <linux/types.h>

#define LOWER(a, b) ((a) < (b) ? (a) : (b))
#define UPPER(a, b) ((a) > (b) ? (a) : (b))

/*
 * Maps that are no symbols of the module: of each that is one libbcc makes functions that read and write it as text, a
 * sixth of all that building takes, and nobody calls them. bcc goes by the names of the members.
 */
#undef BPF_F_TABLE
#define BPF_F_TABLE(kind, key_type, leaf_type, name, entries, bits) \
	struct name##_table_t { \
		key_type key; \
		leaf_type leaf; \
		leaf_type *(*lookup)(key_type *); \
		leaf_type *(*lookup_or_try_init)(key_type *, leaf_type *); \
		int (*update)(key_type *, leaf_type *); \
		int (*insert)(key_type *, leaf_type *); \
		int (*delete)(key_type *); \
		u32 max_entries; \
		int flags; \
	}; \
	static __attribute__((section("maps/" kind))) struct name##_table_t name = { .flags = (bits), .max_entries = (entries) };

#define READ(dst, base, offset) bpf_probe_read_kernel(&(dst), sizeof(dst), (void *)((u64)(base) + (offset)))

/* By its own name libbcc reads all of the kernel's symbols, once for each call, to see whether it is there. */
#ifdef PROBE_READ_USER
static long (*read_user)(void *to, u32 size, const void *from) = (void *)PROBE_READ_USER;
#else
#define read_user bpf_probe_read_user
#endif

/*
 * LOAD: a member of a struct that the verifier knows by its type, reached from the running task: one instruction instead
 * of a call. The offset has to be the member's own, and the size its size. In assembly, since bcc rewrites dereferences.
 */
#ifdef GET_CURRENT_TASK_BTF
static u64 (*current_task)(void) = (void *)GET_CURRENT_TASK_BTF;
#define LOAD(size, dst, base, offset) asm("%0 = *(" #size " *)(%1 + %2)" : "=r"(dst) : "r"(base), "i"(offset))
#else
#define current_task bpf_get_current_task
#define LOAD(size, dst, base, offset) \
	do { size loaded = 0; READ(loaded, base, offset); dst = loaded; } while (0)
#endif

struct config {
	u64 start_ns; /* CLOCK_MONOTONIC at the beginning of window 0; 0: not started */
};
BPF_ARRAY(config, struct config, 1);

/* Events that were seen and could not be counted, by reason (see LOST in diagnose/measure/bpf/module.py). */
enum lost { LOST_INFLIGHT, LOST_READ_SLOT, LOST_FILES, LOST_CACHE, LOST_EVICTIONS, LOST_RECLAIM, LOST_REQUESTS,
	    LOST_BLOCK, LOST_BLAME, LOST_STALLS, LOST_TOUCHED,
	    LOST_REASONS };
BPF_ARRAY(lost, u64, LOST_REASONS);

static __always_inline void lose(u32 reason, u64 events)
{
	u64 *count = lost.lookup(&reason);
	if (count)
		__sync_fetch_and_add(count, events);
}

static __always_inline void count_lost(u32 reason) { lose(reason, 1); }

/*
 * The window that `now` falls in; 0 before the first and after the last planned one: whatever is counted for the whole
 * capture, not by window, covers the same time as the windows do.
 */
static __always_inline int window_at(u64 now, u32 *window)
{
	u32 zero = 0;
	struct config *c = config.lookup(&zero);
	if (!c || !c->start_ns || now < c->start_ns)
		return 0;
	*window = (now - c->start_ns) / WINDOW_NS;
	return *window < WINDOWS;
}

/*
 * The same for what is only counted by window, and often: the clock is asked once a tick on each CPU. So a few ms of a
 * window may be counted with the one before.
 */
#ifdef JIFFIES64
static u64 (*jiffies)(void) = (void *)JIFFIES64;
struct tick {
	u64 jiffies;
	u32 window;
	u32 within; /* the capture */
};
BPF_PERCPU_ARRAY(tick, struct tick, 1);

static __always_inline int window_now(u32 *window)
{
	u32 zero = 0;
	u64 now = jiffies();
	struct tick *t = tick.lookup(&zero);
	if (!t)
		return 0;
	if (t->jiffies != now || !t->within) {
		t->within = window_at(bpf_ktime_get_ns(), &t->window);
		t->jiffies = now;
	}
	*window = t->window;
	return t->within;
}
#else
static __always_inline int window_now(u32 *window) { return window_at(bpf_ktime_get_ns(), window); }
#endif

/*
 * The running task is asked for once in each program that runs at every read of everybody, and handed on: every call of a
 * helper counts there. Its id is what bpf_get_current_pid_tgid() has in the lower half.
 */
static __always_inline u32 task_tid(u64 task)
{
	u32 tid;
	LOAD(u32, tid, task, OFF_task_struct_pid);
	return tid;
}

/* The memory cgroup (struct cgroup *) of the running task, in whichever hierarchy has the memory controller. */
static __always_inline u64 task_cgroup(u64 task)
{
	u64 set, css, cgroup;
	LOAD(u64, set, task, OFF_task_struct_cgroups);
	LOAD(u64, css, set, OFF_css_set_subsys + 8 * MEMORY_CGRP_ID);
	LOAD(u64, cgroup, css, OFF_cgroup_subsys_state_cgroup);
	return cgroup;
}

/* The kernfs id of a cgroup: the inode number of its directory. */
static __always_inline u64 cgroup_id(u64 cgroup)
{
	u64 kn = 0, id = 0;
	READ(kn, cgroup, OFF_cgroup_kn);
	READ(id, kn, OFF_kernfs_node_id);
	return id;
}

/* The same of the running task's. */
static __always_inline u64 task_cgroup_id(u64 task)
{
	u64 kn, id;
	LOAD(u64, kn, task_cgroup(task), OFF_cgroup_kn);
	LOAD(u64, id, kn, OFF_kernfs_node_id);
	return id;
}

/* Whether the service's is the ancestor of a cgroup at the service's level. */
static __always_inline int below_service(u64 cgroup)
{
#ifdef OFF_cgroup_ancestors /* since 6.1, 7f203bc89eb6 */
	u64 ancestor = 0;
	READ(ancestor, cgroup, OFF_cgroup_ancestors + 8 * SERVICE_LEVEL);
	return cgroup_id(ancestor) == SERVICE_ID;
#else
	u64 id = 0;
	READ(id, cgroup, OFF_cgroup_ancestor_ids + 8 * SERVICE_LEVEL);
	return id == SERVICE_ID;
#endif
}

/* Whether a cgroup is the observed service or below it. */
static __always_inline int in_service(u64 cgroup)
{
	int level = 0;
	READ(level, cgroup, OFF_cgroup_level);
	return level >= SERVICE_LEVEL && below_service(cgroup);
}

/*
 * Whether the running task's cgroup is. Asked at every read of everybody: without a call where it can be. The verifier
 * does not let an array at the end of a struct be loaded from, so ancestors are gone up to by the parents; what is more
 * than PARENTS deeper is asked for them.
 */
#define PARENTS 4
static __always_inline int task_in_service(u64 task)
{
	u64 cgroup = task_cgroup(task), kn, id, level;
	LOAD(u32, level, cgroup, OFF_cgroup_level);
	if (level < SERVICE_LEVEL)
		return 0;
	if (level > SERVICE_LEVEL + PARENTS)
		return below_service(cgroup);
#pragma unroll
	for (int i = 0; i < PARENTS; i++) {
		if (level <= SERVICE_LEVEL)
			break;
		LOAD(u64, cgroup, cgroup, OFF_cgroup_self + OFF_cgroup_subsys_state_parent);
		LOAD(u64, cgroup, cgroup, OFF_cgroup_subsys_state_cgroup);
		level--;
	}
	LOAD(u64, kn, cgroup, OFF_cgroup_kn);
	LOAD(u64, id, kn, OFF_kernfs_node_id);
	return id == SERVICE_ID;
}

/* The memory cgroup that a folio is charged to; 0 if to none. The low bits of memcg_data are flags. */
static __always_inline u64 folio_cgroup(u64 folio)
{
	u64 data = 0, memcg = 0, cgroup = 0;
	READ(data, folio, OFF_folio_memcg_data);
	memcg = data & ~7ULL;
	if (!memcg || (data & 3)) /* objcg vector or kernel memory: not a page of somebody's cache */
		return 0;
	READ(cgroup, memcg, OFF_mem_cgroup_css + OFF_cgroup_subsys_state_cgroup);
	return cgroup;
}

/* Pages of a folio; large folios stand for 2^order pages. */
static __always_inline u64 folio_pages(u64 folio)
{
	u64 flags = 0;
	READ(flags, folio, OFF_folio_flags);
	if (!(flags & (1ULL << PG_HEAD_BIT)))
		return 1;
#if defined(OFF_folio__nr_pages) /* since 6.15 */
	u32 pages = 0;
	READ(pages, folio, OFF_folio__nr_pages);
	return pages;
#elif defined(OFF_folio__folio_nr_pages) /* 5.18 to 6.14 */
	u32 pages = 0;
	READ(pages, folio, OFF_folio__folio_nr_pages);
	return pages;
#elif defined(OFF_page_compound_nr) /* 5.10 to 5.17: in the second page */
	u32 pages = 0;
	READ(pages, folio, SIZEOF_page + OFF_page_compound_nr);
	return pages;
#else
	return 1;
#endif
}

static __always_inline u32 log2_of(u64 v)
{
	u32 r = 0;
	if (v >> 32) { v >>= 32; r += 32; }
	if (v >> 16) { v >>= 16; r += 16; }
	if (v >> 8) { v >>= 8; r += 8; }
	if (v >> 4) { v >>= 4; r += 4; }
	if (v >> 2) { v >>= 2; r += 2; }
	if (v >> 1) r += 1;
	return r;
}

/* Log-linear bins, 8 an octave; the same as bin_of() in diagnose/histogram.py. */
#define BINS 288
static __always_inline u32 latency_bin(u64 ns)
{
	if (ns < 8)
		return ns;
	u32 octave = log2_of(ns) - 3;
	u32 bin = (octave << 3) + (u32)(ns >> octave);
	return bin < BINS ? bin : BINS - 1;
}
